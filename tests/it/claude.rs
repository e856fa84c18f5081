//! Claude Code: its permissions, its conversations, its files.

mod permissions;
mod told;

use crate::sandbox::{Sandbox, Started, only_in, read, unset, write};
use std::fs;

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
fn claude_continues_the_conversation_it_was_in_also_after_a_clear_and_begins_one_where_it_had_none()
{
    let sandbox = Sandbox::new().with("feat");
    assert_eq!(resumed(&sandbox, 2).args, ["--name", "tally-feat"]);
    let old = say(&sandbox, "hello", 1);
    for times in [3, 4] {
        let found = resumed(&sandbox, times).args;
        assert_eq!(found, ["--resume", &old, "--name", "tally-feat"]);
    }
    let new = say(&sandbox, "/clear", 2);
    assert_ne!(old, new);
    assert_eq!(
        resumed(&sandbox, 5).args,
        ["--resume", &new, "--name", "tally-feat"]
    );
}

#[test]
fn claude_continues_the_newest_conversation_of_its_own_worktree() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let id = say(&sandbox, "hello", 1);
    let projects = sandbox.home.join(".claude/projects");
    let project = only_in(&projects);
    let folder = project.file_name().unwrap().to_str().unwrap();
    let transcript = read(&project.join(format!("{id}.jsonl")));
    let worktree = worktree.to_str().unwrap();
    let changed = |from: &str, to: &str| {
        assert!(transcript.contains(from));
        transcript.replace(from, to)
    };
    let number = |number: &str| format!("{number}-0000-0000-0000-000000000000");
    for (folder, name, text) in [
        (
            &format!("{folder}ure"),
            number("11111111"),
            changed(worktree, &format!("{worktree}ure")),
        ),
        // What counts is when something was said.
        (
            &folder.to_owned(),
            number("22222222"),
            changed("\"timestamp\": \"20", "\"timestamp\": \"19"),
        ),
        // `claude -p` leaves these, and Claude refuses those.
        (
            &folder.to_owned(),
            number("33333333"),
            changed("\"cli\"", "\"sdk-cli\""),
        ),
        (
            &folder.to_owned(),
            number("44444444"),
            "{\"type\":\"custom-title\"}\n".to_owned(),
        ),
        (&folder.to_owned(), "notes".to_owned(), transcript.clone()),
    ] {
        write(&projects.join(folder).join(format!("{name}.jsonl")), text);
    }
    let found = resumed(&sandbox, 2).args;
    assert_eq!(found, ["--resume", &id, "--name", "tally-feat"]);
}

#[test]
fn a_claude_config_dir_of_the_user_s_is_where_claude_s_files_are() {
    let sandbox = Sandbox::new();
    let dir = sandbox.home.join("config of claude");
    let export = format!("export CLAUDE_CONFIG_DIR='{}'", dir.display());
    sandbox.start_up(&export);
    fs::create_dir(&dir).unwrap();
    fs::rename(sandbox.home.join(".claude.json"), dir.join(".claude.json")).unwrap();
    let run = |line: &str| sandbox.outcome(sandbox.program(line).env("CLAUDE_CONFIG_DIR", &dir));
    run("add feat").succeeds();
    sandbox.await_programs("feat", 1);
    let entries = fs::read_to_string(dir.join(".claude.json")).unwrap();
    assert!(entries.contains("tally-feat"), "{entries}");
    assert!(!sandbox.home.join(".claude.json").exists());
    run("list").says("NAME [..]\nfeat [..] idle [..]\n");
    let id = say(&sandbox, "hello", 1);
    sandbox.restart();
    run("resume").says("resumed feat[..]\n");
    let claude = sandbox.await_start("claude", "feat", 2);
    assert_eq!(claude.args, ["--resume", &id, "--name", "tally-feat"]);
    run("remove feat").says("removed feat\n[...]");
    assert!(!read(&dir.join(".claude.json")).contains("tally-feat"));
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
fn a_task_that_claude_never_got_is_given_to_it_by_resume_and_told_once() {
    let sandbox = Sandbox::new();
    sandbox.run(["add", "feat", "-p", "- the task"]).succeeds();
    sandbox.await_start("claude", "feat", 1);
    // It was ended before it wrote anything down.
    let projects = sandbox.home.join(".claude/projects");
    unset(&projects);
    let again = resumed(&sandbox, 2);
    assert_eq!(again.args, ["--name", "tally-feat", "--", "- the task"]);
    sandbox.run("hook told feat").says("");
    // As Claude does itself with old ones.
    unset(&projects);
    assert_eq!(resumed(&sandbox, 3).args, ["--name", "tally-feat"]);
}
