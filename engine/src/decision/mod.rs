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
mod public;
mod service;

pub use completions::{Completion, Dependence};
pub use explanation::{Explanation, StatementReport};

use crate::layer::{Layer, Rule};
use crate::policy::{Group, Policies, PolicySet, Statements, Visitor};
use crate::principal::{Class, Classes};
use crate::request::{Kind, Request};
use crate::statement::{Effect, Hasty, Known, Record, Statement, StatementId, Surroundings};
use crate::truth::Truth;

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

/// What one layer says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LayerOutcome {
    /// There are no policies of this kind.
    Absent,
    /// The layer does not concern this principal or resource (R7.5, R7.10).
    NotApplicable,
    /// A statement of the layer allows; for service control policies, one of each level.
    Allowed,
    /// A statement of the layer denies.
    ExplicitDeny,
    /// No statement of the layer allows.
    ImplicitDeny,
    /// It depends on unknown keys.
    Depends,
}

impl LayerOutcome {
    /// The name in machine-readable output.
    ///
    /// ```
    /// use can_access_engine::decision::LayerOutcome;
    /// assert_eq!(LayerOutcome::Absent.name(), "absent");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::NotApplicable => "notApplicable",
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

/// What the policies of one group say: whether one denies, whether one allows.
#[derive(Debug, Clone, Copy)]
struct Said {
    denies: Truth,
    allows: Truth,
}

impl Said {
    const SILENT: Self = Self { denies: Truth::False, allows: Truth::False };
    /// A layer that is not there, or does not concern the request, limits nothing.
    const PASSES: Self = Self { denies: Truth::False, allows: Truth::True };

    fn outcome(self) -> LayerOutcome {
        match (self.denies, self.allows) {
            (Truth::True, _) => LayerOutcome::ExplicitDeny,
            (Truth::Unknown, _) | (Truth::False, Truth::Unknown) => LayerOutcome::Depends,
            (Truth::False, Truth::True) => LayerOutcome::Allowed,
            (Truth::False, Truth::False) => LayerOutcome::ImplicitDeny,
        }
    }
}

/// What the resource-based policies say: whether one denies, and how those that allow name the requester.
#[derive(Debug, Clone, Copy)]
struct ResourceSaid {
    denies: Truth,
    /// Classes of statements that apply.
    sure: Classes,
    /// Classes of statements that apply, or may.
    possible: Classes,
}

impl ResourceSaid {
    const SILENT: Self = Self { denies: Truth::False, sure: Classes::NONE, possible: Classes::NONE };

    /// Whether an Allow names the requester as `class`.
    fn has(&self, class: Class) -> Truth {
        self.has_any(&[class])
    }

    fn has_any(&self, classes: &[Class]) -> Truth {
        let classes = Classes::of(classes);
        match (self.sure.meets(classes), self.possible.meets(classes)) {
            (true, _) => Truth::True,
            (false, true) => Truth::Unknown,
            (false, false) => Truth::False,
        }
    }

    fn allows(&self) -> Truth {
        self.has_any(&Class::ALL)
    }

    fn said(&self) -> Said {
        Said { denies: self.denies, allows: self.allows() }
    }
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
    let principal = request.principal();
    let kind = principal.kind();
    // Policies of their own, boundaries among them, have users and roles only.
    let limited = matches!(kind, Kind::User | Kind::RoleSession | Kind::FederatedUser);
    // An access point request is asked of the bucket behind it, too (R9.12).
    let bucket = request.on_bucket();
    let on_bucket = bucket.as_ref().unwrap_or(request);
    let mut layers = Layers {
        policies,
        statements,
        record,
        bounded: limited && !policies.boundary.is_empty(),
        has_bucket: bucket.is_some(),
        outcomes: [LayerOutcome::Absent; 7],
        denied: Truth::False,
    };

    let management = request.facts().management_account.as_ref();
    let is_member = || principal.is_identity() && principal.account() != management && !principal.is_service_linked();
    let has_session = || matches!(kind, Kind::RoleSession | Kind::FederatedUser);
    let identity = layers.ask(Layer::Identity, request, || limited)?;
    let boundary = layers.ask(Layer::Boundary, request, || limited)?;
    let session = layers.ask(Layer::Session, request, has_session)?;
    let scp = layers.ask(Layer::Scp, request, is_member)?;
    layers.ask(Layer::Rcp, on_bucket, || service::rcp_applies(on_bucket))?;
    let mut endpoint = layers.ask(Layer::Endpoint, request, || true)?;
    if let Some(bucket) = bucket.as_ref().filter(|_| !policies.endpoint.is_empty()) {
        let on_bucket = layers.ask(Layer::Endpoint, bucket, || true)?;
        endpoint = Said { denies: endpoint.denies.or(on_bucket.denies), allows: endpoint.allows.and(on_bucket.allows) };
        layers.set(Layer::Endpoint, || endpoint.outcome());
    }
    // An absent layer of identity policies grants nothing, unlike an absent limit.
    let identity = if policies.identity.is_empty() || !limited { Said::SILENT } else { identity };

