//! A question to the engine: the parts of a request as text, made into a request, and the answer with its explanation.
//! The query and the policy tests both ask this way.

use crate::Failure;
use can_access_engine::arn::{AccountId, Arn};
use can_access_engine::catalogue::Catalogue;
use can_access_engine::decision::{Blocker, Decision, Explanation, ServiceRule, decide, explain};
use can_access_engine::index::CompiledSet;
use can_access_engine::instant::Instant;
use can_access_engine::layer::Layer;
use can_access_engine::policy::{Policy, PolicySet};
use can_access_engine::request::{
    Action, Assumption, Context, ContextValue, Facts, Kind, Principal, Request, RequestError, Resource,
};
use can_access_engine::statement::Effect;
use std::sync::{Arc, LazyLock};

/// Everything about a request but its action and resource, as text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Question {
    pub(crate) principal: Option<String>,
    pub(crate) role_arn: Option<String>,
    pub(crate) principal_id: Option<String>,
    pub(crate) federating_user: Option<String>,
    pub(crate) resource_account: Option<String>,
    pub(crate) context: Vec<(String, ContextValue)>,
    pub(crate) unknown: Vec<String>,
    pub(crate) others_unknown: bool,
    pub(crate) facts: Arc<Facts>,
}

/// An answer, with what the request turned out to be.
pub(crate) struct Answer<'p> {
    pub(crate) explanation: Arc<Explanation<'p>>,
    pub(crate) request: Request<'p>,
    /// Whether somebody was named as the principal.
    pub(crate) principal_given: bool,
    /// What the reader should know besides.
    pub(crate) notes: Vec<String>,
    policies: &'p PolicySet,
}

impl Answer<'_> {
    /// What was taken for granted. Where nobody was named, nothing was assumed of their account or role.
    pub(crate) fn assumptions(&self) -> impl Iterator<Item = &Assumption> {
        let of_principal = |assumption: &&Assumption| {
            matches!(assumption, Assumption::ResourceAccount(_) | Assumption::RolePath(_) | Assumption::PublicResource)
        };
        self.explanation.assumptions.iter().filter(move |assumption| self.principal_given || !of_principal(assumption))
    }

    /// Whoever asks, for messages.
    pub(crate) fn asker(&self) -> &str {
        if self.principal_given { self.request.principal().as_str() } else { "the principal" }
    }

    /// Whether a statement of a layer allows the request, or the same asked of the bucket behind its access point.
    pub(crate) fn allows(&self, layer: Layer, access_point: bool, on_bucket: bool) -> bool {
        self.explanation.statements.iter().any(|report| {
            let is_of = (report.at.layer, report.at.access_point, report.on_bucket) == (layer, access_point, on_bucket);
            is_of && report.statement.effect() == Effect::Allow && report.applies.is_true()
        })
    }

    /// The levels of the organization whose service control policies do not allow, from 1, with the policies' names.
    pub(crate) fn silent_scp_levels(&self) -> Vec<(usize, String)> {
        let applied = |level| {
            self.explanation.statements.iter().any(|report| {
                let at = report.at;
                let allows = report.statement.effect() == Effect::Allow && report.applies.is_true();
                at.layer == Layer::Scp && at.level == level && allows
            })
        };
        let names = |policies: &Vec<Arc<Policy>>| {
            let names: Vec<&str> = policies.iter().map(|policy| policy.source().name()).collect();
            names.join(", ")
        };
        let levels = self.policies.scp.iter().enumerate().filter(|(level, _)| !applied(*level));
        levels.map(|(level, policies)| (level + 1, names(policies))).collect()
    }

    /// Whether the account of the resource is known and not made up.
    pub(crate) fn owner_known(&self) -> bool {
        self.request.resource_account().is_some_and(|account| account.as_str() != UNNAMED_ACCOUNT)
    }

    /// Whether identity policies count only if the resource's policy names the account.
    pub(crate) fn trust_matters(&self) -> bool {
        self.explanation.outcome.service == Some(ServiceRule::AccountNotTrusted)
    }
}

