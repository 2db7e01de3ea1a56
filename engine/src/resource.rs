//! The `Resource` and `NotResource` elements: ARN patterns, matched part by part (SEMANTICS §3).

use crate::arn::Arn;
use crate::catalogue::Symbol;
use crate::document::{Node, Value, strings};
use crate::layer::Layer;
use crate::pattern::{Fit, Pattern, Pieces, Syntax, Variable, VariableMistake, VariableMistakeKind, Variables};
use crate::problem::{Code, Problem, Span};
use crate::request::Request;
use crate::truth::Truth;
use smallvec::SmallVec;

/// `Resource` or `NotResource`.
#[derive(Debug, Clone, PartialEq)]
pub enum ResourceElement {
    /// Matches the resources that an entry matches.
    Resource(Vec<ResourcePattern>),
    /// Matches the resources that no entry matches, `*` included (R3.23, R3.25).
    NotResource(Vec<ResourcePattern>),
}

/// One entry: `*`, or the pattern of an ARN.
///
/// ```
/// use can_access_engine::resource::ResourcePattern;
/// let pattern = ResourcePattern::parse("arn:aws:s3:::b/*_$folder$");
/// assert!(pattern.matches_text("arn:aws:s3:::b/2017-02-02_$folder$"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ResourcePattern {
    text: Box<str>,
    span: Span,
    shape: Shape,
}

#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Everything,
    /// Partition, service, Region and account; and the resource, which alone may hold variables (R3.17).
    Arn {
        head: Head,
        last: Pattern,
    },
    /// Written so that no resource fits.
    Nothing,
}

/// The parts of an ARN pattern between `arn:` and the resource.
#[derive(Debug, Clone, PartialEq)]
enum Head {
    /// Nothing in them is a wildcard: so many bytes of the text, `arn:` and the last colon included.
    Literal(usize),
    Patterns(Box<[Pattern; 4]>),
}

/// How an ARN with fewer than six parts is read (R3.11).
enum Padding {
    Padded,
    Nothing,
    Refused,
}

