//! Matching a text against tokens whose variables are replaced.

use super::Token;
use memchr::{memchr, memmem};

/// A token whose variables are replaced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step<'a> {
    Literal(&'a str),
    AnyChar,
    AnyRun,
}

/// A sequence of steps that can be taken from both ends without building it.
pub(super) trait Steps<'a>: Copy {
    /// The first step and those behind it.
    fn first(self) -> Option<(Step<'a>, Self)>;

    /// The last step and those before it.
    fn last(self) -> Option<(Step<'a>, Self)>;
}

impl<'a> From<&'a Token> for Step<'a> {
    #[inline]
    fn from(token: &'a Token) -> Self {
        match token {
            Token::Literal(literal) => Self::Literal(literal),
            Token::AnyChar => Self::AnyChar,
            Token::AnyRun => Self::AnyRun,
            // Variables are replaced before matching; an empty literal is the neutral step.
            Token::Variable(_) => Self::Literal(""),
        }
    }
}

impl<'a, T> Steps<'a> for &'a [T]
where
    Step<'a>: From<&'a T>,
{
    #[inline]
    fn first(self) -> Option<(Step<'a>, Self)> {
        self.split_first().map(|(first, rest)| (first.into(), rest))
    }

    #[inline]
    fn last(self) -> Option<(Step<'a>, Self)> {
        self.split_last().map(|(last, rest)| (last.into(), rest))
    }
}

impl<'a> From<&'a Step<'_>> for Step<'a> {
    #[inline]
    fn from(step: &'a Step<'_>) -> Self {
        *step
    }
}

/// Steps of which the first and the last may be parts of literals, for the parts of an ARN pattern.
#[derive(Clone, Copy)]
struct Section<S> {
    steps: S,
    /// Where in the first step it begins, in bytes.
    from: usize,
    /// Where in the last step it ends.
    until: usize,
}

/// No end within the last step.
const WHOLE: usize = usize::MAX;

fn part(step: Step<'_>, from: usize, until: usize) -> Step<'_> {
    match step {
        Step::Literal(literal) => Step::Literal(literal.get(from..until.min(literal.len())).unwrap_or_default()),
        wildcard @ (Step::AnyChar | Step::AnyRun) => wildcard,
    }
}

impl<'a, S: Steps<'a>> Steps<'a> for Section<S> {
    fn first(self) -> Option<(Step<'a>, Self)> {
        let (step, steps) = self.steps.first()?;
        let until = if steps.first().is_none() { self.until } else { WHOLE };
        Some((part(step, self.from, until), Self { steps, from: 0, ..self }))
    }

    fn last(self) -> Option<(Step<'a>, Self)> {
        let (step, steps) = self.steps.last()?;
        let from = if steps.last().is_none() { self.from } else { 0 };
        Some((part(step, from, self.until), Self { steps, until: WHOLE, ..self }))
    }
}

/// Matches the whole of `text`, which is UTF-8.
pub(super) fn glob<'a>(mut steps: impl Steps<'a>, text: &[u8]) -> bool {
    let mut rest = text;
    // What stands before the first run is anchored at the start …
    loop {
        let Some((step, behind)) = steps.first() else { return rest.is_empty() };
        steps = behind;
        let left = match step {
            Step::AnyRun => break,
            Step::Literal(literal) => rest.strip_prefix(literal.as_bytes()),
            Step::AnyChar => without_first(rest),
        };
        let Some(left) = left else { return false };
        rest = left;
    }
    // … what stands behind the last run is anchored at the end …
    loop {
        let Some((step, before)) = steps.last() else { return true };
        steps = before;
        let left = match step {
            Step::AnyRun => break,
            Step::Literal(literal) => without_end(rest, literal.as_bytes()),
            Step::AnyChar => without_last(rest),
        };
        let Some(left) = left else { return false };
        rest = left;
    }
    // … and each stretch between two runs is taken at the first place it fits: that leaves most to those behind it.
    while let Some((step, behind)) = steps.first() {
        steps = behind;
        if step == Step::AnyRun {
            continue;
        }
        let Some((behind, left)) = find(step, steps, rest) else { return false };
        (steps, rest) = (behind, left);
    }
    true
}

