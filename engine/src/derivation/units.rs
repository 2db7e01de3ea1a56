//! Names of one kind as units: what does not vary is literal, what does is a class.

use super::glob::ONE;
use super::names::{Class, Days, Names, Seen};
use super::shape::{DATE, DIGITS, ID, Shape, Shapes, USER, UUID, is_class};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many texts are told apart at a place.
const FEW: usize = 8;
/// How many digits the id of an account has: directories of accounts stay the same, other numbers come and go.
const ACCOUNT: usize = 12;

/// How long the numbers of directories are of which each digit is told.
const SHORT: usize = 2;

/// How the names of a scope vary: the texts that stand at each place of the shapes of the principals' own names; `None` for
/// many. A place in a directory is the shape up to the end of its segment, with the number of the class in it; one in the last
/// segment the shape up to there.
#[derive(Debug, Default)]
pub(super) struct Variation {
    places: HashMap<String, Vec<Option<BTreeSet<String>>>>,
    /// By shape, how the names of others differ at each of its classes.
    others: HashMap<String, Vec<Others>>,
    /// Whether users' own names vary, be it that there is but one user.
    pub(super) users_vary: bool,
}

/// What others have in place of the texts of the principals' own names.
#[derive(Debug, Clone, Copy, Default)]
struct Others {
    /// Whether they have other texts, and whether they have the same.
    apart: bool,
    shared: bool,
}

/// What is done with a class of a shape: whether what stands there stays, and else how many digits it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fate {
    stays: bool,
    digits: Option<usize>,
}

/// A place of a class in a shape.
#[derive(Debug, Clone, Copy)]
struct Spot<'s> {
    shape: &'s str,
    /// Which class of the shape.
    slot: usize,
    class: char,
    place: &'s str,
    number: usize,
    is_directory: bool,
}

/// The places of the classes of a shape.
fn spots(shape: &str) -> impl Iterator<Item = Spot<'_>> {
    let (mut start, mut number, mut slot) = (0, 0, 0);
    shape.char_indices().filter_map(move |(at, class)| {
        if class == '/' {
            (start, number) = (at + 1, 0);
        }
        if !has_text(class) {
            return None;
        }
        let rest = shape.get(start..).unwrap_or_default();
        let directory = rest.find('/').and_then(|length| shape.get(..start + length));
        let place = directory.or_else(|| shape.get(..at + class.len_utf8()))?;
        let is_directory = directory.is_some();
        let spot = Spot { shape, slot, class, place, number: if is_directory { number } else { 0 }, is_directory };
        number += 1;
        slot += 1;
        Some(spot)
    })
}

/// A name, and the texts of its classes that its unit leaves open.
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
    /// Which of the classes that names have texts for are still in the text.
    left: Vec<usize>,
    /// The names, or some of them.
    pub(super) names: Vec<Name>,
    /// Whether these are all.
    pub(super) all: bool,
    /// About how many names there are.
    pub(super) count: usize,
    /// The first days on which names of it were seen.
    pub(super) days: BTreeSet<i64>,
    pub(super) seen: Seen,
}

impl Variation {
    /// Takes the names of a set into account. Where `rolling`, the month of a request, or the one before, varies though it
    /// is but one: there will be another.
    pub(super) fn add(&mut self, names: &Names, user: Option<&str>, rolling: bool, counts: &impl Fn(&Seen) -> bool) {
        each_text(names, user, counts, &mut |spot, text, first| {
            let passes = rolling && spot.class == DATE && text.is_some_and(|text| is_its_month(text, first));
            self.own(spot, text.filter(|_| !passes));
        });
    }

