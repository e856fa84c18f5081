//! Killed while git or tmux is in the middle of something: together with it, or alone, so that it goes on.

use super::aftermath::{Before, NAME};
use crate::sandbox::{Sandbox, eventually, read};
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Stdio};

/// Holds what calls it until the gate is open, and tells that it is there.
const GATE: &str =
    "touch \"$SANDBOX/reached\"\nwhile [ ! -e \"$SANDBOX/gate\" ]; do sleep 0.01; done\n";

/// A project with a file whose checkout takes until the gate is open, and one behind it.
fn slow_to_check_out() -> Before {
    let sandbox = Sandbox::new();
    let filter = sandbox.root.join("bin/slow-filter");
    sandbox.write_script(&filter, &format!("{GATE}exec cat"));
    let main = &sandbox.main;
    sandbox.commit(main, ".gitattributes", "*.slow filter=slow\n");
    sandbox.commit(main, "m.slow", "slow\n");
    sandbox.commit(main, "z.txt", "behind it\n");
    sandbox.git(
        main,
        ["config", "filter.slow.smudge", filter.to_str().unwrap()],
    );
    open_gate(&sandbox);
    with_one_kept(sandbox)
}

/// With a session that is kept, and the gate closed.
fn with_one_kept(sandbox: Sandbox) -> Before {
    sandbox.add("keep");
    sandbox.add(NAME);
    sandbox.run(["remove", NAME]).succeeds();
    let before = Before::of(sandbox);
    close_gate(&before.sandbox);
    before
}

fn open_gate(sandbox: &Sandbox) {
    fs::write(sandbox.root.join("gate"), "").unwrap();
    fs::write(sandbox.root.join("reached"), "").unwrap();
}

fn close_gate(sandbox: &Sandbox) {
    for file in ["gate", "reached"] {
        fs::remove_file(sandbox.root.join(file)).unwrap();
    }
}

/// Starts the program in a process group of its own.
fn start(sandbox: &Sandbox, args: &[&str]) -> Child {
    sandbox
        .program(args, &sandbox.main)
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Starts an add, and waits until it is at the gate.
fn add_up_to_the_gate(sandbox: &Sandbox) -> Child {
    let add = start(sandbox, &["add", NAME]);
    eventually("the add is at the gate", || {
        sandbox.root.join("reached").exists().then_some(())
    });
    add
}

/// Kills a program with all that it has started and that has not left it.
fn kill_with_children(mut child: Child) {
    let group = Pid::from_child(&child);
    kill_process_group(group, Signal::KILL).unwrap();
    child.wait().unwrap();
}

fn kill_alone(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Where git says that it is still making the worktree.
fn initializing(sandbox: &Sandbox) -> PathBuf {
    sandbox.main.join(".git/worktrees/tally-feat/locked")
}

#[track_caller]
fn assert_half_made(before: &Before) {
    let worktree = before.sandbox.worktree(NAME);
    assert_eq!(read(&initializing(&before.sandbox)), "initializing");
    assert!(worktree.join(".git").exists());
    assert!(!worktree.join("z.txt").exists());
    before.assert_nothing_lost();
}

#[track_caller]
fn assert_whole(before: &Before, starts: usize) {
    let worktree = before.sandbox.worktree(NAME);
    assert_eq!(read(&worktree.join("m.slow")), "slow\n");
    assert_eq!(read(&worktree.join("z.txt")), "behind it\n");
    before.assert_finished(starts);
}

/// Waits until a command says that it waits for another one, and gives the rest of what it says.
fn await_waiting(child: &mut Child) -> BufReader<ChildStderr> {
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(
        line.starts_with("waiting for another tally-session "),
        "{line}"
    );
    stderr
}

#[track_caller]
fn assert_succeeds(mut child: Child, mut stderr: impl Read) {
    let mut words = String::new();
    stderr.read_to_string(&mut words).unwrap();
    assert!(child.wait().unwrap().success(), "{words}");
    assert_eq!(words, "");
}

#[test]
fn a_checkout_whose_git_was_killed_half_way_is_finished_by_resume() {
    let before = slow_to_check_out();
    let starts = before.starts();
    kill_with_children(add_up_to_the_gate(&before.sandbox));
    assert_half_made(&before);
    open_gate(&before.sandbox);
    before.sandbox.run(["resume", NAME]).succeeds();
    assert_whole(&before, starts);
}

#[test]
fn a_checkout_whose_git_was_killed_half_way_is_cleared_by_remove() {
    let before = slow_to_check_out();
    kill_with_children(add_up_to_the_gate(&before.sandbox));
    assert_half_made(&before);
    before.sandbox.run(["remove", NAME]).succeeds();
    open_gate(&before.sandbox);
    close_gate(&before.sandbox);
    before.assert_nothing_left();
}

#[test]
fn a_checkout_that_goes_on_after_the_kill_is_waited_for_by_resume() {
    let before = slow_to_check_out();
    let starts = before.starts();
    kill_alone(add_up_to_the_gate(&before.sandbox));
    let mut resume = start(&before.sandbox, &["resume", NAME]);
    let stderr = await_waiting(&mut resume);
    assert_half_made(&before);
    open_gate(&before.sandbox);
    assert_succeeds(resume, stderr);
    assert_whole(&before, starts);
}

#[test]
fn a_checkout_that_goes_on_after_the_kill_is_waited_for_by_remove() {
    let before = slow_to_check_out();
    kill_alone(add_up_to_the_gate(&before.sandbox));
    let mut remove = start(&before.sandbox, &["remove", NAME]);
    let stderr = await_waiting(&mut remove);
    assert_half_made(&before);
    open_gate(&before.sandbox);
    assert_succeeds(remove, stderr);
    close_gate(&before.sandbox);
    before.assert_nothing_left();
}

/// A project whose tmux waits before commands with this word, until the gate is open.
fn slow_at(program: &str, word: &str) -> Before {
    let sandbox = Sandbox::new();
    let script = format!("case \" $* \" in *' {word} '*)\n{GATE};; esac\nexec \"$REAL\" \"$@\"");
    sandbox.wrap(program, &script);
    open_gate(&sandbox);
    with_one_kept(sandbox)
}

/// A command beside one that was killed and whose child is still to do its work: it may wait for the child, or do without,
/// but what comes out in the end must be the same.
fn beside_a_child_that_goes_on(program: &str, word: &str, args: &[&str]) -> (Before, usize) {
    let before = slow_at(program, word);
    let starts = before.starts();
    kill_alone(add_up_to_the_gate(&before.sandbox));
    let mut command = start(&before.sandbox, args);
    let stderr = await_waiting(&mut command);
    open_gate(&before.sandbox);
    assert_succeeds(command, stderr);
    (before, starts)
}

#[test]
fn keys_that_are_typed_after_the_kill_are_not_typed_twice() {
    let (before, starts) = beside_a_child_that_goes_on("tmux", "send-keys", &["resume", NAME]);
    before.assert_finished(starts);
}

#[test]
fn windows_that_are_made_after_the_kill_are_cleared_by_remove() {
    let (before, _) = beside_a_child_that_goes_on("tmux", "new-session", &["remove", NAME]);
    close_gate(&before.sandbox);
    before.assert_nothing_left();
}

#[test]
fn a_branch_that_is_made_after_the_kill_is_cleared_by_remove() {
    let (before, _) = beside_a_child_that_goes_on("git", "branch", &["remove", NAME]);
    close_gate(&before.sandbox);
    before.assert_nothing_left();
}
