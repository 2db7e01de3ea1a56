//! The decision: what all layers of policies together say of a request (SEMANTICS §7), and nothing else.
//!
//! The logic reads from top to bottom in `weigh`: each layer is evaluated, an explicit deny in any of them ends the
//! matter, and otherwise the request needs a grant that no layer limits. The rows of R7.17 (which grants of a
//! resource-based policy pass a silent boundary or session policy) are in `Grant::same_account` and nowhere else.
//!
//! Everything is three-valued. Where the answer hangs on keys whose values are not known, `completions` tries the
//! values that could make a difference.

mod completions;
mod explanation;
mod grant;
mod layers;
mod public;
mod service;

pub use completions::{Completion, Dependence};
pub use explanation::{Explanation, StatementReport};
pub use layers::LayerOutcome;

use crate::layer::{Layer, Rule};
use crate::policy::{PolicySet, Statements};
use crate::request::{Kind, Request};
use crate::statement::{Hasty, Record};
use crate::truth::Truth;
use grant::{Grant, Parts};
use layers::{Layers, Said};

/// What a request gets. The first three are the values of `EvalDecision` in AWS's own simulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// The request is allowed.
    Allowed,
    /// A statement denies it.
    ExplicitDeny,
    /// Nothing allows it, or a layer that has to does not.
    ImplicitDeny,
    /// It depends on context keys whose values are not known.
    Depends,
}

impl Decision {
    /// The name in machine-readable output.
    ///
    /// ```
    /// use can_access_engine::decision::Decision;
    /// assert_eq!(Decision::ExplicitDeny.name(), "explicitDeny");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::ExplicitDeny => "explicitDeny",
            Self::ImplicitDeny => "implicitDeny",
            Self::Depends => "depends",
        }
    }
}

/// What stops a request: a layer of policies, or a rule of the service itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Blocker {
    /// The policies of this layer.
    Layer(Layer),
    /// The service: S3 Block Public Access, KMS key policies, role trust, resources AWS owns.
    Service,
}

impl Blocker {
    /// The name in machine-readable output.
    ///
    /// ```
    /// use can_access_engine::decision::Blocker;
    /// assert_eq!(Blocker::Service.name(), "service");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Layer(layer) => layer.name(),
            Self::Service => "service",
        }
    }

    const ALL: [Self; 8] = [
        Self::Layer(Layer::Identity),
        Self::Layer(Layer::Resource),
        Self::Layer(Layer::Boundary),
        Self::Layer(Layer::Session),
        Self::Layer(Layer::Scp),
        Self::Layer(Layer::Rcp),
        Self::Layer(Layer::Endpoint),
        Self::Service,
    ];

    fn bit(self) -> u8 {
        match self {
            Self::Layer(layer) => 1 << layer as u8,
            Self::Service => 1 << 7,
        }
    }
}

/// A set of [`Blocker`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Blockers(u8);

impl Blockers {
    /// The blockers, in the order output lists them.
    pub fn iter(self) -> impl Iterator<Item = Blocker> {
        Blocker::ALL.into_iter().filter(move |&blocker| self.has(blocker))
    }

    /// Whether the set holds `blocker`.
    #[must_use]
    pub fn has(self, blocker: Blocker) -> bool {
        self.0 & blocker.bit() != 0
    }

    fn add(&mut self, blocker: Blocker) {
        self.0 |= blocker.bit();
    }
}

/// A rule of a service that decides beside or over the policies (SEMANTICS §7.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServiceRule {
    /// Everybody who signs may ask who they are (R7.34).
    CallerIdentity,
    /// Users and root users may ask for a session token, and nobody else (IAM User Guide, "Permissions for GetSessionToken").
    SessionToken,
    /// A KMS key or a role does not trust the account, so identity policies do not count (R7.30).
    AccountNotTrusted,
    /// Aliases of AWS managed keys are AWS's (R7.31).
    AwsManagedAlias,
    /// Root users cannot assume roles (R7.26).
    RootAssumesRole,
    /// Policies and roles that AWS owns are not for customers to change (R7.38).
    AwsOwnedResource,
    /// The policy of the bucket, or of the access point, is public, and Block Public Access restricts it (R7.35).
    BlockPublicAccess,
    /// An access point that is bound to a VPC answers requests from there only (R9.12).
    AccessPointOrigin,
    /// The owner's root user can always mend the bucket policy (R7.25).
    BucketPolicyRecovery,
}

