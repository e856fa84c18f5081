//! What may stand in `.tally-session.toml`.

use super::file::{LayoutFile, Text, WindowTable, plain};
use super::placeholders::{CLAUDE, expand};
use super::wrong::Wrong;
use crate::ports::Port;
use indexmap::IndexMap;
use std::collections::HashMap;
use std::path::{Component, Path};

/// What a value is, and so what may stand in it.
#[derive(Clone, Copy)]
enum Kind {
    Service,
    Variable,
    /// A file or a folder of the project.
    Path,
    /// A folder of the project, or its root.
    Dir,
    /// One line that is not empty, with placeholders.
    Name,
    /// One line, with placeholders.
    Line,
    /// One line that may run Claude.
    Command,
    /// Several lines, with placeholders.
    Script,
}

impl LayoutFile {
    /// Checks every value by itself and beside the others. `ports` are those in force if the file has none.
    ///
    /// # Errors
    /// The first value that is wrong.
    pub fn check(&self, ports: Option<&IndexMap<Text, Port>>) -> Result<(), Wrong> {
        let ports = self.ports.as_ref().or(ports);
        let services: Vec<&str> = ports
            .into_iter()
            .flat_map(IndexMap::keys)
            .map(|service| service.get_ref().as_str())
            .collect();
        for (key, text, kind) in self.values() {
            if let Err(reason) = kind.check(text.get_ref(), &services) {
                return Err(Wrong::new(key, text, reason));
            }
        }
        self.check_services()?;
        self.check_windows()?;
        self.check_claude()?;
        self.check_paths()
    }

    /// Each service has a variable of its own.
    fn check_services(&self) -> Result<(), Wrong> {
        let mut seen = HashMap::new();
        for service in self.ports.iter().flat_map(IndexMap::keys) {
            if let Some(other) = seen.insert(service.get_ref().to_uppercase(), service) {
                let reason = format!("has the same letters as {}", other.get_ref());
                return Err(Wrong::new(
                    format!("ports.{}", bare(service)),
                    service,
                    reason,
                ));
            }
        }
        Ok(())
    }

    fn check_windows(&self) -> Result<(), Wrong> {
        for (at, window) in self.windows.iter().flatten().enumerate() {
            if let (Some(_), Some(typed)) = (&window.run, &window.typed) {
                let key = format!("window[{at}].type");
                return Err(Wrong::new(key, typed, "stands beside a run: one of them"));
            }
        }
        Ok(())
    }

    /// The built-in windows run Claude.
    fn check_claude(&self) -> Result<(), Wrong> {
        let runs_it = |window: &WindowTable| {
            let run = window.run.as_ref().map(|run| run.get_ref().as_str());
            run.is_some_and(|run| run.contains(CLAUDE))
        };
        match &self.claude.command {
            Some(claude)
                if claude.get_ref().trim().is_empty()
                    && self
                        .windows
                        .as_ref()
                        .is_none_or(|windows| windows.iter().any(runs_it)) =>
            {
                let reason = "is empty, and a window runs it";
                Err(Wrong::new("claude", claude, reason))
            }
            _ => Ok(()),
        }
    }

