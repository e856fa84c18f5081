//! Copies of files and databases, and the folders for them.

use crate::file::make_folder_like;
use crate::finding::{FIX, Finding};
use crate::session::belongings::database;
use crate::session::belongings::inside::{self, Outside};
use crate::session::belongings::placing::Placing;
use crate::session::belongings::way::Way;
use crate::store::atomic;
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::Path;

/// A copy of a file.
pub(super) struct Copied;

impl Way for Copied {
    /// It has the file's permissions, and appears when it is whole. As with all that git checks out nobody waits for the disk: the
    /// original is there.
    fn make(&self, from: &Path, to: &Path) -> Result<()> {
        if !from.is_file() {
            bail!("{} is not a file", from.display());
        }
        let part = atomic::unfinished(to);
        // What a killed command left may be read-only; if it can't be removed, the copy says why.
        let _ = fs::remove_file(&part);
        fs::copy(from, &part).with_context(|| format!("cannot copy {}", from.display()))?;
        Ok(fs::rename(&part, to)?)
    }
}

/// A copy of a file, or of a symlink as it is.
pub(super) struct AsItIs;

impl Way for AsItIs {
    fn find(&self, worktree: &Path, path: &str) -> Result<String, Outside> {
        inside::reach(worktree, path)
    }

    /// The main checkout's may lead nowhere too.
    fn is_placed(&self, from: &Path, to: &Path) -> bool {
        let same_link = || Some(fs::read_link(from).ok()? == fs::read_link(to).ok()?);
        to.exists() || same_link() == Some(true)
    }

    fn make(&self, from: &Path, to: &Path) -> Result<()> {
        match fs::read_link(from) {
            Ok(target) => Ok(symlink(target, to)?),
            Err(_) => Copied.make(from, to),
        }
    }
}

/// A copy of a database that others may write to.
pub(super) struct Database;

impl Way for Database {
    fn make(&self, from: &Path, to: &Path) -> Result<()> {
        database::copy(from, to)
    }

    fn absent(&self, there: &Path) -> String {
        let folder = there.with_file_name("");
        format!("make one in {} with your migrations", folder.display())
    }

    fn look(&self, placing: &Placing<'_>, checked: String, path: &str, to: &Path) -> Finding {
        let again = || {
            let away = database::move_aside(to);
            format!("for a new copy of the main checkout's: {away} && {FIX}")
        };
        let is_filled_in_main =
            || database::has_tables(&placing.session.project.main.join(path)).unwrap_or(false);
        match database::has_tables(to) {
            Err(error) => {
                Finding::failed(checked, format!("can't be read: {error:#}")).cure(again())
            }
            Ok(false) if is_filled_in_main() => {
                Finding::warning(checked, "has no tables").cure(again())
            }
            Ok(_) => Finding::fine(checked, "is a database of its own"),
        }
    }
}

/// A folder, for the files of it that go there each by itself.
pub(super) struct Folder;

impl Way for Folder {
    fn make(&self, from: &Path, to: &Path) -> Result<()> {
        make_folder(from, to)
    }
}

/// Makes a folder, and those above it that are missing, each as open to others as the main checkout's.
pub(super) fn make_folder(from: &Path, to: &Path) -> Result<()> {
    if to.is_dir() {
        return Ok(());
    }
    if let (Some(from), Some(to)) = (from.parent(), to.parent()) {
        make_folder(from, to)?;
    }
    match make_folder_like(from, to) {
        // Another thread may have been quicker.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && to.is_dir() => Ok(()),
        made => made.with_context(|| format!("cannot make the folder {}", to.display())),
    }
}
