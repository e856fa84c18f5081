//! A step of `add` that fails: all that it made is undone, and nothing else.

mod disk;

use crate::sandbox::{Outcome, Sandbox, read, read_json, set_mode, unset, write};
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

/// An add fails and all is as it was before.
#[track_caller]
fn fails_and_changes_nothing(sandbox: &Sandbox, stderr: &str) -> Outcome {
    sandbox.refuses_to_add(stderr)
}

#[test]
fn a_file_that_cannot_be_copied_is_named_and_all_is_undone() {
    let sandbox = sandbox();
    // Even the superuser cannot read it as a file.
    let env = sandbox.main.join("backend/.env");
    unset(&env);
    let made = sandbox.command("mkfifo", &sandbox.main).arg(&env).status();
    assert!(made.unwrap().success());
    let error =
        "error: cannot make [ROOT]/tally-feat/backend/.env: [..][ROOT]/tally/backend/.env[..]\n";
    fails_and_changes_nothing(&sandbox, error);
}

#[test]
fn a_branch_that_git_keeps_locked_is_named_and_all_is_undone() {
    let sandbox = sandbox();
    let lock = sandbox.main.join(".git/refs/heads/feat.lock");
    write(&lock, "");
    let error = "error: cannot make the worktree [ROOT]/tally-feat: [..]refs/heads/feat.lock[..]File exists[..]\n[...]";
    fails_and_changes_nothing(&sandbox, error);
    assert!(lock.exists());
}

#[test]
fn a_checkout_that_breaks_off_is_told_in_git_s_words_and_all_is_undone() {
    let sandbox = sandbox();
    let main = &sandbox.main;
    sandbox.commit(main, ".gitattributes", "*.large filter=store\n");
    sandbox.commit(main, "m.large", "where the file is\n");
    sandbox.git(
        main,
        [
            "config",
            "filter.store.smudge",
            "echo no network >&2; false",
        ],
    );
    sandbox.git(main, "config filter.store.required true");
    let outcome = sandbox.run_changes_nothing("add feat");
    let stderr = &outcome.stderr;
    assert!(
        stderr.starts_with("error: cannot make the worktree [ROOT]/tally-feat: "),
        "{outcome}"
    );
    assert!(
        stderr.contains("no network") && stderr.contains("smudge filter store failed"),
        "{outcome}"
    );
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
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
    fails_and_changes_nothing(&sandbox, error);
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
    fails_and_changes_nothing(&sandbox, error);
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
    sandbox
        .run("add feat")
        .fails("error: cannot make the folder [ROOT]/tally-feat: File exists[..]\n");
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
    fails_and_changes_nothing(&sandbox, "error: [..]no room\n");
    unset(&sandbox.root.join("bin/tmux"));
    write(&sandbox.main.join(".worktreeinclude"), "*.local\n");
    sandbox.intercept("git", "*--exclude-from*", "echo no list >&2; exit 1");
    fails_and_changes_nothing(&sandbox, "error: [..]no list\n");
}

#[test]
fn a_hook_of_git_s_that_fails_after_the_checkout_is_a_warning() {
    let sandbox = Sandbox::new();
    sandbox.hook_checkout("echo no pre-commit here >&2; exit 3");
    let warning = "warning: the worktree is complete, but a hook of git's failed: [...]\n[...]";
    let outcome = sandbox.run("add feat").remarks("no pre-commit here");
    outcome.is(
        0,
        "added feat\n[...]",
        &warning.replace("[...]\n", "[..]\n"),
    );
    sandbox.await_programs("feat", 1);
    sandbox.assert_clean(&sandbox.worktree("feat"));
    assert!(sandbox.worktree("feat").join("backend/db.sqlite3").exists());
}

#[test]
fn a_store_that_cannot_be_written_is_named_and_nothing_is_begun() {
    let sandbox = sandbox();
    let store = sandbox.main.join(".tally-sessions");
    set_mode(&store, 0o444);
    fails_and_changes_nothing(
        &sandbox,
        "error: [..][ROOT]/tally/.tally-sessions is read-only[..]\n[...]",
    );
}
