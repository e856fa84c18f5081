//! What we ask of tmux; targets are ids or exact names. Making windows and typing into them is in [`windows`].

pub mod windows;

use crate::process::{Failure, Run, quote};
use crate::wait;
use anyhow::{Context, Result, anyhow};
use std::fs::File;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The user option that marks a session as ours; it names the main checkout.
const OWNER: &str = "@tally_session";

/// The user option that says which session it is, by its name in our store. Sessions of older versions have none.
const MADE_FOR: &str = "@tally_name";

/// The user option of a pane whose line has not been typed; it holds the window's place in the layout.
const PENDING: &str = "@tally_pending";

/// How long a tmux server may take to end.
const ENDING: Duration = Duration::from_secs(3);

/// A tmux session.
#[derive(Debug)]
pub struct TmuxSession {
    /// tmux's own id, `$3`: never used twice while the server runs.
    pub id: String,
    /// Its name, which the user may have changed.
    pub name: String,
    /// The main checkout of the project that it was made for, if this tool made it.
    pub owner: Option<PathBuf>,
    /// The name, in the project's store, of the session that it was made for, if it says so.
    pub made_for: Option<String>,
    /// The group of sessions that it shares its windows with, if it does.
    pub group: Option<String>,
    /// How many terminals show it.
    pub attached: usize,
    /// Whether a killed command left windows of it without what belongs there.
    pub is_pending: bool,
}

impl TmuxSession {
    /// Whether this tool made it for the project with this main checkout.
    pub fn is_of(&self, main: &Path) -> bool {
        self.owner.as_deref() == Some(main)
    }

    /// What tmux is asked of one. Only what is last may have colons in it.
    fn format() -> String {
        let pending = format!("#{{W:#{{P:#{{{PENDING}}}}}}}");
        format!(
            "#{{session_id}}:#{{session_attached}}:{pending}:#{{session_name}}:#{{session_group}}:#{{{MADE_FOR}}}:#{{{OWNER}}}"
        )
    }

    /// Reads what tmux answers to that, a line for each.
    fn read(answer: &[u8]) -> Vec<Self> {
        let text = String::from_utf8_lossy(answer);
        let some = |field: &str| Some(field.to_owned()).filter(|field| !field.is_empty());
        let lines = text.lines().filter_map(|line| {
            let mut fields = line.splitn(7, ':');
            Some(Self {
                id: fields.next()?.to_owned(),
                attached: fields.next()?.parse().ok()?,
                is_pending: !fields.next()?.is_empty(),
                name: fields.next()?.to_owned(),
                group: some(fields.next()?),
                made_for: some(fields.next()?),
                owner: some(fields.next()?).map(PathBuf::from),
            })
        });
        lines.collect()
    }
}

/// tmux, printing UTF-8 whatever the locale is; without `-u` it turns all but ASCII into underscores.
fn tmux() -> Run<'static> {
    Run::new("tmux").arg("-u")
}

/// All sessions of the user's tmux server; none if no server runs.
///
/// # Errors
/// If tmux fails though its server runs.
pub fn sessions() -> Result<Vec<TmuxSession>> {
    let list = ask(&tmux().args(["list-sessions", "-F", &TmuxSession::format()]))
        .context("cannot ask tmux for its sessions")?;
    Ok(TmuxSession::read(&list.unwrap_or_default()))
}

/// What tmux answers; nothing if no server runs. A server that is ending takes connections and gives no answers: it is asked
/// again until it is gone.
fn ask(question: &Run<'_>) -> Result<Option<Vec<u8>>> {
    let mut failure = None;
    let answer = wait::until(ENDING, "for the tmux server to answer", || {
        match question.stdout() {
            Ok(answer) => Ok(Some(Some(answer))),
            Err(error @ Failure::Missing { .. }) => Err(error.into()),
            Err(_) if !server_runs() => Ok(Some(None)),
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

/// Whether somebody answers on the socket that tmux uses: the one that `TMUX` names, or the default one.
fn server_runs() -> bool {
    let ours = std::env::var("TMUX")
        .ok()
        .and_then(|tmux| Some(PathBuf::from(tmux.split(',').next()?)));
    let socket = ours
        .filter(|path| !path.as_os_str().is_empty())
        .unwrap_or_else(|| {
            let dir = std::env::var_os("TMUX_TMPDIR")
                .filter(|dir| !dir.is_empty())
                .unwrap_or_else(|| "/tmp".into());
            Path::new(&dir).join(format!(
                "tmux-{}/default",
                rustix::process::getuid().as_raw()
            ))
        });
    UnixStream::connect(socket).is_ok()
}

/// Ends sessions and all that runs in their windows, in one call. One that has ended meanwhile is no error.
///
/// # Errors
/// If tmux fails though its server runs.
pub fn kill<'a>(sessions: impl IntoIterator<Item = &'a TmuxSession>, lock: &File) -> Result<()> {
    let mut arguments = Vec::new();
    for TmuxSession { id, .. } in sessions {
        let target = format!("{id}:");
        let is_there = format!("#{{==:#{{session_id}},{id}}}");
        let end = format!("kill-session -t {}", word(id));
        let words = ["if-shell", "-F", "-t", &target, &is_there, &end, ";"];
        arguments.extend(words.map(str::to_owned));
    }
    if !arguments.is_empty() {
        ask(&tmux().args(arguments).holding(lock)).context("cannot end the tmux session")?;
    }
    Ok(())
}

/// One word in a text of tmux commands.
fn word(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Whether this program runs inside tmux.
pub fn is_inside() -> bool {
    std::env::var_os("TMUX").is_some_and(|tmux| !tmux.is_empty())
}

/// Shows a session on this terminal, until the user detaches from it.
///
/// # Errors
/// If tmux fails.
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
///
/// # Errors
/// If tmux could not be started.
pub fn here() -> Result<Vec<TmuxSession>> {
    let Ok(pane) = std::env::var("TMUX_PANE") else {
        return Ok(Vec::new());
    };
    if !is_inside() {
        return Ok(Vec::new());
    }
    let is_here = format!("#{{==:#{{pane_id}},{pane}}}");
    let panes = ["list-panes", "-a", "-f", &is_here, "-F"];
    let found = tmux().args(panes).arg(TmuxSession::format()).output()?;
    Ok(TmuxSession::read(&found.stdout))
}

/// How a person attaches to a session. `=` starts a word that zsh replaces, unless it is quoted.
pub fn attach_command(name: &str) -> String {
    format!("tmux attach -t {}", quote(&format!("={name}")))
}

/// How a person ends a session and all that runs in it.
pub fn kill_command(name: &str) -> String {
    format!("tmux kill-session -t {}", quote(&format!("={name}")))
}
