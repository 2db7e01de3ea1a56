//! Replaying logs: every line is observed, and what the policies would have said to it is counted.

use super::plans::Plans;
use super::prefixes::Prefixes;
use super::question::{Question, Verdicts, segment};
use super::source::{Block, LineCounts, Source};
use super::{Deliveries, Logline, Readable, Skimmers, Visit, each_block, each_line};
use crate::Failure;
use crate::partial::{self, Part as _};
use can_access_engine::replay::access_log::Damage;
use can_access_engine::replay::cloudtrail::EventSkimmer;
use can_access_engine::replay::copies::Copies;
use can_access_engine::replay::judge::{Around, Compiled, Judge, Verdict};
use can_access_engine::replay::logged::{Logged, Part};
use can_access_engine::replay::skim::{Skimmer, Style};
use can_access_engine::replay::tally::{Counts, Example, Lines, Place, Segments, Tally, add_name};
use can_access_engine::replay::{Class, observe};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// How many blocks are read before they are gone through together, where their order matters.
const TOGETHER: usize = 8;

/// What surrounds how many requesters is kept in mind: sessions have names of their own.
const KEPT: usize = 1 << 10;

/// What single decisions look like, if they are wanted.
pub(crate) type Each = Vec<u8>;

/// Writes the record of an observation at a place, with its verdict.
pub(crate) type Record<'r> = dyn Fn(&mut Each, Place, &dyn Logged, &Verdict) + Sync + 'r;

/// What a replay counted, before the halves of copies are put together.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Replayed {
    tally: Tally,
    copies: Copies,
}

impl partial::Part for Replayed {
    const KIND: &'static str = "replay";

    fn merge(&mut self, other: Self) {
        self.tally.merge(other.tally);
        self.copies.merge(other.copies);
    }

    fn renumber(&mut self, to: &impl Fn(Place) -> Place) {
        self.tally.renumber(to);
        self.copies.renumber(to);
    }
}

impl Replayed {
    /// What the lines count as.
    pub(crate) fn lines(&self) -> &Lines {
        &self.tally.lines
    }

    /// Counts the sources of copies, too, now that all halves are known.
    pub(crate) fn finish(self, judge: &Judge, baseline: Option<&Judge>) -> Tally {
        let mut last = Worker { tally: self.tally, ..Worker::new(judge, baseline, None) };
        last.sources(&self.copies);
        last.finish().0
    }
}

/// Replays the logs, and says what tells the logs from others if they are `hashed`.
pub(crate) fn replay(
    source: &Source<'_>,
    judge: &Judge,
    baseline: Option<&Judge>,
    hashed: bool,
    progress: impl Fn(u64) + Sync,
) -> (Replayed, Vec<u128>) {
    let new = || {
        let worker = Worker { deliveries: Deliveries::new(source.files()), ..Worker::new(judge, baseline, None) };
        let skimmers = worker.skimmers();
        (worker, skimmers)
    };
    let found = each_block(source, new, Worker::count, Worker::finish, hashed, progress);
    let mut replayed = Replayed::default();
    let mut lines = LineCounts::default();
    for (tally, copies, counts) in found {
        replayed.merge(Replayed { tally, copies });
        lines.merge(counts);
    }
    let logs = lines.identities(source.files());
    replayed.renumber(&lines.numbering());
    (replayed, logs)
}

