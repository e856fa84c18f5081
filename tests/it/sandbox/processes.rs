//! The processes that came from a sandbox.

use super::eventually;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::path::Path;
use sysinfo::{ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System, UpdateKind};

/// Has what follows leave its terminal, in the background: `setsid`, which macOS has not.
pub const LEAVING: &str = "python3 -IS -c 'import os, sys; os.fork() and os._exit(0); os.setsid(); os.execvp(sys.argv[1], sys.argv[1:])'";

/// The variable that every process of a sandbox has: its folder.
pub const MARK: &str = "SANDBOX";

/// Those that have the sandbox's mark in their environment.
pub fn of(root: &Path) -> Vec<u32> {
    let mut mark = OsString::from(format!("{MARK}="));
    mark.push(root);
    let mut system = System::new().unwrap();
    let wanted = ProcessRefreshKind::nothing()
        .with_environ(UpdateKind::Always)
        .without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, wanted);
    system
        .processes()
        .values()
        .filter(|process| process.environ().contains(&mark))
        .map(|process| process.pid().as_u32())
        .collect()
}

/// Whether these have ended, with their sockets: those stay for a moment longer than the environment.
pub fn have_ended(pids: &[u32]) -> bool {
    let pids: Vec<_> = pids
        .iter()
        .map(|&pid| sysinfo::Pid::from_u32(pid))
        .collect();
    let mut system = System::new().unwrap();
    let wanted = ProcessRefreshKind::nothing().without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&pids), true, wanted);
    let has_ended = |process: &sysinfo::Process| {
        matches!(
            process.status(),
            ProcessStatus::Zombie | ProcessStatus::Dead
        )
    };
    system.processes().values().all(has_ended)
}

/// Ends all that came from a sandbox, and waits until it is gone.
pub fn end_all(root: &Path) {
    eventually("the sandbox's processes end", || {
        let left = of(root);
        for &pid in &left {
            signal(pid, Signal::KILL);
        }
        left.is_empty().then_some(())
    });
}

/// Sends a signal; a process that has ended already is fine.
pub fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid.cast_signed()) {
        let _ = kill_process(pid, signal);
    }
}
