//! Making sessions with their windows, in one call of tmux.

use super::batch::{Batch, literal, run, said};
use super::{MADE_FOR, MARK, Mark, OWNER, Pane, TmuxSession, server_runs, word};
use crate::store::lock::Lock;
use crate::wait;
use anyhow::{Context, Result};
use std::path::Path;
use std::time::Duration;

/// How long a session is tried to be made where no server is left: less than it takes to tell the user of the waiting.
const RETRYING: Duration = Duration::from_millis(900);

/// Follows a session's name when all of it is made.
const END: &str = " is made";

/// What a window is called that has not all its marks yet.
const NEW: &str = "tally-session makes it";

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
    /// Its windows, in the order in which they are made.
    pub windows: Vec<NewWindow>,
    /// The tmux session that they go into, if it is there.
    pub into: Option<&'a TmuxSession>,
    /// Panes that go, when the windows are made.
    pub instead_of: Vec<&'a Pane>,
}

/// A window to make.
pub struct NewWindow {
    /// Its key in the layout.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Where it goes in a tmux session that is there; none for its end.
    pub place: Option<Place>,
}

/// A place beside a window, by tmux's own id.
pub enum Place {
    /// Behind it.
    After(String),
    /// In front of it.
    Before(String),
    /// Where nothing is, by its number.
    At(u32),
}

/// Makes detached sessions with their windows, each with the user's own shell, in one call. Gives the panes of each. Fails also
/// where a session of that name is there; some of it may be made then.
pub fn create(
    owner: &Path,
    sessions: &[NewSession<'_>],
    lock: &Lock,
) -> Result<Vec<Result<Vec<Pane>>>> {
    let batches: Vec<_> = sessions
        .iter()
        .map(|session| session.batch(owner))
        .collect();
    let variables = sessions.iter().flat_map(|session| &session.env);
    let variables: Vec<_> = variables.map(|(name, _)| name.clone()).collect();
    // A server that is just ending takes the call and does nothing of it: then there is none afterwards.
    let mut last = None;
    let made = wait::until(RETRYING, "for the tmux server to answer", || {
        let output = run(&batches, &variables, lock)?;
        let is_done = output.status.success() || server_runs();
        last = Some(output);
        Ok(is_done.then_some(()))
    });
    made.context("cannot make the tmux sessions")?;
    let output = last.context("tmux was not asked")?;
    let lines = String::from_utf8_lossy(&output.stdout);
    let made = sessions.iter().map(|session| {
        let mut panes = Vec::new();
        let lines = lines.lines();
        for line in lines.filter_map(|line| line.strip_prefix(&session.name)) {
            if line == END {
                return Ok(panes);
            }
            let made = line.strip_prefix(':').zip(session.windows.get(panes.len()));
            panes.extend(made.and_then(|(line, window)| {
                let mut fields = line.splitn(4, ':');
                Some(Pane {
                    id: fields.next()?.to_owned(),
                    window: fields.next()?.to_owned(),
                    pid: fields.next()?.parse().ok()?,
                    tty: fields.next()?.into(),
                    is_dead: false,
                    index: 0,
                    name: None,
                    mark: Some(session.mark(window, owner)),
                    typed: None,
                })
            }));
        }
        Err(said(&output, &session.name))
            .with_context(|| format!("cannot make the tmux session {}", session.name))
    });
    Ok(made.collect())
}

impl NewSession<'_> {
    fn mark(&self, window: &NewWindow, owner: &Path) -> Mark {
        Mark {
            key: window.key.clone(),
            name: self.made_for.to_owned(),
            main: owner.to_owned(),
        }
    }

    fn batch(&self, owner: &Path) -> Batch {
        // The window that was made last: in a tmux session that is there the user's own stays the current one.
        let target = match self.into {
            Some(TmuxSession { id, .. }) => format!("{id}:={NEW}"),
            None => format!("={}:", self.name),
        };
        let dir = literal(&self.dir.to_string_lossy());
        let format = "#{session_name}:#{pane_id}:#{window_id}:#{pane_pid}:#{pane_tty}";
        let end = match self.into {
            Some(TmuxSession { id, .. }) => format!("{id}:"),
            None => target.clone(),
        };
        let mut batch = Batch::default();
        for (index, window) in self.windows.iter().enumerate() {
            let is_first = index == 0 && self.into.is_none();
            let place;
            let mut words = match (self.into, &window.place) {
                (None, _) if is_first => vec!["new-session", "-d", "-s", &self.name],
                (None, _) => vec!["new-window", "-t", &target],
                (Some(_), Some(Place::After(other))) => vec!["new-window", "-d", "-a", "-t", other],
                (Some(_), Some(Place::Before(other))) => {
                    vec!["new-window", "-d", "-b", "-t", other]
                }
                (Some(TmuxSession { id, .. }), Some(Place::At(index))) => {
                    place = format!("{id}:{index}");
                    vec!["new-window", "-d", "-t", &place]
                }
                (Some(_), None) => vec!["new-window", "-d", "-t", &end],
            };
            let window_name = literal(&window.name);
            let first_name = self.into.map_or(&*window_name, |_| NEW);
            words.extend(["-P", "-F", format, "-n", first_name, "-c", &dir]);
            let env = self.env.iter().filter(|_| is_first);
            let pairs: Vec<_> = env.map(|(name, value)| format!("{name}={value}")).collect();
            words.extend(pairs.iter().flat_map(|pair| ["-e", pair.as_str()]));
            batch.command(words);
            if is_first {
                // A server that ends sessions without a terminal must not end this one before it is attached.
                batch.command(["set-option", "-t", &target, "destroy-unattached", "off"]);
                batch.command(["set-option", "-t", &target, MADE_FOR, self.made_for]);
                batch.command(["set-option", "-t", &target, OWNER, &owner.to_string_lossy()]);
                batch.command(self.status_left(&target));
            }
            batch.command(["set-option", "-w", "-t", &target, "allow-rename", "off"]);
            let mark = self.mark(window, owner).write();
            batch.command(["set-option", "-p", "-t", &target, MARK, &mark]);
            if self.into.is_some() {
                batch.command(["rename-window", "-t", &target, &window_name]);
            }
        }
        for pane in &self.instead_of {
            batch.command(["kill-pane", "-t", &pane.id]);
        }
        let made = format!("#{{session_name}}{END}");
        batch.command(["display-message", "-p", "-t", &end, &made]);
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
