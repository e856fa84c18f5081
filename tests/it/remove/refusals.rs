//! What `remove` refuses without `--force`, changing nothing.

use crate::sandbox::{Sandbox, unset, write};

const HINTS: &str = "hint: look at it [..] git [..]\nhint: [..]tally-session remove --force feat\n";

#[test]
fn remove_refuses_uncommitted_changes_and_names_the_files() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    write(&worktree.join("README.md"), "changed");
    write(&worktree.join("backend/new é.py"), "new");
    write(&worktree.join("staged"), "staged");
    sandbox.git(&worktree, "add staged");
    sandbox.git(&worktree, "rm -q --cached backend/manage.py");
    unset(&worktree.join("backend/manage.py"));
    let outcome = sandbox.run_changes_nothing("remove feat");
    for file in [
        "README.md",
        "backend/new é.py",
        "staged",
        "backend/manage.py",
    ] {
        assert!(outcome.stderr.contains(file), "{outcome}");
    }
    outcome.fails(&format!(
        "error: the session feat [..]not committed[..]\n{HINTS}"
    ));
    // From a second worktree, and by its alias, it is no different.
    sandbox
        .run_changes_nothing("rm feat --keep-branch")
        .fails("error: the session feat [..]\nhint: look at it [..]\nhint: [..]tally-session remove --force --keep-branch feat\n");
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
    let hints =
        "hint: look at it [..] git [..] log [..]\nhint: [..]tally-session remove --force feat\n";
    sandbox.refuses_to_remove(&format!(
        "error: the session feat has 1 commit [..]Change file\n{hints}"
    ));
    sandbox.restart();
    unset(&worktree);
    sandbox.refuses_to_remove(&format!(
        "error: the session feat has 1 commit [..]\n{hints}"
    ));
}

#[test]
fn the_hint_s_command_shows_the_commits() {
    let (sandbox, worktree) = Sandbox::of_project("my tally").with_worktree("feat");
    sandbox.commit(&worktree, "file", "work");
    let outcome = sandbox.run("remove feat");
    let hint = outcome
        .stderr
        .lines()
        .find(|line| line.contains("git "))
        .unwrap();
    let command =
        &hint[hint.find("git ").unwrap()..].replace("[ROOT]", sandbox.root.to_str().unwrap());
    let shown = sandbox
        .command("sh", &sandbox.home)
        .args(["-c", command])
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains("Change file") && !shown.contains("Begin"),
        "{command}: {shown}"
    );
}

#[test]
fn remove_takes_a_branch_whose_commits_another_branch_holds() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.commit(&worktree, "file", "work");
    sandbox.git(&worktree, "branch other");
    sandbox.remove("feat");
}

#[test]
fn remove_takes_a_branch_whose_commits_a_remote_holds() {
    let sandbox = Sandbox::new();
    sandbox.make_origin();
    let worktree = sandbox.add("feat");
    sandbox.commit(&worktree, "file", "work");
    sandbox.git(&worktree, "push -q origin feat");
    sandbox.remove("feat");
}

#[test]
fn remove_takes_a_branch_that_was_merged_squashed_or_rebased_into_the_main_branch() {
    let sandbox = Sandbox::new();
    for way in ["merge", "squash", "rebase"] {
        let worktree = sandbox.add(way);
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
        sandbox
            .run(["remove", way])
            .says(&format!("removed {way}\n[...]"));
        assert_eq!(sandbox.git_main(["branch", "--list", way]), "");
    }
}

#[test]
fn remove_refuses_a_branch_that_went_on_after_it_was_squashed() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.commit(&worktree, "file", "1");
    sandbox.git_main("merge -q --squash feat");
    sandbox.git_main("commit -q -m Squashed");
    sandbox.commit(&worktree, "file", "2");
    sandbox.refuses_to_remove("error: the session feat has [..] commit[..]\n[...]");
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

#[test]
fn remove_refuses_a_locked_worktree() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.git_at(
        &worktree,
        ["worktree", "lock", "--reason", "on a disk of mine"],
        &worktree,
    );
    for args in [
        ["remove", "feat", "--keep-branch"],
        ["remove", "feat", "--force"],
    ] {
        let error = "error: [..][ROOT]/tally-feat [..]is locked: on a disk of mine\nhint: git [..]worktree unlock [..]\n";
        sandbox.run_changes_nothing(args).fails(error);
    }
}
