//! Projects that were moved, with their sessions' worktrees or without.

use crate::sandbox::{Sandbox, edit_json, leads_to, read, unset, until, write};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// A project in a folder `Dev`, with a stopped session and work in it; and the session's worktree.
fn project() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::of_project("Dev/tally");
    sandbox.run("add feat").succeeds();
    sandbox.await_programs("feat", 1);
    let worktree = sandbox.root.join("Dev/tally-feat");
    sandbox.commit(&worktree, "committed", "one");
    write(&worktree.join("staged"), "two");
    sandbox.git(&worktree, "add staged");
    write(&worktree.join("staged"), "three");
    write(&worktree.join("notes.sqlite3"), "four");
    (sandbox, worktree)
}

impl Sandbox {
    /// Moves a folder of the sandbox, and the project with it.
    fn mv(&mut self, from: &str, to: &str) {
        let [from, to] = [from, to].map(|path| self.root.join(path));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::rename(&from, &to).unwrap();
        if let Ok(inside) = self.main.strip_prefix(&from) {
            self.main = to.components().chain(inside.components()).collect();
            self.shell.write_start_up(self);
        }
    }

    /// Checks that a worktree has all of its work, as git sees it there and from the main checkout.
    #[track_caller]
    fn assert_has_work(&self, worktree: &Path) {
        let status = self.git(worktree, "status --porcelain");
        assert_eq!(status, "AM staged");
        assert_eq!(self.git(worktree, "show :staged"), "two");
        assert_eq!(read(&worktree.join("notes.sqlite3")), "four");
        assert_eq!(self.store()["feat"]["worktree"], worktree.to_str().unwrap());
        let list = self.git_main("worktree list --porcelain");
        let known = format!("worktree {}\n", worktree.display());
        assert!(list.contains(&known), "{list}");
        assert!(!list.contains("prunable"), "{list}");
        let modules = leads_to(&worktree.join("frontend/node_modules"));
        assert_eq!(modules, self.main.join("frontend/node_modules"));
        assert_eq!(self.list()[0]["state"], "running");
        until("its servers run", || {
            self.list()[0]["problems"] == json!([])
        });
    }

    /// Resumes all, with the remark that a worktree is followed.
    #[track_caller]
    fn follows(&self) {
        let follows = "warning: feat follows its worktree to [..]\n";
        self.run("resume").is(0, "resumed feat[..]\n", follows);
    }
}

const MOVED: &str = "its worktree [ROOT]/Dev/tally-feat was moved to [ROOT]/Code/tally-feat";

#[test]
fn a_project_that_was_moved_with_its_worktrees_is_followed_by_resume_and_the_others_say_so() {
    let (mut sandbox, worktree) = project();
    edit_json(&sandbox.claude_json(), |json| {
        json["projects"][worktree.to_str().unwrap()]["history"] = json!(["asked"]);
    });
    sandbox.restart();
    sandbox.mv("Dev", "Code");
    let list = sandbox.run_changes_nothing("list");
    let told = format!("feat: {MOVED}: tally-session resume feat\n");
    assert!(list.stdout.ends_with(&told), "{list}");
    let doctor = sandbox.run_changes_nothing("doctor --fix");
    let told = format!("failed   feat: {MOVED}\n         tally-session resume feat\n");
    assert!(doctor.stdout.contains(&told), "{doctor}");
    sandbox
        .run_changes_nothing("remove --force feat")
        .fails(&format!(
            "error: feat: {MOVED}\nhint: tally-session resume feat\n"
        ));
    let remark = "warning: feat follows its worktree to [ROOT]/Code/tally-feat; it was at [ROOT]/Dev/tally-feat\n";
    sandbox
        .run("resume feat")
        .is(0, "resumed feat: tally-session attach feat\n", remark);
    let now = sandbox.root.join("Code/tally-feat");
    sandbox.assert_has_work(&now);
    assert_eq!(sandbox.claude_s_entry(&now)["history"], json!(["asked"]));
    assert_eq!(sandbox.claude_s_entry(&worktree), Value::Null);
    assert!(!sandbox.root.join("Dev").exists());
    sandbox.force_remove("feat");
    sandbox.restore("feat");
    sandbox.assert_has_work(&now);
}

#[test]
fn one_that_was_moved_is_followed_where_something_is_at_the_old_place_and_git_was_told_or_not() {
    for tells_git in [false, true] {
        let (mut sandbox, worktree) = project();
        sandbox.restart();
        sandbox.mv("Dev/tally", "Code/tally");
        sandbox.mv("Dev/tally-feat", "Code/tally-feat");
        write(&worktree.join("mine"), "mine");
        let now = sandbox.root.join("Code/tally-feat");
        if tells_git {
            sandbox.git_at(&sandbox.main, "worktree repair", &now);
        }
        let list = sandbox.run("list");
        let told = format!("feat: {MOVED}: tally-session resume feat\n");
        assert!(list.stdout.ends_with(&told), "{list}");
        sandbox.follows();
        sandbox.assert_has_work(&now);
        assert_eq!(read(&worktree.join("mine")), "mine");
    }
}

