//! The files of a session, and its Claude's permissions.

use super::{assert_fine, assert_left, assert_mended, project, stopped};
use crate::sandbox::{Sandbox, leads_to, make_link, read, read_json, unset, write};
use std::fs;
use std::path::Path;

#[test]
fn what_is_missing_is_named_and_made_again_and_no_window_is_opened() {
    for (path, fixed) in [
        ("frontend/node_modules", "leads to the main checkout's"),
        ("backend/.env", "is there"),
        ("frontend/.env", "is there"),
        ("backend/db.sqlite3", "is a database of its own"),
    ] {
        let sandbox = stopped();
        unset(&sandbox.worktree("feat").join(path));
        assert_mended(
            &sandbox,
            1,
            &format!("failed   feat: {path} is missing"),
            &format!("fixed    feat: {path} {fixed}"),
        );
        assert!(sandbox.tmux_sessions().is_empty());
    }
}

#[test]
fn a_running_session_is_mended_and_its_windows_are_left_alone() {
    let (sandbox, worktree) = project().with_worktree("feat");
    let windows = sandbox.windows("feat", "#{pane_id} #{pane_pid}");
    unset(&worktree.join("backend/.env"));
    sandbox
        .run("doctor --fix")
        .says("[...]\nfixed    feat: backend/.env is there\n[...]\n1 mended, [..]\n");
    assert_eq!(read(&worktree.join("backend/.env")), "SECRET_KEY=s3cret\n");
    assert_eq!(sandbox.windows("feat", "#{pane_id} #{pane_pid}"), windows);
    assert_eq!(sandbox.started("claude", "feat").len(), 1);
}

#[test]
fn a_link_of_somebody_else_s_that_leads_nowhere_is_left_and_the_cure_makes_it_the_session_s() {
    let sandbox = stopped();
    let link = sandbox.worktree("feat").join("frontend/node_modules");
    unset(&link);
    make_link("/nowhere/node_modules", &link);
    let found = assert_left(
        &sandbox,
        0,
        "warning  feat: frontend/node_modules is a link to /nowhere/node_modules, where nothing is\n         [..]",
    );
    sandbox.run("resume").succeeds();
    assert_eq!(leads_to(&link), Path::new("/nowhere/node_modules"));
    sandbox.restart();
    sandbox.follow(&found, "for the session's own: ").succeeds();
    assert_fine(&sandbox);
}

#[test]
fn a_link_out_of_the_worktree_is_told_once_and_left_and_the_cure_makes_all_behind_it() {
    let sandbox = stopped();
    let frontend = sandbox.worktree("feat").join("frontend");
    let shared = sandbox.root.join("shared");
    fs::rename(&frontend, &shared).unwrap();
    make_link("../shared", &frontend);
    write(&shared.join(".env"), "SHARED=1\n");
    let hide = ["update-index", "--skip-worktree", "frontend/package.json"];
    sandbox.git(&sandbox.worktree("feat"), hide);
    let found = assert_left(
        &sandbox,
        0,
        "warning  feat: frontend is a link out of the worktree, to ../shared: nothing is read or written through it\n         [..]",
    );
    sandbox.follow(&found, "for the session's own: ").succeeds();
    assert_fine(&sandbox);
    assert_eq!(read(&shared.join(".env")), "SHARED=1\n");
    assert!(frontend.join(".env").is_file());
}

#[test]
fn a_link_to_what_the_main_checkout_has_lost_is_left_with_the_folder_to_install_in() {
    let sandbox = stopped();
    unset(&sandbox.main.join("frontend/node_modules"));
    assert_left(
        &sandbox,
        1,
        "failed   feat: frontend/node_modules leads to [ROOT]/tally/frontend/node_modules, where nothing is\n         \
         install what belongs there in [ROOT]/tally/frontend/",
    );
}

#[test]
fn a_link_to_somewhere_else_is_left_and_the_cure_makes_it_the_main_checkout_s() {
    let sandbox = stopped();
    let link = sandbox.worktree("feat").join("frontend/node_modules");
    let other = sandbox.root.join("other");
    fs::create_dir(&other).unwrap();
    unset(&link);
    make_link(&other, &link);
    let found = assert_left(
        &sandbox,
        0,
        "warning  feat: frontend/node_modules leads to [ROOT]/other, not to the main checkout's\n         [..]",
    );
    sandbox
        .follow(&found, "for a link to the main checkout's: ")
        .succeeds();
    assert_fine(&sandbox);
    assert!(other.exists());
}

