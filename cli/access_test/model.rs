//! The model of a test file, read from a located tree so that every mistake has its place. Unknown fields, and tests
//! that would test nothing, are errors.

use can_access_engine::document::{Member, Node, Value};
use can_access_engine::layer::Layer;
use can_access_engine::problem::{Code, Problem, Severity, Span};
use can_access_engine::request::ContextValue;

/// A test file.
#[derive(Debug)]
pub(crate) struct TestFile {
    pub(crate) tests: Vec<Test>,
}

/// One test, with everything that the file's own policies and defaults contribute.
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) name: String,
    pub(crate) actions: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) principal: Option<String>,
    pub(crate) resource_account: Option<String>,
    pub(crate) context: Vec<(String, ContextValue)>,
    pub(crate) unknown: Vec<String>,
    pub(crate) facts: FactFields,
    pub(crate) policies: PolicyFields,
    pub(crate) expect: Expectation,
    pub(crate) because: Vec<String>,
    pub(crate) why: Option<String>,
}

/// What a test expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expectation {
    Allowed,
    Denied,
    ExplicitDeny,
    ImplicitDeny,
    Depends,
    Error,
}

impl Expectation {
    const ALL: [Self; 6] =
        [Self::Allowed, Self::Denied, Self::ExplicitDeny, Self::ImplicitDeny, Self::Depends, Self::Error];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::ExplicitDeny => "explicitDeny",
            Self::ImplicitDeny => "implicitDeny",
            Self::Depends => "depends",
            Self::Error => "error",
        }
    }
}

/// The `facts` of a test, as text.
#[derive(Debug, Clone, Default)]
pub(crate) struct FactFields {
    pub(crate) management_account: Option<String>,
    pub(crate) restrict_public_buckets: bool,
    pub(crate) role_arn: Option<String>,
    pub(crate) federating_user: Option<String>,
    pub(crate) principal_id: Option<String>,
    pub(crate) gateway_endpoint: bool,
    pub(crate) any_not_principal: bool,
    pub(crate) kms_grant: bool,
    pub(crate) multipart_initiator: bool,
    pub(crate) canonical_id: Option<String>,
    pub(crate) canonical_ids: Vec<(String, String)>,
    pub(crate) access_point_bucket: Option<String>,
}

/// A policy document: a file's path, or the document itself.
#[derive(Debug, Clone)]
pub(crate) enum Document {
    File(String),
    Inline(Node<'static>),
}

/// The policies of a test, by kind. A kind that was not named is `None`.
#[derive(Debug, Clone, Default)]
pub(crate) struct PolicyFields {
    pub(crate) identity: Option<Vec<Document>>,
    pub(crate) resource: Option<Vec<Document>>,
    pub(crate) access_point: Option<Vec<Document>>,
    pub(crate) boundary: Option<Vec<Document>>,
    pub(crate) session: Option<Vec<Document>>,
    pub(crate) endpoint: Option<Vec<Document>>,
    pub(crate) scp: Option<Vec<Vec<Document>>>,
    pub(crate) rcp: Option<Vec<Vec<Document>>>,
}

impl PolicyFields {
    /// These policies, and those of `base` of the kinds that are not named here.
    fn over(self, base: &Self) -> Self {
        let base = base.clone();
        Self {
            identity: self.identity.or(base.identity),
            resource: self.resource.or(base.resource),
            access_point: self.access_point.or(base.access_point),
            boundary: self.boundary.or(base.boundary),
            session: self.session.or(base.session),
            endpoint: self.endpoint.or(base.endpoint),
            scp: self.scp.or(base.scp),
            rcp: self.rcp.or(base.rcp),
        }
    }
}

/// What a test may leave to the file's `defaults`.
#[derive(Debug, Clone, Default)]
struct Fields {
    actions: Option<Vec<String>>,
    resources: Option<Vec<String>>,
    principal: Option<String>,
    resource_account: Option<String>,
    context: Vec<(String, ContextValue)>,
    unknown: Option<Vec<String>>,
    facts: Vec<Member<'static>>,
    expect: Option<Expectation>,
}

/// Reads a test file.
pub(crate) fn read(root: &Node) -> Result<TestFile, Vec<Problem>> {
    let mut reader = Reader { problems: Vec::new() };
    let file = reader.file(root);
    match file {
        Some(file) if reader.problems.is_empty() => Ok(file),
        _ => Err(reader.problems),
    }
}

struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    fn file(&mut self, root: &Node) -> Option<TestFile> {
        let members = self.mapping(root, "a test file")?;
        self.only(members, &["version", "policies", "defaults", "tests"], "a test file");
        match root.get("version") {
            None => self.error(start(root), "the file has no `version`", "write `version: 1`"),
            Some(version) if !matches!(&version.value.value, Value::Number(text) | Value::String(text) if text == "1") =>
            {
                self.error(version.value.span, "the only version there is is 1", "write `version: 1`");
            }
            Some(_) => {}
        }
        let policies = root.get("policies").map(|member| self.policies(&member.value)).unwrap_or_default();
        let defaults = root.get("defaults").map(|member| self.defaults(&member.value)).unwrap_or_default();
        let Some(tests) = root.get("tests") else {
            self.error(start(root), "the file has no `tests`", "list the tests under `tests:`");
            return None;
        };
        let Value::Array(items) = &tests.value.value else {
            self.error(tests.value.span, "`tests` is a list", "start each test with `- name: …`");
            return None;
        };
        if items.is_empty() {
            self.error(tests.value.span, "the list of tests is empty", "a file without tests tests nothing");
        }
        let tests: Vec<Test> = items.iter().filter_map(|item| self.test(item, &policies, &defaults)).collect();
        Some(TestFile { tests })
    }

