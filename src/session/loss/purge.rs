//! Deleting what was taken away: when its time is over, or when the user says so.

use crate::git::Git;
use crate::hint::{self, Hint, with_hint};
use crate::process::{self, quote};
use crate::processes;
use crate::project::Project;
use crate::session::loss::removed::Removed;
use crate::session::loss::{mounts, trash};
use crate::session::records::hold::Hold;
use anyhow::{Context, Result, anyhow};
use rustix::process::getuid;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A day in seconds.
pub const DAY: u64 = 24 * 60 * 60;

/// What is gone for good when something is deleted.
pub struct Lost {
    /// The room that it takes on the disk, in bytes.
    pub bytes: u64,
    /// What hooks keep in git's folder of it; see [`Removed::beside_git`].
    pub beside_git: Vec<(String, u64)>,
    /// Its commits that no branch and no remote holds, the newest first: short hash and subject.
    pub commits: Vec<String>,
}

impl Removed {
    /// Until when it is kept, in seconds since 1970, where that is for so many days.
    pub fn until(&self, days: u64) -> u64 {
        self.since().saturating_add(days.saturating_mul(DAY))
    }

    /// Whether its files are kept, and will be for a while.
    pub fn has_files(&self, days: u64) -> bool {
        days > 0 && !self.about.expired && self.until(days) > trash::now()
    }

    /// What would be lost with it.
    ///
    /// # Errors
    /// If git fails.
    pub fn lost(&self, project: &Project) -> Result<Lost> {
        Ok(Lost {
            bytes: self.bytes(),
            beside_git: self.beside_git(project),
            commits: Git::at(&project.main).own_commits(None, &self.about.commits)?,
        })
    }

    /// What would be lost with it, while some, or all, of it is still at its place.
    ///
    /// # Errors
    /// If git fails, or what it has of the worktree can't be read.
    pub fn at_stake(&self, project: &Project) -> Result<Lost> {
        let names: Vec<_> = self.names(project)?.into_iter().collect();
        let branch = self.about.branch.as_ref().filter(|branch| branch.goes);
        let branch = branch.map(|branch| branch.name.as_str());
        Ok(Lost {
            bytes: self.bytes() + size(&self.about.worktree),
            beside_git: self.beside_git(project),
            commits: Git::at(&project.main).own_commits(branch, &names)?,
        })
    }

    /// The room that it takes on the disk, in bytes.
    pub fn bytes(&self) -> u64 {
        size(&self.dir) + size(&self.beside())
    }

    /// Deletes it for good: its commits at once, and its files in the background. Gives what can't be deleted, where something in it
    /// is another user's, or another file system.
    ///
    /// # Errors
    /// If git fails, or something can't be moved.
    pub fn purge(self, project: &Project) -> Result<Option<String>> {
        let has_others = stranger_s(&self.dir).is_some() || !mounts::below(&self.dir)?.is_empty();
        let going = trash::going_folder(project, &self.id);
        self.drop_ref(project)?;
        self.let_go(project)?;
        // Nobody sees what becomes of that in the background.
        let left = has_others.then(|| delete(&going).err()).flatten();
        Ok(left.map(|error| {
            let cure = hint::hints(&error).collect::<Vec<_>>().join(", or ");
            format!("{} {error:#}: {cure}", going.display())
        }))
    }

