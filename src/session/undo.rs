//! Taking back what a command made of a session that it could not finish.

use super::Session;
use super::hold::Hold;
use super::loss::removed::{About, Branch, Removed};
use super::loss::uncommitted::Uncommitted;
use super::make::{Made, is_whole, kill_windows};
use super::placed;
use crate::claude::Claude;
use crate::git::keep::objects_in;
use crate::git::worktrees::{self, Worktree};
use crate::git::{Git, Start};
use crate::store::claude_json;
use anyhow::Result;
use std::fs;

/// Takes back what was made, in reverse, and nothing else. Every step is tried; gives those that failed. What somebody else has
/// written into the worktree or committed meanwhile is kept, and told in the `notes`.
pub fn undo(
    session: &Session<'_>,
    made: &Made,
    start: &Start,
    claude: &Claude,
    hold: &mut Hold,
    notes: &mut Vec<String>,
) -> Vec<anyhow::Error> {
    let mut steps: Vec<Result<()>> = Vec::new();
    if made.tmux {
        steps.push(kill_windows(session, hold));
    }
    if let Some(before) = &made.entry {
        let worktree = session.record.worktree();
        steps.push(claude_json::give_back(&claude.json, worktree, before));
    }
    steps.push(take_back(session, made, start, hold, notes));
    steps.into_iter().filter_map(Result::err).collect()
}

/// Takes the worktree and the branch away that were made.
fn take_back(
    session: &Session<'_>,
    made: &Made,
    start: &Start,
    hold: &mut Hold,
    notes: &mut Vec<String>,
) -> Result<()> {
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
    let began_at = match start {
        Start::New { commit, .. } => Some(commit.clone()),
        Start::Tracking { remote } => git.object(remote, "commit")?,
        Start::Existing => tip.clone(),
    };
    let is_untouched = tip == began_at
        && entry.map_or(Ok(true), |entry| is_as_made(session, entry, tip.as_deref()))?;
    let branch = tip.map(|tip| Branch::new(session.record.branch(), tip, made.branch));
    let about = About::of(session, entry, &worktrees, branch);
    let mut removed = Removed::begin(project, about)?;
    hold.begin_moving(&removed)?;
    removed.take(project, hold.lock().file(), None)?;
    removed.unhide(project)?;
    if is_untouched {
        return removed.purge(project);
    }
    notes.push(format!(
        "what was written in its worktree meanwhile is kept: tally-session restore {}",
        session.name
    ));
    Ok(())
}

/// Whether a worktree has only ever been at this commit, and nothing is in it but what the session put there.
fn is_as_made(session: &Session<'_>, entry: &Worktree, tip: Option<&str>) -> Result<bool> {
    if !is_whole(session) {
        return Ok(false);
    }
    let names = objects_in(&entry.admin)?;
    let found = Uncommitted::find(session)?;
    Ok(names.iter().all(|name| Some(name.as_str()) == tip)
        && found.is_plain
        && found.told().is_empty()
        && found.ignored.is_empty()
        && placed::changed(session).is_empty())
}
