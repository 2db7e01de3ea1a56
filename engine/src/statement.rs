//! A statement: its elements put together, and the one place where a statement is held against a request
//! (SEMANTICS R0.2, §1.2, §1.5).

use crate::action::ActionElement;
use crate::condition::{ConditionBlock, Evaluation, Literals};
use crate::document::{Member, Node, Value};
use crate::key::ConditionKey;
use crate::layer::{Layer, Rule};
use crate::principal::{Class, Classes, PrincipalElement, PrincipalMatch};
use crate::problem::{Code, Problem, Span, edit_distance};
use crate::request::{EndpointType, Kind, Request};
use crate::resource::ResourceElement;
use crate::truth::Truth;
use compact_str::CompactString;

/// What a statement does when it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies, whatever else allows.
    Deny,
}

impl Effect {
    /// The word in a policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

/// A statement, compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    span: Span,
    sid: Option<CompactString>,
    effect: Effect,
    principal: Option<PrincipalElement>,
    action: ActionElement,
    resource: Option<ResourceElement>,
    conditions: ConditionBlock,
}

/// Where a statement stands among the policies of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatementId {
    /// The layer its policy belongs to.
    pub layer: Layer,
    /// Whether its policy is that of the access point, in the layer of resource-based policies.
    pub access_point: bool,
    /// The level in the organization, root first, from 0; 0 in the other layers.
    pub level: usize,
    /// The policy among those of its layer or level, from 0.
    pub policy: usize,
    /// The statement in its policy, from 0.
    pub statement: usize,
}

/// What is around a policy and bears on how its statements match.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surroundings {
    pub(crate) layer: Layer,
    /// The requester has a permissions boundary (R4.29).
    pub(crate) bounded: bool,
    /// The policy belongs to a VPC endpoint of this type (R4.12).
    pub(crate) endpoint: Option<EndpointType>,
    /// The request is asked of the bucket behind an access point (R9.12).
    pub(crate) on_bucket: bool,
}

/// Told about every statement that is looked at. What is told costs nothing when nobody listens.
///
/// The recorder `()` keeps nothing, and statements stop at the first element that does not match; with a recorder
/// that keeps, every element is examined.
pub trait Record {
    /// Whether anything is kept.
    const KEEPS: bool = false;
    /// Whether nothing but the decision counts, so that an explicit deny ends the matter.
    const HASTY: bool = false;
    /// What is told from here on is about the statement `_at`, until the next; `_on_bucket` is whether the request is asked
    /// of the bucket behind an access point.
    fn begin(&mut self, _at: StatementId, _on_bucket: bool) {}
    /// Whether the statement is about the requester.
    fn principal(&mut self, _matched: PrincipalMatch) {}
    /// Whether the action matches.
    fn action(&mut self, _matches: bool) {}
    /// Whether the resource matches.
    fn resource(&mut self, _matches: Truth) {}
    /// What a test of the condition comes to, in the order of the policy.
    fn condition(&mut self, _evaluation: Evaluation) {}
    /// Whether the statement applies.
    fn end(&mut self, _applies: Truth) {}
    /// A rule whose reading is not certain mattered.
    fn unsettled(&mut self, _rule: Rule) {}
}

impl Record for () {}

/// The recorder for whom nothing but the decision counts.
pub(crate) struct Hasty;

impl Record for Hasty {
    const HASTY: bool = true;
}

/// Which elements of a statement are known to match.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Known {
    pub(crate) action: bool,
    pub(crate) resource: bool,
}

/// What holding a statement against a request gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Examined {
    pub(crate) applies: Truth,
    /// How the statement names the requester.
    pub(crate) classes: Classes,
    /// Whether it is about the action, as far as that was looked at.
    pub(crate) action: bool,
}

impl Statement {
    /// The statement's place in its source.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// The `Sid`, if there is one.
    #[must_use]
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// Whether it allows or denies.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The `Principal` or `NotPrincipal` element.
    #[must_use]
    pub fn principal(&self) -> Option<&PrincipalElement> {
        self.principal.as_ref()
    }

    /// The `Action` or `NotAction` element.
    #[must_use]
    pub fn action(&self) -> &ActionElement {
        &self.action
    }

    /// The `Resource` or `NotResource` element. Without one the statement covers what its policy is attached to.
    #[must_use]
    pub fn resource(&self) -> Option<&ResourceElement> {
        self.resource.as_ref()
    }

