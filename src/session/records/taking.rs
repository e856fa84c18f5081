//! What a session takes from the main checkout, where it is uncommitted.

use crate::git::Git;
use crate::git::snapshot::Scratch;
use crate::project::Project;
use crate::session::Session;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

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
    /// The files of which the session gets all that the main checkout has, and not only what git keeps: paths from the root.
    /// The command that finishes one that was cut short knows none; it takes nothing out of the main checkout.
    #[serde(skip)]
    pub whole: Vec<PathBuf>,
}

impl Taking {
    /// Whether the worktree has it as it was put there, and no more.
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
