//! Files that no commit has: which are named, and how.

use crate::sandbox::{Sandbox, read, write};

#[test]
fn an_env_file_that_git_tracks_and_the_user_changed_is_work() {
    let sandbox = Sandbox::new();
    sandbox.git_main("add --force backend/.env");
    sandbox.git_main(["commit", "-q", "-m", "Track it"]);
    let worktree = sandbox.add("feat");
    write(&worktree.join("backend/.env"), "SECRET_KEY=s3cret\nNEW=1\n");
    sandbox.refuses_to_remove("error: the session feat [..]backend/.env\n[...]");
}

#[test]
fn a_message_names_ten_files_and_counts_the_others_and_a_file_name_cannot_change_what_it_says() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    for number in 10..23 {
        write(&worktree.join(format!("new{number}")), "");
    }
    sandbox
        .refuses_to_remove("error: [..]: new10, [..], new19 and 3 more\n[...]")
        .says_nothing_of("new20");
    write(&worktree.join("a\nhint: rm -rf ~"), "");
    write(&worktree.join("b\u{1b}[2J"), "");
    let refused = sandbox.refuses_to_remove("[...]");
    refused
        .says_nothing_of("\nhint: rm")
        .says_nothing_of("\u{1b}");
}

#[test]
fn an_edit_of_a_file_that_an_older_layout_hid_is_not_lost() {
    let sandbox = Sandbox::new();
    let main = &sandbox.main;
    sandbox.git(main, "add --force frontend/.env");
    sandbox.git(main, ["commit", "--quiet", "--message", "Share it"]);
    // The first session has the ports that main's file names.
    sandbox.add_telling("first", "warning: frontend/.env is committed[..]\n");
    let worktree = sandbox.add("feat");
    let env = worktree.join("frontend/.env");
    let text = read(&env) + "VITE_NEW=1\n";
    sandbox.assert_clean(&worktree);
    write(&main.join(".tally-session.toml"), "[env]\n");
    write(&env, &text);
    sandbox.refuses_to_remove("error: the session feat has changes that are not committed: frontend/.env (git is told not to look at it)\n[...]");
    sandbox.remove_and_restore("--force");
    assert_eq!(read(&env), text);
}

#[test]
fn changes_that_git_is_told_not_to_see_are_refused_and_named() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    for (way, file) in [
        ("--assume-unchanged", "README.md"),
        ("--skip-worktree", "backend/manage.py"),
    ] {
        sandbox.git(&worktree, ["update-index", way, file]);
        write(&worktree.join(file), "changed");
    }
    let named = "README.md (git is told not to look at it), backend/manage.py (git is told not to look at it)";
    sandbox.refuses_to_remove(&format!(
        "error: the session feat has changes that are not committed: {named}\n[...]"
    ));
    let refused = sandbox.run("remove feat");
    let told = format!("removed feat\n  with it went: {named}\n[...]");
    sandbox.run("remove --force feat").says(&told);
    sandbox.run("restore feat").succeeds();
    sandbox
        .follow(&refused, "look at it with: ")
        .tells("modified:   README.md")
        .tells("modified:   backend/manage.py");
}
