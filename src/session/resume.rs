//! Bringing sessions back.

use super::hold::{Hold, Unfinished};
use super::hooks;
use super::make::{self, Made};
use super::servers::{self, Held};
use super::windows::{self, Waiting};
use super::{Session, lock_store};
use crate::claude::Claude;
use crate::git::{Git, Start};
use crate::hint::Hint;
use crate::layout::Layout;
use crate::listeners;
use crate::name::SessionName;
use crate::ports;
use crate::process::quote;
use crate::project::Project;
use crate::store::records::Records;
use crate::tmux::{self, TmuxSession};
use anyhow::{Context, Result, anyhow};
use std::collections::HashMap;

/// What became of a session.
#[derive(Debug)]
pub enum Resumed {
    /// It ran all the time.
    AlreadyRunning,
    /// Its windows are there again.
    Started(Vec<String>),
}

/// Brings sessions back, the wanted ones or all: what is missing is made, and then the windows of all of them are filled at
/// once. What failed with one of them does not keep the others.
///
/// # Errors
/// If the store can't be read, or tmux can't be asked which sessions run.
pub fn resume(
    project: &Project,
    layout: &Layout,
    claude: &Claude,
    wanted: Option<&[SessionName]>,
) -> Result<Vec<(SessionName, Result<Resumed>)>> {
    let before = Records::read(&project.main)?;
    let names: Vec<SessionName> = wanted.map_or_else(
        || before.iter().map(|(name, _)| name.clone()).collect(),
        <[_]>::to_vec,
    );
    // Every command takes several holds in one order, so that no two can wait for each other.
    let mut order: Vec<_> = names
        .iter()
        .filter(|name| before.find(name).is_some())
        .collect();
    order.sort_by_key(|name| name.slug());
    let mut holds: HashMap<_, _> = order
        .into_iter()
        .map(|name| (name.clone(), Hold::take(project, name)))
        .collect();

    let lock = lock_store(project)?;
    let records = Records::read(&project.main)?;
    let running = tmux::sessions()?;
    drop(lock);
    let mut waiting = Vec::new();
    let mut results = Vec::new();
    let mut done = Vec::new();
    for name in names {
        if wanted.is_none() && records.find(&name).is_none() {
            // Another command has removed it meanwhile.
            continue;
        }
        let result =
            Session::find(project, layout, &records, &name, "resume").and_then(|mut session| {
                let mut hold = holds
                    .remove(&name)
                    .with_context(|| format!("{name} was only just added"))??;
                let resumed = start(&mut session, claude, &mut hold, &running, &mut waiting)?;
                done.push(hold);
                Ok(resumed)
            });
        results.push((name, result));
    }
    match windows::fill(project, &waiting) {
        Ok(notes) => {
            done.into_iter().for_each(Hold::finish);
            let started = results
                .iter_mut()
                .rev()
                .find_map(|(_, result)| match result {
                    Ok(Resumed::Started(told)) => Some(told),
                    _ => None,
                });
            if let Some(told) = started {
                told.extend(notes);
            }
        }
        Err(error) => {
            for (_, result) in results
                .iter_mut()
                .filter(|(_, result)| matches!(result, Ok(Resumed::Started(_))))
            {
                *result = Err(anyhow!("{error:#}"));
            }
        }
    }
    Ok(results)
}

/// Makes what one session lacks, up to its windows.
fn start(
    session: &mut Session<'_>,
    claude: &Claude,
    hold: &mut Hold,
    running: &[TmuxSession],
    waiting: &mut Vec<Waiting>,
) -> Result<Resumed> {
    let tmux_name = session.tmux_name();
    if let Some(tmux) = running.iter().find(|tmux| tmux.name == tmux_name) {
        if !tmux.is_of(&session.project.main) {
            return Err(anyhow!(
                "there is a tmux session {tmux_name} that tally-session did not make"
            ))
            .hint(format!(
                "look at it with: {}",
                tmux::attach_command(&tmux_name)
            ));
        }
        if !tmux.is_pending {
            if !session.project.owns_worktree(session.record.worktree()) {
                return Err(anyhow!(
                    "the windows of {} are open, and its worktree {} is gone",
                    session.name,
                    session.record.worktree().display()
                ))
                .hint(format!(
                    "close them, and make it again: {} && tally-session resume {}",
                    tmux::kill_command(&tmux_name),
                    session.name
                ));
            }
            return Ok(Resumed::AlreadyRunning);
        }
        let start = finish_worktree(session, hold)?;
        let notes = make::prepare(session, &start, hold, claude, &mut Made::default())?;
        if hold.is_new() {
            hooks::post_add(session, hold)?;
        }
        waiting.extend(windows::left_waiting(session, claude, hold, tmux)?);
        return Ok(Resumed::Started(notes));
    }
    let start = finish_worktree(session, hold)?;
    let mut notes = leave_taken_ports(session, hold)?;
    let (windows, told) = make::make(session, &start, hold, claude, &mut Made::default())?;
    waiting.extend(windows);
    notes.extend(told);
    Ok(Resumed::Started(notes))
}

