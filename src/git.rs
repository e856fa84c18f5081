//! What we ask of git: its branches. Making worktrees is in [`checkout`], what it has of files in [`files`] and, as trees, in
//! [`snapshot`], of worktrees in [`worktrees`], what can be seen of them without it in [`untouched`] and [`index`]; what a branch is
//! worth is in [`work`], keeping it without the branch in [`keep`], and what other repositories have of it in [`remotes`]; names that
//! differ in case alone are in [`case`], and what git-crypt needs is in [`crypt`].
//!
//! What gives a [`Result`] fails if git does, and says of its errors only where there is more to say.

pub mod case;
mod checkout;
pub mod crypt;
pub mod files;
mod hooks;
pub mod index;
pub mod keep;
mod progress;
pub mod remotes;
pub mod snapshot;
pub mod untouched;
pub mod work;
pub mod worktrees;

use self::remotes::Upstream;
use crate::process::{Output, Run};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};

/// git in one checkout.
#[derive(Clone, Copy)]
pub struct Git<'a> {
    dir: &'a Path,
    /// What git keeps of the worktree, and the common git folder, where the checkout itself does not lead there.
    folders: Option<(&'a Path, &'a Path)>,
    /// Another index than the checkout's.
    index: Option<&'a Path>,
    lock: Option<&'a File>,
}

/// What a session's branch starts from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// The branch is there.
    #[default]
    Existing,
    /// The remote branch of the same name, which it will track.
    Tracking {
        /// As `origin/name`.
        remote: String,
    },
    /// A commit.
    New {
        /// Its hash.
        commit: String,
        /// What the user calls it.
        from: String,
    },
}

/// A branch, local or remote.
#[derive(Debug)]
pub struct Branch {
    /// The whole name: `refs/heads/…`.
    pub refname: String,
    /// The commit at its tip.
    pub commit: String,
    /// Where it is checked out.
    pub worktree: Option<PathBuf>,
    /// The branch that it follows, where that was asked for.
    pub upstream: Option<Upstream>,
}

impl Branch {
    /// Whether it keeps git from making a branch of this full name: `a` and `a/b` can't be there at once.
    pub fn is_in_the_way_of(&self, refname: &str) -> bool {
        let is_above = |one: &str, other: &str| {
            let below = one.strip_prefix(other);
            below.is_some_and(|below| below.starts_with('/'))
        };
        is_above(&self.refname, refname) || is_above(refname, &self.refname)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.refname.trim_start_matches("refs/heads/")
    }
}

/// The full names of a branch and of those above it: [`Git::branches`] gives of these what there is of it, and all that is in its
/// way.
pub fn refnames_to(branch: &str) -> impl Iterator<Item = String> {
    let slashes = branch.match_indices('/');
    let above = slashes.map(|(at, _)| &branch[..at]);
    above
        .chain([branch])
        .map(|branch| format!("refs/heads/{branch}"))
}

impl<'a> Git<'a> {
    /// git in the checkout at `dir`.
    pub fn at(dir: &'a Path) -> Self {
        Self {
            dir,
            folders: None,
            index: None,
            lock: None,
        }
    }

    /// git in a worktree by what git keeps of it, wherever that is now.
    pub fn of(admin: &'a Path, common: &'a Path) -> Self {
        Self {
            dir: common,
            folders: Some((admin, common)),
            index: None,
            lock: None,
        }
    }

    /// The same, with a lock that is held until git has ended, even if this program is killed.
    #[must_use]
    pub fn holding(self, lock: &'a File) -> Self {
        Self {
            lock: Some(lock),
            ..self
        }
    }