#[test]
fn a_folder_of_the_user_s_own_in_a_link_s_place_is_fine_and_left() {
    let sandbox = stopped();
    let folder = sandbox.worktree("feat").join("frontend/node_modules");
    unset(&folder);
    write(&folder.join("mine/index.js"), "mine\n");
    assert_fine(&sandbox)
        .says("[...]\nok       feat: frontend/node_modules is the session's own\n[...]");
}

#[test]
fn what_the_main_checkout_lacks_too_is_a_warning_with_what_to_do() {
    let sandbox = project();
    for path in ["backend/.env", "backend/db.sqlite3"] {
        unset(&sandbox.main.join(path));
    }
    sandbox.run("add feat").is_done();
    sandbox.await_programs("feat", 1);
    sandbox.restart();
    sandbox.run_changes_nothing("doctor --fix").says("[...]\nwarning  feat: backend/db.sqlite3 is not in the main checkout\n         make one in [ROOT]/tally-feat/backend/ [..]\n\
         warning  feat: backend/.env is not in the main checkout\n         [..] [ROOT]/tally-feat/backend/.env\n[...]\n2 problems\n");
}

#[test]
fn a_variable_that_is_not_the_session_s_is_set_in_its_line() {
    let sandbox = stopped();
    let backend = sandbox.ports("feat").0;
    let file = sandbox.worktree("feat").join("frontend/.env");
    let url = format!("http://localhost:{backend}");
    for (text, found, mended) in [
        (
            "VITE_API_URL=http://localhost:9 # why\nVITE_TITLE=Points\n",
            format!("is http://localhost:9, not {url}"),
            format!("VITE_API_URL={url} # why\nVITE_TITLE=Points\n"),
        ),
        (
            "VITE_TITLE=Points\n",
            format!("is not set to {url}"),
            format!("VITE_TITLE=Points\nVITE_API_URL={url}\n"),
        ),
    ] {
        write(&file, text);
        assert_mended(
            &sandbox,
            1,
            &format!("failed   feat: VITE_API_URL in frontend/.env {found}"),
            &format!("fixed    feat: VITE_API_URL in frontend/.env is {url}"),
        );
        assert_eq!(read(&file), mended);
    }
}

#[test]
fn a_tracked_file_whose_change_is_not_hidden_any_more_is_hidden_again() {
    let sandbox = project();
    sandbox.git_main("add -f frontend/.env");
    sandbox.git_main(["commit", "-q", "-m", "Track it"]);
    sandbox.add("one");
    let worktree = sandbox.add("feat");
    sandbox.restart();
    let show = ["update-index", "--no-skip-worktree", "frontend/.env"];
    sandbox.git(&worktree, show);
    let shows = "[...]\nfailed   feat: git status shows what was put there: frontend/.env\n[...]";
    sandbox.run("doctor").is(1, shows, "");
    let fixed = "[...]\nfixed    feat: git status shows nothing that was put there\n[...]";
    sandbox.run("doctor --fix").says(fixed);
    sandbox.git(&worktree, show);
    write(&worktree.join("frontend/.env"), "MINE=1\n");
    sandbox.run("doctor --fix").succeeds();
    let changed = sandbox.status(&worktree);
    assert_eq!(changed, " M frontend/.env");
}

#[test]
fn what_git_shows_of_what_was_placed_is_hidden_again() {
    let sandbox = stopped();
    let exclude = sandbox.main.join(".git/info/exclude");
    let without = read(&exclude).replace("/frontend/node_modules\n", "");
    write(&exclude, without);
    assert_mended(
        &sandbox,
        1,
        "failed   feat: git status shows what was put there: frontend/node_modules",
        "fixed    feat: git status shows nothing that was put there",
    );
    sandbox.assert_clean(&sandbox.worktree("feat"));
}

