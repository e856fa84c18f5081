//! Closing a session's windows: what goes with them, and what does not. What gives a [`Result`] fails if tmux does, or the system
//! does not tell which processes there are, and says of its errors only where there is more to say.

use crate::claude::{self, Claude, Running};
use crate::hint::Hint;
use crate::parallel::joined;
use crate::processes::{Process, Table, panes};
use crate::session::Session;
use crate::session::windows::servers::{self, Left};
use crate::session::windows::{claudes, living, open};
use crate::tmux::{self, Listening, Mark, Pane, TmuxSession};
use anyhow::{Result, anyhow};
use std::collections::{BTreeSet, HashSet};
use std::thread;

/// What there is to close, and what came from it.
#[derive(Default)]
pub struct Closing {
    /// Claudes that are busy, or that stay when the windows are closed.
    claudes: Vec<Running>,
    tmux: Listening,
    /// Its tmux sessions: its own, and those that share its windows.
    open: Vec<TmuxSession>,
    /// Its panes in other tmux sessions.
    moved: Vec<Pane>,
    /// Other sessions' panes in its own, each with the tmux session that it belongs to, if that is open.
    guests: Vec<(Pane, Mark, Option<TmuxSession>)>,
    /// The processes of the panes that are others', in tmux sessions of theirs.
    of_others: HashSet<u32>,
    /// What came from the windows.
    running: Vec<Process>,
    /// The first ones in the windows that those came from.
    shells: Vec<Process>,
    /// Those of them that will not end with the windows.
    pub staying: Vec<Process>,
    /// What came from the windows too, and is Claude's daemon's.
    daemons: Vec<Process>,
}

impl Closing {
    /// A session's windows, wherever they are.
    pub fn of_windows(session: &Session<'_>) -> Result<Self> {
        let (all, tmux) = open::to_close(session.project)?;
        let panes = living::panes(session, &all);
        let panes: Vec<_> = panes.into_iter().cloned().collect();
        let (open, others) = among(session, all);
        let is_elsewhere = |pane: &Pane| others.iter().any(|tmux| tmux.pane(&pane.id).is_some());
        let of_others = others.iter().flat_map(|tmux| &tmux.panes);
        let of_others = of_others.filter(|pane| !session.has_made(pane));
        let home = |mark: &Mark| {
            let mut homes = others.iter().filter(|tmux| tmux.is_of(&mark.main));
            homes.find(|tmux| tmux.made_for.as_ref() == Some(&mark.name))
        };
        let guests = open.iter().flat_map(|tmux| &tmux.panes);
        let guests = guests.filter(|pane| !session.has_made(pane));
        let guests = guests.filter_map(|pane| {
            let mark = pane.mark.clone()?;
            let home = home(&mark).cloned();
            Some((pane.clone(), mark, home))
        });
        Ok(Self {
            guests: guests.collect(),
            of_others: of_others.map(|pane| pane.pid).collect(),
            moved: panes.into_iter().filter(is_elsewhere).collect(),
            open,
            tmux,
            ..Self::default()
        })
    }

    /// The same, with what came from them.
    pub fn find(session: &Session<'_>, claude: &Claude) -> Result<Self> {
        thread::scope(|scope| {
            let running = scope.spawn(|| {
                let claudes = claude.running();
                let table = Table::now([])?;
                let mut running = table.of_session(session.record.worktree(), &[])?;
                let daemons = claudes::of_daemon(&claudes, &running);
                running.retain(|process| !daemons.contains(process));
                let shells = panes::of(&running)?;
                let staying = servers::staying(session, &running, &shells)?;
                Ok((running, shells, staying, daemons, claudes))
            });
            // Meanwhile, tmux is asked.
            let windows = Self::of_windows(session);
            let (running, shells, staying, daemons, claudes) = joined(running)?;
            let windows = windows?;
            let closed = windows.open.iter().flat_map(|tmux| &tmux.panes);
            let closed: Vec<_> = closed.chain(&windows.moved).collect();
            let its = claudes::of(session, &claudes, &closed);
            let claudes = its.into_iter().filter(|claude| claudes::is_at_work(claude));
            let mut found = Self {
                claudes: claudes.cloned().collect(),
                running,
                shells,
                staying,
                daemons,
                ..windows
            };
            found.tell_others(session)?;
            Ok(found)
        })
    }

