//! Commits that only look as if something else had them, and what else a worktree is in the middle of.

use crate::sandbox::{GATE, Sandbox, read, unset, write};
use std::fs;
use std::path::Path;

const KEPT: &str =
    "error: the session feat has [..] commit[..] that no other branch and no remote has[..]\n[...]";

/// The messages of the branch's commits, the newest first.
fn log(sandbox: &Sandbox, dir: &Path) -> String {
    sandbox.git(dir, "log --format=%s main..")
}

#[test]
fn a_commit_that_differs_from_what_was_squashed_in_white_space_alone_is_work() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.commit(&worktree, "pay.py", "if paid:\n    pass\nnotify()\n");
    sandbox.git_main("merge -q --squash feat");
    sandbox.git_main("commit -q -m Squashed");
    sandbox.commit(&worktree, "pay.py", "if paid:\n    pass\n    notify()\n");
    sandbox.refuses_to_remove(KEPT);
    sandbox.remove_and_restore("--force");
    assert!(read(&worktree.join("pay.py")).ends_with("    notify()\n"));
}

#[test]
fn an_experiment_and_its_revert_are_work_though_together_they_change_nothing() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.commit(&worktree, "experiment", "it works");
    sandbox.git(&worktree, "revert --no-edit HEAD");
    sandbox.refuses_to_remove(KEPT);
    sandbox.remove_and_restore("--force");
    assert_eq!(log(&sandbox, &worktree).lines().count(), 2);
}

#[test]
fn a_main_checkout_that_is_on_the_commit_and_on_no_branch_does_not_hold_it() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.commit(&worktree, "file", "work");
    // Nor one that tracks it.
    sandbox.git_main("branch -q -u feat main");
    sandbox.refuses_to_remove(KEPT);
    sandbox.git_main("checkout -q --detach feat");
    sandbox.refuses_to_remove(KEPT);
    sandbox.remove_and_restore("--force");
    sandbox.git_main("switch -q main");
    assert_eq!(log(&sandbox, &worktree), "Change file");
}

#[test]
fn what_the_branch_s_own_upstream_had_before_it_was_changed_is_no_main_branch() {
    let sandbox = Sandbox::new();
    sandbox.make_origin();
    let worktree = sandbox.add("feat");
    sandbox.commit(&worktree, "file", "work");
    sandbox.git(&worktree, "push -q -u origin feat:master");
    sandbox.git(&worktree, "commit -q --amend -m Better");
    sandbox.refuses_to_remove(KEPT);
}

#[test]
fn a_repository_that_is_committed_as_a_link_is_work_also_when_the_link_is_merged() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let service = worktree.join("service");
    sandbox.git(&worktree, "init -q service");
    sandbox.commit(&service, "file", "inside");
    sandbox.commit_link(&worktree, "service");
    sandbox.git_main("merge -q feat");
    sandbox.refuses_to_remove("error: the session feat has a repository with commits that no remote has inside: [ROOT]/tally-feat/service\n\
         hint: look at that with: git -C [ROOT]/tally-feat/service log --all --not --remotes\n\
         hint: remove it all the same: tally-session remove --force feat\n");
    sandbox.remove_and_restore("--force");
    assert_eq!(read(&service.join("file")), "inside");
    assert_eq!(sandbox.git(&service, "log --format=%s"), "Change file");
}

#[test]
fn a_repository_in_an_ignored_folder_is_work_until_a_remote_has_it() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let proto = worktree.join("frontend/proto.sqlite3/proto");
    fs::create_dir_all(&proto).unwrap();
    sandbox.git(&proto, "init -q");
    write(&proto.join("file"), "new");
    sandbox.refuses_to_remove("error: the session feat has a repository with changes of its own inside: [..]/proto\n[...]");
    sandbox.commit(&proto, "file", "new");
    sandbox.refuses_to_remove("error: the session feat has a repository with commits that no remote has inside: [..]/proto\n[...]");
    let remote = sandbox.root.join("proto.git");
    sandbox.git_at(&proto, "clone -q --bare .", &remote);
    sandbox.git_at(&proto, "remote add origin", &remote);
    sandbox.git(&proto, "push -q origin main");
    sandbox.git(&proto, "fetch -q origin");
    let told = "removed feat\n  with it went: frontend/proto.sqlite3/\n[...]";
    sandbox.run("remove feat").says(told);
}

