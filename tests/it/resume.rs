//! `resume`: bringing sessions back.

mod ports;

use crate::sandbox::{Sandbox, leads_to, points, read, read_json, unset, write};
use std::path::PathBuf;

const RESUMED: &str = "resumed feat[..]\n";

#[test]
fn resume_brings_back_only_those_that_are_named() {
    let sandbox = Sandbox::new();
    for name in ["one", "two", "three"] {
        sandbox.add(name);
    }
    sandbox.restart();
    sandbox
        .run("resume three one")
        .says("resumed three[..]\nresumed one[..]\n");
    let mut sessions = sandbox.tmux_sessions();
    sessions.sort_unstable();
    assert_eq!(sessions, ["tally-one", "tally-three"]);
}

#[test]
fn resume_of_a_running_session_makes_its_missing_files_again_and_leaves_the_rest_alone() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    unset(&worktree.join("backend/.env"));
    sandbox
        .run("resume")
        .says("brought back in feat: backend/.env\n");
    assert_eq!(read(&worktree.join("backend/.env")), "SECRET_KEY=s3cret\n");
    sandbox
        .run_changes_nothing("resume")
        .says("feat is already running\n");
    sandbox
        .run_changes_nothing("resume feat")
        .says("feat is already running\n");
}

#[test]
fn resume_without_sessions_says_how_to_add_one() {
    let sandbox = Sandbox::new();
    sandbox
        .run_changes_nothing("resume")
        .says("[..]no session[..]tally-session add [..]\n");
}

#[test]
fn resume_makes_missing_files_again_and_leaves_those_that_are_there() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.restart();
    write(&worktree.join("backend/.env"), "MINE=1\n");
    unset(&worktree.join("frontend/.env"));
    unset(&worktree.join("frontend/node_modules"));
    unset(&worktree.join("backend/db.sqlite3"));
    sandbox.resume("feat");
    assert_eq!(read(&worktree.join("backend/.env")), "MINE=1\n");
    assert_eq!(
        leads_to(&worktree.join("frontend/node_modules")),
        sandbox.main.join("frontend/node_modules")
    );
    assert_eq!(
        points(&worktree.join("backend/db.sqlite3")),
        ["a", "b", "c"]
    );
    let url = format!(
        "VITE_API_URL=http://localhost:{}\n",
        sandbox.ports("feat").0
    );
    assert!(read(&worktree.join("frontend/.env")).ends_with(&url));
    sandbox.assert_clean(&worktree);
}

#[test]
fn resume_makes_the_worktree_of_an_existing_branch_again() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let tip = sandbox.commit(&worktree, "file", "work");
    sandbox.restart();
    unset(&worktree);
    sandbox.resume("feat");
    sandbox.await_programs("feat", 2);
    assert_eq!(sandbox.git(&worktree, "rev-parse feat"), tip);
    assert_eq!(read(&worktree.join("file")), "work");
    assert!(worktree.join("frontend/node_modules").is_symlink());
}

#[test]
fn resume_makes_claude_s_entry_again() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.restart();
    let json = sandbox.home.join(".claude.json");
    let mut text = read_json(&json);
    let key = worktree.to_str().unwrap();
    let entry = text["projects"].as_object_mut().unwrap().remove(key);
    assert!(entry.is_some());
    write(&json, text.to_string());
    sandbox.resume("feat");
    assert_eq!(read_json(&json)["projects"][key], entry.unwrap());
}

#[test]
fn resume_reports_one_that_has_nothing_left_and_resumes_the_others() {
    let sandbox = Sandbox::new();
    let gone = sandbox.add("gone");
    sandbox.add("feat");
    sandbox.restart();
    sandbox.git_at(&sandbox.main, "worktree remove --force", &gone);
    sandbox.git_main("branch -D gone");
    sandbox.run("resume").is(
        1,
        RESUMED,
        "error: [..]gone[..]\nhint: clear away what is left: tally-session remove gone\n",
    );
    assert_eq!(sandbox.tmux_sessions(), ["tally-feat"]);
    assert_eq!(sandbox.names(), ["gone", "feat"]);
}

#[test]
fn resume_refuses_a_tmux_session_that_it_did_not_make() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.restart();
    sandbox.tmux("new-session -d -s tally-feat");
    sandbox.refuses_to_resume("error: [..]tmux session tally-feat[..]\nhint: [..]tmux attach[..]\nhint: [..]tmux rename-session[..]\n");
}

#[test]
fn resume_refuses_a_folder_in_the_worktree_s_place_that_is_none() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.restart();
    unset(&worktree);
    write(&worktree.join("mine"), "mine");
    sandbox.refuses_to_resume("error: [..][ROOT]/tally-feat [..]\nhint: [..]\n");
}

