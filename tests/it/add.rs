//! `add`: what a new session gets, and what is refused.

mod branch;
mod files;
mod hidden;
mod included;
mod ports;
mod refusals;
mod remotes;
mod taking;

use crate::sandbox::{Sandbox, until, write};
use std::process::Stdio;

#[test]
fn add_prints_name_branch_base_worktree_urls_and_the_command_to_attach() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run("add feat/pay");
    let (backend, frontend) = sandbox.ports("feat/pay");
    let commit = sandbox.git_main("rev-parse --short=7 HEAD");
    outcome.says(&format!(
            "added feat/pay\n  branch [..] feat/pay [..]main[..]{commit}[..]\n  worktree [..][ROOT]/tally-feat-pay\n  \
             backend [..]http://localhost:{backend}\n  frontend [..]http://localhost:{frontend}\n  \
             attach [..]tally-session attach feat/pay\n"
        ));
}

#[test]
fn add_makes_the_tmux_session_detached() {
    let sandbox = Sandbox::new().with("feat");
    assert_eq!(
        sandbox.tmux(["list-sessions", "-F", "#{session_name} #{session_attached}"]),
        "tally-feat 0"
    );
}

#[test]
fn add_calls_worktree_and_tmux_session_by_the_slug_and_the_branch_by_the_name() {
    let sandbox = Sandbox::new().with("feat/pay.v2");
    let worktree = sandbox.root.join("tally-feat-pay.v2");
    assert_eq!(
        sandbox.git(&worktree, "branch --show-current"),
        "feat/pay.v2"
    );
    assert_eq!(sandbox.tmux_sessions(), ["tally-feat-pay_v2"]);
    assert_eq!(
        sandbox.started("claude", "feat/pay.v2")[0].args,
        ["--name", "tally-feat-pay.v2"]
    );
}

#[test]
fn add_attach_then_attaches() {
    let sandbox = Sandbox::new();
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("add feat --attach");
    sandbox.await_programs("feat", 1);
    sandbox.await_client("tally-feat");
}

#[test]
fn add_gives_claude_the_prompt_letter_by_letter() {
    let sandbox = Sandbox::new();
    let prompt = "it's \"$(touch pwned)\" `id` $HOME #{pane_id} \\ ; é*;";
    sandbox.run(["add", "feat", "--prompt", prompt]).succeeds();
    let claude = sandbox.await_start("claude", "feat", 1);
    assert_eq!(claude.args, ["--name", "tally-feat", "--", prompt]);
    assert!(!sandbox.worktree("feat").join("pwned").exists());
}

#[test]
fn add_gives_claude_a_prompt_that_is_too_long_for_the_arguments_of_tmux() {
    let sandbox = Sandbox::new();
    let line = "It's \"odd\": $HOME `id` #{pane_id} {a} ; \\ é\n";
    let prompt = line.repeat(90_000 / line.len());
    sandbox.run(["add", "feat", "--prompt", &prompt]).succeeds();
    let claude = sandbox.await_start("claude", "feat", 1);
    assert_eq!(claude.args.last().unwrap(), prompt.trim_end());
    sandbox.await_programs("feat", 1);
    let longer = "x".repeat(100_001);
    sandbox
        .run_changes_nothing(["add", "longer", "--prompt", &longer])
        .fails("error: the prompt is 100001 bytes long, [..]\nhint: [..]\n");
}

#[test]
fn add_gives_claude_a_prompt_of_several_lines() {
    let sandbox = Sandbox::new();
    sandbox
        .run(["add", "feat", "-p", "first\n\n- second\n"])
        .succeeds();
    assert_eq!(
        sandbox.await_start("claude", "feat", 1).args,
        ["--name", "tally-feat", "--", "first\n\n- second"]
    );
}

#[test]
fn add_types_nothing_unquoted_of_a_project_with_an_odd_name() {
    let (sandbox, worktree) =
        Sandbox::of_project("my 'tally' $(touch pwned);").with_worktree("feat");
    let places = [("python", "backend"), ("npm", "frontend"), ("claude", "")];
    for (program, dir) in places {
        assert_eq!(
            sandbox.started(program, "feat")[0].cwd,
            worktree.join(dir),
            "{program}"
        );
    }
    for dir in [
        &sandbox.main,
        &worktree,
        &sandbox.home,
        &worktree.join("backend"),
    ] {
        assert!(!dir.join("pwned").exists(), "{}", dir.display());
    }
    sandbox.remove("feat");
    assert!(!worktree.exists());
}

#[test]
fn add_works_in_a_project_whose_name_tmux_would_expand() {
    let (sandbox, worktree) = Sandbox::of_project("tally #{pid} #S").with_worktree("feat");
    assert!(sandbox.tmux_sessions()[0].ends_with("S-feat"));
    assert_eq!(sandbox.started("claude", "feat")[0].cwd, worktree);
}

#[test]
fn add_runs_the_slow_part_beside_other_adds() {
    let sandbox = Sandbox::new();
    let gate = sandbox.root.join("gate");
    let hook = sandbox.main.join(".git/hooks/post-checkout");
    let wait = format!(
        "case $PWD in *-slow) while [ ! -e {} ]; do sleep 0.01; done;; esac",
        gate.display()
    );
    sandbox.write_script(&hook, &wait);
    let mut slow = sandbox
        .program("add slow")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until("the slow add is in its hook", || {
        sandbox.worktree("slow").join("README.md").exists()
    });
    sandbox.add("quick");
    write(&gate, "");
    assert!(slow.wait().unwrap().success());
    assert_eq!(sandbox.names(), ["slow", "quick"]);
}
