//! A session's worktree and branch, and what commands that were killed left half made.

use super::{assert_fine, assert_left, project, stopped};
use crate::sandbox::{GATE, Sandbox, read, unset, until, write};
use std::fs::{self, File};
use std::process::Child;

/// The only problem of a session, with its cure: typing that puts all right.
#[track_caller]
fn assert_cured_by_hand(sandbox: &Sandbox, found: &str, cure: &str) {
    assert_left(sandbox, &format!("{found}\n         {cure}"));
    sandbox.type_line(cure).goes_well();
}

#[test]
fn what_is_wrong_with_a_worktree_or_its_branch_is_put_right_by_the_cure() {
    let sandbox = stopped();
    let worktree = sandbox.worktree("feat");
    write(&worktree.join("new"), "not committed");
    for broken in [None, Some("gitdir: /nowhere\n")] {
        match broken {
            None => unset(&worktree.join(".git")),
            Some(text) => write(&worktree.join(".git"), text),
        }
        let found = "failed   feat: the .git file of its worktree [ROOT]/tally-feat is gone, or leads nowhere";
        assert_cured_by_hand(&sandbox, found, "git -C [ROOT]/tally worktree repair");
        assert_fine(&sandbox);
    }

    fs::rename(&worktree, sandbox.root.join("better name")).unwrap();
    let found = "failed   feat: its worktree [ROOT]/tally-feat was moved to [ROOT]/better name";
    assert_cured_by_hand(&sandbox, found, "mv '[ROOT]/better name' [ROOT]/tally-feat");
    assert_fine(&sandbox);
    assert_eq!(read(&worktree.join("new")), "not committed");

    sandbox.git(&worktree, "switch -q --detach");
    sandbox.git_main("branch -q -D feat");
    let found = "failed   feat: its branch feat is gone";
    assert_cured_by_hand(&sandbox, found, "git -C [ROOT]/tally-feat switch -c feat");
    assert_fine(&sandbox);

    sandbox.git(&worktree, "switch -q -c other");
    let found = "warning  feat: its worktree is on the branch other, and its record says feat; resume has the record follow";
    assert_cured_by_hand(&sandbox, found, "tally-session resume feat");
    assert_eq!(sandbox.store()["feat"]["branch"], "other");
    sandbox.await_programs("feat", 2);
    sandbox.restart();
    assert_fine(&sandbox);
}

#[test]
fn a_worktree_that_is_gone_is_brought_back_and_cleared_when_its_branch_is_gone_too_by_the_cure() {
    let sandbox = stopped();
    let worktree = sandbox.worktree("feat");
    unset(&worktree);
    let found = "failed   feat: its worktree [ROOT]/tally-feat is gone";
    assert_cured_by_hand(&sandbox, found, "tally-session resume feat");
    sandbox.await_programs("feat", 2);
    sandbox.restart();
    assert_fine(&sandbox);

    unset(&worktree);
    sandbox.git_main("worktree prune");
    write(&worktree.join("mine"), "mine");
    let found = "failed   feat: [ROOT]/tally-feat is no worktree of this repository\n         move it away, then tally-session resume feat";
    assert_left(&sandbox, found);

    unset(&worktree);
    sandbox.git_main("branch -q -D feat");
    let found = "failed   feat: its worktree [ROOT]/tally-feat and its branch feat are gone";
    assert_cured_by_hand(&sandbox, found, "tally-session remove feat");
    assert_fine(&sandbox);
}

const HALF_MADE: &str = "[...]\nfailed   feat: is half made: a command was cut short\n         tally-session doctor --fix\n\
                         1 problem; tally-session doctor --fix mends it\n";

/// Kills a command that is at the gate, and lets what it has started end.
fn kill(sandbox: &Sandbox, mut command: Child) {
    command.kill().unwrap();
    command.wait().unwrap();
    sandbox.open_gate();
    until("what it has started ends", || {
        !sandbox.run("doctor").stdout.contains("just now")
    });
    sandbox.run_changes_nothing("doctor").is(1, HALF_MADE, "");
}

#[test]
fn an_add_that_was_killed_is_finished_by_fix() {
    let sandbox = project();
    sandbox.hook_checkout(GATE);
    let add = sandbox.start("add feat");
    sandbox.await_gate();
    // It is not half made as long as somebody works on it.
    let busy = "warning  feat: another tally-session works on it just now\n         look again when it has ended";
    assert_left(&sandbox, busy);
    kill(&sandbox, add);
    let fixed = "fixed    feat: its worktree is [ROOT]/tally-feat, on its branch feat";
    let told = format!("[...]\n{fixed}\n[...]\n1 mended, no problems\n");
    sandbox.run("doctor --fix").says(&told);
    sandbox.await_programs("feat", 1);
    assert!(sandbox.worktree("feat").join("backend/db.sqlite3").exists());
    sandbox.restart();
    assert_fine(&sandbox);
}

#[test]
fn windows_that_were_never_started_are_started_by_fix() {
    let sandbox = stopped();
    // The shells do not read before that.
    sandbox.start_up(GATE);
    let resume = sandbox.start("resume");
    sandbox.await_gate();
    kill(&sandbox, resume);
    let fixed = "[...]\n1 mended, no problems\n";
    sandbox.run("doctor --fix").says(fixed);
    sandbox.await_programs("feat", 2);
}

#[test]
fn a_session_that_can_not_be_finished_says_why() {
    let sandbox = stopped();
    let worktree = sandbox.worktree("feat");
    let lock = sandbox.main.join(".git/tally-session/sessions/feat.lock");
    write(
        &lock,
        "{\"start\":\"existing\",\"prompt\":null,\"is_new\":false}",
    );
    unset(&worktree);
    write(&worktree.join("mine"), "mine");
    let failed = "[...]\nfailed   can't mend feat:[..]\n[...]";
    sandbox.run("doctor --fix").is(1, failed, "");
    assert_eq!(read(&worktree.join("mine")), "mine");
}

#[test]
fn fix_waits_for_nobody_who_works_on_another_session() {
    let sandbox = project().with("busy").with("feat");
    sandbox.restart();
    let lock = sandbox.main.join(".git/tally-session/sessions/busy.lock");
    write(&lock, "");
    let lock = File::open(lock).unwrap();
    lock.lock().unwrap();
    unset(&sandbox.worktree("feat").join("backend/.env"));
    sandbox.run("doctor --fix").says("[...]\nwarning  busy: another tally-session works on it just now\n[...]\nfixed    feat: backend/.env is there\n[...]");
}
