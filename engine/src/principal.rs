//! The `Principal` and `NotPrincipal` elements: whom a statement is about, and how it names them (SEMANTICS §4, §1.6).
//!
//! How a statement names the requester decides what its Allow is worth (R7.17), so matching gives [`Classes`], not a
//! yes or no.

use crate::arn::{AccountId, Arn};
use crate::document::{Node, Value};
use crate::layer::Layer;
use crate::problem::{Code, Problem, Span};
use crate::request::{EndpointType, Identity, Kind, NotPrincipalRule, Request, final_element, partition};

/// How a statement names the requester.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Class {
    /// Through a wildcard.
    Anyone = 1,
    /// By the user's ARN or unique id.
    ExactUser = 1 << 1,
    /// By the session's ARN.
    ExactSession = 1 << 2,
    /// By the ARN or unique id of the role behind the session.
    RoleOfSession = 1 << 3,
    /// By the federated user's ARN.
    ExactFederated = 1 << 4,
    /// By the ARN of the user who federated the session.
    UserOfFederated = 1 << 5,
    /// As an AWS service.
    Service = 1 << 6,
    /// As an identity provider.
    IdentityProvider = 1 << 7,
    /// By its account, whose root user it is.
    RootSelf = 1 << 8,
    /// By its account: the account's own policies decide.
    AccountDelegation = 1 << 9,
}

impl Class {
    /// All classes, strongest first.
    pub const ALL: [Self; 10] = [
        Self::Anyone,
        Self::ExactUser,
        Self::ExactSession,
        Self::ExactFederated,
        Self::Service,
        Self::IdentityProvider,
        Self::RootSelf,
        Self::RoleOfSession,
        Self::UserOfFederated,
        Self::AccountDelegation,
    ];
}

/// A set of [`Class`]es; empty where the statement is not about the requester.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Classes(u16);

impl Classes {
    /// No class: the statement is not about the requester.
    pub const NONE: Self = Self(0);

    /// Several classes.
    pub(crate) fn of(classes: &[Class]) -> Self {
        Self(classes.iter().fold(0, |bits, class| bits | *class as u16))
    }

    /// Whether a class is in both sets.
    pub(crate) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether the set holds `class`.
    #[must_use]
    pub fn has(self, class: Class) -> bool {
        self.0 & class as u16 != 0
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Both sets together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The strongest class of the set (R4.1).
    #[must_use]
    pub fn strongest(self) -> Option<Class> {
        Class::ALL.into_iter().find(|&class| self.has(class))
    }
}

impl From<Class> for Classes {
    fn from(class: Class) -> Self {
        Self(class as u16)
    }
}

/// `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq)]
pub enum PrincipalElement {
    /// Whom the statement is about.
    Principal(Vec<Entry>),
    /// Whom it is not about.
    NotPrincipal(Vec<Entry>),
}

/// One value of the element, with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    span: Span,
    text: Box<str>,
    named: Named,
}

#[derive(Debug, Clone, PartialEq)]
enum Named {
    /// `"*"`
    Everyone,
    /// `{"AWS": "*"}`
    EveryIdentity,
    /// A twelve-digit id, or a root ARN with its partition.
    Account {
        partition: Option<Box<str>>,
        id: AccountId,
    },
    User,
    Role,
    Session,
    FederatedUser,
    UniqueId,
    Service,
    Provider,
    CanonicalUser,
    /// Something no requester is; the policy was reported.
    Nobody,
}

