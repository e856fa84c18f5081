//! What a session is. Nothing in here prints.
//!
//! Its verbs are a file each: [`add`], [`resume`], [`stop`], [`remove`], [`restore`], [`doctor`], and [`find`], which all begin
//! with. Below them, each using only what is further down:
//!
//! - [`making`]: making a session true from whatever is there, and taking back what was made;
//! - [`truth`]: what lives, and what is wrong with it;
//! - [`loss`]: what would be lost, and keeping it: the trash;
//! - [`windows`]: its tmux windows, and what runs in them;
//! - [`records`]: what is written down of it, and who works on it;
//! - [`belongings`]: what it has from the main checkout, and what a look at that shows.

pub mod add;
pub mod belongings;
pub mod doctor;
pub mod find;
pub mod loss;
pub mod making;
pub mod records;
pub mod remove;
pub mod restore;
pub mod resume;
pub mod stop;
pub mod truth;
pub mod windows;

use crate::file::read_text_if_there;
use crate::git::worktrees;
use crate::hint::{Hint, with_hint};
use crate::layout::{Layout, Window, placeholders};
use crate::name::SessionName;
use crate::ports::Port;
use crate::process::quote;
use crate::processes;
use crate::project::{self, Project, without_symlinks};
use crate::store::lock::Lock;
use crate::store::record::Record;
use crate::store::records::Records;
use crate::tmux::{self, Pane, TmuxSession};
use anyhow::{Context, Result, anyhow};
use std::path::PathBuf;

/// What a worktree has checked out.
#[derive(Debug, PartialEq, Eq)]
pub enum Head {
    /// A branch.
    Branch(String),
    /// A commit, and no branch.
    Commit,
}

/// One piece of work.
#[derive(Clone, Debug)]
pub struct Session<'a> {
    /// Its project.
    pub project: &'a Project,
    /// What it gets.
    pub layout: &'a Layout,
    /// Its name.
    pub name: SessionName,
    /// What the store knows of it.
    pub record: Record,
}

impl<'a> Session<'a> {
    /// A session from its record.
    pub fn new(
        project: &'a Project,
        layout: &'a Layout,
        name: &SessionName,
        record: &Record,
    ) -> Self {
        Self {
            project,
            layout,
            name: name.clone(),
            record: record.clone(),
        }
    }

    /// Whether the record is one that a session of this repository can have: its worktree is one of the repository's, or its path
    /// is where the name leads. A store that came with a clone may name any folder.
    pub fn counts(&self) -> bool {
        let worktree = self.record.worktree();
        let is_listed = || {
            let all = worktrees::list(&self.project.common).into_iter().flatten();
            all.skip(1)
                .any(|it| it.is_at(worktree) && !it.is_another_s())
        };
        without_symlinks(worktree) == Some(self.project.worktree_path(&self.name))
            || self.project.owns_worktree(worktree)
            || is_listed()
    }

    /// Puts the session's record into the store.
    pub fn write_record(&self) -> Result<()> {
        change_records(self.project, |records| {
            records.put(&self.name, self.record.clone());
            Ok(())
        })
    }

    /// Takes the session's record out of the store.
    ///
    /// # Errors
    /// If the store can't be read or written.
    pub fn take_out_record(&self) -> Result<()> {
        change_records(self.project, |records| {
            records.take_out(&self.name);
            Ok(())
        })
    }

    /// What git keeps of its worktree.
    ///
    /// # Errors
    /// If the worktree is not there, or its `.git` file names no folder.
    pub fn admin(&self) -> Result<PathBuf> {
        let admin = project::admin_folder(self.record.worktree())?;
        admin.context("the worktree has no git folder")
    }

    /// The branch that is checked out in its worktree, if one is.
    pub fn checked_out(&self) -> Option<String> {
        match self.head()? {
            Head::Branch(branch) => Some(branch),
            Head::Commit => None,
        }
    }

