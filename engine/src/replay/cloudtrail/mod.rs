//! Events of CloudTrail: the containers they come in, what an event tells, and, from tables, which actions it needed, on
//! which resources, and whether it was refused (REPLAY §3).

mod access_point;
mod container;
mod event;
mod json;
mod skim;

pub use container::{Documents, Item, document, events};
pub use event::Event;
pub use skim::{EventSkim, EventSkimmer};

use super::object_key::percent;
use crate::catalogue::Catalogue;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

const SOURCES: &str = include_str!("sources.tsv");
const EVENTS: &str = include_str!("events.tsv");
const ONE_OF: &str = include_str!("one_of.tsv");
const DENIED: &str = include_str!("denied.tsv");
const RESOURCES: &str = include_str!("resources.tsv");

/// What an event needed of the policies.
#[derive(Debug, Clone, PartialEq)]
pub enum Needed {
    /// These actions, all of them.
    Actions(Vec<Cow<'static, str>>),
    /// Nothing that policies decide.
    Nothing,
    /// It is not known.
    Unknown,
}

type Rows = HashMap<&'static str, Vec<Vec<&'static str>>>;

/// The rows of a table by their first column.
fn table(text: &'static str) -> Rows {
    let mut rows = Rows::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        if let Some(first) = fields.next() {
            rows.entry(first).or_default().push(fields.collect());
        }
    }
    rows
}

static SOURCE_ROWS: LazyLock<Rows> = LazyLock::new(|| table(SOURCES));
static EVENT_ROWS: LazyLock<Rows> = LazyLock::new(|| table(EVENTS));
static ONE_OF_ROWS: LazyLock<Rows> = LazyLock::new(|| table(ONE_OF));
static DENIED_ROWS: LazyLock<Rows> = LazyLock::new(|| table(DENIED));
static RESOURCE_ROWS: LazyLock<Rows> = LazyLock::new(|| table(RESOURCES));

/// The prefix of the actions behind an event source.
///
/// ```
/// use can_access_engine::replay::cloudtrail::prefix;
/// assert_eq!(prefix("s3.amazonaws.com"), "s3");
/// assert_eq!(prefix("monitoring.amazonaws.com"), "cloudwatch");
/// ```
#[must_use]
pub fn prefix(source: &str) -> &str {
    let host = source.strip_suffix(".amazonaws.com").unwrap_or(source);
    match SOURCE_ROWS.get(host).and_then(|rows| rows.first()?.first()) {
        Some(prefix) => prefix,
        None => host.split('.').next().unwrap_or(host),
    }
}

/// The actions that an event needed. `version` says whether the request names a version of an object, `parameters` are
/// its `requestParameters`.
///
/// ```
/// use can_access_engine::replay::cloudtrail::{Needed, needed};
/// use serde_json::Value;
/// let of = |prefix, event| needed(prefix, event, false, &Value::Null);
/// assert_eq!(of("s3", "HeadObject"), Needed::Actions(vec!["s3:GetObject".into()]));
/// assert_eq!(of("lambda", "CreateFunction20150331"), Needed::Actions(vec!["lambda:CreateFunction".into()]));
/// assert_eq!(of("iam", "CreateUser"), Needed::Actions(vec!["iam:CreateUser".into()]));
/// assert_eq!(of("iam", "NoSuchEvent"), Needed::Unknown);
/// ```
#[must_use]
pub fn needed(prefix: &str, event: &str, version: bool, parameters: &Value) -> Needed {
    let event = undated(event);
    let name = format!("{prefix}:{event}");
    if let Some(chosen) = chosen(prefix, event, parameters) {
        let mut actions: Vec<Cow<'static, str>> = chosen.into_iter().map(|(action, _)| action.into()).collect();
        actions.dedup();
        return if actions.is_empty() { Needed::Unknown } else { Needed::Actions(actions) };
    }
    if let Some(rows) = EVENT_ROWS.get(name.as_str()) {
        let holds = |row: &&Vec<&'static str>| row.first().is_some_and(|when| *when == "any" || version);
        return match rows.iter().find(holds).and_then(|row| row.get(1)) {
            None => Needed::Unknown,
            Some(&"-") => Needed::Nothing,
            Some(actions) => Needed::Actions(actions.split(' ').map(Cow::Borrowed).collect()),
        };
    }
    match Catalogue::published().action(&name) {
        // In the catalogue's spelling.
        Some(action) => Needed::Actions(vec![action.to_string().into()]),
        None => Needed::Unknown,
    }
}

