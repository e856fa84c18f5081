//! What holds for every command.

use crate::sandbox::{Sandbox, unset, write};
use std::io::pipe;
use std::process::Stdio;

#[test]
fn it_works_from_any_subfolder_of_the_main_checkout_and_of_a_worktree() {
    let sandbox = Sandbox::new();
    sandbox
        .run_in(&sandbox.main.join("backend"), "add one")
        .succeeds();
    let deep = sandbox.worktree("one").join("frontend");
    sandbox.run_in(&deep, "add two").succeeds();
    assert_eq!(sandbox.names(), ["one", "two"]);
    sandbox.await_programs("one", 1);
    sandbox.await_programs("two", 1);
    let listed = sandbox.run_in(&deep, "list").succeeds().stdout;
    assert_eq!(listed, sandbox.run("list").stdout);
    sandbox
        .run_in(&deep, "remove two")
        .says("removed two\n[...]");
    assert_eq!(sandbox.names(), ["one"]);
}

#[test]
fn c_names_the_folder_to_work_in_as_in_git() {
    let sandbox = Sandbox::new();
    sandbox.run_in(&sandbox.root, "-C tally add one").succeeds();
    sandbox
        .run_in(&sandbox.home, "list -C ../tally-one/backend")
        .says("[...]\none [..]\n");
    let nowhere = ["-C", "nowhere", "list"];
    sandbox
        .run_in(&sandbox.home, nowhere)
        .fails("error: cannot open the folder nowhere: [..]\n");
}

#[test]
fn outside_a_repository_is_an_error() {
    let sandbox = Sandbox::new();
    for command in [
        vec!["list"],
        vec!["add", "x"],
        vec!["resume"],
        vec!["remove", "x"],
        vec!["attach", "x"],
        vec!["doctor"],
    ] {
        let outcome = sandbox.outcome(&mut sandbox.program_in(&sandbox.home, &command));
        outcome.fails("error: [ROOT]/home is not inside a git repository\nhint: [..]tally-session -C <folder>[..]\n");
    }
}

#[test]
fn a_git_folder_in_the_environment_does_not_lead_to_another_repository() {
    let sandbox = Sandbox::new();
    let other = sandbox.root.join("other");
    sandbox.git(&sandbox.root, "init -q other");
    sandbox.commit(&other, "file", "text");
    let mut add = sandbox.program("add feat");
    add.env("GIT_DIR", other.join(".git"))
        .env("GIT_WORK_TREE", &other)
        .env("GIT_INDEX_FILE", other.join("index"));
    sandbox.outcome(&mut add).succeeds();
    assert_eq!(sandbox.git(&other, "branch --list feat"), "");
    assert_eq!(
        sandbox.git(&sandbox.worktree("feat"), "branch --show-current"),
        "feat"
    );
}

#[test]
fn ls_and_rm_are_aliases() {
    let sandbox = Sandbox::new().with("feat");
    assert_eq!(
        sandbox.run("ls").succeeds().stdout,
        sandbox.run("list").stdout
    );
    sandbox.run("rm feat").says("removed feat\n[...]");
}

#[test]
fn v_prints_each_git_and_tmux_command_so_that_it_can_be_pasted() {
    let sandbox = Sandbox::of_project("my tally's");
    let outcome = sandbox
        .run("-v add feat")
        .is(0, "added feat\n[...]", "[...]");
    let commands: Vec<_> = outcome
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("+ "))
        .collect();
    let find = |words: &str| *commands.iter().find(|line| line.contains(words)).unwrap();
    find("tmux -u new-session");
    find("git -C");
    let add = find(" worktree add ");
    let pasted = add
        .replace("my tally's-feat", "my tally's-pasted")
        .replace(" feat", " pasted");
    let pasted = pasted.replace("[ROOT]", sandbox.root.to_str().unwrap());
    let shell = sandbox
        .command("sh", &sandbox.home)
        .args(["-c", &pasted])
        .output()
        .unwrap();
    assert!(
        shell.status.success(),
        "{pasted}: {}",
        String::from_utf8_lossy(&shell.stderr)
    );
    assert!(sandbox.worktree("pasted").join("README.md").exists());
}

#[test]
fn q_prints_only_errors() {
    let sandbox = Sandbox::new();
    unset(&sandbox.main.join("backend/.env"));
    sandbox.run("-q add feat").says("");
    sandbox
        .run("-q add feat")
        .fails("error: there is a session feat already\nhint: [..]\nhint: [..]\n");
    sandbox.run("-q resume").says("");
    sandbox.run("-q remove feat").says("");
}

#[test]
fn stdout_carries_the_answer_and_stderr_the_narration() {
    let sandbox = Sandbox::new();
    unset(&sandbox.main.join("backend/.env"));
    let outcome = sandbox.add_telling("feat", "warning: backend/.env [..]\n");
    assert!(!outcome.stdout.contains("warning"));
}

