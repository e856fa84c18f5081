//! What git has of the work on a branch.

use super::worktrees::Worktree;
use super::{Git, line_of, lines_of, paths, rows};
use crate::parallel;
use crate::process::Run;
use anyhow::Result;
use std::collections::HashSet;

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

impl Git<'_> {
    /// What is checked out; none in a repository without a commit, or if no branch is at it.
    pub fn head(self) -> Result<Option<Head>> {
        let output = self
            .run("for-each-ref --points-at=HEAD")
            .arg("--format=%(objectname)%00%(tree)%00%(symref)%00%(refname)")
            .args(["refs/heads", "refs/remotes"])
            .output()?;
        let list = String::from_utf8_lossy(&output.stdout);
        // One that is another name for a branch goes with it.
        let own = rows::<4>(&list).filter(|[_, _, leads_to, _]| leads_to.is_empty());
        let own: Vec<_> = own.collect();
        Ok(own.first().map(|[commit, tree, ..]| Head {
            commit: (*commit).to_owned(),
            tree: (*tree).to_owned(),
            branches: own.iter().map(|row| row[3].to_owned()).collect(),
        }))
    }

    /// The commits that the tips hold and that no branch, but for the `spared` one, and no remote branch holds, the newest first:
    /// short hash and subject. A tip that is not there, or no commit, holds none.
    pub fn own_commits(self, spared: Option<&str>, tips: &[String]) -> Result<Vec<String>> {
        let spared = spared.map(|branch| self.names_of(branch)).transpose()?;
        let excluded = spared.iter().flatten();
        // On its standard input an older git takes no options.
        let list = self
            .run("rev-list --ignore-missing --stdin --no-commit-header")
            .args(["--format=%h %s", "--not"])
            .args(excluded.map(|branch| format!("--exclude={branch}")))
            .args(["--branches", "--remotes"])
            .input(tips.join("\n").into_bytes())
            .text()?;
        Ok(lines_of(&list))
    }

    /// The names of a branch that is there: its own, and others for it, which go with it.
    fn names_of(self, branch: &str) -> Result<Vec<String>> {
        let names = self
            .run("for-each-ref --format=%(refname:strip=2)%00%(symref:strip=2) refs/heads")
            .text()?;
        let its = rows::<2>(&names).filter(|names| names.contains(&branch));
        Ok(its.map(|[name, _]| name.to_owned()).collect())
    }

    /// Where each of these branches stands, those that are there.
    pub fn standings(self, refnames: &[String]) -> Result<Vec<Standing>> {
        let output = self
            .run("for-each-ref --format=%(refname)%00%(tree)%00%(ahead-behind:HEAD)")
            .args(refnames)
            .output()?;
        let list = String::from_utf8_lossy(&output.stdout);
        if output.status.success() {
            let standing = |[refname, tree, counts]: [&str; 3]| Standing {
                refname: refname.to_owned(),
                tree: Some(tree.to_owned()),
                distance: distance(counts, ' '),
            };
            return Ok(rows(&list).map(standing).collect());
        }
        // It is older than 2.41, or this checkout, which they are compared with, has no commit.
        let branches = self.branches(refnames)?;
        Ok(parallel::map(&branches, |branch| Standing {
            refname: branch.refname.clone(),
            tree: None,
            distance: self.distance(&branch.refname),
        }))
    }

    /// How many commits a branch has that this checkout has not, and the other way round; none if git does not tell.
    fn distance(self, refname: &str) -> Option<(usize, usize)> {
        let count = self.run("rev-list --left-right --count");
        let range = format!("{refname}...HEAD");
        distance(&line_of(&count.args([&range, "--"]).output().ok()?), '\t')
    }

    /// The commits at the tips of the main branches, each once: of the branch that the main checkout is on and of its upstream,
    /// of those that are called so, and of the remotes'. The doomed branch is none, nor is its own upstream, nor a detached HEAD.
    pub fn main_branches(
        self,
        worktrees: &[Worktree],
        doomed: Option<&str>,
    ) -> Result<Vec<String>> {
        let checked_out = worktrees.first().and_then(|main| main.branch.as_deref());
        let local = ["main", "master"].into_iter().chain(checked_out);
        let local = local.map(|branch| format!("refs/heads/{branch}"));
        let remote = ["HEAD", "main", "master"].map(|branch| format!("refs/remotes/*/{branch}"));
        let doomed = doomed.map(|branch| format!("refs/heads/{branch}"));
        let list = self
            .run("for-each-ref --format=%(refname)%00%(objectname)%00%(symref)%00%(upstream)")
            .args(local.chain(remote).chain(doomed.clone()))
            .text()?;
        let lines: Vec<[_; 4]> = rows(&list).collect();
        let upstream = |refname: Option<&str>| {
            let mut lines = lines.iter();
            let its = lines.find(|line| Some(line[0]) == refname)?;
            Some(its[3]).filter(|upstream| !upstream.is_empty())
        };
        let gone = [doomed.as_deref(), upstream(doomed.as_deref())];
        let stays = |name: &str| !gone.contains(&Some(name));
        let staying = lines.iter().filter(|line| stays(line[0]) && stays(line[2]));
        let mut tips: Vec<_> = staying.map(|line| line[1].to_owned()).collect();
        let main = checked_out.map(|branch| format!("refs/heads/{branch}"));
        if let Some(upstream) = upstream(main.as_deref()).filter(|name| stays(name)) {
            tips.extend(self.object(upstream, "commit")?);
        }
        let mut seen = HashSet::new();
        tips.retain(|tip| seen.insert(tip.clone()));
        Ok(tips)
    }

    /// Whether this repository has commits that no remote branch has: of any branch, checked out or not, or put aside in a stash.
    /// Fails also where the repository is another user's.
    pub fn has_unpushed(self) -> Result<bool> {
        let list = self.run("rev-list --ignore-missing --max-count=1 --all --not --remotes");
        Ok(!list.insist()?.is_empty())
    }

    /// Whether `target` has all that `tip` has, whatever became of the commits: merged, rebased, or squashed into one. Where the
    /// changes take each other back, only the commits themselves count.
    pub fn has_all_of(self, tip: &str, target: &str) -> Result<bool> {
        let base = self.run("merge-base").args([target, tip]).output()?;
        if !base.status.success() {
            return Ok(false);
        }
        let base = line_of(&base);
        let changed = self.run("diff --name-only --no-renames -z");
        let changed = changed.args([&base, tip]).insist()?;
        if changed.is_empty() {
            return Ok(base == tip);
        }
        Ok(self.merges_to_itself(tip, target, &changed)?
            || self.has_patches_of(tip, target, &base)?)
    }

    /// Whether merging `tip` into `target` would change nothing. A git older than 2.38 cannot tell: the answer is no then.
    /// Nor is it believed where the project merges a `changed` file in a way of its own, which may be to keep what is there.
    fn merges_to_itself(self, tip: &str, target: &str, changed: &[u8]) -> Result<bool> {
        let merged = self.run("merge-tree --write-tree");
        let merged = merged.args([target, tip]).output()?;
        if !merged.status.success() || self.object(target, "tree")? != Some(line_of(&merged)) {
            return Ok(false);
        }
        let drivers = self.run("check-attr -z --stdin merge");
        let drivers = paths(&drivers.input(changed.to_vec()).insist()?);
        let (answers, _) = drivers.as_chunks();
        Ok(answers.iter().all(|[_, _, driver]| driver == "unspecified"))
    }

    /// Whether `target` has had, since `base`, a commit with the very changes that `tip` has since then, or one for each of its
    /// commits. White space counts. A git older than 2.39 can't tell: the answer is no then.
    fn has_patches_of(self, tip: &str, target: &str, base: &str) -> Result<bool> {
        let (theirs, ours) = (format!("{base}..{target}"), format!("{base}..{tip}"));
        let theirs = self.patches(self.run("log --no-merges").arg(theirs))?;
        let squashed = self.patches(self.run("diff").args([base, tip]))?;
        if squashed.len() == 1 && squashed.is_subset(&theirs) {
            return Ok(true);
        }
        let merges = self.run("rev-list --merges --max-count=1").arg(&ours);
        let merges = merges.insist()?;
        let ours = self.patches(self.run("log --no-merges").arg(ours))?;
        Ok(merges.is_empty() && !ours.is_empty() && ours.is_subset(&theirs))
    }

    /// What git calls the patches that this command prints.
    fn patches(self, command: Run<'_>) -> Result<HashSet<String>> {
        let patches = command
            .args(["--patch", "--binary", "--no-color", "--no-ext-diff"])
            .args(["--no-textconv", "--no-renames", "--full-index"])
            .insist()?;
        let ids = self.run("patch-id --verbatim").input(patches).output()?;
        let ids = String::from_utf8_lossy(&ids.stdout);
        let ids = ids.lines().filter_map(|line| line.split(' ').next());
        Ok(ids.map(ToOwned::to_owned).collect())
    }
}

/// Two numbers with this between them.
fn distance(counts: &str, between: char) -> Option<(usize, usize)> {
    let (ahead, behind) = counts.split_once(between)?;
    Some((ahead.parse().ok()?, behind.parse().ok()?))
}