/// Clears away what a killed command left of the worktree, and says what its branch starts from if it is to be made again.
fn finish_worktree(session: &Session<'_>, hold: &mut Hold) -> Result<Start> {
    make::clear_half_made(session, hold)?;
    let start = branch_start(session, hold)?;
    if hold.unfinished.is_none() && !session.project.owns_worktree(session.record.worktree()) {
        hold.begin(Unfinished {
            start: start.clone(),
            prompt: None,
            is_new: true,
        })?;
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
        Some(found) => match found.worktree {
            None => Ok(Start::Existing),
            Some(path) => Err(anyhow!(
                "the worktree of {} is not at {} any more: its branch is checked out at {}",
                session.name,
                worktree.display(),
                path.display()
            ))
            .hint(format!(
                "{} worktree move {} {}",
                session.project.git(),
                quote(&path.to_string_lossy()),
                quote(&worktree.to_string_lossy())
            )),
        },
        None => match &hold.unfinished {
            Some(unfinished) => Ok(unfinished.start.clone()),
            None => Err(anyhow!(
                "the session {} has nothing to come back to: its branch {branch} and its worktree {} are both gone",
                session.name,
                worktree.display()
            ))
            .hint(format!("clear away what is left: tally-session remove {}", session.name)),
        },
    }
}

/// Moves the session off the ports that somebody else listens on, in its record; a port that it lacks it gets.
fn leave_taken_ports(session: &mut Session<'_>, hold: &mut Hold) -> Result<Vec<String>> {
    let lacks_none = session.ports().count() == session.layout.ports.len();
    if lacks_none && servers::busy_ports(session).is_empty() {
        return Ok(Vec::new());
    }
    // Its own servers may still be ending.
    let left = servers::wait_for_ports(session)?;
    if let Some(Held {
        port,
        holder: Some(process),
        ..
    }) = left.ports.iter().find(|held| held.is_own)
    {
        return Err(anyhow!(
            "{} still runs on port {port}, without its windows: {process}",
            session.name
        ))
        .hint(format!(
            "end it, or go to the tmux server that has its windows: kill {}",
            process.pid
        ));
    }
    let _lock = lock_store(session.project)?;
    let mut records = Records::read(&session.project.main)?;
    let mut taken = records.ports();
    let mut notes = Vec::new();
    for (service, &first) in &session.layout.ports {
        let old = session.record.port(service);
        let in_use = left.ports.iter().find(|taken| Some(taken.port) == old);
        if old.is_some() && in_use.is_none() {
            continue;
        }
        let port = ports::next_free(first, &taken, listeners::is_free)?;
        taken.insert(port);
        session.record.set_port(service, port);
        let name = &session.name;
        notes.push(match in_use {
            Some(in_use) => {
                format!(
                    "the {service} of {name} moved from port {} to {port}: {} listens there",
                    in_use.port,
                    in_use.who()
                )
            }
            None => format!("the {service} of {name} had no port, and has {port} now"),
        });
    }
    if !notes.is_empty() {
        if hold.unfinished.is_none() {
            // The variables that name the ports have to follow.
            hold.begin(Unfinished {
                start: Start::Existing,
                prompt: None,
                is_new: false,
            })?;
        }
        records.put(&session.name, session.record.clone());
        records.write(&session.project.main)?;
    }
    Ok(notes)
}
