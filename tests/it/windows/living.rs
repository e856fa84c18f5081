//! What lives in the windows of a session, and bringing back what does not.

use crate::sandbox::{Sandbox, eventually_or, write};
use serde_json::json;

/// Ends what runs in a window.
fn interrupt(sandbox: &Sandbox, window: &str) {
    sandbox.press("feat", window, "C-c");
}

#[track_caller]
fn await_problems(sandbox: &Sandbox, problems: &[&str]) {
    let expected = json!(problems);
    let now = || sandbox.list()[0]["problems"].clone();
    let what = || format!("the problems are {}", now());
    eventually_or(what, || (now() == expected).then_some(()));
}

#[test]
fn resume_brings_back_what_is_closed_and_what_has_ended_each_in_its_place() {
    let sandbox = Sandbox::new().with("feat");
    let names = sandbox.windows("feat", "#{window_name}");
    sandbox.enter("feat", "claude", "hello");
    let said = sandbox.await_event("said", "claude", "feat", 1);
    interrupt(&sandbox, "backend");
    interrupt(&sandbox, "claude");
    for window in ["frontend", "cli"] {
        let pane = sandbox.pane("feat", window);
        sandbox.tmux(["kill-window", "-t", &pane]);
    }
    await_problems(
        &sandbox,
        &[
            "its windows frontend, cli are closed: tally-session resume feat",
            "what ran in its windows backend, claude has ended: tally-session logs feat; tally-session resume feat, or with new shells: tally-session restart feat",
        ],
    );
    let shell = sandbox.pane("feat", "shell");
    let listed = &sandbox.list()[0]["windows"];
    assert_eq!(
        *listed,
        json!({"backend": "ended", "frontend": "closed", "claude": "ended", "shell": "runs", "cli": "closed"})
    );
    let told = "brought back in feat: backend, claude, frontend, cli\n";
    sandbox.run("resume").says(told);
    sandbox.await_programs("feat", 2);
    assert_eq!(sandbox.windows("feat", "#{window_name}"), names);
    assert_eq!(sandbox.pane("feat", "shell"), shell);
    let claude = sandbox.await_start("claude", "feat", 2);
    assert_eq!(claude.args[..2], ["--resume", said.id.as_str().unwrap()]);
    sandbox.needs_no_resume("feat");
}

#[test]
fn resume_leaves_what_is_typed_at_a_prompt_and_what_was_put_to_sleep() {
    let sandbox = Sandbox::new().with("feat");
    interrupt(&sandbox, "backend");
    await_problems(
        &sandbox,
        &[
            "what ran in its window backend has ended: tally-session logs feat backend; tally-session resume feat",
        ],
    );
    let pane = sandbox.pane("feat", "backend");
    sandbox.tmux(["send-keys", "-t", &pane, "-l", "echo half"]);
    sandbox.await_end_of("feat", "backend", "echo half");
    let typed = "warning: something is typed at the prompt of feat's window backend: run it or take it out, then tally-session resume feat\n";
    sandbox
        .run("resume")
        .is(0, "feat is already running\n", typed);
    assert!(sandbox.screen("feat", "backend").ends_with("echo half"));
    sandbox.tmux(["send-keys", "-t", &pane, "C-u"]);
    sandbox.enter("feat", "backend", "sleep 600");
    await_problems(&sandbox, &[]);
    sandbox.tmux(["send-keys", "-t", &pane, "C-z"]);
    sandbox.await_text("feat", "backend", "Stopped");
    sandbox.needs_no_resume("feat");
    assert_eq!(sandbox.list()[0]["problems"], json!([]));
}

#[test]
fn windows_that_were_moved_and_renamed_are_found_and_only_the_others_are_made_again() {
    let sandbox = Sandbox::new().with("feat");
    let pane = sandbox.pane("feat", "frontend");
    sandbox.tmux(["rename-window", "-t", &pane, "mine"]);
    sandbox.tmux("new-session -d -s other");
    sandbox.tmux(["move-window", "-s", &pane, "-t", "other:7"]);
    assert_eq!(sandbox.list()[0]["problems"], json!([]));
    sandbox.needs_no_resume("feat");
    sandbox.kill_windows("feat");
    let listed = &sandbox.list()[0];
    assert_eq!(listed["state"], "running");
    let told = "brought back in feat: backend, claude, shell, cli\n";
    sandbox.run("resume").says(told);
    assert_eq!(sandbox.windows("feat", "#{window_name}").len(), 4);
    assert_eq!(sandbox.list()[0]["problems"], json!([]));
}

#[test]
fn a_branch_that_was_renamed_or_switched_is_shown_and_followed_by_resume() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.git(&worktree, "branch -m renamed");
    let cure = |other: &str, record: &str| {
        format!(
            "its worktree is on the branch {other}, and its record says {record}; resume has the record follow: tally-session resume feat"
        )
    };
    let listed = &sandbox.list()[0];
    assert_eq!(listed["branch"], "renamed");
    assert_eq!(listed["problems"], json!([cure("renamed", "feat")]));
    let told = "warning: feat follows its worktree to the branch renamed; it was on feat\n";
    sandbox
        .run("resume")
        .is(0, "feat is already running\n", told);
    assert_eq!(sandbox.store()["feat"]["branch"], "renamed");
    sandbox.git(&worktree, "switch -qc two");
    sandbox.commit(&worktree, "file", "work");
    let listed = &sandbox.list()[0];
    assert_eq!(listed["branch"], "two");
    assert_eq!(
        (&listed["ahead"], &listed["merged"]),
        (&json!(1), &json!(false))
    );
    assert_eq!(listed["problems"], json!([cure("two", "renamed")]));
}

#[test]
fn a_session_whose_work_is_in_the_main_checkout_is_marked_merged() {
    let sandbox = Sandbox::new();
    for (name, merge) in [("ff", "--ff"), ("squash", "--squash")] {
        let worktree = sandbox.add_again(name);
        let merged = |expected: bool| {
            let listed = sandbox.list();
            let listed = listed.iter().find(|listed| listed["name"] == name).unwrap();
            assert_eq!(listed["merged"], expected, "{listed}");
        };
        merged(false);
        sandbox.commit(&worktree, name, "work");
        merged(false);
        sandbox.git_main(["merge", "-q", merge, name]);
        sandbox.git_main(["commit", "-q", "--allow-empty", "-m", name]);
        merged(true);
        assert!(sandbox.run("list").stdout.contains("  merged  "));
        write(&worktree.join("more"), "more");
        merged(false);
    }
}
