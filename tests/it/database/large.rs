//! Databases whose copy takes long.

use super::writer::Writer;
use crate::sandbox::{PROGRAM, Sandbox, unset};
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A copy is shown from the first second on: each write of it takes so many microseconds here.
#[cfg(target_os = "linux")]
const SLOW: &str = "inject=pwrite64:delay_enter=2000";

#[cfg(target_os = "linux")]
#[test]
fn the_progress_of_a_long_copy_is_shown_on_a_terminal_and_taken_back() {
    let version = std::process::Command::new("strace").arg("-V").output();
    if version.is_err() && std::env::var("CI").as_deref() != Ok("true") {
        println!("passed over: strace is not installed");
        return;
    }
    let sandbox = Sandbox::new();
    fill(&sandbox.main.join("backend/db.sqlite3"), 8);
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.enter(&format!(
        "env -u TMUX -u TMUX_PANE strace -qq -o /dev/null -e trace=pwrite64 -e {SLOW} {PROGRAM} add feat; echo status-$?-"
    ));
    let shown = |screen: &str| percent(screen).is_some_and(|percent| (1..100).contains(&percent));
    let early = terminal.await_screen(shown);
    let later = terminal.await_screen(|screen| percent(screen) > percent(&early));
    assert!(percent(&later) > percent(&early));
    let (status, screen) = terminal.await_status();
    assert_eq!(status, 0);
    assert_eq!(percent(&screen), None, "{screen}");
}

#[test]
fn a_copy_that_waits_for_a_lock_is_shown_on_a_terminal_too() {
    let sandbox = Sandbox::new();
    let writer = Writer::start(&sandbox, "locked");
    writer.await_commits(1);
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("add feat");
    terminal.await_screen(|screen| screen.contains("waiting ") && screen.contains("db.sqlite3"));
    writer.kill();
    assert_eq!(terminal.await_status().0, 0);
}

/// How much of the copy a terminal says is done.
#[cfg(target_os = "linux")]
fn percent(screen: &str) -> Option<u32> {
    let (before, _) = screen.rsplit_once(" %")?;
    before.rsplit_once("copying the database: ")?.1.parse().ok()
}

/// Makes a database this many million bytes large.
fn fill(path: &Path, millions: usize) {
    let database = Connection::open(path).unwrap();
    database
        .execute_batch(&format!(
            "PRAGMA synchronous = off; PRAGMA journal_mode = off; CREATE TABLE large (padding BLOB); \
             WITH RECURSIVE count (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < {millions}) \
             INSERT INTO large SELECT randomblob(1000000) FROM count;"
        ))
        .unwrap();
}

/// A folder in memory, where the machine has one: the disk's speed says nothing about the program.
fn in_memory() -> TempDir {
    let mut builder = tempfile::Builder::new();
    builder.prefix("ts-");
    builder
        .tempdir_in("/dev/shm")
        .or_else(|_| builder.tempdir())
        .unwrap()
}

/// The shortest of some times.
fn shortest(mut run: impl FnMut() -> Duration) -> Duration {
    (0..3).map(|_| run()).min().unwrap()
}

#[test]
#[ignore = "takes 3 GB of memory"]
fn a_database_of_1_gb_is_copied_in_at_most_5_times_the_time_of_cp() {
    let sandbox = Sandbox::new();
    let folder = in_memory();
    let main: PathBuf = folder.path().join("tally");
    sandbox.git_at(&sandbox.root, "clone -q tally", &main);
    let original = main.join("backend/db.sqlite3");
    fill(&original, 1000);
    assert!(fs::metadata(&original).unwrap().len() >= 1_000_000_000);
    let copy = folder.path().join("copy");
    let cp = shortest(|| {
        let start = Instant::now();
        let status = sandbox
            .command("cp", &main)
            .arg(&original)
            .arg(&copy)
            .status();
        assert!(status.unwrap().success());
        let time = start.elapsed();
        unset(&copy);
        time
    });
    let add = shortest(|| {
        let start = Instant::now();
        sandbox
            .run_in(&main, "add feat")
            .is(0, "added [..]\n[...]", "[...]");
        let time = start.elapsed();
        let copied = folder.path().join("tally-feat/backend/db.sqlite3");
        assert!(fs::metadata(copied).unwrap().len() >= 1_000_000_000);
        let told = "removed feat\n[...]";
        sandbox.run_in(&main, "remove feat").says(told);
        time
    });
    let ratio = add.as_secs_f64() / cp.as_secs_f64();
    println!("cp {cp:?}, add {add:?}: {ratio:.2} times");
    assert!(ratio <= 5.0, "cp {cp:?}, add {add:?}: {ratio:.2} times");
}
