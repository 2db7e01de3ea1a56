//! What is to be granted: for each action and scope, patterns of names.

use super::cover::{Chosen, Dials, Surroundings, cover};
use super::evidence::{Group, Kind, Part, Proof, user};
use super::glob::Glob;
use super::in_force::{Bounds, InForce};
use super::known::{AllKnown, Existing, Known, Scope};
use super::names::{Seen, day_of};
use super::places::Groups;
use super::shape::USER;
use super::units::{Variation, spelled};
use super::{Form, Granted, Options, Precision, Unused};
use crate::layer::Layer;
use crate::policy::Policy;
use crate::problem::Source;
use crate::request::{Kind as RequesterKind, Principal};
use crate::statement::Effect;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The evidence that one policy is derived from.
pub(super) struct View<'e> {
    pub(super) options: &'e Options,
    /// The groups of everybody, for the names that exist.
    everything: Groups<'e>,
    /// What the principals were allowed.
    allowed: Vec<(&'e Group, &'e Part)>,
    /// The same, by what it is about.
    allowed_by: BTreeMap<Key<'e>, Vec<(&'e Group, &'e Part)>>,
    /// What they were refused; and everybody else, where a policy says what everybody may do.
    refused: Vec<(&'e Group, &'e Part)>,
    /// The principals that the policy is for: those with anything allowed.
    pub(super) principals: BTreeSet<&'e str>,
    /// Principals with something allowed that a policy of this form cannot name.
    pub(super) aside: BTreeSet<&'e str>,
    /// Scopes of what was allowed that a policy of this form is not about.
    pub(super) outside: BTreeSet<&'e str>,
    /// What the policy is for.
    of: Option<String>,
    never: Vec<Glob>,
    known: OnceCell<AllKnown<'e>>,
    spelled: OnceCell<AllSpelled<'e>>,
    /// The policies in force.
    pub(super) in_force: Option<InForce>,
    /// Which statement of theirs allows each request.
    allowing: OnceCell<HashMap<(&'e Group, &'e str), Option<usize>>>,
}

/// Which names grants are for, and how they are made.
#[derive(Debug, Clone, Copy)]
struct Lot {
    dials: Dials,
    /// Only what was first seen before this time.
    until: Option<i64>,
    /// Those that this statement in force allows.
    inherits: Option<usize>,
    /// Those in which users have their own names, or the others; `None` for all.
    of_users: Option<bool>,
}

/// Of how many principals it is tried who can have a grant together.
const TOGETHER: usize = 64;

/// The names that exist, by scope, in order.
type AllSpelled<'e> = HashMap<Scope<'e>, Vec<(&'e str, Spelled)>>;

/// A grant: patterns of names for an action.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) action: String,
    pub(super) scope: String,
    pub(super) kind: Kind,
    /// The principals, where the policy or a condition names them.
    pub(super) principals: BTreeSet<String>,
    pub(super) chosen: Vec<Chosen>,
    /// The statement in force within which it lies, and whose conditions it keeps.
    pub(super) inherits: Option<usize>,
    /// Prefixes that a grant of everything does not hold.
    pub(super) except: BTreeSet<String>,
    /// Whether it is not granted as a whole, however many its patterns are: something of it was refused, or is to be.
    pub(super) refusals: bool,
}

/// Whether a policy of a form can be for a principal, and its proof can ask as that one.
fn can_be_for(form: Form, principal: &str) -> bool {
    let Ok(parsed) = Principal::parse(principal) else { return false };
    if form != Form::Bucket {
        return matches!(parsed.kind(), RequesterKind::User | RequesterKind::RoleSession);
    }
    let grant = Grant {
        action: "s3:ListBucket".to_owned(),
        scope: "arn:aws:s3:::bucket".to_owned(),
        kind: Kind::Whole,
        principals: [principal.to_owned()].into(),
        chosen: Vec::new(),
        inherits: None,
        except: BTreeSet::new(),
        refusals: false,
    };
    let text = super::statements::text(&[grant], form, None);
    Policy::read(Source::new("principal.json", text.as_str()), Layer::Resource).is_ok()
}

/// The bucket of a scope.
pub(super) fn bucket(scope: &str) -> Option<&str> {
    let rest = scope.split_once(":s3:::").map(|(_, rest)| rest)?;
    Some(rest.split('/').next().unwrap_or(rest))
}

type Key<'e> = (&'e str, &'e str, Kind);

