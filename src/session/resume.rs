//! Bringing sessions back.

mod plan;

use crate::claude::Claude;
use crate::hint;
use crate::layout::Layout;
use crate::name::SessionName;
use crate::parallel;
use crate::processes::panes::Stopped;
use crate::project::Project;
use crate::session::belongings::inheritance::Inheritance;
use crate::session::making::hooks;
use crate::session::making::make::{self, Made};
use crate::session::records::hold::Hold;
use crate::session::records::record;
use crate::session::records::unrecorded::Unrecorded;
use crate::session::windows::repair::{Repaired, repair};
use crate::session::windows::{self, Waiting, living};
use crate::session::{Session, lock_store, lock_windows};
use crate::store::records::Records;
use crate::tmux::{self, TmuxSession};
use anyhow::{Context, Result};
use plan::{Open, Task, Windows, plan};
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
    let known = || before.iter().map(|(name, _)| name.clone());
    let names: Vec<SessionName> = wanted.map_or_else(|| known().collect(), <[_]>::to_vec);
    // Every command takes several holds in one order, so that no two can wait for each other.
    let mut order: Vec<_> = names
        .iter()
        .filter(|name| before.find(name).is_some())
        .collect();
    order.sort_by_key(|name| name.slug());
    let mut holds: HashMap<_, _> = order
        .into_iter()
        .map(|name| (name.clone(), Hold::take(project, name)))
        .collect();

    let lock = lock_store(project)?;
    let records = Records::read(&project.main)?;
    let open = Open {
        tmux: tmux::sessions()?,
        stopped: Stopped::default(),
    };
    drop(lock);
    let mut tasks = Vec::new();
    let is_left = |name: &SessionName| names.iter().all(|other| other != name);
    let left: Vec<_> = taken_in
        .keys()
        .filter(|name| is_left(name))
        .cloned()
        .collect();
    for name in left {
        if let Some(Err(error)) = taken_in.remove(&name) {
            tasks.push((name, Err(error)));
        }
    }
    for name in names {
        if wanted.is_none() && records.find(&name).is_none() {
            // Another command has removed it meanwhile.
            continue;
        }
        let note = taken_in.remove(&name).unwrap_or(Ok(None));
        let task = note.and_then(|note| {
            let session = Session::find(project, layout, &records, &name, "resume")?;
            let hold = holds
                .remove(&name)
                .with_context(|| format!("{name} was only just added"))??;
            let mut task = plan(session, hold, claude, &open)?;
            task.notes.extend(note);
            Ok(task)
        });
        tasks.push((name, task));
    }
    let to_do: Vec<_> = tasks
        .iter()
        .filter_map(|(_, task)| task.as_ref().ok())
        .collect();
    let worktrees: Vec<_> = to_do
        .iter()
        .map(|task| task.session.record.worktree())
        .collect();
    let inheritance = Inheritance::pass_on(project, layout, claude, &worktrees, &mut None);
    let carried_out = match &inheritance {
        Ok(inheritance) => carry_out(project, inheritance, &to_do),
        Err(error) => to_do.iter().map(|_| Err(hint::copy(error))).collect(),
    };
    let mut carried_out = carried_out.into_iter();
    let mut waiting = Vec::new();
    let mut results = Vec::new();
    let mut done = Vec::new();
    for (name, task) in tasks {
        let result =
            task.and_then(
                |task| match carried_out.next().context("nothing was done for it")? {
                    Ok(Repaired {
                        waiting: windows,
                        keys,
                        notes,
                    }) => {
                        waiting.extend(windows);
                        done.push(task.hold);
                        let told = [task.notes, notes].concat();
                        Ok(match task.windows {
                            Windows::Living(_) if keys.is_empty() => Resumed::AlreadyRunning(told),
                            Windows::Living(_) => Resumed::BroughtBack(keys, told),
                            Windows::None | Windows::Pending(_) => Resumed::Started(told),
                        })
                    }
                    Err(error) => Err(telling(error, &task.notes)),
                },
            );
        results.push((name, result));
    }
    let told = inheritance.into_iter().flat_map(|found| found.notes);
    fill(project, &waiting, done, &mut results, told.collect());
    Ok(results)
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

