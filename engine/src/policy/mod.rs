//! A policy: its text read and compiled once, and the set of all policies that surround one request
//! (SEMANTICS 0.2, §1).

mod limits;
mod print;
mod reader;

pub use limits::{Counting, SizeLimit, size_limit};
pub use reader::Reader;

use crate::condition::Literals;
use crate::document::{self, Node, Value};
use crate::layer::{Layer, LayerSet};
use crate::problem::{Code, Problem, Source, Span, in_order};
use crate::request::Request;
use crate::statement::{Effect, Known, Reading, Statement, StatementId, unknown_element};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What `Version` says (R1.8, R1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// `2008-10-17`, or none: `${…}` is plain text.
    V2008,
    /// `2012-10-17`: variables and escapes.
    V2012,
}

/// A policy, compiled. It owns all it needs, its text included, and can be shared between threads.
///
/// ```
/// use can_access_engine::layer::Layer;
/// use can_access_engine::policy::Policy;
/// use can_access_engine::problem::Source;
///
/// let text = r#"{ "Version": "2012-10-17",
///                 "Statement": { "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" } }"#;
/// let policy = Policy::read(Source::new("p.json", text), Layer::Identity).unwrap();
/// assert_eq!(policy.statements().len(), 1);
///
/// let refused = Policy::read(Source::new("q.json", text.replace("Allow", "allow")), Layer::Identity).unwrap_err();
/// assert_eq!(refused.to_string(), "q.json:2:42: `allow` is no effect");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    source: Arc<Source>,
    layer: Layer,
    version: Version,
    id: Option<String>,
    statements: Vec<Statement>,
    warnings: Vec<Problem>,
}

/// A text that is no usable policy: everything that is wrong with it, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    source: Arc<Source>,
    problems: Vec<Problem>,
}

impl Refused {
    /// A text refused before it could be read, such as bytes that are no UTF-8.
    ///
    /// ```
    /// use can_access_engine::{document, policy::Refused, problem::Source};
    /// let (text, problem) = document::decode(vec![b'{', 0xFF]);
    /// assert!(Refused::new(Source::new("p.json", text), problem.into_iter().collect()).to_string().starts_with("p.json:1:2: "));
    /// ```
    #[must_use]
    pub fn new(source: Arc<Source>, problems: Vec<Problem>) -> Self {
        Self { source, problems: in_order(problems) }
    }

    /// The text.
    #[must_use]
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// What is wrong, in the order of the places; warnings included.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl std::fmt::Display for Refused {
    /// One line for each error, of very many the first: `name:line:column: message`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const LINES: usize = 100;
        let errors = self.problems.iter().filter(|problem| problem.is_error());
        for (index, problem) in errors.take(LINES).enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{}:{}: {problem}", self.source.name(), self.source.place(problem.span.start))?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

impl Policy {
    /// Reads a policy as AWS would take it when it is attached as `layer`.
    ///
    /// # Errors
    /// [`Refused`] with every mistake that could be found, if the text is not JSON or breaks the grammar (SEMANTICS §1).
    pub fn read(source: Arc<Source>, layer: Layer) -> Result<Self, Refused> {
        Reader::new().read(source, layer)
    }

    /// Reads a policy that is part of a larger text, whose places its problems are in.
    ///
    /// # Errors
    /// As [`Policy::read`].
    pub fn from_node(source: Arc<Source>, node: &Node, layer: Layer) -> Result<Self, Refused> {
        Reader::new().read_node(source, node, layer, Vec::new())
    }

    /// Reads as much of a policy as can be understood, errors or not: statements that lack an effect or an action are
    /// left out, and what is malformed matches nothing. For tools that examine broken policies; never for a verdict.
    ///
    /// ```
    /// use can_access_engine::{layer::Layer, policy::Policy, problem::Source};
    /// let text = r#"{ "Statement": { "Effect": "Allow", "Action": "GetObject", "Resource": "*" } }"#;
    /// let (policy, problems) = Policy::read_leniently(Source::new("p.json", text), Layer::Identity).unwrap();
    /// assert_eq!((policy.statements().len(), problems.len()), (1, 1));
    /// ```
    #[must_use]
    pub fn read_leniently(source: Arc<Source>, layer: Layer) -> Option<(Self, Vec<Problem>)> {
        let document::Reading { root, mut problems } = document::read(source.text());
        let policy = Self::compile(Arc::clone(&source), &root?, layer, &mut Literals::default(), &mut problems)?;
        Some((policy, in_order(problems)))
    }