impl<'e> View<'e> {
    /// The evidence for the policy of a principal or a bucket, or of all of them.
    pub(super) fn new(everything: Groups<'e>, options: &'e Options, of: Option<&str>) -> Self {
        let wanted = |principal: &str| {
            (options.principals.is_empty() || options.principals.iter().any(|wanted| wanted == principal))
                && (options.form != Form::IdentityEach || of.is_none_or(|of| of == principal))
        };
        let mut view = Self {
            options,
            everything,
            allowed: Vec::new(),
            allowed_by: BTreeMap::new(),
            refused: Vec::new(),
            principals: BTreeSet::new(),
            aside: BTreeSet::new(),
            outside: BTreeSet::new(),
            of: of.map(str::to_owned),
            never: options.never.iter().map(|text| never(text)).collect(),
            known: OnceCell::new(),
            spelled: OnceCell::new(),
            in_force: InForce::new(&options.existing),
            allowing: OnceCell::new(),
        };
        let (mut principals, mut outside) = (BTreeSet::new(), BTreeSet::new());
        for (group, _) in &view.everything {
            if group.proof != Proof::Allowed || !wanted(&group.principal) {
                continue;
            }
            if view.is_about(&group.scope) {
                principals.insert(group.principal.as_str());
            } else if bucket(&group.scope).is_none()
                && (options.form == Form::Bucket || group.scope.contains(":accesspoint/"))
            {
                outside.insert(group.scope.as_str());
            }
        }
        let cannot = |principal: &&str| !can_be_for(options.form, principal);
        view.aside = principals.iter().copied().filter(cannot).collect();
        view.outside = outside;
        view.principals = principals.difference(&view.aside).copied().collect();
        view.sort_out();
        view
    }

    /// Tells apart what of the evidence is about the principals.
    fn sort_out(&mut self) {
        let is_principal = |group: &Group| self.principals.contains(group.principal.as_str());
        let for_everybody = self.options.form == Form::Bucket && self.principals.contains("anonymous");
        let (mut allowed, mut refused) = (Vec::new(), Vec::new());
        for (group, part) in self.everything.iter().copied().filter(|(group, _)| self.is_about(&group.scope)) {
            match group.proof {
                Proof::Allowed if is_principal(group) => allowed.push((group, part)),
                // Nothing of a policy is in the way of a root user: what it was refused, something else refused.
                Proof::Refused if !group.principal.ends_with(":root") && (for_everybody || is_principal(group)) => {
                    refused.push((group, part));
                }
                _ => {}
            }
        }
        (self.allowed, self.refused) = (allowed, refused);
        for (group, part) in &self.allowed {
            self.allowed_by.entry((&group.action, &group.scope, group.kind)).or_default().push((group, part));
        }
    }

    /// What policies there are: one for all, or one for each principal or bucket.
    pub(super) fn subjects(&self) -> Vec<Option<String>> {
        match self.options.form {
            Form::Identity if self.principals.is_empty() => Vec::new(),
            Form::Identity => vec![None],
            Form::IdentityEach => self.principals.iter().map(|principal| Some((*principal).to_owned())).collect(),
            Form::Bucket => {
                let buckets: BTreeSet<&str> = self.allowed().filter_map(|(group, _)| bucket(&group.scope)).collect();
                buckets.into_iter().map(|bucket| Some(bucket.to_owned())).collect()
            }
        }
    }

    fn is_about(&self, scope: &str) -> bool {
        let of_bucket = self.options.form != Form::Bucket || self.of.is_none() || bucket(scope) == self.of.as_deref();
        let bucket = bucket(scope);
        let wanted = &self.options.buckets;
        let is_bucket = self.options.form != Form::Bucket || bucket.is_some();
        of_bucket && is_bucket && (wanted.is_empty() || bucket.is_some_and(|bucket| wanted.iter().any(|w| w == bucket)))
    }

    /// What the principals were allowed.
    pub(super) fn allowed(&self) -> impl Iterator<Item = (&'e Group, &'e Part)> {
        self.allowed.iter().copied()
    }

    /// What they were refused; and everybody else, where a policy says what everybody may do.
    pub(super) fn refused(&self) -> impl Iterator<Item = (&'e Group, &'e Part)> {
        self.refused.iter().copied()
    }

