//! Ordinary lines, of which most logs consist, looked at only as far as their key: what is left of them repeats from line
//! to line, so that it is recognised by its bytes.
//!
//! A line that is skimmed tells the same as one that is read by [`super::access_log`]; what is not quite ordinary is not
//! skimmed.

use super::access_log::{is_operation, seconds};
use super::lanes::begins;
use super::object_key::{decode, decode_sent, percent};
use super::path_style;
use super::pieces::Pieces;
use super::words::{Word, Words};
use memchr::memmem::{self, Finder};
use memchr::{memchr, memchr_iter, memchr2};
use std::borrow::Cow;
use std::sync::LazyLock;

/// An ordinary line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skim<'l> {
    /// When the request arrived, in seconds since 1970.
    pub time: i64,
    numbers: Numbers,
    /// The prefix that the request asks for, encoded; of a line without a key.
    prefix: Option<&'l [u8]>,
    bucket: &'l [u8],
    field: &'l str,
    named: Path<'l>,
    tail: &'l [u8],
}

/// What tells a line from those of other kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Numbers {
    requester: usize,
    /// Of the role whose session the requester is, or of the requester.
    role: usize,
    others: [usize; 5],
}

/// What lines have in common that differ in nothing but their key and the prefix that they ask for, and perhaps in the
/// session of a role.
pub type Kind = [usize; 6];

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
    /// What kind of line it is, with the sessions of a role told apart or not.
    #[must_use]
    pub fn kind(&self, by_session: bool) -> Kind {
        let Numbers { requester, role, others: [bucket, operation, path, answer, tail] } = self.numbers;
        [if by_session { requester } else { role }, bucket, operation, path, answer, tail]
    }

    /// Whether the line has a key.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.field != "-"
    }

    /// Whether the request asks for a prefix.
    #[must_use]
    pub fn has_prefix(&self) -> bool {
        self.prefix.is_some()
    }

    /// The prefix that the request asks for, as it is encoded.
    #[must_use]
    pub fn encoded_prefix(&self) -> Option<&'l [u8]> {
        self.prefix
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

    /// How requests of this kind name the bucket.
    #[must_use]
    pub fn style(&self) -> Style {
        path_style(host(self.tail).and_then(|host| std::str::from_utf8(host).ok()), self.bucket())
    }

    fn bucket(&self) -> &'l str {
        std::str::from_utf8(self.bucket).unwrap_or_default()
    }

    /// The key, decoded, given what [`Skim::style`] says of lines of this kind. `None` if the line has to be read.
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
struct Dates {
    day: [u8; 12],
    midnight: i64,
}

