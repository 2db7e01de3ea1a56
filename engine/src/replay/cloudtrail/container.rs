//! The containers in which events of CloudTrail are delivered and exported (REPLAY §3.1).

use super::json::Lines;
use super::skim::{EventSkim, EventSkimmer};
use base64::Engine;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;

/// How deep containers can be within each other.
const DEEPEST: usize = 6;
/// How large a packed message can be, unpacked.
const LARGEST: u64 = 256 << 20;

/// What a container holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'j> {
    /// An event, as JSON.
    Event(&'j [u8]),
    /// An ordinary event that was skimmed, with its JSON.
    Ordinary(EventSkim<'j>, &'j [u8]),
    /// A record of an S3 server access log in its JSON form.
    Row(&'j [u8]),
    /// Something of CloudTrail that is no event, such as a digest.
    NoEvent,
    /// Something else.
    Foreign,
}

type Members<'j> = BTreeMap<Cow<'j, str>, &'j RawValue>;

/// Goes through the events that a JSON value holds, in order; what a log delivers is skimmed.
///
/// ```
/// use can_access_engine::replay::cloudtrail::{Item, events};
/// let mut found = 0;
/// let text = br#"{ "Records": [ { "eventName": "A", "eventSource": "s3" }, { "source": "aws.s3", "detail": { "eventName": "B", "eventSource": "s3" } } ] }"#;
/// events(text, None, &mut |item| found += usize::from(matches!(item, Item::Event(_))));
/// assert_eq!(found, 2);
/// ```
pub fn events(json: &[u8], skimmer: Option<&mut EventSkimmer>, each: &mut dyn FnMut(Item<'_>)) {
    if records(json).is_some() {
        let rest = document(json, skimmer, each);
        if rest.is_none_or(|rest| !rest.trim_ascii().is_empty()) {
            each(Item::Foreign);
        }
    } else {
        walk(json, Within::default(), each);
    }
}

/// Goes through the events of the JSON value that a text begins with, and says what follows it. `None` if the value is cut
/// off or damaged: what is whole before that counts.
///
/// ```
/// use can_access_engine::replay::cloudtrail::document;
/// let mut found = 0;
/// let text = br#"{ "Records": [ { "eventName": "A", "eventSource": "s3" }, { "eventName": "#;
/// assert!(document(text, None, &mut |_| found += 1).is_none());
/// assert_eq!(found, 1);
/// ```
pub fn document<'j>(
    mut text: &'j [u8],
    mut skimmer: Option<&mut EventSkimmer>,
    each: &mut dyn FnMut(Item<'_>),
) -> Option<&'j [u8]> {
    let mut part = Part::Value;
    loop {
        (text, part) = step(part, text, true, skimmer.as_deref_mut(), each).ok()?;
        if part == Part::Value {
            return Some(text);
        }
    }
}

/// Where in JSON values, of which one follows the other, a text stands that comes in pieces.
///
/// ```
/// use can_access_engine::replay::cloudtrail::{Documents, EventSkimmer};
/// let mut found = 0;
/// let (mut documents, mut skimmer) = (Documents::default(), EventSkimmer::default());
/// let text = br#"{ "Records": [ { "eventName": "A", "eventSource": "s3" }, { "eventName": "B" } ] }"#;
/// let (first, _) = text.split_at(64);
/// let done = documents.go_on(first, false, &mut skimmer, &mut |_| found += 1).unwrap();
/// assert_eq!(found, 1);
/// let done = done + documents.go_on(&text[done..], true, &mut skimmer, &mut |_| found += 1).unwrap();
/// assert_eq!((found, done), (2, text.len()));
/// ```
#[derive(Debug, Default)]
pub struct Documents {
    part: Part,
}

impl Documents {
    /// Goes through the events of a piece, as far as they are whole, and says how much of it is done with: what is left has
    /// to begin the next piece. `is_last` says whether there is none. `None` if a value is damaged, or at the end cut off.
    pub fn go_on(
        &mut self,
        piece: &[u8],
        is_last: bool,
        skimmer: &mut EventSkimmer,
        each: &mut dyn FnMut(Item<'_>),
    ) -> Option<usize> {
        let mut text = piece;
        loop {
            if self.part == Part::Value && text.trim_ascii_start().is_empty() {
                return Some(piece.len());
            }
            match step(self.part, text, is_last, Some(skimmer), each) {
                Ok((rest, part)) => (text, self.part) = (rest, part),
                Err(Stop::Cut) if !is_last => return Some(piece.len() - text.len()),
                Err(_) => return None,
            }
        }
    }
}

/// What comes next in a text.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// A value.
    #[default]
    Value,
    /// The first event of the list of a delivered document, or its end.
    First,
    /// Another event of the list.
    Event,
    /// What follows the list.
    Behind,
}

/// What stands in the way of going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// The text ends.
    Cut,
    /// It is damaged.
    Damage,
}

