//! Ordinary lines, of which most logs consist, looked at only as far as their key: what is left of them repeats from line
//! to line, so that it is recognised by its bytes.
//!
//! A line that is skimmed tells the same as one that is read by [`super::access_log`]; what is not quite ordinary is not
//! skimmed.

use super::access_log::{is_bucket, is_of_cloudfront, is_operation, seconds};
use super::object_key::{decode, decode_sent};
use super::path_style;
use super::pieces::Pieces;
use super::query::{decoded, is_text};
use super::skimmed::Skimmed;
use super::texts::Client;
use super::words::{Word, Words};
use crate::lanes::{Mask, begins, first_bytes, marks_all};
use memchr::memmem;
use memchr::{memchr, memchr2};
use std::borrow::Cow;

/// An ordinary line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skim<'l> {
    time: i64,
    address: &'l [u8],
    kind: Kind,
    /// The prefix that the request asks for, encoded; of a line without a key.
    prefix: Option<&'l [u8]>,
    bucket: &'l [u8],
    /// The key as it is logged: printable ASCII.
    field: &'l [u8],
    named: Path<'l>,
    /// Referer, user agent and version.
    client: &'l [u8],
    tail: &'l [u8],
}

/// What lines have in common that differ in nothing but their key, the prefix that they ask for, their client and their
/// address, and perhaps in the session of a role, or in which version S3 does something to by itself.
pub type Kind = [usize; 6];

/// What the request line says of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path<'l> {
    /// It names the key as it is, behind a slash.
    Key,
    /// This.
    Sent(&'l [u8]),
    /// Nothing: of websites and of what S3 does by itself, and of batches.
    Unsaid,
    Batch,
}

/// How requests name buckets, as their host tells: before the key, or not, or nobody knows.
pub type Style = Option<bool>;

impl<'l> Skimmed<'l> for Skim<'l> {
    #[inline(always)]
    fn kind(&self) -> Kind {
        self.kind
    }

    #[inline]
    fn time(&self) -> i64 {
        self.time
    }

    #[inline]
    fn address(&self) -> Option<&'l [u8]> {
        Some(self.address)
    }

    fn client(&self) -> Option<Client<'l>> {
        let text = std::str::from_utf8(self.client).ok()?;
        let mut parts = text.split('"').skip(1).step_by(2).map(|text| Some(text).filter(|text| *text != "-"));
        Some(Client { referer: parts.next().flatten(), agent: parts.next().flatten() })
    }

    #[inline]
    fn has_key(&self) -> bool {
        self.field != b"-"
    }

    #[inline]
    fn key(&self, style: Style) -> Option<Cow<'l, [u8]>> {
        match self.named {
            Path::Key if style == Some(false) => Some(Cow::Borrowed(self.field)),
            _ => self.decoded_key(style),
        }
    }

    fn prefix(&self) -> Option<Cow<'l, str>> {
        decoded(self.prefix?)
    }

    #[inline]
    fn written_prefix(&self) -> Option<&'l [u8]> {
        self.prefix
    }

    fn style(&self) -> Style {
        path_style(host(self.tail).and_then(|host| std::str::from_utf8(host).ok()), self.bucket())
    }
}

impl<'l> Skim<'l> {
    fn bucket(&self) -> &'l str {
        std::str::from_utf8(self.bucket).unwrap_or_default()
    }

    fn decoded_key(&self, style: Style) -> Option<Cow<'l, [u8]>> {
        let field = std::str::from_utf8(self.field).ok()?;
        let key = match self.named {
            Path::Unsaid => decode(field, false, None, "", None),
            Path::Batch => decode(field, true, None, "", None),
            Path::Sent(path) => decode_sent(field, path, self.bucket(), style),
            Path::Key => decode_sent(field, format!("/{field}").as_bytes(), self.bucket(), style),
        };
        Some(match key? {
            Cow::Borrowed(key) => Cow::Borrowed(key.as_bytes()),
            Cow::Owned(key) => Cow::Owned(key.into_bytes()),
        })
    }
}

