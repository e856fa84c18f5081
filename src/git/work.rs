//! What git has of the work on a branch, and saving it.

use super::{Git, line_of, paths};
use crate::parallel;
use crate::process::{Failure, Run};
use anyhow::Result;
use std::ffi::OsString;
use std::path::Path;

/// Who makes the commits that save a session's work: they are this program's, whoever the user is to git.
const SAVER: [(&str, &str); 4] = [
    ("GIT_AUTHOR_NAME", "tally-session"),
    ("GIT_AUTHOR_EMAIL", "tally-session@localhost"),
    ("GIT_COMMITTER_NAME", "tally-session"),
    ("GIT_COMMITTER_EMAIL", "tally-session@localhost"),
];

/// Commits, newest first.
#[derive(Debug, PartialEq, Eq)]
pub struct Commits {
    /// How many there are.
    pub count: usize,
    /// The newest one's short hash and subject.
    pub newest: String,
}

/// What is checked out.
pub struct Head {
    /// The commit.
    pub commit: String,
    /// Its tree.
    pub tree: String,
    /// The branches that are at this commit, also remote ones, by their full names.
    pub branches: Vec<String>,
}

/// Where a branch stands.
#[derive(Debug)]
pub struct Standing {
    /// Its full name.
    pub refname: String,
    /// The tree of its commit, if git told.
    pub tree: Option<String>,
    /// How many commits it has that the main checkout's branch has not, and the other way round, if that can be known.
    pub distance: Option<(usize, usize)>,
}

impl<'a> Git<'a> {
    /// What is checked out; none in a repository without a commit, or if no branch is at it.
    ///
    /// # Errors
    /// If git could not be started.
    pub fn head(self) -> Result<Option<Head>> {
        let output = self
            .run(["for-each-ref", "--points-at=HEAD"])
            .arg("--format=%(objectname)%00%(tree)%00%(symref)%00%(refname)")
            .args(["refs/heads", "refs/remotes"])
            .output()?;
        let list = String::from_utf8_lossy(&output.stdout);
        let mut head: Option<Head> = None;
        for line in list.lines() {
            let fields: Vec<_> = line.splitn(4, '\0').collect();
            // One that is another name for a branch goes with it.
            let [commit, tree, "", refname] = fields[..] else {
                continue;
            };
            let head = head.get_or_insert_with(|| Head {
                commit: commit.to_owned(),
                tree: tree.to_owned(),
                branches: Vec::new(),
            });
            head.branches.push(refname.to_owned());
        }
        Ok(head)
    }

    /// The commits that the tips hold and that no branch, but for the `spared` one, and no remote branch holds.
    ///
    /// # Errors
    /// If git fails.
    pub fn own_commits(self, spared: Option<&str>, tips: &[String]) -> Result<Option<Commits>> {
        let names = self
            .run([
                "for-each-ref",
                "--format=%(refname:strip=2)%00%(symref:strip=2)",
                "refs/heads",
            ])
            .insist()?;
        let names = String::from_utf8_lossy(&names);
        // Another name for the branch goes with it.
        let other_names = names.lines().filter_map(|line| {
            let (name, branch) = line.split_once('\0')?;
            (Some(branch) == spared).then_some(name)
        });
        let excluded = spared.into_iter().chain(other_names);
        let list = self
            .run([
                "rev-list",
                "--ignore-missing",
                "--no-commit-header",
                "--format=%h %s",
            ])
            .args(tips)
            .arg("--not")
            .args(excluded.map(|branch| format!("--exclude={branch}")))
            .args(["--branches", "--remotes"])
            .insist()?;
        let list = String::from_utf8_lossy(&list);
        Ok(list.lines().next().map(|newest| Commits {
            count: list.lines().count(),
            newest: newest.to_owned(),
        }))
    }

    /// Where each of these branches stands, those that are there.
    ///
    /// # Errors
    /// If git fails.
    pub fn standings(self, refnames: &[String]) -> Result<Vec<Standing>> {
        let output = self
            .run([
                "for-each-ref",
                "--format=%(refname)%00%(tree)%00%(ahead-behind:HEAD)",
            ])
            .args(refnames)
            .output()?;
        let list = String::from_utf8_lossy(&output.stdout);
        let standing = |line: &str| {
            let (refname, rest) = line.split_once('\0')?;
            let (tree, counts) = rest.split_once('\0')?;
            let (ahead, behind) = counts.split_once(' ')?;
            Some(Standing {
                refname: refname.to_owned(),
                tree: Some(tree.to_owned()),
                distance: Some((ahead.parse().ok()?, behind.parse().ok()?)),
            })
        };
        let standings: Option<Vec<_>> = list.lines().map(standing).collect();
        if let Some(standings) = standings.filter(|_| output.status.success()) {
            return Ok(standings);
        }
        // It is older than 2.41, or this checkout, which they are compared with, has no commit.
        let branches = self.branches(refnames)?;
        Ok(parallel::map(&branches, |branch| Standing {
            refname: branch.refname.clone(),
            tree: None,
            distance: self.distance(&branch.refname).ok().flatten(),
        }))
    }

