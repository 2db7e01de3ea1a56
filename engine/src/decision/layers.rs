//! What each layer of policies says of a request.

use crate::layer::{Layer, LayerSet};
use crate::policy::{Group, Policies, PolicySet, Statements, Visitor};
use crate::principal::{Class, Classes};
use crate::request::Request;
use crate::statement::{Effect, Known, Record, Statement, StatementId, Surroundings};
use crate::truth::Truth;

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

/// What the policies of one group say: whether one denies, whether one allows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said {
    pub(super) denies: Truth,
    pub(super) allows: Truth,
}

impl Said {
    pub(super) const SILENT: Self = Self { denies: Truth::False, allows: Truth::False };
    /// A layer that is not there, or does not concern the request, limits nothing.
    pub(super) const PASSES: Self = Self { denies: Truth::False, allows: Truth::True };

    pub(super) fn outcome(self) -> LayerOutcome {
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
pub(super) struct ResourceSaid {
    pub(super) denies: Truth,
    /// Classes of statements that apply.
    sure: Classes,
    /// Classes of statements that apply, or may.
    pub(super) possible: Classes,
}

impl ResourceSaid {
    pub(super) const SILENT: Self = Self { denies: Truth::False, sure: Classes::NONE, possible: Classes::NONE };

    /// Whether an Allow names the requester as `class`.
    pub(super) fn has(&self, class: Class) -> Truth {
        self.has_any(&[class])
    }

    pub(super) fn has_any(&self, classes: &[Class]) -> Truth {
        let classes = Classes::of(classes);
        match (self.sure.meets(classes), self.possible.meets(classes)) {
            (true, _) => Truth::True,
            (false, true) => Truth::Unknown,
            (false, false) => Truth::False,
        }
    }

    pub(super) fn allows(&self) -> Truth {
        self.has_any(&Class::ALL)
    }

    pub(super) fn said(&self) -> Said {
        Said { denies: self.denies, allows: self.allows() }
    }
}

/// What the layers say, one after the other.
pub(super) struct Layers<'w, R, S> {
    pub(super) policies: &'w PolicySet,
    pub(super) statements: &'w S,
    /// Those that are there.
    pub(super) present: LayerSet,
    pub(super) record: &'w mut R,
    /// The requester has a permissions boundary.
    pub(super) bounded: bool,
    /// The request is asked of the bucket behind an access point, too.
    pub(super) has_bucket: bool,
    /// What each says, if more than the decision counts.
    pub(super) outcomes: [LayerOutcome; 7],
    /// Whether one of them denies, the resource's own aside.
    pub(super) denied: Truth,
}

impl<R: Record, S: Statements> Layers<'_, R, S> {
    /// What a layer says of a request that it concerns; `None` for an explicit deny where nothing but the decision counts.
    /// Most layers are not there most of the time.
    #[inline(always)]
    pub(super) fn ask(&mut self, layer: Layer, request: &Request<'_>, concerns: impl FnOnce() -> bool) -> Option<Said> {
        if !self.present.has(layer) {
            return Some(Said::PASSES);
        }
        if !concerns() {
            self.set(layer, || LayerOutcome::NotApplicable);
            return Some(Said::PASSES);
        }
        let endpoint = (layer == Layer::Endpoint).then_some(request.facts().endpoint_type);
        let on_bucket = self.has_bucket && !request.has_access_point_form();
        let around = Surroundings { layer, bounded: self.bounded, endpoint, on_bucket };
        let group = Group { layer, access_point: false, level: 0 };
        let mut said = match self.policies.groups(layer, false) {
            [one] => of_group(self.statements, group, one, request, around, self.record),
            levels => of_levels(self.statements, levels, request, around, self.record),
        };
        if R::HASTY && said.denies.is_true() {
            return None;
        }
        self.denied = self.denied.or(said.denies);
        if layer == Layer::Rcp {
            // RCPFullAWSAccess is attached at every level and cannot be taken away (R7.13).
            said.allows = Truth::True;
        }
        self.set(layer, || said.outcome());
        Some(said)
    }

