//! Results of policy tests: failures with their explanations and counts for people, a line a pair for machines.

use super::text::shown;
use super::{BAD, BOLD, GOOD};
use crate::Failure;
use crate::access_test::runner::{FileResult, PairResult};
use serde::Serialize;
use std::io::Write;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultJson<'a> {
    file: &'a str,
    name: &'a str,
    action: &'a str,
    resource: &'a str,
    expect: &'static str,
    decision: &'static str,
    passed: bool,
    blocked_by: &'a [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

fn pairs(files: &[FileResult]) -> impl Iterator<Item = (&str, &PairResult)> {
    files.iter().flat_map(|file| file.results.iter().flatten().map(|result| (file.path.as_str(), result)))
}

fn of<'a>(file: &'a str, result: &'a PairResult) -> ResultJson<'a> {
    ResultJson {
        file,
        name: &result.test,
        action: &result.action,
        resource: &result.resource,
        expect: result.expect.name(),
        decision: result.decision,
        passed: result.passed,
        blocked_by: &result.blocked_by,
        message: result.message.as_deref(),
    }
}

/// Prints a line for each pair.
pub(crate) fn print_lines(out: &mut impl Write, files: &[FileResult]) -> Result<(), Failure> {
    for (file, result) in pairs(files) {
        serde_json::to_writer(&mut *out, &of(file, result)).map_err(std::io::Error::from)?;
        writeln!(out)?;
    }
    Ok(())
}

/// Prints all pairs as one array.
pub(crate) fn print_json(out: &mut impl Write, files: &[FileResult]) -> Result<(), Failure> {
    let all: Vec<_> = pairs(files).map(|(file, result)| of(file, result)).collect();
    serde_json::to_writer_pretty(&mut *out, &all).map_err(std::io::Error::from)?;
    Ok(writeln!(out)?)
}

/// Prints failures, with `verbose` passes as well, and the counts.
pub(crate) fn print_text(out: &mut impl Write, files: &[FileResult], verbose: bool) -> Result<(), Failure> {
    let (mut passed, mut failed) = (0_usize, 0_usize);
    for (file, result) in pairs(files) {
        if result.passed {
            passed += 1;
            if verbose {
                writeln!(
                    out,
                    "{GOOD}ok{GOOD:#}     {file}: {} ({} on {})",
                    result.test, result.action, result.resource
                )?;
            }
            continue;
        }
        failed += 1;
        writeln!(out, "{BAD}FAILED{BAD:#} {}: {BOLD}{}{BOLD:#}", shown(file), shown(&result.test))?;
        writeln!(out, "  {} on {}", shown(&result.action), shown(&result.resource))?;
        writeln!(out, "  expected {}, got {}", result.expect.name(), result.decision)?;
        for message in result.message.iter().flat_map(|message| message.lines()) {
            writeln!(out, "  {message}")?;
        }
        if let Some(why) = &result.why {
            writeln!(out, "  why it matters: {}", shown(why))?;
        }
        for line in result.explanation.iter().flat_map(|text| text.lines()) {
            writeln!(out, "  | {line}")?;
        }
        writeln!(out)?;
    }
    let unread = files.iter().filter(|file| file.results.is_err()).count();
    let unread = if unread == 0 { String::new() } else { format!(", {unread} files not read") };
    Ok(writeln!(out, "{passed} passed, {failed} failed{unread}")?)
}
