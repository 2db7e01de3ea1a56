//! Texts that requests bring along as policies tell them apart: by which patterns match them.

use crate::condition::ConditionTest;
use crate::key::ConditionKey;
use crate::pattern::{Few, Pattern};
use crate::request::Request;
use crate::statement::Statement;

/// The keys that stay the same for all requests of one requester, or of the sessions of one role.
pub(super) const OF_REQUESTER: [&str; 3] = ["aws:username", "aws:principalaccount", "aws:principaltype"];

/// How a verdict hangs on a text.
#[derive(Debug, Default)]
pub(super) enum ByText {
    #[default]
    Not,
    /// On which of these match it.
    Patterns(Few),
    /// On something else of it.
    Text,
}

impl ByText {
    /// How it hangs on what a condition key holds, with the statements that concern a request whatever that is; on no more
    /// than so many patterns.
    pub(super) fn of(key: &str, most: usize, statements: &[&Statement], request: &Request<'_>) -> Self {
        let is_it = |other: &ConditionKey| other.folded() == key;
        let tests = statements.iter().flat_map(|statement| statement.conditions().tests());
        let tests: Vec<&ConditionTest> = tests.filter(|test| is_it(test.key())).collect();
        if statements.iter().any(|statement| statement.variables().any(is_it)) {
            return Self::Text;
        }
        if tests.is_empty() {
            return Self::Not;
        }
        let is_steady = |test: &&ConditionTest| {
            let mut variables = test.values().iter().filter_map(|value| value.pattern()).flat_map(Pattern::variables);
            variables.all(|variable| OF_REQUESTER.contains(&variable.key().folded()))
        };
        let mut patterns: Vec<Pattern> = Vec::new();
        for test in tests {
            let Some(own) = Some(test).filter(is_steady).and_then(|test| test.patterns(request)) else {
                return Self::Text;
            };
            own.into_iter().for_each(|pattern| {
                if !patterns.contains(&pattern) {
                    patterns.push(pattern);
                }
            });
        }
        if patterns.len() > most { Self::Text } else { Self::Patterns(Few::new(patterns)) }
    }

    pub(super) fn is_not(&self) -> bool {
        matches!(self, Self::Not)
    }

    /// Which patterns match it, a bit for each. `None` if the verdict hangs on something else of it.
    pub(super) fn matching(&self, text: &str) -> Option<u64> {
        match self {
            Self::Not => Some(0),
            Self::Patterns(patterns) => Some(patterns.matching(text.as_bytes())),
            Self::Text => None,
        }
    }
}

/// What a client says of itself: printable ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client<'l> {
    /// The referer, if it sent one.
    pub referer: Option<&'l str>,
    /// The user agent, likewise.
    pub agent: Option<&'l str>,
}

/// The condition keys of [`Client`].
pub(super) const OF_CLIENT: [&str; 2] = ["aws:referer", "aws:useragent"];

/// How a verdict hangs on what a client says of itself.
#[derive(Debug, Default)]
pub(super) struct ByClient {
    referer: ByText,
    agent: ByText,
}

impl ByClient {
    /// How many patterns of each are told apart: they are put into one number, with whether there is a text at all.
    const MOST: usize = u32::BITS as usize - 1;

    /// `None` if it hangs on more than patterns.
    pub(super) fn of(statements: &[&Statement], request: &Request<'_>) -> Option<Self> {
        let [referer, agent] = OF_CLIENT.map(|key| ByText::of(key, Self::MOST, statements, request));
        let is_told = ![&referer, &agent].into_iter().any(|text| matches!(text, ByText::Text));
        is_told.then_some(Self { referer, agent })
    }

    pub(super) fn is_not(&self) -> bool {
        self.referer.is_not() && self.agent.is_not()
    }

    /// A number that clients have in common of which the same patterns match the same texts.
    pub(super) fn number(&self, client: &Client<'_>) -> u64 {
        let of = |by: &ByText, text: Option<&str>| {
            let matching = text.filter(|_| !by.is_not()).and_then(|text| by.matching(text));
            matching.map_or(0, |matching| matching << 1 | 1)
        };
        of(&self.referer, client.referer) << u32::BITS | of(&self.agent, client.agent)
    }
}
