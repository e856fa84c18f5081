//! Killed while git or tmux is in the middle of something: together with it, or alone, so that it goes on.

use super::aftermath::{Before, NAME, Starts};
use crate::sandbox::{Sandbox, eventually, read, unset};
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// What is killed.
const ADD: &str = "add feat";

const PATIENCE: Duration = Duration::from_secs(30);

/// Tells that it was reached, and holds the first that gets there until the gate is open, or the sandbox gone.
const GATE: &str = r#"if mkdir "$SANDBOX/reached" 2>/dev/null; then
while [ ! -e "$SANDBOX/gate" ] && [ -e "$SANDBOX" ]; do sleep 0.01; done
fi
"#;

/// A project with a file whose checkout takes until the gate is open, and one behind it.
fn slow_to_check_out() -> Before {
    let sandbox = Sandbox::new();
    let filter = sandbox.root.join("bin/slow-filter");
    sandbox.write_script(&filter, &format!("{GATE}exec cat"));
    let main = &sandbox.main;
    sandbox.commit(main, ".gitattributes", "*.slow filter=slow\n");
    sandbox.commit(main, "m.slow", "slow\n");
    sandbox.commit(main, "z.txt", "behind it\n");
    sandbox.git_at(main, "config filter.slow.smudge", &filter);
    with_one_kept(sandbox)
}

/// With a session that is kept, and the gate closed.
fn with_one_kept(sandbox: Sandbox) -> Before {
    open_gate(&sandbox);
    sandbox.add("keep");
    sandbox.add(NAME);
    sandbox.run(["remove", NAME]).succeeds();
    close_gate(&sandbox);
    Before::of(sandbox)
}

fn open_gate(sandbox: &Sandbox) {
    sandbox.open_gate();
    let _ = fs::create_dir(sandbox.root.join("reached"));
}

fn close_gate(sandbox: &Sandbox) {
    unset(&sandbox.root.join("gate"));
    unset(&sandbox.root.join("reached"));
}

/// Starts the program in a process group of its own.
fn start(sandbox: &Sandbox, line: &str) -> Child {
    let mut program = sandbox.program(line);
    program
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    program.spawn().unwrap()
}

/// Starts a command, and waits until it is at the gate.
fn up_to_the_gate(sandbox: &Sandbox, line: &str) -> Child {
    let command = start(sandbox, line);
    sandbox.await_gate();
    command
}

/// Kills an add at the gate, with all that it has started and that has not left it.
fn kill_add_with_children(before: &Before) {
    let mut add = up_to_the_gate(&before.sandbox, ADD);
    kill_process_group(Pid::from_child(&add), Signal::KILL).unwrap();
    add.wait().unwrap();
    before.assert_nothing_lost();
}

/// Kills a command at the gate, alone.
fn kill_alone(before: &Before, line: &str) {
    let mut child = up_to_the_gate(&before.sandbox, line);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[track_caller]
fn assert_half_made(before: &Before) {
    let worktree = before.sandbox.worktree(NAME);
    // Where git says that it is still making the worktree.
    let locked = before.sandbox.main.join(".git/worktrees/tally-feat/locked");
    assert_eq!(read(&locked).trim(), "initializing");
    assert!(worktree.join(".git").exists() && !worktree.join("z.txt").exists());
    before.assert_nothing_lost();
}

#[track_caller]
fn assert_whole(before: &Before, starts: Starts) {
    let worktree = before.sandbox.worktree(NAME);
    assert_eq!(read(&worktree.join("m.slow")), "slow\n");
    assert_eq!(read(&worktree.join("z.txt")), "behind it\n");
    before.assert_finished(starts);
}

/// The session is removed, with the gate closed for the next one, and nothing of it is left.
#[track_caller]
fn assert_can_be_removed(before: &Before) {
    before.sandbox.remove(NAME);
    assert_nothing_left(before);
}

#[track_caller]
fn assert_nothing_left(before: &Before) {
    open_gate(&before.sandbox);
    close_gate(&before.sandbox);
    before.assert_nothing_left();
}

/// A command whose words are read while it runs.
struct Running {
    child: Child,
    words: Receiver<String>,
}

impl Running {
    fn start(sandbox: &Sandbox, line: &str) -> Self {
        let mut child = start(sandbox, line);
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (send, words) = mpsc::channel();
        thread::spawn(move || {
            stderr
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| send.send(line))
        });
        Self { child, words }
    }

    /// Waits until it says that it waits for another one.
    #[track_caller]
    fn await_waiting(&self) {
        let line = self.words.recv_timeout(PATIENCE).unwrap();
        let waits = line.starts_with("waiting for another tally-session ");
        assert!(waits, "{line}");
    }

    /// Waits until it has ended, well and without another word.
    #[track_caller]
    fn succeeds(mut self) {
        let status = eventually("the command ends", || self.child.try_wait().unwrap());
        let words: Vec<_> = self.words.iter().collect();
        assert!(status.success() && words.is_empty(), "{status}: {words:?}");
    }
}