impl ResourcePattern {
    /// Compiles an entry of an identity policy of Version `2012-10-17`. What is no ARN pattern matches nothing.
    ///
    /// ```
    /// use can_access_engine::resource::ResourcePattern;
    /// assert!(!ResourcePattern::parse("my-bucket").matches_text("arn:aws:s3:::my-bucket"));
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::compile(text, Span::default(), Layer::Identity, true, &mut Vec::new())
    }

    /// Whether the entry fits a resource, taking every variable as having no value.
    ///
    /// ```
    /// use can_access_engine::resource::ResourcePattern;
    /// assert!(ResourcePattern::parse("*").matches_text("arn:aws:s3:::b"));
    /// assert!(!ResourcePattern::parse("arn:aws:s3:::b/*").matches_text("arn:aws:s3:::b"));
    /// ```
    #[must_use]
    pub fn matches_text(&self, resource: &str) -> bool {
        self.fit_text(resource, &()).is_yes()
    }

    /// Whether the entry fits the resource of a request.
    #[must_use]
    #[inline]
    pub fn fit(&self, request: &Request<'_>) -> Fit<'_> {
        match &self.shape {
            // Five colons are in it, so that what follows is the sixth part of the resource, too.
            Shape::Arn { head: Head::Literal(length), last } if request.matched_as().is_none() => {
                let head = self.text.as_bytes().get(..*length);
                let rest = head.and_then(|head| request.resource().as_str().as_bytes().strip_prefix(head));
                rest.map_or(Fit::No, |rest| last.fit_of(rest, request))
            }
            _ => self.fit_otherwise(request),
        }
    }

    #[inline(never)]
    fn fit_otherwise(&self, request: &Request<'_>) -> Fit<'_> {
        match request.matched_as() {
            // An action that takes no resource is covered by `*` alone (R3.22), but for the list of all buckets (R3.24).
            Some(text) => self.fit_text(text, request),
            None if self.is_everything() => Fit::Yes,
            None => request.resource().arn().map_or(Fit::No, |arn| self.fit_arn(arn, request)),
        }
    }

    fn fit_text(&self, text: &str, variables: &impl Variables) -> Fit<'_> {
        if self.is_everything() {
            return Fit::Yes;
        }
        Arn::parse(text).map_or(Fit::No, |arn| self.fit_arn(&arn, variables))
    }

    fn fit_arn(&self, arn: &Arn<'_>, variables: &impl Variables) -> Fit<'_> {
        self.last_part_for(arn).map_or(Fit::No, |last| last.fit(arn.resource, variables))
    }

    /// Whether the entry would fit if letter case did not count before the resource part (R3.10).
    pub(crate) fn differs_by_case(&self, request: &Request<'_>) -> bool {
        let resource = request.asked_of();
        let Shape::Arn { head, last } = &self.shape else { return false };
        if let Head::Literal(length) = head {
            // Most entries would not fit, either way: that is told without looking for colons.
            let parts = self.text.as_bytes().get(..*length).zip(resource.as_bytes().get(..*length));
            if !parts.is_some_and(|(own, start)| own != start && own.eq_ignore_ascii_case(start)) {
                return false;
            }
        }
        let Some(arn) = request.resource().arn().filter(|_| !request.is_on_everything()) else { return false };
        let folded = |pattern: &Pattern, part: &str| {
            if pattern.is_everything() {
                return true;
            }
            if let Some(literal) = pattern.as_literal() {
                return literal.eq_ignore_ascii_case(part);
            }
            let folded = Pattern::parse(&pattern.to_string().to_ascii_lowercase(), Syntax::RESOURCE).0;
            folded.is_match(&part.to_ascii_lowercase())
        };
        let fits = match head {
            Head::Literal(_) => self.literals().zip(arn.parts()).all(|(own, part)| own.eq_ignore_ascii_case(part)),
            Head::Patterns(patterns) => patterns.iter().zip(arn.parts()).all(|(own, part)| folded(own, part)),
        };
        fits && last.fit(arn.resource, request) == Fit::Yes
    }

    /// Whether nothing before the resource part is written in capitals, or so that it hangs on the version: what differs
    /// from an ARN without capitals then does so whatever the letter case.
    pub(crate) fn starts_plainly(&self) -> bool {
        let head = self.text.splitn(6, ':').take(5);
        !head.flat_map(str::bytes).any(|byte| byte.is_ascii_uppercase() || byte == b'$')
    }

    /// Whether the entry would fit if a `*` at the end of a part before the last reached beyond the colon, as a sentence
    /// of AWS's page on `Resource` can be read (R3.4).
    pub(crate) fn would_fit_across_colons(&self, resource: &str) -> bool {
        let Shape::Arn { head: Head::Patterns(_), last } = &self.shape else { return false };
        let reaches = self.text.split(':').take(5).any(|part| part.ends_with('*'));
        let last_has_variable = last.variables().next().is_some();
        let start = self.text.split(['*', '?', '$']).next().unwrap_or_default();
        reaches
            && !last_has_variable
            && resource.starts_with(start)
            && Pattern::parse(&self.text, Syntax::RESOURCE).0.is_match(resource)
    }

    /// The entry with its variables replaced by their values in a request; `None` if it has none, or one has no value.
    #[must_use]
    pub fn with_values(&self, request: &Request<'_>) -> Option<String> {
        let last = self.last_part().filter(|last| last.variables().next().is_some())?;
        let head: Vec<&str> = self.text.splitn(6, ':').take(5).collect();
        Some(format!("{}:{}", head.join(":"), last.resolved(request)?))
    }

    /// The pattern of the sixth part, if the entry is an ARN pattern.
    pub(crate) fn last_part(&self) -> Option<&Pattern> {
        match &self.shape {
            Shape::Arn { last, .. } => Some(last),
            Shape::Everything | Shape::Nothing => None,
        }
    }

    /// The pattern of the sixth part, if the five before fit those of an ARN.
    pub(crate) fn last_part_for(&self, arn: &Arn<'_>) -> Option<&Pattern> {
        let Shape::Arn { head, last } = &self.shape else { return None };
        let fits = match head {
            Head::Literal(length) => {
                let head = self.text.get("arn:".len()..*length).unwrap_or_default();
                let [parts @ .., _] = arn.parts();
                let rest = parts.into_iter().try_fold(head, |head, part| head.strip_prefix(part)?.strip_prefix(':'));
                rest.is_some_and(str::is_empty)
            }
            Head::Patterns(patterns) => patterns.iter().zip(arn.parts()).all(|(own, part)| own.is_match(part)),
        };
        fits.then_some(last)
    }

    /// The same, if the sixth part can fit what begins with that of the ARN, as its first characters say.
    pub(crate) fn last_part_within(&self, arn: &Arn<'_>) -> Option<&Pattern> {
        let last = self.last_part().filter(|last| !last.begins_otherwise(arn.resource));
        last.and_then(|_| self.last_part_for(arn))
    }

    /// Partition, service, Region and account, where they are literal.
    fn literals(&self) -> impl Iterator<Item = &str> {
        self.text.splitn(6, ':').skip(1).take(4)
    }

    /// The literal texts of the entry; none if it is no ARN pattern.
    pub(crate) fn pieces(&self) -> Option<Pieces> {
        let Shape::Arn { head, last } = &self.shape else { return None };
        let pieces = match head {
            Head::Literal(length) => Pieces::default().literal(self.text.get(..*length).unwrap_or_default()),
            Head::Patterns(patterns) => {
                let start = Pieces::default().literal("arn:");
                patterns.iter().fold(start, |pieces, part| pieces.then(part).literal(":"))
            }
        };
        Some(pieces.then(last))
    }

    /// The entry as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
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

    /// Whether the entry is written so that resources can fit.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        self.shape != Shape::Nothing
    }

    /// What can stand where in the five parts behind `arn:`, if the entry is the pattern of an ARN.
    pub(crate) fn symbols(&self) -> Option<[Vec<Symbol>; 5]> {
        match &self.shape {
            Shape::Arn { head, last } => {
                let mut symbols: [Vec<Symbol>; 5] = match head {
                    Head::Literal(_) => {
                        let mut literals = self.literals();
                        std::array::from_fn(|_| literals.next().unwrap_or_default().chars().map(Symbol::Char).collect())
                    }
                    Head::Patterns(patterns) => {
                        std::array::from_fn(|at| patterns.get(at).map(Pattern::symbols).unwrap_or_default())
                    }
                };
                symbols[4] = last.symbols();
                Some(symbols)
            }
            Shape::Everything | Shape::Nothing => None,
        }
    }

    /// Whether the ARN has fewer than six parts and was filled up (R3.11).
    pub(crate) fn is_short(&self) -> bool {
        matches!(self.shape, Shape::Arn { head: Head::Patterns(_), .. }) && self.text.matches(':').count() < 5
    }

    fn compile(text: &str, span: Span, layer: Layer, variables: bool, problems: &mut Vec<Problem>) -> Self {
        let of = |shape| Self { text: text.into(), span, shape };
        if !text.is_empty() && text.bytes().all(|byte| byte == b'*') {
            return of(Shape::Everything);
        }
        if !text.starts_with("arn:") {
            problems.push(no_arn(text, span));
            return of(Shape::Nothing);
        }
        let mut parts: SmallVec<[&str; 5]> = SmallVec::new();
        let mut rest = text.get(4..).unwrap_or_default();
        while let Some(colon) = memchr::memchr(b':', rest.as_bytes()).filter(|_| parts.len() < 4) {
            parts.push(rest.get(..colon).unwrap_or_default());
            rest = rest.get(colon + 1..).unwrap_or_default();
        }
        parts.push(rest);
        let head_length = text.len() - parts.get(4).map_or(0, |last| last.len());
        if variables && text.get(..head_length).is_some_and(|head| head.contains("${")) {
            let tail = text.rfind("${").unwrap_or_default();
            if text.get(tail..).is_some_and(|tail| !tail.contains('}')) {
                problems.push(variable_problem(VariableMistakeKind::Unclosed, span, "${"));
            }
            problems.push(
                Problem::warning(
                    Code::VariableNotAllowed,
                    span,
                    format!("`{text}` matches nothing: variables are replaced in the last part of an ARN only"),
                )
                .help("write `*` or the value itself in the parts before; fill in template variables first"),
            );
            return of(Shape::Nothing);
        }
        let is_short = parts.len() < 5;
        if is_short {
            match pad(text, layer) {
                Padding::Padded => {
                    problems.push(short_arn(text, span, "the missing parts count as `*`"));
                    parts.resize(5, "*");
                }
                Padding::Nothing => {
                    problems.push(short_arn(text, span, "it matches nothing"));
                    return of(Shape::Nothing);
                }
                Padding::Refused => {
                    let message = format!("`{text}` has fewer than six parts");
                    problems.push(
                        Problem::error(Code::ShortArn, span, message)
                            .help("write all of arn:partition:service:region:account:resource"),
                    );
                    return of(Shape::Nothing);
                }
            }
        }
        let plain = |index: usize| Pattern::parse(parts.get(index).copied().unwrap_or_default(), Syntax::WILDCARDS).0;
        let is_literal = parts.iter().take(4).all(|part| !part.contains(['*', '?']));
        let last = parts.get(4).copied().unwrap_or_default();
        let (last_pattern, mistakes) = Pattern::parse(last, Syntax { wildcards: true, variables });
        report_variables(last, &mistakes, span, problems);
        if !variables && last.contains("${") {
            problems.push(unversioned_variable(span));
        }
        if parts.get(1).is_some_and(|service| service.contains(['*', '?'])) {
            problems.push(Problem::warning(
                Code::BadResource,
                span,
                format!("`{text}` has a wildcard in its service part, which AWS advises against"),
            ));
        }
        // Of a short one, the fourth part has no colon behind it, where it would have to end.
        let head = if is_literal && !is_short {
            Head::Literal(head_length)
        } else {
            Head::Patterns(Box::new([plain(0), plain(1), plain(2), plain(3)]))
        };
        of(Shape::Arn { head, last: last_pattern })
    }
}