    /// Whether a refusal says anything about a name. Who may not list a bucket is refused what is not there; anybody can
    /// ask anonymously for anything.
    pub(super) fn is_refusal(&self, group: &Group, name: &str) -> bool {
        if group.principal != "anonymous" || group.kind != Kind::Name || group.action != "s3:GetObject" {
            return true;
        }
        let exists = |(other, part): &(&Group, &Part)| {
            other.scope == group.scope
                && other.kind == Kind::Name
                && other.proof != Proof::Refused
                && part.names.exists(name)
        };
        let may_list = |(other, _): &(&Group, &Part)| {
            other.principal == group.principal
                && other.action == "s3:ListBucket"
                && other.proof == Proof::Allowed
                && bucket(&other.scope) == bucket(&group.scope)
        };
        self.everything.iter().any(exists) || self.everything.iter().any(may_list)
    }

    /// Whether a refusal of somebody is in the way of what a principal is granted.
    fn concerns(&self, refused: &Group, principal: &str) -> bool {
        refused.principal == principal || self.options.form == Form::Bucket && principal == "anonymous"
    }

    /// Which statement in force allows a request.
    fn allowing(&self, group: &Group, name: &str) -> Option<usize> {
        let in_force = self.in_force.as_ref()?;
        let all = || {
            let names =
                self.allowed().flat_map(|(group, part)| part.names.samples().map(move |(name, _)| (group, name)));
            names.map(|(group, name)| ((group, name), in_force.allowing(group, name))).collect()
        };
        self.allowing.get_or_init(all).get(&(group, name)).copied().flatten()
    }

    /// Whether a needed request is not allowed by the policies in force.
    pub(super) fn is_outside(&self, group: &Group, name: &str) -> bool {
        self.in_force.is_some() && self.allowing(group, name).is_none()
    }

    /// Whether a name may not be granted.
    pub(super) fn is_withheld(&self, scope: &str, name: &str) -> bool {
        if self.never.is_empty() {
            return false;
        }
        let key: Vec<char> = name.chars().collect();
        let arn: Vec<char> = scope.chars().chain(name.chars()).collect();
        self.never.iter().any(|never| never.covers(&key) || never.covers(&arn))
    }

