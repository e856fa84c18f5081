//! A pipe in the place of a file: whoever opened it would wait for ever.

use crate::sandbox::{Outcome, Sandbox, eventually, only_in, unset, write};
use std::fs;
use std::path::Path;
use std::process::Stdio;

fn make_pipe(sandbox: &Sandbox, path: &Path) {
    let _ = fs::remove_file(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let made = sandbox.command("mkfifo", &sandbox.main).arg(path).status();
    assert!(made.unwrap().success());
}

/// Runs the program, which must come to an end.
#[track_caller]
fn run(sandbox: &Sandbox, line: &str) -> Outcome {
    let mut program = sandbox.program(line);
    program.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().unwrap();
    eventually(line, || child.try_wait().unwrap());
    Outcome::new(
        line.to_owned(),
        &child.wait_with_output().unwrap(),
        &sandbox.root,
    )
}

#[test]
fn a_pipe_in_the_place_of_the_store_or_the_layout_is_named_by_every_command() {
    let sandbox = Sandbox::new().with("feat");
    for file in [".tally-sessions", ".tally-session.toml"] {
        let path = sandbox.main.join(file);
        let before = fs::read(&path);
        make_pipe(&sandbox, &path);
        for line in [
            "list",
            "add new",
            "resume",
            "remove --force feat",
            "attach feat",
        ] {
            run(&sandbox, line).fails(&format!(
                "error: cannot read [ROOT]/tally/{file}: it is not a file\n"
            ));
        }
        let found = format!("cannot read [ROOT]/tally/{file}: it is not a file\n");
        let doctor = run(&sandbox, "doctor");
        assert!(doctor.stdout.contains(&found), "{doctor}");
        unset(&path);
        if let Ok(text) = before {
            write(&path, text);
        }
    }
}

#[test]
fn a_pipe_in_the_place_of_what_a_session_gets_is_named_and_nothing_is_made() {
    for file in [
        ".worktreeinclude",
        "backend/.env",
        "backend/db.sqlite3",
        "frontend/.env",
    ] {
        let sandbox = Sandbox::new();
        make_pipe(&sandbox, &sandbox.main.join(file));
        let error = format!("error: [..][ROOT]/tally/{file}[..]is not a file[..]\n[...]");
        run(&sandbox, "add feat").fails(&error);
        assert!(sandbox.names().is_empty() && !sandbox.worktree("feat").exists());
    }
}

#[test]
fn pipes_in_a_worktree_are_named_by_doctor_and_hold_nothing_up() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    for file in ["backend/db.sqlite3", "frontend/.env"] {
        make_pipe(&sandbox, &worktree.join(file));
    }
    for lock_file in [&sandbox.main, &worktree].map(|dir| dir.join("frontend/yarn.lock")) {
        make_pipe(&sandbox, &lock_file);
    }
    let doctor = run(&sandbox, "doctor");
    for found in [
        "feat: backend/db.sqlite3 can't be read: [ROOT]/tally-feat/backend/db.sqlite3 is not a file\n",
        "feat: frontend/.env cannot read [ROOT]/tally-feat/frontend/.env: it is not a file\n",
    ] {
        assert!(doctor.stdout.contains(found), "{doctor}");
    }
    run(&sandbox, "list").succeeds();
}

#[test]
fn pipes_among_claude_s_own_files_are_passed_over() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.enter("feat", "claude", "hello");
    let talk = sandbox.await_event("said", "claude", "feat", 1).id;
    let claude = sandbox.home.join(".claude");
    make_pipe(&sandbox, &claude.join("sessions/1.json"));
    let folder = only_in(&claude.join("projects"));
    let transcript = "aaaaaaaa-0000-0000-0000-000000000000.jsonl";
    make_pipe(&sandbox, &folder.join(transcript));
    make_pipe(&sandbox, &sandbox.home.join(".claude.json"));
    run(&sandbox, "list").succeeds();
    sandbox.restart();
    let warning = "warning: Claude may ask again for what it was allowed in the main checkout: \
                   cannot read [ROOT]/home/.claude.json: it is not a file\n";
    run(&sandbox, "resume").is(0, "resumed feat[..]\n", warning);
    let resumed = sandbox.await_start("claude", "feat", 2);
    assert_eq!(resumed.args[..2], ["--resume", talk.as_str().unwrap()]);
}
