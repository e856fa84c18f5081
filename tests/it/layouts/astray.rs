//! Hooks that have their own session worked on.

use super::hooks::{set_hook, with_hook};
use crate::sandbox::{Sandbox, eventually, read, write};
use std::time::{Duration, Instant};

#[test]
fn a_hook_that_has_its_own_session_worked_on_is_told_at_once() {
    let program = env!("CARGO_BIN_EXE_tally-session");
    let sandbox = Sandbox::new();
    let began = Instant::now();
    for command in ["add", "resume", "stop", "remove"] {
        set_hook(&sandbox, "post_add", &format!("{program} {command} feat"));
        sandbox.run(["add", "feat"]).fails(
            "post_add: error: a hook of feat called this, and nothing can be done with feat until that has ended\n\
             post_add: hint: take it out of the hook, in .tally-session.toml\n\
             error: [..]\n[...]",
        );
    }
    assert!(began.elapsed() < Duration::from_mins(1));
    // Another one may be worked on, and what is started for it knows nothing of the hook.
    let other = format!("{program} list >&2; {program} add --no-hooks other");
    set_hook(&sandbox, "post_add", &other);
    sandbox
        .run(["add", "feat"])
        .is(0, "added feat\n[...]", "post_add: [..]\n[...]");
    assert_eq!(sandbox.names(), ["feat", "other"]);
    let environment = sandbox.tmux(["show-environment", "-g"]);
    assert!(!environment.contains("TALLY_SESSION_HOOK"), "{environment}");
}

#[test]
fn what_a_hook_has_left_running_may_work_on_the_session_later() {
    let program = env!("CARGO_BIN_EXE_tally-session");
    let sandbox = with_hook(
        "post_add",
        &format!(
            "(until [ -e ../go ]; do sleep 0.01; done; {program} stop feat; touch ../done) >../said 2>&1 &"
        ),
    );
    sandbox.add("feat");
    write(&sandbox.root.join("go"), "");
    eventually("the end of what the hook left", || {
        sandbox.root.join("done").exists().then_some(())
    });
    let said = read(&sandbox.root.join("said"));
    assert!(said.starts_with("stopped feat"), "{said}");
}
