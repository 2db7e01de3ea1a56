//! What policies would have said to a logged request.

use super::addresses::{self, Addresses};
use super::logged::{Bucket, Logged, Part};
use super::requester::Requester;
use super::texts::{ByClient, ByText, Client, OF_CLIENT, OF_REQUESTER};
use super::times::{self, Times};
use crate::arn::{AccountId, Arn};
use crate::condition::ConditionTest;
use crate::decision::{Blocker, Decision, LayerOutcome, Outcome, ServiceRule};
use crate::index::CompiledSet;
use crate::instant::Instant;
use crate::key::ConditionKey;
use crate::layer::Layer;
use crate::pattern::{Few, Pattern};
use crate::policy::{Policies, Policy, PolicySet};
use crate::principal::PrincipalElement;
use crate::request::{Action, Context, Facts, Principal, Request, Resource};
use crate::resource::ResourcePattern;
use crate::statement::{Effect, Statement, StatementId};
use crate::truth::Truth;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The policies to hold requests against, and what no log says.
#[derive(Debug, Default)]
pub struct Judge {
    /// The policies that concern every request.
    pub policies: PolicySet,
    /// Identity policies of single principals, by the ARN that [`Judge::principal`] gives them.
    pub identities: HashMap<String, Policies>,
    /// The policies of single buckets, by name.
    pub buckets: HashMap<String, Policies>,
    /// Facts that hold for every request, but for its time.
    pub facts: Facts,
    /// The account behind a canonical id.
    pub canonical_ids: HashMap<String, AccountId>,
    /// The ARNs of roles with their paths, by account and name.
    pub roles: HashMap<(AccountId, String), String>,
    /// The account that owns the buckets, where no canonical id says so.
    pub owner: Option<AccountId>,
}

/// What surrounds the requests of one requester on one bucket; on several, for copies.
#[derive(Debug)]
pub struct Around {
    /// The requester's name in reports.
    pub name: String,
    /// The policies.
    policies: Arc<Looking>,
    /// The bucket that they are about.
    bucket: String,
    /// The policies of further buckets, by name.
    others: Vec<(String, Arc<Looking>)>,
    /// Whether the requester is a session of a role whose path is not known, and the policies look at it.
    pub path_is_assumed: bool,
    principal: Result<Principal, &'static str>,
}

/// Policies, compiled, and what of a request they look at.
#[derive(Debug)]
pub struct Looking {
    set: CompiledSet,
    keys: Keys,
    /// Whether the verdict on requests that differ in their resource, prefix, client, address and time hangs on nothing else.
    is_steady: bool,
    /// Which addresses are the same to the policies, if they look at them, and which times.
    addresses: Option<Arc<Addresses>>,
    times: Option<Arc<Times>>,
    /// Whether a resource-based policy names roles.
    names_roles: bool,
}

impl Looking {
    fn of(policies: PolicySet, by_origin: bool) -> Self {
        let keys = Keys::of(policies.policies(), by_origin);
        let mut of_resource = policies.resource.iter().chain(&policies.access_point);
        let names_roles = of_resource.any(|policy| policy.source().text().contains(":role/"));
        let by_address = addresses::KEYS.iter().any(|key| keys.has(key));
        let addresses = by_address.then(|| Addresses::of(policies.policies()));
        let by_time = times::KEYS.iter().any(|key| keys.has(key));
        let times = by_time.then(|| Times::of(policies.policies()));
        let is_steady = is_steady(&keys) && !matches!(addresses, Some(None)) && !matches!(times, Some(None));
        Self {
            is_steady,
            addresses: addresses.flatten().map(Arc::new),
            times: times.flatten().map(Arc::new),
            keys,
            names_roles,
            set: CompiledSet::new(policies),
        }
    }

    fn has_resource_policies(&self) -> bool {
        let policies = self.set.policies();
        !policies.resource.is_empty() || !policies.access_point.is_empty()
    }
}

/// The policies of a [`Judge`], compiled: once for all requesters and buckets that have none of their own.
#[derive(Debug, Default)]
pub struct Compiled {
    /// By the requester and the bucket with policies of their own.
    sets: HashMap<(Option<String>, Option<String>), Arc<Looking>>,
}

/// The condition keys that policies look at, in lower case. They are few.
#[derive(Debug, Clone, Default)]
struct Keys(Vec<String>);

