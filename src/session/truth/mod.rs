//! What lives, and what is wrong with it.

pub mod problems;
pub mod status;

use crate::file::read_if_there;
use crate::session::Session;

/// The commits that a session's worktree has been at, the last one last, as its reflog says.
fn commits(session: &Session<'_>) -> Vec<String> {
    let admin = session.admin().ok();
    let log = admin.and_then(|admin| read_if_there(&admin.join("logs/HEAD")).ok()?);
    let log = log.unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let commits = log.lines().filter_map(|line| line.split(' ').nth(1));
    // A branch that is renamed is nowhere for a moment.
    let commits = commits.filter(|commit| commit.bytes().any(|digit| digit != b'0'));
    commits.map(ToOwned::to_owned).collect()
}
