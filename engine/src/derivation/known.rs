//! The names that exist, whether they were needed or not.

use super::evidence::{Group, Kind, Part, Proof};
use super::names::{Class, Seen};
use super::shape::{Shape, Shapes, USER};
use super::units::{Fate, Variation, unit_text, variants};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

/// A scope, and what is known of its names.
pub(super) type Scope<'e> = (&'e str, Kind);

/// The names that exist, by scope, as some principals see them.
pub(super) type AllKnown<'e> = HashMap<Scope<'e>, Known>;

/// The names of a scope that exist, and how those of some principals vary.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) variation: Variation,
    /// By the text of the unit, about how many names there are.
    pub(super) counts: BTreeMap<Rc<[char]>, usize>,
}

/// The names of everybody that exist, read once: they are counted as each principal sees them.
#[derive(Debug, Default)]
pub(super) struct Existing<'e> {
    scopes: HashMap<Scope<'e>, InScope<'e>>,
}

#[derive(Debug, Default)]
struct InScope<'e> {
    /// By shape, in the order of what stands at its classes.
    names: HashMap<String, Vec<Name<'e>>>,
    /// Those that are too many to be told apart, with whose they are.
    classes: Vec<(&'e str, &'e str, &'e Class)>,
    /// The units of a shape, for what is done with its classes.
    units: RefCell<HashMap<String, HashMap<Vec<Fate>, Units>>>,
}

/// Texts of units, and how many names each has.
type Units = Rc<[(Rc<[char]>, usize)]>;

#[derive(Debug)]
struct Name<'e> {
    slots: Vec<&'e str>,
    /// The principals who have it.
    holders: BTreeSet<&'e str>,
    /// How it is read by those of them whose own names are in it.
    own: Vec<Own<'e>>,
}

#[derive(Debug, PartialEq, Eq)]
struct Own<'e> {
    principal: &'e str,
    shape: String,
    slots: Vec<&'e str>,
}

impl Name<'_> {
    /// Whether one has it who does not read it as of their own.
    fn is_plain_to(&self, principals: &BTreeSet<&str>) -> bool {
        let reads_own =
            |holder: &str| principals.contains(holder) && self.own.iter().any(|own| own.principal == holder);
        self.own.is_empty() || !self.holders.iter().all(|holder| reads_own(holder))
    }

    fn is_of_others(&self, principals: &BTreeSet<&str>) -> bool {
        self.holders.iter().any(|holder| !holder.is_empty() && !principals.contains(holder))
    }
}

impl<'e> Existing<'e> {
    /// The names of groups, as far as they count.
    pub(super) fn of(groups: &[(&'e Group, &'e Part)], counts: &impl Fn(&Seen) -> bool) -> Self {
        let mut holders: HashMap<Scope<'e>, HashMap<&'e str, Vec<&'e Group>>> = HashMap::new();
        let mut existing = Self::default();
        for (group, part) in groups.iter().copied() {
            if group.kind == Kind::Whole || group.proof == Proof::Refused {
                continue;
            }
            let scope = (group.scope.as_str(), group.kind);
            let names = holders.entry(scope).or_default();
            for (name, _) in part.names.singles().filter(|(_, single)| counts(&single.seen)) {
                names.entry(name).or_default().push(group);
            }
            let is_known = |class: &Class| counts(&class.seen) && class.names().any(|(_, seen)| counts(seen));
            let classes = part.names.classes.iter().filter(|(_, class)| is_known(class));
            let classes = classes.map(|(text, class)| (group.principal.as_str(), text.as_str(), class));
            existing.scopes.entry(scope).or_default().classes.extend(classes);
        }
        let mut shapes = Shapes::default();
        for (scope, names) in holders {
            let by_shape = &mut existing.scopes.entry(scope).or_default().names;
            for (text, groups) in names {
                let mut own = Vec::new();
                for group in &groups {
                    let Some(user) = group.user().filter(|user| text.contains(user)) else { continue };
                    let shape = shapes.read(text, Some(user));
                    let read =
                        Own { principal: &group.principal, shape: shape.text.clone(), slots: slots(text, shape) };
                    if shape.text.contains(USER) && !own.contains(&read) {
                        own.push(read);
                    }
                }
                let shape = shapes.read(text, None);
                let holders = groups.iter().map(|group| group.principal.as_str()).collect();
                let name = Name { slots: slots(text, shape), holders, own };
                by_shape.entry(shape.text.clone()).or_default().push(name);
            }
            by_shape.values_mut().for_each(|names| names.sort_unstable_by(|one, other| one.slots.cmp(&other.slots)));
        }
        existing
    }

