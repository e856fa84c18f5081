//! Typing into panes.

use super::batch::{Batch, said};
use super::{Pane, TYPED, Typed, tmux};
use crate::process::Started;
use crate::store::lock::Lock;
use anyhow::{Context, Result};

/// What goes to a pane's terminal.
pub struct Keys<'a> {
    /// The pane.
    pub pane: &'a Pane,
    /// The text.
    pub text: &'a str,
    /// Whether what is at the prompt goes before.
    pub anew: bool,
    /// Whether Enter follows.
    pub enter: bool,
    /// What the pane has all of then.
    pub all: Option<&'a Typed>,
}

/// A tmux that waits for what it is to type: starting it takes longer than that.
pub struct Typist(Started);

impl Typist {
    /// Starts it. It holds the lock until it has ended, even if this program is killed.
    pub fn start(lock: &Lock) -> Result<Self> {
        let tmux = tmux().args(["source-file", "-"]).input(Vec::new());
        Ok(Self(tmux.holding_silently(lock.file()).start()?))
    }

    /// Types into panes, and shows the windows of the `shown` ones when their sessions are attached.
    pub fn type_keys<'a>(
        self,
        keys: impl IntoIterator<Item = Keys<'a>>,
        shown: impl IntoIterator<Item = &'a Pane>,
    ) -> Result<()> {
        let mut batch = Batch::default();
        for Keys {
            pane,
            text,
            anew,
            enter,
            all,
        } in keys
        {
            // Keys go to what shows it while somebody looks back, or tmux tells in its first window what is wrong in its settings.
            batch.command(["copy-mode", "-q", "-t", &pane.id]);
            if anew {
                batch.command(["send-keys", "-t", &pane.id, "C-u"]);
            }
            if !text.is_empty() {
                batch.command(["send-keys", "-t", &pane.id, "-l", "--", text]);
            }
            if enter {
                batch.command(["send-keys", "-t", &pane.id, "Enter"]);
            }
            if let Some(all) = all {
                batch.command(["set-option", "-p", "-t", &pane.id, TYPED, &all.write()]);
            }
        }
        for pane in shown {
            batch.command(["select-window", "-t", &pane.id]);
        }
        tmux().args(batch.arguments()).show();
        let output = self.0.output(batch.text().as_bytes())?;
        if output.status.success() {
            return Ok(());
        }
        Err(said(&output, "")).context("cannot type into the tmux windows")
    }
}
