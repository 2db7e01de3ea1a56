//! Collecting evidence from logs, for derivation.

use super::plans::Plans;
use super::prefixes::Prefixes;
use super::source::{Block, LineCounts, Source};
use super::{Deliveries, Logline, Readable, Skimmers, Visit, each_block, each_line};
use crate::partial::{self, Part as _};
use can_access_engine::arn::Arn;
use can_access_engine::derivation::{Evidence, Group, GroupId, Kind, Proof};
use can_access_engine::replay::access_log::Damage;
use can_access_engine::replay::copies::Copies;
use can_access_engine::replay::judge::Judge;
use can_access_engine::replay::logged::{Fact, Logged, Part};
use can_access_engine::replay::requester::Requester;
use can_access_engine::replay::skim::Style;
use can_access_engine::replay::tally::{Lines, Place, add_name};
use can_access_engine::replay::{Class, Observation, observe};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// How many requesters are kept in mind: sessions have names of their own.
const KEPT: usize = 1 << 12;

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

impl partial::Part for Collected {
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

/// Collects the evidence of logs, and what tells each log from others if they are `hashed`.
pub(crate) fn collect(
    source: &Source<'_>,
    rules: &Rules,
    hashed: bool,
    progress: impl Fn(u64) + Sync,
) -> (Collected, Vec<u128>) {
    let new = || {
        let worker = Worker { deliveries: Deliveries::new(source.files()), ..Worker::new(rules) };
        (worker, Skimmers::default())
    };
    let found = each_block(source, new, Worker::collect, |worker| (worker.collected, worker.lines), hashed, progress);
    let (mut collected, mut lines) = (None::<Collected>, LineCounts::default());
    for (part, counts) in found {
        match &mut collected {
            Some(collected) => collected.merge(part),
            None => collected = Some(part),
        }
        lines.merge(counts);
    }
    let mut collected = collected.unwrap_or_default();
    // As merging does.
    collected.evidence.settle();
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
        copies.each_allowed(|place, row, observation| {
            worker.collected.lines.recount(Class::NoEvidence, Class::Allowed, place);
            worker.take(place, row.requester, observation);
        });
        worker.collected
    }
}

/// Whether both are ARNs, and of different partitions.
fn are_of_other_partitions(one: &str, other: &str) -> bool {
    let partition = |arn| Arn::parse(arn).map(|arn| arn.partition);
    partition(one).zip(partition(other)).is_some_and(|(one, other)| one != other)
}

/// What one thread collects.
struct Worker<'r> {
    rules: &'r Rules,
    collected: Collected,
    lines: LineCounts,
    deliveries: Deliveries<'r>,
    /// Principals by requester, `None` for those that policies cannot name.
    principals: HashMap<String, Option<String>>,
    groups: HashMap<String, GroupId>,
    /// Prefixes of lines and of events.
    prefixes: Prefixes,
    event_prefixes: Prefixes,
    key: String,
    plans: Plans<Option<(Plan, Style)>>,
    /// Whether what is done with the line at hand is to be learned, and what was learned so far.
    learning: bool,
    /// Whether the line at hand has a key.
    keyed: bool,
    learned: Option<Plan>,
}

/// What is done with lines that differ in nothing but their key: what they count as, and the groups they are evidence
/// for, with what of the line, and whether that exists.
struct Plan {
    class: Class,
    groups: Vec<(GroupId, Named, bool)>,
    /// The group that their keys are known to exist in, whatever the time.
    known: Option<GroupId>,
    /// The operation, if it is not known what it needs, or what it was about.
    unknown: Option<String>,
    /// Why they are set aside, if they are.
    aside: Option<String>,
}

/// What a line names.
enum Named {
    /// Always this.
    So(String),
    /// Its key.
    ByKey,
    /// The prefix that it asks for.
    ByPrefix,
}

