//! Putting one thing after the other into a worktree.

use crate::finding::{Finding, Mend, State};
use crate::problem::Problem;
use crate::session::Session;
use crate::session::belongings::kind::Included;
use crate::session::belongings::placed::{self, Placed};
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// A session's worktree, and what one command puts there.
pub(super) struct Placing<'a> {
    pub session: &'a Session<'a>,
    /// The files that folders and the project's own list add to the layout's.
    pub included: &'a [Included],
    /// Whether git gives answers: where it does not, that is told by itself.
    pub has_git: bool,
    /// Whether a command was cut short: then variables are set in files that are there too, and all is hidden.
    pub in_full: bool,
    /// All that was put into the worktree, by commands before it too.
    pub placed: Placed,
    /// The paths that were not there before, or were changed.
    pub paths: Vec<String>,
    /// What there is to tell: what was missing and what was left alone, with what to do about it.
    pub notes: Vec<String>,
}

impl<'a> Placing<'a> {
    /// In a worktree that is there.
    pub fn of(session: &'a Session<'a>, included: &'a [Included]) -> Self {
        Self {
            placed: placed::read_or_guess(session, included),
            ..Self::new(session, included)
        }
    }

    /// In a new worktree: nothing was put there before.
    pub fn new(session: &'a Session<'a>, included: &'a [Included]) -> Self {
        Self {
            session,
            included,
            has_git: true,
            in_full: false,
            placed: Placed::default(),
            paths: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub fn worktree(&self) -> &'a Path {
        self.session.record.worktree()
    }

    /// Each thing is told once.
    pub fn tell(&mut self, problem: &Problem) {
        let note = problem.to_string();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Whether something was put there, or may have been by a command that was cut short.
    pub fn has_more(&self) -> bool {
        self.in_full || !self.paths.is_empty()
    }

    /// What names a check.
    pub fn checked(&self, what: &str) -> String {
        format!("{}: {what}", self.session.name)
    }

    /// That making it again mends it.
    pub fn mendable(&self, finding: Finding) -> Finding {
        finding.mended_by(Mend::Files(self.session.name.clone()))
    }

    /// A problem of the session's.
    pub fn warning(&self, problem: Problem) -> Finding {
        Finding::of(State::Warning, problem.of(&self.session.name))
    }
}

/// Makes the folder that a path stands in.
///
/// # Errors
/// If it can't be made.
pub(super) fn make_parent(path: &Path) -> Result<()> {
    let Some(parent) = path.parent() else {
        return Ok(());
    };
    fs::create_dir_all(parent)
        .with_context(|| format!("cannot make the folder {}", parent.display()))
}
