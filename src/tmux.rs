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

/// The user option of a pane whose line has not been typed; it holds the window's place in the layout.
const PENDING: &str = "@tally_pending";

/// How long a tmux server may take to end.
const ENDING: Duration = Duration::from_secs(3);

/// A tmux session.
#[derive(Debug)]
pub struct TmuxSession {
    /// tmux's own id, `$3`: never used twice while the server runs.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The main checkout of the project that it was made for, if this tool made it.
    pub owner: Option<PathBuf>,
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
    let pending = format!("#{{W:#{{P:#{{{PENDING}}}}}}}");
    let format =
        format!("#{{session_id}}:#{{session_name}}:#{{session_attached}}:{pending}:#{{{OWNER}}}");
    let list = ask(&tmux().args(["list-sessions", "-F", &format]))
        .context("cannot ask tmux for its sessions")?
        .unwrap_or_default();
    Ok(String::from_utf8_lossy(&list)
        .lines()
        .filter_map(|line| {
            let mut fields = line.splitn(5, ':');
            Some(TmuxSession {
                id: fields.next()?.to_owned(),
                name: fields.next()?.to_owned(),
                attached: fields.next()?.parse().ok()?,
                is_pending: !fields.next()?.is_empty(),
                owner: fields
                    .next()
                    .filter(|owner| !owner.is_empty())
                    .map(PathBuf::from),
            })
        })
        .collect())
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

/// Ends the session of this name and all that runs in its windows, if this tool made it for the project with this main
/// checkout. Gives whether there was one: tmux looks and ends it in one call.
///
/// # Errors
/// If tmux fails though its server runs.
pub fn kill(name: &str, main: &Path, lock: &File) -> Result<bool> {
    const ENDED: &str = "ended";
    let main = main.to_string_lossy();
    let is_ours = format!(
        "#{{==:#{{session_name}}:#{{{OWNER}}},{}}}",
        operand(&format!("{name}:{main}"))
    );
    let target = format!("={name}");
    let end = format!(
        "display-message -p {ENDED} ; kill-session -t {}",
        word(&target)
    );
    let question = tmux()
        .args([
            "if-shell",
            "-F",
            "-t",
            &format!("{target}:"),
            &is_ours,
            &end,
        ])
        .holding(lock);
    let answer = ask(&question).with_context(|| format!("cannot end the tmux session {name}"))?;
    Ok(answer.is_some_and(|answer| answer.trim_ascii() == ENDED.as_bytes()))
}

/// A text in a comparison of tmux's, so that it stands for itself.
fn operand(text: &str) -> String {
    text.replace('#', "##")
        .replace(',', "#,")
        .replace('}', "#}")
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
pub fn attach(name: &str) -> Result<()> {
    let verb = if is_inside() {
        "switch-client"
    } else {
        "attach-session"
    };
    Run::new("tmux")
        .args([verb, "-t", &format!("={name}")])
        .foreground()
        .with_context(|| format!("cannot attach to the tmux session {name}"))
}

/// The session that this program runs in, if it runs in one that is still there.
///
/// # Errors
/// If tmux could not be started.
pub fn current_session() -> Result<Option<String>> {
    let Some(pane) = std::env::var_os("TMUX_PANE").filter(|_| is_inside()) else {
        return Ok(None);
    };
    let name = tmux()
        .args(["display-message", "-p", "-t"])
        .arg(pane)
        .arg("#{session_name}")
        .output()?;
    Ok(name
        .status
        .success()
        .then(|| String::from_utf8_lossy(&name.stdout).trim_end().to_owned()))
}

/// How a person attaches to a session. `=` starts a word that zsh replaces, unless it is quoted.
pub fn attach_command(name: &str) -> String {
    format!("tmux attach -t {}", quote(&format!("={name}")))
}

/// How a person ends a session and all that runs in it.
pub fn kill_command(name: &str) -> String {
    format!("tmux kill-session -t {}", quote(&format!("={name}")))
}
