//! Why a decision came out as it did: what every statement said, kept by the evaluation itself.

use super::{Dependence, Outcome, ServiceRule};
use crate::condition::{Comparison, ConditionTest, Evaluation, Why};
use crate::decision::Decision;
use crate::key::ConditionKey;
use crate::layer::{Layer, Rule};
use crate::pattern::{Fit, Variable};
use crate::policy::{Policy, PolicySet};
use crate::principal::{Class, Classes, PrincipalMatch};
use crate::request::{Assumption, Lookup, Request};
use crate::statement::{Effect, Record, Statement, StatementId};
use crate::truth::Truth;
use std::collections::HashSet;

/// A decision with everything that led to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation<'p> {
    /// The outcome.
    pub outcome: Outcome,
    /// Every statement of every layer that concerns the request, in the order of the policies.
    pub statements: Vec<StatementReport<'p>>,
    /// The statements that decided: those that deny, or those that together allow. Empty where nothing allows.
    pub decided_by: Vec<StatementId>,
    /// For an implicit deny, the Allow statement that came nearest.
    pub nearest: Option<StatementId>,
    /// Keys whose absence changed the outcome of a statement (R8.15).
    pub absent_keys: Vec<String>,
    /// What was taken for granted.
    pub assumptions: Vec<Assumption>,
    /// Rules whose reading is not certain and that mattered.
    pub unsettled: Vec<Rule>,
    /// What the answer depends on, where it depends on unknown keys.
    pub dependence: Option<Dependence>,
}

/// What one statement said, element by element.
#[derive(Debug, Clone, PartialEq)]
pub struct StatementReport<'p> {
    /// Where the statement stands.
    pub at: StatementId,
    /// Whether the request was asked of the bucket behind an access point ([`Request::on_bucket`]).
    pub on_bucket: bool,
    /// Its policy.
    pub policy: &'p Policy,
    /// The statement.
    pub statement: &'p Statement,
    /// Whether it is about the requester, and how it names it.
    pub principal: PrincipalMatch,
    /// Whether the action matches.
    pub action: bool,
    /// Whether the resource matches.
    pub resource: Truth,
    /// What each test of its condition came to.
    pub conditions: Vec<Evaluation>,
    /// Whether it applies.
    pub applies: Truth,
}

impl<'p> Explanation<'p> {
    /// What the statement said that came nearest. Of a request through an access point some are asked twice: then what it
    /// said where it came nearest.
    #[must_use]
    pub fn nearest_report(&self) -> Option<&StatementReport<'p>> {
        let is_it = |report: &&StatementReport<'_>| Some(report.at) == self.nearest && !report.applies.is_true();
        self.statements.iter().filter(is_it).rev().max_by_key(|report| report.nearness())
    }
}

impl StatementReport<'_> {
    /// Whether principal, action and resource match, or may, so that the condition decides.
    #[must_use]
    pub fn is_up_to_conditions(&self) -> bool {
        !self.principal.classes.is_none() && self.action && !self.resource.is_false()
    }

    /// Variables of the resource element that have no value in the request.
    pub fn unresolved_variables(&self, request: &Request<'_>) -> Vec<&Variable> {
        let Some(element) = self.statement.resource() else { return Vec::new() };
        let fits = element.entries().iter().map(|entry| entry.fit(request));
        fits.filter_map(|fit| if let Fit::Unresolved(variable) = fit { Some(variable) } else { None }).collect()
    }

    /// How near the statement came to applying: the more elements match, the nearer.
    fn nearness(&self) -> usize {
        let named = usize::from(!self.principal.classes.is_none());
        let resource = usize::from(!self.resource.is_false());
        let conditions = self.conditions.iter().filter(|evaluation| !evaluation.truth.is_false()).count();
        let share = if self.conditions.is_empty() { 3 } else { 3 * conditions / self.conditions.len() };
        usize::from(self.action) * 16 + resource * 8 + named * 4 + share
    }
}

/// The recorder behind [`super::explain`].
pub(super) struct Recorder<'p> {
    policies: &'p PolicySet,
    statements: Vec<StatementReport<'p>>,
    unsettled: Vec<Rule>,
}

