//! What `remove --force` saves, and the command that it prints to get it back.

use crate::sandbox::{Sandbox, read, write};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

/// The ref that keeps a session's saved work.
const SAVED: &str = "refs/tally-session/feat";

/// Removes the session with its work, types the command that is printed, and gives the name of the session that it adds.
#[track_caller]
fn remove_and_get_back<const N: usize>(sandbox: &Sandbox, args: [&str; N]) -> String {
    let removed = sandbox.run(args).is(0, "removed feat\n[...]", "");
    assert!(!sandbox.worktree("feat").exists());
    let command = removed.command_after("get it back with: ");
    sandbox
        .type_line(&command)
        .is(0, "added [..]\n[...]", "[...]");
    sandbox.names().pop().unwrap()
}

#[test]
fn every_kind_of_uncommitted_work_is_there_again_after_the_printed_command() {
    let sandbox = Sandbox::new();
    let worktree = sandbox.add("feat");
    let names = [
        "with space",
        "new\nline",
        "été ☃",
        "-dash",
        "quo'te\"",
        "deep/er/file",
    ];
    for name in names {
        write(&worktree.join(name), name);
    }
    write(&worktree.join("staged"), "staged");
    sandbox.git(&worktree, ["add", "staged"]);
    fs::set_permissions(
        worktree.join("README.md"),
        fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    symlink("README.md", worktree.join("link")).unwrap();
    fs::remove_file(worktree.join("backend/manage.py")).unwrap();
    write(&worktree.join("ignored.sqlite3"), "ignored");
    remove_and_get_back(&sandbox, ["remove", "--force", "feat"]);
    for name in names {
        assert_eq!(read(&worktree.join(name)), name);
    }
    assert_eq!(read(&worktree.join("staged")), "staged");
    let mode = fs::metadata(worktree.join("README.md"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o111, 0o111);
    assert_eq!(
        fs::read_link(worktree.join("link")).unwrap().to_str(),
        Some("README.md")
    );
    assert!(!worktree.join("backend/manage.py").exists());
    assert!(!worktree.join("ignored.sqlite3").exists());
    assert_eq!(sandbox.git(&worktree, ["status", "--porcelain"]), "");
}

#[test]
fn what_is_staged_is_saved_though_the_folder_has_another_version() {
    let sandbox = Sandbox::new();
    let worktree = sandbox.add("feat");
    write(&worktree.join("README.md"), "staged version");
    sandbox.git(&worktree, ["add", "README.md"]);
    write(&worktree.join("README.md"), "version of the folder");
    remove_and_get_back(&sandbox, ["remove", "--force", "feat"]);
    assert_eq!(read(&worktree.join("README.md")), "version of the folder");
    assert!(sandbox.holds(SAVED, "staged version"));
}

#[test]
fn a_merge_with_conflicts_is_saved_as_it_stands() {
    let sandbox = Sandbox::new();
    let worktree = sandbox.add("feat");
    sandbox.commit(&worktree, "README.md", "ours\n");
    sandbox.commit(&sandbox.main, "README.md", "theirs\n");
    let merge = sandbox
        .command("git", &worktree)
        .args(["merge", "-q", "main"])
        .output()
        .unwrap();
    assert!(!merge.status.success());
    sandbox
        .run_changes_nothing(["remove", "feat"])
        .fails("error: the session feat [..]README.md[..] 1 commit [..]\n[...]");
    remove_and_get_back(&sandbox, ["remove", "--force", "feat"]);
    let text = read(&worktree.join("README.md"));
    assert!(
        text.contains("<<<<<<<") && text.contains("ours\n") && text.contains("theirs\n"),
        "{text}"
    );
    assert!(sandbox.holds(SAVED, "ours\n"));
}

#[test]
fn commits_of_a_detached_head_and_of_the_branch_are_saved_together() {
    let sandbox = Sandbox::new();
    let worktree = sandbox.add("feat");
    sandbox.commit(&worktree, "branch", "on the branch");
    sandbox.git(&worktree, ["switch", "-q", "--detach", "main"]);
    sandbox.commit(&worktree, "detached", "on no branch");
    write(&worktree.join("new"), "not committed");
    remove_and_get_back(&sandbox, ["remove", "--force", "feat"]);
    assert_eq!(read(&worktree.join("detached")), "on no branch");
    assert_eq!(read(&worktree.join("new")), "not committed");
    assert!(sandbox.holds(SAVED, "on the branch"));
}

#[test]
fn work_on_a_branch_that_the_worktree_was_switched_to_is_saved() {
    let sandbox = Sandbox::new();
    let worktree = sandbox.add("feat");
    sandbox.commit(&worktree, "branch", "on the branch");
    sandbox.git(&worktree, ["switch", "-q", "-c", "other", "main"]);
    let other = sandbox.commit(&worktree, "other", "on the other branch");
    write(&worktree.join("new"), "not committed");
    let warning = "warning: [..] on the branch other, which stays\n";
    let removed = sandbox
        .run(["remove", "--force", "feat"])
        .is(0, "removed feat\n[...]", warning);
    assert_eq!(sandbox.git(&sandbox.main, ["rev-parse", "other"]), other);
    sandbox
        .type_line(&removed.command_after("get it back with: "))
        .succeeds();
    assert_eq!(read(&worktree.join("new")), "not committed");
    assert!(sandbox.holds(SAVED, "on the branch"));
}

#[test]
fn the_printed_command_of_a_second_save_brings_the_second_one() {
    let sandbox = Sandbox::new();
    let worktree = sandbox.add("feat");
    write(&worktree.join("new"), "first");
    remove_and_get_back(&sandbox, ["remove", "--force", "feat"]);
    write(&worktree.join("new"), "second");
    remove_and_get_back(&sandbox, ["remove", "--force", "feat"]);
    assert_eq!(read(&worktree.join("new")), "second");
    assert!(sandbox.holds(SAVED, "first") && !sandbox.holds(SAVED, "second"));
}

#[test]
fn the_printed_command_works_though_the_branch_was_pushed() {
    let sandbox = Sandbox::new();
    sandbox.make_origin();
    let worktree = sandbox.add("feat");
    sandbox.commit(&worktree, "file", "pushed");
    sandbox.git(&worktree, ["push", "-q", "-u", "origin", "feat"]);
    write(&worktree.join("new"), "not committed");
    let name = remove_and_get_back(&sandbox, ["remove", "--force", "feat"]);
    assert_eq!(read(&sandbox.worktree(&name).join("new")), "not committed");
}

#[test]
fn the_printed_command_works_though_the_branch_was_kept() {
    let sandbox = Sandbox::new();
    let worktree = sandbox.add("feat");
    let tip = sandbox.commit(&worktree, "file", "work");
    write(&worktree.join("new"), "not committed");
    let name = remove_and_get_back(&sandbox, ["remove", "--force", "--keep-branch", "feat"]);
    assert_eq!(sandbox.git(&sandbox.main, ["rev-parse", "feat"]), tip);
    assert_eq!(read(&sandbox.worktree(&name).join("new")), "not committed");
}

#[test]
fn the_printed_command_works_for_a_name_below_that_of_an_older_save() {
    let sandbox = Sandbox::new();
    let worktree = sandbox.add("feat");
    write(&worktree.join("new"), "upper");
    sandbox
        .run(["remove", "--force", "feat"])
        .is(0, "removed feat\n[...]", "");
    // git cannot have a ref `feat/pay` beside a ref `feat`.
    let below = sandbox.add("feat/pay");
    write(&below.join("new"), "lower");
    let removed =
        sandbox
            .run(["remove", "--force", "feat/pay"])
            .is(0, "removed feat/pay\n[...]", "");
    sandbox
        .type_line(&removed.command_after("get it back with: "))
        .succeeds();
    assert_eq!(read(&below.join("new")), "lower");
    assert!(sandbox.holds(SAVED, "upper"));
}

#[test]
fn a_repository_inside_the_worktree_is_not_lost_as_no_commit_can_hold_it() {
    let sandbox = Sandbox::new();
    let worktree = sandbox.add("feat");
    let nested = worktree.join("nested");
    sandbox.git(&worktree, ["init", "-q", "nested"]);
    sandbox.commit(&nested, "file", "inside");
    sandbox
        .run_changes_nothing(["remove", "feat"])
        .fails("error: [..]nested[..]feat[..]\nhint: [..]\n[...]");
    sandbox
        .run(["remove", "--force", "feat"])
        .fails("error: [..]nested[..]\nhint: [..]\n[...]");
    assert_eq!(read(&nested.join("file")), "inside");
    assert_eq!(sandbox.names(), ["feat"]);
    // The same without a commit in it.
    fs::remove_dir_all(nested.join(".git")).unwrap();
    sandbox.git(&worktree, ["init", "-q", "nested"]);
    sandbox
        .run(["remove", "--force", "feat"])
        .fails("error: [..]nested[..]\nhint: [..]\n[...]");
    assert_eq!(read(&nested.join("file")), "inside");
}

#[test]
fn an_env_file_that_git_tracks_and_the_user_changed_is_work() {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.main, ["add", "--force", "backend/.env"]);
    sandbox.git(&sandbox.main, ["commit", "-q", "-m", "Track it"]);
    let worktree = sandbox.add("feat");
    write(&worktree.join("backend/.env"), "SECRET_KEY=s3cret\nNEW=1\n");
    sandbox
        .run_changes_nothing(["remove", "feat"])
        .fails("error: the session feat [..]backend/.env\n[...]");
}

#[test]
fn a_message_names_ten_files_and_counts_the_others() {
    let sandbox = Sandbox::new();
    let worktree = sandbox.add("feat");
    for number in 10..23 {
        write(&worktree.join(format!("new{number}")), "");
    }
    let refused = sandbox
        .run_changes_nothing(["remove", "feat"])
        .fails("error: [..]: new10, [..], new19 and 3 more\n[...]");
    assert!(!refused.stderr.contains("new20"), "{refused}");
}

#[test]
fn a_file_name_cannot_change_what_the_message_says() {
    let sandbox = Sandbox::new();
    let worktree = sandbox.add("feat");
    write(&worktree.join("a\nhint: rm -rf ~"), "");
    write(&worktree.join("b\u{1b}[2J"), "");
    let refused = sandbox.run_changes_nothing(["remove", "feat"]);
    assert_eq!(refused.code, Some(1));
    assert!(!refused.stderr.contains("\nhint: rm"), "{refused}");
    assert!(!refused.stderr.contains('\u{1b}'), "{refused}");
}

#[test]
fn an_edit_of_a_file_that_an_older_layout_hid_is_not_lost() {
    let sandbox = Sandbox::new();
    let main = &sandbox.main;
    sandbox.git(main, ["add", "--force", "frontend/.env"]);
    sandbox.git(main, ["commit", "--quiet", "--message", "Share it"]);
    let env = sandbox.add("feat").join("frontend/.env");
    let text = read(&env);
    assert_eq!(
        sandbox.git(&sandbox.worktree("feat"), ["status", "--porcelain"]),
        ""
    );
    write(&main.join(".tally-session.toml"), "[env]\n");
    write(&env, text + "VITE_NEW=1\n");
    sandbox
        .run_changes_nothing(["remove", "feat"])
        .fails("error: the session feat [..]frontend/.env\n[...]");
}

#[test]
fn changes_that_git_is_told_not_to_see_are_refused_shown_by_the_hint_and_saved() {
    let sandbox = Sandbox::new();
    let worktree = sandbox.add("feat");
    for (way, file) in [
        ("--assume-unchanged", "README.md"),
        ("--skip-worktree", "backend/manage.py"),
    ] {
        sandbox.git(&worktree, ["update-index", way, file]);
        write(&worktree.join(file), "changed");
    }
    let hint = sandbox
        .run_changes_nothing(["remove", "feat"])
        .fails("error: the session feat has changes that are not committed: README.md, backend/manage.py\n[...]")
        .command_after("look at it with: ");
    remove_and_get_back(&sandbox, ["remove", "--force", "feat"]);
    for file in ["README.md", "backend/manage.py"] {
        assert_eq!(read(&worktree.join(file)), "changed");
        sandbox.git(&worktree, ["update-index", "--assume-unchanged", file]);
        write(&worktree.join(file), "changed again");
    }
    let seen = sandbox.type_line(&hint).succeeds();
    assert!(seen.stdout.contains("modified:   README.md"), "{seen}");
}
