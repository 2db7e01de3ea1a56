//! The decision, held against a second evaluator that is slow, obvious and written from the rules alone; and the laws
//! that hold whatever the policies.

use crate::asked::{Asked, is_possible, policies, together};
use crate::reference;
use crate::reference::worlds::world;
use can_access_engine::decision::{Completion, Decision, StatementReport};
use can_access_engine::index::CompiledSet;
use can_access_engine::instant::Instant;
use can_access_engine::layer::Layer;
use can_access_engine::request::ContextValue;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use std::net::IpAddr;

fn possible_world() -> impl Strategy<Value = Value> {
    world().prop_filter("a resource policy like a trust policy, with resources", is_possible)
}

fn decide(world: &Value) -> Decision {
    Asked::of(world).decide(&policies(world)).decision
}

/// The same world with everything that is a list of statements or documents turned around.
fn reversed(world: &Value) -> Value {
    let mut world = world.clone();
    let Some(kinds) = world["policies"].as_object_mut() else { return world };
    for (kind, documents) in kinds {
        let leveled = kind == "scp" || kind == "rcp";
        let groups: Vec<&mut Value> =
            if leveled { documents.as_array_mut().into_iter().flatten().collect() } else { vec![documents] };
        for group in groups {
            let Some(group) = group.as_array_mut() else { continue };
            group.reverse();
            for document in group {
                if let Some(statements) = document["Statement"].as_array_mut() {
                    statements.reverse();
                }
            }
        }
    }
    world
}

/// The keys of a world's context that a world can do without: one that is always there has its usual value then.
fn context_keys(world: &Value) -> Vec<String> {
    let keys = world["context"].as_object().into_iter().flatten().map(|(key, _)| key.clone());
    keys.filter(|key| key != "aws:SecureTransport").collect()
}

fn class(decision: Decision) -> &'static str {
    match decision {
        Decision::Allowed => "allowed",
        Decision::ExplicitDeny | Decision::ImplicitDeny => "denied",
        Decision::Depends => "depends",
    }
}

/// Whether a set operator of the policies tests a key.
fn is_tested_as_a_set(value: &Value, key: &str) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, of)| {
            let tests = || of.as_object().is_some_and(|keys| keys.keys().any(|own| own.eq_ignore_ascii_case(key)));
            name.to_lowercase().starts_with("fora") && tests() || is_tested_as_a_set(of, key)
        }),
        Value::Array(items) => items.iter().any(|item| is_tested_as_a_set(item, key)),
        _ => false,
    }
}

/// Whether a key holds what an unknown one is taken to hold (R8.15): a value of its type, if that is known, and a list only
/// if a set operator tests it.
fn is_well_formed(world: &Value, key: &str) -> bool {
    if world["context"][key].is_array() && !is_tested_as_a_set(&world["policies"], key) {
        return false;
    }
    let Some(text) = world["context"][key].as_str() else { return true };
    match key {
        "aws:CurrentTime" => Instant::parse(text).is_some(),
        "aws:SourceIp" => text.parse::<IpAddr>().is_ok(),
        _ => true,
    }
}

/// The world in which the unknown keys have these values.
fn completed(world: &Value, unknown: &[String], completion: &Completion) -> Value {
    let mut world = world.clone();
    if let Some(context) = world["context"].as_object_mut() {
        context.retain(|key, _| !unknown.contains(key));
        for (key, value) in completion {
            match value {
                Some(ContextValue::Single(text)) => _ = context.insert(key.clone(), json!(text)),
                Some(ContextValue::Multi(texts)) => _ = context.insert(key.clone(), json!(texts)),
                None => {}
            }
        }
    }
    world
}