impl Entry {
    /// The entry as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// Whether it is a wildcard.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        matches!(self.named, Named::Everyone | Named::EveryIdentity)
    }

    /// Whether it names an OIDC provider, through which anyone with an account there may come.
    pub(crate) fn is_web_provider(&self) -> bool {
        self.named == Named::Provider && !self.text.contains(":saml-provider/")
    }

    /// The type it is listed under; `None` for `"*"` on its own.
    #[must_use]
    pub fn kind(&self) -> Option<&'static str> {
        match &self.named {
            Named::Everyone => None,
            Named::Service => Some("Service"),
            Named::Provider => Some("Federated"),
            Named::CanonicalUser => Some("CanonicalUser"),
            Named::EveryIdentity
            | Named::Account { .. }
            | Named::User
            | Named::Role
            | Named::Session
            | Named::FederatedUser
            | Named::UniqueId
            | Named::Nobody => Some("AWS"),
        }
    }

    /// Whether it is a unique id, which says nothing of the ARN behind it.
    #[must_use]
    pub fn is_unique_id(&self) -> bool {
        self.named == Named::UniqueId
    }

    /// Whether it is the ARN of a session of a role.
    #[must_use]
    pub fn is_session(&self) -> bool {
        self.named == Named::Session
    }

    /// Whether it is a canonical user id.
    #[must_use]
    pub fn is_canonical_id(&self) -> bool {
        self.named == Named::CanonicalUser
    }

    /// The account it names, if it names a whole account.
    #[must_use]
    pub fn account(&self) -> Option<&AccountId> {
        match &self.named {
            Named::Account { id, .. } => Some(id),
            _ => None,
        }
    }

    /// How the entry names the requester, if it does.
    fn class(&self, request: &Request<'_>, endpoint: Option<EndpointType>) -> Option<Class> {
        let principal = request.principal();
        let whole_account = || {
            // In a gateway endpoint's policy an account means its root user only (R4.12).
            match principal.kind() {
                Kind::Root => Some(Class::RootSelf),
                _ if endpoint == Some(EndpointType::Gateway) => None,
                _ => Some(Class::AccountDelegation),
            }
        };
        match (&self.named, principal.identity()) {
            (Named::Everyone, _) => Some(Class::Anyone),
            (Named::EveryIdentity, Identity::Anonymous) => Some(Class::Anyone),
            (Named::EveryIdentity, _) => {
                let same_partition = principal.partition().is_some() && principal.partition() == request.partition();
                same_partition.then_some(Class::Anyone)
            }
            (Named::Account { partition, id }, _) => {
                let partition = partition.as_deref().or_else(|| request.partition());
                let names = principal.account() == Some(id) && principal.partition() == partition;
                names.then(whole_account).flatten()
            }
            (Named::User, Identity::User { arn, .. }) => (**arn == *self.text).then_some(Class::ExactUser),
            (Named::User, Identity::FederatedUser { federating_user, .. }) => {
                (federating_user.as_deref() == Some(&self.text)).then_some(Class::UserOfFederated)
            }
            (Named::Role, Identity::RoleSession(session)) => {
                let same = if session.path_known {
                    *session.role_arn == *self.text
                } else {
                    // A session's ARN does not tell the role's path (R4.14).
                    partition(&self.text) == partition(&session.role_arn)
                        && Arn::parse(&self.text).and_then(|arn| arn.account_id()) == Some(session.account)
                        && final_element(&self.text) == final_element(&session.role_arn)
                };
                same.then_some(Class::RoleOfSession)
            }
            (Named::Session, Identity::RoleSession(session)) => {
                (session.session_arn.as_deref() == Some(&self.text)).then_some(Class::ExactSession)
            }
            (Named::FederatedUser, Identity::FederatedUser { arn, .. }) => {
                (**arn == *self.text).then_some(Class::ExactFederated)
            }
            (Named::UniqueId, Identity::User { id, .. }) => {
                (id.as_deref() == Some(&self.text)).then_some(Class::ExactUser)
            }
            (Named::UniqueId, Identity::RoleSession(session)) => {
                (session.role_id.as_deref() == Some(&self.text)).then_some(Class::RoleOfSession)
            }
            (Named::Service, Identity::Service { names }) => {
                let own = names.iter().any(|name| **name == *self.text);
                (own || request.has_service_name(&self.text)).then_some(Class::Service)
            }
            (Named::Provider, Identity::Provider { name, .. }) => {
                (**name == *self.text).then_some(Class::IdentityProvider)
            }
            (Named::CanonicalUser, _) if principal.is_identity() => {
                let facts = request.facts();
                let account = facts.canonical_ids.iter().find(|(id, _)| **id == *self.text).map(|(_, account)| account);
                let names = match account {
                    Some(account) => principal.account() == Some(account),
                    None => facts.canonical_id.as_deref() == Some(&self.text),
                };
                names.then(whole_account).flatten()
            }
            _ => None,
        }
    }
}

/// Whether a statement is about the requester.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrincipalMatch {
    /// How it names the requester; empty where it does not.
    pub classes: Classes,
    /// Whether the strict and the lenient reading of `NotPrincipal` differ here (R4.28).
    pub chain_matters: bool,
    /// Whether a Deny applies only because the requester has a permissions boundary (R4.29).
    pub boundary_forces: bool,
}

