//! How the stand-ins were started.

use super::{Sandbox, eventually_or};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Something that a stand-in did.
#[derive(Clone, Debug, Deserialize)]
pub struct Event {
    pub event: String,
    #[serde(flatten)]
    pub started: Started,
}

/// A stand-in, as it was started.
#[derive(Clone, Debug, Deserialize)]
pub struct Started {
    pub program: String,
    pub args: Vec<String>,
    pub cwd: PathBuf,
    /// The variables that matter here.
    pub env: BTreeMap<String, String>,
    pub pid: u32,
    /// Claude's conversation.
    #[serde(default)]
    pub id: Value,
    /// What hooks had to say to it.
    #[serde(default)]
    pub context: String,
    /// The settings that it was given.
    #[serde(default)]
    pub path: PathBuf,
    /// Its whole environment, before it had those.
    #[serde(default)]
    pub inherited: BTreeMap<String, String>,
}

impl Sandbox {
    fn events(&self) -> Vec<Event> {
        let text = std::fs::read_to_string(self.root.join("log")).unwrap_or_default();
        // A line that is just being written has no end yet.
        text.split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Every start of a program in a session's windows, in order.
    pub fn started(&self, program: &str, session: &str) -> Vec<Started> {
        self.events_of("started", program, session)
    }

    /// All that a program in a session's windows did of one kind.
    pub fn events_of(&self, event: &str, program: &str, session: &str) -> Vec<Started> {
        let is_of = |started: &Started| {
            let name = started.env.get("TALLY_SESSION");
            // Before it has its settings, a Claude does not know its session.
            started.program == program && name.map_or("", String::as_str) == session
        };
        self.events()
            .into_iter()
            .filter(|found| found.event == event && is_of(&found.started))
            .map(|found| found.started)
            .collect()
    }

    /// Waits until a program was started in a session's windows as often as this, and gives the last start.
    #[track_caller]
    pub fn await_start(&self, program: &str, session: &str, times: usize) -> Started {
        self.await_event("started", program, session, times)
    }

    /// Waits until a program in a session's windows did something as often as this.
    #[track_caller]
    pub fn await_event(&self, event: &str, program: &str, session: &str, times: usize) -> Started {
        let what = || {
            let screens = self.screens(session);
            format!("{program} in {session}: {event} {times} times\n{screens}")
        };
        eventually_or(what, || {
            self.events_of(event, program, session)
                .into_iter()
                .nth(times - 1)
        })
    }

    /// Waits until all three programs of a session run, for the time that is given.
    #[track_caller]
    pub fn await_programs(&self, session: &str, times: usize) {
        let served = if self.root.join("told/listen").exists() {
            "listening"
        } else {
            "started"
        };
        self.await_event(served, "python", session, times);
        self.await_event(served, "npm", session, times);
        self.await_start("claude", session, times);
    }

    /// The file in which the Claude of a session says what it does.
    pub fn claude_s_file(&self, session: &str) -> PathBuf {
        let claude = self.started("claude", session).pop().unwrap();
        self.home
            .join(format!(".claude/sessions/{}.json", claude.pid))
    }
}
