//! Sessions whose worktree or branch somebody has changed by hand.

use crate::sandbox::{Sandbox, read, unset, write};
use std::fs;
use std::path::{Path, PathBuf};

/// Has git move a worktree, and gives where it is.
fn move_worktree(sandbox: &Sandbox, worktree: &Path, name: &str) -> PathBuf {
    let moved = sandbox.root.join(name);
    let [from, to] = [worktree, &moved].map(|path| path.to_str().unwrap());
    sandbox.git_main(["worktree", "move", from, to]);
    moved
}

#[test]
fn one_that_git_has_moved_is_followed_by_resume_whatever_it_is_on_and_refused_by_what_would_end_it()
{
    let by_hand: [fn(&Sandbox, &Path); 4] = [
        |_, _| {},
        |sandbox, worktree| drop(sandbox.git(worktree, "branch -m better")),
        |sandbox, worktree| drop(sandbox.git(worktree, "switch -q --detach")),
        |sandbox, worktree| {
            sandbox.commit(worktree, "file", "work");
            stop_in_a_rebase(sandbox, worktree);
        },
    ];
    for change in by_hand {
        let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
        write(&worktree.join("new"), "not committed");
        change(&sandbox, &worktree);
        let moved = move_worktree(&sandbox, &worktree, "moved");
        for line in ["remove feat", "remove feat --force", "restart feat"] {
            let refused = format!("error: feat: {FOLLOWED}\nhint: tally-session resume feat\n");
            sandbox.run_changes_nothing(line).fails(&refused);
        }
        let told = format!("feat: {FOLLOWED}: tally-session resume feat\n");
        sandbox.run("list").tells(&told);
        let follows = "warning: feat follows its worktree to [ROOT]/moved; it was at [ROOT]/tally-feat\n[...]";
        let resumed = "feat is already running\n";
        sandbox.run("resume feat").is(0, resumed, follows);
        assert_eq!(sandbox.tmux_sessions(), ["tally-feat"]);
        sandbox.refuses_to_remove("error: the session feat [..]new[..]\n[...]");
        sandbox.remove_and_restore("--force");
        assert_eq!(read(&moved.join("new")), "not committed");
    }
}

/// Has a worktree be in the middle of a rebase, before the last commit.
fn stop_in_a_rebase(sandbox: &Sandbox, worktree: &Path) {
    let mut rebase = sandbox.command("git", worktree);
    rebase.args(["rebase", "--quiet", "--interactive", "--autostash", "HEAD^"]);
    rebase.env(
        "GIT_SEQUENCE_EDITOR",
        "perl -pi -e 'print \"break\\n\" if $. == 1'",
    );
    assert!(rebase.status().unwrap().success());
}

#[test]
fn the_branch_of_a_rebase_elsewhere_is_not_taken_from_under_it() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.commit(&worktree, "file", "work");
    stop_in_a_rebase(&sandbox, &worktree);
    let admin = sandbox.main.join(".git/worktrees/tally-feat");
    unset(&admin.join("tally-session-record.json"));
    let moved = move_worktree(&sandbox, &worktree, "moved");
    let refused = format!("error: feat: {MOVED}\nhint: git [..]worktree move [..]\n");
    sandbox
        .run_changes_nothing("remove feat --force")
        .fails(&refused);
    sandbox.git(&moved, "rebase --continue");
    assert_eq!(sandbox.git(&moved, "branch --show-current"), "feat");
}

#[test]
fn one_that_git_has_moved_and_that_is_locked_or_gone_is_brought_back_by_the_hint() {
    for is_gone in [false, true] {
        let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
        sandbox.restart();
        let moved = move_worktree(&sandbox, &worktree, "moved");
        let lock = ["worktree", "lock", moved.to_str().unwrap()];
        sandbox.git_main(lock);
        if is_gone {
            unset(&moved);
        }
        let what = if is_gone {
            format!("{MOVED}; there is neither")
        } else {
            FOLLOWED.to_owned()
        };
        let refused = sandbox.run_changes_nothing("remove feat");
        let refused = refused.fails(&format!("error: feat: {what}\nhint: [..]\n"));
        sandbox.follow(&refused, "hint: ").goes_well();
        sandbox.run("resume feat").goes_well();
        assert_eq!(sandbox.list()[0]["state"], "running");
    }
}