/// Replays the logs line by line: `each` makes the record of a request, `write` takes the records in the order of the
/// lines, and at the end those of the sources of copies, of which other lines say that they were read.
pub(crate) fn replay_each(
    source: &Source<'_>,
    judge: &Judge,
    baseline: Option<&Judge>,
    each: &Record<'_>,
    mut write: impl FnMut(&Each) -> Result<(), Failure>,
    progress: impl Fn(u64),
) -> Result<Tally, Failure> {
    let mut replayed = Replayed::default();
    let mut at = (usize::MAX, 0);
    loop {
        let mut together = Vec::new();
        while together.len() < TOGETHER {
            let mut block = Block::new(false);
            if !source.next(&mut block) {
                break;
            }
            let before = if at.0 == block.file { at.1 } else { 0 };
            let lines = u64::try_from(block.lines().count()).unwrap_or_default();
            at = (block.file, before + lines);
            together.push((before, block));
        }
        if together.is_empty() {
            let mut last = Worker { tally: replayed.tally, ..Worker::new(judge, baseline, Some(each)) };
            last.sources(&replayed.copies);
            write(&last.records)?;
            return Ok(last.finish().0);
        }
        let parts: Vec<(Replayed, Each)> = together
            .par_iter_mut()
            .map(|(before, block)| {
                let mut worker =
                    Worker { deliveries: Deliveries::new(source.files()), ..Worker::new(judge, baseline, Some(each)) };
                worker.first_line = *before;
                let mut skimmers = worker.skimmers();
                worker.count(block, &mut skimmers);
                let records = std::mem::take(&mut worker.records);
                let (tally, copies, _) = worker.finish();
                let mut replayed = Replayed { tally, copies };
                // Lines are numbered within their block.
                replayed.renumber(&|(file, place)| (file, place - block.place(0).1 + *before));
                (replayed, records)
            })
            .collect();
        together.iter_mut().for_each(|(_, block)| source.close(block));
        for (part, records) in parts {
            replayed.merge(part);
            write(&records)?;
        }
        progress(source.read());
    }
}

/// What one thread counts.
struct Worker<'j> {
    judge: &'j Judge,
    baseline: Option<&'j Judge>,
    each: Option<&'j Record<'j>>,
    /// What surrounds requests, by requester and bucket, and which of `around` it is.
    known: HashMap<String, HashMap<String, usize>>,
    around: Vec<(Around, Option<Around>)>,
    compiled: Compiled,
    old_compiled: Compiled,
    /// The requests by who, what and where.
    groups: Groups,
    group_ids: HashMap<(String, String, String), usize>,
    plans: Plans<Option<Plan>>,
    /// Whether what is done with the line at hand is to be learned, whether the others of its kind differ in anything, and
    /// what was learned.
    learning: bool,
    varies: bool,
    learned: Option<Plan>,
    /// What the policies said to the line that was read last.
    asked: Option<Verdicts>,
    /// Room for names of resources.
    room: Vec<u8>,
    /// Prefixes of lines and of events.
    prefixes: Prefixes,
    event_prefixes: Prefixes,
    tally: Tally,
    copies: Copies,
    lines: LineCounts,
    deliveries: Deliveries<'j>,
    records: Each,
    /// What makes the number of a line within its block one within its file, for records.
    first_line: u64,
    base: u64,
}

/// What is done with lines that differ in nothing but their key, the prefix that they ask for, their client, their address and
/// their time.
struct Plan {
    class: Class,
    /// What is asked; `None` if there is no evidence.
    question: Option<Question>,
    /// The operation, if it is not known what it needs, or what it was about.
    unknown: Option<String>,
    style: Style,
}

/// Counts what the policies say to requests with evidence.
fn tell(tally: &mut Tally, class: Class, (verdict, old): &Verdicts, requests: u64) -> Counts {
    let succeeded = class == Class::Allowed;
    let if_so = |so: bool| if so { requests } else { 0 };
    let mut counts = Counts { log_allowed: if_so(succeeded), log_refused: if_so(!succeeded), ..Counts::default() };
    match verdict {
        Verdict::Allowed => counts.allowed = requests,
        Verdict::Denied => counts.denied = requests,
        Verdict::Undecided(keys) => {
            counts.undecided = requests;
            keys.iter().for_each(|key| add_name(&mut tally.unknown_keys, key, requests));
            counts.keys.extend(keys.iter().cloned());
        }
        Verdict::Unasked(why) => {
            counts.undecided = requests;
            *tally.unasked.entry((*why).to_owned()).or_default() += requests;
        }
    }
    tally.verdicts.allowed += counts.allowed;
    tally.verdicts.denied += counts.denied;
    tally.verdicts.undecided += counts.undecided;
    if succeeded && *verdict == Verdict::Denied {
        tally.now_denied.requests += requests;
    }
    match (old, verdict) {
        (Some(Verdict::Allowed), Verdict::Denied) if succeeded => tally.newly_denied.requests += requests,
        (Some(Verdict::Denied), Verdict::Allowed) => tally.newly_allowed.requests += requests,
        _ => {}
    }
    counts
}

