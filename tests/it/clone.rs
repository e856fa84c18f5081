//! Folders of a session's own that cost next to nothing.

use crate::sandbox::{Sandbox, leads_to, make_link, points, read, set_mode, unset, write};
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const MODULES: &str = "frontend/node_modules";

/// A project whose packages are cloned.
fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    let modules = sandbox.main.join(MODULES);
    for file in [
        ".package-lock.json",
        ".vite/deps/a.js",
        ".vite-temp/a.js",
        ".cache/a",
        ".prisma/client/index.js",
        ".pnpm/ui@1/node_modules/ui/index.js",
        "vite/bin/vite.js",
        "@scope/ui/index.js",
    ] {
        write(&modules.join(file), "main's");
    }
    let script = modules.join("vite/bin/vite.js");
    set_mode(&script, 0o755);
    fs::create_dir(modules.join(".bin")).unwrap();
    make_link("../vite/bin/vite.js", &modules.join(".bin/vite"));
    make_link(modules.join("vite"), &modules.join("absolute"));
    make_link("../../packages/own", &modules.join("own"));
    lay_out(&sandbox);
    sandbox
}

fn lay_out(sandbox: &Sandbox) {
    let layout = format!("[files]\nclone = [\"{MODULES}\"]\n");
    sandbox.lay_out(layout);
}

/// The session's packages, and all of main's, file by file.
fn added(sandbox: &Sandbox) -> (PathBuf, Vec<(PathBuf, Option<String>)>) {
    let modules = sandbox.add("feat").join(MODULES);
    (modules, all(&sandbox.main.join(MODULES)))
}

/// What is in a folder, with the text of each file.
fn all(folder: &Path) -> Vec<(PathBuf, Option<String>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_folder = path.is_dir() && !path.is_symlink();
        found.push((path.clone(), fs::read_to_string(&path).ok()));
        if is_folder {
            found.extend(all(&path));
        }
    }
    found.sort();
    found
}

#[test]
fn a_clone_is_a_folder_of_its_own_with_all_but_the_caches() {
    let sandbox = project();
    let (modules, _) = added(&sandbox);
    assert!(!modules.is_symlink() && !modules.join("@scope").is_symlink());
    assert_eq!(read(&modules.join("@scope/ui/index.js")), "main's");
    for cache in [".vite", ".vite-temp", ".cache"] {
        assert!(!modules.join(cache).exists(), "{cache}");
    }
    let [of_main, own] = [sandbox.main.join(MODULES), modules.clone()]
        .map(|folder| fs::metadata(folder.join("vite/bin/vite.js")).unwrap());
    assert_eq!(own.mode() & 0o777, 0o755);
    assert_eq!(own.mtime_nsec(), of_main.mtime_nsec());
    // Links lead to what is in the clone, or where they led.
    let leads_to = |link: &str| leads_to(&modules.join(link));
    assert_eq!(leads_to(".bin/vite"), Path::new("../vite/bin/vite.js"));
    assert_eq!(leads_to("absolute"), modules.join("vite"));
    assert_eq!(leads_to("own"), Path::new("../../packages/own"));
    sandbox.assert_clean(&sandbox.worktree("feat"));
    let found = format!("ok       feat: {MODULES} is a folder of its own\n");
    sandbox.run("doctor feat").tells(&found);
}

#[test]
fn what_a_package_manager_does_in_a_clone_leaves_the_main_checkout_as_it_is() {
    let sandbox = project();
    let (modules, before) = added(&sandbox);
    // npm writes its note in place, and a package anew.
    write(&modules.join(".package-lock.json"), "own");
    // And a generator its own code.
    write(&modules.join(".prisma/client/index.js"), "own");
    unset(&modules.join("vite/bin/vite.js"));
    write(&modules.join("vite/bin/vite.js"), "own");
    unset(&modules.join("@scope"));
    unset(&modules.join(".bin/vite"));
    assert_eq!(all(&sandbox.main.join(MODULES)), before);
    // As `rm -rf` does, with the slash behind it.
    for (path, _) in all(&modules).into_iter().rev() {
        let gone = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
        gone.unwrap();
    }
    assert_eq!(all(&sandbox.main.join(MODULES)), before);
}

