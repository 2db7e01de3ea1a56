//! A second opinion on every decision: IAM's evaluation logic once more, written slowly and straight from the rules.
//!
//! Nothing here is shared with the engine. A world (one request and every policy around it) is read from JSON and
//! decided with recursion over lists of characters, without any index, compiled form or early exit that would need
//! an argument for its correctness. Each function names the rules of `reference/SEMANTICS.md` that it follows.
//!
//! It expects policies that are valid and keys that are known; it reports no errors. [`worlds`] makes such worlds.

mod conditions;
mod patterns;
mod policies;
mod principals;
mod public;
mod request;
mod values;
pub(crate) mod worlds;

pub(crate) use patterns::glob;
use policies::{documents, levels, statements, verdict, verdict_of};
use principals::{Class, classes};
use public::is_public;
use request::{Held, Principal, Request, six};
use serde_json::Value;

/// What one set of policies says (R0.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Deny,
    Allow,
    NoMatch,
}

/// Decides a world as in R7.10: `"allowed"`, `"explicitDeny"` or `"implicitDeny"`.
///
/// A world is one access test with its documents inline: `policies` (by kind), `principal`, `action`, `resource`,
/// and optionally `resource_account`, `context` and `facts`. A kind of policy that is missing is absent.
pub(crate) fn decide(world: &Value) -> &'static str {
    let request = Request::read(world);
    // R9.12: a request through an access point is asked of the bucket behind it as well.
    let behind = Request::behind_access_point(world);
    let on_bucket = behind.as_ref().unwrap_or(&request);
    let principal = &request.principal;
    let policies = &world["policies"];
    let facts = &world["facts"];

    // R7.34: whoever signed the request may ask who they are, even against an explicit deny.
    if request.action_is("sts:GetCallerIdentity") && principal.is_signed() {
        return "allowed";
    }
    // Beside R7.34: policies do not control who gets a session token.
    let has_keys = matches!(principal, Principal::User { .. } | Principal::Root { .. });
    if request.action_is("sts:GetSessionToken") && has_keys {
        return "allowed";
    }

    // Which gates exist for this caller (R7.1 to R7.20). A gate that does not exist counts as allowing.
    let identified = principal.is_user_or_session();
    let temporary = identified && !matches!(principal, Principal::User { .. });
    let boundary_documents = documents(policies, "boundary").filter(|_| identified);
    let session_documents = documents(policies, "session").filter(|_| temporary);
    let gateway = facts["endpoint_type"].as_str() == Some("gateway");
    let bounded = boundary_documents.is_some();

    let scp = levels(policies, "scp")
        .filter(|_| scps_apply(&request, facts))
        .map_or(Verdict::Allow, |levels| verdict_of_scps(&levels, &request));
    let rcps_deny = rcps_apply(&request, facts)
        && levels(policies, "rcp")
            .is_some_and(|levels| levels.iter().any(|level| verdict(level, on_bucket) == Verdict::Deny));
    let of_endpoint = |request: &Request| {
        documents(policies, "endpoint")
            .map_or(Verdict::Allow, |documents| verdict_of_endpoint(documents, request, gateway, bounded))
    };
    // R9.12: it has to let both forms through.
    let endpoint = weaker(of_endpoint(&request), of_endpoint(on_bucket));
    let identity = documents(policies, "identity")
        .filter(|_| identified)
        .map_or(Verdict::NoMatch, |documents| verdict(documents, &request));
    let boundary = boundary_documents.map_or(Verdict::Allow, |documents| verdict(documents, &request));
    let session = session_documents.map_or(Verdict::Allow, |documents| verdict(documents, &request));

    let resource_documents = documents(policies, "resource").unwrap_or_default();
    let resource = said_by_resource(resource_documents, on_bucket, bounded);
    let access_point_documents = documents(policies, "access_point").unwrap_or_default();
    let access_point = behind.is_some().then(|| said_by_resource(access_point_documents, &request, bounded));
    let resource_denies = resource.denies && !root_may_mend_bucket_policy(&request)
        || access_point.as_ref().is_some_and(|said| said.denies);

    // R7.1: a deny anywhere ends it.
    if [scp, endpoint, identity, boundary, session].contains(&Verdict::Deny) || rcps_deny || resource_denies {
        return "explicitDeny";
    }

    // R7.17 to R7.29: who grants it.
    let boundary_lets = boundary != Verdict::NoMatch;
    let session_lets = match principal {
        // R7.20: without session policies a federated user has no permissions of its own.
        Principal::FederatedUser { .. } => session_documents.is_some() && session == Verdict::Allow,
        _ => session != Verdict::NoMatch,
    };
    let grants = |granted: &[Class], same_account: bool| match principal {
        Principal::Anonymous => granted.contains(&Class::Anyone),
        Principal::Service { .. } => granted.contains(&Class::Service) || granted.contains(&Class::Anyone),
        Principal::IdentityProvider { .. } => {
            granted.contains(&Class::Provider)
                && (request.action_is("sts:AssumeRoleWithSAML") || request.action_is("sts:AssumeRoleWithWebIdentity"))
        }
        Principal::Root { .. } => {
            let needs_policy = !same_account || request.needs_account_trust();
            let can = !request.action_is("sts:AssumeRole"); // R7.26
            can && (!needs_policy || !granted.is_empty())
        }
        Principal::User { .. } | Principal::RoleSession { .. } | Principal::FederatedUser { .. } => {
            let by_identity = identity == Verdict::Allow && boundary_lets && session_lets;
            if same_account {
                let has = |class: Class| granted.contains(&class);
                let trusted = !request.needs_account_trust() || has(Class::AccountDelegation);
                let direct = has(Class::Anyone)
                    || has(Class::ExactUser)
                    || has(Class::ExactSession)
                    || has(Class::ExactFederated);
                let through_parent = has(Class::RoleOfSession) || has(Class::UserOfFederated);
                (by_identity && trusted) || direct || (through_parent && boundary_lets && session_lets)
            } else {
                by_identity && !granted.is_empty() // R7.23
            }
        }
    };

    // R9.12: neither the bucket's policy nor the access point's may be the weak link.
    let owner = request.access_point().and_then(six).map(|parts| parts[4].to_owned());
    let owns_access_point = owner.is_some() && owner == principal.home().map(|home| home.account.clone());
    let grant = grants(&resource.granted, request.same_account())
        && access_point.is_none_or(|said| grants(&said.granted, owns_access_point))
        && !request.action_is("sts:GetSessionToken");

    let blocked = scp == Verdict::NoMatch || endpoint == Verdict::NoMatch;
    let through_endpoint = documents(policies, "endpoint").is_some();
    let refused = service_refuses(&request, facts, &[resource_documents, access_point_documents], through_endpoint);
    if grant && !blocked && !refused { "allowed" } else { "implicitDeny" }
}

