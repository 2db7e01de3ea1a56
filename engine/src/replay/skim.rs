//! Ordinary lines, of which most logs consist, looked at only as far as their key: what is left of them repeats from line
//! to line, so that it is worth to be recognised by its bytes.
//!
//! A line that is skimmed tells the same as one that is read by [`super::access_log`]; what is not quite ordinary is not
//! skimmed.

use super::access_log::{is_request_line, seconds};
use super::marks::Marked;
use super::object_key::{decode, decode_sent, percent};
use super::path_style;
use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter, memchr2, memchr3};
use std::borrow::Cow;
use std::sync::LazyLock;

/// An ordinary line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skim<'l> {
    /// Owner and bucket.
    pub owned_bucket: &'l [u8],
    /// When the request arrived, in seconds since 1970.
    pub time: i64,
    /// Requester.
    pub requester: &'l [u8],
    /// Operation.
    pub operation: &'l [u8],
    /// The path of the request, of a line without a key.
    pub path: &'l [u8],
    /// The prefix that the request asks for, encoded; of a line without a key.
    prefix: Option<&'l [u8]>,
    /// Status and error code.
    pub answer: &'l [u8],
    /// What follows the host id.
    pub tail: &'l [u8],
    field: &'l str,
    named: Path<'l>,
}

/// What the request line says of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path<'l> {
    /// It names the key as it is, behind a slash.
    Key,
    /// This.
    Sent(&'l [u8]),
    /// Nothing: of websites, and of batches.
    Website,
    Batch,
}

/// How requests name buckets, as their host tells: before the key, or not, or nobody knows.
pub type Style = Option<bool>;

impl<'l> Skim<'l> {
    /// Whether the line has a key.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.field != "-"
    }

    /// The requester, of a session of a role without the name of the session.
    #[must_use]
    pub fn role(&self) -> &'l [u8] {
        const SESSION: &[u8] = b"assumed-role/";
        let session = || {
            // Behind the fifth colon.
            let is_colon = |(at, byte): (usize, &u8)| (*byte == b':').then_some(at);
            let start = self.requester.iter().enumerate().filter_map(is_colon).nth(4)? + 1;
            let name = start + SESSION.len();
            self.requester.get(start..)?.strip_prefix(SESSION)?;
            let end = self.requester.get(name..)?.iter().position(|byte| *byte == b'/')?;
            self.requester.get(..name + end)
        };
        if self.requester.starts_with(b"arn:") { session().unwrap_or(self.requester) } else { self.requester }
    }

    /// Whether the request asks for a prefix.
    #[must_use]
    pub fn has_prefix(&self) -> bool {
        self.prefix.is_some()
    }

    /// The prefix that the request asks for, decoded; `None` if it asks for none, or for what is no text.
    #[must_use]
    pub fn prefix(&self) -> Option<Cow<'l, str>> {
        let prefix = self.prefix?;
        match std::str::from_utf8(prefix) {
            Ok(text) if !text.contains('%') => Some(Cow::Borrowed(text)),
            _ => String::from_utf8(percent(prefix)).ok().map(Cow::Owned),
        }
    }

    /// How the request names the bucket.
    #[must_use]
    pub fn style(&self) -> Style {
        let mut words = self.tail.split(|byte| *byte == b' ').skip(3);
        path_style(words.next().and_then(|host| std::str::from_utf8(host).ok()), self.bucket())
    }

    fn bucket(&self) -> &'l str {
        let name = memchr(b' ', self.owned_bucket).and_then(|at| self.owned_bucket.get(at + 1..));
        name.and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default()
    }

    /// The key, decoded, given what [`Skim::style`] says of lines like this one. `None` if the line has to be read.
    #[must_use]
    pub fn key(&self, style: Style) -> Option<Cow<'l, str>> {
        match self.named {
            Path::Key if style == Some(false) => Some(Cow::Borrowed(self.field)),
            Path::Website => decode(self.field, false, None, "", None),
            Path::Batch => decode(self.field, true, None, "", None),
            Path::Sent(path) => decode_sent(self.field, path, self.bucket(), style),
            Path::Key => decode_sent(self.field, format!("/{}", self.field).as_bytes(), self.bucket(), style),
        }
    }
}

/// The date of the line before, since most lines have the same one.
#[derive(Debug, Default, Clone, Copy)]
pub struct Dates {
    day: [u8; 12],
    midnight: i64,
}

