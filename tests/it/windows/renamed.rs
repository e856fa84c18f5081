//! A session's tmux session is known by its marks, whatever it is called and whoever shares its windows.

use crate::sandbox::{PROGRAM, Sandbox, unset, until};

/// A session whose tmux session the user has renamed, and another tmux session.
fn renamed() -> Sandbox {
    let sandbox = Sandbox::new().with("feat");
    sandbox.tmux("rename-session -t =tally-feat mine");
    sandbox.tmux("new-session -d -s other");
    sandbox
}

#[test]
fn a_renamed_tmux_session_is_listed_and_not_opened_again_and_attach_doctor_and_remove_know_it() {
    let sandbox = renamed();
    let listed = &sandbox.list()[0];
    assert_eq!(
        [&listed["state"], &listed["tmux_session"]],
        ["running", "mine"]
    );
    sandbox.needs_no_resume("feat");
    assert_eq!(sandbox.tmux_sessions(), ["mine", "other"]);
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("attach feat");
    sandbox.await_client("mine");
    sandbox.edit_record("feat", |record| {
        record.as_object_mut().unwrap().remove("frontend_port");
    });
    let found = sandbox.run("doctor").says_nothing_of("no record any more");
    found.tells("tally-session restart feat");
    sandbox.remove("feat");
    assert_eq!(sandbox.tmux_sessions(), ["other"]);
}

#[test]
fn a_session_removes_itself_from_a_tmux_session_that_was_renamed_or_shares_its_windows() {
    let sandbox = Sandbox::new();
    sandbox.tmux("new-session -d -s other");
    for how in [
        "rename-session -t =tally-feat mine",
        "new-session -d -t =tally-feat -s mine",
    ] {
        sandbox.add_again("feat");
        sandbox.tmux(how);
        let line = format!("{PROGRAM} remove feat");
        sandbox.tmux(["send-keys", "-t", "=mine:shell", &line, "Enter"]);
        until("it is removed", || {
            sandbox.names().is_empty() && sandbox.tmux_sessions() == ["other"]
        });
    }
}

#[test]
fn add_refuses_a_name_whose_tmux_session_is_open_under_another() {
    let sandbox = renamed();
    unset(&sandbox.main.join(".tally-sessions"));
    sandbox.git_main("worktree remove --force ../tally-feat");
    sandbox.run("add feat").fails(
        "error: there is a tmux session mine already\nhint: look at it with: tmux attach -t '=mine'\n",
    );
}

#[test]
fn a_tmux_session_of_an_older_version_is_known_by_what_it_is_called() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.tmux("set-option -u -t =tally-feat: @tally_name");
    assert_eq!(sandbox.list()[0]["state"], "running");
    sandbox.remove("feat");
    assert!(sandbox.tmux_sessions().is_empty());
}

#[test]
fn remove_ends_the_tmux_sessions_that_share_the_windows_and_no_others() {
    let sandbox = Sandbox::new().with("feat").with("other");
    for (session, sharing) in [("feat", "mine"), ("other", "theirs")] {
        let target = format!("=tally-{session}");
        sandbox.tmux(["new-session", "-d", "-t", &target, "-s", sharing]);
    }
    sandbox.remove("feat");
    assert_eq!(sandbox.tmux_sessions(), ["tally-other", "theirs"]);
}

#[test]
fn a_session_of_a_project_whose_path_looks_like_a_format_is_ended() {
    for project in ["a#[fg=red]", "a,b}c", "{a", "it's \"b\"", "a#{pid}", "#,#}"] {
        let sandbox = Sandbox::of_project(project);
        sandbox.add_telling("feat", "[...]");
        assert_eq!(sandbox.tmux_sessions().len(), 1, "{project}");
        sandbox.remove_with_remarks("feat");
        assert!(sandbox.tmux_sessions().is_empty(), "{project}");
    }
}
