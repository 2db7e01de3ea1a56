//! One event of CloudTrail, in any of the spellings in which it is delivered and exported (REPLAY §3.2, §3.5).

use super::access_point::{AccessPoint, bucket, object_key, without_alias};
use super::{Needed, Place, chosen, has_own_resources, is_refusal, needed, prefix, resources};
use crate::arn::{AccountId, Arn, is_access_point_alias};
use crate::catalogue::Catalogue;
use crate::instant::Instant;
use crate::replay::Class;
use crate::replay::logged::{Bucket, Fact, Logged, Part};
use crate::replay::operation::{Proof, proof_of_error};
use crate::replay::requester::Requester;
use crate::request::{Action, Context, ContextValue};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use std::net::IpAddr;

/// The members that are read. Exports spell them in lower case.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Record {
    #[serde(rename = "eventTime", alias = "eventtime")]
    time: Option<String>,
    #[serde(rename = "eventSource", alias = "eventsource")]
    source: Option<String>,
    #[serde(rename = "eventName", alias = "eventname")]
    name: Option<String>,
    #[serde(rename = "eventType", alias = "eventtype")]
    kind: Option<String>,
    #[serde(rename = "eventCategory", alias = "eventcategory")]
    category: Option<String>,
    #[serde(rename = "userIdentity", alias = "useridentity")]
    identity: Option<Identity>,
    #[serde(rename = "awsRegion", alias = "awsregion")]
    region: Option<String>,
    #[serde(rename = "sourceIPAddress", alias = "sourceipaddress")]
    address: Option<String>,
    #[serde(rename = "userAgent", alias = "useragent")]
    agent: Option<String>,
    #[serde(rename = "errorCode", alias = "errorcode")]
    error: Option<String>,
    #[serde(rename = "errorMessage", alias = "errormessage")]
    message: Option<String>,
    #[serde(rename = "requestParameters", alias = "requestparameters")]
    parameters: Value,
    #[serde(rename = "additionalEventData", alias = "additionaleventdata")]
    additional: Value,
    resources: Option<Vec<Listed>>,
    #[serde(rename = "tlsDetails", alias = "tlsdetails")]
    tls: Option<Tls>,
    #[serde(rename = "vpcEndpointId", alias = "vpcendpointid")]
    endpoint: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Identity {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(rename = "principalId", alias = "principalid")]
    principal_id: Option<String>,
    arn: Option<String>,
    #[serde(rename = "accountId", alias = "accountid")]
    account: Option<String>,
    #[serde(rename = "accessKeyId", alias = "accesskeyid")]
    key: Option<String>,
    #[serde(rename = "invokedBy", alias = "invokedby")]
    invoked_by: Option<String>,
    #[serde(rename = "sessionContext", alias = "sessioncontext")]
    session: Option<Session>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Session {
    #[serde(rename = "sessionIssuer", alias = "sessionissuer")]
    issuer: Option<Issuer>,
    attributes: Option<Attributes>,
    #[serde(rename = "sourceIdentity", alias = "sourceidentity")]
    source_identity: Option<String>,
    #[serde(rename = "ec2RoleDelivery", alias = "ec2roledelivery")]
    role_delivery: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Issuer {
    arn: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Attributes {
    #[serde(rename = "mfaAuthenticated", alias = "mfaauthenticated")]
    mfa: Option<String>,
    #[serde(rename = "creationDate", alias = "creationdate")]
    created: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Listed {
    #[serde(rename = "ARN", alias = "arn")]
    arn: Option<String>,
    #[serde(rename = "accountId", alias = "accountid")]
    account: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tls {
    #[serde(rename = "tlsVersion", alias = "tlsversion")]
    version: Option<String>,
}

/// The headers of requests that are condition keys of S3.
pub(super) const HEADERS: [&str; 11] = [
    "x-amz-acl",
    "x-amz-copy-source",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
    "x-amz-metadata-directive",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-storage-class",
];

/// An event.
#[derive(Debug)]
pub struct Event {
    class: Class,
    time: i64,
    record: Record,
    prefix: String,
    /// Who sent it.
    who: Who,
    role: Option<String>,
    facts: Vec<(Action, String)>,
    /// The fact that a refusal names.
    named: Option<(Action, String)>,
    shown: bool,
    /// Whether it succeeded, and what it was about is not told or not known.
    unplaced: bool,
    version: Option<String>,
    /// The ARNs of what a copy was made of.
    sources: Vec<String>,
    access_point: Option<AccessPoint>,
}

/// Who sent an event.
#[derive(Debug, PartialEq, Eq)]
enum Who {
    Anonymous,
    Identity(String),
    Service(String),
    /// Somebody that no policy can name.
    Other(String),
}

/// Whether an action reads an object, or something of it.
fn reads(action: &Action) -> bool {
    action.as_str().starts_with("s3:GetObject")
}

/// Whether a text is one of the events that are no calls of anybody.
fn is_no_call(kind: &str, category: &str) -> bool {
    matches!(kind, "AwsServiceEvent" | "AwsConsoleSignIn" | "AwsCloudTrailInsight") || category == "Insight"
}

impl Event {
    /// Reads an event from JSON. `None` if it is none: nothing is taken from what lacks its time, source, name or
    /// identity, or has them of another kind.
    ///
    /// ```
    /// use can_access_engine::replay::{Class, cloudtrail::Event, logged::Logged};
    /// let event = r#"{ "eventTime": "2026-11-21T19:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "HeadObject",
    ///     "userIdentity": { "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ann" },
    ///     "requestParameters": { "bucketName": "data", "key": "k" } }"#;
    /// let event = Event::read(event.as_bytes()).unwrap();
    /// assert_eq!(event.class(), Class::Allowed);
    /// assert_eq!(event.facts()[0].resource(), "arn:aws:s3:::data/k");
    /// ```
    #[must_use]
    pub fn read(json: &[u8]) -> Option<Self> {
        let mut record: Record = serde_json::from_slice(json).ok()?;
        for exported in [&mut record.parameters, &mut record.additional] {
            // Tables hold them as text.
            if let Value::String(text) = exported {
                *exported = serde_json::from_str(text).unwrap_or(Value::Null);
            }
        }
        let no_call = is_no_call(record.kind.as_deref().unwrap_or(""), record.category.as_deref().unwrap_or(""));
        let time = record.time.as_deref().and_then(seconds)?;
        let mut event = Self {
            class: Class::NoEvidence,
            time,
            prefix: String::new(),
            who: Who::Other(String::new()),
            role: None,
            facts: Vec::new(),
            named: None,
            shown: false,
            unplaced: false,
            version: None,
            sources: Vec::new(),
            access_point: None,
            record,
        };
        let identity = event.record.identity.as_ref().map(who);
        if no_call {
            if let Some(identity) = identity {
                (event.who, event.role) = identity;
            }
            return Some(event);
        }
        let source = event.record.source.as_deref()?;
        let name = event.record.name.clone()?;
        event.prefix = prefix(source).to_owned();
        (event.who, event.role) = identity?;
        event.version = text(&event.record.parameters, "versionId").filter(|version| !version.is_empty());
        if event.prefix == "s3" {
            event.sources = event.copied(&name);
            let (named, key) = (event.parameter("bucketName"), event.parameter("key"));
            event.access_point =
                AccessPoint::find(named.as_deref(), key.as_deref(), event.listed_arns(), &event.sources);
        }
        event.class = event.observe(&name);
        Some(event)
    }

    /// The name of what was called, for reports.
    #[must_use]
    pub fn operation(&self) -> String {
        format!("{}:{}", self.prefix, self.record.name.as_deref().unwrap_or_default())
    }

    /// Whether the request succeeded and proves nothing all the same: what it was about is not told, or cannot be made an
    /// ARN of.
    #[must_use]
    pub fn is_unplaced(&self) -> bool {
        self.unplaced
    }

    /// What it counts as; what it needed is noted.
    fn observe(&mut self, name: &str) -> Class {
        let parameters = &self.record.parameters;
        let copied = text(parameters, "x-amz-copy-source").is_some_and(|source| source.contains("versionId="));
        let version = self.version.is_some() || copied;
        let may_have_version = parameters.is_null() || !version && self.may_hold("versionId");
        if may_have_version && super::depends_on_version(&self.prefix, name) {
            return Class::NoEvidence;
        }
        let needs: Vec<(Cow<'static, str>, Value)> = match chosen(&self.prefix, name, parameters) {
            Some(chosen) => chosen.into_iter().map(|(action, item)| (action.into(), item)).collect(),
            None => match needed(&self.prefix, name, version, parameters) {
                Needed::Unknown => return Class::Unmapped,
                Needed::Nothing => return Class::NoEvidence,
                Needed::Actions(actions) => actions.into_iter().map(|action| (action, Value::Null)).collect(),
            },
        };
        if needs.is_empty() {
            return Class::Unmapped;
        }
        let mut facts = Vec::new();
        for (number, (action, item)) in needs.iter().enumerate() {
            let Ok(asked) = Action::parse(action) else { return Class::Unmapped };
            let found = self.resources_of(name, action, item, number);
            if found.is_empty() {
                facts.clear();
                break;
            }
            let found = found.into_iter().map(|arn| self.through_access_point(name, &asked, arn));
            facts.extend(found.map(|arn| (asked.clone(), arn)));
        }
        let reads = needs.iter().all(|(action, _)| action.starts_with("s3:GetObject"));
        let message = self.record.message.as_deref().filter(|message| !message.is_empty());
        let class = match self.record.error.as_deref() {
            // Something was wrong, and what is not told.
            None if message.is_some() => Class::NoEvidence,
            None | Some("Client.DryRunOperation") => Class::Allowed,
            Some(code) if is_refusal(code) => Class::Refused,
            Some(code) if self.prefix == "s3" => match proof_of_error(code, reads) {
                Proof::Allowed => Class::Allowed,
                Proof::AllowedAndListed => {
                    self.shown = true;
                    Class::Allowed
                }
                Proof::Refused => Class::Refused,
                Proof::Nothing => Class::NoEvidence,
            },
            Some(_) => Class::NoEvidence,
        };
        if class == Class::NoEvidence {
            return class;
        }
        if let Some((action, arn)) = message.filter(|_| class == Class::Refused).and_then(refused) {
            let arn = self.through_access_point(name, &action, arn);
            let named = (action, arn);
            // The message knows best, of a request whose parameters are not logged as well.
            if !facts.contains(&named) {
                facts = vec![named.clone()];
            }
            self.named = Some(named);
        }
        facts.dedup();
        let lists = |(action, _): &(Action, String)| crate::replay::context::is_listing(action.as_str());
        if facts.iter().any(lists) && self.may_hold("prefix") {
            return Class::NoEvidence;
        }
        self.facts = facts;
        if self.facts.is_empty() {
            self.unplaced = class == Class::Allowed;
            return Class::NoEvidence;
        }
        class
    }

    /// The ARNs that an action was about: from the parameters, from those that are listed, or `*` for an action that takes
    /// no resource. Empty if they are not known.
    fn resources_of(&self, name: &str, action: &str, item: &Value, number: usize) -> Vec<String> {
        let Some(known) = Catalogue::published().action(action) else { return Vec::new() };
        if !known.takes_resource() {
            return vec!["*".to_owned()];
        }
        let place = self.place();
        let parameters = &self.record.parameters;
        let of_item = || resources(&self.prefix, name, action, item, place);
        let of_all = || resources(&self.prefix, name, action, parameters, place);
        let given = Some(of_item()).filter(|arns| !arns.is_empty()).unwrap_or_else(of_all);
        let point = self.access_point.as_ref();
        let given = given.into_iter().map(|arn| point.and_then(|point| point.in_place_of_bucket(&arn)).unwrap_or(arn));
        let given: Vec<String> = given.collect();
        let fits = |arn: &str| {
            let parsed = Arn::parse(arn);
            let types = known.resources().filter_map(|of| of.resource_type());
            parsed.is_some_and(|arn| types.into_iter().any(|of| of.arns().any(|form| form.fits(&arn))))
        };
        let special = has_own_resources(&self.prefix, name, action);
        let is_source = special && self.prefix == "s3";
        let given = if is_source { self.sources.clone() } else { given };
        // What is not of a kind that the action is about, such as the alias of a key, does not tell what it was about.
        let given = if given.iter().all(|arn| fits(arn)) { given } else { Vec::new() };
        if is_source {
            return given;
        }
        let mut listed: Vec<&str> = self.listed_arns().filter(|arn| fits(arn)).collect();
        if action.starts_with("kms:ReEncrypt") && listed.len() == 2 {
            // The source comes first.
            return listed.get(number).map(|arn| (*arn).to_owned()).into_iter().collect();
        }
        if !self.sources.is_empty() {
            // What a copy was made of may be listed, too.
            let key = self.parameter("key");
            let is_source = |arn: &str| self.sources.iter().any(|source| source == arn);
            listed.retain(|arn| key.is_some() && object_key(arn) == key.as_deref() && !is_source(arn));
        }
        let within = |given: &String| {
            let mut listed = listed.iter().filter_map(|arn| given.strip_prefix(arn));
            let is_behind = point.is_some_and(|point| point.holds(given));
            is_behind || listed.any(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
        };
        if listed.is_empty() || !given.is_empty() && (special || given.iter().all(within)) {
            return given;
        }
        listed.into_iter().map(str::to_owned).collect()
    }

    /// Where it happened, and whose call it was.
    fn place(&self) -> Place<'_> {
        let identity = self.record.identity.as_ref();
        let arn = identity.and_then(|identity| identity.arn.as_deref()).and_then(Arn::parse);
        let region = self.record.region.as_deref().unwrap_or_default();
        let account = identity.and_then(|identity| identity.account.as_deref()).unwrap_or_default();
        let partition = arn.map_or_else(|| crate::replay::partition_of(region), |arn| arn.partition);
        Place { partition, region, account }
    }

    /// The ARNs that are listed as what it was about.
    fn listed_arns(&self) -> impl Iterator<Item = &str> + Clone {
        self.record.resources.iter().flatten().filter_map(|listed| listed.arn.as_deref())
    }

    /// The ARNs of what a copy was made of.
    fn copied(&self, name: &str) -> Vec<String> {
        if self.parameter("x-amz-copy-source").is_none() || !has_own_resources(&self.prefix, name, "s3:GetObject") {
            return Vec::new();
        }
        let given = resources(&self.prefix, name, "s3:GetObject", &self.record.parameters, self.place());
        given.into_iter().map(|arn| without_alias(&arn, self.listed_arns()).unwrap_or(arn)).collect()
    }

    /// The ARN of a bucket or an object as the access point has it that a request went through. What a copy was made of
    /// did not go through it.
    fn through_access_point(&self, event: &str, action: &Action, arn: String) -> String {
        if has_own_resources(&self.prefix, event, action.as_str()) || reads(action) {
            // It may itself lie behind an access point, of which a refusal names the bucket.
            let is_it = |source: &&String| **source == arn || object_key(source) == object_key(&arn);
            if let Some(source) = self.sources.iter().find(is_it) {
                let is_behind = Arn::parse(source).is_some_and(|source| source.is_access_point());
                return if is_behind { source.clone() } else { arn };
            }
        }
        self.access_point.as_ref().and_then(|point| point.through(&arn)).unwrap_or(arn)
    }

    fn fact<'e>(&'e self, (action, arn): &'e (Action, String)) -> Fact<'e> {
        let listing = self.parameter("prefix").filter(|prefix| !prefix.is_empty());
        let (scope, part, name) = scoped(arn);
        let lists = crate::replay::context::is_listing(action.as_str()) && part == Part::Whole;
        let (part, name) = match listing.filter(|_| lists) {
            Some(prefix) => (Part::Prefix, Cow::Owned(prefix)),
            None => (part, Cow::Borrowed(name)),
        };
        let exists = self.class == Class::Allowed && !self.shown;
        Fact { action: Cow::Borrowed(action), scope: Cow::Borrowed(scope), part, name, exists }
    }

    /// Whether a request to S3 may have had a parameter that is not told as text: one with several values, or any if the
    /// parameters are not logged, or something is logged in their place, which then names no bucket.
    fn may_hold(&self, name: &str) -> bool {
        let parameters = &self.record.parameters;
        let is_s3 = self.prefix == "s3";
        match parameters.get(name).filter(|member| !member.is_null()) {
            Some(_) => is_s3 && self.parameter(name).is_none(),
            None => is_s3 && parameters.get("bucketName").is_none(),
        }
    }

    /// A parameter of the request as text.
    fn parameter(&self, name: &str) -> Option<String> {
        text(&self.record.parameters, name)
    }
}

/// A member as text; lists of one are what is in them.
fn text(value: &Value, name: &str) -> Option<String> {
    let member = value.get(name)?;
    let member = match member {
        Value::Array(items) if items.len() == 1 => items.first()?,
        other => other,
    };
    match member {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(holds) => Some(holds.to_string()),
        _ => None,
    }
}

fn seconds(text: &str) -> Option<i64> {
    // Tables separate date and time by a blank, and leave the zone out.
    let spelled = match text.split_once(' ') {
        Some((date, clock)) => Cow::Owned(format!("{date}T{clock}Z")),
        None => Cow::Borrowed(text),
    };
    i64::try_from(Instant::parse(&spelled)?.seconds()).ok()
}

/// Who an identity is, and the role whose session it is.
fn who(identity: &Identity) -> (Who, Option<String>) {
    let arn = || identity.arn.clone().filter(|arn| arn.starts_with("arn:"));
    let other = || Who::Other(identity.kind.clone().unwrap_or_default());
    let identified = |role| (arn().map_or_else(other, Who::Identity), role);
    match identity.kind.as_deref() {
        Some("Root" | "IAMUser" | "Role" | "FederatedUser") => identified(None),
        Some("AssumedRole") => {
            let issuer = identity.session.as_ref().and_then(|session| session.issuer.as_ref()?.arn.clone());
            identified(issuer.filter(|arn| arn.contains(":role/")))
        }
        Some("AWSService") => {
            let name = identity.invoked_by.clone().filter(|name| name.ends_with(".amazonaws.com"));
            (name.map_or_else(other, Who::Service), None)
        }
        Some("AWSAccount") => {
            let account = identity.account.as_deref().unwrap_or_default();
            let anonymous = matches!(account.to_ascii_lowercase().as_str(), "anonymous" | "anonymous_principal");
            (if anonymous { Who::Anonymous } else { other() }, None)
        }
        _ => (other(), None),
    }
}

/// Action and resource that the message of a refusal names.
fn refused(message: &str) -> Option<(Action, String)> {
    let (_, rest) = message.split_once("is not authorized to perform: ")?;
    let (action, rest) = rest.split_once(" on resource: ")?;
    let action = Action::parse(action).ok()?;
    let resource = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?.0,
        // What follows a resource begins so.
        None => [" because ", " with an explicit deny"]
            .iter()
            .filter_map(|end| rest.split_once(end))
            .map(|(arn, _)| arn)
            .min_by_key(|arn| arn.len())
            .unwrap_or(rest),
    };
    let resource = resource.trim();
    (resource == "*" || resource.starts_with("arn:")).then(|| (action, resource.to_owned()))
}

/// Where names begin in the ARN of a resource, and whether there are any.
fn scoped(arn: &str) -> (&str, Part, &str) {
    let whole = (arn, Part::Whole, "");
    let split = |at: usize| arn.split_at_checked(at).map_or(whole, |(scope, name)| (scope, Part::Name, name));
    let Some(parsed) = Arn::parse(arn) else { return whole };
    let from = arn.len() - parsed.resource.len();
    if parsed.service == "s3" {
        // What a bucket holds may have such a name as well.
        if let Some(at) = arn.find("/object/").filter(|_| parsed.is_access_point()) {
            return split(at + "/object/".len());
        }
        return match parsed.resource.find('/') {
            Some(at) if parsed.account.is_empty() => split(from + at + 1),
            _ => whole,
        };
    }
    // Behind the type: table/NAME, function:NAME; or all of it.
    let at = parsed.resource.find(['/', ':']).map_or(0, |at| at + 1);
    if at >= parsed.resource.len() { whole } else { split(from + at) }
}

impl Logged for Event {
    fn class(&self) -> Class {
        self.class
    }

    fn time(&self) -> i64 {
        self.time
    }

    fn requester(&self) -> Requester<'_> {
        match &self.who {
            Who::Anonymous => Requester::Anonymous,
            Who::Identity(arn) => Requester::Identity(arn),
            Who::Service(name) => Requester::Service(name),
            Who::Other(name) => Requester::Other(name),
        }
    }

    fn role_arn(&self) -> Option<&str> {
        self.role.as_deref()
    }

    fn unique_id(&self) -> Option<&str> {
        self.record.identity.as_ref()?.principal_id.as_deref().filter(|id| !id.is_empty())
    }

    fn bucket_of(&self, fact: &Fact<'_>) -> Bucket<'_> {
        let resource = fact.resource();
        let Some(arn) = Arn::parse(&resource) else { return Bucket::default() };
        if arn.service != "s3" || arn.is_access_point() && fact.action.manages_access_points() {
            return Bucket { account: arn.account_id(), ..Bucket::default() };
        }
        let point = self.access_point.as_ref().filter(|point| point.holds(&resource));
        let Some(name) = point.map_or_else(|| bucket(&resource), AccessPoint::bucket) else { return Bucket::default() };
        // The ARNs of buckets have no account; beside them stands whose they are.
        let is_it = |listed: &&Listed| listed.arn.as_deref().and_then(bucket) == Some(name);
        let listed = self.record.resources.iter().flatten().filter(is_it);
        let account = listed.filter_map(|listed| listed.account.as_deref()).find_map(AccountId::parse);
        let behind = arn.is_access_point().then(|| format!("arn:{}:s3:::{name}", arn.partition));
        Bucket { name: Cow::Owned(name.to_owned()), account, behind }
    }

    fn buckets(&self) -> Cow<'_, str> {
        let mut names: Vec<Cow<'_, str>> = self.facts().iter().map(|fact| self.bucket_of(fact).name).collect();
        names.dedup();
        // No name of a bucket has a blank.
        Cow::Owned(names.join(" "))
    }

    fn facts(&self) -> Vec<Fact<'_>> {
        self.facts.iter().map(|pair| self.fact(pair)).collect()
    }

    fn refused(&self) -> Option<Fact<'_>> {
        let only = || self.facts.first().filter(|_| self.facts.len() == 1);
        self.named.as_ref().or_else(only).map(|pair| self.fact(pair))
    }

    fn shown(&self) -> Option<Fact<'_>> {
        if !self.shown {
            return None;
        }
        let (_, arn) = self.facts.first()?;
        let (scope, ..) = scoped(arn);
        let scope = scope.strip_suffix("/object/").or_else(|| scope.strip_suffix('/')).unwrap_or(scope);
        Some(Fact {
            action: Cow::Owned(Action::parse("s3:ListBucket").ok()?),
            scope: Cow::Owned(scope.to_owned()),
            part: Part::Whole,
            name: Cow::Borrowed(""),
            exists: true,
        })
    }

    fn context_of(&self, wanted: &dyn Fn(&str) -> bool) -> Context {
        let mut context = Context::new();
        context.mark_others_unknown();
        // Access points are listed, where anything is.
        let by_alias = || self.parameter("bucketName").as_deref().is_some_and(is_access_point_alias);
        let is_told = || self.listed_arns().next().is_some() && !by_alias();
        if self.prefix == "s3" && self.access_point.is_none() && !is_told() {
            crate::replay::context::ACCESS_POINT_KEYS.iter().for_each(|key| context.mark_unknown(key));
        }
        let mut give = |key: &str, value: Option<String>| match value {
            _ if !wanted(key) => {}
            // No key here is one that takes no single value.
            Some(value) => _ = context.insert(key, ContextValue::Single(value)),
            None => context.mark_absent(key),
        };
        let record = &self.record;
        let address = record.address.as_deref().unwrap_or_default();
        let direct = address.parse::<IpAddr>().ok();
        match (direct, &record.endpoint) {
            (Some(_), Some(endpoint)) => {
                give("aws:SourceIp", None);
                give("aws:VpcSourceIp", Some(address.to_owned()));
                give("aws:SourceVpce", Some(endpoint.clone()));
            }
            (Some(ip), None) if crate::replay::addresses::is_private(ip) => {}
            (Some(_), None) => {
                give("aws:SourceIp", Some(address.to_owned()));
                for key in ["aws:VpcSourceIp", "aws:SourceVpc", "aws:SourceVpce"] {
                    give(key, None);
                }
            }
            (None, _) => {}
        }
        if let Some(region) = &record.region {
            give("aws:RequestedRegion", Some(region.clone()));
        }
        let is_s3 = self.prefix == "s3";
        if let (Some(agent), Some(_)) = (&record.agent, direct) {
            let bare = agent.strip_prefix('[').and_then(|agent| agent.strip_suffix(']')).filter(|_| is_s3);
            give("aws:UserAgent", Some(bare.unwrap_or(agent).to_owned()));
        }
        match record.tls.as_ref().and_then(|tls| tls.version.as_deref()).and_then(|version| version.get(4..)) {
            Some(version) => {
                give("aws:SecureTransport", Some("true".to_owned()));
                if is_s3 {
                    give("s3:TlsVersion", Some(if version.is_empty() { "1.0" } else { version }.to_owned()));
                }
            }
            None if text(&record.additional, "CipherSuite").is_some_and(|cipher| cipher.len() > 1) => {
                give("aws:SecureTransport", Some("true".to_owned()));
            }
            None => {}
        }
        self.session(&mut give);
        if is_s3 {
            self.s3(&mut give);
        }
        self.others(direct.is_some(), &mut give);
        context
    }

    fn context_for(&self, fact: &Fact<'_>, context: &Context) -> Option<Context> {
        if !reads(&fact.action) || !self.sources.iter().any(|source| **source == *fact.resource()) {
            return None;
        }
        // The headers are about what is written (R9.5), and the version of the source is in its name.
        let mut context = context.clone();
        HEADERS.iter().for_each(|header| context.mark_absent(&format!("s3:{header}")));
        let source = self.parameter("x-amz-copy-source").unwrap_or_default();
        context.mark_absent("s3:versionid");
        if let Some((_, version)) = source.split_once("?versionId=") {
            // No key here is one that takes no single value.
            _ = context.insert("s3:versionid", ContextValue::Single(version.to_owned()));
        }
        Some(context)
    }
}

