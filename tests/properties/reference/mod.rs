//! A second opinion on every decision: IAM's evaluation logic once more, written slowly and straight from the rules.
//!
//! Nothing here is shared with the engine. A world (one request and every policy around it) is read from JSON and
//! decided with recursion over lists of characters, without any index, compiled form or early exit that would need
//! an argument for its correctness. Each function names the rules of `reference/SEMANTICS.md` that it follows.
//!
//! It expects policies that are valid and keys that are known; it reports no errors. [`worlds`] makes such worlds.

pub(crate) mod worlds;

use serde_json::Value;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::RangeInclusive;

// ---------------------------------------------------------------------------------------------------------------------
// The decision (section 7)
// ---------------------------------------------------------------------------------------------------------------------

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
    let principal = &request.principal;
    let policies = &world["policies"];
    let facts = &world["facts"];

    // R7.34: whoever signed the request may ask who they are, even against an explicit deny.
    if request.action_is("sts:GetCallerIdentity") && principal.is_signed() {
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
            .is_some_and(|levels| levels.iter().any(|level| verdict(level, &request) == Verdict::Deny));
    let endpoint = documents(policies, "endpoint")
        .map_or(Verdict::Allow, |documents| verdict_of_endpoint(documents, &request, gateway, bounded));
    let identity = documents(policies, "identity")
        .filter(|_| identified)
        .map_or(Verdict::NoMatch, |documents| verdict(documents, &request));
    let boundary = boundary_documents.map_or(Verdict::Allow, |documents| verdict(documents, &request));
    let session = session_documents.map_or(Verdict::Allow, |documents| verdict(documents, &request));

    // The resource policy says more than a verdict: with which classes it allows (R4.1).
    let resource_documents = documents(policies, "resource").unwrap_or_default();
    let mut granted: Vec<Class> = Vec::new();
    let mut resource_denies = false;
    for statement in resource_documents.iter().flat_map(statements) {
        if statement.covers(&request) {
            let found = classes(&statement, &request, false, bounded);
            if statement.allows() {
                granted.extend(found);
            } else if !found.is_empty() {
                resource_denies = true;
            }
        }
    }
    if root_may_mend_bucket_policy(&request) {
        resource_denies = false;
    }

    // R7.1: a deny anywhere ends it.
    if [scp, endpoint, identity, boundary, session].contains(&Verdict::Deny) || rcps_deny || resource_denies {
        return "explicitDeny";
    }

    // R7.17 to R7.29: who grants it.
    let has = |class: Class| granted.contains(&class);
    let boundary_lets = boundary != Verdict::NoMatch;
    let session_lets = match principal {
        // R7.20: without session policies a federated user has no permissions of its own.
        Principal::FederatedUser { .. } => session_documents.is_some() && session == Verdict::Allow,
        _ => session != Verdict::NoMatch,
    };
    let grant = match principal {
        Principal::Anonymous => has(Class::Anyone),
        Principal::Service { .. } => has(Class::Service) || has(Class::Anyone),
        Principal::IdentityProvider { .. } => {
            has(Class::Provider)
                && (request.action_is("sts:AssumeRoleWithSAML") || request.action_is("sts:AssumeRoleWithWebIdentity"))
        }
        Principal::Root { .. } => {
            let needs_policy = !request.same_account() || request.needs_account_trust();
            let can = !request.action_is("sts:AssumeRole"); // R7.26
            can && (!needs_policy || !granted.is_empty())
        }
        Principal::User { .. } | Principal::RoleSession { .. } | Principal::FederatedUser { .. } => {
            let by_identity = identity == Verdict::Allow && boundary_lets && session_lets;
            if request.same_account() {
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

    let blocked = scp == Verdict::NoMatch || endpoint == Verdict::NoMatch;
    if grant && !blocked && !service_refuses(&request, facts, resource_documents) { "allowed" } else { "implicitDeny" }
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
    let verdicts: Vec<Verdict> = levels.iter().map(|level| verdict(level, request)).collect();
    if verdicts.contains(&Verdict::Deny) {
        Verdict::Deny
    } else if verdicts.contains(&Verdict::NoMatch) {
        Verdict::NoMatch
    } else {
        Verdict::Allow
    }
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

/// R7.31, R7.35, R7.38: what the services themselves refuse.
fn service_refuses(request: &Request, facts: &Value, resource_documents: &[Value]) -> bool {
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
    let outsider = !matches!(request.principal, Principal::Service { .. }) && !request.same_account();
    let public = restricted && outsider && resource_documents.iter().flat_map(statements).any(|s| is_public(&s));

    reserved_alias || changed || public
}

// ---------------------------------------------------------------------------------------------------------------------
// Public bucket policies (R7.36)
// ---------------------------------------------------------------------------------------------------------------------

/// The keys of which one fixed value makes a statement for everybody not public.
const PINNING_KEYS: &[&str] = &[
    "aws:PrincipalOrgID",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceName",
    "aws:SourceIp",
    "aws:SourceArn",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:SourceOwner",
    "aws:SourceAccount",
    "aws:userid",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:DataAccessPointArn",
    "s3:DataAccessPointAccount",
];

/// R7.36: an Allow for everybody that no condition narrows.
fn is_public(statement: &Statement) -> bool {
    let open = match statement.body.get("Principal") {
        Some(element) => names_everyone(element) || names_web_provider(element),
        None => statement.body.get("NotPrincipal").is_some(),
    };
    statement.allows() && open && !is_pinned(statement)
}

/// `"*"`, or `"*"` under `AWS`.
fn names_everyone(element: &Value) -> bool {
    element.as_str() == Some("*")
        || element.get("AWS").is_some_and(|entries| texts(entries).iter().any(|entry| entry == "*"))
}

/// A web identity provider: anything under `Federated` that is not a SAML provider.
fn names_web_provider(element: &Value) -> bool {
    element
        .get("Federated")
        .is_some_and(|entries| texts(entries).iter().any(|entry| !entry.contains(":saml-provider/")))
}

/// R7.36: whether some condition holds one of the pinning keys to fixed values, with a positive operator.
fn is_pinned(statement: &Statement) -> bool {
    let comparing = ["StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "IpAddress"];
    statement.conditions().iter().any(|(operator, key, values)| {
        let operator = Operator::read(operator);
        comparing.contains(&operator.base)
            && !operator.if_exists
            && operator.set != Set::All
            && PINNING_KEYS.iter().any(|pinning| pinning.eq_ignore_ascii_case(key))
            && !values.is_empty()
            && values.iter().all(|value| is_fixed(key, value))
    })
}

/// R7.36: no wildcard, no variable, and no very broad range of addresses.
fn is_fixed(key: &str, value: &str) -> bool {
    if key.eq_ignore_ascii_case("aws:SourceIp") {
        return network(value).is_some_and(|(bits, length)| {
            let v4 = bits.len() == 32;
            // fc00::/7; the private ranges of IPv4 are all narrow enough anyway.
            let private = !v4 && length >= 7 && bits[..7] == [true, true, true, true, true, true, false];
            let broadest = if v4 { 8 } else { 32 };
            length >= broadest || private
        });
    }
    if key.eq_ignore_ascii_case("s3:DataAccessPointArn") {
        return six(value).is_some_and(|parts| is_account(parts[4]));
    }
    !value.contains(['*', '?']) && !value.contains("${")
}

// ---------------------------------------------------------------------------------------------------------------------
// Policies and statements
// ---------------------------------------------------------------------------------------------------------------------

/// The documents of one kind, or nothing when the kind is absent.
fn documents<'w>(policies: &'w Value, kind: &str) -> Option<&'w [Value]> {
    policies.get(kind)?.as_array().map(Vec::as_slice)
}

/// The levels of SCPs or RCPs, root first.
fn levels<'w>(policies: &'w Value, kind: &str) -> Option<Vec<&'w [Value]>> {
    let levels = documents(policies, kind)?;
    Some(levels.iter().filter_map(Value::as_array).map(Vec::as_slice).collect())
}

/// One statement, and whether its document knows variables and escapes (R1.8, R1.9).
struct Statement<'w> {
    body: &'w Value,
    variables: bool,
}

