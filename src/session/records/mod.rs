//! What is written down of a session, and who works on it.

pub mod hold;
pub mod kept;
pub mod moved;
pub mod record;
pub mod taking;
pub mod unrecorded;