type Give<'g> = &'g mut dyn FnMut(&str, Option<String>);

impl Event {
    /// What the session of the caller tells.
    fn session(&self, give: Give<'_>) {
        let Some(identity) = &self.record.identity else { return };
        let attributes = identity.session.as_ref().and_then(|session| session.attributes.as_ref());
        let long_term = identity.key.as_deref().is_some_and(|key| key.starts_with("AKIA"));
        let unsigned = self.who == Who::Anonymous;
        match attributes {
            Some(attributes) => {
                if let Some(mfa) = &attributes.mfa {
                    give("aws:MultiFactorAuthPresent", Some(mfa.clone()));
                    if mfa == "false" {
                        give("aws:MultiFactorAuthAge", None);
                    }
                }
                if let Some(created) = &attributes.created {
                    give("aws:TokenIssueTime", Some(created.clone()));
                }
            }
            None if long_term || unsigned => {
                for key in
                    ["aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:TokenIssueTime", "aws:SourceIdentity"]
                {
                    give(key, None);
                }
            }
            None => {}
        }
        if let Some(session) = &identity.session {
            if let Some(source) = &session.source_identity {
                give("aws:SourceIdentity", Some(source.clone()));
            }
            if let Some(delivery) = &session.role_delivery {
                give("ec2:RoleDelivery", Some(delivery.clone()));
            }
        }
    }

