//! Compiled or not, real policies say the same of requests near them: those of the corpus, and AWS's managed ones, once
//! `benches/managed-policies.py` has fetched them.

use can_access_engine::decision::{decide, explain};
use can_access_engine::index::CompiledSet;
use can_access_engine::layer::Layer;
use can_access_engine::policy::{Policy, PolicySet};
use can_access_engine::problem::Source;
use can_access_engine::request::{Action, Context, Facts, Principal, Request, Resource};
use can_access_engine::strategy::request_near;
use proptest::prelude::*;
use proptest::sample::Index;
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
    ) -> Result<(), TestCaseError> {
        let (principal, facts) = (Principal::parse(principal).unwrap(), Facts::default());
        let resource = Resource::parse(arn).unwrap();
        let Ok(request) = Request::new(&principal, action, resource, None, context, &facts) else { return Ok(()) };
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
        Ok(())
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

static MANAGED: LazyLock<Published> = LazyLock::new(|| {
    let text = fs::read_to_string("target/bench-data/managed-policies.json")
        .unwrap_or_else(|error| panic!("benches/managed-policies.py fetches them: {error}"));
    let mut documents: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    // Beside these, no other would make a difference.
    documents.retain(|name, _| !["AdministratorAccess", "AWSDenyAll"].contains(&name.as_str()));
    let read = |document: serde_json::Value| {
        Arc::new(Policy::read(Source::new("policy.json", document.to_string()), Layer::Identity).unwrap())
    };
    let identity = documents.into_values().map(read).collect();
    Published::of(PolicySet { identity, ..PolicySet::default() })
});

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

proptest! {
    #![proptest_config(crate::cases(100))]

    #[test]
    #[ignore = "needs what `python3 benches/managed-policies.py` fetches"]
    fn managed_policies_decide_alike((action, arn, context) in MANAGED.near()) {
        MANAGED.decide_alike(PRINCIPALS[0], &action, &arn, &context)?;
    }
}
