//! Ordinary events, looked at only as far as needed to recognise those that tell the same: what an event tells hangs on some
//! of its members only, and these repeat from event to event but for the key or the prefix.
//!
//! An event that is skimmed tells the same as one that is read by [`super::Event`]; what is not quite ordinary is not
//! skimmed.

use super::event::{Event, HEADERS};
use super::json::{Json, Lines, Quoted};
use super::{ONE_OF_ROWS, RESOURCE_ROWS, undated};
use crate::instant::Instant;
use crate::replay::logged::{Fact, Logged, Part};
use crate::replay::pieces::Pieces;
use crate::replay::skim::{Kind, Style, role};
use crate::replay::skimmed::Skimmed;
use memchr::memmem::{self, Finder};
use memchr::{memchr, memchr3};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::LazyLock;

/// An ordinary event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventSkim<'j> {
    time: i64,
    number: usize,
    key: Option<Quoted<'j>>,
    prefix: Option<Quoted<'j>>,
}

impl<'j> Skimmed<'j> for EventSkim<'j> {
    fn kind(&self) -> Kind {
        // No line of an access log has such a number.
        [usize::MAX, self.number, 0, 0, 0, 0]
    }

    fn time(&self) -> i64 {
        self.time
    }

    fn has_key(&self) -> bool {
        self.key.is_some()
    }

    fn key(&self, _: Style) -> Option<Cow<'j, [u8]>> {
        Some(match decoded(self.key?)? {
            Cow::Borrowed(key) => Cow::Borrowed(key.as_bytes()),
            Cow::Owned(key) => Cow::Owned(key.into_bytes()),
        })
    }

    fn prefix(&self) -> Option<Cow<'j, str>> {
        self.prefix.and_then(decoded)
    }

    fn written_prefix(&self) -> Option<&'j [u8]> {
        self.prefix.map(|prefix| prefix.text)
    }
}

impl EventSkim<'_> {
    /// Whether it tells what it was read as, so that others of its kind do, each with its own key and prefix.
    #[must_use]
    pub fn tells(&self, event: &Event) -> bool {
        let (key, prefix) = (self.key.and_then(decoded), self.prefix());
        let is_own = |fact: Fact<'_>| match fact.part {
            Part::Name => key.as_ref().is_none_or(|key| *key == fact.name),
            Part::Prefix => prefix.as_ref().is_some_and(|prefix| *prefix == fact.name),
            Part::Whole => true,
        };
        self.has_key() == key.is_some()
            && self.has_prefix() == prefix.is_some()
            && event.facts().into_iter().chain(event.refused()).all(is_own)
    }

    /// Whether all events of its kind tell exactly the same.
    #[must_use]
    pub fn is_always_same(&self) -> bool {
        !self.has_key() && !self.has_prefix()
    }
}

/// What a text stands for.
fn decoded(quoted: Quoted<'_>) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(quoted.text).ok()?;
    if quoted.escaped { serde_json::from_str(&format!("\"{text}\"")).ok().map(Cow::Owned) } else { Some(text.into()) }
}

/// Which members of events matter, apart from those that always do: those behind the condition keys that policies look at.
#[derive(Debug, Default)]
struct Looks {
    keys: BTreeSet<String>,
    /// Sessions of a role are told apart.
    by_session: bool,
    /// What the session of the caller tells.
    session: bool,
    /// Whether the caller came directly, and not through a service.
    directness: bool,
    tls: bool,
    signature: bool,
}

impl Looks {
    fn new(keys: BTreeSet<String>, by_session: bool) -> Self {
        let any = |wanted: &[&str]| wanted.iter().any(|key| keys.contains(*key));
        let session = any(&[
            "aws:multifactorauthpresent",
            "aws:multifactorauthage",
            "aws:tokenissuetime",
            "aws:sourceidentity",
            "ec2:roledelivery",
        ]);
        Self {
            by_session,
            session,
            directness: any(&["aws:viaawsservice", "kms:viaservice"]),
            tls: any(&["aws:securetransport", "s3:tlsversion"]),
            signature: any(&["s3:signatureversion", "s3:authtype"]),
            keys,
        }
    }

