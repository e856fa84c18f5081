//! What a check found, as plain data.

use crate::hint;
use crate::name::SessionName;
use crate::problem::Problem;
use crate::shell::quote_path;
use std::fmt::Display;
use std::path::{Path, PathBuf};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// All is well.
    Fine,
    /// All is well now.
    Fixed,
    /// It could not be looked at.
    Skipped,
    /// Worth knowing.
    Warning,
    /// Something does not work.
    Failed,
}

/// What puts it right without a risk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mend {
    /// Making the session's files, settings and excludes true.
    Files(SessionName),
    /// Finishing what a command that was cut short has begun.
    Finish(SessionName),
    /// Hiding the store from git.
    Hide,
    /// Taking out git's entry of a worktree that is gone.
    Entry(PathBuf),
    /// Taking out Claude's entry of a worktree that is gone.
    ClaudeEntry(PathBuf),
    /// Taking away a lock file that nobody holds.
    Lock(PathBuf),
    /// Taking away the temporary files beside this one.
    Parts(PathBuf),
}

/// The outcome of one check: a line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub state: State,
    /// What to do about it: commands, each with a few words where it needs them.
    pub cures: Vec<String>,
    /// The session that it is about, if it is about one.
    pub session: Option<Box<SessionName>>,
    /// What was looked at: it names the check.
    pub checked: String,
    /// What it is like, in the words that follow those.
    found: String,
    pub mend: Option<Mend>,
}

/// The command that mends what can be mended.
pub const FIX: &str = "tally-session doctor --fix";

impl Finding {
    fn new(state: State, checked: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            state,
            cures: Vec::new(),
            session: None,
            checked: checked.into(),
            found: found.into(),
            mend: None,
        }
    }

    pub fn fine(checked: impl Into<String>, found: impl Into<String>) -> Self {
        Self::new(State::Fine, checked, found)
    }

    pub fn warning(checked: impl Into<String>, found: impl Into<String>) -> Self {
        Self::new(State::Warning, checked, found)
    }

    pub fn failed(checked: impl Into<String>, found: impl Into<String>) -> Self {
        Self::new(State::Failed, checked, found)
    }

    /// A failure to do something, with the error's own hints.
    pub fn error(checked: impl Into<String>, error: &anyhow::Error) -> Self {
        let mut finding = Self::failed(checked, format!("{error:#}"));
        finding.cures = hint::hints(error).map(ToOwned::to_owned).collect();
        finding
    }

    /// Checks that could not be made.
    pub fn skipped(checks: &str, why: impl Display) -> Self {
        Self::new(State::Skipped, format!("{checks}:"), why.to_string())
    }

    /// A problem, so bad.
    pub fn of(state: State, problem: Problem) -> Self {
        Self::new(state, problem.what, "").cure(problem.cure)
    }

    /// What fails without harm.
    pub fn only_warns(self) -> Self {
        Self {
            state: State::Warning,
            ..self
        }
    }

    pub fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cures.push(cure.into());
        self
    }

    /// To be mended by hand, in this file.
    pub fn edit(self, file: &Path) -> Self {
        self.cure(format!("${{EDITOR:-vi}} {}", quote_path(file)))
    }

    pub fn mended_by(mut self, mend: Mend) -> Self {
        self.mend = Some(mend);
        self.cure(FIX)
    }

    /// What was looked at and what it is like.
    pub fn text(&self) -> String {
        format!("{} {}", self.checked, self.found)
            .trim_end()
            .to_owned()
    }

    /// The same for one who makes it: what it is like, and the first thing to do about it.
    pub fn problem(&self) -> Problem {
        let cure = self.cures.first().cloned().unwrap_or_default();
        Problem::new(self.text(), cure)
    }

    /// Whether it says the same as a note of `add` or `resume`.
    pub fn tells(&self, note: &str) -> bool {
        let cures = self.cures.iter();
        cures
            .map(|cure| format!("{}: {cure}", self.text()))
            .any(|text| text.ends_with(note))
    }

    /// The same, when nothing is left of what should not be there: what is mended of a session stays.
    pub fn taken_away(&self) -> Option<Self> {
        let is_stray = self.mend.is_some() && self.session.is_none();
        is_stray.then(|| Self::new(State::Fixed, &self.checked, "was taken away"))
    }
}

/// How many paths a line names.
const NAMED: usize = 3;

/// The first of these paths.
pub fn named<S: AsRef<str>>(paths: &[S]) -> String {
    let first: Vec<_> = paths.iter().take(NAMED).map(AsRef::as_ref).collect();
    let more = if paths.len() > NAMED { " and more" } else { "" };
    format!("{}{more}", first.join(", "))
}
