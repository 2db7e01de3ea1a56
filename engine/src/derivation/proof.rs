//! A derived policy is held against the evidence it was derived from, with the evaluator. What derived it is not trusted.

use super::evidence::{Group, Kind};
use super::grants::View;
use super::{Derived, Form};
use crate::arn::AccountId;
use crate::decision::Decision;
use crate::index::CompiledSet;
use crate::layer::Layer;
use crate::policy::{Policy, PolicySet};
use crate::problem::Source;
use crate::request::{Action, Context, ContextValue, Facts, Principal, Request, Resource};
use std::sync::Arc;

/// How many examples are kept of what is left out.
const EXAMPLES: usize = 10;

/// Why no policy is given out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// It is no policy.
    #[error("the derived policy cannot be read: {0}")]
    Malformed(String),
    /// It denies what was needed.
    #[error("no policy can be derived that allows {action} on {resource} to {principal} and none of what was refused")]
    NotAllowed {
        /// Who needed it.
        principal: String,
        /// The action.
        action: String,
        /// The resource.
        resource: String,
    },
    /// It allows what was refused.
    #[error("every policy that could be derived allows {action} on {resource} to {principal}, which was refused")]
    NotRefused {
        /// Who was refused.
        principal: String,
        /// The action.
        action: String,
        /// The resource.
        resource: String,
    },
    /// It allows what the policies in force do not.
    #[error(
        "every policy that could be derived allows {action} on {resource} to {principal}, which the policies in force do not"
    )]
    NotInForce {
        /// Who is not allowed.
        principal: String,
        /// The action.
        action: String,
        /// The resource.
        resource: String,
    },
    /// It does not fit.
    #[error("the broadest policy that can be derived has {size} bytes, and may have {most}")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The limit.
        most: usize,
    },
}

/// Holds a policy against the evidence, and writes down the counts.
pub(super) fn prove(view: &View<'_>, derived: &mut Derived, form: Form) -> Result<(), Unproven> {
    let layer = if form == Form::Bucket { Layer::Resource } else { Layer::Identity };
    let mut policies = PolicySet::default();
    if derived.statements > 0 {
        let policy = Policy::read(Source::new("derived.json", derived.text.clone()), layer);
        let policy = policy.map(Arc::new).map_err(|refused| Unproven::Malformed(refused.to_string()))?;
        match layer {
            Layer::Resource => policies.resource.push(policy),
            _ => policies.identity.push(policy),
        }
    }
    let policies = CompiledSet::new(policies);
    for (group, part) in view.allowed() {
        let asker = Asker::of(group);
        let allows = |name: &str, certainly: bool| {
            asker.as_ref().is_some_and(|asker| asker.is_allowed(&policies, name, certainly))
        };
        let before = derived.needed;
        for (name, _) in part.names.samples() {
            if group.kind != Kind::Whole && view.is_withheld(&group.scope, name) {
                derived.withheld += 1;
                continue;
            }
            if view.is_outside(group, name) {
                derived.not_in_force += 1;
                if derived.not_in_force_examples.len() < EXAMPLES {
                    let example = (group.action.clone(), group.resource(name), group.principal.clone());
                    derived.not_in_force_examples.push(example);
                }
                if allows(name, true) {
                    return Err(Unproven::NotInForce {
                        principal: group.principal.clone(),
                        action: group.action.clone(),
                        resource: group.resource(name),
                    });
                }
                continue;
            }
            derived.needed += 1;
            // What the policies in force make hang on something hangs on it still.
            let depends = || view.in_force.as_ref().is_some_and(|in_force| in_force.depends(group, name));
            let is_allowed = allows(name, true) || depends() && allows(name, false);
            if !is_allowed {
                return Err(Unproven::NotAllowed {
                    principal: group.principal.clone(),
                    action: group.action.clone(),
                    resource: group.resource(name),
                });
            }
            derived.allowed += 1;
        }
        let kept = derived.needed - before;
        // Of very many names alike, some are kept.
        let all =
            if part.names.classes.is_empty() { kept } else { u64::try_from(part.names.count()).unwrap_or_default() };
        derived.different += all.max(kept);
    }
    for (group, part) in view.refused() {
        // Logs do not tell a prefix that is empty from none.
        let with_empty_prefix = (group.kind == Kind::Whole).then(|| group.with_empty_prefix());
        let askers = [Some(group), with_empty_prefix.as_ref()].map(|group| group.and_then(Asker::of));
        for (name, _) in part.names.samples().filter(|(name, _)| view.is_refusal(group, name)) {
            if view.is_contradicted(group, name) {
                derived.contradicted += 1;
                continue;
            }
            derived.refused += 1;
            if askers.iter().flatten().any(|asker| asker.is_allowed(&policies, name, false)) {
                derived.refused_matched += 1;
                return Err(Unproven::NotRefused {
                    principal: group.principal.clone(),
                    action: group.action.clone(),
                    resource: group.resource(name),
                });
            }
        }
    }
    Ok(())
}

