//! Taking a worktree away whole, with all that git has of it.
//!
//! Nothing is deleted: what can be renamed is renamed, and one ref keeps every object that it leads to. Each step can be done again,
//! and undone: whichever command comes next after one that was cut short goes on, or back.

use crate::file::{Stamp, read_if_there};
use crate::git::keep::{Change, Changing, names_in, objects_in};
use crate::git::{Git, worktrees};
use crate::hint::Hint;
use crate::process::quote;
use crate::project::Project;
use crate::session::loss::branch::Branch;
use crate::session::loss::removed::{About, LOG, Removed};
use crate::session::loss::trash::{ADMINS, FOLDER};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

/// How often a branch may move while it is taken away.
const TRIES: usize = 5;

impl Removed {
    /// Takes all of it away that still is where it was: the folder in one moment, and then what git knows of it, and the branch.
    /// While the index is the `plain` one it leads to nothing but the commit that is checked out. The `refs` are changed last.
    ///
    /// # Errors
    /// The first step that fails; it can be done again.
    pub fn take(
        &mut self,
        project: &Project,
        lock: &File,
        refs: Changing,
        plain: Option<Stamp>,
    ) -> Result<()> {
        let indexes = self.indexes(project);
        let is_plain = plain.is_some() && indexes == [plain];
        let tip = self.about.branch.as_ref().map(|branch| branch.tip.clone());
        let mut kept = self.names(project)?;
        // Until it goes the branch holds all that there is, and the ref can be made when it goes.
        let mut has_ref = !is_plain || kept.iter().any(|name| Some(name) != tip.as_ref());
        if has_ref {
            self.keep(project, &kept, is_plain)?;
        }
        self.take_folders(project)?;
        // What came in the last moment is there now, and no more can come.
        self.follow_branches(project)?;
        let last = self.names(project)?;
        if !last.is_subset(&kept) || self.indexes(project) != indexes {
            kept.extend(last);
            self.keep(project, &kept, false)?;
            has_ref = true;
        }
        self.take_branch(project, lock, refs, kept, has_ref)
    }

    /// The index of each worktree, as it is now.
    fn indexes(&self, project: &Project) -> Vec<Option<Stamp>> {
        let admins = self.admins(project).into_iter();
        let index = |admin: &Path| Stamp::at(&admin.join("index"));
        admins
            .map(|(origin, kept)| index(&kept).or_else(|| index(&origin)))
            .collect()
    }

