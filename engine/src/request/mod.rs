//! A request: who asks, for which action, on which resource, in which context (SEMANTICS 0.2, §8).
//!
//! A request borrows everything it is made of. Keys that follow from the request itself, such as `aws:PrincipalArn`,
//! are looked up in it and never stored. The module does not know policies.

mod context;
mod derived;
mod facts;
mod principal;

use crate::arn::{AccountId, Arn, is_access_point_alias};
use crate::catalogue::ActionId;
use crate::key::{ConditionKey, Derived};
use crate::pattern::{Substitute, Variables};
pub use context::{Context, ContextValue, Lookup};
use derived::Derivation;
pub(crate) use derived::ENDPOINT_KEYS;
pub use facts::{Assumption, EndpointType, Facts, NotPrincipalRule};
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
    /// Most others are told apart by it, without looking at the text.
    id: ActionId,
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
            return refuse("a request asks for one action; wildcards belong in policies");
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
        let folded = text.to_ascii_lowercase();
        Ok(Self { text: text.to_owned(), colon: service.len(), id: ActionId::of(&folded), folded })
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

    /// What it is found by in the catalogue and in compiled policies.
    #[must_use]
    pub fn id(&self) -> ActionId {
        self.id
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

    /// Whether what it does to an access point it does not do to the bucket behind it. All others whose resource can be an
    /// access point go to the bucket (S3 User Guide, "Access point compatibility").
    pub(crate) fn manages_access_points(&self) -> bool {
        let name = self.name();
        let tags = matches!(name, "tagresource" | "untagresource" | "listtagsforresource");
        self.service() == "s3" && (tags || name.contains("accesspoint"))
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
            // Others would have it belong to whoever asks.
            Some(arn) if !arn.account.is_empty() && arn.account_id().is_none() && is_number(arn.account) => {
                refuse("its account field is no twelve-digit id")
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

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The resource of requests that are about none.
const EVERYTHING: &str = "*";

/// A request, ready to be decided. It borrows its parts, so that many requests can share them.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    principal: &'a Principal,
    action: &'a Action,
    resource: Resource<'a>,
    /// What it is matched as instead of the resource: `*` where the action takes none (R3.22), or all buckets (R3.24).
    matched_as: Option<&'static str>,
    /// The ARN and the account of the access point the request goes through (R9.12).
    access_point: Option<(&'a str, &'a str)>,
    /// Whether it is about the access point itself.
    manages_access_point: bool,
    /// The resource in the bucket behind the access point.
    bucket_resource: Option<Cow<'a, str>>,
    resource_account: Option<AccountId>,
    account_given: bool,
    /// Whether the account is that of the access point, to which the bucket behind it need not belong.
    account_is_points: bool,
    same_account: bool,
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
        let manages_access_point = access_point.is_some() && action.manages_access_points();
        let has_bucket = access_point.is_some() && !manages_access_point;
        let bucket_resource = facts.access_point_bucket.as_deref().filter(|_| has_bucket).map(|bucket| match resource
            .text
            .split_once("/object/")
        {
            Some((_, key)) => Cow::Owned(format!("{bucket}/{key}")),
            None => Cow::Borrowed(bucket),
        });
        let bucket_behind = bucket_resource.is_some();
        let owner = resource_account.or(own).or(principal.account().copied());
        let request = Self {
            principal,
            action,
            resource,
            matched_as: all_buckets,
            access_point,
            manages_access_point,
            bucket_resource,
            resource_account: owner,
            same_account: is_same_account(principal, &resource, owner.as_ref()),
            account_given: resource_account.or(own).is_some(),
            account_is_points: resource_account.is_none() && own.is_some() && bucket_behind,
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
    pub fn resource(&self) -> &Resource<'a> {
        &self.resource
    }

    /// The account that owns the resource, as given, as the ARN says, or as assumed (R7.3); `None` only for callers
    /// without an account.
    #[must_use]
    pub fn resource_account(&self) -> Option<&AccountId> {
        self.resource_account.as_ref()
    }

    /// Whether the account is that of the principal, because neither the caller nor the ARN says whose the resource is.
    pub(crate) fn account_is_assumed(&self) -> bool {
        !self.account_given
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
        self.same_account
    }

    /// Whether the principal is of the account of the access point that the request goes through, which need not be that of
    /// the bucket behind it.
    pub(crate) fn is_of_access_points_account(&self) -> bool {
        let of_principal = self.principal.account().map(AccountId::as_str);
        let same = self.access_point.is_some_and(|(_, account)| of_principal == Some(account));
        same && self.principal.partition() == self.resource.arn().map(|arn| arn.partition)
    }

    /// The partition the resource is in: the ARN's, or the principal's for `*`.
    pub(crate) fn partition(&self) -> Option<&str> {
        self.resource.arn().map(|arn| arn.partition).or_else(|| self.principal.partition())
    }

    /// The same request of an action without resource-level permissions: whatever resource is named, only statements on
    /// `*` match (R3.22). Region, account and other keys remain those of the resource.
    ///
    /// ```
    /// use can_access_engine::request::{Action, Context, Facts, Principal, Request, Resource};
    ///
    /// let principal = Principal::parse("arn:aws:iam::111122223333:user/ann").unwrap();
    /// let action = Action::parse("ec2:DescribeInstances").unwrap();
    /// let resource = Resource::parse("arn:aws:ec2:us-east-1:111122223333:instance/i-1").unwrap();
    /// let (context, facts) = (Context::new(), Facts::default());
    /// let request = Request::new(&principal, &action, resource, None, &context, &facts).unwrap();
    /// assert_eq!(request.on_everything().asked_of(), "*");
    /// ```
    #[must_use]
    pub fn on_everything(self) -> Self {
        Self { matched_as: Some(EVERYTHING), ..self }
    }

    /// The resource that statements have to be about: the one that is named, or `*` ([`Self::on_everything`]).
    #[must_use]
    pub fn asked_of(&self) -> &'a str {
        if self.is_on_everything() { EVERYTHING } else { self.resource.text }
    }

    /// Whether only statements on `*` match, whatever is named.
    pub(crate) fn is_on_everything(&self) -> bool {
        self.matched_as.is_some_and(|text| text == EVERYTHING)
    }

    /// What it is matched as instead of the resource.
    pub(crate) fn matched_as(&self) -> Option<&'static str> {
        self.matched_as
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
            matched_as: self.matched_as,
            access_point: self.access_point,
            manages_access_point: self.manages_access_point,
            bucket_resource: None,
            same_account: is_same_account(self.principal, &resource, self.resource_account.as_ref()),
            resource_account: self.resource_account,
            account_given: self.account_given,
            account_is_points: self.account_is_points,
            context: self.context,
            facts: self.facts,
        })
    }

    /// The same request in another context.
    pub(crate) fn within<'b>(&'b self, context: &'b Context) -> Request<'b> {
        Request { context, ..self.clone() }
    }

    /// Whether the resource asked for is the access point's ARN itself, rather than that of the bucket behind it.
    pub(crate) fn has_access_point_form(&self) -> bool {
        access_point(&self.resource).is_some()
    }

    /// Whether the bucket that it goes to is not known: that behind an access point, or behind an alias of one.
    #[must_use]
    pub fn lacks_bucket(&self) -> bool {
        self.is_through_access_point() && self.bucket_resource.is_none() || self.names_alias()
    }

    /// Whether the bucket is an alias of an access point.
    fn names_alias(&self) -> bool {
        let arn = self.resource.arn().filter(|arn| arn.service == "s3" && arn.account.is_empty());
        arn.and_then(|arn| arn.resource.split('/').next()).is_some_and(is_access_point_alias)
    }

    /// Whether it is about an access point itself rather than about what lies behind it, such as `s3:DeleteAccessPoint`.
    pub(crate) fn manages_access_point(&self) -> bool {
        self.manages_access_point
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

    /// Whether the request goes through an access point, to its bucket or to an object there.
    #[must_use]
    pub fn is_through_access_point(&self) -> bool {
        self.access_point.is_some() && !self.manages_access_point
    }
}

fn is_same_account(principal: &Principal, resource: &Resource<'_>, owner: Option<&AccountId>) -> bool {
    match (principal.account(), resource.arn()) {
        (None, _) => false,
        (Some(_), None) => true,
        (own, Some(arn)) => own == owner && principal.partition() == Some(arn.partition),
    }
}

/// The ARN of the access point that a resource names or lies behind, and its account.
fn access_point<'a>(resource: &Resource<'a>) -> Option<(&'a str, &'a str)> {
    let arn = resource.arn().filter(|arn| arn.is_access_point())?;
    let end = resource.text.find("/object/").unwrap_or(resource.text.len());
    Some((resource.text.get(..end)?, arn.account))
}

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
