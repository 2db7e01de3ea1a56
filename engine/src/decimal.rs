//! Exact decimal numbers as text: no floating point anywhere (SEMANTICS R5.24).

use compact_str::CompactString;
use std::cmp::Ordering;

/// A decimal number, `[+-]?digits[.digits]`, borrowed from its text and compared digit by digit.
///
/// ```
/// use can_access_engine::decimal::Decimal;
/// let number = |text| Decimal::parse(text).unwrap();
/// assert_eq!(number("1.2"), number("+01.20"));
/// assert!(number("10") > number("9"));
/// assert!(number("-0.5") < number("0"));
/// assert!(Decimal::parse("1e1").is_none());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Decimal<'a> {
    negative: bool,
    /// Without leading zeros.
    integer: &'a str,
    /// Without trailing zeros.
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    /// Reads a number; exponents, spaces, separators and hexadecimal digits are no part of one.
    ///
    /// ```
    /// use can_access_engine::decimal::Decimal;
    /// assert!(Decimal::parse("1.").is_none());
    /// assert!(Decimal::parse(".5").is_none());
    /// ```
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (integer, fraction) = match digits.split_once('.') {
            Some((integer, fraction)) if is_digits(fraction) => (integer, fraction),
            Some(_) => return None,
            None => (digits, ""),
        };
        if !is_digits(integer) {
            return None;
        }
        let (integer, fraction) = (integer.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let zero = integer.is_empty() && fraction.is_empty();
        Some(Self { negative: negative && !zero, integer, fraction })
    }

    pub(crate) fn is_negative(&self) -> bool {
        self.negative
    }

    /// The digits before and behind the point, without the zeros that do not count.
    pub(crate) fn digits(&self) -> (&'a str, &'a str) {
        (self.integer, self.fraction)
    }
}

/// A decimal number with its digits, read once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DecimalBuf {
    negative: bool,
    integer: CompactString,
    fraction: CompactString,
}

impl DecimalBuf {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let Decimal { negative, integer, fraction } = Decimal::parse(text)?;
        Some(Self { negative, integer: integer.into(), fraction: fraction.into() })
    }

    pub(crate) fn borrowed(&self) -> Decimal<'_> {
        Decimal { negative: self.negative, integer: &self.integer, fraction: &self.fraction }
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let magnitude = self
            .integer
            .len()
            .cmp(&other.integer.len())
            .then_with(|| self.integer.cmp(other.integer))
            .then_with(|| self.fraction.cmp(other.fraction));
        match (self.negative, other.negative) {
            (false, false) => magnitude,
            (true, true) => magnitude.reverse(),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Decimal<'_> {}

/// Whether `text` is one or more ASCII digits.
pub(crate) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
