//! Requests by the thousand: JSON Lines, CSV, or the request entries of SimulateCustomPolicy's input.

pub(crate) mod answers;
pub(crate) mod entry;
pub(crate) mod source;
mod table;
