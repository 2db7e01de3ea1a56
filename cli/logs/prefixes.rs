//! Prefixes that were asked for last, decoded: listings repeat.

use can_access_engine::replay::skimmed::Skimmed;
use rustc_hash::FxHasher;
use std::hash::Hasher as _;

/// How many prefixes are kept.
const KEPT: usize = 64;

/// Prefixes by how they are written, in logs of one format: another writes the same in another way.
#[derive(Default)]
pub(super) struct Prefixes {
    kept: Vec<(Vec<u8>, Option<String>)>,
}

impl Prefixes {
    /// The prefix that something ordinary asks for. `None` if it asks for none, or has to be read.
    #[inline]
    pub(super) fn decoded<'l>(&mut self, skim: &impl Skimmed<'l>) -> Option<&str> {
        let written = skim.written_prefix()?;
        if self.kept.is_empty() {
            self.kept.resize_with(KEPT, Default::default);
        }
        let mut hasher = FxHasher::default();
        hasher.write(written);
        let (known, prefix) = self.kept.get_mut(hasher.finish() as usize % KEPT)?;
        if known != written || written.is_empty() {
            known.clear();
            known.extend_from_slice(written);
            *prefix = skim.prefix().map(String::from);
        }
        prefix.as_deref()
    }
}
