//! The form of an ARN, such as `arn:${Partition}:s3:::${BucketName}/${ObjectName}`, held against ARNs and against the
//! patterns of policies.

use crate::arn::Arn;
use std::fmt;

/// The form of the ARNs of one type of resources. `${…}` stands for one or more characters, `*` for any number.
#[derive(Clone, Copy)]
pub struct Template<'c> {
    text: &'c str,
    /// Whether what varies at the end has no slash, because the ARNs of another type go on behind one.
    closed: bool,
}

/// Which of the parts behind `arn:` is the account.
const ACCOUNT: usize = 3;

/// A symbol of a pattern: what stands at one place of the texts that fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Symbol {
    /// This character.
    Char(char),
    /// One character, of any kind.
    AnyChar,
    /// Any number of characters.
    AnyRun,
    /// Any number of characters other than `/`.
    RunInSegment,
    /// One character other than `/`.
    CharInSegment,
}

impl<'c> Template<'c> {
    pub(super) fn new(text: &'c str, closed: bool) -> Self {
        Self { text, closed }
    }

    /// The form as AWS writes it.
    #[must_use]
    pub fn as_str(self) -> &'c str {
        self.text
    }

    /// The form as one would fill it in, for messages: names in capitals where something varies.
    ///
    /// ```
    /// use can_access_engine::catalogue::Catalogue;
    /// let s3 = Catalogue::published().service("s3").unwrap();
    /// let object = s3.resource_types().find(|of| of.name() == "object").unwrap();
    /// assert_eq!(object.arns().next().unwrap().filled("aws"), "arn:aws:s3:::BUCKET_NAME/OBJECT_NAME");
    /// ```
    #[must_use]
    pub fn filled(self, partition: &str) -> String {
        let mut filled = String::new();
        for piece in pieces(self.text) {
            match piece {
                Piece::Literal(text) => filled.push_str(text),
                Piece::Anything => filled.push('*'),
                Piece::Variable("Partition") => filled.push_str(partition),
                Piece::Variable(name) => filled.push_str(&shouted(name)),
            }
        }
        filled
    }

    /// Whether an ARN has this form.
    ///
    /// ```
    /// use can_access_engine::arn::Arn;
    /// use can_access_engine::catalogue::Catalogue;
    /// let s3 = Catalogue::published().service("s3").unwrap();
    /// let bucket = s3.resource_types().find(|of| of.name() == "bucket").unwrap().arns().next().unwrap();
    /// assert!(bucket.fits(&Arn::parse("arn:aws:s3:::reports").unwrap()));
    /// assert!(!bucket.fits(&Arn::parse("arn:aws:s3:::reports/2026").unwrap()));
    /// ```
    #[must_use]
    pub fn fits(self, arn: &Arn<'_>) -> bool {
        self.parsed().is_some_and(|own| self.fits_as(&own, arn))
    }

    /// Its parts.
    pub(crate) fn parsed(self) -> Option<Arn<'c>> {
        Arn::parse(self.text)
    }

    /// The same as [`Self::fits`], given its parts.
    pub(crate) fn fits_as(self, own: &Arn<'_>, arn: &Arn<'_>) -> bool {
        let pairs = || own.parts().into_iter().zip(arn.parts());
        // Most that do not fit begin otherwise.
        let begins = |(own, part): (&str, &str)| {
            let own = own.as_bytes();
            let literal = own.iter().position(|byte| matches!(byte, b'$' | b'{' | b'*')).unwrap_or(own.len());
            own.get(..literal).is_some_and(|literal| part.as_bytes().starts_with(literal))
        };
        pairs().all(begins) && pairs().enumerate().all(|(at, (own, part))| self.part_fits(at, own, part))
    }

    /// Whether a text stands for one of the parts.
    fn part_fits(self, at: usize, own: &str, part: &str) -> bool {
        let mut pieces = pieces(own);
        match (pieces.next(), pieces.next()) {
            (None, _) => part.is_empty(),
            (Some(Piece::Literal(text)), None) => text == part,
            (Some(Piece::Variable(_)), None) if at == ACCOUNT && !self.closed => true,
            (Some(Piece::Variable(_)), None) => !(part.is_empty() || self.closed && part.contains('/')),
            _ => self.pieces_fit(own, part),
        }
    }

    /// Whether a text stands for the pieces of a part: each literal where it comes first, but for the one in front of a
    /// name without slash.
    fn pieces_fit(self, own: &str, part: &str) -> bool {
        let mut pieces = pieces(own).peekable();
        let mut rest = part;
        // What varies in front of the next literal: how much there is of it, and how many characters it has at least.
        let (mut varying, mut least) = (0, 0);
        let mut ends_with_variable = false;
        while let Some(piece) = pieces.next() {
            ends_with_variable = matches!(piece, Piece::Variable(_));
            let literal = match piece {
                Piece::Literal(literal) => literal,
                Piece::Variable(_) | Piece::Anything => {
                    varying += 1;
                    least += usize::from(ends_with_variable);
                    continue;
                }
            };
            let behind = match (varying, pieces.peek()) {
                (0, _) => rest.strip_prefix(literal),
                (_, None) => without(rest, least).and_then(|rest| rest.strip_suffix(literal)).map(|_| ""),
                (_, Some(next)) => {
                    let next_varies = matches!(next, Piece::Variable(_));
                    let rest = without(rest, least).unwrap_or_default();
                    let is_last = pieces.clone().nth(1).is_none();
                    let at = if self.closed && next_varies && is_last {
                        rest.char_indices().next_back().and_then(|(end, _)| rest.get(..end)?.rfind(literal))
                    } else {
                        rest.find(literal)
                    };
                    at.and_then(|at| rest.get(at + literal.len()..))
                }
            };
            let Some(behind) = behind else { return false };
            (rest, varying, least) = (behind, 0, 0);
        }
        match (varying, without(rest, least)) {
            (0, _) => rest.is_empty(),
            (_, None) => false,
            (_, Some(_)) if !(self.closed && ends_with_variable) => true,
            (1, Some(_)) => !rest.contains('/'),
            (_, Some(_)) => !rest.ends_with('/'),
        }
    }

    /// Whether some ARN of this form has these five parts behind `arn:`.
    pub(crate) fn meets(self, parts: &[Vec<Symbol>; 5]) -> bool {
        let mut own: Vec<Vec<Symbol>> = self.text.splitn(6, ':').skip(1).map(|part| self.symbols(part)).collect();
        // Resources that AWS owns, such as its Systems Manager documents, have the form of the others without account;
        // `part_fits` knows it, too.
        if let Some(account) = own.get_mut(ACCOUNT).filter(|account| matches!(account[..], [Symbol::AnyChar, _])) {
            *account = vec![Symbol::AnyRun];
        }
        own.len() == parts.len() && own.iter().zip(parts).all(|(own, other)| overlap(own, other))
    }

    fn symbols(self, part: &str) -> Vec<Symbol> {
        let mut symbols = Vec::new();
        let mut pieces = pieces(part).peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Literal(text) => symbols.extend(text.chars().map(Symbol::Char)),
                Piece::Anything => symbols.push(Symbol::AnyRun),
                Piece::Variable(_) if self.closed && pieces.peek().is_none() => {
                    symbols.extend([Symbol::CharInSegment, Symbol::RunInSegment]);
                }
                Piece::Variable(_) => symbols.extend([Symbol::AnyChar, Symbol::AnyRun]),
            }
        }
        symbols
    }
}

