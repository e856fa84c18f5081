//! What a program says, line by line, as it says it.

use super::own::leave;
use super::{Failure, Run};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, ioctl_fionread};
use std::io::{self, PipeReader, Read};
use std::path::Path;
use std::process::ExitStatus;
use std::thread;

/// A line that is longer is given in parts.
const LONGEST: usize = 4096;

impl Run<'_> {
    /// Runs it to its end, whatever its status, and gives each line of what it says, on either output, as it is said.
    pub fn lines(&self, line: impl FnMut(&str) + Send) -> Result<ExitStatus, Failure> {
        let io = |error| self.broken(error);
        let (words, end) = io::pipe().map_err(io)?;
        let (ended, ending) = io::pipe().map_err(io)?;
        let mut command = self.command();
        command
            .stdin(self.stdin().map_err(io)?)
            .stdout(end.try_clone().map_err(io)?)
            .stderr(end);
        let mut child = command.spawn().map_err(|error| self.not_started(error))?;
        // With it go our own ends of the pipe.
        drop(command);
        thread::scope(|scope| {
            let reading = scope.spawn(|| read(words, &ended, line));
            let status = child.wait();
            drop(ending);
            let ended_early = |_| Err(io::Error::other("a thread ended early"));
            let left = reading.join().unwrap_or_else(ended_early)?;
            if let Some(left) = left {
                // What the program left in the background goes on to write: without a reader it would be killed for that.
                // Nothing is lost but that if there is no `cat`.
                let mut cat = Run::new("cat").dir(Path::new("/")).command();
                let _ = leave(&mut cat, left.into());
            }
            status
        })
        .map_err(io)
    }
}

/// Gives each line until nobody has the pipe open any more, or until the program has `ended` and all that it said is read.
/// What it left in the background may have the pipe open for ever: then the pipe is given back.
fn read(
    mut words: PipeReader,
    ended: &PipeReader,
    mut line: impl FnMut(&str),
) -> io::Result<Option<PipeReader>> {
    let mut begun = Vec::new();
    let mut chunk = [0; LONGEST];
    let left = loop {
        let mut open = [&words, ended].map(|pipe| PollFd::new(pipe, PollFlags::IN));
        match poll(&mut open, None) {
            Err(Errno::INTR) => continue,
            polled => polled?,
        };
        if !open[1].revents().is_empty() {
            let has_others = !open[0].revents().contains(PollFlags::HUP);
            let said = ioctl_fionread(&words)?;
            (&mut words).take(said).read_to_end(&mut begun)?;
            break has_others.then_some(words);
        }
        match words.read(&mut chunk)? {
            0 => break None,
            length => begun.extend_from_slice(&chunk[..length]),
        }
        give_lines(&mut begun, &mut line);
    };
    give_lines(&mut begun, &mut line);
    if !begun.is_empty() {
        line(&shown(&begun));
    }
    Ok(left)
}

/// Gives the lines that are whole, or too long to wait for their ends.
fn give_lines(begun: &mut Vec<u8>, line: &mut impl FnMut(&str)) {
    let mut rest = &begun[..];
    while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
        line(&shown(&rest[..end]));
        rest = &rest[end + 1..];
    }
    while rest.len() >= LONGEST {
        line(&shown(&rest[..LONGEST]));
        rest = &rest[LONGEST..];
    }
    let given = begun.len() - rest.len();
    begun.drain(..given);
}

/// What a terminal would show of a line in the end: what is behind the last return to its beginning.
fn shown(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let line = line.trim_end_matches('\r');
    line.rsplit('\r').next().unwrap_or(line).to_owned()
}
