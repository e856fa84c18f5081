//! `add --take-changes`: what is uncommitted in the main checkout moves to the session.

use crate::sandbox::{Sandbox, read, write};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// A project with files to change, all of them committed.
fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    let main = &sandbox.main;
    for file in ["edited", "half", "gone", "moved", "tool", "folder/file"] {
        write(&main.join(file), format!("{file}\nsecond\nthird\n"));
    }
    write(&main.join("picture"), [0, 1, 2, 255]);
    symlink("edited", main.join("link")).unwrap();
    sandbox.commit_all();
    sandbox
}

fn unset(path: &Path) {
    fs::remove_file(path).unwrap();
}

/// Every kind of change.
fn change(sandbox: &Sandbox) {
    let main = &sandbox.main;
    write(&main.join("edited"), "edited\nchanged\nthird\n");
    write(&main.join("half"), "half\nstaged\nthird\n");
    sandbox.git(main, ["add", "half"]);
    write(&main.join("half"), "half\nstaged\nthen this\n");
    unset(&main.join("gone"));
    sandbox.git(main, ["mv", "moved", "new place"]);
    fs::set_permissions(main.join("tool"), fs::Permissions::from_mode(0o755)).unwrap();
    write(&main.join("picture"), [0, 9, 9, 254, 0]);
    unset(&main.join("link"));
    symlink("nowhere", main.join("link")).unwrap();
    fs::remove_dir_all(main.join("folder")).unwrap();
    write(&main.join("folder"), "a file now\n");
    write(&main.join("new/deep/with a\nline"), "new\n");
    write(
        &main.join("new").join(OsStr::from_bytes(b"\xff")),
        "bytes\n",
    );
    write(&main.join("new/ignored.sqlite3"), "ignored\n");
}

/// What git shows of a checkout, and all files that it does not ignore, with their modes and contents.
fn state(sandbox: &Sandbox, dir: &Path) -> String {
    let script = "git status --porcelain -z -uall --no-renames; git ls-files -z -c -o --exclude-standard | sort -uz | \
                  xargs -0 sh -c 'for f; do [ -e \"$f\" ] || [ -L \"$f\" ] && stat -c \"%n %A\" \"$f\" && \
                  { readlink \"$f\" || cat \"$f\"; }; done' x | base64; git diff --cached --no-renames --binary";
    let output = sandbox
        .command("sh", dir)
        .args(["-c", script])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).replace('\0', "\n")
}

fn kept(sandbox: &Sandbox) -> String {
    sandbox.git(
        &sandbox.main,
        ["for-each-ref", "--format=%(refname)", "refs/tally-session"],
    )
}

#[test]
fn what_is_uncommitted_moves_to_the_session_as_it_was() {
    let sandbox = project();
    let clean = state(&sandbox, &sandbox.main);
    change(&sandbox);
    let before = state(&sandbox, &sandbox.main);
    sandbox.run(["add", "feat", "--take-changes"]).is(
        0,
        "added feat\n  branch [..]\n  worktree [..]\n  changes   12 files, moved from the main checkout\n[...]",
        "",
    );
    assert_eq!(state(&sandbox, &sandbox.worktree("feat")), before);
    assert_eq!(state(&sandbox, &sandbox.main), clean);
    assert_eq!(read(&sandbox.main.join("new/ignored.sqlite3")), "ignored\n");
    assert!(!sandbox.main.join("new/deep").exists());
    assert_eq!(kept(&sandbox), "");
    // Uncommitted work as any other.
    sandbox
        .run(["remove", "feat"])
        .fails("error: the session feat has changes that are not committed: [..]\n[...]");
}

