//! Giving a session its record, with the ports that are its own from then on.

use super::hold::{Hold, Unfinished};
use super::{hidden, lock_store, tmux_name};
use crate::git::{Start, worktrees};
use crate::hint::{Hint, with_hint};
use crate::layout::Layout;
use crate::listeners;
use crate::name::SessionName;
use crate::ports;
use crate::project::Project;
use crate::store::records::{Record, Records};
use crate::tmux;
use anyhow::{Error, Result, anyhow};

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

/// Gives a session its record again, as after the store was lost: its worktree is where one of this name is, and on its branch.
/// The variables that name the ports have to follow.
///
/// # Errors
/// If its windows are open, or a record can't be had or written.
pub fn take_in(project: &Project, layout: &Layout, name: &SessionName) -> Result<()> {
    let path = project.worktree_path(name);
    let has_record = || Ok::<_, Error>(Records::read(&project.main)?.find(name).is_some());
    if has_record()? || !project.owns_worktree(&path) {
        return Ok(());
    }
    let worktrees = worktrees::list(&project.common)?;
    let found = worktrees.iter().find(|worktree| worktree.is_at(&path));
    if found.and_then(|worktree| worktree.branch.as_deref()) != Some(name.as_str()) {
        return Ok(());
    }
    let mut hold = Hold::take(project, name)?;
    // An add may have been making it.
    if has_record()? {
        return Ok(());
    }
    let tmux_name = tmux_name(project, name);
    if tmux::sessions()?.iter().any(|tmux| tmux.name == tmux_name) {
        let error = anyhow!("no record has the worktree of {name}, and its windows are open");
        let close = tmux::kill_command(&tmux_name);
        return Err(with_hint(
            error,
            format!(
                "close them, and make it a session again: {close} && tally-session resume {name}"
            ),
        ));
    }
    hidden::hide_our_own(project)?;
    hold.begin(Unfinished {
        start: Start::Existing,
        prompt: None,
        is_new: false,
    })?;
    let written = write(project, layout, name);
    if written.is_err() {
        hold.finish();
    }
    written.map(drop)
}
