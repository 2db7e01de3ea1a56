//! The `Action` and `NotAction` elements (SEMANTICS §2). Letter case does not count, and nothing is expanded but `*`
//! and `?`.

use crate::catalogue::ActionId;
use crate::document::{Node, Value, strings};
use crate::pattern::{Pattern, Syntax};
use crate::problem::{Code, Problem, Span};
use crate::request::Action;
use memchr::memchr;

/// `Action` or `NotAction`.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionElement {
    negated: bool,
    entries: Vec<ActionPattern>,
    /// Which actions an entry can match.
    sieve: Sieve,
}

/// A set of actions that is easily asked, and holds others, too.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sieve(u64);

impl Sieve {
    const NOTHING: Self = Self(0);
    const EVERYTHING: Self = Self(u64::MAX);

    /// Those with an id.
    fn of(id: ActionId) -> Self {
        Self(1 << id.low_bits())
    }

    fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// One entry: `*`, or a service prefix and a name, each with its own wildcards (R2.4).
///
/// ```
/// use can_access_engine::action::ActionPattern;
/// use can_access_engine::request::Action;
/// let pattern = ActionPattern::parse("s3:Get*");
/// assert!(pattern.matches(&Action::parse("S3:getobject").unwrap()));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ActionPattern {
    /// The text as written, and behind it the same in lower case.
    texts: Box<str>,
    span: Span,
    shape: Shape,
}

#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Everything,
    /// One action: where its colon is, and its id.
    Action(usize, ActionId),
    /// All actions of one service whose names begin with what stands between the colon, which is there, and the `*` at the
    /// end.
    Head(usize),
    /// Those whose service and name fit patterns, which few entries have.
    Patterns(Box<Patterns>),
    /// Written so that no action fits.
    Nothing,
}

#[derive(Debug, Clone, PartialEq)]
struct Patterns {
    service: Pattern,
    name: Pattern,
}

/// How an entry says which actions it matches; everything in lower case.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form<'p> {
    /// All of them.
    Everything,
    /// This one, and its id.
    Action(&'p str, ActionId),
    /// Those of a service whose names begin so.
    Head { service: &'p str, head: &'p str },
    /// Those of a service with names that fit.
    OfService { service: &'p str, name: &'p Pattern },
    /// Those of several services.
    AcrossServices,
    /// None.
    Nothing,
}

/// Why an entry can never match, or is better written otherwise.
enum Oddity {
    NoPrefix,
    TwoColons,
    EmptyPart,
    Space,
    Comma,
    WildcardService,
}

/// What signs other than letters, digits and hyphens a text has.
fn signs(text: &str) -> u8 {
    text.bytes().fold(0, |all, byte| all | SIGNS.get(usize::from(byte)).copied().unwrap_or(STRANGE))
}

const COLON: u8 = 1;
const WILDCARD: u8 = 1 << 1;
const COMMA: u8 = 1 << 2;
/// White space of ASCII.
const BLANK: u8 = 1 << 3;
const STRANGE: u8 = 1 << 4;

/// Which signs bytes are.
#[expect(clippy::indexing_slicing, reason = "computed by the compiler, which checks it")]
const SIGNS: [u8; 256] = {
    let mut signs = [STRANGE; 256];
    let mut byte = 0;
    while byte < signs.len() {
        signs[byte] = match byte as u8 {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' => 0,
            b':' => COLON,
            b'*' | b'?' => WILDCARD,
            b',' => COMMA,
            b' ' | b'\t'..=b'\r' => BLANK,
            _ => STRANGE,
        };
        byte += 1;
    }
    signs
};