    /// What the resource's own policies say, and those of the access point that the request goes through, if it does.
    #[inline(always)]
    pub(super) fn ask_resource(
        &mut self,
        request: &Request<'_>,
        on_bucket: &Request<'_>,
    ) -> (ResourceSaid, Option<ResourceSaid>) {
        let present = self.present.has(Layer::Resource);
        // What is done to an access point itself is no matter of the bucket's policy.
        let manages = request.manages_access_point();
        let resource = if present && !manages { self.ask_policies(false, on_bucket) } else { ResourceSaid::SILENT };
        let through = request.is_through_access_point().then(|| self.ask_policies(true, request));
        if !R::HASTY {
            let has_own = !self.policies.access_point.is_empty();
            if manages && (present || has_own) {
                self.set(Layer::Resource, || LayerOutcome::NotApplicable);
            } else if present || through.is_some() && has_own {
                let both = through.map_or(resource.said(), |through| Said {
                    denies: resource.denies.or(through.denies),
                    allows: resource.allows().and(through.allows()),
                });
                self.set(Layer::Resource, || both.outcome());
            }
        }
        (resource, through)
    }

    fn ask_policies(&mut self, access_point: bool, request: &Request<'_>) -> ResourceSaid {
        let group = Group { layer: Layer::Resource, access_point, level: 0 };
        let policies = if access_point { &self.policies.access_point } else { &self.policies.resource };
        let on_bucket = self.has_bucket && !access_point;
        let around = Surroundings { layer: Layer::Resource, bounded: self.bounded, endpoint: None, on_bucket };
        of_group(self.statements, group, policies, request, around, self.record)
    }

    /// Notes what a layer said, if more than the decision counts.
    pub(super) fn set(&mut self, layer: Layer, outcome: impl FnOnce() -> LayerOutcome) {
        if !R::HASTY
            && let Some(slot) = self.outcomes.get_mut(layer as usize)
        {
            *slot = outcome();
        }
    }
}

/// What the policies of a layer say, level by level. A level without policies is one that allows nothing.
fn of_levels<R: Record>(
    statements: &impl Statements,
    levels: &[Policies],
    request: &Request<'_>,
    around: Surroundings,
    record: &mut R,
) -> Said {
    let mut whole = Said::PASSES;
    for (level, policies) in levels.iter().enumerate() {
        let group = Group { layer: around.layer, access_point: false, level };
        let of_level = of_group::<_, Said>(statements, group, policies, request, around, record);
        whole.denies = whole.denies.or(of_level.denies);
        whole.allows = whole.allows.and(of_level.allows);
        if R::HASTY && whole.denies.is_true() {
            break;
        }
    }
    whole
}

/// What the policies of one group say.
#[inline(never)]
fn of_group<R: Record, S: Saying>(
    statements: &impl Statements,
    group: Group,
    policies: &Policies,
    request: &Request<'_>,
    around: Surroundings,
    record: &mut R,
) -> S {
    Looking { request, group, around, record, said: S::SILENT }.said_by(statements, policies)
}

/// Holds the statements of a group against a request.
struct Looking<'l, 'r, R, S> {
    request: &'l Request<'r>,
    group: Group,
    around: Surroundings,
    record: &'l mut R,
    said: S,
}

impl<R: Record, S: Saying> Looking<'_, '_, R, S> {
    fn said_by(mut self, statements: &impl Statements, policies: &Policies) -> S {
        statements.show(self.group, policies, self.request, &mut self);
        self.said
    }
}

/// What is put together from the statements of a group. Their order does not matter (R0.3).
trait Saying {
    /// What none at all says.
    const SILENT: Self;
    /// Whether a statement with this effect can still make a difference.
    fn wants(&self, effect: Effect) -> bool;
    /// Takes in a statement that applies or may apply.
    fn hear(&mut self, effect: Effect, applies: Truth, classes: Classes);
    fn denies(&self) -> Truth;
}

impl Saying for Said {
    const SILENT: Self = Self::SILENT;

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
    const SILENT: Self = Self::SILENT;

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
