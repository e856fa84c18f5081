//! What a session and its Claude tell each other: where its servers are, and that Claude waits.

use crate::claude::settings::{self, Event};
use crate::process::{self, quote};
use crate::session::Session;
use crate::session::windows::{claudes, living};
use crate::tmux::{self, TmuxSession};
use anyhow::Result;
use clap::ValueEnum;
use serde_json::Value;

/// The subcommand that hears of it.
pub const COMMAND: &str = "hook";

/// The settings of a session's Claude.
///
/// # Errors
/// If this program can't be found.
pub fn settings(session: &Session<'_>) -> Result<Value> {
    let program = process::own()?;
    let main = quote(&session.project.main.to_string_lossy());
    let name = quote(session.name.as_str());
    let rings = session.layout.claude.bell;
    Ok(settings::text(
        &session.env(),
        |event| rings || event == Event::Start,
        |event| {
            let event = event.to_possible_value();
            let event = event.as_ref().map_or("", |event| event.get_name());
            // Whatever becomes of this program, Claude does not hear of it.
            format!(
                "[ ! -x {program} ] || {program} -C {main} {COMMAND} {event} {name} 2>/dev/null || :"
            )
        },
    ))
}

/// What Claude has to know of its session.
///
/// # Errors
/// If this program can't be found.
pub fn about(session: &Session<'_>) -> Result<String> {
    let (name, project) = (&session.name, &session.project.name);
    let mut lines = vec![format!(
        "This is the session {name} of the project {project}: a git worktree with servers of its own, which run in windows of tmux. Do not start others; use these:"
    )];
    let call = format!(
        "{} -C {}",
        process::own()?,
        quote(&session.project.main.to_string_lossy())
    );
    for (service, port) in session.ports() {
        let mut windows = session.layout.windows.iter();
        let window = windows.find(|window| window.serves(service));
        let read = window.map(|window| {
            let key = &window.key;
            format!(", in the window {key}; what that shows: {call} logs {name} {key}")
        });
        lines.push(format!(
            "- {service}: {}{}",
            session.url(port),
            read.unwrap_or_default()
        ));
    }
    lines.push(format!(
        "A server that has ended is started again, in its window, by: {call} resume {name}"
    ));
    Ok(lines.join("\n"))
}

/// Has tmux show that a session's Claude waits for its user, or that it does not any more.
///
/// # Errors
/// If tmux fails.
pub fn mark(session: &Session<'_>, event: Event) -> Result<()> {
    let claudes = |all: Vec<TmuxSession>| {
        let mut panes = living::panes(session, &all).into_iter();
        panes
            .find(|pane| claudes::is_claudes(session, pane))
            .cloned()
    };
    // Claude waits for this, and mostly it runs there; in the background it has no window.
    let here = claudes(tmux::here()?);
    let Some(pane) = here.map_or_else(|| tmux::sessions().map(claudes), |pane| Ok(Some(pane)))?
    else {
        return Ok(());
    };
    match event {
        Event::Start | Event::Told => tmux::calm(&pane),
        Event::Asks => tmux::call(&pane, &format!("{}?", session.name)),
        Event::Done => tmux::call(&pane, session.name.as_str()),
    }
}
