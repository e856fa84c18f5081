//! Texts that would do something to the terminal, if they reached it as they are.

use crate::sandbox::{Outcome, Sandbox, make_link, unset, write};

/// Sets the terminal's title, and clears it.
const EVIL: &str = "\x1b]0;owned\x07\u{9b}2J";

/// As it is shown.
const SHOWN: &str = r"\u001b]0;owned\u0007\u009b2J";

/// The texts without the colours that are ours.
fn without_colours(outcome: &Outcome) -> String {
    let told = format!("{}{}", outcome.stdout, outcome.stderr);
    let mut parts = told.split("\x1b[");
    let mut plain = parts.next().unwrap().to_owned();
    for part in parts {
        let (colour, text) = part.split_once('m').unwrap();
        assert!(colour.bytes().all(|byte| byte.is_ascii_digit()), "{told:?}");
        plain += text;
    }
    plain
}

/// Nothing of it got out but what can be seen.
#[track_caller]
fn assert_harmless(outcome: &Outcome, shown: &str) {
    let told = without_colours(outcome);
    let is_evil = |letter: char| letter.is_control() && letter != '\n';
    assert!(!told.contains(is_evil), "{told:?}");
    assert!(told.contains(shown), "{outcome}");
}

/// The same, with colours and without.
#[track_caller]
fn assert_shown(sandbox: &Sandbox, line: &str, shown: &str) {
    for force in ["0", "1"] {
        let mut program = sandbox.program(line);
        let outcome = sandbox.outcome(program.env("CLICOLOR_FORCE", force));
        assert_harmless(&outcome, shown);
    }
}

#[test]
fn what_a_branch_and_a_commit_are_called_does_nothing_to_the_terminal() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.commit(&worktree, "pay.py", "pay()\n");
    let subject = format!("Pay {EVIL}");
    sandbox.git(&worktree, ["commit", "-q", "--amend", "-m", &subject]);
    assert_shown(&sandbox, "remove feat", &format!("Pay {SHOWN}"));
    // git itself refuses the others.
    sandbox.git(&worktree, ["switch", "-qc", "a\u{9b}2J"]);
    assert_shown(&sandbox, "doctor", r"a\u009b2J");
    sandbox.edit_record("feat", |record| record["branch"] = EVIL.into());
    assert_shown(&sandbox, "list", SHOWN);
    assert_shown(&sandbox, "list --json", SHOWN);
    assert_eq!(sandbox.list()[0]["branch"], "a\u{9b}2J");
}

#[test]
fn what_is_in_files_and_where_links_lead_does_nothing_to_the_terminal() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    write(
        &worktree.join("frontend/.env"),
        format!("VITE_API_URL={EVIL}\n"),
    );
    assert_shown(&sandbox, "doctor", &format!("is {SHOWN}, not http"));
    let link = worktree.join("frontend/node_modules");
    unset(&link);
    make_link(EVIL, &link);
    assert_shown(&sandbox, "doctor", &format!("is a link to {SHOWN}"));
    let path = worktree.to_str().unwrap();
    sandbox.git_main(["worktree", "lock", "--reason", EVIL, path]);
    assert_shown(&sandbox, "remove feat", SHOWN);
}

#[test]
fn what_programs_say_and_are_told_does_nothing_to_the_terminal() {
    let sandbox = Sandbox::new();
    for (name, force) in [("one", "0"), ("two", "1")] {
        let args = ["-v", "add", name, "--prompt", EVIL];
        let mut add = sandbox.program(args);
        let outcome = sandbox.outcome(add.env("CLICOLOR_FORCE", force));
        assert_harmless(&outcome, &format!("added {name}"));
    }
    sandbox.hook_checkout(&format!("printf '{EVIL}' >&2; exit 3"));
    assert_harmless(&sandbox.run("add feat"), SHOWN);
    sandbox.intercept(
        "tmux",
        "*list-panes*",
        &format!("printf '{EVIL}' >&2; exit 1"),
    );
    assert_shown(&sandbox, "list", SHOWN);
}
