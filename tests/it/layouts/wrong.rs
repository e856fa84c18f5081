//! A layout that can't be read, or that says what can't be.

use crate::sandbox::{Sandbox, make_link, unset, write};
use std::fs;

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
        let outcome = sandbox.run(command);
        outcome.fails(stderr);
    }
    sandbox.assert_unchanged_since(&before);
}

#[test]
fn every_command_refuses_a_wrong_layout_with_its_line_and_key() {
    let sandbox = Sandbox::new().with("feat");
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
        sandbox.lay_out(text);
        let error = format!("error: [ROOT]/tally/.tally-session.toml is wrong: {wrong}\n{hint}");
        assert_refused(&sandbox, &error);
    }
}

#[test]
fn what_leads_to_a_running_session_goes_by_the_layout_as_it_was_when_it_was_right() {
    let sandbox = Sandbox::new();
    sandbox.lay_out("[window.cli]\nname = \"own\"\n");
    sandbox.add("feat");
    sandbox.lay_out("activat = \"\"\n");
    let told = "[ROOT]/tally/.tally-session.toml is wrong: line 1: unknown field `activat`, [..]";
    let warning = format!("warning: {told}; as long as it is, it counts as it was before\n");
    sandbox.run("logs feat own").is(0, "[...]", &warning);
    sandbox.run("stop feat").is(0, "stopped feat\n", &warning);
    let refused = format!("error: {told}\nhint: see how it is written: tally-session layout\n");
    for command in ["list", "restart feat", "resume feat"] {
        sandbox.run(command).fails(&refused);
    }
}

#[test]
fn a_value_of_another_kind_is_told_in_words_of_people() {
    let sandbox = Sandbox::new();
    let number = "a whole number of 0 or more";
    for (text, wrong) in [
        (
            "keep_removed = -1",
            format!("line 1: invalid value: integer `-1`, expected {number}, in `keep_removed`"),
        ),
        (
            "keep_removed = 99999999999999999999",
            format!(
                "line 1: invalid type: integer `99999999999999999999`, expected {number}, in `keep_removed`"
            ),
        ),
        (
            "[ports]\nweb = \"x\"",
            format!("line 2: invalid type: string \"x\", expected {number}, in `ports.web`"),
        ),
        (
            "[ports]\nweb = \"a, expected u64\"",
            format!(
                "line 2: invalid type: string \"a, expected u64\", expected {number}, in `ports.web`"
            ),
        ),
        (
            "activate = [\"a\"]",
            "line 1: invalid type: a list, expected a text in quotes, in `activate`".to_owned(),
        ),
        (
            "files = 1",
            "line 1: invalid type: integer `1`, expected a table, in `files`".to_owned(),
        ),
        (
            "[files]\nlink = \"a\"",
            "line 2: invalid type: string \"a\", expected a list, in `files.link`".to_owned(),
        ),
        (
            "[window]\nname = \"a\"",
            "line 1: a window is written with two brackets, [[window]]; with one, [window.backend] changes the one that is built in, in `window`".to_owned(),
        ),
        (
            "window = 1",
            "line 1: invalid type: integer `1`, expected a [[window]] for each, or a [window.<name>] to change one, in `window`".to_owned(),
        ),
        (
            "window = [\"a\"]",
            "line 1: invalid type: string \"a\", expected a table, in `window`".to_owned(),
        ),
        (
            "env = 1",
            "line 1: invalid type: integer `1`, expected a table, in `env`".to_owned(),
        ),
    ] {
        sandbox.lay_out(text);
        sandbox.run("list").fails(&format!(
            "error: [ROOT]/tally/.tally-session.toml is wrong: {wrong}\nhint: see how it is written: tally-session layout\n"
        ));
    }
}

#[test]
fn a_built_in_value_that_the_file_leaves_without_its_port_is_named() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.lay_out("[ports]\nweb = 3000\nbackend = false\n");
    assert_refused(
        &sandbox,
        "error: [ROOT]/tally/.tally-session.toml is wrong: the built-in window.backend.name has the placeholder {backend_port}, [..]\n\
         hint: change it under [window.backend], or take it out: window.backend = false\n",
    );
}

#[test]
fn a_layout_that_can_t_be_read_is_not_taken_for_none() {
    let sandbox = Sandbox::new().with("feat");
    let file = sandbox.main.join(".tally-session.toml");
    let error = "error: cannot read [ROOT]/tally/.tally-session.toml: [..]\n";
    fs::create_dir(&file).unwrap();
    assert_refused(&sandbox, error);
    fs::remove_dir(&file).unwrap();
    for target in [".tally-session.toml", "nowhere"] {
        make_link(target, &file);
        assert_refused(&sandbox, error);
        unset(&file);
    }
    sandbox.run("list").succeeds();
}

#[test]
fn a_layout_may_be_a_symlink_and_begin_with_a_byte_order_mark() {
    let sandbox = Sandbox::new();
    let text = "\u{feff}activate = \"\"\r\n[files]\r\nlink = []\r\n";
    write(&sandbox.home.join("layout.toml"), text);
    make_link(
        sandbox.home.join("layout.toml"),
        &sandbox.main.join(".tally-session.toml"),
    );
    let worktree = sandbox.add("feat");
    assert!(!worktree.join("frontend/node_modules").exists());
}
