//! `doctor`: what is found, named with its cure, mended, and left alone.

mod databases;
mod files;
mod leavings;
mod locks;
mod ports;
mod programs;
mod reach;
mod sessions;
mod strays;

use crate::sandbox::{Outcome, Sandbox, unset, write};
use std::sync::atomic::{AtomicU16, Ordering};

/// A project whose `workon` finds its virtual environment.
fn project() -> Sandbox {
    in_order(Sandbox::new())
}

fn in_order(sandbox: Sandbox) -> Sandbox {
    write(
        &sandbox.home.join(".virtualenvs/tally/bin/activate"),
        "# virtualenv\n",
    );
    let port = quiet_port();
    let layout = format!("[ports]\nbackend = {port}\nfrontend = {}\n", port + 100);
    sandbox.commit(&sandbox.main, ".tally-session.toml", &layout);
    sandbox
}

/// A port that other programs on this machine do not take by chance, also while the session that has it is stopped.
fn quiet_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let ours = u16::try_from(std::process::id() % 50).unwrap() * 400;
    11_000 + ours + TAKEN.fetch_add(1, Ordering::Relaxed) % 100
}

/// A project with a stopped session, all of it in order.
fn stopped() -> Sandbox {
    let sandbox = project().with("feat");
    sandbox.restart();
    sandbox
}

/// Nothing is wrong, and nothing was done.
#[track_caller]
fn assert_fine(sandbox: &Sandbox) -> Outcome {
    let outcome = sandbox
        .run_changes_nothing("doctor")
        .says("[...]\nno problems\n");
    let is_fine = |line: &str| line.starts_with("ok  ") || line == "no problems";
    assert!(outcome.stdout.lines().all(is_fine), "{outcome}");
    outcome
}

/// `doctor` finds this alone, with the end that its first word has, and `--fix` makes it this.
#[track_caller]
fn assert_mended(sandbox: &Sandbox, found: &str, fixed: &str) {
    let cure = "         tally-session doctor --fix\n[...]\n1 problem; tally-session doctor --fix mends it\n";
    let doctor = sandbox.run_changes_nothing("doctor");
    doctor.is(end_of(found), &format!("[...]\n{found}\n{cure}"), "");
    let told = format!("[...]\nfixed    {fixed}\n[...]\n1 mended, no problems\n");
    sandbox.run("doctor --fix").says(&told);
    assert_fine(sandbox);
}

/// How a `doctor` ends that finds this.
fn end_of(found: &str) -> i32 {
    found.starts_with("failed ").into()
}

/// `doctor` finds this alone, with these cures and the end that its first word has, and `--fix` leaves it.
#[track_caller]
fn assert_left(sandbox: &Sandbox, found: &str) -> Outcome {
    let expected = format!("[...]\n{found}\n[...]\n1 problem\n");
    for line in ["doctor --fix", "doctor"] {
        sandbox
            .run_changes_nothing(line)
            .is(end_of(found), &expected, "");
    }
    sandbox.run("doctor")
}

#[test]
fn a_healthy_project_is_all_ok_and_nothing_is_changed() {
    let sandbox = in_order(Sandbox::serving());
    sandbox.add("feat");
    sandbox.add("fix/pay");
    let (backend, frontend) = sandbox.ports("feat");
    let [python, npm] = ["python", "npm"].map(|program| sandbox.started(program, "feat")[0].pid);
    assert_fine(&sandbox).says(&format!(
        "ok       git [..]\n\
             ok       tmux [..]\n\
             ok       claude 2.1.330\n\
             ok       the store [ROOT]/tally/.tally-sessions has 2 sessions\n\
             ok       [ROOT]/tally/.git/info/exclude keeps the store out of git\n\
             ok       the virtual environment tally is in [ROOT]/home/.virtualenvs\n\
             ok       feat: its worktree is [ROOT]/tally-feat, on its branch feat\n\
             ok       feat: frontend/node_modules leads to the main checkout's\n\
             ok       feat: backend/db.sqlite3 is a database of its own\n\
             ok       feat: backend/.env is there\n\
             ok       feat: frontend/.env is there\n\
             ok       feat: VITE_API_URL in frontend/.env is http://localhost:{backend}\n\
             ok       feat: git status shows nothing that was put there\n\
             ok       feat: Claude has what it was allowed in the main checkout\n\
             ok       feat: the backend's port {backend} is served by process {python} ([..])\n\
             ok       feat: the frontend's port {frontend} is served by process {npm} ([..])\n\
             ok       fix/pay: its worktree is [ROOT]/tally-fix-pay, on its branch fix/pay\n\
             [...]\n\
             no problems\n"
    ));
    let told = "[...]\nno problems\n";
    sandbox.run_changes_nothing("doctor --fix").says(told);
    sandbox.restart();
    assert_fine(&sandbox).says(&format!(
        "[...]\nok       feat: the backend's port {backend} is free\n[...]\n"
    ));
}

#[test]
fn a_project_without_sessions_is_fine_and_looked_at_from_a_subfolder() {
    let sandbox = project();
    let none = "[...]\nok       the store [ROOT]/tally/.tally-sessions is not there yet: there are no sessions\n[...]\nno problems\n";
    sandbox
        .run_in(&sandbox.main.join("backend"), "doctor")
        .says(none);
    assert_fine(&sandbox);
}

#[test]
fn q_prints_only_what_fails_and_problems_are_counted_and_so_are_those_that_fix_mends() {
    let sandbox = stopped();
    let worktree = sandbox.worktree("feat");
    sandbox.run("-q doctor").says("");
    unset(&worktree.join("backend/.env"));
    let failed = "failed   feat: backend/.env is missing\n         tally-session doctor --fix\n";
    sandbox.run("-q doctor").is(1, failed, "");
    unset(&worktree.join("frontend/node_modules"));
    sandbox.git(&worktree, "switch -q -c other");
    let count = "[...]\n3 problems; tally-session doctor --fix mends 2 of them\n";
    sandbox.run_changes_nothing("doctor").is(1, count, "");
    let told = "[...]\n2 mended, 1 problem\n";
    sandbox.run("doctor --fix").says(told);
    sandbox.git(&worktree, "switch -q feat");
    sandbox.run("-q doctor --fix").says("");
}
