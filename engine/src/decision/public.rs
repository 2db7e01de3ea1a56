//! Whether a bucket policy is public, as S3 Block Public Access understands it (SEMANTICS R7.36).

use crate::condition::{Base, ConditionTest, Family, Operand, SetOperator};
use crate::policy::Policy;
use crate::principal::PrincipalElement;
use crate::statement::{Effect, Statement};

/// Keys that, pinned to fixed values, keep a statement from being public, in lower case.
const PINNING: [&str; 15] = [
    "aws:principalorgid",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:sourceip",
    "aws:sourcearn",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceowner",
    "aws:sourceaccount",
    "aws:userid",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:dataaccesspointarn",
    "s3:dataaccesspointaccount",
];

/// Whether one of the policy's Allow statements is public. Only in a bucket's policy does the ARN of an access point pin.
pub(super) fn is_public(policy: &Policy, of_bucket: bool) -> bool {
    policy.statements().iter().any(|statement| is_public_statement(statement, of_bucket))
}

fn is_public_statement(statement: &Statement, of_bucket: bool) -> bool {
    let open = match statement.principal() {
        Some(PrincipalElement::NotPrincipal(_)) => true,
        Some(PrincipalElement::Principal(entries)) => {
            entries.iter().any(|entry| entry.is_wildcard() || entry.is_web_provider())
        }
        None => false,
    };
    statement.effect() == Effect::Allow
        && open
        && !statement.conditions().tests().iter().any(|test| pins(test, of_bucket))
}

/// Whether a test admits fixed values of a pinning key only.
fn pins(test: &ConditionTest, of_bucket: bool) -> bool {
    let operator = test.operator();
    let positive = matches!(
        operator.base,
        Base::StringEquals
            | Base::StringEqualsIgnoreCase
            | Base::StringLike
            | Base::ArnEquals
            | Base::ArnLike
            | Base::IpAddress
    );
    // A test that an absent key passes pins nothing.
    let requires = !operator.if_exists && operator.set != Some(SetOperator::ForAllValues);
    let key = test.key().folded();
    positive
        && requires
        && !test.values().is_empty()
        && PINNING.contains(&key)
        && (of_bucket || key != "s3:dataaccesspointarn")
        && test.values().iter().all(|value| match value.operand() {
            Operand::Network(network) => network.is_fixed(),
            Operand::Text(pattern) | Operand::FoldedText(pattern) | Operand::Arn(pattern) => {
                let fixed = pattern.as_literal().is_some();
                fixed || key == "s3:dataaccesspointarn" && has_fixed_account(value.as_str(), operator.base.family())
            }
            _ => false,
        })
}

/// Whether the account of an access point's ARN is fixed; its name may then be wild.
fn has_fixed_account(arn: &str, family: Family) -> bool {
    // A string operator's wildcard crosses colons, so the account is fixed only if no wildcard stands before it.
    let mut parts = arn.splitn(6, ':');
    let before = parts.by_ref().take(4).all(|part| family == Family::Arn || !part.contains(['*', '?']));
    before && parts.next().is_some_and(|account| crate::arn::AccountId::parse(account).is_some()) && !arn.contains("${")
}