    /// Each path is made in one way. What is linked is the main checkout's: nothing may be written below it.
    fn check_paths(&self) -> Result<(), Wrong> {
        let links = self.files.link.iter().flatten();
        let links: Vec<_> = links.map(|link| plain(link.get_ref())).collect();
        let mut seen = HashMap::new();
        for (key, path, kind) in self.values() {
            if !matches!(kind, Kind::Path) {
                continue;
            }
            let path_itself = plain(path.get_ref());
            let is_above =
                |link: &&String| **link != path_itself && Path::new(&path_itself).starts_with(link);
            if let Some(link) = links.iter().find(is_above) {
                let reason = format!("is inside the linked {link}");
                return Err(Wrong::new(key, path, reason));
            }
            match seen.insert(path_itself, key.clone()) {
                // Variables are set in the copy.
                Some(other) if !(other.starts_with("files.copy") && key.starts_with("env.")) => {
                    return Err(Wrong::new(key, path, format!("is the path of {other} too")));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Every text, with its key as a person writes it.
    fn values(&self) -> Vec<(String, &Text, Kind)> {
        let mut values = Vec::new();
        let mut put = |key: String, text, kind| values.push((key, text, kind));
        let single = [
            ("activate", &self.activate, Kind::Line),
            ("claude", &self.claude.command, Kind::Line),
            ("hooks.post_add", &self.hooks.post_add, Kind::Script),
            ("hooks.pre_remove", &self.hooks.pre_remove, Kind::Script),
        ];
        for (key, text, kind) in single {
            if let Some(text) = text {
                put(key.to_owned(), text, kind);
            }
        }
        for service in self.ports.iter().flat_map(IndexMap::keys) {
            put(format!("ports.{}", bare(service)), service, Kind::Service);
        }
        let lists = [
            ("link", &self.files.link),
            ("copy", &self.files.copy),
            ("sqlite", &self.files.sqlite),
        ];
        for (list, paths) in lists {
            for (at, path) in paths.iter().flatten().enumerate() {
                put(format!("files.{list}[{at}]"), path, Kind::Path);
            }
        }
        for (path, variables) in self.env.iter().flatten() {
            let file = format!("env.{}", bare(path));
            for (name, value) in variables {
                let key = format!("{file}.{}", bare(name));
                put(key.clone(), name, Kind::Variable);
                put(key, value, Kind::Line);
            }
            put(file, path, Kind::Path);
        }
        for (at, window) in self.windows.iter().flatten().enumerate() {
            let key = |name: &str| format!("window[{at}].{name}");
            put(key("name"), &window.name, Kind::Name);
            let more = [
                ("dir", &window.dir, Kind::Dir),
                ("run", &window.run, Kind::Command),
                ("type", &window.typed, Kind::Command),
            ];
            for (name, text, kind) in more {
                if let Some(text) = text {
                    put(key(name), text, kind);
                }
            }
        }
        values
    }
}

impl Kind {
    /// What is wrong with a value of this kind, in words that follow its key.
    fn check(self, text: &str, services: &[&str]) -> Result<(), String> {
        let is_word = |text: &str| {
            text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        match self {
            Self::Service if !is_word(text) || text.starts_with('_') => {
                Err("may only have letters, digits and _ in it, a letter first".to_owned())
            }
            Self::Variable if !is_word(text) => Err("is no name of a variable".to_owned()),
            Self::Variable if text.starts_with("TALLY_") => {
                Err("is a variable of tally-session's own".to_owned())
            }
            Self::Name if text.is_empty() => Err("is empty".to_owned()),
            Self::Path if check_path(text).is_ok() && plain(text).is_empty() => {
                Err("names no file".to_owned())
            }
            Self::Path | Self::Dir => check_path(text),
            Self::Name | Self::Line | Self::Command if text.contains(char::is_control) => {
                Err("has a control character in it: it must be one line".to_owned())
            }
            Self::Name | Self::Line | Self::Command | Self::Script => {
                let value = |word: &str| {
                    let is_known = match word {
                        "project" | "name" | "slug" | "branch" | "worktree" | "main" => true,
                        "claude" => matches!(self, Self::Command),
                        _ => word
                            .strip_suffix("_port")
                            .is_some_and(|service| services.contains(&service)),
                    };
                    is_known.then(String::new)
                };
                expand(text, value)
                    .map(drop)
                    .map_err(|error| error.to_string())
            }
            Self::Service | Self::Variable => Ok(()),
        }
    }
}

fn check_path(text: &str) -> Result<(), String> {
    let leaves = |part: Component<'_>| !matches!(part, Component::Normal(_) | Component::CurDir);
    if text.contains(char::is_control) {
        Err("has a control character in it".to_owned())
    } else if Path::new(text).components().any(leaves) {
        Err(format!("leaves the project: {text}"))
    } else if Path::new(text).starts_with(".git") {
        Err("is git's own".to_owned())
    } else {
        Ok(())
    }
}

/// A key as it is written in TOML.
fn bare(key: &Text) -> String {
    let key = key.get_ref();
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if !key.is_empty() && key.bytes().all(is_bare) {
        key.clone()
    } else {
        format!("{key:?}")
    }
}
