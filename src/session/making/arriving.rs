//! Putting into a worktree what its session takes from the main checkout.

use crate::git::Git;
use crate::session::Session;
use crate::session::loss::uncommitted;
use crate::session::records::taking::Taking;
use anyhow::{Context, Result, bail};
use std::fs::File;

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
}
