//! `resume`: brings sessions back and says of each what became of it.

use super::Context;
use crate::cli;
use crate::name::SessionName;
use crate::session::resume::{self, Back};
use crate::ui;
use anyhow::Result;
use clap::Args;
use clap::error::ErrorKind;
use std::slice;

pub fn run(context: &Context, args: &cli::Resume) -> Result<()> {
    let names = super::parse_names(&args.names)?;
    if args.attach && names.len() != 1 {
        let words = "--attach goes with one name: a terminal shows one session at a time";
        cli::Resume::augment_args(clap::Command::new("tally-session resume"))
            .error(ErrorKind::WrongNumberOfValues, words)
            .exit();
    }
    match &names[..] {
        [name] if args.attach => show(context, name),
        [] => bring_back(context, None),
        names => bring_back(context, Some(names)),
    }
}

/// Brings a session back, and shows it if that went well.
pub fn show(context: &Context, name: &SessionName) -> Result<()> {
    bring_back(context, Some(slice::from_ref(name)))?;
    super::attach_to(context, name)
}

/// Brings these sessions back, or all.
///
/// # Errors
/// If the store can't be read, or tmux can't be asked which sessions run.
pub fn bring_back(context: &Context, wanted: Option<&[SessionName]>) -> Result<()> {
    super::warn_without_claude(context);
    let results = resume::resume(&context.project, &context.layout, &context.claude, wanted)?;
    if results.is_empty() {
        ui::done("there are no sessions to resume; make one with: tally-session add <name>");
    }
    super::show_all(results, |name, resumed| {
        let done = match resumed.back {
            Back::Nothing => format!("{name} is already running"),
            Back::Parts(parts) => format!("brought back in {name}: {}", parts.join(", ")),
            Back::Windows => format!("resumed {name}: tally-session attach {name}"),
        };
        ui::outcome(&resumed.notes, done);
    })
}
