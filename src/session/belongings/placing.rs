//! Putting one thing after the other into a worktree.

use crate::finding::{Finding, Mend, State};
use crate::problem::Problem;
use crate::session::Session;
use crate::session::belongings::fitting;
use crate::session::belongings::kind::Part;
use crate::session::belongings::placed::Placed;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// A session's worktree, and what one command puts there.
pub(super) struct Placing<'a> {
    pub session: &'a Session<'a>,
    /// What folders and the project's own list add to the layout's.
    pub included: &'a [Part],
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
    /// In a worktree that these were put into before.
    pub fn new(session: &'a Session<'a>, included: &'a [Part], placed: Placed) -> Self {
        Self {
            session,
            included,
            has_git: true,
            in_full: false,
            placed,
            paths: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub fn worktree(&self) -> &'a Path {
        self.session.record.worktree()
    }

    /// Whether something was put there, or may have been by a command that was cut short.
    pub fn has_more(&self) -> bool {
        self.in_full || !self.paths.is_empty()
    }

    /// Each thing is told once.
    pub fn tell(&mut self, problem: &Problem) {
        let note = problem.to_string();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// What names a check.
    pub fn checked(&self, what: &str) -> String {
        format!("{}: {what}", self.session.name)
    }

    pub fn fine(&self, what: &str, found: impl Into<String>) -> Finding {
        Finding::fine(self.checked(what), found)
    }

    /// What making it again mends.
    pub fn failed(&self, what: &str, found: impl Into<String>) -> Finding {
        self.mendable(Finding::failed(self.checked(what), found))
    }

    pub fn mendable(&self, finding: Finding) -> Finding {
        finding.mended_by(Mend::Files(self.session.name.clone()))
    }

    /// Whether a path can't be there as a folder is missing.
    pub fn follows(&self, path: &str) -> bool {
        let checkouts = [&*self.session.project.main, self.worktree()];
        fitting::follows(self.session.layout, &checkouts, path)
    }

    /// A problem of the session's.
    pub fn warning(&self, problem: Problem) -> Finding {
        Finding::of(State::Warning, problem.of(&self.session.name))
    }
}

/// Makes the folder that a path stands in.
pub(super) fn make_parent(path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))
}
