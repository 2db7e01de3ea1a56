//! The reader: one pass over the text, which goes on after a mistake where its author would have gone on.

mod blanks;
mod strings;
mod words;

use super::{Member, Node, Reading, Text, Value};
use crate::lanes::{ends_string, first};
use crate::problem::{Code, Problem, Span, in_order};
use std::collections::HashMap;

/// How deep values may nest; `serde_json` stops at the same depth.
const MAX_DEPTH: usize = 127;

/// Where the names of an object's members stand, looked up where there are many.
#[derive(Default)]
struct Names<'a> {
    first: HashMap<Text<'a>, Span>,
    /// How many members are in it.
    taken: usize,
}

impl<'a> Names<'a> {
    /// Where the first of the members stands that has a name.
    fn first(&mut self, members: &[Member<'a>], name: &Text<'a>) -> Option<Span> {
        const MANY: usize = 16;
        if members.len() < MANY {
            return members.iter().find(|member| member.name == *name).map(|member| member.name_span);
        }
        for member in members.get(self.taken..).unwrap_or_default() {
            self.first.entry(member.name.clone()).or_insert(member.name_span);
        }
        self.taken = members.len();
        self.first.get(name).copied()
    }
}

/// Reads `text`; see [`super::read`].
pub(super) fn read(text: &str) -> Reading<'_> {
    let mut reader = Reader {
        text,
        terraform: false,
        at: 0,
        open: Vec::new(),
        too_deep: false,
        next_quote: None,
        problems: Vec::new(),
    };
    let root = reader.document();
    if reader.terraform {
        // Said once, for all that differs between the two languages.
        let differs = [
            Code::Unquoted,
            Code::MissingColon,
            Code::MissingComma,
            Code::TrailingComma,
            Code::Comment,
            Code::Placeholder,
        ];
        reader.problems.retain(|problem| !differs.contains(&problem.code));
    }
    Reading { root, problems: in_order(reader.problems) }
}

/// An object or list that is being read.
#[derive(Clone, Copy, PartialEq)]
enum Open {
    Object,
    Array,
}

struct Reader<'a> {
    text: &'a str,
    /// Names without quotes are joined to their values by `=`: this is Terraform's language.
    terraform: bool,
    at: usize,
    /// The objects and lists around the current place, outermost first.
    open: Vec<Open>,
    too_deep: bool,
    /// The next double quote, or the end, and whether it closes a string.
    next_quote: Option<(usize, bool)>,
    problems: Vec<Problem>,
}

