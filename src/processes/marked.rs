//! Which processes came from sessions' windows, as their environments tell.

use super::WORKTREE;
#[cfg(target_os = "linux")]
use super::panes;
#[cfg(target_os = "linux")]
use crate::parallel;
use anyhow::Result;
use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
#[cfg(target_os = "linux")]
use std::fs;
use std::os::unix::ffi::OsStrExt;
use sysinfo::Pid;
#[cfg(not(target_os = "linux"))]
use {
    super::look_at_all,
    sysinfo::{ProcessRefreshKind, UpdateKind},
};

/// The processes that came from sessions' windows, with their worktrees, as their environments say. Others' environments
/// can't be read, and need not be. This is a third of the work that `sysinfo` would do, and most of that of a removal.
#[cfg(target_os = "linux")]
pub fn now() -> Result<Vec<(Pid, OsString)>> {
    const MANY: usize = 300;
    let entries = fs::read_dir("/proc")?.collect::<std::io::Result<Vec<_>>>()?;
    let pids = entries.iter().map(fs::DirEntry::file_name);
    let pids: Vec<u32> = pids
        .filter_map(|name| name.to_str()?.parse().ok())
        .collect();
    let seen = parallel::map_many(MANY, &pids, |&pid| {
        let variables = panes::proc_file(pid, "environ")?;
        let mark = variables.split(|&byte| byte == 0).find_map(worktree);
        let is_hidden = variables.is_empty();
        (is_hidden || mark.is_some()).then_some((Pid::from_u32(pid), mark))
    });
    Ok(with_hidden(seen.into_iter().flatten(), |pid| {
        panes::parent(pid.as_u32()).map(Pid::from_u32)
    }))
}

/// The processes that came from sessions' windows, with their worktrees, as their environments say: also where some of a
/// process's variables pass for its arguments.
#[cfg(not(target_os = "linux"))]
pub fn now() -> Result<Vec<(Pid, OsString)>> {
    let wanted = ProcessRefreshKind::nothing().with_environ(UpdateKind::Always);
    let system = look_at_all(wanted.with_cmd(UpdateKind::Always))?;
    let seen = system.processes().values().filter_map(|process| {
        let mut words = process.environ().iter().chain(process.cmd());
        let mark = words.find_map(|word| worktree(word.as_encoded_bytes()));
        let is_hidden = process.environ().is_empty();
        (is_hidden || mark.is_some()).then_some((process.pid(), mark))
    });
    Ok(with_hidden(seen, |pid| system.process(pid)?.parent()))
}

/// Those that have a mark; and those without one, whose environments can't be read or are empty: they came from where the first
/// one above them did whose environment tells.
fn with_hidden(
    seen: impl Iterator<Item = (Pid, Option<OsString>)>,
    parent: impl Fn(Pid) -> Option<Pid>,
) -> Vec<(Pid, OsString)> {
    let (mut marked, mut hidden) = (Vec::new(), HashSet::new());
    for (pid, mark) in seen {
        match mark {
            Some(mark) => marked.push((pid, mark)),
            None => drop(hidden.insert(pid)),
        }
    }
    let marks: HashMap<_, _> = marked.iter().cloned().collect();
    let above = |pid: &Pid| hidden.contains(pid).then(|| parent(*pid)).flatten();
    marked.extend(hidden.iter().filter_map(|&pid| {
        let line = std::iter::successors(Some(pid), above).take(hidden.len() + 1);
        Some((pid, marks.get(&line.last()?)?.clone()))
    }));
    marked
}

/// The value of the variable, if it is this one.
fn worktree(variable: &[u8]) -> Option<OsString> {
    let value = variable
        .strip_prefix(WORKTREE.as_bytes())?
        .strip_prefix(b"=")?;
    Some(OsStr::from_bytes(value).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_came_from_where_the_one_above_did_whose_environment_tells() {
        // A tmux that tells nothing of a session, and a circle, as of numbers that are used again.
        let above = [(2, 1), (3, 2), (4, 3), (5, 1), (6, 7), (7, 6)];
        let above: HashMap<_, _> = above
            .map(|(pid, above)| (Pid::from(pid), Pid::from(above)))
            .into();
        let seen = [2, 3, 4, 5, 6, 7].map(|pid| {
            let mark = (pid == 2).then(|| OsString::from("/work"));
            (Pid::from(pid), mark)
        });
        let marked = with_hidden(seen.into_iter(), |pid| above.get(&pid).copied());
        let mut pids: Vec<_> = marked.iter().map(|(pid, _)| pid.as_u32()).collect();
        pids.sort_unstable();
        assert_eq!(pids, [2, 3, 4]);
        assert!(marked.iter().all(|(_, mark)| mark == "/work"));
    }
}