impl Record for Recorder<'_> {
    const KEEPS: bool = true;

    fn begin(&mut self, at: StatementId, on_bucket: bool) {
        let Some((policy, statement)) = self.policies.find(at) else { return };
        self.statements.push(StatementReport {
            at,
            on_bucket,
            policy,
            statement,
            principal: PrincipalMatch { classes: Classes::NONE, chain_matters: false, boundary_forces: false },
            action: false,
            resource: Truth::False,
            conditions: Vec::new(),
            applies: Truth::False,
        });
    }

    fn principal(&mut self, matched: PrincipalMatch) {
        if let Some(report) = self.statements.last_mut() {
            report.principal = matched;
        }
    }

    fn action(&mut self, matches: bool) {
        if let Some(report) = self.statements.last_mut() {
            report.action = matches;
        }
    }

    fn resource(&mut self, matches: Truth) {
        if let Some(report) = self.statements.last_mut() {
            report.resource = matches;
        }
    }

    fn condition(&mut self, evaluation: Evaluation) {
        if let Some(report) = self.statements.last_mut() {
            report.conditions.push(evaluation);
        }
    }

    fn end(&mut self, applies: Truth) {
        if let Some(report) = self.statements.last_mut() {
            report.applies = applies;
        }
    }

    fn unsettled(&mut self, rule: Rule) {
        self.unsettled.push(rule);
    }
}

impl<'p> Recorder<'p> {
    /// Of about so many statements.
    pub(super) fn new(policies: &'p PolicySet, count: usize) -> Self {
        Self { policies, statements: Vec::with_capacity(count), unsettled: Vec::new() }
    }

    pub(super) fn explain(
        self,
        request: &Request<'_>,
        outcome: Outcome,
        dependence: Option<Dependence>,
    ) -> Explanation<'p> {
        let Self { policies, statements, mut unsettled } = self;
        unsettled.sort_by_key(|rule| numbers(*rule));
        unsettled.dedup();
        Explanation {
            decided_by: decided_by(&statements, &outcome),
            nearest: nearest(&statements, &outcome, request.on_bucket().is_some()),
            absent_keys: absent_keys(&statements, request),
            assumptions: assumptions(&statements, policies, request, &outcome, dependence.as_ref()),
            unsettled,
            dependence,
            statements,
            outcome,
        }
    }
}

/// Section and number of a rule, so that R4.4 stands before R4.27.
fn numbers(rule: Rule) -> (u32, u32, Rule) {
    let mut parts = rule.as_str().trim_start_matches('R').split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0), rule)
}

fn decided_by(statements: &[StatementReport<'_>], outcome: &Outcome) -> Vec<StatementId> {
    let recovered = outcome.service == Some(ServiceRule::BucketPolicyRecovery);
    let wanted = |report: &&StatementReport<'_>| match outcome.decision {
        Decision::ExplicitDeny => {
            // Found by trying values, it is a Deny that may apply: one of those always does.
            let denies = report.applies.is_true() || outcome.settled && !report.applies.is_false();
            report.statement.effect() == Effect::Deny && denies && !(recovered && report.at.layer == Layer::Resource)
        }
        Decision::Allowed
            if matches!(outcome.service, Some(ServiceRule::CallerIdentity | ServiceRule::SessionToken)) =>
        {
            false
        }
        Decision::Allowed => {
            let classes = report.principal.classes;
            let counts = match report.at.layer {
                Layer::Identity => outcome.by_identity,
                Layer::Resource => {
                    Class::ALL.iter().any(|&class| classes.has(class) && outcome.granting & class as u16 != 0)
                }
                Layer::Boundary | Layer::Session => {
                    outcome.by_identity
                        || outcome.granting & (Class::RoleOfSession as u16 | Class::UserOfFederated as u16) != 0
                }
                Layer::Scp | Layer::Rcp | Layer::Endpoint => true,
            };
            report.statement.effect() == Effect::Allow && !report.applies.is_false() && counts
        }
        Decision::Depends => report.applies == Truth::Unknown,
        Decision::ImplicitDeny => false,
    };
    let mut ids: Vec<StatementId> = statements.iter().filter(wanted).map(|report| report.at).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn nearest(statements: &[StatementReport<'_>], outcome: &Outcome, asks_twice: bool) -> Option<StatementId> {
    if outcome.decision != Decision::ImplicitDeny {
        return None;
    }
    let blocked = |layer| outcome.blocked_by.has(super::Blocker::Layer(layer));
    // A level of the organization that already allows is not the one that blocks, and neither is the policy of a bucket or
    // of an access point that does, nor the form of the resource that an endpoint's policy lets through.
    let has_to_allow = |report: &StatementReport<'_>| match report.at.layer {
        Layer::Scp => true,
        Layer::Resource | Layer::Endpoint => asks_twice,
        _ => false,
    };
    let of =
        |report: &StatementReport<'_>| (report.at.layer, report.at.level, report.at.access_point, report.on_bucket);
    let allows = |report: &&StatementReport<'_>| {
        has_to_allow(report) && report.statement.effect() == Effect::Allow && report.applies.is_true()
    };
    let allowing: HashSet<_> = statements.iter().filter(allows).map(of).collect();
    // In one account a resource-based policy could have granted what the identity policies do not.
    let candidate = |report: &&StatementReport<'_>| {
        let layer = report.at.layer;
        report.statement.effect() == Effect::Allow
            && !report.applies.is_true()
            && (blocked(layer) || layer == Layer::Resource && blocked(Layer::Identity))
            && report.action
            && !allowing.contains(&of(report))
    };
    let best = statements.iter().filter(candidate).rev().max_by_key(|report| report.nearness())?;
    Some(best.at)
}

