//! `attach`: going to a session.

use crate::sandbox::Sandbox;

#[test]
fn attach_outside_tmux_attaches_the_terminal() {
    let sandbox = Sandbox::new();
    sandbox.add("feat");
    sandbox.add("feature");
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("attach feat");
    sandbox.await_client("tally-feat");
    terminal.await_screen(|screen| screen.contains("[tally-fea"));
}

#[test]
fn attach_inside_tmux_switches_the_client() {
    let sandbox = Sandbox::new();
    sandbox.add("one");
    sandbox.add("two");
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("attach one");
    sandbox.await_client("tally-one");
    sandbox.enter(
        "one",
        "shell",
        &format!("{} attach two", env!("CARGO_BIN_EXE_tally-session")),
    );
    sandbox.await_client("tally-two");
}

#[test]
fn attach_resumes_a_stopped_session_first() {
    let sandbox = Sandbox::new();
    sandbox.add("feat");
    sandbox.restart();
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("attach feat");
    sandbox.await_client("tally-feat");
    sandbox.await_programs("feat", 2);
}

#[test]
fn attach_leaves_a_running_session_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.add("feat");
    let before = sandbox.windows("feat", "#{pane_pid} #{window_name}");
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("attach feat");
    sandbox.await_client("tally-feat");
    assert_eq!(
        sandbox.windows("feat", "#{pane_pid} #{window_name}"),
        before
    );
}

#[test]
fn attach_goes_to_no_session_whose_name_only_begins_so() {
    let sandbox = Sandbox::new();
    sandbox.add("feature");
    let error = "error: there is no session feat\nhint: did you mean feature? tally-session attach feature\nhint: see which there are: tally-session list\n";
    sandbox.run_changes_nothing(["attach", "feat"]).fails(error);
}

#[test]
fn attach_goes_to_no_tmux_session_that_it_did_not_make() {
    let sandbox = Sandbox::new();
    sandbox.add("feat");
    sandbox.restart();
    sandbox.tmux(["new-session", "-d", "-s", "tally-feat"]);
    sandbox
        .run_changes_nothing(["attach", "feat"])
        .fails("error: [..]tmux session tally-feat[..]\nhint: [..]\n");
}
