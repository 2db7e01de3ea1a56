//! The `Condition` element: 27 operators over the keys of a request (SEMANTICS §5).
//!
//! A block is a conjunction of tests, one for each operator and key. A test on a key that is absent, empty or unknown
//! is decided here and nowhere else; comparing one value with another is the business of `value`.

pub mod ip;
mod many;
mod operator;
mod value;

pub use operator::{Base, Family, Operator, SetOperator};
pub use value::{Comparison, ConditionValue};
pub(crate) use value::{Literals, Operand, is_of};

use crate::document::{Member, Node, Value};
use crate::instant::Instant;
use crate::key::ConditionKey;
use crate::layer::Rule;
use crate::pattern::{Pattern, VariableMistakeKind, Variables};
use crate::problem::{Code, Problem, Span};
use crate::request::{Lookup, Request};
use crate::resource::{report_variables, unversioned_variable};
use crate::truth::Truth;
use compact_str::CompactString;
use ip::Network;
use many::Many;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// A `Condition` block: every test must hold (R5.1). An empty one always holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConditionBlock {
    tests: Vec<ConditionTest>,
    /// A part could not be read, so the block never holds (R1.20).
    unreadable: bool,
}

/// One operator on one key.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionTest {
    operator: Operator,
    key: ConditionKey,
    key_span: Span,
    values: Vec<ConditionValue>,
    looked_up: LookedUp,
}

/// What follows from the values of a test, which tests with the same values can share.
#[derive(Debug, Clone, Default)]
struct LookedUp(OnceLock<Arc<OnceLock<Option<Many>>>>);

impl PartialEq for LookedUp {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Tests whose lists of values are put in order once for all that have the same.
#[derive(Debug, Default)]
pub(crate) struct SameValues<'p>(FxHashMap<(Base, Vec<&'p str>), SmallVec<[&'p ConditionTest; 1]>>);

impl<'p> SameValues<'p> {
    /// Adds a test, which from now on shares what follows from its values with an earlier one that has them, too.
    pub(crate) fn share(&mut self, test: &'p ConditionTest) {
        if !Many::are(test.operator.base, &test.values) {
            return;
        }
        let Self(tests) = self;
        let texts = test.values.iter().map(ConditionValue::as_str).collect();
        let earlier = tests.entry((test.operator.base, texts)).or_default();
        let operands = |test: &'p ConditionTest| test.values.iter().map(ConditionValue::operand);
        // The same text has variables in one version of the language and none in the other.
        match earlier.iter().find(|earlier| operands(earlier).eq(operands(test))) {
            None => earlier.push(test),
            Some(same) => {
                let LookedUp(many) = &same.looked_up;
                let LookedUp(own) = &test.looked_up;
                // One that was looked up before keeps what it has.
                let _ = own.set(Arc::clone(many.get_or_init(Arc::default)));
            }
        }
    }
}

/// What a test comes to, and what decided it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evaluation {
    /// Whether the test holds.
    pub truth: Truth,
    /// What decided it.
    pub why: Why,
}

/// What decided a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The values of the request were compared with those of the policy.
    Compared,
    /// The key is absent.
    Absent,
    /// The key holds an empty list, or nothing but empty texts, under a set operator (R5.11).
    EmptyValues,
    /// The key holds a list and the operator takes one value (R5.12).
    NeedsSetOperator,
    /// `Null` asked whether the key is there.
    Presence,
    /// The key is not known.
    Unknown,
}

impl ConditionBlock {
    /// The tests, in the order of the policy.
    #[must_use]
    pub fn tests(&self) -> &[ConditionTest] {
        &self.tests
    }