impl std::fmt::Display for ServiceRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::CallerIdentity => "every signed caller may call sts:GetCallerIdentity, whatever the policies say",
            Self::SessionToken => {
                "users and root users may call sts:GetSessionToken, whatever the policies say, and nobody else may"
            }
            Self::AccountNotTrusted => {
                "identity policies count for this resource only if its own policy names the account, and it does not"
            }
            Self::AwsManagedAlias => "aliases under alias/aws/ belong to AWS and cannot be created, changed or deleted",
            Self::RootAssumesRole => "a root user cannot assume a role",
            Self::AwsOwnedResource => "the resource belongs to AWS and cannot be changed or handed on",
            Self::BlockPublicAccess => {
                "the policy of the bucket, or of the access point, is public, and Block Public Access (RestrictPublicBuckets) then admits only services and the owner's account"
            }
            Self::AccessPointOrigin => {
                "the access point is bound to a VPC (s3:AccessPointNetworkOrigin), and the request comes from none"
            }
            Self::BucketPolicyRecovery => "the owner's root user can always read, replace and delete the bucket policy",
        })
    }
}

/// The outcome of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// What the request gets.
    pub decision: Decision,
    /// Every layer that stops it.
    pub blocked_by: Blockers,
    /// What each layer says, in the order of [`Layer::ALL`].
    pub layers: [LayerOutcome; 7],
    /// The service's own rule that mattered, if one did.
    pub service: Option<ServiceRule>,
    /// Whether the identity policies' Allow is part of what granted the request.
    pub(crate) by_identity: bool,
    /// The classes of grants in the resource-based policy that were worth something for this request.
    pub(crate) granting: u16,
    /// Whether no value of any unknown key can grant the request.
    pub(crate) never_granted: bool,
    /// Whether the decision was found by trying values of unknown keys.
    pub(crate) settled: bool,
}

impl Outcome {
    /// What a layer says.
    ///
    /// ```
    /// # use can_access_engine::{decision::{LayerOutcome, Outcome}, layer::Layer};
    /// # fn scp(outcome: &Outcome) -> LayerOutcome { outcome.layer(Layer::Scp) }
    /// ```
    #[must_use]
    pub fn layer(&self, layer: Layer) -> LayerOutcome {
        self.layers.get(layer as usize).copied().unwrap_or(LayerOutcome::Absent)
    }
}

/// Decides a request.
///
/// With keys marked unknown in the context, the decision is the one that every completion of them gives, or
/// [`Decision::Depends`]. A key that is unknown may be absent or hold any value of its type, any text where its type is
/// not known; one that no set operator tests is taken to hold a single value. Where every completion is denied, some
/// explicitly and some not, the decision is [`Decision::ImplicitDeny`].
///
/// ```
/// use can_access_engine::decision::{Decision, decide};
/// use can_access_engine::layer::Layer;
/// use can_access_engine::policy::{Policy, PolicySet};
/// use can_access_engine::problem::Source;
/// use can_access_engine::request::{Action, Context, Facts, Principal, Request, Resource};
/// use std::sync::Arc;
///
/// let text = r#"{ "Version": "2012-10-17", "Statement": {
///     "Effect": "Allow", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::data/*_$folder$" } }"#;
/// let policy = Policy::read(Source::new("p.json", text), Layer::Identity).unwrap();
/// let policies = PolicySet { identity: vec![Arc::new(policy)], ..PolicySet::default() };
///
/// let principal = Principal::parse("arn:aws:iam::111122223333:role/export").unwrap();
/// let action = Action::parse("s3:DeleteObject").unwrap();
/// let (context, facts) = (Context::new(), Facts::default());
/// let ask = |resource| {
///     let resource = Resource::parse(resource).unwrap();
///     let request = Request::new(&principal, &action, resource, None, &context, &facts).unwrap();
///     decide(&policies, &request).decision
/// };
/// assert_eq!(ask("arn:aws:s3:::data/2017-02-02_$folder$"), Decision::Allowed);
/// assert_eq!(ask("arn:aws:s3:::data/2017-02-02"), Decision::ImplicitDeny);
/// ```
#[must_use]
pub fn decide(policies: &PolicySet, request: &Request<'_>) -> Outcome {
    decide_by(policies, policies, request)
}

/// The same, with statements of the policies that come from somewhere else.
pub(crate) fn decide_by(policies: &PolicySet, statements: &impl Statements, request: &Request<'_>) -> Outcome {
    let outcome = weigh(policies, statements, request, &mut ());
    if outcome.decision == Decision::Depends {
        return completions::settle(policies, statements, request, outcome).0;
    }
    outcome
}