#[test]
fn resume_of_an_unknown_name_says_which_may_be_meant_and_how_to_see_those_there_are() {
    let sandbox = Sandbox::new().with("bugfix").with("feature-auth");
    let list = "hint: see which there are: tally-session list\n";
    let outcome = sandbox
        .run_changes_nothing("resume featur-auth")
        .fails(&format!(
            "error: there is no session featur-auth\n\
             hint: did you mean feature-auth? tally-session resume feature-auth\n{list}"
        ));
    sandbox
        .follow(&outcome, "did you mean feature-auth? ")
        .says("feature-auth is already running\n");
    sandbox
        .run_changes_nothing("resume main")
        .fails(&format!("error: there is no session main\n{list}"));
}

#[test]
fn resume_attach_then_attaches() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.restart();
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("resume feat -a");
    sandbox.await_client("tally-feat");
}

#[test]
fn a_worktree_that_is_gone_while_its_windows_are_open_is_told_with_a_cure_that_works() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    unset(&worktree);
    let cure = "tally-session restart feat";
    sandbox.run("list").says(&format!(
        "NAME [..]\nfeat [..]broken [..]\nfeat: [..]tally-feat is gone: {cure}\n"
    ));
    sandbox.run("resume").fails(&format!(
        "error: feat: its worktree [ROOT]/tally-feat is gone\nhint: close its windows, and make it again: {cure}\n"
    ));
    sandbox.kill_windows("feat");
    sandbox.run("resume feat").says("resumed feat: [..]\n");
    sandbox.await_programs("feat", 2);
}

#[test]
fn what_all_sessions_have_from_the_main_checkout_is_looked_for_once() {
    let sandbox = Sandbox::new();
    let names = ["one", "two", "three"];
    let worktrees = names.map(|name| sandbox.add(name));
    let claude = sandbox.home.join(".claude.json");
    let allowed = read_json(&claude);
    let entry = |worktree: &PathBuf| allowed["projects"][worktree.to_str().unwrap()].clone();
    assert_eq!(entry(&worktrees[0])["hasTrustDialogAccepted"], true);

    // The user takes the entries out, and wants another file in every worktree.
    let mut without = allowed.clone();
    without["projects"]
        .as_object_mut()
        .unwrap()
        .retain(|folder, _| !folder.contains("tally-"));
    write(&claude, without.to_string());
    write(&sandbox.main.join(".worktreeinclude"), "local.env\n");
    sandbox.commit(
        &sandbox.main,
        ".gitignore",
        "node_modules/\n*.env\n*.sqlite3\n",
    );
    write(&sandbox.main.join("local.env"), "LOCAL=1\n");
    sandbox.restart();
    let outcome = sandbox.run("-v resume").is_done();
    assert_eq!(
        outcome.stderr.matches("--exclude-from=").count(),
        1,
        "{outcome}"
    );
    assert_eq!(read_json(&claude), allowed);
    for worktree in &worktrees {
        assert_eq!(read(&worktree.join("local.env")), "LOCAL=1\n");
    }

    write(&claude, "{");
    sandbox.restart();
    sandbox.run("resume").is(
        0,
        "resumed one[..]\nresumed two[..]\nresumed three[..]\n",
        "warning: Claude may ask again for what it was allowed in the main checkout: [ROOT]/home/.claude.json does not parse [..]\n",
    );
}

#[test]
fn one_whose_windows_cannot_be_made_does_not_keep_the_others_and_all_are_made_in_one_call() {
    let sandbox = Sandbox::of_project("po[i]nts*");
    for name in ["one", "two", "three", "four"] {
        sandbox.add(name);
    }
    sandbox.restart();
    // Somebody else is quicker.
    let [two, three] = ["two", "three"].map(|name| sandbox.tmux_name(name));
    sandbox.wrap(
        "tmux",
        &format!(
            r#"case "$*" in *source-file*) for name in '{two}' '{three}'; do "$REAL" new-session -d -s "$name"; done;; esac; exec "$REAL" "$@""#
        ),
    );
    let outcome = sandbox.run("-v resume");
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (
            Some(1),
            "resumed one: tally-session attach one\nresumed four: tally-session attach four\n"
        ),
        "{outcome}"
    );
    for name in [&two, &three] {
        let error = format!(
            "error: cannot make the tmux session {name}: tmux said: duplicate session: {name}\n"
        );
        assert!(outcome.stderr.contains(&error), "{outcome}");
    }
    let made = outcome.stderr.matches(" source-file ").count();
    assert_eq!(made, 1, "{outcome}");
    for name in ["one", "four"] {
        sandbox.await_programs(name, 2);
    }
    // What is not ours stays.
    let sessions = sandbox.tmux_sessions();
    assert!(
        [two, three].iter().all(|name| sessions.contains(name)),
        "{sessions:?}"
    );
}
