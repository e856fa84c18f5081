//! Deleting what was taken away: when its time is over, or when the user says so.

use crate::file::walk;
use crate::git::Git;
use crate::hint::{Hint, with_hint};
use crate::process::{self, quote, quote_path};
use crate::processes;
use crate::project::Project;
use crate::session::loss::removed::Removed;
use crate::session::loss::{mounts, trash};
use crate::session::records::hold::Hold;
use anyhow::{Context, Result, anyhow};
use rustix::process::getuid;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A day in seconds.
pub const DAY: u64 = 24 * 60 * 60;

/// The file, in the folder of what is kept, that has when its time was first seen to be over, in seconds since 1970.
const OVER: &str = "over";

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
    /// Until when it is kept, in seconds since 1970, where that is for so many days: the clock may be wrong now, or may have been
    /// when it was taken away, so that its time has to have been over for a day.
    pub fn until(&self, days: u64) -> u64 {
        let (end, now) = (end(self.since(), days), trash::now());
        match self.over_since() {
            _ if days == 0 || end > now => end,
            Some(seen) => seen.saturating_add(DAY),
            None => now.saturating_add(DAY),
        }
    }

    /// When a command has first seen that its time is over; not one whose clock was ahead of what it is now.
    fn over_since(&self) -> Option<u64> {
        let seen = fs::read_to_string(self.dir.join(OVER)).ok()?.parse().ok()?;
        (seen <= trash::now()).then_some(seen)
    }

    /// Whether that is a day ago, or it is not kept at all. Notes it, if this is the first command that sees it.
    fn is_over(&self, days: u64) -> bool {
        let now = trash::now();
        if days > 0 && self.over_since().is_none() {
            // Until it can be written nothing is deleted.
            let _ = fs::write(self.dir.join(OVER), now.to_string());
        }
        self.until(days) <= now
    }

    /// Whether its files are kept, and will be for a while.
    pub fn has_files(&self, days: u64) -> bool {
        days > 0 && !self.about.expired && self.until(days) > trash::now()
    }

    /// What would be lost with it.
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
        let doomed = self.about.doomed().map(|branch| branch.name.as_str());
        Ok(Lost {
            bytes: self.bytes() + size(&self.about.worktree),
            beside_git: self.beside_git(project),
            commits: Git::at(&project.main).own_commits(doomed, &names)?,
        })
    }

    /// What hooks keep in git's folder of it, and git knows nothing of, a database's dump mostly: by its place in the folder of what
    /// is kept, with the room that it takes on the disk, in bytes.
    pub fn beside_git(&self, project: &Project) -> Vec<(String, u64)> {
        let folders = self.admins_there(project).into_iter();
        let entries = folders.flat_map(|folder| fs::read_dir(folder).into_iter().flatten());
        let mut found: Vec<_> = entries
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                let slash = if is_folder { "/" } else { "" };
                let size = || size(&entry.path());
                (!is_known(&name)).then(|| (format!("git/{name}{slash}"), size()))
            })
            .collect();
        found.sort_unstable();
        found
    }

    /// The room that it takes on the disk, in bytes.
    pub fn bytes(&self) -> u64 {
        size(&self.dir) + self.beside().map_or(0, |beside| size(&beside))
    }

    /// Deletes it for good: its commits at once, and its files in the background.
    ///
    /// # Errors
    /// If git fails, or something can't be moved, or can't be deleted as it is another user's, or another file system.
    pub fn purge(self, project: &Project) -> Result<()> {
        let has_others = stranger_s(&self.dir).is_some() || !mounts::within(&self.dir)?.is_empty();
        let going = trash::going_folder(project, &self.id);
        self.drop_ref(project)?;
        self.delete_beside()?;
        fs::rename(&self.dir, &going)
            .with_context(|| format!("cannot move {} away", self.dir.display()))?;
        // Nobody sees what becomes of that in the background.
        if has_others { delete(&going) } else { Ok(()) }
    }

    /// Deletes its files; its commits are kept if nothing else holds them.
    fn expire(mut self, project: &Project) -> Result<()> {
        if self.lost(project)?.commits.is_empty() {
            return self.purge(project);
        }
        self.about.expired = true;
        self.write()?;
        let going = trash::going_folder(project, &self.id);
        fs::create_dir_all(&going)?;
        for part in [trash::FOLDER, trash::ADMINS] {
            let kept = self.dir.join(part);
            if kept.exists() {
                fs::rename(kept, going.join(part))?;
            }
        }
        self.delete_beside()
    }

    fn delete_beside(&self) -> Result<()> {
        self.beside().map_or(Ok(()), |beside| delete(&beside))
    }
}

/// What git has in its folder of a worktree in small letters, see gitrepository-layout(5), and git-crypt, and git-lfs; the rest is in capitals.
const OF_GIT: &str = "branches commondir config config.worktree git-crypt gitdir hooks index info lfs locked logs \
     modules objects refs reftable sequencer";

/// The beginnings of what git has there, and this program.
const BEGINNINGS: &str = "fsmonitor--daemon rebase- sharedindex. tally-session index.";

fn is_known(name: &str) -> bool {
    let is_git_s_own = |letter: char| letter.is_ascii_uppercase() || letter == '_';
    let plain = name.strip_suffix(".lock").unwrap_or(name);
    plain.chars().all(is_git_s_own)
        || OF_GIT.split(' ').any(|known| plain == known)
        || BEGINNINGS.split(' ').any(|known| plain.starts_with(known))
}