impl PrincipalElement {
    /// The entries, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match self {
            Self::Principal(entries) | Self::NotPrincipal(entries) => entries,
        }
    }

    /// How the element names the requester.
    ///
    /// `denies` is whether the statement's effect is Deny; `bounded` whether the requester has a permissions boundary;
    /// `endpoint` is the type of the VPC endpoint whose policy this is.
    #[inline(never)]
    pub(crate) fn matches(
        &self,
        request: &Request<'_>,
        denies: bool,
        bounded: bool,
        endpoint: Option<EndpointType>,
    ) -> PrincipalMatch {
        let named = || {
            let classes = self.entries().iter().filter_map(|entry| entry.class(request, endpoint));
            classes.fold(Classes::NONE, |classes, class| classes.with(class.into()))
        };
        let (classes, chain_matters, boundary_forces) = match self {
            Self::Principal(_) => (named(), false, false),
            Self::NotPrincipal(_) if !denies => {
                (if named().is_none() { Class::Anyone.into() } else { Classes::NONE }, false, false)
            }
            Self::NotPrincipal(_) => {
                let named = named();
                let any = !named.is_none();
                let chain = named.has(Class::Anyone) || is_listed_at_every_level(named, request.principal().kind());
                let exempt = match request.facts().not_principal {
                    NotPrincipalRule::Chain => chain,
                    NotPrincipalRule::Any => any,
                };
                let applies = !exempt || bounded;
                let classes = if applies { Class::Anyone.into() } else { Classes::NONE };
                (classes, any != chain && !bounded, bounded && exempt)
            }
        };
        PrincipalMatch { classes, chain_matters, boundary_forces }
    }

    /// Reads the element.
    pub(crate) fn read(node: &Node, negated: bool, layer: Layer, trust: bool, problems: &mut Vec<Problem>) -> Self {
        let element = if negated { "NotPrincipal" } else { "Principal" };
        let mut entries = Vec::new();
        match &node.value {
            Value::String(text) if text == "*" => {
                if trust && !negated {
                    problems.push(
                        Problem::error(Code::BadPrincipal, node.span, "a role trust policy cannot trust `\"*\"`")
                            .help("write {\"AWS\": \"*\"} if every AWS account is meant, and narrow it by conditions"),
                    );
                }
                entries.push(Entry { span: node.span, text: "*".into(), named: Named::Everyone });
            }
            Value::String(text) => problems.push(
                Problem::error(Code::BadPrincipal, node.span, format!("`{text}` is no principal on its own"))
                    .help("write {\"AWS\": \"…\"} for accounts, users and roles, {\"Service\": \"…\"} for services"),
            ),
            Value::Object(members) => {
                for member in members {
                    let kind = &*member.name;
                    if !matches!(kind, "AWS" | "Service" | "Federated" | "CanonicalUser") {
                        let known = ["AWS", "Service", "Federated", "CanonicalUser"];
                        let meant = known.iter().find(|known| known.eq_ignore_ascii_case(kind));
                        let problem = Problem::error(
                            Code::BadPrincipal,
                            member.name_span,
                            format!("principals have no type `{kind}`"),
                        );
                        problems.push(match meant {
                            Some(meant) => problem.help(format!("did you mean `{meant}`?")),
                            None => problem.help("the types are AWS, Service, Federated and CanonicalUser"),
                        });
                        continue;
                    }
                    read_entries(kind, &member.value, negated, &mut entries, problems);
                }
                if entries.is_empty()
                    && members.iter().all(|m| matches!(&m.value.value, Value::Array(items) if items.is_empty()))
                {
                    let message = format!("`{element}` lists nobody");
                    problems.push(if negated {
                        Problem::error(Code::EmptyList, node.span, message)
                    } else {
                        Problem::warning(
                            Code::EmptyList,
                            node.span,
                            format!("{message}, so the statement never applies"),
                        )
                    });
                }
            }
            other => problems.push(
                Problem::error(Code::WrongType, node.span, format!("`{element}` is {}", other.kind()))
                    .help("write \"*\" or an object such as {\"AWS\": \"arn:aws:iam::111122223333:root\"}"),
            ),
        }
        if layer == Layer::Rcp && !matches!(&node.value, Value::String(text) if text == "*") {
            problems.push(Problem::error(
                Code::BadPrincipal,
                node.span,
                "the `Principal` of a resource control policy is exactly \"*\"",
            ));
        }
        if negated { Self::NotPrincipal(entries) } else { Self::Principal(entries) }
    }
}