    /// The grants, from what was first seen before a time.
    pub(super) fn grants(&self, precision: Precision, until: Option<i64>) -> Vec<Grant> {
        let dials = Dials::of(precision);
        let mut grants = Vec::new();
        // What each statement in force allows apart, since each has its own conditions.
        let statements: Vec<Option<usize>> = match &self.in_force {
            Some(in_force) => (0..in_force.count()).map(Some).collect(),
            None => vec![None],
        };
        let mut go_through = |groups: &BTreeMap<Key<'e>, Vec<_>>, known: &AllKnown<'e>, of_users: Option<bool>| {
            for (key, groups) in groups {
                for inherits in &statements {
                    let lot = Lot { dials, until, inherits: *inherits, of_users };
                    self.grants_of(*key, groups, known, lot, &mut grants);
                }
            }
        };
        if self.options.form == Form::Bucket {
            // Everybody has a grant of their own, by what they do themselves; but users have the same below their own names.
            let some = |principals: &BTreeSet<&str>| -> BTreeMap<Key<'e>, Vec<_>> {
                let of = |groups: &Vec<(&'e Group, &'e Part)>| -> Vec<_> {
                    groups.iter().copied().filter(|(group, _)| principals.contains(group.principal.as_str())).collect()
                };
                self.allowed_by
                    .iter()
                    .map(|(key, groups)| (*key, of(groups)))
                    .filter(|(_, groups)| !groups.is_empty())
                    .collect()
            };
            let existing = self.existing(until);
            for principal in &self.principals {
                let own = BTreeSet::from([*principal]);
                go_through(&some(&own), &self.known(&existing, until, &own), Some(false));
            }
            let users: BTreeSet<&str> = self.principals.iter().copied().filter(|of| user(of).is_some()).collect();
            go_through(&some(&users), &self.known(&existing, until, &users), Some(true));
        } else {
            let known_then = until.map(|_| self.known(&self.existing(until), until, &self.principals));
            go_through(&self.allowed_by, known_then.as_ref().unwrap_or_else(|| self.all_known()), None);
        }
        grants.sort_by(|one: &Grant, other| {
            let key = |grant: &Grant| {
                (grant.action.clone(), grant.scope.clone(), grant.kind, grant.principals.clone(), grant.inherits)
            };
            key(one).cmp(&key(other))
        });
        // A listing of everything holds every listing.
        let what =
            |grant: &Grant| (grant.action.clone(), grant.scope.clone(), grant.principals.clone(), grant.inherits);
        let whole: BTreeSet<_> = grants.iter().filter(|grant| grant.kind == Kind::Whole).map(what).collect();
        grants.retain(|grant| grant.kind != Kind::Prefix || !whole.contains(&what(grant)));
        grants
    }

    fn all_known(&self) -> &AllKnown<'e> {
        self.known.get_or_init(|| self.known(&self.existing(None), None, &self.principals))
    }

    /// The names that exist.
    fn existing(&self, until: Option<i64>) -> Existing<'e> {
        Existing::of(&self.everything, &|seen: &Seen| seen.exists && until.is_none_or(|until| seen.first <= until))
    }

    /// Which of them are known where some principals have names, and how those vary.
    fn known(&self, existing: &Existing<'e>, until: Option<i64>, principals: &BTreeSet<&str>) -> AllKnown<'e> {
        let rolling = self.options.precision != Precision::Strict;
        let is_then = |seen: &Seen| until.is_none_or(|until| seen.first <= until);
        let mut variations: HashMap<Scope<'e>, Variation> = HashMap::new();
        // What varies is told by what the principals themselves asked for: others have directories of their own.
        for (group, part) in self.allowed().filter(|(group, _)| group.kind != Kind::Whole) {
            if principals.contains(group.principal.as_str()) {
                let variation = variations.entry((&group.scope, group.kind)).or_default();
                variation.users_vary = self.options.form == Form::Bucket;
                variation.add(&part.names, group.user(), rolling, &is_then);
            }
        }
        existing.seen_by(principals, variations)
    }

    fn grants_of(
        &self,
        (action, scope, kind): Key<'e>,
        groups: &[(&'e Group, &'e Part)],
        known: &AllKnown<'e>,
        lot: Lot,
        grants: &mut Vec<Grant>,
    ) {
        let Lot { dials, until, .. } = lot;
        let is_of_lot =
            |group: &Group, name: &str| self.in_force.is_none() || self.allowing(group, name) == lot.inherits;
        let new = |principals: BTreeSet<String>, chosen: Vec<Chosen>| Grant {
            action: action.to_owned(),
            scope: scope.to_owned(),
            kind,
            principals,
            chosen,
            inherits: lot.inherits,
            except: BTreeSet::new(),
            refusals: dials.fixed || self.refused().any(|(group, _)| group.action == action && group.scope == scope),
        };
        let counts = |seen: &Seen| until.is_none_or(|until| seen.first <= until);
        if kind == Kind::Whole {
            if lot.of_users == Some(true) {
                return;
            }
            let seen = groups.iter().filter(|(group, part)| part.names.seen().any(counts) && is_of_lot(group, ""));
            let seen: Vec<&Group> = seen.map(|(group, _)| *group).collect();
            self.whole_grants(action, scope, lot, &seen, grants);
            return;
        }
        let empty = Known::default();
        let known = known.get(&(scope, kind)).unwrap_or(&empty);
        let units_of = |groups: &[(&'e Group, &'e Part)]| {
            let mut units = BTreeMap::new();
            for (group, part) in groups {
                let wanted = |name: &str| is_of_lot(group, name);
                known.variation.units(&part.names, group.user(), &counts, &wanted, &mut units);
            }
            units.retain(|text, _| lot.of_users.is_none_or(|of_users| text.contains(&USER) == of_users));
            for unit in units.values_mut() {
                unit.settle();
                unit.names.retain(|name| !self.is_withheld(scope, &name.text));
            }
            units.retain(|_, unit| !unit.names.is_empty() || !unit.all);
            units
        };
        let of_action =
            |(group, _): &(&Group, &Part)| group.action == action && group.scope == scope && group.kind == kind;
        // A listing of everything is one without a prefix, and perhaps one with an empty prefix.
        let of_whole = |(group, _): &(&Group, &Part)| {
            kind == Kind::Prefix && group.action == action && group.scope == scope && group.kind == Kind::Whole
        };
        let refused: Vec<(&Group, &Part)> =
            self.refused().filter(|refused| of_action(refused) || of_whole(refused)).collect();
        let bounds = self.in_force.as_ref().zip(lot.inherits).map(|(in_force, at)| in_force.bounds(at, scope, kind));
        let Bounds { within, outside } = bounds.unwrap_or_default();
        let solve = |groups: &[(&'e Group, &'e Part)], refusals: &[(&Group, &Part)]| -> Vec<Chosen> {
            let units = units_of(groups);
            let around = Surroundings {
                known: known.counts.keys().map(|text| &text[..]).filter(|text| !units.contains_key(*text)).collect(),
                counts: &known.counts,
                refused: self.refused_names(refusals),
                seen_days: groups.iter().flat_map(|(_, part)| &part.days).collect::<BTreeSet<_>>().len(),
                never: self.never_within(scope).into_iter().chain(outside.iter().cloned()).collect(),
                within: within.clone(),
                days: self.options.min_days,
            };
            cover(&units, &around, dials)
        };
        let own = |principal: &str| -> Vec<(&Group, &Part)> {
            refused.iter().copied().filter(|(group, _)| self.concerns(group, principal)).collect()
        };
        if self.options.form == Form::Bucket {
            let has_any = |group: &&(&'e Group, &'e Part)| !units_of(std::slice::from_ref(*group)).is_empty();
            let principals: BTreeSet<String> =
                groups.iter().filter(has_any).map(|(group, _)| group.principal.clone()).collect();
            let refusals: Vec<_> = principals.iter().flat_map(|principal| own(principal)).collect();
            if !principals.is_empty() {
                let mut chosen = solve(groups, &refusals);
                // Of one user, the name is said as it is.
                let only = principals.first().filter(|_| principals.len() == 1).and_then(|only| user(only));
                if let Some(only) = only {
                    chosen.iter_mut().for_each(|chosen| chosen.pattern = chosen.pattern.of_user(only));
                }
                grants.push(new(principals, chosen));
            }
            return;
        }
        let free = solve(groups, &[]);
        let refused_names = self.refused_names(&refused);
        let clashes = |chosen: &Chosen| refused_names.iter().any(|name| chosen.pattern.covers(name));
        if !free.iter().any(clashes) {
            grants.push(new(BTreeSet::new(), free));
            return;
        }
        let of_others = refused.iter().any(|(group, _)| groups.iter().all(|(own, _)| own.principal != group.principal));
        if groups.len() == 1 && !of_others {
            grants.push(new(BTreeSet::new(), solve(groups, &refused)));
            return;
        }
        // Refusals of some are in the way of what others need: those have one together that are in nobody's way.
        let mut clusters: Vec<Vec<(&'e Group, &'e Part)>> = Vec::new();
        for group in groups {
            let fits = |cluster: &&mut Vec<(&'e Group, &'e Part)>| {
                let together: Vec<_> = cluster.iter().chain([group]).copied().collect();
                let refusals: Vec<_> = together.iter().flat_map(|(member, _)| own(&member.principal)).collect();
                let names = self.refused_names(&refusals);
                let clashes = |chosen: &Chosen| names.iter().any(|name| chosen.pattern.covers(name));
                !solve(&together, &[]).iter().any(clashes)
            };
            let few = groups.len() <= TOGETHER;
            match clusters.iter_mut().filter(|_| few).find(fits) {
                Some(cluster) => cluster.push(*group),
                None => clusters.push(vec![*group]),
            }
        }
        for cluster in &clusters {
            let refusals: Vec<_> = match &cluster[..] {
                [(only, _)] => own(&only.principal),
                _ => Vec::new(),
            };
            let principals = cluster.iter().map(|(group, _)| group.principal.clone()).collect();
            grants.push(new(principals, solve(cluster, &refusals)));
        }
    }

    /// Grants of all of a scope. What a principal was refused to list of it is excepted, and where others were refused, it
    /// is said whose they are.
    fn whole_grants(&self, action: &str, scope: &str, lot: Lot, groups: &[&Group], grants: &mut Vec<Grant>) {
        let of_action =
            |(group, _): &(&Group, &Part)| group.action == action && group.scope == scope && group.kind != Kind::Name;
        let refused: Vec<(&Group, &Part)> = self.refused().filter(of_action).collect();
        let except = |principal: &str| -> BTreeSet<String> {
            let allowed: Vec<&Part> = self
                .allowed()
                .filter(|(group, part)| of_action(&(group, part)) && group.principal == principal)
                .map(|(_, part)| part)
                .collect();
            let own = refused.iter().filter(|(group, _)| group.kind == Kind::Prefix && self.concerns(group, principal));
            let names = own.flat_map(|(_, part)| part.names.samples()).map(|(name, _)| name);
            let names = names.filter(|name| !allowed.iter().any(|part| part.names.has(name)));
            names.map(|name| Glob::new(name.chars()).text()).collect()
        };
        let grant = |principals: BTreeSet<String>, except: BTreeSet<String>| Grant {
            action: action.to_owned(),
            scope: scope.to_owned(),
            kind: Kind::Whole,
            principals,
            chosen: Vec::new(),
            inherits: lot.inherits,
            except,
            refusals: true,
        };
        let together = self.options.form != Form::Bucket;
        match groups {
            [] => {}
            _ if together && refused.is_empty() => grants.push(grant(BTreeSet::new(), BTreeSet::new())),
            [only] if together && refused.iter().all(|(group, _)| group.principal == only.principal) => {
                grants.push(grant(BTreeSet::new(), except(&only.principal)));
            }
            several => {
                let own = |group: &&Group| grant([group.principal.clone()].into(), except(&group.principal));
                grants.extend(several.iter().map(own));
            }
        }
    }

    /// Whether a principal was allowed what it was also refused. So it is with a name of a kind of which so many were
    /// allowed that they are not told apart.
    pub(super) fn is_contradicted(&self, refused: &Group, name: &str) -> bool {
        let alike = self.allowed_by.get(&(refused.action.as_str(), refused.scope.as_str(), refused.kind));
        alike.into_iter().flatten().any(|(group, part)| {
            // What everybody is allowed, all are.
            (group.principal == refused.principal
                || self.options.form == Form::Bucket && group.principal == "anonymous")
                && part.names.may_have(name, group.user())
        })
    }

    /// What was refused and never allowed: names, and shapes where there were too many names.
    fn refused_names(&self, refused: &[(&Group, &Part)]) -> Vec<Vec<char>> {
        let mut names: BTreeSet<Vec<char>> = BTreeSet::new();
        for (group, part) in refused {
            let counts = |name: &str| self.is_refusal(group, name) && !self.is_contradicted(group, name);
            for (name, _) in part.names.samples().filter(|(name, _)| counts(name)) {
                let Spelled { plain, own } = Spelled::new(name, group.user());
                names.insert(plain);
                names.extend(own);
            }
            let shapes = part.names.classes.iter();
            let shapes = shapes.filter(|(_, class)| class.names().any(|(name, _)| counts(name)));
            names.extend(shapes.map(|(shape, _)| shape.chars().collect()));
        }
        names.into_iter().collect()
    }

    /// The names that exist, in order, as they are matched.
    fn spelled(&self) -> &AllSpelled<'e> {
        self.spelled.get_or_init(|| {
            let mut names: HashMap<Scope<'e>, BTreeSet<(&'e str, Option<&'e str>)>> = HashMap::new();
            for (group, part) in self.everything.iter().filter(|(group, _)| group.proof != Proof::Refused) {
                let existing = part.names.samples().filter(|(_, seen)| seen.exists);
                let names = names.entry((&group.scope, group.kind)).or_default();
                names.extend(existing.map(|(name, _)| (name, group.user())));
            }
            let spelled = |names: BTreeSet<(&'e str, Option<&'e str>)>| {
                names.into_iter().map(|(name, user)| (name, Spelled::new(name, user))).collect()
            };
            names.into_iter().map(|(scope, names)| (scope, spelled(names))).collect()
        })
    }

    fn never_within(&self, scope: &str) -> Vec<Glob> {
        let scope: Vec<char> = scope.chars().collect();
        let mut patterns = Vec::new();
        for never in &self.never {
            patterns.push(never.clone());
            // Of a pattern of whole ARNs, what it says of names in this scope.
            patterns.extend(never.behind(&scope));
        }
        patterns
    }

    /// The share of what came last that is covered by what is derived from what came first.
    pub(super) fn held_out(&self, precision: Precision) -> Option<f64> {
        let (first, last) = self.time()?;
        // Seventy of a hundred parts.
        let cut = first + (last - first) / 10 * 7;
        let grants = self.grants(precision, Some(cut));
        let (mut all, mut covered) = (0_u64, 0_u64);
        for (group, part) in self.allowed() {
            let grants: Vec<&Grant> = grants.iter().filter(|grant| grant.is_about(group)).collect();
            let late = part.names.samples().filter(|(_, seen)| seen.last > cut);
            for (name, _) in late.filter(|(name, _)| !self.is_outside(group, name)) {
                all += 1;
                let name = Spelled::new(name, group.user());
                covered += u64::from(grants.iter().any(|grant| grant.holds(&name)));
            }
        }
        (all > 0).then(|| covered as f64 / all as f64)
    }

    /// When the first and the last request were seen.
    pub(super) fn time(&self) -> Option<(i64, i64)> {
        let seen = || self.allowed().flat_map(|(_, part)| part.names.seen());
        Some((seen().map(|seen| seen.first).min()?, seen().map(|seen| seen.last).max()?))
    }

    /// On how many days there is evidence.
    pub(super) fn days(&self) -> usize {
        self.allowed().flat_map(|(_, part)| &part.days).collect::<BTreeSet<_>>().len()
    }

    /// How many kinds of names were needed for the first time, by day.
    pub(super) fn new_kinds(&self) -> BTreeMap<i64, usize> {
        let mut days: BTreeMap<i64, usize> = BTreeMap::new();
        for first in self.first_seen() {
            *days.entry(day_of(first)).or_default() += 1;
        }
        days
    }

    /// When each kind of names was needed for the first time.
    fn first_seen(&self) -> Vec<i64> {
        let known = self.all_known();
        let mut first = Vec::new();
        for (group, part) in self.allowed() {
            let known = known.get(&(group.scope.as_str(), group.kind));
            let Some(known) = known.filter(|_| group.kind != Kind::Whole) else {
                first.extend(part.names.seen().map(|seen| seen.first).min());
                continue;
            };
            let mut units = BTreeMap::new();
            known.variation.units(&part.names, group.user(), &|_| true, &|_| true, &mut units);
            first.extend(units.values().map(|unit| unit.seen.first));
        }
        first
    }

    /// Whether names of new kinds had stopped to come before the last quarter of the time.
    pub(super) fn is_saturated(&self) -> bool {
        let Some((first, last)) = self.time() else { return false };
        let late = last - (last - first) / 4;
        self.first_seen().into_iter().all(|first| first <= late)
    }

    /// What of the policies in force nothing was seen to need.
    pub(super) fn unused(&self) -> Vec<Unused> {
        let mut unused = Vec::new();
        let allowed: Vec<(&Group, &Part)> = self.allowed().collect();
        for policy in &self.options.existing {
            for (index, statement) in policy.statements().iter().enumerate() {
                if statement.effect() != Effect::Allow {
                    continue;
                }
                let entry = |entry: Option<&str>| Unused {
                    policy: policy.source().name().to_owned(),
                    statement: index,
                    entry: entry.map(str::to_owned),
                };
                let action = |group: &Group| crate::request::Action::parse(&group.action).ok();
                let acts: Vec<_> = allowed
                    .iter()
                    .filter(|(group, _)| action(group).is_some_and(|action| statement.action().matches(&action)))
                    .collect();
                let resources = statement.resource().filter(|resource| !resource.is_negated());
                let uses = |(group, part): &(&Group, &Part)| {
                    let matches = |name: &str| {
                        resources.is_none_or(|resource| {
                            resource.entries().iter().any(|entry| entry.matches_text(&group.resource(name)))
                        })
                    };
                    part.names.samples().any(|(name, _)| matches(name))
                };
                let acts: Vec<_> = acts.into_iter().filter(|act| uses(act)).collect();
                if acts.is_empty() {
                    unused.push(entry(None));
                    continue;
                }
                if !statement.action().is_negated() {
                    for of in statement.action().entries() {
                        let used =
                            acts.iter().any(|(group, _)| action(group).is_some_and(|action| of.matches(&action)));
                        if !used {
                            unused.push(entry(Some(of.as_str())));
                        }
                    }
                }
                for of in resources.into_iter().flat_map(|resource| resource.entries()) {
                    let matches = |group: &Group, name: &str| of.matches_text(&group.resource(name));
                    if !acts.iter().any(|(group, part)| part.names.samples().any(|(name, _)| matches(group, name))) {
                        unused.push(entry(Some(of.as_str())));
                    }
                }
            }
        }
        unused
    }
}