fn pad(text: &str, layer: Layer) -> Padding {
    match layer {
        Layer::Identity | Layer::Session | Layer::Boundary => Padding::Padded,
        Layer::Resource | Layer::Endpoint if text.contains('*') => Padding::Padded,
        Layer::Resource | Layer::Endpoint => Padding::Nothing,
        Layer::Scp if text.ends_with('*') => Padding::Padded,
        Layer::Scp | Layer::Rcp => Padding::Refused,
    }
}

fn short_arn(text: &str, span: Span, outcome: &str) -> Problem {
    Problem::warning(Code::ShortArn, span, format!("`{text}` has fewer than six parts; {outcome}"))
        .help("write all of arn:partition:service:region:account:resource")
}

fn no_arn(text: &str, span: Span) -> Problem {
    let problem = Problem::error(Code::BadResource, span, format!("`{text}` is no ARN"));
    let trimmed = text.trim();
    if trimmed != text && (trimmed.starts_with("arn:") || trimmed == "*") {
        problem.help("remove the white space around it; nothing is trimmed")
    } else if trimmed.len() >= 4 && trimmed.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("arn:")) {
        problem.help("`arn` is written in lower case")
    } else if ["aws:", "aws-cn:", "aws-us-gov:"].iter().any(|partition| text.starts_with(partition)) {
        problem.help(format!("did you mean `arn:{text}`?"))
    } else if text.starts_with("execute-api:/") {
        problem.help("write the whole ARN: arn:aws:execute-api:REGION:ACCOUNT:API/…; API Gateway fills in the short form when it saves the policy")
    } else if text.starts_with(['$', '%', '<', '{', '\'']) {
        problem.help("it looks like a placeholder that was never filled in")
    } else {
        problem.help("a resource is `*` or an ARN, such as `arn:aws:s3:::bucket/*`")
    }
}