/// The statements of a document (R1.10).
fn statements(document: &Value) -> Vec<Statement<'_>> {
    let variables = document["Version"].as_str() == Some("2012-10-17");
    one_or_many(&document["Statement"]).into_iter().map(|body| Statement { body, variables }).collect()
}

/// R0.3 for a set of policies whose Principal element, if any, matches everyone.
fn verdict(documents: &[Value], request: &Request) -> Verdict {
    verdict_of(documents.iter().flat_map(statements).filter(|statement| statement.covers(request)))
}

/// R0.3: of the statements that apply, a deny wins over an allow.
fn verdict_of<'w>(applicable: impl Iterator<Item = Statement<'w>>) -> Verdict {
    let allowing: Vec<bool> = applicable.map(|statement| statement.allows()).collect();
    if allowing.contains(&false) {
        Verdict::Deny
    } else if allowing.contains(&true) {
        Verdict::Allow
    } else {
        Verdict::NoMatch
    }
}

impl Statement<'_> {
    /// R1.11: its Effect.
    fn allows(&self) -> bool {
        self.body["Effect"].as_str() == Some("Allow")
    }

    /// R0.2, all but the Principal part.
    fn covers(&self, request: &Request) -> bool {
        self.action_part(request) && self.resource_part(request) && self.condition_part(request)
    }

    /// R2.7, R2.8: Action or NotAction.
    fn action_part(&self, request: &Request) -> bool {
        let listed = |element: &Value| texts(element).iter().any(|entry| action_matches(entry, &request.action));
        match (self.body.get("Action"), self.body.get("NotAction")) {
            (Some(element), _) => listed(element),
            (None, Some(element)) => !listed(element),
            (None, None) => false,
        }
    }

    /// R3.25, R3.20, R1.30: Resource, NotResource, or neither, which means the resource the policy is attached to.
    fn resource_part(&self, request: &Request) -> bool {
        let listed =
            |element: &Value| texts(element).iter().any(|entry| resource_matches(entry, self.variables, request));
        match (self.body.get("Resource"), self.body.get("NotResource")) {
            (Some(element), _) => listed(element),
            (None, Some(element)) => !listed(element),
            (None, None) => true,
        }
    }

    /// R5.1: every pair of operator and key must hold.
    fn condition_part(&self, request: &Request) -> bool {
        self.conditions()
            .iter()
            .all(|(operator, key, values)| condition_holds(operator, key, values, self.variables, request))
    }

    /// The Condition element as a list of operator, key and values (R1.18, R1.23, R1.24).
    fn conditions(&self) -> Vec<(String, String, Vec<String>)> {
        let mut found = Vec::new();
        let Some(operators) = self.body.get("Condition").and_then(Value::as_object) else {
            return found;
        };
        for (operator, keys) in operators {
            for (key, values) in keys.as_object().into_iter().flatten() {
                found.push((operator.clone(), key.clone(), texts(values)));
            }
        }
        found
    }
}

/// R1.14: a single value is a list of one.
fn one_or_many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        single => vec![single],
    }
}

/// The values of an element as text (R1.23).
fn texts(value: &Value) -> Vec<String> {
    one_or_many(value).into_iter().map(text).collect()
}

/// A string as it is; booleans and numbers as they are written (R1.23).
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// The request and its principal (sections 0.2, 0.3, 8.1)
// ---------------------------------------------------------------------------------------------------------------------

