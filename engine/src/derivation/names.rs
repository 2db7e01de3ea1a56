//! Names that were seen, in memory that does not grow with their number: one by one while they are few, then by shape,
//! then by coarser shapes.
//!
//! Sets of names are put together in any order to the same result: a set is at the finest level at which it is small
//! enough, and a set that is too large is so whatever the order of its parts.

use super::hash::FastHash;
use super::shape::{COARSEST, Recalled, Shape, Shaped, Shapes, are_alike, coarser, next_number, slots};
use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use xxhash_rust::xxh3::xxh3_64;

/// How many names or shapes a set holds at each level.
pub(super) const MOST: [usize; 5] = [1024, 512, 256, 128, 1];
/// How many texts of a class are told apart.
const TEXTS: usize = 8;
/// How many names of a shape are kept.
const SAMPLE: usize = 8;

/// How many days are noted for a name, or for names of a shape.
pub const DAYS: usize = 64;

/// Where in a log something stands: the file, as an index, and the line.
pub type Place = (usize, u64);

/// When and where a name was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When first, in seconds since 1970.
    pub first: i64,
    /// When last.
    pub last: i64,
    /// Where first.
    pub place: Place,
    /// Whether an object with that name is known to exist.
    pub exists: bool,
}

impl Seen {
    pub(super) fn merge(&mut self, other: &Self) {
        (self.first, self.place) = (self.first, self.place).min((other.first, other.place));
        self.last = self.last.max(other.last);
        self.exists |= other.exists;
    }
}

/// The first days on which something was seen, in order; since 1970 in what is put in and given out.
#[derive(Debug, Clone, Default)]
pub(super) struct Days {
    /// Since [`BEGINNING`], and those of most names beside each other: there are many.
    days: SmallVec<[u16; 8]>,
    /// The day that was added last.
    last: Option<i64>,
}

/// The first day that is told from those before, 1 January 2000: no log is as old.
const BEGINNING: i64 = 10_957;

impl Serialize for Days {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Days {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<i64>::deserialize(deserializer).map(|days| Self::of(&days))
    }
}

impl Days {
    fn of(days: &[i64]) -> Self {
        let mut all = Self::default();
        all.extend(days);
        all
    }

    /// Adds days.
    #[inline]
    fn extend(&mut self, days: &[i64]) {
        for day in days {
            if self.last != Some(*day) {
                self.insert(*day);
            }
        }
    }

    #[cold]
    fn insert(&mut self, day: i64) {
        self.last = Some(day);
        let since = day.saturating_sub(BEGINNING).clamp(0, i64::from(u16::MAX));
        let day = u16::try_from(since).unwrap_or_default();
        if let Err(at) = self.days.binary_search(&day) {
            self.days.insert(at, day);
            self.days.truncate(DAYS);
        }
    }

    fn merge(&mut self, other: &Self) {
        other.iter().for_each(|day| self.extend(&[day]));
    }

    fn list(&self) -> SmallVec<[i64; 8]> {
        self.iter().collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = i64> {
        self.days.iter().map(|day| BEGINNING + i64::from(*day))
    }
}

impl PartialEq for Days {
    fn eq(&self, other: &Self) -> bool {
        self.days == other.days
    }
}

impl Eq for Days {}

/// The day of a time in seconds since 1970.
pub(super) fn day_of(time: i64) -> i64 {
    time.div_euclid(86_400)
}

/// One name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Single {
    #[serde(flatten)]
    pub(super) seen: Seen,
    /// The first days on which it was seen.
    pub(super) days: Days,
}

impl Single {
    #[inline]
    fn add(&mut self, seen: &Seen, days: &[i64]) {
        self.seen.merge(seen);
        self.days.extend(days);
    }
}

/// Names of one shape.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Class {
    /// The texts that each class of the shape had; `None` if there are many.
    pub(super) texts: Vec<Option<BTreeSet<String>>>,
    /// The names with the smallest hashes.
    pub(super) sample: BTreeMap<u64, (String, Seen)>,
    pub(super) seen: Seen,
    /// The first days on which they were seen.
    pub(super) days: Days,
    /// The largest hash of a full sample.
    #[serde(skip)]
    largest: Option<u64>,
    /// So many classes at the end of the shape, at least, have many texts.
    #[serde(skip)]
    many: usize,
    /// Directories whose texts are there, by number.
    #[serde(skip)]
    directories: [Option<NonZeroU64>; DIRECTORIES],
}