#[test]
fn files_that_the_project_s_own_list_names_are_looked_at() {
    let sandbox = project();
    write(
        &sandbox.main.join(".gitignore"),
        "node_modules/\n.env\n*.sqlite3\nlocal.toml\n",
    );
    write(&sandbox.main.join(".worktreeinclude"), "local.toml\n.env\n");
    sandbox.git_main("add .");
    sandbox.git_main("commit -q -m List");
    write(&sandbox.main.join("backend/local.toml"), "a = 1\n");
    let worktree = sandbox.add("feat");
    sandbox.restart();
    assert_fine(&sandbox);
    unset(&worktree.join("backend/local.toml"));
    assert_mended(
        &sandbox,
        1,
        "failed   feat: what .worktreeinclude names is not all there: backend/local.toml",
        "fixed    feat: what .worktreeinclude names is there",
    );
}

#[test]
fn a_folder_that_is_copied_is_looked_at_file_by_file() {
    let sandbox = project();
    let layout = "[files]\nlink = []\nsqlite = []\ncopy = [\"media\"]\n[env]\n";
    sandbox.lay_out(layout);
    sandbox.commit_all();
    for file in ["a", "b/c", "d", "e"] {
        write(&sandbox.main.join("media").join(file), file);
    }
    // It leads nowhere on a branch without what git does not have.
    write(&sandbox.main.join("local"), "");
    make_link("../local", &sandbox.main.join("media/link"));
    let media = sandbox.add("feat").join("media");
    sandbox.restart();
    assert_fine(&sandbox);
    unset(&media.join("b/c"));
    unset(&media.join("link"));
    assert_mended(
        &sandbox,
        1,
        "failed   feat: media lacks media/b/c, media/link",
        "fixed    feat: media is there",
    );
    unset(&media);
    assert_mended(
        &sandbox,
        1,
        "failed   feat: media is missing",
        "fixed    feat: media is there",
    );
    assert_eq!(read(&media.join("b/c")), "b/c");
}

#[test]
fn permissions_that_its_claude_lacks_are_a_warning_and_given_to_it() {
    let sandbox = stopped();
    let worktree = sandbox.worktree("feat");
    let (found, fixed) = (
        "warning  feat: Claude lacks what it was allowed in the main checkout",
        "fixed    feat: Claude has what it was allowed in the main checkout",
    );
    let json = sandbox.home.join(".claude.json");
    let mut entries = read_json(&json);
    let key = worktree.to_str().unwrap();
    entries["projects"].as_object_mut().unwrap().remove(key);
    write(&json, entries.to_string());
    assert_mended(&sandbox, 0, found, fixed);
    assert_eq!(read_json(&json)["projects"][key]["allowedTools"][1], "Edit");

    let mains = sandbox.main.join(".claude/settings.local.json");
    write(&mains, "{}");
    assert_mended(
        &sandbox,
        1,
        "failed   feat: .claude/settings.local.json is missing",
        "fixed    feat: .claude/settings.local.json leads to the main checkout's",
    );
}

/// A project whose packages are locked, with a branch that needs others.
fn with_other_versions() -> Sandbox {
    let sandbox = project();
    sandbox.commit(
        &sandbox.main,
        "frontend/package-lock.json",
        "{ \"old\": 1 }\n",
    );
    sandbox.git_main("branch feat");
    sandbox.commit(
        &sandbox.main,
        "frontend/package-lock.json",
        "{ \"new\": 1 }\n",
    );
    sandbox
}

#[test]
fn packages_of_other_versions_than_the_main_checkout_s_are_told_by_add_resume_and_doctor() {
    let sandbox = with_other_versions();
    let what = "frontend/package-lock.json differs from the main checkout's, whose frontend/node_modules it shares";
    let cure = "if it needs its own, remove the link [ROOT]/tally-feat/frontend/node_modules and install in [ROOT]/tally-feat/frontend/";
    let note = format!("warning: {what}: {cure}\n");
    sandbox.add_telling("feat", &note);
    sandbox.await_programs("feat", 1);
    sandbox.restart();
    assert_left(
        &sandbox,
        0,
        &format!("warning  feat: {what}\n         {cure}"),
    );
    sandbox.run("resume").is(0, "[...]", &note);
}

#[test]
fn packages_of_the_session_s_own_may_be_of_any_version() {
    let sandbox = with_other_versions();
    sandbox.run("add feat").is_done();
    sandbox.await_programs("feat", 1);
    sandbox.restart();
    let folder = sandbox.worktree("feat").join("frontend/node_modules");
    unset(&folder);
    fs::create_dir(&folder).unwrap();
    assert_fine(&sandbox);
}