#[test]
fn what_is_written_to_in_a_package_is_the_session_s_own() {
    let sandbox = project();
    let modules = sandbox.main.join(MODULES);
    let built = "sqlite/build/Release/sqlite.node";
    let by_file = "old/build/old.node";
    let deep = ".pnpm/sass@1/node_modules/sass/vendor/binding.node";
    let of_composer = "composer/installed.json";
    for file in [built, by_file, deep, of_composer] {
        write(&modules.join(file), "main's");
    }
    let scripts = r#"{ "scripts": { "install": "prebuild-install || node-gyp rebuild" } }"#;
    write(&modules.join("sqlite/package.json"), scripts);
    write(&modules.join("old/package.json"), "{}");
    write(&modules.join("old/binding.gyp"), "{}");
    let scripts = scripts.replace("install\"", "postinstall\"");
    write(
        &modules.join(".pnpm/sass@1/node_modules/sass/package.json"),
        scripts,
    );
    // One that its own developers install is not built by those who use it.
    let scripts = r#"{ "scripts": { "preinstalled": "true" }, "files": ["install"] }"#;
    write(&modules.join("@scope/ui/package.json"), scripts);
    let (own, before) = added(&sandbox);
    for file in [built, by_file, deep, of_composer] {
        // As `npm rebuild` does, and Composer at each update.
        write(&own.join(file), "own");
    }
    assert_eq!(all(&modules), before);
    let inodes =
        [&own, &modules].map(|dir| fs::metadata(dir.join("@scope/ui/index.js")).unwrap().ino());
    assert_eq!(inodes[0], inodes[1]);
}

#[test]
fn a_database_in_a_clone_is_a_copy_of_its_own() {
    let sandbox = project();
    let modules = sandbox.main.join(MODULES);
    let databases = ["points.sqlite3", "data/dev/points"].map(|path| modules.join(path));
    for database in &databases {
        fs::create_dir_all(database.parent().unwrap()).unwrap();
        fs::copy(sandbox.main.join("backend/db.sqlite3"), database).unwrap();
    }
    write(&modules.join("data/dev/points-wal"), "");
    let (own, _) = added(&sandbox);
    for database in databases {
        let copy = own.join(database.strip_prefix(&modules).unwrap());
        let connection = Connection::open(&copy).unwrap();
        connection
            .execute("INSERT INTO point VALUES ('own')", [])
            .unwrap();
        assert_eq!(points(&database), ["a", "b", "c"]);
    }
    assert!(!own.join("data/dev/points-wal").exists());
}

#[test]
fn links_in_a_clone_lead_to_what_is_in_it_by_whatever_path_and_out_of_it_to_where_they_did() {
    let sandbox = project();
    let modules = sandbox.main.join(MODULES);
    let alias = sandbox.root.join("alias");
    make_link(&sandbox.main, &alias);
    make_link(alias.join(MODULES).join("vite"), &modules.join("by-alias"));
    let elsewhere = sandbox.root.join("store/modules");
    fs::create_dir(elsewhere.with_file_name("")).unwrap();
    fs::rename(&modules, &elsewhere).unwrap();
    make_link(&elsewhere, &modules);
    write(&elsewhere.join("../ui/index.js"), "of the store");
    make_link("../ui", &elsewhere.join("ui"));
    let (own, _) = added(&sandbox);
    let leads_to = |link: &str| leads_to(&own.join(link));
    assert_eq!(leads_to("by-alias"), own.join("vite"));
    assert_eq!(leads_to(".bin/vite"), Path::new("../vite/bin/vite.js"));
    assert_eq!(read(&own.join("ui/index.js")), "of the store");
}

