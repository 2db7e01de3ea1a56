//! Many patterns at once: which of them fit a text, without asking each.
//!
//! Every text that a pattern fits holds the literal texts of the pattern. Of these the one that fewest other patterns
//! have stands for it; all of them are looked for in one pass over the text, and the patterns of those that are found are
//! asked. What has no wildcard is looked up.

use super::{Pattern, Token};
use aho_corasick::AhoCorasick;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::ops::ControlFlow;

/// How many patterns are asked one after the other.
pub(crate) const FEW: usize = 16;
/// A literal of fewer bytes is in too many texts to stand for a pattern.
const SHORTEST: usize = 3;

/// Patterns that are asked together.
///
/// ```
/// use can_access_engine::pattern::{Pattern, PatternSet, Syntax};
/// let parse = |text| Pattern::parse(text, Syntax::WILDCARDS).0;
/// let set = PatternSet::new(["logs/*", "*.gz", "logs/today"].map(parse).to_vec());
/// assert_eq!(set.matching("logs/a.gz"), [0, 1]);
/// ```
#[derive(Debug)]
pub struct PatternSet {
    patterns: Vec<Pattern>,
    candidates: Candidates,
}

impl PatternSet {
    /// Compiles a set.
    #[must_use]
    pub fn new(patterns: Vec<Pattern>) -> Self {
        let candidates = Candidates::of(patterns.iter().map(|pattern| Pieces::default().then(pattern)).collect(), FEW);
        Self { patterns, candidates }
    }

    /// Which patterns fit a text, by number, in order. Variables count as having no value.
    #[must_use]
    pub fn matching(&self, text: &str) -> Vec<usize> {
        let mut matching = Vec::new();
        self.each(text, |at| matching.push(at));
        matching.sort_unstable();
        matching.dedup();
        matching
    }

    /// Tells which patterns fit a text, by number, in no order. One may be told several times. Nothing is allocated.
    pub fn each(&self, text: &str, mut tell: impl FnMut(usize)) {
        let _ = self.candidates.each(text, &mut |at| {
            if self.patterns.get(at).is_some_and(|pattern| pattern.is_match(text)) {
                tell(at);
            }
            ControlFlow::Continue(())
        });
    }

    /// Whether any pattern fits a text.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        let fits = |at: usize| self.patterns.get(at).is_some_and(|pattern| pattern.is_match(text));
        let stop = |at| if fits(at) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        self.candidates.each(text, &mut { stop }).is_break()
    }
}

/// The literal texts of a pattern, from left to right.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    texts: Vec<String>,
    /// Whether the last text can go on.
    grows: bool,
    /// Whether anything but literal text is in it.
    is_open: bool,
}

impl Pieces {
    /// With literal text behind.
    pub(crate) fn literal(mut self, text: &str) -> Self {
        match self.texts.last_mut().filter(|_| self.grows) {
            Some(last) => last.push_str(text),
            None => self.texts.push(text.to_owned()),
        }
        self.grows = true;
        self
    }

    /// With a pattern behind.
    pub(crate) fn then(mut self, pattern: &Pattern) -> Self {
        for token in &pattern.tokens {
            match token {
                Token::Literal(text) => self = self.literal(text),
                Token::AnyChar | Token::AnyRun | Token::Variable(_) => (self.grows, self.is_open) = (false, true),
            }
        }
        self
    }

    /// The one text that fits.
    fn only(&self) -> Option<&str> {
        (!self.is_open).then(|| self.texts.first().map_or("", String::as_str))
    }
}

/// Which of many patterns may fit a text.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    /// Patterns that fit one text.
    exact: FxHashMap<Box<str>, Vec<u32>>,
    /// Patterns that are asked whatever the text.
    always: Vec<u32>,
    /// The texts that stand for the others.
    anchors: Option<AhoCorasick>,
    /// The patterns that each of them stands for.
    owners: Vec<Vec<u32>>,
}