    fn defaults(&mut self, node: &Node) -> Fields {
        let Some(members) = self.mapping(node, "`defaults`") else { return Fields::default() };
        self.only(members, &FIELDS, "`defaults`");
        self.fields(node)
    }

    fn fields(&mut self, node: &Node) -> Fields {
        let facts = node.get("facts").and_then(|member| self.mapping(&member.value, "`facts`"));
        Fields {
            actions: self.texts(node, "action"),
            resources: self.texts(node, "resource"),
            principal: self.text(node, "principal"),
            resource_account: self.text(node, "resource_account"),
            context: node.get("context").map(|member| self.context(&member.value)).unwrap_or_default(),
            unknown: self.texts(node, "unknown"),
            facts: facts.into_iter().flatten().map(|fact| fact.clone().into_owned()).collect(),
            expect: node.get("expect").and_then(|member| self.expectation(&member.value)),
        }
    }

    fn test(&mut self, node: &Node, policies: &PolicyFields, defaults: &Fields) -> Option<Test> {
        let members = self.mapping(node, "a test")?;
        let own: Vec<&str> = FIELDS.iter().copied().chain(["name", "policies", "because", "why", "source"]).collect();
        self.only(members, &own, "a test");
        let name = self.text(node, "name");
        if name.is_none() && node.get("name").is_none() {
            self.error(start(node), "the test has no `name`", "say in one sentence what it is about");
        }
        let fields = self.fields(node);
        let actions = fields.actions.or_else(|| defaults.actions.clone());
        if actions.as_ref().is_none_or(Vec::is_empty) {
            self.error(
                start(node),
                "the test has no `action`, so it would test nothing",
                "write `action: s3:GetObject`",
            );
        }
        let resources = fields.resources.or_else(|| defaults.resources.clone()).unwrap_or_else(|| vec!["*".to_owned()]);
        if resources.is_empty() {
            self.error(
                start(node),
                "the list of resources is empty, so the test would test nothing",
                "leave `resource` out for `*`",
            );
        }
        let expect = fields.expect.or(defaults.expect);
        if expect.is_none() && node.get("expect").is_none() {
            self.error(
                start(node),
                "the test has no `expect`, so it would test nothing",
                "write `expect: allowed`, or what it is",
            );
        }
        let mut context = defaults.context.clone();
        // What the test calls unknown has no default.
        let own_unknown = fields.unknown.clone().unwrap_or_default();
        context.retain(|(known, _)| !own_unknown.iter().any(|key| key.eq_ignore_ascii_case(known)));
        for (key, value) in fields.context {
            context.retain(|(known, _)| !known.eq_ignore_ascii_case(&key) || fields_has(node, known));
            context.retain(|(known, _)| *known != key);
            context.push((key, value));
        }
        let own = |key: &String| node.get("context").is_some_and(|own| own.value.get(key).is_some());
        let inherited = || defaults.unknown.iter().flatten().filter(|key| !own(key)).cloned().collect();
        let unknown = fields.unknown.unwrap_or_else(inherited);
        let facts: Vec<Member> = defaults
            .facts
            .iter()
            .filter(|default| !fields.facts.iter().any(|own| own.name == default.name))
            .chain(&fields.facts)
            .cloned()
            .collect();
        let facts = self.facts(&facts);
        let policies = match node.get("policies") {
            Some(member) => self.policies(&member.value).over(policies),
            None => policies.clone(),
        };
        let because = self.texts(node, "because").unwrap_or_default();
        if node.get("because").is_some() && because.is_empty() {
            self.error(start(node), "`because` names nothing", "name a Sid or a layer, or leave it out");
        }
        let (why, _) = (self.text(node, "why"), self.text(node, "source"));
        Some(Test {
            name: name?,
            actions: actions?,
            resources,
            principal: fields.principal.or_else(|| defaults.principal.clone()),
            resource_account: fields.resource_account.or_else(|| defaults.resource_account.clone()),
            context,
            unknown,
            facts,
            policies,
            expect: expect?,
            because,
            why,
        })
    }

