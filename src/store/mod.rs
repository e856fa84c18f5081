//! JSON on disk: the atomic file and the lock, `.tally-sessions`, and `~/.claude.json`. What gives a [`Result`](anyhow::Result)
//! fails if a file can't be read or written, and says of its errors only where there is more to say.

pub mod atomic;
pub mod claude_json;
mod claude_lock;
mod grants;
pub mod json;
pub mod lock;
pub mod record;
pub mod records;
