//! A request: who asks, for which action, on which resource, in which context (SEMANTICS 0.2, §8).
//!
//! A request borrows everything it is made of. Keys that follow from the request itself, such as `aws:PrincipalArn`,
//! are looked up in it and never stored. The module does not know policies.

mod context;
mod principal;

use crate::arn::{AccountId, Arn};
use crate::instant::Instant;
use crate::key::{ConditionKey, Derived};
use crate::layer::Layer;
use crate::pattern::{Substitute, Variables};
pub use context::{Context, ContextValue, Lookup};
pub(crate) use principal::{Identity, RoleSession, final_element, partition};
pub use principal::{Kind, Principal};
use std::borrow::Cow;

/// Why a request, or a part of it, is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The principal is not one.
    #[error("`{text}` is no principal a request can come from: {why}")]
    Principal {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// The action is not one.
    #[error("`{text}` is no action: {why}")]
    Action {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// The resource is neither `*` nor an ARN.
    #[error("`{text}` is no resource: {why}")]
    Resource {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// A condition key cannot hold what it is given.
    #[error("context key `{key}`: {why}")]
    Context {
        /// The key, as given.
        key: String,
        /// What is wrong.
        why: String,
    },
    /// A fact is malformed.
    #[error("`{text}` is no {what}: {why}")]
    Fact {
        /// Which fact.
        what: &'static str,
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
}

/// An action of a request, such as `s3:GetObject`.
///
/// ```
/// use can_access_engine::request::Action;
/// assert_eq!(Action::parse("S3:GetObject").unwrap().service(), "s3");
/// assert!(Action::parse("GetObject").is_err());
/// assert!(Action::parse("s3:Get*").is_err()); // a request asks for one action
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    text: String,
    folded: String,
    colon: usize,
}

impl Action {
    /// Reads `service:Name`. Letter case does not count (R2.2).
    ///
    /// # Errors
    /// [`RequestError::Action`] without exactly one colon, with an empty half, with white space, or with a wildcard.
    ///
    /// ```
    /// use can_access_engine::request::Action;
    /// assert_eq!(Action::parse("s3:GetObject").unwrap().as_str(), "s3:GetObject");
    /// ```
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        let refuse = |why: &str| Err(RequestError::Action { text: text.to_owned(), why: why.to_owned() });
        if text.contains(['*', '?']) {
            return refuse("a request asks for one action; wildcards belong into policies");
        }
        let Some((service, name)) = text.split_once(':') else {
            return refuse("an action is `service:Name`, such as `s3:GetObject`");
        };
        if service.is_empty() || name.is_empty() || name.contains(':') {
            return refuse("an action is `service:Name`, such as `s3:GetObject`");
        }
        if text.contains(char::is_whitespace) || text.contains(',') {
            return refuse("an action has no spaces and no commas; ask for several one by one");
        }
        if name.starts_with('/') {
            return refuse("it looks like an address; a resource is an ARN, such as `arn:aws:s3:::bucket/key`");
        }
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if !service.chars().all(letter) || !name.chars().all(letter) {
            return refuse("an action is `service:Name` in letters and digits, such as `s3:GetObject`");
        }
        Ok(Self { text: text.to_owned(), folded: text.to_ascii_lowercase(), colon: service.len() })
    }

    /// The action as given.
    ///
    /// ```
    /// # use can_access_engine::request::Action;
    /// assert_eq!(Action::parse("S3:getobject").unwrap().as_str(), "S3:getobject");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The action in lower case, the form that is compared.
    ///
    /// ```
    /// # use can_access_engine::request::Action;
    /// assert_eq!(Action::parse("S3:GetObject").unwrap().folded(), "s3:getobject");
    /// ```
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// The service prefix in lower case.
    ///
    /// ```
    /// # use can_access_engine::request::Action;
    /// assert_eq!(Action::parse("KMS:Decrypt").unwrap().service(), "kms");
    /// ```
    #[must_use]
    pub fn service(&self) -> &str {
        self.folded.get(..self.colon).unwrap_or_default()
    }

    /// The name behind the colon in lower case.
    pub(crate) fn name(&self) -> &str {
        self.folded.get(self.colon + 1..).unwrap_or_default()
    }
}

/// The resource of a request: a concrete ARN, or `*` for actions that take none. Always literal text (R3.15).
///
/// ```
/// use can_access_engine::request::Resource;
/// assert!(Resource::parse("arn:aws:s3:::b/k*").is_ok()); // a key that holds a star
/// assert!(Resource::parse("b/k").is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource<'a> {
    text: &'a str,
    arn: Option<Arn<'a>>,
}