/// The hours of the lines before, since most lines are of the same one, or of one beside it.
#[derive(Debug, Default)]
struct Dates {
    hours: [Hour; HOURS],
}

/// How many hours are kept in mind, by the last bits of their number.
const HOURS: usize = 4;

#[derive(Debug, Clone, Copy)]
struct Hour {
    /// `[21/Nov/2026:19:`.
    text: [u8; 16],
    /// When it begins.
    start: i64,
    /// When its day begins.
    midnight: i64,
}

impl Default for Hour {
    fn default() -> Self {
        Self { text: *b"[01/Jan/1970:00:", start: 0, midnight: 0 }
    }
}

impl Dates {
    /// Takes `[21/Nov/2026:19:00:00 +0000]` and the space behind it: the seconds since 1970.
    #[inline(always)]
    fn take(&mut self, words: &mut Words<'_>) -> Option<i64> {
        let text: &[u8; 29] = words.skip(29)?.first_chunk()?;
        let (hour, rest) = text.split_first_chunk::<16>()?;
        let [.., ones, _] = hour;
        let known = self.hours.get_mut(usize::from(*ones) % HOURS)?;
        if *hour != known.text {
            known.turn_to(hour)?;
        }
        // `00:00 +0` and ` +0000] `, which have three characters in common.
        let (clock, zone) = (rest.first_chunk::<8>()?, rest.last_chunk::<8>()?);
        // The digits of minute and second, and what is not as it has to be.
        let digits = u64::from_le_bytes(*clock) ^ u64::from_le_bytes(*b"00:00 +0");
        let wrong = (digits | digits.wrapping_add(TO_SIXTY)) & NO_DIGIT;
        if wrong != 0 || zone != b" +0000] " {
            return other_time(text);
        }
        let digit = |at: u32| ((digits >> (8 * at)) & 0xF).cast_signed();
        Some(known.start + 60 * (10 * digit(0) + digit(1)) + 10 * digit(3) + digit(4))
    }
}

impl Hour {
    #[inline(never)]
    fn turn_to(&mut self, hour: &[u8; 16]) -> Option<()> {
        const DAY: usize = 12;
        let &[b':', tens @ b'0'..=b'2', ones @ b'0'..=b'9', b':'] = hour.last_chunk()? else { return None };
        let number = 10 * i64::from(tens - b'0') + i64::from(ones - b'0');
        if number > 23 {
            return None;
        }
        if hour.first_chunk::<DAY>() != self.text.first_chunk::<DAY>() {
            let mut midnight = *b"[00/Jan/0000:00:00:00 +0000]";
            midnight.first_chunk_mut::<DAY>()?.copy_from_slice(hour.get(..DAY)?);
            self.midnight = seconds(&midnight)?;
        }
        self.text = *hour;
        self.start = self.midnight + 3_600 * number;
        Some(())
    }
}

#[cold]
fn other_time(text: &[u8; 29]) -> Option<i64> {
    let (text, b" ") = text.split_first_chunk::<28>()? else { return None };
    seconds(text)
}

/// What carries digits of minutes and seconds beyond 15 that are more than 5 and 9.
const TO_SIXTY: u64 = u64::from_le_bytes([10, 6, 0, 10, 6, 0, 0, 0]);
/// The bits that no digit has, and all bits where no digit stands.
const NO_DIGIT: u64 = u64::from_le_bytes([0xF0, 0xF0, 0xFF, 0xF0, 0xF0, 0xFF, 0xFF, 0xFF]);

/// The number that stands for the paths of lines with a key.
const KEYED: usize = 0;
/// The same of what S3 does by itself to a version.
const VERSION: usize = usize::MAX;

