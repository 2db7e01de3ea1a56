//! Values that conditions compare: texts, numbers, instants, networks, bytes (section 5.3).

use super::patterns::{Tok, characters, fits};
use super::request::six;
use std::cmp::Ordering;
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// R5.21: text with the differences of case taken out.
pub(super) fn folded(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// R5.31: both are the same one of `true` and `false`, in any case.
pub(super) fn same_truth(asked: &str, wanted: &str) -> bool {
    let wanted = wanted.to_ascii_lowercase();
    (wanted == "true" || wanted == "false") && asked.eq_ignore_ascii_case(&wanted)
}

/// R5.37 to R5.39: six parts against six parts, colons of substituted text counting like any other.
pub(super) fn arn_matches(pattern: &[Tok], asked: &str) -> bool {
    if matches!(pattern, [Tok::Run]) {
        return true;
    }
    let wanted: Vec<&[Tok]> = pattern.splitn(6, |token| *token == Tok::Char(':')).collect();
    let Some(asked) = six(asked) else {
        return false;
    };
    wanted.len() == 6 && wanted.iter().zip(&asked).all(|(wanted, asked)| fits(wanted, &characters(asked)))
}

/// At least one digit, and nothing but digits.
pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// R5.24: sign, digits before and digits after the point.
pub(super) fn decimal(text: &str) -> Option<(bool, &str, &str)> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    (is_digits(whole) && is_digits(fraction)).then_some((negative, whole, fraction))
}

/// R5.24: numbers compared exactly, by writing both with equally many digits.
pub(super) fn compare_decimals(left: &str, right: &str) -> Option<Ordering> {
    let (left_negative, left_whole, left_fraction) = decimal(left)?;
    let (right_negative, right_whole, right_fraction) = decimal(right)?;
    let whole = left_whole.len().max(right_whole.len());
    let fraction = left_fraction.len().max(right_fraction.len());
    let left_digits = format!("{left_whole:0>whole$}{left_fraction:0<fraction$}");
    let right_digits = format!("{right_whole:0>whole$}{right_fraction:0<fraction$}");
    let is_zero = |digits: &str| digits.bytes().all(|byte| byte == b'0');
    let left_below = left_negative && !is_zero(&left_digits);
    let right_below = right_negative && !is_zero(&right_digits);
    Some(match (left_below, right_below) {
        (false, false) => left_digits.cmp(&right_digits),
        (true, true) => right_digits.cmp(&left_digits),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    })
}

/// R5.27: instants compared, whichever way each is written.
pub(super) fn compare_instants(left: &str, right: &str) -> Option<Ordering> {
    Some(instant(left)?.cmp(&instant(right)?))
}

/// Seconds since 1970, and the digits of the fraction without zeros at the end, which makes them comparable as text.
pub(super) type Instant = (i64, String);

/// R5.26 to R5.29: digits are seconds since 1970, anything else is a calendar date.
pub(super) fn instant(text: &str) -> Option<Instant> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if is_digits(whole) && is_digits(fraction) {
        return Some((whole.parse().ok()?, significant(fraction)));
    }
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let fields: Vec<&str> = date.split('-').collect();
    let (year, month, day) = match fields.as_slice() {
        [year, month] if time.is_none() => (*year, *month, "01"),
        [year, month, day] => (*year, *month, *day),
        _ => return None,
    };
    let year = number(year, 4, 0..=9999)?;
    let month = number(month, 2, 1..=12)?;
    let day = number(day, 2, 1..=days_in_month(year, month))?;
    let midnight = days_since_1970(year, month, day) * 86_400;
    let (seconds, fraction) = match time {
        Some(time) => seconds_of_day(time)?,
        None => (0, String::new()),
    };
    Some((midnight + seconds, fraction))
}

