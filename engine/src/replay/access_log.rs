//! One line of an S3 server access log, of any generation (17 to 27 fields, and whatever follows).
//!
//! S3 writes three fields as the client sent them, between quotes and without escapes: the request line, the referer and
//! the user agent. What stands left of them (bucket, requester, operation, key) nobody but S3 writes, and is read from
//! the left. What stands right of them can be forged by somebody who puts quotes into what they send. So no split is
//! guessed: every place where the status can be is looked at, and if they disagree, the line is ambiguous.

pub use super::json_row::JsonRow;

use memchr::{memchr, memchr_iter, memrchr};
use serde::{Deserialize, Serialize};

/// What a line is.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "lines are read one at a time; an allocation for each would cost more")]
pub enum Line<'l> {
    /// Nothing but white space.
    Blank,
    /// Bucket, time, requester, operation or key cannot be read; nothing is taken from it.
    Malformed(Damage),
    /// They can.
    Row(Row<'l>),
}

/// What cannot be read of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Damage {
    /// The owner or the bucket.
    Bucket,
    /// The time.
    Time,
    /// The address or the requester.
    Requester,
    /// The operation.
    Operation,
    /// The key.
    Key,
    /// The event: it is none, or lacks what every event has.
    Event,
    /// The JSON around it.
    Json,
    /// It is a partial result, and no log.
    Partial,
}

impl Damage {
    /// What is wrong, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bucket => "no bucket",
            Self::Time => "no time",
            Self::Requester => "no requester",
            Self::Operation => "no operation",
            Self::Key => "no key",
            Self::Event => "no event of CloudTrail",
            Self::Json => "no JSON from here on",
            Self::Partial => "a partial result, which is read from a named file only",
        }
    }
}

/// A line that can be read as far as its key.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'l> {
    /// The canonical id of the bucket's owner.
    pub owner: &'l str,
    /// The bucket.
    pub bucket: &'l str,
    /// When the request arrived, in seconds since 1970.
    pub time: i64,
    /// The address it came from, or `-`.
    pub address: &'l str,
    /// Who sent it, or `-`; may hold spaces.
    pub requester: &'l str,
    /// S3's id of the request.
    pub request_id: &'l str,
    /// The operation, such as `REST.GET.OBJECT`.
    pub operation: &'l str,
    /// The key as logged: encoded, or `-`.
    pub key: &'l str,
    /// The rest of the line.
    pub rest: Rest<'l>,
}

/// What follows the key.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "as for lines")]
pub enum Rest<'l> {
    /// It can be read in one way, as far as it matters.
    Whole(Answer<'l>),
    /// It can be read in several ways that differ in what they prove or are about.
    Ambiguous,
    /// It is cut off, or does not align.
    Partial,
}

/// The request line, what S3 answered, and what it says of the connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<'l> {
    /// The request line as the client sent it; `None` if the row has none, or if it can be read in several ways.
    pub request: Option<&'l [u8]>,
    /// What the request line is the beginning of, if it can be read in several ways.
    pub within: Option<&'l [u8]>,
    /// The HTTP status; `None` for `-`.
    pub status: Option<u16>,
    /// S3's error code; `None` for `-`.
    pub error: Option<&'l str>,
    /// The referer as the client sent it; `None` if there is none, or if it can be read in several ways.
    pub referer: Option<&'l [u8]>,
    /// The user agent, likewise.
    pub agent: Option<&'l [u8]>,
    /// The fields behind the user agent.
    pub tail: Tail<'l>,
}

/// The fields behind the user agent: `None` where the line does not have them, or where they can be read in several ways;
/// `-` is given as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tail<'l> {
    /// The version the request was about.
    pub version: Option<&'l str>,
    /// The host id, which the two halves of a copy share.
    pub host_id: Option<&'l str>,
    /// `SigV2`, `SigV4`.
    pub signature: Option<&'l str>,
    /// The cipher suite.
    pub cipher: Option<&'l str>,
    /// `AuthHeader`, `QueryString`.
    pub authentication: Option<&'l str>,
    /// The host the request was sent to.
    pub host: Option<&'l str>,
    /// `TLSv1.2` and so on.
    pub tls: Option<&'l str>,
    /// The ARN of the access point.
    pub access_point: Option<&'l str>,
    /// Whether an ACL was needed to allow the request.
    pub acl: Option<&'l str>,
    /// The Region the request came from.
    pub source_region: Option<&'l str>,
}

