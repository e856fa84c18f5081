//! Claudes that are at work are a reason to leave a session as it is.

use crate::sandbox::{Sandbox, read, read_json, unset, write};
use serde_json::json;
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

#[test]
fn remove_refuses_a_session_whose_claude_is_busy() {
    let sandbox = Sandbox::new().with("feat");
    let file = sandbox.claude_s_file("feat");
    let mut about = read_json(&file);
    about["status"] = json!("busy");
    write(&file, about.to_string());
    sandbox.refuses_to_remove(
        "error: the session feat has a Claude that is busy\n\
         hint: look at it: tally-session attach feat\n\
         hint: remove it all the same: tally-session remove --force feat\n",
    );
    about["status"] = json!("idle");
    write(&file, about.to_string());
    sandbox.remove("feat");
}

#[test]
fn remove_refuses_a_session_with_a_claude_in_the_background_and_ends_that_by_force() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    // A shell that has ended is no parent that a process can stay behind for.
    let mut shell = sandbox.command("sh", &worktree);
    let background = shell
        .args(["-c", "sleep 600 >/dev/null 2>&1 & echo $!"])
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let pid: u32 = String::from_utf8(background.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let about = json!({
        "pid": pid, "cwd": worktree, "kind": "bg", "status": "idle", "jobId": "a1b2c3",
        "startedAt": u64::try_from(now.as_millis()).unwrap(),
    });
    write(
        &sandbox.home.join(format!(".claude/sessions/{pid}.json")),
        about.to_string(),
    );
    sandbox.refuses_to_remove(
        "error: the session feat has a Claude that works in the background\n\
         hint: look at it: claude attach a1b2c3, or end it: claude stop a1b2c3\n\
         hint: remove it all the same: tally-session remove --force feat\n",
    );
    unset(&sandbox.root.join("bin/claude"));
    let told = sandbox.root.join("told/stop");
    let script = format!("echo \"$@\" >{}; kill {pid}", told.display());
    sandbox.write_script(&sandbox.root.join("bin/claude"), &script);
    sandbox.force_remove("feat");
    assert_eq!(read(&told), "stop a1b2c3\n");
    assert!(!sandbox.lives(pid) && !worktree.exists());
}