impl<'a> Resource<'a> {
    /// Reads `*` or an ARN of six parts.
    ///
    /// # Errors
    /// [`RequestError::Resource`] for anything else.
    ///
    /// ```
    /// use can_access_engine::request::Resource;
    /// assert!(Resource::parse("*").unwrap().arn().is_none());
    /// ```
    pub fn parse(text: &'a str) -> Result<Self, RequestError> {
        let refuse = |why: &str| Err(RequestError::Resource { text: text.to_owned(), why: why.to_owned() });
        if text == "*" {
            return Ok(Self { text, arn: None });
        }
        match Arn::parse(text) {
            Some(arn) if arn.partition.is_empty() || arn.service.is_empty() || arn.resource.is_empty() => {
                refuse("the ARN lacks its partition, service or resource")
            }
            Some(arn) => Ok(Self { text, arn: Some(arn) }),
            None if text.starts_with("arn:") => {
                refuse("an ARN has six parts: arn:partition:service:region:account:resource")
            }
            None => refuse("give an ARN, such as `arn:aws:s3:::bucket/key`, or `*` for actions that take no resource"),
        }
    }

    /// The text as given.
    ///
    /// ```
    /// use can_access_engine::request::Resource;
    /// assert_eq!(Resource::parse("*").unwrap().as_str(), "*");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// The parts of the ARN; `None` for `*`.
    ///
    /// ```
    /// use can_access_engine::request::Resource;
    /// assert_eq!(Resource::parse("arn:aws:s3:::b").unwrap().arn().unwrap().resource, "b");
    /// ```
    #[must_use]
    pub fn arn(&self) -> Option<&Arn<'a>> {
        self.arn.as_ref()
    }
}

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
    time: Option<(String, String)>,
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
            Self::PublicResource => f.write_str("the resource is public and counts as the caller's own"),
            Self::RolePath(arn) => write!(f, "the role behind the session is {arn}, without a path"),
            Self::Region(region) => write!(f, "aws:RequestedRegion is {region}"),
            Self::Default { key, value } => write!(f, "{key} is {value}"),
            Self::NoPolicies(layer) => write!(f, "no {layer} limits the request: none was given"),
            Self::UnsignedRequests => f.write_str("the service takes unsigned requests for this action"),
        }
    }
}

/// A request, ready to be decided. It borrows its parts, so that many requests can share them.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    principal: &'a Principal,
    action: &'a Action,
    resource: Resource<'a>,
    /// `s3:ListAllMyBuckets` on `*` is matched as this ARN too (R3.24).
    all_buckets: Option<&'static str>,
    /// The ARN and the account of the access point the request goes through (R9.12).
    access_point: Option<(&'a str, &'a str)>,
    /// The resource in the bucket behind the access point.
    bucket_resource: Option<Cow<'a, str>>,
    resource_account: Option<AccountId>,
    account_given: bool,
    context: &'a Context,
    facts: &'a Facts,
}

