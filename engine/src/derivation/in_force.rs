//! Policies in force, within which a derived policy stays: what it grants lies within one statement of theirs and keeps its
//! conditions, and what they deny it denies, too.

use super::evidence::{Group, Kind};
use super::glob::Glob;
use super::proof::decision;
use crate::condition::ConditionTest;
use crate::decision::Decision;
use crate::index::CompiledSet;
use crate::layer::Layer;
use crate::policy::{Policy, PolicySet};
use crate::problem::Source;
use crate::statement::{Effect, Statement};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Policies in force.
#[derive(Debug)]
pub(super) struct InForce {
    all: CompiledSet,
    allows: Vec<Allow>,
    /// The statements that deny, as they are written.
    pub(super) denies: Vec<Value>,
}

/// A statement that allows.
#[derive(Debug)]
struct Allow {
    /// A policy of nothing but this statement.
    alone: CompiledSet,
    policy: Arc<Policy>,
    condition: Map<String, Value>,
}

/// What a statement says of the names in a scope.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    /// Patterns within one of which each pattern has to lie; `None` if there are no such bounds.
    pub(super) within: Option<Vec<Glob>>,
    /// Patterns that none may meet.
    pub(super) outside: Vec<Glob>,
}

fn add(policies: &mut PolicySet, policy: &Arc<Policy>) {
    match policy.layer() {
        Layer::Resource => policies.resource.push(Arc::clone(policy)),
        _ => policies.identity.push(Arc::clone(policy)),
    }
}

impl InForce {
    /// `None` if there are no policies.
    pub(super) fn new(policies: &[Arc<Policy>]) -> Option<Self> {
        let mut in_force = Self { all: CompiledSet::default(), allows: Vec::new(), denies: Vec::new() };
        let mut all = PolicySet::default();
        for policy in policies {
            add(&mut all, policy);
            let whole = policy.to_json();
            let texts = whole.get("Statement").and_then(Value::as_array).cloned().unwrap_or_default();
            for (statement, mut text) in policy.statements().iter().zip(texts) {
                if let Some(members) = text.as_object_mut() {
                    // Two policies can use one Sid.
                    members.remove("Sid");
                }
                match statement.effect() {
                    Effect::Deny => in_force.denies.push(text),
                    Effect::Allow => in_force.allows.extend(Allow::new(&whole, text, policy.layer())),
                }
            }
        }
        in_force.denies.dedup();
        in_force.all = CompiledSet::new(all);
        (!policies.is_empty()).then_some(in_force)
    }

    /// How many statements allow something.
    pub(super) fn count(&self) -> usize {
        self.allows.len()
    }

    /// Which statement allows a request of a group, or may: the first of them. `None` if none does, if another denies it, or
    /// if what it allows cannot be told by patterns.
    pub(super) fn allowing(&self, group: &Group, name: &str) -> Option<usize> {
        let allows = |policies: &CompiledSet| {
            matches!(decision(policies, group, name), Some(Decision::Allowed | Decision::Depends))
        };
        if !allows(&self.all) {
            return None;
        }
        self.allows.iter().position(|allow| allow.can_be_told() && allows(&allow.alone))
    }

    /// Whether it hangs on what no log tells that a request of a group is allowed.
    pub(super) fn depends(&self, group: &Group, name: &str) -> bool {
        decision(&self.all, group, name) == Some(Decision::Depends)
    }

    /// The conditions of a statement.
    pub(super) fn condition(&self, at: usize) -> Map<String, Value> {
        self.allows.get(at).map(|allow| allow.condition.clone()).unwrap_or_default()
    }

    /// What a statement says of the names, or of the prefixes, in a scope.
    pub(super) fn bounds(&self, at: usize, scope: &str, kind: Kind) -> Bounds {
        let Some(statement) = self.allows.get(at).and_then(Allow::statement) else { return Bounds::default() };
        if kind != Kind::Name {
            // Prefixes that are listed lie within those that may be.
            let mut tests = statement.conditions().tests().iter().filter(|test| is_of_prefixes(test));
            let values =
                |test: &ConditionTest| test.values().iter().map(|value| Glob::of_policy(value.as_str())).collect();
            return Bounds { within: tests.next().map(values), outside: Vec::new() };
        }
        let symbols: Vec<char> = scope.chars().collect();
        let Some(resource) = statement.resource() else { return Bounds::default() };
        let entries = resource.entries().iter().flat_map(|entry| Glob::of_policy(entry.as_str()).behind(&symbols));
        if resource.is_negated() {
            Bounds { within: None, outside: entries.collect() }
        } else {
            Bounds { within: Some(entries.collect()), outside: Vec::new() }
        }
    }
}

/// Whether a test says which prefixes may be listed.
fn is_of_prefixes(test: &ConditionTest) -> bool {
    test.key().folded() == "s3:prefix" && matches!(test.operator().to_string().as_str(), "StringLike" | "StringEquals")
}

impl Allow {
    fn new(whole: &Value, statement: Value, layer: Layer) -> Option<Self> {
        let condition = statement.get("Condition").and_then(Value::as_object).cloned().unwrap_or_default();
        let version = whole.get("Version").and_then(Value::as_str).unwrap_or("2008-10-17");
        let text = json!({ "Version": version, "Statement": [statement] });
        let policy = Arc::new(Policy::read(Source::new("in-force.json", text.to_string()), layer).ok()?);
        let mut alone = PolicySet::default();
        add(&mut alone, &policy);
        Some(Self { alone: CompiledSet::new(alone), policy, condition })
    }

    fn statement(&self) -> Option<&Statement> {
        self.policy.statements().first()
    }

    /// Whether patterns tell what its resources are: not if there are variables in them, but for the user's name.
    fn can_be_told(&self) -> bool {
        let entries =
            self.statement().and_then(Statement::resource).into_iter().flat_map(|resource| resource.entries());
        let others = |text: &str| {
            ["${*}", "${?}", "${$}", "${aws:username}"]
                .iter()
                .fold(text.to_owned(), |text, known| text.replace(known, ""))
        };
        entries.into_iter().all(|entry| !others(entry.as_str()).contains("${"))
    }
}
