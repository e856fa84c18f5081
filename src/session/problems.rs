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

/// Why a session has no worktree; `resume` is what makes it again.
pub fn broken(session: &Session<'_>, has_branch: bool, resume: &str) -> Problem {
    let (name, project) = (&session.name, session.project);
    let worktree = session.record.worktree();
    let path = worktree.display();
    let worktrees = worktrees::list(&project.common).unwrap_or_default();
    let mut entries = worktrees.iter().filter(|entry| entry.is_at(worktree));
    if entries.any(Worktree::has_lost_git_file) {
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
    if let Some(moved) = moved(session, &worktrees).or_else(|| elsewhere(session, &worktrees)) {
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
pub fn moved(session: &Session<'_>, worktrees: &[Worktree]) -> Option<Problem> {
    let worktree = session.record.worktree();
    let entry = worktrees.iter().find(|entry| entry.is_at(worktree))?;
    let moved = entry.moved_to(session.project.main.parent()?)?;
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

/// That the session's branch is checked out in another place than its record says, if it is.
pub fn elsewhere(session: &Session<'_>, worktrees: &[Worktree]) -> Option<Problem> {
    let (branch, here) = (session.record.branch(), session.record.worktree());
    let mut others = worktrees.iter().filter(|other| !other.is_at(here));
    let there = &others
        .find(|other| other.branch.as_deref() == Some(branch))?
        .path;
    let git = session.project.git();
    Some(Problem::new(
        format!(
            "its branch {branch} is checked out at {}, and its record says {}",
            there.display(),
            here.display()
        ),
        if *there == session.project.main {
            format!("{git} switch <another branch>")
        } else {
            let [there, here] = [there, here].map(|path| quote(&path.to_string_lossy()));
            format!("{git} worktree move {there} {here}")
        },
    ))
}
