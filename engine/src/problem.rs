//! What can be wrong with a text, and where: places, spans, and the problems that reading reports.
//!
//! This module knows nothing of JSON or of policies. Every finding of every reader in this crate is a [`Problem`]: a
//! [`Code`] to match on, a message written for the author of the policy, the [`Span`] where the mistake is, and, where
//! we know it, what to do.

use std::fmt;
use std::sync::Arc;

/// A range of bytes in a text, `start` inclusive, `end` exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte.
    pub end: usize,
}

impl Span {
    /// The span from `start` up to but not including `end`.
    ///
    /// ```
    /// use can_access_engine::problem::Span;
    /// assert_eq!(Span::new(2, 5).len(), 3);
    /// ```
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The empty span at `offset`: a place between two bytes.
    ///
    /// ```
    /// use can_access_engine::problem::Span;
    /// assert!(Span::at(7).is_empty());
    /// ```
    #[must_use]
    pub fn at(offset: usize) -> Self {
        Self::new(offset, offset)
    }

    /// How many bytes the span covers.
    ///
    /// ```
    /// use can_access_engine::problem::Span;
    /// assert_eq!(Span::new(0, 4).len(), 4);
    /// ```
    #[must_use]
    pub fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether the span covers nothing.
    ///
    /// ```
    /// use can_access_engine::problem::Span;
    /// assert!(!Span::new(0, 1).is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// A place for people: line and column, both counted from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct Place {
    /// The line, from 1. Lines end at a line feed.
    pub line: usize,
    /// The column, from 1, in Unicode scalar values.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A text with its name (usually a file's path), able to turn byte offsets into places.
///
/// ```
/// use can_access_engine::problem::Source;
/// let source = Source::new("p.json", "{\n  \"é\": 1\n}");
/// assert_eq!(source.place(9).to_string(), "2:7"); // `é` is two bytes and one column
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    line_starts: Vec<usize>,
}

impl Source {
    /// Keeps `text` under `name`.
    ///
    /// ```
    /// use can_access_engine::problem::Source;
    /// assert_eq!(Source::new("p.json", "{}").name(), "p.json");
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        let text = text.into();
        let line_starts =
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect();
        Arc::new(Self { name: name.into(), text, line_starts })
    }

    /// What the text is called in messages.
    ///
    /// ```
    /// # use can_access_engine::problem::Source;
    /// assert_eq!(Source::new("-", "").name(), "-");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text itself, as given.
    ///
    /// ```
    /// # use can_access_engine::problem::Source;
    /// assert_eq!(Source::new("-", "{}").text(), "{}");
    /// ```
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte offset; an offset past the end is the place behind the last character.
    ///
    /// ```
    /// # use can_access_engine::problem::Source;
    /// assert_eq!(Source::new("-", "a\nb").place(2).line, 2);
    /// ```
    #[must_use]
    pub fn place(&self, offset: usize) -> Place {
        let line = self.line_starts.partition_point(|&start| start <= offset).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        // A byte-order mark takes no column: editors do not show it.
        let start = if start == 0 && self.text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { start };
        let before = self.text.as_bytes().get(start..offset.min(self.text.len())).unwrap_or_default();
        // Count the bytes that begin a character: an offset inside one belongs to it.
        let characters = || before.iter().filter(|&&byte| byte & 0xC0 != 0x80).count();
        let column = if before.is_ascii() { before.len() } else { characters() } + 1;
        Place { line, column }
    }
}

/// Whether a problem stops the text from being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// AWS accepts the text; it may not mean what its author thinks.
    Warning,
    /// The text is refused.
    Error,
}

/// One finding in a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// What kind of problem it is; stable, to match on.
    pub code: Code,
    /// Whether the text is refused because of it.
    pub severity: Severity,
    /// Where the mistake is.
    pub span: Span,
    /// What is wrong, in the words of the policy's author.
    pub message: String,
    /// What to do about it, if we know.
    pub help: Option<String>,
    /// Another place that explains this one: the first of two duplicates, the bracket that was left open.
    pub related: Option<(Span, String)>,
}

impl Problem {
    /// A problem that refuses the text.
    pub(crate) fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, span, message: message.into(), help: None, related: None }
    }

    /// A problem that leaves the text usable.
    pub(crate) fn warning(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    /// Adds what to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a second place.
    pub(crate) fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related = Some((span, label.into()));
        self
    }

    /// Whether the problem refuses the text.
    ///
    /// ```
    /// use can_access_engine::document;
    /// assert!(document::read("{,}").problems.iter().all(|problem| problem.is_error()));
    /// ```
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $name:literal,)*) => {
        /// The kinds of problem, each with a stable name for machines.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $code,)* }

        impl Code {
            /// The name used in machine-readable output.
            ///
            /// ```
            /// use can_access_engine::problem::Code;
            /// assert_eq!(Code::MissingComma.name(), "missing-comma");
            /// ```
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }
        }
    };
}