#[test]
fn a_checkout_whose_git_was_killed_half_way_is_finished_by_resume_or_cleared_by_remove() {
    let before = slow_to_check_out();
    let starts = before.starts();
    kill_add_with_children(&before);
    assert_half_made(&before);
    open_gate(&before.sandbox);
    before.sandbox.resume(NAME);
    assert_whole(&before, starts);
    assert_can_be_removed(&before);
    kill_add_with_children(&before);
    assert_half_made(&before);
    assert_can_be_removed(&before);
}

#[test]
fn a_checkout_that_goes_on_after_the_kill_is_waited_for_by_resume_and_remove() {
    let before = slow_to_check_out();
    for line in ["resume feat", "remove feat"] {
        let starts = before.starts();
        kill_alone(&before, ADD);
        let next = Running::start(&before.sandbox, line);
        next.await_waiting();
        assert_half_made(&before);
        open_gate(&before.sandbox);
        next.succeeds();
        if line == "resume feat" {
            assert_whole(&before, starts);
            assert_can_be_removed(&before);
        }
    }
    assert_nothing_left(&before);
}

/// Has a program held at the gate, and says when it has got through.
fn held(program: &str) -> String {
    let pass = format!("{program}; status=$?; touch \"$SANDBOX/passed\"; exit $status");
    GATE.replace("\nfi\n", &format!("\n{pass}\nfi\n"))
}

