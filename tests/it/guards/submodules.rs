//! A worktree keeps its submodules' repositories in its own part of the git folder: they go with it.

use crate::sandbox::{Sandbox, read, write};
use std::path::PathBuf;

/// A project with a submodule `lib`, and a session in which it is checked out.
fn with_submodule() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new();
    let library = sandbox.root.join("library");
    sandbox.git(&sandbox.root, "init -q library");
    sandbox.commit(&library, "lib.py", "# 1\n");
    sandbox.git(&sandbox.root, "clone -q --bare library library.git");
    sandbox.git(&sandbox.root, "config --global protocol.file.allow always");
    sandbox.git_main("submodule --quiet add ../library.git lib");
    sandbox.git_main(["commit", "-q", "-m", "Add the library"]);
    sandbox.add_telling(
        "feat",
        "warning: its submodules [..]git -C [..] submodule update --init\n",
    );
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
    assert_eq!(read(&sandbox.main.join("lib/lib.py")), "# 1\n");
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
    let tip = sandbox.commit(&library, "lib.py", "# 2\n");
    let outcome = sandbox.run_changes_nothing("remove feat");
    assert!(
        outcome.code == Some(1) && outcome.stderr.contains("lib"),
        "{outcome}"
    );
    assert_eq!(sandbox.git(&library, "rev-parse work"), tip);
    sandbox.git(&library, "push -q origin work");
    sandbox.git(
        &worktree,
        ["commit", "-q", "-a", "-m", "Use the new library"],
    );
    sandbox.git_main("merge -q feat");
    sandbox.remove("feat");
}

#[test]
fn a_submodule_s_commits_are_not_lost_though_it_looks_untouched() {
    let (sandbox, worktree) = with_submodule();
    let library = worktree.join("lib");
    sandbox.git(&library, "switch -q -c work");
    let tip = sandbox.commit(&library, "lib.py", "# 2\n");
    sandbox.git(&library, "switch -q --detach HEAD~");
    sandbox.assert_clean(&worktree);
    let outcome = sandbox.run("remove feat");
    assert!(
        outcome.code == Some(1) && outcome.stderr.contains("lib"),
        "{outcome}"
    );
    assert_eq!(sandbox.git(&library, "rev-parse work"), tip);
}
