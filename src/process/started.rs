//! A program that runs, and what it leaves behind.

use super::Failure;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::process::{Child, ExitStatus};
use std::thread;

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

    /// Waits for its end, whatever its status, and gives it these bytes if it reads any.
    pub(super) fn output(self, input: &[u8]) -> Result<Output, Failure> {
        let Self {
            line,
            mut child,
            mut stderr,
        } = self;
        let stdin = child.stdin.take();
        let ended = thread::scope(|scope| {
            if let Some(mut pipe) = stdin {
                // A program that does not read all of its input decides by its status whether that is an error.
                scope.spawn(move || pipe.write_all(input));
            }
            child.wait_with_output()
        });
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
    pub fn stdout(self) -> Result<Vec<u8>, Failure> {
        self.stdout_for(&[])
    }

    /// The same of one that was started with input, with these bytes for it.
    pub fn stdout_for(self, input: &[u8]) -> Result<Vec<u8>, Failure> {
        let line = self.line.clone();
        self.output(input)?.stdout_of(line)
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
