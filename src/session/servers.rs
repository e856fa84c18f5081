//! Ending what came from a session's windows.

use super::Session;
use crate::listeners;
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

/// When the session's processes are gone for good.
const LIMIT: Duration = Duration::from_secs(8);

/// What is left after the session's own processes were ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// The session's ports that somebody still listens on; who it is, if the user may see it.
    pub ports: Vec<(Port, Option<Process>)>,
    /// Processes of its windows that hold no port.
    pub others: Vec<Process>,
}

/// What [`end`] waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// The session's own servers have given back its ports.
    PortsFree,
    /// Its other processes have ended too, its Claude among them.
    AllEnded,
}

/// Waits until the processes that came from the session's windows have ended, after these were closed. Those that hold
/// one of its ports are asked to, and then made to. Nobody else is touched.
///
/// A process came from its windows if its environment says so: that also holds for one that left its terminal.
///
/// # Errors
/// If the system does not tell which processes there are.
pub fn end(session: &Session<'_>, until: Until) -> Result<Left> {
    let start = Instant::now();
    let mut asked = HashSet::new();
    let mut left = Left::default();
    let what = format!("for the servers of {} to end", session.name);
    wait::until(LIMIT, &what, || {
        let table = Table::now()?;
        let ours = table.with_variable("TALLY_WORKTREE", session.record.worktree());
        left = Left::default();
        let mut holding = Vec::new();
        for port in busy_ports(session) {
            let (mine, strangers): (Vec<_>, Vec<_>) = table
                .listening(port)?
                .into_iter()
                .partition(|holder| ours.contains(holder));
            left.ports
                .push((port, mine.iter().chain(&strangers).next().cloned()));
            holding.extend(mine);
        }
        let waited = start.elapsed();
        let mut tell = |process: &Process, word: Signal| {
            if asked.insert((process.pid, word.as_raw())) {
                processes::signal(process, word);
            }
        };
        for process in with_ancestors(&holding, &ours) {
            if waited >= TERMINATE {
                tell(process, Signal::KILL);
            } else if waited >= HANG_UP {
                tell(process, Signal::TERM);
            }
        }
        // What was only just being started when its terminal went away has not heard of it.
        ours.iter()
            .filter(|process| process.is_hung_up)
            .for_each(|process| tell(process, Signal::HUP));
        left.others = ours;
        // A port without a holder that we may see may be one that is just being given back.
        let all_named = left.ports.iter().all(|(_, holder)| holder.is_some());
        let settled = all_named && (until == Until::PortsFree || left.others.is_empty());
        Ok((holding.is_empty() && (settled || waited >= OTHERS)).then_some(()))
    })?;
    Ok(left)
}

/// These processes and those of the session's that started them, which might start them again: the first ones first.
fn with_ancestors<'a>(holding: &'a [Process], ours: &'a [Process]) -> Vec<&'a Process> {
    let mut line: Vec<&Process> = holding.iter().collect();
    let mut at = 0;
    while let Some(process) = line.get(at) {
        let parent = ours.iter().find(|other| Some(other.pid) == process.parent);
        line.extend(parent.filter(|parent| !holding.contains(parent)));
        at += 1;
    }
    line.reverse();
    line
}

/// The session's ports that somebody listens on.
pub fn busy_ports(session: &Session<'_>) -> Vec<Port> {
    session
        .ports()
        .map(|(_, port)| port)
        .filter(|&port| !listeners::is_free(port))
        .collect()
}
