//! The request context: what the caller says of the condition keys, present, absent or unknown (SEMANTICS §8).

use super::RequestError;
use crate::instant::Instant;
use crate::key::{ConditionKey, Shape};

/// The value of a condition key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum ContextValue {
    /// The value of a single-valued key; it may be empty.
    Single(String),
    /// The values of a multivalued key; the list may be empty.
    Multi(Vec<String>),
}

/// What a key holds in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// The key is not in the request.
    Absent,
    /// It is not known whether the key is there, or what it holds.
    Unknown,
    /// One value.
    Single(&'a str),
    /// A list of values.
    Multi(&'a [String]),
}

/// The keys and values the caller gives.
///
/// ```
/// use can_access_engine::request::{Context, ContextValue};
///
/// let mut context = Context::new();
/// context.insert("aws:SourceIp", ContextValue::Single("203.0.113.7".into())).unwrap();
/// context.insert("aws:TagKeys", ContextValue::Single("cost".into())).unwrap(); // a multivalued key: a list of one
/// context.mark_unknown("aws:PrincipalOrgID");
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Context {
    /// Sorted by the folded key, then by its spelling.
    entries: Vec<Entry>,
    unknown: Vec<ConditionKey>,
    /// Keys known to be absent though the others are unknown.
    absent: Vec<ConditionKey>,
    others_unknown: bool,
    /// Whether anything was said about `aws:CurrentTime` or `aws:EpochTime`.
    times_touched: bool,
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    key: ConditionKey,
    value: ContextValue,
}

impl Context {
    /// An empty context: no key is given, and none is unknown.
    ///
    /// ```
    /// use can_access_engine::request::Context;
    /// assert!(Context::new().keys().next().is_none());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a key its value. A key in the same spelling is replaced; one that differs by letter case stays beside it
    /// (R5.3). A single value for a key that AWS calls multivalued becomes a list of one (R5.16).
    ///
    /// # Errors
    /// [`RequestError::Context`] for an empty name, or a list for a key that AWS calls single-valued.
    ///
    /// ```
    /// use can_access_engine::request::{Context, ContextValue};
    /// let mut context = Context::new();
    /// assert!(context.insert("aws:SourceIp", ContextValue::Multi(vec![])).is_err());
    /// ```
    pub fn insert(&mut self, key: &str, value: ContextValue) -> Result<(), RequestError> {
        let refuse = |why: &str| Err(RequestError::Context { key: key.to_owned(), why: why.to_owned() });
        if key.trim().is_empty() {
            return refuse("a condition key has a name");
        }
        let key = ConditionKey::new(key);
        let value = match (key.shape(), value) {
            (Some(Shape::Multivalued), ContextValue::Single(text)) => ContextValue::Multi(vec![text]),
            (Some(Shape::SingleValued), ContextValue::Multi(_)) => {
                return refuse("the key holds a single value, not a list");
            }
            (_, value) => value,
        };
        self.unknown.retain(|other| *other != key);
        self.times_touched |= key.is_time();
        let order = |entry: &Entry| (entry.key.folded().to_owned(), entry.key.as_str().to_owned());
        let wanted = (key.folded().to_owned(), key.as_str().to_owned());
        match self.entries.binary_search_by_key(&wanted, order) {
            Ok(at) => {
                if let Some(entry) = self.entries.get_mut(at) {
                    entry.value = value;
                }
            }
            Err(at) => self.entries.insert(at, Entry { key, value }),
        }
        Ok(())
    }

    /// Says that it is not known whether the key is there or what it holds.
    ///
    /// ```
    /// use can_access_engine::request::Context;
    /// let mut context = Context::new();
    /// context.mark_unknown("aws:SourceIp");
    /// assert!(context.has_unknown());
    /// ```
    pub fn mark_unknown(&mut self, key: &str) {
        // The two time keys hold one instant, and a service's names belong to the principal, who is known.
        let keys = match key.to_lowercase().as_str() {
            "aws:currenttime" | "aws:epochtime" => vec!["aws:CurrentTime", "aws:EpochTime"],
            "aws:principalservicename" | "aws:principalservicenameslist" => Vec::new(),
            _ => vec![key],
        };
        for key in keys.into_iter().map(ConditionKey::new) {
            self.entries.retain(|entry| entry.key != key);
            self.times_touched |= key.is_time();
            if !self.unknown.contains(&key) {
                self.unknown.push(key);
            }
        }
    }

    /// Says that nothing is known of any key that is neither given nor follows from the request itself.
    ///
    /// ```
    /// use can_access_engine::request::Context;
    /// let mut context = Context::new();
    /// context.mark_others_unknown();
    /// assert!(context.has_unknown());
    /// ```
    pub fn mark_others_unknown(&mut self) {
        self.others_unknown = true;
    }

    /// Whether any key is unknown.
    ///
    /// ```
    /// use can_access_engine::request::Context;
    /// assert!(!Context::new().has_unknown());
    /// ```
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        self.others_unknown || !self.unknown.is_empty()
    }

    /// The keys that are given, in order.
    ///
    /// ```
    /// use can_access_engine::request::{Context, ContextValue};
    /// let mut context = Context::new();
    /// context.insert("s3:prefix", ContextValue::Single(String::new())).unwrap();
    /// assert_eq!(context.keys().count(), 1);
    /// ```
    pub fn keys(&self) -> impl Iterator<Item = (&ConditionKey, &ContextValue)> {
        self.entries.iter().map(|entry| (&entry.key, &entry.value))
    }

    /// The keys said to be unknown one by one.
    pub fn unknown_keys(&self) -> impl Iterator<Item = &ConditionKey> {
        self.unknown.iter()
    }

    /// The keys said to be absent one by one, while others are unknown.
    ///
    /// ```
    /// use can_access_engine::request::Context;
    /// let mut context = Context::new();
    /// context.mark_absent("aws:SourceVpce");
    /// assert_eq!(context.absent_keys().count(), 1);
    /// ```
    pub fn absent_keys(&self) -> impl Iterator<Item = &ConditionKey> {
        self.absent.iter()
    }

    /// Whether anything was said about the keys that hold the time.
    pub(crate) fn times_touched(&self) -> bool {
        self.times_touched
    }

    /// Whether keys that are not given count as unknown.
    pub(crate) fn others_unknown(&self) -> bool {
        self.others_unknown
    }

    /// Whether the key was found to be absent while others are unknown.
    pub(crate) fn is_absent(&self, key: &ConditionKey) -> bool {
        !self.absent.is_empty() && self.absent.contains(key)
    }

    /// Whether `aws:CalledVia` is said to be unknown.
    pub(crate) fn is_call_chain_unknown(&self) -> bool {
        self.unknown.iter().any(|key| key.folded() == "aws:calledvia")
    }

    pub(crate) fn is_unknown(&self, key: &ConditionKey) -> bool {
        !self.unknown.is_empty() && self.unknown.contains(key)
    }

    /// The given value of a key. Of several that differ by letter case, the one spelled as asked; else the first (R5.3).
    pub(crate) fn given(&self, key: &ConditionKey) -> Option<&ContextValue> {
        let first = self.entries.partition_point(|entry| entry.key.folded() < key.folded());
        let same = self.entries.get(first..)?;
        let count = same.iter().take_while(|entry| entry.key == *key).count();
        let same = same.get(..count)?;
        same.iter().find(|entry| entry.key.as_str() == key.as_str()).or_else(|| same.first()).map(|entry| &entry.value)
    }

    /// Says that the key is not there, where others are unknown.
    ///
    /// ```
    /// use can_access_engine::request::Context;
    /// let mut context = Context::new();
    /// context.mark_others_unknown();
    /// context.mark_absent("aws:SourceVpce");
    /// ```
    pub fn mark_absent(&mut self, key: &str) {
        self.complete(&ConditionKey::new(key), None);
    }

    /// Whether the request carries several keys that differ from `key` by letter case only, none spelled like it.
    pub(crate) fn is_ambiguous(&self, key: &ConditionKey) -> bool {
        let same = || self.entries.iter().filter(|entry| entry.key == *key);
        same().count() > 1 && same().all(|entry| entry.key.as_str() != key.as_str())
    }

    /// Gives the key a value, or takes it away, without regard to what is known of its shape: for trying completions.
    pub(crate) fn complete(&mut self, key: &ConditionKey, value: Option<ContextValue>) {
        self.unknown.retain(|other| other != key);
        self.entries.retain(|entry| entry.key != *key);
        self.absent.retain(|other| other != key);
        self.times_touched |= key.is_time();
        match value {
            Some(value) => {
                let at = self.entries.partition_point(|entry| entry.key.folded() < key.folded());
                self.entries.insert(at, Entry { key: key.clone(), value });
            }
            None => self.absent.push(key.clone()),
        }
    }

    /// `aws:CurrentTime` and `aws:EpochTime` are one instant: where one is given, the other follows (R8.8).
    ///
    /// # Errors
    /// [`RequestError::Context`] if both are given and differ.
    ///
    /// ```
    /// use can_access_engine::key::ConditionKey;
    /// use can_access_engine::request::{Context, ContextValue};
    /// let mut context = Context::new();
    /// context.insert("aws:EpochTime", ContextValue::Single("0".into())).unwrap();
    /// context.pair_times().unwrap();
    /// assert!(context.keys().any(|(key, _)| *key == ConditionKey::new("aws:CurrentTime")));
    /// ```
    pub fn pair_times(&mut self) -> Result<(), RequestError> {
        let current = ConditionKey::new("aws:CurrentTime");
        let epoch = ConditionKey::new("aws:EpochTime");
        let instant = |key: &ConditionKey| match self.given(key) {
            Some(ContextValue::Single(text)) => Some(Instant::parse(text)),
            Some(ContextValue::Multi(_)) => Some(None),
            None => None,
        };
        match (instant(&current), instant(&epoch)) {
            (Some(Some(current)), Some(Some(epoch))) if current.seconds() != epoch.seconds() => {
                Err(RequestError::Context {
                    key: "aws:EpochTime".to_owned(),
                    why: "it is another instant than aws:CurrentTime".to_owned(),
                })
            }
            (Some(Some(instant)), None) if !self.is_unknown(&epoch) => {
                self.insert("aws:EpochTime", ContextValue::Single(instant.seconds().to_string()))
            }
            (None, Some(Some(instant))) if !self.is_unknown(&current) => {
                self.insert("aws:CurrentTime", ContextValue::Single(instant.to_string()))
            }
            _ => Ok(()),
        }
    }
}