proptest! {
    #![proptest_config(crate::cases(3_000))]

    #[test]
    fn the_decision_is_that_of_the_reference(world in possible_world()) {
        prop_assert_eq!(decide(&world).name(), reference::decide(&world), "{:#}", world);
    }

    /// Where there are so many statements that indexes are worth their while, they change nothing either.
    #[test]
    fn compiled_policies_decide_alike(worlds in prop::collection::vec(possible_world(), 1..24)) {
        let policies = together(worlds.iter().map(policies));
        let compiled = CompiledSet::new(policies.clone());
        for world in &worlds {
            let asked = Asked::of(world);
            let outcome = can_access_engine::decision::decide(&policies, &asked.request());
            prop_assert_eq!(compiled.decide(&asked.request()), outcome, "{:#}", world);
            prop_assert_eq!(compiled.verdict(&asked.request()), outcome.decision, "{:#}", world);
        }
    }

    #[test]
    fn explaining_changes_nothing(world in possible_world()) {
        let policies = policies(&world);
        let asked = Asked::of(&world);
        let explanation = asked.explain(&policies);
        prop_assert_eq!(explanation.outcome, asked.decide(&policies), "{:#}", world);
        // Of compiled policies, the statements about the action are told, and everything else alike.
        let compiled = CompiledSet::indexing_everything(policies.clone());
        let mut short = compiled.explain(&asked.request());
        short.statements.retain(|report| report.action);
        let mut all = explanation.clone();
        all.statements.retain(|report| report.action);
        prop_assert_eq!(short, all, "{:#}", world);
        // Briefly, what decided and what came nearest is told in any case.
        let mut brief = compiled.explain_briefly(&asked.request());
        for at in brief.decided_by.iter().chain(&brief.nearest) {
            prop_assert!(brief.statements.iter().any(|report| report.at == *at), "{:?} of {:#}", at, world);
        }
        prop_assert!(brief.statements.iter().all(|report| explanation.statements.contains(report)), "{:#}", world);
        let applying = |reports: &[StatementReport<'_>]| reports.iter().filter(|report| !report.applies.is_false()).count();
        prop_assert_eq!(applying(&brief.statements), applying(&explanation.statements), "{:#}", world);
        brief.statements.clone_from(&explanation.statements);
        prop_assert_eq!(&brief, &explanation, "{:#}", world);
        let blocked = explanation.outcome.blocked_by.iter().count();
        prop_assert_eq!(explanation.outcome.decision == Decision::Allowed, blocked == 0, "{:#}", world);
    }

    #[test]
    fn the_order_of_statements_and_policies_never_matters(world in possible_world()) {
        prop_assert_eq!(decide(&world), decide(&reversed(&world)), "{:#}", world);
    }

    #[test]
    fn what_a_policy_prints_reads_back(world in possible_world()) {
        let mut printed = world.clone();
        for (kind, layer) in [("identity", Layer::Identity), ("resource", Layer::Resource), ("access_point", Layer::Resource), ("boundary", Layer::Boundary), ("session", Layer::Session), ("endpoint", Layer::Endpoint)] {
            for document in printed["policies"][kind].as_array_mut().into_iter().flatten() {
                let policy = crate::asked::policy(document, layer);
                *document = policy.to_json();
                prop_assert_eq!(crate::asked::policy(document, layer).to_json(), policy.to_json());
            }
        }
        prop_assert_eq!(decide(&world), decide(&printed), "{:#}", printed);
    }

    #[test]
    fn adding_a_deny_never_allows(world in possible_world(), other in possible_world(), which in any::<Index>()) {
        let kinds = ["identity", "boundary", "session"];
        let kind = kinds[which.index(kinds.len())];
        // A Deny of another world's identity policy, added to a document that is there already.
        let statements = other["policies"]["identity"].as_array().into_iter().flatten();
        let mut statements = statements.flat_map(|document| document["Statement"].as_array().cloned().unwrap_or_default());
        let Some(mut deny) = statements.next() else { return Ok(()) };
        deny["Effect"] = json!("Deny");
        let mut denied = world.clone();
        let Some(document) = denied["policies"][kind].as_array_mut().and_then(|documents| documents.first_mut()) else { return Ok(()) };
        let Some(list) = document["Statement"].as_array_mut() else { return Ok(()) };
        list.push(deny);
        if decide(&denied) == Decision::Allowed {
            prop_assert_eq!(decide(&world), Decision::Allowed, "{:#}", denied);
        }
    }

    #[test]
    fn removing_an_allow_never_allows(world in possible_world(), which in any::<Index>()) {
        let kinds: Vec<&str> = ["identity", "boundary", "session"].into_iter().filter(|kind| world["policies"][kind].is_array()).collect();
        if kinds.is_empty() {
            return Ok(());
        }
        let mut fewer = world.clone();
        for document in fewer["policies"][kinds[which.index(kinds.len())]].as_array_mut().into_iter().flatten() {
            if let Some(statements) = document["Statement"].as_array_mut() {
                for statement in statements.iter_mut().filter(|statement| statement["Effect"] == "Allow") {
                    // An Allow of nothing: the document stays, and so does its layer.
                    statement["Action"] = json!([]);
                    statement.as_object_mut().map(|statement| statement.remove("NotAction"));
                }
            }
        }
        if decide(&fewer) == Decision::Allowed {
            prop_assert_eq!(decide(&world), Decision::Allowed, "{:#}", fewer);
        }
    }

    /// What is decided with unknown keys holds for the values they really have, and for none at all; and where it
    /// depends, the values given as examples really give both answers.
    #[test]
    fn unknown_keys_are_neither_guessed_nor_given_up_on(world in possible_world(), mask in any::<u16>()) {
        let keys: Vec<String> = context_keys(&world).into_iter().filter(|key| is_well_formed(&world, key)).collect();
        let unknown: Vec<String> = keys.iter().enumerate().filter(|(at, _)| mask >> (at % 16) & 1 == 1).map(|(_, key)| key.clone()).collect();
        let policies = policies(&world);
        let mut asked = Asked::of(&world);
        unknown.iter().for_each(|key| asked.context.mark_unknown(key));
        let explanation = asked.explain(&policies);
        let found = class(explanation.outcome.decision);
        let really = class(decide(&world));
        // Every request has a time (R8.8), so none is without.
        let absent: Vec<String> = unknown.iter().filter(|key| *key != "aws:CurrentTime").cloned().collect();
        let without = class(decide(&completed(&world, &absent, &Vec::new())));
        match &explanation.dependence {
            None => {
                prop_assert_ne!(found, "depends");
                prop_assert_eq!(found, really, "unknown {:?} in {:#}", unknown, world);
                prop_assert_eq!(found, without, "absent {:?} in {:#}", unknown, world);
            }
            Some(dependence) => {
                prop_assert!(!dependence.keys.is_empty());
                for (expected, completion) in [("allowed", &dependence.allowed_when), ("denied", &dependence.denied_when)] {
                    let Some(completion) = completion else {
                        prop_assert!(!dependence.exhaustive, "no example of {} for {:?} in {:#}", expected, unknown, world);
                        continue;
                    };
                    let example = completed(&world, &unknown, completion);
                    let given = reference::decide(&example);
                    prop_assert_eq!(expected == "allowed", given == "allowed", "{:?} in {:#}", completion, example);
                }
            }
        }
    }
}

/// The layers of a world without policies are silent, and nothing is allowed that needs a grant.
#[test]
fn nothing_is_allowed_by_no_policy() {
    let world = json!({
        "policies": {}, "context": {}, "facts": {}, "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k",
        "principal": "arn:aws:iam::111122223333:user/ann",
    });
    let outcome = Asked::of(&world).decide(&policies(&world));
    assert_eq!(outcome.decision, Decision::ImplicitDeny);
    assert!(Layer::ALL.into_iter().all(|layer| outcome.layer(layer).name() == "absent"));
}

/// The bucket's policy is held against the bucket's ARN, so that it hangs on another variable than the access point's ARN.
#[test]
fn absent_keys_are_those_of_the_arn_that_a_policy_was_held_against() {
    let world = json!({
        "policies": { "resource": [{ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": [
                "arn:aws:s3:::data/${aws:PrincipalTag/behind}/k",
                "arn:aws:s3:*:*:accesspoint/ap/object/${aws:PrincipalTag/before}/k"
            ],
        }] }] },
        "context": {}, "facts": { "access_point_bucket": "arn:aws:s3:::data" }, "action": "s3:GetObject",
        "resource": "arn:aws:s3:us-west-2:111122223333:accesspoint/ap/object/red/k",
        "principal": "arn:aws:iam::111122223333:user/ann",
    });
    let policies = policies(&world);
    let asked = Asked::of(&world);
    assert_eq!(asked.explain(&policies).absent_keys, ["aws:PrincipalTag/behind"]);
    let compiled = CompiledSet::indexing_everything(policies.clone());
    assert_eq!(compiled.explain_briefly(&asked.request()).absent_keys, ["aws:PrincipalTag/behind"]);
}

