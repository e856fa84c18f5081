//! Clearing a session away, so that it can be had back.

use crate::claude::Claude;
use crate::git::Git;
use crate::git::keep::Changing;
use crate::git::worktrees::{self, INITIALIZING, Worktree};
use crate::hint::{self, with_hint};
use crate::layout::Layout;
use crate::name::SessionName;
use crate::parallel::joined;
use crate::project::{Project, is_same};
use crate::session::Session;
use crate::session::belongings::placed;
use crate::session::loss::Loss;
use crate::session::loss::branch::Branch;
use crate::session::loss::purge::Lost;
use crate::session::loss::removed::{About, Removed};
use crate::session::making::hooks;
use crate::session::making::make::{locked, lost_git_file};
use crate::session::records::hold::Hold;
use crate::session::records::moved;
use crate::session::records::unrecorded::Unrecorded;
use crate::session::truth::problems;
use crate::session::windows::closing::Closing;
use crate::session::windows::opening;
use crate::session::windows::servers::Left;
use crate::store::claude_json;
use crate::store::records::Records;
use anyhow::{Result, bail};
use std::fmt::Display;
use std::fs;
use std::mem;
use std::thread;

/// How the user wants it done.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option")]
pub struct Wish {
    /// Remove also what the user will want to know of.
    pub force: bool,
    /// Leave the branch.
    pub keep_branch: bool,
    /// Delete it for good then: what that needs is asked here.
    pub purge: bool,
    /// Ask nothing.
    pub yes: bool,
    /// That the layout has no hooks for that reason.
    pub no_hooks: bool,
}

impl Wish {
    /// What to type to have it done in spite of all.
    fn with_force(self, name: &SessionName) -> String {
        let forced = Self {
            force: true,
            ..self
        };
        forced.typed(&[name])
    }

    /// What to type for these sessions.
    pub fn typed(self, names: &[impl Display]) -> String {
        let options = [
            (self.force, " --force"),
            (self.keep_branch, " --keep-branch"),
            (self.no_hooks, " --no-hooks"),
            (self.purge, " --purge"),
            (self.yes, " --yes"),
        ];
        let mut typed = "tally-session remove".to_owned();
        typed.extend(
            options
                .iter()
                .filter(|(is_set, _)| *is_set)
                .map(|(_, option)| *option),
        );
        typed.extend(names.iter().map(|name| format!(" {name}")));
        typed
    }
}

/// What became of a session.
#[derive(Debug)]
pub struct Outcome {
    /// What was taken away; none if nothing but the record was left.
    pub removed: Option<Removed>,
    /// What there is to tell.
    pub notes: Vec<String>,
}

/// What git has of a session.
struct Found {
    worktrees: Vec<Worktree>,
    /// Which of them is its own. The folder may be gone.
    at: Option<usize>,
    /// The commit at its branch's tip, if the branch is there.
    tip: Option<String>,
}

impl Found {
    fn worktree(&self) -> Option<&Worktree> {
        self.worktrees.get(self.at?)
    }
}

