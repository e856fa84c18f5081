//! What is wrong with a session's worktree, branch, record and windows.

use crate::file::read_text_if_there;
use crate::git::worktrees::{self, Worktree};
use crate::problem::Problem;
use crate::process::quote;
use crate::session::Session;
use crate::session::records::hold::{self, Seen};
use crate::session::records::moved;
use crate::session::windows::living::{self, Life, Living};
use crate::store::records;
use crate::tmux::{self, TmuxSession};
use anyhow::Result;
use std::path::PathBuf;

/// All that is wrong with a session, each with its cure.
pub fn of(
    session: &Session<'_>,
    tmux: &[TmuxSession],
    living: &[Living<'_>],
    has_branch: bool,
) -> Vec<Problem> {
    let (name, branch) = (&session.name, session.record.branch());
    let worktree = session.record.worktree();
    let tmux_name = session.tmux_name();
    let resume = format!("tally-session resume {name}");
    // One that runs is left alone by a resume.
    let resume_anew = match tmux.iter().find(|tmux| session.owns(tmux)) {
        Some(_) => format!("tally-session restart {name}"),
        None => resume.clone(),
    };
    let seen = hold::look(session.project, name).ok();
    if seen == Some(Seen::Moving) {
        // Some of it is away, and is back when that is finished.
        return vec![Problem::new(
            "a remove or a restore of it was cut short",
            resume,
        )];
    }
    let mut problems = Vec::new();
    if !session.project.owns_worktree(worktree) {
        problems.push(broken(session, has_branch, &resume_anew));
    } else if !has_branch && switched(session).is_none() {
        problems.push(Problem::new(
            format!("its branch {branch} is gone"),
            branch_again(session),
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
        .any(|tmux| session.owns(tmux) && tmux.is_pending())
    {
        problems.push(Problem::new(
            "some of its windows were never started",
            resume,
        ));
    } else if seen == Some(Seen::Unfinished) {
        problems.push(Problem::new("a command on it was cut short", resume));
    } else {
        problems.extend(dead(session, tmux, living));
    }
    problems
}

/// What makes the branch of a session's worktree again, where that was last.
fn branch_again(session: &Session<'_>) -> String {
    let git = format!(
        "git -C {}",
        quote(&session.record.worktree().to_string_lossy())
    );
    let branch = quote(session.record.branch());
    let log = |admin: PathBuf| read_text_if_there(&admin.join("logs/HEAD")).ok()?;
    let log = session.admin().ok().and_then(log).unwrap_or_default();
    let mut commits = log.lines().rev().filter_map(|line| line.split(' ').nth(1));
    let is_one = |commit: &&str| commit.bytes().any(|digit| digit != b'0');
    let last = commits.find(is_one);
    match last.filter(|_| session.checked_out().is_some()) {
        Some(commit) => format!("{git} branch {branch} {commit}"),
        None => format!("{git} switch -c {branch}"),
    }
}

/// That the session's worktree is on another branch than its record says, if it is: switched, or renamed.
pub fn switched(session: &Session<'_>) -> Option<Problem> {
    let branch = session.record.branch();
    let other = session.checked_out().filter(|other| other != branch)?;
    Some(Problem::new(
        format!("its worktree is on the branch {other}, and its record says {branch}"),
        format!("tally-session resume {}", session.name),
    ))
}

/// What does not live that should.
fn dead(session: &Session<'_>, tmux: &[TmuxSession], living: &[Living<'_>]) -> Vec<Problem> {
    let resume = format!("tally-session resume {}", session.name);
    let those = |life: Life, is_claude: bool| {
        let is_such = |living: &&Living<'_>| {
            living.life == life
                && living.taken_by.is_none()
                && (!is_claude || living.window.runs_claude())
        };
        let keys = living.iter().filter(is_such);
        let keys: Vec<_> = keys.map(|living| living.window.key.as_str()).collect();
        (keys.len(), keys.join(", "))
    };
    let mut dead = Vec::new();
    let taken = living
        .iter()
        .filter_map(|living| Some((&living.window.key, living.taken_by.as_ref()?)));
    let taken: Vec<_> = taken
        .map(|(key, who)| {
            Problem::new(
                format!("what ran in its window {key} has ended, and {who} listens on its port"),
                format!(
                    "end that, or take another port: tally-session restart {}",
                    session.name
                ),
            )
        })
        .collect();
    match those(Life::Closed, false) {
        (0, _) => {}
        (1, key) => dead.push(format!("its window {key} is closed")),
        (_, keys) => dead.push(format!("its windows {keys} are closed")),
    }
    match (those(Life::Ended, false), those(Life::Ended, true).0) {
        ((0, _), _) => {}
        ((all, _), claudes) if all == claudes => dead.push("its Claude has ended".to_owned()),
        ((1, key), _) => dead.push(format!("what ran in its window {key} has ended")),
        ((_, keys), _) => dead.push(format!("what ran in its windows {keys} has ended")),
    }
    let mut dead: Vec<_> = dead
        .into_iter()
        .map(|what| Problem::new(what, &resume))
        .chain(taken)
        .collect();
    dead.extend(outdated(session, tmux, living));
    dead
}

/// That some of a session's windows were made by a layout that has changed since.
pub fn outdated(
    session: &Session<'_>,
    tmux: &[TmuxSession],
    living: &[Living<'_>],
) -> Option<Problem> {
    let is_outdated = |living: &Living<'_>| living.is_outdated && living.life != Life::Closed;
    let is_known = |pane: &&tmux::Pane| session.window_of(pane).is_some();
    let has_more = || !living::panes(session, tmux).iter().all(is_known);
    (living.iter().any(is_outdated) || has_more()).then(|| {
        Problem::new(
            "its windows are of an older layout",
            format!("tally-session restart {}", session.name),
        )
    })
}

/// That the session's record is none of this repository's, if it is none.
fn foreign(session: &Session<'_>) -> Option<Problem> {
    let (name, worktree) = (&session.name, session.record.worktree());
    let place = session.project.worktree_path(name);
    let store = session.project.main.join(records::FILE);
    (!session.counts()).then(|| {
        Problem::new(
            format!(
                "its record names {}, which is no worktree of this repository, and not its place {}",
                worktree.display(),
                place.display()
            ),
            format!(
                "write the right path into {}, or take the record out: tally-session remove {name}",
                store.display()
            ),
        )
    })
}

/// Refuses a session whose record is none of this repository's.
///
/// # Errors
/// If it is none.
pub fn refuse_foreign(session: &Session<'_>) -> Result<()> {
    foreign(session).map_or(Ok(()), |foreign| Err(foreign.into_error(&session.name)))
}

/// Why a session has no worktree; `resume` is what makes it again.
pub fn broken(session: &Session<'_>, has_branch: bool, resume: &str) -> Problem {
    if let Some(blocked) = blocked(session, resume) {
        return blocked;
    }
    let (name, worktree) = (&session.name, session.record.worktree());
    let path = worktree.display();
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

/// What keeps `resume` from making a session's worktree again.
pub fn blocked(session: &Session<'_>, resume: &str) -> Option<Problem> {
    let project = session.project;
    let worktrees = worktrees::list(&project.common).unwrap_or_default();
    let away = moved::problem(session, &worktrees).or_else(|| foreign(session));
    if away.is_some() {
        return away;
    }
    let worktree = session.record.worktree();
    let path = worktree.display();
    let mut entries = worktrees.iter().filter(|entry| entry.is_at(worktree));
    if entries.any(Worktree::has_lost_git_file) {
        return Some(Problem::new(
            format!("the .git file of its worktree {path} is gone, or leads nowhere"),
            format!("{} worktree repair", project.git()),
        ));
    }
    if worktree.symlink_metadata().is_ok() {
        return Some(Problem::new(
            format!("{path} is no worktree of this repository"),
            format!("move it away, then {resume}"),
        ));
    }
    moved(session, &worktrees).or_else(|| elsewhere(session, &worktrees))
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
    let other = others.find(|other| other.branch.as_deref() == Some(branch))?;
    let there = &other.path;
    let what = format!(
        "its branch {branch} is checked out at {}, and its record says {}",
        there.display(),
        here.display()
    );
    let git = session.project.git();
    let [from, to] = [there, here].map(|path| quote(&path.to_string_lossy()));
    let unlock = match other.locked {
        Some(_) => format!("{git} worktree unlock {from} && "),
        None => String::new(),
    };
    Some(if *there == session.project.main {
        Problem::new(what, format!("{git} switch <another branch>"))
    } else if there.exists() {
        Problem::new(what, format!("{unlock}{git} worktree move {from} {to}"))
    } else if let Some(moved) = other.moved_to(session.project.main.parent()?) {
        let moved = quote(&moved.to_string_lossy());
        Problem::new(what, format!("{git} worktree repair {moved}"))
    } else {
        Problem::new(
            format!("{what}; there is neither"),
            format!("{unlock}{git} worktree prune"),
        )
    })
}
