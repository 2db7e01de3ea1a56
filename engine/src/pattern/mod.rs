//! Patterns: `*`, `?`, `${variable}` and the escapes `${*}`, `${?}`, `${$}` (SEMANTICS R2.3, R3.12–R3.19, §6).
//!
//! A pattern is a list of tokens, so that literal text, wildcards and variables are never confused: what a variable is
//! replaced by is literal text whatever it holds (R3.18). Matching goes over the text once: a literal between two `*`
//! is searched from left to right and never looked for again. Only a stretch that mixes literals with `?` or variables
//! between two `*` costs its length for each place it is tried at.
//!
//! Where variables get their values from is a [`Variables`]; this module does not know requests.

mod few;
mod matching;
mod set;

use crate::catalogue::Symbol;
use crate::key::ConditionKey;
use compact_str::CompactString;
pub(crate) use few::Few;
use matching::{Step, glob, glob_arn};
pub use set::PatternSet;
pub(crate) use set::{Candidates, FEW, Pieces};
use smallvec::SmallVec;
use std::borrow::Cow;

/// A compiled pattern.
///
/// ```
/// use can_access_engine::pattern::{Pattern, Syntax};
/// let pattern = Pattern::parse("data/*_$folder$", Syntax::RESOURCE).0;
/// assert!(pattern.is_match("data/2017-02-02_$folder$"));
/// assert!(!pattern.is_match("data/2017-02-02"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    tokens: Tokens,
    variables: bool,
}

/// Most patterns are one text, or one `*`.
type Tokens = SmallVec<[Token; 1]>;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Literal(CompactString),
    AnyChar,
    AnyRun,
    Variable(Box<Variable>),
}

/// A policy variable, `${key}` or `${key, 'default'}` (R6.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Written so that no key is meant: it never has a value (R6.4, R6.5).
    meaningless: bool,
    key: ConditionKey,
    default: Option<Box<str>>,
}

impl Variable {
    fn substitute<'v>(&self, variables: &'v impl Variables) -> Substitute<'v> {
        if self.meaningless { Substitute::Multivalued } else { variables.variable(&self.key) }
    }

    /// The key whose value is inserted.
    #[must_use]
    pub fn key(&self) -> &ConditionKey {
        &self.key
    }

    /// What stands in when the key has no value.
    #[must_use]
    pub fn default(&self) -> Option<&str> {
        self.default.as_deref()
    }
}

/// What is special in a text: wildcards, variables and escapes, or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syntax {
    /// `*` and `?` are wildcards.
    pub wildcards: bool,
    /// `${…}` is a variable or an escape: Version `2012-10-17`, in an element that takes variables (R1.9, R6.6).
    pub variables: bool,
}

impl Syntax {
    /// Wildcards and variables: resources, `StringLike` and the ARN operators of a `2012-10-17` policy.
    pub const RESOURCE: Self = Self { wildcards: true, variables: true };
    /// Wildcards only: actions (R2.10), and resources of older policies.
    pub const WILDCARDS: Self = Self { wildcards: true, variables: false };
}

/// A mistake in how a variable is written, with its place in the pattern's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VariableMistake {
    /// What is wrong.
    pub kind: VariableMistakeKind,
    /// Byte offset of the `${`.
    pub start: usize,
    /// Byte offset behind the variable.
    pub end: usize,
}

/// The ways to write a variable wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum VariableMistakeKind {
    /// `${` without a `}` behind it (R3.13); taken as literal text.
    Unclosed,
    /// `${}` (R6.4); never has a value.
    Empty,
    /// A default without its quotes (R6.7); the variable never has a value.
    UnquotedDefault,
    /// Not exactly a comma and one space before the default (R6.8); read all the same.
    Spacing,
    /// White space in the name of the key (R6.3).
    SpaceInName,
    /// White space in the name of a tag, which tags may have and policies perhaps not (R6.3).
    SpaceInTag,
    /// A character that no key has, such as the `${` of a nested variable (R6.5); never has a value.
    StrangeName,
}

/// Where variables get their values from.
pub trait Variables {
    /// The value of `key`.
    fn variable(&self, key: &ConditionKey) -> Substitute<'_>;
}

/// What a variable is replaced by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Substitute<'a> {
    /// The value of a single-valued key. Empty text counts as no value (R6.9).
    Text(&'a str),
    /// The key is absent.
    Absent,
    /// The key holds a list: it cannot be used as a variable, default or not (R3.21, R6.16).
    Multivalued,
    /// It is not known whether the key is there or what it holds.
    Unknown,
}