#[test]
fn changes_go_onto_another_commit_and_are_not_staged_there() {
    let sandbox = project();
    let main = &sandbox.main;
    sandbox.git(main, ["switch", "-q", "-c", "old"]);
    write(
        &main.join("edited"),
        "edited\nsecond\nthird\nfourth\nfifth\nsixth\n",
    );
    write(&main.join("theirs"), "theirs\n");
    write(&main.join("the same"), "new\n");
    sandbox.commit_all();
    sandbox.git(main, ["switch", "-q", "main"]);
    let clean = state(&sandbox, main);
    change(&sandbox);
    write(&main.join("edited"), "changed\nsecond\nthird\n");
    write(&main.join("the same"), "new\n");
    sandbox
        .run(["add", "feat", "--take-changes", "--from", "old"])
        .succeeds();
    let worktree = sandbox.worktree("feat");
    assert_eq!(
        read(&worktree.join("edited")),
        "changed\nsecond\nthird\nfourth\nfifth\nsixth\n"
    );
    assert_eq!(read(&worktree.join("theirs")), "theirs\n");
    assert_eq!(read(&worktree.join("half")), "half\nstaged\nthen this\n");
    assert_eq!(
        fs::read(worktree.join("picture")).unwrap(),
        [0, 9, 9, 254, 0]
    );
    assert_eq!(sandbox.git(&worktree, ["diff", "--cached"]), "");
    assert_eq!(
        sandbox.git(&worktree, ["rev-parse", "HEAD"]),
        sandbox.git(main, ["rev-parse", "old"])
    );
    assert_eq!(state(&sandbox, main), clean);
}

#[test]
fn a_conflict_changes_nothing() {
    let sandbox = project();
    let main = &sandbox.main;
    sandbox.git(main, ["switch", "-q", "-c", "old"]);
    write(&main.join("edited"), "edited\ntheirs\nthird\n");
    write(&main.join("new/deep/with a\nline"), "theirs\n");
    sandbox.commit_all();
    sandbox.git(main, ["switch", "-q", "main"]);
    change(&sandbox);
    unset(&main.join("new").join(OsStr::from_bytes(b"\xff")));
    sandbox
        .run_changes_nothing_but_excludes(["add", "feat", "--take-changes", "--from", "old"])
        .fails(
            "error: the changes of the main checkout do not fit onto old: edited, \"new/deep/with a\\nline\"\n\
             hint: look at them with: git -C [ROOT]/tally diff HEAD\n\
             hint: take them to a new branch that starts where they are: tally-session add feat --take-changes\n",
        );
}

#[test]
fn changes_of_a_file_that_is_not_there_are_a_conflict() {
    let sandbox = project();
    sandbox.git(&sandbox.main, ["branch", "old", "HEAD~1"]);
    write(&sandbox.main.join("edited"), "mine\n");
    sandbox
        .run_changes_nothing_but_excludes(["add", "old", "--take-changes"])
        .fails("error: [..] do not fit onto old: edited\nhint: [..]\nhint: [..]: choose another name\n");
}

#[test]
fn with_nothing_to_take_a_note_says_so() {
    let sandbox = Sandbox::new();
    let before = state(&sandbox, &sandbox.main);
    for name in ["one", "two"] {
        sandbox.run(["add", name, "--take-changes"]).is(
            0,
            &format!("added {name}\n[...]"),
            "warning: the main checkout has no changes to take\n",
        );
    }
    assert_eq!(state(&sandbox, &sandbox.main), before);
}

#[test]
fn what_is_the_tool_s_own_and_what_every_session_gets_stays() {
    let sandbox = Sandbox::new();
    let main = &sandbox.main;
    // Nothing of it is ignored by the project.
    write(&main.join(".gitignore"), "");
    sandbox.commit_all();
    sandbox.git(main, ["rm", "-r", "-q", "--cached", "."]);
    sandbox.git(
        main,
        [
            "add",
            "README.md",
            ".gitignore",
            "backend/manage.py",
            "frontend/package.json",
        ],
    );
    sandbox.git(main, ["commit", "-q", "--amend", "-m", "Begin"]);
    write(&main.join(".tally-session.toml"), "keep_removed = 3\n");
    sandbox.git(main, ["add", ".tally-session.toml"]);
    write(&main.join("mine"), "mine\n");
    sandbox.run(["add", "feat", "--take-changes"]).is(
        0,
        "added feat\n[...]\n  changes   1 file, [..]\n[...]",
        "warning: stays in the main checkout: .tally-session.toml\n",
    );
    for file in [
        "backend/.env",
        "backend/db.sqlite3",
        "frontend/node_modules/vite/index.js",
        ".tally-sessions",
    ] {
        assert!(main.join(file).exists(), "{file}");
    }
    assert_eq!(
        sandbox.git(main, ["status", "--porcelain"]),
        "A  .tally-session.toml"
    );
    assert_eq!(
        sandbox.git(&sandbox.worktree("feat"), ["status", "--porcelain"]),
        "?? mine"
    );
}

