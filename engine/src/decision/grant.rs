//! What the layers contribute to a grant, and whether they grant a request together (SEMANTICS §7).

use super::layers::ResourceSaid;
use super::{Blocker, Blockers};
use crate::layer::Layer;
use crate::principal::Class;
use crate::request::Kind;
use crate::statement::Record;
use crate::truth::Truth;

/// What the layers contribute to a grant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    pub(super) kind: Kind,
    pub(super) identity: Truth,
    pub(super) boundary: Truth,
    pub(super) session: Truth,
    /// Identity policies count only if the resource's policy names the account (R7.30).
    pub(super) needs_trust: bool,
    /// A declared KMS grant or multipart upload allows the request directly (R7.31, R9.7).
    pub(super) direct: bool,
    pub(super) same_account: bool,
    /// The action is one that identity providers ask for (R7.29).
    pub(super) provider_may: bool,
}

/// Whether the policies grant the request, and what is missing where they do not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grant {
    pub(super) granted: Truth,
    pub(super) missing: Blockers,
    pub(super) by_identity: bool,
    pub(super) granting: u16,
}

impl Grant {
    #[inline(always)]
    pub(super) fn of<R: Record>(parts: &Parts, resource: &ResourceSaid) -> Self {
        match parts.kind {
            Kind::User | Kind::RoleSession | Kind::FederatedUser if parts.same_account => {
                Self::same_account::<R>(parts, resource)
            }
            Kind::User | Kind::RoleSession | Kind::FederatedUser => Self::cross_account(parts, resource),
            // The root user has its account's own resources, and needs their policy where nothing else counts (R7.24).
            Kind::Root if parts.same_account && !parts.needs_trust => Self::by_resource(Truth::True, &[]),
            Kind::Root => Self::by_resource(resource.allows().or(parts.direct.into()), &Class::ALL),
            Kind::Anonymous => Self::named(resource, &[Class::Anyone]),
            Kind::Service if parts.direct => Self::by_resource(Truth::True, &[]),
            Kind::Service => Self::named(resource, &[Class::Service, Class::Anyone]),
            Kind::IdentityProvider if parts.provider_may => Self::named(resource, &[Class::IdentityProvider]),
            Kind::IdentityProvider => Self::by_resource(Truth::False, &[]),
        }
    }

    /// In one account, the identity policies or the resource's policy is enough (R7.17). Which limits a grant of the
    /// resource's policy has to pass depends on how it names the requester: naming the user, the session, the
    /// federated user or everyone passes a silent boundary and session policy; naming the role behind a session, or
    /// the user behind a federated one, does not; naming the account is no grant by itself.
    #[inline(always)]
    fn same_account<R: Record>(parts: &Parts, resource: &ResourceSaid) -> Self {
        const UNLIMITED: [Class; 4] = [Class::Anyone, Class::ExactUser, Class::ExactSession, Class::ExactFederated];
        const LIMITED: [Class; 2] = [Class::RoleOfSession, Class::UserOfFederated];
        let limits = parts.boundary.and(parts.session);
        let trust = if parts.needs_trust { resource.has(Class::AccountDelegation) } else { Truth::True };
        let by_identity = parts.identity.and(limits).and(trust);
        if R::HASTY && by_identity.is_true() {
            return Self::hasty(by_identity);
        }
        let unlimited = resource.has_any(&UNLIMITED).or(parts.direct.into());
        let limited = resource.has_any(&LIMITED);
        let granted = by_identity.or(unlimited).or(limited.and(limits));
        if R::HASTY {
            return Self::hasty(granted);
        }

        let mut missing = Blockers::default();
        let mut lacks = |layer: Layer, allows: Truth| {
            if allows.is_false() {
                missing.add(Blocker::Layer(layer));
            }
        };
        lacks(Layer::Boundary, parts.boundary);
        lacks(Layer::Session, parts.session);
        if !limited.is_true() {
            lacks(Layer::Identity, parts.identity);
            lacks(Layer::Resource, trust);
            if trust.is_false() {
                missing.add(Blocker::Service);
            }
        }
        let granting = UNLIMITED.iter().chain(LIMITED.iter().filter(|_| limits.is_true()));
        let trusted = (parts.needs_trust && by_identity.is_true()).then_some(&Class::AccountDelegation);
        Self {
            granted,
            missing,
            by_identity: by_identity.is_true(),
            granting: bits(granting.chain(trusted).filter(|class| resource.possible.has(**class))),
        }
    }

    /// A grant of which nothing else counts.
    fn hasty(granted: Truth) -> Self {
        Self { granted, missing: Blockers::default(), by_identity: false, granting: 0 }
    }

    /// Across accounts both sides have to allow, and no way of naming the requester passes a limit (R7.23).
    #[inline(always)]
    fn cross_account(parts: &Parts, resource: &ResourceSaid) -> Self {
        let theirs = resource.allows().or(parts.direct.into());
        let ours = parts.identity.and(parts.boundary).and(parts.session);
        let mut missing = Blockers::default();
        let needed = [
            (Layer::Identity, parts.identity),
            (Layer::Resource, theirs),
            (Layer::Boundary, parts.boundary),
            (Layer::Session, parts.session),
        ];
        for (layer, allows) in needed {
            if allows.is_false() {
                missing.add(Blocker::Layer(layer));
            }
        }
        let granted = ours.and(theirs);
        Self { granted, missing, by_identity: granted.is_true(), granting: bits(&Class::ALL) }
    }

    /// A grant by the resource's policy alone, which has to name the requester in one of these ways.
    #[inline(always)]
    fn named(resource: &ResourceSaid, classes: &[Class]) -> Self {
        Self::by_resource(resource.has_any(classes), classes)
    }

    #[inline(always)]
    fn by_resource(granted: Truth, classes: &[Class]) -> Self {
        let mut missing = Blockers::default();
        missing.add(Blocker::Layer(Layer::Resource));
        Self { granted, missing, by_identity: false, granting: bits(classes) }
    }

    /// Both of two grants.
    pub(super) fn both(self, other: Self) -> Self {
        let missing = |grant: Self| if grant.granted.is_true() { 0 } else { grant.missing.0 };
        Self {
            granted: self.granted.and(other.granted),
            missing: Blockers(missing(self) | missing(other)),
            by_identity: self.by_identity || other.by_identity,
            granting: self.granting | other.granting,
        }
    }
}

fn bits<'c>(classes: impl IntoIterator<Item = &'c Class>) -> u16 {
    classes.into_iter().fold(0, |bits, &class| bits | class as u16)
}
