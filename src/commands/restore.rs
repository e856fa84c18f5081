//! `restore`: brings back what was removed, and its windows.

use super::list::removed;
use super::{Context, resume};
use crate::session::restore;
use crate::ui;
use anyhow::Result;
use std::process::ExitCode;

pub fn run(context: &Context, wanted: Option<&str>) -> Result<ExitCode> {
    let Some(wanted) = wanted else {
        removed::show(context, false)?;
        return Ok(ExitCode::SUCCESS);
    };
    let Context {
        project,
        layout,
        claude,
        ..
    } = context;
    let restored = restore::restore(project, layout, claude, wanted)?;
    ui::outcome(&restored.notes, format_args!("restored {}", restored.name));
    if restored.is_session {
        resume::bring_back(context, Some(&[restored.name]))
    } else {
        Ok(ExitCode::SUCCESS)
    }
}
