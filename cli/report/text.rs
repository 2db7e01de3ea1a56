//! Answers for people: the verdict alone on the first line, then what decided, as `file:line:column`.

use super::json::{held, reason};
use super::{BOLD, DIM, style_of};
use crate::Failure;
use crate::question::Answer;
use can_access_engine::catalogue::Catalogue;
use can_access_engine::checks;
use can_access_engine::condition::{Comparison, ConditionTest, Evaluation, Why};
use can_access_engine::decision::{Blocker, Completion, Decision, LayerOutcome, StatementReport};
use can_access_engine::layer::Layer;
use can_access_engine::pattern::Fit;
use can_access_engine::principal::Class;
use can_access_engine::problem::Span;
use can_access_engine::request::{ContextValue, Lookup, Request};
use can_access_engine::statement::Effect;
use can_access_engine::truth::Truth;
use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Write;

/// How many patterns or values a message lists.
const LISTED: usize = 6;

/// What one element of a statement came to.
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) matches: Truth,
    pub(crate) why: String,
    /// Where to look.
    pub(crate) span: Option<Span>,
}

/// Prints an answer; with `statements`, every statement of every layer.
pub(crate) fn print(
    out: &mut impl Write,
    answer: &Answer<'_>,
    statements: bool,
    one_of_many: bool,
) -> Result<(), Failure> {
    let explanation = &answer.explanation;
    let outcome = &explanation.outcome;
    let style = style_of(outcome.decision);
    let verdict = match outcome.decision {
        Decision::Allowed => "allowed",
        Decision::ExplicitDeny => "denied (explicit)",
        Decision::ImplicitDeny => "denied (implicit)",
        Decision::Depends => "depends",
    };
    writeln!(out, "{style}{verdict}{style:#}")?;
    if one_of_many || statements {
        let request = &answer.request;
        let who =
            if answer.principal_given { format!(" as {}", shown(request.principal().as_str())) } else { String::new() };
        let (action, resource) = (request.action().as_str(), shown(request.resource().as_str()));
        writeln!(out, "  {action} on {resource}{who}")?;
    }
    // An endpoint's policy is asked twice of a request through an access point.
    let mut told = HashSet::new();
    let decided = explanation.statements.iter().filter(|report| explanation.decided_by.contains(&report.at));
    for report in decided.filter(|report| told.insert(report.at)) {
        let what = match (outcome.decision, report.statement.effect()) {
            (Decision::Depends, Effect::Allow) => "may allow",
            (Decision::Depends, Effect::Deny) => "may deny",
            (_, Effect::Allow) => "allows",
            (_, Effect::Deny) => "denies",
        };
        writeln!(out, "  {BOLD}{}{BOLD:#} {what} ({})", place(report, None), described(report))?;
    }
    if matches!(outcome.decision, Decision::ExplicitDeny | Decision::ImplicitDeny) {
        let blockers: Vec<&str> = outcome.blocked_by.iter().map(Blocker::name).collect();
        writeln!(out, "  blocked by: {}", blockers.join(", "))?;
    }
    for need in needs(answer) {
        writeln!(out, "  needed: {need}")?;
    }
    if let Some(dependence) = &explanation.dependence {
        writeln!(out, "  depends on: {}", dependence.keys.join(", "))?;
        let cases = [("allowed", &dependence.allowed_when), ("denied", &dependence.denied_when)];
        for (what, completion) in cases {
            if let Some(completion) = completion {
                writeln!(out, "  {what} for example with {}", example(completion))?;
            }
        }
        let both = dependence.allowed_when.is_some() && dependence.denied_when.is_some();
        if !both {
            writeln!(out, "  not every value could be tried, so the answer may not depend on them after all")?;
        }
    }
    if let Some(report) = explanation.nearest_report() {
        writeln!(out, "  nearest: {BOLD}{}{BOLD:#} ({})", place(report, None), described(report))?;
        for element in elements(report, answer).iter().filter(|element| !element.matches.is_true()) {
            writeln!(out, "    {}: {}", element.name, element.why)?;
        }
    }
    if let Some(rule) = outcome.service {
        writeln!(out, "  service rule: {rule}")?;
    }
    for note in &answer.notes {
        writeln!(out, "  note: {}", shown(note))?;
    }
    if !explanation.absent_keys.is_empty() {
        writeln!(out, "  {DIM}absent keys that mattered: {}{DIM:#}", explanation.absent_keys.join(", "))?;
    }
    for assumption in answer.assumptions() {
        writeln!(out, "  {DIM}assumed: {assumption}{DIM:#}")?;
    }
    if !explanation.unsettled.is_empty() {
        let rules: Vec<&str> = explanation.unsettled.iter().map(|rule| rule.as_str()).collect();
        writeln!(out, "  {DIM}not certain: {} (see reference/SEMANTICS.md){DIM:#}", rules.join(", "))?;
    }
    if statements {
        print_statements(out, answer)?;
    }
    Ok(())
}

