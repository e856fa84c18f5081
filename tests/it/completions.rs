//! `completions`: what real shells make of it.

use crate::sandbox::{PROGRAM, Sandbox, make_link, unset, until, write};
use std::fs;
use std::path::Path;

/// Types the beginnings of names, and Tab after each, in a shell that has `line` in its start-up file.
#[track_caller]
fn names_complete(shell: &str, line: &str) {
    let Some(sandbox) = Sandbox::with_shell(shell) else {
        return;
    };
    sandbox.spare_fish_its_completions();
    for name in ["bugfix-ui", "feature-auth", "feature-payment"] {
        sandbox.add(name);
    }
    sandbox.install();
    sandbox.git_main("tag v1.2");
    sandbox.git_main("branch ideas/one");
    sandbox.start_up(line);
    let terminal = sandbox.shell_terminal(&sandbox.worktree("bugfix-ui").join("backend"));
    let shows = |text: &str| {
        terminal.await_screen(|_| terminal.lines().iter().any(|line| line.contains(text)));
    };
    terminal.type_text("tally-session rem");
    terminal.press("Tab");
    terminal.type_text("feature-p");
    terminal.press("Tab");
    shows("tally-session remove feature-payment");
    // The other one that begins so is on the line already.
    terminal.type_text("feat");
    terminal.press("Tab");
    shows("tally-session remove feature-payment feature-auth");
    terminal.press("Enter");
    until("both are removed", || sandbox.names() == ["bugfix-ui"]);
    // What has gone a moment ago is not offered.
    terminal.type_text("tally-session attach ");
    terminal.press("Tab");
    shows("tally-session attach bugfix-ui");
    for (begun, whole) in [
        ("tally-session remove --fo", "remove --force"),
        ("tally-session add --pr", "add --prompt"),
        ("tally-session add x --take", "add x --take-changes"),
        ("tally-session add id", "add ideas/one"),
        ("tally-session add x --from v1", "add x --from v1.2"),
    ] {
        terminal.press("C-u");
        terminal.type_text(begun);
        terminal.press("Tab");
        shows(whole);
    }
}

#[test]
fn names_complete_in_bash() {
    names_complete("bash", "eval \"$(tally-session completions bash)\"");
}

#[test]
fn names_complete_in_bash_that_sources_the_script() {
    names_complete("bash", "source <(tally-session completions bash)");
}

#[test]
fn names_complete_in_zsh() {
    names_complete("zsh", "eval \"$(tally-session completions zsh)\"");
}

#[test]
fn names_complete_in_zsh_whose_completion_is_on_already() {
    names_complete(
        "zsh",
        "autoload -Uz compinit; compinit\nsource <(tally-session completions zsh)",
    );
}

#[test]
fn names_complete_in_fish() {
    names_complete("fish", "tally-session completions fish | source");
}

/// What fish offers at the end of a line that is typed in a folder, on a machine that has neither git nor tmux.
#[track_caller]
fn offered(sandbox: &Sandbox, dir: &Path, line: &str) -> Vec<String> {
    let ask = "$argv[1] completions fish | source; complete -C $argv[2]";
    let mut fish = sandbox.command(sandbox.shell_path(), dir);
    fish.env("PATH", sandbox.root.join("only")).args([
        "-c",
        ask,
        line.split_whitespace().next().unwrap(),
        line,
    ]);
    let outcome = sandbox.outcome(&mut fish).succeeds();
    let lines = outcome.stdout.lines();
    lines
        .map(|line| line.split('\t').next().unwrap().to_owned())
        .collect()
}

/// A fish user's project with two sessions; none where fish is not installed.
fn with_fish() -> Option<Sandbox> {
    let sandbox = Sandbox::with_shell("fish")?;
    sandbox.spare_fish_its_completions();
    sandbox.add("bugfix-ui");
    sandbox.add("feat/pay");
    fs::create_dir(sandbox.root.join("only")).unwrap();
    make_link(PROGRAM, &sandbox.root.join("only/tally-session"));
    Some(sandbox)
}

