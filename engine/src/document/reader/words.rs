//! Numbers, literals, and text without quotes.

use super::{Node, Reader, Value};
use crate::problem::{Code, Problem, Span};

impl<'a> Reader<'a> {
    pub(super) fn bare_text(&mut self) -> Option<Node<'a>> {
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
            _ if is_number(word) => Value::Number(word.into()),
            _ => {
                self.report_bare(word, span);
                Value::String(word.into())
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
    pub(super) fn bare_end(&self, stops: &[char]) -> usize {
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

    pub(super) fn report_bare(&mut self, word: &str, span: Span) {
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
