//! What is in a worktree and in no commit.

use crate::git::Git;
use crate::git::files::{Change, Status};
use crate::git::untouched::Untouched;
use crate::git::work::Head;
use crate::parallel::joined;
use crate::process::{Failure, quote_path};
use crate::session::Session;
use crate::session::belongings::{env_files, hidden, placed};
use crate::session::loss::named::named;
use crate::session::loss::{Reason, look_at_status};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::thread;

/// What no commit holds of a worktree, but for what the session put there.
#[derive(Debug, Default)]
pub struct Uncommitted {
    /// Its changed and new files.
    pub files: Vec<String>,
    /// Changed files that git is told not to look at.
    pub hidden: Vec<String>,
    /// What git ignores; a folder that is ignored as a whole with a slash at the end.
    pub ignored: Vec<String>,
    /// Whether the index is that of the commit that is checked out.
    pub is_plain: bool,
    /// Whether git found nothing to look at but the folders of `ignored`: no other repository can be anywhere else.
    pub is_untouched: bool,
}

impl Uncommitted {
    /// Asks git for it.
    pub fn find(session: &Session<'_>) -> Result<Self> {
        let worktree = session.record.worktree();
        let (status, hidden) = thread::scope(|scope| {
            let hidden = scope.spawn(|| Git::at(worktree).hidden_changes());
            (status(session, "matching"), joined(hidden))
        });
        let status = status?;
        let mut found = Self {
            files: status.changes.into_iter().map(|it| it.path).collect(),
            ignored: status.ignored,
            is_plain: !status.is_staged,
            ..Self::default()
        };
        for path in hidden? {
            // The session hides its own variables so.
            if !hidden::is_our_change(session, &path)? {
                found.hidden.push(path);
            }
        }
        Ok(found)
    }

    /// The same, if a look without git does not show that there is none; and what is checked out.
    pub fn look(session: &Session<'_>, git: Git<'_>) -> Result<(Self, Option<Head>)> {
        // A process takes longer than a look, also to start: this thread starts it.
        let (head, untouched) = thread::scope(|scope| {
            let untouched = scope.spawn(|| untouched(session));
            (git.head(), joined(untouched))
        });
        let (head, untouched) = (head?, untouched?);
        let is_committed = |seen: &Untouched| {
            seen.new.is_empty() && head.as_ref().is_some_and(|head| seen.is_at(head))
        };
        let found = match untouched.filter(is_committed) {
            None => Self::find(session)?,
            Some(seen) => Self {
                ignored: seen.others,
                is_plain: true,
                is_untouched: true,
                ..Self::default()
            },
        };
        Ok((found, head))
    }

    /// All of it that git does not ignore, as the user is told.
    pub fn told(&self) -> Vec<String> {
        let hidden = self.hidden.iter();
        let hidden = hidden.map(|path| format!("{path} (git is told not to look at it)"));
        self.files.iter().cloned().chain(hidden).collect()
    }

    /// That there is some that git does not ignore.
    pub fn reason(&self, worktree: &Path) -> Option<Reason> {
        let files = self.told();
        let what = format!("has changes that are not committed: {}", named(&files));
        let look = match self.hidden.as_slice() {
            [] => look_at_status(worktree),
            hidden => format!(
                "look at it with: {} && git -C {} status",
                env_files::show(worktree, hidden),
                quote_path(worktree)
            ),
        };
        (!files.is_empty()).then_some((what, look))
    }

    /// The folders in which another repository can be.
    pub fn folders(&self, worktree: &Path) -> Vec<PathBuf> {
        if !self.is_untouched {
            return vec![worktree.to_owned()];
        }
        let ignored = self.ignored.iter().filter(|path| path.ends_with('/'));
        ignored.map(|path| worktree.join(path)).collect()
    }
}

/// What git shows of the session's worktree, but for what the session put there, and what git ignores, where that is
/// `matching`.
pub fn status(session: &Session<'_>, ignored: &str) -> Result<Status> {
    let worktree = session.record.worktree();
    let placed = placed::read(session);
    let mut status = Git::at(worktree).status::<&str>([], ignored)?;
    let changes = &mut status.changes;
    changes.retain(|change| !(change.untracked && placed.is_ours(worktree, &change.path)));
    for path in hidden::covered(session, &placed)? {
        let untracked = true;
        changes.push(Change { untracked, path });
    }
    status
        .ignored
        .retain(|path| !placed.is_all_of(worktree, path));
    Ok(status)
}

/// Why git can't look into a worktree, in its own words.
pub fn why_unseen(error: &anyhow::Error) -> String {
    let failure = error.root_cause().downcast_ref::<Failure>();
    failure.map_or_else(|| format!("{error:#}"), Failure::reason)
}

/// What git is in the middle of in a worktree, by what it keeps of it.
pub fn unfinished(admin: &Path) -> Option<&'static str> {
    const SIGNS: [(&str, &str); 7] = [
        ("rebase-merge", "a rebase"),
        ("rebase-apply", "a rebase, or applying patches"),
        ("MERGE_HEAD", "a merge"),
        ("CHERRY_PICK_HEAD", "a cherry-pick"),
        ("REVERT_HEAD", "a revert"),
        ("sequencer", "picking or reverting several commits"),
        ("BISECT_START", "a bisect"),
    ];
    let mut there = SIGNS.iter().filter(|(sign, _)| admin.join(sign).exists());
    there.next().map(|(_, what)| *what)
}

/// How the session's worktree is seen, if it is as git left it, but for what the session put there.
///
/// # Errors
/// If git has to be asked and fails.
pub fn untouched(session: &Session<'_>) -> Result<Option<Untouched>> {
    let placed = placed::read(session);
    if !hidden::replaced(session, &placed).is_empty() {
        return Ok(None);
    }
    Git::at(session.record.worktree()).untouched(&placed.as_git_has_them())
}
