//! `~/.claude.json` that is broken, odd, or cannot be read or written: a warning, and the session all the same.

use crate::sandbox::{Sandbox, make_link, only_in, read, read_json, set_mode, unset, write};
use serde_json::json;
use std::fs;

const ASKS_AGAIN: &str =
    "warning: Claude may ask again for what it was allowed in the main checkout:";
const STAYS: &str = "warning: Claude's entry of the worktree stays:";

#[test]
fn a_file_that_does_not_parse_is_left_alone_with_a_warning() {
    let sandbox = Sandbox::new();
    let json = sandbox.claude_json();
    let texts: [&[u8]; 6] = [
        b"",
        b"{",
        b"[1]",
        b"{\"projects\": {\"x\": 01}}",
        b"\xff\xfe{\0}\0",
        b"null",
    ];
    for text in texts {
        write(&json, text);
        let warning = format!("{ASKS_AGAIN} [ROOT]/home/.claude.json does not parse [..]\n");
        sandbox.add_telling("feat", &warning);
        let warning = format!("{STAYS} [ROOT]/home/.claude.json does not parse [..]\n");
        sandbox.remove_telling("feat", &warning);
        assert_eq!(fs::read(&json).unwrap(), text);
        assert!(!sandbox.home.join(".claude.json.lock").exists());
    }
}

#[test]
fn a_file_of_another_shape_is_left_alone() {
    let sandbox = Sandbox::new();
    let json = sandbox.claude_json();
    let main = sandbox.main.to_str().unwrap();
    for value in [
        json!({}),
        json!({ "projects": [] }),
        json!({ "projects": null }),
        json!({ "projects": { main: "x" } }),
        json!({ "projects": { main: [] } }),
    ] {
        write(&json, value.to_string());
        sandbox.run("add feat").succeeds();
        sandbox.remove("feat");
        assert_eq!(read(&json), value.to_string());
    }
}

#[test]
fn rules_of_another_shape_are_no_crash_and_go_again() {
    let sandbox = Sandbox::new();
    let json = sandbox.claude_json();
    let main = sandbox.main.to_str().unwrap();
    for tools in [json!("Edit"), json!({ "a": 1 }), json!(null)] {
        let claude = json!({ "projects": { main: { "allowedTools": tools } } });
        write(&json, claude.to_string());
        sandbox.run("add feat").does_not_crash();
        sandbox.remove("feat");
        assert_eq!(read_json(&json), claude);
    }
}

#[test]
fn a_missing_file_is_not_made() {
    let sandbox = Sandbox::new();
    let json = sandbox.claude_json();
    sandbox.run("add feat").succeeds();
    unset(&json);
    sandbox.remove("feat");
    sandbox.run("add feat").succeeds();
    sandbox.remove("feat");
    assert!(!json.exists());
    make_link("nowhere", &json);
    sandbox.run("add feat").succeeds();
    sandbox.remove("feat");
    assert!(json.is_symlink() && !sandbox.home.join("nowhere").exists());
}

#[test]
fn a_symlink_is_written_through_with_nothing_left_beside_it() {
    let sandbox = Sandbox::new();
    let (json, real) = (
        sandbox.claude_json(),
        sandbox.home.join("dotfiles/claude.json"),
    );
    fs::create_dir(real.parent().unwrap()).unwrap();
    fs::rename(&json, &real).unwrap();
    make_link("dotfiles/claude.json", &json);
    let worktree = sandbox.add("feat");
    assert!(json.is_symlink());
    assert_eq!(
        sandbox.claude_s_entry(&worktree)["hasTrustDialogAccepted"],
        json!(true)
    );
    assert_eq!(only_in(real.parent().unwrap()), real);
    sandbox.remove("feat");
    assert!(json.is_symlink() && !read(&real).contains("tally-feat"));
    assert_eq!(only_in(real.parent().unwrap()), real);
}

#[test]
fn a_read_only_file_stays_and_the_session_is_made() {
    let sandbox = Sandbox::new();
    let json = sandbox.claude_json();
    let before = read(&json);
    set_mode(&json, 0o400);
    let warning = format!("{ASKS_AGAIN} [ROOT]/home/.claude.json is read-only\n");
    sandbox.add_telling("feat", &warning);
    sandbox.remove("feat");
    assert_eq!(read(&json), before);
}

#[test]
fn a_folder_in_the_file_s_place_is_a_warning() {
    let sandbox = Sandbox::new();
    let json = sandbox.claude_json();
    unset(&json);
    fs::create_dir(&json).unwrap();
    let warning = |what: &str| format!("{what} cannot read [ROOT]/home/.claude.json: [..]\n");
    sandbox.add_telling("feat", &warning(ASKS_AGAIN));
    sandbox.remove_telling("feat", &warning(STAYS));
}

#[test]
fn a_file_of_5_mb_is_changed_and_given_back_byte_for_byte() {
    let sandbox = Sandbox::new();
    let json = sandbox.claude_json();
    let mut claude = read_json(&json);
    let history: Vec<_> = (0..5000)
        .map(|at| format!("{at}: {}", "é\"\\".repeat(250)))
        .collect();
    claude["history"] = json!(history);
    let text = serde_json::to_string_pretty(&claude).unwrap();
    assert!(text.len() > 5_000_000);
    write(&json, &text);
    let worktree = sandbox.add("feat");
    assert_eq!(
        sandbox.claude_s_entry(&worktree)["hasTrustDialogAccepted"],
        json!(true)
    );
    sandbox.remove("feat");
    let is_as_before = read(&json) == text;
    assert!(is_as_before);
}
