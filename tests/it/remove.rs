//! `remove`: clearing sessions away.

mod claudes;
mod half_gone;
#[cfg(target_os = "linux")]
mod mounts;
mod refusals;
mod servers;

use crate::sandbox::{GATE, PROGRAM, Sandbox, assert_free, only_in, read, read_json, unset, until};

const REMOVED: &str = "removed feat\n[...]";

#[test]
fn remove_clears_all_of_a_session_away_and_its_ports_are_free_when_it_returns() {
    let (sandbox, worktree) = Sandbox::serving().with_worktree("feat");
    let programs = ["python", "npm", "claude"].map(|name| sandbox.started(name, "feat")[0].pid);
    let (backend, frontend) = sandbox.ports("feat");
    sandbox.remove("feat");
    assert_free(backend);
    assert_free(frontend);
    assert!(sandbox.names().is_empty() && sandbox.tmux_sessions().is_empty());
    assert!(!worktree.exists());
    assert_eq!(sandbox.git_main("branch --format=%(refname:short)"), "main");
    assert_eq!(sandbox.git_main("worktree list").lines().count(), 1);
    let claude = read_json(&sandbox.claude_json());
    let entries: Vec<_> = claude["projects"].as_object().unwrap().keys().collect();
    assert_eq!(entries, [sandbox.main.to_str().unwrap()]);
    assert!(!programs.into_iter().any(|pid| sandbox.lives(pid)));
    assert!(
        sandbox
            .main
            .join("frontend/node_modules/vite/index.js")
            .exists()
    );
}

#[test]
fn after_add_and_remove_the_project_is_as_it_was_but_for_what_git_shall_ignore() {
    let sandbox = Sandbox::new();
    let add_and_remove = || {
        sandbox.add_again("feat");
        sandbox.remove("feat");
        sandbox.run("purge --yes").is(0, "deleted feat\n", "[...]");
        until("the tmux server ends", || {
            sandbox.tmux_sessions().is_empty()
        });
    };
    add_and_remove();
    let before = sandbox.snapshot();
    add_and_remove();
    sandbox.assert_unchanged_since(&before);
}

#[test]
fn remove_of_feat_leaves_tally_feature() {
    let sandbox = Sandbox::new().with("feat");
    let other = sandbox.add("feature");
    let windows = sandbox.windows("feature", "#{pane_pid} #{window_name}");
    sandbox.remove("feat");
    assert_eq!(sandbox.names(), ["feature"]);
    assert_eq!(sandbox.tmux_sessions(), ["tally-feature"]);
    let found = sandbox.windows("feature", "#{pane_pid} #{window_name}");
    assert_eq!(found, windows);
    assert!(other.join("README.md").exists());
    assert!(
        sandbox
            .git_main("branch --list feature")
            .contains("feature")
    );
    assert!(read(&sandbox.claude_json()).contains("tally-feature"));
    // Its session is stopped now, and that of the other begins with its name.
    sandbox.add("fea");
    sandbox.kill_windows("fea");
    sandbox.remove("fea");
    assert_eq!(
        sandbox.windows("feature", "#{pane_pid} #{window_name}"),
        windows
    );
}

#[test]
fn remove_keep_branch_leaves_the_branch() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let tip = sandbox.commit(&worktree, "file", "work");
    sandbox.run("remove feat --keep-branch").says(REMOVED);
    assert!(!worktree.exists());
    assert_eq!(sandbox.git_main("rev-parse feat"), tip);
    sandbox.restore("feat");
    assert_eq!(sandbox.git(&worktree, "branch --show-current"), "feat");
}

#[test]
fn remove_leaves_the_transcripts() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.enter("feat", "claude", "hello");
    sandbox.await_event("said", "claude", "feat", 1);
    sandbox.remove("feat");
    let transcript = only_in(&only_in(&sandbox.home.join(".claude/projects")));
    assert!(read(&transcript).contains("hello"));
}

#[test]
fn remove_works_from_inside_the_session_s_own_worktree() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox
        .run_in(&worktree.join("backend"), "remove feat")
        .says(&format!(
            "{REMOVED}\nthe folder you are in is gone: cd [ROOT]/tally\n"
        ));
    assert!(!worktree.exists());
    assert!(sandbox.names().is_empty());
    // Who only names it is elsewhere.
    let worktree = sandbox.add("feat");
    let there = worktree.to_str().unwrap();
    sandbox
        .run(["-C", there, "remove"])
        .says(REMOVED)
        .says_nothing_of("is gone");
}

