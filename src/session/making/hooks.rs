//! The user's own commands at the two ends of a session's life.

use crate::hint::{self, with_hint};
use crate::layout;
use crate::process::{Ending, HOOK, Run};
use crate::session::Session;
use crate::session::records::hold::Hold;
use crate::ui;
use anyhow::{Result, anyhow, bail};
use std::error::Error;
use std::fmt;

/// Keeps the lock that it has as its standard input until the script has ended, also when this program is killed, and does
/// not hand it on: what the script leaves in the background may live for ever. The script stops at its first failure.
const RUN: &str = r#"sh -ec "$1" </dev/null; exit $?"#;

/// So many of the last lines that a hook says are told when it fails, if none was shown.
const KEPT: usize = 100;

/// That a hook failed.
#[derive(Debug)]
struct Failed(String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Failed {}

/// Adds to an error, if it is that of a hook, how to run the hook again and how to leave it out: the commands that do.
pub fn advise(error: anyhow::Error, again: &str, without: &str) -> anyhow::Error {
    if !hint::is::<Failed>(&error) {
        return error;
    }
    let error = with_hint(error, format!("mend it, and run it again: {again}"));
    with_hint(error, format!("leave it out: {without}"))
}

/// Runs what the layout has for a new worktree, before its windows are opened.
///
/// # Errors
/// If it ends with a status that is not zero, or takes the worktree away.
pub fn post_add(session: &Session<'_>, hold: &Hold) -> Result<()> {
    let name = "post_add";
    let Some(script) = script(session, name, &session.layout.hooks.post_add)? else {
        return Ok(());
    };
    run(session, hold, name, &script)?;
    let worktree = session.record.worktree();
    if session.project.owns_worktree(worktree) {
        return Ok(());
    }
    let gone = anyhow!("it took the worktree {} away", worktree.display());
    Err(failed(name, &gone))
}

/// Runs what the layout has for a worktree that is to go, while all of it is still there; says whether there is something to run.
/// What `post_add` has made may be gone from then on, however it ends: that is due once more, should the session stay or come back.
///
/// # Errors
/// If it ends with a status that is not zero.
pub fn pre_remove(session: &Session<'_>, hold: &mut Hold) -> Result<bool> {
    let name = "pre_remove";
    let Some(script) = script(session, name, &session.layout.hooks.pre_remove)? else {
        return Ok(false);
    };
    hold.begin_too(|left| left.is_new = true)?;
    run(session, hold, name, &script)?;
    Ok(true)
}

fn failed(name: &str, error: &anyhow::Error) -> anyhow::Error {
    let failed = format!("the hook {name} of {} failed: {error:#}", layout::FILE);
    let hints = hint::hints(error).map(ToOwned::to_owned);
    hints.fold(Failed(failed).into(), with_hint)
}

/// What is to be run, if there is something.
fn script(session: &Session<'_>, name: &str, text: &str) -> Result<Option<String>> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let script = session.expand_command(text, "");
    script.map(Some).map_err(|error| failed(name, &error))
}

fn run(session: &Session<'_>, hold: &Hold, name: &str, script: &str) -> Result<()> {
    run_script(session, hold, name, script).map_err(|error| failed(name, &error))
}

fn run_script(session: &Session<'_>, hold: &Hold, name: &str, script: &str) -> Result<()> {
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
        .args(["-c", RUN, "sh", script])
        .dir(session.record.worktree())
        .envs(session.env())
        .env(HOOK, hold.lock().path())
        .holding(hold.lock().file())
        .lines(said)?;
    if status.success() {
        return Ok(());
    }
    let words = kept.join("\n");
    let words = match words.trim() {
        "" => String::new(),
        words => format!(": {words}"),
    };
    bail!("it ended with {}{words}", Ending(status));
}
