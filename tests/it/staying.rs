//! What was started in a session's windows and does not end with them is known before anything is closed.

use crate::sandbox::{LEAVING, Sandbox, eventually};

/// Has a window's shell start something that says its process, and gives that.
#[track_caller]
fn start(sandbox: &Sandbox, line: &str) -> u32 {
    sandbox.enter("feat", "shell", line);
    eventually("it runs", || {
        let text = std::fs::read_to_string(sandbox.root.join("started")).ok()?;
        text.trim().parse().ok()
    })
}

#[track_caller]
fn assert_refused(line: &str) {
    let sandbox = Sandbox::new().with("feat");
    let process = start(&sandbox, line);
    sandbox.refuses_to_remove(&format!(
        "error: the session feat has what will not end with its windows: process {process} ([..])\n\
         hint: end it: kill {process}[..]\n\
         hint: remove it all the same: tally-session remove --force feat\n"
    ));
    assert!(sandbox.lives(process));
    sandbox.force_remove_telling(
        "feat",
        &format!(
            "warning: this was started in its windows and still runs: process {process} ([..]\n"
        ),
    );
    assert!(sandbox.lives(process));
}

#[test]
fn remove_refuses_what_left_its_terminal_and_does_not_wait_for_it_when_forced() {
    assert_refused(&format!(
        "nohup {LEAVING} sh -c 'echo $$ >\"$SANDBOX/started\"; sleep 600; echo result >result.txt' >/dev/null 2>&1 &"
    ));
}

// Only Linux tells.
#[cfg(target_os = "linux")]
#[test]
fn remove_refuses_what_ignores_the_hang_up_and_does_not_wait_for_it_when_forced() {
    assert_refused("nohup sh -c 'echo $$ >\"$SANDBOX/started\"; exec sleep 600' >/dev/null 2>&1 &");
}

#[test]
fn what_has_a_terminal_of_its_own_ends_with_the_program_that_gave_it() {
    let sandbox = Sandbox::new().with("feat");
    let line = "python3 -IS -c 'import pty; pty.spawn([\"bash\", \"-c\", \"echo $$ >\\\"$SANDBOX/started\\\"; exec sleep 600\"])'";
    let process = start(&sandbox, line);
    sandbox.remove("feat");
    assert!(!sandbox.lives(process));
}

#[test]
fn a_job_in_the_background_ends_with_its_window() {
    let sandbox = Sandbox::new().with("feat");
    let process = start(
        &sandbox,
        "bash -c 'echo $$ >\"$SANDBOX/started\"; exec sleep 600' &",
    );
    sandbox.remove("feat");
    assert!(!sandbox.lives(process));
}
