//! Which requests are all the same to policies.
//!
//! Of requests that come by the million, most differ in what no policy looks at: which of some thousand objects of a
//! directory they are for, or what stands behind a condition key that no statement names. A [`RequestKind`] is all that an
//! explanation hangs on, so that what is found of one request holds for all others of its kind.

use super::{CompiledSet, groups};
use crate::key::ConditionKey;
use crate::pattern::Fit;
use crate::policy::Policy;
use crate::request::{Kind, Lookup, Request};
use crate::resource::ResourcePattern;
use crate::statement::Statement;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Of how many actions it is kept in mind what statements about them look at.
const ACTIONS: usize = 1 << 12;

/// Which kinds of requests a set of policies tells apart.
///
/// ```
/// use can_access_engine::index::{CompiledSet, Kinds, RequestKind};
/// use can_access_engine::layer::Layer;
/// use can_access_engine::policy::{Policy, PolicySet};
/// use can_access_engine::problem::Source;
/// use can_access_engine::request::{Action, Context, Facts, Principal, Request, Resource};
/// use std::sync::Arc;
///
/// let text = r#"{ "Version": "2012-10-17", "Statement": {
///     "Effect": "Allow", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::data/*_$folder$" } }"#;
/// let policy = Policy::read(Source::new("p.json", text), Layer::Identity).unwrap();
/// let set = CompiledSet::new(PolicySet { identity: vec![Arc::new(policy)], ..PolicySet::default() });
///
/// let principal = Principal::parse("arn:aws:iam::111122223333:role/export").unwrap();
/// let action = Action::parse("s3:DeleteObject").unwrap();
/// let (context, facts) = (Context::new(), Facts::default());
/// let mut kinds = Kinds::of(&set);
/// let mut kind_of = |resource| {
///     let resource = Resource::parse(resource).unwrap();
///     let mut kind = RequestKind::default();
///     let request = Request::new(&principal, &action, resource, None, &context, &facts).unwrap();
///     kinds.tell(&request, &mut kind).then_some(kind).unwrap()
/// };
/// assert_eq!(kind_of("arn:aws:s3:::data/a_$folder$"), kind_of("arn:aws:s3:::data/b_$folder$"));
/// assert_ne!(kind_of("arn:aws:s3:::data/a_$folder$"), kind_of("arn:aws:s3:::data/a"));
/// ```
#[derive(Debug)]
pub struct Kinds<'s> {
    set: &'s CompiledSet,
    /// The condition keys that statements look at, by the action that they are about, in lower case.
    keys: FxHashMap<Box<str>, Vec<&'s ConditionKey>>,
}

/// What requests of one kind have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct RequestKind {
    /// Who asks for what, which entries of statements fit, and what stands behind keys. What is text ends with [`END`].
    bytes: Vec<u8>,
}

/// What stands in no text.
const END: u8 = 0xFF;

impl RequestKind {
    /// The bytes that tell it from others of the same policies, for use as a key. They hold the principal and the values of
    /// condition keys.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds something else that requests of one kind are to have in common.
    ///
    /// ```
    /// let mut kind = can_access_engine::index::RequestKind::default();
    /// kind.add(1);
    /// assert_eq!(kind.as_bytes(), [1]);
    /// ```
    pub fn add(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    fn text(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(END);
    }

    fn texts<'t>(&mut self, texts: impl IntoIterator<Item = Option<&'t str>>) {
        for text in texts {
            self.add(u8::from(text.is_some()));
            self.text(text.unwrap_or_default());
        }
    }

    fn number(&mut self, number: usize) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }
}

impl<'s> Kinds<'s> {
    /// Those that a set tells apart.
    #[must_use]
    pub fn of(set: &'s CompiledSet) -> Self {
        Self { set, keys: FxHashMap::default() }
    }

    /// Tells the kind of a request: two of one kind, with the same facts, have the same
    /// [explanation](CompiledSet::explain_briefly), but for what it says of statements about other actions. It replaces what
    /// `kind` held, so that its memory can be used again.
    ///
    /// Returns whether the request is of a kind at all. Those are not that hang on more than on which statements are about
    /// their resource, or on something that is not known: requests through access points, for keys of KMS and in IAM, those
    /// of services, and those whose statements look at unknown keys.
    pub fn tell(&mut self, request: &Request<'_>, kind: &mut RequestKind) -> bool {
        kind.bytes.clear();
        let (principal, action, resource) = (request.principal(), request.action(), request.resource());
        let has_rules = |service| matches!(service, "iam" | "kms");
        let arn = resource.arn();
        let is_special = arn.is_some_and(|arn| has_rules(arn.service) || arn.is_access_point());
        if principal.kind() == Kind::Service || has_rules(action.service()) || is_special {
            return false;
        }
        kind.text(principal.as_str());
        kind.texts(principal.further());
        kind.text(action.folded());
        kind.add(u8::from(request.account_is_assumed()));
        kind.texts([request.matched_as(), request.resource_account().map(|account| account.as_str())]);
        kind.texts(arn.map(|arn| arn.parts()).into_iter().flat_map(|[head @ .., _]| head).map(Some));
        kind.add(END);
        self.look_up(request, kind) && self.hold_against(request, kind)
    }

