//! A session that goes, step by step.

use super::{Outcome, Wish};
use crate::claude::Claude;
use crate::git::Git;
use crate::git::keep::Changing;
use crate::git::worktrees::{self, Worktree};
use crate::hint::{self, with_hint};
use crate::name::SessionName;
use crate::parallel::joined;
use crate::problem::{self, Problem};
use crate::project::is_same;
use crate::session::Session;
use crate::session::belongings::{claude_entry, placed};
use crate::session::loss::Loss;
use crate::session::loss::branch::Branch;
use crate::session::loss::purge::Lost;
use crate::session::loss::removed::{About, Removed};
use crate::session::making::hooks;
use crate::session::records::hold::Hold;
use crate::session::records::moved;
use crate::session::truth::problems;
use crate::session::windows::closing::Closing;
use crate::session::windows::opening;
use crate::session::windows::servers::Left;
use crate::store::records::Records;
use anyhow::{Context, Result, bail};
use std::fs;
use std::mem;
use std::thread;

/// A session that goes, as far as it is known and done.
pub struct Leaving<'a> {
    session: Session<'a>,
    hold: Hold,
    claude: &'a Claude,
    wish: Wish,
    /// What git has of the project.
    worktrees: Vec<Worktree>,
    /// Which of them is its own. The folder may be gone.
    at: Option<usize>,
    /// The commit at its branch's tip, if the branch is there.
    tip: Option<String>,
    /// What a command before this one has begun to take away.
    begun: Option<Removed>,
    loss: Loss,
    notes: Vec<String>,
}

impl<'a> Leaving<'a> {
    /// Looks at what there is of it. One that has begun to go may be half gone.
    pub fn look(
        session: Session<'a>,
        hold: Hold,
        claude: &'a Claude,
        records: &Records,
        wish: Wish,
    ) -> Result<Self> {
        let (project, path) = (session.project, session.record.worktree());
        if hold.unfinished.is_some() {
            // An add that was cut short may have made no more of the worktree.
            let _ = fs::remove_dir(path);
        }
        let begun = match hold.removed(project) {
            // It was only about to begin: what was seen then may have changed.
            Some(removed) if !removed.has_taken(project) => {
                removed.forget(project)?;
                None
            }
            begun => begun,
        };
        let worktrees = worktrees::list(&project.common)?;
        let is_at = |worktree: &Worktree| worktree.path == path || is_same(&worktree.path, path);
        let at = worktrees.iter().position(is_at);
        refuse_others_place(&session, records, at)?;
        let own = at.map(|at| &worktrees[at]);
        let again = wish.typed(&[&session.name]);
        let kept = that_keeps_it(&session, own, &worktrees, &again);
        problem::refuse(kept, &session.name)?;
        let notes = told_of(&session, own, begun.is_some());
        let refname = format!("refs/heads/{}", session.record.branch());
        let tip = Git::at(&project.main).tip(&project.common, &refname)?;
        let loss = if own.is_some_and(Worktree::is_half_made) {
            Loss::of_windows(Closing::of_windows(&session)?)
        } else {
            let goes = tip.is_some() && !wish.keep_branch;
            Loss::find(&session, own, &worktrees, goes, claude)?
        };
        Ok(Self {
            session,
            hold,
            claude,
            wish,
            worktrees,
            at,
            tip,
            begun,
            loss,
            notes: Vec::from_iter(notes),
        })
    }

    /// Looks at all of it once more.
    pub fn look_again(self, records: &Records) -> Result<Self> {
        Self::look(self.session, self.hold, self.claude, records, self.wish)
    }

    /// Refuses what is mounted inside, and, but where the user forces it or it has begun to go, what the user will want to know.
    pub fn refuse(&self) -> Result<()> {
        self.loss.refuse_mounts(&self.session)?;
        if self.wish.force || self.begun.is_some() {
            return Ok(());
        }
        let forced = self.wish.with_force(&self.session.name);
        self.loss.refuse(&self.session, &forced)
    }

