//! Who sent a logged request (REPLAY §1.3).

use crate::arn::{AccountId, Arn};

/// A requester as S3 writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Requester<'l> {
    /// Nobody signed the request.
    Anonymous,
    /// A user, a session of a role, or a federated user, by ARN.
    Identity(&'l str),
    /// A service, by the name of its principal.
    Service(&'l str),
    /// An account's root user, or somebody of another account in old logs, by the account's canonical id.
    Canonical(&'l str),
    /// S3 itself: lifecycle rules and the like.
    Itself,
    /// Something else, such as a shortened name.
    Other(&'l str),
}

impl<'l> Requester<'l> {
    /// Reads the field.
    ///
    /// ```
    /// use can_access_engine::replay::requester::Requester;
    /// assert_eq!(Requester::read("-"), Requester::Anonymous);
    /// assert_eq!(Requester::read("svc:delivery.logs.amazonaws.com"), Requester::Service("delivery.logs.amazonaws.com"));
    /// assert_eq!(Requester::read("AmazonS3"), Requester::Itself);
    /// ```
    #[must_use]
    pub fn read(field: &'l str) -> Self {
        match field {
            "-" | "Anonymous" => Self::Anonymous,
            "AmazonS3" => Self::Itself,
            _ if field.starts_with("arn:") => Self::Identity(field),
            _ if field.len() == 64 && field.bytes().all(|byte| byte.is_ascii_hexdigit()) => Self::Canonical(field),
            _ => field.strip_prefix("svc:").map_or(Self::Other(field), Self::Service),
        }
    }

    /// Account and name of the role whose session this is.
    ///
    /// ```
    /// use can_access_engine::replay::requester::Requester;
    /// let session = Requester::read("arn:aws:sts::111122223333:assumed-role/export/i-0abc");
    /// assert_eq!(session.role().unwrap().1, "export");
    /// ```
    #[must_use]
    pub fn role(self) -> Option<(AccountId, &'l str)> {
        let Self::Identity(text) = self else { return None };
        let arn = Arn::parse(text).filter(|arn| arn.service == "sts")?;
        let (role, _session) = arn.resource.strip_prefix("assumed-role/")?.split_once('/')?;
        Some((arn.account_id()?, role))
    }
}
