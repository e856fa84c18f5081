//! Which branches have commits to lose, and which have none.

use crate::sandbox::{Sandbox, make_link, read};
use std::path::Path;

/// A session with two commits.
fn with_two_commits(sandbox: &Sandbox) {
    sandbox.run("add feat").succeeds();
    let worktree = sandbox.worktree("feat");
    sandbox.commit(&worktree, "file", "1\n");
    sandbox.commit(&worktree, "file", "1\n2\n");
}

/// Puts the session's work into a branch of the main checkout, as one commit.
fn squash(sandbox: &Sandbox) {
    sandbox.git_main("merge -q --squash feat");
    sandbox.git_main("commit -q -m Squashed");
}

/// As [`squash`], but only the remote's main branch has it: somebody has merged a pull request.
fn squash_at_origin(sandbox: &Sandbox, base: &str) {
    sandbox.git_main(["switch", "-q", "-c", "review", base]);
    squash(sandbox);
    push_review(sandbox);
}

/// Has the remote's main branch be the one that is checked out, which goes.
fn push_review(sandbox: &Sandbox) {
    sandbox.git_main("push -q origin review:main");
    sandbox.git_main("switch -q main");
    sandbox.git_main("branch -q -D review");
}

#[track_caller]
fn assert_passes(sandbox: &Sandbox) {
    sandbox.remove("feat");
    assert_eq!(sandbox.git_main("branch --list feat"), "");
}

#[test]
fn commits_are_counted_and_the_newest_is_named_and_no_detached_head_tag_or_older_save_holds_them() {
    let sandbox = Sandbox::quick();
    with_two_commits(&sandbox);
    let newest = sandbox.git_main(["log", "-1", "--format=%h %s", "feat"]);
    let error = format!(
        "error: the session feat has 2 commits [..]: {newest}\nhint: look at it with: git [..]\nhint: [..]--force feat\n"
    );
    sandbox.refuses_to_remove(&error);
    sandbox.git_main("worktree add -q --detach ../elsewhere feat");
    sandbox.refuses_to_remove(&error);
    sandbox.git_main("tag v1 feat");
    sandbox.git_main("update-ref refs/tally-session/old feat");
    sandbox.refuses_to_remove(&error);
}

#[test]
fn a_branch_passes_that_was_squashed_at_a_remote_whether_main_tracks_it_or_not() {
    for tracks in [true, false] {
        let sandbox = Sandbox::quick();
        sandbox.make_origin();
        if !tracks {
            sandbox.git_main("branch -q --unset-upstream");
        }
        with_two_commits(&sandbox);
        squash_at_origin(&sandbox, "main");
        assert_passes(&sandbox);
    }
}

#[test]
fn a_branch_passes_that_was_squashed_while_the_main_checkout_is_elsewhere() {
    let sandbox = Sandbox::quick();
    sandbox.make_origin();
    for (file, way) in [("one", "--detach main"), ("two", "-c hotfix")] {
        sandbox.add_telling("feat", "[...]");
        let worktree = sandbox.worktree("feat");
        sandbox.commit(&worktree, file, "1");
        sandbox.commit(&worktree, file, "2");
        squash_at_origin(&sandbox, "origin/main");
        sandbox.git_main(format!("switch -q {way}"));
        assert_passes(&sandbox);
        sandbox.git_main("switch -q main");
    }
}

#[test]
fn a_branch_passes_that_was_rebased_at_the_remote() {
    let sandbox = Sandbox::quick();
    sandbox.make_origin();
    with_two_commits(&sandbox);
    sandbox.git_main("switch -q -c review");
    sandbox.commit(&sandbox.main, "other", "meanwhile");
    sandbox.git_main("cherry-pick main..feat");
    push_review(&sandbox);
    assert_passes(&sandbox);
}

#[test]
fn a_squashed_branch_passes_though_main_changed_the_same_lines_later() {
    let sandbox = Sandbox::quick();
    with_two_commits(&sandbox);
    squash(&sandbox);
    sandbox.commit(&sandbox.main, "file", "3\n");
    assert_passes(&sandbox);
}

#[test]
fn a_merge_that_keeps_our_side_does_not_make_a_branch_merged() {
    let sandbox = Sandbox::new();
    // The usual way to keep one's own lock file in a merge.
    sandbox.git_main("config merge.ours.driver true");
    sandbox.commit(&sandbox.main, ".gitattributes", "README.md merge=ours\n");
    let worktree = sandbox.add("feat");
    sandbox.commit(&worktree, "README.md", "work\n");
    sandbox.commit(&sandbox.main, "README.md", "main's\n");
    sandbox.refuses_to_remove("error: the session feat has 1 commit [..]\n[...]");
}

#[test]
fn main_s_node_modules_is_untouched_whatever_is_removed() {
    let sandbox = Sandbox::new();
    let modules = sandbox.main.join("frontend/node_modules/vite/index.js");
    for line in ["remove feat -q", "remove feat --force"] {
        let worktree = sandbox.add_again("feat");
        assert!(worktree.join("frontend/node_modules/vite").exists());
        sandbox.run(line).succeeds();
        assert_eq!(read(&modules), "// Vite\n");
    }
    // Also with the link somewhere in a folder that is deleted as a whole.
    let worktree = sandbox.add_again("feat");
    make_link(modules.parent().unwrap(), &worktree.join("link"));
    sandbox.run("remove feat --force").succeeds();
    assert!(modules.exists() && Path::new(&modules).is_file());
}
