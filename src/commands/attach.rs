//! `attach`: goes to a session, after resuming it if it is stopped.

use super::Context;
use crate::name::SessionName;
use crate::session::Session;
use crate::session::windows::{living, open};
use crate::store::records::Records;
use crate::ui;
use anyhow::Result;

pub fn run(context: &Context, name: Option<&str>) -> Result<()> {
    let name = name.map(SessionName::parse).transpose()?;
    let records = Records::read(&context.project.main)?;
    let name = name.map_or_else(|| choose(context, &records), Ok)?;
    let session = Session::find(&context.project, &context.layout, &records, &name, "attach")?;
    let open = open::all(&context.project)?;
    match living::shown_in(&session, &open).filter(|tmux| !tmux.is_pending()) {
        Some(own) => super::show_windows(&name, own),
        None => super::resume::show(context, &name),
    }
}

/// The session that the user is in, the only one, or the one that he chooses on the terminal.
fn choose(context: &Context, records: &Records) -> Result<SessionName> {
    if let Some(here) = super::session_here(context, records)? {
        return Ok(here);
    }
    let names: Vec<_> = records.iter().map(|(name, _)| name).collect();
    let chosen = match names[..] {
        [only] => Some(only),
        [] => None,
        _ => ui::choose(&names)?.map(|at| names[at]),
    };
    let unknown = || super::which(context, records, "attach");
    chosen.cloned().ok_or_else(unknown)
}
