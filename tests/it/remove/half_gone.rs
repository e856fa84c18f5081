//! Removing what is left of a session.

use crate::sandbox::{Sandbox, make_link, read, unset, write};

#[test]
fn remove_works_without_tmux_session_worktree_or_branch_and_with_the_record_alone() {
    let sandbox = Sandbox::new();
    let assert_gone = || {
        assert!(sandbox.names().is_empty() && sandbox.tmux_sessions().is_empty());
        assert_eq!(sandbox.git_main("branch --list feat"), "");
        assert_eq!(sandbox.git_main("worktree list").lines().count(), 1);
        assert!(!read(&sandbox.claude_json()).contains("tally-feat"));
    };
    let worktree = sandbox.add("feat");
    sandbox.restart();
    sandbox.remove("feat");
    assert_gone();

    sandbox.add_again("feat");
    unset(&worktree);
    sandbox.remove_telling("feat", "warning: [..][ROOT]/tally-feat [..]\n");
    assert_gone();

    sandbox.add_again("feat");
    sandbox.git(&worktree, "switch -q --detach");
    sandbox.git_main("branch -D feat");
    sandbox.remove("feat");
    assert!(!worktree.exists());
    assert_gone();

    sandbox.add_again("feat");
    sandbox.restart();
    sandbox.git_at(&sandbox.main, "worktree remove --force", &worktree);
    sandbox.git_main("branch -D feat");
    sandbox.remove("feat");
    assert_gone();
}

#[test]
fn remove_leaves_a_folder_or_a_clone_that_git_does_not_list_as_the_worktree() {
    let sandbox = Sandbox::new();
    let told = "warning: [..][ROOT]/tally-feat [..]\n";
    for is_clone in [false, true] {
        let worktree = sandbox.add_again("feat");
        sandbox.git_at(&sandbox.main, "worktree remove --force", &worktree);
        if is_clone {
            sandbox.git(&sandbox.root, "clone -q tally tally-feat");
        }
        write(&worktree.join("mine"), "mine");
        sandbox.force_remove_telling("feat", told);
        assert_eq!(read(&worktree.join("mine")), "mine");
        assert!(sandbox.names().is_empty());
        unset(&worktree);
    }
}

#[test]
fn remove_refuses_one_whose_worktree_was_moved_without_git_and_leaves_that_where_it_is() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.restart();
    let moved = sandbox.root.join("better name");
    std::fs::rename(&worktree, &moved).unwrap();
    sandbox.refuses_to_remove(
        "error: the session feat has a worktree that was moved to [ROOT]/better name\n\
         hint: move it back: mv '[ROOT]/better name' [ROOT]/tally-feat\n\
         hint: remove it all the same: tally-session remove --force feat\n",
    );
    let told = "warning: its worktree [ROOT]/tally-feat was not there: [..] is not kept\n";
    sandbox.force_remove_telling("feat", told);
    assert!(moved.join("backend/.env").exists());
}

#[test]
fn remove_leaves_a_clone_in_the_folder_of_a_worktree_that_git_still_lists() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.restart();
    unset(&worktree);
    sandbox.git(&sandbox.root, "clone -q tally tally-feat");
    sandbox.commit(&worktree, "mine", "mine");
    sandbox.run("remove feat --force");
    assert_eq!(read(&worktree.join("mine")), "mine");
}

#[test]
fn of_a_record_that_names_the_main_checkout_remove_takes_out_nothing_else() {
    let sandbox = Sandbox::new().with("feat");
    let mut store = sandbox.store();
    store["feat"]["worktree"] = sandbox.main.to_str().unwrap().into();
    write(&sandbox.main.join(".tally-sessions"), store.to_string());
    write(&sandbox.main.join("work"), "work");
    let told = "warning: the worktree [ROOT]/tally-feat [..]: tally-session resume feat\n";
    sandbox
        .run("remove feat --force")
        .is(0, "removed feat\n", told);
    assert_eq!(read(&sandbox.main.join("work")), "work");
    assert!(sandbox.worktree("feat").join("backend/.env").exists());
    assert!(sandbox.names().is_empty());
}