impl<'l> Line<'l> {
    /// Reads a line, given without its line feed. `terminated` says whether it had one: a last line without may be cut.
    ///
    /// ```
    /// use can_access_engine::replay::access_log::{Line, Rest};
    /// let line = br#"owner data [21/Nov/2026:19:00:00 +0000] 192.0.2.10 arn:aws:iam::111122223333:user/ann 0A1B2C3D4E5F6071 REST.GET.OBJECT a/b.txt "GET /a/b.txt HTTP/1.1" 200 - 10 10 12 - "-" "agent" -"#;
    /// let Line::Row(row) = Line::read(line, true) else { panic!() };
    /// assert_eq!((row.bucket, row.operation, row.key), ("data", "REST.GET.OBJECT", "a/b.txt"));
    /// assert!(matches!(row.rest, Rest::Whole(answer) if answer.status == Some(200)));
    /// ```
    #[must_use]
    pub fn read(line: &'l [u8], terminated: bool) -> Self {
        if line.trim_ascii().is_empty() {
            return Self::Blank;
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match Row::read(line, terminated) {
            Ok(row) => Self::Row(row),
            Err(damage) => Self::Malformed(damage),
        }
    }
}

/// Whether a text can be the name of a bucket, as those were that were made when more signs were allowed (S3 User Guide,
/// "General purpose bucket naming rules").
#[inline(never)]
pub(super) fn is_bucket(text: &[u8]) -> bool {
    let sign = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !text.is_empty() && text != b"-" && text.iter().all(sign)
}

impl<'l> Row<'l> {
    fn read(line: &'l [u8], terminated: bool) -> Result<Self, Damage> {
        let mut left = Left { bytes: line };
        let owner = left.word().ok_or(Damage::Bucket)?;
        let bucket = left.word().filter(|word| is_bucket(word.as_bytes())).ok_or(Damage::Bucket)?;
        let time = left.time().ok_or(Damage::Time)?;
        let address = left.word().ok_or(Damage::Requester)?;
        left.bytes = left.bytes.trim_ascii_start();
        // The requester may hold spaces; what follows it has a form of its own, and the one before that is the request id.
        let from = left.bytes;
        let mut before: Option<(usize, &'l str)> = None;
        let mut words = 0;
        let (requester, request_id, operation) = loop {
            let at = from.len() - left.bytes.len();
            let Some(word) = left.word() else {
                return Err(if words == 0 { Damage::Requester } else { Damage::Operation });
            };
            if words >= 2 && is_operation(word) {
                let (id_at, id) = before.ok_or(Damage::Requester)?;
                let requester = from.get(..id_at).map(<[u8]>::trim_ascii_end).ok_or(Damage::Requester)?;
                let requester = std::str::from_utf8(requester).map_err(|_| Damage::Requester)?;
                // One kind of requester has spaces; otherwise two lines have run into each other.
                if requester.contains(' ') && !is_of_cloudfront(requester) {
                    return Err(Damage::Requester);
                }
                break (requester, id, word);
            }
            before = Some((at, word));
            words += 1;
        };
        let key = left.word().ok_or(Damage::Key)?;
        let rest = Rest::read(left.bytes, operation.starts_with("S3."), terminated);
        Ok(Self { owner, bucket, time, address, requester, request_id, operation, key, rest })
    }
}

/// Whether a requester is an identity of CloudFront, all of it.
pub(super) fn is_of_cloudfront(requester: &str) -> bool {
    let parts = requester
        .strip_prefix("arn:")
        .and_then(|rest| rest.split_once(":iam::cloudfront:user/CloudFront Origin Access Identity "));
    parts.is_some_and(|(partition, id)| {
        let is_id = id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        !partition.contains([' ', ':']) && !id.is_empty() && is_id
    })
}

/// What is left of a line to the right of what was read.
struct Left<'l> {
    bytes: &'l [u8],
}

impl<'l> Left<'l> {
    /// The bytes up to the next space, which has to be there: a word at the end of a line may be cut.
    fn word(&mut self) -> Option<&'l str> {
        let end = memchr(b' ', self.bytes)?;
        let (word, behind) = self.bytes.split_at_checked(end)?;
        self.bytes = behind.get(1..)?;
        std::str::from_utf8(word).ok().filter(|word| !word.is_empty())
    }

    /// `[21/Nov/2026:19:00:00 +0000]` and a space.
    fn time(&mut self) -> Option<i64> {
        let (text, behind) = self.bytes.split_at_checked(28)?;
        self.bytes = behind.strip_prefix(b" ")?;
        seconds(text)
    }
}

