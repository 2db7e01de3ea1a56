//! Strategies for property tests of policies: ARNs, actions, contexts and requests that lie near what a policy says.
//!
//! Random input alone hardly ever meets a policy. These strategies draw from the policy's own text: keys at, around and
//! off its literals, resources that fit its patterns and that just miss them.

use crate::condition::{ConditionValue, Family, Operand};
use crate::key::{ConditionKey, Shape};
use crate::pattern::Pattern;
use crate::policy::Policy;
use crate::request::{Action, Context, ContextValue, Resource};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Object keys and other names, from tame to hostile.
fn name() -> impl Strategy<Value = String> + Clone {
    let piece = select(vec![
        "a",
        "b",
        "data",
        "logs",
        "2017-02-02",
        "part-0001",
        "_$folder$",
        "x.instruction",
        "é",
        "*",
        "?",
        "$",
        "${x}",
        " ",
        "\n",
        "..",
        "%2F",
        "+",
    ]);
    vec(piece, 1..4).prop_map(|pieces| pieces.concat())
}

fn path() -> impl Strategy<Value = String> + Clone {
    vec(name(), 1..4).prop_map(|names| names.join("/"))
}

/// ARNs that start with `prefix`, such as objects of a folder: the prefix itself and anything behind it.
///
/// ```
/// use can_access_engine::strategy::arn_under;
/// use proptest::prelude::*;
/// proptest!(|(arn in arn_under("arn:aws:s3:::b/logs/"))| prop_assert!(arn.starts_with("arn:aws:s3:::b/logs/")));
/// ```
pub fn arn_under(prefix: &str) -> impl Strategy<Value = String> + use<> {
    let prefix = prefix.to_owned();
    prop_oneof![1 => Just(String::new()), 8 => path()].prop_map(move |rest| format!("{prefix}{rest}"))
}

/// ARNs near `prefix` that do not start with it: cut short, in other case, in another bucket, or with something in
/// between.
///
/// ```
/// use can_access_engine::strategy::arn_outside;
/// use proptest::prelude::*;
/// proptest!(|(arn in arn_outside("arn:aws:s3:::b/logs/"))| prop_assert!(!arn.starts_with("arn:aws:s3:::b/logs/")));
/// ```
pub fn arn_outside(prefix: &str) -> impl Strategy<Value = String> + use<> {
    let prefix = prefix.to_owned();
    let (head, last) = match prefix.splitn(6, ':').last() {
        Some(last) => (prefix[..prefix.len() - last.len()].to_owned(), last.to_owned()),
        None => (prefix.clone(), String::new()),
    };
    let cuts: Vec<String> =
        last.char_indices().map(|(at, _)| last[..at].to_owned()).filter(|cut| !cut.is_empty()).collect();
    let cut = select(if cuts.is_empty() { vec!["other".to_owned()] } else { cuts });
    let near = prop_oneof![
        (cut.clone(), path()).prop_map(|(cut, rest)| format!("{cut}{rest}")),
        (cut, path()).prop_map(|(cut, rest)| format!("{cut}/{rest}")),
        (Just(last.clone()), path()).prop_map(|(last, rest)| format!("{}{rest}", last.to_uppercase())),
        (Just(last), path()).prop_map(|(last, rest)| format!("x{last}{rest}")),
        path(),
    ];
    let whole = near.prop_map(move |last| format!("{head}{last}"));
    whole.prop_filter("outside the prefix", move |arn| !arn.starts_with(&prefix))
}

/// Actions that match a pattern such as `s3:Get*`, in any letter case.
///
/// ```
/// use can_access_engine::action::ActionPattern;
/// use can_access_engine::strategy::action_matching;
/// use proptest::prelude::*;
/// let pattern = ActionPattern::parse("s3:Get*");
/// proptest!(|(action in action_matching("s3:Get*"))| prop_assert!(pattern.matches(&action)));
/// ```
pub fn action_matching(pattern: &str) -> impl Strategy<Value = Action> + use<> {
    let pattern = if pattern.bytes().all(|byte| byte == b'*') { "*:*".to_owned() } else { pattern.to_owned() };
    let word = select(vec!["Object", "Bucket", "Item", "Get", "List", "x", "ObjectAcl", "TaggingV2"]);
    (vec(word, 8), any::<bool>()).prop_filter_map("an action", move |(words, lower)| {
        let mut words = words.into_iter();
        let text: String = pattern
            .chars()
            .map(|c| match c {
                '*' => words.next().unwrap_or("x").to_owned(),
                '?' => "x".to_owned(),
                other => other.to_string(),
            })
            .collect();
        Action::parse(&if lower { text.to_lowercase() } else { text }).ok()
    })
}