/// What stands behind a host id, as far as lines are skimmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    /// What stands there for requests.
    Ordinary,
    /// Nothing, as for what S3 does by itself.
    Nothing,
    Other,
}

/// The number of no piece.
const NONE: usize = usize::MAX;

/// The numbers of the client and of the tail of a requester's last line: most often the next one has the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Usual {
    client: usize,
    tail: usize,
}

/// How many roles are told by their sessions without looking where their names end.
const ROLES: usize = 256;

/// The numbers of roles whose sessions there were last.
#[derive(Debug)]
struct Roles([Option<usize>; ROLES]);

impl Default for Roles {
    fn default() -> Self {
        Self([None; ROLES])
    }
}

/// Where among them the role of a session may be: its name begins there in most ARNs.
#[inline]
fn slot_of_role(requester: &[u8]) -> usize {
    const START: usize = "arn:aws:sts::111122223333:assumed-role/".len();
    let name = requester.get(START..).and_then(|name| name.first_chunk()).copied().unwrap_or_default();
    // Multiplied by an odd number, so that all bytes count in the highest bits.
    (u64::from_le_bytes(name).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - ROLES.ilog2())) as usize
}

/// Skims lines, and keeps in mind what repeats in them.
///
/// ```
/// use can_access_engine::replay::skim::Skimmer;
/// use can_access_engine::replay::skimmed::Skimmed;
///
/// let line = |key: &str, status: &str| format!(r#"owner data [21/Nov/2026:19:00:00 +0000] 192.0.2.10 arn:aws:iam::111122223333:user/ann 0A1B REST.GET.OBJECT {key} "GET /{key} HTTP/1.1" {status} 10 10 12 - "-" "agent" - id SigV4 cipher AuthHeader data.s3.amazonaws.com TLSv1.3 - - -
/// "#);
/// let lines = [line("a", "200 -"), line("b", "200 -"), line("a", "403 AccessDenied")];
/// let mut skimmer = Skimmer::default();
/// let kinds: Vec<_> = lines.iter().map(|line| skimmer.skim(line.as_bytes()).unwrap().0.kind()).collect();
/// assert!(kinds[0] == kinds[1] && kinds[0] != kinds[2]);
/// let log = lines[1..].concat();
/// let (skim, rest) = skimmer.skim(log.as_bytes()).unwrap();
/// assert_eq!(*skim.key(skim.style()).unwrap(), *b"b");
/// assert_eq!(rest, lines[2].as_bytes());
/// ```
#[derive(Debug, Default)]
pub struct Skimmer {
    dates: Dates,
    /// Whether sessions of a role are told apart.
    by_session: bool,
    /// The requester of the line before, and its number or that of its role.
    requester: Vec<u8>,
    number: usize,
    sessions: Roles,
    /// Owner and bucket, with where the bucket begins, if it is one.
    buckets: Pieces<Option<usize>>,
    /// Requesters, or roles for all of their sessions, with what was usual for them last.
    requesters: Pieces<Usual>,
    operations: Pieces<Form>,
    /// Whether the query of the line at hand has the times of presigned requests.
    is_signed: bool,
    /// The paths of requests without a key, of those without and with a prefix.
    paths: [Pieces<()>; 2],
    /// Status and error code, and whether they are.
    answers: Pieces<bool>,
    /// Referer, user agent and version, with a space behind, and whether they are plain.
    clients: Pieces<bool>,
    /// What stands behind the host id, up to the end of the line and with it.
    tails: Pieces<Tail>,
}

impl Skimmer {
    /// What skims lines that are of other kinds in other sessions of a role, or not.
    #[must_use]
    pub fn new(by_session: bool) -> Self {
        Self { by_session, ..Self::default() }
    }

