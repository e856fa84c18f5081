//! The windows of a session, and what is typed into them.

mod living;
mod others;
mod renamed;
mod shells;

use crate::sandbox::{Sandbox, write};
use std::fs;

#[test]
fn a_session_has_these_windows_in_this_order_and_each_runs_its_command_in_its_folder() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let names = sandbox.windows("feat", "#{window_name}");
    assert_eq!(names, sandbox.window_names("feat"));
    let (backend, frontend) = sandbox.ports("feat");
    for (program, folder, line) in [
        (
            "python",
            "backend",
            format!("manage.py runserver {backend}"),
        ),
        ("npm", "frontend", format!("run dev -- --port {frontend}")),
        ("claude", "", "--name tally-feat".to_owned()),
    ] {
        let started = &sandbox.started(program, "feat")[0];
        assert_eq!(started.args.join(" "), line);
        assert_eq!(started.cwd, worktree.join(folder));
        assert_eq!(started.env["VIRTUAL_ENV"], "tally");
    }
}

#[test]
fn every_window_goes_through_workon_and_then_to_its_folder() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    for (window, dir) in [("shell", &worktree), ("cli", &worktree.join("backend"))] {
        if window == "cli" {
            let pane = sandbox.pane("feat", window);
            sandbox.await_end_of("feat", window, "manage.py");
            sandbox.tmux(["send-keys", "-t", &pane, "C-u"]);
        }
        sandbox.enter(
            "feat",
            window,
            "echo \"at $PWD in $VIRTUAL_ENV\" | tr a-z A-Z",
        );
        let wanted = format!("at {} in tally", dir.display()).to_uppercase();
        sandbox.await_screen("feat", window, |screen| {
            screen.lines().any(|line| line == wanted)
        });
    }
}

#[test]
fn a_failed_workon_is_seen_and_nothing_runs_in_the_wrong_place() {
    let sandbox = Sandbox::new();
    sandbox.start_up("workon() { echo \"ERROR: Environment '$1' does not exist.\"; return 1; }");
    sandbox.run("add feat").succeeds();
    for window in ["backend", "frontend", "claude", "shell", "cli"] {
        sandbox.await_text("feat", window, "Environment 'tally' does not exist");
    }
    for (window, program) in [
        ("backend", "python"),
        ("frontend", "npm"),
        ("claude", "claude"),
    ] {
        sandbox.settle("feat", window);
        assert!(sandbox.started(program, "feat").is_empty(), "{program}");
    }
}

#[test]
fn the_cli_window_has_its_command_line_ready_and_not_run() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.await_end_of("feat", "cli", "$ python manage.py");
    assert_eq!(sandbox.started("python", "feat").len(), 1);
    sandbox.enter("feat", "cli", "check");
    let check = sandbox.await_start("python", "feat", 2);
    assert_eq!(check.args, ["manage.py", "check"]);
    assert_eq!(check.cwd, worktree.join("backend"));
}

#[test]
fn the_shell_window_has_a_ready_prompt() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.settle("feat", "shell");
    let screen = sandbox.await_end_of("feat", "shell", "$");
    // The one line that was typed there, and that of the test.
    let found = screen.lines().filter(|line| line.starts_with("$ ")).count();
    assert_eq!(found, 2, "{screen}");
}

#[test]
fn every_window_has_the_session_s_variables() {
    let sandbox = Sandbox::new().with("feat/pay");
    let (backend, frontend) = sandbox.ports("feat/pay");
    let wanted = format!("=feat/pay {backend} {frontend} http://localhost:{backend}=");
    for window in ["backend", "frontend", "claude", "shell", "cli"] {
        let pane = sandbox.pane("feat/pay", window);
        sandbox.tmux(["respawn-pane", "-k", "-t", &pane]);
        let line = "echo \"=$TALLY_SESSION $BACKEND_PORT $FRONTEND_PORT $VITE_API_URL=\"";
        sandbox.enter("feat/pay", window, line);
        sandbox.await_screen("feat/pay", window, |screen| {
            screen.lines().any(|shown| shown == wanted)
        });
    }
}

#[test]
fn a_window_that_the_user_opens_has_the_session_s_variables_too() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.tmux("new-window -t =tally-feat: -n mine");
    sandbox.settle("feat", "mine");
}

#[test]
fn ctrl_c_and_arrow_up_work_on_the_servers_as_ever() {
    let sandbox = Sandbox::new().with("feat");
    let first = sandbox.started("python", "feat")[0].clone();
    sandbox.press("feat", "backend", "C-c");
    sandbox.await_end_of("feat", "backend", "$");
    sandbox.press("feat", "backend", "Up Enter");
    let again = sandbox.await_start("python", "feat", 2);
    assert_eq!((again.args, again.cwd), (first.args, first.cwd));
}

#[test]
fn window_names_stay() {
    let sandbox = Sandbox::new();
    let config = "set -g automatic-rename on\nset -g allow-rename on\n";
    write(&sandbox.home.join(".tmux.conf"), config);
    sandbox.add("feat");
    sandbox.enter("feat", "shell", "printf '\\033kmine\\033\\\\'; sleep 0.01");
    sandbox.settle("feat", "shell");
    let names = sandbox.windows("feat", "#{window_name}");
    assert_eq!(names, sandbox.window_names("feat"));
}

#[test]
#[ignore = "waits for long"]
fn a_shell_without_a_line_editor_gets_its_command_too() {
    let sandbox = Sandbox::new();
    // As in dash: what is typed is read line by line.
    sandbox.start_up("exec bash --noediting --rcfile \"$HOME/.plain\" -i");
    let start_up = fs::read_to_string(sandbox.home.join(".bash_profile")).unwrap();
    write(
        &sandbox.home.join(".plain"),
        start_up.replace("exec bash", ": "),
    );
    let outcome = sandbox.add_telling("feat", "[...]");
    let warning = outcome.stderr.rsplit("warning: ").next().unwrap();
    for window in ["backend", "frontend", "claude", "shell", "cli"] {
        assert!(warning.contains(window), "{outcome}");
    }
    sandbox.await_programs("feat", 1);
}
