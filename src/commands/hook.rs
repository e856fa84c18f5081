//! `hook`: what a session's Claude tells of itself. Claude waits for it, and must not be bothered with what goes wrong.

use crate::claude::settings::Event;
use crate::cli;
use crate::layout::Layout;
use crate::name::SessionName;
use crate::session::Session;
use crate::session::windows::{opening, telling};
use crate::store::records::Records;
use crate::ui;
use anyhow::Result;
use std::path::PathBuf;
use std::process::ExitCode;

pub fn run(dir: Option<PathBuf>, args: &cli::Hook) -> ExitCode {
    // A session that is gone has nothing to say.
    let _ = told(dir, args);
    ExitCode::SUCCESS
}

fn told(dir: Option<PathBuf>, args: &cli::Hook) -> Result<()> {
    let (_, project) = super::project_at(dir)?;
    let layout = Layout::read(&project.main)?;
    let records = Records::read(&project.main)?;
    let name = SessionName::parse(&args.name)?;
    let Some(record) = records.find(&name) else {
        return Ok(());
    };
    let session = Session::new(&project, &layout, &name, record);
    match args.event {
        Event::Start => ui::as_it_is(telling::about(&session)?),
        Event::Told => opening::task_is_told(&session),
        Event::Asks | Event::Done => {}
    }
    telling::mark(&session, args.event)
}
