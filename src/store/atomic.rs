//! Writing a file whole, so that a reader and a crash see the old one or the new one. What fails leaves it as it was.

use crate::processes;
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::TempPath;

/// The end of a temporary file's name: what a killed command left is known by it.
pub const UNFINISHED: &str = ".tally-session-part";

/// Where a copy of a file grows until it is whole, if one command at a time makes it.
pub fn unfinished(path: &Path) -> PathBuf {
    let mut part = path.as_os_str().to_owned();
    part.push(UNFINISHED);
    part.into()
}

/// Refuses a file that its user has marked as not to be written.
pub fn check_not_read_only(path: &Path) -> Result<()> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.permissions().readonly() => {
            bail!("{} is read-only", path.display())
        }
        _ => Ok(()),
    }
}

/// Replaces a file's contents; see [`Prepared`]. Whoever calls this holds the lock that guards the file. After a power cut it
/// may be as it was, and is whole.
///
/// # Errors
/// If the file or its folder can't be written; it is as it was then.
pub fn replace(path: &Path, contents: &[u8], new_mode: u32) -> Result<()> {
    let prepared = Prepared::new(path, contents, new_mode)?;
    prepared.sync()?;
    prepared.put()
}

/// The same for what nothing else tells: a power cut after this takes nothing back.
///
/// # Errors
/// If the file or its folder can't be written; it is as it was then.
pub fn replace_for_good(path: &Path, contents: &[u8], new_mode: u32) -> Result<()> {
    let prepared = Prepared::new(path, contents, new_mode)?;
    prepared.sync()?;
    prepared.put()?;
    prepared.settle()
}

/// Replaces them without waiting for the disk, for what is advice: after a power cut it may be as it was, or empty.
///
/// # Errors
/// If the file or its folder can't be written; it is as it was then.
pub fn replace_soon(path: &Path, contents: &[u8], new_mode: u32) -> Result<()> {
    Prepared::new(path, contents, new_mode)?.put()
}

/// Has a file written out before all that is changed after that. Unlike `sync_all` it does not have macOS empty the disk's own
/// memory, where the order is kept.
///
/// # Errors
/// If the disk fails, or is full.
pub fn write_out(file: &File) -> io::Result<()> {
    Ok(rustix::fs::fsync(file)?)
}

/// A file's new contents, whole in a temporary file beside it.
///
/// The mode is kept, a symlink is written through, a missing file is made with `new_mode`. Temporary files that killed
/// commands left beside it are swept.
pub struct Prepared {
    path: PathBuf,
    /// Goes with this, if it was not put in the file's place.
    part: TempPath,
    file: File,
}

impl Prepared {
    /// Writes the temporary file.
    pub fn new(path: &Path, contents: &[u8], new_mode: u32) -> Result<Self> {
        let path = real_path(path)?;
        let (dir, name) = split(&path)?;
        let failed = || format!("cannot write {}", path.display());
        let mode = match fs::metadata(&path) {
            Ok(metadata) => metadata.permissions().mode(),
            Err(error) if error.kind() == ErrorKind::NotFound => new_mode,
            Err(error) => return Err(error).with_context(failed),
        };
        sweep(&path);
        let part = dir.join(format!(
            "{}.{}{UNFINISHED}",
            name.to_string_lossy(),
            std::process::id()
        ));
        // Made first: dropping it takes a half-written file away.
        let part = TempPath::try_from_path(part).with_context(failed)?;
        let file = write_new(&part, contents, mode).with_context(failed)?;
        Ok(Self { path, part, file })
    }

    /// Has it written out: what is put in the file's place after that is whole, whatever happens.
    ///
    /// # Errors
    /// If the disk fails, or is full.
    pub fn sync(&self) -> Result<()> {
        write_out(&self.file).with_context(|| self.failed())
    }

    /// Puts it in the file's place, in one moment.
    pub fn put(&self) -> Result<()> {
        fs::rename(&self.part, &self.path).with_context(|| self.failed())
    }

    /// Makes it safe on the disk that it is in the file's place: there the disk's own memory is emptied, which takes
    /// macOS 5 to 30 ms.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn settle(&self) -> Result<()> {
        let (dir, _) = split(&self.path)?;
        let synced = File::open(dir).and_then(|dir| dir.sync_all());
        synced.with_context(|| self.failed())
    }

    fn failed(&self) -> String {
        format!("cannot write {}", self.path.display())
    }
}

fn write_new(path: &Path, contents: &[u8], mode: u32) -> io::Result<File> {
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(contents)?;
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    Ok(file)
}

/// The file that a path means: the symlink's target, also one that is not there yet.
///
/// # Errors
/// If the symlink leads to itself.
pub fn real_path(path: &Path) -> Result<PathBuf> {
    /// As many as Linux follows.
    const LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(&path).join(target),
            Err(_) => return Ok(path),
        }
    }
    bail!("{} is a symlink that leads nowhere", path.display())
}

fn split(path: &Path) -> Result<(&Path, &OsStr)> {
    path.parent()
        .zip(path.file_name())
        .with_context(|| format!("{} is no path of a file", path.display()))
}

/// Removes what killed commands left beside a file.
pub fn sweep(path: &Path) {
    for left in left(path) {
        // It only takes room: the next write tries again.
        let _ = fs::remove_file(left);
    }
}

/// What killed commands left beside a file: its temporary files whose processes are gone, or were this one's by number.
pub fn left(path: &Path) -> Vec<PathBuf> {
    let Ok((dir, name)) = split(path) else {
        return Vec::new();
    };
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let pid = |file: &OsStr| {
        let end = file.to_str()?.strip_prefix(name.to_str()?)?;
        let pid = end.strip_prefix('.')?.strip_suffix(UNFINISHED)?;
        pid.parse::<u32>().ok()
    };
    let is_left = |pid| pid == std::process::id() || !processes::lives(pid);
    entries
        .filter(|entry| pid(&entry.file_name()).is_some_and(is_left))
        .map(|entry| entry.path())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_is_kept_and_a_symlink_is_written_through() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        replace(&link, b"new", 0o600).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o640
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn leftovers_of_the_dead_are_swept_and_those_of_the_living_stay() {
        let dir = tempfile::tempdir().unwrap();
        let part = |pid: u32| dir.path().join(format!("file.{pid}{UNFINISHED}"));
        let parent = std::os::unix::process::parent_id();
        // No system has a process of this number.
        let (dead, living) = (part(i32::MAX.cast_unsigned()), part(parent));
        fs::write(&dead, "").unwrap();
        fs::write(&living, "").unwrap();
        fs::write(part(std::process::id()), "").unwrap();
        replace(&dir.path().join("file"), b"new", 0o600).unwrap();
        assert!(!dead.exists());
        assert!(living.exists());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_read_only_file_is_told_from_others() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        check_not_read_only(&file).unwrap();
        fs::write(&file, "old").unwrap();
        check_not_read_only(&file).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
        let error = check_not_read_only(&file).unwrap_err().to_string();
        assert!(error.ends_with("file is read-only"), "{error}");
    }

    #[test]
    fn what_was_not_put_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        drop(Prepared::new(&dir.path().join("file"), b"new", 0o600).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
