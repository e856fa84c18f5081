//! What Claude was allowed in the main checkout, it is allowed in a worktree.

use crate::sandbox::{
    Sandbox, as_placed, edit_json, files_in, leads_to, mode_of, read, read_json, set_mode, unset,
    until, write,
};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

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
    for private in ["history", "lastCost", "lastSessionId", "exampleFiles"] {
        entry[private] = json!([1]);
    }
    let file = json!({ "projects": { sandbox.main.to_str().unwrap(): entry } });
    write(&sandbox.claude_json(), file.to_string());
    let worktree = sandbox.add("feat");
    assert_eq!(sandbox.claude_s_entry(&worktree), approved);
    assert_eq!(sandbox.claude_s_entry(&sandbox.main), entry);
}

#[test]
fn add_keeps_the_rest_of_claude_json_as_it_is() {
    let sandbox = Sandbox::new();
    let main = sandbox.main.to_str().unwrap();
    let text = format!(
        "{{\"zebra\": 1.50, \"big\": 123456789012345678901234567890, \"tiny\": 1e-7, \"ape\": {{\"b\": 1, \"a\": null}}, \
         \"projects\": {{\"/x\": {{\"lastCost\": 0.10}}, \"{main}\": {{\"allowedTools\": [\"Edit\"]}}}}, \"unknown\": \"\\u00e9\"}}"
    );
    write(&sandbox.claude_json(), &text);
    set_mode(&sandbox.claude_json(), 0o640);
    sandbox.add("feat");
    let with_entry = read(&sandbox.claude_json());
    let value = |text: &str| text.parse::<Value>().unwrap();
    assert_ne!(value(&with_entry), value(&text));
    sandbox.remove("feat");
    let after = read(&sandbox.claude_json());
    for number in ["1.50", "123456789012345678901234567890", "1e-7", "0.10"] {
        let is_kept = with_entry.contains(number) && after.contains(number);
        assert!(is_kept, "{number}: {after}");
    }
    // Without spaces and line ends the text is the same, key by key.
    assert_eq!(value(&after).to_string(), value(&text).to_string());
    assert_eq!(mode_of(&sandbox.claude_json()), 0o640);
    let mut beside = files_in(&sandbox.home);
    beside.retain(|path| path.to_string_lossy().contains(".claude."));
    assert_eq!(beside, [sandbox.claude_json()]);
}

#[test]
fn add_waits_while_another_claude_holds_the_lock() {
    let sandbox = Sandbox::new();
    let lock = sandbox.home.join(".claude.json.lock");
    fs::create_dir(&lock).unwrap();
    let before = read(&sandbox.claude_json());
    thread::scope(|scope| {
        let adding = scope.spawn(|| sandbox.run("add feat"));
        until("add has what it would write", || {
            let is_part = |path: &PathBuf| path.to_string_lossy().ends_with(".tally-session-part");
            files_in(&sandbox.home).iter().any(is_part)
        });
        // The holder changes the file meanwhile, as it may.
        assert_eq!(read(&sandbox.claude_json()), before);
        let mut changed: Value = before.parse().unwrap();
        changed["numStartups"] = 8.into();
        write(&sandbox.claude_json(), changed.to_string());
        fs::remove_dir(&lock).unwrap();
        adding.join().unwrap().is(0, "added feat\n[...]", "[...]");
    });
    assert_eq!(read_json(&sandbox.claude_json())["numStartups"], 8);
    let entry = sandbox.claude_s_entry(&sandbox.worktree("feat"));
    assert_eq!(entry["hasTrustDialogAccepted"], true);
    assert!(!lock.exists());
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
        write(&settings(&worktree), "{ \"old\": 1 }");
        edit_json(&sandbox.list_of_placed("feat"), |placed| {
            placed["paths"][".claude/settings.local.json"] = as_placed(&settings(&worktree));
        });
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
    let file = read_json(&sandbox.claude_json());
    let keys: Vec<_> = file["projects"].as_object().unwrap().keys().collect();
    let feature = sandbox.worktree("feature");
    let left = [&sandbox.main, &feature].map(|path| path.to_str().unwrap());
    assert_eq!(keys, left);
}
