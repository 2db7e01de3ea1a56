//! Deciding allocates nothing: a stream of requests costs no memory but that of reading it.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use can_access_engine::arn::AccountId;
use can_access_engine::decision::{Decision, decide};
use can_access_engine::index::CompiledSet;
use can_access_engine::layer::Layer;
use can_access_engine::policy::{Policy, PolicySet};
use can_access_engine::problem::Source;
use can_access_engine::request::{Action, Context, ContextValue, Facts, Principal, Request, Resource};
use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const POLICY: &str = r#"{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Action": ["s3:Get*", "s3:PutObject"], "Resource": "arn:aws:s3:::home/${aws:username}/*" },
    { "Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::*secret*", "Condition": {
        "StringLike": { "aws:PrincipalTag/team": ["r?d*", "${aws:username, 'x'}*"] },
        "StringEqualsIgnoreCase": { "aws:PrincipalTag/team": "RED-1" },
        "NumericLessThan": { "s3:max-keys": "100.5" },
        "DateGreaterThan": { "aws:CurrentTime": "2020-01-01T00:00:00Z" },
        "IpAddress": { "aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"] },
        "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:user/${aws:username}" },
        "Bool": { "aws:SecureTransport": true },
        "Null": { "aws:TokenIssueTime": true },
        "ForAllValues:StringLike": { "aws:TagKeys": ["a*", "b"] } } },
    { "Effect": "Deny", "Action": "s3:Delete*", "Resource": "*", "Condition": { "StringNotEquals": { "aws:PrincipalAccount": "111122223333" } } } ] }"#;
const BUCKET: &str = r#"{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Principal": { "AWS": ["111122223333", "arn:aws:iam::111122223333:user/ann"] }, "Action": "s3:*", "Resource": "arn:aws:s3:::*" },
    { "Effect": "Deny", "NotPrincipal": { "AWS": ["111122223333", "arn:aws:iam::111122223333:user/ann"] }, "Action": "s3:*", "Resource": "*" } ] }"#;

#[test]
fn deciding_allocates_nothing() {
    let policy = |text, layer| vec![Arc::new(Policy::read(Source::new("p.json", text), layer).unwrap())];
    let policies = PolicySet {
        identity: policy(POLICY, Layer::Identity),
        boundary: policy(POLICY, Layer::Boundary),
        resource: policy(BUCKET, Layer::Resource),
        scp: vec![policy(POLICY, Layer::Scp), policy(POLICY, Layer::Scp)],
        ..PolicySet::default()
    };
    let principal = Principal::parse("arn:aws:iam::111122223333:user/ann").unwrap();
    let actions = ["s3:GetObject", "s3:DeleteObject", "ec2:RunInstances"].map(|action| Action::parse(action).unwrap());
    let mut context = Context::new();
    let single = |text: &str| ContextValue::Single(text.to_owned());
    context.insert("aws:PrincipalTag/team", single("red-1")).unwrap();
    context.insert("s3:max-keys", single("100")).unwrap();
    context.insert("aws:SourceIp", single("203.0.113.7")).unwrap();
    context.insert("aws:CurrentTime", single("2026-01-01T00:00:00Z")).unwrap();
    context.insert("aws:TagKeys", ContextValue::Multi(vec!["a1".into(), "b".into()])).unwrap();
    let facts = Facts::default();
    let resources = ["arn:aws:s3:::home/ann/notes", "arn:aws:s3:::other/x", "arn:aws:s3:::home/bob/secret", "*"];
    let mut requests = Vec::new();
    for action in &actions {
        for resource in resources {
            for owner in ["111122223333", "444455556666"] {
                let resource = Resource::parse(resource).unwrap();
                let owner = AccountId::parse(owner);
                requests.push(Request::new(&principal, action, resource, owner, &context, &facts).unwrap());
            }
        }
    }
    let compiled = [CompiledSet::new(policies.clone()), CompiledSet::indexing_everything(policies.clone())];
    // What is looked up is built when it is first asked for.
    compiled.iter().for_each(|set| requests.iter().for_each(|request| _ = set.decide(request)));

    let _profiler = dhat::Profiler::builder().testing().build();
    let mut met = Vec::with_capacity(requests.len());
    let mut alike = true;
    let mut round = || {
        met.clear();
        let before = dhat::HeapStats::get().total_blocks;
        for request in &requests {
            let decision = decide(&policies, request).decision;
            alike &=
                compiled.iter().all(|set| set.decide(request).decision == decision && set.verdict(request) == decision);
            met.push(decision);
        }
        dhat::HeapStats::get().total_blocks - before
    };
    // Other threads, such as the test runner's, are counted too: what decisions allocate, every round has.
    let allocated = (0..10).map(|_| round()).min();

    assert_eq!(allocated, Some(0), "{} decisions", met.len());
    assert!(alike);
    assert!(met.contains(&Decision::Allowed) && met.contains(&Decision::ImplicitDeny), "{met:?}");
}
