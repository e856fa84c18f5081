//! The hold of one command on one session, and what one that was cut short leaves to the next.

use crate::git::Start;
use crate::hint::Hint;
use crate::layout;
use crate::name::SessionName;
use crate::process::HOOK;
use crate::project::Project;
use crate::session::records::taking::Taking;
use crate::session::{self, lock_windows};
use crate::store::lock::Lock;
use anyhow::{Result, anyhow};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The hold of one command on one session. Its file says what a command that was cut short was about to do.
pub struct Hold {
    lock: Lock,
    /// What is left to do of a command that was cut short.
    pub unfinished: Option<Unfinished>,
}

/// What is needed to finish a command that was cut short.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Unfinished {
    /// What the branch starts from.
    pub start: Start,
    /// The task that Claude starts on.
    pub prompt: Option<String>,
    /// Whether the worktree is one that the project's own command is to be run for: a new one, or one that was to go.
    pub is_new: bool,
    /// Whether the layout's variables are to be set in files that are there, too.
    pub sets_variables: bool,
    /// When the session begins, if it is a new one: in milliseconds since 1970.
    pub begins: Option<u64>,
    /// The id of what is taken away or brought back.
    pub removed: Option<String>,
    /// What it takes from the main checkout.
    pub taking: Option<Taking>,
}

impl Unfinished {
    /// All is to be made true of a session that is there: the variables that name its ports have to follow.
    pub fn of_existing() -> Self {
        Self {
            sets_variables: true,
            ..Self::default()
        }
    }

    /// A new session is to be made.
    pub fn of_new(start: Start, prompt: Option<String>) -> Self {
        Self {
            start,
            prompt,
            is_new: true,
            ..Self::of_existing()
        }
    }
}

/// What a look at a session's hold shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nobody works on it, and nothing is left to do.
    Nothing,
    /// An add or a resume was cut short, or a remove in its hook.
    Unfinished,
    /// A remove or a restore was cut short.
    Moving,
    /// A command works on it.
    Busy,
}

/// Looks at a session's hold, without keeping it.
pub fn look(project: &Project, name: &SessionName) -> Result<Seen> {
    let path = path(project, name);
    match Lock::try_take(&path) {
        // Whoever held it may just have ended.
        Err(_) if !path.exists() => Ok(Seen::Nothing),
        Err(error) => Err(error),
        Ok(None) => Ok(Seen::Busy),
        Ok(Some(lock)) => Ok(match unfinished(&lock)? {
            None => Seen::Nothing,
            Some(unfinished) if unfinished.removed.is_some() => Seen::Moving,
            Some(_) => Seen::Unfinished,
        }),
    }
}

/// The lock files that no session of these has and that nobody holds: commands that were killed left them. With what
/// is left to do.
pub fn left<'a>(
    project: &Project,
    names: impl Iterator<Item = &'a SessionName>,
) -> Vec<(PathBuf, Option<Unfinished>)> {
    let known: HashSet<_> = names.map(|name| path(project, name)).collect();
    let files = fs::read_dir(locks(project)).into_iter().flatten().flatten();
    files
        .map(|file| file.path())
        .filter(|path| !known.contains(path))
        .filter_map(|path| {
            let lock = Lock::try_take(&path).ok()??;
            Some((path, unfinished(&lock).ok()?))
        })
        .collect()
}

/// Takes such a file away, if nobody holds it now.
pub fn clear(left: &Path) -> Result<()> {
    Lock::try_take(left)?.map_or(Ok(()), |lock| lock.remove())
}

fn path(project: &Project, name: &SessionName) -> PathBuf {
    locks(project).join(format!("{}.lock", name.slug()))
}

/// What is left to do; behind it there may be the end of an older text.
fn unfinished(lock: &Lock) -> Result<Option<Unfinished>> {
    let text = lock.text()?;
    let first = serde_json::Deserializer::from_str(&text).into_iter().next();
    Ok(first.and_then(Result::ok))
}

/// Looks whether the locks could be taken that a command needs, once nobody holds them; gives why not.
pub fn check_locks(project: &Project) -> Vec<anyhow::Error> {
    let locks = [
        session::store_lock(project),
        session::windows_lock(project),
        // Of no session, in the place of one that is to be made.
        locks(project).join(".lock"),
    ];
    let checked = locks.iter().map(|lock| Lock::check(lock));
    checked.filter_map(Result::err).collect()
}

/// Where the sessions' locks are: in a folder of their own, as a session may have any name, that of another lock too.
fn locks(project: &Project) -> PathBuf {
    project.common.join("tally-session/sessions")
}

impl Hold {
    /// Waits until no other command works on the session, but not for one that has called this one by a hook.
    ///
    /// # Errors
    /// If another command works on it for long, or has called this one by a hook.
    pub fn take(project: &Project, name: &SessionName) -> Result<Self> {
        let path = path(project, name);
        let is_in_its_hook = std::env::var_os(HOOK).is_some_and(|lock| lock == path);
        // What a hook has left running has the variable for ever.
        if is_in_its_hook && Lock::try_take(&path).is_ok_and(|lock| lock.is_none()) {
            return Err(anyhow!(
                "a hook of {name} called this, and nothing can be done with {name} until that has ended"
            ))
            .hint(format!("take it out of the hook, in {}", layout::FILE));
        }
        let lock = Lock::take(&path)?;
        let unfinished = unfinished(&lock)?;
        let hold = Self { lock, unfinished };
        // A resume of several sessions that was killed may have left a tmux that still makes their windows.
        drop(lock_windows(project)?);
        Ok(hold)
    }

    /// Says what this command is about to do, for the one that finishes it if it is cut short.
    pub fn begin(&mut self, unfinished: Unfinished) -> Result<()> {
        self.lock.write(&serde_json::to_string(&unfinished)?)?;
        self.unfinished = Some(unfinished);
        Ok(())
    }

    /// The same, beside what a command that was cut short has left to do.
    pub fn begin_too(&mut self, change: impl FnOnce(&mut Unfinished)) -> Result<()> {
        let mut unfinished = self.unfinished.clone().unwrap_or_default();
        change(&mut unfinished);
        self.begin(unfinished)
    }

    /// Whether the project's own command is to be run for the worktree.
    pub fn is_new(&self) -> bool {
        self.unfinished.as_ref().is_some_and(|left| left.is_new)
    }

    /// Whether the layout's variables are to be set in files that are there, too.
    pub fn sets_variables(&self) -> bool {
        let left = self.unfinished.as_ref();
        left.is_some_and(|left| left.sets_variables)
    }

    /// What the session takes from the main checkout.
    pub fn taking(&self) -> Option<&Taking> {
        self.unfinished.as_ref()?.taking.as_ref()
    }

    /// The lock, for a child that is to keep the hold until it has ended, even if this program is killed.
    pub fn lock(&self) -> &Lock {
        &self.lock
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
