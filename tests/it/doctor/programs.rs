//! Programs, the store, Claude's file and the virtual environment.

use super::{assert_fine, assert_left, project, quiet_port, stopped};
use crate::sandbox::{Sandbox, read, set_mode, unset, write};
use std::fs;

#[test]
fn a_git_or_tmux_that_is_too_old_is_named_with_the_version_that_is_needed() {
    let sandbox = project();
    for (program, version, least) in [("git", "2.35.9", "2.36"), ("tmux", "3.1c", "3.2")] {
        let says = if program == "git" {
            "git version"
        } else {
            "tmux"
        };
        sandbox.intercept(
            program,
            "' --version '*|' -V '*",
            &format!("echo {says} {version}; exit"),
        );
        let needed = format!("{program} {version} is too old: it has to be {least} or newer");
        let cure = assert_left(&sandbox, &format!("failed   {needed}"));
        if cfg!(target_os = "linux") {
            cure.tells(&format!("\n         sudo apt install {program}\n"));
        }
        sandbox.unwrap(program);
    }
}

#[test]
fn without_git_or_tmux_the_rest_is_still_looked_at() {
    for (missing, skipped) in [
        (
            "git",
            "skipped  branches, and what git shows: git is not installed\n",
        ),
        (
            "tmux",
            "skipped  which sessions run: [..]tmux is not installed\n",
        ),
    ] {
        let sandbox = stopped();
        let left = ["git", "tmux"].map(|program| if program == missing { "sh" } else { program });
        let path = sandbox.path_of(&left);
        unset(&sandbox.worktree("feat").join("backend/.env"));
        let told = format!(
            "[...]\nfailed   {missing} is not installed, or not on the PATH\n         [..] install {missing}[..]\n[...]\n\
             {skipped}[...]\nfailed   feat: backend/.env is missing\n[...]\n"
        );
        sandbox
            .outcome(sandbox.program("doctor").env("PATH", path))
            .is(1, &told, "");
    }
}

#[test]
fn without_claude_or_with_one_that_fails_there_is_a_warning() {
    let sandbox = project();
    let path = sandbox.path_of(&["git", "tmux"]);
    let told =
        "claude is not on the PATH here, [..]\n         npm install -g @anthropic-ai/claude-code";
    let doctor = sandbox.outcome(sandbox.program("doctor").env("PATH", path));
    doctor.says(&format!("[...]\nwarning  {told}\n[...]\n1 problem\n"));
    unset(&sandbox.root.join("bin/claude"));
    sandbox.write_script(&sandbox.root.join("bin/claude"), "echo no node >&2; exit 1");
    let told = "claude does not work: `claude --version` [..]no node\n         see what it says: claude --version";
    let words = format!("[...]\nwarning  {told}\n[...]\n1 problem\n");
    sandbox.run("doctor").says(&words);
}

#[test]
#[ignore = "waits for long"]
fn a_claude_that_does_not_answer_is_a_warning_and_is_ended_with_what_it_has_started() {
    let sandbox = project();
    let claude = sandbox.root.join("bin/claude");
    unset(&claude);
    let script = "cd \"$SANDBOX\"; sleep 600 & printf $! >sleep; printf $$ >claude; wait";
    sandbox.write_script(&claude, script);
    sandbox.run("doctor").says("[...]\nwarning  claude did not say its version within 10 s\n         see what it says: claude --version\n[...]\n1 problem\n");
    for process in ["claude", "sleep"] {
        let pid = sandbox.noted(process);
        sandbox.await_end(pid);
    }
}

#[test]
fn a_broken_store_is_named_and_the_sessions_are_skipped() {
    let sandbox = stopped();
    let store = sandbox.main.join(".tally-sessions");
    for broken in ["{\n  broken\n}", "{ \"feat\": { \"backend_port\": 0 } }"] {
        write(&store, broken);
        assert_left(
            &sandbox,
            "failed   the store: [ROOT]/tally/.tally-sessions is broken [..] line [..]\n         \
             or have it made again from [..]: mv [..] && tally-session resume\n         \
             ${EDITOR:-vi} [ROOT]/tally/.tally-sessions\n[...]\n\
             skipped  the sessions, and what none of them owns: the store can't be read",
        );
        assert_eq!(read(&store), broken);
    }
}

#[test]
fn a_broken_layout_is_named_with_its_line_and_the_sessions_are_skipped() {
    let sandbox = stopped();
    sandbox.lay_out("activate = 1\n");
    assert_left(
        &sandbox,
        "failed   the layout: [ROOT]/tally/.tally-session.toml[..] line 1[..]\n         \
         see how it is written: tally-session layout\n         \
         ${EDITOR:-vi} [ROOT]/tally/.tally-session.toml\n\
         skipped  the sessions: the layout is broken",
    );
}

