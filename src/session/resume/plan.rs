//! What is to be done to bring a session back.

use crate::claude::Claude;
use crate::git::{Git, Start, worktrees};
use crate::hint::Hint;
use crate::listeners;
use crate::ports::Port;
use crate::problem;
use crate::session::making::{Open, Task, Windows, worktree};
use crate::session::records::hold::{Hold, Unfinished};
use crate::session::records::moved;
use crate::session::records::record::{self, Moved};
use crate::session::truth::problems;
use crate::session::windows::{closing, living, servers};
use crate::session::{Session, change_records, foreign_windows, restore};
use anyhow::{Result, anyhow};

/// Decides what is to be done for a session, and moves it off ports that are taken.
pub fn plan<'a>(
    mut session: Session<'a>,
    mut hold: Hold,
    claude: &Claude,
    open: &'a Open,
) -> Result<Task<'a>> {
    let (project, layout) = (session.project, session.layout);
    let called = |name: &str| open.tmux.iter().find(|tmux| tmux.name == name);
    let mut notes = match hold.removed(project) {
        Some(removed) => restore::put_back(project, layout, claude, removed, &mut hold)?,
        None => Vec::new(),
    };
    let is_settled = hold.unfinished.is_none();
    notes.extend(moved::follow(&mut session, &mut hold, claude)?);
    problems::refuse_foreign(&session)?;
    if is_settled {
        // What was cut short, or was just brought back, is made as it was.
        notes.extend(follow_branch(&mut session)?);
    }
    let own = living::shown_in(&session, &open.tmux)
        .filter(|tmux| session.owns(tmux) || living::has_no_others(&session, tmux));
    let living = living::look(&session, &open.tmux, &open.stopped);
    let windows = match own {
        Some(tmux) if tmux.is_pending() => Windows::Pending(tmux),
        None if living.is_empty() => Windows::None,
        own => Windows::Living(own, open),
    };
    if let Some(older) = problems::outdated(&session, &open.tmux, &living) {
        notes.push(format!("{}: {older}", session.name));
    }
    let is_whole = session.project.owns_worktree(session.record.worktree());
    if let Windows::Living(..) = windows {
        if !is_whole {
            let git = Git::at(&session.project.main);
            let has_branch = git.branch(session.record.branch())?.is_some();
            let anew = format!(
                "close its windows, and make it again: tally-session restart {}",
                session.name
            );
            let broken = problems::broken(&session, has_branch, &anew);
            return Err(broken.into_error(&session.name));
        }
    } else if own.is_none()
        && let Some(foreign) = called(&session.tmux_name())
    {
        return Err(foreign_windows(project, foreign));
    }
    let start = finish_worktree(&session, &mut hold)?;
    if matches!(windows, Windows::None) {
        closing::refuse_open(&session, &open.table, &open.tmux)?;
        notes.extend(leave_taken_ports(&mut session, &mut hold)?);
    }
    Ok(Task {
        session,
        hold,
        start,
        windows,
        notes,
    })
}

/// Has the record say which branch the worktree is on: it was switched, or renamed.
fn follow_branch(session: &mut Session<'_>) -> Result<Option<String>> {
    if problems::switched(session).is_none() {
        return Ok(None);
    }
    let Some(branch) = session.checked_out() else {
        return Ok(None);
    };
    let note = format!(
        "{} follows its worktree to the branch {branch}; it was on {}",
        session.name,
        session.record.branch()
    );
    session.record.set_branch(&branch);
    session.write_record()?;
    Ok(Some(note))
}

/// Clears away what a killed command left of the worktree, and says what its branch starts from if it is to be made again.
fn finish_worktree(session: &Session<'_>, hold: &mut Hold) -> Result<Start> {
    worktree::clear_half_made(session, hold)?;
    let start = branch_start(session, hold)?;
    if hold.unfinished.is_none() && !session.project.owns_worktree(session.record.worktree()) {
        hold.begin(Unfinished::of_new(start.clone(), None))?;
    }
    Ok(start)
}

/// What the branch starts from, if the worktree is to be made again.
fn branch_start(session: &Session<'_>, hold: &Hold) -> Result<Start> {
    let branch = session.record.branch();
    let worktree = session.record.worktree();
    if session.project.owns_worktree(worktree) {
        return Ok(Start::Existing);
    }
    match Git::at(&session.project.main).branch(branch)? {
        Some(_) => {
            let worktrees = worktrees::list(&session.project.common)?;
            problem::refuse(problems::elsewhere(session, &worktrees), &session.name)?;
            Ok(Start::Existing)
        }
        None => match &hold.unfinished {
            Some(unfinished) if !matches!(unfinished.start, Start::Existing) => {
                Ok(unfinished.start.clone())
            }
            _ => Err(anyhow!(
                "the session {} has nothing to come back to: its branch {branch} and its worktree {} are both gone",
                session.name,
                worktree.display()
            ))
            .hint(format!("clear away what is left: tally-session remove {}", session.name)),
        },
    }
}

/// Moves the session off the ports that somebody else listens on, in its record, where windows have them; a port that it lacks it
/// gets.
fn leave_taken_ports(session: &mut Session<'_>, hold: &mut Hold) -> Result<Vec<String>> {
    let lacks_none = session.ports().count() == session.layout.ports.len();
    let layout = session.layout;
    let is_settled = |(service, port): (&str, Port)| {
        !layout.has_in_a_window(service) || listeners::is_free(port)
    };
    if lacks_none && session.ports().all(is_settled) {
        return Ok(Vec::new());
    }
    // Its own servers may still be ending.
    let left = servers::wait_for_ports(session)?;
    let own = left.ports.iter().find(|held| held.is_own);
    if let Some((port, process)) = own.and_then(|held| Some((held.port, held.holder()?))) {
        let name = &session.name;
        return Err(anyhow!(
            "{name} still runs on port {port}, without its windows: {process}"
        ))
        .hint(format!("end it: tally-session stop {name}"));
    }
    let in_use = |old: Option<Port>| left.ports.iter().find(|held| Some(held.port) == old);
    let wants = |service: &str, old: Option<Port>| {
        old.is_none() || in_use(old).is_some() && layout.has_in_a_window(service)
    };
    let Session { name, record, .. } = session;
    let moved = change_records(session.project, |records| {
        let moved = record::move_ports(layout, records, record, wants)?;
        if !moved.is_empty() {
            hold.begin_too(|left| left.sets_variables = true)?;
            records.put(name, record.clone());
        }
        Ok(moved)
    })?;
    let who =
        |moved: &Moved| in_use(moved.from).map(|held| format!("{} listens there", held.who()));
    let told = |moved: &Moved| moved.told(name, who(moved).unwrap_or_default());
    Ok(moved.iter().map(told).collect())
}
