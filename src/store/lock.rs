//! Locks that end with the process that holds them, whatever ends it.

use super::atomic;
use crate::hint::{Hint, with_hint};
use crate::process::quote_path;
use crate::wait;
use anyhow::{Context, Result, anyhow};
use rustix::fs::{Access, access};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long another command may hold a lock before we give up.
const PATIENCE: Duration = Duration::from_mins(2);

/// An exclusive lock on a file, held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Waits for the lock, with a message, and gives up with an error.
    ///
    /// # Errors
    /// If the file can't be made, or another process holds the lock for two minutes.
    pub fn take(path: &Path) -> Result<Self> {
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).map_err(|error| failed(path, error))?;
        }
        let what = format!("for another tally-session to finish ({})", path.display());
        let mut options = File::options();
        options.create(true).truncate(false);
        let lock = wait::until(PATIENCE, &what, || Self::ask(path, options.clone()))?;
        let (shown, patience) = (path.display(), PATIENCE.as_secs());
        let is_held = || anyhow!("another tally-session has held {shown} for {patience} s");
        let see = format!("see who holds it: lsof {}", quote_path(path));
        lock.ok_or_else(is_held).hint(see)
    }

    /// Takes it if nobody holds it, for whoever wants to be quick; none if somebody does.
    ///
    /// # Errors
    /// If the file is not there, or can't be locked.
    pub fn try_take(path: &Path) -> Result<Option<Self>> {
        Self::ask(path, File::options())
    }

    fn ask(path: &Path, mut options: OpenOptions) -> Result<Option<Self>> {
        let file = options.read(true).write(true).open(path);
        let file = file.map_err(|error| failed(path, error))?;
        match file.try_lock() {
            Ok(()) if is_at(&file, path) => Ok(Some(Self {
                file,
                path: path.to_owned(),
            })),
            // Its holder may have taken the file away: the next one is another file.
            Ok(()) | Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(path, error)),
        }
    }

    /// Looks whether it could be taken, once nobody holds it. Nothing is made for that.
    ///
    /// # Errors
    /// If its file can't be opened, or made.
    pub fn check(path: &Path) -> Result<()> {
        if path.exists() {
            return Self::try_take(path).map(drop);
        }
        access(there(path), Access::WRITE_OK | Access::EXEC_OK)
            .map_err(|error| failed(path, error.into()))
    }

    /// The locked file: whoever inherits it keeps the lock.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Where the locked file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file beside the lock file, for what only its holder writes.
    pub fn beside(&self, extension: &str) -> PathBuf {
        self.path.with_extension(extension)
    }

    /// What is written in the lock file.
    pub fn text(&self) -> Result<String> {
        let mut text = String::new();
        let mut file = &self.file;
        file.rewind()
            .and_then(|()| file.read_to_string(&mut text))
            .with_context(|| format!("cannot read {}", self.path.display()))?;
        Ok(text)
    }

    /// Writes into the lock file.
    pub fn write(&self, text: &str) -> Result<()> {
        let mut file = &self.file;
        // Never empty in between: whoever is killed leaves the old text, or the new one with some of the old behind it.
        file.rewind()
            .and_then(|()| file.write_all(text.as_bytes()))
            .and_then(|()| file.set_len(text.len() as u64))
            .and_then(|()| atomic::write_out(file))
            .with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Takes the lock's file away; whoever waits for it makes another.
    pub fn remove(&self) -> Result<()> {
        fs::remove_file(&self.path)
            .with_context(|| format!("cannot remove {}", self.path.display()))
    }
}

/// The part of a lock's path that is there.
fn there(path: &Path) -> &Path {
    path.ancestors().find(|part| part.exists()).unwrap_or(path)
}

/// That a lock can't be had, and what to type if something else is in the way or has another owner.
fn failed(path: &Path, error: io::Error) -> anyhow::Error {
    let kind = error.kind();
    let error = anyhow!(error).context(format!("cannot lock {}", path.display()));
    let there = there(path);
    let quoted = |path: &Path| quote_path(path);
    let hint = match kind {
        ErrorKind::IsADirectory | ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            let there = quoted(there);
            format!("move away what is in its place: mv {there} {there}.old")
        }
        ErrorKind::PermissionDenied => {
            let dir = there.parent().filter(|_| there == path).unwrap_or(there);
            format!("make it yours: sudo chown -R \"$(id -un)\" {}", quoted(dir))
        }
        _ => return error,
    };
    with_hint(error, hint)
}

/// Whether the path still leads to this file.
fn is_at(file: &File, path: &Path) -> bool {
    file.metadata()
        .and_then(|ours| Ok((ours, fs::metadata(path)?)))
        .is_ok_and(|(ours, there)| (ours.dev(), ours.ino()) == (there.dev(), there.ino()))
}
