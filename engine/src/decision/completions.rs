//! Decisions under unknown keys: what the completions of the unknowns have in common (SEMANTICS R8.15; a key that is
//! unknown may turn out absent, or hold any value its operators can read).
//!
//! Three-valued evaluation alone gives up too early: `k equals a` or `k not equals a` holds whatever `k` is. So the
//! unknown keys are given, one after the other, values that stand for all others: for every test of the policies, a
//! value on each side of it. A branch ends as soon as the evaluation needs no further key. What is found is exact as
//! long as the values stand for all others and the number of evaluations stays within `BUDGET`; beyond that the
//! answer is `depends`, never a guess.

mod representatives;

use super::{Blocker, Blockers, Decision, Outcome, ServiceRule, service, weigh};
use crate::key::ConditionKey;
use crate::policy::{PolicySet, Statements};
use crate::request::{Context, ContextValue, Lookup, Request};
use crate::statement::Statement;
use std::collections::HashMap;

/// How many evaluations one answer may take, its examples and the keys that matter included.
const BUDGET: usize = 20_000;
/// How many unknown keys are tried; policies that look at more are answered by `depends`.
const MAX_KEYS: usize = 40;

/// Values for the unknown keys that settle a request; `None` for a key that is absent.
pub type Completion = Vec<(String, Option<ContextValue>)>;

/// What an answer depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Dependence {
    /// The keys that matter, in the order in which the policies name them.
    pub keys: Vec<String>,
    /// Values under which the request is allowed, if any were found.
    pub allowed_when: Option<Completion>,
    /// Values under which the request is denied, if any were found.
    pub denied_when: Option<Completion>,
    /// Whether every completion was accounted for. If not, the answer may not depend on the keys after all.
    pub exhaustive: bool,
}

/// The decision that every completion of the unknown keys gives, or what the decision depends on. A request that is
/// denied by all of them, explicitly by some and implicitly by others, is denied implicitly.
pub(super) fn settle(
    policies: &PolicySet,
    compiled: &impl Statements,
    request: &Request<'_>,
    undecided: Outcome,
) -> (Outcome, Option<Dependence>) {
    let keys = unknown_keys(policies, request);
    let few = keys.len() <= MAX_KEYS;
    let mut search = Search {
        policies,
        compiled,
        request,
        spent: 0,
        exhaustive: few,
        allowed: None,
        denied: None,
        values: HashMap::new(),
    };
    search.explore(keys.get(..MAX_KEYS).unwrap_or(&keys), &request.context().clone(), &mut Vec::new());
    let exhaustive = search.exhaustive && search.spent <= BUDGET;
    let settled = |answer: Answer| (Outcome { layers: undecided.layers, settled: true, ..answer.outcome() }, None);
    match (search.allowed.take(), search.denied.take()) {
        (Some(allowed), None) if exhaustive => settled(allowed),
        (None, Some(denied)) if exhaustive => settled(denied),
        // No completion can grant what the first pass saw no grant for.
        (None, Some(denied)) if undecided.never_granted => {
            let mut outcome = denied.outcome();
            outcome.decision = Decision::ImplicitDeny;
            (Outcome { layers: undecided.layers, settled: true, ..outcome }, None)
        }
        (allowed, denied) => {
            let mut matter = Vec::new();
            for (index, key) in keys.iter().enumerate().filter(|_| few) {
                let others = keys.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, key)| key.clone());
                let others: Vec<ConditionKey> = others.collect();
                if search.turns_on(key, &others, &request.context().clone()) {
                    matter.push(key.to_string());
                }
            }
            if matter.is_empty() {
                matter = keys.iter().map(ToString::to_string).collect();
            }
            let exhaustive = exhaustive && search.spent <= BUDGET;
            let dependence = Dependence {
                keys: matter,
                allowed_when: allowed.map(|answer| answer.completion),
                denied_when: denied.map(|answer| answer.completion),
                exhaustive,
            };
            let blocked_by = Blockers::default();
            (Outcome { decision: Decision::Depends, blocked_by, service: None, ..undecided }, Some(dependence))
        }
    }
}

/// What completions with one answer have in common.
struct Answer {
    first: Outcome,
    completion: Completion,
    mixed: bool,
    /// What blocks every one of them, and what blocks any.
    always: Blockers,
    ever: Blockers,
    /// A rule of the service that any of them is refused by.
    rule: Option<ServiceRule>,
}

impl Answer {
    fn of(outcome: Outcome, completion: Completion) -> Self {
        let Outcome { blocked_by, service, .. } = outcome;
        Self { first: outcome, completion, mixed: false, always: blocked_by, ever: blocked_by, rule: service }
    }

    fn add(&mut self, outcome: Outcome) {
        self.mixed |= outcome.decision != self.first.decision;
        self.always = Blockers(self.always.0 & outcome.blocked_by.0);
        self.ever = Blockers(self.ever.0 | outcome.blocked_by.0);
        self.first.by_identity |= outcome.by_identity;
        self.first.granting |= outcome.granting;
        self.rule = self.rule.or(outcome.service);
        self.first.service = self.first.service.filter(|rule| outcome.service == Some(*rule));
    }

    fn outcome(&self) -> Outcome {
        let decision = if self.mixed { Decision::ImplicitDeny } else { self.first.decision };
        let blocked_by = if self.always == Blockers::default() { self.ever } else { self.always };
        // What is said to be refused by the service is refused by a rule.
        let rule = self.rule.filter(|_| blocked_by.has(Blocker::Service));
        Outcome { decision, blocked_by, service: self.first.service.or(rule), ..self.first }
    }
}

