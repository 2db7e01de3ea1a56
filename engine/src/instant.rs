//! Points in time as policies write them: ISO 8601 and Unix seconds, compared as instants (SEMANTICS R5.26–R5.29).

use crate::decimal::{Decimal, is_digits};
use jiff::civil::{Date, Time};
use std::fmt;

/// A point in time, exact to the attosecond (digits beyond that are cut off).
///
/// ```
/// use can_access_engine::instant::Instant;
/// let instant = |text| Instant::parse(text).unwrap();
/// assert_eq!(instant("2024-01-01T01:00:00+01:00"), instant("1704067200"));
/// assert!(instant("2024-01") < instant("2024-01-01T00:00:00.5Z"));
/// assert!(Instant::parse("2024-13-01").is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    seconds: i128,
    /// The rest, in units of 10⁻¹⁸ seconds.
    attoseconds: u64,
}

const ATTOSECONDS: u64 = 1_000_000_000_000_000_000;

impl Instant {
    /// Reads a date (`YYYY-MM`, `YYYY-MM-DD`), a date and time with a zone or, as UTC, without one, or Unix seconds.
    /// A text of digits only is Unix seconds, even one of four digits (R5.28).
    ///
    /// ```
    /// use can_access_engine::instant::Instant;
    /// assert_eq!(Instant::parse("2024").unwrap().seconds(), 2024);
    /// assert!(Instant::parse("2024-01-01T00:00:60Z").is_none());
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match Decimal::parse(text) {
            Some(number) => Self::from_epoch(number),
            None => Self::from_iso(text),
        }
    }

    /// The instant that many seconds after 1970-01-01T00:00:00Z.
    ///
    /// ```
    /// use can_access_engine::instant::Instant;
    /// assert_eq!(Instant::from_seconds(0).to_string(), "1970-01-01T00:00:00Z");
    /// ```
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self { seconds: seconds.into(), attoseconds: 0 }
    }

    /// Whole seconds since the epoch, rounded down.
    ///
    /// ```
    /// use can_access_engine::instant::Instant;
    /// assert_eq!(Instant::parse("-0.5").unwrap().seconds(), -1);
    /// ```
    #[must_use]
    pub fn seconds(&self) -> i128 {
        self.seconds
    }

    /// The instant itself and its neighbours, as Unix seconds.
    pub(crate) fn around(&self) -> [String; 3] {
        let units = i128::from(ATTOSECONDS);
        let write = |seconds: i128, attoseconds: i128| {
            let (seconds, attoseconds) = (seconds + attoseconds.div_euclid(units), attoseconds.rem_euclid(units));
            // Seconds are rounded down, so a fraction before 1970 counts upwards from below.
            let (sign, whole, rest) = match (seconds < 0, attoseconds) {
                (true, 0) => ("-", -seconds, 0),
                (true, rest) => ("-", -seconds - 1, units - rest),
                (false, rest) => ("", seconds, rest),
            };
            if rest == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest:018}") }
        };
        let own = i128::from(self.attoseconds);
        [write(self.seconds, own), write(self.seconds, own - 1), write(self.seconds, own + 1)]
    }

    fn from_epoch(number: Decimal<'_>) -> Option<Self> {
        let (integer, fraction) = number.digits();
        let seconds: i128 = if integer.is_empty() { 0 } else { integer.parse().ok()? };
        let attoseconds = attoseconds(fraction);
        Some(match (number.is_negative(), attoseconds) {
            (false, _) => Self { seconds, attoseconds },
            (true, 0) => Self { seconds: -seconds, attoseconds: 0 },
            (true, _) => Self { seconds: -seconds - 1, attoseconds: ATTOSECONDS - attoseconds },
        })
    }

    fn from_iso(text: &str) -> Option<Self> {
        let (date, time) = match text.split_once('T') {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let mut fields = date.splitn(3, '-');
        let year = number(fields.next()?, 4)?;
        let month = number(fields.next()?, 2)?;
        let day = match fields.next() {
            Some(day) => number(day, 2)?,
            None if time.is_none() => 1,
            None => return None,
        };
        let date = Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()?;
        let (time, fraction, offset) = match time {
            Some(time) => clock(time)?,
            None => (Time::midnight(), "", 0),
        };
        let days = date.since((jiff::Unit::Day, Date::new(1970, 1, 1).ok()?)).ok()?.get_days();
        let of_day = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
        let seconds = i64::from(days) * 86_400 + of_day - offset;
        Some(Self { seconds: seconds.into(), attoseconds: attoseconds(fraction) })
    }
}

/// `hh:mm[:ss[.f]]` and a zone: the time, the fraction's digits, and the zone's offset in seconds.
fn clock(text: &str) -> Option<(Time, &str, i64)> {
    let zone = text.find(['Z', '+', '-']).unwrap_or(text.len());
    let (time, zone) = text.split_at_checked(zone)?;
    let offset = match zone {
        "" | "Z" => 0,
        _ => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            sign * (i64::from(hours) * 3600 + i64::from(minutes) * 60)
        }
    };
    let (time, fraction) = match time.split_once('.') {
        Some((time, fraction)) if is_digits(fraction) && time.len() == 8 => (time, fraction),
        Some(_) => return None,
        None => (time, ""),
    };
    let mut fields = time.splitn(3, ':');
    let hour = number(fields.next()?, 2)?;
    let minute = number(fields.next()?, 2)?;
    let second = fields.next().map_or(Some(0), |second| number(second, 2))?;
    let time = Time::new(hour.try_into().ok()?, minute.try_into().ok()?, second.try_into().ok()?, 0).ok()?;
    Some((time, fraction, offset))
}

/// A number of exactly so many digits.
fn number(text: &str, digits: usize) -> Option<i16> {
    (text.len() == digits && is_digits(text)).then(|| text.parse().ok()).flatten()
}

fn attoseconds(fraction: &str) -> u64 {
    let digits = fraction.get(..18).unwrap_or(fraction);
    digits.bytes().chain(std::iter::repeat(b'0')).take(18).fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
}

impl fmt::Display for Instant {
    /// ISO 8601 in UTC; Unix seconds where the year has no four digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timestamp = i64::try_from(self.seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
        match timestamp {
            Some(timestamp) => write!(f, "{timestamp}"),
            None => write!(f, "{}", self.seconds),
        }
    }
}