/// Keys whose absence made a test, and through it a statement, come out as it did.
fn absent_keys(statements: &[StatementReport<'_>], request: &Request<'_>) -> Vec<String> {
    let bucket = request.on_bucket();
    let mut keys: Vec<String> = Vec::new();
    let mut add = |key: &ConditionKey| {
        if request.lookup(key) == Lookup::Absent && !keys.iter().any(|known| known.eq_ignore_ascii_case(key.as_str())) {
            keys.push(key.to_string());
        }
    };
    for report in statements {
        if report.principal.classes.is_none() || !report.action || is_ruled_out(report) {
            continue;
        }
        // Where another entry fits, or the element is negated and none does, the variable made no difference.
        let negated = report.statement.resource().is_some_and(|element| element.is_negated());
        if negated != report.resource.is_false() {
            // Which entry fits hangs on the resource that the statement was held against.
            let asked = bucket.as_ref().filter(|_| report.on_bucket).unwrap_or(request);
            report.unresolved_variables(asked).iter().for_each(|variable| add(variable.key()));
        }
        if report.resource.is_false() {
            continue;
        }
        for (test, evaluation) in report.statement.conditions().tests().iter().zip(&report.conditions) {
            // In a statement that applies every test counts; in one that does not, those that failed.
            if !report.applies.is_true() && !evaluation.truth.is_false() {
                continue;
            }
            if evaluation.why == Why::Absent {
                add(test.key());
            }
            unresolved(test, request).into_iter().for_each(|variable| add(variable.key()));
        }
    }
    keys.sort_unstable_by_key(|key| key.to_lowercase());
    keys
}

/// Whether a test failed for a value that the request has, so that the absence of other keys makes no difference.
fn is_ruled_out(report: &StatementReport<'_>) -> bool {
    let mut tests = report.statement.conditions().tests().iter().zip(&report.conditions);
    tests.any(|(test, evaluation)| {
        let has_value = matches!(evaluation.why, Why::Compared | Why::Presence | Why::NeedsSetOperator);
        evaluation.truth.is_false() && has_value && !test.has_variables()
    })
}

/// The variables without a value in what the request's values are compared with.
fn unresolved<'t>(test: &'t ConditionTest, request: &'t Request<'_>) -> Vec<&'t Variable> {
    let values: &[&str] = &match request.lookup(test.key()) {
        _ if !test.has_variables() => Vec::new(),
        Lookup::Single(value) => vec![value],
        Lookup::Multi(values) => values.iter().map(String::as_str).collect(),
        Lookup::Absent | Lookup::Unknown => Vec::new(),
    };
    let comparisons = values.iter().flat_map(|value| test.comparisons(value, request));
    comparisons
        .filter_map(|(_, comparison)| match comparison {
            Comparison::Unresolved(variable) => Some(variable),
            _ => None,
        })
        .collect()
}

fn assumptions(
    statements: &[StatementReport<'_>],
    policies: &PolicySet,
    request: &Request<'_>,
    outcome: &Outcome,
    dependence: Option<&Dependence>,
) -> Vec<Assumption> {
    let mut assumptions = request.assumptions();
    // What the answer depends on, or does not though all its values were tried, is not taken for granted.
    let depends_on = |key: &str| {
        let keys = dependence.into_iter().flat_map(|dependence| &dependence.keys);
        let tests = statements.iter().flat_map(|report| report.statement.conditions().tests());
        let tried = tests.filter(|_| outcome.settled).map(|test| test.key().as_str());
        keys.map(String::as_str).chain(tried).any(|other| other.eq_ignore_ascii_case(key))
    };
    assumptions.retain(|assumption| !matches!(assumption, Assumption::Default { key, .. } if depends_on(key)));
    if outcome.decision == Decision::Allowed && policies.scp.is_empty() && request.principal().is_identity() {
        assumptions.push(Assumption::NoPolicies(Layer::Scp));
    }
    for report in statements.iter().filter(|report| report.is_up_to_conditions()) {
        let tested = report.statement.conditions().tests().iter().map(|test| test.key());
        let inserted =
            report.statement.resource().into_iter().flat_map(|element| element.variables().map(|(_, v)| v.key()));
        for key in tested.chain(inserted) {
            if let Some(assumption) = request.assumed(key).filter(|assumption| !assumptions.contains(assumption)) {
                assumptions.push(assumption);
            }
        }
    }
    assumptions
}
