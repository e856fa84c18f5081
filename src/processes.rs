//! The processes of this machine: which are a session's own, which listen on a port, and ending one. What panes have to do with
//! them is in [`panes`]. What gives a [`Result`] fails if the system does not tell.

mod marked;
pub mod panes;

use crate::ports::Port;
use crate::process::Short;
use anyhow::{Context, Result};
pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};
use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use sysinfo::{ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System, UpdateKind};

/// The variable that tells which session's windows a process came from: it holds the worktree.
pub const WORKTREE: &str = "TALLY_WORKTREE";

/// A process, as a person would name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// The process that started it, if that is still there.
    pub parent: Option<u32>,
    /// Its command line.
    pub command: String,
    /// Whether it is a tmux.
    is_tmux: bool,
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} ({})", self.pid, Short(&self.command))
    }
}

/// Whether a word of a command line may be a variable of the environment, which is not for others to read: macOS takes some
/// for arguments when a process has given itself a title.
fn is_variable(word: &str) -> bool {
    word.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && word
            .split_once('=')
            .is_some_and(|(name, _)| !name.contains(char::is_whitespace))
}

impl Process {
    fn new(process: &sysinfo::Process) -> Self {
        let words = process.cmd().iter().map(|word| word.to_string_lossy());
        let words: Vec<_> = words.filter(|word| !is_variable(word)).collect();
        Self {
            pid: process.pid().as_u32(),
            parent: process.parent().map(sysinfo::Pid::as_u32),
            // A script in it has lines of its own, and a hostile one more than that.
            command: if words.is_empty() {
                process.name().to_string_lossy().into_owned()
            } else {
                words.join(" ").replace(char::is_control, " ")
            },
            is_tmux: process.name().as_bytes().starts_with(b"tmux"),
        }
    }
}

/// The processes that came from sessions' windows, and ports that are not free, at one moment.
pub struct Table {
    /// The ports.
    busy: Vec<Port>,
    /// See [`listening`].
    listening: Vec<(u16, u32)>,
    /// The processes, with their worktrees.
    marked: Vec<(sysinfo::Pid, OsString)>,
}

impl Table {
    /// Looks at the processes that run now, and which of these ports are not free. Who came from a window is looked at last, so
    /// that none who only just begins to listen passes for a stranger.
    pub fn now(ports: impl IntoIterator<Item = Port>) -> Result<Self> {
        let ports = ports.into_iter();
        let busy: Vec<_> = ports
            .filter(|&port| !crate::listeners::is_free(port))
            .collect();
        let listening = if busy.is_empty() {
            Vec::new()
        } else {
            listening().context("cannot find out who listens on which port")?
        };
        Ok(Self {
            busy,
            listening,
            marked: marked::now().context("cannot list the processes")?,
        })
    }

    /// Whether a port is one of those that are not free.
    pub fn is_busy(&self, port: Port) -> bool {
        self.busy.contains(&port)
    }

    /// Those that came from the windows of the session with this worktree and work there, but for this process, the ones that
    /// started it, and the ones that it has started: before one of them executes its program it is as this one. A daemon or an
    /// editor carries the mark of the window that happened to start it, and works elsewhere. Those that were such `before` still
    /// are, also when what told of it has ended.
    pub fn of_session(&self, worktree: &Path, before: &[Process]) -> Result<Vec<Process>> {
        // One that was moved with its project has processes that name where it was.
        let is_its = |mark: &Path| {
            mark == worktree || mark.file_name() == worktree.file_name() && !mark.exists()
        };
        let of_it = self.marked.iter();
        let of_it = of_it.filter(|(_, value)| is_its(Path::new(value)));
        let before = before
            .iter()
            .map(|process| sysinfo::Pid::from_u32(process.pid));
        let mut pids: HashSet<_> = of_it.map(|&(pid, _)| pid).chain(before).collect();
        if pids.is_empty() {
            return Ok(Vec::new());
        }
        let this = std::process::id();
        for own in line(this) {
            pids.remove(&sysinfo::Pid::from_u32(own));
        }
        let system = look(pids, with_cmd().with_cwd(UpdateKind::Always))?;
        let folder = fs::canonicalize(worktree).unwrap_or_else(|_| worktree.to_owned());
        let own = system.processes().values();
        let is_this_one_s =
            |process: &sysinfo::Process| process.parent() == Some(sysinfo::Pid::from_u32(this));
        let own = own.filter(|process| works_in_or_below(process, &folder));
        let own = own.filter(|process| !is_this_one_s(process));
        let mut own: Vec<_> = own.map(Process::new).collect();
        own.sort_by_key(|process| process.pid);
        Ok(own)
    }

    /// Those that listen on a port, as far as the user may see them.
    pub fn listening(&self, port: Port) -> Result<Vec<Process>> {
        let its = self.listening.iter();
        let its = its.filter(|(number, _)| *number == port.number());
        let system = look_at(its.map(|&(_, pid)| sysinfo::Pid::from_u32(pid)))?;
        let all = system.processes().values();
        // One that is ending has lost its command line and its environment, and keeps its sockets for a moment more.
        let living = all.filter(|process| !process.cmd().is_empty());
        Ok(living.map(Process::new).collect())
    }
}

/// Whether any of these processes works in a folder or below it.
pub fn any_works_in(pids: impl Iterator<Item = u32>, folder: &Path) -> bool {
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    Folders::of(pids).is_ok_and(|folders| {
        let mut all = folders.0.processes().values();
        all.any(|process| works_in_or_below(process, &folder))
    })
}