/// What a context key holds (R5.16: the shape is the caller's).
enum Held {
    Single(String),
    Multi(Vec<String>),
}

/// One request, with the context completed.
struct Request {
    principal: Principal,
    /// The unique id of the user, or of the role behind the session.
    id: Option<String>,
    action: String,
    resource: String,
    resource_account: Option<String>,
    context: Vec<(String, Held)>,
    /// R4.28: whether NotPrincipal exempts by the whole chain, or by any member of it.
    chain: bool,
}

impl Request {
    fn read(world: &Value) -> Request {
        let facts = &world["facts"];
        let resource = world["resource"].as_str().unwrap_or("*").to_owned();
        let principal = Principal::read(world["principal"].as_str().unwrap_or("anonymous"), facts, &resource);
        let mut request = Request {
            id: facts["principal_id"].as_str().map(str::to_owned),
            action: world["action"].as_str().unwrap_or_default().to_owned(),
            resource_account: resource_account(world, &resource, &principal),
            context: given_context(&world["context"]),
            chain: facts["not_principal"].as_str() != Some("any"),
            resource,
            principal,
        };
        request.derive_context();
        request
    }

    /// R2.2: names of actions are compared without regard to case.
    fn action_is(&self, action: &str) -> bool {
        self.action.eq_ignore_ascii_case(action)
    }

    /// R7.4: whether caller and resource are in one account; without a resource they are.
    fn same_account(&self) -> bool {
        match (self.principal.home(), &self.resource_account) {
            (Some(_), _) if self.resource == "*" => true,
            (Some(home), Some(owner)) => home.account == *owner,
            _ => false,
        }
    }

    /// R7.30: KMS keys, and roles as they are assumed, count identity policies only when they name the account.
    fn needs_account_trust(&self) -> bool {
        let Some(parts) = six(&self.resource) else {
            return false;
        };
        let assuming = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
        let key = parts[2] == "kms" && parts[5].starts_with("key/");
        let role = parts[2] == "iam" && parts[5].starts_with("role/");
        key || (role && assuming.iter().any(|action| self.action_is(action)))
    }

    /// R7.38: an IAM action that does more than read or list.
    fn changes_iam(&self) -> bool {
        let action = self.action.to_ascii_lowercase();
        let reading = ["iam:get", "iam:list", "iam:simulate", "iam:generate"];
        action.starts_with("iam:") && !reading.iter().any(|start| action.starts_with(start))
    }

    /// The resource as policies see it: R3.24 gives one action without a resource a text of its own.
    fn matched_resource(&self) -> &str {
        if self.resource == "*" && self.action_is("s3:ListAllMyBuckets") { "arn:aws:s3:::*" } else { &self.resource }
    }

    /// R4.7: the partition that account ids in principals are in.
    fn partition(&self) -> &str {
        match (six(&self.resource), self.principal.home()) {
            (Some(parts), _) => parts[1],
            (None, Some(home)) => &home.partition,
            (None, None) => "aws",
        }
    }

    /// R5.2: keys are found without regard to case.
    fn lookup(&self, key: &str) -> Option<&Held> {
        self.context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, held)| held)
    }

    /// Section 8: adds the keys that follow from the request itself; given values win.
    fn derive_context(&mut self) {
        let mut derived: Vec<(&str, String)> =
            vec![("aws:SecureTransport", "true".to_owned()), ("aws:ViaAWSService", "false".to_owned())];
        match &self.principal {
            Principal::Root { home } => {
                derived.push(("aws:PrincipalArn", format!("arn:{}:iam::{}:root", home.partition, home.account)));
                derived.push(("aws:PrincipalType", "Account".to_owned()));
                derived.push(("aws:userid", home.account.clone()));
            }
            Principal::User { arn, .. } => {
                derived.push(("aws:PrincipalArn", arn.clone()));
                derived.push(("aws:PrincipalType", "User".to_owned()));
                derived.push(("aws:username", last_element(arn).to_owned()));
                derived.extend(self.id.iter().map(|id| ("aws:userid", id.clone())));
            }
            Principal::RoleSession { role, session, .. } => {
                derived.push(("aws:PrincipalArn", role.arn.clone()));
                derived.push(("aws:PrincipalType", "AssumedRole".to_owned()));
                derived.push(("aws:MultiFactorAuthPresent", "false".to_owned()));
                if let (Some(id), Some(session)) = (&self.id, session) {
                    derived.push(("aws:userid", format!("{id}:{session}")));
                }
            }
            Principal::FederatedUser { home, arn, .. } => {
                derived.push(("aws:PrincipalArn", arn.clone()));
                derived.push(("aws:PrincipalType", "FederatedUser".to_owned()));
                derived.push(("aws:userid", format!("{}:{}", home.account, last_element(arn))));
            }
            Principal::Service { name } => derived.push(("aws:PrincipalServiceName", name.clone())),
            Principal::IdentityProvider { .. } => {}
            Principal::Anonymous => {
                derived.push(("aws:PrincipalAccount", "anonymous".to_owned()));
                derived.push(("aws:PrincipalType", "Anonymous".to_owned()));
                derived.push(("aws:userid", "anonymous".to_owned()));
            }
        }
        if let Some(home) = self.principal.home() {
            derived.push(("aws:PrincipalAccount", home.account.clone()));
        }
        if self.principal.is_signed() {
            let service = matches!(self.principal, Principal::Service { .. });
            derived.push(("aws:PrincipalIsAWSService", service.to_string()));
        }
        if let Some(account) = &self.resource_account {
            derived.push(("aws:ResourceAccount", account.clone()));
        }
        if let Some(region) = self.region() {
            derived.push(("aws:RequestedRegion", region));
        }
        for (key, value) in derived {
            if self.lookup(key).is_none() {
                self.context.push((key.to_owned(), Held::Single(value)));
            }
        }
        if let Principal::Service { name } = &self.principal {
            let names = Held::Multi(vec![name.clone()]);
            if self.lookup("aws:PrincipalServiceNamesList").is_none() {
                self.context.push(("aws:PrincipalServiceNamesList".to_owned(), names));
            }
        }
    }

    /// R8.10: the region of the ARN, and the one IAM answers from.
    fn region(&self) -> Option<String> {
        let written = six(&self.resource).map(|parts| parts[3]).filter(|region| !region.is_empty());
        let global = self.action.to_ascii_lowercase().starts_with("iam:").then_some("us-east-1");
        written.or(global).map(str::to_owned)
    }
}