    /// Sees who will stay: in windows of the user's own, and in those of another tmux server, where some are open here too.
    fn tell_others(&mut self, session: &Session<'_>) -> Result<()> {
        if self.is_closed() && !self.elsewhere().is_empty() {
            // That is refused.
            return Ok(());
        }
        let closes =
            |shell: &&Process| self.tmux.has_started(shell) && !self.of_others.contains(&shell.pid);
        let closing: Vec<_> = self.shells.iter().filter(closes).cloned().collect();
        if closing.len() < self.shells.len() {
            self.staying = servers::staying(session, &self.running, &closing)?;
        }
        Ok(())
    }

    /// The shells in windows of another tmux server.
    fn elsewhere(&self) -> Vec<Process> {
        let shells = self.shells.iter();
        let elsewhere = shells.filter(|shell| !self.tmux.has_started(shell));
        elsewhere.cloned().collect()
    }

    /// Whether nothing is open or runs.
    pub fn is_empty(&self) -> bool {
        self.is_closed() && self.running.is_empty() && !self.has_background()
    }

    fn is_closed(&self) -> bool {
        self.open.is_empty() && self.moved.is_empty()
    }

    /// Whether Claudes go on when the windows are closed.
    pub fn has_background(&self) -> bool {
        self.claudes.iter().any(Running::is_in_background)
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
            .filter_map(|pane| Some((&pane.window, pane.name.as_deref()?)))
            .collect();
        let names: Vec<_> = names.into_iter().map(|(_, name)| name).collect();
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
    pub fn close(&mut self, session: &Session<'_>) -> Result<(Option<String>, Left)> {
        if self.is_closed() {
            refuse_open_elsewhere(session, &self.elsewhere())?;
        }
        self.refuse_homeless()?;
        let claudes = self.claudes.iter();
        for background in claudes.filter(|claude| claude.is_in_background()) {
            claude::stop(background)?;
        }
        for (pane, _, home) in &self.guests {
            home.iter()
                .try_for_each(|home| tmux::send_home(pane, home))?;
        }
        self.tmux.kill(&self.open, &self.moved)?;
        let left = servers::end(session, &self.running, &self.staying, &self.daemons)?;
        Ok((self.others(), left))
    }

    /// Refuses where a window of another session would be closed too.
    fn refuse_homeless(&self) -> Result<()> {
        let mut guests = self.guests.iter();
        let Some((_, Mark { key, name, .. }, _)) = guests.find(|(.., home)| home.is_none()) else {
            return Ok(());
        };
        Err(anyhow!(
            "the window {key} of {name} is among its own, and the others of {name} are closed"
        ))
        .hint(format!("close it: tally-session stop {name}"))
    }
}

/// Refuses a session with these shells in the windows of a tmux server that is not asked: one with another socket.
fn refuse_open_elsewhere(session: &Session<'_>, shells: &[Process]) -> Result<()> {
    let Some(shell) = shells.first() else {
        return Ok(());
    };
    if servers::are_closing(session, shells) {
        return Ok(());
    }
    Err(anyhow!(
        "the windows of {} are open in another tmux server than the one that is used here: {shell}",
        session.name
    ))
    .hint("go there, or use the default one: env -u TMUX -u TMUX_TMPDIR tally-session …")
}

/// Refuses a session that seems to be stopped where it is open in another tmux server.
///
/// # Errors
/// That it is, or if the system does not tell which processes there are.
pub fn refuse_open(session: &Session<'_>, table: &Table, open: &[TmuxSession]) -> Result<()> {
    let running = table.of_session(session.record.worktree(), &[])?;
    let mut shells = panes::of(&running)?;
    let here = open.iter().flat_map(|tmux| &tmux.panes).next();
    let server = here.and_then(|pane| panes::parent(pane.pid));
    shells.retain(|shell| shell.parent != server);
    refuse_open_elsewhere(session, &shells)
}

/// Closes the windows that this tool made for a session, and nothing else.
pub fn close(session: &Session<'_>) -> Result<()> {
    let (all, mut tmux) = open::to_close(session.project)?;
    let (open, _) = among(session, all);
    tmux.kill(&open, &[])
}

/// Of all that tmux has, the session's tmux session, if this tool made it for this project, and behind it those that share its
/// windows (`tmux new-session -t`): they would keep them open. And the others.
fn among(session: &Session<'_>, all: Vec<TmuxSession>) -> (Vec<TmuxSession>, Vec<TmuxSession>) {
    let all = all.into_iter();
    let (mut open, others): (Vec<_>, Vec<_>) = all.partition(|tmux| session.owns(tmux));
    let shares = |tmux: &TmuxSession| open.iter().any(|own| tmux.shares_windows_with(own));
    let (sharing, others): (Vec<_>, Vec<_>) = others.into_iter().partition(shares);
    open.extend(sharing);
    (open, others)
}
