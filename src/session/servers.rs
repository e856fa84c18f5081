//! Ending what came from a session's windows.

use super::Session;
use crate::ports::Port;
use crate::processes::{self, Process, Signal, Table};
use crate::wait;
use anyhow::Result;
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// A server that got its terminal's hang-up is given this long to end by itself.
const HANG_UP: Duration = Duration::from_millis(300);

/// After this long a server that was asked to end is made to.
const TERMINATE: Duration = Duration::from_secs(3);

/// What does not hold a port is waited for this long, and then left.
const OTHERS: Duration = Duration::from_secs(2);

/// How long is waited in all.
const LIMIT: Duration = Duration::from_secs(8);

/// A port of the session's that somebody listens on.
#[derive(Debug)]
pub struct Held {
    /// The port.
    pub port: Port,
    /// Who listens, if the user may see it.
    pub holder: Option<Process>,
    /// Whether that is one of the session's own processes.
    pub is_own: bool,
}

impl Held {
    /// Who listens, in words.
    pub fn who(&self) -> String {
        self.holder.as_ref().map_or_else(
            || "a process of another user".to_owned(),
            ToString::to_string,
        )
    }
}

/// What is left after the session's windows were closed.
#[derive(Debug, Default)]
pub struct Left {
    /// Its ports that are not free.
    pub ports: Vec<Held>,
    /// Processes that came from its windows.
    pub processes: Vec<Process>,
    /// Whether all of them had ended before they were looked for.
    pub had_ended: bool,
}

impl Left {
    fn now(session: &Session<'_>) -> Result<Self> {
        Self::of(session, &Table::now(session.record.ports())?)
    }

    /// What is there of the session's among these processes and ports.
    ///
    /// # Errors
    /// If the system does not tell.
    pub fn of(session: &Session<'_>, table: &Table) -> Result<Self> {
        let processes = table.of_session(session.record.worktree())?;
        let mut ports = Vec::new();
        for port in session.record.ports().filter(|&port| table.is_busy(port)) {
            let holders = table.listening(port)?;
            let is_own = |holder: &&Process| processes.iter().any(|own| own.pid == holder.pid);
            let own = holders.iter().find(is_own);
            ports.push(Held {
                port,
                holder: own.or(holders.first()).cloned(),
                is_own: own.is_some(),
            });
        }
        Ok(Self {
            ports,
            processes,
            had_ended: false,
        })
    }

    /// What there is to tell of it.
    pub fn notes(&self) -> Vec<String> {
        let ports = self.ports.iter();
        let mut notes: Vec<_> = ports
            .map(|held| {
                let (port, who) = (held.port, held.who());
                format!("port {port} is not free: {who} listens there")
            })
            .collect();
        if !self.processes.is_empty() {
            let processes: Vec<_> = self.processes.iter().map(ToString::to_string).collect();
            let processes = processes.join(", ");
            notes.push(format!(
                "this was started in its windows and still runs: {processes}"
            ));
        }
        notes
    }

    /// Whether all ports that are held are held by others; one whose holder can't be seen may just be given back.
    fn is_settled(&self) -> bool {
        self.ports
            .iter()
            .all(|held| !held.is_own && held.holder.is_some())
    }
}

/// What came from the session's windows and runs.
///
/// # Errors
/// If the system does not tell which processes there are.
pub fn running(session: &Session<'_>) -> Result<Vec<Process>> {
    Table::now([])?.of_session(session.record.worktree())
}

/// Those of these processes that will not end with the windows.
///
/// # Errors
/// If the system does not tell.
#[expect(
    clippy::unnecessary_wraps,
    reason = "a look at processes fails where the system does not tell"
)]
pub fn staying(_session: &Session<'_>, _running: &[Process]) -> Result<Vec<Process>> {
    Ok(Vec::new())
}

/// Waits until the session's own servers have given back its ports, as they do when their windows have been closed. Nobody
/// is told to end.
///
/// # Errors
/// If the system does not tell which processes there are.
pub fn wait_for_ports(session: &Session<'_>) -> Result<Left> {
    let mut left = Left::default();
    wait::until(TERMINATE, &waiting_for(session), || {
        left = Left::now(session)?;
        Ok(left.is_settled().then_some(()))
    })?;
    Ok(left)
}

/// Waits a moment for these processes to end, as most do when their windows are closed. What is left then is for [`end`].
pub fn hang_up(session: &Session<'_>, before: &[Process]) {
    end_within(HANG_UP, session, before);
}

/// Whether these shells end, as they do when their windows were only just closed.
pub fn are_closing(session: &Session<'_>, shells: &[Process]) -> bool {
    end_within(OTHERS, session, shells)
}

fn end_within(limit: Duration, session: &Session<'_>, processes: &[Process]) -> bool {
    let have_ended = || Ok((!processes::any_runs(processes)).then_some(()));
    let ended = wait::until(limit, &waiting_for(session), have_ended);
    // This question has no error.
    matches!(ended, Ok(Some(())))
}

fn waiting_for(session: &Session<'_>) -> String {
    format!("for the servers of {} to end", session.name)
}

/// Waits until the processes that came from the session's windows have ended, after these were `closed`. Those that hold one
/// of its ports, and those of the session's that started them, are asked to end, and then made to. Nobody else is touched.
///
/// A process came from its windows if its environment says so: that also holds for one that left its terminal.
///
/// # Errors
/// If the system does not tell which processes there are.
pub fn end(session: &Session<'_>, closed: Instant) -> Result<Left> {
    let mut told = HashSet::new();
    let mut left = Left::default();
    let mut looks = 0;
    wait::until(LIMIT, &waiting_for(session), || {
        let waited = closed.elapsed();
        left = Left::now(session)?;
        looks += 1;
        if waited >= HANG_UP {
            let word = if waited >= TERMINATE {
                Signal::KILL
            } else {
                Signal::TERM
            };
            for process in holders_and_ancestors(&left) {
                if told.insert((process.pid, word.as_raw())) {
                    processes::signal(process, word);
                }
            }
        }
        let is_done = left.is_settled() && left.processes.is_empty();
        let is_enough = waited >= OTHERS && !left.ports.iter().any(|held| held.is_own);
        left.had_ended = is_done && looks == 1;
        Ok((is_done || is_enough).then_some(()))
    })?;
    Ok(left)
}

/// The session's own processes that hold its ports, and those of the session's that started them, which might start them
/// again: the first ones first.
fn holders_and_ancestors(left: &Left) -> Vec<&Process> {
    let mut line: Vec<_> = left
        .ports
        .iter()
        .filter(|held| held.is_own)
        .filter_map(|held| held.holder.as_ref())
        .collect();
    let mut at = 0;
    while let Some(process) = line.get(at) {
        line.extend(
            left.processes
                .iter()
                .find(|other| Some(other.pid) == process.parent),
        );
        at += 1;
    }
    line.reverse();
    line
}
