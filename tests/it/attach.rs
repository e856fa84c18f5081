//! `attach`: going to a session.

use crate::sandbox::{PROGRAM, Sandbox, until, write};

#[test]
fn attach_outside_tmux_attaches_the_terminal_and_leaves_a_running_session_as_it_is() {
    let sandbox = Sandbox::new().with("feat").with("feature");
    let before = sandbox.windows("feat", "#{pane_pid} #{window_name}");
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("attach feat");
    sandbox.await_client("tally-feat");
    terminal.await_text("[tally-fea");
    let names = sandbox.windows("feat", "#{pane_pid} #{window_name}");
    assert_eq!(names, before);
}

#[test]
fn attach_inside_tmux_switches_the_client() {
    let sandbox = Sandbox::new().with("one").with("two");
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("attach one");
    sandbox.await_client("tally-one");
    sandbox.enter("one", "shell", &format!("{PROGRAM} attach two"));
    sandbox.await_client("tally-two");
}

#[test]
fn a_terminal_that_shows_a_session_shows_it_again_when_it_is_restarted() {
    let sandbox = Sandbox::new();
    let settings = sandbox.home.join(".tmux.conf");
    write(&settings, "set -g destroy-unattached on\n");
    let sandbox = sandbox.with("feat");
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("attach feat");
    sandbox.await_client("tally-feat");
    // From a window of its own, and from elsewhere.
    sandbox.enter("feat", "shell", &format!("{PROGRAM} restart"));
    sandbox.await_programs("feat", 2);
    sandbox.await_client("tally-feat");
    sandbox
        .run("restart feat")
        .says("stopped feat\nresumed feat[..]\n");
    sandbox.await_client("tally-feat");
    assert!(!terminal.lines().join("\n").contains("[exited]"));
    until("nothing is left of where it waited", || {
        sandbox.tmux_sessions() == ["tally-feat"]
    });
}

#[test]
fn a_terminal_that_shares_a_session_s_windows_shows_the_session_when_it_is_restarted() {
    let sandbox = Sandbox::new().with("feat");
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.enter("env -u TMUX -u TMUX_PANE tmux new-session -s shared -t tally-feat");
    sandbox.await_client("shared");
    sandbox
        .run("restart feat")
        .says("stopped feat\nresumed feat[..]\n");
    sandbox.await_client("tally-feat");
}

#[test]
fn attach_resumes_a_stopped_session_first_and_resume_a_attaches_then() {
    let sandbox = Sandbox::new().with("feat");
    for (times, line) in [(2, "attach feat"), (3, "resume feat -a")] {
        sandbox.stop("feat");
        let terminal = sandbox.terminal(&sandbox.main);
        terminal.run(line);
        sandbox.await_client("tally-feat");
        sandbox.await_programs("feat", times);
    }
}

/// The status line below the session `feature-payment`.
#[track_caller]
fn status_line(sandbox: &Sandbox) -> String {
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("attach feature-payment");
    terminal.await_text("0:backend");
    terminal.lines().pop().unwrap()
}

#[test]
fn the_status_line_has_the_whole_name_of_the_session() {
    for project in ["tally", "my tally's", "größe"] {
        // Of several that are resumed the windows are made by other means.
        for sessions in [&["feature-payment"][..], &["feature-payment", "other"]] {
            let sandbox = Sandbox::of_project(project);
            for name in sessions {
                sandbox.run(["add", name]).succeeds();
            }
            if sessions.len() > 1 {
                sandbox.restart();
                sandbox.run("resume").succeeds();
            }
            let line = status_line(&sandbox);
            let name = format!("[{project}-feature-payment] 0:");
            assert!(line.starts_with(&name), "{line}");
        }
    }
}

#[test]
fn how_much_of_the_name_is_shown_stays_as_the_user_has_set_it() {
    for (setting, shown) in [
        ("set -g status-left-length 12", "[tally-featu0:"),
        (
            "set-hook -g session-created 'set status-left-length 8'",
            "[tally-f0:",
        ),
        // A text of the user's own around it has room, too.
        ("set -g status-left ' #S | '", " tally-feature-payment | 0:"),
    ] {
        let sandbox = Sandbox::new();
        write(&sandbox.home.join(".tmux.conf"), setting);
        sandbox.run("add feature-payment").succeeds();
        let line = status_line(&sandbox);
        assert!(line.starts_with(shown), "{setting}: {line}");
        let all = sandbox.tmux("show-options -g status-left-length");
        let is_own = setting.contains("-g status-left-length");
        assert_eq!(
            all,
            format!("status-left-length {}", if is_own { 12 } else { 10 })
        );
    }
}
