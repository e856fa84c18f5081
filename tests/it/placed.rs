//! What was put into a worktree is known by a list: what the user has put beside it, or in its place, is the user's.

use crate::sandbox::{Sandbox, as_placed, read, read_json, unset, write};
use std::fs;

/// A project with these lines of `[files]`, and these files that git neither tracks nor ignores.
fn with_files(layout: &str, files: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    lay_out(&sandbox, layout);
    for file in files {
        write(&sandbox.main.join(file), *file);
    }
    sandbox
}

fn lay_out(sandbox: &Sandbox, layout: &str) {
    let text = format!("[files]\n{layout}\n");
    sandbox.commit(&sandbox.main, ".tally-session.toml", &text);
}

fn excluded(sandbox: &Sandbox) -> String {
    read(&sandbox.main.join(".git/info/exclude"))
}

/// `remove` names these files alone, and leaves all as it is.
#[track_caller]
fn assert_refused(sandbox: &Sandbox, files: &str) {
    sandbox.run("remove feat").fails(&format!(
        "error: the session feat has changes that are not committed: {files}\n[...]"
    ));
}

#[test]
fn a_new_file_in_a_copied_folder_is_the_user_s_in_the_session_and_in_the_main_checkout() {
    let sandbox = with_files("copy = [\"wiki\"]", &["wiki/a.md", "wiki/deep/b.md"]);
    let worktree = sandbox.add("feat");
    assert_eq!(read(&worktree.join("wiki/deep/b.md")), "wiki/deep/b.md");
    sandbox.assert_clean(&worktree);
    for checkout in [&sandbox.main, &worktree] {
        write(&checkout.join("wiki/new.md"), "new");
        let status = sandbox.status(checkout);
        assert!(status.contains("?? wiki/new.md"), "{status}");
    }
    assert_refused(&sandbox, "wiki/new.md");
    unset(&worktree.join("wiki/new.md"));
    sandbox.remove("feat");
    let status = sandbox.status(&sandbox.main);
    assert!(status.contains("?? wiki/a.md"), "{status}");
}

#[test]
fn what_the_user_has_in_the_place_of_a_link_is_the_user_s() {
    for file in ["fixtures/new.json", "fixtures"] {
        let sandbox = with_files("link = [\"fixtures\"]", &["fixtures/a.json"]);
        let worktree = sandbox.add("feat");
        sandbox.assert_clean(&worktree);
        unset(&worktree.join("fixtures"));
        write(&worktree.join(file), "new");
        assert_refused(&sandbox, file);
        assert_eq!(sandbox.list()[0]["changes"], 1);
        fs::rename(worktree.join("fixtures"), sandbox.root.join("aside")).unwrap();
        sandbox.remove("feat");
    }
}

#[test]
fn packages_that_the_user_has_installed_in_the_place_of_a_link_are_as_the_project_says_not_work() {
    let sandbox = Sandbox::new();
    let modules = sandbox.add("feat").join("frontend/node_modules");
    unset(&modules);
    write(&modules.join("vite/index.js"), "// Vite\n");
    assert_eq!(sandbox.list()[0]["changes"], 0);
    sandbox.remove("feat");
}

#[test]
fn a_file_that_the_layout_names_only_later_is_the_user_s() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    write(&worktree.join("docs/plan.md"), "mine");
    write(&sandbox.main.join("docs/plan.md"), "main's");
    lay_out(&sandbox, "copy = [\"docs/plan.md\"]");
    assert_refused(&sandbox, "docs/plan.md");
    sandbox.restart();
    sandbox.run("resume").succeeds();
    sandbox.await_programs("feat", 2);
    assert_eq!(read(&worktree.join("docs/plan.md")), "mine");
    assert_eq!(sandbox.status(&worktree), "?? docs/plan.md");
    assert_refused(&sandbox, "docs/plan.md");
}

#[test]
fn the_lines_of_a_session_go_with_the_last_one_that_needs_them_and_the_user_s_stay() {
    let sandbox = with_files("copy = [\"wiki\"]", &["wiki/a.md"]);
    let exclude = sandbox.main.join(".git/info/exclude");
    write(&exclude, "# mine\n*.log\n/wiki/mine.md\n");
    sandbox.add("keep");
    sandbox.run("remove keep").succeeds();
    let before = excluded(&sandbox);
    assert!(
        before.starts_with("# mine\n*.log\n/wiki/mine.md\n"),
        "{before}"
    );
    assert!(!before.contains("a.md"), "{before}");

    let lines = |text: &str| text.matches("/wiki/a.md\n").count();
    for first in ["one", "two"] {
        for name in ["one", "two"] {
            sandbox.add_again(name);
        }
        assert_eq!(lines(&excluded(&sandbox)), 1);
        let last = if first == "one" { "two" } else { "one" };
        let told = format!("removed {first}\n[...]");
        sandbox.run(["remove", first]).says(&told);
        assert_eq!(lines(&excluded(&sandbox)), 1);
        sandbox.assert_clean(&sandbox.worktree(last));
        let words = format!("removed {last}\n[...]");
        sandbox.run(["remove", last]).says(&words);
        assert_eq!(excluded(&sandbox), before);
    }

    // One that the user has too is the user's.
    write(&exclude, format!("/wiki/a.md\n{before}"));
    sandbox.add_again("one");
    sandbox.run("remove one").succeeds();
    assert_eq!(excluded(&sandbox), format!("/wiki/a.md\n{before}"));
}

#[test]
fn without_a_list_what_the_layout_names_was_put_there() {
    let sandbox = Sandbox::new();
    write(&sandbox.main.join(".claude/settings.local.json"), "{}");
    let worktree = sandbox.add("feat");
    unset(&sandbox.list_of_placed("feat"));
    write(&sandbox.main.join(".git/info/exclude"), "");
    assert_eq!(
        sandbox.status(&worktree),
        "?? .claude/settings.local.json\n?? frontend/node_modules"
    );
    assert_eq!(sandbox.list()[0]["changes"], 0);
    sandbox.remove("feat");
}

#[test]
fn the_list_follows_what_is_changed_later_but_for_what_the_user_has_changed() {
    let (sandbox, worktree) = Sandbox::serving().with_worktree("feat");
    let as_listed = || {
        let list = read_json(&sandbox.list_of_placed("feat"));
        ["frontend/.env", "backend/.env"]
            .map(|path| list["paths"][path] == as_placed(&worktree.join(path)))
    };
    assert_eq!(as_listed(), [true, true]);
    let move_away = |times| {
        sandbox.restart();
        let stranger = sandbox.stranger_on(sandbox.ports("feat").0);
        sandbox
            .run("resume")
            .is(0, "[...]", "warning: the backend [..] moved [..]\n");
        sandbox.await_programs("feat", times);
        drop(stranger);
    };
    move_away(2);
    assert_eq!(as_listed(), [true, true]);
    let env = worktree.join("frontend/.env");
    let text = read(&env);
    unset(&env);
    write(&env, text + "MINE=1\n");
    move_away(3);
    assert_eq!(as_listed(), [false, true]);
    assert!(read(&env).contains(&format!(":{}\n", sandbox.ports("feat").0)));
}
