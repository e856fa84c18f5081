//! A repository of git-crypt's: its keys are where git-crypt looks for them in each worktree.

use crate::sandbox::{Sandbox, leads_to, read, unset, write};
use std::fs;
use std::path::Path;

/// A project with an encrypted file, unlocked in the main checkout, and its key beside it.
fn unlocked() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.git_main("crypt init");
    sandbox.git_main("crypt export-key ../key");
    let attributes = "*.secret filter=git-crypt diff=git-crypt\n";
    sandbox.commit(&sandbox.main, ".gitattributes", attributes);
    sandbox.commit(&sandbox.main, "backend/a.secret", "hidden\n");
    sandbox.commit(&sandbox.main, "z.txt", "behind it\n");
    sandbox
}

fn assert_is_whole(sandbox: &Sandbox, worktree: &Path) {
    assert_eq!(read(&worktree.join("backend/a.secret")), "hidden\n");
    assert_eq!(read(&worktree.join("z.txt")), "behind it\n");
    sandbox.assert_clean(worktree);
    let admin = sandbox.git(worktree, "rev-parse --absolute-git-dir");
    let keys = sandbox.main.join(".git/git-crypt");
    assert_eq!(leads_to(&Path::new(&admin).join("git-crypt")), keys);
    assert!(!Path::new(&admin).join("locked").exists());
}

#[test]
fn what_is_unlocked_in_the_main_checkout_is_in_its_sessions_their_whole_life() {
    let sandbox = unlocked();
    let hook = sandbox.main.join(".git/hooks/post-checkout");
    let runs = sandbox.root.join("runs");
    let script = format!("echo \"$PWD $*\" >>{}", runs.display());
    sandbox.write_script(&hook, &script);
    let worktree = sandbox.add("feat");
    assert_is_whole(&sandbox, &worktree);
    let head = sandbox.head(&worktree);
    let words = format!("{} {} {head} 1\n", worktree.display(), "0".repeat(40));
    assert_eq!(read(&runs), words);
    sandbox.run("list").says("[..]\nfeat  running[..]\n");

    write(&worktree.join("backend/a.secret"), "changed\n");
    sandbox.git(&worktree, "commit -qam Change");
    let plain = ["hash-object", "--no-filters", "backend/a.secret"];
    let stored = ["rev-parse", "HEAD:backend/a.secret"];
    assert_ne!(
        sandbox.git(&worktree, plain),
        sandbox.git(&worktree, stored)
    );
    sandbox.git(&worktree, "reset -q --hard HEAD^");
    sandbox.remove_and_restore("feat --force");
    assert_is_whole(&sandbox, &worktree);

    sandbox.restart();
    unset(&worktree);
    sandbox.resume("feat");
    assert_is_whole(&sandbox, &worktree);
    sandbox
        .run("remove feat --purge -y")
        .is(0, "removed feat for good\n", "[...]");
    let keys = sandbox.main.join(".git/git-crypt/keys/default");
    assert!(keys.is_file());
}

#[test]
fn what_is_taken_along_is_decrypted_too() {
    let sandbox = unlocked();
    write(&sandbox.main.join("backend/a.secret"), "changed\n");
    sandbox.run("add feat --take-changes").succeeds();
    let worktree = sandbox.worktree("feat");
    assert_eq!(read(&worktree.join("backend/a.secret")), "changed\n");
    assert_eq!(read(&sandbox.main.join("backend/a.secret")), "hidden\n");
}

#[test]
fn what_is_locked_in_the_main_checkout_stays_so_until_it_is_unlocked() {
    let sandbox = unlocked();
    sandbox.git_main("crypt lock");
    let worktree = sandbox.add("linked");
    // As it is in a clone that was never unlocked.
    unset(&sandbox.main.join(".git/git-crypt"));
    let early = sandbox.add("early");
    for worktree in [&worktree, &early] {
        let text = fs::read(worktree.join("backend/a.secret")).unwrap();
        assert!(text.starts_with(b"\0GITCRYPT"));
        sandbox.assert_clean(worktree);
    }
    sandbox.git_main("crypt unlock ../key");
    let keys = sandbox.git(&early, "rev-parse --absolute-git-dir") + "/git-crypt";
    assert!(!Path::new(&keys).exists());
    let doctor = sandbox.run("doctor early");
    let fails = "failed   early: git status fails in its worktree, where git-crypt does not find the repository's keys\n";
    assert!(doctor.stdout.contains(fails), "{doctor}");
    let doctor = sandbox.run("doctor --fix");
    let fixed = "fixed    early: git status shows nothing that was put there\n";
    assert!(doctor.stdout.contains(fixed), "{doctor}");
    for worktree in [&worktree, &early] {
        sandbox.git(worktree, "status");
        unset(&worktree.join("backend/a.secret"));
        sandbox.git(worktree, "checkout .");
        assert_is_whole(&sandbox, worktree);
    }
}

#[test]
fn a_checkout_that_fails_leaves_nothing() {
    let sandbox = unlocked();
    let keys = sandbox.main.join(".git/git-crypt/keys/default");
    write(&keys, "no key");
    let error = "error: cannot make the worktree [ROOT]/tally-feat: [..]\n[...]";
    sandbox.run("add feat").fails(error);
    assert!(!sandbox.worktree("feat").exists());
    assert_eq!(sandbox.git_main("branch"), "* main");
    assert!(!sandbox.main.join(".git/worktrees/tally-feat").exists());
    sandbox.run("list --removed").says("[..]no[..]\n");
}

#[test]
fn one_that_is_killed_in_its_checkout_is_made_again() {
    let sandbox = unlocked();
    // What is started instead of the second step kills the program, and does nothing.
    sandbox.intercept("git", "*' reset --hard '*", "kill -9 $PPID; exit 1");
    assert_eq!(sandbox.run("add feat").code, None);
    sandbox.unwrap("git");
    sandbox.resume("feat");
    assert_is_whole(&sandbox, &sandbox.worktree("feat"));
}
