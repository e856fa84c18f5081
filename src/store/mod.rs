//! JSON on disk: the atomic file and the lock, `.tally-sessions`, and `~/.claude.json`.

pub mod atomic;
pub mod claude_json;
mod claude_lock;
mod grants;
pub mod json;
pub mod lock;
pub mod record;
pub mod records;
