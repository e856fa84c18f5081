//! A session's worktree and branch, and what commands that were killed left half made.

use super::{assert_fine, assert_left, project, stopped};
use crate::sandbox::{Sandbox, eventually, read, unset, until, write};
use std::fs::{self, File};
use std::process::Stdio;

/// The only problem of a session, with its cure: typing that puts all right.
#[track_caller]
fn assert_cured_by_hand(sandbox: &Sandbox, code: i32, found: &str, cure: &str) {
    assert_left(sandbox, code, &format!("{found}\n         {cure}"));
    sandbox.type_line(cure).is_done();
}

#[test]
fn a_worktree_that_is_gone_is_brought_back_by_the_cure() {
    let sandbox = stopped();
    unset(&sandbox.worktree("feat"));
    assert_cured_by_hand(
        &sandbox,
        1,
        "failed   feat: its worktree [ROOT]/tally-feat is gone",
        "tally-session resume feat",
    );
    sandbox.await_programs("feat", 2);
    sandbox.restart();
    assert_fine(&sandbox);
}

#[test]
fn a_worktree_and_a_branch_that_are_gone_are_cleared_by_the_cure() {
    let sandbox = stopped();
    unset(&sandbox.worktree("feat"));
    sandbox.git_main("worktree prune");
    sandbox.git_main("branch -q -D feat");
    assert_cured_by_hand(
        &sandbox,
        1,
        "failed   feat: its worktree [ROOT]/tally-feat and its branch feat are gone",
        "tally-session remove feat",
    );
    assert_fine(&sandbox);
}

#[test]
fn a_worktree_whose_git_file_is_gone_or_leads_nowhere_is_mended_by_the_cure() {
    for broken in [None, Some("gitdir: /nowhere\n")] {
        let sandbox = stopped();
        let worktree = sandbox.worktree("feat");
        write(&worktree.join("new"), "not committed");
        match broken {
            None => unset(&worktree.join(".git")),
            Some(text) => write(&worktree.join(".git"), text),
        }
        assert_cured_by_hand(
            &sandbox,
            1,
            "failed   feat: the .git file of its worktree [ROOT]/tally-feat is gone, or leads nowhere",
            "git -C [ROOT]/tally worktree repair",
        );
        assert_eq!(read(&worktree.join("new")), "not committed");
        assert_fine(&sandbox);
    }
}

#[test]
fn a_worktree_that_was_moved_by_mv_is_found_and_moved_back_by_the_cure() {
    let sandbox = stopped();
    let worktree = sandbox.worktree("feat");
    write(&worktree.join("new"), "not committed");
    fs::rename(&worktree, sandbox.root.join("better name")).unwrap();
    assert_cured_by_hand(
        &sandbox,
        1,
        "failed   feat: its worktree [ROOT]/tally-feat was moved to [ROOT]/better name",
        "mv '[ROOT]/better name' [ROOT]/tally-feat",
    );
    assert_eq!(read(&worktree.join("new")), "not committed");
    assert_fine(&sandbox);
}

#[test]
fn a_folder_in_the_worktree_s_place_that_is_none_is_named_and_left() {
    let sandbox = stopped();
    let worktree = sandbox.worktree("feat");
    unset(&worktree);
    sandbox.git_main("worktree prune");
    write(&worktree.join("mine"), "mine");
    assert_left(
        &sandbox,
        1,
        "failed   feat: [ROOT]/tally-feat is no worktree of this repository\n         move it away, then tally-session resume feat",
    );
}

#[test]
fn a_worktree_on_another_branch_is_a_warning() {
    let sandbox = stopped();
    let worktree = sandbox.worktree("feat");
    sandbox.git(&worktree, "switch -q -c other");
    assert_cured_by_hand(
        &sandbox,
        0,
        "warning  feat: its worktree is on the branch other, and its record says feat",
        "tally-session resume feat",
    );
    assert_eq!(sandbox.store()["feat"]["branch"], "other");
    sandbox.await_programs("feat", 2);
    sandbox.restart();
    assert_fine(&sandbox);
}

