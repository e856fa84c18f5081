//! Killed at a step: the nth system call of a kind.

use super::aftermath::{Before, NAME};
use super::steps::{Step, sample, strace_is_there};
use crate::sandbox::{Words, files_in, read, unset, until, write};
use std::cell::Cell;

/// Which steps of a run are tried.
type Choice = fn(Vec<Step>) -> Vec<Step>;

const EVERY: Choice = |steps| steps;

/// None where nothing can be killed at a step.
fn before() -> Option<Before> {
    strace_is_there().then(Before::new)
}

/// Kills a command at each step that is chosen, and tells what was tried. `ready` comes before, `mend` after each kill, with
/// the number of the try.
fn kill_each(before: &Before, line: &str, choose: Choice, ready: impl Fn(), mend: impl Fn(usize)) {
    ready();
    let steps = choose(before.sandbox.steps_of(line));
    mend(0);
    let mut killed = 0;
    for step in &steps {
        ready();
        println!("{line} is killed at {step}");
        if before.sandbox.is_killed_at(step, line) {
            killed += 1;
        }
        before.assert_nothing_lost();
        mend(killed);
    }
    println!("{line}: killed {killed} times at {} steps", steps.len());
    let count = steps.len();
    assert!(killed * 10 >= count * 7, "{killed} of {count}");
}