/// R7.3: the account that owns the resource.
fn resource_account(world: &Value, resource: &str, principal: &Principal) -> Option<String> {
    let given = world["resource_account"].as_str();
    let written = six(resource).map(|parts| parts[4]).filter(|account| is_account(account));
    let callers = principal.home().map(|home| home.account.as_str());
    given.or(written).or(callers).map(str::to_owned)
}

/// The context as given: text is single-valued, a list is multivalued.
fn given_context(context: &Value) -> Vec<(String, Held)> {
    let mut given = Vec::new();
    for (key, value) in context.as_object().into_iter().flatten() {
        let held = match value {
            Value::Array(_) => Held::Multi(texts(value)),
            single => Held::Single(text(single)),
        };
        given.push((key.clone(), held));
    }
    given
}

/// Where an identity lives.
#[derive(PartialEq, Eq)]
struct Home {
    partition: String,
    account: String,
}

/// The role behind a session.
struct Role {
    arn: String,
    /// R4.14: false when only the session's ARN was given, which leaves the path out.
    path_known: bool,
}

/// Who asks (section 0.3).
enum Principal {
    Root { home: Home },
    User { home: Home, arn: String },
    RoleSession { home: Home, role: Role, session: Option<String> },
    FederatedUser { home: Home, arn: String, user: Option<String> },
    Service { name: String },
    IdentityProvider { name: String },
    Anonymous,
}

impl Principal {
    /// Section 0.3 and R0.1: who a text and the facts around it mean.
    fn read(principal: &str, facts: &Value, resource: &str) -> Principal {
        let fact = |name: &str| facts[name].as_str().map(str::to_owned);
        if principal == "anonymous" {
            return Principal::Anonymous;
        }
        if is_account(principal) {
            let partition = six(resource).map_or("aws", |parts| parts[1]);
            let home = Home { partition: partition.to_owned(), account: principal.to_owned() };
            return Principal::Root { home };
        }
        if let Some(provider) = principal.strip_prefix("federated:") {
            return Principal::IdentityProvider { name: provider.to_owned() };
        }
        let Some(parts) = six(principal) else {
            return Principal::Service { name: principal.to_owned() };
        };
        let arn = principal.to_owned();
        let home = Home { partition: parts[1].to_owned(), account: parts[4].to_owned() };
        let (kind, rest) = parts[5].split_once('/').unwrap_or((parts[5], ""));
        match kind {
            "root" => Principal::Root { home },
            "user" => Principal::User { home, arn },
            "role" => Principal::RoleSession { home, role: Role { arn, path_known: true }, session: None },
            "assumed-role" => {
                let (name, session) = rest.split_once('/').unwrap_or((rest, ""));
                let role = match fact("role_arn") {
                    Some(arn) => Role { arn, path_known: true },
                    None => Role {
                        arn: format!("arn:{}:iam::{}:role/{name}", home.partition, home.account),
                        path_known: false,
                    },
                };
                Principal::RoleSession { home, role, session: Some(session.to_owned()) }
            }
            "federated-user" => Principal::FederatedUser { home, arn, user: fact("federating_user") },
            _ => Principal::IdentityProvider { name: arn },
        }
    }

    /// The account of those who have one.
    fn home(&self) -> Option<&Home> {
        match self {
            Principal::Root { home }
            | Principal::User { home, .. }
            | Principal::RoleSession { home, .. }
            | Principal::FederatedUser { home, .. } => Some(home),
            Principal::Service { .. } | Principal::IdentityProvider { .. } | Principal::Anonymous => None,
        }
    }

    /// Those who have identity policies.
    fn is_user_or_session(&self) -> bool {
        self.home().is_some() && !matches!(self, Principal::Root { .. })
    }

    /// Those whose requests carry a signature; the calls of an identity provider carry a token instead.
    fn is_signed(&self) -> bool {
        self.home().is_some() || matches!(self, Principal::Service { .. })
    }

    /// R7.5: a session of a service-linked role.
    fn is_service_linked(&self) -> bool {
        match self {
            Principal::RoleSession { role, .. } => {
                six(&role.arn).is_some_and(|parts| parts[5].starts_with("role/aws-service-role/"))
            }
            _ => false,
        }
    }
}

/// The six parts of an ARN (R3.1), or nothing when there are fewer.
fn six(arn: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    (parts.len() == 6).then_some(parts)
}

/// Twelve digits.
fn is_account(text: &str) -> bool {
    text.len() == 12 && is_digits(text)
}

/// What follows the last slash.
fn last_element(text: &str) -> &str {
    text.rsplit_once('/').map_or(text, |(_, last)| last)
}

// ---------------------------------------------------------------------------------------------------------------------
// Principal elements (section 4)
// ---------------------------------------------------------------------------------------------------------------------

/// With what strength a statement names a requester (section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Anyone,
    ExactUser,
    ExactSession,
    RoleOfSession,
    ExactFederated,
    UserOfFederated,
    Service,
    Provider,
    RootSelf,
    AccountDelegation,
}