/// What the policies of a resource say. It is more than a verdict: with which classes they allow (R4.1).
struct SaidByResource {
    denies: bool,
    granted: Vec<Class>,
}

fn said_by_resource(documents: &[Value], request: &Request, bounded: bool) -> SaidByResource {
    let mut said = SaidByResource { denies: false, granted: Vec::new() };
    for statement in documents.iter().flat_map(statements) {
        if statement.covers(request) {
            let found = classes(&statement, request, false, bounded);
            if statement.allows() {
                said.granted.extend(found);
            } else if !found.is_empty() {
                said.denies = true;
            }
        }
    }
    said
}

/// What two verdicts come to that both have to allow.
fn weaker(one: Verdict, other: Verdict) -> Verdict {
    let both = [one, other];
    if both.contains(&Verdict::Deny) {
        Verdict::Deny
    } else if both.contains(&Verdict::NoMatch) {
        Verdict::NoMatch
    } else {
        Verdict::Allow
    }
}

/// R7.5: SCPs limit the identities of member accounts, except sessions of service-linked roles.
fn scps_apply(request: &Request, facts: &Value) -> bool {
    let Some(home) = request.principal.home() else {
        return false;
    };
    facts["management_account"].as_str() != Some(home.account.as_str()) && !request.principal.is_service_linked()
}

