//! The windows of a session: making them, and typing into each what belongs there.

use super::hold::Hold;
use super::{Session, lock_store};
use crate::claude::{self, Claude, Opening};
use crate::layout::{self, Layout};
use crate::problem::Problem;
use crate::process::quote;
use crate::project::Project;
use crate::store::lock::Lock;
use crate::tmux::TmuxSession;
use crate::tmux::windows::{self, Keys, NewSession, NewWindow, Pane};
use crate::wait;
use anyhow::Result;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::termios::{InputModes, LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

/// How long a shell's start-up files may take before its line is typed anyway.
const PATIENCE: Duration = Duration::from_secs(15);

/// So long the other windows wait for the ones that are typed into twice.
const MOMENT: Duration = Duration::from_millis(50);

/// A window that waits for what belongs there.
#[derive(PartialEq, Eq)]
pub struct Waiting {
    session: String,
    window: String,
    pane: Pane,
    /// Typed and run.
    line: String,
    /// Typed at the prompt that follows, and left there.
    typed: Option<String>,
    /// Whether this is the window that the user sees first.
    shown: bool,
}

/// That windows start in folders which none of these checkouts has, if they do: the project is not like its layout.
pub fn lacking_folders(project: &Project, layout: &Layout, checkouts: &[&Path]) -> Option<Problem> {
    let folders: BTreeSet<_> = layout.windows.iter().map(|window| &*window.dir).collect();
    let is_there = |folder: &str| {
        checkouts
            .iter()
            .any(|checkout| checkout.join(folder).is_dir())
    };
    let lacking: Vec<_> = folders
        .into_iter()
        .filter(|folder| !is_there(folder))
        .collect();
    if lacking.is_empty() {
        return None;
    }
    let file = project.main.join(layout::FILE);
    let file = quote(&file.to_string_lossy());
    let cure = if project.main.join(layout::FILE).exists() {
        format!("if the project looks different now, change {file}")
    } else {
        format!(
            "if your project looks different, say how: tally-session layout >{file}, and change that"
        )
    };
    Some(Problem::new(
        format!(
            "there is no folder {}, where windows start",
            lacking.join(" and no ")
        ),
        cure,
    ))
}

/// Makes the tmux sessions, all in one call that holds the lock until it has ended, and says what the windows of each wait for.
///
/// # Errors
/// If tmux fails with all of them, or with one, also because a session of that name is there.
pub fn create(
    project: &Project,
    sessions: &[(&Session<'_>, &Hold)],
    claude: &Claude,
    lock: &Lock,
) -> Result<Vec<Result<Vec<Waiting>>>> {
    let all = sessions.iter().map(|(session, hold)| {
        let windows = session.layout.windows.iter().map(|window| {
            let prompt = hold.prompt().filter(|_| window.runs_claude());
            let env = prompt.map(|prompt| (claude::PROMPT.to_owned(), prompt.to_owned()));
            Ok(NewWindow {
                name: session.expand(&window.name)?,
                env: env.into_iter().collect(),
            })
        });
        Ok(NewSession {
            name: session.tmux_name(),
            made_for: session.name.as_str(),
            dir: session.record.worktree(),
            env: session.env(),
            windows: windows.collect::<Result<_>>()?,
        })
    });
    let all: Vec<_> = all.collect::<Result<_>>()?;
    let made = windows::create(&project.main, &all, lock)?;
    Ok(sessions
        .iter()
        .zip(made)
        .map(|((session, hold), panes)| waiting(session, claude, hold, panes?))
        .collect())
}

/// What the windows wait for that a killed command made and never typed into.
///
/// # Errors
/// If tmux fails.
pub fn left_waiting(
    session: &Session<'_>,
    claude: &Claude,
    hold: &Hold,
    tmux: &TmuxSession,
) -> Result<Vec<Waiting>> {
    waiting(session, claude, hold, windows::pending(tmux)?)
}

fn waiting(
    session: &Session<'_>,
    claude: &Claude,
    hold: &Hold,
    panes: Vec<Pane>,
) -> Result<Vec<Waiting>> {
    let last = || claude.conversation(session.record.worktree());
    let conversation = hold.conversation().map(ToOwned::to_owned).or_else(last);
    let opening = match &conversation {
        Some(id) => Opening::Continue(id),
        None => Opening::New {
            prompt: hold.prompt().is_some(),
        },
    };
    let layout = session.layout;
    let claude = format!(
        "{} {}",
        session.expand_command(&layout.claude, "")?,
        claude::arguments(&session.claude_name(), opening)
    );
    let mut all = Vec::new();
    for pane in panes {
        let Some(window) = layout.windows.get(pane.window) else {
            continue;
        };
        let dir = session.record.worktree().join(&window.dir);
        let dir = dir.to_string_lossy();
        let mut parts = vec![format!("cd {}", quote(dir.trim_end_matches('/')))];
        if !layout.activate.is_empty() {
            // What activates an environment may change the folder: the `cd` comes after it.
            parts.insert(0, session.expand_command(&layout.activate, &claude)?);
        }
        if let Some(run) = &window.run {
            parts.push(session.expand_command(run, &claude)?);
        }
        all.push(Waiting {
            session: session.name.to_string(),
            window: session.expand(&window.name)?,
            line: parts.join(" && "),
            typed: window
                .typed
                .as_ref()
                .map(|text| session.expand_command(text, &claude))
                .transpose()?,
            shown: window.runs_claude(),
            pane,
        });
    }
    Ok(all)
}

/// Types into all windows, when all their shells read: the line in every one, and then what is left at the prompt. Gives what
/// did not go as it should. Who asks under the store's lock which windows still wait gets no answer that is just changing.
///
/// The windows with a text for their second prompt come first: it is there after a moment, unless the commands of all the
/// others start in it.
///
/// # Errors
/// If tmux fails.
pub fn fill(project: &Project, waiting: &[Waiting]) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    let all = waiting.iter().collect();
    let (reading, late) = wait_for_shells(all, &mut notes, Terminal::is_read)?;
    let (early, others): (Vec<_>, Vec<_>) = reading
        .into_iter()
        .partition(|waiting| waiting.typed.is_some());
    for waiting in &early {
        if let Some(terminal) = Terminal::open(&waiting.pane.tty) {
            terminal.mark();
        }
    }
    let type_keys = |keys: Vec<Keys<'_>>, shown: &[&Waiting]| {
        let shown = shown.iter().filter(|waiting| waiting.shown);
        let shown = shown.map(|waiting| &waiting.pane);
        windows::type_keys(keys, shown, &lock_store(project)?)
    };
    type_keys(early.iter().map(|waiting| waiting.line()).collect(), &early)?;

    let is_read_again = |terminal: &Terminal| terminal.is_read() && !terminal.is_marked();
    let slow = not_reading(&early, MOMENT, is_read_again)?;
    let (ready, slow): (Vec<_>, Vec<_>) = early
        .into_iter()
        .partition(|waiting| waiting.lives() && !slow.contains(waiting));
    let others: Vec<_> = others.into_iter().chain(late.iter().copied()).collect();
    let lines = others.iter().map(|waiting| waiting.line());
    let texts = ready
        .iter()
        .chain(&late)
        .filter_map(|waiting| waiting.text());
    type_keys(lines.chain(texts).collect(), &others)?;

    let (ready, late) = wait_for_shells(slow, &mut notes, is_read_again)?;
    let texts = ready
        .iter()
        .chain(&late)
        .filter_map(|waiting| waiting.text());
    type_keys(texts.collect(), &[])?;
    Ok(notes)
}

impl Waiting {
    /// Whether its shell has not ended.
    fn lives(&self) -> bool {
        Terminal::open(&self.pane.tty).is_some()
    }

    fn line(&self) -> Keys<'_> {
        Keys {
            pane: &self.pane,
            text: &self.line,
            enter: true,
            last: self.typed.is_none(),
        }
    }

    fn text(&self) -> Option<Keys<'_>> {
        Some(Keys {
            pane: &self.pane,
            text: self.typed.as_ref()?,
            enter: false,
            last: true,
        })
    }
}

