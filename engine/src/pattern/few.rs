//! A few patterns at once: most of those that do not fit a text are told by its first and its last bytes alone, and what
//! stands between two `*` is compared with as many bytes of it in one step.

use super::{Pattern, Token};
use crate::lanes::{Mask, WIDTH, begins, bits, first_bytes, is_ascii, marks_all};

/// At most [`Few::MOST`] patterns without variables that are asked together, about one text after another.
#[derive(Debug, Default)]
pub(crate) struct Few {
    patterns: Vec<Pattern>,
    ends: Vec<Ends>,
    rests: Vec<Rest>,
    /// The patterns that fit whatever has their ends, a bit for each.
    told: u64,
}

impl Few {
    /// How many patterns are asked together.
    pub(crate) const MOST: usize = u64::BITS as usize;

    /// Compiles patterns; those beyond [`Few::MOST`] are left out.
    pub(crate) fn new(mut patterns: Vec<Pattern>) -> Self {
        patterns.truncate(Self::MOST);
        let told = |(at, pattern)| u64::from(are_all(pattern)) << at;
        let told = patterns.iter().enumerate().map(told).fold(0, |all, one| all | one);
        let ends = patterns.iter().map(Ends::of).collect();
        let rests = patterns.iter().map(Rest::of).collect();
        Self { patterns, ends, rests, told }
    }

    /// Which patterns fit a text, which is UTF-8, a bit for each.
    #[inline]
    pub(crate) fn matching(&self, text: &[u8]) -> u64 {
        let (first, last) = (beginning(text), ending(text));
        let fits = |ends: &Ends| u64::from(ends.fit(first, last, text.len()));
        let fitting = self.ends.iter().enumerate().fold(0, |all, (at, ends)| all | fits(ends) << at);
        let mut open = fitting & !self.told;
        let mut matching = fitting & self.told;
        while open != 0 {
            let at = open.trailing_zeros();
            open &= open - 1;
            let of = self.patterns.get(at as usize).zip(self.rests.get(at as usize));
            matching |= u64::from(of.is_some_and(|(pattern, rest)| rest.fits(pattern, text))) << at;
        }
        matching
    }
}

/// How many bytes are looked at at each end of a text, and of a stretch.
const ENDS: usize = 16;
const STRETCH: usize = 8;

/// How the texts begin and end that a pattern fits.
#[derive(Debug)]
struct Ends {
    first: Mask<u128>,
    last: Mask<u128>,
    shortest: usize,
    longest: usize,
}

impl Ends {
    fn of(pattern: &Pattern) -> Self {
        let (first, last) = (literal(pattern.tokens.first()), literal(pattern.tokens.last()));
        let length = |token: &Token| match token {
            Token::Literal(literal) => literal.len(),
            Token::AnyChar => 1,
            Token::AnyRun | Token::Variable(_) => 0,
        };
        let shortest = pattern.tokens.iter().map(length).sum();
        Self {
            first: Mask { counting: beginning(&marks_all(first)), wanted: beginning(first) },
            last: Mask { counting: ending(&marks_all(last)), wanted: ending(last) },
            shortest,
            longest: if pattern.as_literal().is_some() { shortest } else { usize::MAX },
        }
    }

    #[inline]
    fn fit(&self, first: u128, last: u128, length: usize) -> bool {
        // All is looked at, since each of them fails for some patterns.
        (self.first.different(first) | self.last.different(last) == 0)
            & (length >= self.shortest)
            & (length <= self.longest)
    }
}

/// What is left to be told of a text with the ends of a pattern.
#[derive(Debug)]
enum Rest {
    /// Whether the pattern fits.
    All,
    /// Whether the literals at its ends are there, and each stretch between two `*` stands somewhere behind those before.
    Stretches(Stretches),
}

