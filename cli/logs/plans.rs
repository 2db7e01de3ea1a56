//! What is to be done with ordinary lines, by what kind they are of: a line like one before costs its parsing.

use can_access_engine::replay::skim::Kind;
use rustc_hash::FxHashMap;

/// How many plans are kept. Hosts in request headers are for anybody to choose, so there could be any number.
const MOST: usize = 3 << 12;

/// How many places there are for plans that are found without a hash.
const RECENT: usize = 1 << RECENT_BITS;
const RECENT_BITS: u32 = 14;

/// Plans by what they are for.
pub(crate) struct Plans<P> {
    index: FxHashMap<Kind, usize>,
    plans: Vec<P>,
    /// The kind of the lines that each is for.
    kinds: Vec<Kind>,
    /// Where those are that were asked for last.
    recent: [u16; RECENT],
}

/// Where among those that were asked for last a kind may be.
#[inline(always)]
fn slot(kind: &Kind) -> usize {
    // Each number at bits of its own, as far as there are, so that none waits for another.
    let [a, b, c, d, e, f] = kind.map(|number| number as u64);
    let one = a ^ b.rotate_left(11) ^ c.rotate_left(22);
    let other = d.rotate_left(33) ^ e.rotate_left(44) ^ f.rotate_left(55);
    // Multiplied by an odd number, so that all bits count in the highest ones.
    ((one ^ other).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - RECENT_BITS)) as usize
}

/// Whether kinds are the same; all numbers are looked at, because most often they are.
#[inline(always)]
fn is_same(one: &Kind, other: &Kind) -> bool {
    one.iter().zip(other).fold(0, |different, (one, other)| different | (one ^ other)) == 0
}

impl<P> Plans<P> {
    pub(crate) fn new() -> Self {
        Self { index: FxHashMap::default(), plans: Vec::new(), kinds: Vec::new(), recent: [0; RECENT] }
    }

    /// Which plan is that for lines of a kind.
    #[inline(always)]
    pub(crate) fn find(&mut self, kind: &Kind) -> Option<usize> {
        let slot = slot(kind);
        let recent = usize::from(*self.recent.get(slot)?);
        match self.kinds.get(recent) {
            Some(known) if is_same(known, kind) => Some(recent),
            _ => self.look_up(slot, *kind),
        }
    }

    #[inline(never)]
    fn look_up(&mut self, slot: usize, kind: Kind) -> Option<usize> {
        let at = *self.index.get(&kind)?;
        // There are no more than that.
        *self.recent.get_mut(slot)? = u16::try_from(at).unwrap_or_default();
        Some(at)
    }

    /// Notes the plan for lines of a kind.
    pub(crate) fn learn(&mut self, kind: Kind, plan: P) {
        self.index.insert(kind, self.plans.len());
        self.plans.push(plan);
        self.kinds.push(kind);
    }

    /// Whether another plan is one too many.
    pub(crate) fn are_full(&self) -> bool {
        self.plans.len() >= MOST
    }

    /// Forgets all plans, and gives them.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = P> {
        self.index.clear();
        self.kinds.clear();
        self.plans.drain(..)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut P> {
        self.plans.get_mut(at)
    }

    #[inline]
    pub(crate) fn get(&self, at: usize) -> Option<&P> {
        self.plans.get(at)
    }
}