    // What is done to an access point itself is no matter of the bucket's policy.
    let asks_resource = !policies.resource.is_empty() && !request.manages_access_point();
    let mut resource = if asks_resource { layers.ask_resource(false, on_bucket) } else { ResourceSaid::SILENT };
    let through = request.is_through_access_point().then(|| layers.ask_resource(true, request));
    if request.manages_access_point() && !(policies.resource.is_empty() && policies.access_point.is_empty()) {
        layers.set(Layer::Resource, || LayerOutcome::NotApplicable);
    }
    if asks_resource || through.is_some() && !policies.access_point.is_empty() {
        let both = through.map_or(resource.said(), |through| Said {
            denies: resource.denies.or(through.denies),
            allows: resource.allows().and(through.allows()),
        });
        layers.set(Layer::Resource, || both.outcome());
    }
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
        session: if kind == Kind::FederatedUser && policies.session.is_empty() { Truth::False } else { session.allows },
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

/// What the layers say, one after the other.
struct Layers<'w, R, S> {
    policies: &'w PolicySet,
    statements: &'w S,
    record: &'w mut R,
    /// The requester has a permissions boundary.
    bounded: bool,
    /// The request is asked of the bucket behind an access point, too.
    has_bucket: bool,
    /// What each says, if more than the decision counts.
    outcomes: [LayerOutcome; 7],
    /// Whether one of them denies, the resource's own aside.
    denied: Truth,
}

impl<R: Record, S: Statements> Layers<'_, R, S> {
    /// What a layer says of a request that it concerns; `None` for an explicit deny where nothing but the decision counts.
    /// Most layers are not there most of the time. A level without policies is one that allows nothing.
    #[inline(always)]
    fn ask(&mut self, layer: Layer, request: &Request<'_>, concerns: impl FnOnce() -> bool) -> Option<Said> {
        let levels = self.policies.groups(layer, false);
        if levels.iter().all(|policies| policies.is_empty() && !layer.has_levels()) {
            return Some(Said::PASSES);
        }
        if !concerns() {
            self.set(layer, || LayerOutcome::NotApplicable);
            return Some(Said::PASSES);
        }
        self.ask_levels(layer, levels, request)
    }

    fn ask_levels(&mut self, layer: Layer, levels: &[Policies], request: &Request<'_>) -> Option<Said> {
        let endpoint = (layer == Layer::Endpoint).then_some(request.facts().endpoint_type);
        let on_bucket = self.has_bucket && !request.has_access_point_form();
        let around = Surroundings { layer, bounded: self.bounded, endpoint, on_bucket };
        let mut whole = Said::PASSES;
        for (level, policies) in levels.iter().enumerate() {
            let group = Group { layer, access_point: false, level };
            let of_level = self.ask_group(group, policies, Said::SILENT, request, around);
            whole.denies = whole.denies.or(of_level.denies);
            whole.allows = whole.allows.and(of_level.allows);
        }
        if R::HASTY && whole.denies.is_true() {
            return None;
        }
        self.denied = self.denied.or(whole.denies);
        if layer == Layer::Rcp {
            // RCPFullAWSAccess is attached at every level and cannot be taken away (R7.13).
            whole.allows = Truth::True;
        }
        self.set(layer, || whole.outcome());
        Some(whole)
    }

    /// What the resource's own policies say, or those of the access point.
    fn ask_resource(&mut self, access_point: bool, request: &Request<'_>) -> ResourceSaid {
        let group = Group { layer: Layer::Resource, access_point, level: 0 };
        let policies = if access_point { &self.policies.access_point } else { &self.policies.resource };
        let on_bucket = self.has_bucket && !access_point;
        let around = Surroundings { layer: Layer::Resource, bounded: self.bounded, endpoint: None, on_bucket };
        self.ask_group(group, policies, ResourceSaid::SILENT, request, around)
    }