/// The stretches between the `*` of a pattern, and how long the literals at its ends are.
#[derive(Debug)]
struct Stretches {
    all: Vec<Stretch>,
    first: usize,
    last: usize,
    /// Whether they say where they are in texts of ASCII only.
    are_ascii: bool,
}

/// Literals and `?` between two `*`: which bits of [`STRETCH`] bytes count, and what they have to be.
#[derive(Debug)]
struct Stretch {
    bytes: Mask<u64>,
    length: usize,
    /// Its first byte that is no `?`, and where that is.
    byte: (u8, usize),
    /// Whether it has a `?`, which is one byte of ASCII only.
    is_ascii: bool,
}

impl Rest {
    fn of(pattern: &Pattern) -> Self {
        let mut tokens = &*pattern.tokens;
        if let [Token::Literal(_), rest @ ..] = tokens {
            tokens = rest;
        }
        if let [rest @ .., Token::Literal(_)] = tokens {
            tokens = rest;
        }
        let ([Token::AnyRun, .., Token::AnyRun] | [Token::AnyRun]) = tokens else { return Self::All };
        let between = tokens.split(|token| matches!(token, Token::AnyRun)).filter(|tokens| !tokens.is_empty());
        let Some(all) = between.map(Stretch::of).collect::<Option<Vec<_>>>() else { return Self::All };
        let are_ascii = all.iter().any(|stretch| stretch.is_ascii);
        let [first, last] = [pattern.tokens.first(), pattern.tokens.last()].map(|end| literal(end).len());
        Self::Stretches(Stretches { all, first, last, are_ascii })
    }

    /// Whether a text that has the ends of the pattern fits it.
    #[inline]
    fn fits(&self, pattern: &Pattern, text: &[u8]) -> bool {
        let Self::Stretches(Stretches { all, first, last, are_ascii }) = self else {
            return pattern.is_match_of(text);
        };
        if *are_ascii && !is_ascii(text) {
            return pattern.is_match_of(text);
        }
        // What is at the ends was compared as far as they were looked at.
        if *first > ENDS && !begins(text, literal(pattern.tokens.first()))
            || *last > ENDS && !text.ends_with(literal(pattern.tokens.last()))
        {
            return false;
        }
        let Some(end) = text.len().checked_sub(*last) else { return false };
        let found = all.iter().try_fold(*first, |from, stretch| stretch.find(text, from, end));
        found.is_some_and(|from| from <= end)
    }
}

impl Stretch {
    /// `None` if it is too long, has a variable, or nothing but `?`.
    fn of(tokens: &[Token]) -> Option<Self> {
        let (mut counting, mut wanted) = (Vec::new(), Vec::new());
        for token in tokens {
            match token {
                Token::Literal(literal) => {
                    counting.extend(marks_all(literal.as_bytes()));
                    wanted.extend_from_slice(literal.as_bytes());
                }
                Token::AnyChar => {
                    counting.push(0);
                    wanted.push(0);
                }
                Token::AnyRun | Token::Variable(_) => return None,
            }
        }
        let at = counting.iter().position(|bits| *bits != 0)?;
        let byte = (*wanted.get(at)?, at);
        let bytes = Mask { counting: first_bytes(&counting), wanted: first_bytes(&wanted) };
        let is_ascii = counting.contains(&0);
        (wanted.len() <= STRETCH).then_some(Self { bytes, length: wanted.len(), byte, is_ascii })
    }

    /// Where it ends in a text for the first time, if it begins there or behind it and does not go beyond the end.
    #[inline]
    fn find(&self, text: &[u8], from: usize, end: usize) -> Option<usize> {
        let places = end.checked_sub(from + self.length)? + 1;
        let behind = text.get(from..)?;
        let is_it = |at: &usize| {
            let bytes = first_bytes(behind.get(*at..).unwrap_or_default());
            *at < places && self.bytes.different(bytes) == 0
        };
        // Most often the first place is the right one where its byte stands.
        let (byte, at) = self.byte;
        let near = behind.get(at..).and_then(<[u8]>::first_chunk);
        let (mut open, near) = near.map_or((0, 0), |near| (bits(near, byte), WIDTH));
        while open != 0 {
            let place = open.trailing_zeros() as usize;
            if is_it(&place) {
                return Some(from + place + self.length);
            }
            open &= open - 1;
        }
        (near..places).find(is_it).map(|at| from + at + self.length)
    }
}

