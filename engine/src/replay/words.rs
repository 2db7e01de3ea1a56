//! The words of a line, from the left: where the next space is, looked for many bytes at a time.

use crate::lanes::{WIDTH, begins, first, is, unprintable};
use wide::u8x16;

/// A text whose first line is at hand, and how much of it was taken. No word goes beyond the end of the line, and all are
/// of printable ASCII.
#[derive(Clone)]
pub(super) struct Words<'l> {
    text: &'l [u8],
    at: usize,
}

/// A word, and what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word<'l> {
    pub(super) text: &'l [u8],
    /// Whether nothing in it can stand for something else: no quotes, `%`, `+`.
    pub(super) plain: bool,
}

impl<'l> Words<'l> {
    pub(super) fn new(text: &'l [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// What was not taken yet.
    #[inline]
    pub(super) fn rest(&self) -> &'l [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Takes so many bytes.
    #[inline]
    pub(super) fn skip(&mut self, count: usize) {
        self.at += count;
    }

    /// Takes a text, if that is what comes next.
    #[inline]
    pub(super) fn take(&mut self, text: &[u8]) -> Option<()> {
        self.rest().starts_with(text).then(|| self.skip(text.len()))
    }

    /// Takes that word and the space behind it, if that is what comes next.
    #[inline]
    pub(super) fn take_word(&mut self, word: &[u8]) -> Option<()> {
        let rest = self.rest();
        let is_next = rest.get(word.len()) == Some(&b' ') && rest.starts_with(word);
        is_next.then(|| self.skip(word.len() + 1))
    }

    /// Takes a slash and that path behind it, if that is what comes next, and all of the path.
    #[inline]
    pub(super) fn take_path(&mut self, path: &[u8]) -> Option<()> {
        let (b'/', rest) = self.rest().split_first()? else { return None };
        let is_next = matches!(rest.get(path.len()), Some(b' ' | b'?')) && begins(rest, path);
        is_next.then(|| self.skip(1 + path.len()))
    }

    /// Takes a path up to a space or a query.
    #[inline]
    pub(super) fn path(&mut self) -> Option<&'l [u8]> {
        let rest = self.rest();
        let end = first(rest, |lane| unprintable(lane) | is(lane, b'"') | is(lane, b'?'))?;
        let (path @ [b'/', ..], [b' ' | b'?', ..]) = rest.split_at_checked(end)? else { return None };
        self.skip(end);
        Some(path)
    }

    /// Takes a parameter of a query up to what ends it. `None` if its name is encoded.
    #[inline(always)]
    pub(super) fn parameter(&mut self) -> Option<&'l [u8]> {
        let rest = self.rest();
        let ends = |lane| unprintable(lane) | is(lane, b'"') | is(lane, b'&');
        let mut end = first(rest, |lane| ends(lane) | is(lane, b'%'))?;
        if rest.get(end) == Some(&b'%') {
            if !rest.get(..end)?.contains(&b'=') {
                return None;
            }
            end += first(rest.get(end..)?, ends)?;
        }
        self.skip(end);
        rest.get(..end)
    }

    /// Takes a word and the space behind it.
    #[inline]
    pub(super) fn word(&mut self) -> Option<&'l [u8]> {
        let rest = self.rest();
        self.ended(rest, first(rest, unprintable)?)
    }

    /// The same, without a quote in it.
    #[inline]
    pub(super) fn unquoted(&mut self) -> Option<&'l [u8]> {
        let rest = self.rest();
        self.ended(rest, first(rest, |lane| unprintable(lane) | is(lane, b'"'))?)
    }

    /// The same, with a look at what is in it.
    #[inline]
    pub(super) fn key(&mut self) -> Option<Word<'l>> {
        let rest = self.rest();
        // Whatever is not plain ends the look, the space first.
        let end = first(rest, |lane| unprintable(lane) | is(lane, b'"') | is(lane, b'%') | is(lane, b'+'))?;
        if let Some(text) = self.ended(rest, end) {
            return Some(Word { text, plain: true });
        }
        let more = first(rest.get(end..)?, unprintable)?;
        Some(Word { text: self.ended(rest, end + more)?, plain: false })
    }

    /// The word that ends there, if a space follows it.
    #[inline]
    fn ended(&mut self, rest: &'l [u8], end: usize) -> Option<&'l [u8]> {
        let is_word = end > 0 && rest.get(end) == Some(&b' ');
        if is_word {
            self.skip(end + 1);
            rest.get(..end)
        } else {
            None
        }
    }

    /// Takes four numbers, each with a space behind it; `-` counts as one.
    #[inline]
    pub(super) fn numbers(&mut self) -> Option<()> {
        let rest = self.rest();
        let (mut digits, mut nils, mut spaces) = (0_u32, 0_u32, 0_u32);
        for (number, chunk) in rest.as_chunks::<WIDTH>().0.iter().take(2).enumerate() {
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
            return self.long_numbers();
        }
        let end = fourth.trailing_zeros();
        let all = u32::MAX >> (31 - end);
        // Where numbers begin.
        let starts = (spaces << 1) | 1;
        let wrong = !(digits | nils | spaces) | (spaces & starts) | (nils & !starts) | ((nils << 1) & !spaces);
        self.skip(end as usize + 1);
        (wrong & all == 0).then_some(())
    }

    /// The same for numbers of whatever length, byte by byte.
    fn long_numbers(&mut self) -> Option<()> {
        let mut left = 4;
        let mut before = b' ';
        for (at, byte) in self.rest().iter().enumerate() {
            match (before, *byte) {
                (b' ' | b'0'..=b'9', b'0'..=b'9') | (b' ', b'-') => {}
                (b'0'..=b'9' | b'-', b' ') => left -= 1,
                _ => return None,
            }
            if left == 0 {
                self.skip(at + 1);
                return Some(());
            }
            before = *byte;
        }
        None
    }
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
                    assert_eq!(words.clone().word(), None, "{line:?}");
                    assert_eq!(words.clone().unquoted(), None, "{line:?}");
                    assert_eq!(words.clone().key(), None, "{line:?}");
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
                for take in [Words::numbers, Words::long_numbers] {
                    let mut words = Words::new(line.as_bytes());
                    assert_eq!(take(&mut words).map(|()| words.rest()), wanted.as_deref().map(str::as_bytes), "{line}");
                }
            }
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
