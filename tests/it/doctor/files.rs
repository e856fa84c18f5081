//! The files of a session, and its Claude's permissions.

use super::{assert_fine, assert_left, assert_mended, project, stopped};
use crate::sandbox::{edit_json, leads_to, make_link, read, unset, write};
use std::fs;
use std::path::Path;

#[test]
fn what_is_missing_or_wrong_is_named_and_mended_and_no_window_is_opened() {
    let sandbox = stopped();
    let worktree = sandbox.worktree("feat");
    for (path, fixed) in [
        ("frontend/node_modules", "leads to the main checkout's"),
        ("backend/.env", "is there"),
        ("frontend/.env", "is there"),
        ("backend/db.sqlite3", "is a database of its own"),
    ] {
        unset(&worktree.join(path));
        let found = format!("failed   feat: {path} is missing");
        assert_mended(&sandbox, &found, &format!("feat: {path} {fixed}"));
    }
    let (file, url) = (worktree.join("frontend/.env"), sandbox.url("feat"));
    let variable = "feat: VITE_API_URL in frontend/.env";
    for (text, found, mended) in [
        (
            "VITE_API_URL=http://localhost:9 # why\n",
            "http://localhost:9, not",
            "VITE_API_URL=@ # why\n",
        ),
        (
            "VITE_TITLE=Points\n",
            "not set to",
            "VITE_TITLE=Points\nVITE_API_URL=@\n",
        ),
    ] {
        write(&file, text);
        let found = format!("failed   {variable} is {found} {url}");
        assert_mended(&sandbox, &found, &format!("{variable} is {url}"));
        assert_eq!(read(&file), mended.replace('@', &url));
    }
    let exclude = sandbox.main.join(".git/info/exclude");
    write(
        &exclude,
        read(&exclude).replace("/frontend/node_modules\n", ""),
    );
    let found = "failed   feat: git status shows what was put there: frontend/node_modules";
    let fixed = "feat: git status shows nothing that was put there";
    assert_mended(&sandbox, found, fixed);
    sandbox.assert_clean(&worktree);
    assert!(sandbox.tmux_sessions().is_empty());
}

#[test]
fn a_running_session_is_mended_and_its_windows_are_left_alone() {
    let (sandbox, worktree) = project().with_worktree("feat");
    let windows = sandbox.windows("feat", "#{pane_id} #{pane_pid}");
    unset(&worktree.join("backend/.env"));
    let told = "[...]\nfixed    feat: backend/.env is there\n[...]\n1 mended, [..]\n";
    sandbox.run("doctor --fix").says(told);
    assert_eq!(read(&worktree.join("backend/.env")), "SECRET_KEY=s3cret\n");
    assert_eq!(sandbox.windows("feat", "#{pane_id} #{pane_pid}"), windows);
    assert_eq!(sandbox.started("claude", "feat").len(), 1);
}

#[test]
fn a_link_that_leads_elsewhere_or_nowhere_is_left_and_the_cure_makes_it_the_main_checkout_s() {
    let sandbox = stopped();
    let link = sandbox.worktree("feat").join("frontend/node_modules");
    make_link("/nowhere/node_modules", &link);
    let what = "warning  feat: frontend/node_modules is a link to /nowhere/node_modules, where nothing is\n         [..]";
    let found = assert_left(&sandbox, what);
    sandbox.run("resume").succeeds();
    assert_eq!(leads_to(&link), Path::new("/nowhere/node_modules"));
    sandbox.restart();
    sandbox.follow(&found, "for the session's own: ").succeeds();
    assert_fine(&sandbox);

    let other = sandbox.root.join("other");
    fs::create_dir(&other).unwrap();
    make_link(&other, &link);
    let what = "warning  feat: frontend/node_modules leads to [ROOT]/other, not to the main checkout's\n         [..]";
    let found = assert_left(&sandbox, what);
    sandbox
        .follow(&found, "for a link to the main checkout's: ")
        .succeeds();
    assert_fine(&sandbox);
    assert!(other.exists());

    // What the main checkout has lost, and a folder of the user's own.
    unset(&sandbox.main.join("frontend/node_modules"));
    let what = "failed   feat: frontend/node_modules leads to [ROOT]/tally/frontend/node_modules, where nothing is\n         \
                install what belongs there in [ROOT]/tally/frontend/";
    assert_left(&sandbox, what);
    unset(&link);
    write(&link.join("mine/index.js"), "mine\n");
    write(
        &sandbox.main.join("frontend/node_modules/vite/index.js"),
        "",
    );
    let fine = "[...]\nok       feat: frontend/node_modules is the session's own\n[...]";
    assert_fine(&sandbox).says(fine);
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
        "warning  feat: frontend is a link out of the worktree, to ../shared: nothing is read or written through it\n         [..]",
    );
    sandbox.follow(&found, "for the session's own: ").succeeds();
    assert_fine(&sandbox);
    assert_eq!(read(&shared.join(".env")), "SHARED=1\n");
    assert!(frontend.join(".env").is_file());
}

#[test]
fn what_the_main_checkout_lacks_too_is_a_warning_with_what_to_do() {
    let sandbox = project();
    for path in ["backend/.env", "backend/db.sqlite3"] {
        unset(&sandbox.main.join(path));
    }
    sandbox.add_telling("feat", "[...]");
    sandbox.await_programs("feat", 1);
    sandbox.restart();
    sandbox.run_changes_nothing("doctor --fix").says("[...]\nwarning  feat: backend/db.sqlite3 is not in the main checkout\n         make one in [ROOT]/tally-feat/backend/ [..]\n\
         warning  feat: backend/.env is not in the main checkout\n         [..] [ROOT]/tally-feat/backend/.env\n[...]\n2 problems\n");
}

