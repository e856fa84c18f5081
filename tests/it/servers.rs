//! What became of a session's servers when `remove` returns, and of everybody else's.

use crate::sandbox::{
    LEAVING, PROGRAM, Sandbox, Stranger, assert_free, eventually, signal, stranger, until, write,
};
use rustix::process::Signal;
use std::path::Path;

/// Ends when it is asked to, after it has put things in order; not when its terminal goes away.
const ORDERLY: &str = "
ignore(signal.SIGHUP)
def end(*_):
    note('in-order')
    os._exit(0)
signal.signal(signal.SIGTERM, end)
listener = listen()
note('server')
while True:
    signal.pause()
";

/// Leaves its terminal and its parent, and ends when it is made to.
const DAEMON: &str = "
ignore(signal.SIGHUP, signal.SIGTERM)
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
listener = listen()
note('server')
while True:
    time.sleep(600)
";

/// As Django's: a parent that starts the server again whenever it ends.
const RELOADER: &str = "
if 'RUN_MAIN' in os.environ:
    listener = listen()
    note('server')
    while True:
        time.sleep(600)
note('parent')
while True:
    subprocess.run([sys.executable, '-IS', *sys.argv], env={**os.environ, 'RUN_MAIN': 'true'})
";

/// Leaves its terminal, and has a child that serves.
const EDITOR: &str = "
if 'CHILD' in os.environ:
    listener = listen()
    note('server')
    while True:
        time.sleep(600)
if os.fork():
    os._exit(0)
os.setsid()
note('editor')
subprocess.run([sys.executable, '-IS', *sys.argv], env={**os.environ, 'CHILD': 'true'})
while True:
    time.sleep(600)
";

/// Ignores the hang-up and has no environment to read, as what Apple delivers hides its own.
const HIDDEN: &str = "
CODE = '''
import os, signal, socket, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
listener = socket.create_server((\"127.0.0.1\", int(sys.argv[1])))
with open(sys.argv[2], \"w\") as file:
    file.write(str(os.getpid()))
while True:
    signal.pause()
'''
os.execve(sys.executable, ['python', '-IS', '-c', CODE, sys.argv[3], f'{SANDBOX}/server'], {})
";

#[test]
fn servers_that_outlive_a_hang_up_their_terminal_or_their_end_are_ended_and_the_orderly_are_given_the_time()
 {
    let sandbox = Sandbox::serving();
    for (script, of_parent) in [
        (ORDERLY, "in-order"),
        (DAEMON, "server"),
        (HIDDEN, "server"),
        (RELOADER, "parent"),
    ] {
        let _ = std::fs::remove_file(sandbox.root.join("server"));
        let port = sandbox.add_with_server("feat", script);
        let server = sandbox.noted("server");
        sandbox.remove_with_remarks("feat");
        assert_free(port);
        assert!(!sandbox.lives(server), "{script}");
        assert!(!sandbox.lives(sandbox.noted(of_parent)), "{script}");
    }
}

#[test]
fn a_reloader_that_ignores_a_hang_up_and_an_editor_are_named_and_only_their_servers_are_ended() {
    for (script, parent, starts_it_again) in [
        (
            &format!("ignore(signal.SIGHUP)\n{RELOADER}")[..],
            "parent",
            true,
        ),
        (EDITOR, "editor", false),
    ] {
        let sandbox = Sandbox::serving();
        let port = sandbox.add_with_server("feat", script);
        let (parent, server) = (sandbox.noted(parent), sandbox.noted("server"));
        let runs =
            format!("this was started in its windows and still runs: [..]process {parent} ([..]");
        sandbox.force_remove_telling("feat", &format!("[...]\nwarning: {runs}\n"));
        // The next server of the one who was left may listen by now.
        if !starts_it_again {
            assert_free(port);
        }
        assert!(sandbox.lives(parent) && !sandbox.lives(server));
    }
}

#[test]
fn a_server_that_has_outlived_its_windows_keeps_a_resume_off_until_stop_has_ended_it() {
    let sandbox = Sandbox::serving();
    let port = sandbox.add_with_server("feat", DAEMON);
    sandbox.kill_windows("feat");
    sandbox.run("resume feat").fails(&format!(
        "waiting [..]\nerror: feat still runs on port {port}, without its windows: process [..]\n\
         hint: end it: tally-session stop feat\n"
    ));
    let waits = "waiting for the servers of feat to end\n";
    sandbox.run("stop feat").is(0, "stopped feat\n", waits);
    assert_free(port);
}