#[test]
fn a_bare_repository_a_worktree_of_another_one_and_one_with_worktrees_are_work() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let other = sandbox.make_repository("other");
    let inside = "../tally-feat/ignored.sqlite3";
    let refuses = |what: &str| {
        sandbox.refuses_to_remove(&format!("error: the session feat has a {what}\n[...]"));
    };
    sandbox.git(&other, format!("clone -q --bare . {inside}/bare"));
    refuses("repository with commits that no remote has inside: [..]/bare");
    unset(&worktree.join("ignored.sqlite3/bare"));
    sandbox.git(&other, format!("worktree add -q --detach {inside}/linked"));
    refuses("git worktree of another repository inside: [..]/linked");
    sandbox.git(&other, format!("worktree remove {inside}/linked"));
    sandbox.git(&other, format!("clone -q . {inside}/clone"));
    let clone = worktree.join("ignored.sqlite3/clone");
    sandbox.git(&clone, "worktree add -q --detach ../../../outside");
    refuses("repository with other git worktrees inside: [..]/clone");
}

#[test]
fn what_git_is_in_the_middle_of_is_named() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.commit(&worktree, "file", "1");
    sandbox.commit(&worktree, "file", "2");
    sandbox.git_main("merge -q feat");
    sandbox.git(&worktree, "bisect start");
    sandbox.refuses_to_remove(
        "error: the session feat is in the middle of a bisect\n\
         hint: look at it with: git -C [ROOT]/tally-feat status\n\
         hint: remove it all the same: tally-session remove --force feat\n",
    );
    sandbox.remove_and_restore("--force");
    sandbox.git(&worktree, "bisect reset");
    sandbox.remove("feat");
}

#[test]
fn commits_of_a_worktree_whose_folder_was_deleted_by_hand_are_kept_when_resume_makes_it_again() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.git(&worktree, "switch -q --detach");
    let tip = sandbox.commit(&worktree, "file", "on no branch");
    sandbox.restart();
    unset(&worktree);
    sandbox.resume_telling("[...]");
    sandbox.git_main("gc --quiet --prune=now");
    assert!(sandbox.has_object(&tip));
    let told = "NAME [..]\nfeat [..]tally-session restore feat\n";
    sandbox.run("list --removed").says(told);
}

#[test]
fn what_is_committed_and_written_while_an_add_fails_is_kept_and_told() {
    let sandbox = Sandbox::new();
    sandbox.lay_out(format!("[hooks]\npost_add = '{GATE}; exit 1'\n"));
    let worktree = sandbox.worktree("feat");
    let add = sandbox.start("add feat");
    sandbox.await_gate();
    let tip = sandbox.commit(&worktree, "file", "meanwhile");
    write(&worktree.join("notes.sqlite3"), "mine");
    sandbox.open_gate();
    let said = String::from_utf8(add.wait_with_output().unwrap().stderr).unwrap();
    let kept =
        "hint: what was written in its worktree meanwhile is kept: tally-session restore feat\n";
    assert!(said.contains(kept), "{said}");
    assert!(!worktree.exists() && sandbox.names().is_empty());
    sandbox.git_main("gc --quiet --prune=now");
    unset(&sandbox.main.join(".tally-session.toml"));
    sandbox.restore_with_remarks("feat");
    assert_eq!(sandbox.git(&worktree, "rev-parse feat"), tip);
    assert_eq!(read(&worktree.join("notes.sqlite3")), "mine");
}

#[test]
fn an_add_that_fails_leaves_nothing_to_be_had_back_where_nobody_wrote_anything() {
    let sandbox = Sandbox::new();
    sandbox.lay_out("[hooks]\npost_add = \"exit 1\"\n");
    sandbox.run("add feat").is(1, "", "[...]");
    let nothing = "nothing was removed that can be had back\n[...]";
    sandbox.run("list --removed").says(nothing);
    let refs = sandbox.git_main("for-each-ref refs/tally-session refs/heads/feat");
    assert_eq!(refs, "");
}

#[test]
fn remove_force_keeps_the_work_of_a_user_who_told_git_no_name() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    write(&worktree.join("new"), "new");
    sandbox.git(&worktree, "add new");
    let config = sandbox.home.join(".gitconfig");
    write(&config, "[user]\n\tuseConfigOnly = true\n");
    sandbox.remove_and_restore("--force");
    assert_eq!(sandbox.git(&worktree, "show :new"), "new");
}

#[test]
fn remove_force_removes_nothing_if_what_it_leads_to_cannot_be_kept() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    write(&worktree.join("new"), "new");
    sandbox.git(&worktree, "add new");
    sandbox.intercept("git", "*' hash-object '*", "echo disk full >&2; exit 1");
    let error = "error: [..]disk full[..]\n[...]";
    sandbox.run("remove feat --force").fails(error);
    sandbox.unwrap("git");
    assert_eq!(sandbox.git(&worktree, "branch --show-current"), "feat");
    assert_eq!(read(&worktree.join("new")), "new");
    assert_eq!(sandbox.names(), ["feat"]);
    sandbox.resume("feat");
}
