//! Why a program did not do what it was started for.

use std::fmt;
use std::io;
use std::process::ExitStatus;

/// Why a program did not do what it was started for.
#[derive(Debug)]
pub enum Failure {
    /// It is not on the `PATH`.
    Missing {
        /// Its name.
        program: &'static str,
    },
    /// It could not be started, or its output could not be read.
    Io {
        /// The command line.
        line: String,
        /// What the system said.
        error: io::Error,
    },
    /// It ended with a status that is not zero.
    Ended {
        /// The command line.
        line: String,
        /// How it ended.
        status: ExitStatus,
        /// Its own words; none if the user has seen them.
        stderr: String,
    },
}

impl Failure {
    /// What the program itself says, up to what ended it, in one line: for a sentence that says already what was tried.
    pub fn reason(&self) -> String {
        let Self::Ended { stderr, .. } = self else {
            return self.to_string();
        };
        let lines = stderr.lines().map(str::trim);
        let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
        let last = lines.iter().position(|line| line.starts_with("fatal:"));
        match &lines[..last.map_or(lines.len(), |last| last + 1)] {
            [] => self.to_string(),
            lines => lines.join("; "),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { program } => write!(f, "{program} is not installed"),
            Self::Io { line, error } => write!(f, "`{}` could not be run: {error}", Short(line)),
            Self::Ended {
                line,
                status,
                stderr,
            } => {
                write!(f, "`{}` ended with {}", Short(line), Ending(*status))?;
                match stderr.trim() {
                    "" => Ok(()),
                    // git sets lists in with tabs.
                    words => write!(f, ": {}", words.replace('\t', "    ")),
                }
            }
        }
    }
}

impl std::error::Error for Failure {}

/// A command line for a message; `-v` shows all of it.
pub struct Short<'a>(pub &'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LETTERS: usize = 160;
        match self.0.char_indices().nth(LETTERS) {
            Some((end, _)) => write!(f, "{}…", &self.0[..end]),
            None => f.write_str(self.0),
        }
    }
}

/// An exit status in words.
pub struct Ending(pub ExitStatus);

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use std::os::unix::process::ExitStatusExt;
        match (self.0.code(), self.0.signal()) {
            (Some(code), _) => write!(f, "status {code}"),
            (None, Some(signal)) => write!(f, "signal {signal}"),
            (None, None) => write!(f, "an unknown status"),
        }
    }
}