/// The classes with which a statement takes in the requester; none when it does not (R1.29, R4.26 to R4.32).
///
/// `gateway` is for the policy of a gateway endpoint (R4.12); `bounded` is whether the requester has a boundary.
fn classes(statement: &Statement, request: &Request, gateway: bool, bounded: bool) -> Vec<Class> {
    if let Some(element) = statement.body.get("Principal") {
        return classes_named(element, request, gateway);
    }
    let Some(element) = statement.body.get("NotPrincipal") else {
        return Vec::new();
    };
    let named = classes_named(element, request, gateway);
    let exempt = if statement.allows() {
        !named.is_empty() // R4.32
    } else if bounded {
        false // R4.29
    } else if names_everyone(element) {
        true // R4.30
    } else if request.chain {
        chain_is_complete(&named, &request.principal) // R4.27
    } else {
        !named.is_empty() // R4.28
    };
    if exempt { Vec::new() } else { vec![Class::Anyone] }
}

/// R4.27: whether every level that could be checked for the requester is listed.
fn chain_is_complete(named: &[Class], principal: &Principal) -> bool {
    let has = |class: Class| named.contains(&class);
    match principal {
        Principal::Root { .. } => has(Class::RootSelf),
        Principal::User { .. } => has(Class::AccountDelegation) && has(Class::ExactUser),
        Principal::RoleSession { .. } => {
            has(Class::AccountDelegation) && has(Class::RoleOfSession) && has(Class::ExactSession)
        }
        Principal::FederatedUser { .. } => has(Class::AccountDelegation) && has(Class::ExactFederated),
        Principal::Service { .. } => has(Class::Service),
        Principal::IdentityProvider { .. } => has(Class::Provider),
        Principal::Anonymous => false,
    }
}

/// R4.1, R4.2, R4.3: what each entry of the element says about the requester.
fn classes_named(element: &Value, request: &Request, gateway: bool) -> Vec<Class> {
    if element.as_str() == Some("*") {
        return vec![Class::Anyone];
    }
    let mut found = Vec::new();
    for (kind, entries) in element.as_object().into_iter().flatten() {
        for entry in texts(entries) {
            found.extend(class_named(kind, &entry, request, gateway));
        }
    }
    found
}

/// One entry of a principal map.
fn class_named(kind: &str, entry: &str, request: &Request, gateway: bool) -> Option<Class> {
    match (kind, &request.principal) {
        ("AWS", _) => class_of_identity(entry, request, gateway),
        ("Service", Principal::Service { name }) if name == entry => Some(Class::Service), // R4.21
        ("Federated", Principal::IdentityProvider { name }) if name == entry => Some(Class::Provider), // R4.23
        _ => None, // R4.24: a canonical id stays unresolved
    }
}

/// One entry under `AWS` (R4.4, R4.7 to R4.19).
fn class_of_identity(entry: &str, request: &Request, gateway: bool) -> Option<Class> {
    let Some(home) = request.principal.home() else {
        let anonymous = matches!(request.principal, Principal::Anonymous);
        return (anonymous && entry == "*").then_some(Class::Anyone);
    };
    if entry == "*" {
        return (home.partition == request.partition()).then_some(Class::Anyone);
    }
    if let Some(account) = account_named(entry, request.partition()) {
        if account != *home {
            return None;
        }
        return match &request.principal {
            Principal::Root { .. } => Some(Class::RootSelf),
            _ if gateway => None,
            _ => Some(Class::AccountDelegation),
        };
    }
    let id_equals = request.id.as_deref() == Some(entry);
    match &request.principal {
        Principal::User { arn, .. } => {
            let by_id = id_equals && entry.starts_with("AIDA");
            (arn == entry || by_id).then_some(Class::ExactUser)
        }
        Principal::RoleSession { home, role, session } => {
            let by_id = id_equals && entry.starts_with("AROA");
            if session.as_ref().is_some_and(|session| entry == session_arn(home, role, session)) {
                Some(Class::ExactSession)
            } else {
                (role_named(entry, home, role) || by_id).then_some(Class::RoleOfSession)
            }
        }
        Principal::FederatedUser { arn, user, .. } => {
            if arn == entry {
                Some(Class::ExactFederated)
            } else {
                (user.as_deref() == Some(entry)).then_some(Class::UserOfFederated)
            }
        }
        Principal::Root { .. }
        | Principal::Service { .. }
        | Principal::IdentityProvider { .. }
        | Principal::Anonymous => None,
    }
}

/// R4.7: a twelve-digit id, or the ARN of an account's root.
fn account_named(entry: &str, partition: &str) -> Option<Home> {
    if is_account(entry) {
        return Some(Home { partition: partition.to_owned(), account: entry.to_owned() });
    }
    let parts = six(entry)?;
    let root = parts[2] == "iam" && parts[5] == "root";
    root.then(|| Home { partition: parts[1].to_owned(), account: parts[4].to_owned() })
}

/// R4.15: the ARN of a session, which never has the role's path.
fn session_arn(home: &Home, role: &Role, session: &str) -> String {
    let name = last_element(&role.arn);
    format!("arn:{}:sts::{}:assumed-role/{name}/{session}", home.partition, home.account)
}

/// R4.14: the whole ARN of the role, or, when its path is unknown, all but the path.
fn role_named(entry: &str, home: &Home, role: &Role) -> bool {
    if role.path_known {
        return entry == role.arn;
    }
    six(entry).is_some_and(|parts| {
        parts[1] == home.partition
            && parts[2] == "iam"
            && parts[4] == home.account
            && parts[5].starts_with("role/")
            && last_element(parts[5]) == last_element(&role.arn)
    })
}

// ---------------------------------------------------------------------------------------------------------------------
// Patterns (sections 2, 3 and 6)
// ---------------------------------------------------------------------------------------------------------------------

/// One character of a pattern: itself, `?`, or `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tok {
    Char(char),
    Any,
    Run,
}

