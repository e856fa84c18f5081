//! Other people's settings of tmux, git and their shell.

use crate::sandbox::{Sandbox, read, write};
use std::process::Command;

/// Lines of `~/.tmux.conf`, each tried alone and then all at once.
const TMUX: [&str; 13] = [
    "set -g base-index 5",
    "set -g pane-base-index 3",
    "set -g renumber-windows on",
    "set -g automatic-rename on",
    "set -g allow-rename on",
    "set -g set-titles on",
    "set -g default-command 'sleep 0.1; exec bash -l'",
    "set -g destroy-unattached on",
    "set -g remain-on-exit on",
    "set -g update-environment 'TALLY_SESSION BACKEND_PORT VITE_API_URL PATH'",
    "set -g exit-empty off",
    "set -g an-option-of-an-older-tmux on",
    "set -g status off\nset -g default-size 20x5\nset -g prefix C-a\nset -g mode-keys vi",
];

/// Adds a session, stops it, resumes it and removes it, and looks at its windows. `prepare` is done to every call.
#[track_caller]
fn assert_works(sandbox: &Sandbox, what: &str, prepare: impl Fn(&mut Command)) {
    let run = |line: &str| {
        let mut program = sandbox.program(line);
        prepare(&mut program);
        sandbox.outcome(&mut program)
    };
    let worktree = sandbox.worktree("feat");
    let before = sandbox.started("claude", "feat").len();
    for (times, command) in [(1, "add"), (2, "resume")] {
        run(&format!("{command} feat")).succeeds();
        for (program, folder) in [("python", "backend"), ("npm", "frontend"), ("claude", "")] {
            let start = sandbox.await_start(program, "feat", before + times);
            assert_eq!(start.cwd, worktree.join(folder), "{what}: {command}");
        }
        let names = sandbox.window_names("feat");
        let found = sandbox.windows("feat", "#{window_name}");
        assert_eq!(found, names, "{what}: {command}");
        let env = &sandbox.started("npm", "feat").pop().unwrap().env;
        assert_eq!(env["VITE_API_URL"], sandbox.url("feat"), "{what}");
        sandbox.await_screen("feat", "cli", |screen| {
            screen
                .trim_end()
                .replace('\n', "")
                .ends_with("python manage.py")
        });
        run("list").says("[..]\nfeat  running [..]\n");
        if command == "add" {
            sandbox.kill_windows("feat");
        }
    }
    run("remove feat").says("removed feat\n[...]");
    assert!(sandbox.tmux_sessions().is_empty(), "{what}");
    assert!(!worktree.exists(), "{what}");
}

#[test]
fn each_setting_of_tmux_alone_changes_nothing() {
    for line in TMUX {
        let sandbox = Sandbox::new();
        write(&sandbox.home.join(".tmux.conf"), format!("{line}\n"));
        assert_works(&sandbox, line, |_| {});
    }
}

#[test]
fn all_settings_of_tmux_at_once_change_nothing() {
    let sandbox = Sandbox::new();
    write(&sandbox.home.join(".tmux.conf"), TMUX.join("\n") + "\n");
    assert_works(&sandbox, "all", |_| {});
}

#[test]
fn a_tmux_server_with_sessions_of_the_user_s_own_keeps_them() {
    let sandbox = Sandbox::new();
    for name in ["tally", "tally-fea", "tally-feat2", "feat"] {
        sandbox.tmux(["new-session", "-d", "-s", name]);
    }
    sandbox.add("feat");
    sandbox.remove("feat");
    let mut left = sandbox.tmux_sessions();
    left.sort_unstable();
    assert_eq!(left, ["feat", "tally", "tally-fea", "tally-feat2"]);
}

/// Lines for git's own settings, each tried alone.
const GIT: [&str; 12] = [
    "[extensions]\n\tworktreeConfig = true",
    "[checkout]\n\tdefaultRemote = upstream\n\tworkers = 4",
    "[init]\n\tdefaultBranch = trunk",
    "[status]\n\tshowUntrackedFiles = no\n\tshort = true\n\tbranch = true\n\trelativePaths = false",
    "[color]\n\tui = always\n[column]\n\tui = always\n[core]\n\tquotePath = true",
    "[core]\n\tpager = false\n\teditor = false\n\tautocrlf = input\n\tfsmonitor = true",
    "[worktree]\n\tguessRemote = true\n\tuseRelativePaths = true",
    "[branch]\n\tautoSetupMerge = always\n\tautoSetupRebase = always\n\tsort = -committerdate",
    "[diff]\n\tignoreSubmodules = all\n\trenames = copies\n\tnoprefix = true\n[log]\n\tshowSignature = true",
    "[merge]\n\tff = false\n\tconflictStyle = diff3\n[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = false",
    "[alias]\n\tworktree = !false\n\tstatus = !false\n[advice]\n\tdetachedHead = false",
    "[push]\n\tdefault = nothing\n[transfer]\n\thideRefs = refs/tally-session",
];