    fn ask_group<T: Saying>(
        &mut self,
        group: Group,
        policies: &Policies,
        silent: T,
        request: &Request<'_>,
        around: Surroundings,
    ) -> T {
        let mut looking = Looking { request, group, around, record: self.record, said: silent };
        self.statements.show(group, policies, request, &mut looking);
        looking.said
    }

    /// Notes what a layer said, if more than the decision counts.
    fn set(&mut self, layer: Layer, outcome: impl FnOnce() -> LayerOutcome) {
        if !R::HASTY
            && let Some(slot) = self.outcomes.get_mut(layer as usize)
        {
            *slot = outcome();
        }
    }
}

/// Holds the statements of a group against a request.
struct Looking<'l, 'r, R, S> {
    request: &'l Request<'r>,
    group: Group,
    around: Surroundings,
    record: &'l mut R,
    said: S,
}

/// What is put together from the statements of a group. Their order does not matter (R0.3).
trait Saying {
    /// Whether a statement with this effect can still make a difference.
    fn wants(&self, effect: Effect) -> bool;
    /// Takes in a statement that applies or may apply.
    fn hear(&mut self, effect: Effect, applies: Truth, classes: Classes);
    fn denies(&self) -> Truth;
}

impl Saying for Said {
    fn wants(&self, effect: Effect) -> bool {
        match effect {
            Effect::Deny => !self.denies.is_true(),
            Effect::Allow => !self.allows.is_true(),
        }
    }

    fn hear(&mut self, effect: Effect, applies: Truth, _: Classes) {
        match effect {
            Effect::Deny => self.denies = self.denies.or(applies),
            Effect::Allow => self.allows = self.allows.or(applies),
        }
    }

    fn denies(&self) -> Truth {
        self.denies
    }
}

impl Saying for ResourceSaid {
    fn wants(&self, effect: Effect) -> bool {
        effect == Effect::Allow || !self.denies.is_true()
    }

    fn hear(&mut self, effect: Effect, applies: Truth, classes: Classes) {
        match effect {
            Effect::Deny => self.denies = self.denies.or(applies),
            Effect::Allow => {
                self.possible = self.possible.with(classes);
                if applies.is_true() {
                    self.sure = self.sure.with(classes);
                }
            }
        }
    }

    fn denies(&self) -> Truth {
        self.denies
    }
}

impl<R: Record, S: Saying> Visitor for Looking<'_, '_, R, S> {
    fn wants(&self, effect: Effect) -> bool {
        R::KEEPS || self.said.wants(effect) && !(R::HASTY && self.said.denies().is_true())
    }

    fn visit(&mut self, policy: usize, statement: usize, compiled: &Statement, known: Known) {
        let Group { layer, access_point, level } = self.group;
        self.record.begin(StatementId { layer, access_point, level, policy, statement }, self.around.on_bucket);
        let examined = compiled.examine(self.request, self.around, known, self.record);
        if R::KEEPS && examined.action && compiled.is_near(self.request) {
            for rule in compiled.unsettled(self.request, self.around) {
                self.record.unsettled(rule);
            }
        }
        if !examined.applies.is_false() {
            self.said.hear(compiled.effect(), examined.applies, examined.classes);
        }
    }
}

/// What the layers contribute to a grant.
#[derive(Debug, Clone, Copy)]
struct Parts {
    kind: Kind,
    identity: Truth,
    boundary: Truth,
    session: Truth,
    /// Identity policies count only if the resource's policy names the account (R7.30).
    needs_trust: bool,
    /// A declared KMS grant or multipart upload allows the request directly (R7.31, R9.7).
    direct: bool,
    same_account: bool,
    /// The action is one that identity providers ask for (R7.29).
    provider_may: bool,
}

/// Whether the policies grant the request, and what is missing where they do not.
#[derive(Debug, Clone, Copy)]
struct Grant {
    granted: Truth,
    missing: Blockers,
    by_identity: bool,
    granting: u16,
}

impl Grant {
    #[inline(always)]
    fn of<R: Record>(parts: &Parts, resource: &ResourceSaid) -> Self {
        match parts.kind {
            Kind::User | Kind::RoleSession | Kind::FederatedUser if parts.same_account => {
                Self::same_account::<R>(parts, resource)
            }
            Kind::User | Kind::RoleSession | Kind::FederatedUser => Self::cross_account(parts, resource),
            // The root user has its account's own resources, and needs their policy where nothing else counts (R7.24).
            Kind::Root if parts.same_account && !parts.needs_trust => Self::by_resource(Truth::True, &[]),
            Kind::Root => Self::by_resource(resource.allows().or(parts.direct.into()), &Class::ALL),
            Kind::Anonymous => Self::named(resource, &[Class::Anyone]),
            Kind::Service if parts.direct => Self::by_resource(Truth::True, &[]),
            Kind::Service => Self::named(resource, &[Class::Service, Class::Anyone]),
            Kind::IdentityProvider if parts.provider_may => Self::named(resource, &[Class::IdentityProvider]),
            Kind::IdentityProvider => Self::by_resource(Truth::False, &[]),
        }
    }

