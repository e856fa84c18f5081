//! Claude Code: its permissions, its conversations, its files.

mod permissions;
mod told;

use crate::sandbox::{Sandbox, Started, unset, write};
use std::fs::{self, File};
use std::time::{Duration, SystemTime};

/// The Claude that a resume has started.
#[track_caller]
fn resumed(sandbox: &Sandbox, times: usize) -> Started {
    sandbox.restart();
    sandbox.resume("feat");
    sandbox.await_start("claude", "feat", times)
}

fn say(sandbox: &Sandbox, text: &str, times: usize) -> String {
    sandbox.enter("feat", "claude", text);
    let said = sandbox.await_event("said", "claude", "feat", times);
    said.id.as_str().unwrap().to_owned()
}

#[test]
fn claude_starts_under_its_name() {
    let sandbox = Sandbox::new().with("feat/pay");
    assert_eq!(
        sandbox.started("claude", "feat/pay")[0].args,
        ["--name", "tally-feat-pay"]
    );
}

#[test]
fn claude_continues_the_conversation_it_was_in() {
    let sandbox = Sandbox::new().with("feat");
    let id = say(&sandbox, "hello", 1);
    assert_eq!(
        resumed(&sandbox, 2).args,
        ["--resume", &id, "--name", "tally-feat"]
    );
    assert_eq!(
        resumed(&sandbox, 3).args,
        ["--resume", &id, "--name", "tally-feat"]
    );
}

#[test]
fn claude_continues_the_conversation_after_a_clear() {
    let sandbox = Sandbox::new().with("feat");
    let old = say(&sandbox, "hello", 1);
    let new = say(&sandbox, "/clear", 2);
    assert_ne!(old, new);
    assert_eq!(
        resumed(&sandbox, 2).args,
        ["--resume", &new, "--name", "tally-feat"]
    );
}

#[test]
fn claude_that_never_had_a_conversation_gets_a_new_one() {
    let sandbox = Sandbox::new().with("feat");
    assert_eq!(resumed(&sandbox, 2).args, ["--name", "tally-feat"]);
}

#[test]
fn claude_continues_the_newest_conversation_of_its_own_worktree() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let id = say(&sandbox, "hello", 1);
    let projects = sandbox.home.join(".claude/projects");
    let project = fs::read_dir(&projects)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let transcript = fs::read_to_string(project.join(format!("{id}.jsonl"))).unwrap();
    let write = |path: &str, text: &str, age: u64| {
        let path = projects.join(path);
        write(&path, text);
        let time = SystemTime::now() - Duration::from_secs(age);
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(time)
            .unwrap();
    };
    let folder = project.file_name().unwrap().to_str().unwrap();
    let worktree = worktree.to_str().unwrap();
    let others = transcript.replace(worktree, &format!("{worktree}ure"));
    assert_ne!(others, transcript);
    write(
        &format!("{folder}ure/11111111-0000-0000-0000-000000000000.jsonl"),
        &others,
        0,
    );
    // What counts is when something was said.
    let earlier = transcript.replace("\"timestamp\": \"20", "\"timestamp\": \"19");
    assert_ne!(earlier, transcript);
    write(
        &format!("{folder}/22222222-0000-0000-0000-000000000000.jsonl"),
        &earlier,
        0,
    );
    // `claude -p` leaves these, and Claude refuses those.
    let printed = transcript.replace("\"cli\"", "\"sdk-cli\"");
    write(
        &format!("{folder}/33333333-0000-0000-0000-000000000000.jsonl"),
        &printed,
        0,
    );
    write(
        &format!("{folder}/44444444-0000-0000-0000-000000000000.jsonl"),
        "{\"type\":\"custom-title\"}\n",
        0,
    );
    write(&format!("{folder}/notes.jsonl"), &transcript, 0);
    assert_eq!(
        resumed(&sandbox, 2).args,
        ["--resume", &id, "--name", "tally-feat"]
    );
}

#[test]
fn a_claude_config_dir_of_the_user_s_is_where_claude_s_files_are() {
    let sandbox = Sandbox::new();
    let dir = sandbox.home.join("config of claude");
    let export = format!("export CLAUDE_CONFIG_DIR='{}'", dir.display());
    sandbox.start_up(&export);
    fs::create_dir(&dir).unwrap();
    fs::rename(sandbox.home.join(".claude.json"), dir.join(".claude.json")).unwrap();
    let run = |args: &[&str]| sandbox.outcome(sandbox.program(args).env("CLAUDE_CONFIG_DIR", &dir));
    run(&["add", "feat"]).succeeds();
    sandbox.await_programs("feat", 1);
    let entries = fs::read_to_string(dir.join(".claude.json")).unwrap();
    assert!(entries.contains("tally-feat"), "{entries}");
    assert!(!sandbox.home.join(".claude.json").exists());
    run(&["list"]).says("NAME [..]\nfeat [..] idle [..]\n");
    let id = say(&sandbox, "hello", 1);
    sandbox.restart();
    run(&["resume"]).says("resumed feat[..]\n");
    assert_eq!(
        sandbox.await_start("claude", "feat", 2).args,
        ["--resume", &id, "--name", "tally-feat"]
    );
    run(&["remove", "feat"]).says("removed feat\n[...]");
    assert!(
        !fs::read_to_string(dir.join(".claude.json"))
            .unwrap()
            .contains("tally-feat")
    );
}

#[test]
fn what_was_typed_for_claude_continues_its_conversation_when_it_is_run_again() {
    for shell in ["bash", "zsh", "fish"] {
        let Some(sandbox) = Sandbox::with_shell(shell) else {
            continue;
        };
        sandbox.run(["add", "feat", "-p", "the task"]).succeeds();
        sandbox.await_start("claude", "feat", 1);
        let first = say(&sandbox, "hello", 1);
        sandbox.press("feat", "claude", "C-c");
        sandbox.await_screen("feat", "claude", |screen| screen.ends_with(['$', '>']));
        sandbox.press("feat", "claude", "Up Enter");
        let again = sandbox.await_start("claude", "feat", 2);
        assert_eq!(again.args[..2], ["--resume", &first], "{shell}");
    }
}

#[test]
fn a_task_that_claude_never_got_is_given_to_it_by_resume() {
    let sandbox = Sandbox::new();
    sandbox.run(["add", "feat", "-p", "- the task"]).succeeds();
    sandbox.await_start("claude", "feat", 1);
    // It was ended before it wrote anything down.
    unset(&sandbox.home.join(".claude/projects"));
    let again = resumed(&sandbox, 2);
    assert_eq!(again.args, ["--name", "tally-feat", "--", "- the task"]);
}
