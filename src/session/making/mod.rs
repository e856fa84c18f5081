//! Making sessions true, from whatever is there, and taking back what was made.

pub mod arriving;
pub mod hooks;
pub mod saving;
pub mod start;
pub mod undo;
pub mod worktree;

use crate::claude::Claude;
use crate::git::{Start, crypt};
use crate::hint;
use crate::layout::Layout;
use crate::parallel::{self, joined};
use crate::process::quote_path;
use crate::processes::Table;
use crate::processes::panes::Stopped;
use crate::project::Project;
use crate::session::belongings::{self, Part, claude_entry, files, fitting, packages};
use crate::session::records::hold::Hold;
use crate::session::records::kept;
use crate::session::windows::repair::repair;
use crate::session::windows::{self, Waiting, living, opening};
use crate::session::{Session, lock_windows};
use crate::store::claude_json::Before;
use crate::tmux::TmuxSession;
use anyhow::Result;
use std::collections::HashSet;
use std::thread;

/// A session that is to be made true.
pub struct Task<'a> {
    pub session: Session<'a>,
    pub hold: Hold,
    /// What its branch starts from, if its worktree is to be made.
    pub start: Start,
    pub windows: Windows<'a>,
    /// What there is to tell before anything is made.
    pub notes: Vec<String>,
}

/// What there is of a session's windows.
#[derive(Clone, Copy)]
pub enum Windows<'a> {
    /// None are open, and all are to be.
    None,
    /// A killed command left some of them without what belongs there.
    Pending(&'a TmuxSession),
    /// They are open; the session has this tmux session, if not only other ones have them by now.
    Living(Option<&'a TmuxSession>, &'a Open),
    /// They are not asked for.
    LeftAlone,
}

/// What there is of windows, as it was seen once.
pub struct Open {
    pub tmux: Vec<TmuxSession>,
    pub stopped: Stopped,
    /// What runs.
    pub table: Table,
}

/// What one command made of a session: as much as it may take back, and tell.
#[derive(Default)]
pub struct Made {
    pub branch: bool,
    pub worktree: bool,
    pub tmux: bool,
    /// The paths and the windows that it lacked.
    pub lacked: Vec<String>,
    /// What its windows wait for.
    pub waiting: Vec<Waiting>,
    /// What there is to tell.
    pub notes: Vec<String>,
    /// What kept it from being made.
    pub failure: Option<anyhow::Error>,
}

