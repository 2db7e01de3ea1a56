//! Conditions (section 5).

use super::patterns::{characters, expand, fits, plain};
use super::request::{Held, Request};
use super::values::{arn_matches, base64, compare_decimals, compare_instants, folded, in_network, same_truth};
use std::cmp::Ordering;

/// How an operator treats several request values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    None,
    All,
    Any,
}

/// An operator taken apart (R1.19).
pub(super) struct Operator<'t> {
    pub(super) set: Set,
    pub(super) base: &'t str,
    pub(super) if_exists: bool,
}

impl<'t> Operator<'t> {
    pub(super) fn read(text: &'t str) -> Operator<'t> {
        let (set, rest) = if let Some(rest) = text.strip_prefix("ForAllValues:") {
            (Set::All, rest)
        } else if let Some(rest) = text.strip_prefix("ForAnyValue:") {
            (Set::Any, rest)
        } else {
            (Set::None, text)
        };
        match rest.strip_suffix("IfExists") {
            Some(base) => Operator { set, base, if_exists: true },
            None => Operator { set, base: rest, if_exists: false },
        }
    }

    /// Every negated operator has `Not` in its name, and no other has.
    pub(super) fn is_negated(&self) -> bool {
        self.base.contains("Not")
    }
}

/// R5.5 to R5.17: whether one pair of operator and key holds.
pub(super) fn condition_holds(
    operator: &str,
    key: &str,
    values: &[String],
    variables: bool,
    request: &Request,
) -> bool {
    let operator = Operator::read(operator);
    let held = request.lookup(key);
    if operator.base == "Null" {
        return null_holds(operator.set, values, held);
    }
    let test = |asked: &String| {
        let positive = operator.base.replace("Not", "");
        let hit = values.iter().any(|value| positive_match(&positive, asked, value, variables, request));
        hit != operator.is_negated() // R5.6
    };
    match (operator.set, held) {
        (Set::None, None) => operator.if_exists || operator.is_negated(),
        (Set::None, Some(Held::Multi(_))) => false,
        (Set::None, Some(Held::Single(asked))) => test(asked),
        (Set::All, _) => {
            let asked = as_list(held);
            is_null_data(&asked) || asked.iter().all(test)
        }
        (Set::Any, None) => operator.if_exists,
        (Set::Any, Some(_)) => {
            let asked = as_list(held);
            !is_null_data(&asked) && !values.is_empty() && asked.iter().any(test)
        }
    }
}

/// R5.14, R5.15: the Null operator.
pub(super) fn null_holds(set: Set, values: &[String], held: Option<&Held>) -> bool {
    let absent = match held {
        None => true,
        Some(Held::Multi(several)) => several.is_empty(),
        Some(Held::Single(_)) => false,
    };
    let wanted = if absent { "true" } else { "false" };
    match set {
        Set::All => true,
        Set::Any => false,
        Set::None => values.iter().any(|value| value.eq_ignore_ascii_case(wanted)),
    }
}

/// R5.13: a single value is a list of one, a missing key is an empty list.
pub(super) fn as_list(held: Option<&Held>) -> Vec<String> {
    match held {
        None => Vec::new(),
        Some(Held::Single(value)) => vec![value.clone()],
        Some(Held::Multi(values)) => values.clone(),
    }
}

/// R5.11: nothing, or nothing but empty strings.
pub(super) fn is_null_data(values: &[String]) -> bool {
    values.iter().all(String::is_empty)
}

/// Section 5.3: whether one request value and one policy value fit under a positive operator. What cannot be read
/// fits nothing (R5.19); variables are replaced where R6.6 says so.
pub(super) fn positive_match(operator: &str, asked: &str, wanted: &str, variables: bool, request: &Request) -> bool {
    let expanded = || expand(wanted, variables, request);
    let number = || compare_decimals(asked, wanted);
    let date = || compare_instants(asked, wanted);
    match operator {
        "StringEquals" => expanded().is_some_and(|pattern| plain(&pattern) == asked),
        "StringEqualsIgnoreCase" => expanded().is_some_and(|pattern| folded(&plain(&pattern)) == folded(asked)),
        "StringLike" => expanded().is_some_and(|pattern| fits(&pattern, &characters(asked))),
        "NumericEquals" => number() == Some(Ordering::Equal),
        "NumericLessThan" => number() == Some(Ordering::Less),
        "NumericLessThanEquals" => number().is_some_and(Ordering::is_le),
        "NumericGreaterThan" => number() == Some(Ordering::Greater),
        "NumericGreaterThanEquals" => number().is_some_and(Ordering::is_ge),
        "DateEquals" => date() == Some(Ordering::Equal),
        "DateLessThan" => date() == Some(Ordering::Less),
        "DateLessThanEquals" => date().is_some_and(Ordering::is_le),
        "DateGreaterThan" => date() == Some(Ordering::Greater),
        "DateGreaterThanEquals" => date().is_some_and(Ordering::is_ge),
        "Bool" => expanded().is_some_and(|pattern| same_truth(asked, &plain(&pattern))),
        "BinaryEquals" => base64(wanted).is_some_and(|bytes| base64(asked) == Some(bytes)),
        "IpAddress" => in_network(asked, wanted),
        "ArnEquals" | "ArnLike" => expanded().is_some_and(|pattern| arn_matches(&pattern, asked)),
        _ => false,
    }
}
