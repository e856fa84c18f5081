//! The shells in the windows: whether they read, as their terminals show.

use crate::session::windows::Waiting;
use crate::wait;
use anyhow::Result;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::termios::{InputModes, LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

/// How long a shell's start-up files may take before its line is typed anyway.
const PATIENCE: Duration = Duration::from_secs(15);

/// Waits until every shell reads, or their time is over: one without a line editor never shows it. Gives those that read and
/// those that are late; those that have ended can't be typed into.
pub fn wait_for_shells<'a>(
    windows: Vec<&'a Waiting>,
    notes: &mut Vec<String>,
    reads: impl Fn(&Terminal) -> bool,
) -> Result<(Vec<&'a Waiting>, Vec<&'a Waiting>)> {
    let late = not_reading(&windows, PATIENCE, reads)?;
    let (living, ended): (Vec<_>, Vec<_>) =
        windows.into_iter().partition(|waiting| waiting.lives());
    let (late, reading): (Vec<_>, Vec<_>) = living
        .into_iter()
        .partition(|waiting| late.contains(waiting));
    let seconds = PATIENCE.as_secs();
    let unseen = format!(
        "showed no prompt for {seconds} s; their commands were typed all the same, look there"
    );
    let early = "ended before they could be typed into: look at their start-up files";
    for (windows, did) in [(&ended, early), (&late, &unseen)] {
        notes.extend(by_session(windows, did));
    }
    Ok((reading, late))
}

/// Waits until every shell that has not ended reads, or the time is over. Gives those that do not read then.
pub fn not_reading<'a>(
    windows: &[&'a Waiting],
    limit: Duration,
    reads: impl Fn(&Terminal) -> bool,
) -> Result<Vec<&'a Waiting>> {
    let mut late = windows.to_vec();
    wait::until(limit, "for the shells' start-up files", || {
        late.retain(|waiting| {
            Terminal::open(&waiting.pane.tty).is_some_and(|terminal| !reads(&terminal))
        });
        Ok(late.is_empty().then_some(()))
    })?;
    Ok(late)
}

/// One sentence a session on what its shells did.
fn by_session(windows: &[&Waiting], did: &str) -> Vec<String> {
    let sessions = windows.chunk_by(|one, next| one.session == next.session);
    let told = sessions.map(|windows| {
        let session = &windows[0].session;
        let names: Vec<_> = windows.iter().map(|it| it.window.as_str()).collect();
        let names = names.join(", ");
        format!("the shells of {session} in the windows {names} {did}")
    });
    told.collect()
}

/// A pane's terminal, without making it ours.
pub struct Terminal {
    file: OwnedFd,
    modes: Termios,
}

impl Terminal {
    /// None if the terminal is gone: its shell has ended, and there is nobody to wait for.
    pub fn open(path: &Path) -> Option<Self> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(CWD, path, flags, Mode::empty()).ok()?;
        Some(Self {
            modes: tcgetattr(&file).ok()?,
            file,
        })
    }

    /// Whether a line editor reads from it. Line editors switch canonical input and echo off, and turn either both or none
    /// of carriage return and newline around (readline and fish none, zsh both); a start-up file that asks for one key
    /// (`read -n1 -s`) leaves the usual turning of one.
    pub fn is_read(&self) -> bool {
        let (input, local) = (self.modes.input_modes, self.modes.local_modes);
        !local.intersects(LocalModes::ICANON | LocalModes::ECHO)
            && input.contains(InputModes::ICRNL) == input.contains(InputModes::INLCR)
    }

    /// Leaves a mark that goes when the line editor gives the terminal back to run a command: a mode without a meaning while
    /// canonical input is off. The shell keeps the modes for commands elsewhere.
    pub fn mark(mut self) {
        self.modes.local_modes.insert(MARK);
        // Without the mark the next text may come early, and is shown twice.
        let _ = tcsetattr(&self.file, OptionalActions::Now, &self.modes);
    }

    pub fn is_marked(&self) -> bool {
        self.modes.local_modes.contains(MARK)
    }
}

/// Echoing a killed line in a way that no terminal of today has.
const MARK: LocalModes = LocalModes::ECHOPRT;
