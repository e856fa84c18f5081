//! The Claudes that work in sessions.

use crate::claude::Running;
use crate::layout::Window;
use crate::processes::Process;
use crate::session::Session;
use crate::tmux::Pane;

/// What a Claude does, the most urgent first.
const DOING: [&str; 4] = ["waiting", "busy", "shell", "idle"];

/// What the Claude of a session does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doing {
    /// In Claude's own word: `waiting`, `busy`, `idle`, or `shell` for one that is idle with a shell in the background.
    pub word: String,
    pub in_background: bool,
}

/// Those of a session: which run in these panes, work in its worktree, or in the background for one of these.
pub fn of<'a>(session: &Session<'_>, all: &'a [Running], panes: &[&Pane]) -> Vec<&'a Running> {
    let worktree = session.record.worktree();
    let all = all.iter().filter(|running| running.counts());
    let is_its = |running: &&Running| {
        running.belongs_to(worktree) || panes.iter().any(|pane| running.runs_in(pane))
    };
    let (mut its, mut others): (Vec<_>, Vec<_>) = all.partition(is_its);
    others.retain(|other| its.iter().any(|its| its.leads_to(other)));
    its.append(&mut others);
    its
}

/// Those of a session's processes that end with Claude's daemon, or when that is told to end them, and not with the windows.
pub fn of_daemon(all: &[Running], processes: &[Process]) -> Vec<Process> {
    let of_daemon = |process: &&Process| {
        let mut all = all.iter().filter(|running| running.is_of_daemon());
        all.any(|running| running.pid == process.pid)
    };
    let its = processes.iter().filter(of_daemon);
    // And what it started them by.
    let pids: Vec<_> = its
        .flat_map(|process| process.parent.into_iter().chain([process.pid]))
        .collect();
    let its = processes.iter();
    its.filter(|process| pids.contains(&process.pid))
        .cloned()
        .collect()
}

/// Whether one is a reason to leave its session as it is: it works, or goes on when the windows are closed.
pub fn is_at_work(claude: &Running) -> bool {
    claude.is_in_background() || claude.status.as_deref() == Some("busy")
}

/// What the Claude in a session's own window does; without one, the most urgent of all of the session's.
pub fn doing(session: &Session<'_>, all: &[Running], panes: &[&Pane]) -> Option<Doing> {
    let mut its = of(session, all, panes);
    let urgency = |running: &&Running| {
        let word = running.doing()?;
        DOING.iter().position(|known| *known == word)
    };
    its.sort_by_key(urgency);
    let able = || its.iter().filter(|running| urgency(running).is_some());
    let own_panes = panes.iter().filter(|pane| is_claudes(session, pane));
    let is_own = |running: &&&Running| own_panes.clone().any(|pane| running.runs_in(pane));
    let of_own = its.iter().find(is_own).and_then(|own| {
        let is_it = |other: &&&Running| other.pid == own.pid || own.leads_to(other);
        able().find(is_it)
    });
    let shown = of_own.or_else(|| able().next())?;
    Some(Doing {
        word: shown.doing()?.to_owned(),
        in_background: shown.is_in_background(),
    })
}

/// Whether a pane was made for a window that runs Claude.
pub fn is_claudes(session: &Session<'_>, pane: &Pane) -> bool {
    session.window_of(pane).is_some_and(Window::runs_claude)
}

/// That one is a reason to leave its session as it is, and how to look at it.
pub fn told(claude: &Running, session: &Session<'_>) -> (String, String) {
    if claude.is_in_background() {
        let id = claude.job();
        return (
            "has a Claude that works in the background".to_owned(),
            format!("look at it: claude attach {id}, or end it: claude stop {id}"),
        );
    }
    (
        "has a Claude that is busy".to_owned(),
        format!("look at it: tally-session attach {}", session.name),
    )
}