/// Waits until every shell reads, or their time is over: one without a line editor never shows it. Gives those that read and
/// those that are late; those that have ended can't be typed into.
fn wait_for_shells<'a>(
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
    notes.extend(by_session(
        &ended,
        "ended before they could be typed into: look at their start-up files",
    ));
    notes.extend(by_session(
        &late,
        &format!(
            "showed no prompt for {seconds} s; their commands were typed all the same, look there"
        ),
    ));
    Ok((reading, late))
}

/// Waits until every shell that has not ended reads, or the time is over. Gives those that do not read then.
fn not_reading<'a>(
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
    windows
        .chunk_by(|one, next| one.session == next.session)
        .map(|windows| {
            let names: Vec<_> = windows
                .iter()
                .map(|waiting| waiting.window.as_str())
                .collect();
            format!(
                "the shells of {} in the windows {} {did}",
                windows[0].session,
                names.join(", ")
            )
        })
        .collect()
}

/// A pane's terminal, without making it ours.
struct Terminal {
    file: OwnedFd,
    modes: Termios,
}

impl Terminal {
    /// None if the terminal is gone: its shell has ended, and there is nobody to wait for.
    fn open(path: &Path) -> Option<Self> {
        let file = openat(
            CWD,
            path,
            OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC,
            Mode::empty(),
        );
        let file = file.ok()?;
        Some(Self {
            modes: tcgetattr(&file).ok()?,
            file,
        })
    }

    /// Whether a line editor reads from it. Line editors switch canonical input and echo off, and turn either both or none
    /// of carriage return and newline around (readline and fish none, zsh both); a start-up file that asks for one key
    /// (`read -n1 -s`) leaves the usual turning of one.
    fn is_read(&self) -> bool {
        let input = self.modes.input_modes;
        !self
            .modes
            .local_modes
            .intersects(LocalModes::ICANON | LocalModes::ECHO)
            && input.contains(InputModes::ICRNL) == input.contains(InputModes::INLCR)
    }

    /// Leaves a mark that goes when the line editor gives the terminal back to run a command: a mode without a meaning while
    /// canonical input is off. The shell keeps the modes for commands elsewhere.
    fn mark(mut self) {
        self.modes.local_modes.insert(MARK);
        // Without the mark the next text may come early, and is shown twice.
        let _ = tcsetattr(&self.file, OptionalActions::Now, &self.modes);
    }

    fn is_marked(&self) -> bool {
        self.modes.local_modes.contains(MARK)
    }
}

/// Echoing a killed line in a way that no terminal of today has.
const MARK: LocalModes = LocalModes::ECHOPRT;
