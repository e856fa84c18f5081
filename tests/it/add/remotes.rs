//! Branches of remotes: following them, being behind them, and fetching first.

use crate::sandbox::{Sandbox, read, unset};
use std::path::{Path, PathBuf};

/// A remote of this name that has the main branch, and a clone of it in which others work.
fn make_remote(sandbox: &Sandbox, name: &str) -> PathBuf {
    sandbox.git(&sandbox.root, format!("init -q --bare {name}.git"));
    let bare = sandbox.root.join(format!("{name}.git"));
    sandbox.git_at(&sandbox.main, ["remote", "add", name], &bare);
    sandbox.git_main(["push", "-q", name, "main"]);
    sandbox.git(&sandbox.root, format!("clone -q {name}.git {name}-theirs"));
    sandbox.root.join(format!("{name}-theirs"))
}

/// Others push a branch with a commit of their own; gives the commit.
fn others_push(sandbox: &Sandbox, theirs: &Path, branch: &str) -> String {
    sandbox.git(theirs, "commit -q --allow-empty -m Theirs");
    sandbox.git(theirs, ["push", "-q", "origin", &format!("HEAD:{branch}")]);
    sandbox.head(theirs)
}

fn upstream(sandbox: &Sandbox, name: &str) -> String {
    let worktree = sandbox.worktree(name);
    sandbox.git(&worktree, "rev-parse --abbrev-ref @{upstream}")
}

#[test]
fn add_tracks_the_branch_of_the_only_remote_whatever_its_name() {
    let sandbox = Sandbox::new();
    let theirs = make_remote(&sandbox, "team/points");
    let tip = others_push(&sandbox, &theirs, "feat/pay");
    sandbox.git_main("fetch -q team/points");
    let told = "added feat/pay\n  branch [..] feat/pay (new, tracks team/points/feat/pay)\n[...]";
    sandbox.run("add feat/pay").says(told);
    assert_eq!(sandbox.head(&sandbox.worktree("feat/pay")), tip);
    assert_eq!(upstream(&sandbox, "feat/pay"), "team/points/feat/pay");
    // The end of a branch's name is no branch.
    let words = "added pay\n  branch [..] pay (new, from main [..]\n[...]";
    sandbox.run("add pay").says(words);
}

#[test]
fn add_tracks_origin_s_branch_or_that_of_the_only_remote_that_has_it() {
    let sandbox = Sandbox::new();
    let remotes = ["fork", "origin", "upstream"].map(|name| (name, make_remote(&sandbox, name)));
    for (name, theirs) in &remotes {
        others_push(&sandbox, theirs, "everywhere");
        others_push(&sandbox, theirs, &format!("only-{name}"));
    }
    sandbox.git_main("fetch -q --all");
    for (branch, remote) in [("everywhere", "origin"), ("only-fork", "fork")] {
        sandbox.run(["add", branch]).succeeds();
        assert_eq!(upstream(&sandbox, branch), format!("{remote}/{branch}"));
    }
}

#[test]
fn add_refuses_to_choose_between_remotes_and_names_the_choices() {
    let sandbox = Sandbox::new();
    for name in ["fork", "upstream"] {
        let theirs = make_remote(&sandbox, name);
        others_push(&sandbox, &theirs, "feat");
    }
    sandbox.git_main("fetch -q --all");
    sandbox.refuses_to_add(
        "error: several remotes have a branch feat: fork/feat, upstream/feat\n\
         hint: tally-session add feat --from fork/feat\n\
         hint: tally-session add feat --from upstream/feat\n",
    );
    sandbox.run("add feat --from upstream/feat").succeeds();
    let theirs = sandbox.git_main("rev-parse upstream/feat");
    assert_eq!(sandbox.head(&sandbox.worktree("feat")), theirs);
}

#[test]
fn add_refuses_a_remote_s_branch_by_its_whole_name_and_names_its_own() {
    let sandbox = Sandbox::new();
    make_remote(&sandbox, "origin");
    sandbox.git_main("push -q origin main:theirs/too");
    sandbox.git_main("fetch -q origin");
    sandbox.run_changes_nothing("add origin/theirs/too").fails(
        "error: origin/theirs/too is a remote's branch, and one of yours that is called so would pass for it\n\
         hint: work on it: tally-session add theirs/too\n",
    );
}

#[test]
fn add_asks_git_no_more_often_for_a_new_branch_than_without_a_remote() {
    let started = |sandbox: &Sandbox| {
        let outcome = sandbox.run("-v add feat");
        let lines = outcome.stderr.lines();
        lines.filter(|line| line.contains(" git ")).count()
    };
    let without = started(&Sandbox::new());
    let sandbox = Sandbox::new();
    make_remote(&sandbox, "origin");
    make_remote(&sandbox, "fork");
    assert_eq!(started(&sandbox), without);
}

