//! Every step of a run that changes something, and killing the program right before one of them.

use crate::sandbox::{PROGRAM, Sandbox, Words, unset};
use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};

/// System calls that change something, and some that stand between two of these: `getpid` where a temporary file gets its
/// name, `poll` where a child process has been started and not ended. A machine that lacks one of them passes it over.
const CALLS: &str = "chmod clone clone3 copy_file_range fchmod fdatasync flock fsync ftruncate getpid kill mkdir mkdirat \
    openat poll ppoll pwrite64 rename renameat renameat2 rmdir symlink symlinkat unlink unlinkat vfork wait4 write";

/// How many steps of a run a sample has.
const SAMPLE: usize = 12;

/// One system call of a run: the nth of its kind. The program's main thread does all that changes something, so that only
/// its calls count.
pub struct Step {
    call: String,
    nth: usize,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.call, self.nth)
    }
}

/// Whether strace is there. Where all must be tested, it has to be.
pub fn strace_is_there() -> bool {
    let version = Command::new("strace").arg("-V").output();
    let is_there = version.is_ok_and(|output| output.status.success());
    assert!(
        is_there || std::env::var("CI").as_deref() != Ok("true"),
        "strace is not installed, and without it nothing is killed at its steps"
    );
    if !is_there {
        println!("passed over: strace is not installed");
    }
    is_there
}

/// Steps spread over a run, always the same ones of the same run.
pub fn sample(steps: Vec<Step>) -> Vec<Step> {
    let count = steps.len();
    let wanted: Vec<_> = (0..SAMPLE).map(|at| at * count / SAMPLE).collect();
    let sampled = steps.into_iter().enumerate();
    sampled
        .filter(|(at, _)| wanted.contains(at))
        .map(|(_, step)| step)
        .collect()
}

impl Sandbox {
    /// Runs the program to its end, and gives the steps that it took.
    pub fn steps_of(&self, line: &str) -> Vec<Step> {
        let log = self.root.join("strace");
        let traced = CALLS.replace(' ', ",?");
        let options = format!("-o {} -e trace=?{traced}", log.display());
        let status = self.strace(&options, line);
        assert!(status.success(), "{line} under strace: {status}");
        let text = fs::read(&log).unwrap();
        unset(&log);
        let mut counts = HashMap::new();
        let lines = String::from_utf8_lossy(&text).into_owned();
        lines
            .lines()
            .filter_map(|line| {
                let (call, rest) = line.split_once('(')?;
                let nth = counts.entry(call.to_owned()).or_insert(0);
                *nth += 1;
                let changes = match call {
                    "openat" => rest.contains("O_CREAT"),
                    // What it says to the user.
                    "write" => !rest.starts_with("1,") && !rest.starts_with("2,"),
                    // Asking whether a process lives, which takes as many calls as it takes to end.
                    "kill" => !rest.contains(", 0)"),
                    _ => CALLS.contains(call),
                };
                changes.then(|| Step {
                    call: call.to_owned(),
                    nth: *nth,
                })
            })
            .collect()
    }

    /// Runs the program and kills it when it begins a step. False if it ended before, because it took other steps this time.
    #[track_caller]
    pub fn is_killed_at(&self, step: &Step, line: &str) -> bool {
        let Step { call, nth } = step;
        let inject = format!("-e trace={call} -e inject={call}:signal=KILL:when={nth}");
        let status = self.strace(&format!("-o /dev/null {inject}"), line);
        let was_killed = status.signal() == Some(9) || status.code() == Some(137);
        assert!(was_killed || status.success(), "{step}: {status}");
        was_killed
    }

    fn strace(&self, options: &str, line: &str) -> ExitStatus {
        let mut strace = self.command("strace", &self.main);
        strace
            .arg("-qq")
            .args(options.words())
            .arg(PROGRAM)
            .args(line.words());
        // Whatever a killed program has started and left must not be waited for.
        strace.stdout(Stdio::null()).stderr(Stdio::null());
        strace.status().unwrap()
    }
}