/// Goes through what comes next, and says what follows it. Unless the text `is_last`, what is cut off is left alone.
fn step<'j>(
    part: Part,
    text: &'j [u8],
    is_last: bool,
    skimmer: Option<&mut EventSkimmer>,
    each: &mut dyn FnMut(Item<'_>),
) -> Result<(&'j [u8], Part), Stop> {
    match part {
        Part::Value => {
            if let Some(list) = records(text) {
                return Ok((list, Part::First));
            }
            match first::<&RawValue>(text) {
                // More digits could follow.
                Ok((_, [])) if !is_last => Err(Stop::Cut),
                Ok((value, behind)) => {
                    walk(value.get().as_bytes(), Within::default(), each);
                    Ok((behind, Part::Value))
                }
                // Of what is damaged, all that can be read counts.
                Err(_) if !is_last => Err(Stop::Cut),
                Err(stop) => {
                    let list = text.iter().position(|byte| *byte == b'[').and_then(|at| text.get(at + 1..));
                    _ = list.map(|list| listed(list, Within::default(), each));
                    Err(stop)
                }
            }
        }
        Part::First if text.trim_ascii_start().starts_with(b"]") => Ok((behind(text, b']')?, Part::Behind)),
        Part::First | Part::Event => {
            let (rest, goes_on) = event(text, Within::default(), is_last, skimmer, each)?;
            Ok((rest, if goes_on { Part::Event } else { Part::Behind }))
        }
        Part::Behind => {
            let (rest, lists) = behind_records(text)?;
            (0..lists).for_each(|_| each(Item::Foreign));
            Ok((rest, Part::Value))
        }
    }
}

/// The value that a text begins with, and what follows it.
fn first<'j, T: Deserialize<'j>>(text: &'j [u8]) -> Result<(T, &'j [u8]), Stop> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<T>();
    let value = values.next().ok_or(Stop::Cut)?;
    let value = value.map_err(|error| if is_at_end(&error, text) { Stop::Cut } else { Stop::Damage })?;
    Ok((value, text.get(values.byte_offset()..).ok_or(Stop::Damage)?))
}

/// Whether a text ends where it cannot be read further: in `1.`, the number is wrong, but only because it is cut.
fn is_at_end(error: &serde_json::Error, text: &[u8]) -> bool {
    let last = || memchr::memrchr(b'\n', text).map_or(text, |at| text.get(at + 1..).unwrap_or_default());
    let lines = || memchr::memchr_iter(b'\n', text).count() + 1;
    error.is_eof() || error.line() == lines() && error.column() >= last().len()
}

/// What follows a sign that a text begins with.
fn behind(text: &[u8], sign: u8) -> Result<&[u8], Stop> {
    match text.trim_ascii_start().split_first() {
        Some((first, rest)) if *first == sign => Ok(rest),
        Some(_) => Err(Stop::Damage),
        None => Err(Stop::Cut),
    }
}

/// The list of a document that begins like those that CloudTrail delivers, `{"Records":[`.
fn records(text: &[u8]) -> Option<&[u8]> {
    let name = behind(text, b'{').ok()?.trim_ascii_start().strip_prefix(b"\"Records\"")?;
    behind(behind(name, b':').ok()?, b'[').ok()
}

