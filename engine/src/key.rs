//! Names of condition keys: compared without regard to letter case, shown as written.
//!
//! The module also knows which keys the request itself supplies (`Derived`), and asks the catalogue which hold one value
//! and which hold several (SEMANTICS R5.16).

use crate::catalogue::global::GlobalKey;
use crate::catalogue::{Catalogue, ValueType};
use compact_str::CompactString;
use std::fmt;

/// The name of a condition key, such as `aws:SourceIp` (R5.2: letter case does not count).
///
/// ```
/// use can_access_engine::key::ConditionKey;
/// assert_eq!(ConditionKey::new("AWS:sourceip"), ConditionKey::new("aws:SourceIp"));
/// assert_eq!(ConditionKey::new("aws:SourceIp").as_str(), "aws:SourceIp");
/// ```
#[derive(Debug, Clone)]
pub struct ConditionKey {
    spelled: CompactString,
    folded: CompactString,
    derived: Option<Derived>,
}

impl ConditionKey {
    /// A key under the name `spelled`.
    ///
    /// ```
    /// use can_access_engine::key::ConditionKey;
    /// assert_eq!(ConditionKey::new("s3:Prefix").folded(), "s3:prefix");
    /// ```
    #[must_use]
    pub fn new(spelled: &str) -> Self {
        let folded = if spelled.is_ascii() {
            let mut folded = CompactString::from(spelled);
            folded.make_ascii_lowercase();
            folded
        } else {
            CompactString::from_str_to_lowercase(spelled)
        };
        Self { spelled: spelled.into(), derived: Derived::from_folded(&folded), folded }
    }

    /// The name as written.
    ///
    /// ```
    /// use can_access_engine::key::ConditionKey;
    /// assert_eq!(ConditionKey::new("aws:PrincipalTag/Team").as_str(), "aws:PrincipalTag/Team");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.spelled
    }

    /// The name in lower case, the form that is compared.
    ///
    /// ```
    /// use can_access_engine::key::ConditionKey;
    /// assert_eq!(ConditionKey::new("aws:PrincipalTag/Team").folded(), "aws:principaltag/team");
    /// ```
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// Which part of the request supplies the key, if it is not left to the caller.
    #[must_use]
    pub(crate) fn derived(&self) -> Option<Derived> {
        self.derived
    }

    /// Whether the key holds the time of the request.
    #[must_use]
    pub(crate) fn is_time(&self) -> bool {
        matches!(self.derived, Some(Derived::CurrentTime | Derived::EpochTime))
    }

    /// Whether every request has the key (R8.8, R8.9).
    #[must_use]
    pub(crate) fn is_always_there(&self) -> bool {
        self.is_time() || matches!(self.derived, Some(Derived::SecureTransport | Derived::ViaAwsService))
    }

    /// Whether the key follows from `aws:CalledVia`, or is that key.
    #[must_use]
    pub(crate) fn is_call_chain(&self) -> bool {
        let derived =
            matches!(self.derived, Some(Derived::CalledViaFirst | Derived::CalledViaLast | Derived::ViaAwsService));
        derived || self.folded == "aws:calledvia"
    }

    /// Whether the key says who the principal is, so that no other value than the principal's own fits (§8.1).
    #[must_use]
    pub(crate) fn identifies_principal(&self) -> bool {
        use Derived::{PrincipalAccount, PrincipalArn, PrincipalType, UserId, UserName};
        matches!(self.derived, Some(PrincipalAccount | PrincipalArn | PrincipalType | UserId | UserName))
    }

    /// Whether the key holds one value or several, where AWS says so (R5.16).
    ///
    /// ```
    /// use can_access_engine::key::{ConditionKey, Shape};
    /// assert_eq!(ConditionKey::new("aws:TagKeys").shape(), Some(Shape::Multivalued));
    /// assert_eq!(ConditionKey::new("aws:SourceIp").shape(), Some(Shape::SingleValued));
    /// assert_eq!(ConditionKey::new("example:key").shape(), None);
    /// ```
    #[must_use]
    pub fn shape(&self) -> Option<Shape> {
        match GlobalKey::find_folded(&self.folded) {
            Some(key) if key.is_list() => Some(Shape::Multivalued),
            Some(_) => Some(Shape::SingleValued),
            // Of the services' keys only lists are told: AWS's data calls some keys single that services send as lists.
            None => Catalogue::published().is_multivalued(&self.folded).then_some(Shape::Multivalued),
        }
    }

    /// What the key's values are, for global keys.
    pub(crate) fn value_type(&self) -> Option<ValueType> {
        GlobalKey::find_folded(&self.folded).map(GlobalKey::value_type)
    }
}

impl PartialEq for ConditionKey {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for ConditionKey {}

impl fmt::Display for ConditionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled)
    }
}

/// Whether a key holds one value or a list of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One value.
    SingleValued,
    /// A list, which may be empty.
    Multivalued,
}

macro_rules! derived {
    ($($name:ident = $key:literal,)*) => {
        /// Keys that a request supplies without being told (SEMANTICS §8).
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Derived { $($name,)* }

        impl Derived {
            fn from_folded(folded: &str) -> Option<Self> {
                match folded { $($key => Some(Self::$name),)* _ => None }
            }
        }
    };
}

derived! {
    PrincipalArn = "aws:principalarn",
    PrincipalAccount = "aws:principalaccount",
    PrincipalType = "aws:principaltype",
    UserId = "aws:userid",
    UserName = "aws:username",
    PrincipalIsAwsService = "aws:principalisawsservice",
    PrincipalServiceName = "aws:principalservicename",
    PrincipalServiceNamesList = "aws:principalservicenameslist",
    CurrentTime = "aws:currenttime",
    EpochTime = "aws:epochtime",
    SecureTransport = "aws:securetransport",
    ViaAwsService = "aws:viaawsservice",
    CalledViaFirst = "aws:calledviafirst",
    CalledViaLast = "aws:calledvialast",
    MultiFactorAuthPresent = "aws:multifactorauthpresent",
    RequestedRegion = "aws:requestedregion",
    ResourceAccount = "aws:resourceaccount",
    S3ResourceAccount = "s3:resourceaccount",
    KmsCallerAccount = "kms:calleraccount",
    MaxKeys = "s3:max-keys",
    AccessPointArn = "s3:dataaccesspointarn",
    AccessPointAccount = "s3:dataaccesspointaccount",
    AccessPointOrigin = "s3:accesspointnetworkorigin",
}
