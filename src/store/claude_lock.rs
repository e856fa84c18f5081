//! Claude Code's own lock on its file: a folder beside it.

use crate::hint::Hint;
use crate::process::quote_path;
use crate::wait;
use anyhow::{Context, Result};
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A lock whose time stamp is older than this was left by a process that died.
const STALE: Duration = Duration::from_secs(10);

/// How long a living holder is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// Somebody who lives holds Claude's lock on the file for long: whatever is done now may be lost.
#[derive(Debug)]
pub struct Busy {
    lock: PathBuf,
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lock, patience) = (self.lock.display(), PATIENCE.as_secs());
        write!(
            f,
            "Claude Code, or something like it, has held {lock} for {patience} s"
        )
    }
}

impl std::error::Error for Busy {}

/// Takes a lock away that a process left that died: every Claude would have to get past it.
pub fn sweep(json: &Path) {
    let lock = lock_path(json);
    if is_stale(&lock) {
        // Somebody else may have been faster, and then the lock is theirs to give.
        let _ = fs::remove_dir(lock);
    }
}

fn lock_path(json: &Path) -> PathBuf {
    let mut path = json.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

/// The lock, until it is dropped.
pub struct ClaudeLock {
    path: PathBuf,
    made: (u64, u64),
}

impl ClaudeLock {
    /// Waits for it, with a message; [`Busy`] if that takes too long.
    ///
    /// # Errors
    /// [`Busy`], or if the folder can't be made.
    pub fn take(json: &Path) -> Result<Self> {
        let path = lock_path(json);
        let what = format!("for Claude Code to write its settings ({})", path.display());
        let failed = format!("cannot make the lock {}", path.display());
        let made = wait::until(PATIENCE, &what, || match fs::create_dir(&path) {
            Ok(()) => Ok(identity(&path)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                sweep(json);
                Ok(None)
            }
            Err(error) => Err(error).context(failed.clone()),
        })?;
        let quoted = quote_path(&path);
        let again = format!("try again; if no Claude runs: rmdir {quoted}");
        let made = made
            .ok_or_else(|| Busy { lock: path.clone() })
            .hint(again)?;
        Ok(Self { path, made })
    }
}

impl Drop for ClaudeLock {
    fn drop(&mut self) {
        // A lock that was taken for stale, because this process was stopped for long, is not ours any more.
        if identity(&self.path) == Some(self.made) {
            let _ = fs::remove_dir(&self.path);
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let about = fs::metadata(path).ok()?;
    Some((about.dev(), about.ino()))
}

fn is_stale(path: &Path) -> bool {
    fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > STALE))
}
