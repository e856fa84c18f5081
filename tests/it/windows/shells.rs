//! A window's command runs exactly once, whatever the shell and its start-up files.

use crate::sandbox::{Sandbox, write};

/// A start-up file that is slow.
const SLOW: [(&str, &str); 3] = [("bash", "sleep 1"), ("zsh", "sleep 1"), ("fish", "sleep 1")];

/// One that throws away what was typed before.
const FLUSHING: [(&str, &str); 3] = [
    (
        "bash",
        "sleep 0.3; while read -r -t 0.01 -n 1000 junk; do :; done; sleep 0.1",
    ),
    (
        "zsh",
        "sleep 0.3; while read -t 0 -k 1 -s junk; do :; done; sleep 0.1",
    ),
    (
        "fish",
        "sleep 0.3; bash -c 'while read -r -t 0.01 -n 1000 junk; do :; done'; sleep 0.1",
    ),
];

/// One that asks a question, to be answered by one key, and goes on by itself after a while.
const ASKING: [(&str, &str); 3] = [
    (
        "bash",
        "read -s -n1 -t 1 -p 'Update now? [y/n] ' answer; [ -z \"$answer\" ] || echo \"answered $answer\"",
    ),
    (
        "zsh",
        "read -s -k1 -t 1 'answer?Update now? [y/n] '; [ -z \"$answer\" ] || echo \"answered $answer\"",
    ),
    (
        "fish",
        "bash -c 'read -s -n1 -t 1 -p \"Update now? [y/n] \" answer; [ -z \"$answer\" ] || echo \"answered $answer\"'",
    ),
];

/// One that flushes the terminal by changing its modes, as `stty` and Python's `getpass` do.
const FLUSHING_BY_MODE: &str = "python3 -IS -c 'import termios; sleep = __import__(\"time\").sleep; sleep(0.3); termios.tcflush(0, termios.TCIFLUSH); sleep(0.1)'";

/// Adds a session of a user with this start-up file, and checks that each command ran once and was shown once.
fn assert_runs_once(shell: &str, start_up: &str) {
    let Some(sandbox) = Sandbox::with_shell(shell) else {
        return;
    };
    sandbox.start_up(start_up);
    sandbox
        .add_telling("feat", "[...]")
        .says_nothing_of("warning");
    sandbox.await_programs("feat", 1);
    let screen = sandbox.await_end_of("feat", "cli", "$ python manage.py");
    assert_eq!(screen.matches("manage.py").count(), 1, "{screen}");
    for (window, typed) in [
        ("backend", "runserver"),
        ("frontend", "npm run dev"),
        ("claude", " opening feat"),
    ] {
        let pane = sandbox.pane("feat", window);
        // zsh breaks a long line by itself.
        let screen = sandbox.screen("feat", window).replace('\n', "");
        assert_eq!(screen.matches(typed).count(), 1, "{screen}");
        assert!(!screen.contains("answered"), "{screen}");
        // What was typed twice would run when the first one ends, and before what is typed now.
        sandbox.tmux(["send-keys", "-t", &pane, "C-c"]);
        sandbox.await_end_of("feat", window, "$");
        sandbox.settle("feat", window);
    }
    for program in ["python", "npm", "claude"] {
        assert_eq!(sandbox.started(program, "feat").len(), 1, "{program}");
    }
    sandbox.enter("feat", "cli", "check");
    let found = sandbox.await_start("python", "feat", 2).args;
    assert_eq!(found, ["manage.py", "check"]);
}

fn of(shell: &str, start_ups: [(&'static str, &'static str); 3]) -> &'static str {
    start_ups
        .into_iter()
        .find(|(name, _)| *name == shell)
        .unwrap()
        .1
}

macro_rules! in_each_shell {
    ($($name:ident: $shell:literal, $start_up:expr;)*) => {
        $(
            #[test]
            fn $name() {
                assert_runs_once($shell, $start_up);
            }
        )*
    };
}

in_each_shell! {
    a_command_runs_once_in_bash: "bash", "";
    a_command_runs_once_in_zsh: "zsh", "";
    a_command_runs_once_in_fish: "fish", "";
    a_command_runs_once_in_bash_though_its_start_up_files_are_slow: "bash", of("bash", SLOW);
    a_command_runs_once_in_zsh_though_its_start_up_files_are_slow: "zsh", of("zsh", SLOW);
    a_command_runs_once_in_fish_though_its_start_up_files_are_slow: "fish", of("fish", SLOW);
    a_command_runs_once_in_bash_though_its_start_up_files_read_the_terminal: "bash", of("bash", FLUSHING);
    a_command_runs_once_in_zsh_though_its_start_up_files_read_the_terminal: "zsh", of("zsh", FLUSHING);
    a_command_runs_once_in_fish_though_its_start_up_files_read_the_terminal: "fish", of("fish", FLUSHING);
    a_command_runs_once_in_bash_though_its_start_up_files_flush_the_terminal: "bash", FLUSHING_BY_MODE;
    a_command_runs_once_in_zsh_though_its_start_up_files_flush_the_terminal: "zsh", FLUSHING_BY_MODE;
    a_command_runs_once_in_fish_though_its_start_up_files_flush_the_terminal: "fish", FLUSHING_BY_MODE;
    a_command_answers_no_question_of_bash_s_start_up_files: "bash", of("bash", ASKING);
    a_command_answers_no_question_of_zsh_s_start_up_files: "zsh", of("zsh", ASKING);
    a_command_answers_no_question_of_fish_s_start_up_files: "fish", of("fish", ASKING);
}

#[test]
fn a_command_runs_once_in_the_shell_that_tmux_is_told_to_use() {
    let Some(sandbox) = Sandbox::with_shell("zsh") else {
        return;
    };
    // The user's shell is bash for everybody but tmux.
    let zsh = sandbox.shell_path();
    write(
        &sandbox.home.join(".tmux.conf"),
        format!("set -g default-shell {}\n", zsh.display()),
    );
    sandbox
        .outcome(sandbox.program("add feat").env("SHELL", "/bin/bash"))
        .succeeds();
    sandbox.await_programs("feat", 1);
    let pane = sandbox.pane("feat", "shell");
    let command = sandbox.tmux([
        "display-message",
        "-p",
        "-t",
        &pane,
        "#{pane_current_command}",
    ]);
    assert_eq!(command, "zsh");
}

#[test]
fn that_an_add_waits_for_the_shells_is_told_once_though_it_waits_for_two_prompts() {
    let sandbox = Sandbox::new();
    sandbox.start_up("sleep 1.2; workon() { sleep 1.5; }");
    let told = "waiting for the shells' start-up files\n";
    sandbox.add_telling("feat", told);
}