impl Dates {
    #[inline]
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

/// What is known about a requester.
#[derive(Debug, Clone, Copy)]
struct Habits {
    /// The number of the role whose session it is, or of the requester.
    role: usize,
    /// The numbers of the client and of the tail of its last line: most often the next one has the same.
    client: usize,
    tail: usize,
}

/// Skims lines, and keeps in mind what repeats in them.
///
/// ```
/// use can_access_engine::replay::skim::Skimmer;
///
/// let line = |key: &str, status: &str| format!(r#"owner data [21/Nov/2026:19:00:00 +0000] 192.0.2.10 arn:aws:iam::111122223333:user/ann 0A1B REST.GET.OBJECT {key} "GET /{key} HTTP/1.1" {status} 10 10 12 - "-" "agent" - id SigV4 cipher AuthHeader data.s3.amazonaws.com TLSv1.3 - - -
/// "#);
/// let lines = [line("a", "200 -"), line("b", "200 -"), line("a", "403 AccessDenied")];
/// let mut skimmer = Skimmer::default();
/// let kinds: Vec<_> = lines.iter().map(|line| skimmer.skim(line.as_bytes()).unwrap().0.kind(true)).collect();
/// assert!(kinds[0] == kinds[1] && kinds[0] != kinds[2]);
/// let log = lines[1..].concat();
/// let (skim, rest) = skimmer.skim(log.as_bytes()).unwrap();
/// assert_eq!(skim.key(skim.style()).unwrap(), "b");
/// assert_eq!(rest, lines[2].as_bytes());
/// ```
#[derive(Debug, Default)]
pub struct Skimmer {
    dates: Dates,
    /// Owner and bucket, with where the bucket begins.
    buckets: Pieces<usize>,
    requesters: Pieces<Habits>,
    roles: Pieces<()>,
    /// Operations, and whether they are any.
    operations: Pieces<bool>,
    /// The paths of requests without a key, of those without and with a prefix.
    paths: [Pieces<()>; 2],
    answers: Pieces<()>,
    /// Referer, user agent and version, with a space behind, and whether they are plain.
    clients: Pieces<bool>,
    /// What stands behind the host id, up to the end of the line and with it, and whether it is ordinary.
    tails: Pieces<bool>,
}

impl Skimmer {
    /// Skims the line that a text begins with, and says what follows its line feed. `None` if the line has to be read.
    #[must_use]
    pub fn skim<'l>(&mut self, text: &'l [u8]) -> Option<(Skim<'l>, &'l [u8])> {
        let mut words = Words::new(text);
        let (bucket_number, bucket) = self.bucket(&mut words)?;
        let time = self.dates.seconds(words.rest().get(..28)?)?;
        words.skip(28);
        words.take(b" ")?;
        // The address.
        words.word()?;
        let (requester, habits) = self.requester(&mut words)?;
        // The id of the request.
        words.word()?;
        let operation = words.word()?;
        let key = words.key()?;
        let field = std::str::from_utf8(key.text).ok()?;
        let (named, path, prefix) = self.path(&mut words, operation, &key)?;
        let answer = answer(&mut words)?;
        words.numbers()?;
        let client = self.client(&mut words, habits.client)?;
        // The host id.
        words.unquoted()?;
        let (tail_number, tail) = self.tail(&mut words, habits.tail)?;
        if (client, tail_number) != (habits.client, habits.tail) {
            let habits = self.requesters.about_mut(requester)?;
            (habits.client, habits.tail) = (client, tail_number);
        }
        if !*self.tails.about(tail_number)? {
            return None;
        }
        let operation = self.operations.number(operation, || std::str::from_utf8(operation).is_ok_and(is_operation));
        if !*self.operations.about(operation)? {
            return None;
        }
        let answer = if answer == SUCCESS { usize::MAX } else { self.answers.number(answer, || ()) };
        let others = [bucket_number, operation, path, answer, tail_number];
        let numbers = Numbers { requester, role: habits.role, others };
        Some((Skim { time, numbers, prefix, bucket, field, named, tail }, words.rest()))
    }

