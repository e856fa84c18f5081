//! The Claudes that work in sessions.

use super::Session;
use crate::claude::{Claude, Running};
use crate::processes::Folders;
use std::collections::HashSet;
use std::path::Path;

/// What a Claude does, as far as it matters to who closes its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It waits for its user, or does nothing.
    Nothing,
    /// It works.
    Busy,
    /// It goes on when the windows are closed.
    Background,
}

/// Those of a session.
pub fn of(claude: &Claude, session: &Session<'_>) -> Vec<Running> {
    living(claude, &HashSet::from([session.record.worktree()]))
}

/// Those that work in one of these folders. A file may tell of one that has died: its process has to work there.
pub fn living(claude: &Claude, folders: &HashSet<&Path>) -> Vec<Running> {
    let mut claudes = claude.running();
    claudes.retain(|running| folders.contains(running.cwd.as_path()));
    if claudes.is_empty() {
        return claudes;
    }
    let processes = Folders::of(claudes.iter().map(|running| running.pid));
    claudes.retain(|running| {
        processes.as_ref().is_ok_and(|processes| {
            processes.works_in(running.pid, &running.cwd, running.started_at)
        })
    });
    claudes
}

/// What one does.
pub fn doing(claude: &Running) -> Doing {
    match (claude.kind.as_deref(), claude.status.as_deref()) {
        (Some("bg"), _) => Doing::Background,
        (_, Some("busy")) => Doing::Busy,
        _ => Doing::Nothing,
    }
}

/// That one is a reason to leave its session as it is, and how to look at it.
pub fn told(claude: &Running, session: &Session<'_>) -> (String, String) {
    match doing(claude) {
        Doing::Background => {
            let id = claude.job();
            (
                "has a Claude that works in the background".to_owned(),
                format!("look at it: claude attach {id}, or end it: claude stop {id}"),
            )
        }
        Doing::Busy | Doing::Nothing => (
            "has a Claude that is busy".to_owned(),
            format!("look at it: tally-session attach {}", session.name),
        ),
    }
}
