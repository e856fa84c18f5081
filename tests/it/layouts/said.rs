//! What a hook says.

use super::hooks::{hints, set_hook, with_hook};
use crate::sandbox::{Sandbox, eventually, read, until, write};
use std::fs::{self, File};

#[test]
fn what_a_hook_says_is_shown_with_its_name_and_under_q_only_if_it_fails() {
    let sandbox = with_hook("post_add", "echo out\necho err >&2");
    let told = "post_add: out\npost_add: err\n";
    sandbox.add_telling("one", told);
    sandbox.run("-q add two").says("");
    set_hook(&sandbox, "post_add", "echo out\necho err >&2\nexit 3");
    let failed = "error: the hook post_add of .tally-session.toml failed: it ended with status 3";
    let error = format!("{told}{failed}\n{}", hints("add feat"));
    sandbox.run("add feat").fails(&error);
    let refused = format!("{failed}: out\nerr\n{}", hints("add feat"));
    sandbox.run("-q add feat").fails(&refused);
}

#[test]
fn what_a_hook_says_is_shown_while_it_runs() {
    let sandbox = with_hook(
        "post_add",
        "echo begun\nuntil test -e \"$SANDBOX/go\"; do sleep 0.01; done\nprintf ended",
    );
    let stderr = sandbox.root.join("stderr");
    let mut add = sandbox.program("add feat");
    let mut add = add
        .stderr(File::create(&stderr).unwrap())
        .stdout(File::create(sandbox.root.join("stdout")).unwrap())
        .spawn()
        .unwrap();
    until("the first line is shown", || {
        read(&stderr) == "post_add: begun\n"
    });
    write(&sandbox.root.join("go"), "");
    assert!(add.wait().unwrap().success());
    assert_eq!(read(&stderr), "post_add: begun\npost_add: ended\n");
}

/// Counts in a file, and says something each time.
const TICK: &str = "(i=0; while echo tick; do i=$((i + 1)); echo $i >\"$SANDBOX/new\"; mv \"$SANDBOX/new\" \"$SANDBOX/ticks\"; sleep 0.01; done) &";

fn ticks(sandbox: &Sandbox) -> Option<u32> {
    let text = fs::read_to_string(sandbox.root.join("ticks")).ok()?;
    text.trim().parse().ok()
}

#[test]
fn what_a_hook_leaves_in_the_background_is_not_waited_for_and_lives_on() {
    for left in ["sleep 600 &", "yes &"] {
        let sandbox = with_hook("post_add", &format!("{left}\n{TICK}\necho done"));
        let outcome = sandbox.run("add feat");
        assert!(outcome.stderr.contains("post_add: done\n"), "{left}");
        assert_eq!(outcome.code, Some(0), "{left}");
        let before = ticks(&sandbox).unwrap_or(0);
        eventually("it goes on", || {
            (ticks(&sandbox)? > before + 3).then_some(())
        });
    }
}

#[test]
fn a_hook_may_say_lines_without_an_end_progress_and_bytes_that_are_no_text() {
    let sandbox = with_hook(
        "post_add",
        r"head -c 1000000 /dev/zero | tr '\0' x
printf '\n 1%%\r50%%\r100%%\r\n'
printf '\377caf\351\n\033[31mred\007'",
    );
    let outcome = sandbox.run("add feat");
    let lines: Vec<_> = outcome.stderr.lines().collect();
    let (long, rest) = lines.split_at(lines.len() - 3);
    let said = |line: &&str| line.strip_prefix("post_add: ").unwrap().len();
    assert_eq!(long.iter().map(said).sum::<usize>(), 1_000_000);
    assert_eq!(
        rest,
        [
            "post_add: 100%",
            "post_add: \u{fffd}caf\u{fffd}",
            r"post_add: \u001b[31mred\u0007"
        ]
    );
    assert_eq!(outcome.code, Some(0));
}