/// Makes what these sessions lack, up to what is typed into their windows: the files of several at once, and the windows of all in
/// one call. What fails with one does not keep the others. Gives what was made of each, and what Claude's entries of their worktrees
/// were, if something was done about them.
pub fn make(
    project: &Project,
    layout: &Layout,
    claude: &Claude,
    tasks: &[&Task<'_>],
) -> (Vec<Made>, Option<Before>) {
    let mut before = None;
    let is_early = |task: &Task<'_>| task.opens_windows() && !task.runs_hook();
    let mut all: Vec<_> = tasks
        .iter()
        .map(|task| Made::begun(task, is_early(task)))
        .collect();
    let early = those(tasks, &all, is_early);
    // The shells need nothing but their folder, and their start-up files take time: they start meanwhile.
    let opened = thread::scope(|scope| {
        let opened = scope.spawn(|| open(project, tasks, &early));
        prepare(project, layout, claude, tasks, &mut all, &mut before);
        joined(opened)
    });
    take_windows(&mut all, &early, opened);
    let late = those(tasks, &all, |task| task.opens_windows() && task.runs_hook());
    take_windows(&mut all, &late, open(project, tasks, &late));
    for at in those(tasks, &all, |_| true) {
        all[at].failure = tasks[at].bring_back(&mut all[at]).err();
    }
    (all, before)
}

/// The places of the tasks that are such, and of which nothing has failed.
fn those(tasks: &[&Task<'_>], all: &[Made], is_such: impl Fn(&Task<'_>) -> bool) -> Vec<usize> {
    let places = 0..tasks.len();
    places
        .filter(|&at| all[at].failure.is_none() && is_such(tasks[at]))
        .collect()
}

/// Makes all of these sessions but their windows.
fn prepare(
    project: &Project,
    layout: &Layout,
    claude: &Claude,
    tasks: &[&Task<'_>],
    all: &mut [Made],
    before: &mut Option<Before>,
) {
    let worktrees = tasks.iter().map(|task| task.session.record.worktree());
    let worktrees: Vec<_> = worktrees.collect();
    if worktrees.is_empty() {
        return;
    }
    // The same for all of them.
    let mut shared = || {
        let included = files::included(project, layout)?;
        let note = claude_entry::make(project, claude, &worktrees, before)?;
        anyhow::Ok((included, note))
    };
    let shared = shared();
    parallel::map(tasks.iter().zip(&mut *all), |(task, made)| {
        if made.failure.is_none() {
            let prepared = match &shared {
                Ok((included, _)) => task.prepare(included, made),
                Err(error) => Err(hint::copy(error)),
            };
            made.failure = prepared.err();
        }
    });
    tell_misfits(tasks, all);
    if let (Ok((_, note)), Some(last)) = (shared, all.last_mut()) {
        last.notes.extend(note);
    }
}

/// Tells why windows can't work: once, where it is the same for several.
fn tell_misfits(tasks: &[&Task<'_>], all: &mut [Made]) {
    let mut told = HashSet::new();
    for at in those(tasks, all, |task| {
        task.hold.is_new() || task.opens_windows()
    }) {
        let misfit = fitting::misfit(&tasks[at].session).map(|it| it.to_string());
        let new = misfit.filter(|misfit| told.insert(misfit.clone()));
        all[at].notes.splice(..0, new);
    }
}

/// What the windows of each session wait for.
type Opened = Vec<Result<Vec<Waiting>>>;

/// Opens the windows of the sessions in these places.
fn open(project: &Project, tasks: &[&Task<'_>], places: &[usize]) -> Result<Opened> {
    let sessions: Vec<_> = places.iter().map(|&at| &tasks[at].session).collect();
    match places {
        [] => Ok(Vec::new()),
        [at] => windows::create(project, &sessions, tasks[*at].hold.lock()),
        // One call can't keep all their holds: see `Hold::take`.
        _ => windows::create(project, &sessions, &lock_windows(project)?),
    }
}

fn take_windows(all: &mut [Made], places: &[usize], opened: Result<Opened>) {
    let failed = |error| places.iter().map(|_| Err(hint::copy(&error))).collect();
    for (&at, opened) in places.iter().zip(opened.unwrap_or_else(failed)) {
        let made = &mut all[at];
        made.tmux = true;
        match opened {
            Ok(waiting) => made.waiting = waiting,
            Err(error) => {
                made.failure.get_or_insert(error);
            }
        }
    }
}

impl Made {
    /// With the folder in which windows are opened early.
    fn begun(task: &Task<'_>, is_early: bool) -> Self {
        let mut made = Self::default();
        if is_early && !worktree::is_whole(&task.session) {
            made.failure = worktree::make_folder(&task.session, &mut made).err();
        }
        made
    }
}

impl Task<'_> {
    fn opens_windows(&self) -> bool {
        matches!(self.windows, Windows::None)
    }

    /// Whether the project's own command makes something that windows may need.
    fn runs_hook(&self) -> bool {
        self.hold.is_new() && !self.session.layout.hooks.post_add.is_empty()
    }

    /// Makes all of it but its windows and Claude's entry: branch, worktree, files and Claude's settings, and for a new worktree what
    /// the project's own command makes. Where a command was cut short the layout's variables are set in files that are there too, and
    /// all that was placed is hidden from git.
    fn prepare(&self, included: &[Part], made: &mut Made) -> Result<()> {
        let (session, hold) = (&self.session, &self.hold);
        if !worktree::is_whole(session) {
            worktree::check_out(self, made)?;
        }
        if crypt::has_keys(&session.project.common) {
            crypt::share_keys(&session.project.common, &session.admin()?)?;
        }
        if let Some(taking) = hold.taking() {
            let told = taking.arrive(session, hold.lock().file(), made.worktree)?;
            made.notes.extend(told);
        }
        if let Some(unfinished) = &hold.unfinished {
            opening::begin(session, unfinished)?;
        }
        kept::keep(session)?;
        let in_full = hold.sets_variables();
        let (told, lacked) = belongings::place(session, included, made.worktree, in_full)?;
        made.lacked = lacked;
        let worktree = session.record.worktree();
        if made.worktree && worktree.join(".gitmodules").is_file() {
            let worktree = quote_path(worktree);
            made.notes.push(format!(
                "its submodules are empty until you type: git -C {worktree} submodule update --init"
            ));
        }
        made.notes.extend(told);
        let others = packages::other_versions(session);
        made.notes.extend(others.iter().map(ToString::to_string));
        if hold.is_new() {
            hooks::post_add(session, hold)?;
        }
        Ok(())
    }

    /// Brings back what is missing in windows that are open.
    fn bring_back(&self, made: &mut Made) -> Result<()> {
        match self.windows {
            Windows::Pending(tmux) => {
                for pane in tmux.panes.iter().filter(|pane| pane.is_pending()) {
                    made.waiting.extend(Waiting::new(&self.session, pane)?);
                }
            }
            Windows::Living(own, open) => {
                let living = living::look(&self.session, &open.tmux, &open.stopped);
                let repaired = repair(&self.session, &living, own, self.hold.lock())?;
                made.waiting = repaired.waiting;
                made.lacked.extend(repaired.keys);
                made.notes.extend(repaired.notes);
            }
            Windows::None | Windows::LeftAlone => {}
        }
        Ok(())
    }
}