    fn expectation(&mut self, node: &Node) -> Option<Expectation> {
        let found =
            node.as_str().and_then(|text| Expectation::ALL.into_iter().find(|expectation| expectation.name() == text));
        if found.is_none() {
            let names = Expectation::ALL.map(Expectation::name).join(", ");
            self.error(node.span, "this is nothing a test can expect", format!("expect one of: {names}"));
        }
        found
    }

    fn context(&mut self, node: &Node) -> Vec<(String, ContextValue)> {
        let Some(members) = self.mapping(node, "`context`") else { return Vec::new() };
        members
            .iter()
            .filter_map(|member| Some((member.name.to_string(), self.context_value(&member.value)?)))
            .collect()
    }

    fn context_value(&mut self, node: &Node) -> Option<ContextValue> {
        context_value(node).map_err(|problem| self.problems.push(problem)).ok()
    }

    fn facts(&mut self, members: &[Member]) -> FactFields {
        const FACTS: [&str; 12] = [
            "management_account",
            "restrict_public_buckets",
            "role_arn",
            "federating_user",
            "principal_id",
            "endpoint_type",
            "not_principal",
            "kms_grant",
            "multipart_initiator",
            "canonical_id",
            "canonical_ids",
            "access_point_bucket",
        ];
        self.only(members, &FACTS, "`facts`");
        let mut facts = FactFields::default();
        for member in members {
            let node = &member.value;
            match &*member.name {
                "management_account" => facts.management_account = self.as_text(node),
                "role_arn" => facts.role_arn = self.as_text(node),
                "federating_user" => facts.federating_user = self.as_text(node),
                "principal_id" => facts.principal_id = self.as_text(node),
                "canonical_id" => facts.canonical_id = self.as_text(node),
                "access_point_bucket" => facts.access_point_bucket = self.as_text(node),
                "restrict_public_buckets" => facts.restrict_public_buckets = self.as_bool(node),
                "kms_grant" => facts.kms_grant = self.as_bool(node),
                "multipart_initiator" => facts.multipart_initiator = self.as_bool(node),
                "endpoint_type" => facts.gateway_endpoint = self.one_of(node, "interface", "gateway"),
                "not_principal" => facts.any_not_principal = self.one_of(node, "chain", "any"),
                "canonical_ids" => {
                    for member in self.mapping(node, "`canonical_ids`").unwrap_or_default() {
                        let account = self.as_text(&member.value);
                        facts.canonical_ids.extend(account.map(|account| (member.name.to_string(), account)));
                    }
                }
                _ => {}
            }
        }
        facts
    }

    fn policies(&mut self, node: &Node) -> PolicyFields {
        let Some(members) = self.mapping(node, "`policies`") else { return PolicyFields::default() };
        let kinds: Vec<&str> = Layer::ALL.iter().map(|layer| layer.name()).chain(["access_point"]).collect();
        self.only(members, &kinds, "`policies`");
        let mut one = |name: &str| node.get(name).map(|member| self.documents(&member.value));
        PolicyFields {
            identity: one("identity"),
            resource: one("resource"),
            access_point: one("access_point"),
            boundary: one("boundary"),
            session: one("session"),
            endpoint: one("endpoint"),
            scp: self.levels(node, "scp"),
            rcp: self.levels(node, "rcp"),
        }
    }

    fn documents(&mut self, node: &Node) -> Vec<Document> {
        let items = node.one_or_many();
        items
            .iter()
            .filter_map(|item| match &item.value {
                Value::String(path) => Some(Document::File(path.to_string())),
                Value::Object(_) => Some(Document::Inline(item.clone().into_owned())),
                _ => {
                    self.error(
                        item.span,
                        "a policy is a path or a document",
                        "write the path of a file, or the policy itself",
                    );
                    None
                }
            })
            .collect()
    }

