//! The programs and their versions.

use crate::claude;
use crate::finding::Finding;
use crate::process::{Failure, Run, Started, how_to_install};
use crate::processes;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(10);

/// A program that was asked for its version.
struct Asked {
    program: &'static str,
    option: &'static str,
    pid: Option<u32>,
    answer: Receiver<Result<Vec<u8>, Failure>>,
}

/// The programs that were asked, while other work is done.
pub struct Programs {
    git: Asked,
    tmux: Asked,
    claude: Option<Asked>,
}

impl Asked {
    fn new(program: &'static str, option: &'static str) -> Self {
        let (send, answer) = mpsc::channel();
        let started = Run::new(program).arg(option).start();
        let pid = started.as_ref().ok().map(Started::pid);
        // Not waited for: a program that does not answer must not keep this one.
        thread::spawn(move || send.send(started.and_then(Started::stdout)));
        Self {
            program,
            option,
            pid,
            answer,
        }
    }

    /// The program's version, or what is wrong with it.
    fn version(self) -> Result<String, Finding> {
        let program = self.program;
        let why = match self.answer.recv_timeout(PATIENCE) {
            Ok(Ok(words)) => return Ok(version_in(&String::from_utf8_lossy(&words))),
            Ok(Err(Failure::Missing { .. })) => {
                let missing = Finding::failed(program, "is not installed, or not on the PATH");
                return Err(missing.cure(how_to_install(program)));
            }
            Ok(Err(error)) => format!("does not work: {error}"),
            Err(_) => {
                self.pid.into_iter().for_each(processes::end_with_its_own);
                format!("did not say its version within {} s", PATIENCE.as_secs())
            }
        };
        let look = format!("see what it says: {program} {}", self.option);
        Err(Finding::failed(program, why).cure(look))
    }

    /// Whether the program is there and new enough.
    fn check(self, least: (u32, u32)) -> Finding {
        let program = self.program;
        match self.version() {
            Ok(version) if numbers(&version).is_some_and(|found| found < least) => {
                let (major, minor) = least;
                Finding::failed(
                    program,
                    format!("{version} is too old: it has to be {major}.{minor} or newer"),
                )
                .cure(how_to_install(program))
            }
            Ok(version) => Finding::fine(program, version),
            Err(finding) => finding,
        }
    }
}

impl Programs {
    /// Asks all of them at once. Only Claude itself is asked, not what else a layout may start it with.
    pub fn ask(claude: Option<&str>) -> Self {
        let is_claude = |command: &&str| claude::program(command) == Some("claude");
        Self {
            git: Asked::new("git", "--version"),
            tmux: Asked::new("tmux", "-V"),
            claude: claude
                .filter(is_claude)
                .map(|_| Asked::new("claude", "--version")),
        }
    }

    /// What they are.
    pub fn check(self, claude: Option<&str>) -> Vec<Finding> {
        let mut findings = vec![self.git.check((2, 36)), self.tmux.check((3, 2))];
        if let Some(problem) = claude.and_then(claude::missing) {
            findings.push(Finding::warning(problem.what, "").cure(problem.cure));
        } else if let Some(claude) = self.claude {
            findings.push(match claude.version() {
                Ok(version) => Finding::fine("claude", version),
                Err(finding) => finding.only_warns(),
            });
        }
        findings
    }
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