#[test]
fn a_tracked_file_whose_change_is_not_hidden_any_more_is_hidden_again() {
    let sandbox = project();
    sandbox.git_main("add -f frontend/.env");
    sandbox.git_main(["commit", "-q", "-m", "Track it"]);
    sandbox.add_telling("one", "warning: frontend/.env is committed[..]\n");
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
fn files_that_the_project_s_own_list_names_are_looked_at() {
    let sandbox = project();
    sandbox.ignore("local.toml\n");
    write(&sandbox.main.join(".worktreeinclude"), "local.toml\n.env\n");
    sandbox.commit_all();
    write(&sandbox.main.join("backend/local.toml"), "a = 1\n");
    let worktree = sandbox.add("feat");
    sandbox.restart();
    assert_fine(&sandbox);
    unset(&worktree.join("backend/local.toml"));
    assert_mended(
        &sandbox,
        "failed   feat: what .worktreeinclude names is not all there: backend/local.toml",
        "feat: what .worktreeinclude names is there",
    );
}

#[test]
fn a_folder_that_is_copied_is_looked_at_file_by_file() {
    let sandbox = project();
    sandbox.lay_out("[files]\nlink = []\nsqlite = []\ncopy = [\"media\"]\n[env]\n");
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
        "failed   feat: media lacks media/b/c, media/link",
        "feat: media is there",
    );
    unset(&media);
    assert_mended(
        &sandbox,
        "failed   feat: media is missing",
        "feat: media is there",
    );
    assert_eq!(read(&media.join("b/c")), "b/c");
}

#[test]
fn permissions_that_its_claude_lacks_are_a_warning_and_given_to_it() {
    let sandbox = stopped();
    let worktree = sandbox.worktree("feat");
    edit_json(&sandbox.claude_json(), |json| {
        let projects = json["projects"].as_object_mut().unwrap();
        projects.remove(worktree.to_str().unwrap());
    });
    let found = "warning  feat: Claude lacks what it was allowed in the main checkout";
    let fixed = "feat: Claude has what it was allowed in the main checkout";
    assert_mended(&sandbox, found, fixed);
    assert_eq!(sandbox.claude_s_entry(&worktree)["allowedTools"][1], "Edit");

    let settings = ".claude/settings.local.json";
    write(&sandbox.main.join(settings), "{}");
    let found = format!("failed   feat: {settings} is missing");
    let fixed = format!("feat: {settings} leads to the main checkout's");
    assert_mended(&sandbox, &found, &fixed);
}

#[test]
fn packages_of_other_versions_than_the_main_checkout_s_are_told_unless_they_are_the_session_s_own()
{
    let sandbox = project();
    let lock_file = "frontend/package-lock.json";
    sandbox.commit(&sandbox.main, lock_file, "{ \"old\": 1 }\n");
    sandbox.git_main("branch feat");
    sandbox.commit(&sandbox.main, lock_file, "{ \"new\": 1 }\n");
    let what = "frontend/package-lock.json differs from the main checkout's, whose frontend/node_modules it shares";
    let cure = "if it needs its own, remove the link [ROOT]/tally-feat/frontend/node_modules and install in [ROOT]/tally-feat/frontend/";
    let note = format!("warning: {what}: {cure}\n");
    sandbox.add_telling("feat", &note);
    sandbox.await_programs("feat", 1);
    sandbox.restart();
    assert_left(&sandbox, &format!("warning  feat: {what}\n         {cure}"));
    sandbox.resume_telling(&note);
    sandbox.restart();
    let folder = sandbox.worktree("feat").join("frontend/node_modules");
    unset(&folder);
    fs::create_dir(&folder).unwrap();
    assert_fine(&sandbox);
}

#[test]
fn variables_that_main_s_env_file_got_after_it_was_copied_are_named_with_the_command_that_brings_them()
 {
    let sandbox = stopped();
    let file = "backend/.env";
    let (main, own) = (sandbox.main.join(file), sandbox.worktree("feat").join(file));
    // One is taken out on purpose.
    write(&own, "MINE=1");
    assert_fine(&sandbox);
    let new = "STRIPE=\"a 'b'\" # why\nexport X=2\nMINE=2\n";
    write(&main, format!("SECRET_KEY=s3cret\n{new}"));
    let lacks = |names: &str| {
        format!(
            "warning  feat: {file} lacks {names}, which the main checkout's has by now\n         "
        )
    };
    let (from, to) = (
        "[ROOT]/tally/backend/.env",
        "[ROOT]/tally-feat/backend/.env",
    );
    let cure = format!("echo >>{to} && grep -E '^ *(export +)?(STRIPE|X) *=' {from} >>{to}");
    let outcome = assert_left(&sandbox, &(lacks("STRIPE, X") + &cure));
    sandbox.follow(&outcome, "         ").succeeds();
    assert_eq!(
        read(&own),
        format!("MINE=1\n{}", new.replace("MINE=2\n", ""))
    );
    assert_fine(&sandbox);
    write(&main, "PEM=\"a\nb\"\n");
    let by_hand = format!("copy by hand what has several lines: ${{EDITOR:-vi}} {from} {to}");
    assert_left(&sandbox, &(lacks("PEM") + &by_hand));
}
