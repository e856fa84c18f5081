//! What the user would want to know before a session is taken away, in simple, exact questions; and where it is kept then.
//!
//! No answer decides whether work is lost: all of it is kept. So where one is not sure, it says so.
//!
//! What gives a [`Result`] fails if git does, or a file can't be read or written, and says of its errors only where there is more to say.

mod beside;
pub mod branch;
mod file_name;
pub mod mounts;
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
use crate::process::{quote, quote_path};
use crate::session::Session;
use crate::session::belongings::placed;
use crate::session::windows::closing::Closing;
use anyhow::{Result, anyhow};
use indexmap::IndexSet;
use std::path::{Path, PathBuf};
use std::thread;
use uncommitted::Uncommitted;

/// Why a session should not go unasked, in words that follow its name; and how to look at that.
pub type Reason = (String, String);

/// What would go with a session.
#[derive(Default)]
pub struct Loss {
    /// What is in no commit.
    uncommitted: Uncommitted,
    /// The index, if it is that of the commit that is checked out.
    pub plain: Option<Stamp>,
    /// What the user will want to know of the worktree and the branch.
    reasons: Vec<Reason>,
    /// What is mounted inside.
    mounts: Vec<PathBuf>,
    /// Whether git could not look into the worktree: what is in it is not known.
    is_unseen: bool,
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
        let doomed = doomed.then_some(session.record.branch());
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

    /// What git and the folder have. That git can't tell is one more thing to know: all of it can go all the same.
    fn work(
        session: &Session<'_>,
        worktree: Option<&Worktree>,
        worktrees: &[Worktree],
        doomed: Option<&str>,
    ) -> Result<Self> {
        let beside = session.project.main.parent();
        let moved = worktree.and_then(|worktree| worktree.moved_to(beside?));
        let moved = moved.map(|moved| {
            let back = [&*moved, session.record.worktree()].map(quote_path);
            let what = format!("has a worktree that was moved to {}", moved.display());
            (what, format!("move it back: mv {}", back.join(" ")))
        });
        let worktree = worktree.filter(|worktree| worktree.path.exists());
        let mounts = worktree.map(|worktree| mounts::within(&worktree.path));
        let seen = match worktree {
            // Without that git would look into whatever repository is around it.
            Some(worktree) if worktree.has_lost_git_file() => {
                let what = "has a worktree whose .git file is gone, or leads nowhere";
                let git = session.project.git();
                let again = format!("have git know it again: {git} worktree repair");
                Err((what.to_owned(), again))
            }
            _ => Self::seen(session, worktree, worktrees, doomed).map_err(|error| {
                let why = uncommitted::why_unseen(&error);
                let path = worktree.map_or(&session.project.main, |worktree| &worktree.path);
                let what = format!("is one that git cannot look into: {why}");
                (what, look_at_status(path))
            }),
        };
        let loss = seen.unwrap_or_else(|reason| Self {
            reasons: vec![reason],
            is_unseen: true,
            ..Self::default()
        });
        let reasons = moved.into_iter().chain(loss.reasons);
        Ok(Self {
            reasons: reasons.collect(),
            mounts: mounts.transpose()?.unwrap_or_default(),
            ..loss
        })
    }

    /// What git tells of it.
    fn seen(
        session: &Session<'_>,
        worktree: Option<&Worktree>,
        worktrees: &[Worktree],
        doomed: Option<&str>,
    ) -> Result<Self> {
        let git = Git::at(worktree.map_or(&session.project.main, |worktree| &worktree.path));
        let index = worktree.and_then(|worktree| Stamp::at(&worktree.admin.join("index")));
        let (uncommitted, head) = match worktree {
            Some(_) => Uncommitted::look(session, git)?,
            None => Default::default(),
        };
        let mut loss = Self {
            plain: index.filter(|_| uncommitted.is_plain),
            reasons: Vec::from_iter(uncommitted.reason(session.record.worktree())),
            ..Self::default()
        };
        if !head.is_some_and(|head| is_held(&head, doomed)) {
            let branch = doomed.map(|branch| format!("refs/heads/{branch}"));
            let head = worktree.map(|_| "HEAD".to_owned());
            let heads: Vec<_> = branch.into_iter().chain(head).collect();
            loss.reasons
                .extend(own_commits(session, git, &heads, worktrees, doomed)?);
        }
        if let Some(worktree) = worktree {
            let unfinished = uncommitted::unfinished(&worktree.admin);
            loss.reasons.extend(unfinished.map(|unfinished| {
                let what = format!("is in the middle of {unfinished}");
                (what, look_at_status(&worktree.path))
            }));
            let folders = uncommitted.folders(&worktree.path);
            let inside = repositories::with_work(&folders, worktree, worktrees, doomed)?;
            loss.reasons.extend(inside);
        }
        loss.uncommitted = uncommitted;
        Ok(loss)
    }

    /// Refuses to touch what is not the session's.
    pub fn refuse_mounts(&self, session: &Session<'_>) -> Result<()> {
        let Some(mount) = self.mounts.first() else {
            return Ok(());
        };
        let (name, mount) = (&session.name, mount.to_string_lossy());
        let error = anyhow!("something is mounted inside the worktree of {name}, at {mount}");
        let unmount = format!("take it out first: umount {}", quote(&mount));
        Err(with_hint(error, unmount))
    }