/// Clears a session away completely: its windows and servers, worktree, branch, Claude entry, and last its record. All of it is
/// kept. It also works on what is left of one, and goes on where it was cut short. What is to be purged `agree` is asked about, when
/// nothing is to be refused.
///
/// # Errors
/// A refusal, which changes nothing, one of `agree`, or the step that failed; the record is there then, and the rest can be removed again.
pub fn remove(
    project: &Project,
    layout: &Layout,
    claude: &Claude,
    name: &SessionName,
    wish: Wish,
    agree: impl FnOnce(&About, &Lost) -> Result<()>,
) -> Result<Outcome> {
    let mut hold = Hold::take(project, name)?;
    let records = Records::read(&project.main)?;
    let session = Session::find(project, layout, &records, name, "remove")?;
    Records::check_writable(&project.main)?;
    moved::refuse(&session)?;
    if !session.counts() {
        // Nothing of what it names is this project's.
        session.take_out_record()?;
        let lost = Vec::from_iter(Unrecorded::find(project, name)?);
        return Ok(Outcome {
            removed: None,
            notes: Unrecorded::told(&lost)
                .iter()
                .map(ToString::to_string)
                .collect(),
        });
    }
    if hold.unfinished.is_some() {
        // An add that was cut short may have made no more of the worktree.
        let _ = fs::remove_dir(session.record.worktree());
    }
    let begun = match hold.removed(project) {
        // It was only about to begin: what was seen then may have changed.
        Some(removed) if !removed.has_taken(project) => {
            removed.forget(project)?;
            None
        }
        begun => begun,
    };
    let mut notes = Vec::new();
    let found = find(&session, &records, begun.is_some(), &mut notes)?;
    let goes = found.tip.is_some() && !wish.keep_branch;
    let is_half_made = found.worktree().is_some_and(is_half_made);
    let mut loss = if is_half_made {
        Loss::of_windows(Closing::of_windows(&session)?)
    } else {
        Loss::find(&session, found.worktree(), &found.worktrees, goes, claude)?
    };
    loss.refuse_mounts(&session)?;
    if !wish.force && begun.is_none() {
        loss.refuse(&session, &wish.with_force(name))?;
    }
    // What there is of it, by what git knows now.
    let about = |worktrees: &[Worktree], loss: &Loss| -> Result<About> {
        let branch = found
            .tip
            .clone()
            .map(|tip| Branch::new(session.record.branch(), tip, goes));
        Ok(About {
            went: loss.went(&session, &placed::changed(&session)),
            conversation: opening::conversation(&session, claude, &claude.running())
                .map(|conversation| conversation.id),
            ..About::of(&session, found.worktree(), worktrees, branch)?
        })
    };
    if wish.purge {
        let planned;
        let doomed = if let Some(begun) = &begun {
            begun
        } else {
            planned = Removed::planned(project, about(&found.worktrees, &loss)?);
            &planned
        };
        agree(&doomed.about, &doomed.at_stake(project)?)?;
    }
    let (refs, (others, mut left)) = thread::scope(|scope| {
        // git starts while tmux closes the windows.
        let refs = scope.spawn(|| Ok(Changing::start(Git::at(&project.main))?));
        let closed = loss.closing.close(&session, &hold)?;
        anyhow::Ok((joined(refs)?, closed))
    })?;
    notes.extend(others);
    if project.owns_worktree(session.record.worktree()) && !is_half_made {
        notes.extend(run_hook(&session, &mut hold, &mut loss, &mut left, wish)?);
    }
    notes.extend(left.notes());
    // The hook, or who was at work in the windows, may have made more of them inside.
    let worktrees = worktrees::list(&project.common)?;
    let mut removed = match begun {
        None if found.at.is_none() && found.tip.is_none() => None,
        None => Some(hold.begin_taking(project, about(&worktrees, &loss)?)?),
        begun => begun,
    };
    if let Some(removed) = &mut removed {
        removed.take(project, hold.lock().file(), refs, loss.plain)?;
        removed.unhide(project)?;
    }
    // The entry of a folder that is no worktree of ours is somebody else's.
    if found.at.is_some() || !session.record.worktree().exists() {
        forget_claude_entry(&session, claude, removed.as_ref(), &mut notes)?;
    }
    session.take_out_record()?;
    notes.extend(hold.taking().map(|taking| taking.left_over(project)));
    hold.finish();
    Ok(Outcome { removed, notes })
}

/// Runs the layout's hook while all of the worktree is there, and looks once more at what goes. Gives what there is to tell.
fn run_hook(
    session: &Session<'_>,
    hold: &mut Hold,
    loss: &mut Loss,
    left: &mut Left,
    wish: Wish,
) -> Result<Vec<String>> {
    let name = &session.name;
    let mut notes = Vec::new();
    match hooks::pre_remove(session, hold) {
        Ok(true) => left.look_again(),
        Ok(false) => {}
        Err(error) if wish.force => notes.push(format!("{error:#}")),
        Err(error) => return Err(hook_failed(error, name, wish, hold)),
    }
    let has_hook = !session.layout.hooks.pre_remove.is_empty();
    if has_hook && !session.project.owns_worktree(session.record.worktree()) {
        let again = wish.typed(&[name]);
        problems::blocked(session, &again).map_or(Ok(()), |it| Err(it.into_error(name)))?;
        notes.push("its pre_remove took its worktree away: what was in it is not kept".to_owned());
        *loss = Loss::of_windows(mem::take(&mut loss.closing));
    } else if has_hook || loss.closing.has_background() {
        loss.look_again(session)?;
    }
    Ok(notes)
}

