//! Warnings about a policy: what it says is legal, and by AWS's own data cannot have an effect.

use super::{Found, either_form, find_key, resource_forms, templates};
use crate::action::ActionPattern;
use crate::catalogue::{Action, Catalogue, either};
use crate::condition::{Base, ConditionTest, ConditionValue, SetOperator};
use crate::expansion::expand;
use crate::policy::Policy;
use crate::problem::{Code, Problem, in_order};
use crate::resource::{ResourceElement, ResourcePattern};
use crate::statement::Statement;

/// What the catalogue says against a policy, in the order of the places: actions that match nothing, actions and
/// resources that never meet in a statement, condition keys that no request has.
///
/// ```
/// use can_access_engine::catalogue::Catalogue;
/// use can_access_engine::checks;
/// use can_access_engine::layer::Layer;
/// use can_access_engine::policy::Policy;
/// use can_access_engine::problem::Source;
/// let text = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
///     "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::reports/*"}}"#;
/// let policy = Policy::read(Source::new("p.json", text), Layer::Identity).unwrap();
/// let problems = checks::policy(Catalogue::published(), &policy);
/// assert_eq!(problems[0].message, "`s3:ListBucket` is about none of the resources of this statement");
/// ```
#[must_use]
pub fn policy(catalogue: &Catalogue, policy: &Policy) -> Vec<Problem> {
    let mut problems = Vec::new();
    for statement in policy.statements() {
        examine(catalogue, statement, &mut problems);
    }
    in_order(problems)
}

/// An entry of `Action`, with what it covers.
type Covered<'s, 'c> = (&'s ActionPattern, Vec<Action<'c>>);

fn examine(catalogue: &Catalogue, statement: &Statement, problems: &mut Vec<Problem>) {
    let element = statement.action();
    let mut covered: Vec<Covered<'_, '_>> = Vec::new();
    // `*` covers everything; what it means for resources and keys needs no look at every service.
    for entry in element.entries().iter().filter(|entry| entry.is_well_formed() && !entry.is_everything()) {
        let actions = expand(catalogue, entry);
        if actions.is_empty() {
            problems.push(matches_nothing(catalogue, entry, element.is_negated()));
        }
        covered.push((entry, actions));
    }
    let all_known = covered.iter().all(|(_, actions)| !actions.is_empty());
    let everything = element.entries().iter().any(ActionPattern::is_everything) || element.is_negated();
    let named = !everything && element.entries().iter().all(ActionPattern::is_well_formed);
    if let Some(ResourceElement::Resource(resources)) = statement.resource().filter(|_| !element.is_negated()) {
        never_meet(&covered, resources, named && all_known, problems);
    }
    for test in statement.conditions().tests() {
        let actions: Vec<Action<'_>> = covered.iter().flat_map(|(_, actions)| actions.iter().copied()).collect();
        let actions = (named && all_known).then_some(&actions[..]);
        let problem = nothing_supplies(catalogue, test, actions);
        if problem.is_none() && named && all_known && !passes_without_key(test) {
            problems.extend(some_lack(catalogue, test, &covered));
        }
        problems.extend(problem);
    }
}

fn matches_nothing(catalogue: &Catalogue, entry: &ActionPattern, negated: bool) -> Problem {
    let text = entry.as_str();
    let effect = if negated { "excludes nothing" } else { "matches nothing" };
    if text.contains(['*', '?']) {
        let (prefix, name) = text.split_once(':').unwrap_or((text, ""));
        let message = match catalogue.service(prefix) {
            Some(service) => format!("no action of {} is like `{name}`: the entry {effect}", service.title()),
            None => format!("no service has the prefix `{prefix}`: `{text}` {effect}"),
        };
        let plain = format!("{prefix}:{}", name.replace(['*', '?'], ""));
        let help = catalogue.look_up(&plain).err().and_then(|unknown| unknown.help());
        return with_help(Problem::warning(Code::UnknownAction, entry.span(), message), help);
    }
    let unknown = catalogue.look_up(text).err();
    let message = unknown.as_ref().map_or_else(|| format!("there is no action `{text}`"), ToString::to_string);
    let problem = Problem::warning(Code::UnknownAction, entry.span(), format!("{message}; the entry {effect}"));
    with_help(problem, unknown.and_then(|unknown| unknown.help()))
}

fn with_help(problem: Problem, help: Option<String>) -> Problem {
    match help {
        Some(help) => problem.help(help),
        None => problem,
    }
}