impl Keys {
    /// The keys that the conditions and variables of policies name, and those that the service itself looks at.
    fn of<'p>(policies: impl Iterator<Item = &'p Arc<Policy>>, by_origin: bool) -> Self {
        let statements: Vec<&Statement> = policies.flat_map(|policy| policy.statements()).collect();
        let tested = statements.iter().flat_map(|statement| statement.conditions().tests());
        let inserted = statements.iter().flat_map(|statement| statement.variables());
        let names = tested.map(|test| test.key()).chain(inserted);
        let mut names: HashSet<String> = names.map(|key| key.folded().to_owned()).collect();
        // Where a request came from is told by several keys, of which one rules out others.
        const HEADS: [&str; 4] = ["aws:vpc", "aws:sourcevpc", "aws:sourceip", "s3:accesspointnetworkorigin"];
        if by_origin || names.iter().any(|name| HEADS.iter().any(|head| name.starts_with(head))) {
            names.extend(addresses::KEYS.map(str::to_owned));
        }
        Self(names.into_iter().collect())
    }

    fn has(&self, key: &str) -> bool {
        if key.is_ascii() {
            self.0.iter().any(|known| known.eq_ignore_ascii_case(key))
        } else {
            self.0.contains(&key.to_lowercase())
        }
    }
}

/// What the verdict on requests for a bucket or its objects hangs on, if they differ in nothing but the name of their
/// resource, the prefix that they ask for, their client, the address they come from and their time: which of some patterns
/// match the resource, the prefix and what the client says, or on the prefix itself, and perhaps on the networks that the
/// address is in and on the instants that the time lies between.
#[derive(Debug, Default)]
pub struct Outlook {
    /// Patterns of what stands behind the scope.
    patterns: Few,
    /// The part of the scope that they do not say anything of, because not all of them begin with it.
    head: String,
    prefix: ByText,
    client: ByClient,
    /// Whether it hangs on the number of the address, too.
    pub addresses: Option<Arc<Addresses>>,
    /// The same of the time.
    pub times: Option<Arc<Times>>,
}

impl Outlook {
    /// Which patterns match a name in the scope, which is UTF-8, a bit for each. `room` is for texts that have to be put
    /// together.
    #[must_use]
    pub fn matching(&self, name: &[u8], room: &mut Vec<u8>) -> u64 {
        let text = if self.head.is_empty() {
            name
        } else {
            room.clear();
            room.extend_from_slice(self.head.as_bytes());
            room.extend_from_slice(name);
            room
        };
        self.patterns.matching(text)
    }

    /// Whether the verdict hangs on the prefix.
    #[must_use]
    pub fn hangs_on_prefix(&self) -> bool {
        !self.prefix.is_not()
    }

    /// Which patterns match a prefix, a bit for each. `None` if the verdict hangs on something else of it.
    #[must_use]
    pub fn matching_prefix(&self, prefix: &str) -> Option<u64> {
        self.prefix.matching(prefix)
    }

    /// Whether the verdict hangs on what the client says of itself.
    #[must_use]
    pub fn hangs_on_client(&self) -> bool {
        !self.client.is_not()
    }

    /// A number that clients have in common that are the same to the policies.
    #[must_use]
    pub fn client(&self, client: &Client<'_>) -> u64 {
        self.client.number(client)
    }
}

impl Judge {
    /// What the verdict on requests like this one hangs on, which is on what the scope of its first fact holds. `None` if
    /// it may hang on something else, or on too many patterns.
    #[must_use]
    pub fn outlook(&self, logged: &impl Logged, around: &Around) -> Option<Outlook> {
        if around.principal.is_err() {
            return around.only_outlook();
        }
        let facts = logged.facts();
        let [fact] = &facts[..] else { return None };
        if !around.is_steady() {
            return None;
        }
        // What goes through an access point is asked of the bucket behind it, too.
        let end = if fact.part == Part::Name { "/" } else { "" };
        let behind = logged.bucket_of(fact).behind.map(|bucket| bucket + end);
        let mut outlook = None;
        let context = logged.context_of(&|key| around.looks_at(key));
        let asked = self.ask(logged, around, &context, |_, request| {
            outlook = around.outlook(&fact.action, [Some(&*fact.scope), behind.as_deref()], request);
        });
        asked.ok().and(outlook)
    }
}

impl Around {
    /// The policies that are asked about a bucket.
    fn of_bucket(&self, bucket: &str) -> &Looking {
        self.others.iter().find(|(name, _)| name == bucket).map_or(&self.policies, |(_, policies)| policies)
    }