    /// Whether a part of the block could not be read. The policy was refused; read leniently, the block never holds.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        self.unreadable
    }

    /// Whether every test holds.
    #[must_use]
    pub fn holds(&self, request: &Request<'_>) -> Truth {
        let readable = Truth::from(!self.unreadable);
        readable.and(Truth::all(self.tests.iter().map(|test| test.evaluate(request).truth)))
    }

    /// Reads the element; `variables` is whether the policy's version has them.
    pub(crate) fn read(node: &Node, variables: bool, literals: &mut Literals, problems: &mut Vec<Problem>) -> Self {
        let Value::Object(operators) = &node.value else {
            problems.push(
                Problem::error(Code::WrongType, node.span, format!("`Condition` is {}", node.value.kind()))
                    .help("write { \"Operator\": { \"key\": \"value\" } }"),
            );
            return Self { tests: Vec::new(), unreadable: true };
        };
        let mut tests = Vec::new();
        let mut unreadable = false;
        for member in operators {
            let operator = read_operator(&member.name, member.name_span, problems);
            let Value::Object(keys) = &member.value.value else {
                let message =
                    format!("`{}` takes an object of keys and values, not {}", member.name, member.value.value.kind());
                problems.push(
                    Problem::error(Code::WrongType, member.value.span, message).help("write { \"key\": \"value\" }"),
                );
                unreadable = true;
                continue;
            };
            let Some(operator) = operator else {
                unreadable = true;
                continue;
            };
            let mut seen: BTreeMap<CompactString, &Member> = BTreeMap::new();
            for key in keys {
                let name = ConditionKey::new(&key.name);
                let earlier = if keys.len() > 1 { *seen.entry(name.folded().into()).or_insert(key) } else { key };
                let earlier = Some(earlier).filter(|earlier| earlier.name != key.name);
                if let Some(earlier) = earlier {
                    let message = format!("`{}` and `{}` are the same key", earlier.name, key.name);
                    problems.push(
                        Problem::error(Code::DuplicateKey, key.name_span, message)
                            .related(earlier.name_span, "first here")
                            .help("list all values under one spelling: letter case does not count"),
                    );
                }
                if key.name.trim().is_empty() {
                    problems.push(Problem::error(
                        Code::BadConditionValue,
                        key.name_span,
                        "the condition key has no name",
                    ));
                }
                let values = read_values(operator, key, variables, literals, problems);
                tests.push(ConditionTest {
                    operator,
                    key: name,
                    key_span: key.name_span,
                    values,
                    looked_up: LookedUp::default(),
                });
            }
        }
        Self { tests, unreadable }
    }
}

fn read_operator(name: &str, span: Span, problems: &mut Vec<Problem>) -> Option<Operator> {
    let operator = Operator::parse(name);
    match operator {
        None if name.to_ascii_lowercase().ends_with("nullifexists") => problems.push(
            Problem::error(Code::UnknownOperator, span, "`Null` takes no `IfExists`: it asks whether the key exists")
                .help("write `Null`"),
        ),
        None => {
            let problem =
                Problem::error(Code::UnknownOperator, span, format!("no condition operator is called `{name}`"));
            problems.push(match Operator::nearest(name) {
                Some(nearest) => problem.help(format!("did you mean `{nearest}`?")),
                None => problem
                    .help("a block is { \"Operator\": { \"key\": \"value\" } }, such as { \"StringEquals\": { … } }"),
            });
        }
        Some(operator) => {
            let canonical = operator;
            if !operator.is_written(name) {
                problems.push(
                    Problem::warning(Code::OddOperator, span, format!("`{name}` is usually spelled `{canonical}`"))
                        .help("AWS's documentation gives this one spelling only"),
                );
            }
            if let (Base::Null, Some(set)) = (operator.base, operator.set) {
                let always = if set == SetOperator::ForAllValues { "true" } else { "false" };
                problems.push(
                    Problem::warning(Code::OddOperator, span, format!("`{canonical}` is always {always}"))
                        .help("write `Null` alone"),
                );
            }
        }
    }
    operator
}

fn read_values(
    operator: Operator,
    Member { name: key, value: node, .. }: &Member,
    variables: bool,
    literals: &mut Literals,
    problems: &mut Vec<Problem>,
) -> Vec<ConditionValue> {
    if matches!(&node.value, Value::Array(items) if items.is_empty()) {
        problems.push(Problem::warning(Code::EmptyList, node.span, format!("the list of values for `{key}` is empty")));
    }
    let mut values = Vec::new();
    for item in node.one_or_many() {
        let text = match &item.value {
            Value::String(text) | Value::Number(text) => text,
            Value::Bool(true) => "true",
            Value::Bool(false) => "false",
            other @ (Value::Null | Value::Array(_) | Value::Object(_)) => {
                let message = format!("the value of `{key}` is {}", other.kind());
                problems.push(
                    Problem::error(Code::WrongType, item.span, message)
                        .help("condition values are strings, numbers or booleans, alone or in one list"),
                );
                continue;
            }
        };
        let (value, mistakes) = ConditionValue::read(text, item.span, operator.base, variables, literals);
        report_variables(text, &mistakes, item.span, problems);
        if value.is_malformed() {
            problems.push(malformed(operator, text, item.span, &mistakes));
        } else if !variables && text.contains("${") {
            problems.push(unversioned_variable(item.span));
        }
        values.push(value);
    }
    values
}

