//! What lives, and what is wrong with it.

pub mod problems;
pub mod status;
