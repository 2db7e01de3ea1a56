//! The words of a line, from the left: where the next space is, looked for many bytes at a time.

use wide::u8x16;

/// How many bytes are looked at together.
const WIDTH: usize = 16;

/// What is left of a line.
pub(super) struct Words<'l> {
    line: &'l [u8],
    at: usize,
    /// Bytes of the words that were taken, and perhaps of what is near them, put together.
    bits: u8x16,
}

/// A word, and what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word<'l> {
    pub(super) text: &'l [u8],
    /// Whether nothing in it can stand for something else: no quotes, `%`, `+`, and nothing that is not ASCII.
    pub(super) plain: bool,
}

impl<'l> Words<'l> {
    pub(super) fn new(line: &'l [u8]) -> Self {
        Self { line, at: 0, bits: u8x16::ZERO }
    }

    /// Whether all words that were taken are ASCII. They may be, where this says that they are not.
    pub(super) fn is_ascii(&self) -> bool {
        self.bits.to_bitmask() == 0
    }

    /// What was not taken yet.
    #[inline]
    pub(super) fn rest(&self) -> &'l [u8] {
        self.line.get(self.at..).unwrap_or_default()
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

    /// Takes a word and the space behind it.
    #[inline]
    pub(super) fn word(&mut self) -> Option<&'l [u8]> {
        let rest = self.rest();
        let looked = looked_for(rest, |lane| {
            self.bits |= lane;
            is(lane, b' ')
        });
        match looked {
            Ok(end) => self.ended(rest, end),
            Err(from) => {
                let end = from + rest.get(from..)?.iter().position(|byte| *byte == b' ')?;
                if !rest.get(from..end)?.is_ascii() {
                    self.bits = u8x16::splat(0x80);
                }
                self.ended(rest, end)
            }
        }
    }

    /// The same, without a quote in it.
    #[inline]
    pub(super) fn unquoted(&mut self) -> Option<&'l [u8]> {
        let rest = self.rest();
        let looked = looked_for(rest, |lane| {
            self.bits |= lane;
            is(lane, b' ') | is(lane, b'"')
        });
        match looked {
            Ok(end) if rest.get(end) == Some(&b' ') => self.ended(rest, end),
            Ok(_) => None,
            Err(_) => self.word().filter(|word| !word.contains(&b'"')),
        }
    }

    /// The same, with a look at what is in it.
    #[inline]
    pub(super) fn key(&mut self) -> Option<Word<'l>> {
        let rest = self.rest();
        // Whatever is not plain ends the look, the space first.
        let looked = looked_for(rest, |lane| is(lane, b' ') | is(lane, b'"') | is(lane, b'%') | is(lane, b'+') | lane);
        let (Ok(end) | Err(end)) = looked;
        if rest.get(end) == Some(&b' ') {
            return Some(Word { text: self.ended(rest, end)?, plain: true });
        }
        let end = end + memchr::memchr(b' ', rest.get(end..)?)?;
        let text = self.ended(rest, end)?;
        let plain = text.iter().all(|byte| byte.is_ascii() && !matches!(byte, b'"' | b'%' | b'+'));
        Some(Word { text, plain })
    }

    /// The word of what is left that ends there, if there is one.
    #[inline]
    fn ended(&mut self, rest: &'l [u8], end: usize) -> Option<&'l [u8]> {
        self.at += end + 1;
        rest.get(..end).filter(|word| !word.is_empty())
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

/// Where the bytes are that are a character.
#[inline]
fn is(lane: u8x16, character: u8) -> u8x16 {
    lane.simd_eq(u8x16::splat(character))
}

/// Where the first byte is whose highest bit `found` sets; or else how far nothing was found, which is not quite the end.
#[inline]
fn looked_for(bytes: &[u8], mut found: impl FnMut(u8x16) -> u8x16) -> Result<usize, usize> {
    let mut at = 0;
    let mut rest = bytes;
    while let Some((chunk, behind)) = rest.split_first_chunk::<WIDTH>() {
        let bits = found(u8x16::new(*chunk)).to_bitmask();
        if bits != 0 {
            return Ok(at + bits.trailing_zeros() as usize);
        }
        at += WIDTH;
        rest = behind;
    }
    Err(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_at_the_first_space_wherever_it_is() {
        for length in 1..70 {
            for tail in ["", " ", " and more", " and much more than that, to the end of the line"] {
                let word = "x".repeat(length);
                let line = format!("{word} {tail}");
                let mut words = Words::new(line.as_bytes());
                assert_eq!(words.word(), Some(word.as_bytes()));
                assert_eq!(words.rest(), tail.as_bytes());
                let mut words = Words::new(line.as_bytes());
                assert_eq!(words.key(), Some(Word { text: word.as_bytes(), plain: true }));
                assert_eq!(words.rest(), tail.as_bytes());
            }
            assert_eq!(Words::new("x".repeat(length).as_bytes()).word(), None);
            assert_eq!(Words::new("x".repeat(length).as_bytes()).key(), None);
        }
        assert_eq!(Words::new(b" x ").word(), None);
        assert_eq!(Words::new(b" x ").key(), None);
    }

    #[test]
    fn what_is_in_a_key_is_told_and_what_is_behind_it_is_not() {
        for at in 0..40 {
            for sign in ["\"", "%", "+", "é"] {
                let inside = format!("{}{sign}{} {sign} \" % + é", "x".repeat(at), "y".repeat(40 - at));
                assert!(!Words::new(inside.as_bytes()).key().unwrap().plain, "{inside}");
                let behind = format!("{}x {sign} \" % + é", "x".repeat(at));
                assert!(Words::new(behind.as_bytes()).key().unwrap().plain, "{behind}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_ascii_do_not_go_unnoticed() {
        for at in 0..40 {
            for behind in ["", "behind", "as much behind as one looks at together"] {
                let line = format!("{}é{} {behind}", "x".repeat(at), "y".repeat(40 - at));
                let mut words = Words::new(line.as_bytes());
                words.word().unwrap();
                assert!(!words.is_ascii(), "{line}");
            }
        }
        let mut words = Words::new(b"plain words and nothing else");
        while words.word().is_some() {}
        assert!(words.is_ascii());
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
            for behind in ["", "\"behind\"", "and something to look at together with it \""] {
                let line = format!("{word} {behind}");
                assert_eq!(Words::new(line.as_bytes()).unquoted(), Some(word.as_bytes()), "{line}");
                assert_eq!(Words::new(format!("{word}\" {behind}").as_bytes()).unquoted(), None);
            }
        }
    }
}
