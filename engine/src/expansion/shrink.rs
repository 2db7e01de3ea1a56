//! The shortest patterns that cover the same actions.
//!
//! For each service, the candidates are patterns made of whole words of the names (`Get*Tagging`), as far as they cover
//! nothing else; the cheapest set of them that covers everything is searched, in bounded time: a greedy choice first,
//! then branch and bound from there. Whatever comes out is expanded again and compared before it is given to anybody.

use super::{expand_all, is_covered, of_service, services_of};
use crate::action::ActionPattern;
use crate::catalogue::{Catalogue, Service, words};
use crate::document::{self, Node};
use crate::policy::Policy;
use crate::problem::{Source, Span};
use std::collections::{BTreeMap, BTreeSet};

/// How many steps the search for a better cover takes, for each service.
const STEPS: usize = 20_000;
/// What an entry costs besides its text: two quotes and a comma.
const PER_ENTRY: usize = 3;

/// Which patterns are taken into account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// The shortest, wherever their wildcards stand.
    #[default]
    Shortest,
    /// Those that name the verb: `AssumeRole*` rather than `*Role*`, which covers more of what AWS may add.
    KeepVerbs,
}

/// Patterns that cover the same actions of the catalogue as `entries` do, the shortest that were found; in order of
/// service and name.
///
/// Entries that cover nothing in the catalogue, and those with a wildcard in the service prefix, stay as they are, unless
/// another entry covers them in any case. A wildcard stands for whole words, and never for a single action.
///
/// ```
/// use can_access_engine::action::ActionPattern;
/// use can_access_engine::catalogue::Catalogue;
/// use can_access_engine::expansion::{Style, expand, shrink};
/// let catalogue = Catalogue::published();
/// let actions = expand(catalogue, &ActionPattern::parse("s3:Get*Tagging"));
/// let actions: Vec<_> = actions.iter().map(|action| ActionPattern::parse(&action.to_string())).collect();
/// assert!(actions.len() > 3);
/// assert_eq!(shrink(catalogue, &actions, Style::Shortest), ["s3:Get*Tagging"]);
/// ```
#[must_use]
pub fn shrink(catalogue: &Catalogue, entries: &[ActionPattern], style: Style) -> Vec<String> {
    if let Some(everything) = entries.iter().find(|entry| entry.is_everything()) {
        return vec![everything.as_str().to_owned()];
    }
    let (kept, shrinkable): (Vec<&ActionPattern>, Vec<&ActionPattern>) =
        entries.iter().partition(|entry| entry.service().is_none() || expand_one_is_empty(catalogue, entry));
    let shrinkable: Vec<ActionPattern> = shrinkable.into_iter().cloned().collect();
    let kept_patterns: Vec<ActionPattern> = kept.iter().map(|entry| (*entry).clone()).collect();
    let mut patterns: Vec<String> = services_of(catalogue, &shrinkable)
        .flat_map(|service| Cover::of(service, &shrinkable, &kept_patterns, style).solve())
        .collect();
    // What a pattern covers by its letters is covered whatever AWS adds.
    let covering: Vec<ActionPattern> = patterns.iter().map(|pattern| ActionPattern::parse(pattern)).collect();
    let mut seen = BTreeSet::new();
    patterns.extend(kept.iter().filter(|entry| !is_within(entry, &covering)).map(|entry| entry.as_str().to_owned()));
    patterns.retain(|pattern| seen.insert(pattern.to_ascii_lowercase()));
    patterns
}

/// Whether one of the patterns matches whatever an entry matches: its letters, and a `*` where it has a wildcard.
fn is_within(entry: &ActionPattern, patterns: &[ActionPattern]) -> bool {
    let folded = entry.as_str().to_ascii_lowercase();
    let Some((prefix, name)) = folded.split_once(':').filter(|_| entry.is_well_formed()) else { return false };
    patterns.iter().any(|pattern| !pattern.as_str().contains('?') && pattern.covers(prefix, name))
}

fn expand_one_is_empty(catalogue: &Catalogue, entry: &ActionPattern) -> bool {
    let entry = std::slice::from_ref(entry);
    !services_of(catalogue, entry).any(|service| of_service(service, entry).next().is_some())
}

/// The actions of one service, and the patterns that can cover them.
struct Cover {
    /// How many actions have to be covered.
    wanted: usize,
    candidates: Vec<Candidate>,
}

#[derive(Clone)]
struct Candidate {
    text: String,
    cost: usize,
    /// The actions it covers, of those that have to be.
    covers: Bits,
}