/// Entries of `Action` that are about no resource of the statement, and resources that no action is about.
fn never_meet(covered: &[Covered<'_, '_>], resources: &[ResourcePattern], all: bool, problems: &mut Vec<Problem>) {
    if resources.iter().any(|resource| resource.is_everything() || !resource.is_well_formed()) || resources.is_empty() {
        return;
    }
    let mut some_meet = false;
    for (entry, actions) in covered.iter().filter(|(_, actions)| !actions.is_empty()) {
        if actions.iter().any(|action| resources.iter().any(|resource| meet(*action, resource))) {
            some_meet = true;
            continue;
        }
        let text = entry.as_str();
        let problem = if actions.iter().all(|action| !action.takes_resource()) {
            let message = format!("AWS lists no resource for `{text}`, so no ARN of this statement matches it");
            Problem::warning(Code::NeverMeets, entry.span(), message)
                .help("by AWS's list it needs a statement with the resource `*`")
        } else {
            let message = format!("`{text}` is about none of the resources of this statement");
            let action = actions.iter().find(|action| action.takes_resource()).copied();
            let like = resources.iter().find_map(|resource| crate::arn::Arn::parse(resource.as_str()));
            let forms = action.map(|action| resource_forms(action, like.as_ref()));
            let help = forms.map(|forms| format!("it is about {}", either_form(&forms)));
            with_help(Problem::warning(Code::NeverMeets, entry.span(), message), help)
        };
        problems.push(problem);
    }
    // If nothing meets anything, that has been said of the actions.
    if !all || !some_meet {
        return;
    }
    for resource in resources {
        let met = |(_, actions): &Covered<'_, '_>| actions.iter().any(|action| meet(*action, resource));
        if !covered.iter().any(met) {
            let message = format!("no action of this statement is about `{}`", resource.as_str());
            problems.push(Problem::warning(Code::NeverMeets, resource.span(), message));
        }
    }
}

/// Whether some request of the action has a resource that the pattern matches.
fn meet(action: Action<'_>, resource: &ResourcePattern) -> bool {
    // The list of all buckets is matched as `arn:aws:s3:::*` as well (R3.24).
    if !action.takes_resource() {
        return action.to_string() == "s3:ListAllMyBuckets" && resource.matches_text("arn:aws:s3:::*");
    }
    let Some(parts) = resource.symbols() else { return resource.is_everything() };
    templates(action).any(|(_, template)| template.meets(&parts))
}

/// A condition key that no request has, or none of the statement's actions.
fn nothing_supplies(catalogue: &Catalogue, test: &ConditionTest, actions: Option<&[Action<'_>]>) -> Option<Problem> {
    let key = test.key().as_str();
    let span = test.key_span();
    let consequence = if passes_without_key(test) { "so this test always holds" } else { "so this test never holds" };
    let found = match actions {
        // Each action's service may list keys of other prefixes.
        Some(actions) if !actions.is_empty() => {
            let known = actions.iter().map(|action| find_key(catalogue, Some(*action), key));
            known.reduce(|found, next| if matches!(found, Found::Nowhere) { next } else { found })
        }
        _ => Some(find_key(catalogue, None, key)),
    };
    match found? {
        Found::OfProvider => None,
        Found::Nowhere => {
            // Without the actions it may be a key that another service lists.
            let prefix = key.split_once(':').map_or("", |(prefix, _)| prefix);
            let listed = actions.is_some() || prefix.eq_ignore_ascii_case("aws") || catalogue.service(prefix).is_some();
            let message = format!("AWS lists no condition key `{key}`, {consequence}");
            let nearest = catalogue.nearest_keys(key);
            let help = (!nearest.is_empty()).then(|| format!("did you mean {}?", either(&nearest)));
            listed.then(|| with_help(Problem::warning(Code::UnknownKey, span, message), help))
        }
        Found::Key(known) => {
            let actions = actions.filter(|actions| known.by_action && !actions.is_empty())?;
            if actions.iter().any(|action| action.supports(key)) {
                return None;
            }
            let whose = match actions {
                [only] => format!("for `{only}`"),
                _ => "for the actions of this statement".to_owned(),
            };
            let message = format!("AWS lists no condition key `{key}` {whose}, {consequence}");
            Some(Problem::warning(Code::UnsupportedKey, span, message))
        }
    }
}

/// Entries of a statement whose requests never have the key that others have, as in a condition on `s3:prefix` for
/// `s3:ListBucket` and `s3:GetObject` together.
fn some_lack(catalogue: &Catalogue, test: &ConditionTest, covered: &[Covered<'_, '_>]) -> Option<Problem> {
    let key = test.key().as_str();
    let lacks = |(_, actions): &&Covered<'_, '_>| {
        actions.iter().all(|action| match find_key(catalogue, Some(*action), key) {
            Found::Key(known) => known.by_action && !action.supports(key),
            Found::OfProvider | Found::Nowhere => false,
        })
    };
    let names: Vec<String> = covered.iter().filter(lacks).map(|(entry, _)| entry.as_str().to_owned()).collect();
    if names.is_empty() {
        return None;
    }
    let (shown, others) = names.split_at_checked(3).unwrap_or((&names, &[]));
    let others = if others.is_empty() { String::new() } else { format!(" and {} others", others.len()) };
    let list: Vec<String> = shown.iter().map(|name| format!("`{name}`")).collect();
    let message = format!(
        "AWS lists no condition key `{key}` for {}{others}, so for them this test never holds",
        list.join(", ")
    );
    Some(Problem::warning(Code::UnsupportedKey, test.key_span(), message).help("give the key a statement of its own"))
}

/// Whether a test comes out true for a request that does not have its key (R5.5, R5.8, R5.9, R5.14).
fn passes_without_key(test: &ConditionTest) -> bool {
    let operator = test.operator();
    match operator.set {
        Some(SetOperator::ForAllValues) => true,
        Some(SetOperator::ForAnyValue) => operator.if_exists,
        None if operator.base == Base::Null => {
            test.values().iter().map(ConditionValue::as_str).any(|value| value.eq_ignore_ascii_case("true"))
        }
        None => operator.if_exists || operator.base.is_negated(),
    }
}
