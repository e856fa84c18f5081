//! What `add` refuses, changing nothing.

use crate::sandbox::{Sandbox, make_link, unset, write};

#[test]
fn add_refuses_a_bad_name() {
    let sandbox = Sandbox::new();
    let long = "n".repeat(101);
    for name in [
        "", ".x", "/x", "_x", "a b", "a;b", "a$b", "a\nb", "aé", "a..b", "a.", "a/", "a//b",
        "a/.b", "a.lock", "a@{b", "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b", &long,
    ] {
        sandbox
            .run_changes_nothing(["add", "--", name])
            .fails(&format!("error: the name {name:?} [..]\n[...]"));
    }
    let error = "error: the name \"-x\" [..]\nhint: tally-session add x\n";
    sandbox.run_changes_nothing("add -- -x").fails(error);
}

#[test]
fn add_refuses_a_name_in_the_store_and_one_of_its_slug_and_says_how_to_finish_or_clear_it() {
    let sandbox = Sandbox::quick();
    sandbox.run("add feat").succeeds();
    sandbox.refuses_to_add("error: there is a session feat already\nhint: bring it back, or finish it: tally-session resume feat\nhint: clear it away: tally-session remove feat\n");
    sandbox.run("add fix/pay").succeeds();
    let slug = sandbox.run_changes_nothing("add fix-pay");
    slug.fails("error: the session fix/pay [..] fix-pay [..]\n[...]");
}

#[test]
fn add_refuses_a_name_that_differs_from_a_session_s_in_case_alone() {
    let sandbox = Sandbox::new().with("Feat");
    sandbox.refuses_to_add(
        "error: there is a session Feat already, which differs from feat in case alone\n\
         hint: if it is the one you mean: tally-session attach Feat\n\
         hint: choose another name\n",
    );
    sandbox.add("Fix/one");
    sandbox.run_changes_nothing("add fix-ONE").fails(
        "error: the session Fix/one has the folder or the tmux name that fix-ONE would get\n\
         hint: choose another name\n",
    );
}

#[test]
fn add_refuses_a_branch_that_differs_in_case_alone_only_where_git_takes_it_for_the_same() {
    let sandbox = Sandbox::new();
    sandbox.git_main("branch Fix/Menu");
    // As where the file system does not tell them apart.
    sandbox.git_main("config core.ignorecase true");
    for packed in [false, true] {
        if packed {
            sandbox.git_main("pack-refs --all");
        }
        sandbox.run_changes_nothing("add fix/menu").fails(
            "error: there is a branch Fix/Menu already, which git takes for fix/menu here: they differ in case alone\n\
             hint: work on that one: tally-session add Fix/Menu\n\
             hint: choose another name\n",
        );
    }
    sandbox.git_main("config core.ignorecase false");
    for name in ["Fix/Menu", "fix/menus"] {
        sandbox.run(["add", name]).succeeds();
    }
    sandbox.git_main("switch -q -c Feat");
    sandbox.run("add feat").succeeds();
}

#[test]
fn add_refuses_whatever_is_in_the_worktree_s_place() {
    let sandbox = Sandbox::new();
    write(&sandbox.worktree("full").join("mine"), "mine");
    std::fs::create_dir(sandbox.worktree("empty")).unwrap();
    write(&sandbox.worktree("file"), "");
    make_link("nowhere", &sandbox.worktree("link"));
    for name in ["full", "empty", "file", "link"] {
        let refused = sandbox.run_changes_nothing(["add", name]);
        refused.fails(&format!("error: [..][ROOT]/tally-{name} [..]\n[...]"));
    }
}

#[test]
fn add_says_how_a_worktree_whose_record_is_lost_becomes_a_session_again() {
    let sandbox = Sandbox::new().with("feat/pay");
    sandbox.restart();
    unset(&sandbox.main.join(".tally-sessions"));
    sandbox.run_changes_nothing("add feat/pay").fails(
        "error: the worktree of feat/pay is there already, at [ROOT]/tally-feat-pay, and no record has it\n\
         hint: make it a session again: tally-session resume feat/pay\n",
    );
    sandbox
        .run("resume feat/pay")
        .is(0, "resumed feat/pay[..]\n", "[...]");
    assert_eq!(sandbox.names(), ["feat/pay"]);
}

#[test]
fn add_refuses_a_tmux_session_of_that_name() {
    let sandbox = Sandbox::new();
    sandbox.tmux("new-session -d -s tally-feat");
    sandbox.refuses_to_add("error: [..] tmux session tally-feat [..]\nhint: [..]tmux attach[..]\nhint: [..]tmux rename-session[..]\n");
    // tmux itself would find `tally-feat` when asked for the beginning of its name.
    sandbox.run("add fe").succeeds();
}

#[test]
fn add_refuses_a_branch_that_is_checked_out_elsewhere_and_one_that_git_cannot_have_beside_another()
{
    let sandbox = Sandbox::new();
    sandbox.git_main("worktree add -q -b feat ../elsewhere");
    sandbox.git_main("branch fix/one");
    for (name, error) in [
        ("feat", "branch feat [..][ROOT]/elsewhere [..]"),
        ("main", "branch main [..][ROOT]/tally [..]"),
        ("feat/pay", "branch feat/pay [..]branch feat"),
        ("fix", "branch fix [..]branch fix/one"),
    ] {
        let refused = sandbox.run_changes_nothing(["add", name]);
        refused.fails(&format!("error: [..]{error}\n[...]"));
    }
}

#[test]
fn add_refuses_a_from_that_names_no_commit() {
    let sandbox = Sandbox::new();
    let tree = sandbox.git_main("rev-parse HEAD:backend");
    for from in ["nosuch", &tree, "HEAD:README.md", "--all", "^main", ""] {
        let error = format!(
            "error: --from {from} names no commit\n\
             hint: see what there is: git -C [ROOT]/tally for-each-ref refs/heads refs/remotes refs/tags\n"
        );
        let refused = sandbox.run_changes_nothing(["add", "feat", &format!("--from={from}")]);
        refused.fails(&error);
    }
}

#[test]
fn add_refuses_a_repository_without_a_commit() {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.root, "init -q new");
    let before = sandbox.snapshot();
    sandbox
        .run_in(&sandbox.root.join("new"), "add feat")
        .fails("error: [..] no commit [..]\nhint: git -C [ROOT]/new commit --allow-empty --message \"First commit\"\n");
    sandbox.assert_unchanged_since(&before);
}
