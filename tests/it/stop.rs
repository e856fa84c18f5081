//! `stop`, `restart` and `logs`, and what is meant where no name is typed.

use crate::sandbox::{PROGRAM, Sandbox, unset, until};
use serde_json::json;

#[test]
fn stop_closes_the_windows_and_keeps_all_else() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.add("other");
    let store = sandbox.store();
    sandbox.stop("feat");
    assert_eq!(sandbox.tmux_sessions(), ["tally-other"]);
    assert_eq!(sandbox.list()[0]["state"], "stopped");
    assert!(worktree.join("backend/db.sqlite3").exists());
    assert_eq!(sandbox.store(), store);
    sandbox
        .run_changes_nothing("stop feat")
        .says("feat is stopped already\n");
    sandbox.resume("feat");
}

#[test]
fn stop_refuses_a_session_whose_claude_is_busy_unless_forced() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.have_claude("feat", "busy");
    for verb in ["stop", "restart"] {
        sandbox.run_changes_nothing([verb, "feat"]).fails(&format!(
            "error: the session feat has a Claude that is busy\n\
             hint: look at it: tally-session attach feat\n\
             hint: stop it all the same: tally-session {verb} --force feat\n"
        ));
    }
    sandbox.run("stop --force feat").says("stopped feat\n");
}

#[test]
fn restart_has_a_changed_layout_take_effect() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.lay_out("[[window]]\nname = \"only\"\n");
    sandbox
        .run("restart feat")
        .says("stopped feat\nresumed feat[..]\n");
    assert_eq!(sandbox.windows("feat", "#{window_name}"), ["only"]);
}

#[test]
fn a_window_that_was_moved_elsewhere_is_closed_too() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.tmux("new-session -d -s other");
    let pane = sandbox.pane("feat", "frontend");
    sandbox.tmux(["move-window", "-s", &pane, "-t", "other:7"]);
    sandbox.stop("feat");
    assert_eq!(sandbox.tmux_sessions(), ["other"]);
    let windows = sandbox.tmux("list-windows -t =other: -F #{window_name}");
    assert_eq!(windows.lines().count(), 1, "{windows}");
}

#[test]
fn logs_shows_the_end_of_the_servers_windows_or_of_one() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox
        .run("logs feat")
        .says("==> backend <==\n$ [..]runserver [..]\n\n==> frontend <==\n$ [..]npm run dev[..]\n");
    sandbox.enter("feat", "shell", "seq 100");
    sandbox.await_text("feat", "shell", "\n100\n");
    let last = sandbox.run("logs feat shell -n 3");
    last.says("99\n100\n$\n");
    let mut here = sandbox.program_in(&worktree, "logs cli");
    sandbox
        .outcome(&mut here)
        .says("$ [..]\n$ python manage.py\n");
    sandbox
        .run("logs feat nosuch")
        .fails("error: feat has no window nosuch\nhint: it has these: backend, frontend, claude, shell, cli\n");
    sandbox.stop("feat");
    sandbox.run("logs feat").fails(
        "error: the servers' windows of feat are closed\nhint: open what is closed: tally-session resume feat\n",
    );
}

#[test]
fn without_a_name_the_session_is_meant_whose_worktree_or_window_it_is() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feature-pay");
    sandbox.add("other");
    for verb in ["stop", "restart", "remove", "logs"] {
        sandbox.run_changes_nothing([verb]).fails(&format!(
            "error: which session? This is no session's worktree or window\n\
             hint: name one of feature-pay, other: tally-session {verb} feature-pay\n"
        ));
        sandbox.run_changes_nothing([verb, "pay"]).fails(&format!(
            "error: there is no session pay\n\
             hint: did you mean feature-pay? tally-session {verb} feature-pay\n\
             hint: see which there are: tally-session list\n"
        ));
    }
    let backend = worktree.join("backend");
    let mut stop = sandbox.program_in(&backend, "stop");
    sandbox.outcome(&mut stop).says("stopped feature-pay\n");
    sandbox.enter(
        "other",
        "shell",
        &format!("cd / && {PROGRAM} -C {} stop", sandbox.main.display()),
    );
    until("the session stops itself", || {
        sandbox.tmux_sessions().is_empty()
    });
    let mut remove = sandbox.program_in(&backend, "remove");
    sandbox
        .outcome(&mut remove)
        .says("removed feature-pay\n[...]");
    assert_eq!(sandbox.names(), ["other"]);
}

