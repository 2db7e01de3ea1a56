//! Lists of statements, all in one piece of memory.

use super::Few;
use super::resources::ByResource;
use crate::policy::{Policy, Visitor};
use crate::statement::{Effect, Known, Statement};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Where a statement stands in its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) policy: u32,
    pub(super) statement: u32,
}

impl Place {
    pub(super) fn find(self, policies: &[Arc<Policy>]) -> Option<&Statement> {
        policies.get(self.policy as usize)?.statements().get(self.statement as usize)
    }
}

/// What a statement says of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// It is about all of them, under no condition and whoever asks.
    Unconditional,
    /// It is about all of them.
    Everywhere,
    /// It has to be asked.
    Unsorted,
    /// It is about those that fit its patterns.
    Patterns,
}

/// Lists of statements.
#[derive(Debug, Default)]
pub(super) struct Lists {
    places: Vec<(Scope, Place)>,
    lists: Vec<[Half; 2]>,
}

/// Which of the lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ListId(u32);

/// The statements of a list with one effect, in the order in which they are looked at.
#[derive(Debug, Default)]
struct Half {
    /// Where they are.
    range: Range<u32>,
    /// Those about resources that fit patterns, to be found by resource; built when they are first asked for.
    by_resource: OnceLock<Option<Box<ByResource>>>,
}

/// Lists that are put together.
#[derive(Debug)]
pub(super) struct Listing {
    count: u32,
    found: Vec<(ListId, Listed)>,
}

/// A statement in a list; denials come first.
type Listed = (bool, Scope, Place);

/// Which half has the statements with an effect.
fn half(effect: Effect) -> usize {
    match effect {
        Effect::Deny => 0,
        Effect::Allow => 1,
    }
}

impl Listing {
    /// For so many statements in lists.
    pub(super) fn with_capacity(count: usize) -> Self {
        Self { count: 0, found: Vec::with_capacity(count) }
    }

    /// Another list.
    pub(super) fn list(&mut self) -> ListId {
        self.count += 1;
        ListId(self.count - 1)
    }

    /// Adds a statement to a list.
    pub(super) fn add(&mut self, list: ListId, effect: Effect, scope: Scope, place: Place) {
        self.found.push((list, (effect == Effect::Allow, scope, place)));
    }

    /// The lists.
    pub(super) fn finish(self) -> Lists {
        // How many statements come in front of those of each list.
        let mut ends = vec![0_usize; self.count as usize + 1];
        for (ListId(list), _) in &self.found {
            if let Some(end) = ends.get_mut(*list as usize + 1) {
                *end += 1;
            }
        }
        let mut before = 0;
        for end in &mut ends {
            before += *end;
            *end = before;
        }
        let nowhere = (false, Scope::Patterns, Place { policy: 0, statement: 0 });
        let mut sorted: Vec<Listed> = vec![nowhere; self.found.len()];
        let mut next = ends.clone();
        for (ListId(list), listed) in self.found {
            let Some(at) = next.get_mut(list as usize) else { continue };
            if let Some(slot) = sorted.get_mut(*at) {
                *slot = listed;
            }
            *at += 1;
        }
        let mut lists = Lists { places: Vec::with_capacity(sorted.len()), lists: Vec::with_capacity(ends.len()) };
        for pair in ends.windows(2) {
            let &[start, end] = pair else { continue };
            let of_list = sorted.get_mut(start..end).unwrap_or_default();
            of_list.sort_unstable();
            let allowing = of_list.partition_point(|(allows, ..)| !allows);
            let halves = of_list.split_at_checked(allowing).unwrap_or_default();
            lists.lists.push([halves.0, halves.1].map(|half| {
                let from = lists.places.len();
                for (_, scope, place) in half {
                    if lists.places.get(from..).and_then(<[_]>::last) != Some(&(*scope, *place)) {
                        lists.places.push((*scope, *place));
                    }
                }
                let small = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
                Half { range: small(from)..small(lists.places.len()), by_resource: OnceLock::new() }
            }));
        }
        lists
    }
}

impl Lists {
    fn half(&self, ListId(list): ListId, effect: Effect) -> Option<&Half> {
        self.lists.get(list as usize)?.get(half(effect))
    }

    /// The statements of a list with an effect.
    pub(super) fn places(&self, list: ListId, effect: Effect) -> &[(Scope, Place)] {
        let of_half = |half: &Half| self.places.get(half.range.start as usize..half.range.end as usize);
        self.half(list, effect).and_then(of_half).unwrap_or_default()
    }

    /// Those of a scope.
    pub(super) fn of(&self, list: ListId, effect: Effect, scope: Scope) -> &[(Scope, Place)] {
        of_scope(self.places(list, effect), scope)
    }

    /// Those about resources that fit patterns, to be found by resource; `None` where they are few.
    pub(super) fn by_resource(
        &self,
        list: ListId,
        effect: Effect,
        policies: &[Arc<Policy>],
        few: Few,
    ) -> Option<&ByResource> {
        let places = self.of(list, effect, Scope::Patterns);
        if places.is_empty() {
            return None;
        }
        let places = || places.iter().map(|(_, place)| *place);
        self.half(list, effect)?.by_resource.get_or_init(|| ByResource::of(policies, places(), few)).as_deref()
    }
}

fn of_scope(places: &[(Scope, Place)], scope: Scope) -> &[(Scope, Place)] {
    let start = places.partition_point(|(other, _)| *other < scope);
    let rest = places.get(start..).unwrap_or_default();
    rest.get(..rest.partition_point(|(other, _)| *other == scope)).unwrap_or_default()
}

pub(super) fn visit(policies: &[Arc<Policy>], place: Place, known: Known, visitor: &mut impl Visitor) {
    if let Some(statement) = place.find(policies) {
        visitor.visit(place.policy as usize, place.statement as usize, statement, known);
    }
}
