//! Completion scripts and the manual page, made from the same definitions as `--help`.

use crate::args::{Cli, CompletionsArgs};
use crate::{Exit, Failure};
use clap::CommandFactory;
use std::io::Write;

/// Prints a completion script.
pub(crate) fn run(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "can-access", &mut script);
    // The bash script names subcommands of a program with a hyphen in two ways, so that none would be completed.
    let script = String::from_utf8_lossy(&script).replace("can__subcmd__access", "can__access");
    std::io::stdout().lock().write_all(script.as_bytes())?;
    Ok(Exit::Fine)
}

/// Prints the manual page.
pub(crate) fn man() -> Result<Exit, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    std::io::stdout().lock().write_all(&page)?;
    Ok(Exit::Fine)
}