#[test]
fn one_whose_folder_has_another_name_than_the_session_would_get_now_is_followed_too() {
    let (mut sandbox, _) = project();
    sandbox.restart();
    sandbox.mv("Dev", "Code");
    sandbox.mv("Code/tally", "Code/points");
    sandbox.mv("home/.virtualenvs/tally", "home/.virtualenvs/points");
    sandbox.follows();
    sandbox.assert_has_work(&sandbox.root.join("Code/tally-feat"));
}

#[test]
fn a_copy_of_a_project_has_the_copies_of_its_worktrees_and_leaves_the_others_alone() {
    let (mut sandbox, worktree) = project();
    sandbox.restart();
    let original = sandbox.main.clone();
    let mut cp = sandbox.command("cp", &sandbox.root);
    assert!(cp.args(["-a", "Dev", "Code"]).status().unwrap().success());
    let before = sandbox.git(&worktree, "status");
    sandbox.main = sandbox.root.join("Code/tally");
    sandbox.follows();
    sandbox.assert_has_work(&sandbox.root.join("Code/tally-feat"));
    assert_eq!(sandbox.git(&worktree, "status"), before);
    assert_ne!(sandbox.claude_s_entry(&worktree), Value::Null);
    sandbox.force_remove("feat");
    sandbox.main = original;
    sandbox.resume("feat");
    sandbox.assert_has_work(&worktree);
}

#[test]
fn the_windows_of_a_project_that_is_moved_while_they_run_stay_its_own() {
    let (mut sandbox, _) = project();
    sandbox.mv("Dev", "Code");
    let list = sandbox.run_changes_nothing("list");
    let told = format!("\nfeat: {MOVED}: tally-session resume feat\n");
    assert!(list.stdout.ends_with(&told), "{list}");
    assert_eq!(list.stdout.lines().count(), 3, "{list}");
    let told = "warning: feat follows its worktree to [..]\n\
                warning: feat: its windows are of an older layout: tally-session restart feat\n";
    sandbox.run("resume feat").is(0, "[..]\n", told);
    let owner = sandbox.windows("feat", "#{@tally_session}");
    assert_eq!(owner, [sandbox.main.to_str().unwrap(); 5]);
    assert_eq!(sandbox.started("claude", "feat").len(), 1);
    sandbox.run("restart feat").goes_well();
    sandbox.assert_has_work(&sandbox.root.join("Code/tally-feat"));
    sandbox.mv("Code", "Dev");
    sandbox.stop("feat");
    assert!(sandbox.tmux_sessions().is_empty());
}

#[test]
fn a_copy_of_a_project_leaves_the_windows_of_the_other_alone_also_when_that_is_moved() {
    let (mut sandbox, _) = project();
    let mut cp = sandbox.command("cp", &sandbox.root);
    assert!(cp.args(["-a", "Dev", "Copy"]).status().unwrap().success());
    sandbox.mv("Dev", "Code");
    sandbox.main = sandbox.root.join("Copy/tally");
    sandbox.run("stop feat").says("feat is stopped already\n");
    let error = "error: there is a tmux session tally-feat, which belongs to the project [ROOT]/Dev/tally\n[...]";
    sandbox.run("resume feat").fails(error);
    assert_eq!(sandbox.tmux_sessions(), ["tally-feat"]);
    sandbox.main = sandbox.root.join("Code/tally");
    sandbox.stop("feat");
}

#[test]
fn what_git_has_of_a_worktree_stays_where_its_folder_could_not_be_made() {
    let (mut sandbox, _) = project();
    sandbox.restart();
    sandbox.mv("Dev", "Code");
    sandbox.mv("Code/tally-feat", "Elsewhere/feat");
    sandbox.refuses_to_resume("error: cannot make the folder [ROOT]/Dev/tally-feat: No such file or directory (os error 2)\n\
         hint: if you have moved it, tell git where it is: git -C [ROOT]/Code/tally worktree repair <its folder>\n\
         hint: make its folder: mkdir -p [ROOT]/Dev\n");
    let there = sandbox.root.join("Elsewhere/feat");
    sandbox.git_at(&sandbox.main, "worktree repair", &there);
    sandbox.follows();
    sandbox.assert_has_work(&there);
}

/// Such a project, whose session is removed.
fn removed() -> Sandbox {
    let (sandbox, _) = project();
    sandbox.force_remove("feat");
    sandbox
}

const NOW: &str =
    "warning: feat is at [ROOT]/Code/tally-feat now; it was at [ROOT]/Dev/tally-feat\n";