/// Whether the whole of `text` fits `pattern`, in which only `*` and `?` are special (R2.3, R3.5, R3.6).
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    fits(&live(pattern), &characters(text))
}

/// R3.7: whether the whole text fits the pattern.
fn fits(pattern: &[Tok], text: &[char]) -> bool {
    fits_from(pattern, text, &mut BTreeMap::new())
}

/// The recursion behind [`fits`]. No pair of what is left of pattern and text is asked about twice, however many ways
/// lead to it.
fn fits_from(pattern: &[Tok], text: &[char], known: &mut BTreeMap<(usize, usize), bool>) -> bool {
    if let Some(answer) = known.get(&(pattern.len(), text.len())) {
        return *answer;
    }
    let answer = match (pattern.split_first(), text.split_first()) {
        (None, _) => text.is_empty(),
        (Some((Tok::Run, rest)), None) => fits_from(rest, text, known),
        (Some((Tok::Run, rest)), Some((_, tail))) => fits_from(rest, text, known) || fits_from(pattern, tail, known),
        (Some((Tok::Any, rest)), Some((_, tail))) => fits_from(rest, tail, known),
        (Some((Tok::Char(wanted), rest)), Some((found, tail))) => wanted == found && fits_from(rest, tail, known),
        (Some((Tok::Any | Tok::Char(_), _)), None) => false,
    };
    known.insert((pattern.len(), text.len()), answer);
    answer
}

/// Text whose `*` and `?` are wildcards and which has nothing else in it.
fn live(pattern: &str) -> Vec<Tok> {
    let token = |c: char| match c {
        '*' => Tok::Run,
        '?' => Tok::Any,
        other => Tok::Char(other),
    };
    pattern.chars().map(token).collect()
}

/// The characters of a text.
fn characters(text: &str) -> Vec<char> {
    text.chars().collect()
}

/// A pattern read as plain text, for operators that have no wildcards (R5.20).
fn plain(pattern: &[Tok]) -> String {
    let character = |token: &Tok| match token {
        Tok::Char(c) => *c,
        Tok::Any => '?',
        Tok::Run => '*',
    };
    pattern.iter().map(character).collect()
}

/// R6.1: policy text with escapes and variables replaced by literal characters (R3.14, R3.18), or nothing when a
/// variable has no value. Without `variables` nothing is replaced (R1.9).
fn expand(text: &str, variables: bool, request: &Request) -> Option<Vec<Tok>> {
    if !variables {
        return Some(live(text));
    }
    let Some((before, opened)) = text.split_once("${") else {
        return Some(live(text)); // R3.12
    };
    let Some((inside, after)) = opened.split_once('}') else {
        return Some(live(text)); // R3.13
    };
    let mut tokens = live(before);
    tokens.extend(replacement(inside, request)?.chars().map(Tok::Char));
    tokens.extend(expand(after, variables, request)?);
    Some(tokens)
}

/// What stands for the text between `${` and `}` (R6.7, R6.9, R6.16).
fn replacement(inside: &str, request: &Request) -> Option<String> {
    if inside == "*" || inside == "?" || inside == "$" {
        return Some(inside.to_owned());
    }
    let (name, default) = match inside.split_once(',') {
        None => (inside, None),
        Some((name, quoted)) => {
            let opened = quoted.trim().strip_prefix('\'');
            (name, opened.and_then(|opened| opened.strip_suffix('\'')))
        }
    };
    match request.lookup(name.trim()) {
        Some(Held::Multi(_)) => None,
        Some(Held::Single(value)) if !value.is_empty() => Some(value.clone()),
        Some(Held::Single(_)) | None => default.map(str::to_owned),
    }
}

/// R2.5, R3.3: one or more asterisks and nothing else.
fn only_asterisks(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.chars().all(|c| c == '*')
}

/// R2.1 to R2.6: one entry of Action or NotAction.
fn action_matches(pattern: &str, action: &str) -> bool {
    if only_asterisks(pattern) {
        return true;
    }
    let pattern = pattern.to_ascii_lowercase();
    let action = action.to_ascii_lowercase();
    let (Some((service, name)), Some((asked_service, asked_name))) = (pattern.split_once(':'), action.split_once(':'))
    else {
        return false;
    };
    let malformed = name.is_empty() || name.contains(|c: char| c == ':' || c == ',' || c.is_whitespace());
    !malformed && glob(service, asked_service) && glob(name, asked_name)
}

/// R3.2 to R3.22: one entry of Resource or NotResource.
///
/// Variables count only in the sixth part (R3.17). A request without a resource fits nothing but asterisks, since `*`
/// has no six parts. Entries with fewer than six parts (R3.11) fit nothing here; they are not made.
fn resource_matches(pattern: &str, variables: bool, request: &Request) -> bool {
    if only_asterisks(pattern) {
        return true;
    }
    let (Some(wanted), Some(asked)) = (six(pattern), six(request.matched_resource())) else {
        return false;
    };
    let Some(last) = expand(wanted[5], variables, request) else {
        return false; // R3.19
    };
    wanted[0] == "arn"
        && asked[0] == "arn"
        && (1..5).all(|part| glob(wanted[part], asked[part]))
        && fits(&last, &characters(asked[5]))
}

// ---------------------------------------------------------------------------------------------------------------------
// Conditions (section 5)
// ---------------------------------------------------------------------------------------------------------------------

/// How an operator treats several request values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    None,
    All,
    Any,
}

/// An operator taken apart (R1.19).
struct Operator<'t> {
    set: Set,
    base: &'t str,
    if_exists: bool,
}

