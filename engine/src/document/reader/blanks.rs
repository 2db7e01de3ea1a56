//! What stands between values: white space, comments, and what was copied with the text.

use super::Reader;
use crate::problem::{Code, Problem, Span};

impl Reader<'_> {
    #[inline]
    pub(super) fn skip_trivia(&mut self) {
        if !self.goes_on() {
            self.skip_blanks();
        }
    }

    /// Whether what stands here is neither white space nor can be anything that stands between values.
    #[inline]
    fn goes_on(&self) -> bool {
        matches!(self.peek(), None | Some(b'"' | b',' | b':' | b'{' | b'}' | b'[' | b']' | b'A'..=b'Z' | b'a'..=b'z'))
    }

    fn skip_blanks(&mut self) {
        loop {
            while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
                self.at += 1;
            }
            if self.goes_on() {
                return;
            }
            let rest = self.rest();
            let start = self.at;
            let Some(c) = rest.chars().next() else { return };
            if let Some(length) = self.line_number() {
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
    pub(super) fn line_number(&self) -> Option<usize> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || !self.rest().get(digits..)?.strip_prefix('.')?.starts_with([' ', '\t', '\n', '\r']) {
            return None;
        }
        let line = self.text.get(..self.at)?.rsplit('\n').next()?;
        line.trim().is_empty().then_some(digits + 1)
    }

    pub(super) fn comment(&mut self, start: usize) {
        let text = self.text.get(start..self.at).unwrap_or_default().trim_end();
        let first_line = text.lines().next().unwrap_or_default().len();
        self.problems.push(
            Problem::error(Code::Comment, Span::new(start, start + first_line), "JSON has no comments")
                .help("remove the comment; a statement's `Sid` can hold a short name"),
        );
    }
}
