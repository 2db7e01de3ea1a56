//! What is to be done with ordinary lines, by all of them that repeats: a line like one before costs its parsing.

use can_access_engine::replay::skim::Skim;
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::Hasher;

/// How many plans are kept. Hosts in request headers are for anybody to choose, so there could be any number.
const MOST: usize = 1 << 12;

/// Plans by what they are for.
pub(crate) struct Plans<P> {
    index: FxHashMap<u64, usize>,
    plans: Vec<(Key, P)>,
}

/// What a line is recognised by.
type Parts<'l> = [&'l [u8]; 7];

fn parts<'l>(skim: &Skim<'l>, requester: &'l [u8]) -> Parts<'l> {
    let kind: &[u8] = match (skim.has_key(), skim.has_prefix()) {
        (true, _) => b"k",
        (false, true) => b"p",
        (false, false) => b"",
    };
    [skim.owned_bucket, requester, skim.operation, skim.path, skim.answer, skim.tail, kind]
}

fn hash(parts: &Parts<'_>) -> u64 {
    let mut hasher = FxHasher::default();
    parts.iter().for_each(|part| hasher.write(part));
    hasher.finish()
}

/// Parts that were seen before.
struct Key {
    bytes: Vec<u8>,
    /// Where each part ends.
    ends: [usize; 7],
}

impl Key {
    fn new(parts: &Parts<'_>) -> Self {
        let mut end = 0;
        let ends = parts.map(|part| {
            end += part.len();
            end
        });
        Self { bytes: parts.concat(), ends }
    }

    fn is(&self, parts: &Parts<'_>) -> bool {
        let mut start = 0;
        self.ends.iter().zip(parts).all(|(end, part)| {
            let own = self.bytes.get(start..*end);
            start = *end;
            own == Some(*part)
        })
    }
}

/// What is known about a line.
pub(crate) enum Known {
    /// There is a plan, this one.
    Plan(usize),
    /// Nothing yet.
    New,
}

impl<P> Plans<P> {
    pub(crate) fn new() -> Self {
        Self { index: FxHashMap::default(), plans: Vec::new() }
    }

    /// The plan for a line of a requester, given with as much of the name as counts.
    pub(crate) fn find(&self, skim: &Skim<'_>, requester: &[u8]) -> Known {
        let parts = parts(skim, requester);
        let hash = hash(&parts);
        let is_it = |at: &&usize| self.plans.get(**at).is_some_and(|(key, _)| key.is(&parts));
        self.index.get(&hash).filter(is_it).map_or(Known::New, |at| Known::Plan(*at))
    }

    /// Notes the plan for lines like this one of a requester.
    pub(crate) fn learn(&mut self, skim: &Skim<'_>, requester: &[u8], plan: P) {
        if self.plans.len() >= MOST {
            self.clear();
        }
        let parts = parts(skim, requester);
        self.index.insert(hash(&parts), self.plans.len());
        self.plans.push((Key::new(&parts), plan));
    }

    /// Forgets all plans.
    pub(crate) fn clear(&mut self) {
        self.index.clear();
        self.plans.clear();
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut P> {
        self.plans.get_mut(at).map(|(_, plan)| plan)
    }

    pub(crate) fn get(&self, at: usize) -> Option<&P> {
        self.plans.get(at).map(|(_, plan)| plan)
    }
}