impl fmt::Display for Template<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl fmt::Debug for Template<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({self})")
    }
}

/// A text without its first characters, if there are so many.
fn without(text: &str, characters: usize) -> Option<&str> {
    let mut rest = text.chars();
    (0..characters).all(|_| rest.next().is_some()).then_some(rest.as_str())
}

#[derive(Clone, Copy)]
enum Piece<'t> {
    Literal(&'t str),
    Variable(&'t str),
    Anything,
}

fn pieces(mut text: &str) -> impl Iterator<Item = Piece<'_>> + Clone {
    std::iter::from_fn(move || {
        let first = text.chars().next()?;
        // One form lacks the dollar sign of its variable.
        let opened = text.strip_prefix("${").or_else(|| text.strip_prefix('{'));
        let (piece, rest) = match opened.and_then(|inside| inside.split_once('}')) {
            Some((name, rest)) => (Piece::Variable(name), rest),
            None if first == '*' => (Piece::Anything, text.get(1..).unwrap_or_default()),
            None => {
                let next = text.char_indices().skip(1).find(|(_, c)| matches!(c, '$' | '{' | '*'));
                let (literal, rest) = text.split_at(next.map_or(text.len(), |(at, _)| at));
                (Piece::Literal(literal), rest)
            }
        };
        text = rest;
        Some(piece)
    })
}

/// `BucketName` as `BUCKET_NAME`.
fn shouted(name: &str) -> String {
    let mut shouted = String::new();
    let mut lower_before = false;
    for c in name.chars() {
        if c.is_uppercase() && lower_before {
            shouted.push('_');
        }
        lower_before = c.is_lowercase() || c.is_ascii_digit();
        shouted.extend(c.to_uppercase());
    }
    shouted
}

/// Whether some text fits both patterns.
pub(crate) fn overlap(one: &[Symbol], other: &[Symbol]) -> bool {
    // For each place of `one`, the places of `other` that a common beginning can have led to.
    let mut reached = vec![false; other.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    skip_runs(&mut reached, other);
    for &symbol in one {
        let mut next = vec![false; other.len() + 1];
        let runs = matches!(symbol, Symbol::AnyRun | Symbol::RunInSegment);
        if runs {
            next.clone_from(&reached);
        }
        for (at, &opposite) in other.iter().enumerate() {
            // A run stays where it is, so it goes on from what it has reached itself.
            let from = if runs { next.get(at) } else { reached.get(at) };
            if !from.copied().unwrap_or_default() || !shares(symbol, opposite) {
                continue;
            }
            let stays = matches!(opposite, Symbol::AnyRun | Symbol::RunInSegment);
            for to in if stays { at..=at + 1 } else { at + 1..=at + 1 } {
                if let Some(place) = next.get_mut(to) {
                    *place = true;
                }
            }
        }
        skip_runs(&mut next, other);
        reached = next;
    }
    reached.last().copied().unwrap_or_default()
}

/// Runs may be empty.
fn skip_runs(reached: &mut [bool], other: &[Symbol]) {
    for (at, symbol) in other.iter().enumerate() {
        let here = reached.get(at).copied().unwrap_or_default();
        if let (true, Symbol::AnyRun | Symbol::RunInSegment, Some(next)) = (here, symbol, reached.get_mut(at + 1)) {
            *next = true;
        }
    }
}

/// Whether some character fits both symbols.
fn shares(one: Symbol, other: Symbol) -> bool {
    let in_segment = |symbol| matches!(symbol, Symbol::RunInSegment | Symbol::CharInSegment);
    match (one, other) {
        (Symbol::Char(a), Symbol::Char(b)) => a == b,
        (Symbol::Char('/'), symbol) | (symbol, Symbol::Char('/')) => !in_segment(symbol),
        _ => true,
    }
}