    /// Skims the line that a text begins with, and says what follows its line feed. `None` if the line has to be read.
    #[must_use]
    #[inline(always)]
    pub fn skim<'l>(&mut self, text: &'l [u8]) -> Option<(Skim<'l>, &'l [u8])> {
        let mut words = Words::new(text);
        let (bucket_number, bucket) = self.bucket(&mut words)?;
        let time = self.dates.take(&mut words)?;
        let address = words.short_word()?;
        let (requester, habit) = self.requester(&mut words)?;
        words.request_id()?;
        let operation = words.word()?;
        let (operation, form) = self.operations.find(operation, || form(operation))?;
        let form = *form;
        if matches!(form, Form::Itself) {
            return self.by_itself(words, (time, address), bucket, [requester, bucket_number, operation]);
        }
        let key = words.key()?;
        let (named, path, prefix) = self.path(&mut words, form, &key)?;
        let answer = self.answer(&mut words)?;
        // Whether a presigned request came too late counts where it was refused.
        if self.is_signed && !is_success(answer) {
            return None;
        }
        words.numbers()?;
        let text = words.rest();
        let client_number = self.client(&mut words, habit.client)?;
        let client = text.get(..text.len() - words.rest().len())?;
        words.host_id()?;
        let (tail_number, tail) = self.tail(&mut words, habit.tail)?;
        let usual = Usual { client: client_number, tail: tail_number };
        if usual != habit {
            *self.requesters.about_mut(requester)? = usual;
        }
        let kind = [requester, bucket_number, operation, path, answer, tail_number];
        Some((Skim { time, address, kind, prefix, bucket, field: key.text, named, client, tail }, words.rest()))
    }

    /// Skims what follows the operation of what S3 does by itself.
    #[inline(never)]
    fn by_itself<'l>(
        &mut self,
        mut words: Words<'l>,
        (time, address): (i64, &'l [u8]),
        bucket: &'l [u8],
        [requester, bucket_number, operation]: [usize; 3],
    ) -> Option<(Skim<'l>, &'l [u8])> {
        let key = words.key()?.text;
        if key == b"-" {
            return None;
        }
        words.take(b"\"-\" ")?;
        let answer = self.answer(&mut words)?;
        words.numbers()?;
        words.take(b"\"-\" \"-\" ")?;
        let version = if words.unquoted()? == b"-" { KEYED } else { VERSION };
        // If it could be an error code, the version could be a status.
        let host_id = words.unquoted()?;
        if host_id.iter().all(is_of_error) {
            return None;
        }
        let text = words.rest();
        let (tail_number, length) = self.other_tail(&mut words, Tail::Nothing)?;
        let tail = text.get(..length - 1)?;
        let kind = [requester, bucket_number, operation, version, answer, tail_number];
        Some((
            Skim { time, address, kind, prefix: None, bucket, field: key, named: Path::Unsaid, client: b"", tail },
            words.rest(),
        ))
    }

    /// Takes owner and bucket: the number of both, and the bucket.
    #[inline(always)]
    fn bucket<'l>(&mut self, words: &mut Words<'l>) -> Option<(usize, &'l [u8])> {
        let text = words.rest();
        if let Some((number, usual, Some(start))) = self.buckets.last()
            && words.take_word(usual).is_some()
        {
            return Some((number, text.get(*start..usual.len())?));
        }
        let (owner, bucket) = (words.word()?, words.word()?);
        let start = owner.len() + 1;
        let about = || is_bucket(bucket).then_some(start);
        let (number, start) = self.buckets.find(text.get(..start + bucket.len())?, about)?;
        start.map(|_| (number, bucket))
    }

    /// Takes a requester: its number or that of its role, and what is usual for it.
    #[inline(always)]
    fn requester(&mut self, words: &mut Words<'_>) -> Option<(usize, Usual)> {
        if words.take_word(&self.requester).is_none() {
            let text = words.rest();
            words.word()?;
            access_identity(text, words)?;
            self.turn_to(text.get(..text.len() - words.rest().len() - 1)?)?;
        }
        Some((self.number, *self.requesters.about(self.number)?))
    }

    /// Turns to another requester than that of the line before.
    #[inline(never)]
    fn turn_to(&mut self, requester: &[u8]) -> Option<()> {
        let lately = self.sessions.0.get_mut(slot_of_role(requester))?;
        let is_session = |role: &usize| self.requesters.text(*role).is_some_and(|role| begins(requester, role));
        self.number = match lately.filter(is_session) {
            Some(role) => role,
            None => {
                let told = if self.by_session { requester } else { role(requester) };
                let (number, _) = self.requesters.find(told, || Usual { client: NONE, tail: NONE })?;
                if told.len() < requester.len() {
                    *lately = Some(number);
                }
                number
            }
        };
        self.requester.clear();
        self.requester.extend_from_slice(requester);
        Some(())
    }

    /// Takes what the request line says of a key. For a line without one, there is a number for its path, with a prefix or
    /// without, and the prefix.
    #[inline(always)]
    fn path<'l>(
        &mut self,
        words: &mut Words<'l>,
        form: Form,
        key: &Word<'l>,
    ) -> Option<(Path<'l>, usize, Option<&'l [u8]>)> {
        let has_key = key.text != b"-";
        self.is_signed = false;
        match form {
            Form::Rest(usual) => {
                method(words, usual)?;
                // Most request lines name the key as it is.
                let is_key = key.plain && has_key && words.take_path(key).is_some();
                let path = if is_key { &[] } else { words.path()? };
                let asked = self.query(words)?;
                protocol(words)?;
                // Objects have no prefix.
                if has_key && asked.is_some() {
                    return None;
                }
                if is_key {
                    return Some((Path::Key, KEYED, None));
                }
                if has_key {
                    return Some((Path::Sent(path), KEYED, None));
                }
                // An empty prefix is another thing than none.
                let prefix = asked.filter(|prefix| !prefix.is_empty());
                if !prefix.is_none_or(is_text) {
                    return None;
                }
                let [without, with] = &mut self.paths;
                let (paths, kind) = match (asked, prefix) {
                    (_, Some(_)) => (with, 1),
                    (Some(_), None) => (without, 2),
                    (None, None) => (without, 0),
                };
                let number = 3 * paths.find(path, || ())?.0 + kind;
                Some((Path::Sent(path), KEYED + 1 + number, prefix))
            }
            Form::Website if has_key => {
                method(words, None)?;
                words.path()?;
                self.query(words)?;
                protocol(words)?;
                Some((Path::Unsaid, KEYED, None))
            }
            Form::Batch if has_key => {
                words.take(b"- ")?;
                Some((Path::Batch, KEYED, None))
            }
            _ => None,
        }
    }

    /// Takes the query behind a path, if there is one, and the space behind it: the prefix that it asks for. `None` if it says
    /// more: versions do, however their names are encoded.
    #[inline(always)]
    fn query<'l>(&mut self, words: &mut Words<'l>) -> Option<Option<&'l [u8]>> {
        if words.take(b" ").is_some() {
            return Some(None);
        }
        let (prefix, is_signed, behind) = parameters(*words)?;
        (self.is_signed, *words) = (is_signed, behind);
        Some(prefix)
    }

    /// Takes status and error code: their number.
    #[inline(always)]
    fn answer(&mut self, words: &mut Words<'_>) -> Option<usize> {
        // Most answers have no error code; no other one has such a number.
        if let Some(status) = words.status() {
            return Some(usize::MAX - status);
        }
        let text = words.rest();
        let (status, error) = (words.word()?, words.word()?);
        let answer = text.get(..status.len() + 1 + error.len())?;
        let (number, is_answer) = self.answers.find(answer, || is_answer(status, error))?;
        is_answer.then_some(number)
    }

    /// Takes referer, user agent and version, given the number of those that are usual: their number.
    #[inline(always)]
    fn client(&mut self, words: &mut Words<'_>, usual: usize) -> Option<usize> {
        if self.clients.text(usual).is_some_and(|usual| words.take(usual).is_some()) {
            return Some(usual);
        }
        let (number, length) = self.other_client(*words)?;
        words.skip(length)?;
        Some(number)
    }

    #[inline(never)]
    fn other_client(&mut self, mut words: Words<'_>) -> Option<(usize, usize)> {
        let text = words.rest();
        if words.take(b"- - ").is_none() {
            quoted(&mut words)?;
            quoted(&mut words)?;
        }
        // No version.
        words.take(b"- ")?;
        let length = text.len() - words.rest().len();
        let client = text.get(..length)?;
        let (number, is_plain) = self.clients.find(client, || is_plain_client(client))?;
        is_plain.then_some((number, length))
    }

    /// Takes what is left of the line, given the number of what is usual: its number, and what it is.
    #[inline(always)]
    fn tail<'l>(&mut self, words: &mut Words<'l>, usual: usize) -> Option<(usize, &'l [u8])> {
        let text = words.rest();
        let (number, length) = match self.tails.text(usual) {
            Some(tail) if words.take(tail).is_some() => (usual, tail.len()),
            _ => self.other_tail(words, Tail::Ordinary)?,
        };
        Some((number, text.get(..length - 1)?))
    }

    #[inline(always)]
    fn other_tail(&mut self, words: &mut Words<'_>, wanted: Tail) -> Option<(usize, usize)> {
        let (number, length) = self.any_tail(words.rest(), wanted)?;
        words.skip(length)?;
        Some((number, length))
    }

    #[inline(never)]
    fn any_tail(&mut self, text: &[u8], wanted: Tail) -> Option<(usize, usize)> {
        let tail = text.get(..=memchr(b'\n', text)?)?;
        let (number, kind) = self.tails.find(tail, || Tail::of(tail))?;
        (*kind == wanted).then_some((number, tail.len()))
    }
}