#[test]
fn attach_goes_to_the_only_session_or_offers_a_list() {
    let sandbox = Sandbox::new().with("one");
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("attach");
    sandbox.await_client("tally-one");
    sandbox.tmux("detach-client -s =tally-one");
    sandbox.add("two");
    sandbox.run("attach").fails(
        "error: which session? This is no session's worktree or window\n\
         hint: name one of one, two: tally-session attach one\n",
    );
    terminal.run("attach");
    terminal.await_screen(|screen| screen.contains("which one?") && screen.contains("  2  "));
    terminal.enter("2");
    sandbox.await_client("tally-two");
}

#[test]
fn a_lost_store_is_made_again_by_resume_and_nothing_is_restarted() {
    let sandbox = Sandbox::new();
    for name in ["one", "a/b"] {
        sandbox.add(name);
    }
    sandbox.stop("a/b");
    let before = sandbox.store();
    let windows = sandbox.windows("one", "#{pane_pid} #{window_name}");
    unset(&sandbox.main.join(".tally-sessions"));
    sandbox.run("resume").is(
        0,
        "resumed a/b[..]\none is already running\n",
        "warning: a/b had no record, and has it again\nwarning: one had no record, and has it again\n",
    );
    for name in ["one", "a/b"] {
        assert_eq!(sandbox.store()[name], before[name]);
    }
    assert_eq!(
        sandbox.windows("one", "#{pane_pid} #{window_name}"),
        windows
    );
    assert_eq!(sandbox.list()[0]["problems"], json!([]));
}

#[test]
fn remove_merged_clears_away_what_is_merged_and_out_of_use_and_asks_first() {
    let sandbox = Sandbox::new();
    for name in ["done", "busy", "fresh", "open"] {
        let worktree = sandbox.add(name);
        if name != "fresh" {
            sandbox.commit(&worktree, name, "work");
        }
        if name != "open" {
            sandbox.git_main(["merge", "-q", "--no-edit", name]);
        }
    }
    sandbox.have_claude("busy", "busy");
    sandbox
        .run_changes_nothing("remove --merged")
        .fails("error: there is no terminal to ask on; merged are: done\nhint: without a question: tally-session remove --merged --yes\n");
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("remove --merged");
    terminal.await_screen(|screen| {
        screen.contains("merged: done") && screen.contains("clear them away?")
    });
    terminal.enter("n");
    assert_eq!(terminal.await_status().0, 1);
    sandbox
        .run("remove --merged --yes")
        .is(0, "removed done\n[...]", "merged: done\n");
    assert_eq!(sandbox.names(), ["busy", "fresh", "open"]);
    sandbox
        .run("remove --merged --yes")
        .says("no session is merged and out of use\n");
}

#[test]
fn doctor_looks_at_named_sessions_alone_and_tells_a_sound_one_in_a_line_on_a_terminal() {
    let sandbox = Sandbox::new().with("sound");
    let broken = sandbox.add("broken");
    unset(&broken.join("backend/.env"));
    let found = sandbox.run("doctor sound").stdout;
    assert!(found.contains("sound: backend/.env is there") && !found.contains("broken:"));
    let found = sandbox.run("doctor nosuch");
    assert_eq!(found.code, Some(1), "{found}");
    assert!(
        found.stdout.contains("nosuch: there is no such session"),
        "{found}"
    );
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("doctor");
    terminal.await_status();
    let lines = terminal.lines();
    let of = |name: &str| {
        lines
            .iter()
            .filter(|line| line.contains(&format!(" {name}:")))
            .count()
    };
    assert_eq!((of("sound"), of("broken")), (1, 1), "{lines:?}");
    let mut found = lines.iter().rev();
    let last = found.find(|line| line.starts_with("ok ") || line.starts_with("failed "));
    let last = last.unwrap();
    assert!(
        last.contains("broken: backend/.env is missing"),
        "{lines:?}"
    );
}

#[test]
fn what_restart_tells_the_server_that_it_starts_is_nothing_of_its_own() {
    let sandbox = Sandbox::new().with("feat");
    for times in [2, 3] {
        let line = format!("{PROGRAM} restart");
        sandbox.enter("feat", "shell", &line);
        sandbox.await_start("claude", "feat", times);
    }
    let env = sandbox.tmux("show-environment -g");
    for name in ["OUTLIVES", "BACKEND_PORT", "TALLY_", "VITE_"] {
        assert!(!env.contains(name), "{env}");
    }
}