    fn compile(
        source: Arc<Source>,
        root: &Node,
        layer: Layer,
        literals: &mut Literals,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let Value::Object(members) = &root.value else {
            problems.push(not_an_object(root));
            return None;
        };
        for member in members {
            if !ELEMENTS.contains(&&*member.name) {
                let problem = unknown_element(member, &ELEMENTS, "a policy");
                problems.push(match path_of_policy(&member.name, &member.value) {
                    Some(path) => problem.help(format!("the policy is what stands under `{path}`: take that alone")),
                    None => problem,
                });
            }
        }
        let version = read_version(root, layer, problems);
        let id = read_id(root, layer, problems);
        let variables = version == Version::V2012;
        let trust = layer == Layer::Resource && root.get("Statement").is_some_and(|member| is_trust(&member.value));
        let mut statements = Vec::new();
        match root.get("Statement") {
            None => problems.push(
                Problem::error(
                    Code::MissingElement,
                    Span::new(root.span.start, root.span.start + 1),
                    "the policy has no `Statement`",
                )
                .help("a policy is { \"Version\": \"2012-10-17\", \"Statement\": [ … ] }"),
            ),
            Some(member) => {
                let node = &member.value;
                match &node.value {
                    Value::Array(items) if items.is_empty() => {
                        problems.push(Problem::error(Code::EmptyList, node.span, "the list of statements is empty"));
                    }
                    Value::Array(_) | Value::Object(_) => {
                        let reading = Reading { layer, trust, variables };
                        let items = node.one_or_many().iter();
                        statements.extend(items.filter_map(|item| Statement::read(item, &reading, literals, problems)));
                    }
                    other => problems.push(
                        Problem::error(Code::WrongType, node.span, format!("`Statement` is {}", other.kind()))
                            .help("it is one statement or a list of statements"),
                    ),
                }
            }
        }
        duplicate_sids(root, layer.has_strict_sids() || trust, problems);
        limits::check(source.text(), root, layer, problems);
        Some(Self { source, layer, version, id, statements, warnings: Vec::new() })
    }

    /// The text the policy was read from.
    #[must_use]
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// What the policy was read as.
    #[must_use]
    pub fn layer(&self) -> Layer {
        self.layer
    }