    /// The names of the request parameters that matter for an event of a source.
    fn parameters(&self, source: &str, event: &str) -> Vec<&'static str> {
        let prefix = super::prefix(source);
        let event = format!("{prefix}:{}", undated(event));
        let for_action = format!("{event}>");
        let of_service = format!("{prefix}:*");
        let is_ours = |name: &str| name == event || name == of_service || name.starts_with(&for_action);
        let templates = RESOURCE_ROWS.iter().filter(|(name, _)| is_ours(name)).flat_map(|(_, rows)| rows);
        let members = templates
            .filter_map(|row| row.first().copied())
            .flat_map(|templates| templates.split('{').skip(1))
            .filter_map(|member| member.split(['}', '|']).next())
            .flat_map(|paths| paths.split(','));
        let chosen = ONE_OF_ROWS.get(event.as_str()).into_iter().flatten().filter_map(|row| row.get(1).copied());
        let mut wanted: BTreeSet<&str> =
            members.chain(chosen).filter_map(|path| path.split(['.', '[']).next()).collect();
        wanted.extend(["bucketName", "versionId", "x-amz-copy-source", "prefix"]);
        let looked = |name: &&str| self.keys.contains(&format!("s3:{}", name.to_lowercase()));
        wanted.extend(HEADERS.iter().copied().chain(["delimiter", "max-keys"]).filter(looked));
        if prefix == "kms" && self.keys.iter().any(|key| key.starts_with("kms:encryption")) {
            wanted.extend(["encryptionAlgorithm", "encryptionContext"]);
        }
        if prefix == "sts" && self.keys.iter().any(|key| key.starts_with("sts:")) {
            wanted.extend(["roleSessionName", "externalId", "sourceIdentity"]);
        }
        wanted.into_iter().collect()
    }
}

/// The day of the event before, since most events are of the same one.
#[derive(Debug, Default, Clone, Copy)]
struct Days {
    day: [u8; 10],
    midnight: i64,
}

impl Days {
    /// The seconds since 1970 of `2026-11-21T19:00:00Z`.
    #[inline]
    fn seconds(&mut self, text: &[u8]) -> Option<i64> {
        let (day, &[b'T', h1, h2, b':', m1, m2, b':', s1, s2, b'Z']) = text.split_first_chunk::<10>()? else {
            return None;
        };
        if *day != self.day {
            let midnight = format!("{}T00:00:00Z", std::str::from_utf8(day).ok()?);
            self.midnight = i64::try_from(Instant::parse(&midnight)?.seconds()).ok()?;
            self.day = *day;
        }
        let two = |tens: u8, ones: u8| {
            (tens.is_ascii_digit() && ones.is_ascii_digit())
                .then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
        };
        let (hour, minute, second) = (two(h1, h2)?, two(m1, m2)?, two(s1, s2)?);
        (hour < 24 && minute < 60 && second < 60).then(|| self.midnight + hour * 3_600 + minute * 60 + second)
    }
}

/// The members of an event that matter, as far as they are taken.
#[derive(Default)]
struct Members<'j> {
    time: Option<Quoted<'j>>,
    source: Option<Quoted<'j>>,
    name: Option<Quoted<'j>>,
    kind: Option<Quoted<'j>>,
    category: Option<Quoted<'j>>,
    region: Option<Quoted<'j>>,
    error: Option<Quoted<'j>>,
    message: Option<Quoted<'j>>,
    address: Option<Quoted<'j>>,
    tls: Option<Quoted<'j>>,
    parameters: Option<Json<'j>>,
    additional: Option<Json<'j>>,
    resources: Option<Json<'j>>,
    identity: Option<Identity<'j>>,
}

#[derive(Default)]
struct Identity<'j> {
    whole: &'j [u8],
    kind: Option<Quoted<'j>>,
    principal_id: Option<Quoted<'j>>,
    arn: Option<Quoted<'j>>,
    account: Option<Quoted<'j>>,
    invoked_by: Option<Quoted<'j>>,
    issuer: Option<Quoted<'j>>,
}