/// That the hook kept a session from being removed, and how to go on: it has its windows closed, and all else but what the hook
/// may have taken away.
fn hook_failed(error: anyhow::Error, name: &SessionName, wish: Wish, hold: &Hold) -> anyhow::Error {
    let without = Wish {
        no_hooks: true,
        ..wish
    };
    let typed = |wish: Wish| wish.typed(&[name]);
    let error = hooks::advise(error, &typed(wish), &typed(without));
    let done = if hold.is_new() {
        "its pre_remove may have done a part of its work"
    } else {
        "that is all that was done"
    };
    let words = format!("the windows of {name} are closed, and {done}: {error:#}");
    let error = hint::reworded(&error, words);
    with_hint(error, format!("bring it back: tally-session resume {name}"))
}

/// Takes Claude's entry of the worktree out of its file, and keeps it.
fn forget_claude_entry(
    session: &Session<'_>,
    claude: &Claude,
    removed: Option<&Removed>,
    notes: &mut Vec<String>,
) -> Result<()> {
    let keep = |entry: &str| removed.map_or(Ok(()), |removed| removed.keep_claude_entry(entry));
    match claude_json::forget(&claude.json, session.record.worktree(), keep) {
        Err(error) if hint::is::<claude_json::Busy>(&error) => Err(error),
        Err(error) => {
            notes.push(format!("Claude's entry of the worktree stays: {error:#}"));
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Whether git was just making it when a command was killed: what is in it is nobody's work.
fn is_half_made(worktree: &Worktree) -> bool {
    worktree.locked.as_deref() == Some(INITIALIZING)
}

/// What git has of the session. A folder that git does not list as its worktree is nobody's to take away; one that has `begun`
/// to go may be half gone.
fn find(
    session: &Session<'_>,
    records: &Records,
    begun: bool,
    notes: &mut Vec<String>,
) -> Result<Found> {
    let project = session.project;
    let (path, branch) = (session.record.worktree(), session.record.branch());
    let git = Git::at(&project.main);
    let worktrees = worktrees::list(&project.common)?;
    let is_at = |worktree: &Worktree| worktree.path == path || is_same(&worktree.path, path);
    let at = worktrees.iter().position(is_at);
    if at == Some(0) {
        bail!(
            "the record of {} names the main checkout {} as its worktree",
            session.name,
            path.display()
        );
    }
    let sharer = records
        .iter()
        .find(|(name, record)| **name != session.name && is_same(record.worktree(), path));
    if let Some((sharer, _)) = sharer {
        bail!(
            "the records of {} and {sharer} name the same worktree {}",
            session.name,
            path.display()
        );
    }
    match at.map(|at| &worktrees[at]) {
        Some(worktree) if is_half_made(worktree) => {}
        Some(Worktree {
            locked: Some(reason),
            ..
        }) => return Err(locked(session, path, reason)),
        Some(_) if path.exists() && !project.owns_worktree(path) => {
            return Err(lost_git_file(session, path));
        }
        Some(_) if !path.exists() && !begun => notes.push(format!(
            "its worktree {} was not there: what was in it, if you moved it, is not kept",
            path.display()
        )),
        Some(Worktree {
            branch: Some(other),
            ..
        }) if other != branch => {
            notes.push(format!(
                "its worktree was on the branch {other}, which stays"
            ));
        }
        None if path.exists() && !begun => notes.push(format!(
            "{} is no worktree of this repository, and stays as it is",
            path.display()
        )),
        _ => {}
    }
    if let Some(elsewhere) = problems::elsewhere(session, &worktrees) {
        return Err(elsewhere.into_error(&session.name));
    }
    let tip = git.tip(&project.common, &format!("refs/heads/{branch}"))?;
    Ok(Found { worktrees, at, tip })
}
