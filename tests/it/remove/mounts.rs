//! What is mounted inside a worktree is not the session's, and what is another user's can't be deleted.

use crate::sandbox::{Outcome, PROGRAM, Sandbox, read, write};
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Runs the program where a folder is mounted at a place, which only this run sees. None where the system does not allow it.
fn run_with_mount(sandbox: &Sandbox, from: &str, to: &str, args: &str) -> Option<Outcome> {
    let allowed = Command::new("unshare")
        .args(["-rm", "mount", "--bind", "/tmp", "/tmp"])
        .status();
    let is_allowed = allowed.is_ok_and(|status| status.success());
    assert!(
        is_allowed || std::env::var("CI").as_deref() != Ok("true"),
        "nothing can be mounted here"
    );
    let script = format!("mount --bind {from} {to} && exec {PROGRAM} {args}");
    let mut unshare = sandbox.command("unshare", &sandbox.main);
    unshare.args(["-rm", "sh", "-c", &script]);
    is_allowed.then(|| sandbox.outcome(&mut unshare))
}

#[test]
fn remove_refuses_where_something_is_mounted_inside_and_purge_never_deletes_it() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let nas = sandbox.root.join("nas");
    write(&nas.join("photo"), "photo");
    let inside = worktree.join("frontend/media.sqlite3");
    fs::create_dir(&inside).unwrap();
    let [from, to] = [&nas, &inside].map(|path| path.to_str().unwrap());
    let refused = "error: something is mounted inside the worktree of feat, at [..]media.sqlite3\n\
                   hint: take it out first: umount [..]media.sqlite3\n";
    for args in ["remove feat", "remove --force feat"] {
        let Some(outcome) = run_with_mount(&sandbox, from, to, args) else {
            return;
        };
        outcome.fails(refused);
    }
    sandbox.remove("feat");
    let trash = sandbox.main.join(".git/tally-session/trash");
    let kept = fs::read_dir(&trash).unwrap().next().unwrap().unwrap();
    let kept = kept.path().join("worktree/frontend/media.sqlite3");
    let purge = run_with_mount(&sandbox, from, kept.to_str().unwrap(), "purge --yes");
    purge.unwrap().is(
        1,
        "",
        "feat, removed [..]\n[...]\n\
         error: [..]/feat@[..].going can't be deleted: something is mounted at [..]\n\
         hint: take it out first: umount [..]\n",
    );
    assert_eq!(read(&nas.join("photo")), "photo");
}

#[test]
fn remove_refuses_where_something_is_mounted_in_the_worktree_s_place_and_closes_nothing() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let other = sandbox.root.join("other");
    let mut cp = sandbox.command("cp", &sandbox.root);
    assert!(
        cp.arg("-a")
            .args([&worktree, &other])
            .status()
            .unwrap()
            .success()
    );
    let [from, to] = [&other, &worktree].map(|path| path.to_str().unwrap());
    if let Some(outcome) = run_with_mount(&sandbox, from, to, "remove --force feat") {
        outcome.fails(
            "error: something is mounted inside the worktree of feat, at [ROOT]/tally-feat\n\
             hint: take it out first: umount [ROOT]/tally-feat\n",
        );
        assert_eq!(sandbox.tmux_sessions(), ["tally-feat"]);
        sandbox.needs_no_resume("feat");
    }
}

#[test]
fn purge_says_whose_the_files_are_that_it_can_t_delete_and_what_deletes_them() {
    /// A user who is not the one that runs the tests.
    const OTHER: u32 = 65534;
    if !rustix::process::geteuid().is_root() {
        return println!("passed over: only root can have files of two users");
    }
    let sandbox = Sandbox::new().with("feat");
    sandbox.remove("feat");
    let trash = sandbox.main.join(".git/tally-session/trash");
    let kept = fs::read_dir(&trash)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    write(&kept.join("worktree/made/by-docker"), "");
    let program = sandbox.root.join("tally-session");
    fs::copy(PROGRAM, &program).unwrap();
    let chown = format!(
        "chown -R {OTHER} . && chown -R 0 {}/worktree/made",
        kept.display()
    );
    let chown = sandbox
        .command("sh", &sandbox.root)
        .args(["-c", &chown])
        .status();
    assert!(chown.unwrap().success());
    let mut purge = sandbox.command(&program, &sandbox.main);
    let purge = purge.args(["purge", "--yes"]).uid(OTHER).gid(OTHER);
    let told = "feat, removed [..]\n[...]\n\
         error: [ROOT]/tally/.git/tally-session/trash/feat@[..].going is of a removed session, and can't be deleted: \
         [ROOT][..]/worktree/made belongs to root\n\
         hint: sudo rm -rf [ROOT]/tally/.git/tally-session/trash/feat@[..].going\n";
    sandbox.outcome(purge).is(1, "", told);
}