/// Skims events, and keeps in mind what repeats in them.
///
/// ```
/// use can_access_engine::replay::cloudtrail::EventSkimmer;
/// use can_access_engine::replay::skimmed::Skimmed;
///
/// let event = |key: &str, name: &str| format!(r#"{{"eventTime":"2026-11-21T19:00:00Z","eventSource":"s3.amazonaws.com","eventName":"{name}","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ann"}},"requestParameters":{{"bucketName":"data","key":"{key}"}}}}"#);
/// let mut skimmer = EventSkimmer::default();
/// let mut kind = |text: &str| skimmer.skim(text.as_bytes()).unwrap().0.kind();
/// assert_eq!(kind(&event("a", "GetObject")), kind(&event("b", "GetObject")));
/// assert_ne!(kind(&event("a", "GetObject")), kind(&event("a", "PutObject")));
/// ```
#[derive(Debug, Default)]
pub struct EventSkimmer {
    looks: Looks,
    days: Days,
    /// Sources and names of events, with the parameters that matter.
    names: Pieces<Vec<&'static str>>,
    kinds: Pieces<()>,
    room: Vec<u8>,
}

/// What stands before each part of what tells kinds apart; none of these bytes is part of JSON.
const SOME: u8 = 1;
const NONE: u8 = 2;
const MEMBER: u8 = 3;
const KEY: u8 = 4;

impl EventSkimmer {
    /// Events are told apart by what policies look at: these condition keys, in lower case, and perhaps sessions.
    #[must_use]
    pub fn new(keys: BTreeSet<String>, by_session: bool) -> Self {
        Self { looks: Looks::new(keys, by_session), ..Self::default() }
    }

    /// Skims the event that a line begins with, and says what follows it in the text. `None` if it has to be read.
    #[must_use]
    pub fn skim<'j>(&mut self, text: &'j [u8]) -> Option<(EventSkim<'j>, &'j [u8])> {
        self.skimmed(text, Lines::One)
    }

    pub(super) fn skimmed<'j>(&mut self, text: &'j [u8], lines: Lines) -> Option<(EventSkim<'j>, &'j [u8])> {
        let mut json = Json::new(text, lines);
        let members = members(&mut json)?;
        let rest = json.rest();
        if json.beyond_ascii() && std::str::from_utf8(text.get(..text.len() - rest.len())?).is_err() {
            return None;
        }
        let time = self.days.seconds(members.time?.text)?;
        let mut room = std::mem::take(&mut self.room);
        room.clear();
        let named = self.told(&members, &mut room);
        let number = if named.is_some() { Some(self.kinds.find(&room, || ())?.0) } else { None };
        self.room = room;
        let (key, prefix) = named?;
        Some((EventSkim { time, number: number?, key, prefix }, rest))
    }

    /// Writes down what an event tells, but for its key and prefix, which are given back.
    fn told<'j>(
        &mut self,
        members: &Members<'j>,
        room: &mut Vec<u8>,
    ) -> Option<(Option<Quoted<'j>>, Option<Quoted<'j>>)> {
        let (source, name) = (members.source?, members.name?);
        for text in [Some(source), Some(name)] {
            push(room, text);
        }
        let names = if source.escaped || name.escaped {
            return None;
        } else {
            let text = |quoted: Quoted<'j>| std::str::from_utf8(quoted.text).unwrap_or_default();
            self.names.find(room, || self.looks.parameters(text(source), text(name)))?.0
        };
        for text in [members.kind, members.category, members.region, members.error] {
            push(room, text);
        }
        self.caller(members, room)?;
        let parameters = self.names.about(names)?;
        let (key, prefix) = requested(members, source.text == b"s3.amazonaws.com", parameters, room)?;
        resources(members, key, room)?;
        self.message(members, key, room)?;
        if self.looks.tls {
            push(room, members.tls);
        }
        if self.looks.tls || self.looks.signature {
            additional(members, room)?;
        }
        if self.looks.directness {
            let address = members.address.and_then(|address| std::str::from_utf8(address.text).ok());
            room.push(if address.is_some_and(|address| address.parse::<IpAddr>().is_ok()) { SOME } else { NONE });
        }
        Some((key, prefix))
    }

    /// Writes down who the caller is.
    fn caller(&self, members: &Members<'_>, room: &mut Vec<u8>) -> Option<()> {
        let identity = members.identity.as_ref()?;
        if self.looks.session {
            room.extend(identity.whole);
            return Some(());
        }
        for text in [identity.kind, identity.account, identity.invoked_by, identity.issuer] {
            push(room, text);
        }
        if self.looks.by_session {
            push(room, identity.principal_id);
        }
        push(room, identity.arn.map(|arn| Quoted { text: self.as_policies_see(arn.text), ..arn }));
        Some(())
    }

    /// What policies see of a caller's ARN.
    fn as_policies_see<'j>(&self, arn: &'j [u8]) -> &'j [u8] {
        if self.looks.by_session || self.looks.session { arn } else { role(arn) }
    }

    /// Writes down what the message of an error says.
    fn message(&self, members: &Members<'_>, key: Option<Quoted<'_>>, room: &mut Vec<u8>) -> Option<()> {
        let Some(Quoted { text: mut message, .. }) = members.message else {
            room.push(NONE);
            return Some(());
        };
        room.push(SOME);
        let arn = members.identity.as_ref()?.arn.map(|arn| arn.text).unwrap_or_default();
        if let Some(behind) = message.strip_prefix(b"User: ").and_then(|user| user.strip_prefix(arn)) {
            room.extend(self.as_policies_see(arn));
            message = behind;
        }
        match key.and_then(|key| behind_key(message, key.text)) {
            Some((begin, end)) => {
                room.extend(message.get(..begin)?);
                room.push(KEY);
                room.extend(message.get(end..)?);
            }
            None => room.extend(message),
        }
        Some(())
    }
}

