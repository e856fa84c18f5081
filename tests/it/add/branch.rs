//! The branch and the worktree of a new session.

use crate::sandbox::Sandbox;

#[test]
fn add_starts_a_new_branch_from_the_main_checkout_s_head() {
    let sandbox = Sandbox::new();
    let one = sandbox.add("one");
    sandbox.commit(&one, "file", "one");
    sandbox.git_main("switch -q -c develop");
    let head = sandbox.commit(&sandbox.main, "file", "develop");
    let told = "added two\n  branch [..] two (new, from develop at [..])\n[...]";
    sandbox.run_in(&one, "add two").says(told);
    assert_eq!(sandbox.head(&sandbox.worktree("two")), head);
}

#[test]
fn add_starts_a_new_branch_from_a_commit_a_branch_or_a_tag() {
    let sandbox = Sandbox::quick();
    let begin = sandbox.head(&sandbox.main);
    sandbox.git_main("tag -a -m One v1");
    sandbox.git_main("branch old");
    sandbox.commit(&sandbox.main, "file", "later");
    for (name, from) in [
        ("one", begin.as_str()),
        ("two", "v1"),
        ("three", "old"),
        ("four", "HEAD~1"),
    ] {
        let branch = format!("{name} (new, from {from} at {}", &begin[..7]);
        let outcome = sandbox.run(["add", name, "--from", from]);
        outcome.says(&format!("[...]\n  branch [..] {branch}[..])\n[...]"));
        let worktree = sandbox.worktree(name);
        assert_eq!(sandbox.head(&worktree), begin);
        assert_eq!(sandbox.git(&worktree, "branch --show-current"), name);
    }
}

#[test]
fn add_uses_a_local_branch_of_that_name_as_it_stands() {
    let sandbox = Sandbox::new();
    sandbox.make_origin();
    sandbox.git_main("push -q origin main:feat");
    sandbox.git_main("switch -q -c feat");
    let tip = sandbox.commit(&sandbox.main, "file", "feat");
    sandbox.git_main("switch -q main");
    let told = "added feat\n  branch [..] feat [..]there already[..]\n[...]";
    sandbox.run("add feat").says(told);
    assert_eq!(sandbox.head(&sandbox.worktree("feat")), tip);
}

#[test]
fn add_tracks_origin_s_branch_of_that_name() {
    let sandbox = Sandbox::new();
    sandbox.make_origin();
    sandbox.git_main("switch -q -c feat/pay");
    let tip = sandbox.commit(&sandbox.main, "file", "feat");
    sandbox.git_main("push -q origin feat/pay");
    sandbox.git_main("switch -q main");
    sandbox.git_main("branch -q -D feat/pay");
    let told = "added feat/pay\n  branch [..]origin/feat/pay[..]\n[...]";
    sandbox.run("add feat/pay").says(told);
    let worktree = sandbox.worktree("feat/pay");
    assert_eq!(sandbox.head(&worktree), tip);
    let found = sandbox.git(&worktree, "rev-parse --abbrev-ref @{upstream}");
    assert_eq!(found, "origin/feat/pay");
}

#[test]
fn a_new_branch_from_a_remote_one_does_not_track_it() {
    let sandbox = Sandbox::quick();
    sandbox.make_origin();
    sandbox.git_main("config branch.autoSetupMerge always");
    sandbox.run("add feat --from origin/main").succeeds();
    let upstream = sandbox.git_main("for-each-ref --format=%(upstream) refs/heads/feat");
    assert_eq!(upstream, "");
}
