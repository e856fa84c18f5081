//! What is in a worktree and in no commit.

use super::{Session, files, hidden};
use crate::git::Git;
use crate::git::files::Status;
use crate::git::untouched::Untouched;
use crate::git::work::Head;
use crate::parallel::joined;
use anyhow::Result;
use std::ffi::OsString;
use std::path::PathBuf;
use std::thread;

/// What no commit holds of a worktree, but for what the session put there.
#[derive(Default, PartialEq, Eq)]
pub struct Uncommitted {
    /// The commit that it is compared with.
    pub head: Option<String>,
    /// Its changed and new files.
    pub files: Vec<String>,
    /// Changed files that git is told not to look at: by the session, which changed them, or by the user.
    pub hidden: Vec<OsString>,
    /// Where git keeps changes that it has taken out of the files for a rebase or merge that is not finished.
    pub aside: Option<PathBuf>,
    /// Repositories inside the worktree whose work no commit of this one can hold: path, and what is to be done.
    pub repositories: Vec<(String, &'static str)>,
}

impl Uncommitted {
    /// Asks git for it.
    ///
    /// # Errors
    /// If git fails.
    pub fn find(session: &Session<'_>) -> Result<Self> {
        let worktree = session.record.worktree();
        let Status { head, changes } = status(session)?;
        let files: Vec<_> = changes.into_iter().map(|change| change.path).collect();
        // git lists a repository inside the checkout that it does not know as one path with a slash.
        let nested = files.iter().filter(|path| path.ends_with('/'));
        let mut repositories: Vec<_> = nested.map(|path| (path.clone(), "move it away")).collect();
        if session.admin()?.join("modules").exists() {
            for path in Git::at(worktree).submodules()? {
                let inside = worktree.join(&path);
                if Git::at(&inside).has_unpushed()? || !Git::at(&inside).changes()?.is_empty() {
                    repositories.push((path, "commit and push it"));
                }
            }
        }
        Ok(Self {
            head,
            files,
            hidden: hidden::work(session)?,
            aside: aside(session)?,
            repositories,
        })
    }
}

/// What git shows of the session's worktree, but for what the session put there.
///
/// # Errors
/// If git fails.
pub fn status(session: &Session<'_>) -> Result<Status> {
    let ours: Vec<_> = files::belongings(session).collect();
    let mut status = Git::at(session.record.worktree()).status::<&str>([])?;
    let changes = &mut status.changes;
    changes.retain(|change| !(change.untracked && ours.contains(&change.path)));
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
    let has_all = aside(session)?.is_none();
    let is_committed = |seen: &Untouched| {
        has_all && seen.new.is_empty() && head.as_ref().is_some_and(|head| seen.is_at(head))
    };
    Ok((untouched.filter(is_committed), head))
}

fn aside(session: &Session<'_>) -> Result<Option<PathBuf>> {
    let admin = session.admin()?;
    let files = [
        "rebase-merge/autostash",
        "rebase-apply/autostash",
        "MERGE_AUTOSTASH",
    ];
    let mut paths = files.iter().map(|file| admin.join(file));
    Ok(paths.find(|path| path.exists()))
}

/// How the session's worktree is seen, if it is as git left it, but for what the session put there.
///
/// # Errors
/// If git has to be asked and fails.
pub fn untouched(session: &Session<'_>) -> Result<Option<Untouched>> {
    let ours: Vec<_> = files::belongings(session).collect();
    Git::at(session.record.worktree()).untouched(&ours)
}
