//! The least policy that lets through what logs prove to have been needed (reference/REPLAY.md §5).
//!
//! [`Evidence`] collects what was allowed and what was refused, in memory that does not grow with the logs, and can be
//! collected in parts. [`derive()`] turns it into policies. Nothing of them is to be believed without proof: each is held
//! against all the evidence with the evaluator before it is given out.
//!
//! ```
//! use can_access_engine::derivation::{Evidence, Group, Kind, Options, Proof, derive};
//! let mut evidence = Evidence::new();
//! let group = evidence.group(Group {
//!     principal: "arn:aws:iam::111122223333:role/backup".to_owned(),
//!     action: "s3:PutObject".to_owned(),
//!     scope: "arn:aws:s3:::acme-backup/".to_owned(),
//!     kind: Kind::Name,
//!     proof: Proof::Allowed,
//! });
//! for day in 10..30 {
//!     evidence.add(group, format!("db/2026-11-{day}.sql.gz").as_bytes(), 86_400 * day, (0, 1), true);
//! }
//! let derived = derive(&evidence, &Options::default()).unwrap();
//! assert!(derived[0].text.contains(r#""arn:aws:s3:::acme-backup/db/*.sql.gz""#), "{}", derived[0].text);
//! assert_eq!(derived[0].coverage(), 1.0);
//! ```

mod cover;
mod evidence;
mod glob;
mod grants;
mod hash;
mod in_force;
mod known;
mod names;
mod places;
mod proof;
mod shape;
mod statements;
mod units;
mod word;

pub use evidence::{Evidence, Group, GroupId, Kind, Proof};
pub use names::{DAYS, Place, Seen};
pub use proof::Unproven;

use crate::policy::Policy;
use glob::Glob;
use grants::{Grant, View};
use places::{ByPlace, Groups};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How closely patterns follow the names that were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// Wildcards only for what varies in three names at least, as many `?` as it has characters where it always has so many.
    Strict,
    /// A star for what varies; whole directories where names of three kinds or more come and go.
    #[default]
    Balanced,
    /// Whole directories early, and a whole bucket if need be.
    Broad,
}

/// What kind of policies are derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// One identity-based policy for all principals together.
    #[default]
    Identity,
    /// An identity-based policy for each principal.
    IdentityEach,
    /// A bucket policy for each bucket, with its principals.
    Bucket,
}

/// What to derive, and how.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What kind of policies.
    pub form: Form,
    /// How closely they follow the evidence.
    pub precision: Precision,
    /// How many bytes a policy may have, as AWS counts them for its kind. Patterns become broader until it fits.
    pub max_bytes: Option<usize>,
    /// Names that no pattern may match, as patterns with `*` and `?`: of a whole ARN, or of the key.
    pub never: Vec<String>,
    /// On how many days names have to be seen before a star stands for what varies in them; at most [`DAYS`].
    pub min_days: usize,
    /// Only these principals; all if there are none.
    pub principals: Vec<String>,
    /// Only these buckets; all if there are none.
    pub buckets: Vec<String>,
    /// Policies in force: what is derived allows nothing that they do not allow. Needed requests that they do not allow are
    /// left out, and counted in [`Derived::not_in_force`].
    pub existing: Vec<Arc<Policy>>,
}

/// A derived policy, with what it rests on.
#[derive(Debug, Clone)]
pub struct Derived {
    /// The principal or the bucket that it is for; `None` if it is for all principals together.
    pub of: Option<String>,
    /// The policy, as text.
    pub text: String,
    /// Its size as AWS counts it for policies of this kind.
    pub size: usize,
    /// How many statements it has.
    pub statements: usize,
    /// What is granted, and on what evidence.
    pub grants: Vec<Granted>,
    /// The precision with which it was derived: broader than asked for if it would not have fitted.
    pub precision: Precision,
    /// About how many different requests are proven to be needed. Of very many alike, some are kept.
    pub different: u64,
    /// The requests of these that are kept, and how many of them the policy allows: all.
    pub needed: u64,
    /// See [`Derived::needed`].
    pub allowed: u64,
    /// The requests that were refused and never allowed, and how many of them the policy allows: none.
    pub refused: u64,
    /// See [`Derived::refused`].
    pub refused_matched: u64,
    /// Requests that were refused at times and allowed at others: they count as needed.
    pub contradicted: u64,
    /// Names known to exist that the policy allows an action on, and that it was never used for; names that differ only
    /// in what varies count as one.
    pub collateral: u64,
    /// Names known to exist that the policy allows an action on that was not needed on them, of whatever kind, as far as
    /// names are kept.
    pub collateral_names: u64,
    /// Needed requests that are left out because they match [`Options::never`].
    pub withheld: u64,
    /// Needed requests that are left out because the policies in force do not allow them; some of them as action, resource
    /// and principal.
    pub not_in_force: u64,
    /// See [`Derived::not_in_force`].
    pub not_in_force_examples: Vec<(String, String, String)>,
    /// Of the requests of the last part of the time, the share that a policy derived from the first part allows; `None`
    /// if there are none.
    pub held_out: Option<f64>,
    /// On how many days there is evidence.
    pub days: usize,
    /// When the first and the last needed request were seen, in seconds since 1970.
    pub period: Option<(i64, i64)>,
    /// How many kinds of names were needed for the first time, by day since 1970.
    pub new_kinds: BTreeMap<i64, usize>,
    /// Whether the evidence is enough: there are three days of it, and what came last is allowed by what came before, but for
    /// a twentieth of it. Where nothing is held out, names of new kinds must not have come in the last quarter of the time.
    pub saturated: bool,
    /// What of the policies in force was never used.
    pub unused: Vec<Unused>,
}