    /// What is checked out in its worktree, if that can be known; git is asked only where it keeps refs in tables.
    pub fn head(&self) -> Option<Head> {
        let head = read_text_if_there(&self.admin().ok()?.join("HEAD")).ok()??;
        let branch = match head.trim_end().strip_prefix("ref: refs/heads/") {
            // Where git keeps refs in tables it writes this.
            Some(".invalid") => {
                let mut all = worktrees::list(&self.project.common).ok()?.into_iter();
                all.find(|it| it.is_at(self.record.worktree()))?.branch
            }
            None if head.starts_with("ref: ") || head.trim().is_empty() => return None,
            branch => branch.map(ToOwned::to_owned),
        };
        Some(branch.map_or(Head::Commit, Head::Branch))
    }

    /// What Claude Code calls it.
    pub fn claude_name(&self) -> String {
        format!("{}-{}", self.project.name, self.name.slug())
    }

    /// What tmux calls it.
    pub fn tmux_name(&self) -> String {
        tmux_name(self.project, &self.name)
    }

    /// Whether a tmux session is the one that this tool made for it.
    pub fn owns(&self, tmux: &TmuxSession) -> bool {
        owns(self.project, &self.name, tmux)
    }

    /// Whether a pane was made for it, wherever that is now.
    pub fn has_made(&self, pane: &Pane) -> bool {
        pane.is_of(&self.project.main, self.name.as_str())
    }

    /// The window of the layout that a pane was made for, if there still is one.
    pub fn window_of(&self, pane: &Pane) -> Option<&'a Window> {
        let key = &pane.mark.as_ref()?.key;
        self.layout.windows.iter().find(|window| window.key == *key)
    }

    /// The services with their ports, in the layout's order.
    pub fn ports(&self) -> impl Iterator<Item = (&str, Port)> {
        self.layout
            .ports
            .keys()
            .filter_map(|service| Some((service.as_str(), self.record.port(service)?)))
    }

    /// The name of the machine in its addresses, which has what such a name may have.
    pub fn host(&self) -> String {
        let filled = placeholders::expand(&self.layout.host, |word| self.placeholder(word));
        let host = filled.unwrap_or_default().to_lowercase();
        let can_stand = |letter: char| letter.is_ascii_alphanumeric() || letter == '.';
        host.replace(|letter| !can_stand(letter), "-")
    }

    /// Where a browser finds what listens on a port of it.
    pub fn url(&self, port: Port) -> String {
        format!("http://{}:{port}", self.host())
    }

    /// The variables of every window, but for those that need a port which a record of another layout lacks.
    pub fn env(&self) -> Vec<(String, String)> {
        let mut env = vec![
            ("TALLY_SESSION".to_owned(), self.name.to_string()),
            (
                processes::WORKTREE.to_owned(),
                self.record.worktree().to_string_lossy().into_owned(),
            ),
        ];
        env.extend(
            self.ports().map(|(service, port)| {
                (format!("{}_PORT", service.to_uppercase()), port.to_string())
            }),
        );
        let files = || self.layout.env.values().flatten();
        for (name, value) in files() {
            // Where files set it differently, each server reads its own.
            if files().all(|(other, theirs)| other != name || theirs == value)
                && let Ok(value) = self.expand(value)
            {
                env.push((name.clone(), value));
            }
        }
        env
    }

    /// A text of the layout with its placeholders replaced.
    ///
    /// # Errors
    /// If the record, one of another layout, lacks a port that it needs.
    pub fn expand(&self, text: &str) -> Result<String> {
        self.fill(text, |word| self.placeholder(word))
    }

    /// A command of the layout with its placeholders replaced, each quoted for the shell; `claude` is Claude's command.
    ///
    /// # Errors
    /// If the record, one of another layout, lacks a port that it needs.
    pub fn expand_command(&self, text: &str, claude: &str) -> Result<String> {
        self.fill(text, |word| match word {
            "claude" => Some(claude.to_owned()),
            _ => self.placeholder(word).map(|value| quote(&value)),
        })
    }

    /// The layout was checked when it was read: a placeholder without a value is a port that the record lacks.
    fn fill(&self, text: &str, value: impl Fn(&str) -> Option<String>) -> Result<String> {
        placeholders::expand(text, value)
            .map_err(|_| anyhow!("{} has no port yet for all that is in: {text}", self.name))
            .hint(format!("give it one: tally-session resume {}", self.name))
    }

    fn placeholder(&self, word: &str) -> Option<String> {
        Some(match word {
            "project" => self.project.name.clone(),
            "name" => self.name.to_string(),
            "slug" => self.name.slug(),
            "ident" => self.name.ident(),
            "host" => self.host(),
            "branch" => self.record.branch().to_owned(),
            "worktree" => self.record.worktree().to_string_lossy().into_owned(),
            "main" => self.project.main.to_string_lossy().into_owned(),
            _ => self.record.port(word.strip_suffix("_port")?)?.to_string(),
        })
    }
}

