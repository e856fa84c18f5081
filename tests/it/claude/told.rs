//! What a session and its Claude tell each other, and what Claude's own daemon gets to know of it.

use crate::sandbox::{PROGRAM, Sandbox, eventually_or, only_in, read, read_json, unset, write};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The file of a session's settings.
fn settings(sandbox: &Sandbox) -> PathBuf {
    let admin = sandbox.main.join(".git/worktrees/tally-feat");
    admin.join("tally-session-settings.json")
}

/// Waits until tmux names these as waiting.
#[track_caller]
fn await_waiting(sandbox: &Sandbox, names: &str) {
    let now = || sandbox.tmux("display-message -p #{E:@tally_waiting}");
    let what = || format!("{names:?} waits, not {:?}", now());
    eventually_or(what, || (now().trim() == names).then_some(()));
}

#[test]
fn claude_has_the_session_s_variables_from_its_settings_and_what_it_starts_from_nobody_else() {
    for shell in ["bash", "zsh", "fish"] {
        let Some(sandbox) = Sandbox::with_shell(shell) else {
            continue;
        };
        let worktree = sandbox.add("feat");
        let claude = sandbox.await_start("claude", "feat", 1);
        let (backend, _) = sandbox.ports("feat");
        assert_eq!(claude.env["BACKEND_PORT"], backend.to_string(), "{shell}");
        let settled = sandbox.await_event("settled", "claude", "", 1);
        assert_eq!(settled.path, settings(&sandbox));
        let env = read_json(&settings(&sandbox))["env"].clone();
        for name in env.as_object().unwrap().keys() {
            let expected = (name == "TALLY_WORKTREE").then(|| worktree.to_str().unwrap());
            let inherited = settled.inherited.get(name).map(String::as_str);
            assert_eq!(inherited, expected, "{shell}: {name}");
        }
    }
}

#[test]
fn claude_hears_where_its_servers_are_each_time_it_starts() {
    let sandbox = Sandbox::new().with("feat");
    let (backend, frontend) = sandbox.ports("feat");
    for times in [1, 2] {
        let context = sandbox.await_start("claude", "feat", times).context;
        for part in [
            "the session feat of the project tally",
            &format!("backend: http://localhost:{backend}, in the window backend; "),
            &format!("frontend: http://localhost:{frontend}, in the window frontend; "),
            "logs feat frontend",
        ] {
            assert!(context.contains(part), "no {part} in {context}");
        }
        sandbox.restart();
        sandbox.run("resume").succeeds();
    }
}

#[test]
fn a_claude_that_is_done_is_named_until_the_next_word_or_a_look() {
    let sandbox = Sandbox::new().with("feat").with("other");
    sandbox.await_start("claude", "feat", 1);
    sandbox.enter("feat", "claude", "hello");
    await_waiting(&sandbox, "feat");
    let event = |event: &str| sandbox.run(["hook", event, "feat"]).says("");
    event("told");
    await_waiting(&sandbox, "");
    event("asks");
    await_waiting(&sandbox, "feat?");
    for window in ["shell", "claude"] {
        let pane = sandbox.pane("feat", window);
        sandbox.tmux(["select-window", "-t", &pane]);
    }
    await_waiting(&sandbox, "");
    event("done");
    await_waiting(&sandbox, "feat");
    sandbox.tmux("new-session -d -t =tally-feat -s group");
    event("done");
    await_waiting(&sandbox, "feat");
    let failed = sandbox.events_of("hook failed", "claude", "feat");
    assert!(failed.is_empty());
}

#[test]
fn a_layout_without_the_bell_has_claude_tell_nothing() {
    let sandbox = Sandbox::new();
    let layout = sandbox.main.join(".tally-session.toml");
    write(&layout, "[claude]\nbell = false\n");
    sandbox.add("feat");
    let hooks = read_json(&settings(&sandbox))["hooks"].clone();
    let names: Vec<_> = hooks.as_object().unwrap().keys().collect();
    assert_eq!(names, ["SessionStart"]);

    write(&layout, "[claude]\nbel = false\n");
    sandbox.run("list").fails(
        "error: [ROOT]/tally/.tally-session.toml is wrong: line 2: [..]bel[..]\nhint: [..]\n",
    );
    write(&layout, "[claude]\ncommand = \"\"\n");
    sandbox.run("list").fails(
        "error: [ROOT]/tally/.tally-session.toml is wrong: line 1: claude is empty, and a window runs it\nhint: [..]\n",
    );
}