#[test]
fn a_clone_goes_and_comes_back_with_its_session_and_is_not_told_of() {
    let sandbox = project();
    let (modules, before) = added(&sandbox);
    write(&modules.join("new/index.js"), "own");
    let told = "removed feat\n  for 14 days it can be had back: tally-session restore feat\n";
    sandbox.run("remove feat").says(told);
    sandbox.run("restore feat").succeeds();
    assert_eq!(read(&modules.join("new/index.js")), "own");
    assert_eq!(all(&sandbox.main.join(MODULES)), before);
}

#[test]
fn a_failed_add_leaves_nothing_of_a_clone_and_of_ignored_folders() {
    let sandbox = project().with("other");
    sandbox.ignore("/data/\n/empty/\n");
    write(&sandbox.main.join("data/deep/file"), "");
    fs::create_dir(sandbox.main.join("empty")).unwrap();
    let layout = sandbox.main.join(".tally-session.toml");
    let copies = "copy = [\"data/deep\", \"empty\"]\n[hooks]\npost_add = \"false\"\n";
    write(&layout, read(&layout) + copies);
    let before = sandbox.snapshot();
    let error = "error: the hook [..]\nhint: [..]\nhint: [..]\n";
    sandbox.run("add feat").fails(error);
    sandbox.assert_unchanged_since(&before);
    sandbox.run("restore").says("[..]nothing[..]\n");
}

#[test]
fn a_clone_that_git_does_not_ignore_is_hidden_as_one() {
    let sandbox = project();
    write(&sandbox.main.join(".gitignore"), ".env\n*.sqlite3\n");
    sandbox.git_main("add .gitignore");
    sandbox.git_main(["commit", "-qm", "Ignore less"]);
    let (modules, _) = added(&sandbox);
    let exclude = || read(&sandbox.main.join(".git/info/exclude"));
    let is_last = exclude().ends_with(&format!("\n/{MODULES}\n"));
    assert!(is_last, "{}", exclude());
    write(&modules.join("new.js"), "own");
    sandbox.assert_clean(&sandbox.worktree("feat"));
    sandbox.run("remove feat").says("removed feat\n  for[..]\n");
    assert!(!exclude().contains(MODULES), "{}", exclude());
}

#[test]
fn a_clone_that_was_cut_short_is_made_by_resume() {
    let sandbox = project();
    let (modules, _) = added(&sandbox);
    sandbox.restart();
    // As a command that is killed leaves it.
    let part = modules.with_file_name("node_modules.tally-session-part");
    fs::rename(&modules, &part).unwrap();
    unset(&part.join("vite"));
    sandbox.resume("feat");
    assert_eq!(read(&modules.join("vite/bin/vite.js")), "main's");
    assert!(!part.exists());
}

#[test]
fn an_empty_clone_is_made_again_unless_the_main_checkout_s_is_empty_too() {
    let sandbox = project();
    let (modules, _) = added(&sandbox);
    let empty = |folder: &Path| {
        fs::remove_dir_all(folder).unwrap();
        fs::create_dir(folder).unwrap();
    };
    empty(&modules);
    let told = sandbox
        .run("doctor")
        .tells("failed   feat: frontend/node_modules is empty");
    told.tells("tally-session doctor --fix");
    sandbox
        .run("doctor --fix")
        .tells("fixed    feat: frontend/node_modules is a folder of its own");
    assert_eq!(read(&modules.join("@scope/ui/index.js")), "main's");
    empty(&modules);
    empty(&sandbox.main.join(MODULES));
    sandbox
        .run("doctor")
        .says_nothing_of("failed   feat: frontend");
}

#[test]
fn a_session_with_a_link_gets_a_clone_when_the_layout_has_one_and_what_is_the_user_s_stays() {
    let sandbox = project();
    unset(&sandbox.main.join(".tally-session.toml"));
    let (modules, _) = added(&sandbox);
    assert!(modules.is_symlink());
    lay_out(&sandbox);
    let found = format!(
        "failed   feat: {MODULES} is a link to [ROOT]/tally/{MODULES}, and not a folder of its own\n         tally-session doctor --fix\n"
    );
    sandbox.run("doctor feat").tells(&found);
    let resumed = sandbox.run("resume");
    resumed.says(&format!("brought back in feat: {MODULES}\n"));
    assert!(!modules.is_symlink() && modules.join("vite").is_dir());
    // A link of the user's own, and a folder.
    unset(&modules);
    make_link(sandbox.root.join("home"), &modules);
    sandbox.needs_no_resume("feat");
    assert!(modules.is_symlink());
    let found =
        format!("warning  feat: {MODULES} is a link to [ROOT]/home, and not the session's own\n");
    sandbox.run("doctor --fix feat").tells(&found);
    unset(&modules);
    write(&modules.join("own.js"), "own");
    sandbox.run("doctor --fix");
    assert_eq!(all(&modules).len(), 1);
}

