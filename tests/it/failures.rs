//! What fails, what is killed, and what runs at the same time.

use crate::sandbox::{GATE, Sandbox, signal, write};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};

#[test]
fn without_a_home_folder_nothing_is_begun() {
    let sandbox = Sandbox::new();
    let before = sandbox.snapshot();
    let error = "error: cannot find your home folder: HOME is not set\nhint: export HOME=<your home folder>\n";
    sandbox
        .outcome(sandbox.program("add feat").env_remove("HOME"))
        .fails(error);
    sandbox
        .outcome(sandbox.program("add feat").env("HOME", ""))
        .fails(error);
    sandbox.assert_unchanged_since(&before);
}

#[test]
fn a_tmux_server_that_gives_no_answer_is_named_and_waited_for() {
    let sandbox = Sandbox::new().with("feat");
    let server = sandbox.tmux("display-message -p #{pid}").parse().unwrap();
    for line in ["list", "stop feat"] {
        signal(server, Signal::STOP);
        let mut command = sandbox.start(line);
        let mut told = String::new();
        let mut words = BufReader::new(command.stderr.take().unwrap());
        words.read_line(&mut told).unwrap();
        signal(server, Signal::CONT);
        assert_eq!(told, "waiting for the tmux server to answer\n");
        assert!(command.wait().unwrap().success(), "{line}");
    }
}

#[test]
fn an_add_of_which_a_step_fails_takes_all_back_but_a_branch_that_was_there() {
    let sandbox = Sandbox::new();
    // No file and an empty store are the same.
    write(&sandbox.main.join(".tally-sessions"), "{}\n");
    sandbox.tmux("new-session -d -s mine");
    for has_branch in [false, true] {
        if has_branch {
            sandbox.git_main("branch feat");
        }
        for (program, pattern, script, error) in [
            (
                "git",
                "*' worktree add '*",
                "echo disk full >&2; exit 128",
                "cannot make the worktree [ROOT]/tally-feat: [..]disk full",
            ),
            (
                "tmux",
                "*' new-session '*",
                "echo no room >&2; exit 1",
                "cannot make the tmux session tally-feat: [..]no room",
            ),
            (
                "tmux",
                "' -u source-file - '",
                "echo no keys >&2; exit 1",
                "cannot type [..]no keys",
            ),
        ] {
            sandbox.intercept(program, pattern, script);
            let refused = sandbox.run_changes_nothing_but_excludes("add feat");
            refused.fails(&format!("error: {error}\n"));
            sandbox.unwrap(program);
        }
    }
}

/// An add that was killed while git made its worktree.
fn killed() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.hook_checkout(GATE);
    let mut add = sandbox.start("add feat");
    sandbox.await_gate();
    add.kill().unwrap();
    add.wait().unwrap();
    sandbox.open_gate();
    assert_eq!(sandbox.names(), ["feat"]);
    // Its windows may be open by then; nothing runs in them.
    assert!(sandbox.started("claude", "feat").is_empty());
    sandbox
}

#[test]
fn an_add_that_was_killed_is_finished_by_resume_as_a_second_one_says() {
    let sandbox = killed();
    sandbox.run("add feat").fails("error: there is a session feat already\nhint: bring it back, or finish it: tally-session resume feat\nhint: clear it away: tally-session remove feat\n");
    sandbox.resume_telling("[...]");
    sandbox.await_programs("feat", 1);
    let worktree = sandbox.worktree("feat");
    assert!(worktree.join("frontend/node_modules").is_symlink());
    assert!(worktree.join("backend/db.sqlite3").exists());
    let told = sandbox.git(&worktree, "status --porcelain --branch");
    assert_eq!(told, "## feat");
}

#[test]
fn an_add_that_was_killed_is_cleared_by_remove() {
    let sandbox = killed();
    sandbox.remove_with_remarks("feat");
    assert!(sandbox.names().is_empty() && !sandbox.worktree("feat").exists());
    assert_eq!(sandbox.git_main("branch --list feat"), "");
}

#[test]
fn adds_at_the_same_time_all_succeed_with_ports_of_their_own() {
    let sandbox = Sandbox::serving();
    let names = ["one", "two", "three", "four", "five", "six"];
    let adds = names.map(|name| sandbox.start(["add", name]));
    for add in adds {
        let output = add.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
    }
    let mut ports = BTreeSet::new();
    for name in names {
        // Each server could listen, so that no two have the same port.
        sandbox.await_programs(name, 1);
        ports.extend(<[u16; 2]>::from(sandbox.ports(name)));
        sandbox.assert_clean(&sandbox.worktree(name));
    }
    assert_eq!(ports.len(), 12);
    assert_eq!(sandbox.names().len(), 6);
}

#[test]
fn of_two_sessions_at_one_commit_that_are_removed_at_the_same_time_both_can_be_had_back() {
    for _ in 0..4 {
        let (sandbox, worktree) = Sandbox::new().with_worktree("one");
        let commit = sandbox.commit(&worktree, "file", "work");
        sandbox.run("add two --from one").succeeds();
        let removes = ["one", "two"].map(|name| sandbox.start(["remove", name]));
        let ends = removes.map(|remove| remove.wait_with_output().unwrap());
        sandbox.git_main("gc --quiet --prune=now");
        for name in ["one", "two"] {
            if !sandbox.names().iter().any(|there| there == name) {
                sandbox.run(["restore", name]).says("restored [..]\n[...]");
            }
            let tip = sandbox.git_main(["rev-parse", name]);
            assert_eq!(tip, commit, "{ends:?}");
        }
    }
}
