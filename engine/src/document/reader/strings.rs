//! Strings, in double quotes and in those that JSON does not know.

use super::Reader;
use crate::document::Text;
use crate::lanes::{ends_string, first};
use crate::problem::{Code, Problem, Span};

impl<'a> Reader<'a> {
    /// Reads a string in double quotes; the place is at the opening one.
    pub(super) fn string(&mut self) -> Text<'a> {
        let behind = self.rest().get(1..).unwrap_or_default();
        let plain = first(behind.as_bytes(), ends_string).and_then(|end| behind.get(..end));
        if let Some(plain) = plain
            && behind.as_bytes().get(plain.len()) == Some(&b'"')
        {
            self.at += plain.len() + 2;
            return plain.into();
        }
        self.string_with_more().into()
    }

    /// The same for a string in which something else than characters that stand for themselves is.
    fn string_with_more(&mut self) -> String {
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
    pub(super) fn line_end_inside_string(&mut self) -> bool {
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
    pub(super) fn end_string_at_line(&mut self, start: usize, mut text: String) -> String {
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

    pub(super) fn unclosed_string(&mut self, start: usize) {
        self.problems.push(
            Problem::error(
                Code::UnclosedString,
                Span::new(start, start + 1),
                "the string that starts here has no closing quote",
            )
            .help("end it with `\"`"),
        );
    }

    pub(super) fn escape(&mut self, text: &mut String) {
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

    pub(super) fn unicode_escape(&mut self) -> Option<char> {
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

    pub(super) fn hex4(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    /// The character that stands where a double quote belongs, if one does.
    pub(super) fn quote_lookalike(&self) -> Option<char> {
        self.rest().chars().next().filter(|c| matches!(c, '\'' | '`' | '“' | '”' | '„' | '‟' | '″' | '‘' | '’' | '«'))
    }

    /// Reads a string in quotes that JSON does not know.
    pub(super) fn wrongly_quoted(&mut self) -> String {
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
}
