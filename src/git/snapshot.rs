//! The files of a checkout as a tree, what differs between two trees, and moving that into a checkout and out of it. All that is only
//! looked at goes through an index of our own: the checkout's is not touched.

use super::{Git, parts, paths};
use crate::process::Failure;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// An index of our own, in a folder that goes with it.
pub struct Scratch {
    folder: TempDir,
}

/// What a path is in one tree and in another.
#[derive(Clone)]
pub struct Difference {
    /// The path from the root.
    pub path: Vec<u8>,
    /// Whether the second one has it.
    pub is_there: bool,
    /// Whether it is the commit of another repository in one of them.
    pub is_repository: bool,
    /// Mode and hash in the second tree, zeros where it is not there.
    entry: String,
}

impl Scratch {
    /// One that is empty. It names all files, which is not for others to read.
    pub fn new() -> Result<Self> {
        let folder = tempfile::Builder::new()
            .permissions(Permissions::from_mode(0o700))
            .tempdir();
        let folder = folder.context("cannot make a temporary folder")?;
        Ok(Self { folder })
    }

    /// A copy of the index of the checkout that git keeps this folder for.
    pub fn of(admin: &Path) -> Result<Self> {
        let (scratch, index) = (Self::new()?, admin.join("index"));
        match fs::copy(&index, scratch.index()) {
            // Nothing was ever staged.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            copied => {
                copied.with_context(|| format!("cannot copy {}", index.display()))?;
            }
        }
        Ok(scratch)
    }

    /// Its file.
    pub fn index(&self) -> PathBuf {
        self.folder.path().join("index")
    }
}

impl Difference {
    /// The path, to look there.
    pub fn path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.path))
    }

    /// The path, to be told.
    pub fn name(&self) -> String {
        String::from_utf8_lossy(&self.path).into_owned()
    }

    /// Reads what `git diff-tree --raw -z` says of one: `:100644 100644 <hash> <hash> M`, and the path behind it.
    fn read(about: &[u8], path: &[u8]) -> Option<Self> {
        const NOTHING: &str = "000000";
        const REPOSITORY: &str = "160000";
        let about = str::from_utf8(about).ok()?.strip_prefix(':')?;
        let [before, after, _, hash, _] = about.split(' ').collect::<Vec<_>>()[..] else {
            return None;
        };
        Some(Self {
            path: path.to_owned(),
            is_there: after != NOTHING,
            is_repository: [before, after].contains(&REPOSITORY),
            entry: format!("{after} {hash}"),
        })
    }
}

impl<'a> Git<'a> {
    /// The same, with another index than the checkout's.
    #[must_use]
    pub fn with_index(self, index: &'a Path) -> Self {
        Self {
            index: Some(index),
            ..self
        }
    }

    /// Stages all changes and new files, but for what is at these paths and below them. Fails also where git can't read a file.
    pub fn add_all(self, except: &[String]) -> Result<()> {
        let except = except.iter().map(|path| path.trim_end_matches('/'));
        let except = except.map(|path| format!(":(exclude,top,literal){path}"));
        // What is reported is what git can't read: another try would not help.
        let run = self.run("-c advice.addEmbeddedRepo=false add --all --");
        Ok(run.arg(".").args(except).stdout().map(drop)?)
    }

    /// The tree that the index makes up. Fails also where a conflict is in it.
    pub fn write_tree(self) -> Result<String, Failure> {
        let tree = self.run("write-tree").stdout()?;
        Ok(String::from_utf8_lossy(&tree).trim_end().to_owned())
    }

    /// What differs between two trees or commits.
    pub fn differences(self, one: &str, other: &str) -> Result<Vec<Difference>> {
        let list = self
            .run("diff-tree -r -z --raw --no-renames")
            .args(["--no-abbrev", one, other, "--"])
            .insist()?;
        let fields: Vec<_> = parts(&list).collect();
        let (pairs, _) = fields.as_chunks();
        let read = |[about, path]: &[&[u8]; 2]| Difference::read(about, path);
        Ok(pairs.iter().filter_map(read).collect())
    }

