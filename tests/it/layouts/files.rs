//! What `[files]` copies and links.

use crate::sandbox::{
    Sandbox, leads_to, make_database, make_link, points, read, set_mode, unset, write,
};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A project that git ignores more of, with these lines of `[files]`.
fn with_files(ignored: &str, files: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let ignored = format!("node_modules/\n.env\n*.sqlite3\n{ignored}");
    write(&sandbox.main.join(".gitignore"), ignored);
    sandbox.lay_out(format!("[files]\n{files}\n"));
    sandbox
}

#[track_caller]
fn assert_mode(path: &Path, mode: u32) {
    let found = fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(found & 0o777, mode, "{}", path.display());
}

#[test]
fn a_folder_is_copied_with_all_that_git_ignores_in_it() {
    let sandbox = with_files(
        "/storage/*\n!/storage/.keep\n",
        "copy = [\"storage/\"]\nsqlite = [\"storage/dev.sqlite3\"]",
    );
    let storage = sandbox.main.join("storage");
    write(&storage.join(".keep"), "");
    sandbox.commit_all();
    write(&storage.join("keys/private/one"), "one");
    set_mode(&storage.join("keys/private"), 0o700);
    set_mode(&storage.join("keys/private/one"), 0o400);
    make_link("keys/private/one", &storage.join("link"));
    make_database(&storage.join("dev.sqlite3"));
    write(&storage.join("dev.sqlite3-journal"), "of another");

    let copied = sandbox.add("feat").join("storage");
    assert_eq!(read(&copied.join("keys/private/one")), "one");
    assert_mode(&copied.join("keys/private"), 0o700);
    assert_mode(&copied.join("keys/private/one"), 0o400);
    let link = leads_to(&copied.join("link"));
    assert_eq!(link, Path::new("keys/private/one"));
    assert!(!copied.join("dev.sqlite3-journal").exists());
    assert_eq!(points(&copied.join("dev.sqlite3")), ["a", "b", "c"]);
    sandbox.assert_clean(&sandbox.worktree("feat"));
    sandbox.remove("feat");
}

#[test]
fn a_folder_that_git_does_not_know_is_copied_whole_and_hidden_file_by_file() {
    let sandbox = with_files("", "copy = [\"media\"]");
    sandbox.commit_all();
    write(&sandbox.main.join("media/a/b"), "b");
    write(&sandbox.main.join("media/c"), "c");
    let worktree = sandbox.add("feat");
    assert_eq!(read(&worktree.join("media/a/b")), "b");
    assert_eq!(read(&worktree.join("media/c")), "c");
    sandbox.assert_clean(&worktree);
    let exclude = read(&sandbox.main.join(".git/info/exclude"));
    let lines: Vec<_> = exclude
        .lines()
        .filter(|line| line.contains("media"))
        .collect();
    assert_eq!(lines, ["/media/a/b", "/media/c"]);
    sandbox.remove("feat");
}

#[test]
fn unfinished_work_in_a_folder_is_neither_copied_nor_hidden() {
    let sandbox = with_files("/config/*.key\n", "copy = [\"config\"]");
    write(&sandbox.main.join("config/routes"), "");
    sandbox.commit_all();
    write(&sandbox.main.join("config/master.key"), "key");
    write(&sandbox.main.join("config/new"), "main's");
    let worktree = sandbox.add("feat");
    assert_eq!(read(&worktree.join("config/master.key")), "key");
    assert!(!worktree.join("config/new").exists());
    assert_eq!(sandbox.status(&sandbox.main), "?? config/new");
    // Nor when all that is placed is hidden once more.
    write(&worktree.join("config/other"), "feat's");
    sandbox.restart();
    let layout = read(&sandbox.main.join(".tally-session.toml"));
    let ports = "[ports]\nbackend = 8000\nfrontend = 5000\nmore = 6000\n";
    sandbox.lay_out(format!("{layout}{ports}"));
    sandbox.resume_telling("warning: the more of feat [..]\n");
    assert_eq!(sandbox.status(&worktree), "?? config/other");
    let error = "error: [..] config/other\n[...]";
    sandbox.run("remove feat").fails(error);
}

#[test]
fn files_of_a_copied_folder_come_back_if_they_are_missing_and_stay_as_they_are() {
    let sandbox = with_files("/media/\n", "copy = [\"media\"]");
    sandbox.commit_all();
    write(&sandbox.main.join("media/a"), "a");
    write(&sandbox.main.join("media/b"), "b");
    let worktree = sandbox.add("feat");
    sandbox.restart();
    write(&worktree.join("media/a"), "mine");
    unset(&worktree.join("media/b"));
    sandbox.run("resume").succeeds();
    assert_eq!(read(&worktree.join("media/a")), "mine");
    assert_eq!(read(&worktree.join("media/b")), "b");
}

#[test]
fn a_file_that_git_tracks_is_the_branch_s_own() {
    let sandbox = with_files("", "copy = [\"README.md\"]");
    sandbox.commit_all();
    write(&sandbox.main.join("README.md"), "changed");
    let worktree = sandbox.add("feat");
    assert_eq!(read(&worktree.join("README.md")), "# Points\n");
    sandbox.assert_clean(&worktree);
}

#[test]
fn what_goes_into_a_folder_that_the_branch_lacks_brings_it_along() {
    let sandbox = with_files(
        "/config/master.key\n",
        "link = [\"apps/web/node_modules\"]\ncopy = [\"config/master.key\"]",
    );
    sandbox.commit_all();
    for app in ["apps/web", "config"] {
        write(&sandbox.main.join(app).join("package.json"), "{}");
    }
    write(&sandbox.main.join("apps/web/node_modules/a"), "a");
    write(&sandbox.main.join("config/master.key"), "key");
    let worktree = sandbox.add("feat");
    assert_eq!(read(&worktree.join("apps/web/node_modules/a")), "a");
    assert_eq!(read(&worktree.join("config/master.key")), "key");
    sandbox.assert_clean(&worktree);
    sandbox.remove("feat");
    assert!(sandbox.main.join("apps/web/node_modules/a").exists());
}

#[test]
fn a_file_that_git_ignores_comes_along_though_git_tracks_thousands_in_its_folder() {
    let sandbox = Sandbox::new();
    sandbox.lay_out("[files]\ncopy = [\"data\"]\n");
    let folder = ["long"; 3].map(|name| name.repeat(60)).join("/");
    for number in 0..3000 {
        write(&sandbox.main.join(format!("data/{folder}/{number}")), "");
    }
    write(
        &sandbox.main.join(".gitignore"),
        "node_modules/\n.env\n*.sqlite3\n*.local\n",
    );
    sandbox.commit_all();
    write(&sandbox.main.join("data/own.local"), "own");
    let worktree = sandbox.add("feat");
    assert_eq!(read(&worktree.join("data/own.local")), "own");
    sandbox.assert_clean(&worktree);
}