/// No variable has a value.
impl Variables for () {
    fn variable(&self, _: &ConditionKey) -> Substitute<'_> {
        Substitute::Absent
    }
}

/// Whether a pattern fits a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fit<'p> {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It does not because this variable has no value (R3.19, R6.10).
    Unresolved(&'p Variable),
    /// It may or may not: the value of this variable is not known.
    Unknown(&'p Variable),
}

impl Fit<'_> {
    fn of(matched: bool) -> Self {
        if matched { Self::Yes } else { Self::No }
    }

    /// Whether the pattern certainly fits.
    #[must_use]
    pub fn is_yes(self) -> bool {
        matches!(self, Self::Yes)
    }
}

impl Pattern {
    /// Compiles `text`, and says what is wrong with its variables. Whatever the mistakes, the pattern is usable.
    ///
    /// ```
    /// use can_access_engine::pattern::{Pattern, Syntax, VariableMistakeKind};
    /// let (pattern, mistakes) = Pattern::parse("a${b", Syntax::RESOURCE);
    /// assert_eq!(mistakes[0].kind, VariableMistakeKind::Unclosed);
    /// assert!(pattern.is_match("a${b"));
    /// ```
    #[must_use]
    pub fn parse(text: &str, syntax: Syntax) -> (Self, Vec<VariableMistake>) {
        let mut builder = Builder::default();
        let mut mistakes = Vec::new();
        let mut at = 0;
        let mut unclosed = false;
        while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
            let rest = text.get(at..).unwrap_or_default();
            if syntax.variables && !unclosed && rest.starts_with("${") {
                match rest.find('}') {
                    None => {
                        mistakes.push(VariableMistake {
                            kind: VariableMistakeKind::Unclosed,
                            start: at,
                            end: text.len(),
                        });
                        // Nothing behind it closes one either.
                        unclosed = true;
                        builder.literal.push_str("${");
                        at += 2;
                    }
                    Some(close) => {
                        let inner = rest.get(2..close).unwrap_or_default();
                        let end = at + close + 1;
                        if matches!(inner, "*" | "?" | "$") {
                            builder.literal.push_str(inner);
                        } else {
                            let (variable, kind) = Variable::parse(inner);
                            mistakes.extend(kind.map(|kind| VariableMistake { kind, start: at, end }));
                            builder.push(Token::Variable(Box::new(variable)));
                        }
                        at = end;
                    }
                }
                continue;
            }
            match c {
                '*' if syntax.wildcards => builder.push(Token::AnyRun),
                '?' if syntax.wildcards => builder.push(Token::AnyChar),
                _ => {
                    let behind = rest.get(c.len_utf8()..).unwrap_or_default();
                    let plain = memchr::memchr3(b'*', b'?', b'$', behind.as_bytes()).unwrap_or(behind.len());
                    let plain = rest.get(..c.len_utf8() + plain).unwrap_or_default();
                    builder.literal.push_str(plain);
                    at += plain.len();
                    continue;
                }
            }
            at += c.len_utf8();
        }
        (builder.finish(), mistakes)
    }

    /// A pattern that fits exactly `text`.
    ///
    /// ```
    /// use can_access_engine::pattern::Pattern;
    /// assert!(Pattern::literal("a*").is_match("a*"));
    /// assert!(!Pattern::literal("a*").is_match("ab"));
    /// ```
    #[must_use]
    pub fn literal(text: &str) -> Self {
        let mut builder = Builder::default();
        builder.literal.push_str(text);
        builder.finish()
    }

    /// Whether the pattern fits the whole of `text`, taking every variable as having no value.
    ///
    /// ```
    /// use can_access_engine::pattern::{Pattern, Syntax};
    /// let pattern = Pattern::parse("k?", Syntax::WILDCARDS).0;
    /// assert!(pattern.is_match("ké")); // `?` is one Unicode scalar value (R3.6)
    /// ```
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.is_match_of(text.as_bytes())
    }

    /// The same for a text of which it is known that it is UTF-8.
    pub(crate) fn is_match_of(&self, text: &[u8]) -> bool {
        self.fit_of(text, &()).is_yes()
    }

    /// Whether the pattern fits the whole of `text`, variables replaced from `variables`.
    ///
    /// ```
    /// use can_access_engine::pattern::{Fit, Pattern, Syntax};
    /// let pattern = Pattern::parse("${aws:username}/*", Syntax::RESOURCE).0;
    /// assert!(matches!(pattern.fit("ann/k", &()), Fit::Unresolved(variable) if variable.key().as_str() == "aws:username"));
    /// ```
    #[must_use]
    pub fn fit(&self, text: &str, variables: &impl Variables) -> Fit<'_> {
        self.fit_of(text.as_bytes(), variables)
    }

    /// The same for a text of which it is known that it is UTF-8.
    #[inline]
    pub(crate) fn fit_of(&self, text: &[u8], variables: &impl Variables) -> Fit<'_> {
        match &*self.tokens {
            [Token::Literal(literal)] => Fit::of(literal.as_bytes() == text),
            [Token::AnyRun] => Fit::Yes,
            [Token::Literal(literal), Token::AnyRun] => Fit::of(text.starts_with(literal.as_bytes())),
            _ => self.fit_steps(text, variables),
        }
    }

    #[inline(never)]
    fn fit_steps(&self, text: &[u8], variables: &impl Variables) -> Fit<'_> {
        match &*self.tokens {
            tokens if !self.variables => Fit::of(glob(tokens, text)),
            _ => self.with_steps(variables, |steps| glob(steps, text)),
        }
    }

    /// Whether the pattern equals `text` when letter case is folded; wildcards are no part of such patterns (R5.21).
    pub(crate) fn fit_ignoring_case(&self, text: &str, variables: &impl Variables) -> Fit<'_> {
        self.with_steps(variables, |steps| {
            // A run stands for an unknown value here: anything is possible then.
            if steps.contains(&Step::AnyRun) {
                return true;
            }
            let literals = steps.iter().flat_map(|step| match step {
                Step::Literal(literal) => literal.chars(),
                Step::AnyChar | Step::AnyRun => "".chars(),
            });
            literals.map(fold).eq(text.chars().map(fold))
        })
    }

    /// Whether the pattern, split at its first five colons *after* its variables are replaced, fits the ARN `text`
    /// part by part (R5.38, R5.39).
    pub(crate) fn fit_arn(&self, text: &str, variables: &impl Variables) -> Fit<'_> {
        if matches!(&*self.tokens, [Token::AnyRun]) {
            return Fit::Yes;
        }
        if !self.variables {
            return Fit::of(glob_arn(&self.tokens, text));
        }
        // An unknown value may hold colons, so nothing can be said about where the parts of the pattern end.
        if let Some(variable) = self.variables().find(|v| v.substitute(variables) == Substitute::Unknown) {
            return match self.with_steps(variables, |_| true) {
                Fit::Unresolved(other) => Fit::Unresolved(other),
                _ => Fit::Unknown(variable),
            };
        }
        self.with_steps(variables, |steps| glob_arn(steps, text))
    }

    /// Replaces the variables and asks `matches`. A variable of unknown value becomes a run of anything, so that a
    /// pattern that fits under no value of it is known not to fit.
    /// So does one without a value: a pattern that would not fit whatever its value is no matter of that value.
    fn with_steps(&self, variables: &impl Variables, matches: impl FnOnce(&[Step<'_>]) -> bool) -> Fit<'_> {
        const INLINE: usize = 64;
        let mut inline = [Step::AnyChar; INLINE];
        let mut spilled = Vec::new();
        let steps: &mut [Step<'_>] = if let Some(steps) = inline.get_mut(..self.tokens.len()) {
            steps
        } else {
            spilled.resize(self.tokens.len(), Step::AnyChar);
            &mut spilled
        };
        let (mut unknown, mut unresolved) = (None, None);
        for (step, token) in steps.iter_mut().zip(&self.tokens) {
            *step = match token {
                Token::Literal(literal) => Step::Literal(literal),
                Token::AnyChar => Step::AnyChar,
                Token::AnyRun => Step::AnyRun,
                Token::Variable(variable) => match (variable.substitute(variables), &variable.default) {
                    (Substitute::Text("") | Substitute::Absent, Some(default)) => Step::Literal(default),
                    (Substitute::Text("") | Substitute::Absent, None) | (Substitute::Multivalued, _) => {
                        unresolved.get_or_insert(&**variable);
                        Step::AnyRun
                    }
                    (Substitute::Text(text), _) => Step::Literal(text),
                    (Substitute::Unknown, _) => {
                        unknown = Some(&**variable);
                        Step::AnyRun
                    }
                },
            };
        }
        match (matches(steps), unresolved, unknown) {
            (false, _, _) => Fit::No,
            (true, Some(variable), _) => Fit::Unresolved(variable),
            (true, None, None) => Fit::Yes,
            (true, None, Some(variable)) => Fit::Unknown(variable),
        }
    }

    /// The variables of the pattern, from left to right.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.tokens.iter().filter_map(|token| match token {
            Token::Variable(variable) => Some(&**variable),
            Token::Literal(_) | Token::AnyChar | Token::AnyRun => None,
        })
    }

    /// Whether the pattern is nothing but `*`s, so that it fits every text.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        !self.tokens.is_empty() && self.tokens.iter().all(|token| matches!(token, Token::AnyRun))
    }

    /// Whether the pattern has a wildcard.
    #[must_use]
    pub fn has_wildcard(&self) -> bool {
        self.tokens.iter().any(|token| matches!(token, Token::AnyChar | Token::AnyRun))
    }

    /// The one text the pattern fits, if it has neither wildcards nor variables.
    #[must_use]
    pub fn as_literal(&self) -> Option<&str> {
        match &*self.tokens {
            [] => Some(""),
            [Token::Literal(literal)] => Some(literal),
            _ => None,
        }
    }

    /// The pattern with its variables replaced; `None` where one of them has no value or an unknown one.
    pub(crate) fn resolved(&self, variables: &impl Variables) -> Option<Self> {
        self.replaced(variables, None)
    }

    /// The pattern with its variables replaced, those that have no value or an unknown one by a run of anything.
    pub(crate) fn widened(&self, variables: &impl Variables) -> Self {
        self.replaced(variables, Some(&Token::AnyRun)).unwrap_or_else(|| self.clone())
    }

    fn replaced(&self, variables: &impl Variables, otherwise: Option<&Token>) -> Option<Self> {
        let mut builder = Builder::default();
        for token in &self.tokens {
            match token {
                Token::Literal(literal) => builder.literal.push_str(literal),
                Token::AnyChar | Token::AnyRun => builder.push(token.clone()),
                Token::Variable(variable) => match (variable.substitute(variables), &variable.default) {
                    (Substitute::Text(""), Some(default)) | (Substitute::Absent, Some(default)) => {
                        builder.literal.push_str(default);
                    }
                    (Substitute::Text(text), _) if !text.is_empty() => builder.literal.push_str(text),
                    _ => builder.push(otherwise?.clone()),
                },
            }
        }
        Some(builder.finish())
    }

    /// What texts that begin with `head` have to fit behind it; `None` if the pattern does not begin with all of it.
    pub(crate) fn behind(&self, head: &str) -> Option<Self> {
        let Some((Token::Literal(literal), tokens)) = self.tokens.split_first() else { return None };
        let rest = literal.strip_prefix(head)?;
        let first = Some(Token::Literal(rest.into())).filter(|_| !rest.is_empty());
        Some(Self { tokens: first.into_iter().chain(tokens.iter().cloned()).collect(), variables: self.variables })
    }

    /// Whether no text that begins with `head` fits, as its first characters say.
    pub(crate) fn begins_otherwise(&self, head: &str) -> bool {
        match self.tokens.first() {
            Some(Token::Literal(literal)) => !literal.starts_with(head) && !head.starts_with(&**literal),
            _ => false,
        }
    }

    /// What can stand where in the texts that fit. A variable can be anything.
    pub(crate) fn symbols(&self) -> Vec<Symbol> {
        let mut symbols = Vec::new();
        for token in &self.tokens {
            match token {
                Token::Literal(literal) => symbols.extend(literal.chars().map(Symbol::Char)),
                Token::AnyChar => symbols.push(Symbol::AnyChar),
                Token::AnyRun | Token::Variable(_) => symbols.push(Symbol::AnyRun),
            }
        }
        symbols
    }

    /// The tokens for an automaton: `None` for a run, `Some(None)` for any character. Empty for patterns with variables.
    pub(crate) fn characters(&self) -> Vec<Option<Option<char>>> {
        let mut characters = Vec::new();
        for token in &self.tokens {
            match token {
                Token::Literal(literal) => characters.extend(literal.chars().map(|c| Some(Some(c)))),
                Token::AnyChar => characters.push(Some(None)),
                Token::AnyRun => characters.push(None),
                Token::Variable(_) => return Vec::new(),
            }
        }
        characters
    }

    /// The values of its one unknown variable under which the pattern could fit `text`: stretches of `text`, because
    /// what is inserted is literal.
    /// At most `most` of them are given.
    pub(crate) fn stretches<'t>(
        &self,
        text: &'t str,
        variable: &Variable,
        variables: &impl Variables,
        most: usize,
    ) -> Vec<&'t str> {
        let position = |token: &Token| matches!(token, Token::Variable(v) if v.key == variable.key);
        let Some(first) = self.tokens.iter().position(position) else { return Vec::new() };
        let part = |tokens: &[Token]| {
            let known = Self { tokens: tokens.into(), variables: true };
            known.resolved(variables).or_else(|| {
                // Other unknown variables, or this one again: anything may stand there.
                let tokens: Tokens = tokens
                    .iter()
                    .map(|token| if matches!(token, Token::Variable(_)) { Token::AnyRun } else { token.clone() })
                    .collect();
                Some(Self { tokens, variables: false })
            })
        };
        let (Some(before), Some(after)) = (
            part(self.tokens.get(..first).unwrap_or_default()),
            part(self.tokens.get(first + 1..).unwrap_or_default()),
        ) else {
            return Vec::new();
        };
        let cuts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let starts: Vec<usize> =
            cuts.iter().copied().filter(|&at| before.is_match(text.get(..at).unwrap_or_default())).collect();
        let ends: Vec<usize> =
            cuts.iter().copied().filter(|&at| after.is_match(text.get(at..).unwrap_or_default())).collect();
        starts
            .iter()
            .flat_map(|&start| ends.iter().filter_map(move |&end| text.get(start..end)))
            .filter(|stretch| !stretch.is_empty())
            .take(most)
            .collect()
    }
}