/// Whether the number of an answer is that of a status below 400 without error code.
fn is_success(answer: usize) -> bool {
    let [first, .., rest] = (usize::MAX - answer).to_le_bytes();
    rest == 0 && matches!(first, 2 | 3)
}

/// Whether words are a status and an error code.
fn is_answer(status: &[u8], error: &[u8]) -> bool {
    let is_status = status == b"-" || status.len() == 3 && status.iter().all(u8::is_ascii_digit);
    is_status && error.iter().all(is_of_error)
}

/// Whether a byte can stand in an error code.
fn is_of_error(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

impl Tail {
    fn of(tail: &[u8]) -> Self {
        match tail {
            b"- - - - - - -\n" | b"- - - - - - - -\n" => Self::Nothing,
            _ if is_ordinary(tail) => Self::Ordinary,
            _ => Self::Other,
        }
    }
}

/// How lines of an operation say what they are about.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// By a request line, with the beginning that is usual.
    Rest(Option<Method>),
    /// By a key, and the request line of a website.
    Website,
    /// By a key alone.
    Batch,
    /// By a key, of what S3 does by itself.
    Itself,
    /// In other ways, or nobody knows.
    Other,
}

fn form(operation: &[u8]) -> Form {
    if !std::str::from_utf8(operation).is_ok_and(is_operation) {
        return Form::Other;
    }
    match operation.split_at_checked(5) {
        Some((b"REST.", rest)) if rest.starts_with(b"COPY.") || rest == b"POST.OBJECT" => Form::Other,
        Some((b"REST.", rest)) => Form::Rest(rest.split(|byte| *byte == b'.').next().and_then(Method::new)),
        Some((b"WEBSI", _)) => Form::Website,
        Some((b"BATCH", _)) => Form::Batch,
        _ if operation.starts_with(b"S3.") => Form::Itself,
        _ => Form::Other,
    }
}

