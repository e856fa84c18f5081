//! `resume`: brings sessions back and says of each what became of it.

use super::Context;
use crate::cli;
use crate::name::SessionName;
use crate::session::resume::{self, Resumed};
use crate::ui;
use anyhow::Result;
use clap::Args;
use clap::error::ErrorKind;
use std::process::ExitCode;

pub fn run(context: &Context, args: &cli::Resume) -> Result<ExitCode> {
    let names = super::parse_names(&args.names)?;
    if args.attach && names.len() != 1 {
        let words = "--attach goes with one name: a terminal shows one session at a time";
        cli::Resume::augment_args(clap::Command::new("tally-session resume"))
            .error(ErrorKind::WrongNumberOfValues, words)
            .exit();
    }
    let attach_to = names.first().cloned().filter(|_| args.attach);
    let wanted = Some(names).filter(|names| !names.is_empty());
    let code = bring_back(context, wanted.as_deref())?;
    match attach_to {
        Some(name) if code == ExitCode::SUCCESS => super::attach_to(context, &name),
        _ => Ok(code),
    }
}

/// Brings these sessions back, or all.
///
/// # Errors
/// If the store can't be read, or tmux can't be asked which sessions run.
pub fn bring_back(context: &Context, wanted: Option<&[SessionName]>) -> Result<ExitCode> {
    super::warn_without_claude(context);
    let results = resume::resume(&context.project, &context.layout, &context.claude, wanted)?;
    if results.is_empty() {
        ui::done("there are no sessions to resume; make one with: tally-session add <name>");
    }
    Ok(super::show_all(results, |name, resumed| match resumed {
        Resumed::AlreadyRunning(notes) => {
            notes.iter().for_each(ui::warn);
            ui::done(format_args!("{name} is already running"));
        }
        Resumed::BroughtBack(windows, notes) => {
            notes.iter().for_each(ui::warn);
            let windows = windows.join(", ");
            ui::done(format_args!("brought back in {name}: {windows}"));
        }
        Resumed::Started(notes) => {
            notes.iter().for_each(ui::warn);
            ui::done(format_args!("resumed {name}: tally-session attach {name}"));
        }
    }))
}