impl Variable {
    fn parse(inner: &str) -> (Self, Option<VariableMistakeKind>) {
        let never = |kind| (Self { meaningless: true, key: ConditionKey::new(inner), default: None }, Some(kind));
        let Some((name, behind)) = inner.split_once(',') else {
            return Self::named(inner, None, None);
        };
        let default = behind.trim_start();
        let Some(default) = default.strip_prefix('\'').and_then(|text| text.trim_end().strip_suffix('\'')) else {
            return never(VariableMistakeKind::UnquotedDefault);
        };
        if default.contains('\'') {
            return never(VariableMistakeKind::UnquotedDefault);
        }
        let exact = behind.strip_prefix(" '").is_some_and(|rest| rest.ends_with('\'')) && !name.ends_with(' ');
        Self::named(name, Some(default), (!exact).then_some(VariableMistakeKind::Spacing))
    }

    fn named(
        name: &str,
        default: Option<&str>,
        mistake: Option<VariableMistakeKind>,
    ) -> (Self, Option<VariableMistakeKind>) {
        let trimmed = name.trim();
        let mistake = mistake.or_else(|| {
            let (prefix, tag) = trimmed.split_once('/').unwrap_or((trimmed, ""));
            let strange = |c: char| !(c.is_alphanumeric() || c.is_whitespace() || "/.-_:=+@".contains(c));
            if trimmed.is_empty() {
                Some(VariableMistakeKind::Empty)
            } else if trimmed.contains(strange) {
                Some(VariableMistakeKind::StrangeName)
            } else if trimmed.len() != name.len() || prefix.contains(char::is_whitespace) {
                Some(VariableMistakeKind::SpaceInName)
            } else if tag.contains(char::is_whitespace) {
                Some(VariableMistakeKind::SpaceInTag)
            } else {
                None
            }
        });
        let meaningless = matches!(mistake, Some(VariableMistakeKind::Empty | VariableMistakeKind::StrangeName));
        (Self { meaningless, key: ConditionKey::new(trimmed), default: default.map(Into::into) }, mistake)
    }
}

