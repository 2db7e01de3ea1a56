//! Long lists of values: a value of the request is looked up in them, not compared with each.

use super::operator::{Base, Family};
use super::value::{Comparison, ConditionValue, Operand, is_in_order};
use crate::decimal::{Decimal, DecimalBuf};
use crate::instant::Instant;
use crate::pattern::{Candidates, FEW, Pieces, Variables, fold};
use crate::truth::Truth;
use std::cmp::Ordering;
use std::net::IpAddr;
use std::ops::ControlFlow;

/// The values of a test, to be looked up.
#[derive(Debug)]
pub(super) enum Many {
    /// Addresses, as ranges.
    Networks(Networks),
    /// Texts and ARNs: those without variables by the literal texts in them, and the others.
    Texts { candidates: Candidates, of: Vec<usize>, others: Vec<usize> },
    /// Texts in which letter case does not count: those without variables in order, folded, and the others.
    Folded { sorted: Vec<Vec<char>>, others: Vec<usize> },
    /// Numbers, in order.
    Numbers(Vec<DecimalBuf>),
    /// Times, in order.
    Instants(Vec<Instant>),
    /// Texts in base64, in order.
    Bytes(Vec<String>),
}

impl Many {
    /// Whether there are enough values to look them up.
    pub(super) fn are(base: Base, values: &[ConditionValue]) -> bool {
        Self::are_more_than(FEW, base, values)
    }

    fn are_more_than(few: usize, base: Base, values: &[ConditionValue]) -> bool {
        // An address, a number or a time of the request is read once then.
        let few = if matches!(base.family(), Family::Ip | Family::Numeric | Family::Date) { 1 } else { few };
        values.len() > few
    }

    /// The values of an operator; `None` for those that are compared one after the other.
    pub(super) fn of(base: Base, values: &[ConditionValue]) -> Option<Self> {
        Self::of_more_than(FEW, base, values)
    }

    fn of_more_than(few: usize, base: Base, values: &[ConditionValue]) -> Option<Self> {
        if !Self::are_more_than(few, base, values) {
            return None;
        }
        match base.family() {
            Family::Ip => return Some(Self::Networks(Networks::of(values))),
            Family::Numeric => {
                return Some(Self::Numbers(in_order(values, ConditionValue::number, |one, other| {
                    one.borrowed().cmp(&other.borrowed())
                })));
            }
            Family::Date => return Some(Self::Instants(in_order(values, ConditionValue::instant, Ord::cmp))),
            Family::Binary => return Some(Self::Bytes(in_order(values, ConditionValue::bytes, Ord::cmp))),
            _ => {}
        }
        let (mut of, mut others, mut pieces, mut sorted) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (at, value) in values.iter().enumerate() {
            match value.operand() {
                Operand::Malformed => {}
                _ if value.pattern()?.variables().next().is_some() => others.push(at),
                Operand::Text(pattern) | Operand::Arn(pattern) => {
                    of.push(at);
                    pieces.push(Pieces::default().then(pattern));
                }
                Operand::FoldedText(pattern) => sorted.push(pattern.as_literal()?.chars().map(fold).collect()),
                _ => return None,
            }
        }
        sorted.sort_unstable();
        Some(match base {
            Base::StringEqualsIgnoreCase | Base::StringNotEqualsIgnoreCase => Self::Folded { sorted, others },
            _ => Self::Texts { candidates: Candidates::of(pieces, few), of, others },
        })
    }

    /// Whether one of the values matches.
    pub(super) fn matches(
        &self,
        base: Base,
        values: &[ConditionValue],
        value: &str,
        variables: &impl Variables,
    ) -> Truth {
        let compare = |at: usize| values.get(at).map(|own| own.compare(base, value, variables));
        let found = match self {
            Self::Networks(networks) => return value.parse().is_ok_and(|address| networks.contains(address)).into(),
            Self::Numbers(sorted) => {
                let value = Decimal::parse(value);
                return value.is_some_and(|value| one_holds(base, sorted, |own| value.cmp(&own.borrowed()))).into();
            }
            Self::Instants(sorted) => {
                let value = Instant::parse(value);
                return value.is_some_and(|value| one_holds(base, sorted, |own| value.cmp(own))).into();
            }
            Self::Bytes(sorted) => return sorted.binary_search_by(|own| own.as_str().cmp(value)).is_ok().into(),
            Self::Texts { candidates, of, .. } => candidates
                .each(value, &mut |at| match of.get(at).and_then(|at| compare(*at)) {
                    Some(Comparison::Match) => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                })
                .is_break(),
            Self::Folded { sorted, .. } => {
                let order = |own: &Vec<char>| -> Ordering { own.iter().copied().cmp(value.chars().map(fold)) };
                sorted.binary_search_by(order).is_ok()
            }
        };
        let others = match self {
            Self::Texts { others, .. } | Self::Folded { others, .. } if !found => others,
            _ => return found.into(),
        };
        Truth::any(others.iter().filter_map(|at| compare(*at)).map(Comparison::truth))
    }
}