#[test]
fn repositories_inside_stay_and_are_named() {
    let sandbox = Sandbox::new();
    let main = &sandbox.main;
    for name in ["lib", "other", "empty"] {
        sandbox.git(main, ["init", "-q", name]);
    }
    sandbox.commit(&main.join("lib"), "file", "one");
    sandbox.commit(&main.join("other"), "file", "one");
    sandbox.commit_link(main, "lib");
    sandbox.commit(&main.join("lib"), "file", "two");
    write(&main.join("mine"), "mine\n");
    let before = sandbox.git(&main.join("lib"), ["rev-parse", "HEAD"]);
    sandbox.run(["add", "feat", "--take-changes"]).is(
        0,
        "added feat\n[...]\n  changes   1 file, [..]\n[...]",
        "warning: stays in the main checkout: empty/, lib, other/\n[...]",
    );
    assert_eq!(
        sandbox.git(&main.join("lib"), ["rev-parse", "HEAD"]),
        before
    );
    assert_eq!(
        sandbox.git(main, ["status", "--porcelain"]),
        " M lib\n?? empty/\n?? other/"
    );
}

#[test]
fn a_main_checkout_in_the_middle_of_a_merge_is_refused() {
    let sandbox = project();
    let main = &sandbox.main;
    sandbox.git(main, ["switch", "-q", "-c", "other"]);
    sandbox.commit(main, "edited", "theirs\n");
    sandbox.git(main, ["switch", "-q", "main"]);
    sandbox.commit(main, "edited", "ours\n");
    let merge = |args: &[&str]| {
        let status = sandbox
            .command("git", main)
            .args(args)
            .output()
            .unwrap()
            .status;
        assert!(!status.success());
    };
    merge(&["merge", "-q", "other"]);
    sandbox
        .run_changes_nothing_but_excludes(["add", "feat", "--take-changes"])
        .fails("error: the main checkout is in the middle of a merge\nhint: [..] status\n");
    sandbox.git(main, ["merge", "--abort"]);
    // A conflict that is not of a merge.
    write(&main.join("edited"), "mine\n");
    sandbox.git(main, ["stash", "-q"]);
    sandbox.commit(main, "edited", "ours again\n");
    merge(&["stash", "pop", "-q"]);
    sandbox
        .run_changes_nothing_but_excludes(["add", "feat", "--take-changes"])
        .fails("error: the index of the main checkout can't be saved: [..]\n[...]\nhint: [..] status\n");
}

/// Has the project's own command, which runs when the session has the changes and main still has them, do this in main.
fn meanwhile(sandbox: &Sandbox, script: &str) {
    let hook = sandbox.root.join("meanwhile");
    sandbox.write_script(&hook, &format!("cd '{}'\n{script}", sandbox.main.display()));
    write(
        &sandbox.main.join(".tally-session.toml"),
        format!("hooks.post_add = '{}'\n", hook.display()),
    );
    sandbox.git(&sandbox.main, ["add", ".tally-session.toml"]);
    sandbox.git(&sandbox.main, ["commit", "-q", "-m", "Add a layout"]);
}

#[test]
fn what_changes_in_main_meanwhile_stays_there() {
    let sandbox = project();
    meanwhile(
        &sandbox,
        "echo later >edited; echo later >new; echo back >gone; mkdir moved; echo mine >moved/mine.sqlite3",
    );
    let main = &sandbox.main;
    write(&main.join("edited"), "mine\n");
    write(&main.join("half"), "mine\n");
    write(&main.join("new"), "mine\n");
    unset(&main.join("gone"));
    unset(&main.join("moved"));
    sandbox.run(["add", "feat", "--take-changes"]).is(
        0,
        "added feat\n[...]",
        "warning: has changed in the main checkout meanwhile, and stays there too: edited, gone, moved, new\n",
    );
    for (file, here, there) in [
        ("edited", "later\n", "mine\n"),
        ("new", "later\n", "mine\n"),
    ] {
        assert_eq!(read(&main.join(file)), here);
        assert_eq!(read(&sandbox.worktree("feat").join(file)), there);
    }
    assert_eq!(read(&main.join("half")), "half\nsecond\nthird\n");
    assert_eq!(read(&main.join("gone")), "back\n");
    assert_eq!(read(&main.join("moved/mine.sqlite3")), "mine\n");
    assert_eq!(kept(&sandbox), "");
}

