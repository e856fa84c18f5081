//! What a session takes from the main checkout, where it is uncommitted.

use super::Session;
use super::loss::uncommitted;
use crate::git::Git;
use crate::git::snapshot::Scratch;
use crate::project::Project;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::fs::File;

/// What a session gets, also when a command that was cut short is finished.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Taking {
    /// The ref that keeps it.
    pub refname: String,
    /// The commit that the session's branch starts from.
    pub onto: String,
    /// The tree of the files there.
    pub files: String,
    /// The tree of the index there: what is staged stays staged where the commit is the main checkout's.
    pub index: String,
}

impl Taking {
    /// Puts it into the worktree. One that is not `new` may have it already, after a command that was cut short: then it is put
    /// there only if nothing was changed. Gives what there is to tell.
    ///
    /// # Errors
    /// If the branch has moved meanwhile, or git fails.
    pub fn arrive(&self, session: &Session<'_>, lock: &File, new: bool) -> Result<Option<String>> {
        let worktree = session.record.worktree();
        let git = Git::at(worktree).holding(lock);
        let is_at_start = git.object("HEAD", "commit")?.as_ref() == Some(&self.onto);
        if new && !is_at_start {
            bail!("the branch {} has moved meanwhile", session.record.branch());
        }
        let is_to_be_put =
            new || is_at_start && uncommitted::status(session, "no")?.changes.is_empty();
        let put = if is_to_be_put { self.put(git) } else { Ok(()) };
        if new {
            return put.map(|()| None);
        }
        let left_over = self.left_over(session.project);
        Ok(Some(match put {
            Ok(()) => left_over,
            // The session is as good as another one without it.
            Err(error) => format!("{error:#}; {left_over}"),
        }))
    }

    fn put(&self, git: Git<'_>) -> Result<()> {
        git.go_to(&self.onto, &self.files)
            .context("cannot put the changes of the main checkout into the worktree")?;
        git.reset_index(&self.index)
    }

    /// Whether the worktree has it as it was put there, and no more.
    ///
    /// # Errors
    /// If git fails.
    pub fn is_as_it_arrived(&self, session: &Session<'_>) -> Result<bool> {
        let scratch = Scratch::of(&session.admin()?)?;
        let index = scratch.index();
        let git = Git::at(session.record.worktree()).with_index(&index);
        git.add_all(&[])?;
        Ok(git.write_tree()? == self.files)
    }

    /// What became of it when its `add` was cut short.
    pub fn left_over(&self, project: &Project) -> String {
        format!(
            "its add was cut short while it took changes from the main checkout, which may still have them; {}",
            self.whereabouts(project)
        )
    }

    /// Where all of it is, whatever happens.
    pub fn whereabouts(&self, project: &Project) -> String {
        format!(
            "all of them are kept in {0}: {1} show --first-parent {0}",
            self.refname,
            project.git()
        )
    }
}