/// A request that goes to the bucket has nothing to do with the policies of its access points.
#[test]
fn a_public_access_point_does_not_make_requests_of_the_bucket_public() {
    let allow = |principal: Value, resource: &str| {
        json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": principal, "Action": "s3:*", "Resource": resource
        }] })
    };
    let decide = |resource: &str| {
        decide(&json!({
            "policies": {
                "identity": [{ "Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow", "Action": "s3:*", "Resource": "*"
                }] }],
                "resource": [allow(json!({ "AWS": "222222222222" }), "arn:aws:s3:::data/*")],
                "access_point": [allow(json!("*"), "arn:aws:s3:us-west-2:111111111111:accesspoint/ap/object/*")],
            },
            "context": {}, "facts": { "access_point_bucket": "arn:aws:s3:::data", "restrict_public_buckets": true },
            "action": "s3:GetObject", "resource": resource, "resource_account": "111111111111",
            "principal": "arn:aws:iam::222222222222:user/bob",
        }))
    };
    assert_eq!(decide("arn:aws:s3:::data/k"), Decision::Allowed);
    assert_eq!(decide("arn:aws:s3:us-west-2:111111111111:accesspoint/ap/object/k"), Decision::ImplicitDeny);
}

/// What already let one form of a request through is not what came nearest to letting the other through.
#[test]
fn a_brief_explanation_of_an_endpoint_looks_at_both_forms() {
    let statement = |resources: Value| json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": resources });
    let others = (0..100).map(|n| statement(json!(format!("arn:aws:s3:::other-{n}/*"))));
    // To the bucket's form it is near, by letter case, and no more.
    let near = statement(json!(["arn:aws:s3:us-west-2:111111111111:accesspoint/*", "arn:aws:S3:::data/*"]));
    let statements: Vec<Value> = others.chain([near]).collect();
    let world = json!({
        "policies": {
            "identity": [{ "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "s3:*", "Resource": "*"
            }] }],
            "endpoint": [{ "Version": "2012-10-17", "Statement": statements }],
        },
        "context": {}, "facts": { "access_point_bucket": "arn:aws:s3:::data" }, "action": "s3:GetObject",
        "resource": "arn:aws:s3:us-west-2:111111111111:accesspoint/ap/object/k",
        "principal": "arn:aws:iam::111111111111:user/ann",
    });
    let compiled = CompiledSet::new(policies(&world));
    let asked = Asked::of(&world);
    let all = compiled.explain(&asked.request());
    assert!(all.nearest.is_some());
    assert_eq!(compiled.explain_briefly(&asked.request()).nearest, all.nearest);
}

