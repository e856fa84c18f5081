//! Bringing sessions back.

use super::hold::{Hold, Unfinished};
use super::inheritance::Inheritance;
use super::make::{self, Made};
use super::restore;
use super::servers;
use super::unrecorded::Unrecorded;
use super::windows::living;
use super::windows::repair::{Repaired, repair};
use super::windows::{self, Waiting};
use super::{Session, foreign_windows, lock_store, lock_windows, problems, record};
use crate::claude::Claude;
use crate::git::{Git, Start, worktrees};
use crate::hint::{self, Hint};
use crate::layout::Layout;
use crate::listeners;
use crate::name::SessionName;
use crate::parallel;
use crate::ports;
use crate::processes::panes::Stopped;
use crate::project::Project;
use crate::store::records::Records;
use crate::tmux::{self, TmuxSession};
use anyhow::{Context, Result, anyhow};
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
    let mut taken_in: HashMap<_, _> = taken_in.collect();
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

/// What is to be done for one session.
struct Task<'a> {
    session: Session<'a>,
    hold: Hold,
    start: Start,
    windows: Windows<'a>,
    open: &'a Open,
    notes: Vec<String>,
}

/// What there is of windows, as it was seen once.
struct Open {
    tmux: Vec<TmuxSession>,
    stopped: Stopped,
}

impl Open {
    fn tmux_called(&self, name: &str) -> Option<&TmuxSession> {
        self.tmux.iter().find(|tmux| tmux.name == name)
    }
}

/// What there is of a session's windows.
#[derive(Clone, Copy)]
enum Windows<'a> {
    /// None are open.
    None,
    /// A killed command left some of them without what belongs there.
    Pending(&'a TmuxSession),
    /// They are open; the session has this tmux session, if not only other ones have them by now.
    Living(Option<&'a TmuxSession>),
}

/// Decides what is to be done for a session, and moves it off ports that are taken.
fn plan<'a>(
    mut session: Session<'a>,
    mut hold: Hold,
    claude: &Claude,
    open: &'a Open,
) -> Result<Task<'a>> {
    problems::refuse_foreign(&session)?;
    let (project, layout) = (session.project, session.layout);
    let mut notes = match hold.removed(project) {
        Some(removed) => restore::put_back(project, layout, claude, removed, &mut hold)?,
        None => Vec::new(),
    };
    if hold.unfinished.is_none() {
        // What was cut short, or was just brought back, is made as it was.
        notes.extend(follow_branch(&mut session)?);
    }
    let own = living::shown_in(&session, &open.tmux)
        .filter(|tmux| session.owns(tmux) || living::has_no_others(&session, tmux));
    let living = living::look(&session, &open.tmux, &open.stopped);
    let windows = match own {
        Some(tmux) if tmux.is_pending() => Windows::Pending(tmux),
        None if living.is_empty() => Windows::None,
        own => Windows::Living(own),
    };
    if let (Windows::Living(_), Some(taking)) = (&windows, hold.taking()) {
        notes.push(taking.left_over(project));
    }
    if let Some(older) = problems::outdated(&session, &open.tmux, &living) {
        notes.push(format!("{}: {older}", session.name));
    }
    let is_whole = session.project.owns_worktree(session.record.worktree());
    if let Windows::Living(_) = windows {
        if !is_whole {
            let git = Git::at(&session.project.main);
            let has_branch = git.branch(session.record.branch())?.is_some();
            let anew = format!(
                "close its windows, and make it again: tally-session restart {}",
                session.name
            );
            let broken = problems::broken(&session, has_branch, &anew);
            return Err(broken.into_error(&session.name));
        }
    } else if own.is_none()
        && let Some(foreign) = open.tmux_called(&session.tmux_name())
    {
        return Err(foreign_windows(project, foreign));
    }
    let start = finish_worktree(&session, &mut hold)?;
    if matches!(windows, Windows::None) {
        notes.extend(leave_taken_ports(&mut session, &mut hold)?);
    }
    Ok(Task {
        session,
        hold,
        start,
        windows,
        open,
        notes,
    })
}

