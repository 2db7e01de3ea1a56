//! Grants written as a policy: as few statements as say the same, always in the same order.

use super::Form;
use super::evidence::Kind;
use super::grants::Grant;
use serde::{Serialize, Serializer};
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
}

/// The statements for grants.
fn statements(grants: &[Grant]) -> Vec<Statement> {
    // By who, under what condition and for what action: on what.
    let mut resources: BTreeMap<(&Set, Option<Set>, &Set, &str), Set> = BTreeMap::new();
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
        resources.entry((&grant.principals, prefixes, &grant.except, &grant.action)).or_default().extend(on);
    }
    // Who does the same on the same: together.
    let mut actions: BTreeMap<(&Set, Option<Set>, &Set, Set), Set> = BTreeMap::new();
    for ((principals, prefixes, except, action), resources) in resources {
        actions.entry((principals, prefixes, except, resources)).or_default().insert(action.to_owned());
    }
    let mut principals: BTreeMap<(Set, Set, Option<Set>, &Set, bool), Set> = BTreeMap::new();
    for ((of, prefixes, except, resources), actions) in actions {
        // Everybody is not put together with somebody.
        let everybody = of.contains("anonymous");
        principals.entry((actions, resources, prefixes, except, everybody)).or_default().extend(of.iter().cloned());
    }
    let statements = principals.into_iter().map(|((actions, resources, prefixes, except, _), principals)| Statement {
        actions,
        resources,
        prefixes,
        except: except.clone(),
        principals,
    });
    let mut statements: Vec<Statement> = statements.collect();
    statements.sort();
    statements
}

/// How many statements grants become.
pub(super) fn count(grants: &[Grant]) -> usize {
    statements(grants).len()
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyJson<'s> {
    version: &'static str,
    statement: Vec<StatementJson<'s>>,
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
    condition: BTreeMap<&'static str, BTreeMap<&'static str, Values>>,
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
pub(super) fn text(grants: &[Grant], form: Form) -> String {
    let statements = statements(grants);
    let policy = PolicyJson {
        version: "2012-10-17",
        statement: statements.iter().map(|statement| json(statement, form)).collect(),
    };
    // What is written here are texts and lists of them.
    let mut text = serde_json::to_string_pretty(&policy).unwrap_or_default();
    text.push('\n');
    text
}

fn json(statement: &Statement, form: Form) -> StatementJson<'_> {
    let list = |set: &'_ Set| -> Vec<String> { set.iter().cloned().collect() };
    let mut condition: BTreeMap<&str, BTreeMap<&str, Values>> = BTreeMap::new();
    if let Some(prefixes) = &statement.prefixes {
        condition.entry("StringLike").or_default().insert("s3:prefix", Values(list(prefixes)));
    }
    if !statement.except.is_empty() {
        condition.entry("StringNotLike").or_default().insert("s3:prefix", Values(list(&statement.except)));
    }
    let named = form == Form::Bucket;
    if !named && !statement.principals.is_empty() {
        let values = statement.principals.iter().flat_map(|principal| whatever_path(principal)).collect();
        condition.entry("ArnLike").or_default().insert("aws:PrincipalArn", Values(values));
    }
    StatementJson {
        effect: "Allow",
        principal: named.then(|| principal(&statement.principals)),
        action: OneOrMany(statement.actions.iter().map(String::as_str).collect()),
        resource: OneOrMany(statement.resources.iter().map(String::as_str).collect()),
        condition,
    }
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