/// A text without what it has to end with. Its last bytes are looked at first: what differs at all most often does so there.
#[inline]
fn without_end<'t>(text: &'t [u8], end: &[u8]) -> Option<&'t [u8]> {
    const LAST: usize = 8;
    match (text.last_chunk::<LAST>(), end.last_chunk::<LAST>()) {
        (Some(last), Some(wanted)) if last != wanted => None,
        _ => text.strip_suffix(end),
    }
}

/// The first place where a step that is no run and those behind it up to the next run fit: the steps that are left, and
/// what follows in the text.
fn find<'a, 't, S: Steps<'a>>(first: Step<'a>, others: S, text: &'t [u8]) -> Option<(S, &'t [u8])> {
    let mut rest = text;
    loop {
        let mut left = match first {
            Step::Literal(literal) => {
                rest = rest.get(position(rest, literal.as_bytes())?..)?;
                rest.get(literal.len()..)?
            }
            Step::AnyChar | Step::AnyRun => without_first(rest)?,
        };
        let mut steps = others;
        loop {
            let Some((step, behind)) = steps.first() else { return Some((steps, left)) };
            let next = match step {
                Step::AnyRun => return Some((steps, left)),
                Step::Literal(literal) => left.strip_prefix(literal.as_bytes()),
                Step::AnyChar => without_first(left),
            };
            let Some(next) = next else { break };
            (steps, left) = (behind, next);
        }
        rest = without_first(rest)?;
    }
}

/// Where a literal stands first.
fn position(text: &[u8], literal: &[u8]) -> Option<usize> {
    /// In so few bytes, a search costs less than to prepare it.
    const FEW: usize = 64;
    match literal {
        [] => Some(0),
        [byte] => memchr(*byte, text),
        [byte, ..] if text.len() <= FEW => {
            let mut at = 0;
            loop {
                at += memchr(*byte, text.get(at..)?)?;
                if text.get(at..)?.starts_with(literal) {
                    return Some(at);
                }
                at += 1;
            }
        }
        _ => memmem::find(text, literal),
    }
}

/// Matches an ARN part by part: no wildcard reaches across one of the first five colons.
pub(super) fn glob_arn<'a, T>(steps: &'a [T], text: &str) -> bool
where
    Step<'a>: From<&'a T>,
{
    let mut values = text.splitn(6, ':');
    let (mut rest, mut from) = (steps, 0);
    for number in 0..6 {
        let Some(value) = values.next() else { return false };
        if number == 5 {
            return glob(Section { steps: rest, from, until: WHOLE }, value.as_bytes());
        }
        let colon = rest.iter().enumerate().find_map(|(index, step)| match Step::from(step) {
            Step::Literal(literal) => {
                let start = if index == 0 { from } else { 0 };
                literal.get(start..)?.find(':').map(|at| (index, start + at))
            }
            Step::AnyChar | Step::AnyRun => None,
        });
        let Some((index, until)) = colon else { return false };
        let (Some(section), Some(behind)) = (rest.get(..=index), rest.get(index..)) else { return false };
        if !glob(Section { steps: section, from, until }, value.as_bytes()) {
            return false;
        }
        (rest, from) = (behind, until + 1);
    }
    true
}

/// A text without its first character.
#[inline]
fn without_first(text: &[u8]) -> Option<&[u8]> {
    let length = match *text.first()? {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    };
    text.get(length..)
}

/// A text without its last character.
#[inline]
fn without_last(text: &[u8]) -> Option<&[u8]> {
    let begins = |byte: &u8| !matches!(byte, 0x80..0xC0);
    text.get(..text.iter().rposition(begins)?)
}