impl Derived {
    /// The share of needed requests that the policy allows.
    #[must_use]
    pub fn coverage(&self) -> f64 {
        if self.needed == 0 { 1.0 } else { self.allowed as f64 / self.needed as f64 }
    }
}

/// A pattern that is granted, and what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Granted {
    /// The action.
    pub action: String,
    /// The resource, as the policy writes it.
    pub resource: String,
    /// The value of `s3:prefix`, as the policy writes it.
    pub prefix: Option<String>,
    /// The principals, if the statement names any.
    pub principals: Vec<String>,
    /// About how many names it was needed for.
    pub names: usize,
    /// When it was needed first and last, and where first.
    pub seen: Option<Seen>,
    /// How many kinds of known names it matches that it was never needed for.
    pub collateral: usize,
}

/// Something of a policy in force that nothing was seen to need.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unused {
    /// The policy's name.
    pub policy: String,
    /// The statement, from 0.
    pub statement: usize,
    /// Which entry of it; `None` for all of it.
    pub entry: Option<String>,
}

/// What of the evidence is not for policies of a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SetAside {
    /// Who cannot have an identity-based policy: everybody, services.
    pub principals: BTreeSet<String>,
    /// What bucket policies are not about: access points, resources of other services; the beginnings of their ARNs.
    pub resources: BTreeSet<String>,
}

/// What of the evidence is not for policies of the form that is asked for.
#[must_use]
pub fn set_aside(evidence: &Evidence, options: &Options) -> SetAside {
    let view = View::new(evidence.groups(), options, None);
    SetAside {
        principals: view.aside.iter().map(|principal| (*principal).to_owned()).collect(),
        resources: view
            .outside
            .iter()
            .map(|scope| scope.split("/object/").next().unwrap_or(scope).to_owned())
            .collect(),
    }
}

