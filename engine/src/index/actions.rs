//! Statements by the actions that they are about.

use super::Few;
use super::resources::ByResource;
use crate::action::{ActionElement, Form};
use crate::layer::Layer;
use crate::pattern::Pattern;
use crate::policy::{Policy, Visitor};
use crate::request::{Action, Request};
use crate::resource::ResourceElement;
use crate::statement::{Effect, Known, Statement};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};

/// Statements of a group, to be found by action.
#[derive(Debug, Default)]
pub(super) struct ByAction {
    /// By action.
    actions: FxHashMap<Box<str>, List>,
    /// Those that are about many actions of a service, by service.
    services: FxHashMap<Box<str>, OfService>,
    /// Those about everything.
    everything: List,
    /// Those with `NotAction`, or with actions of many services: which they match has to be asked.
    unsorted: List,
    few: Few,
}

/// Statements about the actions of a service whose names fit a pattern.
#[derive(Debug, Default)]
struct OfService {
    /// By what names begin with, in order.
    heads: Vec<Head>,
    /// By other patterns.
    patterns: Vec<(Pattern, List)>,
}

#[derive(Debug)]
struct Head {
    text: Box<str>,
    /// The longest of the others that it begins with.
    within: Option<usize>,
    list: List,
}

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
enum Scope {
    /// It is about all of them, under no condition and whoever asks.
    Unconditional,
    /// It is about all of them.
    Everywhere,
    /// It has to be asked.
    Unsorted,
    /// It is about those that fit its patterns.
    Patterns,
}

/// Statements in the order in which they are looked at.
#[derive(Debug, Default)]
struct List {
    denying: Half,
    allowing: Half,
}

#[derive(Debug, Default)]
struct Half {
    places: SmallVec<[(Scope, Place); 2]>,
    /// Those about resources that fit patterns, to be found by resource; built when they are first asked for.
    by_resource: OnceLock<Option<Box<ByResource>>>,
}

impl Half {
    fn add(&mut self, scope: Scope, place: Place) {
        if self.places.last() != Some(&(scope, place)) {
            self.places.push((scope, place));
        }
    }

    /// The statements of a scope.
    fn of(&self, scope: Scope) -> &[(Scope, Place)] {
        let start = self.places.partition_point(|(other, _)| *other < scope);
        let rest = self.places.get(start..).unwrap_or_default();
        rest.get(..rest.partition_point(|(other, _)| *other == scope)).unwrap_or_default()
    }
}

impl List {
    fn half(&self, effect: Effect) -> &Half {
        match effect {
            Effect::Allow => &self.allowing,
            Effect::Deny => &self.denying,
        }
    }

    fn add(&mut self, statement: &Statement, place: Place, scope: Scope) {
        let half = match statement.effect() {
            Effect::Allow => &mut self.allowing,
            Effect::Deny => &mut self.denying,
        };
        half.add(scope, place);
    }

    fn settle(&mut self) {
        for half in [&mut self.denying, &mut self.allowing] {
            half.places.sort_unstable();
            half.places.shrink_to_fit();
        }
    }
}

