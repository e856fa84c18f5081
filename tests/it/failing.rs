//! A step of `add` that fails: all that it made is undone, and nothing else.

mod disk;

use crate::sandbox::{Sandbox, read, read_json, unset, write};
use serde_json::json;
#[cfg(target_os = "linux")]
use std::process::Stdio;

/// A sandbox with a session: what the first one leaves for good, in `info/exclude`, is there.
fn sandbox() -> Sandbox {
    Sandbox::new().with("keep")
}

/// Where all must be tested, what a test needs has to be there.
#[cfg(target_os = "linux")]
pub fn is_passed_over(what: &str, is_there: bool) -> bool {
    assert!(
        is_there || std::env::var("CI").as_deref() != Ok("true"),
        "{what} is not there"
    );
    if !is_there {
        println!("passed over: {what} is not there");
    }
    !is_there
}

#[cfg(target_os = "linux")]
pub fn has_strace(sandbox: &Sandbox) -> bool {
    let mut strace = sandbox.command("strace", &sandbox.root);
    strace.arg("-V").stdout(Stdio::null()).status().is_ok()
}

#[test]
fn a_branch_that_git_keeps_locked_is_named_and_all_is_undone() {
    let sandbox = sandbox();
    let lock = sandbox.main.join(".git/refs/heads/feat.lock");
    write(&lock, "");
    let error = "error: cannot make the worktree [ROOT]/tally-feat: [..]refs/heads/feat.lock[..]File exists[..]\n[...]";
    sandbox.refuses_to_add(error);
    assert!(lock.exists());
}

#[test]
fn a_tmux_session_that_is_made_by_half_is_ended_and_all_is_undone() {
    let sandbox = sandbox();
    // It makes the first window, and fails at the second.
    let script = r#"args=(); half=
for word; do case $word in new-window) half=1; break;; esac; args+=("$word"); done
if [ "$half" ]; then "$REAL" "${args[@]}" && echo no more windows >&2; exit 1; fi
exec "$REAL" "$@""#;
    sandbox.wrap("tmux", script);
    let error = "error: cannot make the tmux session tally-feat: [..]no more windows\n";
    sandbox.refuses_to_add(error);
    assert_eq!(sandbox.tmux_sessions(), ["tally-keep"]);
}

#[test]
fn an_old_branch_with_commits_stays_when_a_step_fails() {
    let sandbox = sandbox();
    let main = &sandbox.main;
    sandbox.git(main, "switch -q -c feat");
    let tip = sandbox.commit(main, "work", "days of it");
    sandbox.git(main, "switch -q main");
    write(&main.join("backend/db.sqlite3"), "no database ".repeat(99));
    let error = "error: cannot make [ROOT]/tally-feat/backend/db.sqlite3: [..][ROOT]/tally/backend/db.sqlite3 [..]not a database\n";
    sandbox.refuses_to_add(error);
    assert_eq!(sandbox.git(main, "rev-parse feat"), tip);
}

#[test]
fn a_folder_that_somebody_else_makes_meanwhile_stays() {
    let sandbox = sandbox();
    // While the add looks for branches, it has already seen that there is no such folder.
    let folder = sandbox.worktree("feat");
    let script = r#"case " $* " in *" for-each-ref "*) mkdir -p "$SANDBOX/tally-feat"; echo mine > "$SANDBOX/tally-feat/mine";; esac
exec "$REAL" "$@""#;
    sandbox.wrap("git", script);
    let store = sandbox.store();
    let error = "error: cannot make the folder [ROOT]/tally-feat: File exists[..]\n";
    sandbox.run("add feat").fails(error);
    assert_eq!(read(&folder.join("mine")), "mine\n");
    assert_eq!(sandbox.store(), store);
    assert_eq!(sandbox.git_main("branch --list feat"), "");
}

#[test]
fn what_claude_knew_of_the_folder_before_stays_when_a_step_fails() {
    let sandbox = sandbox();
    let path = sandbox.home.join(".claude.json");
    let mut claude = read_json(&path);
    let key = sandbox.worktree("feat").to_str().unwrap().to_owned();
    claude["projects"][key] =
        json!({ "history": [{ "display": "an older session's" }], "allowedTools": ["Bash(make)"] });
    write(&path, claude.to_string());
    sandbox.intercept("tmux", r#"*" new-session "*"#, "echo no room >&2; exit 1");
    sandbox.refuses_to_add("error: [..]no room\n");
    unset(&sandbox.root.join("bin/tmux"));
    write(&sandbox.main.join(".worktreeinclude"), "*.local\n");
    sandbox.intercept("git", "*--exclude-from*", "echo no list >&2; exit 1");
    sandbox.refuses_to_add("error: [..]no list\n");
}
