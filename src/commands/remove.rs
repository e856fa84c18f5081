//! `remove`: clears sessions away and says how to have them back.

use super::list::removed::not_committed;
use super::{Context, purge};
use crate::cli;
use crate::hint::Hint;
use crate::name::SessionName;
use crate::process;
use crate::session::loss::named::named;
use crate::session::loss::removed::{About, Removed};
use crate::session::remove::{self, Wish};
use crate::session::truth::status::{self, Status};
use crate::session::{self};
use crate::store::records::Records;
use crate::ui;
use anyhow::{Result, anyhow};
use std::process::ExitCode;

pub fn run(context: &Context, args: &cli::Remove) -> Result<ExitCode> {
    let names = if args.merged {
        merged(context, args)?
    } else {
        super::names_or_here(context, &args.names, "remove")?
    };
    let wish = Wish {
        force: args.force,
        keep_branch: args.keep_branch,
        purge: args.purge,
        yes: args.yes,
        no_hooks: args.no_hooks,
    };
    let without_question = Wish { yes: true, ..wish }.typed(&names);
    if let Some(own) = super::closing_here(context, &names)? {
        if args.purge && !args.yes {
            return Err(anyhow!(
                "what is deleted can't be had back, and this window of {own} closes before you could answer"
            ))
            .hint(format!("delete it without a question: {without_question}"));
        }
        return Ok(process::outlive_terminal()?);
    }
    let results = names
        .into_iter()
        .map(|name| {
            let removed = remove::remove(
                &context.project,
                &context.layout,
                &context.claude,
                &name,
                wish,
                |about, lost| {
                    let what = purge::what_is_lost(name.as_str(), about, lost);
                    purge::agree(&what, args.yes, &without_question)
                },
            );
            let shown = removed.and_then(|outcome| {
                outcome.notes.iter().for_each(ui::warn);
                let Some(removed) = outcome.removed else {
                    ui::done(format_args!("removed {name}"));
                    return Ok(());
                };
                if args.purge {
                    removed.purge(&context.project)?.iter().for_each(ui::warn);
                    ui::done(format_args!("removed {name} for good"));
                    return Ok(());
                }
                ui::done(format_args!("removed {name}"));
                show_way_back(context, &removed)
            });
            (name, shown)
        })
        .collect();
    Ok(super::show_all(results, |_, ()| {}))
}

/// The sessions that were worked in and have nothing to lose, that no terminal shows and whose Claude does nothing, if the user
/// agrees.
fn merged(context: &Context, args: &cli::Remove) -> Result<Vec<SessionName>> {
    let records = Records::read(&context.project.main)?;
    let sessions = session::all(&context.project, &context.layout, &records);
    let judged = status::judge(&context.project, &context.claude, &sessions)?;
    let is_idle = |status: &Status<'_>| {
        let claude = status.claude.as_ref();
        claude.is_none_or(|doing| doing.word == "idle" && !doing.in_background)
    };
    let merged = judged
        .iter()
        .filter(|status| status.is_merged && !status.attached && is_idle(status));
    let names: Vec<_> = merged.map(|status| status.session.name.clone()).collect();
    let typed: Vec<_> = names.iter().map(SessionName::as_str).collect();
    let typed = typed.join(", ");
    if names.is_empty() {
        ui::done("no session is merged and out of use");
    } else if args.yes {
        ui::say(format_args!("merged: {typed}"));
    } else {
        let agrees = ui::agrees(format_args!("merged: {typed}"), "clear them away?");
        let refused = match agrees {
            Some(true) => return Ok(names),
            Some(false) => "nothing was removed",
            None => "there is no terminal to ask on",
        };
        return Err(anyhow!("{refused}; merged are: {typed}"))
            .hint("without a question: tally-session remove --merged --yes");
    }
    Ok(names)
}

/// Says what went that is in no commit, and how to have it back.
fn show_way_back(context: &Context, removed: &Removed) -> Result<()> {
    let About { name, .. } = &removed.about;
    let went = not_committed(&removed.about, &removed.beside_git(&context.project));
    if !went.is_empty() {
        ui::done(format_args!("  with it went: {}", named(&went)));
    }
    let days = context.layout.keep_removed;
    if days > 0 {
        let days = if days == 1 {
            "day"
        } else {
            &format!("{days} days")
        };
        ui::done(format_args!(
            "  for {days} it can be had back: tally-session restore {name}"
        ));
    } else if let Some(newest) = removed.lost(&context.project)?.commits.first() {
        let commit = newest.split(' ').next().unwrap_or_default();
        ui::done(format_args!(
            "  its files are not kept; its commits are: tally-session add {name} --from {commit}"
        ));
    } else {
        ui::done("  its files are not kept");
    }
    Ok(())
}
