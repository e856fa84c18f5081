//! `stop` and `restart`: closes the windows of sessions, and opens them again.

use super::{Context, resume};
use crate::cli;
use crate::name::SessionName;
use crate::session::stop::{self, Stopped};
use crate::{process, ui};
use anyhow::Result;
use std::process::ExitCode;

pub fn stop(context: &Context, args: &cli::Stop) -> Result<ExitCode> {
    let names = super::names_or_here(context, &args.names, "stop")?;
    if super::is_in_window_of(context, &names)? && !process::outlives_terminal() {
        return Ok(process::outlive_terminal()?);
    }
    let (code, _) = stop_all(context, names, "stop", args.force);
    Ok(code)
}

pub fn restart(context: &Context, args: &cli::Restart) -> Result<ExitCode> {
    let names = super::names_or_here(context, &args.names, "restart")?;
    if super::is_in_window_of(context, &names)? && !process::outlives_terminal() {
        return Ok(process::outlive_terminal()?);
    }
    let (code, stopped) = stop_all(context, names, "restart", args.force);
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

/// Stops these, and says so; gives those that are.
fn stop_all(
    context: &Context,
    names: Vec<SessionName>,
    verb: &str,
    force: bool,
) -> (ExitCode, Vec<SessionName>) {
    let mut stopped = Vec::new();
    let results = names.into_iter().map(|name| {
        let Context {
            project,
            layout,
            claude,
            ..
        } = context;
        let result = stop::stop(project, layout, claude, &name, verb, force);
        if result.is_ok() {
            stopped.push(name.clone());
        }
        (name, result)
    });
    let results = results.collect();
    let code = super::show_all(results, |name, outcome| match outcome {
        Stopped::AlreadyStopped => ui::done(format_args!("{name} is stopped already")),
        Stopped::Closed(notes) => {
            notes.iter().for_each(ui::warn);
            ui::done(format_args!("stopped {name}"));
        }
    });
    (code, stopped)
}
