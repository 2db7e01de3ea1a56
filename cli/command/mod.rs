//! One file a command.

pub(crate) mod batch;
pub(crate) mod completions;
pub(crate) mod derive;
pub(crate) mod describe;
pub(crate) mod expand;
pub(crate) mod merge;
pub(crate) mod query;
pub(crate) mod replay;
pub(crate) mod schema;
pub(crate) mod shrink;
pub(crate) mod test;
