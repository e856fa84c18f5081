//! Copies of files, and the folders for them.

use crate::file::make_folder_like;
use crate::finding::{Finding, named};
use crate::session::belongings::inside::{self, Outside};
use crate::session::belongings::kind::{Kind, Way};
use crate::session::belongings::part::Part;
use crate::session::belongings::placing::Placing;
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

/// A folder, for the files of it that go there each by itself.
pub(super) struct Folder;

impl Way for Folder {
    fn make(&self, from: &Path, to: &Path) -> Result<()> {
        make_folder(from, to)
    }

    fn look(&self, placing: &Placing<'_>, checked: String, path: &str, _to: &Path) -> Finding {
        let files = placing.included.iter();
        let below =
            files.filter(|(file, kind)| *kind == Kind::AsItIs && Path::new(file).starts_with(path));
        let lacking = below.map(|(file, kind)| Part::new(file, *kind));
        let lacking = lacking.filter(|part| part.is_lacking(placing));
        let lacking: Vec<_> = lacking.map(|part| part.path).collect();
        if lacking.is_empty() {
            return Finding::fine(checked, "is there");
        }
        let found = format!("lacks {}", named(&lacking));
        placing.mendable(Finding::failed(checked, found))
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
