//! `list`: what is shown of each session.

mod terminal;

use crate::sandbox::{Sandbox, read, read_json, signal, unset, write};
use rustix::process::Signal;
use serde_json::{Value, json};

#[test]
fn list_shows_a_table_of_all_sessions_in_their_order() {
    let sandbox = Sandbox::new().with("zebra").with("ape");
    let (zebra, ape) = (sandbox.ports("zebra"), sandbox.ports("ape"));
    sandbox.run("list").says(&format!(
        "NAME [..]STATE [..]BACKEND [..]FRONTEND [..]BRANCH [..]CHANGES [..]CLAUDE [..]WORKTREE\n\
             zebra [..]running [..]{} [..]{} [..]zebra [..]-[..] idle [..][ROOT]/tally-zebra\n\
             ape [..]running [..]{} [..]{} [..]ape [..]-[..] idle [..][ROOT]/tally-ape\n",
        zebra.0, zebra.1, ape.0, ape.1
    ));
}

#[test]
fn list_and_resume_without_sessions_say_so_and_how_to_add_one() {
    let sandbox = Sandbox::new();
    for verb in ["list", "resume"] {
        let told = "[..]no session[..]tally-session add [..]\n";
        sandbox.run_changes_nothing(verb).says(told);
    }
    assert_eq!(sandbox.list(), Vec::<Value>::new());
}

#[test]
fn list_shows_ports_as_urls_on_a_terminal() {
    let sandbox = Sandbox::new().with("feat");
    let (backend, frontend) = sandbox.ports("feat");
    let (status, screen) = sandbox.on_terminal("list");
    assert_eq!(status, 0);
    for port in [backend, frontend] {
        assert!(
            screen.contains(&format!("http://localhost:{port}")),
            "{screen}"
        );
    }
}

#[test]
fn list_json_has_these_keys_in_this_order() {
    let sandbox = Sandbox::new().with("feat/pay");
    let (backend, frontend) = sandbox.ports("feat/pay");
    let before = sandbox.snapshot();
    let listed = sandbox.list();
    sandbox.assert_unchanged_since(&before);
    let expected = json!([{
        "name": "feat/pay",
        "branch": "feat/pay",
        "worktree": "[ROOT]/tally-feat-pay",
        "backend_port": backend,
        "frontend_port": frontend,
        "backend_url": format!("http://localhost:{backend}"),
        "frontend_url": format!("http://localhost:{frontend}"),
        "tmux_session": "tally-feat-pay",
        "state": "running",
        "attached": false,
        "backend_up": false,
        "frontend_up": false,
        "changes": 0,
        "ahead": 0,
        "behind": 0,
        "claude": "idle",
        "problems": [],
        "merged": false,
        "claude_in_background": false,
        "windows": {
            "backend": "runs",
            "frontend": "runs",
            "claude": "runs",
            "shell": "runs",
            "cli": "runs",
        },
    }]);
    assert_eq!(Value::from(listed).to_string(), expected.to_string());
}

#[test]
fn list_tells_a_stopped_session_from_a_running_one() {
    let sandbox = Sandbox::new().with("one").with("two");
    sandbox.kill_windows("one");
    let listed = sandbox.list();
    assert_eq!(
        [&listed[0]["state"], &listed[1]["state"]],
        ["stopped", "running"]
    );
    sandbox.restart();
    let told = "NAME [..]\none [..] stopped [..]\ntwo [..] stopped [..]\n";
    sandbox.run("list").says(told);
}

#[test]
fn list_names_the_problem_of_a_broken_session_below_the_table() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.add("fine");
    sandbox.restart();
    unset(&worktree);
    let listed = sandbox.list();
    assert_eq!(listed[0]["state"], "broken");
    for unknown in ["changes", "claude"] {
        assert_eq!(listed[0][unknown], Value::Null, "{unknown}");
    }
    let problem = listed[0]["problems"][0].as_str().unwrap();
    assert!(problem.contains("tally-session resume feat"), "{problem}");
    assert_eq!(listed[1]["problems"], json!([]));
    sandbox.run("list").says("NAME [..]\nfeat [..] broken [..]\nfine [..] stopped [..]\nfeat: [..][ROOT]/tally-feat[..]gone[..]\n");
    sandbox.git_main("worktree prune");
    sandbox.git_main("branch -D feat");
    let listed = sandbox.list();
    for unknown in ["changes", "ahead", "behind"] {
        assert_eq!(listed[0][unknown], Value::Null, "{unknown}");
    }
    let problem = listed[0]["problems"][0].as_str().unwrap();
    assert!(problem.contains("tally-session remove feat"), "{problem}");
}

#[test]
fn list_counts_changed_files_and_commits_ahead_of_and_behind_the_main_checkout_s_branch() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.commit(&worktree, "one", "1");
    sandbox.commit(&worktree, "two", "2");
    sandbox.commit(&sandbox.main, "three", "3");
    for file in ["README.md", "backend/new.py", "backend/newer.py"] {
        write(&worktree.join(file), "changed");
    }
    let listed = &sandbox.list()[0];
    let counts = ["changes", "ahead", "behind"].map(|key| &listed[key]);
    assert_eq!(counts, [3, 2, 1]);
}

