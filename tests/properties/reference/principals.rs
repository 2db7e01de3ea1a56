//! Principal elements (section 4).

use super::policies::{Statement, texts};
use super::public::names_everyone;
use super::request::{Home, Principal, Request, Role, is_account, last_element, six};
use serde_json::Value;

/// With what strength a statement names a requester (section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
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
pub(super) fn classes(statement: &Statement, request: &Request, gateway: bool, bounded: bool) -> Vec<Class> {
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
pub(super) fn chain_is_complete(named: &[Class], principal: &Principal) -> bool {
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
pub(super) fn classes_named(element: &Value, request: &Request, gateway: bool) -> Vec<Class> {
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
pub(super) fn class_named(kind: &str, entry: &str, request: &Request, gateway: bool) -> Option<Class> {
    match (kind, &request.principal) {
        ("AWS", _) => class_of_identity(entry, request, gateway),
        ("Service", Principal::Service { name }) if name == entry => Some(Class::Service), // R4.21
        ("Federated", Principal::IdentityProvider { name }) if name == entry => Some(Class::Provider), // R4.23
        _ => None, // R4.24: a canonical id stays unresolved
    }
}

/// One entry under `AWS` (R4.4, R4.7 to R4.19).
pub(super) fn class_of_identity(entry: &str, request: &Request, gateway: bool) -> Option<Class> {
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
pub(super) fn account_named(entry: &str, partition: &str) -> Option<Home> {
    if is_account(entry) {
        return Some(Home { partition: partition.to_owned(), account: entry.to_owned() });
    }
    let parts = six(entry)?;
    let root = parts[2] == "iam" && parts[5] == "root";
    root.then(|| Home { partition: parts[1].to_owned(), account: parts[4].to_owned() })
}

/// R4.15: the ARN of a session, which never has the role's path.
pub(super) fn session_arn(home: &Home, role: &Role, session: &str) -> String {
    let name = last_element(&role.arn);
    format!("arn:{}:sts::{}:assumed-role/{name}/{session}", home.partition, home.account)
}

/// R4.14: the whole ARN of the role, or, when its path is unknown, all but the path.
pub(super) fn role_named(entry: &str, home: &Home, role: &Role) -> bool {
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