/// An event's name without the date of the API's version, as Lambda and CloudFront had it.
fn undated(event: &str) -> &str {
    let without_revision = match event.rsplit_once('v') {
        Some((head, revision)) if !revision.is_empty() && revision.bytes().all(|byte| byte.is_ascii_digit()) => head,
        _ => event,
    };
    let digits = without_revision.bytes().rev().take_while(|byte| byte.is_ascii_digit() || *byte == b'_').count();
    let (name, date) = without_revision.split_at_checked(without_revision.len() - digits).unwrap_or((event, ""));
    let is_date = date.starts_with("20") && matches!(date.len(), 8 | 10);
    if is_date && !name.is_empty() { name } else { event }
}

/// The actions that the parameters of an event choose, each with what it is about: every element of a list has its own.
/// `None` if the event chooses none; empty if what it chooses is not known.
fn chosen(prefix: &str, event: &str, parameters: &Value) -> Option<Vec<(&'static str, Value)>> {
    let rows = ONE_OF_ROWS.get(format!("{prefix}:{}", undated(event)).as_str())?;
    let mut chosen: Vec<(&'static str, Value)> = Vec::new();
    let paths: std::collections::BTreeSet<&str> = rows.iter().filter_map(|row| row.get(1).copied()).collect();
    for path in paths {
        for found in at(parameters, path) {
            let fits = rows.iter().filter(|row| row.get(1) == Some(&path)).find_map(|row| {
                let [test, _, value, action] = row[..] else { return None };
                // Where a member holds what the action is about, that is the item.
                let (text, item) = match test {
                    "word" => (found.as_str(), None),
                    "operation" => (found.get("operation").and_then(Value::as_str), Some(found)),
                    _ => return found.get(value).map(|item| (action, item.clone())),
                };
                let word = text.and_then(|text| text.split_whitespace().next());
                let holds = word.is_some_and(|word| word.eq_ignore_ascii_case(value));
                holds.then(|| (action, item.cloned().unwrap_or(Value::Null)))
            });
            chosen.push(match fits {
                Some(fits) => fits,
                None => return Some(Vec::new()),
            });
        }
    }
    chosen.sort_by_key(|(action, _)| *action);
    chosen.dedup();
    Some(chosen)
}

/// Whether the action that an event needs hangs on whether its request names a version.
fn depends_on_version(prefix: &str, event: &str) -> bool {
    let rows = EVENT_ROWS.get(format!("{prefix}:{}", undated(event)).as_str());
    rows.into_iter().flatten().any(|row| row.first() == Some(&"version"))
}

/// Whether the parameters say what this one action of an event was about.
fn has_own_resources(prefix: &str, event: &str, action: &str) -> bool {
    RESOURCE_ROWS.contains_key(format!("{prefix}:{}>{action}", undated(event)).as_str())
}

/// Whether an error code says that the caller was refused by authorization.
///
/// ```
/// use can_access_engine::replay::cloudtrail::is_refusal;
/// assert!(is_refusal("Client.UnauthorizedOperation") && is_refusal("AccessDenied"));
/// assert!(!is_refusal("Client.DryRunOperation") && !is_refusal("NoSuchBucket"));
/// ```
#[must_use]
pub fn is_refusal(code: &str) -> bool {
    let is_suffix = |rows: &Vec<Vec<&str>>| rows.iter().any(|row| row.first() == Some(&"suffix"));
    DENIED_ROWS.contains_key(code) || DENIED_ROWS.iter().any(|(end, rows)| is_suffix(rows) && code.ends_with(end))
}

/// Where an event happened, for the ARNs of its resources.
#[derive(Debug, Clone, Copy)]
pub struct Place<'e> {
    /// The partition.
    pub partition: &'e str,
    /// The Region.
    pub region: &'e str,
    /// The account of the caller.
    pub account: &'e str,
}

