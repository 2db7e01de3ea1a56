//! Evidence is the same however its parts are put together, and what is derived from it keeps its promises.

use crate::cases;
use can_access_engine::decision::{Decision, decide};
use can_access_engine::derivation::{Evidence, Form, Group, Kind, Options, Precision, Proof, derive};
use can_access_engine::layer::Layer;
use can_access_engine::policy::{Policy, PolicySet};
use can_access_engine::problem::Source;
use can_access_engine::request::{Action, Context, Facts, Principal, Request, Resource};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::sync::Arc;
use wildmatch::WildMatch;

/// A request that a log proves something about.
#[derive(Debug, Clone)]
struct Seen {
    principal: usize,
    action: usize,
    name: String,
    allowed: bool,
    time: i64,
}

fn names() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        3 => select(vec!["data", "logs", "tmp", "ann", "secret", "_temporary"]).prop_map(str::to_owned),
        2 => (10_u32..30).prop_map(|day| format!("2026-11-{day}")),
        2 => any::<u32>().prop_map(|id| format!("{id:08x}")),
        1 => (0_u32..200).prop_map(|part| format!("part-{part:05}.gz")),
        1 => select(vec!["a*b", "x?y", "${aws:username}", "$", "é b", "_$folder$", ""]).prop_map(str::to_owned),
    ];
    vec(segment, 1..4).prop_map(|segments| segments.join("/"))
}

fn seen() -> impl Strategy<Value = Seen> {
    (0..3_usize, 0..3_usize, names(), prop::bool::weighted(0.8), 0..2_000_000_i64)
        .prop_map(|(principal, action, name, allowed, time)| Seen { principal, action, name, allowed, time })
}

const PRINCIPALS: [&str; 3] = [
    "arn:aws:iam::111122223333:user/ann",
    "arn:aws:iam::111122223333:user/team/bob",
    "arn:aws:iam::111122223333:role/export",
];
const ACTIONS: [&str; 3] = ["s3:GetObject", "s3:DeleteObject", "s3:ListBucket"];

fn evidence(all: &[Seen]) -> Evidence {
    let mut evidence = Evidence::new();
    for (line, seen) in all.iter().enumerate() {
        let (kind, scope) = match (seen.action, seen.name.as_str()) {
            (2, "") => (Kind::Whole, "arn:aws:s3:::acme"),
            (2, _) => (Kind::Prefix, "arn:aws:s3:::acme"),
            _ => (Kind::Name, "arn:aws:s3:::acme/"),
        };
        let group = evidence.group(Group {
            principal: PRINCIPALS[seen.principal].to_owned(),
            action: ACTIONS[seen.action].to_owned(),
            scope: scope.to_owned(),
            kind,
            proof: if seen.allowed { Proof::Allowed } else { Proof::Refused },
        });
        evidence.add(group, seen.name.as_bytes(), seen.time, (0, line as u64 % 7), seen.allowed);
    }
    evidence
}

fn stored(evidence: &Evidence) -> String {
    serde_json::to_string(evidence).unwrap()
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn parts_of_evidence_make_the_same_whole_in_any_order(
        all in vec(seen(), 1..200), cut in any::<prop::sample::Index>(), again in any::<bool>()
    ) {
        let at = cut.index(all.len());
        // Lines are numbered within the whole.
        let (mut first, mut second) = (all.clone(), all.clone());
        first.truncate(at);
        second.drain(..at);
        let (one, two) = (|| evidence(&first), || evidence(&second));
        let mut forwards = one();
        forwards.merge(two());
        let mut backwards = two();
        backwards.merge(one());
        if again {
            backwards.merge(one());
        }
        prop_assert_eq!(stored(&forwards), stored(&backwards));
        let restored: Evidence = serde_json::from_str(&stored(&forwards)).unwrap();
        prop_assert_eq!(stored(&restored), stored(&forwards));
    }

    #[test]
    fn what_is_derived_allows_what_was_allowed_and_nothing_that_was_refused(
        all in vec(seen(), 1..60),
        form in select(vec![Form::Identity, Form::IdentityEach, Form::Bucket]),
        precision in select(vec![Precision::Strict, Precision::Balanced, Precision::Broad])
    ) {
        let evidence = evidence(&all);
        let options = Options { form, precision, ..Options::default() };
        for derived in derive(&evidence, &options).map_err(|unproven| TestCaseError::fail(unproven.to_string()))? {
            prop_assert_eq!(derived.needed, derived.allowed);
            prop_assert_eq!(derived.refused_matched, 0);
        }
    }
}

/// A policy of the owner of a bucket, in a few patterns of keys for each action.
fn truth() -> impl Strategy<Value = Vec<(usize, String)>> {
    let pattern = select(vec![
        "data/*",
        "*/part-*",
        "logs/*",
        "*",
        "tmp/2026-11-1?/*",
        "ann/*",
        "*_$folder$",
        "data/??????",
        "x",
    ]);
    vec((0..2_usize, pattern.prop_map(str::to_owned)), 1..4)
}

