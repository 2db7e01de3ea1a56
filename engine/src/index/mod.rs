//! Policies compiled for many requests.
//!
//! Of a hundred policies, a handful of statements is about any one action, and few of those about any one resource. A
//! [`CompiledSet`] knows which: statements are found by the action of a request, and those about ARNs by the texts of
//! their patterns. What is found is held against the request by the same code as ever, so that an index can make the
//! decision faster and nothing else.

mod actions;
mod kinds;
mod lists;
mod resources;

pub use kinds::{Kinds, RequestKind};

use crate::condition::SameValues;
use crate::decision::{Decision, Explanation, Outcome, decide_by, explain_by, verdict_by};
use crate::layer::{Layer, LayerSet};
use crate::pattern;
use crate::policy::{Group, Policy, PolicySet, Statements, Visitor};
use crate::request::{Action, Request};
use crate::statement::{Known, Statement};
use actions::ByAction;
use lists::visit;
use std::sync::Arc;

/// How many are so few that asking all of them costs less than finding out which to ask.
#[derive(Debug, Clone, Copy, Default)]
struct Few {
    /// Statements of a group, and their actions.
    statements: usize,
    actions: usize,
    /// Patterns of the statements about an action.
    patterns: usize,
    /// Patterns that are asked one after the other.
    asked: usize,
}

impl Few {
    const USUAL: Self = Self { statements: 4, actions: 16, patterns: pattern::FEW, asked: pattern::FEW };
}

/// About how many statements an index finds for a request.
const FOUND: usize = 16;

/// A set of policies, compiled.
///
/// ```
/// use can_access_engine::decision::Decision;
/// use can_access_engine::index::CompiledSet;
/// use can_access_engine::layer::Layer;
/// use can_access_engine::policy::{Policy, PolicySet};
/// use can_access_engine::problem::Source;
/// use can_access_engine::request::{Action, Context, Facts, Principal, Request, Resource};
/// use std::sync::Arc;
///
/// let text = r#"{ "Version": "2012-10-17", "Statement": {
///     "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*" } }"#;
/// let policy = Policy::read(Source::new("p.json", text), Layer::Identity).unwrap();
/// let set = CompiledSet::new(PolicySet { identity: vec![Arc::new(policy)], ..PolicySet::default() });
///
/// let principal = Principal::parse("arn:aws:iam::111122223333:role/export").unwrap();
/// let action = Action::parse("s3:GetObject").unwrap();
/// let resource = Resource::parse("arn:aws:s3:::data/k").unwrap();
/// let (context, facts) = (Context::new(), Facts::default());
/// let request = Request::new(&principal, &action, resource, None, &context, &facts).unwrap();
/// assert_eq!(set.verdict(&request), Decision::Allowed);
/// ```
#[derive(Debug, Default)]
pub struct CompiledSet {
    policies: PolicySet,
    /// The layers that they are of.
    layers: LayerSet,
    /// The groups with many statements.
    groups: Vec<(Group, ByAction)>,
}

impl CompiledSet {
    /// Compiles policies.
    #[must_use]
    pub fn new(policies: PolicySet) -> Self {
        Self::compile(policies, Few::USUAL)
    }

    /// Compiles policies, with indexes even where there is little to find: for tests of the indexes.
    #[must_use]
    pub fn indexing_everything(policies: PolicySet) -> Self {
        Self::compile(policies, Few::default())
    }

    fn compile(policies: PolicySet, few: Few) -> Self {
        let mut indexed = Vec::new();
        for id in groups(&policies) {
            let Some(group) = policies.groups(id.layer, id.access_point).get(id.level) else { continue };
            let statements = || group.iter().flat_map(|policy| policy.statements());
            let actions = || statements().map(|statement| statement.action().entries().len()).sum::<usize>();
            if statements().count() > few.statements || actions() > few.actions {
                indexed.push((id, ByAction::of(group, id.layer, few)));
            }
        }
        share_values(&policies);
        Self { layers: policies.layers(), policies, groups: indexed }
    }

    /// The policies.
    #[must_use]
    pub fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// Decides a request, as [`crate::decision::decide`] does.
    #[must_use]
    pub fn decide(&self, request: &Request<'_>) -> Outcome {
        decide_by(&self.policies, self, request)
    }

