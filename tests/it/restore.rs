//! `restore`: what was removed comes back as it was.

mod clock;
mod damaged;
mod inside;
mod other_disk;
mod portrait;
mod refusals;
mod whole;

use crate::sandbox::{PROGRAM, Sandbox, eventually, read, read_json, write};
use serde_json::json;
use std::fs;

#[test]
fn restore_brings_back_the_session_with_its_ports_its_windows_and_what_claude_knew() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let (store, ports) = (sandbox.store(), sandbox.ports("feat"));
    let json = sandbox.home.join(".claude.json");
    let mut claude = read_json(&json);
    claude["projects"][worktree.to_str().unwrap()]["history"] = json!(["asked"]);
    write(&json, claude.to_string());
    let told = "removed feat\n  for 14 days it can be had back: tally-session restore feat\n";
    sandbox.run("remove feat").says(told);
    assert_eq!(sandbox.names(), Vec::<String>::new());
    let entries = &read_json(&json)["projects"];
    assert!(entries.get(worktree.to_str().unwrap()).is_none());
    let words = "restored feat\nresumed feat: tally-session attach feat\n";
    sandbox.run("restore feat").says(words);
    sandbox.await_programs("feat", 2);
    assert_eq!(sandbox.store(), store);
    assert_eq!(sandbox.ports("feat"), ports);
    let entry = &read_json(&json)["projects"][worktree.to_str().unwrap()];
    assert_eq!(entry["history"], json!(["asked"]));
    assert_eq!(sandbox.list()[0]["problems"], json!([]));
    sandbox
        .run("list --removed")
        .says("nothing was removed that can be had back\n");
}

#[test]
fn restore_continues_the_conversation_that_it_had_though_a_later_session_had_another() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.enter("feat", "claude", "the first");
    sandbox.await_event("said", "claude", "feat", 1);
    let first = sandbox.started("claude", "feat").pop().unwrap().id;
    sandbox.remove("feat");
    sandbox.add_again("feat");
    sandbox.remove_for_good("feat");
    sandbox.run("restore feat").succeeds();
    let claude = sandbox.await_start("claude", "feat", 3);
    assert_eq!(claude.id, first);
}

#[test]
fn of_two_of_one_name_the_last_comes_back_and_the_older_one_by_what_the_list_says() {
    let sandbox = Sandbox::new();
    for text in ["one", "two"] {
        let worktree = sandbox.add_again("feat");
        write(&worktree.join("notes.sqlite3"), text);
        let told = "removed feat\n  with it went: notes.sqlite3\n[...]";
        sandbox.run("remove feat").says(told);
    }
    let list = sandbox.run("list --removed").says(
        "NAME  REMOVED   KEPT          SIZE[..]GET IT BACK\n\
         feat  just now  14 days more  [..]B  tally-session restore feat\n\
         feat  just now  14 days more  [..]B  tally-session restore feat@[..]\n",
    );
    let older = list.stdout.lines().last().unwrap();
    let older = older.rsplit(' ').next().unwrap();
    let notes = sandbox.worktree("feat").join("notes.sqlite3");
    sandbox.restore("feat");
    assert_eq!(read(&notes), "two");
    sandbox.remove_for_good("feat");
    let words = "restored feat\n[...]";
    sandbox.run(["restore", older]).says(words);
    assert_eq!(read(&notes), "one");
}

#[test]
fn ports_that_another_session_has_by_now_are_told_and_followed_by_the_variables() {
    let sandbox = Sandbox::new().with("feat");
    let (backend, frontend) = sandbox.ports("feat");
    sandbox.remove("feat");
    sandbox.add("other");
    assert_eq!(sandbox.ports("other"), (backend, frontend));
    sandbox.restore_telling("feat", &format!(
            "warning: the backend of feat moved from port {backend} to [..]: another session has that by now\n\
             warning: the frontend of feat moved from port {frontend} to [..]: another session has that by now\n"
        ));
    let now = sandbox.ports("feat");
    assert!(now.0 != backend && now.1 != frontend);
    let env = read(&sandbox.worktree("feat").join("frontend/.env"));
    assert!(
        env.contains(&format!("VITE_API_URL=http://localhost:{}\n", now.0)),
        "{env}"
    );
}

