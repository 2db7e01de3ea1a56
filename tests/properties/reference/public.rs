//! Public bucket policies (R7.36).

use super::conditions::{Operator, Set};
use super::policies::{Statement, texts};
use super::request::{is_account, six};
use super::values::network;
use serde_json::Value;

/// The keys of which one fixed value makes a statement for everybody not public.
pub(super) const PINNING_KEYS: &[&str] = &[
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

/// R7.36: an Allow for everybody that no condition narrows. The ARN of an access point does so in a bucket's policy only.
pub(super) fn is_public(statement: &Statement, of_bucket: bool) -> bool {
    let open = match statement.body.get("Principal") {
        Some(element) => names_everyone(element) || names_web_provider(element),
        None => statement.body.get("NotPrincipal").is_some(),
    };
    statement.allows() && open && !is_pinned(statement, of_bucket)
}

/// `"*"`, or `"*"` under `AWS`.
pub(super) fn names_everyone(element: &Value) -> bool {
    element.as_str() == Some("*")
        || element.get("AWS").is_some_and(|entries| texts(entries).iter().any(|entry| entry == "*"))
}

/// A web identity provider: anything under `Federated` that is not a SAML provider.
pub(super) fn names_web_provider(element: &Value) -> bool {
    element
        .get("Federated")
        .is_some_and(|entries| texts(entries).iter().any(|entry| !entry.contains(":saml-provider/")))
}

/// R7.36: whether some condition holds one of the pinning keys to fixed values, with a positive operator.
pub(super) fn is_pinned(statement: &Statement, of_bucket: bool) -> bool {
    let comparing = ["StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "IpAddress"];
    statement.conditions().iter().any(|(operator, key, values)| {
        let operator = Operator::read(operator);
        comparing.contains(&operator.base)
            && !operator.if_exists
            && operator.set != Set::All
            && (of_bucket || !key.eq_ignore_ascii_case("s3:DataAccessPointArn"))
            && PINNING_KEYS.iter().any(|pinning| pinning.eq_ignore_ascii_case(key))
            && !values.is_empty()
            && values.iter().all(|value| is_fixed(key, value))
    })
}

/// R7.36: no wildcard, no variable, and no very broad range of addresses.
pub(super) fn is_fixed(key: &str, value: &str) -> bool {
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
