//! What a replay found, counted: parts of a log are counted apart and put together in any order.

use super::access_log::Damage;
use super::{Class, Observation};
use crate::request::ContextValue;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How many examples of a finding are kept: those that come first in the log.
const EXAMPLES: usize = 10;
/// How many names of what was not known are kept.
const NAMES: usize = 200;

/// The place of a line: which file, and which line of it.
pub type Place = (usize, u64);

/// What the lines of logs count as.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Lines {
    /// How many there are, in the order of [`Class::ALL`].
    classes: [u64; 8],
    /// Why lines are malformed, how many, and where the first is.
    pub damage: BTreeMap<Damage, (u64, Place)>,
    /// The first line of each class, in the same order.
    first: [Option<Place>; 8],
    /// Operations that are not known, with how often they occur.
    pub unmapped: BTreeMap<String, u64>,
    /// Operations that succeeded and prove nothing, because what they were about is not told, with how often.
    pub unplaced: BTreeMap<String, u64>,
    /// What is remarkable about lines, and where the first is.
    pub remarks: BTreeMap<Remark, Place>,
}

/// Something remarkable about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Remark {
    /// Several objects were deleted at once, which have rows of their own.
    DeletesSeveral,
    /// One of these rows.
    DeletedWithOthers,
    /// An ACL was needed to allow the request: no policy did.
    NeededAcl,
}

/// The counts of a replay, or of a part of one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// What the lines count as.
    pub lines: Lines,
    /// Requests with evidence, by what the policies say.
    pub verdicts: Verdicts,
    /// The condition keys that the policies would have to know, with how many requests hang on them.
    pub unknown_keys: BTreeMap<String, u64>,
    /// Why requests could not be asked.
    pub unasked: BTreeMap<String, u64>,
    /// Roles whose paths the policies look at and no log tells: they are taken to have none.
    pub assumed_paths: BTreeMap<String, u64>,
    /// The buckets with policies of their own that requests with evidence are for.
    #[serde(default)]
    pub buckets: BTreeMap<String, u64>,
    /// Requests that succeeded and that the policies deny.
    pub now_denied: Findings,
    /// Requests that succeeded, that the baseline allows and the policies deny.
    pub newly_denied: Findings,
    /// Requests that the baseline denies and the policies allow.
    pub newly_allowed: Findings,
    /// By principal, actions, and the beginning of the ARN of what they are about, up to where names begin.
    #[serde(with = "super::pairs")]
    pub requests: BTreeMap<(String, String, String), Segments>,
}

/// How many requests policies allow, deny, or cannot decide about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdicts {
    /// Allowed.
    pub allowed: u64,
    /// Denied.
    pub denied: u64,
    /// Not decided without knowing more.
    pub undecided: u64,
}

/// Requests of one kind: how many, and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// How many there are.
    pub requests: u64,
    /// The first ones, by file and line.
    #[serde(with = "super::pairs")]
    examples: BTreeMap<Place, Example>,
}

/// A request, for people to look up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// Who.
    pub principal: String,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// What the log tells of its context.
    pub context: Vec<(String, ContextValue)>,
    /// The statements that decide, as `policy` and index.
    pub decided_by: Vec<(String, usize)>,
}

impl Findings {
    /// Whether another request at a place would be kept as an example.
    #[must_use]
    pub fn wants(&self, place: Place) -> bool {
        self.examples.len() < EXAMPLES || self.examples.keys().next_back().is_some_and(|last| place < *last)
    }

    /// Keeps a request that was counted as an example, if it is one of the first.
    pub fn show(&mut self, place: Place, example: impl FnOnce() -> Example) {
        if self.wants(place) {
            self.examples.insert(place, example());
            self.cut();
        }
    }

    /// The first requests, with file and line.
    pub fn examples(&self) -> impl Iterator<Item = (Place, &Example)> {
        self.examples.iter().map(|(place, example)| (*place, example))
    }

    fn merge(&mut self, other: Self) {
        self.requests += other.requests;
        self.examples.extend(other.examples);
        self.cut();
    }