/// The unknown keys that statements about the action test or insert; those that are inserted first, because what the
/// others have to be compared with follows from them.
fn unknown_keys(policies: &PolicySet, request: &Request<'_>) -> Vec<ConditionKey> {
    let mut inserted: Vec<ConditionKey> = Vec::new();
    let mut tested: Vec<ConditionKey> = Vec::new();
    let is_unknown = |key: &ConditionKey| request.lookup(key) == Lookup::Unknown;
    for statement in statements(policies, request) {
        for key in statement.variables().filter(|key| is_unknown(key)) {
            if !inserted.contains(key) {
                inserted.push(key.clone());
            }
        }
        for test in statement.conditions().tests() {
            if is_unknown(test.key()) && !tested.contains(test.key()) {
                tested.push(test.key().clone());
            }
        }
    }
    let of_service = service::open_keys(policies, request, &tested).filter(|key| is_unknown(key));
    let of_service: Vec<ConditionKey> = of_service.filter(|key| !tested.contains(key)).cloned().collect();
    tested.extend(of_service);
    for key in tested {
        let known = inserted.iter().any(|other| *other == key || other.is_time() && key.is_time());
        if !known {
            inserted.push(key);
        }
    }
    inserted
}

/// The statements that are about the action of a request.
fn statements<'p>(policies: &'p PolicySet, request: &Request<'_>) -> impl Iterator<Item = &'p Statement> {
    let action = request.action();
    policies
        .policies()
        .flat_map(|policy| policy.statements())
        .filter(move |statement| statement.action().matches(action))
}

struct Search<'s, 'r, S> {
    policies: &'s PolicySet,
    compiled: &'s S,
    request: &'s Request<'r>,
    spent: usize,
    exhaustive: bool,
    allowed: Option<Answer>,
    denied: Option<Answer>,
    /// Values of keys that do not hang on other keys.
    values: HashMap<String, Vec<Option<ContextValue>>>,
}

impl<S: Statements> Search<'_, '_, S> {
    fn weigh(&mut self, context: &Context) -> Outcome {
        self.spent += 1;
        weigh(self.policies, self.compiled, &self.request.within(context), &mut ())
    }

    /// Tries the values of `keys`, until both answers are found or all values are tried.
    fn explore(&mut self, keys: &[ConditionKey], context: &Context, chosen: &mut Completion) {
        if self.spent > BUDGET || self.allowed.is_some() && self.denied.is_some() {
            return;
        }
        let outcome = self.weigh(context);
        let Some((key, rest)) = keys.split_first().filter(|_| outcome.decision == Decision::Depends) else {
            return self.note(outcome, chosen);
        };
        if !self.is_open(key, context) {
            return self.explore(rest, context, chosen);
        }
        for value in self.values_of(key, context) {
            let Some(completed) = self.completed(context, key, value.clone()) else { continue };
            chosen.push((key.to_string(), value));
            self.explore(rest, &completed, chosen);
            chosen.pop();
        }
    }

    /// Whether a key is still unknown: one may follow from another that has its value by now.
    fn is_open(&self, key: &ConditionKey, context: &Context) -> bool {
        self.request.within(context).lookup(key) == Lookup::Unknown
    }

    fn note(&mut self, outcome: Outcome, chosen: &Completion) {
        let answer = match outcome.decision {
            Decision::Allowed => &mut self.allowed,
            Decision::ExplicitDeny | Decision::ImplicitDeny => &mut self.denied,
            // All keys have values and it is still open: something stands outside what is modelled here.
            Decision::Depends => return self.exhaustive = false,
        };
        match answer {
            Some(answer) => answer.add(outcome),
            None => *answer = Some(Answer::of(outcome, chosen.clone())),
        }
    }

    /// Whether there are values of the other keys under which the answer turns on `key`.
    fn turns_on(&mut self, key: &ConditionKey, others: &[ConditionKey], context: &Context) -> bool {
        if self.spent > BUDGET {
            return true;
        }
        if self.weigh(context).decision != Decision::Depends {
            return false;
        }
        let Some((next, rest)) = others.split_first() else {
            let mut answers = [false; 2];
            for value in self.values_of(key, context) {
                let Some(completed) = self.completed(context, key, value) else { continue };
                match self.weigh(&completed).decision {
                    Decision::Allowed => answers[0] = true,
                    Decision::ExplicitDeny | Decision::ImplicitDeny => answers[1] = true,
                    Decision::Depends => return true,
                }
            }
            return answers == [true, true];
        };
        if !self.is_open(next, context) {
            return self.turns_on(key, rest, context);
        }
        for value in self.values_of(next, context) {
            let Some(completed) = self.completed(context, next, value) else { continue };
            if self.turns_on(key, rest, &completed) {
                return true;
            }
        }
        false
    }

    fn values_of(&mut self, key: &ConditionKey, context: &Context) -> Vec<Option<ContextValue>> {
        if let Some(values) = self.values.get(key.folded()) {
            return values.clone();
        }
        let request = self.request.within(context);
        let found = representatives::of(key, self.policies, &request);
        self.exhaustive &= found.exhaustive;
        self.spent += found.values.len();
        if !representatives::hang_on_others(key, self.policies, &request) {
            self.values.insert(key.folded().to_owned(), found.values.clone());
        }
        found.values
    }

    /// The context with a key's value; `None` if no request looks like that.
    fn completed(&self, context: &Context, key: &ConditionKey, value: Option<ContextValue>) -> Option<Context> {
        let mut completed = context.clone();
        completed.complete(key, value.clone());
        // The two time keys hold one instant.
        let partner = match key.folded() {
            "aws:currenttime" => Some("aws:EpochTime"),
            "aws:epochtime" => Some("aws:CurrentTime"),
            _ => None,
        };
        if let Some(partner) = partner {
            completed.complete(&ConditionKey::new(partner), value);
        }
        self.request.within(&completed).is_possible().then_some(completed)
    }
}
