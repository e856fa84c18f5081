//! Clearing a session away.

use super::hold::Hold;
use super::hooks;
use super::make::{
    clear_half_made, delete_branch, kill_windows, locked, lost_git_file, remove_worktree,
};
use super::servers::{self, Left};
use super::work::{Saved, Work};
use super::{Session, lock_store, problems};
use crate::claude::Claude;
use crate::git::Git;
use crate::git::worktrees::{self, Worktree};
use crate::hint::{self, Hint, with_hint};
use crate::layout::Layout;
use crate::name::SessionName;
use crate::parallel::joined;
use crate::processes::Process;
use crate::project::{Project, is_same};
use crate::store::claude_json;
use crate::store::records::Records;
use anyhow::{Context, Result, anyhow, bail};
use std::thread;
use std::time::Instant;

/// How the user wants it done.
#[derive(Clone, Copy)]
pub struct Wish {
    /// Remove work that is nowhere else, after saving it.
    pub force: bool,
    /// Leave the branch.
    pub keep_branch: bool,
}

impl Wish {
    /// What to type to have it done in spite of all.
    fn with_force(self, name: &SessionName) -> String {
        let keep_branch = if self.keep_branch {
            "--keep-branch "
        } else {
            ""
        };
        format!("tally-session remove --force {keep_branch}{name}")
    }
}

/// What became of a session.
#[derive(Debug, Default)]
pub struct Removed {
    /// Where the work was saved that was nowhere else.
    pub saved: Option<Saved>,
    /// A name under which a session can be made from it.
    pub back: String,
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
    let records = Records::read(&project.main)?;
    let session = Session::find(project, layout, &records, name, "remove")?;
    Records::check_writable(&project.main)?;
    if hold.unfinished.is_some() {
        clear_half_made(&session, &hold)?;
    }
    let mut removed = Removed::default();
    let found = find(&session, &records, &mut removed)?;
    let doomed = found.branch && !wish.keep_branch;
    let find_work = || Work::find(&session, found.worktree.as_ref(), doomed);
    let (before, work) = thread::scope(|scope| {
        let before = scope.spawn(|| servers::running(&session));
        let work = find_work();
        (joined(before), work)
    });
    let (before, mut work) = (before?, work?);
    work.refuse_unsavable()?;
    if !wish.force {
        work.refuse(&wish.with_force(name))?;
    }
    if project.owns_worktree(session.record.worktree()) {
        let hook = hooks::pre_remove(&session, &hold);
        match hook {
            Err(error) if wish.force => removed.notes.push(format!("{error:#}")),
            hook => hook.hint(format!("remove it all the same: {}", wish.with_force(name)))?,
        }
    }
    let (left, is_all) = close(&session, &hold, &before, &work, wish.force)?;
    removed.notes.extend(left.notes());
    if wish.force || !is_all {
        work = find_work()?;
    }
    let lock = lock_store(project)?;
    if !work.is_still_held()? {
        work = find_work()?;
    }
    work.refuse_unsavable()?;
    if !wish.force {
        work.refuse(&wish.with_force(name))
            .context("its windows are closed, and that is all that was done")?;
    } else if !work.is_empty() {
        removed.saved = Some(work.save()?);
    }
    if let Some(worktree) = &found.worktree {
        remove_worktree(&session, worktree)?;
    }
    // The entry of a folder that is no worktree of ours is somebody else's.
    let ours = found.worktree.is_some() || !session.record.worktree().exists();
    let (branch, entry) = thread::scope(|scope| {
        let forget = || claude_json::forget(&claude.json, session.record.worktree());
        let entry = scope.spawn(move || ours.then(forget).transpose());
        let delete = || delete_branch(&session, &hold, &lock);
        let branch = doomed.then(delete).transpose();
        // Claude's file may take longer.
        drop(lock);
        (branch, joined(entry))
    });
    branch?;
    match entry {
        Err(error) if hint::is::<claude_json::Busy>(&error) => return Err(error),
        Err(error) => removed
            .notes
            .push(format!("Claude's entry of the worktree stays: {error:#}")),
        Ok(_) => {}
    }
    if removed.saved.is_some() {
        removed.back = free_name(&session)?;
    }
    session.take_out_record()?;
    hold.finish();
    Ok(removed)
}

