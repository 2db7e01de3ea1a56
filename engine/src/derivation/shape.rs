//! The shape of a name: which parts of it vary from run to run (dates, numbers, identifiers), and which do not.
//!
//! A shape is the name with each such part replaced by one character that stands for its class. The characters are
//! noncharacters of Unicode; a name that holds one itself has [`ANY`] there.

use super::glob::ONE;
use super::word::{FIRST_OF_UUID, LEAST_HEX, Letters, Word, date, uuid};
use crate::lanes::equal_names;
use std::borrow::Cow;
use std::num::NonZeroU64;
use std::ops::{Range, RangeInclusive};
use std::sync::atomic::{AtomicU64, Ordering};
use xxhash_rust::xxh3::xxh3_64;

/// Digits.
pub(super) const DIGITS: char = '\u{FDD0}';
/// Hexadecimal digits.
pub(super) const HEX: char = '\u{FDD1}';
/// A UUID.
pub(super) const UUID: char = '\u{FDD2}';
/// A date, perhaps with a time of day.
pub(super) const DATE: char = '\u{FDD3}';
/// Letters and digits mixed, as random identifiers have them.
pub(super) const ID: char = '\u{FDD4}';
/// A character that is itself one of these.
pub(super) const ANY: char = '\u{FDD5}';
/// Anything, slashes too.
pub(super) const REST: char = '\u{FDD6}';
/// The name of the user who asks.
pub(super) const USER: char = '\u{FDD7}';

/// Whether a character of a shape stands for a part that varies.
pub(super) fn is_class(symbol: char) -> bool {
    ('\u{FDD0}'..='\u{FDD6}').contains(&symbol)
}

/// Whether a character is kept for shapes and patterns.
fn is_kept(symbol: char) -> bool {
    ('\u{FDD0}'..='\u{FDEF}').contains(&symbol)
}

/// Whether a name of the second shape could as well have been of the first, but for chance: what is hexadecimal in one may
/// have no letters in the other, or nothing else, and what is an identifier may have any of these.
pub(super) fn are_alike(known: &str, shape: &str) -> bool {
    let mut rest = shape;
    known.chars().all(|own| {
        let Some(symbol) = rest.chars().next() else { return false };
        let length = match own {
            _ if own == symbol || matches!((own, symbol), (HEX, DIGITS) | (ID, DIGITS | HEX)) => symbol.len_utf8(),
            HEX => hexadecimal_word(rest),
            _ => 0,
        };
        rest = rest.get(length..).unwrap_or_default();
        length > 0
    }) && rest.is_empty()
}

/// How long the word is that a text begins with, if it is long enough for hexadecimal digits and of nothing else.
fn hexadecimal_word(text: &str) -> usize {
    let word = text.split(|symbol: char| !symbol.is_ascii_alphanumeric()).next().unwrap_or_default();
    let all = |letters: RangeInclusive<char>| word.chars().all(|symbol| letters.contains(&symbol));
    if word.len() >= LEAST_HEX && (all('a'..='f') || all('A'..='F')) { word.len() } else { 0 }
}

/// How many classes of a shape have a text in the name.
pub(super) fn slots(shape: &str) -> usize {
    shape.chars().filter(|symbol| matches!(*symbol, DIGITS..=ID | USER)).count()
}

/// A shape, and where in the name its classes stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// The shape.
    pub(super) text: String,
    /// No other shape ever has this number; the same may have several.
    pub(super) number: Option<NonZeroU64>,
    /// Where the text of each class is in the name, in order; [`ANY`] and [`REST`] have none.
    pub(super) slots: Vec<Range<usize>>,
    /// Which directory the name is in, if that is known; no other directory ever has its number.
    pub(super) directory: Option<NonZeroU64>,
    /// How many of the slots are in the directory.
    pub(super) slots_of_directory: usize,
}

/// Reads the shapes of names, and keeps some in mind.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    shape: Shape,
    lately: Lately,
    /// The names that were seen last: what is put is often read and deleted soon.
    names: Table<Known, NAMES>,
    /// The name that was seen last, if it is not among them.
    other: Known,
}