/// Everybody of whom something was allowed.
#[must_use]
pub fn principals(evidence: &Evidence) -> Vec<&str> {
    let groups = evidence.groups().into_iter();
    let allowed = groups.filter(|(group, _)| group.proof == Proof::Allowed).map(|(group, _)| group.principal.as_str());
    allowed.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Whether a pattern of [`Options::never`] matches a name that the evidence tells of.
#[must_use]
pub fn matches_a_name(evidence: &Evidence, never: &str) -> bool {
    let options = Options { never: vec![never.to_owned()], ..Options::default() };
    let view = View::new(evidence.groups(), &options, None);
    let mut groups = evidence.groups().into_iter();
    groups.any(|(group, part)| part.names.samples().any(|(name, _)| view.is_withheld(&group.scope, name)))
}

/// The actions that something was allowed of.
#[must_use]
pub fn actions(evidence: &Evidence) -> Vec<&str> {
    let groups = evidence.groups().into_iter().filter(|(group, _)| group.proof == Proof::Allowed);
    groups.map(|(group, _)| group.action.as_str()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Requests that were allowed: principal, resource, `s3:prefix`, and when and where the first was seen. Of very many alike,
/// resource or prefix is a pattern that holds them.
pub type Instance<'e> = (&'e str, String, Option<String>, Seen);

/// The requests that needed an action on a resource, which may be a pattern as in a policy; by the time they were first
/// seen.
#[must_use]
pub fn evidence_for<'e>(
    evidence: &'e Evidence,
    options: &'e Options,
    action: &str,
    resource: &str,
) -> Vec<Instance<'e>> {
    let view = View::new(evidence.groups(), options, None);
    let action = action.to_lowercase();
    let mut found: Vec<Instance<'e>> = Vec::new();
    for (group, part) in view.allowed().filter(|(group, _)| group.action.to_lowercase() == action) {
        let resource = group.user().map_or(resource.to_owned(), |user| resource.replace("${aws:username}", user));
        let pattern = crate::resource::ResourcePattern::parse(&resource);
        let matches = |name: &str| {
            let of = group.resource(name);
            of == resource || pattern.matches_text(&of)
        };
        let mut note = |name: String, seen: Seen| {
            let prefix = (group.kind == Kind::Prefix).then(|| name.clone());
            found.push((&group.principal, group.resource(&name), prefix, seen));
        };
        for (name, single) in part.names.singles().filter(|(name, _)| matches(name)) {
            note(name.to_owned(), single.seen);
        }
        let asked = resource.strip_prefix(group.scope.as_str()).filter(|_| group.kind == Kind::Name);
        for (shape, class) in &part.names.classes {
            let is_of = |name: &str| part.names.shape_of(name, group.user()) == *shape;
            if class.names().any(|(name, _)| matches(name)) || asked.is_some_and(is_of) {
                note(Glob::new(shape.chars()).text(), class.seen);
            }
        }
    }
    found.sort_by(|one, other| {
        let key = |(principal, resource, prefix, seen): &Instance<'e>| {
            (seen.first, seen.place, principal.to_owned(), resource.clone(), prefix.clone())
        };
        key(one).cmp(&key(other))
    });
    found
}

/// Derives policies, and proves each against the evidence.
///
/// # Errors
/// [`Unproven`] if a policy cannot do what it has to, or would not fit its limit. No policy is given out then.
pub fn derive(evidence: &Evidence, options: &Options) -> Result<Vec<Derived>, Unproven> {
    let by_place = ByPlace::of(evidence);
    let groups = |of: Option<&str>| by_place.concerning(options.form, of);
    let subjects = View::new(groups(None), options, None).subjects();
    subjects.into_iter().map(|of| derive_one(groups(of.as_deref()), options, of)).collect()
}

/// What policies are for that are derived: principals or buckets, or all principals together.
#[must_use]
pub fn subjects(evidence: &Evidence, options: &Options) -> Vec<Option<String>> {
    View::new(evidence.groups(), options, None).subjects()
}

fn derive_one(groups: Groups<'_>, options: &Options, of: Option<String>) -> Result<Derived, Unproven> {
    let view = View::new(groups, options, of.as_deref());
    // Broader and broader, if that is what fits.
    let mut size = 0;
    for precision in [Precision::Strict, Precision::Balanced, Precision::Broad] {
        if (precision as u8) < options.precision as u8 {
            continue;
        }
        let grants = view.grants(precision, None);
        let text = statements::text(&grants, options.form, view.in_force.as_ref());
        size = statements::size(&text, options.form);
        if options.max_bytes.is_some_and(|most| size > most) {
            continue;
        }
        let mut derived = report(&view, &grants, text, of);
        derived.size = size;
        derived.precision = precision;
        proof::prove(&view, &mut derived, options.form)?;
        derived.held_out = view.held_out(precision);
        derived.saturated =
            derived.days >= 3 && derived.held_out.map_or_else(|| view.is_saturated(), |share| share >= 0.95);
        return Ok(derived);
    }
    Err(Unproven::TooLarge { size, most: options.max_bytes.unwrap_or_default() })
}

fn report(view: &View<'_>, grants: &[Grant], text: String, of: Option<String>) -> Derived {
    let granted: Vec<Granted> = grants.iter().flat_map(|grant| grant.granted(view)).collect();
    Derived {
        of,
        statements: statements::count(grants, view.in_force.as_ref()),
        text,
        size: 0,
        collateral: granted.iter().map(|granted| u64::try_from(granted.collateral).unwrap_or(u64::MAX)).sum(),
        collateral_names: grants.iter().map(|grant| grant.needless(view)).sum(),
        grants: granted,
        precision: Precision::default(),
        different: 0,
        needed: 0,
        allowed: 0,
        refused: 0,
        refused_matched: 0,
        contradicted: 0,
        withheld: 0,
        not_in_force: 0,
        not_in_force_examples: Vec::new(),
        held_out: None,
        days: view.days(),
        period: view.time(),
        new_kinds: view.new_kinds(),
        saturated: false,
        unused: view.unused(),
    }
}