    fn cut(&mut self) {
        while self.examples.len() > EXAMPLES {
            self.examples.pop_last();
        }
    }
}

impl Lines {
    /// Counts a malformed line.
    pub fn malformed(&mut self, damage: Damage, place: Place) {
        self.count(Class::Malformed, place);
        let (count, first) = self.damage.entry(damage).or_insert((0, place));
        *count += 1;
        *first = place.min(*first);
    }

    /// Counts a line.
    pub fn count(&mut self, class: Class, place: Place) {
        if let Some(count) = self.classes.get_mut(class as usize) {
            *count += 1;
        }
        if let Some(first) = self.first.get_mut(class as usize).filter(|first| first.is_none_or(|first| place < first))
        {
            *first = Some(place);
        }
    }

    /// Counts a line as another class than it was counted as.
    pub fn recount(&mut self, from: Class, to: Class, place: Place) {
        if let Some(count) = self.classes.get_mut(from as usize) {
            *count = count.saturating_sub(1);
        }
        self.count(to, place);
    }

    /// The first line that counts as this.
    #[must_use]
    pub fn first_of(&self, class: Class) -> Option<Place> {
        self.first.get(class as usize).copied().flatten()
    }

    /// How many lines count as this.
    #[must_use]
    pub fn of(&self, class: Class) -> u64 {
        self.classes.get(class as usize).copied().unwrap_or_default()
    }

    /// How many lines there are.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.classes.iter().sum()
    }

    /// Counts an operation that is not known, if its class is [`Class::Unmapped`], or of which it is not known what it was
    /// about.
    pub fn unexplained_operation(&mut self, class: Class, name: &str) {
        let names = if class == Class::Unmapped { &mut self.unmapped } else { &mut self.unplaced };
        add_name(names, name, 1);
    }

    /// Notes what is remarkable about a row, given what it tells.
    pub fn remark_on(&mut self, operation: &str, observation: &Observation<'_>, place: Place) {
        let remark = match operation {
            "REST.POST.MULTI_OBJECT_DELETE" if observation.succeeded() => Remark::DeletesSeveral,
            "BATCH.DELETE.OBJECT" => Remark::DeletedWithOthers,
            _ if observation.class == Class::Allowed && observation.needed_acl() => Remark::NeededAcl,
            _ => return,
        };
        let first = self.remarks.entry(remark).or_insert(place);
        *first = place.min(*first);
    }

    /// Puts two together. Nothing of the result hangs on the order.
    pub fn merge(&mut self, other: Self) {
        for (remark, place) in other.remarks {
            let first = self.remarks.entry(remark).or_insert(place);
            *first = place.min(*first);
        }
        other.unplaced.iter().for_each(|(name, count)| add_name(&mut self.unplaced, name, *count));
        self.classes.iter_mut().zip(other.classes).for_each(|(own, other)| *own += other);
        for (damage, (count, place)) in other.damage {
            let (own, first) = self.damage.entry(damage).or_insert((0, place));
            *own += count;
            *first = place.min(*first);
        }
        for (own, other) in self.first.iter_mut().zip(other.first) {
            *own = (*own).into_iter().chain(other).min();
        }
        other.unmapped.iter().for_each(|(name, count)| add_name(&mut self.unmapped, name, *count));
    }

    /// Changes every place, as when lines or files are numbered anew.
    pub fn renumber(&mut self, to: &impl Fn(Place) -> Place) {
        self.damage.values_mut().for_each(|(_, place)| *place = to(*place));
        self.first.iter_mut().flatten().for_each(|place| *place = to(*place));
        self.remarks.values_mut().for_each(|place| *place = to(*place));
    }
}

/// Counts a name, of which at most so many are kept. Which ones hangs on no order: the first of the alphabet.
pub fn add_name(names: &mut BTreeMap<String, u64>, name: &str, count: u64) {
    match names.get_mut(name) {
        Some(known) => *known += count,
        None => _ = names.insert(name.to_owned(), count),
    }
    while names.len() > NAMES {
        names.pop_last();
    }
}

