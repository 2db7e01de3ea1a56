//! What AWS's own data says about a question, for people: names that do not exist, resources that are left out, and notes
//! about what was probably not meant.

use crate::Failure;
use crate::question::{Answer, Asked, Prepared};
use can_access_engine::catalogue::{self, Catalogue, Unknown};
use can_access_engine::checks::{self, Remark};
use can_access_engine::policy::PolicySet;
use can_access_engine::request::{Action, ContextValue, Request, Resource};
use std::sync::Arc;

/// What AWS's data says of an action, looked up once for all questions about it.
#[derive(Debug)]
pub(crate) struct Advice {
    known: Result<catalogue::Action<'static>, Unknown>,
    resources: Option<checks::Resources<'static>>,
}

impl Advice {
    /// Looks up an action.
    pub(crate) fn on(action: &Action) -> Self {
        let known = Catalogue::published().look_up(action.as_str());
        let resources = known.as_ref().ok().copied().map(checks::Resources::of);
        Self { known, resources }
    }

    /// Refuses an action that AWS does not have.
    pub(crate) fn check_action(&self) -> Result<(), Failure> {
        match &self.known {
            Ok(_) => Ok(()),
            Err(unknown) => Err(Failure::with_help(unknown.to_string(), help(unknown))),
        }
    }

    /// Refuses a question without a resource if the action is about one.
    pub(crate) fn check_needs_no_resource(&self) -> Result<(), Failure> {
        let Some(known) = self.known.as_ref().ok().filter(|known| known.takes_resource()) else {
            return Ok(());
        };
        let forms = checks::resource_forms(*known, None);
        let shown: Vec<String> = forms.shown.iter().map(|form| format!("`{form}`")).collect();
        let others = if forms.others > 0 {
            format!(" ({} more: can-access describe {known})", forms.others)
        } else {
            String::new()
        };
        Err(Failure::with_help(
            format!("`{known}` can be about a resource, and none is given"),
            format!("name one: {}{others}; or `*` if the request names none", shown.join(", ")),
        ))
    }

    /// Asks about the action, with notes on what is odd about the question.
    pub(crate) fn ask<'p>(
        &self,
        prepared: &'p Prepared,
        policies: Asked<'p>,
        action: &'p Action,
        resource: &'p str,
        trusting: bool,
        context: &[(String, ContextValue)],
    ) -> Result<Answer<'p>, Failure> {
        let (request, remarks) = self.request(prepared, policies.set(), action, resource, trusting, context)?;
        let explanation = Arc::new(policies.explain(&request));
        prepared.answer(policies, request, explanation, remarks)
    }

    /// The request that asks about the action, with what is odd about the question.
    ///
    /// Of an action without resource-level permissions, only statements on `*` match, whatever was named (R3.22), unless
    /// somebody asks about what may be newer than AWS's data and is not `trusting` it.
    pub(crate) fn request<'p>(
        &self,
        prepared: &'p Prepared,
        policies: &PolicySet,
        action: &'p Action,
        resource: &'p str,
        trusting: bool,
        context: &[(String, ContextValue)],
    ) -> Result<(Request<'p>, Vec<String>), Failure> {
        let about = self.about(resource);
        let is_everything = trusting && matches!(about, Some(Remark::NoResourceLevel { .. }));
        let request = prepared.request(policies, action, resource, is_everything)?;
        Ok((request, self.remarks(about, context)))
    }

    /// What there is to say about the resource.
    fn about(&self, resource: &str) -> Option<Remark> {
        self.resources.as_ref()?.remark(Catalogue::published(), &Resource::parse(resource).ok()?)
    }

    /// What is odd about the question, and the context keys that were given for it.
    fn remarks(&self, about: Option<Remark>, context: &[(String, ContextValue)]) -> Vec<String> {
        let unknown = self.known.as_ref().err().map(|unknown| {
            let help = unknown.help().map(|help| format!("; {help}")).unwrap_or_default();
            format!("asked although, by AWS's data of {}, {unknown}{help}", day())
        });
        let action = self.known.as_ref().ok().copied();
        let catalogue = Catalogue::published();
        let about_keys = context.iter().flat_map(|(key, value)| checks::context(catalogue, action, key, value));
        unknown.into_iter().chain(about.into_iter().chain(about_keys).map(|remark| remark.to_string())).collect()
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

/// What to say of an action in a test that AWS does not have.
pub(crate) fn unknown_in_test(test: &str, action: &str) -> Option<String> {
    let unknown = Action::parse(action).ok().and_then(|_| Catalogue::published().look_up(action).err())?;
    let help = unknown.help().map(|help| format!("; {help}")).unwrap_or_default();
    Some(format!("test `{test}`: {unknown}{help}"))
}
