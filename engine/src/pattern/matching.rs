//! Matching a text against tokens whose variables are replaced.

use super::Token;
use memchr::memmem;

/// A token whose variables are replaced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step<'a> {
    Literal(&'a str),
    AnyChar,
    AnyRun,
}

/// A sequence of steps that can be looked into without building it.
pub(super) trait Steps {
    fn count(&self) -> usize;
    fn step(&self, index: usize) -> Step<'_>;
}

impl Steps for [Token] {
    fn count(&self) -> usize {
        self.len()
    }

    fn step(&self, index: usize) -> Step<'_> {
        match self.get(index) {
            Some(Token::Literal(literal)) => Step::Literal(literal),
            Some(Token::AnyChar) => Step::AnyChar,
            Some(Token::AnyRun) => Step::AnyRun,
            // Variables are replaced before matching; an empty literal is the neutral step.
            Some(Token::Variable(_)) | None => Step::Literal(""),
        }
    }
}

impl Steps for [Step<'_>] {
    fn count(&self) -> usize {
        self.len()
    }

    fn step(&self, index: usize) -> Step<'_> {
        self.get(index).copied().unwrap_or(Step::Literal(""))
    }
}

/// The steps from one place inside a literal to another, for the parts of an ARN pattern.
struct Section<'s, S: ?Sized> {
    steps: &'s S,
    first: usize,
    /// Byte offset into the first step.
    from: usize,
    last: usize,
    /// Byte length that belongs to the section in the last step.
    until: usize,
}

impl<S: Steps + ?Sized> Steps for Section<'_, S> {
    fn count(&self) -> usize {
        self.last + 1 - self.first
    }

    fn step(&self, index: usize) -> Step<'_> {
        let at = self.first + index;
        match self.steps.step(at) {
            Step::Literal(literal) => {
                let start = if at == self.first { self.from } else { 0 };
                let end = if at == self.last { self.until.min(literal.len()) } else { literal.len() };
                Step::Literal(literal.get(start..end).unwrap_or_default())
            }
            wildcard @ (Step::AnyChar | Step::AnyRun) => wildcard,
        }
    }
}

/// Matches the whole of `text`.
pub(super) fn glob<S: Steps + ?Sized>(steps: &S, text: &str) -> bool {
    let count = steps.count();
    let mut rest = text;
    let mut low = 0;
    // What stands before the first run is anchored at the start …
    while low < count {
        let stripped = match steps.step(low) {
            Step::AnyRun => break,
            Step::Literal(literal) => rest.strip_prefix(literal),
            Step::AnyChar => without_first(rest),
        };
        let Some(stripped) = stripped else { return false };
        rest = stripped;
        low += 1;
    }
    if low == count {
        return rest.is_empty();
    }
    // … what stands behind the last run is anchored at the end …
    let mut high = count;
    while high > low {
        let stripped = match steps.step(high - 1) {
            Step::AnyRun => break,
            Step::Literal(literal) => rest.strip_suffix(literal),
            Step::AnyChar => without_last(rest),
        };
        let Some(stripped) = stripped else { return false };
        rest = stripped;
        high -= 1;
    }
    // … and each stretch between two runs is taken at the first place it fits: that leaves most to those behind it.
    let mut at = low;
    while at < high {
        if steps.step(at) == Step::AnyRun {
            at += 1;
            continue;
        }
        let mut end = at + 1;
        while end < high && steps.step(end) != Step::AnyRun {
            end += 1;
        }
        let Some(behind) = find(steps, at, end, rest) else { return false };
        rest = behind;
        at = end;
    }
    true
}

/// What follows the first place where steps `from..to`, none of them a run, fit in `text`.
fn find<'t, S: Steps + ?Sized>(steps: &S, from: usize, to: usize, text: &'t str) -> Option<&'t str> {
    let mut rest = text;
    loop {
        let behind_first = match steps.step(from) {
            Step::Literal(literal) => {
                let at = memmem::find(rest.as_bytes(), literal.as_bytes())?;
                rest = rest.get(at..)?;
                rest.get(literal.len()..)?
            }
            Step::AnyChar | Step::AnyRun => without_first(rest)?,
        };
        let mut behind = Some(behind_first);
        for index in from + 1..to {
            behind = behind.and_then(|text| match steps.step(index) {
                Step::Literal(literal) => text.strip_prefix(literal),
                Step::AnyChar | Step::AnyRun => without_first(text),
            });
        }
        if behind.is_some() {
            return behind;
        }
        rest = without_first(rest)?;
    }
}

/// Matches an ARN part by part: no wildcard reaches across one of the first five colons.
pub(super) fn glob_arn<S: Steps + ?Sized>(steps: &S, text: &str) -> bool {
    let count = steps.count();
    let mut values = text.splitn(6, ':');
    let (mut first, mut from) = (0, 0);
    for part in 0..6 {
        let Some(value) = values.next() else { return false };
        let (last, until, next) = if part == 5 {
            (count.saturating_sub(1), usize::MAX, None)
        } else {
            let colon = (first..count).find_map(|index| match steps.step(index) {
                Step::Literal(literal) => {
                    let start = if index == first { from } else { 0 };
                    literal.get(start..)?.find(':').map(|at| (index, start + at))
                }
                Step::AnyChar | Step::AnyRun => None,
            });
            let Some((index, at)) = colon else { return false };
            (index, at, Some((index, at + 1)))
        };
        let section = Section { steps, first, from, last, until };
        if !glob(&section, value) {
            return false;
        }
        if let Some(next) = next {
            (first, from) = next;
        }
    }
    true
}

fn without_first(text: &str) -> Option<&str> {
    let mut chars = text.chars();
    chars.next().map(|_| chars.as_str())
}

fn without_last(text: &str) -> Option<&str> {
    let mut chars = text.chars();
    chars.next_back().map(|_| chars.as_str())
}
