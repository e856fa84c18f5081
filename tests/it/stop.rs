//! `stop`, `restart` and `logs`, and what is meant where no name is typed.

use crate::sandbox::{PROGRAM, Sandbox, unset, until};

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
    let told = "feat is stopped already\n";
    sandbox.run_changes_nothing("stop feat").says(told);
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
fn a_window_that_was_moved_elsewhere_is_closed_too_and_restart_has_a_changed_layout_take_effect() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.tmux("new-session -d -s other");
    let pane = sandbox.pane("feat", "frontend");
    sandbox.tmux(["move-window", "-s", &pane, "-t", "other:7"]);
    sandbox.stop("feat");
    assert_eq!(sandbox.tmux_sessions(), ["other"]);
    let windows = sandbox.tmux("list-windows -t =other: -F #{window_name}");
    assert_eq!(windows.lines().count(), 1, "{windows}");
    sandbox.resume("feat");
    sandbox.lay_out("[[window]]\nname = \"only\"\n");
    let restarted = "stopped feat\nresumed feat[..]\n";
    sandbox.run("restart feat").says(restarted);
    assert_eq!(sandbox.windows("feat", "#{window_name}"), ["only"]);
}

#[test]
fn logs_shows_the_end_of_the_servers_windows_or_of_one() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let told = "==> backend <==\n$ [..]runserver [..]\n\n==> frontend <==\n$ [..]npm run dev[..]\n";
    sandbox.run("logs feat").says(told);
    sandbox.enter("feat", "shell", "seq 100");
    sandbox.await_text("feat", "shell", "\n100\n");
    let last = sandbox.run("logs feat shell -n 3");
    last.says("99\n100\n$\n");
    let mut here = sandbox.program_in(&worktree, "logs cli");
    let words = "$ [..]\n$ python manage.py\n";
    sandbox.outcome(&mut here).says(words);
    sandbox
        .run("logs feat nosuch")
        .fails("error: feat has no window nosuch\nhint: it has these: backend, frontend, claude, shell, cli\n");
    let mut begun = sandbox.program_in(&worktree, "logs front");
    sandbox.outcome(&mut begun).fails(
        "error: feat has no window front\nhint: it has these: backend, frontend, claude, shell, cli\n",
    );
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
    let line = format!("cd / && {PROGRAM} -C {} stop", sandbox.main.display());
    sandbox.enter("other", "shell", &line);
    until("the session stops itself", || {
        sandbox.tmux_sessions().is_empty()
    });
    let mut remove = sandbox.program_in(&backend, "remove");
    let told = "removed feature-pay\n[...]";
    sandbox.outcome(&mut remove).says(told);
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
    terminal.enter("two");
    sandbox.await_client("tally-two");
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
    // In its own window, which no terminal shows, it is asked before that goes.
    sandbox.enter("done", "shell", &format!("{PROGRAM} remove --merged"));
    sandbox.await_screen("done", "shell", |screen| {
        screen.contains("clear them away?")
    });
    sandbox.enter("done", "shell", "y");
    until("it is removed", || {
        sandbox.names() == ["busy", "fresh", "open"]
    });
    sandbox.run("restore done").goes_well();
    sandbox.await_programs("done", 2);
    sandbox
        .run("remove --merged --yes")
        .is(0, "removed done\n[...]", "merged: done\n");
    assert_eq!(sandbox.names(), ["busy", "fresh", "open"]);
    let told = "no session is merged and out of use\n";
    sandbox.run("remove --merged --yes").says(told);
}

#[test]
fn doctor_looks_at_named_sessions_alone_and_tells_a_sound_one_in_a_line_on_a_terminal() {
    let sandbox = Sandbox::new().with("sound");
    let broken = sandbox.add("broken");
    unset(&broken.join("backend/.env"));
    let found = sandbox.run("doctor sound");
    found
        .tells("sound: backend/.env is there")
        .says_nothing_of("broken:");
    let found = "[...]\n[..]soun: there is no session soun\n[..]did you mean sound? tally-session doctor sound\n[...]";
    sandbox.run("doctor soun").is(1, found, "");
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("doctor");
    terminal.await_status();
    let lines = terminal.lines();
    for name in [" sound:", " broken:"] {
        let told = lines.iter().filter(|line| line.contains(name));
        assert_eq!(told.count(), 1, "{lines:?}");
    }
    let mut found = lines.iter().rev();
    let last = found.find(|line| line.starts_with("ok ") || line.starts_with("failed "));
    let is_last = last.unwrap().contains("broken: backend/.env is missing");
    assert!(is_last, "{lines:?}");
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
