//! Grants written as a policy: as few statements as say the same, always in the same order.

use super::Form;
use super::evidence::Kind;
use super::grants::Grant;
use super::in_force::InForce;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// How many values of `s3:prefix` a statement lists. What would need more is granted without, if nothing of it was refused.
const PREFIXES: usize = 10;

type Set = BTreeSet<String>;

/// A statement before it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Statement {
    actions: Set,
    resources: Set,
    prefixes: Option<Set>,
    except: Set,
    principals: Set,
    /// The conditions that it keeps of a statement in force, as JSON.
    kept: String,
}

/// The statements for grants.
fn statements(grants: &[Grant], in_force: Option<&InForce>) -> Vec<Statement> {
    // By who, under what condition and for what action: on what.
    let mut resources: BTreeMap<(&Set, Condition<'_>, &str), Set> = BTreeMap::new();
    for grant in grants {
        let patterns = || grant.chosen.iter().map(|chosen| chosen.pattern.text());
        if grant.kind != Kind::Whole && grant.chosen.is_empty() {
            continue;
        }
        let (on, prefixes): (Set, Option<Set>) = match grant.kind {
            Kind::Whole => ([grant.scope.clone()].into(), None),
            Kind::Name => (patterns().map(|pattern| format!("{}{pattern}", grant.scope)).collect(), None),
            Kind::Prefix => (
                [grant.scope.clone()].into(),
                Some(patterns().collect()).filter(|few: &Set| few.len() <= PREFIXES || grant.refusals),
            ),
        };
        let kept = in_force.zip(grant.inherits).map(|(in_force, at)| in_force.condition(at)).unwrap_or_default();
        let kept = if kept.is_empty() { String::new() } else { Value::Object(kept).to_string() };
        let condition = Condition { prefixes, except: &grant.except, kept };
        resources.entry((&grant.principals, condition, &grant.action)).or_default().extend(on);
    }
    // Who does the same on the same: together.
    let mut actions: BTreeMap<(&Set, Condition<'_>, Set), Set> = BTreeMap::new();
    for ((principals, condition, action), resources) in resources {
        actions.entry((principals, condition, resources)).or_default().insert(action.to_owned());
    }
    let mut principals: BTreeMap<(Set, Set, Condition<'_>, bool), Set> = BTreeMap::new();
    for ((of, condition, resources), actions) in actions {
        // Everybody is not put together with somebody.
        let everybody = of.contains("anonymous");
        principals.entry((actions, resources, condition, everybody)).or_default().extend(of.iter().cloned());
    }
    let statements = principals.into_iter().map(|((actions, resources, condition, _), principals)| Statement {
        actions,
        resources,
        prefixes: condition.prefixes,
        except: condition.except.clone(),
        principals,
        kept: condition.kept,
    });
    let mut statements: Vec<Statement> = statements.collect();
    statements.sort();
    statements
}

/// Under what condition something is granted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Condition<'g> {
    prefixes: Option<Set>,
    except: &'g Set,
    kept: String,
}

/// How many statements grants become.
pub(super) fn count(grants: &[Grant], in_force: Option<&InForce>) -> usize {
    statements(grants, in_force).len() + in_force.map_or(0, |in_force| in_force.denies.len())
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyJson<'s> {
    version: &'static str,
    statement: Vec<AnyStatement<'s>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum AnyStatement<'s> {
    Derived(StatementJson<'s>),
    /// One in force that denies.
    Kept(&'s Value),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StatementJson<'s> {
    effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<PrincipalJson<'s>>,
    action: OneOrMany<'s>,
    resource: OneOrMany<'s>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: BTreeMap<String, BTreeMap<String, Values>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum PrincipalJson<'s> {
    Everybody(&'static str),
    Of(BTreeMap<&'static str, OneOrMany<'s>>),
}

/// A list, or its only value.
struct OneOrMany<'s>(Vec<&'s str>);

impl Serialize for OneOrMany<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0[..] {
            [one] => one.serialize(serializer),
            many => many.serialize(serializer),
        }
    }
}

/// The values of a condition key.
struct Values(Vec<String>);

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        OneOrMany(self.0.iter().map(String::as_str).collect()).serialize(serializer)
    }
}

/// The policy for grants, as text.
pub(super) fn text(grants: &[Grant], form: Form, in_force: Option<&InForce>) -> String {
    let statements = statements(grants, in_force);
    let derived = statements.iter().map(|statement| AnyStatement::Derived(json(statement, form)));
    let denies = in_force.into_iter().flat_map(|in_force| &in_force.denies);
    let statement = derived.chain(denies.map(AnyStatement::Kept)).collect();
    let policy = PolicyJson { version: "2012-10-17", statement };
    // What is written here are texts and lists of them.
    let mut text = serde_json::to_string_pretty(&policy).unwrap_or_default();
    text.push('\n');
    text
}

fn json(statement: &Statement, form: Form) -> StatementJson<'_> {
    let list = |set: &'_ Set| -> Vec<String> { set.iter().cloned().collect() };
    let mut condition = kept(&statement.kept);
    if let Some(prefixes) = &statement.prefixes {
        // They lie within those that may be listed.
        condition.entry("StringLike".to_owned()).or_default().insert("s3:prefix".to_owned(), Values(list(prefixes)));
    }
    if !statement.except.is_empty() {
        // None of several: those of both.
        let not = condition.entry("StringNotLike".to_owned()).or_default();
        let values = not.entry("s3:prefix".to_owned()).or_insert_with(|| Values(Vec::new()));
        values.0.extend(list(&statement.except));
    }
    let named = form == Form::Bucket;
    if !named && !statement.principals.is_empty() {
        let values = statement.principals.iter().flat_map(|principal| whatever_path(principal)).collect();
        // Two names of one operator; one of them may be taken.
        let is_free =
            |operator: &&str| !condition.get(*operator).is_some_and(|keys| keys.contains_key("aws:PrincipalArn"));
        let operator = ["ArnLike", "ArnEquals", "arnlike"].into_iter().find(is_free).unwrap_or("arnequals");
        condition.entry(operator.to_owned()).or_default().insert("aws:PrincipalArn".to_owned(), Values(values));
    }
    StatementJson {
        effect: "Allow",
        principal: named.then(|| principal(&statement.principals)),
        action: OneOrMany(statement.actions.iter().map(String::as_str).collect()),
        resource: OneOrMany(statement.resources.iter().map(String::as_str).collect()),
        condition,
    }
}

/// Conditions from JSON.
fn kept(text: &str) -> BTreeMap<String, BTreeMap<String, Values>> {
    let operators: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    let list = |value: &Value| match value {
        Value::Array(values) => values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        one => one.as_str().map(str::to_owned).into_iter().collect(),
    };
    // Keys that are added to are spelled as here.
    let spelled = |key: &str| {
        let known = ["s3:prefix", "aws:PrincipalArn"].into_iter().find(|known| known.eq_ignore_ascii_case(key));
        known.unwrap_or(key).to_owned()
    };
    let keys = |keys: &Value| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(|(key, values)| (spelled(key), Values(list(values)))).collect()
    };
    operators.iter().map(|(operator, of)| (operator.clone(), keys(of))).collect()
}

/// A role's ARN with any path: sessions in logs do not tell it.
fn whatever_path(principal: &str) -> Vec<String> {
    match principal.split_once(":role/") {
        Some((head, name)) if !name.contains('/') => vec![principal.to_owned(), format!("{head}:role/*/{name}")],
        _ => vec![principal.to_owned()],
    }
}

fn principal(principals: &Set) -> PrincipalJson<'_> {
    let mut of: BTreeMap<&str, OneOrMany<'_>> = BTreeMap::new();
    for principal in principals {
        let kind = match principal.as_str() {
            "anonymous" => return PrincipalJson::Everybody("*"),
            arn if arn.starts_with("arn:") => "AWS",
            _ => "Service",
        };
        of.entry(kind).or_insert_with(|| OneOrMany(Vec::new())).0.push(principal);
    }
    PrincipalJson::Of(of)
}

/// The size of a policy as AWS counts it: without white space for identity-based ones, in bytes for others.
pub(super) fn size(text: &str, form: Form) -> usize {
    match form {
        Form::Identity | Form::IdentityEach => text.chars().filter(|symbol| !symbol.is_ascii_whitespace()).count(),
        Form::Bucket => text.len(),
    }
}
