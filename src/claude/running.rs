//! The Claudes that run, as they say themselves.

use super::Claude;
use super::conversations::{entries, job_of};
use crate::file::read_if_there;
use crate::processes::{self, Folders};
use crate::tmux::Pane;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A Claude that runs.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Running {
    /// Its process.
    pub pid: u32,
    /// The folder it works in.
    pub cwd: PathBuf,
    /// When it began, in milliseconds since 1970.
    pub started_at: Option<u64>,
    /// What it does: `busy`, `waiting`, `idle`, or `shell`, which is idle with a shell in the background.
    pub status: Option<String>,
    /// Its conversation.
    session_id: Option<String>,
    /// What the agents view calls the conversation that went from this one into the background; this one waits for it.
    parked_job_id: Option<String>,
    /// What Claude calls it in the background.
    job_id: Option<String>,
    /// `interactive`, or `bg` for one in the background.
    kind: Option<String>,
    /// How it was started: `cli` at a terminal.
    entrypoint: Option<String>,
    /// Whether it is one that the daemon keeps ready, without a task.
    #[serde(default)]
    spare: bool,
    /// Where it runs in tmux: `session:@window.%pane`.
    tmux: Option<String>,
    /// The folder that the conversation of one in the background began in.
    #[serde(skip)]
    began_in: Option<PathBuf>,
}

impl Running {
    /// Whether it works in the background.
    pub fn is_in_background(&self) -> bool {
        self.is_of_daemon() && !self.spare
    }

    /// Whether the daemon has it: it works in the background, or is kept ready for that.
    pub fn is_of_daemon(&self) -> bool {
        self.kind.as_deref() == Some("bg")
    }

    /// Whether it has a task or a user.
    pub fn counts(&self) -> bool {
        !self.spare
    }

    /// Whether it works in a folder or below it, or does in the background what began there.
    pub fn belongs_to(&self, folder: &Path) -> bool {
        let places = [Some(&self.cwd), self.began_in.as_ref()];
        let mut places = places.into_iter().flatten();
        places.any(|place| place.starts_with(folder))
    }

    /// Whether it runs in this pane of tmux. What it says of that names no server, so that the shell there is asked for.
    pub fn runs_in(&self, pane: &Pane) -> bool {
        let place = format!(":{}.{}", pane.window, pane.id);
        let is_said = |tmux: &String| tmux.ends_with(&place);
        self.tmux.as_ref().is_some_and(is_said) && processes::is_below(self.pid, pane.pid)
    }

    /// Whether this is its conversation, or was, before a `/clear` in the background.
    pub fn is_in(&self, conversation: &str) -> bool {
        self.session_id.as_deref() == Some(conversation)
            || self.job_id.as_deref() == Some(job_of(conversation))
    }

    /// What it does, if it does it itself.
    pub fn doing(&self) -> Option<&str> {
        let status = self.status.as_deref();
        status.filter(|_| self.parked_job_id.is_none())
    }

    /// Whether it has only come back from this one, or shows it.
    pub fn leads_to(&self, other: &Self) -> bool {
        let is_parked = self.parked_job_id.is_some() && self.parked_job_id == other.job_id;
        is_parked || self.session_id.is_some() && self.session_id == other.session_id
    }

    /// What `claude attach` and `claude stop` call it.
    pub fn job(&self) -> &str {
        let id = self.job_id.as_ref().or(self.session_id.as_ref());
        id.map_or("<id>", String::as_str)
    }
}

impl Claude {
    /// Every Claude that runs, but for those of `claude -p`, which are over soon. A file may tell of one that has died: its process
    /// has to work where it says. Files that look different are passed over.
    pub fn running(&self) -> Vec<Running> {
        let files = entries(&self.dir.join("sessions"));
        let files = files.filter(|path| path.extension().is_some_and(|end| end == "json"));
        let read = |path: PathBuf| serde_json::from_slice(&read_if_there(&path).ok()??).ok();
        let mut running: Vec<Running> = files.filter_map(read).collect();
        running.retain(|it| it.entrypoint.as_deref().is_none_or(|way| way == "cli"));
        if running.is_empty() {
            return running;
        }
        let processes = Folders::of(running.iter().map(|running| running.pid));
        running.retain(|it| {
            let processes = processes.as_ref();
            processes.is_ok_and(|them| them.works_in(it.pid, &it.cwd, it.started_at))
        });
        for running in running.iter_mut().filter(|it| it.is_in_background()) {
            // Claude goes into a worktree of its own there, unasked.
            let began_in = running.session_id.as_ref().map(|id| self.began_in(id));
            running.began_in = began_in.flatten();
        }
        running
    }
}
