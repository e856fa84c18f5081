//! Ending what tmux has just told of.

use super::batch::Batch;
use super::{Pane, TmuxSession, ask, sessions, tmux, word};
use crate::process::Started;
use anyhow::{Context, Result};

/// What tmux says behind its answer.
const ALL: &str = "that is all";

/// A tmux that was asked what there is, and goes on to listen what is to be ended of it: starting another one takes longer than
/// that. None where no server ran, or one was ending.
#[derive(Default)]
pub struct Listening(Option<Started>);

impl Listening {
    /// All sessions of the user's tmux server, as [`sessions`], and the tmux that told of them.
    ///
    /// # Errors
    /// If tmux fails.
    pub fn sessions() -> Result<(Vec<TmuxSession>, Self)> {
        let list = ["list-panes", "-a", "-F", &TmuxSession::format(), ";"];
        let tmux = tmux().args(list).args(["display-message", "-p", ALL, ";"]);
        let tmux = tmux.args(["source-file", "-"]).input(Vec::new());
        let mut listening = tmux.start()?;
        match listening.answer_before(ALL)? {
            Some(list) => Ok((TmuxSession::read(&list), Self(Some(listening)))),
            None => Ok((sessions()?, Self(None))),
        }
    }

    /// Ends sessions, and panes of others, and all that runs in them. What has ended meanwhile is no error.
    ///
    /// # Errors
    /// If tmux fails.
    pub fn kill(&mut self, sessions: &[TmuxSession], panes: &[Pane]) -> Result<()> {
        let mut batch = Batch::default();
        let mut end = |kind: &str, id: &str, target: &str| {
            let is_there = format!("#{{==:#{{{kind}_id}},{id}}}");
            let end = format!("kill-{kind} -t {}", word(id));
            batch.command(["if-shell", "-F", "-t", target, &is_there, &end]);
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
        if let Some(listening) = self.0.take() {
            run.show();
            if listening.stdout_for(batch.text().as_bytes()).is_ok() {
                return Ok(());
            }
        }
        ask(&run).context("cannot end the tmux session").map(drop)
    }
}
