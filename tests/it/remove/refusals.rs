//! What `remove` refuses without `--force`, changing nothing.

use crate::sandbox::{Sandbox, unset, write};

#[test]
fn remove_refuses_uncommitted_changes_and_names_the_files() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    write(&worktree.join("README.md"), "changed");
    write(&worktree.join("backend/new é.py"), "new");
    write(&worktree.join("staged"), "staged");
    sandbox.git(&worktree, "add staged");
    sandbox.git(&worktree, "rm -q --cached backend/manage.py");
    unset(&worktree.join("backend/manage.py"));
    let hints = "hint: look at it [..] git [..]\nhint: [..]tally-session remove --force feat\n";
    let mut refused = sandbox.refuses_to_remove(&format!(
        "error: the session feat [..]not committed[..]\n{hints}"
    ));
    for file in [
        "README.md",
        "backend/new é.py",
        "staged",
        "backend/manage.py",
    ] {
        refused = refused.remarks(file);
    }
    // By its alias it is no different.
    let hints =
        "hint: look at it [..]\nhint: [..]tally-session remove --force --keep-branch feat\n";
    let refused = sandbox.run_changes_nothing("rm feat --keep-branch");
    refused.fails(&format!("error: the session feat [..]\n{hints}"));
}

#[test]
fn remove_refuses_a_change_that_is_staged_and_undone_in_the_folder() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    write(&worktree.join("README.md"), "changed");
    sandbox.git(&worktree, "add README.md");
    write(&worktree.join("README.md"), "# Points\n");
    sandbox.refuses_to_remove("error: the session feat [..]README.md\n[...]");
}

#[test]
fn remove_does_not_count_what_add_put_there_nor_what_git_ignores() {
    let sandbox = Sandbox::new();
    sandbox.commit(&sandbox.main, ".gitignore", "*.pyc\n");
    write(&sandbox.main.join(".claude/settings.local.json"), "{}");
    let worktree = sandbox.add("feat");
    write(&worktree.join("backend/manage.pyc"), "compiled");
    sandbox.remove("feat");
}

#[test]
fn remove_refuses_commits_that_no_other_branch_and_no_remote_holds() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.commit(&worktree, "file", "work");
    let log =
        "hint: look at it [..] git [..] log [..]\nhint: [..]tally-session remove --force feat\n";
    let error = "error: the session feat has 1 commit [..]";
    sandbox.refuses_to_remove(&format!("{error}Change file\n{log}"));
    sandbox.restart();
    unset(&worktree);
    sandbox.refuses_to_remove(&format!("{error}\n{log}"));
}

#[test]
fn remove_takes_a_branch_whose_commits_another_branch_or_a_remote_holds() {
    let sandbox = Sandbox::quick();
    sandbox.make_origin();
    for hold in ["branch other", "push -q origin feat"] {
        sandbox.run("add feat").succeeds();
        let worktree = sandbox.worktree("feat");
        sandbox.commit(&worktree, "file", hold);
        sandbox.git(&worktree, hold);
        sandbox.remove("feat");
    }
}

#[test]
fn remove_takes_a_branch_that_was_merged_squashed_or_rebased_into_the_main_branch() {
    let sandbox = Sandbox::quick();
    for way in ["merge", "squash", "rebase"] {
        sandbox.run(["add", way]).succeeds();
        let worktree = sandbox.worktree(way);
        sandbox.commit(&worktree, way, "1");
        sandbox.commit(&worktree, way, "2");
        sandbox.commit(&sandbox.main, "other", way);
        match way {
            "merge" => drop(sandbox.git_main(["merge", "-q", "--no-edit", way])),
            "rebase" => drop(sandbox.git_main(["cherry-pick", &format!("HEAD..{way}")])),
            _ => {
                sandbox.git_main(["merge", "-q", "--squash", way]);
                sandbox.git_main("commit -q -m Squashed");
            }
        }
        sandbox.commit(&sandbox.main, "other", "later");
        sandbox.remove(way);
        assert_eq!(sandbox.git_main(["branch", "--list", way]), "");
    }
}

#[test]
fn remove_refuses_commits_on_a_detached_head() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.git(&worktree, "switch -q --detach");
    sandbox.commit(&worktree, "file", "work");
    sandbox.refuses_to_remove("error: the session feat has 1 commit [..]\n[...]");
    sandbox
        .run_changes_nothing("remove --keep-branch feat")
        .fails("error: the session feat has 1 commit [..]\n[...]");
}
