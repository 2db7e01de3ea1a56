//! Statements by the actions that they are about.

use super::Few;
use super::lists::{ListId, Listing, Lists, Place, Scope, visit};
use crate::action::Form;
use crate::catalogue::ActionId;
use crate::layer::Layer;
use crate::pattern::{Fit, Pattern};
use crate::policy::{Policy, Visitor};
use crate::request::{Action, Request};
use crate::resource::ResourceElement;
use crate::statement::{Effect, Known, Statement};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Statements of a group, to be found by action.
#[derive(Debug, Default)]
pub(super) struct ByAction {
    lists: Lists,
    /// By action.
    actions: Actions,
    /// Those that are about many actions of a service, by service.
    services: FxHashMap<Box<str>, OfService>,
    /// Those about everything.
    everything: ListId,
    /// Those with `NotAction`, or with actions of many services: which they match has to be asked.
    unsorted: ListId,
    few: Few,
}

/// A list for each of some actions.
#[derive(Debug, Default)]
struct Actions {
    /// The texts of all, in lower case.
    texts: String,
    /// Where its text begins and ends, and which list, by the id of an action; where two have the same, the later has the
    /// next one.
    by_id: FxHashMap<ActionId, (u32, u32, ListId)>,
}

impl Actions {
    /// The list of an action, or the id under which it can be put in.
    fn find(&self, action: &str, id: ActionId) -> Result<ListId, ActionId> {
        let mut id = id;
        loop {
            let Some((start, end, list)) = self.by_id.get(&id) else { return Err(id) };
            if self.texts.get(*start as usize..*end as usize) == Some(action) {
                return Ok(*list);
            }
            id = id.next();
        }
    }

    fn add(&mut self, action: &str, id: ActionId, list: ListId) {
        let small = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        let start = small(self.texts.len());
        self.texts.push_str(action);
        self.by_id.insert(id, (start, small(self.texts.len()), list));
    }
}

/// Statements about the actions of a service whose names fit a pattern.
#[derive(Debug, Default)]
struct OfService {
    /// By what names begin with, in order.
    heads: Vec<Head>,
    /// By other patterns.
    patterns: Vec<(Pattern, ListId)>,
}

#[derive(Debug)]
struct Head {
    text: Box<str>,
    /// The longest of the others that it begins with.
    within: Option<usize>,
    list: ListId,
}

fn scope(statement: &Statement, layer: Layer) -> Scope {
    let everything = match statement.resource() {
        None => true,
        Some(ResourceElement::NotResource(_)) => return Scope::Unsorted,
        Some(ResourceElement::Resource(entries)) => {
            match entries.iter().filter(|entry| entry.is_everything()).count() {
                0 => false,
                some if some == entries.len() => true,
                _ => return Scope::Unsorted,
            }
        }
    };
    let conditions = statement.conditions();
    match everything {
        true if conditions.tests().is_empty() && !conditions.is_unreadable() && !layer.has_principals() => {
            Scope::Unconditional
        }
        true => Scope::Everywhere,
        false => Scope::Patterns,
    }
}

impl ByAction {
    /// The index of a group of policies.
    pub(super) fn of(policies: &[Arc<Policy>], layer: Layer, few: Few) -> Self {
        let statements = policies.iter().flat_map(|policy| policy.statements());
        let mut listing = Listing::with_capacity(statements.map(|statement| statement.action().entries().len()).sum());
        let mut index = Self { few, everything: listing.list(), unsorted: listing.list(), ..Self::default() };
        let mut heads: FxHashMap<(&str, &str), ListId> = FxHashMap::default();
        for (policy, compiled) in (0..).zip(policies) {
            for (number, statement) in (0..).zip(compiled.statements()) {
                let place = Place { policy, statement: number };
                let (effect, scope) = (statement.effect(), scope(statement, layer));
                if statement.action().is_negated() {
                    listing.add(index.unsorted, effect, Scope::Unsorted, place);
                    continue;
                }
                for entry in statement.action().entries() {
                    let list = match entry.form() {
                        Form::Everything => index.everything,
                        Form::Nothing => continue,
                        Form::AcrossServices => {
                            listing.add(index.unsorted, effect, Scope::Unsorted, place);
                            continue;
                        }
                        Form::Action(action, id) => index.actions.find(action, id).unwrap_or_else(|id| {
                            let list = listing.list();
                            index.actions.add(action, id, list);
                            list
                        }),
                        Form::Head { service, head } => *heads.entry((service, head)).or_insert_with(|| listing.list()),
                        Form::OfService { service, name } => {
                            let patterns = &mut index.services.entry(service.into()).or_default().patterns;
                            match patterns.iter().find(|(pattern, _)| pattern == name) {
                                Some((_, list)) => *list,
                                None => {
                                    let list = listing.list();
                                    patterns.push((name.clone(), list));
                                    list
                                }
                            }
                        }
                    };
                    listing.add(list, effect, scope, place);
                }
            }
        }
        let mut heads: Vec<((&str, &str), ListId)> = heads.into_iter().collect();
        heads.sort_unstable_by_key(|(key, _)| *key);
        for ((service, head), list) in heads {
            index.services.entry(service.into()).or_default().add(head, list);
        }
        index.lists = listing.finish();
        index
    }

    /// The statements about an action.
    fn about(&self, action: &Action) -> SmallVec<[ListId; 12]> {
        let mut lists = SmallVec::new();
        lists.extend(self.actions.find(action.folded(), action.id()).ok());
        if let Some(service) = self.services.get(action.service()) {
            let mut at = service.longest(action.name());
            while let Some(head) = at.and_then(|at| service.heads.get(at)) {
                lists.push(head.list);
                at = head.within;
            }
            let fitting = service.patterns.iter().filter(|(pattern, _)| pattern.is_match(action.name()));
            lists.extend(fitting.map(|(_, list)| *list));
        }
        lists.push(self.everything);
        lists
    }

