//! AWS's global condition keys: what their values are, whether they hold one value or a list, and which requests have
//! them.
//!
//! A table made by hand from the IAM User Guide, "AWS global condition context keys" (value type, key type and
//! availability of each key), because the catalogue's own source lists three of them only. Keys that credentials carry to
//! every service (`ec2:SourceInstanceArn`, `lambda:SourceFunctionArn` and so on) stand on the same page and belong to it.
//! Two are on no page and in policies that AWS itself writes: `aws:PrincipalOrgMasterAccountId`, and `aws:SourceOwner`,
//! which `aws:SourceAccount` replaced. What an offline evaluation derives of them is in SEMANTICS §8; that AWS decides whether a key is a list, and not the
//! request, is R5.16.

use super::{ValueType, covers};
use std::collections::HashMap;
use std::sync::LazyLock;

/// A key that does not belong to one service.
#[derive(Debug, Clone, Copy)]
pub struct GlobalKey {
    name: &'static str,
    value_type: ValueType,
    list: bool,
    presence: &'static str,
}

impl GlobalKey {
    /// The key with a name, whatever its letter case; a tag's key stands behind the slash.
    ///
    /// ```
    /// use can_access_engine::catalogue::ValueType;
    /// use can_access_engine::catalogue::global::GlobalKey;
    /// assert_eq!(GlobalKey::find("aws:sourceip").unwrap().value_type(), ValueType::IpAddress);
    /// assert_eq!(GlobalKey::find("aws:PrincipalTag/team").unwrap().name(), "aws:PrincipalTag/${TagKey}");
    /// assert!(GlobalKey::find("aws:SourceAddress").is_none());
    /// ```
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        Self::find_folded(&name.to_lowercase())
    }

    /// The key with a name in lower case.
    pub(crate) fn find_folded(folded: &str) -> Option<&'static Self> {
        if let Some(key) = PLAIN.get(folded) {
            return Some(key);
        }
        // Tags' keys are the only ones with a variable part.
        folded.contains('/').then(|| KEYS.iter().find(|key| covers(key.name, folded))).flatten()
    }

    /// All of them, in order of name.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        KEYS.iter()
    }

    /// The name as AWS spells it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What its values are.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        self.value_type
    }

    /// Whether it holds a list of them.
    ///
    /// ```
    /// use can_access_engine::catalogue::global::GlobalKey;
    /// assert!(GlobalKey::find("aws:TagKeys").unwrap().is_list());
    /// ```
    #[must_use]
    pub fn is_list(&self) -> bool {
        self.list
    }

    /// Which requests have the key, such as `every request`.
    #[must_use]
    pub fn presence(&self) -> &'static str {
        self.presence
    }
}

/// The keys by name in lower case, but for those with a variable part.
static PLAIN: LazyLock<HashMap<String, &'static GlobalKey>> = LazyLock::new(|| {
    let plain = KEYS.iter().filter(|key| !key.name.contains('$'));
    plain.map(|key| (key.name.to_lowercase(), key)).collect()
});

const ONE: bool = false;
const LIST: bool = true;

const fn key(name: &'static str, value_type: ValueType, list: bool, presence: &'static str) -> GlobalKey {
    GlobalKey { name, value_type, list, presence }
}

