//! Access logs: their bytes in blocks of whole lines, and what replaying them found.

pub(crate) mod blocks;
pub(crate) mod replay;