#[test]
fn what_is_committed_or_staged_in_main_meanwhile_leaves_main_as_it_is() {
    for script in ["git add edited", "git commit -q --allow-empty -m x"] {
        let sandbox = project();
        meanwhile(&sandbox, script);
        write(&sandbox.main.join("edited"), "mine\n");
        sandbox.run(["add", "feat", "--take-changes"]).is(
            0,
            "added feat\n[...]",
            "warning: the session has the changes, and the main checkout may still have them: something was staged or committed \
             there; all of them are kept in refs/tally-session/_taken/feat@[..]: git -C [ROOT]/tally show --first-parent refs/[..]\n",
        );
        for dir in [&sandbox.main, &sandbox.worktree("feat")] {
            assert_eq!(read(&dir.join("edited")), "mine\n");
        }
        let shown = sandbox.git(&sandbox.main, ["show", "--first-parent", &kept(&sandbox)]);
        assert!(shown.contains("+mine"), "{shown}");
    }
}

#[test]
fn an_add_that_fails_leaves_main_as_it_was_and_keeps_nothing() {
    let sandbox = project();
    meanwhile(&sandbox, "exit 3");
    change(&sandbox);
    let before = state(&sandbox, &sandbox.main);
    sandbox
        .run(["add", "feat", "--take-changes"])
        .fails("error: [..]post_add[..]\n[...]");
    assert_eq!(state(&sandbox, &sandbox.main), before);
    assert!(!sandbox.worktree("feat").exists());
    assert_eq!(kept(&sandbox), "");
    sandbox
        .run(["list", "--removed"])
        .is(0, "nothing was removed that can be had back\n", "");
}

/// Kills the program when it starts git for the nth time; gives whether it did.
fn is_killed_at(sandbox: &Sandbox, nth: usize) -> bool {
    let count = sandbox.root.join("count");
    let killed = sandbox.root.join("killed");
    fs::write(&count, "").unwrap();
    let _ = fs::remove_file(&killed);
    sandbox.wrap(
        "git",
        &format!(
            "if [ ! -e {1} ]; then echo x >>{0}; [ $(wc -l <{0}) -lt {nth} ] || {{ >{1}; kill -9 $PPID; exit 1; }}; fi\nexec \"$REAL\" \"$@\"",
            count.display(),
            killed.display()
        ),
    );
    let outcome = sandbox.run(["add", "feat", "--take-changes"]);
    sandbox.unwrap("git");
    assert_eq!(outcome.code.is_none(), killed.exists(), "{outcome}");
    killed.exists()
}

#[test]
fn killed_at_any_moment_main_or_the_session_has_it() {
    for nth in (1..).step_by(3) {
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
            sandbox.run(["add", "feat", "--take-changes"]).succeeds();
            assert!(has_all(&worktree()));
            assert_eq!(state(&sandbox, &sandbox.main), clean);
        } else if nth % 2 == 0 {
            let resumed = sandbox.run(["resume", "feat"]);
            assert_eq!(resumed.code, Some(0), "{resumed}");
            assert!(has_all(&worktree()), "{resumed}\n{}", worktree());
            assert_eq!(state(&sandbox, &sandbox.main), in_main);
        } else {
            let removed = sandbox.run(["remove", "--force", "feat"]);
            assert_eq!(removed.code, Some(0), "{removed}");
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
    sandbox.wrap(
        "git",
        &format!(
            "case \"$*\" in *' -m -u '*) touch '{}'; kill -9 $PPID; exit 1;; esac\nexec \"$REAL\" \"$@\"",
            lock.display()
        ),
    );
    let killed = sandbox.run(["add", "feat", "--take-changes"]);
    assert_eq!(killed.code, None, "{killed}");
    sandbox.unwrap("git");
    sandbox.run(["resume", "feat"]).is(
        0,
        "resumed feat[..]\n",
        "warning: cannot put the changes [..]index.lock[..]\n[...]\n[..]; its add was cut short [..] kept in refs/tally-session/_taken/feat@[..]\n",
    );
    assert_eq!(state(&sandbox, &sandbox.main), before);
    let refname = kept(&sandbox);
    sandbox
        .run(["add", "again", "--from", &refname])
        .is(0, "added again\n[...]", "");
    assert_eq!(
        read(&sandbox.worktree("again").join("half")),
        "half\nstaged\nthen this\n"
    );
}
