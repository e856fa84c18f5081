//! What comes back is exact, whatever happened to the repository in between.

use super::portrait::{comes_back, comes_back_in};
use crate::sandbox::{Sandbox, make_link, read, set_mode, unset, write};
use rusqlite::Connection;
use std::fs;
use std::path::Path;

/// Runs git, which may stop with a conflict.
fn try_git(sandbox: &Sandbox, dir: &Path, args: &[&str]) {
    let output = sandbox
        .command("git", dir)
        .args(args)
        .env("GIT_EDITOR", "true")
        .env("GIT_SEQUENCE_EDITOR", "sed -i.old -e 's/^pick/edit/'")
        .output()
        .unwrap();
    assert!(output.status.code().is_some());
}

/// Two commits of the branch, of which the main branch has another version.
fn with_conflict(sandbox: &Sandbox, worktree: &Path) {
    sandbox.commit(worktree, "README.md", "ours\n");
    sandbox.commit(worktree, "more", "more\n");
    sandbox.commit(&sandbox.main, "README.md", "theirs\n");
}

#[test]
fn files_of_every_kind_come_back_with_their_times_and_modes() {
    comes_back(|_, worktree| {
        for name in [
            "with space",
            "new\nline",
            "été ☃",
            "-dash",
            "quo'te\"",
            "deep/er/file",
        ] {
            write(&worktree.join(name), name);
        }
        write(&worktree.join("backend/notes.sqlite3"), "ignored");
        set_mode(&worktree.join("README.md"), 0o751);
        make_link("README.md", &worktree.join("link"));
        make_link("/nowhere", &worktree.join("frontend/dangling"));
        unset(&worktree.join("backend/manage.py"));
        fs::create_dir(worktree.join("empty")).unwrap();
        set_mode(&worktree.join("empty"), 0o500);
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        fs::File::open(worktree.join("deep/er/file"))
            .unwrap()
            .set_modified(old)
            .unwrap();
    });
}

#[test]
fn what_is_staged_comes_back_though_the_folder_has_another_version_and_nothing_else_has_the_first()
{
    comes_back(|sandbox, worktree| {
        write(&worktree.join("README.md"), "staged version");
        write(&worktree.join("new"), "staged and new");
        sandbox.git(worktree, "add .");
        write(&worktree.join("README.md"), "version of the folder");
        unset(&worktree.join("new"));
        sandbox.git(worktree, "rm -q --cached backend/manage.py");
        write(&worktree.join("meant"), "meant to be added");
        sandbox.git(worktree, "add -N meant");
    });
}

#[test]
fn a_change_within_the_second_of_a_commit_comes_back() {
    comes_back(|sandbox, worktree| {
        sandbox.commit(worktree, "v.py", "VERSION = 1\n");
        write(&worktree.join("v.py"), "VERSION = 2\n");
    });
}

#[test]
fn files_that_git_is_told_not_to_look_at_come_back_changed() {
    comes_back(|sandbox, worktree| {
        sandbox.git(worktree, "update-index --assume-unchanged README.md");
        sandbox.git(worktree, "update-index --skip-worktree backend/manage.py");
        write(&worktree.join("README.md"), "changed");
        write(&worktree.join("backend/manage.py"), "changed too");
    });
}

#[test]
fn rows_of_the_database_come_back_with_a_journal_that_is_not_played_in_yet() {
    comes_back(|_, worktree| {
        let path = worktree.join("backend/db.sqlite3");
        let database = Connection::open(&path).unwrap();
        database
            .execute_batch("PRAGMA journal_mode = wal; INSERT INTO point VALUES ('mine');")
            .unwrap();
        // One that is closed in good order leaves no journal.
        fs::copy(
            worktree.join("backend/db.sqlite3-wal"),
            worktree.join("backend/kept.sqlite3"),
        )
        .unwrap();
    });
}

#[test]
fn commits_of_a_detached_head_come_back_with_those_of_the_branch() {
    comes_back(|sandbox, worktree| {
        sandbox.commit(worktree, "branch", "on the branch");
        sandbox.git(worktree, "switch -q --detach main");
        sandbox.commit(worktree, "detached", "on no branch");
        sandbox.commit(worktree, "detached", "once more");
    });
}

#[test]
fn commits_that_only_the_reflog_has_come_back() {
    comes_back(|sandbox, worktree| {
        sandbox.commit(worktree, "gone", "an experiment");
        sandbox.git(worktree, "reset -q --hard HEAD~");
        sandbox.commit(worktree, "other", "another one");
        sandbox.git(
            worktree,
            ["commit", "-q", "--amend", "-m", "In other words"],
        );
    });
}

