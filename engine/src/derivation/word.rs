//! The words of names, of letters and digits, and what kind of text they are: numbers, dates, identifiers.

use super::shape::{DATE, DIGITS, HEX, ID};
use crate::lanes::{LOOK, before, between, is, marks};
use std::ops::Range;
use wide::i8x32;

/// A word of letters and digits.
pub(super) struct Word<'n> {
    pub(super) text: &'n [u8],
    /// How many of its characters are digits.
    pub(super) digits: usize,
    /// Which kinds of characters are in it.
    kinds: u8,
}

/// A kind of character.
const DIGIT: u8 = 1;
/// A letter that can be a hexadecimal digit.
const LOWER_HEX: u8 = 2;
const UPPER_HEX: u8 = 4;
/// Any other letter.
const LOWER: u8 = 8;
const UPPER: u8 = 16;

/// The kind of each character; 0 for what is no letter or digit.
const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut rest: &mut [u8] = &mut kinds;
    let mut character = 0_u8;
    while let Some((kind, behind)) = rest.split_first_mut() {
        *kind = match character {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'f' => LOWER_HEX,
            b'A'..=b'F' => UPPER_HEX,
            b'g'..=b'z' => LOWER,
            b'G'..=b'Z' => UPPER,
            _ => 0,
        };
        character = character.wrapping_add(1);
        rest = behind;
    }
    kinds
};

impl<'n> Word<'n> {
    /// The word that a text begins with.
    pub(super) fn new(text: &'n [u8]) -> Self {
        let (mut length, mut digits, mut kinds) = (0, 0, 0);
        for byte in text {
            let kind = KINDS.get(usize::from(*byte)).copied().unwrap_or_default();
            if kind == 0 {
                break;
            }
            length += 1;
            digits += usize::from(kind & DIGIT);
            kinds |= kind;
        }
        Self { text: text.get(..length).unwrap_or_default(), digits, kinds }
    }

    /// Its class; a blank for none.
    pub(super) fn class(&self) -> char {
        let Self { text, digits, kinds } = *self;
        let letters = text.len() - digits;
        if digits == 0 {
            return ' ';
        }
        if compact_date(text) {
            return DATE;
        }
        if letters == 0 {
            return DIGITS;
        }
        let is_hex = kinds & !(DIGIT | LOWER_HEX) == 0 || kinds & !(DIGIT | UPPER_HEX) == 0;
        if text.len() >= LEAST_HEX && is_hex {
            return HEX;
        }
        let has = |some: u8| kinds & some != 0;
        let mixed = text.len() >= 16 && has(UPPER | UPPER_HEX) && has(LOWER | LOWER_HEX);
        // A word with a number behind it is none.
        let odd = || {
            let changes = |pair: &&[u8]| matches!(pair, [a, b] if a.is_ascii_digit() != b.is_ascii_digit());
            text.first().is_some_and(u8::is_ascii_digit) || text.windows(2).filter(changes).count() >= 3
        };
        if mixed || text.len() >= 10 && digits >= 2 && letters >= 2 && odd() { ID } else { ' ' }
    }
}

/// Which of the bytes of a short segment are letters or digits: a bit for each.
pub(super) struct Letters<'n> {
    segment: &'n [u8],
    digits: u64,
    letters: u64,
    /// Hexadecimal digits among the letters, and perhaps others that are none.
    hex: u64,
    /// Capital ones among the letters, and others that are none.
    upper: u64,
}

impl<'n> Letters<'n> {
    /// Those of the segment that a text begins with. `None` if it is too long, or not ASCII.
    pub(super) fn of(text: &'n [u8]) -> Option<Self> {
        let mut bytes = [[0; LOOK]; 2];
        let looked_at = text.get(..text.len().min(2 * LOOK))?;
        bytes.as_flattened_mut().get_mut(..looked_at.len())?.copy_from_slice(looked_at);
        let [start, more] = &bytes;
        let is_long = text.len() > LOOK;
        let all = |found: fn(i8x32) -> i8x32| {
            let more = if is_long { u64::from(marks(more, found)) } else { 0 };
            u64::from(marks(start, found)) | more << LOOK
        };
        let slash = all(|lane| is(lane, b'/')).trailing_zeros() as usize;
        if slash == 2 * LOOK && text.len() > slash {
            return None;
        }
        let segment = text.get(..slash.min(text.len()))?;
        let inside = first_bits(segment.len());
        if all(|lane| before(lane, 0)) & inside != 0 {
            return None;
        }
        Some(Self {
            segment,
            digits: all(|lane| between(lane, b'0', b'9')) & inside,
            letters: all(|lane| between(lane | i8x32::splat(0x20), b'a', b'z')) & inside,
            hex: all(|lane| between(lane | i8x32::splat(0x20), b'a', b'f')),
            upper: all(|lane| before(lane, b'a')),
        })
    }

