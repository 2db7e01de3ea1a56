//! The words of a line, from the left: where the next space is, looked for many bytes at a time.

use crate::lanes::{LOOK, WIDTH, any_before, before, equal_names, first, first_soon, is, marks, unprintable};
use wide::u8x16;

/// What is left of a text whose first line is at hand. No word goes beyond the end of the line, and all are of printable
/// ASCII.
///
/// What goes through each line is always inlined, so that what is left stands in registers; what is seldom needed is a
/// function of its own that says how much to skip, so that these need not be written to memory for it.
#[derive(Clone, Copy)]
pub(super) struct Words<'l> {
    rest: &'l [u8],
}

/// A word, and what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word<'l> {
    pub(super) text: &'l [u8],
    /// Whether nothing in it can stand for something else or end a path: no quotes, `%`, `+`, `?`. A word with a `!` is not
    /// plain, either.
    pub(super) plain: bool,
}

impl<'l> Words<'l> {
    pub(super) fn new(text: &'l [u8]) -> Self {
        Self { rest: text }
    }

    /// What was not taken yet.
    #[inline(always)]
    pub(super) fn rest(&self) -> &'l [u8] {
        self.rest
    }

    /// Takes so many bytes, if there are as many.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: usize) -> Option<&'l [u8]> {
        let (skipped, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(skipped)
    }

    /// Takes a text, if that is what comes next.
    #[inline(always)]
    pub(super) fn take(&mut self, text: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    /// Takes that word and the space behind it, if that is what comes next.
    #[inline(always)]
    pub(super) fn take_word(&mut self, word: &[u8]) -> Option<()> {
        let (next, [b' ', rest @ ..]) = self.rest.split_at_checked(word.len())? else { return None };
        if next != word {
            return None;
        }
        self.rest = rest;
        Some(())
    }

    /// Takes a slash and that word behind it as a path, if that is what comes next, and all of the path.
    #[inline(always)]
    pub(super) fn take_path(&mut self, path: &Word<'_>) -> Option<()> {
        let [b'/', rest @ ..] = self.rest else { return None };
        let (key, behind @ [b' ' | b'?', ..]) = rest.split_at_checked(path.text.len())? else { return None };
        if !equal_names(key, path.text) {
            return None;
        }
        self.rest = behind;
        Some(())
    }

    /// Takes a path up to a space or a query.
    #[inline(always)]
    pub(super) fn path(&mut self) -> Option<&'l [u8]> {
        let (path @ [b'/', ..], behind @ [b' ' | b'?', ..]) = self.rest.split_at_checked(path_end(self.rest)?)? else {
            return None;
        };
        self.rest = behind;
        Some(path)
    }

    /// Takes a parameter of a query up to what ends it or is not taken. `None` if its name is encoded.
    #[inline(always)]
    pub(super) fn parameter(&mut self) -> Option<&'l [u8]> {
        let ends = |lane| before(lane, AFTER_QUOTE) | is(lane, b'&');
        let chunk = self.rest.first_chunk()?;
        let [end, value, encoded] =
            [marks(chunk, ends), marks(chunk, |lane| is(lane, b'=')), marks(chunk, |lane| is(lane, b'%'))];
        // What comes first ends the name.
        let name = (end | value).wrapping_sub(1) & !(end | value);
        if encoded & name != 0 {
            return None;
        }
        let length = match (end, value) {
            (0, 0) => long_parameter(self.rest)?,
            (0, _) => LOOK + first(self.rest.get(LOOK..)?, ends)?,
            _ => end.trailing_zeros() as usize,
        };
        self.skip(length)
    }

    /// Takes a word and the space behind it.
    #[inline(always)]
    pub(super) fn word(&mut self) -> Option<&'l [u8]> {
        self.ended(first(self.rest, unprintable)?)
    }

    /// The same of a short word.
    #[inline(always)]
    pub(super) fn short_word(&mut self) -> Option<&'l [u8]> {
        self.ended(first_soon(self.rest, b'!')?)
    }

    /// The same of an id of a request, which is most often as long as others: what follows is known to be there before that
    /// is looked for.
    #[inline(always)]
    pub(super) fn request_id(&mut self) -> Option<&'l [u8]> {
        if let Some((id, [b' ', rest @ ..])) = self.rest.split_first_chunk::<REQUEST_ID>()
            && !any_before(id, b'!')
        {
            self.rest = rest;
            return Some(id);
        }
        self.word()
    }

    /// The same of the host id, in which no quote can be.
    #[inline(always)]
    pub(super) fn host_id(&mut self) -> Option<&'l [u8]> {
        if let Some((id, [b' ', rest @ ..])) = self.rest.split_first_chunk::<HOST_ID>()
            && !any_before(id, AFTER_QUOTE)
        {
            self.rest = rest;
            return Some(id);
        }
        self.unquoted()
    }

    /// The same, without a quote in it; nor is one with a `!` taken.
    #[inline(always)]
    pub(super) fn unquoted(&mut self) -> Option<&'l [u8]> {
        self.ended(first(self.rest, |lane| before(lane, AFTER_QUOTE))?)
    }

    /// The same, with a look at what is in it.
    #[inline(always)]
    pub(super) fn key(&mut self) -> Option<Word<'l>> {
        // Whatever is not plain ends the look, the space first.
        let odd = |lane| is(lane, b'%') | is(lane, b'+') | is(lane, b'?');
        let end = first(self.rest, |lane| before(lane, AFTER_QUOTE) | odd(lane))?;
        match self.ended(end) {
            Some(text) => Some(Word { text, plain: true }),
            None => self.other_key(end),
        }
    }

    /// A key with something that is not plain there.
    #[inline(always)]
    fn other_key(&mut self, end: usize) -> Option<Word<'l>> {
        let more = odd_word(self.rest.get(end..)?)?;
        Some(Word { text: self.ended(end + more)?, plain: false })
    }

    /// The word that ends there, if a space follows it.
    #[inline(always)]
    fn ended(&mut self, end: usize) -> Option<&'l [u8]> {
        let (word @ [_, ..], [b' ', rest @ ..]) = self.rest.split_at_checked(end)? else { return None };
        self.rest = rest;
        Some(word)
    }

    /// Takes a status and the hyphen that stands for no error code: a number of less than three bytes.
    #[inline(always)]
    pub(super) fn status(&mut self) -> Option<usize> {
        let digits = u64::from_le_bytes(*self.rest.first_chunk()?) ^ u64::from_le_bytes(*b"000 - \0\0");
        // What no digit has once six is added, and what else has to be as it is.
        const WRONG: u64 = u64::from_le_bytes([0xF0, 0xF0, 0xF0, 0xFF, 0xFF, 0xFF, 0, 0]);
        if (digits | digits.wrapping_add(0x06_06_06)) & WRONG != 0 {
            return None;
        }
        self.skip(6)?;
        Some((digits & 0xFF_FF_FF) as usize)
    }

    /// Takes four numbers, each with a space behind it; `-` counts as one.
    #[inline(always)]
    pub(super) fn numbers(&mut self) -> Option<()> {
        let length = match short_numbers(self.rest)? {
            0 => long_numbers(self.rest)?,
            length => length,
        };
        self.skip(length).map(drop)
    }
}