#[test]
fn a_daemon_that_a_window_happened_to_start_and_that_works_elsewhere_is_left_without_a_word() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let mut daemon = sandbox.command("sleep", &sandbox.home);
    daemon.arg("600").env("TALLY_WORKTREE", &worktree);
    let mut daemon = daemon.spawn().unwrap();
    sandbox.remove("feat");
    assert!(sandbox.lives(daemon.id()));
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

#[test]
fn what_holds_no_port_is_named_and_left() {
    let sandbox = Sandbox::serving().with("feat");
    let line = format!(
        "{LEAVING} bash -c 'echo $$ >\"$SANDBOX/editor\"; exec -a editor sleep 600' & disown"
    );
    sandbox.enter("feat", "shell", &line);
    let editor = eventually("it runs", || {
        let text = std::fs::read_to_string(sandbox.root.join("editor")).ok()?;
        text.trim().parse::<u32>().ok()
    });
    sandbox.force_remove_telling(
        "feat",
        &format!("[...]\nwarning: [..]process {editor} (editor 600)\n"),
    );
    assert!(sandbox.lives(editor));
}

/// A server with the very command line of the session's, that came from elsewhere.
fn server_from_elsewhere(sandbox: &Sandbox, port: u16, variables: &[(&str, &Path)]) -> Stranger {
    let mut python = sandbox.command(sandbox.root.join("bin/python"), &sandbox.main);
    python.args(["manage.py", "runserver", &port.to_string()]);
    python.envs(variables.iter().copied());
    stranger(&mut python, port)
}

#[test]
fn a_stranger_with_the_same_command_line_is_named_and_left_alone() {
    let sandbox = Sandbox::serving();
    let elsewhere = sandbox.root.join("elsewhere");
    let worktree = sandbox.worktree("feat");
    let name = Path::new("feat");
    // The second one came from a session of the same name, of another project, and the third is a daemon that a window of
    // this one happened to start.
    let all: [&[(&str, &Path)]; 3] = [
        &[],
        &[("TALLY_SESSION", name), ("TALLY_WORKTREE", &elsewhere)],
        &[("TALLY_SESSION", name), ("TALLY_WORKTREE", &worktree)],
    ];
    for variables in all {
        let before = sandbox.started("python", "feat").len();
        sandbox.run("add feat").succeeds();
        sandbox.await_event("listening", "python", "feat", before + 1);
        let (backend, _) = sandbox.ports("feat");
        let own = sandbox.started("python", "feat").pop().unwrap();
        signal(own.pid, Signal::TERM);
        let stranger = server_from_elsewhere(&sandbox, backend, variables);
        let pid = stranger.id();
        sandbox.remove_telling("feat", &format!("warning: port {backend} [..]process {pid} ([..]manage.py runserver {backend})[..]\n"));
        assert!(sandbox.lives(pid));
    }
}

#[test]
fn strangers_on_both_ports_are_both_named() {
    let sandbox = Sandbox::serving().with("feat");
    let (backend, frontend) = sandbox.ports("feat");
    sandbox.restart();
    let strangers = [backend, frontend].map(|port| server_from_elsewhere(&sandbox, port, &[]));
    let pids = strangers.each_ref().map(Stranger::id);
    let warnings = format!(
        "warning: port {backend} [..]{}[..]\nwarning: port {frontend} [..]{}[..]\n",
        pids[0], pids[1]
    );
    sandbox.remove_telling("feat", &warnings);
    assert!(pids.into_iter().all(|pid| sandbox.lives(pid)));
}

#[test]
fn a_session_removes_itself_from_its_own_window_though_its_terminal_goes_away() {
    let (sandbox, worktree) = Sandbox::serving().with_worktree("feat");
    let (backend, frontend) = sandbox.ports("feat");
    // With `tostop`, whoever writes to the terminal from the background is stopped.
    let line = format!("cd frontend; stty tostop; {PROGRAM} remove feat");
    sandbox.enter("feat", "shell", &line);
    until("it is removed", || {
        sandbox.names().is_empty() && !worktree.exists()
    });
    assert!(sandbox.tmux_sessions().is_empty());
    assert_free(backend);
    assert_free(frontend);
}

#[test]
fn a_session_that_is_refused_from_its_own_window_says_so_there() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    write(&worktree.join("new"), "");
    sandbox.enter(
        "feat",
        "shell",
        &format!("{PROGRAM} remove feat; echo \"status-$?-\""),
    );
    let screen = sandbox.await_text("feat", "shell", "\nstatus-1-");
    assert!(screen.contains("error: the session feat"), "{screen}");
    assert!(screen.contains("hint: "), "{screen}");
    assert_eq!(sandbox.names(), ["feat"]);
}
