//! A worktree keeps its submodules' repositories in its own part of the git folder: they go with it.

use crate::sandbox::{Sandbox, read, write};
use std::fs;
use std::path::PathBuf;

/// A project with a submodule `lib`, and a session in which it is checked out.
fn with_submodule() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new();
    sandbox.make_repository("library");
    sandbox.git(&sandbox.root, "clone -q --bare library library.git");
    sandbox.add_submodule("../library.git", "lib");
    let told = "warning: its submodules [..]git -C [..] submodule update --init\n";
    sandbox.add_telling("feat", told);
    sandbox.await_programs("feat", 1);
    let worktree = sandbox.worktree("feat");
    sandbox.git(&worktree, "submodule --quiet update --init");
    (sandbox, worktree)
}

#[test]
fn an_untouched_submodule_goes_without_a_word() {
    let (sandbox, worktree) = with_submodule();
    sandbox.remove("feat");
    assert!(!worktree.exists());
    assert_eq!(read(&sandbox.main.join("lib/file")), "text");
}

#[test]
fn a_submodule_s_changes_are_not_lost_as_no_commit_of_the_project_can_hold_them() {
    let (sandbox, worktree) = with_submodule();
    write(&worktree.join("lib/new"), "inside");
    sandbox.refuses_to_remove("error: [..]lib[..]\n[...]");
    sandbox.remove_and_restore("--force");
    assert_eq!(read(&worktree.join("lib/new")), "inside");
}

#[test]
fn a_submodule_s_commits_are_not_lost_until_they_are_pushed() {
    let (sandbox, worktree) = with_submodule();
    let library = worktree.join("lib");
    sandbox.git(&library, "switch -q -c work");
    let tip = sandbox.commit(&library, "file", "more");
    sandbox.refuses_to_remove("error: [..]lib[..]\n[...]");
    assert_eq!(sandbox.git(&library, "rev-parse work"), tip);
    sandbox.git(&library, "push -q origin work");
    sandbox.git(&worktree, "commit -q -a -m Use");
    sandbox.git_main("merge -q feat");
    sandbox.remove("feat");
}

#[test]
fn a_submodule_s_commits_are_not_lost_though_it_looks_untouched() {
    let (sandbox, worktree) = with_submodule();
    let library = worktree.join("lib");
    sandbox.git(&library, "switch -q -c work");
    let tip = sandbox.commit(&library, "file", "more");
    sandbox.git(&library, "switch -q --detach HEAD~");
    sandbox.assert_clean(&worktree);
    sandbox.refuses_to_remove("error: [..]lib[..]\n[...]");
    assert_eq!(sandbox.git(&library, "rev-parse work"), tip);
}

#[test]
fn a_submodule_is_known_where_the_project_and_its_worktree_have_other_names() {
    let (mut sandbox, worktree) = with_submodule();
    sandbox.restart();
    let moved = sandbox.root.join("points-feat");
    fs::rename(worktree, &moved).unwrap();
    let main = sandbox.root.join("points");
    fs::rename(&sandbox.main, &main).unwrap();
    sandbox.main = main;
    sandbox.run("resume feat").goes_well();
    sandbox.assert_clean(&moved);
    write(&moved.join("lib/new"), "inside");
    assert_eq!(sandbox.status(&moved.join("lib")), "?? new");
    sandbox.refuses_to_remove("error: the session feat [..]lib[..]\n[...]");
}
