//! Condition values of a policy, read once for the operator that uses them, and compared with one value of a request
//! (SEMANTICS §5.3): a small function for each family.

use super::ip::Network;
use super::operator::{Base, Family};
use crate::decimal::{Decimal, DecimalBuf};
use crate::instant::Instant;
use crate::pattern::{Fit, Pattern, Syntax, Variable, VariableMistake, Variables};
use crate::problem::Span;
use crate::truth::Truth;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use compact_str::CompactString;
use rustc_hash::FxHashMap;
use std::cmp::Ordering;
use std::net::IpAddr;
use std::sync::Arc;

/// A value of a condition, as written and as its operator reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionValue {
    literal: Arc<Literal>,
    span: Span,
}

/// What a value is wherever it stands.
#[derive(Debug, PartialEq)]
struct Literal {
    text: CompactString,
    operand: Operand,
}

/// The values that were read, so that each that comes again is kept once: by operator, whether there are variables, and
/// text.
#[derive(Debug, Default)]
pub(crate) struct Literals(FxHashMap<(Base, bool), FxHashMap<CompactString, Arc<Literal>>>);

/// What an operator compares with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    Text(Pattern),
    FoldedText(Pattern),
    Number(DecimalBuf),
    Instant(Instant),
    Bool(Pattern),
    /// Standard base64 has one text for the same bytes, so texts are compared (R5.33).
    Bytes,
    Network(Network),
    Arn(Pattern),
    Presence(bool),
    /// Not a value of the operator's family: matches nothing (R5.19).
    Malformed,
}

/// How one value of a policy compares with one value of a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Comparison<'p> {
    /// They match.
    Match,
    /// They do not.
    Mismatch,
    /// The policy's value is none of the operator's family.
    MalformedPolicyValue,
    /// The request's value is none of the operator's family.
    MalformedRequestValue,
    /// A variable in the policy's value has no value (R6.10).
    Unresolved(&'p Variable),
    /// A variable in the policy's value is unknown.
    Unknown(&'p Variable),
}

impl Comparison<'_> {
    /// What the comparison says of a match.
    pub(crate) fn truth(self) -> Truth {
        match self {
            Self::Match => Truth::True,
            Self::Unknown(_) => Truth::Unknown,
            Self::Mismatch | Self::MalformedPolicyValue | Self::MalformedRequestValue | Self::Unresolved(_) => {
                Truth::False
            }
        }
    }
}

impl ConditionValue {
    /// Reads `text` for an operator; `variables` is whether the policy's version has them.
    pub(crate) fn read(
        text: &str,
        span: Span,
        base: Base,
        variables: bool,
        Literals(literals): &mut Literals,
    ) -> (Self, Vec<VariableMistake>) {
        let known = literals.entry((base, variables)).or_default();
        if let Some(literal) = known.get(text) {
            return (Self { literal: Arc::clone(literal), span }, Vec::new());
        }
        let (literal, mistakes) = Literal::read(text, base, variables);
        let literal = Arc::new(literal);
        // What is wrong with one is to be told each time.
        if mistakes.is_empty() {
            known.insert(text.into(), Arc::clone(&literal));
        }
        (Self { literal, span }, mistakes)
    }

    /// The value as written; numbers and booleans as their source text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.literal.text
    }

    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// Whether the operator cannot read the value, so that it never matches.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        self.literal.operand == Operand::Malformed
    }

    pub(crate) fn operand(&self) -> &Operand {
        &self.literal.operand
    }

    /// The network, if it is one.
    pub(crate) fn network(&self) -> Option<Network> {
        match self.operand() {
            Operand::Network(network) => Some(*network),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub(super) fn number(&self) -> Option<DecimalBuf> {
        match self.operand() {
            Operand::Number(number) => Some(number.clone()),
            _ => None,
        }
    }

    /// The text of bytes, if it is one.
    pub(super) fn bytes(&self) -> Option<String> {
        matches!(self.operand(), Operand::Bytes).then(|| self.as_str().to_owned())
    }

    /// The instant, if it is one.
    pub(crate) fn instant(&self) -> Option<Instant> {
        match self.operand() {
            Operand::Instant(instant) => Some(*instant),
            _ => None,
        }
    }

    /// The pattern of a text whose letter case counts, if it is one.
    pub(crate) fn text(&self) -> Option<&Pattern> {
        match self.operand() {
            Operand::Text(pattern) => Some(pattern),
            _ => None,
        }
    }

    /// The pattern of a text or ARN value.
    pub(crate) fn pattern(&self) -> Option<&Pattern> {
        match &self.literal.operand {
            Operand::Text(pattern) | Operand::FoldedText(pattern) | Operand::Bool(pattern) | Operand::Arn(pattern) => {
                Some(pattern)
            }
            _ => None,
        }
    }

    /// Whether `value`, one value of the request, matches by the positive form of the operator.
    #[must_use]
    pub fn compare(&self, base: Base, value: &str, variables: &impl Variables) -> Comparison<'_> {
        match &self.literal.operand {
            Operand::Text(pattern) => pattern.fit(value, variables).into(),
            Operand::FoldedText(pattern) => pattern.fit_ignoring_case(value, variables).into(),
            Operand::Number(limit) => match Decimal::parse(value) {
                Some(value) => ordered(base, value.cmp(&limit.borrowed())),
                None => Comparison::MalformedRequestValue,
            },
            Operand::Instant(instant) => match Instant::parse(value) {
                Some(value) => ordered(base, value.cmp(instant)),
                None => Comparison::MalformedRequestValue,
            },
            Operand::Bool(pattern) => match truth_value(value) {
                Some(_) => pattern.fit_ignoring_case(value, variables).into(),
                None => Comparison::MalformedRequestValue,
            },
            Operand::Bytes if *value == *self.literal.text => Comparison::Match,
            Operand::Bytes if is_base64(value) => Comparison::Mismatch,
            Operand::Bytes => Comparison::MalformedRequestValue,
            Operand::Network(network) => match value.parse::<IpAddr>() {
                Ok(address) => network.contains(address).into(),
                Err(_) => Comparison::MalformedRequestValue,
            },
            Operand::Arn(pattern) => pattern.fit_arn(value, variables).into(),
            Operand::Presence(_) => Comparison::Mismatch,
            Operand::Malformed => Comparison::MalformedPolicyValue,
        }
    }
}

