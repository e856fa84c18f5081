//! Copies of files, and the folders for them.

use crate::file::make_folder_like;
use crate::session::belongings::inside::{self, Outside};
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

/// A folder, for the files of it that go there each by itself.
pub(super) struct Folder;

impl Way for Folder {
    fn make(&self, from: &Path, part: &Path, _to: &Path) -> Result<()> {
        Ok(make_folder_like(from, part)?)
    }
}