    /// The `Condition` element; empty where there is none.
    #[must_use]
    pub fn conditions(&self) -> &ConditionBlock {
        &self.conditions
    }

    /// Holds the statement against a request: it applies if principal, action, resource and condition all match (R0.2).
    pub(crate) fn examine<R: Record>(
        &self,
        request: &Request<'_>,
        around: Surroundings,
        known: Known,
        record: &mut R,
    ) -> Examined {
        let not = Examined { applies: Truth::False, classes: Classes::NONE, action: false };
        let named = self.names(request, around);
        record.principal(named);
        if !R::KEEPS && named.classes.is_none() {
            return not;
        }
        let action = known.action || self.action.matches(request.action());
        record.action(action);
        if !R::KEEPS && !action {
            return not;
        }
        let (resource, conditions) = self.on_resource(request, known, record);
        let concerned = Truth::from(!named.classes.is_none() && action);
        let applies = concerned.and(resource).and(conditions);
        record.end(applies);
        Examined { applies, classes: if applies.is_false() { Classes::NONE } else { named.classes }, action }
    }

    /// Whether resource and condition match, as far as it matters. Most statements are not about the action.
    #[inline(never)]
    fn on_resource<R: Record>(&self, request: &Request<'_>, known: Known, record: &mut R) -> (Truth, Truth) {
        let resource = self.resource.as_ref().filter(|_| !known.resource);
        let resource = resource.map_or(Truth::True, |element| element.matches(request));
        record.resource(resource);
        if !R::KEEPS && resource.is_false() {
            return (resource, Truth::False);
        }
        let mut conditions = Truth::from(!self.conditions.is_unreadable());
        for test in self.conditions.tests() {
            let evaluation = test.evaluate(request);
            record.condition(evaluation);
            conditions = conditions.and(evaluation.truth);
            if !R::KEEPS && conditions.is_false() {
                break;
            }
        }
        (resource, conditions)
    }

    /// How the statement names the requester. Policies without principals are about whoever they are attached to.
    #[inline]
    fn names(&self, request: &Request<'_>, around: Surroundings) -> PrincipalMatch {
        let matched = |classes| PrincipalMatch { classes, chain_matters: false, boundary_forces: false };
        match (&self.principal, around.layer) {
            (_, Layer::Identity | Layer::Boundary | Layer::Session | Layer::Scp) => matched(Class::Anyone.into()),
            (Some(principal), Layer::Resource | Layer::Rcp | Layer::Endpoint) => {
                principal.matches(request, self.effect == Effect::Deny, around.bounded, around.endpoint)
            }
            // A statement without a principal in a policy that needs one never applies (R1.29).
            (None, Layer::Resource | Layer::Rcp | Layer::Endpoint) => matched(Classes::NONE),
        }
    }

    /// Whether the statement is about the resource of a request, as far as it says, or nearly so.
    pub(crate) fn is_near(&self, request: &Request<'_>) -> bool {
        let near = |element: &ResourceElement| {
            let close = |entry: &crate::resource::ResourcePattern| {
                !matches!(entry.fit(request), crate::pattern::Fit::No) || entry.differs_by_case(request)
            };
            element.is_negated() || element.entries().iter().any(close)
        };
        self.resource.as_ref().is_none_or(near)
    }

    /// The rules marked as unsure that bear on how the statement came out for a request it is otherwise about.
    pub(crate) fn unsettled(&self, request: &Request<'_>, around: Surroundings) -> Vec<Rule> {
        let mut rules = Vec::new();
        if let Some(principal) = self.principal.as_ref().filter(|_| around.layer.has_principals()) {
            if self.names(request, around).chain_matters {
                rules.extend([Rule("R4.27"), Rule("R4.28")]);
            }
            let impersonal = matches!(request.principal().kind(), Kind::Service | Kind::IdentityProvider);
            let every_identity = principal.entries().iter().any(|entry| entry.is_wildcard() && entry.as_str() == "*");
            if impersonal && every_identity && self.names(request, around).classes.is_none() {
                rules.push(Rule("R4.4"));
            }
        }
        let wild = |entry: &&crate::action::ActionPattern| entry.service().is_none() && !entry.is_everything();
        if self.action.entry_for(request.action()).as_ref().is_some_and(wild) {
            rules.push(Rule("R2.4"));
        }
        if let Some(element) = &self.resource {
            for entry in element.entries() {
                let fit = entry.fit(request);
                match fit {
                    crate::pattern::Fit::Yes if request.matched_as().is_some() && !entry.is_everything() => {
                        rules.push(Rule("R3.24"));
                    }
                    crate::pattern::Fit::Yes | crate::pattern::Fit::No if entry.is_short() => rules.push(Rule("R3.11")),
                    crate::pattern::Fit::Unresolved(variable) if variable.default().is_some() => {
                        rules.push(Rule("R3.21"))
                    }
                    crate::pattern::Fit::Unresolved(_) if element.is_negated() => rules.push(Rule("R3.20")),
                    crate::pattern::Fit::No if entry.would_fit_across_colons(request.asked_of()) => {
                        rules.push(Rule("R3.4"))
                    }
                    crate::pattern::Fit::No if entry.differs_by_case(request) => rules.push(Rule("R3.10")),
                    _ => {}
                }
            }
        }
        for test in self.conditions.tests() {
            rules.extend(test.unsettled(request));
        }
        rules
    }

