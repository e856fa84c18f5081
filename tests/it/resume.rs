//! `resume`: bringing sessions back.

mod ports;

use crate::sandbox::{Sandbox, edit_json, leads_to, points, read, read_json, unset, write};

const RESUMED: &str = "resumed feat[..]\n";

#[test]
fn resume_brings_back_only_those_that_are_named() {
    let sandbox = Sandbox::new();
    for name in ["one", "two", "three"] {
        sandbox.add(name);
    }
    sandbox.restart();
    let told = "resumed three[..]\nresumed one[..]\n";
    sandbox.run("resume three one").says(told);
    let mut sessions = sandbox.tmux_sessions();
    sessions.sort_unstable();
    assert_eq!(sessions, ["tally-one", "tally-three"]);
}

#[test]
fn resume_of_a_running_session_makes_its_missing_files_again_and_leaves_the_rest_alone() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    unset(&worktree.join("backend/.env"));
    let told = "brought back in feat: backend/.env\n";
    sandbox.run("resume").says(told);
    assert_eq!(read(&worktree.join("backend/.env")), "SECRET_KEY=s3cret\n");
    for line in ["resume", "resume feat"] {
        let words = "feat is already running\n";
        sandbox.run_changes_nothing(line).says(words);
    }
}

#[test]
fn resume_makes_missing_files_and_claude_s_entry_again_and_leaves_what_is_there() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.restart();
    write(&worktree.join("backend/.env"), "MINE=1\n");
    for path in [
        "frontend/.env",
        "frontend/node_modules",
        "backend/db.sqlite3",
    ] {
        unset(&worktree.join(path));
    }
    let entry = sandbox.claude_s_entry(&worktree);
    assert_eq!(entry["hasTrustDialogAccepted"], true);
    edit_json(&sandbox.claude_json(), |json| {
        let projects = json["projects"].as_object_mut().unwrap();
        projects.remove(worktree.to_str().unwrap());
    });
    sandbox.resume("feat");
    assert_eq!(read(&worktree.join("backend/.env")), "MINE=1\n");
    let modules = leads_to(&worktree.join("frontend/node_modules"));
    assert_eq!(modules, sandbox.main.join("frontend/node_modules"));
    let rows = points(&worktree.join("backend/db.sqlite3"));
    assert_eq!(rows, ["a", "b", "c"]);
    let set = format!("VITE_API_URL={}\n", sandbox.url("feat"));
    assert!(read(&worktree.join("frontend/.env")).ends_with(&set));
    assert_eq!(sandbox.claude_s_entry(&worktree), entry);
    sandbox.assert_clean(&worktree);
}

#[test]
fn a_resume_that_fails_leaves_no_windows_and_the_next_one_opens_all() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.restart();
    let frontend = worktree.join("frontend");
    unset(&frontend);
    write(&frontend, "mine");
    sandbox.refuses_to_resume(
        "error: cannot make [..]/frontend/node_modules: [..] [ROOT]/tally-feat/frontend: [..]\n",
    );
    assert_eq!(sandbox.tmux_sessions(), [""; 0]);
    assert_eq!(read(&frontend), "mine");
    unset(&frontend);
    sandbox.resume("feat");
    sandbox.await_programs("feat", 2);
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
fn resume_reports_one_that_has_nothing_left_and_resumes_the_others() {
    let sandbox = Sandbox::new();
    let gone = sandbox.add("gone");
    sandbox.add("feat");
    sandbox.restart();
    sandbox.git_at(&sandbox.main, "worktree remove --force", &gone);
    sandbox.git_main("branch -D gone");
    let told = "error: [..]gone[..]\nhint: clear away what is left: tally-session remove gone\n";
    sandbox.run("resume").is(1, RESUMED, told);
    assert_eq!(sandbox.tmux_sessions(), ["tally-feat"]);
    assert_eq!(sandbox.names(), ["gone", "feat"]);
}

#[test]
fn resume_and_attach_refuse_a_tmux_session_that_they_did_not_make_and_a_folder_that_is_no_worktree()
{
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.restart();
    sandbox.tmux("new-session -d -s tally-feat");
    for verb in ["resume", "attach"] {
        sandbox.run_changes_nothing([verb, "feat"]).fails(
            "error: [..]tmux session tally-feat[..]\nhint: [..]tmux attach[..]\nhint: [..]tmux rename-session[..]\n",
        );
    }
    sandbox.restart();
    unset(&worktree);
    write(&worktree.join("mine"), "mine");
    sandbox.refuses_to_resume("error: [..][ROOT]/tally-feat [..]\nhint: [..]\n");
}

#[test]
fn resume_of_an_unknown_name_says_which_may_be_meant_and_how_to_see_those_there_are() {
    let sandbox = Sandbox::new().with("bugfix").with("feature-auth");
    let error = "error: there is no session featur-auth\nhint: did you mean feature-auth? tally-session resume feature-auth\n";
    let list = "hint: see which there are: tally-session list\n";
    let refused = sandbox
        .run_changes_nothing("resume featur-auth")
        .fails(&format!("{error}{list}"));
    let resumed = sandbox.follow(&refused, "did you mean feature-auth? ");
    resumed.says("feature-auth is already running\n");
    let error = format!("error: there is no session main\n{list}");
    sandbox.run_changes_nothing("resume main").fails(&error);
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
    let claude = sandbox.claude_json();
    let allowed = read_json(&claude);
    assert_eq!(
        sandbox.claude_s_entry(&worktrees[0])["hasTrustDialogAccepted"],
        true
    );

    // The user takes the entries out, and wants another file in every worktree.
    edit_json(&claude, |json| {
        let projects = json["projects"].as_object_mut().unwrap();
        projects.retain(|folder, _| !folder.contains("tally-"));
    });
    write(&sandbox.main.join(".worktreeinclude"), "local.env\n");
    sandbox.ignore("local.env\n");
    write(&sandbox.main.join("local.env"), "LOCAL=1\n");
    sandbox.restart();
    let outcome = sandbox.run("-v resume").goes_well();
    let found = outcome.stderr.matches("--exclude-from=").count();
    assert_eq!(found, 1, "{outcome}");
    assert_eq!(read_json(&claude), allowed);
    for worktree in &worktrees {
        assert_eq!(read(&worktree.join("local.env")), "LOCAL=1\n");
    }

    write(&claude, "{");
    sandbox.restart();
    let told = "warning: Claude may ask again for what it was allowed in the main checkout: [ROOT]/home/.claude.json does not parse [..]\n";
    let answer = "resumed one[..]\nresumed two[..]\nresumed three[..]\n";
    sandbox.run("resume").is(0, answer, told);
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
    let script =
        format!(r#"for name in '{two}' '{three}'; do "$REAL" new-session -d -s "$name"; done"#);
    sandbox.intercept("tmux", "*start-server*", &script);
    let resumed =
        "resumed one: tally-session attach one\nresumed four: tally-session attach four\n";
    let mut outcome = sandbox.run("-v resume").is(1, resumed, "[...]");
    for name in [&two, &three] {
        let error =
            format!("cannot make the tmux session {name}: tmux said: duplicate session: {name}\n");
        outcome = outcome.remarks(&format!("error: {error}"));
    }
    let made = outcome.stderr.matches(" start-server ").count();
    assert_eq!(made, 1, "{outcome}");
    for name in ["one", "four"] {
        sandbox.await_programs(name, 2);
    }
    // What is not ours stays.
    let sessions = sandbox.tmux_sessions();
    let are_there = sessions.contains(&two) && sessions.contains(&three);
    assert!(are_there, "{sessions:?}");
}
