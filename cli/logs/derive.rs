//! Collecting evidence from logs, for derivation.

use super::each_block;
use super::source::{Block, LineCounts, Source};
use crate::partial::Part;
use can_access_engine::derivation::{Evidence, Group, GroupId, Kind, Proof};
use can_access_engine::replay::access_log::Line;
use can_access_engine::replay::copies::{Copies, observe_source};
use can_access_engine::replay::judge::Judge;
use can_access_engine::replay::operation::About;
use can_access_engine::replay::requester::Requester;
use can_access_engine::replay::tally::{Lines, Place, add_name};
use can_access_engine::replay::{Class, Observation, observe};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Which lines are evidence, and for what.
pub(crate) struct Rules {
    /// Resolves requesters to principals.
    pub(crate) judge: Judge,
    /// Only requests from this time on, in seconds since 1970.
    pub(crate) since: Option<i64>,
    /// Only requests before this time.
    pub(crate) until: Option<i64>,
    /// Whether a 404 shows that the bucket may be listed.
    pub(crate) probes: bool,
}

/// What logs hold.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Collected {
    pub(crate) evidence: Evidence,
    pub(crate) lines: Lines,
    /// Requests with evidence outside of the time that was asked for.
    pub(crate) outside: u64,
    /// Requests with evidence of somebody that no policy can name, by why.
    pub(crate) aside: BTreeMap<String, u64>,
    copies: Copies,
}

impl Part for Collected {
    const KIND: &'static str = "derive";

    fn merge(&mut self, other: Self) {
        self.evidence.merge(other.evidence);
        self.lines.merge(other.lines);
        self.outside += other.outside;
        other.aside.iter().for_each(|(why, count)| add_name(&mut self.aside, why, *count));
        self.copies.merge(other.copies);
    }

    fn renumber(&mut self, to: &impl Fn(Place) -> Place) {
        self.evidence.renumber(to);
        self.lines.renumber(to);
        self.copies.renumber(to);
    }
}

/// Collects the evidence of logs, and what tells the logs from others if they are `hashed`.
pub(crate) fn collect(
    source: &Source<'_>,
    rules: &Rules,
    hashed: bool,
    progress: impl Fn(u64) + Sync,
) -> (Collected, BTreeSet<u128>) {
    let new = || Worker { hashed, ..Worker::new(rules) };
    let workers = each_block(source, new, Worker::collect, progress);
    let mut collected = Collected::default();
    let mut lines = LineCounts::default();
    for worker in workers {
        collected.merge(worker.collected);
        lines.merge(worker.lines);
    }
    let logs = lines.identities(source.files());
    collected.renumber(&lines.numbering());
    (collected, logs)
}

impl Rules {
    /// The options that the evidence depends on.
    pub(crate) fn described(&self) -> String {
        let time = |time: Option<i64>| time.map_or("-".to_owned(), |time| time.to_string());
        let mut roles: Vec<&String> = self.judge.roles.values().collect();
        roles.sort();
        let mut ids: Vec<String> =
            self.judge.canonical_ids.iter().map(|(id, account)| format!("{id}={account}")).collect();
        ids.sort();
        format!(
            "since {}, until {}, existence probes {}, roles {roles:?}, canonical ids {ids:?}",
            time(self.since),
            time(self.until),
            if self.probes { "kept" } else { "dropped" },
        )
    }

    /// Adds what the sources of copies prove, once all halves are known.
    pub(crate) fn finish(&self, collected: Collected) -> Collected {
        let copies = collected.copies.clone();
        let mut worker = Worker { collected, ..Worker::new(self) };
        for (place, line) in copies.allowed() {
            let Line::Row(row) = Line::read(line.as_bytes(), true) else { continue };
            if let Some(observation) = observe_source(&row) {
                worker.collected.lines.recount(Class::NoEvidence, Class::Allowed, place);
                worker.take(place, row.requester, &observation);
            }
        }
        worker.collected
    }
}

/// What one thread collects.
struct Worker<'r> {
    rules: &'r Rules,
    collected: Collected,
    lines: LineCounts,
    hashed: bool,
    /// Principals by requester, `None` for those that policies cannot name.
    principals: HashMap<String, Option<String>>,
    groups: HashMap<String, GroupId>,
    key: String,
}

impl<'r> Worker<'r> {
    fn new(rules: &'r Rules) -> Self {
        Self {
            rules,
            collected: Collected::default(),
            lines: LineCounts::default(),
            hashed: false,
            principals: HashMap::new(),
            groups: HashMap::new(),
            key: String::new(),
        }
    }

