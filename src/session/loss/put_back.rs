//! Putting what was taken away where it was.

use crate::file::{check_room, read_if_there};
use crate::git::keep::Change;
use crate::git::worktrees::{self, Worktree};
use crate::git::{self, Git, refnames_to};
use crate::hint::Hint;
use crate::process::{quote, quote_path};
use crate::project::Project;
use crate::session::belongings::hidden;
use crate::session::loss::branch::Branch;
use crate::session::loss::named::named;
use crate::session::loss::removed::{About, LOG, Removed};
use crate::session::loss::{purge, trash};
use crate::session::records::hold::{Hold, Unfinished};
use crate::session::records::moved;
use anyhow::{Context, Result, anyhow, bail};
use std::fs;
use std::path::Path;

impl Removed {
    /// Puts all of it where it was, as far as it is not there already. The session's record and what Claude knew of it are for
    /// the caller.
    ///
    /// # Errors
    /// The first step that fails, also because something else is in its place by now; it can be done again.
    pub fn put_back(&self, project: &Project) -> Result<()> {
        let git = Git::at(&project.main);
        for branch in self.about.branches() {
            // One that stayed may be gone by now, and the worktree is on it.
            if !branch.is_there(project)? {
                git.change_refs(&[Change::Create(&branch.refname(), &branch.tip)])
                    .with_context(|| format!("cannot make the branch {}", branch.name))?;
                let log = read_if_there(&self.dir.join(LOG))?;
                if let Some(log) = log.filter(|_| branch.goes) {
                    let path = branch.log(project);
                    fs::write(&path, log)
                        .with_context(|| format!("cannot write {}", path.display()))?;
                }
            }
            if !branch.is_configured(project)? {
                for (key, value) in &branch.config {
                    git.add_config(key, value)?;
                }
            }
        }
        hidden::exclude(project, self.lines(project))?;
        if let Some(folder) = self.folder() {
            move_back(&folder, &self.about.worktree)?;
        }
        for (origin, kept) in self.admins(project) {
            fs::create_dir_all(project.common.join("worktrees"))?;
            move_back(&kept, &origin)?;
        }
        self.connect(project)
    }

    /// What there is to tell of a session whose worktree is not back with the rest of it.
    pub fn lacks(&self) -> Option<String> {
        let About {
            name,
            worktree,
            went,
            ..
        } = &self.about;
        let had_one = self.about.record.is_some() && !self.about.admins.is_empty();
        let without = match &went[..] {
            [] => String::new(),
            went => format!(", without {}", named(went)),
        };
        (had_one && !worktree.exists()).then(|| {
            format!(
                "the folder of {name} is not kept: its worktree comes back as it was committed{without}"
            )
        })
    }

    /// Has git know the worktree where it is now, if that is another place than it knows, and the worktree git.
    fn connect(&self, project: &Project) -> Result<()> {
        let own = self.admins(project).into_iter().next();
        let mut worktrees = worktrees::list(&project.common)?.into_iter();
        match own.and_then(|(own, _)| worktrees.find(|entry| entry.admin == own)) {
            Some(entry) => moved::connect(project, &entry.path, &self.about.worktree),
            None => Ok(()),
        }
    }

    /// Refuses where what is to be put back would go to a place that something else has.
    pub fn check_places(&self, project: &Project) -> Result<()> {
        let name = &self.about.name;
        let (worktree, path) = (&self.about.worktree, self.about.worktree.display());
        if worktree.symlink_metadata().is_ok() {
            let belongs = format!("where the worktree of {name} belongs");
            return Err(anyhow!("there is something at {path}, {belongs}"))
                .hint("move it away, then try again");
        }
        if self.folder().is_some() {
            check_room(worktree).with_context(|| format!("cannot put {path} back"))?;
        }
        let worktrees = worktrees::list(&project.common)?;
        for (origin, kept) in self.admins(project) {
            if kept.exists() && origin.exists() {
                let other = worktrees.iter().find(|other| other.admin == origin);
                let other = other.map_or(&origin, |other| &other.path);
                let quoted = quote_path(other);
                return Err(anyhow!(
                    "git has given the name that it had for the worktree of {name} to another one: {}",
                    other.display()
                ))
                .hint(format!("remove that one first: {} worktree remove {quoted}", project.git()));
            }
        }
        let mut branches = self.about.branches();
        branches.try_for_each(|branch| check_branch(project, branch, &worktrees))
    }

    /// Forgets all about it, when it is where it was.
    ///
    /// # Errors
    /// If git fails, or what is left can't be deleted.
    pub fn forget(self, project: &Project) -> Result<()> {
        if self.folder().is_some() {
            let (dir, name) = (self.dir.display(), &self.about.name);
            bail!("{dir} still has the worktree of {name}");
        }
        let going = trash::going_folder(project, &self.id);
        self.purge(project)?;
        // It is gone at once, whatever is left to delete.
        purge::delete(&going)
    }
}

impl Unfinished {
    fn removed(&self, project: &Project) -> Option<Removed> {
        Removed::open(project, self.removed.as_ref()?).ok()
    }

    /// What was being taken away or brought back, if some of it is at its place.
    pub fn moving(&self, project: &Project) -> Option<Removed> {
        let removed = self.removed(project)?;
        removed.is_there(project).unwrap_or(true).then_some(removed)
    }
}

impl Hold {
    /// What a command that was cut short was taking away or bringing back.
    pub fn removed(&self, project: &Project) -> Option<Removed> {
        self.unfinished.as_ref()?.removed(project)
    }

    /// Refuses to begin anew while something of that is at its place.
    pub fn refuse_moving(&self, project: &Project) -> Result<()> {
        let unfinished = self.unfinished.as_ref();
        let moving = unfinished.and_then(|unfinished| unfinished.moving(project));
        let Some(Removed { id, about, .. }) = moving else {
            return Ok(());
        };
        let name = about.name;
        Err(anyhow!(
            "a restore of {name} was cut short, and it is only half there"
        ))
        .hint(format!("finish it: tally-session restore {id}"))
    }
}

/// What keeps a branch from being made again, or from being checked out again as it was.
fn check_branch(project: &Project, branch: &Branch, worktrees: &[Worktree]) -> Result<()> {
    let (name, refname) = (&branch.name, branch.refname());
    let there = Git::at(&project.main).branches(refnames_to(name))?;
    let is_another = |there: &&git::Branch| {
        there.refname == refname && (branch.goes || there.commit != branch.tip)
    };
    let in_the_way = there.iter().find(|it| it.is_in_the_way_of(&refname));
    let Some(other) = in_the_way.or_else(|| there.iter().find(is_another)) else {
        return branch.refuse_checked_out(worktrees);
    };
    let (git, other) = (project.git(), other.name());
    let beside = match in_the_way {
        Some(_) => format!(", beside which git can have no {name}"),
        None => String::new(),
    };
    let quoted = quote(other);
    Err(anyhow!("there is a branch {other} by now{beside}")).hint(format!(
        "give that one another name: {git} branch -m {quoted} <another name>"
    ))
}

/// Renames what is there to where nothing is.
fn move_back(from: &Path, to: &Path) -> Result<()> {
    if from.symlink_metadata().is_err() {
        return Ok(());
    }
    if to.symlink_metadata().is_ok() {
        bail!("{} is in the way of what was there", to.display());
    }
    fs::rename(from, to).with_context(|| format!("cannot move {} back", to.display()))
}
