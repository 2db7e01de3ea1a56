//! `can-access merge`: partial results of replay or derive, put together.

use crate::args::MergeArgs;
use crate::command::replay::log_files;
use crate::logs::derive::Collected;
use crate::logs::replay::Replayed;
use crate::partial::{self, Part, Partial};
use crate::report;
use crate::{Exit, Failure};
use std::io::Write;

/// Merges the files.
pub(crate) fn run(args: &MergeArgs) -> Result<Exit, Failure> {
    let files = log_files(&args.partials, args.common.quiet)?;
    let Some(first) = files.first() else { return Err(Failure::usage("no partial results are given")) };
    let bytes = match partial::kind(first, &partial::read(first)?)?.as_str() {
        "derive" => merge::<Collected>(&files)?,
        "replay" => merge::<Replayed>(&files)?,
        other => return Err(Failure::usage(format!("{first}: a partial result of `{other}`, which is not known"))),
    };
    match &args.output {
        Some(path) => {
            std::fs::write(path, bytes).map_err(|error| Failure::Create { path: path.clone(), error })?;
        }
        None => {
            let mut out = report::data();
            out.write_all(&bytes)?;
            out.flush()?;
        }
    }
    Ok(Exit::Fine)
}

fn merge<P: Part>(files: &[String]) -> Result<Vec<u8>, Failure> {
    let read = |file: &String| Ok((file.clone(), Partial::<P>::read(file, &partial::read(file)?)?));
    let all: Result<Vec<_>, Failure> = files.iter().map(read).collect();
    let merged = Partial::merge(all?)?.ok_or_else(|| Failure::usage("no partial results are given"))?;
    Ok(merged.to_bytes())
}
