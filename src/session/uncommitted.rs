//! What is in a worktree and in no commit.

use super::{Session, files, hidden};
use crate::git::Git;
use crate::git::files::{Change, Status};
use crate::git::untouched::Untouched;
use crate::git::work::Head;
use crate::parallel::joined;
use crate::project;
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
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
    pub fn find(session: &Session<'_>, worktree: &Path) -> Result<Self> {
        let git = Git::at(worktree);
        let belongings: Vec<_> = files::belongings(session).collect();
        let Status { head, changes } = git.status::<&str>([])?;
        // git lists a repository inside the checkout that it does not know as one path with a slash.
        let nested = |path: &String| path.ends_with('/');
        let mut repositories: Vec<_> = changes
            .iter()
            .map(|change| change.path.clone())
            .filter(nested)
            .map(|path| (path, "move it away"))
            .collect();
        let admin = project::admin_folder(worktree)?.context("the worktree has no git folder")?;
        if admin.join("modules").exists() {
            for path in git.submodules()? {
                let inside = worktree.join(&path);
                if Git::at(&inside).has_unpushed()? || !Git::at(&inside).changes()?.is_empty() {
                    repositories.push((path, "commit and push it"));
                }
            }
        }
        let is_work = |change: &Change| !(change.untracked && belongings.contains(&change.path));
        let files = changes
            .into_iter()
            .filter(is_work)
            .map(|change| change.path)
            .collect();
        Ok(Self {
            head,
            files,
            hidden: hidden::work(session)?,
            aside: aside(worktree)?,
            repositories,
        })
    }
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
    let has_all = aside(session.record.worktree())?.is_none();
    let is_committed = |seen: &Untouched| {
        has_all && seen.new.is_empty() && head.as_ref().is_some_and(|head| seen.is_at(head))
    };
    Ok((untouched.filter(is_committed), head))
}

fn aside(worktree: &Path) -> Result<Option<PathBuf>> {
    let admin = project::admin_folder(worktree)?.context("the worktree has no git folder")?;
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