impl ActionPattern {
    /// Compiles an entry. One that is no action pattern matches nothing (R2.5, R2.6).
    ///
    /// ```
    /// use can_access_engine::action::ActionPattern;
    /// use can_access_engine::request::Action;
    /// let action = Action::parse("s3:GetObject").unwrap();
    /// assert!(!ActionPattern::parse("s3:GetObject ").matches(&action)); // nothing is trimmed
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::compile(text, Span::default()).0
    }

    fn compile(text: &str, span: Span) -> (Self, Option<Oddity>) {
        let mut texts = text.repeat(2);
        if let Some(folded) = texts.get_mut(text.len()..) {
            folded.make_ascii_lowercase();
        }
        let (shape, oddity) = Self::shape(texts.get(text.len()..).unwrap_or_default());
        (Self { texts: texts.into(), span, shape }, oddity)
    }

    /// What a text in lower case says.
    fn shape(text: &str) -> (Shape, Option<Oddity>) {
        if !text.is_empty() && text.bytes().all(|byte| byte == b'*') {
            return (Shape::Everything, None);
        }
        let nothing = |oddity| (Shape::Nothing, Some(oddity));
        let colon = memchr(b':', text.as_bytes()).and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)));
        let Some((service, name)) = colon else { return nothing(Oddity::NoPrefix) };
        let (of_service, of_name) = (signs(service), signs(name));
        let all = of_service | of_name;
        let has_parts = !service.is_empty() && !name.is_empty();
        if all == 0 && has_parts {
            return (Shape::Action(service.len(), ActionId::of(text)), None);
        }
        if all & COMMA != 0 {
            return nothing(Oddity::Comma);
        }
        if of_name & COLON != 0 {
            return nothing(Oddity::TwoColons);
        }
        if all & BLANK != 0 || all & STRANGE != 0 && text.contains(char::is_whitespace) {
            return nothing(Oddity::Space);
        }
        if !has_parts {
            return nothing(Oddity::EmptyPart);
        }
        match (of_service & WILDCARD != 0, name.strip_suffix('*')) {
            (false, Some(head)) if signs(head) & WILDCARD == 0 => return (Shape::Head(service.len()), None),
            (false, None) if of_name & WILDCARD == 0 => {
                return (Shape::Action(service.len(), ActionId::of(text)), None);
            }
            _ => {}
        }
        let pattern = |part: &str| Pattern::parse(part, Syntax::WILDCARDS).0;
        let oddity = (of_service & WILDCARD != 0).then_some(Oddity::WildcardService);
        (Shape::Patterns(Box::new(Patterns { service: pattern(service), name: pattern(name) })), oddity)
    }

    /// The text in lower case.
    fn folded(&self) -> &str {
        self.texts.get(self.texts.len() / 2..).unwrap_or_default()
    }

    /// The two sides of the colon, which is there, in lower case.
    fn sides(&self, colon: usize) -> (&str, &str) {
        let folded = self.folded();
        (folded.get(..colon).unwrap_or_default(), folded.get(colon + 1..).unwrap_or_default())
    }

    /// Whether the entry matches an action.
    ///
    /// ```
    /// # use can_access_engine::action::ActionPattern;
    /// # use can_access_engine::request::Action;
    /// let pattern = ActionPattern::parse("*:*");
    /// assert!(pattern.matches(&Action::parse("ec2:RunInstances").unwrap()));
    /// ```
    #[must_use]
    #[inline]
    pub fn matches(&self, action: &Action) -> bool {
        match self.shape {
            Shape::Action(_, id) => id == action.id() && self.is(action),
            _ => self.covers_action(action),
        }
    }

    #[inline(never)]
    fn covers_action(&self, action: &Action) -> bool {
        self.covers(action.service(), action.name())
    }

    /// Whether the text is that of an action.
    #[inline]
    fn is(&self, action: &Action) -> bool {
        let texts = self.texts.as_bytes();
        texts.get(texts.len() / 2..) == Some(action.folded().as_bytes())
    }

    /// Whether the entry matches the action with a service prefix and a name, both in lower case.
    pub(crate) fn covers(&self, prefix: &str, action: &str) -> bool {
        match &self.shape {
            Shape::Everything => true,
            Shape::Action(colon, _) => self.sides(*colon) == (prefix, action),
            Shape::Head(colon) => {
                let (service, name) = self.sides(*colon);
                service == prefix && name.strip_suffix('*').is_some_and(|head| action.starts_with(head))
            }
            Shape::Patterns(of) => of.service.is_match(prefix) && of.name.is_match(action),
            Shape::Nothing => false,
        }
    }

    fn sieve(&self) -> Sieve {
        match self.shape {
            Shape::Action(_, id) => Sieve::of(id),
            Shape::Nothing => Sieve::NOTHING,
            Shape::Everything | Shape::Head(_) | Shape::Patterns(_) => Sieve::EVERYTHING,
        }
    }

    /// The entry as what it can be found by.
    pub(crate) fn form(&self) -> Form<'_> {
        match &self.shape {
            Shape::Everything => Form::Everything,
            Shape::Action(_, id) => Form::Action(self.folded(), *id),
            Shape::Head(colon) => {
                let (service, name) = self.sides(*colon);
                Form::Head { service, head: name.strip_suffix('*').unwrap_or(name) }
            }
            Shape::Patterns(of) => match of.service.as_literal() {
                Some(service) => Form::OfService { service, name: &of.name },
                None => Form::AcrossServices,
            },
            Shape::Nothing => Form::Nothing,
        }
    }

    /// Whether the entry has the form of an action, with or without wildcards.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        self.shape != Shape::Nothing
    }

    /// The entry as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.texts.get(..self.texts.len() / 2).unwrap_or_default()
    }

    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// Whether the entry is nothing but `*`s.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.shape == Shape::Everything
    }

    /// The service prefix in lower case, if it has no wildcard.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        match &self.shape {
            Shape::Action(colon, _) | Shape::Head(colon) => Some(self.sides(*colon).0),
            Shape::Patterns(of) => of.service.as_literal(),
            Shape::Everything | Shape::Nothing => None,
        }
    }
}

