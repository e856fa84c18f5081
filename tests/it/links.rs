//! Links in a worktree: nothing is read or written through one that leads out of it.

use crate::sandbox::{Sandbox, leads_to, make_link, points, read, read_json, unset, write};
use serde_json::json;
use std::fs;
use std::path::Path;

/// Commits a link in the main checkout, in the place of whatever is there.
fn commit_link(sandbox: &Sandbox, path: &str, target: impl AsRef<Path>) {
    make_link(target, &sandbox.main.join(path));
    sandbox.git_main(["add", "-f", "-A", path]);
    sandbox.git_main("commit -q -m Link");
}

/// Has the branch `feat` have that link, and not the main checkout.
fn only_on_feat(sandbox: &Sandbox, path: &str, target: &str) {
    let files = sandbox.root.join("files");
    fs::rename(&sandbox.main, &files).unwrap();
    sandbox.git(&sandbox.root, "clone -q files tally");
    sandbox.git_main("switch -q -c feat");
    commit_link(sandbox, path, target);
    sandbox.git(&files, "fetch -q ../tally feat:feat feat:other");
    unset(&sandbox.main);
    fs::rename(&files, &sandbox.main).unwrap();
}

/// Adds `feat`, which tells that alone, resumes and removes it; nothing in that folder, or about that file, is changed.
#[track_caller]
fn assert_spared(sandbox: &Sandbox, outside: &Path, part: &str, target: &str) {
    let state = || {
        let list = sandbox
            .command("find", &sandbox.root)
            .arg(outside)
            .args(["-ls"])
            .output();
        let list = String::from_utf8(list.unwrap().stdout).unwrap();
        let files = sandbox
            .command("find", &sandbox.root)
            .arg(outside)
            .args(["-type", "f", "-exec", "cat", "{}", ";"])
            .output();
        (list, files.unwrap().stdout)
    };
    let before = state();
    let link = sandbox.worktree("feat").join(part);
    sandbox.add_telling("feat", &format!(
            "warning: {part} is a link out of the worktree, to {target}: nothing is read or written through it: \
             for the session's own: rm [ROOT]/tally-feat/{part} && tally-session doctor --fix\n"
        ));
    sandbox.await_programs("feat", 1);
    let leads_to = || leads_to(&link).to_str().unwrap().to_owned();
    let target = leads_to();
    sandbox.assert_clean(&sandbox.worktree("feat"));
    assert!(before == state(), "{before:?} {:?}", state());
    sandbox.restart();
    sandbox.run("resume").goes_well();
    sandbox.await_programs("feat", 2);
    sandbox.run("doctor --fix");
    assert_eq!(leads_to(), target);
    sandbox.remove("feat");
    assert!(before == state(), "{before:?} {:?}", state());
}

#[test]
fn a_tracked_folder_that_is_a_link_to_one_beside_the_project_is_left_alone() {
    let sandbox = Sandbox::new();
    let shared = sandbox.root.join("shared-frontend");
    fs::rename(sandbox.main.join("frontend"), &shared).unwrap();
    commit_link(&sandbox, "frontend", "../shared-frontend");
    assert_spared(&sandbox, &shared, "frontend", "../shared-frontend");
    assert_eq!(
        read(&shared.join(".env")),
        "VITE_TITLE=Points\nVITE_API_URL=http://localhost:8000\n"
    );
}

#[test]
fn a_folder_that_only_the_branch_has_as_a_link_elsewhere_is_left_alone() {
    let sandbox = Sandbox::new();
    let elsewhere = sandbox.root.join("elsewhere");
    write(&elsewhere.join("manage.py"), "# theirs\n");
    only_on_feat(&sandbox, "backend", elsewhere.to_str().unwrap());
    assert_spared(&sandbox, &elsewhere, "backend", "[ROOT]/elsewhere");
}

