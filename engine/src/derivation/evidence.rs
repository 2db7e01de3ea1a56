//! What logs prove, put together: who did what on which names, allowed or refused. Parts of logs are gone through apart
//! and merged in any order.

use super::names::{MOST, Names, Place, Seen, day_of};
use super::shape::{COARSEST, Shapes};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::HashMap;

/// How many names and shapes are held altogether.
const ALTOGETHER: usize = 1 << 18;

/// What a request was about, within its scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// The scope itself: a bucket, or `*`.
    Whole,
    /// A name below the scope, such as a key.
    Name,
    /// A listing of the scope with this value of `s3:prefix`.
    Prefix,
}

/// What a log proves about requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Proof {
    /// They were allowed.
    Allowed,
    /// They were refused.
    Refused,
    /// Nothing, but that their names exist.
    Known,
}

/// Requests that differ in their names only.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Group {
    /// Who, as policies name them: the ARN of a user or a role, `anonymous`, the name of a service.
    pub principal: String,
    /// The action.
    pub action: String,
    /// The beginning of the resource's ARN: `arn:aws:s3:::bucket/` for keys, `arn:aws:s3:::bucket` for the bucket.
    pub scope: String,
    /// What the names are.
    pub kind: Kind,
    /// What is proven.
    pub proof: Proof,
}

impl Group {
    /// The name of the user that the principal is, which a policy writes as `${aws:username}`.
    pub(super) fn user(&self) -> Option<&str> {
        user(&self.principal)
    }
}

/// The name of the IAM user behind an ARN.
pub(super) fn user(principal: &str) -> Option<&str> {
    let arn = crate::arn::Arn::parse(principal).filter(|arn| arn.service == "iam")?;
    arn.resource.strip_prefix("user/")?.rsplit('/').next()
}

/// One group's names, and the days on which they were seen.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) names: Names,
    /// In order.
    pub(super) days: Vec<i64>,
    /// The day that was seen last.
    #[serde(skip)]
    day: Option<i64>,
    /// The user whose name may stand in names.
    #[serde(skip)]
    user: Option<String>,
}

impl Part {
    fn add_day(&mut self, day: i64) {
        // Most logs are in the order of time.
        if self.days.last().is_none_or(|last| *last < day) {
            self.days.push(day);
        } else if let Err(at) = self.days.binary_search(&day) {
            self.days.insert(at, day);
        }
    }
}

/// Everything that a log proves. What is put in twice counts once.
#[derive(Debug, Default)]
pub struct Evidence {
    level: u8,
    index: HashMap<Group, usize>,
    parts: Vec<(Group, Part)>,
    shapes: Shapes,
    /// Since when names are added without looking whether they are too many altogether.
    since: usize,
}

/// Which group of [`Evidence`]; it holds until parts are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupId(usize);

impl Evidence {
    /// No evidence.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The place of a group.
    pub fn group(&mut self, group: Group) -> GroupId {
        if let Some(id) = self.index.get(&group) {
            return GroupId(*id);
        }
        let id = self.parts.len();
        self.index.insert(group.clone(), id);
        let mut part = Part { user: group.user().map(str::to_owned), ..Part::default() };
        part.names.raise(self.level, None);
        self.parts.push((group, part));
        GroupId(id)
    }

    /// Adds a name in UTF-8 to a group: the key, the prefix, or nothing for the whole. `time` is in seconds since 1970;
    /// `exists` says whether an object with that name is known to exist.
    pub fn add(&mut self, group: GroupId, name: &[u8], time: i64, place: Place, exists: bool) {
        let Some((_, part)) = self.parts.get_mut(group.0) else { return };
        let seen = Seen { first: time, last: time, place, exists };
        let day = day_of(time);
        let user = part.user.as_deref();
        part.names.add(&mut self.shapes.recall(name, user), (&seen, day), user);
        if part.day != Some(day) {
            part.day = Some(day);
            part.add_day(day);
        }
        self.since += 1;
        if self.since > ALTOGETHER / 8 {
            self.settle();
        }
    }