/// How many directories are known to be in a class.
const DIRECTORIES: usize = 4;

impl Class {
    /// No names yet, of a shape with so many slots.
    fn new(slots: usize, seen: Seen) -> Self {
        let texts = vec![Some(BTreeSet::new()); slots];
        Self {
            texts,
            sample: BTreeMap::new(),
            seen,
            days: Days::default(),
            largest: None,
            many: 0,
            directories: [None; _],
        }
    }

    /// Notes the texts of a name in its slots.
    fn note_texts(&mut self, name: &str, shape: &Shape) {
        let mut known = 0;
        if let Some(number) = shape.directory
            && let Some(directory) = self.directories.get_mut(number.get() as usize % DIRECTORIES)
        {
            // The texts of a directory are there since the last name in it.
            if *directory == Some(number) {
                known = shape.slots_of_directory;
            }
            *directory = Some(number);
        }
        let few = self.texts.len() - self.many;
        let texts = self.texts.get_mut(known..few).unwrap_or_default();
        let mut has_many = false;
        for (texts, slot) in texts.iter_mut().zip(shape.slots.get(known..).unwrap_or_default()) {
            let Some(known) = texts else { continue };
            let text = name.get(slot.clone()).unwrap_or_default();
            if !known.contains(text) {
                known.insert(text.to_owned());
                if known.len() > TEXTS {
                    *texts = None;
                    has_many = true;
                }
            }
        }
        if has_many {
            self.many = self.texts.iter().rev().take_while(|texts| texts.is_none()).count();
        }
    }

    /// About how many names there are.
    pub(super) fn count(&self) -> usize {
        match self.sample.last_key_value() {
            Some((largest, _)) if self.sample.len() == SAMPLE => {
                let share = *largest as f64 / u64::MAX as f64;
                // So many that precision does not matter.
                ((SAMPLE - 1) as f64 / share) as usize
            }
            _ => self.sample.len(),
        }
    }

    fn merge(&mut self, other: &Self) {
        for (own, other) in self.texts.iter_mut().zip(&other.texts) {
            match (&mut *own, other) {
                (Some(texts), Some(others)) => {
                    texts.extend(others.iter().cloned());
                    if texts.len() > TEXTS {
                        *own = None;
                    }
                }
                _ => *own = None,
            }
        }
        other.sample.iter().for_each(|(hash, (name, seen))| self.sampled(*hash, name, seen));
        self.seen.merge(&other.seen);
        self.days.merge(&other.days);
    }

    /// Keeps a name if its hash is one of the smallest. One that is, is so from the first time on.
    #[inline]
    fn sampled(&mut self, hash: u64, name: &str, seen: &Seen) {
        if self.largest.is_none_or(|largest| hash <= largest) {
            self.sample(hash, name, seen);
        }
    }

    #[inline(never)]
    fn sample(&mut self, hash: u64, name: &str, seen: &Seen) {
        if let Some((_, known)) = self.sample.get_mut(&hash) {
            return known.merge(seen);
        }
        self.sample.insert(hash, (name.to_owned(), *seen));
        while self.sample.len() > SAMPLE {
            self.sample.pop_last();
        }
        if self.sample.len() == SAMPLE {
            self.largest = self.sample.last_key_value().map(|(largest, _)| *largest);
        }
    }

    /// Notes that a name of this shape was seen on days.
    #[inline]
    fn add(&mut self, name: &str, hash: u64, seen: &Seen, days: &[i64]) {
        self.sampled(hash, name, seen);
        self.seen.merge(seen);
        self.days.extend(days);
    }

    fn seen_mut(&mut self) -> impl Iterator<Item = &mut Seen> {
        std::iter::once(&mut self.seen).chain(self.sample.values_mut().map(|(_, seen)| seen))
    }

    /// The names that are kept.
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, &Seen)> {
        self.sample.values().map(|(name, seen)| (name.as_str(), seen))
    }
}

/// Things by name, in the order in which they came.
type Map<V> = IndexMap<String, V, FastHash>;