/// Reports what is wrong with the variables of `text`, a part of the string at `span`.
pub(crate) fn report_variables(text: &str, mistakes: &[VariableMistake], span: Span, problems: &mut Vec<Problem>) {
    for mistake in mistakes {
        let variable = text.get(mistake.start..mistake.end).unwrap_or_default();
        problems.push(variable_problem(mistake.kind, span, variable));
    }
}

fn variable_problem(kind: VariableMistakeKind, span: Span, variable: &str) -> Problem {
    let error = |message: String| Problem::error(Code::BadVariable, span, message);
    match kind {
        VariableMistakeKind::Unclosed => {
            error("`${` has no `}` behind it".to_owned()).help("close the variable, or write `${$}{` for the text `${`")
        }
        VariableMistakeKind::Empty => error(format!("`{variable}` names no key")),
        VariableMistakeKind::UnquotedDefault => {
            error(format!("the default of `{variable}` is not in single quotes")).help("write `${key, 'default'}`")
        }
        VariableMistakeKind::Spacing => error(format!("`{variable}` has other spacing than a comma and one space"))
            .help("write `${key, 'default'}`"),
        VariableMistakeKind::SpaceInName => error(format!("`{variable}` has white space in its name")),
        VariableMistakeKind::SpaceInTag => Problem::warning(
            Code::BadVariable,
            span,
            format!("`{variable}` has a space in its tag key, which AWS may refuse in a policy"),
        ),
        VariableMistakeKind::StrangeName => Problem::warning(
            Code::BadVariable,
            span,
            format!("`{variable}` names no condition key, so it never has a value"),
        )
        .help("variables do not nest; fill in template variables before the policy is used"),
    }
}