    /// The names as principals see them whose own names vary in some way.
    pub(super) fn seen_by(
        &self,
        principals: &BTreeSet<&str>,
        variations: HashMap<Scope<'e>, Variation>,
    ) -> AllKnown<'e> {
        let mut known = AllKnown::new();
        for (scope, mut variation) in variations {
            let mut counts = BTreeMap::new();
            if let Some(names) = self.scopes.get(&scope) {
                names.tell_others(principals, &mut variation);
                counts = names.counts(principals, &variation);
            }
            known.insert(scope, Known { variation, counts });
        }
        known
    }
}

fn slots<'e>(text: &'e str, shape: &Shape) -> Vec<&'e str> {
    shape.slots.iter().map(|slot| text.get(slot.clone()).unwrap_or_default()).collect()
}

impl InScope<'_> {
    /// Tells what others have where the principals' names vary.
    fn tell_others(&self, principals: &BTreeSet<&str>, variation: &mut Variation) {
        for (shape, names) in &self.names {
            if variation.varies(shape) {
                let names = names.iter().filter(|name| name.is_of_others(principals));
                variation.add_others(shape, names.map(|name| &name.slots[..]));
            }
        }
        for (principal, shape, class) in &self.classes {
            if !principal.is_empty() && !principals.contains(principal) {
                variation.add_classes_of_others(shape, class);
            }
        }
    }

    fn counts(&self, principals: &BTreeSet<&str>, variation: &Variation) -> BTreeMap<Rc<[char]>, usize> {
        let mut counts: BTreeMap<Rc<[char]>, usize> = BTreeMap::new();
        let mut of_their_own = HashSet::new();
        let mut add = |text: Rc<[char]>, count: usize| *counts.entry(text).or_default() += count;
        for (shape, names) in &self.names {
            let fates = variation.fates(shape);
            let mut all_plain = true;
            for own in names.iter().flat_map(|name| &name.own).filter(|own| principals.contains(own.principal)) {
                all_plain = false;
                let text = unit_text(&own.shape, &variation.fates(&own.shape), |slot| own.slots.get(slot).copied());
                of_their_own.insert((&own.shape, &own.slots, text.0));
            }
            if all_plain {
                let units = self.units(shape, fates, names);
                units.iter().for_each(|(text, count)| add(Rc::clone(text), *count));
            } else {
                let plain = names.iter().filter(|name| name.is_plain_to(principals));
                units(shape, &fates, plain).into_iter().for_each(|(text, count)| add(text.into(), count));
            }
        }
        of_their_own.into_iter().for_each(|(_, _, text)| add(text.into(), 1));
        // Of names that are too many it is known about how many they are.
        let mut many: BTreeMap<Vec<char>, usize> = BTreeMap::new();
        for (_, shape, class) in &self.classes {
            let fates = variation.fates(shape);
            for texts in variants(class) {
                let text = unit_text(shape, &fates, |slot| texts.get(slot).copied().flatten()).0;
                *many.entry(text).or_default() += class.count();
            }
        }
        counts.extend(many.into_iter().map(|(text, count)| (text.into(), count)));
        counts
    }

    /// The units of the names of a shape, counted once for all who do the same with its classes.
    fn units(&self, shape: &str, fates: Vec<Fate>, names: &[Name<'_>]) -> Units {
        let mut known = self.units.borrow_mut();
        if !known.contains_key(shape) {
            known.insert(shape.to_owned(), HashMap::new());
        }
        let Some(known) = known.get_mut(shape) else { return Rc::default() };
        if let Some(units) = known.get(&fates) {
            return Rc::clone(units);
        }
        let counted = units(shape, &fates, names.iter());
        let counted: Units = counted.into_iter().map(|(text, count)| (text.into(), count)).collect();
        known.insert(fates, Rc::clone(&counted));
        counted
    }
}

fn units<'n>(shape: &str, fates: &[Fate], names: impl Iterator<Item = &'n Name<'n>>) -> BTreeMap<Vec<char>, usize> {
    let mut units = BTreeMap::new();
    for name in names {
        let (text, _) = unit_text(shape, fates, |slot| name.slots.get(slot).copied());
        *units.entry(text).or_default() += 1;
    }
    units
}
