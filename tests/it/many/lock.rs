//! A lock of Claude's on `~/.claude.json` that somebody left, and one that somebody holds.

use super::claude::lock_of;
use crate::sandbox::{Sandbox, eventually};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

/// A lock that is kept fresh, as a living holder keeps it, until it is dropped.
struct Held {
    lock: PathBuf,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Held {
    fn take(sandbox: &Sandbox) -> Self {
        let lock = lock_of(&sandbox.claude_json());
        fs::create_dir(&lock).unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let (folder, end) = (File::open(&lock).unwrap(), Arc::clone(&is_over));
        let thread = thread::spawn(move || {
            while !end.load(Ordering::SeqCst) {
                folder.set_modified(SystemTime::now()).unwrap();
                thread::sleep(Duration::from_millis(100));
            }
        });
        Self {
            lock,
            is_over,
            thread: Some(thread),
        }
    }

    /// Whether nobody has broken it.
    fn is_there(&self) -> bool {
        self.lock.is_dir()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = self.thread.take().map(JoinHandle::join);
        let _ = fs::remove_dir(&self.lock);
    }
}

/// Whether Claude's file has an entry for a session.
fn has_entry(sandbox: &Sandbox, name: &str) -> bool {
    !sandbox.claude_s_entry(&sandbox.worktree(name)).is_null()
}

#[test]
fn a_stale_lock_is_got_past_at_once() {
    let sandbox = Sandbox::new();
    let lock = lock_of(&sandbox.claude_json());
    for command in ["add", "remove"] {
        fs::create_dir(&lock).unwrap();
        let age = Duration::from_secs(11);
        File::open(&lock)
            .unwrap()
            .set_modified(SystemTime::now() - age)
            .unwrap();
        sandbox.run([command, "feat"]).succeeds();
        assert!(!lock.exists(), "{command}");
        assert_eq!(has_entry(&sandbox, "feat"), command == "add");
    }
}

#[test]
fn a_lock_that_somebody_holds_is_waited_for_with_a_message() {
    let sandbox = Sandbox::new();
    let held = Held::take(&sandbox);
    let mut add = sandbox.start("add feat");
    // It says so after a second, or ends: a line comes in any case.
    let mut stderr = BufReader::new(add.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    let is_told =
        line.starts_with("waiting for Claude Code ") && line.contains(".claude.json.lock");
    assert!(is_told, "{line}");
    assert!(held.is_there() && !has_entry(&sandbox, "feat"));
    drop(held);
    let status = eventually("the add ends", || add.try_wait().unwrap());
    assert!(status.success());
    assert!(has_entry(&sandbox, "feat"));
}

#[test]
#[ignore = "waits for long"]
fn a_lock_that_is_not_given_back_is_given_up_on_and_not_broken() {
    let sandbox = Sandbox::new().with("keep");
    let held = Held::take(&sandbox);
    let start = Instant::now();
    let error = "waiting for Claude Code [..]\nerror: [..]Claude Code[..][ROOT]/home/.claude.json.lock [..]\nhint: [..]rmdir [ROOT]/home/.claude.json.lock\n[...]";
    let outcome = sandbox.run_changes_nothing("add feat");
    let waited = start.elapsed();
    outcome.fails(error);
    assert!(waited > Duration::from_secs(14), "{waited:?}");
    assert!(waited < Duration::from_mins(1), "{waited:?}");
    assert!(held.is_there());
    // A remove gives up too, and keeps what it needs to be run again.
    sandbox.run("remove keep").fails(error);
    assert!(held.is_there() && has_entry(&sandbox, "keep"));
    assert_eq!(sandbox.names(), ["keep"]);
    drop(held);
    sandbox.run("remove keep").succeeds();
    assert!(!has_entry(&sandbox, "keep"));
}
