//! `add`: what a new session gets, and what is refused.

mod branch;
mod files;
mod hidden;
mod included;
mod ports;
mod refusals;
mod remotes;
mod taking;

use crate::sandbox::{GATE, Sandbox};

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
fn add_calls_worktree_and_detached_tmux_session_by_the_slug_and_the_branch_by_the_name() {
    let sandbox = Sandbox::new().with("feat/pay.v2");
    let worktree = sandbox.root.join("tally-feat-pay.v2");
    let branch = sandbox.git(&worktree, "branch --show-current");
    assert_eq!(branch, "feat/pay.v2");
    let sessions = sandbox.tmux(["list-sessions", "-F", "#{session_name} #{session_attached}"]);
    assert_eq!(sessions, "tally-feat-pay_v2 0");
    let claude = &sandbox.started("claude", "feat/pay.v2")[0];
    assert_eq!(claude.args, ["--name", "tally-feat-pay.v2"]);
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
    let odd = "it's \"$(touch pwned)\" `id` $HOME #{pane_id} \\ ; é*;";
    for (name, prompt, given) in [
        ("odd", odd, odd),
        ("lines", "first\n\n- second\n", "first\n\n- second"),
    ] {
        sandbox.run(["add", name, "--prompt", prompt]).succeeds();
        let claude = sandbox.await_start("claude", name, 1);
        let title = format!("tally-{name}");
        assert_eq!(claude.args, ["--name", &title, "--", given]);
    }
    assert!(!sandbox.worktree("odd").join("pwned").exists());
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
fn add_types_nothing_unquoted_of_a_project_with_an_odd_name() {
    let (sandbox, worktree) =
        Sandbox::of_project("my 'tally' $(touch pwned);").with_worktree("feat");
    let backend = worktree.join("backend");
    for (program, dir) in [("python", "backend"), ("npm", "frontend"), ("claude", "")] {
        let started = &sandbox.started(program, "feat")[0];
        assert_eq!(started.cwd, worktree.join(dir), "{program}");
    }
    for dir in [&sandbox.main, &worktree, &sandbox.home, &backend] {
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
    sandbox.hook_checkout(&format!("case $PWD in *-slow) {GATE};; esac"));
    let mut slow = sandbox.start("add slow");
    sandbox.await_gate();
    sandbox.add("quick");
    sandbox.open_gate();
    assert!(slow.wait().unwrap().success());
    assert_eq!(sandbox.names(), ["slow", "quick"]);
}
