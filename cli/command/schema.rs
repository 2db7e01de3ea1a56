//! The JSON Schemas of machine-readable output.

use crate::args::{Schema, SchemaArgs};
use crate::{Exit, Failure};
use std::io::Write;

/// Prints a schema.
pub(crate) fn run(args: &SchemaArgs) -> Result<Exit, Failure> {
    let schema = match args.of {
        Schema::Decision => include_str!("../report/schema/decision.json"),
        Schema::TestResult => include_str!("../report/schema/test-result.json"),
        Schema::Replay => include_str!("../report/schema/replay.json"),
        Schema::Derive => include_str!("../report/schema/derive.json"),
        Schema::ExpandedAction => include_str!("../report/schema/expanded-action.json"),
        Schema::ShrunkPolicy => include_str!("../report/schema/shrunk-policy.json"),
        Schema::Description => include_str!("../report/schema/description.json"),
    };
    std::io::stdout().lock().write_all(schema.as_bytes())?;
    Ok(Exit::Fine)
}
