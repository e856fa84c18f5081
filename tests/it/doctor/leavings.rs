//! What killed commands left, and what living ones have.

use super::{assert_mended, stopped};
use crate::sandbox::write;
use std::fs::File;

#[test]
fn what_killed_commands_left_is_taken_away() {
    let sandbox = stopped();
    let ours = sandbox.main.join(".git/tally-session");
    // No system has a process of this number.
    let dead = "2147483647.tally-session-part";
    for (path, problem) in [
        (
            ours.join("sessions/old.lock"),
            "was left by a command that was killed",
        ),
        (
            sandbox.main.join(format!(".tally-sessions.{dead}")),
            "was left by a command that was killed",
        ),
        (
            sandbox.home.join(format!(".claude.json.{dead}")),
            "was left by a command that was killed",
        ),
    ] {
        write(&path, "");
        let name = path
            .to_str()
            .unwrap()
            .replace(sandbox.root.to_str().unwrap(), "[ROOT]");
        assert_mended(
            &sandbox,
            0,
            &format!("warning  {name} {problem}"),
            &format!("fixed    {name} was taken away"),
        );
        assert!(!path.exists());
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
    let alive = std::process::id();
    write(
        &sandbox
            .main
            .join(format!(".tally-sessions.{alive}.tally-session-part")),
        "",
    );
    sandbox.run_changes_nothing("doctor --fix").succeeds();
    assert!(lock.exists());
}
