//! The hold of one command on one session, and what one that was cut short leaves to the next.

use crate::git::Start;
use crate::name::SessionName;
use crate::project::Project;
use crate::store::lock::Lock;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::PathBuf;

/// The hold of one command on one session. Its file says what a command that was cut short was about to do.
pub struct Hold {
    lock: Lock,
    /// What is left to do of a command that was cut short.
    pub unfinished: Option<Unfinished>,
}

/// What is needed to finish a command that was cut short.
#[derive(Debug, Serialize, Deserialize)]
pub struct Unfinished {
    /// What the branch starts from.
    pub start: Start,
    /// The task that Claude starts on.
    pub prompt: Option<String>,
    /// Whether the worktree is a new one, which the project's own command has not been run for.
    pub is_new: bool,
}

/// Where the sessions' locks are: in a folder of their own, as a session may have any name, that of another lock too.
fn locks(project: &Project) -> PathBuf {
    project.common.join("tally-session/sessions")
}

impl Hold {
    /// Waits until no other command works on the session.
    ///
    /// # Errors
    /// If another command works on it for long.
    pub fn take(project: &Project, name: &SessionName) -> Result<Self> {
        let lock = Lock::take(&locks(project).join(format!("{}.lock", name.slug())))?;
        // A text that does not parse was being written when its command was killed: nothing was done then.
        let unfinished = serde_json::from_str(&lock.text()?).ok();
        Ok(Self { lock, unfinished })
    }

    /// Says what this command is about to do, for the one that finishes it if it is cut short.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn begin(&mut self, unfinished: Unfinished) -> Result<()> {
        self.lock.write(&serde_json::to_string(&unfinished)?)?;
        self.unfinished = Some(unfinished);
        Ok(())
    }

    /// Whether the worktree is a new one.
    pub fn is_new(&self) -> bool {
        self.unfinished
            .as_ref()
            .is_some_and(|unfinished| unfinished.is_new)
    }

    /// The task that Claude starts on, if it has not begun yet.
    pub fn prompt(&self) -> Option<&str> {
        self.unfinished.as_ref()?.prompt.as_deref()
    }

    /// The lock, for a child that is to keep the hold until it has ended, even if this program is killed.
    pub fn lock(&self) -> &File {
        self.lock.file()
    }

    /// Ends the hold: nothing is left to do.
    pub fn finish(mut self) {
        self.unfinished = None;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.unfinished.is_none() {
            // An empty file that stays says nothing; the next command of this session takes it away.
            let _ = self.lock.remove();
        }
    }
}