/// The requester, of a session of a role without the name of the session, up to the slash in front of it: the same ones are
/// sessions as for [`Requester::role`](super::requester::Requester::role).
pub(super) fn role(requester: &[u8]) -> &[u8] {
    const SESSION: &[u8] = b":assumed-role/";
    let session = || {
        let partition = requester.strip_prefix(b"arn:")?;
        let length = partition.iter().position(|byte| *byte == b':')?;
        let (account, name) = partition.get(length..)?.strip_prefix(b":sts::")?.split_at_checked(12)?;
        let name = name.strip_prefix(SESSION).filter(|_| account.iter().all(u8::is_ascii_digit))?;
        let slash = memchr(b'/', name)?;
        requester.get(..requester.len() - name.len() + slash + 1)
    };
    session().unwrap_or(requester)
}

/// Takes what stands in quotes, and the space behind them.
fn quoted(words: &mut Words<'_>) -> Option<()> {
    words.take(b"\"")?;
    words.skip(memchr(b'"', words.rest())?)?;
    words.take(b"\" ")
}

/// A method as a request line begins with it, `"METHOD `.
#[derive(Debug, Clone, Copy)]
struct Method {
    bytes: Mask<u64>,
    length: usize,
}

impl Method {
    /// `None` if it is too long for one look.
    fn new(name: &[u8]) -> Option<Self> {
        let text = [b"\"", name, b" "].concat();
        let fits = name.iter().all(u8::is_ascii_uppercase) && text.len() <= 8;
        fits.then(|| {
            let bytes = Mask { counting: first_bytes(&marks_all(&text)), wanted: first_bytes(&text) };
            Self { bytes, length: text.len() }
        })
    }
}

