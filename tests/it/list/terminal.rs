//! The table as a person sees it.

use crate::sandbox::{Sandbox, Terminal, unset};
use std::fs;

/// The lines that `list` prints on a terminal of so many columns, as they stand there.
#[track_caller]
fn listed(terminal: &Terminal, columns: u16) -> Vec<String> {
    terminal.resize(columns);
    terminal.clear();
    terminal.run("list");
    terminal.await_status();
    let lines = terminal.lines();
    let table = lines.iter().skip_while(|line| !line.starts_with("NAME"));
    table
        .take_while(|line| !line.starts_with("status-"))
        .cloned()
        .collect()
}

#[test]
fn list_takes_two_lines_a_session_where_one_is_too_long_and_wraps_nothing() {
    let sandbox = Sandbox::new().with("feature-payment").with("bugfix-ui");
    sandbox.restart();
    let terminal = sandbox.terminal(&sandbox.main);
    let (one, other) = (sandbox.ports("feature-payment"), sandbox.ports("bugfix-ui"));
    let url = |port: u16| format!("http://localhost:{port}");
    let [a, b, c, d] = [one.0, one.1, other.0, other.1].map(url);
    let narrow = [
        "NAME             STATE    CHANGES  CLAUDE".to_owned(),
        "  BACKEND                FRONTEND".to_owned(),
        "feature-payment  stopped  -        -".to_owned(),
        format!("  {a}  {b}"),
        "bugfix-ui        stopped  -        -".to_owned(),
        format!("  {c}  {d}"),
    ];
    assert_eq!(listed(&terminal, 80), narrow);
    let wide = [
        "NAME             STATE    BACKEND                FRONTEND               CHANGES  CLAUDE"
            .to_owned(),
        format!("feature-payment  stopped  {a}  {b}  -        -"),
        format!("bugfix-ui        stopped  {c}  {d}  -        -"),
    ];
    assert_eq!(listed(&terminal, 120), wide);
    // The longest line just fits.
    let just = u16::try_from(wide[0].len()).unwrap();
    assert_eq!(listed(&terminal, just), wide);
    assert_eq!(listed(&terminal, just - 1), narrow);
}

#[test]
fn list_has_a_column_for_each_service_that_the_project_has() {
    let sandbox = Sandbox::new();
    let layout = "[ports]\nbackend = 8000\nfrontend = 5000\nstorybook = 6006\n";
    sandbox.lay_out(layout);
    sandbox.run("add feat").succeeds();
    sandbox.await_programs("feat", 1);
    sandbox.restart();
    let port = |service: &str| sandbox.store()["feat"][service].clone();
    let urls = ["backend_port", "frontend_port", "storybook_port"]
        .map(|service| format!("http://localhost:{}", port(service)));
    assert_eq!(
        listed(&sandbox.terminal(&sandbox.main), 80)[1..],
        [
            "  BACKEND                FRONTEND               STORYBOOK".to_owned(),
            "feat  stopped  -        -".to_owned(),
            format!("  {}", urls.join("  ")),
        ]
    );
}

#[test]
fn list_names_the_branches_on_a_terminal_once_one_is_not_its_session_s_name() {
    let sandbox = Sandbox::new().with("one").with("two");
    sandbox.restart();
    let terminal = sandbox.terminal(&sandbox.main);
    assert!(!listed(&terminal, 150)[0].contains("BRANCH"));
    sandbox.git_main("branch -q -m two second");
    let table = listed(&terminal, 150);
    let branches = table[..3].iter();
    let branches = branches.map(|line| line.split_whitespace().nth(4));
    let found = branches.collect::<Vec<_>>();
    assert_eq!(found, [Some("BRANCH"), Some("one"), Some("second")]);
}

#[test]
fn list_shows_the_whole_path_of_a_worktree_that_is_not_beside_the_main_checkout() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let elsewhere = tempfile::tempdir_in("/tmp").unwrap();
    let moved = fs::canonicalize(elsewhere.path()).unwrap().join("feat");
    let [from, to] = [&worktree, &moved].map(|path| path.to_str().unwrap());
    sandbox.git_main(["worktree", "move", from, to]);
    sandbox.edit_record("feat", |record| record["worktree"] = to.into());
    let table = listed(&sandbox.terminal(&sandbox.main), 150);
    assert_eq!(table[1].split_whitespace().last(), Some(to));
}

#[test]
fn list_gives_a_problem_s_cure_a_line_of_its_own_where_both_are_too_long_for_one() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feature-payment");
    sandbox.restart();
    unset(&worktree);
    let terminal = sandbox.terminal(&sandbox.main);
    let problem = format!(
        "feature-payment: its worktree {} is gone",
        worktree.display()
    );
    let cure = "tally-session resume feature-payment";
    assert_eq!(listed(&terminal, 150)[2..], [format!("{problem}: {cure}")]);
    assert_eq!(listed(&terminal, 80)[4..], [problem, format!("  {cure}")]);
}

#[test]
fn list_says_in_colour_who_waits_for_the_user_and_in_words_too() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.have_claude("feat", "waiting");
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("list");
    let (_, screen) = terminal.await_status();
    assert!(screen.contains("\u{1b}[1m\u{1b}[33mwaiting"), "{screen:?}");
    terminal.clear();
    terminal.enter("export NO_COLOR=1");
    terminal.run("list");
    let (_, screen) = terminal.await_status();
    let row = screen.lines().find(|line| line.starts_with("feat "));
    assert!(row.unwrap().trim_end().ends_with(" waiting"), "{screen:?}");
    assert!(!screen.contains("[33m"), "{screen:?}");
}
