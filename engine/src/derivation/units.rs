//! Names of one kind as units: what does not vary is literal, what does is a class.

use super::glob::ONE;
use super::names::{Class, Names, Seen};
use super::shape::{DATE, DIGITS, ID, Shape, USER, UUID, is_class};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many texts are told apart at a place.
const FEW: usize = 8;
/// How many digits the id of an account has: directories of accounts stay the same, other numbers come and go.
const ACCOUNT: usize = 12;

/// How the names of a scope vary: the texts that stand at a place of all its shapes; `None` if there are many. A place is
/// the shape up to there.
#[derive(Debug, Default)]
pub(super) struct Variation(HashMap<String, Option<BTreeSet<String>>>);

/// A name, and the texts of its classes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) text: String,
    slots: Vec<String>,
}

/// Names that differ in nothing but what varies.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    /// The shape, with the texts of what does not vary.
    pub(super) text: Vec<char>,
    /// Which classes of the shape are left in the text.
    left: Vec<usize>,
    /// The names, or some of them.
    pub(super) names: Vec<Name>,
    /// Whether these are all.
    pub(super) all: bool,
    /// About how many names there are.
    pub(super) count: usize,
    /// The days on which names of it were first seen.
    pub(super) days: BTreeSet<i64>,
    pub(super) seen: Seen,
}

impl Variation {
    /// Takes the names of a set into account. Where `rolling`, the month of a request, or the one before, varies though it
    /// is but one: there will be another.
    pub(super) fn add(&mut self, names: &Names, user: Option<&str>, rolling: bool, counts: &impl Fn(&Seen) -> bool) {
        let mut shape = Shape::default();
        for (name, seen) in names.single.iter().filter(|(_, seen)| counts(seen)) {
            shape.read(name, user);
            for (place, slot) in places(&shape.text).zip(&shape.slots) {
                let text = name.get(slot.clone()).unwrap_or_default();
                let passes = rolling && place.ends_with(DATE) && is_its_month(text, seen.first);
                self.text(place, Some(text).filter(|_| !passes));
            }
        }
        for (text, class) in names.classes.iter().filter(|(_, class)| counts(&class.seen)) {
            for (place, texts) in places(text).zip(&class.texts) {
                match texts {
                    None => self.text(place, None),
                    Some(texts) => {
                        for text in texts {
                            let passes = rolling && place.ends_with(DATE) && is_its_month(text, class.seen.first);
                            self.text(place, Some(text.as_str()).filter(|_| !passes));
                        }
                    }
                }
            }
        }
    }

    fn text(&mut self, place: &str, text: Option<&str>) {
        if !self.0.contains_key(place) {
            self.0.insert(place.to_owned(), Some(BTreeSet::new()));
        }
        let Some(Some(texts)) = self.0.get_mut(place) else { return };
        if let Some(text) = text.filter(|text| !texts.contains(*text)) {
            texts.insert(text.to_owned());
        }
        if text.is_none() || texts.len() > FEW {
            self.0.insert(place.to_owned(), None);
        }
    }

