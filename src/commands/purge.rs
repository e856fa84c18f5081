//! `purge`: deletes for good what was removed.

use super::Context;
use super::list::removed::{age, not_committed, size};
use crate::hint::Hint;
use crate::session::loss::named::named;
use crate::session::loss::purge::{self, Lost};
use crate::session::loss::removed::{About, Removed};
use crate::session::restore;
use crate::ui;
use anyhow::{Result, anyhow};

pub fn run(context: &Context, names: &[String], yes: bool) -> Result<()> {
    let project = &context.project;
    let doomed = if names.is_empty() {
        Removed::all(project)
    } else {
        let found = names
            .iter()
            .map(|name| restore::find(project, name, "purge"));
        found.collect::<Result<_>>()?
    };
    if doomed.is_empty() {
        ui::done("nothing that was removed is left");
        return Ok(());
    }
    let what = doomed.iter().map(|removed| {
        let title = format!("{}, removed {}", removed.about.name, age(removed.since()));
        Ok(what_is_lost(
            &title,
            &removed.about,
            &removed.lost(project)?,
        ))
    });
    let what = what.collect::<Result<Vec<_>>>()?;
    let ids: Vec<_> = doomed.iter().map(|removed| removed.id.as_str()).collect();
    let again = format!("tally-session purge --yes {}", ids.join(" "));
    agree(&what.join("\n"), yes, &again)?;
    let results = doomed.into_iter().map(|removed| {
        let name = removed.about.name.clone();
        (name, purge::purge(project, removed))
    });
    super::show_all(results, |name, ()| ui::done(format_args!("deleted {name}")))
}

/// Deletes what is kept no longer. Nobody sees it: what can't be deleted `doctor` names.
pub fn sweep(context: &Context) {
    purge::sweep_now(&context.project, context.layout.keep_removed);
}

/// Asks whether this may go for good; where nobody is asked, it is said. `again` is the command that does not ask.
///
/// # Errors
/// If the user does not want it, or can't be asked.
pub fn agree(what: &str, yes: bool, again: &str) -> Result<()> {
    let (refused, cure) = match ui::agrees(what, yes, "delete it for good?") {
        Some(true) => return Ok(()),
        Some(false) => ("nothing was deleted", "without a question"),
        None => {
            ui::say(what);
            (
                "what is deleted can't be had back, and there is no terminal to ask on",
                "delete it without a question",
            )
        }
    };
    Err(anyhow!(refused)).hint(format!("{cure}: {again}"))
}

/// What goes for good with something, in a line or a few.
pub fn what_is_lost(title: &str, about: &About, lost: &Lost) -> String {
    // Of what is expired the files are gone.
    let files = if about.expired {
        Vec::new()
    } else {
        not_committed(about, &lost.beside_git)
    };
    let mut lines = vec![format!("{title}: {} of files", size(lost.bytes))];
    for (what, all) in [
        ("in no commit", &files),
        ("on no branch and no remote", &lost.commits),
    ] {
        if !all.is_empty() {
            lines.push(format!("  {what}: {}", named(all)));
        }
    }
    lines.join("\n")
}
