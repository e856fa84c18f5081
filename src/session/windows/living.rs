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
    /// The window.
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
        self.life == Life::Runs && self.was_typed_within(STARTING)
    }

    fn was_typed_within(&self, milliseconds: u64) -> bool {
        let typed = self.pane.as_ref().and_then(|pane| pane.typed.as_ref());
        typed.is_some_and(|typed| wait::now().saturating_sub(typed.at) < milliseconds)
    }
}

/// The panes that were made for a session, wherever they are now.
pub fn panes<'a>(session: &Session<'_>, tmux: &'a [TmuxSession]) -> Vec<&'a Pane> {
    let mut found: Vec<&Pane> = Vec::new();
    for pane in tmux.iter().flat_map(|tmux| &tmux.panes) {
        let is_its = session.has_made(pane);
        // Windows that several sessions share are there several times.
        if is_its && found.iter().all(|known| known.id != pane.id) {
            found.push(pane);
        }
    }
    found
}

/// The tmux session that a session is shown in: its own, or else the one that has most of its windows by now.
pub fn shown_in<'a>(session: &Session<'_>, tmux: &'a [TmuxSession]) -> Option<&'a TmuxSession> {
    let count = |tmux: &TmuxSession| {
        tmux.panes
            .iter()
            .filter(|pane| session.has_made(pane))
            .count()
    };
    let own = tmux.iter().find(|tmux| session.owns(tmux));
    own.or_else(|| {
        tmux.iter()
            .filter(|tmux| count(tmux) > 0)
            .max_by_key(|tmux| count(tmux))
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
        let is_its = |pane: &&&Pane| {
            pane.mark
                .as_ref()
                .is_some_and(|mark| mark.key == window.key)
        };
        let pane = panes.iter().find(is_its).copied();
        let mut living = Living {
            window,
            life: match pane {
                None => Life::Closed,
                Some(pane) if pane.is_dead => Life::Closed,
                Some(pane) if window.run.is_some() && waits(pane, stopped) => Life::Ended,
                Some(_) => Life::Runs,
            },
            pane: pane.cloned(),
            is_outdated: false,
            taken_by: None,
        };
        if living.life == Life::Ended && living.was_typed_within(BEGINNING) {
            living.life = Life::Runs;
        }
        if living.life == Life::Ended
            && let Some(held) = held(session, window)
        {
            // It may go on in the background of its shell.
            if held.is_own {
                living.life = Life::Runs;
            } else {
                living.taken_by = Some(held.who());
            }
        }
        let typed = pane.and_then(|pane| pane.typed.as_ref());
        living.is_outdated = typed.is_some_and(|typed| {
            content(session, window).is_ok_and(|content| content != typed.line)
        });
        living
    });
    living.collect()
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
