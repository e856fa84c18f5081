//! The clock, and waiting for something that another process does, with an end and with a word about it.

use crate::ui;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// This moment, in milliseconds since 1970.
pub fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.ok()
        .and_then(|now| u64::try_from(now.as_millis()).ok())
        .unwrap_or_default()
}

/// Asks `ready` again and again, every few milliseconds, until it has an answer or `limit` is over.
///
/// After one second the user is told `what` is being waited for: "for another tally-session to finish". The first error of `ready`
/// ends it.
///
/// # Errors
/// The first error of `ready`.
pub fn until<T>(
    limit: Duration,
    what: &str,
    mut ready: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<Option<T>> {
    let start = Instant::now();
    let mut told = false;
    loop {
        if let Some(answer) = ready()? {
            return Ok(Some(answer));
        }
        let waited = start.elapsed();
        if waited >= limit {
            return Ok(None);
        }
        if !told && waited >= Duration::from_secs(1) {
            ui::waiting(what);
            told = true;
        }
        let step = if waited < Duration::from_millis(200) {
            1
        } else {
            10
        };
        thread::sleep(Duration::from_millis(step));
    }
}
