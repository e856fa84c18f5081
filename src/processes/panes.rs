//! What runs in the panes of tmux that processes came from, and who stays when they are closed.

use super::{Process, look, look_at, look_at_all};
use anyhow::Result;
use std::collections::HashSet;
use std::sync::OnceLock;
use sysinfo::{Pid, ProcessRefreshKind, ProcessStatus};

/// What runs in the panes that these processes came from: who of them and of their ancestors was started by a tmux that is none of
/// them, as one is that somebody has started in a pane. The environment of Apple's own shells can't be read, so that those are known
/// only by what they have started.
pub fn of(processes: &[Process]) -> Result<Vec<Process>> {
    let mut line = processes.to_vec();
    let mut seen = 0;
    while seen < line.len() {
        let parents = line[seen..].iter().filter_map(|process| process.parent);
        let is_new = |parent: &u32| line.iter().all(|process| process.pid != *parent);
        let above = look_at(parents.filter(is_new).map(Pid::from_u32))?;
        seen = line.len();
        line.extend(above.processes().values().map(Process::new));
    }
    let tmux = line.iter().filter(|process| process.is_tmux);
    let tmux: HashSet<_> = tmux.map(|process| process.pid).collect();
    let is_one_of_them = |pid| processes.iter().any(|process| process.pid == pid);
    let is_above = |parent| tmux.contains(&parent) && !is_one_of_them(parent);
    line.retain(|process| process.parent.is_some_and(is_above));
    Ok(line)
}

/// Who of these does not end when the panes are closed that they came from: who has left the pane's terminal, or ignores the
/// hang-up.
pub fn outliving(processes: &[Process], panes: &[Process]) -> Vec<Process> {
    let leaders: HashSet<_> = panes.iter().filter_map(|pane| leader(pane.pid)).collect();
    let stays =
        |process: &&Process| ignores_hang_up(process.pid) || !is_tied(Some(process.pid), &leaders);
    processes.iter().filter(stays).cloned().collect()
}

/// Whether a process ends with one of the panes' terminals, whose sessions have these leaders. A terminal of its own, as a shell
/// gives to what works for its prompt, ends with the one who made it.
fn is_tied(process: Option<u32>, panes: &HashSet<u32>) -> bool {
    process.is_some_and(|pid| match leader(pid) {
        Some(leader) if panes.contains(&leader) => true,
        Some(leader) => has_terminal(leader) && is_tied(parent(leader), panes),
        // It has ended.
        None => true,
    })
}

/// The process that started one.
pub fn parent(pid: u32) -> Option<u32> {
    number(pid, PARENT, sysinfo::Process::parent)
}

/// The first process of the session, in the system's meaning, that a process is in: all of one terminal. It is 0 where a
/// container has been entered from outside.
fn leader(pid: u32) -> Option<u32> {
    number(pid, SESSION, sysinfo::Process::session_id)
}

/// The number of another process that is in this place of [`stat`], or that `sysinfo` tells, which takes twenty times as long.
fn number(pid: u32, place: usize, told: impl Fn(&sysinfo::Process) -> Option<Pid>) -> Option<u32> {
    if HAS_FILES {
        return stat(pid).get(place)?.parse().ok();
    }
    let pid = Pid::from_u32(pid);
    let system = look([pid], ProcessRefreshKind::nothing()).ok()?;
    told(system.process(pid)?).map(Pid::as_u32)
}

/// Whether the system tells more of a process in files: see proc(5). Elsewhere only the common case is known.
const HAS_FILES: bool = cfg!(target_os = "linux");

/// Whether a process has a terminal.
fn has_terminal(pid: u32) -> bool {
    let has_one = |terminal: &String| terminal != "0";
    !HAS_FILES || stat(pid).get(TERMINAL).is_some_and(has_one)
}

/// Whether the terminal's input goes to a process and those of its group, and not to what it has started. Where the system does
/// not say it counts as so: its line editor reads from the terminal.
pub fn is_in_front(pid: u32) -> bool {
    let stat = stat(pid);
    !HAS_FILES || stat.get(GROUP).is_some() && stat.get(GROUP) == stat.get(FOREGROUND)
}

/// Places in [`stat`].
const PARENT: usize = 1;
const GROUP: usize = 2;
const SESSION: usize = 3;
const TERMINAL: usize = 4;
const FOREGROUND: usize = 5;

/// What the system tells of a process behind its name, which may hold anything.
fn stat(pid: u32) -> Vec<String> {
    let stat = proc_file(pid, "stat").unwrap_or_default();
    let stat = String::from_utf8_lossy(&stat);
    let words = stat.rsplit(')').next().unwrap_or_default();
    words.split_whitespace().map(ToOwned::to_owned).collect()
}

/// Who has put something to sleep that it could go on with. All processes are looked at once, and only if somebody asks.
#[derive(Default)]
pub struct Stopped(OnceLock<HashSet<Pid>>);

impl Stopped {
    /// Whether a shell has.
    pub fn has(&self, shell: u32) -> bool {
        let shells = self.0.get_or_init(|| {
            let system = look_at_all(ProcessRefreshKind::nothing());
            let all = system.iter().flat_map(|system| system.processes().values());
            all.filter(|process| process.status() == ProcessStatus::Stop)
                .filter_map(sysinfo::Process::session_id)
                .collect()
        });
        shells.contains(&Pid::from_u32(shell))
    }
}

/// Whether a process ignores the hang-up.
fn ignores_hang_up(pid: u32) -> bool {
    let status = proc_file(pid, "status").unwrap_or_default();
    let mut lines = status.split(|&byte| byte == b'\n');
    let ignored = lines.find_map(|line| line.strip_prefix(b"SigIgn:")?.last());
    // The lowest bit of a hexadecimal number is that of the hang-up.
    ignored.is_some_and(|digit| b"13579bdf".contains(digit))
}

/// What the system tells of a process in one of its files; none of one that has ended, or that is another user's.
pub fn proc_file(pid: u32, name: &str) -> Option<Vec<u8>> {
    use std::io::Read;
    // With room for most of them the system is asked once, not again and again for a little more.
    let mut text = Vec::with_capacity(1 << 14);
    let file = std::fs::File::open(format!("/proc/{pid}/{name}")).ok()?;
    // Nor is it asked for a length, which these files have none of.
    file.take(u64::MAX).read_to_end(&mut text).ok()?;
    Some(text)
}
