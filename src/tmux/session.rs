//! A tmux session with its panes, as tmux tells of it, and the marks that this tool has put on them.

use super::{MADE_FOR, MARK, OWNER, TYPED};
use std::path::{Path, PathBuf};

/// A tmux session.
#[derive(Clone, Debug)]
pub struct TmuxSession {
    /// tmux's own id, `$3`: never used twice while the server runs.
    pub id: String,
    /// Its name, which the user may have changed.
    pub name: String,
    /// The main checkout of the project that it was made for, if this tool made it.
    pub owner: Option<PathBuf>,
    /// The name, in the project's store, of the session that it was made for, if it says so.
    pub made_for: Option<String>,
    /// The group of sessions that it shares its windows with, if it does.
    pub group: Option<String>,
    /// How many terminals show it.
    pub attached: usize,
    /// Where its first window comes.
    pub base_index: u32,
    /// What is in its windows.
    pub panes: Vec<Pane>,
}

/// A pane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pane {
    /// tmux's own id, `%5`.
    pub id: String,
    /// Its window's, `@3`.
    pub window: String,
    /// Its terminal.
    pub tty: PathBuf,
    /// The process that was started in it.
    pub pid: u32,
    /// Whether that has ended, and the pane stays all the same.
    pub is_dead: bool,
    /// Where its window is in the session, as it was found there first.
    pub index: u32,
    /// What its window is called, if this tool did not make it.
    pub name: Option<String>,
    /// What it was made for, if this tool made it.
    pub mark: Option<Mark>,
    /// What this tool has typed into it.
    pub typed: Option<Typed>,
}

/// What a pane was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The window of the layout, by its key.
    pub key: String,
    /// The name of the session.
    pub name: String,
    /// The main checkout.
    pub main: PathBuf,
}

/// What was typed into a pane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// The line.
    pub line: String,
}

impl Mark {
    /// Whether it is for the session of this name, of the project with this main checkout.
    pub fn is_of(&self, main: &Path, name: &str) -> bool {
        self.name == name && self.main == main
    }

    pub(super) fn write(&self) -> String {
        let Self { key, name, main } = self;
        format!("{key}:{name}:{}", main.display())
    }

    /// Neither a key nor a name has a colon.
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':').map(ToOwned::to_owned);
        Some(Self {
            key: parts.next()?,
            name: parts.next()?,
            main: parts.next()?.into(),
        })
    }
}

impl Typed {
    pub(super) fn write(&self) -> String {
        format!("{} {}", self.at, self.line)
    }

    fn read(text: &str) -> Option<Self> {
        let (at, line) = text.split_once(' ')?;
        Some(Self {
            at: at.parse().ok()?,
            line: line.to_owned(),
        })
    }
}

impl Pane {
    /// Whether it was made for the session of this name, of the project with this main checkout.
    pub fn is_of(&self, main: &Path, name: &str) -> bool {
        let mark = self.mark.as_ref();
        mark.is_some_and(|mark| mark.is_of(main, name))
    }

    /// Whether a killed command has left it without what belongs there.
    pub fn is_pending(&self) -> bool {
        self.mark.is_some() && self.typed.is_none()
    }
}

impl TmuxSession {
    /// Whether this tool made it for the project with this main checkout.
    pub fn is_of(&self, main: &Path) -> bool {
        self.owner.as_deref() == Some(main)
    }

    /// Whether it and another one have the same windows.
    pub fn shares_windows_with(&self, other: &Self) -> bool {
        self.group.is_some() && self.group == other.group
    }

    /// One of its panes, by tmux's own id.
    pub fn pane(&self, id: &str) -> Option<&Pane> {
        self.panes.iter().find(|pane| pane.id == id)
    }

    /// Whether a killed command left panes of it without what belongs there.
    pub fn is_pending(&self) -> bool {
        self.panes.iter().any(Pane::is_pending)
    }

    /// What tmux is asked of each pane. What comes first has no colons, and no path has two slashes together; a name of the user's
    /// loses its own.
    pub(super) fn format() -> String {
        format!(
            "#{{session_id}}:#{{session_attached}}:#{{base-index}}:#{{pane_id}}:#{{window_id}}:#{{pane_pid}}:#{{pane_dead}}:#{{pane_tty}}:\
             #{{window_index}}:#{{session_name}}:#{{session_group}}:#{{{MADE_FOR}}}:#{{{OWNER}}}//#{{{MARK}}}//\
             #{{?{MARK},,#{{s|/||:window_name}}}}//#{{{TYPED}}}"
        )
    }

    /// Reads what tmux answers to that, a line for each pane.
    pub(super) fn read(answer: &[u8]) -> Vec<Self> {
        let text = String::from_utf8_lossy(answer);
        let mut sessions: Vec<Self> = Vec::new();
        for mut read in text.lines().filter_map(Self::read_pane) {
            match sessions.iter_mut().find(|known| known.id == read.id) {
                Some(known) => known.panes.append(&mut read.panes),
                None => sessions.push(read),
            }
        }
        sessions
    }

    /// A session, with one of its panes.
    fn read_pane(line: &str) -> Option<Self> {
        let some = |field: &str| Some(field.to_owned()).filter(|field| !field.is_empty());
        let mut fields = line.splitn(13, ':');
        let mut next = || fields.next();
        let (id, attached) = (next()?.to_owned(), next()?.parse().ok()?);
        let base_index = next()?.parse().ok()?;
        let (pane, window) = (next()?, next()?.to_owned());
        let (pid, is_dead, tty, index) = (next()?, next()?, next()?, next()?);
        let (name, group, made_for) = (next()?.to_owned(), some(next()?), some(next()?));
        let mut marks = next()?.splitn(4, "//");
        let owner = some(marks.next()?).map(PathBuf::from);
        let pane = Pane {
            id: pane.to_owned(),
            window,
            tty: tty.into(),
            pid: pid.parse().ok()?,
            is_dead: is_dead == "1",
            index: index.parse().ok()?,
            mark: Mark::read(marks.next()?),
            name: some(marks.next()?),
            typed: Typed::read(marks.next()?),
        };
        Some(Self {
            id,
            name,
            owner,
            made_for,
            group,
            attached,
            base_index,
            panes: vec![pane],
        })
    }
}
