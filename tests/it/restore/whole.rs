//! What comes back is exact, whatever happened to the repository in between.

use super::portrait::{comes_back_in, scripts_come_back};
use crate::sandbox::Sandbox;

#[test]
fn files_of_every_kind_come_back_with_their_times_and_modes() {
    scripts_come_back(&[
        r#"for name in 'with space' 'new
line' 'été ☃' ./-dash "quo'te\"" ; do echo 1 >"$name"; done; echo 1 >backend/notes.sqlite3
           mkdir deep empty; echo 1 >deep/file; touch -t 200109090146 deep/file; chmod 751 README.md; chmod 500 empty
           ln -s README.md link; ln -s /nowhere frontend/dangling; rm backend/manage.py"#,
        // Within the second of a commit.
        "commit v.py 'VERSION = 1'; echo 'VERSION = 2' >v.py",
        // A journal of the database that is not played in yet: one that is closed in good order leaves none.
        r#"python3 -c "import os, sqlite3
base = sqlite3.connect('backend/db.sqlite3', isolation_level=None)
base.execute('pragma journal_mode = wal'); base.execute('insert into point values (1)'); os._exit(0)"; [ -s backend/db.sqlite3-wal ]"#,
    ]);
}

#[test]
fn what_is_staged_or_hidden_from_git_comes_back() {
    scripts_come_back(&[
        // The folder has another version, and nothing else has the first.
        "echo staged >README.md; echo new >new; git add .; echo folder >README.md; rm new; git rm -q --cached backend/manage.py
           echo meant >meant; git add -N meant",
        "git update-index --assume-unchanged README.md; git update-index --skip-worktree backend/manage.py
           echo changed | tee README.md >backend/manage.py",
        // An index in two parts.
        "git update-index --split-index; echo 'only staged' >new; git add new; echo 'changed since' >new",
    ]);
}

#[test]
fn commits_come_back_of_a_detached_head_of_the_reflog_and_of_another_branch() {
    scripts_come_back(&[
        "commit branch 1; git switch -q --detach main; commit detached 2; commit detached 3",
        "commit gone experiment; git reset -q --hard HEAD~; commit other 1; git commit -q --amend -m 'In other words'",
        "commit file first; git switch -q -c other; commit file other",
    ]);
}

#[test]
fn a_branch_that_tracks_another_one_comes_back_with_what_git_s_configuration_has_of_it() {
    let sandbox = Sandbox::quick();
    sandbox.make_origin();
    comes_back_in(&sandbox, |sandbox, worktree| {
        sandbox.commit(worktree, "file", "pushed");
        sandbox.git(worktree, "push -q -u origin feat");
        sandbox.commit(worktree, "file", "not pushed");
        sandbox.git(
            worktree,
            ["config", "branch.feat.description", "two words\nand a line"],
        );
    });
}

#[test]
fn a_merge_with_conflicts_comes_back_with_all_its_sides_solved_or_not() {
    scripts_come_back(&[
        "conflict; echo mine >more; git config merge.autostash true; ! git merge -q main; grep '<<<<<<<' README.md",
        "conflict; ! git merge -q main; git checkout -q --ours README.md; git add README.md; [ \"$(git ls-files --resolve-undo)\" ]",
    ]);
}

#[test]
fn a_merge_of_a_tag_that_nothing_else_holds_comes_back_and_leaves_no_ref_behind() {
    let sandbox = Sandbox::quick();
    comes_back_in(&sandbox, |sandbox, worktree| {
        let other = sandbox.root.join("other");
        sandbox.git_at(worktree, "clone -q .", &other);
        sandbox.commit(&other, "file", "theirs");
        sandbox.git(&other, "tag -a v1 -m One");
        sandbox.git(worktree, "fetch -q --no-tags ../other v1");
        sandbox.git(worktree, "merge -q --no-commit --no-ff FETCH_HEAD");
    });
    let worktree = sandbox.worktree("feat");
    sandbox.git(&worktree, "commit -q -m Merged");
    assert_eq!(crate::sandbox::read(&worktree.join("file")), "theirs");
    assert_eq!(sandbox.git_main("for-each-ref refs/tally-session"), "");
}

#[test]
fn a_rebase_comes_back_with_what_it_has_put_aside_and_what_it_has_picked_and_is_left() {
    scripts_come_back(&[
        "conflict; echo mine >more; ! git rebase -q --autostash main; [ ! -e more ]",
        "export GIT_SEQUENCE_EDITOR=\"sed -i.old -e 's/^pick/edit/'\" GIT_EDITOR=true; git switch -q --detach
           for n in 1 2 3; do commit file $n; done; git rebase -q -i HEAD~3; git commit -q --amend -m Edited; git rebase --continue",
    ]);
}

#[test]
fn patches_picks_and_a_bisect_that_are_under_way_come_back() {
    scripts_come_back(&[
        "conflict; git -C ../tally format-patch -q --stdout -1 >../patch; ! git am -q -3 ../patch",
        "conflict; (cd ../tally; commit last last); ! git cherry-pick main~2..main",
        "for n in 1 2 3 4; do commit file $n; done; git bisect start HEAD HEAD~4",
    ]);
}

#[test]
fn commits_that_are_left_to_pick_come_back_though_nothing_but_the_list_of_them_has_them() {
    let sandbox = Sandbox::quick();
    comes_back_in(&sandbox, |sandbox, worktree| {
        sandbox.git(worktree, "switch -q --detach");
        let picks = ["file", "left", "last"].map(|file| sandbox.commit(worktree, file, "theirs"));
        sandbox.git(worktree, "switch -q feat");
        sandbox.commit(worktree, "file", "ours");
        sandbox.git(worktree, "reflog expire --expire=all --all");
        let mut pick = sandbox.command("git", worktree);
        let status = pick.arg("cherry-pick").args(picks).output().unwrap().status;
        assert!(!status.success(), "there is a conflict");
    });
    let worktree = sandbox.worktree("feat");
    sandbox.git(&worktree, "cherry-pick --skip");
    assert_eq!(crate::sandbox::read(&worktree.join("last")), "theirs");
}

#[test]
fn a_sparse_checkout_with_a_configuration_of_its_own_comes_back() {
    let sandbox = Sandbox::quick();
    sandbox.commit(&sandbox.main, "docs/plan.md", "plan");
    comes_back_in(&sandbox, |sandbox, worktree| {
        sandbox.git(worktree, "sparse-checkout set backend frontend");
        assert!(!worktree.join("docs").exists());
        crate::sandbox::write(&worktree.join("backend/manage.py"), "changed");
    });
}
