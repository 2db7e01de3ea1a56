//! The reader: one pass over the text, which goes on after a mistake where its author would have gone on.

use super::{Member, Node, Reading, Value};
use crate::problem::{Code, Problem, Span, in_order};
use std::collections::HashMap;

/// How deep values may nest; `serde_json` stops at the same depth.
const MAX_DEPTH: usize = 127;

/// Reads `text`; see [`super::read`].
pub(super) fn read(text: &str) -> Reading {
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
    fn document(&mut self) -> Option<Node> {
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
        let at = if self.text.starts_with("<<<<<<< ") { 0 } else { self.text.find("\n<<<<<<< ")? + 1 };
        self.text.contains("\n>>>>>>> ").then_some(at)
    }

    /// Text that starts like something other than JSON; reading on would only bury that.
    fn other_format(&self) -> Option<Problem> {
        let rest = self.rest();
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
    fn value(&mut self) -> Option<Node> {
        let start = self.at;
        let value = match self.peek()? {
            b'{' if self.rest().starts_with("{{") => return self.bare_text(),
            b'{' => self.nested(Open::Object, start)?,
            b'[' => self.nested(Open::Array, start)?,
            b'"' => Value::String(self.string()),
            _ if self.quote_lookalike().is_some() => Value::String(self.wrongly_quoted()),
            _ => return self.bare_text(),
        };
        Some(Node { span: Span::new(start, self.at), value })
    }

    fn nested(&mut self, kind: Open, start: usize) -> Option<Value> {
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

    fn members(&mut self, start: usize) -> Vec<Member> {
        let mut names: HashMap<String, Span> = HashMap::new();
        let mut members: Vec<Member> = Vec::new();
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
                        self.duplicate(&mut names, &member);
                        members.push(member);
                    }
                    self.end_of_item(&mut between);
                }
            }
        }
    }

    fn member(&mut self, between: &Separation) -> Option<Member> {
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

    fn name(&mut self) -> String {
        match self.peek() {
            Some(b'"') => self.string(),
            _ if self.quote_lookalike().is_some() => self.wrongly_quoted(),
            _ => {
                let start = self.at;
                let end = self.bare_end(&[':', ',', '{', '}', '[', ']', '"', '=', '\n']);
                let name = self.text.get(start..end).unwrap_or_default().to_owned();
                self.report_bare(&name, Span::new(start, end));
                self.at = end;
                name
            }
        }
    }

    fn duplicate(&mut self, names: &mut HashMap<String, Span>, member: &Member) {
        let Some(&first) = names.get(&member.name) else {
            names.insert(member.name.clone(), member.name_span);
            return;
        };
        let message = format!("`{}` stands twice in this object", member.name);
        self.problems.push(
            Problem::error(Code::DuplicateName, member.name_span, message)
                .related(first, "first here")
                .help("keep one; JSON readers silently drop the other, and AWS refuses the policy"),
        );
    }

    // ---- lists ----

    fn elements(&mut self, start: usize) -> Vec<Node> {
        let mut elements: Vec<Node> = Vec::new();
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
        let mut escaped = false;
        let end = rest.find(|c: char| {
            let ends = c == '\n' || c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let behind = end.and_then(|end| rest.get(end..)).and_then(|rest| rest.strip_prefix('"'));
        behind.is_some_and(|rest| rest.trim_start().starts_with(':'))
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

    // ---- strings ----

    /// Reads a string in double quotes; the place is at the opening one.
    fn string(&mut self) -> String {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.bytes().position(|b| b == b'"' || b == b'\\' || b < 0x20).unwrap_or(rest.len());
            text.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                None => {
                    // The quote is missing somewhere on the line where the string starts.
                    self.unclosed_string(start);
                    return text;
                }
                Some(b'"') => {
                    self.at += 1;
                    return text;
                }
                Some(b'\\') => self.escape(&mut text),
                Some(b'\n' | b'\r') if !self.line_end_inside_string() => {
                    return self.end_string_at_line(start, text);
                }
                Some(byte) => {
                    let at = self.at;
                    self.at += 1;
                    text.push(char::from(byte));
                    let (name, escape) = match byte {
                        b'\n' => ("a line end", "\\n".to_owned()),
                        b'\r' => ("a carriage return", "\\r".to_owned()),
                        b'\t' => ("a tab", "\\t".to_owned()),
                        _ => ("a control character", format!("\\u{byte:04x}")),
                    };
                    if byte == b'\n' && self.text.as_bytes().get(at.wrapping_sub(1)) == Some(&b'\r') {
                        continue; // one line end, reported at its carriage return
                    }
                    self.problems.push(
                        Problem::error(
                            Code::ControlCharacter,
                            Span::new(at, at + 1),
                            format!("{name} stands inside a string"),
                        )
                        .help(format!("write `{escape}` if it is meant")),
                    );
                }
            }
        }
    }

    /// Whether the string that holds the line end at this place is closed further down, rather than lacking its
    /// closing quote: the next quote would then be followed by what follows a value. Remembered, because a string of many
    /// lines asks at each of them.
    fn line_end_inside_string(&mut self) -> bool {
        match self.next_quote {
            Some((quote, closes)) if quote >= self.at => closes,
            _ => {
                let quote = self.rest().find('"').map_or(self.text.len(), |quote| self.at + quote);
                let behind = self.text.get(quote + 1..).map(str::trim_start);
                let closes = behind.is_some_and(|behind| behind.is_empty() || behind.starts_with([',', '}', ']', ':']));
                self.next_quote = Some((quote, closes));
                closes
            }
        }
    }

    /// The string lacks its closing quote: it ends before the separators at the end of the line.
    fn end_string_at_line(&mut self, start: usize, mut text: String) -> String {
        let line = self.text.get(start..self.at).unwrap_or_default();
        let kept = line.trim_end_matches([' ', '\t', ',', ':', '}', ']', '{', '[']).len();
        let cut = line.len() - kept;
        if cut < text.len() && text.is_char_boundary(text.len() - cut) {
            text.truncate(text.len() - cut);
        }
        self.at = start + kept.max(1);
        if let Some(stripped) = text.strip_suffix(['”', '“', '„', '″', '\'']) {
            let quote = text.get(stripped.len()..).unwrap_or_default();
            let at = self.at.saturating_sub(quote.len());
            let code = if quote == "'" { Code::SingleQuotes } else { Code::SmartQuotes };
            self.problems.push(
                Problem::error(code, Span::new(at, self.at), format!("`{quote}` does not close the string"))
                    .help("JSON strings end with a plain double quote: `\"`"),
            );
            return stripped.to_owned();
        }
        self.unclosed_string(start);
        text
    }

    fn unclosed_string(&mut self, start: usize) {
        self.problems.push(
            Problem::error(
                Code::UnclosedString,
                Span::new(start, start + 1),
                "the string that starts here has no closing quote",
            )
            .help("end it with `\"`"),
        );
    }

    fn escape(&mut self, text: &mut String) {
        let start = self.at;
        self.at += 1;
        let Some(escaped) = self.rest().chars().next() else { return };
        self.at += escaped.len_utf8();
        match escaped {
            '"' | '\\' | '/' => text.push(escaped),
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            't' => text.push('\t'),
            'u' => match self.unicode_escape() {
                Some(c) => text.push(c),
                None => {
                    self.problems.push(
                        Problem::error(
                            Code::BadEscape,
                            Span::new(start, self.at),
                            "`\\u` takes four hexadecimal digits that make up a character",
                        )
                        .help("a character beyond U+FFFF is a pair: `\\ud83d\\ude00`"),
                    );
                    text.push('\u{FFFD}');
                }
            },
            other => {
                text.push(other);
                let end = self.at;
                self.at = if other == '\n' { end - 1 } else { end };
                if other == '\n' {
                    text.pop();
                }
                self.problems.push(
                    Problem::error(
                        Code::BadEscape,
                        Span::new(start, self.at),
                        format!(
                            "`\\{}` is not an escape",
                            if other.is_control() { other.escape_default().to_string() } else { other.to_string() }
                        ),
                    )
                    .help(match other {
                        '*' | '?' | '$' => {
                            format!("a literal `{other}` in a policy is `${{{other}}}`; a backslash itself is `\\\\`")
                        }
                        _ => "a backslash itself is written `\\\\`".to_owned(),
                    }),
                );
            }
        }
    }

    fn unicode_escape(&mut self) -> Option<char> {
        let first = self.hex4()?;
        if !(0xD800..0xDC00).contains(&first) {
            return char::from_u32(first);
        }
        if !self.rest().starts_with("\\u") {
            return None;
        }
        self.at += 2;
        let second = self.hex4()?;
        if !(0xDC00..0xE000).contains(&second) {
            return None;
        }
        char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    /// The character that stands where a double quote belongs, if one does.
    fn quote_lookalike(&self) -> Option<char> {
        self.rest().chars().next().filter(|c| matches!(c, '\'' | '`' | '“' | '”' | '„' | '‟' | '″' | '‘' | '’' | '«'))
    }

    /// Reads a string in quotes that JSON does not know.
    fn wrongly_quoted(&mut self) -> String {
        let start = self.at;
        let Some(quote) = self.quote_lookalike() else { return String::new() };
        let body = start + quote.len_utf8();
        let ends = |c: char| match quote {
            '\'' | '`' => c == quote,
            '‘' | '’' => matches!(c, '‘' | '’' | '\''),
            '«' => c == '»',
            _ => matches!(c, '“' | '”' | '„' | '‟' | '″' | '"'),
        };
        let rest = self.text.get(body..).unwrap_or_default();
        let line = rest.get(..rest.find('\n').unwrap_or(rest.len())).unwrap_or(rest);
        let (text, end) = match line.char_indices().find(|&(_, c)| ends(c)) {
            Some((at, c)) => (line.get(..at).unwrap_or_default(), body + at + c.len_utf8()),
            None => {
                let kept = line.trim_end().trim_end_matches([',', '}', ']', ':', '{', '[', ' ']);
                (kept, body + kept.len())
            }
        };
        self.at = end;
        let problem = match quote {
            '\'' | '`' => Problem::error(
                Code::SingleQuotes,
                Span::new(start, body),
                format!("{} do not make a JSON string", if quote == '\'' { "single quotes" } else { "back quotes" }),
            ),
            _ => Problem::error(
                Code::SmartQuotes,
                Span::new(start, body),
                format!("`{quote}` is a typographic quote, which does not make a JSON string"),
            ),
        };
        self.problems.push(problem.help("use plain double quotes: `\"`"));
        text.to_owned()
    }

    // ---- numbers, literals and text without quotes ----

    fn bare_text(&mut self) -> Option<Node> {
        let start = self.at;
        let end = self.bare_end(&[',', ';', '}', ']', '"', ':', '\n']);
        let word = self.text.get(start..end).unwrap_or_default();
        // A number or a literal ends at white space; what follows is a mistake of its own.
        let first = word.split(char::is_whitespace).next().unwrap_or(word);
        let is_value = is_number(first) || matches!(first, "true" | "false" | "null");
        let (word, end) = if is_value { (first, start + first.len()) } else { (word, end) };
        let span = Span::new(start, end);
        let value = match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            _ if is_number(word) => Value::Number(word.to_owned()),
            _ => {
                self.report_bare(word, span);
                Value::String(word.to_owned())
            }
        };
        self.at = end;
        if end == start {
            // Something that starts no value, such as a colon: step over it, so that reading goes on.
            self.at += self.rest().chars().next().map_or(0, char::len_utf8);
            return None;
        }
        Some(Node { span, value })
    }

    /// Where text without quotes ends: before one of `stops`, comments and trailing white space excluded. Braces that
    /// open inside it (`${x}`, `{{ x }}`, `<x>`) belong to it.
    fn bare_end(&self, stops: &[char]) -> usize {
        let mut depth = 0_usize;
        let mut end = self.at;
        let mut previous = ' ';
        for (offset, c) in self.rest().char_indices() {
            let opens = c == '{' && (offset == 0 || matches!(previous, '$' | '{' | '%' | '#') || depth > 0);
            let comment = c == '/' && self.rest().get(offset + 1..).is_some_and(|rest| rest.starts_with(['/', '*']));
            let stops = stops.contains(&c) || c == '#' && previous == ' ' || comment;
            if opens {
                depth += 1;
            } else if c == '}' && depth > 0 {
                depth -= 1;
            } else if c == '\n' || depth == 0 && stops {
                break;
            }
            previous = c;
            if !c.is_whitespace() {
                end = self.at + offset + c.len_utf8();
            }
        }
        end
    }

    fn report_bare(&mut self, word: &str, span: Span) {
        let lower = word.to_ascii_lowercase();
        let problem = if word.is_empty() {
            let found = self.rest().chars().next().unwrap_or(' ');
            let span = Span::new(span.start, span.start + found.len_utf8());
            Problem::error(Code::MissingValue, span, format!("a value belongs here, not `{found}`"))
        } else if matches!(lower.as_str(), "true" | "false" | "null" | "none" | "undefined" | "nil" | "yes" | "no") {
            let json = match lower.as_str() {
                "true" | "yes" => "true",
                "false" | "no" => "false",
                _ => "null",
            };
            Problem::error(Code::ForeignLiteral, span, format!("`{word}` is not JSON"))
                .help(format!("JSON writes `{json}`"))
        } else if word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'))
            && !word.starts_with("..")
            && looks_numeric(word)
        {
            Problem::error(Code::BadNumber, span, format!("`{word}` is not a JSON number"))
                .help("quote it if it is text, such as an account id: JSON numbers have no leading zeros")
        } else if word.starts_with("...") || word.starts_with('…') {
            Problem::error(Code::Placeholder, span, "`...` was left out text").help("fill in what was left out")
        } else if word.starts_with(['<', '$', '{', '%']) {
            Problem::error(Code::Placeholder, span, format!("`{word}` is a placeholder"))
                .help("fill it in, and put double quotes around the text")
        } else {
            Problem::error(Code::Unquoted, span, format!("`{word}` has no quotes")).help(format!("write `\"{word}\"`"))
        };
        self.problems.push(problem);
    }

    // ---- white space and comments ----

    fn skip_trivia(&mut self) {
        loop {
            let rest = self.rest();
            let start = self.at;
            let Some(c) = rest.chars().next() else { return };
            if matches!(c, ' ' | '\t' | '\n' | '\r') {
                let blank = rest.bytes().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count();
                self.at += blank;
            } else if let Some(length) = self.line_number() {
                self.at += length;
                let problem =
                    Problem::error(Code::LineNumber, Span::new(start, self.at), "a line number stands in the text");
                self.problems.push(problem.help("remove the line numbers that were copied with the text"));
            } else if rest.starts_with("//") || c == '#' {
                self.at += rest.find('\n').unwrap_or(rest.len());
                self.comment(start);
            } else if rest.starts_with("/*") {
                self.at += rest.find("*/").map_or(rest.len(), |end| end + 2);
                self.comment(start);
            } else if c.is_whitespace() || matches!(c, '\u{FEFF}' | '\u{200B}'..='\u{200F}' | '\u{2060}') {
                // One problem for a run, ordinary blanks in it included: such text is indented that way on every line.
                let run = rest.find(|other| other != c && !matches!(other, ' ' | '\t')).unwrap_or(rest.len());
                self.at += run;
                let name = match c {
                    '\u{A0}' => "a no-break space",
                    '\u{FEFF}' => "a byte-order mark",
                    '\u{200B}' => "a zero-width space",
                    _ => "a space character that JSON does not know",
                };
                self.problems.push(
                    Problem::error(
                        Code::InvisibleSpace,
                        Span::new(start, self.at),
                        format!("{name} (U+{:04X}) stands here", u32::from(c)),
                    )
                    .help("replace it by an ordinary space; text copied from web pages often has these"),
                );
            } else {
                return;
            }
        }
    }

    /// The length of a line number with its dot, as listings have them, if one stands at the start of this line.
    fn line_number(&self) -> Option<usize> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || !self.rest().get(digits..)?.strip_prefix('.')?.starts_with([' ', '\t', '\n', '\r']) {
            return None;
        }
        let line = self.text.get(..self.at)?.rsplit('\n').next()?;
        line.trim().is_empty().then_some(digits + 1)
    }

    fn comment(&mut self, start: usize) {
        let text = self.text.get(start..self.at).unwrap_or_default().trim_end();
        let first_line = text.lines().next().unwrap_or_default().len();
        self.problems.push(
            Problem::error(Code::Comment, Span::new(start, start + first_line), "JSON has no comments")
                .help("remove the comment; a statement's `Sid` can hold a short name"),
        );
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

/// Whether `word` is a number as JSON writes them.
fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = word.strip_prefix('-').unwrap_or(word);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (integer, fraction) = match mantissa.split_once('.') {
        Some((integer, fraction)) => (integer, Some(fraction)),
        None => (mantissa, None),
    };
    digits(integer)
        && (integer == "0" || !integer.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

/// Whether `word` was probably meant as a number.
fn looks_numeric(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b'+' | b'-' | b'.' | b'_' | b'x' | b'X'))
}
