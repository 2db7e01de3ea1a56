//! Which patterns cover the names that were needed, at the least cost (REPLAY §5.2, §5.3).

use super::Precision;
use super::glob::{Glob, ONE, Pairs, STAR};
use super::shape::{USER, ending, is_class};
use super::units::Unit;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet};
use std::rc::Rc;

/// What the patterns are chosen by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dials {
    /// The cost of a literal character that a star stands for, in tenths of a byte.
    swallowed: u64,
    /// The cost of names that are matched and were never needed, in tenths of a byte for each unit of them.
    collateral: u64,
    /// The same for those of a kind of which most are needed, all together.
    kin: u64,
    /// How many names of a unit there have to be for what varies in them to be a star.
    repeats: usize,
    /// How many names beside each other make a directory that gets new ones.
    siblings: usize,
    /// Whether the scope itself can be such a directory for names that do not vary.
    everything: bool,
    /// Whether a star below a directory may stand for names in it as well.
    everything_below: bool,
    /// Whether a pattern is replaced by one that says more, and does the same.
    tighten: bool,
    /// Whether what varies in names is given by its length, where it has one.
    pub(super) fixed: bool,
    /// What a star has to cover if it stands for more than what varies in names: for a directory, and for names that end
    /// alike.
    directory: Least,
    alike: Least,
}

/// How many units a pattern has to cover, and of how many kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Least {
    kinds: usize,
    units: usize,
}

const ANY: Least = Least { kinds: 1, units: 1 };
const NEVER: Least = Least { kinds: usize::MAX, units: usize::MAX };

impl Dials {
    pub(super) fn of(precision: Precision) -> Self {
        match precision {
            Precision::Strict => Self {
                swallowed: 20,
                collateral: 10_000,
                kin: 10_000,
                repeats: 3,
                siblings: usize::MAX,
                everything: false,
                everything_below: false,
                tighten: true,
                fixed: true,
                directory: NEVER,
                alike: NEVER,
            },
            Precision::Balanced => Self {
                swallowed: 6,
                collateral: 5_000,
                kin: 640,
                repeats: 1,
                siblings: 8,
                everything: false,
                everything_below: true,
                tighten: true,
                fixed: false,
                directory: Least { kinds: 3, units: 3 },
                alike: Least { kinds: 1, units: 2 },
            },
            Precision::Broad => Self {
                swallowed: 1,
                collateral: 40,
                kin: 40,
                repeats: 1,
                siblings: 3,
                everything: true,
                everything_below: true,
                tighten: false,
                fixed: false,
                directory: ANY,
                alike: ANY,
            },
        }
    }
}

/// What surrounds the names that are to be covered.
#[derive(Debug)]
pub(super) struct Surroundings<'u> {
    /// The texts of units that are known and were not needed, in order.
    pub(super) known: Vec<&'u [char]>,
    /// How many names of a unit are known, by its text.
    pub(super) counts: &'u BTreeMap<Rc<[char]>, usize>,
    /// What must not be matched: names and shapes.
    pub(super) refused: Vec<Vec<char>>,
    /// Patterns of names that must not be matched.
    pub(super) never: Vec<Glob>,
    /// Patterns within one of which each pattern has to lie, if there are bounds.
    pub(super) within: Option<Vec<Glob>>,
    /// On how many days names have to be seen for what varies in them to be a star.
    pub(super) days: usize,
    /// On how many days any of them were seen.
    pub(super) seen_days: usize,
}

/// A pattern that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) pattern: Glob,
    /// How many known units it matches that were not needed.
    pub(super) collateral: usize,
}

/// A pattern that can be chosen.
struct Candidate {
    pattern: Glob,
    /// The pattern as policies write it.
    text: String,
    /// Which units it covers.
    covers: Vec<usize>,
    cost: u64,
    collateral: usize,
}

impl Surroundings<'_> {
    fn permits(&self, pattern: &Glob) -> bool {
        !self.refused.iter().any(|refused| pattern.covers(refused))
            && !self.never.iter().any(|never| never.meets(pattern))
            && self.within.as_ref().is_none_or(|within| within.iter().any(|outer| outer.covers(&pattern.0)))
    }
}

/// What tells which units and known names a pattern may cover.
struct Outlines {
    /// The texts of units with as many `?` for what varies as it always has characters, which says less than a star.
    fixed: Vec<Vec<char>>,
    /// What stands beside each other in the texts of units, and in these.
    pairs: Vec<[Pairs; 2]>,
    /// The same in known names.
    known: Vec<Pairs>,
}

