//! Documents and statements.

use super::callers::{ACCOUNTS, ENTRIES, Entry};
use super::conditions::condition;
use super::scenes::{ALL_PATTERNS, Scene};
use proptest::bool::{ANY, weighted};
use proptest::collection::vec;
use proptest::sample::{select, subsequence};
use proptest::strategy::{BoxedStrategy, Just, Strategy};
use proptest::{option, prop_oneof};
use serde_json::{Map, Value, json};

/// What a document is for, which decides the elements it can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Identity,
    Boundary,
    Session,
    Scp,
    Rcp,
    /// A resource policy other than a role's.
    Resource,
    /// The trust policy of a role.
    Trust,
    Endpoint,
}

impl Kind {
    /// How often a document starts with a statement that allows nearly everything; RCPs can only deny.
    pub(super) fn openness(self) -> Option<f64> {
        match self {
            Kind::Identity => Some(0.6),
            Kind::Boundary | Kind::Session => Some(0.7),
            Kind::Scp => Some(0.85),
            Kind::Rcp => None,
            Kind::Resource | Kind::Trust => Some(0.5),
            Kind::Endpoint => Some(0.8),
        }
    }

    /// How often a statement denies; those of RCPs always do.
    pub(super) fn denials(self) -> Option<f64> {
        match self {
            Kind::Rcp => None,
            Kind::Resource | Kind::Trust => Some(0.2),
            Kind::Identity | Kind::Boundary | Kind::Session | Kind::Scp | Kind::Endpoint => Some(0.12),
        }
    }
}

pub(super) fn document(scene: Scene, kind: Kind) -> BoxedStrategy<Value> {
    version(kind)
        .prop_flat_map(move |version| {
            let variables = version == Some("2012-10-17");
            let open = match kind.openness() {
                Some(often) => option::weighted(often, open_statement(scene, kind)).boxed(),
                None => Just(None).boxed(),
            };
            (Just(version), open, vec(statement(scene, kind, variables), 1..=2), ANY)
        })
        .prop_map(|(version, open, statements, bare)| {
            let statements: Vec<Value> = open.into_iter().chain(statements).collect();
            let mut document = json!({ "Statement": listed(statements, bare) });
            if let Some(version) = version {
                document["Version"] = json!(version);
            }
            document
        })
        .boxed()
}

/// R1.27: an RCP has to be of the current version.
pub(super) fn version(kind: Kind) -> BoxedStrategy<Option<&'static str>> {
    let current = Just(Some("2012-10-17"));
    if kind == Kind::Rcp {
        return current.boxed();
    }
    prop_oneof![10 => current, 1 => Just(Some("2008-10-17")), 1 => Just(None)].boxed()
}

/// A list, or its only value bare.
pub(super) fn listed(values: Vec<Value>, bare: bool) -> Value {
    match values.as_slice() {
        [single] if bare => single.clone(),
        _ => Value::from(values),
    }
}

