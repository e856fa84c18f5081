//! Ending what came from a session's windows. What gives a [`Result`] fails if the system does not tell which processes there are.

use crate::listeners;
use crate::ports::Port;
use crate::processes::{self, Process, Signal, Table, panes};
use crate::session::Session;
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
    pub port: Port,
    /// Who listens: the session's own processes, or others, as far as the user may see them.
    holders: Vec<Process>,
    /// Whether they are the session's own.
    pub is_own: bool,
}

impl Held {
    /// Who listens, if the user may see it.
    pub fn holder(&self) -> Option<&Process> {
        self.holders.first()
    }

    /// Who listens, in words.
    pub fn who(&self) -> String {
        let unseen = || "a process of another user".to_owned();
        self.holder().map_or_else(unseen, ToString::to_string)
    }
}

/// What is left after the session's windows were closed.
#[derive(Debug, Default)]
pub struct Left {
    /// Its ports that are not free.
    pub ports: Vec<Held>,
    /// Processes that came from its windows and work in its worktree.
    pub processes: Vec<Process>,
}

impl Left {
    fn now(session: &Session<'_>, before: &[Process]) -> Result<Self> {
        Self::of(session, &Table::now(session.record.ports())?, before)
    }

    /// What is there of the session's among these processes and ports, those included that were its own `before`.
    pub fn of(session: &Session<'_>, table: &Table, before: &[Process]) -> Result<Self> {
        let processes = table.of_session(session.record.worktree(), before)?;
        let mut ports = Vec::new();
        for port in session.record.ports().filter(|&port| table.is_busy(port)) {
            let (own, others): (Vec<_>, _) = table
                .listening(port)?
                .into_iter()
                .partition(|holder| is_among(&processes, holder));
            let is_own = !own.is_empty();
            ports.push(Held {
                port,
                holders: if is_own { own } else { others },
                is_own,
            });
        }
        Ok(Self { ports, processes })
    }

    /// What there is to tell of it.
    pub fn notes(&self) -> Vec<String> {
        let ports = self.ports.iter();
        let ports = ports.map(|held| {
            let (port, who) = (held.port, held.who());
            format!("port {port} is not free: {who} listens there")
        });
        let processes: Vec<_> = self.processes.iter().map(ToString::to_string).collect();
        let processes = processes.join(", ");
        let runs = format!("this was started in its windows and still runs: {processes}");
        ports
            .chain((!processes.is_empty()).then_some(runs))
            .collect()
    }

    /// Leaves out the ports that have become free.
    pub fn look_again(&mut self) {
        self.ports.retain(|held| !listeners::is_free(held.port));
    }

    /// Whether all ports that are held are held by others; one whose holder can't be seen may just be given back.
    fn is_settled(&self) -> bool {
        let mut ports = self.ports.iter();
        ports.all(|held| !held.is_own && held.holder().is_some())
    }

    /// The session's own processes that hold its ports.
    fn servers(&self) -> impl Iterator<Item = &Process> {
        let own = self.ports.iter().filter(|held| held.is_own);
        own.flat_map(|held| &held.holders)
    }
}

/// A process may change its command line.
fn is_among(processes: &[Process], process: &Process) -> bool {
    processes.iter().any(|other| other.pid == process.pid)
}

/// Who of these will still run when the session's windows are closed, where these shells are, and its servers have ended.
pub fn staying(
    session: &Session<'_>,
    running: &[Process],
    shells: &[Process],
) -> Result<Vec<Process>> {
    let mut staying = panes::outliving(running, shells);
    if !staying.is_empty() {
        let now = Left::now(session, &[])?;
        let servers: Vec<_> = now.servers().cloned().collect();
        staying.retain(|process| !is_among(&servers, process));
    }
    Ok(staying)
}

/// Waits until the session's own servers have given back its ports, as they do when their windows have been closed. Nobody
/// is told to end.
pub fn wait_for_ports(session: &Session<'_>) -> Result<Left> {
    let mut left = Left::default();
    wait::until(TERMINATE, &waiting_for(session), || {
        left = Left::now(session, &[])?;
        Ok(left.is_settled().then_some(()))
    })?;
    Ok(left)
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

/// When the session's windows were only just closed, waits until the processes that came from them have ended, which ran `before`
/// or only came then; but for the `staying` ones, and those of `daemons`, which are not told. Most end by themselves in a moment.
/// Those that hold one of its ports are asked to end, and then made to. Nobody else is touched.
///
/// A process came from its windows if its environment says so, or that of the one that started it where it has none to read: that
/// also holds for one that left its terminal.
pub fn end(
    session: &Session<'_>,
    before: &[Process],
    staying: &[Process],
    daemons: &[Process],
) -> Result<Left> {
    let closed = Instant::now();
    let is_staying = |process: &Process| is_among(staying, process);
    let ending = before.iter().filter(|process| !is_staying(process));
    end_within(HANG_UP, session, &ending.cloned().collect::<Vec<_>>());
    let mut told = HashSet::new();
    let mut left = Left::default();
    wait::until(LIMIT, &waiting_for(session), || {
        let waited = closed.elapsed();
        left = Left::now(session, before)?;
        left.processes.retain(|process| !is_among(daemons, process));
        if waited >= HANG_UP {
            let word = if waited >= TERMINATE {
                Signal::KILL
            } else {
                Signal::TERM
            };
            for process in left.servers() {
                if told.insert((process.pid, word.as_raw())) {
                    processes::signal(process.pid, word);
                }
            }
        }
        // A server of the session's that works elsewhere passes for a stranger, and ends with its window all the same.
        let are_others = waited >= HANG_UP || left.ports.is_empty();
        let is_done = are_others && left.is_settled() && left.processes.iter().all(is_staying);
        let is_enough = waited >= OTHERS && !left.ports.iter().any(|held| held.is_own);
        Ok((is_done || is_enough).then_some(()))
    })?;
    Ok(left)
}
