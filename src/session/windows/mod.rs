//! The windows of a session: making them, and typing into each what belongs there. What gives a [`Result`] fails if tmux does, or
//! the session has no port for all that is in a window, and says of its errors only where there is more to say.

pub mod claudes;
pub mod closing;
pub mod living;
pub mod open;
pub mod opening;
pub mod repair;
pub mod servers;
pub mod shells;
pub mod telling;

use crate::layout::Window;
use crate::process::quote;
use crate::project::Project;
use crate::session::{Session, lock_store};
use crate::store::lock::Lock;
use crate::tmux::typist::{Keys, Typist};
use crate::tmux::windows::{self, NewSession, NewWindow};
use crate::tmux::{Pane, Typed};
use crate::wait;
use anyhow::Result;
use shells::{Terminal, not_reading, wait_for_shells};
use std::time::Duration;

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
    /// What it has then.
    content: Typed,
    /// Whether it is typed at a prompt that has been used.
    anew: bool,
    /// Whether this is the window that the user sees first.
    shown: bool,
}

/// Makes the tmux sessions, all in one call that holds the lock until it has ended, and says what the windows of each wait for.
///
/// # Errors
/// If tmux fails with all of them, or with one, also because a session of that name is there.
pub fn create(
    project: &Project,
    sessions: &[&Session<'_>],
    lock: &Lock,
) -> Result<Vec<Result<Vec<Waiting>>>> {
    let all = sessions.iter().map(|session| {
        let windows = session.layout.windows.iter();
        let windows = windows.map(|window| new_window(session, window));
        Ok(NewSession {
            windows: windows.collect::<Result<_>>()?,
            ..new_session(session)
        })
    });
    let all: Vec<_> = all.collect::<Result<_>>()?;
    let made = windows::create(&project.main, &all, lock)?;
    let made = sessions.iter().zip(made);
    let waiting = made.map(|(session, panes)| Waiting::all(session, &panes?));
    Ok(waiting.collect())
}

/// The session's tmux session, without its windows.
fn new_session<'a>(session: &'a Session<'_>) -> NewSession<'a> {
    NewSession {
        name: session.tmux_name(),
        made_for: session.name.as_str(),
        dir: session.record.worktree(),
        env: session.env(),
        windows: Vec::new(),
        into: None,
        instead_of: Vec::new(),
    }
}

fn new_window(session: &Session<'_>, window: &Window) -> Result<NewWindow> {
    Ok(NewWindow {
        key: window.key.clone(),
        name: session.expand(&window.name)?,
        place: None,
    })
}

/// What is typed into a window: the line that is run, and what is left at the prompt. `claude` is Claude's command.
fn lines(session: &Session<'_>, window: &Window, claude: &str) -> Result<(String, Option<String>)> {
    let layout = session.layout;
    let dir = session.record.worktree().join(&window.dir);
    let dir = dir.to_string_lossy();
    let mut parts = vec![format!("cd {}", quote(dir.trim_end_matches('/')))];
    if !layout.activate.is_empty() {
        // What activates an environment may change the folder: the `cd` comes after it.
        parts.insert(0, session.expand_command(&layout.activate, claude)?);
    }
    if let Some(run) = &window.run {
        parts.push(session.expand_command(run, claude)?);
    }
    let expand = |text| session.expand_command(text, claude);
    let typed = window.typed.as_deref().map(expand).transpose()?;
    Ok((parts.join(" && "), typed))
}

/// What belongs into a window, in one line.
pub fn content(session: &Session<'_>, window: &Window) -> Result<String> {
    // Claude's own options change from one time to the next.
    let claude = session.expand_command(&session.layout.claude.command, "")?;
    let (line, typed) = lines(session, window, &claude)?;
    let content = [line, typed.unwrap_or_default()].join(" ");
    Ok(content.replace(char::is_control, " ").trim_end().to_owned())
}

impl Waiting {
    /// What these panes wait for, as far as the layout has their windows.
    fn all(session: &Session<'_>, panes: &[Pane]) -> Result<Vec<Self>> {
        let waiting = panes.iter().map(|pane| Self::new(session, pane));
        waiting.filter_map(Result::transpose).collect()
    }

    /// What a pane waits for, if the layout has its window.
    pub fn new(session: &Session<'_>, pane: &Pane) -> Result<Option<Self>> {
        let Some(window) = session.window_of(pane) else {
            return Ok(None);
        };
        let text = window.run.as_ref().or(window.typed.as_ref());
        let claude = opening::typed(session, text.map_or("", String::as_str))?;
        let (line, typed) = lines(session, window, &claude)?;
        Ok(Some(Self {
            session: session.name.to_string(),
            window: session.expand(&window.name)?,
            content: Typed {
                at: wait::now(),
                line: content(session, window)?,
            },
            line,
            typed,
            shown: window.runs_claude(),
            pane: pane.clone(),
            anew: false,
        }))
    }

    /// The same, for a window that the user has been working in: it is not shown for that.
    #[must_use]
    pub fn anew(self) -> Self {
        Self {
            anew: true,
            shown: false,
            ..self
        }
    }

    /// Whether its shell has not ended.
    fn lives(&self) -> bool {
        Terminal::open(&self.pane.tty).is_some()
    }

    fn line(&self) -> Keys<'_> {
        Keys {
            pane: &self.pane,
            text: &self.line,
            anew: self.anew,
            enter: true,
            all: self.typed.is_none().then_some(&self.content),
        }
    }

    fn text(&self) -> Option<Keys<'_>> {
        Some(Keys {
            pane: &self.pane,
            text: self.typed.as_ref()?,
            anew: false,
            enter: false,
            all: Some(&self.content),
        })
    }
}

/// Types into all windows, when all their shells read: the line in every one, and then what is left at the prompt. Gives what
/// did not go as it should. Who asks under the store's lock which windows still wait gets no answer that is just changing.
///
/// The windows with a text for their second prompt come first: it is there after a moment, unless the commands of all the
/// others start in it.
pub fn fill(project: &Project, waiting: &[Waiting]) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    if waiting.is_empty() {
        return Ok(notes);
    }
    let type_keys = |typist: Typist, lines: &[&Waiting], texts: &[&Waiting]| {
        let shown = lines.iter().filter(|waiting| waiting.shown);
        let shown = shown.map(|waiting| &waiting.pane);
        let texts = texts.iter().filter_map(|waiting| waiting.text());
        let keys = lines.iter().map(|waiting| waiting.line()).chain(texts);
        typist.type_keys(keys, shown)
    };
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
    let lock = lock_store(project)?;
    let first = (!early.is_empty()).then(|| Typist::start(&lock));
    let second = Typist::start(&lock)?;
    if let Some(first) = first {
        type_keys(first?, &early, &[])?;
    }

    let is_read_again = |terminal: &Terminal| terminal.is_read() && !terminal.is_marked();
    let slow = not_reading(&early, MOMENT, is_read_again)?;
    let (ready, slow): (Vec<_>, Vec<_>) = early
        .into_iter()
        .partition(|waiting| waiting.lives() && !slow.contains(waiting));
    let texts = [&*ready, &late].concat();
    type_keys(second, &[&*others, &late].concat(), &texts)?;
    drop(lock);
    if slow.is_empty() {
        return Ok(notes);
    }

    let (ready, late) = wait_for_shells(slow, &mut notes, is_read_again)?;
    let texts = [ready, late].concat();
    type_keys(Typist::start(&lock_store(project)?)?, &[], &texts)?;
    Ok(notes)
}
