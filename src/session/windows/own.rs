//! The tmux sessions that were made for a session.

use crate::session::Session;
use crate::session::records::hold::Hold;
use crate::tmux::{self, TmuxSession};
use anyhow::Result;

/// Closes the session's windows, if this tool made them for this project.
///
/// # Errors
/// If tmux fails.
pub fn close(session: &Session<'_>, hold: &Hold) -> Result<()> {
    tmux::kill(&all(session)?, &[], hold.lock().file())
}

/// The session's tmux session, if this tool made it for this project, and behind it those that share its windows
/// (`tmux new-session -t`): they would keep them open.
///
/// # Errors
/// If tmux fails.
fn all(session: &Session<'_>) -> Result<Vec<TmuxSession>> {
    Ok(among(session, tmux::sessions()?).0)
}

/// The same, of all that tmux has, and the others.
pub fn among(session: &Session<'_>, all: Vec<TmuxSession>) -> (Vec<TmuxSession>, Vec<TmuxSession>) {
    let all = all.into_iter();
    let (mut open, others): (Vec<_>, Vec<_>) = all.partition(|tmux| session.owns(tmux));
    let groups: Vec<_> = open.iter().filter_map(|tmux| tmux.group.clone()).collect();
    let shares = |tmux: &TmuxSession| {
        tmux.group
            .as_ref()
            .is_some_and(|group| groups.contains(group))
    };
    let (sharing, others): (Vec<_>, Vec<_>) = others.into_iter().partition(shares);
    open.extend(sharing);
    (open, others)
}