/// What is told where a copy of the record says whose it is.
const FOLLOWED: &str = "its worktree [ROOT]/tally-feat was moved to [ROOT]/moved";

/// What is told where only its branch does.
const MOVED: &str =
    "its branch feat is checked out at [ROOT]/moved, and its record says [ROOT]/tally-feat";

#[test]
fn one_that_was_moved_by_mv_keeps_its_files_and_is_brought_back_by_the_hint_repaired_or_not() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let moved = sandbox.root.join("moved");
    sandbox.restart();
    write(&worktree.join("new"), "staged");
    sandbox.git(&worktree, "add new");
    fs::rename(&worktree, &moved).unwrap();
    let told =
        "error: feat: its worktree [ROOT]/tally-feat was moved to [ROOT]/moved\nhint: mv [..]\n";
    let refused = sandbox.refuses_to_resume(told);
    sandbox.follow(&refused, "hint: ").succeeds();
    sandbox.resume("feat");
    sandbox.await_programs("feat", 2);
    assert_eq!(sandbox.status(&worktree), "A  new");

    fs::rename(&worktree, &moved).unwrap();
    sandbox.git(&moved, "worktree repair");
    let refused = sandbox.refuses_to_remove("error: [..][ROOT]/moved[..]\nhint: [..]\n");
    sandbox.follow(&refused, "hint: ").goes_well();
    sandbox.force_remove_with_remarks("feat");
    assert!(!worktree.exists() && !moved.exists());

    // What remove says where it looked, and leaves.
    sandbox.add_again("feat");
    write(&worktree.join("new"), "not committed");
    fs::rename(&worktree, &moved).unwrap();
    let removed = sandbox.run("remove feat").does_not_crash();
    removed.remarks("[ROOT]/tally-feat");
    assert_eq!(read(&moved.join("new")), "not committed");
}

#[test]
fn a_worktree_whose_git_file_is_gone_or_leads_nowhere_is_not_deleted_with_the_work_in_it_and_is_mended_by_the_hint()
 {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.restart();
    let new = worktree.join("new");
    write(&new, "not committed");
    for text in ["", "gitdir: /nowhere\n", "\u{fffd}", "gitdir: \n"] {
        write(&worktree.join(".git"), text);
        sandbox.run("list").says("[...]\nfeat: [..]\n");
        sandbox.run("remove feat").does_not_crash();
        assert_eq!(read(&new), "not committed", "{text:?}");
    }
    unset(&worktree.join(".git"));
    sandbox.refuses_to_remove("error: the session feat has a worktree whose .git [..]\n[...]");
    let told = "error: [..][ROOT]/tally-feat [..]\nhint: [..]git [..]repair[..]\n[...]";
    let hint = sandbox.refuses_to_resume(told).command_after("hint: ");
    sandbox
        .type_line(&hint[hint.find("git ").unwrap()..])
        .goes_well();
    sandbox.resume("feat");
    assert_eq!(sandbox.status(&worktree), "?? new");
}

#[test]
fn a_branch_that_was_renamed_stays_and_remove_says_so() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let tip = sandbox.commit(&worktree, "file", "work");
    sandbox.git(&worktree, "branch -m better");
    let told = "feat: its worktree is on the branch better, and its record says feat; [..]";
    sandbox.run("list").says(&format!("[...]\n{told}\n"));
    sandbox.remove_telling("feat", "warning: [..] branch better, which stays\n");
    assert_eq!(sandbox.git_main("rev-parse better"), tip);
    assert!(!worktree.exists());
}

