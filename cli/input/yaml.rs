//! YAML into the engine's located tree, so that policy tests and the policies inside them have places like any other.
//!
//! Plain scalars follow the core schema of YAML 1.2: `true`, `false`, `null` and numbers; everything else is text.

use can_access_engine::document::{self, Value};
use can_access_engine::policy::Refused;
use can_access_engine::problem::{Code, Problem, Severity, Source, Span};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle};
use std::collections::HashMap;
use std::sync::Arc;

/// A value with its texts, which YAML writes in so many ways that they are no pieces of what was read.
pub(crate) type Node = document::Node<'static>;
/// The same of a name and its value.
pub(crate) type Member = document::Member<'static>;

/// How many nodes a document may have once its aliases are followed: enough for any test, not for a YAML bomb.
const MAX_NODES: usize = 2_000_000;

/// How deep a document may nest.
const MAX_DEPTH: usize = 128;

/// Reads one YAML document.
pub(crate) fn read(source: &Arc<Source>) -> Result<Node, Refused> {
    let mut builder =
        Builder { text: source.text(), offsets: offsets(source.text()), anchors: HashMap::new(), nodes: 0, depth: 0 };
    builder.document().map_err(|problem| Refused::new(Arc::clone(source), vec![problem]))
}

struct Builder<'a> {
    text: &'a str,
    /// The byte offset at which each line starts.
    offsets: Vec<usize>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    depth: usize,
}

type Events<'a> = Parser<'a, saphyr_parser::StrInput<'a>>;

impl<'a> Builder<'a> {
    fn document(&mut self) -> Result<Node, Problem> {
        let mut events = Parser::new_from_str(self.text);
        let mut root = None;
        loop {
            let (event, span) = self.next(&mut events)?;
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
                other if root.is_none() => root = Some(self.node(other, span, &mut events)?),
                _ => {
                    return Err(problem(
                        Code::SeveralDocuments,
                        span,
                        "a second document starts here; one file holds one",
                    ));
                }
            }
        }
        root.ok_or_else(|| problem(Code::EmptyText, Span::at(0), "the file is empty"))
    }

    fn next(&self, events: &mut Events<'a>) -> Result<(Event<'a>, Span), Problem> {
        match events.next() {
            Some(Ok((event, span))) => Ok((event, Span::new(self.offset(&span.start), self.offset(&span.end)))),
            Some(Err(error)) => Err(problem(
                Code::NotJson,
                Span::at(self.offset(error.marker())),
                format!("this is not YAML: {}", error.info()),
            )),
            None => Ok((Event::StreamEnd, Span::at(self.text.len()))),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, events: &mut Events<'a>) -> Result<Node, Problem> {
        self.nodes += 1;
        if self.depth > MAX_DEPTH {
            return Err(problem(Code::TooDeep, span, format!("values nest more than {MAX_DEPTH} deep")));
        }
        if self.nodes > MAX_NODES {
            return Err(problem(Code::TooLarge, span, "the document is too large"));
        }
        let (value, end, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = tag.is_some_and(|tag| tag.suffix == "str");
                let value = if is_text { Value::String(text.into_owned().into()) } else { scalar(&text, style) };
                (value, span.end, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                self.depth += 1;
                let mut items = Vec::new();
                let end = loop {
                    let (event, at) = self.next(events)?;
                    match event {
                        Event::SequenceEnd => break at.end,
                        other => items.push(self.node(other, at, events)?),
                    }
                };
                self.depth -= 1;
                (Value::Array(items), end, anchor)
            }
            Event::MappingStart(anchor, _) => {
                self.depth += 1;
                let mut members: Vec<Member> = Vec::new();
                let mut names: HashMap<String, Span> = HashMap::new();
                let end = loop {
                    let (event, at) = self.next(events)?;
                    let Event::MappingEnd = event else {
                        let member = self.member(event, at, events)?;
                        if let Some(first) = names.insert(member.name.to_string(), member.name_span) {
                            let mut twice = problem(
                                Code::DuplicateName,
                                member.name_span,
                                format!("`{}` stands twice in this mapping", member.name),
                            );
                            twice.related = Some((first, "first here".to_owned()));
                            return Err(twice);
                        }
                        members.push(member);
                        continue;
                    };
                    break at.end;
                };
                self.depth -= 1;
                (Value::Object(members), end, anchor)
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err(problem(Code::WrongType, span, "the alias refers to nothing before it"));
                };
                self.nodes += count(&node);
                return Ok(node);
            }
            _ => return Err(problem(Code::NotJson, span, "this is not YAML: a value belongs here")),
        };
        let node = Node { span: Span::new(span.start, end.max(span.start)), value };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn member(&mut self, event: Event<'a>, at: Span, events: &mut Events<'a>) -> Result<Member, Problem> {
        let key = self.node(event, at, events)?;
        let name = match &key.value {
            Value::String(text) | Value::Number(text) => text.clone(),
            Value::Bool(truth) => truth.to_string().into(),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                return Err(problem(Code::WrongType, key.span, "the name of a member is text"));
            }
        };
        let (event, at) = self.next(events)?;
        let value = self.node(event, at, events)?;
        Ok(Member { name, name_span: key.span, value })
    }

    /// The byte offset of a line and a column in characters.
    fn offset(&self, marker: &Marker) -> usize {
        let start = self.offsets.get(marker.line().saturating_sub(1)).copied().unwrap_or(self.text.len());
        let line = self.text.get(start..).unwrap_or_default();
        line.char_indices().nth(marker.col()).map_or(self.text.len(), |(at, _)| start + at)
    }
}

fn count(node: &Node) -> usize {
    match &node.value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(members) => 1 + members.iter().map(|member| count(&member.value)).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

fn offsets(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

fn scalar(text: &str, style: ScalarStyle) -> Value<'static> {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned().into());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_number(text) => Value::Number(text.to_owned().into()),
        _ => Value::String(text.to_owned().into()),
    }
}

/// A number of the core schema, but for its infinities.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(m, e)| (m, Some(e)));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.is_none_or(|e| {
        let e = e.strip_prefix(['-', '+']).unwrap_or(e);
        !e.is_empty() && digits(e)
    });
    digits(integer) && digits(fraction) && !(integer.is_empty() && fraction.is_empty()) && exponent
}

fn problem(code: Code, span: Span, message: impl Into<String>) -> Problem {
    Problem { code, severity: Severity::Error, span, message: message.into(), help: None, related: None }
}