/// Where the message of a refusal goes on behind the key of the object that was refused, and where the key begins.
fn behind_key(message: &[u8], key: &[u8]) -> Option<(usize, usize)> {
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(" on resource: "));
    let resource = FINDER.find(message)?;
    let begin = resource + memchr(b'/', message.get(resource..)?)? + 1;
    let behind = message.get(begin..)?.strip_prefix(key)?;
    // What follows a resource begins so; a key that could be taken for it, or for what stands before, has to be read.
    let ends = behind.is_empty()
        || behind.starts_with(b"\\\"")
        || behind.starts_with(b" because ")
        || behind.starts_with(b" with an explicit deny");
    let is_plain = memchr3(b' ', b'\\', b'"', key).is_none();
    (ends && is_plain).then_some((begin, message.len() - behind.len()))
}

#[inline]
fn push(room: &mut Vec<u8>, text: Option<Quoted<'_>>) {
    room.push(if text.is_some() { SOME } else { NONE });
    room.extend(text.map(|text| text.text).unwrap_or_default());
}

/// Puts a value where none was before.
#[inline]
fn put<T>(place: &mut Option<T>, value: Option<T>, seen: &mut u32, number: u32) -> Option<()> {
    let is_new = *seen & (1 << number) == 0;
    *seen |= 1 << number;
    *place = value;
    is_new.then_some(())
}

