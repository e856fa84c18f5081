//! `opening` and `hook`: what a session's Claude is started with, and what it tells of itself.

use super::Context;
use crate::claude::settings::Event;
use crate::layout::Layout;
use crate::name::SessionName;
use crate::session::Session;
use crate::session::windows::{opening, telling};
use crate::store::records::Records;
use crate::ui;
use anyhow::Result;
use std::path::Path;

/// The claude window asks for it when its line is run, also when the user runs it again.
pub fn opening(context: &Context, name: &str) -> Result<()> {
    let name = SessionName::parse(name)?;
    let records = Records::read(&context.project.main)?;
    let session = Session::find(&context.project, &context.layout, &records, &name, "resume")?;
    ui::as_it_is(opening::command(&session, &context.claude)?);
    Ok(())
}

/// Claude waits for this, and must not be bothered with what goes wrong: a session that is gone has nothing to say.
pub fn hook(dir: Option<&Path>, event: Event, name: &str) {
    let _ = told(dir, event, name);
}

fn told(dir: Option<&Path>, event: Event, name: &str) -> Result<()> {
    let (_, project) = super::project_at(dir)?;
    let layout = Layout::read(&project.main)?;
    let records = Records::read(&project.main)?;
    let session = Session::find(
        &project,
        &layout,
        &records,
        &SessionName::parse(name)?,
        "resume",
    )?;
    match event {
        Event::Start => ui::as_it_is(telling::about(&session)?),
        Event::Told => opening::task_is_told(&session),
        Event::Asks | Event::Done => {}
    }
    telling::mark(&session, event)
}
