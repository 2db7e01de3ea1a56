//! Looking at many bytes at a time.

use std::ops::{BitAnd, BitXor};
use wide::{i8x16, i8x32};

/// How many bytes are compared together.
pub(crate) const WIDTH: usize = 16;

/// Where the bytes are that are a character of ASCII.
#[inline]
pub(crate) fn is(lane: i8x32, character: u8) -> i8x32 {
    lane.simd_eq(i8x32::splat(character.cast_signed()))
}

/// Where the bytes are that are no printable ASCII: spaces, control characters but for the last, and, as negative numbers,
/// what is beyond ASCII.
#[inline]
pub(crate) fn unprintable(lane: i8x32) -> i8x32 {
    before(lane, b'!')
}

/// Where the bytes are that are before that character, or beyond ASCII.
#[inline(always)]
pub(crate) fn before(lane: i8x32, character: u8) -> i8x32 {
    i8x32::splat(character.cast_signed()).simd_gt(lane)
}

/// Where the bytes are from one character of ASCII to another.
#[inline(always)]
pub(crate) fn between(lane: i8x32, first: u8, last: u8) -> i8x32 {
    lane.simd_gt(i8x32::splat(first.cast_signed() - 1)) & before(lane, last + 1)
}

/// Whether any byte of a text of at least [`WIDTH`] bytes is before that character, or beyond ASCII.
#[inline(always)]
pub(crate) fn any_before<const LENGTH: usize>(text: &[u8; LENGTH], character: u8) -> bool {
    let before =
        |chunk: &[u8; WIDTH]| i8x16::splat(character.cast_signed()).simd_gt(i8x16::new(chunk.map(u8::cast_signed)));
    let mut found = i8x16::splat(0);
    for chunk in text.as_chunks().0 {
        found |= before(chunk);
    }
    // The last bytes are perhaps looked at twice.
    text.last_chunk().is_none_or(|last| (found | before(last)).any())
}

/// Where the bytes are that end or interrupt a string of JSON: quotes, backslashes and control characters.
#[inline]
pub(crate) fn ends_string(lane: i8x32) -> i8x32 {
    let control = unprintable(lane) & lane.simd_gt(i8x32::splat(-1)) & !is(lane, b' ');
    is(lane, b'"') | is(lane, b'\\') | control
}

/// Where the first byte is whose highest bit `found` sets. `None` if there is none, or if so little is left behind it that
/// it was not looked at.
#[inline(always)]
pub(crate) fn first(bytes: &[u8], found: impl Fn(i8x32) -> i8x32) -> Option<usize> {
    let (chunk, rest) = bytes.split_first_chunk()?;
    let bits = marks(chunk, &found);
    if bits != 0 {
        return Some(bits.trailing_zeros() as usize);
    }
    further(rest, found).map(|at| LOOK + at)
}

/// The same, where it is not to be expected soon.
#[inline]
fn further(bytes: &[u8], found: impl Fn(i8x32) -> i8x32) -> Option<usize> {
    for (number, chunk) in bytes.as_chunks().0.iter().enumerate() {
        let bits = marks(chunk, &found);
        if bits != 0 {
            return Some(number * LOOK + bits.trailing_zeros() as usize);
        }
    }
    None
}

/// How many bytes are looked at together.
pub(crate) const LOOK: usize = 2 * WIDTH;

/// A bit for each byte whose highest bit `found` sets.
#[inline(always)]
pub(crate) fn marks(chunk: &[u8; LOOK], found: impl Fn(i8x32) -> i8x32) -> u32 {
    found(i8x32::new(chunk.map(u8::cast_signed))).to_bitmask()
}

/// Whether texts begin alike, for so many bytes; up to 63 are compared in the same steps where as many follow.
#[inline(always)]
pub(crate) fn begin_alike(one: &[u8], other: &[u8], length: usize) -> bool {
    if length < 2 * LOOK
        && let ([one, one_more, ..], [other, other_more, ..]) = (one.as_chunks().0, other.as_chunks().0)
    {
        let bits = u64::from(alike(one, other)) | u64::from(alike(one_more, other_more)) << LOOK;
        let wanted = (1 << length) - 1;
        return bits & wanted == wanted;
    }
    let start = one.get(..length);
    start.is_some() && start == other.get(..length)
}

/// Whether a text begins with another; compared many bytes at a time.
#[inline]
pub(crate) fn begins(text: &[u8], with: &[u8]) -> bool {
    text.get(..with.len()).is_some_and(|text| equal(text, with))
}