impl Visit for Worker<'_> {
    /// Takes a line as one like it was taken before.
    fn ordinary<'l, S: Readable<'l>>(&mut self, place: Place, skim: &S, text: &[u8]) {
        let kind = skim.kind();
        let Some(at) = self.plans.find(&kind) else {
            if !skim.is_text() {
                return self.line(place, S::read(text));
            }
            let line = S::read(text);
            self.learning = skim.tells(&line);
            self.keyed = skim.has_key();
            self.line(place, line);
            self.learning = false;
            let plan = self.learned.take();
            if self.plans.are_full() {
                self.plans.drain().for_each(drop);
            }
            return self.plans.learn(kind, plan.map(|plan| (plan, skim.style())));
        };
        let Some((plan, style)) = self.plans.get(at).and_then(Option::as_ref) else {
            return self.line(place, S::read(text));
        };
        let key = if skim.has_key() { skim.key(*style) } else { None };
        let prefix = if S::IS_EVENT { &mut self.event_prefixes } else { &mut self.prefixes }.decoded(skim);
        if skim.has_key() && key.is_none() || skim.has_prefix() && prefix.is_none() {
            return self.line(place, S::read(text));
        }
        self.collected.lines.count(plan.class, place);
        if let Some(operation) = &plan.unknown {
            self.collected.lines.unexplained_operation(plan.class, operation);
        }
        if let Some((group, key)) = plan.known.zip(key.as_deref()) {
            self.collected.evidence.add(group, key, skim.time(), place, true);
        }
        let rules = self.rules;
        if rules.since.is_some_and(|since| skim.time() < since) || rules.until.is_some_and(|until| skim.time() >= until)
        {
            self.collected.outside += u64::from(matches!(plan.class, Class::Allowed | Class::Refused));
            return;
        }
        if let Some(why) = &plan.aside {
            return add_name(&mut self.collected.aside, why, 1);
        }
        for (group, named, exists) in &plan.groups {
            let name = match named {
                Named::So(name) => name.as_bytes(),
                Named::ByKey => key.as_deref().unwrap_or_default(),
                Named::ByPrefix => prefix.unwrap_or_default().as_bytes(),
            };
            self.collected.evidence.add(*group, name, skim.time(), place, *exists);
        }
    }

    fn line(&mut self, place: Place, line: Logline<'_>) {
        match line {
            Logline::Row(row, line) => {
                let delivery = self.deliveries.at_hand();
                let observation = observe(&row).delivered(delivery.as_deref());
                if observation.class == Class::Malformed {
                    return self.collected.lines.malformed(Damage::Key, place);
                }
                self.collected.lines.count(observation.class, place);
                self.collected.lines.remark_on(row.operation, &observation, place);
                self.collected.copies.note(&row, observation.class, line, place);
                match observation.class {
                    Class::Unmapped => self.collected.lines.unexplained_operation(Class::Unmapped, row.operation),
                    Class::Allowed | Class::Refused => {
                        self.learn(observation.class, None);
                        self.take(place, row.requester, &observation);
                    }
                    Class::NoEvidence => {
                        self.learn(observation.class, None);
                        if observation.requester == Requester::Itself {
                            self.know(place, &observation);
                        }
                    }
                    _ => {}
                }
            }
            Logline::Event(event) => {
                self.collected.lines.count(event.class(), place);
                match event.class() {
                    Class::Unmapped => {
                        self.collected.lines.unexplained_operation(Class::Unmapped, &event.operation());
                        self.learn(Class::Unmapped, Some(event.operation()));
                    }
                    Class::NoEvidence if event.is_unplaced() => {
                        self.collected.lines.unexplained_operation(Class::NoEvidence, &event.operation());
                        self.learn(Class::NoEvidence, Some(event.operation()));
                    }
                    Class::NoEvidence => self.learn(Class::NoEvidence, None),
                    Class::Allowed | Class::Refused => {
                        self.learn(event.class(), None);
                        let requester = format!("{:?} {:?}", event.requester(), event.role_arn());
                        self.take(place, &requester, &*event);
                    }
                    _ => {}
                }
            }
            Logline::Other(class) => self.collected.lines.count(class, place),
            Logline::Malformed(damage) => self.collected.lines.malformed(damage, place),
        }
    }
}

impl<'r> Worker<'r> {
    fn new(rules: &'r Rules) -> Self {
        Self {
            rules,
            collected: Collected::default(),
            lines: LineCounts::default(),
            deliveries: Deliveries::default(),
            principals: HashMap::new(),
            groups: HashMap::new(),
            prefixes: Prefixes::default(),
            event_prefixes: Prefixes::default(),
            key: String::new(),
            plans: Plans::new(),
            learning: false,
            keyed: false,
            learned: None,
        }
    }

