//! One file a command.

pub(crate) mod completions;
pub(crate) mod query;
pub(crate) mod schema;
pub(crate) mod test;