fn granted(truth: &[(usize, String)], action: usize, name: &str) -> bool {
    truth.iter().any(|(of, pattern)| *of == action && WildMatch::new(pattern).matches(name))
}

/// Whether a derived policy allows an action on a key.
fn allows(policy: &str, action: usize, name: &str) -> bool {
    let policy = Policy::read(Source::new("derived.json", policy), Layer::Identity).unwrap();
    let policies = PolicySet { identity: vec![Arc::new(policy)], ..PolicySet::default() };
    let principal = Principal::parse(PRINCIPALS[2]).unwrap();
    let action = Action::parse(ACTIONS[action]).unwrap();
    let resource = format!("arn:aws:s3:::acme/{name}");
    let (context, facts) = (Context::new(), Facts::default());
    let account = principal.account().copied();
    let request = Request::new(&principal, &action, Resource::parse(&resource).unwrap(), account, &context, &facts);
    decide(&policies, &request.unwrap()).decision == Decision::Allowed
}

proptest! {
    #![proptest_config(cases(100))]

    /// REPLAY §5.6: whatever is asked of those who have a policy, what is derived from the answers allows all that it allowed
    /// and nothing that it denied; more requests take nothing away that was needed before.
    #[test]
    fn a_policy_that_is_derived_from_answers_is_within_the_one_that_gave_them(
        truth in truth(),
        asked in vec((0..2_usize, names(), 0..2_000_000_i64), 1..60),
        cut in any::<prop::sample::Index>(),
        precision in select(vec![Precision::Strict, Precision::Balanced, Precision::Broad])
    ) {
        let answers: Vec<Seen> = asked
            .iter()
            .filter(|(_, name, _)| !name.is_empty())
            .map(|(action, name, time)| {
                let allowed = granted(&truth, *action, name);
                Seen { principal: 2, action: *action, name: name.clone(), allowed, time: *time }
            })
            .collect();
        let options = Options { precision, ..Options::default() };
        let policy = |answers: &[Seen]| -> Result<Option<String>, TestCaseError> {
            let derived = derive(&evidence(answers), &options).map_err(|why| TestCaseError::fail(why.to_string()))?;
            Ok(derived.into_iter().next().map(|derived| derived.text))
        };
        let whole = policy(&answers)?;
        for seen in &answers {
            let allowed = whole.as_ref().is_some_and(|whole| allows(whole, seen.action, &seen.name));
            prop_assert_eq!(allowed, seen.allowed, "{:?} {:?}", seen, whole);
        }
        let first = &answers[..cut.index(answers.len() + 1)];
        if let Some(before) = policy(first)? {
            for seen in first.iter().filter(|seen| allows(&before, seen.action, &seen.name)) {
                prop_assert!(allows(whole.as_ref().unwrap(), seen.action, &seen.name), "{:?}", seen);
            }
        }
    }
}

/// Sets that outgrow every level are the same in whatever order they grew.
#[test]
fn large_sets_of_names_do_not_depend_on_their_order() {
    let name = |number: u32| match number % 5 {
        0 => format!("data/2026-11-{:02}/{:08x}-{number}", number % 28 + 1, number.wrapping_mul(2_654_435_761)),
        1 => format!("names/{}/x{number}y/k", ["red", "green", "blue"][number as usize % 3]),
        2 => format!("w{}/{}", letters(number), letters(number / 7)),
        3 => format!("{}.{}", letters(number), letters(number % 40)),
        _ => format!("logs/{number}"),
    };
    let all: Vec<Seen> = (0..12_000)
        .map(|number| Seen { principal: 2, action: 0, name: name(number), allowed: true, time: i64::from(number) * 60 })
        .collect();
    let parts: Vec<&[Seen]> = all.chunks(1_700).collect();
    let merge = |order: &[usize]| {
        let mut whole = Evidence::new();
        order.iter().for_each(|part| whole.merge(evidence(parts[*part])));
        stored(&whole)
    };
    let wanted = merge(&[0, 1, 2, 3, 4, 5, 6, 7]);
    assert!(wanted.len() < 2_000_000, "{}", wanted.len());
    assert_eq!(merge(&[7, 3, 1, 0, 2, 6, 5, 4]), wanted);
    assert_eq!(merge(&[5, 4, 4, 6, 7, 0, 1, 3, 2]), wanted);
}

/// A word of its own for each number.
fn letters(number: u32) -> String {
    let mut rest = number;
    let mut word = String::new();
    for _ in 0..4 {
        word.push(char::from(b'a' + u8::try_from(rest % 26).unwrap()));
        rest /= 26;
    }
    word
}
