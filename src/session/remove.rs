//! Clearing a session away.

use super::hold::Hold;
use super::make::{clear_half_made, own_tmux_session, remove_worktree};
use super::servers::{self, Until};
use super::work::{Saved, Work};
use super::{Session, lock_store};
use crate::claude::Claude;
use crate::git::{Git, Worktree};
use crate::hint::{self, Hint};
use crate::layout::Layout;
use crate::name::SessionName;
use crate::process::quote;
use crate::project::Project;
use crate::store::claude_json;
use crate::store::records::Records;
use crate::tmux;
use anyhow::{Context, Result, anyhow, bail};
use std::fs;
use std::path::Path;

/// How the user wants it done.
#[derive(Clone, Copy)]
pub struct Wish {
    /// Remove work that is nowhere else, after saving it.
    pub force: bool,
    /// Leave the branch.
    pub keep_branch: bool,
}

/// What became of a session.
#[derive(Debug, Default)]
pub struct Removed {
    /// Where the work was saved that was nowhere else.
    pub saved: Option<Saved>,
    /// What there is to tell.
    pub notes: Vec<String>,
}

/// What git has of a session.
struct Found {
    /// Its worktree, whose folder may be gone.
    worktree: Option<Worktree>,
    /// Whether the branch is there.
    branch: bool,
}

/// Clears a session away completely: its windows and servers, worktree, branch, Claude entry, and last its record.
/// It also works on what is left of one.
///
/// # Errors
/// A refusal, which changes nothing, or the step that failed; the record is there then, and the rest can be removed again.
pub fn remove(
    project: &Project,
    layout: &Layout,
    claude: &Claude,
    name: &SessionName,
    wish: Wish,
) -> Result<Removed> {
    let hold = Hold::take(project, name)?;
    let session = Session::find(project, layout, &Records::read(&project.main)?, name)?;
    if hold.unfinished.is_some() {
        clear_half_made(&session)?;
    }
    let git = Git::at(&project.main);
    let mut removed = Removed::default();
    let found = find(&session, git, &mut removed)?;
    let doomed = found.branch && !wish.keep_branch;
    let find_work = || Work::find(&session, found.worktree.as_ref(), doomed);
    if !wish.force {
        refuse(&find_work()?)?;
    }
    let windows = own_tmux_session(&session)?;
    if let Some(windows) = &windows {
        tmux::kill(windows)?;
    }
    let left = servers::end(&session, Until::AllEnded)?;
    // Only now nothing of the session's writes any more.
    if wish.force {
        let work = find_work()?;
        removed.saved = if work.is_empty() {
            None
        } else {
            Some(work.save()?)
        };
    } else if windows.is_some() {
        refuse(&find_work()?).context("its windows are closed, and that is all that was done")?;
    }
    removed
        .notes
        .extend(left.strangers.iter().map(|(port, holder)| {
            let who = holder.as_ref().map_or_else(
                || "a process of another user".to_owned(),
                ToString::to_string,
            );
            format!("port {port} is not free: {who} listens there, and is not this session's")
        }));
    if !left.others.is_empty() {
        let others: Vec<_> = left.others.iter().map(ToString::to_string).collect();
        let note = "this was started in its windows and still runs";
        removed.notes.push(format!("{note}: {}", others.join(", ")));
    }
    if let Err(error) = claude_json::forget(&claude.json, session.record.worktree()) {
        if hint::is::<claude_json::Busy>(&error) {
            return Err(error);
        }
        removed
            .notes
            .push(format!("Claude's entry of the worktree stays: {error:#}"));
    }
    if let Some(worktree) = &found.worktree {
        remove_worktree(&session, &worktree.path)?;
    }
    if doomed {
        let _lock = lock_store(project)?;
        git.delete_branch(session.record.branch())?;
    }
    session.take_out_record()?;
    hold.finish();
    Ok(removed)
}

/// Refuses to lose work.
fn refuse(work: &Work<'_>) -> Result<()> {
    if work.is_empty() {
        Ok(())
    } else {
        Err(work.refusal())
    }
}

/// What git has of the session. A folder that git does not list as its worktree is nobody's to delete.
fn find(session: &Session<'_>, git: Git<'_>, removed: &mut Removed) -> Result<Found> {
    let (path, branch) = (session.record.worktree(), session.record.branch());
    let mut worktrees = git.worktrees()?;
    let is_at = |worktree: &Worktree| worktree.path == path || is_same(&worktree.path, path);
    let worktree = worktrees.iter().position(is_at);
    if worktree == Some(0) {
        bail!(
            "the record of {} names the main checkout {} as its worktree",
            session.name,
            path.display()
        );
    }
    let worktree = worktree.map(|at| worktrees.swap_remove(at));
    if let Some(reason) = worktree
        .as_ref()
        .and_then(|worktree| worktree.locked.as_deref())
        && reason != "initializing"
    {
        let reason = if reason.is_empty() {
            "without a reason"
        } else {
            reason
        };
        return Err(anyhow!(
            "the worktree {} is locked: {reason}",
            path.display()
        ))
        .hint(format!(
            "git worktree unlock {}",
            quote(&path.to_string_lossy())
        ));
    }
    if let Some(elsewhere) = worktrees
        .iter()
        .find(|worktree| worktree.branch.as_deref() == Some(branch))
    {
        return Err(anyhow!(
            "the branch {branch} of {} is checked out at {}, and its record says {}",
            session.name,
            elsewhere.path.display(),
            path.display()
        ))
        .hint(format!(
            "git worktree move {} {}",
            quote(&elsewhere.path.to_string_lossy()),
            quote(&path.to_string_lossy())
        ));
    }
    if let Some(other) = worktree
        .as_ref()
        .and_then(|worktree| worktree.branch.as_deref())
        .filter(|&other| other != branch)
    {
        removed.notes.push(format!(
            "its worktree was on the branch {other}, which stays"
        ));
    }
    if worktree.is_none() && path.exists() {
        removed.notes.push(format!(
            "{} is no worktree of this repository, and stays as it is",
            path.display()
        ));
    }
    let refname = format!("refs/heads/{branch}");
    let branch = git
        .branches([&refname])?
        .iter()
        .any(|found| found.refname == refname);
    Ok(Found { worktree, branch })
}

fn is_same(one: &Path, other: &Path) -> bool {
    fs::canonicalize(one)
        .ok()
        .zip(fs::canonicalize(other).ok())
        .is_some_and(|(one, other)| one == other)
}
