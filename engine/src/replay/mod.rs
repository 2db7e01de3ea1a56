//! Access logs: a line becomes a request and what its status proves (reference/REPLAY.md).
//!
//! A policy may be derived from what is read here, so a line is never guessed at. Somebody whose request is refused can put
//! anything into its request line, referer and user agent; it cannot make the line evidence that the request was
//! allowed, nor change who asked, for what action, on which key ([`access_log`]).
//!
//! ```
//! use can_access_engine::replay::access_log::Line;
//! use can_access_engine::replay::{Class, observe};
//! let line = br#"o acme [21/Nov/2026:19:00:00 +0000] 203.0.113.9 - 0A1B REST.GET.OBJECT secret "GET /secret HTTP/1.1" 403 AccessDenied 243 - 12 - "-" "x" 200 - 5 5 1 1 "-" "y" - h SigV4 c AuthHeader acme.s3.amazonaws.com TLSv1.3 - - -"#;
//! let Line::Row(row) = Line::read(line, true) else { panic!() };
//! let observation = observe(&row);
//! assert_eq!(observation.class, Class::Ambiguous); // a forged 200 in the user agent
//! assert_eq!(observation.key.as_deref(), Some("secret"));
//! ```

pub mod access_log;
pub mod addresses;
pub mod cloudtrail;
mod context;
pub mod copies;
mod json_row;
pub mod judge;
pub mod logged;
pub mod object_key;
pub mod operation;
mod pairs;
mod pieces;
mod query;
pub mod requester;
pub mod skim;
pub mod skimmed;
pub mod tally;
pub mod texts;
pub mod times;
mod words;

use crate::arn::Arn;
use crate::request::{Action, Context};
use access_log::{Answer, Rest, Row};
use logged::{Bucket, Delivery, Fact, Logged, Part};
use operation::{About, Needs, Proof};
use query::Query;
use requester::Requester;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::LazyLock;

/// What a line counts as. Every line is exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Class {
    /// Nothing but white space.
    Blank,
    /// Bucket, time, requester, operation or key cannot be read: nothing is taken from it.
    Malformed,
    /// The rest is cut off or does not align: who, what and on which key are known, the outcome is not.
    Partial,
    /// The rest can be read in several ways that differ: as partial.
    Ambiguous,
    /// The operation is not known.
    Unmapped,
    /// The status proves nothing.
    NoEvidence,
    /// The request was allowed.
    Allowed,
    /// The request was refused.
    Refused,
}

impl Class {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 8] = [
        Self::Blank,
        Self::Malformed,
        Self::Partial,
        Self::Ambiguous,
        Self::Unmapped,
        Self::NoEvidence,
        Self::Allowed,
        Self::Refused,
    ];

    /// The name in reports.
    ///
    /// ```
    /// use can_access_engine::replay::Class;
    /// assert_eq!(Class::NoEvidence.name(), "noEvidence");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::Malformed => "malformed",
            Self::Partial => "partial",
            Self::Ambiguous => "ambiguous",
            Self::Unmapped => "unmapped",
            Self::NoEvidence => "noEvidence",
            Self::Allowed => "allowed",
            Self::Refused => "refused",
        }
    }
}

/// A request that a log tells of, and what the log proves about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation<'l> {
    /// What the line counts as.
    pub class: Class,
    /// When the request arrived, in seconds since 1970.
    pub time: i64,
    /// Who sent it.
    pub requester: Requester<'l>,
    /// The actions it needed and what they are about; `None` for an unknown operation.
    pub needs: Option<&'static Needs>,
    /// The canonical id of the bucket's owner.
    pub owner: &'l str,
    /// The bucket.
    pub bucket: &'l str,
    /// The key of the object, decoded; `None` if the request was about none.
    pub key: Option<Cow<'l, str>>,
    /// Whether it also proves that the requester may list the bucket, without a prefix.
    pub listed: bool,
    /// What the name of the log says of the bucket, if that is known.
    pub delivery: Option<&'l Delivery>,
    /// The rest, for the request's context.
    answer: Option<Answer<'l>>,
    address: &'l str,
    /// Whether a browser sent it as a form.
    is_form: bool,
    /// Whether its request line is not there although it must have had one, or can be read in several ways.
    is_open: bool,
    version: Option<Cow<'l, str>>,
}

impl<'l> Observation<'l> {
    /// The ARN of the access point that the request went through.
    #[must_use]
    pub fn access_point(&self) -> Option<&str> {
        self.answer.as_ref()?.tail.access_point.filter(|arn| arn.starts_with("arn:"))
    }