/// The character behind the quote. What is before it cannot be printed, is a quote or, seldom, an exclamation mark.
const AFTER_QUOTE: u8 = b'"' + 1;

/// How long most ids of requests are, and most host ids.
const REQUEST_ID: usize = 16;
const HOST_ID: usize = 76;

/// Where a path ends.
#[inline(never)]
fn path_end(text: &[u8]) -> Option<usize> {
    first(text, |lane| before(lane, AFTER_QUOTE) | is(lane, b'?'))
}

/// How long a parameter with a long name is.
#[cold]
fn long_parameter(text: &[u8]) -> Option<usize> {
    let ends = |lane| before(lane, AFTER_QUOTE) | is(lane, b'&');
    let name = first(text, |lane| ends(lane) | is(lane, b'=') | is(lane, b'%'))?;
    match text.get(name)? {
        b'%' => None,
        _ => Some(name + first(text.get(name..)?, ends)?),
    }
}

/// How long the word is that a text begins with.
#[inline(never)]
fn odd_word(text: &[u8]) -> Option<usize> {
    first(text, unprintable)
}

/// How long four numbers are; 0 if they are longer than is looked at. `None` if there is something else.
#[inline(always)]
fn short_numbers(text: &[u8]) -> Option<usize> {
    let Some((chunks, _)) = text.split_first_chunk::<{ 2 * WIDTH }>() else { return Some(0) };
    let (mut digits, mut nils, mut spaces) = (0_u32, 0_u32, 0_u32);
    for (number, chunk) in chunks.as_chunks::<WIDTH>().0.iter().enumerate() {
        let lane = u8x16::new(*chunk);
        let value = lane - u8x16::splat(b'0');
        let bits = |lane: u8x16| lane.to_bitmask() << (WIDTH * number);
        digits |= bits(value.min(u8x16::splat(9)).simd_eq(value));
        nils |= bits(lane.simd_eq(u8x16::splat(b'-')));
        spaces |= bits(lane.simd_eq(u8x16::splat(b' ')));
    }
    // The fourth space.
    let fourth = (0..3).fold(spaces, |spaces, _| spaces & spaces.wrapping_sub(1));
    if fourth == 0 {
        return Some(0);
    }
    let end = fourth.trailing_zeros();
    let all = u32::MAX >> (31 - end);
    // Where numbers begin.
    let starts = (spaces << 1) | 1;
    let wrong = !(digits | nils | spaces) | (spaces & starts) | (nils & !starts) | ((nils << 1) & !spaces);
    (wrong & all == 0).then_some(end as usize + 1)
}

