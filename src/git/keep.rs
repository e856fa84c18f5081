//! Keeping objects that nothing of git's leads to any more from being collected: one ref leads to all of them.

use super::{Git, parts};
use crate::process::{Failure, Started};
use crate::wait;
use anyhow::{Context, Result};
use memchr::memmem;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// What leads to objects.
#[derive(Debug, PartialEq, Eq)]
pub struct Keeper {
    /// The commit that a ref has to name.
    pub commit: String,
    /// The commits that it leads to: itself, if it is one of the user's.
    pub commits: Vec<String>,
    /// The tags that are objects. Nothing but a ref can lead to such a one: it has what they are of.
    pub tags: Vec<String>,
}

/// A change of refs.
pub enum Change<'a> {
    /// A new one.
    Create(&'a str, &'a str),
    /// To another commit, whatever it named before.
    Update(&'a str, &'a str),
    /// Away with it, if it still names this commit.
    Delete(&'a str, &'a str),
    /// Away with it, if it is there.
    Drop(&'a str),
}

/// Every name of an object that the files of git's folder of a worktree have in them: what is checked out, where that was before,
/// what a rebase, a merge or a bisect has to do. See gitrepository-layout(5).
pub fn objects_in(admin: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let failed = |path: &Path| format!("cannot read {}", path.display());
    for entry in fs::read_dir(admin).with_context(|| failed(admin))? {
        let path = entry?.path();
        let about = path.symlink_metadata()?;
        // Submodules' repositories keep what is theirs.
        let is_another_s = path.ends_with("modules") && admin.join("commondir").exists();
        if about.is_dir() && !is_another_s {
            names.extend(objects_in(&path)?);
        } else if about.is_file() && !path.ends_with("index") {
            let text = fs::read(&path).with_context(|| failed(&path))?;
            if TO_DO.iter().any(|list| path.ends_with(list)) {
                names.extend(picks_in(&String::from_utf8_lossy(&text)));
            }
            // Those have refs of their own.
            let is_tag_too = |line: &&[u8]| memmem::find(line, FETCHED_TAG).is_some();
            let lines = text.split(|&byte| byte == b'\n');
            let lines = lines.filter(|line| !is_tag_too(line));
            names.extend(lines.flat_map(names_in));
        }
    }
    Ok(names)
}

/// The lists of what a rebase, or a pick of several commits, has yet to do.
const TO_DO: [&str; 2] = ["sequencer/todo", "rebase-merge/git-rebase-todo"];

/// What `FETCH_HEAD` has of a tag that came along with what was fetched.
const FETCHED_TAG: &[u8] = b"\tnot-for-merge\ttag '";

/// The commits that such a list has, each behind a word and its options, and mostly in short.
fn picks_in(list: &str) -> impl Iterator<Item = String> {
    const SHORT: usize = 4;
    list.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let commit = words.find(|word| !word.starts_with('-'))?;
        let is_name = commit.len() >= SHORT && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_name.then(|| commit.to_owned())
    })
}

/// The words of a text that may be names of objects.
pub fn names_in(text: &[u8]) -> impl Iterator<Item = String> {
    text.split(|byte| !byte.is_ascii_alphanumeric())
        .filter(|word| matches!(word.len(), 40 | 64) && word.iter().any(|&digit| digit != b'0'))
        .filter(|word| word.iter().all(u8::is_ascii_hexdigit))
        .map(|word| String::from_utf8_lossy(word).into_owned())
}

/// Refs that are about to change: the git that does it can start while something else is waited for.
#[derive(Default)]
pub struct Changing(Option<Started>);

impl Changing {
    /// Starts it.
    pub fn start(git: Git<'_>) -> Result<Self, Failure> {
        Ok(Self(Some(git.start_update_ref()?)))
    }

    /// Makes all of these changes, or none. Fails also where a ref is not as it should be; it can be tried again.
    pub fn make(&mut self, git: Git<'_>, changes: &[Change<'_>]) -> Result<(), Failure> {
        if changes.is_empty() {
            return Ok(());
        }
        // A name for another branch is not that branch.
        let line = |change: &Change<'_>| match change {
            Change::Create(name, commit) => format!("option no-deref\ncreate {name} {commit}\n"),
            Change::Update(name, commit) => format!("option no-deref\nupdate {name} {commit}\n"),
            Change::Delete(name, commit) => format!("option no-deref\ndelete {name} {commit}\n"),
            Change::Drop(name) => format!("option no-deref\ndelete {name}\n"),
        };
        let text: String = changes.iter().map(line).collect();
        let waiting = self.0.take();
        let waiting = waiting.map_or_else(|| git.start_update_ref(), Ok)?;
        waiting.stdout_for(text.as_bytes()).map(drop)
    }
}