    /// The partition that the bucket is in, as far as the line tells.
    #[must_use]
    pub fn partition(&self) -> &str {
        let of_requester = match self.requester {
            Requester::Identity(arn) => Arn::parse(arn),
            _ => None,
        };
        let told = self.access_point().and_then(Arn::parse).or(of_requester).map(|arn| arn.partition);
        told.unwrap_or_else(|| {
            let host = self.answer.as_ref().and_then(|answer| answer.tail.host).unwrap_or_default();
            let delivered = || self.delivery.map(|delivery| delivery.region.as_str());
            match context::region(host).or_else(delivered) {
                _ if host.ends_with(".amazonaws.com.cn") => "aws-cn",
                Some(region) => partition_of(region),
                None => "aws",
            }
        })
    }

    /// Whether a request line that is not known may have had a parameter.
    fn may_ask(&self, parameter: &str) -> bool {
        let within = self.answer.as_ref().and_then(|answer| answer.within);
        let has = |text: &[u8]| memchr::memmem::find(&object_key::percent(text), parameter.as_bytes()).is_some();
        self.is_open && within.is_none_or(has)
    }

    /// Whether the request went well, as far as its status says.
    pub(super) fn succeeded(&self) -> bool {
        self.answer.as_ref().and_then(|answer| answer.status).is_some_and(|status| (200..300).contains(&status))
    }

    /// Whether an ACL was needed to allow it.
    pub(super) fn needed_acl(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.tail.acl == Some("Yes"))
    }

    /// The same, of a log with this name.
    #[must_use]
    pub fn delivered(mut self, delivery: Option<&'l Delivery>) -> Self {
        self.delivery = delivery.filter(|delivery| delivery.bucket == self.bucket);
        self
    }

    /// The object with its key, for a row that is no request.
    #[must_use]
    pub fn object(&self) -> Option<(String, &str)> {
        Some((self.scope(About::Object), self.key.as_deref()?))
    }

    /// Where names begin in the ARN of what a request is about.
    fn scope(&self, about: About) -> String {
        let (partition, bucket) = (self.partition(), self.bucket);
        match (about, self.access_point()) {
            (About::Object, Some(arn)) => format!("{arn}/object/"),
            (About::Object, None) => format!("arn:{partition}:s3:::{bucket}/"),
            (About::Bucket, Some(arn)) => arn.to_owned(),
            (About::Bucket, None) => format!("arn:{partition}:s3:::{bucket}"),
            (About::Service | About::Nothing, _) => "*".to_owned(),
        }
    }

    /// The prefix that a listing asked for; `None` if it asked for everything, or if that is not known.
    fn prefix(&self) -> Option<Cow<'_, str>> {
        let lists = self.needs?.actions.iter().any(|action| context::is_listing(action));
        let request = self.answer.as_ref()?.request.filter(|_| lists).and_then(Query::of_request_line)?;
        request.value("prefix").filter(|prefix| !prefix.is_empty())
    }
}

impl Logged for Observation<'_> {
    fn class(&self) -> Class {
        self.class
    }

    fn time(&self) -> i64 {
        self.time
    }

    fn requester(&self) -> Requester<'_> {
        self.requester
    }

    fn bucket_of(&self, _: &Fact<'_>) -> Bucket<'_> {
        Bucket {
            name: Cow::Borrowed(self.bucket),
            account: self.delivery.map(|delivery| delivery.account),
            behind: self.access_point().map(|_| format!("arn:{}:s3:::{}", self.partition(), self.bucket)),
        }
    }

    fn buckets(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.bucket)
    }

    fn owner(&self) -> &str {
        self.owner
    }

    fn facts(&self) -> Vec<Fact<'_>> {
        let Some(needs) = self.needs else { return Vec::new() };
        let (part, name) = match (needs.about, &self.key) {
            (About::Object, Some(key)) => (Part::Name, Cow::Borrowed(&**key)),
            (About::Object, None) => return Vec::new(),
            _ => match self.prefix() {
                Some(prefix) => (Part::Prefix, prefix),
                None => (Part::Whole, Cow::Borrowed("")),
            },
        };
        let scope = self.scope(needs.about);
        // What was refused or missed shows nothing.
        let missed = self.answer.as_ref().is_none_or(|answer| answer.status == Some(404));
        let exists = self.class == Class::Allowed && !missed;
        let fact = |action| Fact {
            action: Cow::Borrowed(action),
            scope: Cow::Owned(scope.clone()),
            part,
            name: name.clone(),
            exists,
        };
        needs.asked.iter().map(fact).collect()
    }

    fn shown(&self) -> Option<Fact<'_>> {
        static LIST: LazyLock<Option<Action>> = LazyLock::new(|| Action::parse("s3:ListBucket").ok());
        let action = LIST.as_ref().filter(|_| self.listed)?;
        Some(Fact {
            action: Cow::Borrowed(action),
            scope: Cow::Owned(self.scope(About::Bucket)),
            part: Part::Whole,
            name: Cow::Borrowed(""),
            exists: true,
        })
    }

    fn context_of(&self, wanted: &dyn Fn(&str) -> bool) -> Context {
        self.context_where(wanted)
    }
}