#[test]
fn what_git_cannot_look_into_is_told_refused_and_with_force_taken_whole() {
    let sandbox = Sandbox::new();
    for (file, text) in [("index", ""), ("HEAD", ""), ("config.worktree", "[x\n")] {
        let worktree = sandbox.add_again("feat");
        sandbox.restart();
        sandbox.git_main("config extensions.worktreeConfig true");
        write(&worktree.join("mine"), "mine");
        let admin = sandbox.main.join(".git/worktrees/tally-feat");
        write(&admin.join(file), text);
        let told = "feat: git cannot look into its worktree: fatal: [..]";
        let list = sandbox.run("list").goes_well();
        list.says(&format!(
            "[..]\nfeat  stopped  [..]  feat    -  [..]\n{told}"
        ));
        sandbox.refuses_to_remove(
            "error: the session feat is one that git cannot look into: fatal: [..]\n\
             hint: look at it with: git -C [ROOT]/tally-feat status\n\
             hint: remove it all the same: tally-session remove --force feat\n",
        );
        sandbox.run("remove --force feat").is(
            0,
            "removed feat\n  with it went: files that git could not tell of\n[..]\n",
            "",
        );
        assert!(!worktree.exists());
        sandbox.restore_with_remarks("feat");
        assert_eq!(read(&worktree.join("mine")), "mine");
        assert_eq!(read(&admin.join(file)), text);
        sandbox.force_remove_with_remarks("feat");
    }
}

#[test]
fn a_branch_that_a_power_cut_left_empty_is_made_again_as_list_says_or_goes() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.restart();
    let commit = sandbox.commit(&worktree, "mine", "mine");
    let file = sandbox.main.join(".git/refs/heads/feat");
    write(&file, "");
    let cure = format!(
        "feat: its branch feat is gone: rm [ROOT]/tally/.git/refs/heads/feat && \
         git -C [ROOT]/tally-feat branch feat {commit}\n"
    );
    let list = sandbox.run("list").tells(&cure);
    sandbox.follow(&list, "feat is gone: ").goes_well();
    assert_eq!(sandbox.git_main("rev-parse feat"), commit);
    assert_eq!(sandbox.list()[0]["problems"], serde_json::json!([]));
    write(&file, [0; 41]);
    sandbox.refuses_to_remove("error: the session feat has changes [..]: [..]mine[..]\n[...]");
    sandbox.force_remove("feat");
    assert!(!file.exists() && !worktree.exists());
    sandbox.restore("feat");
    sandbox.git(&worktree, format!("branch feat {commit}").as_str());
    assert_eq!(sandbox.status(&worktree), "");
}

#[test]
fn a_folder_that_has_lost_its_git_file_is_refused_and_with_force_goes_whole() {
    let sandbox = Sandbox::new();
    for is_deleted in [true, false] {
        let worktree = sandbox.add_again("feat");
        sandbox.restart();
        if is_deleted {
            unset(&worktree);
        } else {
            // What it leads to is not the worktree's.
            unset(&worktree.join(".git"));
            write(&sandbox.root.join("outside"), "mine");
            make_link("../outside", &worktree.join(".git"));
        }
        // As a server writes that still runs.
        write(&worktree.join("frontend/.vite"), "left");
        sandbox.refuses_to_remove(
            "error: the session feat has a worktree whose .git file is gone, or leads nowhere\n\
             hint: have git know it again: git -C [ROOT]/tally worktree repair\n\
             hint: remove it all the same: tally-session remove --force feat\n",
        );
        sandbox.force_remove("feat");
        assert!(!worktree.exists());
        sandbox.restore("feat");
        assert_eq!(read(&worktree.join("frontend/.vite")), "left");
        let status = sandbox.status(&worktree);
        assert_eq!(status.contains(" D backend/manage.py"), is_deleted);
        sandbox.force_remove("feat");
    }
    assert_eq!(read(&sandbox.root.join("outside")), "mine");
}
