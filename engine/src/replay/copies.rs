//! The two halves of copies: S3 logs the reading of the source and the writing of the destination as rows of their own,
//! and says in the second only whether it went well. They share their host id.

use super::access_log::{JsonRow, Line, Rest, Row};
use super::tally::Place;
use super::{Class, Observation, observe};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_64;

/// How many copies are kept in mind. Of more, those with the smallest hashes of their ids are: the same in any order.
const MOST: usize = 1 << 10;
/// How many lines of a source are kept: a log that is delivered twice has them twice.
const SOURCES: usize = 4;

/// Halves of copies, to be put together when all are known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copies(BTreeMap<u64, Halves>);

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Halves {
    /// Whether the destination was written.
    done: bool,
    /// The lines of the source, with their places.
    #[serde(with = "super::pairs")]
    sources: BTreeMap<Place, String>,
}

impl Halves {
    /// Keeps the first of its sources.
    fn add(&mut self, place: Place, line: String) {
        self.sources.insert(place, line);
        if self.sources.len() > SOURCES {
            self.sources.pop_last();
        }
    }
}

impl Copies {
    /// Keeps a row in mind if it is a half of a copy.
    pub fn note(&mut self, row: &Row<'_>, class: Class, line: &[u8], place: Place) {
        let Some(half) = row.operation.strip_prefix("REST.COPY.") else { return };
        let Rest::Whole(answer) = &row.rest else { return };
        let Some(id) = answer.tail.host_id.filter(|id| *id != "-") else { return };
        let is_source = half.ends_with("_GET") && answer.status.is_none();
        let is_done = !half.ends_with("_GET") && class == Class::Allowed;
        if !is_source && !is_done {
            return;
        }
        let hash = xxh3_64(format!("{id} {}", row.requester).as_bytes());
        if self.0.len() >= MOST && self.0.last_key_value().is_some_and(|(last, _)| hash > *last) {
            return;
        }
        let halves = self.0.entry(hash).or_default();
        halves.done |= is_done;
        if is_source && let Ok(line) = std::str::from_utf8(line) {
            halves.add(place, line.to_owned());
        }
        self.cut();
    }

    fn cut(&mut self) {
        while self.0.len() > MOST {
            self.0.pop_last();
        }
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: Self) {
        for (hash, halves) in other.0 {
            let own = self.0.entry(hash).or_default();
            own.done |= halves.done;
            halves.sources.into_iter().for_each(|(place, line)| own.add(place, line));
        }
        self.cut();
    }

    /// Changes every place, as when lines or files are numbered anew.
    pub fn renumber(&mut self, to: &impl Fn(Place) -> Place) {
        for halves in self.0.values_mut() {
            halves.sources = std::mem::take(&mut halves.sources).into_iter().map(|(at, line)| (to(at), line)).collect();
        }
    }

    /// Goes through the sources whose destination was written: they were allowed to be read.
    pub fn each_allowed(&self, mut each: impl FnMut(Place, &Row<'_>, &Observation<'_>)) {
        let mut tell = |place: Place, row: &Row<'_>| {
            if let Some(observation) = observe_source(row) {
                each(place, row, &observation);
            }
        };
        for (place, line) in self.0.values().filter(|halves| halves.done).flat_map(|halves| &halves.sources) {
            if let Some(json) = JsonRow::read(line.as_bytes()) {
                _ = json.line().map(|row| tell(*place, &row));
            } else if let Line::Row(row) = Line::read(line.as_bytes(), true) {
                tell(*place, &row);
            }
        }
    }
}

/// What the row of a source tells, given that its destination was written. `None` if it is about nothing.
fn observe_source<'l>(row: &Row<'l>) -> Option<Observation<'l>> {
    let mut observation = observe(row);
    let reads = observation.class == Class::NoEvidence && observation.key.is_some();
    observation.class = Class::Allowed;
    (reads && observation.needs.is_some_and(|needs| !needs.actions.is_empty())).then_some(observation)
}
