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
    /// A text of digits only is Unix seconds, even one of four digits (R5.28); Unix seconds have no sign (R5.27).
    ///
    /// ```
    /// use can_access_engine::instant::Instant;
    /// assert_eq!(Instant::parse("2024").unwrap().seconds(), 2024);
    /// assert!(Instant::parse("2024-01-01T00:00:60Z").is_none());
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match Decimal::parse(text) {
            Some(number) if text.starts_with(|c: char| c.is_ascii_digit()) => Self::from_epoch(number),
            _ => Self::from_iso(text),
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
    /// assert_eq!(Instant::parse("1969-12-31T23:59:59.5Z").unwrap().seconds(), -1);
    /// ```
    #[must_use]
    pub fn seconds(&self) -> i128 {
        self.seconds
    }

    /// The instant itself and its neighbours, as texts that read back.
    pub(crate) fn around(&self) -> Vec<String> {
        let units = i128::from(ATTOSECONDS);
        let neighbour = |step: i128| {
            let attoseconds = i128::from(self.attoseconds) + step;
            let seconds = self.seconds + attoseconds.div_euclid(units);
            let attoseconds = attoseconds.rem_euclid(units);
            if seconds >= 0 {
                return Some(format!("{seconds}.{attoseconds:018}"));
            }
            // Unix seconds have no sign, so what lies before 1970 is written as a date.
            let timestamp = jiff::Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?.to_string();
            Some(format!("{}.{attoseconds:018}Z", timestamp.strip_suffix('Z')?))
        };
        [0, -1, 1].into_iter().filter_map(neighbour).collect()
    }

    fn from_epoch(number: Decimal<'_>) -> Option<Self> {
        let (integer, fraction) = number.digits();
        let seconds: i64 = if integer.is_empty() { 0 } else { integer.parse().ok()? };
        let seconds = seconds.into();
        Some(Self { seconds, attoseconds: attoseconds(fraction) })
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
