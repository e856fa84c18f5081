//! `logs`: the end of what a session's windows show, as text.

use super::Context;
use crate::cli;
use crate::hint::Hint;
use crate::name::SessionName;
use crate::processes::panes::Stopped;
use crate::session::Session;
use crate::session::windows::living::{self, Life, Living};
use crate::session::windows::open;
use crate::store::records::Records;
use crate::tmux::screen;
use crate::ui;
use anyhow::{Result, anyhow};

pub fn run(context: &Context, args: &cli::Logs) -> Result<()> {
    let records = Records::read(&context.project.main)?;
    let (name, window) = of(context, &records, args)?;
    let session = Session::find(&context.project, &context.layout, &records, &name, "logs")?;
    let tmux = open::all(&context.project)?;
    let living = living::look(&session, &tmux, &Stopped::default());
    let wanted = |living: &&Living<'_>| match &window {
        Some(window) => living.window.key == *window,
        None => session
            .ports()
            .any(|(service, _)| living.window.serves(service)),
    };
    let keys: Vec<_> = keys(context).collect();
    if let Some(window) = window.as_deref().filter(|window| !keys.contains(window)) {
        return Err(anyhow!("{name} has no window {window}"))
            .hint(format!("it has these: {}", keys.join(", ")));
    }
    let shown = living.iter().filter(wanted);
    let open = shown.filter(|living| living.life != Life::Closed);
    let panes: Vec<_> = open
        .filter_map(|living| Some((&living.window.key, living.pane.as_ref()?)))
        .collect();
    if panes.is_empty() {
        let closed = match &args.window {
            Some(window) => anyhow!("the window {window} of {name} is closed"),
            None => anyhow!("the servers' windows of {name} are closed"),
        };
        return Err(closed).hint(format!("open what is closed: tally-session resume {name}"));
    }
    for (at, (key, pane)) in panes.iter().enumerate() {
        if panes.len() > 1 {
            let gap = if at > 0 { "\n" } else { "" };
            ui::answer(format_args!("{gap}==> {key} <=="));
        }
        ui::answer(screen::shown(pane, args.lines)?);
    }
    Ok(())
}

fn keys(context: &Context) -> impl Iterator<Item = &str> {
    let windows = context.layout.windows.iter();
    windows.map(|window| window.key.as_str())
}

/// The session and the window that are meant: where one word is there, in a session, that may be either, or begin a window's.
fn of(
    context: &Context,
    records: &Records,
    args: &cli::Logs,
) -> Result<(SessionName, Option<String>)> {
    if let (Some(word), None) = (&args.name, &args.window)
        && keys(context).any(|key| key.starts_with(&**word))
        && SessionName::parse(word).map_or(true, |name| records.find(&name).is_none())
        && let Some(here) = super::session_here(context, records)?
    {
        return Ok((here, Some(word.clone())));
    }
    let mut names = super::names_or_here(context, args.name.as_slice(), "logs")?;
    Ok((names.remove(0), args.window.clone()))
}