impl<'a> Request<'a> {
    /// Puts a request together.
    ///
    /// `resource_account` is the account that owns the resource; without it, the ARN's account field counts, and
    /// where the ARN has none, the principal's account is assumed (R7.3).
    ///
    /// # Errors
    /// [`RequestError::Context`] if the context contradicts the principal, or has the keys of a call over the internet
    /// together with those of a call through a VPC endpoint (§8, R8.11).
    ///
    /// ```
    /// use can_access_engine::request::{Action, Context, Facts, Principal, Request, Resource};
    ///
    /// let principal = Principal::parse("arn:aws:iam::111122223333:user/ann").unwrap();
    /// let action = Action::parse("s3:GetObject").unwrap();
    /// let resource = Resource::parse("arn:aws:s3:::b/k").unwrap();
    /// let (context, facts) = (Context::new(), Facts::default());
    /// let request = Request::new(&principal, &action, resource, None, &context, &facts).unwrap();
    /// assert_eq!(request.resource_account().unwrap().as_str(), "111122223333");
    /// ```
    pub fn new(
        principal: &'a Principal,
        action: &'a Action,
        resource: Resource<'a>,
        resource_account: Option<AccountId>,
        context: &'a Context,
        facts: &'a Facts,
    ) -> Result<Self, RequestError> {
        let own = resource.arn().and_then(Arn::account_id);
        let all_buckets =
            (action.folded() == "s3:listallmybuckets" && resource.arn().is_none()).then(|| {
                match principal.partition() {
                    Some("aws-cn") => "arn:aws-cn:s3:::*",
                    Some("aws-us-gov") => "arn:aws-us-gov:s3:::*",
                    _ => "arn:aws:s3:::*",
                }
            });
        let access_point = access_point(&resource);
        let bucket_resource = facts.access_point_bucket.as_deref().filter(|_| access_point.is_some()).map(|bucket| {
            match resource.text.split_once("/object/") {
                Some((_, key)) => Cow::Owned(format!("{bucket}/{key}")),
                None => Cow::Borrowed(bucket),
            }
        });
        let request = Self {
            principal,
            action,
            resource,
            all_buckets,
            access_point,
            bucket_resource,
            resource_account: resource_account.or(own).or(principal.account().copied()),
            account_given: resource_account.or(own).is_some(),
            context,
            facts,
        };
        request.check_context()?;
        Ok(request)
    }

    fn check_context(&self) -> Result<(), RequestError> {
        for (key, value) in self.context.keys() {
            let ContextValue::Single(value) = value else { continue };
            if let Some(expected) = self.contradicted(key, value) {
                let why = match expected {
                    Some(expected) => format!("`{value}` contradicts the principal, for whom it is `{expected}`"),
                    None => format!("`{value}` contradicts the principal, who does not have this key"),
                };
                return Err(RequestError::Context { key: key.to_string(), why });
            }
        }
        if let Some(endpoint) = self.endpoint_key_beside_source_ip() {
            let why = format!(
                "a request comes over the internet (aws:SourceIp) or through a VPC endpoint ({endpoint}), not both"
            );
            return Err(RequestError::Context { key: "aws:SourceIp".to_owned(), why });
        }
        Ok(())
    }