/// What was read lately.
#[derive(Debug, Default)]
struct Lately {
    /// Directories up to their slash.
    directories: Table<Read, DIRECTORIES>,
    /// Shapes, and their numbers.
    shapes: Table<(String, Option<NonZeroU64>), SHAPES>,
}

/// Things by hash: a few at first, and up to so many where they replace each other.
#[derive(Debug, Default)]
struct Table<T, const MOST: usize> {
    kept: Vec<T>,
    /// How many were replaced since there are so many.
    replaced: usize,
}

impl<T: Default, const MOST: usize> Table<T, MOST> {
    /// What is kept where something with a hash would be.
    #[inline]
    fn find(&self, hash: u64) -> Option<&T> {
        self.kept.get(self.place(hash))
    }

    #[inline]
    fn find_mut(&mut self, hash: u64) -> Option<&mut T> {
        let place = self.place(hash);
        self.kept.get_mut(place)
    }

    /// Where that would be; there is a power of two of them.
    #[inline]
    fn place(&self, hash: u64) -> usize {
        hash as usize & self.kept.len().wrapping_sub(1)
    }

    /// The place for something else with a hash.
    fn replace(&mut self, hash: u64) -> Option<&mut T> {
        const FIRST: usize = 8;
        self.replaced += 1;
        let count = self.kept.len();
        if count == 0 || self.replaced > count && count < MOST {
            self.replaced = 0;
            self.kept.clear();
            self.kept.resize_with((2 * count).clamp(FIRST, MOST), T::default);
        }
        self.find_mut(hash)
    }
}

/// A name that was seen lately, at first the empty one.
#[derive(Debug)]
struct Known {
    name: String,
    /// Where it or its shape is in some of the sets that it was added to last, by the number of the set.
    places: [Option<(NonZeroU64, usize)>; PLACES],
    /// The XXH3 of the name.
    hash: u64,
    /// The user whose name may stand in it.
    user: Option<String>,
    shape: Shape,
    /// Whether the shape is the name's.
    is_read: bool,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            name: String::new(),
            places: [None; PLACES],
            hash: xxh3_64(b""),
            user: None,
            shape: Shape::default(),
            is_read: false,
        }
    }
}

impl Known {
    /// Becomes another name.
    #[cold]
    fn become_name(&mut self, name: &[u8], user: Option<&str>) {
        self.places = [None; PLACES];
        self.name.clear();
        self.name.push_str(&text(name));
        self.hash = xxh3_64(self.name.as_bytes());
        self.user = user.map(str::to_owned);
        self.is_read = false;
    }
}

/// A name that is kept in mind.
pub(super) struct Recalled<'s> {
    known: &'s mut Known,
    lately: &'s mut Lately,
}

impl Recalled<'_> {
    /// Where the name or its shape is in a set, if that is known.
    #[inline]
    pub(super) fn place_in(&self, set: Option<NonZeroU64>) -> Option<usize> {
        let set = set?;
        let (known, place) = (*self.known.places.get(slot(set))?)?;
        (known == set).then_some(place)
    }

    /// Keeps in mind where it is.
    pub(super) fn is_in(&mut self, set: NonZeroU64, place: usize) {
        if let Some(known) = self.known.places.get_mut(slot(set)) {
            *known = Some((set, place));
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.known.name
    }

    /// The XXH3 of the name.
    pub(super) fn hash(&self) -> u64 {
        self.known.hash
    }

    /// The name with its shape.
    pub(super) fn shaped(&mut self) -> Shaped<'_> {
        let Known { name, hash, user, shape, is_read, .. } = &mut *self.known;
        if !*is_read {
            shape.read(name, user.as_deref(), self.lately);
            *is_read = true;
        }
        Shaped { name, hash: *hash, shape }
    }
}

/// A name with its hash and its shape.
pub(super) struct Shaped<'n> {
    pub(super) name: &'n str,
    /// The XXH3 of the name.
    pub(super) hash: u64,
    pub(super) shape: &'n Shape,
}