/// Whether a process works in a folder or below it. Behind a folder that is gone Linux puts a word.
fn works_in_or_below(process: &sysinfo::Process, folder: &Path) -> bool {
    let mut gone = folder.as_os_str().to_owned();
    gone.push(" (deleted)");
    let is_there = |cwd: &Path| cwd.starts_with(folder) || cwd.as_os_str() == gone;
    process.cwd().is_some_and(is_there)
}

/// These processes, with their command lines.
fn look_at(pids: impl IntoIterator<Item = sysinfo::Pid>) -> Result<System> {
    look(pids, with_cmd())
}

fn with_cmd() -> ProcessRefreshKind {
    ProcessRefreshKind::nothing().with_cmd(UpdateKind::Always)
}

/// These processes. One that is asked for twice, `sysinfo` does not find.
fn look(
    pids: impl IntoIterator<Item = sysinfo::Pid>,
    wanted: ProcessRefreshKind,
) -> Result<System> {
    let pids: HashSet<_> = pids.into_iter().collect();
    look_in(ProcessesToUpdate::Some(&Vec::from_iter(pids)), wanted)
}

/// All processes.
fn look_at_all(wanted: ProcessRefreshKind) -> Result<System> {
    look_in(ProcessesToUpdate::All, wanted)
}

fn look_in(which: ProcessesToUpdate<'_>, wanted: ProcessRefreshKind) -> Result<System> {
    let mut system = System::new().context("cannot list the processes")?;
    system.refresh_processes_specifics(which, true, wanted.without_tasks());
    Ok(system)
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

/// Whether any of these processes runs. One that has ended and that its parent has not asked about does not.
pub fn any_runs(processes: &[Process]) -> bool {
    let pids = processes.iter().map(|process| process.pid);
    let living = pids.filter(|&pid| lives(pid)).map(sysinfo::Pid::from_u32);
    let living: Vec<_> = living.collect();
    !living.is_empty()
        && look(living, ProcessRefreshKind::nothing())
            .map_or(true, |system| !system.processes().values().all(has_ended))
}

/// Whether a process has only not been asked about by its parent.
fn has_ended(process: &sysinfo::Process) -> bool {
    let ends = [ProcessStatus::Zombie, ProcessStatus::Dead];
    ends.contains(&process.status())
}

/// The folders that some processes work in.
pub struct Folders(System);

impl Folders {
    /// Looks at these processes, as far as they live.
    pub fn of(pids: impl IntoIterator<Item = u32>) -> Result<Self> {
        let wanted = ProcessRefreshKind::nothing().with_cwd(UpdateKind::Always);
        look(pids.into_iter().map(sysinfo::Pid::from_u32), wanted).map(Self)
    }

    /// Whether a process is there, and no younger than it is said to be: the numbers of processes are used again. `began` is in
    /// milliseconds since 1970.
    pub fn is_there(&self, pid: u32, began: Option<u64>) -> bool {
        self.find(pid, began).is_some()
    }

    /// Whether it also works in this folder.
    pub fn works_in(&self, pid: u32, folder: &Path, began: Option<u64>) -> bool {
        let process = self.find(pid, began);
        process.is_some_and(|process| process.cwd() == Some(folder))
    }

    fn find(&self, pid: u32, began: Option<u64>) -> Option<&sysinfo::Process> {
        let process = self.0.process(sysinfo::Pid::from_u32(pid));
        // The system counts in seconds.
        let is_it = |process: &&sysinfo::Process| {
            began.is_none_or(|began| process.start_time() <= began / 1000 + 1)
        };
        process.filter(is_it).filter(|process| !has_ended(process))
    }
}

/// Whether a process was started by another one, or by one that was.
pub fn is_below(pid: u32, above: u32) -> bool {
    line(pid).any(|pid| pid == above)
}

/// A process, the one that started it, and so on.
fn line(pid: u32) -> impl Iterator<Item = u32> {
    std::iter::successors(Some(pid), |&pid| panes::parent(pid))
}

/// What the process is called that started this one.
pub fn caller() -> Option<String> {
    let parent = sysinfo::Pid::from_u32(std::os::unix::process::parent_id());
    let system = look([parent], ProcessRefreshKind::nothing()).ok()?;
    let name = system.process(parent)?.name();
    Some(name.to_string_lossy().into_owned())
}

/// Sends a signal to a process. One that has ended already is no error.
pub fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = pid_of(pid) {
        // What matters is whether it is still there afterwards.
        let _ = kill_process(pid, signal);
    }
}

/// Ends a process at once, and after it those that it has started, as far as the system tells which they are.
pub fn end_with_its_own(pid: u32) {
    let system = look_at_all(ProcessRefreshKind::nothing());
    let others = || system.iter().flat_map(|system| system.processes().values());
    let mut ending = vec![sysinfo::Pid::from_u32(pid)];
    while let Some(pid) = ending.pop() {
        let children = others().filter(|process| process.parent() == Some(pid));
        ending.extend(children.map(sysinfo::Process::pid));
        signal(pid.as_u32(), Signal::KILL);
    }
}

/// The name of a user, or the number where there is none.
pub fn user(number: u32) -> String {
    let users = sysinfo::Users::new_with_refreshed_list();
    let named = users.ok().and_then(|users| {
        let user =
            users.get_user_by_id(&sysinfo::Uid::try_from(usize::try_from(number).ok()?).ok()?)?;
        Some(user.name().to_owned())
    });
    named.unwrap_or_else(|| format!("user {number}"))
}

fn pid_of(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_variable_is_not_told_of_a_command_line() {
        let variables = ["TOKEN=a b", "npm_config_//host/:_auth=x", "_=", "é=1"];
        assert!(variables.into_iter().all(is_variable));
        let arguments = ["python", "--port=1", "-c", "echo a=1", "0=1", "=", ""];
        assert!(!arguments.into_iter().any(is_variable));
    }
}
