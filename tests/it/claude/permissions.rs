//! What Claude was allowed in the main checkout, it is allowed in a worktree.

use crate::sandbox::{Sandbox, eventually, read, read_json, write};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::thread;

fn json_file(sandbox: &Sandbox) -> PathBuf {
    sandbox.home.join(".claude.json")
}

fn settings(sandbox: &Sandbox, name: &str) -> Value {
    read_json(&sandbox.worktree(name).join(".claude/settings.local.json"))
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
    fs::set_permissions(json_file(&sandbox), fs::Permissions::from_mode(0o640)).unwrap();
    sandbox.add("feat");
    let with_entry = read(&json_file(&sandbox));
    assert_ne!(
        with_entry.parse::<Value>().unwrap(),
        text.parse::<Value>().unwrap()
    );
    sandbox
        .run(["remove", "feat"])
        .is(0, "removed feat\n[...]", "");
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
    symlink("dotfiles/claude.json", json_file(&sandbox)).unwrap();
    sandbox.add("feat");
    assert!(json_file(&sandbox).is_symlink());
    assert!(read(&real).contains("tally-feat"));
    assert_eq!(fs::read_dir(real.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn a_claude_json_that_does_not_parse_is_left_alone_with_a_warning() {
    let sandbox = Sandbox::new();
    write(&json_file(&sandbox), "{ broken");
    sandbox.run(["add", "feat"]).is(
        0,
        "added feat\n[...]",
        "warning: [..][ROOT]/home/.claude.json[..]\n[...]",
    );
    assert_eq!(read(&json_file(&sandbox)), "{ broken");
    // One that only just starts may miss the hang-up, and is named then.
    sandbox.await_programs("feat", 1);
    sandbox.run(["remove", "feat"]).is(
        0,
        "removed feat\n[...]",
        "warning: [..][ROOT]/home/.claude.json[..]\n[...]",
    );
    assert_eq!(read(&json_file(&sandbox)), "{ broken");
}

#[test]
fn without_a_claude_json_none_is_made() {
    let sandbox = Sandbox::new();
    fs::remove_file(json_file(&sandbox)).unwrap();
    sandbox.add("feat");
    sandbox
        .run(["remove", "feat"])
        .is(0, "removed feat\n[...]", "");
    assert!(!json_file(&sandbox).exists());
}

#[test]
fn add_waits_while_another_claude_holds_the_lock() {
    let sandbox = Sandbox::new();
    let lock = sandbox.home.join(".claude.json.lock");
    fs::create_dir(&lock).unwrap();
    let before = read(&json_file(&sandbox));
    thread::scope(|scope| {
        let adding = scope.spawn(|| sandbox.run(["add", "feat"]));
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
        fs::write(json_file(&sandbox), changed.to_string()).unwrap();
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
    sandbox
        .run(["add", "feat"])
        .is(0, "added feat\n[...]", "[...]");
    assert!(read(&json_file(&sandbox)).contains("tally-feat"));
    assert!(!lock.exists());
}

#[test]
fn nothing_is_left_beside_claude_json() {
    let sandbox = Sandbox::new();
    sandbox.add("feat");
    sandbox
        .run(["remove", "feat"])
        .is(0, "removed feat\n[...]", "");
    let names = fs::read_dir(&sandbox.home)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut beside: Vec<_> = names.filter(|name| name.starts_with(".claude")).collect();
    beside.sort_unstable();
    assert_eq!(beside, [".claude", ".claude.json"]);
}

#[test]
fn add_merges_allowed_tools_into_the_main_checkout_s_settings_no_rule_twice() {
    let sandbox = Sandbox::new();
    let mains = json!({ "permissions": { "deny": ["Read(.env)"], "allow": ["Edit", "Bash(ls:*)"] }, "model": "opus" });
    write(
        &sandbox.main.join(".claude/settings.local.json"),
        mains.to_string(),
    );
    sandbox.add("feat");
    let mut settings = settings(&sandbox, "feat");
    let allow = settings["permissions"]["allow"].as_array_mut().unwrap();
    allow.sort_by_key(ToString::to_string);
    let merged = json!({
        "permissions": { "deny": ["Read(.env)"], "allow": ["Bash(ls:*)", "Bash(npm run test:*)", "Edit"] },
        "model": "opus",
    });
    assert_eq!(settings, merged);
    assert_eq!(
        read_json(&sandbox.main.join(".claude/settings.local.json")),
        mains
    );
    assert_eq!(
        sandbox.git(&sandbox.worktree("feat"), ["status", "--porcelain"]),
        ""
    );
}

#[test]
fn add_writes_settings_from_allowed_tools_alone() {
    let sandbox = Sandbox::new();
    sandbox.add("feat");
    assert_eq!(
        settings(&sandbox, "feat"),
        json!({ "permissions": { "allow": ["Bash(npm run test:*)", "Edit"] } })
    );
}

#[test]
fn settings_that_are_in_the_worktree_are_merged_and_not_replaced() {
    let sandbox = Sandbox::new();
    write(
        &sandbox.main.join(".claude/settings.local.json"),
        json!({ "model": "opus", "mine": 1 }).to_string(),
    );
    let worktree = sandbox.add("feat");
    sandbox.restart();
    let ours = json!({ "model": "haiku", "permissions": { "allow": ["Edit", "WebSearch"] } });
    write(
        &worktree.join(".claude/settings.local.json"),
        ours.to_string(),
    );
    sandbox.run(["resume"]).is(0, "resumed feat[..]\n", "");
    let merged = json!({
        "model": "haiku",
        "permissions": { "allow": ["Edit", "WebSearch", "Bash(npm run test:*)"] },
        "mine": 1,
    });
    assert_eq!(settings(&sandbox, "feat"), merged);
}

#[test]
fn settings_that_do_not_parse_are_left_alone_with_a_warning() {
    let sandbox = Sandbox::new();
    let mains = sandbox.main.join(".claude/settings.local.json");
    write(&mains, "{ broken");
    sandbox.run(["add", "feat"]).is(
        0,
        "added feat\n[...]",
        "warning: [ROOT]/tally/.claude/settings.local.json [..]\n",
    );
    assert_eq!(read(&mains), "{ broken");
    assert_eq!(
        settings(&sandbox, "feat"),
        json!({ "permissions": { "allow": ["Bash(npm run test:*)", "Edit"] } })
    );
}

#[test]
fn remove_takes_the_worktree_s_entry_out_and_no_other() {
    let sandbox = Sandbox::new();
    sandbox.add("feat");
    sandbox.add("feature");
    sandbox
        .run(["remove", "feat"])
        .is(0, "removed feat\n[...]", "");
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
