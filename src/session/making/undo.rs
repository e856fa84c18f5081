//! Taking back what a command made of a session that it could not finish.

use crate::claude::Claude;
use crate::git::keep::Changing;
use crate::git::{Git, Start, worktrees};
use crate::session::Session;
use crate::session::belongings::{claude_entry, placed};
use crate::session::loss::branch::Branch;
use crate::session::loss::removed::About;
use crate::session::loss::uncommitted::Uncommitted;
use crate::session::making::worktree::is_whole;
use crate::session::making::{Made, Task};
use crate::session::records::taking::Taking;
use crate::session::windows::closing;
use crate::store::claude_json::Before;
use anyhow::Result;
use std::fs;

/// Takes back what was made, in reverse, and nothing else. Every step is tried; gives those that failed. What somebody else has
/// written into the worktree or committed meanwhile is kept, and told in the `notes`.
pub fn undo(
    task: &mut Task<'_>,
    made: &Made,
    before: Option<&Before>,
    claude: &Claude,
    notes: &mut Vec<String>,
) -> Vec<anyhow::Error> {
    let session = &task.session;
    let mut steps: Vec<Result<()>> = Vec::new();
    if made.tmux {
        steps.push(closing::close(session));
    }
    if let Some(before) = before {
        steps.push(claude_entry::give_back(session, claude, before));
    }
    steps.push(take_back(task, made, notes));
    steps.into_iter().filter_map(Result::err).collect()
}

/// Takes the worktree and the branch away that were made.
fn take_back(task: &mut Task<'_>, made: &Made, notes: &mut Vec<String>) -> Result<()> {
    let (session, hold) = (&task.session, &mut task.hold);
    let (project, path) = (session.project, session.record.worktree());
    if made.worktree {
        // Where git has made nothing in it yet, that is all there is.
        let _ = fs::remove_dir(path);
    }
    let worktrees = worktrees::list(&project.common)?;
    let entry = worktrees
        .iter()
        .find(|worktree| made.worktree && worktree.path == path);
    let refname = format!("refs/heads/{}", session.record.branch());
    let git = Git::at(&project.main);
    let tip = git.tip(&project.common, &refname)?;
    if entry.is_none() && !(made.branch && tip.is_some()) {
        return Ok(());
    }
    let began_at = match &task.start {
        Start::New { commit, .. } => Some(commit.clone()),
        Start::Tracking { remote } => git.object(remote, "commit")?,
        Start::Existing => tip.clone(),
    };
    let branch = tip.clone();
    let branch = branch.map(|tip| Branch::new(session.record.branch(), tip, made.branch));
    let about = About::of(session, entry, &worktrees, branch)?;
    let mut removed = hold.begin_taking(project, about)?;
    let begun = removed.moment()?;
    let is_untouched = tip == began_at && (entry.is_none() || is_as_made(session, hold.taking())?);
    removed.take(project, hold.lock().file(), Changing::default(), None)?;
    // Whoever has written something since it was looked at can't write any more.
    let is_untouched = is_untouched
        && removed.has_only_been_at(project, began_at.as_deref())?
        && !removed.has_changed_since(begun);
    removed.unhide(project)?;
    if is_untouched {
        notes.extend(removed.purge(project).err().map(|it| format!("{it:#}")));
        return Ok(());
    }
    notes.push(format!(
        "what was written in its worktree meanwhile is kept: tally-session restore {}",
        session.name
    ));
    Ok(())
}

/// Whether nothing is in the worktree but what git and the session put there, and what it took from the main checkout.
fn is_as_made(session: &Session<'_>, taking: Option<&Taking>) -> Result<bool> {
    if !is_whole(session) {
        return Ok(false);
    }
    let found = Uncommitted::find(session)?;
    let is_as_checked_out = found.is_plain && found.told().is_empty();
    let has_arrived = || taking.map_or(Ok(false), |taking| taking.is_as_it_arrived(session));
    Ok((is_as_checked_out || has_arrived()?)
        && found.ignored.is_empty()
        && placed::changed(session).is_empty())
}
