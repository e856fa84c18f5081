//! What a worktree looks like, and whether it comes back so.

use crate::sandbox::{Sandbox, leads_to};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// All that can be seen of a worktree: each file with its mode, times and contents, and what git says.
pub fn portrait(sandbox: &Sandbox, worktree: &Path) -> String {
    let mut seen = Vec::new();
    look_at(worktree, &mut seen);
    seen.sort();
    for args in [
        &[
            "--no-optional-locks",
            "status",
            "--porcelain=v2",
            "--branch",
            "--ignored",
        ][..],
        &["ls-files", "--stage", "--resolve-undo"],
        &["log", "--walk-reflogs", "--format=%H %gs", "HEAD"],
        &["log", "--walk-reflogs", "--format=%H %gs", "feat"],
        &["config", "--get-regexp", "^branch\\."],
        &[
            "for-each-ref",
            "refs/bisect",
            "refs/worktree",
            "refs/heads",
            "refs/stash",
        ],
    ] {
        let output = sandbox
            .command("git", worktree)
            .args(args)
            .output()
            .unwrap();
        seen.push(format!(
            "{args:?}\n{}",
            String::from_utf8_lossy(&output.stdout)
        ));
    }
    seen.join("\n")
}

fn look_at(dir: &Path, seen: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let about = path.symlink_metadata().unwrap();
        let what = if about.is_symlink() {
            leads_to(&path).display().to_string()
        } else if about.is_file() {
            format!("{:?}", fs::read(&path).unwrap())
        } else {
            look_at(&path, seen);
            String::new()
        };
        seen.push(format!(
            "{} {:o} {}.{} {what}",
            path.display(),
            about.mode(),
            about.mtime(),
            about.mtime_nsec()
        ));
    }
}

/// Removes a session in which there is something, has git clear up all that it can, adds another one of the name and purges
/// it, and has the first one come back as it was.
#[track_caller]
pub fn comes_back(work: impl FnOnce(&Sandbox, &Path)) {
    comes_back_in(&Sandbox::new(), work);
}

#[track_caller]
pub fn comes_back_in(sandbox: &Sandbox, work: impl FnOnce(&Sandbox, &Path)) {
    let worktree = sandbox.add("feat");
    work(sandbox, &worktree);
    let before = portrait(sandbox, &worktree);
    sandbox.force_remove_with_remarks("feat");
    assert!(!worktree.exists());
    let listed = sandbox.git_main("worktree list");
    assert!(!listed.contains("feat"), "{listed}");
    clear_up(sandbox);
    sandbox.add_again("feat");
    sandbox.remove_for_good("feat");
    clear_up(sandbox);
    sandbox.restore_with_remarks("feat");
    assert_looks_so(sandbox, &worktree, &before);
    let fsck = sandbox
        .command("git", &worktree)
        .args(["fsck", "--no-dangling"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&fsck.stderr);
    assert!(fsck.status.success() && !said.contains("missing"), "{said}");
}

/// Everything that nothing leads to goes.
pub fn clear_up(sandbox: &Sandbox) {
    sandbox.git_main("worktree prune --expire=now");
    sandbox.git_main("reflog expire --expire=now --all");
    sandbox.git_main("gc -q --prune=now");
}

/// A worktree has this portrait.
#[track_caller]
pub fn assert_looks_so(sandbox: &Sandbox, worktree: &Path, before: &str) {
    let after = portrait(sandbox, worktree);
    assert!(before == after, "{}", difference(before, &after));
}

fn difference(before: &str, after: &str) -> String {
    let lines = |one: &str, other: &str| {
        let other: Vec<_> = other.lines().collect();
        let only = one.lines().filter(|line| !other.contains(line));
        let short = only.map(|line| line.chars().take(300).collect::<String>());
        short.collect::<Vec<_>>().join("\n")
    };
    format!(
        "only before:\n{}\nonly after:\n{}",
        lines(before, after),
        lines(after, before)
    )
}
