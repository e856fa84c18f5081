//! `.tally-session.toml`: projects of other kinds.

mod again;
mod astray;
mod changed;
mod compose;
mod detect;
mod files;
mod hooks;
mod pnpm;
mod rails;
mod said;
mod texts;
mod wrong;

use crate::sandbox::Sandbox;
use std::net::TcpListener;

/// Nothing of any session is left, and nobody listens on these ports.
#[track_caller]
fn assert_all_removed(sandbox: &Sandbox, ports: &[u16]) {
    assert!(sandbox.names().is_empty() && sandbox.tmux_sessions().is_empty());
    let folders = std::fs::read_dir(&sandbox.root).unwrap().flatten();
    let worktrees: Vec<_> = folders
        .map(|folder| folder.file_name().into_string().unwrap())
        .filter(|name| name.starts_with("tally-"))
        .collect();
    assert!(worktrees.is_empty(), "{worktrees:?}");
    let branches = sandbox.git_main("branch --format=%(refname:short)");
    assert_eq!(branches, "main");
    for &port in ports {
        TcpListener::bind(("127.0.0.1", port)).unwrap();
    }
}

#[test]
fn layout_prints_the_built_in_file_anywhere_without_git_and_tmux() {
    let sandbox = Sandbox::new();
    let built_in = include_str!("../../src/layout/built_in.toml");
    sandbox.lay_out("nonsense");
    for dir in [&sandbox.main, &sandbox.home] {
        let mut layout = sandbox.program_in(dir, "layout");
        layout.env("PATH", sandbox.home.join("nothing"));
        sandbox.outcome(&mut layout).says(built_in);
    }
}

#[test]
fn the_printed_layout_is_a_file_that_makes_the_same_sessions() {
    let sandbox = Sandbox::new();
    sandbox.lay_out(&sandbox.run("layout").stdout);
    let worktree = sandbox.add("feat");
    let (backend, frontend) = sandbox.ports("feat");
    assert_eq!(
        sandbox.windows("feat", "#{window_name}"),
        [
            &format!("backend:{backend}"),
            &format!("frontend:{frontend}"),
            "claude",
            "shell",
            "cli"
        ]
    );
    assert!(worktree.join("backend/db.sqlite3").is_file());
}
