//! Statements by the patterns of their resources.

use super::Few;
use super::lists::Place;
use crate::pattern::{Candidates, Fit};
use crate::policy::Policy;
use crate::request::Request;
use crate::resource::ResourcePattern;
use rustc_hash::FxHashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Statements, to be found by the resource of a request.
#[derive(Debug)]
pub(super) struct ByResource {
    /// Where each pattern stands, and the statements that have it.
    patterns: Vec<(Entry, Vec<Place>)>,
    candidates: Candidates,
    /// Those with a pattern that letter case can keep from fitting before the last part.
    odd: Vec<Place>,
}

/// Where a pattern stands: the statement, and which of its entries.
type Entry = (Place, usize);

impl ByResource {
    /// The index of statements with `Resource`; `None` where so few patterns are that the statements are asked.
    pub(super) fn of(policies: &[Arc<Policy>], places: impl Iterator<Item = Place>, few: Few) -> Option<Box<Self>> {
        let mut numbers = FxHashMap::default();
        let mut patterns: Vec<(Entry, Vec<Place>)> = Vec::new();
        let (mut pieces, mut odd) = (Vec::new(), Vec::new());
        for place in places {
            let Some(policy) = policies.get(place.policy as usize) else { continue };
            let entries = place.find(policies).and_then(|statement| statement.resource());
            for (entry, pattern) in entries.into_iter().flat_map(|element| element.entries()).enumerate() {
                let Some(literal) = pattern.pieces() else { continue };
                if !pattern.starts_plainly() {
                    odd.push(place);
                }
                // What is a variable depends on the version.
                let number = *numbers.entry((pattern.as_str(), policy.version())).or_insert_with(|| {
                    patterns.push(((place, entry), Vec::new()));
                    pieces.push(literal);
                    patterns.len() - 1
                });
                if let Some((_, owners)) = patterns.get_mut(number) {
                    owners.push(place);
                }
            }
        }
        (patterns.len() > few.patterns)
            .then(|| Box::new(Self { candidates: Candidates::of(pieces, few.asked), patterns, odd }))
    }

    /// Tells the statements one of whose patterns may fit the resource of a request, and how it does. One may be told several
    /// times.
    pub(super) fn each(
        &self,
        policies: &[Arc<Policy>],
        request: &Request<'_>,
        mut tell: impl FnMut(Place, Fit<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let text = request.matched_as().unwrap_or(request.resource().as_str());
        self.candidates.each(text, &mut |at| {
            let Some((entry, owners)) = self.patterns.get(at) else { return ControlFlow::Continue(()) };
            match pattern(policies, *entry).map_or(Fit::No, |pattern| pattern.fit(request)) {
                Fit::No => ControlFlow::Continue(()),
                fit => owners.iter().try_for_each(|place| tell(*place, fit)),
            }
        })
    }

    /// The statements that may be about a resource but for letter case, whatever the resource.
    pub(super) fn odd(&self) -> &[Place] {
        &self.odd
    }
}

fn pattern(policies: &[Arc<Policy>], (place, entry): Entry) -> Option<&ResourcePattern> {
    place.find(policies)?.resource()?.entries().get(entry)
}
