//! Compiled or not, real policies say the same of requests near them: those of the corpus, and AWS's managed ones, once
//! `benches/managed-policies.py` has fetched them.

use can_access_engine::decision::{Decision, decide, explain};
use can_access_engine::index::CompiledSet;
use can_access_engine::layer::Layer;
use can_access_engine::policy::{Policy, PolicySet};
use can_access_engine::problem::Source;
use can_access_engine::request::{Action, Context, Facts, Principal, Request, Resource};
use can_access_engine::statement::{Effect, Statement};
use can_access_engine::strategy::request_near;
use proptest::prelude::*;
use proptest::sample::Index;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, LazyLock};

/// Policies with those that they come to when compiled.
struct Published {
    policies: PolicySet,
    compiled: [CompiledSet; 2],
}

impl Published {
    fn of(policies: PolicySet) -> Self {
        let compiled = [CompiledSet::new(policies.clone()), CompiledSet::indexing_everything(policies.clone())];
        Self { policies, compiled }
    }

    /// What a request near one of the policies is made of.
    fn near(&'static self) -> impl Strategy<Value = (Action, String, Context)> {
        any::<Index>().prop_flat_map(|which| {
            let all: Vec<&Policy> = self.policies.policies().map(AsRef::as_ref).collect();
            request_near(all[which.index(all.len())])
        })
    }

    fn decide_alike(
        &self,
        principal: &str,
        action: &Action,
        arn: &str,
        context: &Context,
    ) -> Result<Option<Decision>, TestCaseError> {
        let (principal, facts) = (Principal::parse(principal).unwrap(), Facts::default());
        let resource = Resource::parse(arn).unwrap();
        let Ok(request) = Request::new(&principal, action, resource, None, context, &facts) else { return Ok(None) };
        let explanation = explain(&self.policies, &request);
        let outcome = decide(&self.policies, &request);
        prop_assert_eq!(explanation.outcome, outcome);
        for compiled in &self.compiled {
            prop_assert_eq!(compiled.decide(&request), outcome);
            prop_assert_eq!(compiled.verdict(&request), outcome.decision);
            for mut short in [compiled.explain(&request), compiled.explain_briefly(&request)] {
                short.statements.clone_from(&explanation.statements);
                prop_assert_eq!(&short, &explanation);
            }
        }
        Ok(Some(outcome.decision))
    }
}

static CORPUS: LazyLock<Published> = LazyLock::new(|| {
    let mut policies = PolicySet::default();
    for entry in fs::read_dir("corpus/policies").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let read = |layer| Policy::read(Source::new("policy.json", fs::read_to_string(&path).unwrap()), layer);
        // One of them is no JSON, as it was published.
        match (read(Layer::Identity), read(Layer::Resource)) {
            (Ok(policy), _) => policies.identity.push(Arc::new(policy)),
            (_, Ok(policy)) => policies.resource.push(Arc::new(policy)),
            (Err(_), Err(_)) => assert!(path.to_str().unwrap().ends_with("export-bucket.as-published.json")),
        }
    }
    assert!(policies.identity.len() > 4 && policies.resource.len() == 1);
    Published::of(policies)
});

/// The managed policies, few together as somebody has them, and all but those that leave nothing to the others.
static MANAGED: LazyLock<Vec<Published>> = LazyLock::new(|| {
    const TOGETHER: usize = 40;
    let text = fs::read_to_string("target/bench-data/managed-policies.json")
        .unwrap_or_else(|error| panic!("benches/managed-policies.py fetches them: {error}"));
    let documents: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    let read = |document: serde_json::Value| {
        Arc::new(Policy::read(Source::new("policy.json", document.to_string()), Layer::Identity).unwrap())
    };
    let mut policies: Vec<Arc<Policy>> = documents.into_values().map(read).collect();
    let of =
        |identity: &[Arc<Policy>]| Published::of(PolicySet { identity: identity.to_vec(), ..PolicySet::default() });
    let mut published: Vec<Published> = policies.chunks(TOGETHER).map(of).collect();
    policies.retain(|policy| !policy.statements().iter().any(is_about_everything));
    published.push(of(&policies));
    published
});

/// Whether a statement allows everything, or denies all actions but some.
fn is_about_everything(statement: &Statement) -> bool {
    let every_action = statement.action().entries().iter().any(|entry| entry.as_str() == "*");
    match statement.effect() {
        Effect::Allow => every_action && statement.conditions().tests().is_empty(),
        Effect::Deny => every_action || statement.action().is_negated(),
    }
}

const PRINCIPALS: [&str; 4] = [
    "arn:aws:iam::111122223333:user/ann",
    "arn:aws:iam::467398596935:role/DataPipelineDefaultRole",
    "arn:aws:sts::467398596935:assumed-role/DataPipelineDefaultResourceRole/i-1",
    "anonymous",
];

proptest! {
    #![proptest_config(crate::cases(2_000))]

    #[test]
    fn the_policies_of_the_corpus_decide_alike(
        (action, arn, context) in CORPUS.near(),
        principal in prop::sample::select(&PRINCIPALS),
    ) {
        CORPUS.decide_alike(principal, &action, &arn, &context)?;
    }
}

#[test]
#[ignore = "needs what `python3 benches/managed-policies.py` fetches"]
fn managed_policies_decide_alike() {
    let sets = MANAGED.len();
    // A third of the requests are asked of all policies together.
    let set = prop_oneof![2 => 0..sets - 1, 1 => Just(sets - 1)];
    let asked = set.prop_flat_map(|set| (Just(set), MANAGED[set].near()));
    let decisions = RefCell::new(BTreeMap::<&str, usize>::new());
    let decide = |(set, (action, arn, context)): (usize, (Action, String, Context))| {
        let decision = MANAGED[set].decide_alike(PRINCIPALS[0], &action, &arn, &context)?;
        *decisions.borrow_mut().entry(decision.map_or("none", Decision::name)).or_default() += 1;
        Ok(())
    };
    proptest::test_runner::TestRunner::new(crate::cases(1_000)).run(&asked, decide).unwrap();
    // It would prove little if all of them came to the same.
    let decisions = decisions.into_inner();
    for decision in [Decision::Allowed, Decision::ExplicitDeny, Decision::ImplicitDeny] {
        assert!(decisions.get(decision.name()).is_some_and(|count| *count >= 20), "{decisions:?}");
    }
}
