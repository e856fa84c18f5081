//! `.tally-sessions` that is broken, odd, or cannot be read or written.

use crate::sandbox::{Outcome, Sandbox, make_link, read, set_mode, unset, write};
use std::fs;

const COMMANDS: [&str; 5] = [
    "list",
    "add new",
    "resume",
    "remove --force feat",
    "attach feat",
];

/// Runs every command, and checks that each fails with this error and changes nothing.
#[track_caller]
fn all_fail(sandbox: &Sandbox, error: &str) {
    let before = sandbox.snapshot();
    for args in COMMANDS {
        let outcome: Outcome = sandbox.run(args);
        outcome.fails(error);
        sandbox.assert_unchanged_since(&before);
    }
}

#[test]
fn a_store_that_does_not_parse_or_has_a_wrong_shape_stops_every_command() {
    let sandbox = Sandbox::new();
    let record = |fields: &str| {
        format!("{{\n\"feat\": {{ {fields}, \"worktree\": \"/nowhere\", \"branch\": \"feat\" }} }}")
    };
    let a_port = "a port from 1 to 65535";
    for (text, line, reason) in [
        ("{", 1, "EOF"),
        ("{\n\"feat\": {", 2, "EOF"),
        ("x", 1, "expected value"),
        ("[]", 1, ""),
        ("{}{}", 1, "trailing characters"),
        ("{ \"feat\": {}, }", 1, "missing field"),
        ("{\n\"feat\": [] }", 2, "expected an object"),
        ("{\n\"feat\": null }", 2, "expected an object"),
        (
            "{\n\"../feat\": {} }",
            2,
            "must start with a letter (a to z) or a digit",
        ),
        ("{\n\"a b\": {} }", 2, "letters (a to z), digits"),
        (&record("\"backend_port\": 0"), 2, a_port),
        (&record("\"backend_port\": -1"), 2, a_port),
        (&record("\"backend_port\": 65536"), 2, a_port),
        (&record("\"backend_port\": 1e3"), 2, a_port),
        (&record("\"backend_port\": \"8000\""), 2, a_port),
        (&record("\"backend_port\": null"), 2, a_port),
        (&record("\"branch\": 1"), 2, "a branch"),
        (&record("\"branch\": \"--all\""), 2, "a branch"),
        (&record("\"worktree\": \"relative\""), 2, "an absolute path"),
        (&record("\"worktree\": [\"/a\"]"), 2, "an absolute path"),
        (&record("\"note\": 1, \"note\": 2"), 2, "twice"),
    ] {
        write(&sandbox.main.join(".tally-sessions"), text);
        let error =
            format!("error: [ROOT]/tally/.tally-sessions [..]{reason}[..] line {line} [..]\n[...]");
        all_fail(&sandbox, &error);
        assert_eq!(read(&sandbox.main.join(".tally-sessions")), text);
    }
}

#[test]
fn a_store_that_is_deeply_nested_or_not_utf8_or_no_file_is_named() {
    let sandbox = Sandbox::new();
    let store = sandbox.main.join(".tally-sessions");
    write(&store, format!("{{\"feat\":{}", "[".repeat(200_000)));
    all_fail(&sandbox, "error: [ROOT]/tally/.tally-sessions [..]\n[...]");
    write(&store, b"{\"caf\xe9\": {}}");
    all_fail(
        &sandbox,
        "error: [..][ROOT]/tally/.tally-sessions[..]UTF-8[..]\n[...]",
    );
    unset(&store);
    fs::create_dir(&store).unwrap();
    let error = "error: cannot read [ROOT]/tally/.tally-sessions: it is not a file\n[...]";
    all_fail(&sandbox, error);
    // One that leads to itself.
    make_link(&store, &store);
    all_fail(
        &sandbox,
        "error: [..][ROOT]/tally/.tally-sessions[..]\n[...]",
    );
}

#[test]
fn a_read_only_store_refuses_add_and_remove_before_anything_is_changed() {
    let sandbox = Sandbox::new().with("feat");
    let store = sandbox.main.join(".tally-sessions");
    set_mode(&store, 0o444);
    for args in [["add", "new"], ["remove", "feat"]] {
        let error = "error: [..][ROOT]/tally/.tally-sessions is read-only[..]\n[...]";
        sandbox.run_changes_nothing(args).fails(error);
    }
    // What only reads it goes on.
    sandbox.run("list").says("[...]\nfeat [..]\n");
    sandbox.needs_no_resume("feat");
}

#[test]
fn a_store_that_is_a_symlink_is_written_through() {
    let sandbox = Sandbox::new();
    let (link, real) = (
        sandbox.main.join(".tally-sessions"),
        sandbox.root.join("records"),
    );
    // Also one that leads to a file that is not there yet.
    make_link(&real, &link);
    sandbox.add("feat");
    assert!(link.is_symlink() && read(&real).contains("feat"));
    sandbox.assert_clean(&sandbox.main);
    sandbox.remove("feat");
    assert!(link.is_symlink() && !read(&real).contains("feat"));
}
