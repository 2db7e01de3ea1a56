//! Evidence by what it is about, for policies that are each for little of it.

use super::Form;
use super::evidence::{Evidence, Group, Part};
use super::grants::bucket;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The evidence about some things, in order.
pub(super) type Groups<'e> = Vec<(&'e Group, &'e Part)>;

/// Evidence by the buckets that it is about, or by its scope where that is none, so that policies which are each for
/// little of it are not each derived from all of it.
pub(super) struct ByPlace<'e> {
    groups: BTreeMap<&'e str, Groups<'e>>,
    /// The places in which there is evidence of each principal.
    of_principals: HashMap<&'e str, BTreeSet<&'e str>>,
}

impl<'e> ByPlace<'e> {
    pub(super) fn of(evidence: &'e Evidence) -> Self {
        let mut by_place = Self { groups: BTreeMap::new(), of_principals: HashMap::new() };
        for (group, part) in evidence.groups() {
            let place = bucket(&group.scope).unwrap_or(&group.scope);
            by_place.groups.entry(place).or_default().push((group, part));
            by_place.of_principals.entry(&group.principal).or_default().insert(place);
        }
        by_place
    }

    /// All that can count for the policy of a principal or of a bucket, or of all of them.
    pub(super) fn concerning(&self, form: Form, of: Option<&str>) -> Groups<'e> {
        let mut groups: Groups<'e> = match (form, of) {
            (Form::Bucket, Some(bucket)) => self.groups.get(bucket).cloned().unwrap_or_default(),
            (Form::IdentityEach, Some(principal)) => {
                let places = self.of_principals.get(principal).into_iter().flatten();
                places.filter_map(|place| self.groups.get(place)).flatten().copied().collect()
            }
            _ => self.groups.values().flatten().copied().collect(),
        };
        groups.sort_unstable_by_key(|(group, _)| *group);
        groups
    }
}
