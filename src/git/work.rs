//! What git has of the work on a branch, and saving it.

use super::{Git, line_of};
use crate::process::Run;
use anyhow::Result;
use std::path::Path;

/// Who makes the commits that save a session's work: they are this program's, whoever the user is to git.
const SAVER: [(&str, &str); 4] = [
    ("GIT_AUTHOR_NAME", "tally-session"),
    ("GIT_AUTHOR_EMAIL", "tally-session@localhost"),
    ("GIT_COMMITTER_NAME", "tally-session"),
    ("GIT_COMMITTER_EMAIL", "tally-session@localhost"),
];

/// Commits, newest first.
#[derive(Debug)]
pub struct Commits {
    /// How many there are.
    pub count: usize,
    /// The newest one's short hash and subject.
    pub newest: String,
}

impl Git<'_> {
    /// The commits that the tips hold and that no branch, but for the `spared` one, and no remote branch holds.
    ///
    /// # Errors
    /// If git fails.
    pub fn own_commits(self, spared: Option<&str>, tips: &[String]) -> Result<Option<Commits>> {
        let list = self
            .run(["rev-list", "--no-commit-header", "--format=%h %s"])
            .args(tips)
            .args([
                "--not",
                &format!("--exclude={}", spared.unwrap_or_default()),
                "--branches",
                "--remotes",
            ])
            .insist()?;
        let list = String::from_utf8_lossy(&list);
        Ok(list.lines().next().map(|newest| Commits {
            count: list.lines().count(),
            newest: newest.to_owned(),
        }))
    }

    /// How many commits a branch has that this checkout has not, and the other way round; none if they have no common one.
    ///
    /// # Errors
    /// If git could not be started.
    pub fn distance(self, branch: &str) -> Result<Option<(usize, usize)>> {
        let range = format!("refs/heads/{branch}...HEAD");
        let output = self
            .run(["rev-list", "--left-right", "--count", &range, "--"])
            .output()?;
        let line = line_of(&output);
        Ok(line
            .split_once('\t')
            .and_then(|(ahead, behind)| Some((ahead.parse().ok()?, behind.parse().ok()?))))
    }

    /// Whether merging `tip` into `target` would change nothing: it is merged, rebased or squash-merged already.
    /// A git older than 2.38 cannot tell: the answer is no then.
    ///
    /// # Errors
    /// If git could not be started.
    pub fn is_contained(self, tip: &str, target: &str) -> Result<bool> {
        let Some(tree) = self.object(target, "tree")? else {
            return Ok(false);
        };
        let merged = self
            .run(["merge-tree", "--write-tree", target, tip])
            .output()?;
        Ok(merged.status.success() && line_of(&merged) == tree)
    }

    /// Makes a commit of all that is in this checkout, tracked or not, but for what git ignores. Nothing of the checkout
    /// changes, its index neither: `index` is a file for git to work in.
    ///
    /// # Errors
    /// If git fails.
    pub fn commit_all(self, index: &Path, parents: &[String], message: &str) -> Result<String> {
        let with_index = |run: Run| run.env("GIT_INDEX_FILE", index);
        with_index(self.run(["add", "--all", "--", "."])).insist()?;
        let tree = with_index(self.run(["write-tree"])).insist()?;
        let tree = String::from_utf8_lossy(&tree);
        let commit = self.run(["commit-tree", "-m", message]);
        let mut commit = SAVER
            .iter()
            .fold(commit, |commit, (name, value)| commit.env(name, *value));
        for parent in parents {
            commit = commit.args(["-p", parent]);
        }
        let commit = commit.arg(tree.trim()).insist()?;
        Ok(String::from_utf8_lossy(&commit).trim().to_owned())
    }

    /// Makes a ref that must not be there yet. False if it is, or if another one stands in its way.
    ///
    /// # Errors
    /// If git could not be started.
    pub fn create_ref(self, name: &str, commit: &str) -> Result<bool> {
        Ok(self
            .run(["update-ref", name, commit, &"0".repeat(commit.len())])
            .output()?
            .status
            .success())
    }
}