    /// A key of calls through a VPC endpoint, given together with the address of a call over the internet (R8.11).
    fn endpoint_key_beside_source_ip(&self) -> Option<&'a ConditionKey> {
        let given = |name: &str| self.context.keys().find(|(key, _)| key.folded() == name).map(|(key, _)| key);
        given("aws:sourceip")?;
        ENDPOINT_KEYS.into_iter().find_map(given)
    }

    /// Whether a request can have this context, as far as keys exclude each other.
    pub(crate) fn is_possible(&self) -> bool {
        self.endpoint_key_beside_source_ip().is_none()
    }

    /// What a principal key must hold, if it is not `value`.
    fn contradicted(&self, key: &ConditionKey, value: &str) -> Option<Option<&str>> {
        let derived = key.derived()?;
        let applies = key.identifies_principal();
        // What AWS puts there for services and providers is not documented (§8.1): take the caller's word.
        let documented =
            !matches!(self.principal.kind(), Kind::Service | Kind::IdentityProvider) || derived == Derived::UserName;
        if !applies || !documented {
            return None;
        }
        if let (Derived::PrincipalArn, Identity::RoleSession(session)) = (derived, self.principal.identity()) {
            // Without its path the role's ARN is a guess: one with a path may be that of the same role.
            let same = partition(value) == partition(&session.role_arn)
                && Arn::parse(value).and_then(|arn| arn.account_id()) == Some(session.account)
                && value.contains(":role/")
                && final_element(value) == final_element(&session.role_arn);
            if !session.path_known && same {
                return None;
            }
        }
        match self.derive(derived) {
            Derivation::Value(Lookup::Single(expected)) => (expected != value).then_some(Some(expected)),
            Derivation::Value(_) => Some(None),
            Derivation::Usual(_) | Derivation::NotDerived => None,
        }
    }

    /// Who asks.
    #[must_use]
    pub fn principal(&self) -> &'a Principal {
        self.principal
    }

    /// The action asked for.
    #[must_use]
    pub fn action(&self) -> &'a Action {
        self.action
    }

    /// The resource asked for.
    #[must_use]
    pub fn resource(&self) -> Resource<'a> {
        self.resource
    }

    /// The account that owns the resource, as given, as the ARN says, or as assumed (R7.3); `None` only for callers
    /// without an account.
    #[must_use]
    pub fn resource_account(&self) -> Option<&AccountId> {
        self.resource_account.as_ref()
    }

    /// The context given by the caller.
    #[must_use]
    pub fn context(&self) -> &'a Context {
        self.context
    }

    /// The facts given by the caller.
    #[must_use]
    pub fn facts(&self) -> &'a Facts {
        self.facts
    }

    /// Whether principal and resource are in one account; a request on `*` always is (R7.4).
    #[must_use]
    pub fn is_same_account(&self) -> bool {
        match (self.principal.account(), self.resource.arn()) {
            (None, _) => false,
            (Some(_), None) => true,
            (own, Some(arn)) => own == self.resource_account() && self.principal.partition() == Some(arn.partition),
        }
    }

    /// The partition the resource is in: the ARN's, or the principal's for `*`.
    pub(crate) fn partition(&self) -> Option<&str> {
        self.resource.arn().map(|arn| arn.partition).or_else(|| self.principal.partition())
    }

    /// The ARN that `s3:ListAllMyBuckets` is matched as besides `*`.
    pub(crate) fn all_buckets(&self) -> Option<&'static str> {
        self.all_buckets
    }

    /// The account of the access point the request goes through.
    pub(crate) fn access_point_account(&self) -> Option<&'a str> {
        self.access_point.map(|(_, account)| account)
    }

    /// An access point request, asked of the bucket behind the access point, where that is known (R9.12).
    #[must_use]
    pub fn on_bucket(&self) -> Option<Request<'_>> {
        let resource = Resource::parse(self.bucket_resource.as_deref()?).ok()?;
        Some(Request {
            principal: self.principal,
            action: self.action,
            resource,
            all_buckets: None,
            access_point: self.access_point,
            bucket_resource: None,
            resource_account: self.resource_account,
            account_given: self.account_given,
            context: self.context,
            facts: self.facts,
        })
    }

    /// The same request in another context.
    pub(crate) fn within<'b>(&'b self, context: &'b Context) -> Request<'b> {
        Request { context, ..self.clone() }
    }

    /// What a condition key holds: what the caller gave, else what follows from the request, else absent or, if the
    /// caller said so, unknown (R8.15).
    #[must_use]
    pub fn lookup(&self, key: &ConditionKey) -> Lookup<'_> {
        match self.context.given(key) {
            Some(ContextValue::Single(text)) => return Lookup::Single(text),
            Some(ContextValue::Multi(texts)) => return Lookup::Multi(texts),
            None if self.context.is_unknown(key) => return Lookup::Unknown,
            None if self.context.is_absent(key) => return Lookup::Absent,
            None => {}
        }
        let owner_unknown = || self.context.is_unknown(&ConditionKey::new("aws:ResourceAccount"));
        if key.derived() == Some(Derived::S3ResourceAccount) && self.context.has_unknown() && owner_unknown() {
            return Lookup::Unknown;
        }
        if key.is_call_chain() && self.context.is_call_chain_unknown() {
            return Lookup::Unknown;
        }
        let derivation = key.derived().map_or(Derivation::NotDerived, |derived| self.derive(derived));
        match derivation {
            Derivation::Value(value) => value,
            Derivation::Usual(_) if self.context.others_unknown() => Lookup::Unknown,
            Derivation::Usual(value) => Lookup::Single(value),
            Derivation::NotDerived if self.context.others_unknown() && !self.rules_out(key) => Lookup::Unknown,
            Derivation::NotDerived => Lookup::Absent,
        }
    }

    fn derive(&self, key: Derived) -> Derivation<'_> {
        let text = |text: Option<&'a str>| Derivation::Value(text.map_or(Lookup::Absent, Lookup::Single));
        let kind = self.principal.kind();
        let account = || self.principal.account().map(AccountId::as_str);
        match key {
            Derived::PrincipalArn => text(self.principal.arn()),
            Derived::PrincipalAccount if kind == Kind::Anonymous => text(Some("anonymous")),
            Derived::PrincipalAccount => text(account()),
            Derived::PrincipalType => text(match kind {
                Kind::Root => Some("Account"),
                Kind::User => Some("User"),
                Kind::RoleSession => Some("AssumedRole"),
                Kind::FederatedUser => Some("FederatedUser"),
                Kind::Anonymous => Some("Anonymous"),
                Kind::Service | Kind::IdentityProvider => None,
            }),
            Derived::UserId => match self.principal.identity() {
                Identity::Root { account, .. } => text(Some(account.as_str())),
                Identity::User { id, .. } => id.as_deref().map_or(Derivation::NotDerived, |id| text(Some(id))),
                Identity::RoleSession(session) => {
                    session.user_id.as_deref().map_or(Derivation::NotDerived, |id| text(Some(id)))
                }
                Identity::FederatedUser { user_id, .. } => text(Some(user_id)),
                Identity::Anonymous => text(Some("anonymous")),
                Identity::Service { .. } | Identity::Provider { .. } => text(None),
            },
            Derived::UserName => text(match self.principal.identity() {
                Identity::User { arn, .. } => Some(final_element(arn)),
                _ => None,
            }),
            Derived::PrincipalIsAwsService => text(match kind {
                Kind::Service => Some("true"),
                Kind::Anonymous | Kind::IdentityProvider => None,
                Kind::Root | Kind::User | Kind::RoleSession | Kind::FederatedUser => Some("false"),
            }),
            Derived::PrincipalServiceName => text(match self.principal.identity() {
                Identity::Service { names } => names.first().map(String::as_str),
                _ => None,
            }),
            Derived::PrincipalServiceNamesList => Derivation::Value(match self.principal.identity() {
                Identity::Service { names } => Lookup::Multi(names),
                _ => Lookup::Absent,
            }),
            Derived::CurrentTime => self.time().map_or(Derivation::NotDerived, |(current, _)| text(Some(current))),
            Derived::EpochTime => self.time().map_or(Derivation::NotDerived, |(_, epoch)| text(Some(epoch))),
            Derived::SecureTransport => Derivation::Usual("true"),
            Derived::ViaAwsService if self.called_via().is_some_and(|services| !services.is_empty()) => {
                text(Some("true"))
            }
            Derived::ViaAwsService => Derivation::Usual("false"),
            Derived::CalledViaFirst => {
                self.called_via().map_or(Derivation::NotDerived, |services| text(services.first().map(String::as_str)))
            }
            Derived::CalledViaLast => {
                self.called_via().map_or(Derivation::NotDerived, |services| text(services.last().map(String::as_str)))
            }
            Derived::MultiFactorAuthPresent if kind == Kind::RoleSession => Derivation::Usual("false"),
            Derived::MultiFactorAuthPresent => Derivation::NotDerived,
            Derived::RequestedRegion => self.region().map_or(Derivation::NotDerived, |region| text(Some(region))),
            Derived::ResourceAccount
                if NO_RESOURCE_ACCOUNT.contains(&self.action.folded()) || self.action.service() == "ebs" =>
            {
                text(None)
            }
            Derived::ResourceAccount => self.resource_account_text(),
            Derived::S3ResourceAccount if self.action.service() == "s3" => self.resource_account_text(),
            Derived::KmsCallerAccount if self.action.service() == "kms" => text(account()),
            Derived::S3ResourceAccount | Derived::KmsCallerAccount => Derivation::NotDerived,
            // AWS's documentation says it is always there when a bucket is listed (§8.4).
            Derived::MaxKeys if matches!(self.action.folded(), "s3:listbucket" | "s3:listbucketversions") => {
                Derivation::Usual("1000")
            }
            Derived::MaxKeys => Derivation::NotDerived,
            Derived::AccessPointArn => self.access_point.map_or(Derivation::NotDerived, |(arn, _)| text(Some(arn))),
            Derived::AccessPointAccount => {
                self.access_point.map_or(Derivation::NotDerived, |(_, account)| text(Some(account)))
            }
        }
    }

    fn resource_account_text(&self) -> Derivation<'_> {
        Derivation::Value(self.resource_account().map_or(Lookup::Absent, |account| Lookup::Single(account.as_str())))
    }

    /// The time of the request; none where the caller gave, or does not know, one of the two time keys.
    fn time(&self) -> Option<(&'a str, &'a str)> {
        let (current, epoch) = self.facts.time.as_ref()?;
        (!self.context.times_touched()).then_some((current.as_str(), epoch.as_str()))
    }

    /// Whether the resource asked for is the access point's ARN itself, rather than that of the bucket behind it.
    pub(crate) fn has_access_point_form(&self) -> bool {
        access_point(&self.resource).is_some()
    }

    /// Whether the requester has a unique id that is not known, so that `AIDA…` and `AROA…` cannot be compared with it.
    #[must_use]
    pub fn lacks_unique_id(&self) -> bool {
        match self.principal.identity() {
            Identity::User { id, .. } => id.is_none(),
            Identity::RoleSession(session) => session.role_id.is_none(),
            _ => false,
        }
    }

    /// Whether nothing is known that a canonical user id could be compared with.
    #[must_use]
    pub fn lacks_canonical_id(&self) -> bool {
        self.principal.is_identity() && self.facts.canonical_id.is_none() && self.facts.canonical_ids.is_empty()
    }

    /// Whether the resource is an access point, or an object behind one.
    #[must_use]
    pub fn is_through_access_point(&self) -> bool {
        self.access_point.is_some()
    }

    /// Whether the caller said that the service goes by this name, too (R4.21).
    pub(crate) fn has_service_name(&self, name: &str) -> bool {
        let single = self.context.keys().any(|(key, value)| {
            key.folded() == "aws:principalservicename" && matches!(value, ContextValue::Single(text) if text == name)
        });
        single
            || self.given_list("aws:principalservicenameslist").is_some_and(|names| names.iter().any(|own| own == name))
    }

    fn called_via(&self) -> Option<&'a [String]> {
        self.given_list("aws:calledvia")
    }

    fn given_list(&self, folded: &str) -> Option<&'a [String]> {
        let (_, value) = self.context.keys().find(|(key, _)| key.folded() == folded)?;
        match value {
            ContextValue::Multi(services) => Some(services),
            ContextValue::Single(_) => None,
        }
    }

    /// The Region the request goes to, as far as the request tells.
    fn region(&self) -> Option<&'a str> {
        let region = self.resource.arn().map(|arn| arn.region).filter(|region| !region.is_empty());
        // Their one endpoint is in us-east-1 (IAM User Guide, "AWS global condition context keys", aws:RequestedRegion).
        let global =
            matches!(self.action.service(), "iam" | "cloudfront" | "route53" | "organizations" | "account" | "support");
        region.or_else(|| (global && self.principal.partition() == Some("aws")).then_some("us-east-1"))
    }

    /// Whether the request is known not to have a key though nothing was said about it.
    fn rules_out(&self, key: &ConditionKey) -> bool {
        let name = key.folded();
        let given = |name: &str| self.context.keys().any(|(key, _)| key.folded() == name);
        match self.principal.kind() {
            Kind::Anonymous | Kind::Service
                if name.starts_with("aws:principaltag/") || name.starts_with("aws:principalorg") =>
            {
                true
            }
            _ => match name {
                "aws:sourceip" => ENDPOINT_KEYS.into_iter().any(given),
                name if ENDPOINT_KEYS.contains(&name) => given("aws:sourceip"),
                _ => false,
            },
        }
    }

    /// What is taken for granted about this request, whatever the policies say.
    #[must_use]
    pub fn assumptions(&self) -> Vec<Assumption> {
        let mut assumptions = Vec::new();
        if !self.account_given {
            let public = self.resource.arn().is_some_and(|arn| arn.account == "aws");
            assumptions.extend(match self.resource_account {
                Some(_) if public => Some(Assumption::PublicResource),
                Some(account) => Some(Assumption::ResourceAccount(account)),
                None => None,
            });
        }
        if let Identity::RoleSession(RoleSession { path_known: false, role_arn, .. }) = self.principal.identity() {
            assumptions.push(Assumption::RolePath(role_arn.clone()));
        }
        if self.principal.kind() == Kind::Anonymous {
            assumptions.push(Assumption::UnsignedRequests);
        }
        assumptions
    }

    /// The assumption behind what a key holds, if there is one.
    pub(crate) fn assumed(&self, key: &ConditionKey) -> Option<Assumption> {
        if self.context.given(key).is_some() || self.context.is_unknown(key) || self.context.is_absent(key) {
            return None;
        }
        let name = match key.derived()? {
            Derived::SecureTransport => "aws:SecureTransport",
            Derived::ViaAwsService => "aws:ViaAWSService",
            Derived::MultiFactorAuthPresent => "aws:MultiFactorAuthPresent",
            Derived::MaxKeys => "s3:max-keys",
            Derived::RequestedRegion => return self.region().map(|region| Assumption::Region(region.to_owned())),
            _ => return None,
        };
        match self.derive(key.derived()?) {
            Derivation::Usual(value) if !self.context.others_unknown() => {
                Some(Assumption::Default { key: name, value })
            }
            _ => None,
        }
    }
}