/// What can be read of values, in order.
fn in_order<T>(
    values: &[ConditionValue],
    read: impl Fn(&ConditionValue) -> Option<T>,
    order: impl Fn(&T, &T) -> Ordering,
) -> Vec<T> {
    let mut all: Vec<T> = values.iter().filter_map(read).collect();
    all.sort_unstable_by(order);
    all
}

/// Whether a value satisfies an operator with one of some that are in order; `order` is how it stands to one of them.
fn one_holds<T>(base: Base, sorted: &[T], order: impl Fn(&T) -> Ordering) -> bool {
    let holds = |own: Option<&T>| own.is_some_and(|own| is_in_order(base, order(own)));
    match base {
        Base::NumericLessThan | Base::NumericLessThanEquals | Base::DateLessThan | Base::DateLessThanEquals => {
            holds(sorted.last())
        }
        Base::NumericGreaterThan
        | Base::NumericGreaterThanEquals
        | Base::DateGreaterThan
        | Base::DateGreaterThanEquals => holds(sorted.first()),
        _ => sorted.binary_search_by(|own| order(own).reverse()).is_ok(),
    }
}

/// Ranges of addresses that do not meet, in order.
#[derive(Debug, Default)]
pub(super) struct Networks {
    v4: Vec<(u128, u128)>,
    v6: Vec<(u128, u128)>,
}

impl Networks {
    fn of(values: &[ConditionValue]) -> Self {
        let mut networks = Self::default();
        for value in values {
            if let Operand::Network(network) = value.operand() {
                let (is_v4, range) = network.range();
                if is_v4 { networks.v4.push(range) } else { networks.v6.push(range) }
            }
        }
        for ranges in [&mut networks.v4, &mut networks.v6] {
            ranges.sort_unstable();
            // Of two that overlap, one lies within the other.
            ranges.dedup_by(|next, kept| next.1 <= kept.1);
        }
        networks
    }

    fn contains(&self, address: IpAddr) -> bool {
        let (ranges, address) = match address {
            IpAddr::V4(address) => (&self.v4, u128::from(u32::from(address))),
            IpAddr::V6(address) => (&self.v6, u128::from(address)),
        };
        let at = ranges.partition_point(|(first, _)| *first <= address);
        at.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|(_, last)| address <= *last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::Literals;
    use crate::key::ConditionKey;
    use crate::pattern::Substitute;
    use crate::problem::Span;
    use proptest::prelude::*;

    struct Team;

    impl Variables for Team {
        fn variable(&self, key: &ConditionKey) -> Substitute<'_> {
            match key.folded() {
                "t" => Substitute::Text("ab"),
                "u" => Substitute::Unknown,
                _ => Substitute::Absent,
            }
        }
    }

    fn text() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "a",
            "b",
            "B",
            "ab",
            "*",
            "?",
            "é",
            "É",
            "ſ",
            "arn:aws:sns:::",
            ":",
            "10.0.0.",
            "1",
            "0/24",
            "/8",
            "2001:db8::",
            "${t}",
            "${u}",
            "${v}",
            "${*}",
        ]);
        let ordered = prop::sample::select(vec![
            "-1.5",
            "-1",
            "0",
            "1",
            "1.5",
            "1.50",
            "2",
            "10",
            "1970-01-01T00:00:02Z",
            "2026-01-01",
            "2026-02",
            "MQ==",
            "Mg==",
        ]);
        prop_oneof![
            prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat()),
            ordered.prop_map(str::to_owned)
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4_000) })]

        #[test]
        fn a_value_that_is_looked_up_is_found_as_by_comparing_it_with_each(
            base in prop::sample::select(Base::ALL.to_vec()),
            texts in prop::collection::vec(text(), 0..24),
            value in text(),
            few in 0_usize..4,
        ) {
            let read = |text: &String| ConditionValue::read(text, Span::default(), base, true, &mut Literals::default()).0;
            let values: Vec<ConditionValue> = texts.iter().map(read).collect();
            let wanted = Truth::any(values.iter().map(|own| own.compare(base, &value, &Team).truth()));
            for many in [Many::of_more_than(few, base, &values), Many::of(base, &values)].into_iter().flatten() {
                prop_assert_eq!(many.matches(base, &values, &value, &Team), wanted);
            }
        }
    }
}