#[test]
fn a_branch_that_tracks_another_one_comes_back_with_what_git_s_configuration_has_of_it() {
    let sandbox = Sandbox::new();
    sandbox.make_origin();
    comes_back_in(&sandbox, |sandbox, worktree| {
        sandbox.commit(worktree, "file", "pushed");
        sandbox.git(worktree, "push -q -u origin feat");
        sandbox.commit(worktree, "file", "not pushed");
        sandbox.git(
            worktree,
            ["config", "branch.feat.description", "two words\nand a line"],
        );
    });
}

#[test]
fn a_session_on_another_branch_comes_back_on_it() {
    comes_back(|sandbox, worktree| {
        sandbox.commit(worktree, "file", "of the first");
        sandbox.git(worktree, "switch -q -c other");
        sandbox.commit(worktree, "file", "of the other");
    });
}

#[test]
fn a_merge_with_conflicts_comes_back_with_all_its_sides() {
    comes_back(|sandbox, worktree| {
        with_conflict(sandbox, worktree);
        write(&worktree.join("more"), "not committed");
        sandbox.git(worktree, "config merge.autostash true");
        try_git(sandbox, worktree, &["merge", "-q", "main"]);
        assert!(read(&worktree.join("README.md")).contains("<<<<<<<"));
    });
}

#[test]
fn a_conflict_that_was_solved_can_still_be_brought_up_again() {
    comes_back(|sandbox, worktree| {
        with_conflict(sandbox, worktree);
        try_git(sandbox, worktree, &["merge", "-q", "main"]);
        sandbox.git(worktree, "checkout -q --ours README.md");
        sandbox.git(worktree, "add README.md");
        assert_ne!(sandbox.git(worktree, "ls-files --resolve-undo"), "");
    });
}

#[test]
fn a_rebase_with_a_conflict_and_what_it_has_put_aside_come_back() {
    comes_back(|sandbox, worktree| {
        with_conflict(sandbox, worktree);
        write(&worktree.join("more"), "not committed");
        try_git(sandbox, worktree, &["rebase", "-q", "--autostash", "main"]);
        assert!(!worktree.join("more").exists());
    });
}

#[test]
fn a_rebase_that_was_stopped_to_edit_comes_back_with_what_it_has_picked_and_what_is_left() {
    comes_back(|sandbox, worktree| {
        sandbox.git(worktree, "switch -q --detach");
        for text in ["1", "2", "3"] {
            sandbox.commit(worktree, "file", text);
        }
        try_git(sandbox, worktree, &["rebase", "-q", "-i", "HEAD~3"]);
        sandbox.git(worktree, "commit -q --amend -m Edited");
        try_git(sandbox, worktree, &["rebase", "--continue"]);
    });
}

#[test]
fn patches_that_are_being_applied_come_back() {
    comes_back(|sandbox, worktree| {
        with_conflict(sandbox, worktree);
        let patch = sandbox.root.join("patch");
        let text = sandbox.git_main("format-patch --stdout -1");
        write(&patch, text + "\n");
        try_git(
            sandbox,
            worktree,
            &["am", "-q", "-3", patch.to_str().unwrap()],
        );
    });
}

#[test]
fn several_picks_and_a_revert_that_stopped_come_back() {
    comes_back(|sandbox, worktree| {
        with_conflict(sandbox, worktree);
        sandbox.commit(&sandbox.main, "last", "last");
        try_git(sandbox, worktree, &["cherry-pick", "main~2..main"]);
    });
}

#[test]
fn a_bisect_comes_back() {
    comes_back(|sandbox, worktree| {
        for text in ["1", "2", "3", "4"] {
            sandbox.commit(worktree, "file", text);
        }
        sandbox.git(worktree, "bisect start HEAD HEAD~4");
    });
}

#[test]
fn a_sparse_checkout_with_a_configuration_of_its_own_comes_back() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.main.join("docs")).unwrap();
    sandbox.commit(&sandbox.main, "docs/plan.md", "plan");
    comes_back_in(&sandbox, |sandbox, worktree| {
        sandbox.git(worktree, "sparse-checkout set backend frontend");
        assert!(!worktree.join("docs").exists());
        write(&worktree.join("backend/manage.py"), "changed");
    });
}

#[test]
fn an_index_in_two_parts_comes_back() {
    comes_back(|sandbox, worktree| {
        sandbox.git(worktree, "update-index --split-index");
        write(&worktree.join("new"), "only staged");
        sandbox.git(worktree, "add new");
        write(&worktree.join("new"), "changed since");
    });
}