#[derive(Default)]
struct Builder {
    tokens: Tokens,
    literal: CompactString,
}

impl Builder {
    fn push(&mut self, token: Token) {
        self.flush();
        // Several runs in a row are one.
        if token != Token::AnyRun || self.tokens.last() != Some(&Token::AnyRun) {
            self.tokens.push(token);
        }
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            self.tokens.push(Token::Literal(std::mem::take(&mut self.literal)));
        }
    }

    fn finish(mut self) -> Pattern {
        self.flush();
        let variables = self.tokens.iter().any(|token| matches!(token, Token::Variable(_)));
        Pattern { tokens: self.tokens, variables }
    }
}

/// Simple case folding of one character: upper case and back, where both are single characters.
pub(crate) fn fold(c: char) -> char {
    fn only(mut characters: impl Iterator<Item = char>) -> Option<char> {
        let first = characters.next()?;
        characters.next().is_none().then_some(first)
    }
    match c {
        _ if c.is_ascii() => c.to_ascii_lowercase(),
        // The dotless and dotted i fold to themselves outside Turkic languages.
        'ı' | 'İ' => c,
        _ => {
            let upper = only(c.to_uppercase()).unwrap_or(c);
            only(upper.to_lowercase()).unwrap_or(upper)
        }
    }
}