/// The seconds since 1970 of a time in brackets (REPLAY §1.7).
pub(super) fn seconds(text: &[u8]) -> Option<i64> {
    const MONTHS: [&[u8; 3]; 12] =
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    let &[
        b'[',
        d1,
        d2,
        b'/',
        m1,
        m2,
        m3,
        b'/',
        y1,
        y2,
        y3,
        y4,
        b':',
        h1,
        h2,
        b':',
        n1,
        n2,
        b':',
        s1,
        s2,
        b' ',
        sign,
        z1,
        z2,
        z3,
        z4,
        b']',
    ] = text
    else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i64, |all, digit| digit.is_ascii_digit().then(|| all * 10 + i64::from(digit - b'0')))
    };
    let (day, year) = (number(&[d1, d2])?, number(&[y1, y2, y3, y4])?);
    let month = MONTHS.iter().position(|name| **name == [m1, m2, m3])? + 1;
    let (hour, minute, second) = (number(&[h1, h2])?, number(&[n1, n2])?, number(&[s1, s2])?);
    let month_days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    };
    if !(1..=month_days).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let offset = (number(&[z1, z2])? * 60 + number(&[z3, z4])?) * 60;
    let offset = match sign {
        b'+' => offset,
        b'-' => -offset,
        _ => return None,
    };
    let month = i64::try_from(month).ok()?;
    Some(days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset)
}

/// The days from 1970-01-01 to a date of the proleptic Gregorian calendar. Years are counted from March, so that the leap
/// day is the last of its year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468
}

/// `TLSv1.2` and the like, or `-`.
fn is_tls(word: &str) -> bool {
    let version = word.get(..5).filter(|head| head.eq_ignore_ascii_case("TLSv1")).and_then(|_| word.get(5..));
    word == "-" || matches!(version, Some("" | ".0" | ".1" | ".2" | ".3"))
}

/// The whole ARN of an access point, or `-`.
fn is_access_point(word: &str) -> bool {
    let name = |resource: &str| resource.split_once(['/', ':']).is_some_and(|(_, name)| !name.is_empty());
    word == "-" || word.strip_prefix("arn:").is_some_and(|arn| arn.splitn(5, ':').nth(4).is_some_and(name))
}

/// `REST.GET.OBJECT` and the like.
pub(super) fn is_operation(word: &str) -> bool {
    let Some((kind, rest)) = word.split_once('.') else { return false };
    matches!(kind, "REST" | "WEBSITE" | "BATCH" | "S3" | "SOAP")
        && !rest.is_empty()
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
}

impl<'l> Rest<'l> {
    /// Reads what follows the key; of what S3 does by itself, the request line is `-`.
    fn read(rest: &'l [u8], by_itself: bool, terminated: bool) -> Self {
        match rest.split_first() {
            // A last line without an end may lack its version.
            Some((b'-', behind)) => match behind.strip_prefix(b" ").and_then(Middle::read).filter(|_| terminated) {
                Some(middle) => Self::of(b"", &[middle]),
                None => Self::Partial,
            },
            Some((b'"', inside)) => {
                // Wherever the request line can end.
                let mut middles = Vec::new();
                let (mut end, mut is_request) = (0, false);
                for at in memchr_iter(b'"', inside) {
                    let behind = inside.get(at + 1..).and_then(|behind| behind.strip_prefix(b" "));
                    if let Some(middle) = behind.and_then(Middle::read) {
                        end = at;
                        let request = inside.get(..at).unwrap_or_default();
                        is_request |= is_request_line(request) || by_itself && request == b"-";
                        middles.push(middle);
                    }
                }
                // Where the end of a line is missing, a forged one may stand for it; and where a line was cut and mended, what
                // request lines end with is missing.
                let request = inside.get(..end).unwrap_or_default();
                let has_line = || memchr::memmem::find(request, b" +0000] ").is_some();
                let is_whole = terminated && is_request && (middles.len() == 1 || !has_line());
                match Self::of(request, &middles) {
                    Self::Whole(_) if !is_whole => Self::Partial,
                    read => read,
                }
            }
            _ => Self::Partial,
        }
    }

    /// Puts the parts together, given every way to read the middle, and the longest request line.
    fn of(request: &'l [u8], middles: &[Middle<'l>]) -> Self {
        let Some((first, others)) = middles.split_first() else { return Self::Partial };
        if others.iter().any(|other| (other.status, other.error) != (first.status, first.error)) {
            return Self::Ambiguous;
        }
        // The last one has the shortest rest, which every reading shares.
        let last = others.last().unwrap_or(first);
        let Some(tail) = Tail::read(last.rest) else { return Self::Partial };
        let Some(tail) = tail.agreed() else { return Self::Ambiguous };
        let (referer, agent) = if others.is_empty() { quoted(last.rest) } else { (None, None) };
        let within = Some(request).filter(|request| !request.is_empty());
        let (request, within) = if others.is_empty() { (within, None) } else { (None, within) };
        let Middle { status, error, .. } = *first;
        Self::Whole(Answer { request, within, status, error, referer, agent, tail: tail.tail })
    }
}

