//! Action patterns and the catalogue: what a pattern covers, and the shortest patterns that cover it.
//!
//! The catalogue is of one day. What a pattern covers beyond it (actions that AWS adds later) is not counted.

mod shrink;

pub use shrink::{Change, Shrunk, Style, shrink, shrink_policy};

use crate::action::{ActionElement, ActionPattern};
use crate::catalogue::{Action, Catalogue, Service};

/// The actions of the catalogue that a pattern covers, in order of service and name.
///
/// ```
/// use can_access_engine::action::ActionPattern;
/// use can_access_engine::catalogue::Catalogue;
/// use can_access_engine::expansion::expand;
/// let covered = expand(Catalogue::published(), &ActionPattern::parse("S3:get*versiontagging"));
/// let names: Vec<String> = covered.iter().map(ToString::to_string).collect();
/// assert_eq!(names, ["s3:GetObjectVersionTagging"]);
/// ```
#[must_use]
pub fn expand<'c>(catalogue: &'c Catalogue, pattern: &ActionPattern) -> Vec<Action<'c>> {
    expand_all(catalogue, std::slice::from_ref(pattern))
}

/// The actions of the catalogue that some of the patterns cover, in order of service and name, each once.
#[must_use]
pub fn expand_all<'c>(catalogue: &'c Catalogue, patterns: &[ActionPattern]) -> Vec<Action<'c>> {
    services_of(catalogue, patterns).flat_map(|service| of_service(service, patterns)).collect()
}

/// The actions of the catalogue that an `Action` or `NotAction` element matches.
///
/// ```
/// use can_access_engine::action::{ActionElement, ActionPattern};
/// use can_access_engine::catalogue::Catalogue;
/// use can_access_engine::expansion::expand_element;
/// let element = ActionElement::not_action(vec![ActionPattern::parse("*")]);
/// assert!(expand_element(Catalogue::published(), &element).is_empty());
/// ```
#[must_use]
pub fn expand_element<'c>(catalogue: &'c Catalogue, element: &ActionElement) -> Vec<Action<'c>> {
    if !element.is_negated() {
        return expand_all(catalogue, element.entries());
    }
    let all = catalogue.services().flat_map(Service::actions);
    all.filter(|action| !is_covered(*action, element.entries())).collect()
}

/// The services that the patterns can be about. Nothing is unpacked for it.
fn services_of<'c>(catalogue: &'c Catalogue, patterns: &[ActionPattern]) -> impl Iterator<Item = Service<'c>> {
    let named = |service: Service<'_>| {
        let about = |pattern: &ActionPattern| pattern.service().is_none_or(|prefix| prefix == service.prefix());
        patterns.iter().filter(|pattern| pattern.is_well_formed()).any(about)
    };
    catalogue.services().filter(move |service| named(*service)).collect::<Vec<_>>().into_iter()
}

fn of_service<'c>(service: Service<'c>, patterns: &[ActionPattern]) -> impl Iterator<Item = Action<'c>> {
    service.actions().filter(|action| is_covered(*action, patterns))
}

fn is_covered(action: Action<'_>, patterns: &[ActionPattern]) -> bool {
    let name = action.name().to_ascii_lowercase();
    patterns.iter().any(|pattern| pattern.covers(action.service().prefix(), &name))
}