/// The decision alone, which an explicit deny ends at once.
pub(crate) fn verdict_by(policies: &PolicySet, statements: &impl Statements, request: &Request<'_>) -> Decision {
    match weigh(policies, statements, request, &mut Hasty).decision {
        Decision::Depends => decide_by(policies, statements, request).decision,
        decision => decision,
    }
}

/// Decides a request and says why: the same evaluation, with every statement kept.
#[must_use]
pub fn explain<'p>(policies: &'p PolicySet, request: &Request<'_>) -> Explanation<'p> {
    let count = policies.policies().map(|policy| policy.statements().len()).sum();
    explain_by(policies, policies, request, count)
}

/// The same, with statements of the policies that come from somewhere else, about so many.
pub(crate) fn explain_by<'p>(
    policies: &'p PolicySet,
    statements: &impl Statements,
    request: &Request<'_>,
    count: usize,
) -> Explanation<'p> {
    let mut record = explanation::Recorder::new(policies, count);
    let outcome = weigh(policies, statements, request, &mut record);
    let (outcome, dependence) = if outcome.decision == Decision::Depends {
        completions::settle(policies, statements, request, outcome)
    } else {
        (outcome, None)
    };
    record.explain(request, outcome, dependence)
}

/// Evaluates every layer and puts the answers together. Total: it returns no error and never panics.
fn weigh<R: Record>(
    policies: &PolicySet,
    statements: &impl Statements,
    request: &Request<'_>,
    record: &mut R,
) -> Outcome {
    weighed(policies, statements, request, record).unwrap_or(DENIED)
}

/// The same; `None` for an explicit deny where nothing but the decision counts.
fn weighed<R: Record>(
    policies: &PolicySet,
    statements: &impl Statements,
    request: &Request<'_>,
    record: &mut R,
) -> Option<Outcome> {
    let permitted = service::needs_no_permission(request);
    if R::HASTY && permitted.is_some() {
        return Some(Outcome { decision: Decision::Allowed, ..DENIED });
    }
    let kind = request.principal().kind();
    // Policies of their own, boundaries among them, have users and roles only.
    let limited = matches!(kind, Kind::User | Kind::RoleSession | Kind::FederatedUser);
    // An access point request is asked of the bucket behind it, too (R9.12).
    let bucket = request.on_bucket();
    let on_bucket = bucket.as_ref().unwrap_or(request);
    let present = statements.layers();
    let mut layers = Layers {
        policies,
        statements,
        present,
        record,
        bounded: limited && present.has(Layer::Boundary),
        has_bucket: bucket.is_some(),
        outcomes: [LayerOutcome::Absent; 7],
        denied: Truth::False,
    };
    let has_session = matches!(kind, Kind::RoleSession | Kind::FederatedUser);
    let identity = layers.ask(Layer::Identity, request, || limited)?;
    let boundary = layers.ask(Layer::Boundary, request, || limited)?;
    let session = layers.ask(Layer::Session, request, || has_session)?;
    let scp = layers.ask(Layer::Scp, request, || is_member(request))?;
    layers.ask(Layer::Rcp, on_bucket, || service::rcp_applies(on_bucket))?;
    let mut endpoint = layers.ask(Layer::Endpoint, request, || true)?;
    if let Some(bucket) = bucket.as_ref().filter(|_| present.has(Layer::Endpoint)) {
        let on_bucket = layers.ask(Layer::Endpoint, bucket, || true)?;
        endpoint = Said { denies: endpoint.denies.or(on_bucket.denies), allows: endpoint.allows.and(on_bucket.allows) };
        layers.set(Layer::Endpoint, || endpoint.outcome());
    }
    // An absent layer of identity policies grants nothing, unlike an absent limit.
    let identity = if present.has(Layer::Identity) && limited { identity } else { Said::SILENT };

    let (mut resource, through) = layers.ask_resource(request, on_bucket);
    let Layers { outcomes, denied, record, .. } = layers;

    if permitted.is_some() {
        return Some(Outcome {
            decision: Decision::Allowed,
            blocked_by: Blockers::default(),
            layers: outcomes,
            service: permitted,
            by_identity: false,
            granting: 0,
            never_granted: false,
            settled: false,
        });
    }
    let mut service_rule = None;
    if service::recovers_bucket_policy(request) {
        if !resource.denies.is_false() {
            service_rule = Some(ServiceRule::BucketPolicyRecovery);
            record.unsettled(Rule("R7.25"));
        }
        resource.denies = Truth::False;
    }
    if R::HASTY && resource.denies.is_true() {
        return None;
    }

    let by_resource = resource.denies.or(through.map_or(Truth::False, |through| through.denies));
    let denied = denied.or(by_resource);

    let parts = Parts {
        kind,
        identity: identity.allows,
        boundary: boundary.allows,
        // A federated user without a session policy has no identity permissions (R7.20).
        session: if kind == Kind::FederatedUser && !present.has(Layer::Session) {
            Truth::False
        } else {
            session.allows
        },
        needs_trust: service::needs_account_trust(request),
        direct: service::direct_grant(request),
        same_account: request.is_same_account(),
        provider_may: service::is_for_providers(request),
    };
    let mut grant = Grant::of::<R>(&parts, &resource);
    if let Some(through) = through {
        // Neither of the two policies may be the weak link. The access point may be of another account than the bucket.
        let parts = Parts { same_account: request.is_of_access_points_account(), ..parts };
        grant = grant.both(Grant::of::<R>(&parts, &through));
    }
    let forbidden = service::forbids(policies, request);
    match forbidden {
        Some((ServiceRule::RootAssumesRole, _)) => record.unsettled(Rule("R7.26")),
        Some((ServiceRule::BlockPublicAccess, _)) => record.unsettled(Rule("R7.36")),
        _ => {}
    }
    note_unsettled(policies, request, &parts, &outcomes, record);

    let granted = grant.granted.and(scp.allows).and(endpoint.allows);
    let granted = forbidden.map_or(granted, |(_, refuses)| granted.and(!refuses));
    let decision = match (denied, granted) {
        (Truth::True, _) => Decision::ExplicitDeny,
        (Truth::False, Truth::True) => Decision::Allowed,
        (Truth::False, Truth::False) => Decision::ImplicitDeny,
        _ => Decision::Depends,
    };

    if R::HASTY {
        return Some(Outcome { decision, ..DENIED });
    }
    let mut blocked_by = Blockers::default();
    if decision != Decision::Allowed {
        for (layer, outcome) in Layer::ALL.into_iter().zip(outcomes) {
            let denies =
                if layer == Layer::Resource { by_resource.is_true() } else { outcome == LayerOutcome::ExplicitDeny };
            if denies {
                blocked_by.add(Blocker::Layer(layer));
            }
        }
        if !grant.granted.is_true() {
            blocked_by.0 |= grant.missing.0;
        }
        for (layer, allows) in [(Layer::Scp, scp.allows), (Layer::Endpoint, endpoint.allows)] {
            if allows.is_false() {
                blocked_by.add(Blocker::Layer(layer));
            }
        }
        let refusing = forbidden.filter(|(_, refuses)| refuses.is_true()).map(|(rule, _)| rule);
        if refusing.is_some() {
            blocked_by.add(Blocker::Service);
        }
        if blocked_by.has(Blocker::Service) {
            service_rule = refusing.or(Some(ServiceRule::AccountNotTrusted));
        }
    }
    Some(Outcome {
        decision,
        blocked_by,
        layers: outcomes,
        service: service_rule,
        by_identity: grant.by_identity,
        granting: grant.granting,
        never_granted: granted.is_false(),
        settled: false,
    })
}

