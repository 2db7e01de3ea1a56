//! Patterns while they are looked for: texts in which one character stands for `*` and one for `?`, so that those in names
//! are characters like any other.

use super::shape::{USER, is_class};

/// Any number of characters.
pub(super) const STAR: char = '\u{FDDF}';
/// One character.
pub(super) const ONE: char = '\u{FDDE}';

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Glob(pub(super) Vec<char>);

impl Glob {
    /// A pattern from text with [`STAR`]s; several in a row are one, and the classes of shapes are stars, too.
    pub(super) fn new(text: impl Iterator<Item = char>) -> Self {
        let mut symbols: Vec<char> = Vec::new();
        for symbol in text {
            let symbol = if is_class(symbol) { STAR } else { symbol };
            if symbol != STAR || symbols.last() != Some(&STAR) {
                symbols.push(symbol);
            }
        }
        Self(symbols)
    }

    /// A pattern as it is written, without variables.
    pub(super) fn written(text: &str) -> Self {
        Self::new(text.chars().map(wild))
    }

    /// A pattern as it stands in a policy.
    pub(super) fn of_policy(text: &str) -> Self {
        let mut symbols = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(symbol) = rest.chars().next() {
            let escapes = [("${*}", '*'), ("${?}", '?'), ("${$}", '$'), ("${aws:username}", USER)];
            let found = escapes.into_iter().find_map(|(escape, of)| Some((rest.strip_prefix(escape)?, of)));
            let plain = || (rest.get(symbol.len_utf8()..).unwrap_or_default(), wild(symbol));
            let (behind, of) = found.unwrap_or_else(plain);
            symbols.push(of);
            rest = behind;
        }
        Self::new(symbols.into_iter())
    }

    /// Which characters it has beside each other.
    pub(super) fn pairs(&self) -> Pairs {
        Pairs::of_stretches(self.0.split(|symbol| matches!(*symbol, STAR | ONE)))
    }

    /// Whether every name of a shape matches.
    pub(super) fn covers(&self, shape: &[char]) -> bool {
        let pattern = &self.0;
        let fits = |own: &char, symbol: &char| own == symbol || *own == ONE && is_one(*symbol);
        // Most of what does not match ends otherwise.
        let ends = pattern.iter().rev().take_while(|own| **own != STAR).zip(shape.iter().rev());
        if !ends.into_iter().all(|(own, symbol)| fits(own, symbol)) {
            return false;
        }
        let (mut at, mut of) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        while let Some(symbol) = shape.get(of) {
            match pattern.get(at) {
                Some(&STAR) => {
                    retry = Some((at + 1, of));
                    at += 1;
                    continue;
                }
                Some(own) if fits(own, symbol) => {
                    at += 1;
                    of += 1;
                    continue;
                }
                _ => {}
            }
            let Some((behind, from)) = retry else { return false };
            retry = Some((behind, from + 1));
            (at, of) = (behind, from + 1);
        }
        pattern.get(at..).is_some_and(|rest| rest.iter().all(|symbol| *symbol == STAR))
    }

    /// Whether a name matches both patterns.
    pub(super) fn meets(&self, other: &Self) -> bool {
        // Which beginnings of the other meet a beginning of this one.
        let length = other.0.len();
        let star = |at: usize| other.0.get(at) == Some(&STAR);
        let mut row = vec![false; length + 1];
        if let Some(first) = row.first_mut() {
            *first = true;
        }
        let close = |row: &mut Vec<bool>| {
            for at in 0..length {
                if row.get(at) == Some(&true)
                    && star(at)
                    && let Some(next) = row.get_mut(at + 1)
                {
                    *next = true;
                }
            }
        };
        close(&mut row);
        for symbol in &self.0 {
            let mut next = vec![false; length + 1];
            for at in 0..=length {
                if row.get(at) != Some(&true) {
                    continue;
                }
                let mut reach = |to: usize| {
                    if let Some(cell) = next.get_mut(to) {
                        *cell = true;
                    }
                };
                match (symbol, other.0.get(at)) {
                    (&STAR, _) => (at..=length).for_each(reach),
                    (_, Some(&STAR)) => reach(at),
                    (symbol, Some(literal)) if symbol == literal || *symbol == ONE || *literal == ONE => reach(at + 1),
                    _ => {}
                }
            }
            close(&mut next);
            row = next;
        }
        row.last() == Some(&true)
    }

    /// What the pattern says of texts behind a beginning: the patterns that are left where the beginning is used up.
    pub(super) fn behind(&self, beginning: &[char]) -> Vec<Self> {
        let mut rests = Vec::new();
        for at in 0..=self.0.len() {
            let (head, rest) = self.0.split_at_checked(at).unwrap_or((&self.0, &[]));
            // A star that ends the head goes on in the rest.
            let goes_on = head.last() == Some(&STAR);
            if Self(head.to_vec()).covers(beginning) {
                let star = goes_on.then_some(STAR);
                rests.push(Self::new(star.into_iter().chain(rest.iter().copied())));
            }
        }
        rests.sort();
        rests.dedup();
        rests
    }

    /// The pattern with the name of a user in place of the variable.
    pub(super) fn of_user(&self, user: &str) -> Self {
        let symbols = self.0.iter().flat_map(|symbol| match *symbol {
            USER => user.chars().collect(),
            other => vec![other],
        });
        Self::new(symbols)
    }

    /// How many characters a name has at least.
    pub(super) fn literals(&self) -> usize {
        self.0.iter().filter(|symbol| **symbol != STAR).count()
    }

