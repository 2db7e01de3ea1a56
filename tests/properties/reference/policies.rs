//! Policies and statements (section 1).

use super::Verdict;
use super::conditions::condition_holds;
use super::patterns::{action_matches, resource_matches};
use super::request::Request;
use serde_json::Value;

/// The documents of one kind, or nothing when the kind is absent.
pub(super) fn documents<'w>(policies: &'w Value, kind: &str) -> Option<&'w [Value]> {
    policies.get(kind)?.as_array().map(Vec::as_slice)
}

/// The levels of SCPs or RCPs, root first.
pub(super) fn levels<'w>(policies: &'w Value, kind: &str) -> Option<Vec<&'w [Value]>> {
    let levels = documents(policies, kind)?;
    Some(levels.iter().filter_map(Value::as_array).map(Vec::as_slice).collect())
}

/// One statement, and whether its document knows variables and escapes (R1.8, R1.9).
pub(super) struct Statement<'w> {
    pub(super) body: &'w Value,
    pub(super) variables: bool,
}

/// The statements of a document (R1.10).
pub(super) fn statements(document: &Value) -> Vec<Statement<'_>> {
    let variables = document["Version"].as_str() == Some("2012-10-17");
    one_or_many(&document["Statement"]).into_iter().map(|body| Statement { body, variables }).collect()
}

/// R0.3 for a set of policies whose Principal element, if any, matches everyone.
pub(super) fn verdict(documents: &[Value], request: &Request) -> Verdict {
    verdict_of(documents.iter().flat_map(statements).filter(|statement| statement.covers(request)))
}

/// R0.3: of the statements that apply, a deny wins over an allow.
pub(super) fn verdict_of<'w>(applicable: impl Iterator<Item = Statement<'w>>) -> Verdict {
    let allowing: Vec<bool> = applicable.map(|statement| statement.allows()).collect();
    if allowing.contains(&false) {
        Verdict::Deny
    } else if allowing.contains(&true) {
        Verdict::Allow
    } else {
        Verdict::NoMatch
    }
}

impl Statement<'_> {
    /// R1.11: its Effect.
    pub(super) fn allows(&self) -> bool {
        self.body["Effect"].as_str() == Some("Allow")
    }

    /// R0.2, all but the Principal part.
    pub(super) fn covers(&self, request: &Request) -> bool {
        self.action_part(request) && self.resource_part(request) && self.condition_part(request)
    }

    /// R2.7, R2.8: Action or NotAction.
    pub(super) fn action_part(&self, request: &Request) -> bool {
        let listed = |element: &Value| texts(element).iter().any(|entry| action_matches(entry, &request.action));
        match (self.body.get("Action"), self.body.get("NotAction")) {
            (Some(element), _) => listed(element),
            (None, Some(element)) => !listed(element),
            (None, None) => false,
        }
    }

    /// R3.25, R3.20, R1.30: Resource, NotResource, or neither, which means the resource the policy is attached to.
    pub(super) fn resource_part(&self, request: &Request) -> bool {
        let listed =
            |element: &Value| texts(element).iter().any(|entry| resource_matches(entry, self.variables, request));
        match (self.body.get("Resource"), self.body.get("NotResource")) {
            (Some(element), _) => listed(element),
            (None, Some(element)) => !listed(element),
            (None, None) => true,
        }
    }

    /// R5.1: every pair of operator and key must hold.
    pub(super) fn condition_part(&self, request: &Request) -> bool {
        self.conditions()
            .iter()
            .all(|(operator, key, values)| condition_holds(operator, key, values, self.variables, request))
    }

    /// The Condition element as a list of operator, key and values (R1.18, R1.23, R1.24).
    pub(super) fn conditions(&self) -> Vec<(String, String, Vec<String>)> {
        let mut found = Vec::new();
        let Some(operators) = self.body.get("Condition").and_then(Value::as_object) else {
            return found;
        };
        for (operator, keys) in operators {
            for (key, values) in keys.as_object().into_iter().flatten() {
                found.push((operator.clone(), key.clone(), texts(values)));
            }
        }
        found
    }
}

/// R1.14: a single value is a list of one.
pub(super) fn one_or_many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        single => vec![single],
    }
}

/// The values of an element as text (R1.23).
pub(super) fn texts(value: &Value) -> Vec<String> {
    one_or_many(value).into_iter().map(text).collect()
}

/// A string as it is; booleans and numbers as they are written (R1.23).
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
