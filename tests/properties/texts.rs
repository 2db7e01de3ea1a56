//! Texts and patterns against independent readers of them, and whatever bytes there are.

use crate::reference;
use can_access_engine::document::{self, Node, Value};
use can_access_engine::layer::Layer;
use can_access_engine::pattern::{Pattern, Syntax};
use can_access_engine::policy::{Policy, PolicySet};
use can_access_engine::problem::{Code, Source};
use can_access_engine::request::{Action, Context, Facts, Principal, Request, Resource};
use proptest::prelude::*;
use proptest::sample::Index;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use wildmatch::WildMatch;

/// Whether our reader takes a text as JSON, duplicate names aside.
fn is_json(reading: &document::Reading) -> bool {
    reading.problems.iter().all(|problem| !problem.is_error() || problem.code == Code::DuplicateName)
}

/// Whether two readers agree on a value; of duplicate names `serde_json` keeps the last.
fn same(node: &Node, other: &serde_json::Value) -> bool {
    match (&node.value, other) {
        (Value::Null, serde_json::Value::Null) => true,
        (Value::Bool(own), serde_json::Value::Bool(other)) => own == other,
        (Value::Number(own), serde_json::Value::Number(_)) => {
            serde_json::from_str::<serde_json::Value>(own).is_ok_and(|own| own == *other)
        }
        (Value::String(own), serde_json::Value::String(other)) => own == other,
        (Value::Array(own), serde_json::Value::Array(other)) => {
            own.len() == other.len() && own.iter().zip(other).all(|(own, other)| same(own, other))
        }
        (Value::Object(own), serde_json::Value::Object(other)) => {
            let last = |name: &str| own.iter().rev().find(|member| member.name == name);
            other.iter().all(|(name, value)| last(name).is_some_and(|member| same(&member.value, value)))
                && own.iter().all(|member| other.contains_key(&*member.name))
        }
        _ => false,
    }
}

/// Holds both readers of JSON against each other.
fn compare(text: &str) -> Result<(), TestCaseError> {
    let reading = document::read(text);
    for problem in &reading.problems {
        prop_assert!(
            problem.span.start <= problem.span.end && problem.span.end <= text.len(),
            "{problem:?} in {text:?}"
        );
    }
    // A byte-order mark is no JSON for `serde_json`, and a warning here.
    match serde_json::from_str::<serde_json::Value>(text.strip_prefix('\u{FEFF}').unwrap_or(text)) {
        Ok(value) => {
            prop_assert!(is_json(&reading), "{:?} in {text:?}", reading.problems);
            prop_assert!(
                reading.root.as_ref().is_some_and(|root| same(root, &value)),
                "{:?} is not {value} in {text:?}",
                reading.root
            );
        }
        // Numbers beyond a float's range are JSON all the same.
        Err(error) if error.to_string().starts_with("number out of range") => {}
        Err(error) => prop_assert!(!is_json(&reading), "{error} in {text:?}"),
    }
    Ok(())
}

/// Every document of the corpus.
fn corpus() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("corpus")];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                found.push(fs::read(path).unwrap());
            }
        }
    }
    assert!(found.len() > 50, "the corpus is where the tests look for it");
    found
}

fn json_like() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        4 => prop::sample::select(vec!["{", "}", "[", "]", ",", ":", " ", "\n", "\"", "'", "\\", "/", "//", "/*", "*/", "#", "“", "”", "\u{a0}", "\u{feff}"]),
        3 => prop::sample::select(vec!["null", "true", "false", "0", "-1", "01", "1.5", "1e5", "1E+400", "-", "+", ".", "e", "tru", "None", "\\u00e9", "\\ud800", "\\udc00", "\\n", "\\x"]),
        3 => prop::sample::select(vec!["\"a\"", "\"b\"", "\"Effect\"", "\"a\":1", "\"a\" : [", "{\"a\":", "\"é\"", "1.", "=", ";", "x", "${y}", "{{z}}", "...", "\t", "\r\n", "\u{0}"]),
    ];
    prop::collection::vec(token, 0..24).prop_map(|tokens| tokens.concat())
}

fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_filter_map("finite", |number| serde_json::Number::from_f64(number).map(Into::into)),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

const ALPHABET: [&str; 14] = ["*", "*", "?", "/", ":", "$", "{", "}", "é", "\n", "a", "b", "a", "[!b]"];

fn pattern_text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(ALPHABET.to_vec()), 0..14).prop_map(|parts| parts.concat())
}

/// Reads a text as every kind of policy, and asks what comes out of it.
fn use_as_policy(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    _ = document::decode(bytes.to_vec());
    for layer in Layer::ALL {
        let source = Source::new("p.json", text.as_str());
        if let Err(refused) = Policy::read(Arc::clone(&source), layer) {
            assert!(!refused.to_string().is_empty());
        }
        let Some((policy, _)) = Policy::read_leniently(source, layer) else { continue };
        let policy = vec![Arc::new(policy)];
        let policies = PolicySet {
            identity: policy.clone(),
            resource: policy.clone(),
            boundary: policy.clone(),
            scp: vec![policy],
            ..PolicySet::default()
        };
        let principal = Principal::parse("arn:aws:iam::111122223333:user/ann").unwrap();
        let action = Action::parse("s3:GetObject").unwrap();
        let (mut context, facts) = (Context::new(), Facts::default());
        context.mark_others_unknown();
        let resource = Resource::parse("arn:aws:s3:::b/k").unwrap();
        let request = Request::new(&principal, &action, resource, None, &context, &facts).unwrap();
        _ = can_access_engine::decision::explain(&policies, &request);
    }
}