impl Cover {
    fn of(service: Service<'_>, entries: &[ActionPattern], kept: &[ActionPattern], style: Style) -> Self {
        let mut wanted: Vec<(&str, String)> = Vec::new();
        let mut allowed: Vec<String> = Vec::new();
        let mut forbidden: Vec<String> = Vec::new();
        for action in service.actions() {
            let folded = action.name().to_ascii_lowercase();
            match (is_covered(action, kept), is_covered(action, entries)) {
                (true, _) => allowed.push(folded),
                (false, true) => wanted.push((action.name(), folded)),
                (false, false) => forbidden.push(folded),
            }
        }
        let prefix = service.prefix();
        let mut names: BTreeMap<String, bool> = BTreeMap::new();
        for (name, _) in &wanted {
            for pattern in patterns_of(name) {
                if style == Style::Shortest || !pattern.starts_with('*') {
                    names.entry(pattern).or_insert(false);
                }
            }
            names.insert((*name).to_owned(), true);
        }
        if forbidden.is_empty() {
            names.insert("*".to_owned(), true);
        }
        // What was written stands for itself, even if it is cut within a word.
        let own = entries.iter().filter(|entry| entry.service() == Some(prefix));
        names.extend(own.filter_map(|entry| Some((entry.as_str().split_once(':')?.1.to_owned(), true))));

        let mut by_cover: BTreeMap<Bits, Candidate> = BTreeMap::new();
        for (name, anyway) in names {
            let text = format!("{prefix}:{name}");
            let pattern = ActionPattern::parse(&text);
            if forbidden.iter().any(|name| pattern.covers(prefix, name)) {
                continue;
            }
            let covered = wanted.iter().map(|(_, folded)| pattern.covers(prefix, folded));
            let covers = Bits::collect(covered);
            if covers.count() < if anyway { 1 } else { 2 } {
                continue;
            }
            let candidate = Candidate { cost: text.len() + PER_ENTRY, text, covers: covers.clone() };
            // Of equals: what ends in a wildcard, and AWS's own spelling.
            let odd = |candidate: &Candidate| wanted.iter().any(|(own, _)| candidate.text.ends_with(own));
            let rank = |candidate: &Candidate| {
                (candidate.cost, !candidate.text.ends_with('*'), !odd(candidate), candidate.text.clone())
            };
            match by_cover.get_mut(&covers) {
                Some(best) if rank(best) <= rank(&candidate) => {}
                Some(best) => *best = candidate,
                None => _ = by_cover.insert(covers, candidate),
            }
        }
        let candidates: Vec<Candidate> = by_cover.into_values().collect();
        let worse = |candidate: &Candidate| {
            candidates.iter().any(|other| {
                other.covers != candidate.covers
                    && other.cost <= candidate.cost
                    && candidate.covers.is_within(&other.covers)
            })
        };
        let candidates = candidates.iter().filter(|candidate| !worse(candidate)).cloned().collect();
        Self { wanted: wanted.len(), candidates }
    }

    fn solve(&self) -> Vec<String> {
        let all = Bits::collect((0..self.wanted).map(|_| true));
        let mut best = self.greedy(&all);
        let mut search = Search { cover: self, best_cost: self.cost(&best), best: None, steps: STEPS };
        search.descend(&all, &mut Vec::new(), 0);
        if let Some(better) = search.best {
            best = better;
        }
        let mut texts: Vec<String> =
            best.iter().filter_map(|&at| self.candidates.get(at)).map(|candidate| candidate.text.clone()).collect();
        texts.sort();
        texts
    }

    fn cost(&self, chosen: &[usize]) -> usize {
        chosen.iter().filter_map(|&at| self.candidates.get(at)).map(|candidate| candidate.cost).sum()
    }

    /// Takes what covers most for its length, again and again, and then leaves out what is not needed.
    fn greedy(&self, all: &Bits) -> Vec<usize> {
        let mut left = all.clone();
        let mut chosen: Vec<usize> = Vec::new();
        while left.count() > 0 {
            let worth = |candidate: &Candidate| candidate.covers.shared(&left);
            let candidates = self.candidates.iter().enumerate().filter(|(_, candidate)| worth(candidate) > 0);
            // The comparison of fractions without dividing; of equals, the first.
            let best = candidates.min_by(|(_, one), (_, other)| {
                (one.cost * worth(other)).cmp(&(other.cost * worth(one))).then_with(|| one.text.cmp(&other.text))
            });
            let Some((at, candidate)) = best else { break };
            left.remove(&candidate.covers);
            chosen.push(at);
        }
        let needed = |without: usize, chosen: &[usize]| {
            let mut left = all.clone();
            let others = chosen.iter().filter(|&&at| at != without).filter_map(|&at| self.candidates.get(at));
            others.for_each(|candidate| left.remove(&candidate.covers));
            left.count() > 0
        };
        for at in chosen.clone().into_iter().rev() {
            if !needed(at, &chosen) {
                chosen.retain(|&other| other != at);
            }
        }
        chosen
    }
}