/// A set of names.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Names {
    /// How coarse the set is: 0 for single names.
    pub(super) level: u8,
    /// The names.
    #[serde(serialize_with = "in_order")]
    single: Map<Single>,
    /// The shapes, from level 1 on.
    #[serde(serialize_with = "in_order")]
    pub(super) classes: Map<Class>,
    /// Which set it is, for names to know where in it they or their shapes are: no other, nor this one at another level,
    /// has its number.
    #[serde(skip)]
    number: Option<NonZeroU64>,
    /// The shapes that were added last.
    #[serde(skip)]
    recent_shapes: Recent,
}

/// How many shapes are found without a hash.
const RECENT: usize = 16;

/// Where the last shapes are, by number. There may be very many sets to which few names are added, so that there are none
/// at first.
#[derive(Debug, Clone, Default)]
struct Recent {
    places: Vec<Option<(NonZeroU64, usize)>>,
    /// How many were looked up while none were kept.
    looked_up: usize,
}

impl Recent {
    #[inline]
    fn slot(number: NonZeroU64) -> usize {
        number.get() as usize % RECENT
    }

    #[inline]
    fn find(&self, number: Option<NonZeroU64>) -> Option<usize> {
        let number = number?;
        let (known, place) = (*self.places.get(Self::slot(number))?)?;
        (known == number).then_some(place)
    }

    fn keep(&mut self, number: Option<NonZeroU64>, place: usize) {
        if self.places.is_empty() {
            self.looked_up += 1;
            if self.looked_up > RECENT {
                self.places.resize(RECENT, None);
            }
        }
        let Some(number) = number else { return };
        if let Some(known) = self.places.get_mut(Self::slot(number)) {
            *known = Some((number, place));
        }
    }
}

/// Stores a map in the order of its keys.
fn in_order<V: Serialize, S: Serializer>(map: &Map<V>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(map.iter().collect::<BTreeMap<_, _>>())
}

impl Names {
    /// Adds a name that was seen on a day. `user` is the user whose name may stand in it.
    #[inline]
    pub(super) fn add(&mut self, name: &mut Recalled<'_>, (seen, day): (&Seen, i64), user: Option<&str>) {
        match name.place_in(self.number) {
            Some(place) => self.add_again(place, name, seen, day),
            None => {
                if let Some(place) = self.add_first(name, seen, day, user) {
                    name.is_in(*self.number.get_or_insert_with(next_number), place);
                }
            }
        }
    }

    /// Adds a name that is there, or of a shape to which it was added.
    #[inline]
    fn add_again(&mut self, place: usize, name: &Recalled<'_>, seen: &Seen, day: i64) {
        if self.level == 0 {
            if let Some((_, single)) = self.single.get_index_mut(place) {
                single.add(seen, &[day]);
            }
        } else if let Some((_, class)) = self.classes.get_index_mut(place) {
            class.add(name.name(), name.hash(), seen, &[day]);
        }
    }

    fn add_first(&mut self, name: &mut Recalled<'_>, seen: &Seen, day: i64, user: Option<&str>) -> Option<usize> {
        if self.level == 0 {
            return self.add_single(name.name(), (seen, &[day]), user);
        }
        self.add_shape(name.shaped(), (seen, &[day]), user)
    }

    /// Puts in a name with the days on which it was seen.
    fn put(&mut self, name: &str, (seen, days): (&Seen, &[i64]), user: Option<&str>, shapes: &mut Shapes) {
        if self.level == 0 {
            self.add_single(name, (seen, days), user);
        } else {
            self.add_shape(shapes.name(name, user), (seen, days), user);
        }
    }

    /// Adds a name at the finest level: where it is, if the set stays as it is.
    fn add_single(&mut self, name: &str, (seen, days): (&Seen, &[i64]), user: Option<&str>) -> Option<usize> {
        if let Some((place, _, known)) = self.single.get_full_mut(name) {
            known.add(seen, days);
            return Some(place);
        }
        let (place, _) = self.single.insert_full(name.to_owned(), Single { seen: *seen, days: Days::of(days) });
        if self.single.len() > MOST[0] {
            self.raise(1, user);
            return None;
        }
        Some(place)
    }

