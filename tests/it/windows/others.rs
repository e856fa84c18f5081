//! Windows that are not where they were made, what else is in them, and what is at their prompts.

use crate::sandbox::{Sandbox, eventually_or, read, until};
use serde_json::json;

/// Ends what runs in a window of `feat`, and waits until the list tells.
fn interrupt(sandbox: &Sandbox, window: &str) {
    sandbox.press("feat", window, "C-c");
    let life = || sandbox.list()[0]["windows"][window].clone();
    let what = || format!("{window} is {}", life());
    eventually_or(what, || (life() == json!("ended")).then_some(()));
}

#[test]
fn another_session_s_window_among_its_own_goes_home_when_they_are_closed() {
    for (verb, place) in [("stop", "1"), ("remove", "1"), ("stop", "")] {
        let sandbox = Sandbox::new().with("feat").with("other");
        let pane = sandbox.pane("feat", "backend");
        let to = format!("=tally-other:{place}");
        let how = if place.is_empty() {
            "move-window"
        } else {
            "join-pane"
        };
        sandbox.tmux([how, "-d", "-s", &pane, "-t", &to]);
        let server = sandbox.started("python", "feat")[0].pid;
        sandbox.run([verb, "other"]).says("[..]other\n[...]");
        assert!(sandbox.lives(server));
        assert_eq!(sandbox.list()[0]["problems"], json!([]));
        assert_eq!(sandbox.tmux_sessions(), ["tally-feat"]);
    }
}

#[test]
fn doctor_says_where_a_window_is_that_was_moved_and_how_to_have_it_back() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.tmux("new-session -d -s mine");
    let pane = sandbox.pane("feat", "shell");
    sandbox.tmux(["move-window", "-s", &pane, "-t", "=mine:"]);
    let doctor = sandbox.run("doctor feat");
    let told = "warning  feat: its window shell is in the tmux session mine\n";
    assert!(doctor.stdout.contains(told), "{doctor}");
    let cure = doctor.command_after("to have it back: ");
    assert_eq!(sandbox.type_line(&cure).code, Some(0));
    assert_eq!(sandbox.windows("feat", "#{window_name}").len(), 5);
    sandbox
        .run("doctor feat")
        .says_nothing_of("tmux session mine");
}

#[test]
fn a_window_that_is_linked_elsewhere_is_closed_there_too_and_one_without_a_home_keeps_its_hosts_from_being_closed()
 {
    let sandbox = Sandbox::new().with("feat").with("other");
    let pane = || sandbox.pane("feat", "backend");
    sandbox.tmux(["link-window", "-d", "-s", &pane(), "-t", "=tally-other:"]);
    sandbox.stop("feat");
    assert_eq!(sandbox.list()[0]["state"], "stopped");
    assert_eq!(sandbox.list()[1]["problems"], json!([]));

    sandbox.run("resume feat").succeeds();
    sandbox.tmux(["move-window", "-s", &pane(), "-t", "=tally-other:"]);
    sandbox.kill_windows("feat");
    sandbox.run("remove other").fails(
        "error: the window backend of feat is among its own, and the others of feat are closed\n\
         hint: close it: tally-session stop feat\n",
    );
    sandbox.stop("feat");
    // What the user has opened in it is named.
    sandbox.tmux("new-window -d -n notes -t =tally-other:");
    let told = "warning: closed with it what tally-session did not open: notes\n";
    sandbox.run("stop other").is(0, "stopped other\n", told);
    sandbox.remove("other");
}

#[test]
fn windows_whose_session_was_grouped_and_killed_are_shown_and_repaired_where_they_are() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.tmux("new-session -d -t =tally-feat -s group");
    sandbox.kill_windows("feat");
    let listed = &sandbox.list()[0];
    assert_eq!(
        [&listed["state"], &listed["tmux_session"]],
        ["running", "group"]
    );
    sandbox.tmux("kill-window -t =group:cli");
    sandbox.run("resume").says("brought back in feat: cli\n");
    assert_eq!(sandbox.tmux_sessions(), ["group"]);
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("attach feat");
    until("it is shown", || {
        sandbox.list()[0]["attached"] == json!(true)
    });
    sandbox.stop("feat");
    assert!(sandbox.tmux_sessions().is_empty());
}

