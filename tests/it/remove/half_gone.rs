//! Removing what is left of a session.

use crate::sandbox::{Sandbox, read, unset, write};

/// All of it is gone in the end.
#[track_caller]
fn assert_gone(sandbox: &Sandbox) {
    assert!(sandbox.names().is_empty());
    assert_eq!(sandbox.git_main("branch --list feat"), "");
    assert_eq!(sandbox.git_main("worktree list").lines().count(), 1);
    assert!(!read(&sandbox.home.join(".claude.json")).contains("tally-feat"));
    assert!(sandbox.tmux_sessions().is_empty());
}

#[test]
fn remove_works_without_the_tmux_session() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.restart();
    sandbox.remove("feat");
    assert_gone(&sandbox);
}

#[test]
fn remove_works_without_the_worktree_s_folder() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    unset(&worktree);
    sandbox.remove_telling("feat", "warning: [..][ROOT]/tally-feat [..]\n");
    assert_gone(&sandbox);
}

#[test]
fn remove_works_without_the_branch() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.git(&worktree, "switch -q --detach");
    sandbox.git_main("branch -D feat");
    sandbox.remove("feat");
    assert!(!worktree.exists());
    assert_gone(&sandbox);
}

#[test]
fn remove_works_without_claude_s_entry() {
    let sandbox = Sandbox::new().with("feat");
    unset(&sandbox.home.join(".claude.json"));
    sandbox.remove("feat");
    assert!(!sandbox.home.join(".claude.json").exists());
    assert!(sandbox.names().is_empty());
}

#[test]
fn remove_works_when_only_the_record_is_left() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.restart();
    sandbox.git_at(&sandbox.main, "worktree remove --force", &worktree);
    sandbox.git_main("branch -D feat");
    sandbox.remove("feat");
    assert_gone(&sandbox);
}

#[test]
fn remove_leaves_a_folder_that_git_does_not_list_as_the_worktree() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.git_at(&sandbox.main, "worktree remove --force", &worktree);
    write(&worktree.join("mine"), "mine");
    sandbox.force_remove_telling("feat", "warning: [..][ROOT]/tally-feat [..]\n");
    assert_eq!(read(&worktree.join("mine")), "mine");
    assert!(sandbox.names().is_empty());
}

#[test]
fn remove_leaves_a_clone_that_took_the_worktree_s_place() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.git_at(&sandbox.main, "worktree remove --force", &worktree);
    sandbox.git(&sandbox.root, "clone -q tally tally-feat");
    sandbox.commit(&worktree, "mine", "mine");
    sandbox.force_remove_telling("feat", "warning: [..][ROOT]/tally-feat [..]\n");
    assert_eq!(read(&worktree.join("mine")), "mine");
}

#[test]
fn remove_leaves_a_clone_in_the_folder_of_a_worktree_that_git_still_lists() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.restart();
    unset(&worktree);
    sandbox.git(&sandbox.root, "clone -q tally tally-feat");
    sandbox.commit(&worktree, "mine", "mine");
    sandbox.run("remove feat --force");
    assert_eq!(read(&worktree.join("mine")), "mine");
}

#[test]
fn of_a_record_that_names_the_main_checkout_remove_takes_out_nothing_else() {
    let sandbox = Sandbox::new().with("feat");
    let mut store = sandbox.store();
    store["feat"]["worktree"] = sandbox.main.to_str().unwrap().into();
    write(&sandbox.main.join(".tally-sessions"), store.to_string());
    write(&sandbox.main.join("work"), "work");
    sandbox.run("remove feat --force").is(
        0,
        "removed feat\n",
        "warning: the worktree [ROOT]/tally-feat [..]: tally-session resume feat\n",
    );
    assert_eq!(read(&sandbox.main.join("work")), "work");
    assert!(sandbox.worktree("feat").join("backend/.env").exists());
    assert!(sandbox.names().is_empty());
}
