//! Who holds the ports.

use super::{assert_fine, assert_left, in_order};
use crate::sandbox::{Sandbox, stranger, take_port, until};

fn serving() -> Sandbox {
    in_order(Sandbox::serving())
}

#[test]
fn a_server_that_has_ended_is_a_failure_that_resume_mends() {
    let sandbox = serving().with("feat");
    let (backend, _) = sandbox.ports("feat");
    sandbox.end_server("feat");
    until("its window has ended", || {
        sandbox.list()[0]["windows"]["backend"] == "ended"
    });
    assert_left(
        &sandbox,
        "failed   feat: what ran in its window backend has ended\n         tally-session logs feat backend; tally-session resume feat",
    );
    let told = "brought back in feat: backend\n";
    sandbox.run("resume feat").says(told);
    sandbox.await_start("python", "feat", 2);
    assert_eq!(sandbox.ports("feat").0, backend);
}

#[test]
fn a_server_that_begins_while_doctor_looks_is_no_stranger() {
    let (sandbox, worktree) = serving().with_worktree("feat");
    let (backend, _) = sandbox.ports("feat");
    let server = sandbox.end_server("feat");
    sandbox.await_end(server);
    let worktree = worktree.display();
    sandbox.wrap(
        "git",
        &format!(
            r#"case "$*" in *for-each-ref*)
    cd {worktree}/backend
    TALLY_SESSION=feat TALLY_WORKTREE={worktree} python manage.py runserver {backend} </dev/null >/dev/null 2>&1 &
    for try in {{1..1000}}; do (exec 3<>/dev/tcp/127.0.0.1/{backend}) 2>/dev/null && break; sleep 0.01; done
esac
exec "$REAL" "$@""#
        ),
    );
    sandbox
        .run("doctor")
        .goes_well()
        .says_nothing_of("not the session's");
}

#[test]
fn a_stranger_on_a_stopped_session_s_port_is_named_and_left_and_the_cure_moves_the_session() {
    let sandbox = serving().with("feat");
    let (backend, _) = sandbox.ports("feat");
    sandbox.restart();
    let stranger = sandbox.stranger_on(backend);
    let pid = stranger.id();
    let found = assert_left(
        &sandbox,
        &format!(
            "failed   feat: the backend's port {backend} is held by process {pid} ([..]), which is not the session's\n         \
             take another port: tally-session resume feat"
        ),
    );
    assert!(sandbox.lives(pid));
    sandbox.follow(&found, "take another port: ").goes_well();
    sandbox.await_programs("feat", 2);
    assert_fine(&sandbox);
}

#[test]
fn a_stranger_on_a_running_session_s_port_is_named_and_left_and_the_cure_moves_the_session() {
    let sandbox = serving().with("feat");
    let (backend, _) = sandbox.ports("feat");
    sandbox.end_server("feat");
    let stranger = sandbox.stranger_on(backend);
    let found = assert_left(
        &sandbox,
        &format!(
            "failed   feat: the backend's port {backend} is held by process {} ([..]), which is not the session's\n         \
             end that process if you can spare it[..]",
            stranger.id()
        ),
    );
    sandbox.follow(&found, "take another port: ").goes_well();
    sandbox.await_programs("feat", 2);
    assert_fine(&sandbox);
}

#[test]
fn a_server_that_outlived_its_windows_is_named_and_the_cure_ends_it() {
    let sandbox = serving();
    let backend = sandbox.add_with_server(
        "feat",
        "ignore(signal.SIGHUP)\nlistener = listen()\nnote('server')\nwhile True:\n    time.sleep(600)\n",
    );
    let server = sandbox.noted("server");
    sandbox.kill_windows("feat");
    let (_, frontend) = sandbox.ports("feat");
    drop(take_port("127.0.0.1", frontend));
    let found = assert_left(
        &sandbox,
        &format!(
            "failed   feat: the backend's port {backend} is held by process {server} ([..]), which came from windows that are closed\n         \
             end it, or go to the tmux server that has the windows of feat: kill {server}"
        ),
    );
    assert!(sandbox.lives(server));
    sandbox.follow(&found, "the windows of feat: ").succeeds();
    sandbox.await_end(server);
    assert_fine(&sandbox);
}

#[test]
fn a_port_in_two_records_is_named_and_the_cure_parts_them() {
    let sandbox = serving().with("one").with("two");
    sandbox.kill_windows("two");
    let (backend, _) = sandbox.ports("one");
    sandbox.edit_record("two", |record| record["backend_port"] = backend.into());
    let found = sandbox.run("doctor").is(
        1,
        &format!("[...]\nfailed   port {backend} is in the records of one and two\n         while one's server runs: tally-session resume two\n[...]"),
        "",
    );
    sandbox
        .follow(&found, "while one's server runs: ")
        .goes_well();
    sandbox.await_programs("two", 2);
    assert_fine(&sandbox);
}

#[test]
fn a_stranger_s_command_is_shown_in_one_line_of_some_length() {
    let sandbox = serving().with("feat");
    let (backend, _) = sandbox.ports("feat");
    sandbox.restart();
    let script = format!(
        "import socket, time\n# \u{1b}[31m {}\ns = socket.socket()\ns.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\ns.bind(('127.0.0.1', {backend}))\ns.listen()\ntime.sleep(600)\n",
        "long ".repeat(100)
    );
    let mut python = sandbox.command("python3", &sandbox.root);
    let _stranger = stranger(python.args(["-c", &script]), backend);
    let outcome = sandbox.run("doctor");
    let line = outcome
        .stdout
        .lines()
        .find(|line| line.contains("is held by"))
        .unwrap();
    assert!(
        line.ends_with("…), which is not the session's"),
        "{outcome}"
    );
    assert!(!line.contains('\u{1b}') && line.len() < 300, "{outcome}");
}