    fn s3(&self, give: Give<'_>) {
        match text(&self.record.additional, "SignatureVersion").as_deref() {
            Some("SigV4") => give("s3:signatureversion", Some("AWS4-HMAC-SHA256".to_owned())),
            Some("SigV2") => give("s3:signatureversion", Some("AWS".to_owned())),
            _ if self.who == Who::Anonymous => give("s3:signatureversion", None),
            _ => {}
        }
        match text(&self.record.additional, "AuthenticationMethod").as_deref() {
            Some("AuthHeader") => give("s3:authType", Some("REST-HEADER".to_owned())),
            Some("QueryString") => give("s3:authType", Some("REST-QUERY-STRING".to_owned())),
            _ => {}
        }
        if self.record.parameters.is_null() {
            return;
        }
        give("s3:versionid", self.version.clone());
        if self.facts.iter().any(|(action, _)| crate::replay::context::is_listing(action.as_str())) {
            give("s3:prefix", self.parameter("prefix"));
            give("s3:delimiter", self.parameter("delimiter"));
            // Absent, it is what S3 takes then (R8.4).
            let most = self.parameter("max-keys").filter(|text| !text.is_empty());
            give("s3:max-keys", Some(most.unwrap_or_else(|| "1000".to_owned())));
        }
        for header in HEADERS {
            if let Some(value) = self.parameter(header) {
                give(&format!("s3:{header}"), Some(value));
            }
        }
        let signed = self.parameter("X-Amz-Date").and_then(|text| crate::replay::query::compact_time(&text));
        if let Some(age) = signed.map(|signed| self.time - signed).filter(|age| *age >= 0) {
            give("s3:signatureAge", Some((age * 1000).to_string()));
        }
    }

