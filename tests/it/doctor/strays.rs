//! What no session owns.

use super::{assert_fine, assert_left, assert_mended, project, stopped};
use crate::sandbox::{Sandbox, edit_json, points, read, read_json, unset, write};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::thread;

/// A worktree as a session has one, without a record.
fn stray(sandbox: &Sandbox) -> PathBuf {
    sandbox.git_main("worktree add -q -b old ../tally-old");
    sandbox.worktree("old")
}

#[test]
fn a_worktree_that_no_record_has_is_left_and_the_cure_makes_it_a_session() {
    let sandbox = project();
    let path = stray(&sandbox);
    let found = assert_left(
        &sandbox,
        "warning  the worktree [ROOT]/tally-old looks like a session's, and no record has it\n         [..]",
    );
    let cure = found.command_after("make it a session again: ");
    write(&path.join("work"), "not committed");
    sandbox.type_line(&cure).goes_well();
    sandbox.await_programs("old", 1);
    assert_eq!(read(&path.join("work")), "not committed");
    sandbox.restart();
    assert_fine(&sandbox);
}

#[test]
fn sessions_whose_store_was_lost_are_made_sessions_again_by_the_cures_with_all_that_they_had() {
    let (sandbox, worktree) = project().with_worktree("feat");
    sandbox.await_programs("feat", 1);
    let database = worktree.join("backend/db.sqlite3");
    let own = Connection::open(&database).unwrap();
    own.execute("INSERT INTO point VALUES ('own')", []).unwrap();
    drop(own);
    let before = sandbox.ports("feat");
    unset(&sandbox.main.join(".tally-sessions"));
    let lost = "the worktree [ROOT]/tally-feat looks like a session's, and no record has it: make it a session again: \
        tally-session resume feat";
    let warning = format!("warning: {lost}\n");
    sandbox.run("list").is(0, "", &warning);
    // Its port is not given away, and it is still told.
    sandbox.add_telling("other", &warning);
    assert_ne!(sandbox.ports("other").0, before.0);
    sandbox
        .run("list")
        .is(0, "NAME [..]\nother [..]\n", &warning);
    sandbox.run("remove feat").fails(
        "error: there is no session feat\n\
         hint: its worktree is there: make it a session again: tally-session resume feat\n\
         hint: see which there are: tally-session list\n",
    );
    sandbox
        .run("doctor")
        .tells("tally-session resume feat")
        .says_nothing_of("kill-session");
    // A stopped one, too.
    sandbox.add_telling("a/b", &warning);
    sandbox.run("stop a/b").goes_well();
    let mut store = sandbox.store();
    let stopped = store.as_object_mut().unwrap().shift_remove("a/b").unwrap();
    write(&sandbox.main.join(".tally-sessions"), store.to_string());
    sandbox.run("resume").is(
        0,
        "other is already running\nresumed a/b[..]\nfeat is already running\n",
        "warning: a/b had no record, and has it again\nwarning: feat had no record, and has it again\n",
    );
    assert_eq!(sandbox.store()["a/b"], stopped);
    assert_eq!(sandbox.ports("feat"), before);
    assert_eq!(sandbox.started("python", "feat").len(), 1);
    assert_eq!(points(&database), ["a", "b", "c", "own"]);
    sandbox.restart();
    assert_fine(&sandbox);
}

#[test]
fn a_session_whose_ports_another_record_has_by_now_gets_others_and_keeps_what_runs() {
    let (sandbox, worktree) = project().with_worktree("feat");
    sandbox.await_programs("feat", 1);
    sandbox.add("other");
    let before = sandbox.ports("feat");
    let mut store = sandbox.store();
    let records = store.as_object_mut().unwrap();
    records.shift_remove("feat");
    records["other"]["backend_port"] = before.0.into();
    write(&sandbox.main.join(".tally-sessions"), store.to_string());
    let told = "warning: [..]: tally-session restart feat\nwarning: feat had no record, and has it again, with the ports [..] for [..]: what runs keeps its own until tally-session restart feat\n";
    sandbox
        .run("resume feat")
        .is(0, "brought back in feat: frontend/.env\n", told);
    let backend = sandbox.ports("feat").0;
    assert_ne!(backend, before.0);
    assert_eq!(sandbox.started("python", "feat").len(), 1);
    sandbox.run("restart feat").succeeds();
    sandbox.await_programs("feat", 2);
    let settings = read(&worktree.join("frontend/.env"));
    assert!(settings.contains(&format!("VITE_API_URL=http://localhost:{backend}\n")));
    sandbox.assert_clean(&worktree);
}

