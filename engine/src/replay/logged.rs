//! What every kind of log tells of a request, so that policies can be asked about it and evidence be taken from it.

use super::Class;
use super::requester::Requester;
use crate::arn::AccountId;
use crate::request::{Action, Context};
use std::borrow::Cow;

/// What a fact is about, within its scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// The scope itself: a bucket, or `*`.
    Whole,
    /// What the name behind the scope stands for, such as an object.
    Name,
    /// A listing of the scope with the name as its prefix.
    Prefix,
}

/// An action on a resource that a request needed.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact<'l> {
    /// The action.
    pub action: Cow<'l, Action>,
    /// The beginning of the resource's ARN, up to where names begin: `arn:aws:s3:::bucket/`; all of it for others.
    pub scope: Cow<'l, str>,
    /// What of the scope it is about.
    pub part: Part,
    /// The name: a key, a prefix; empty for [`Part::Whole`].
    pub name: Cow<'l, str>,
    /// Whether it shows that what it is about exists.
    pub exists: bool,
}

impl Fact<'_> {
    /// The ARN of the resource.
    #[must_use]
    pub fn resource(&self) -> Cow<'_, str> {
        match self.part {
            Part::Name => Cow::Owned(format!("{}{}", self.scope, self.name)),
            Part::Whole | Part::Prefix => Cow::Borrowed(&self.scope),
        }
    }
}

/// What the name of a log says of the bucket that it is about: nothing else in an access log tells its account and Region
/// (REPLAY §1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The account that owns the bucket.
    pub account: AccountId,
    /// The Region of the bucket.
    pub region: String,
    /// The bucket.
    pub bucket: String,
}

impl Delivery {
    /// Reads the path of a log that was delivered in partitions: `…ACCOUNT/REGION/BUCKET/YYYY/MM/DD/NAME`.
    ///
    /// ```
    /// use can_access_engine::replay::logged::Delivery;
    /// let path = "logs/111122223333/eu-west-1/data/2026/11/21/2026-11-21-00-00-00-0A1B2C3D4E5F6071";
    /// assert_eq!(Delivery::of_path(path).unwrap().region, "eu-west-1");
    /// assert!(Delivery::of_path("logs/2026-11-21-00-00-00-0A1B2C3D4E5F6071").is_none());
    /// ```
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let mut parts = path.rsplit(['/', '\\']).skip(1);
        let date = [parts.next()?, parts.next()?, parts.next()?];
        let is_date = date
            .iter()
            .zip([2, 2, 4])
            .all(|(part, length)| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit()));
        let (bucket, region, account) = (parts.next()?, parts.next()?, parts.next()?);
        // What stands before the account is a prefix of any kind.
        let account = AccountId::parse(account.get(account.len().checked_sub(12)?..)?)?;
        let is_region = region.split('-').count() >= 3 && region.ends_with(|last: char| last.is_ascii_digit());
        (is_date && is_region).then(|| Self { account, region: region.to_owned(), bucket: bucket.to_owned() })
    }
}

/// The bucket that a fact is about, or that its object is in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bucket<'l> {
    /// Its name; empty for what is about no bucket, and for one that the log does not tell.
    pub name: Cow<'l, str>,
    /// The account that owns it, if the log tells; for what is about no bucket, the account of its resource.
    pub account: Option<AccountId>,
    /// Its ARN, where the request went through an access point.
    pub behind: Option<String>,
}

/// A request of a log.
pub trait Logged {
    /// What the line or event counts as.
    fn class(&self) -> Class;

    /// When it happened, in seconds since 1970.
    fn time(&self) -> i64;

    /// Who sent it.
    fn requester(&self) -> Requester<'_>;

    /// The ARN of the role, with its path, whose session sent it, if the log tells.
    fn role_arn(&self) -> Option<&str> {
        None
    }

    /// The unique id of the user, or of the role with the name of the session, if the log tells.
    fn unique_id(&self) -> Option<&str> {
        None
    }

    /// The bucket that one of its facts is about.
    fn bucket_of(&self, fact: &Fact<'_>) -> Bucket<'_>;

    /// What tells the buckets it is about from those of others: the name, for all but copies.
    fn buckets(&self) -> Cow<'_, str>;

    /// The canonical id of the bucket's owner.
    fn owner(&self) -> &str {
        ""
    }

    /// What it needed, all of it. Empty if that is not known.
    fn facts(&self) -> Vec<Fact<'_>>;

    /// What of it was refused, if it was: of several needs, nothing says which.
    fn refused(&self) -> Option<Fact<'_>> {
        let mut facts = self.facts();
        facts.pop().filter(|_| facts.is_empty())
    }

    /// What it shows to have been allowed beyond what it needed.
    fn shown(&self) -> Option<Fact<'_>> {
        None
    }

    /// The context of one of its facts, where that is not the context of all of them.
    fn context_for(&self, _: &Fact<'_>, _: &Context) -> Option<Context> {
        None
    }

    /// The condition keys that are wanted, as far as the log tells them.
    fn context_of(&self, wanted: &dyn Fn(&str) -> bool) -> Context;
}
