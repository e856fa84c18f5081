//! Work that would be lost with a session: finding it, saying so, and saving it.

use super::uncommitted::{self, Uncommitted, untouched};
use super::{Session, hidden};
use crate::git::Git;
use crate::git::files::UNHIDE;
use crate::git::untouched::Untouched;
use crate::git::work::{Commits, Head};
use crate::git::worktrees::{self, Worktree};
use crate::hint::with_hint;
use crate::parallel::joined;
use crate::process::quote;
use anyhow::{Context, Result, anyhow, bail};
use std::borrow::Cow;
use std::path::Path;
use std::thread;

/// How many files an error names.
const NAMED: usize = 10;

/// Work that is nowhere but in a session.
pub struct Work<'a> {
    session: &'a Session<'a>,
    worktree: Option<&'a Worktree>,
    uncommitted: Uncommitted,
    /// How the worktree was seen, if there is nothing uncommitted in it.
    untouched: Option<Untouched>,
    /// What holds its commits, if that could be told at once.
    holders: Option<Holders>,
    /// The branch that goes with it.
    doomed: Option<&'a str>,
    /// What leads to its commits: that branch, and what is checked out.
    heads: Vec<String>,
    /// Commits that no other branch and no remote holds.
    own: Option<Commits>,
    /// The tips that hold them, those whose changes no main branch has either: the branch's, and the worktree's if it is another.
    tips: Vec<String>,
}

/// The branches that are at the commit that is checked out.
struct Holders {
    commit: String,
    /// The one that goes.
    doomed: Option<String>,
    /// The others.
    others: Vec<String>,
}

impl Holders {
    /// None if the doomed branch is at another commit, or no other one is at this.
    fn of(head: Head, doomed: Option<&str>) -> Option<Self> {
        let doomed = doomed.map(|branch| format!("refs/heads/{branch}"));
        let is_doomed = |branch: &String| Some(branch) == doomed.as_ref();
        let (own, others): (Vec<_>, Vec<_>) = head.branches.into_iter().partition(is_doomed);
        let is_held = own.len() == usize::from(doomed.is_some()) && !others.is_empty();
        is_held.then_some(Self {
            commit: head.commit,
            doomed,
            others,
        })
    }

    /// Whether the doomed branch and another one are still there.
    fn still_hold(&self, common: &Path) -> bool {
        let is_at = |branch: &String| worktrees::tip(common, branch).as_ref() == Some(&self.commit);
        self.doomed.iter().all(is_at) && self.others.iter().any(is_at)
    }
}

/// Work that was saved.
#[derive(Debug)]
pub struct Saved {
    /// The commit.
    pub commit: String,
    /// The ref that keeps it.
    pub refname: String,
}

impl<'a> Work<'a> {
    /// What would be lost with this worktree, and with the session's branch if that is `doomed`.
    ///
    /// # Errors
    /// If git fails.
    pub fn find(
        session: &'a Session<'a>,
        worktree: Option<&'a Worktree>,
        doomed: bool,
    ) -> Result<Self> {
        let worktree = worktree.filter(|worktree| worktree.path.exists());
        let git = Git::at(worktree.map_or(&session.project.main, |worktree| &worktree.path));
        let branch = session.record.branch();
        let doomed = doomed.then_some(branch);
        let heads: Vec<_> = doomed
            .map(|branch| format!("refs/heads/{branch}"))
            .into_iter()
            .chain(worktree.map(|_| "HEAD".to_owned()))
            .collect();
        let (untouched, head) = match worktree {
            Some(_) => uncommitted::look(session, git)?,
            None => (None, None),
        };
        let holders = head.and_then(|head| Holders::of(head, doomed));
        // Two processes that do not need each other's answers, and whose answers are mostly known by now.
        let (uncommitted, commits) = thread::scope(|scope| {
            let is_held = holders.is_some();
            let commits = (!is_held).then(|| scope.spawn(|| git.own_commits(doomed, &heads)));
            let uncommitted = match (worktree, &untouched) {
                (Some(_), None) => Uncommitted::find(session),
                (_, untouched) => Ok(Uncommitted {
                    head: untouched.as_ref().map(|seen| seen.commit.clone()),
                    ..Uncommitted::default()
                }),
            };
            (uncommitted, commits.map(joined))
        });
        let mut work = Self {
            session,
            worktree,
            uncommitted: uncommitted?,
            untouched,
            holders,
            doomed,
            heads,
            own: commits.transpose()?.flatten(),
            tips: Vec::new(),
        };
        if work.own.is_some() {
            for head in &work.heads {
                let Some(tip) = git.object(head, "commit")? else {
                    continue;
                };
                if !work.tips.contains(&tip)
                    && !is_in_main(Git::at(&session.project.main), &tip, doomed)?
                {
                    work.tips.push(tip);
                }
            }
        }
        Ok(work)
    }

