//! What comes back is exact, whatever happened to the repository in between.

use crate::sandbox::{Sandbox, read, write};
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// All that can be seen of a worktree: each file with its mode, times and contents, and what git says.
fn portrait(sandbox: &Sandbox, worktree: &Path) -> String {
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
            fs::read_link(&path).unwrap().display().to_string()
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
fn comes_back(work: impl FnOnce(&Sandbox, &Path)) {
    comes_back_in(&Sandbox::new(), work);
}

#[track_caller]
fn comes_back_in(sandbox: &Sandbox, work: impl FnOnce(&Sandbox, &Path)) {
    let worktree = sandbox.add("feat");
    work(sandbox, &worktree);
    let before = portrait(sandbox, &worktree);
    sandbox
        .run(["remove", "--force", "feat"])
        .is(0, "removed feat\n[...]", "[...]");
    assert!(!worktree.exists());
    let listed = sandbox.git(&sandbox.main, ["worktree", "list"]);
    assert!(!listed.contains("feat"), "{listed}");
    clear_up(sandbox);
    sandbox.add_again("feat");
    sandbox
        .run(["remove", "feat", "--purge", "--yes"])
        .is(0, "removed feat for good\n", "[...]");
    clear_up(sandbox);
    sandbox
        .run(["restore", "feat"])
        .is(0, "restored feat\n[...]", "[...]");
    let after = portrait(sandbox, &worktree);
    assert!(before == after, "{}", difference(&before, &after));
    let fsck = sandbox
        .command("git", &worktree)
        .args(["fsck", "--no-dangling"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&fsck.stderr);
    assert!(fsck.status.success() && !said.contains("missing"), "{said}");
}

/// Everything that nothing leads to goes.
fn clear_up(sandbox: &Sandbox) {
    sandbox.git(&sandbox.main, ["worktree", "prune", "--expire=now"]);
    sandbox.git(&sandbox.main, ["reflog", "expire", "--expire=now", "--all"]);
    sandbox.git(&sandbox.main, ["gc", "-q", "--prune=now"]);
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

/// Runs git, which may stop with a conflict.
fn try_git(sandbox: &Sandbox, dir: &Path, args: &[&str]) {
    let output = sandbox
        .command("git", dir)
        .args(args)
        .env("GIT_EDITOR", "true")
        .env("GIT_SEQUENCE_EDITOR", "sed -i.old -e 's/^pick/edit/'")
        .output()
        .unwrap();
    assert!(output.status.code().is_some());
}

/// Two commits of the branch, of which the main branch has another version.
fn with_conflict(sandbox: &Sandbox, worktree: &Path) {
    sandbox.commit(worktree, "README.md", "ours\n");
    sandbox.commit(worktree, "more", "more\n");
    sandbox.commit(&sandbox.main, "README.md", "theirs\n");
}

#[test]
fn files_of_every_kind_come_back_with_their_times_and_modes() {
    comes_back(|_, worktree| {
        for name in [
            "with space",
            "new\nline",
            "été ☃",
            "-dash",
            "quo'te\"",
            "deep/er/file",
        ] {
            write(&worktree.join(name), name);
        }
        write(&worktree.join("backend/notes.sqlite3"), "ignored");
        fs::set_permissions(
            worktree.join("README.md"),
            fs::Permissions::from_mode(0o751),
        )
        .unwrap();
        symlink("README.md", worktree.join("link")).unwrap();
        symlink("/nowhere", worktree.join("frontend/dangling")).unwrap();
        fs::remove_file(worktree.join("backend/manage.py")).unwrap();
        fs::create_dir(worktree.join("empty")).unwrap();
        fs::set_permissions(worktree.join("empty"), fs::Permissions::from_mode(0o500)).unwrap();
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        fs::File::open(worktree.join("deep/er/file"))
            .unwrap()
            .set_modified(old)
            .unwrap();
    });
}

#[test]
fn what_is_staged_comes_back_though_the_folder_has_another_version_and_nothing_else_has_the_first()
{
    comes_back(|sandbox, worktree| {
        write(&worktree.join("README.md"), "staged version");
        write(&worktree.join("new"), "staged and new");
        sandbox.git(worktree, ["add", "."]);
        write(&worktree.join("README.md"), "version of the folder");
        fs::remove_file(worktree.join("new")).unwrap();
        sandbox.git(worktree, ["rm", "-q", "--cached", "backend/manage.py"]);
        write(&worktree.join("meant"), "meant to be added");
        sandbox.git(worktree, ["add", "-N", "meant"]);
    });
}

#[test]
fn a_change_within_the_second_of_a_commit_comes_back() {
    comes_back(|sandbox, worktree| {
        sandbox.commit(worktree, "v.py", "VERSION = 1\n");
        write(&worktree.join("v.py"), "VERSION = 2\n");
    });
}

#[test]
fn files_that_git_is_told_not_to_look_at_come_back_changed() {
    comes_back(|sandbox, worktree| {
        sandbox.git(
            worktree,
            ["update-index", "--assume-unchanged", "README.md"],
        );
        sandbox.git(
            worktree,
            ["update-index", "--skip-worktree", "backend/manage.py"],
        );
        write(&worktree.join("README.md"), "changed");
        write(&worktree.join("backend/manage.py"), "changed too");
    });
}

#[test]
fn rows_of_the_database_come_back_with_a_journal_that_is_not_played_in_yet() {
    comes_back(|_, worktree| {
        let path = worktree.join("backend/db.sqlite3");
        let database = Connection::open(&path).unwrap();
        database
            .execute_batch("PRAGMA journal_mode = wal; INSERT INTO point VALUES ('mine');")
            .unwrap();
        // One that is closed in good order leaves no journal.
        fs::copy(
            worktree.join("backend/db.sqlite3-wal"),
            worktree.join("backend/kept.sqlite3"),
        )
        .unwrap();
    });
}

#[test]
fn commits_of_a_detached_head_come_back_with_those_of_the_branch() {
    comes_back(|sandbox, worktree| {
        sandbox.commit(worktree, "branch", "on the branch");
        sandbox.git(worktree, ["switch", "-q", "--detach", "main"]);
        sandbox.commit(worktree, "detached", "on no branch");
        sandbox.commit(worktree, "detached", "once more");
    });
}

#[test]
fn commits_that_only_the_reflog_has_come_back() {
    comes_back(|sandbox, worktree| {
        sandbox.commit(worktree, "gone", "an experiment");
        sandbox.git(worktree, ["reset", "-q", "--hard", "HEAD~"]);
        sandbox.commit(worktree, "other", "another one");
        sandbox.git(
            worktree,
            ["commit", "-q", "--amend", "-m", "In other words"],
        );
    });
}

#[test]
fn a_branch_that_tracks_another_one_comes_back_with_what_git_s_configuration_has_of_it() {
    let sandbox = Sandbox::new();
    sandbox.make_origin();
    comes_back_in(&sandbox, |sandbox, worktree| {
        sandbox.commit(worktree, "file", "pushed");
        sandbox.git(worktree, ["push", "-q", "-u", "origin", "feat"]);
        sandbox.commit(worktree, "file", "not pushed");
        sandbox.git(
            worktree,
            ["config", "branch.feat.description", "two words\nand a line"],
        );
    });
}

#[test]
fn a_session_on_another_branch_comes_back_on_it() {
    comes_back(|sandbox, worktree| {
        sandbox.commit(worktree, "file", "of the first");
        sandbox.git(worktree, ["switch", "-q", "-c", "other"]);
        sandbox.commit(worktree, "file", "of the other");
    });
}

#[test]
fn a_merge_with_conflicts_comes_back_with_all_its_sides() {
    comes_back(|sandbox, worktree| {
        with_conflict(sandbox, worktree);
        write(&worktree.join("more"), "not committed");
        sandbox.git(worktree, ["config", "merge.autostash", "true"]);
        try_git(sandbox, worktree, &["merge", "-q", "main"]);
        assert!(read(&worktree.join("README.md")).contains("<<<<<<<"));
    });
}

#[test]
fn a_conflict_that_was_solved_can_still_be_brought_up_again() {
    comes_back(|sandbox, worktree| {
        with_conflict(sandbox, worktree);
        try_git(sandbox, worktree, &["merge", "-q", "main"]);
        sandbox.git(worktree, ["checkout", "-q", "--ours", "README.md"]);
        sandbox.git(worktree, ["add", "README.md"]);
        assert_ne!(sandbox.git(worktree, ["ls-files", "--resolve-undo"]), "");
    });
}

#[test]
fn a_rebase_with_a_conflict_and_what_it_has_put_aside_come_back() {
    comes_back(|sandbox, worktree| {
        with_conflict(sandbox, worktree);
        write(&worktree.join("more"), "not committed");
        try_git(sandbox, worktree, &["rebase", "-q", "--autostash", "main"]);
        assert!(!worktree.join("more").exists());
    });
}

#[test]
fn a_rebase_that_was_stopped_to_edit_comes_back_with_what_it_has_picked_and_what_is_left() {
    comes_back(|sandbox, worktree| {
        sandbox.git(worktree, ["switch", "-q", "--detach"]);
        for text in ["1", "2", "3"] {
            sandbox.commit(worktree, "file", text);
        }
        try_git(sandbox, worktree, &["rebase", "-q", "-i", "HEAD~3"]);
        sandbox.git(worktree, ["commit", "-q", "--amend", "-m", "Edited"]);
        try_git(sandbox, worktree, &["rebase", "--continue"]);
    });
}

#[test]
fn patches_that_are_being_applied_come_back() {
    comes_back(|sandbox, worktree| {
        with_conflict(sandbox, worktree);
        let patch = sandbox.root.join("patch");
        let text = sandbox.git(&sandbox.main, ["format-patch", "--stdout", "-1"]);
        write(&patch, text + "\n");
        try_git(
            sandbox,
            worktree,
            &["am", "-q", "-3", patch.to_str().unwrap()],
        );
    });
}

#[test]
fn several_picks_and_a_revert_that_stopped_come_back() {
    comes_back(|sandbox, worktree| {
        with_conflict(sandbox, worktree);
        sandbox.commit(&sandbox.main, "last", "last");
        try_git(sandbox, worktree, &["cherry-pick", "main~2..main"]);
    });
}

#[test]
fn a_bisect_comes_back() {
    comes_back(|sandbox, worktree| {
        for text in ["1", "2", "3", "4"] {
            sandbox.commit(worktree, "file", text);
        }
        sandbox.git(worktree, ["bisect", "start", "HEAD", "HEAD~4"]);
    });
}

#[test]
fn a_sparse_checkout_with_a_configuration_of_its_own_comes_back() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.main.join("docs")).unwrap();
    sandbox.commit(&sandbox.main, "docs/plan.md", "plan");
    comes_back_in(&sandbox, |sandbox, worktree| {
        sandbox.git(worktree, ["sparse-checkout", "set", "backend", "frontend"]);
        assert!(!worktree.join("docs").exists());
        write(&worktree.join("backend/manage.py"), "changed");
    });
}

#[test]
fn an_index_in_two_parts_comes_back() {
    comes_back(|sandbox, worktree| {
        sandbox.git(worktree, ["update-index", "--split-index"]);
        write(&worktree.join("new"), "only staged");
        sandbox.git(worktree, ["add", "new"]);
        write(&worktree.join("new"), "changed since");
    });
}

/// Makes a repository with a commit.
fn make_repository(sandbox: &Sandbox, dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    sandbox.git(dir, ["init", "-q"]);
    sandbox.commit(dir, "file", "of its own");
}

#[test]
fn repositories_inside_come_back_ignored_or_committed_as_a_link() {
    comes_back(|sandbox, worktree| {
        make_repository(
            sandbox,
            &worktree.join("frontend/node_modules.old/x.sqlite3"),
        );
        let service = worktree.join("service");
        make_repository(sandbox, &service);
        sandbox.commit_link(worktree, "service");
        write(&service.join("file"), "changed");
        sandbox.git(&service, ["stash", "-q"]);
    });
}

#[test]
fn a_submodule_comes_back_with_its_stash_and_branch_and_one_that_was_taken_out_too() {
    let sandbox = Sandbox::new();
    let library = sandbox.root.join("library");
    make_repository(&sandbox, &library);
    sandbox.git(
        &sandbox.root,
        ["config", "--global", "protocol.file.allow", "always"],
    );
    for name in ["lib", "other"] {
        sandbox.git(
            &sandbox.main,
            [
                "submodule",
                "--quiet",
                "add",
                library.to_str().unwrap(),
                name,
            ],
        );
    }
    sandbox.git(&sandbox.main, ["commit", "-q", "-m", "Add libraries"]);
    let worktree = sandbox.worktree("feat");
    sandbox
        .run(["add", "feat"])
        .is(0, "added feat\n[...]", "warning: its submodules [..]\n");
    sandbox.await_programs("feat", 1);
    sandbox.git(&worktree, ["submodule", "--quiet", "update", "--init"]);
    for name in ["lib", "other"] {
        let inside = worktree.join(name);
        sandbox.git(&inside, ["switch", "-q", "-c", "work"]);
        sandbox.commit(&inside, "file", "not pushed");
        write(&inside.join("file"), "put aside");
        sandbox.git(&inside, ["stash", "-q"]);
    }
    sandbox.git(&worktree, ["submodule", "--quiet", "deinit", "-f", "other"]);
    let stashes = |dir: &Path| sandbox.git(dir, ["stash", "list", "--format=%H"]);
    let (lib, before) = (worktree.join("lib"), portrait(&sandbox, &worktree));
    let stash = stashes(&lib);
    sandbox.run_changes_nothing(["remove", "feat"]).fails(
        "error: the session feat has changes that are not committed: lib, \
         and has a submodule's repository with commits that no remote has inside: [..]modules/lib, \
         and has a submodule's repository with commits that no remote has inside: [..]modules/other\n[...]",
    );
    sandbox
        .run(["remove", "--force", "feat"])
        .is(0, "removed feat\n[...]", "");
    clear_up(&sandbox);
    sandbox
        .run(["restore", "feat"])
        .is(0, "restored feat\n[...]", "");
    let after = portrait(&sandbox, &worktree);
    assert!(before == after, "{}", difference(&before, &after));
    assert_eq!(stashes(&lib), stash);
    sandbox.git(
        &worktree,
        ["submodule", "--quiet", "update", "--init", "other"],
    );
    assert_ne!(stashes(&worktree.join("other")), "");
}

#[test]
fn git_worktrees_inside_come_back_also_locked_and_with_commits_on_no_branch() {
    comes_back(|sandbox, worktree| {
        write(&worktree.join(".gitignore"), "agents/\n");
        for (name, locked) in [("one", false), ("two", true)] {
            let inside = worktree.join("agents").join(name);
            sandbox.git(
                worktree,
                [
                    "worktree",
                    "add",
                    "-q",
                    "--detach",
                    inside.to_str().unwrap(),
                ],
            );
            sandbox.commit(&inside, "file", name);
            write(&inside.join("new"), name);
            sandbox.git(&inside, ["add", "new"]);
            if locked {
                sandbox.git(worktree, ["worktree", "lock", inside.to_str().unwrap()]);
            }
        }
    });
}

#[test]
fn git_worktrees_inside_work_again_when_they_are_back() {
    let sandbox = Sandbox::new();
    let worktree = sandbox.add("feat");
    let inside: PathBuf = worktree.join("frontend/node_modules2.sqlite3");
    sandbox.git(
        &worktree,
        [
            "worktree",
            "add",
            "-q",
            "-b",
            "agent",
            inside.to_str().unwrap(),
        ],
    );
    write(&inside.join("new"), "staged");
    sandbox.git(&inside, ["add", "new"]);
    sandbox.run_changes_nothing(["remove", "feat"]).fails(
        "error: the session feat has a git worktree with changes of its own inside: [..]node_modules2.sqlite3\nhint: look at that with: git -C [..] status\nhint: [..]\n",
    );
    sandbox
        .run(["remove", "--force", "feat"])
        .is(0, "removed feat\n[...]", "");
    clear_up(&sandbox);
    sandbox
        .run(["restore", "feat"])
        .is(0, "restored feat\n[...]", "");
    assert_eq!(sandbox.git(&inside, ["status", "--porcelain"]), "A  new");
    sandbox.git(&inside, ["commit", "-q", "-m", "Go on"]);
}

#[test]
fn a_branch_that_stayed_and_is_gone_by_now_is_made_again_with_its_commits() {
    for (branch, option, change) in [
        (
            "feat",
            Some("--keep-branch"),
            &["branch", "-qD", "feat"][..],
        ),
        (
            "feat",
            Some("--keep-branch"),
            &["branch", "-m", "feat", "renamed"],
        ),
        ("side", None, &["branch", "-qD", "side"]),
        ("inside", None, &["branch", "-qD", "inside"]),
    ] {
        let sandbox = Sandbox::new();
        let worktree = sandbox.add("feat");
        let checkout = match branch {
            "inside" => worktree.join("inside.sqlite3"),
            _ => worktree.clone(),
        };
        let path = checkout.to_str().unwrap();
        match branch {
            "side" => sandbox.git(&worktree, ["switch", "-q", "-c", "side"]),
            "inside" => sandbox.git(&worktree, ["worktree", "add", "-q", "-b", "inside", path]),
            _ => String::new(),
        };
        let tip = sandbox.commit(&checkout, "file", "work");
        write(&checkout.join("file"), "staged");
        sandbox.git(&checkout, ["add", "file"]);
        let mut remove = sandbox.program(&["remove", "--force", "feat"], &sandbox.main);
        sandbox
            .outcome(remove.args(option))
            .is(0, "removed feat\n[...]", "[...]");
        let mut git = sandbox.command("git", &sandbox.main);
        assert!(git.args(change).status().unwrap().success());
        clear_up(&sandbox);
        sandbox
            .run(["restore", "feat"])
            .is(0, "restored feat\n[...]", "");
        assert_eq!(
            sandbox.git(&checkout, ["rev-parse", branch, "HEAD"]),
            format!("{tip}\n{tip}")
        );
        assert_eq!(sandbox.git(&checkout, ["status", "--porcelain"]), "M  file");
    }
}