impl Dates {
    /// The seconds since 1970 of `[21/Nov/2026:19:00:00 +0000]`.
    fn seconds(&mut self, text: &[u8]) -> Option<i64> {
        let (day, rest) = text.split_first_chunk::<12>()?;
        let &[b':', h1, h2, b':', m1, m2, b':', s1, s2, b' ', b'+', b'0', b'0', b'0', b'0', b']'] = rest else {
            return seconds(text);
        };
        if *day != self.day {
            let mut midnight = [0; 28];
            midnight.get_mut(..12)?.copy_from_slice(day);
            midnight.get_mut(12..)?.copy_from_slice(b":00:00:00 +0000]");
            self.midnight = seconds(&midnight)?;
            self.day = *day;
        }
        let two = |tens: u8, ones: u8| {
            (tens.is_ascii_digit() && ones.is_ascii_digit())
                .then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
        };
        let (hour, minute, second) = (two(h1, h2)?, two(m1, m2)?, two(s1, s2)?);
        (hour < 24 && minute < 60 && second <= 60).then(|| self.midnight + hour * 3_600 + minute * 60 + second)
    }
}

/// Skims a line of a block. `None` if it has to be read.
#[must_use]
pub fn skim<'l>(block: &'l [u8], line: &Marked<'_>, dates: &mut Dates) -> Option<Skim<'l>> {
    let whole = block.get(line.range.clone())?;
    // Bytes that are no text need more than a look.
    if !line.is_terminated || whole.last() == Some(&b'\r') || !line.is_ascii && !whole.is_ascii() {
        return None;
    }
    let mut left = Words { block, marks: line.marks.iter(), at: line.range.start };
    left.word()?;
    left.word()?;
    let owned_bucket = block.get(line.range.start..left.at - 1)?;
    let time_end = left.at + 28;
    let time = dates.seconds(block.get(left.at..time_end)?)?;
    left.word()?;
    left.word()?;
    if left.at != time_end + 1 {
        return None;
    }
    left.word()?;
    let requester = left.word()?;
    left.word()?;
    let operation = left.word()?;
    let field = left.word()?;
    let plain = !field.iter().fold(false, |found, byte| found | (*byte == b'%') | (*byte == b'+'));
    let field = std::str::from_utf8(field).ok()?;
    let copies = operation.starts_with(b"REST.COPY.") || operation == b"REST.POST.OBJECT";
    let (mut path, mut prefixed) = (&[][..], None);
    let named = match operation.get(..5)? {
        b"REST." if copies => return None,
        b"REST." => {
            let request = left.quoted()?;
            // Most request lines name the key as it is, and nothing else.
            if plain && field != "-" && is_as_is(request, field.as_bytes()) {
                Path::Key
            } else {
                let sent = plain_request(request)?;
                match field {
                    "-" => {
                        (path, prefixed) = (sent, prefix(request));
                        Path::Sent(sent)
                    }
                    _ if plain && sent.strip_prefix(b"/") == Some(field.as_bytes()) => Path::Key,
                    _ => Path::Sent(sent),
                }
            }
        }
        b"WEBSI" if field != "-" => {
            plain_request(left.quoted()?)?;
            Path::Website
        }
        b"BATCH" if field != "-" => {
            left.nil()?;
            Path::Batch
        }
        _ => return None,
    };
    let answer_start = left.at;
    left.answer()?;
    let answer = block.get(answer_start..left.at - 1)?;
    left.numbers()?;
    if named == Path::Batch {
        left.nil()?;
        left.nil()?;
    } else {
        // What a client sent could look like an answer where it begins with a space.
        let is_forged = |sent: &[u8]| sent.first() == Some(&b' ');
        if is_forged(left.quoted()?) || is_forged(left.quoted()?) {
            return None;
        }
    }
    // No version, and no quotes from here on.
    left.nil()?;
    left.word()?;
    let tail = block.get(left.at..line.range.end)?;
    let is_quoted = left.marks.any(|at| block.get(*at) == Some(&b'"'));
    let prefix = prefixed;
    (!is_quoted).then_some(Skim { owned_bucket, time, requester, operation, path, prefix, answer, tail, field, named })
}

/// The words of a line, from the left.
struct Words<'l, 'm> {
    block: &'l [u8],
    /// The spaces and quotes that are left.
    marks: std::slice::Iter<'m, usize>,
    at: usize,
}

