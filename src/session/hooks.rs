//! The user's own commands at the two ends of a session's life.

use super::Session;
use super::hold::Hold;
use crate::hint::Hint;
use crate::layout;
use crate::process::{Ending, Run};
use crate::ui;
use anyhow::{Context, Result, anyhow};

/// Keeps the lock that it has as its standard input until the script has ended, also when this program is killed, and does
/// not hand it on: what the script leaves in the background may live for ever. The script stops at its first failure.
const RUN: &str = r#"sh -ec "$1" </dev/null; exit $?"#;

/// So many of the last lines that a hook says are told when it fails, if none was shown.
const KEPT: usize = 100;

/// Runs what the layout has for a new worktree, before its windows are opened.
///
/// # Errors
/// If it ends with a status that is not zero.
pub fn post_add(session: &Session<'_>, hold: &Hold) -> Result<()> {
    run(session, hold, "post_add", &session.layout.hooks.post_add)
}

/// Runs what the layout has for a worktree that is to go, while all of it is still there.
///
/// # Errors
/// If it ends with a status that is not zero.
pub fn pre_remove(session: &Session<'_>, hold: &Hold) -> Result<()> {
    run(
        session,
        hold,
        "pre_remove",
        &session.layout.hooks.pre_remove,
    )
}

fn run(session: &Session<'_>, hold: &Hold, name: &str, script: &str) -> Result<()> {
    if script.trim().is_empty() {
        return Ok(());
    }
    let failed = || format!("the hook {name} of {} failed", layout::FILE);
    let script = session.expand_command(script, "").with_context(failed)?;
    let mut kept = Vec::new();
    let said = |line: &str| {
        if ui::narrates() {
            ui::said(name, line);
            return;
        }
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push(line.to_owned());
    };
    let status = Run::new("sh")
        .args(["-c", RUN, "sh", &script])
        .dir(session.record.worktree())
        .envs(session.env())
        .holding(hold.lock().file())
        .lines(said)
        .with_context(failed)?;
    if status.success() {
        return Ok(());
    }
    let words = kept.join("\n");
    let words = match words.trim() {
        "" => String::new(),
        words => format!(": {words}"),
    };
    Err(anyhow!(
        "{}: it ended with {}{words}",
        failed(),
        Ending(status)
    ))
    .hint("mend it and type the same again, or leave it out: the same with --no-hooks")
}