    /// Decides a request and says why. Of a group with an index, the statements are told that are about the action: no
    /// other can have decided.
    #[must_use]
    pub fn explain(&self, request: &Request<'_>) -> Explanation<'_> {
        explain_by(&self.policies, &About::action(self), request, FOUND)
    }

    /// As [`Self::explain`], with fewer statements: of a group with an index, those that may be about the resource, too, or
    /// nearly so, unless another came nearest. All else is alike.
    #[must_use]
    pub fn explain_briefly(&self, request: &Request<'_>) -> Explanation<'_> {
        let brief = explain_by(&self.policies, &About::resource(self), request, FOUND);
        // Of statements about something else, one can have come nearest where none is about the resource.
        let is_near = brief.nearest_report().is_some_and(|report| !report.resource.is_false());
        if brief.outcome.decision == Decision::ImplicitDeny && !is_near { self.explain(request) } else { brief }
    }

    /// The statements about an action, of all layers.
    pub fn about(&self, action: &Action) -> Vec<&Statement> {
        let mut statements = Vec::new();
        for group in groups(&self.policies) {
            let policies = self.policies.groups(group.layer, group.access_point).get(group.level);
            match (policies, self.by_action(group)) {
                (Some(policies), Some(by_action)) => {
                    statements
                        .extend(by_action.places(policies, action).iter().filter_map(|place| place.find(policies)));
                }
                (Some(policies), None) => {
                    let all = policies.iter().flat_map(|policy| policy.statements());
                    statements.extend(all.filter(|statement| statement.action().matches(action)));
                }
                (None, _) => {}
            }
        }
        statements
    }

    fn by_action(&self, group: Group) -> Option<&ByAction> {
        self.groups.iter().find(|(indexed, _)| *indexed == group).map(|(_, by_action)| by_action)
    }

    /// The decision alone: evaluation ends as soon as it cannot change.
    #[must_use]
    pub fn verdict(&self, request: &Request<'_>) -> Decision {
        verdict_by(&self.policies, self, request)
    }
}

impl Statements for CompiledSet {
    fn layers(&self) -> LayerSet {
        self.layers
    }

    fn show(&self, group: Group, policies: &[Arc<Policy>], request: &Request<'_>, visitor: &mut impl Visitor) {
        match self.by_action(group) {
            Some(by_action) => by_action.show(policies, request, visitor),
            None => self.policies.show(group, policies, request, visitor),
        }
    }
}

/// The statements that are about the action of a request, or about its resource, too, in the order of the policies.
struct About<'s> {
    set: &'s CompiledSet,
    resource: bool,
}

impl<'s> About<'s> {
    fn action(set: &'s CompiledSet) -> Self {
        Self { set, resource: false }
    }

    fn resource(set: &'s CompiledSet) -> Self {
        Self { set, resource: true }
    }
}

impl Statements for About<'_> {
    fn layers(&self) -> LayerSet {
        self.set.layers
    }

    fn show(&self, group: Group, policies: &[Arc<Policy>], request: &Request<'_>, visitor: &mut impl Visitor) {
        let Self { set, resource } = self;
        let Some(by_action) = set.by_action(group) else {
            return set.policies.show(group, policies, request, visitor);
        };
        let places =
            if *resource { by_action.near(policies, request) } else { by_action.places(policies, request.action()) };
        for place in places {
            visit(policies, place, Known { action: true, resource: false }, visitor);
        }
    }
}

/// Lists of condition values that several statements have are put in order once for all of them.
fn share_values(policies: &PolicySet) {
    let mut same = SameValues::default();
    let statements = policies.policies().flat_map(|policy| policy.statements());
    statements.flat_map(|statement| statement.conditions().tests()).for_each(|test| same.share(test));
}

/// All groups of policies.
fn groups(policies: &PolicySet) -> impl Iterator<Item = Group> {
    let layers = Layer::ALL.into_iter().map(|layer| (layer, false)).chain([(Layer::Resource, true)]);
    layers.flat_map(|(layer, access_point)| {
        (0..policies.groups(layer, access_point).len()).map(move |level| Group { layer, access_point, level })
    })
}