/// Whether service control policies concern the requester (R7.5).
fn is_member(request: &Request<'_>) -> bool {
    let principal = request.principal();
    let of_management = principal.account() == request.facts().management_account.as_ref();
    principal.is_identity() && !of_management && !principal.is_service_linked()
}

/// An explicit deny of which nothing else is told.
const DENIED: Outcome = Outcome {
    decision: Decision::ExplicitDeny,
    blocked_by: Blockers(0),
    layers: [LayerOutcome::Absent; 7],
    service: None,
    by_identity: false,
    granting: 0,
    never_granted: false,
    settled: false,
};

/// Tells of rules marked as unsure that bear on the request as a whole.
fn note_unsettled<R: Record>(
    policies: &PolicySet,
    request: &Request<'_>,
    parts: &Parts,
    layers: &[LayerOutcome; 7],
    record: &mut R,
) {
    if !R::KEEPS {
        return;
    }
    if parts.kind == Kind::FederatedUser && policies.session.is_empty() && !parts.identity.is_false() {
        record.unsettled(Rule("R7.20"));
    }
    if request.on_bucket().is_some() {
        record.unsettled(Rule("R9.12"));
    }
    let [.., rcp, _] = layers;
    if matches!(rcp, LayerOutcome::ExplicitDeny | LayerOutcome::Depends) {
        if request.resource().arn().is_none() {
            record.unsettled(Rule("R7.12"));
        }
        if !service::is_known(request.action().service()) {
            record.unsettled(Rule("R7.14"));
        }
    }
}