    fn collect(&mut self, block: &mut Block, skimmers: &mut Skimmers) {
        if self.deliveries.turn_to(block) {
            self.plans.drain().for_each(drop);
        }
        let count = each_line(block, skimmers, self);
        self.lines.note(block, count);
    }

    /// Keeps in mind what lines like the one at hand count as.
    fn learn(&mut self, class: Class, unknown: Option<String>) {
        if self.learning {
            self.learned = Some(Plan { class, groups: Vec::new(), known: None, unknown, aside: None });
        }
    }

    /// Takes what a request proves as evidence.
    fn take(&mut self, place: Place, requester: &str, logged: &impl Logged) {
        let rules = self.rules;
        let time = logged.time();
        if rules.since.is_some_and(|since| time < since) || rules.until.is_some_and(|until| time >= until) {
            self.collected.outside += 1;
            self.learned = None;
            return;
        }
        // Whose a canonical id is hangs on the bucket, too.
        let by_bucket = matches!(logged.requester(), Requester::Canonical(_));
        if by_bucket || !self.principals.contains_key(requester) {
            if self.principals.len() >= KEPT {
                self.principals.clear();
            }
            let principal = rules.judge.principal_of(logged);
            self.principals.insert(requester.to_owned(), principal);
        }
        let Some(principal) = self.principals.get(requester).cloned().flatten() else {
            let why = match logged.requester() {
                Requester::Canonical(id) => format!("canonical id {id}: name its account with --canonical-id"),
                Requester::Other(name) => format!("requester `{name}`"),
                _ => "requests of S3 itself".to_owned(),
            };
            return self.set_aside(&why);
        };
        let facts = logged.facts();
        if facts.iter().any(|fact| are_of_other_partitions(&principal, &fact.scope)) {
            return self
                .set_aside(&format!("resources of another partition than {principal}, which no policy can allow"));
        }
        if logged.class() == Class::Refused {
            if let Some(fact) = logged.refused() {
                self.prove(&principal, &fact, Proof::Refused, time, place);
            }
            return;
        }
        for fact in &facts {
            self.prove(&principal, fact, Proof::Allowed, time, place);
        }
        if let Some(fact) = logged.shown().filter(|_| rules.probes) {
            self.prove(&principal, &fact, Proof::Allowed, time, place);
        }
    }

    /// Counts a request that is no evidence for a policy.
    fn set_aside(&mut self, why: &str) {
        add_name(&mut self.collected.aside, why, 1);
        if let Some(plan) = &mut self.learned {
            plan.aside = Some(why.to_owned());
        }
    }

    fn prove(&mut self, principal: &str, fact: &Fact<'_>, proof: Proof, time: i64, place: Place) {
        let kind = match fact.part {
            Part::Whole => Kind::Whole,
            Part::Name => Kind::Name,
            Part::Prefix => Kind::Prefix,
        };
        let group = self.group(principal, fact.action.as_str(), &fact.scope, kind, proof);
        self.collected.evidence.add(group, fact.name.as_bytes(), time, place, fact.exists);
        let Some(plan) = &mut self.learned else { return };
        let named = match kind {
            Kind::Name if self.keyed => Named::ByKey,
            Kind::Prefix => Named::ByPrefix,
            Kind::Name | Kind::Whole => Named::So(fact.name.clone().into_owned()),
        };
        if kind == Kind::Prefix && self.keyed {
            self.learned = None;
        } else {
            plan.groups.push((group, named, fact.exists));
        }
    }

    /// Takes a name that exists.
    fn know(&mut self, place: Place, observation: &Observation<'_>) {
        let Some((scope, key)) = observation.object() else { return };
        let group = self.group("", "", &scope, Kind::Name, Proof::Known);
        self.collected.evidence.add(group, key.as_bytes(), observation.time, place, true);
        match &mut self.learned {
            Some(plan) if self.keyed => plan.known = Some(group),
            // An object can have the name that stands for no key.
            _ => self.learned = None,
        }
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