    /// The version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The `Id`, if there is one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The statements, in the order of the text.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// What AWS accepts and yet deserves a look, in the order of the places.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Whether a text holds statements with principals, so that it is a resource-based policy.
    ///
    /// ```
    /// use can_access_engine::policy::Policy;
    /// assert!(Policy::names_principals(r#"{"Statement": [{"Principal": "*"}]}"#));
    /// ```
    #[must_use]
    pub fn names_principals(text: &str) -> bool {
        document::read(text).root.as_ref().is_some_and(node_names_principals)
    }
}

/// Whether a document holds statements with principals.
#[must_use]
pub fn node_names_principals(root: &Node) -> bool {
    let statements = root.get("Statement").map_or(&[][..], |member| member.value.one_or_many());
    statements.iter().any(|statement| statement.get("Principal").is_some() || statement.get("NotPrincipal").is_some())
}

/// Where in an answer of AWS's API the policy itself stands.
fn path_of_policy(name: &str, node: &Node) -> Option<String> {
    match &node.value {
        Value::Object(members) if members.iter().any(|member| member.name == "Statement") => Some(name.to_owned()),
        Value::Object(members) => {
            let inner = members.iter().find(|member| member.value.get("Statement").is_some())?;
            Some(format!("{name}.{}", inner.name))
        }
        Value::String(text) if text.trim_start().starts_with('{') => Some(name.to_owned()),
        _ => None,
    }
}

const ELEMENTS: [&str; 3] = ["Version", "Id", "Statement"];

fn not_an_object(root: &Node) -> Problem {
    let problem =
        |message: String| Problem::error(Code::NotAnObject, Span::new(root.span.start, root.span.start + 1), message);
    match &root.value {
        Value::Array(items) => {
            let policies = items.iter().any(|item| item.get("Statement").is_some());
            let statements = items.iter().any(|item| item.get("Effect").is_some());
            if policies {
                problem("this is an array of policies; a policy is one object".to_owned())
                    .help("put each policy into a file of its own")
            } else if statements {
                problem("this is a list of statements without its policy".to_owned())
                    .help("write { \"Version\": \"2012-10-17\", \"Statement\": [ … ] } around it")
            } else {
                problem("this is an array; a policy is an object".to_owned())
            }
        }
        Value::String(text) if text.trim_start().starts_with('{') => {
            problem("this is a JSON string that holds a policy as text".to_owned())
                .help("take the text out of the string and undo its escapes, for example with `jq -r .`")
        }
        other => problem(format!("a policy is an object, not {}", other.kind())),
    }
}

fn read_version(root: &Node, layer: Layer, problems: &mut Vec<Problem>) -> Version {
    let Some(member) = root.get("Version") else {
        let start = Span::new(root.span.start, root.span.start + 1);
        match layer {
            Layer::Rcp => problems.push(Problem::error(
                Code::MissingVersion,
                start,
                "a resource control policy needs \"Version\": \"2012-10-17\"",
            )),
            Layer::Scp => problems.push(Problem::warning(
                Code::MissingVersion,
                start,
                "a service control policy should have \"Version\": \"2012-10-17\"",
            )),
            _ => {}
        }
        return Version::V2008;
    };
    let span = member.value.span;
    match member.value.as_str() {
        Some("2012-10-17") => Version::V2012,
        Some("2008-10-17") => {
            if layer == Layer::Rcp {
                problems.push(Problem::error(
                    Code::UnknownVersion,
                    span,
                    "a resource control policy needs \"Version\": \"2012-10-17\"",
                ));
            } else if layer == Layer::Scp {
                let message = "a service control policy should have \"Version\": \"2012-10-17\"";
                problems.push(Problem::warning(Code::UnknownVersion, span, message));
            }
            Version::V2008
        }
        Some(other) => {
            problems.push(
                Problem::error(Code::UnknownVersion, span, format!("there is no policy version `{other}`"))
                    .help("write \"2012-10-17\": it names the policy language, not the day the policy was written"),
            );
            Version::V2012
        }
        None => {
            let message = format!("`Version` is {}", member.value.value.kind());
            problems.push(Problem::error(Code::WrongType, span, message).help("write \"2012-10-17\""));
            Version::V2012
        }
    }
}

fn read_id(root: &Node, layer: Layer, problems: &mut Vec<Problem>) -> Option<String> {
    let member = root.get("Id")?;
    let Some(id) = member.value.as_str() else {
        let message = format!("`Id` is {}", member.value.value.kind());
        problems.push(Problem::error(Code::WrongType, member.value.span, message).help("an Id is a string"));
        return None;
    };
    if layer.has_strict_sids() {
        let message = format!("{} has no use for an `Id`", layer.described());
        problems.push(Problem::warning(Code::ForbiddenElement, member.name_span, message).help("remove it"));
    }
    Some(id.to_owned())
}

/// Whether the statements are those of a role's trust policy, as those of no other resource-based policy are: about
/// actions of STS alone; or without resources and about assuming the role, whatever else they hold by mistake.
fn is_trust(statements: &Node) -> bool {
    let statements = statements.one_or_many();
    let has = |statement: &Node, names: [&str; 2]| names.into_iter().any(|name| statement.get(name).is_some());
    let actions = statements
        .iter()
        .flat_map(|statement| ["Action", "NotAction"].into_iter().filter_map(|name| statement.get(name)))
        .flat_map(|member| member.value.one_or_many());
    let actions: Vec<String> = actions.filter_map(Node::as_str).map(str::to_ascii_lowercase).collect();
    let all_act = statements.iter().all(|statement| has(statement, ["Action", "NotAction"]));
    let all_of_sts = all_act && !actions.is_empty() && actions.iter().all(|action| action.starts_with("sts:"));
    let any_resource = statements.iter().any(|statement| has(statement, ["Resource", "NotResource"]));
    all_of_sts || !any_resource && actions.iter().any(|action| action.starts_with("sts:assumerole"))
}

fn duplicate_sids(root: &Node, strict: bool, problems: &mut Vec<Problem>) {
    let statements = root.get("Statement").map_or(&[][..], |member| member.value.one_or_many());
    if statements.len() < 2 {
        return;
    }
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for sid in statements.iter().filter_map(|statement| statement.get("Sid")) {
        let Some(text) = sid.value.as_str().filter(|text| !text.is_empty()) else { continue };
        match seen.get(text) {
            Some(&first) => {
                let message = format!("two statements have the `Sid` `{text}`");
                let problem = if strict {
                    Problem::error(Code::DuplicateSid, sid.value.span, message)
                        .help("AWS refuses it in policies of this type")
                } else {
                    Problem::warning(Code::DuplicateSid, sid.value.span, message)
                };
                problems.push(problem.related(first, "first here"));
            }
            None => _ = seen.insert(text, sid.value.span),
        }
    }
}

/// Policies of one layer, shared.
pub type Policies = Vec<Arc<Policy>>;

/// Every policy that surrounds one request. A layer without policies is absent.
///
/// Service and resource control policies come in levels, the organization's root first and the account last; a level
/// without policies is a level that allows nothing (R7.6).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PolicySet {
    /// Policies of the user and its groups, or of the role.
    pub identity: Policies,
    /// The policy of the resource; for an access point request, that of the bucket behind it.
    pub resource: Policies,
    /// The policy of the access point (R9.12).
    pub access_point: Policies,
    /// The permissions boundary.
    pub boundary: Policies,
    /// Session policies, inline and managed: one set (R7.19).
    pub session: Policies,
    /// The VPC endpoint's policy.
    pub endpoint: Policies,
    /// Service control policies of the principal's account, by level.
    pub scp: Vec<Policies>,
    /// Resource control policies of the resource's account, by level.
    pub rcp: Vec<Policies>,
}