/// An answer as plain text, for the message of a failed test.
pub(crate) fn answer_to_string(answer: &Answer<'_>, statements: bool) -> String {
    let mut text = Vec::new();
    if print(&mut text, answer, statements, false).is_err() {
        return String::new();
    }
    anstream::adapter::strip_str(&String::from_utf8_lossy(&text)).to_string()
}

fn print_statements(out: &mut impl Write, answer: &Answer<'_>) -> Result<(), Failure> {
    let explanation = &answer.explanation;
    for layer in Layer::ALL {
        let outcome = explanation.outcome.layer(layer);
        if outcome == LayerOutcome::Absent {
            continue;
        }
        let says = match outcome {
            LayerOutcome::Absent => "absent",
            LayerOutcome::NotApplicable => "does not concern this request",
            LayerOutcome::Allowed => "allows",
            LayerOutcome::ExplicitDeny => "denies",
            LayerOutcome::ImplicitDeny => "is silent",
            LayerOutcome::Depends => "depends on unknown keys",
        };
        writeln!(out, "\n{BOLD}{layer}{BOLD:#} {says}")?;
        let mut level = None;
        for report in explanation.statements.iter().filter(|report| report.at.layer == layer) {
            if matches!(layer, Layer::Scp | Layer::Rcp) && level != Some(report.at.level) {
                level = Some(report.at.level);
                writeln!(out, "  level {} of the organization", report.at.level + 1)?;
            }
            print_statement(out, report, answer)?;
        }
    }
    Ok(())
}

fn print_statement(out: &mut impl Write, report: &StatementReport<'_>, answer: &Answer<'_>) -> Result<(), Failure> {
    let (verb, style) = match (report.applies, report.statement.effect()) {
        (Truth::True, Effect::Allow) => ("applies and allows", super::GOOD),
        (Truth::True, Effect::Deny) => ("applies and denies", super::BAD),
        (Truth::Unknown, _) => ("may apply", super::OPEN),
        (Truth::False, _) => ("does not apply", DIM),
    };
    let name =
        report.statement.sid().filter(|sid| !sid.is_empty()).map_or(String::new(), |sid| format!(" {}", shown(sid)));
    let effect = report.statement.effect().name();
    writeln!(out, "  {BOLD}{}{BOLD:#} {effect}{name}: {style}{verb}{style:#}", place(report, None))?;
    for element in elements(report, answer) {
        let mark = match element.matches {
            Truth::True => "+",
            Truth::Unknown => "?",
            Truth::False => "-",
        };
        let at = element
            .span
            .filter(|_| !element.matches.is_true())
            .map_or(String::new(), |span| format!(" {DIM}({}){DIM:#}", place(report, Some(span))));
        writeln!(out, "    {mark} {}: {}{at}", element.name, element.why)?;
    }
    Ok(())
}

fn place(report: &StatementReport<'_>, span: Option<Span>) -> String {
    let source = report.policy.source();
    format!("{}:{}", shown(source.name()), source.place(span.unwrap_or(report.statement.span()).start))
}

fn described(report: &StatementReport<'_>) -> String {
    let layer = report.at.layer.name();
    match report.statement.sid().filter(|sid| !sid.is_empty()) {
        Some(sid) => format!("{layer}, {}", shown(sid)),
        None => layer.to_owned(),
    }
}

/// A text of somebody else's, its control characters shown rather than obeyed.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(escaped).collect())
}

