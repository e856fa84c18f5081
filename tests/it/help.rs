//! What the program says of itself.

use crate::sandbox::Sandbox;

/// The subcommands, as the program lists them.
fn subcommands(sandbox: &Sandbox) -> Vec<String> {
    let help = sandbox.run(["--help"]).succeeds().stdout;
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let lines = list.lines().take_while(|line| !line.is_empty());
    lines
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .filter(|name| name != "help")
        .collect()
}

#[test]
fn each_help_has_an_example_and_fits_80_columns() {
    let sandbox = Sandbox::new();
    let names = subcommands(&sandbox);
    assert!(names.contains(&"add".to_owned()), "{names:?}");
    let mut helps = vec![sandbox.run(["--help"]).succeeds()];
    helps.extend(
        names
            .iter()
            .map(|name| sandbox.run([name, "--help"]).succeeds()),
    );
    for help in helps {
        assert!(help.stdout.contains("\n  tally-session "), "{help}");
        let longest = help.stdout.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(80), "{help}");
    }
}
