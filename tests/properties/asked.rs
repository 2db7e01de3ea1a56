//! What several tests share: a world (one access test as JSON, everything inline) asked of the engine.

use can_access_engine::arn::AccountId;
use can_access_engine::decision::{Explanation, Outcome, decide, explain};
use can_access_engine::index::CompiledSet;
use can_access_engine::layer::Layer;
use can_access_engine::policy::{Policies, Policy, PolicySet};
use can_access_engine::problem::Source;
use can_access_engine::request::{
    Action, Context, ContextValue, EndpointType, Facts, NotPrincipalRule, Principal, Request, Resource,
};
use serde_json::Value;
use std::sync::Arc;

/// The policies of a world, compiled.
pub(crate) fn policies(world: &Value) -> PolicySet {
    let of = |name: &str, layer| group(world["policies"].get(name), layer);
    PolicySet {
        identity: of("identity", Layer::Identity),
        resource: of("resource", Layer::Resource),
        access_point: of("access_point", Layer::Resource),
        boundary: of("boundary", Layer::Boundary),
        session: of("session", Layer::Session),
        endpoint: of("endpoint", Layer::Endpoint),
        scp: levels(world["policies"].get("scp"), Layer::Scp),
        rcp: levels(world["policies"].get("rcp"), Layer::Rcp),
    }
}

fn levels(value: Option<&Value>, layer: Layer) -> Vec<Policies> {
    value.and_then(Value::as_array).into_iter().flatten().map(|level| group(Some(level), layer)).collect()
}

fn group(value: Option<&Value>, layer: Layer) -> Policies {
    let documents = value.and_then(Value::as_array).into_iter().flatten();
    documents.map(|document| Arc::new(policy(document, layer))).collect()
}

/// All policies of several sets, layer by layer.
pub(crate) fn together(sets: impl Iterator<Item = PolicySet>) -> PolicySet {
    let mut all = PolicySet::default();
    for set in sets {
        all.identity.extend(set.identity);
        all.resource.extend(set.resource);
        all.access_point.extend(set.access_point);
        all.boundary.extend(set.boundary);
        all.session.extend(set.session);
        all.endpoint.extend(set.endpoint);
        for (levels, own) in [(&mut all.scp, set.scp), (&mut all.rcp, set.rcp)] {
            levels.resize_with(levels.len().max(own.len()), Vec::new);
            levels.iter_mut().zip(own).for_each(|(level, own)| level.extend(own));
        }
    }
    all
}

/// Whether no resource-based policy of a world looks like a role's trust policy and has resources all the same: AWS
/// accepts neither, and no request meets one.
pub(crate) fn is_possible(world: &Value) -> bool {
    let kinds = ["resource", "access_point"].into_iter();
    let mut documents = kinds.flat_map(|kind| world["policies"][kind].as_array().into_iter().flatten());
    documents.all(|document| {
        let source = Source::new("resource", document.to_string());
        let refused = Policy::read(source, Layer::Resource).err();
        refused.is_none_or(|refused| !refused.to_string().contains("role trust policy"))
    })
}

/// A policy that has to be accepted.
pub(crate) fn policy(document: &Value, layer: Layer) -> Policy {
    let source = Source::new(layer.name(), document.to_string());
    Policy::read(source, layer).unwrap_or_else(|refused| panic!("{refused}\n{document:#}"))
}

/// The parts of a world's request.
pub(crate) struct Asked {
    pub(crate) principal: Principal,
    pub(crate) action: Action,
    pub(crate) resource: String,
    pub(crate) resource_account: Option<AccountId>,
    pub(crate) context: Context,
    pub(crate) facts: Facts,
}

impl Asked {
    pub(crate) fn of(world: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let facts = &world["facts"];
        let mut principal = Principal::parse(world["principal"].as_str().unwrap()).unwrap();
        if let Some(arn) = text(&facts["role_arn"]) {
            principal = principal.with_role_arn(&arn).unwrap();
        }
        if let Some(id) = text(&facts["principal_id"]) {
            principal = principal.with_id(&id).unwrap();
        }
        if let Some(user) = text(&facts["federating_user"]) {
            principal = principal.with_federating_user(&user).unwrap();
        }
        let mut context = Context::new();
        for (key, value) in world["context"].as_object().into_iter().flatten() {
            let value = match value {
                Value::String(text) => ContextValue::Single(text.clone()),
                value => ContextValue::Multi(serde_json::from_value(value.clone()).unwrap()),
            };
            context.insert(key, value).unwrap();
        }
        context.pair_times().unwrap();
        let account = |value: &Value| value.as_str().map(|text| AccountId::parse(text).unwrap());
        let mut asked = Facts::default();
        asked.management_account = account(&facts["management_account"]);
        asked.restrict_public_buckets = facts["restrict_public_buckets"].as_bool().unwrap_or(false);
        if facts["endpoint_type"] == "gateway" {
            asked.endpoint_type = EndpointType::Gateway;
        }
        if facts["not_principal"] == "any" {
            asked.not_principal = NotPrincipalRule::Any;
        }
        asked.access_point_bucket = text(&facts["access_point_bucket"]);
        Self {
            principal,
            action: Action::parse(world["action"].as_str().unwrap()).unwrap(),
            resource: world["resource"].as_str().unwrap().to_owned(),
            resource_account: account(&world["resource_account"]),
            context,
            facts: asked,
        }
    }

    pub(crate) fn request(&self) -> Request<'_> {
        let resource = Resource::parse(&self.resource).unwrap();
        Request::new(&self.principal, &self.action, resource, self.resource_account, &self.context, &self.facts)
            .unwrap()
    }

    /// The decision, which the compiled policies have to come to as well.
    pub(crate) fn decide(&self, policies: &PolicySet) -> Outcome {
        let outcome = decide(policies, &self.request());
        for compiled in [CompiledSet::new(policies.clone()), CompiledSet::indexing_everything(policies.clone())] {
            assert_eq!(compiled.decide(&self.request()), outcome);
            assert_eq!(compiled.verdict(&self.request()), outcome.decision);
        }
        outcome
    }

    pub(crate) fn explain<'p>(&self, policies: &'p PolicySet) -> Explanation<'p> {
        explain(policies, &self.request())
    }
}