    /// How long the segment is.
    pub(super) fn len(&self) -> usize {
        self.segment.len()
    }

    /// Where the next word is, from a place on.
    #[inline]
    pub(super) fn next(&self, from: usize) -> Option<Range<usize>> {
        let all = self.digits | self.letters;
        let left = all & !first_bits(from);
        let start = (left != 0).then(|| left.trailing_zeros())?;
        let length = (all >> start).trailing_ones();
        Some(start as usize..(start + length) as usize)
    }

    /// Whether there is a digit.
    #[inline]
    pub(super) fn has_digit(&self, place: &Range<usize>) -> bool {
        self.digits & bits(place) != 0
    }

    /// The word at a place.
    pub(super) fn word(&self, place: Range<usize>) -> Word<'n> {
        let word = bits(&place);
        let kind = |kind: u8, bits: u64| if bits & word == 0 { 0 } else { kind };
        let others = self.letters & !self.hex;
        let hex = kind(LOWER_HEX, self.letters & self.hex & !self.upper)
            | kind(UPPER_HEX, self.letters & self.hex & self.upper);
        let kinds =
            kind(DIGIT, self.digits) | hex | kind(LOWER, others & !self.upper) | kind(UPPER, others & self.upper);
        let digits = (self.digits & word).count_ones() as usize;
        Word { text: self.segment.get(place).unwrap_or_default(), digits, kinds }
    }
}

/// So many bits, from the lowest on.
#[inline]
fn first_bits(count: usize) -> u64 {
    if count < 64 { (1 << count) - 1 } else { u64::MAX }
}

/// The bits at places.
#[inline]
fn bits(place: &Range<usize>) -> u64 {
    first_bits(place.end) & !first_bits(place.start)
}

/// How many characters hexadecimal digits have at least to be told from other words.
pub(super) const LEAST_HEX: usize = 7;

/// How long the first word of a UUID is.
pub(super) const FIRST_OF_UUID: usize = 8;

/// How long the UUID at the beginning is.
pub(super) fn uuid(bytes: &[u8]) -> Option<usize> {
    const LENGTH: usize = 36;
    let text: &[u8; LENGTH] = bytes.first_chunk()?;
    // Most of what is none shows it here.
    if [text[8], text[13], text[18], text[23]] != *b"----" {
        return None;
    }
    let fits = text.iter().enumerate().all(|(at, byte)| matches!(at, 8 | 13 | 18 | 23) || byte.is_ascii_hexdigit());
    (fits && !bytes.get(LENGTH).is_some_and(u8::is_ascii_alphanumeric)).then_some(LENGTH)
}

/// How long the date at the beginning is, with a time of day behind it: `2016-01-31`, `2016-01-31-00-00-00`,
/// `2016-01-31T10:00:00Z`.
pub(super) fn date(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize, count: usize| {
        bytes.get(from..from + count).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
    };
    let is = |at: usize, of: &[u8]| bytes.get(at).is_some_and(|byte| of.contains(byte));
    let ends = |at: usize| !bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    if !(digits(0, 4) && is(4, b"-_") && digits(5, 2) && is(7, b"-_") && digits(8, 2)) {
        return None;
    }
    let mut end = 10;
    if is(10, b"-T_ ") && digits(11, 2) {
        let mut clock = 13;
        while is(clock, b"-:.") && digits(clock + 1, 2) && clock < 19 {
            clock += 3;
        }
        let zone = clock + usize::from(is(clock, b"Z"));
        if ends(zone) {
            end = zone;
        }
    }
    ends(end).then_some(end)
}

/// `20160131`, `20160131T000000Z`.
fn compact_date(word: &[u8]) -> bool {
    if !matches!(word, [b'1', b'9', ..] | [b'2', b'0', ..]) || word.len() < 8 {
        return false;
    }
    let number = |from: usize, to: usize| {
        word.get(from..to)?
            .iter()
            .try_fold(0_u32, |all, digit| digit.is_ascii_digit().then(|| all * 10 + u32::from(digit - b'0')))
    };
    let is_day = || {
        Some(
            (1990..2100).contains(&number(0, 4)?)
                && (1..=12).contains(&number(4, 6)?)
                && (1..=31).contains(&number(6, 8)?),
        )
    };
    let is_clock = |word: &[u8]| {
        let digits = word.strip_prefix(b"T").map(|word| word.strip_suffix(b"Z").unwrap_or(word)).unwrap_or(word);
        digits.is_empty() || matches!(digits.len(), 4 | 6) && digits.iter().all(u8::is_ascii_digit)
    };
    is_day() == Some(true) && word.get(8..).is_some_and(is_clock)
}