/// Has the record say which branch the worktree is on: it was switched, or renamed.
fn follow_branch(session: &mut Session<'_>) -> Result<Option<String>> {
    if problems::switched(session).is_none() {
        return Ok(None);
    }
    let Some(branch) = session.checked_out() else {
        return Ok(None);
    };
    let _lock = lock_store(session.project)?;
    let mut records = Records::read(&session.project.main)?;
    let note = format!(
        "{} follows its worktree to the branch {branch}; it was on {}",
        session.name,
        session.record.branch()
    );
    session.record.set_branch(&branch);
    records.put(&session.name, session.record.clone());
    records.write(&session.project.main)?;
    Ok(Some(note))
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
        let (notes, placed) = prepared?;
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
        let _ = make::kill_windows(&task.session, &task.hold);
    }
    opened
}

/// Clears away what a killed command left of the worktree, and says what its branch starts from if it is to be made again.
fn finish_worktree(session: &Session<'_>, hold: &mut Hold) -> Result<Start> {
    make::clear_half_made(session, hold)?;
    let start = branch_start(session, hold)?;
    if hold.unfinished.is_none() && !session.project.owns_worktree(session.record.worktree()) {
        hold.begin(Unfinished::of_new(start.clone(), None))?;
    }
    Ok(start)
}

/// What the branch starts from, if the worktree is to be made again.
fn branch_start(session: &Session<'_>, hold: &Hold) -> Result<Start> {
    let branch = session.record.branch();
    let worktree = session.record.worktree();
    if session.project.owns_worktree(worktree) {
        return Ok(Start::Existing);
    }
    match Git::at(&session.project.main).branch(branch)? {
        Some(_) => {
            let worktrees = worktrees::list(&session.project.common)?;
            match problems::elsewhere(session, &worktrees) {
                None => Ok(Start::Existing),
                Some(elsewhere) => Err(elsewhere.into_error(&session.name)),
            }
        }
        None => match &hold.unfinished {
            Some(unfinished) => Ok(unfinished.start.clone()),
            None => Err(anyhow!(
                "the session {} has nothing to come back to: its branch {branch} and its worktree {} are both gone",
                session.name,
                worktree.display()
            ))
            .hint(format!("clear away what is left: tally-session remove {}", session.name)),
        },
    }
}

/// Moves the session off the ports that somebody else listens on, in its record; a port that it lacks it gets.
fn leave_taken_ports(session: &mut Session<'_>, hold: &mut Hold) -> Result<Vec<String>> {
    let lacks_none = session.ports().count() == session.layout.ports.len();
    if lacks_none && session.record.ports().all(listeners::is_free) {
        return Ok(Vec::new());
    }
    // Its own servers may still be ending.
    let left = servers::wait_for_ports(session)?;
    let own = left.ports.iter().find(|held| held.is_own);
    if let Some((port, process)) = own.and_then(|held| Some((held.port, held.holder()?))) {
        return Err(anyhow!(
            "{} still runs on port {port}, without its windows: {process}",
            session.name
        ))
        .hint(format!(
            "end it, or go to the tmux server that has its windows: kill {}",
            process.pid
        ));
    }
    let _lock = lock_store(session.project)?;
    let mut records = Records::read(&session.project.main)?;
    let mut taken = records.ports();
    let mut notes = Vec::new();
    for (service, &first) in &session.layout.ports {
        let old = session.record.port(service);
        let in_use = left.ports.iter().find(|taken| Some(taken.port) == old);
        if old.is_some() && in_use.is_none() {
            continue;
        }
        let port = ports::next_free(first, &taken, listeners::is_free)?;
        taken.insert(port);
        session.record.set_port(service, port);
        let name = &session.name;
        notes.push(match in_use {
            Some(in_use) => {
                format!(
                    "the {service} of {name} moved from port {} to {port}: {} listens there",
                    in_use.port,
                    in_use.who()
                )
            }
            None => format!("the {service} of {name} had no port, and has {port} now"),
        });
    }
    if !notes.is_empty() {
        let before = hold.unfinished.clone();
        hold.begin(Unfinished {
            sets_variables: true,
            ..before.unwrap_or_else(Unfinished::of_existing)
        })?;
        records.put(&session.name, session.record.clone());
        records.write(&session.project.main)?;
    }
    Ok(notes)
}