#[rustfmt::skip]
const KEYS: &[GlobalKey] = {
    use ValueType::{Arn, Bool, Date, IpAddress, Numeric, String};
    &[
        key("aws:AssumedRoot", Bool, ONE, "requests signed with a privileged root session obtained from sts:AssumeRoot"),
        key("aws:CalledVia", String, LIST, "requests a supporting service sends on with an IAM principal's credentials; direct calls lack it"),
        key("aws:CalledViaAWSMCP", String, ONE, "requests an AWS MCP service sends on with an IAM principal's credentials; direct calls lack it"),
        key("aws:CalledViaFirst", String, ONE, "requests a service sends on with an IAM principal's credentials; direct calls lack it"),
        key("aws:CalledViaLast", String, ONE, "requests a service sends on with an IAM principal's credentials; direct calls lack it"),
        key("aws:ChatbotSourceArn", Arn, ONE, "requests of role sessions opened by Amazon Q Developer in chat applications (AWS Chatbot)"),
        key("aws:CurrentTime", Date, ONE, "every request"),
        key("aws:Ec2InstanceSourcePrivateIPv4", IpAddress, ONE, "requests signed with the role credentials of an EC2 instance"),
        key("aws:Ec2InstanceSourceVpc", String, ONE, "requests signed with the role credentials of an EC2 instance"),
        key("aws:EpochTime", Date, ONE, "every request"),
        key("aws:FederatedProvider", String, ONE, "requests of role sessions opened through an OIDC provider, and the AssumeRoleWithWebIdentity call itself"),
        key("aws:IsMcpServiceAction", Bool, ONE, "requests in which an MCP service authorizes one of its own actions"),
        key("aws:MultiFactorAuthAge", Numeric, ONE, "requests signed with temporary credentials, except those of federated identities"),
        key("aws:MultiFactorAuthPresent", Bool, ONE, "requests signed with temporary credentials, except those of federated identities"),
        key("aws:PrincipalAccount", String, ONE, "every request, with the value `anonymous` when nobody signed it"),
        key("aws:PrincipalArn", Arn, ONE, "every signed request; anonymous requests lack it"),
        key("aws:PrincipalIsAWSService", Bool, ONE, "every signed request; anonymous requests lack it"),
        key("aws:PrincipalOrgID", String, ONE, "requests of principals whose account is in an organization"),
        key("aws:PrincipalOrgMasterAccountId", String, ONE, "requests of principals whose account is in an organization"),
        key("aws:PrincipalOrgPaths", String, LIST, "requests of principals whose account is in an organization"),
        key("aws:PrincipalServiceName", String, ONE, "calls an AWS service makes itself as a service principal, not through a role or a user's credentials"),
        key("aws:PrincipalServiceNamesList", String, LIST, "calls an AWS service makes itself as a service principal, not through a role or a user's credentials"),
        key("aws:PrincipalTag/${TagKey}", String, ONE, "requests of IAM users or roles that carry this tag, session tags included"),
        key("aws:PrincipalType", String, ONE, "every request, anonymous ones too"),
        key("aws:referer", String, ONE, "browser requests that follow a link on a web page; programmatic calls lack it"),
        key("aws:RequestedRegion", String, ONE, "every request"),
        key("aws:RequestTag/${TagKey}", String, ONE, "requests that pass this tag as a parameter"),
        key("aws:ResourceAccount", String, ONE, "requests for nearly all actions; EBS and a few peering and invitation actions lack it"),
        key("aws:ResourceOrgID", String, ONE, "requests for resources whose owner's account is in an organization, save a few listed actions"),
        key("aws:ResourceOrgPaths", String, LIST, "requests for resources whose owner's account is in an organization, save a few listed actions"),
        key("aws:ResourceTag/${TagKey}", String, ONE, "requests for a resource that has, or is being created with, this tag, if tag authorization is supported"),
        key("aws:SecureTransport", Bool, ONE, "every request"),
        key("aws:SignInSessionArn", Arn, ONE, "requests from an AWS Sign-In OAuth session (aws login, AWS MCP Server), not from the console"),
        key("aws:SourceAccount", String, ONE, "calls a service principal makes directly on behalf of a resource"),
        key("aws:SourceArn", Arn, ONE, "calls a service principal makes directly on behalf of a resource"),
        key("aws:SourceIdentity", String, ONE, "requests of role sessions that had a source identity set, roles chained from them included"),
        key("aws:SourceIp", IpAddress, ONE, "requests that do not pass through a VPC endpoint"),
        key("aws:SourceOrgID", String, ONE, "calls a service principal makes directly for a resource whose account is in an organization"),
        key("aws:SourceOrgPaths", String, LIST, "calls a service principal makes directly for a resource whose account is in an organization"),
        key("aws:SourceOwner", String, ONE, "calls that some services make on behalf of a resource, in place of aws:SourceAccount"),
        key("aws:SourceVpc", String, ONE, "requests that pass through a VPC endpoint"),
        key("aws:SourceVpcArn", Arn, ONE, "requests that pass through a VPC endpoint to one of a limited list of services"),
        key("aws:SourceVpce", String, ONE, "requests that pass through a VPC endpoint"),
        key("aws:TagKeys", String, LIST, "requests for operations that accept tags as parameters"),
        key("aws:TokenIssueTime", Date, ONE, "requests signed with temporary credentials, not with long-term access keys"),
        key("aws:UserAgent", String, ONE, "every request"),
        key("aws:userid", String, ONE, "every request, anonymous ones too"),
        key("aws:username", String, ONE, "requests of IAM users; not those of roles, the root user, Identity Center users or anonymous callers"),
        key("aws:ViaAWSMCPService", Bool, ONE, "requests an AWS MCP server sends on to another AWS service for an IAM principal"),
        key("aws:ViaAWSService", Bool, ONE, "every request"),
        key("aws:VpceAccount", String, ONE, "requests that pass through a VPC endpoint to one of a limited list of services"),
        key("aws:VpceOrgID", String, ONE, "requests to listed services through a VPC endpoint whose owner's account is in an organization"),
        key("aws:VpceOrgPaths", String, LIST, "requests to listed services through a VPC endpoint whose owner's account is in an organization"),
        key("aws:VpcSourceIp", IpAddress, ONE, "requests that pass through a VPC endpoint"),
        key("codebuild:BuildArn", Arn, ONE, "requests of a role that CodeBuild assumed"),
        key("codebuild:ProjectArn", Arn, ONE, "requests of a role that CodeBuild assumed"),
        key("ec2:RoleDelivery", Numeric, ONE, "requests of role sessions created by an EC2 instance"),
        key("ec2:SourceInstanceArn", Arn, ONE, "requests of role sessions created by an EC2 instance"),
        key("glue:CredentialIssuingService", String, ONE, "requests that come out of an AWS Glue job or developer endpoint"),
        key("glue:RoleAssumedBy", String, ONE, "requests AWS Glue itself sends with a customer's service role, not those of jobs or endpoints"),
        key("identitystore:UserId", String, ONE, "requests whose caller is an IAM Identity Center user"),
        key("lambda:SourceFunctionArn", Arn, ONE, "requests sent by a Lambda function's code, and some Lambda sends for it, such as log writes"),
        key("ssm:SourceInstanceArn", Arn, ONE, "requests of Systems Manager managed nodes whose role is not an EC2 instance profile's"),
    ]
};
