//! Bringing sessions back.

mod plan;

use crate::claude::Claude;
use crate::hint;
use crate::layout::Layout;
use crate::name::SessionName;
use crate::processes::panes::Stopped;
use crate::project::Project;
use crate::session::making::{self, Open, Windows, hooks};
use crate::session::records::hold::Hold;
use crate::session::records::record;
use crate::session::records::unrecorded::Unrecorded;

use crate::session::windows::{self, Waiting};
use crate::session::{Session, lock_store};
use crate::store::records::Records;
use crate::tmux;
use anyhow::{Context, Result};
use plan::Planned;
use std::collections::HashMap;

/// What became of a session.
#[derive(Debug)]
pub enum Resumed {
    /// It ran all the time, with all that belongs to it. There may be something to tell.
    AlreadyRunning(Vec<String>),
    /// It ran, and has again these files, and what belongs into these windows.
    BroughtBack(Vec<String>, Vec<String>),
    /// Its windows are there again.
    Started(Vec<String>),
}

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
        tmux: tmux::sessions()?,
        stopped: Stopped::default(),
    };
    drop(lock);
    let plan = |name: SessionName| {
        let note = taken_in.remove(&name).unwrap_or(Ok(None));
        if wanted.is_none() && note.is_ok() && records.find(&name).is_none() {
            // Another command has removed it meanwhile.
            return None;
        }
        let planned = note.and_then(|note| {
            let session = Session::find(project, layout, &records, &name, "resume")?;
            let hold = holds.remove(&name);
            let hold = hold.with_context(|| format!("{name} was only just added"))??;
            let mut planned = plan::plan(session, hold, claude, &open)?;
            planned.notes.extend(note);
            Ok(planned)
        });
        Some((name, planned))
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
    planned: Vec<(SessionName, Result<Planned<'_>>)>,
) -> Results {
    let to_do = planned.iter().filter_map(|(_, task)| task.as_ref().ok());
    let to_do: Vec<_> = to_do.map(|planned| &planned.task).collect();
    let (made, _) = making::make(project, layout, claude, &to_do);
    let mut made = made.into_iter();
    let mut waiting = Vec::new();
    let mut done = Vec::new();
    let mut results = Vec::new();
    for (name, planned) in planned {
        let result = planned.and_then(|Planned { task, notes }| {
            let made = made.next().context("nothing was done for it")?;
            let notes = [notes, made.notes].concat();
            if let Some(error) = made.failure {
                if made.tmux {
                    // Half of them would pass for a session that runs; the error that is reported is the one that matters.
                    let _ = windows::closing::close(&task.session, &task.hold);
                }
                let again = format!("tally-session resume {name}");
                let without = format!("tally-session resume --no-hooks {name}");
                return Err(telling(hooks::advise(error, &again, &without), &notes));
            }
            waiting.extend(made.waiting);
            done.push(task.hold);
            Ok(match task.windows {
                Windows::Living(..) if made.lacked.is_empty() => Resumed::AlreadyRunning(notes),
                Windows::Living(..) => Resumed::BroughtBack(made.lacked, notes),
                _ => Resumed::Started(notes),
            })
        });
        results.push((name, result));
    }
    fill(project, &waiting, done, &mut results);
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

/// What became of each session.
type Results = Vec<(SessionName, Result<Resumed>)>;

/// Fills the windows of all of them, and ends the holds if that went well.
fn fill(project: &Project, waiting: &[Waiting], done: Vec<Hold>, results: &mut Results) {
    let started = results.iter_mut().filter_map(|(_, result)| {
        let has_windows = result.as_ref().is_ok_and(Resumed::has_windows);
        has_windows.then_some(result)
    });
    match windows::fill(project, waiting) {
        Ok(notes) => {
            done.into_iter().for_each(Hold::finish);
            if let Some(Ok(last)) = started.last() {
                last.told().extend(notes);
            }
        }
        Err(error) => {
            for result in started {
                if let Ok(resumed) = result {
                    *result = Err(telling(hint::copy(&error), resumed.told()));
                }
            }
        }
    }
}

impl Resumed {
    /// Whether something was to be typed into its windows.
    fn has_windows(&self) -> bool {
        !matches!(self, Self::AlreadyRunning(_))
    }

    /// What there is to tell.
    fn told(&mut self) -> &mut Vec<String> {
        match self {
            Self::AlreadyRunning(told) | Self::BroughtBack(_, told) | Self::Started(told) => told,
        }
    }
}

/// An error with what there was to tell of what was done before it.
fn telling(error: anyhow::Error, notes: &[String]) -> anyhow::Error {
    if notes.is_empty() {
        return error;
    }
    let words = format!("{error:#}; before that, {}", notes.join("; "));
    hint::reworded(&error, words)
}
