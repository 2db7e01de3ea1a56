//! The strategies that the engine gives its users: they have to reach both answers, or a property proves nothing.

use can_access_engine::decision::{Decision, decide};
use can_access_engine::layer::Layer;
use can_access_engine::policy::{Policy, PolicySet};
use can_access_engine::problem::Source;
use can_access_engine::request::{Facts, Principal, Request, Resource};
use can_access_engine::strategy::request_near;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;
use std::sync::Arc;

#[test]
fn requests_near_a_policy_meet_every_outcome() {
    let text = r#"{ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": ["s3:Get*", "s3:PutObject"], "Resource": "arn:aws:s3:::exports/*",
          "Condition": { "IpAddress": { "aws:SourceIp": "203.0.113.0/24" }, "NumericLessThan": { "s3:max-keys": "100" } } },
        { "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::exports/*_$folder$",
          "Condition": { "ForAnyValue:StringLike": { "aws:TagKeys": "cost*" } } } ] }"#;
    let policy = Arc::new(Policy::read(Source::new("p.json", text), Layer::Identity).unwrap());
    let policies = PolicySet { identity: vec![Arc::clone(&policy)], ..PolicySet::default() };
    let principal = Principal::parse("arn:aws:iam::111122223333:user/ann").unwrap();
    let facts = Facts::default();
    let mut runner = TestRunner::deterministic();
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..4_000 {
        let (action, arn, context) = request_near(&policy).new_tree(&mut runner).unwrap().current();
        let resource = Resource::parse(&arn).unwrap();
        let request = Request::new(&principal, &action, resource, None, &context, &facts).unwrap();
        *met.entry(decide(&policies, &request).decision.name()).or_default() += 1;
    }
    for outcome in [Decision::Allowed, Decision::ExplicitDeny, Decision::ImplicitDeny] {
        assert!(met.get(outcome.name()).is_some_and(|count| *count >= 20), "{met:?}");
    }
}