    /// The keys whose values are inserted into its resources and condition values.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &ConditionKey> {
        let of_resource = self.resource.iter().flat_map(|element| element.variables().map(|(_, variable)| variable));
        let values = self.conditions.tests().iter().flat_map(|test| test.values());
        let of_conditions = values.filter_map(|value| value.pattern()).flat_map(|pattern| pattern.variables());
        of_resource.chain(of_conditions).map(|variable| variable.key())
    }

    /// Reads a statement. `None` where it lacks what it cannot be without.
    pub(crate) fn read(
        node: &Node,
        reading: &Reading,
        literals: &mut Literals,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let Value::Object(members) = &node.value else {
            let problem = Problem::error(
                Code::WrongType,
                node.span,
                format!("a statement is an object, not {}", node.value.kind()),
            );
            problems.push(problem.help("write { \"Effect\": …, \"Action\": …, \"Resource\": … }"));
            return None;
        };
        let elements = Elements::of(members, problems);
        // A misspelt element was reported; that it is missing under its own name is the same mistake.
        let misspelt = |name: &str| {
            let near =
                |member: &Member| edit_distance(&member.name.to_ascii_lowercase(), &name.to_ascii_lowercase()) <= 2;
            members.iter().any(|member| !ELEMENTS.contains(&&*member.name) && near(member))
        };
        let Reading { layer, trust, variables } = *reading;
        let start = Span::new(node.span.start, node.span.start + 1);

        let sid = elements.sid.and_then(|member| read_sid(member, layer.has_strict_sids() || trust, problems));
        let effect = match elements.effect {
            Some(member) => read_effect(&member.value, problems),
            None if misspelt("Effect") => None,
            None => {
                problems.push(missing(start, "Effect", "write \"Effect\": \"Allow\" or \"Effect\": \"Deny\""));
                None
            }
        };

        let principal = match (elements.principal, elements.not_principal) {
            (Some(one), Some(other)) => {
                problems.push(conflict(one, other));
                None
            }
            (Some(member), None) | (None, Some(member)) if !layer.has_principals() => {
                let message = format!("{} takes no `{}`", layer.described(), member.name);
                problems.push(Problem::error(Code::ForbiddenElement, member.name_span, message).help(
                    "it follows from what the policy is attached to; a policy with principals is a resource-based one",
                ));
                None
            }
            (Some(member), None) => Some(PrincipalElement::read(&member.value, false, layer, trust, problems)),
            (None, Some(member)) => {
                if layer == Layer::Rcp || trust {
                    let what = if trust { "a role trust policy" } else { layer.described() };
                    let message = format!("{what} takes no `NotPrincipal`");
                    problems.push(Problem::error(Code::ForbiddenElement, member.name_span, message));
                } else if effect == Some(Effect::Allow) {
                    let message = "`NotPrincipal` with `Allow` lets in everybody else, and AWS no longer supports it";
                    problems.push(
                        Problem::warning(Code::AllowNotPrincipal, member.name_span, message)
                            .help("allow \"*\" and narrow it by conditions, such as aws:PrincipalArn"),
                    );
                }
                Some(PrincipalElement::read(&member.value, true, layer, trust, problems))
            }
            (None, None) => {
                match layer {
                    Layer::Resource => problems.push(
                        Problem::warning(
                            Code::MissingElement,
                            start,
                            "the statement has no `Principal`, so it never applies",
                        )
                        .help("a resource-based policy says whom it is about"),
                    ),
                    Layer::Rcp | Layer::Endpoint => {
                        problems.push(missing(start, "Principal", "write \"Principal\": \"*\" for everybody"))
                    }
                    Layer::Identity | Layer::Boundary | Layer::Session | Layer::Scp => {}
                }
                None
            }
        };

        let action = match (elements.action, elements.not_action) {
            (Some(one), Some(other)) => {
                problems.push(conflict(one, other));
                None
            }
            (Some(member), None) => Some(ActionElement::read(&member.value, false, problems)),
            (None, Some(member)) => Some(ActionElement::read(&member.value, true, problems)),
            (None, None) if misspelt("Action") || misspelt("NotAction") => None,
            (None, None) => {
                problems.push(missing(start, "Action", "list the actions, such as \"Action\": \"s3:GetObject\""));
                None
            }
        };
        if let (true, Some(action)) = (trust, &action) {
            for entry in action.entries().iter().filter(|entry| entry.service() != Some("sts")) {
                let message = format!(
                    "`{}` is no action of a role trust policy, which takes `sts:` actions only",
                    entry.as_str()
                );
                problems.push(Problem::error(Code::BadAction, entry.span(), message));
            }
        }

        // What is refused covers nothing when it is read all the same.
        let nothing = || Some(ResourceElement::Resource(Vec::new()));
        let resource = match (elements.resource, elements.not_resource) {
            (Some(one), Some(other)) => {
                problems.push(conflict(one, other));
                nothing()
            }
            (Some(member), None) | (None, Some(member)) if trust => {
                let message = format!("a role trust policy takes no `{}`", member.name);
                problems.push(
                    Problem::error(Code::ForbiddenElement, member.name_span, message)
                        .help("the resource is the role itself: remove it"),
                );
                None
            }
            (Some(member), None) => Some(ResourceElement::read(&member.value, false, layer, variables, problems)),
            (None, Some(member)) => Some(ResourceElement::read(&member.value, true, layer, variables, problems)),
            (None, None) if misspelt("Resource") || misspelt("NotResource") => nothing(),
            (None, None) => {
                let of_s3 = action.as_ref().is_some_and(|action| {
                    !action.entries().is_empty() && action.entries().iter().all(|entry| entry.service() == Some("s3"))
                });
                if layer != Layer::Resource || of_s3 {
                    problems.push(missing(
                        start,
                        "Resource",
                        "write the ARNs the statement is about, or \"Resource\": \"*\"",
                    ));
                    nothing()
                } else {
                    None
                }
            }
        };
        let conditions = elements
            .condition
            .map(|member| ConditionBlock::read(&member.value, variables, literals, problems))
            .unwrap_or_default();

        let statement =
            Self { span: node.span, sid, effect: effect?, principal, action: action?, resource, conditions };
        if layer == Layer::Rcp {
            statement.check_rcp(node, problems);
        }
        Some(statement)
    }

    /// What a customer's resource control policy may not have (SEMANTICS §1.5).
    fn check_rcp(&self, node: &Node, problems: &mut Vec<Problem>) {
        let of = |name: &str| node.get(name).map_or(self.span, |member| member.value.span);
        let everything = self.action.entries().iter().any(crate::action::ActionPattern::is_everything);
        if self.effect == Effect::Allow {
            // RCPFullAWSAccess, which AWS attaches everywhere, has exactly this shape.
            let full = everything
                && !self.action.is_negated()
                && self.conditions.tests().is_empty()
                && matches!(&self.resource, Some(ResourceElement::Resource(entries)) if entries.iter().all(|entry| entry.is_everything()));
            if !full {
                problems.push(
                    Problem::error(Code::UnknownEffect, of("Effect"), "a resource control policy only denies")
                        .help("RCPFullAWSAccess allows everything at every level already"),
                );
            }
            return;
        }
        if self.action.is_negated() {
            let span = node.get("NotAction").map_or(self.span, |member| member.name_span);
            problems.push(Problem::error(
                Code::ForbiddenElement,
                span,
                "a resource control policy takes no `NotAction`",
            ));
        } else if everything {
            problems.push(
                Problem::error(
                    Code::BadAction,
                    of("Action"),
                    "a resource control policy does not take `*` alone as an action",
                )
                .help("name the services, such as `s3:*`"),
            );
        }
    }
}