/// What stands between the items of an object or list, kept while reading it.
#[derive(Default)]
struct Separation {
    /// The end of the last item.
    last_end: Option<usize>,
    /// The comma behind it, once read.
    comma: Option<usize>,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Option<Node<'a>> {
        if self.text.starts_with('\u{FEFF}') {
            self.problems.push(
                Problem::warning(Code::ByteOrderMark, Span::new(0, 3), "the text starts with a byte-order mark")
                    .help("it is ignored here; save the file without it, some tools refuse it"),
            );
            self.at = 3;
        }
        self.skip_trivia();
        if self.at == self.text.len() {
            if self.problems.iter().all(|problem| !problem.is_error()) {
                self.error(Code::EmptyText, Span::at(0), "the text is empty; a policy is a JSON object");
            }
            return None;
        }
        if let Some(at) = self.merge_conflict() {
            let problem = Problem::error(Code::NotJson, Span::new(at, at + 7), "here is an unresolved merge conflict");
            self.problems.push(problem.help("keep one side and remove the marks"));
            return None;
        }
        if let Some(problem) = self.other_format() {
            self.problems.push(problem);
            return None;
        }
        let root = self.value();
        self.after_root();
        root
    }

    /// Where version control left both sides of a conflict.
    fn merge_conflict(&self) -> Option<usize> {
        let find = |mark: &str| memchr::memmem::find(self.text.as_bytes(), mark.as_bytes());
        let at = if self.text.starts_with("<<<<<<< ") { 0 } else { find("\n<<<<<<< ")? + 1 };
        find("\n>>>>>>> ").map(|_| at)
    }

    /// Text that starts like something other than JSON; reading on would only bury that.
    fn other_format(&self) -> Option<Problem> {
        let rest = self.rest();
        if rest.starts_with(['{', '[']) {
            return None;
        }
        let line_end = rest.find('\n').unwrap_or(rest.len());
        let line = rest.get(..line_end).unwrap_or(rest).trim_end();
        let span = Span::new(self.at, self.at + line.len());
        if rest.starts_with("<!")
            || rest.starts_with("<?")
            || rest.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("<html"))
        {
            return Some(
                Problem::error(Code::NotJson, span, "this is HTML or XML, not JSON")
                    .help("a page was probably saved in place of the policy; fetch the policy document itself"),
            );
        }
        if rest.starts_with("%7B") || rest.starts_with("%7b") {
            let problem = Problem::error(Code::NotJson, span, "this is URL-encoded JSON");
            return Some(problem.help("decode it first: IAM's API gives policies in this form"));
        }
        if rest.starts_with("$ ") {
            let problem = Problem::error(Code::NotJson, span, "a shell line stands in front of the policy");
            return Some(problem.help("remove it"));
        }
        let word_end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(word_end);
        if word.starts_with(char::is_alphabetic) && behind.starts_with(':') || line == "---" {
            return Some(
                Problem::error(Code::NotJson, span, "this looks like YAML; a policy file is JSON")
                    .help("convert it to JSON first; YAML is understood only in policy tests"),
            );
        }
        None
    }

    fn after_root(&mut self) {
        loop {
            self.skip_trivia();
            let start = self.at;
            match self.peek() {
                None => return,
                Some(b'{' | b'[') => {
                    let end = start + 1;
                    self.problems.push(
                        Problem::error(Code::SeveralDocuments, Span::new(start, end), "a second document starts here")
                            .help("one file holds one policy; put the statements of both into one `Statement` list, or the documents into two files"),
                    );
                    self.value();
                }
                Some(b',') if self.rest().get(1..).is_some_and(|rest| rest.trim_start().starts_with(['{', '['])) => {
                    self.at += 1;
                }
                Some(closer @ (b'}' | b']')) => {
                    self.at += 1;
                    let closer = char::from(closer);
                    self.error(
                        Code::StrayCloser,
                        Span::new(start, self.at),
                        format!("`{closer}` closes nothing; there is one too many"),
                    );
                }
                Some(_) => {
                    let line_end = self.rest().find('\n').unwrap_or(self.rest().len());
                    self.error(
                        Code::TrailingText,
                        Span::new(start, start + line_end.max(1)),
                        "there is text behind the end of the document",
                    );
                    return;
                }
            }
        }
    }

    /// Reads one value; the caller has skipped what stands before it, and knows that the text goes on.
    fn value(&mut self) -> Option<Node<'a>> {
        let start = self.at;
        let value = match self.peek()? {
            b'{' if self.rest().starts_with("{{") => return self.bare_text(),
            b'{' => self.nested(Open::Object, start)?,
            b'[' => self.nested(Open::Array, start)?,
            b'"' => Value::String(self.string()),
            _ if self.quote_lookalike().is_some() => Value::String(self.wrongly_quoted().into()),
            _ => return self.bare_text(),
        };
        Some(Node { span: Span::new(start, self.at), value })
    }

    fn nested(&mut self, kind: Open, start: usize) -> Option<Value<'a>> {
        if self.open.len() >= MAX_DEPTH {
            if !self.too_deep {
                self.too_deep = true;
                let message = format!("values nest more than {MAX_DEPTH} deep");
                self.error(Code::TooDeep, Span::new(start, start + 1), message);
            }
            // Nothing that deep is a policy: what follows is not looked at.
            self.at = self.text.len();
            return None;
        }
        self.at += 1;
        self.open.push(kind);
        let value = match kind {
            Open::Object => Value::Object(self.members(start)),
            Open::Array => Value::Array(self.elements(start)),
        };
        self.open.pop();
        Some(value)
    }

    // ---- objects ----

    fn members(&mut self, start: usize) -> Vec<Member<'a>> {
        let mut names = Names::default();
        let mut members: Vec<Member<'a>> = Vec::new();
        let mut between = Separation::default();
        loop {
            self.skip_trivia();
            match self.peek() {
                None => {
                    self.unclosed(start, '}');
                    return members;
                }
                Some(b'}') => {
                    self.trailing_comma(&between);
                    self.at += 1;
                    return members;
                }
                Some(b']') => {
                    if self.enclosed_by(Open::Array) {
                        self.missing_closer('}', start, &between);
                        return members;
                    }
                    self.stray_closer(']');
                }
                Some(b',') => self.extra_comma(&mut between),
                Some(b'{' | b'[') if !self.rest().starts_with("{{") => {
                    if self.peek() == Some(b'{') && self.enclosed_by(Open::Array) && between.last_end.is_some() {
                        // `…, {` inside a statement: the author closed the statement in mind only.
                        self.missing_closer('}', start, &between);
                        self.at = between.comma.unwrap_or(self.at);
                        return members;
                    }
                    let at = self.at;
                    self.error(
                        Code::MissingName,
                        Span::new(at, at + 1),
                        "a value stands here without a name in front of it",
                    );
                    self.value();
                    self.end_of_item(&mut between);
                }
                Some(_) => {
                    if let Some(member) = self.member(&between) {
                        self.duplicate(&members, &mut names, &member);
                        members.push(member);
                    }
                    self.end_of_item(&mut between);
                }
            }
        }
    }

    fn member(&mut self, between: &Separation) -> Option<Member<'a>> {
        let name_start = self.at;
        let name = self.name();
        let name_span = Span::new(name_start, self.at);
        let name_end = self.at;
        self.skip_trivia();
        let has_colon = match self.peek() {
            Some(b':') => {
                self.at += 1;
                true
            }
            Some(b'=') if !self.text.get(name_start..).is_some_and(|text| text.starts_with(['"', '\''])) => {
                self.at += 1;
                if !std::mem::replace(&mut self.terraform, true) {
                    self.problems.push(
                        Problem::error(
                            Code::NotJson,
                            Span::new(name_start, self.at),
                            "this is Terraform's language, not JSON",
                        )
                        .help("take the policy as JSON, for example from `terraform show -json` or `jsonencode`"),
                    );
                }
                true
            }
            Some(b'=') => {
                let at = self.at;
                self.at += if self.rest().starts_with("=>") { 2 } else { 1 };
                self.problems.push(
                    Problem::error(
                        Code::MissingColon,
                        Span::new(at, self.at),
                        "names and values are joined by a colon",
                    )
                    .help(format!("write `:` in place of `{}`", self.text.get(at..self.at).unwrap_or("="))),
                );
                true
            }
            _ => false,
        };
        if between.last_end.is_some() && between.comma.is_none() {
            if !has_colon && matches!(self.peek(), None | Some(b',' | b'}' | b']' | b'"')) {
                self.problems.push(
                    Problem::error(Code::LooseValue, name_span, "a second value stands here without a name")
                        .help("several values of one name go into a list: `[ … , … ]`"),
                );
                self.at = name_end;
                return None;
            }
            self.missing_comma(between);
        }
        if !has_colon {
            match self.peek() {
                None | Some(b',' | b'}' | b']') => {
                    let message = format!("`{name}` has no value");
                    self.problems.push(
                        Problem::error(Code::MissingValue, name_span, message)
                            .help("a member of an object is a name, a colon and a value"),
                    );
                    self.at = name_end;
                    return None;
                }
                Some(_) => {
                    let message = format!("there is no colon behind `{name}`");
                    self.error(Code::MissingColon, Span::at(name_end), message);
                }
            }
        }
        let value_from = self.at;
        self.skip_trivia();
        let value = match self.peek() {
            None | Some(b',' | b'}' | b']') => {
                let message = format!("`{name}` has no value");
                self.error(Code::MissingValue, Span::at(value_from), message);
                None
            }
            Some(_) => self.value(),
        };
        value.map(|value| Member { name, name_span, value })
    }

    fn name(&mut self) -> Text<'a> {
        match self.peek() {
            Some(b'"') => self.string(),
            _ if self.quote_lookalike().is_some() => self.wrongly_quoted().into(),
            _ => {
                let start = self.at;
                let end = self.bare_end(&[':', ',', '{', '}', '[', ']', '"', '=', '\n']);
                let name = Text::from(self.text.get(start..end).unwrap_or_default());
                self.report_bare(&name, Span::new(start, end));
                self.at = end;
                name
            }
        }
    }

    /// Reports a name that one of the members before has.
    fn duplicate(&mut self, members: &[Member<'a>], names: &mut Names<'a>, member: &Member<'a>) {
        let Some(first) = names.first(members, &member.name) else { return };
        let message = format!("`{}` stands twice in this object", member.name);
        self.problems.push(
            Problem::error(Code::DuplicateName, member.name_span, message)
                .related(first, "first here")
                .help("keep one; JSON readers silently drop the other, and AWS refuses the policy"),
        );
    }

    // ---- lists ----

    fn elements(&mut self, start: usize) -> Vec<Node<'a>> {
        let mut elements: Vec<Node<'a>> = Vec::new();
        let mut between = Separation::default();
        loop {
            self.skip_trivia();
            match self.peek() {
                None => {
                    self.unclosed(start, ']');
                    return elements;
                }
                Some(b']') => {
                    self.trailing_comma(&between);
                    self.at += 1;
                    return elements;
                }
                Some(b'}') => {
                    let of_objects = matches!(elements.last(), Some(Node { value: Value::Object(_), .. }));
                    let one_too_many = of_objects && self.list_goes_on_behind_closer();
                    if self.enclosed_by(Open::Object) && !one_too_many {
                        self.missing_closer(']', start, &between);
                        return elements;
                    }
                    self.stray_closer('}');
                }
                Some(b',') => self.extra_comma(&mut between),
                Some(b':') => {
                    let at = self.at;
                    self.at += 1;
                    self.problems.push(
                        Problem::error(
                            Code::MemberInList,
                            Span::new(at, at + 1),
                            "a list holds values, not names and values",
                        )
                        .help("put the name and its value into an object: `{ … }`"),
                    );
                    self.skip_trivia();
                    if !matches!(self.peek(), None | Some(b',' | b'}' | b']')) {
                        self.value();
                        self.end_of_item(&mut between);
                    }
                }
                Some(_) => {
                    if between.last_end.is_some() && self.member_follows() && self.enclosed_by(Open::Object) {
                        // `["a", "b", "Resource": …`: the list was closed in mind only.
                        self.missing_closer(']', start, &between);
                        self.at = between.comma.unwrap_or(self.at);
                        return elements;
                    }
                    if between.last_end.is_some() && between.comma.is_none() {
                        self.missing_comma(&between);
                    }
                    let before = self.at;
                    elements.extend(self.value());
                    if self.at == before {
                        self.at += self.rest().chars().next().map_or(1, char::len_utf8);
                    }
                    self.end_of_item(&mut between);
                }
            }
        }
    }

    /// Whether the list goes on, or ends, behind the closing brace that stands here: then the brace is one too many,
    /// rather than the list's bracket missing.
    fn list_goes_on_behind_closer(&self) -> bool {
        let rest = self.rest().get(1..).unwrap_or_default().trim_start();
        match rest.strip_prefix(',') {
            Some(rest) => rest.trim_start().starts_with('{'),
            None => rest.starts_with(']'),
        }
    }

    /// Whether a quoted name and a colon stand here.
    fn member_follows(&self) -> bool {
        let Some(rest) = self.rest().strip_prefix('"') else { return false };
        // Most strings are plain ones, with what separates values behind them.
        let end = first(rest.as_bytes(), ends_string);
        if let Some([b'"', b',' | b']', ..]) = end.and_then(|end| rest.as_bytes().get(end..)) {
            return false;
        }
        let mut from = 0;
        let end = loop {
            let behind = rest.as_bytes().get(from..).unwrap_or_default();
            let Some(at) = memchr::memchr3(b'"', b'\\', b'\n', behind) else { return false };
            match behind.get(at) {
                Some(b'"') => break from + at,
                // What is escaped ends nothing, but for the end of the line.
                Some(b'\\') if behind.get(at + 1) != Some(&b'\n') => from += at + 2,
                _ => return false,
            }
        };
        rest.get(end + 1..).is_some_and(|rest| rest.trim_start().starts_with(':'))
    }

    // ---- what stands between items ----

    fn end_of_item(&mut self, between: &mut Separation) {
        between.last_end = Some(self.at);
        between.comma = None;
        self.skip_trivia();
        if let Some(separator @ (b',' | b';')) = self.peek() {
            between.comma = Some(self.at);
            self.at += 1;
            if separator == b';' {
                let problem = Problem::error(
                    Code::MissingComma,
                    Span::new(self.at - 1, self.at),
                    "a comma belongs here, not `;`",
                );
                self.problems.push(problem.help("put `,` in place of `;`"));
            }
        }
    }

    fn missing_comma(&mut self, between: &Separation) {
        let end = between.last_end.unwrap_or(self.at);
        self.problems.push(
            Problem::error(Code::MissingComma, Span::at(end), "a comma is missing here")
                .help("put `,` between this and what follows"),
        );
    }

    fn trailing_comma(&mut self, between: &Separation) {
        if let Some(comma) = between.comma {
            self.problems.push(
                Problem::error(Code::TrailingComma, Span::new(comma, comma + 1), "nothing follows this comma")
                    .help("remove the trailing comma"),
            );
        }
    }

    fn extra_comma(&mut self, between: &mut Separation) {
        let at = self.at;
        self.at += 1;
        self.problems.push(
            Problem::error(Code::ExtraComma, Span::new(at, at + 1), "there is nothing in front of this comma")
                .help("remove the extra comma"),
        );
        if between.last_end.is_some() {
            between.comma = Some(at);
        }
    }

    fn stray_closer(&mut self, closer: char) {
        let at = self.at;
        self.at += 1;
        self.error(Code::StrayCloser, Span::new(at, at + 1), format!("`{closer}` closes nothing"));
    }

    fn missing_closer(&mut self, closer: char, opener: usize, between: &Separation) {
        let end = between.last_end.unwrap_or(opener + 1);
        let what = if closer == '}' { "object" } else { "list" };
        self.problems.push(
            Problem::error(Code::Unclosed, Span::at(end), format!("`{closer}` is missing here"))
                .related(Span::new(opener, opener + 1), format!("this {what} is not closed"))
                .help(format!("close the {what} with `{closer}`")),
        );
    }

    fn unclosed(&mut self, opener: usize, closer: char) {
        if self.too_deep {
            return;
        }
        let what = if closer == '}' { "object" } else { "list" };
        self.problems.push(
            Problem::error(
                Code::Unclosed,
                Span::new(opener, opener + 1),
                format!("this {what} is never closed: `{closer}` is missing"),
            )
            .help("the text may have been cut off"),
        );
    }

    /// Whether the innermost open value lies in one of this kind.
    fn enclosed_by(&self, kind: Open) -> bool {
        self.open.iter().rev().skip(1).any(|&open| open == kind)
    }

    // ---- the text ----

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.problems.push(Problem::error(code, span, message));
    }
}