/// R7.6: a deny at any level denies; otherwise every level must allow.
fn verdict_of_scps(levels: &[&[Value]], request: &Request) -> Verdict {
    levels.iter().map(|level| verdict(level, request)).fold(Verdict::Allow, weaker)
}

/// R7.10 to R7.12: RCPs limit what anybody does to the resources of member accounts, with four exceptions.
fn rcps_apply(request: &Request, facts: &Value) -> bool {
    // R7.12: without a resource it is the caller's account that counts.
    let callers = request.principal.home().map(|home| home.account.as_str());
    let owners = request.resource_account.as_deref();
    let account = if request.resource == "*" { callers.or(owners) } else { owners };
    let member = account.is_none() || account != facts["management_account"].as_str();

    // A service that takes up the role made for it.
    let own_role = match &request.principal {
        Principal::Service { name } => {
            request.action_is("sts:AssumeRole")
                && six(&request.resource).is_some_and(|parts| {
                    parts[2] == "iam" && parts[5].starts_with(&format!("role/aws-service-role/{name}/"))
                })
        }
        _ => false,
    };
    member && !own_role && !request.principal.is_service_linked() && !request.action_is("kms:RetireGrant")
}

/// R7.16: the endpoint's policy, which sees the caller through its Principal element.
fn verdict_of_endpoint(documents: &[Value], request: &Request, gateway: bool, bounded: bool) -> Verdict {
    verdict_of(
        documents
            .iter()
            .flat_map(statements)
            .filter(|statement| statement.covers(request))
            .filter(|statement| !classes(statement, request, gateway, bounded).is_empty()),
    )
}

/// R7.25: the owning account's root user can always read and replace a bucket policy.
fn root_may_mend_bucket_policy(request: &Request) -> bool {
    let about_the_policy = ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"];
    matches!(request.principal, Principal::Root { .. })
        && request.same_account()
        && about_the_policy.iter().any(|action| request.action_is(action))
}

/// R7.31, R7.35, R7.38, R9.12: what the services themselves refuse.
///
/// `resource_documents` are the policies of the resource, and those of the access point before it.
fn service_refuses(
    request: &Request,
    facts: &Value,
    resource_documents: &[&[Value]; 2],
    through_endpoint: bool,
) -> bool {
    let Some(parts) = six(&request.resource) else {
        return false;
    };
    let about_aliases = ["kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"];
    let reserved_alias = parts[2] == "kms"
        && parts[5].starts_with("alias/aws/")
        && about_aliases.iter().any(|action| request.action_is(action));

    let owned_by_aws = parts[2] == "iam"
        && ((parts[4] == "aws" && parts[5].starts_with("policy/")) || parts[5].starts_with("role/aws-reserved/"));
    let changed = owned_by_aws && request.changes_iam();

    let restricted = parts[2] == "s3" && facts["restrict_public_buckets"].as_bool() == Some(true);
    // R7.35: nor is the owner of the access point one.
    let owner = request.access_point().and_then(six).map(|parts| parts[4].to_owned());
    let owns_access_point = owner.is_some() && owner == request.principal.home().map(|home| home.account.clone());
    let service = matches!(request.principal, Principal::Service { .. });
    let outsider = !service && !request.same_account() && !owns_access_point;
    // R9.12: what is bound to a VPC does not hear who comes from outside.
    let held = |key: &str| request.lookup(key).is_some();
    let origin = request.lookup("s3:AccessPointNetworkOrigin").filter(|_| request.access_point().is_some());
    let bound = origin.is_some_and(|origin| match origin {
        Held::Single(origin) => origin == "VPC",
        Held::Multi(origins) => origins.iter().any(|origin| origin == "VPC"),
    });
    let unheard =
        bound && !through_endpoint && !held("aws:SourceVpc") && !held("aws:SourceVpce") && !held("aws:VpcSourceIp");
    let [of_bucket, of_access_point] = resource_documents;
    let public = restricted
        && outsider
        && (of_bucket.iter().flat_map(statements).any(|s| is_public(&s, true))
            || !bound && of_access_point.iter().flat_map(statements).any(|s| is_public(&s, false)));

    reserved_alias || changed || public || unheard
}