impl Tally {
    /// Puts two together. Nothing of the result hangs on the order.
    pub fn merge(&mut self, other: Self) {
        self.lines.merge(other.lines);
        other.unasked.into_iter().for_each(|(why, count)| *self.unasked.entry(why).or_default() += count);
        other.unknown_keys.iter().for_each(|(name, count)| add_name(&mut self.unknown_keys, name, *count));
        other.buckets.iter().for_each(|(name, count)| add_name(&mut self.buckets, name, *count));
        other.assumed_paths.iter().for_each(|(name, count)| add_name(&mut self.assumed_paths, name, *count));
        self.verdicts.allowed += other.verdicts.allowed;
        self.verdicts.denied += other.verdicts.denied;
        self.verdicts.undecided += other.verdicts.undecided;
        self.now_denied.merge(other.now_denied);
        self.newly_denied.merge(other.newly_denied);
        self.newly_allowed.merge(other.newly_allowed);
        for (what, segments) in other.requests {
            self.requests.entry(what).or_default().merge(segments);
        }
    }

    /// Changes every place, as when lines or files are numbered anew.
    pub fn renumber(&mut self, to: &impl Fn(Place) -> Place) {
        self.lines.renumber(to);
        for findings in [&mut self.now_denied, &mut self.newly_denied, &mut self.newly_allowed] {
            findings.examples =
                std::mem::take(&mut findings.examples).into_iter().map(|(at, of)| (to(at), of)).collect();
        }
    }
}

/// How many keys are named that verdicts on requests of one kind hang on.
const KEYS: usize = 20;

/// How often something happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Requests that the policies allow.
    pub allowed: u64,
    /// Requests that they deny.
    pub denied: u64,
    /// Requests that they cannot decide about without more than the log tells.
    pub undecided: u64,
    /// Requests that the log proves to have been allowed.
    pub log_allowed: u64,
    /// Requests that it proves to have been refused.
    pub log_refused: u64,
    /// The condition keys that verdicts hang on.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub keys: BTreeSet<String>,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        if !other.keys.is_empty() {
            self.keys.extend(other.keys.iter().cloned());
            while self.keys.len() > KEYS {
                self.keys.pop_last();
            }
        }
        self.allowed += other.allowed;
        self.denied += other.denied;
        self.undecided += other.undecided;
        self.log_allowed += other.log_allowed;
        self.log_refused += other.log_refused;
    }
}

/// The requests of one principal and action in one scope, by the first segment of their names, the scope itself being no
/// segment; in one lump where there are too many of them to list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Segments {
    /// By segment.
    Few(BTreeMap<String, Counts>),
    /// All together.
    Many(Counts),
}

/// How many first segments are told apart.
const SEGMENTS: usize = 64;

impl Default for Segments {
    fn default() -> Self {
        Self::Few(BTreeMap::new())
    }
}

impl Segments {
    /// Adds to a segment.
    pub fn add(&mut self, segment: &str, counts: &Counts) {
        match self {
            Self::Many(all) => all.add(counts),
            Self::Few(few) => {
                match few.get_mut(segment) {
                    Some(known) => known.add(counts),
                    None => _ = few.insert(segment.to_owned(), counts.clone()),
                }
                self.collapse();
            }
        }
    }

    /// Puts two together. The result does not hang on the order: what is too much for both together is so in any order.
    pub fn merge(&mut self, other: Self) {
        match other {
            Self::Few(few) => few.iter().for_each(|(segment, counts)| self.add(segment, counts)),
            Self::Many(counts) => {
                let mut all = self.total();
                all.add(&counts);
                *self = Self::Many(all);
            }
        }
    }

    fn collapse(&mut self) {
        if matches!(self, Self::Few(few) if few.len() > SEGMENTS) {
            *self = Self::Many(self.total());
        }
    }

    fn total(&self) -> Counts {
        match self {
            Self::Many(all) => all.clone(),
            Self::Few(few) => {
                let mut all = Counts::default();
                few.values().for_each(|counts| all.add(counts));
                all
            }
        }
    }
}