/// The elements of a statement; of several with one name, the first.
#[derive(Default)]
struct Elements<'m> {
    sid: Option<&'m Member<'m>>,
    effect: Option<&'m Member<'m>>,
    principal: Option<&'m Member<'m>>,
    not_principal: Option<&'m Member<'m>>,
    action: Option<&'m Member<'m>>,
    not_action: Option<&'m Member<'m>>,
    resource: Option<&'m Member<'m>>,
    not_resource: Option<&'m Member<'m>>,
    condition: Option<&'m Member<'m>>,
}

impl<'m> Elements<'m> {
    /// Sorts out members, and reports those that are no elements.
    fn of(members: &'m [Member<'m>], problems: &mut Vec<Problem>) -> Self {
        let mut elements = Self::default();
        for member in members {
            let element = match &*member.name {
                "Sid" => &mut elements.sid,
                "Effect" => &mut elements.effect,
                "Principal" => &mut elements.principal,
                "NotPrincipal" => &mut elements.not_principal,
                "Action" => &mut elements.action,
                "NotAction" => &mut elements.not_action,
                "Resource" => &mut elements.resource,
                "NotResource" => &mut elements.not_resource,
                "Condition" => &mut elements.condition,
                _ => {
                    problems.push(unknown_element(member, &ELEMENTS, "a statement"));
                    continue;
                }
            };
            element.get_or_insert(member);
        }
        elements
    }
}

