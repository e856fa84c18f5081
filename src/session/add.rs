//! Making a new session.

use crate::claude::Claude;
use crate::git::{Start, worktrees};
use crate::hint::{Hint, with_hint};
use crate::layout::Layout;
use crate::parallel::joined;
use crate::project::Project;
use crate::session::belongings::{hidden, told};
use crate::session::making::saving::{self, Saved};
use crate::session::making::start::{Begin, Choice, Wanted};
use crate::session::making::{self, Made, Task, Windows, hooks, undo};
use crate::session::records::hold::{Hold, Unfinished};
use crate::session::records::record;
use crate::session::records::unrecorded::Unrecorded;
use crate::session::{Session, foreign_windows, owns, tmux_name, windows};
use crate::store::claude_json::Before;
use crate::store::record::Record;
use crate::store::records::Records;
use crate::tmux::{self, TmuxSession};
use crate::wait;
use anyhow::{Context, Result, anyhow};
use std::mem;
use std::thread;

/// How many bytes a prompt may have: it is one variable, and one argument, for which Linux has room for 128 kB.
const LONGEST_PROMPT: usize = 100_000;

/// What the user asked for.
pub struct Wish<'a> {
    /// Its name, and what its branch starts from.
    pub wanted: Wanted<'a>,
    /// Fetch first.
    pub fetch: bool,
    /// Take what is uncommitted in the main checkout there.
    pub take_changes: bool,
    /// The task that Claude starts on.
    pub prompt: Option<&'a str>,
    /// The command that asks for it.
    pub typed: String,
}

/// A session that was made.
pub struct Added<'a> {
    /// The session.
    pub session: Session<'a>,
    /// What its branch started from.
    pub start: Start,
    /// How many files it took from the main checkout.
    pub taken: usize,
    /// What there is to tell about it.
    pub notes: Vec<String>,
}

/// Makes a session. If a step fails, all that was made is taken back.
///
/// # Errors
/// A refusal, which changes nothing, or the step that failed.
pub fn add<'a>(
    project: &'a Project,
    layout: &'a Layout,
    claude: &Claude,
    wish: &Wish<'_>,
) -> Result<Added<'a>> {
    check_prompt(wish.prompt)?;
    let name = &wish.wanted.name;
    let mut hold = Hold::take(project, name)?;
    record::check(project, name, &Records::read(&project.main)?)?;
    hold.refuse_moving(project)?;
    let mut begin = check_surroundings(project, wish)?;
    hidden::hide_our_own(project)?;
    let mut notes = mem::take(&mut begin.notes);
    let mut saved = None;
    if wish.take_changes {
        let (taken, told) = saving::save(project, layout, name, &begin)?;
        saved = taken;
        notes.extend(told);
    }
    let record = match write_record(
        project,
        layout,
        wish,
        &begin.start,
        saved.as_ref(),
        &mut hold,
    ) {
        Ok((record, lost)) => {
            notes.extend(Unrecorded::told(&lost).iter().map(ToString::to_string));
            record
        }
        Err(error) => {
            hold.finish();
            forget(project, saved);
            return Err(error);
        }
    };
    let task = Task {
        session: Session::new(project, layout, name, &record),
        hold,
        start: begin.start,
        windows: Windows::None,
        notes: Vec::new(),
    };
    let (made, before) = making::make(project, layout, claude, &[&task]);
    let mut made = made.into_iter().next().context("nothing was made")?;
    let filled = match made.failure.take() {
        Some(error) => Err(error),
        None => windows::fill(project, &made.waiting),
    };
    match filled {
        Ok(told) => notes.extend(made.notes.into_iter().chain(told)),
        Err(error) => {
            let without = format!("{} --no-hooks", wish.typed);
            let error = hooks::advise(error, &wish.typed, &without);
            let (error, is_undone) = take_back(task, &made, before.as_ref(), claude, error);
            if is_undone {
                forget(project, saved);
            }
            return Err(error);
        }
    }
    let taken = saved.map_or(0, |saved| {
        let (taken, note) = saved.take_out(project, task.hold.lock().file());
        notes.extend(note);
        taken
    });
    task.hold.finish();
    notes.extend(told::once(&task.session).iter().map(ToString::to_string));
    Ok(Added {
        session: task.session,
        start: task.start,
        taken,
        notes,
    })
}

