//! Keys that follow from the request itself, and what was taken for granted on the way (SEMANTICS §8).

use super::{Assumption, ContextValue, Identity, Kind, Lookup, Request, RoleSession, final_element};
use crate::arn::{AccountId, Arn};
use crate::key::{ConditionKey, Derived};

impl<'a> Request<'a> {
    /// What a condition key holds: what the caller gave, else what follows from the request, else absent or, if the
    /// caller said so, unknown (R8.15).
    #[must_use]
    pub fn lookup(&self, key: &ConditionKey) -> Lookup<'_> {
        match self.context.given(key) {
            Some(ContextValue::Single(text)) => return Lookup::Single(text),
            Some(ContextValue::Multi(texts)) => return Lookup::Multi(texts),
            None if self.context.is_unknown(key) => return Lookup::Unknown,
            None if self.context.is_absent(key) => return Lookup::Absent,
            None => {}
        }
        let owner_unknown = || self.context.is_unknown(&ConditionKey::new("aws:ResourceAccount"));
        if key.derived() == Some(Derived::S3ResourceAccount) && self.context.has_unknown() && owner_unknown() {
            return Lookup::Unknown;
        }
        if key.is_call_chain() && self.context.is_call_chain_unknown() {
            return Lookup::Unknown;
        }
        let derivation = key.derived().map_or(Derivation::NotDerived, |derived| self.derive(derived));
        match derivation {
            Derivation::Value(value) => value,
            Derivation::Usual(_) if self.context.others_unknown() => Lookup::Unknown,
            Derivation::Usual(value) => Lookup::Single(value),
            Derivation::NotDerived if self.context.others_unknown() && !self.rules_out(key) => Lookup::Unknown,
            Derivation::NotDerived => Lookup::Absent,
        }
    }

    pub(super) fn derive(&self, key: Derived) -> Derivation<'_> {
        let text = |text: Option<&'a str>| Derivation::Value(text.map_or(Lookup::Absent, Lookup::Single));
        let kind = self.principal.kind();
        let account = || self.principal.account().map(AccountId::as_str);
        match key {
            Derived::PrincipalArn => text(self.principal.arn()),
            Derived::PrincipalAccount if kind == Kind::Anonymous => text(Some("anonymous")),
            Derived::PrincipalAccount => text(account()),
            Derived::PrincipalType => text(match kind {
                Kind::Root => Some("Account"),
                Kind::User => Some("User"),
                Kind::RoleSession => Some("AssumedRole"),
                Kind::FederatedUser => Some("FederatedUser"),
                Kind::Anonymous => Some("Anonymous"),
                Kind::Service | Kind::IdentityProvider => None,
            }),
            Derived::UserId => match self.principal.identity() {
                Identity::Root { account, .. } => text(Some(account.as_str())),
                Identity::User { id, .. } => id.as_deref().map_or(Derivation::NotDerived, |id| text(Some(id))),
                Identity::RoleSession(session) => {
                    session.user_id.as_deref().map_or(Derivation::NotDerived, |id| text(Some(id)))
                }
                Identity::FederatedUser { user_id, .. } => text(Some(user_id)),
                Identity::Anonymous => text(Some("anonymous")),
                Identity::Service { .. } | Identity::Provider { .. } => text(None),
            },
            Derived::UserName => text(match self.principal.identity() {
                Identity::User { arn, .. } => Some(final_element(arn)),
                _ => None,
            }),
            Derived::PrincipalIsAwsService => text(match kind {
                Kind::Service => Some("true"),
                Kind::Anonymous | Kind::IdentityProvider => None,
                Kind::Root | Kind::User | Kind::RoleSession | Kind::FederatedUser => Some("false"),
            }),
            Derived::PrincipalServiceName => text(match self.principal.identity() {
                Identity::Service { names } => names.first().map(String::as_str),
                _ => None,
            }),
            Derived::PrincipalServiceNamesList => Derivation::Value(match self.principal.identity() {
                Identity::Service { names } => Lookup::Multi(names),
                _ => Lookup::Absent,
            }),
            Derived::CurrentTime => self.time().map_or(Derivation::NotDerived, |(current, _)| text(Some(current))),
            Derived::EpochTime => self.time().map_or(Derivation::NotDerived, |(_, epoch)| text(Some(epoch))),
            Derived::SecureTransport => Derivation::Usual("true"),
            Derived::ViaAwsService if self.called_via().is_some_and(|services| !services.is_empty()) => {
                text(Some("true"))
            }
            Derived::ViaAwsService => Derivation::Usual("false"),
            Derived::CalledViaFirst => {
                self.called_via().map_or(Derivation::NotDerived, |services| text(services.first().map(String::as_str)))
            }
            Derived::CalledViaLast => {
                self.called_via().map_or(Derivation::NotDerived, |services| text(services.last().map(String::as_str)))
            }
            Derived::MultiFactorAuthPresent if kind == Kind::RoleSession => Derivation::Usual("false"),
            Derived::MultiFactorAuthPresent => Derivation::NotDerived,
            Derived::RequestedRegion => self.region().map_or(Derivation::NotDerived, |region| text(Some(region))),
            Derived::ResourceAccount
                if NO_RESOURCE_ACCOUNT.contains(&self.action.folded()) || self.action.service() == "ebs" =>
            {
                text(None)
            }
            Derived::ResourceAccount => self.resource_account_text(),
            Derived::S3ResourceAccount if self.action.service() == "s3" => self.resource_account_text(),
            Derived::KmsCallerAccount if self.action.service() == "kms" => text(account()),
            Derived::S3ResourceAccount | Derived::KmsCallerAccount => Derivation::NotDerived,
            // AWS's documentation says it is always there when a bucket is listed (§8.4).
            Derived::MaxKeys if matches!(self.action.folded(), "s3:listbucket" | "s3:listbucketversions") => {
                Derivation::Usual("1000")
            }
            Derived::MaxKeys => Derivation::NotDerived,
            Derived::AccessPointArn => self.access_point.map_or(Derivation::NotDerived, |(arn, _)| text(Some(arn))),
            Derived::AccessPointAccount => {
                self.access_point.map_or(Derivation::NotDerived, |(_, account)| text(Some(account)))
            }
            // The other kind is bound to a VPC (§8.4).
            Derived::AccessPointOrigin if self.is_through_access_point() => Derivation::Usual("Internet"),
            Derived::AccessPointOrigin => Derivation::NotDerived,
        }
    }

    fn resource_account_text(&self) -> Derivation<'_> {
        Derivation::Value(self.resource_account().map_or(Lookup::Absent, |account| Lookup::Single(account.as_str())))
    }

    /// The time of the request; none where the caller gave, or does not know, one of the two time keys.
    fn time(&self) -> Option<(&'a str, &'a str)> {
        let (current, epoch) = self.facts.time.as_ref()?;
        (!self.context.times_touched()).then_some((current.as_str(), epoch.as_str()))
    }

    /// Whether the caller said that the service goes by this name, too (R4.21).
    pub(crate) fn has_service_name(&self, name: &str) -> bool {
        let single = self.context.keys().any(|(key, value)| {
            key.folded() == "aws:principalservicename" && matches!(value, ContextValue::Single(text) if text == name)
        });
        single
            || self.given_list("aws:principalservicenameslist").is_some_and(|names| names.iter().any(|own| own == name))
    }

    fn called_via(&self) -> Option<&'a [String]> {
        self.given_list("aws:calledvia")
    }

    fn given_list(&self, folded: &str) -> Option<&'a [String]> {
        let (_, value) = self.context.keys().find(|(key, _)| key.folded() == folded)?;
        match value {
            ContextValue::Multi(services) => Some(services),
            ContextValue::Single(_) => None,
        }
    }

    /// The Region the request goes to, as far as the request tells.
    fn region(&self) -> Option<&'a str> {
        // The bucket behind an access point is in the access point's Region.
        let through = self.access_point.and_then(|(arn, _)| Arn::parse(arn));
        let arn = through.or_else(|| self.resource.arn().copied());
        let region = arn.map(|arn| arn.region).filter(|region| !region.is_empty());
        // Their one endpoint is in us-east-1 (IAM User Guide, "AWS global condition context keys", aws:RequestedRegion).
        let global =
            matches!(self.action.service(), "iam" | "cloudfront" | "route53" | "organizations" | "account" | "support");
        region.or_else(|| (global && self.principal.partition() == Some("aws")).then_some("us-east-1"))
    }

    /// Whether every request like this one has a key.
    pub(crate) fn always_has(&self, key: &ConditionKey) -> bool {
        key.is_always_there() || matches!(key.derived().map(|key| self.derive(key)), Some(Derivation::Usual(_)))
    }

    /// Whether the request is known not to have a key though nothing was said about it.
    fn rules_out(&self, key: &ConditionKey) -> bool {
        let name = key.folded();
        let given = |name: &str| self.context.keys().any(|(key, _)| key.folded() == name);
        match self.principal.kind() {
            Kind::Anonymous | Kind::Service
                if name.starts_with("aws:principaltag/") || name.starts_with("aws:principalorg") =>
            {
                true
            }
            _ => match name {
                "aws:sourceip" => ENDPOINT_KEYS.into_iter().any(given),
                name if ENDPOINT_KEYS.contains(&name) => given("aws:sourceip"),
                // A request through an access point asks for the access point's ARN.
                "s3:dataaccesspointarn" | "s3:dataaccesspointaccount" | "s3:accesspointnetworkorigin" => {
                    self.access_point.is_none() && self.resource.arn().is_some_and(|arn| arn.service == "s3")
                }
                _ => false,
            },
        }
    }

    /// What is taken for granted about this request, whatever the policies say.
    #[must_use]
    pub fn assumptions(&self) -> Vec<Assumption> {
        let mut assumptions = Vec::new();
        if self.account_is_points
            && let Some(account) = self.resource_account
        {
            assumptions.push(Assumption::BucketAccount(account));
        }
        let origin = ConditionKey::new("s3:AccessPointNetworkOrigin");
        let is_told = self.context.given(&origin).is_some() || self.context.is_unknown(&origin);
        if self.is_through_access_point() && !is_told {
            assumptions.push(Assumption::Default { key: "s3:AccessPointNetworkOrigin", value: "Internet" });
        }
        if !self.account_given {
            let public = self.resource.arn().is_some_and(|arn| arn.account == "aws");
            assumptions.extend(match self.resource_account {
                Some(_) if public => Some(Assumption::PublicResource),
                Some(account) => Some(Assumption::ResourceAccount(account)),
                None => None,
            });
        }
        if let Identity::RoleSession(RoleSession { path_known: false, role_arn, .. }) = self.principal.identity() {
            assumptions.push(Assumption::RolePath(role_arn.clone()));
        }
        if self.principal.kind() == Kind::Anonymous {
            assumptions.push(Assumption::UnsignedRequests);
        }
        assumptions
    }

    /// The assumption behind what a key holds, if there is one.
    pub(crate) fn assumed(&self, key: &ConditionKey) -> Option<Assumption> {
        if self.context.given(key).is_some() || self.context.is_unknown(key) || self.context.is_absent(key) {
            return None;
        }
        let name = match key.derived()? {
            Derived::SecureTransport => "aws:SecureTransport",
            Derived::ViaAwsService => "aws:ViaAWSService",
            Derived::MultiFactorAuthPresent => "aws:MultiFactorAuthPresent",
            Derived::MaxKeys => "s3:max-keys",
            Derived::AccessPointOrigin => "s3:AccessPointNetworkOrigin",
            Derived::RequestedRegion => return self.region().map(|region| Assumption::Region(region.to_owned())),
            _ => return None,
        };
        match self.derive(key.derived()?) {
            Derivation::Usual(value) if !self.context.others_unknown() => {
                Some(Assumption::Default { key: name, value })
            }
            _ => None,
        }
    }
}

