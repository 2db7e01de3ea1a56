//! Pieces of lines that repeat from line to line, numbered: a piece that was seen before is told from others by its number.

use crate::lanes::equal;
use rustc_hash::FxHashMap;
use std::ops::Range;
use xxhash_rust::xxh3::xxh3_64;

/// How many pieces of one kind are kept in mind, and how many bytes. Clients choose some of them, so there could be any
/// number, of any length.
const MOST: usize = 1 << 12;
const ROOM: usize = 1 << 22;
/// How long a piece can be.
const LONGEST: usize = 1 << 15;

/// Pieces, each with what is known about it.
#[derive(Debug)]
pub(super) struct Pieces<K> {
    /// The places in `kept`, by the hash of their text.
    index: FxHashMap<u64, usize>,
    /// The texts one after another, so that none has to be given back by itself.
    texts: Vec<u8>,
    /// Where each text is, and what is known about it.
    kept: Vec<(Range<usize>, K)>,
    /// The number of the first of them.
    first: usize,
    /// The place of the one that was asked for last.
    last: usize,
    /// The places of those that were asked for last, by what is quickly told of their text.
    recent: [u16; RECENT],
}

/// How many pieces are found without a hash.
const RECENT: usize = 1 << RECENT_BITS;
const RECENT_BITS: u32 = 10;

/// Where among them a piece may be.
#[inline]
fn slot(text: &[u8]) -> usize {
    let ends = match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(28),
        _ => text.iter().fold(0, |ends, byte| ends << 8 | u64::from(*byte)),
    };
    // Multiplied by an odd number, so that all bytes count in the highest bits.
    (ends.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - RECENT_BITS)) as usize
}

impl<K> Default for Pieces<K> {
    fn default() -> Self {
        Self {
            index: FxHashMap::default(),
            texts: Vec::new(),
            kept: Vec::new(),
            first: 0,
            last: 0,
            recent: [0; RECENT],
        }
    }
}

impl<K> Pieces<K> {
    /// The number of a piece, which no other piece ever has, and what is known about it; `about` says that of a new one.
    /// `None` for what is too long to be kept.
    #[inline(always)]
    pub(super) fn find(&mut self, text: &[u8], about: impl FnOnce() -> K) -> Option<(usize, &mut K)> {
        let slot = slot(text);
        let recent = self.recent.get(slot).copied().unwrap_or_default().into();
        self.last = match self.at(recent) {
            Some(known) if equal(known, text) => recent,
            _ => self.look_up(slot, text, about)?,
        };
        Some((self.first + self.last, &mut self.kept.get_mut(self.last)?.1))
    }

    #[inline(never)]
    fn look_up(&mut self, slot: usize, text: &[u8], about: impl FnOnce() -> K) -> Option<usize> {
        if text.len() > LONGEST {
            return None;
        }
        let hash = xxh3_64(text);
        let is_it = |place: &usize| self.at(*place) == Some(text);
        let known = self.index.get(&hash).copied().filter(is_it);
        let place = known.unwrap_or_else(|| self.add(hash, text, about()));
        if let Some(recent) = self.recent.get_mut(slot) {
            // There are no more than that.
            *recent = u16::try_from(place).unwrap_or_default();
        }
        Some(place)
    }

    #[cold]
    fn add(&mut self, hash: u64, text: &[u8], about: K) -> usize {
        if self.kept.len() >= MOST || self.texts.len() + text.len() > ROOM {
            self.first += self.kept.len();
            self.kept.clear();
            self.texts.clear();
            self.index.clear();
        }
        let place = self.kept.len();
        let start = self.texts.len();
        self.texts.extend_from_slice(text);
        self.kept.push((start..self.texts.len(), about));
        self.index.insert(hash, place);
        place
    }

    /// The piece with a number, if it is kept.
    #[inline]
    pub(super) fn text(&self, number: usize) -> Option<&[u8]> {
        self.at(number.wrapping_sub(self.first))
    }

    /// The piece at a place.
    #[inline]
    fn at(&self, place: usize) -> Option<&[u8]> {
        let (text, _) = self.kept.get(place)?;
        self.texts.get(text.clone())
    }

    /// The piece that was asked for last, its number, and what is known about it.
    #[inline]
    pub(super) fn last(&self) -> Option<(usize, &[u8], &K)> {
        let (text, about) = self.kept.get(self.last)?;
        Some((self.first + self.last, self.texts.get(text.clone())?, about))
    }

    /// What is known about a piece.
    pub(super) fn about(&self, number: usize) -> Option<&K> {
        self.kept.get(number.wrapping_sub(self.first)).map(|(_, about)| about)
    }

    pub(super) fn about_mut(&mut self, number: usize) -> Option<&mut K> {
        self.kept.get_mut(number.wrapping_sub(self.first)).map(|(_, about)| about)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_has_a_bound_whatever_the_pieces_are() {
        let mut pieces: Pieces<()> = Pieces::default();
        for number in 0..1_000 {
            let text = format!("{number} {}", "x".repeat(LONGEST - 100));
            assert_eq!(pieces.find(text.as_bytes(), || ()).unwrap().0, number);
        }
        assert!(pieces.texts.capacity() <= 2 * ROOM);
        assert_eq!(pieces.find(&[b'x'; LONGEST + 1], || ()), None);
    }

    #[test]
    fn a_number_is_that_of_one_piece_for_ever() {
        let mut pieces: Pieces<()> = Pieces::default();
        let mut all = std::collections::HashMap::new();
        for round in 0..3 {
            for piece in 0..MOST + 10 {
                let text = format!("{}", piece * (round + 1));
                let number = pieces.find(text.as_bytes(), || ()).unwrap().0;
                assert_eq!(pieces.text(number), Some(text.as_bytes()));
                assert_eq!(all.entry(number).or_insert_with(|| text.clone()), &text);
                assert_eq!(pieces.last(), Some((number, text.as_bytes(), &())));
                assert_eq!(pieces.find(text.as_bytes(), || ()).unwrap().0, number);
            }
        }
    }
}