proptest! {
    #![proptest_config(crate::cases(4_000))]

    #[test]
    fn patterns_fit_what_wildmatch_and_the_recursive_reference_say(pattern in pattern_text(), text in pattern_text()) {
        let own = Pattern::parse(&pattern, Syntax::WILDCARDS).0.is_match(&text);
        prop_assert_eq!(own, WildMatch::new(&pattern).matches(&text));
        prop_assert_eq!(own, reference::glob(&pattern, &text));
    }

    /// Random texts rarely fit: here the text is made from the pattern.
    #[test]
    fn patterns_fit_what_is_made_from_them(pattern in pattern_text(), fill in prop::collection::vec(prop::sample::select(vec!["", "a", "/", "é", "ab", "\n"]), 14)) {
        let mut fill = fill.into_iter();
        let text: String = pattern.chars().map(|c| match c {
            '*' => fill.next().unwrap_or_default().to_owned(),
            '?' => fill.next().and_then(|text| text.chars().next()).unwrap_or('x').to_string(),
            other => other.to_string(),
        }).collect();
        prop_assert!(Pattern::parse(&pattern, Syntax::WILDCARDS).0.is_match(&text), "{:?} {:?}", pattern, text);
        prop_assert!(WildMatch::new(&pattern).matches(&text));
    }

    #[test]
    fn what_a_pattern_prints_reads_back(pattern in pattern_text()) {
        let (compiled, mistakes) = Pattern::parse(&pattern, Syntax::RESOURCE);
        if mistakes.is_empty() {
            prop_assert_eq!(Pattern::parse(&compiled.to_string(), Syntax::RESOURCE).0, compiled);
        }
    }

    #[test]
    fn an_escaped_text_fits_itself_alone(text in pattern_text(), other in pattern_text()) {
        let pattern = Pattern::parse(&Pattern::literal(&text).to_string(), Syntax::RESOURCE).0;
        prop_assert!(pattern.is_match(&text));
        prop_assert_eq!(pattern.is_match(&other), text == other);
    }

    #[test]
    fn both_readers_agree_on_texts_like_json(text in json_like()) {
        compare(&text)?;
    }

    #[test]
    fn both_readers_agree_on_json(value in json_value(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        compare(&text.unwrap())?;
    }

    #[test]
    fn both_readers_agree_on_any_text(text in any::<String>()) {
        compare(&text)?;
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        use_as_policy(&bytes);
    }

    #[test]
    fn mutated_documents_are_read_without_a_panic(which in any::<Index>(), cuts in prop::collection::vec((any::<Index>(), any::<Index>(), any::<u8>()), 1..4)) {
        let documents = corpus();
        let mut bytes = documents[which.index(documents.len())].clone();
        bytes.truncate(6_000);
        for (from, length, byte) in cuts {
            if bytes.is_empty() {
                break;
            }
            let at = from.index(bytes.len());
            match byte % 4 {
                0 => { bytes.remove(at); }
                1 => bytes.insert(at, byte),
                2 => { let end = (at + length.index(40)).min(bytes.len()); bytes.drain(at..end); }
                _ => { let end = (at + length.index(40)).min(bytes.len()); let copy = bytes[at..end].to_vec(); bytes.splice(at..at, copy); }
            }
        }
        if let Ok(text) = std::str::from_utf8(&bytes) {
            compare(text)?;
        }
        use_as_policy(&bytes);
    }
}

#[test]
fn both_readers_agree_on_the_corpus() {
    for bytes in corpus() {
        if let Ok(text) = std::str::from_utf8(&bytes) {
            compare(text).unwrap();
        }
    }
}

#[test]
fn both_readers_stop_at_the_same_depth() {
    for depth in [1, 126, 127, 128, 129, 400] {
        compare(&format!("{}{}", "[".repeat(depth), "]".repeat(depth))).unwrap();
        compare(&format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth))).unwrap();
    }
}

/// Nothing about a hostile key costs more than its length: these take seconds in a backtracking matcher.
#[test]
fn hostile_patterns_are_decided() {
    let key = "a".repeat(200_000);
    for (pattern, fits) in [
        ("*aaaaaaaaaaaaaaaaaaaaaaaaaab".to_owned(), false),
        (format!("{}b", "*a".repeat(20)), false),
        (format!("{}*", "*a".repeat(20)), true),
        (format!("*{}b*", "a".repeat(1_000)), false),
        ("*?*?*?b".to_owned(), false),
    ] {
        assert_eq!(Pattern::parse(&pattern, Syntax::WILDCARDS).0.is_match(&key), fits, "{pattern}");
    }
}

#[test]
fn what_is_shared_between_threads_can_be() {
    fn shared<T: Send + Sync>() {}
    shared::<Policy>();
    shared::<PolicySet>();
    shared::<Principal>();
    shared::<Context>();
    shared::<Facts>();
    shared::<Request<'_>>();
    shared::<can_access_engine::decision::Explanation<'_>>();
    shared::<can_access_engine::policy::Refused>();
}
