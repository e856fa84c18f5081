//! The project's own commands when a session is made and removed.

use crate::sandbox::{Sandbox, read, unset, write};
use serde_json::json;

/// A project with this script as a hook.
pub fn with_hook(name: &str, script: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    set_hook(&sandbox, name, script);
    sandbox
}

/// Makes a script the project's hook. The program `hook` says how it was called.
pub fn set_hook(sandbox: &Sandbox, name: &str, script: &str) {
    let program = sandbox.root.join("bin/hook");
    if !program.is_symlink() {
        sandbox.stand_in(&program);
    }
    let layout = format!("[hooks]\n{name} = '''\n{script}\n'''\n");
    sandbox.lay_out(&layout);
}

/// What is told when one fails that this command was to run.
pub fn hints(command: &str) -> String {
    let (command, names) = command.split_once(' ').unwrap();
    let again = format!("hint: mend it, and run it again: tally-session {command} {names}\n");
    let without = match command {
        "add" => format!("add {names} --no-hooks"),
        _ => format!("{command} --no-hooks {names}"),
    };
    format!("{again}hint: leave it out: tally-session {without}\n")
}

/// Kills the program that runs the hook, the first time.
const KILL_ONCE: &str =
    "cd \"$SANDBOX\"; test -e again && exit; touch again; kill -9 $(ps -o ppid= -p $PPID)";

/// How often the program `hook` was called for the session `feat`.
fn calls(sandbox: &Sandbox) -> usize {
    sandbox.started("hook", "feat").len()
}

#[test]
fn post_add_runs_once_after_the_files_and_before_the_windows_and_reads_nothing() {
    let sandbox = with_hook(
        "post_add",
        "cat
test -f backend/db.sqlite3
test -f backend/.env
test -L frontend/node_modules
grep -q VITE_API_URL=http://localhost: frontend/.env
test -L .claude/settings.local.json
if tmux has-session -t =tally-feat 2>/dev/null; then exit 3; fi
hook $BACKEND_PORT",
    );
    write(&sandbox.main.join(".claude/settings.local.json"), "{}");
    let worktree = sandbox.add("feat");
    let (backend, frontend) = sandbox.ports("feat");
    assert_eq!(calls(&sandbox), 1);
    let hook = sandbox.started("hook", "feat").remove(0);
    assert_eq!(hook.args, [backend.to_string()]);
    assert_eq!(hook.cwd, worktree);
    let expected = [
        ("TALLY_SESSION", "feat"),
        ("TALLY_WORKTREE", worktree.to_str().unwrap()),
        ("BACKEND_PORT", &backend.to_string()),
        ("FRONTEND_PORT", &frontend.to_string()),
        ("VITE_API_URL", &format!("http://localhost:{backend}")),
    ];
    for (name, value) in expected {
        assert_eq!(hook.env[name], value, "{name}");
    }
}

#[test]
fn an_add_that_was_killed_in_its_post_add_is_named_by_list_and_finished_by_resume() {
    let sandbox = with_hook("post_add", KILL_ONCE);
    assert_eq!(sandbox.run("add feat").code, None);
    sandbox.run("list").says("NAME [..]\nfeat [..] stopped [..]\nfeat: a command on it was cut short: tally-session resume feat\n");
    sandbox.resume("feat");
    assert_eq!(sandbox.list()[0]["problems"], json!([]));
}

#[test]
fn what_an_add_that_was_killed_has_left_to_do_is_no_other_session_s() {
    let sandbox = with_hook("post_add", KILL_ONCE);
    assert_eq!(sandbox.run(["add", "a-b", "-p", "the task"]).code, None);
    let worktree = sandbox.worktree("a-b");
    sandbox.git(&worktree, "switch -qc a/b");
    // Its place is that of a session called so, and its windows will be.
    sandbox.run_changes_nothing("resume a/b").fails(
        "error: there is no session a/b\nhint: did you mean a-b? tally-session resume a-b\nhint: [..]\n",
    );
    sandbox.git(&worktree, "switch -q a-b");
    // A store that is lost takes nothing of it.
    unset(&sandbox.main.join(".tally-sessions"));
    let told = "warning: a-b had no record, and has it again\n";
    sandbox.run("resume a-b").is(0, "resumed a-b[..]\n", told);
    let claude = sandbox.await_start("claude", "a-b", 1);
    assert_eq!(claude.args, ["--name", "tally-a-b", "--", "the task"]);
}

