//! Rules of the services themselves, beside or over the policies (SEMANTICS §7.4, §7.9, §9.3).

use super::ServiceRule;
use super::public::is_public;
use crate::catalogue::Catalogue;
use crate::key::ConditionKey;
use crate::policy::PolicySet;
use crate::request::{ENDPOINT_KEYS, Identity, Kind, Lookup, Request};
use crate::truth::Truth;
use std::sync::LazyLock;

/// Whether the resource's RCPs concern this request (R7.10–R7.12, R7.14, R7.15).
pub(super) fn rcp_applies(request: &Request<'_>) -> bool {
    let principal = request.principal();
    let action = request.action().folded();
    // An action without a resource is looked at in the caller's account; one with a resource in the owner's.
    let account = match request.resource().arn() {
        None => principal.account().or(request.resource_account()),
        Some(_) => request.resource_account(),
    };
    let of_management = account.is_some() && account == request.facts().management_account.as_ref();
    let path = request.resource().arn().and_then(|arn| arn.resource.strip_prefix("role/aws-service-role/"));
    let assumes_own_role = action == "sts:assumerole"
        && matches!(principal.identity(), Identity::Service { names }
            if names.iter().any(|name| path.and_then(|path| path.strip_prefix(name.as_str())).is_some_and(|rest| rest.starts_with('/'))));
    let exempt = of_management || principal.is_service_linked() || action == "kms:retiregrant" || assumes_own_role;
    !exempt && has_rcps(request.action().service())
}

/// Whether resource control policies apply to a service. A service that the catalogue does not know is taken to have them
/// (R7.14).
fn has_rcps(service: &str) -> bool {
    Catalogue::published().folded_service(service).is_none_or(|service| service.has_rcps())
}

/// Whether the catalogue says whether resource control policies apply to a service.
pub(super) fn is_known(service: &str) -> bool {
    Catalogue::published().folded_service(service).is_some()
}

/// The rule by which a request is allowed whatever the policies say: `sts:GetCallerIdentity` by somebody who signs (R7.34),
/// `sts:GetSessionToken` by a user or a root user (IAM User Guide, "Permissions for GetSessionToken").
pub(super) fn needs_no_permission(request: &Request<'_>) -> Option<ServiceRule> {
    let kind = request.principal().kind();
    match request.action().folded() {
        "sts:getcalleridentity" => {
            (!matches!(kind, Kind::Anonymous | Kind::IdentityProvider)).then_some(ServiceRule::CallerIdentity)
        }
        "sts:getsessiontoken" => matches!(kind, Kind::User | Kind::Root).then_some(ServiceRule::SessionToken),
        _ => None,
    }
}

/// The owner's root user, mending a bucket policy (R7.25).
pub(super) fn recovers_bucket_policy(request: &Request<'_>) -> bool {
    let policy_call =
        || matches!(request.action().folded(), "s3:getbucketpolicy" | "s3:putbucketpolicy" | "s3:deletebucketpolicy");
    request.principal().kind() == Kind::Root && request.is_same_account() && policy_call()
}

/// Resources whose own policy must name the account before identity policies count: KMS keys, and roles that are to be
/// assumed (R7.30).
#[inline]
pub(super) fn needs_account_trust(request: &Request<'_>) -> bool {
    let Some(arn) = request.resource().arn().filter(|_| !request.is_on_everything()) else { return false };
    match arn.service {
        "kms" => arn.resource.starts_with("key/"),
        "iam" => arn.resource.starts_with("role/") && is_about_assuming(request.action().folded()),
        _ => false,
    }
}

fn is_about_assuming(action: &str) -> bool {
    action.starts_with("sts:assumerole") || matches!(action, "sts:tagsession" | "sts:setsourceidentity")
}

/// A grant that no policy holds: a KMS grant, or the multipart upload the caller started (R7.31, R9.7).
pub(super) fn direct_grant(request: &Request<'_>) -> bool {
    let facts = request.facts();
    let upload = || matches!(request.action().folded(), "s3:abortmultipartupload" | "s3:listmultipartuploadparts");
    (facts.kms_grant && request.action().service() == "kms") || (facts.multipart_initiator && upload())
}

/// What identity providers ask for (R7.29, R7.33).
#[inline]
pub(super) fn is_for_providers(request: &Request<'_>) -> bool {
    request.principal().kind() == Kind::IdentityProvider
        && matches!(
            request.action().folded(),
            "sts:assumerolewithsaml" | "sts:assumerolewithwebidentity" | "sts:tagsession" | "sts:setsourceidentity"
        )
}

/// The rule by which the service refuses a request that the policies may grant, and whether it does.
#[inline(always)]
pub(super) fn forbids(policies: &PolicySet, request: &Request<'_>) -> Option<(ServiceRule, Truth)> {
    if let "sts" | "kms" | "iam" = request.action().service()
        && let Some(rule) = reserves(request)
    {
        return Some((rule, Truth::True));
    }
    let by_access = request.facts().restrict_public_buckets || request.is_through_access_point();
    if by_access { forbids_access(policies, request) } else { None }
}

/// The same of the rules that hang on where a request comes from, and on whom policies of S3 let in.
#[inline(never)]
fn forbids_access(policies: &PolicySet, request: &Request<'_>) -> Option<(ServiceRule, Truth)> {
    let rules = [
        (ServiceRule::AccessPointOrigin, is_outside_vpc(policies, request)),
        (ServiceRule::BlockPublicAccess, is_restricted(policies, request)),
    ];
    // One that surely refuses comes before one that may.
    let surely = rules.into_iter().find(|(_, refuses)| refuses.is_true());
    surely.or_else(|| rules.into_iter().find(|(_, refuses)| !refuses.is_false()))
}