    fn collect(&mut self, block: &Block) {
        let mut count = 0;
        for (number, line, terminated) in block.lines() {
            count = number;
            let place = block.place(number);
            let row = match Line::read(line, terminated) {
                Line::Blank => {
                    self.collected.lines.count(Class::Blank, place);
                    continue;
                }
                Line::Malformed(damage) => {
                    self.collected.lines.malformed(damage, place);
                    continue;
                }
                Line::Row(row) => row,
            };
            let observation = observe(&row);
            self.collected.lines.count(observation.class, place);
            self.collected.copies.note(&row, observation.class, line, place);
            match observation.class {
                Class::Unmapped => self.collected.lines.unknown_operation(row.operation),
                Class::Allowed | Class::Refused => self.take(place, row.requester, &observation),
                Class::NoEvidence if observation.requester == Requester::Itself => self.know(place, &observation),
                _ => {}
            }
        }
        self.lines.note(block, count, self.hashed);
    }

    /// Takes what a request proves as evidence.
    fn take(&mut self, place: Place, requester: &str, observation: &Observation<'_>) {
        let rules = self.rules;
        let time = observation.time;
        if rules.since.is_some_and(|since| time < since) || rules.until.is_some_and(|until| time >= until) {
            self.collected.outside += 1;
            return;
        }
        if !self.principals.contains_key(requester) {
            self.principals.insert(requester.to_owned(), rules.judge.principal(observation.requester));
        }
        let Some(principal) = self.principals.get(requester).cloned().flatten() else {
            let why = match observation.requester {
                Requester::Canonical(_) => format!("canonical id {requester}: name its account with --canonical-id"),
                _ => format!("requester `{requester}`"),
            };
            add_name(&mut self.collected.aside, &why, 1);
            return;
        };
        let Some(needs) = observation.needs else { return };
        let proof = if observation.class == Class::Allowed { Proof::Allowed } else { Proof::Refused };
        let (scope, kind) = scope(observation, needs.about);
        let prefix = observation.prefix();
        let (kind, name) = match (kind, &observation.key, &prefix) {
            (Kind::Name, Some(key), _) => (Kind::Name, &**key),
            (Kind::Name, None, _) => return,
            (_, _, Some(prefix)) => (Kind::Prefix, &**prefix),
            _ => (Kind::Whole, ""),
        };
        let exists = observation.shows_object();
        for action in &needs.actions {
            let group = self.group(&principal, action, &scope, kind, proof);
            self.collected.evidence.add(group, name, time, place, exists);
        }
        if observation.listed && rules.probes {
            let scope = self::scope(observation, About::Bucket).0;
            let group = self.group(&principal, "s3:ListBucket", &scope, Kind::Whole, Proof::Allowed);
            self.collected.evidence.add(group, "", time, place, true);
        }
    }

    /// Takes a name that exists.
    fn know(&mut self, place: Place, observation: &Observation<'_>) {
        let Some(key) = &observation.key else { return };
        let (scope, _) = scope(observation, About::Object);
        let group = self.group("", "", &scope, Kind::Name, Proof::Known);
        self.collected.evidence.add(group, key, observation.time, place, true);
    }

    fn group(&mut self, principal: &str, action: &str, scope: &str, kind: Kind, proof: Proof) -> GroupId {
        self.key.clear();
        for part in [principal, "\n", action, "\n", scope] {
            self.key.push_str(part);
        }
        self.key.push(char::from(b'0' + kind as u8));
        self.key.push(char::from(b'0' + proof as u8));
        if let Some(id) = self.groups.get(&self.key) {
            return *id;
        }
        let id = self.collected.evidence.group(Group {
            principal: principal.to_owned(),
            action: action.to_owned(),
            scope: scope.to_owned(),
            kind,
            proof,
        });
        self.groups.insert(self.key.clone(), id);
        id
    }
}

/// The beginning of the ARN of what a request is about.
fn scope(observation: &Observation<'_>, about: About) -> (String, Kind) {
    let partition = observation.partition();
    let bucket = observation.bucket;
    match (about, observation.access_point()) {
        (About::Object, Some(arn)) => (format!("{arn}/object/"), Kind::Name),
        (About::Object, None) => (format!("arn:{partition}:s3:::{bucket}/"), Kind::Name),
        (About::Bucket, Some(arn)) => (arn.to_owned(), Kind::Whole),
        (About::Bucket, None) => (format!("arn:{partition}:s3:::{bucket}"), Kind::Whole),
        (About::Service | About::Nothing, _) => ("*".to_owned(), Kind::Whole),
    }
}
