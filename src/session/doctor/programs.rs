//! The programs and their versions.

use crate::claude;
use crate::finding::{Finding, State};
use crate::process::{Failure, Run, Started, how_to_install};
use crate::processes;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(10);

/// A program that was asked for its version.
pub struct Asked {
    program: &'static str,
    option: &'static str,
    /// Of which it needs this one or a newer one. Without it, it may be missing.
    least: Option<(u32, u32)>,
    pid: Option<u32>,
    answer: Receiver<Result<Vec<u8>, Failure>>,
}

impl Asked {
    fn new(program: &'static str, option: &'static str, least: Option<(u32, u32)>) -> Self {
        let (send, answer) = mpsc::channel();
        let started = Run::new(program).arg(option).start();
        let pid = started.as_ref().ok().map(Started::pid);
        // Not waited for: a program that does not answer must not keep this one.
        thread::spawn(move || send.send(started.and_then(Started::stdout)));
        Self {
            program,
            option,
            least,
            pid,
            answer,
        }
    }

    /// Whether the program works and is new enough.
    fn check(self) -> Finding {
        let program = self.program;
        let look = || format!("see what it says: {program} {}", self.option);
        let (why, cure) = match self.answer.recv_timeout(PATIENCE) {
            Ok(Ok(words)) => {
                let version = version_in(&String::from_utf8_lossy(&words));
                let found = numbers(&version);
                match self
                    .least
                    .filter(|&least| found.is_some_and(|it| it < least))
                {
                    None => return Finding::fine(program, version),
                    Some((major, minor)) => (
                        format!("{version} is too old: it has to be {major}.{minor} or newer"),
                        how_to_install(program),
                    ),
                }
            }
            Ok(Err(Failure::Missing { .. })) => (
                "is not installed, or not on the PATH".to_owned(),
                how_to_install(program),
            ),
            Ok(Err(error)) => (format!("does not work: {error}"), look()),
            Err(_) => {
                self.pid.into_iter().for_each(processes::end_with_its_own);
                let seconds = PATIENCE.as_secs();
                let why = format!("did not say its version within {seconds} s");
                (why, look())
            }
        };
        let failed = Finding::failed(program, why).cure(cure);
        match self.least {
            Some(_) => failed,
            None => failed.only_warns(),
        }
    }
}

/// Asks all of them at once, to be looked at when other work is done. Only Claude itself is asked, not what else a layout may start
/// it with.
pub fn ask(claude: Option<&str>) -> Vec<Asked> {
    let mut asked = vec![
        Asked::new("git", "--version", Some((2, 36))),
        Asked::new("tmux", "-V", Some((3, 2))),
    ];
    let is_there = |command: &&str| claude::missing(command).is_none();
    if claude.filter(is_there).and_then(claude::program) == Some("claude") {
        asked.push(Asked::new("claude", "--version", None));
    }
    asked
}

/// What they are.
pub fn check(asked: Vec<Asked>, claude: Option<&str>) -> Vec<Finding> {
    let missing = claude.and_then(claude::missing);
    let missing = missing.map(|missing| Finding::of(State::Warning, missing));
    let asked = asked.into_iter().map(Asked::check);
    asked.chain(missing).collect()
}

/// The first word with a number in it: `git version 2.47.3`, `tmux 3.3a`, `tmux next-3.6`, `2.1.330 (Claude Code)`.
fn version_in(words: &str) -> String {
    let has_number = |word: &&str| word.contains(|letter: char| letter.is_ascii_digit());
    let version = words.split_whitespace().find(has_number);
    version.unwrap_or(words.trim()).to_owned()
}

/// The first two numbers of a version.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version
        .split(|letter: char| !letter.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found_in_what_each_program_says() {
        for (words, version, found) in [
            ("git version 2.47.3\n", "2.47.3", Some((2, 47))),
            (
                "git version 2.39.5 (Apple Git-154)\n",
                "2.39.5",
                Some((2, 39)),
            ),
            ("tmux 3.3a\n", "3.3a", Some((3, 3))),
            ("tmux next-3.6\n", "next-3.6", Some((3, 6))),
            ("tmux master\n", "tmux master", None),
            ("2.1.330 (Claude Code)\n", "2.1.330", Some((2, 1))),
        ] {
            assert_eq!(version_in(words), version);
            assert_eq!(numbers(version), found);
        }
    }
}