static ORIGIN: LazyLock<ConditionKey> = LazyLock::new(|| ConditionKey::new("s3:AccessPointNetworkOrigin"));
/// The keys of requests that come from a VPC.
static ENDPOINTS: LazyLock<Vec<ConditionKey>> =
    LazyLock::new(|| ENDPOINT_KEYS.into_iter().map(ConditionKey::new).collect());

/// The keys, besides those that policies look at, on which it hangs whether the service refuses a request.
pub(super) fn open_keys(
    policies: &PolicySet,
    request: &Request<'_>,
    tested: &[ConditionKey],
) -> impl Iterator<Item = &'static ConditionKey> {
    let refuses = forbids(policies, request).map(|(_, refuses)| refuses);
    let is_open = refuses == Some(Truth::Unknown) || request.is_through_access_point() && tested.contains(&ORIGIN);
    std::iter::once(&*ORIGIN).chain(&*ENDPOINTS).filter(move |_| is_open)
}

/// The values of the origin of an access point, if `key` is that: it has no others.
pub(super) fn origins(key: &ConditionKey, request: &Request<'_>) -> Option<[&'static str; 2]> {
    (*key == *ORIGIN && request.is_through_access_point()).then_some(["Internet", "VPC"])
}

/// A value of a key that makes a difference to the service, if the key has one.
pub(super) fn value_of(key: &ConditionKey, request: &Request<'_>) -> Option<&'static str> {
    match key.folded() {
        "aws:sourcevpc" => Some("vpc-0"),
        "aws:sourcevpce" => Some("vpce-0"),
        _ => None,
    }
    .filter(|_| request.is_through_access_point())
}

/// Whether a request through an access point that is bound to a VPC comes from outside of it (R9.12). Which VPC that is, no
/// request tells: one that comes from any is taken to come from there. An access point of which nothing is said is open to
/// the internet. What an endpoint's policy is asked about comes through the endpoint.
fn is_outside_vpc(policies: &PolicySet, request: &Request<'_>) -> Truth {
    if !policies.endpoint.is_empty() {
        return Truth::False;
    }
    let bound = match request.lookup(&ORIGIN) {
        _ if !request.is_through_access_point() => return Truth::False,
        // Of what is not known because nothing is, the usual is taken.
        Lookup::Unknown if !request.context().is_unknown(&ORIGIN) => return Truth::False,
        origin => is_vpc(origin),
    };
    let from_vpc = ENDPOINTS.iter().fold(Truth::False, |from_vpc, key| {
        from_vpc.or(match request.lookup(key) {
            Lookup::Absent | Lookup::Multi([]) => Truth::False,
            Lookup::Unknown => Truth::Unknown,
            Lookup::Single(_) | Lookup::Multi(_) => Truth::True,
        })
    });
    bound.and(!from_vpc)
}

fn is_vpc(origin: Lookup<'_>) -> Truth {
    match origin {
        Lookup::Single(origin) => (origin == "VPC").into(),
        Lookup::Multi(origins) => origins.iter().any(|origin| origin == "VPC").into(),
        Lookup::Absent => Truth::False,
        Lookup::Unknown => Truth::Unknown,
    }
}

/// What services keep to themselves.
fn reserves(request: &Request<'_>) -> Option<ServiceRule> {
    let action = request.action();
    let arn = request.resource().arn();
    let resource = arn.map_or("", |arn| arn.resource);
    match action.service() {
        "sts" => match (action.name(), request.principal().kind()) {
            ("assumerole", Kind::Root) => Some(ServiceRule::RootAssumesRole),
            ("getsessiontoken", _) => Some(ServiceRule::SessionToken),
            _ => None,
        },
        "kms" => {
            let changes = matches!(action.name(), "createalias" | "updatealias" | "deletealias");
            (changes && resource.starts_with("alias/aws/")).then_some(ServiceRule::AwsManagedAlias)
        }
        "iam" if !reads(action.name()) => {
            let owned = arn.is_some_and(|arn| arn.account == "aws" && arn.resource.starts_with("policy/"));
            (owned || resource.starts_with("role/aws-reserved/")).then_some(ServiceRule::AwsOwnedResource)
        }
        _ => None,
    }
}

/// Whether an action of IAM has the access level Read or List: so their names say, without exception.
fn reads(name: &str) -> bool {
    ["get", "list", "simulate", "generate"].iter().any(|verb| name.starts_with(verb))
}

/// S3 Block Public Access: with `RestrictPublicBuckets`, a public policy admits services and the owner's account only
/// (R7.35). That of an access point that is bound to a VPC never is public (R7.36).
fn is_restricted(policies: &PolicySet, request: &Request<'_>) -> Truth {
    let s3 = request.resource().arn().is_some_and(|arn| arn.service == "s3");
    let outsider = !matches!(request.principal().identity(), Identity::Service { .. }) && !request.is_same_account();
    let owner_of_access_point = request
        .access_point_account()
        .is_some_and(|account| request.principal().account().is_some_and(|own| own.as_str() == account));
    let applies = request.facts().restrict_public_buckets && !request.manages_access_point();
    if !applies || !s3 || !outsider || owner_of_access_point {
        return Truth::False;
    }
    if policies.resource.iter().any(|policy| is_public(policy, true)) {
        return Truth::True;
    }
    if !request.is_through_access_point() || !policies.access_point.iter().any(|policy| is_public(policy, false)) {
        return Truth::False;
    }
    !is_vpc(request.lookup(&ORIGIN))
}