/// The policies that are asked; compiled where the questions are many.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asked<'p> {
    Plain(&'p PolicySet),
    Compiled(&'p CompiledSet),
}

impl<'p> Asked<'p> {
    pub(crate) fn set(self) -> &'p PolicySet {
        match self {
            Self::Plain(policies) => policies,
            Self::Compiled(policies) => policies.policies(),
        }
    }

    pub(crate) fn explain(self, request: &Request<'_>) -> Explanation<'p> {
        match self {
            Self::Plain(policies) => explain(policies, request),
            Self::Compiled(policies) => policies.explain_briefly(request),
        }
    }

    pub(crate) fn verdict(self, request: &Request<'_>) -> Decision {
        match self {
            Self::Plain(policies) => decide(policies, request).decision,
            Self::Compiled(policies) => policies.verdict(request),
        }
    }
}

/// The account of whoever asks while neither they nor the owner of the resource are named.
const UNNAMED_ACCOUNT: &str = "000000000000";

/// The parts of a request that requests of one question share.
pub(crate) struct Prepared {
    principal: Principal,
    principal_given: bool,
    resource_account: Option<AccountId>,
    context: Context,
    facts: Arc<Facts>,
}

/// Keys that hang on who asks: unknown while nobody is named.
const PRINCIPAL_KEYS: [&str; 11] = [
    "aws:PrincipalArn",
    "aws:PrincipalAccount",
    "aws:PrincipalType",
    "aws:userid",
    "aws:username",
    "aws:PrincipalIsAWSService",
    "aws:ResourceAccount",
    "aws:MultiFactorAuthPresent",
    "aws:TokenIssueTime",
    "s3:ResourceAccount",
    "kms:CallerAccount",
];

impl Question {
    /// Makes the parts of a request on `resource`.
    pub(crate) fn prepare(&self, policies: &PolicySet, resource: &str) -> Result<Prepared, Failure> {
        let resource_account =
            self.resource_account.as_deref().map(|text| account("resource account", text)).transpose()?;
        let mut context = Context::new();
        for (key, value) in &self.context {
            context.insert(key, value.clone())?;
        }
        for key in &self.unknown {
            if context.keys().any(|(given, _)| given.as_str().eq_ignore_ascii_case(key)) {
                let why = "it is given a value and said to be unknown".to_owned();
                return Err(RequestError::Context { key: key.clone(), why }.into());
            }
            context.mark_unknown(key);
        }
        context.pair_times()?;
        if self.others_unknown {
            context.mark_others_unknown();
        }
        let principal = match &self.principal {
            Some(text) => {
                // A bare account id is of the partition of what it asks for.
                let partition = Arn::parse(resource).map_or("aws", |arn| arn.partition);
                let id = AccountId::parse(text).filter(|_| partition != "aws");
                let root = id.map(|account| format!("arn:{partition}:iam::{account}:root"));
                let mut principal = Principal::parse(root.as_deref().unwrap_or(text))?;
                if let Some(arn) = &self.role_arn {
                    principal = principal.with_role_arn(arn)?;
                }
                if let Some(id) = &self.principal_id {
                    principal = principal.with_id(id)?;
                }
                if let Some(user) = &self.federating_user {
                    principal = principal.with_federating_user(user)?;
                }
                principal
            }
            None => self.unnamed(policies, resource, resource_account, &mut context)?,
        };
        check_access_point(policies, resource, &self.facts)?;
        let facts = Arc::clone(&self.facts);
        Ok(Prepared { principal, principal_given: self.principal.is_some(), resource_account, context, facts })
    }

    /// Whoever the identity policies are attached to, in the account of the resource.
    fn unnamed(
        &self,
        policies: &PolicySet,
        resource: &str,
        owner: Option<AccountId>,
        context: &mut Context,
    ) -> Result<Principal, Failure> {
        let says_whom = [&policies.resource, &policies.access_point, &policies.endpoint];
        if let Some(policy) = says_whom.into_iter().flatten().next() {
            return Err(Failure::with_help(
                format!("{} says whom it is about, so the answer depends on who asks", policy.source().name()),
                "name the principal: --principal ARN (or an account id, a service, or anonymous)",
            ));
        }
        for (what, given) in [
            ("role ARN", &self.role_arn),
            ("principal id", &self.principal_id),
            ("federating user", &self.federating_user),
        ] {
            if given.is_some() {
                return Err(Failure::with_help(
                    format!("a {what} says more about a principal, and none is given"),
                    "name the principal, too",
                ));
            }
        }
        let arn = Arn::parse(resource);
        let account = owner.or(arn.and_then(|arn| arn.account_id()));
        let account = account.map_or(UNNAMED_ACCOUNT.to_owned(), |account| account.to_string());
        let partition = arn.map_or("aws", |arn| arn.partition);
        // Session policies belong to sessions; a user is the simplest identity otherwise.
        let kind = if policies.session.is_empty() { "user" } else { "role" };
        for key in PRINCIPAL_KEYS {
            let given = context.keys().any(|(given, _)| given.as_str().eq_ignore_ascii_case(key));
            if !given {
                context.mark_unknown(key);
            }
        }
        Ok(Principal::parse(&format!("arn:{partition}:iam::{account}:{kind}/unnamed"))?)
    }
}

impl Prepared {
    /// Whether somebody is named as the principal.
    pub(crate) fn principal_given(&self) -> bool {
        self.principal_given
    }

    /// The request that asks about an action on a resource; `on_everything` is whether the action takes none.
    pub(crate) fn request<'p>(
        &'p self,
        policies: &PolicySet,
        action: &'p Action,
        resource: &'p str,
        on_everything: bool,
    ) -> Result<Request<'p>, Failure> {
        let resource = Resource::parse(resource)?;
        let request =
            Request::new(&self.principal, action, resource, self.resource_account, &self.context, &self.facts);
        let request = match request {
            Err(RequestError::Context { key, .. }) if !self.principal_given && is_principal_key(&key) => {
                let message = format!("context key `{key}` says who asks, and nobody is named");
                return Err(Failure::with_help(message, "name the principal: --principal ARN"));
            }
            other => other?,
        };
        let request = if on_everything { request.on_everything() } else { request };
        if request.lacks_bucket() && !(policies.resource.is_empty() && policies.access_point.is_empty()) {
            return Err(Failure::with_help(
                format!(
                    "`{}` goes through an access point, and the bucket that the policies are about is not named",
                    resource.as_str()
                ),
                "name it: --access-point-bucket arn:aws:s3:::BUCKET; the policy of the access point is --access-point-policy",
            ));
        }
        Ok(request)
    }

    /// The answer to one of its requests, given the explanation and what is odd about the question.
    pub(crate) fn answer<'p>(
        &'p self,
        policies: Asked<'p>,
        request: Request<'p>,
        explanation: Arc<Explanation<'p>>,
        remarks: Vec<String>,
    ) -> Result<Answer<'p>, Failure> {
        if explanation.outcome.decision == Decision::Depends && !self.principal_given {
            let keys = explanation.dependence.as_ref().map(|dependence| dependence.keys.clone()).unwrap_or_default();
            let of_principal: Vec<&str> = keys.iter().map(String::as_str).filter(|key| is_principal_key(key)).collect();
            if !of_principal.is_empty() {
                return Err(Failure::with_help(
                    format!("the answer depends on who asks: the policies look at {}", of_principal.join(", ")),
                    "name the principal: --principal ARN",
                ));
            }
        }
        let mut notes = notes(policies, &request, &explanation);
        notes.extend(remarks);
        Ok(Answer { notes, ..self.bare_answer(policies, request, explanation) })
    }

    /// The same without notes, and without asking whether it depends on who asks.
    pub(crate) fn bare_answer<'p>(
        &'p self,
        policies: Asked<'p>,
        request: Request<'p>,
        explanation: Arc<Explanation<'p>>,
    ) -> Answer<'p> {
        let (principal_given, notes) = (self.principal_given, Vec::new());
        Answer { explanation, request, principal_given, notes, policies: policies.set() }
    }
}

