//! Waiting for what another program does: asked again and again to a deadline.

use std::thread;
use std::time::{Duration, Instant};

/// Real servers on a busy machine take their time.
const LIMIT: Duration = Duration::from_secs(90);

/// The answer of `ask`, as soon as it has one.
///
/// # Panics
/// With `what` and the last thing seen instead, when the time is over.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let start = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(seen) if start.elapsed() > LIMIT => {
                panic!("waited in vain for {what}; seen:\n{seen}")
            }
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// Waits until `ask` is true.
pub fn wait_until(what: &str, mut ask: impl FnMut() -> bool) {
    wait_for(what, || {
        if ask() {
            Ok(())
        } else {
            Err("not so".to_owned())
        }
    });
}
