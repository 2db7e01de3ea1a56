//! What is to be done with ordinary lines, by what kind they are of: a line like one before costs its parsing.

use can_access_engine::replay::skim::Kind;
use rustc_hash::FxHashMap;

/// How many plans are kept. Hosts in request headers are for anybody to choose, so there could be any number.
const MOST: usize = 1 << 12;

/// How many plans are found without a hash.
const RECENT: usize = 1 << RECENT_BITS;
const RECENT_BITS: u32 = 9;

/// Plans by what they are for.
pub(crate) struct Plans<P> {
    index: FxHashMap<Kind, usize>,
    plans: Vec<P>,
    /// Those that were asked for last, with the kinds of their lines.
    recent: [Option<(Kind, usize)>; RECENT],
}

/// Where among those that were asked for last a kind may be.
#[inline(always)]
fn slot(kind: &Kind) -> usize {
    let sum = kind.iter().fold(0, |sum: usize, number| sum.wrapping_mul(31).wrapping_add(*number));
    // Multiplied by an odd number, so that all bits count in the highest ones.
    ((sum as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - RECENT_BITS)) as usize
}

/// Whether kinds are the same; all numbers are looked at, because most often they are.
#[inline(always)]
fn is_same(one: &Kind, other: &Kind) -> bool {
    one.iter().zip(other).fold(0, |different, (one, other)| different | (one ^ other)) == 0
}

impl<P> Plans<P> {
    pub(crate) fn new() -> Self {
        Self { index: FxHashMap::default(), plans: Vec::new(), recent: [None; RECENT] }
    }

    /// Which plan is that for lines of a kind.
    #[inline(always)]
    pub(crate) fn find(&mut self, kind: &Kind) -> Option<usize> {
        let slot = slot(kind);
        match self.recent.get(slot)? {
            Some((known, at)) if is_same(known, kind) => Some(*at),
            _ => self.look_up(slot, *kind),
        }
    }

    #[inline(never)]
    fn look_up(&mut self, slot: usize, kind: Kind) -> Option<usize> {
        let at = *self.index.get(&kind)?;
        *self.recent.get_mut(slot)? = Some((kind, at));
        Some(at)
    }

    /// Notes the plan for lines of a kind.
    pub(crate) fn learn(&mut self, kind: Kind, plan: P) {
        self.index.insert(kind, self.plans.len());
        self.plans.push(plan);
    }

    /// Whether another plan is one too many.
    pub(crate) fn are_full(&self) -> bool {
        self.plans.len() >= MOST
    }

    /// Forgets all plans, and gives them.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = P> {
        self.index.clear();
        self.recent = [None; RECENT];
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
