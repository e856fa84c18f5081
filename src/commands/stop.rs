//! `stop` and `restart`: closes the windows of sessions, and opens them again.

use super::{Context, resume};
use crate::cli;
use crate::name::SessionName;
use crate::process;
use crate::session;
use crate::session::stop::{self, Stopped, Verb};
use crate::session::windows::open;
use crate::tmux::TmuxSession;
use crate::tmux::waiting_room::WaitingRoom;
use crate::ui;
use anyhow::Result;

pub fn stop(context: &Context, args: &cli::Stop) -> Result<()> {
    match names(context, args, Verb::Stop)? {
        Some(names) => stop_all(context, names, Verb::Stop, args.force).1,
        None => Err(process::outlive_terminal(None).into()),
    }
}

/// The terminals that show them wait meanwhile.
pub fn restart(context: &Context, args: &cli::Stop) -> Result<()> {
    let Some(names) = names(context, args, Verb::Restart)? else {
        return Err(process::outlive_terminal(None).into());
    };
    let is_its = |tmux: &TmuxSession| {
        let mut names = names.iter();
        names.any(|name| session::owns(&context.project, name, tmux))
    };
    let open = open::all(&context.project)?;
    let its: Vec<_> = open.iter().filter(|tmux| is_its(tmux)).cloned().collect();
    let shows = |tmux: TmuxSession| {
        let is_it = |its: &&TmuxSession| its.id == tmux.id || tmux.shares_windows_with(its);
        let TmuxSession {
            owner, made_for, ..
        } = its.iter().find(is_it)?.clone();
        // One that shares the windows ends with them.
        Some(TmuxSession {
            owner,
            made_for,
            ..tmux
        })
    };
    let room = WaitingRoom::open(open.into_iter().filter_map(shows).collect())?;
    let (stopped, outcome) = stop_all(context, names, Verb::Restart, args.force);
    let resumed = if stopped.is_empty() {
        Ok(())
    } else {
        resume::bring_back(context, Some(&stopped))
    };
    let closed = room.map_or(Ok(()), WaitingRoom::close);
    resumed.and(outcome).and(closed)
}

/// Those that are meant; none if this is a window that goes with one of them, and this program would end with it.
fn names(context: &Context, args: &cli::Stop, verb: Verb) -> Result<Option<Vec<SessionName>>> {
    let names = super::names_or_here(context, &args.names, verb.word())?;
    let is_here = super::closing_here(context, &names)?.is_some();
    Ok((!is_here).then_some(names))
}

/// Stops these, and says so; gives those that are, and whether all are.
fn stop_all(
    context: &Context,
    names: Vec<SessionName>,
    verb: Verb,
    force: bool,
) -> (Vec<SessionName>, Result<()>) {
    let Context {
        project,
        layout,
        claude,
        ..
    } = context;
    let results = names.into_iter().map(|name| {
        let result = stop::stop(project, layout, claude, &name, verb, force);
        (name, result)
    });
    let mut stopped = Vec::new();
    let outcome = super::show_all(results, |name, outcome| {
        match outcome {
            Stopped::AlreadyStopped => ui::done(format_args!("{name} is stopped already")),
            Stopped::Closed(notes) => ui::outcome(&notes, format_args!("stopped {name}")),
        }
        stopped.push(name.clone());
    });
    (stopped, outcome)
}