/// A pattern of names from what a user wrote, with `*`.
fn never(text: &str) -> Glob {
    Glob::written(text)
}

impl Group {
    /// The same with a prefix that is given, and empty: logs do not tell it from none.
    pub(super) fn with_empty_prefix(&self) -> Self {
        Self { kind: Kind::Prefix, ..self.clone() }
    }

    /// The ARN of the resource that a request of the group was about.
    pub(super) fn resource(&self, name: &str) -> String {
        if self.kind == Kind::Name { format!("{}{name}", self.scope) } else { self.scope.clone() }
    }
}

/// A name as it is, and with the user's own name as that if it is in it.
#[derive(Debug)]
struct Spelled {
    plain: Vec<char>,
    own: Option<Vec<char>>,
}

impl Spelled {
    fn new(name: &str, user: Option<&str>) -> Self {
        let own = user.filter(|user| name.contains(user)).map(|user| spelled(name, user));
        Self { plain: name.chars().collect(), own }
    }

    fn is_covered_by(&self, pattern: &Glob) -> bool {
        pattern.covers(&self.plain) || self.own.as_ref().is_some_and(|own| pattern.covers(own))
    }
}

impl Grant {
    /// Whether it is about requests of a group.
    fn is_about(&self, group: &Group) -> bool {
        self.action == group.action
            && self.scope == group.scope
            && (self.kind == group.kind || self.kind == Kind::Whole && group.kind != Kind::Name)
            && (self.principals.is_empty() || self.principals.contains(&group.principal))
    }