fn is_principal_key(key: &str) -> bool {
    PRINCIPAL_KEYS.iter().any(|known| known.eq_ignore_ascii_case(key))
}

/// What the policies at hand leave to the other account, and what was ignored.
fn notes(asked: Asked<'_>, request: &Request<'_>, explanation: &Explanation<'_>) -> Vec<String> {
    let policies = asked.set();
    let mut notes = Vec::new();
    let outcome = &explanation.outcome;
    let principal = request.principal();
    let denied = outcome.decision == Decision::ImplicitDeny;
    let blocked = |layer| outcome.blocked_by.has(Blocker::Layer(layer));
    let granted_by_resource = !policies.resource.is_empty() && outcome.layer(Layer::Resource).name() == "allowed";
    let left_to_identity = denied && blocked(Layer::Identity) && !blocked(Layer::Resource) && granted_by_resource;
    if let Some(account) = principal.account().filter(|_| left_to_identity) {
        notes.push(format!(
            "the resource's policy allows it as far as it can: it is left to account {account}, whose own policies must still allow it"
        ));
    }
    notes.extend(ids_note(policies, request));
    notes.extend(rcps_note(policies, request));
    if resource_has_wildcard(request) {
        notes.push("the wildcard in the resource is a literal character: this asks about that one resource".to_owned());
    }
    if outcome.decision == Decision::Allowed && explanation.decided_by.is_empty() && outcome.service.is_none() {
        let facts = request.facts();
        notes.push(if principal.kind() == Kind::Root {
            "the root user of the account that owns the resource needs no policy to allow it".to_owned()
        } else if facts.kms_grant {
            "the declared KMS grant allows it".to_owned()
        } else {
            "the declared start of the multipart upload allows it".to_owned()
        });
    }
    if principal.kind() == Kind::Root && !policies.identity.is_empty() {
        notes.push("identity policies do not apply to a root user".to_owned());
    }
    let ignored = |layer: Layer| outcome.layer(layer).name() == "notApplicable";
    if ignored(Layer::Boundary) {
        notes.push("the permissions boundary limits nothing here: only users and roles have one".to_owned());
    }
    if ignored(Layer::Session) {
        notes.push(
            "the session policy limits nothing here: only sessions of roles and federated users have one".to_owned(),
        );
    }
    if outcome.decision == Decision::Allowed && hides_missing_keys(asked, request) {
        let why = "a key that does not exist is answered with 403, not 404: s3:ListBucket on the bucket is not allowed";
        notes.push(why.to_owned());
    }
    notes
}