fn check_prompt(prompt: Option<&str>) -> Result<()> {
    let bytes = prompt.map_or(0, str::len);
    if bytes <= LONGEST_PROMPT {
        return Ok(());
    }
    Err(anyhow!(
        "the prompt is {bytes} bytes long, and a program takes {LONGEST_PROMPT}"
    ))
    .hint("write it to a file, and say where that is: --prompt \"Do what is in <file>\"")
}

/// Writes down what is begun, and then the record. Gives the sessions that have none, too.
fn write_record(
    project: &Project,
    layout: &Layout,
    wish: &Wish<'_>,
    start: &Start,
    saved: Option<&Saved>,
    hold: &mut Hold,
) -> Result<(Record, Vec<Unrecorded>)> {
    let prompt = wish.prompt.map(ToOwned::to_owned);
    hold.begin(Unfinished {
        begins: Some(wait::now()),
        taking: saved.map(|saved| saved.taking.clone()),
        ..Unfinished::of_new(start.clone(), prompt)
    })?;
    saved.map_or(Ok(()), |saved| saved.keep(project))?;
    record::write(project, layout, &wish.wanted.name)
}

/// What was saved and is all in the main checkout needs no ref. One that stays does no harm.
fn forget(project: &Project, saved: Option<Saved>) {
    if let Some(saved) = saved {
        let _ = saved.forget(project);
    }
}

/// Undoes what was made, and gives the error that led to it, and whether nothing is left.
fn take_back(
    mut task: Task<'_>,
    made: &Made,
    before: Option<&Before>,
    claude: &Claude,
    error: anyhow::Error,
) -> (anyhow::Error, bool) {
    let mut notes = Vec::new();
    let mut failures = undo::undo(&mut task, made, before, claude, &mut notes);
    let session = &task.session;
    if failures.is_empty() {
        failures.extend(session.take_out_record().err());
    }
    if failures.is_empty() {
        task.hold.finish();
        return (notes.into_iter().fold(error, with_hint), true);
    }
    // The record stays: it leads to what could not be taken back.
    let left: Vec<_> = failures
        .iter()
        .map(|failure| format!("{failure:#}"))
        .collect();
    let error = anyhow!(
        "{error:#}; and not all of it could be undone: {}",
        left.join("; ")
    );
    let error = with_hint(error, format!("tally-session remove {}", session.name));
    (error, false)
}

/// Refuses what git and tmux have already, and decides what the branch starts from.
fn check_surroundings(project: &Project, wish: &Wish<'_>) -> Result<Begin> {
    let name = &wish.wanted.name;
    let path = project.worktree_path(name);
    if path.symlink_metadata().is_ok() {
        if Unrecorded::find(project, name)?.is_some() {
            return Err(anyhow!(
                "the worktree of {name} is there already, at {}, and no record has it",
                path.display()
            ))
            .hint(format!(
                "make it a session again: tally-session resume {name}"
            ));
        }
        return Err(anyhow!(
            "there is something at {} already, where the worktree would go",
            path.display()
        ))
        .hint("move it away, or choose another name");
    }
    let tmux_name = tmux_name(project, name);
    let worktrees = worktrees::list(&project.common)?;
    let main = worktrees.first().and_then(|main| main.branch.as_deref());
    // Two processes that do not need each other's answers.
    let (sessions, choice) = thread::scope(|scope| {
        let sessions = scope.spawn(tmux::sessions);
        let choice = Choice::read(project, &wish.wanted, main);
        (joined(sessions), choice)
    });
    let (sessions, choice) = (sessions?, choice?);
    let is_in_the_way = |tmux: &&TmuxSession| tmux.name == tmux_name || owns(project, name, tmux);
    if let Some(foreign) = sessions.iter().find(is_in_the_way) {
        return Err(foreign_windows(project, foreign));
    }
    if worktrees.iter().any(|worktree| worktree.path == path) {
        return Err(anyhow!(
            "git still lists a worktree at {}, whose folder is gone",
            path.display()
        ))
        .hint(format!("{} worktree prune", project.git()));
    }
    if !wish.fetch {
        return choice.decide();
    }
    let (choice, note) = choice.fetch()?;
    let mut begin = choice.decide()?;
    begin.notes.extend(note);
    Ok(begin)
}
