//! A policy as JSON again: what was compiled, in AWS's usual spelling and order.

use super::{Policy, Version};
use crate::condition::ConditionBlock;
use crate::principal::PrincipalElement;
use crate::statement::Statement;
use serde_json::{Map, Value};

impl Policy {
    /// The policy as JSON: reading it back gives the same statements, at other places.
    ///
    /// ```
    /// use can_access_engine::{layer::Layer, policy::Policy, problem::Source};
    /// let text = r#"{"Statement":[{"Action":["s3:GetObject"],"Effect":"Allow","Resource":["*"]}]}"#;
    /// let policy = Policy::read(Source::new("p.json", text), Layer::Identity).unwrap();
    /// assert_eq!(policy.to_json()["Statement"][0]["Action"], "s3:GetObject");
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = Map::new();
        if self.version == Version::V2012 {
            members.insert("Version".to_owned(), "2012-10-17".into());
        }
        if let Some(id) = &self.id {
            members.insert("Id".to_owned(), id.as_str().into());
        }
        members.insert("Statement".to_owned(), self.statements.iter().map(statement).collect());
        Value::Object(members)
    }
}

fn statement(statement: &Statement) -> Value {
    let mut members = Map::new();
    if let Some(sid) = statement.sid() {
        members.insert("Sid".to_owned(), sid.into());
    }
    members.insert("Effect".to_owned(), statement.effect().name().into());
    if let Some(element) = statement.principal() {
        let name = match element {
            PrincipalElement::Principal(_) => "Principal",
            PrincipalElement::NotPrincipal(_) => "NotPrincipal",
        };
        members.insert(name.to_owned(), principal(element));
    }
    let action = statement.action();
    let name = if action.is_negated() { "NotAction" } else { "Action" };
    members.insert(name.to_owned(), one_or_many(action.entries().iter().map(|entry| entry.as_str())));
    if let Some(resource) = statement.resource() {
        let name = if resource.is_negated() { "NotResource" } else { "Resource" };
        members.insert(name.to_owned(), one_or_many(resource.entries().iter().map(|entry| entry.as_str())));
    }
    if !statement.conditions().tests().is_empty() {
        members.insert("Condition".to_owned(), condition(statement.conditions()));
    }
    Value::Object(members)
}

fn principal(element: &PrincipalElement) -> Value {
    let mut kinds: Map<String, Value> = Map::new();
    for entry in element.entries() {
        let Some(kind) = entry.kind() else { return "*".into() };
        let slot = kinds.entry(kind).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(values) = slot {
            values.push(entry.as_str().into());
        }
    }
    Value::Object(kinds)
}

fn condition(block: &ConditionBlock) -> Value {
    let mut operators: Map<String, Value> = Map::new();
    for test in block.tests() {
        let name = test.operator().to_string();
        // The same operator may stand twice in other letter case, and ask twice about one key.
        let spellings = [name.clone(), name.to_lowercase(), name.to_uppercase()];
        let taken = |spelling: &String| {
            let keys = operators.get(spelling).and_then(Value::as_object);
            keys.is_some_and(|keys| keys.keys().any(|key| key.eq_ignore_ascii_case(test.key().as_str())))
        };
        let spelling = spellings.into_iter().find(|spelling| !taken(spelling)).unwrap_or(name);
        let keys = operators.entry(spelling).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(keys) = keys {
            let values = one_or_many(test.values().iter().map(|value| value.as_str()));
            keys.insert(test.key().as_str().to_owned(), values);
        }
    }
    Value::Object(operators)
}

fn one_or_many<'t>(texts: impl Iterator<Item = &'t str>) -> Value {
    let mut values: Vec<Value> = texts.map(Value::from).collect();
    match (values.len(), values.pop()) {
        (1, Some(value)) => value,
        (_, last) => Value::Array(values.into_iter().chain(last).collect()),
    }
}