/// Counts requests of a class with evidence in a group.
fn count(
    (tally, groups): (&mut Tally, &mut Groups),
    (class, group): (Class, usize),
    verdicts: &Verdicts,
    segment: &[u8],
    requests: u64,
) {
    let counts = tell(tally, class, verdicts, requests);
    if let Some((_, segments)) = groups.get_mut(group) {
        segments.add(std::str::from_utf8(segment).unwrap_or_default(), &counts);
    }
}

/// Requests by who, what and where.
type Groups = Vec<((String, String, String), Segments)>;

impl Visit for Worker<'_> {
    /// Counts a line as one like it was counted before, if the policies say the same to both.
    fn ordinary<'l, S: Readable<'l>>(&mut self, place: Place, skim: &S, text: &[u8]) {
        if self.each.is_some() {
            return self.line(place, S::read(text));
        }
        let kind = skim.kind();
        let Some(at) = self.plans.find(&kind) else {
            if !skim.is_text() {
                return self.line(place, S::read(text));
            }
            let line = S::read(text);
            self.learning = skim.tells(&line);
            self.varies = !skim.is_always_same();
            self.line(place, line);
            self.learning = false;
            // What is about an object has to have its key in the right place.
            let tells = |question: &Question| {
                let address = !question.hangs_on_address() || skim.address().is_some();
                address && (!question.hangs_on_client() || skim.client().is_some())
            };
            let fits = |plan: &Plan| {
                plan.question.as_ref().is_none_or(|question| question.named == skim.has_key() && tells(question))
            };
            let plan = self.learned.take().filter(fits);
            if self.plans.are_full() {
                self.settle();
            }
            return self.plans.learn(kind, plan.map(|plan| Plan { style: skim.style(), ..plan }));
        };
        let Some(Some(plan)) = self.plans.get_mut(at) else { return self.line(place, S::read(text)) };
        let Some(question) = &mut plan.question else { return self.unasked(at, place, skim, text) };
        let key = if skim.has_key() { skim.key(plan.style) } else { None };
        if skim.has_key() && key.is_none() {
            return self.line(place, S::read(text));
        }
        let mut prefix = None;
        if skim.has_prefix() && question.hangs_on_prefix() {
            let prefixes = if S::IS_EVENT { &mut self.event_prefixes } else { &mut self.prefixes };
            prefix = prefixes.decoded(skim);
            if prefix.is_none() {
                return self.line(place, S::read(text));
            }
        }
        let client = if question.hangs_on_client() { skim.client() } else { None };
        let name = key.as_deref().unwrap_or_default();
        let hinge = question.hinge(name, (prefix, client), (skim.address(), skim.time()), &mut self.room);
        let of = (plan.class, question.group);
        let (tally, groups) = (&mut self.tally, &mut self.groups);
        let told = |verdicts: &_, segment: &_, requests| count((tally, groups), of, verdicts, segment, requests);
        let Some(answered) = question.answered(&hinge, key.as_deref(), told) else {
            // What was not seen before is asked, and kept in mind.
            let hinge = hinge.into_owned();
            self.asked = None;
            self.line(place, S::read(text));
            let question = self.plans.get_mut(at).and_then(Option::as_mut).and_then(|plan| plan.question.as_mut());
            if let Some((verdicts, question)) = self.asked.take().zip(question) {
                let (tally, groups) = (&mut self.tally, &mut self.groups);
                let told =
                    |verdicts: &_, segment: &_, requests| count((tally, groups), of, verdicts, segment, requests);
                question.learn(&hinge, verdicts, told);
            }
            return;
        };
        // Those that come first are told of with all that is known of them.
        let tally = &self.tally;
        if answered.denied && plan.class == Class::Allowed && tally.now_denied.wants(place)
            || answered.changed && (tally.newly_denied.wants(place) || tally.newly_allowed.wants(place))
        {
            return self.line(place, S::read(text));
        }
        answered.requests += 1;
        self.tally.lines.count(plan.class, place);
    }

    fn line(&mut self, place: Place, line: Logline<'_>) {
        match line {
            Logline::Row(row, line) => {
                let delivery = self.deliveries.at_hand();
                let observation = observe(&row).delivered(delivery.as_deref());
                if observation.class == Class::Malformed {
                    return self.tally.lines.malformed(Damage::Key, place);
                }
                self.tally.lines.count(observation.class, place);
                self.tally.lines.remark_on(row.operation, &observation, place);
                self.copies.note(&row, observation.class, line, place);
                match observation.class {
                    Class::Unmapped => self.tally.lines.unexplained_operation(Class::Unmapped, row.operation),
                    Class::Allowed | Class::Refused => self.ask(place, row.requester, &observation),
                    Class::NoEvidence => self.learn(Class::NoEvidence, None),
                    _ => {}
                }
            }
            Logline::Event(event) => {
                self.tally.lines.count(event.class(), place);
                match event.class() {
                    Class::Unmapped => {
                        self.tally.lines.unexplained_operation(Class::Unmapped, &event.operation());
                        self.learn(Class::Unmapped, Some(event.operation()));
                    }
                    Class::NoEvidence if event.is_unplaced() => {
                        self.tally.lines.unexplained_operation(Class::NoEvidence, &event.operation());
                        self.learn(Class::NoEvidence, Some(event.operation()));
                    }
                    Class::NoEvidence => self.learn(Class::NoEvidence, None),
                    Class::Allowed | Class::Refused => {
                        let requester =
                            format!("{:?} {:?} {:?}", event.requester(), event.role_arn(), event.unique_id());
                        self.ask(place, &requester, &*event);
                    }
                    _ => {}
                }
            }
            Logline::Other(class) => self.tally.lines.count(class, place),
            Logline::Malformed(damage) => self.tally.lines.malformed(damage, place),
        }
    }
}

