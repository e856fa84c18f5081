//! Bringing back what is missing in the windows of a session that runs, each in its place. What runs is left alone, and so is
//! what the user has typed at a prompt.

use super::living::{Life, Living};
use super::{Waiting, new_window};
use crate::session::Session;
use crate::store::lock::Lock;
use crate::tmux::windows::{self, NewSession, NewWindow, Place};
use crate::tmux::{self, TmuxSession};
use anyhow::{Context, Result};

/// What was brought back.
pub struct Repaired {
    /// What its windows wait for.
    pub waiting: Vec<Waiting>,
    /// The windows, by their keys.
    pub keys: Vec<String>,
    /// What there is to tell.
    pub notes: Vec<String>,
}

/// Opens the windows that are closed, and has what belongs into those where it has ended. `own` is the session's tmux session, if
/// it is not only other ones that have its windows by now.
///
/// # Errors
/// If tmux fails.
pub fn repair(
    session: &Session<'_>,
    living: &[Living<'_>],
    own: Option<&TmuxSession>,
    lock: &Lock,
) -> Result<Repaired> {
    let mut repaired = Repaired {
        waiting: Vec::new(),
        keys: Vec::new(),
        notes: Vec::new(),
    };
    for living in living.iter().filter(|living| living.life == Life::Ended) {
        let Some(pane) = &living.pane else { continue };
        let key = &living.window.key;
        if !tmux::has_empty_prompt(pane)? {
            repaired.notes.push(format!(
                "something is typed at the prompt of {}'s window {key}: run it or take it out, then tally-session resume {0}",
                session.name
            ));
            continue;
        }
        let waiting = Waiting::new(session, pane)?;
        repaired.waiting.extend(waiting.map(Waiting::anew));
        repaired.keys.push(key.clone());
    }
    let closed = || living.iter().filter(|living| living.life == Life::Closed);
    if closed().next().is_none() {
        return Ok(repaired);
    }
    let new = NewSession {
        name: own.map_or_else(|| session.tmux_name(), |own| own.name.clone()),
        windows: missing(session, living, own)?,
        into: own,
        instead_of: closed().filter_map(|living| living.pane.as_ref()).collect(),
        ..super::new_session(session)
    };
    let made = windows::create(&session.project.main, &[new], lock)?;
    let panes = made.into_iter().next().context("no window was opened")??;
    for pane in &panes {
        repaired.waiting.extend(Waiting::new(session, pane)?);
    }
    repaired
        .keys
        .extend(closed().map(|living| living.window.key.clone()));
    Ok(repaired)
}

/// The windows to make, each beside the nearest one that is there, in the order in which they all come to their places.
fn missing(
    session: &Session<'_>,
    living: &[Living<'_>],
    own: Option<&TmuxSession>,
) -> Result<Vec<NewWindow>> {
    let is_there = |living: &&Living<'_>| {
        let pane = living.pane.as_ref().filter(|_| living.life != Life::Closed);
        pane.is_some_and(|pane| own.is_some_and(|own| own.panes.contains(pane)))
    };
    let id = |living: &Living<'_>| living.pane.as_ref().map(|pane| pane.window.clone());
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (at, missing) in living.iter().enumerate() {
        if missing.life != Life::Closed {
            continue;
        }
        let mut window = new_window(session, missing.window)?;
        if let Some(last) = living[..at].iter().rev().find(is_there) {
            window.place = id(last).map(Place::After);
            after.push(window);
        } else {
            let next = living[at..].iter().find(is_there);
            window.place = next.and_then(id).map(Place::Before);
            before.push((window, next));
        }
    }
    // Behind a gap, nothing has to be moved for them.
    let is_free = |index: u32| {
        let mut panes = own.iter().flat_map(|own| &own.panes);
        panes.all(|pane| pane.index != index)
    };
    let mut gap = before
        .last()
        .and_then(|(_, next)| Some(next.as_ref()?.pane.as_ref()?.index));
    for (window, _) in before.iter_mut().rev() {
        gap = gap
            .and_then(|index| index.checked_sub(1))
            .filter(|index| is_free(*index));
        if let Some(index) = gap {
            window.place = Some(Place::At(index));
        }
    }
    let mut before: Vec<_> = before.into_iter().map(|(window, _)| window).collect();
    // Of those that come behind the same window the last one made comes first.
    after.reverse();
    before.extend(after);
    Ok(before)
}
