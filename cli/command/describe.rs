//! `can-access describe`: what AWS's data says of an action, a service or a condition key.

use crate::args::{DescribeArgs, Format};
use crate::report::{self, BOLD, DIM};
use crate::{Exit, Failure};
use can_access_engine::catalogue::global::GlobalKey;
use can_access_engine::catalogue::{AccessLevel, Action, Catalogue, Key, ResourceType, Service, ValueType};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;

/// What is described, as JSON has it; the text is made from the same.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Description {
    Action(ActionDescription),
    Service(ServiceDescription),
    Key(KeyDescription),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ActionDescription {
    action: String,
    service: &'static str,
    level: &'static str,
    levels: Vec<&'static str>,
    resources: Vec<ResourceDescription>,
    keys: Vec<KeyDescription>,
    dependents: Vec<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceDescription {
    service: &'static str,
    title: &'static str,
    resource_control_policies: bool,
    actions: BTreeMap<&'static str, Vec<&'static str>>,
    resources: Vec<ResourceDescription>,
    keys: Vec<KeyDescription>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceDescription {
    name: &'static str,
    arns: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    required: Option<bool>,
    keys: Vec<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyDescription {
    key: &'static str,
    value_type: &'static str,
    list: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence: Option<String>,
}

/// Describes each name.
pub(crate) fn run(args: &DescribeArgs) -> Result<Exit, Failure> {
    let descriptions = args.names.iter().map(|name| describe(name)).collect::<Result<Vec<_>, _>>()?;
    match print(&descriptions, args) {
        Err(failure) if !failure.is_closed_pipe() => Err(failure),
        _ => Ok(Exit::Fine),
    }
}

fn describe(name: &str) -> Result<Description, Failure> {
    let catalogue = Catalogue::published();
    if !name.contains(':') {
        let service = catalogue.service(name).ok_or_else(|| unknown_service(name))?;
        return Ok(Description::Service(of_service(service)));
    }
    let unknown = match catalogue.look_up(name) {
        Ok(action) => return Ok(Description::Action(of_action(action))),
        Err(unknown) => unknown,
    };
    if let Some(key) = GlobalKey::find(name) {
        return Ok(Description::Key(of_global(key)));
    }
    if let Some((service, key)) = find_key(name) {
        let mut description = of_key(key.name(), key.value_type(), key.is_list());
        description.presence = Some(format!("requests of {}", actions_with(service, name)));
        return Ok(Description::Key(description));
    }
    let nearest = catalogue.nearest_keys(name);
    let prefix = name.split_once(':').map_or("", |(prefix, _)| prefix);
    if prefix.eq_ignore_ascii_case("aws") || prefix.contains('.') {
        let help = match &nearest[..] {
            [] => "keys of an identity provider begin with its host, and hold what its tokens say".to_owned(),
            names => format!("did you mean `{}`?", names.join("` or `")),
        };
        return Err(Failure::with_help(format!("AWS lists no condition key `{name}`"), help));
    }
    let help = match (unknown.help(), nearest.first()) {
        (Some(help), _) => help,
        (None, Some(key)) => format!("did you mean the condition key `{key}`?"),
        (None, None) => {
            "give an action, a service prefix or a condition key, such as s3:GetObject, s3, s3:prefix".to_owned()
        }
    };
    Err(Failure::with_help(unknown.to_string(), help))
}

/// A key of a service, and the service that lists it: that of its own prefix if possible.
fn find_key(name: &str) -> Option<(Service<'static>, Key<'static>)> {
    let catalogue = Catalogue::published();
    let own = name.split_once(':').and_then(|(prefix, _)| catalogue.service(prefix));
    let mut services = own.into_iter().chain(catalogue.services());
    services.find_map(|service| service.keys().find(|key| key.covers(name)).map(|key| (service, key)))
}

/// The actions of a service that support a key, for people: the first few.
fn actions_with(service: Service<'static>, key: &str) -> String {
    const SHOWN: usize = 5;
    let names: Vec<String> =
        service.actions().filter(|action| action.supports(key)).map(|action| action.to_string()).collect();
    match names.len() {
        0 => format!("{}, for no action that AWS names", service.title()),
        all if all == service.actions().count() => format!("every action of {}", service.title()),
        count if count > SHOWN => {
            format!("{} and {} other actions", names.get(..SHOWN).unwrap_or_default().join(", "), count - SHOWN)
        }
        _ => names.join(", "),
    }
}

/// What to say of a prefix that no service has.
pub(crate) fn unknown_service(prefix: &str) -> Failure {
    let catalogue = Catalogue::published();
    let near = catalogue.nearest_services(prefix);
    let help = if near.is_empty() {
        "a service goes by the prefix of its actions, such as s3 or elasticmapreduce".to_owned()
    } else {
        let near: Vec<String> =
            near.iter().map(|service| format!("`{}` ({})", service.prefix(), service.title())).collect();
        format!("did you mean {}?", near.join(" or "))
    };
    Failure::with_help(format!("no service has the prefix `{prefix}`"), help)
}

fn of_action(action: Action<'static>) -> ActionDescription {
    let types = action.resources().filter_map(|on| Some((on, on.resource_type()?)));
    let resources = types.map(|(on, of)| {
        let mut keys: Vec<&str> = on.keys().chain(of.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        ResourceDescription { required: Some(on.is_required()), keys, ..of_type(of) }
    });
    let keys = action.keys().map(|name| {
        let known = action.service().keys().find(|key| key.name() == name);
        let of = known.map_or((ValueType::String, false), |key| (key.value_type(), key.is_list()));
        of_key(name, of.0, of.1)
    });
    ActionDescription {
        action: action.to_string(),
        service: action.service().title(),
        level: action.level().name(),
        levels: action.levels().map(AccessLevel::name).collect(),
        resources: resources.collect(),
        keys: keys.collect(),
        dependents: action.dependents().collect(),
    }
}

fn of_service(service: Service<'static>) -> ServiceDescription {
    let mut actions: BTreeMap<&'static str, Vec<&'static str>> = BTreeMap::new();
    for action in service.actions() {
        actions.entry(action.level().name()).or_default().push(action.name());
    }
    ServiceDescription {
        service: service.prefix(),
        title: service.title(),
        resource_control_policies: service.has_rcps(),
        actions,
        resources: service.resource_types().map(of_type).collect(),
        keys: service.keys().map(|key| of_key(key.name(), key.value_type(), key.is_list())).collect(),
    }
}

fn of_type(of: ResourceType<'static>) -> ResourceDescription {
    let arns = of.arns().map(|template| template.as_str()).collect();
    ResourceDescription { name: of.name(), arns, required: None, keys: of.keys().collect() }
}

fn of_global(key: &'static GlobalKey) -> KeyDescription {
    KeyDescription { presence: Some(key.presence().to_owned()), ..of_key(key.name(), key.value_type(), key.is_list()) }
}

fn of_key(name: &'static str, value_type: ValueType, list: bool) -> KeyDescription {
    KeyDescription { key: name, value_type: value_type.name(), list, presence: None }
}

fn print(descriptions: &[Description], args: &DescribeArgs) -> Result<(), Failure> {
    if args.common.quiet {
        return Ok(());
    }
    let mut out = report::output(args.common.format);
    match (args.common.format, descriptions) {
        (Format::Text, _) => {
            for (index, description) in descriptions.iter().enumerate() {
                if index > 0 {
                    writeln!(out)?;
                }
                match description {
                    Description::Action(action) => print_action(&mut out, action)?,
                    Description::Service(service) => print_service(&mut out, service, args.common.verbose)?,
                    Description::Key(key) => print_key(&mut out, key)?,
                }
            }
        }
        (Format::Json, [only]) => {
            serde_json::to_writer_pretty(&mut out, only).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
        (Format::Json, all) => {
            serde_json::to_writer_pretty(&mut out, all).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
        (Format::Jsonl, all) => {
            for description in all {
                serde_json::to_writer(&mut out, description).map_err(std::io::Error::from)?;
                writeln!(out)?;
            }
        }
    }
    Ok(out.flush()?)
}

fn print_action(out: &mut impl Write, action: &ActionDescription) -> Result<(), Failure> {
    writeln!(out, "{BOLD}{}{BOLD:#}  {}, {}", action.action, action.service, action.levels.join(" and "))?;
    if action.resources.is_empty() {
        writeln!(out, "  resources: no resource-level permissions, takes `*`")?;
    } else {
        let several = action.resources.len() > 1 && action.resources.iter().any(|of| of.required == Some(true));
        let mark = if several { " (AWS marks with * what is required; of several, one may be enough)" } else { "" };
        writeln!(out, "  resources{mark}:")?;
        print_resources(out, &action.resources)?;
    }
    print_keys(out, &action.keys)?;
    if !action.dependents.is_empty() {
        writeln!(out, "  may need besides: {}", action.dependents.join(", "))?;
    }
    Ok(())
}

fn print_service(out: &mut impl Write, service: &ServiceDescription, names: bool) -> Result<(), Failure> {
    writeln!(out, "{BOLD}{}{BOLD:#}  {}", service.service, service.title)?;
    let rcps = if service.resource_control_policies { "apply" } else { "do not apply" };
    writeln!(out, "  resource control policies: {rcps}")?;
    let count: usize = service.actions.values().map(Vec::len).sum();
    let by_level: Vec<String> =
        service.actions.iter().map(|(level, names)| format!("{level} {}", names.len())).collect();
    writeln!(out, "  actions: {count} ({})", by_level.join(", "))?;
    if names {
        for (level, names) in &service.actions {
            writeln!(out, "    {level}: {}", names.join(", "))?;
        }
    }
    if !service.resources.is_empty() {
        writeln!(out, "  resource types:")?;
        print_resources(out, &service.resources)?;
    }
    print_keys(out, &service.keys)
}

fn print_resources(out: &mut impl Write, resources: &[ResourceDescription]) -> Result<(), Failure> {
    let marked = |of: &ResourceDescription| format!("{}{}", of.name, if of.required == Some(true) { "*" } else { "" });
    let width = resources.iter().map(|of| marked(of).len()).max().unwrap_or_default();
    for of in resources {
        for (index, arn) in of.arns.iter().enumerate() {
            let name = if index == 0 { marked(of) } else { String::new() };
            writeln!(out, "    {name:width$}  {arn}")?;
        }
        if !of.keys.is_empty() {
            writeln!(out, "    {:width$}  {DIM}with {}{DIM:#}", "", of.keys.join(", "))?;
        }
    }
    Ok(())
}

fn print_keys(out: &mut impl Write, keys: &[KeyDescription]) -> Result<(), Failure> {
    if keys.is_empty() {
        return Ok(());
    }
    writeln!(out, "  condition keys:")?;
    let width = keys.iter().map(|key| key.key.len()).max().unwrap_or_default();
    for key in keys {
        writeln!(out, "    {:width$}  {DIM}{}{DIM:#}", key.key, values(key))?;
    }
    Ok(())
}

fn print_key(out: &mut impl Write, key: &KeyDescription) -> Result<(), Failure> {
    writeln!(out, "{BOLD}{}{BOLD:#}  condition key: {}", key.key, values(key))?;
    if let Some(presence) = &key.presence {
        writeln!(out, "  is there in: {presence}")?;
    }
    Ok(())
}

fn values(key: &KeyDescription) -> String {
    if key.list { format!("list of {}", key.value_type) } else { key.value_type.to_owned() }
}
