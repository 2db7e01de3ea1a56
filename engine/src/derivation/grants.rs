//! What is to be granted: for each action and scope, patterns of names.

use super::cover::{Chosen, Dials, Surroundings, cover};
use super::evidence::{Evidence, Group, Kind, Part, Proof};
use super::glob::Glob;
use super::names::Seen;
use super::units::{Unit, Variation};
use super::{Form, Granted, Options, Precision, Unused};
use crate::layer::Layer;
use crate::policy::Policy;
use crate::problem::Source;
use crate::request::{Kind as RequesterKind, Principal};
use crate::statement::Effect;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The evidence that one policy is derived from.
pub(super) struct View<'e> {
    pub(super) options: &'e Options,
    /// The groups of everybody, for the names that exist.
    everything: Vec<(&'e Group, &'e Part)>,
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
}

/// Of how many principals it is tried who can have a grant together.
const TOGETHER: usize = 64;

/// The names that exist, by scope.
type AllKnown<'e> = HashMap<(&'e str, Kind), Known>;

/// A grant: patterns of names for an action.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) action: String,
    pub(super) scope: String,
    pub(super) kind: Kind,
    /// The principals, where the policy or a condition names them.
    pub(super) principals: BTreeSet<String>,
    pub(super) chosen: Vec<Chosen>,
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
        except: BTreeSet::new(),
        refusals: false,
    };
    let text = super::statements::text(&[grant], form);
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
    pub(super) fn new(evidence: &'e Evidence, options: &'e Options, of: Option<&str>) -> Self {
        let everything = evidence.groups();
        let wanted = |principal: &str| {
            (options.principals.is_empty() || options.principals.iter().any(|wanted| wanted == principal))
                && (options.form != Form::IdentityEach || of.is_none_or(|of| of == principal))
        };
        let mut view = Self {
            options,
            everything,
            principals: BTreeSet::new(),
            aside: BTreeSet::new(),
            outside: BTreeSet::new(),
            of: of.map(str::to_owned),
            never: options.never.iter().map(|text| never(text)).collect(),
            known: OnceCell::new(),
        };
        let (mut principals, mut outside) = (BTreeSet::new(), BTreeSet::new());
        for (group, _) in &view.everything {
            if group.proof != Proof::Allowed || !wanted(&group.principal) {
                continue;
            }
            if view.is_about(&group.scope) {
                principals.insert(group.principal.as_str());
            } else if options.form == Form::Bucket && bucket(&group.scope).is_none() {
                outside.insert(group.scope.as_str());
            }
        }
        let cannot = |principal: &&str| !can_be_for(options.form, principal);
        view.aside = principals.iter().copied().filter(cannot).collect();
        view.outside = outside;
        view.principals = principals.difference(&view.aside).copied().collect();
        view
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

    fn of_proof(&self, proof: Proof) -> impl Iterator<Item = (&'e Group, &'e Part)> {
        self.everything.iter().copied().filter(move |(group, _)| {
            group.proof == proof && self.principals.contains(group.principal.as_str()) && self.is_about(&group.scope)
        })
    }

    /// What the principals were allowed.
    pub(super) fn allowed(&self) -> impl Iterator<Item = (&'e Group, &'e Part)> {
        self.of_proof(Proof::Allowed)
    }

    /// What they were refused; and everybody else, where a policy says what everybody may do.
    pub(super) fn refused(&self) -> impl Iterator<Item = (&'e Group, &'e Part)> {
        let for_everybody = self.options.form == Form::Bucket && self.principals.contains("anonymous");
        self.everything.iter().copied().filter(move |(group, _)| {
            // Nothing of a policy is in the way of a root user: what it was refused, something else refused.
            group.proof == Proof::Refused
                && !group.principal.ends_with(":root")
                && (for_everybody || self.principals.contains(group.principal.as_str()))
                && self.is_about(&group.scope)
        })
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

    /// Whether a name may not be granted.
    pub(super) fn is_withheld(&self, scope: &str, name: &str) -> bool {
        let key: Vec<char> = name.chars().collect();
        let arn: Vec<char> = scope.chars().chain(name.chars()).collect();
        self.never.iter().any(|never| never.covers(&key) || never.covers(&arn))
    }

    /// The grants, from what was first seen before a time.
    pub(super) fn grants(&self, precision: Precision, until: Option<i64>) -> Vec<Grant> {
        let dials = Dials::of(precision);
        let mut keys: BTreeMap<Key<'e>, Vec<(&'e Group, &'e Part)>> = BTreeMap::new();
        for (group, part) in self.allowed() {
            keys.entry((&group.action, &group.scope, group.kind)).or_default().push((group, part));
        }
        let known_then = until.map(|until| self.known(Some(until)));
        let known = known_then.as_ref().unwrap_or_else(|| self.all_known());
        let mut grants = Vec::new();
        for (key, groups) in &keys {
            self.grants_of(*key, groups, known, dials, until, &mut grants);
        }
        // A listing of everything holds every listing.
        let whole: BTreeSet<(String, String, BTreeSet<String>)> = grants
            .iter()
            .filter(|grant| grant.kind == Kind::Whole)
            .map(|grant| (grant.action.clone(), grant.scope.clone(), grant.principals.clone()))
            .collect();
        grants.retain(|grant| {
            grant.kind != Kind::Prefix
                || !whole.contains(&(grant.action.clone(), grant.scope.clone(), grant.principals.clone()))
        });
        grants
    }

    fn all_known(&self) -> &AllKnown<'e> {
        self.known.get_or_init(|| self.known(None))
    }

    /// The names that exist, by scope, and how they vary.
    fn known(&self, until: Option<i64>) -> AllKnown<'e> {
        let counts = |seen: &Seen| seen.exists && until.is_none_or(|until| seen.first <= until);
        let of_kind = |group: &Group| group.kind != Kind::Whole && group.proof != Proof::Refused;
        let mut known: HashMap<(&str, Kind), Known> = HashMap::new();
        let rolling = self.options.precision != Precision::Strict;
        // What varies is told by what the principals themselves asked for: others have directories of their own.
        let own = |seen: &Seen| until.is_none_or(|until| seen.first <= until);
        for (group, part) in self.allowed().filter(|(group, _)| group.kind != Kind::Whole) {
            let known = known.entry((&group.scope, group.kind)).or_default();
            known.variation.add(&part.names, group.user(), rolling, &own);
        }
        for (group, part) in self.everything.iter().filter(|(group, _)| of_kind(group)) {
            let known = known.entry((&group.scope, group.kind)).or_default();
            // The names of others are not the user's own.
            let is_own = self.options.form != Form::Bucket && self.principals.contains(group.principal.as_str());
            known.variation.units(&part.names, group.user().filter(|_| is_own), &counts, &mut known.units);
        }
        known.values_mut().flat_map(|known| known.units.values_mut()).for_each(Unit::settle);
        known
    }

    fn grants_of(
        &self,
        (action, scope, kind): Key<'e>,
        groups: &[(&'e Group, &'e Part)],
        known: &AllKnown<'e>,
        dials: Dials,
        until: Option<i64>,
        grants: &mut Vec<Grant>,
    ) {
        let new = |principals: BTreeSet<String>, chosen: Vec<Chosen>| Grant {
            action: action.to_owned(),
            scope: scope.to_owned(),
            kind,
            principals,
            chosen,
            except: BTreeSet::new(),
            refusals: dials.fixed || self.refused().any(|(group, _)| group.action == action && group.scope == scope),
        };
        let counts = |seen: &Seen| until.is_none_or(|until| seen.first <= until);
        let names = |group: &Group| BTreeSet::from([group.principal.clone()]);
        let by_principal = self.options.form == Form::Bucket;
        if kind == Kind::Whole {
            let seen = groups.iter().filter(|(_, part)| part.names.seen().any(counts));
            let seen: Vec<&Group> = seen.map(|(group, _)| *group).collect();
            self.whole_grants(action, scope, &seen, grants);
            return;
        }
        let empty = Known::default();
        let known = known.get(&(scope, kind)).unwrap_or(&empty);
        let units_of = |groups: &[(&'e Group, &'e Part)]| {
            let mut units = BTreeMap::new();
            for (group, part) in groups {
                known.variation.units(&part.names, group.user(), &counts, &mut units);
            }
            for unit in units.values_mut() {
                unit.settle();
                unit.names.retain(|name| !self.is_withheld(scope, &name.text));
            }
            units.retain(|_, unit| !unit.names.is_empty() || !unit.all);
            units
        };
        let of_action =
            |(group, _): &(&Group, &Part)| group.action == action && group.scope == scope && group.kind == kind;
        let refused: Vec<(&Group, &Part)> = self.refused().filter(of_action).collect();
        let within = self.within(action, scope, kind);
        let solve = |groups: &[(&'e Group, &'e Part)], refusals: &[(&Group, &Part)]| -> Vec<Chosen> {
            let units = units_of(groups);
            let around = Surroundings {
                known: known.units.values().filter(|unit| !units.contains_key(&unit.text)).collect(),
                counts: known.units.iter().map(|(text, unit)| (&text[..], unit.count)).collect(),
                refused: self.refused_names(refusals),
                seen_days: groups.iter().flat_map(|(_, part)| &part.days).collect::<BTreeSet<_>>().len(),
                never: self.never_within(scope),
                within: within.clone(),
                days: self.options.min_days,
            };
            cover(&units, &around, dials)
        };
        let own = |principal: &str| -> Vec<(&Group, &Part)> {
            refused.iter().copied().filter(|(group, _)| self.concerns(group, principal)).collect()
        };
        if by_principal {
            for group in groups {
                let chosen = solve(std::slice::from_ref(group), &own(&group.0.principal));
                grants.push(new(names(group.0), chosen));
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
    fn whole_grants(&self, action: &str, scope: &str, groups: &[&Group], grants: &mut Vec<Grant>) {
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
        self.allowed().any(|(group, part)| {
            group.action == refused.action
                && group.scope == refused.scope
                && group.kind == refused.kind
                // What everybody is allowed, all are.
                && (group.principal == refused.principal
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
            let shapes = shapes.filter(|(_, class)| class.sample.values().any(|name| counts(name)));
            names.extend(shapes.map(|(shape, _)| shape.chars().collect()));
        }
        names.into_iter().collect()
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

    /// The patterns of the policies in force that allow an action in a scope: of names, or of prefixes that may be listed.
    /// None if they do not say.
    fn within(&self, action: &str, scope: &str, kind: Kind) -> Vec<Glob> {
        let Ok(action) = crate::request::Action::parse(action) else { return Vec::new() };
        let symbols: Vec<char> = scope.chars().collect();
        let statements = self.options.existing.iter().flat_map(|policy| policy.statements());
        let allows = statements.filter(|statement| {
            statement.effect() == Effect::Allow
                && statement.action().matches(&action)
                && statement.resource().is_some_and(|resource| !resource.is_negated())
        });
        let mut within = Vec::new();
        for statement in allows {
            let entries = statement.resource().into_iter().flat_map(|resource| resource.entries());
            let rests = entries.flat_map(|entry| Glob::of_policy(entry.as_str()).behind(&symbols));
            if kind == Kind::Name {
                within.extend(rests);
                continue;
            }
            if rests.count() == 0 {
                continue;
            }
            let mut prefixes = statement.conditions().tests().iter().filter(|test| test.key().folded() == "s3:prefix");
            match prefixes.next() {
                Some(test) => within.extend(test.values().iter().map(|value| Glob::of_policy(value.as_str()))),
                None => return Vec::new(),
            }
        }
        within
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
            for (name, _) in part.names.samples().filter(|(_, seen)| seen.last > cut) {
                all += 1;
                let name = Spelled::new(name, group.user());
                covered += u64::from(grants.iter().any(|grant| grant.holds(&name)));
            }
        }
        (all > 0).then(|| covered as f64 / all as f64)
    }

    fn time(&self) -> Option<(i64, i64)> {
        let seen = || self.allowed().flat_map(|(_, part)| part.names.seen());
        Some((seen().map(|seen| seen.first).min()?, seen().map(|seen| seen.last).max()?))
    }

    /// On how many days there is evidence.
    pub(super) fn days(&self) -> usize {
        self.allowed().flat_map(|(_, part)| &part.days).collect::<BTreeSet<_>>().len()
    }

    /// Whether names of new kinds had stopped to come before the last quarter of the time, after three days at least.
    pub(super) fn is_saturated(&self) -> bool {
        let Some((first, last)) = self.time() else { return false };
        let late = last - (last - first) / 4;
        let known = self.all_known();
        let counts = |_: &Seen| true;
        let mut newest = first;
        for (group, part) in self.allowed() {
            if group.kind == Kind::Whole {
                newest = part.names.seen().map(|seen| seen.first).chain([newest]).max().unwrap_or(newest);
                continue;
            }
            let Some(known) = known.get(&(group.scope.as_str(), group.kind)) else { continue };
            let mut units = BTreeMap::new();
            known.variation.units(&part.names, group.user(), &counts, &mut units);
            newest = units.values().map(|unit| unit.seen.first).chain([newest]).max().unwrap_or(newest);
        }
        self.days() >= 3 && newest <= late
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

/// The names of a scope that exist.
#[derive(Debug, Default)]
struct Known {
    variation: Variation,
    units: BTreeMap<Vec<char>, Unit>,
}

/// A pattern of names from what a user wrote, with `*`.
fn never(text: &str) -> Glob {
    Glob::written(text)
}

impl Group {
    /// The ARN of the resource that a request of the group was about.
    pub(super) fn resource(&self, name: &str) -> String {
        if self.kind == Kind::Name { format!("{}{name}", self.scope) } else { self.scope.clone() }
    }
}

/// A name as it is, and with the user's own name as that if it is in it.
struct Spelled {
    plain: Vec<char>,
    own: Option<Vec<char>>,
}

impl Spelled {
    fn new(name: &str, user: Option<&str>) -> Self {
        let own = user.filter(|user| name.contains(user)).map(|user| {
            let mut shape = super::shape::Shape::default();
            shape.read(name, Some(user));
            super::units::with_user(&shape, name)
        });
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