/// The services whose resources have to trust the account before identity-based policies count (R9.1, R9.4): that is taken
/// for granted, since the requests were allowed.
fn trusting(policies: &PolicySet, group: &Group, account: Option<&str>) -> Option<CompiledSet> {
    let asked = group.action.starts_with("kms:") || group.action.starts_with("sts:AssumeRole");
    let account = account.filter(|_| asked && policies.resource.is_empty())?;
    // Trust policies of roles name no resource.
    let resource = if group.action.starts_with("sts:") { "" } else { r#","Resource":"*""# };
    let text = format!(
        r#"{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":"{account}"}},"Action":"{}"{resource}}}}}"#,
        group.action
    );
    let mut policies = policies.clone();
    policies.resource.push(Arc::new(Policy::read(Source::new("trust.json", text), Layer::Resource).ok()?));
    Some(CompiledSet::new(policies))
}

/// Who asks for the requests of a group, and what is the same in all of them. What else is in their context is not known.
struct Asker<'g> {
    group: &'g Group,
    principal: Principal,
    action: Action,
    context: Context,
}

impl<'g> Asker<'g> {
    /// `None` for what cannot be asked.
    fn of(group: &'g Group) -> Option<Self> {
        let principal = Principal::parse(&group.principal).ok()?;
        let action = Action::parse(&group.action).ok()?;
        let mut context = Context::new();
        context.mark_others_unknown();
        if group.kind != Kind::Prefix {
            context.mark_absent("s3:prefix");
        }
        Some(Self { group, principal, action, context })
    }

    /// What policies say. `None` for what cannot be asked.
    fn decision(&self, policies: &CompiledSet, name: &str) -> Option<Decision> {
        let resource = self.group.resource(name);
        let resource = Resource::parse(&resource).ok()?;
        let mut with_prefix = None;
        if self.group.kind == Kind::Prefix {
            let mut context = self.context.clone();
            context.insert("s3:prefix", ContextValue::Single(name.to_owned())).ok()?;
            with_prefix = Some(context);
        }
        let context = with_prefix.as_ref().unwrap_or(&self.context);
        let facts = Facts::default();
        let account = self.principal.account().copied();
        let request = Request::new(&self.principal, &self.action, resource, account, context, &facts).ok()?;
        let trusting = trusting(policies.policies(), self.group, account.as_ref().map(AccountId::as_str));
        Some(trusting.as_ref().unwrap_or(policies).verdict(&request))
    }

    /// Whether policies certainly allow a request, or if they might.
    fn is_allowed(&self, policies: &CompiledSet, name: &str, certainly: bool) -> bool {
        match self.decision(policies, name) {
            Some(Decision::Allowed) => true,
            Some(Decision::Depends) => !certainly,
            // What cannot be asked is not allowed.
            Some(Decision::ExplicitDeny | Decision::ImplicitDeny) | None => false,
        }
    }
}

/// What policies say to a request of a group. `None` for what cannot be asked.
pub(super) fn decision(policies: &CompiledSet, group: &Group, name: &str) -> Option<Decision> {
    Asker::of(group)?.decision(policies, name)
}
