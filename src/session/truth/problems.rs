//! What is wrong with a session's worktree, branch, record and windows.

use crate::git::worktrees::{self, Worktree};
use crate::layout::Window;
use crate::problem::{self, Problem};
use crate::process::{quote, quote_path};
use crate::session::Session;
use crate::session::records::hold::{self, Seen};
use crate::session::records::moved;
use crate::session::truth::commits;
use crate::session::windows::living::{self, Life, Living};
use crate::store::records;
use crate::tmux::{self, TmuxSession};
use anyhow::Result;

/// All that is wrong with a session, each with its cure.
pub fn of(
    session: &Session<'_>,
    tmux: &[TmuxSession],
    living: &[Living<'_>],
    has_branch: bool,
) -> Vec<Problem> {
    let name = &session.name;
    let tmux_name = session.tmux_name();
    let own = || tmux.iter().filter(|tmux| session.owns(tmux));
    let resume = format!("tally-session resume {name}");
    // One that runs is left alone by a resume.
    let resume_anew = match own().next() {
        Some(_) => format!("tally-session restart {name}"),
        None => resume.clone(),
    };
    let seen = hold::look(session.project, name).ok();
    if seen == Some(Seen::Moving) {
        // Some of it is away, and is back when that is finished.
        let what = "a remove or a restore of it was cut short";
        return vec![Problem::new(what, resume)];
    }
    let mut problems = Vec::new();
    if !session.project.owns_worktree(session.record.worktree()) {
        let broken = broken(session, has_branch, &resume_anew);
        if foreign(session).as_ref() == Some(&broken) {
            // What else it names is another's.
            return vec![broken];
        }
        problems.push(broken);
    } else if !has_branch && switched(session).is_none() {
        problems.push(Problem::new(
            format!("its branch {} is gone", session.record.branch()),
            branch_again(session),
        ));
    }
    let services = session.layout.ports.keys();
    let without_port = services.filter(|service| session.record.port(service).is_none());
    problems.extend(without_port.map(|service| {
        let what = format!("its record has no {service}_port");
        Problem::new(what, &resume_anew)
    }));
    let is_foreign = |tmux: &TmuxSession| tmux.name == tmux_name && !session.owns(tmux);
    if tmux.iter().any(is_foreign) {
        problems.push(Problem::new(
            format!("tally-session did not make the tmux session {tmux_name}"),
            tmux::attach_command(&tmux_name),
        ));
    }
    if own().any(TmuxSession::is_pending) {
        let what = "some of its windows were never started";
        problems.push(Problem::new(what, resume));
    } else if seen == Some(Seen::Unfinished) {
        problems.push(Problem::new("a command on it was cut short", resume));
    } else {
        problems.extend(dead(session, living));
        problems.extend(outdated(session, tmux, living));
    }
    problems
}

/// What makes the branch of a session's worktree again, where that was last.
fn branch_again(session: &Session<'_>) -> String {
    let [worktree, branch] = [
        &*session.record.worktree().to_string_lossy(),
        session.record.branch(),
    ]
    .map(quote);
    let broken = worktrees::broken_branch(&session.project.common, session.record.branch());
    let clear = broken.map_or_else(String::new, |file| format!("rm {} && ", quote_path(&file)));
    let last = commits(session).pop();
    match last.filter(|_| session.checked_out().is_some()) {
        Some(commit) => format!("{clear}git -C {worktree} branch {branch} {commit}"),
        None => format!("{clear}git -C {worktree} switch -c {branch}"),
    }
}

/// That the session's worktree is on another branch than its record says, if it is: switched, or renamed.
pub fn switched(session: &Session<'_>) -> Option<Problem> {
    let branch = session.record.branch();
    let other = session.checked_out().filter(|other| other != branch)?;
    Some(Problem::new(
        format!(
            "its worktree is on the branch {other}, and its record says {branch}; resume has the record follow"
        ),
        format!("tally-session resume {}", session.name),
    ))
}

/// That git can't look into the session's worktree, for this reason; nothing while a command takes it away, or brings it back.
pub fn unseen(session: &Session<'_>, why: &str) -> Option<Problem> {
    let seen = hold::look(session.project, &session.name);
    if matches!(seen, Ok(Seen::Busy | Seen::Moving)) {
        return None;
    }
    let worktree = quote_path(session.record.worktree());
    Some(Problem::new(
        format!("git cannot look into its worktree: {why}"),
        format!(
            "git -C {worktree} status; to take it away as it is: tally-session remove --force {}",
            session.name
        ),
    ))
}

/// What does not live that should.
fn dead(session: &Session<'_>, living: &[Living<'_>]) -> Vec<Problem> {
    let name = &session.name;
    let those = |life: Life| {
        let those = living.iter().filter(move |it| it.life == life);
        let those = those.filter(|it| it.taken_by.is_none());
        those.map(|it| it.window).collect::<Vec<_>>()
    };
    let named = |windows: &[&Window]| {
        let keys: Vec<_> = windows.iter().map(|window| window.key.as_str()).collect();
        let plural = if keys.len() == 1 { "" } else { "s" };
        format!("window{plural} {}", keys.join(", "))
    };
    let (closed, ended) = (those(Life::Closed), those(Life::Ended));
    let resume = format!("tally-session resume {name}");
    let mut dead = Vec::new();
    if !closed.is_empty() {
        let are = if closed.len() == 1 { "is" } else { "are" };
        let what = format!("its {} {are} closed", named(&closed));
        dead.push(Problem::new(what, &resume));
    }
    if !ended.is_empty() {
        dead.push(if ended.iter().all(|window| window.runs_claude()) {
            Problem::new("its Claude has ended", resume)
        } else {
            let window = match ended[..] {
                [one] => format!(" {}", quote(&one.key)),
                _ => String::new(),
            };
            // Whatever ended it may end it again; and what is wrong with the shells themselves, a resume types into again.
            let runs = |it: &Living<'_>| it.window.run.is_some() && it.life == Life::Runs;
            let anew = if living.iter().any(runs) {
                String::new()
            } else {
                format!(", or with new shells: tally-session restart {name}")
            };
            let cure = format!("tally-session logs {name}{window}; {resume}{anew}");
            Problem::new(format!("what ran in its {} has ended", named(&ended)), cure)
        });
    }
    let taken = living.iter().filter_map(|living| {
        let (key, who) = (&living.window.key, living.taken_by.as_ref()?);
        Some(Problem::new(
            format!("what ran in its window {key} has ended, and {who} listens on its port"),
            format!("end that, or take another port: tally-session restart {name}"),
        ))
    });
    dead.into_iter().chain(taken).collect()
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
    let Session { project, name, .. } = session;
    let (worktree, place) = (session.record.worktree(), project.worktree_path(name));
    let what = format!(
        "its record names {}, which is no worktree of this repository, and not its place {}",
        worktree.display(),
        place.display()
    );
    let cure = format!(
        "write the right path into {}, or take the record out: tally-session remove {name}",
        project.main.join(records::FILE).display()
    );
    (!session.counts()).then(|| Problem::new(what, cure))
}

