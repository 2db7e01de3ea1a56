//! Pieces of lines that repeat from line to line, numbered: a piece that was seen before is told from others by its number.

use super::lanes::equal;
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_64;

/// How many pieces of one kind are kept in mind. Clients choose some of them, so there could be any number.
const MOST: usize = 1 << 12;

/// Pieces, each with what is known about it.
#[derive(Debug)]
pub(super) struct Pieces<K> {
    /// The numbers of those that are kept, from the first one on, by the hash of their text.
    index: FxHashMap<u64, usize>,
    kept: Vec<(Box<[u8]>, K)>,
    first: usize,
    last: usize,
    /// Those that were asked for last, by what is quickly told of their text.
    recent: [usize; RECENT],
}

/// How many pieces are found without a hash.
const RECENT: usize = 64;

/// Where among them a piece may be.
#[inline]
fn slot(text: &[u8]) -> usize {
    let byte = |at: usize| usize::from(text.get(at).copied().unwrap_or_default());
    let length = text.len();
    (length ^ byte(length / 2) ^ (byte(length.wrapping_sub(1)) << 1) ^ (byte(length.wrapping_sub(2)) << 3)) % RECENT
}

impl<K> Default for Pieces<K> {
    fn default() -> Self {
        Self { index: FxHashMap::default(), kept: Vec::new(), first: 0, last: 0, recent: [0; RECENT] }
    }
}

impl<K> Pieces<K> {
    /// The number of a piece, which no other piece ever has. `about` says what is known about a new one.
    #[inline]
    pub(super) fn number(&mut self, text: &[u8], about: impl FnOnce() -> K) -> usize {
        let slot = slot(text);
        let recent = self.recent.get(slot).copied().unwrap_or_default();
        let is_it = |known: &[u8]| equal(known, text);
        self.last = if self.text(recent).is_some_and(is_it) {
            recent
        } else {
            let hash = xxh3_64(text);
            let known = self.index.get(&hash).copied().filter(|number| self.text(*number).is_some_and(is_it));
            let number = known.unwrap_or_else(|| self.add(hash, text, about()));
            if let Some(recent) = self.recent.get_mut(slot) {
                *recent = number;
            }
            number
        };
        self.last
    }

    #[cold]
    fn add(&mut self, hash: u64, text: &[u8], about: K) -> usize {
        if self.kept.len() >= MOST {
            self.first += self.kept.len();
            self.kept.clear();
            self.index.clear();
        }
        let number = self.first + self.kept.len();
        self.kept.push((text.into(), about));
        self.index.insert(hash, number);
        number
    }

    fn at(&self, number: usize) -> Option<usize> {
        number.checked_sub(self.first)
    }

    /// The piece with a number, if it is kept.
    #[inline]
    pub(super) fn text(&self, number: usize) -> Option<&[u8]> {
        self.kept.get(self.at(number)?).map(|(text, _)| &**text)
    }

    /// The piece that was asked for last.
    #[inline]
    pub(super) fn last(&self) -> Option<(usize, &[u8])> {
        Some((self.last, self.text(self.last)?))
    }

    /// What is known about a piece.
    pub(super) fn about(&self, number: usize) -> Option<&K> {
        self.kept.get(self.at(number)?).map(|(_, about)| about)
    }

    pub(super) fn about_mut(&mut self, number: usize) -> Option<&mut K> {
        let at = self.at(number)?;
        self.kept.get_mut(at).map(|(_, about)| about)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_that_of_one_piece_for_ever() {
        let mut pieces: Pieces<()> = Pieces::default();
        let mut all = std::collections::HashMap::new();
        for round in 0..3 {
            for piece in 0..MOST + 10 {
                let text = format!("{}", piece * (round + 1));
                let number = pieces.number(text.as_bytes(), || ());
                assert_eq!(pieces.text(number), Some(text.as_bytes()));
                assert_eq!(all.entry(number).or_insert_with(|| text.clone()), &text);
                assert_eq!(pieces.number(text.as_bytes(), || ()), number);
            }
        }
    }
}