    /// Whether it holds a request of a group that it is about.
    fn holds(&self, name: &Spelled) -> bool {
        self.kind == Kind::Whole || self.chosen.iter().any(|chosen| name.is_covered_by(&chosen.pattern))
    }

    /// How many names that are known to exist its patterns match though the action was not needed on them.
    pub(super) fn needless(&self, view: &View<'_>) -> u64 {
        let patterns = || self.chosen.iter().map(|chosen| &chosen.pattern).filter(|pattern| !pattern.is_name());
        if self.kind == Kind::Whole || patterns().next().is_none() {
            return 0;
        }
        let mut needed: HashSet<&str> = HashSet::new();
        let groups = view.allowed().filter(|(group, _)| self.is_about(group));
        groups.for_each(|(_, part)| needed.extend(part.names.samples().map(|(name, _)| name)));
        let known = view.spelled().get(&(self.scope.as_str(), self.kind)).map(Vec::as_slice).unwrap_or_default();
        let mut matched: HashSet<usize> = HashSet::new();
        for pattern in patterns() {
            let head = pattern.head();
            let start = known.partition_point(|(_, name)| &name.plain[..] < head);
            let near = known.get(start..).unwrap_or_default();
            let near = near.iter().enumerate().take_while(|(_, (_, name))| name.plain.starts_with(head));
            matched.extend(near.filter(|(_, (_, name))| pattern.covers(&name.plain)).map(|(at, _)| start + at));
            let own = known.iter().enumerate().filter(|(_, (_, name))| name.own.is_some());
            matched.extend(own.filter(|(_, (_, name))| name.is_covered_by(pattern)).map(|(at, _)| at));
        }
        let needless = matched.iter().filter_map(|at| known.get(*at)).filter(|(name, _)| !needed.contains(name));
        u64::try_from(needless.count()).unwrap_or(u64::MAX)
    }

