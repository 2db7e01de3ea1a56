//! Where the characters stand that give lines their structure (spaces, quotes, line feeds): found once for a whole block,
//! many bytes at a time.

use std::ops::Range;
use wide::u8x16;

/// How many bytes are looked at together.
const WIDTH: usize = 64;

/// The marks of a block of a log.
///
/// ```
/// use can_access_engine::replay::marks::Marks;
///
/// let block = b"one line\nanother";
/// let mut marks = Marks::new();
/// marks.read(block);
/// let lines: Vec<_> = marks.lines(block).map(|line| (line.range, line.is_terminated)).collect();
/// assert_eq!(lines, [(0..8, true), (9..16, false)]);
/// ```
#[derive(Debug, Default)]
pub struct Marks {
    /// Where they are, in order; what lies behind `count` is left from another block.
    positions: Vec<usize>,
    count: usize,
    is_ascii: bool,
}

/// A line of a block, with its marks.
#[derive(Debug, Clone)]
pub struct Marked<'m> {
    /// Where the line is, without its line feed.
    pub range: Range<usize>,
    /// Whether it has one.
    pub is_terminated: bool,
    /// Where its spaces and quotes are.
    pub(super) marks: &'m [usize],
    /// Whether all bytes of the block are ASCII.
    pub(super) is_ascii: bool,
}

impl Marks {
    /// No marks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Finds the marks of another block.
    pub fn read(&mut self, block: &[u8]) {
        self.count = 0;
        let mut foreign = 0;
        let (chunks, rest) = block.as_chunks::<WIDTH>();
        for (number, chunk) in chunks.iter().enumerate() {
            self.push(number * WIDTH, marks(chunk, &mut foreign));
        }
        let mut last = [0; WIDTH];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.push(chunks.len() * WIDTH, marks(&last, &mut foreign));
        self.is_ascii = foreign == 0;
    }

    /// Adds a mark for each bit.
    #[inline]
    fn push(&mut self, start: usize, mut bits: u64) {
        let added = bits.count_ones() as usize;
        if self.positions.len() < self.count + WIDTH {
            self.positions.resize((self.count + WIDTH) * 2, 0);
        }
        // Eight at a time, whether there are so many or not: that is faster than to look.
        let (room, _) = self.positions.get_mut(self.count..).unwrap_or_default().as_chunks_mut::<8>();
        for eight in room.iter_mut().take(added.div_ceil(8)) {
            for position in eight {
                *position = start + bits.trailing_zeros() as usize;
                bits &= bits.wrapping_sub(1);
            }
        }
        self.count += added;
    }

    /// The lines of the block that was read last.
    pub fn lines<'m>(&'m self, block: &'m [u8]) -> impl Iterator<Item = Marked<'m>> {
        let mut marks = self.positions.get(..self.count).unwrap_or_default();
        let mut start = 0;
        std::iter::from_fn(move || {
            if start >= block.len() {
                return None;
            }
            let feed = marks.iter().position(|at| block.get(*at) == Some(&b'\n'));
            let (own, rest) = marks.split_at(feed.unwrap_or(marks.len()));
            let end = rest.first().copied().unwrap_or(block.len());
            marks = rest.get(1..).unwrap_or_default();
            let range = start..end;
            start = end + 1;
            Some(Marked { range, is_terminated: feed.is_some(), marks: own, is_ascii: self.is_ascii })
        })
    }
}

/// A bit for each mark. Bits of bytes that are no ASCII are added to `foreign`.
#[inline]
fn marks(bytes: &[u8; WIDTH], foreign: &mut u32) -> u64 {
    let mut marks = 0;
    for (number, lane) in bytes.as_chunks::<16>().0.iter().enumerate() {
        let lane = u8x16::new(*lane);
        let is = |character: u8| lane.simd_eq(u8x16::splat(character));
        let found = is(b' ') | is(b'"') | is(b'\n');
        marks |= u64::from(found.to_bitmask()) << (16 * number);
        *foreign |= lane.to_bitmask();
    }
    marks
}
