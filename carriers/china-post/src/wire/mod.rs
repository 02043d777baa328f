//! The carrier's own messages, in its own names and spelling, without logic.

pub(crate) mod eub;
pub(crate) mod open;
pub(crate) mod pcp;