/// Actions near those a policy names: matching its patterns, and some that match none.
///
/// ```
/// # use can_access_engine::{layer::Layer, policy::Policy, problem::Source, strategy::action_near};
/// # use proptest::prelude::*;
/// let text = r#"{ "Statement": { "Effect": "Allow", "Action": "s3:Get*", "Resource": "*" } }"#;
/// let policy = Policy::read(Source::new("p.json", text), Layer::Identity).unwrap();
/// proptest!(|(action in action_near(&policy))| prop_assert!(!action.as_str().is_empty()));
/// ```
pub fn action_near(policy: &Policy) -> impl Strategy<Value = Action> + use<> {
    let entries = policy.statements().iter().flat_map(|statement| statement.action().entries());
    let mut patterns: Vec<String> = entries.map(|entry| entry.as_str().to_owned()).collect();
    patterns.extend(["s3:GetObject", "s3:DeleteObject", "iam:PassRole"].map(str::to_owned));
    select(patterns).prop_flat_map(|pattern| {
        let fallback = || Action::parse("s3:GetObject").unwrap_or_else(|_| unreachable!("a well-formed action"));
        prop_oneof![8 => action_matching(&pattern), 1 => Just(fallback())]
    })
}

/// Resources near those a policy names: fitting its patterns, just missing them, `*`, and others.
///
/// ```
/// # use can_access_engine::{layer::Layer, policy::Policy, problem::Source, request::Resource, strategy::resource_near};
/// # use proptest::prelude::*;
/// let text = r#"{ "Statement": { "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*" } }"#;
/// let policy = Policy::read(Source::new("p.json", text), Layer::Identity).unwrap();
/// proptest!(|(arn in resource_near(&policy))| prop_assert!(Resource::parse(&arn).is_ok()));
/// ```
pub fn resource_near(policy: &Policy) -> impl Strategy<Value = String> + use<> {
    let entries =
        policy.statements().iter().filter_map(|statement| statement.resource()).flat_map(|element| element.entries());
    let mut patterns: Vec<String> = entries.map(|entry| entry.as_str().to_owned()).collect();
    patterns.extend(["*", "arn:aws:s3:::other/*"].map(str::to_owned));
    let fitting = (select(patterns), vec(path(), 6)).prop_map(|(pattern, mut fill)| {
        if pattern.bytes().all(|byte| byte == b'*') {
            return pattern;
        }
        let mut filled = String::new();
        for c in pattern.chars() {
            match c {
                '*' => filled.push_str(&fill.pop().unwrap_or_default()),
                '?' => filled.push('x'),
                other => filled.push(other),
            }
        }
        filled
    });
    let near = (fitting, 0_usize..10, any::<prop::sample::Index>()).prop_map(|(arn, change, at)| {
        let chars: Vec<char> = arn.chars().collect();
        if change > 3 || chars.is_empty() {
            return arn;
        }
        let at = at.index(chars.len());
        let mut changed = chars.clone();
        match change {
            0 => _ = changed.remove(at),
            1 => changed.insert(at, 'x'),
            2 => changed.truncate(at),
            _ => changed.push('/'),
        }
        changed.into_iter().collect()
    });
    near.prop_map(|arn: String| if Resource::parse(&arn).is_ok() { arn } else { "*".to_owned() })
}

