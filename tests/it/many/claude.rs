//! Something that writes `~/.claude.json` as every running Claude Code does.

use crate::sandbox::{Sandbox, eventually, read_json, write};
use serde_json::Value;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A writer that counts in the file, until it is dropped.
pub struct Claude {
    json: PathBuf,
    writes: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Claude {
    pub fn start(sandbox: &Sandbox) -> Self {
        let json = sandbox.home.join(".claude.json");
        let writes = Arc::new(AtomicUsize::new(0));
        let is_over = Arc::new(AtomicBool::new(false));
        let (file, counter, end) = (json.clone(), Arc::clone(&writes), Arc::clone(&is_over));
        let thread = thread::spawn(move || {
            while !end.load(Ordering::SeqCst) {
                if is_locked_for(&file, || count(&file, counter.load(Ordering::SeqCst))) {
                    counter.fetch_add(1, Ordering::SeqCst);
                }
                // Other writers get their turn.
                thread::sleep(Duration::from_millis(2));
            }
        });
        Self {
            json,
            writes,
            is_over,
            thread: Some(thread),
        }
    }

    /// Each write since the start found all writes before it, and so does this look; gives how many there were.
    #[track_caller]
    pub fn assert_no_write_lost(&self) -> usize {
        let before = self.writes.load(Ordering::SeqCst);
        let next =
            || (self.writes.load(Ordering::SeqCst) > before || self.has_ended()).then_some(());
        eventually("Claude writes again", next);
        assert!(!self.has_ended(), "a write of Claude's was lost");
        before
    }

    fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for Claude {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let ended = self.thread.take().map(JoinHandle::join);
        if !thread::panicking() {
            assert!(
                matches!(ended, Some(Ok(()))),
                "a write of Claude's was lost"
            );
            let writes = self.writes.load(Ordering::SeqCst);
            assert_eq!(read_json(&self.json)["counted"], writes);
        }
    }
}

/// Does something under Claude's lock; false if somebody else holds it.
fn is_locked_for(json: &Path, work: impl FnOnce()) -> bool {
    let lock = lock_of(json);
    match fs::create_dir(&lock) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return false,
        made => made.unwrap(),
    }
    work();
    fs::remove_dir(lock).unwrap();
    true
}

/// The folder that is Claude's lock on the file.
pub fn lock_of(json: &Path) -> PathBuf {
    json.with_file_name(".claude.json.lock")
}

/// Counts one up in the file, which must have the last count and all else.
fn count(json: &Path, last: usize) {
    let mut claude: Value = read_json(json);
    assert_eq!(claude["counted"].as_u64().unwrap_or(0), last as u64);
    assert_eq!(claude["numStartups"], 7);
    claude["counted"] = (last + 1).into();
    let new = json.with_file_name(format!(".claude.json.tmp.{}", std::process::id()));
    write(&new, serde_json::to_vec_pretty(&claude).unwrap());
    fs::rename(new, json).unwrap();
}
