//! Killed at a step: the nth system call of a kind.

use super::aftermath::{Before, NAME};
use super::steps::{Step, sample, strace_is_there};
use crate::sandbox::write;
use std::cell::Cell;
use std::fs;

/// Which steps of a run are tried.
type Choice = fn(Vec<Step>) -> Vec<Step>;

const EVERY: Choice = |steps| steps;

/// Kills a command at each step that is chosen, and tells what was tried. `ready` comes before, `mend` after each kill, with
/// the number of the try.
fn kill_each(
    before: &Before,
    args: &[&str],
    choose: Choice,
    ready: impl Fn(),
    mend: impl Fn(usize),
) {
    ready();
    let steps = choose(before.sandbox.steps_of(args));
    mend(0);
    let mut killed = 0;
    for step in &steps {
        ready();
        println!("{args:?} is killed at {step}");
        if before.sandbox.is_killed_at(step, args) {
            killed += 1;
        }
        before.assert_nothing_lost();
        mend(killed);
    }
    println!("{args:?}: killed {killed} times at {} steps", steps.len());
    assert!(
        killed * 10 >= steps.len() * 7,
        "{killed} of {}",
        steps.len()
    );
}

fn add_is_killed(choose: Choice) {
    if !strace_is_there() {
        return;
    }
    let before = Before::new();
    let starts = Cell::new([0; 3]);
    kill_each(
        &before,
        &["add", NAME],
        choose,
        || starts.set(before.starts()),
        |turn| {
            if !before.is_recorded() {
                before.sandbox.run(["add", NAME]).succeeds();
                before.assert_finished(starts.get());
                return before.assert_can_be_removed();
            }
            before.sandbox.run(["add", NAME]).fails(&format!(
                "error: there is a session {NAME} already\nhint: [..]: tally-session resume {NAME}\nhint: [..]: tally-session remove {NAME}\n"
            ));
            if turn % 2 == 0 {
                before.sandbox.run(["resume", NAME]).succeeds();
                before.assert_finished(starts.get());
            }
            before.assert_can_be_removed();
        },
    );
}

#[test]
fn an_add_killed_at_some_of_its_steps_is_finished_by_resume_or_cleared_by_remove() {
    add_is_killed(sample);
}

#[test]
#[ignore = "takes minutes"]
fn an_add_killed_at_any_step_is_finished_by_resume_or_cleared_by_remove() {
    add_is_killed(EVERY);
}

/// Finishes what a killed remove has begun; or finds that it had done all, but for deleting what it took away.
fn remove_again(before: &Before, args: &[&str]) {
    let is_recorded = before.is_recorded();
    let sandbox = &before.sandbox;
    let again = sandbox.outcome(&mut sandbox.program(args, &sandbox.main));
    if is_recorded {
        // It may remark that the worktree was not there any more.
        again.is(0, "removed feat\n[...]", "[...]");
    } else {
        again.fails(&format!("error: there is no session {NAME}\nhint: [..]\n"));
    }
}

fn remove_is_killed(choose: Choice) {
    if !strace_is_there() {
        return;
    }
    let before = Before::new();
    kill_each(
        &before,
        &["remove", NAME],
        choose,
        || drop(before.add()),
        |_| {
            remove_again(&before, &["remove", NAME]);
            before.assert_nothing_left();
        },
    );
}

#[test]
fn a_remove_killed_at_some_of_its_steps_is_finished_by_a_second_one() {
    remove_is_killed(sample);
}

#[test]
#[ignore = "takes minutes"]
fn a_remove_killed_at_any_step_is_finished_by_a_second_one() {
    remove_is_killed(EVERY);
}

fn resume_is_killed(choose: Choice) {
    if !strace_is_there() {
        return;
    }
    let before = Before::new();
    let starts = Cell::new([0; 3]);
    kill_each(
        &before,
        &["resume", NAME],
        choose,
        || {
            // As after a restart of the machine, and with all to be made again.
            let worktree = before.add();
            before.close_windows();
            fs::remove_dir_all(worktree).unwrap();
            starts.set(before.starts());
        },
        |turn| {
            if turn % 2 == 0 {
                before.sandbox.run(["resume", NAME]).succeeds();
                before.assert_finished(starts.get());
                return before.assert_can_be_removed();
            }
            // It may remark that the worktree was not there, which was deleted by hand.
            before
                .sandbox
                .run(["remove", NAME])
                .is(0, "removed feat\n", "[...]");
            before.assert_nothing_left();
        },
    );
}

#[test]
fn a_resume_killed_at_some_of_its_steps_is_finished_by_another_or_cleared_by_remove() {
    resume_is_killed(sample);
}

#[test]
#[ignore = "takes minutes"]
fn a_resume_killed_at_any_step_is_finished_by_another_or_cleared_by_remove() {
    resume_is_killed(EVERY);
}

/// All work that was only in the session: in its worktree, or saved.
fn is_somewhere(before: &Before) -> bool {
    let (sandbox, main) = (&before.sandbox, &before.sandbox.main);
    let worktree = sandbox.worktree(NAME);
    let saved = sandbox.git(
        main,
        ["for-each-ref", "--format=%(refname)", "refs/tally-session/"],
    );
    let has = |file: &str, text: &str| {
        let is_saved = |refname: &str| {
            let object = format!("{refname}:{file}");
            let show = sandbox
                .command("git", main)
                .args(["show", &object])
                .output();
            show.unwrap().stdout == text.as_bytes()
        };
        saved.lines().any(is_saved)
            || fs::read_to_string(worktree.join(file)).is_ok_and(|there| there == text)
    };
    has("committed", "one") && has("untracked", "two") && has("README.md", "three")
}

fn forced_remove_is_killed(choose: Choice) {
    if !strace_is_there() {
        return;
    }
    let before = Before::new();
    let (sandbox, main) = (&before.sandbox, &before.sandbox.main);
    kill_each(
        &before,
        &["remove", "--force", NAME],
        choose,
        || {
            let worktree = before.add();
            sandbox.commit(&worktree, "committed", "one");
            write(&worktree.join("untracked"), "two");
            write(&worktree.join("README.md"), "three");
        },
        |_| {
            assert!(is_somewhere(&before));
            remove_again(&before, &["remove", "--force", NAME]);
            assert!(!sandbox.worktree(NAME).exists());
            assert!(is_somewhere(&before));
            let saved = sandbox.git(
                main,
                ["for-each-ref", "--format=%(refname)", "refs/tally-session/"],
            );
            for refname in saved.lines() {
                sandbox.git(main, ["update-ref", "-d", refname]);
            }
            let _ = fs::remove_dir(main.join(".git/refs/tally-session"));
            before.assert_nothing_left();
        },
    );
}

#[test]
fn a_forced_remove_killed_at_some_of_its_steps_loses_no_work() {
    forced_remove_is_killed(sample);
}

#[test]
#[ignore = "takes minutes"]
fn a_forced_remove_killed_at_any_step_loses_no_work() {
    forced_remove_is_killed(EVERY);
}