#[test]
fn add_notes_that_the_branch_it_starts_from_is_behind_and_fetches_nothing() {
    let sandbox = Sandbox::new();
    let theirs = make_remote(&sandbox, "origin");
    sandbox.git_main("branch -q -u origin/main");
    others_push(&sandbox, &theirs, "main");
    sandbox.add("unasked");
    sandbox.git_main("fetch -q");
    let begin = sandbox.git_main("rev-parse main");
    let note = |name: &str, count: &str| {
        format!(
            "warning: main, which {name} starts from, is {count} behind origin/main: --from origin/main starts there, \
             and this goes there now: git -C [ROOT]/tally-{name} merge origin/main\n"
        )
    };
    sandbox.add_telling("one", &note("one", "1 commit"));
    assert_eq!(sandbox.head(&sandbox.worktree("one")), begin);
    let tip = others_push(&sandbox, &theirs, "main");
    sandbox.git_main("fetch -q");
    sandbox.git_main("switch -q -c other");
    sandbox
        .run("add two --from main")
        .is(0, "added two\n[...]", &note("two", "2 commits"));
    // What the note says works.
    let two = sandbox.worktree("two");
    sandbox.git(&two, "merge -q origin/main");
    assert_eq!(sandbox.head(&sandbox.worktree("two")), tip);
    sandbox.run("add three --from origin/main").succeeds();
    sandbox.run("add four").succeeds();
    // A tag is not taken for the branch of its name.
    sandbox.git_main("tag main origin/main");
    sandbox.run("add five --from main").succeeds();
}

#[test]
fn add_notes_that_the_session_s_own_branch_is_behind() {
    let sandbox = Sandbox::new();
    let theirs = make_remote(&sandbox, "origin");
    let before = others_push(&sandbox, &theirs, "feat");
    sandbox.git_main("fetch -q");
    sandbox.git_main("branch -q feat origin/feat");
    others_push(&sandbox, &theirs, "feat");
    sandbox.git_main("fetch -q");
    sandbox.add_telling("feat", "warning: feat is 1 commit behind origin/feat: bring it up to date: git -C [ROOT]/tally-feat merge origin/feat\n");
    assert_eq!(sandbox.head(&sandbox.worktree("feat")), before);
}

#[test]
fn add_fetch_sees_what_others_have_pushed() {
    let sandbox = Sandbox::new();
    let theirs = make_remote(&sandbox, "points");
    let tip = others_push(&sandbox, &theirs, "feat");
    let told = "added feat\n  branch [..] feat (new, tracks points/feat)\n[...]";
    sandbox.run("add feat --fetch").says(told);
    assert_eq!(sandbox.head(&sandbox.worktree("feat")), tip);
    let tip = others_push(&sandbox, &theirs, "main");
    sandbox.run("add new --fetch --from points/main").succeeds();
    assert_eq!(sandbox.head(&sandbox.worktree("new")), tip);
}

#[test]
fn add_fetch_asks_the_remotes_that_count_alone() {
    let sandbox = Sandbox::quick();
    for name in ["fork", "origin", "upstream"] {
        make_remote(&sandbox, name);
    }
    sandbox.git_main("branch -q --set-upstream-to upstream/main");
    for (name, from, remotes) in [
        ("one", "", "upstream origin"),
        ("two", "--from main", "upstream"),
        ("three", "--from fork/main", "fork"),
        ("four", "--from HEAD", "origin"),
    ] {
        let outcome = sandbox.run(format!("-v add {name} --fetch {from}"));
        let mut lines = outcome.stderr.lines();
        let fetch = lines.find(|line| line.contains(" fetch ")).unwrap();
        assert!(fetch.ends_with(&format!(" -- {remotes}")), "{fetch}");
    }
}

#[test]
fn add_fetch_goes_on_with_what_git_knows_when_it_fails() {
    let sandbox = Sandbox::new();
    let told = "warning: there is no remote to fetch from\n";
    sandbox
        .run("add none --fetch")
        .is(0, "added none\n[...]", told);
    let theirs = make_remote(&sandbox, "origin");
    let tip = others_push(&sandbox, &theirs, "feat");
    sandbox.git_main("fetch -q");
    unset(&sandbox.root.join("origin.git"));
    sandbox.run("add feat --fetch").is(
        0,
        "added feat\n  branch [..] feat (new, tracks origin/feat)\n[...]",
        "warning: could not fetch from origin, and goes on with what git knows: fatal: '[..]origin.git' does not appear to be a git repository\n",
    );
    assert_eq!(sandbox.head(&sandbox.worktree("feat")), tip);
}

#[test]
fn add_fetch_without_a_terminal_has_git_and_ssh_ask_nobody() {
    let sandbox = Sandbox::new();
    // As ssh does: the terminal is asked unless it has to use a program.
    let ssh = r#"[ "$SSH_ASKPASS_REQUIRE" = force ] || { echo >"$SANDBOX/asked"; exit 1; }
"$SSH_ASKPASS" 'Passphrase: ' || { echo 'permission denied' >&2; exit 255; }"#;
    sandbox.write_script(&sandbox.root.join("bin/ssh"), ssh);
    sandbox.git_main("remote add origin git@example.com:points.git");
    let told = "warning: could not fetch from origin, [..] permission denied; fatal: [..]\n";
    sandbox
        .run("add feat --fetch")
        .is(0, "added feat\n[...]", told);
    assert!(!sandbox.root.join("asked").exists());
}

#[test]
fn add_fetch_on_a_terminal_lets_git_ask() {
    let sandbox = Sandbox::new();
    make_remote(&sandbox, "origin");
    sandbox.write_script(
        &sandbox.root.join("bin/git-remote-asking"),
        "read -p 'Password: ' answer </dev/tty 2>/dev/tty; echo \"$answer\" >answered; exit 1",
    );
    sandbox.git_main("config remote.origin.url asking::points");
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("add feat --fetch");
    terminal.await_text("Password:");
    terminal.type_text("s3cret");
    terminal.press("Enter");
    terminal.await_text("added feat");
    terminal.await_text("could not fetch from origin");
    assert_eq!(read(&sandbox.main.join("answered")), "s3cret\n");
}
