//! Another process that writes to the main checkout's database, as a server does.

use crate::sandbox::{Sandbox, eventually_or};
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::{self, JoinHandle};

/// A process that commits numbered rows, until it is killed.
pub struct Writer {
    child: Child,
    committed: Arc<AtomicI64>,
    reader: Option<JoinHandle<()>>,
}

impl Writer {
    /// In a journal mode, `wal` or `delete`; or one that stays in a transaction: `locked`, or `spill` with most of it in the
    /// file already.
    pub fn start(sandbox: &Sandbox, mode: &str) -> Self {
        let mut child = sandbox
            .command("python3", &sandbox.main)
            .args(["-c", include_str!("writer.py"), "backend/db.sqlite3", mode])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let committed = Arc::new(AtomicI64::new(0));
        let counter = Arc::clone(&committed);
        let reader = thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                counter.store(line.parse().unwrap(), Ordering::SeqCst);
            }
        });
        Self {
            child,
            committed,
            reader: Some(reader),
        }
    }

    /// The last number that is known to be committed.
    pub fn committed(&self) -> i64 {
        self.committed.load(Ordering::SeqCst)
    }

    /// Waits until a number is committed.
    #[track_caller]
    pub fn await_commits(&self, number: i64) {
        let what = || format!("commit {number}, after {}", self.committed());
        eventually_or(what, || (self.committed() >= number).then_some(()));
    }

    /// Kills it, and gives the last number that it committed for sure.
    pub fn kill(mut self) -> i64 {
        self.end();
        self.committed()
    }

    fn end(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.end();
    }
}
