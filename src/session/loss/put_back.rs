//! Putting what was taken away where it was.

use crate::file::{check_room, read_if_there};
use crate::git::keep::Change;
use crate::git::worktrees::{self, Worktree};
use crate::git::{Git, refnames_to};
use crate::hint::Hint;
use crate::process::quote;
use crate::project::Project;
use crate::session::belongings::hidden;
use crate::session::loss::branch::Branch;
use crate::session::loss::removed::{LOG, Removed};
use crate::session::loss::{purge, trash};
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
            let name = branch.refname();
            // One that stayed may be gone by now, and the worktree is on it.
            if git.tip(&project.common, &name)?.is_none() {
                git.change_refs(&[Change::Create(&name, &branch.tip)])
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

    /// What keeps it from being put back, if anything does: what is to go to a place that something else has.
    ///
    /// # Errors
    /// That, with what to type.
    pub fn check_places(&self, project: &Project) -> Result<()> {
        let name = &self.about.name;
        let worktree = &self.about.worktree;
        if worktree.symlink_metadata().is_ok() {
            return Err(anyhow!(
                "there is something at {}, where the worktree of {name} belongs",
                worktree.display()
            ))
            .hint("move it away, then try again");
        }
        if self.folder().is_some() {
            check_room(worktree)
                .with_context(|| format!("cannot put {} back", worktree.display()))?;
        }
        let worktrees = worktrees::list(&project.common)?;
        for (origin, kept) in self.admins(project) {
            if kept.exists() && origin.exists() {
                let other = worktrees.iter().find(|other| other.admin == origin);
                let other = other.map_or(&origin, |other| &other.path);
                let quoted = quote(&other.to_string_lossy());
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
            bail!(
                "{} still has the worktree of {}",
                self.dir.display(),
                self.about.name
            );
        }
        self.drop_ref(project)?;
        // It is gone at once, whatever is left to delete.
        let going = trash::going_folder(project, &self.id);
        self.let_go(project)?;
        purge::delete(&going)
    }
}

/// What keeps a branch from being made again, or from being checked out again as it was.
fn check_branch(project: &Project, branch: &Branch, worktrees: &[Worktree]) -> Result<()> {
    let (name, refname) = (&branch.name, branch.refname());
    let there = Git::at(&project.main).branches(refnames_to(name))?;
    let cure = |other: &str| {
        format!(
            "give that one another name: {} branch -m {} <another name>",
            project.git(),
            quote(other)
        )
    };
    if let Some(other) = there.iter().find(|other| other.is_in_the_way_of(&refname)) {
        let other = other.name();
        return Err(anyhow!(
            "there is a branch {other} by now, beside which git can have no {name}"
        ))
        .hint(cure(other));
    }
    let there = there.iter().find(|there| there.refname == refname);
    if there.is_some_and(|there| branch.goes || there.commit != branch.tip) {
        return Err(anyhow!("there is a branch {name} by now")).hint(cure(name));
    }
    branch.refuse_checked_out(worktrees)
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