#[test]
fn two_who_make_a_session_of_one_worktree_at_once_do_it_once() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.restart();
    let env = worktree.join("frontend/.env");
    write(&env, "VITE_API_URL=http://localhost:9999\n");
    unset(&sandbox.main.join(".tally-sessions"));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| sandbox.run("resume feat").is(0, "[..]feat[..]\n", "[...]"));
        }
    });
    // It has its own ports again, and what the user has set stays.
    assert_eq!(read(&env), "VITE_API_URL=http://localhost:9999\n");
    sandbox.await_programs("feat", 2);
}

#[test]
fn a_worktree_without_a_record_whose_windows_would_be_somebody_else_s_keeps_no_other_from_a_resume()
{
    let sandbox = Sandbox::new().with("feat").with("other");
    sandbox.restart();
    let store = sandbox.main.join(".tally-sessions");
    let mut records = sandbox.store();
    records.as_object_mut().unwrap().shift_remove("feat");
    write(&store, records.to_string());
    sandbox.tmux("new-session -d -s tally-feat");
    let told = "error: there is a tmux session tally-feat that tally-session did not make\n\
         hint: look at it with: tmux attach -t '=tally-feat'\n\
         hint: call it something else: tmux rename-session -t '=tally-feat' tally-feat-other\n";
    sandbox
        .run("resume feat other")
        .is(1, "resumed other[..]\n", told);
    assert_eq!(sandbox.names(), ["other", "feat"]);
}

#[test]
fn worktrees_of_the_user_s_own_are_nobody_s_business() {
    let sandbox = stopped();
    for (branch, folder) in [
        ("elsewhere", "elsewhere"),
        ("renamed", "tally-other"),
        ("gone", "gone"),
    ] {
        sandbox.git_main(format!("worktree add -q -b {branch} ../{folder}"));
    }
    unset(&sandbox.root.join("gone"));
    assert_fine(&sandbox);
    sandbox.run_changes_nothing("doctor --fix").succeeds();
}

/// Gives git's entry of such a worktree the copy of a record that a session's has.
fn keep_record(sandbox: &Sandbox) {
    let admins = sandbox.main.join(".git/worktrees");
    let record = "tally-session-record.json";
    let of_feat = read(&admins.join("tally-feat").join(record));
    let text = of_feat.replace("feat", "old");
    write(&admins.join("tally-old").join(record), text);
}

#[test]
fn git_s_entry_of_a_worktree_that_no_session_had_is_left_where_its_folder_is_not_there() {
    let sandbox = stopped();
    let path = stray(&sandbox);
    write(&path.join("work"), "staged");
    sandbox.git(&path, "add work");
    let away = sandbox.root.join("home/away");
    fs::rename(&path, &away).unwrap();
    let found = assert_left(
        &sandbox,
        "warning  git's entry of the worktree [ROOT]/tally-old is there, and the folder is not\n         [..]",
    );
    fs::rename(&away, &path).unwrap();
    assert_eq!(sandbox.status(&path), "A  work");
    unset(&path);
    let cure = found.command_after("if it is gone for good: ");
    sandbox.type_line(&cure).goes_well();
    assert_fine(&sandbox);
}

#[test]
fn git_s_entry_of_a_worktree_that_is_gone_is_taken_out_unless_locked_and_branch_and_commits_are_kept()
 {
    let sandbox = stopped();
    let path = stray(&sandbox);
    let found =
        "warning  git's entry of the worktree [ROOT]/tally-old is left, though the folder is gone";
    let fixed = "git's entry of the worktree [ROOT]/tally-old was taken away";
    keep_record(&sandbox);
    sandbox.git_main("worktree lock ../tally-old");
    unset(&path);
    sandbox.run_changes_nothing("doctor --fix").succeeds();
    sandbox.git_main("worktree unlock ../tally-old");
    assert_mended(&sandbox, found, fixed);
    assert_eq!(sandbox.git_main("branch --list old"), "  old");
    sandbox.git_main("worktree add -q --detach ../tally-old");
    keep_record(&sandbox);
    let commit = sandbox.commit(&path, "file", "on no branch");
    unset(&path);
    assert_mended(&sandbox, found, fixed);
    sandbox.git_main("prune --expire=now");
    assert!(sandbox.has_object(&commit));
    // The entry comes back with what git knew.
    sandbox.run("restore old").says("restored old\n");
    let listed = sandbox.git_main("worktree list --porcelain");
    assert!(
        listed.contains(&format!("HEAD {commit}\ndetached")),
        "{listed}"
    );
}

