//! Programs, the store, Claude's file and the virtual environment.

use super::{assert_fine, assert_left, project, quiet_port, stopped};
use crate::sandbox::{Sandbox, read, set_mode, unset, write};
use std::fs;

#[test]
fn a_git_or_tmux_that_is_too_old_is_named_with_the_version_that_is_needed() {
    for (program, says, version, least) in [
        ("git", "git version 2.35.9", "2.35.9", "2.36"),
        ("tmux", "tmux 3.1c", "3.1c", "3.2"),
    ] {
        let sandbox = project();
        sandbox.wrap(
            program,
            &format!("case \"$1\" in --version|-V) echo {says}; exit;; esac; exec $REAL \"$@\""),
        );
        let cure = assert_left(
            &sandbox,
            1,
            &format!("failed   {program} {version} is too old: it has to be {least} or newer"),
        );
        assert!(
            cure.stdout
                .contains(&format!("\n         sudo apt install {program}\n"))
                || cfg!(target_os = "macos")
        );
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
        sandbox.outcome(sandbox.program("doctor").env("PATH", path)).is(
            1,
            &format!(
                "[...]\nfailed   {missing} is not installed, or not on the PATH\n         [..] install {missing}\n[...]\n\
                 {skipped}[...]\nfailed   feat: backend/.env is missing\n[...]\n"
            ),
            "",
        );
    }
}

#[test]
fn without_claude_there_is_a_warning() {
    let sandbox = project();
    let path = sandbox.path_of(&["git", "tmux"]);
    sandbox.outcome(sandbox.program("doctor").env("PATH", path)).says("[...]\nwarning  claude is not on the PATH here, [..]\n         npm install -g @anthropic-ai/claude-code\n[...]\n1 problem\n");
}

#[test]
fn a_claude_that_fails_is_a_warning() {
    let sandbox = project();
    unset(&sandbox.root.join("bin/claude"));
    sandbox.write_script(&sandbox.root.join("bin/claude"), "echo no node >&2; exit 1");
    sandbox.run("doctor").says("[...]\nwarning  claude does not work: `claude --version` [..]no node\n         see what it says: claude --version\n[...]\n1 problem\n");
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
            1,
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
        1,
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
fn a_store_that_cannot_be_read_is_named() {
    let sandbox = project();
    fs::create_dir(sandbox.main.join(".tally-sessions")).unwrap();
    sandbox.run("doctor").is(
        1,
        "[...]\nfailed   the store: cannot read [ROOT]/tally/.tally-sessions: [..]\n[...]\nskipped  the sessions, [..]\n[...]",
        "",
    );
}

#[test]
fn a_store_that_cannot_be_written_is_named_with_a_cure_that_works() {
    let sandbox = stopped();
    let store = sandbox.main.join(".tally-sessions");
    set_mode(&store, 0o444);
    let found = assert_left(
        &sandbox,
        1,
        "failed   the store: [ROOT]/tally/.tally-sessions is read-only\n         let it be written: [..]",
    );
    sandbox.follow(&found, "let it be written: ").succeeds();
    assert_fine(&sandbox);
}

#[test]
fn a_store_that_git_shows_is_hidden_by_fix() {
    let sandbox = stopped();
    write(&sandbox.main.join(".git/info/exclude"), "# mine\n");
    sandbox.run_changes_nothing("doctor").is(
        1,
        "[...]\nwarning  [ROOT]/tally/.git/info/exclude lacks *.tally-session-part and /.tally-sessions\n[...]",
        "",
    );
    sandbox
        .run("doctor --fix")
        .says("[...]\n2 mended, no problems\n");
    sandbox.assert_clean(&sandbox.main);
    assert!(read(&sandbox.main.join(".git/info/exclude")).starts_with("# mine\n"));
}

#[test]
fn a_claude_json_that_does_not_parse_is_named_and_left() {
    let sandbox = stopped();
    write(&sandbox.home.join(".claude.json"), "{ broken");
    assert_left(
        &sandbox,
        0,
        "warning  what Claude was allowed: [ROOT]/home/.claude.json does not parse and is left as it is: [..]\n         \
         ${EDITOR:-vi} [ROOT]/home/.claude.json",
    );
}

#[test]
fn an_environment_that_may_be_meant_is_named() {
    let sandbox = Sandbox::new();
    let other = sandbox.virtualenv().with_file_name("points");
    fs::rename(sandbox.virtualenv(), other).unwrap();
    let doctor = sandbox.run("doctor");
    let cure = "as the first line of [ROOT]/tally/.tally-session.toml: activate = \"workon points\"; there are points\n";
    assert!(doctor.stdout.contains(cure), "{doctor}");
}

#[test]
fn a_virtual_environment_is_looked_for_where_workon_looks() {
    let sandbox = Sandbox::new();
    unset(&sandbox.virtualenv());
    sandbox.run("doctor").is(
        1,
        "[...]\nfailed   the virtual environment tally is not in [ROOT]/home/.virtualenvs (WORKON_HOME)\n         \
         mkvirtualenv tally\n         [..] WORKON_HOME [..]\n1 problem\n",
        "",
    );
    let elsewhere = sandbox.root.join("envs");
    write(&elsewhere.join("tally/bin/activate"), "");
    sandbox
        .outcome(sandbox.program("doctor").env("WORKON_HOME", elsewhere))
        .says("[...]\nok       the virtual environment tally is in [ROOT]/envs\n[...]");
}

#[test]
fn what_the_main_checkout_lacks_is_told_before_there_is_a_session() {
    let sandbox = project();
    unset(&sandbox.main.join("backend/db.sqlite3"));
    let outcome = sandbox.run("doctor").is_done();
    let wanted = "warning  backend/db.sqlite3 is not in the main checkout\n         make one in [ROOT]/tally/backend/ with your migrations\n";
    assert!(
        outcome.stdout.contains(wanted) && outcome.stdout.ends_with("\n1 problem\n"),
        "{outcome}"
    );
}
