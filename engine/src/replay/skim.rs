//! Ordinary lines, of which most logs consist, looked at only as far as their key: what is left of them repeats from line
//! to line, so that it is worth to be recognised by its bytes.
//!
//! A line that is skimmed tells the same as one that is read by [`super::access_log`]; what is not quite ordinary is not
//! skimmed.

use super::access_log::{Middle, seconds};
use super::object_key::{decode, is_sent, percent};
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
            let start = memchr_iter(b':', self.requester.strip_prefix(b"arn:")?).nth(3)? + 5;
            let name = start + SESSION.len();
            self.requester.get(start..)?.strip_prefix(SESSION)?;
            self.requester.get(..name + memchr(b'/', self.requester.get(name..)?)?)
        };
        session().unwrap_or(self.requester)
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
            Path::Sent(path) => self.sent(path, style),
            Path::Key => self.sent(format!("/{}", self.field).as_bytes(), style),
        }
    }

    fn sent(&self, path: &[u8], style: Style) -> Option<Cow<'l, str>> {
        let key = decode(self.field, false, Some(path), self.bucket(), style)?;
        is_sent(&key, path, self.bucket(), style).then_some(key)
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

/// Skims a line that ends with a line feed, given without it. `None` if it has to be read.
#[must_use]
pub fn skim<'l>(line: &'l [u8], dates: &mut Dates) -> Option<Skim<'l>> {
    if line.last() == Some(&b'\r') {
        return None;
    }
    let mut left = Words { line, at: 0 };
    // Owners are as long as this, and ids of requests as long as that.
    let owner = left.word_of(64)?;
    let bucket = left.short()?;
    let owned_bucket = line.get(..owner.len() + 1 + bucket.len())?;
    let time = dates.seconds(line.get(left.at..left.at + 28)?)?;
    left.at += 28;
    left.space()?;
    let address = left.short()?;
    let requester = left.long()?;
    let id = left.word_of(16)?;
    let operation = left.short()?;
    let field = left.long()?;
    // What is not recognised by its bytes has to be text of its own.
    if !address.is_ascii() || !id.is_ascii() {
        return None;
    }
    let plain = memchr3(b'%', b'+', b'"', field).is_none();
    let field = std::str::from_utf8(field).ok()?;
    let rest = line.get(left.at..)?;
    let kind = operation.get(..5)?;
    let copies = operation.starts_with(b"REST.COPY.") || operation == b"REST.POST.OBJECT";
    let skim = |named, (answer, tail)| {
        let (path, prefix) = (&[][..], None);
        Some(Skim { owned_bucket, time, requester, operation, path, prefix, answer, tail, field, named })
    };
    match kind {
        b"REST." if copies => None,
        b"REST." => {
            let inside = rest.strip_prefix(b"\"")?;
            // Most request lines name the key as it is, and nothing else.
            if plain
                && field != "-"
                && let Some(behind) = as_is(inside, field.as_bytes())
            {
                return skim(Path::Key, answered(behind)?);
            }
            let end = memchr(b'"', inside)?;
            let request = inside.get(..end)?;
            let path = plain_request(request)?;
            let found = answered(inside.get(end + 1..)?)?;
            let skimmed = skim(Path::Sent(path), found)?;
            let prefix = if field == "-" { prefix(request) } else { None };
            Some(if field == "-" { Skim { path, prefix, ..skimmed } } else { skimmed })
        }
        b"WEBSI" if field != "-" => {
            let inside = rest.strip_prefix(b"\"")?;
            let end = memchr(b'"', inside)?;
            plain_request(inside.get(..end)?)?;
            skim(Path::Website, answered(inside.get(end + 1..)?)?)
        }
        b"BATCH" if field != "-" => {
            let behind = rest.strip_prefix(b"- ")?;
            if memchr(b'"', behind).is_some() {
                return None;
            }
            let middle = Middle::read(behind)?;
            let answer = answer(behind)?;
            skim(Path::Batch, (answer, tail(middle.rest.strip_prefix(b"- -")?)?))
        }
        _ => None,
    }
}