#[test]
fn the_user_s_own_settings_behind_a_link_are_not_touched() {
    let with_settings = || {
        let sandbox = Sandbox::new();
        for file in ["settings.json", "settings.local.json"] {
            let path = sandbox.home.join(".claude").join(file);
            write(&path, json!({ "model": "opus" }).to_string());
        }
        sandbox
    };
    let assert_theirs = |sandbox: &Sandbox| {
        for file in ["settings.json", "settings.local.json"] {
            let path = sandbox.home.join(".claude").join(file);
            assert_eq!(read_json(&path), json!({ "model": "opus" }));
        }
    };
    let sandbox = with_settings();
    commit_link(&sandbox, ".claude", "../home/.claude");
    let settings = sandbox.home.join(".claude/settings.json");
    assert_spared(&sandbox, &settings, ".claude", "../home/.claude");
    assert_theirs(&sandbox);

    // One that the project has itself is what a session has too.
    let sandbox = with_settings();
    let (path, target) = (
        ".claude/settings.local.json",
        "../../home/.claude/settings.json",
    );
    commit_link(&sandbox, path, target);
    let worktree = sandbox.add("feat");
    assert_eq!(leads_to(&worktree.join(path)), Path::new(target));
    sandbox.remove("feat");
    assert_theirs(&sandbox);
}

#[test]
fn a_tracked_link_that_leads_nowhere_here_stays() {
    let sandbox = Sandbox::new();
    commit_link(&sandbox, "backend/.env", "/run/secrets/tally-test");
    // The main checkout has its own in the link's place.
    unset(&sandbox.main.join("backend/.env"));
    write(&sandbox.main.join("backend/.env"), "SECRET_KEY=s3cret\n");
    let nothing = sandbox.root.join("told");
    assert_spared(
        &sandbox,
        &nothing,
        "backend/.env",
        "/run/secrets/tally-test",
    );
}

#[test]
fn a_link_that_stays_inside_the_worktree_is_followed() {
    let sandbox = Sandbox::new();
    let main = &sandbox.main;
    fs::create_dir(main.join("apps")).unwrap();
    fs::rename(main.join("frontend"), main.join("apps/web")).unwrap();
    sandbox.git(main, "add -A");
    commit_link(&sandbox, "frontend", "apps/web");
    commit_link(&sandbox, "backend/.env", ".env.local");
    write(&main.join("backend/.env.local"), "SECRET_KEY=s3cret\n");
    let worktree = sandbox.add("feat");
    let url = format!("http://localhost:{}\n", sandbox.ports("feat").0);
    assert!(read(&worktree.join("apps/web/.env")).ends_with(&url));
    assert!(worktree.join("apps/web/node_modules").is_symlink());
    let text = read(&worktree.join("backend/.env.local"));
    assert_eq!(text, "SECRET_KEY=s3cret\n");
    assert!(worktree.join("backend/.env").is_symlink());
    let rows = points(&worktree.join("backend/db.sqlite3"));
    assert_eq!(rows, ["a", "b", "c"]);
    sandbox.assert_clean(&worktree);
    sandbox.remove("feat");
}

#[test]
fn a_file_that_the_user_has_linked_to_the_main_checkout_s_is_not_written_through() {
    let (sandbox, worktree) = Sandbox::serving().with_worktree("feat");
    let mains = sandbox.main.join("frontend/.env");
    let before = read(&mains);
    let link = worktree.join("frontend/.env");
    unset(&link);
    make_link(&mains, &link);
    sandbox.restart();
    let _stranger = sandbox.stranger_on(sandbox.ports("feat").0);
    let told = "warning: the backend of feat moved [..]\n\
         warning: frontend/.env is a link out of the worktree, to [ROOT]/tally/frontend/.env: [..]\n";
    sandbox.run("resume").is(0, "[...]", told);
    assert_eq!(read(&mains), before);
    assert_eq!(leads_to(&link), mains);
}

#[test]
fn the_session_s_link_stays_when_the_main_checkout_has_lost_what_it_leads_to() {
    let sandbox = Sandbox::new();
    let link = sandbox.add("feat").join("frontend/node_modules");
    let modules = sandbox.main.join("frontend/node_modules");
    unset(&modules);
    sandbox.restart();
    sandbox.run("resume").succeeds();
    assert_eq!(leads_to(&link), modules);
    sandbox.await_programs("feat", 2);
    sandbox.remove("feat");
}
