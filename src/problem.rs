//! Something that is not as it should be, with its cure.

use crate::hint::with_hint;
use anyhow::{Result, anyhow};
use std::fmt;

/// What is wrong, in a short fragment, and what the user can do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub what: String,
    /// The exact next command, or a few words.
    pub cure: String,
}

impl Problem {
    /// A problem with its cure.
    pub fn new(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            cure: cure.into(),
        }
    }

    /// The same, told of something.
    pub fn of(self, of: impl fmt::Display) -> Self {
        Self {
            what: format!("{of}: {}", self.what),
            ..self
        }
    }

    /// The problem as what keeps a command from its work on something.
    pub fn into_error(self, of: impl fmt::Display) -> anyhow::Error {
        let Self { what, cure } = self.of(of);
        with_hint(anyhow!(what), cure)
    }
}

/// Refuses to work on something that has a problem, if it has one.
///
/// # Errors
/// The problem.
pub fn refuse(problem: Option<Problem>, of: impl fmt::Display) -> Result<()> {
    problem.map_or(Ok(()), |problem| Err(problem.into_error(of)))
}

/// Both in one line.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.cure)
    }
}