codes! {
    // The text.
    /// Nothing but white space.
    EmptyText = "empty-text",
    /// Bytes that are not UTF-8.
    NotUtf8 = "not-utf-8",
    /// UTF-16 text, seen by its byte-order mark.
    Utf16 = "utf-16",
    /// A byte-order mark in front (a warning) or inside.
    ByteOrderMark = "byte-order-mark",
    /// A page, a YAML file or something else that was never JSON.
    NotJson = "not-json",
    // JSON.
    /// No comma between two members or elements.
    MissingComma = "missing-comma",
    /// A comma with nothing behind it.
    TrailingComma = "trailing-comma",
    /// A comma with nothing before it.
    ExtraComma = "extra-comma",
    /// A comment.
    Comment = "comment",
    /// A line number that was copied with the text.
    LineNumber = "line-number",
    /// Text in single quotes or back quotes.
    SingleQuotes = "single-quotes",
    /// Typographic quotes.
    SmartQuotes = "smart-quotes",
    /// White space that JSON does not know, such as a no-break space.
    InvisibleSpace = "invisible-space",
    /// Text without quotes.
    Unquoted = "unquoted",
    /// `True`, `None` and the like.
    ForeignLiteral = "foreign-literal",
    /// A placeholder that was never filled in.
    Placeholder = "placeholder",
    /// No colon between a name and its value.
    MissingColon = "missing-colon",
    /// A name without a value.
    MissingValue = "missing-value",
    /// A value where a name belongs.
    MissingName = "missing-name",
    /// Several values without brackets.
    LooseValue = "loose-value",
    /// A name and value inside a list.
    MemberInList = "member-in-list",
    /// A brace or bracket that is never closed.
    Unclosed = "unclosed",
    /// A closing brace or bracket that nothing opened.
    StrayCloser = "stray-closer",
    /// A string without its closing quote.
    UnclosedString = "unclosed-string",
    /// A raw control character, such as a line end, inside a string.
    ControlCharacter = "control-character",
    /// A backslash followed by something that is no escape.
    BadEscape = "bad-escape",
    /// A number that is not written the way JSON writes numbers.
    BadNumber = "bad-number",
    /// More nesting than any policy has.
    TooDeep = "too-deep",
    /// Several documents in one text.
    SeveralDocuments = "several-documents",
    /// Text behind the end of the document.
    TrailingText = "trailing-text",
    /// The same name twice in one object.
    DuplicateName = "duplicate-name",
    // The shape of a policy.
    /// The top level is not an object.
    NotAnObject = "not-an-object",
    /// A value of the wrong JSON type.
    WrongType = "wrong-type",
    /// An element that policies do not have.
    UnknownElement = "unknown-element",
    /// A required element is absent.
    MissingElement = "missing-element",
    /// Two elements that exclude each other.
    ConflictingElements = "conflicting-elements",
    /// An element this type of policy does not take.
    ForbiddenElement = "forbidden-element",
    /// A list that may not be empty, or whose emptiness makes the statement useless.
    EmptyList = "empty-list",
    /// A list inside a list.
    NestedList = "nested-list",
    /// A `Version` that does not exist.
    UnknownVersion = "unknown-version",
    /// A policy type that wants `Version` has none.
    MissingVersion = "missing-version",
    /// An `Effect` other than `Allow` and `Deny`.
    UnknownEffect = "unknown-effect",
    /// A `Sid` with characters AWS refuses, or an empty one.
    BadSid = "bad-sid",
    /// The same `Sid` twice.
    DuplicateSid = "duplicate-sid",
    /// A character outside those IAM takes.
    UnusualCharacter = "unusual-character",
    /// An action that can never match.
    BadAction = "bad-action",
    /// A wildcard in an action's service prefix.
    WildcardService = "wildcard-service",
    /// A resource that is no ARN, or one that can never match.
    BadResource = "bad-resource",
    /// An ARN with fewer than six parts.
    ShortArn = "short-arn",
    /// A variable in a place or a Version that has none.
    VariableNotAllowed = "variable-not-allowed",
    /// A variable written wrongly.
    BadVariable = "bad-variable",
    /// A principal that does not exist in this form.
    BadPrincipal = "bad-principal",
    /// A condition operator that does not exist.
    UnknownOperator = "unknown-operator",
    /// An operator in unusual letter case, or combined in a useless way.
    OddOperator = "odd-operator",
    /// Condition keys that differ only by letter case.
    DuplicateKey = "duplicate-key",
    /// A condition value that its operator cannot read.
    BadConditionValue = "bad-condition-value",
    /// `NotPrincipal` with `Allow`.
    AllowNotPrincipal = "allow-not-principal",
    /// An action that AWS does not have.
    UnknownAction = "unknown-action",
    /// An action and the resources of its statement that have nothing to do with each other.
    NeverMeets = "never-meets",
    /// A condition key that AWS does not have.
    UnknownKey = "unknown-key",
    /// A condition key that no request of the statement's actions has.
    UnsupportedKey = "unsupported-key",
    /// Larger than AWS accepts for this type of policy.
    TooLarge = "too-large",
}

/// Problems in the order of their places.
pub(crate) fn in_order(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by_key(|problem| problem.span.start);
    problems
}

/// How many characters have to be added, removed or replaced to make one text the other.
pub(crate) fn edit_distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (b, &above) in other.iter().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(a != *b)).min(above + 1).min(left + 1);
            diagonal = above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
