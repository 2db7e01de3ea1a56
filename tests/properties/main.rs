//! Properties: laws that hold for all texts, patterns, policies and requests, each tried on many.
//!
//! `PROPTEST_CASES` sets on how many.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod asked;
mod decisions;
mod derivations;
mod events;
mod expansions;
#[path = "../generator/mod.rs"]
mod generator;
mod kinds;
mod logs;
mod published;
mod reference;
mod strategies;
mod texts;

use proptest::prelude::ProptestConfig;

/// So many cases, unless the environment says otherwise.
fn cases(cases: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(cases);
    ProptestConfig { cases, max_shrink_iters: 20_000, failure_persistence: None, ..ProptestConfig::default() }
}