    /// The names of the buckets that the requests are for.
    pub fn buckets(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.bucket).chain(self.others.iter().map(|(name, _)| &**name))
    }

    fn all(&self) -> impl Iterator<Item = &Looking> {
        std::iter::once(&*self.policies).chain(self.others.iter().map(|(_, policies)| &**policies))
    }

    fn is_steady(&self) -> bool {
        self.all().all(|policies| policies.is_steady)
    }

    fn looks_at(&self, key: &str) -> bool {
        self.all().any(|policies| policies.keys.has(key))
    }

    /// What the verdict on requests hangs on that differ in nothing that the policies look at. `None` if they may look at
    /// something else.
    #[must_use]
    pub fn only_outlook(&self) -> Option<Outlook> {
        // Of somebody that policies do not know nothing can be asked.
        if self.principal.is_err() {
            return Some(Outlook::default());
        }
        let Looking { addresses, times, .. } = &*self.policies;
        let looks_further = |policies: &Looking| policies.addresses.is_some() || policies.times.is_some();
        let by_client = OF_CLIENT.iter().any(|key| self.looks_at(key));
        let is_steady =
            self.is_steady() && !by_client && !self.others.iter().any(|(_, policies)| looks_further(policies));
        is_steady.then(|| Outlook { addresses: addresses.clone(), times: times.clone(), ..Outlook::default() })
    }

    fn outlook(&self, action: &Action, scopes: [Option<&str>; 2], request: &Request<'_>) -> Option<Outlook> {
        let of_s3 = |scope| Arn::parse(scope).filter(|scope| scope.service == "s3");
        let scopes: SmallVec<[Arn<'_>; 2]> = scopes.into_iter().flatten().map(of_s3).collect::<Option<_>>()?;
        let mut concerned = self.policies.set.about(action);
        let concerns = |statement: &Statement| scopes.iter().any(|scope| may_be_about(statement, scope));
        concerned.retain(|statement| concerns(statement) && !is_idle(statement, request));
        let mut found: Vec<(&Arn<'_>, Pattern)> = Vec::new();
        let resources = concerned.iter().filter_map(|statement| statement.resource());
        let entries = resources.flat_map(|resource| resource.entries());
        for (entry, scope) in entries.flat_map(|entry| scopes.iter().map(move |scope| (entry, scope))) {
            let Some(rest) = entry.last_part_within(scope) else { continue };
            if rest.variables().any(|variable| !OF_REQUESTER.contains(&variable.key().folded())) {
                return None;
            }
            let pattern = (scope, rest.widened(request));
            if !pattern.1.begins_otherwise(scope.resource) && !found.contains(&pattern) {
                found.push(pattern);
            }
        }
        if found.len() > Few::MOST {
            return None;
        }
        let behind: Option<Vec<Pattern>> =
            found.iter().map(|(scope, pattern)| pattern.behind(scope.resource)).collect();
        let prefix = ByText::of("s3:prefix", Few::MOST, &concerned, request);
        let client = ByClient::of(&concerned, request)?;
        let Looking { addresses, times, .. } = &*self.policies;
        let (patterns, head) = match (behind, &scopes[..]) {
            (Some(patterns), _) => (patterns, ""),
            (None, [scope]) => (found.into_iter().map(|(_, pattern)| pattern).collect(), scope.resource),
            (None, _) => return None,
        };
        Some(Outlook {
            patterns: Few::new(patterns),
            head: head.to_owned(),
            prefix,
            client,
            addresses: addresses.clone(),
            times: times.clone(),
        })
    }
}

/// Whether a statement can be about something in a scope, as the beginnings of its resources say.
fn may_be_about(statement: &Statement, scope: &Arn<'_>) -> bool {
    let may_be = |entry: &ResourcePattern| entry.is_everything() || entry.last_part_within(scope).is_some();
    statement.resource().is_none_or(|resource| resource.is_negated() || resource.entries().iter().any(may_be))
}

/// Whether a statement applies to no request that differs from this one in its resource, prefix, client, address and time
/// only: a condition on something else does not hold.
fn is_idle(statement: &Statement, request: &Request<'_>) -> bool {
    let is_steady = |key: &ConditionKey| {
        let key = key.folded();
        let varies = addresses::KEYS.contains(&key) || times::KEYS.contains(&key) || OF_CLIENT.contains(&key);
        key != "s3:prefix" && !varies
    };
    let fails = |test: &ConditionTest| is_steady(test.key()) && test.evaluate(request).truth == Truth::False;
    statement.variables().all(is_steady) && statement.conditions().tests().iter().any(fails)
}

/// Whether policies look at nothing that is of one request only, but for its resource, prefix, client, address and time.
fn is_steady(keys: &Keys) -> bool {
    const OF_ONE_REQUEST: [&str; 4] = ["sts:rolesessionname", "s3:signatureage", "s3:delimiter", "s3:max-keys"];
    !OF_ONE_REQUEST.iter().any(|key| keys.has(key))
}

impl Judge {
    /// Whether it counts where a request came from because an access point may be bound to a VPC (R7.36).
    fn asks_origin(&self) -> bool {
        self.facts.restrict_public_buckets && !self.policies.access_point.is_empty()
    }

    /// All policies, whomever they concern.
    fn all(&self) -> impl Iterator<Item = &Arc<Policy>> {
        let single = self.identities.values().chain(self.buckets.values()).flatten();
        self.policies.policies().chain(single)
    }

    /// Whether policies tell sessions of a role apart: those do that name one, look at its unique id, or name that of a role,
    /// of which roles of one name can have one after another.
    #[must_use]
    pub fn tells_sessions_apart(&self) -> bool {
        if self.keys().any(|key| key == "aws:userid") {
            return true;
        }
        let statements = self.all().flat_map(|policy| policy.statements());
        let mut named = statements.filter_map(|statement| statement.principal()).flat_map(PrincipalElement::entries);
        named.any(|entry| entry.is_session() || entry.is_unique_id())
    }

    /// The condition keys that policies look at, in lower case.
    pub fn keys(&self) -> impl Iterator<Item = String> {
        Keys::of(self.all(), self.asks_origin()).0.into_iter()
    }
}

/// Whether nothing but the resource's own policy stands against a request, and that one is not given. Access points have
/// one beside the bucket's: of the two, the one that is given has to allow.
fn is_for_resource_to_say(policies: &CompiledSet, request: &Request<'_>, outcome: &Outcome) -> bool {
    let by_resource = |blocker: Blocker| matches!(blocker, Blocker::Layer(Layer::Resource) | Blocker::Service);
    let is_left_to_it = outcome.decision == Decision::ImplicitDeny
        && matches!(outcome.service, None | Some(ServiceRule::AccountNotTrusted))
        && outcome.blocked_by.iter().all(by_resource);
    let given = policies.policies();
    let lacks_one = || request.on_bucket().is_some() && (given.resource.is_empty() || given.access_point.is_empty());
    let one_allows = || {
        policies.explain(request).statements.iter().any(|report| {
            let allows = report.statement.effect() == Effect::Allow && !report.applies.is_false();
            report.at.layer == Layer::Resource && allows
        })
    };
    is_left_to_it && (outcome.layer(Layer::Resource) == LayerOutcome::Absent || lacks_one() && one_allows())
}

/// A context in which nothing is known of the account that owns the resource. That it is the requester's own decides which
/// policies have to allow, and is no value for a condition.
fn with_unknown_owner(mut context: Context) -> Context {
    for key in ["aws:ResourceAccount", "s3:ResourceAccount"] {
        context.mark_unknown(key);
    }
    context
}

/// What policies say to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every action it needs is allowed.
    Allowed,
    /// One is not.
    Denied,
    /// It hangs on condition keys that the log does not tell, these.
    Undecided(Vec<String>),
    /// The request cannot be asked: what is missing.
    Unasked(&'static str),
}

impl Judge {
    /// Who sent a request, as policies know them: a session is its role.
    ///
    /// `None` for somebody that no policy can be asked about, such as a canonical id whose account is not known.
    #[must_use]
    pub fn principal(&self, requester: Requester<'_>, role_arn: Option<&str>) -> Option<String> {
        match requester {
            Requester::Anonymous => Some("anonymous".to_owned()),
            Requester::Service(name) => Some(name.to_owned()),
            Requester::Canonical(id) => {
                self.canonical_ids.get(id).map(|account| format!("arn:aws:iam::{account}:root"))
            }
            Requester::Itself | Requester::Other(_) => None,
            Requester::Identity(_) if role_arn.is_some() => role_arn.map(str::to_owned),
            Requester::Identity(arn) => Some(match requester.role() {
                None => arn.to_owned(),
                Some((account, role)) => self.roles.get(&(account, role.to_owned())).cloned().unwrap_or_else(|| {
                    let partition = Arn::parse(arn).map_or("aws", |arn| arn.partition);
                    format!("arn:{partition}:iam::{account}:role/{role}")
                }),
            }),
        }
    }

    /// The same of a request. The owner of the bucket is the root user of the account that owns it.
    #[must_use]
    pub fn principal_of(&self, logged: &(impl Logged + ?Sized)) -> Option<String> {
        self.principal(logged.requester(), logged.role_arn()).or_else(|| match logged.requester() {
            Requester::Canonical(id) if id == logged.owner() => {
                let facts = logged.facts();
                let bucket = facts.first().map(|fact| logged.bucket_of(fact)).unwrap_or_default();
                self.owner_of(logged, &bucket).map(|account| format!("arn:aws:iam::{account}:root"))
            }
            _ => None,
        })
    }

    /// The account that owns what a request is about, if that is known.
    fn owner_of(&self, logged: &(impl Logged + ?Sized), bucket: &Bucket<'_>) -> Option<AccountId> {
        self.canonical_ids.get(logged.owner()).copied().or(bucket.account).or(self.owner)
    }

    /// What surrounds the requests of whoever sent this one, on the same bucket.
    #[must_use]
    pub fn around(&self, logged: &impl Logged, compiled: &mut Compiled) -> Around {
        let name = self.principal_of(logged).unwrap_or_else(|| "unknown".to_owned());
        let facts = logged.facts();
        let mut buckets: Vec<String> = facts.iter().map(|fact| logged.bucket_of(fact).name.into_owned()).collect();
        buckets.dedup();
        let first = if buckets.is_empty() { String::new() } else { buckets.remove(0) };
        let policies = self.looking(&name, &first, compiled);
        let others = buckets.into_iter().map(|bucket| (self.looking(&name, &bucket, compiled), bucket));
        let others: Vec<(String, Arc<Looking>)> = others.map(|(policies, bucket)| (bucket, policies)).collect();
        let role = logged.requester().role().filter(|_| logged.role_arn().is_none());
        let has_no_path = role.is_some_and(|(account, role)| !self.roles.contains_key(&(account, role.to_owned())));
        let principal = self.engine_principal(logged);
        let around = Around { path_is_assumed: false, principal, name, policies, bucket: first, others };
        let looks = |policies: &Looking| policies.keys.has("aws:PrincipalArn") || policies.names_roles;
        Around { path_is_assumed: has_no_path && around.all().any(looks), ..around }
    }

    /// The policies that concern a principal and a bucket.
    fn looking(&self, principal: &str, bucket: &str, compiled: &mut Compiled) -> Arc<Looking> {
        let identities = self.identities.get_key_value(principal);
        let of_bucket = self.buckets.get_key_value(bucket);
        let own = (identities.map(|(name, _)| name.clone()), of_bucket.map(|(bucket, _)| bucket.clone()));
        let looking = compiled.sets.entry(own).or_insert_with(|| {
            let mut policies = self.policies.clone();
            policies.identity.extend(identities.into_iter().flat_map(|(_, own)| own).cloned());
            policies.resource.extend(of_bucket.into_iter().flat_map(|(_, own)| own).cloned());
            Arc::new(Looking::of(policies, self.asks_origin()))
        });
        Arc::clone(looking)
    }

    /// What the policies say to the actions that a request needed.
    #[must_use]
    pub fn verdict(&self, logged: &impl Logged, around: &Around) -> Verdict {
        let mut verdict = Verdict::Allowed;
        let mut lacks_policy = false;
        let context = logged.context_of(&|key| around.looks_at(key));
        let asked = self.ask(logged, around, &context, |policies, request| {
            let outcome = policies.decide(request);
            if is_for_resource_to_say(policies, request, &outcome) {
                lacks_policy = true;
                return;
            }
            verdict = match (outcome.decision, std::mem::replace(&mut verdict, Verdict::Allowed)) {
                (Decision::ExplicitDeny | Decision::ImplicitDeny, _) | (_, Verdict::Denied) => Verdict::Denied,
                (Decision::Depends, earlier) => {
                    let explanation = policies.explain(request);
                    let mut keys = explanation.dependence.map(|dependence| dependence.keys).unwrap_or_default();
                    if let Verdict::Undecided(earlier) = earlier {
                        keys.extend(earlier);
                    }
                    keys.sort();
                    keys.dedup();
                    Verdict::Undecided(keys)
                }
                (Decision::Allowed, earlier) => earlier,
            };
        });
        match asked {
            Err(_) if verdict == Verdict::Denied => verdict,
            Err(why) => Verdict::Unasked(why),
            Ok(()) if lacks_policy && verdict != Verdict::Denied => {
                Verdict::Unasked("the resource's own policy has to allow it, and is not given")
            }
            Ok(()) => verdict,
        }
    }

    /// The statements that decide about a request, each by its policy's name and its place therein: for its first action
    /// that is denied, or else its first.
    #[must_use]
    pub fn deciding(&self, logged: &impl Logged, around: &Around) -> Vec<(String, usize)> {
        let mut found: Option<(bool, Vec<(String, usize)>)> = None;
        let context = logged.context_of(&|_| true);
        let asked = self.ask(logged, around, &context, |policies, request| {
            let explanation = policies.explain(request);
            let denied =
                |outcome: &Outcome| matches!(outcome.decision, Decision::ExplicitDeny | Decision::ImplicitDeny);
            let is_denied = denied(&explanation.outcome);
            if found.as_ref().is_none_or(|(earlier, _)| is_denied && !earlier) {
                let named = |at: &StatementId| {
                    let (policy, _) = policies.policies().find(*at)?;
                    Some((policy.source().name().to_owned(), at.statement))
                };
                found = Some((is_denied, explanation.decided_by.iter().filter_map(named).collect()));
            }
        });
        asked.ok().and(found).map(|(_, statements)| statements).unwrap_or_default()
    }

    /// Makes the requests of an observation, one for each action it needs, and shows them to `look` with the policies that
    /// concern them.
    fn ask(
        &self,
        logged: &impl Logged,
        around: &Around,
        context: &Context,
        mut look: impl FnMut(&CompiledSet, &Request<'_>),
    ) -> Result<(), &'static str> {
        let principal = around.principal.as_ref().map_err(|why| *why)?;
        let needed = logged.facts();
        if needed.is_empty() {
            return Err("what it needed is not known");
        }
        for fact in &needed {
            let bucket = logged.bucket_of(fact);
            let policies = around.of_bucket(&bucket.name);
            let owner = self.owner_of(logged, &bucket);
            let context = logged.context_for(fact, context).map_or(Cow::Borrowed(context), Cow::Owned);
            let context = &match owner {
                Some(_) => context,
                None => Cow::Owned(with_unknown_owner(context.into_owned())),
            };
            let resource = fact.resource();
            let resource = Resource::parse(&resource).map_err(|_| "the resource has no ARN")?;
            let mut facts = self.facts.clone().at(Instant::from_seconds(logged.time()));
            facts.access_point_bucket = bucket.behind;
            let request = Request::new(principal, &fact.action, resource, owner, context, &facts);
            let request = request.map_err(|_| "what the log says of the request contradicts itself")?;
            let asks_bucket = policies.has_resource_policies() || !self.buckets.is_empty();
            if asks_bucket && request.lacks_bucket() {
                return Err("the bucket behind the access point is not known");
            }
            look(&policies.set, &request);
        }
        Ok(())
    }

    fn engine_principal(&self, logged: &impl Logged) -> Result<Principal, &'static str> {
        let (requester, role_arn) = (logged.requester(), logged.role_arn());
        let unknown = "the requester is nobody that policies name";
        let principal = match requester {
            // The name of a session can be one that no session has, such as one that was masked.
            Requester::Identity(arn) => Principal::parse(arn).or_else(|_| {
                let role = requester.role().filter(|_| !self.tells_sessions_apart());
                let role = role.and_then(|_| self.principal(requester, role_arn)).ok_or(unknown)?;
                Principal::parse(&role).map_err(|_| unknown)
            })?,
            Requester::Canonical(_) => {
                let root = self.principal_of(logged).ok_or("the account of the canonical id is not known")?;
                Principal::parse(&root).map_err(|_| unknown)?
            }
            other => Principal::parse(&self.principal(other, None).ok_or(unknown)?).map_err(|_| unknown)?,
        };
        let identified = logged.unique_id().and_then(|id| principal.clone().with_id(id).ok());
        let principal = identified.unwrap_or(principal);
        let known = requester.role().and_then(|(account, role)| self.roles.get(&(account, role.to_owned())));
        match role_arn.filter(|_| requester.role().is_some()).or(known.map(String::as_str)) {
            Some(arn) => principal.with_role_arn(arn).map_err(|_| "the role's ARN does not fit its session"),
            None => Ok(principal),
        }
    }
}
