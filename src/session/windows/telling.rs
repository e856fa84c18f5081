//! What a session and its Claude tell each other: where its servers are, and that Claude waits. What gives a [`Result`] fails if
//! this program can't be found, or tmux fails.

use crate::claude::settings::{self, Event};
use crate::process::{self, quote, quote_path};
use crate::session::Session;
use crate::session::windows::{claudes, living, open};
use crate::tmux::{self, TmuxSession};
use anyhow::Result;
use clap::ValueEnum;
use serde_json::Value;

/// The subcommand that hears of it.
pub const COMMAND: &str = "hook";

/// This program at work on a session's project, as a shell runs it.
pub fn call(session: &Session<'_>) -> Result<String> {
    let main = quote_path(&session.project.main);
    Ok(format!("{} -C {main}", process::own()?))
}

/// The settings of a session's Claude.
pub fn settings(session: &Session<'_>) -> Result<Value> {
    let (program, call) = (process::own()?, call(session)?);
    let name = quote(session.name.as_str());
    let rings = session.layout.claude.bell;
    let hears = |event| rings || event == Event::Start;
    Ok(settings::text(&session.env(), hears, |event| {
        let event = event.to_possible_value();
        let event = event.as_ref().map_or("", |event| event.get_name());
        // Whatever becomes of this program, Claude does not hear of it.
        format!("[ ! -x {program} ] || {call} {COMMAND} {event} {name} 2>/dev/null || :")
    }))
}

/// What Claude has to know of its session.
pub fn about(session: &Session<'_>) -> Result<String> {
    let (name, project) = (&session.name, &session.project.name);
    let call = call(session)?;
    let mut lines = vec![format!(
        "This is the session {name} of the project {project}: a git worktree with servers of its own, which run in windows of tmux. Do not start others; use these:"
    )];
    lines.extend(session.ports().map(|(service, port)| {
        let mut windows = session.layout.windows.iter();
        let window = windows.find(|window| window.serves(service));
        let read = window.map_or_else(String::new, |window| {
            let key = &window.key;
            format!(", in the window {key}; what that shows: {call} logs {name} {key}")
        });
        format!("- {service}: {}{read}", session.url(port))
    }));
    lines.push(format!(
        "A server that has ended is started again, in its window, by: {call} resume {name}"
    ));
    Ok(lines.join("\n"))
}

/// Has tmux show that a session's Claude waits for its user, or that it does not any more.
pub fn mark(session: &Session<'_>, event: Event) -> Result<()> {
    let claudes = |all: Vec<TmuxSession>| {
        let panes = living::panes(session, &all).into_iter();
        let mut claudes = panes.filter(|pane| claudes::is_claudes(session, pane));
        claudes.next().cloned()
    };
    // Claude waits for this, and mostly it runs there; in the background it has no window.
    let mut pane = claudes(open::here(session.project)?);
    if pane.is_none() {
        pane = claudes(open::all(session.project)?);
    }
    let Some(pane) = pane else {
        return Ok(());
    };
    match event {
        Event::Start | Event::Told => tmux::calm(&pane),
        Event::Asks => tmux::call(&pane, &format!("{}?", session.name)),
        Event::Done => tmux::call(&pane, session.name.as_str()),
    }
}