/// `${` in a policy whose version has no variables.
pub(crate) fn unversioned_variable(span: Span) -> Problem {
    Problem::warning(Code::VariableNotAllowed, span, "`${…}` is plain text here: this `Version` has no variables")
        .help("set \"Version\": \"2012-10-17\" if variables are meant")
}

impl ResourceElement {
    /// The entries, in order.
    #[must_use]
    pub fn entries(&self) -> &[ResourcePattern] {
        match self {
            Self::Resource(entries) | Self::NotResource(entries) => entries,
        }
    }

    /// Whether this is `NotResource`.
    #[must_use]
    pub fn is_negated(&self) -> bool {
        matches!(self, Self::NotResource(_))
    }

    /// Whether the element matches the resource of a request.
    ///
    /// An entry whose variable has no value matches no resource (R3.19); under `NotResource` it excludes none (R3.20).
    #[must_use]
    #[inline(always)]
    pub fn matches(&self, request: &Request<'_>) -> Truth {
        let listed = Truth::any(self.entries().iter().map(|entry| match entry.fit(request) {
            Fit::Yes => Truth::True,
            Fit::No | Fit::Unresolved(_) => Truth::False,
            Fit::Unknown(_) => Truth::Unknown,
        }));
        if self.is_negated() { !listed } else { listed }
    }

    /// The variables of the element.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&ResourcePattern, &Variable)> {
        self.entries().iter().flat_map(|entry| {
            entry.last_part().into_iter().flat_map(move |last| last.variables().map(move |v| (entry, v)))
        })
    }

    /// Reads the element; `variables` is whether the policy's version has them.
    pub(crate) fn read(node: &Node, negated: bool, layer: Layer, variables: bool, problems: &mut Vec<Problem>) -> Self {
        let element = if negated { "NotResource" } else { "Resource" };
        if matches!(&node.value, Value::Array(items) if items.is_empty()) {
            let message = format!("the list of `{element}` is empty");
            problems.push(if negated {
                Problem::error(Code::EmptyList, node.span, format!("{message}: it would cover every resource"))
            } else {
                Problem::warning(Code::EmptyList, node.span, format!("{message}, so the statement never applies"))
            });
        }
        let mut entries = Vec::with_capacity(node.one_or_many().len());
        strings(node, element, problems, |text, span, problems| {
            entries.push(ResourcePattern::compile(text, span, layer, variables, problems));
        });
        if negated { Self::NotResource(entries) } else { Self::Resource(entries) }
    }
}