#[test]
fn a_branch_that_asks_for_other_packages_than_its_clone_has_is_told_until_they_are_installed() {
    let sandbox = project();
    let lock_file = "frontend/package-lock.json";
    let package = "{ \"dependencies\": { \"vite\": \"*\" } }";
    sandbox.commit(&sandbox.main, "frontend/package.json", package);
    sandbox.commit(&sandbox.main, lock_file, "1");
    let (modules, _) = added(&sandbox);
    let worktree = sandbox.worktree("feat");
    write(&worktree.join(lock_file), "2");
    let install = "npm --prefix [ROOT]/tally-feat/frontend ci";
    let told = format!(
        "{lock_file} differs from the main checkout's, of whose {MODULES} it has a clone\n         {install}\n"
    );
    sandbox.run("doctor feat").tells(&told);
    write(&modules.join(".package-lock.json"), "of 2");
    sandbox.run("doctor feat").says_nothing_of(lock_file);
}

#[test]
fn what_is_not_cloned_or_only_in_part_is_told() {
    let modules = |sandbox: &Sandbox| sandbox.main.join(MODULES);
    let tracked = project();
    write(&modules(&tracked).join("patched.js"), "");
    tracked.git_main(["add", "--force", &format!("{MODULES}/patched.js")]);
    tracked.git_main("commit -q -m Patch");
    tracked.add_telling(
        "feat",
        "warning: frontend/node_modules has files that git tracks, and only those are there: \
         install the others there, or leave it out of clone in .tally-session.toml\n",
    );

    let half = project();
    half.ask_for_packages();
    unset(&modules(&half).join(".package-lock.json"));
    let told = "warning: the main checkout's frontend/node_modules was not installed to its end: npm --prefix [ROOT]/tally/frontend ci\n";
    half.add_telling("feat", told);

    let file = Sandbox::new();
    file.lay_out("[files]\nclone = [\"backend/.env.local\"]\n");
    write(&file.main.join("backend/.env.local"), "");
    let told = "warning: backend/.env.local is not a folder, and only folders are cloned: have it in copy, in .tally-session.toml\n";
    file.add_telling("feat", told);

    let python = project();
    write(&modules(&python).join("pyvenv.cfg"), "home = /usr/bin");
    let told = "frontend/node_modules is an environment of Python, and a clone would install into the main checkout's";
    let cure = "make one in each session: post_add under [hooks] in .tally-session.toml";
    python.add_telling("feat", &format!("warning: {told}: {cure}\n"));
    assert!(!python.worktree("feat").join(MODULES).exists());
    let warning = format!("warning  feat: {told}\n         {cure}\n");
    python.run("doctor feat").tells(&warning);
}

#[cfg(target_os = "linux")]
#[test]
fn packages_on_another_file_system_are_copied() {
    let sandbox = project();
    let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
    let device = |path: &Path| fs::metadata(path).unwrap().dev();
    assert_ne!(
        device(elsewhere.path()),
        device(&sandbox.root),
        "one file system"
    );
    let main = sandbox.main.join(MODULES);
    unset(&main);
    write(&elsewhere.path().join("vite/index.js"), "elsewhere");
    make_link(elsewhere.path(), &main);
    let (modules, _) = added(&sandbox);
    assert!(!modules.is_symlink());
    write(&modules.join("vite/index.js"), "own");
    assert_eq!(read(&elsewhere.path().join("vite/index.js")), "elsewhere");
}
