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

/// Where the first byte is that is before that character, or beyond ASCII, where it is to be expected at once.
#[inline(always)]
pub(crate) fn first_soon(bytes: &[u8], character: u8) -> Option<usize> {
    let chunk: &[u8; WIDTH] = bytes.first_chunk()?;
    let bits = i8x16::splat(character.cast_signed()).simd_gt(i8x16::new(chunk.map(u8::cast_signed))).to_bitmask();
    if bits != 0 {
        return Some(bits.trailing_zeros() as usize);
    }
    first(bytes, |lane| before(lane, character))
}

/// How many bytes are looked at together.
pub(crate) const LOOK: usize = 2 * WIDTH;

/// A bit for each byte whose highest bit `found` sets.
#[inline(always)]
pub(crate) fn marks(chunk: &[u8; LOOK], found: impl Fn(i8x32) -> i8x32) -> u32 {
    found(i8x32::new(chunk.map(u8::cast_signed))).to_bitmask()
}

/// Whether a text begins with another; compared many bytes at a time.
#[inline]
pub(crate) fn begins(text: &[u8], with: &[u8]) -> bool {
    text.get(..with.len()).is_some_and(|text| equal(text, with))
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

/// Whether texts are equal; ones of 16 to 64 bytes are compared in the same steps however long they are.
#[inline(always)]
pub(crate) fn equal_names(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    match (quarters(one), quarters(other)) {
        (Some([a, b, c, d]), Some([e, f, g, h])) => (a.simd_eq(e) & b.simd_eq(f) & c.simd_eq(g) & d.simd_eq(h)).all(),
        _ => one == other,
    }
}

/// Whether so many bytes are equal, the first and the last ones.
#[inline]
fn ends_equal<const N: usize>(one: &[u8], other: &[u8]) -> bool {
    one.first_chunk::<N>() == other.first_chunk::<N>() && one.last_chunk::<N>() == other.last_chunk::<N>()
}

/// The first and the last bytes of a text.
#[inline(always)]
fn ends(text: &[u8]) -> Option<(i8x16, i8x16)> {
    let lane = |chunk: &[u8; WIDTH]| i8x16::new(chunk.map(u8::cast_signed));
    text.first_chunk().map(lane).zip(text.last_chunk().map(lane))
}

/// All bytes of a text of 16 to 64 bytes, some of them perhaps twice; `None` for any other text.
#[inline(always)]
fn quarters(text: &[u8]) -> Option<[i8x16; 4]> {
    if text.len() > 4 * WIDTH {
        return None;
    }
    let half = text.len().div_ceil(2).max(WIDTH);
    let (a, b) = ends(text.get(..half)?)?;
    let (c, d) = ends(text.get(text.len().checked_sub(half)?..)?)?;
    Some([a, b, c, d])
}

/// Whether a text is ASCII; a short one is looked at in the same steps however long it is.
#[inline]
pub(crate) fn is_ascii(text: &[u8]) -> bool {
    quarters(text).map_or_else(|| text.is_ascii(), |[a, b, c, d]| (a | b | c | d).to_bitmask() == 0)
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
                assert!(!equal_names(beginning, &other), "{length} {at}");
                *other.get_mut(at).unwrap() |= 0x80;
                assert!(!is_ascii(&other), "{length} {at}");
            }
            let shorter = text.get(..length.saturating_sub(1)).unwrap();
            assert_eq!(begins(shorter, beginning), length == 0);
            assert_eq!(equal(&text, beginning), length == text.len());
            assert_eq!(equal_names(&text, beginning), length == text.len());
            let (copy, longer) = (beginning.to_vec(), [beginning, b"x"].concat());
            assert!(equal_names(beginning, &copy) && !equal_names(beginning, &longer));
            assert!(is_ascii(beginning));
        }
    }
}
