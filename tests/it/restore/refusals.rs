//! What `restore` refuses: it changes nothing then.

use crate::sandbox::{Sandbox, write};
use std::fs;

/// A session that was removed.
fn removed() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.add("feat");
    sandbox
        .run(["remove", "feat"])
        .is(0, "removed feat\n[...]", "");
    sandbox
}

#[test]
fn restore_refuses_where_a_session_of_the_name_is() {
    let sandbox = removed();
    sandbox.add_again("feat");
    sandbox
        .run_changes_nothing(["restore", "feat"])
        .fails("error: there is a session feat already\n[...]");
}

#[test]
fn restore_refuses_where_a_folder_is_at_the_worktree_s_place() {
    let sandbox = removed();
    write(&sandbox.worktree("feat").join("mine"), "mine");
    sandbox.run_changes_nothing(["restore", "feat"]).fails(
        "error: there is something at [ROOT]/tally-feat, where the worktree of feat was\nhint: move it away, then try again\n",
    );
    fs::remove_dir_all(sandbox.worktree("feat")).unwrap();
    sandbox
        .run(["restore", "feat"])
        .is(0, "restored feat\n[...]", "");
}

#[test]
fn restore_refuses_where_a_branch_of_the_name_is_and_the_hint_s_command_makes_room() {
    let sandbox = removed();
    sandbox.git(&sandbox.main, ["branch", "feat"]);
    sandbox.run_changes_nothing(["restore", "feat"]).fails(
        "error: there is a branch feat by now\nhint: give that one another name: git -C [ROOT]/tally branch -m feat <another name>\n",
    );
    sandbox.git(&sandbox.main, ["branch", "-m", "feat", "other"]);
    sandbox
        .run(["restore", "feat"])
        .is(0, "restored feat\n[...]", "");
}

#[test]
fn restore_refuses_where_a_kept_branch_has_moved_on() {
    let sandbox = Sandbox::new();
    let worktree = sandbox.add("feat");
    sandbox.commit(&worktree, "file", "work");
    sandbox
        .run(["remove", "--keep-branch", "feat"])
        .is(0, "removed feat\n[...]", "");
    sandbox.git(&sandbox.main, ["branch", "-f", "feat", "main"]);
    sandbox
        .run_changes_nothing(["restore", "feat"])
        .fails("error: there is a branch feat by now\nhint: [..]\n");
    sandbox.git(&sandbox.main, ["branch", "-m", "feat", "other"]);
    sandbox
        .run(["restore", "feat"])
        .is(0, "restored feat\n[...]", "[...]");
}

#[test]
fn restore_refuses_where_a_tmux_session_of_the_name_is() {
    let sandbox = removed();
    sandbox.tmux(["new-session", "-d", "-s", "tally-feat"]);
    sandbox
        .run_changes_nothing(["restore", "feat"])
        .fails("error: there is a tmux session tally-feat already\nhint: [..]\n");
}

#[test]
fn restore_of_what_was_never_removed_says_how_to_see_what_was() {
    let sandbox = removed();
    sandbox.run_changes_nothing(["restore", "fea"]).fails(
        "error: nothing of the name fea was removed, or it is deleted by now\n\
         hint: did you mean feat? tally-session restore feat\n\
         hint: see what there is: tally-session list --removed\n",
    );
}