/// Whether every level that AWS may check for this kind of principal is listed (R4.27).
fn is_listed_at_every_level(named: Classes, kind: Kind) -> bool {
    let account = named.has(Class::AccountDelegation) || named.has(Class::RootSelf);
    match kind {
        Kind::User => account && named.has(Class::ExactUser),
        Kind::RoleSession => account && named.has(Class::RoleOfSession) && named.has(Class::ExactSession),
        Kind::FederatedUser => account && named.has(Class::ExactFederated),
        Kind::Root => account,
        Kind::Service => named.has(Class::Service),
        Kind::IdentityProvider => named.has(Class::IdentityProvider),
        Kind::Anonymous => false,
    }
}

fn read_entries(kind: &str, node: &Node, negated: bool, entries: &mut Vec<Entry>, problems: &mut Vec<Problem>) {
    if matches!(&node.value, Value::Array(items) if items.is_empty()) {
        let message = format!("the list of `{kind}` principals is empty");
        problems.push(if negated {
            Problem::error(Code::EmptyList, node.span, message)
        } else {
            Problem::warning(Code::EmptyList, node.span, message)
        });
    }
    for item in node.one_or_many() {
        match &item.value {
            Value::String(text) => {
                let named = match kind {
                    "AWS" => read_aws(text, item.span, problems),
                    "Service" => wildcard_free(text, item.span, problems, Named::Service),
                    "Federated" => wildcard_free(text, item.span, problems, Named::Provider),
                    _ => wildcard_free(text, item.span, problems, Named::CanonicalUser),
                };
                entries.push(Entry { span: item.span, text: (&**text).into(), named });
            }
            Value::Number(number) => problems.push(
                Problem::error(Code::BadPrincipal, item.span, format!("the account id {number} has no quotes"))
                    .help("quote it: as a number it would lose its leading zeros"),
            ),
            other => problems.push(Problem::error(
                Code::WrongType,
                item.span,
                format!("a principal is a string, not {}", other.kind()),
            )),
        }
    }
}

fn wildcard_free(text: &str, span: Span, problems: &mut Vec<Problem>, named: Named) -> Named {
    let message = if text.is_empty() {
        "the principal is empty".to_owned()
    } else if text.contains(['*', '?']) {
        format!("`{text}` has a wildcard; of all principals only {{\"AWS\": \"*\"}} and \"*\" take one")
    } else {
        return named;
    };
    problems.push(Problem::error(Code::BadPrincipal, span, message));
    Named::Nobody
}

fn read_aws(text: &str, span: Span, problems: &mut Vec<Problem>) -> Named {
    if text == "*" {
        return Named::EveryIdentity;
    }
    if let Some(id) = AccountId::parse(text) {
        return Named::Account { partition: None, id };
    }
    let unique_id = |prefix: &str| {
        text.strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
    };
    if unique_id("AIDA") || unique_id("AROA") {
        return Named::UniqueId;
    }
    let mut refuse = |message: String, help: &str| {
        problems.push(Problem::error(Code::BadPrincipal, span, message).help(help));
        Named::Nobody
    };
    let forms = "use an account id, or the ARN of a root user, user, role, role session or federated user";
    if text.contains(['*', '?']) {
        return refuse(
            format!("`{text}` has a wildcard, which a principal cannot have"),
            "name the account and narrow it by a condition on aws:PrincipalArn, or use \"*\" alone",
        );
    }
    let Some(arn) = Arn::parse(text) else {
        return refuse(format!("`{text}` is no principal"), forms);
    };
    let (kind, name) = arn.resource.split_once('/').unwrap_or((arn.resource, ""));
    if arn.service == "iam" && arn.account == "cloudfront" && name.starts_with("CloudFront Origin Access Identity ") {
        // A user of AWS's own, which no request here comes from.
        return Named::Nobody;
    }
    let Some(account) = arn.account_id() else {
        return refuse(format!("`{text}` names no account: `{}` is not a twelve-digit id", arn.account), forms);
    };
    match (arn.service, kind) {
        ("iam", "root") if arn.resource == "root" => {
            Named::Account { partition: Some(arn.partition.into()), id: account }
        }
        ("iam", "user") if !name.is_empty() => Named::User,
        ("iam", "role") if !name.is_empty() => Named::Role,
        ("sts", "assumed-role")
            if name.split_once('/').is_some_and(|(role, session)| !role.is_empty() && !session.is_empty()) =>
        {
            Named::Session
        }
        ("sts", "federated-user") if !name.is_empty() => Named::FederatedUser,
        ("iam", "group") => refuse(
            format!("`{text}` is a group, and groups are no principals"),
            "list the users of the group, or attach an identity policy to it",
        ),
        _ => refuse(format!("`{text}` is no principal"), forms),
    }
}