/// What would have to be there for the request to be allowed.
pub(crate) fn needs(answer: &Answer<'_>) -> Vec<String> {
    let outcome = &answer.explanation.outcome;
    if outcome.decision != Decision::ImplicitDeny {
        return Vec::new();
    }
    let request = &answer.request;
    let principal = request.principal();
    let action = request.action().as_str();
    let on = |request: &Request<'_>| format!("{action} on {}", shown(request.asked_of()));
    let what = on(request);
    let behind = request.on_bucket();
    let blocked = |layer| outcome.blocked_by.has(Blocker::Layer(layer));
    let mut needs = Vec::new();
    if blocked(Layer::Identity) {
        let own = request.is_same_account() && !blocked(Layer::Resource) && !answer.trust_matters();
        let delegated = outcome.layer(Layer::Resource) == LayerOutcome::Allowed;
        needs.push(match (principal.account(), &behind) {
            (Some(account), _) if delegated || !own => {
                format!("in account {account}, an identity policy that allows {} {what}", answer.asker())
            }
            (_, Some(behind)) => {
                let bucket = format!("the bucket's, for {}", shown(behind.resource().as_str()));
                let lacking =
                    match (answer.allows(Layer::Resource, false, true), answer.allows(Layer::Resource, true, false)) {
                        (false, true) => format!("a policy that names the principal and does: {bucket}"),
                        (true, false) => "a policy that names the principal and does: the access point's".to_owned(),
                        _ => format!("policies that name the principal and do: {bucket}, and the access point's"),
                    };
                format!("an identity policy that allows {what}, or {lacking}")
            }
            (_, None) => format!(
                "an identity policy that allows {what}, or a resource-based policy that names the principal and does"
            ),
        });
    }
    if blocked(Layer::Resource) {
        let owner = request.resource_account().filter(|_| !request.is_same_account());
        let owner = owner.map_or(String::new(), |account| format!("in account {account}, "));
        let asker = answer.asker();
        match &behind {
            Some(behind) => {
                if !answer.allows(Layer::Resource, false, true) {
                    needs.push(format!("{owner}a statement in the bucket's policy that allows {asker} {}", on(behind)));
                }
                if !answer.allows(Layer::Resource, true, false) {
                    needs.push(format!("a statement in the access point's policy that allows {asker} {what}"));
                }
            }
            None => needs.push(format!("{owner}a statement in the resource's own policy that allows {asker} {what}")),
        }
    }
    for layer in [Layer::Boundary, Layer::Session, Layer::Endpoint] {
        if blocked(layer) {
            let missing = if outcome.layer(layer) == LayerOutcome::Absent { " (none was given)" } else { "" };
            let forms = [Some(request), behind.as_ref().filter(|_| layer == Layer::Endpoint)];
            let forms = forms.into_iter().flatten().enumerate();
            let silent =
                forms.filter(|(on_bucket, _)| behind.is_none() || !answer.allows(layer, false, *on_bucket == 1));
            needs.extend(silent.map(|(_, form)| format!("{}{missing} that allows {}", layer.described(), on(form))));
        }
    }
    if blocked(Layer::Scp) {
        for (level, policies) in answer.silent_scp_levels() {
            let policies =
                if policies.is_empty() { "no policy there".to_owned() } else { shown(&policies).into_owned() };
            needs.push(format!(
                "at level {level} of the organization ({policies}), a service control policy that allows {what}"
            ));
        }
    }
    needs
}

fn example(completion: &Completion) -> String {
    if completion.is_empty() {
        return "any values".to_owned();
    }
    let values = completion.iter().map(|(key, value)| match value {
        None => format!("{key} absent"),
        Some(ContextValue::Single(text)) => format!("{key} = `{text}`"),
        Some(ContextValue::Multi(texts)) => {
            format!("{key} = [{}]", texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", "))
        }
    });
    values.collect::<Vec<_>>().join(", ")
}

/// The elements of a statement: which matched, which did not, and on which value.
pub(crate) fn elements(report: &StatementReport<'_>, answer: &Answer<'_>) -> Vec<Element> {
    let on_bucket = answer.request.on_bucket().filter(|_| report.on_bucket);
    let request = on_bucket.as_ref().unwrap_or(&answer.request);
    let mut elements = Vec::new();
    elements.extend(principal(report, request));
    elements.push(action(report, request));
    elements.extend(resource(report, request));
    for (test, evaluation) in report.statement.conditions().tests().iter().zip(&report.conditions) {
        elements.push(condition(test, *evaluation, request));
    }
    elements
}