#[test]
fn a_worktree_that_was_moved_keeps_its_entry_and_the_cure_tells_git() {
    let sandbox = stopped();
    let path = stray(&sandbox);
    let moved = sandbox.root.join("moved");
    fs::rename(&path, &moved).unwrap();
    let found = assert_left(
        &sandbox,
        "warning  git's entry of the worktree [ROOT]/tally-old does not know that this was moved to [ROOT]/moved\n         git [..]",
    );
    let cure = found.command_after("         ");
    sandbox.type_line(&cure).goes_well();
    assert_fine(&sandbox);
    assert_eq!(sandbox.git(&moved, "status --porcelain --branch"), "## old");
}

#[test]
fn tmux_sessions_of_no_record_are_named_and_left_and_other_people_s_are_not_named() {
    let sandbox = stopped();
    sandbox.tmux("new-session -d -s tally-mine");
    sandbox.tmux("new-session -d -s tally-other");
    let other = sandbox.root.join("other");
    let other = other.to_str().unwrap();
    sandbox.tmux(["set-option", "-t", "=tally-other:", "@tally_session", other]);
    assert_fine(&sandbox);
    sandbox.tmux(["new-session", "-d", "-s", "tally-it's"]);
    let main = sandbox.main.to_str().unwrap();
    sandbox.tmux(["set-option", "-t", "=tally-it's:", "@tally_session", main]);
    let found = assert_left(
        &sandbox,
        "warning  the tmux session tally-it's was made for a session that has no record any more\n         \
         look at it with: tmux attach -t [..]\n         end all that runs in it: tmux kill-session -t [..]",
    );
    let cure = found.command_after("end all that runs in it: ");
    sandbox.type_line(&cure).succeeds();
    assert_fine(&sandbox);
    let mut left = sandbox.tmux_sessions();
    left.sort_unstable();
    assert_eq!(left, ["tally-mine", "tally-other"]);
}

/// Gives Claude's file an entry of a folder.
fn add_entry(sandbox: &Sandbox, folder: &str, entry: Value) {
    let folder = sandbox.root.join(folder);
    edit_json(&sandbox.claude_json(), |json| {
        json["projects"][folder.to_str().unwrap()] = entry;
    });
}

#[test]
fn a_claude_entry_of_a_worktree_that_is_gone_is_taken_out_if_it_was_only_inherited() {
    let sandbox = stopped();
    let before = read_json(&sandbox.claude_json());
    let found = "warning  Claude's entry of [ROOT]/tally-old is left, though the folder is gone";
    // Those of other projects, and of folders that are there, are nobody's business.
    add_entry(&sandbox, "other", json!({}));
    add_entry(&sandbox, "home", json!({}));
    for entry in [
        json!({ "allowedTools": ["Edit", "WebSearch"] }),
        json!({ "allowedTools": ["Edit"], "history": [1] }),
        json!({ "lastCost": 1.5 }),
        json!({ "mcpServers": { "a": {} } }),
    ] {
        add_entry(&sandbox, "tally-old", entry);
        let more = "it has more than what the main checkout allowed: [..]";
        assert_left(&sandbox, &format!("{found}\n         {more}"));
    }
    write(&sandbox.claude_json(), before.to_string());
    add_entry(
        &sandbox,
        "tally-old",
        json!({ "allowedTools": ["Edit"], "hasTrustDialogAccepted": true }),
    );
    assert_mended(
        &sandbox,
        found,
        "Claude's entry of [ROOT]/tally-old was taken away",
    );
    assert_eq!(read_json(&sandbox.claude_json()), before);
}