/// In how many sets a name is known to be.
const PLACES: usize = 4;

#[inline]
fn slot(set: NonZeroU64) -> usize {
    set.get() as usize % PLACES
}

/// How many directories are kept in mind: each of many jobs has its own.
const DIRECTORIES: usize = 1024;
/// The same of shapes.
const SHAPES: usize = 64;
/// And of names.
const NAMES: usize = 256;

/// A directory with its shape.
#[derive(Debug, Clone, Default)]
struct Read {
    name: String,
    shape: Shape,
}

/// A hash of the beginning, the middle and the end of a name.
#[inline]
fn quick(name: &[u8]) -> u64 {
    let middle = name.get(name.len() / 2..).and_then(|behind| behind.first_chunk());
    let (Some(first), Some(middle), Some(last)) = (name.first_chunk(), middle, name.last_chunk()) else {
        return xxh3_64(name);
    };
    let [first, middle, last] = [first, middle, last].map(|part| u64::from_le_bytes(*part));
    // Multiplied by odd numbers, so that all bytes count in the highest bits.
    let ends = (first ^ last.rotate_left(28)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (ends ^ middle).wrapping_mul(0xC2B2_AE3D_27D4_EB4F).rotate_left(u64::BITS / 4)
}

/// The text that is given in UTF-8.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

impl Shapes {
    /// A name in UTF-8, of which a segment may be the user's name.
    pub(super) fn recall(&mut self, name: &[u8], user: Option<&str>) -> Recalled<'_> {
        let Self { lately, names, other, .. } = self;
        let hash = quick(name);
        // What users do is often done to names that others have to do with, too.
        let slot = if user.is_some() { hash.rotate_left(u64::BITS / 2) } else { hash };
        let is_it = |known: &Known| equal_names(known.name.as_bytes(), name) && known.user.as_deref() == user;
        let is_known = names.find(slot).is_some_and(is_it);
        let known = if is_known { names.find_mut(slot) } else { names.replace(slot) }.unwrap_or(other);
        if !is_known {
            known.become_name(name, user);
        }
        Recalled { known, lately }
    }

    /// A name with its shape. A segment that is the user's name is that.
    pub(super) fn name<'n>(&'n mut self, name: &'n str, user: Option<&str>) -> Shaped<'n> {
        Shaped { name, hash: xxh3_64(name.as_bytes()), shape: self.read(name, user) }
    }

    /// The shape of a name. A segment that is the user's name is that.
    pub(super) fn read(&mut self, name: &str, user: Option<&str>) -> &Shape {
        self.shape.read(name, user, &mut self.lately);
        &self.shape
    }
}

impl Lately {
    /// The number of a shape.
    fn number(&mut self, shape: &str) -> Option<NonZeroU64> {
        let hash = xxh3_64(shape.as_bytes());
        match self.shapes.find(hash) {
            Some((known, number)) if number.is_some() && known == shape => *number,
            _ => {
                let (known, number) = self.shapes.replace(hash)?;
                known.clear();
                known.push_str(shape);
                *number = Some(next_number());
                *number
            }
        }
    }
}

/// A number for a set, a directory or a shape.
pub(super) fn next_number() -> NonZeroU64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    NonZeroU64::MIN.saturating_add(LAST.fetch_add(1, Ordering::Relaxed))
}

