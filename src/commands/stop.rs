//! `stop` and `restart`: closes the windows of sessions, and opens them again.

use super::{Context, resume};
use crate::cli;
use crate::name::SessionName;
use crate::process;
use crate::session::stop::{self, Stopped, Verb};
use crate::ui;
use anyhow::Result;
use std::process::ExitCode;

pub fn stop(context: &Context, args: &cli::Stop) -> Result<ExitCode> {
    let (code, _) = stop_all(context, &args.names, Verb::Stop, args.force)?;
    Ok(code)
}

pub fn restart(context: &Context, args: &cli::Stop) -> Result<ExitCode> {
    let (code, stopped) = stop_all(context, &args.names, Verb::Restart, args.force)?;
    if stopped.is_empty() {
        return Ok(code);
    }
    let resumed = resume::bring_back(context, Some(&stopped))?;
    Ok(if code == ExitCode::SUCCESS {
        resumed
    } else {
        code
    })
}

/// Stops these, and says so; gives those that are. From a window that goes with one of them, a copy of this program does it all.
fn stop_all(
    context: &Context,
    names: &[String],
    verb: Verb,
    force: bool,
) -> Result<(ExitCode, Vec<SessionName>)> {
    let names = super::names_or_here(context, names, verb.word())?;
    if super::closing_here(context, &names)?.is_some() {
        return Ok((process::outlive_terminal()?, Vec::new()));
    }
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
    let results: Vec<_> = results.collect();
    let stopped = results.iter().filter(|(_, result)| result.is_ok());
    let stopped = stopped.map(|(name, _)| name.clone()).collect();
    let code = super::show_all(results, |name, outcome| match outcome {
        Stopped::AlreadyStopped => ui::done(format_args!("{name} is stopped already")),
        Stopped::Closed(notes) => ui::outcome(&notes, format_args!("stopped {name}")),
    });
    Ok((code, stopped))
}