fn add_is_killed(choose: Choice) {
    let Some(before) = before() else { return };
    let starts = Cell::new([0; 3]);
    kill_each(
        &before,
        "add feat",
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

/// Finishes what a killed remove has begun; or finds that it had done all.
fn remove_again(before: &Before, line: &str) {
    let is_recorded = before.is_recorded();
    let again = before.sandbox.run(line);
    if is_recorded {
        again.is(0, "removed feat\n[...]", "[...]");
    } else {
        again.fails(&format!(
            "error: there is no session {NAME}\nhint: it was removed: have it back: tally-session restore {NAME}\nhint: [..]\n"
        ));
    }
}

/// Has the session back, by the command that fits what there is of it.
#[track_caller]
fn bring_back(before: &Before) {
    let verb = if before.is_recorded() {
        "resume"
    } else {
        "restore"
    };
    before.sandbox.run([verb, NAME]).goes_well();
    let list = before.sandbox.list();
    let session = list.iter().find(|session| session["name"] == NAME).unwrap();
    assert_eq!(session["problems"], serde_json::json!([]), "{session}");
    assert_eq!(session["state"], "running", "{session}");
}

fn remove_is_killed(choose: Choice) {
    let Some(before) = before() else { return };
    kill_each(
        &before,
        "remove feat",
        choose,
        || drop(before.add()),
        |turn| {
            if turn % 2 == 0 {
                remove_again(&before, "remove feat");
            } else {
                bring_back(&before);
                before.sandbox.remove_with_remarks(NAME);
            }
            before.assert_nothing_left();
        },
    );
}

#[test]
fn a_remove_killed_at_some_of_its_steps_is_finished_by_a_second_one() {
    remove_is_killed(sample);
}

fn resume_is_killed(choose: Choice) {
    let Some(before) = before() else { return };
    let starts = Cell::new([0; 3]);
    kill_each(
        &before,
        "resume feat",
        choose,
        || {
            // As after a restart of the machine, and with all to be made again.
            let worktree = before.add();
            before.close_windows();
            unset(&worktree);
            starts.set(before.starts());
        },
        |turn| {
            if turn % 2 == 0 {
                before.sandbox.run(["resume", NAME]).succeeds();
                before.assert_finished(starts.get());
                return before.assert_can_be_removed();
            }
            // It may remark that the worktree was not there, which was deleted by hand.
            before.sandbox.remove_with_remarks(NAME);
            before.assert_nothing_left();
        },
    );
}

#[test]
fn a_resume_killed_at_some_of_its_steps_is_finished_by_another_or_cleared_by_remove() {
    resume_is_killed(sample);
}

/// Makes a session with work of every kind that nothing else has.
fn add_with_work(before: &Before) {
    let worktree = before.add();
    let sandbox = &before.sandbox;
    sandbox.commit(&worktree, "committed", "one");
    sandbox.git(&worktree, "switch -q --detach");
    sandbox.commit(&worktree, "detached", "two");
    write(&worktree.join("staged"), "three");
    sandbox.git(&worktree, "add staged");
    write(&worktree.join("staged"), "four");
    write(&worktree.join("ignored.sqlite3"), "five");
}

/// Makes such a session, and removes it.
fn remove_work(before: &Before) {
    add_with_work(before);
    before.sandbox.force_remove(NAME);
}

/// Has git clear up all that it can, brings the session back with all of its work, and removes it for good.
#[track_caller]
fn assert_work_comes_back_and_goes(before: &Before) {
    let sandbox = &before.sandbox;
    for line in ["worktree prune --expire=now", "prune --expire=now"] {
        // While a remove is half done, a worktree may be on a branch that is not there.
        let mut git = sandbox.command("git", &sandbox.main);
        let status = git.args(line.words()).status();
        assert!(status.unwrap().code().is_some());
    }
    bring_back(before);
    let worktree = sandbox.worktree(NAME);
    assert_eq!(read(&worktree.join("staged")), "four");
    assert_eq!(read(&worktree.join("ignored.sqlite3")), "five");
    for (object, text) in [
        (":staged", "three"),
        ("HEAD:detached", "two"),
        ("feat:committed", "one"),
    ] {
        assert_eq!(sandbox.git(&worktree, ["show", object]), text);
    }
    let status = sandbox.status(&worktree);
    assert_eq!(status, "AM staged");
    sandbox.force_remove_with_remarks(NAME);
    before.assert_nothing_left();
}

fn forced_remove_is_killed(choose: Choice) {
    let Some(before) = before() else { return };
    kill_each(
        &before,
        "remove --force feat",
        choose,
        || add_with_work(&before),
        |turn| {
            if turn % 2 == 0 {
                remove_again(&before, "remove --force feat");
                assert!(!before.sandbox.worktree(NAME).exists());
            }
            assert_work_comes_back_and_goes(&before);
        },
    );
}

fn restore_is_killed(choose: Choice) {
    let Some(before) = before() else { return };
    kill_each(
        &before,
        "restore feat",
        choose,
        || remove_work(&before),
        |turn| {
            if !before.is_recorded() {
                let told = before.sandbox.run("list --removed").stdout;
                assert!(told.contains("tally-session restore feat"), "{told}");
            }
            if turn % 3 == 0 && !before.is_recorded() {
                // It may not take away what says that it is half there.
                before.sandbox.run("doctor --fix").does_not_crash();
            }
            if turn % 2 == 0 && before.is_recorded() {
                remove_again(&before, "remove --force feat");
            }
            assert_work_comes_back_and_goes(&before);
        },
    );
}

#[test]
fn a_restore_killed_at_some_of_its_steps_is_finished_by_another_or_by_a_remove() {
    restore_is_killed(sample);
}

fn purge_is_killed(choose: Choice) {
    let Some(before) = before() else { return };
    kill_each(
        &before,
        "purge --yes feat",
        choose,
        || remove_work(&before),
        |_| {
            before.sandbox.run("purge --yes").goes_well();
            // It may leave the file of its lock, which is nobody's then.
            before.sandbox.run("doctor --fix").does_not_crash();
            before.assert_nothing_left();
        },
    );
}

#[test]
fn a_purge_killed_at_some_of_its_steps_is_finished_by_another() {
    purge_is_killed(sample);
}

#[test]
fn a_forced_remove_killed_at_some_of_its_steps_loses_no_work() {
    forced_remove_is_killed(sample);
}

#[test]
#[ignore = "takes minutes"]
fn each_command_killed_at_any_of_its_steps_is_finished_or_cleared_by_the_next() {
    let commands = [
        add_is_killed,
        remove_is_killed,
        resume_is_killed,
        forced_remove_is_killed,
        restore_is_killed,
        purge_is_killed,
    ];
    // As many at once as there are processors.
    std::thread::scope(|scope| {
        for killed in commands {
            scope.spawn(move || killed(EVERY));
        }
    });
}

/// Right after a file or a folder has got its place.
const BEHIND_RENAMES: Choice = |steps| {
    let mut is_behind = false;
    let mut is_wanted = |step: &Step| {
        let is_rename = step.to_string().starts_with("rename");
        std::mem::replace(&mut is_behind, is_rename)
    };
    steps.into_iter().filter(&mut is_wanted).collect()
};

#[test]
fn of_a_remove_that_was_killed_and_brought_back_nothing_is_left_that_can_be_had_back() {
    let Some(before) = before() else { return };
    let sandbox = &before.sandbox;
    let trash = sandbox.main.join(".git/tally-session/trash");
    kill_each(
        &before,
        "remove --force feat",
        BEHIND_RENAMES,
        || add_with_work(&before),
        |_| {
            bring_back(&before);
            let told = "nothing was removed that can be had back\n";
            sandbox.run("list --removed").says(told);
            until("nothing is kept", || files_in(&trash).is_empty());
            assert_work_comes_back_and_goes(&before);
        },
    );
}
