//! What no policy holds and a decision needs, and what is taken for granted where nobody said otherwise.

use crate::arn::AccountId;
use crate::instant::Instant;
use crate::layer::Layer;

/// How a request reaches AWS when it goes through a VPC endpoint (R4.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EndpointType {
    /// An account in the endpoint policy's `Principal` means its root user only.
    Gateway,
    /// An account means all its identities.
    #[default]
    Interface,
}

/// When a `NotPrincipal` of a Deny exempts somebody (R4.27, R4.28).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NotPrincipalRule {
    /// Every level must be listed: the account, the user or role, and the session.
    #[default]
    Chain,
    /// One level is enough.
    Any,
}

/// What no policy holds and a decision needs.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Facts {
    /// The organization's management account: no SCP limits its identities, no RCP its resources.
    pub management_account: Option<AccountId>,
    /// The S3 Block Public Access setting that acts on requests (R7.35).
    pub restrict_public_buckets: bool,
    /// The kind of VPC endpoint an endpoint policy belongs to.
    pub endpoint_type: EndpointType,
    /// How strictly a `NotPrincipal` exempts.
    pub not_principal: NotPrincipalRule,
    /// A KMS grant covers the request (R7.31).
    pub kms_grant: bool,
    /// The caller started the multipart upload that the request aborts or lists (R9.7).
    pub multipart_initiator: bool,
    /// The requester's canonical user id (R4.24).
    pub canonical_id: Option<String>,
    /// The accounts behind canonical user ids.
    pub canonical_ids: Vec<(String, AccountId)>,
    /// The ARN of the bucket behind the access point that is asked for (R9.12).
    pub access_point_bucket: Option<String>,
    /// When the request is made, as `aws:CurrentTime` and `aws:EpochTime` hold it.
    pub(super) time: Option<(String, String)>,
}

impl Facts {
    /// The same facts, for a request made at `now`.
    ///
    /// ```
    /// use can_access_engine::instant::Instant;
    /// use can_access_engine::request::Facts;
    /// let facts = Facts::default().at(Instant::from_seconds(1_700_000_000));
    /// ```
    #[must_use]
    pub fn at(mut self, now: Instant) -> Self {
        self.time = Some((now.to_string(), now.seconds().to_string()));
        self
    }
}

/// What was taken for granted because nobody said otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Assumption {
    /// The resource belongs to the principal's account (R7.3).
    ResourceAccount(AccountId),
    /// The bucket behind the access point belongs to the access point's account (R7.3).
    BucketAccount(AccountId),
    /// The resource is public, and counts as the caller's own (R7.3).
    PublicResource,
    /// The role has no path: a session's ARN does not tell it (R4.14).
    RolePath(String),
    /// The Region is that of the ARN, or of the global service's endpoint (R8.10).
    Region(String),
    /// A key that is always there has its usual value (R8.7, R8.9).
    Default {
        /// The key.
        key: &'static str,
        /// Its value.
        value: &'static str,
    },
    /// The service takes unsigned requests (R7.27).
    UnsignedRequests,
    /// No policies of this layer limit the request, because none were given.
    NoPolicies(Layer),
}

impl std::fmt::Display for Assumption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ResourceAccount(account) => {
                write!(f, "the resource belongs to the principal's account {account}")
            }
            Self::BucketAccount(account) => {
                write!(f, "the bucket behind the access point belongs to the access point's account {account}")
            }
            Self::PublicResource => f.write_str("the resource is public and counts as the caller's own"),
            Self::RolePath(arn) => write!(f, "the role behind the session is {arn}, without a path"),
            Self::Region(region) => write!(f, "aws:RequestedRegion is {region}"),
            Self::Default { key, value } => write!(f, "{key} is {value}"),
            Self::NoPolicies(layer) => write!(f, "no {layer} limits the request: none was given"),
            Self::UnsignedRequests => f.write_str("the service takes unsigned requests for this action"),
        }
    }
}