impl<'l> Words<'l, '_> {
    /// What stands before the next space, without quotes.
    #[inline]
    fn word(&mut self) -> Option<&'l [u8]> {
        let end = *self.marks.next()?;
        let word = self.block.get(self.at..end).filter(|word| !word.is_empty())?;
        self.at = end + 1;
        (self.block.get(end) == Some(&b' ')).then_some(word)
    }

    /// `-`
    fn nil(&mut self) -> Option<()> {
        (self.word()? == b"-").then_some(())
    }

    /// What stands in quotes, with a space behind them.
    fn quoted(&mut self) -> Option<&'l [u8]> {
        let is_quote = |at: &&usize| self.block.get(**at) == Some(&b'"');
        let start = *self.marks.next().filter(|at| **at == self.at).filter(is_quote)?;
        let end = *self.marks.find(is_quote)?;
        let quoted = self.block.get(start + 1..end)?;
        let space = *self.marks.next()?;
        self.at = space + 1;
        (space == end + 1 && self.block.get(space) == Some(&b' ')).then_some(quoted)
    }

    /// Status and error code.
    fn answer(&mut self) -> Option<()> {
        let status = self.word()?;
        let error = self.word()?;
        let is_status = status == b"-" || status.len() == 3 && status.iter().all(u8::is_ascii_digit);
        let is_error = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        (is_status && error.iter().all(is_error)).then_some(())
    }

    /// Four numbers.
    fn numbers(&mut self) -> Option<()> {
        for _ in 0..4 {
            let word = self.word()?;
            if word != b"-" && !word.iter().all(u8::is_ascii_digit) {
                return None;
            }
        }
        Some(())
    }
}

/// Whether a request line is `METHOD /key HTTP/1.1`.
fn is_as_is(request: &[u8], key: &[u8]) -> bool {
    let method = request.strip_suffix(b" HTTP/1.1").and_then(|rest| rest.strip_suffix(key)?.strip_suffix(b" /"));
    method.is_some_and(|method| !method.contains(&b' '))
}

/// The path of a request line, if nothing of the line but its path counts, or all of it is one of few.
fn plain_request(request: &[u8]) -> Option<&[u8]> {
    let mut spaces = memchr_iter(b' ', request);
    let (first, last) = (spaces.next()?, spaces.next()?);
    let target = request.get(first + 1..last)?;
    if spaces.next().is_some() || !is_request_line(request) || !target.starts_with(b"/") {
        return None;
    }
    let Some(at) = memchr(b'?', target) else { return Some(target) };
    let query = target.get(at + 1..)?;
    // Versions and the times of presigned requests count, however their names are written.
    static COUNTING: LazyLock<[Finder<'static>; 3]> =
        LazyLock::new(|| [Finder::new(b"ersionId"), Finder::new(b"X-Amz-"), Finder::new(b"Expires")]);
    let may_count = memchr3(b'I', b'X', b'E', query).is_some();
    let counts = may_count && COUNTING.iter().any(|finder| finder.find(query).is_some());
    let encoded = memchr(b'%', query).is_some()
        && query.split(|byte| *byte == b'&').any(|parameter| {
            let name = parameter.get(..memchr(b'=', parameter).unwrap_or(parameter.len())).unwrap_or_default();
            memchr(b'%', name).is_some()
        });
    (!counts && !encoded).then(|| target.get(..at)).flatten()
}

/// What the first parameter of that name asks for, if it asks for anything.
fn prefix(request: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"prefix=";
    let query = request.get(memchr(b'?', request)? + 1..)?;
    let is_name = |at: &usize| *at == 0 || query.get(at - 1) == Some(&b'&');
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(NAME));
    let at = FINDER.find_iter(query).find(is_name)? + NAME.len();
    let rest = query.get(at..)?;
    let end = memchr2(b'&', b' ', rest)?;
    rest.get(..end).filter(|prefix| !prefix.is_empty())
}

/// Whether a tail could be taken for an answer if a version and a host id stand before it.
#[must_use]
pub fn is_plain_tail(tail: &[u8]) -> bool {
    let mut words = tail.split(|byte| *byte == b' ').skip(3);
    // The host header: no number, so that the four words behind the host id are not all numbers.
    words.next().is_some_and(|host| host != b"-" && !host.iter().all(u8::is_ascii_digit))
}