/// The search for a cheaper cover than the best so far.
struct Search<'s> {
    cover: &'s Cover,
    best_cost: usize,
    best: Option<Vec<usize>>,
    steps: usize,
}

impl Search<'_> {
    fn descend(&mut self, left: &Bits, chosen: &mut Vec<usize>, cost: usize) {
        if left.count() == 0 {
            if cost < self.best_cost {
                self.best_cost = cost;
                self.best = Some(chosen.clone());
            }
            return;
        }
        if self.steps == 0 || cost + self.least(left) >= self.best_cost {
            return;
        }
        self.steps -= 1;
        // The action with the fewest candidates decides soonest.
        let candidates = &self.cover.candidates;
        let of =
            |action: usize| candidates.iter().enumerate().filter(move |(_, candidate)| candidate.covers.has(action));
        let Some(action) = left.iter().min_by_key(|&action| of(action).count()) else { return };
        let mut options: Vec<(usize, usize, usize)> =
            of(action).map(|(at, candidate)| (candidate.cost, candidate.covers.shared(left), at)).collect();
        options.sort_by(|(cost, worth, at), (other_cost, other_worth, other_at)| {
            (cost * other_worth).cmp(&(other_cost * worth)).then(at.cmp(other_at))
        });
        for (more, _, at) in options {
            let Some(candidate) = candidates.get(at) else { continue };
            let mut rest = left.clone();
            rest.remove(&candidate.covers);
            chosen.push(at);
            self.descend(&rest, chosen, cost + more);
            chosen.pop();
        }
    }

    /// What the rest costs at least: each action its share of the best candidate for it.
    fn least(&self, left: &Bits) -> usize {
        // In thousandths, rounded down.
        let mut shares = vec![usize::MAX; self.cover.wanted];
        for candidate in &self.cover.candidates {
            let worth = candidate.covers.shared(left);
            if worth == 0 {
                continue;
            }
            let share = candidate.cost * 1000 / worth;
            for action in candidate.covers.iter() {
                if let Some(least) = shares.get_mut(action) {
                    *least = share.min(*least);
                }
            }
        }
        let shares = left.iter().filter_map(|action| shares.get(action)).filter(|&&share| share < usize::MAX);
        shares.sum::<usize>().div_ceil(1000)
    }
}

/// Patterns of whole words that fit a name: its beginning, its end, both, and something in the middle.
fn patterns_of(name: &str) -> BTreeSet<String> {
    let words: Vec<&str> = words(name).collect();
    let run = |from: usize, to: usize| words.get(from..to).unwrap_or_default().concat();
    let n = words.len();
    let mut patterns = BTreeSet::new();
    for from in 0..=n {
        patterns.insert(format!("{}*", run(0, from)));
        patterns.insert(format!("*{}", run(from, n)));
        for to in from..=n {
            patterns.insert(format!("{}*{}", run(0, from), run(to, n)));
            patterns.insert(format!("*{}*", run(from, to)));
            if from > 1 {
                patterns.insert(format!("{}*{}*", run(0, 1), run(from, to)));
            }
        }
    }
    patterns.retain(|pattern| pattern.bytes().any(|byte| byte != b'*') && !pattern.contains("**"));
    patterns
}

/// A set of small numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Bits(Vec<u64>);

impl Bits {
    fn collect(bits: impl Iterator<Item = bool>) -> Self {
        let mut words = Vec::new();
        for (at, bit) in bits.enumerate() {
            if at % 64 == 0 {
                words.push(0);
            }
            if let Some(word) = words.last_mut() {
                *word |= u64::from(bit) << (at % 64);
            }
        }
        Self(words)
    }

    fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    fn shared(&self, other: &Self) -> usize {
        self.0.iter().zip(&other.0).map(|(one, other)| (one & other).count_ones() as usize).sum()
    }

    fn is_within(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(one, other)| one & !other == 0)
    }

    fn remove(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(one, other)| *one &= !other);
    }

    fn has(&self, at: usize) -> bool {
        self.0.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        self.0
            .iter()
            .enumerate()
            .flat_map(|(index, word)| (0..64).filter(move |at| word >> at & 1 == 1).map(move |at| index * 64 + at))
    }
}

