//! A record whose path is no worktree of the session never leads to a deletion.

use crate::sandbox::{Sandbox, edit_json, make_link, read, unset, write};
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
    for line in ["remove feat -v", "remove feat --force"] {
        name_in_record(sandbox, folder);
        sandbox.run(line).does_not_crash();
        name_in_record(sandbox, folder);
        sandbox.assert_unchanged_since(&before);
    }
}

#[test]
fn a_folder_that_only_a_record_names_stays_whatever_it_is() {
    let sandbox = Sandbox::quick();
    // What the first one makes for itself is there.
    sandbox.run("add once").succeeds();
    sandbox.remove("once");
    let (root, main) = (sandbox.root.clone(), sandbox.main.clone());
    let other = sandbox.make_repository("other");
    write(&other.join("new"), "not committed");
    edit_json(&sandbox.claude_json(), |json| {
        json["projects"][other.to_str().unwrap()] = json!({ "history": [1] });
    });
    sandbox.git(&other, "worktree add -q -b feat ../theirs");
    write(&root.join("full/frontend/node_modules/mine"), "mine");
    fs::create_dir(root.join("empty")).unwrap();
    for (link, target) in [
        ("to-main", "tally"),
        ("to-home", "home"),
        ("to-nothing", "nowhere"),
    ] {
        make_link(root.join(target), &root.join(link));
    }
    for folder in [
        "other",
        "theirs",
        "full",
        "empty",
        "to-main",
        "to-home",
        "to-nothing",
        "",
        "/",
    ] {
        assert_left_alone(&sandbox, &root.join(folder));
    }
    for folder in ["", "frontend/node_modules", ".git", "../tally"] {
        assert_left_alone(&sandbox, &main.join(folder));
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
        for line in ["remove feat -v", "remove feat --force"] {
            sandbox.run(line).does_not_crash();
            assert!(other.join("backend/db.sqlite3").exists(), "{line}");
            assert!(sandbox.names().contains(&"other".to_owned()), "{line}");
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
        sandbox.run("remove feat --force").does_not_crash();
        let told = sandbox.git_main(["branch", "--list", "--format=%(refname:short)", branch]);
        assert_eq!(told, branch);
    }
    let text = read(&sandbox.worktree("other").join("README.md"));
    assert_eq!(text, "# Points\n");
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
    for line in ["resume", "resume feat", "attach feat"] {
        sandbox.run_changes_nothing(line).fails(&refused);
    }
    let row = "feat  broken  28000    25000     feat    -1       -       [ROOT]/home/anywhere";
    let told = format!("NAME [..]\n{row}\nfeat: {what}: {cure}\n");
    sandbox.run("list").says(&told);
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
    sandbox.git(&worktree, "worktree move . ../elsewhere");
    sandbox.edit_record("feat", |record| {
        record["worktree"] = elsewhere.to_str().unwrap().into();
    });
    assert_eq!(sandbox.list()[0]["problems"], json!([]));
    // git has it listed, though it is gone.
    unset(&elsewhere);
    sandbox.resume("feat");
    assert!(elsewhere.join("README.md").exists());
}

#[test]
fn in_a_copy_of_the_main_checkout_alone_the_other_s_sessions_are_told_to_be_none_of_it() {
    let (mut sandbox, worktree) = Sandbox::serving().with_worktree("feat");
    sandbox.await_event("listening", "python", "feat", 1);
    write(&worktree.join("mine"), "mine");
    let mut cp = sandbox.command("cp", &sandbox.root);
    fs::create_dir(sandbox.root.join("backup")).unwrap();
    assert!(
        cp.args(["-a", "tally", "backup"])
            .status()
            .unwrap()
            .success()
    );
    let original = sandbox.main.clone();
    sandbox.main = sandbox.root.join("backup/tally");
    let what = "its record names [ROOT]/tally-feat, which is no worktree of this repository, and not its place [ROOT]/backup/tally-feat";
    let cure = "write the right path into [ROOT]/backup/tally/.tally-sessions, or take the record out: tally-session remove feat";
    let list = sandbox.run_changes_nothing("list");
    list.says(&format!("NAME [..]\nfeat [..]\nfeat: {what}: {cure}\n"));
    sandbox
        .run_changes_nothing("doctor")
        .says_nothing_of("kill");
    let refused = format!("error: feat: {what}\nhint: {cure}\n");
    sandbox.run_changes_nothing("stop feat").fails(&refused);
    sandbox.run("remove --force feat").says("removed feat\n");
    sandbox.main = original;
    assert_eq!(sandbox.list()[0]["problems"], json!([]));
    sandbox.refuses_to_remove("error: [..]mine\n[...]");
}