impl Shape {
    /// Becomes the shape of a name. Some directories are kept with their shapes.
    fn read(&mut self, name: &str, user: Option<&str>, lately: &mut Lately) {
        self.text.clear();
        self.slots.clear();
        (self.directory, self.slots_of_directory) = (None, 0);
        let mut at = 0;
        // Most names have their directory in common with one before. A date may go on in what follows the slash.
        let slash = memchr::memrchr(b'/', name.as_bytes());
        let (directory, last) = slash.and_then(|at| name.split_at_checked(at + 1)).unwrap_or(("", name));
        let goes_on = last.len() <= 2 || PARTS_OF_DATE.iter().any(|(name, ..)| last.starts_with(name));
        let by_itself = user.is_none() && !directory.is_empty() && !goes_on;
        if by_itself {
            let hash = xxh3_64(directory.as_bytes());
            match lately.directories.find(hash) {
                Some(known) if known.name == directory => {
                    self.text.push_str(&known.shape.text);
                    self.slots.extend_from_slice(&known.shape.slots);
                    (self.directory, self.slots_of_directory) = (known.shape.directory, known.shape.slots.len());
                }
                _ => {
                    self.segments(name, 0, directory.len(), user);
                    (self.directory, self.slots_of_directory) = (Some(next_number()), self.slots.len());
                    if let Some(known) = lately.directories.replace(hash) {
                        known.name.clear();
                        known.name.push_str(directory);
                        known.shape.become_like(self);
                    }
                }
            }
            at = directory.len();
        }
        self.segments(name, at, usize::MAX, user);
        self.number = lately.number(&self.text);
    }

    /// Becomes the same, in memory that is there.
    fn become_like(&mut self, other: &Self) {
        self.text.clone_from(&other.text);
        self.slots.clone_from(&other.slots);
        (self.number, self.directory) = (other.number, other.directory);
        self.slots_of_directory = other.slots_of_directory;
    }

    /// Takes the segments from there on, until one begins at or behind `end`.
    fn segments(&mut self, name: &str, mut at: usize, end: usize, user: Option<&str>) {
        while at < end {
            at = self.segment(name, at, user);
            if at >= name.len() {
                return;
            }
            self.text.push('/');
            at += 1;
        }
    }

    fn class(&mut self, class: char, place: Range<usize>) {
        self.text.push(class);
        self.slots.push(place);
    }

    /// Takes what of a name begins there, up to a slash; where that is.
    fn segment(&mut self, name: &str, start: usize, user: Option<&str>) -> usize {
        let rest = name.get(start..).unwrap_or_default();
        if let Some(user) = user
            && rest.strip_prefix(user).is_some_and(|behind| behind.is_empty() || behind.starts_with('/'))
        {
            self.class(USER, start..start + user.len());
            return start + user.len();
        }
        if matches!(rest.as_bytes().first(), Some(b'0'..=b'9' | b'y'))
            && let Some((head, date)) = dated(rest)
        {
            self.text.push_str(rest.get(..head).unwrap_or_default());
            self.class(DATE, start + head..start + head + date);
            return start + head + date;
        }
        self.short_segment(name, start).unwrap_or_else(|| self.any_segment(name, start))
    }

    /// Takes a segment of letters, digits and whatever else: where it ends.
    fn any_segment(&mut self, name: &str, start: usize) -> usize {
        let bytes = name.as_bytes();
        // What is kept as it is goes into the shape in one piece.
        let mut kept = start;
        let mut at = start;
        while let Some(&byte) = bytes.get(at).filter(|byte| **byte != b'/') {
            if !byte.is_ascii_alphanumeric() {
                let Some(symbol) = name.get(at..).and_then(|rest| rest.chars().next()) else { break };
                let end = at + symbol.len_utf8();
                if is_kept(symbol) {
                    self.text.push_str(name.get(kept..at).unwrap_or_default());
                    self.text.push(ANY);
                    kept = end;
                }
                at = end;
                continue;
            }
            let word = Word::new(bytes.get(at..).unwrap_or_default());
            at += self.word(name, &word, at, &mut kept);
        }
        self.text.push_str(name.get(kept..at).unwrap_or_default());
        at
    }

    /// The same of a short segment of ASCII, many bytes at a time. `None` if it is another.
    fn short_segment(&mut self, name: &str, start: usize) -> Option<usize> {
        let letters = Letters::of(name.as_bytes().get(start..)?)?;
        let end = start + letters.len();
        let mut kept = start;
        let mut at = 0;
        while let Some(place) = letters.next(at) {
            // A word without digits is kept, if no UUID begins with it.
            let is_plain = place.len() != FIRST_OF_UUID && !letters.has_digit(&place);
            at = place.start;
            at += if is_plain { place.len() } else { self.word(name, &letters.word(place), start + at, &mut kept) };
        }
        self.text.push_str(name.get(kept..end).unwrap_or_default());
        Some(end)
    }

