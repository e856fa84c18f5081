//! What Claude was allowed in the main checkout, it is allowed in a worktree.

use crate::sandbox::{
    Sandbox, eventually, leads_to, make_link, read, read_json, set_mode, unset, write,
};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;

fn json_file(sandbox: &Sandbox) -> PathBuf {
    sandbox.home.join(".claude.json")
}

/// Claude's own settings of a checkout.
fn settings(checkout: &Path) -> PathBuf {
    checkout.join(".claude/settings.local.json")
}

fn mains(sandbox: &Sandbox) -> PathBuf {
    settings(&sandbox.main)
}

#[test]
fn add_copies_allowed_tools_and_approvals_and_no_history_costs_or_ids() {
    let sandbox = Sandbox::new();
    let approved = json!({
        "allowedTools": ["Bash(ls:*)", "mcp__a__b"],
        "hasTrustDialogAccepted": true,
        "enabledMcpjsonServers": ["a"],
        "disabledMcpjsonServers": ["b"],
        "mcpServers": { "c": { "command": "c" } },
        "hasClaudeMdExternalIncludesApproved": true,
    });
    let mut entry = approved.clone();
    let private = [
        ("history", json!([1])),
        ("lastCost", json!(2.5)),
        ("lastSessionId", json!("x")),
        ("exampleFiles", json!(["y"])),
    ];
    for (key, value) in private {
        entry[key] = value;
    }
    write(
        &json_file(&sandbox),
        json!({ "projects": { sandbox.main.to_str().unwrap(): entry } }).to_string(),
    );
    let worktree = sandbox.add("feat");
    let file = read_json(&json_file(&sandbox));
    assert_eq!(file["projects"][worktree.to_str().unwrap()], approved);
    assert_eq!(file["projects"][sandbox.main.to_str().unwrap()], entry);
}