    fn levels(&mut self, node: &Node, name: &str) -> Option<Vec<Vec<Document>>> {
        let member = node.get(name)?;
        let Value::Array(levels) = &member.value.value else {
            self.error(
                member.value.span,
                format!("`{name}` is a list of levels"),
                format!("write `{name}: [[root.json], [ou.json]]`, root first"),
            );
            return None;
        };
        let levels = levels.iter().map(|level| {
            if matches!(level.value, Value::Array(_)) {
                self.documents(level)
            } else {
                self.error(
                    level.span,
                    format!("each level of `{name}` is a list of documents"),
                    format!("write `{name}: [[root.json], [ou.json]]`, root first"),
                );
                Vec::new()
            }
        });
        Some(levels.collect())
    }

    // ---- small values ----

    fn mapping<'n, 't>(&mut self, node: &'n Node<'t>, what: &str) -> Option<&'n [Member<'t>]> {
        if let Value::Object(members) = &node.value {
            return Some(members);
        }
        self.error(node.span, format!("{what} is a mapping, not {}", node.value.kind()), "write `name: value`");
        None
    }

    fn only(&mut self, members: &[Member], known: &[&str], of: &str) {
        for member in members {
            if !known.contains(&&*member.name) {
                let help = format!("the fields are {}", known.join(", "));
                self.error(member.name_span, format!("{of} has no field `{}`", member.name), help);
            }
        }
    }

    fn text(&mut self, node: &Node, name: &str) -> Option<String> {
        let member = node.get(name)?;
        self.as_text(&member.value)
    }

    fn as_text(&mut self, node: &Node) -> Option<String> {
        match &node.value {
            Value::String(text) => Some(text.to_string()),
            Value::Number(number) => {
                self.error(
                    node.span,
                    format!("{number} has no quotes"),
                    "quote it: as a number it would lose its leading zeros",
                );
                None
            }
            other => {
                self.error(node.span, format!("text belongs here, not {}", other.kind()), "quote it if it is text");
                None
            }
        }
    }

    fn texts(&mut self, node: &Node, name: &str) -> Option<Vec<String>> {
        let member = node.get(name)?;
        Some(member.value.one_or_many().iter().filter_map(|item| self.as_text(item)).collect())
    }

    fn as_bool(&mut self, node: &Node) -> bool {
        if let Value::Bool(truth) = node.value {
            return truth;
        }
        self.error(
            node.span,
            format!("`true` or `false` belongs here, not {}", node.value.kind()),
            "write true or false without quotes",
        );
        false
    }

    /// Whether the text is `second` rather than `first`.
    fn one_of(&mut self, node: &Node, first: &str, second: &str) -> bool {
        match node.as_str() {
            Some(text) if text == second => true,
            Some(text) if text == first => false,
            _ => {
                self.error(node.span, format!("`{first}` or `{second}` belongs here"), "write one of the two");
                false
            }
        }
    }

    fn error(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(problem(span, message, help));
    }
}

const FIELDS: [&str; 8] =
    ["principal", "action", "resource", "resource_account", "context", "unknown", "facts", "expect"];

/// Whether the test's own context spells a key exactly so.
fn fields_has(test: &Node, key: &str) -> bool {
    test.get("context").is_some_and(|context| context.value.get(key).is_some())
}

/// A condition key's value: text, a number or boolean as text, or a list of them.
pub(crate) fn context_value(node: &Node) -> Result<ContextValue, Problem> {
    let single = |node: &Node| match &node.value {
        Value::String(text) | Value::Number(text) => Ok(text.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        other => Err(problem(
            node.span,
            format!("a condition key holds text, not {}", other.kind()),
            "leave a key out that is absent; a list is a multivalued key",
        )),
    };
    match &node.value {
        Value::Array(items) => items.iter().map(single).collect::<Result<_, _>>().map(ContextValue::Multi),
        _ => single(node).map(ContextValue::Single),
    }
}

fn start(node: &Node) -> Span {
    Span::new(node.span.start, node.span.start + 1)
}

fn problem(span: Span, message: impl Into<String>, help: impl Into<String>) -> Problem {
    Problem {
        code: Code::WrongType,
        severity: Severity::Error,
        span,
        message: message.into(),
        help: Some(help.into()),
        related: None,
    }
}