    fn worktree(&self) -> Option<&Worktree> {
        self.worktrees.get(self.at?)
    }

    /// What there is of it, by what git knows now.
    fn about(&self, worktrees: &[Worktree]) -> Result<About> {
        let session = &self.session;
        let branch = |tip| Branch::new(session.record.branch(), tip, !self.wish.keep_branch);
        let conversation = opening::conversation(session, self.claude, &self.claude.running());
        Ok(About {
            went: self.loss.went(session, &placed::changed(session)),
            conversation: conversation.map(|conversation| conversation.id),
            ..About::of(
                session,
                self.worktree(),
                worktrees,
                self.tip.clone().map(branch),
            )?
        })
    }

    /// Asks whether all of it is to be deleted.
    pub fn ask(&self, agree: impl FnOnce(&About, &Lost) -> Result<()>) -> Result<()> {
        let project = self.session.project;
        let planned;
        let doomed = if let Some(begun) = &self.begun {
            begun
        } else {
            planned = Removed::planned(project, self.about(&self.worktrees)?);
            &planned
        };
        agree(&doomed.about, &doomed.at_stake(project)?)
    }

    /// Closes its windows and runs the layout's hook. git, which changes the refs, starts meanwhile.
    pub fn close(&mut self) -> Result<Changing> {
        let (session, hold) = (&self.session, &self.hold);
        let closing = &mut self.loss.closing;
        let project = session.project;
        let (refs, (others, mut left)) = thread::scope(|scope| {
            let git = Git::at(&project.main).holding(hold.lock().file());
            let refs = scope.spawn(move || Ok(Changing::start(git)?));
            let closed = closing.close(session)?;
            anyhow::Ok((joined(refs)?, closed))
        })?;
        self.notes.extend(others);
        let is_half_made = self.worktree().is_some_and(Worktree::is_half_made);
        if project.owns_worktree(self.session.record.worktree()) && !is_half_made {
            self.run_hook(&mut left)?;
        }
        self.notes.extend(left.notes());
        Ok(refs)
    }

    /// Runs the layout's hook while all of the worktree is there, and looks once more at what goes.
    fn run_hook(&mut self, left: &mut Left) -> Result<()> {
        let (session, wish) = (&self.session, self.wish);
        match hooks::pre_remove(session, &mut self.hold) {
            Ok(true) => left.look_again(),
            Ok(false) => {}
            Err(error) if wish.force => self.notes.push(format!("{error:#}")),
            Err(error) => return Err(hook_failed(error, &session.name, wish, &self.hold)),
        }
        let has_hook = !session.layout.hooks.pre_remove.is_empty();
        if has_hook && !session.project.owns_worktree(session.record.worktree()) {
            let again = wish.typed(&[&session.name]);
            problem::refuse(problems::blocked(session, &again), &session.name)?;
            let gone = "its pre_remove took its worktree away: what was in it is not kept";
            self.notes.push(gone.to_owned());
            self.loss = Loss::of_windows(mem::take(&mut self.loss.closing));
        } else if has_hook || self.loss.closing.has_background() {
            self.loss.look_again(session);
        }
        Ok(())
    }

    /// Takes its worktree and its branch away, if there is one of them.
    pub fn take(&mut self, refs: Changing) -> Result<Option<Removed>> {
        let project = self.session.project;
        let own = self.worktree();
        if let Some(own) = own.filter(|own| self.begun.is_none() && own.has_lost_git_file()) {
            moved::reconnect(own)?;
        }
        let mut removed = match self.begun.take() {
            None if self.at.is_none() && self.tip.is_none() => return Ok(None),
            None => {
                // The hook, or who was at work in the windows, may have made more of them inside.
                let about = self.about(&worktrees::list(&project.common)?)?;
                self.hold.begin_taking(project, about)?
            }
            Some(begun) => begun,
        };
        removed.take(project, self.hold.lock().file(), refs, self.loss.plain)?;
        removed.unhide(project)?;
        Ok(Some(removed))
    }

