//! `remove`: clears sessions away and says how to have them back.

use super::{Context, purge};
use crate::cli;
use crate::name::SessionName;
use crate::session::loss::named;
use crate::session::owns;
use crate::session::remove::{self, Outcome, Wish};
use crate::{process, tmux, ui};
use anyhow::Result;
use std::process::ExitCode;

pub fn run(context: &Context, args: &cli::Remove) -> Result<ExitCode> {
    let names = super::parse_names(&args.names)?;
    let here = tmux::here()?;
    let is_here = |name: &SessionName| here.iter().any(|tmux| owns(&context.project, name, tmux));
    if args.purge {
        purge::ask_for_sessions(&names, args.yes)?;
    }
    if names.iter().any(is_here) && !process::outlives_terminal() {
        return Ok(process::outlive_terminal()?);
    }
    let wish = Wish {
        force: args.force,
        keep_branch: args.keep_branch,
    };
    let results = names
        .into_iter()
        .map(|name| {
            let removed = remove::remove(
                &context.project,
                &context.layout,
                &context.claude,
                &name,
                wish,
            );
            let purged = removed.and_then(|mut outcome| {
                if let Some(removed) = outcome.removed.take_if(|_| args.purge) {
                    removed.purge(&context.project)?;
                }
                Ok(outcome)
            });
            (name, purged)
        })
        .collect();
    Ok(super::show_all(results, |name, outcome| {
        show(context, name, &outcome);
    }))
}

fn show(context: &Context, name: &SessionName, outcome: &Outcome) {
    outcome.notes.iter().for_each(ui::warn);
    ui::done(format_args!("removed {name}"));
    let Some(removed) = &outcome.removed else {
        return;
    };
    if !removed.about.went.is_empty() {
        ui::done(format_args!(
            "  with it went: {}",
            named(&removed.about.went)
        ));
    }
    match context.layout.keep_removed {
        0 => {}
        days => ui::done(format_args!(
            "  for {days} days it can be had back: tally-session restore {name}"
        )),
    }
}