    /// What is granted, with the evidence for it.
    pub(super) fn granted(&self, view: &View<'_>) -> Vec<Granted> {
        let groups = view.allowed().filter(|(group, _)| self.is_about(group));
        let mut names: Vec<(Spelled, Seen)> = Vec::new();
        for (group, part) in groups {
            names.extend(part.names.samples().map(|(name, seen)| (Spelled::new(name, group.user()), *seen)));
        }
        let one = |chosen: Option<&Chosen>| {
            let mut seen: Option<Seen> = None;
            let mut count = 0;
            for (name, at) in &names {
                if chosen.is_none_or(|chosen| name.is_covered_by(&chosen.pattern)) {
                    count += 1;
                    seen.get_or_insert(*at).merge(at);
                }
            }
            let pattern = chosen.map(|chosen| chosen.pattern.text());
            Granted {
                action: self.action.clone(),
                resource: match (&pattern, self.kind) {
                    (Some(pattern), Kind::Name) => format!("{}{pattern}", self.scope),
                    _ => self.scope.clone(),
                },
                prefix: pattern.filter(|_| self.kind == Kind::Prefix),
                principals: self.principals.iter().cloned().collect(),
                names: count,
                seen,
                collateral: chosen.map_or(0, |chosen| chosen.collateral),
            }
        };
        if self.kind == Kind::Whole {
            vec![one(None)]
        } else {
            self.chosen.iter().map(|chosen| one(Some(chosen))).collect()
        }
    }
}