    /// Adds a name at a coarser level: where its shape is, if the set stays as it is.
    fn add_shape(&mut self, name: Shaped<'_>, (seen, days): (&Seen, &[i64]), user: Option<&str>) -> Option<usize> {
        let Shaped { name, hash, shape } = name;
        let (level, count) = (self.level, self.classes.len());
        let place = self.recent_shapes.find(shape.number).unwrap_or_else(|| {
            let place = self.class_of(&shape.text, seen);
            self.recent_shapes.keep(shape.number, place);
            place
        });
        let (_, class) = self.classes.get_index_mut(place)?;
        class.note_texts(name, shape);
        class.add(name, hash, seen, days);
        if self.classes.len() > count {
            self.settle(user);
        }
        (self.level == level).then_some(place)
    }

    /// Where the class of a shape is. A new one was seen once.
    fn class_of(&mut self, shape: &str, seen: &Seen) -> usize {
        let coarse;
        let shape = if self.level > 1 {
            coarse = coarser(shape, self.level);
            &coarse
        } else {
            shape
        };
        match self.classes.get_index_of(shape) {
            Some(place) => place,
            None => self.classes.insert_full(shape.to_owned(), Class::new(slots(shape), *seen)).0,
        }
    }

    /// Makes the set coarser as long as it is too large.
    fn settle(&mut self, user: Option<&str>) {
        while self.level < COARSEST && self.len() > self.most() {
            self.raise(self.level + 1, user);
        }
    }

    fn most(&self) -> usize {
        MOST.get(usize::from(self.level)).copied().unwrap_or(1)
    }

    /// How many names or shapes it holds.
    pub(super) fn len(&self) -> usize {
        self.single.len() + self.classes.len()
    }

    /// About how many names it stands for.
    pub(super) fn count(&self) -> usize {
        self.single.len() + self.classes.values().map(Class::count).sum::<usize>()
    }

    /// How much it counts at a level: as if full if it is coarser than that.
    pub(super) fn weight(&self, level: u8) -> usize {
        if self.level > level { MOST.get(usize::from(level)).copied().unwrap_or(1) } else { self.len() }
    }

    /// Makes the set at least as coarse as a level.
    pub(super) fn raise(&mut self, level: u8, user: Option<&str>) {
        if self.level >= level {
            return;
        }
        self.level = level;
        (self.number, self.recent_shapes) = Default::default();
        let mut shapes = Shapes::default();
        for (name, Single { seen, days }) in std::mem::take(&mut self.single) {
            self.add_shape(shapes.name(&name, user), (&seen, &days.list()), user);
        }
        if level > 1 {
            for (text, class) in std::mem::take(&mut self.classes) {
                self.add_class(text, class, user);
            }
        }
        self.settle(user);
    }

    fn add_class(&mut self, text: String, mut class: Class, user: Option<&str>) {
        let text = if self.level > 1 { coarser(&text, self.level) } else { text };
        class.texts.truncate(slots(&text));
        class.many = 0;
        match self.classes.get_mut(&text) {
            Some(known) => known.merge(&class),
            None => {
                self.classes.insert(text, class);
                self.settle(user);
            }
        }
    }

    /// Adds all names of another set.
    pub(super) fn merge(&mut self, other: Self, user: Option<&str>) {
        self.raise(other.level, user);
        let mut shapes = Shapes::default();
        for (name, Single { seen, days }) in other.single {
            self.put(&name, (&seen, &days.list()), user, &mut shapes);
        }
        for (text, class) in other.classes {
            self.add_class(text, class, user);
        }
    }

    /// The names that are told apart, in no order.
    pub(super) fn singles(&self) -> impl Iterator<Item = (&str, &Single)> {
        self.single.iter().map(|(name, single)| (name.as_str(), single))
    }

    /// When and where its names were seen.
    pub(super) fn seen(&self) -> impl Iterator<Item = &Seen> {
        self.single.values().map(|single| &single.seen).chain(self.classes.values().map(|class| &class.seen))
    }

    /// The names, or some of each shape.
    pub(super) fn samples(&self) -> impl Iterator<Item = (&str, &Seen)> {
        let single = self.singles().map(|(name, single)| (name, &single.seen));
        single.chain(self.classes.values().flat_map(Class::names))
    }

    /// Whether a name is known to be in the set.
    pub(super) fn has(&self, name: &str) -> bool {
        self.single.contains_key(name)
            || self.classes.values().any(|class| class.sample.contains_key(&xxh3_64(name.as_bytes())))
    }

