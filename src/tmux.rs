//! What we ask of tmux. All commands for a session go in one call; targets are ids or exact names.

use crate::process::{Failure, Run, quote};
use crate::wait;
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
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

/// How long a session is tried to be made where no server is left: less than it takes to tell the user of the waiting.
const RETRYING: Duration = Duration::from_millis(900);

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

/// A window to make.
pub struct NewWindow {
    /// Its name.
    pub name: String,
    /// Variables for this window alone.
    pub env: Vec<(String, String)>,
}

/// A pane that waits for its line.
#[derive(Debug)]
pub struct Pane {
    /// tmux's own id, `%5`.
    pub id: String,
    /// Its terminal.
    pub tty: PathBuf,
    /// Its window's place in the layout.
    pub window: usize,
}

/// What goes to a pane's terminal.
pub struct Keys<'a> {
    /// The pane.
    pub pane: &'a Pane,
    /// The text.
    pub text: &'a str,
    /// Whether Enter follows.
    pub enter: bool,
    /// Whether the pane has all that it waited for then.
    pub last: bool,
}

/// tmux, printing UTF-8 whatever the locale is; without `-u` it turns all but ASCII into underscores.
fn tmux() -> Run<'static> {
    Run::new("tmux").arg("-u")
}

/// Commands for one call of tmux.
struct Batch(Vec<OsString>);

impl Batch {
    fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a command. tmux takes an argument that ends with a semicolon for the end of a command, unless it is escaped.
    fn command<S: Into<String>>(&mut self, words: impl IntoIterator<Item = S>) {
        if !self.0.is_empty() {
            self.0.push(";".into());
        }
        for word in words {
            let mut word = word.into();
            if word.ends_with(';') {
                word.insert(word.len() - 1, '\\');
            }
            self.0.push(word.into());
        }
    }

    /// Whether another command may be too much for one call: tmux takes 16 kB.
    fn is_long(&self) -> bool {
        self.0.iter().map(|word| word.len() + 1).sum::<usize>() > 8000
    }

    fn type_it(self, lock: &File) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        self.run(lock)
            .map(drop)
            .context("cannot type into the tmux windows")
    }

    /// Holds the lock until tmux has ended, even if this program is killed.
    fn run(&self, lock: &File) -> Result<String, Failure> {
        let stdout = tmux().args(&self.0).holding(lock).stdout()?;
        Ok(String::from_utf8_lossy(&stdout).into_owned())
    }
}

/// A text that tmux expands as a format, so that it comes out as it is. What looks like a style does so by itself.
fn literal(text: &str) -> String {
    text.replace('#', "##").replace("##[", "#[")
}