/// The ARNs of the resources that an action of an event was about, as its parameters name them. Empty if they do not.
///
/// ```
/// use can_access_engine::replay::cloudtrail::{Place, resources};
/// let place = Place { partition: "aws", region: "eu-west-1", account: "111122223333" };
/// let parameters = serde_json::json!({ "tableName": "orders" });
/// assert_eq!(
///     resources("dynamodb", "GetItem", "dynamodb:GetItem", &parameters, place),
///     ["arn:aws:dynamodb:eu-west-1:111122223333:table/orders"]
/// );
/// ```
#[must_use]
pub fn resources(prefix: &str, event: &str, action: &str, parameters: &Value, place: Place<'_>) -> Vec<String> {
    let event = undated(event);
    let names = [format!("{prefix}:{event}>{action}"), format!("{prefix}:{event}"), format!("{prefix}:*")];
    for row in names.iter().filter_map(|name| RESOURCE_ROWS.get(name.as_str())).flatten() {
        let Some(templates) = row.first() else { continue };
        if *templates == "-" {
            return Vec::new();
        }
        let filled: Option<Vec<Vec<String>>> =
            templates.split(' ').map(|template| fill(template, parameters, place)).collect();
        if let Some(arns) = filled.map(|filled| filled.concat()).filter(|arns| !arns.is_empty()) {
            return arns;
        }
    }
    Vec::new()
}

/// A template with its members put in: several where a member is a list. `None` if a member is not there, or if what
/// comes out is no ARN.
fn fill(template: &str, parameters: &Value, place: Place<'_>) -> Option<Vec<String>> {
    let mut filled = vec![String::new()];
    let mut rest = template;
    while let Some((literal, behind)) = rest.split_once('{') {
        let (member, behind) = behind.split_once('}')?;
        rest = behind;
        let values: Vec<String> = match member {
            "partition" => vec![place.partition.to_owned()],
            "region" => vec![place.region.to_owned()],
            "account" => vec![place.account.to_owned()],
            member => {
                let (path, how) = member.split_once('|').unwrap_or((member, ""));
                let texts =
                    path.split(',').find_map(|path| Some(at(parameters, path)).filter(|found| !found.is_empty()));
                let texts = texts.unwrap_or_default().into_iter().filter_map(|value| match value {
                    Value::String(text) if !text.is_empty() => Some(text.clone()),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                });
                texts
                    .map(|text| if path == "x-amz-copy-source" { copied(&text) } else { text })
                    .map(|text| match how {
                        "queue" => queue(&text).unwrap_or(text),
                        "last" => text.rsplit('/').next().unwrap_or(&text).to_owned(),
                        "rel" => text.strip_prefix('/').unwrap_or(&text).to_owned(),
                        "function" => function(&text).to_owned(),
                        "parameter" => parameter(&text).to_owned(),
                        _ => text,
                    })
                    .collect()
            }
        };
        if values.is_empty() {
            return None;
        }
        let with = |head: &String| values.iter().map(|value| format!("{head}{literal}{value}")).collect::<Vec<_>>();
        filled = filled.iter().flat_map(with).collect();
    }
    filled.iter_mut().for_each(|text| text.push_str(rest));
    // What AWS publishes is in nobody's account.
    for text in filled.iter_mut().filter(|text| text.contains(":parameter/aws/service/")) {
        *text = text.replacen(&format!(":{}:parameter/", place.account), "::parameter/", 1);
    }
    filled.iter().all(|text| text.starts_with("arn:")).then_some(filled)
}

/// Account and name of a queue, as its ARN has them, from its URL.
fn queue(url: &str) -> Option<String> {
    let mut parts = url.rsplit('/');
    let (name, account) = (parts.next()?, parts.next()?);
    Some(format!("{account}:{name}"))
}

/// The name of a function, with its version or alias, of which requests may give less of the ARN or more.
fn function(text: &str) -> &str {
    text.split_once("function:").map_or(text, |(_, name)| name)
}

/// The name of a parameter, without the version or label behind it, and without the first slash.
fn parameter(text: &str) -> &str {
    let name = if text.starts_with("arn:") { text } else { text.split(':').next().unwrap_or(text) };
    name.strip_prefix('/').unwrap_or(name)
}