#[test]
fn an_add_whose_post_add_fails_is_undone_completely() {
    let sandbox = with_hook("post_add", "");
    sandbox.add("keep");
    for (script, status) in [
        ("mkdir made; echo text > made/file\nfalse\nhook", "status 1"),
        ("rm -r frontend backend; exit 3", "status 3"),
        ("kill -9 $$", "status 137"),
        ("nosuch-program", "status 127"),
        ("if", "status 2"),
    ] {
        set_hook(&sandbox, "post_add", script);
        let before = sandbox.snapshot();
        sandbox.run("add feat").fails(&format!(
            "[...]\nerror: the hook post_add of .tally-session.toml failed: it ended with {status}\n[...]"
        ));
        // What it has written is kept, as nobody knows who did.
        sandbox.run("purge --yes").goes_well();
        sandbox.assert_unchanged_since(&before);
        assert_eq!(calls(&sandbox), 0, "{script}");
    }
    assert_eq!(sandbox.names(), ["keep"]);
}

#[test]
fn post_add_is_run_again_where_the_worktree_is_made_again_until_it_succeeds_and_not_otherwise() {
    let sandbox = with_hook("post_add", "test ! -e \"$SANDBOX/broken\"\nhook");
    let worktree = sandbox.add("feat");
    sandbox.run("resume").succeeds();
    sandbox.restart();
    sandbox.run("resume").succeeds();
    sandbox.await_programs("feat", 2);
    assert_eq!(calls(&sandbox), 1);
    sandbox.restart();
    unset(&worktree);
    write(&sandbox.root.join("broken"), "");
    let error = format!("error: the hook post_add [..]\n{}", hints("resume feat"));
    sandbox.run("resume").fails(&error);
    assert!(sandbox.tmux_sessions().is_empty());
    unset(&sandbox.root.join("broken"));
    sandbox.run("resume").succeeds();
    sandbox.await_programs("feat", 3);
    assert_eq!(calls(&sandbox), 2);
}

#[test]
fn no_hooks_leaves_them_out() {
    let sandbox = Sandbox::new();
    sandbox.stand_in(&sandbox.root.join("bin/hook"));
    let hooks = "[hooks]\npost_add = \"hook; false\"\npre_remove = \"hook; false\"\n";
    sandbox.lay_out(hooks);
    let added = sandbox.run("add feat --no-hooks");
    added.says("added feat\n[...]");
    unset(&sandbox.worktree("feat"));
    sandbox.restart();
    let failed = sandbox.run("resume feat");
    failed.fails(&format!(
        "error: the hook post_add [..]\n{}",
        hints("resume feat")
    ));
    assert_eq!(calls(&sandbox), 1);
    let told = "resumed feat[..]\n";
    sandbox.run("resume feat --no-hooks").says(told);
    let removed = sandbox.run("remove feat --no-hooks");
    removed.says("removed feat\n[...]");
    assert_eq!(calls(&sandbox), 1);
}

#[test]
fn what_a_hook_leaves_running_holds_up_no_other_command() {
    // A child that inherits all that it can.
    let script = r#"python3 -c 'import subprocess
null = subprocess.DEVNULL
subprocess.Popen(["sleep", "600"], stdout=null, stderr=null, close_fds=False)'"#;
    let sandbox = Sandbox::new();
    sandbox.lay_out(format!("[hooks]\npost_add = \"\"\"\n{script}\n\"\"\"\n"));
    sandbox.add("feat");
    sandbox.run("resume feat").says("feat is already running\n");
    sandbox.run("remove feat").fails(
        "error: the session feat has what will not end with its windows: process [..] (sleep 600)\n[...]",
    );
    sandbox.force_remove_telling(
        "feat",
        "warning: this [..] still runs: process [..] (sleep 600)\n",
    );
}

