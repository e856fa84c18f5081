//! Hooks that take their worktree away, or have their own session worked on.

use super::hooks::{hints, set_hook, with_hook};
use crate::sandbox::{PROGRAM, Sandbox, read, until, write};
use std::fs;
use std::time::{Duration, Instant};

#[test]
fn a_worktree_that_pre_remove_deletes_is_removed_and_comes_back_without_what_was_in_it() {
    let sandbox = with_hook(
        "pre_remove",
        "printf 'gitdir: nowhere\\n' >.git\nrm -r \"$TALLY_WORKTREE\"",
    );
    let worktree = sandbox.add("feat");
    sandbox.run("remove feat").is(
        0,
        "removed feat\n  for 14 days it can be had back: tally-session restore feat\n",
        "warning: its pre_remove took its worktree away: what was in it is not kept\n",
    );
    assert!(sandbox.names().is_empty());
    let told =
        "warning: the folder of feat is not kept: its worktree comes back as it was committed\n";
    sandbox.restore_telling("feat", told);
    assert!(worktree.join(".git").exists());
}

#[test]
fn a_worktree_that_pre_remove_moves_or_breaks_is_said_with_the_way_back() {
    let sandbox = with_hook("pre_remove", "mv \"$TALLY_WORKTREE\" ../moved");
    let worktree = sandbox.add("feat");
    let moved = sandbox.root.join("moved");
    let way_back = "error: feat: its worktree [ROOT]/tally-feat was moved to [ROOT]/moved
hint: mv [ROOT]/moved [ROOT]/tally-feat
";
    sandbox.run("remove feat").fails(way_back);
    sandbox.run("resume feat").fails(way_back);
    fs::rename(moved, worktree).unwrap();
    sandbox.resume("feat");
    set_hook(&sandbox, "pre_remove", "rm .git");
    sandbox.run("remove feat").fails(
        "error: feat: the .git file of its worktree [..] is gone[..]\nhint: [..] worktree repair\n",
    );
}

#[test]
fn an_add_whose_post_add_takes_the_worktree_away_is_undone() {
    for script in [
        "rm -r \"$TALLY_WORKTREE\"",
        "mv \"$TALLY_WORKTREE\" ../moved",
    ] {
        let sandbox = with_hook("post_add", script);
        sandbox.run("add feat").fails(&format!(
            "error: the hook post_add of .tally-session.toml failed: it took the worktree [ROOT]/tally-feat away\n{}[...]",
            hints("add feat")
        ));
        assert!(sandbox.names().is_empty());
        assert_eq!(sandbox.git_main("branch --list feat"), "");
        assert!(sandbox.tmux_sessions().is_empty());
    }
}

#[test]
fn a_hook_that_has_its_own_session_worked_on_is_told_at_once() {
    let sandbox = Sandbox::new();
    let began = Instant::now();
    for command in ["add", "resume", "stop", "remove"] {
        set_hook(&sandbox, "post_add", &format!("{PROGRAM} {command} feat"));
        sandbox.run("add feat").fails(
            "post_add: error: a hook of feat called this, and nothing can be done with feat until that has ended\n\
             post_add: hint: take it out of the hook, in .tally-session.toml\n\
             error: [..]\n[...]",
        );
    }
    assert!(began.elapsed() < Duration::from_mins(1));
    // Another one may be worked on, and what is started for it knows nothing of the hook.
    let other = format!("{PROGRAM} list >&2; {PROGRAM} add --no-hooks other");
    set_hook(&sandbox, "post_add", &other);
    sandbox.add_telling("feat", "post_add: [..]\n[...]");
    assert_eq!(sandbox.names(), ["feat", "other"]);
    let environment = sandbox.tmux("show-environment -g");
    assert!(!environment.contains("TALLY_SESSION_HOOK"), "{environment}");
}

#[test]
fn what_a_hook_has_left_running_may_work_on_the_session_later() {
    let sandbox = with_hook(
        "post_add",
        &format!(
            "(until [ -e ../go ]; do sleep 0.01; done; {PROGRAM} stop feat; touch ../done) >../said 2>&1 &"
        ),
    );
    sandbox.add("feat");
    write(&sandbox.root.join("go"), "");
    until("the end of what the hook left", || {
        sandbox.root.join("done").exists()
    });
    let said = read(&sandbox.root.join("said"));
    assert!(said.starts_with("stopped feat"), "{said}");
}