impl Literal {
    fn read(text: &str, base: Base, variables: bool) -> (Self, Vec<VariableMistake>) {
        let pattern = |wildcards| Pattern::parse(text, Syntax { wildcards, variables });
        let mut mistakes = Vec::new();
        let mut keep = |(pattern, found): (Pattern, Vec<VariableMistake>)| {
            mistakes = found;
            pattern
        };
        let operand = match base.family() {
            Family::String => match base {
                Base::StringLike | Base::StringNotLike => Operand::Text(keep(pattern(true))),
                Base::StringEqualsIgnoreCase | Base::StringNotEqualsIgnoreCase => {
                    Operand::FoldedText(keep(pattern(false)))
                }
                _ => Operand::Text(keep(pattern(false))),
            },
            Family::Numeric => DecimalBuf::parse(text).map_or(Operand::Malformed, Operand::Number),
            Family::Date => Instant::parse(text).map_or(Operand::Malformed, Operand::Instant),
            Family::Bool => {
                let pattern = keep(pattern(false));
                match pattern.as_literal() {
                    Some(literal) if truth_value(literal).is_none() => Operand::Malformed,
                    _ => Operand::Bool(pattern),
                }
            }
            Family::Binary => BASE64.decode(text).map_or(Operand::Malformed, |_| Operand::Bytes),
            Family::Ip => Network::parse(text).map_or(Operand::Malformed, Operand::Network),
            Family::Arn => {
                let pattern = keep(pattern(true));
                // A variable may bring any number of parts with it.
                let short = text.matches(':').count() < 5 && pattern.variables().next().is_none();
                if short && !pattern.is_everything() { Operand::Malformed } else { Operand::Arn(pattern) }
            }
            Family::Null => truth_value(text).map_or(Operand::Malformed, Operand::Presence),
        };
        (Self { text: text.into(), operand }, mistakes)
    }
}

/// Whether a text is standard base64 with padding, as far as its letters tell.
fn is_base64(text: &str) -> bool {
    let data = text.trim_end_matches('=');
    let letters = data.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    text.len().is_multiple_of(4) && text.len() - data.len() <= 2 && letters
}

/// Whether a value that stands in this order to the policy's satisfies the positive form of the operator.
fn ordered(base: Base, order: Ordering) -> Comparison<'static> {
    is_in_order(base, order).into()
}

pub(super) fn is_in_order(base: Base, order: Ordering) -> bool {
    match base {
        Base::NumericLessThan | Base::DateLessThan => order.is_lt(),
        Base::NumericLessThanEquals | Base::DateLessThanEquals => order.is_le(),
        Base::NumericGreaterThan | Base::DateGreaterThan => order.is_gt(),
        Base::NumericGreaterThanEquals | Base::DateGreaterThanEquals => order.is_ge(),
        _ => order.is_eq(),
    }
}

/// Whether a text is a value that operators of a family can read.
pub(crate) fn is_of(family: Family, text: &str) -> bool {
    match family {
        Family::Numeric => Decimal::parse(text).is_some(),
        Family::Date => Instant::parse(text).is_some(),
        Family::Bool => truth_value(text).is_some(),
        Family::Ip => text.parse::<IpAddr>().is_ok(),
        Family::Binary | Family::String | Family::Arn | Family::Null => true,
    }
}

/// `true` or `false` in any letter case (R5.31).
pub(crate) fn truth_value(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

impl From<bool> for Comparison<'_> {
    fn from(matches: bool) -> Self {
        if matches { Self::Match } else { Self::Mismatch }
    }
}

impl<'p> From<Fit<'p>> for Comparison<'p> {
    fn from(fit: Fit<'p>) -> Self {
        match fit {
            Fit::Yes => Self::Match,
            Fit::No => Self::Mismatch,
            Fit::Unresolved(variable) => Self::Unresolved(variable),
            Fit::Unknown(variable) => Self::Unknown(variable),
        }
    }
}
