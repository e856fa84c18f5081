//! What `restore` refuses: it changes nothing then.

use crate::sandbox::{Sandbox, unset, write};

/// A session that was removed.
fn removed() -> Sandbox {
    let sandbox = Sandbox::new().with("feat");
    sandbox.remove("feat");
    sandbox
}

#[test]
fn restore_refuses_where_a_session_of_the_name_is() {
    let sandbox = removed();
    sandbox.add_again("feat");
    sandbox.refuses_to_restore("error: the session feat is in its place by now\nhint: clear that one away first: tally-session remove feat && tally-session restore feat@[..]\n");
}

#[test]
fn restore_refuses_where_a_folder_is_at_the_worktree_s_place() {
    let sandbox = removed();
    write(&sandbox.worktree("feat").join("mine"), "mine");
    sandbox.refuses_to_restore("error: there is something at [ROOT]/tally-feat, where the worktree of feat belongs\nhint: move it away, then try again\n");
    unset(&sandbox.worktree("feat"));
    sandbox.restore("feat");
}

#[test]
fn restore_refuses_where_a_branch_of_the_name_is_and_the_hint_s_command_makes_room() {
    let sandbox = removed();
    sandbox.git_main("branch feat");
    sandbox.refuses_to_restore("error: there is a branch feat by now\nhint: give that one another name: git -C [ROOT]/tally branch -m feat <another name>\n");
    sandbox.git_main("branch -m feat other");
    sandbox.restore("feat");
}

#[test]
fn restore_refuses_where_a_branch_is_in_the_way_of_the_name_and_the_hint_s_command_makes_room() {
    for (name, other) in [("feat", "feat/more"), ("more/feat", "more")] {
        let sandbox = Sandbox::new();
        sandbox.add(name);
        sandbox.run(["remove", name]).says("removed [..]\n[...]");
        // One that is only beside it is not in its way.
        sandbox.git_main("branch more-of-it");
        sandbox.git_main(["branch", other]);
        sandbox.run_changes_nothing(["restore", name]).fails(&format!(
            "error: there is a branch {other} by now, beside which git can have no {name}\nhint: give that one another name: git -C [ROOT]/tally branch -m {other} <another name>\n"
        ));
        sandbox.git_main(["branch", "-m", other, "another"]);
        sandbox.run(["restore", name]).says("restored [..]\n[...]");
    }
}

#[test]
fn what_is_only_half_back_is_named_by_doctor_and_add_and_the_next_restore_finishes_it() {
    let sandbox = removed();
    let cure = format!("tally-session restore {}", sandbox.restore_by_half());
    let error = "error: a restore of feat was cut short, and it is only half there";
    sandbox.refuses_to_add(&format!("{error}\nhint: finish it: {cure}\n"));
    sandbox
        .run("doctor --fix")
        .tells("feat: is only half there: a restore was cut short")
        .tells(&cure);
    sandbox.restore("feat");
    sandbox.run("remove feat").succeeds();
}

#[test]
fn restore_refuses_where_a_kept_branch_has_moved_on() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.commit(&worktree, "file", "work");
    let told = "removed feat\n[...]";
    sandbox.run("remove --keep-branch feat").says(told);
    sandbox.git_main("branch -f feat main");
    sandbox.refuses_to_restore("error: there is a branch feat by now\nhint: [..]\n");
    sandbox.git_main("branch -m feat other");
    sandbox.restore_with_remarks("feat");
}

#[test]
fn restore_refuses_where_a_kept_branch_is_checked_out_elsewhere() {
    let sandbox = Sandbox::new().with("feat");
    let told = "removed feat\n[...]";
    sandbox.run("remove --keep-branch feat").says(told);
    sandbox.git_main("switch -q feat");
    sandbox.refuses_to_restore("error: the branch feat is checked out at [ROOT]/tally by now\nhint: leave it there: git -C [ROOT]/tally switch <another branch>\n");
    sandbox.git_main("switch -q main");
    sandbox.restore("feat");
}

#[test]
fn restore_refuses_where_a_tmux_session_of_the_name_is() {
    let sandbox = removed();
    sandbox.tmux("new-session -d -s tally-feat");
    sandbox.refuses_to_restore("error: there is a tmux session tally-feat already\nhint: [..]\n");
}

#[test]
fn restore_of_what_was_never_removed_says_how_to_see_what_was() {
    let sandbox = removed();
    sandbox.run_changes_nothing("restore fea").fails(
        "error: nothing of the name fea was removed, or it is deleted by now\n\
         hint: did you mean feat? tally-session restore feat\n\
         hint: see what there is: tally-session list --removed\n",
    );
    sandbox.run_changes_nothing("purge --yes fea").fails(
        "error: nothing of the name fea was removed, or it is deleted by now\n\
         hint: did you mean feat? tally-session purge feat\n\
         hint: see what there is: tally-session list --removed\n",
    );
    sandbox.run("restore feat").succeeds();
    sandbox.run("restore feat").fails(
        "error: feat was not removed, or is back: it is a session\nhint: go to it: tally-session attach feat\n",
    );
}

#[test]
fn restore_refuses_where_git_has_given_its_name_to_another_worktree_and_the_hint_makes_room() {
    let sandbox = removed();
    let other = sandbox.root.join("it's; mine/tally-feat");
    sandbox.git_at(&sandbox.main, "worktree add -q --detach", &other);
    let refused = sandbox.refuses_to_restore("error: git has given the name that it had for the worktree of feat to another one: [..]/tally-feat\nhint: [..]\n");
    sandbox
        .follow(&refused, "remove that one first: ")
        .succeeds();
    sandbox.restore("feat");
}
