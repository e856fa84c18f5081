//! `purge`: deletes for good what was removed.

use super::Context;
use super::list::removed::{age, size};
use crate::cli;
use crate::hint::Hint;
use crate::name::SessionName;
use crate::session::loss::removed::Removed;
use crate::session::loss::{named, purge};
use crate::session::restore;
use crate::ui;
use anyhow::{Result, anyhow};
use std::fmt::Write;
use std::process::ExitCode;

pub fn run(context: &Context, args: &cli::Purge) -> Result<ExitCode> {
    let project = &context.project;
    let doomed = if args.names.is_empty() {
        Removed::all(project)
    } else {
        let found = args.names.iter().map(|name| restore::find(project, name));
        found.collect::<Result<_>>()?
    };
    if doomed.is_empty() {
        ui::done("nothing that was removed is left");
        return Ok(ExitCode::SUCCESS);
    }
    for removed in &doomed {
        ui::say(what_is_lost(context, removed)?);
    }
    let names: Vec<_> = doomed.iter().map(|removed| removed.id.as_str()).collect();
    let again = format!("tally-session purge --yes {}", names.join(" "));
    agree(args.yes, &again)?;
    for removed in doomed {
        let name = removed.about.name.clone();
        purge::purge(project, removed)?;
        ui::done(format_args!("deleted {name}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Deletes what is kept no longer. Nobody sees it: what can't be deleted `doctor` names.
pub fn sweep(context: &Context) -> ExitCode {
    purge::sweep_now(&context.project, context.layout.keep_removed);
    ExitCode::SUCCESS
}

/// Asks whether sessions may be deleted with all that is in them.
///
/// # Errors
/// If the user does not want it, or can't be asked.
pub fn ask_for_sessions(names: &[SessionName], yes: bool) -> Result<()> {
    let names: Vec<_> = names.iter().map(SessionName::as_str).collect();
    let names = names.join(" ");
    ui::say(format_args!(
        "{names}: all that is in the worktree goes for good, and the commits that nothing else holds"
    ));
    agree(yes, &format!("tally-session remove --purge --yes {names}"))
}

fn agree(yes: bool, again: &str) -> Result<()> {
    if yes {
        return Ok(());
    }
    match ui::agrees("delete it for good?") {
        Some(true) => Ok(()),
        Some(false) => {
            Err(anyhow!("nothing was deleted")).hint(format!("without a question: {again}"))
        }
        None => Err(anyhow!(
            "what is deleted can't be had back, and there is no terminal to ask on"
        ))
        .hint(format!("delete it without a question: {again}")),
    }
}

/// What goes for good with something, in a line or a few.
fn what_is_lost(context: &Context, removed: &Removed) -> Result<String> {
    let lost = removed.lost(&context.project)?;
    let mut text = format!(
        "{}, removed {}: {} of files",
        removed.about.name,
        age(removed.since()),
        size(lost.bytes)
    );
    if !removed.about.went.is_empty() {
        write!(text, "\n  in no commit: {}", named(&removed.about.went))?;
    }
    if !lost.commits.is_empty() {
        write!(
            text,
            "\n  on no branch and no remote: {}",
            named(&lost.commits)
        )?;
    }
    Ok(text)
}