    /// Takes owner and bucket: the number of both, and the bucket.
    fn bucket<'l>(&mut self, words: &mut Words<'l>) -> Option<(usize, &'l [u8])> {
        let text = words.rest();
        let (number, length) = match self.buckets.last() {
            Some((number, usual)) if begins(text, usual) && text.get(usual.len()) == Some(&b' ') => {
                words.skip(usual.len() + 1);
                (number, usual.len())
            }
            _ => {
                let (owner, bucket) = (words.word()?, words.word()?);
                let length = owner.len() + 1 + bucket.len();
                (self.buckets.number(text.get(..length)?, || owner.len() + 1), length)
            }
        };
        Some((number, text.get(*self.buckets.about(number)?..length)?))
    }

    /// Takes a requester: its number, and what is known about it.
    fn requester(&mut self, words: &mut Words<'_>) -> Option<(usize, Habits)> {
        let text = words.rest();
        let number = match self.requesters.last() {
            Some((number, usual)) if begins(text, usual) && text.get(usual.len()) == Some(&b' ') => {
                words.skip(usual.len() + 1);
                number
            }
            _ => {
                let requester = words.word()?;
                let roles = &mut self.roles;
                let new = || Habits { role: roles.number(role(requester), || ()), client: 0, tail: 0 };
                self.requesters.number(requester, new)
            }
        };
        Some((number, *self.requesters.about(number)?))
    }

    /// Takes what the request line says of a key. For a line without one, there is a number for its path, with a prefix or
    /// without, and the prefix.
    fn path<'l>(
        &mut self,
        words: &mut Words<'l>,
        operation: &[u8],
        key: &Word<'l>,
    ) -> Option<(Path<'l>, usize, Option<&'l [u8]>)> {
        const KEYED: usize = 0;
        let has_key = key.text != b"-";
        match operation.get(..5)? {
            b"REST." if operation.starts_with(b"REST.COPY.") || operation == b"REST.POST.OBJECT" => None,
            b"REST." => {
                let plain = has_key && key.plain;
                // Most request lines name the key as it is.
                if plain && as_is(words, key.text).is_some() {
                    return Some((Path::Key, KEYED, None));
                }
                let (sent, query) = request(words)?;
                if has_key {
                    let is_key = plain && sent.strip_prefix(b"/") == Some(key.text);
                    return Some((if is_key { Path::Key } else { Path::Sent(sent) }, KEYED, None));
                }
                let prefix = prefix(query);
                let [without, with] = &mut self.paths;
                let paths = if prefix.is_some() { with } else { without };
                let number = 2 * paths.number(sent, || ()) + usize::from(prefix.is_some());
                Some((Path::Sent(sent), KEYED + 1 + number, prefix))
            }
            b"WEBSI" if has_key => {
                request(words)?;
                Some((Path::Website, KEYED, None))
            }
            b"BATCH" if has_key => {
                words.take(b"- ")?;
                Some((Path::Batch, KEYED, None))
            }
            _ => None,
        }
    }

    /// Takes referer, user agent and version, given the number of those that are usual: their number.
    fn client(&mut self, words: &mut Words<'_>, usual: usize) -> Option<usize> {
        if self.clients.text(usual).is_some_and(|usual| words.take(usual).is_some()) {
            return Some(usual);
        }
        let text = words.rest();
        if words.take(b"- - ").is_none() {
            quoted(words)?;
            quoted(words)?;
        }
        // No version.
        words.take(b"- ")?;
        let length = text.len() - words.rest().len();
        let client = text.get(..length)?;
        let number = self.clients.number(client, || is_plain_client(client));
        self.clients.about(number)?.then_some(number)
    }

    /// Takes what is left of the line, given the number of what is usual: its number, and what it is.
    fn tail<'l>(&mut self, words: &mut Words<'l>, usual: usize) -> Option<(usize, &'l [u8])> {
        let text = words.rest();
        let (number, length) = match self.tails.text(usual) {
            Some(tail) if begins(text, tail) => (usual, tail.len()),
            _ => {
                let tail = text.get(..=memchr(b'\n', text)?)?;
                (self.tails.number(tail, || is_ordinary(tail)), tail.len())
            }
        };
        words.skip(length);
        Some((number, text.get(..length)?.strip_suffix(b"\n")?))
    }
}

/// The requester, of a session of a role without the name of the session.
pub(super) fn role(requester: &[u8]) -> &[u8] {
    const SESSION: &[u8] = b"assumed-role/";
    let session = || {
        // Behind the fifth colon.
        let start = memchr_iter(b':', requester).nth(4)? + 1;
        let name = requester.get(start..)?.strip_prefix(SESSION)?;
        requester.get(..start + SESSION.len() + memchr(b'/', name)?)
    };
    if requester.starts_with(b"arn:") { session().unwrap_or(requester) } else { requester }
}

/// Takes what stands in quotes, and the space behind them.
fn quoted<'l>(words: &mut Words<'l>) -> Option<&'l [u8]> {
    words.take(b"\"")?;
    let rest = words.rest();
    let quoted = rest.get(..memchr(b'"', rest)?)?;
    words.skip(quoted.len() + 1);
    words.take(b" ")?;
    Some(quoted)
}

/// Takes `"METHOD ` of a request line.
fn method(words: &mut Words<'_>) -> Option<()> {
    words.take(b"\"")?;
    words.skip(words.rest().iter().take_while(|byte| byte.is_ascii_uppercase()).count());
    words.take(b" ")
}

