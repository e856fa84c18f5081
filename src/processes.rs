//! The processes of this machine: which came from a session's windows, which listen on a port, and ending one.

use crate::ports::Port;
use anyhow::{Context, Result};
pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};
use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::sync::OnceLock;
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

/// A process, as a person would name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// The process that started it, if that is still there.
    pub parent: Option<u32>,
    /// Whether a tmux server started it: it is what runs in a pane.
    pub is_pane: bool,
    /// Its command line.
    pub command: String,
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} ({})", self.pid, self.command)
    }
}

/// All processes at one moment.
pub struct Table {
    system: System,
    /// See [`listening`]; found out when it is asked for.
    listening: OnceLock<Vec<(u16, u32)>>,
}

impl Table {
    /// Looks at the processes that run now.
    ///
    /// # Errors
    /// If the system does not tell.
    pub fn now() -> Result<Self> {
        let mut system = System::new().context("cannot list the processes")?;
        let wanted = ProcessRefreshKind::nothing()
            .with_environ(UpdateKind::Always)
            .with_cmd(UpdateKind::Always)
            .without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, wanted);
        Ok(Self {
            system,
            listening: OnceLock::new(),
        })
    }

    /// Those that have this variable in their environment, but for this process and the ones that started it.
    pub fn with_variable(&self, name: &str, value: &Path) -> Vec<Process> {
        let mut wanted = OsString::from(name);
        wanted.push("=");
        wanted.push(value);
        let mut ourselves = HashSet::new();
        let mut next = Some(sysinfo::Pid::from_u32(std::process::id()));
        while let Some(pid) = next.filter(|&pid| ourselves.insert(pid)) {
            next = self.system.process(pid).and_then(sysinfo::Process::parent);
        }
        self.system
            .processes()
            .values()
            .filter(|process| {
                !ourselves.contains(&process.pid()) && process.environ().contains(&wanted)
            })
            .map(|process| self.describe(process))
            .collect()
    }

    /// Those that listen on a port, as far as the user may see them.
    ///
    /// # Errors
    /// If the system does not tell.
    pub fn listening(&self, port: Port) -> Result<Vec<Process>> {
        if self.listening.get().is_none() {
            let found = listening()
                .with_context(|| format!("cannot find out who listens on port {port}"))?;
            let _ = self.listening.set(found);
        }
        let listening = self.listening.get();
        let pids: HashSet<u32> = listening
            .into_iter()
            .flatten()
            .filter(|(number, _)| *number == port.number())
            .map(|&(_, pid)| pid)
            .collect();
        Ok(pids
            .into_iter()
            .filter_map(|pid| self.system.process(sysinfo::Pid::from_u32(pid)))
            // One that is ending has lost its command line and its environment, and keeps its sockets for a moment more.
            .filter(|process| !process.cmd().is_empty())
            .map(|process| self.describe(process))
            .collect())
    }

    fn describe(&self, process: &sysinfo::Process) -> Process {
        let words: Vec<_> = process
            .cmd()
            .iter()
            .map(|word| word.to_string_lossy())
            .collect();
        let name = || process.name().to_string_lossy().into_owned();
        let is_tmux =
            |parent: &sysinfo::Process| parent.name().as_encoded_bytes().starts_with(b"tmux");
        Process {
            pid: process.pid().as_u32(),
            parent: process.parent().map(sysinfo::Pid::as_u32),
            is_pane: process
                .parent()
                .and_then(|parent| self.system.process(parent))
                .is_some_and(is_tmux),
            command: if words.is_empty() {
                name()
            } else {
                words.join(" ")
            },
        }
    }
}

/// Every port that is listened on, with the process that does.
fn listening() -> Result<Vec<(u16, u32)>> {
    let all = listeners::get_all().map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(all
        .iter()
        .filter(|listener| listener.state == listeners::SocketState::Listen)
        .map(|listener| (listener.socket.port(), listener.process.pid))
        .collect())
}

/// Whether a process lives.
pub fn lives(pid: u32) -> bool {
    pid_of(pid).is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}

/// Whether a process lives and works in this folder, and is no younger than it is said to be: the numbers of processes are
/// used again. `began` is in milliseconds since 1970.
pub fn works_in(pid: u32, folder: &Path, began: Option<u64>) -> bool {
    let pid = sysinfo::Pid::from_u32(pid);
    let Ok(mut system) = System::new() else {
        return false;
    };
    let wanted = ProcessRefreshKind::nothing()
        .with_cwd(UpdateKind::Always)
        .without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, wanted);
    // The system counts in seconds.
    let is_old_enough = |process: &sysinfo::Process| {
        began.is_none_or(|began| process.start_time() <= began / 1000 + 1)
    };
    system
        .process(pid)
        .is_some_and(|process| process.cwd() == Some(folder) && is_old_enough(process))
}

/// Sends a signal to a process. One that has ended already is no error.
pub fn signal(process: &Process, signal: Signal) {
    if let Some(pid) = pid_of(process.pid) {
        // What matters is whether it is still there afterwards.
        let _ = kill_process(pid, signal);
    }
}

fn pid_of(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}
