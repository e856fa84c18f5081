//! Closing a session's windows: what goes with them, and what does not.

use crate::claude::{self, Claude, Running};
use crate::hint::with_hint;
use crate::parallel::joined;
use crate::processes::{Process, panes};
use crate::session::Session;
use crate::session::records::hold::Hold;
use crate::session::windows::own;
use crate::session::windows::servers::{self, Left};
use crate::session::windows::{claudes, living};
use crate::tmux::{self, Pane, TmuxSession};
use anyhow::{Result, anyhow};
use std::collections::BTreeSet;
use std::thread;
use std::time::Instant;

/// What there is to close, and what came from it.
#[derive(Default)]
pub struct Closing {
    /// Claudes that are busy, or that stay when the windows are closed.
    claudes: Vec<Running>,
    /// Its tmux sessions: its own, and those that share its windows.
    open: Vec<TmuxSession>,
    /// Its panes in other tmux sessions.
    moved: Vec<Pane>,
    /// Other sessions' panes in its own.
    guests: Vec<Guest>,
    /// What came from the windows.
    running: Vec<Process>,
    /// Those of them that will not end with the windows.
    pub staying: Vec<Process>,
    /// What came from the windows too, and is Claude's daemon's.
    daemons: Vec<Process>,
}

/// A pane of another session.
struct Guest {
    pane: Pane,
    /// That session.
    session: String,
    /// The window there that it was made for.
    key: String,
    /// Its tmux session, if that is open.
    home: Option<TmuxSession>,
}

impl Guest {
    fn of(session: &Session<'_>, pane: &Pane, others: &[TmuxSession]) -> Option<Self> {
        let mark = pane.mark.as_ref()?;
        if session.has_made(pane) {
            return None;
        }
        let is_home = |tmux: &&TmuxSession| {
            tmux.is_of(&mark.main) && tmux.made_for.as_ref() == Some(&mark.name)
        };
        Some(Self {
            pane: pane.clone(),
            session: mark.name.clone(),
            key: mark.key.clone(),
            home: others.iter().find(is_home).cloned(),
        })
    }
}

impl Closing {
    /// A session's windows, wherever they are.
    ///
    /// # Errors
    /// If tmux fails.
    pub fn of_windows(session: &Session<'_>) -> Result<Self> {
        let all = tmux::sessions()?;
        let panes = living::panes(session, &all);
        let panes: Vec<_> = panes.into_iter().cloned().collect();
        let (open, others) = own::among(session, all);
        let is_elsewhere = |pane: &Pane| others.iter().any(|tmux| tmux.pane(&pane.id).is_some());
        let guests = open.iter().flat_map(|tmux| &tmux.panes);
        let guests = guests.filter_map(|pane| Guest::of(session, pane, &others));
        Ok(Self {
            guests: guests.collect(),
            moved: panes.into_iter().filter(is_elsewhere).collect(),
            open,
            ..Self::default()
        })
    }

    /// The same, with what came from them.
    ///
    /// # Errors
    /// If tmux fails, or the system does not tell which processes there are.
    pub fn find(session: &Session<'_>, claude: &Claude) -> Result<Self> {
        let (running, windows) = thread::scope(|scope| {
            let running = scope.spawn(|| {
                let claudes = claude.running();
                let mut running = servers::running(session)?;
                let daemons = claudes::of_daemon(&claudes, &running);
                running.retain(|process| !daemons.contains(process));
                let staying = servers::staying(session, &running)?;
                Ok((running, staying, daemons, claudes))
            });
            // Meanwhile, tmux is asked.
            let windows = Self::of_windows(session);
            (joined(running), windows)
        });
        let ((running, staying, daemons, claudes), windows) = (running?, windows?);
        let closed = windows.open.iter().flat_map(|tmux| &tmux.panes);
        let closed: Vec<_> = closed.chain(&windows.moved).collect();
        let its = claudes::of(session, &claudes, &closed);
        let claudes = its.into_iter().filter(|claude| claudes::is_at_work(claude));
        Ok(Self {
            claudes: claudes.cloned().collect(),
            running,
            staying,
            daemons,
            ..windows
        })
    }