fn malformed(operator: Operator, text: &str, span: Span, mistakes: &[crate::pattern::VariableMistake]) -> Problem {
    let what = match operator.base.family() {
        Family::Numeric => "a decimal number",
        Family::Date => "a date: write 2026-01-31T00:00:00Z, or Unix seconds",
        Family::Bool | Family::Null => "`true` or `false`",
        Family::Binary => "base64",
        Family::Ip => "an IP address or range, such as 203.0.113.0/24",
        Family::Arn => "an ARN of six parts",
        Family::String => "text",
    };
    let problem =
        Problem::warning(Code::BadConditionValue, span, format!("`{text}` matches nothing: it is not {what}"));
    let variable = text.contains("${") && mistakes.iter().all(|mistake| mistake.kind != VariableMistakeKind::Unclosed);
    if variable { problem.help("variables are replaced in string, ARN and Bool conditions only") } else { problem }
}

impl ConditionTest {
    /// The operator.
    #[must_use]
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &ConditionKey {
        &self.key
    }

    /// Where the key stands.
    #[must_use]
    pub fn key_span(&self) -> Span {
        self.key_span
    }

    /// The values, in the order of the policy.
    #[must_use]
    pub fn values(&self) -> &[ConditionValue] {
        &self.values
    }

    /// The networks that it compares addresses with, none if it asks whether there is one. `None` if it compares them with
    /// something else.
    pub(crate) fn networks(&self) -> Option<Vec<Network>> {
        match self.operator.base.family() {
            Family::Null => Some(Vec::new()),
            Family::Ip => self.values.iter().map(|value| value.network()).collect(),
            _ => None,
        }
    }

    /// The instants that it compares a time with, none if it asks whether there is one. `None` if it compares the time with
    /// something else.
    pub(crate) fn instants(&self) -> Option<Vec<Instant>> {
        match self.operator.base.family() {
            Family::Null => Some(Vec::new()),
            // What is no instant matches no time.
            Family::Date => Some(self.values.iter().filter_map(ConditionValue::instant).collect()),
            _ => None,
        }
    }

    /// The patterns that it compares a text with, none if it asks whether there is one. `None` if it compares the text
    /// otherwise, or with variables that have no value.
    pub(crate) fn patterns(&self, variables: &impl Variables) -> Option<Vec<Pattern>> {
        match self.operator.base.family() {
            Family::Null => Some(Vec::new()),
            Family::String => self.values.iter().map(|value| value.text()?.resolved(variables)).collect(),
            _ => None,
        }
    }

    /// Whether the test holds for a request (R5.2 ff.).
    #[must_use]
    pub fn evaluate(&self, request: &Request<'_>) -> Evaluation {
        let of = |truth, why| Evaluation { truth, why };
        let held = request.lookup(&self.key);
        if self.operator.base == Base::Null {
            return self.evaluate_null(held);
        }
        match (self.operator.set, held) {
            (_, Lookup::Unknown) => of(Truth::Unknown, Why::Unknown),
            (Some(SetOperator::ForAllValues), Lookup::Absent) => of(Truth::True, Why::Absent),
            (_, Lookup::Absent) => {
                // Without a set operator an absent key fails a positive test and passes a negated one (R5.5); with
                // ForAnyValue it passes neither (R5.8). `IfExists` passes both (R5.9, R5.10).
                let negated = self.operator.set.is_none() && self.operator.base.is_negated();
                of((self.operator.if_exists || negated).into(), Why::Absent)
            }
            (None, Lookup::Multi(_)) => of(Truth::False, Why::NeedsSetOperator),
            (None, Lookup::Single(value)) => of(self.test(value, request), Why::Compared),
            (Some(set), Lookup::Single(value)) => self.evaluate_set(set, std::iter::once(value), request),
            (Some(set), Lookup::Multi(values)) => self.evaluate_set(set, values.iter().map(String::as_str), request),
        }
    }

