//! This program, started once more.

use super::quote_path;
use anyhow::Context;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Says to this program that it outlives the terminal: by the number of its process.
pub(super) const OUTLIVES: &str = "TALLY_SESSION_OUTLIVES_TERMINAL";

/// Whether this program goes on when the terminal goes away.
pub fn outlives_terminal() -> bool {
    // What it has started may have the variable too.
    let own = std::process::id().to_string();
    std::env::var(OUTLIVES).is_ok_and(|process| process == own)
}

/// Begins anew, with the same arguments and one more, so that this program goes on when the terminal goes away: it is deaf to the
/// hang-up, and to nothing else that comes from there. Gives why it can't.
pub fn outlive_terminal(more: Option<&str>) -> io::Error {
    let own = match std::env::current_exe() {
        Ok(own) => own,
        Err(error) => return error,
    };
    Command::new("sh")
        .args(["-c", r#"trap "" HUP; exec "$0" "$@""#])
        .arg(own)
        .args(std::env::args_os().skip(1))
        .args(more)
        .env(OUTLIVES, std::process::id().to_string())
        .stdin(Stdio::null())
        .exec()
}

/// Starts this program once more with a command of its own in a folder, and leaves it to itself: it goes on when this one has
/// ended, and when the terminal goes away.
pub fn leave_own(dir: &Path, command: &str) -> io::Result<()> {
    let mut own = Command::new(std::env::current_exe()?);
    own.arg("-C").arg(dir).arg(command);
    leave(&mut own, Stdio::null())
}

/// Starts a command in a process group of its own, which no hang-up of this terminal reaches, with this to read.
pub(super) fn leave(command: &mut Command, from: Stdio) -> io::Result<()> {
    command
        .stdin(from)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    command.spawn().map(drop)
}

/// This program, for a shell.
pub fn own() -> anyhow::Result<String> {
    let program = std::env::current_exe().context("cannot find this program")?;
    Ok(quote_path(&program))
}
