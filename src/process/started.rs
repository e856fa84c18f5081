//! A program that runs, and what it leaves behind.

use super::Failure;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::process::{Child, ExitStatus};

/// A program that was started.
pub struct Started {
    pub(super) line: String,
    pub(super) child: Child,
    /// Where its own words go.
    pub(super) stderr: File,
}

/// What a program that ended left behind.
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Its answer.
    pub stdout: Vec<u8>,
    /// Its own words.
    pub stderr: String,
}

impl Started {
    /// The number of its process. When it has ended and given its answer, that may be another's.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end, whatever its status.
    pub(super) fn output(self) -> Result<Output, Failure> {
        let Self {
            line,
            child,
            mut stderr,
        } = self;
        let ended = child.wait_with_output();
        let ended = ended.and_then(|output| {
            Ok(Output {
                status: output.status,
                stdout: output.stdout,
                stderr: whole_text(&mut stderr)?,
            })
        });
        ended.map_err(|error| Failure::Io { line, error })
    }

    /// Waits for its end, and gives what it wrote to stdout.
    ///
    /// # Errors
    /// If it ended with a status that is not zero.
    pub fn stdout(self) -> Result<Vec<u8>, Failure> {
        let line = self.line.clone();
        self.output()?.stdout_of(line)
    }
}

impl Output {
    /// The answer of the program with this command line, unless it ended with a status that is not zero.
    pub(super) fn stdout_of(self, line: String) -> Result<Vec<u8>, Failure> {
        if self.status.success() {
            Ok(self.stdout)
        } else {
            Err(Failure::Ended {
                line,
                status: self.status,
                stderr: self.stderr,
            })
        }
    }
}

fn whole_text(file: &mut File) -> io::Result<String> {
    let mut text = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