/// How long four numbers are, of whatever length, byte by byte.
#[inline(never)]
fn long_numbers(text: &[u8]) -> Option<usize> {
    let mut left = 4;
    let mut before = b' ';
    for (at, byte) in text.iter().enumerate() {
        match (before, *byte) {
            (b' ' | b'0'..=b'9', b'0'..=b'9') | (b' ', b'-') => {}
            (b'0'..=b'9' | b'-', b' ') => left -= 1,
            _ => return None,
        }
        if left == 0 {
            return Some(at + 1);
        }
        before = *byte;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So much that all in front of it is looked at.
    const BEHIND: &str = "and more than is looked at together";

    #[test]
    fn words_end_at_the_first_space_wherever_it_is() {
        for length in 1..70 {
            for tail in ["", " ", " and more"] {
                let word = "x".repeat(length);
                let line = format!("{word} {tail}{BEHIND}");
                let rest = line.get(length + 1..).unwrap().as_bytes();
                let mut words = Words::new(line.as_bytes());
                assert_eq!(words.word(), Some(word.as_bytes()));
                assert_eq!(words.rest(), rest);
                let mut words = Words::new(line.as_bytes());
                assert_eq!(words.key(), Some(Word { text: word.as_bytes(), plain: true }));
                assert_eq!(words.rest(), rest);
            }
            assert_eq!(Words::new("x".repeat(length).as_bytes()).word(), None);
            assert_eq!(Words::new("x".repeat(length).as_bytes()).key(), None);
        }
        assert_eq!(Words::new(format!(" x {BEHIND}").as_bytes()).word(), None);
        assert_eq!(Words::new(format!(" x {BEHIND}").as_bytes()).key(), None);
    }

    #[test]
    fn what_is_in_a_key_is_told_and_what_is_behind_it_is_not() {
        for at in 0..40 {
            for sign in ["\"", "%", "+"] {
                let inside = format!("{}{sign}{} {sign} \" % + é{BEHIND}", "x".repeat(at), "y".repeat(40 - at));
                assert!(!Words::new(inside.as_bytes()).key().unwrap().plain, "{inside}");
                let behind = format!("{}x {sign} \" % + é{BEHIND}", "x".repeat(at));
                assert!(Words::new(behind.as_bytes()).key().unwrap().plain, "{behind}");
            }
        }
    }

    #[test]
    fn no_word_goes_beyond_its_line_or_beyond_ascii() {
        for at in 0..40 {
            for sign in ["é", "\n", "\t", "\0"] {
                for kind in ["", "%", "\""] {
                    let line = format!("{}{kind}{sign}{} {BEHIND}", "x".repeat(at), "y".repeat(40 - at));
                    let words = Words::new(line.as_bytes());
                    assert_eq!({ words }.word(), None, "{line:?}");
                    assert_eq!({ words }.unquoted(), None, "{line:?}");
                    assert_eq!({ words }.key(), None, "{line:?}");
                }
            }
        }
    }

    #[test]
    fn a_status_is_three_digits_without_an_error_code() {
        let mut numbers = std::collections::HashSet::new();
        for status in 0..=999 {
            let line = format!("{status:03} - {BEHIND}");
            let mut words = Words::new(line.as_bytes());
            assert!(words.status().is_some_and(|number| number < 1 << 24 && numbers.insert(number)), "{line}");
            assert_eq!(words.rest(), BEHIND.as_bytes());
        }
        for at in 0..6 {
            for byte in (0..=255).filter(|byte| at > 2 || !u8::is_ascii_digit(byte)) {
                let mut line = format!("200 - {BEHIND}").into_bytes();
                let before = std::mem::replace(line.get_mut(at).unwrap(), byte);
                assert_eq!(Words::new(&line).status().is_some(), byte == before, "{at} {byte}");
            }
        }
        assert_eq!(Words::new(b"200 - ").status(), None);
    }

    #[test]
    fn parameters_end_where_they_do_and_have_plain_names() {
        for (parameter, is_plain) in [
            ("", true),
            ("uploads", true),
            ("prefix=", true),
            ("prefix=a%2Fb", true),
            ("prefix==%", true),
            ("pre%66ix=a", false),
            ("%70refix", false),
            ("a%3D=b", false),
            ("x%", false),
        ] {
            // Name and value are longer than is looked at together, or not.
            for (name, value) in [(0, 0), (40, 0), (0, 40), (40, 40), (25, 0), (0, 25), (31, 31)] {
                let parameter = format!("{}{parameter}{}", "n".repeat(name), "v".repeat(value));
                for end in ["&", " ", "\"", "\n", "é"] {
                    let line = format!("{parameter}{end}%=& {BEHIND}");
                    let mut words = Words::new(line.as_bytes());
                    assert_eq!(words.parameter(), is_plain.then_some(parameter.as_bytes()), "{line}");
                    if is_plain {
                        assert_eq!(words.rest(), line.as_bytes().get(parameter.len()..).unwrap());
                    }
                }
            }
        }
    }

    #[test]
    fn paths_are_keys_that_they_are_equal_to() {
        for length in 1..80 {
            let key = "k".repeat(length);
            for (path, is_it) in [
                (format!("/{key} "), true),
                (format!("/{key}?x "), true),
                (format!("/{key}x "), false),
                (format!("{key} "), false),
                (format!("/{}x ", "k".repeat(length - 1)), false),
                (format!("/x{} ", "k".repeat(length - 1)), false),
            ] {
                for behind in
                    ["", BEHIND, "and much more than is looked at together, which is two times thirty-two bytes"]
                {
                    let line = format!("{key} {path}{behind}{BEHIND}");
                    let mut words = Words::new(line.as_bytes());
                    let key = words.key().unwrap();
                    assert_eq!(words.take_path(&key).is_some(), is_it, "{line}");
                }
            }
        }
    }

    #[test]
    fn numbers_are_digits_or_nothing() {
        for (line, wanted) in [
            ("1 - 20 0033 \"", Some("\"")),
            ("- - - - x", Some("x")),
            ("1 2 3 4 ", Some("")),
            ("10485760 5368709120 12345 12344 \"-\"", Some("\"-\"")),
            ("10485760 53687091200 12345 12344 \"-\"", Some("\"-\"")),
            ("10485760 53687091200 12345 12344x\"-\"", None),
            ("1 2 3 4", None),
            ("1 2 3 ", None),
            ("1  2 3 4 ", None),
            (" 1 2 3 4 ", None),
            ("1 2 -3 4 ", None),
            ("1 2 3- 4 ", None),
            ("1 -- 3 4 ", None),
            ("1 x 3 4 ", None),
        ] {
            for behind in ["", "and something to look at together with it"] {
                let line = format!("{line}{behind}");
                let wanted = wanted.map(|wanted| format!("{wanted}{behind}"));
                let mut words = Words::new(line.as_bytes());
                assert_eq!(words.numbers().map(|()| words.rest()), wanted.as_deref().map(str::as_bytes), "{line}");
                let length = wanted.as_ref().map(|wanted| line.len() - wanted.len());
                assert_eq!(long_numbers(line.as_bytes()), length, "{line}");
            }
        }
    }

    #[test]
    fn ids_are_words_of_whatever_length_and_with_whatever_in_them() {
        let mut lines: Vec<String> = (0..100).map(|length| format!("{} {BEHIND}", "x".repeat(length))).collect();
        for length in [REQUEST_ID, HOST_ID] {
            for at in 0..length + 2 {
                for sign in ["é", "\n", "\t", "\0", "\"", "!", " ", "~", "\u{7f}"] {
                    let behind = (length + 1_usize).saturating_sub(at);
                    lines.push(format!("{}{sign}{} {BEHIND}", "x".repeat(at), "y".repeat(behind)));
                }
            }
            lines.push("x".repeat(length));
        }
        for line in lines {
            let (mut ids, mut words) = (Words::new(line.as_bytes()), Words::new(line.as_bytes()));
            assert_eq!((ids.request_id(), ids.rest()), (words.word(), words.rest()), "{line:?}");
            let (mut ids, mut words) = (Words::new(line.as_bytes()), Words::new(line.as_bytes()));
            assert_eq!((ids.host_id(), ids.rest()), (words.unquoted(), words.rest()), "{line:?}");
        }
    }

    #[test]
    fn quotes_are_found_before_a_space_only() {
        for length in 1..70 {
            let word = "x".repeat(length);
            for behind in ["", "\"behind\""] {
                let line = format!("{word} {behind}{BEHIND}");
                assert_eq!(Words::new(line.as_bytes()).unquoted(), Some(word.as_bytes()), "{line}");
                assert_eq!(Words::new(format!("{word}\" {behind}{BEHIND}").as_bytes()).unquoted(), None);
            }
        }
    }
}
