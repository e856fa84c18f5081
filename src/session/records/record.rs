//! Giving a session its record, with the ports that are its own from then on.

use crate::hint::Hint;
use crate::layout::Layout;
use crate::listeners;
use crate::name::SessionName;
use crate::ports::{self, Port};
use crate::project::Project;
use crate::session::belongings::hidden;
use crate::session::records::hold::Hold;
use crate::session::records::unrecorded::Unrecorded;
use crate::session::{change_records, foreign_windows, owns, tmux_name};
use crate::store::record::Record;
use crate::store::records::Records;
use crate::tmux;
use anyhow::{Result, anyhow};
use std::collections::BTreeSet;
use std::fmt::Display;

/// Refuses a name that the store has, or one that comes to the same in a path or in tmux, on a file system too that takes
/// names for one which differ in case alone.
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

/// Picks the ports and writes the record. Gives the others that have ports and no record, too.
///
/// # Errors
/// If the name is refused, no port is free, or the store can't be read or written.
pub fn write(
    project: &Project,
    layout: &Layout,
    name: &SessionName,
) -> Result<(Record, Vec<Unrecorded>)> {
    change_records(project, |records| {
        check(project, name, records)?;
        let mut lost = Unrecorded::all(project)?;
        lost.retain(|lost| lost.kept.is_some());
        let kept = lost.iter().filter_map(|lost| lost.kept.as_ref());
        let mut taken = records.ports();
        taken.extend(kept.flat_map(Record::ports));
        let picked = pick(layout, taken, |_| true)?;
        let record = Record::new(picked, project.worktree_path(name), name.as_str());
        records.put(name, record.clone());
        Ok((record, lost))
    })
}

/// The next free port for each service that wants one, beside those that are taken.
fn pick(
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

/// A service that has another port now, or its first one.
pub struct Moved {
    /// The service.
    pub service: String,
    /// The port that it had.
    pub from: Option<Port>,
    /// The port that it has.
    pub to: Port,
}

impl Moved {
    /// What there is to tell of it, where `why` is what keeps it from its old port.
    pub fn told(&self, name: &SessionName, why: impl Display) -> String {
        let Self { service, from, to } = self;
        match from {
            Some(from) => {
                format!("the {service} of {name} moved from port {from} to {to}: {why}")
            }
            None => format!("the {service} of {name} had no port, and has {to} now"),
        }
    }
}

/// Gives the record of a session the next free ports for the services that want another one than they have, or a first one.
pub fn move_ports(
    layout: &Layout,
    records: &Records,
    record: &mut Record,
    wants: impl Fn(&str, Option<Port>) -> bool,
) -> Result<Vec<Moved>> {
    let mut taken = records.ports();
    taken.extend(record.ports());
    let picked = pick(layout, taken, |service| {
        wants(service, record.port(service))
    })?;
    let moved = picked.into_iter().map(|(service, to)| {
        let from = record.port(&service);
        record.set_port(&service, to);
        Moved { service, from, to }
    });
    Ok(moved.collect())
}

/// Puts a record back into the store, with other ports where another session has its own by now: those are given.
pub fn put_again(
    layout: &Layout,
    records: &mut Records,
    name: &SessionName,
    mut record: Record,
) -> Result<Vec<Moved>> {
    let others = records.ports();
    let is_taken = |_: &str, port: Option<Port>| port.is_some_and(|port| others.contains(&port));
    let moved = move_ports(layout, records, &mut record, is_taken)?;
    records.put(name, record);
    Ok(moved)
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
    let Some(kept) = lost.kept else {
        return anew(project, layout, name, &mut hold).map(Some);
    };
    let moved = change_records(project, |records| put_again(layout, records, name, kept))?;
    let mut told = format!("{name} had no record, and has it again");
    if !moved.is_empty() {
        hold.begin_too(|left| left.sets_variables = true)?;
        let ports = moved.iter().filter_map(|it| Some((it.to, it.from?)));
        let ports: Vec<_> = ports.map(|(to, from)| format!("{to} for {from}")).collect();
        told = format!(
            "{told}, with the ports {}, which another session has now: what runs keeps its own until tally-session restart {name}",
            ports.join(" and ")
        );
    }
    hidden::hide_our_own(project)?;
    Ok(Some(told))
}

/// Gives a session a record with new ports; gives what there is to tell.
fn anew(project: &Project, layout: &Layout, name: &SessionName, hold: &mut Hold) -> Result<String> {
    let tmux_name = tmux_name(project, name);
    let open = tmux::sessions()?;
    if let Some(own) = open.iter().find(|tmux| owns(project, name, tmux)) {
        let close = tmux::kill_command(&own.name);
        return Err(anyhow!(
            "no record has the worktree of {name}, and its windows are open"
        ))
        .hint(format!(
            "close them, and make it a session again: {close} && tally-session resume {name}"
        ));
    }
    if let Some(foreign) = open.iter().find(|tmux| tmux.name == tmux_name) {
        return Err(foreign_windows(project, foreign));
    }
    hidden::hide_our_own(project)?;
    hold.begin_too(|left| left.sets_variables = true)?;
    write(project, layout, name)?;
    let files: Vec<_> = layout.env.keys().map(String::as_str).collect();
    let follow = match files[..] {
        [] => String::new(),
        _ => format!(", also in {}", files.join(", ")),
    };
    Ok(format!("{name} had no record: it has new ports{follow}"))
}
