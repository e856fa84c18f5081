//! `opening`: what the claude window asks for when its line is run, also when the user runs it again.

use super::Context;
use crate::cli;
use crate::name::SessionName;
use crate::session::Session;
use crate::session::windows::opening;
use crate::store::records::Records;
use crate::ui;
use anyhow::Result;
use std::process::ExitCode;

pub fn run(context: &Context, args: &cli::Opening) -> Result<ExitCode> {
    let name = SessionName::parse(&args.name)?;
    let records = Records::read(&context.project.main)?;
    let session = Session::find(&context.project, &context.layout, &records, &name, "resume")?;
    ui::as_it_is(opening::command(&session, &context.claude)?);
    Ok(ExitCode::SUCCESS)
}