    /// What everything it covers begins with.
    pub(super) fn head(&self) -> &[char] {
        let end = self.0.iter().position(|symbol| matches!(*symbol, STAR | ONE)).unwrap_or(self.0.len());
        self.0.get(..end).unwrap_or_default()
    }

    /// Whether it is a name.
    pub(super) fn is_name(&self) -> bool {
        !self.0.contains(&STAR) && !self.0.contains(&ONE)
    }

    /// The pattern as policies write it. What would be a wildcard or a variable in a name is escaped.
    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(self.0.len());
        let mut symbols = self.0.iter().peekable();
        while let Some(symbol) = symbols.next() {
            match *symbol {
                STAR => text.push('*'),
                ONE => text.push('?'),
                USER => text.push_str("${aws:username}"),
                '*' => text.push_str("${*}"),
                '?' => text.push_str("${?}"),
                // What follows would make a variable of it, or begins with one.
                '$' if symbols.peek().is_some_and(|next| matches!(**next, '{' | '$' | '*' | '?' | USER)) => {
                    text.push_str("${$}");
                }
                other => text.push(other),
            }
        }
        text
    }
}

/// Which characters stand beside each other in a text, a bit for several of them: a pattern covers no shape that lacks what
/// stands beside each other in the pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pairs(u128);

impl Pairs {
    /// Those of a shape.
    pub(super) fn of(shape: &[char]) -> Self {
        Self::of_stretches(std::iter::once(shape))
    }

    fn of_stretches<'t>(stretches: impl Iterator<Item = &'t [char]>) -> Self {
        let pairs = stretches.flat_map(|stretch| stretch.iter().zip(stretch.iter().skip(1)));
        // Multiplied by odd numbers, so that all bits count in the highest ones.
        let number = |(one, other): (&char, &char)| {
            let one = u32::from(*one).wrapping_mul(0x9E37_79B1);
            (one ^ u32::from(*other)).wrapping_mul(0x85EB_CA6B) >> (u32::BITS - u128::BITS.ilog2())
        };
        Self(pairs.map(number).fold(0, |all, number| all | 1 << number))
    }

    /// Whether all of them stand beside each other in another text, too, as far as can be told.
    pub(super) fn may_be_in(self, Self(others): Self) -> bool {
        self.0 & !others == 0
    }
}

/// What a character of a pattern stands for.
fn wild(symbol: char) -> char {
    match symbol {
        '*' => STAR,
        '?' => ONE,
        other => other,
    }
}

/// Whether a character of a shape stands for one character of a name.
fn is_one(symbol: char) -> bool {
    symbol != STAR && symbol != USER && !is_class(symbol)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(text: &str) -> Glob {
        Glob::written(text)
    }

    #[test]
    fn a_pattern_covers_what_it_matches() {
        for (pattern, text, wanted) in [
            ("a/*", "a/b", true),
            ("a/*", "a/", true),
            ("a/*", "a", false),
            ("*b*d", "abcbcd", true),
            ("*b*d", "abcbc", false),
            ("*", "", true),
            ("a", "a", true),
            ("a*a", "a", false),
            ("????-??", "2026-11", true),
            ("????-??", "2026-1", false),
            ("a*?", "a", false),
            ("*??", "abc", true),
        ] {
            let (pattern, shape) = (glob(pattern), text.chars().collect::<Vec<_>>());
            assert_eq!(pattern.covers(&shape), wanted, "{pattern:?} {text}");
            assert!(!wanted || pattern.pairs().may_be_in(Pairs::of(&shape)), "{pattern:?} {text}");
        }
        assert!(!glob("*part*").pairs().may_be_in(Pairs::of(&['t', 'r', 'a', 'p'])));
        // A class is covered by a star only.
        assert!(glob("a/*").covers(&['a', '/', '\u{FDD0}']));
        assert!(!glob("a/1").covers(&['a', '/', '\u{FDD0}']));
        assert!(!glob("a/?").covers(&['a', '/', '\u{FDD0}']));
        assert!(!glob("?").covers(&[USER]));
        assert!(glob("*?").covers(&['a', ONE]));
        assert!(!glob("a").covers(&[ONE]));
    }

    #[test]
    fn patterns_meet_in_a_name() {
        for (one, other, wanted) in [
            ("a*", "*b", true),
            ("a*", "b*", false),
            ("a*c", "ab*", true),
            ("a*c", "ab", false),
            ("*", "", true),
            ("*x*", "a*y*", true),
            ("*.gz", "logs/*", true),
            ("*.gz", "logs/*.txt", false),
            ("abc", "abc", true),
            ("abc", "abd", false),
            ("a**b", "ab", true),
            ("a?c", "ab*", true),
            ("a?c", "a?", false),
            ("in/????/part-???", "*/private/*", false),
            ("in/*/part-*", "*/private/*", true),
        ] {
            assert_eq!(glob(one).meets(&glob(other)), wanted, "{one} {other}");
            assert_eq!(glob(other).meets(&glob(one)), wanted, "{other} {one}");
        }
    }

    #[test]
    fn names_are_escaped() {
        let name = Glob::new("a*?${b}_$folder$".chars());
        assert_eq!(name.text(), "a${*}${?}${$}{b}_$folder$");
        assert_eq!(glob("a/*").text(), "a/*");
        assert_eq!(Glob(vec!['h', '/', USER, '/', STAR]).text(), "h/${aws:username}/*");
        for text in ["h/${aws:username}/*", "a${*}${?}?b", "${$}{x}", "plain"] {
            assert_eq!(Glob::of_policy(text).text(), text);
        }
    }
}