/// A bit for each byte that is the same in both.
#[inline(always)]
fn alike(one: &[u8; LOOK], other: &[u8; LOOK]) -> u32 {
    let lane = |chunk: &[u8; LOOK]| i8x32::new(chunk.map(u8::cast_signed));
    lane(one).simd_eq(lane(other)).to_bitmask()
}

/// Whether texts are equal; short ones are compared in two steps, of which the second perhaps repeats bytes.
#[inline(always)]
pub(crate) fn equal(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && match one.len() {
            4..8 => ends_equal::<4>(one, other),
            8..16 => ends_equal::<8>(one, other),
            16..=32 => ends_equal::<16>(one, other),
            _ => one == other,
        }
}

/// Whether so many bytes are equal, the first and the last ones.
#[inline]
fn ends_equal<const N: usize>(one: &[u8], other: &[u8]) -> bool {
    one.first_chunk::<N>() == other.first_chunk::<N>() && one.last_chunk::<N>() == other.last_chunk::<N>()
}

/// The first and the last bytes of a text.
#[inline]
fn ends(text: &[u8]) -> Option<(i8x16, i8x16)> {
    let lane = |chunk: &[u8; WIDTH]| i8x16::new(chunk.map(u8::cast_signed));
    text.first_chunk().map(lane).zip(text.last_chunk().map(lane))
}

/// Whether a text is ASCII; a short one is looked at in the same steps however long it is.
#[inline]
pub(crate) fn is_ascii(text: &[u8]) -> bool {
    if !(WIDTH..=4 * WIDTH).contains(&text.len()) {
        return text.is_ascii();
    }
    let half = text.len().div_ceil(2).max(WIDTH);
    let halves = [text.get(..half), text.get(text.len() - half..)];
    let bits = halves.map(|half| half.and_then(ends).map_or(i8x16::splat(-1), |(first, last)| first | last));
    let [first, last] = bits;
    (first | last).to_bitmask() == 0
}

/// A bit for each byte that is a character of ASCII.
#[inline]
pub(crate) fn bits(chunk: &[u8; WIDTH], character: u8) -> u32 {
    i8x16::new(chunk.map(u8::cast_signed)).simd_eq(i8x16::splat(character.cast_signed())).to_bitmask()
}

/// Which bits count of as many bytes as a number has, and what they have to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mask<Bytes> {
    pub(crate) counting: Bytes,
    pub(crate) wanted: Bytes,
}

impl<Bytes: BitAnd<Output = Bytes> + BitXor<Output = Bytes> + Copy> Mask<Bytes> {
    /// The bits that are not as they have to be.
    #[inline]
    pub(crate) fn different(&self, bytes: Bytes) -> Bytes {
        (bytes ^ self.wanted) & self.counting
    }
}

/// All bits, for each byte of a text.
pub(crate) fn marks_all(text: &[u8]) -> Vec<u8> {
    vec![u8::MAX; text.len()]
}

/// The first bytes of a text; zeros stand behind a shorter one.
#[inline]
pub(crate) fn first_bytes(text: &[u8]) -> u64 {
    match text.first_chunk() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => text.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_begin_with_their_beginnings() {
        let text: Vec<u8> = (b' '..b'~').collect();
        for length in 0..=text.len() {
            let beginning = text.get(..length).unwrap();
            assert!(begins(&text, beginning));
            for at in 0..length {
                let mut other = beginning.to_vec();
                *other.get_mut(at).unwrap() ^= 1;
                assert!(!begins(&text, &other), "{length} {at}");
                *other.get_mut(at).unwrap() |= 0x80;
                assert!(!is_ascii(&other), "{length} {at}");
            }
            for behind in 0..70 {
                let rest = |filled: u8| [beginning, &vec![filled; behind]].concat();
                assert!(begin_alike(&rest(b'a'), &rest(b'b'), length), "{length} {behind}");
                for at in 0..length {
                    let mut other = rest(b'a');
                    *other.get_mut(at).unwrap() ^= 1;
                    assert!(!begin_alike(&other, &rest(b'a'), length), "{length} {behind} {at}");
                }
                assert!(!begin_alike(beginning, &rest(b'a'), length + 1));
                assert!(!begin_alike(&rest(b'a'), beginning, length + 1));
            }
            let shorter = text.get(..length.saturating_sub(1)).unwrap();
            assert_eq!(begins(shorter, beginning), length == 0);
            assert_eq!(equal(&text, beginning), length == text.len());
            assert!(is_ascii(beginning));
        }
    }
}
