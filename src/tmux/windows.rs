//! Making sessions with their windows, and typing into them: in one call of tmux.

use super::{MADE_FOR, OWNER, PENDING, TmuxSession, server_runs, tmux, word};
use crate::process::{Ending, Output};
use crate::store::lock::Lock;
use crate::wait;
use anyhow::{Context, Result, anyhow};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a session is tried to be made where no server is left: less than it takes to tell the user of the waiting.
const RETRYING: Duration = Duration::from_millis(900);

/// Follows a session's name when all of it is made.
const END: &str = " is made";

/// A session to make.
pub struct NewSession<'a> {
    /// Its name.
    pub name: String,
    /// The name of the session that it is made for.
    pub made_for: &'a str,
    /// The folder that its shells start in.
    pub dir: &'a Path,
    /// Variables for all its windows.
    pub env: Vec<(String, String)>,
    /// Its windows, in their order.
    pub windows: Vec<NewWindow>,
}

/// A window to make.
pub struct NewWindow {
    /// Its name.
    pub name: String,
    /// Variables for this window alone.
    pub env: Vec<(String, String)>,
}

/// A pane that waits for its line.
#[derive(Debug, PartialEq, Eq)]
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

/// Commands for one call of tmux.
#[derive(Default)]
struct Batch(Vec<Vec<String>>);

impl Batch {
    fn command<S: Into<String>>(&mut self, words: impl IntoIterator<Item = S>) {
        self.0.push(words.into_iter().map(Into::into).collect());
    }

    /// Whether it is too long for the arguments of one call: tmux takes 16 kB.
    fn is_long(&self) -> bool {
        let words = self.0.iter().flatten();
        words.map(|word| word.len() + 1).sum::<usize>() > 8000
    }

    /// As arguments. tmux takes one that ends with a semicolon for the end of a command, unless it is escaped.
    fn arguments(&self) -> Vec<String> {
        let escaped = |word: &String| match word.strip_suffix(';') {
            Some(start) => format!("{start}\\;"),
            None => word.clone(),
        };
        let commands = self.0.iter().map(|words| words.iter().map(escaped));
        let commands: Vec<Vec<_>> = commands.map(Iterator::collect).collect();
        commands.join(&";".to_owned())
    }

    /// As the text of a file: one line, as tmux goes on behind a command that fails only in another line.
    fn text(&self) -> String {
        let commands = self.0.iter().map(|words| {
            let words: Vec<_> = words.iter().map(|text| word(text)).collect();
            words.join(" ")
        });
        commands.collect::<Vec<_>>().join(" ; ")
    }
}

/// Has tmux carry out these, each up to its first command that fails. Holds the lock until tmux has ended, even if this
/// program is killed.
fn run(batches: &[Batch], lock: &Lock) -> Result<Output> {
    let tmux = tmux().holding(lock.file());
    if let [batch] = batches
        && !batch.is_long()
    {
        return Ok(tmux.args(batch.arguments()).output()?);
    }
    let lines: Vec<_> = batches.iter().map(Batch::text).collect();
    // What a killed command left of it the next one writes over.
    let path = lock.beside("tmux");
    let failed = || format!("cannot write {}", path.display());
    let mut options = File::options();
    let file = options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = file.open(&path).with_context(failed)?;
    file.write_all(lines.join("\n").as_bytes())
        .with_context(failed)?;
    // Only with another command before it does it start a server.
    let tmux = tmux.args(["start-server", ";", "source-file"]);
    let output = tmux.arg(without_globs(&path)).output()?;
    fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    Ok(output)
}

/// A path that tmux takes for a pattern, so that it means this file.
fn without_globs(path: &Path) -> OsString {
    let mut pattern = Vec::new();
    for &byte in path.as_os_str().as_bytes() {
        if matches!(byte, b'*' | b'?' | b'[' | b'\\') {
            pattern.push(b'\\');
        }
        pattern.push(byte);
    }
    OsString::from_vec(pattern)
}

/// A text that tmux expands as a format, so that it comes out as it is. What looks like a style does so by itself.
fn literal(text: &str) -> String {
    text.replace('#', "##").replace("##[", "#[")
}