/// The digits of a fraction that matter.
pub(super) fn significant(fraction: &str) -> String {
    fraction.trim_end_matches('0').to_owned()
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.f`, and `Z`, an offset or nothing, as seconds from midnight UTC (R5.26, R5.29).
pub(super) fn seconds_of_day(time: &str) -> Option<Instant> {
    let (clock, offset) = if let Some(clock) = time.strip_suffix('Z') {
        (clock, 0)
    } else if let Some((clock, east)) = time.split_once('+') {
        (clock, hours_and_minutes(east)?)
    } else if let Some((clock, west)) = time.split_once('-') {
        (clock, -hours_and_minutes(west)?)
    } else {
        (time, 0)
    };
    let (clock, seconds, fraction) = match clock.split(':').count() {
        2 => (clock, 0, String::new()),
        3 => {
            let (clock, seconds) = clock.rsplit_once(':')?;
            let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
            if !is_digits(fraction) {
                return None;
            }
            (clock, number(seconds, 2, 0..=59)?, significant(fraction))
        }
        _ => return None,
    };
    Some((hours_and_minutes(clock)? + seconds - offset, fraction))
}

/// `hh:mm` as seconds.
pub(super) fn hours_and_minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    Some(number(hours, 2, 0..=23)? * 3_600 + number(minutes, 2, 0..=59)? * 60)
}

/// So many digits, within a range.
pub(super) fn number(text: &str, length: usize, range: RangeInclusive<i64>) -> Option<i64> {
    if text.len() != length || !is_digits(text) {
        return None;
    }
    text.parse::<i64>().ok().filter(|number| range.contains(number))
}

/// Days from 1 January 1970, counted year by year and month by month.
pub(super) fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let years_after: i64 = (1970..year).map(days_in_year).sum();
    let years_before: i64 = (year..1970).map(days_in_year).sum();
    let months: i64 = (1..month).map(|month| days_in_month(year, month)).sum();
    years_after - years_before + months + day - 1
}

/// Days of a year of the Gregorian calendar.
pub(super) fn days_in_year(year: i64) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

/// Days of a month of the Gregorian calendar.
pub(super) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Every fourth year, of the centuries every fourth.
pub(super) fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

/// R5.34 to R5.36: whether an address lies in a network of its own family.
pub(super) fn in_network(address: &str, range: &str) -> bool {
    let (Some(asked), Some((wanted, length))) = (address_bits(address), network(range)) else {
        return false;
    };
    asked.len() == wanted.len() && asked[..length] == wanted[..length]
}

/// R5.34: an address and how many of its bits count.
pub(super) fn network(text: &str) -> Option<(Vec<bool>, usize)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let bits = address_bits(address)?;
    let length = match length {
        Some(length) if is_digits(length) => length.parse::<usize>().ok()?,
        Some(_) => return None,
        None => bits.len(),
    };
    (length <= bits.len()).then_some((bits, length))
}

/// The 32 or 128 bits of an address.
pub(super) fn address_bits(text: &str) -> Option<Vec<bool>> {
    let octets: Vec<u8> = match text.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    Some(octets.into_iter().flat_map(|octet| bits_of(octet, 8)).collect())
}

/// The lowest `count` bits of a number, highest first.
pub(super) fn bits_of(number: u8, count: u32) -> Vec<bool> {
    (0..count).rev().map(|place| (number >> place) & 1 == 1).collect()
}

/// R5.33: the bytes of standard base64 with padding.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - digits.len() > 2 {
        return None;
    }
    let mut bits: Vec<bool> = Vec::new();
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits.extend(bits_of(value, 6));
    }
    let whole_bytes = bits.chunks_exact(8);
    if whole_bytes.remainder().contains(&true) {
        return None;
    }
    Some(whole_bytes.map(byte_of).collect())
}

/// Eight bits, highest first, as a byte.
pub(super) fn byte_of(bits: &[bool]) -> u8 {
    bits.iter().fold(0, |byte, bit| (byte << 1) | u8::from(*bit))
}
