//! `remove`: clears sessions away and says where saved work is.

use super::Context;
use crate::cli;
use crate::name::SessionName;
use crate::session::remove::{self, Removed, Wish};
use crate::session::tmux_name;
use crate::{process, tmux, ui};
use anyhow::Result;
use std::process::ExitCode;

pub fn run(context: &Context, args: &cli::Remove) -> Result<ExitCode> {
    let names = super::parse_names(&args.names)?;
    let here = tmux::current_session()?;
    let is_here = |name: &&SessionName| {
        let tmux_name = tmux_name(&context.project, name);
        here.as_ref().is_some_and(|here| *here == tmux_name)
    };
    if let Some(name) = names.iter().find(is_here)
        && !process::outlives_terminal()
    {
        if args.force {
            ui::warn(format_args!(
                "this window closes with the others of {name}: work that would be lost is saved in refs/tally-session/{name}"
            ));
        }
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
            (name, removed)
        })
        .collect();
    Ok(super::show_all(results, |name, removed: Removed| {
        removed.notes.iter().for_each(ui::warn);
        ui::done(format_args!("removed {name}"));
        if let Some(saved) = &removed.saved {
            ui::done(format_args!(
                "  its work is saved as {} in {}",
                saved.commit, saved.refname
            ));
            ui::done(format_args!(
                "  get it back with: tally-session add {} --from {}",
                removed.back, saved.refname
            ));
        }
    }))
}
