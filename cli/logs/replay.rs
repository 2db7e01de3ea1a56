//! Replaying logs: every line is observed, and what the policies would have said to it is counted.

use super::blocks::{Block, Blocks};
use crate::Failure;
use can_access_engine::replay::access_log::Line;
use can_access_engine::replay::judge::{Around, Judge, Verdict};
use can_access_engine::replay::operation::Needs;
use can_access_engine::replay::tally::{Counts, Example, Segments, Tally};
use can_access_engine::replay::{Class, Observation, observe};
use can_access_engine::statement::StatementId;
use rayon::prelude::*;
use std::collections::HashMap;

/// How many blocks are read before they are gone through together.
const TOGETHER: usize = 8;

/// What single decisions look like, if they are wanted.
pub(crate) type Each = Vec<u8>;

/// Writes the record of an observation at a place, with its verdict.
pub(crate) type Record<'r> = dyn Fn(&mut Each, (usize, u64), &Observation<'_>, &Verdict) + Sync + 'r;

/// Replays the logs. `each` turns an observation with its verdict into a record; `write` takes the records in the order of
/// the lines, and `seen` learns how many bytes were gone through. Files that break off are told of beside the counts.
pub(crate) fn replay(
    files: &[String],
    judge: &Judge,
    baseline: Option<&Judge>,
    each: Option<&Record<'_>>,
    mut write: impl FnMut(&Each) -> Result<(), Failure>,
    mut seen: impl FnMut(usize),
) -> Result<(Tally, Vec<Failure>), Failure> {
    let mut blocks = Blocks::new(files);
    let mut tally = Tally::default();
    loop {
        let mut together = Vec::new();
        while together.len() < TOGETHER {
            match blocks.next()? {
                Some(block) => together.push(block),
                None => break,
            }
        }
        if together.is_empty() {
            return Ok((tally, blocks.broken));
        }
        let parts: Vec<(Tally, Each)> =
            together.par_iter().map(|block| Part::new(judge, baseline, each).count(block)).collect();
        for (part, records) in parts {
            tally.merge(part);
            write(&records)?;
        }
        seen(together.iter().map(Block::size).sum());
    }
}

/// The counting of one block.
struct Part<'j> {
    judge: &'j Judge,
    baseline: Option<&'j Judge>,
    each: Option<&'j Record<'j>>,
    /// What surrounds requests, by requester and bucket, and which of `around` it is.
    known: HashMap<String, HashMap<String, usize>>,
    around: Vec<(Around, Option<Around>)>,
    /// The requests by what surrounds them and by what they need.
    requests: HashMap<(usize, usize), (&'static Needs, Segments)>,
    tally: Tally,
    records: Each,
}

impl<'j> Part<'j> {
    fn new(judge: &'j Judge, baseline: Option<&'j Judge>, each: Option<&'j Record<'j>>) -> Self {
        Self {
            judge,
            baseline,
            each,
            known: HashMap::new(),
            around: Vec::new(),
            requests: HashMap::new(),
            tally: Tally::default(),
            records: Vec::new(),
        }
    }

    fn count(mut self, block: &Block) -> (Tally, Each) {
        for (number, line, terminated) in block.lines() {
            let place = (block.file, number);
            let row = match Line::read(line, terminated) {
                Line::Blank => {
                    self.tally.line(Class::Blank, place);
                    continue;
                }
                Line::Malformed(damage) => {
                    self.tally.malformed(damage, place);
                    continue;
                }
                Line::Row(row) => row,
            };
            let observation = observe(&row);
            self.tally.line(observation.class, place);
            match observation.class {
                Class::Unmapped => Tally::name(&mut self.tally.unmapped, row.operation, 1),
                Class::Allowed | Class::Refused => self.ask(place, row.requester, &observation),
                _ => {}
            }
        }
        let buckets = self.known.values().flatten().map(|(bucket, at)| (*at, bucket.as_str()));
        let buckets: HashMap<usize, &str> = buckets.collect();
        for ((at, _), (needs, segments)) in self.requests {
            let (Some((around, _)), Some(bucket)) = (self.around.get(at), buckets.get(&at)) else { continue };
            let group = (around.name.clone(), needs.actions.join(" "), (*bucket).to_owned());
            self.tally.requests.entry(group).or_default().merge(segments);
        }
        (self.tally, self.records)
    }

    /// Asks the policies about a request whose outcome the log proves.
    fn ask(&mut self, place: (usize, u64), requester: &str, observation: &Observation<'_>) {
        let (judge, baseline) = (self.judge, self.baseline);
        let at = match self.known.get(requester).and_then(|buckets| buckets.get(observation.bucket)) {
            Some(at) => *at,
            None => {
                let of = |judge: &Judge| judge.around(observation.requester, observation.bucket);
                self.around.push((of(judge), baseline.map(of)));
                let at = self.around.len() - 1;
                self.known.entry(requester.to_owned()).or_default().insert(observation.bucket.to_owned(), at);
                at
            }
        };
        let Some((around, old_around)) = self.around.get(at) else { return };
        let verdict = judge.verdict(observation, around);
        let succeeded = observation.class == Class::Allowed;
        let tally = &mut self.tally;
        let mut counts =
            Counts { log_allowed: u64::from(succeeded), log_refused: u64::from(!succeeded), ..Counts::default() };
        match &verdict {
            Verdict::Allowed => counts.allowed = 1,
            Verdict::Denied => counts.denied = 1,
            Verdict::Undecided(keys) => {
                counts.undecided = 1;
                keys.iter().for_each(|key| Tally::name(&mut tally.unknown_keys, key, 1));
            }
            Verdict::Unasked(why) => {
                counts.undecided = 1;
                *tally.unasked.entry(why).or_default() += 1;
            }
        }
        tally.verdicts.allowed += counts.allowed;
        tally.verdicts.denied += counts.denied;
        tally.verdicts.undecided += counts.undecided;
        let Some(needs) = observation.needs else { return };
        let example = || {
            let named = |at: &StatementId| {
                around.policies.find(*at).map(|(policy, _)| (policy.source().name().to_owned(), at.statement))
            };
            Example {
                principal: around.name.clone(),
                action: needs.actions.join(" "),
                resource: observation.resource().unwrap_or_default(),
                context: observation
                    .context()
                    .keys()
                    .map(|(key, value)| (key.as_str().to_owned(), value.clone()))
                    .collect(),
                decided_by: judge.deciding(observation, around).iter().filter_map(named).collect(),
            }
        };
        if succeeded && verdict == Verdict::Denied {
            tally.now_denied.add(place, example);
        }
        if let (Some(old_judge), Some(old_around)) = (baseline, old_around) {
            match (old_judge.verdict(observation, old_around), &verdict) {
                (Verdict::Allowed, Verdict::Denied) if succeeded => tally.newly_denied.add(place, example),
                (Verdict::Denied, Verdict::Allowed) => tally.newly_allowed.add(place, example),
                _ => {}
            }
        }
        let segment = observation.key.as_deref().map(|key| key.split_once('/').map_or("", |(first, _)| first));
        // What is needed stands in a table, so that its place tells it.
        let group = (at, std::ptr::from_ref(needs).addr());
        let (_, segments) = self.requests.entry(group).or_insert_with(|| (needs, Segments::default()));
        segments.add(segment.unwrap_or("-"), &counts);
        if let Some(each) = self.each {
            each(&mut self.records, place, observation, &verdict);
        }
    }
}
