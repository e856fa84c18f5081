//! A record whose path is no worktree of the session never leads to a deletion.

use crate::sandbox::{Outcome, Sandbox, make_link, read, read_json, unset, write};
use serde_json::json;
use std::fs;
use std::path::Path;

/// Writes a record of a session `feat` that names this folder.
fn name_in_record(sandbox: &Sandbox, folder: &Path) {
    let store = json!({
        "feat": { "backend_port": 28000, "frontend_port": 25000, "worktree": folder, "branch": "feat" }
    });
    write(&sandbox.main.join(".tally-sessions"), store.to_string());
}

/// Tries everything that could delete the folder that a record names, and checks that it changed nothing but the record.
#[track_caller]
fn assert_left_alone(sandbox: &Sandbox, folder: &Path) {
    name_in_record(sandbox, folder);
    let before = sandbox.snapshot();
    sandbox.run("list").says("[...]\nfeat: [..]\n");
    sandbox.run("resume feat").fails("error: [..]\n[...]");
    sandbox.assert_unchanged_since(&before);
    for args in [["remove", "feat", "-v"], ["remove", "feat", "--force"]] {
        name_in_record(sandbox, folder);
        let _: Outcome = sandbox.run(args).does_not_crash();
        name_in_record(sandbox, folder);
        sandbox.assert_unchanged_since(&before);
    }
}

/// A sandbox that has run a command once: what the first one makes for itself is there.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run("add once").succeeds();
    sandbox.remove("once");
    sandbox
}

#[test]
fn another_repository_and_claude_s_entry_of_it_stay() {
    let sandbox = sandbox();
    let other = sandbox.root.join("other");
    sandbox.git(&sandbox.root, "init -q other");
    sandbox.commit(&other, "file", "text");
    write(&other.join("new"), "not committed");
    let json = sandbox.home.join(".claude.json");
    let mut claude = read_json(&json);
    claude["projects"][other.to_str().unwrap()] = json!({ "history": [1] });
    write(&json, claude.to_string());
    assert_left_alone(&sandbox, &other);
}

#[test]
fn a_worktree_of_another_repository_stays() {
    let sandbox = sandbox();
    let (other, theirs) = (sandbox.root.join("other"), sandbox.root.join("theirs"));
    sandbox.git(&sandbox.root, "init -q other");
    sandbox.commit(&other, "file", "text");
    sandbox.git_at(&other, "worktree add -q -b feat", &theirs);
    assert_left_alone(&sandbox, &theirs);
}

#[test]
fn plain_folders_stay_full_or_empty() {
    let sandbox = sandbox();
    let (full, empty) = (sandbox.root.join("full"), sandbox.root.join("empty"));
    write(&full.join("frontend/node_modules/mine"), "mine");
    fs::create_dir(&empty).unwrap();
    assert_left_alone(&sandbox, &full);
    assert_left_alone(&sandbox, &empty);
}

#[test]
fn the_main_checkout_and_what_is_in_it_and_above_it_stay() {
    let sandbox = sandbox();
    let main = sandbox.main.clone();
    for folder in [
        &main,
        &main.join("frontend/node_modules"),
        &main.join(".git"),
        &sandbox.root,
    ] {
        assert_left_alone(&sandbox, folder);
    }
    assert_left_alone(&sandbox, Path::new("/"));
    assert_left_alone(&sandbox, &main.join("../tally"));
}

#[test]
fn what_a_symlink_leads_to_stays() {
    let sandbox = sandbox();
    let link = sandbox.root.join("link");
    for target in [sandbox.main.clone(), sandbox.home.clone(), "nowhere".into()] {
        make_link(target, &link);
        assert_left_alone(&sandbox, &link);
        unset(&link);
    }
}

#[test]
fn the_worktree_of_another_session_stays() {
    let sandbox = Sandbox::new();
    let other = sandbox.add("other");
    let link = sandbox.root.join("link");
    make_link(&other, &link);
    for folder in [&other, &link] {
        let record = json!({ "backend_port": 28000, "frontend_port": 25000, "worktree": folder, "branch": "feat" });
        let mut store = sandbox.store();
        store["feat"] = record;
        write(&sandbox.main.join(".tally-sessions"), store.to_string());
        for args in [["remove", "feat", "-v"], ["remove", "feat", "--force"]] {
            let _: Outcome = sandbox.run(args).does_not_crash();
            assert!(other.join("backend/db.sqlite3").exists(), "{args:?}");
            assert!(sandbox.names().contains(&"other".to_owned()), "{args:?}");
        }
    }
    assert_eq!(sandbox.tmux_sessions(), ["tally-other"]);
    assert_eq!(sandbox.git(&other, "branch --show-current"), "other");
}

#[test]
fn a_branch_that_the_main_checkout_or_another_session_is_on_stays() {
    let sandbox = Sandbox::new().with("other").with("feat");
    for branch in ["main", "other"] {
        sandbox.edit_record("feat", |record| record["branch"] = branch.into());
        let _: Outcome = sandbox.run("remove feat --force").does_not_crash();
        assert_eq!(
            sandbox.git_main(["branch", "--list", "--format=%(refname:short)", branch]),
            branch
        );
    }
    assert_eq!(
        read(&sandbox.worktree("other").join("README.md")),
        "# Points\n"
    );
    assert_eq!(sandbox.git_main("branch --show-current"), "main");
}

#[test]
fn a_store_that_came_with_a_clone_has_nothing_made_or_run() {
    let sandbox = Sandbox::new();
    let layout = "activate = \"touch ~/activated\"\n[hooks]\npost_add = \"touch ~/hooked\"\n";
    sandbox.commit(&sandbox.main, ".tally-session.toml", layout);
    sandbox.git_main("branch feat");
    let anywhere = sandbox.home.join("anywhere");
    name_in_record(&sandbox, &anywhere);
    sandbox.git_main("add -f .tally-sessions");
    sandbox.commit_all();
    let what = "its record names [ROOT]/home/anywhere, which is no worktree of this repository, and not its place [ROOT]/tally-feat";
    let cure = "write the right path into [ROOT]/tally/.tally-sessions, or take the record out: tally-session remove feat";
    let refused = format!("error: feat: {what}\nhint: {cure}\n");
    for args in [&["resume"][..], &["resume", "feat"], &["attach", "feat"]] {
        let before = sandbox.snapshot();
        sandbox.run(args).fails(&refused);
        sandbox.assert_unchanged_since(&before);
    }
    let row = "feat  broken  28000    25000     feat    -1       -       [ROOT]/home/anywhere";
    sandbox
        .run("list")
        .says(&format!("NAME [..]\n{row}\nfeat: {what}: {cure}\n"));
    let doctor = sandbox.run("doctor");
    let found = format!("failed   feat: {what}\n         {cure}\n");
    assert!(doctor.stdout.contains(&found), "{doctor}");
    assert!(sandbox.tmux_sessions().is_empty() && !anywhere.exists());
}

#[test]
fn a_record_of_a_worktree_of_this_repository_counts_wherever_that_is() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.restart();
    let elsewhere = sandbox.root.join("elsewhere");
    let [from, to] = [&worktree, &elsewhere].map(|path| path.to_str().unwrap());
    sandbox.git_main(["worktree", "move", from, to]);
    sandbox.edit_record("feat", |record| {
        record["worktree"] = elsewhere.to_str().unwrap().into();
    });
    assert_eq!(sandbox.list()[0]["problems"], json!([]));
    // git has it listed, though it is gone.
    unset(&elsewhere);
    sandbox.resume("feat");
    assert!(elsewhere.join("README.md").exists());
}
