//! Finding the session that was meant.

use super::Session;
use super::loss::removed::Removed;
use super::records::unrecorded::Unrecorded;
use crate::hint::{Hint, with_hint};
use crate::layout::Layout;
use crate::name::SessionName;
use crate::project::Project;
use crate::store::records::Records;
use anyhow::{Result, anyhow};

impl<'a> Session<'a> {
    /// The session of this name, from the store. `command` is what to type again with the name that was meant.
    ///
    /// # Errors
    /// If the store has no such session.
    pub fn find(
        project: &'a Project,
        layout: &'a Layout,
        records: &Records,
        name: &SessionName,
        command: &str,
    ) -> Result<Self> {
        if let Some(record) = records.find(name) {
            return Ok(Self::new(project, layout, name, record));
        }
        let mut error = anyhow!("there is no session {name}");
        let mut removed = Removed::all(project).into_iter();
        if removed.any(|removed| removed.about.name == *name) {
            error = with_hint(
                error,
                format!("it was removed: have it back: tally-session restore {name}"),
            );
        }
        if Unrecorded::find(project, name)?.is_some() {
            error = with_hint(
                error,
                format!(
                    "its worktree is there: make it a session again: tally-session resume {name}"
                ),
            );
        }
        let part_of = records.iter().map(|(known, _)| known);
        let part_of = part_of.filter(|known| name.is_part_of(known));
        let mut meant: Vec<_> = part_of.collect();
        if meant.is_empty() {
            meant.extend(name.most_like(records.iter().map(|(known, _)| known)));
        }
        for meant in meant {
            error = with_hint(
                error,
                format!("did you mean {meant}? tally-session {command} {meant}"),
            );
        }
        Err(error).hint("see which there are: tally-session list")
    }
}