/// Whether their ends say all of the texts that a pattern fits.
fn are_all(pattern: &Pattern) -> bool {
    match &*pattern.tokens {
        [] | [Token::AnyRun] => true,
        [Token::Literal(all)] => all.len() <= 2 * ENDS,
        [Token::Literal(end), Token::AnyRun] | [Token::AnyRun, Token::Literal(end)] => end.len() <= ENDS,
        [Token::Literal(first), Token::AnyRun, Token::Literal(last)] => first.len() <= ENDS && last.len() <= ENDS,
        _ => false,
    }
}

fn literal(token: Option<&Token>) -> &[u8] {
    match token {
        Some(Token::Literal(literal)) => literal.as_bytes(),
        _ => &[],
    }
}

/// The first bytes of a text; zeros stand behind a shorter one.
#[inline]
fn beginning(text: &[u8]) -> u128 {
    if let Some(bytes) = text.first_chunk() {
        return u128::from_le_bytes(*bytes);
    }
    match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => {
            let [first, last] = [first, last].map(|bytes| u128::from(u64::from_le_bytes(*bytes)));
            // What both hold is the same.
            first | last << (8 * text.len() - 64)
        }
        _ => u128::from(first_bytes(text)),
    }
}

/// The last bytes of a text; zeros stand before a shorter one.
#[inline]
fn ending(text: &[u8]) -> u128 {
    let shorter = || {
        let missing = u32::try_from(8 * (ENDS - text.len())).unwrap_or(u128::BITS);
        beginning(text).checked_shl(missing).unwrap_or_default()
    };
    text.last_chunk().map_or_else(shorter, |bytes| u128::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Syntax;

    /// All texts of so many characters of an alphabet with one of two bytes.
    fn texts(length: usize) -> Vec<String> {
        let longer = |text: String| ["a", "b", "é"].map(|end| text.clone() + end);
        (0..length).fold(vec![String::new()], |texts, _| texts.into_iter().flat_map(longer).collect())
    }

    #[test]
    fn patterns_together_fit_what_each_of_them_does() {
        let heads = [
            "",
            "a",
            "ab",
            "éabbaéb",
            "abababab",
            "ababababa",
            "abababababababab",
            "ababababababababa",
            "ababababababababaabababababababab",
        ];
        let pieces = ["", "*", "?", "**", "*a*", "a?b*", "*b", "*b?a*?*bbabbab*", "*?é*a*"];
        let mut patterns = Vec::new();
        for head in heads {
            for piece in pieces {
                patterns.extend(heads.map(|tail| Pattern::parse(&format!("{head}{piece}{tail}"), Syntax::WILDCARDS).0));
            }
        }
        let mut all: Vec<String> = (0..5).flat_map(texts).collect();
        for (head, tail) in heads.iter().flat_map(|head| heads.map(|tail| (head, tail))) {
            all.extend(["", "a", "b", "\0", "é", "ab"].map(|middle| format!("{head}{middle}{tail}")));
        }
        let mut fitting = 0;
        for patterns in patterns.chunks(Few::MOST) {
            let few = Few::new(patterns.to_vec());
            for text in &all {
                let matching = few.matching(text.as_bytes());
                for (at, pattern) in patterns.iter().enumerate() {
                    assert_eq!(matching >> at & 1 == 1, pattern.is_match(text), "{pattern} {text:?}");
                }
                fitting += matching.count_ones();
            }
        }
        assert!(fitting > 10_000, "{fitting}");
    }
}