#[test]
fn purge_deletes_for_good_and_says_what_is_lost() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let tip = sandbox.commit(&worktree, "file", "work");
    write(&worktree.join("notes.sqlite3"), "notes");
    sandbox.force_remove("feat");
    let lost = "feat, removed just now: [..]B of files\n  in no commit: notes.sqlite3\n  on no branch and no remote: [..] Change file\n";
    sandbox.run("purge feat").fails(&format!(
        "{lost}error: what is deleted can't be had back, and there is no terminal to ask on\n\
         hint: delete it without a question: tally-session purge --yes feat@[..]\n"
    ));
    sandbox
        .run("purge --yes feat")
        .is(0, "deleted feat\n", lost);
    sandbox.run("restore feat").fails(
        "error: nothing of the name feat was removed, or it is deleted by now\nhint: see what there is: tally-session list --removed\n",
    );
    let refs = sandbox.git_main("for-each-ref refs/tally-session");
    assert_eq!(refs, "");
    eventually("the files are deleted", || {
        let trash = fs::read_dir(sandbox.main.join(".git/tally-session/trash"));
        trash.unwrap().next().is_none().then_some(())
    });
    sandbox.git_main("gc -q --prune=now");
    assert!(!sandbox.has_object(&tip));
}

#[test]
fn purge_asks_on_a_terminal_and_does_nothing_at_a_no() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.remove("feat");
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("purge feat");
    terminal.await_text("delete it for good?");
    terminal.enter("n");
    let (status, screen) = terminal.await_status();
    assert_eq!(status, 1, "{screen}");
    terminal.clear();
    terminal.run("purge feat");
    terminal.await_text("delete it for good?");
    terminal.enter("y");
    let (status, screen) = terminal.await_status();
    assert_eq!(status, 0, "{screen}");
    let told = "nothing was removed that can be had back\n";
    sandbox.run("list --removed").says(told);
}

#[test]
fn remove_purge_refuses_first_then_names_what_would_be_lost_and_does_nothing_at_a_no() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let tip = sandbox.commit(&worktree, "file", "work");
    sandbox.git(&worktree, "reset -q --hard HEAD~");
    sandbox.commit(&worktree, "other", "more");
    write(&worktree.join("notes.sqlite3"), "notes");
    sandbox
        .run_changes_nothing("remove --purge feat")
        .fails("error: the session feat has 1 commit that [..]\nhint: [..]\nhint: remove it all the same: tally-session remove --force --purge feat\n");
    // What is on no branch any more goes too.
    let lost =
        "feat: [..]B of files\n  in no commit: notes.sqlite3\n  on no branch and no remote: ";
    sandbox.run_changes_nothing("remove --purge --keep-branch feat").fails(&format!(
        "{lost}[..] Change file\nerror: what is deleted can't be had back, and there is no terminal to ask on\n\
         hint: delete it without a question: tally-session remove --keep-branch --purge --yes feat\n"
    ));
    let terminal = sandbox.terminal(&sandbox.main);
    let before = sandbox.snapshot();
    terminal.run("-q remove --purge --force feat");
    let screen = terminal.await_text("delete it for good?");
    assert!(screen.contains("Change other"), "{screen}");
    assert!(screen.contains("Change file"), "{screen}");
    terminal.enter("n");
    let (status, screen) = terminal.await_status();
    assert_eq!(status, 1, "{screen}");
    sandbox.assert_unchanged_since(&before);
    terminal.clear();
    terminal.run("remove --purge --keep-branch feat");
    terminal.await_text("delete it for good?");
    // What comes while it asks is not what the user has agreed to.
    write(&worktree.join("late"), "late");
    terminal.enter("y");
    let (status, screen) = terminal.await_status();
    assert_eq!(status, 1, "{screen}");
    assert!(screen.contains("not committed: late"), "{screen}");
    assert_eq!(sandbox.names(), ["feat"]);
    terminal.clear();
    terminal.run("remove --purge --force feat");
    terminal.await_text("delete it for good?");
    terminal.enter("y");
    let (status, screen) = terminal.await_status();
    assert_eq!(status, 0, "{screen}");
    assert!(screen.contains("removed feat for good"), "{screen}");
    sandbox.git_main("gc -q --prune=now");
    assert!(!sandbox.has_object(&tip));
}

