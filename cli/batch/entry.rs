//! One entry of a batch: the request object of a decision's JSON, a row of a table, or the input of AWS's policy simulator.

use super::table;
use crate::Failure;
use crate::access_test::model::context_value;
use crate::report::counted;
use can_access_engine::document::{self, Node, Value};
use can_access_engine::layer::Layer;
use can_access_engine::policy::{Policy, PolicySet};
use can_access_engine::problem::{Place, Problem, Source};
use can_access_engine::request::ContextValue;
use std::sync::Arc;

/// What one entry asks. Several actions or resources ask about every pair.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) principal: Option<String>,
    pub(crate) actions: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) resource_account: Option<String>,
    pub(crate) context: Vec<(String, ContextValue)>,
    pub(crate) unknown: Vec<String>,
    /// Policies that the entry brings along.
    pub(crate) policies: Option<PolicySet>,
}

/// What is wrong with an entry: where in the text that it was read from, if that is known, and the message.
pub(crate) struct Mistake {
    pub(crate) place: Option<Place>,
    pub(crate) message: String,
}

impl Mistake {
    /// A mistake at a byte of a text.
    pub(crate) fn at(text: &str, offset: usize, message: String) -> Self {
        Self { place: Some(Source::new("", text).place(offset)), message }
    }
}

impl From<Failure> for Mistake {
    fn from(failure: Failure) -> Self {
        failure.in_one_line().into()
    }
}

impl From<String> for Mistake {
    fn from(message: String) -> Self {
        Self { place: None, message }
    }
}

impl Entry {
    /// Reads an entry from a JSON text.
    pub(crate) fn from_json(text: &str) -> Result<Self, Mistake> {
        let document::Reading { root, problems } = document::read(text);
        if let Some(problem) = problems.iter().find(|problem| problem.is_error()) {
            return Err(at(text, problem));
        }
        let root = root.ok_or_else(|| "there is no JSON value".to_owned())?;
        Self::from_node(text, &root)
    }

    /// Reads an entry from a value of a JSON text.
    pub(crate) fn from_node(text: &str, node: &Node) -> Result<Self, Mistake> {
        let Value::Object(members) = &node.value else {
            return Err(place(text, node, format!("a request is an object, not {}", node.value.kind())));
        };
        let simulator = node.get("ActionNames").is_some();
        let mut entry = Self::default();
        let mut source = None;
        for member in members {
            let value = &member.value;
            match (simulator, &*member.name) {
                (false, "principal") => entry.principal = optional(text, value, "principal")?,
                (false, "action") => entry.actions = texts(text, value, "action")?,
                (false, "resource") => entry.resources = texts(text, value, "resource")?,
                (false, "resourceAccount") => entry.resource_account = optional(text, value, "resourceAccount")?,
                (false, "context") => entry.context = context(text, value)?,
                (false, "unknown") => entry.unknown = texts(text, value, "unknown")?,
                (true, "ActionNames") => entry.actions = texts(text, value, "ActionNames")?,
                (true, "ResourceArns") => entry.resources = texts(text, value, "ResourceArns")?,
                (true, "CallerArn") => entry.principal = optional(text, value, "CallerArn")?,
                (true, "ResourceOwner") => {
                    let owner = optional(text, value, "ResourceOwner")?;
                    // The simulator takes the ARN of the owner's root user.
                    entry.resource_account =
                        owner.map(|owner| owner.split(':').nth(4).map(str::to_owned).unwrap_or(owner));
                }
                (true, "ContextEntries") => entry.context = simulated_context(text, value)?,
                (true, "PolicyInputList") => entry.add(text, value, Layer::Identity)?,
                (true, "PermissionsBoundaryPolicyInputList") => entry.add(text, value, Layer::Boundary)?,
                (true, "ResourcePolicy") => entry.add(text, value, Layer::Resource)?,
                (true, "PolicySourceArn") => source = optional(text, value, "PolicySourceArn")?,
                (true, "ResourceHandlingOption" | "MaxItems" | "Marker") => {}
                (_, name) => return Err(place(text, value, format!("a request has no member `{name}`"))),
            }
        }
        // Whose policies are simulated asks, unless somebody else does; a group does not.
        entry.principal = entry.principal.or(source.filter(|source| !source.contains(":group/")));
        if entry.actions.is_empty() {
            return Err(place(text, node, "the request names no action".to_owned()));
        }
        Ok(entry)
    }