/// Whether a request line ends as one does.
fn is_request_line(request: &[u8]) -> bool {
    let version = request.rsplit(|byte| *byte == b' ').next().and_then(|last| last.strip_prefix(b"HTTP/"));
    matches!(version, Some([b'0'..=b'9'] | [b'0'..=b'9', b'.', b'0'..=b'9']))
}

/// Referer and user agent, if nothing but quotes around them shows where they end.
fn quoted(rest: &[u8]) -> (Option<&[u8]>, Option<&[u8]>) {
    let quotes: Vec<usize> = memchr_iter(b'"', rest).collect();
    let between = |from: usize, to: usize| rest.get(from + 1..to).filter(|text| *text != b"-");
    match quotes[..] {
        [0, end, start, last] if start == end + 2 => (between(0, end), between(start, last)),
        [2, last] if rest.starts_with(b"- ") => (None, between(2, last)),
        _ => (None, None),
    }
}

/// Status and error code, and what follows the four numbers behind them.
struct Middle<'l> {
    status: Option<u16>,
    error: Option<&'l str>,
    rest: &'l [u8],
}

impl<'l> Middle<'l> {
    /// `status error bytes size time time` and the beginning of a referer, if that is what stands here.
    fn read(bytes: &'l [u8]) -> Option<Self> {
        // A cheap look first: most quotes are followed by something else.
        let (status, mut at) = match bytes {
            [b'-', b' ', ..] => (None, 2),
            [a, b, c, b' ', ..] if [a, b, c].iter().all(|byte| byte.is_ascii_digit()) => {
                (Some([a, b, c].iter().fold(0, |all, digit| all * 10 + u16::from(**digit - b'0'))), 4)
            }
            _ => return None,
        };
        // How long the word there is, which may not be empty and has a space behind it.
        let word = |at: usize, is: fn(u8) -> bool| {
            let rest = bytes.get(at..).unwrap_or_default();
            let length = rest.iter().take_while(|byte| is(**byte)).count();
            (length > 0 && rest.get(length) == Some(&b' ')).then_some(length)
        };
        let length = word(at, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))?;
        let error = std::str::from_utf8(bytes.get(at..at + length)?).ok()?;
        at += length + 1;
        for _ in 0..4 {
            let is_nil = bytes.get(at..at + 2) == Some(b"- ");
            at += 1 + if is_nil { 1 } else { word(at, |byte| byte.is_ascii_digit())? };
        }
        let rest = bytes.get(at..)?;
        let begins = matches!(rest.first(), Some(b'"' | b'-'));
        begins.then_some(Self { status, error: Some(error).filter(|error| *error != "-"), rest })
    }
}

/// The readings of what follows the user agent.
struct Tails<'l> {
    tail: Tail<'l>,
    /// Whether they differ in what the request is about.
    disagree: bool,
}

impl<'l> Tails<'l> {
    fn agreed(self) -> Option<Self> {
        (!self.disagree).then_some(self)
    }
}