#[test]
fn names_are_offered_where_one_is_wanted_and_only_there() {
    let Some(sandbox) = with_fish() else { return };
    let both: &[&str] = &["bugfix-ui", "feat/pay"];
    for (line, names) in [
        ("resume ", both),
        ("remove ", both),
        ("rm --force ", both),
        ("attach ", both),
        ("attach feat", &["feat/pay"]),
        ("attach feat/pay", &["feat/pay"]),
        ("attach nosuch", &[]),
        ("attach feat/pay bug", &[]),
        ("remove feat/pay ", &["bugfix-ui"]),
        ("remove feat/pay bugfix-ui", &["bugfix-ui"]),
        ("remove feat/pay feat", &[]),
        ("remove --keep", &["--keep-branch"]),
        ("add bug", &[]),
        ("list bug", &[]),
        ("completions ", &["bash", "zsh", "fish"]),
    ] {
        let line = format!("tally-session {line}");
        assert_eq!(offered(&sandbox, &sandbox.main, &line), names, "{line}");
    }
}

#[test]
fn add_is_offered_the_branches_that_are_free_and_all_that_one_can_start_from() {
    let Some(sandbox) = with_fish() else { return };
    make_link(
        sandbox.path_of(&["git"]).join("git"),
        &sandbox.root.join("only/git"),
    );
    let main = &sandbox.main;
    sandbox.make_origin();
    for refname in [
        "refs/heads/local",
        "refs/heads/both",
        "refs/heads/_odd",
        "refs/remotes/origin/both",
        "refs/remotes/origin/theirs/new",
        "refs/remotes/origin/bugfix-ui",
        "refs/remotes/gone/left",
        "refs/tags/v1.2",
    ] {
        sandbox.git(main, ["update-ref", refname, "HEAD"]);
    }
    sandbox.git(main, "remote set-head origin main");
    for (line, names) in [
        ("add ", &["both", "local", "theirs/new"][..]),
        ("add th", &["theirs/new"]),
        (
            "add x --from o",
            &[
                "origin/both",
                "origin/bugfix-ui",
                "origin/main",
                "origin/theirs/new",
            ],
        ),
        ("add --from v", &["v1.2"]),
        ("add x --from=loc", &["--from=local"]),
        ("add --fe", &["--fetch"]),
    ] {
        let line = format!("tally-session {line}");
        assert_eq!(offered(&sandbox, main, &line), names, "{line}");
    }
}

#[test]
fn names_are_those_of_the_project_that_the_line_is_about() {
    let Some(sandbox) = with_fish() else { return };
    let worktree = sandbox.worktree("feat/pay").join("frontend");
    let main = sandbox.main.display();
    for (dir, line, names) in [
        (&worktree, "tally-session attach f".to_owned(), 1),
        (
            &sandbox.home,
            "tally-session -C ../tally attach f".to_owned(),
            1,
        ),
        (
            &sandbox.home,
            format!("tally-session attach -C {main} f"),
            1,
        ),
        (
            &sandbox.root,
            "tally-session -C ~/../tally attach f".to_owned(),
            1,
        ),
        (&sandbox.main, "tally-session -C ~ attach f".to_owned(), 0),
        (&sandbox.home, "tally-session attach f".to_owned(), 0),
        (&sandbox.main, format!("{PROGRAM} attach f"), 1),
    ] {
        assert_eq!(offered(&sandbox, dir, &line).len(), names, "{line}");
    }
    // A program that is called by its path is not looked for on the PATH.
    let link = sandbox.main.join("backend/tally-session");
    make_link(PROGRAM, &link);
    unset(&sandbox.root.join("only/tally-session"));
    let names = offered(&sandbox, link.parent().unwrap(), "./tally-session attach f");
    assert_eq!(names, ["feat/pay"]);
}

#[test]
fn a_broken_store_offers_nothing_and_says_nothing() {
    let Some(sandbox) = with_fish() else { return };
    write(&sandbox.main.join(".tally-sessions"), "{ broken");
    let line = "tally-session attach f";
    assert_eq!(offered(&sandbox, &sandbox.main, line), [""; 0]);
}

#[test]
fn completions_of_an_unknown_shell_is_wrong_usage() {
    let sandbox = Sandbox::new();
    let tcsh = sandbox.run_in(&sandbox.home, "completions tcsh");
    tcsh.is(
        2,
        "",
        "error: [..]'tcsh'[..]\n  [..]bash, zsh, fish[..]\n[...]",
    );
    let none = sandbox.run_in(&sandbox.home, "completions");
    none.is(2, "", "error: [..]\n  <SHELL>\n[...]");
}