impl ActionElement {
    /// `Action`: matches the actions that an entry matches.
    #[must_use]
    pub fn action(entries: Vec<ActionPattern>) -> Self {
        Self::of(false, entries)
    }

    /// `NotAction`: matches the actions of every service that no entry matches (R2.8, R2.9).
    #[must_use]
    pub fn not_action(entries: Vec<ActionPattern>) -> Self {
        Self::of(true, entries)
    }

    fn of(negated: bool, entries: Vec<ActionPattern>) -> Self {
        let sieve = entries.iter().fold(Sieve::NOTHING, |sieve, entry| sieve.with(entry.sieve()));
        Self { negated, entries, sieve }
    }

    /// The entries, in order.
    #[must_use]
    pub fn entries(&self) -> &[ActionPattern] {
        &self.entries
    }

    /// Whether this is `NotAction`.
    #[must_use]
    pub fn is_negated(&self) -> bool {
        self.negated
    }

    /// Whether the element matches an action.
    #[must_use]
    #[inline]
    pub fn matches(&self, action: &Action) -> bool {
        let listed = self.sieve.meets(Sieve::of(action.id())) && self.entry_for(action).is_some();
        listed != self.negated
    }

    /// The first entry that matches an action.
    #[must_use]
    #[inline]
    pub fn entry_for(&self, action: &Action) -> Option<&ActionPattern> {
        self.entries.iter().find(|entry| entry.matches(action))
    }

    /// Reads the element.
    pub(crate) fn read(node: &Node, negated: bool, problems: &mut Vec<Problem>) -> Self {
        let element = if negated { "NotAction" } else { "Action" };
        if matches!(&node.value, Value::Array(items) if items.is_empty()) {
            let message = format!("the list of `{element}` is empty");
            problems.push(if negated {
                Problem::error(Code::EmptyList, node.span, format!("{message}: it would cover every action"))
            } else {
                Problem::warning(Code::EmptyList, node.span, format!("{message}, so the statement never applies"))
            });
        }
        let mut entries = Vec::with_capacity(node.one_or_many().len());
        strings(node, element, problems, |text, span, problems| {
            let (entry, oddity) = ActionPattern::compile(text, span);
            problems.extend(oddity.map(|oddity| oddity.report(text, span)));
            entries.push(entry);
        });
        Self::of(negated, entries)
    }
}

impl Oddity {
    fn report(&self, text: &str, span: Span) -> Problem {
        match self {
            Self::NoPrefix => Problem::error(Code::BadAction, span, format!("`{text}` has no service prefix"))
                .help("an action is `service:Name`, such as `s3:GetObject`"),
            Self::TwoColons => Problem::error(Code::BadAction, span, format!("`{text}` has more than one colon"))
                .help("an action is `service:Name`; ARNs belong in `Resource`"),
            Self::EmptyPart => {
                let message = format!("`{text}` matches no action: one side of the colon is empty");
                Problem::warning(Code::BadAction, span, message).help("write `service:*` for all actions of a service")
            }
            Self::Space => {
                let message = format!("`{text}` matches no action: it has white space");
                Problem::warning(Code::BadAction, span, message).help("remove the white space; nothing is trimmed")
            }
            Self::Comma => {
                let message = format!("`{text}` matches no action: it has a comma");
                Problem::warning(Code::BadAction, span, message).help("several actions are a list of strings")
            }
            Self::WildcardService => {
                let message = format!("`{text}` has a wildcard in its service prefix");
                Problem::warning(Code::WildcardService, span, message).help("name the services: AWS advises against it")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_action_pattern_matches_nothing_even_when_read_leniently() {
        let action = Action::parse("s3:GetObject").unwrap();
        for text in ["GetObject", "s3:", "s3:GetObject ", "s3:GetObject,s3:PutObject", "", "s3:${*}", ":GetObject"] {
            assert!(!ActionPattern::parse(text).matches(&action), "{text}");
        }
    }
}
