//! Giving a session its record, with the ports that are its own from then on.

use super::{lock_store, tmux_name};
use crate::hint::Hint;
use crate::layout::Layout;
use crate::listeners;
use crate::name::SessionName;
use crate::ports;
use crate::project::Project;
use crate::store::records::{Record, Records};
use anyhow::{Result, anyhow};

/// Refuses a name that the store has, or one that comes to the same in a path or in tmux.
///
/// # Errors
/// The refusal.
pub fn check(project: &Project, name: &SessionName, records: &Records) -> Result<()> {
    if records.find(name).is_some() {
        return Err(anyhow!("there is a session {name} already"))
            .hint(format!(
                "bring it back, or finish it: tally-session resume {name}"
            ))
            .hint(format!("clear it away: tally-session remove {name}"));
    }
    let same = |other: &SessionName| {
        other.slug() == name.slug() || tmux_name(project, other) == tmux_name(project, name)
    };
    match records.iter().find(|(other, _)| same(other)) {
        Some((other, _)) => Err(anyhow!(
            "the session {other} has the folder or the tmux name that {name} would get"
        ))
        .hint("choose another name"),
        None => Ok(()),
    }
}

/// Picks the ports and writes the record, under the store's lock.
///
/// # Errors
/// If the name is refused, no port is free, or the store can't be read or written.
pub fn write(project: &Project, layout: &Layout, name: &SessionName) -> Result<Record> {
    let _lock = lock_store(project)?;
    let mut records = Records::read(&project.main)?;
    check(project, name, &records)?;
    let mut taken = records.ports();
    let mut picked = Vec::new();
    for (service, &first) in &layout.ports {
        let port = ports::next_free(first, &taken, listeners::is_free)?;
        taken.insert(port);
        picked.push((service.clone(), port));
    }
    let record = Record::new(picked, project.worktree_path(name), name.as_str());
    records.put(name, record.clone());
    records.write(&project.main)?;
    Ok(record)
}
