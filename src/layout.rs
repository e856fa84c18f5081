//! Which ports, files and windows a session gets.

mod change;
mod check;
pub mod detect;
mod file;
pub mod placeholders;
#[cfg(test)]
mod tests;
mod wrong;

use crate::file::read_if_there;
use crate::hint::{Hint, with_hint};
use crate::ports::Port;
use anyhow::{Context, Result, bail};
use change::{Change, Changes, Text};
use file::{LayoutFile, plain};
use indexmap::IndexMap;
use std::path::Path;
use toml::Spanned;
use wrong::Wrong;

/// The file's name, in the main checkout.
pub const FILE: &str = ".tally-session.toml";

/// The layout of a Django backend and a Svelte frontend, in the format that describes any other.
pub const BUILT_IN: &str = include_str!("layout/built_in.toml");

/// What differs from one project to another. Texts may hold placeholders: see [`placeholders`].
#[derive(Debug)]
pub struct Layout {
    /// Typed first in every window; empty for nothing.
    pub activate: String,
    /// Claude Code.
    pub claude: ClaudeCode,
    /// The name of the machine in addresses.
    pub host: String,
    /// How many days what was removed is kept.
    pub keep_removed: u64,
    /// Each service with the first port to try.
    pub ports: IndexMap<String, Port>,
    /// What a worktree gets from the main checkout.
    pub files: Files,
    /// By file: the variables set in it, and in every window's environment.
    pub env: IndexMap<String, IndexMap<String, String>>,
    /// Files of it that git tracks, each with the one that stands in `env` in its place.
    pub env_instead: IndexMap<String, String>,
    /// The windows, in their order.
    pub windows: Vec<Window>,
    /// The user's own commands.
    pub hooks: Hooks,
}

/// Claude Code in the windows.
#[derive(Debug)]
pub struct ClaudeCode {
    /// How it is started, options included.
    pub command: String,
    /// Whether its window rings and is marked when it waits.
    pub bell: bool,
}

/// Paths from the main checkout's root.
#[derive(Debug)]
pub struct Files {
    /// Symlinked to the main checkout's.
    pub link: Vec<String>,
    /// Folders of its own that cost next to nothing.
    pub clone: Vec<String>,
    /// Copied, permissions kept.
    pub copy: Vec<String>,
    /// `SQLite` databases, copied whole while others write to them.
    pub sqlite: Vec<String>,
}

/// A window of the tmux session.
#[derive(Debug)]
pub struct Window {
    /// What it is known by among the others, whatever it is called: the first word of its name, if only one begins with that.
    pub key: String,
    /// What tmux calls it.
    pub name: String,
    /// Its folder, from the worktree's root; empty for the root itself.
    pub dir: String,
    /// A command that is typed and run.
    pub run: Option<String>,
    /// A text that is typed and left at the prompt.
    pub typed: Option<String>,
}

/// Scripts for `sh`, run in the worktree; empty for nothing.
#[derive(Debug, Default)]
pub struct Hooks {
    /// After the files, before the windows.
    pub post_add: String,
    /// When the windows have ended, before anything is taken away.
    pub pre_remove: String,
}

impl Layout {
    /// The layout of a main checkout: the built-in one, with what the project's own file says in its place.
    ///
    /// # Errors
    /// If the file can't be read, or something is wrong with it: with its path, the line, the key and the reason.
    pub fn read(main: &Path) -> Result<Self> {
        let built_in = LayoutFile::parse(BUILT_IN.as_bytes())
            .map_err(|wrong| wrong.at(BUILT_IN.as_bytes()))
            .context("the built-in layout is broken")?;
        let path = main.join(FILE);
        let text = match read_if_there(&path)? {
            Some(text) => text,
            None if path.is_symlink() => bail!("cannot read {}: it leads nowhere", path.display()),
            None => Vec::new(),
        };
        let failed = || format!("{} is wrong", path.display());
        let in_file = |wrong: Wrong| {
            let hint = "see how it is written: tally-session layout";
            with_hint(wrong.at(&text).context(failed()), hint.to_owned())
        };
        let own = LayoutFile::parse(&text).map_err(in_file)?;
        let services = own.services_over(&built_in);
        own.check(&services).map_err(in_file)?;
        let merged = own.over(built_in).map_err(in_file)?;
        merged.check_claude().map_err(in_file)?;
        // What the file itself has is right: what is wrong now is a built-in value that it leaves standing.
        if let Err(wrong) = merged.check(&services) {
            let cure = wrong.cure();
            return Err(wrong.of_the_built_in()).with_context(failed).hint(cure);
        }
        Ok(merged.into())
    }
}

