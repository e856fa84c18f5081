//! A program that runs, and what it leaves behind.

use super::Failure;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
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
    /// The command line.
    pub(super) line: String,
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

    /// What it answers before a line that says this; it goes on then.
    ///
    /// # Errors
    /// If it ends without one.
    pub fn answer_before(mut self, last: &str) -> Result<(Vec<u8>, Self), Failure> {
        let mut answer = Vec::new();
        if let Some(stdout) = &mut self.child.stdout {
            let mut lines = BufReader::new(stdout);
            let mut start = 0;
            while lines
                .read_until(b'\n', &mut answer)
                .is_ok_and(|read| read > 0)
            {
                if answer[start..].trim_ascii_end() == last.as_bytes() {
                    answer.truncate(start);
                    return Ok((answer, self));
                }
                start = answer.len();
            }
        }
        Err(self.output(&[])?.failure())
    }

    /// Waits for its end, whatever its status, and gives it these bytes if it reads any.
    ///
    /// # Errors
    /// If its answer can't be read.
    pub fn output(self, input: &[u8]) -> Result<Output, Failure> {
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
            stderr.rewind()?;
            let mut words = Vec::new();
            stderr.read_to_end(&mut words)?;
            Ok((output, words))
        });
        match ended {
            Ok((output, words)) => Ok(Output {
                line,
                status: output.status,
                stdout: output.stdout,
                stderr: String::from_utf8_lossy(&words).into_owned(),
            }),
            Err(error) => Err(Failure::Io { line, error }),
        }
    }

    /// Waits for its end, and gives what it wrote to stdout.
    ///
    /// # Errors
    /// If it ended with a status that is not zero.
    pub fn stdout(self) -> Result<Vec<u8>, Failure> {
        self.stdout_for(&[])
    }

    /// The same of one that was started with input, with these bytes for it.
    ///
    /// # Errors
    /// If it ended with a status that is not zero.
    pub fn stdout_for(self, input: &[u8]) -> Result<Vec<u8>, Failure> {
        self.output(input)?.answer()
    }
}

impl Output {
    /// The answer, unless it ended with a status that is not zero.
    pub(super) fn answer(self) -> Result<Vec<u8>, Failure> {
        if self.status.success() {
            return Ok(self.stdout);
        }
        Err(self.failure())
    }

    /// That it ended as it did.
    fn failure(self) -> Failure {
        let Self {
            line,
            status,
            stderr,
            ..
        } = self;
        Failure::Ended {
            line,
            status,
            stderr,
        }
    }
}
