//! `can-access shrink`: a policy with shorter action patterns, and proof that they cover the same.

use crate::args::{Format, ShrinkArgs};
use crate::report::{self, counted, problems};
use crate::{Exit, Failure, input};
use can_access_engine::catalogue::Catalogue;
use can_access_engine::expansion::{Shrunk, shrink_policy};
use can_access_engine::layer::Layer;
use can_access_engine::policy::Policy;
use serde::Serialize;
use std::io::Write;

#[derive(Serialize)]
struct ShrunkJson {
    policy: serde_json::Value,
    changes: Vec<ChangeJson>,
    bytes: BytesJson,
}

#[derive(Serialize)]
struct ChangeJson {
    statement: usize,
    element: &'static str,
    before: usize,
    actions: usize,
    entries: Vec<String>,
}

#[derive(Serialize)]
struct BytesJson {
    before: usize,
    after: usize,
}

/// Writes the shrunk policy, and says on standard error what was changed.
pub(crate) fn run(args: &ShrinkArgs) -> Result<Exit, Failure> {
    let source = input::read(&args.policy)?;
    let layer = if Policy::names_principals(source.text()) { Layer::Resource } else { Layer::Identity };
    let policy = Policy::read(source, layer).map_err(|refused| Failure::Refused(vec![refused]))?;
    let Some(shrunk) = shrink_policy(Catalogue::published(), &policy, args.style()) else {
        return Err(Failure::with_help(
            format!(
                "{}: the shorter patterns do not cover the same actions; nothing is written",
                policy.source().name()
            ),
            "this is a mistake of this program: please report it with the policy",
        ));
    };
    let before = policy.source().text().len();
    let text = match args.common.format {
        Format::Text => shrunk.text.clone(),
        Format::Json => json(&shrunk, before, true)?,
        Format::Jsonl => json(&shrunk, before, false)?,
    };
    match &args.output {
        Some(path) => std::fs::write(path, &text).map_err(|error| Failure::Create { path: path.clone(), error })?,
        None if args.common.quiet => {}
        None => match write(&text) {
            Err(failure) if !failure.is_closed_pipe() => return Err(failure),
            _ => {}
        },
    }
    if !args.common.quiet {
        report_changes(&policy, &shrunk, before);
    }
    Ok(Exit::Fine)
}

fn write(text: &str) -> Result<(), Failure> {
    let mut out = report::data();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

fn json(shrunk: &Shrunk, before: usize, pretty: bool) -> Result<String, Failure> {
    let policy = serde_json::from_str(&shrunk.text).map_err(std::io::Error::from)?;
    let change = |change: &can_access_engine::expansion::Change| ChangeJson {
        statement: change.statement,
        element: change.element,
        before: change.before,
        actions: change.actions,
        entries: change.entries.clone(),
    };
    let changes = shrunk.changes.iter().map(change).collect();
    let value = ShrunkJson { policy, changes, bytes: BytesJson { before, after: shrunk.text.len() } };
    let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
    Ok(text.map_err(std::io::Error::from)? + "\n")
}

fn report_changes(policy: &Policy, shrunk: &Shrunk, before: usize) {
    let name = policy.source().name();
    if shrunk.changes.is_empty() {
        problems::print_note(&format!("{name}: no action pattern can be made shorter"));
        return;
    }
    let mut wider = false;
    for change in &shrunk.changes {
        let Some(statement) = policy.statements().get(change.statement) else { continue };
        let place = policy.source().place(statement.span().start);
        problems::print_note(&format!(
            "{name}:{place}: {} of {} are now {}, for the same {}",
            counted(change.before, "entry", "entries"),
            change.element,
            change.entries.len(),
            counted(change.actions, "action", "actions")
        ));
        let old = statement.action().entries();
        let is_new = |entry: &&String| !old.iter().any(|old| old.as_str() == entry.as_str());
        wider |= change.entries.iter().filter(is_new).any(|entry| entry.contains('*'));
    }
    let after = shrunk.text.len();
    let later = if wider { "; a new wildcard also covers what AWS adds under such a name later" } else { "" };
    problems::print_note(&format!("{name}: {before} bytes are now {after}{later}"));
}