#[test]
fn windows_come_back_where_they_were_and_move_no_other() {
    let sandbox = Sandbox::new().with("feat");
    let places = sandbox.windows("feat", "#{window_index} #{window_name}");
    for closed in [&[0][..], &[0, 1], &[1, 2], &[4], &[0, 1, 2, 3]] {
        for index in closed {
            sandbox.tmux(["kill-window", "-t", &format!("=tally-feat:{index}")]);
        }
        sandbox.run("resume").says("brought back in feat: [..]\n");
        let names = sandbox.windows("feat", "#{window_index} #{window_name}");
        assert_eq!(names, places, "{closed:?}");
    }
}

#[test]
fn a_window_that_shows_what_was_before_is_repaired_all_the_same() {
    let sandbox = Sandbox::new().with("feat");
    interrupt(&sandbox, "backend");
    let pane = sandbox.pane("feat", "backend");
    sandbox.tmux(["copy-mode", "-t", &pane]);
    let told = "brought back in feat: backend\n";
    sandbox.run("resume").says(told);
    sandbox.await_start("python", "feat", 2);
}

#[test]
fn the_further_lines_of_a_command_are_left_to_the_user() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    interrupt(&sandbox, "backend");
    sandbox.enter("feat", "backend", "cat >note <<EOF");
    sandbox.await_screen("feat", "backend", |screen| screen.trim_end().ends_with('>'));
    let told = "warning: something is typed at the prompt of feat's window backend: [..]\n";
    sandbox
        .run("resume")
        .is(0, "feat is already running\n", told);
    sandbox.enter("feat", "backend", "EOF");
    let note = worktree.join("backend/note");
    until("the note", || note.exists());
    assert_eq!(read(&note), "");
}

#[test]
fn a_server_in_its_shell_s_background_runs_and_one_whose_port_is_taken_is_told() {
    let sandbox = Sandbox::serving().with("feat");
    sandbox.await_event("listening", "npm", "feat", 1);
    sandbox.press("feat", "frontend", "C-z");
    sandbox.await_text("feat", "frontend", "Stopped");
    sandbox.enter("feat", "frontend", "bg");
    sandbox.settle("feat", "frontend");
    assert_eq!(sandbox.list()[0]["problems"], json!([]));
    sandbox.needs_no_resume("feat");

    sandbox.await_event("listening", "python", "feat", 1);
    interrupt(&sandbox, "backend");
    let (backend, _) = sandbox.ports("feat");
    let _stranger = sandbox.stranger_on(backend);
    let listed = &sandbox.list()[0];
    assert_eq!(listed["backend_up"], false);
    let taken = listed["problems"][0].as_str().unwrap();
    assert!(taken.contains("listens on its port"), "{taken}");
    assert!(taken.ends_with("tally-session restart feat"), "{taken}");
    let told = "warning: process [..] listens on the port of feat's window backend: [..]\n";
    sandbox
        .run("resume")
        .is(0, "feat is already running\n", told);
}

#[test]
fn restart_closes_nothing_that_it_can_t_open_again() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let elsewhere = sandbox.root.join("elsewhere");
    sandbox.git_at(
        &sandbox.main,
        ["worktree", "move", worktree.to_str().unwrap()],
        &elsewhere,
    );
    sandbox.run("restart feat").fails(
        "error: feat: its worktree [ROOT]/tally-feat was moved to [ROOT]/elsewhere\nhint: tally-session resume feat\n",
    );
    assert_eq!(sandbox.tmux_sessions(), ["tally-feat"]);
}

#[test]
fn a_commit_that_no_branch_is_at_is_not_called_merged() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.git(&worktree, "switch -q --detach");
    sandbox.commit(&worktree, "file", "work");
    let listed = &sandbox.list()[0];
    assert_eq!(
        [&listed["merged"], &listed["branch"]],
        [&json!(false), &json!(null)]
    );
    let told = "NAME [..]\nfeat [..] (detached) [..]\n";
    sandbox.run("list").says(told);
}

#[test]
fn a_branch_that_was_deleted_under_its_worktree_is_had_again_by_the_cure() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let tip = sandbox.commit(&worktree, "file", "work");
    sandbox.git(&worktree, "update-ref -d refs/heads/feat");
    let cure = sandbox
        .run("list")
        .command_after("its branch feat is gone: ");
    sandbox.type_line(&cure).goes_well();
    assert_eq!(sandbox.head(&worktree), tip);
    assert_eq!(sandbox.list()[0]["problems"], json!([]));
}