    /// Makes all sets coarser as long as they are too large altogether: to be done when all names are added.
    pub fn settle(&mut self) {
        self.since = 0;
        while self.level < COARSEST && self.weight() > ALTOGETHER {
            self.level += 1;
            for (group, part) in &mut self.parts {
                part.names.raise(self.level, group.user());
            }
        }
    }

    fn weight(&self) -> usize {
        self.parts.iter().map(|(_, part)| part.names.weight(self.level)).sum()
    }

    /// Adds all of another. The result is the same in any order.
    pub fn merge(&mut self, other: Self) {
        if other.level > self.level {
            self.level = other.level;
            for (group, part) in &mut self.parts {
                part.names.raise(other.level, group.user());
            }
        }
        for (group, part) in other.parts {
            let id = self.group(group);
            if let Some((of, own)) = self.parts.get_mut(id.0) {
                own.names.merge(part.names, of.user());
                part.days.into_iter().for_each(|day| own.add_day(day));
            }
        }
        self.settle();
    }

    /// Whether anything was proven to be allowed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.parts.iter().any(|(group, _)| group.proof == Proof::Allowed)
    }

    /// Changes every place, as when lines or files are numbered anew.
    pub fn renumber(&mut self, place: impl Fn(Place) -> Place) {
        for (_, part) in &mut self.parts {
            part.names.seen_mut().for_each(|seen| seen.place = place(seen.place));
        }
    }

    /// The groups in order.
    pub(super) fn groups(&self) -> Vec<(&Group, &Part)> {
        let mut groups: Vec<(&Group, &Part)> = self.parts.iter().map(|(group, part)| (group, part)).collect();
        groups.sort_unstable_by_key(|(group, _)| *group);
        groups
    }
}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut stored = serializer.serialize_struct("Evidence", 2)?;
        stored.serialize_field("level", &self.level)?;
        stored.serialize_field("parts", &self.groups())?;
        stored.end()
    }
}

impl<'de> Deserialize<'de> for Evidence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Stored { level, parts } = Stored::deserialize(deserializer)?;
        let mut evidence = Self { level: level.min(COARSEST), ..Self::default() };
        for (group, part) in parts {
            let id = evidence.group(group);
            if let Some((of, own)) = evidence.parts.get_mut(id.0) {
                own.names.merge(part.names, of.user());
                part.days.into_iter().for_each(|day| own.add_day(day));
            }
        }
        evidence.settle();
        Ok(evidence)
    }
}

/// Evidence as it is stored, its groups in order.
#[derive(Deserialize)]
struct Stored {
    level: u8,
    parts: Vec<(Group, Part)>,
}

const _: () = assert!(MOST.len() == COARSEST as usize + 1);

#[cfg(test)]
mod tests {
    use super::*;

    /// Evidence that is settled at the end is as coarse as that which is put together from parts.
    #[test]
    fn what_is_too_much_altogether_is_so_in_one_part() {
        const EACH: usize = 1_000;
        let group = |number: usize| Group {
            principal: "anonymous".to_owned(),
            action: "s3:GetObject".to_owned(),
            scope: format!("arn:aws:s3:::b{number}/"),
            kind: Kind::Name,
            proof: Proof::Allowed,
        };
        let add = |evidence: &mut Evidence, number: usize| {
            let id = evidence.group(group(number));
            (0..EACH).for_each(|name| evidence.add(id, format!("{name}").as_bytes(), 0, (0, 1), true));
        };
        let count = ALTOGETHER / EACH + 1;
        let mut whole = Evidence::new();
        // What is added again is not more.
        (0..10).for_each(|number| add(&mut whole, number));
        (0..count).for_each(|number| add(&mut whole, number));
        assert_eq!(whole.level, 0, "it is looked at now and then only");
        whole.settle();
        let mut parts = Evidence::new();
        for half in [0..count / 2, count / 2..count] {
            let mut part = Evidence::new();
            half.for_each(|number| add(&mut part, number));
            parts.merge(part);
        }
        assert_eq!((whole.level, parts.level), (1, 1));
    }
}