/// What tmux calls a session. It has no dots and colons in names, and would take some other letters for something else
/// than themselves.
pub fn tmux_name(project: &Project, name: &SessionName) -> String {
    let safe = |letter: char| {
        if ".:#$\\".contains(letter) {
            '_'
        } else {
            letter
        }
    };
    format!("{}-{}", project.name, name.slug())
        .chars()
        .map(safe)
        .collect()
}

/// Whether a tmux session is the one that this tool made for a project's session of this name, whatever it is called now. One
/// of an older version does not say for which, and is known by what it is called.
pub fn owns(project: &Project, name: &SessionName, tmux: &TmuxSession) -> bool {
    let is_for = match &tmux.made_for {
        Some(made_for) => made_for == name.as_str(),
        None => tmux.name == tmux_name(project, name),
    };
    is_for && tmux.is_of(&project.main)
}

/// That there is a tmux session of a session's name which is not its own.
pub fn foreign_windows(project: &Project, tmux: &TmuxSession) -> anyhow::Error {
    let name = &tmux.name;
    let look = format!("look at it with: {}", tmux::attach_command(name));
    let error = match &tmux.owner {
        Some(main) if *main == project.main => {
            return with_hint(anyhow!("there is a tmux session {name} already"), look);
        }
        Some(main) => anyhow!(
            "there is a tmux session {name}, which belongs to the project {}",
            main.display()
        ),
        None => anyhow!("there is a tmux session {name} that tally-session did not make"),
    };
    let rename = format!("call it something else: {}", tmux::rename_command(name));
    with_hint(with_hint(error, look), rename)
}

/// Reads the store, changes it and writes it, under its lock.
///
/// # Errors
/// That of the change: nothing is written then. Or if the store can't be read or written.
pub fn change_records<T>(
    project: &Project,
    change: impl FnOnce(&mut Records) -> Result<T>,
) -> Result<T> {
    let _lock = lock_store(project)?;
    let mut records = Records::read(&project.main)?;
    let changed = change(&mut records)?;
    records.write(&project.main)?;
    Ok(changed)
}

/// The lock of the store, under which all reading-then-writing is done.
///
/// # Errors
/// If another command holds it for long.
pub fn lock_store(project: &Project) -> Result<Lock> {
    Lock::take(&store_lock(project))
}

/// The file of that lock.
pub fn store_lock(project: &Project) -> PathBuf {
    project.common.join("tally-session/store.lock")
}

/// The lock under which one call of tmux makes the windows of several sessions.
///
/// # Errors
/// If another command holds it for long.
pub fn lock_windows(project: &Project) -> Result<Lock> {
    Lock::take(&windows_lock(project))
}

/// The file of that lock.
pub fn windows_lock(project: &Project) -> PathBuf {
    project.common.join("tally-session/windows.lock")
}

/// Every session of the store, in its order.
pub fn all<'a>(project: &'a Project, layout: &'a Layout, records: &Records) -> Vec<Session<'a>> {
    let records = records.iter();
    let session = |(name, record)| Session::new(project, layout, name, record);
    records.map(session).collect()
}
