//! What git thinks of files: which are changed, ignored, tracked or hidden from it.

use super::{Git, paths};
use anyhow::Result;
use std::ffi::OsStr;
use std::path::Path;

/// A line of `git status`.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// Whether git does not know the file.
    pub untracked: bool,
    /// The path from the checkout's root.
    pub path: String,
}

impl Git<'_> {
    /// What `git status` would show, of the whole checkout or of some paths.
    ///
    /// # Errors
    /// If git fails.
    pub fn changes<S: AsRef<OsStr>>(
        self,
        paths: impl IntoIterator<Item = S>,
    ) -> Result<Vec<Change>> {
        let status = self
            .run([
                "--no-optional-locks",
                "--literal-pathspecs",
                "status",
                "--porcelain",
                "-z",
            ])
            .args([
                "--untracked-files=all",
                "--ignore-submodules=none",
                "--no-renames",
                "--",
            ])
            .args(paths)
            .insist()?;
        Ok(status
            .split(|&byte| byte == 0)
            .filter(|line| line.len() > 3)
            .map(|line| Change {
                untracked: line.starts_with(b"??"),
                path: String::from_utf8_lossy(&line[3..]).into_owned(),
            })
            .collect())
    }

    /// Whether git ignores a path.
    ///
    /// # Errors
    /// If git could not be started.
    pub fn ignores(self, path: &str) -> Result<bool> {
        Ok(self
            .run(["check-ignore", "--quiet", "--", path])
            .output()?
            .status
            .success())
    }

    /// Those of these paths whose changes are hidden from git in this checkout.
    ///
    /// # Errors
    /// If git fails.
    pub fn hidden<S: AsRef<OsStr>>(
        self,
        paths: impl IntoIterator<Item = S>,
    ) -> Result<Vec<String>> {
        let mut paths = paths.into_iter().peekable();
        if paths.peek().is_none() {
            // Asked for none, git lists all.
            return Ok(Vec::new());
        }
        let list = self
            .run(["--literal-pathspecs", "ls-files", "-v", "-z", "--"])
            .args(paths)
            .insist()?;
        Ok(self::paths(&list)
            .iter()
            .filter_map(|line| line.strip_prefix("S "))
            .map(ToOwned::to_owned)
            .collect())
    }

    /// What HEAD has of a file; none if it does not have it.
    ///
    /// # Errors
    /// If git could not be started.
    pub fn committed(self, path: &str) -> Result<Option<Vec<u8>>> {
        let blob = self
            .run(["cat-file", "blob", &format!("HEAD:{path}")])
            .output()?;
        Ok(blob.status.success().then_some(blob.stdout))
    }

    /// Hides changes of files that git tracks from it, in this checkout.
    ///
    /// # Errors
    /// If git fails.
    pub fn hide_changes<S: AsRef<OsStr>>(self, paths: impl IntoIterator<Item = S>) -> Result<()> {
        self.run(["update-index", "--skip-worktree", "--"])
            .args(paths)
            .insist()?;
        Ok(())
    }

    /// Whether git tracks a path, or something below it.
    ///
    /// # Errors
    /// If git fails.
    pub fn tracks(self, path: &str) -> Result<bool> {
        let list = self
            .run(["--literal-pathspecs", "ls-files", "-z", "--", path])
            .insist()?;
        Ok(!list.is_empty())
    }

    /// The files below a folder that git does not track; where it tracks some of them, those that it ignores.
    ///
    /// # Errors
    /// If git fails.
    pub fn local_files(self, folder: &str) -> Result<Vec<String>> {
        let list = self.run(["--literal-pathspecs", "ls-files", "-z", "--others"]);
        let list = if self.tracks(folder)? {
            list.args(["--ignored", "--exclude-standard"])
        } else {
            list
        };
        Ok(paths(&list.args(["--", folder]).insist()?))
    }

    /// The files that git ignores and that a file of patterns names, in gitignore syntax.
    ///
    /// # Errors
    /// If git fails.
    pub fn ignored_matches(self, patterns: &Path) -> Result<Vec<String>> {
        let mut from = std::ffi::OsString::from("--exclude-from=");
        from.push(patterns);
        let named = self
            .run(["ls-files", "-z", "--others", "--ignored"])
            .arg(from)
            .insist()?;
        if named.is_empty() {
            return Ok(Vec::new());
        }
        let ignored = self
            .run(["check-ignore", "-z", "--stdin"])
            .input(named)
            .output()?;
        Ok(paths(&ignored.stdout))
    }
}