#[test]
fn a_branch_that_is_gone_is_made_again_by_the_cure() {
    let sandbox = stopped();
    let worktree = sandbox.worktree("feat");
    sandbox.git(&worktree, "switch -q --detach");
    sandbox.git_main("branch -q -D feat");
    assert_cured_by_hand(
        &sandbox,
        1,
        "failed   feat: its branch feat is gone",
        "git -C [ROOT]/tally-feat switch -c feat",
    );
    assert_fine(&sandbox);
}

const HALF_MADE: &str = "[...]\nfailed   feat: is half made: a command was cut short\n         tally-session doctor --fix\n\
                         1 problem; tally-session doctor --fix mends it\n";

#[test]
fn an_add_that_was_killed_is_finished_by_fix() {
    let sandbox = project();
    let gate = sandbox.root.join("gate");
    let hook = sandbox.main.join(".git/hooks/post-checkout");
    let wait = "touch \"$SANDBOX/reached\"; while [ ! -e \"$SANDBOX/gate\" ]; do sleep 0.01; done";
    sandbox.write_script(&hook, wait);
    let mut add = sandbox
        .program("add feat")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until("git has made the worktree", || {
        sandbox.root.join("reached").exists()
    });
    // It is not half made as long as somebody works on it.
    let busy = "warning  feat: another tally-session works on it just now\n         look again when it has ended";
    assert_left(&sandbox, 0, busy);
    add.kill().unwrap();
    add.wait().unwrap();
    assert_left(&sandbox, 0, busy);
    write(&gate, "");
    eventually("git has ended too", || {
        let doctor = sandbox.run("doctor");
        (!doctor.stdout.contains("just now")).then_some(())
    });
    sandbox.run_changes_nothing("doctor").is(1, HALF_MADE, "");
    sandbox.run("doctor --fix").says("[...]\nfixed    feat: its worktree is [ROOT]/tally-feat, on its branch feat\n[...]\n1 mended, no problems\n");
    sandbox.await_programs("feat", 1);
    assert!(sandbox.worktree("feat").join("backend/db.sqlite3").exists());
    sandbox.restart();
    assert_fine(&sandbox);
}

#[test]
fn windows_that_were_never_started_are_started_by_fix() {
    let sandbox = stopped();
    let gate = sandbox.root.join("gate");
    // The shells do not read before that.
    let wait = format!("while [ ! -e {} ]; do sleep 0.01; done", gate.display());
    sandbox.start_up(&wait);
    let mut resume = sandbox.program("resume").spawn().unwrap();
    until("the windows are there", || {
        sandbox.tmux_sessions() == ["tally-feat"]
    });
    resume.kill().unwrap();
    resume.wait().unwrap();
    write(&gate, "");
    eventually("tmux has ended too", || {
        let doctor = sandbox.run("doctor");
        (!doctor.stdout.contains("just now")).then_some(())
    });
    sandbox.run_changes_nothing("doctor").is(1, HALF_MADE, "");
    sandbox
        .run("doctor --fix")
        .says("[...]\n1 mended, no problems\n");
    sandbox.await_programs("feat", 2);
}

#[test]
fn a_session_that_can_not_be_finished_says_why() {
    let sandbox = stopped();
    let worktree = sandbox.worktree("feat");
    let start = "{\"start\":\"existing\",\"prompt\":null,\"is_new\":false}";
    write(
        &sandbox.main.join(".git/tally-session/sessions/feat.lock"),
        start,
    );
    unset(&worktree);
    write(&worktree.join("mine"), "mine");
    let outcome = sandbox.run("doctor --fix");
    assert!(
        outcome.code == Some(1) && outcome.stdout.contains("\nfailed   can't mend feat:"),
        "{outcome}"
    );
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