/// The source of a copy as S3 takes it: encoded, with the version behind it.
fn copied(text: &str) -> String {
    let path = text.split_once("?versionId=").map_or(text, |(path, _)| path);
    String::from_utf8(percent(path.as_bytes())).unwrap_or_else(|_| path.to_owned())
}

/// What a path such as `items[].name` leads to. A list of one value is the value, as S3's parameters are logged.
fn at<'v>(value: &'v Value, path: &str) -> Vec<&'v Value> {
    let mut found = vec![value];
    for step in path.split('.') {
        let (name, each) = step.strip_suffix("[]").map_or((step, false), |name| (name, true));
        let member = |value: &'v Value| value.get(name).into_iter();
        let members: Vec<&'v Value> = found.into_iter().flat_map(member).collect();
        found = members
            .into_iter()
            .flat_map(|value| match value {
                Value::Array(items) if each || items.len() == 1 => items.iter().collect(),
                _ if each => Vec::new(),
                other => vec![other],
            })
            .collect();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_in_the_tables_exists() {
        let named = |rows: &'static Rows, column: usize| {
            rows.values().flatten().filter_map(move |row| row.get(column)).flat_map(|actions| actions.split(' '))
        };
        let actions = named(&EVENT_ROWS, 1).filter(|action| *action != "-").chain(named(&ONE_OF_ROWS, 3));
        let mut count = 0;
        for action in actions {
            count += 1;
            assert_eq!(Catalogue::published().action(action).map(|known| known.to_string()).as_deref(), Some(action));
        }
        assert!(count > 400, "{count}");
        for prefix in named(&SOURCE_ROWS, 0) {
            assert!(Catalogue::published().service(prefix).is_some(), "{prefix}");
        }
    }

    #[test]
    fn every_event_of_the_tables_has_a_service_and_every_template_a_type() {
        let place = Place { partition: "aws", region: "eu-west-1", account: "111122223333" };
        for (name, rows) in RESOURCE_ROWS.iter() {
            let service = name.split(':').next().unwrap();
            assert!(Catalogue::published().service(service).is_some(), "{name}");
            for template in rows.iter().filter_map(|row| row.first()).flat_map(|row| row.split(' ')) {
                // Members are put in where they stand; whole ARNs come from the event.
                let Some(arn) = template.strip_prefix("arn:") else { continue };
                let mut plain = format!("arn:{arn}");
                for (from, to) in [
                    ("{partition}", place.partition),
                    ("{region}", place.region),
                    ("{account}", place.account),
                    ("{path}", "/path/"),
                    ("{queueUrl|queue}", "111122223333:name"),
                    ("{functionName|function}", "name"),
                ] {
                    plain = plain.replace(from, to);
                }
                while let (Some(open), Some(close)) = (plain.find('{'), plain.find('}')) {
                    plain.replace_range(open..=close, "name");
                }
                let arn = crate::arn::Arn::parse(&plain).unwrap();
                let of = Catalogue::published().service(arn.service).unwrap_or_else(|| panic!("{name} {plain}"));
                if arn.resource == "name" {
                    continue; // the member brings the type along
                }
                let fits = of.resource_types().any(|of| of.arns().any(|form| form.fits(&arn)));
                assert!(fits, "{name} {plain}");
            }
        }
    }

    #[test]
    fn dates_of_old_apis_are_left_out() {
        for (event, wanted) in [
            ("CreateFunction20150331", "CreateFunction"),
            ("UpdateFunctionCode20150331v2", "UpdateFunctionCode"),
            ("CreateDistribution2014_11_06", "CreateDistribution"),
            ("ListObjectsV2", "ListObjectsV2"),
            ("GetServer20", "GetServer20"),
            ("Invoke", "Invoke"),
        ] {
            assert_eq!(undated(event), wanted);
        }
    }

    #[test]
    fn events_that_choose_their_action_by_their_parameters() {
        let statement = serde_json::json!({ "statement": "select * from orders" });
        assert_eq!(
            needed("dynamodb", "ExecuteStatement", false, &statement),
            Needed::Actions(vec!["dynamodb:PartiQLSelect".into()])
        );
        assert_eq!(needed("dynamodb", "ExecuteStatement", false, &Value::Null), Needed::Unknown);
    }
}
