//! What is found of one request holds for all others of its kind.

use crate::asked::{Asked, is_possible, policies, together};
use crate::reference::worlds::world;
use can_access_engine::decision::Explanation;
use can_access_engine::index::{CompiledSet, Kinds, RequestKind};
use can_access_engine::request::{Context, ContextValue, Principal, Request, Resource};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// How a request differs from others: whose principal and action, resource and context it has, whether the principal has
/// an id, what becomes of the name of the resource, and what of the context.
type Variation = ([Index; 3], bool, usize, usize);

fn worlds() -> impl Strategy<Value = Vec<Value>> {
    let world = world().prop_filter("a resource policy like a trust policy, with resources", is_possible);
    prop::collection::vec(world, 1..6)
}

fn variations() -> impl Strategy<Value = Vec<Variation>> {
    prop::collection::vec((any::<[Index; 3]>(), any::<bool>(), 0_usize..7, 0_usize..9), 12..40)
}

fn identified(principal: &Principal) -> Principal {
    let with_id = |id| principal.clone().with_id(id).ok();
    with_id("AIDAEXAMPLEANN").or_else(|| with_id("AROAEXAMPLEWEB")).unwrap_or_else(|| principal.clone())
}

fn renamed(resource: &str, how: usize) -> String {
    match how {
        _ if resource == "*" => resource.to_owned(),
        0 => format!("{resource}x"),
        1 => format!("{resource}y"),
        2 => resource.replace(":s3:", ":S3:"),
        3 => format!("{resource}:z"),
        _ => resource.to_owned(),
    }
}

fn changed(context: &Context, how: usize) -> Context {
    let mut context = context.clone();
    let text = |text: &str| ContextValue::Single(text.to_owned());
    match how {
        0 => context.insert("aws:RequestTag/of-no-policy", text("a")).unwrap(),
        1 => context.insert("aws:RequestTag/of-no-policy", text("b")).unwrap(),
        2 => context.insert("AWS:SECURETRANSPORT", text("true")).unwrap(),
        3 => context.insert("aws:PrincipalTag/Team", text("red")).unwrap(),
        4 => context.mark_unknown("aws:SourceIp"),
        5 => context.mark_unknown("aws:RequestTag/of-no-policy"),
        6 => context.mark_absent("aws:SecureTransport"),
        _ => {}
    }
    context
}

/// Shows explanations of requests of one kind to `look`, two by two.
fn each_two<'p>(
    compiled: &'p CompiledSet,
    worlds: &[Value],
    variations: &[Variation],
    mut look: impl FnMut(&Explanation<'p>, &Explanation<'p>, &Request<'_>, bool) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let asked: Vec<Asked> = worlds.iter().map(Asked::of).collect();
    let mut kinds = Kinds::of(compiled);
    let mut kind = RequestKind::default();
    let mut known: HashMap<RequestKind, (String, Explanation<'p>)> = HashMap::new();
    for ([who, what, when], is_identified, name, around) in variations {
        let of = |index: &Index| &asked[index.index(asked.len())];
        let (who, what, when) = (of(who), of(what), of(when));
        let (resource, context) = (renamed(&what.resource, *name), changed(&when.context, *around));
        let (account, facts) = (what.resource_account, &asked[0].facts);
        let parsed = Resource::parse(&resource).unwrap();
        let principal = if *is_identified { identified(&who.principal) } else { who.principal.clone() };
        let Ok(request) = Request::new(&principal, &who.action, parsed, account, &context, facts) else { continue };
        let request = if *name == 6 { request.on_everything() } else { request };
        if !kinds.tell(&request, &mut kind) {
            continue;
        }
        let mut explanation = compiled.explain_briefly(&request);
        explanation.statements.retain(|report| report.action);
        match known.entry(kind.clone()) {
            Entry::Occupied(slot) => {
                let (other, earlier) = slot.get();
                look(earlier, &explanation, &request, *other != resource)?;
            }
            Entry::Vacant(slot) => _ = slot.insert((resource.clone(), explanation)),
        }
    }
    Ok(())
}

fn compiled(worlds: &[Value]) -> [CompiledSet; 2] {
    let policies = together(worlds.iter().map(policies));
    [CompiledSet::new(policies.clone()), CompiledSet::indexing_everything(policies)]
}

proptest! {
    #![proptest_config(crate::cases(3_000))]

    #[test]
    fn requests_of_one_kind_have_one_explanation(worlds in worlds(), variations in variations()) {
        for compiled in &compiled(&worlds) {
            each_two(compiled, &worlds, &variations, |one, other, request, _| {
                let told = |explanation: &Explanation<'_>| {
                    let reports = explanation.statements.iter();
                    let reports: Vec<_> = reports
                        .map(|report| (report.at, report.resource, report.applies, report.conditions.clone()))
                        .collect();
                    let Explanation { decided_by, nearest, absent_keys, assumptions, unsettled, .. } = explanation;
                    format!("{:?}", (explanation.outcome, decided_by, nearest, absent_keys, assumptions, unsettled, reports))
                };
                prop_assert_eq!(told(one), told(other), "{:?} of {}", request, json!(worlds));
                prop_assert!(one == other, "{:?} of {}", request, json!(worlds));
                Ok(())
            })?;
        }
    }
}