    /// Whether a name is in the set, or of a kind of which so many are that they are not told apart. Among
    /// hexadecimal digits and identifiers there can be numbers by chance.
    pub(super) fn may_have(&self, name: &str, user: Option<&str>) -> bool {
        if self.level == 0 {
            return self.single.contains_key(name);
        }
        let shape = self.shape_of(name, user);
        self.classes.contains_key(&shape) || self.classes.keys().any(|known| are_alike(known, &shape))
    }

    /// The shape of a name, as coarse as the set.
    pub(super) fn shape_of(&self, name: &str, user: Option<&str>) -> String {
        let mut shapes = Shapes::default();
        let text = &shapes.read(name, user).text;
        if self.level > 1 { coarser(text, self.level) } else { text.clone() }
    }

    /// Whether a name is known to be that of an object.
    pub(super) fn exists(&self, name: &str) -> bool {
        self.single.get(name).is_some_and(|single| single.seen.exists)
            || self
                .classes
                .values()
                .any(|class| class.sample.get(&xxh3_64(name.as_bytes())).is_some_and(|(_, seen)| seen.exists))
    }

    /// Everything that tells when and where.
    pub(super) fn seen_mut(&mut self) -> impl Iterator<Item = &mut Seen> {
        self.single
            .values_mut()
            .map(|single| &mut single.seen)
            .chain(self.classes.values_mut().flat_map(Class::seen_mut))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names that were seen, each on several days, in this order.
    fn seen_on_days(order: impl Iterator<Item = (usize, i64)>) -> Names {
        let (mut names, mut shapes) = (Names::default(), Shapes::default());
        for (number, day) in order {
            let time = day * 86_400 + 10;
            let seen = Seen { first: time, last: time, place: (0, 0), exists: true };
            let name = format!("report-{number}.txt");
            names.add(&mut shapes.recall(name.as_bytes(), None), (&seen, day), None);
        }
        names
    }

    #[test]
    fn the_days_of_names_do_not_hang_on_the_order() {
        const MANY: usize = MOST[0] + 8;
        let all = || (0..MANY).flat_map(|number| (20_000..20_005).map(move |day| (number, day)));
        let days = |names: &Names| names.classes.values().map(|class| class.days.clone()).collect::<Vec<_>>();
        let forth = seen_on_days(all());
        assert_eq!(days(&forth), [Days::of(&[20_000, 20_001, 20_002, 20_003, 20_004])]);
        assert_eq!(days(&seen_on_days((0..MANY * 5).rev().filter_map(|at| all().nth(at)))), days(&forth));
        for at in [1, MANY / 2, MANY - 1] {
            let mut one = seen_on_days(all().filter(|(number, _)| *number < at));
            one.merge(seen_on_days(all().filter(|(number, _)| *number >= at)), None);
            assert_eq!(days(&one), days(&forth), "{at}");
        }
    }

    #[test]
    fn every_text_is_noted_whatever_directory_it_is_in() {
        let seen = Seen { first: 0, last: 0, place: (0, 0), exists: true };
        let (mut kept, mut fresh) = (Names::default(), Names::default());
        let mut shapes = Shapes::default();
        for names in [&mut kept, &mut fresh] {
            names.raise(1, None);
        }
        // More than are known to be in a class.
        let directories = [1, 2, 1, 3, 4, 5, 6, 1].map(|run| format!("run-{run}/"));
        let below = ["run-2/part-7/", "run-2/part-8/", "run-2/part-7/"].map(str::to_owned);
        for (number, directory) in directories.iter().chain(&below).cycle().take(60).enumerate() {
            for name in [format!("{directory}file-{}.gz", number % 5), format!("{directory}{number}")] {
                kept.add(&mut shapes.recall(name.as_bytes(), None), (&seen, 0), None);
                fresh.add(&mut Shapes::default().recall(name.as_bytes(), None), (&seen, 0), None);
            }
        }
        let texts = |names: &Names| -> BTreeMap<String, Vec<Option<BTreeSet<String>>>> {
            names.classes.iter().map(|(shape, class)| (shape.clone(), class.texts.clone())).collect()
        };
        let wanted = texts(&fresh);
        assert!(wanted.values().flatten().any(|texts| texts.as_ref().is_some_and(|texts| texts.len() > 2)));
        assert!(wanted.values().flatten().any(Option::is_none));
        assert_eq!(texts(&kept), wanted);
    }
}