/// A policy with the shortest action patterns.
#[derive(Debug, Clone, PartialEq)]
pub struct Shrunk {
    /// The text: as it was, but for the changed elements.
    pub text: String,
    /// What was changed, in order.
    pub changes: Vec<Change>,
}

/// An `Action` or `NotAction` element with other entries than before.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The statement, counted from 0.
    pub statement: usize,
    /// `Action` or `NotAction`.
    pub element: &'static str,
    /// How many entries there were.
    pub before: usize,
    /// How many actions of the catalogue they cover; the new ones cover the same.
    pub actions: usize,
    /// The new entries.
    pub entries: Vec<String>,
}

/// Writes each `Action` and `NotAction` of a policy with the shortest patterns that cover the same actions of the
/// catalogue; everything else stays, to the byte. An element whose patterns cannot be made shorter stays as well.
///
/// The result has been read again, and what it covers compared: `None` if they differ, which would be a mistake of this
/// crate and is never to be written anywhere.
///
/// ```
/// use can_access_engine::catalogue::Catalogue;
/// use can_access_engine::expansion::{Style, shrink_policy};
/// use can_access_engine::layer::Layer;
/// use can_access_engine::policy::Policy;
/// use can_access_engine::problem::Source;
/// let text = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Resource": "*",
///     "Action": ["sqs:ListQueues", "sqs:ListQueueTags", "sqs:ListDeadLetterSourceQueues", "sqs:ListMessageMoveTasks"]}}"#;
/// let policy = Policy::read(Source::new("p.json", text), Layer::Identity).unwrap();
/// let shrunk = shrink_policy(Catalogue::published(), &policy, Style::Shortest).unwrap();
/// assert!(shrunk.text.contains(r#""Action": "sqs:List*""#));
/// ```
#[must_use]
pub fn shrink_policy(catalogue: &Catalogue, policy: &Policy, style: Style) -> Option<Shrunk> {
    let text = policy.source().text();
    let root = document::read(text).root?;
    let nodes = root.get("Statement")?.value.one_or_many();
    let mut changes = Vec::new();
    let mut edits: Vec<(Span, String)> = Vec::new();
    for (index, (statement, node)) in policy.statements().iter().zip(nodes).enumerate() {
        let entries = statement.action().entries();
        let element = if statement.action().is_negated() { "NotAction" } else { "Action" };
        let new = shrink(catalogue, entries, style);
        let length = |texts: &mut dyn Iterator<Item = usize>| texts.map(|length| length + PER_ENTRY).sum::<usize>();
        let before = length(&mut entries.iter().map(|entry| entry.as_str().len()));
        if length(&mut new.iter().map(String::len)) >= before {
            continue;
        }
        let actions = expand_all(catalogue, entries).len();
        let span = node.get(element)?.value.span;
        edits.push((span, written(&new, text, &node.get(element)?.value)));
        changes.push(Change { statement: index, element, before: entries.len(), actions, entries: new });
    }
    let mut shrunk = text.to_owned();
    for (span, list) in edits.iter().rev() {
        shrunk.replace_range(span.start..span.end, list);
    }
    let again = Policy::read(Source::new(policy.source().name(), shrunk.clone()), policy.layer()).ok()?;
    let same = again.statements().len() == policy.statements().len()
        && again.statements().iter().zip(policy.statements()).all(|(new, old)| {
            let names = |entries| expand_all(catalogue, entries).iter().map(ToString::to_string).collect::<Vec<_>>();
            new.action().is_negated() == old.action().is_negated()
                && names(new.action().entries()) == names(old.action().entries())
        });
    same.then_some(Shrunk { text: shrunk, changes })
}

/// The entries as JSON, laid out as the list was before: on one line, or each on its own.
fn written(entries: &[String], text: &str, old: &Node) -> String {
    let quoted: Vec<String> = entries.iter().map(|entry| serde_json::Value::from(entry.as_str()).to_string()).collect();
    let old_text = text.get(old.span.start..old.span.end).unwrap_or_default();
    if let [only] = &quoted[..] {
        return only.clone();
    }
    // What stands between the bracket and the first entry, and before the closing bracket, is the layout.
    let (Some(first), true) = (old.one_or_many().first(), old_text.contains('\n')) else {
        return format!("[{}]", quoted.join(", "));
    };
    let before = text.get(old.span.start + 1..first.span.start).unwrap_or_default();
    let after = old_text.trim_end_matches(']').rfind(|c: char| !c.is_whitespace());
    let behind = after.and_then(|at| old_text.get(at + 1..old_text.len() - 1)).unwrap_or_default();
    format!("[{before}{}{behind}]", quoted.join(&format!(",{before}")))
}