#[test]
fn remove_works_from_inside_the_session_s_own_tmux_session() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.enter("feat", "shell", &format!("{PROGRAM} remove feat"));
    until("the session is removed", || sandbox.names().is_empty());
    assert!(!worktree.exists() && sandbox.tmux_sessions().is_empty());
    assert_eq!(sandbox.git_main("branch --list feat"), "");
    assert!(!read(&sandbox.claude_json()).contains("tally-feat"));
}

#[test]
fn a_remove_in_one_of_its_own_windows_is_ended_by_ctrl_c_as_anywhere() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.intercept("git", "*' for-each-ref '*", GATE);
    sandbox.enter("feat", "shell", &format!("{PROGRAM} remove feat"));
    sandbox.await_gate();
    let pane = sandbox.pane("feat", "shell");
    sandbox.tmux(["send-keys", "-t", &pane, "C-c"]);
    sandbox.enter("feat", "shell", "touch \"$SANDBOX/over\"");
    until("the prompt is back", || sandbox.root.join("over").exists());
    sandbox.open_gate();
    assert_eq!(sandbox.names(), ["feat"]);
    assert_eq!(sandbox.windows("feat", "x").len(), 5);
    sandbox.unwrap("git");
    sandbox.remove("feat");
}

#[test]
fn a_window_is_not_the_one_of_the_same_id_of_a_server_that_has_ended() {
    let sandbox = Sandbox::new().with("feat");
    let pane = sandbox.pane("feat", "shell");
    let socket = sandbox.tmux("display-message -p #{socket_path}");
    let server = sandbox.tmux("display-message -p #{pid}");
    let typed = |server: &str| {
        let mut stop = sandbox.program("stop");
        stop.env("TMUX", format!("{socket},{server},0"));
        sandbox.outcome(stop.env("TMUX_PANE", &pane))
    };
    typed("1").fails("error: which session? [..]\n[...]");
    typed(&server).says("stopped feat\n");
}

#[test]
fn one_tmux_tells_of_the_windows_and_closes_them_and_another_one_does_if_it_has_ended() {
    let sandbox = Sandbox::new();
    let has_ended = r#""$REAL" "${@:1:$(($# - 3))}"; exit 1"#;
    for count in [1, 2] {
        sandbox.add("feat");
        if count == 2 {
            sandbox.intercept("tmux", "*' ; source-file - '*", has_ended);
        }
        let removed = sandbox.run("-v remove feat").is(0, REMOVED, "[...]");
        assert!(sandbox.tmux_sessions().is_empty());
        let closing = removed.stderr.matches("+ tmux -u if-shell ");
        assert_eq!(closing.count(), count);
    }
}

#[test]
fn what_another_tmux_server_calls_as_a_session_was_called_stays() {
    let sandbox = Sandbox::new().with("feat");
    let ids = || sandbox.tmux("list-sessions -F #{session_id}");
    let before = ids();
    let restart = r#"kill -9 $("$REAL" display-message -p '#{pid}'); until "$REAL" new-session -d -s precious; do :; done"#;
    sandbox.before_tmux_closes(restart);
    sandbox.remove("feat");
    assert_eq!(sandbox.tmux_sessions(), ["precious"]);
    assert_eq!(ids(), before);
}

#[test]
fn an_unknown_name_is_told_which_may_be_meant_and_one_that_was_removed_how_to_have_it_back() {
    let sandbox = Sandbox::new().with("feature");
    let list = "hint: see which there are: tally-session list\n";
    for (line, verb) in [("remove --force feat", "remove"), ("attach feat", "attach")] {
        let meant = format!("hint: did you mean feature? tally-session {verb} feature\n");
        let error = format!("error: there is no session feat\n{meant}{list}");
        sandbox.run_changes_nothing(line).fails(&error);
    }
    sandbox.remove("feature");
    for command in ["remove", "resume", "attach"] {
        let back = "hint: it was removed: have it back: tally-session restore feature\n";
        let error = format!("error: there is no session feature\n{back}{list}");
        sandbox
            .run_changes_nothing([command, "feature"])
            .fails(&error);
    }
}

#[test]
fn the_record_goes_last_so_that_a_remove_that_failed_can_be_run_again() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.intercept("git", "*' update-ref '*", "echo no >&2; exit 1");
    sandbox.run("remove feat").fails(
        "error: cannot take the branch of feat away: [..]git [..]update-ref --stdin` ended with status 1: no\n\
         hint: its windows are closed; go on with it: tally-session remove feat\n\
         hint: or bring it back: tally-session resume feat\n",
    );
    assert_eq!(sandbox.names(), ["feat"]);
    unset(&sandbox.root.join("bin/git"));
    sandbox.remove("feat");
    assert!(sandbox.names().is_empty() && !worktree.exists());
    assert_eq!(sandbox.git_main("branch --list feat"), "");
}
