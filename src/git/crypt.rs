//! git-crypt in a worktree. It looks for the keys of a repository that is unlocked in git's folder of the checkout that it works in
//! (`git rev-parse --git-dir`, up to its version 0.8), and has put them into the common one: a link leads there.

use super::worktrees::INITIALIZING;
use super::{Git, progress};
use crate::process::{Failure, quote_path};
use crate::project::admin_folder;
use anyhow::Context;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

/// git-crypt's folder, in git's.
const KEYS: &str = "git-crypt";

/// Whether the repository with this common git folder is one of git-crypt's.
pub fn has_keys(common: &Path) -> bool {
    common.join(KEYS).is_dir()
}

/// Whether it is, and the keys can't be found from a worktree, which git keeps this folder of.
pub fn lacks_keys(common: &Path, admin: &Path) -> bool {
    has_keys(common) && !admin.join(KEYS).is_dir()
}

/// Has them found from there.
pub fn share_keys(common: &Path, admin: &Path) -> Result<(), Failure> {
    if !lacks_keys(common, admin) {
        return Ok(());
    }
    let link = admin.join(KEYS);
    // One that leads nowhere, as after the project was moved; if it can't be removed, no other can be made.
    let _ = fs::remove_file(&link);
    symlink(common.join(KEYS), &link).map_err(broken("ln -s", &link))
}

fn broken(command: &str, path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let line = format!("{command} {}", quote_path(path));
    |error| Failure::Io { line, error }
}

/// What `git worktree add` takes to make a worktree that [`Git::check_out_unlocked`] is to finish.
pub(super) const UNFINISHED: [&str; 4] = ["--no-checkout", "--lock", "--reason", INITIALIZING];

impl Git<'_> {
    /// Checks out the files of a new worktree, in which this git is, and has the hook run, as `git worktree add` would: when the
    /// keys can be found. One whose files can't be checked out is taken away again, as git does it.
    pub(super) fn check_out_unlocked(
        self,
        common: &Path,
        options: &'static str,
        branch: &str,
    ) -> Result<(), Failure> {
        let checked_out = self.fill(common, options);
        if checked_out.is_err() {
            let git = Git {
                dir: common,
                ..self
            };
            let remove = git.run("worktree remove --force --force --");
            // The error that is reported is the one that matters.
            let _ = remove.arg(self.dir).stdout();
        }
        checked_out?;
        let commit = self.tip(common, &format!("refs/heads/{branch}"));
        let commit = commit.ok().flatten().unwrap_or_default();
        let before = "0".repeat(commit.len());
        let hook = self.run("hook run --ignore-missing post-checkout --");
        hook.args([&before, &commit, "1"]).stdout().map(drop)
    }

    fn fill(self, common: &Path, options: &'static str) -> Result<(), Failure> {
        let admin = admin_folder(self.dir).and_then(|admin| admin.context("it names no folder"));
        let admin = admin
            .map_err(|error| broken("cat", &self.dir.join(".git"))(io::Error::other(error)))?;
        share_keys(common, &admin)?;
        let run = self.run(options);
        let run = run.args(["reset", "--hard", "--no-recurse-submodules"]);
        progress::shown("checking out the files", run)?;
        // Without it git takes the worktree for one that is whole.
        let locked = admin.join("locked");
        fs::remove_file(&locked).map_err(broken("rm", &locked))
    }
}