/// Closes the windows and waits for what ran in them. Gives what is left of that, and whether `work` is still all there is:
/// what the hook wrote, and what was written while the windows were closing, counts as well. With `force` nobody looks.
fn close(
    session: &Session<'_>,
    hold: &Hold,
    before: &[Process],
    work: &Work<'_>,
    force: bool,
) -> Result<(Left, bool)> {
    let had_windows = kill_windows(session, hold)?;
    if !had_windows {
        refuse_open_elsewhere(session, before)?;
    }
    let closed = Instant::now();
    servers::hang_up(session, before);
    if force || !had_windows && session.layout.hooks.pre_remove.is_empty() {
        return Ok((servers::end(session, closed)?, true));
    }
    let (left, is_all) = thread::scope(|scope| {
        let is_all = scope.spawn(|| work.is_still_all());
        (servers::end(session, closed), joined(is_all))
    });
    let (left, mut is_all) = (left?, is_all?);
    if !left.had_ended {
        // While something ran it may have looked too soon.
        is_all = work.is_still_all()?;
    }
    Ok((left, is_all))
}

/// Refuses a session whose windows are open in a tmux server that is not asked: one with another socket.
fn refuse_open_elsewhere(session: &Session<'_>, running: &[Process]) -> Result<()> {
    let mut shells = Vec::new();
    for process in running {
        if process.is_pane()? {
            shells.push(process.clone());
        }
    }
    let Some(shell) = shells
        .first()
        .filter(|_| !servers::are_closing(session, &shells))
    else {
        return Ok(());
    };
    let error = anyhow!(
        "the windows of {} are open in another tmux server than the one that is used here: {shell}",
        session.name
    );
    Err(with_hint(
        error,
        "go there, or use the default one: env -u TMUX -u TMUX_TMPDIR tally-session …".to_owned(),
    ))
}

/// What git has of the session. A folder that git does not list as its worktree is nobody's to delete.
fn find(session: &Session<'_>, records: &Records, removed: &mut Removed) -> Result<Found> {
    let project = session.project;
    let (path, branch) = (session.record.worktree(), session.record.branch());
    let git = Git::at(&project.main);
    let mut worktrees = worktrees::list(&project.common)?;
    let is_at = |worktree: &Worktree| worktree.path == path || is_same(&worktree.path, path);
    let at = worktrees.iter().position(is_at);
    if at == Some(0) {
        bail!(
            "the record of {} names the main checkout {} as its worktree",
            session.name,
            path.display()
        );
    }
    let sharer = records
        .iter()
        .find(|(name, record)| **name != session.name && is_same(record.worktree(), path));
    if let Some((sharer, _)) = sharer {
        bail!(
            "the records of {} and {sharer} name the same worktree {}",
            session.name,
            path.display()
        );
    }
    let worktree = at.map(|at| worktrees.swap_remove(at));
    match &worktree {
        Some(Worktree { locked: Some(reason), .. }) => return Err(locked(session, path, reason)),
        Some(_) if path.exists() && !project.owns_worktree(path) => return Err(lost_git_file(session, path)),
        Some(_) if !path.exists() => removed.notes.push(format!(
            "its worktree {} was not there: what was not committed in it, if you moved it, is not saved",
            path.display()
        )),
        Some(Worktree { branch: Some(other), .. }) if other != branch => {
            removed.notes.push(format!("its worktree was on the branch {other}, which stays"));
        }
        None if path.exists() => removed
            .notes
            .push(format!("{} is no worktree of this repository, and stays as it is", path.display())),
        _ => {}
    }
    if let Some(elsewhere) = problems::elsewhere(session, &worktrees) {
        return Err(elsewhere.into_error(&session.name));
    }
    let is_checked_out = |worktree: &Worktree| worktree.branch.as_deref() == Some(branch);
    let branch = worktree.as_ref().is_some_and(is_checked_out) || git.branch(branch)?.is_some();
    Ok(Found { worktree, branch })
}

/// The session's name, or, if a branch of that name stays, one that no branch has.
fn free_name(session: &Session<'_>) -> Result<String> {
    let git = Git::at(&session.project.main);
    let numbered = (2..).map(|number| format!("{}-{number}", session.name));
    for name in [session.name.to_string()].into_iter().chain(numbered) {
        if git.branch(&name)?.is_none() {
            return Ok(name);
        }
    }
    bail!("there are too many branches called {}", session.name)
}
