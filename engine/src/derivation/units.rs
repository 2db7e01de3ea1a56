//! Names of one kind as units: what does not vary is literal, what does is a class.

use super::names::{Names, Seen};
use super::shape::{DIGITS, ID, Shape, USER};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How the names of a scope vary: the text that stands at a place of all its shapes, `None` if there are several. A place
/// is the shape up to there.
#[derive(Debug, Default)]
pub(super) struct Variation(HashMap<String, Option<String>>);

/// Names that differ in nothing but what varies.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    /// The shape, with the texts of what does not vary.
    pub(super) text: Vec<char>,
    /// The names, or some of them.
    pub(super) names: Vec<String>,
    /// Whether these are all.
    pub(super) all: bool,
    /// About how many names there are.
    pub(super) count: usize,
    /// The days on which names of it were first seen.
    pub(super) days: BTreeSet<i64>,
    pub(super) seen: Seen,
}

impl Variation {
    /// Takes the names of a set into account.
    pub(super) fn add(&mut self, names: &Names, user: Option<&str>, counts: &impl Fn(&Seen) -> bool) {
        let mut shape = Shape::default();
        for (name, _) in names.single.iter().filter(|(_, seen)| counts(seen)) {
            shape.read(name, user);
            let texts = shape.slots.iter().map(|slot| name.get(slot.clone()).unwrap_or_default());
            places(&shape.text).zip(texts).for_each(|(place, text)| self.text(place, Some(text)));
        }
        for (text, class) in names.classes.iter().filter(|(_, class)| counts(&class.seen)) {
            for (place, texts) in places(text).zip(&class.texts) {
                let only = texts.as_ref().filter(|texts| texts.len() == 1).and_then(|texts| texts.first());
                self.text(place, only.map(String::as_str));
            }
        }
    }

    fn text(&mut self, place: &str, text: Option<&str>) {
        match self.0.get_mut(place) {
            Some(known) if known.as_deref() != text => *known = None,
            Some(_) => {}
            None => _ = self.0.insert(place.to_owned(), text.map(str::to_owned)),
        }
    }

    /// A shape with the texts of the classes that do not vary.
    fn literal(&self, shape: &str) -> Vec<char> {
        let mut text = Vec::with_capacity(shape.len());
        for (at, symbol) in shape.char_indices() {
            if !has_text(symbol) {
                text.push(symbol);
                continue;
            }
            let place = shape.get(..at + symbol.len_utf8()).unwrap_or_default();
            match self.0.get(place).and_then(Option::as_deref) {
                Some(only) => text.extend(only.chars()),
                None => text.push(symbol),
            }
        }
        text
    }

    /// The units of a set.
    pub(super) fn units(
        &self,
        names: &Names,
        user: Option<&str>,
        counts: &impl Fn(&Seen) -> bool,
        units: &mut BTreeMap<Vec<char>, Unit>,
    ) {
        let mut shape = Shape::default();
        for (name, seen) in names.single.iter().filter(|(_, seen)| counts(seen)) {
            shape.read(name, user);
            let unit = self.unit(&shape.text, *seen, units);
            unit.names.push(name.clone());
            unit.count += 1;
        }
        for (text, class) in names.classes.iter().filter(|(_, class)| counts(&class.seen)) {
            let unit = self.unit(text, class.seen, units);
            unit.names.extend(class.sample.values().cloned());
            unit.count += class.count();
            unit.all = false;
        }
    }

    fn unit<'u>(&self, shape: &str, seen: Seen, units: &'u mut BTreeMap<Vec<char>, Unit>) -> &'u mut Unit {
        let text = self.literal(shape);
        let unit = units.entry(text).or_insert_with_key(|text| Unit {
            text: text.clone(),
            names: Vec::new(),
            all: true,
            count: 0,
            days: BTreeSet::new(),
            seen,
        });
        unit.days.insert(seen.first.div_euclid(86_400));
        unit.days.insert(seen.last.div_euclid(86_400));
        unit.seen.merge(&seen);
        unit
    }
}

impl Unit {
    /// Counts no name twice.
    pub(super) fn settle(&mut self) {
        self.names.sort_unstable();
        self.names.dedup();
        if self.all {
            self.count = self.names.len();
        }
    }
}

/// A name with the user's own name in it as that.
pub(super) fn with_user(shape: &Shape, name: &str) -> Vec<char> {
    let mut text = Vec::with_capacity(name.len());
    let mut at = 0;
    let classes = shape.text.chars().filter(|symbol| has_text(*symbol));
    for (slot, class) in shape.slots.iter().zip(classes) {
        if class == USER {
            text.extend(name.get(at..slot.start).unwrap_or_default().chars());
            text.push(USER);
            at = slot.end;
        }
    }
    text.extend(name.get(at..).unwrap_or_default().chars());
    text
}

fn has_text(symbol: char) -> bool {
    (DIGITS..=ID).contains(&symbol) || symbol == USER
}

/// The places of the classes of a shape.
fn places(shape: &str) -> impl Iterator<Item = &str> {
    let ends = shape.char_indices().filter(|(_, symbol)| has_text(*symbol));
    ends.filter_map(|(at, symbol)| shape.get(..at + symbol.len_utf8()))
}
