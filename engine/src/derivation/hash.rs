//! A fast hash of names. What is hashed is never put out in its order.

use std::hash::{BuildHasherDefault, Hasher};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Builds [`Hash`]es.
pub(super) type FastHash = BuildHasherDefault<Hash>;

/// XXH3 of what is written, each piece seeded by those before.
#[derive(Debug, Default)]
pub(super) struct Hash(u64);

impl Hasher for Hash {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn write_u8(&mut self, byte: u8) {
        self.0 ^= u64::from(byte);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