    fn own(&mut self, spot: Spot<'_>, text: Option<&str>) {
        if !self.places.contains_key(spot.place) {
            self.places.insert(spot.place.to_owned(), Vec::new());
        }
        let Some(places) = self.places.get_mut(spot.place) else { return };
        if places.len() <= spot.number {
            places.resize(spot.number + 1, Some(BTreeSet::new()));
        }
        let Some(texts) = places.get_mut(spot.number) else { return };
        let Some(own) = texts else { return };
        if let Some(text) = text.filter(|text| !own.contains(*text)) {
            own.insert(text.to_owned());
        }
        if text.is_none() || own.len() > FEW {
            *texts = None;
        }
    }

    /// Whether anything is known of what stands at one of the classes of a shape.
    pub(super) fn varies(&self, shape: &str) -> bool {
        spots(shape).any(|spot| self.places.contains_key(spot.place))
    }

    /// Takes into account what names of others have where the principals' own names of the same shape vary: at the first
    /// place at which they are others.
    pub(super) fn add_others<'n>(&mut self, shape: &str, names: impl Iterator<Item = &'n [&'n str]>) {
        let spots: Vec<Spot<'_>> = spots(shape).collect();
        let own: Vec<_> = spots.iter().map(|spot| self.texts(spot)).collect();
        let mut found = vec![Others::default(); spots.len()];
        for name in names {
            for ((own, others), text) in own.iter().zip(&mut found).zip(name) {
                let Some(own) = own else { continue };
                if !own.contains(*text) {
                    others.apart = true;
                    break;
                }
                others.shared = true;
            }
        }
        self.note_others(&spots, &found);
    }

    /// The same for names of others that are too many to be told apart.
    pub(super) fn add_classes_of_others(&mut self, shape: &str, class: &Class) {
        let spots: Vec<Spot<'_>> = spots(shape).collect();
        let mut found = vec![Others::default(); spots.len()];
        for ((spot, texts), others) in spots.iter().zip(&class.texts).zip(&mut found) {
            let Some(own) = self.texts(spot) else { continue };
            others.shared = texts.iter().flatten().any(|text| own.contains(text));
            others.apart = texts.as_ref().is_none_or(|texts| !texts.is_subset(own));
            if others.apart {
                break;
            }
        }
        self.note_others(&spots, &found);
    }