fn principal(report: &StatementReport<'_>, request: &Request<'_>) -> Option<Element> {
    if !matches!(report.at.layer, Layer::Resource | Layer::Rcp | Layer::Endpoint) {
        return None;
    }
    let who = request.principal().as_str();
    let Some(element) = report.statement.principal() else {
        let why = "the statement names no principal, so it is about nobody".to_owned();
        return Some(Element {
            name: "Principal".to_owned(),
            matches: Truth::False,
            why,
            span: Some(report.statement.span()),
        });
    };
    let entries: Vec<&str> = element.entries().iter().map(|entry| entry.as_str()).collect();
    let span = element.entries().first().map(|entry| entry.span());
    let negated = matches!(element, can_access_engine::principal::PrincipalElement::NotPrincipal(_));
    let matched = report.principal;
    let why = match (matched.classes.strongest(), negated) {
        (Some(_), true) if matched.boundary_forces => {
            "a permissions boundary is attached, so the exemption does not count".to_owned()
        }
        (Some(_), true) if matched.chain_matters => {
            format!(
                "{who} is not exempt: account, user or role, and session would all have to be listed in {}",
                list(&entries)
            )
        }
        (Some(_), true) => format!("{who} is not exempted by {}", list(&entries)),
        (Some(class), false) => match class {
            Class::Anyone => "everybody is meant".to_owned(),
            Class::ExactUser => "the user is named".to_owned(),
            Class::ExactSession => "the session is named".to_owned(),
            Class::ExactFederated => "the federated user is named".to_owned(),
            Class::Service => "the service is named".to_owned(),
            Class::IdentityProvider => "the identity provider is named".to_owned(),
            Class::RootSelf => "the account of this root user is named".to_owned(),
            Class::RoleOfSession => "the role of the session is named".to_owned(),
            Class::UserOfFederated => "the user behind the federated user is named".to_owned(),
            Class::AccountDelegation => {
                "the account is named, which leaves the decision to its own policies".to_owned()
            }
        },
        (None, true) => format!("{who} is exempted by {}", list(&entries)),
        (None, false) if entries.is_empty() => "nobody is named".to_owned(),
        (None, false) => format!("{who} is not among {}", list(&entries)),
    };
    let name = if negated { "NotPrincipal" } else { "Principal" };
    Some(Element { name: name.to_owned(), matches: (!matched.classes.is_none()).into(), why, span })
}

fn action(report: &StatementReport<'_>, request: &Request<'_>) -> Element {
    let action = request.action();
    let element = report.statement.action();
    let texts: Vec<&str> = element.entries().iter().map(|entry| entry.as_str()).collect();
    let asked = action.as_str();
    let entry = element.entry_for(action);
    let why = match (entry, element.is_negated()) {
        (Some(entry), false) => format!("`{asked}` matches `{}`", entry.as_str()),
        (Some(entry), true) => format!("`{asked}` is excluded by `{}`", entry.as_str()),
        (None, false) if texts.is_empty() => "the list is empty".to_owned(),
        (None, false) => format!("`{asked}` matches none of {}", list(&texts)),
        (None, true) => format!("`{asked}` is not excluded"),
    };
    let name = if element.is_negated() { "NotAction" } else { "Action" };
    let span = entry.or(element.entries().first()).map(|entry| entry.span());
    Element { name: name.to_owned(), matches: report.action.into(), why, span }
}

fn resource(report: &StatementReport<'_>, request: &Request<'_>) -> Option<Element> {
    let element = report.statement.resource()?;
    let asked = &*shown(request.asked_of());
    let fits: Vec<_> = element.entries().iter().map(|entry| (entry, entry.fit(request))).collect();
    let hit = fits.iter().find(|(_, fit)| fit.is_yes()).map(|(entry, _)| *entry);
    let open = fits
        .iter()
        .find_map(|(entry, fit)| if let Fit::Unknown(variable) = fit { Some((*entry, *variable)) } else { None });
    let unresolved: Vec<String> = fits
        .iter()
        .filter_map(|(entry, fit)| match fit {
            Fit::Unresolved(variable) => {
                Some(format!("`{}` matches nothing because {} has no value to insert", entry.as_str(), variable.key()))
            }
            _ => None,
        })
        .collect();
    let texts: Vec<&str> = element.entries().iter().map(|entry| entry.as_str()).collect();
    let negated = element.is_negated();
    let mut why = match (hit, open) {
        (Some(entry), _) if negated => format!("`{asked}` is excluded by `{}`", entry.as_str()),
        (Some(entry), _) => format!("`{asked}` matches `{}`", entry.as_str()),
        (None, Some((entry, variable))) => {
            format!("whether `{asked}` matches `{}` depends on {}, which is unknown", entry.as_str(), variable.key())
        }
        (None, None) if negated => format!("`{asked}` is not excluded"),
        (None, None) if texts.is_empty() => "the list is empty".to_owned(),
        (None, None) => format!("`{asked}` matches none of {}", list(&texts)),
    };
    let replaced = element.entries().iter().filter_map(|entry| entry.with_values(request)).take(LISTED);
    for text in replaced.filter(|_| hit.is_none()) {
        why.push_str(&format!("; with its values that is `{}`", shown(&text)));
    }
    for text in unresolved.iter().take(LISTED).filter(|_| hit.is_none()) {
        why.push_str(&format!("; {text}"));
    }
    if hit.is_none() && !negated {
        if asked == "*" {
            why.push_str("; a request without a resource is matched by `*` alone");
        } else if let Some(entry) = element.entries().iter().find(|entry| entry.as_str().eq_ignore_ascii_case(asked)) {
            why.push_str(&format!("; `{}` differs by letter case only", entry.as_str()));
        } else if let Some(hint) = bucket_hint(request, asked, &texts) {
            why.push_str(&hint);
        }
    }
    let name = if negated { "NotResource" } else { "Resource" };
    let span = hit.or(element.entries().first()).map(|entry| entry.span());
    Some(Element { name: name.to_owned(), matches: report.resource, why, span })
}