#[test]
fn a_user_s_own_settings_are_the_ones_that_claude_gets() {
    let sandbox = Sandbox::new();
    let own = sandbox.root.join("own.json");
    write(
        &own,
        json!({ "env": { "TALLY_SESSION": "feat" }, "hooks": {} }).to_string(),
    );
    let layout = format!("claude = \"claude --settings {}\"\n", own.display());
    sandbox.lay_out(layout);
    sandbox.add("feat");
    let settled = sandbox.await_event("settled", "claude", "feat", 1);
    assert_eq!(settled.path, own);
    assert_eq!(
        sandbox.started("claude", "feat")[0].args,
        ["--name", "tally-feat"]
    );
}

#[test]
fn what_a_hook_can_t_do_claude_does_not_hear_of() {
    let sandbox = Sandbox::new().with("feat");
    let command = |event: &str| {
        let hooks = read_json(&settings(&sandbox))["hooks"].clone();
        hooks[event][0]["hooks"][0]["command"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let commands = ["SessionStart", "Stop"].map(command);
    let assert_silent = |commands: &[String]| {
        for command in commands {
            let mut shell = sandbox.command("/bin/sh", &sandbox.root);
            let ran = shell.args(["-c", command]).output().unwrap();
            assert!(ran.status.success(), "{command}: {ran:?}");
            assert!(ran.stdout.is_empty() && ran.stderr.is_empty(), "{ran:?}");
        }
    };
    sandbox.lay_out("broken");
    assert_silent(&commands);
    unset(&sandbox.main.join(".tally-session.toml"));
    sandbox.run("remove feat").succeeds();
    assert_silent(&commands);
    assert_silent(&commands.map(|command| command.replace(PROGRAM, "/gone/tally-session")));
}

#[test]
fn a_conversation_keeps_the_name_that_the_user_gave_it() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.enter("feat", "claude", "hello");
    let id = sandbox.await_event("said", "claude", "feat", 1).id;
    let id = id.as_str().unwrap();
    let transcript = only_in(&only_in(&sandbox.home.join(".claude/projects")));
    // A number behind its own name is Claude's, where another conversation has that.
    for (times, title, name) in [
        (2, "it's mine", "it's mine"),
        (3, "tally-feat (2)", "tally-feat"),
    ] {
        let line = json!({ "type": "custom-title", "customTitle": title });
        write(&transcript, format!("{}{line}\n", read(&transcript)));
        sandbox.restart();
        sandbox.run("resume").succeeds();
        let again = sandbox.await_start("claude", "feat", times);
        assert_eq!(again.args, ["--resume", id, "--name", name]);
    }
}

#[test]
fn what_goes_with_a_session_is_not_a_folder_that_has_only_what_was_put_there() {
    let sandbox = Sandbox::new();
    sandbox.ignore(".claude/\n");
    write(&sandbox.main.join(".claude/settings.local.json"), "{}");
    sandbox.add("feat");
    let told = "removed feat\n  for 14 days it can be had back: [..]\n";
    sandbox.run("remove feat").says(told);
}

#[test]
fn what_a_claude_sets_for_its_commands_no_tmux_server_gets() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.restart();
    let mut program = sandbox.program("resume");
    let of_claude = [
        ("CLAUDECODE", "1"),
        ("GIT_EDITOR", "true"),
        ("AI_AGENT", "claude"),
        ("CLAUDE_CODE_MESSAGING_TOKEN", "secret"),
        ("CLAUDE_CODE_SESSION_ID", "id"),
        ("COREPACK_ENABLE_AUTO_PIN", "0"),
    ];
    program.envs(of_claude).env("CLAUDE_CODE_USE_BEDROCK", "1");
    sandbox.outcome(&mut program).succeeds();
    let shown = sandbox.tmux("show-environment -g");
    let shown: BTreeMap<_, _> = shown
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();
    for (name, _) in of_claude {
        assert_eq!(shown.get(name), None, "{name}");
    }
    assert_eq!(shown.get("CLAUDE_CODE_USE_BEDROCK"), Some(&"1"));
    // Set by the user, it is the user's.
    sandbox.restart();
    sandbox
        .outcome(sandbox.program("resume").env("GIT_EDITOR", "nano"))
        .succeeds();
    assert!(
        sandbox
            .tmux("show-environment -g")
            .contains("GIT_EDITOR=nano")
    );
}