    /// Keys of other services, and those of calls that services make for somebody.
    fn others(&self, direct: bool, give: Give<'_>) {
        let identity = self.record.identity.as_ref();
        let service =
            identity.and_then(|identity| identity.invoked_by.as_deref()).filter(|by| by.ends_with(".amazonaws.com"));
        let is_service = matches!(self.who, Who::Service(_));
        match service {
            Some(_) if !is_service => give("aws:ViaAWSService", Some("true".to_owned())),
            None if direct => give("aws:ViaAWSService", Some("false".to_owned())),
            _ => {}
        }
        let parameters = &self.record.parameters;
        match self.prefix.as_str() {
            "kms" => {
                let region = self.record.region.as_deref().unwrap_or_default();
                match service.and_then(|by| by.strip_suffix(".amazonaws.com")) {
                    Some(by) => give("kms:ViaService", Some(format!("{by}.{region}.amazonaws.com"))),
                    None if direct => give("kms:ViaService", None),
                    None => {}
                }
                if let Some(account) = identity.and_then(|identity| identity.account.clone()) {
                    give("kms:CallerAccount", Some(account));
                }
                if let Some(algorithm) = text(parameters, "encryptionAlgorithm") {
                    give("kms:EncryptionAlgorithm", Some(algorithm));
                }
                let pairs = parameters.get("encryptionContext").and_then(Value::as_object);
                for (name, _) in pairs.into_iter().flatten() {
                    if let Some(value) = pairs.and_then(|pairs| pairs.get(name)).and_then(Value::as_str) {
                        give(&format!("kms:EncryptionContext:{name}"), Some(value.to_owned()));
                    }
                }
            }
            "sts" => {
                for (key, name) in [
                    ("sts:RoleSessionName", "roleSessionName"),
                    ("sts:ExternalId", "externalId"),
                    ("sts:SourceIdentity", "sourceIdentity"),
                ] {
                    if let Some(value) = text(parameters, name) {
                        give(key, Some(value));
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_begin_behind_the_bucket_or_the_access_point() {
        for (scope, name) in [
            ("arn:aws:s3:::data/", "a/object/b"),
            ("arn:aws:s3:eu-west-1:111122223333:accesspoint/point/object/", "a/object/b"),
            ("arn:aws:dynamodb:eu-west-1:111122223333:table/", "orders"),
            ("arn:aws:sqs:eu-west-1:111122223333:", "jobs"),
        ] {
            assert_eq!(scoped(&format!("{scope}{name}")), (scope, Part::Name, name));
        }
    }
}
