//! Each session by itself: its worktree and branch, its files, its ports.

use crate::finding::{Finding, Mend, State};
use crate::problem::Problem;
use crate::session::Session;
use crate::session::belongings::{self, claude_entry};
use crate::session::doctor::around::Around;
use crate::session::doctor::ports;
use crate::session::records::hold::{self, Seen};
use crate::session::truth::problems;
use crate::session::windows::living::{self, Life, Living};
use crate::tmux::{self, TmuxSession};

/// Looks at one session.
pub fn check(session: &Session<'_>, around: &Around<'_>) -> Vec<Finding> {
    let name = &session.name;
    let checked = format!("{name}:");
    let seen = match hold::look(session.project, name) {
        Ok(seen) => seen,
        Err(error) => return vec![Finding::error(checked, &error)],
    };
    if seen == Seen::Busy {
        let busy = Finding::warning(checked, "another tally-session works on it just now");
        return vec![busy.cure("look again when it has ended")];
    }
    let tmux = around.tmux.as_deref().unwrap_or_default();
    let mut own = tmux.iter().filter(|tmux| session.owns(tmux));
    let is_half_made = seen != Seen::Nothing || own.any(TmuxSession::is_pending);
    let resume = format!("tally-session resume {name}");
    let mut living = living::look(session, tmux, &around.stopped);
    if around.table.is_some() {
        // Who has taken a port is told of that.
        living.retain(|living| living.taken_by.is_none());
    }
    let has_branch = around.has_branch(session.record.branch());
    let mut problems = problems::of(session, tmux, &living, has_branch);
    // What finishing it cures goes without saying.
    problems.retain(|problem| !is_half_made || problem.cure != resume);
    let failed = |problem: Problem| Finding::of(State::Failed, problem.of(name));
    let mut findings: Vec<_> = problems.into_iter().map(failed).collect();
    if is_half_made {
        let half_made = Finding::failed(checked, "is half made: a command was cut short");
        let finish = Mend::Finish(name.clone());
        findings.insert(0, half_made.mended_by(finish));
        return findings;
    }
    let worktree = session.record.worktree();
    if session.project.owns_worktree(worktree) {
        if findings.is_empty() {
            findings.push(on_branch(session, checked));
        }
        findings.extend(belongings::look(
            session,
            &around.included,
            around.has_git(),
        ));
        let entries = around.entries.as_ref();
        findings.extend(entries.map(|entries| claude_entry::look(session, entries)));
    }
    findings.extend(moved(session, tmux, &living));
    // Its own servers pass for strangers where its worktree is elsewhere, and another's have the ports of a record of theirs.
    let is_away =
        !session.project.owns_worktree(worktree) && (!living.is_empty() || !session.counts());
    let is_started = around.started.contains(name);
    if let (Some(table), false) = (&around.table, is_away || is_started) {
        let tmux = around.tmux.as_deref();
        findings.extend(ports::check(session, tmux, &living, table));
    }
    findings
}

/// Windows that are not among the others, and run there.
fn moved(session: &Session<'_>, tmux: &[TmuxSession], living: &[Living<'_>]) -> Vec<Finding> {
    let Some(home) = living::shown_in(session, tmux) else {
        return Vec::new();
    };
    let open = living.iter().filter(|living| living.life != Life::Closed);
    let moved = open.filter_map(|living| {
        let id = &living.pane.as_ref()?.id;
        let mut others = tmux.iter().filter(|_| home.pane(id).is_none());
        let other = others.find(|tmux| tmux.pane(id).is_some())?;
        let checked = format!("{}: its window {}", session.name, living.window.key);
        let found = format!("is in the tmux session {}", other.name);
        let back = tmux::move_command(id, &home.name);
        Some(Finding::warning(checked, found).cure(format!("to have it back: {back}")))
    });
    moved.collect()
}

/// Whether the worktree has the session's branch checked out.
fn on_branch(session: &Session<'_>, checked: String) -> Finding {
    if let Some(switched) = problems::switched(session) {
        return Finding::of(State::Warning, switched.of(&session.name));
    }
    let path = session.record.worktree().display();
    Finding::fine(
        checked,
        match session.checked_out() {
            Some(branch) => format!("its worktree is {path}, on its branch {branch}"),
            None => format!("its worktree is {path}, on no branch just now"),
        },
    )
}