/// Takes an event: its members.
fn members<'j>(json: &mut Json<'j>) -> Option<Members<'j>> {
    let mut members = Members::default();
    let mut seen = 0;
    json.object(|json, name| {
        let seen = &mut seen;
        match name {
            b"eventTime" => put(&mut members.time, json.text()?, seen, 0),
            b"eventSource" => put(&mut members.source, json.text()?, seen, 1),
            b"eventName" => put(&mut members.name, json.text()?, seen, 2),
            b"eventType" => put(&mut members.kind, json.text()?, seen, 3),
            b"eventCategory" => {
                put(&mut members.category, json.text()?, seen, 4)?;
                // Events of partners in CloudTrail Lake: they may say anything.
                members.category.is_none_or(|text| text.text != b"ActivityAuditLog" && !text.escaped).then_some(())
            }
            b"awsRegion" => put(&mut members.region, json.text()?, seen, 5),
            b"errorCode" => put(&mut members.error, json.text()?, seen, 6),
            b"errorMessage" => put(&mut members.message, json.text()?, seen, 7),
            b"sourceIPAddress" => put(&mut members.address, json.text()?, seen, 8),
            b"userAgent" => put(&mut None, Some(json.text()?), seen, 9),
            b"vpcEndpointId" => put(&mut None, Some(json.text()?), seen, 10),
            b"requestParameters" => put(&mut members.parameters, object(json)?, seen, 11),
            b"additionalEventData" => put(&mut members.additional, object(json)?, seen, 12),
            b"resources" => {
                let from = json.clone();
                let value = json.value()?;
                put(&mut members.resources, (value != b"null").then_some(from), seen, 13)
            }
            b"tlsDetails" => {
                let mut version = None;
                optional(json, |json, name| match name {
                    b"tlsVersion" => put(&mut version, json.text()?, seen, 14),
                    b"tlsversion" => None,
                    _ => json.value().map(|_| ()),
                })?;
                put(&mut members.tls, version, seen, 15)
            }
            b"userIdentity" => put(&mut members.identity, Some(identity(json)?), seen, 16),
            // What makes something else of it, or is another spelling.
            b"Records"
            | b"bucket_name"
            | b"digestS3Bucket"
            | b"digestStartTime"
            | b"eventjson"
            | b"eventJson"
            | b"eventtime"
            | b"eventsource"
            | b"eventname"
            | b"eventtype"
            | b"eventcategory"
            | b"awsregion"
            | b"errorcode"
            | b"errormessage"
            | b"sourceipaddress"
            | b"useragent"
            | b"vpcendpointid"
            | b"requestparameters"
            | b"additionaleventdata"
            | b"tlsdetails"
            | b"useridentity" => None,
            _ => json.value().map(|_| ()),
        }
    })?;
    Some(members)
}

/// Takes an object, or `null` for none.
#[inline]
fn optional<'j>(json: &mut Json<'j>, each: impl FnMut(&mut Json<'j>, &'j [u8]) -> Option<()>) -> Option<()> {
    if json.next()? == b'{' { json.object(each) } else { json.text()?.is_none().then_some(()) }
}

/// Takes an object, or `null` for none, to be looked at later.
#[inline]
fn object<'j>(json: &mut Json<'j>) -> Option<Option<Json<'j>>> {
    let from = json.clone();
    let is_object = json.next()? == b'{';
    let value = json.value()?;
    (is_object || value == b"null").then(|| is_object.then_some(from))
}

fn identity<'j>(json: &mut Json<'j>) -> Option<Identity<'j>> {
    json.next()?;
    let text = json.rest();
    let mut identity = Identity::default();
    let mut all = 0;
    let seen = &mut all;
    json.object(|json, name| match name {
        b"type" => put(&mut identity.kind, json.text()?, seen, 0),
        b"principalId" => put(&mut identity.principal_id, json.text()?, seen, 1),
        b"arn" => put(&mut identity.arn, json.text()?, seen, 2),
        b"accountId" => put(&mut identity.account, json.text()?, seen, 3),
        b"accessKeyId" => put(&mut None, Some(json.text()?), seen, 4),
        b"invokedBy" => put(&mut identity.invoked_by, json.text()?, seen, 5),
        b"sessionContext" => {
            put(&mut None, Some(()), seen, 6)?;
            optional(json, |json, name| match name {
                b"sessionIssuer" => {
                    put(&mut None, Some(()), seen, 7)?;
                    optional(json, |json, name| match name {
                        b"arn" => put(&mut identity.issuer, json.text()?, seen, 8),
                        _ => json.value().map(|_| ()),
                    })
                }
                b"attributes" => {
                    put(&mut None, Some(()), seen, 9)?;
                    optional(json, |json, name| match name {
                        b"mfaAuthenticated" => put(&mut None, Some(json.text()?), seen, 10),
                        b"creationDate" => put(&mut None, Some(json.text()?), seen, 11),
                        b"mfaauthenticated" | b"creationdate" => None,
                        _ => json.value().map(|_| ()),
                    })
                }
                b"sourceIdentity" => put(&mut None, Some(json.text()?), seen, 12),
                b"ec2RoleDelivery" => put(&mut None, Some(json.text()?), seen, 13),
                b"sessionissuer" | b"sourceidentity" | b"ec2roledelivery" => None,
                _ => json.value().map(|_| ()),
            })
        }
        b"principalid" | b"accountid" | b"accesskeyid" | b"invokedby" | b"sessioncontext" => None,
        _ => json.value().map(|_| ()),
    })?;
    identity.whole = text.get(..text.len() - json.rest().len())?;
    Some(identity)
}