impl Outlines {
    fn of(units: &[Cow<'_, Unit>], around: &Surroundings<'_>) -> Self {
        let fixed: Vec<Vec<char>> = units.iter().map(|unit| unit.fixed().text).collect();
        let pairs = units.iter().zip(&fixed).map(|(unit, fixed)| [&unit.text, fixed].map(|text| Pairs::of(text)));
        Self { pairs: pairs.collect(), known: around.known.iter().map(|text| Pairs::of(text)).collect(), fixed }
    }
}

/// The patterns for units, in order. What nothing may cover is left out, and missed by whoever proves the result.
pub(super) fn cover(units: &BTreeMap<Vec<char>, Unit>, around: &Surroundings<'_>, dials: Dials) -> Vec<Chosen> {
    // Where names were not seen on enough days, nothing stands for more than them.
    let young = around.seen_days < around.days;
    let dials = Dials { siblings: if young { usize::MAX } else { dials.siblings }, ..dials };
    let units = settled(units, around, dials);
    let open = Directories::of(&units, dials);
    let kinds = Kinds::of(&units, &around.known, &open);
    let mut patterns: BTreeMap<Glob, Least> = BTreeMap::new();
    let outlines = Outlines::of(&units, around);
    for (unit, fixed) in units.iter().zip(&outlines.fixed) {
        candidates(&unit.text, &open, dials, &mut patterns);
        patterns.insert(Glob::new(typed(fixed).into_iter()), ANY);
    }
    patterns.retain(|pattern, _| around.permits(pattern));
    let found = patterns
        .into_iter()
        .filter_map(|(pattern, least)| candidate(pattern, least, &units, &outlines, around, &kinds, dials));
    let mut found: Vec<Candidate> = found.collect();
    // What no pattern covers is given name by name.
    let mut covered = vec![false; units.len()];
    found.iter().flat_map(|candidate| &candidate.covers).for_each(|at| mark(&mut covered, *at));
    let mut names = Vec::new();
    // Of those that are too many, some names would not do: that is found missing by whoever proves the result.
    for (unit, _) in units.iter().zip(&covered).filter(|(unit, covered)| !**covered && unit.all) {
        names.extend(unit.names.iter().map(|name| Glob::new(name.text.chars())).filter(|name| around.permits(name)));
    }
    found.sort_by(|one, other| (one.text.len(), &one.text).cmp(&(other.text.len(), &other.text)));
    let mut chosen: Vec<Chosen> = choose(&found, units.len())
        .into_iter()
        .map(|candidate| if dials.tighten { tightest(candidate, &found) } else { candidate })
        .map(|candidate| Chosen { pattern: candidate.pattern.clone(), collateral: candidate.collateral })
        .collect();
    chosen.extend(names.into_iter().map(|pattern| Chosen { pattern, collateral: 0 }));
    chosen.sort_by_cached_key(|chosen| chosen.pattern.text());
    chosen.dedup_by(|one, other| one.pattern == other.pattern);
    chosen
}

/// The units as they are to be covered: where too little is known for a star, name by name; where what was refused is in
/// the way, by what is at one of their varying places.
fn settled<'u>(units: &'u BTreeMap<Vec<char>, Unit>, around: &Surroundings<'_>, dials: Dials) -> Vec<Cow<'u, Unit>> {
    let mut settled = Vec::new();
    for unit in units.values() {
        let varies = unit.text.iter().any(|symbol| varies(*symbol));
        let known = around.counts.get(&unit.text[..]).copied().unwrap_or_default();
        // One or two names of very many are no habit.
        let rare = unit.count <= 2 && known >= 16 * unit.count;
        let few = unit.count < dials.repeats || unit.days.len() < around.days;
        if varies && unit.all && (rare || few) {
            settled.extend(unit.one_by_one().map(Cow::Owned));
            continue;
        }
        if !unit.all && unit.days.len() < around.days {
            continue;
        }
        // Everything in a bucket is more than any evidence shows.
        let anything = !dials.everything && typed(&unit.text) == [STAR];
        let fixed = if dials.fixed || anything { Some(unit.fixed()) } else { None };
        match fixed {
            Some(fixed) if anything && typed(&fixed.text) == [STAR] && unit.all => {
                settled.extend(unit.one_by_one().map(Cow::Owned));
            }
            Some(fixed) if anything || around.permits(&Glob::new(typed(&fixed.text).into_iter())) => {
                narrow(Cow::Owned(fixed), 0, around, &mut settled);
            }
            _ => narrow(Cow::Borrowed(unit), 0, around, &mut settled),
        }
    }
    settled.sort_by(|one, other| one.text.cmp(&other.text));
    settled
}

/// Into how many units one is split at most, at one place.
const SPLIT: usize = 32;

/// Splits a unit until none of what is refused is in the way.
fn narrow<'u>(unit: Cow<'u, Unit>, from: usize, around: &Surroundings<'_>, settled: &mut Vec<Cow<'u, Unit>>) {
    let permitted = |unit: &Unit| around.permits(&Glob::new(typed(&unit.text).into_iter()));
    if permitted(&unit) {
        settled.push(unit);
        return;
    }
    let fixed = unit.fixed();
    if fixed.text != unit.text && permitted(&fixed) {
        settled.push(Cow::Owned(fixed));
        return;
    }
    // At the place where most of it can stay together.
    let mut best: Option<(usize, usize, Vec<Unit>)> = None;
    let mut number = from;
    while let Some(parts) = unit.split(number) {
        let stay = parts.iter().filter(|part| permitted(part)).map(|part| part.count).sum();
        if parts.len() <= SPLIT && best.as_ref().is_none_or(|(most, ..)| stay > *most) {
            best = Some((stay, number, parts));
        }
        number += 1;
    }
    match best {
        Some((_, number, parts)) => {
            parts.into_iter().for_each(|part| narrow(Cow::Owned(part), number, around, settled));
        }
        None if unit.all => settled.extend(unit.one_by_one().map(Cow::Owned)),
        None => settled.push(unit),
    }
}