    fn evaluate_set<'v>(
        &self,
        set: SetOperator,
        values: impl Iterator<Item = &'v str> + Clone,
        request: &Request<'_>,
    ) -> Evaluation {
        let empty = values.clone().all(str::is_empty);
        let truth = match set {
            SetOperator::ForAllValues if empty => Truth::True,
            SetOperator::ForAllValues => Truth::all(values.map(|value| self.test(value, request))),
            SetOperator::ForAnyValue if empty || self.values.is_empty() => Truth::False,
            SetOperator::ForAnyValue => Truth::any(values.map(|value| self.test(value, request))),
        };
        Evaluation { truth, why: if empty { Why::EmptyValues } else { Why::Compared } }
    }

    /// Whether one value of the request passes: one of the policy's values matches or, negated, none does.
    fn test(&self, value: &str, request: &Request<'_>) -> Truth {
        let matches = match self.many() {
            Some(many) => many.matches(self.operator.base, &self.values, value, request),
            None => Truth::any(self.comparisons(value, request).map(|(_, comparison)| comparison.truth())),
        };
        if self.operator.base.is_negated() { !matches } else { matches }
    }

    /// The values to be looked up, where they are many; put in order when they are first asked for.
    fn many(&self) -> Option<&Many> {
        if !Many::are(self.operator.base, &self.values) {
            return None;
        }
        let LookedUp(many) = &self.looked_up;
        let many = many.get_or_init(Arc::default);
        many.get_or_init(|| Many::of(self.operator.base, &self.values)).as_ref()
    }

    /// Whether any of the policy's values has variables.
    pub(crate) fn has_variables(&self) -> bool {
        let patterns = self.values.iter().filter_map(|value| value.pattern());
        patterns.flat_map(|pattern| pattern.variables()).next().is_some()
    }

    /// How each of the policy's values compares with one value of the request.
    pub(crate) fn comparisons<'t>(
        &'t self,
        value: &'t str,
        request: &'t Request<'_>,
    ) -> impl Iterator<Item = (&'t ConditionValue, Comparison<'t>)> + 't {
        self.values.iter().map(move |own| (own, own.compare(self.operator.base, value, request)))
    }

    /// `Null`: `true` matches an absent key, `false` a present one (R5.14, R5.15).
    fn evaluate_null(&self, held: Lookup<'_>) -> Evaluation {
        let asks_for = |absent| self.values.iter().any(|value| *value.operand() == Operand::Presence(absent));
        let truth = match (self.operator.set, held) {
            (Some(SetOperator::ForAllValues), _) => Truth::True,
            (Some(SetOperator::ForAnyValue), _) => Truth::False,
            (None, Lookup::Unknown) if asks_for(true) == asks_for(false) => asks_for(true).into(),
            (None, Lookup::Unknown) => return Evaluation { truth: Truth::Unknown, why: Why::Unknown },
            (None, Lookup::Absent | Lookup::Multi([])) => asks_for(true).into(),
            (None, Lookup::Single(_) | Lookup::Multi(_)) => asks_for(false).into(),
        };
        Evaluation { truth, why: if held == Lookup::Absent { Why::Absent } else { Why::Presence } }
    }

    /// The rules marked as unsure that bear on how this test came out.
    pub(crate) fn unsettled(&self, request: &Request<'_>) -> Vec<Rule> {
        let mut rules = Vec::new();
        let held = request.lookup(&self.key);
        let Operator { set, base, if_exists } = self.operator;
        if request.context().is_ambiguous(&self.key) {
            rules.push(Rule("R5.3"));
        }
        if self.values.is_empty() {
            rules.push(Rule("R5.17"));
        }
        match held {
            Lookup::Absent if set == Some(SetOperator::ForAnyValue) && if_exists => rules.push(Rule("R5.10")),
            Lookup::Multi([]) if base == Base::Null => rules.push(Rule("R5.14")),
            Lookup::Single("") if base == Base::Null => rules.push(Rule("R5.14")),
            Lookup::Multi([]) if set == Some(SetOperator::ForAnyValue) && if_exists => rules.push(Rule("R5.10")),
            Lookup::Multi(_) if set.is_none() && base.is_negated() => rules.push(Rule("R5.12")),
            _ => {}
        }
        let values: &[String] = match held {
            Lookup::Multi(values) => values,
            _ => &[],
        };
        let single = match held {
            Lookup::Single(value) => Some(value),
            _ => None,
        };
        let four_digits = |text: &str| text.len() == 4 && crate::decimal::is_digits(text);
        for value in single.into_iter().chain(values.iter().map(String::as_str)) {
            if base.family() == Family::Date {
                if four_digits(value) || self.values.iter().any(|own| four_digits(own.as_str())) {
                    rules.push(Rule("R5.28"));
                }
                let zoneless =
                    |text: &str| text.split_once('T').is_some_and(|(_, time)| !time.contains(['Z', '+', '-']));
                if zoneless(value) || self.values.iter().any(|own| zoneless(own.as_str())) {
                    rules.push(Rule("R5.29"));
                }
            }
            if base.family() == Family::Ip && value.to_ascii_lowercase().starts_with("::ffff:") {
                rules.push(Rule("R5.35"));
            }
            for (own, comparison) in self.comparisons(value, request) {
                match comparison {
                    Comparison::MalformedPolicyValue | Comparison::MalformedRequestValue if base.is_negated() => {
                        rules.push(Rule("R5.19"));
                    }
                    Comparison::Unresolved(variable) if variable.default().is_some() => rules.push(Rule("R3.21")),
                    Comparison::Match if base.family() == Family::Arn && own.as_str() == "*" => {
                        rules.push(Rule("R5.39"))
                    }
                    _ => {}
                }
                let defaulted = |v: &crate::pattern::Variable| v.default() == Some("");
                if own.pattern().is_some_and(|pattern| pattern.variables().any(defaulted)) {
                    rules.push(Rule("R6.7"));
                }
            }
        }
        rules.sort_unstable();
        rules.dedup();
        rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document;

    /// A block with one test of an operator, on a list of values.
    fn block(operator: &str, variables: bool, values: &[String]) -> ConditionBlock {
        let text = format!(r#"{{ "{operator}": {{ "aws:k": {values:?} }} }}"#);
        ConditionBlock::read(&document::read(&text).root.unwrap(), variables, &mut Literals::default(), &mut Vec::new())
    }

    #[test]
    fn a_value_that_comes_again_is_kept_once_and_its_mistakes_are_told_again() {
        let mut literals = Literals::default();
        let mut read = |operator: &str, variables: bool, value: &str| {
            let text = format!(r#"{{ "{operator}": {{ "aws:k": "{value}" }} }}"#);
            let mut problems = Vec::new();
            let root = document::read(&text).root.unwrap();
            (ConditionBlock::read(&root, variables, &mut literals, &mut problems), problems)
        };
        let place = |(block, _): &(ConditionBlock, _)| block.tests()[0].values()[0].as_str().as_ptr();
        let one = read("StringLike", true, "${aws:username}/*");
        for (operator, variables, is_same) in [
            ("StringLike", true, true),
            ("StringLikeIfExists", true, true),
            ("StringLike", false, false),
            ("StringEquals", true, false),
        ] {
            let other = read(operator, variables, "${aws:username}/*");
            assert_eq!(place(&one) == place(&other), is_same, "{operator} {variables}");
            assert_eq!(other.0.tests()[0].values()[0].as_str(), "${aws:username}/*");
        }
        for (operator, value) in [("StringLike", "${aws:username"), ("NumericEquals", "ten"), ("Bool", "yes")] {
            let (first, again) = (read(operator, true, value), read(operator, true, value));
            assert_eq!(first, again);
            assert_eq!(again.1.len(), 1, "{operator} {value}");
        }
    }

    #[test]
    fn equal_lists_are_put_in_order_once() {
        let teams: Vec<String> = (0..20).map(|n| format!("team-{n}-${{aws:username}}")).collect();
        let networks: Vec<String> = (0..20).map(|n| format!("10.{n}.0.0/16")).collect();
        let others: Vec<String> = (1..21).map(|n| format!("team-{n}-${{aws:username}}")).collect();
        let blocks = [
            block("StringLike", true, &teams),
            block("StringLike", true, &teams),
            block("StringLike", false, &teams),
            block("StringEquals", true, &teams),
            block("StringLike", true, &others),
            block("StringLike", true, &teams[..2]),
            block("StringLike", true, &teams),
            block("StringLike", false, &teams),
            block("IpAddress", true, &networks),
            block("IpAddress", false, &networks),
        ];
        let tests = || blocks.iter().flat_map(ConditionBlock::tests);
        let mut same = SameValues::default();
        tests().for_each(|test| same.share(test));
        let lists: Vec<_> = tests().map(|test| test.many().map(std::ptr::from_ref)).collect();
        let [first, second, version, operator, other, short, last, same_version, ip, same_ip] = lists[..] else {
            panic!("{lists:?}")
        };
        assert!(first.is_some() && first == second && second == last);
        assert!(version == same_version && ip.is_some() && ip == same_ip);
        assert!(short.is_none());
        for apart in [version, operator, other] {
            assert!(apart.is_some() && apart != first);
        }
    }
}
