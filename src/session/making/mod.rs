//! Making a session, from whatever is there, and taking back what was made.

pub mod arriving;
pub mod hooks;
pub mod make;
pub mod saving;
pub mod start;
pub mod undo;
