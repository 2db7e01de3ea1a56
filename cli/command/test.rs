//! `can-access test`: policy tests.

use crate::access_test::runner::{self, FileResult, How};
use crate::args::{Format, TestArgs};
use crate::input::files;
use crate::report::{self, tests};
use crate::{Exit, Failure};
use std::path::Path;

const ENDINGS: [&str; 3] = [".access-test.yaml", ".access-test.yml", ".access-test.json"];

/// Runs the tests and prints failures and counts, or every result.
pub(crate) fn run(args: &TestArgs) -> Result<Exit, Failure> {
    let is_test = |file: &Path| {
        let name = file.to_string_lossy().to_lowercase();
        ENDINGS.iter().any(|ending| name.ends_with(ending))
    };
    let mut paths = Vec::new();
    for path in &args.paths {
        let found = files(path, is_test)?;
        if found.is_empty() {
            return Err(Failure::with_help(
                format!("{path} holds no policy tests"),
                format!("test files end in {}", ENDINGS.join(", ")),
            ));
        }
        paths.extend(found);
    }
    paths.dedup();
    let results: Vec<FileResult> = super::query::with_threads(args.common.threads, || {
        runner::run(&paths, How { compiled: args.compiled, trusting: !args.allow_unknown_actions })
    })?;
    for file in &results {
        if let Err(failure) = &file.results {
            report::problems::print_failure(failure);
        }
    }
    for file in results.iter().filter(|_| !args.common.quiet) {
        for warning in &file.warnings {
            report::problems::print_warning(&format!("{}: {warning}", file.path));
        }
    }
    // Nobody reading on changes nothing about the results.
    match print(args, &results) {
        Err(failure) if !failure.is_closed_pipe() => return Err(failure),
        _ => {}
    }
    let unread = results.iter().any(|file| file.results.is_err());
    let failed = results.iter().flat_map(|file| file.results.iter().flatten()).any(|result| !result.passed);
    Ok(if unread {
        Exit::Undecided
    } else if failed {
        Exit::Finding
    } else {
        Exit::Fine
    })
}

fn print(args: &TestArgs, results: &[FileResult]) -> Result<(), Failure> {
    let mut out = report::output(args.common.format);
    match args.common.format {
        _ if args.common.quiet => {}
        Format::Text => tests::print_text(&mut out, results, args.common.verbose)?,
        Format::Jsonl => tests::print_lines(&mut out, results)?,
        Format::Json => tests::print_json(&mut out, results)?,
    }
    Ok(std::io::Write::flush(&mut out)?)
}