impl PolicySet {
    /// The policies of a layer: one group, or one for each level.
    pub(crate) fn groups(&self, layer: Layer, access_point: bool) -> &[Policies] {
        let one = std::slice::from_ref;
        match layer {
            Layer::Identity => one(&self.identity),
            Layer::Resource if access_point => one(&self.access_point),
            Layer::Resource => one(&self.resource),
            Layer::Boundary => one(&self.boundary),
            Layer::Session => one(&self.session),
            Layer::Scp => &self.scp,
            Layer::Rcp => &self.rcp,
            Layer::Endpoint => one(&self.endpoint),
        }
    }

    /// The layers that have policies, or levels of them.
    pub(crate) fn layers(&self) -> LayerSet {
        let is_there = |layer: &Layer| {
            let groups = self.groups(*layer, false);
            groups.iter().any(|policies| layer.has_levels() || !policies.is_empty())
        };
        Layer::ALL.into_iter().filter(is_there).collect()
    }

    /// The policy and the statement an id stands for.
    #[must_use]
    pub fn find(&self, at: StatementId) -> Option<(&Policy, &Statement)> {
        let policy = self.groups(at.layer, at.access_point).get(at.level)?.get(at.policy)?;
        Some((policy, policy.statements().get(at.statement)?))
    }

    /// Every policy of the set.
    pub fn policies(&self) -> impl Iterator<Item = &Arc<Policy>> {
        let layers =
            [&self.identity, &self.resource, &self.access_point, &self.boundary, &self.session, &self.endpoint];
        layers.into_iter().chain(&self.scp).chain(&self.rcp).flatten()
    }
}

/// A group of policies that are put together before anything else: those of a layer, or of one of its levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) layer: Layer,
    /// Whether it is the policies of the access point, in the layer of resource-based policies.
    pub(crate) access_point: bool,
    /// The level in the organization, from 0; 0 in the other layers.
    pub(crate) level: usize,
}

/// Who looks at the statements of a group.
pub(crate) trait Visitor {
    /// Whether a statement with this effect can still make a difference.
    fn wants(&self, effect: Effect) -> bool;
    /// Looks at a statement, which is that of a policy of the group, both counted from 0.
    fn visit(&mut self, policy: usize, statement: usize, compiled: &Statement, known: Known);
}

/// Where statements come from.
pub(crate) trait Statements {
    /// The layers that the policies are of ([`PolicySet::layers`]).
    fn layers(&self) -> LayerSet;
    /// Shows all statements of the policies of a group that can apply to a request, as long as they are wanted; perhaps
    /// others, and perhaps one several times.
    fn show(&self, group: Group, policies: &[Arc<Policy>], request: &Request<'_>, visitor: &mut impl Visitor);
}

/// One after the other, in the order of the policies.
impl Statements for PolicySet {
    fn layers(&self) -> LayerSet {
        self.layers()
    }

    fn show(&self, _: Group, policies: &[Arc<Policy>], _: &Request<'_>, visitor: &mut impl Visitor) {
        for (policy, compiled) in policies.iter().enumerate() {
            for (statement, compiled) in compiled.statements().iter().enumerate() {
                if visitor.wants(compiled.effect()) {
                    visitor.visit(policy, statement, compiled, Known::default());
                }
            }
        }
    }
}
