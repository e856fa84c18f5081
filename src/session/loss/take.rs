//! Taking a worktree away whole, with all that git has of it.
//!
//! Nothing is deleted: what can be renamed is renamed, and one ref keeps every object that it leads to. Each step can be done again,
//! and undone: whichever command comes next after one that was cut short goes on, or back.

use crate::file::{Stamp, read_if_there};
use crate::git::keep::{Change, Changing, names_in, objects_in};
use crate::git::{Git, worktrees};
use crate::hint::with_hint;
use crate::process::quote;
use crate::project::Project;
use crate::session::loss::branch::Branch;
use crate::session::loss::removed::{About, LOG, Removed};
use crate::session::loss::trash::{self, ADMINS, FOLDER};
use crate::session::records::hold::Hold;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

/// What is kept from being collected: by the ref, or by the branch until it goes.
struct Kept {
    names: BTreeSet<String>,
    indexes: Vec<Option<Stamp>>,
    has_ref: bool,
}

impl Hold {
    /// Writes down what is about to be taken away, and that it is.
    pub fn begin_taking(&mut self, project: &Project, about: About) -> Result<Removed> {
        let is_new = self.is_new();
        Removed::begin(project, About { is_new, ..about }, |id| {
            self.begin_too(|left| left.removed = Some(id.to_owned()))
        })
    }
}

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
        let tip = self.about.branch.iter().map(|branch| branch.tip.clone());
        let mut kept = Kept {
            names: tip.collect(),
            indexes: plain.map(Some).into_iter().collect(),
            has_ref: false,
        };
        self.keep(project, &mut kept, plain)?;
        self.take_folders(project)?;
        // What came in the last moment is there now, and no more can come.
        self.keep(project, &mut kept, plain)?;
        self.take_branch(project, lock, refs, kept.has_ref)
    }

    /// Has the ref lead to all that there is by now, if that is more than is kept.
    fn keep(&mut self, project: &Project, kept: &mut Kept, plain: Option<Stamp>) -> Result<()> {
        self.follow_branches(project)?;
        let names = self.names(project)?;
        let admins = self.admins_there(project);
        let index = |admin: &Path| Stamp::at(&admin.join("index"));
        let indexes: Vec<_> = admins.iter().map(|admin| index(admin)).collect();
        if names.is_subset(&kept.names) && indexes == kept.indexes {
            return Ok(());
        }
        let mut staged = Vec::new();
        for (admin, index) in admins.iter().zip(&indexes) {
            if index.is_some() && *index != plain {
                // What git can't read leads to nothing for it; the file itself is kept.
                let read = Git::of(admin, &project.common).staged();
                staged.extend(read.unwrap_or_default());
            }
        }
        kept.names.extend(names);
        kept.indexes = indexes;
        let git = Git::at(&project.main);
        let first = self.about.branch.as_ref().map(|branch| branch.tip.as_str());
        let message = format!("All that the removed session {} leads to", self.about.name);
        if let Some(keeper) = git.keeper(first, &kept.names, &staged, &message)? {
            if self.about.tags != keeper.tags {
                // Who forgets about it has to know them.
                self.about.tags = keeper.tags;
                self.write()?;
            }
            let refname = self.refname();
            let tags = self.tags();
            let mut changes = vec![Change::Update(&refname, &keeper.commit)];
            changes.extend(tags.iter().map(|(name, tag)| Change::Update(name, tag)));
            git.change_refs(&changes)
                .with_context(|| format!("cannot make the ref {refname}"))?;
            self.about.commits = keeper.commits;
            self.write()?;
        }
        kept.has_ref = true;
        Ok(())
    }

    /// Notes where the branches are by now: what is checked out is compared with that. And what git's configuration says of the one
    /// that goes.
    fn follow_branches(&mut self, project: &Project) -> Result<()> {
        let mut has_changed = false;
        let branches = self.about.branch.iter_mut().chain(&mut self.about.others);
        for branch in branches {
            let tip = branch.tip_now(project)?;
            let Some(tip) = tip else { continue };
            let lacks_config = branch.goes && branch.config.is_empty();
            if lacks_config && branch.is_configured(project)? {
                branch.config = Git::at(&project.main).branch_config(&branch.name)?;
                has_changed = true;
            }
            has_changed |= tip != branch.tip;
            branch.tip = tip;
        }
        if has_changed { self.write() } else { Ok(()) }
    }

    /// Every name of an object in what git keeps of the worktrees and in the reflog of the branch that goes, and the branches' own
    /// commits.
    pub fn names(&self, project: &Project) -> Result<BTreeSet<String>> {
        let tips = self.about.branches().map(|branch| branch.tip.clone());
        let mut names: BTreeSet<_> = tips.collect();
        let doomed = self.about.doomed();
        for admin in self.admins_there(project) {
            names.extend(objects_in(&admin)?);
            if project.common.join("reftable").exists() {
                let git = Git::of(&admin, &project.common);
                names.extend(git.objects_in_tables(doomed.map(Branch::refname).as_deref())?);
            }
        }
        let logs = doomed.map(|branch| [branch.log(project), self.dir.join(LOG)]);
        for log in logs.iter().flatten() {
            names.extend(names_in(&read_if_there(log)?.unwrap_or_default()));
        }
        Ok(names)
    }

    /// Whether what was taken away has only ever been at this commit: the worktree, and the branch, if it went too.
    ///
    /// # Errors
    /// If what is kept of it can't be read.
    pub fn has_only_been_at(&self, project: &Project, commit: Option<&str>) -> Result<bool> {
        let names = self.names(project)?;
        Ok(names.iter().all(|name| Some(name.as_str()) == commit))
    }

    /// The ref that keeps what it leads to.
    pub fn refname(&self) -> String {
        format!("refs/tally-session/_removed/{}", self.id)
    }

    /// The refs that keep tags, and the tags.
    pub fn tags(&self) -> Vec<(String, &str)> {
        let refname = |tag| format!("refs/tally-session/_tags/{}/{tag}", self.id);
        let tags = self.about.tags.iter();
        tags.map(|tag| (refname(tag), tag.as_str())).collect()
    }

    /// Lets go of what it leads to.
    pub fn drop_ref(&self, project: &Project) -> Result<()> {
        let (refname, tags) = (self.refname(), self.tags());
        let tags = tags.iter().map(|(name, _)| name);
        let refs = tags.chain([&refname]).map(|name| Change::Drop(name));
        Git::at(&project.main).change_refs(&refs.collect::<Vec<_>>())?;
        // git leaves the folder, which it makes again when it needs it.
        let _ = fs::remove_dir(project.common.join("refs/tally-session"));
        Ok(())
    }

    fn take_folders(&self, project: &Project) -> Result<()> {
        // First what git knows of it: while that is there and the folder is not, any `git worktree prune` deletes it.
        for (origin, kept) in self.admins(project) {
            if !kept.exists() && origin.exists() {
                fs::create_dir_all(self.dir.join(ADMINS))?;
                fs::rename(&origin, &kept).map_err(|error| cannot_move(&origin, error))?;
            }
        }
        if let Err(error) = self.take_folder(project) {
            self.put_back(project)?;
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
                let [beside, _] = trash::beside(worktree, &self.id);
                fs::rename(worktree, beside)
            }
            moved => moved,
        };
        moved.map_err(|error| cannot_move(worktree, error))
    }

    /// Takes the branch away, if it goes and still is where it was, and has the ref hold its commit, if there is none.
    fn take_branch(
        &self,
        project: &Project,
        lock: &File,
        mut refs: Changing,
        has_ref: bool,
    ) -> Result<()> {
        let git = Git::at(&project.main).holding(lock);
        let (refname, commit) = (self.refname(), self.about.commits.first());
        let commit = commit.filter(|_| !has_ref);
        let keep = commit.map(|commit| Change::Update(&refname, commit));
        let mut changes: Vec<_> = keep.into_iter().collect();
        let Some(branch) = self.about.doomed() else {
            return Ok(refs.make(git, &changes)?);
        };
        let name = branch.refname();
        if branch.is_there(project)? {
            if let Some(log) = read_if_there(&branch.log(project))? {
                fs::write(self.dir.join(LOG), log)?;
            }
            branch.refuse_checked_out(&worktrees::list(&project.common)?)?;
            changes.push(Change::Delete(&name, &branch.tip));
        }
        refs.make(git, &changes)
            .with_context(|| format!("cannot take the branch of {} away", self.about.name))?;
        if !branch.config.is_empty() && branch.is_configured(project)? {
            git.forget_branch_config(&branch.name)?;
        }
        Ok(())
    }
}

/// That a folder can't be renamed, and what helps.
fn cannot_move(folder: &Path, error: io::Error) -> anyhow::Error {
    let path = folder.to_string_lossy();
    let (quoted, copy) = (quote(&path), quote(&format!("{path}.copy")));
    let hint = match error.kind() {
        // That is so in a container with what its image has.
        ErrorKind::CrossesDevices => format!(
            "copy it in its place, so that it can be moved: cp -a {quoted} {copy} && rm -r {quoted} && mv {copy} {quoted}"
        ),
        _ => format!(
            "see that nothing is mounted there, and that its folder is yours: ls -ld {quoted}"
        ),
    };
    let failed = format!("cannot move the folder {path} away");
    with_hint(anyhow::Error::new(error).context(failed), hint)
}
