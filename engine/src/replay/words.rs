//! The words of a line, from the left: where the next space is, looked for many bytes at a time.

use super::lanes::{WIDTH, begins, first, is, unprintable};
use wide::u8x16;

/// What is left of a text whose first line is at hand. No word goes beyond the end of the line, and all are of printable
/// ASCII.
#[derive(Clone)]
pub(super) struct Words<'l> {
    text: &'l [u8],
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
        Self { text }
    }

    /// What was not taken yet.
    #[inline]
    pub(super) fn rest(&self) -> &'l [u8] {
        self.text
    }

    /// Takes so many bytes.
    #[inline]
    pub(super) fn skip(&mut self, count: usize) {
        self.text = self.text.get(count..).unwrap_or_default();
    }

    /// Takes a text, if that is what comes next.
    #[inline]
    pub(super) fn take(&mut self, text: &[u8]) -> Option<()> {
        begins(self.text, text).then(|| self.skip(text.len()))
    }

    /// Takes a word and the space behind it.
    #[inline]
    pub(super) fn word(&mut self) -> Option<&'l [u8]> {
        let end = first(self.text, unprintable)?;
        self.ended(end)
    }

    /// The same, without a quote in it.
    #[inline]
    pub(super) fn unquoted(&mut self) -> Option<&'l [u8]> {
        let end = first(self.text, |lane| unprintable(lane) | is(lane, b'"'))?;
        self.ended(end)
    }

    /// The same, with a look at what is in it.
    #[inline]
    pub(super) fn key(&mut self) -> Option<Word<'l>> {
        // Whatever is not plain ends the look, the space first.
        let end = first(self.text, |lane| unprintable(lane) | is(lane, b'"') | is(lane, b'%') | is(lane, b'+'))?;
        if self.text.get(end) == Some(&b' ') {
            return Some(Word { text: self.ended(end)?, plain: true });
        }
        let more = first(self.text.get(end..)?, unprintable)?;
        Some(Word { text: self.ended(end + more)?, plain: false })
    }

    /// The word that ends there, if a space follows it.
    #[inline]
    fn ended(&mut self, end: usize) -> Option<&'l [u8]> {
        let (word @ [_, ..], [b' ', rest @ ..]) = self.text.split_at_checked(end)? else { return None };
        self.text = rest;
        Some(word)
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