/// The words of a line, from the left.
struct Words<'l> {
    line: &'l [u8],
    at: usize,
}

impl<'l> Words<'l> {
    fn take(&mut self, length: usize) -> Option<&'l [u8]> {
        let word = self.line.get(self.at..self.at + length).filter(|word| !word.is_empty())?;
        self.at += length + 1;
        Some(word)
    }

    /// A word that most probably is so long.
    fn word_of(&mut self, length: usize) -> Option<&'l [u8]> {
        let here = self.line.get(self.at..)?;
        let likely = here.get(length) == Some(&b' ') && memchr(b' ', here.get(..length)?).is_none();
        if likely { self.take(length) } else { self.long() }
    }

    fn short(&mut self) -> Option<&'l [u8]> {
        let length = self.line.get(self.at..)?.iter().position(|byte| *byte == b' ')?;
        self.take(length)
    }

    fn long(&mut self) -> Option<&'l [u8]> {
        let length = memchr(b' ', self.line.get(self.at..)?)?;
        self.take(length)
    }

    fn space(&mut self) -> Option<()> {
        (self.line.get(self.at) == Some(&b' ')).then(|| self.at += 1)
    }
}

/// What follows a request line that is `METHOD /key HTTP/1.1` and its closing quote.
fn as_is<'l>(inside: &'l [u8], key: &[u8]) -> Option<&'l [u8]> {
    let method = inside.iter().take(9).position(|byte| *byte == b' ')?;
    inside.get(method + 1..)?.strip_prefix(b"/")?.strip_prefix(key)?.strip_prefix(b" HTTP/1.1\"")
}

/// Status and error, and the tail, of what follows a request line, if there is but one way to read it.
fn answered(behind: &[u8]) -> Option<(&[u8], &[u8])> {
    let behind = behind.strip_prefix(b" ")?;
    let middle = Middle::read(behind)?;
    let answer = answer(behind)?;
    // Referer and user agent in quotes, and no quotes besides.
    let referer = middle.rest.strip_prefix(b"\"")?;
    let agent = referer.get(memchr(b'"', referer)? + 1..)?.strip_prefix(b" \"")?;
    let behind = agent.get(memchr(b'"', agent)? + 1..)?;
    // What a client sent could look like an answer where it begins with a space.
    let forged = referer.starts_with(b" ") || agent.starts_with(b" ");
    let tail = tail(behind)?;
    (!forged && memchr(b'"', behind).is_none()).then_some((answer, tail))
}

/// Status and error code.
fn answer(bytes: &[u8]) -> Option<&[u8]> {
    let status = bytes.iter().position(|byte| *byte == b' ')?;
    let error = bytes.get(status + 1..)?.iter().position(|byte| *byte == b' ')?;
    bytes.get(..status + 1 + error)
}

/// What follows the host id, where the request names no version.
fn tail(bytes: &[u8]) -> Option<&[u8]> {
    let behind = bytes.strip_prefix(b" - ")?;
    let end = memchr(b' ', behind)?;
    let (id, tail) = (behind.get(..end)?, behind.get(end + 1..)?);
    (!id.is_empty() && id.is_ascii()).then_some(tail)
}

/// The path of a request line, if nothing of the line but its path counts, or all of it is one of few.
fn plain_request(request: &[u8]) -> Option<&[u8]> {
    let mut spaces = memchr_iter(b' ', request);
    let (first, last) = (spaces.next()?, spaces.next()?);
    let target = request.get(first + 1..last)?;
    if spaces.next().is_some() || !request.get(last + 1..)?.starts_with(b"HTTP/") || !target.starts_with(b"/") {
        return None;
    }
    let Some(at) = memchr(b'?', target) else { return Some(target) };
    let query = target.get(at + 1..)?;
    // Versions and the times of presigned requests count, however their names are written.
    static COUNTING: LazyLock<[Finder<'static>; 3]> =
        LazyLock::new(|| [Finder::new(b"ersionId"), Finder::new(b"X-Amz-"), Finder::new(b"Expires")]);
    let counts = COUNTING.iter().any(|finder| finder.find(query).is_some());
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
