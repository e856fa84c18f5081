//! `remove`: clearing sessions away.

mod claudes;
mod half_gone;
#[cfg(target_os = "linux")]
mod mounts;
mod refusals;
mod servers;

use crate::sandbox::{PROGRAM, Sandbox, read, read_json, unset, until};
use std::fs;

const REMOVED: &str = "removed feat\n[...]";

#[test]
fn remove_clears_all_of_a_session_away() {
    let (sandbox, worktree) = Sandbox::serving().with_worktree("feat");
    let programs =
        ["python", "npm", "claude"].map(|program| sandbox.started(program, "feat")[0].pid);
    sandbox.remove("feat");
    assert!(sandbox.names().is_empty());
    assert!(!worktree.exists());
    assert_eq!(sandbox.git_main("branch --format=%(refname:short)"), "main");
    assert_eq!(sandbox.git_main("worktree list").lines().count(), 1);
    assert!(sandbox.tmux_sessions().is_empty());
    let claude = read_json(&sandbox.home.join(".claude.json"));
    assert_eq!(
        claude["projects"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        [sandbox.main.to_str().unwrap()]
    );
    assert!(!programs.into_iter().any(|pid| sandbox.lives(pid)));
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
    assert_eq!(
        sandbox.windows("feature", "#{pane_pid} #{window_name}"),
        windows
    );
    assert!(other.join("README.md").exists());
    assert!(
        sandbox
            .git_main("branch --list feature")
            .contains("feature")
    );
    assert!(read(&sandbox.home.join(".claude.json")).contains("tally-feature"));
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
fn remove_leaves_what_the_links_lead_to() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.force_remove("feat");
    assert_eq!(
        read(&sandbox.main.join("frontend/node_modules/vite/index.js")),
        "// Vite\n"
    );
}

#[test]
fn remove_leaves_the_transcripts() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.enter("feat", "claude", "hello");
    sandbox.await_event("said", "claude", "feat", 1);
    sandbox.remove("feat");
    let projects = sandbox.home.join(".claude/projects");
    let project = fs::read_dir(projects)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let transcript = fs::read_dir(project)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    assert!(read(&transcript).contains("hello"));
}

#[test]
fn remove_works_from_inside_the_session_s_own_worktree() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox
        .run_in(&worktree.join("backend"), "remove feat")
        .says(REMOVED);
    assert!(!worktree.exists());
    assert!(sandbox.names().is_empty());
}

#[test]
fn remove_works_from_inside_the_session_s_own_tmux_session() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.enter("feat", "shell", &format!("{} remove feat", PROGRAM));
    until("the session is removed", || sandbox.names().is_empty());
    assert!(!worktree.exists());
    assert_eq!(sandbox.git_main("branch --list feat"), "");
    assert!(sandbox.tmux_sessions().is_empty());
    assert!(!read(&sandbox.home.join(".claude.json")).contains("tally-feat"));
}

#[test]
fn remove_of_an_unknown_name_says_how_to_see_those_there_are() {
    let sandbox = Sandbox::new().with("feature");
    let error = "error: there is no session feat\nhint: did you mean feature? tally-session remove feature\nhint: see which there are: tally-session list\n";
    sandbox
        .run_changes_nothing("remove --force feat")
        .fails(error);
    sandbox.remove("feature");
    for command in ["remove", "resume", "attach"] {
        sandbox.run_changes_nothing([command, "feature"]).fails(
            "error: there is no session feature\n\
             hint: it was removed: have it back: tally-session restore feature\n\
             hint: see which there are: tally-session list\n",
        );
    }
}

#[test]
fn the_record_goes_last_so_that_a_remove_that_failed_can_be_run_again() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.intercept("git", "*' update-ref '*", "echo no >&2; exit 1");
    sandbox.run("remove feat").fails(
        "error: cannot take the branch of feat away: [..]git [..]update-ref --stdin` ended with status 1: no\n",
    );
    assert_eq!(sandbox.names(), ["feat"]);
    unset(&sandbox.root.join("bin/git"));
    sandbox.remove("feat");
    assert!(sandbox.names().is_empty() && !worktree.exists());
    assert_eq!(sandbox.git_main("branch --list feat"), "");
}