/// How the statements of a policy are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) layer: Layer,
    /// The policy is a role's trust policy.
    pub(crate) trust: bool,
    /// The policy's `Version` has variables.
    pub(crate) variables: bool,
}

const ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// A member whose name is none of `known`.
pub(crate) fn unknown_element(member: &Member, known: &[&str], of: &str) -> Problem {
    let problem =
        Problem::error(Code::UnknownElement, member.name_span, format!("{of} has no element `{}`", member.name));
    let lower = member.name.to_ascii_lowercase();
    let near = known.iter().map(|name| (edit_distance(&lower, &name.to_ascii_lowercase()), name)).min();
    match near {
        Some((distance, name)) if distance <= 2 => problem.help(format!("did you mean `{name}`?")),
        _ => problem.help(format!("the elements are {}", known.join(", "))),
    }
}

fn missing(span: Span, name: &str, help: &str) -> Problem {
    Problem::error(Code::MissingElement, span, format!("the statement has no `{name}`")).help(help)
}

fn conflict(one: &Member, other: &Member) -> Problem {
    let (first, second) = if one.name_span.start < other.name_span.start { (one, other) } else { (other, one) };
    let message = format!("`{}` and `{}` exclude each other", first.name, second.name);
    Problem::error(Code::ConflictingElements, second.name_span, message).related(first.name_span, "the other one")
}

fn read_effect(node: &Node, problems: &mut Vec<Problem>) -> Option<Effect> {
    match &node.value {
        Value::String(text) if text == "Allow" => Some(Effect::Allow),
        Value::String(text) if text == "Deny" => Some(Effect::Deny),
        Value::String(text) => {
            let problem = Problem::error(Code::UnknownEffect, node.span, format!("`{text}` is no effect"));
            let meant = ["Allow", "Deny"].into_iter().find(|effect| effect.eq_ignore_ascii_case(text.trim()));
            problems.push(match meant {
                Some(meant) => problem.help(format!("write \"{meant}\": letter case counts here")),
                None => problem.help("an effect is \"Allow\" or \"Deny\""),
            });
            None
        }
        other => {
            let message = format!("`Effect` is {}", other.kind());
            problems
                .push(Problem::error(Code::WrongType, node.span, message).help("an effect is \"Allow\" or \"Deny\""));
            None
        }
    }
}

fn read_sid(member: &Member, strict: bool, problems: &mut Vec<Problem>) -> Option<CompactString> {
    let span = member.value.span;
    let Some(sid) = member.value.as_str() else {
        let message = format!("`Sid` is {}", member.value.value.kind());
        problems.push(Problem::error(Code::WrongType, span, message).help("a Sid is a string of letters and digits"));
        return None;
    };
    if sid.is_empty() {
        problems
            .push(Problem::warning(Code::BadSid, span, "the `Sid` is empty").help("give it a name or leave it out"));
    } else if !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let message = format!("the `Sid` `{sid}` has characters other than letters and digits");
        problems.push(if strict {
            Problem::error(Code::BadSid, span, message).help("AWS refuses it in policies of this type")
        } else {
            Problem::warning(Code::BadSid, span, message)
        });
    }
    Some(sid.into())
}