/// Takes a request line that names a key as it is, and says nothing else that counts.
fn as_is(words: &mut Words<'_>, key: &[u8]) -> Option<()> {
    let mut ahead = words.clone();
    method(&mut ahead)?;
    ahead.take(b"/")?;
    ahead.take(key)?;
    if ahead.take(b" ").is_none() {
        ahead.take(b"?")?;
        if counts(ahead.unquoted()?) {
            return None;
        }
    }
    ahead.take(b"HTTP/1.1\" ")?;
    *words = ahead;
    Some(())
}

/// Takes a request line of which nothing counts but its path, and perhaps a prefix: the path and the query.
fn request<'l>(words: &mut Words<'l>) -> Option<(&'l [u8], &'l [u8])> {
    method(words)?;
    let target = words.unquoted()?;
    words.take(b"HTTP/1.1\" ")?;
    if target.first() != Some(&b'/') {
        return None;
    }
    let Some(at) = memchr(b'?', target) else { return Some((target, &[])) };
    let (path, query) = (target.get(..at)?, target.get(at + 1..)?);
    (!counts(query)).then_some((path, query))
}

/// Whether nothing of a client is out of the ordinary, or could look like an answer: what it sent begins with no space.
fn is_plain_client(client: &[u8]) -> bool {
    let begins_with_space = client.starts_with(b"\" ") || memmem::find(client, b"\" \" ").is_some();
    client.iter().all(|byte| matches!(byte, b' '..=b'~')) && !begins_with_space
}

/// What most requests are answered; no other answer has its number.
const SUCCESS: &[u8] = b"200 -";

/// Takes status and error code.
fn answer<'l>(words: &mut Words<'l>) -> Option<&'l [u8]> {
    let rest = words.rest();
    // Most requests go well.
    if let [b'2', b'0', b'0' | b'4' | b'6', b' ', b'-', b' ', ..] = rest {
        words.skip(6);
        return rest.get(..5);
    }
    let (status, error) = (words.word()?, words.word()?);
    let is_status = status == b"-" || status.len() == 3 && status.iter().all(u8::is_ascii_digit);
    let is_error = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_answer = is_status && error.iter().all(is_error);
    rest.get(..status.len() + 1 + error.len()).filter(|_| is_answer)
}

/// Whether a query says more than a prefix: versions do, and the times of presigned requests, however their names are
/// encoded.
fn counts(query: &[u8]) -> bool {
    const COUNTING: [&[u8]; 3] = [b"versionId", b"X-Amz-", b"Expires"];
    let mut rest = query;
    let has_escapes = memchr(b'%', query).is_some();
    loop {
        let is_encoded = || rest.iter().take_while(|byte| !matches!(byte, b'=' | b'&')).any(|byte| *byte == b'%');
        if COUNTING.iter().any(|name| rest.starts_with(name)) || has_escapes && is_encoded() {
            return true;
        }
        let Some(end) = memchr(b'&', rest) else { return false };
        rest = rest.get(end + 1..).unwrap_or_default();
    }
}

/// What the first parameter of that name asks for, if it asks for anything.
fn prefix(query: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"prefix=";
    let is_name = |at: &usize| *at == 0 || query.get(at - 1) == Some(&b'&');
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(NAME));
    let at = FINDER.find_iter(query).find(is_name)? + NAME.len();
    let rest = query.get(at..)?;
    let prefix = rest.get(..memchr(b'&', rest).unwrap_or(rest.len()))?;
    (!prefix.is_empty()).then_some(prefix)
}

/// The host header in what follows the host id.
fn host(tail: &[u8]) -> Option<&[u8]> {
    tail.split(|byte| *byte == b' ').nth(3)
}

/// Whether nothing that follows a host id is out of the ordinary, or could be taken for an answer if a version and a host
/// id stand before it: the host header is no number, so that the four words behind the host id are not all numbers.
fn is_ordinary(tail: &[u8]) -> bool {
    let tail = tail.strip_suffix(b"\n").unwrap_or(tail);
    let is_host = |host: &[u8]| host != b"-" && !host.iter().all(u8::is_ascii_digit);
    host(tail).is_some_and(is_host) && tail.is_ascii() && memchr2(b'"', b'\r', tail).is_none()
}