    /// Whether nothing is open or runs.
    pub fn is_empty(&self) -> bool {
        self.is_closed() && self.running.is_empty() && !self.has_background()
    }

    fn is_closed(&self) -> bool {
        self.open.is_empty() && self.moved.is_empty()
    }

    /// The Claudes that go on when the windows are closed.
    fn in_background(&self) -> impl Iterator<Item = &Running> {
        let claudes = self.claudes.iter();
        claudes.filter(|claude| claude.is_in_background())
    }

    /// Whether there are any.
    pub fn has_background(&self) -> bool {
        self.in_background().next().is_some()
    }

    /// That a Claude is busy, or works in the background; and how to look at it.
    pub fn busy(&self, session: &Session<'_>) -> Vec<(String, String)> {
        let claudes = self.claudes.iter();
        claudes
            .map(|claude| claudes::told(claude, session))
            .collect()
    }

    /// What goes with the windows that this tool did not make, if anything does.
    fn others(&self) -> Option<String> {
        let panes = self.open.iter().flat_map(|tmux| &tmux.panes);
        let names: BTreeSet<_> = panes
            .filter_map(|pane| Some((&pane.window, pane.name.as_ref()?)))
            .collect();
        let names: Vec<_> = names.into_iter().map(|(_, name)| name.as_str()).collect();
        let names = names.join(", ");
        let told = format!("closed with it what tally-session did not open: {names}");
        (!names.is_empty()).then_some(told)
    }

    /// Ends the Claudes that work in the background, closes the windows, and waits for what ran in them. The windows of other
    /// sessions go home before. Gives what there is to tell, and what is left.
    ///
    /// # Errors
    /// If the windows are open where they can't be closed from here, or one of another session has no home; nothing is changed then.
    /// Or if a step fails.
    pub fn close(&self, session: &Session<'_>, hold: &Hold) -> Result<(Option<String>, Left)> {
        if self.is_closed() {
            refuse_open_elsewhere(session, &self.running)?;
        }
        self.refuse_homeless()?;
        for background in self.in_background() {
            claude::stop(background)?;
        }
        for Guest { pane, home, .. } in &self.guests {
            home.as_ref()
                .map_or(Ok(()), |home| tmux::send_home(pane, home))?;
        }
        tmux::kill(&self.open, &self.moved, hold.lock().file())?;
        let closed = Instant::now();
        servers::hang_up(session, &self.running, &self.staying);
        let left = servers::end(session, closed, &self.running, &self.staying, &self.daemons)?;
        Ok((self.others(), left))
    }

    /// Refuses where a window of another session would be closed too.
    fn refuse_homeless(&self) -> Result<()> {
        let mut guests = self.guests.iter();
        let Some(Guest { session, key, .. }) = guests.find(|guest| guest.home.is_none()) else {
            return Ok(());
        };
        let error = anyhow!(
            "the window {key} of {session} is among its own, and the others of {session} are closed"
        );
        let close = format!("close it: tally-session stop {session}");
        Err(with_hint(error, close))
    }
}

/// Refuses a session whose windows are open in a tmux server that is not asked: one with another socket.
fn refuse_open_elsewhere(session: &Session<'_>, running: &[Process]) -> Result<()> {
    let shells = panes::of(running)?;
    let Some(shell) = shells
        .first()
        .filter(|_| !servers::are_closing(session, &shells))
    else {
        return Ok(());
    };
    let error = anyhow!(
        "the windows of {} are open in another tmux server than the one that is used here: {shell}",
        session.name
    );
    Err(with_hint(
        error,
        "go there, or use the default one: env -u TMUX -u TMUX_TMPDIR tally-session …".to_owned(),
    ))
}