impl std::fmt::Display for Pattern {
    /// The pattern as a policy of Version `2012-10-17` would write it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for token in &self.tokens {
            match token {
                Token::Literal(literal) => f.write_str(&escaped(literal))?,
                Token::AnyChar => f.write_str("?")?,
                Token::AnyRun => f.write_str("*")?,
                Token::Variable(variable) => match &variable.default {
                    Some(default) => write!(f, "${{{}, '{default}'}}", variable.key)?,
                    None => write!(f, "${{{}}}", variable.key)?,
                },
            }
        }
        Ok(())
    }
}

/// `text` written so that a `2012-10-17` policy takes it literally.
fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['*', '?']) && !text.contains("${") {
        return Cow::Borrowed(text);
    }
    let mut written = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' | '?' => written.extend(["${", c.encode_utf8(&mut [0; 4]), "}"]),
            '$' if chars.peek() == Some(&'{') => written.push_str("${$}"),
            _ => written.push(c),
        }
    }
    Cow::Owned(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Values<'a>(&'a [(&'a str, Substitute<'a>)]);

    impl Variables for Values<'_> {
        fn variable(&self, key: &ConditionKey) -> Substitute<'_> {
            self.0.iter().find(|(name, _)| *name == key.folded()).map_or(Substitute::Absent, |(_, value)| *value)
        }
    }

    fn fits(pattern: &str, text: &str) -> bool {
        Pattern::parse(pattern, Syntax::RESOURCE).0.is_match(text)
    }

    #[test]
    fn wildcards_are_anchored_and_cross_everything() {
        assert!(fits("a*z", "a/:\nz"));
        assert!(fits("a*z", "az"));
        assert!(!fits("a*z", "azb"));
        assert!(fits("*?*?b", "xyb"));
        assert!(!fits("*?*?b", "xb"));
        assert!(fits("*ab?cd*", "abababxcd"));
        assert!(!fits("ab*ba", "aba"));
    }

    #[test]
    fn substituted_text_is_literal() {
        let pattern = Pattern::parse("b/${t}/*", Syntax::RESOURCE).0;
        let star = [("t", Substitute::Text("*"))];
        assert_eq!(pattern.fit("b/*/k", &Values(&star)), Fit::Yes);
        assert_eq!(pattern.fit("b/x/k", &Values(&star)), Fit::No);
    }

    #[test]
    fn an_unknown_value_is_no_excuse_for_a_pattern_that_cannot_fit() {
        let pattern = Pattern::parse("b/${t}/*", Syntax::RESOURCE).0;
        let unknown = [("t", Substitute::Unknown)];
        assert!(matches!(pattern.fit("b/x/k", &Values(&unknown)), Fit::Unknown(_)));
        assert_eq!(pattern.fit("c/x/k", &Values(&unknown)), Fit::No);
    }

    #[test]
    fn arns_are_split_after_substitution() {
        let pattern = Pattern::parse("${arn}", Syntax::RESOURCE).0;
        let value = [("arn", Substitute::Text("arn:aws:sns:us-east-1:111122223333:t"))];
        assert_eq!(pattern.fit_arn("arn:aws:sns:us-east-1:111122223333:t", &Values(&value)), Fit::Yes);
        let pattern = Pattern::parse("arn:aws:sns:*:t", Syntax::RESOURCE).0;
        assert_eq!(pattern.fit_arn("arn:aws:sns:us-east-1:111122223333:t", &()), Fit::No);
    }

    #[test]
    fn what_is_printed_reads_back() {
        for text in ["a*b?c", "a${*}b", "${aws:username, 'x y'}/*", "_$folder$", "a${$}{b"] {
            let pattern = Pattern::parse(text, Syntax::RESOURCE).0;
            assert_eq!(Pattern::parse(&pattern.to_string(), Syntax::RESOURCE).0, pattern, "{text}");
        }
    }

    #[test]
    fn folding_is_simple() {
        assert_eq!((fold('K'), fold('ſ'), fold('ß'), fold('ı'), fold('É')), ('k', 's', 'ß', 'ı', 'é'));
    }
}