    /// Takes a word that stands at a place of a name, or more that begins with it: how long that is. What was kept before
    /// it goes into the shape with what is not kept.
    fn word(&mut self, name: &str, word: &Word<'_>, at: usize, kept: &mut usize) -> usize {
        let rest = name.as_bytes().get(at..).unwrap_or_default();
        let long = match word.text.len() {
            FIRST_OF_UUID => uuid(rest).map(|length| (UUID, length)),
            4 if word.digits == 4 => date(rest).map(|length| (DATE, length)),
            _ => None,
        };
        let (class, length) = long.unwrap_or_else(|| (word.class(), word.text.len()));
        if class != ' ' || word.digits > 0 {
            self.text.push_str(name.get(*kept..at).unwrap_or_default());
            match class {
                ' ' => self.mixed(name.get(at..at + length).unwrap_or_default(), at),
                class => self.class(class, at..at + length),
            }
            *kept = at + length;
        }
        length
    }

    /// Letters as they are, digits as numbers.
    fn mixed(&mut self, word: &str, start: usize) {
        let mut from = None;
        for (at, byte) in word.bytes().enumerate() {
            if byte.is_ascii_digit() {
                from.get_or_insert(at);
                continue;
            }
            if let Some(from) = from.take() {
                self.class(DIGITS, start + from..start + at);
            }
            self.text.push(char::from(byte));
        }
        if let Some(from) = from {
            self.class(DIGITS, start + from..start + word.len());
        }
    }
}