    /// Has the index have these paths as the second tree of the differences has them.
    pub fn stage<'d>(self, entries: impl IntoIterator<Item = &'d Difference>) -> Result<()> {
        let mut text = Vec::new();
        for Difference { path, entry, .. } in entries {
            text.extend([entry.as_bytes(), b"\t", path, b"\0"].concat());
        }
        let stage = self.run("update-index -z --index-info").input(text);
        Ok(stage.insist().map(drop)?)
    }

    /// A tree or a commit with these paths as the second tree of the differences has them.
    pub fn tree_with<'d>(
        self,
        tree: &str,
        entries: impl IntoIterator<Item = &'d Difference>,
    ) -> Result<String> {
        let scratch = Scratch::new()?;
        let index = scratch.index();
        let git = self.with_index(&index);
        git.run("read-tree").arg(tree).insist()?;
        git.stage(entries)?;
        Ok(git.write_tree()?)
    }

    /// What `onto` becomes with all that differs between `base` and `tree`; the paths that are in conflict, if some are. It must be
    /// the main checkout.
    pub fn ported(
        self,
        base: &str,
        tree: &str,
        onto: &str,
    ) -> Result<Result<String, BTreeSet<String>>> {
        let scratch = Scratch::new()?;
        let index = scratch.index();
        let git = self.with_index(&index);
        // Not merge-tree: git has it in this way since 2.38, and with a base of one's choice since 2.40.
        let read = git.run("read-tree -i -m --aggressive");
        read.args([base, onto, tree]).stdout()?;
        // What both have changed is merged in files of our own.
        let files = scratch.folder.path().join("files");
        fs::create_dir(&files).context("cannot make a temporary folder")?;
        let merged = git
            .run("--git-dir")
            .arg(self.dir.join(".git"))
            .arg("--work-tree")
            .arg(files)
            .args(["merge-index", "-o", "-q", "git-merge-one-file", "-a"])
            .output()?;
        let list = git.run("ls-files -z --unmerged").insist()?;
        let name = |entry: String| Some(entry.split_once('\t')?.1.to_owned());
        let conflicts: BTreeSet<_> = paths(&list).into_iter().filter_map(name).collect();
        if !conflicts.is_empty() {
            return Ok(Err(conflicts));
        }
        let words = merged.stderr;
        ensure!(merged.status.success(), "git cannot merge: {words}");
        Ok(Ok(git.write_tree()?))
    }

    /// What a checkout would have of a file of this tree.
    pub fn checked_out(self, tree: &str, path: &Path) -> Result<Vec<u8>> {
        let mut file = OsString::from(format!("{tree}:"));
        file.push(path);
        Ok(self.run("cat-file --filters").arg(file).insist()?)
    }

    /// Has the checkout, whose files and index are those of one tree, have those of another. A file that is not as that tree has it
    /// keeps all from being changed, but where both trees have the same.
    pub fn go_to(self, from: &str, to: &str) -> Result<(), Failure> {
        let read = self.run("read-tree --no-recurse-submodules -m -u");
        read.args([from, to]).stdout().map(drop)
    }

    /// Has the index be this tree, and leaves the files as they are.
    pub fn reset_index(self, tree: &str) -> Result<()> {
        let read = self.run("read-tree --no-recurse-submodules -m");
        Ok(read.arg(tree).insist().map(drop)?)
    }

    /// Looks at all files once more, so that git knows which are as the index has them.
    pub fn refresh(self) -> Result<()> {
        // Its status tells only whether some are not.
        self.run("update-index -q --refresh").output()?;
        Ok(())
    }

    /// The tracked files that are not as the index, which was just refreshed, has them.
    pub fn changed_files(self) -> Result<BTreeSet<Vec<u8>>> {
        let list = self
            .run("diff-files -z --name-only --ignore-submodules=all")
            .insist()?;
        Ok(parts(&list).map(ToOwned::to_owned).collect())
    }
}