impl Layout {
    /// Whether a window has the port of a service in its name or its command. Who listens on another one the windows have not
    /// started, and may be the session's own all the same: a container.
    pub fn has_in_a_window(&self, service: &str) -> bool {
        let port = format!("{{{service}_port}}");
        let is_named = |window: &Window| window.name.contains(&port) || window.serves(service);
        self.windows.iter().any(is_named)
    }

    /// Whether a window runs Claude.
    pub fn runs_claude(&self) -> bool {
        self.windows.iter().any(Window::runs_claude)
    }
}

impl Window {
    /// Whether its command is given the port of a service.
    pub fn serves(&self, service: &str) -> bool {
        let port = format!("{{{service}_port}}");
        self.run.as_ref().is_some_and(|run| run.contains(&port))
    }

    /// Whether it runs Claude.
    pub fn runs_claude(&self) -> bool {
        self.run
            .as_ref()
            .is_some_and(|run| run.contains(placeholders::CLAUDE))
    }
}

/// Gives each window its key.
fn with_keys(mut windows: Vec<Window>) -> Vec<Window> {
    let word = |name: &str| {
        let is_of_word = |letter: &char| letter.is_alphanumeric() || "-_".contains(*letter);
        name.chars().take_while(is_of_word).collect::<String>()
    };
    let words: Vec<_> = windows.iter().map(|window| word(&window.name)).collect();
    for (at, window) in windows.iter_mut().enumerate() {
        let is_plain = !words[at].is_empty() && !words[..at].contains(&words[at]);
        let number = if is_plain {
            String::new()
        } else {
            format!("#{}", at + 1)
        };
        window.key = format!("{}{number}", words[at]);
    }
    windows
}

impl From<LayoutFile> for Layout {
    fn from(file: LayoutFile) -> Self {
        let text = |text: Option<Text>| text.map(Spanned::into_inner).unwrap_or_default();
        let paths = |paths: Option<Vec<Text>>| {
            let paths = paths.into_iter().flatten();
            paths.map(|path| plain(path.get_ref())).collect()
        };
        let windows = file.windows.list().into_iter().map(|window| Window {
            key: String::new(),
            name: text(window.name),
            dir: plain(&text(window.dir)),
            run: window.run.map(Spanned::into_inner),
            typed: window.typed.map(Spanned::into_inner),
        });
        Self {
            activate: text(file.activate),
            claude: ClaudeCode {
                command: text(file.claude.command),
                bell: file.claude.bell.unwrap_or(true),
            },
            host: text(file.host),
            keep_removed: file.keep_removed.unwrap_or_default(),
            ports: values(file.ports).collect(),
            files: Files {
                link: paths(file.files.link),
                clone: paths(file.files.clone),
                copy: paths(file.files.copy),
                sqlite: paths(file.files.sqlite),
            },
            env: values(file.env)
                .map(|(path, variables)| (plain(&path), values(variables).collect()))
                .collect(),
            env_instead: IndexMap::new(),
            windows: with_keys(windows.collect()),
            hooks: Hooks {
                post_add: text(file.hooks.post_add),
                pre_remove: text(file.hooks.pre_remove),
            },
        }
    }
}

/// What is left when the changes are made.
fn values<T>(changes: Changes<T>) -> impl Iterator<Item = (String, T)> {
    changes.into_iter().filter_map(|(key, change)| {
        let value = Change::into(change.into_inner())?;
        Some((key.into_inner(), value))
    })
}
