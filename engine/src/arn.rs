//! Amazon Resource Names as text: account ids and the six parts (SEMANTICS R3.1). No wildcards here.

use std::fmt;

/// A twelve-digit AWS account id, kept as text because leading zeros count.
///
/// ```
/// use can_access_engine::arn::AccountId;
/// assert!(AccountId::parse("012345678901").is_some());
/// assert!(AccountId::parse("12345678901").is_none());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId([u8; 12]);

impl AccountId {
    /// The id, if `text` is exactly twelve ASCII digits.
    ///
    /// ```
    /// use can_access_engine::arn::AccountId;
    /// assert_eq!(AccountId::parse("111122223333").unwrap().as_str(), "111122223333");
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; 12] = text.as_bytes().try_into().ok()?;
        digits.iter().all(u8::is_ascii_digit).then_some(Self(digits))
    }

    /// The twelve digits.
    ///
    /// ```
    /// # use can_access_engine::arn::AccountId;
    /// assert_eq!(AccountId::parse("000000000001").unwrap().as_str().len(), 12);
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        // INVARIANT: only ASCII digits are stored.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountId({self})")
    }
}

/// Whether what stands for a bucket is the alias of an access point. No bucket has such a name (S3 User Guide, "General
/// purpose bucket naming rules").
pub(crate) fn is_access_point_alias(bucket: &str) -> bool {
    bucket.ends_with("-s3alias") || bucket.ends_with("--ol-s3")
}

/// An ARN, split at its first five colons; the resource part may hold more (R3.1).
///
/// ```
/// use can_access_engine::arn::Arn;
/// let arn = Arn::parse("arn:aws:logs:us-east-1:111122223333:log-group:/app:*").unwrap();
/// assert_eq!((arn.service, arn.resource), ("logs", "log-group:/app:*"));
/// assert!(Arn::parse("arn:aws:s3").is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: &'a str,
    /// The service's namespace, such as `s3`.
    pub service: &'a str,
    /// The Region; empty where the service is global or the ARN leaves it out.
    pub region: &'a str,
    /// The account field; empty for S3 buckets and objects.
    pub account: &'a str,
    /// Everything behind the fifth colon.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// The parts of `text`, if it starts with `arn:` and has six of them.
    ///
    /// ```
    /// use can_access_engine::arn::Arn;
    /// assert_eq!(Arn::parse("arn:aws:s3:::b/k").unwrap().account, "");
    /// ```
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix("arn:")?;
        let mut colons = memchr::memchr_iter(b':', rest.as_bytes());
        let mut start = 0;
        let mut part = || {
            let end = colons.next()?;
            let part = rest.get(start..end);
            start = end + 1;
            part
        };
        let (partition, service, region, account) = (part()?, part()?, part()?, part()?);
        Some(Self { partition, service, region, account, resource: rest.get(start..)? })
    }

    /// The account field, where it holds an account id.
    ///
    /// ```
    /// use can_access_engine::arn::Arn;
    /// assert!(Arn::parse("arn:aws:iam::aws:policy/ReadOnlyAccess").unwrap().account_id().is_none());
    /// ```
    #[must_use]
    pub fn account_id(&self) -> Option<AccountId> {
        AccountId::parse(self.account)
    }

    /// Whether it is an access point of S3, or something behind one (R9.1). Theirs have an account, unlike those of what is
    /// in a bucket of the name `accesspoint`.
    ///
    /// ```
    /// use can_access_engine::arn::Arn;
    /// let is = |text| Arn::parse(text).unwrap().is_access_point();
    /// assert!(is("arn:aws:s3:eu-west-1:111122223333:accesspoint/ap/object/k"));
    /// assert!(!is("arn:aws:s3:::accesspoint/k"));
    /// ```
    #[must_use]
    pub fn is_access_point(&self) -> bool {
        self.service == "s3" && !self.account.is_empty() && self.resource.starts_with("accesspoint/")
    }

    /// The five parts behind `arn:` in order.
    pub(crate) fn parts(&self) -> [&'a str; 5] {
        [self.partition, self.service, self.region, self.account, self.resource]
    }
}