/// What a row tells. See [`Class`] for what it can count as.
#[must_use]
pub fn observe<'l>(row: &Row<'l>) -> Observation<'l> {
    let requester = Requester::read(row.requester);
    let answer = match &row.rest {
        Rest::Whole(answer) => Some(answer),
        Rest::Ambiguous | Rest::Partial => None,
    };
    let request = answer.and_then(|answer| answer.request).and_then(Query::of_request_line);
    let host = answer.and_then(|answer| answer.tail.host);
    let batch = row.operation.starts_with("BATCH.");
    // The website endpoint answers with another key than the one in the path.
    let website = row.operation.starts_with("WEBSITE.");
    let path = request.as_ref().filter(|_| !website).map(|request| request.path);
    let key = object_key::decode(row.key, batch, path, row.bucket, path_style(host, row.bucket));
    let no_text = |name| request.as_ref().is_some_and(|request| request.is_no_text(name));
    let unreadable = key.is_none() && row.key != "-" || row.key == "-" && no_text("prefix") || no_text("versionId");
    let version = version(answer, request.as_ref());
    let needs = operation::needs(row.operation, key.is_some(), version.is_some());
    let mut observation = Observation {
        class: Class::NoEvidence,
        time: row.time,
        requester,
        needs,
        owner: row.owner,
        bucket: row.bucket,
        key,
        listed: false,
        delivery: None,
        answer: answer.cloned(),
        address: row.address,
        is_form: row.operation == "REST.POST.OBJECT",
        is_open: answer.is_some_and(|answer| answer.request.is_none())
            && ["REST.", "WEBSITE."].iter().any(|kind| row.operation.starts_with(kind)),
        version,
    };
    observation.class = match (&row.rest, needs) {
        _ if unreadable => Class::Malformed,
        (Rest::Partial, _) => Class::Partial,
        (Rest::Ambiguous, _) => Class::Ambiguous,
        // Scanners ask for what does not exist.
        (Rest::Whole(answer), None) if answer.status.is_some_and(|status| status >= 400) => Class::NoEvidence,
        (Rest::Whole(_), None) => Class::Unmapped,
        // Where the path names another key than S3 does, two lines have run into each other.
        (Rest::Whole(_), Some(_)) if runs_on(row, &observation, path) => Class::Partial,
        (Rest::Whole(answer), Some(needs)) => {
            let (class, listed) = class(&observation, answer, needs, website, request.as_ref());
            observation.listed = listed;
            let is_evidence = class != Class::NoEvidence;
            if is_evidence && hangs_on_request(row, &observation, answer, needs) { Class::Ambiguous } else { class }
        }
    };
    observation
}

/// Whether what was asked for hangs on a request line that is not known, or names two prefixes: the prefix of a listing, a
/// version, whether there is a key, and whether a presigned request came too late.
fn hangs_on_request(row: &Row<'_>, observation: &Observation<'_>, answer: &Answer<'_>, needs: &Needs) -> bool {
    let given = |key, version| operation::needs(row.operation, key, version);
    let (key, version) = (observation.key.is_some(), observation.version.is_some());
    let lists = needs.actions.iter().any(|action| context::is_listing(action));
    let by_version = !version && given(key, true) != given(key, false);
    let by_key = observation.is_open && !key && given(true, version) != given(false, version);
    let may_expire = answer.status == Some(403) && is_presigned(answer);
    let hangs = |on: bool, parameter| on && observation.may_ask(parameter);
    let request = answer.request.and_then(Query::of_request_line);
    if lists && request.is_some_and(|request| request.contradicts_itself("prefix")) {
        return true;
    }
    by_key || hangs(lists, "prefix") || hangs(by_version, "versionId") || hangs(may_expire, "Expires")
}

