//! Copies of files and databases, and the folders for them.

use crate::file::make_folder_like;
use crate::finding::{FIX, Finding};
use crate::session::belongings::database;
use crate::session::belongings::inside::{self, Outside};
use crate::session::belongings::placing::Placing;
use crate::session::belongings::way::Way;
use anyhow::{Context, Result, bail};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// A copy of a file.
pub(super) struct Copied;

impl Way for Copied {
    /// As with all that git checks out nobody waits for the disk: the original is there.
    fn make(&self, from: &Path, part: &Path, _to: &Path) -> Result<()> {
        if !from.is_file() {
            bail!("{} is not a file", from.display());
        }
        fs::copy(from, part).with_context(|| format!("cannot copy {}", from.display()))?;
        Ok(())
    }
}

/// A copy of a file, or of a symlink as it is.
pub(super) struct AsItIs;

impl Way for AsItIs {
    fn find(&self, worktree: &Path, path: &str) -> Result<String, Outside> {
        inside::reach(worktree, path)
    }

    /// The main checkout's may lead nowhere too.
    fn is_placed(&self, from: &Path, to: &Path, _is_as_placed: bool) -> bool {
        let same_link = || Some(fs::read_link(from).ok()? == fs::read_link(to).ok()?);
        to.exists() || same_link() == Some(true)
    }

    fn make(&self, from: &Path, part: &Path, to: &Path) -> Result<()> {
        match fs::read_link(from) {
            Ok(target) => Ok(symlink(target, part)?),
            Err(_) => Copied.make(from, part, to),
        }
    }
}

/// A copy of a database that others may write to.
pub(super) struct Database;

impl Way for Database {
    fn make(&self, from: &Path, part: &Path, to: &Path) -> Result<()> {
        database::copy(from, part, to)
    }

    fn absent(&self, there: &Path) -> String {
        let folder = there.with_file_name("");
        format!("make one in {} with your migrations", folder.display())
    }

    fn look(&self, placing: &Placing<'_>, path: &str, own: &Path) -> Finding {
        let (main, checked) = (&placing.session.project.main, placing.checked(path));
        let again = || {
            let away = database::move_aside(own);
            format!("for a new copy of the main checkout's: {away} && {FIX}")
        };
        match database::has_tables(own) {
            Err(error) => {
                Finding::failed(checked, format!("can't be read: {error:#}")).cure(again())
            }
            Ok(false) if database::has_tables(&main.join(path)).unwrap_or(false) => {
                Finding::warning(checked, "has no tables").cure(again())
            }
            Ok(_) => Finding::fine(checked, "is a database of its own"),
        }
    }
}

/// A folder, for the files of it that go there each by itself.
pub(super) struct Folder;

impl Way for Folder {
    fn make(&self, from: &Path, part: &Path, _to: &Path) -> Result<()> {
        Ok(make_folder_like(from, part)?)
    }
}
