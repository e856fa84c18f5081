//! Odd letters in the project's path: every command runs in the right folder, in each shell.

use crate::sandbox::Sandbox;

/// What a path may have in it and a shell, tmux or git could take for more than a letter.
const NAMES: [&str; 5] = [
    "it's \"two words\"",
    "a$HOME `id` $(id);b&c|d",
    "#S#{pane_id}#(touch pwned)",
    "wow! !x back\\slash\\n",
    "{a,b}{project}{ été ☃ 日本 ~*?[x]",
];

/// Adds a session, stops it, resumes it and removes it, and looks where its programs ran.
fn assert_runs_in_the_right_folders(shell: &str, name: &str) {
    let Some(sandbox) = Sandbox::of_project_with_shell(name, shell) else {
        return;
    };
    let worktree = sandbox.worktree("feat");
    for (times, command) in [(1, "add"), (2, "resume")] {
        sandbox.run([command, "feat"]).succeeds();
        for (program, folder) in [("python", "backend"), ("npm", "frontend"), ("claude", "")] {
            let start = sandbox.await_start(program, "feat", times);
            assert_eq!(start.cwd, worktree.join(folder), "{command} {name}");
        }
        let claude = sandbox.started("claude", "feat");
        let words = ["--name".to_owned(), format!("{name}-feat")];
        assert_eq!(claude[times - 1].args, words, "{command} {name}");
        let list = sandbox.list();
        assert_eq!(list[0]["state"], "running", "{name}");
        assert_eq!(list[0]["worktree"], format!("[ROOT]/{name}-feat"));
        let tmux = list[0]["tmux_session"].as_str().unwrap();
        assert_eq!(sandbox.tmux_sessions(), [tmux], "{name}");
        if command == "add" {
            sandbox.restart();
        }
    }
    sandbox.remove("feat");
    assert!(sandbox.tmux_sessions().is_empty(), "{name}");
    assert!(!worktree.exists(), "{name}");
    assert!(!sandbox.main.join("pwned").exists() && !sandbox.root.join("pwned").exists());
    sandbox.assert_clean(&sandbox.main);
}

#[test]
fn bash_runs_every_command_in_the_right_folder() {
    for name in NAMES {
        assert_runs_in_the_right_folders("bash", name);
    }
}

#[test]
fn zsh_runs_every_command_in_the_right_folder() {
    for name in NAMES {
        assert_runs_in_the_right_folders("zsh", name);
    }
}

#[test]
fn fish_runs_every_command_in_the_right_folder() {
    for name in NAMES {
        assert_runs_in_the_right_folders("fish", name);
    }
}

#[test]
fn names_that_begin_like_an_option_or_an_id_are_names() {
    for name in ["-x", "$1", "@x", "%x", "=x", "+x", "~x", ".x"] {
        assert_runs_in_the_right_folders("bash", name);
    }
}

#[test]
fn a_name_with_a_control_character_is_refused() {
    let sandbox = Sandbox::new();
    for name in ["new\nline", "tab\tbed", "esc\u{1b}[2J"] {
        let dir = sandbox.root.join(name);
        sandbox.git(&sandbox.root, ["init", "-q", "--", name]);
        let before = sandbox.snapshot();
        let outcome = sandbox.run_in(&dir, "add feat").says_nothing_of("\u{1b}");
        outcome.fails("error: the path \"[..]\" has a control character in it[..]\n[...]");
        sandbox.assert_unchanged_since(&before);
    }
}
