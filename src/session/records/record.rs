//! Giving a session its record, with the ports that are its own from then on.

use crate::hint::{Hint, with_hint};
use crate::layout::Layout;
use crate::listeners;
use crate::name::SessionName;
use crate::ports::{self, Port};
use crate::project::Project;
use crate::session::belongings::hidden;
use crate::session::records::hold::{Hold, Unfinished};
use crate::session::records::unrecorded::Unrecorded;
use crate::session::{foreign_windows, lock_store, owns, tmux_name};
use crate::store::record::Record;
use crate::store::records::Records;
use crate::tmux;
use anyhow::{Result, anyhow};
use std::collections::BTreeSet;

/// Refuses a name that the store has, or one that comes to the same in a path or in tmux, on a file system too that takes
/// names for one which differ in case alone.
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
    match like(project, name, records) {
        Some(other) if other.differs_in_case(name.as_str()) => Err(anyhow!(
            "there is a session {other} already, which differs from {name} in case alone"
        ))
        .hint(format!(
            "if it is the one you mean: tally-session attach {other}"
        ))
        .hint("choose another name"),
        Some(other) => Err(anyhow!(
            "the session {other} has the folder or the tmux name that {name} would get"
        ))
        .hint("choose another name"),
        None => Ok(()),
    }
}

/// The session of this name, or of one that comes to the same in a path or in tmux, whatever the case of its letters is.
pub fn like<'a>(
    project: &Project,
    name: &SessionName,
    records: &'a Records,
) -> Option<&'a SessionName> {
    let is_same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    let is_like = |other: &&SessionName| {
        is_same(&other.slug(), &name.slug())
            || is_same(&tmux_name(project, other), &tmux_name(project, name))
    };
    records.iter().map(|(other, _)| other).find(is_like)
}

/// Picks the ports and writes the record, under the store's lock. Gives the others that have ports and no record, too.
///
/// # Errors
/// If the name is refused, no port is free, or the store can't be read or written.
pub fn write(
    project: &Project,
    layout: &Layout,
    name: &SessionName,
) -> Result<(Record, Vec<Unrecorded>)> {
    let _lock = lock_store(project)?;
    let mut records = Records::read(&project.main)?;
    check(project, name, &records)?;
    let mut taken = records.ports();
    let mut lost = Unrecorded::all(project)?;
    lost.retain(|lost| lost.kept.is_some());
    let kept = lost.iter().filter_map(|lost| lost.kept.as_ref());
    taken.extend(kept.flat_map(Record::ports));
    let picked = pick(layout, taken, |_| true)?;
    let record = Record::new(picked, project.worktree_path(name), name.as_str());
    records.put(name, record.clone());
    records.write(&project.main)?;
    Ok((record, lost))
}

/// The next free port for each service that wants one, beside those that are taken.
///
/// # Errors
/// If there is none.
pub fn pick(
    layout: &Layout,
    mut taken: BTreeSet<Port>,
    wants: impl Fn(&str) -> bool,
) -> Result<Vec<(String, Port)>> {
    let wanting = layout.ports.iter().filter(|(service, _)| wants(service));
    let picked = wanting.map(|(service, &first)| {
        let port = ports::next_free(first, &taken, listeners::is_free)?;
        taken.insert(port);
        Ok((service.clone(), port))
    });
    picked.collect()
}

/// Writes the copy of a session's record into the store again, with other ports where another session has its own by now.
/// Gives what there is to tell, and whether it has other ports.
fn put_again(
    project: &Project,
    layout: &Layout,
    name: &SessionName,
    mut kept: Record,
) -> Result<(String, bool)> {
    let _lock = lock_store(project)?;
    let mut records = Records::read(&project.main)?;
    let taken = records.ports();
    let is_taken = |service: &str| kept.port(service).is_some_and(|port| taken.contains(&port));
    let mut moved = Vec::new();
    for (service, port) in pick(layout, taken.clone(), is_taken)? {
        let old = kept.port(&service);
        moved.extend(old.map(|old| format!("{port} for {old}")));
        kept.set_port(&service, port);
    }
    records.put(name, kept);
    records.write(&project.main)?;
    let again = format!("{name} had no record, and has it again");
    Ok(if moved.is_empty() {
        (again, false)
    } else {
        let moved = moved.join(" and ");
        let restart = format!("tally-session restart {name}");
        let told = format!(
            "{again}, with the ports {moved}, which another session has now: what runs keeps its own until {restart}"
        );
        (told, true)
    })
}

/// Gives a session its record again, as after the store was lost: its worktree is where one of this name is, and on its branch.
/// Gives what there is to tell, if it did.
///
/// # Errors
/// If its windows are open and nothing is known of them, or a record can't be had or written.
pub fn take_in(project: &Project, layout: &Layout, name: &SessionName) -> Result<Option<String>> {
    let lost = || Unrecorded::find(project, name);
    if lost()?.is_none() {
        return Ok(None);
    }
    let mut hold = Hold::take(project, name)?;
    // Another command may have been at work on it.
    let Some(lost) = lost()? else {
        return Ok(None);
    };
    check(project, name, &Records::read(&project.main)?)?;
    let mut begin = || match hold.unfinished {
        None => hold.begin(Unfinished::of_existing()),
        Some(_) => Ok(()),
    };
    if let Some(kept) = lost.kept {
        let (told, is_moved) = put_again(project, layout, name, kept)?;
        if is_moved {
            begin()?;
        }
        hidden::hide_our_own(project)?;
        return Ok(Some(told));
    }
    let tmux_name = tmux_name(project, name);
    let open = tmux::sessions()?;
    if let Some(own) = open.iter().find(|tmux| owns(project, name, tmux)) {
        let error = anyhow!("no record has the worktree of {name}, and its windows are open");
        let close = tmux::kill_command(&own.name);
        return Err(with_hint(
            error,
            format!(
                "close them, and make it a session again: {close} && tally-session resume {name}"
            ),
        ));
    }
    if let Some(foreign) = open.iter().find(|tmux| tmux.name == tmux_name) {
        return Err(foreign_windows(project, foreign));
    }
    hidden::hide_our_own(project)?;
    begin()?;
    write(project, layout, name)?;
    let files: Vec<_> = layout.env.keys().map(String::as_str).collect();
    let follow = match files[..] {
        [] => String::new(),
        _ => format!(", also in {}", files.join(", ")),
    };
    Ok(Some(format!(
        "{name} had no record: it has new ports{follow}"
    )))
}