/// A project where a program is held at the gate when it is called with this word.
fn slow_at(program: &str, word: &str) -> Before {
    let sandbox = Sandbox::new();
    let held = held(r#""$REAL" "$@""#);
    let script = format!("case \" $* \" in *' {word} '*)\n{held};; esac\nexec \"$REAL\" \"$@\"");
    sandbox.wrap(program, &script);
    with_one_kept(sandbox)
}

/// A project where tmux is held at the gate when it is to type this.
fn slow_to_type(text: &str) -> Before {
    let sandbox = Sandbox::new();
    let typing = r#""$REAL" "$@" <<<"$typed""#;
    let held = held(typing);
    let script = format!("typed=$(cat); case $typed in *'{text}'*)\n{held};; esac; {typing}; exit");
    sandbox.intercept("tmux", "' -u source-file - '", &script);
    with_one_kept(sandbox)
}

/// A command beside one that was killed and whose child is still to do its work. It may wait for the child or get on without
/// it, but when both have ended all must be as if the child had ended first.
fn beside_a_child_that_goes_on(before: Before, line: &str) -> (Before, Starts) {
    let starts = before.starts();
    kill_alone(&before, ADD);
    run_while_the_child_goes_on(&before.sandbox, line);
    (before, starts)
}

fn run_while_the_child_goes_on(sandbox: &Sandbox, line: &str) {
    let mut command = start(sandbox, line);
    let mut stderr = command.stderr.take().unwrap();
    let start = Instant::now();
    // One that waits says so after a second.
    eventually("the command ends, or waits", || {
        let has_ended = command.try_wait().unwrap().is_some();
        (has_ended || start.elapsed() > Duration::from_secs(1)).then_some(())
    });
    open_gate(sandbox);
    let status = eventually("the command ends", || command.try_wait().unwrap());
    let mut words = String::new();
    stderr.read_to_string(&mut words).unwrap();
    assert!(status.success(), "{words}");
    eventually("the child ends", || {
        fs::remove_file(sandbox.root.join("passed")).ok()
    });
}

#[test]
fn keys_that_are_typed_after_the_kill_are_not_typed_twice() {
    for text in ["feat/backend", "manage.py runserver"] {
        let (before, starts) = beside_a_child_that_goes_on(slow_to_type(text), "resume feat");
        before.assert_finished(starts);
    }
}

#[test]
fn windows_that_are_made_after_the_kill_are_cleared_by_remove() {
    let (before, _) = beside_a_child_that_goes_on(slow_at("tmux", "new-session"), "remove feat");
    assert_nothing_left(&before);
}

#[test]
fn a_branch_and_a_worktree_that_are_made_after_the_kill_are_cleared_by_remove() {
    let (before, _) = beside_a_child_that_goes_on(slow_at("git", "worktree"), "remove feat");
    close_gate(&before.sandbox);
    before.assert_nothing_left();
}

/// Two sessions, after a resume of both was killed whose tmux is still to make their windows.
fn resume_whose_tmux_goes_on() -> (Before, Starts) {
    let before = slow_at("tmux", "start-server");
    before.add();
    before.sandbox.restart();
    let starts = before.starts();
    kill_alone(&before, "resume");
    (before, starts)
}

#[test]
fn windows_of_several_sessions_that_are_made_after_the_kill_are_not_made_twice() {
    let (before, starts) = resume_whose_tmux_goes_on();
    run_while_the_child_goes_on(&before.sandbox, "resume");
    before.assert_finished(starts);
    before.sandbox.await_programs("keep", 2);
}

#[test]
fn windows_of_several_sessions_that_are_made_after_the_kill_are_cleared_by_remove() {
    let (before, _) = resume_whose_tmux_goes_on();
    run_while_the_child_goes_on(&before.sandbox, "remove feat");
    assert_eq!(before.sandbox.tmux_sessions(), ["tally-keep"]);
    before.sandbox.run("resume").says("resumed keep[..]\n");
    before.sandbox.await_programs("keep", 2);
}

/// A project whose `post_add` is held at the gate, and says when it has got through.
fn slow_to_set_up() -> Before {
    let sandbox = Sandbox::new();
    sandbox.stand_in(&sandbox.root.join("bin/hook"));
    let layout = format!("[hooks]\npost_add = '''\n{GATE}hook\n'''\n");
    sandbox.commit(&sandbox.main, ".tally-session.toml", &layout);
    with_one_kept(sandbox)
}

#[test]
fn a_post_add_that_was_killed_too_is_run_again_by_resume_or_cleared_by_remove() {
    let before = slow_to_set_up();
    let starts = before.starts();
    kill_add_with_children(&before);
    open_gate(&before.sandbox);
    before.sandbox.resume(NAME);
    before.assert_finished(starts);
    assert_eq!(before.sandbox.started("hook", NAME).len(), 2);
    assert_can_be_removed(&before);
    kill_add_with_children(&before);
    assert_can_be_removed(&before);
}

#[test]
fn a_post_add_that_goes_on_after_the_kill_is_waited_for_and_run_again_by_resume() {
    let before = slow_to_set_up();
    let starts = before.starts();
    kill_alone(&before, ADD);
    let resume = Running::start(&before.sandbox, "resume feat");
    resume.await_waiting();
    assert_eq!(before.sandbox.started("hook", NAME).len(), 1);
    open_gate(&before.sandbox);
    resume.succeeds();
    before.assert_finished(starts);
    assert_eq!(before.sandbox.started("hook", NAME).len(), 3);
}

#[test]
fn a_branch_that_git_takes_away_after_the_kill_of_a_remove_is_waited_for_and_brought_back() {
    let sandbox = Sandbox::new();
    let hook = format!(
        "[ \"$1\" = prepared ] || exit 0\n\
         while read -r old new ref; do case \"$new $ref\" in 000*' refs/heads/feat')\n{GATE};; esac; done"
    );
    let path = sandbox.main.join(".git/hooks/reference-transaction");
    sandbox.write_script(&path, &hook);
    let before = with_one_kept(sandbox);
    let worktree = before.sandbox.add(NAME);
    let tip = before.sandbox.commit(&worktree, "file", "work");
    kill_alone(&before, "remove --force feat");
    let resume = Running::start(&before.sandbox, "resume feat");
    resume.await_waiting();
    open_gate(&before.sandbox);
    resume.succeeds();
    assert_eq!(before.sandbox.head(&worktree), tip);
    assert_eq!(before.sandbox.git_main("rev-parse feat"), tip);
}
