//! `add --take-changes`: what is uncommitted in the main checkout moves to the session.

mod killed;
mod meanwhile;
mod whole;

use crate::sandbox::{
    Sandbox, make_database, make_link, points, read, serve_with_wal, set_mode, unset, write,
};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A project with files to change, all of them committed.
fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    let main = &sandbox.main;
    for file in ["edited", "half", "gone", "moved", "tool", "folder/file"] {
        write(&main.join(file), format!("{file}\nsecond\nthird\n"));
    }
    write(&main.join("picture"), [0, 1, 2, 255]);
    make_link("edited", &main.join("link"));
    sandbox.commit_all();
    sandbox
}

/// Every kind of change.
fn change(sandbox: &Sandbox) {
    let main = &sandbox.main;
    write(&main.join("edited"), "edited\nchanged\nthird\n");
    write(&main.join("half"), "half\nstaged\nthird\n");
    sandbox.git(main, "add half");
    write(&main.join("half"), "half\nstaged\nthen this\n");
    unset(&main.join("gone"));
    sandbox.git(main, ["mv", "moved", "new place"]);
    set_mode(&main.join("tool"), 0o755);
    write(&main.join("picture"), [0, 9, 9, 254, 0]);
    unset(&main.join("link"));
    make_link("nowhere", &main.join("link"));
    unset(&main.join("folder"));
    write(&main.join("folder"), "a file now\n");
    write(&main.join("new/deep/with a\nline"), "new\n");
    write(
        &main.join("new").join(OsStr::from_bytes(NO_TEXT)),
        "bytes\n",
    );
    write(&main.join("new/ignored.sqlite3"), "ignored\n");
}

/// A name that is no text, where the file system takes such a one.
const NO_TEXT: &[u8] = if cfg!(target_os = "linux") {
    b"\xff"
} else {
    "é".as_bytes()
};

/// What git shows of a checkout, and all files that it does not ignore, with their modes and contents.
fn state(sandbox: &Sandbox, dir: &Path) -> String {
    let script = "git status --porcelain -z -uall --no-renames; git ls-files -z -c -o --exclude-standard | sort -uz | \
                  xargs -0 sh -c 'for f; do [ -e \"$f\" ] || [ -L \"$f\" ] && printf \"%s \" \"$f\" && \
                  ls -ld \"$f\" | cut -b 1-10 && \
                  { readlink \"$f\" || cat \"$f\"; }; done' x | base64; git diff --cached --no-renames --binary";
    let output = sandbox
        .command("sh", dir)
        .args(["-c", script])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).replace('\0', "\n")
}

fn kept(sandbox: &Sandbox) -> String {
    sandbox.git_main("for-each-ref --format=%(refname) refs/tally-session")
}

#[test]
fn what_is_uncommitted_moves_to_the_session_as_it_was() {
    let sandbox = project();
    let clean = state(&sandbox, &sandbox.main);
    change(&sandbox);
    let before = state(&sandbox, &sandbox.main);
    sandbox.run("add feat --take-changes").says("added feat\n  branch [..]\n  worktree [..]\n  changes   12 files, moved from the main checkout\n[...]");
    assert_eq!(state(&sandbox, &sandbox.worktree("feat")), before);
    assert_eq!(state(&sandbox, &sandbox.main), clean);
    assert_eq!(read(&sandbox.main.join("new/ignored.sqlite3")), "ignored\n");
    assert!(!sandbox.main.join("new/deep").exists());
    assert_eq!(kept(&sandbox), "");
    // Uncommitted work as any other.
    let error = "error: the session feat has changes that are not committed: [..]\n[...]";
    sandbox.run("remove feat").fails(error);
}

#[test]
fn changes_go_onto_another_commit_and_are_not_staged_there() {
    let sandbox = project();
    let main = &sandbox.main;
    sandbox.git(main, "switch -q -c old");
    write(
        &main.join("edited"),
        "edited\nsecond\nthird\nfourth\nfifth\nsixth\n",
    );
    write(&main.join("theirs"), "theirs\n");
    write(&main.join("the same"), "new\n");
    sandbox.commit_all();
    sandbox.git(main, "switch -q main");
    let clean = state(&sandbox, main);
    change(&sandbox);
    write(&main.join("edited"), "changed\nsecond\nthird\n");
    write(&main.join("the same"), "new\n");
    sandbox.run("add feat --take-changes --from old").succeeds();
    let worktree = sandbox.worktree("feat");
    let text = read(&worktree.join("edited"));
    assert_eq!(text, "changed\nsecond\nthird\nfourth\nfifth\nsixth\n");
    assert_eq!(read(&worktree.join("theirs")), "theirs\n");
    assert_eq!(read(&worktree.join("half")), "half\nstaged\nthen this\n");
    let found = fs::read(worktree.join("picture")).unwrap();
    assert_eq!(found, [0, 9, 9, 254, 0]);
    assert_eq!(sandbox.git(&worktree, "diff --cached"), "");
    assert_eq!(sandbox.head(&worktree), sandbox.git(main, "rev-parse old"));
    assert_eq!(state(&sandbox, main), clean);
}

#[test]
fn a_conflict_changes_nothing() {
    let sandbox = project();
    let main = &sandbox.main;
    sandbox.git(main, "switch -q -c old");
    write(&main.join("edited"), "edited\ntheirs\nthird\n");
    write(&main.join("new/deep/with a\nline"), "theirs\n");
    sandbox.commit_all();
    sandbox.git(main, "switch -q main");
    change(&sandbox);
    unset(&main.join("new").join(OsStr::from_bytes(NO_TEXT)));
    sandbox
        .run_changes_nothing_but_excludes("add feat --take-changes --from old")
        .fails(
            "error: the changes of the main checkout do not fit onto old: edited, \"new/deep/with a\\nline\"\n\
             hint: look at them with: git -C [ROOT]/tally diff HEAD\n\
             hint: take them to a new branch that starts where they are: tally-session add feat --take-changes\n",
        );
}

