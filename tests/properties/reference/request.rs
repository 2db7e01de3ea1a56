//! The request and its principal (sections 0.2, 0.3, 8.1).

use super::policies::{text, texts};
use super::values::is_digits;
use serde_json::Value;

/// What a context key holds (R5.16: the shape is the caller's).
pub(super) enum Held {
    Single(String),
    Multi(Vec<String>),
}

/// One request, with the context completed.
pub(super) struct Request {
    pub(super) principal: Principal,
    /// The unique id of the user, or of the role behind the session.
    pub(super) id: Option<String>,
    pub(super) action: String,
    pub(super) resource: String,
    /// R9.12: what policies are held against instead of the ARN of an access point.
    behind: Option<String>,
    pub(super) resource_account: Option<String>,
    pub(super) context: Vec<(String, Held)>,
    /// R4.28: whether NotPrincipal exempts by the whole chain, or by any member of it.
    pub(super) chain: bool,
}

impl Request {
    pub(super) fn read(world: &Value) -> Request {
        let facts = &world["facts"];
        let resource = world["resource"].as_str().unwrap_or("*").to_owned();
        let principal = Principal::read(world["principal"].as_str().unwrap_or("anonymous"), facts, &resource);
        let mut request = Request {
            id: facts["principal_id"].as_str().map(str::to_owned),
            action: world["action"].as_str().unwrap_or_default().to_owned(),
            resource_account: resource_account(world, &resource, &principal),
            context: given_context(&world["context"]),
            chain: facts["not_principal"].as_str() != Some("any"),
            behind: None,
            resource,
            principal,
        };
        request.derive_context();
        request
    }

    /// R9.12: the request as it is asked of the bucket behind an access point, if it goes through one.
    pub(super) fn behind_access_point(world: &Value) -> Option<Request> {
        let bucket = world["facts"]["access_point_bucket"].as_str()?;
        let request = Request::read(world);
        request.access_point()?;
        let behind = match request.resource.split_once("/object/") {
            Some((_, key)) => format!("{bucket}/{key}"),
            None => bucket.to_owned(),
        };
        Some(Request { behind: Some(behind), ..request })
    }

    /// The ARN of the access point that the request goes through, without the object behind it (R9.1).
    pub(super) fn access_point(&self) -> Option<&str> {
        let parts = six(&self.resource)?;
        let (access_point, _) = self.resource.split_once("/object/").unwrap_or((&self.resource, ""));
        (parts[2] == "s3" && parts[5].starts_with("accesspoint/")).then_some(access_point)
    }

    /// R2.2: names of actions are compared without regard to case.
    pub(super) fn action_is(&self, action: &str) -> bool {
        self.action.eq_ignore_ascii_case(action)
    }

    /// R7.4: whether caller and resource are in one account; without a resource they are.
    pub(super) fn same_account(&self) -> bool {
        match (self.principal.home(), &self.resource_account) {
            (Some(_), _) if self.resource == "*" => true,
            (Some(home), Some(owner)) => home.account == *owner,
            _ => false,
        }
    }

    /// R7.30: KMS keys, and roles as they are assumed, count identity policies only when they name the account.
    pub(super) fn needs_account_trust(&self) -> bool {
        let Some(parts) = six(&self.resource) else {
            return false;
        };
        let assuming = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
        let key = parts[2] == "kms" && parts[5].starts_with("key/");
        let role = parts[2] == "iam" && parts[5].starts_with("role/");
        key || (role && assuming.iter().any(|action| self.action_is(action)))
    }

    /// R7.38: an IAM action that does more than read or list.
    pub(super) fn changes_iam(&self) -> bool {
        let action = self.action.to_ascii_lowercase();
        let reading = ["iam:get", "iam:list", "iam:simulate", "iam:generate"];
        action.starts_with("iam:") && !reading.iter().any(|start| action.starts_with(start))
    }

