//! The tmux sessions that are open, with those that were made before the project was moved: their marks name it where it was.

use crate::git::worktrees;
use crate::name::SessionName;
use crate::processes;
use crate::project::Project;
use crate::session::records::moved;
use crate::store::records::Records;
use crate::tmux::{self, Listening, TmuxSession};
use anyhow::Result;
use std::path::PathBuf;

/// A session's windows that are marked with a main checkout that is not there any more.
struct Left {
    main: PathBuf,
    name: SessionName,
}

/// All of them, and a tmux that is to end some.
pub fn to_close(project: &Project) -> Result<(Vec<TmuxSession>, Listening)> {
    let (mut open, listening) = Listening::sessions()?;
    follow(project, &mut open)?;
    Ok((open, listening))
}

/// All of them.
pub fn all(project: &Project) -> Result<Vec<TmuxSession>> {
    let mut open = tmux::sessions()?;
    follow(project, &mut open)?;
    Ok(open)
}

/// Those that have the window which this program runs in.
pub fn here(project: &Project) -> Result<Vec<TmuxSession>> {
    let mut open = tmux::here()?;
    follow(project, &mut open)?;
    Ok(open)
}

/// All of them, marked anew.
pub fn marked(project: &Project) -> Result<Vec<TmuxSession>> {
    let mut open = tmux::sessions()?;
    for left in follow(project, &mut open)? {
        tmux::mark(&open, &project.main, left.name.as_str())?;
    }
    Ok(open)
}

/// Has what was left say where the main checkout is now; gives what that was.
fn follow(project: &Project, open: &mut [TmuxSession]) -> Result<Vec<Left>> {
    let left = left(project, open)?;
    for Left { main, name } in &left {
        for tmux in open.iter_mut() {
            if tmux.is_of(main) && tmux.made_for.as_deref() == Some(name.as_str()) {
                tmux.owner = Some(project.main.clone());
            }
            let marks = tmux.panes.iter_mut().filter_map(|pane| pane.mark.as_mut());
            for mark in marks.filter(|mark| mark.is_of(main, name.as_str())) {
                mark.main.clone_from(&project.main);
            }
        }
    }
    Ok(left)
}

/// What was left of the project's sessions: somebody is at work there in the worktree, where that is now. Those of a project that
/// this one is a copy of work elsewhere, and its main checkout is there.
fn left(project: &Project, open: &[TmuxSession]) -> Result<Vec<Left>> {
    let is_gone = |main: &PathBuf| *main != project.main && !main.exists();
    let homeless = open.iter();
    let homeless = homeless.filter(|tmux| tmux.owner.as_ref().is_some_and(is_gone));
    let homeless: Vec<_> = homeless.collect();
    if homeless.is_empty() {
        return Ok(Vec::new());
    }
    let records = Records::read(&project.main)?;
    let worktrees = worktrees::list(&project.common)?;
    let left = homeless.into_iter().filter_map(|tmux| {
        let made_for = tmux.made_for.as_ref()?;
        let (name, record) = records.iter().find(|(name, _)| name.as_str() == made_for)?;
        let recorded = record.worktree();
        let own = || {
            let own = project.owns_worktree(recorded);
            own.then(|| recorded.to_owned())
        };
        let worktree = moved::place(project, name, record, &worktrees).or_else(own)?;
        let pids = tmux.panes.iter().map(|pane| pane.pid);
        processes::any_works_in(pids, &worktree).then(|| Left {
            main: tmux.owner.clone().unwrap_or_default(),
            name: name.clone(),
        })
    });
    Ok(left.collect())
}