    /// In one account, the identity policies or the resource's policy is enough (R7.17). Which limits a grant of the
    /// resource's policy has to pass depends on how it names the requester: naming the user, the session, the
    /// federated user or everyone passes a silent boundary and session policy; naming the role behind a session, or
    /// the user behind a federated one, does not; naming the account is no grant by itself.
    #[inline(always)]
    fn same_account<R: Record>(parts: &Parts, resource: &ResourceSaid) -> Self {
        const UNLIMITED: [Class; 4] = [Class::Anyone, Class::ExactUser, Class::ExactSession, Class::ExactFederated];
        const LIMITED: [Class; 2] = [Class::RoleOfSession, Class::UserOfFederated];
        let limits = parts.boundary.and(parts.session);
        let trust = if parts.needs_trust { resource.has(Class::AccountDelegation) } else { Truth::True };
        let by_identity = parts.identity.and(limits).and(trust);
        let unlimited = resource.has_any(&UNLIMITED).or(parts.direct.into());
        let limited = resource.has_any(&LIMITED);
        let granted = by_identity.or(unlimited).or(limited.and(limits));
        if R::HASTY {
            return Self { granted, missing: Blockers::default(), by_identity: false, granting: 0 };
        }

        let mut missing = Blockers::default();
        let mut lacks = |layer: Layer, allows: Truth| {
            if allows.is_false() {
                missing.add(Blocker::Layer(layer));
            }
        };
        lacks(Layer::Boundary, parts.boundary);
        lacks(Layer::Session, parts.session);
        if !limited.is_true() {
            lacks(Layer::Identity, parts.identity);
            lacks(Layer::Resource, trust);
            if trust.is_false() {
                missing.add(Blocker::Service);
            }
        }
        let granting = UNLIMITED.iter().chain(LIMITED.iter().filter(|_| limits.is_true()));
        let trusted = (parts.needs_trust && by_identity.is_true()).then_some(&Class::AccountDelegation);
        Self {
            granted,
            missing,
            by_identity: by_identity.is_true(),
            granting: bits(granting.chain(trusted).filter(|class| resource.possible.has(**class))),
        }
    }

    /// Across accounts both sides have to allow, and no way of naming the requester passes a limit (R7.23).
    #[inline(always)]
    fn cross_account(parts: &Parts, resource: &ResourceSaid) -> Self {
        let theirs = resource.allows().or(parts.direct.into());
        let ours = parts.identity.and(parts.boundary).and(parts.session);
        let mut missing = Blockers::default();
        let needed = [
            (Layer::Identity, parts.identity),
            (Layer::Resource, theirs),
            (Layer::Boundary, parts.boundary),
            (Layer::Session, parts.session),
        ];
        for (layer, allows) in needed {
            if allows.is_false() {
                missing.add(Blocker::Layer(layer));
            }
        }
        let granted = ours.and(theirs);
        Self { granted, missing, by_identity: granted.is_true(), granting: bits(&Class::ALL) }
    }

    /// A grant by the resource's policy alone, which has to name the requester in one of these ways.
    #[inline(always)]
    fn named(resource: &ResourceSaid, classes: &[Class]) -> Self {
        Self::by_resource(resource.has_any(classes), classes)
    }

    #[inline(always)]
    fn by_resource(granted: Truth, classes: &[Class]) -> Self {
        let mut missing = Blockers::default();
        missing.add(Blocker::Layer(Layer::Resource));
        Self { granted, missing, by_identity: false, granting: bits(classes) }
    }

    /// Both of two grants.
    fn both(self, other: Self) -> Self {
        let missing = |grant: Self| if grant.granted.is_true() { 0 } else { grant.missing.0 };
        Self {
            granted: self.granted.and(other.granted),
            missing: Blockers(missing(self) | missing(other)),
            by_identity: self.by_identity || other.by_identity,
            granting: self.granting | other.granting,
        }
    }
}

fn bits<'c>(classes: impl IntoIterator<Item = &'c Class>) -> u16 {
    classes.into_iter().fold(0, |bits, &class| bits | class as u16)
}

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
