//! Claude Code's entry of a session's worktree, in its file of all projects: what the main checkout's was allowed.

use crate::claude::Claude;
use crate::finding::{Finding, Mend};
use crate::hint;
use crate::project::Project;
use crate::session::Session;
use crate::store::claude_json::{self, Before, Busy, Entries};
use anyhow::Result;
use std::path::Path;

/// Gives the entries of these worktrees what the main checkout's has been allowed. `before` tells what they were, also when this
/// fails, and stays none if nothing was done about them. Gives what there is to tell.
///
/// # Errors
/// If somebody else holds Claude's file for long.
pub fn make(
    project: &Project,
    claude: &Claude,
    worktrees: &[&Path],
    before: &mut Option<Before>,
) -> Result<Option<String>> {
    // What it may do with tools newer versions of Claude Code read from another file.
    told(
        claude_json::inherit(&claude.json, &project.main, worktrees, before),
        "Claude may ask again for what it was allowed in the main checkout",
    )
}

/// What a look at one shows.
pub fn look(session: &Session<'_>, entries: &Entries) -> Finding {
    let checked = format!("{}: Claude", session.name);
    if entries.lacks(&session.project.main, session.record.worktree()) {
        let lacks = "lacks what it was allowed in the main checkout";
        return Finding::warning(checked, lacks).mended_by(Mend::Files(session.name.clone()));
    }
    Finding::fine(checked, "has what it was allowed in the main checkout")
}

/// Takes it away, after `keep` has got it. Gives what there is to tell.
///
/// # Errors
/// As [`make`].
pub fn take(
    session: &Session<'_>,
    claude: &Claude,
    keep: impl Fn(&str) -> Result<()>,
) -> Result<Option<String>> {
    told(
        claude_json::forget(&claude.json, session.record.worktree(), keep),
        "Claude's entry of the worktree stays",
    )
}

/// Makes it what it was `before` it was made.
///
/// # Errors
/// If Claude's file can't be read or written.
pub fn give_back(session: &Session<'_>, claude: &Claude, before: &Before) -> Result<()> {
    claude_json::give_back(&claude.json, session.record.worktree(), before)
}

/// Puts one back that was taken away. Gives what there is to tell.
///
/// # Errors
/// As [`make`].
pub fn put_back(claude: &Claude, worktree: &Path, entry: &str) -> Result<Option<String>> {
    told(
        claude_json::put_back(&claude.json, worktree, entry),
        "what Claude knew of the worktree is not back",
    )
}

/// Has it follow a worktree that was moved. Gives what there is to tell.
///
/// # Errors
/// As [`make`].
pub fn follow(claude: &Claude, from: &Path, to: &Path) -> Result<Option<String>> {
    told(
        claude_json::follow(&claude.json, from, to),
        "without what Claude knew of it",
    )
}

/// A session is as good without it, but not while Claude's file is only held: what came of it, where it failed, in words.
fn told(done: Result<()>, words: &str) -> Result<Option<String>> {
    match done {
        Err(error) if hint::is::<Busy>(&error) => Err(error),
        Err(error) => Ok(Some(format!("{words}: {error:#}"))),
        Ok(()) => Ok(None),
    }
}
