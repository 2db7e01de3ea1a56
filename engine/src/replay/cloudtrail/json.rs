//! JSON as it comes, from the left: members are looked at or passed over, and nothing is kept.
//!
//! What is taken here is JSON for `serde_json`, too. What is JSON and not taken is rare: texts of which only a whole
//! reading tells whether they can be read, numbers that are very long, names with escapes.

use wide::i8x16;

/// How deep values can be within each other.
const DEEPEST: usize = 32;
/// How long a number can be: one that any reader can hold.
const LONGEST: usize = 18;

/// What is left of a text that begins with JSON.
#[derive(Debug, Clone)]
pub(super) struct Json<'j> {
    text: &'j [u8],
    /// Whether values may go on in the next line.
    lines: Lines,
    /// Whether anything beyond ASCII was passed.
    beyond_ascii: bool,
}

/// Whether values may go on in the next line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    One,
    Many,
}

/// A text, as it is written between its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quoted<'j> {
    pub(super) text: &'j [u8],
    /// Whether something in it is written in another way.
    pub(super) escaped: bool,
}

impl<'j> Json<'j> {
    pub(super) fn new(text: &'j [u8], lines: Lines) -> Self {
        Self { text, lines, beyond_ascii: false }
    }

    /// What was not taken yet.
    #[inline]
    pub(super) fn rest(&self) -> &'j [u8] {
        self.text
    }

    /// Whether anything beyond ASCII was passed.
    pub(super) fn beyond_ascii(&self) -> bool {
        self.beyond_ascii
    }

    #[inline]
    fn pass(&mut self, count: usize) {
        self.text = self.text.get(count..).unwrap_or_default();
    }

    /// The first byte that is no white space.
    #[inline]
    pub(super) fn next(&mut self) -> Option<u8> {
        loop {
            match *self.text.first()? {
                b' ' | b'\t' | b'\r' => self.pass(1),
                b'\n' if self.lines == Lines::Many => self.pass(1),
                other => return Some(other),
            }
        }
    }

    /// Takes a sign, and white space before it.
    #[inline]
    pub(super) fn take(&mut self, sign: u8) -> Option<()> {
        (self.next()? == sign).then(|| self.pass(1))
    }

    /// Takes a text.
    #[inline]
    pub(super) fn quoted(&mut self) -> Option<Quoted<'j>> {
        self.take(b'"')?;
        let text = self.text;
        let mut escaped = false;
        loop {
            let end = ending(self.text)?;
            self.pass(end);
            match *self.text.first()? {
                b'"' => {
                    let length = text.len() - self.text.len();
                    self.pass(1);
                    return Some(Quoted { text: text.get(..length)?, escaped });
                }
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                128.. => {
                    self.beyond_ascii = true;
                    self.pass(self.text.iter().take_while(|byte| !byte.is_ascii()).count());
                }
                _ => return None,
            }
        }
    }

    /// Takes what stands for something else. What only means something with another one is not taken.
    #[cold]
    fn escape(&mut self) -> Option<()> {
        match *self.text.get(1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.pass(2),
            b'u' => {
                let digits = self.text.get(2..6).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
                let is_half = matches!(digits, [b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', ..]);
                if is_half {
                    return None;
                }
                self.pass(6);
            }
            _ => return None,
        }
        Some(())
    }

    /// Takes an object; `each` takes the value of a member with this name.
    #[inline]
    pub(super) fn object(&mut self, mut each: impl FnMut(&mut Self, &'j [u8]) -> Option<()>) -> Option<()> {
        self.take(b'{')?;
        if self.take(b'}').is_some() {
            return Some(());
        }
        loop {
            let name = self.quoted().filter(|name| !name.escaped)?;
            self.take(b':')?;
            each(self, name.text)?;
            match self.next()? {
                b',' => self.pass(1),
                b'}' => {
                    self.pass(1);
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// Takes a list; `each` takes a value of it.
    pub(super) fn list(&mut self, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.take(b'[')?;
        if self.take(b']').is_some() {
            return Some(());
        }
        loop {
            each(self)?;
            match self.next()? {
                b',' => self.pass(1),
                b']' => {
                    self.pass(1);
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// Takes a text, or `null` for none.
    #[inline]
    pub(super) fn text(&mut self) -> Option<Option<Quoted<'j>>> {
        if self.next()? == b'"' { self.quoted().map(Some) } else { self.word(b"null").map(|()| None) }
    }

    /// Takes any value: how it is written.
    #[inline]
    pub(super) fn value(&mut self) -> Option<&'j [u8]> {
        self.next()?;
        let text = self.text;
        self.skip(DEEPEST)?;
        text.get(..text.len() - self.text.len())
    }

    fn skip(&mut self, depth: usize) -> Option<()> {
        match self.next()? {
            b'"' => self.quoted().map(|_| ()),
            b'{' => {
                let depth = depth.checked_sub(1)?;
                self.object(|json, _| json.skip(depth))
            }
            b'[' => {
                let depth = depth.checked_sub(1)?;
                self.list(|json| json.skip(depth))
            }
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.text.starts_with(word).then(|| self.pass(word.len()))
    }

    /// Takes a number without an exponent.
    fn number(&mut self) -> Option<()> {
        let digits = |json: &mut Self| {
            let count = json.text.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let begins_with_zero = json.text.first() == Some(&b'0');
            json.pass(count);
            (1..=LONGEST).contains(&count).then_some(count > 1 && begins_with_zero)
        };
        if self.text.first() == Some(&b'-') {
            self.pass(1);
        }
        if digits(self)? {
            return None;
        }
        if self.text.first() == Some(&b'.') {
            self.pass(1);
            digits(self)?;
        }
        (!matches!(self.text.first(), Some(b'e' | b'E'))).then_some(())
    }
}

/// Where the first byte is that ends a text, or is not like most. Most texts are short.
#[inline]
fn ending(text: &[u8]) -> Option<usize> {
    let (chunks, rest) = text.as_chunks::<16>();
    for (number, chunk) in chunks.iter().enumerate() {
        let lane = i8x16::new(chunk.map(u8::cast_signed));
        let is = |byte: u8| lane.simd_eq(i8x16::splat(byte.cast_signed()));
        // Control characters, and, as negative numbers, what is beyond ASCII.
        let special = i8x16::splat(b' '.cast_signed()).simd_gt(lane) | is(b'"') | is(b'\\');
        let bits = special.to_bitmask();
        if bits != 0 {
            return Some(number * 16 + bits.trailing_zeros() as usize);
        }
    }
    // Too little is left to be looked at together.
    let is_special = |byte: &u8| !matches!(*byte, b' '..=b'~' | 127) || matches!(*byte, b'"' | b'\\');
    rest.iter().position(is_special).map(|at| text.len() - rest.len() + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    fn taken(text: &[u8]) -> Option<&[u8]> {
        let mut json = Json::new(text, Lines::Many);
        let value = json.value()?;
        (json.next().is_none() && std::str::from_utf8(text).is_ok()).then_some(value)
    }

    #[test]
    fn ordinary_values_are_taken_and_others_are_not() {
        for text in [
            "null",
            " true ",
            "[false, -1, 0, 10.25, 0.5]",
            r#"{ "a": { "b": [ { }, [ ] ] }, "c": "\"\\\/\b\f\n\r\té" }"#,
            r#""a long text with an end \" that is none, and a good deal behind it""#,
        ] {
            assert_eq!(taken(text.as_bytes()), Some(text.trim().as_bytes()), "{text}");
        }
        for text in [
            "",
            "{",
            "}",
            "[1,]",
            "[,1]",
            r#"{"a":1,}"#,
            r#"{"a" 1}"#,
            "{1:2}",
            "01",
            "-",
            "1.",
            ".5",
            "1e9",
            "nul",
            "'a'",
            r#""\x""#,
            r#""\u12""#,
            r#""\ud800""#,
            "\"a\nb\"",
            "\"open",
            "1 2",
        ] {
            assert_eq!(taken(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Json::new(b"[1,\n2]", Lines::One).value(), None);
    }

    proptest! {
        #[test]
        fn whatever_is_taken_is_json(text in r#"([{}\[\],:" ]|"a"|1|-|\.|e|true|null|\\|u|00|é|\x01|\n){0,24}"#) {
            if taken(text.as_bytes()).is_some() {
                prop_assert!(serde_json::from_str::<&RawValue>(&text).is_ok(), "{text}");
                prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
            }
        }
    }
}
