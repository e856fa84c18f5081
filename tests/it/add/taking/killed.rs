//! `add --take-changes`, killed half way.

use super::{change, kept, project, state};
use crate::sandbox::{Sandbox, read, write};
use std::fs;

/// Kills the program when it starts git for the nth time; gives whether it did.
pub fn is_killed_at(sandbox: &Sandbox, nth: usize) -> bool {
    let count = sandbox.root.join("count");
    let killed = sandbox.root.join("killed");
    write(&count, "");
    let _ = fs::remove_file(&killed);
    sandbox.wrap(
        "git",
        &format!(
            "if [ ! -e {1} ]; then echo x >>{0}; [ $(wc -l <{0}) -lt {nth} ] || {{ >{1}; kill -9 $PPID; exit 1; }}; fi\nexec \"$REAL\" \"$@\"",
            count.display(),
            killed.display()
        ),
    );
    let outcome = sandbox.run("add feat --take-changes");
    sandbox.unwrap("git");
    assert_eq!(outcome.code.is_none(), killed.exists(), "{outcome}");
    killed.exists()
}

#[test]
fn killed_at_some_moments_main_or_the_session_has_it() {
    is_killed(7);
}

#[test]
#[ignore = "takes minutes"]
fn killed_at_any_moment_main_or_the_session_has_it() {
    is_killed(1);
}

/// Kills it at every so many-th start of git.
fn is_killed(every: usize) {
    for nth in (1..).step_by(every) {
        let sandbox = project();
        let clean = state(&sandbox, &sandbox.main);
        change(&sandbox);
        let before = state(&sandbox, &sandbox.main);
        if !is_killed_at(&sandbox, nth) {
            assert!(nth > 20, "{nth}");
            break;
        }
        println!("killed at {nth}");
        let there = sandbox.worktree("feat");
        let worktree = || state(&sandbox, &there);
        let has_all = |state: &str| state == before;
        let in_main = state(&sandbox, &sandbox.main);
        if in_main != before {
            // It was being taken out: the session has it, and so has the ref.
            assert!(has_all(&worktree()), "{}", worktree());
            assert_ne!(kept(&sandbox), "");
        }
        if sandbox.names().is_empty() {
            assert_eq!(in_main, before);
            sandbox.run("add feat --take-changes").succeeds();
            assert!(has_all(&worktree()));
            assert_eq!(state(&sandbox, &sandbox.main), clean);
        } else if nth % 2 == 0 {
            let resumed = sandbox.run("resume feat").goes_well();
            assert!(has_all(&worktree()), "{resumed}\n{}", worktree());
            assert_eq!(state(&sandbox, &sandbox.main), in_main);
        } else {
            let removed = sandbox.run("remove --force feat").goes_well();
            assert!(removed.stderr.contains("refs/tally-session/_taken/feat@"));
            assert_ne!(kept(&sandbox), "");
            assert_eq!(state(&sandbox, &sandbox.main), in_main);
        }
    }
}

#[test]
fn a_session_whose_git_was_killed_too_comes_back_and_says_where_the_changes_are() {
    let sandbox = project();
    change(&sandbox);
    let before = state(&sandbox, &sandbox.main);
    let lock = sandbox.main.join(".git/worktrees/tally-feat/index.lock");
    sandbox.intercept(
        "git",
        "*' -m -u '*",
        &format!("touch '{}'; kill -9 $PPID; exit 1", lock.display()),
    );
    let killed = sandbox.run("add feat --take-changes");
    assert_eq!(killed.code, None, "{killed}");
    sandbox.unwrap("git");
    sandbox.resume_telling("warning: cannot put the changes [..]index.lock[..]\n[...]\n[..]; its add was cut short [..] kept in refs/tally-session/_taken/feat@[..]\n");
    assert_eq!(state(&sandbox, &sandbox.main), before);
    let refname = kept(&sandbox);
    let told = "added again\n[...]";
    sandbox.run(["add", "again", "--from", &refname]).says(told);
    let text = read(&sandbox.worktree("again").join("half"));
    assert_eq!(text, "half\nstaged\nthen this\n");
}
