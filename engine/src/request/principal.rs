//! Who asks (SEMANTICS 0.3): users, role sessions, federated users, root users, services, identity providers, nobody.

use super::RequestError;
use crate::arn::{AccountId, Arn};

/// The principal that makes a request.
///
/// ```
/// use can_access_engine::request::{Kind, Principal};
///
/// let session = Principal::parse("arn:aws:sts::111122223333:assumed-role/web/i-0abc").unwrap();
/// assert_eq!(session.kind(), Kind::RoleSession);
/// assert_eq!(session.arn(), Some("arn:aws:iam::111122223333:role/web")); // what aws:PrincipalArn holds (R8.1)
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    text: String,
    identity: Identity,
    /// That of the identity, which every decision asks for several times.
    kind: Kind,
}

/// What a principal is, with everything that identifies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Identity {
    Root {
        account: AccountId,
        partition: String,
        arn: String,
    },
    User {
        account: AccountId,
        arn: String,
        id: Option<String>,
    },
    RoleSession(RoleSession),
    FederatedUser {
        account: AccountId,
        arn: String,
        user_id: String,
        federating_user: Option<String>,
    },
    /// The names the service goes by; the first is the one it was asked for by.
    Service {
        names: Vec<String>,
    },
    Provider {
        name: String,
    },
    Anonymous,
}

/// A session of a role. A role, a session of it and its account are three different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoleSession {
    pub(crate) account: AccountId,
    /// The role's ARN, with its path if that is known.
    pub(crate) role_arn: String,
    /// Whether `role_arn` has the role's path; a session's ARN does not tell it.
    pub(crate) path_known: bool,
    /// The session's ARN, if a session was named.
    pub(crate) session_arn: Option<String>,
    /// Whether the role is a service-linked one.
    pub(crate) is_service_linked: bool,
    /// The role's unique id, `AROA…`.
    pub(crate) role_id: Option<String>,
    /// `AROA…:session-name`, what `aws:userid` holds.
    pub(crate) user_id: Option<String>,
}

impl Identity {
    fn kind(&self) -> Kind {
        match self {
            Self::Root { .. } => Kind::Root,
            Self::User { .. } => Kind::User,
            Self::RoleSession(_) => Kind::RoleSession,
            Self::FederatedUser { .. } => Kind::FederatedUser,
            Self::Service { .. } => Kind::Service,
            Self::Provider { .. } => Kind::IdentityProvider,
            Self::Anonymous => Kind::Anonymous,
        }
    }
}

/// The kinds of principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The root user of an account.
    Root,
    /// An IAM user.
    User,
    /// A session of an IAM role.
    RoleSession,
    /// A session from `GetFederationToken`.
    FederatedUser,
    /// An AWS service.
    Service,
    /// A SAML or OIDC provider, while it assumes a role for somebody.
    IdentityProvider,
    /// Nobody: an unsigned request.
    Anonymous,
}

