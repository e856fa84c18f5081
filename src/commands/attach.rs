//! `attach`: goes to a session, after resuming it if it is stopped.

use super::Context;
use crate::cli;
use crate::name::SessionName;
use crate::session::Session;
use crate::session::windows::living;
use crate::store::records::Records;
use crate::tmux;
use crate::ui;
use anyhow::Result;
use std::process::ExitCode;

pub fn run(context: &Context, args: &cli::Attach) -> Result<ExitCode> {
    let name = args.name.as_ref().map(|name| SessionName::parse(name));
    let name = name.transpose()?;
    let records = Records::read(&context.project.main)?;
    let name = name.map_or_else(|| choose(context, &records), Ok)?;
    let session = Session::find(&context.project, &context.layout, &records, &name, "attach")?;
    let open = tmux::sessions()?;
    if let Some(own) = living::shown_in(&session, &open).filter(|tmux| !tmux.is_pending()) {
        return super::show_windows(&name, own);
    }
    super::resume::run(
        context,
        &cli::Resume {
            names: vec![name.to_string()],
            attach: true,
            no_hooks: false,
        },
    )
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
    chosen
        .cloned()
        .ok_or_else(|| super::which(context, records, "attach"))
}
