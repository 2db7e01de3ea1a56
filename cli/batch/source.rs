//! The entries of an input, one after the other: what the input is shows in its first bytes.

use super::entry::{Entry, Mistake, check_header};
use super::table;
use crate::Failure;
use crate::input::lines;
use can_access_engine::document::{self, Value};
use can_access_engine::policy::Refused;
use can_access_engine::problem::{Place, Problem, Source};
use std::collections::VecDeque;
use std::io::{BufRead, Read};

/// An entry as it stands in the input, with the line it begins at. Reading it can be done on any thread.
pub(crate) struct Raw {
    pub(crate) line: u64,
    text: Text,
}

enum Text {
    Json(Vec<u8>),
    Row(Vec<u8>),
    /// Read already, from the text of the whole input.
    Done(Box<Result<Entry, Mistake>>),
}

impl Raw {
    /// Reads the entry. The place of a mistake is that in the input.
    pub(crate) fn read(self, header: &[String]) -> Result<Entry, Mistake> {
        let before = usize::try_from(self.line).unwrap_or(usize::MAX) - 1;
        let read = match self.text {
            Text::Json(bytes) => text(bytes).and_then(|text| Entry::from_json(&text)),
            Text::Row(bytes) => text(bytes).and_then(|text| Entry::from_row(header, &text)),
            Text::Done(result) => return *result,
        };
        read.map_err(|mistake| Mistake {
            place: mistake.place.map(|place| Place { line: before + place.line, ..place }),
            ..mistake
        })
    }
}

/// The text of a line.
fn text(bytes: Vec<u8>) -> Result<String, Mistake> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        Mistake::at(&text, valid, "the line is not UTF-8".to_owned())
    })
}

/// Where entries come from.
pub(crate) struct Entries {
    input: Input,
    kind: Kind,
    /// Why the input could not be read to its end, once all that could be is given out.
    broken: Option<Failure>,
}

/// An input, line by line.
struct Input {
    path: String,
    bytes: Box<dyn BufRead + Send>,
    /// How many lines were read.
    line: u64,
    /// Lines that were read ahead, with their numbers.
    ahead: VecDeque<(u64, Vec<u8>)>,
}

enum Kind {
    Lines,
    /// A table with these columns.
    Table(Vec<String>),
    Whole(std::vec::IntoIter<Raw>),
}

impl Input {
    /// The next line that is not blank, with its number.
    fn next(&mut self) -> Result<Option<(u64, Vec<u8>)>, Failure> {
        if let Some(line) = self.ahead.pop_front() {
            return Ok(Some(line));
        }
        loop {
            let mut bytes = Vec::new();
            let failed = |error| Failure::Read { path: self.path.clone(), error };
            if self.bytes.read_until(b'\n', &mut bytes).map_err(failed)? == 0 {
                return Ok(None);
            }
            self.line += 1;
            if !bytes.trim_ascii().is_empty() {
                return Ok(Some((self.line, bytes)));
            }
        }
    }

    /// All that is left, with the blank lines before it.
    fn rest(&mut self) -> Result<Vec<u8>, Failure> {
        let (mut bytes, mut line) = (Vec::new(), 1);
        for (number, text) in self.ahead.drain(..) {
            bytes.extend((line..number).map(|_| b'\n'));
            bytes.extend(text);
            line = number + 1;
        }
        let failed = |error| Failure::Read { path: self.path.clone(), error };
        self.bytes.read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }
}