    /// Refuses, if there is anything that the user will want to know; `force` is the command that does it all the same.
    pub fn refuse(&self, session: &Session<'_>, force: &str) -> Result<()> {
        let mut reasons = self.reasons.clone();
        reasons.extend(self.closing.busy(session));
        let staying = &self.closing.staying;
        if !staying.is_empty() {
            let processes: Vec<_> = staying.iter().map(ToString::to_string).collect();
            let pids: Vec<_> = staying.iter().map(|one| one.pid.to_string()).collect();
            reasons.push((
                format!(
                    "has what will not end with its windows: {}",
                    processes.join(", ")
                ),
                format!("end it: kill {}", pids.join(" ")),
            ));
        }
        let all_the_same = format!("remove it all the same: {force}");
        refusal(session, reasons, all_the_same)
    }

    /// Looks once more what is in no commit: something else has been at work.
    pub fn look_again(&mut self, session: &Session<'_>) {
        match Uncommitted::find(session) {
            Ok(found) => self.uncommitted = found,
            Err(_) => self.is_unseen = true,
        }
    }

    /// What goes and is in no commit: files first, and what was `changed` of what the session put there.
    pub fn went(&self, session: &Session<'_>, changed: &[String]) -> Vec<String> {
        let found = &self.uncommitted;
        let is_told = |path: &&String| found.files.contains(path) || found.hidden.contains(path);
        let changed_too = changed.iter().filter(|path| !is_told(path));
        let mut went: Vec<_> = changed_too
            .map(|path| format!("{path} (changed)"))
            .collect();
        // What stands in the place of something that was put there is told by that.
        let is_changed = |path: &str| changed.iter().any(|changed| changed == path);
        let ignored = found.ignored.iter();
        let ignored = ignored.filter(|path| !is_changed(path.trim_end_matches('/')));
        let all = found.told().into_iter().chain(ignored.cloned());
        let (mut folders, files): (Vec<_>, Vec<_>) = all.partition(|path| path.ends_with('/'));
        let placed = placed::read(session);
        folders.retain(|folder| !placed.is_all_of(session.record.worktree(), folder));
        went.extend(files.into_iter().chain(folders));
        if self.is_unseen {
            went.push("files that git could not tell of".to_owned());
        }
        went
    }
}

/// The refusal for these reasons, with how to look at each once, if there is any.
pub fn refusal(session: &Session<'_>, reasons: Vec<Reason>, all_the_same: String) -> Result<()> {
    if reasons.is_empty() {
        return Ok(());
    }
    let (reasons, looks): (Vec<_>, Vec<_>) = reasons.into_iter().unzip();
    let error = anyhow!("the session {} {}", session.name, reasons.join(", and "));
    // Several of them may be looked at in one way.
    let looks: IndexSet<_> = looks.into_iter().collect();
    Err(with_hint(
        looks.into_iter().fold(error, with_hint),
        all_the_same,
    ))
}

/// How to see what git says of a worktree.
fn look_at_status(worktree: &Path) -> String {
    let worktree = quote_path(worktree);
    format!("look at it with: git -C {worktree} status")
}

/// Whether another branch than the doomed one is at the commit that is checked out, and the doomed one is nowhere else.
fn is_held(head: &Head, doomed: Option<&str>) -> bool {
    let doomed = doomed.map(|branch| format!("refs/heads/{branch}"));
    let is_doomed = |branch: &&String| Some(*branch) == doomed.as_ref();
    let own = head.branches.iter().filter(is_doomed).count();
    own == usize::from(doomed.is_some()) && head.branches.len() > own
}

/// That commits at these heads go that nothing else holds, neither as they are nor rebased, or squashed into one.
fn own_commits(
    session: &Session<'_>,
    git: Git<'_>,
    heads: &[String],
    worktrees: &[Worktree],
    doomed: Option<&str>,
) -> Result<Option<Reason>> {
    let commits = git.own_commits(doomed, heads)?;
    let Some(newest) = commits.first() else {
        return Ok(None);
    };
    let targets = git.main_branches(worktrees, doomed)?;
    let mut tips = Vec::new();
    for head in heads {
        let Some(tip) = git.object(head, "commit")? else {
            continue;
        };
        let mut is_held = tips.contains(&tip);
        for target in &targets {
            is_held = is_held || git.has_all_of(&tip, target)?;
        }
        if !is_held {
            tips.push(tip);
        }
    }
    let count = commits.len();
    let plural = if count == 1 { "" } else { "s" };
    let what = format!(
        "has {count} commit{plural} that no other branch and no remote has, the newest: {newest}"
    );
    let (log, branch) = (session.project.git(), quote(session.record.branch()));
    let look = format!(
        "look at it with: {log} log {} --not --exclude={branch} --branches --remotes",
        tips.join(" ")
    );
    Ok((!tips.is_empty()).then_some((what, look)))
}