impl Principal {
    /// Reads a principal: an ARN (user, role, role session, federated user, root, identity provider), a twelve-digit
    /// account id (its root user), a service such as `lambda.amazonaws.com`, `federated:PROVIDER`, or `anonymous`.
    ///
    /// A role's ARN stands for a session whose name is not known (R0.1).
    ///
    /// # Errors
    /// [`RequestError::Principal`] for anything else, with what is wrong with it.
    ///
    /// ```
    /// use can_access_engine::request::{Kind, Principal};
    /// assert_eq!(Principal::parse("111122223333").unwrap().kind(), Kind::Root);
    /// assert_eq!(Principal::parse("anonymous").unwrap().kind(), Kind::Anonymous);
    /// assert!(Principal::parse("arn:aws:iam::111122223333:group/admins").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        let refuse = |why: &str| RequestError::Principal { text: text.to_owned(), why: why.to_owned() };
        let identity = if text == "anonymous" {
            Identity::Anonymous
        } else if let Some(account) = AccountId::parse(text) {
            Identity::Root { account, partition: "aws".to_owned(), arn: format!("arn:aws:iam::{account}:root") }
        } else if let Some(name) = text.strip_prefix("federated:") {
            if name.is_empty() {
                return Err(refuse("it names no provider"));
            }
            Identity::Provider { name: name.to_owned() }
        } else if text.starts_with("arn:") {
            Self::parse_arn(text).map_err(|why| refuse(&why))?
        } else if is_service(text) {
            Identity::Service { names: vec![text.to_owned()] }
        } else {
            let why = if text == "*" {
                "a request comes from one principal; ask as `anonymous` for nobody in particular"
            } else if text.starts_with("AIDA") || text.starts_with("AROA") {
                "a unique id goes with an ARN: give the ARN here and the id as the principal id"
            } else {
                "give an ARN, an account id, a service such as lambda.amazonaws.com, federated:PROVIDER, or anonymous"
            };
            return Err(refuse(why));
        };
        Ok(Self { text: text.to_owned(), kind: identity.kind(), identity })
    }

    fn parse_arn(text: &str) -> Result<Identity, String> {
        let arn = Arn::parse(text).ok_or("an ARN has six parts: arn:partition:service:region:account:resource")?;
        if text.contains(['*', '?']) {
            return Err("a request comes from one principal, so its ARN has no wildcards".to_owned());
        }
        let account = arn.account_id().ok_or("its account field is not a twelve-digit id")?;
        if !arn.region.is_empty() {
            return Err("the ARNs of principals name no Region".to_owned());
        }
        let (kind, name) = arn.resource.split_once('/').unwrap_or((arn.resource, ""));
        let named = |what: &str| {
            if name.is_empty() || name.starts_with('/') || name.ends_with('/') {
                Err(format!("it names no {what}"))
            } else {
                Ok(())
            }
        };
        let arn_text = text.to_owned();
        match (arn.service, kind) {
            ("iam", "root") if arn.resource == "root" => {
                Ok(Identity::Root { account, partition: arn.partition.to_owned(), arn: arn_text })
            }
            ("iam", "user") => named("user").map(|()| Identity::User { account, arn: arn_text, id: None }),
            ("iam", "role") => named("role").map(|()| {
                Identity::RoleSession(RoleSession {
                    account,
                    is_service_linked: arn.resource.starts_with("role/aws-service-role/"),
                    role_arn: arn_text,
                    path_known: true,
                    session_arn: None,
                    role_id: None,
                    user_id: None,
                })
            }),
            ("sts", "assumed-role") => {
                let (role, session) = name.split_once('/').ok_or("it names no session: assumed-role/ROLE/SESSION")?;
                if role.is_empty() || session.is_empty() || session.contains('/') {
                    return Err("a session's ARN is assumed-role/ROLE/SESSION, without the role's path".to_owned());
                }
                Ok(Identity::RoleSession(RoleSession {
                    account,
                    role_arn: format!("arn:{}:iam::{account}:role/{role}", arn.partition),
                    path_known: false,
                    is_service_linked: false,
                    session_arn: Some(arn_text),
                    role_id: None,
                    user_id: None,
                }))
            }
            ("sts", "federated-user") => named("federated user").map(|()| Identity::FederatedUser {
                account,
                user_id: format!("{account}:{name}"),
                arn: arn_text,
                federating_user: None,
            }),
            ("iam", "saml-provider" | "oidc-provider") => {
                named("provider").map(|()| Identity::Provider { name: arn_text })
            }
            ("iam", "group") => Err("a group is no principal: ask for one of its users".to_owned()),
            _ => {
                Err("it is not the ARN of a user, role, session, federated user, root user or identity provider"
                    .to_owned())
            }
        }
    }

    /// The same principal, knowing the ARN of the role behind the session, path included.
    ///
    /// # Errors
    /// [`RequestError::Fact`] if the principal is no role session, or a session of another role.
    ///
    /// ```
    /// use can_access_engine::request::Principal;
    /// let session = Principal::parse("arn:aws:sts::111122223333:assumed-role/web/s").unwrap();
    /// let session = session.with_role_arn("arn:aws:iam::111122223333:role/app/web").unwrap();
    /// assert_eq!(session.arn(), Some("arn:aws:iam::111122223333:role/app/web"));
    /// ```
    pub fn with_role_arn(mut self, role_arn: &str) -> Result<Self, RequestError> {
        let refuse =
            |why: String| RequestError::Fact { what: "role ARN of this principal", text: role_arn.to_owned(), why };
        let Identity::RoleSession(session) = &mut self.identity else {
            return Err(refuse(format!("`{}` is not the session of a role", self.text)));
        };
        let role = match Self::parse(role_arn).map(|role| role.identity) {
            Ok(Identity::RoleSession(role)) if role.session_arn.is_none() => role,
            _ => return Err(refuse("write arn:aws:iam::ACCOUNT:role/NAME, with the path before the name".to_owned())),
        };
        let same_role = match &session.session_arn {
            Some(_) => {
                final_element(&role.role_arn) == final_element(&session.role_arn)
                    && partition(&role.role_arn) == partition(&session.role_arn)
            }
            None => role.role_arn == session.role_arn,
        };
        if role.account != session.account || !same_role {
            return Err(refuse(format!("it is not the role behind `{}`", self.text)));
        }
        session.is_service_linked = role.is_service_linked;
        session.role_arn = role.role_arn;
        session.path_known = true;
        Ok(self)
    }

    /// The same principal, knowing its unique id: `AIDA…` of a user, `AROA…` of a role (`AROA…:session` is taken too).
    ///
    /// # Errors
    /// [`RequestError::Fact`] if the id is not of this kind, or that of another session; [`RequestError::Principal`] if the
    /// principal is neither a user nor a role session.
    ///
    /// ```
    /// use can_access_engine::request::Principal;
    /// let user = Principal::parse("arn:aws:iam::111122223333:user/ann").unwrap();
    /// assert!(user.clone().with_id("AROAEXAMPLE").is_err());
    /// assert!(user.with_id("AIDAEXAMPLE").is_ok());
    /// ```
    pub fn with_id(mut self, unique_id: &str) -> Result<Self, RequestError> {
        let refuse =
            |why: &str| Err(RequestError::Fact { what: "unique id", text: unique_id.to_owned(), why: why.to_owned() });
        match &mut self.identity {
            Identity::User { .. } if !unique_id.starts_with("AIDA") || unique_id.contains(':') => {
                return refuse("that of a user begins with AIDA");
            }
            Identity::User { id, .. } => *id = Some(unique_id.to_owned()),
            Identity::RoleSession(_) if !unique_id.starts_with("AROA") => {
                return refuse("that of a role begins with AROA");
            }
            Identity::RoleSession(session) => {
                let session_name = session.session_arn.as_deref().map(final_element);
                let (role_id, named) = match unique_id.split_once(':') {
                    Some((_, name)) if session_name.is_some_and(|own| own != name) => {
                        return refuse("it is that of another session of the role");
                    }
                    Some((role_id, _)) => (role_id, Some(unique_id.to_owned())),
                    None => (unique_id, None),
                };
                session.role_id = Some(role_id.to_owned());
                session.user_id = named.or_else(|| session_name.map(|name| format!("{role_id}:{name}")));
            }
            _ => {
                let why = "only users and role sessions have a unique id".to_owned();
                return Err(RequestError::Principal { text: self.text, why });
            }
        }
        Ok(self)
    }

    /// The same federated user, knowing the user who called `GetFederationToken` (R4.18).
    ///
    /// # Errors
    /// [`RequestError::Fact`] if the principal is no federated user, or `user` is no user or root user of its account.
    ///
    /// ```
    /// use can_access_engine::request::Principal;
    /// let federated = Principal::parse("arn:aws:sts::111122223333:federated-user/bob").unwrap();
    /// assert!(federated.with_federating_user("arn:aws:iam::111122223333:user/ann").is_ok());
    /// ```
    pub fn with_federating_user(mut self, user: &str) -> Result<Self, RequestError> {
        let refuse =
            |why: String| RequestError::Fact { what: "federating user of this principal", text: user.to_owned(), why };
        let Identity::FederatedUser { account, federating_user, .. } = &mut self.identity else {
            return Err(refuse(format!("`{}` is not a federated user", self.text)));
        };
        let arn = match Self::parse(user).map(|user| user.identity) {
            Ok(Identity::User { account: of, arn, .. } | Identity::Root { account: of, arn, .. }) if of == *account => {
                arn
            }
            _ => return Err(refuse("it has to be a user or the root user of the same account".to_owned())),
        };
        *federating_user = Some(arn);
        Ok(self)
    }

    /// The text the principal was read from.
    ///
    /// ```
    /// use can_access_engine::request::Principal;
    /// assert_eq!(Principal::parse("anonymous").unwrap().as_str(), "anonymous");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What kind of principal it is.
    ///
    /// ```
    /// use can_access_engine::request::{Kind, Principal};
    /// assert_eq!(Principal::parse("ec2.amazonaws.com").unwrap().kind(), Kind::Service);
    /// ```
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The account the principal belongs to; services, providers and anonymous callers have none.
    ///
    /// ```
    /// use can_access_engine::request::Principal;
    /// assert!(Principal::parse("ec2.amazonaws.com").unwrap().account().is_none());
    /// ```
    #[must_use]
    pub fn account(&self) -> Option<&AccountId> {
        match &self.identity {
            Identity::Root { account, .. }
            | Identity::User { account, .. }
            | Identity::RoleSession(RoleSession { account, .. })
            | Identity::FederatedUser { account, .. } => Some(account),
            Identity::Service { .. } | Identity::Provider { .. } | Identity::Anonymous => None,
        }
    }

    /// What `aws:PrincipalArn` holds: the ARN of the user, of the **role** behind a session, of the federated user or
    /// of the root user (R8.1).
    ///
    /// ```
    /// use can_access_engine::request::Principal;
    /// assert_eq!(Principal::parse("111122223333").unwrap().arn(), Some("arn:aws:iam::111122223333:root"));
    /// ```
    #[must_use]
    pub fn arn(&self) -> Option<&str> {
        match &self.identity {
            Identity::Root { arn, .. } | Identity::User { arn, .. } | Identity::FederatedUser { arn, .. } => Some(arn),
            Identity::RoleSession(session) => Some(&session.role_arn),
            Identity::Service { .. } | Identity::Provider { .. } | Identity::Anonymous => None,
        }
    }

    /// Whether the request is signed by an identity of an account.
    #[must_use]
    pub(crate) fn is_identity(&self) -> bool {
        matches!(self.kind, Kind::Root | Kind::User | Kind::RoleSession | Kind::FederatedUser)
    }

    /// Whether this is a session of a service-linked role, which SCPs and RCPs do not limit (R7.5, R7.10).
    #[must_use]
    pub(crate) fn is_service_linked(&self) -> bool {
        matches!(&self.identity, Identity::RoleSession(session) if session.is_service_linked)
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What is known of it besides its text.
    pub(crate) fn further(&self) -> [Option<&str>; 3] {
        match &self.identity {
            Identity::User { id, .. } => [id.as_deref(), None, None],
            Identity::RoleSession(RoleSession { path_known, role_arn, role_id, user_id, .. }) => {
                [path_known.then_some(role_arn), role_id.as_deref(), user_id.as_deref()]
            }
            Identity::FederatedUser { federating_user, .. } => [federating_user.as_deref(), None, None],
            Identity::Root { .. } | Identity::Service { .. } | Identity::Provider { .. } | Identity::Anonymous => {
                [None; 3]
            }
        }
    }

    /// The partition of the principal's ARN; services, providers and anonymous callers have none of their own.
    pub(crate) fn partition(&self) -> Option<&str> {
        match &self.identity {
            Identity::Root { partition, .. } => Some(partition),
            _ => self.arn().map(partition),
        }
    }
}

/// The last element of an ARN's path.
pub(crate) fn final_element(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The partition of an ARN.
pub(crate) fn partition(arn: &str) -> &str {
    let Some(rest) = memchr::memchr(b':', arn.as_bytes()).and_then(|colon| arn.get(colon + 1..)) else { return "" };
    memchr::memchr(b':', rest.as_bytes()).and_then(|end| rest.get(..end)).unwrap_or(rest)
}

/// Whether `text` is written like a service principal.
fn is_service(text: &str) -> bool {
    const SUFFIXES: [&str; 7] = [
        ".amazonaws.com",
        ".amazonaws.com.cn",
        ".amazon.com",
        ".aws.internal",
        ".amazonaws.internal",
        ".amazonaws.eu",
        ".c2s.ic.gov",
    ];
    let host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    SUFFIXES
        .iter()
        .any(|suffix| text.strip_suffix(suffix).is_some_and(|name| !name.is_empty() && name.chars().all(host)))
}