    /// Deletes its files; its commits are kept if nothing else holds them.
    fn expire(mut self, project: &Project) -> Result<()> {
        if self.lost(project)?.commits.is_empty() {
            return self.purge(project).map(drop);
        }
        self.about.expired = true;
        self.write()?;
        let going = trash::going_folder(project, &self.id);
        fs::create_dir_all(&going)?;
        for part in [trash::FOLDER, trash::ADMINS] {
            match fs::rename(self.dir.join(part), going.join(part)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        self.delete_beside()
    }

    /// Has it deleted as soon as somebody sweeps.
    pub fn let_go(self, project: &Project) -> Result<()> {
        self.delete_beside()?;
        let going = trash::going_folder(project, &self.id);
        fs::rename(&self.dir, &going)
            .with_context(|| format!("cannot move {} away", self.dir.display()))
    }

    /// Deletes the folder that could not be renamed into another file system.
    fn delete_beside(&self) -> Result<()> {
        match self.beside() {
            beside if beside.exists() => delete(&beside),
            _ => Ok(()),
        }
    }
}

/// Deletes one for good, if no command is half way with it. Gives what can't be deleted.
///
/// # Errors
/// If one is, and as [`Removed::purge`].
pub fn purge(project: &Project, removed: Removed) -> Result<Option<String>> {
    let name = &removed.about.name;
    let mut hold = Hold::take(project, name)?;
    hold.refuse_moving(project)?;
    if !removed.dir.exists() {
        return Err(anyhow!("{} is no longer there", removed.id))
            .hint("see what there is: tally-session list --removed");
    }
    let begun = hold.removed(project);
    if begun.is_some_and(|begun| begun.id == removed.id) {
        hold.unfinished = None;
    }
    removed.purge(project)
}

/// Starts a process that deletes what is due, if anything is. What is taken away is kept for so many days.
pub fn sweep(project: &Project, days: u64) {
    let is_due = !trash::going(project).is_empty()
        || !untaken(project).is_empty()
        || due(project, days).any(|removed| !removed.about.expired);
    if is_due {
        // Whatever can't be deleted takes room, and doctor names it.
        let _ = process::leave_own(&project.main, "sweep");
    }
}

/// Deletes what is due. Gives what can't be deleted.
pub fn sweep_now(project: &Project, days: u64) -> Vec<anyhow::Error> {
    let mut failures = Vec::new();
    for removed in due(project, days).collect::<Vec<_>>() {
        let expired = Hold::take(project, &removed.about.name).and_then(|hold| {
            // Whoever is half way with it decides.
            let is_wanted = hold.unfinished.is_some() || !removed.dir.exists();
            if is_wanted {
                Ok(())
            } else {
                removed.expire(project)
            }
        });
        failures.extend(expired.err());
    }
    for id in untaken(project) {
        failures.extend(clear_untaken(project, &id).err());
    }
    let going = trash::going(project);
    failures.extend(going.iter().filter_map(|folder| delete(folder).err()));
    failures
}

/// The ids of those of which nothing was taken away, or is written down: a command was killed before that.
fn untaken(project: &Project) -> Vec<String> {
    let mut ids = trash::empty(project);
    ids.retain(|id| match Removed::open(project, id) {
        Ok(removed) => !removed.counts(project),
        Err(_) => !trash::folder(project, id).join(trash::ABOUT).exists(),
    });
    ids
}

/// Deletes such a one, if no command is half way with it.
fn clear_untaken(project: &Project, id: &str) -> Result<()> {
    let hold = Hold::take(project, &trash::name(id)?)?;
    let dir = trash::folder(project, id);
    match Removed::open(project, id) {
        Ok(removed) if hold.removed(project).is_none() && !removed.has_taken(project) => {
            // All that its ref holds was never taken, or is back.
            removed.purge(project).map(drop)
        }
        Err(_) if !dir.join(trash::ABOUT).exists() => delete(&dir),
        _ => Ok(()),
    }
}

/// Of what the files are kept no longer, or are deleted already.
fn due(project: &Project, days: u64) -> impl Iterator<Item = Removed> {
    let now = trash::now();
    let ids = trash::ids(project).into_iter();
    // The time is in the id: most of them need no look.
    let ids = ids.filter(move |id| {
        trash::since(id).is_some_and(|since| since.saturating_add(days.saturating_mul(DAY)) <= now)
    });
    ids.filter_map(|id| Removed::open(project, &id).ok())
}

/// Deletes a folder with all that is in it, and nothing of another file system; links are not followed.
///
/// # Errors
/// If something is mounted in it, or belongs to another user: that is named.
pub fn delete(folder: &Path) -> Result<()> {
    if let Some(mount) = mounts::below(folder)?.first() {
        let mount = mount.to_string_lossy();
        return Err(anyhow!("can't be deleted: something is mounted at {mount}"))
            .hint(format!("take it out first: umount {}", quote(&mount)));
    }
    let mut result = fs::remove_dir_all(folder);
    if result
        .as_ref()
        .is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
    {
        make_writable(folder);
        result = fs::remove_dir_all(folder);
    }
    match result {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(undeletable(folder, &error)),
        _ => Ok(()),
    }
}

/// Some tools leave folders that even their owner may not write.
fn make_writable(folder: &Path) {
    let Ok(about) = folder.symlink_metadata() else {
        return;
    };
    let mode = about.permissions().mode();
    if !about.is_dir() || about.uid() != getuid().as_raw() {
        return;
    }
    if mode & 0o700 != 0o700 {
        // If it can't be done, the deletion says so.
        let _ = fs::set_permissions(folder, fs::Permissions::from_mode(mode | 0o700));
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        make_writable(&entry.path());
    }
}

/// What keeps a folder from being deleted.
fn undeletable(folder: &Path, error: &io::Error) -> anyhow::Error {
    let quoted = quote(&folder.to_string_lossy());
    let failed = "is of a removed session, and can't be deleted";
    let failed = match stranger_s(folder) {
        Some((path, owner)) => anyhow!("{failed}: {} belongs to {owner}", path.display()),
        None => anyhow!("{failed}: {error}"),
    };
    with_hint(failed, format!("sudo rm -rf {quoted}"))
}

/// Something in a folder that is another user's, and who that is.
fn stranger_s(folder: &Path) -> Option<(PathBuf, String)> {
    let about = folder.symlink_metadata().ok()?;
    if about.uid() != getuid().as_raw() {
        return Some((folder.to_owned(), processes::user(about.uid())));
    }
    let entries = fs::read_dir(folder).ok()?.flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .find_map(|entry| stranger_s(&entry.path()))
}

/// The room that a folder takes on the disk, in bytes; what is there under another name too takes none.
pub fn size(folder: &Path) -> u64 {
    /// What the system counts in.
    const BLOCK: u64 = 512;
    let Ok(about) = folder.symlink_metadata() else {
        return 0;
    };
    let own = about.blocks() * BLOCK;
    if !about.is_dir() {
        return if about.nlink() > 1 { 0 } else { own };
    }
    let entries: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    own + entries.iter().map(|path| size(path)).sum::<u64>()
}
