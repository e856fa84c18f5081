//! Closing a session's windows, and keeping all else of it.

use super::hold::Hold;
use super::loss::Loss;
use super::servers::{self, Left};
use super::{Session, problems};
use crate::claude::{self, Claude};
use crate::hint::with_hint;
use crate::layout::Layout;
use crate::name::SessionName;
use crate::processes::{Process, panes};
use crate::project::Project;
use crate::store::records::Records;
use crate::tmux;
use anyhow::{Result, anyhow};
use std::time::Instant;

/// What became of a session.
pub enum Stopped {
    /// Nothing of it ran.
    AlreadyStopped,
    /// Its windows are closed. There may be something to tell.
    Closed(Vec<String>),
}

/// What it is done for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// To have it closed.
    Stop,
    /// To open it again: refused where that can't be.
    Restart,
}

impl Verb {
    /// The command.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Restart => "restart",
        }
    }
}

/// Closes a session's windows and ends its servers, as a remove does, with `force` though its Claude is busy.
///
/// # Errors
/// A refusal, which changes nothing, or the step that failed.
pub fn stop(
    project: &Project,
    layout: &Layout,
    claude: &Claude,
    name: &SessionName,
    verb: Verb,
    force: bool,
) -> Result<Stopped> {
    let hold = Hold::take(project, name)?;
    hold.refuse_moving(project)?;
    let records = Records::read(&project.main)?;
    let session = Session::find(project, layout, &records, name, verb.word())?;
    problems::refuse_foreign(&session)?;
    if verb == Verb::Restart && !project.owns_worktree(session.record.worktree()) {
        let again = format!("tally-session restart {name}");
        problems::blocked(&session, &again).map_or(Ok(()), |it| Err(it.into_error(name)))?;
    }
    let loss = Loss::of_living(&session, claude)?;
    if !force {
        loss.refuse_busy(
            &session,
            &format!("tally-session {} --force {name}", verb.word()),
        )?;
    }
    if loss.open.is_empty() && loss.moved.is_empty() && loss.running.is_empty() {
        return Ok(Stopped::AlreadyStopped);
    }
    let left = close(&session, &hold, &loss)?;
    Ok(Stopped::Closed(
        loss.others().into_iter().chain(left.notes()).collect(),
    ))
}

/// Ends the Claudes that work in the background, closes the windows, and waits for what ran in them. Gives what is left of that.
///
/// # Errors
/// If the windows are open where they can't be closed from here, or a step fails.
pub fn close(session: &Session<'_>, hold: &Hold, loss: &Loss) -> Result<Left> {
    for background in loss.in_background() {
        claude::stop(background)?;
    }
    if loss.open.is_empty() && loss.moved.is_empty() {
        refuse_open_elsewhere(session, &loss.running)?;
    }
    loss.send_guests_home()?;
    tmux::kill(&loss.open, &loss.moved, hold.lock().file())?;
    let closed = Instant::now();
    servers::hang_up(session, &loss.running, &loss.staying);
    servers::end(session, closed, &loss.staying, &loss.daemons)
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