    /// Whether what stands at a place stays the same: it is always the same, or a directory of one of a few accounts.
    fn stays(&self, place: &str, is_directory: bool) -> bool {
        let Some(Some(texts)) = self.0.get(place) else { return false };
        texts.len() == 1 || is_directory && texts.iter().all(|text| is_account(text))
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
            let slots: Vec<String> =
                shape.slots.iter().map(|slot| name.get(slot.clone()).unwrap_or_default().to_owned()).collect();
            let unit = self.unit(&shape.text, |slot| slots.get(slot).map(String::as_str), *seen, units);
            unit.names.push(Name { text: name.clone(), slots });
        }
        for (text, class) in names.classes.iter().filter(|(_, class)| counts(&class.seen)) {
            for texts in variants(class) {
                let unit = self.unit(text, |slot| texts.get(slot).copied().flatten(), class.seen, units);
                let names = class.sample.values().map(|name| Name { text: name.clone(), slots: Vec::new() });
                unit.names.extend(names.filter(|name| {
                    let mut own = Shape::default();
                    own.read(&name.text, user);
                    let slots = own.slots.iter().map(|slot| name.text.get(slot.clone()));
                    texts.iter().zip(slots).all(|(text, slot)| text.is_none() || *text == slot)
                }));
                unit.count += class.count();
                unit.all = false;
            }
        }
    }

    /// The unit of a shape whose classes have these texts, where they are known.
    fn unit<'u, 't>(
        &self,
        shape: &str,
        texts: impl Fn(usize) -> Option<&'t str>,
        seen: Seen,
        units: &'u mut BTreeMap<Vec<char>, Unit>,
    ) -> &'u mut Unit {
        let mut text = Vec::with_capacity(shape.len());
        let mut left = Vec::new();
        let mut slot = 0;
        for (at, symbol) in shape.char_indices() {
            if !has_text(symbol) {
                text.push(symbol);
                continue;
            }
            let end = at + symbol.len_utf8();
            let place = shape.get(..end).unwrap_or_default();
            let is_directory = shape.get(..at).is_some_and(|head| head.is_empty() || head.ends_with('/'))
                && shape.get(end..).is_some_and(|tail| tail.starts_with('/'));
            match texts(slot).filter(|_| self.stays(place, is_directory)) {
                Some(only) => text.extend(only.chars()),
                None => {
                    text.push(symbol);
                    left.push(slot);
                }
            }
            slot += 1;
        }
        let unit = units.entry(text).or_insert_with_key(|text| Unit {
            text: text.clone(),
            left,
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

impl AsRef<Self> for Unit {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Unit {
    /// How many characters of it do not vary.
    pub(super) fn literals(&self) -> usize {
        self.text.iter().filter(|symbol| !is_class(**symbol)).count()
    }

    /// The same with a character for each character of what varies, where that has one width and one form.
    pub(super) fn fixed(&self) -> Self {
        let mut fixed = Self { text: Vec::with_capacity(self.text.len()), left: Vec::new(), ..self.clone() };
        let mut left = self.left.iter();
        for symbol in &self.text {
            let slot = if has_text(*symbol) { left.next() } else { None };
            let form = match slot {
                Some(slot) if self.all && *symbol != USER => {
                    form(self.names.iter().map(|name| name.slots.get(*slot).map_or("", String::as_str)))
                }
                // All of them are alike.
                _ if *symbol == UUID => form(["00000000-0000-0000-0000-000000000000"].into_iter()),
                _ => None,
            };
            match form {
                Some(form) => fixed.text.extend(form),
                None => {
                    fixed.text.push(*symbol);
                    fixed.left.extend(slot);
                }
            }
        }
        fixed
    }

    /// Counts no name twice.
    pub(super) fn settle(&mut self) {
        self.names.sort_unstable();
        self.names.dedup();
        if self.all {
            self.count = self.names.len();
        }
    }

    /// A unit for each of its names.
    pub(super) fn one_by_one(&self) -> impl Iterator<Item = Self> {
        self.names.iter().map(|name| Self {
            text: name.text.chars().collect(),
            left: Vec::new(),
            names: vec![name.clone()],
            count: 1,
            ..self.clone()
        })
    }

    /// A unit for each text of one of its classes, from the left: `None` if there is no such class, or not all names are
    /// known.
    pub(super) fn split(&self, number: usize) -> Option<Vec<Self>> {
        let slot = *self.left.get(number).filter(|_| self.all)?;
        let at = self.text.iter().enumerate().filter(|(_, symbol)| has_text(**symbol)).nth(number)?.0;
        let mut groups: BTreeMap<&str, Vec<Name>> = BTreeMap::new();
        for name in &self.names {
            groups.entry(name.slots.get(slot)?).or_default().push(name.clone());
        }
        let mut left = self.left.clone();
        left.remove(number);
        let one = |(text, names): (&str, Vec<Name>)| {
            let mut literal = self.text.clone();
            literal.splice(at..=at, text.chars());
            Self { text: literal, left: left.clone(), count: names.len(), names, ..self.clone() }
        };
        Some(groups.into_iter().map(one).collect())
    }
}

/// The texts that the slots of a class always have, or do in one part of it: where there are several account ids.
fn variants(class: &Class) -> Vec<Vec<Option<&str>>> {
    let mut variants: Vec<Vec<Option<&str>>> = vec![Vec::new()];
    for texts in &class.texts {
        let known = texts.as_ref().filter(|texts| texts.len() == 1 || texts.iter().all(|text| is_account(text)));
        let choices: Vec<Option<&str>> = match known {
            Some(texts) if variants.len() * texts.len() <= FEW => {
                texts.iter().map(|text| Some(text.as_str())).collect()
            }
            _ => vec![None],
        };
        let longer = variants.iter().flat_map(|variant| {
            choices.iter().map(|choice| variant.iter().copied().chain([*choice]).collect::<Vec<_>>())
        });
        variants = longer.collect();
    }
    variants
}

fn is_account(text: &str) -> bool {
    text.len() == ACCOUNT && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a date without a day is the year, or the month, of a time, or the one before.
fn is_its_month(text: &str, time: i64) -> bool {
    let Ok(time) = jiff::Timestamp::from_second(time) else { return false };
    let date = time.to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut numbers = text.split(|symbol: char| !symbol.is_ascii_digit()).filter(|number| !number.is_empty());
    let mut number = || numbers.next().and_then(|number| number.parse::<i16>().ok());
    let (Some(year), month) = (number(), number()) else { return false };
    let ago = match month {
        Some(month) => (date.year() - year) * 12 + i16::from(date.month()) - month,
        None => date.year() - year,
    };
    (0..=1).contains(&ago) && number().is_none()
}

/// What texts have in common that have the same length, and the same signs at the same places.
fn form<'t>(mut texts: impl Iterator<Item = &'t str>) -> Option<Vec<char>> {
    let sign = |symbol: char| if symbol.is_alphanumeric() { ONE } else { symbol };
    let form: Vec<char> = texts.next()?.chars().map(sign).collect();
    texts.all(|text| text.chars().map(sign).eq(form.iter().copied())).then_some(form)
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