#[test]
fn list_counts_commits_with_a_git_that_counts_one_branch_at_a_time() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.add("same");
    sandbox.add("gone");
    sandbox.commit(&worktree, "one", "1");
    sandbox.commit(&sandbox.main, "two", "2");
    sandbox.git(&sandbox.worktree("gone"), "switch -q --detach");
    sandbox.git_main("branch -q -D gone");
    // As git 2.40 says it.
    sandbox.intercept(
        "git",
        "*ahead-behind*",
        r#"echo "fatal: unknown field name" >&2; exit 128"#,
    );
    let distances: Vec<_> = sandbox
        .list()
        .iter()
        .map(|session| [session["ahead"].clone(), session["behind"].clone()])
        .collect();
    let found = json!(distances);
    assert_eq!(found, json!([[1, 1], [0, 1], [Value::Null, Value::Null]]));
}

#[test]
fn list_shows_sessions_beside_a_main_checkout_without_a_commit() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.git_main("symbolic-ref HEAD refs/heads/not-yet");
    let listed = &sandbox.list()[0];
    assert_eq!(listed["state"], "running");
    assert_eq!(listed["problems"], json!([]));
    assert_eq!(listed["ahead"], Value::Null);
}

#[test]
fn list_asks_tmux_once_and_git_once_about_all_branches_and_once_in_each_worktree_with_changes() {
    let sandbox = Sandbox::new();
    for name in ["one", "two", "three"] {
        write(&sandbox.add(name).join("README.md"), "");
    }
    // An older git has to be asked about each branch.
    sandbox.intercept(
        "git",
        "*ahead-behind*",
        r#"printf 'refs/heads/one\0tree\0%s\n' "2 3"; exit"#,
    );
    let outcome = sandbox.run("-v list");
    let asked = |what: &str| {
        outcome
            .stderr
            .lines()
            .filter(|line| line.contains(what))
            .count()
    };
    assert_eq!(
        (
            asked(" tmux "),
            asked("ahead-behind:HEAD"),
            asked(" status ")
        ),
        (1, 1, 3),
        "{outcome}"
    );
    assert_eq!(asked("+ "), 5, "{outcome}");
    assert!(outcome.stdout.contains("+2 -3"), "{outcome}");
}

#[test]
fn list_says_which_ports_are_served() {
    let sandbox = Sandbox::serving().with("feat");
    let up = |service: &str| sandbox.list()[0][service].clone();
    assert_eq!([up("backend_up"), up("frontend_up")], [true, true]);
    let server = sandbox.end_server("feat");
    sandbox.await_end(server);
    assert_eq!([up("backend_up"), up("frontend_up")], [false, true]);
}

#[test]
fn list_says_which_session_a_terminal_shows() {
    let sandbox = Sandbox::new().with("one").with("two");
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("attach two");
    sandbox.await_client("tally-two");
    let listed = sandbox.list();
    assert_eq!(
        [&listed[0]["attached"], &listed[1]["attached"]],
        [false, true]
    );
}

#[test]
fn list_says_what_claude_does_and_nothing_of_one_that_died_or_never_ran() {
    let sandbox = Sandbox::new().with("feat");
    let told = || sandbox.list()[0]["claude"].clone();
    let file = sandbox.claude_s_file("feat");
    for status in ["busy", "idle", "waiting"] {
        sandbox.have_claude("feat", status);
        assert_eq!(told(), status);
    }
    let about = read(&file);
    for different in ["{\"pid\": 1}", "not json", "[]"] {
        write(&file, different);
        assert_eq!(told(), Value::Null, "{different}");
    }
    write(&file, about);
    let claude = sandbox.started("claude", "feat")[0].pid;
    signal(claude, Signal::KILL);
    sandbox.await_end(claude);
    assert!(file.exists());
    assert_eq!(told(), Value::Null);
    unset(&sandbox.home.join(".claude"));
    assert_eq!(told(), Value::Null);
}

#[test]
fn list_says_nothing_of_a_process_that_has_a_dead_claude_s_id() {
    let sandbox = Sandbox::new().with("feat");
    let file = sandbox.claude_s_file("feat");
    let mut about = read_json(&file);
    let shell = sandbox.windows("feat", "#{pane_pid}")[3].clone();
    about["pid"] = shell.parse::<u32>().unwrap().into();
    // The dead one began an hour before the process that has its number now.
    about["startedAt"] = (about["startedAt"].as_u64().unwrap() - 3_600_000).into();
    unset(&file);
    write(
        &file.with_file_name(format!("{shell}.json")),
        about.to_string(),
    );
    assert_eq!(sandbox.list()[0]["claude"], Value::Null);
}
