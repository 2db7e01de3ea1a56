//! Long lists of values: a value of the request is looked up in them, not compared with each.

use super::operator::{Base, Family};
use super::value::{Comparison, ConditionValue, Operand};
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
}

impl Many {
    /// Whether there are enough values to look them up.
    pub(super) fn are(base: Base, values: &[ConditionValue]) -> bool {
        Self::are_more_than(FEW, base, values)
    }

    fn are_more_than(few: usize, base: Base, values: &[ConditionValue]) -> bool {
        // An address of the request is read once then.
        let few = if base.family() == Family::Ip { 1 } else { few };
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
        if base.family() == Family::Ip {
            return Some(Self::Networks(Networks::of(values)));
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
        prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
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