    /// Adds what stands behind the keys that statements about the action look at; whether all of it is known.
    fn look_up(&mut self, request: &Request<'_>, kind: &mut RequestKind) -> bool {
        let action = request.action();
        if !self.keys.contains_key(action.folded()) {
            if self.keys.len() >= ACTIONS {
                self.keys.clear();
            }
            let mut keys: Vec<&ConditionKey> = Vec::new();
            for statement in self.set.about(action) {
                let tested = statement.conditions().tests().iter().map(|test| test.key());
                keys.extend(tested.chain(statement.variables()));
            }
            // Keys that differ in letter case only find different values (R5.3).
            keys.sort_unstable_by_key(|key| key.as_str());
            keys.dedup_by_key(|key| key.as_str());
            self.keys.insert(action.folded().into(), keys);
        }
        let context = request.context();
        for key in self.keys.get(action.folded()).into_iter().flatten() {
            // What is taken for granted is told, and so is whether several keys could have been meant.
            kind.add(u8::from(context.given(key).is_some()));
            kind.add(u8::from(context.is_ambiguous(key)));
            match request.lookup(key) {
                Lookup::Unknown => return false,
                Lookup::Absent => kind.add(0),
                Lookup::Single(text) => {
                    kind.add(1);
                    kind.text(text);
                }
                Lookup::Multi(texts) => {
                    kind.add(2);
                    kind.number(texts.len());
                    texts.iter().for_each(|text| kind.text(text));
                }
            }
        }
        true
    }

    /// Adds which entries of which statements about the action fit the resource, or nearly so; whether that is known.
    fn hold_against(&self, request: &Request<'_>, kind: &mut RequestKind) -> bool {
        let policies = self.set.policies();
        groups(policies).enumerate().all(|(number, group)| {
            let Some(of_group) = policies.groups(group.layer, group.access_point).get(group.level) else { return true };
            match self.set.by_action(group) {
                Some(by_action) => by_action.near_by_entries(of_group, request).into_iter().all(|place| {
                    let at = (number, place.policy as usize, place.statement as usize);
                    place.find(of_group).is_none_or(|statement| fits(statement, at, request, kind))
                }),
                None => statements(of_group).all(|((policy, at), statement)| {
                    let is_about = statement.action().matches(request.action());
                    !is_about || fits(statement, (number, policy, at), request, kind)
                }),
            }
        })
    }
}

fn statements(policies: &[Arc<Policy>]) -> impl Iterator<Item = ((usize, usize), &Statement)> {
    policies.iter().enumerate().flat_map(|(policy, compiled)| {
        compiled.statements().iter().enumerate().map(move |(at, statement)| ((policy, at), statement))
    })
}

/// Adds which entries of a statement fit the resource, or nearly so, with the group, the policy and the place therein;
/// whether that is known.
fn fits(statement: &Statement, at: (usize, usize, usize), request: &Request<'_>, kind: &mut RequestKind) -> bool {
    let entries = statement.resource().map(|resource| resource.entries()).unwrap_or_default();
    entries.iter().enumerate().filter(|(_, entry)| !entry.is_everything()).all(|(number, entry)| {
        let (fits, variable) = match entry.fit(request) {
            Fit::Unknown(_) => return false,
            Fit::Unresolved(variable) => (3, Some(variable.key().as_str())),
            Fit::Yes => (2, None),
            Fit::No => (nearly_fits(entry, request), None),
        };
        if fits != 0 {
            kind.add(fits);
            [at.0, at.1, at.2, number].into_iter().for_each(|number| kind.number(number));
            kind.texts(variable.map(Some));
        }
        true
    })
}

/// 0 for an entry that fits in no other reading either.
fn nearly_fits(entry: &ResourcePattern, request: &Request<'_>) -> u8 {
    let by_case = u8::from(entry.differs_by_case(request));
    let across_colons = u8::from(entry.would_fit_across_colons(request.asked_of()));
    by_case << 2 | across_colons << 3
}