fn scope(statement: &Statement, layer: Layer) -> Scope {
    let everything = match statement.resource() {
        None => true,
        Some(ResourceElement::NotResource(_)) => return Scope::Unsorted,
        Some(ResourceElement::Resource(entries)) => entries.iter().any(|entry| entry.is_everything()),
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
        let mut index = Self { few, ..Self::default() };
        let mut heads: FxHashMap<(&str, &str), List> = FxHashMap::default();
        for (policy, compiled) in (0..).zip(policies) {
            for (number, statement) in (0..).zip(compiled.statements()) {
                let place = Place { policy, statement: number };
                let scope = scope(statement, layer);
                let ActionElement::Action(entries) = statement.action() else {
                    index.unsorted.add(statement, place, Scope::Unsorted);
                    continue;
                };
                for entry in entries {
                    let list = match entry.form() {
                        Form::Everything => &mut index.everything,
                        Form::Nothing => continue,
                        Form::AcrossServices => {
                            index.unsorted.add(statement, place, Scope::Unsorted);
                            continue;
                        }
                        Form::Action(action) => match index.actions.get_mut(action) {
                            Some(list) => list,
                            None => {
                                let mut list = List::default();
                                list.add(statement, place, scope);
                                index.actions.insert(action.into(), list);
                                continue;
                            }
                        },
                        Form::Head { service, head } => heads.entry((service, head)).or_default(),
                        Form::OfService { service, name } => {
                            let patterns = &mut index.services.entry(service.into()).or_default().patterns;
                            let at = patterns.iter().position(|(pattern, _)| pattern == name).unwrap_or_else(|| {
                                patterns.push((name.clone(), List::default()));
                                patterns.len() - 1
                            });
                            let Some((_, list)) = patterns.get_mut(at) else { continue };
                            list
                        }
                    };
                    list.add(statement, place, scope);
                }
            }
        }
        let mut heads: Vec<((&str, &str), List)> = heads.into_iter().collect();
        heads.sort_unstable_by_key(|(key, _)| *key);
        for ((service, head), list) in heads {
            index.services.entry(service.into()).or_default().add(head, list);
        }
        index.settle();
        index
    }

    fn settle(&mut self) {
        let of_services = self.services.values_mut().flat_map(|service| {
            let heads = service.heads.iter_mut().map(|head| &mut head.list);
            heads.chain(service.patterns.iter_mut().map(|(_, list)| list))
        });
        let lists = self.actions.values_mut().chain(of_services);
        lists.chain([&mut self.everything, &mut self.unsorted]).for_each(List::settle);
    }

    /// The statements about an action.
    fn about(&self, action: &Action) -> SmallVec<[&List; 12]> {
        let mut lists = SmallVec::new();
        lists.extend(self.actions.get(action.folded()));
        if let Some(service) = self.services.get(action.service()) {
            let mut at = service.longest(action.name());
            while let Some(head) = at.and_then(|at| service.heads.get(at)) {
                lists.push(&head.list);
                at = head.within;
            }
            let fitting = service.patterns.iter().filter(|(pattern, _)| pattern.is_match(action.name()));
            lists.extend(fitting.map(|(_, list)| list));
        }
        lists.push(&self.everything);
        lists
    }

    /// Where the statements about an action stand, in the order of the policies.
    pub(super) fn places(&self, policies: &[Arc<Policy>], action: &Action) -> Vec<Place> {
        let is_about = |place: &Place| place.find(policies).is_some_and(|statement| statement.action().matches(action));
        let mut places: Vec<Place> = Vec::new();
        for effect in [Effect::Deny, Effect::Allow] {
            let sorted = self.about(action).into_iter().flat_map(|list| &list.half(effect).places);
            places.extend(sorted.map(|(_, place)| *place));
            let unsorted = self.unsorted.half(effect).places.iter().map(|(_, place)| *place);
            places.extend(unsorted.filter(is_about));
        }
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Shows the statements of the policies that can apply to a request.
    pub(super) fn show(&self, policies: &[Arc<Policy>], request: &Request<'_>, visitor: &mut impl Visitor) {
        let lists = self.about(request.action());
        for effect in [Effect::Deny, Effect::Allow] {
            for scope in [Scope::Unconditional, Scope::Everywhere, Scope::Unsorted] {
                let known = Known { action: true, resource: scope != Scope::Unsorted };
                for (_, place) in lists.iter().flat_map(|list| list.half(effect).of(scope)) {
                    if !visitor.wants(effect) {
                        break;
                    }
                    visit(policies, *place, known, visitor);
                }
            }
            for (_, place) in &self.unsorted.half(effect).places {
                if visitor.wants(effect) {
                    visit(policies, *place, Known::default(), visitor);
                }
            }
            for half in lists.iter().map(|list| list.half(effect)) {
                if !visitor.wants(effect) {
                    break;
                }
                half.show_patterns(policies, self.few, request, effect, visitor);
            }
        }
    }
}

impl Half {
    /// Shows the statements about resources that fit their patterns.
    fn show_patterns(
        &self,
        policies: &[Arc<Policy>],
        few: Few,
        request: &Request<'_>,
        effect: Effect,
        visitor: &mut impl Visitor,
    ) {
        let places = self.of(Scope::Patterns);
        if places.is_empty() {
            return;
        }
        let places = || places.iter().map(|(_, place)| *place);
        match self.by_resource.get_or_init(|| ByResource::of(policies, places(), few)) {
            Some(by_resource) => {
                let _ = by_resource.each(policies, request, |place, fits| {
                    if !visitor.wants(effect) {
                        return ControlFlow::Break(());
                    }
                    visit(policies, place, Known { action: true, resource: fits }, visitor);
                    ControlFlow::Continue(())
                });
            }
            None => {
                for place in places() {
                    if visitor.wants(effect) {
                        visit(policies, place, Known { action: true, resource: false }, visitor);
                    }
                }
            }
        }
    }
}

pub(super) fn visit(policies: &[Arc<Policy>], place: Place, known: Known, visitor: &mut impl Visitor) {
    if let Some(statement) = place.find(policies) {
        visitor.visit(place.policy as usize, place.statement as usize, statement, known);
    }
}

impl OfService {
    /// Adds what comes behind the others in the order of beginnings.
    fn add(&mut self, head: &str, list: List) {
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