    /// That its worktree or its branch could not be taken away, for this reason, and how to go on, or back.
    pub fn cut_short(&self, error: anyhow::Error) -> anyhow::Error {
        let name = &self.session.name;
        let again = self.wish.typed(&[name]);
        let error = with_hint(
            error,
            format!("its windows are closed; go on with it: {again}"),
        );
        with_hint(
            error,
            format!("or bring it back: tally-session resume {name}"),
        )
    }

    /// Takes out what others know of it, and last its record.
    pub fn forget(mut self, removed: Option<Removed>) -> Result<Outcome> {
        let session = &self.session;
        // The entry of a folder that is no worktree of ours is somebody else's.
        if self.at.is_some() || !session.record.worktree().exists() {
            let keep = |entry: &str| {
                let removed = removed.as_ref();
                removed.map_or(Ok(()), |it| it.keep_claude_entry(entry))
            };
            self.notes
                .extend(claude_entry::take(session, self.claude, keep)?);
        }
        let broken = worktrees::broken_branch(&session.project.common, session.record.branch());
        if let Some(broken) = broken {
            let failed = || format!("cannot delete {}", broken.display());
            fs::remove_file(&broken).with_context(failed)?;
        }
        session.take_out_record()?;
        let taking = self.hold.taking();
        self.notes
            .extend(taking.map(|taking| taking.left_over(session.project)));
        self.hold.finish();
        Ok(Outcome {
            removed,
            notes: self.notes,
        })
    }
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

/// Refuses a record that names the main checkout's place, or another session's.
fn refuse_others_place(session: &Session<'_>, records: &Records, at: Option<usize>) -> Result<()> {
    let (name, path) = (&session.name, session.record.worktree());
    if at == Some(0) {
        let path = path.display();
        bail!("the record of {name} names the main checkout {path} as its worktree");
    }
    let mut others = records.iter().filter(|(other, _)| *other != name);
    if let Some((sharer, _)) = others.find(|(_, record)| is_same(record.worktree(), path)) {
        let path = path.display();
        bail!("the records of {name} and {sharer} name the same worktree {path}");
    }
    Ok(())
}

/// What keeps it where it is: a folder that git does not list as its worktree is nobody's to take away.
fn that_keeps_it(
    session: &Session<'_>,
    own: Option<&Worktree>,
    worktrees: &[Worktree],
    again: &str,
) -> Option<Problem> {
    let path = session.record.worktree();
    let own = own.filter(|own| !own.is_half_made());
    let kept = own.and_then(|own| match &own.locked {
        Some(reason) => Some(problems::locked(session, reason)),
        None if path.exists()
            && !session.project.owns_worktree(path)
            && !own.has_lost_git_file() =>
        {
            problems::in_the_way(session, worktrees, again)
        }
        None => None,
    });
    kept.or_else(|| problems::elsewhere(session, worktrees))
}

/// What there is to tell of its worktree; one that has `begun` to go may be half gone.
fn told_of(session: &Session<'_>, own: Option<&Worktree>, begun: bool) -> Option<String> {
    let path = session.record.worktree();
    let (there, shown) = (path.exists(), path.display());
    match own.map(|own| own.branch.as_ref()) {
        _ if own.is_some_and(Worktree::is_half_made) => None,
        Some(_) if !there && !begun => Some(format!(
            "its worktree {shown} was not there: what was in it, if you moved it, is not kept"
        )),
        Some(Some(other)) if other != session.record.branch() => Some(format!(
            "its worktree was on the branch {other}, which stays"
        )),
        None if there && !begun => Some(format!(
            "{shown} is no worktree of this repository, and stays as it is"
        )),
        _ => None,
    }
}
