//! What we ask of tmux; targets are ids or exact names. Making windows is in [`windows`], typing into them in [`typist`].
//! What gives a [`Result`] fails if tmux does, and says of its errors only where there is more to say.

mod batch;
mod listening;
pub mod screen;
mod session;
pub mod typist;
pub mod waiting_room;
pub mod windows;

pub use listening::Listening;
pub use session::{Mark, Pane, TmuxSession, Typed};

use crate::process::{Failure, Run, quote};
use crate::{ui, wait};
use anyhow::{Context, Result, anyhow};
use batch::Batch;
use rustix::fs::OFlags;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The user option that marks a session as ours; it names the main checkout.
const OWNER: &str = "@tally_session";

/// The user option that says which session it is, by its name in our store. Sessions of older versions have none.
const MADE_FOR: &str = "@tally_name";

/// The user option of a pane that says which window of which session it was made for: see [`Mark`].
const MARK: &str = "@tally_pane";

/// The user option of a pane that says what was typed into it, behind the time: see [`Typed`].
const TYPED: &str = "@tally_typed";

/// The variable that says which pane a program runs in.
const PANE: &str = "TMUX_PANE";

/// The user option of a pane whose Claude waits: the name of its session.
const WAITS: &str = "@tally_claude";

/// The global option that names them all, as a format: those whose window has rung since it was looked at last. Of a group of
/// sessions that share their windows only ours counts.
const WAITING: &str = "@tally_waiting";

/// What has failed when tmux gives no answer.
const UNASKED: &str = "cannot ask tmux for its sessions";

/// What is waited for: a server that was stopped takes questions and says nothing.
const ANSWER: &str = "for the tmux server to answer";

/// How long a tmux server may take to end.
const ENDING: Duration = Duration::from_secs(3);

/// tmux, printing UTF-8 whatever the locale is; without `-u` it turns all but ASCII into underscores.
fn tmux() -> Run<'static> {
    Run::new("tmux").arg("-u")
}

/// All sessions of the user's tmux server; none if no server runs.
pub fn sessions() -> Result<Vec<TmuxSession>> {
    let list = tmux().args(["list-panes", "-a", "-F", &TmuxSession::format()]);
    let list = ask(|| list.stdout()).context(UNASKED)?;
    Ok(TmuxSession::read(&list.unwrap_or_default()))
}

/// What tmux answers; nothing if no server runs. A server that is ending takes connections and gives no answers: it is asked
/// again until it is gone.
fn ask<T>(mut question: impl FnMut() -> Result<T, Failure>) -> Result<Option<T>> {
    let mut failure = None;
    let answer = wait::until(ENDING, ANSWER, || {
        match ui::with_word(ANSWER, &mut question) {
            Ok(answer) => Ok(Some(Some(answer))),
            Err(error @ Failure::Missing { .. }) => Err(error.into()),
            // One that runs without a session has no panes to tell of.
            Err(_) if !server_runs() || has_no_sessions() => Ok(Some(None)),
            Err(error) => {
                failure = Some(error);
                Ok(None)
            }
        }
    })?;
    match (answer, failure) {
        (Some(answer), _) => Ok(answer),
        (None, failure) => Err(failure.map_or_else(|| anyhow!("it gave no answer"), Into::into)),
    }
}

/// Whether a server runs that has no sessions, as with `exit-empty` off.
fn has_no_sessions() -> bool {
    let sessions = tmux().args(["list-sessions", "-F", "#{session_id}"]);
    sessions.stdout().is_ok_and(|sessions| sessions.is_empty())
}

/// Whether somebody answers on the socket that tmux uses: the one that `TMUX` names, or the default one.
fn server_runs() -> bool {
    let ours = std::env::var("TMUX").unwrap_or_default();
    let socket = match ours.split(',').next() {
        Some(path) if !path.is_empty() => PathBuf::from(path),
        _ => {
            let dir = std::env::var_os("TMUX_TMPDIR").filter(|dir| !dir.is_empty());
            let user = rustix::process::getuid().as_raw();
            PathBuf::from(dir.unwrap_or_else(|| "/tmp".into())).join(format!("tmux-{user}/default"))
        }
    };
    UnixStream::connect(socket).is_ok()
}

