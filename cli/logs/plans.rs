//! What is to be done with ordinary lines, by what kind they are of: a line like one before costs its parsing.

use can_access_engine::replay::skim::Kind;
use rustc_hash::FxHashMap;

/// How many plans are kept. Hosts in request headers are for anybody to choose, so there could be any number.
const MOST: usize = 1 << 12;

/// Plans by what they are for.
pub(crate) struct Plans<P> {
    index: FxHashMap<Kind, usize>,
    plans: Vec<P>,
}

impl<P> Plans<P> {
    pub(crate) fn new() -> Self {
        Self { index: FxHashMap::default(), plans: Vec::new() }
    }

    /// Which plan is that for lines of a kind.
    pub(crate) fn find(&self, kind: &Kind) -> Option<usize> {
        self.index.get(kind).copied()
    }

    /// Notes the plan for lines of a kind.
    pub(crate) fn learn(&mut self, kind: Kind, plan: P) {
        if self.plans.len() >= MOST {
            self.clear();
        }
        self.index.insert(kind, self.plans.len());
        self.plans.push(plan);
    }

    /// Forgets all plans.
    pub(crate) fn clear(&mut self) {
        self.index.clear();
        self.plans.clear();
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut P> {
        self.plans.get_mut(at)
    }

    pub(crate) fn get(&self, at: usize) -> Option<&P> {
        self.plans.get(at)
    }
}
