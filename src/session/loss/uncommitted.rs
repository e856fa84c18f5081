//! What is in a worktree and in no commit.

use crate::git::Git;
use crate::git::files::{Change, Status};
use crate::git::untouched::Untouched;
use crate::git::work::Head;
use crate::parallel::joined;
use crate::session::Session;
use crate::session::belongings::{hidden, placed};
use anyhow::Result;
use std::path::Path;
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
    ///
    /// # Errors
    /// If git fails.
    pub fn find(session: &Session<'_>) -> Result<Self> {
        let worktree = session.record.worktree();
        let (status, hidden) = thread::scope(|scope| {
            let hidden = scope.spawn(|| Git::at(worktree).hidden_changes());
            (status(session, "matching"), joined(hidden))
        });
        let Status {
            changes,
            is_staged,
            ignored,
            ..
        } = status?;
        let mut found = Self {
            files: changes.into_iter().map(|change| change.path).collect(),
            hidden: Vec::new(),
            ignored,
            is_plain: !is_staged,
            is_untouched: false,
        };
        for path in hidden? {
            // The session hides its own variables so.
            if !hidden::is_our_change(session, &path)? {
                found.hidden.push(path);
            }
        }
        Ok(found)
    }

    /// All of it that git does not ignore, as the user is told.
    pub fn told(&self) -> Vec<String> {
        let hidden = self.hidden.iter();
        let hidden = hidden.map(|path| format!("{path} (git is told not to look at it)"));
        self.files.iter().cloned().chain(hidden).collect()
    }

    /// Takes it from a look at a worktree in which nothing is.
    pub fn of_untouched(seen: Untouched) -> Self {
        Self {
            ignored: seen.others,
            is_plain: true,
            is_untouched: true,
            ..Self::default()
        }
    }
}

/// What git shows of the session's worktree, but for what the session put there, and what git ignores, where that is
/// `matching`.
///
/// # Errors
/// If git fails.
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

/// How the session's worktree is seen, if nothing in it is uncommitted, and what is checked out in it.
///
/// # Errors
/// If git fails.
pub fn look(session: &Session<'_>, git: Git<'_>) -> Result<(Option<Untouched>, Option<Head>)> {
    // A process takes longer than a look, also to start: this thread starts it.
    let (head, untouched) = thread::scope(|scope| {
        let untouched = scope.spawn(|| untouched(session));
        (git.head(), joined(untouched))
    });
    let (head, untouched) = (head?, untouched?);
    let is_committed = |seen: &Untouched| {
        seen.new.is_empty() && head.as_ref().is_some_and(|head| seen.is_at(head))
    };
    Ok((untouched.filter(is_committed), head))
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