/// As by `docker exec`: the system tells nobody in the container of a terminal outside.
#[cfg(target_os = "linux")]
#[test]
fn what_a_hook_leaves_running_is_seen_where_the_terminal_is_outside_the_container() {
    use crate::sandbox::PROGRAM;
    let sandbox = with_hook("post_add", "sleep 600 >/dev/null 2>&1 &");
    let contain = |script: &str| {
        let mut contain = sandbox.command("unshare", &sandbox.main);
        contain.args(["-rpf", "--mount-proc", "sh", "-c", script]);
        contain
    };
    if !contain("true").status().is_ok_and(|it| it.success()) {
        println!("passed over: there may be no container here");
        return;
    }
    let script = format!(
        "{PROGRAM} add feat >&2 && {PROGRAM} remove feat; status=$?; tmux kill-server; exit $status"
    );
    sandbox.outcome(&mut contain(&script)).fails(
        "[...]\nerror: the session feat has what will not end with its windows: process [..] (sleep 600)\n[...]",
    );
}

#[test]
fn placeholders_of_a_hook_are_quoted_for_the_shell() {
    let sandbox = Sandbox::of_project("my tally's $HOME");
    let hook =
        "hook {project} {name} {slug} {branch} {worktree} {main} {backend_port} ${{HOME}} \"{{}}\"";
    set_hook(&sandbox, "post_add", hook);
    sandbox.run("add a/b").succeeds();
    let backend = sandbox.ports("a/b").0.to_string();
    let args = sandbox.started("hook", "a/b").remove(0).args;
    assert_eq!(args[..4], ["my tally's $HOME", "a/b", "a-b", "a/b"]);
    let paths = [&sandbox.worktree("a/b"), &sandbox.main, &sandbox.home];
    let [worktree, main, home] = paths.map(|path| path.to_str().unwrap());
    assert_eq!(args[4..], [worktree, main, &backend, home, "{}"]);
}

#[test]
fn pre_remove_runs_when_the_windows_have_ended_while_all_of_the_worktree_is_there() {
    let sandbox = with_hook(
        "pre_remove",
        "! tmux has-session -t =tally-feat 2>/dev/null\ntest -e backend/db.sqlite3\nhook",
    );
    let worktree = sandbox.add("feat");
    sandbox.remove("feat");
    assert_eq!(calls(&sandbox), 1);
    let hook = &sandbox.started("hook", "feat")[0];
    assert_eq!(hook.cwd, worktree);
    assert_eq!(hook.env["TALLY_SESSION"], "feat");
}

#[test]
fn a_pre_remove_that_fails_stops_remove_and_leaves_all_but_the_windows() {
    let sandbox = with_hook("pre_remove", "echo no >&2; exit 3");
    let worktree = sandbox.add("feat");
    let failed = "the hook pre_remove of .tally-session.toml failed: it ended with status 3";
    sandbox.run("remove feat").fails(&format!(
        "pre_remove: no\n\
         error: the windows of feat are closed, and its pre_remove may have done a part of its work: {failed}\n\
         {}hint: bring it back: tally-session resume feat\n",
        hints("remove feat")
    ));
    assert!(worktree.join("backend/db.sqlite3").exists());
    sandbox.resume("feat");
    sandbox.force_remove_telling("feat", &format!("pre_remove: no\nwarning: {failed}\n"));
    assert!(sandbox.names().is_empty() && !worktree.exists());
}

#[test]
fn pre_remove_is_not_run_where_remove_is_refused_or_the_worktree_is_gone() {
    let sandbox = with_hook("pre_remove", "hook");
    let worktree = sandbox.add("feat");
    write(&worktree.join("work"), "work");
    sandbox.run("remove feat").fails("error: [..] work\n[...]");
    unset(&worktree);
    sandbox.remove_telling("feat", "warning: its worktree [..]\n");
    assert_eq!(calls(&sandbox), 0);
}

#[test]
fn what_pre_remove_leaves_in_the_worktree_is_told_and_comes_back() {
    let sandbox = with_hook("pre_remove", "echo dump > dump");
    let worktree = sandbox.add("feat");
    let told = "removed feat\n  with it went: dump\n[...]";
    sandbox.run("remove feat").says(told);
    sandbox.restore("feat");
    assert_eq!(read(&worktree.join("dump")), "dump\n");
}
