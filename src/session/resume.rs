//! Bringing sessions back.

mod plan;

use crate::claude::Claude;
use crate::hint;
use crate::layout::Layout;
use crate::name::SessionName;
use crate::processes::Table;
use crate::processes::panes::Stopped;
use crate::project::Project;
use crate::session::making::{self, Open, Task, Windows, hooks};
use crate::session::records::hold::Hold;
use crate::session::records::record;
use crate::session::records::unrecorded::Unrecorded;
use crate::session::windows::{self, Waiting};
use crate::session::{Session, lock_store};
use crate::store::records::Records;
use anyhow::{Context, Result};
use std::collections::HashMap;

/// What became of a session.
#[derive(Debug)]
pub struct Resumed {
    /// What was brought back.
    pub back: Back,
    /// What there is to tell.
    pub notes: Vec<String>,
}

/// What was brought back of a session.
#[derive(Debug, PartialEq, Eq)]
pub enum Back {
    /// It ran all the time, with all that belongs to it.
    Nothing,
    /// It ran, and has again these files, and what belongs into these windows.
    Parts(Vec<String>),
    /// Its windows are there again.
    Windows,
}

/// What became of each session.
type Results = Vec<(SessionName, Result<Resumed>)>;

/// Brings sessions back, the wanted ones or all: what is missing is made, and then the windows of all of them are filled at
/// once. What failed with one of them does not keep the others.
///
/// # Errors
/// If the store can't be read, or tmux can't be asked which sessions run.
pub fn resume(
    project: &Project,
    layout: &Layout,
    claude: &Claude,
    wanted: Option<&[SessionName]>,
) -> Result<Results> {
    let mut taken_in = take_in(project, layout, wanted)?;
    let before = Records::read(&project.main)?;
    let known = before.iter().map(|(name, _)| name);
    let failed = taken_in.iter().filter(|(_, taken_in)| taken_in.is_err());
    let all = failed.map(|(name, _)| name).chain(known).cloned();
    let names: Vec<_> = wanted.map_or_else(|| all.collect(), <[_]>::to_vec);
    let mut holds = hold(project, &before, &names);
    let lock = lock_store(project)?;
    let records = Records::read(&project.main)?;
    let open = Open {
        tmux: windows::open::marked(project)?,
        stopped: Stopped::default(),
        table: Table::now([])?,
    };
    drop(lock);
    let plan = |name: SessionName| {
        let note = taken_in.remove(&name).unwrap_or(Ok(None));
        if wanted.is_none() && note.is_ok() && records.find(&name).is_none() {
            // Another command has removed it meanwhile.
            return None;
        }
        let task = note.and_then(|note| {
            let session = Session::find(project, layout, &records, &name, "resume")?;
            let hold = holds.remove(&name);
            let hold = hold.with_context(|| format!("{name} was only just added"))??;
            let mut task = plan::plan(session, hold, claude, &open)?;
            task.notes.extend(note);
            Ok(task)
        });
        Some((name, task))
    };
    let planned = names.into_iter().filter_map(plan).collect();
    Ok(carry_out(project, layout, claude, planned))
}

/// Takes the holds of those of these sessions that there are: every command takes several in one order, so that no two can wait
/// for each other.
fn hold(
    project: &Project,
    records: &Records,
    names: &[SessionName],
) -> HashMap<SessionName, Result<Hold>> {
    let there = names.iter().filter(|name| records.find(name).is_some());
    let mut order: Vec<_> = there.collect();
    order.sort_by_key(|name| name.slug());
    let take = |name: &SessionName| (name.clone(), Hold::take(project, name));
    order.into_iter().map(take).collect()
}

/// Makes what was planned, and fills the windows of all of them at once.
fn carry_out(
    project: &Project,
    layout: &Layout,
    claude: &Claude,
    planned: Vec<(SessionName, Result<Task<'_>>)>,
) -> Results {
    let tasks = planned.iter().filter_map(|(_, task)| task.as_ref().ok());
    let (made, _) = making::make(project, layout, claude, &tasks.collect::<Vec<_>>());
    let mut made = made.into_iter();
    let mut waiting = Vec::new();
    let mut of_each = |task: Task<'_>| {
        let made = made.next().context("nothing was done for it")?;
        let notes = [task.notes, made.notes].concat();
        if let Some(error) = made.failure {
            let name = &task.session.name;
            if made.tmux {
                // Half of them would pass for a session that runs; the error that is reported is the one that matters.
                let _ = windows::closing::close(&task.session);
            }
            let again = format!("tally-session resume {name}");
            let without = format!("tally-session resume --no-hooks {name}");
            return Err(telling(hooks::advise(error, &again, &without), &notes));
        }
        waiting.extend(made.waiting);
        let back = match task.windows {
            Windows::Living(..) if made.lacked.is_empty() => Back::Nothing,
            Windows::Living(..) => Back::Parts(made.lacked),
            _ => Back::Windows,
        };
        Ok((Resumed { back, notes }, task.hold))
    };
    let carried_out: Vec<_> = planned
        .into_iter()
        .map(|(name, task)| (name, task.and_then(&mut of_each)))
        .collect();
    fill(project, &waiting, carried_out)
}

/// Fills the windows of all of them, and ends the holds if that went well.
fn fill(
    project: &Project,
    waiting: &[Waiting],
    carried_out: Vec<(SessionName, Result<(Resumed, Hold)>)>,
) -> Results {
    let filled = windows::fill(project, waiting);
    let of_each = |(resumed, hold): (Resumed, Hold)| match &filled {
        Err(error) if resumed.back != Back::Nothing => {
            Err(telling(hint::copy(error), &resumed.notes))
        }
        Err(_) => Ok(resumed),
        Ok(_) => {
            hold.finish();
            Ok(resumed)
        }
    };
    let mut results: Results = carried_out
        .into_iter()
        .map(|(name, one)| (name, one.and_then(of_each)))
        .collect();
    let resumed = results.iter_mut().filter_map(|(_, it)| it.as_mut().ok());
    let with_windows = resumed.filter(|it| it.back != Back::Nothing);
    if let (Ok(notes), Some(last)) = (filled, with_windows.last()) {
        last.notes.extend(notes);
    }
    results
}

/// What came of giving those a record again that lack one: of the wanted ones, or of all of which a copy is kept.
type TakenIn = HashMap<SessionName, Result<Option<String>>>;

fn take_in(project: &Project, layout: &Layout, wanted: Option<&[SessionName]>) -> Result<TakenIn> {
    let lost = match wanted {
        Some(wanted) => wanted.to_vec(),
        None => Unrecorded::all(project)?
            .into_iter()
            .filter_map(|lost| lost.kept.map(|_| lost.name))
            .collect(),
    };
    let taken_in = lost.into_iter().map(|name| {
        let taken_in = record::take_in(project, layout, &name);
        (name, taken_in)
    });
    Ok(taken_in.collect())
}

/// An error with what there was to tell of what was done before it.
fn telling(error: anyhow::Error, notes: &[String]) -> anyhow::Error {
    if notes.is_empty() {
        return error;
    }
    let words = format!("{error:#}; before that, {}", notes.join("; "));
    hint::reworded(&error, words)
}
