//! Looking at many bytes at a time.

use wide::i8x32;

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
const LOOK: usize = 2 * WIDTH;

/// A bit for each byte whose highest bit `found` sets.
#[inline(always)]
fn marks(chunk: &[u8; LOOK], found: impl Fn(i8x32) -> i8x32) -> u32 {
    found(i8x32::new(chunk.map(u8::cast_signed))).to_bitmask()
}

/// Whether a text begins with another; compared many bytes at a time.
#[inline]
pub(crate) fn begins(text: &[u8], with: &[u8]) -> bool {
    text.get(..with.len()).is_some_and(|text| equal(text, with))
}

/// Whether texts are equal; short ones are compared in two steps, of which the second perhaps repeats bytes.
#[inline]
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
            }
            let shorter = text.get(..length.saturating_sub(1)).unwrap();
            assert_eq!(begins(shorter, beginning), length == 0);
        }
    }
}
