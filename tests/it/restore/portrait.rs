//! What a worktree looks like, and whether it comes back so.

use crate::sandbox::{Sandbox, Words, leads_to};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// All that can be seen of a worktree: each file with its mode, times and contents, and what git says.
pub fn portrait(sandbox: &Sandbox, worktree: &Path) -> String {
    let mut seen = Vec::new();
    look_at(worktree, &mut seen);
    seen.sort();
    for words in [
        "--no-optional-locks status --porcelain=v2 --branch --ignored",
        "ls-files --stage --resolve-undo",
        "log --walk-reflogs --format=%H+%gs HEAD",
        "log --walk-reflogs --format=%H+%gs feat",
        "config --get-regexp ^branch\\.",
        "for-each-ref refs/bisect refs/worktree refs/heads refs/stash",
    ] {
        let output = sandbox
            .command("git", worktree)
            .args(words.words())
            .output();
        let told = output.unwrap().stdout;
        seen.push(format!("{words}\n{}", String::from_utf8_lossy(&told)));
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
        let (path, mode) = (path.display(), about.mode());
        let time = (about.mtime(), about.mtime_nsec());
        seen.push(format!("{path} {mode:o} {time:?} {what}"));
    }
}

/// What the scripts of work have: a commit of a file, and two of the branch of which main has another version.
const VERBS: &str = r#"set -e
commit() { echo "$2" >"$1"; git add "$1"; git commit -q -m "Change $1"; }
conflict() { commit README.md ours; commit more more; (cd ../tally; commit README.md theirs); }
"#;

/// Each of these scripts does work in a session that comes back.
#[track_caller]
pub fn scripts_come_back(scripts: &[&str]) {
    for script in scripts {
        println!("{script}");
        comes_back(|sandbox, worktree| {
            let mut bash = sandbox.command("bash", worktree);
            let done = bash
                .args(["-c", &format!("{VERBS}{script}")])
                .output()
                .unwrap();
            assert!(done.status.success(), "{done:?}");
        });
    }
}

/// Removes a session in which there is something, has git clear up all that it can, adds another one of the name and purges
/// it, and has the first one come back as it was.
#[track_caller]
pub fn comes_back(work: impl FnOnce(&Sandbox, &Path)) {
    comes_back_in(&Sandbox::quick(), work);
}

#[track_caller]
pub fn comes_back_in(sandbox: &Sandbox, work: impl FnOnce(&Sandbox, &Path)) {
    sandbox.run("add feat").succeeds();
    let worktree = sandbox.worktree("feat");
    work(sandbox, &worktree);
    let before = portrait(sandbox, &worktree);
    sandbox.force_remove_with_remarks("feat");
    assert!(!worktree.exists());
    let listed = sandbox.git_main("worktree list");
    assert!(!listed.contains("feat"), "{listed}");
    clear_up(sandbox);
    sandbox.run("add feat").succeeds();
    sandbox.remove_for_good("feat");
    clear_up(sandbox);
    sandbox.restore_with_remarks("feat");
    assert_looks_so(sandbox, &worktree, &before);
    let mut fsck = sandbox.command("git", &worktree);
    let fsck = fsck.args(["fsck", "--no-dangling"]).output().unwrap();
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
    let (gone, new) = (lines(before, after), lines(after, before));
    format!("only before:\n{gone}\nonly after:\n{new}")
}
