//! The layers of policies that surround a request, and the rules this document's answers can name.

use std::fmt;

/// What a policy is attached to, and so which part it plays in a decision (SEMANTICS §7.1).
///
/// A role's trust policy is the resource-based policy of the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// Policies of the user, its groups, or the role.
    Identity,
    /// The policy of the resource: bucket policy, key policy, trust policy, …
    Resource,
    /// The permissions boundary of the user or role.
    Boundary,
    /// Session policies.
    Session,
    /// Service control policies of the principal's account.
    Scp,
    /// Resource control policies of the resource's account.
    Rcp,
    /// The policy of the VPC endpoint.
    Endpoint,
}

impl Layer {
    /// Every layer, in the order output lists them.
    pub const ALL: [Self; 7] =
        [Self::Identity, Self::Resource, Self::Boundary, Self::Session, Self::Scp, Self::Rcp, Self::Endpoint];

    /// The name in output and in policy tests.
    ///
    /// ```
    /// use can_access_engine::layer::Layer;
    /// assert_eq!(Layer::Scp.name(), "scp");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Resource => "resource",
            Self::Boundary => "boundary",
            Self::Session => "session",
            Self::Scp => "scp",
            Self::Rcp => "rcp",
            Self::Endpoint => "endpoint",
        }
    }

    /// The layer of that name.
    ///
    /// ```
    /// use can_access_engine::layer::Layer;
    /// assert_eq!(Layer::from_name("rcp"), Some(Layer::Rcp));
    /// ```
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layer| layer.name() == name)
    }

    /// What a policy of this layer is called in messages.
    ///
    /// ```
    /// use can_access_engine::layer::Layer;
    /// assert_eq!(Layer::Boundary.described(), "a permissions boundary");
    /// ```
    #[must_use]
    pub fn described(self) -> &'static str {
        match self {
            Self::Identity => "an identity policy",
            Self::Resource => "a resource-based policy",
            Self::Boundary => "a permissions boundary",
            Self::Session => "a session policy",
            Self::Scp => "a service control policy",
            Self::Rcp => "a resource control policy",
            Self::Endpoint => "a VPC endpoint policy",
        }
    }

    /// Whether statements say whom they are about. In the other layers that follows from the attachment.
    #[must_use]
    pub(crate) fn has_principals(self) -> bool {
        matches!(self, Self::Resource | Self::Rcp | Self::Endpoint)
    }

    /// Whether the policies come in the levels of an organization.
    #[must_use]
    pub(crate) fn has_levels(self) -> bool {
        matches!(self, Self::Scp | Self::Rcp)
    }

    /// Whether the policy is an object of IAM or Organizations, whose `Sid`s are letters and digits (R1.16).
    #[must_use]
    pub(crate) fn has_strict_sids(self) -> bool {
        matches!(self, Self::Identity | Self::Boundary | Self::Session | Self::Scp)
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LayerSet(u8);

impl LayerSet {
    pub(crate) fn has(self, layer: Layer) -> bool {
        self.0 & (1 << layer as u8) != 0
    }
}

impl FromIterator<Layer> for LayerSet {
    fn from_iter<I: IntoIterator<Item = Layer>>(layers: I) -> Self {
        Self(layers.into_iter().fold(0, |bits, layer| bits | 1 << layer as u8))
    }
}

/// A numbered rule of reference/SEMANTICS.md, such as `R4.27`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub struct Rule(pub(crate) &'static str);

impl Rule {
    /// The rule's number.
    ///
    /// ```
    /// # use can_access_engine::layer::Rule;
    /// # fn show(rule: Rule) -> &'static str { rule.as_str() }
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
