//! No work is lost with a session, and nothing is deleted that is not the session's.

mod by_hand;
mod closed;
mod files;
mod history;
mod merged;
mod records;
mod submodules;