#[test]
fn a_branch_that_was_deleted_is_no_reason_to_lose_its_commits() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.commit(&worktree, "file", "work");
    // git refuses it for a branch that is checked out, but not this way.
    sandbox.git(&worktree, "switch -q --detach");
    sandbox.git_main("branch -q -D feat");
    sandbox.refuses_to_remove("error: the session feat has 1 commit [..]\n[...]");
    sandbox.force_remove("feat");
    sandbox.restore_with_remarks("feat");
    assert_eq!(read(&worktree.join("file")), "work");
}

#[test]
fn a_branch_whose_ref_was_deleted_under_the_worktree_does_not_lose_what_was_staged() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.git_main("update-ref -d refs/heads/feat");
    write(&worktree.join("new"), "not committed");
    sandbox.refuses_to_remove("error: [..]new[..]\n[...]");
    sandbox.force_remove_with_remarks("feat");
    sandbox.restore_with_remarks("feat");
    assert_eq!(read(&worktree.join("new")), "not committed");
}

#[test]
fn a_locked_worktree_is_named_with_the_reason_and_the_hint_s_command_unlocks_it() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let lock = ["worktree", "lock", "--reason", "on a disk of mine"];
    sandbox.git_at(&sandbox.main, lock, &worktree);
    let locked = "error: [..][ROOT]/tally-feat [..]is locked: on a disk of mine\nhint: git [..]worktree unlock [..]\n";
    for options in ["", "--keep-branch", "--force"] {
        sandbox
            .run_changes_nothing(format!("remove feat {options}"))
            .fails(locked);
    }
    // Also when its disk is not there at the moment.
    sandbox.restart();
    unset(&worktree);
    sandbox
        .run_changes_nothing("remove feat --force")
        .fails(locked);
    let told = "error: [..][ROOT]/tally-feat [..]locked[..]\nhint: git [..]unlock[..]\n";
    let refused = sandbox.refuses_to_resume(told);
    sandbox.follow(&refused, "hint: ").succeeds();
    sandbox.resume("feat");
}

#[test]
fn another_name_for_the_branch_does_not_hold_its_commits() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.git_main("symbolic-ref refs/heads/alias refs/heads/feat");
    sandbox.commit(&worktree, "file", "work");
    sandbox.refuses_to_remove("error: the session feat has 1 commit [..]\n[...]");
}

#[test]
fn a_branch_that_moves_while_the_windows_close_is_not_lost() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.git(&worktree, "switch -q --detach");
    sandbox.remove_and_restore_while(
        r#"git branch -qf feat "$(git commit-tree -p HEAD -m Late "HEAD^{tree}:backend")""#,
    );
    let kept = sandbox.git_main("log -1 --format=%s feat");
    assert_eq!(kept, "Late");
}

#[test]
fn changes_that_a_rebase_has_put_aside_are_not_lost() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.commit(&worktree, "file", "work");
    sandbox.git(&worktree, "branch other");
    write(&worktree.join("README.md"), "changed");
    stop_in_a_rebase(&sandbox, &worktree);
    sandbox.assert_clean(&worktree);
    sandbox.refuses_to_remove(
        "error: the session feat is in the middle of a rebase\nhint: [..] status\nhint: [..]\n",
    );
    sandbox.remove_and_restore("--force");
    sandbox.git(&worktree, "rebase --continue");
    assert_eq!(read(&worktree.join("README.md")), "changed");
}

#[test]
fn the_commits_of_a_branch_are_shown_by_the_hint_whatever_it_and_the_project_are_called() {
    let (sandbox, worktree) = Sandbox::of_project("my tally").with_worktree("feat");
    sandbox.git(&worktree, "switch -q -c it's;mine");
    sandbox.commit(&worktree, "file", "work");
    sandbox.run("resume feat").does_not_crash();
    let told = "error: [..] has 1 commit [..]\nhint: [..]\nhint: [..]\n";
    let refused = sandbox.refuses_to_remove(told);
    let log = sandbox.follow(&refused, "look at it with: ").succeeds();
    log.tells("Change file").says_nothing_of("Begin");
}