impl Entries {
    /// Opens an input and finds out what it is.
    pub(crate) fn open(path: &str) -> Result<Self, Failure> {
        let mut input = Input { path: path.to_owned(), bytes: lines::open(path)?, line: 0, ahead: VecDeque::new() };
        let empty = || Kind::Whole(Vec::new().into_iter());
        let Some((line, mut first)) = input.next()? else {
            return Ok(Self { input, kind: empty(), broken: None });
        };
        if let Some(text) = first.strip_prefix(b"\xEF\xBB\xBF") {
            first = text.to_vec();
        }
        let head = first.trim_ascii();
        let is_object = head.starts_with(b"{");
        let kind = match head.first() {
            None => empty(),
            // An object on one line is the first of many; one that goes on is a document, as an array is.
            Some(b'{') if is_whole(head) => {
                input.ahead.push_back((line, first));
                Kind::Lines
            }
            Some(b'{' | b'[') => {
                let second = input.next()?;
                // Within an object no other stands at once.
                let is_line = |(_, second): &(u64, Vec<u8>)| second.trim_ascii_start().starts_with(b"{");
                let are_lines = is_object && second.as_ref().is_some_and(is_line);
                input.ahead.extend([(line, first)].into_iter().chain(second));
                if are_lines { Kind::Lines } else { Kind::Whole(whole(path, input.rest()?)?.into_iter()) }
            }
            Some(_) => {
                let wrong = |Mistake { place, message }: Mistake| {
                    let column = place.map(|place| format!(":{}", place.column)).unwrap_or_default();
                    let help = "requests are JSON Lines, or CSV with a header such as principal,action,resource";
                    Failure::with_help(format!("{}:{line}{column}: {message}", lines::name(path)), help)
                };
                let header = text(without_end(first)).and_then(|text| table::fields(&text)).map_err(wrong)?;
                check_header(&header).map_err(|message| wrong(message.into()))?;
                Kind::Table(header)
            }
        };
        Ok(Self { input, kind, broken: None })
    }

    /// The names of a table's columns.
    pub(crate) fn header(&self) -> &[String] {
        match &self.kind {
            Kind::Table(header) => header,
            Kind::Lines | Kind::Whole(_) => &[],
        }
    }

    /// The next entries, at most so many; none at the end, and once after what could be read of an input that breaks off.
    pub(crate) fn next(&mut self, most: usize) -> Result<Vec<Raw>, Failure> {
        let mut entries = Vec::new();
        while entries.len() < most && self.broken.is_none() {
            match self.one() {
                Ok(Some(entry)) => entries.push(entry),
                Ok(None) => break,
                Err(failure) => self.broken = Some(failure),
            }
        }
        match self.broken.take_if(|_| entries.is_empty()) {
            Some(failure) => Err(failure),
            None => Ok(entries),
        }
    }

    fn one(&mut self) -> Result<Option<Raw>, Failure> {
        let text = match &mut self.kind {
            Kind::Whole(entries) => return Ok(entries.next()),
            Kind::Lines => Text::Json,
            Kind::Table(_) => Text::Row,
        };
        Ok(self.input.next()?.map(|(line, bytes)| Raw { line, text: text(without_end(bytes)) }))
    }
}

/// A line without its end.
fn without_end(mut line: Vec<u8>) -> Vec<u8> {
    line.truncate(line.trim_ascii_end().len());
    line
}

/// Whether a text is a JSON object that ends where the text ends: its braces are balanced outside strings.
fn is_whole(text: &[u8]) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_i64, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth -= 1,
            _ => {}
        }
    }
    // Something broken on one line is one broken entry, not a document.
    depth <= 0 || quoted
}

/// The entries of a JSON document: an object, or an array of them.
fn whole(path: &str, bytes: Vec<u8>) -> Result<Vec<Raw>, Failure> {
    let source = crate::input::decode(lines::name(path), bytes).map_err(|refused| Failure::Refused(vec![refused]))?;
    let reading = document::read(source.text());
    let refused =
        |problems: Vec<Problem>| Failure::Refused(vec![Refused::new(std::sync::Arc::clone(&source), problems)]);
    let root = match reading.root {
        Some(root) if !reading.problems.iter().any(Problem::is_error) => root,
        _ => return Err(refused(reading.problems)),
    };
    let nodes = match &root.value {
        Value::Array(nodes) => &nodes[..],
        _ => std::slice::from_ref(&root),
    };
    let entry = |node: &document::Node| {
        let line = Source::place(&source, node.span.start).line;
        Raw {
            line: u64::try_from(line).unwrap_or(u64::MAX),
            text: Text::Done(Box::new(Entry::from_node(source.text(), node))),
        }
    };
    Ok(nodes.iter().map(entry).collect())
}
