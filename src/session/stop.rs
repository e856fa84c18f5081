//! Closing a session's windows, and keeping all else of it.

use crate::claude::Claude;
use crate::layout::Layout;
use crate::name::SessionName;
use crate::problem;
use crate::project::Project;
use crate::session::records::hold::Hold;
use crate::session::truth::problems;
use crate::session::windows::closing::Closing;
use crate::session::{Session, loss};
use crate::store::records::Records;
use anyhow::Result;

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
        problem::refuse(problems::blocked(&session, &again), name)?;
    }
    let mut closing = Closing::find(&session, claude)?;
    if !force {
        let forced = format!("tally-session {} --force {name}", verb.word());
        let all_the_same = format!("stop it all the same: {forced}");
        loss::refusal(&session, closing.busy(&session), all_the_same)?;
    }
    if closing.is_empty() {
        return Ok(Stopped::AlreadyStopped);
    }
    let (others, left) = closing.close(&session)?;
    Ok(Stopped::Closed(
        others.into_iter().chain(left.notes()).collect(),
    ))
}