/// What the request itself says of a key.
pub(super) enum Derivation<'a> {
    /// The key holds this, or is known to be absent.
    Value(Lookup<'a>),
    /// The key is always there; this is its value unless the caller says otherwise.
    Usual(&'static str),
    /// The request says nothing.
    NotDerived,
}

/// Keys of calls through a VPC endpoint, which have no `aws:SourceIp`, in lower case.
pub(crate) const ENDPOINT_KEYS: [&str; 7] = [
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:vpcsourceip",
    "aws:sourcevpcarn",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
];

/// Actions that do not support `aws:ResourceAccount`, besides all of EBS (IAM User Guide, "AWS global condition
/// context keys", aws:ResourceAccount).
const NO_RESOURCE_ACCOUNT: &[&str] = &[
    "ec2:acceptcapacityreservationbillingownership",
    "ec2:accepttransitgatewaypeeringattachment",
    "ec2:acceptvpcendpointconnections",
    "ec2:acceptvpcpeeringconnection",
    "ec2:copyfpgaimage",
    "ec2:copyimage",
    "ec2:copysnapshot",
    "ec2:createtransitgatewaypeeringattachment",
    "ec2:createvolume",
    "ec2:createvpcendpoint",
    "ec2:createvpcpeeringconnection",
    "ec2:deletetransitgatewaypeeringattachment",
    "ec2:deletevpcpeeringconnection",
    "ec2:rejecttransitgatewaypeeringattachment",
    "ec2:rejectvpcendpointconnections",
    "ec2:rejectvpcpeeringconnection",
    "events:putevents",
    "guardduty:acceptadministratorinvitation",
    "macie2:acceptinvitation",
    "es:acceptinboundconnection",
    "route53:associatevpcwithhostedzone",
    "route53:createvpcassociationauthorization",
    "route53:deletevpcassociationauthorization",
    "route53:disassociatevpcfromhostedzone",
    "route53:listhostedzonesbyvpc",
    "securityhub:acceptadministratorinvitation",
];