/// All sessions of the user's tmux server; none if no server runs.
///
/// # Errors
/// If tmux fails though its server runs.
pub fn sessions() -> Result<Vec<TmuxSession>> {
    let pending = format!("#{{W:#{{P:#{{{PENDING}}}}}}}");
    let format =
        format!("#{{session_id}}:#{{session_name}}:#{{session_attached}}:{pending}:#{{{OWNER}}}");
    let mut failure = None;
    // A server that is ending takes connections and gives no answers: it is asked again until it is gone.
    let list = wait::until(ENDING, "for the tmux server to answer", || {
        match tmux().args(["list-sessions", "-F", &format]).stdout() {
            Ok(list) => Ok(Some(list)),
            Err(error @ Failure::Missing { .. }) => Err(error.into()),
            Err(_) if !server_runs() => Ok(Some(Vec::new())),
            Err(error) => {
                failure = Some(error);
                Ok(None)
            }
        }
    })?;
    let list = match (list, failure) {
        (Some(list), _) => list,
        (None, Some(error)) => return Err(error).context("cannot ask tmux for its sessions"),
        (None, None) => bail!("cannot ask tmux for its sessions"),
    };
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

/// Makes a detached session with its windows, each with the user's own shell, in one call.
///
/// # Errors
/// If tmux fails, also because a session of that name is there. Some of it may be made then.
pub fn create(
    name: &str,
    owner: &Path,
    dir: &Path,
    env: &[(String, String)],
    windows: &[NewWindow],
    lock: &File,
) -> Result<Vec<Pane>> {
    let target = format!("={name}:");
    let dir = literal(&dir.to_string_lossy());
    let format = "#{pane_id}:#{pane_tty}";
    let mut batch = Batch::new();
    for (index, window) in windows.iter().enumerate() {
        let mut words = if index == 0 {
            vec!["new-session", "-d", "-s", name]
        } else {
            vec!["new-window", "-t", &target]
        };
        let window_name = literal(&window.name);
        words.extend(["-P", "-F", format, "-n", &window_name, "-c", &dir]);
        let session_env = if index == 0 { env } else { &[] };
        let pairs: Vec<_> = session_env
            .iter()
            .chain(&window.env)
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        words.extend(pairs.iter().flat_map(|pair| ["-e", pair.as_str()]));
        batch.command(words);
        if index == 0 {
            // A server that ends sessions without a terminal must not end this one before it is attached.
            batch.command(["set-option", "-t", &target, "destroy-unattached", "off"]);
            batch.command(["set-option", "-t", &target, OWNER, &owner.to_string_lossy()]);
        }
        batch.command(["set-option", "-w", "-t", &target, "allow-rename", "off"]);
        batch.command([
            "set-option",
            "-p",
            "-t",
            &target,
            PENDING,
            &index.to_string(),
        ]);
    }
    // A server that is just ending takes the call and does nothing of it: then there is none afterwards.
    let mut failure = None;
    let panes = wait::until(RETRYING, "for the tmux server to answer", || {
        match batch.run(lock) {
            Ok(panes) => Ok(Some(panes)),
            Err(error) if server_runs() => Err(error.into()),
            Err(error) => {
                failure = Some(error);
                Ok(None)
            }
        }
    });
    let panes = match (panes, failure) {
        (Ok(None), Some(error)) => Err(error.into()),
        (panes, _) => panes.map(Option::unwrap_or_default),
    };
    let panes = panes.with_context(|| format!("cannot make the tmux session {name}"))?;
    let panes: Vec<_> = panes
        .lines()
        .filter_map(|line| line.split_once(':'))
        .enumerate()
        .map(|(window, (id, tty))| Pane {
            id: id.to_owned(),
            tty: tty.into(),
            window,
        })
        .collect();
    if panes.len() != windows.len() {
        bail!(
            "tmux named {} of the {} windows of the session {name}",
            panes.len(),
            windows.len()
        );
    }
    Ok(panes)
}

/// The panes of a session whose lines were never typed: the command that made them was killed.
///
/// # Errors
/// If tmux fails.
pub fn pending(session: &TmuxSession) -> Result<Vec<Pane>> {
    let format = format!("#{{{PENDING}}}:#{{pane_id}}:#{{pane_tty}}");
    let target = format!("{}:", session.id);
    let panes = tmux()
        .args(["list-panes", "-s", "-t", &target, "-F", &format])
        .stdout()?;
    Ok(String::from_utf8_lossy(&panes)
        .lines()
        .filter_map(|line| {
            let mut fields = line.splitn(3, ':');
            let window = fields.next()?.parse().ok()?;
            Some(Pane {
                window,
                id: fields.next()?.to_owned(),
                tty: fields.next()?.into(),
            })
        })
        .collect())
}

/// Types into panes, and shows the windows of the `shown` ones when their sessions are attached.
///
/// # Errors
/// If tmux fails.
pub fn type_keys<'a>(
    keys: impl IntoIterator<Item = Keys<'a>>,
    shown: impl IntoIterator<Item = &'a Pane>,
    lock: &File,
) -> Result<()> {
    let mut batch = Batch::new();
    for Keys {
        pane,
        text,
        enter,
        last,
    } in keys
    {
        if batch.is_long() {
            std::mem::replace(&mut batch, Batch::new()).type_it(lock)?;
        }
        if !text.is_empty() {
            batch.command(["send-keys", "-t", &pane.id, "-l", "--", text]);
        }
        if enter {
            batch.command(["send-keys", "-t", &pane.id, "Enter"]);
        }
        if last {
            batch.command(["set-option", "-p", "-u", "-t", &pane.id, PENDING]);
        }
    }
    for pane in shown {
        batch.command(["select-window", "-t", &pane.id]);
    }
    batch.type_it(lock)
}

/// Ends a session and all that runs in its windows.
///
/// # Errors
/// If tmux fails.
pub fn kill(session: &TmuxSession, lock: &File) -> Result<()> {
    tmux()
        .args(["kill-session", "-t", &session.id])
        .holding(lock)
        .stdout()
        .map(drop)
        .with_context(|| format!("cannot end the tmux session {}", session.name))
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