#[test]
fn another_layout_is_looked_at_by_its_own_words() {
    let sandbox = Sandbox::new();
    let layout = "activate = ''\n\
                  ports = { web = PORT, backend = false, frontend = false }\n\
                  files = { link = ['node_modules'], copy = ['.env'], sqlite = [] }\n\
                  env = { 'frontend/.env' = false, '.env' = { WEB_URL = 'http://localhost:{web_port}' } }\n\
                  window = [{ name = 'web', run = 'npm run dev -- --port {web_port}' }]\n";
    let layout = layout.replace("PORT", &quiet_port().to_string());
    sandbox.lay_out(layout);
    write(&sandbox.main.join("node_modules/x/index.js"), "");
    write(
        &sandbox.main.join(".env"),
        "WEB_URL=http://localhost:3000\n",
    );
    sandbox.git_main("add .tally-session.toml");
    sandbox.git_main("commit -q -m Layout");
    sandbox.run("add feat").succeeds();
    sandbox.await_start("npm", "feat", 1);
    let port = sandbox.store()["feat"]["web_port"].clone();
    sandbox.run("doctor").says(&format!(
        "[...]\n\
             ok       [ROOT]/tally/.git/info/exclude keeps the store out of git\n\
             ok       feat: its worktree is [ROOT]/tally-feat, on its branch feat\n\
             ok       feat: node_modules leads to the main checkout's\n\
             ok       feat: .env is there\n\
             ok       feat: WEB_URL in .env is http://localhost:{port}\n\
             ok       feat: git status shows nothing that was put there\n\
             ok       feat: Claude has what it was allowed in the main checkout\n\
             ok       feat: the web's port {port} is not served yet: its server starts\n\
             no problems\n"
    ));
}

#[test]
fn a_store_that_cannot_be_read_or_written_is_named_and_the_cure_works() {
    let sandbox = stopped();
    let store = sandbox.main.join(".tally-sessions");
    set_mode(&store, 0o444);
    let what = "failed   the store: [ROOT]/tally/.tally-sessions is read-only\n         let it be written: [..]";
    let found = assert_left(&sandbox, what);
    sandbox.follow(&found, "let it be written: ").succeeds();
    assert_fine(&sandbox);
    unset(&store);
    fs::create_dir(&store).unwrap();
    let told = "failed   the store: cannot read [ROOT]/tally/.tally-sessions: [..]\n[...]\nskipped  the sessions, [..]";
    sandbox
        .run("doctor")
        .is(1, &format!("[...]\n{told}\n[...]"), "");
}

#[test]
fn a_store_that_git_shows_is_hidden_by_fix() {
    let sandbox = stopped();
    write(&sandbox.main.join(".git/info/exclude"), "# mine\n");
    let answer = "[...]\nwarning  [ROOT]/tally/.git/info/exclude lacks *.tally-session-part and /.tally-sessions\n[...]";
    sandbox.run_changes_nothing("doctor").is(1, answer, "");
    let told = "[...]\n2 mended, no problems\n";
    sandbox.run("doctor --fix").says(told);
    sandbox.assert_clean(&sandbox.main);
    assert!(read(&sandbox.main.join(".git/info/exclude")).starts_with("# mine\n"));
}

#[test]
fn a_claude_json_that_does_not_parse_is_named_and_left() {
    let sandbox = stopped();
    write(&sandbox.home.join(".claude.json"), "{ broken");
    assert_left(
        &sandbox,
        "warning  what Claude was allowed: [ROOT]/home/.claude.json does not parse and is left as it is: [..]\n         \
         ${EDITOR:-vi} [ROOT]/home/.claude.json",
    );
}

#[test]
fn a_virtual_environment_is_looked_for_where_workon_looks_and_one_that_may_be_meant_is_named() {
    let sandbox = Sandbox::new();
    let other = sandbox.virtualenv().with_file_name("points");
    fs::rename(sandbox.virtualenv(), &other).unwrap();
    let cure = "as the first line of [ROOT]/tally/.tally-session.toml: activate = \"workon points\"; there are points\n";
    sandbox.run("doctor").tells(cure);
    unset(&other);
    let told = "failed   the virtual environment tally is not in [ROOT]/home/.virtualenvs (WORKON_HOME)\n         \
                mkvirtualenv tally\n         [..] WORKON_HOME [..]\n1 problem\n";
    sandbox.run("doctor").is(1, &format!("[...]\n{told}"), "");
    let elsewhere = sandbox.root.join("envs");
    write(&elsewhere.join("tally/bin/activate"), "");
    let doctor = sandbox.outcome(sandbox.program("doctor").env("WORKON_HOME", elsewhere));
    doctor.tells("\nok       the virtual environment tally is in [ROOT]/envs\n");
}

#[test]
fn what_the_main_checkout_lacks_is_told_before_there_is_a_session() {
    let sandbox = project();
    unset(&sandbox.main.join("backend/db.sqlite3"));
    let told = "warning  backend/db.sqlite3 is not in the main checkout\n         make one in [ROOT]/tally/backend/ with your migrations";
    let words = format!("[...]\n{told}\n[...]\n1 problem\n");
    sandbox.run("doctor").says(&words);
}