/// Fills the windows of all of them, and ends the holds if that went well. What was `told` of all is told with the last one.
fn fill(
    project: &Project,
    waiting: &[Waiting],
    done: Vec<Hold>,
    results: &mut Results,
    told: Vec<String>,
) {
    let started = results.iter_mut().filter_map(|(_, result)| {
        let has_windows = result.as_ref().is_ok_and(Resumed::has_windows);
        has_windows.then_some(result)
    });
    match windows::fill(project, waiting) {
        Ok(notes) => {
            done.into_iter().for_each(Hold::finish);
            if let Some(Ok(last)) = started.last() {
                last.told().extend(told.into_iter().chain(notes));
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

/// Makes what these sessions lack, up to what their windows wait for: several at once, and then the windows of all.
fn carry_out(
    project: &Project,
    inheritance: &Inheritance,
    tasks: &[&Task<'_>],
) -> Vec<Result<Repaired>> {
    let prepared = parallel::map(tasks, |task| {
        let made = &mut Made::default();
        make::prepare(&task.session, &task.start, &task.hold, inheritance, made)
    });
    let both = tasks.iter().zip(&prepared);
    let closed =
        both.filter(|(task, prepared)| matches!(task.windows, Windows::None) && prepared.is_ok());
    let closed: Vec<_> = closed.map(|(task, _)| *task).collect();
    let mut opened = open(project, &closed).into_iter();
    let results = tasks.iter().zip(prepared).map(|(task, prepared)| {
        let (notes, placed) = prepared.map_err(|error| {
            let name = &task.session.name;
            let again = format!("tally-session resume {name}");
            hooks::advise(
                error,
                &again,
                &format!("tally-session resume --no-hooks {name}"),
            )
        })?;
        let waiting = match task.windows {
            Windows::Pending(tmux) => left_waiting(&task.session, tmux)?,
            Windows::None => opened.next().context("no window was opened")??,
            Windows::Living(own) => {
                let living = living::look(&task.session, &task.open.tmux, &task.open.stopped);
                let mut repaired = repair(&task.session, &living, own, task.hold.lock())?;
                repaired.notes.splice(..0, notes);
                repaired.keys.splice(..0, placed);
                return Ok(repaired);
            }
        };
        Ok(Repaired {
            waiting,
            keys: Vec::new(),
            notes,
        })
    });
    results.collect()
}

/// What the windows wait for that a killed command made and never typed into.
fn left_waiting(session: &Session<'_>, tmux: &TmuxSession) -> Result<Vec<Waiting>> {
    let pending = tmux.panes.iter().filter(|pane| pane.is_pending());
    let waiting = pending.map(|pane| Waiting::new(session, pane));
    Ok(waiting
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect())
}

/// Opens the windows of sessions that have none.
fn open(project: &Project, tasks: &[&Task<'_>]) -> Vec<Result<Vec<Waiting>>> {
    let sessions: Vec<_> = tasks.iter().map(|task| &task.session).collect();
    let opened = match tasks {
        [] => Ok(Vec::new()),
        [task] => windows::create(project, &sessions, task.hold.lock()),
        // One call can't keep all their holds: see `Hold::take`.
        _ => lock_windows(project).and_then(|lock| windows::create(project, &sessions, &lock)),
    };
    let opened = opened.unwrap_or_else(|error| {
        let failed = |_| Err(hint::copy(&error));
        sessions.iter().map(failed).collect()
    });
    let both = tasks.iter().zip(&opened);
    for (task, _) in both.filter(|(_, opened)| opened.is_err()) {
        // Half of them would pass for a session that runs; the error that is reported is the one that matters.
        let _ = windows::closing::close(&task.session, &task.hold);
    }
    opened
}
