//! Bringing back what is missing in the windows of a session that runs, each in its place. What runs is left alone, and so is
//! what the user has typed at a prompt.

use crate::session::Session;
use crate::session::windows::living::{Life, Living};
use crate::session::windows::{Waiting, new_session, new_window};
use crate::store::lock::Lock;
use crate::tmux::windows::{self, NewSession, NewWindow, Place};
use crate::tmux::{TmuxSession, screen};
use anyhow::{Context, Result};

/// What was brought back.
#[derive(Default)]
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
pub fn repair(
    session: &Session<'_>,
    living: &[Living<'_>],
    own: Option<&TmuxSession>,
    lock: &Lock,
) -> Result<Repaired> {
    let name = &session.name;
    let mut repaired = Repaired::default();
    let those = |life| living.iter().filter(move |living| living.life == life);
    for Living {
        window,
        pane,
        taken_by,
        ..
    } in those(Life::Ended)
    {
        let Some(pane) = pane else { continue };
        let key = &window.key;
        if let Some(who) = taken_by {
            repaired.notes.push(format!(
                "{who} listens on the port of {name}'s window {key}: end that, or take another port: tally-session restart {name}"
            ));
        } else if !screen::has_empty_prompt(pane)? {
            repaired.notes.push(format!(
                "something is typed at the prompt of {name}'s window {key}: run it or take it out, then tally-session resume {name}"
            ));
        } else {
            let waiting = Waiting::new(session, pane)?;
            repaired.waiting.extend(waiting.map(Waiting::anew));
            repaired.keys.push(key.clone());
        }
    }
    let closed: Vec<_> = those(Life::Closed).collect();
    if closed.is_empty() {
        return Ok(repaired);
    }
    let new = NewSession {
        name: own.map_or_else(|| session.tmux_name(), |own| own.name.clone()),
        windows: missing(session, living, own)?,
        into: own,
        instead_of: closed
            .iter()
            .filter_map(|living| living.pane.as_ref())
            .collect(),
        ..new_session(session)
    };
    let made = windows::create(&session.project.main, &[new], lock)?;
    let panes = made.into_iter().next().context("no window was opened")??;
    repaired.waiting.extend(Waiting::all(session, &panes)?);
    let keys = closed.iter().map(|living| living.window.key.clone());
    repaired.keys.extend(keys);
    Ok(repaired)
}

/// The windows to make, each beside the nearest one that is there, in the order in which they all come to their places.
fn missing(
    session: &Session<'_>,
    living: &[Living<'_>],
    own: Option<&TmuxSession>,
) -> Result<Vec<NewWindow>> {
    let place = |living: &Living<'_>| {
        let pane = living.pane.as_ref().filter(|_| living.life != Life::Closed);
        pane.and_then(|pane| own?.pane(&pane.id))
    };
    let first = living.iter().position(|living| place(living).is_some());
    let (before, behind) = living.split_at(first.unwrap_or(0));
    let first = behind.first().and_then(place);
    // Where there is room in front, nothing has to be moved for them.
    let room = first.zip(own).and_then(|(first, own)| {
        let from = first.index.checked_sub(u32::try_from(before.len()).ok()?)?;
        let is_free = |index| own.panes.iter().all(|pane| pane.index != index);
        (from >= own.base_index && (from..first.index).all(is_free)).then_some(from)
    });
    let new = |living: &Living<'_>, place: Option<Place>| -> Result<NewWindow> {
        let window = new_window(session, living.window)?;
        Ok(NewWindow { place, ..window })
    };
    let in_front = (room.unwrap_or(0)..).zip(before).map(|(index, living)| {
        let before = || first.map(|first| Place::Before(first.window.clone()));
        new(living, room.map(|_| Place::At(index)).or_else(before))
    });
    let mut missing = in_front.collect::<Result<Vec<_>>>()?;
    let mut after = Vec::new();
    let mut last = None;
    for living in behind {
        last = place(living).or(last);
        if living.life == Life::Closed {
            let behind = last.map(|last| Place::After(last.window.clone()));
            after.push(new(living, behind)?);
        }
    }
    // Of those that come behind the same window the last one made comes first.
    missing.extend(after.into_iter().rev());
    Ok(missing)
}
