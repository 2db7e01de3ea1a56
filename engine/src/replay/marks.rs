//! Where the characters that give lines their structure stand: found once for a whole block, many bytes at a time.

use std::ops::Range;
use wide::u8x16;

/// How many bytes one word of marks is about.
const WIDTH: usize = 64;

/// The marks of a block of a log.
///
/// ```
/// use can_access_engine::replay::marks::Marks;
///
/// let mut marks = Marks::new();
/// marks.read(b"one line\nanother");
/// assert_eq!(marks.lines().collect::<Vec<_>>(), [(0..8, true), (9..16, false)]);
/// ```
#[derive(Debug, Default)]
pub struct Marks {
    words: Vec<Word>,
    length: usize,
    is_ascii: bool,
}

/// A bit for each byte that is such a character.
#[derive(Debug, Default, Clone, Copy)]
struct Word {
    spaces: u64,
    quotes: u64,
    breaks: u64,
    /// `%` and `+`.
    escapes: u64,
}

impl Marks {
    /// No marks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Finds the marks of another block.
    pub fn read(&mut self, block: &[u8]) {
        self.words.clear();
        self.length = block.len();
        let mut foreign = 0;
        let (chunks, rest) = block.as_chunks::<WIDTH>();
        self.words.extend(chunks.iter().map(|chunk| Word::of(chunk, &mut foreign)));
        if !rest.is_empty() {
            let mut last = [0; WIDTH];
            last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            self.words.push(Word::of(&last, &mut foreign));
        }
        self.is_ascii = foreign == 0;
    }

    /// Where the lines are, without their line feeds, and whether they have one.
    pub fn lines(&self) -> impl Iterator<Item = (Range<usize>, bool)> {
        let mut at = 0;
        std::iter::from_fn(move || {
            if at >= self.length {
                return None;
            }
            let end = self.next(at, |word| word.breaks);
            let line = at..end.unwrap_or(self.length);
            at = line.end + 1;
            Some((line, end.is_some()))
        })
    }

    /// Whether all bytes are ASCII.
    pub(super) fn is_ascii(&self) -> bool {
        self.is_ascii
    }

    /// The first space from there on.
    pub(super) fn space(&self, from: usize) -> Option<usize> {
        self.next(from, |word| word.spaces)
    }

    /// The first quote from there on.
    pub(super) fn quote(&self, from: usize) -> Option<usize> {
        self.next(from, |word| word.quotes)
    }

    /// Whether there is a `%` or `+`.
    pub(super) fn has_escape(&self, range: Range<usize>) -> bool {
        self.next(range.start, |word| word.escapes).is_some_and(|at| at < range.end)
    }

    #[inline]
    fn next(&self, from: usize, marks: impl Fn(&Word) -> u64) -> Option<usize> {
        let mut words = self.words.get(from / WIDTH..)?.iter();
        let mut start = from & !(WIDTH - 1);
        let mut found = marks(words.next()?) & (u64::MAX << (from % WIDTH));
        while found == 0 {
            found = marks(words.next()?);
            start += WIDTH;
        }
        Some(start + found.trailing_zeros() as usize)
    }
}

impl Word {
    #[inline]
    fn of(bytes: &[u8; WIDTH], foreign: &mut u32) -> Self {
        let mut word = Self::default();
        for (at, lane) in bytes.as_chunks::<16>().0.iter().enumerate() {
            let lane = u8x16::new(*lane);
            let bits = |found: u8x16| u64::from(found.to_bitmask()) << (16 * at);
            let is = |character: u8| lane.simd_eq(u8x16::splat(character));
            word.spaces |= bits(is(b' '));
            word.quotes |= bits(is(b'"'));
            word.breaks |= bits(is(b'\n'));
            word.escapes |= bits(is(b'%') | is(b'+'));
            *foreign |= lane.to_bitmask();
        }
        word
    }
}