/// Whether a request may have been signed in its query.
fn is_presigned(answer: &Answer<'_>) -> bool {
    answer.tail.authentication.is_none_or(|kind| kind == "QueryString")
}

/// Whether the request line is not that of the row, as far as can be seen: it holds a time as S3 writes it, or its path
/// names another object.
fn runs_on(row: &Row<'_>, observation: &Observation<'_>, path: Option<&[u8]>) -> bool {
    let Some(request) = observation.answer.as_ref().and_then(|answer| answer.request) else { return false };
    let has_time = memchr::memmem::find(request, b" +0000] ").is_some();
    let of_object = observation.needs.is_some_and(|needs| needs.about == About::Object);
    // The key of a form is in its body, and so is that of SOAP.
    let in_path = of_object && row.operation != "REST.POST.OBJECT" && !row.operation.starts_with("SOAP.");
    let host = observation.answer.as_ref().and_then(|answer| answer.tail.host);
    let other_key = || match (path, &observation.key) {
        (Some(path), Some(key)) => !object_key::is_sent(key, path, row.bucket, path_style(host, row.bucket)),
        _ => false,
    };
    has_time || in_path && other_key()
}

/// What the answer to a request with known needs proves.
fn class(
    observation: &Observation<'_>,
    answer: &Answer<'_>,
    needs: &Needs,
    website: bool,
    request: Option<&Query<'_>>,
) -> (Class, bool) {
    let nothing = (Class::NoEvidence, false);
    let without_key = needs.about == About::Object && observation.key.is_none();
    if needs.actions.is_empty() || observation.requester == Requester::Itself || without_key {
        return nothing;
    }
    let reads = needs.about == About::Object && needs.actions.iter().any(|action| action.starts_with("s3:GetObject"));
    match operation::proof(answer.status, answer.error, reads) {
        // The website endpoint answers errors with documents and redirects of its own.
        _ if website && !answer.status.is_some_and(|status| status < 300 || status == 304) => nothing,
        Proof::Nothing => nothing,
        Proof::Allowed => (Class::Allowed, false),
        Proof::AllowedAndListed => (Class::Allowed, true),
        // A presigned request that came too late is refused for that.
        Proof::Refused
            if is_presigned(answer) && request.is_some_and(|request| request.is_expired(observation.time)) =>
        {
            nothing
        }
        Proof::Refused => (Class::Refused, false),
    }
}

/// The partition that a Region is in (AWS General Reference, "Amazon Resource Names", partitions).
fn partition_of(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        region if region.starts_with("us-iso-") => "aws-iso",
        region if region.starts_with("us-isob-") => "aws-iso-b",
        region if region.starts_with("eu-isoe-") => "aws-iso-e",
        region if region.starts_with("us-isof-") => "aws-iso-f",
        region if region.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}

/// The version a request is about: what S3 logs, or what the request line says where S3 logs none.
fn version<'l>(answer: Option<&Answer<'l>>, request: Option<&Query<'l>>) -> Option<Cow<'l, str>> {
    let logged = answer.and_then(|answer| answer.tail.version).filter(|version| *version != "-");
    logged.map(Cow::Borrowed).or_else(|| request?.value("versionId").filter(|version| !version.is_empty()))
}

/// Whether the host of a request says that the bucket is the first segment of its path.
fn path_style(host: Option<&str>, bucket: &str) -> Option<bool> {
    let host = host.filter(|host| *host != "-")?;
    let rest = host.get(bucket.len()..);
    let virtual_host = host.get(..bucket.len()).is_some_and(|head| head.eq_ignore_ascii_case(bucket))
        && rest.is_some_and(|rest| rest.starts_with('.'));
    if virtual_host {
        return Some(false);
    }
    // A name of its own, or an access point, has no bucket in the path.
    let endpoint = host.get(..2).is_some_and(|head| head.eq_ignore_ascii_case("s3")) && host.contains(".amazonaws.com");
    endpoint.then_some(true)
}

/// A policy of one statement with conditions.
#[cfg(test)]
fn policy_with(conditions: &str) -> std::sync::Arc<crate::policy::Policy> {
    let text = format!(
        r#"{{ "Version": "2012-10-17", "Statement": {{ "Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {{ {conditions} }} }} }}"#
    );
    let source = crate::problem::Source::new("p.json", text);
    std::sync::Arc::new(crate::policy::Policy::read(source, crate::layer::Layer::Identity).unwrap())
}
