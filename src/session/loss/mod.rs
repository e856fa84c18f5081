//! What the user would want to know before a session is taken away, in simple, exact questions; and where it is kept then.
//!
//! No answer decides whether work is lost: all of it is kept. So where one is not sure, it says so.

mod beside_git;
pub mod branch;
mod followed;
pub mod mounts;
pub mod moving;
pub mod named;
pub mod purge;
pub mod put_back;
pub mod removed;
pub mod repositories;
pub mod take;
pub mod trash;
pub mod uncommitted;

use crate::claude::Claude;
use crate::file::Stamp;
use crate::git::Git;
use crate::git::work::Head;
use crate::git::worktrees::Worktree;
use crate::hint::with_hint;
use crate::parallel::joined;
use crate::process::quote;
use crate::session::Session;
use crate::session::belongings::{env_files, placed};
use crate::session::loss::named::named;
use crate::session::windows::closing::Closing;
use anyhow::{Result, anyhow};
use repositories::Repository;
use std::collections::HashSet;
use std::path::PathBuf;
use std::thread;
use uncommitted::Uncommitted;

/// What would go with a session.
#[derive(Default)]
pub struct Loss {
    /// What is in no commit.
    uncommitted: Uncommitted,
    /// The index, if it is that of the commit that is checked out.
    pub plain: Option<Stamp>,
    /// Commits that no other branch and no remote holds, the newest first.
    commits: Vec<String>,
    /// The tips that lead to them.
    tips: Vec<String>,
    /// What git is in the middle of.
    unfinished: Option<&'static str>,
    /// Repositories inside with work of their own.
    repositories: Vec<Repository>,
    /// What is mounted inside.
    mounts: Vec<PathBuf>,
    /// Its windows, and what came from them.
    pub closing: Closing,
}

impl Loss {
    /// Its windows alone.
    pub fn of_windows(closing: Closing) -> Self {
        Self {
            closing,
            ..Self::default()
        }
    }

    /// What would go with this worktree, the first of `worktrees` that is at the session's place, and with the session's branch
    /// if that is `doomed`.
    ///
    /// # Errors
    /// If git fails, or the system does not tell which processes there are.
    pub fn find(
        session: &Session<'_>,
        worktree: Option<&Worktree>,
        worktrees: &[Worktree],
        doomed: bool,
        claude: &Claude,
    ) -> Result<Self> {
        let branch = session.record.branch();
        let doomed = doomed.then_some(branch);
        let (closing, work) = thread::scope(|scope| {
            let closing = scope.spawn(|| Closing::find(session, claude));
            let work = Self::work(session, worktree, worktrees, doomed);
            (joined(closing), work)
        });
        Ok(Self {
            closing: closing?,
            ..work?
        })
    }

    /// What git and the folder have.
    fn work(
        session: &Session<'_>,
        worktree: Option<&Worktree>,
        worktrees: &[Worktree],
        doomed: Option<&str>,
    ) -> Result<Self> {
        let worktree = worktree.filter(|worktree| worktree.path.exists());
        let git = Git::at(worktree.map_or(&session.project.main, |worktree| &worktree.path));
        let heads: Vec<_> = doomed
            .map(|branch| format!("refs/heads/{branch}"))
            .into_iter()
            .chain(worktree.map(|_| "HEAD".to_owned()))
            .collect();
        let index = worktree.and_then(|worktree| Stamp::at(&worktree.admin.join("index")));
        let (untouched, head) = match worktree {
            Some(_) => uncommitted::look(session, git)?,
            None => (None, None),
        };
        let is_held = head.is_some_and(|head| is_held(&head, doomed));
        // Two processes that do not need each other's answers, and whose answers are mostly known by now.
        let (uncommitted, commits) = thread::scope(|scope| {
            let commits = (!is_held).then(|| scope.spawn(|| git.own_commits(doomed, &heads)));
            let uncommitted = match (worktree, untouched) {
                (_, Some(seen)) => Ok(Uncommitted::of_untouched(seen)),
                (Some(_), None) => Uncommitted::find(session),
                (None, None) => Ok(Uncommitted::default()),
            };
            (uncommitted, commits.map(joined))
        });
        let uncommitted = uncommitted?;
        let mut loss = Self {
            plain: index.filter(|_| uncommitted.is_plain),
            uncommitted,
            ..Self::default()
        };
        if let Some(worktree) = worktree {
            loss.unfinished = uncommitted::unfinished(&worktree.admin);
            loss.mounts = mounts::below(&worktree.path)?;
            let ignored = &loss.uncommitted.ignored;
            let folders = if loss.uncommitted.is_untouched {
                let folders = ignored.iter().filter(|path| path.ends_with('/'));
                folders.map(|path| worktree.path.join(path)).collect()
            } else {
                vec![worktree.path.clone()]
            };
            loss.repositories = repositories::with_work(&folders, worktree, worktrees, doomed)?;
        }
        let commits = commits.transpose()?.unwrap_or_default();
        if !commits.is_empty() {
            let targets = git.main_branches(worktrees, doomed)?;
            for head in heads {
                let Some(tip) = git.object(&head, "commit")? else {
                    continue;
                };
                if !loss.tips.contains(&tip) && !is_in_any(git, &tip, &targets)? {
                    loss.tips.push(tip);
                }
            }
            if !loss.tips.is_empty() {
                loss.commits = commits;
            }
        }
        Ok(loss)
    }