/// Has tmux know what these say of the session of this name, of the project with this main checkout.
pub fn mark(sessions: &[TmuxSession], main: &Path, name: &str) -> Result<()> {
    let mut batch = Batch::default();
    let path = main.to_string_lossy();
    for tmux in sessions {
        if tmux.is_of(main) && tmux.made_for.as_deref() == Some(name) {
            let target = format!("{}:", tmux.id);
            batch.command(["set-option", "-q", "-t", &target, OWNER, &path]);
        }
        for pane in tmux.panes.iter().filter(|pane| pane.is_of(main, name)) {
            let mark = pane.mark.as_ref().map(Mark::write).unwrap_or_default();
            batch.command(["set-option", "-pq", "-t", &pane.id, MARK, &mark]);
        }
    }
    let marked = tmux().args(batch.arguments()).stdout().map(drop);
    marked.context("cannot mark the tmux windows")
}

/// Makes a pane a window of a tmux session, at its end.
pub fn send_home(pane: &Pane, home: &TmuxSession) -> Result<()> {
    let home = format!("{}:", home.id);
    let words = ["break-pane", "-d", "-s", &pane.id, "-t", &home];
    let moved = tmux().args(words).stdout().map(drop);
    moved.context("cannot move a window to where it belongs")
}

/// One word in a text of tmux commands.
fn word(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Rings the bell of a pane, and has it say that this session waits.
pub fn call(pane: &Pane, session: &str) -> Result<()> {
    let failed = || format!("cannot ring in {}", pane.tty.display());
    let flags = (OFlags::NOCTTY | OFlags::NONBLOCK).bits().cast_signed();
    let mut options = File::options();
    let terminal = options.write(true).custom_flags(flags).open(&pane.tty);
    terminal
        .and_then(|mut terminal| terminal.write_all(b"\x07"))
        .with_context(failed)?;
    let panes =
        format!("#{{P:#{{?#{{&&:#{{window_bell_flag}},#{{!=:#{{{WAITS}}},}}}},#{{{WAITS}}} ,}}}}");
    let counts = format!("#{{||:#{{{OWNER}}},#{{==:#{{session_group}},}}}}");
    let waiting = format!("#{{S:#{{?{counts},#{{W:{panes}}},}}}}");
    // Setting an option has the status lines drawn again.
    tmux()
        .args(["set-option", "-g", WAITING, &waiting, ";"])
        .args(["set-option", "-p", "-t", &pane.id, WAITS, session])
        .stdout()?;
    Ok(())
}

/// Takes that back.
pub fn calm(pane: &Pane) -> Result<()> {
    let unset = ["set-option", "-p", "-u", "-q", "-t", &pane.id, WAITS];
    tmux().args(unset).stdout()?;
    Ok(())
}

/// Whether this program runs inside tmux.
pub fn is_inside() -> bool {
    std::env::var_os("TMUX").is_some_and(|tmux| !tmux.is_empty())
}

/// Shows a session on this terminal, until the user detaches from it.
pub fn attach(session: &TmuxSession) -> Result<()> {
    let verb = if is_inside() {
        "switch-client"
    } else {
        "attach-session"
    };
    Run::new("tmux")
        .args([verb, "-t", &session.id])
        .foreground()
        .with_context(|| format!("cannot attach to the tmux session {}", session.name))
}

/// The sessions that have the window which this program runs in: several, if they share it.
pub fn here() -> Result<Vec<TmuxSession>> {
    let pane = std::env::var(PANE).ok().filter(|_| is_inside());
    let Some(pane) = pane else {
        return Ok(Vec::new());
    };
    // What was started from a window may live longer than its server: another one gives the pane's id to a window of its own.
    let tmux_variable = std::env::var("TMUX").unwrap_or_default();
    let server = tmux_variable.split(',').nth(1).unwrap_or_default();
    let is_here = format!("#{{==:#{{pid}} #{{pane_id}},{server} {pane}}}");
    let panes = ["list-panes", "-a", "-f", &is_here, "-F"];
    let found = tmux().args(panes).arg(TmuxSession::format()).output()?;
    Ok(TmuxSession::read(&found.stdout))
}

/// How a person attaches to a session. `=` starts a word that zsh replaces, unless it is quoted.
pub fn attach_command(name: &str) -> String {
    format!("tmux attach -t {}", quote(&format!("={name}")))
}

/// How a person gives a session another name: ours are known by their marks.
pub fn rename_command(name: &str) -> String {
    let [target, other] = [format!("={name}"), format!("{name}-other")].map(|name| quote(&name));
    format!("tmux rename-session -t {target} {other}")
}

/// How a person makes a pane a window of a session.
pub fn move_command(id: &str, session: &str) -> String {
    let home = quote(&format!("={session}:"));
    format!("tmux break-pane -d -s {id} -t {home}")
}

/// How a person ends a session and all that runs in it.
pub fn kill_command(name: &str) -> String {
    format!("tmux kill-session -t {}", quote(&format!("={name}")))
}
