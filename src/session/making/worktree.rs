//! The worktree: making it, and clearing away what is left of one that was only half made.

use crate::file::{check_room, is_empty};
use crate::git::keep::Changing;
use crate::git::worktrees;
use crate::git::{Git, Start};
use crate::hint::Hint;
use crate::problem;
use crate::process::{Failure, PAUSES};
use crate::project;
use crate::session::loss::removed::{About, Removed};
use crate::session::making::{Made, Task};
use crate::session::records::hold::Hold;
use crate::session::truth::problems;
use crate::session::{Session, lock_store};
use anyhow::{Context, Result};
use std::fs;
use std::thread;

/// Whether the worktree is there, and not just being made when a command was killed.
pub fn is_whole(session: &Session<'_>) -> bool {
    let worktree = session.record.worktree();
    let admin = || project::admin_folder(worktree).ok().flatten();
    session.project.owns_worktree(worktree)
        && admin().is_none_or(|admin| worktrees::is_whole(&admin))
}

/// Makes the branch, if it is not there, and its worktree.
///
/// # Errors
/// If git fails, or something is there that git did not make.
pub fn check_out(task: &Task<'_>, made: &mut Made) -> Result<()> {
    let session = &task.session;
    let (project, path, branch) = (
        session.project,
        session.record.worktree(),
        session.record.branch(),
    );
    let git = Git::at(&project.main).holding(task.hold.lock().file());
    let mut new_from = None;
    match &task.start {
        Start::Existing => {}
        Start::Tracking { remote } => {
            let _lock = lock_store(project)?;
            git.create_tracking_branch(branch, remote)?;
            made.branch = true;
        }
        Start::New { commit, .. } => new_from = Some(commit.as_str()),
    }
    make_folder(session, made)?;
    let mut pauses = PAUSES.into_iter();
    loop {
        let result = git.add_worktree(&project.common, path, branch, new_from);
        // When it fails git may have made the branch all the same; one that starts elsewhere is somebody else's.
        let starts_at = |from| matches!(git.branch(branch), Ok(Some(tip)) if tip.commit == from);
        if new_from.is_some_and(|from| result.is_ok() || starts_at(from)) {
            made.branch = true;
            new_from = None;
        }
        match (&result, pauses.next()) {
            // Another git was in its way. git begins with the folder when it has looked at the other worktrees, and has made the
            // branch and its own entry, where it may meet another git that makes or removes one. From then on all is its own, and
            // it takes the folder away when it fails: the same would fail again.
            (Err(Failure::Ended { .. }), Some(pause)) if is_empty(path) => thread::sleep(pause),
            _ => return checked_out(session, result, &mut made.notes),
        }
    }
}

/// Makes the empty folder of a worktree that is to be made. One that is there already is somebody else's.
///
/// # Errors
/// If it can't be made.
pub fn make_folder(session: &Session<'_>, made: &mut Made) -> Result<()> {
    if !made.worktree {
        let path = session.record.worktree();
        fs::create_dir(path)
            .with_context(|| format!("cannot make the folder {}", path.display()))?;
        made.worktree = true;
    }
    Ok(())
}

/// A worktree that is complete is one, though a hook of git's failed.
fn checked_out(
    session: &Session<'_>,
    result: Result<(), Failure>,
    notes: &mut Vec<String>,
) -> Result<()> {
    match result {
        Err(Failure::Ended { stderr, .. }) if is_whole(session) => {
            let words = stderr.trim();
            notes.push(format!(
                "the worktree is complete, but a hook of git's failed: {words}"
            ));
            Ok(())
        }
        result => result.with_context(|| {
            format!(
                "cannot make the worktree {}",
                session.record.worktree().display()
            )
        }),
    }
}

/// Clears what a killed command left of a worktree that is to be made: an empty folder, a checkout that git had not
/// finished, an entry whose folder is gone. It is kept as what was removed is; anything else is the user's, and an error.
///
/// # Errors
/// If the folder holds something that is not ours, git keeps the worktree locked, or a step fails.
pub fn clear_half_made(session: &Session<'_>, hold: &Hold) -> Result<()> {
    let path = session.record.worktree();
    if is_whole(session) {
        return Ok(());
    }
    let worktrees = worktrees::list(&session.project.common)?;
    let entry = worktrees.iter().find(|worktree| worktree.path == path);
    if path.symlink_metadata().is_ok() && !session.project.owns_worktree(path) {
        // An empty folder is what an add that was cut short has made.
        if hold.unfinished.is_none() || fs::remove_dir(path).is_err() {
            let resume = format!("tally-session resume {}", session.name);
            let other = problems::in_the_way(session, &worktrees, &resume);
            problem::refuse(other, &session.name)?;
        }
    }
    // Without its entry git would know nothing of what is staged there, and of what it is on.
    let is_moving = hold.removed(session.project).is_some();
    let moved = problems::moved(session, &worktrees).filter(|_| !is_moving);
    problem::refuse(moved, &session.name)?;
    let room = check_room(path);
    let room = room.with_context(|| format!("cannot make the folder {}", path.display()));
    let Some(entry) = entry else {
        return room;
    };
    room.hint(format!(
        "if you have moved it, tell git where it is: {} worktree repair <its folder>",
        session.project.git()
    ))?;
    let locked = entry.locked.as_deref();
    if let Some(reason) = locked.filter(|_| !entry.is_half_made()) {
        return Err(problems::locked(session, reason).into_error(&session.name));
    }
    let about = About::of(session, Some(entry), &worktrees, None)?;
    Removed::begin(session.project, about, |_| Ok(()))?.take(
        session.project,
        hold.lock().file(),
        Changing::default(),
        None,
    )
}
