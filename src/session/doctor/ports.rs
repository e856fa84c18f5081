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
    let open = open(session, tmux);
    let is_closed = tmux.is_some() && open.is_none();
    let ports = session.ports();
    ports
        .filter_map(|(service, port)| {
            let checked = format!("{}: the {service}'s port {port}", session.name);
            Some(match left.ports.iter().find(|held| held.port == port) {
                Some(held) if held.is_own => own(session, checked, held, is_closed),
                Some(held) if !session.layout.has_in_a_window(service) => {
                    let who = held.who();
                    Finding::fine(
                        checked,
                        format!("is served by {who}, which no window has started"),
                    )
                }
                Some(held) => stranger(session, checked, held, open),
                None if open.is_some() => return not_up(session, living, checked, service),
                None => Finding::fine(checked, "is free"),
            })
        })
        .collect()
}

/// The session's tmux session, if it is known to be open.
fn open<'a>(session: &Session<'_>, tmux: Option<&'a [TmuxSession]>) -> Option<&'a TmuxSession> {
    living::shown_in(session, tmux?)
}

fn own(session: &Session<'_>, checked: String, held: &Held, is_closed: bool) -> Finding {
    let who = held.who();
    match held.holder() {
        Some(process) if is_closed => Finding::failed(
            checked,
            format!("is held by {who}, which came from windows that are closed"),
        )
        .cure(format!(
            "end it, or go to the tmux server that has the windows of {}: kill {}",
            session.name, process.pid
        )),
        _ => Finding::fine(checked, format!("is served by {who}")),
    }
}

fn stranger(
    session: &Session<'_>,
    checked: String,
    held: &Held,
    open: Option<&TmuxSession>,
) -> Finding {
    let resume = format!("tally-session resume {}", session.name);
    let move_off = match open {
        Some(_) => format!(
            "end that process if you can spare it, or take another port: tally-session restart {}",
            session.name
        ),
        None => format!("take another port: {resume}"),
    };
    let found = format!("is held by {}, which is not the session's", held.who());
    Finding::failed(checked, found).cure(move_off)
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
        .and_then(|window| session.expand(&window.name).ok());
    let attach = format!("tally-session attach {}", session.name);
    let what = "is not served, though the session runs";
    // Where no window is said to serve it, it may be served by hand.
    let dead = if serving.is_some() {
        Finding::failed(checked, what)
    } else {
        Finding::warning(checked, what)
    };
    Some(dead.cure(match window {
        Some(window) => format!("see why in the window {window}: {attach}"),
        None => format!("see why: {attach}"),
    }))
}

/// Ports that several records have.
pub fn shared(sessions: &[Session<'_>], tmux: Option<&[TmuxSession]>) -> Vec<Finding> {
    let mut by_port: BTreeMap<Port, Vec<&Session<'_>>> = BTreeMap::new();
    for session in sessions {
        for (_, port) in session.ports() {
            by_port.entry(port).or_default().push(session);
        }
    }
    let mut findings = Vec::new();
    for (port, mut sharers) in by_port {
        if sharers.len() < 2 {
            continue;
        }
        // One that runs may keep it.
        sharers.sort_by_key(|session| open(session, tmux).is_none());
        let (first, last) = (sharers[0], sharers[sharers.len() - 1]);
        let names: Vec<_> = sharers
            .iter()
            .map(|session| session.name.as_str())
            .collect();
        let verb = match open(last, tmux) {
            Some(_) => "restart",
            None => "resume",
        };
        findings.push(
            Finding::failed(
                format!("port {port}"),
                format!("is in the records of {}", names.join(" and ")),
            )
            .cure(format!(
                "while {}'s server runs: tally-session {verb} {}",
                first.name,
                quote(last.name.as_str())
            )),
        );
    }
    findings
}
