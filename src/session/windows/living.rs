//! What lives in a session's windows, which are known by their marks, wherever they are now and whatever they are called.

use crate::layout::Window;
use crate::listeners;
use crate::processes::Table;
use crate::processes::panes::{self, Stopped};
use crate::session::Session;
use crate::session::windows::content;
use crate::session::windows::servers::{Held, Left};
use crate::session::windows::shells::Terminal;
use crate::tmux::{Pane, TmuxSession};
use crate::wait;
use serde::Serialize;

/// So long a command may take to begin when it was typed, in milliseconds.
const BEGINNING: u64 = 500;

/// So long a server may take to listen when its command was typed, in milliseconds.
const STARTING: u64 = 20_000;

/// What has become of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Life {
    /// It has what belongs there, or what the user does there.
    Runs,
    /// Its command has ended, and its shell waits.
    Ended,
    /// It is not there, or its shell has ended.
    Closed,
}

/// A window of the layout.
#[derive(Debug)]
pub struct Living<'a> {
    pub window: &'a Window,
    /// What has become of it.
    pub life: Life,
    /// Where it is.
    pub pane: Option<Pane>,
    /// Whether something else belongs there by now.
    pub is_outdated: bool,
    /// Who listens on the port that it served, if its command has ended and that is not the session's.
    pub taken_by: Option<String>,
}

impl Living<'_> {
    /// Whether its command was typed only a moment ago.
    pub fn is_starting(&self) -> bool {
        let was_typed = |pane: &Pane| was_typed_within(STARTING, pane);
        self.life == Life::Runs && self.pane.as_ref().is_some_and(was_typed)
    }
}

/// Whether what belongs into a pane was typed so many milliseconds ago, or later.
fn was_typed_within(milliseconds: u64, pane: &Pane) -> bool {
    let typed = pane.typed.as_ref();
    typed.is_some_and(|typed| wait::now().saturating_sub(typed.at) < milliseconds)
}

/// The panes that were made for a session, wherever they are now.
pub fn panes<'a>(session: &Session<'_>, tmux: &'a [TmuxSession]) -> Vec<&'a Pane> {
    let mut found: Vec<&Pane> = Vec::new();
    let panes = tmux.iter().flat_map(|tmux| &tmux.panes);
    for pane in panes.filter(|pane| session.has_made(pane)) {
        // Windows that several sessions share are there several times.
        if found.iter().all(|known| known.id != pane.id) {
            found.push(pane);
        }
    }
    found
}

/// The tmux session that a session is shown in: its own, or else the one that has most of its windows by now.
pub fn shown_in<'a>(session: &Session<'_>, tmux: &'a [TmuxSession]) -> Option<&'a TmuxSession> {
    let count = |tmux: &TmuxSession| {
        let panes = tmux.panes.iter();
        panes.filter(|pane| session.has_made(pane)).count()
    };
    let own = tmux.iter().find(|tmux| session.owns(tmux));
    own.or_else(|| {
        let most = tmux.iter().max_by_key(|tmux| count(tmux));
        most.filter(|tmux| count(tmux) > 0)
    })
}

/// Whether a tmux session has windows of this session alone, as one that was grouped with its own.
pub fn has_no_others(session: &Session<'_>, tmux: &TmuxSession) -> bool {
    tmux.panes.iter().all(|pane| session.has_made(pane))
}

/// What has become of each window of the layout; nothing where none is open, or an older version made them without marks.
pub fn look<'a>(
    session: &'a Session<'_>,
    tmux: &[TmuxSession],
    stopped: &Stopped,
) -> Vec<Living<'a>> {
    let panes = panes(session, tmux);
    if panes.is_empty() {
        return Vec::new();
    }
    let windows = session.layout.windows.iter();
    let living = windows.map(|window| {
        let is_its = |pane: &&Pane| pane.mark.as_ref().is_some_and(|it| it.key == window.key);
        let pane = panes.iter().copied().find(is_its);
        let typed = pane.and_then(|pane| pane.typed.as_ref());
        let is_other = |line: &str| content(session, window).is_ok_and(|content| content != line);
        let (life, taken_by) = life(session, window, pane, stopped);
        Living {
            window,
            life,
            pane: pane.cloned(),
            is_outdated: typed.is_some_and(|typed| is_other(&typed.line)),
            taken_by,
        }
    });
    living.collect()
}

/// What has become of a window with this pane, and who has its port if it has ended.
fn life(
    session: &Session<'_>,
    window: &Window,
    pane: Option<&Pane>,
    stopped: &Stopped,
) -> (Life, Option<String>) {
    let Some(pane) = pane.filter(|pane| !pane.is_dead) else {
        return (Life::Closed, None);
    };
    if window.run.is_none() || !waits(pane, stopped) || was_typed_within(BEGINNING, pane) {
        return (Life::Runs, None);
    }
    match held(session, window) {
        // It may go on in the background of its shell.
        Some(held) if held.is_own => (Life::Runs, None),
        held => (Life::Ended, held.map(|held| held.who())),
    }
}

/// The port that a window's command serves, if somebody listens there.
fn held(session: &Session<'_>, window: &Window) -> Option<Held> {
    let mut ports = session.ports();
    let served = ports.find(|(service, _)| window.serves(service));
    // Mostly nobody does, and the processes need no look.
    let (_, port) = served.filter(|(_, port)| !listeners::is_free(*port))?;
    let table = Table::now([port])
        .ok()
        .filter(|table| table.is_busy(port))?;
    let held = Left::of(session, &table, &[]).ok()?.ports;
    held.into_iter().find(|held| held.port == port)
}

/// Whether a pane's shell waits for a command, with nothing that it could go on with.
fn waits(pane: &Pane, stopped: &Stopped) -> bool {
    let reads = Terminal::open(&pane.tty).is_some_and(|terminal| terminal.is_read());
    reads && panes::is_in_front(pane.pid) && !stopped.has(pane.pid)
}