impl Git<'_> {
    /// What the index of this checkout leads to: a line for each file, as `git ls-files --stage` has it, also of the sides of a
    /// conflict that is or was.
    pub fn staged(self) -> Result<Vec<String>> {
        let list = self.run("ls-files -z --stage --resolve-undo").insist()?;
        // Behind the tab is the path.
        let entries = parts(&list).filter_map(|line| line.split(|&byte| byte == b'\t').next());
        let entries = entries.filter(|entry| !entry.starts_with(b"160000"));
        Ok(entries
            .map(|entry| String::from_utf8_lossy(entry).into_owned())
            .collect())
    }

    /// What git has in the refs of this worktree alone and in the reflogs of its HEAD and of this branch, where it keeps them in
    /// tables.
    pub fn objects_in_tables(self, branch: Option<&str>) -> Result<BTreeSet<String>> {
        let refs = self.run("for-each-ref --format=%(objectname)").args([
            "refs/bisect",
            "refs/rewritten",
            "refs/worktree",
        ]);
        let mut names: BTreeSet<_> = names_in(&refs.insist()?).collect();
        for name in ["HEAD"].into_iter().chain(branch) {
            let log = self
                .run("log --walk-reflogs --format=%H")
                .args([name, "--"]);
            names.extend(names_in(&log.output()?.stdout));
        }
        Ok(names)
    }

    /// Makes what leads to all of these objects that there are, and to what is `staged`; the `first` one comes first. None if
    /// there are none.
    pub fn keeper(
        self,
        first: Option<&str>,
        names: &BTreeSet<String>,
        staged: &[String],
        message: &str,
    ) -> Result<Option<Keeper>> {
        let mut kinds = self.kinds(names.iter().cloned())?;
        let tags = kinds.iter().filter(|(_, kind)| kind == "tag");
        let tags: Vec<_> = tags.map(|(name, _)| name.clone()).collect();
        if !tags.is_empty() {
            kinds.extend(self.kinds(tags.iter().map(|tag| format!("{tag}^{{}}")))?);
        }
        let staged = staged.iter().filter_map(|entry| {
            let (mode, rest) = entry.split_once(' ')?;
            Some(format!("{mode} blob {}", rest.split(' ').next()?))
        });
        let mut entries: BTreeSet<_> = staged.collect();
        let mut commits = Vec::new();
        for (name, kind) in kinds {
            match &*kind {
                "commit" => commits.push(name),
                "tree" => drop(entries.insert(format!("040000 tree {name}"))),
                "blob" => drop(entries.insert(format!("100644 blob {name}"))),
                _ => {}
            }
        }
        commits.sort_by_key(|commit| Some(commit.as_str()) != first);
        let commit = match &commits[..] {
            [] if entries.is_empty() => return Ok(None),
            [commit] if entries.is_empty() => commit.clone(),
            _ => self.join(&commits, &entries, message)?,
        };
        Ok(Some(Keeper {
            commit,
            commits,
            tags,
        }))
    }

    /// The whole names of these objects, as far as they are there, and of what kind each is.
    fn kinds(self, names: impl Iterator<Item = String>) -> Result<BTreeSet<(String, String)>> {
        let list: Vec<_> = names.collect();
        let kinds = self
            .run("cat-file")
            .arg("--batch-check=%(objectname) %(objecttype)")
            .env("GIT_NO_LAZY_FETCH", "1")
            .input(list.join("\n").into_bytes())
            .text()?;
        let kinds = kinds.lines().filter_map(|line| line.split_once(' '));
        Ok(kinds
            .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
            .collect())
    }

    /// Makes a commit with these parents, and a tree of these entries, each under a number.
    fn join(self, parents: &[String], entries: &BTreeSet<String>, message: &str) -> Result<String> {
        let mut tree = String::new();
        for (number, entry) in entries.iter().enumerate() {
            write!(tree, "{entry}\t{number}\0")?;
        }
        let tree = self.run("mktree -z --missing").input(tree.into_bytes());
        self.commit(tree.text()?.trim(), parents, message)
    }

    /// Makes a commit of a tree with these parents, which no ref leads to.
    pub fn commit(self, tree: &str, parents: &[String], message: &str) -> Result<String> {
        let mut text = format!("tree {tree}\n");
        for parent in parents {
            writeln!(text, "parent {parent}")?;
        }
        // It is this program's, whoever the user is to git.
        let now = wait::now() / 1000;
        for role in ["author", "committer"] {
            let program = "tally-session <tally-session@localhost>";
            writeln!(text, "{role} {program} {now} +0000")?;
        }
        write!(text, "\n{message}\n")?;
        // Not commit-tree: they may be more than a command line takes.
        let commit = self.run("hash-object -t commit -w --stdin");
        Ok(commit.input(text.into_bytes()).text()?.trim().to_owned())
    }

    fn start_update_ref(self) -> Result<Started, Failure> {
        let update = self.run("update-ref --stdin").input(Vec::new());
        match self.lock {
            Some(lock) => update.holding_silently(lock).start(),
            None => update.start(),
        }
    }

    /// Makes all of these changes, or none.
    pub fn change_refs(self, changes: &[Change<'_>]) -> Result<(), Failure> {
        Changing::default().make(self, changes)
    }

    /// What this repository's own configuration says of a branch: keys and values.
    pub fn branch_config(self, branch: &str) -> Result<Vec<(String, String)>> {
        let list = self.run("config --local -z --list").text()?;
        let section = format!("branch.{branch}.");
        let entry = |entry: &str| {
            let (key, value) = entry.split_once('\n')?;
            let is_its = !key.strip_prefix(&section)?.contains('.');
            is_its.then(|| (key.to_owned(), value.to_owned()))
        };
        Ok(list.split('\0').filter_map(entry).collect())
    }

    /// Takes out what this repository's own configuration says of a branch.
    pub fn forget_branch_config(self, branch: &str) -> Result<()> {
        let section = format!("branch.{branch}");
        let remove = self.run("config --local --remove-section");
        Ok(remove.arg(section).insist().map(drop)?)
    }

    /// Adds to this repository's own configuration.
    pub fn add_config(self, key: &str, value: &str) -> Result<()> {
        let add = self.run("config --local --add").args([key, value]);
        Ok(add.insist().map(drop)?)
    }
}
