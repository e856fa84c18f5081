//! What fails, what is killed, and what runs at the same time.

use crate::sandbox::{Sandbox, read, until, write};
use std::collections::BTreeSet;
use std::process::{Child, Stdio};

/// Adds, which fails, and checks that all is as it was.
#[track_caller]
fn assert_taken_back(sandbox: &Sandbox, error: &str) {
    // No file and an empty store are the same.
    write(&sandbox.main.join(".tally-sessions"), "{}\n");
    sandbox
        .run_changes_nothing_but_excludes("add feat")
        .fails(error);
}

#[test]
fn without_a_home_folder_nothing_is_begun() {
    let sandbox = Sandbox::new();
    let before = sandbox.snapshot();
    for home in [None, Some("")] {
        let mut add = sandbox.program("add feat");
        match home {
            Some(home) => add.env("HOME", home),
            None => add.env_remove("HOME"),
        };
        sandbox.outcome(&mut add).fails(
            "error: cannot find your home folder: HOME is not set\nhint: export HOME=<your home folder>\n",
        );
    }
    sandbox.assert_unchanged_since(&before);
}

#[test]
fn an_add_whose_database_cannot_be_copied_takes_all_back() {
    let sandbox = Sandbox::new();
    write(
        &sandbox.main.join("backend/db.sqlite3"),
        "this is no database, and longer than its header of 100 bytes ".repeat(9),
    );
    assert_taken_back(&sandbox, "error: cannot [..]db.sqlite3[..]\n");
}

#[test]
fn an_add_whose_windows_cannot_be_made_takes_all_back() {
    let sandbox = Sandbox::new();
    sandbox.intercept("tmux", "*' new-session '*", "echo no room >&2; exit 1");
    assert_taken_back(
        &sandbox,
        "error: cannot make the tmux session tally-feat: [..]no room\n",
    );
}

#[test]
fn an_add_that_cannot_type_into_its_windows_takes_all_back() {
    let sandbox = Sandbox::new();
    sandbox.tmux("new-session -d -s mine");
    sandbox.intercept("tmux", "*' send-keys '*", "echo no keys >&2; exit 1");
    assert_taken_back(&sandbox, "error: cannot type [..]no keys\n");
}

#[test]
fn an_add_whose_worktree_cannot_be_made_takes_all_back() {
    let sandbox = Sandbox::new();
    sandbox.intercept("git", "*' worktree add '*", "echo disk full >&2; exit 128");
    assert_taken_back(
        &sandbox,
        "error: cannot make the worktree [ROOT]/tally-feat: [..]disk full\n",
    );
}

#[test]
fn an_add_that_fails_leaves_a_branch_that_was_there() {
    let sandbox = Sandbox::new();
    sandbox.git_main("branch feat");
    write(
        &sandbox.main.join("backend/db.sqlite3"),
        "this is no database, and longer than its header of 100 bytes ".repeat(9),
    );
    assert_taken_back(&sandbox, "error: cannot [..]db.sqlite3[..]\n");
    assert_eq!(sandbox.git_main("branch --list feat"), "  feat");
}

/// An add that was killed while git made its worktree.
fn killed(sandbox: &Sandbox) {
    let gate = sandbox.root.join("gate");
    let hook = sandbox.main.join(".git/hooks/post-checkout");
    sandbox.write_script(
        &hook,
        &format!("while [ ! -e {} ]; do sleep 0.01; done", gate.display()),
    );
    let mut add = sandbox
        .program("add feat")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until("git has made the worktree", || {
        sandbox.worktree("feat").join("README.md").exists()
    });
    add.kill().unwrap();
    add.wait().unwrap();
    write(&gate, "");
    assert_eq!(sandbox.names(), ["feat"]);
    // Its windows may be open by then; nothing runs in them.
    assert!(sandbox.started("claude", "feat").is_empty());
}

#[test]
fn an_add_that_was_killed_is_finished_by_resume() {
    let sandbox = Sandbox::new();
    killed(&sandbox);
    sandbox.resume_telling("[...]");
    sandbox.await_programs("feat", 1);
    let worktree = sandbox.worktree("feat");
    assert!(
        worktree.join("frontend/node_modules").is_symlink()
            && worktree.join("backend/db.sqlite3").exists()
    );
    assert_eq!(
        sandbox.git(&worktree, "status --porcelain --branch"),
        "## feat"
    );
}

#[test]
fn an_add_that_was_killed_is_cleared_by_remove() {
    let sandbox = Sandbox::new();
    killed(&sandbox);
    sandbox.remove_with_remarks("feat");
    assert!(sandbox.names().is_empty() && !sandbox.worktree("feat").exists());
    assert_eq!(sandbox.git_main("branch --list feat"), "");
}

#[test]
fn a_second_add_after_a_killed_one_says_how_to_finish_or_clear_it() {
    let sandbox = Sandbox::new();
    killed(&sandbox);
    sandbox
        .run("add feat")
        .fails("error: there is a session feat already\nhint: bring it back, or finish it: tally-session resume feat\nhint: clear it away: tally-session remove feat\n");
}

fn start(sandbox: &Sandbox, args: &[&str]) -> Child {
    let mut program = sandbox.program(args);
    program
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn adds_at_the_same_time_all_succeed_with_ports_of_their_own() {
    let sandbox = Sandbox::serving();
    let names = ["one", "two", "three", "four", "five", "six"];
    let adds: Vec<_> = names
        .iter()
        .map(|name| start(&sandbox, &["add", name]))
        .collect();
    for add in adds {
        let output = add.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
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
fn of_two_adds_of_one_name_at_the_same_time_one_succeeds() {
    let sandbox = Sandbox::new();
    let adds = [(); 4].map(|()| start(&sandbox, &["add", "feat"]));
    let codes = adds.map(|add| add.wait_with_output().unwrap().status.code().unwrap());
    assert_eq!(
        codes.iter().filter(|&&code| code == 0).count(),
        1,
        "{codes:?}"
    );
    sandbox.await_programs("feat", 1);
    sandbox.settle("feat", "shell");
    assert_eq!(sandbox.started("claude", "feat").len(), 1);
    assert_eq!(sandbox.windows("feat", "#{window_name}").len(), 5);
}

#[test]
fn removes_and_adds_at_the_same_time_do_not_disturb_each_other() {
    let sandbox = Sandbox::new();
    for name in ["one", "two", "three"] {
        sandbox.add(name);
    }
    let commands = [
        ["remove", "one"],
        ["add", "four"],
        ["remove", "two"],
        ["add", "five"],
        ["remove", "three"],
    ];
    let all = commands.map(|args| (args, start(&sandbox, &args)));
    for (args, command) in all {
        let output = command.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let mut names = sandbox.names();
    names.sort_unstable();
    assert_eq!(names, ["five", "four"]);
    let entries = read(&sandbox.home.join(".claude.json"));
    for (name, there) in [
        ("one", false),
        ("two", false),
        ("three", false),
        ("four", true),
        ("five", true),
    ] {
        assert_eq!(
            entries.contains(&format!("tally-{name}\"")),
            there,
            "{name}"
        );
        assert_eq!(sandbox.worktree(name).exists(), there, "{name}");
    }
}

#[test]
fn of_two_sessions_at_one_commit_that_are_removed_at_the_same_time_both_can_be_had_back() {
    for _ in 0..4 {
        let (sandbox, worktree) = Sandbox::new().with_worktree("one");
        let commit = sandbox.commit(&worktree, "file", "work");
        sandbox.run("add two --from one").succeeds();
        let removes = ["one", "two"].map(|name| start(&sandbox, &["remove", name]));
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