impl<'j> Worker<'j> {
    fn new(judge: &'j Judge, baseline: Option<&'j Judge>, each: Option<&'j Record<'j>>) -> Self {
        Self {
            judge,
            baseline,
            each,
            known: HashMap::new(),
            around: Vec::new(),
            compiled: Compiled::default(),
            old_compiled: Compiled::default(),
            groups: Vec::new(),
            group_ids: HashMap::new(),
            plans: Plans::new(),
            learning: false,
            varies: true,
            learned: None,
            asked: None,
            room: Vec::new(),
            prefixes: Prefixes::default(),
            event_prefixes: Prefixes::default(),
            tally: Tally::default(),
            copies: Copies::default(),
            lines: LineCounts::default(),
            deliveries: Deliveries::default(),
            records: Vec::new(),
            first_line: 0,
            base: 0,
        }
    }

    /// What skims lines as far as the policies look at them.
    fn skimmers(&self) -> Skimmers {
        let judges = || std::iter::once(self.judge).chain(self.baseline);
        let by_session = judges().any(Judge::tells_sessions_apart);
        let keys = judges().flat_map(Judge::keys).collect();
        Skimmers { lines: Skimmer::new(by_session), events: EventSkimmer::new(keys, by_session) }
    }

    fn count(&mut self, block: &mut Block, skimmers: &mut Skimmers) {
        self.base = block.place(0).1;
        if self.deliveries.turn_to(block) {
            self.settle();
            self.known.clear();
            self.around.clear();
        }
        let count = each_line(block, skimmers, self);
        self.lines.note(block, count);
    }

    /// Counts a line as one like it, that is no evidence, was counted before.
    #[inline(never)]
    fn unasked<'l, S: Readable<'l>>(&mut self, at: usize, place: Place, skim: &S, text: &[u8]) {
        match self.plans.get(at) {
            Some(Some(plan)) if !skim.has_key() || skim.key(plan.style).is_some() => {
                if let Some(operation) = &plan.unknown {
                    self.tally.lines.unexplained_operation(plan.class, operation);
                }
                self.tally.lines.count(plan.class, place);
            }
            _ => self.line(place, S::read(text)),
        }
    }

    /// Counts what plans have counted, and forgets them.
    fn settle(&mut self) {
        let plans = self.plans.drain().flatten();
        for (class, mut question) in plans.filter_map(|plan| Some((plan.class, plan.question?))) {
            let of = (class, question.group);
            let (tally, groups) = (&mut self.tally, &mut self.groups);
            question.settle(|verdicts, segment, requests| count((tally, groups), of, verdicts, segment, requests));
        }
    }

    /// Keeps in mind that lines like the one at hand are no evidence.
    fn learn(&mut self, class: Class, unknown: Option<String>) {
        if self.learning {
            self.learned = Some(Plan { class, question: None, unknown, style: None });
        }
    }