    /// Reads an entry from a row of a table, whose header names the columns.
    pub(crate) fn from_row(header: &[String], row: &str) -> Result<Self, Mistake> {
        let row = table::fields(row)?;
        if row.len() != header.len() {
            return Err(format!(
                "the row has {}, and the header {}",
                counted(row.len() as u64, "field", "fields"),
                header.len()
            )
            .into());
        }
        let mut entry = Self::default();
        for (name, value) in header.iter().zip(row).filter(|(_, value)| !value.is_empty()) {
            match name.as_str() {
                "principal" => entry.principal = Some(value),
                "action" => entry.actions = vec![value],
                "resource" => entry.resources = vec![value],
                "resourceAccount" => entry.resource_account = Some(value),
                key => {
                    let known = entry.context.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(key));
                    match known.map(|(_, value)| value) {
                        // A column that is repeated is a list.
                        Some(ContextValue::Multi(values)) => values.push(value),
                        Some(single @ ContextValue::Single(_)) => {
                            if let ContextValue::Single(first) = single.clone() {
                                *single = ContextValue::Multi(vec![first, value]);
                            }
                        }
                        None => entry.context.push((key.to_owned(), ContextValue::Single(value))),
                    }
                }
            }
        }
        if entry.actions.is_empty() {
            return Err("the row names no action".to_owned().into());
        }
        Ok(entry)
    }

    /// Adds policies that an entry of the simulator's input brings along, as texts.
    fn add(&mut self, text: &str, node: &Node, layer: Layer) -> Result<(), Mistake> {
        let set = self.policies.get_or_insert_default();
        for (index, policy) in texts(text, node, "the policies")?.into_iter().enumerate() {
            let source = Source::new(format!("{} policy {}", layer.name(), index + 1), policy);
            let policy = Policy::read(source, layer).map_err(|refused| place(text, node, refused.to_string()))?;
            match layer {
                Layer::Boundary => set.boundary.push(Arc::new(policy)),
                Layer::Resource => set.resource.push(Arc::new(policy)),
                _ => set.identity.push(Arc::new(policy)),
            }
        }
        Ok(())
    }
}

/// Whether the names of a table's columns are those of requests.
pub(crate) fn check_header(header: &[String]) -> Result<(), String> {
    let known = ["principal", "action", "resource", "resourceAccount"];
    for name in header {
        if known.contains(&name.as_str()) && header.iter().filter(|other| *other == name).count() > 1 {
            return Err(format!(
                "two columns are called `{name}`: a request has one; columns of condition keys are repeated for lists"
            ));
        }
        if let Some(meant) = known.into_iter().find(|known| known != name && known.eq_ignore_ascii_case(name)) {
            return Err(format!("no column is called `{name}`: write `{meant}`"));
        }
    }
    if !header.iter().any(|name| name == "action") {
        return Err("the header names no column `action`".to_owned());
    }
    match header.iter().find(|name| !known.contains(&name.as_str()) && !name.contains(':')) {
        Some(other) => Err(format!(
            "no column is called `{other}`: there are {}, and condition keys such as `aws:SourceIp`",
            known.join(", ")
        )),
        None => Ok(()),
    }
}

fn at(text: &str, problem: &Problem) -> Mistake {
    Mistake::at(text, problem.span.start, problem.message.clone())
}

fn place(text: &str, node: &Node, message: String) -> Mistake {
    Mistake::at(text, node.span.start, message)
}

fn optional(text: &str, node: &Node, name: &str) -> Result<Option<String>, Mistake> {
    match &node.value {
        Value::Null => Ok(None),
        Value::String(value) => Ok(Some(value.to_string())),
        other => Err(place(text, node, format!("`{name}` is a string, not {}", other.kind()))),
    }
}

fn texts(text: &str, node: &Node, name: &str) -> Result<Vec<String>, Mistake> {
    let one = |node: &Node| {
        node.as_str()
            .map(str::to_owned)
            .ok_or_else(|| place(text, node, format!("`{name}` holds strings, not {}", node.value.kind())))
    };
    node.one_or_many().iter().map(one).collect()
}

fn context(text: &str, node: &Node) -> Result<Vec<(String, ContextValue)>, Mistake> {
    let Value::Object(members) = &node.value else {
        return Err(place(text, node, format!("`context` is an object, not {}", node.value.kind())));
    };
    let value = |node: &Node| context_value(node).map_err(|problem| at(text, &problem));
    members.iter().map(|member| Ok((member.name.to_string(), value(&member.value)?))).collect()
}

/// `[{"ContextKeyName": …, "ContextKeyValues": […], "ContextKeyType": "stringList"}]`.
fn simulated_context(text: &str, node: &Node) -> Result<Vec<(String, ContextValue)>, Mistake> {
    let entry = |node: &Node| -> Result<(String, ContextValue), Mistake> {
        let member = |name: &str| node.get(name).map(|member| &member.value);
        let name = member("ContextKeyName").and_then(Node::as_str);
        let name = name.ok_or_else(|| place(text, node, "a context entry has no `ContextKeyName`".to_owned()))?;
        let values = member("ContextKeyValues").map_or(Ok(Vec::new()), |node| texts(text, node, "ContextKeyValues"))?;
        let list = member("ContextKeyType").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"));
        let value = match <[String; 1]>::try_from(values) {
            Ok([value]) if !list => ContextValue::Single(value),
            Ok([value]) => ContextValue::Multi(vec![value]),
            Err(values) => ContextValue::Multi(values),
        };
        Ok((name.to_owned(), value))
    };
    let mut context: Vec<(String, ContextValue)> = Vec::new();
    for node in node.one_or_many() {
        let (name, value) = entry(node)?;
        if context.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            return Err(place(text, node, format!("`{name}` is given twice: give all of its values in one entry")));
        }
        context.push((name, value));
    }
    Ok(context)
}
