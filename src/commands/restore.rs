//! `restore`: brings back what was removed, and its windows.

use super::list::removed;
use super::{Context, resume};
use crate::session::restore;
use crate::ui;
use anyhow::Result;

pub fn run(context: &Context, wanted: Option<&str>) -> Result<()> {
    let Some(wanted) = wanted else {
        return removed::show(context, false);
    };
    let restored = restore::restore(&context.project, &context.layout, &context.claude, wanted)?;
    ui::outcome(&restored.notes, format_args!("restored {}", restored.name));
    if restored.is_session {
        resume::bring_back(context, Some(&[restored.name]))?;
    }
    Ok(())
}
