//! Times as policies tell them apart: between two instants that they name, all are the same to them.

use crate::policy::Policy;
use std::sync::Arc;

/// The condition keys that hang on when a request was made.
pub(super) const KEYS: [&str; 2] = ["aws:currenttime", "aws:epochtime"];

/// The whole seconds since 1970 at which the instants that policies name are, and those behind them, in order.
#[derive(Debug)]
pub struct Times(Vec<i128>);

impl Times {
    /// `None` if the policies look at more of a time than how it stands to some instants.
    pub(super) fn of<'p>(policies: impl Iterator<Item = &'p Arc<Policy>>) -> Option<Self> {
        let mut bounds = Vec::new();
        for statement in policies.flat_map(|policy| policy.statements()) {
            if statement.variables().any(|key| KEYS.contains(&key.folded())) {
                return None;
            }
            let tests = statement.conditions().tests().iter();
            for test in tests.filter(|test| KEYS.contains(&test.key().folded())) {
                bounds.extend(test.instants()?.iter().flat_map(|instant| [instant.seconds(), instant.seconds() + 1]));
            }
        }
        bounds.sort_unstable();
        bounds.dedup();
        Some(Self(bounds))
    }

    /// A number that a time in seconds since 1970 has in common with those that stand to all instants as it does, and with
    /// no others.
    #[must_use]
    pub fn number(&self, time: i64) -> u32 {
        u32::try_from(self.0.partition_point(|bound| *bound <= time.into())).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instant::Instant;
    use crate::replay::policy_with;

    fn times(conditions: &str) -> Option<Times> {
        Times::of([&policy_with(conditions)].into_iter())
    }

    #[test]
    fn times_have_a_number_in_common_if_they_stand_to_all_instants_alike() {
        let instants = ["1970-01-01T00:00:10Z", "12.5", "1969-12-31T23:59:58.5Z"];
        let quoted = instants.map(|instant| format!("\"{instant}\"")).join(", ");
        let known = times(&format!(r#""DateLessThan": {{ "aws:EpochTime": [{quoted}] }}"#)).unwrap();
        let instants = instants.map(|instant| Instant::parse(instant).unwrap());
        let order = |time: i64| instants.map(|instant| Instant::from_seconds(time).cmp(&instant));
        for one in -5..20 {
            for other in one..20 {
                if known.number(one) == known.number(other) {
                    assert_eq!(order(one), order(other), "{one} {other}");
                }
            }
        }
        assert_eq!(known.number(14), known.number(1_000_000));
    }

    #[test]
    fn what_hangs_on_more_than_instants_is_told() {
        for (conditions, wanted) in [
            (r#""DateGreaterThan": { "aws:CurrentTime": "2026-01-01T00:00:00Z" }"#, true),
            (r#""DateEqualsIfExists": { "AWS:currentTime": ["2026-01-01", "nonsense"] }"#, true),
            (r#""Null": { "aws:CurrentTime": "true" }"#, true),
            (r#""Null": { "aws:username": "true" }"#, true),
            (r#""NumericLessThan": { "aws:EpochTime": "1000" }"#, false),
            (r#""StringLike": { "aws:CurrentTime": "2026-*" }"#, false),
            (r#""StringLike": { "s3:prefix": "${aws:CurrentTime}/*" }"#, false),
        ] {
            assert_eq!(times(conditions).is_some(), wanted, "{conditions}");
        }
    }
}