/// Makes detached sessions with their windows, each with the user's own shell, in one call. Gives the panes of each.
///
/// # Errors
/// If tmux fails, also because a session of that name is there. Some of it may be made then.
pub fn create(
    owner: &Path,
    sessions: &[NewSession<'_>],
    lock: &Lock,
) -> Result<Vec<Result<Vec<Pane>>>> {
    let batches: Vec<_> = sessions
        .iter()
        .map(|session| session.batch(owner))
        .collect();
    // A server that is just ending takes the call and does nothing of it: then there is none afterwards.
    let mut last = None;
    let made = wait::until(RETRYING, "for the tmux server to answer", || {
        let output = run(&batches, lock)?;
        let is_done = output.status.success() || server_runs();
        last = Some(output);
        Ok(is_done.then_some(()))
    });
    made.context("cannot make the tmux sessions")?;
    let output = last.context("tmux was not asked")?;
    let lines = String::from_utf8_lossy(&output.stdout);
    let made = sessions.iter().map(|session| {
        let mut panes = Vec::new();
        for line in lines
            .lines()
            .filter_map(|line| line.strip_prefix(&session.name))
        {
            match line.strip_prefix(':').and_then(|line| line.split_once(':')) {
                Some((id, tty)) => panes.push(Pane {
                    id: id.to_owned(),
                    tty: tty.into(),
                    window: panes.len(),
                }),
                None if line == END => return Ok(panes),
                None => {}
            }
        }
        Err(said(&output, &session.name))
            .with_context(|| format!("cannot make the tmux session {}", session.name))
    });
    Ok(made.collect())
}

/// What tmux said when it failed: that which ends with this name, if anything does.
fn said(output: &Output, name: &str) -> anyhow::Error {
    let lines: Vec<_> = output.stderr.lines().collect();
    let its: Vec<_> = lines
        .iter()
        .copied()
        .filter(|line| line.ends_with(name))
        .collect();
    let words = if its.is_empty() { lines } else { its }.join(", ");
    if words.is_empty() {
        anyhow!(
            "tmux ended with {}, and said nothing",
            Ending(output.status)
        )
    } else {
        anyhow!("tmux said: {words}")
    }
}

impl NewSession<'_> {
    fn batch(&self, owner: &Path) -> Batch {
        let target = format!("={}:", self.name);
        let dir = literal(&self.dir.to_string_lossy());
        let format = "#{session_name}:#{pane_id}:#{pane_tty}";
        let mut batch = Batch::default();
        for (index, window) in self.windows.iter().enumerate() {
            let mut words = if index == 0 {
                vec!["new-session", "-d", "-s", &self.name]
            } else {
                vec!["new-window", "-t", &target]
            };
            let window_name = literal(&window.name);
            words.extend(["-P", "-F", format, "-n", &window_name, "-c", &dir]);
            let session_env = if index == 0 { &self.env[..] } else { &[] };
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
                batch.command(["set-option", "-t", &target, MADE_FOR, self.made_for]);
                batch.command(["set-option", "-t", &target, OWNER, &owner.to_string_lossy()]);
                batch.command(self.status_left(&target));
            }
            batch.command(["set-option", "-w", "-t", &target, "allow-rename", "off"]);
            let index = index.to_string();
            batch.command(["set-option", "-p", "-t", &target, PENDING, &index]);
        }
        let end = format!("#{{session_name}}{END}");
        batch.command(["display-message", "-p", "-t", &target, &end]);
        batch
    }

    /// Makes room for the name in the status line, beside the 10 columns of `[name] ` that tmux shows by itself: unless the user
    /// has said how many there are, for all sessions or for new ones.
    fn status_left(&self, target: &str) -> [String; 6] {
        // A letter has no more columns than bytes.
        let columns = 10 + self.name.len();
        let is_cut = "#{==:#{status-left-length},10}";
        let make_room = format!(
            "set-option -t {} status-left-length {columns}",
            word(target)
        );
        ["if-shell", "-F", "-t", target, is_cut, &make_room].map(str::to_owned)
    }
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
    lock: &Lock,
) -> Result<()> {
    let mut batch = Batch::default();
    for Keys {
        pane,
        text,
        enter,
        last,
    } in keys
    {
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
    if batch.0.is_empty() {
        return Ok(());
    }
    let output = run(&[batch], lock)?;
    if output.status.success() {
        Ok(())
    } else {
        Err(said(&output, "")).context("cannot type into the tmux windows")
    }
}