/// A statement that allows nearly everything, to whom the kind of policy lets it.
pub(super) fn open_statement(scene: Scene, kind: Kind) -> BoxedStrategy<Value> {
    match kind {
        Kind::Identity | Kind::Boundary | Kind::Session | Kind::Scp | Kind::Rcp => {
            Just(json!({ "Effect": "Allow", "Action": "*", "Resource": "*" })).boxed()
        }
        Kind::Resource => named(scene, kind)
            .prop_map(|principal| json!({ "Effect": "Allow", "Principal": principal, "Action": "*", "Resource": "*" }))
            .boxed(),
        Kind::Trust => named(scene, kind)
            .prop_map(|principal| json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:*" }))
            .boxed(),
        Kind::Endpoint => Just(json!({ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" })).boxed(),
    }
}

pub(super) fn statement(scene: Scene, kind: Kind, variables: bool) -> BoxedStrategy<Value> {
    let denies = match kind.denials() {
        Some(often) => weighted(often).boxed(),
        None => Just(true).boxed(),
    };
    denies
        .prop_flat_map(move |denies| {
            let conditional = if denies { 0.6 } else { 0.3 };
            (
                Just(denies),
                principal_element(scene, kind, denies),
                action_element(scene, kind),
                resource_element(scene, kind),
                option::weighted(conditional, condition(scene, kind, variables)),
            )
        })
        .prop_map(|(denies, principal, action, resource, condition)| {
            let effect = if denies { "Deny" } else { "Allow" };
            let mut statement = Map::new();
            statement.insert("Effect".to_owned(), Value::from(effect));
            for (name, value) in [principal, Some(action), resource].into_iter().flatten() {
                statement.insert(name.to_owned(), value);
            }
            if let Some(condition) = condition {
                statement.insert("Condition".to_owned(), condition);
            }
            Value::Object(statement)
        })
        .boxed()
}

/// An element by name.
pub(super) type Element = (&'static str, Value);

/// Principal or NotPrincipal, for the kinds that have them.
pub(super) fn principal_element(scene: Scene, kind: Kind, denies: bool) -> BoxedStrategy<Option<Element>> {
    let principal = |value: Value| Some(("Principal", value));
    match kind {
        Kind::Identity | Kind::Boundary | Kind::Session | Kind::Scp => Just(None).boxed(),
        Kind::Rcp => Just(principal(json!("*"))).boxed(),
        Kind::Resource | Kind::Endpoint if denies => {
            let other = not_named(scene, kind).prop_map(|value| Some(("NotPrincipal", value)));
            prop_oneof![3 => named(scene, kind).prop_map(principal), 2 => other].boxed()
        }
        Kind::Resource | Kind::Endpoint | Kind::Trust => named(scene, kind).prop_map(principal).boxed(),
    }
}

/// The entries that such a policy may have: identity providers are for trust policies.
pub(super) fn entries_for(kind: Kind, entries: &[Entry]) -> Vec<Entry> {
    entries.iter().copied().filter(|(name, _)| *name != "Federated" || kind == Kind::Trust).collect()
}

/// A Principal element, more often than not naming the caller.
pub(super) fn named(scene: Scene, kind: Kind) -> BoxedStrategy<Value> {
    let far = entries_for(kind, ENTRIES);
    let mut near = entries_for(kind, scene.caller.chain);
    near.extend(entries_for(kind, scene.caller.also));
    let entry =
        if near.is_empty() { select(far).boxed() } else { prop_oneof![3 => select(near), 1 => select(far)].boxed() };
    let entries = (vec(entry, 1..=2), ANY).prop_map(|(entries, bare)| principal_map(&entries, bare));
    let everyone = Just(json!({ "AWS": "*" }));
    if kind == Kind::Trust {
        prop_oneof![5 => entries, 1 => everyone].boxed()
    } else {
        prop_oneof![5 => entries, 1 => everyone, 1 => Just(json!("*"))].boxed()
    }
}

/// A NotPrincipal element: often the whole chain of the caller, sometimes a part of it, sometimes others or everyone.
///
/// Left out, because the rules can be read in two ways: unique ids (whether they complete a chain), `"*"` under
/// `AWS` (whether it exempts services), and accounts in the policy of a gateway endpoint (whether they exempt
/// anyone but root users).
pub(super) fn not_named(scene: Scene, kind: Kind) -> BoxedStrategy<Value> {
    let clear = |(_, value): &Entry| {
        let unique_id = value.starts_with("AIDA") || value.starts_with("AROA");
        let account = ACCOUNTS.contains(value) || value.ends_with(":root");
        !(unique_id || account && kind == Kind::Endpoint && scene.gateway)
    };
    let chain: Vec<Entry> = entries_for(kind, scene.caller.chain).into_iter().filter(clear).collect();
    let far: Vec<Entry> = entries_for(kind, ENTRIES).into_iter().filter(clear).collect();
    let others = vec(select(far), 1..=2);
    let entries = if chain.is_empty() {
        others.boxed()
    } else {
        let most = chain.len();
        prop_oneof![4 => Just(chain.clone()), 2 => subsequence(chain, 1..=most), 1 => others].boxed()
    };
    let element = (entries, ANY).prop_map(|(entries, bare)| principal_map(&entries, bare));
    prop_oneof![8 => element, 1 => Just(json!("*"))].boxed()
}

/// The entries as a principal map.
pub(super) fn principal_map(entries: &[Entry], bare: bool) -> Value {
    let mut map = Map::new();
    for name in ["AWS", "Service", "Federated"] {
        let mut values: Vec<Value> = Vec::new();
        for (kind, value) in entries {
            let value = Value::from(*value);
            if *kind == name && !values.contains(&value) {
                values.push(value);
            }
        }
        if !values.is_empty() {
            map.insert(name.to_owned(), listed(values, bare));
        }
    }
    Value::Object(map)
}

/// Actions that are about something else, or about much.
pub(super) const FAR_ACTIONS: &[&str] = &[
    "s3:*",
    "s3:Get*",
    "s3:*Object",
    "s3:GetObjectAcl",
    "s3:List*",
    "kms:*",
    "kms:Decrypt",
    "kms:*Alias",
    "sts:*",
    "sts:Assume*",
    "iam:*",
    "iam:Get*",
    "ec2:*",
    "ec2:Describe*",
    "s3-object-lambda:Get*",
    "*:Get*",
    "*:*",
];

/// Actions of services that have had RCPs from the start.
pub(super) const RCP_ACTIONS: &[&str] =
    &["s3:*", "s3:Get*", "s3:PutObject", "kms:*", "kms:Decrypt", "sts:*", "sts:AssumeRole"];

/// Actions of trust policies.
pub(super) const TRUST_ACTIONS: &[&str] = &[
    "sts:*",
    "sts:AssumeRole",
    "sts:assumerole",
    "sts:AssumeRole*",
    "sts:AssumeRoleWith*",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:TagSession",
    "sts:SetSourceIdentity",
    "sts:?ssumeRole",
];

/// Patterns that match the action, or nearly do.
pub(super) fn near_actions(action: &str) -> Vec<String> {
    let (service, name) = action.split_once(':').unwrap_or((action, ""));
    let end = name.len();
    vec![
        action.to_owned(),
        action.to_ascii_lowercase(),
        format!("{}:{name}", service.to_ascii_uppercase()),
        format!("{service}:*"),
        format!("{service}:{}*", &name[..3]),
        format!("{service}:*{}", &name[end - 3..]),
        format!("{service}:{}*{}", &name[..2], &name[end - 2..]),
        format!("{service}:?{}", &name[1..]),
        format!("{service}:{name}*"),
        format!("{service}:{name}?"),
    ]
}

/// Owned copies, for pools that are put together.
pub(super) fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// One to two of the texts, as an element has them.
pub(super) fn some_of(text: BoxedStrategy<String>) -> BoxedStrategy<Value> {
    (vec(text, 1..=2), ANY).prop_map(|(texts, bare)| listed(texts.into_iter().map(Value::from).collect(), bare)).boxed()
}

/// Action, and now and then NotAction.
pub(super) fn action_element(scene: Scene, kind: Kind) -> BoxedStrategy<Element> {
    let near = select(near_actions(scene.action));
    let far = select(owned(FAR_ACTIONS));
    let action = |value: Value| ("Action", value);
    match kind {
        Kind::Trust => {
            let known = select(owned(TRUST_ACTIONS));
            let pattern = if scene.action.starts_with("sts:") {
                prop_oneof![1 => near, 1 => known].boxed()
            } else {
                known.boxed()
            };
            some_of(pattern).prop_map(action).boxed()
        }
        Kind::Rcp => {
            let known = select(owned(RCP_ACTIONS));
            let supported = ["s3:", "kms:", "sts:"].iter().any(|service| scene.action.starts_with(service));
            let pattern = if supported { prop_oneof![1 => near, 1 => known].boxed() } else { known.boxed() };
            some_of(pattern).prop_map(action).boxed()
        }
        Kind::Identity | Kind::Boundary | Kind::Session | Kind::Scp | Kind::Resource | Kind::Endpoint => {
            let everything = Just("*".to_owned());
            let pattern = prop_oneof![6 => near, 2 => far.clone(), 1 => everything].boxed();
            let excluded = some_of(far.boxed()).prop_map(|value| ("NotAction", value));
            prop_oneof![8 => some_of(pattern).prop_map(action), 1 => excluded].boxed()
        }
    }
}

/// Patterns that match the resource, or nearly do.
pub(super) fn near_resources(resource: &str) -> Vec<String> {
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    let [arn, partition, service, region, account, last] = parts.as_slice() else {
        return vec!["*".to_owned()];
    };
    let start = format!("{arn}:{partition}:{service}:{region}:{account}");
    // Never into the middle of a variable, which would leave its brace open.
    let fixed = last.split("${").next().unwrap_or(last);
    let half = &fixed[..fixed.len() / 2];
    let short = &last[..last.len() - 1];
    vec![
        resource.to_owned(),
        format!("{start}:*"),
        format!("{start}:{half}*"),
        format!("{start}:{short}?"),
        format!("{start}:{last}?"),
        format!("{arn}:*:{service}:*:*:{last}"),
        format!("{arn}:{partition}:{service}:*:{account}:*{last}"),
    ]
}

/// An ARN that ends before its fifth colon (R3.11), where such a one matches something; anything, where it may not.
pub(super) fn short_arn(resource: &str, kind: Kind) -> BoxedStrategy<String> {
    let five: Vec<&str> = resource.splitn(6, ':').take(5).collect();
    let five = five.join(":");
    let least = "arn:".len();
    if kind == Kind::Rcp || five.len() <= least {
        return Just("*".to_owned()).boxed();
    }
    let wild = match kind {
        Kind::Identity | Kind::Boundary | Kind::Session => ANY.boxed(),
        Kind::Scp | Kind::Rcp | Kind::Resource | Kind::Trust | Kind::Endpoint => Just(true).boxed(),
    };
    (least + 1..=five.len(), wild)
        .prop_map(move |(end, wild)| format!("{}{}", &five[..end], if wild { "*" } else { "" }))
        .boxed()
}

/// Resource, and now and then NotResource; trust policies have neither.
pub(super) fn resource_element(scene: Scene, kind: Kind) -> BoxedStrategy<Option<Element>> {
    if kind == Kind::Trust {
        return Just(None).boxed();
    }
    let specific = prop_oneof![
        8 => select(near_resources(scene.resource)),
        6 => select(owned(scene.group.patterns)),
        2 => select(owned(&ALL_PATTERNS.concat())),
        1 => short_arn(scene.resource, kind),
    ]
    .boxed();
    let everything = Just("*".to_owned());
    let pattern = prop_oneof![3 => specific.clone(), 1 => everything].boxed();
    let included = some_of(pattern).prop_map(|value| Some(("Resource", value)));
    let excluded = some_of(specific).prop_map(|value| Some(("NotResource", value)));
    prop_oneof![8 => included, 1 => excluded].boxed()
}