    fn note_others(&mut self, spots: &[Spot<'_>], found: &[Others]) {
        for (spot, found) in spots.iter().zip(found).filter(|(_, found)| found.shared || found.apart) {
            if !self.others.contains_key(spot.shape) {
                self.others.insert(spot.shape.to_owned(), vec![Others::default(); spots.len()]);
            }
            if let Some(others) = self.others.get_mut(spot.shape).and_then(|slots| slots.get_mut(spot.slot)) {
                others.shared |= found.shared;
                others.apart |= found.apart;
            }
        }
    }

    fn texts(&self, spot: &Spot<'_>) -> Option<&BTreeSet<String>> {
        self.places.get(spot.place)?.get(spot.number)?.as_ref()
    }

    /// Whether what stands at a place stays the same: it is always the same; a directory of one of a few accounts; or one of
    /// a few directories where others have theirs.
    fn stays(&self, spot: &Spot<'_>) -> bool {
        if spot.class == USER && self.users_vary {
            return false;
        }
        let Some(own) = self.texts(spot) else { return false };
        let others = self.others.get(spot.shape).and_then(|slots| slots.get(spot.slot));
        let among_others = spot.class != DATE && others.is_some_and(|others| others.apart && !others.shared);
        Self::stays_anyway(spot, own) || spot.is_directory && among_others
    }

    /// Whether what stands at a place stays the same whatever others have there.
    fn stays_anyway(spot: &Spot<'_>, own: &BTreeSet<String>) -> bool {
        own.len() == 1 || spot.is_directory && own.iter().all(|text| is_account(text))
    }

    /// How many digits the number of a directory always has, if it is a short one.
    fn digits(&self, spot: &Spot<'_>) -> Option<usize> {
        let own = self.texts(spot).filter(|_| spot.is_directory && spot.class == DIGITS)?;
        let length = own.first()?.len();
        (length <= SHORT && own.iter().all(|text| text.len() == length)).then_some(length)
    }

    /// What is done with each class of a shape.
    pub(super) fn fates(&self, shape: &str) -> Vec<Fate> {
        spots(shape).map(|spot| Fate { stays: self.stays(&spot), digits: self.digits(&spot) }).collect()
    }

    /// The units of a set, as far as its names are wanted.
    pub(super) fn units(
        &self,
        names: &Names,
        user: Option<&str>,
        counts: &impl Fn(&Seen) -> bool,
        wanted: &dyn Fn(&str) -> bool,
        units: &mut BTreeMap<Vec<char>, Unit>,
    ) {
        let mut shapes = Shapes::default();
        let mut fates: HashMap<String, Vec<Fate>> = HashMap::new();
        for (name, single) in names.singles().filter(|(name, single)| counts(&single.seen) && wanted(name)) {
            let shape = shapes.read(name, user);
            if !fates.contains_key(&shape.text) {
                fates.insert(shape.text.clone(), self.fates(&shape.text));
            }
            let fates = fates.get(&shape.text).map(Vec::as_slice).unwrap_or_default();
            let slots: Vec<String> =
                shape.slots.iter().map(|slot| name.get(slot.clone()).unwrap_or_default().to_owned()).collect();
            let (text, left) = unit_text(&shape.text, fates, |slot| slots.get(slot).map(String::as_str));
            // Names of several shapes can be of one unit: what they have in common is what it leaves open.
            let slots = left.iter().map(|slot| slots.get(*slot).cloned().unwrap_or_default()).collect();
            let unit = unit(text, left.len(), (single.seen, &single.days), units);
            unit.names.push(Name { text: name.to_owned(), slots });
        }
        let has_wanted = |class: &Class| class.names().any(|(name, seen)| wanted(name) && counts(seen));
        for (text, class) in names.classes.iter().filter(|(_, class)| counts(&class.seen) && has_wanted(class)) {
            let fates = self.fates(text);
            for texts in variants(class) {
                let (text, left) = unit_text(text, &fates, |slot| texts.get(slot).copied().flatten());
                let unit = unit(text, left.len(), (class.seen, &class.days), units);
                let names = class.names().filter(|(name, seen)| wanted(name) && counts(seen));
                let names = names.map(|(name, _)| Name { text: name.to_owned(), slots: Vec::new() });
                unit.names.extend(names.filter(|name| {
                    let mut shapes = Shapes::default();
                    let own = shapes.read(&name.text, user);
                    let slots = own.slots.iter().map(|slot| name.text.get(slot.clone()));
                    texts.iter().zip(slots).all(|(text, slot)| text.is_none() || *text == slot)
                }));
                unit.count += class.count();
                unit.all = false;
            }
        }
    }
}

/// The text of the unit of a shape whose classes have these texts, where they are known, and which of them are left in it.
pub(super) fn unit_text<'t>(
    shape: &str,
    fates: &[Fate],
    texts: impl Fn(usize) -> Option<&'t str>,
) -> (Vec<char>, Vec<usize>) {
    let mut text = Vec::with_capacity(shape.len());
    let mut left = Vec::new();
    let mut fates = fates.iter().enumerate();
    for symbol in shape.chars() {
        let Some((slot, fate)) = Some(symbol).filter(|symbol| has_text(*symbol)).and_then(|_| fates.next()) else {
            text.push(symbol);
            continue;
        };
        let own = texts(slot);
        let digits = fate.digits.filter(|digits| own.is_none_or(|own| own.len() == *digits));
        match (own.filter(|_| fate.stays), digits) {
            (Some(only), _) => text.extend(only.chars()),
            (None, Some(digits)) => text.extend(std::iter::repeat_n(ONE, digits)),
            (None, None) => {
                text.push(symbol);
                left.push(slot);
            }
        }
    }
    (text, left)
}