/// Takes the method of a request line, most often the one of its operation.
#[inline(always)]
fn method(words: &mut Words<'_>, usual: Option<Method>) -> Option<()> {
    if let Some(Method { bytes, length }) = usual
        && words.rest().first_chunk().is_some_and(|first| bytes.different(u64::from_le_bytes(*first)) == 0)
    {
        return words.skip(length).map(drop);
    }
    words.skip(other_method(words.rest())?).map(drop)
}

/// How long `"METHOD ` is.
#[inline(never)]
fn other_method(text: &[u8]) -> Option<usize> {
    let (b'"', text) = text.split_first()? else { return None };
    let length = text.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    (text.get(length) == Some(&b' ')).then_some(length + 2)
}

/// Takes the protocol of a request line, and its end.
#[inline(always)]
fn protocol(words: &mut Words<'_>) -> Option<()> {
    words.take(b"HTTP/1.1\" ").or_else(|| words.take(b"HTTP/1.0\" "))
}

/// The prefix that a query asks for, whether it has the times of presigned requests, and what is behind the query.
#[inline(never)]
fn parameters(mut words: Words<'_>) -> Option<(Option<&[u8]>, bool, Words<'_>)> {
    words.take(b"?")?;
    let (mut prefix, mut is_signed) = (None, false);
    loop {
        let text = words.rest();
        match text.first() {
            Some(b'v') if text.starts_with(b"versionId") => return None,
            Some(b'X' | b'E') => is_signed |= text.starts_with(b"X-Amz-") || text.starts_with(b"Expires"),
            _ => {}
        }
        let parameter = words.parameter()?;
        // Without a value it is as with an empty one; a second one is not ordinary.
        if let Some(value) = parameter.strip_prefix(b"prefix")
            && matches!(value.first(), None | Some(b'='))
        {
            if prefix.is_some() {
                return None;
            }
            prefix = Some(value.get(1..).unwrap_or_default());
        }
        if words.take(b"&").is_none() {
            break;
        }
    }
    words.take(b" ")?;
    Some((prefix, is_signed, words))
}

