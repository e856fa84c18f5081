//! Repositories, submodules and git worktrees inside a session's worktree come back with it.

#[cfg(target_os = "linux")]
use super::portrait::comes_back_in;
use super::portrait::{assert_looks_so, clear_up, comes_back, portrait};
use crate::sandbox::{Sandbox, write};
use std::path::Path;

#[test]
fn repositories_inside_come_back_ignored_or_committed_as_a_link() {
    comes_back(|sandbox, worktree| {
        sandbox.make_repository("tally-feat/frontend/node_modules.old/x.sqlite3");
        let service = sandbox.make_repository("tally-feat/service");
        sandbox.commit_link(worktree, "service");
        write(&service.join("file"), "changed");
        sandbox.git(&service, "stash -q");
    });
}

#[test]
fn a_submodule_comes_back_with_its_stash_and_branch_and_one_that_was_taken_out_too() {
    let sandbox = Sandbox::new();
    sandbox.make_repository("library");
    for name in ["lib", "other"] {
        sandbox.add_submodule("../library", name);
    }
    let worktree = sandbox.worktree("feat");
    sandbox.add_telling("feat", "warning: its submodules [..]\n");
    sandbox.await_programs("feat", 1);
    sandbox.git(&worktree, "submodule --quiet update --init");
    for name in ["lib", "other"] {
        let inside = worktree.join(name);
        sandbox.git(&inside, "switch -q -c work");
        sandbox.commit(&inside, "file", "not pushed");
        write(&inside.join("file"), "put aside");
        sandbox.git(&inside, "stash -q");
    }
    sandbox.git(&worktree, "submodule --quiet deinit -f other");
    let stashes = |dir: &Path| sandbox.git(dir, "stash list --format=%H");
    let (lib, before) = (worktree.join("lib"), portrait(&sandbox, &worktree));
    let stash = stashes(&lib);
    sandbox.refuses_to_remove("error: the session feat has changes that are not committed: lib, \
         and has a submodule's repository with commits that no remote has inside: [..]modules/lib, \
         and has a submodule's repository with commits that no remote has inside: [..]modules/other\n[...]");
    sandbox.force_remove("feat");
    clear_up(&sandbox);
    sandbox.restore("feat");
    assert_looks_so(&sandbox, &worktree, &before);
    assert_eq!(stashes(&lib), stash);
    sandbox.git(&worktree, "submodule --quiet update --init other");
    assert_ne!(stashes(&worktree.join("other")), "");
}

#[test]
fn git_worktrees_inside_come_back_also_locked_and_with_commits_on_no_branch() {
    comes_back(|sandbox, worktree| {
        write(&worktree.join(".gitignore"), "agents/\n");
        for (name, locked) in [("one", false), ("two", true)] {
            let inside = worktree.join("agents").join(name);
            sandbox.git_at(worktree, "worktree add -q --detach", &inside);
            sandbox.commit(&inside, "file", name);
            write(&inside.join("new"), name);
            sandbox.git(&inside, "add new");
            if locked {
                sandbox.git_at(worktree, "worktree lock", &inside);
            }
        }
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_git_worktree_inside_whose_name_is_not_in_utf_8_comes_back_with_its_commits() {
    let sandbox = Sandbox::quick();
    let inside = |script: &str| {
        let mut bash = sandbox.command("bash", &sandbox.worktree("feat"));
        let script = format!("set -e; inside=$(printf 'agent\\377.sqlite3'); {script}");
        let output = bash.args(["-c", &script]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    comes_back_in(&sandbox, |_, _| {
        inside(
            r#"git worktree add -q --detach "$inside"; cd "$inside"
            echo 1 >file; git add file; git commit -q -m 'On no branch'; echo 2 >file; git add file"#,
        );
    });
    let told =
        inside(r#"cd "$inside"; git log -1 --format=%s; git status --short; git show :file"#);
    assert_eq!(told, "On no branch\nM  file\n2\n");
}

#[test]
fn git_worktrees_inside_work_again_when_they_are_back() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let inside = worktree.join("frontend/node_modules2.sqlite3");
    sandbox.git_at(&worktree, "worktree add -q -b agent", &inside);
    write(&inside.join("new"), "staged");
    sandbox.git(&inside, "add new");
    sandbox.refuses_to_remove("error: the session feat has a git worktree with changes of its own inside: [..]node_modules2.sqlite3\nhint: look at that with: git -C [..] status\nhint: [..]\n");
    sandbox.force_remove("feat");
    clear_up(&sandbox);
    sandbox.restore("feat");
    assert_eq!(sandbox.status(&inside), "A  new");
    sandbox.git(&inside, ["commit", "-q", "-m", "Go on"]);
}

#[test]
fn a_branch_that_stayed_and_is_gone_by_now_is_made_again_with_its_commits() {
    for (branch, option, change) in [
        ("feat", "--keep-branch", "branch -qD feat"),
        ("feat", "--keep-branch", "branch -m feat renamed"),
        ("side", "", "branch -qD side"),
        ("inside", "", "branch -qD inside"),
    ] {
        let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
        let checkout = match branch {
            "inside" => worktree.join("inside.sqlite3"),
            _ => worktree.clone(),
        };
        match branch {
            "side" => sandbox.git(&worktree, "switch -q -c side"),
            "inside" => sandbox.git_at(&worktree, "worktree add -q -b inside", &checkout),
            _ => String::new(),
        };
        let tip = sandbox.commit(&checkout, "file", "work");
        write(&checkout.join("file"), "staged");
        sandbox.git(&checkout, "add file");
        let removed = sandbox.run(format!("remove --force {option} feat"));
        removed.is(0, "removed feat\n[...]", "[...]");
        sandbox.git_main(change);
        clear_up(&sandbox);
        sandbox.restore("feat");
        let tips = sandbox.git(&checkout, ["rev-parse", branch, "HEAD"]);
        assert_eq!(tips, format!("{tip}\n{tip}"));
        assert_eq!(sandbox.status(&checkout), "M  file");
    }
}
