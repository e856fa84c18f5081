//! The copy of the database, while another process writes to the original.

mod large;
mod writer;

use crate::sandbox::{Sandbox, eventually, points, serve_with_wal, set_mode, write};
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use writer::Writer;

/// The numbers in a copy's table, after a check that nothing in it is broken.
#[track_caller]
fn numbers(copy: &Path) -> Vec<i64> {
    let copy = Connection::open(copy).unwrap();
    let check: String = copy
        .query_one("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
    let last: i64 = copy
        .query_one("SELECT n FROM last", [], |row| row.get(0))
        .unwrap();
    let mut numbers = copy.prepare("SELECT n FROM row ORDER BY n").unwrap();
    let numbers = numbers.query_map([], |row| row.get(0)).unwrap();
    let numbers: Vec<_> = numbers.map(Result::unwrap).collect();
    assert_eq!(numbers.last(), Some(&last));
    numbers
}

/// A copy has all rows from 1 on, without a gap, and at least those that were committed before.
#[track_caller]
fn assert_has_all(copy: &Path, committed: i64) {
    let numbers = numbers(copy);
    let count = i64::try_from(numbers.len()).unwrap();
    assert_eq!(numbers, (1..=count).collect::<Vec<_>>());
    assert!(count >= committed, "{count} of {committed}");
}

fn copies_are_whole_beside_a_writer(mode: &str) {
    let sandbox = Sandbox::new();
    let writer = Writer::start(&sandbox, mode);
    writer.await_commits(20);
    for round in 0..4 {
        let names = [0, 1].map(|number| format!("feat{round}-{number}"));
        let committed = writer.committed();
        let adds = names.each_ref().map(|name| {
            let mut add = sandbox.program(["add", name]);
            (name, add.stdout(Stdio::null()).spawn().unwrap())
        });
        for (name, mut add) in adds {
            assert!(add.wait().unwrap().success());
            assert_has_all(&copy_of(&sandbox, name), committed);
        }
        // It has gone on all the time.
        writer.await_commits(committed + 1);
    }
}

fn copy_of(sandbox: &Sandbox, name: &str) -> PathBuf {
    sandbox.worktree(name).join("backend/db.sqlite3")
}

#[test]
fn each_copy_has_all_that_was_committed_before_while_a_process_writes_with_a_wal() {
    copies_are_whole_beside_a_writer("wal");
}

#[test]
fn each_copy_has_all_that_was_committed_before_while_a_process_writes_with_a_rollback_journal() {
    copies_are_whole_beside_a_writer("delete");
}

#[test]
fn a_wal_that_a_killed_process_left_is_in_the_copy() {
    let sandbox = Sandbox::new();
    let mains = sandbox.main.join("backend/db.sqlite3");
    set_mode(&mains, 0o600);
    let writer = Writer::start(&sandbox, "wal");
    writer.await_commits(50);
    let committed = writer.kill();
    assert!(
        fs::metadata(mains.with_extension("sqlite3-wal"))
            .unwrap()
            .len()
            > 0
    );
    sandbox.add("feat");
    let copy = copy_of(&sandbox, "feat");
    assert_has_all(&copy, committed);
    let mode = fs::metadata(&copy).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!copy.with_extension("sqlite3-wal").exists());
}

#[test]
fn the_files_that_a_database_has_while_it_is_open_are_no_changes_and_come_back_with_it() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let server = serve_with_wal(&copy_of(&sandbox, "feat"));
    let untracked = "?? backend/db.sqlite3-shm\n?? backend/db.sqlite3-wal";
    assert_eq!(sandbox.status(&worktree), untracked);
    assert_eq!(sandbox.list()[0]["changes"], 0);
    sandbox.remove("feat");
    drop(server);
    sandbox.run("restore feat").succeeds();
    assert_eq!(points(&copy_of(&sandbox, "feat")), ["a", "b", "c", "d"]);
    // What is beside no database is the user's.
    write(&worktree.join("notes-wal"), "mine");
    assert_eq!(sandbox.list()[0]["changes"], 1);
}

#[test]
fn a_transaction_that_a_killed_process_left_half_written_is_not_in_the_copy() {
    let sandbox = Sandbox::new();
    let mains = sandbox.main.join("backend/db.sqlite3");
    let writer = Writer::start(&sandbox, "spill");
    // Half of the file is overwritten by then with what will never be committed.
    writer.await_commits(2);
    writer.kill();
    let journal = mains.with_extension("sqlite3-journal");
    assert!(fs::metadata(&journal).unwrap().len() > 0);
    sandbox.add("feat");
    assert_eq!(numbers(&copy_of(&sandbox, "feat")), [1]);
}

#[test]
#[ignore = "waits for long"]
fn a_database_that_stays_locked_is_given_up_on_and_all_is_undone() {
    let sandbox = Sandbox::new().with("keep");
    let writer = Writer::start(&sandbox, "locked");
    writer.await_commits(1);
    let start = Instant::now();
    let outcome = sandbox.run_changes_nothing("add feat");
    outcome.fails(
        "waiting for the database [..][ROOT]/tally/backend/db.sqlite3[..]\n\
         error: cannot make [ROOT]/tally-feat/backend/db.sqlite3: [..][ROOT]/tally/backend/db.sqlite3[..]locked for 10 s[..]\n\
         [...]",
    );
    let waited = start.elapsed();
    assert!(waited > Duration::from_secs(9), "{waited:?}");
    assert!(waited < Duration::from_secs(30), "{waited:?}");
    writer.kill();
    sandbox.add("feat");
    assert_eq!(numbers(&copy_of(&sandbox, "feat")), [1]);
}

#[test]
fn nobody_else_may_read_the_copy_while_it_grows() {
    let sandbox = Sandbox::new();
    let mains = sandbox.main.join("backend/db.sqlite3");
    set_mode(&mains, 0o600);
    let writer = Writer::start(&sandbox, "locked");
    writer.await_commits(1);
    let mut add = sandbox.program("-q add feat");
    let mut add = add.spawn().unwrap();
    let part = sandbox
        .worktree("feat")
        .join("backend/db.sqlite3.tally-session-part");
    let about = eventually("the copy is begun", || fs::metadata(&part).ok());
    assert_eq!(about.permissions().mode() & 0o777, 0o600);
    writer.kill();
    assert!(add.wait().unwrap().success());
    let mode = fs::metadata(copy_of(&sandbox, "feat"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}
