//! What AWS's own data says about a question, for people: names that do not exist, resources that are left out, and notes
//! about what was probably not meant.

use crate::Failure;
use can_access_engine::catalogue::{Catalogue, Unknown};
use can_access_engine::checks;
use can_access_engine::request::{Action, ContextValue, Request};

/// Refuses an action that AWS does not have.
pub(crate) fn check_action(action: &Action) -> Result<(), Failure> {
    match Catalogue::published().look_up(action.as_str()) {
        Ok(_) => Ok(()),
        Err(unknown) => Err(Failure::with_help(unknown.to_string(), help(&unknown))),
    }
}

fn help(unknown: &Unknown) -> String {
    let newer = format!("if AWS has it since {}, ask with --allow-unknown-actions", day());
    match unknown.help() {
        Some(help) if unknown.is_service() => format!("{help} Or, {newer}"),
        Some(help) => help,
        None => newer,
    }
}

/// The day of AWS's data.
fn day() -> &'static str {
    let line = Catalogue::published().provenance().next();
    line.and_then(|line| line.rsplit(' ').next()).unwrap_or("the data was made")
}

/// Writes where the facts are from, a line each.
pub(crate) fn write_provenance(out: &mut impl std::io::Write) -> std::io::Result<()> {
    Catalogue::published().provenance().try_for_each(|line| writeln!(out, "{line}"))
}

/// Refuses a question without a resource if the action is about one.
pub(crate) fn check_needs_no_resource(action: &Action) -> Result<(), Failure> {
    let Some(known) = Catalogue::published().action(action.as_str()).filter(|known| known.takes_resource()) else {
        return Ok(());
    };
    let forms = checks::resource_forms(known, None);
    let shown: Vec<String> = forms.shown.iter().map(|form| format!("`{form}`")).collect();
    let others =
        if forms.others > 0 { format!(" ({} more: can-access describe {known})", forms.others) } else { String::new() };
    Err(Failure::with_help(
        format!("`{known}` can be about a resource, and none is given"),
        format!("name one: {}{others}; or `*` if the request names none", shown.join(", ")),
    ))
}

/// What is odd about a request and the context keys that were given for it.
pub(crate) fn remarks(request: &Request<'_>, context: &[(String, ContextValue)]) -> Vec<String> {
    let catalogue = Catalogue::published();
    let action = catalogue.action(request.action().as_str());
    let unknown = catalogue.look_up(request.action().as_str()).err().map(|unknown| {
        let help = unknown.help().map(|help| format!("; {help}")).unwrap_or_default();
        format!("asked although, by AWS's data of {}, {unknown}{help}", day())
    });
    let about_resource = checks::request(catalogue, request).map(|remark| remark.to_string());
    let about_keys = context.iter().flat_map(|(key, value)| checks::context(catalogue, action, key, value));
    unknown.into_iter().chain(about_resource).chain(about_keys.map(|remark| remark.to_string())).collect()
}

/// What to say of an action in a test that AWS does not have.
pub(crate) fn unknown_in_test(test: &str, action: &str) -> Option<String> {
    let unknown = Action::parse(action).ok().and_then(|_| Catalogue::published().look_up(action).err())?;
    let help = unknown.help().map(|help| format!("; {help}")).unwrap_or_default();
    Some(format!("test `{test}`: {unknown}{help}"))
}