/// The unit with a text that leaves so many classes open, which was seen, on these days.
fn unit<'u>(
    text: Vec<char>,
    left: usize,
    (seen, days): (Seen, &Days),
    units: &'u mut BTreeMap<Vec<char>, Unit>,
) -> &'u mut Unit {
    let unit = units.entry(text).or_insert_with_key(|text| Unit {
        text: text.clone(),
        left: (0..left).collect(),
        names: Vec::new(),
        all: true,
        count: 0,
        days: BTreeSet::new(),
        seen,
    });
    unit.days.extend(days.iter());
    unit.seen.merge(&seen);
    unit
}

impl Unit {
    /// How many characters of it do not vary.
    pub(super) fn literals(&self) -> usize {
        self.text.iter().filter(|symbol| !is_class(**symbol)).count()
    }

    /// The same with a character for each character of what varies, where that has one width and one form.
    pub(super) fn fixed(&self) -> Self {
        let mut fixed = Self {
            count: self.count,
            ..self.part(Vec::with_capacity(self.text.len()), Vec::new(), self.names.clone())
        };
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

    /// A unit for each of its names. The user's own name stays that.
    pub(super) fn one_by_one(&self) -> impl Iterator<Item = Self> {
        let of_user = self.text.contains(&USER);
        let user = |name: &Name| {
            let mut left = self.left.iter();
            let slots = self.text.iter().filter(|symbol| has_text(**symbol)).map(|symbol| (symbol, left.next()));
            let own: Vec<usize> =
                slots.filter(|(symbol, _)| **symbol == USER).filter_map(|(_, slot)| slot.copied()).collect();
            own.first().and_then(|slot| name.slots.get(*slot)).cloned()
        };
        self.names.iter().map(move |name| {
            let text = match user(name).filter(|_| of_user) {
                Some(user) => spelled(&name.text, &user),
                None => name.text.chars().collect(),
            };
            self.part(text, Vec::new(), vec![name.clone()])
        })
    }

    /// A part of it, with some of its names.
    fn part(&self, text: Vec<char>, left: Vec<usize>, names: Vec<Name>) -> Self {
        Self { text, left, count: names.len(), names, all: self.all, days: self.days.clone(), seen: self.seen }
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
            self.part(literal, left.clone(), names)
        };
        Some(groups.into_iter().map(one).collect())
    }
}

/// The texts that the slots of a class always have, or do in one part of it: where there are several account ids.
pub(super) fn variants(class: &Class) -> Vec<Vec<Option<&str>>> {
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

/// A name with the segments that are a user's own name as that.
pub(super) fn spelled(name: &str, user: &str) -> Vec<char> {
    with_user(Shapes::default().read(name, Some(user)), name)
}

/// A name with the user's own name in it as that.
fn with_user(shape: &Shape, name: &str) -> Vec<char> {
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

/// Goes through what stands at the places of names, with when the name was first seen; `None` for many texts.
fn each_text(
    names: &Names,
    user: Option<&str>,
    counts: &impl Fn(&Seen) -> bool,
    each: &mut impl FnMut(Spot<'_>, Option<&str>, i64),
) {
    let mut shapes = Shapes::default();
    for (name, single) in names.singles().filter(|(_, single)| counts(&single.seen)) {
        let shape = shapes.read(name, user);
        for (spot, slot) in spots(&shape.text).zip(&shape.slots) {
            each(spot, Some(name.get(slot.clone()).unwrap_or_default()), single.seen.first);
        }
    }
    for (text, class) in names.classes.iter().filter(|(_, class)| counts(&class.seen)) {
        for (spot, texts) in spots(text).zip(&class.texts) {
            match texts {
                None => each(spot, None, class.seen.first),
                Some(texts) => texts.iter().for_each(|text| each(spot, Some(text.as_str()), class.seen.first)),
            }
        }
    }
}

fn has_text(symbol: char) -> bool {
    (DIGITS..=ID).contains(&symbol) || symbol == USER
}
