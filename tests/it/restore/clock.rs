//! What is deleted when its time is over, where the clock is not to be trusted.

use crate::sandbox::{Sandbox, eventually, only_in, read, write};
use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

const DAY: u64 = 24 * 60 * 60;

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs()
}

/// A sandbox in which a session with work was removed; and where that is kept, under an id with this time.
fn removed_at(time: u64) -> (Sandbox, PathBuf) {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    write(&worktree.join("notes.sqlite3"), "precious");
    sandbox.remove("feat");
    let kept = only_in(&sandbox.main.join(".git/tally-session/trash"));
    let then = kept.with_file_name(format!("feat@{time}"));
    fs::rename(&kept, &then).unwrap();
    (sandbox, then)
}

#[test]
fn what_was_removed_by_a_clock_that_was_behind_is_kept_for_a_day_after_it_was_seen() {
    let (sandbox, kept) = removed_at(1_000_000_000);
    let told =
        "NAME  REMOVED [..]\nfeat [..] days ago  [..] more [..] tally-session restore feat\n";
    sandbox.run("list --removed").says(told);
    let seen: u64 = read(&kept.join("over")).parse().unwrap();
    assert!(now() - seen < DAY / 2);
    sandbox.run("list").succeeds();
    sandbox.run("sweep").succeeds();
    assert_eq!(read(&kept.join("over")), seen.to_string());
    sandbox.restore("feat");
    let notes = sandbox.worktree("feat").join("notes.sqlite3");
    assert_eq!(read(&notes), "precious");
}

#[test]
fn what_has_been_over_for_a_day_is_deleted_by_the_next_command() {
    let (sandbox, kept) = removed_at(1_000_000_000);
    write(&kept.join("over"), (now() - DAY - 1).to_string());
    sandbox.run("list").succeeds();
    eventually("it is deleted", || (!kept.exists()).then_some(()));
}

#[test]
fn what_a_clock_that_was_ahead_saw_to_be_over_counts_for_nothing() {
    let (sandbox, kept) = removed_at(now() - 15 * DAY);
    let over = kept.join("over");
    write(&over, (now() + 400 * DAY).to_string());
    sandbox.run("sweep").succeeds();
    assert!(read(&over).parse::<u64>().unwrap() <= now());
    // Of this one the time is not over.
    let (sandbox, kept) = removed_at(now() - DAY);
    let over = kept.join("over");
    write(&over, (now() - 2 * DAY).to_string());
    sandbox.run("list").succeeds();
    assert!(!over.exists());
    sandbox.restore("feat");
}