    /// Refuses to touch what is not the session's.
    ///
    /// # Errors
    /// If there is something.
    pub fn refuse_mounts(&self, session: &Session<'_>) -> Result<()> {
        let Some(mount) = self.mounts.first() else {
            return Ok(());
        };
        let error = anyhow!(
            "something is mounted inside the worktree of {}, at {}",
            session.name,
            mount.display()
        );
        let unmount = format!("umount {}", quote(&mount.to_string_lossy()));
        Err(with_hint(error, format!("take it out first: {unmount}")))
    }

    /// Refuses, if there is anything that the user will want to know; `force` is the command that does it all the same.
    ///
    /// # Errors
    /// The refusal.
    pub fn refuse(&self, session: &Session<'_>, force: &str) -> Result<()> {
        refusal(
            session,
            self.reasons(session),
            format!("remove it all the same: {force}"),
        )
    }

    /// Each reason, and how to look at it.
    fn reasons(&self, session: &Session<'_>) -> (Vec<String>, Vec<String>) {
        let worktree = session.record.worktree();
        let git = |path: &std::path::Path| format!("git -C {}", quote(&path.to_string_lossy()));
        let status = format!("look at it with: {} status", git(worktree));
        let mut reasons = Vec::new();
        let mut looks = Vec::new();
        let files = self.uncommitted.told();
        if !files.is_empty() {
            let files = named(&files);
            reasons.push(format!("has changes that are not committed: {files}"));
            looks.push(match self.uncommitted.hidden.as_slice() {
                [] => status.clone(),
                hidden => format!(
                    "look at it with: {} && {} status",
                    env_files::show(worktree, hidden),
                    git(worktree)
                ),
            });
        }
        if let Some(newest) = self.commits.first() {
            let count = self.commits.len();
            let plural = if count == 1 { "" } else { "s" };
            reasons.push(format!(
                "has {count} commit{plural} that no other branch and no remote has, the newest: {newest}"
            ));
            let (branch, tips) = (quote(session.record.branch()), self.tips.join(" "));
            looks.push(format!(
                "look at it with: {} log {tips} --not --exclude={branch} --branches --remotes",
                session.project.git()
            ));
        }
        if let Some(unfinished) = self.unfinished {
            reasons.push(format!("is in the middle of {unfinished}"));
            looks.push(status);
        }
        for Repository { path, why, look } in &self.repositories {
            reasons.push(format!("has {why} inside: {}", path.display()));
            looks.push(format!("look at that with: {} {look}", git(path)));
        }
        let (told, how) = self.closing.busy(session);
        reasons.extend(told);
        looks.extend(how);
        if !self.closing.staying.is_empty() {
            let processes: Vec<_> = self
                .closing
                .staying
                .iter()
                .map(ToString::to_string)
                .collect();
            let pids: Vec<_> = self
                .closing
                .staying
                .iter()
                .map(|one| one.pid.to_string())
                .collect();
            reasons.push(format!(
                "has what will not end with its windows: {}",
                processes.join(", ")
            ));
            looks.push(format!("end it: kill {}", pids.join(" ")));
        }
        let mut told = HashSet::new();
        looks.retain(|look| told.insert(look.clone()));
        (reasons, looks)
    }

    /// Looks once more what is in no commit: something else has been at work.
    ///
    /// # Errors
    /// If git fails.
    pub fn look_again(&mut self, session: &Session<'_>) -> Result<()> {
        self.uncommitted = Uncommitted::find(session)?;
        Ok(())
    }

    /// What goes and is in no commit: files first, and what was `changed` of what the session put there.
    pub fn went(&self, session: &Session<'_>, changed: &[String]) -> Vec<String> {
        let Uncommitted { files, hidden, .. } = &self.uncommitted;
        let told = |path: &&String| files.contains(path) || hidden.contains(path);
        let mut went: Vec<_> = changed
            .iter()
            .filter(|path| !told(path))
            .map(|path| format!("{path} (changed)"))
            .collect();
        let all = self.uncommitted.told().into_iter();
        let ignored = self.uncommitted.ignored.iter().cloned();
        // What stands in the place of something that was put there is told by that.
        let is_told = |path: &String| {
            changed
                .iter()
                .any(|told| told == path.trim_end_matches('/'))
        };
        let all = all.chain(ignored.filter(|path| !is_told(path)));
        let (folders, files): (Vec<_>, Vec<_>) = all.partition(|path| path.ends_with('/'));
        let placed = placed::read(session);
        let others = folders
            .into_iter()
            .filter(|folder| !placed.is_all_of(session.record.worktree(), folder));
        went.extend(files.into_iter().chain(others));
        went
    }
}

/// The refusal for these reasons, with how to look at each, if there is any.
///
/// # Errors
/// The refusal.
pub fn refusal(
    session: &Session<'_>,
    (reasons, looks): (Vec<String>, Vec<String>),
    all_the_same: String,
) -> Result<()> {
    if reasons.is_empty() {
        return Ok(());
    }
    let error = anyhow!("the session {} {}", session.name, reasons.join(", and "));
    let error = looks.into_iter().fold(error, with_hint);
    Err(with_hint(error, all_the_same))
}

/// Whether another branch than the doomed one is at the commit that is checked out, and the doomed one is nowhere else.
fn is_held(head: &Head, doomed: Option<&str>) -> bool {
    let doomed = doomed.map(|branch| format!("refs/heads/{branch}"));
    let is_doomed = |branch: &&String| Some(*branch) == doomed.as_ref();
    let own = head.branches.iter().filter(is_doomed).count();
    own == usize::from(doomed.is_some()) && head.branches.len() > own
}

/// Whether one of these commits has all that the tip has: also rebased, or squashed into one.
fn is_in_any(git: Git<'_>, tip: &str, targets: &[String]) -> Result<bool> {
    for target in targets {
        if git.has_all_of(tip, target)? {
            return Ok(true);
        }
    }
    Ok(false)
}
