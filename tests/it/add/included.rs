//! `.worktreeinclude`: ignored files that a worktree needs, as Claude Code has them listed.

use crate::sandbox::{
    Sandbox, files_in, leads_to, make_database, make_link, mode_of, points, read, serve_with_wal,
    set_mode, unset, write,
};
use std::path::{Path, PathBuf};

fn include(sandbox: &Sandbox, patterns: &str) {
    write(&sandbox.main.join(".worktreeinclude"), patterns);
}

#[test]
fn worktreeinclude_is_read_as_gitignore_is() {
    let sandbox = Sandbox::quick();
    sandbox.ignore("/data/\n*.pem\n*.local\n#top.local\n");
    let files = [
        "#top.local",
        "certs/a.pem",
        "certs/no.pem",
        "data/fixtures/a.txt",
        "data/fixtures/deep/é b.txt",
        "data/other.txt",
        "top.local",
        "x/y/z.local",
    ];
    for file in files {
        write(&sandbox.main.join(file), file);
    }
    // Neither ignored nor tracked, and tracked: neither is ever copied.
    write(&sandbox.main.join("data.txt"), "");
    let fixtures = ["data/fixtures/a.txt", "data/fixtures/deep/é b.txt"];
    let cases: [(&str, &[&str]); 14] = [
        ("", &[]),
        ("*.txt\nREADME.md\n", &[fixtures[0], fixtures[1], files[5]]),
        ("data/fixtures/\n", &fixtures),
        ("/data/fixtures/*.txt\n", &fixtures[..1]),
        ("fixtures/\n", &fixtures),
        ("/fixtures/\n", &[]),
        ("**/deep/\n", &fixtures[1..]),
        ("data/**/*b.txt\n", &fixtures[1..]),
        ("**/*.local\n", &[files[0], files[6], files[7]]),
        ("/*.local\n!#*\n!\\#*\n", &files[6..7]),
        ("\\#*\n", &files[..1]),
        ("*.pem\n!no.pem\n", &files[1..2]),
        ("data/*\n!data/fixtures/\n", &files[5..6]),
        (
            "\u{feff}# *.local\r\n\r\n*.pem  \r\n!no.pem\r\n",
            &files[1..2],
        ),
    ];
    for (patterns, expected) in cases {
        include(&sandbox, patterns);
        sandbox.run("add feat").succeeds();
        let worktree = sandbox.worktree("feat");
        let copied = files
            .into_iter()
            .filter(|file| worktree.join(file).exists());
        assert_eq!(copied.collect::<Vec<_>>(), expected, "{patterns:?}");
        assert!(!worktree.join("data.txt").exists());
        sandbox.remove("feat");
    }
}

#[test]
fn a_file_that_the_layout_has_too_is_made_as_the_layout_says() {
    let sandbox = Sandbox::new();
    sandbox.ignore("*.sqlite3-*\n");
    include(&sandbox, ".env\n*.sqlite3*\nnode_modules/\n");
    write(&sandbox.main.join("tools/node_modules/a/a.js"), "a");
    let database = sandbox.main.join("backend/db.sqlite3");
    let _server = serve_with_wal(&database);
    let worktree = sandbox.add("feat");
    let env = format!("VITE_TITLE=Points\nVITE_API_URL={}\n", sandbox.url("feat"));
    assert_eq!(read(&worktree.join("frontend/.env")), env);
    let modules = sandbox.main.join("frontend/node_modules");
    assert_eq!(leads_to(&worktree.join("frontend/node_modules")), modules);
    assert_eq!(files_in(&modules).len(), 1);
    assert_eq!(read(&worktree.join("tools/node_modules/a/a.js")), "a");
    // What belongs to the main checkout's database would be played into the copy.
    let copy = worktree.join("backend/db.sqlite3");
    for end in ["sqlite3-wal", "sqlite3-shm"] {
        assert!(!copy.with_extension(end).exists(), "{end}");
    }
    assert_eq!(points(&copy), ["a", "b", "c", "d"]);
}