#[test]
fn settings_of_git_change_neither_what_is_made_nor_what_is_guarded() {
    let sandbox = Sandbox::new();
    let user = read(&sandbox.home.join(".gitconfig"));
    for lines in GIT {
        write(&sandbox.home.join(".gitconfig"), format!("{user}{lines}\n"));
        let worktree = sandbox.add_again("feat");
        write(&worktree.join("new file"), "new");
        let error = "error: the session feat has changes that are not committed: new file\n[...]";
        sandbox.run("remove feat").fails(error);
        let starts = sandbox.started("claude", "feat").len();
        for args in [["remove", "--force", "feat"], ["-q", "restore", "feat"]] {
            sandbox.run(args).succeeds();
        }
        sandbox.await_programs("feat", starts + 1);
        assert_eq!(read(&worktree.join("new file")), "new");
        sandbox.force_remove("feat");
    }
}

#[test]
fn a_hook_of_git_s_that_fails_is_a_warning_and_one_that_is_slow_is_waited_for() {
    let sandbox = Sandbox::new();
    let hooks = sandbox.root.join("hooks");
    std::fs::create_dir(&hooks).unwrap();
    sandbox.git_at(&sandbox.main, "config core.hooksPath", &hooks);
    let hook = hooks.join("post-checkout");
    sandbox.write_script(&hook, "echo sorry >&2; exit 3");
    let told = "warning: the worktree is complete, but a hook of git's failed: [..]\n[...]";
    sandbox.add_telling("one", told).remarks("sorry");
    sandbox.await_programs("one", 1);
    assert!(sandbox.worktree("one").join("backend/db.sqlite3").exists());
    sandbox.assert_clean(&sandbox.worktree("one"));
    sandbox.write_script(&hook, "sleep 1; echo made >hooked");
    sandbox.run("add two").succeeds();
    assert!(sandbox.worktree("two").join("hooked").exists());
    sandbox.remove("one");
    let error = "error: the session two has changes that are not committed: hooked\n[...]";
    sandbox.run("remove two").fails(error);
}

#[test]
fn the_variables_of_a_hook_and_of_other_tools_lead_nobody_astray() {
    let sandbox = Sandbox::new();
    let other = sandbox.make_repository("other");
    let before = sandbox.git(&other, "for-each-ref");
    assert_works(&sandbox, "variables", |program| {
        program
            .env("GIT_DIR", other.join(".git"))
            .env("GIT_COMMON_DIR", other.join(".git"))
            .env("GIT_WORK_TREE", &other)
            .env("GIT_INDEX_FILE", other.join(".git/index"))
            .env("GIT_OBJECT_DIRECTORY", other.join(".git/objects"))
            .env("GIT_PREFIX", "backend/")
            .env("GIT_CEILING_DIRECTORIES", &sandbox.root)
            .env("GIT_LITERAL_PATHSPECS", "1")
            .env("GIT_TRACE", "1")
            .env("GIT_PAGER", "false")
            .env("CDPATH", &other)
            .env("NO_COLOR", "1")
            .env("TALLY_SESSION", "another")
            .env("TALLY_WORKTREE", &other)
            .env("VITE_API_URL", "http://elsewhere")
            .env("BACKEND_PORT", "1");
    });
    assert_eq!(sandbox.git(&other, "for-each-ref"), before);
    sandbox.assert_clean(&other);
}

#[test]
fn the_language_changes_nothing() {
    for language in ["C", "POSIX", "de_DE.UTF-8", "nonsense"] {
        let sandbox = Sandbox::of_project("tally");
        assert_works(&sandbox, language, |program| {
            program
                .env("LANG", language)
                .env("LC_ALL", language)
                .env("LANGUAGE", "de");
        });
    }
}

#[test]
fn aliases_and_functions_of_the_shell_do_not_change_where_commands_run() {
    for (shell, start_up) in [
        (
            "bash",
            "CDPATH=/tmp:/; shopt -s expand_aliases; alias cd='cd -P'; HISTCONTROL=; set -o vi",
        ),
        (
            "zsh",
            "CDPATH=/tmp:/; alias cd='cd -P'; setopt auto_cd auto_pushd correct_all nomatch; bindkey -v",
        ),
        (
            "fish",
            "set -gx CDPATH /tmp /; alias ls 'ls -a'; fish_vi_key_bindings",
        ),
    ] {
        let Some(sandbox) = Sandbox::with_shell(shell) else {
            continue;
        };
        sandbox.spare_fish_its_completions();
        sandbox.start_up(start_up);
        assert_works(&sandbox, shell, |_| {});
    }
}
