//! A layout that can't be read, or that says what can't be.

use super::lay_out;
use crate::sandbox::{Sandbox, write};
use std::fs;
use std::os::unix::fs::symlink;

/// Every command that needs the layout refuses, with these lines, and changes nothing.
#[track_caller]
fn assert_refused(sandbox: &Sandbox, stderr: &str) {
    let commands: [&[&str]; 9] = [
        &["add", "new"],
        &["resume"],
        &["resume", "feat"],
        &["list"],
        &["list", "--json"],
        &["remove", "feat"],
        &["remove", "--force", "feat"],
        &["attach", "feat"],
        &["-q", "list"],
    ];
    let before = sandbox.snapshot();
    for command in commands {
        let outcome = sandbox.outcome(&mut sandbox.program(command, &sandbox.main));
        outcome.fails(stderr);
    }
    sandbox.assert_unchanged_since(&before);
}

#[test]
fn every_command_refuses_a_wrong_layout_with_its_line_and_key() {
    let sandbox = Sandbox::new();
    sandbox.add("feat");
    let hint = "hint: see how it is written: tally-session layout\n";
    for (text, wrong) in [
        (&b"activate = \"\"\n[ports"[..], "line 2: [..]"),
        (b"activat = \"\"\n", "line 1: unknown field `activat`, [..]"),
        (
            b"[files]\r\nlink = [\"../node_modules\"]\r\n",
            "line 2: files.link[0] leaves the project: ../node_modules",
        ),
        (
            b"[[window]]\nname = \"a\"\nrun = \"serve {prot}\"\n",
            "line 3: window[0].run has the placeholder {prot}, which is not there [..]",
        ),
        (
            b"activate = \"\"\n# caf\xe9\n",
            "line 2: there is a byte that is not UTF-8",
        ),
        (b"[ports]\n\"w\x1b[31m\" = 1\n", "line 2: [..]"),
    ] {
        write(&sandbox.main.join(".tally-session.toml"), text);
        let error = format!("error: [ROOT]/tally/.tally-session.toml is wrong: {wrong}\n{hint}");
        assert_refused(&sandbox, &error);
    }
}

#[test]
fn a_built_in_value_that_the_file_leaves_without_its_port_is_named() {
    let sandbox = Sandbox::new();
    sandbox.add("feat");
    lay_out(&sandbox, "[ports]\nweb = 3000\n[env]\n");
    assert_refused(
        &sandbox,
        "error: [ROOT]/tally/.tally-session.toml is wrong: the built-in window[0].name has the placeholder {backend_port}, [..]\n\
         hint: write your own [[window]] in it\n",
    );
}

#[test]
fn a_layout_that_can_t_be_read_is_not_taken_for_none() {
    let sandbox = Sandbox::new();
    sandbox.add("feat");
    let file = sandbox.main.join(".tally-session.toml");
    let error = "error: cannot read [ROOT]/tally/.tally-session.toml: [..]\n";
    fs::create_dir(&file).unwrap();
    assert_refused(&sandbox, error);
    fs::remove_dir(&file).unwrap();
    for target in [".tally-session.toml", "nowhere"] {
        symlink(target, &file).unwrap();
        assert_refused(&sandbox, error);
        fs::remove_file(&file).unwrap();
    }
    sandbox.run(["list"]).succeeds();
}

#[test]
fn a_layout_may_be_a_symlink_and_begin_with_a_byte_order_mark() {
    let sandbox = Sandbox::new();
    let text = "\u{feff}activate = \"\"\r\n[files]\r\nlink = []\r\n";
    write(&sandbox.home.join("layout.toml"), text);
    symlink(
        sandbox.home.join("layout.toml"),
        sandbox.main.join(".tally-session.toml"),
    )
    .unwrap();
    let worktree = sandbox.add("feat");
    assert!(!worktree.join("frontend/node_modules").exists());
}
