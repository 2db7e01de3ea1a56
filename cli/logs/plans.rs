//! What is to be done with ordinary lines, by all of them that repeats: a line like one before costs its parsing.

use can_access_engine::replay::skim::Skim;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use xxhash_rust::xxh3::xxh3_64;

/// How many plans are kept. Hosts in request headers are for anybody to choose, so there could be any number.
const MOST: usize = 1 << 12;

/// Plans by what they are for.
pub(crate) struct Plans<P> {
    index: HashMap<u64, usize, BuildHasherDefault<Itself>>,
    plans: Vec<(Vec<u8>, P)>,
    /// What the line at hand is recognised by.
    key: Vec<u8>,
    hash: u64,
}

/// A hash of what is a hash.
#[derive(Default)]
struct Itself(u64);

impl Hasher for Itself {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
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
        Self { index: HashMap::default(), plans: Vec::new(), key: Vec::new(), hash: 0 }
    }

    /// The plan for a line of a requester, given with as much of the name as counts. If there is none, the line is kept in
    /// mind for [`Plans::learn`].
    pub(crate) fn find(&mut self, skim: &Skim<'_>, requester: &[u8]) -> Known {
        self.key.clear();
        for part in [skim.owned_bucket, requester, skim.operation, skim.path, skim.answer, skim.tail] {
            self.key.extend_from_slice(part);
            self.key.push(b'\n');
        }
        self.key.push(u8::from(skim.has_key()) + 2 * u8::from(skim.has_prefix()));
        self.hash = xxh3_64(&self.key);
        let known =
            self.index.get(&self.hash).filter(|at| self.plans.get(**at).is_some_and(|(key, _)| *key == self.key));
        known.map_or(Known::New, |at| Known::Plan(*at))
    }

    /// Notes the plan for the line that was looked for last.
    pub(crate) fn learn(&mut self, plan: P) {
        if self.plans.len() >= MOST {
            self.clear();
        }
        self.index.insert(self.hash, self.plans.len());
        self.plans.push((self.key.clone(), plan));
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
