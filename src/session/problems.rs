//! What is wrong with a session's worktree, branch, record and windows.

use super::Session;
use super::hold::{self, Seen};
use crate::git::worktrees::{self, Worktree};
use crate::problem::Problem;
use crate::process::quote;
use crate::tmux::{self, TmuxSession};

/// All that is wrong with a session, each with its cure.
pub fn of(session: &Session<'_>, tmux: &[TmuxSession], has_branch: bool) -> Vec<Problem> {
    let (name, branch) = (&session.name, session.record.branch());
    let worktree = session.record.worktree();
    let tmux_name = session.tmux_name();
    let resume = format!("tally-session resume {name}");
    // One that runs is left alone by a resume.
    let resume_anew = if tmux.iter().any(|tmux| session.owns(tmux)) {
        format!("{} && {resume}", tmux::kill_command(&tmux_name))
    } else {
        resume.clone()
    };
    let mut problems = Vec::new();
    if !session.project.owns_worktree(worktree) {
        problems.push(broken(session, has_branch, &resume_anew));
    } else if !has_branch {
        problems.push(Problem::new(
            format!("its branch {branch} is gone"),
            format!(
                "git -C {} switch -c {}",
                quote(&worktree.to_string_lossy()),
                quote(branch)
            ),
        ));
    }
    for service in session
        .layout
        .ports
        .keys()
        .filter(|service| session.record.port(service).is_none())
    {
        problems.push(Problem::new(
            format!("its record has no {service}_port"),
            &resume_anew,
        ));
    }
    if tmux
        .iter()
        .any(|tmux| tmux.name == tmux_name && !session.owns(tmux))
    {
        problems.push(Problem::new(
            format!("tally-session did not make the tmux session {tmux_name}"),
            tmux::attach_command(&tmux_name),
        ));
    }
    if tmux
        .iter()
        .any(|tmux| session.owns(tmux) && tmux.is_pending)
    {
        problems.push(Problem::new(
            "some of its windows were never started",
            resume,
        ));
    } else if matches!(hold::look(session.project, name), Ok(Seen::Unfinished)) {
        problems.push(Problem::new("a command on it was cut short", resume));
    }
    problems
}

/// Why a session has no worktree.
fn broken(session: &Session<'_>, has_branch: bool, resume: &str) -> Problem {
    let (name, project) = (&session.name, session.project);
    let worktree = session.record.worktree();
    let path = worktree.display();
    let entry = entry(session);
    if entry.as_ref().is_some_and(Worktree::has_lost_git_file) {
        return Problem::new(
            format!("the .git file of its worktree {path} is gone, or leads nowhere"),
            format!("{} worktree repair", project.git()),
        );
    }
    if worktree.symlink_metadata().is_ok() {
        return Problem::new(
            format!("{path} is no worktree of this repository"),
            format!("move it away, then {resume}"),
        );
    }
    if let Some(moved) = moved(session) {
        return moved;
    }
    if has_branch {
        Problem::new(format!("its worktree {path} is gone"), resume)
    } else {
        let branch = session.record.branch();
        Problem::new(
            format!("its worktree {path} and its branch {branch} are gone"),
            format!("tally-session remove {name}"),
        )
    }
}

/// That the session's worktree was moved without git's knowledge, if it was.
pub fn moved(session: &Session<'_>) -> Option<Problem> {
    let worktree = session.record.worktree();
    let moved = entry(session)?.moved_to(session.project.main.parent()?)?;
    let [from, to] = [&moved, worktree].map(|path| quote(&path.to_string_lossy()));
    Some(Problem::new(
        format!(
            "its worktree {} was moved to {}",
            worktree.display(),
            moved.display()
        ),
        format!("mv {from} {to}"),
    ))
}

/// What git knows of the session's worktree, though nothing may be there.
fn entry(session: &Session<'_>) -> Option<Worktree> {
    let mut worktrees = worktrees::list(&session.project.common).ok()?.into_iter();
    worktrees.find(|worktree| worktree.is_at(session.record.worktree()))
}