    /// The resource as policies see it: R3.24 gives one action without a resource a text of its own.
    pub(super) fn matched_resource(&self) -> &str {
        match &self.behind {
            Some(behind) => behind,
            None if self.resource == "*" && self.action_is("s3:ListAllMyBuckets") => "arn:aws:s3:::*",
            None => &self.resource,
        }
    }

    /// R4.7: the partition that account ids in principals are in.
    pub(super) fn partition(&self) -> &str {
        match (six(&self.resource), self.principal.home()) {
            (Some(parts), _) => parts[1],
            (None, Some(home)) => &home.partition,
            (None, None) => "aws",
        }
    }

    /// R5.2: keys are found without regard to case.
    pub(super) fn lookup(&self, key: &str) -> Option<&Held> {
        self.context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, held)| held)
    }

    /// Section 8: adds the keys that follow from the request itself; given values win.
    pub(super) fn derive_context(&mut self) {
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
        if let Some(arn) = self.access_point() {
            derived.push(("s3:DataAccessPointArn", arn.to_owned()));
            derived.push(("s3:AccessPointNetworkOrigin", "Internet".to_owned()));
            derived.push(("s3:DataAccessPointAccount", arn.split(':').nth(4).unwrap_or_default().to_owned()));
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

    /// R8.10: the region of the ARN, and the one IAM answers from, where the caller is known to be in its partition.
    pub(super) fn region(&self) -> Option<String> {
        let written = six(&self.resource).map(|parts| parts[3]).filter(|region| !region.is_empty());
        let in_aws = self.principal.home().is_some_and(|home| home.partition == "aws");
        let global = (in_aws && self.action.to_ascii_lowercase().starts_with("iam:")).then_some("us-east-1");
        written.or(global).map(str::to_owned)
    }
}

/// R7.3: the account that owns the resource.
pub(super) fn resource_account(world: &Value, resource: &str, principal: &Principal) -> Option<String> {
    let given = world["resource_account"].as_str();
    let written = six(resource).map(|parts| parts[4]).filter(|account| is_account(account));
    let callers = principal.home().map(|home| home.account.as_str());
    given.or(written).or(callers).map(str::to_owned)
}

/// The context as given: text is single-valued, a list is multivalued.
pub(super) fn given_context(context: &Value) -> Vec<(String, Held)> {
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
pub(super) struct Home {
    pub(super) partition: String,
    pub(super) account: String,
}

/// The role behind a session.
pub(super) struct Role {
    pub(super) arn: String,
    /// R4.14: false when only the session's ARN was given, which leaves the path out.
    pub(super) path_known: bool,
}

/// Who asks (section 0.3).
pub(super) enum Principal {
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
    pub(super) fn read(principal: &str, facts: &Value, resource: &str) -> Principal {
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
    pub(super) fn home(&self) -> Option<&Home> {
        match self {
            Principal::Root { home }
            | Principal::User { home, .. }
            | Principal::RoleSession { home, .. }
            | Principal::FederatedUser { home, .. } => Some(home),
            Principal::Service { .. } | Principal::IdentityProvider { .. } | Principal::Anonymous => None,
        }
    }

    /// Those who have identity policies.
    pub(super) fn is_user_or_session(&self) -> bool {
        self.home().is_some() && !matches!(self, Principal::Root { .. })
    }

    /// Those whose requests carry a signature; the calls of an identity provider carry a token instead.
    pub(super) fn is_signed(&self) -> bool {
        self.home().is_some() || matches!(self, Principal::Service { .. })
    }

    /// R7.5: a session of a service-linked role.
    pub(super) fn is_service_linked(&self) -> bool {
        match self {
            Principal::RoleSession { role, .. } => {
                six(&role.arn).is_some_and(|parts| parts[5].starts_with("role/aws-service-role/"))
            }
            _ => false,
        }
    }
}

/// The six parts of an ARN (R3.1), or nothing when there are fewer.
pub(super) fn six(arn: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    (parts.len() == 6).then_some(parts)
}

/// Twelve digits.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && is_digits(text)
}

/// What follows the last slash.
pub(super) fn last_element(text: &str) -> &str {
    text.rsplit_once('/').map_or(text, |(_, last)| last)
}