/// Goes through an event of a list, and says what follows it and the sign behind it, and whether another event does.
fn event<'j>(
    list: &'j [u8],
    within: Within,
    is_last: bool,
    skimmer: Option<&mut EventSkimmer>,
    each: &mut dyn FnMut(Item<'_>),
) -> Result<(&'j [u8], bool), Stop> {
    let text = list.trim_ascii_start();
    let is_cut = |rest: &[u8]| !is_last && rest.trim_ascii_start().is_empty();
    let rest = match skimmer.and_then(|skimmer| skimmer.skimmed(text, Lines::Many)) {
        Some((_, rest)) if is_cut(rest) => return Err(Stop::Cut),
        Some((skim, rest)) => {
            each(Item::Ordinary(skim, text.get(..text.len() - rest.len()).ok_or(Stop::Damage)?));
            rest
        }
        None => {
            let (value, rest) = first::<&RawValue>(text)?;
            if is_cut(rest) {
                return Err(Stop::Cut);
            }
            walk(value.get().as_bytes(), within, each);
            rest
        }
    };
    match behind(rest, b',') {
        Ok(more) => Ok((more, true)),
        Err(_) => Ok((behind(rest, b']')?, false)),
    }
}

/// Goes through the events of a list behind its bracket, and says what follows it.
fn listed<'j>(mut list: &'j [u8], within: Within, each: &mut dyn FnMut(Item<'_>)) -> Result<&'j [u8], Stop> {
    if let Ok(rest) = behind(list, b']') {
        return Ok(rest);
    }
    loop {
        let (rest, goes_on) = event(list, within, true, None, each)?;
        if !goes_on {
            return Ok(rest);
        }
        list = rest;
    }
}

/// What follows a delivered document, given what follows its list, and how many lists more it has, which are no part of
/// such a document.
fn behind_records(mut rest: &[u8]) -> Result<(&[u8], usize), Stop> {
    let mut lists = 0;
    while let Ok(member) = behind(rest, b',') {
        let (name, value) = first::<Cow<'_, str>>(member)?;
        let (_, behind) = first::<&RawValue>(behind(value, b':')?)?;
        lists += usize::from(LISTS.contains(&&*name));
        rest = behind;
    }
    Ok((behind(rest, b'}')?, lists))
}

/// The members that hold events.
const LISTS: [&str; 6] = ["Records", "records", "Events", "events", "logEvents", "QueryResultRows"];

/// Where a JSON value stands.
#[derive(Debug, Clone, Copy, Default)]
struct Within {
    depth: usize,
    /// Whether it is in a log stream of CloudTrail: anybody may write into others.
    trail: bool,
}

impl Within {
    fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

/// Whether a JSON text is the name of a log stream that CloudTrail writes: `111122223333_CloudTrail_eu-west-1`.
fn is_trail(stream: Option<&str>) -> bool {
    let name = stream.and_then(|text| text.strip_prefix('"'));
    name.and_then(|name| name.split_once("_CloudTrail_"))
        .is_some_and(|(account, _)| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()))
}

fn walk(json: &[u8], within: Within, each: &mut dyn FnMut(Item<'_>)) {
    let json = json.trim_ascii();
    if within.depth > DEEPEST {
        return each(Item::Foreign);
    }
    match json.first() {
        Some(b'[') => match serde_json::from_slice::<Vec<&RawValue>>(json) {
            Ok(items) => items.into_iter().for_each(|item| walk(item.get().as_bytes(), within.deeper(), each)),
            Err(_) => each(Item::Foreign),
        },
        // What follows the events of a delivered document makes nothing else of it.
        Some(b'{') if records(json).is_some() => {
            let behind = records(json).ok_or(Stop::Damage).and_then(|list| listed(list, within.deeper(), each));
            let lists = behind.and_then(behind_records).map_or(1, |(_, lists)| lists);
            (0..lists).for_each(|_| each(Item::Foreign));
        }
        Some(b'{') => match serde_json::from_slice::<Members<'_>>(json) {
            Ok(members) => object(json, &members, within, each),
            Err(_) => each(Item::Foreign),
        },
        _ => each(Item::Foreign),
    }
}

fn object(json: &[u8], members: &Members<'_>, within: Within, each: &mut dyn FnMut(Item<'_>)) {
    let has = |name: &str| members.contains_key(name);
    if has("bucket_name") && has("operation") {
        return each(Item::Row(json));
    }
    if has("digestS3Bucket") || has("digestStartTime") {
        return each(Item::NoEvent);
    }
    let inside = |name: &str| members.get(name).map(|value| value.get());
    let category = || inside("eventCategory").or_else(|| inside("eventcategory"));
    // Events of partners in CloudTrail Lake: they may say anything.
    if category() == Some("\"ActivityAuditLog\"") {
        return each(Item::NoEvent);
    }
    // An event of its own, wherever it is spelled so; CloudTrail Lake repeats some members around it.
    if let Some(event) = inside("eventData").filter(|_| !has("userIdentity")) {
        return texts(event, within, each);
    }
    if has("userIdentity") || has("useridentity") || has("eventName") || has("eventname") {
        let whole = inside("eventjson").or_else(|| inside("eventJson"));
        // Where the members are texts of another kind, the whole event may stand beside them.
        return match whole {
            Some(whole) => texts(whole, within, each),
            None => each(Item::Event(json)),
        };
    }
    if let Some(packed) = inside("awslogs") {
        return unpacked(packed, within, each);
    }
    if category() == Some("\"Insight\"") {
        return each(Item::NoEvent);
    }
    if inside("messageType") == Some("\"CONTROL_MESSAGE\"") {
        return each(Item::NoEvent);
    }
    let within = Within { trail: within.trail || is_trail(inside("logStream")), ..within };
    for list in LISTS {
        if let Some(items) = inside(list) {
            return if list == "QueryResultRows" {
                rows(items, within, each)
            } else {
                walk(items.as_bytes(), within.deeper(), each)
            };
        }
    }
    // Anybody may send events to EventBridge and lines to CloudWatch Logs; only AWS does in its own name.
    let by_aws = inside("source").is_some_and(|source| source.starts_with("\"aws."));
    let of_trail = within.trail || is_trail(inside("logStreamName"));
    for (one, is_one) in
        [("CloudTrailEvent", true), ("message", of_trail), ("detail", by_aws), ("eventjson", true), ("eventJson", true)]
    {
        if let Some(event) = inside(one).filter(|_| is_one) {
            return texts(event, within, each);
        }
    }
    each(Item::Foreign);
}