    /// Where the statements about an action stand, in the order of the policies.
    pub(super) fn places(&self, policies: &[Arc<Policy>], action: &Action) -> Vec<Place> {
        self.places_of(policies, action, Scope::Unconditional, |_, _, _| false)
    }

    /// The same, from a scope on; of those of a list about resources that fit patterns, `find` can put in the ones that count.
    fn places_of(
        &self,
        policies: &[Arc<Policy>],
        action: &Action,
        first: Scope,
        find: impl Fn(ListId, Effect, &mut Vec<Place>) -> bool,
    ) -> Vec<Place> {
        let is_about = |place: &Place| place.find(policies).is_some_and(|statement| statement.action().matches(action));
        let about = self.about(action);
        let mut places: Vec<Place> = Vec::new();
        for effect in [Effect::Deny, Effect::Allow] {
            for list in &about {
                let found = find(*list, effect, &mut places);
                let counts = |scope: Scope| scope >= first && !(found && scope == Scope::Patterns);
                let all = self.lists.places(*list, effect).iter();
                places.extend(all.filter(|(scope, _)| counts(*scope)).map(|(_, place)| *place));
            }
            let unsorted = self.lists.places(self.unsorted, effect).iter().map(|(_, place)| *place);
            places.extend(unsorted.filter(is_about));
        }
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Shows the statements of the policies that can apply to a request.
    #[inline(never)]
    pub(super) fn show(&self, policies: &[Arc<Policy>], request: &Request<'_>, visitor: &mut impl Visitor) {
        let about = self.about(request.action());
        for effect in [Effect::Deny, Effect::Allow] {
            for scope in [Scope::Unconditional, Scope::Everywhere, Scope::Unsorted] {
                let known = Known { action: true, resource: scope != Scope::Unsorted };
                for (_, place) in about.iter().flat_map(|list| self.lists.of(*list, effect, scope)) {
                    if !visitor.wants(effect) {
                        break;
                    }
                    visit(policies, *place, known, visitor);
                }
            }
            for (_, place) in self.lists.places(self.unsorted, effect) {
                if visitor.wants(effect) {
                    visit(policies, *place, Known::default(), visitor);
                }
            }
            for list in &about {
                if !visitor.wants(effect) {
                    break;
                }
                self.show_patterns(*list, effect, policies, request, visitor);
            }
        }
    }

    /// Shows the statements of a list about resources that fit their patterns.
    fn show_patterns(
        &self,
        list: ListId,
        effect: Effect,
        policies: &[Arc<Policy>],
        request: &Request<'_>,
        visitor: &mut impl Visitor,
    ) {
        let Some(by_resource) = self.lists.by_resource(list, effect, policies, self.few) else {
            for (_, place) in self.lists.of(list, effect, Scope::Patterns) {
                if visitor.wants(effect) {
                    visit(policies, *place, Known { action: true, resource: false }, visitor);
                }
            }
            return;
        };
        let _ = by_resource.each(policies, request, |place, fit| {
            if !visitor.wants(effect) {
                return ControlFlow::Break(());
            }
            if !matches!(fit, Fit::Unresolved(_)) {
                visit(policies, place, Known { action: true, resource: fit == Fit::Yes }, visitor);
            }
            ControlFlow::Continue(())
        });
    }

    /// Where the statements about the action of a request stand that are about its resource, too, or would be if letter
    /// case did not count or variables had a value; in the order of the policies.
    pub(super) fn near(&self, policies: &[Arc<Policy>], request: &Request<'_>) -> Vec<Place> {
        self.near_from(Scope::Unconditional, policies, request)
    }

    /// The same without those that are about all resources, whatever it is.
    pub(super) fn near_by_entries(&self, policies: &[Arc<Policy>], request: &Request<'_>) -> Vec<Place> {
        self.near_from(Scope::Unsorted, policies, request)
    }

    fn near_from(&self, first: Scope, policies: &[Arc<Policy>], request: &Request<'_>) -> Vec<Place> {
        let has_capitals = |part: &&str| part.bytes().any(|byte| byte.is_ascii_uppercase());
        if request.resource().arn().is_some_and(|arn| arn.parts().iter().take(4).any(has_capitals)) {
            return self.places(policies, request.action());
        }
        self.places_of(policies, request.action(), first, |list, effect, places| {
            let Some(by_resource) = self.lists.by_resource(list, effect, policies, self.few) else { return false };
            let _ = by_resource.each(policies, request, |place, _| {
                places.push(place);
                ControlFlow::Continue(())
            });
            places.extend(by_resource.odd());
            true
        })
    }
}

impl OfService {
    /// Adds what comes behind the others in the order of beginnings.
    fn add(&mut self, head: &str, list: ListId) {
        let mut within = self.heads.len().checked_sub(1);
        while let Some(outer) = within.and_then(|at| self.heads.get(at)) {
            if head.starts_with(&*outer.text) {
                break;
            }
            within = outer.within;
        }
        self.heads.push(Head { text: head.into(), within, list });
    }

    /// The longest beginning of a name.
    fn longest(&self, name: &str) -> Option<usize> {
        let mut at = self.heads.partition_point(|head| &*head.text <= name).checked_sub(1);
        while let Some(head) = at.and_then(|at| self.heads.get(at)) {
            if name.starts_with(&*head.text) {
                break;
            }
            at = head.within;
        }
        at
    }
}