impl<'t> Operator<'t> {
    fn read(text: &'t str) -> Operator<'t> {
        let (set, rest) = if let Some(rest) = text.strip_prefix("ForAllValues:") {
            (Set::All, rest)
        } else if let Some(rest) = text.strip_prefix("ForAnyValue:") {
            (Set::Any, rest)
        } else {
            (Set::None, text)
        };
        match rest.strip_suffix("IfExists") {
            Some(base) => Operator { set, base, if_exists: true },
            None => Operator { set, base: rest, if_exists: false },
        }
    }

    /// Every negated operator has `Not` in its name, and no other has.
    fn is_negated(&self) -> bool {
        self.base.contains("Not")
    }
}

/// R5.5 to R5.17: whether one pair of operator and key holds.
fn condition_holds(operator: &str, key: &str, values: &[String], variables: bool, request: &Request) -> bool {
    let operator = Operator::read(operator);
    let held = request.lookup(key);
    if operator.base == "Null" {
        return null_holds(operator.set, values, held);
    }
    let test = |asked: &String| {
        let positive = operator.base.replace("Not", "");
        let hit = values.iter().any(|value| positive_match(&positive, asked, value, variables, request));
        hit != operator.is_negated() // R5.6
    };
    match (operator.set, held) {
        (Set::None, None) => operator.if_exists || operator.is_negated(),
        (Set::None, Some(Held::Multi(_))) => false,
        (Set::None, Some(Held::Single(asked))) => test(asked),
        (Set::All, _) => {
            let asked = as_list(held);
            is_null_data(&asked) || asked.iter().all(test)
        }
        (Set::Any, None) => operator.if_exists,
        (Set::Any, Some(_)) => {
            let asked = as_list(held);
            !is_null_data(&asked) && !values.is_empty() && asked.iter().any(test)
        }
    }
}

/// R5.14, R5.15: the Null operator.
fn null_holds(set: Set, values: &[String], held: Option<&Held>) -> bool {
    let absent = match held {
        None => true,
        Some(Held::Multi(several)) => several.is_empty(),
        Some(Held::Single(_)) => false,
    };
    let wanted = if absent { "true" } else { "false" };
    match set {
        Set::All => true,
        Set::Any => false,
        Set::None => values.iter().any(|value| value.eq_ignore_ascii_case(wanted)),
    }
}

/// R5.13: a single value is a list of one, a missing key is an empty list.
fn as_list(held: Option<&Held>) -> Vec<String> {
    match held {
        None => Vec::new(),
        Some(Held::Single(value)) => vec![value.clone()],
        Some(Held::Multi(values)) => values.clone(),
    }
}

/// R5.11: nothing, or nothing but empty strings.
fn is_null_data(values: &[String]) -> bool {
    values.iter().all(String::is_empty)
}

/// Section 5.3: whether one request value and one policy value fit under a positive operator. What cannot be read
/// fits nothing (R5.19); variables are replaced where R6.6 says so.
fn positive_match(operator: &str, asked: &str, wanted: &str, variables: bool, request: &Request) -> bool {
    let expanded = || expand(wanted, variables, request);
    let number = || compare_decimals(asked, wanted);
    let date = || compare_instants(asked, wanted);
    match operator {
        "StringEquals" => expanded().is_some_and(|pattern| plain(&pattern) == asked),
        "StringEqualsIgnoreCase" => expanded().is_some_and(|pattern| folded(&plain(&pattern)) == folded(asked)),
        "StringLike" => expanded().is_some_and(|pattern| fits(&pattern, &characters(asked))),
        "NumericEquals" => number() == Some(Ordering::Equal),
        "NumericLessThan" => number() == Some(Ordering::Less),
        "NumericLessThanEquals" => number().is_some_and(Ordering::is_le),
        "NumericGreaterThan" => number() == Some(Ordering::Greater),
        "NumericGreaterThanEquals" => number().is_some_and(Ordering::is_ge),
        "DateEquals" => date() == Some(Ordering::Equal),
        "DateLessThan" => date() == Some(Ordering::Less),
        "DateLessThanEquals" => date().is_some_and(Ordering::is_le),
        "DateGreaterThan" => date() == Some(Ordering::Greater),
        "DateGreaterThanEquals" => date().is_some_and(Ordering::is_ge),
        "Bool" => expanded().is_some_and(|pattern| same_truth(asked, &plain(&pattern))),
        "BinaryEquals" => base64(wanted).is_some_and(|bytes| base64(asked) == Some(bytes)),
        "IpAddress" => in_network(asked, wanted),
        "ArnEquals" | "ArnLike" => expanded().is_some_and(|pattern| arn_matches(&pattern, asked)),
        _ => false,
    }
}

/// R5.21: text with the differences of case taken out.
fn folded(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// R5.31: both are the same one of `true` and `false`, in any case.
fn same_truth(asked: &str, wanted: &str) -> bool {
    let wanted = wanted.to_ascii_lowercase();
    (wanted == "true" || wanted == "false") && asked.eq_ignore_ascii_case(&wanted)
}

/// R5.37 to R5.39: six parts against six parts, colons of substituted text counting like any other.
fn arn_matches(pattern: &[Tok], asked: &str) -> bool {
    if matches!(pattern, [Tok::Run]) {
        return true;
    }
    let wanted: Vec<&[Tok]> = pattern.splitn(6, |token| *token == Tok::Char(':')).collect();
    let Some(asked) = six(asked) else {
        return false;
    };
    wanted.len() == 6 && wanted.iter().zip(&asked).all(|(wanted, asked)| fits(wanted, &characters(asked)))
}

/// At least one digit, and nothing but digits.
fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// R5.24: sign, digits before and digits after the point.
fn decimal(text: &str) -> Option<(bool, &str, &str)> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    (is_digits(whole) && is_digits(fraction)).then_some((negative, whole, fraction))
}

/// R5.24: numbers compared exactly, by writing both with equally many digits.
fn compare_decimals(left: &str, right: &str) -> Option<Ordering> {
    let (left_negative, left_whole, left_fraction) = decimal(left)?;
    let (right_negative, right_whole, right_fraction) = decimal(right)?;
    let whole = left_whole.len().max(right_whole.len());
    let fraction = left_fraction.len().max(right_fraction.len());
    let left_digits = format!("{left_whole:0>whole$}{left_fraction:0<fraction$}");
    let right_digits = format!("{right_whole:0>whole$}{right_fraction:0<fraction$}");
    let is_zero = |digits: &str| digits.bytes().all(|byte| byte == b'0');
    let left_below = left_negative && !is_zero(&left_digits);
    let right_below = right_negative && !is_zero(&right_digits);
    Some(match (left_below, right_below) {
        (false, false) => left_digits.cmp(&right_digits),
        (true, true) => right_digits.cmp(&left_digits),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    })
}

/// R5.27: instants compared, whichever way each is written.
fn compare_instants(left: &str, right: &str) -> Option<Ordering> {
    Some(instant(left)?.cmp(&instant(right)?))
}

/// Seconds since 1970, and the digits of the fraction without zeros at the end, which makes them comparable as text.
type Instant = (i64, String);

/// R5.26 to R5.29: digits are seconds since 1970, anything else is a calendar date.
fn instant(text: &str) -> Option<Instant> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if is_digits(whole) && is_digits(fraction) {
        return Some((whole.parse().ok()?, significant(fraction)));
    }
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let fields: Vec<&str> = date.split('-').collect();
    let (year, month, day) = match fields.as_slice() {
        [year, month] if time.is_none() => (*year, *month, "01"),
        [year, month, day] => (*year, *month, *day),
        _ => return None,
    };
    let year = number(year, 4, 0..=9999)?;
    let month = number(month, 2, 1..=12)?;
    let day = number(day, 2, 1..=days_in_month(year, month))?;
    let midnight = days_since_1970(year, month, day) * 86_400;
    let (seconds, fraction) = match time {
        Some(time) => seconds_of_day(time)?,
        None => (0, String::new()),
    };
    Some((midnight + seconds, fraction))
}