/// Whether it looks as if a pattern of resources was asked about.
pub(crate) fn resource_has_wildcard(request: &Request<'_>) -> bool {
    request.resource().arn().is_some_and(|arn| arn.resource.contains(['*', '?']))
}

/// Ids among the principals of statements about the action, which cannot be compared while the requester's is not known.
fn ids_note(policies: &PolicySet, request: &Request<'_>) -> Option<String> {
    let groups = [&policies.resource, &policies.access_point, &policies.endpoint];
    let statements = groups.into_iter().flatten().flat_map(|policy| policy.statements());
    let about = statements.filter(|statement| statement.action().matches(request.action()));
    let mut entries = about.filter_map(|statement| statement.principal()).flat_map(|element| element.entries());
    let entry = entries.find(|entry| {
        entry.is_unique_id() && request.lacks_unique_id() || entry.is_canonical_id() && request.lacks_canonical_id()
    })?;
    Some(format!(
        "`{}` among the principals was not compared: give --principal-id, or --canonical-id ID=ACCOUNT",
        entry.as_str()
    ))
}

/// Resource control policies have no effect on services that do not support them (R7.14).
fn rcps_note(policies: &PolicySet, request: &Request<'_>) -> Option<String> {
    if policies.rcp.is_empty() {
        return None;
    }
    let service = Catalogue::published().service(request.action().service())?;
    (!service.has_rcps())
        .then(|| format!("resource control policies do not apply to {}, so they were left out", service.title()))
}

/// What is said of an access point has to fit the resource, whatever the action.
fn check_access_point(policies: &PolicySet, resource: &str, facts: &Facts) -> Result<(), Failure> {
    let through = Arn::parse(resource).filter(Arn::is_access_point);
    if let Some(bucket) = &facts.access_point_bucket {
        let refuse = |why: String| Err(RequestError::Fact { what: "bucket ARN", text: bucket.clone(), why }.into());
        let is_bucket = |arn: &Arn<'_>| {
            let is_global = arn.region.is_empty() && arn.account.is_empty();
            arn.service == "s3" && is_global && !arn.resource.is_empty() && !arn.resource.contains(['/', '*', '?', ':'])
        };
        match (Arn::parse(bucket).filter(is_bucket), through) {
            (None, _) => return refuse("write it as arn:aws:s3:::BUCKET".to_owned()),
            (Some(arn), Some(point)) if arn.partition != point.partition => {
                return refuse(format!("the access point is in the partition {}", point.partition));
            }
            _ => {}
        }
    }
    if !policies.access_point.is_empty() && through.is_none() {
        return Err(Failure::with_help(
            format!("the policy of an access point is given, but `{resource}` is none"),
            "ask for arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME/object/KEY",
        ));
    }
    Ok(())
}

/// Whether S3 does not tell whether the object that is read exists, since that hangs on `s3:ListBucket` (R9.3).
pub(crate) fn hides_missing_keys(policies: Asked<'_>, request: &Request<'_>) -> bool {
    static LIST: LazyLock<Option<Action>> = LazyLock::new(|| Action::parse("s3:ListBucket").ok());
    let (Some(list), "s3:getobject" | "s3:getobjectversion") = (&*LIST, request.action().folded()) else {
        return false;
    };
    let Some(bucket) = bucket_of(request) else { return false };
    let owner = request.resource_account().copied();
    let listing = Resource::parse(bucket)
        .and_then(|bucket| Request::new(request.principal(), list, bucket, owner, request.context(), request.facts()));
    listing.is_ok_and(|listing| policies.verdict(&listing) != Decision::Allowed)
}

/// The ARN of the bucket of an object, or of the access point that it is reached through.
fn bucket_of<'r>(request: &Request<'r>) -> Option<&'r str> {
    let text = request.resource().as_str();
    let arn = request.resource().arn()?;
    if arn.is_access_point() {
        return text.split_once("/object/").map(|(bucket, _)| bucket);
    }
    text.split_once('/').filter(|_| arn.service == "s3" && arn.account.is_empty()).map(|(bucket, _)| bucket)
}

/// A twelve-digit account id.
pub(crate) fn account(what: &'static str, text: &str) -> Result<AccountId, RequestError> {
    AccountId::parse(text).ok_or_else(|| RequestError::Fact {
        what,
        text: text.to_owned(),
        why: "an account id has twelve digits".to_owned(),
    })
}

/// The instant now.
pub(crate) fn now() -> Instant {
    Instant::from_seconds(jiff::Timestamp::now().as_second())
}