    /// Counts the sources of copies that were made: they were read.
    fn sources(&mut self, copies: &Copies) {
        copies.each_allowed(|place, row, observation| {
            self.tally.lines.recount(Class::NoEvidence, Class::Allowed, place);
            self.ask(place, row.requester, observation);
        });
    }

    fn finish(mut self) -> (Tally, Copies, LineCounts) {
        self.settle();
        for (group, segments) in self.groups {
            self.tally.requests.entry(group).or_default().merge(segments);
        }
        (self.tally, self.copies, self.lines)
    }

    /// Asks the policies about a request whose outcome the log proves.
    fn ask(&mut self, place: Place, requester: &str, logged: &impl Logged) {
        let (judge, baseline) = (self.judge, self.baseline);
        let of = logged.buckets();
        let at = match self.known.get(requester).and_then(|buckets| buckets.get(&*of)) {
            Some(at) => *at,
            None => {
                if self.around.len() >= KEPT {
                    self.known.clear();
                    self.around.clear();
                }
                let around = judge.around(logged, &mut self.compiled);
                if around.path_is_assumed {
                    self.tally.assumed_paths.insert(around.name.clone(), 1);
                }
                for bucket in around.buckets().filter(|bucket| judge.buckets.contains_key(*bucket)) {
                    self.tally.buckets.insert(bucket.to_owned(), 1);
                }
                let old = baseline.map(|baseline| baseline.around(logged, &mut self.old_compiled));
                self.around.push((around, old));
                let at = self.around.len() - 1;
                self.known.entry(requester.to_owned()).or_default().insert(of.into_owned(), at);
                at
            }
        };
        let Some((around, old_around)) = self.around.get(at) else { return };
        let verdict = judge.verdict(logged, around);
        let old = baseline.zip(old_around.as_ref()).map(|(judge, around)| judge.verdict(logged, around));
        let facts = logged.facts();
        let Some(first) = facts.first() else { return };
        let actions = || facts.iter().map(|fact| fact.action.as_str()).collect::<Vec<_>>().join(" ");
        let example = || Example {
            principal: around.name.clone(),
            action: actions(),
            resource: first.resource().into_owned(),
            context: logged
                .context_of(&|_| true)
                .keys()
                .map(|(key, value)| (key.as_str().to_owned(), value.clone()))
                .collect(),
            decided_by: judge.deciding(logged, around),
        };
        let succeeded = logged.class() == Class::Allowed;
        if succeeded && verdict == Verdict::Denied {
            self.tally.now_denied.show(place, example);
        }
        match (&old, &verdict) {
            (Some(Verdict::Allowed), Verdict::Denied) if succeeded => self.tally.newly_denied.show(place, example),
            (Some(Verdict::Denied), Verdict::Allowed) => self.tally.newly_allowed.show(place, example),
            _ => {}
        }
        let segment = match first.part {
            Part::Name => segment(first.name.as_bytes()),
            Part::Whole | Part::Prefix => b"-",
        };
        let group = (around.name.clone(), actions(), first.scope.clone().into_owned());
        let group = match self.group_ids.get(&group) {
            Some(id) => *id,
            None => {
                let id = self.groups.len();
                self.group_ids.insert(group.clone(), id);
                self.groups.push((group, Segments::default()));
                id
            }
        };
        let varies = self.varies;
        let outlook = |judge: &Judge, around: &Around| {
            if varies { judge.outlook(logged, around) } else { around.only_outlook() }
        };
        let old_outlook = || match baseline.zip(old_around.as_ref()) {
            Some((baseline, around)) => outlook(baseline, around).map(Some),
            None => Some(None),
        };
        if self.learning
            && let Some(new) = outlook(judge, around)
            && let Some(old_outlook) = old_outlook()
        {
            let named = varies && first.part == Part::Name;
            let question = Question::new(group, named, segment, new, old_outlook);
            self.learned = Some(Plan { class: logged.class(), question: Some(question), unknown: None, style: None });
        }
        let verdicts = (verdict, old);
        count((&mut self.tally, &mut self.groups), (logged.class(), group), &verdicts, segment, 1);
        if let Some(each) = self.each {
            each(&mut self.records, (place.0, place.1 - self.base + self.first_line), logged, &verdicts.0);
        }
        self.asked = Some(verdicts);
    }
}