/// Takes what follows the first word of an origin access identity of CloudFront, the only requester with spaces in it, of
/// which a text begins with the first.
#[inline(always)]
fn access_identity(text: &[u8], words: &mut Words<'_>) -> Option<()> {
    const REST: &[u8] = b"Origin Access Identity ";
    if words.take(REST).is_none() {
        return Some(());
    }
    words.word()?;
    let requester = std::str::from_utf8(text.get(..text.len() - words.rest().len() - 1)?).ok()?;
    is_of_cloudfront(requester).then_some(())
}

/// Whether nothing of a client is out of the ordinary, or could look like an answer: what it sent begins with no space.
fn is_plain_client(client: &[u8]) -> bool {
    let begins_with_space = client.starts_with(b"\" ") || memmem::find(client, b"\" \" ").is_some();
    client.iter().all(|byte| matches!(byte, b' '..=b'~')) && !begins_with_space
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requesters_are_told_apart_as_their_roles_are() {
        let session = |partition: &str, role: &str| format!("arn:{partition}:sts::111122223333:assumed-role/{role}");
        let mut requesters =
            vec!["-", "79a5", "arn:aws:iam::111122223333:user/ann", "arn:aws:iam::111122223333:user/anna"]
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>();
        requesters.extend(
            [
                "R",
                "R/",
                "R/one",
                "R/two",
                "R/one/x",
                "Role/one",
                "RoleOfAnother/one",
                "RoleOfAnother/two",
                "RoleOfAll/one",
            ]
            .iter()
            .flat_map(|role| ["aws", "aws-cn"].map(|partition| session(partition, role))),
        );
        requesters.push("x".repeat(1 << 16));
        for by_session in [false, true] {
            let mut skimmer = Skimmer::new(by_session);
            let mut numbers = std::collections::HashMap::new();
            // All in all orders of two, twice.
            let pairs = requesters.iter().flat_map(|one| requesters.iter().map(move |other| [one, other]));
            for requester in pairs.flatten() {
                let told = if by_session { requester.as_bytes() } else { role(requester.as_bytes()) };
                let text = format!("{requester} and more than is looked at together");
                let mut words = Words::new(text.as_bytes());
                let number = skimmer.requester(&mut words).map(|(number, _)| number);
                assert_eq!(number.is_none(), requester.len() > 1 << 15);
                if let Some(number) = number {
                    assert_eq!(words.rest(), b"and more than is looked at together");
                    assert_eq!(numbers.entry(told).or_insert(number), &number, "{requester}");
                }
            }
            let all: std::collections::HashSet<_> = numbers.values().collect();
            assert_eq!(all.len(), numbers.len());
        }
    }

    #[test]
    fn times_are_those_that_are_read() {
        let mut texts = vec!["[30/Nov/2026:23:59:59 +0000] ".to_owned(), "[30/Nov/2026:23:59:60 +0000] ".to_owned()];
        let times = ["[01/Dec/2026:00:00:00 +0000] ", "[29/Feb/2028:19:47:05 +0000] ", "[29/Feb/2027:19:47:05 +0000] "];
        for time in times {
            for at in 0..time.len() {
                for byte in " !/0123456789:;?Z[]+-p".chars() {
                    let mut text = time.to_owned();
                    text.replace_range(at..=at, &byte.to_string());
                    texts.extend([text, time.to_owned()]);
                }
            }
        }
        for minute in 0..=60 {
            texts.extend((0..=60).map(|second| format!("[01/Dec/2026:07:{minute:02}:{second:02} +0000] ")));
        }
        let mut dates = Dates::default();
        texts.insert(0, format!("{}00:00 +0000] ", "\0".repeat(16)));
        texts.insert(1, "[01/Jan/1970:00:00:01 +0000] ".to_owned());
        for text in texts {
            let wanted = text.strip_suffix(' ').and_then(|text| seconds(text.as_bytes()));
            let mut words = Words::new(text.as_bytes());
            assert_eq!(dates.take(&mut words), wanted, "{text}");
        }
    }
}