/// Deletes one for good, if no command is half way with it.
///
/// # Errors
/// As [`Removed::purge`].
pub fn purge(project: &Project, removed: Removed) -> Result<()> {
    let name = &removed.about.name;
    let mut hold = Hold::take(project, name)?;
    hold.refuse_moving(project)?;
    if !removed.dir.exists() {
        return Err(anyhow!("{} is no longer there", removed.id))
            .hint("see what there is: tally-session list --removed");
    }
    let unfinished = hold.unfinished.as_ref();
    if unfinished.is_some_and(|left| left.removed.as_ref() == Some(&removed.id)) {
        hold.unfinished = None;
    }
    removed.purge(project)
}

/// Starts a process that deletes what is due, if anything is. What is taken away is kept for so many days.
pub fn sweep(project: &Project, days: u64) {
    let is_due = !trash::going(project).is_empty()
        || !trash::blank(project).is_empty()
        || due(project, days).next().is_some();
    if is_due {
        // Whatever can't be deleted takes room, and doctor names it.
        let _ = process::leave_own(&project.main, "sweep");
    }
}

/// Deletes what is due. Gives what can't be deleted.
pub fn sweep_now(project: &Project, days: u64) -> Vec<anyhow::Error> {
    let due: Vec<_> = due(project, days).collect();
    let expired = due.into_iter().map(|removed| {
        let hold = Hold::take(project, &removed.about.name)?;
        // Whoever is half way with it decides.
        match &hold.unfinished {
            None if removed.dir.exists() => removed.expire(project),
            _ => Ok(()),
        }
    });
    let mut results: Vec<Result<()>> = expired.collect();
    let blank = trash::blank(project);
    results.extend(blank.iter().map(|id| clear_blank(project, id)));
    let going = trash::going(project);
    results.extend(going.iter().map(|folder| delete(folder)));
    results.into_iter().filter_map(Result::err).collect()
}

/// Deletes one of which nothing is written down, if no command is about to do that.
fn clear_blank(project: &Project, id: &str) -> Result<()> {
    let _hold = Hold::take(project, &trash::name(id)?)?;
    if trash::is_blank(project, id) {
        delete(&trash::folder(project, id))?;
    }
    Ok(())
}

/// When the time is over of something that was taken away then and is kept for so many days.
fn end(since: u64, days: u64) -> u64 {
    since.saturating_add(days.saturating_mul(DAY))
}

/// That of which the files are there, and are kept no longer.
fn due(project: &Project, days: u64) -> impl Iterator<Item = Removed> {
    let now = trash::now();
    // The time is in the id: most of them need no look.
    let is_over = move |id: &String| trash::since(id).is_some_and(|since| end(since, days) <= now);
    let (over, kept): (Vec<_>, Vec<_>) = trash::ids(project).into_iter().partition(is_over);
    for id in kept {
        // That was seen by a clock that was wrong.
        let _ = fs::remove_file(trash::folder(project, &id).join(OVER));
    }
    let over = over.into_iter();
    let over = over.filter_map(|id| Removed::open(project, &id).ok());
    over.filter(move |removed| !removed.about.expired && removed.is_over(days))
}

/// Deletes a folder with all that is in it, if it is there, and nothing of another file system; links are not followed.
///
/// # Errors
/// If something is mounted in it, or belongs to another user: that is named.
pub fn delete(folder: &Path) -> Result<()> {
    if folder.symlink_metadata().is_err() {
        return Ok(());
    }
    if let Some(mount) = mounts::within(folder)?.first() {
        let mount = mount.to_string_lossy();
        let folder = folder.display();
        return Err(anyhow!(
            "{folder} can't be deleted: something is mounted at {mount}"
        ))
        .hint(format!("take it out first: umount {}", quote(&mount)));
    }
    let is = |result: &io::Result<()>, kind| result.as_ref().is_err_and(|it| it.kind() == kind);
    let mut result = fs::remove_dir_all(folder);
    if is(&result, ErrorKind::PermissionDenied) {
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
    for (path, about) in walk(folder) {
        let mode = about.permissions().mode();
        if about.is_dir() && about.uid() == getuid().as_raw() && mode & 0o700 != 0o700 {
            // If it can't be done, the deletion says so.
            let _ = fs::set_permissions(path, fs::Permissions::from_mode(mode | 0o700));
        }
    }
}

/// What keeps a folder from being deleted.
fn undeletable(folder: &Path, error: &io::Error) -> anyhow::Error {
    let quoted = quote_path(folder);
    let failed = format!(
        "{} is of a removed session, and can't be deleted",
        folder.display()
    );
    let failed = match stranger_s(folder) {
        Some((path, owner)) => anyhow!("{failed}: {} belongs to {owner}", path.display()),
        None => anyhow!("{failed}: {error}"),
    };
    with_hint(failed, format!("sudo rm -rf {quoted}"))
}

/// Something in a folder that is another user's, and who that is.
fn stranger_s(folder: &Path) -> Option<(PathBuf, String)> {
    let own = getuid().as_raw();
    let (path, about) = walk(folder).find(|(_, about)| about.is_dir() && about.uid() != own)?;
    Some((path, processes::user(about.uid())))
}

/// The room that a folder takes on the disk, in bytes; what is there under another name too takes none.
pub fn size(folder: &Path) -> u64 {
    /// What the system counts in.
    const BLOCK: u64 = 512;
    let counts = |about: &Metadata| about.is_dir() || about.nlink() == 1;
    let all = walk(folder).filter(|(_, about)| counts(about));
    all.map(|(_, about)| about.blocks() * BLOCK).sum()
}