impl<'l> Tail<'l> {
    /// Reads referer, user agent and what follows. `None` if it is cut off or does not align.
    fn read(rest: &'l [u8]) -> Option<Tails<'l>> {
        let one = |tail| Some(Tails { tail, disagree: false });
        // Bare referer and user agent, as in rows of batches.
        if let Some(behind) = rest.strip_prefix(b"- -") {
            let behind = std::str::from_utf8(behind).ok().filter(|text| text.is_empty() || text.starts_with(' '))?;
            return one(Self::align(behind)?);
        }
        let last = memrchr(b'"', rest)?;
        if rest.first() == Some(&b'"') && memchr_iter(b'"', rest).count() == 2 {
            // A quoted referer and a bare user agent.
            let behind = rest.get(last + 1..)?.strip_prefix(b" -")?;
            return one(Self::align(std::str::from_utf8(behind).ok()?)?);
        }
        // Where the user agent can end: usually at the last quote; before it, if a field of the future is quoted, or if
        // the user agent holds what looks like the end of a line.
        let mut tails = Vec::new();
        // From here on all is text.
        let start = match rest.utf8_chunks().last() {
            Some(last) if !last.invalid().is_empty() => rest.len(),
            last => rest.len() - last.map_or(0, |last| last.valid().len()),
        };
        let text = std::str::from_utf8(rest.get(start..)?).ok()?;
        // The quotes around the referer, and the one before the user agent, end nothing.
        let others = if rest.first() == Some(&b'"') { 3 } else { 1 };
        for at in memchr_iter(b'"', rest).skip(others) {
            let Some(behind) = rest.get(at + 1..).filter(|behind| behind.first().is_none_or(|byte| *byte == b' '))
            else {
                continue;
            };
            let tail = (at + 1).checked_sub(start).and_then(|at| Self::align(text.get(at..)?));
            let tail = tail.filter(|tail| at == last || tail.signature.is_some());
            // The referer's closing quote is followed by the user agent, not by a version.
            tails.extend(tail.filter(|_| !behind.starts_with(b" \"")));
        }
        let (latest, earlier) = tails.split_last()?;
        let about = |tail: &Self| (tail.version.filter(|v| *v != "-"), tail.access_point.filter(|arn| *arn != "-"));
        let disagree = earlier.iter().any(|tail| about(tail) != about(latest));
        // Nobody but S3 writes behind the user agent: what aligns behind the last quote is the end of the line, whatever
        // stands before it.
        if latest.signature.is_some() || earlier.iter().all(|tail| tail == latest) {
            return one(*latest);
        }
        // Of the connection nothing is known then.
        let tail = Self { version: latest.version, access_point: latest.access_point, ..Self::default() };
        Some(Tails { tail, disagree })
    }

    /// The fields behind the user agent, if they are as many and of the kind that S3 has ever written.
    fn align(behind: &'l str) -> Option<Self> {
        let mut words = behind.split(' ').filter(|word| !word.is_empty());
        let mut first: [Option<&'l str>; 11] = [None; 11];
        let mut count = 0;
        for slot in &mut first {
            *slot = words.next();
            count += usize::from(slot.is_some());
        }
        let at = |index: usize| first.get(index).copied().flatten();
        match count {
            0 => return Some(Self::default()),
            1 => return Some(Self { version: at(0), ..Self::default() }),
            2..=6 => return None,
            _ => {}
        }
        // Quotes stand in fields of the future at most.
        if first.iter().take(10).flatten().any(|word| word.contains('"')) || !is_future(behind) {
            return None;
        }
        let aligned = |shift: usize| {
            at(shift + 2).is_some_and(|word| matches!(word, "-" | "SigV2" | "SigV4" | "SigV4A"))
                && at(shift + 4).is_some_and(|word| matches!(word, "-" | "AuthHeader" | "QueryString"))
                && at(shift + 6).is_some_and(is_tls)
                && at(shift + 7).is_none_or(is_access_point)
        };
        // Rows of 2019 have a word too many behind the version.
        let shift = [0, 1].into_iter().find(|shift| aligned(*shift))?;
        Some(Self {
            version: at(0),
            host_id: at(shift + 1),
            signature: at(shift + 2),
            cipher: at(shift + 3),
            authentication: at(shift + 4),
            host: at(shift + 5),
            tls: at(shift + 6),
            access_point: at(shift + 7),
            acl: at(shift + 8),
            source_region: at(shift + 9),
        })
    }
}

/// Whether the quotes in what follows a user agent are those around fields of the future: none is left open, and no status
/// follows one, as it follows a request line.
fn is_future(behind: &str) -> bool {
    let mut outside = behind;
    while let Some((before, quoted)) = outside.split_once('"') {
        let Some((_, rest)) = quoted.split_once('"').filter(|_| before.ends_with(' ')) else { return false };
        let is_status = |word: &str| word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit());
        let ends = rest.is_empty() || rest.starts_with(' ');
        if !ends || rest.split(' ').nth(1).is_some_and(is_status) {
            return false;
        }
        outside = rest;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (text, wanted) in [
            ("[01/Jan/1970:00:00:00 +0000]", Some(0)),
            ("[21/Nov/2026:19:00:00 +0000]", Some(1_795_287_600)),
            ("[29/Feb/2024:23:59:59 +0000]", Some(1_709_251_199)),
            ("[01/Mar/2024:00:59:59 +0100]", Some(1_709_251_199)),
            ("[29/Feb/2023:00:00:00 +0000]", None),
            ("[31/Apr/2023:00:00:00 +0000]", None),
            ("[00/Jan/2023:00:00:00 +0000]", None),
            ("[01/jan/2023:00:00:00 +0000]", None),
            ("[01/Jan/2023:24:00:00 +0000]", None),
        ] {
            assert_eq!(seconds(text.as_bytes()), wanted, "{text}");
        }
    }
}