#[test]
fn colour_is_for_terminals_and_not_under_no_color() {
    let sandbox = Sandbox::new();
    sandbox.run("remove nosuch").says_nothing_of("\u{1b}");
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("remove nosuch");
    let (status, screen) = terminal.await_status();
    assert_eq!(status, 1);
    assert!(screen.contains("\u{1b}[1m\u{1b}[31merror: "), "{screen:?}");
    // Another terminal: the first one's status must not be taken for this one's.
    let other = Sandbox::new();
    let plain = other.terminal(&other.main);
    plain.enter("export NO_COLOR=1");
    plain.run("remove nosuch");
    let (_, screen) = plain.await_status();
    assert!(
        screen.contains("\nerror: ") && !screen.contains("[31m"),
        "{screen:?}"
    );
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let sandbox = Sandbox::new().with("feat");
    for args in [["list", "--json"], ["resume", "feat"], ["remove", "feat"]] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let child = sandbox
            .program(&args)
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn();
        let output = child.unwrap().wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), stderr.as_str()),
            (Some(0), ""),
            "{args:?}"
        );
    }
    assert!(sandbox.names().is_empty());
}

#[test]
fn wrong_usage_is_status_2() {
    let sandbox = Sandbox::new();
    for args in [
        vec![],
        vec!["nosuch"],
        vec!["add"],
        vec!["add", "one", "two"],
        vec!["remove", "--yes"],
        vec!["list", "--nosuch"],
        vec!["-v", "-q", "list"],
    ] {
        let outcome = sandbox.run(&args);
        outcome.is(2, "", "[...]\nUsage: tally-session [..]\n[...]");
    }
}

#[test]
fn of_several_names_all_are_tried_and_the_status_is_1_if_one_failed() {
    let sandbox = Sandbox::new().with("one").with("two");
    let hint = "hint: see which there are: tally-session list\n";
    sandbox.run("resume one nosuch two").is(
        1,
        "one is already running\ntwo is already running\n",
        &format!("error: there is no session nosuch\n{hint}"),
    );
    sandbox.run("remove one nosuch two").is(
        1,
        "removed one\n[...]\nremoved two\n[...]",
        &format!("error: there is no session nosuch\n{hint}"),
    );
}

#[test]
fn without_git_or_tmux_nothing_is_changed_and_the_error_says_how_to_install_it() {
    for missing in ["git", "tmux"] {
        let sandbox = Sandbox::new();
        let other = if missing == "git" { "tmux" } else { "git" };
        let path = sandbox.path_of(&[other]);
        let before = sandbox.snapshot();
        sandbox
            .outcome(sandbox.program("add feat").env("PATH", path))
            .fails(&format!(
                "error: {missing} is not installed[..]\nhint: [..] install {missing}[..]\n"
            ));
        sandbox.assert_unchanged_since(&before);
    }
}

#[test]
fn without_claude_there_is_a_warning_only() {
    let sandbox = Sandbox::new();
    let path = sandbox.path_of(&["git", "tmux"]);
    sandbox
        .outcome(sandbox.program("add feat").env("PATH", path))
        .is(
            0,
            "added feat\n[...]",
            "warning: claude is not on the PATH[..]install[..]\n",
        );
    assert_eq!(sandbox.names(), ["feat"]);
}

#[test]
fn an_error_names_the_thing_then_the_cause_then_the_next_command() {
    let sandbox = Sandbox::new();
    write(&sandbox.main.join(".tally-sessions"), "{\n  broken\n}");
    sandbox
        .run("list")
        .fails("error: [ROOT]/tally/.tally-sessions [..]: [..] line 2 [..]\n[...]");
    sandbox
        .run(["attach", "a b"])
        .fails("error: the name \"a b\" [..]\n");
    unset(&sandbox.main.join(".tally-sessions"));
    sandbox
        .run("attach feat")
        .fails("error: there is no session feat\nhint: see which there are: tally-session list\n");
}

#[test]
fn what_is_to_be_typed_next_names_the_folder_that_was_named() {
    let sandbox = Sandbox::of_project("my tally's");
    let main = sandbox.main.to_str().unwrap();
    let option = "-C \"[ROOT]/my tally's\"";
    let added = sandbox.run_in(&sandbox.home, ["-C", main, "add", "feat"]);
    let attach = format!("  attach    tally-session {option} attach feat\n");
    assert!(added.stdout.ends_with(&attach), "{added}");
    sandbox
        .run_in(&sandbox.home, ["-C", main, "remove", "featt"])
        .fails(&format!(
            "error: there is no session featt\n\
             hint: did you mean feat? tally-session {option} remove feat\n\
             hint: see which there are: tally-session {option} list\n"
        ));
    sandbox.run("remove featt").fails(
        "error: there is no session featt\nhint: did you mean feat? tally-session remove feat\n\
         hint: see which there are: tally-session list\n",
    );
}

#[test]
fn a_name_that_can_not_be_gets_one_that_can() {
    let sandbox = Sandbox::new();
    sandbox.run_changes_nothing(["add", "my feature"]).fails(
        "error: the name \"my feature\" may only have [..]\nhint: tally-session add my-feature\n",
    );
    sandbox
        .run_changes_nothing(["add", "my feature", "-a", "--from", "v1", "-p", "it's new"])
        .fails(
            "error: [..]\nhint: tally-session add my-feature --from v1 --prompt [..]it[..]s new[..] --attach\n",
        );
}
