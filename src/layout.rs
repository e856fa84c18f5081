//! Which ports, files and windows a session gets.

mod check;
pub mod detect;
pub mod placeholders;
#[cfg(test)]
mod tests;
mod tree;
mod wrong;

use crate::file::read_if_there;
use crate::hint::{Hint, with_hint};
use crate::ports::Port;
use anyhow::{Context, Result, bail};
use check::check;
use indexmap::IndexMap;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::iter;
use std::path::{Component, Path, PathBuf};
use toml::Spanned;
use toml::de::DeTable;
use wrong::Wrong;

/// The file's name, in the main checkout.
pub const FILE: &str = ".tally-session.toml";

/// The layout of a Django backend and a Svelte frontend, in the format that describes any other.
pub const BUILT_IN: &str = include_str!("layout/built_in.toml");

/// What differs from one project to another. Texts may hold placeholders: see [`placeholders`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
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
    #[serde(skip)]
    pub env_instead: IndexMap<String, String>,
    /// The windows, in their order.
    #[serde(rename = "window", deserialize_with = "windows")]
    pub windows: Vec<Window>,
    /// The user's own commands.
    pub hooks: Hooks,
}

/// Claude Code in the windows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaudeCode {
    /// How it is started, options included.
    pub command: String,
    /// Whether its window rings and is marked when it waits.
    #[serde(default = "yes")]
    pub bell: bool,
}

/// Paths from the main checkout's root.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
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
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// What it is known by among the others, whatever it is called: the first word of its name, if only one begins with that.
    #[serde(skip)]
    pub key: String,
    /// What tmux calls it.
    #[serde(default)]
    pub name: String,
    /// Its folder, from the worktree's root; empty for the root itself.
    #[serde(default)]
    pub dir: String,
    /// A command that is typed and run.
    pub run: Option<String>,
    /// A text that is typed and left at the prompt.
    #[serde(rename = "type")]
    pub typed: Option<String>,
}

/// Scripts for `sh`, run in the worktree; empty for nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
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
        Self::read_from(&main.join(FILE), main)
    }

    /// The same, of a file that is kept elsewhere.
    ///
    /// # Errors
    /// As [`Layout::read`].
    pub fn read_from(path: &Path, main: &Path) -> Result<Self> {
        let text = match read_if_there(path)? {
            Some(text) => text,
            None if path.is_symlink() => bail!("cannot read {}: it leads nowhere", path.display()),
            None => Vec::new(),
        };
        let failed = || format!("{} is wrong", path.display());
        let in_file = |wrong: Wrong| {
            let hint = "see how it is written: tally-session layout";
            with_hint(wrong.at(&text).context(failed()), hint.to_owned())
        };
        let own = tree::parse(&text).map_err(in_file)?;
        let merged =
            tree::over_built_in(&own, |folder| main.join(folder).is_dir()).map_err(in_file)?;
        let layout = Self::of(merged.clone()).map_err(in_file)?;
        let services: Vec<_> = layout.ports.keys().cloned().collect();
        check(&own, &services).map_err(in_file)?;
        if let Some(claude) = own.get("claude")
            && layout.claude.command.trim().is_empty()
            && layout.runs_claude()
        {
            let wrong = Wrong::new("claude", claude.span(), "is empty, and a window runs it");
            return Err(in_file(wrong));
        }
        // What the file itself has is right: what is wrong now is a built-in value that it leaves standing.
        if let Err(wrong) = check(&merged, &services) {
            let cure = wrong.cure();
            return Err(wrong.of_the_built_in()).with_context(failed).hint(cure);
        }
        Ok(layout)
    }

    /// The layout that a tree of values is.
    fn of(tree: DeTable<'_>) -> Result<Self, Wrong> {
        let tree = toml::Deserializer::from(Spanned::new(0..0, tree));
        let mut layout = Self::deserialize(tree)?;
        let files = &mut layout.files;
        let lists = [
            &mut files.link,
            &mut files.clone,
            &mut files.copy,
            &mut files.sqlite,
        ];
        let dirs = layout.windows.iter_mut().map(|window| &mut window.dir);
        for path in lists.into_iter().flatten().chain(dirs) {
            *path = plain(path);
        }
        let env = layout.env.into_iter();
        layout.env = env
            .map(|(path, variables)| (plain(&path), variables))
            .collect();
        name_windows(&mut layout.windows);
        Ok(layout)
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
fn name_windows(windows: &mut [Window]) {
    let is_of_word = |letter: &char| letter.is_alphanumeric() || "-_".contains(*letter);
    for at in 0..windows.len() {
        let word: String = windows[at].name.chars().take_while(is_of_word).collect();
        let is_plain = !word.is_empty() && windows[..at].iter().all(|before| before.key != word);
        windows[at].key = if is_plain {
            word
        } else {
            format!("{word}#{}", at + 1)
        };
    }
}

/// Windows in a list, or each under a name.
fn windows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Window>, D::Error> {
    struct Windows;
    impl<'de> Visitor<'de> for Windows {
        type Value = Vec<Window>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a [[window]] for each, or a [window.<name>] to change one")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Window>, A::Error> {
            let windows: Vec<_> =
                iter::from_fn(|| list.next_element().transpose()).collect::<Result<_, _>>()?;
            if windows.is_empty() {
                return Err(de::Error::custom("a session needs at least one [[window]]"));
            }
            Ok(windows)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Vec<Window>, A::Error> {
            let windows = iter::from_fn(|| table.next_entry::<String, _>().transpose());
            windows.map(|window| Ok(window?.1)).collect()
        }
    }
    deserializer.deserialize_any(Windows)
}

/// What is not said of the bell.
fn yes() -> bool {
    true
}

/// A path as git writes it: without `./` and a slash at its end.
fn plain(path: &str) -> String {
    let parts = Path::new(path).components();
    let parts = parts.filter(|part| matches!(part, Component::Normal(_)));
    parts.collect::<PathBuf>().to_string_lossy().into_owned()
}