#[test]
fn changes_of_a_file_that_is_not_there_are_a_conflict() {
    let sandbox = project();
    sandbox.git_main("branch old HEAD~1");
    write(&sandbox.main.join("edited"), "mine\n");
    sandbox
        .run_changes_nothing_but_excludes("add old --take-changes")
        .fails("error: [..] do not fit onto old: edited\nhint: [..]\nhint: [..]: choose another name\n");
}

#[test]
fn with_nothing_to_take_a_note_says_so() {
    let sandbox = Sandbox::new();
    let before = state(&sandbox, &sandbox.main);
    for name in ["one", "two"] {
        let told = "warning: the main checkout has no changes to take\n";
        sandbox
            .run(["add", name, "--take-changes"])
            .is(0, &format!("added {name}\n[...]"), told);
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
    sandbox.git(main, "rm -r -q --cached .");
    sandbox.git(
        main,
        "add README.md .gitignore backend/manage.py frontend/package.json",
    );
    sandbox.git(main, "commit -q --amend -m Begin");
    write(&main.join(".tally-session.toml"), "keep_removed = 3\n");
    sandbox.git(main, "add .tally-session.toml");
    write(&main.join("mine"), "mine\n");
    sandbox.run("add feat --take-changes").is(
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
    assert_eq!(sandbox.status(main), "A  .tally-session.toml");
    assert_eq!(sandbox.status(&sandbox.worktree("feat")), "?? mine");
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
    sandbox.git(main, "init -q dirty");
    sandbox.commit(&main.join("dirty"), "file", "one");
    sandbox.commit_link(main, "dirty");
    write(&main.join("dirty/file"), "mine\n");
    write(&main.join("mine"), "mine\n");
    let before = sandbox.head(&main.join("lib"));
    sandbox.run("add feat --take-changes").is(
        0,
        "added feat\n[...]\n  changes   1 file, [..]\n[...]",
        "warning: stays in the main checkout: dirty, lib, empty/, other/\n[...]",
    );
    assert_eq!(sandbox.head(&main.join("lib")), before);
    assert_eq!(read(&main.join("dirty/file")), "mine\n");
    let found = sandbox.status(main);
    assert_eq!(found, " M dirty\n M lib\n?? empty/\n?? other/");
}

#[test]
fn a_database_that_is_open_stays_with_what_is_beside_it() {
    let sandbox = Sandbox::new();
    let main = &sandbox.main;
    let [tracked, staged] = ["tracked.db", "staged.db"].map(|name| main.join(name));
    make_database(&tracked);
    sandbox.commit_all();
    // As a server leaves it that is killed.
    write(&tracked, fs::read(&tracked).unwrap().repeat(2));
    write(&main.join("tracked.db-journal"), "half");
    make_database(&staged);
    sandbox.git(main, "add staged.db");
    let open = ["backend/db.sqlite3", "ignored.sqlite3", "new.db"].map(|name| main.join(name));
    let servers = open.each_ref().map(|path| {
        if !path.exists() {
            make_database(path);
        }
        serve_with_wal(path)
    });
    let server = serve_with_wal(&staged);
    write(&main.join("closed.db"), fs::read(&tracked).unwrap());
    write(&main.join("other-wal"), "mine\n");
    let before = sandbox.status(main);
    sandbox.run("add feat --take-changes").is(
        0,
        "added feat\n[...]\n  changes   2 files, [..]\n[...]",
        "warning: stays in the main checkout: staged.db, tracked.db, backend/db.sqlite3-shm, backend/db.sqlite3-wal, \
         ignored.sqlite3-shm, ignored.sqlite3-wal, new.db, new.db-shm, new.db-wal, staged.db-shm and 2 more\n",
    );
    let worktree = sandbox.worktree("feat");
    assert_eq!(sandbox.status(&worktree), "?? closed.db\n?? other-wal");
    let without = |line: &&str| !["?? closed.db", "?? other-wal"].contains(line);
    let left: Vec<_> = before.lines().filter(without).collect();
    assert_eq!(sandbox.status(main), left.join("\n"));
    drop((servers, server));
    for path in open
        .iter()
        .chain([&staged, &worktree.join("backend/db.sqlite3")])
    {
        assert_eq!(points(path).last().unwrap(), "d", "{}", path.display());
    }
}

#[test]
fn a_main_checkout_in_the_middle_of_a_merge_is_refused() {
    let sandbox = project();
    let main = &sandbox.main;
    sandbox.git(main, "switch -q -c other");
    sandbox.commit(main, "edited", "theirs\n");
    sandbox.git(main, "switch -q main");
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
        .run_changes_nothing_but_excludes("add feat --take-changes")
        .fails("error: the main checkout is in the middle of a merge\nhint: [..] status\n");
    sandbox.git(main, "merge --abort");
    // A conflict that is not of a merge.
    write(&main.join("edited"), "mine\n");
    sandbox.git(main, "stash -q");
    sandbox.commit(main, "edited", "ours again\n");
    merge(&["stash", "pop", "-q"]);
    sandbox
        .run_changes_nothing_but_excludes("add feat --take-changes")
        .fails("error: the index of the main checkout can't be saved: [..]\n[...]\nhint: [..] status\n");
}