/// The property says nothing unless many requests are of one kind, and differ all the same.
#[test]
fn many_requests_are_of_one_kind() {
    let mut runner = TestRunner::deterministic();
    let (mut alike, mut renamed) = (0, 0);
    for _ in 0..100 {
        let worlds = worlds().new_tree(&mut runner).unwrap().current();
        let variations = variations().new_tree(&mut runner).unwrap().current();
        let [compiled, _] = &compiled(&worlds);
        let counted = each_two(compiled, &worlds, &variations, |_, _, _, is_renamed| {
            alike += 1;
            renamed += usize::from(is_renamed);
            Ok(())
        });
        assert!(counted.is_ok());
    }
    assert!(alike > 300 && renamed > 100, "{alike} {renamed}");
}

/// An entry that would fit if a star before the last part reached beyond a colon (R3.4) is told of, where another entry fits.
#[test]
fn kinds_tell_what_would_fit_in_another_reading() {
    let world = |resource: &str| {
        json!({
            "policies": { "identity": [{ "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::data/*", "arn:aws:s3:*:*:z"],
            }] }] },
            "context": {}, "facts": {}, "action": "s3:GetObject", "resource": resource,
            "principal": "arn:aws:iam::111122223333:user/ann",
        })
    };
    let [compiled, _] = &compiled(&[world("arn:aws:s3:::data/k")]);
    let mut kinds = Kinds::of(compiled);
    let mut kind_of = |resource| {
        let (asked, mut kind) = (Asked::of(&world(resource)), RequestKind::default());
        assert!(kinds.tell(&asked.request(), &mut kind));
        (kind, compiled.explain_briefly(&asked.request()).unsettled)
    };
    let (plain, other, across) = ("arn:aws:s3:::data/k", "arn:aws:s3:::data/l", "arn:aws:s3:::data/k:z");
    assert_eq!(kind_of(plain), kind_of(other));
    assert_ne!(kind_of(plain).1, kind_of(across).1);
    assert_ne!(kind_of(plain).0, kind_of(across).0);
}

/// What hangs on more than patterns and keys is of no kind.
#[test]
fn what_hangs_on_more_is_of_no_kind() {
    let world = |principal: &str, action: &str, resource: &str, context: Value| {
        json!({
            "policies": { "identity": [{ "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": ["s3:*", "sts:*", "kms:*", "iam:*"], "Resource": "*",
                "Condition": { "StringLike": { "aws:PrincipalTag/team": "*" } },
            }] }] },
            "context": context, "facts": {}, "action": action, "resource": resource, "principal": principal,
        })
    };
    let (ann, service) = ("arn:aws:iam::111122223333:user/ann", "lambda.amazonaws.com");
    let object = "arn:aws:s3:::data/k";
    let cases = [
        (ann, "s3:GetObject", object, true),
        (service, "s3:GetObject", object, false),
        (ann, "s3:GetObject", "arn:aws:s3:us-west-2:111122223333:accesspoint/ap/object/k", false),
        (ann, "kms:CreateAlias", object, false),
        (ann, "iam:PassRole", object, false),
        (ann, "s3:GetObject", "arn:aws:kms:us-west-2:111122223333:key/k", false),
        (ann, "sts:AssumeRole", "arn:aws:iam::111122223333:role/r", false),
        (ann, "sts:AssumeRole", "*", true),
    ];
    for (principal, action, resource, wanted) in cases {
        let mut asked = Asked::of(&world(principal, action, resource, json!({ "aws:PrincipalTag/team": "red" })));
        let [compiled, _] = &compiled(&[world(principal, action, resource, json!({}))]);
        let is_of_kind = |asked: &Asked| Kinds::of(compiled).tell(&asked.request(), &mut RequestKind::default());
        assert_eq!(is_of_kind(&asked), wanted, "{principal} {action} {resource}");
        asked.context.mark_unknown("aws:PrincipalTag/team");
        assert!(!is_of_kind(&asked));
    }
}
