//! Where the terminals wait that show sessions, while these are closed and opened again.

use super::{TmuxSession, sessions, tmux};
use anyhow::{Context, Result};

/// What the terminals show meanwhile. It ends by itself, if nobody ends it.
const SHOWN: &str = "echo restarting; exec sleep 60";

/// A tmux session of nobody's, and the terminals that it keeps.
pub struct WaitingRoom {
    id: String,
    /// Each by tmux's name of it, with the tmux session that it showed.
    clients: Vec<(String, TmuxSession)>,
}

impl WaitingRoom {
    /// Has the terminals that show these sessions wait; none if there are none.
    ///
    /// # Errors
    /// If tmux fails.
    pub fn open(mut shown: Vec<TmuxSession>) -> Result<Option<Self>> {
        shown.retain(|session| session.attached > 0);
        if shown.is_empty() {
            return Ok(None);
        }
        let failed = "cannot have terminals wait";
        let list = tmux().args(["list-clients", "-F", "#{session_id} #{client_name}"]);
        let list = list.stdout().context(failed)?;
        let clients = String::from_utf8_lossy(&list);
        let clients = clients.lines().filter_map(|line| {
            let (id, client) = line.split_once(' ')?;
            let session = shown.iter().find(|session| session.id == id)?;
            Some((client.to_owned(), session.clone()))
        });
        let clients = clients.collect();
        let name = format!("tally-session-restart-{}", std::process::id());
        let new = ["new-session", "-d", "-P", "-F", "#{session_id}", "-s"];
        // Whatever the user has said of sessions that no terminal shows.
        let stays = [
            "set-option",
            "-t",
            &format!("={name}:"),
            "destroy-unattached",
            "off",
        ];
        let new = tmux().args(new).args([&*name, SHOWN, ";"]).args(stays);
        let id = new.stdout().context(failed)?;
        let id = String::from_utf8_lossy(&id).trim().to_owned();
        let room = Self { id, clients };
        room.switch(|_| Some(&room.id));
        Ok(Some(room))
    }

    /// Has each terminal show what was opened again for the session that it showed, and closes the room. One for which there is none
    /// is given back to its shell.
    ///
    /// # Errors
    /// As [`Self::open`]; the room ends by itself then.
    pub fn close(self) -> Result<()> {
        let open = sessions()?;
        self.switch(|old| {
            let is_it =
                |new: &&TmuxSession| (&new.owner, &new.made_for) == (&old.owner, &old.made_for);
            open.iter().find(is_it).map(|new| &new.id)
        });
        let end = tmux().args(["kill-session", "-t", &self.id]);
        end.stdout()
            .map(drop)
            .context("cannot end the tmux session")
    }

    /// A terminal that has been closed meanwhile is nobody's.
    fn switch<'a>(&'a self, to: impl Fn(&TmuxSession) -> Option<&'a String>) {
        for (client, session) in &self.clients {
            if let Some(id) = to(session) {
                let switch = ["switch-client", "-c", client, "-t", id];
                let _ = tmux().args(switch).stdout();
            }
        }
    }
}
