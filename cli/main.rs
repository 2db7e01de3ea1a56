//! The command line of can-access: reads files and arguments, asks the engine, and prints what it says.
//!
//! Exit codes: 0 allowed or done, 1 denied or a finding, 2 could not decide, 3 depends on context that was not given,
//! 130 interrupted.

mod access_test;
mod advice;
mod args;
mod batch;
mod command;
mod input;
mod logs;
mod partial;
mod question;
mod report;

use args::{Cli, Command};
use clap::{CommandFactory, FromArgMatches};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match Cli::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; a closed pipe is a quiet end.
            _ = error.print();
            if error.kind() == clap::error::ErrorKind::DisplayVersion {
                _ = advice::write_provenance(&mut std::io::stdout());
            }
            return if error.use_stderr() { Exit::Undecided.into() } else { Exit::Fine.into() };
        }
    };
    let common = cli.common();
    report::set_color(common.color);
    let result = match &cli.command {
        None => command::query::run(&cli.query, false),
        Some(Command::Explain(query)) => command::query::run(query, true),
        Some(Command::Test(test)) => command::test::run(test),
        Some(Command::Batch(batch)) => command::batch::run(batch),
        Some(Command::Replay(replay)) => command::replay::run(replay),
        Some(Command::Derive(derive)) => command::derive::run(derive),
        Some(Command::Merge(merge)) => command::merge::run(merge),
        Some(Command::Expand(expand)) => command::expand::run(expand),
        Some(Command::Shrink(shrink)) => command::shrink::run(shrink),
        Some(Command::Describe(describe)) => command::describe::run(describe),
        Some(Command::Schema(schema)) => command::schema::run(schema),
        Some(Command::Completions(completions)) => command::completions::run(completions),
        Some(Command::Man) => command::completions::man(),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            if !failure.is_closed_pipe() {
                report::problems::print_failure(&failure);
            }
            Exit::Undecided.into()
        }
    }
}

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// Allowed, or done and clean.
    Fine,
    /// Denied, or a finding.
    Finding,
    /// Could not decide; never looks like a deny.
    Undecided,
    /// It depends on context that was not given.
    Depends,
    /// Somebody stopped it; what was printed is marked incomplete.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Fine => Self::from(0),
            Exit::Finding => Self::from(1),
            Exit::Undecided => Self::from(2),
            Exit::Depends => Self::from(3),
            Exit::Interrupted => Self::from(130),
        }
    }
}

/// Why the program could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The arguments do not fit together.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// Texts that are refused, with their places.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Refused(Vec<can_access_engine::policy::Refused>),
    /// A part of the request is refused.
    #[error(transparent)]
    Request(#[from] can_access_engine::request::RequestError),
    /// A file cannot be read.
    #[error("cannot read {path}: {error}")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {error}")]
    Create {
        /// The file.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// Output cannot be written.
    #[error("cannot write: {0}")]
    Write(#[from] std::io::Error),
}

impl Failure {
    fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: None }
    }

    fn with_help(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: Some(help.into()) }
    }

    /// The message with what to do, for a place among many.
    fn in_one_line(&self) -> String {
        match self {
            Self::Usage { message, help: Some(help) } => format!("{message}; {help}"),
            other => other.to_string(),
        }
    }

    fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Write(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}
