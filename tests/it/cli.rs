//! What holds for every command.

use crate::sandbox::{Outcome, Sandbox, unset};
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
    let told = "removed two\n[...]";
    sandbox.run_in(&deep, "remove two").says(told);
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
    let error = "error: cannot open the folder nowhere: [..]\n";
    sandbox.run_in(&sandbox.home, nowhere).fails(error);
}

#[test]
fn outside_a_repository_is_an_error() {
    let sandbox = Sandbox::new();
    let error = "error: [ROOT]/home is not inside a git repository\nhint: [..]tally-session -C <folder>[..]\n";
    for line in ["list", "add x", "resume", "remove x", "attach x", "doctor"] {
        sandbox.run_in(&sandbox.home, line).fails(error);
    }
}

#[test]
fn a_git_folder_in_the_environment_does_not_lead_to_another_repository() {
    let sandbox = Sandbox::new();
    let other = sandbox.make_repository("other");
    let mut add = sandbox.program("add feat");
    add.env("GIT_DIR", other.join(".git"))
        .env("GIT_WORK_TREE", &other)
        .env("GIT_INDEX_FILE", other.join("index"));
    sandbox.outcome(&mut add).succeeds();
    assert_eq!(sandbox.git(&other, "branch --list feat"), "");
    let found = sandbox.git(&sandbox.worktree("feat"), "branch --show-current");
    assert_eq!(found, "feat");
}

#[test]
fn ls_and_rm_are_aliases() {
    let sandbox = Sandbox::new().with("feat");
    let listed = sandbox.run("list").stdout;
    sandbox.run("ls").says(&listed);
    sandbox.run("rm feat").says("removed feat\n[...]");
}

#[test]
fn v_prints_each_git_and_tmux_command_so_that_it_can_be_pasted() {
    let sandbox = Sandbox::of_project("my tally's");
    let outcome = sandbox
        .run("-v add feat")
        .is(0, "added feat\n[...]", "[...]");
    outcome
        .clone()
        .remarks("+ tmux -u new-session")
        .remarks(" git -C ");
    let mut lines = outcome.stderr.lines();
    let add = lines.find(|line| line.contains(" worktree add ")).unwrap();
    let pasted = add.strip_prefix("+ ").unwrap();
    let pasted = pasted
        .replace("my tally's-feat", "my tally's-pasted")
        .replace(" feat", " pasted");
    assert_eq!(sandbox.type_line(&pasted).code, Some(0));
    assert!(sandbox.worktree("pasted").join("README.md").exists());
}

#[test]
fn stdout_carries_the_answer_and_stderr_the_narration_and_q_prints_only_errors() {
    let sandbox = Sandbox::new();
    unset(&sandbox.main.join("backend/.env"));
    let added = sandbox.add_telling("feat", "warning: backend/.env [..]\n");
    assert!(!added.stdout.contains("warning"));
    sandbox.remove("feat");
    sandbox.run("-q add feat").says("");
    let error = "error: there is a session feat already\nhint: [..]\nhint: [..]\n";
    sandbox.run("-q add feat").fails(error);
    sandbox.run("-q resume").says("");
    sandbox.run("-q remove feat").says("");
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
    terminal.enter("export NO_COLOR=1");
    terminal.clear();
    terminal.run("remove nosuch");
    let (_, screen) = terminal.await_status();
    assert!(screen.contains("\nerror: "), "{screen:?}");
    assert!(!screen.contains("[31m"), "{screen:?}");
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let sandbox = Sandbox::new().with("feat");
    for line in ["list --json", "resume feat", "remove feat"] {
        let (_, writer) = pipe().unwrap();
        let mut program = sandbox.program(line);
        let child = program.stdout(writer).stderr(Stdio::piped()).spawn();
        let output = child.unwrap().wait_with_output().unwrap();
        Outcome::new(line.to_owned(), &output, &sandbox.root).says("");
    }
    assert!(sandbox.names().is_empty());
}

#[test]
fn wrong_usage_is_status_2() {
    let sandbox = Sandbox::new();
    for line in [
        "",
        "nosuch",
        "add",
        "add one two",
        "remove --yes",
        "list --nosuch",
        "-v -q list",
    ] {
        let usage = "[...]\nUsage: tally-session [..]\n[...]";
        sandbox.run(line).is(2, "", usage);
    }
}

#[test]
fn of_several_names_all_are_tried_and_the_status_is_1_if_one_failed() {
    let sandbox = Sandbox::new().with("one").with("two");
    let error =
        "error: there is no session nosuch\nhint: see which there are: tally-session list\n";
    for (verb, done) in [
        ("resume", "one is already running\ntwo is already running\n"),
        ("remove", "removed one\n[...]\nremoved two\n[...]"),
    ] {
        sandbox
            .run([verb, "one", "nosuch", "two"])
            .is(1, done, error);
    }
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
    let told = "warning: claude is not on the PATH[..]install[..]\n";
    sandbox
        .outcome(sandbox.program("add feat").env("PATH", path))
        .is(0, "added feat\n[...]", told);
    assert_eq!(sandbox.names(), ["feat"]);
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
    for (options, hint) in [
        (&[][..], ""),
        (
            &["-a", "--from", "v1", "-p", "it's new"],
            " --from v1 --prompt [..]it[..]s new[..] --attach",
        ),
    ] {
        let refused = sandbox.run_changes_nothing([&["add", "my feature"], options].concat());
        refused.fails(&format!("error: the name \"my feature\" may only have [..]\nhint: tally-session add my-feature{hint}\n"));
    }
}
