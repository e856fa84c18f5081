//! `attach`: goes to a session, after resuming it if it is stopped.

use super::Context;
use crate::cli;
use crate::name::SessionName;
use crate::session::Session;
use crate::session::make::tmux_sessions;
use crate::store::records::Records;
use anyhow::Result;
use std::process::ExitCode;

pub fn run(context: &Context, args: &cli::Attach) -> Result<ExitCode> {
    let name = SessionName::parse(&args.name)?;
    let records = Records::read(&context.project.main)?;
    let session = Session::find(&context.project, &context.layout, &records, &name, "attach")?;
    let open = tmux_sessions(&session)?;
    if let Some(own) = open.first().filter(|tmux| !tmux.is_pending()) {
        return super::show_windows(&name, own);
    }
    super::resume::run(
        context,
        &cli::Resume {
            names: vec![args.name.clone()],
            attach: true,
        },
    )
}