/// Refuses a session whose record is none of this repository's.
pub fn refuse_foreign(session: &Session<'_>) -> Result<()> {
    problem::refuse(foreign(session), &session.name)
}

/// Why a session has no worktree; `resume` is what makes it again.
pub fn broken(session: &Session<'_>, has_branch: bool, resume: &str) -> Problem {
    let gone = || {
        let path = session.record.worktree().display();
        if has_branch {
            return Problem::new(format!("its worktree {path} is gone"), resume);
        }
        let branch = session.record.branch();
        Problem::new(
            format!("its worktree {path} and its branch {branch} are gone"),
            format!("tally-session remove {}", session.name),
        )
    };
    blocked(session, resume).unwrap_or_else(gone)
}

/// What keeps `resume` from making a session's worktree again.
pub fn blocked(session: &Session<'_>, resume: &str) -> Option<Problem> {
    let project = session.project;
    let worktrees = worktrees::list(&project.common).unwrap_or_default();
    moved::problem(session, &worktrees)
        .or_else(|| foreign(session))
        .or_else(|| in_the_way(session, &worktrees, resume))
        .or_else(|| moved(session, &worktrees))
        .or_else(|| elsewhere(session, &worktrees))
}

/// What is where the session's worktree belongs and is none, if something is there. A worktree without its `.git` file is an ordinary
/// folder to git, with the user's work in it.
pub fn in_the_way(session: &Session<'_>, worktrees: &[Worktree], resume: &str) -> Option<Problem> {
    let worktree = session.record.worktree();
    let path = worktree.display();
    let mut entries = worktrees.iter().filter(|entry| entry.is_at(worktree));
    if entries.any(Worktree::has_lost_git_file) {
        return Some(Problem::new(
            format!("the .git file of its worktree {path} is gone, or leads nowhere"),
            format!("{} worktree repair", session.project.git()),
        ));
    }
    worktree.symlink_metadata().is_ok().then(|| {
        Problem::new(
            format!("{path} is no worktree of this repository"),
            format!("move it away, then {resume}"),
        )
    })
}

/// That the user has locked the session's worktree, for this reason.
pub fn locked(session: &Session<'_>, reason: &str) -> Problem {
    let path = session.record.worktree();
    let reason = match reason {
        "" => "without a reason",
        reason => reason,
    };
    let (git, quoted) = (session.project.git(), quote_path(path));
    Problem::new(
        format!("its worktree {} is locked: {reason}", path.display()),
        format!("{git} worktree unlock {quoted}"),
    )
}

/// That the session's worktree was moved without git's knowledge, if it was.
pub fn moved(session: &Session<'_>, worktrees: &[Worktree]) -> Option<Problem> {
    let worktree = session.record.worktree();
    let entry = worktrees.iter().find(|entry| entry.is_at(worktree))?;
    let moved = entry.moved_to(session.project.main.parent()?)?;
    let [from, to] = [&moved, worktree].map(quote_path);
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
    let other = others.find(|other| other.holds(branch))?;
    let there = &other.path;
    let what = format!(
        "its branch {branch} is checked out at {}, and its record says {}",
        there.display(),
        here.display()
    );
    let git = session.project.git();
    let [from, to] = [there, here].map(quote_path);
    let locked = other.locked.as_ref();
    let unlock = locked.map_or_else(String::new, |_| format!("{git} worktree unlock {from} && "));
    let (what, cure) = if *there == session.project.main {
        (what, format!("{git} switch <another branch>"))
    } else if there.exists() {
        (what, format!("{unlock}{git} worktree move {from} {to}"))
    } else if let Some(moved) = other.moved_to(session.project.main.parent()?) {
        let moved = quote_path(&moved);
        (what, format!("{git} worktree repair {moved}"))
    } else {
        let what = format!("{what}; there is neither");
        (what, format!("{unlock}{git} worktree prune"))
    };
    Some(Problem::new(what, cure))
}