    /// How many commits a branch has that this checkout has not, and the other way round; none if they have no common one.
    ///
    /// # Errors
    /// If git could not be started.
    fn distance(self, refname: &str) -> Result<Option<(usize, usize)>> {
        let range = format!("{refname}...HEAD");
        let output = self
            .run(["rev-list", "--left-right", "--count", &range, "--"])
            .output()?;
        let line = line_of(&output);
        Ok(line
            .split_once('\t')
            .and_then(|(ahead, behind)| Some((ahead.parse().ok()?, behind.parse().ok()?))))
    }

    /// Whether this checkout has commits that no remote branch has.
    ///
    /// # Errors
    /// If git fails.
    pub fn has_unpushed(self) -> Result<bool> {
        let list = self
            .run([
                "rev-list",
                "--ignore-missing",
                "--max-count=1",
                "HEAD",
                "--branches",
                "--not",
                "--remotes",
            ])
            .insist()?;
        Ok(!list.is_empty())
    }

    /// The submodules that are checked out, also those of submodules, by their paths.
    ///
    /// # Errors
    /// If git fails.
    pub fn submodules(self) -> Result<Vec<String>> {
        let tell = r#"printf '%s\0' "$displaypath""#;
        let list = self
            .run(["submodule", "foreach", "--quiet", "--recursive", tell])
            .insist()?;
        Ok(paths(&list))
    }

    /// Whether `target` has all that `tip` has, whatever became of the commits: merged, rebased, or squashed into one.
    ///
    /// # Errors
    /// If git could not be started.
    pub fn has_all_of(self, tip: &str, target: &str) -> Result<bool> {
        let base = self.run(["merge-base", target, tip]).output()?;
        if !base.status.success() {
            return Ok(false);
        }
        let base = line_of(&base);
        Ok(self.has_squashed(tip, target, &base)? || self.merges_to_itself(tip, target, &base)?)
    }

    /// Whether one commit of `target` has the very changes that `tip` has since `base`.
    fn has_squashed(self, tip: &str, target: &str, base: &str) -> Result<bool> {
        let squashed = self.commit(&format!("{tip}^{{tree}}"), &[base.to_owned()], "Squashed")?;
        let cherry = self.run(["cherry", target, &squashed]).output()?;
        Ok(cherry.status.success() && line_of(&cherry).starts_with('-'))
    }

    /// Whether merging `tip` into `target` would change nothing. A git older than 2.38 cannot tell: the answer is no then.
    /// Nor is it believed where the project merges a file in a way of its own, which may be to keep what is there.
    fn merges_to_itself(self, tip: &str, target: &str, base: &str) -> Result<bool> {
        let merged = self
            .run(["merge-tree", "--write-tree", target, tip])
            .output()?;
        if !merged.status.success() || self.object(target, "tree")? != Some(line_of(&merged)) {
            return Ok(false);
        }
        let changed = self
            .run(["diff", "--name-only", "--no-renames", "-z", base, tip])
            .insist()?;
        let drivers = self
            .run(["check-attr", "-z", "--stdin", "merge"])
            .input(changed)
            .insist()?;
        Ok(paths(&drivers)
            .chunks(3)
            .all(|answer| answer.last().is_some_and(|driver| driver == "unspecified")))
    }

    /// Makes a commit of all that is in this checkout, tracked or not, but for what git ignores. What is staged and differs is
    /// one more parent, as in a stash; changes of `hidden` files are seen. Nothing of the checkout changes, its index neither: `index` is a copy of that.
    ///
    /// # Errors
    /// If git fails.
    pub fn commit_all(
        self,
        index: &Path,
        hidden: &[OsString],
        mut parents: Vec<String>,
        message: &str,
    ) -> Result<String> {
        let with_index = |run: Run<'a>| run.env("GIT_INDEX_FILE", index);
        // With a conflict in it an index is no tree; the folder has what there is then.
        let staged = with_index(self.run(["write-tree"])).output()?;
        self.unhide(hidden, index)?;
        with_index(self.run(["add", "--all", "--", "."])).insist()?;
        let tree = with_index(self.run(["write-tree"])).insist()?;
        let tree = String::from_utf8_lossy(&tree).trim().to_owned();
        if staged.status.success() {
            let staged = line_of(&staged);
            if staged != tree && self.object("HEAD", "tree")?.as_ref() != Some(&staged) {
                parents.push(self.commit(
                    &staged,
                    &parents,
                    &format!("{message}: what was staged"),
                )?);
            }
        }
        self.commit(&tree, &parents, message)
    }

    fn commit(self, tree: &str, parents: &[String], message: &str) -> Result<String> {
        let commit = self.run(["commit-tree", "-m", message]);
        let commit = SAVER
            .iter()
            .fold(commit, |commit, (name, value)| commit.env(name, *value));
        let commit = parents
            .iter()
            .fold(commit, |commit, parent| commit.args(["-p", parent]));
        let hash = commit.arg(tree).insist()?;
        Ok(String::from_utf8_lossy(&hash).trim().to_owned())
    }

    /// Makes a ref that must not be there yet, nor one that stands in its way.
    ///
    /// # Errors
    /// If git fails.
    pub fn create_ref(self, name: &str, commit: &str) -> Result<(), Failure> {
        self.run(["update-ref", name, commit, &"0".repeat(commit.len())])
            .stdout()
            .map(drop)
    }
}