impl Candidates {
    /// Of patterns with these literal texts; up to `few` are all asked.
    pub(crate) fn of(patterns: Vec<Pieces>, few: usize) -> Self {
        let mut candidates = Self::default();
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        if patterns.len() <= few {
            candidates.always = (0..patterns.len()).map(number).collect();
            return candidates;
        }
        let mut times: FxHashMap<&str, usize> = FxHashMap::default();
        for text in patterns.iter().filter(|pieces| pieces.is_open).flat_map(|pieces| &pieces.texts) {
            *times.entry(text).or_default() += 1;
        }
        let mut numbers: FxHashMap<&str, usize> = FxHashMap::default();
        let mut anchors: Vec<&str> = Vec::new();
        for (at, pieces) in patterns.iter().enumerate() {
            if let Some(only) = pieces.only() {
                candidates.exact.entry(only.into()).or_default().push(number(at));
                continue;
            }
            let long = pieces.texts.iter().filter(|text| text.len() >= SHORTEST);
            let rarest = long.min_by_key(|text| (times.get(text.as_str()), Reverse(text.len())));
            let Some(anchor) = rarest else {
                candidates.always.push(number(at));
                continue;
            };
            let owned = *numbers.entry(anchor).or_insert_with(|| {
                anchors.push(anchor);
                candidates.owners.push(Vec::new());
                anchors.len() - 1
            });
            if let Some(owned) = candidates.owners.get_mut(owned) {
                owned.push(number(at));
            }
        }
        if !anchors.is_empty() {
            match AhoCorasick::new(&anchors) {
                Ok(automaton) => candidates.anchors = Some(automaton),
                // Too many for an automaton.
                Err(_) => candidates.always.extend(candidates.owners.drain(..).flatten()),
            }
        }
        candidates
    }

    /// Tells of every pattern that may fit a text, perhaps more than once, until told to stop.
    pub(crate) fn each(&self, text: &str, tell: &mut impl FnMut(usize) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut all = |patterns: &[u32]| patterns.iter().try_for_each(|at| tell(*at as usize));
        if !self.exact.is_empty()
            && let Some(patterns) = self.exact.get(text)
        {
            all(patterns)?;
        }
        all(&self.always)?;
        if let Some(automaton) = &self.anchors {
            for found in automaton.find_overlapping_iter(text) {
                all(self.owners.get(found.pattern().as_usize()).map(Vec::as_slice).unwrap_or_default())?;
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Syntax;

    fn set(texts: &[String]) -> PatternSet {
        PatternSet::new(texts.iter().map(|text| Pattern::parse(text, Syntax::WILDCARDS).0).collect())
    }

    #[test]
    fn a_large_set_finds_what_each_of_its_patterns_would() {
        let mut texts: Vec<String> = (0..40).map(|n| format!("arn:aws:dynamodb:*:*:table/t{n}*")).collect();
        texts.extend((0..40).map(|n| format!("b{n}/k")));
        texts.extend(["*", "?", "", "*a?*", "b1/*", "*/k", "b1/k"].map(str::to_owned));
        let set = set(&texts);
        let single: Vec<Pattern> = texts.iter().map(|text| Pattern::parse(text, Syntax::WILDCARDS).0).collect();
        for text in
            ["b1/k", "", "x", "arn:aws:dynamodb:eu-west-1:111122223333:table/t12", "b1/kk", "ab", "t1", "b1/k/k"]
        {
            let wanted: Vec<usize> = (0..single.len()).filter(|at| single[*at].is_match(text)).collect();
            assert_eq!(set.matching(text), wanted, "{text}");
            assert_eq!(set.is_match(text), !wanted.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_common_beginning_does_not_stand_for_a_pattern() {
        let texts: Vec<String> = (0..1000).map(|n| format!("arn:aws:dynamodb:*:*:table/t{n}x*")).collect();
        let set = set(&texts);
        let mut asked = 0;
        let _ = set.candidates.each("arn:aws:dynamodb:eu-west-1:111122223333:table/t12x", &mut |_| {
            asked += 1;
            ControlFlow::Continue(())
        });
        assert!(asked < 4, "{asked}");
    }
}