/// Contexts drawn at, around and off the literals of a policy's conditions, each key present or absent.
///
/// ```
/// # use can_access_engine::{layer::Layer, policy::Policy, problem::Source, strategy::context_near};
/// # use proptest::prelude::*;
/// let text = r#"{ "Statement": { "Effect": "Allow", "Action": "s3:*", "Resource": "*",
///     "Condition": { "NumericLessThan": { "s3:max-keys": "10" } } } }"#;
/// let policy = Policy::read(Source::new("p.json", text), Layer::Identity).unwrap();
/// proptest!(|(context in context_near(&policy))| prop_assert!(context.keys().count() <= 1));
/// ```
pub fn context_near(policy: &Policy) -> impl Strategy<Value = Context> + use<> {
    let mut keys: Vec<(ConditionKey, bool, Vec<String>)> = Vec::new();
    for test in policy.statements().iter().flat_map(|statement| statement.conditions().tests()) {
        if test.key().identifies_principal() {
            continue;
        }
        let values = test.values().iter().flat_map(|value| around(value, test.operator().base.family()));
        let sets = test.operator().set.is_some();
        match keys.iter_mut().find(|(key, ..)| key == test.key()) {
            Some((_, multi, known)) => {
                *multi |= sets;
                known.extend(values);
            }
            None => keys.push((test.key().clone(), sets, values.collect())),
        }
    }
    let drawn: Vec<_> = keys
        .into_iter()
        .map(|(key, sets, mut values)| {
            values.extend([String::new(), "something-else".to_owned()]);
            let multivalued = match key.shape() {
                Some(shape) => shape == Shape::Multivalued,
                None => sets,
            };
            let single = select(values.clone()).prop_map(ContextValue::Single).boxed();
            let value =
                if multivalued { vec(select(values), 0..4).prop_map(ContextValue::Multi).boxed() } else { single };
            (Just(key), proptest::option::weighted(0.75, value))
        })
        .collect();
    drawn.prop_map(|entries| {
        let mut context = Context::new();
        for (key, value) in entries {
            if let Some(value) = value {
                // A key whose value does not fit its shape, or that excludes another one, is left out.
                let mut with = context.clone();
                if with.insert(key.as_str(), value).is_ok() && !excludes(&with) {
                    context = with;
                }
            }
        }
        context
    })
}

/// Whether a context has keys that no request has together (SEMANTICS R8.11).
fn excludes(context: &Context) -> bool {
    let has = |name: &str| context.keys().any(|(key, _)| key.folded() == name);
    has("aws:sourceip") && crate::request::ENDPOINT_KEYS.into_iter().any(has)
}

/// Values at, around and off a condition value.
fn around(value: &ConditionValue, family: Family) -> Vec<String> {
    let text = value.as_str().to_owned();
    let mut values = match value.operand() {
        Operand::Network(network) => network.edges().iter().map(ToString::to_string).collect(),
        Operand::Instant(instant) => instant.around(),
        Operand::Number(_) => vec![format!("{text}0"), format!("{text}.0"), format!("-{text}"), "0".to_owned()],
        Operand::Text(pattern) | Operand::FoldedText(pattern) | Operand::Arn(pattern) => filled(pattern),
        Operand::Bool(_) => vec!["true".to_owned(), "false".to_owned()],
        Operand::Bytes | Operand::Presence(_) | Operand::Malformed => Vec::new(),
    };
    if family != Family::Null {
        values.push(text);
    }
    values
}

fn filled(pattern: &Pattern) -> Vec<String> {
    let of = |fill: &str| -> String {
        let characters = pattern.characters().into_iter();
        characters
            .map(|c| match c {
                Some(Some(c)) => c.to_string(),
                Some(None) => "x".to_owned(),
                None => fill.to_owned(),
            })
            .collect()
    };
    let plain = of("");
    vec![of("x"), of("a/b"), plain.to_uppercase(), format!("{plain}x"), plain]
}

/// An action, a resource and a context near a policy: what a request to it is made of.
///
/// ```
/// # use can_access_engine::{layer::Layer, policy::Policy, problem::Source, request::Resource, strategy::request_near};
/// # use proptest::prelude::*;
/// let text = r#"{ "Statement": { "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*" } }"#;
/// let policy = Policy::read(Source::new("p.json", text), Layer::Identity).unwrap();
/// proptest!(|((action, arn, context) in request_near(&policy))| prop_assert!(Resource::parse(&arn).is_ok()));
/// ```
pub fn request_near(policy: &Policy) -> impl Strategy<Value = (Action, String, Context)> + use<> {
    (action_near(policy), resource_near(policy), context_near(policy))
}