/// The directories that get new names. A directory is the segments down to it.
struct Directories {
    /// Those with names that vary, or with many.
    open: HashSet<Vec<char>>,
    /// Those with many, be it that these vary or not.
    many: HashSet<Vec<char>>,
}

impl Directories {
    fn of(units: &[Cow<'_, Unit>], dials: Dials) -> Self {
        let mut children: HashMap<&[char], BTreeSet<&[char]>> = HashMap::new();
        for unit in units {
            let mut start = 0;
            for segment in unit.text.split(|symbol| *symbol == '/') {
                let parent = unit.text.get(..start).unwrap_or_default();
                children.entry(parent).or_default().insert(segment);
                start += segment.len() + 1;
            }
        }
        let mut directories = Self { open: HashSet::new(), many: HashSet::new() };
        for (parent, names) in children {
            let varying = names.iter().any(|name| name.iter().any(|symbol| varies(*symbol)));
            let many = names.len() >= dials.siblings && (dials.everything || !parent.is_empty());
            if many {
                directories.many.insert(parent.to_vec());
            }
            if many || varying || parent.ends_with(&[USER, '/']) {
                directories.open.insert(parent.to_vec());
            }
        }
        directories
    }

    /// What names have in common that differ in no more than the names of directories that have many.
    fn kind(&self, text: &[char]) -> Vec<char> {
        let mut kind = Vec::with_capacity(text.len());
        let mut start = 0;
        for segment in text.split(|symbol| *symbol == '/') {
            let end = start + segment.len();
            if self.many.contains(text.get(..start).unwrap_or_default()) {
                kind.push(STAR);
                if end == text.len()
                    && let Some(dot) = segment.iter().rposition(|symbol| *symbol == '.')
                {
                    kind.extend(segment.get(dot..).unwrap_or_default());
                }
            } else {
                kind.extend(segment);
            }
            kind.push('/');
            start = end + 1;
        }
        kind
    }
}

/// Which units are of one kind, by number.
struct Kinds {
    units: Vec<usize>,
    known: Vec<usize>,
    /// Of which kinds a third at least is needed.
    mostly_needed: Vec<bool>,
}

impl Kinds {
    fn of(units: &[Cow<'_, Unit>], known: &[&[char]], directories: &Directories) -> Self {
        let mut numbers: HashMap<Vec<char>, usize> = HashMap::new();
        let mut number = |text: &[char]| {
            let next = numbers.len();
            *numbers.entry(directories.kind(text)).or_insert(next)
        };
        let units: Vec<usize> = units.iter().map(|unit| number(&unit.text)).collect();
        let known: Vec<usize> = known.iter().map(|text| number(text)).collect();
        let mut balance = vec![0_isize; numbers.len()];
        let mut add = |kinds: &[usize], one: isize| {
            for kind in kinds {
                if let Some(balance) = balance.get_mut(*kind) {
                    *balance += one;
                }
            }
        };
        // A third of them is a habit.
        add(&units, 2);
        add(&known, -1);
        Self { units, known, mostly_needed: balance.into_iter().map(|balance| balance >= 0).collect() }
    }

    /// How many known names are matched without need, and of how many kinds those are that are of one of which most are
    /// needed.
    fn unneeded(&self, matched: &[usize]) -> (usize, usize) {
        let mut kinds: Vec<usize> = matched.iter().filter_map(|at| self.known.get(*at)).copied().collect();
        let all = kinds.len();
        kinds.retain(|kind| self.mostly_needed.get(*kind) == Some(&true));
        let excused = kinds.len();
        kinds.sort_unstable();
        kinds.dedup();
        (all - excused, kinds.len())
    }
}

/// The patterns that a unit suggests.
fn candidates(text: &[char], directories: &Directories, dials: Dials, patterns: &mut BTreeMap<Glob, Least>) {
    let (below, alike) = (dials.directory, dials.alike);
    let mut add = |least: Least, parts: &[&[char]]| {
        let mut pattern = Glob::new(parts.iter().flat_map(|part| part.iter().copied()));
        // A star stands for slashes, too: what ends in several says little more than what ends in one.
        while dials.everything_below && pattern.0.len() > 3 && pattern.0.ends_with(&[STAR, '/', STAR]) {
            pattern.0.truncate(pattern.0.len() - 2);
        }
        let needed = patterns.entry(pattern).or_insert(least);
        *needed = least.min(*needed);
    };
    add(ANY, &[text]);
    let segments: Vec<&[char]> = text.split(|symbol| *symbol == '/').collect();
    let Some((last, above)) = segments.split_last() else { return };
    add(ANY, &[&typed(text)]);
    let endings = endings(last);
    let star: &[char] = &[STAR];
    let mut start = 0;
    for (depth, segment) in segments.iter().enumerate() {
        let parent = text.get(..start).unwrap_or_default();
        start += segment.len() + 1;
        if !directories.open.contains(parent) {
            continue;
        }
        // Everything in a bucket is more than any evidence shows.
        if parent.first().is_some_and(|symbol| !varies(*symbol)) || dials.everything {
            add(below, &[parent, star]);
        }
        let is_last = depth == above.len();
        // What stands for a directory ends with it.
        if !is_last && segment.iter().any(|symbol| varies(*symbol)) {
            add(below, &[parent, &typed(segment), &['/'], star]);
        }
        let head: &[char] = segment.split(|symbol| varies(*symbol) || *symbol == USER).next().unwrap_or_default();
        let head = if head.len() == segment.len() { &[] } else { head };
        if is_last && !head.is_empty() {
            add(below, &[parent, head, star]);
        }
        for ending in &endings {
            add(alike, &[parent, star, ending]);
            if !head.is_empty() {
                add(alike, &[parent, head, star, ending]);
            }
        }
        if !is_last && !last.iter().any(|symbol| varies(*symbol)) {
            add(alike, &[parent, star, &['/'], last]);
        }
        for inner in above.iter().skip(depth + 1) {
            if !inner.iter().any(|symbol| varies(*symbol)) {
                add(below, &[parent, star, &['/'], inner, &['/'], star]);
                for ending in &endings {
                    add(alike, &[parent, star, &['/'], inner, &['/'], star, ending]);
                }
            }
        }
    }
}

/// Whether a character of the text of a unit stands for others.
fn varies(symbol: char) -> bool {
    is_class(symbol) || symbol == ONE
}

/// A shape with one star for all that varies in a segment, from the first class of it to the last.
fn typed(text: &[char]) -> Vec<char> {
    let mut typed = Vec::with_capacity(text.len());
    for (number, segment) in text.split(|symbol| *symbol == '/').enumerate() {
        if number > 0 {
            typed.push('/');
        }
        let first = segment.iter().position(|symbol| is_class(*symbol));
        let last = segment.iter().rposition(|symbol| is_class(*symbol));
        match (first, last) {
            (Some(first), Some(last)) => {
                typed.extend(segment.get(..first).unwrap_or_default());
                typed.push(STAR);
                typed.extend(segment.get(last + 1..).unwrap_or_default());
            }
            _ => typed.extend(segment),
        }
    }
    typed
}

/// The endings of a segment that stay the same: from each `.`, `_` and `-` behind the last class.
fn endings(segment: &[char]) -> Vec<Vec<char>> {
    let text: String = segment.iter().collect();
    let whole = ending(&text);
    let starts = whole.char_indices().filter(|(_, symbol)| matches!(symbol, '.' | '_' | '-'));
    starts.filter_map(|(at, _)| whole.get(at..)).map(|ending| ending.chars().collect()).collect()
}

/// Those of units in the order of their texts that begin as a pattern does.
fn within<'u, U>(units: &'u [U], text: impl Fn(&U) -> &[char], pattern: &Glob) -> (usize, &'u [U]) {
    let head = pattern.head();
    let start = units.partition_point(|unit| text(unit) < head);
    let rest = units.get(start..).unwrap_or_default();
    let count = rest.partition_point(|unit| text(unit).starts_with(head));
    (start, rest.get(..count).unwrap_or_default())
}

/// A pattern that covers as much as it has to.
fn candidate(
    pattern: Glob,
    least: Least,
    units: &[Cow<'_, Unit>],
    outlines: &Outlines,
    around: &Surroundings<'_>,
    kinds: &Kinds,
    dials: Dials,
) -> Option<Candidate> {
    let literals = pattern.literals();
    let (start, near) = within(units, |unit| &unit.text, &pattern);
    let pairs = pattern.pairs();
    let covers = |of: Pairs, text: &[char]| pairs.may_be_in(of) && pattern.covers(text);
    let near = near.iter().zip(outlines.fixed.iter().zip(&outlines.pairs).skip(start)).enumerate();
    let covered = near.filter(|(_, (unit, (fixed, [of_text, of_fixed])))| {
        covers(*of_text, &unit.text) || **fixed != unit.text && covers(*of_fixed, fixed)
    });
    let covered: Vec<usize> = covered.map(|(at, _)| start + at).collect();
    // Names of one kind count once.
    let mut swallowed: HashMap<usize, usize> = HashMap::new();
    for at in &covered {
        let (Some(unit), Some(kind)) = (units.get(*at), kinds.units.get(*at)) else { continue };
        let longest = swallowed.entry(*kind).or_default();
        *longest = unit.literals().saturating_sub(literals).max(*longest);
    }
    if covered.len() < least.units || swallowed.len() < least.kinds {
        return None;
    }
    let swallowed: usize = swallowed.values().sum();
    let (start, near) = if pattern.is_name() { (0, &[][..]) } else { within(&around.known, |text| text, &pattern) };
    let near = near.iter().zip(outlines.known.iter().skip(start)).enumerate();
    let matched = near.filter(|(_, (text, of))| covers(**of, text));
    let matched: Vec<usize> = matched.map(|(at, _)| start + at).collect();
    let collateral = matched.len();
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let text = pattern.text();
    // A pattern is written between quotes, with a comma and an indentation.
    let bytes = number(text.len()) + 12;
    let (foreign, kin) = kinds.unneeded(&matched);
    let paid = number(foreign) * dials.collateral + number(kin) * dials.kin;
    let cost = bytes * 10 + number(swallowed) * dials.swallowed + paid;
    Some(Candidate { pattern, text, covers: covered, cost, collateral })
}

fn mark(marks: &mut [bool], at: usize) {
    if let Some(mark) = marks.get_mut(at) {
        *mark = true;
    }
}

/// A weighted set cover: greedily by the cost of a unit, then without what is not needed, then with single patterns for
/// several where that costs less.
fn choose(candidates: &[Candidate], units: usize) -> Vec<&Candidate> {
    let mut chosen = greedily(candidates, units);
    drop_needless(candidates, &mut chosen, units);
    // Each step costs less than the one before.
    while let Some(better) = better(candidates, &chosen, units) {
        chosen.push(better);
        drop_needless(candidates, &mut chosen, units);
        if !chosen.contains(&better) {
            break;
        }
    }
    chosen.iter().filter_map(|at| candidates.get(*at)).collect()
}

/// Of the candidates that cover all that one covers, without more that was never needed, the one that says most.
fn tightest<'c>(candidate: &'c Candidate, candidates: &'c [Candidate]) -> &'c Candidate {
    // How long something is says nothing that was not asked for.
    let ones = |pattern: &Glob| pattern.0.iter().filter(|symbol| **symbol == ONE).count();
    let covers = |other: &&Candidate| {
        other.collateral <= candidate.collateral
            && ones(&other.pattern) <= ones(&candidate.pattern)
            && other.covers.len() >= candidate.covers.len()
            && candidate.covers.iter().all(|unit| other.covers.binary_search(unit).is_ok())
    };
    let says = |pattern: &Glob| pattern.0.iter().filter(|symbol| !varies(**symbol) && **symbol != STAR).count();
    let says_more = |other: &&Candidate| (Reverse(says(&other.pattern)), other.text.len(), other.text.clone());
    candidates.iter().filter(covers).min_by_key(says_more).unwrap_or(candidate)
}

/// The cost of each new unit, finely enough to compare.
fn rate(cost: u64, new: usize) -> u64 {
    let new = u64::try_from(new).unwrap_or(u64::MAX);
    cost.saturating_mul(1 << 20) / new.max(1)
}

fn greedily(candidates: &[Candidate], units: usize) -> Vec<usize> {
    let mut covered = vec![false; units];
    let mut chosen = Vec::new();
    // What a candidate covers anew becomes less and less: one that is still the best when looked at again is the best.
    let first = |(at, candidate): (usize, &Candidate)| Reverse((rate(candidate.cost, candidate.covers.len()), at));
    let mut queue: BinaryHeap<Reverse<(u64, usize)>> = candidates.iter().enumerate().map(first).collect();
    while let Some(Reverse((known, at))) = queue.pop() {
        let Some(candidate) = candidates.get(at) else { continue };
        let new = candidate.covers.iter().filter(|unit| covered.get(**unit) == Some(&false)).count();
        if new == 0 {
            continue;
        }
        let rate = rate(candidate.cost, new);
        if rate > known {
            queue.push(Reverse((rate, at)));
            continue;
        }
        chosen.push(at);
        candidate.covers.iter().for_each(|unit| mark(&mut covered, *unit));
    }
    chosen
}

/// Takes out what others cover as well, the dearest first.
fn drop_needless(candidates: &[Candidate], chosen: &mut Vec<usize>, units: usize) {
    let mut times = vec![0_usize; units];
    for unit in chosen.iter().filter_map(|at| candidates.get(*at)).flat_map(|candidate| &candidate.covers) {
        if let Some(times) = times.get_mut(*unit) {
            *times += 1;
        }
    }
    chosen.sort_by_key(|at| (Reverse(candidates.get(*at).map_or(0, |candidate| candidate.cost)), *at));
    chosen.retain(|at| {
        let Some(candidate) = candidates.get(*at) else { return false };
        let needed = candidate.covers.iter().any(|unit| times.get(*unit) == Some(&1));
        if !needed {
            for unit in &candidate.covers {
                if let Some(times) = times.get_mut(*unit) {
                    *times -= 1;
                }
            }
        }
        needed
    });
}

/// The candidate that saves most if it stands for the chosen ones that lie within it.
fn better(candidates: &[Candidate], chosen: &[usize], units: usize) -> Option<usize> {
    let mut by_unit: Vec<Vec<usize>> = vec![Vec::new(); units];
    for at in chosen {
        for unit in candidates.get(*at).into_iter().flat_map(|candidate| &candidate.covers) {
            if let Some(of_unit) = by_unit.get_mut(*unit) {
                of_unit.push(*at);
            }
        }
    }
    let mut best: Option<(u64, usize)> = None;
    for (at, candidate) in candidates.iter().enumerate().filter(|(at, _)| !chosen.contains(at)) {
        if candidate.covers.len() < 2 {
            continue;
        }
        let mut inside: HashMap<usize, usize> = HashMap::new();
        for own in candidate.covers.iter().filter_map(|unit| by_unit.get(*unit)).flatten() {
            *inside.entry(*own).or_default() += 1;
        }
        let whole = inside.iter().filter_map(|(own, count)| Some((candidates.get(*own)?, count)));
        let cost: u64 = whole.filter(|(own, count)| own.covers.len() == **count).map(|(own, _)| own.cost).sum();
        let saved = cost.saturating_sub(candidate.cost);
        if saved > best.map_or(0, |(most, _)| most) {
            best = Some((saved, at));
        }
    }
    best.map(|(_, at)| at)
}