#[test]
fn remove_purge_asks_nothing_in_a_window_that_goes_with_the_session() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.enter("feat", "shell", &format!("{PROGRAM} remove --purge feat"));
    sandbox.await_screen("feat", "shell", |screen| {
        screen.contains("this window of feat closes before you could answer")
            && screen.contains("question: tally-session remove --purge --yes feat")
    });
    sandbox.enter(
        "feat",
        "shell",
        &format!("{PROGRAM} remove --purge -y feat"),
    );
    eventually("the session is removed, and deleted", || {
        let left = sandbox.run("list --removed").stdout;
        (sandbox.names().is_empty() && left.starts_with("nothing")).then_some(())
    });
}

#[test]
fn what_is_older_than_its_days_is_deleted_by_the_next_command_but_for_commits_that_nothing_else_holds()
 {
    let sandbox = Sandbox::new();
    sandbox.lay_out("keep_removed = 0\n");
    sandbox.add("plain");
    let worktree = sandbox.add("feat");
    let tip = sandbox.commit(&worktree, "file", "work");
    sandbox.run("remove --force plain feat").says("removed plain\n  its files are not kept\nremoved feat\n  its files are not kept; its commits are: tally-session add feat --from [..]\n");
    let list = sandbox.run("list --removed").succeeds();
    assert!(!list.stdout.contains("restore feat"), "{}", list.stdout);
    let trash = sandbox.main.join(".git/tally-session/trash");
    eventually("the files are deleted", || {
        let left: Vec<_> = fs::read_dir(&trash)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        let [only] = &left[..] else { return None };
        (!only.join("worktree").exists() && !only.join("git").exists()).then_some(())
    });
    sandbox.git_main("gc -q --prune=now");
    assert!(sandbox.has_object(&tip));
    sandbox.run("list --removed").says(&format!(
        "NAME  REMOVED   KEPT         SIZE[..]GET IT BACK\n\
             feat  just now  its commits  [..]  tally-session add feat --from {tip}\n"
    ));
    sandbox.run("restore feat").fails(&format!(
        "error: the files of feat are deleted, as their time is over; its commits are kept\n\
         hint: make a session of them: tally-session add feat --from {tip}\n"
    ));
    sandbox.run(["add", "feat", "--from", &tip]).succeeds();
    assert_eq!(read(&sandbox.worktree("feat").join("file")), "work");
}

#[test]
fn list_removed_has_all_of_it_as_json_too() {
    let sandbox = Sandbox::new();
    sandbox.run("list --removed --json").says("[]\n");
    sandbox.add("feat/pay");
    sandbox.remove("feat/pay");
    let list = sandbox.run("list --removed --json").succeeds();
    let list: serde_json::Value = serde_json::from_str(&list.stdout).unwrap();
    assert_eq!(list[0]["name"], "feat/pay");
    assert_eq!(list[0]["branch"], "feat/pay");
    let times = [&list[0]["removed_at"], &list[0]["kept_until"]].map(|time| time.as_u64().unwrap());
    assert_eq!(times[1] - times[0], 14 * 24 * 60 * 60);
    assert!(list[0]["bytes"].as_u64().unwrap() > 0);
    let same = sandbox.run("restore").succeeds();
    assert_eq!(same.stdout, sandbox.run("list --removed").stdout);
}

#[test]
fn remove_purge_tells_the_size_of_what_goes_and_not_of_what_went_before() {
    let (sandbox, worktree) = Sandbox::new().with("feat").with_worktree("large");
    write(&worktree.join("notes.sqlite3"), "x".repeat(20_000_000));
    sandbox.run(["remove", "large"]).succeeds();
    let removed = sandbox.run(["remove", "--purge", "--yes", "feat"]);
    removed.is(
        0,
        "removed feat for good\n",
        "feat: [..] kB of files\n[...]",
    );
}
