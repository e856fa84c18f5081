//! What the program says of itself.

use crate::sandbox::{Outcome, Sandbox};
use std::fs::File;

/// The subcommands, as the program lists them.
fn subcommands(sandbox: &Sandbox) -> Vec<String> {
    let help = sandbox.run("--help").succeeds().stdout;
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let lines = list.lines().take_while(|line| !line.is_empty());
    lines
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .filter(|name| name != "help")
        .collect()
}

/// The program's own help, and that of each subcommand.
fn helps(sandbox: &Sandbox) -> Vec<Outcome> {
    let names = subcommands(sandbox);
    assert!(names.contains(&"add".to_owned()), "{names:?}");
    let mut helps = vec![sandbox.run("--help").succeeds()];
    helps.extend(
        names
            .iter()
            .map(|name| sandbox.run([name, "--help"]).succeeds()),
    );
    helps
}

#[test]
fn each_help_has_an_example_and_fits_80_columns() {
    let sandbox = Sandbox::new();
    for help in helps(&sandbox) {
        assert!(help.stdout.contains("\n  tally-session "), "{help}");
        let longest = help.stdout.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(80), "{help}");
    }
}

#[test]
fn the_manual_page_has_every_command_and_option_and_needs_no_project_git_or_tmux() {
    let sandbox = Sandbox::new();
    let mut man = sandbox.program_in(&sandbox.home, "man");
    let page = sandbox
        .outcome(man.env("PATH", sandbox.path_of(&[])))
        .succeeds();
    let text = page.stdout.replace("\\-", "-");
    for name in subcommands(&sandbox) {
        assert!(
            text.contains(&format!("\n.SS tally-session {name} ")),
            "{name}: {page}"
        );
    }
    for help in helps(&sandbox) {
        let lines = help.stdout.lines().map(str::trim_start);
        for line in lines.filter(|line| line.starts_with('-')) {
            let (names, meaning) = line.split_once("  ").unwrap();
            let entry = format!(
                "\\fB{names}\\fR\n{}\n",
                meaning.trim().replace('\'', "\\(aq")
            );
            assert!(text.contains(&entry), "{entry}: {page}");
        }
    }
}

#[test]
fn the_manual_page_is_set_without_a_warning() {
    let sandbox = Sandbox::new();
    let page = sandbox.root.join("tally-session.1");
    let status = sandbox
        .program_in(&sandbox.home, "man")
        .stdout(File::create(&page).unwrap())
        .status();
    assert!(status.unwrap().success());
    let mut groff = sandbox.command("groff", &sandbox.root);
    groff.args(["-man", "-Tutf8", "-ww", "tally-session.1"]);
    // It is not on every machine.
    if let Ok(set) = groff.output() {
        assert_eq!(String::from_utf8(set.stderr).unwrap(), "");
        assert!(set.status.success());
    }
}
