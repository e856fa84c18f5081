//! Ports belong to the machine, not to a sandbox: who may run beside whom.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The same file for every copy of these tests on the machine, wherever it was built.
const FILE: &str = "/tmp/tally-session-tests.lock";

/// A sandbox's turn, until it is dropped.
///
/// Sandboxes whose servers listen run alone: no other one can take a port between its being picked and its being served,
/// nor one that a session has left and wants back. Sandboxes whose servers only say that they were started hold no port,
/// and run side by side.
pub struct Turn(File);

impl Turn {
    /// Beside other sandboxes that hold no port.
    pub fn shared() -> Self {
        Self::take(File::lock_shared)
    }

    /// Beside no other sandbox.
    pub fn alone() -> Self {
        Self::take(File::lock)
    }

    fn take(lock: impl Fn(&File) -> std::io::Result<()>) -> Self {
        loop {
            let file = open();
            lock(&file).unwrap();
            // The last one of those before us took the file away: the next ones share another.
            if fs::metadata(FILE).is_ok_and(|there| there.ino() == file.metadata().unwrap().ino()) {
                return Self(file);
            }
        }
    }
}

/// Another user's file can be locked too, but not written.
fn open() -> File {
    let made = File::options().append(true).create(true).open(FILE);
    made.or_else(|_| File::open(FILE)).unwrap()
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.0.try_lock().is_ok() && Path::new(FILE).exists() {
            let _ = fs::remove_file(FILE);
        }
    }
}