#[test]
fn a_database_is_copied_as_one_whatever_it_is_called() {
    let sandbox = Sandbox::new();
    sandbox.ignore("/data/\n*.db*\n");
    include(&sandbox, "*.db*\n");
    sandbox.lay_out("[files]\nsqlite = []\ncopy = [\"data\"]\n");
    write(&sandbox.main.join("data/readme-wal"), "no database's");
    let paths = ["data/local", "cache.db"];
    let _servers = paths.map(|path| {
        make_database(&sandbox.main.join(path));
        serve_with_wal(&sandbox.main.join(path))
    });
    let worktree = sandbox.add("feat");
    for path in paths {
        assert!(!worktree.join(format!("{path}-wal")).exists());
        assert!(!worktree.join(format!("{path}-shm")).exists());
        assert_eq!(points(&worktree.join(path)), ["a", "b", "c", "d"]);
    }
    assert_eq!(read(&worktree.join("data/readme-wal")), "no database's");
    let own = "ok       feat: cache.db is a database of its own\n";
    sandbox.run("doctor feat").tells(own);
}

#[test]
fn symlinks_stay_symlinks_and_modes_are_kept() {
    let sandbox = Sandbox::new();
    sandbox.ignore("/cache/\n");
    include(&sandbox, "cache/\n");
    let cache = sandbox.main.join("cache");
    write(&cache.join("1.2/my lib"), "lib");
    set_mode(&cache.join("1.2/my lib"), 0o400);
    let shared = sandbox.home.join("shared");
    write(&shared.join("big"), "big");
    let links = [
        ("current", Path::new("1.2")),
        ("lib", Path::new("current/my lib")),
        ("shared", &shared),
    ];
    for (name, target) in links {
        make_link(target, &cache.join(name));
    }
    make_link("nowhere", &cache.join("dangling"));
    let copied = sandbox.add("feat").join("cache");
    for (name, target) in links {
        assert_eq!(leads_to(&copied.join(name)), target);
    }
    assert_eq!(read(&copied.join("lib")), "lib");
    assert_eq!(mode_of(&copied.join("lib")), 0o400);
    assert!(!copied.join("dangling").is_symlink());
    sandbox.run("remove feat").succeeds();
    assert_eq!(read(&shared.join("big")), "big");
}

#[test]
fn repositories_inside_the_main_checkout_are_not_copied() {
    let sandbox = Sandbox::new();
    sandbox.ignore("/.claude/worktrees/\n/vendor/\n");
    include(&sandbox, "*\n");
    sandbox.git_main("worktree add -q .claude/worktrees/x");
    write(&sandbox.main.join(".claude/worktrees/x/.env"), "X=1\n");
    sandbox.git_main("init -q vendor/lib");
    write(&sandbox.main.join("vendor/lib/file"), "");
    write(&sandbox.main.join("vendor/file"), "file");
    let worktree = sandbox.add("feat");
    assert_eq!(read(&worktree.join("vendor/file")), "file");
    assert!(!worktree.join("vendor/lib").exists());
    assert!(!worktree.join(".claude/worktrees").exists());
    assert!(!worktree.join(".tally-sessions").exists());
}

#[test]
fn thousands_of_files_are_more_than_a_command_line_holds_and_are_hidden_all_the_same() {
    let sandbox = Sandbox::new();
    sandbox.git_main("branch old");
    sandbox.ignore("/data/\n");
    include(&sandbox, "data/\n");
    let folder = PathBuf::from("data").join(["long"; 3].map(|name| name.repeat(60)).join("/"));
    let name = |number: u32| folder.join(format!("{number}.txt"));
    for number in 0..3000 {
        write(&sandbox.main.join(name(number)), "");
    }
    // Its own .gitignore does not have the folder.
    for session in ["new", "old"] {
        let worktree = sandbox.add(session);
        for number in 0..3000 {
            assert!(worktree.join(name(number)).exists(), "{number}");
        }
        sandbox.assert_clean(&worktree);
    }
    sandbox.restart();
    let fine = "ok       new: what .worktreeinclude names is there\n";
    let doctor = sandbox.run("doctor new");
    doctor.says_nothing_of("data/").tells(fine);
    unset(&sandbox.worktree("new").join("data"));
    let doctor = sandbox.run("doctor new").tells("0.txt and more\n");
    assert_eq!(doctor.stdout.matches("data/").count(), 3, "{doctor}");
    sandbox.resume("new");
    unset(&sandbox.worktree("new").join("data"));
    let told = "brought back in new: data/[..]/0.txt, data/[..], data/[..], 2997 more files\n";
    sandbox.run("resume new").says(told);
    write(&sandbox.worktree("old").join("data/own.txt"), "");
    sandbox
        .run("remove new old")
        .is(1, "removed new\n[...]", "error: [..]data/own.txt\n[...]");
}
