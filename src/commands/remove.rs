//! `remove`: clears sessions away and says how to have them back.

use super::list::removed::not_committed;
use super::{Context, purge};
use crate::cli;
use crate::hint::Hint;
use crate::name::SessionName;
use crate::process::{self, quote_path};
use crate::session;
use crate::session::loss::named::named;
use crate::session::loss::purge::Lost;
use crate::session::loss::removed::{About, Removed};
use crate::session::remove::{self, Outcome, Wish};
use crate::session::truth::status::{self, Status};
use crate::store::records::Records;
use crate::ui;
use anyhow::{Result, anyhow};

pub fn run(context: &Context, args: &cli::Remove) -> Result<()> {
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
        // There is nobody to ask then.
        let agreed = (args.merged && !args.yes).then_some("--yes");
        return Err(process::outlive_terminal(agreed).into());
    }
    let Context {
        project,
        layout,
        claude,
        ..
    } = context;
    let results = names.into_iter().map(|name| {
        let agree = |about: &About, lost: &Lost| {
            let what = purge::what_is_lost(name.as_str(), about, lost);
            purge::agree(&what, args.yes, &without_question)
        };
        let removed = remove::remove(project, layout, claude, &name, wish, agree);
        let shown = removed.and_then(|outcome| show(context, args, &name, outcome));
        (name, shown)
    });
    let all = super::show_all(results, |_, ()| {});
    if super::current_folder().is_err() {
        let main = quote_path(&project.main);
        ui::done(format_args!("the folder you are in is gone: cd {main}"));
    }
    all
}

/// Says what became of a session; what is to go for good goes now.
fn show(context: &Context, args: &cli::Remove, name: &SessionName, outcome: Outcome) -> Result<()> {
    outcome.notes.iter().for_each(ui::warn);
    match outcome.removed {
        Some(removed) if args.purge => {
            removed.purge(&context.project)?;
            ui::done(format_args!("removed {name} for good"));
            Ok(())
        }
        removed => {
            ui::done(format_args!("removed {name}"));
            removed.map_or(Ok(()), |removed| show_way_back(context, &removed))
        }
    }
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
    let is_doomed = |it: &&Status<'_>| it.is_merged && !it.attached && is_idle(it);
    let merged = judged.iter().filter(is_doomed);
    let names: Vec<_> = merged.map(|status| status.session.name.clone()).collect();
    let typed: Vec<_> = names.iter().map(SessionName::as_str).collect();
    let typed = typed.join(", ");
    if names.is_empty() {
        ui::done("no session is merged and out of use");
        return Ok(names);
    }
    let what = format!("merged: {typed}");
    let refused = match ui::agrees(&what, args.yes, "clear them away?") {
        Some(true) => return Ok(names),
        Some(false) => "nothing was removed",
        None => "there is no terminal to ask on",
    };
    Err(anyhow!("{refused}; merged are: {typed}"))
        .hint("without a question: tally-session remove --merged --yes")
}

/// Says what went that is in no commit, and how to have it back.
fn show_way_back(context: &Context, removed: &Removed) -> Result<()> {
    let About { name, .. } = &removed.about;
    let went = not_committed(&removed.about, &removed.beside_git(&context.project));
    if !went.is_empty() {
        ui::done(format_args!("  with it went: {}", named(&went)));
    }
    let back = |days: &str| format!("for {days} it can be had back: tally-session restore {name}");
    let way = match context.layout.keep_removed {
        0 => {
            let lost = removed.lost(&context.project)?;
            let newest = lost
                .commits
                .first()
                .and_then(|newest| newest.split(' ').next());
            let commits = newest.map_or_else(String::new, |commit| {
                format!("; its commits are: tally-session add {name} --from {commit}")
            });
            format!("its files are not kept{commits}")
        }
        1 => back("a day"),
        days => back(&format!("{days} days")),
    };
    ui::done(format_args!("  {way}"));
    Ok(())
}
