//! The sessions' ports, and who holds them.

use crate::finding::Finding;
use crate::ports::Port;
use crate::process::quote;
use crate::processes::Table;
use crate::session::Session;
use crate::session::windows::living::{self, Life, Living};
use crate::session::windows::servers::{Held, Left};
use crate::tmux::TmuxSession;
use std::collections::BTreeMap;

/// Who listens on a session's ports. Without `tmux` it is not known whether its windows are open.
pub fn check(
    session: &Session<'_>,
    tmux: Option<&[TmuxSession]>,
    living: &[Living<'_>],
    table: &Table,
) -> Vec<Finding> {
    let left = match Left::of(session, table, &[]) {
        Ok(left) => left,
        Err(error) => return vec![Finding::error(format!("{}:", session.name), &error)],
    };
    let is_open = tmux.map(|tmux| living::shown_in(session, tmux).is_some());
    let ports = session.ports();
    let findings = ports.filter_map(|(service, port)| {
        let checked = format!("{}: the {service}'s port {port}", session.name);
        match left.ports.iter().find(|held| held.port == port) {
            Some(held) => Some(is_held(session, checked, service, held, is_open)),
            None if is_open == Some(true) => not_up(session, living, checked, service),
            None => Some(Finding::fine(checked, "is free")),
        }
    });
    findings.collect()
}

/// That somebody listens on a port, where the session's windows are open or not, if that is known.
fn is_held(
    session: &Session<'_>,
    checked: String,
    service: &str,
    held: &Held,
    is_open: Option<bool>,
) -> Finding {
    let (name, who) = (&session.name, held.who());
    if held.is_own {
        let closed = held.holder().filter(|_| is_open == Some(false));
        let Some(process) = closed else {
            return Finding::fine(checked, format!("is served by {who}"));
        };
        let found = format!("is held by {who}, which came from windows that are closed");
        return Finding::failed(checked, found).cure(format!(
            "end it, or go to the tmux server that has the windows of {name}: kill {}",
            process.pid
        ));
    }
    if !session.layout.has_in_a_window(service) {
        let found = format!("is served by {who}, which no window has started");
        return Finding::fine(checked, found);
    }
    let found = format!("is held by {who}, which is not the session's");
    Finding::failed(checked, found).cure(if is_open == Some(true) {
        format!(
            "end that process if you can spare it, or take another port: tally-session restart {name}"
        )
    } else {
        format!("take another port: tally-session resume {name}")
    })
}

/// That nobody listens on a port; nothing where that follows from what has become of the server's window.
fn not_up(
    session: &Session<'_>,
    living: &[Living<'_>],
    checked: String,
    service: &str,
) -> Option<Finding> {
    let mut serving = living.iter().filter(|living| living.window.serves(service));
    match serving.next() {
        Some(living) if living.is_starting() => {
            return Some(Finding::fine(
                checked,
                "is not served yet: its server starts",
            ));
        }
        Some(living) if living.life != Life::Runs => return None,
        _ => {}
    }
    let placeholder = format!("{{{service}_port}}");
    let windows = || session.layout.windows.iter();
    let serving = windows().find(|window| window.serves(service));
    let window = serving
        .or_else(|| windows().find(|window| window.name.contains(&placeholder)))
        .and_then(|window| session.expand(&window.name).ok())
        .map_or_else(String::new, |window| format!(" in the window {window}"));
    let dead = Finding::failed(checked, "is not served, though the session runs").cure(format!(
        "see why{window}: tally-session attach {}",
        session.name
    ));
    // Where no window is said to serve it, it may be served by hand.
    Some(match serving {
        Some(_) => dead,
        None => dead.only_warns(),
    })
}

/// Ports that several records have.
pub fn shared(sessions: &[Session<'_>], tmux: Option<&[TmuxSession]>) -> Vec<Finding> {
    let mut by_port: BTreeMap<Port, Vec<&Session<'_>>> = BTreeMap::new();
    for session in sessions {
        for (_, port) in session.ports() {
            by_port.entry(port).or_default().push(session);
        }
    }
    let is_open =
        |session: &Session<'_>| tmux.is_some_and(|tmux| living::shown_in(session, tmux).is_some());
    by_port.retain(|_, sharers| sharers.len() > 1);
    let shared = by_port.into_iter().map(|(port, mut sharers)| {
        // One that runs may keep it.
        sharers.sort_by_key(|session| !is_open(session));
        let (first, last) = (sharers[0], sharers[sharers.len() - 1]);
        let names: Vec<_> = sharers.iter().map(|one| one.name.as_str()).collect();
        let verb = if is_open(last) { "restart" } else { "resume" };
        let found = format!("is in the records of {}", names.join(" and "));
        Finding::failed(format!("port {port}"), found).cure(format!(
            "while {}'s server runs: tally-session {verb} {}",
            first.name,
            quote(last.name.as_str())
        ))
    });
    shared.collect()
}