/// The ARN of the access point that a resource names or lies behind, and its account.
fn access_point<'a>(resource: &Resource<'a>) -> Option<(&'a str, &'a str)> {
    let arn = resource.arn().filter(|arn| arn.service == "s3" && arn.resource.starts_with("accesspoint/"))?;
    let end = resource.text.find("/object/").unwrap_or(resource.text.len());
    Some((resource.text.get(..end)?, arn.account))
}

/// What the request itself says of a key.
enum Derivation<'a> {
    /// The key holds this, or is known to be absent.
    Value(Lookup<'a>),
    /// The key is always there; this is its value unless the caller says otherwise.
    Usual(&'static str),
    /// The request says nothing.
    NotDerived,
}

/// Keys of calls through a VPC endpoint, which have no `aws:SourceIp`, in lower case.
pub(crate) const ENDPOINT_KEYS: [&str; 7] = [
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:vpcsourceip",
    "aws:sourcevpcarn",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
];

/// Actions that do not support `aws:ResourceAccount`, besides all of EBS (IAM User Guide, "AWS global condition
/// context keys", aws:ResourceAccount).
const NO_RESOURCE_ACCOUNT: &[&str] = &[
    "ec2:acceptcapacityreservationbillingownership",
    "ec2:accepttransitgatewaypeeringattachment",
    "ec2:acceptvpcendpointconnections",
    "ec2:acceptvpcpeeringconnection",
    "ec2:copyfpgaimage",
    "ec2:copyimage",
    "ec2:copysnapshot",
    "ec2:createtransitgatewaypeeringattachment",
    "ec2:createvolume",
    "ec2:createvpcendpoint",
    "ec2:createvpcpeeringconnection",
    "ec2:deletetransitgatewaypeeringattachment",
    "ec2:deletevpcpeeringconnection",
    "ec2:rejecttransitgatewaypeeringattachment",
    "ec2:rejectvpcendpointconnections",
    "ec2:rejectvpcpeeringconnection",
    "events:putevents",
    "guardduty:acceptadministratorinvitation",
    "macie2:acceptinvitation",
    "es:acceptinboundconnection",
    "route53:associatevpcwithhostedzone",
    "route53:createvpcassociationauthorization",
    "route53:deletevpcassociationauthorization",
    "route53:disassociatevpcfromhostedzone",
    "route53:listhostedzonesbyvpc",
    "securityhub:acceptadministratorinvitation",
];

impl Variables for Request<'_> {
    fn variable(&self, key: &ConditionKey) -> Substitute<'_> {
        match self.lookup(key) {
            Lookup::Absent => Substitute::Absent,
            Lookup::Unknown => Substitute::Unknown,
            Lookup::Single(text) => Substitute::Text(text),
            Lookup::Multi(_) => Substitute::Multivalued,
        }
    }
}
