//! Many processes at once: no port twice, no record and no write of anybody's lost, one winner for one name.

mod claude;
mod lock;

#[cfg(target_os = "linux")]
use crate::failing::{has_strace, is_passed_over};
use crate::sandbox::{PROGRAM, Sandbox, read_json};
use claude::Claude;
use serde_json::json;
use std::collections::BTreeSet;
use std::process::{Child, Output};

/// How many processes run at once.
const MANY: usize = 16;

/// Runs commands at once, and gives what became of each.
fn run_all(sandbox: &Sandbox, commands: &[Vec<&str>]) -> Vec<Output> {
    let children: Vec<_> = commands.iter().map(|args| sandbox.start(args)).collect();
    let ends = children.into_iter().map(Child::wait_with_output);
    ends.map(Result::unwrap).collect()
}

/// What a command said on stderr, but for that it waited.
fn remarks(output: &Output) -> String {
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    let lines = stderr.lines().filter(|line| !line.starts_with("waiting "));
    lines.collect::<Vec<_>>().join("\n")
}

/// Runs commands at once, which all must succeed and have nothing to remark.
#[track_caller]
fn all_succeed(sandbox: &Sandbox, commands: &[Vec<&str>]) {
    for (args, output) in commands.iter().zip(run_all(sandbox, commands)) {
        let remarks = remarks(&output);
        assert!(output.status.success(), "{args:?}: {remarks}");
        assert!(remarks.is_empty(), "{args:?}: {remarks}");
    }
}

fn names(first: &str) -> Vec<String> {
    (0..MANY).map(|number| format!("{first}{number}")).collect()
}

fn each<'a>(command: &'a str, names: &'a [String]) -> Vec<Vec<&'a str>> {
    names.iter().map(|name| vec![command, name]).collect()
}

/// These sessions are there and no other, whole, and no two with one port.
#[track_caller]
fn assert_there_are(sandbox: &Sandbox, wanted: &[String]) {
    let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(set(&sandbox.names()), set(wanted));
    let sessions = sandbox.list();
    let ports: BTreeSet<_> = sessions
        .iter()
        .flat_map(|session| ["backend_port", "frontend_port"].map(|port| session[port].as_u64()))
        .collect();
    assert_eq!(ports.len(), 2 * wanted.len());
    for session in &sessions {
        let is_whole = session["state"] == "running"
            && session["problems"] == json!([])
            && session["changes"] == 0;
        assert!(is_whole, "{session}");
    }
    let claude = read_json(&sandbox.claude_json());
    let entries: BTreeSet<_> = claude["projects"].as_object().unwrap().keys().collect();
    let mut folders: Vec<_> = wanted.iter().map(|name| sandbox.worktree(name)).collect();
    folders.push(sandbox.main.clone());
    let folders: Vec<_> = folders
        .iter()
        .map(|path| path.to_str().unwrap().to_owned())
        .collect();
    assert_eq!(entries, folders.iter().collect());
    let listed = sandbox.git_main("worktree list");
    assert_eq!(listed.lines().count(), wanted.len() + 1, "{listed}");
    assert_eq!(sandbox.tmux_sessions().len(), wanted.len());
}

#[test]
fn sixteen_adds_at_once_all_succeed_and_as_many_removes_clear_them() {
    let sandbox = Sandbox::new();
    let claude = Claude::start(&sandbox);
    let names = names("feat");
    all_succeed(&sandbox, &each("add", &names));
    assert_there_are(&sandbox, &names);
    for name in &names {
        sandbox.await_programs(name, 1);
    }
    let writes = claude.assert_no_write_lost();
    assert!(writes >= MANY, "{writes}");
    all_succeed(&sandbox, &each("remove", &names));
    assert_eq!(sandbox.store(), json!({}));
    assert_eq!(sandbox.git_main("branch"), "* main");
    assert!(sandbox.tmux_sessions().is_empty());
    claude.assert_no_write_lost();
}

#[cfg(target_os = "linux")]
#[test]
fn an_add_comes_through_where_claude_writes_all_the_time_and_the_disk_is_slow() {
    let sandbox = Sandbox::new();
    if is_passed_over("strace", has_strace(&sandbox)) {
        return;
    }
    let claude = Claude::start(&sandbox);
    let mut strace = sandbox.command("strace", &sandbox.main);
    strace.args(["-qq", "-o", "/dev/null", "-e", "trace=fsync"]);
    strace.args(["-e", "inject=fsync:delay_exit=20000"]);
    strace.args([PROGRAM, "add", "feat"]);
    sandbox.outcome(&mut strace).succeeds();
    claude.assert_no_write_lost();
    let entry = sandbox.claude_s_entry(&sandbox.worktree("feat"));
    assert_eq!(entry["hasTrustDialogAccepted"], true);
}

#[test]
fn of_sixteen_adds_of_one_name_one_wins_and_the_others_say_so() {
    let sandbox = Sandbox::new();
    let claude = Claude::start(&sandbox);
    let outputs = run_all(&sandbox, &vec![vec!["add", "feat"]; MANY]);
    let (winners, losers): (Vec<_>, Vec<_>) =
        outputs.iter().partition(|output| output.status.success());
    assert_eq!(winners.len(), 1);
    assert_eq!(remarks(winners[0]), "");
    for loser in losers {
        let remarks = remarks(loser);
        assert_eq!(loser.status.code(), Some(1), "{remarks}");
        assert!(
            remarks.starts_with("error: there is a session feat already\nhint: "),
            "{remarks}"
        );
    }
    sandbox.await_programs("feat", 1);
    sandbox.settle("feat", "shell");
    assert_eq!(sandbox.started("claude", "feat").len(), 1);
    assert_eq!(sandbox.windows("feat", "#{window_name}").len(), 5);
    assert_there_are(&sandbox, &["feat".to_owned()]);
    claude.assert_no_write_lost();
}

#[test]
fn adds_removes_and_resumes_of_all_at_once_after_a_restart_all_succeed() {
    let sandbox = Sandbox::new();
    let claude = Claude::start(&sandbox);
    let (old, new) = (names("old"), names("new"));
    let (old, new) = (&old[..MANY / 2], &new[..MANY / 2]);
    all_succeed(&sandbox, &each("add", old));
    for name in old {
        sandbox.await_programs(name, 1);
    }
    sandbox.restart();
    let (gone, kept) = old.split_at(old.len() / 2);
    let mut commands = each("remove", gone);
    commands.extend(each("add", new));
    commands.extend(vec![vec!["resume"]; MANY / 4]);
    assert_eq!(commands.len(), MANY);
    all_succeed(&sandbox, &commands);
    let there = [kept, new].concat();
    assert_there_are(&sandbox, &there);
    for name in kept {
        sandbox.await_programs(name, 2);
        sandbox.settle(name, "shell");
        assert_eq!(sandbox.started("claude", name).len(), 2, "{name}");
    }
    claude.assert_no_write_lost();
}