/// Writes down which of the parameters that matter a request has: of an object its key is given back, of a listing its
/// prefix.
fn requested<'j>(
    members: &Members<'j>,
    is_s3: bool,
    wanted: &[&'static str],
    room: &mut Vec<u8>,
) -> Option<(Option<Quoted<'j>>, Option<Quoted<'j>>)> {
    let (mut key, mut prefix) = (None, None);
    let Some(mut parameters) = members.parameters.clone() else {
        room.push(NONE);
        return Some((None, None));
    };
    room.push(SOME);
    let mut seen = 0;
    parameters.object(|json, name| match name {
        b"key" if is_s3 => put(&mut key, Some(json.quoted()?), &mut seen, 0),
        b"prefix" if is_s3 => put(&mut prefix, Some(json.quoted()?), &mut seen, 1),
        // A copy is about two objects.
        b"x-amz-copy-source" => None,
        name => {
            let value = json.value()?;
            // Access points have spellings of their own.
            if name == b"bucketName" && value.starts_with(b"\"arn:") {
                return None;
            }
            if wanted.iter().any(|wanted| wanted.as_bytes() == name) {
                room.push(MEMBER);
                room.extend(name);
                room.push(SOME);
                room.extend(value);
            }
            Some(())
        }
    })?;
    if key.is_some_and(|key: Quoted<'j>| key.text.is_empty()) {
        return None;
    }
    if key.is_some() {
        room.push(KEY);
        push(room, prefix.take());
    } else {
        // That it asks for nothing is told apart from not asking.
        push(room, prefix.map(|prefix| Quoted { text: &[], ..prefix }));
        prefix = prefix.filter(|prefix| !prefix.text.is_empty());
        room.push(if prefix.is_some() { SOME } else { NONE });
    }
    Some((key, prefix))
}

/// Writes down the resources that an event lists.
fn resources(members: &Members<'_>, key: Option<Quoted<'_>>, room: &mut Vec<u8>) -> Option<()> {
    let Some(mut resources) = members.resources.clone() else { return Some(()) };
    resources.list(|json| {
        let (mut arn, mut account) = (None, None);
        let mut seen = 0;
        json.object(|json, name| match name {
            b"ARN" => put(&mut arn, json.text()?, &mut seen, 0),
            b"accountId" => put(&mut account, json.text()?, &mut seen, 1),
            b"arn" | b"accountid" => None,
            _ => json.value().map(|_| ()),
        })?;
        room.push(MEMBER);
        push(room, account);
        let text = arn.map(|arn: Quoted<'_>| arn.text).unwrap_or_default();
        if memmem::find(text, b":accesspoint").is_some() {
            return None;
        }
        let is_bucket = |head: &&[u8]| memchr(b'/', head) == head.len().checked_sub(1);
        match key.and_then(|key| text.strip_suffix(key.text)).filter(is_bucket) {
            Some(head) => {
                room.extend(head);
                room.push(KEY);
            }
            // Whether another object is meant hangs on the key.
            None if key.is_some() && memmem::find(text, b":s3:").is_some() && memchr(b'/', text).is_some() => {
                return None;
            }
            None => push(room, arn),
        }
        Some(())
    })
}

/// Writes down how a request was signed and sent.
fn additional(members: &Members<'_>, room: &mut Vec<u8>) -> Option<()> {
    let Some(mut additional) = members.additional.clone() else { return Some(()) };
    additional.object(|json, name| {
        let value = json.value()?;
        if matches!(name, b"SignatureVersion" | b"CipherSuite" | b"AuthenticationMethod") {
            room.push(MEMBER);
            room.extend(name);
            room.extend(value);
        }
        Some(())
    })
}
