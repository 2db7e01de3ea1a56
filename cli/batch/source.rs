//! The entries of an input, one after the other: what the input is shows in its first bytes.

use super::entry::{Entry, Mistake, check_header};
use crate::Failure;
use crate::input::lines;
use can_access_engine::document::{self, Value};
use can_access_engine::policy::Refused;
use can_access_engine::problem::{Problem, Source};
use std::io::{BufRead, Read};

/// An entry as it stands in the input, with the line it begins at. Reading it can be done on any thread.
pub(crate) struct Raw {
    pub(crate) line: u64,
    text: Text,
}

enum Text {
    Json(Vec<u8>),
    Row(csv::StringRecord),
    /// Read already, or not to be read.
    Done(Box<Result<Entry, Mistake>>),
}

impl Raw {
    /// Reads the entry.
    pub(crate) fn read(self, header: Option<&csv::StringRecord>) -> Result<Entry, Mistake> {
        match self.text {
            Text::Json(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Entry::from_json(&text),
                Err(error) => {
                    let column = Some(error.utf8_error().valid_up_to() + 1);
                    Err(Mistake { column, message: "the line is not UTF-8".to_owned() })
                }
            },
            Text::Row(row) => Entry::from_row(header.unwrap_or(&row), &row),
            Text::Done(result) => *result,
        }
    }
}

/// Where entries come from.
pub(crate) struct Entries {
    kind: Kind,
    path: String,
}

enum Kind {
    Lines { input: Box<dyn BufRead + Send>, line: u64, first: Option<Vec<u8>> },
    Table { reader: Box<csv::Reader<Box<dyn BufRead + Send>>>, header: csv::StringRecord },
    Whole(std::vec::IntoIter<Raw>),
}

impl Entries {
    /// Opens an input and finds out what it is.
    pub(crate) fn open(path: &str) -> Result<Self, Failure> {
        let mut input = lines::open(path)?;
        let failed = |error| Failure::Read { path: path.to_owned(), error };
        let mut line = 0;
        let first = loop {
            let mut bytes = Vec::new();
            if input.read_until(b'\n', &mut bytes).map_err(failed)? == 0 {
                break Vec::new();
            }
            line += 1;
            if !bytes.trim_ascii().is_empty() {
                break bytes;
            }
        };
        let head = first.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&first).trim_ascii().to_vec();
        let kind = match head.first() {
            None => Kind::Whole(Vec::new().into_iter()),
            // An object on one line is the first of many; one that goes on is a document, as an array is.
            Some(b'{') if std::str::from_utf8(&head).is_ok_and(is_whole) => {
                Kind::Lines { input, line: line - 1, first: Some(head) }
            }
            Some(b'{' | b'[') => {
                let mut bytes = first;
                input.read_to_end(&mut bytes).map_err(failed)?;
                Kind::Whole(whole(path, bytes)?.into_iter())
            }
            Some(_) => {
                let chained: Box<dyn BufRead + Send> = Box::new(std::io::Cursor::new(first).chain(input));
                let mut reader = csv::ReaderBuilder::new().flexible(false).trim(csv::Trim::All).from_reader(chained);
                let wrong = |message: String| {
                    let help = "requests are JSON Lines, or CSV with a header such as principal,action,resource";
                    Failure::with_help(format!("{}:{line}: {message}", lines::name(path)), help)
                };
                let header = reader.headers().map_err(|error| wrong(error.to_string()))?.clone();
                check_header(&header).map_err(wrong)?;
                Kind::Table { reader: Box::new(reader), header }
            }
        };
        Ok(Self { kind, path: path.to_owned() })
    }

    /// The names of a table's columns.
    pub(crate) fn header(&self) -> Option<&csv::StringRecord> {
        match &self.kind {
            Kind::Table { header, .. } => Some(header),
            Kind::Lines { .. } | Kind::Whole(_) => None,
        }
    }

    /// The next entries, at most so many; none at the end.
    pub(crate) fn next(&mut self, most: usize) -> Result<Vec<Raw>, Failure> {
        let mut entries = Vec::new();
        while entries.len() < most {
            match self.one()? {
                Some(entry) => entries.push(entry),
                None => break,
            }
        }
        Ok(entries)
    }

    fn one(&mut self) -> Result<Option<Raw>, Failure> {
        match &mut self.kind {
            Kind::Whole(entries) => Ok(entries.next()),
            Kind::Lines { input, line, first } => loop {
                let mut bytes = Vec::new();
                *line += 1;
                if let Some(first) = first.take() {
                    return Ok(Some(Raw { line: *line, text: Text::Json(first) }));
                }
                let failed = |error| Failure::Read { path: self.path.clone(), error };
                if input.read_until(b'\n', &mut bytes).map_err(failed)? == 0 {
                    return Ok(None);
                }
                let trimmed = bytes.trim_ascii();
                if !trimmed.is_empty() {
                    return Ok(Some(Raw { line: *line, text: Text::Json(trimmed.to_vec()) }));
                }
            },
            Kind::Table { reader, .. } => {
                let mut row = csv::StringRecord::new();
                let line = reader.position().line();
                match reader.read_record(&mut row) {
                    Ok(false) => Ok(None),
                    Ok(true) => {
                        let line = row.position().map_or(line, csv::Position::line);
                        Ok(Some(Raw { line, text: Text::Row(row) }))
                    }
                    Err(error) if matches!(error.kind(), csv::ErrorKind::Io(_)) => {
                        Err(Failure::Read { path: self.path.clone(), error: std::io::Error::other(error) })
                    }
                    Err(error) => {
                        let line = error.position().map_or(line, csv::Position::line);
                        let message = match error.kind() {
                            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                                format!("the row has {len} fields, and the header {expected_len}")
                            }
                            csv::ErrorKind::Utf8 { .. } => "the row is not UTF-8".to_owned(),
                            _ => error.to_string(),
                        };
                        Ok(Some(Raw { line, text: Text::Done(Box::new(Err(message.into()))) }))
                    }
                }
            }
        }
    }
}

/// Whether a text is a JSON object that ends where the text ends: its braces are balanced outside strings.
fn is_whole(text: &str) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_i64, false, false);
    for byte in text.bytes() {
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
