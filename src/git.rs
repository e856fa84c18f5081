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
        let (own, other) = (Path::new(&self.refname), Path::new(refname));
        own != other && (own.starts_with(other) || other.starts_with(own))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.refname.trim_start_matches("refs/heads/")
    }
}

/// The full names of a branch and of those above it: [`Git::branches`] gives of these what there is of it, and all that is in its
/// way.
pub fn refnames_to(branch: &str) -> impl Iterator<Item = String> {
    let slashes = branch.match_indices('/').map(|(at, _)| at);
    let ends = slashes.chain([branch.len()]);
    ends.map(|end| format!("refs/heads/{}", &branch[..end]))
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
            folders: Some((admin, common)),
            ..Self::at(common)
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

    /// A git command of these words, with a fixed locale.
    fn run(self, words: &'static str) -> Run<'a> {
        let run = Run::new("git").env("LC_ALL", "C").arg("-C").arg(self.dir);
        let run = run.args(words.split_whitespace());
        let (admin, common) = self.folders.unzip();
        let admin = admin.map(|admin| ("GIT_DIR", admin));
        let common = common.map(|common| ("GIT_COMMON_DIR", common));
        let index = self.index.map(|index| ("GIT_INDEX_FILE", index));
        let run = run.envs([admin, common, index].into_iter().flatten());
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
        let list = self.run("for-each-ref").arg(format!("{format}{more}"));
        let list = list.args(refnames).text()?;
        let branch = |line: &str| {
            let mut fields = line.split('\0');
            Some(Branch {
                refname: fields.next()?.to_owned(),
                commit: fields.next()?.to_owned(),
                worktree: fields.next().filter(|it| !it.is_empty()).map(PathBuf::from),
                upstream: Upstream::read(fields),
            })
        };
        Ok(list.lines().filter_map(branch).collect())
    }

    /// The branch of this name, if there is one.
    pub fn branch(self, name: &str) -> Result<Option<Branch>> {
        let refname = format!("refs/heads/{name}");
        let mut found = self.branches([&refname])?.into_iter();
        Ok(found.find(|found| found.refname == refname))
    }

    /// The hash of what a revision names, if it names one of the wanted kind: `commit` or `tree`.
    pub fn object(self, revision: &str, kind: &str) -> Result<Option<String>> {
        let revision = format!("{revision}^{{{kind}}}");
        let parse = self.run("rev-parse --verify --quiet --end-of-options");
        let output = parse.arg(revision).output()?;
        let name = output.status.success().then(|| line_of(&output));
        // `^main` is a revision too, and means all that is not in `main`.
        Ok(name.filter(|name| !name.starts_with('^')))
    }

    /// The commit that a ref of this full name leads to, if it is there.
    pub fn tip(self, common: &Path, refname: &str) -> Result<Option<String>> {
        let tip = worktrees::tip(common, refname);
        let is_known = !common.join("reftable").exists();
        if is_known && tip.as_ref().is_none_or(|tip| !tip.starts_with("ref: ")) {
            return Ok(tip);
        }
        self.object(refname, "commit")
    }

    /// Makes a branch that tracks a remote one: `origin/name`.
    pub fn create_tracking_branch(self, branch: &str, remote: &str) -> Result<()> {
        let failed = || format!("cannot make the branch {branch}");
        let make = self.run("branch --no-track --").args([branch, remote]);
        make.insist().with_context(failed)?;
        let track = self.run("branch --quiet --set-upstream-to");
        let tracked = track.args([remote, branch]).insist();
        if tracked.is_err() {
            // What was only half made is not left; the error that is reported is the one that matters.
            let _ = self.delete_branch(branch);
        }
        tracked.map(drop).with_context(failed)
    }

    /// The folder in which it looks for hooks in every checkout, from its root, if the configuration names such a one.
    pub fn hooks_in_each_checkout(self) -> Result<Option<String>> {
        let set = self.run("config --type=path --get core.hooksPath");
        let path = line_of(&set.output()?);
        Ok(Some(path).filter(|path| !path.is_empty() && !path.starts_with('/')))
    }

    /// Takes a branch away, merged or not.
    pub fn delete_branch(self, branch: &str) -> Result<()> {
        let deleted = self.run("branch -D --quiet --").arg(branch).insist();
        // A first try may have deleted it and then failed on git's configuration, which somebody else was writing.
        if deleted.is_err() && self.branch(branch)?.is_none() {
            return Ok(());
        }
        deleted
            .map(drop)
            .with_context(|| format!("cannot delete the branch {branch}"))
    }
}

/// The parts of what git prints with `-z`.
fn parts(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|&byte| byte == 0)
        .filter(|part| !part.is_empty())
}

/// The same as text.
fn paths(list: &[u8]) -> Vec<String> {
    let text = |part| String::from_utf8_lossy(part).into_owned();
    parts(list).map(text).collect()
}

/// The lines of what git prints that have so many fields, with a zero between them.
fn rows<const N: usize>(list: &str) -> impl Iterator<Item = [&str; N]> {
    let lines = list
        .lines()
        .map(|line| line.split('\0').collect::<Vec<_>>());
    lines.filter_map(|fields| fields.try_into().ok())
}

fn lines_of(list: &str) -> Vec<String> {
    list.lines().map(ToOwned::to_owned).collect()
}

fn line_of(output: &Output) -> String {
    let answer = String::from_utf8_lossy(&output.stdout);
    answer.lines().next().unwrap_or_default().to_owned()
}
