//! Doing several things at once.

use anyhow::{Result, anyhow};
use std::sync::Mutex;
use std::thread::{self, ScopedJoinHandle};

/// What `work` makes of each item, in their order.
pub fn map<I, R>(items: I, work: impl Fn(I::Item) -> R + Sync) -> Vec<R>
where
    I: IntoIterator<IntoIter: ExactSizeIterator + Send, Item: Send>,
    R: Send,
{
    let items = items.into_iter();
    let workers = thread::available_parallelism().map_or(2, usize::from);
    let workers = workers.min(items.len());
    if workers < 2 {
        return items.map(work).collect();
    }
    let next = Mutex::new(items.enumerate());
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((at, item)) = next.lock().ok().and_then(|mut next| next.next()) {
                    let result = work(item);
                    if let Ok(mut done) = done.lock() {
                        done.push((at, result));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The same for work that takes microseconds: threads are worth it from so many items on.
pub fn map_many<'a, T: Sync, R: Send>(
    many: usize,
    items: &'a [T],
    work: impl Fn(&'a T) -> R + Sync,
) -> Vec<R> {
    if items.len() < many {
        items.iter().map(work).collect()
    } else {
        map(items, work)
    }
}

/// What a thread has found out.
///
/// # Errors
/// That of its work, or if it ended before that was done.
pub fn joined<T>(thread: ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    let ended_early = |_| Err(anyhow!("a thread ended early"));
    thread.join().unwrap_or_else(ended_early)
}