/// An event that is JSON, or text that is JSON.
fn texts(value: &str, within: Within, each: &mut dyn FnMut(Item<'_>)) {
    if !value.starts_with('"') {
        return walk(value.as_bytes(), within.deeper(), each);
    }
    match serde_json::from_str::<Cow<'_, str>>(value) {
        Ok(text) => walk(text.as_bytes(), within.deeper(), each),
        Err(_) => each(Item::Foreign),
    }
}

/// What CloudWatch Logs hands to Lambda: packed, and as text.
fn unpacked(value: &str, within: Within, each: &mut dyn FnMut(Item<'_>)) {
    let bytes = || {
        let members: BTreeMap<String, String> = serde_json::from_str(value).ok()?;
        let packed = base64::engine::general_purpose::STANDARD.decode(members.get("data")?).ok()?;
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(&packed[..]).take(LARGEST).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    };
    match bytes() {
        Some(bytes) => walk(&bytes, within.deeper(), each),
        None => each(Item::Foreign),
    }
}

/// The rows of a query, each a list of objects with one member.
fn rows(value: &str, within: Within, each: &mut dyn FnMut(Item<'_>)) {
    let Ok(rows) = serde_json::from_str::<Vec<Vec<BTreeMap<String, &RawValue>>>>(value) else {
        return each(Item::Foreign);
    };
    for row in rows {
        let columns: BTreeMap<String, &RawValue> = row.into_iter().flatten().collect();
        match columns.get("eventjson").or_else(|| columns.get("eventJson")) {
            Some(whole) => texts(whole.get(), within, each),
            None => match serde_json::to_vec(&columns) {
                Ok(row) => walk(&row, within.deeper(), each),
                Err(_) => each(Item::Foreign),
            },
        }
    }
}