#[test]
fn add_keeps_the_rest_of_claude_json_as_it_is() {
    let sandbox = Sandbox::new();
    let main = sandbox.main.to_str().unwrap();
    let text = format!(
        "{{\"zebra\": 1.50, \"big\": 123456789012345678901234567890, \"tiny\": 1e-7, \"ape\": {{\"b\": 1, \"a\": null}}, \
         \"projects\": {{\"/x\": {{\"lastCost\": 0.10}}, \"{main}\": {{\"allowedTools\": [\"Edit\"]}}}}, \"unknown\": \"\\u00e9\"}}"
    );
    write(&json_file(&sandbox), &text);
    set_mode(&json_file(&sandbox), 0o640);
    sandbox.add("feat");
    let with_entry = read(&json_file(&sandbox));
    assert_ne!(
        with_entry.parse::<Value>().unwrap(),
        text.parse::<Value>().unwrap()
    );
    sandbox.remove("feat");
    let after = read(&json_file(&sandbox));
    for number in ["1.50", "123456789012345678901234567890", "1e-7", "0.10"] {
        assert!(
            with_entry.contains(number) && after.contains(number),
            "{number}: {after}"
        );
    }
    // Without spaces and line ends the text is the same, key by key.
    assert_eq!(
        after.parse::<Value>().unwrap().to_string(),
        text.parse::<Value>().unwrap().to_string()
    );
    let mode = fs::metadata(json_file(&sandbox))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn add_writes_claude_json_through_a_symlink() {
    let sandbox = Sandbox::new();
    let real = sandbox.home.join("dotfiles/claude.json");
    fs::create_dir(real.parent().unwrap()).unwrap();
    fs::rename(json_file(&sandbox), &real).unwrap();
    make_link("dotfiles/claude.json", &json_file(&sandbox));
    sandbox.add("feat");
    assert!(json_file(&sandbox).is_symlink());
    assert!(read(&real).contains("tally-feat"));
    assert_eq!(fs::read_dir(real.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn a_claude_json_that_does_not_parse_is_left_alone_with_a_warning() {
    let sandbox = Sandbox::new();
    write(&json_file(&sandbox), "{ broken");
    sandbox.add_telling("feat", "warning: [..][ROOT]/home/.claude.json[..]\n[...]");
    assert_eq!(read(&json_file(&sandbox)), "{ broken");
    // One that only just starts may miss the hang-up, and is named then.
    sandbox.await_programs("feat", 1);
    sandbox.remove_telling("feat", "warning: [..][ROOT]/home/.claude.json[..]\n[...]");
    assert_eq!(read(&json_file(&sandbox)), "{ broken");
}

#[test]
fn without_a_claude_json_none_is_made() {
    let sandbox = Sandbox::new();
    unset(&json_file(&sandbox));
    sandbox.add("feat");
    sandbox.remove("feat");
    assert!(!json_file(&sandbox).exists());
}

#[test]
fn add_waits_while_another_claude_holds_the_lock() {
    let sandbox = Sandbox::new();
    let lock = sandbox.home.join(".claude.json.lock");
    fs::create_dir(&lock).unwrap();
    let before = read(&json_file(&sandbox));
    thread::scope(|scope| {
        let adding = scope.spawn(|| sandbox.run("add feat"));
        eventually("add has what it would write", || {
            let mut files = fs::read_dir(&sandbox.home).unwrap();
            let is_part = |name: OsString| name.to_string_lossy().ends_with(".tally-session-part");
            files
                .any(|file| is_part(file.unwrap().file_name()))
                .then_some(())
        });
        // The holder changes the file meanwhile, as it may.
        assert_eq!(read(&json_file(&sandbox)), before);
        let mut changed: Value = before.parse().unwrap();
        changed["numStartups"] = 8.into();
        write(&json_file(&sandbox), changed.to_string());
        fs::remove_dir(&lock).unwrap();
        adding.join().unwrap().is(0, "added feat\n[...]", "[...]");
    });
    let after = read_json(&json_file(&sandbox));
    assert_eq!(after["numStartups"], 8);
    assert!(
        after["projects"]
            .as_object()
            .unwrap()
            .keys()
            .any(|key| key.ends_with("tally-feat"))
    );
    assert!(!lock.exists());
}

#[test]
fn add_takes_over_a_lock_that_a_dead_claude_left() {
    let sandbox = Sandbox::new();
    let lock = sandbox.home.join(".claude.json.lock");
    fs::create_dir(&lock).unwrap();
    let touched = sandbox
        .command("touch", &sandbox.home)
        .args(["-d", "2020-01-01"])
        .arg(&lock)
        .status()
        .unwrap();
    assert!(touched.success());
    sandbox.add_telling("feat", "[...]");
    assert!(read(&json_file(&sandbox)).contains("tally-feat"));
    assert!(!lock.exists());
}

#[test]
fn nothing_is_left_beside_claude_json() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.remove("feat");
    let names = fs::read_dir(&sandbox.home)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut beside: Vec<_> = names.filter(|name| name.starts_with(".claude")).collect();
    beside.sort_unstable();
    assert_eq!(beside, [".claude", ".claude.json"]);
}

#[test]
fn what_is_allowed_in_the_main_checkout_s_settings_is_allowed_in_a_session_and_no_longer_than_there()
 {
    let sandbox = Sandbox::new();
    write(&mains(&sandbox), json!({ "model": "opus" }).to_string());
    let worktree = sandbox.add("feat");
    assert_eq!(leads_to(&settings(&worktree)), mains(&sandbox));
    write(&mains(&sandbox), json!({ "model": "haiku" }).to_string());
    assert_eq!(read_json(&settings(&worktree))["model"], "haiku");
    sandbox.assert_clean(&worktree);
    sandbox.remove("feat");
    assert_eq!(read_json(&mains(&sandbox))["model"], "haiku");
}

#[test]
fn rules_that_claude_json_alone_has_become_no_settings() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    assert!(!settings(&worktree).exists());
    // Claude makes the main checkout's when something is allowed for good.
    write(&mains(&sandbox), "{}");
    sandbox.restart();
    sandbox.resume("feat");
    assert_eq!(leads_to(&settings(&worktree)), mains(&sandbox));
}

#[test]
fn settings_that_are_in_the_worktree_stay_as_they_are() {
    let sandbox = Sandbox::new();
    write(&mains(&sandbox), "{}");
    let worktree = sandbox.add("feat");
    sandbox.restart();
    unset(&settings(&worktree));
    write(&settings(&worktree), "{ broken");
    sandbox.resume("feat");
    assert_eq!(read(&settings(&worktree)), "{ broken");
    assert_eq!(read(&mains(&sandbox)), "{}");
}

#[test]
fn settings_that_the_project_has_committed_stay_and_are_in_no_remove_s_way() {
    let sandbox = Sandbox::new();
    let text = json!({ "permissions": { "allow": ["Read"] } }).to_string();
    sandbox.commit(&sandbox.main, ".claude/settings.local.json", &text);
    let worktree = sandbox.add("feat");
    assert_eq!(read(&settings(&worktree)), text);
    assert!(!settings(&worktree).is_symlink());
    sandbox.remove("feat");
}

#[test]
fn the_copy_of_settings_that_an_older_version_put_there_becomes_a_link_unless_it_was_changed() {
    for is_changed in [false, true] {
        let sandbox = Sandbox::new();
        write(&mains(&sandbox), "{}");
        // As a copy that the list in git's folder knows, which is what older versions made.
        let copies = "[files]\nlink = []\ncopy = [\".claude/settings.local.json\"]\n";
        sandbox.lay_out(copies);
        let worktree = sandbox.worktree("feat");
        fs::rename(mains(&sandbox), sandbox.root.join("mains")).unwrap();
        sandbox.add_telling("feat", "[...]");
        let list = sandbox
            .main
            .join(".git/worktrees/tally-feat/tally-session.json");
        write(&settings(&worktree), "{ \"old\": 1 }");
        let about = fs::metadata(settings(&worktree)).unwrap();
        let seen = json!({ "file": {
            "inode": about.ino(), "size": about.size(), "seconds": about.ctime(), "nanoseconds": about.ctime_nsec(),
        } });
        let mut placed = read_json(&list);
        placed["paths"][".claude/settings.local.json"] = seen;
        write(&list, placed.to_string());
        fs::rename(sandbox.root.join("mains"), mains(&sandbox)).unwrap();
        unset(&sandbox.main.join(".tally-session.toml"));
        if is_changed {
            write(&settings(&worktree), "{ \"mine\": 1 }");
        }
        sandbox.restart();
        sandbox.resume_telling("[...]");
        assert_eq!(settings(&worktree).is_symlink(), !is_changed);
    }
}

#[test]
fn remove_takes_the_worktree_s_entry_out_and_no_other() {
    let sandbox = Sandbox::new().with("feat").with("feature");
    sandbox.remove("feat");
    let file = read_json(&json_file(&sandbox));
    let keys: Vec<_> = file["projects"].as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            sandbox.main.to_str().unwrap(),
            sandbox.worktree("feature").to_str().unwrap()
        ]
    );
}
