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
}

/// Where a pattern stands: the statement, and which of its entries.
type Entry = (Place, usize);

impl ByResource {
    /// The index of statements with `Resource`; `None` where so few patterns are that the statements are asked.
    pub(super) fn of(policies: &[Arc<Policy>], places: impl Iterator<Item = Place>, few: Few) -> Option<Box<Self>> {
        let mut numbers = FxHashMap::default();
        let mut patterns: Vec<(Entry, Vec<Place>)> = Vec::new();
        let mut pieces = Vec::new();
        for place in places {
            let Some(policy) = policies.get(place.policy as usize) else { continue };
            let entries = place.find(policies).and_then(|statement| statement.resource());
            for (entry, pattern) in entries.into_iter().flat_map(|element| element.entries()).enumerate() {
                let Some(literal) = pattern.pieces() else { continue };
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
            .then(|| Box::new(Self { candidates: Candidates::of(pieces, few.asked), patterns }))
    }

    /// Tells the statements one of whose patterns fits the resource of a request, or may; `true` with those of which one
    /// does. One may be told several times.
    pub(super) fn each(
        &self,
        policies: &[Arc<Policy>],
        request: &Request<'_>,
        mut tell: impl FnMut(Place, bool) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let text = request.all_buckets().unwrap_or(request.resource().as_str());
        self.candidates.each(text, &mut |at| {
            let Some((entry, owners)) = self.patterns.get(at) else { return ControlFlow::Continue(()) };
            let fits = match pattern(policies, *entry).map(|pattern| pattern.fit(request)) {
                Some(Fit::Yes) => true,
                Some(Fit::Unknown(_)) => false,
                Some(Fit::No | Fit::Unresolved(_)) | None => return ControlFlow::Continue(()),
            };
            owners.iter().try_for_each(|place| tell(*place, fits))
        })
    }
}

fn pattern(policies: &[Arc<Policy>], (place, entry): Entry) -> Option<&ResourcePattern> {
    place.find(policies)?.resource()?.entries().get(entry)
}
