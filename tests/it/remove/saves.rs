//! What `remove --force` saves.

use crate::sandbox::{Sandbox, read, write};
use std::fs;

/// The hash that is printed for a session's saved work; it is that of the ref.
#[track_caller]
fn saved(sandbox: &Sandbox, name: &str) -> String {
    let outcome = sandbox.run(["remove", "--force", name]);
    let saved = sandbox.git(
        &sandbox.main,
        ["rev-parse", &format!("refs/tally-session/{name}")],
    );
    outcome.is(
        0,
        &format!("removed {name}\n[..]{saved}[..]refs/tally-session/{name}[..]\n[..]tally-session add {name} --from refs/tally-session/{name}\n"),
        "",
    );
    assert!(sandbox.names().is_empty() && !sandbox.worktree(name).exists());
    saved
}

#[test]
fn remove_force_saves_uncommitted_work_and_says_how_to_get_it_back() {
    let sandbox = Sandbox::new();
    let worktree = sandbox.add("feat");
    write(&worktree.join("README.md"), "changed");
    write(&worktree.join("new"), "new");
    write(&worktree.join("backend/ignored.sqlite3"), "ignored");
    fs::remove_file(worktree.join("backend/manage.py")).unwrap();
    let saved = saved(&sandbox, "feat");
    let files = sandbox.git(&sandbox.main, ["diff", "--name-status", "main", &saved]);
    assert_eq!(files, "M\tREADME.md\nD\tbackend/manage.py\nA\tnew");
    sandbox
        .run(["add", "feat", "--from", "refs/tally-session/feat"])
        .succeeds();
    assert_eq!(read(&worktree.join("README.md")), "changed");
    assert_eq!(read(&worktree.join("new")), "new");
}

#[test]
fn remove_force_saves_the_tip_of_a_branch_with_commits_of_its_own() {
    let sandbox = Sandbox::new();
    let worktree = sandbox.add("feat/pay");
    let tip = sandbox.commit(&worktree, "file", "work");
    assert_eq!(saved(&sandbox, "feat/pay"), tip);
}

#[test]
fn remove_force_saves_uncommitted_work_on_top_of_the_commits() {
    let sandbox = Sandbox::new();
    let worktree = sandbox.add("feat");
    let tip = sandbox.commit(&worktree, "file", "work");
    write(&worktree.join("file"), "more work");
    let saved = saved(&sandbox, "feat");
    assert_eq!(
        sandbox.git(&sandbox.main, ["rev-parse", &format!("{saved}^")]),
        tip
    );
    assert_eq!(
        sandbox.git(&sandbox.main, ["show", &format!("{saved}:file")]),
        "more work"
    );
}

#[test]
fn remove_force_saves_the_work_of_a_user_who_told_git_no_name() {
    let sandbox = Sandbox::new();
    let worktree = sandbox.add("feat");
    write(&worktree.join("new"), "new");
    write(
        &sandbox.home.join(".gitconfig"),
        "[user]\n\tuseConfigOnly = true\n",
    );
    let saved = saved(&sandbox, "feat");
    assert_eq!(
        sandbox.git(&sandbox.main, ["show", &format!("{saved}:new")]),
        "new"
    );
}

#[test]
fn remove_force_keeps_what_it_saved_before() {
    let sandbox = Sandbox::new();
    for text in ["first", "second"] {
        let worktree = sandbox.add_again("feat");
        write(&worktree.join("new"), text);
        sandbox
            .run(["remove", "feat", "--force"])
            .is(0, "removed feat\n[...]", "");
    }
    let refs = sandbox.git(
        &sandbox.main,
        ["for-each-ref", "--format=%(refname)", "refs/tally-session/"],
    );
    let mut texts: Vec<_> = refs
        .lines()
        .map(|name| sandbox.git(&sandbox.main, ["show", &format!("{name}:new")]))
        .collect();
    texts.sort_unstable();
    assert_eq!(texts, ["first", "second"]);
}

#[test]
fn remove_force_of_a_session_without_work_saves_nothing() {
    let sandbox = Sandbox::new();
    sandbox.add("feat");
    sandbox
        .run(["remove", "feat", "--force"])
        .is(0, "removed feat\n", "");
    assert_eq!(
        sandbox.git(&sandbox.main, ["for-each-ref", "refs/tally-session"]),
        ""
    );
}

#[test]
fn remove_force_removes_nothing_if_the_work_cannot_be_saved() {
    let sandbox = Sandbox::new();
    let worktree = sandbox.add("feat");
    write(&worktree.join("new"), "new");
    sandbox.wrap(
        "git",
        "case \" $* \" in *' commit-tree '*) echo disk full >&2; exit 1;; esac; exec $REAL \"$@\"",
    );
    sandbox
        .run(["remove", "feat", "--force"])
        .fails("error: [..]disk full[..]\n[...]");
    assert_eq!(sandbox.git(&worktree, ["branch", "--show-current"]), "feat");
    assert_eq!(read(&worktree.join("new")), "new");
    assert_eq!(sandbox.names(), ["feat"]);
}
