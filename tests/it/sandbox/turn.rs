//! Ports belong to the machine, not to a sandbox: who may run beside whom.

use std::cell::Cell;
use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// The same files for every copy of these tests on the machine, wherever it was built. Who waits for the room holds the
/// door, so that nobody gets in before.
const ROOM: &str = "/tmp/tally-session-tests.room";
const DOOR: &str = "/tmp/tally-session-tests.door";

thread_local! {
    /// How many turns this test has.
    static OWN: Cell<usize> = const { Cell::new(0) };
}

/// How long other copies of these tests may take.
const PATIENCE: Duration = Duration::from_mins(15);

/// A sandbox's turn, until it is dropped.
///
/// Sandboxes whose servers listen run alone: no other one can take a port between its being picked and its being served,
/// nor one that a session has left and wants back. Sandboxes whose servers only say that they were started hold no port,
/// and run side by side.
pub struct Turn {
    /// Whether no other one is there.
    pub is_alone: bool,
    _room: Lock,
}

impl Turn {
    /// Beside other sandboxes that hold no port.
    pub fn shared() -> Self {
        Self::take(false, File::try_lock_shared)
    }

    /// Beside no other sandbox.
    pub fn alone() -> Self {
        Self::take(true, File::try_lock)
    }

    fn take(is_alone: bool, try_lock: fn(&File) -> Result<(), TryLockError>) -> Self {
        // Whoever waits at the door for the room to be empty waits for this test too: it has to get its next sandbox.
        let is_first = OWN.get() == 0;
        let _door = is_first.then(|| Lock::take(DOOR, File::try_lock));
        let room = Lock::take(ROOM, try_lock);
        OWN.set(OWN.get() + 1);
        Self {
            is_alone,
            _room: room,
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        OWN.set(OWN.get() - 1);
    }
}

/// A locked file, which the last one to hold it takes away.
struct Lock {
    path: &'static str,
    file: File,
}

impl Lock {
    fn take(path: &'static str, try_lock: fn(&File) -> Result<(), TryLockError>) -> Self {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let file = open(path);
            match try_lock(&file) {
                Ok(()) if is_at(&file, path) => return Self { path, file },
                // The last one of those before us took the file away: the next ones share another.
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => panic!("{path}: {error}"),
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("other tests hold {path}: fuser {path} tells which");
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.file.try_lock().is_ok() && is_at(&self.file, self.path) {
            let _ = fs::remove_file(self.path);
        }
    }
}

/// Another user's file can be locked too, but not written.
fn open(path: &str) -> File {
    let made = File::options().append(true).create(true).open(path);
    made.or_else(|_| File::open(path)).unwrap()
}

fn is_at(file: &File, path: impl AsRef<Path>) -> bool {
    let ours = file.metadata().unwrap();
    fs::metadata(path).is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino()))
}