    /// Refuses to lose what can't be saved.
    ///
    /// # Errors
    /// If there is such work.
    pub fn refuse_unsavable(&self) -> Result<()> {
        let worktree = self.session.record.worktree();
        if let Some(aside) = &self.uncommitted.aside {
            let error = anyhow!(
                "git has put changes of {} aside in {}, until a rebase or merge is finished",
                self.session.name,
                aside.display()
            );
            let git = format!("git -C {}", quote(&worktree.to_string_lossy()));
            return Err(with_hint(
                error,
                format!("see how to finish it: {git} status"),
            ));
        }
        let Some((path, cure)) = self.uncommitted.repositories.first() else {
            return Ok(());
        };
        let whole = worktree.join(path);
        let error = anyhow!(
            "{} in the session {} is a repository of its own with work in it that cannot be saved with the session's",
            whole.display(),
            self.session.name
        );
        Err(with_hint(
            error,
            format!(
                "look at it with: git -C {} status; then {cure}",
                quote(&whole.to_string_lossy())
            ),
        ))
    }

    /// Refuses to lose work; `force` is the command that saves it first.
    ///
    /// # Errors
    /// If there is any.
    pub fn refuse(&self, force: &str) -> Result<()> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(self.refusal(force))
        }
    }

    /// Whether nothing has come since this was found.
    ///
    /// # Errors
    /// If git fails.
    pub fn is_still_all(&self) -> Result<bool> {
        if self.worktree.is_none()
            || self.untouched.is_some() && untouched(self.session)? == self.untouched
        {
            return Ok(true);
        }
        Ok(Uncommitted::find(self.session)? == self.uncommitted)
    }

    /// Whether all commits but those that were found are still held by something else. A command that removes another session
    /// may have taken that away: it is asked under the store's lock, under which branches are deleted.
    ///
    /// # Errors
    /// If git fails.
    pub fn is_still_held(&self) -> Result<bool> {
        let common = &self.session.project.common;
        if self
            .holders
            .as_ref()
            .is_some_and(|holders| holders.still_hold(common))
        {
            return Ok(true);
        }
        let git = self
            .worktree
            .map_or(&self.session.project.main, |worktree| &worktree.path);
        Ok(Git::at(git).own_commits(self.doomed, &self.heads)? == self.own)
    }

    /// Whether nothing would be lost.
    pub fn is_empty(&self) -> bool {
        self.uncommitted.files.is_empty()
            && self.uncommitted.hidden.is_empty()
            && self.commits().is_none()
    }

    /// The commits that would be lost.
    fn commits(&self) -> Option<&Commits> {
        self.own.as_ref().filter(|_| !self.tips.is_empty())
    }

    /// Why the session is not removed, how to look at the work, and how to remove it all the same.
    fn refusal(&self, force: &str) -> anyhow::Error {
        let name = &self.session.name;
        let mut reasons = Vec::new();
        let uncommitted = &self.uncommitted;
        let hidden = uncommitted.hidden.iter().map(|path| path.to_string_lossy());
        let hidden: Vec<_> = hidden.map(Cow::into_owned).collect();
        let files: Vec<_> = uncommitted.files.iter().chain(&hidden).collect();
        if !files.is_empty() {
            let named: Vec<_> = files
                .iter()
                .take(NAMED)
                .map(|file| in_one_line(file))
                .collect();
            let more = files.len() - named.len();
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            reasons.push(format!(
                "has changes that are not committed: {}{more}",
                named.join(", ")
            ));
        }
        if let Some(Commits { count, newest }) = self.commits() {
            let plural = if *count == 1 { "" } else { "s" };
            reasons.push(format!("has {count} commit{plural} that no other branch and no remote has, the newest: {newest}"));
        }
        let git = format!(
            "git -C {}",
            quote(&self.session.record.worktree().to_string_lossy())
        );
        let look = if !hidden.is_empty() {
            let hidden: Vec<_> = hidden.iter().map(|path| quote(path)).collect();
            let hidden = hidden.join(" ");
            let unhide = UNHIDE.map(|unhide| format!("{git} update-index {unhide} {hidden} && "));
            format!("{}{git} status", unhide.concat())
        } else if !uncommitted.files.is_empty() {
            format!("{git} status")
        } else {
            let branch = self.session.record.branch();
            let tips = self.tips.join(" ");
            format!(
                "{} log {tips} --not --exclude={branch} --branches --remotes",
                self.session.project.git()
            )
        };
        let error = anyhow!("the session {name} {}", reasons.join(", and "));
        let error = with_hint(error, format!("look at it with: {look}"));
        let save = "save it under refs/tally-session/ and remove the session";
        with_hint(error, format!("{save}: {force}"))
    }

    /// Saves the work as one commit under `refs/tally-session/`: the files on top of the commits.
    ///
    /// # Errors
    /// If git fails, or the disk is full.
    pub fn save(&self) -> Result<Saved> {
        let name = &self.session.name;
        self.save_commit().with_context(|| {
            format!("cannot save the work of {name}, so that it stays where it is")
        })
    }

    fn save_commit(&self) -> Result<Saved> {
        let commit = match (self.worktree, self.tips.as_slice()) {
            (Some(worktree), tips)
                if !self.uncommitted.files.is_empty()
                    || !self.uncommitted.hidden.is_empty()
                    || tips.len() > 1 =>
            {
                self.commit_files(worktree)?
            }
            (_, [tip, ..]) => tip.clone(),
            _ => bail!("it has no commit"),
        };
        let git = Git::at(&self.session.project.main);
        let mut failure = None;
        // An older save of the same name stays.
        let name = &self.session.name;
        let numbered = (2..30).map(|number| format!("{}-{number}", name.slug()));
        for candidate in [name.to_string()].into_iter().chain(numbered) {
            let refname = format!("refs/tally-session/{candidate}");
            match git.create_ref(&refname, &commit) {
                Ok(()) => return Ok(Saved { commit, refname }),
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) => Err(error).context("no ref for it can be made"),
            None => bail!("no ref for it can be made"),
        }
    }

    fn commit_files(&self, worktree: &Worktree) -> Result<String> {
        let mut parents: Vec<_> = Git::at(&worktree.path)
            .object("HEAD", "commit")?
            .into_iter()
            .collect();
        for tip in &self.tips {
            if !parents.contains(tip) {
                parents.push(tip.clone());
            }
        }
        let message = format!("Uncommitted work of the session {}", self.session.name);
        let hidden = &self.uncommitted.hidden;
        hidden::with_index(self.session, |index| {
            Git::at(&worktree.path).commit_all(index, hidden, parents, &message)
        })
    }
}

/// A file's name, so that it can't pass for another line of the message.
fn in_one_line(file: &str) -> String {
    if file.contains(char::is_control) {
        format!("{file:?}")
    } else {
        file.to_owned()
    }
}

/// Whether a main branch has all that the commit has: also rebased, or squashed into one. The doomed branch is none.
fn is_in_main(git: Git<'_>, tip: &str, doomed: Option<&str>) -> Result<bool> {
    let mut seen = Vec::new();
    let branches = ["main", "master"]
        .into_iter()
        .filter(|&branch| Some(branch) != doomed);
    let targets = [
        "HEAD",
        "@{upstream}",
        "origin/HEAD",
        "origin/main",
        "origin/master",
    ]
    .map(ToOwned::to_owned);
    for target in targets
        .into_iter()
        .chain(branches.map(|branch| format!("refs/heads/{branch}")))
    {
        let Some(target) = git.object(&target, "commit")? else {
            continue;
        };
        if target == tip || !seen.contains(&target) && git.has_all_of(tip, &target)? {
            return Ok(true);
        }
        seen.push(target);
    }
    Ok(false)
}