#[test]
fn the_claude_of_the_session_s_own_window_is_the_one_that_is_told() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let own = sandbox.claude_s_file("feat");
    let tell = |path: &PathBuf, about: &Value| write(path, about.to_string());
    let original = read_json(&own);
    let about = |doing: &str| {
        let mut about = original.clone();
        about["status"] = doing.into();
        about
    };
    // Another one, in the shell's window.
    let mut child = sandbox.command("sleep", &worktree);
    let mut child = child.arg("600").spawn().unwrap();
    let other = own.with_file_name(format!("{}.json", child.id()));
    let mut others = about("waiting");
    others["pid"] = child.id().into();
    others["sessionId"] = "another".into();
    others.as_object_mut().unwrap().remove("tmux");
    let told = || {
        let listed = &sandbox.list()[0];
        (
            listed["claude"].clone(),
            listed["claude_in_background"].clone(),
        )
    };
    for doing in ["idle", "shell", "busy", "waiting"] {
        tell(&other, &others);
        tell(&own, &about(doing));
        assert_eq!(told(), (json!(doing), json!(false)));
    }
    // It has gone into the background, where it waits.
    let mut parked = about("idle");
    parked["parkedJobId"] = "a1b2c3".into();
    tell(&own, &parked);
    others["kind"] = "bg".into();
    others["jobId"] = "a1b2c3".into();
    tell(&other, &others);
    assert_eq!(told(), (json!("waiting"), json!(true)));
    let words = "NAME [..]\nfeat [..] waiting (background) [..]\n";
    sandbox.run("list").says(words);
    // One that the daemon only keeps ready is nobody.
    others["spare"] = true.into();
    tell(&other, &others);
    tell(&own, &about("idle"));
    assert_eq!(told(), (json!("idle"), json!(false)));
    sandbox.stop("feat");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_claude_in_the_background_that_left_the_worktree_is_the_session_s_by_where_it_began() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.add("other");
    sandbox.restart();
    let elsewhere = sandbox.root.join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let mut child = sandbox.command("sleep", &elsewhere);
    let mut child = child.arg("600").spawn().unwrap();
    let id = "aaaaaaaa-0000-0000-0000-000000000000";
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let about = json!({
        "pid": child.id(), "cwd": elsewhere, "kind": "bg", "status": "busy", "jobId": "aaaaaaaa", "sessionId": id,
        "startedAt": u64::try_from(now).unwrap(),
    });
    let home = sandbox.home.join(".claude");
    write(
        &home.join(format!("sessions/{}.json", child.id())),
        about.to_string(),
    );
    let begun = json!({ "type": "user", "cwd": worktree, "entrypoint": "cli", "timestamp": "2026-01-01T00:00:00Z" });
    write(
        &home.join(format!("projects/-elsewhere/{id}.jsonl")),
        begun.to_string(),
    );
    let listed = sandbox.list();
    let told = |at: usize| [&listed[at]["claude"], &listed[at]["claude_in_background"]];
    assert_eq!(told(0), [&json!("busy"), &json!(true)]);
    assert_eq!(told(1), [&json!(null), &json!(null)]);
    for verb in ["stop", "remove"] {
        sandbox.run_changes_nothing([verb, "feat"]).fails(&format!(
            "error: the session feat has a Claude that works in the background\n\
             hint: look at it: claude attach aaaaaaaa, or end it: claude stop aaaaaaaa\n\
             hint: [..] it all the same: tally-session {verb} --force feat\n"
        ));
    }
    sandbox.run("remove other").succeeds();
    child.kill().unwrap();
    child.wait().unwrap();
    sandbox.run("remove feat").succeeds();
}
