//! Ending what tmux has just told of.

use super::batch::Batch;
use super::{Pane, TmuxSession, UNASKED, ask, tmux, word};
use crate::process::Started;
use crate::processes::Process;
use anyhow::{Context, Result};

/// What tmux says behind its answer.
const ALL: &str = "that is all";

/// A tmux that was asked what there is, and goes on to listen what is to be ended of it: starting another one takes longer than
/// that.
#[derive(Default)]
pub struct Listening {
    /// None if no server ran.
    tmux: Option<Started>,
    /// The number of the server's process. Another server gives the same ids to others' windows.
    server: String,
}

impl Listening {
    /// All sessions of the user's tmux server; none if no server runs.
    ///
    /// # Errors
    /// If tmux fails.
    pub fn sessions() -> Result<(Vec<TmuxSession>, Self)> {
        let question = tmux()
            .args(["list-panes", "-a", "-F", &TmuxSession::format(), ";"])
            .args(["display-message", "-p", "#{pid}", ";"])
            .args(["display-message", "-p", ALL, ";", "source-file", "-"])
            .input(Vec::new());
        let answer = ask(|| question.start()?.answer_before(ALL)).context(UNASKED)?;
        let Some((told, tmux)) = answer else {
            return Ok(Default::default());
        };
        let last = told.trim_ascii_end().rsplit(|&byte| byte == b'\n').next();
        let listening = Self {
            tmux: Some(tmux),
            server: String::from_utf8_lossy(last.unwrap_or_default()).into_owned(),
        };
        Ok((TmuxSession::read(&told), listening))
    }

    /// Whether the server that it has asked started a process.
    pub fn has_started(&self, process: &Process) -> bool {
        let parent = process.parent.map(|parent| parent.to_string());
        parent.is_some_and(|parent| parent == self.server)
    }

    /// Ends sessions, and panes of others, and all that runs in them. What has ended meanwhile is no error.
    ///
    /// # Errors
    /// If tmux fails.
    pub fn kill(&mut self, sessions: &[TmuxSession], panes: &[Pane]) -> Result<()> {
        let mut batch = Batch::default();
        let mut end = |kind: &str, id: &str, target: &str| {
            let is_it = format!("#{{==:#{{pid}} #{{{kind}_id}},{} {id}}}", self.server);
            let end = format!("kill-{kind} -t {}", word(id));
            batch.command(["if-shell", "-F", "-t", target, &is_it, &end]);
        };
        for TmuxSession { id, .. } in sessions {
            end("session", id, &format!("{id}:"));
        }
        for Pane { id, .. } in panes {
            end("pane", id, id);
        }
        if batch.is_empty() {
            return Ok(());
        }
        let run = tmux().args(batch.arguments());
        if let Some(listening) = self.tmux.take() {
            run.show();
            if listening.stdout_for(batch.text().as_bytes()).is_ok() {
                return Ok(());
            }
        }
        let ended = ask(|| run.stdout()).map(drop);
        ended.context("cannot end the tmux session")
    }
}