/// The classic confusion: a bucket and its objects are different resources (R3.27).
fn bucket_hint(request: &Request<'_>, asked: &str, patterns: &[&str]) -> Option<String> {
    let key = asked.split_once(":s3:::")?.1;
    let objects = key.contains('/');
    let is_bucket = |pattern: &&&str| asked.strip_prefix(**pattern).is_some_and(|rest| rest.starts_with('/'));
    let covers_objects = |bucket: &str| patterns.iter().any(|other| other.starts_with(&format!("{bucket}/")));
    // If the action is not about objects, the policy is right and the question is wrong.
    let wrong_question = || checks::request(Catalogue::published(), request).is_some();
    if objects && patterns.iter().find(is_bucket).is_some_and(|bucket| !covers_objects(bucket)) && !wrong_question() {
        return Some("; a bucket's ARN does not cover its objects: they need `/*` behind it".to_owned());
    }
    if !objects && patterns.contains(&format!("{asked}/*").as_str()) {
        return Some("; `/*` covers the objects of a bucket, not the bucket itself".to_owned());
    }
    None
}

fn condition(test: &ConditionTest, evaluation: Evaluation, request: &Request<'_>) -> Element {
    let held_value = request.lookup(test.key());
    let wanted: Vec<&str> = test.values().iter().map(|value| value.as_str()).collect();
    let mut why = match evaluation.why {
        Why::Compared => {
            let negated = test.operator().base.is_negated();
            let relation = match (evaluation.truth, negated) {
                (Truth::True, false) => "which satisfies",
                (Truth::True, true) => "which is none of",
                (_, false) => "which does not satisfy",
                (_, true) => "which is among",
            };
            format!("it is {}, {relation} {}", held(held_value), list(&wanted))
        }
        Why::Presence => format!("it is present ({}), and {} was asked for", held(held_value), list(&wanted)),
        Why::Absent if evaluation.truth.is_true() => "the key is absent, which satisfies this operator".to_owned(),
        Why::Unknown => format!("the key is unknown; wanted is {}", list(&wanted)),
        Why::Absent => format!("the key is absent; wanted is {}", list(&wanted)),
        Why::NeedsSetOperator | Why::EmptyValues => format!("it is {}: {}", held(held_value), reason(evaluation.why)),
    };
    if let (Why::Compared, Lookup::Single(value)) = (evaluation.why, held_value) {
        for own in test.values() {
            let comparison = own.compare(test.operator().base, value, request);
            let text = own.as_str();
            let more = match comparison {
                Comparison::Unresolved(variable) => {
                    format!("; `{text}` matches nothing because {} has no value to insert", variable.key())
                }
                Comparison::Unknown(variable) => format!("; `{text}` depends on {}, which is unknown", variable.key()),
                Comparison::MalformedPolicyValue => format!("; `{text}` cannot be read by this operator"),
                Comparison::MalformedRequestValue => format!("; `{value}` cannot be read by this operator"),
                Comparison::Match | Comparison::Mismatch => continue,
            };
            why.push_str(&more);
            break;
        }
    }
    Element {
        name: format!("Condition {} {}", test.operator(), test.key()),
        matches: evaluation.truth,
        why,
        span: Some(test.key_span()),
    }
}

/// Some texts, the first few of many.
fn list(texts: &[&str]) -> String {
    let shown: Vec<String> = texts.iter().take(LISTED).map(|text| format!("`{}`", shown(text))).collect();
    let rest = texts.len().saturating_sub(LISTED);
    match (shown.is_empty(), rest) {
        (true, _) => "an empty list".to_owned(),
        (false, 0) => shown.join(", "),
        (false, rest) => format!("{} and {rest} more", shown.join(", ")),
    }
}
