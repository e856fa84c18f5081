//! The processes of a session that is removed, and those of others.

use crate::sandbox::{Sandbox, assert_free, until, write};

#[test]
fn remove_ends_a_server_that_does_not_heed_hang_up_and_term_whether_its_windows_are_there_or_gone()
{
    let sandbox = Sandbox::serving();
    sandbox.tell("stubborn");
    for are_gone in [false, true] {
        sandbox.add_again("feat");
        let (backend, frontend) = sandbox.ports("feat");
        if are_gone {
            sandbox.kill_windows("feat");
            assert!(sandbox.lives(sandbox.started("python", "feat")[1].pid));
        }
        sandbox.remove_with_remarks("feat");
        assert_free(backend);
        assert_free(frontend);
    }
}

#[test]
fn shells_whose_windows_were_only_just_closed_are_waited_for() {
    let sandbox = Sandbox::new();
    sandbox.start_up("trap 'sleep 0.5' EXIT");
    // The server that has them stays.
    sandbox.add("keep");
    sandbox.add("feat");
    sandbox.kill_windows("feat");
    sandbox.remove_with_remarks("feat");
}

#[test]
fn remove_names_a_stranger_on_its_port_and_leaves_him_alone() {
    let sandbox = Sandbox::serving().with("feat");
    let (backend, _) = sandbox.ports("feat");
    sandbox.end_server("feat");
    let stranger = sandbox.stranger_on(backend);
    let pid = stranger.id();
    sandbox.remove_telling("feat", &format!("warning: port {backend} [..]{pid}[..]\n"));
    assert!(sandbox.lives(pid));
    assert!(sandbox.names().is_empty());
}

#[test]
fn remove_leaves_the_servers_of_other_sessions_alone() {
    let sandbox = Sandbox::serving().with("feat").with("feat2");
    let others = ["python", "npm", "claude"].map(|name| sandbox.started(name, "feat2")[0].pid);
    sandbox.remove("feat");
    assert!(others.into_iter().all(|pid| sandbox.lives(pid)));
}

#[test]
fn remove_leaves_a_tmux_session_that_it_did_not_make_or_made_for_another_project_of_the_same_name()
{
    let sandbox = Sandbox::new();
    for name in ["mine", "theirs"] {
        sandbox.add_again("feat");
        sandbox.restart();
        sandbox.tmux(["new-session", "-d", "-s", "tally-feat", "-n", name]);
        if name == "theirs" {
            sandbox.tmux("set-option -t =tally-feat: @tally_session /elsewhere/tally");
        }
        sandbox.remove_with_remarks("feat");
        assert_eq!(sandbox.windows("feat", "#{window_name}"), [name]);
        sandbox.restart();
    }
}

/// Removes a session, and brings it back, where tmux has another socket than the one that has its windows.
#[track_caller]
fn assert_refused_elsewhere(sandbox: &Sandbox, shell: &str) {
    for line in ["remove feat", "resume feat", "resume"] {
        let mut program = sandbox.program(line);
        program.env("TMUX_TMPDIR", &sandbox.home);
        sandbox.outcome(&mut program).fails(&format!(
            "waiting [..]\nerror: the windows of feat are open in another tmux server than the one that is used here: process {shell} ([..])\n\
             hint: go there, or use the default one: env -u TMUX -u TMUX_TMPDIR tally-session …\n"
        ));
        assert_eq!(sandbox.names(), ["feat"]);
    }
}

#[test]
fn remove_refuses_a_session_whose_windows_are_open_in_another_tmux_server() {
    let sandbox = Sandbox::new().with("feat");
    assert_refused_elsewhere(&sandbox, "[..]");
}

#[test]
fn what_runs_in_windows_of_another_tmux_server_beside_its_own_will_not_end_with_those() {
    let sandbox = Sandbox::new().with("feat");
    let inner = "tmux -L inner new-session -d 'exec sleep 600'; touch \"$SANDBOX/inner\"";
    sandbox.enter("feat", "shell", inner);
    until("it is open", || sandbox.root.join("inner").exists());
    let what = "has what will not end with its windows: [..](sleep 600)[..]";
    sandbox.refuses_to_remove(&format!("error: the session feat {what}\n[...]"));
    // Those are no windows of the session's.
    let told = "[..]still runs: [..](sleep 600)[..]\n";
    sandbox.run("stop feat").is(0, "stopped feat\n", told);
    sandbox.run("resume feat").goes_well();
    sandbox.force_remove_telling("feat", told);
}

#[test]
fn a_window_of_the_user_s_own_that_came_from_the_session_keeps_nothing_but_an_unforced_remove_off()
{
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.tmux("new-session -d -s mine");
    let dir = worktree.to_str().unwrap();
    sandbox.tmux(["new-window", "-t", "=tally-feat:", "-n", "own", "-c", dir]);
    sandbox.tmux("move-window -s =tally-feat:own -t =mine:");
    let told = "[..]still runs: [..](-bash)[..]\n";
    sandbox.run("stop feat").is(0, "stopped feat\n", told);
    sandbox.run("resume feat").says("resumed feat[..]\n");
    sandbox.await_programs("feat", 2);
    let what = "has what will not end with its windows: [..](-bash)";
    sandbox.refuses_to_remove(&format!("error: the session feat {what}\n[...]"));
    sandbox
        .run("remove --force feat")
        .is(0, "removed feat\n[...]", "[...]");
    assert_eq!(sandbox.tmux_sessions(), ["mine"]);
}

#[test]
fn windows_in_another_tmux_server_are_seen_though_their_shells_cannot_be() {
    let sandbox = Sandbox::new();
    // As Apple's own shells, these do not show where they came from; what they start does.
    let hidden = "HIDDEN=\"$TALLY_WORKTREE\" exec env -u TALLY_WORKTREE bash -l";
    write(
        &sandbox.home.join(".tmux.conf"),
        format!("set -g default-command '{hidden}'\n"),
    );
    sandbox.start_up("export TALLY_WORKTREE=\"$HIDDEN\"");
    sandbox.add("feat");
    for window in ["backend", "frontend", "shell", "cli"] {
        let pane = sandbox.pane("feat", window);
        sandbox.tmux(["kill-pane", "-t", &pane]);
    }
    let shell = &sandbox.windows("feat", "#{pane_pid}")[0];
    assert_refused_elsewhere(&sandbox, shell);
}