/// Of many statements about the action, those about the resource are told briefly, and all where none came near.
#[test]
fn a_brief_explanation_is_brief() {
    let statement = |bucket: usize| json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::data-{bucket}/*") });
    let statements: Vec<Value> = (0..100).map(statement).collect();
    let world = |bucket: &str| {
        json!({
            "policies": { "identity": [{ "Version": "2012-10-17", "Statement": statements }] },
            "context": {}, "facts": {}, "action": "s3:GetObject", "resource": format!("arn:aws:s3:::{bucket}/k"),
            "principal": "arn:aws:iam::111122223333:user/ann",
        })
    };
    let compiled = CompiledSet::new(policies(&world("data-7")));
    for (bucket, brief) in [("data-7", 1), ("elsewhere", 100)] {
        let asked = Asked::of(&world(bucket));
        assert_eq!(compiled.explain(&asked.request()).statements.len(), 100);
        assert_eq!(compiled.explain_briefly(&asked.request()).statements.len(), brief, "{bucket}");
    }
}

/// What stands in for a key without a value is not what letter case keeps from fitting.
#[test]
fn a_default_counts_only_where_the_key_has_no_value() {
    let world = |asked: &str, context: Value| {
        json!({
            "policies": { "identity": [{ "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:S3:::b/${aws:PrincipalTag/team, 'red'}/k"
            }] }] },
            "context": context, "facts": {}, "action": "s3:GetObject", "resource": format!("arn:aws:s3:::b/{asked}/k"),
            "principal": "arn:aws:iam::111122223333:user/ann",
        })
    };
    let by_case = &["R3.10"][..];
    for (asked, team, wanted) in [
        ("red", None, by_case),
        ("red", Some("red"), by_case),
        ("red", Some("blue"), &[]),
        ("blue", Some("blue"), by_case),
        ("blue", None, &[]),
    ] {
        let world = world(asked, team.map_or(json!({}), |team| json!({ "aws:PrincipalTag/team": team })));
        let unsettled = Asked::of(&world).explain(&policies(&world)).unsettled;
        assert_eq!(unsettled.iter().map(|rule| rule.as_str()).collect::<Vec<_>>(), wanted, "{team:?} {asked}");
    }
}