/// The digits of a fraction that matter.
fn significant(fraction: &str) -> String {
    fraction.trim_end_matches('0').to_owned()
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.f`, and `Z`, an offset or nothing, as seconds from midnight UTC (R5.26, R5.29).
fn seconds_of_day(time: &str) -> Option<Instant> {
    let (clock, offset) = if let Some(clock) = time.strip_suffix('Z') {
        (clock, 0)
    } else if let Some((clock, east)) = time.split_once('+') {
        (clock, hours_and_minutes(east)?)
    } else if let Some((clock, west)) = time.split_once('-') {
        (clock, -hours_and_minutes(west)?)
    } else {
        (time, 0)
    };
    let (clock, seconds, fraction) = match clock.split(':').count() {
        2 => (clock, 0, String::new()),
        3 => {
            let (clock, seconds) = clock.rsplit_once(':')?;
            let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
            if !is_digits(fraction) {
                return None;
            }
            (clock, number(seconds, 2, 0..=59)?, significant(fraction))
        }
        _ => return None,
    };
    Some((hours_and_minutes(clock)? + seconds - offset, fraction))
}

/// `hh:mm` as seconds.
fn hours_and_minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    Some(number(hours, 2, 0..=23)? * 3_600 + number(minutes, 2, 0..=59)? * 60)
}

/// So many digits, within a range.
fn number(text: &str, length: usize, range: RangeInclusive<i64>) -> Option<i64> {
    if text.len() != length || !is_digits(text) {
        return None;
    }
    text.parse::<i64>().ok().filter(|number| range.contains(number))
}

/// Days from 1 January 1970, counted year by year and month by month.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let years_after: i64 = (1970..year).map(days_in_year).sum();
    let years_before: i64 = (year..1970).map(days_in_year).sum();
    let months: i64 = (1..month).map(|month| days_in_month(year, month)).sum();
    years_after - years_before + months + day - 1
}

/// Days of a year of the Gregorian calendar.
fn days_in_year(year: i64) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

/// Days of a month of the Gregorian calendar.
fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Every fourth year, of the centuries every fourth.
fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

/// R5.34 to R5.36: whether an address lies in a network of its own family.
fn in_network(address: &str, range: &str) -> bool {
    let (Some(asked), Some((wanted, length))) = (address_bits(address), network(range)) else {
        return false;
    };
    asked.len() == wanted.len() && asked[..length] == wanted[..length]
}

/// R5.34: an address and how many of its bits count.
fn network(text: &str) -> Option<(Vec<bool>, usize)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let bits = address_bits(address)?;
    let length = match length {
        Some(length) if is_digits(length) => length.parse::<usize>().ok()?,
        Some(_) => return None,
        None => bits.len(),
    };
    (length <= bits.len()).then_some((bits, length))
}

/// The 32 or 128 bits of an address.
fn address_bits(text: &str) -> Option<Vec<bool>> {
    let octets: Vec<u8> = match text.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    Some(octets.into_iter().flat_map(|octet| bits_of(octet, 8)).collect())
}

/// The lowest `count` bits of a number, highest first.
fn bits_of(number: u8, count: u32) -> Vec<bool> {
    (0..count).rev().map(|place| (number >> place) & 1 == 1).collect()
}

/// R5.33: the bytes of standard base64 with padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - digits.len() > 2 {
        return None;
    }
    let mut bits: Vec<bool> = Vec::new();
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits.extend(bits_of(value, 6));
    }
    let whole_bytes = bits.chunks_exact(8);
    if whole_bytes.remainder().contains(&true) {
        return None;
    }
    Some(whole_bytes.map(byte_of).collect())
}

/// Eight bits, highest first, as a byte.
fn byte_of(bits: &[bool]) -> u8 {
    bits.iter().fold(0, |byte, bit| (byte << 1) | u8::from(*bit))
}