    /// Every name of an object in what git keeps of the worktrees and in the branch's reflog, and the branch's own commit.
    pub fn names(&self, project: &Project) -> Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        for (origin, kept) in self.admins(project) {
            let admin = if kept.exists() { kept } else { origin };
            if !admin.exists() {
                continue;
            }
            names.extend(objects_in(&admin)?);
            if project.common.join("reftable").exists() {
                let branch = self.about.branch.as_ref().map(Branch::refname);
                let git = Git::of(&admin, &project.common);
                names.extend(git.objects_in_tables(branch.as_deref())?);
            }
        }
        names.extend(self.about.branches().map(|branch| branch.tip.clone()));
        if let Some(branch) = &self.about.branch {
            let logs = [branch.log(project), self.dir.join(LOG)];
            for log in logs {
                names.extend(names_in(&read_if_there(&log)?.unwrap_or_default()));
            }
        }
        Ok(names)
    }

    /// Whether what was taken away has only ever been at this commit: the worktree, and the branch, if it went too.
    ///
    /// # Errors
    /// If what is kept of it can't be read.
    pub fn has_only_been_at(&self, project: &Project, commit: Option<&str>) -> Result<bool> {
        let mut names = BTreeSet::new();
        for (_, kept) in self.admins(project) {
            names.extend(objects_in(&kept)?);
        }
        if let Some(branch) = self.about.branch.as_ref().filter(|branch| branch.goes) {
            names.insert(branch.tip.clone());
            names.extend(names_in(
                &read_if_there(&self.dir.join(LOG))?.unwrap_or_default(),
            ));
        }
        Ok(names.iter().all(|name| Some(name.as_str()) == commit))
    }

    /// Notes where the branches are that stay, as what is checked out is compared with that.
    fn follow_branches(&mut self, project: &Project) -> Result<()> {
        let git = Git::at(&project.main);
        let About { branch, others, .. } = &mut self.about;
        let mut has_moved = false;
        for branch in branch
            .iter_mut()
            .chain(others)
            .filter(|branch| !branch.goes)
        {
            let tip = git.tip(&project.common, &branch.refname())?;
            if let Some(tip) = tip.filter(|tip| *tip != branch.tip) {
                branch.tip = tip;
                has_moved = true;
            }
        }
        if has_moved { self.write() } else { Ok(()) }
    }

    /// Has the ref lead to these objects, and, but where that is `plain`, to all that the indexes do.
    fn keep(&mut self, project: &Project, names: &BTreeSet<String>, is_plain: bool) -> Result<()> {
        let mut staged = Vec::new();
        for (origin, kept) in self.admins(project).iter().filter(|_| !is_plain) {
            let mut there = [kept, origin].into_iter();
            if let Some(admin) = there.find(|admin| admin.join("index").exists()) {
                staged.extend(Git::of(admin, &project.common).staged()?);
            }
        }
        let git = Git::at(&project.main);
        let first = self.about.branch.as_ref().map(|branch| branch.tip.as_str());
        let message = format!("All that the removed session {} leads to", self.about.name);
        if let Some(keeper) = git.keeper(first, names, &staged, &message)? {
            let refname = self.refname();
            git.change_refs(&[Change::Update(&refname, &keeper.commit)])
                .with_context(|| format!("cannot make the ref {refname}"))?;
            self.about.commits = keeper.commits;
            self.write()?;
        }
        Ok(())
    }

    fn take_folders(&self, project: &Project) -> Result<()> {
        // First what git knows of it: while that is there and the folder is not, any `git worktree prune` deletes it.
        let mut moved = Vec::new();
        for (origin, kept) in self.admins(project) {
            if !kept.exists() && origin.exists() {
                fs::create_dir_all(self.dir.join(ADMINS))?;
                fs::rename(&origin, &kept)
                    .with_context(|| format!("cannot move {} away", origin.display()))?;
                moved.push((origin, kept));
            }
        }
        if let Err(error) = self.take_folder(project) {
            for (origin, kept) in moved {
                fs::rename(&kept, &origin)
                    .with_context(|| format!("cannot move {} back", origin.display()))?;
            }
            return Err(error);
        }
        // git has no such folder while it has no worktree; one that was only just made keeps it.
        let _ = fs::remove_dir(project.common.join("worktrees"));
        Ok(())
    }

    fn take_folder(&self, project: &Project) -> Result<()> {
        let worktree = &self.about.worktree;
        if self.folder().is_some() || !self.is_named_by(project, worktree) {
            return Ok(());
        }
        let moved = match fs::rename(worktree, self.dir.join(FOLDER)) {
            Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                fs::rename(worktree, self.beside())
            }
            moved => moved,
        };
        let path = worktree.to_string_lossy();
        moved
            .with_context(|| format!("cannot move the folder {path} away"))
            .hint(format!(
                "see that nothing is mounted there, and that its folder is yours: ls -ld {}",
                quote(&path)
            ))
    }

    /// Takes the branch away, if it goes, at whatever commit it is by now, and has the ref hold that.
    fn take_branch(
        &mut self,
        project: &Project,
        lock: &File,
        mut refs: Changing,
        mut kept: BTreeSet<String>,
        mut has_ref: bool,
    ) -> Result<()> {
        let git = Git::at(&project.main).holding(lock);
        let refname = self.refname();
        let mut failure = None;
        for _ in 0..TRIES {
            let mut changes = Vec::new();
            let commit = self.about.commits.first().cloned();
            if let (Some(commit), false) = (&commit, has_ref) {
                changes.push(Change::Update(&refname, commit));
            }
            let Some(branch) = self.about.branch.as_mut().filter(|branch| branch.goes) else {
                return Ok(refs.make(git, &changes)?);
            };
            let name = branch.refname();
            let Some(tip) = git.tip(&project.common, &name)? else {
                return Ok(refs.make(git, &changes)?);
            };
            if branch.tip != tip || branch.is_configured(project)? && branch.config.is_empty() {
                branch.config = git.branch_config(&branch.name)?;
                branch.tip.clone_from(&tip);
                self.write()?;
            }
            if kept.insert(tip.clone()) {
                // Somebody has only just moved it.
                self.keep(project, &kept, false)?;
                has_ref = true;
                continue;
            }
            let Some(branch) = &self.about.branch else {
                continue;
            };
            if let Some(log) = read_if_there(&branch.log(project))? {
                fs::write(self.dir.join(LOG), log)?;
            }
            branch.refuse_checked_out(&worktrees::list(&project.common)?)?;
            changes.push(Change::Delete(&name, &tip));
            match refs.make(git, &changes) {
                // It may have moved in this very moment.
                Err(error) => failure = Some(error),
                Ok(()) if branch.is_configured(project)? => {
                    return git.forget_branch_config(&branch.name);
                }
                Ok(()) => return Ok(()),
            }
        }
        let failed = || format!("cannot take the branch of {} away", self.about.name);
        match failure {
            Some(error) => Err(error).with_context(failed),
            None => bail!("{}: it changes all the time", failed()),
        }
    }
}
