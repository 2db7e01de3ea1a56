//! Random worlds for [`decide`](super::decide): one request and every kind of policy around it.
//!
//! The vocabulary is small, and policies are drawn near the request they are about, so that statements, conditions
//! and principals match about as often as they miss. What the rules forbid (a Principal in an identity policy, an
//! Allow in an RCP, a variable in a number) cannot come out, so every document is valid. Left out are the few
//! combinations for which `reference/SEMANTICS.md` gives no single answer; each is named where it is left out.

mod callers;
mod conditions;
mod contexts;
mod scenes;
mod statements;

use callers::ACCOUNTS;
use contexts::context;
use proptest::collection::vec;
use proptest::sample::select;
use proptest::strategy::{BoxedStrategy, Just, Strategy};
use proptest::{option, prop_oneof};
use scenes::{BUCKET_BEHIND, Scene, scene};
use serde_json::{Map, Value, json};
use statements::{Kind, document};

/// Worlds for [`decide`](super::decide): a request, its context and facts, and policies of every kind around it.
pub(crate) fn world() -> impl Strategy<Value = Value> {
    scene()
        .prop_flat_map(|scene| (Just(scene), policies(scene), context(scene), facts(scene), resource_account(scene)))
        .prop_map(|(scene, policies, mut context, mut facts, resource_account)| {
            if policies.contains_key("endpoint") {
                // A request that went through an endpoint has no public address.
                context.remove("aws:SourceIp");
                if scene.gateway {
                    facts.insert("endpoint_type".to_owned(), json!("gateway"));
                }
            }
            let mut world = json!({
                "policies": policies,
                "principal": scene.caller.principal,
                "action": scene.action,
                "resource": scene.resource,
                "context": context,
                "facts": facts,
            });
            if let Some(account) = resource_account {
                world["resource_account"] = json!(account);
            }
            world
        })
}

/// The account that owns the resource, where the caller has to say so, and sometimes where it need not.
fn resource_account(scene: Scene) -> BoxedStrategy<Option<&'static str>> {
    let written = scene.resource.split(':').nth(4).unwrap_or_default();
    if scene.resource.starts_with("arn:aws:s3:") {
        let told = select(&ACCOUNTS[..2]).prop_map(Some);
        match scene.caller.account {
            Some(own) => prop_oneof![1 => Just(None::<&'static str>), 1 => Just(Some(own)), 2 => told].boxed(),
            None => told.boxed(),
        }
    } else if ACCOUNTS.contains(&written) {
        option::weighted(0.2, Just(written)).boxed()
    } else {
        Just(None).boxed()
    }
}

fn facts(scene: Scene) -> BoxedStrategy<Map<String, Value>> {
    (option::weighted(0.25, select(ACCOUNTS)), option::weighted(0.4, select(vec!["chain", "any"])))
        .prop_map(move |(management_account, not_principal)| {
            let caller = scene.caller;
            let principal_id = caller.principal_id.filter(|_| scene.identified);
            let told = [
                ("management_account", management_account),
                ("not_principal", not_principal),
                ("role_arn", caller.role_arn),
                ("federating_user", caller.federating_user),
                ("principal_id", principal_id),
            ];
            let mut facts = Map::new();
            for (name, value) in told {
                if let Some(value) = value {
                    facts.insert(name.to_owned(), Value::from(value));
                }
            }
            if scene.is_through_access_point() {
                facts.insert("access_point_bucket".to_owned(), Value::from(BUCKET_BEHIND));
            }
            if scene.restricted {
                facts.insert("restrict_public_buckets".to_owned(), Value::from(true));
            }
            facts
        })
        .boxed()
}

/// The policies of every kind that is present.
fn policies(scene: Scene) -> BoxedStrategy<Map<String, Value>> {
    let session = if scene.caller.federated { 0.6 } else { 0.25 };
    let attached = match scene.group.attached {
        Some(kind) => {
            let often = if scene.resource == "*" { 0.2 } else { 0.75 };
            option::weighted(often, vec(document(scene, kind), 1)).boxed()
        }
        None => Just(None).boxed(),
    };
    let access_point = if scene.is_through_access_point() {
        option::weighted(0.75, vec(document(scene, Kind::Resource), 1)).boxed()
    } else {
        Just(None).boxed()
    };
    // Whether an alias of an AWS managed key falls under RCPs, as the key itself does not, is left open.
    let rcp = if scene.resource.contains(":alias/aws/") {
        Just(None).boxed()
    } else {
        option::weighted(0.25, vec(vec(document(scene, Kind::Rcp), 1..=2), 1..=2)).boxed()
    };
    // A level without any SCP lets nothing through.
    let level = prop_oneof![24 => vec(document(scene, Kind::Scp), 1..=2), 1 => Just(Vec::new())];
    (
        option::weighted(0.9, vec(document(scene, Kind::Identity), 1..=2)),
        option::weighted(0.25, vec(document(scene, Kind::Boundary), 1)),
        option::weighted(session, vec(document(scene, Kind::Session), 1..=2)),
        attached,
        access_point,
        option::weighted(0.25, vec(document(scene, Kind::Endpoint), 1)),
        option::weighted(0.3, vec(level, 1..=3)),
        rcp,
    )
        .prop_map(|(identity, boundary, session, resource, access_point, endpoint, scp, rcp)| {
            let mut policies = Map::new();
            let sets = [
                ("identity", identity),
                ("boundary", boundary),
                ("session", session),
                ("resource", resource),
                ("access_point", access_point),
                ("endpoint", endpoint),
            ];
            for (kind, documents) in sets {
                if let Some(documents) = documents {
                    policies.insert(kind.to_owned(), Value::from(documents));
                }
            }
            for (kind, levels) in [("scp", scp), ("rcp", rcp)] {
                if let Some(levels) = levels {
                    policies.insert(kind.to_owned(), Value::from(levels));
                }
            }
            policies
        })
        .boxed()
}
