//! What killed commands left, and what living ones have.

use super::{assert_mended, stopped};
use crate::sandbox::write;
use std::fs::File;

#[test]
fn what_killed_commands_left_is_taken_away() {
    let sandbox = stopped();
    // No system has a process of this number.
    let dead = "2147483647.tally-session-part";
    for path in [
        "tally/.git/tally-session/sessions/old.lock",
        &format!("tally/.tally-sessions.{dead}"),
        &format!("home/.claude.json.{dead}"),
    ] {
        write(&sandbox.root.join(path), "");
        let found = format!("warning  [ROOT]/{path} was left by a command that was killed");
        assert_mended(&sandbox, &found, &format!("[ROOT]/{path} was taken away"));
        assert!(!sandbox.root.join(path).exists());
    }
}

#[test]
fn what_removed_worktrees_left_is_deleted_and_no_problem() {
    let sandbox = stopped();
    let trash = sandbox.main.join(".git/tally-session/trash");
    let going = trash.join("old@1.going");
    write(&going.join("worktree/file"), "");
    sandbox.run("doctor").succeeds().says_nothing_of("old@1");
    assert!(!going.exists());
}

#[test]
fn what_living_commands_have_is_left() {
    let sandbox = stopped();
    let lock = sandbox.main.join(".git/tally-session/sessions/old.lock");
    write(&lock, "");
    let held = File::open(&lock).unwrap();
    held.lock().unwrap();
    let part = format!(".tally-sessions.{}.tally-session-part", std::process::id());
    write(&sandbox.main.join(part), "");
    sandbox.run_changes_nothing("doctor --fix").succeeds();
    assert!(lock.exists());
}
