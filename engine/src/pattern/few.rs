//! A few patterns at once: most of those that do not fit a text are told by its first and its last bytes alone, and what
//! stands between two `*` is compared with as many bytes of it in one step.

use super::{Pattern, Token};

/// At most [`Few::MOST`] patterns without variables that are asked together, about one text after another.
#[derive(Debug, Default)]
pub(crate) struct Few {
    patterns: Vec<(Pattern, Rest)>,
    ends: Vec<Ends>,
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
        let with_rest = |pattern: Pattern| {
            let rest = Rest::of(&pattern);
            (pattern, rest)
        };
        Self { patterns: patterns.into_iter().map(with_rest).collect(), ends, told }
    }

    /// Which patterns fit a text, which is UTF-8, a bit for each.
    #[inline]
    pub(crate) fn matching(&self, text: &[u8]) -> u64 {
        let (first, last) = (first_bytes(text), last_bytes(text));
        let fits = |ends: &Ends| u64::from(ends.fit(first, last, text.len()));
        let fitting = self.ends.iter().enumerate().fold(0, |all, (at, ends)| all | fits(ends) << at);
        let mut open = fitting & !self.told;
        let mut matching = fitting & self.told;
        while open != 0 {
            let at = open.trailing_zeros();
            open &= open - 1;
            let fits = self.patterns.get(at as usize).is_some_and(|(pattern, rest)| rest.fits(pattern, text));
            matching |= u64::from(fits) << at;
        }
        matching
    }
}

/// How many bytes are looked at at each end of a text.
const LOOK: usize = 8;

/// How the texts begin and end that a pattern fits.
#[derive(Debug)]
struct Ends {
    first: End,
    last: End,
    shortest: usize,
    longest: usize,
}

/// Which bits count of the bytes at an end, and what they have to be.
#[derive(Debug)]
struct End {
    counting: u64,
    wanted: u64,
}

impl End {
    /// The bits of the bytes that are not as they have to be.
    #[inline]
    fn different(&self, bytes: u64) -> u64 {
        (bytes ^ self.wanted) & self.counting
    }
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
            first: End { counting: first_bytes(&marks(first)), wanted: first_bytes(first) },
            last: End { counting: last_bytes(&marks(last)), wanted: last_bytes(last) },
            shortest,
            longest: if pattern.as_literal().is_some() { shortest } else { usize::MAX },
        }
    }

    #[inline]
    fn fit(&self, first: u64, last: u64, length: usize) -> bool {
        // All is looked at, since each of them fails for some patterns.
        (self.first.different(first) | self.last.different(last) == 0)
            & (length >= self.shortest)
            & (length <= self.longest)
    }
}

/// What is left to be told of a text with the ends of a pattern.
#[derive(Debug)]
enum Rest {
    /// Whether it fits altogether.
    All,
    /// Whether the literals at its ends do, and each stretch between two `*` stands somewhere behind those before.
    Stretches(Vec<Stretch>),
}

/// Literals and `?` between two `*`: which bits of [`LOOK`] bytes count, and what they have to be.
#[derive(Debug)]
struct Stretch {
    end: End,
    length: usize,
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
        between.map(Stretch::of).collect::<Option<_>>().map_or(Self::All, Self::Stretches)
    }

    /// Whether a text that has the ends of the pattern fits it.
    #[inline]
    fn fits(&self, pattern: &Pattern, text: &[u8]) -> bool {
        let Self::Stretches(stretches) = self else { return pattern.is_match_of(text) };
        if stretches.iter().any(|stretch| stretch.is_ascii) && !text.is_ascii() {
            return pattern.is_match_of(text);
        }
        let (first, last) = (literal(pattern.tokens.first()), literal(pattern.tokens.last()));
        let (Some(behind), Some(end)) = (text.strip_prefix(first), text.len().checked_sub(last.len())) else {
            return false;
        };
        let ends = last.len() <= LOOK || text.ends_with(last);
        ends && stretches
            .iter()
            .try_fold(text.len() - behind.len(), |from, stretch| stretch.find(text, from, end))
            .is_some_and(|from| from <= end)
    }
}

impl Stretch {
    /// `None` if it is too long, or has a variable.
    fn of(tokens: &[Token]) -> Option<Self> {
        let (mut counting, mut wanted) = (Vec::new(), Vec::new());
        for token in tokens {
            match token {
                Token::Literal(literal) => {
                    counting.extend(marks(literal.as_bytes()));
                    wanted.extend_from_slice(literal.as_bytes());
                }
                Token::AnyChar => {
                    counting.push(0);
                    wanted.push(0);
                }
                Token::AnyRun | Token::Variable(_) => return None,
            }
        }
        let end = End { counting: first_bytes(&counting), wanted: first_bytes(&wanted) };
        let is_ascii = counting.contains(&0);
        (wanted.len() <= LOOK).then_some(Self { end, length: wanted.len(), is_ascii })
    }

    /// Where it ends in a text for the first time, if it begins there or behind it and does not go beyond the end.
    #[inline]
    fn find(&self, text: &[u8], from: usize, end: usize) -> Option<usize> {
        let places = end.checked_sub(from + self.length)? + 1;
        let behind = text.get(from..)?;
        let is_it = |bytes: u64| self.end.different(bytes) == 0;
        let whole = behind.windows(LOOK).take(places);
        let found = whole.clone().position(|bytes| is_it(first_bytes(bytes)));
        let found = found.or_else(|| {
            // The last places, behind which there is less than is looked at.
            (whole.len()..places).find(|at| is_it(first_bytes(behind.get(*at..).unwrap_or_default())))
        });
        found.map(|at| from + at + self.length)
    }
}

/// Whether their ends say all of the texts that a pattern fits.
fn are_all(pattern: &Pattern) -> bool {
    match &*pattern.tokens {
        [] | [Token::AnyRun] => true,
        [Token::Literal(all)] => all.len() <= 2 * LOOK,
        [Token::Literal(end), Token::AnyRun] | [Token::AnyRun, Token::Literal(end)] => end.len() <= LOOK,
        [Token::Literal(first), Token::AnyRun, Token::Literal(last)] => first.len() <= LOOK && last.len() <= LOOK,
        _ => false,
    }
}

fn literal(token: Option<&Token>) -> &[u8] {
    match token {
        Some(Token::Literal(literal)) => literal.as_bytes(),
        _ => &[],
    }
}

/// All bits, for each byte of a text.
fn marks(text: &[u8]) -> Vec<u8> {
    vec![u8::MAX; text.len()]
}

/// The first bytes of a text; zeros stand behind a shorter one.
#[inline]
fn first_bytes(text: &[u8]) -> u64 {
    match text.first_chunk() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => text.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)),
    }
}

/// The last bytes of a text; zeros stand before a shorter one.
#[inline]
fn last_bytes(text: &[u8]) -> u64 {
    match text.last_chunk() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => {
            text.iter().rev().fold((0, u64::BITS), |(all, at), byte| (all | u64::from(*byte) << (at - 8), at - 8)).0
        }
    }
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
        let heads = ["", "a", "ab", "éabbaéb", "abababab", "ababababa", "abababababababab", "ababababababababa"];
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