fn is_year(text: &str) -> bool {
    matches!(text.as_bytes(), [b'1', b'9', b'9', one] | [b'2', b'0', _, one] if one.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_two(text: &str, least: u8, most: u8) -> bool {
    let &[tens, ones] = text.as_bytes() else { return false };
    let digits = tens.is_ascii_digit() && ones.is_ascii_digit();
    digits && (least..=most).contains(&((tens - b'0') * 10 + (ones - b'0')))
}

/// What follows a year in segments of their own, if they have names, and the least and the most numbers of each.
const PARTS_OF_DATE: [(&str, u8, u8); 3] = [("month=", 1, 12), ("day=", 1, 31), ("hour=", 0, 23)];

/// A date that goes over several segments at the beginning: how long what stands before it is, and how long it is, as in
/// `2026/08/03` and `year=2026/month=08`.
fn dated(path: &str) -> Option<(usize, usize)> {
    let mut segments = path.split('/');
    let first = segments.next()?;
    let named = first.strip_prefix("year=");
    let year = named.unwrap_or(first);
    if !is_year(year) {
        return None;
    }
    let mut end = first.len();
    for (name, least, most) in PARTS_OF_DATE {
        let Some(next) = segments.next() else { break };
        let number = if named.is_some() { next.strip_prefix(name) } else { Some(next) };
        if !number.is_some_and(|number| is_two(number, least, most)) {
            break;
        }
        end += 1 + next.len();
    }
    let head = first.len() - year.len();
    (end > first.len() || named.is_some()).then_some((head, end - head))
}

/// How coarse a shape can be: the shape itself, its first two segments and its ending, its first segment, nothing.
pub(super) const COARSEST: u8 = 4;

/// A shape made coarser, for levels from 2 to [`COARSEST`]; the classes that are left are the first ones.
///
/// What a coarser shape stands for holds all that the finer one stands for.
pub(super) fn coarser(shape: &str, level: u8) -> String {
    if level >= COARSEST {
        return REST.to_string();
    }
    let kept = if level == 2 { 2 } else { 1 };
    let mut segments = shape.split('/');
    let head: Vec<&str> = segments.by_ref().take(kept).collect();
    let Some(last) = segments.next_back() else { return shape.to_owned() };
    let mut coarse = head.join("/");
    coarse.push('/');
    coarse.push(REST);
    if level == 2 {
        coarse.push_str(ending(last));
    }
    coarse
}

/// The part of a segment behind its last class, from a `.`, `_` or `-` on: such as `.gz` or `_$folder$`.
pub(super) fn ending(segment: &str) -> &str {
    let behind = segment.rfind(|symbol| is_class(symbol) || matches!(symbol, USER | ONE));
    let tail = match behind {
        Some(at) => segment.get(at..).map_or("", |tail| tail.strip_prefix(|_: char| true).unwrap_or("")),
        None => segment,
    };
    tail.find(['.', '_', '-']).and_then(|at| tail.get(at..)).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shape with names for its classes.
    fn shown(name: &str) -> String {
        let mut shapes = Shapes::default();
        let shape = shapes.read(name, Some("ann"));
        let texts: Vec<&str> = shape.slots.iter().map(|slot| &name[slot.clone()]).collect();
        let mut texts = texts.into_iter();
        let mut shown = String::new();
        for symbol in shape.text.chars() {
            let class = match symbol {
                DIGITS => "digits",
                HEX => "hex",
                UUID => "uuid",
                DATE => "date",
                ID => "id",
                USER => "user",
                _ => {
                    shown.push(symbol);
                    continue;
                }
            };
            shown.push_str(&format!("<{class}:{}>", texts.next().unwrap()));
        }
        assert_eq!(texts.next(), None);
        shown
    }

    #[test]
    fn short_segments_are_read_like_any() {
        const PARTS: [&str; 24] = [
            "",
            "-",
            ".",
            "_",
            "=",
            "@",
            "[",
            "~",
            "é",
            "\u{FDD0}",
            "app",
            "G",
            "7",
            "19",
            "2016",
            "2016-01-31",
            "T10:00Z",
            "20160131",
            "8916b9e21dff",
            "ABCDEF01",
            "Qx3-Zk9",
            "a/1",
            "0a1b2c3d-0000-4000-8000-0123456789ab",
            "k3J9mQ2xW7pL0vB5",
        ];
        let mut short = 0;
        for first in PARTS {
            for second in PARTS {
                for third in PARTS {
                    for (start, name) in
                        [(0, [first, second, third].concat()), (2, ["x/", second, first, third].concat())]
                    {
                        let (mut one, mut other) = (Shape::default(), Shape::default());
                        let any = other.any_segment(&name, start);
                        if let Some(end) = one.short_segment(&name, start) {
                            short += 1;
                            assert_eq!((end, &one.text, &one.slots), (any, &other.text, &other.slots), "{name}");
                        } else {
                            let segment = name[start..].split('/').next().unwrap_or_default();
                            assert!(!segment.is_ascii() || segment.len() > 64, "{name}");
                        }
                    }
                }
            }
        }
        assert!(short > 20_000);
    }

    #[test]
    fn parts_that_vary_are_told_from_those_that_do_not() {
        for (name, wanted) in [
            ("a/manifest", "a/manifest"),
            ("2016-01-31-00-00-00_$folder$", "<date:2016-01-31-00-00-00>_$folder$"),
            ("tmp/0f3a9c1d_$folder$", "tmp/<hex:0f3a9c1d>_$folder$"),
            (
                "0a1b2c3d-0000-4000-8000-0123456789ab.instruction",
                "<uuid:0a1b2c3d-0000-4000-8000-0123456789ab>.instruction",
            ),
            ("part-00017.gz", "part-<digits:00017>.gz"),
            ("dt=2026-11-21/x", "dt=<date:2026-11-21>/x"),
            ("logs/20261121T190000Z.json", "logs/<date:20261121T190000Z>.json"),
            ("home/ann/x", "home/<user:ann>/x"),
            ("home/anna/x", "home/anna/x"),
            ("df-0A1B2C3DEFGHIJ/log", "df-<id:0A1B2C3DEFGHIJ>/log"),
            ("df-01234567ABCDEFGHIJ/log", "df-<id:01234567ABCDEFGHIJ>/log"),
            ("a/2026/08/03/x", "a/<date:2026/08/03>/x"),
            ("2026/08/03/23/2026/1", "<date:2026/08/03/23>/<digits:2026>/<digits:1>"),
            ("2026/summary", "<digits:2026>/summary"),
            ("a/2026/08", "a/<date:2026/08>"),
            ("a/2026/08/", "a/<date:2026/08>/"),
            ("year=2026/month=08/n=5", "year=<date:2026/month=08>/n=<digits:5>"),
            ("v12/x86", "v<digits:12>/x<digits:86>"),
            ("é/\u{FDD0}", "é/\u{FDD5}"),
            ("2016-01-31x", "<digits:2016>-<digits:01>-<digits:31>x"),
        ] {
            assert_eq!(shown(name), wanted);
        }
    }

    #[test]
    fn names_are_alike_that_differ_by_chance() {
        let mut shapes = Shapes::default();
        let mut shape = |name: &str| shapes.read(name, None).text.clone();
        for (known, other, wanted) in [
            ("out/part-3-8916b9e2.gz", "out/part-4-12345678.gz", true),
            ("out/part-3-8916b9e2.gz", "out/part-4-bfebbfee.gz", true),
            ("out/part-3-8916b9e2.gz", "out/part-4-BFEBBFEE.gz", true),
            ("out/part-3-8916b9e2.gz", "out/part-4-bfebbf.gz", false),
            ("out/part-3-8916b9e2.gz", "out/part-4-bfebbfee.gz2", false),
            ("out/part-3-8916b9e2.gz", "out/part-4-bfebbfee", false),
            ("out/8916b9e2", "out/personal", false),
            ("out/8916b9e2", "out/12345678/secret", false),
            ("out/12345678", "out/bfebbfee", false),
            ("out/12345678", "out/8916b9e2", false),
            ("out/8916b9e2", "out/k3J9mQ2xW7pL0vB5", false),
            ("out/k3J9mQ2xW7pL0vB5", "out/8916b9e2", true),
        ] {
            assert_eq!(are_alike(&shape(known), &shape(other)), wanted, "{known} {other}");
        }
    }

    #[test]
    fn what_was_read_before_changes_nothing() {
        let lasts = ["x.gz", "03", "month=08", "part-00001", "", "2026", "08", "2026-11-21", "a.b"];
        let directories = ["2026/", "a/2026/", "a/2026/08/", "a/2026/08/03/", "year=2026/", "a/b/c-17/", "x/"];
        let mut shapes = Shapes::default();
        for _ in 0..2 {
            for name in directories.iter().flat_map(|head| lasts.iter().map(move |last| format!("{head}{last}"))) {
                let mut fresh = Shape::default();
                fresh.segments(&name, 0, usize::MAX, None);
                let read = shapes.read(&name, None);
                assert_eq!((&read.text, &read.slots), (&fresh.text, &fresh.slots), "{name}");
                let mut recalled = shapes.recall(name.as_bytes(), None);
                let read = recalled.shaped();
                assert_eq!((&read.shape.text, &read.shape.slots), (&fresh.text, &fresh.slots), "{name}");
                assert_eq!((read.name, read.hash), (&*name, xxh3_64(name.as_bytes())));
            }
        }
    }

    #[test]
    fn endings_begin_behind_what_varies() {
        let mut shapes = Shapes::default();
        for (name, wanted) in [
            ("0a1b2c3d-0000-4000-8000-0123456789ab.instruction", ".instruction"),
            ("2016-01-31_$folder$", "_$folder$"),
            ("stderr.gz", ".gz"),
            ("part-00001", ""),
            ("manifest", ""),
        ] {
            assert_eq!(ending(&shapes.read(name, None).text), wanted, "{name}");
        }
    }

    #[test]
    fn coarser_shapes_keep_the_beginning() {
        assert_eq!(coarser("a/b/c/d.gz", 2), format!("a/b/{REST}.gz"));
        assert_eq!(coarser("a/b/c/d.gz", 3), format!("a/{REST}"));
        assert_eq!(coarser("a/b", 2), "a/b");
        assert_eq!(coarser("a", 3), "a");
        assert_eq!(coarser("a/b", 4), REST.to_string());
    }
}