    /// A git command with a fixed locale.
    fn run<S: AsRef<OsStr>>(self, args: impl IntoIterator<Item = S>) -> Run<'a> {
        let run = Run::new("git")
            .env("LC_ALL", "C")
            .arg("-C")
            .arg(self.dir)
            .args(args);
        let folders = self
            .folders
            .map(|(admin, common)| [("GIT_DIR", admin), ("GIT_COMMON_DIR", common)]);
        let run = run.envs(folders.into_iter().flatten());
        let run = run.envs(self.index.map(|index| ("GIT_INDEX_FILE", index)));
        match self.lock {
            Some(lock) => run.holding(lock),
            None => run,
        }
    }

    /// The branches of these full names that are there, and those below them; and those that fit a pattern.
    pub fn branches<S: AsRef<OsStr>>(
        self,
        refnames: impl IntoIterator<Item = S>,
    ) -> Result<Vec<Branch>> {
        self.branches_with(refnames, "")
    }

    /// The same, where git tells `more` of each, as [`Upstream::FIELDS`].
    pub fn branches_with<S: AsRef<OsStr>>(
        self,
        refnames: impl IntoIterator<Item = S>,
        more: &str,
    ) -> Result<Vec<Branch>> {
        let format = "--format=%(refname)%00%(objectname)%00%(worktreepath)";
        let list = self
            .run(["for-each-ref", &format!("{format}{more}")])
            .args(refnames)
            .text()?;
        Ok(list
            .lines()
            .filter_map(|line| {
                let mut fields = line.split('\0');
                Some(Branch {
                    refname: fields.next()?.to_owned(),
                    commit: fields.next()?.to_owned(),
                    worktree: fields
                        .next()
                        .filter(|path| !path.is_empty())
                        .map(PathBuf::from),
                    upstream: Upstream::read(fields),
                })
            })
            .collect())
    }

    /// The branch of this name, if there is one.
    pub fn branch(self, name: &str) -> Result<Option<Branch>> {
        let refname = format!("refs/heads/{name}");
        Ok(self
            .branches([&refname])?
            .into_iter()
            .find(|found| found.refname == refname))
    }

    /// The hash of what a revision names, if it names one of the wanted kind: `commit` or `tree`.
    ///
    /// # Errors
    /// If git could not be started.
    pub fn object(self, revision: &str, kind: &str) -> Result<Option<String>> {
        let revision = format!("{revision}^{{{kind}}}");
        let output = self
            .run([
                "rev-parse",
                "--verify",
                "--quiet",
                "--end-of-options",
                &revision,
            ])
            .output()?;
        Ok(output.status.success().then(|| line_of(&output)))
    }

    /// The commit that a ref of this full name leads to, if it is there.
    ///
    /// # Errors
    /// If git has to be asked and could not be started.
    pub fn tip(self, common: &Path, refname: &str) -> Result<Option<String>> {
        let tip = worktrees::tip(common, refname);
        let is_known = !common.join("reftable").exists();
        if is_known && tip.as_ref().is_none_or(|tip| !tip.starts_with("ref: ")) {
            return Ok(tip);
        }
        self.object(refname, "commit")
    }

    /// Makes a branch that tracks a remote one: `origin/name`.
    ///
    /// # Errors
    /// If git fails, also because the branch is there.
    pub fn create_tracking_branch(self, branch: &str, remote: &str) -> Result<()> {
        let failed = || format!("cannot make the branch {branch}");
        self.run(["branch", "--no-track", "--", branch, remote])
            .insist()
            .with_context(failed)?;
        let tracked = self
            .run(["branch", "--quiet", "--set-upstream-to", remote, branch])
            .insist();
        if let Err(error) = tracked {
            // What was only half made is not left; the error that is reported is the one that matters.
            let _ = self.delete_branch(branch);
            return Err(error).with_context(failed);
        }
        Ok(())
    }

    /// Takes a branch away, merged or not.
    ///
    /// # Errors
    /// If git fails, also because the branch is checked out somewhere.
    pub fn delete_branch(self, branch: &str) -> Result<()> {
        let deleted = self.run(["branch", "-D", "--quiet", "--", branch]).insist();
        // A first try may have deleted it and then failed on git's configuration, which somebody else was writing.
        if deleted.is_err() && self.branch(branch)?.is_none() {
            return Ok(());
        }
        deleted
            .map(drop)
            .with_context(|| format!("cannot delete the branch {branch}"))
    }
}

/// What git prints with `-z`.
fn paths(list: &[u8]) -> Vec<String> {
    list.split(|&byte| byte == 0)
        .filter(|path| !path.is_empty())
        .map(|path| String::from_utf8_lossy(path).into_owned())
        .collect()
}

fn lines_of(list: &str) -> Vec<String> {
    list.lines().map(ToOwned::to_owned).collect()
}

fn line_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}