#[test]
fn restore_puts_a_worktree_beside_the_main_checkout_as_that_is_now() {
    for from in ["Dev", "Dev/tally"] {
        let mut sandbox = removed();
        sandbox.mv(from, &from.replace("Dev", "Code"));
        let resumed = "restored feat\nresumed feat: tally-session attach feat\n";
        sandbox.run("restore feat").is(0, resumed, NOW);
        let now = sandbox.root.join("Code/tally-feat");
        sandbox.assert_has_work(&now);
        assert!(!sandbox.root.join("Dev/tally-feat").exists());
        assert_eq!(
            sandbox.claude_s_entry(&now)["hasTrustDialogAccepted"],
            json!(true)
        );
        sandbox.force_remove("feat");
        sandbox.restore("feat");
        sandbox.assert_has_work(&now);
    }
}

#[test]
fn restore_refuses_where_something_is_at_the_place_beside_the_main_checkout_as_that_is_now() {
    let mut sandbox = removed();
    sandbox.mv("Dev", "Code");
    write(&sandbox.root.join("Code/tally-feat/mine"), "mine");
    sandbox.refuses_to_restore(
        "error: there is something at [ROOT]/Code/tally-feat, where the worktree of feat belongs\n\
         hint: move it away, then try again\n",
    );
    sandbox.mv("Code/tally-feat", "mine");
    sandbox.restore_telling("feat", NOW);
}

#[test]
fn restore_finishes_what_was_half_back_when_the_project_was_moved() {
    for moves_folder in [false, true] {
        let mut sandbox = removed();
        sandbox.restore_by_half();
        sandbox.mv("Dev/tally", "Code/tally");
        if moves_folder {
            sandbox.mv("Dev/tally-feat", "Code/tally-feat");
        }
        sandbox.restore_with_remarks("feat");
        let place = if moves_folder { "Code" } else { "Dev" };
        sandbox.assert_has_work(&sandbox.root.join(place).join("tally-feat"));
    }
}

#[test]
fn git_worktrees_inside_are_followed_and_restored_with_it() {
    for is_removed in [false, true] {
        let (mut sandbox, worktree) = project();
        let inside = worktree.join("agents.sqlite3/one");
        sandbox.git_at(&worktree, "worktree add -q --detach", &inside);
        write(&inside.join("new"), "new");
        sandbox.git(&inside, "add new");
        if is_removed {
            sandbox.force_remove("feat");
            sandbox.mv("Dev", "Code");
            sandbox.restore_telling("feat", NOW);
        } else {
            sandbox.restart();
            sandbox.mv("Dev", "Code");
            sandbox.follows();
        }
        let now = sandbox.root.join("Code/tally-feat");
        sandbox.assert_has_work(&now);
        assert_eq!(sandbox.status(&now.join("agents.sqlite3/one")), "A  new");
    }
}

#[test]
fn a_worktree_that_was_gone_when_it_was_removed_is_made_beside_the_main_checkout_as_that_is_now() {
    let (mut sandbox, worktree) = project();
    unset(&worktree);
    sandbox.force_remove_with_remarks("feat");
    sandbox.mv("Dev", "Code");
    sandbox.restore_with_remarks("feat");
    let now = sandbox.root.join("Code/tally-feat");
    assert_eq!(read(&now.join("committed")), "one");
    assert_eq!(sandbox.list()[0]["problems"], json!([]));
}

#[test]
#[cfg(target_os = "linux")]
fn a_resume_that_follows_and_is_killed_at_some_of_its_steps_is_finished_by_another() {
    use crate::killed::steps::{sample, strace_is_there};
    if !strace_is_there() {
        return;
    }
    let (mut sandbox, _) = project();
    let (mut here, mut there) = ("Dev", "Code");
    let mut follow_again = |sandbox: &mut Sandbox| {
        sandbox.restart();
        sandbox.mv(here, there);
        (here, there) = (there, here);
    };
    follow_again(&mut sandbox);
    let mut steps = sandbox.steps_of("resume feat");
    // What it does when all names the new place is tried elsewhere.
    steps.truncate(steps.len() / 2);
    for step in sample(steps) {
        follow_again(&mut sandbox);
        println!("killed at {step}");
        sandbox.is_killed_at(&step, "resume feat");
        sandbox.run("resume").goes_well();
        sandbox.assert_has_work(&sandbox.main.with_file_name("tally-feat"));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_restore_into_a_moved_project_that_is_killed_at_some_of_its_steps_is_finished_by_another() {
    use crate::killed::steps::{sample, strace_is_there};
    if !strace_is_there() {
        return;
    }
    let mut sandbox = removed();
    let (mut here, mut there) = ("Dev", "Code");
    let mut move_again = |sandbox: &mut Sandbox| {
        sandbox.mv(here, there);
        (here, there) = (there, here);
    };
    move_again(&mut sandbox);
    let steps = sandbox.steps_of("restore feat");
    for step in sample(steps) {
        sandbox.force_remove_with_remarks("feat");
        move_again(&mut sandbox);
        println!("killed at {step}");
        sandbox.is_killed_at(&step, "restore feat");
        let verb = match sandbox.names()[..] {
            [] => "restore",
            _ => "resume",
        };
        sandbox.run([verb, "feat"]).goes_well();
        sandbox.assert_has_work(&sandbox.main.with_file_name("tally-feat"));
    }
}
