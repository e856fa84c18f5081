//! `stop` and `restart`: closes the windows of sessions, and opens them again.

use super::{Context, resume};
use crate::cli;
use crate::name::SessionName;
use crate::session::stop::{self, Stopped, Verb};
use crate::ui;
use anyhow::Result;

pub fn stop(context: &Context, args: &cli::Stop) -> Result<()> {
    stop_all(context, args, Verb::Stop)?.1
}

pub fn restart(context: &Context, args: &cli::Stop) -> Result<()> {
    let (stopped, outcome) = stop_all(context, args, Verb::Restart)?;
    if !stopped.is_empty() {
        resume::bring_back(context, Some(&stopped))?;
    }
    outcome
}

/// Stops these, and says so; gives those that are, and whether all are. From a window that goes with one of them, a copy of this
/// program does it all.
fn stop_all(
    context: &Context,
    args: &cli::Stop,
    verb: Verb,
) -> Result<(Vec<SessionName>, Result<()>)> {
    let names = super::names_or_here(context, &args.names, verb.word())?;
    if super::closing_here(context, &names)?.is_some() {
        return Ok((Vec::new(), super::in_a_copy()));
    }
    let Context {
        project,
        layout,
        claude,
        ..
    } = context;
    let results = names.into_iter().map(|name| {
        let result = stop::stop(project, layout, claude, &name, verb, args.force);
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
    Ok((stopped, outcome))
}
