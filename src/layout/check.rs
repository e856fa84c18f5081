//! What may stand in `.tally-session.toml`.

use super::change::Text;
use super::file::{LayoutFile, WindowTable, Windows, bare, plain};
use super::placeholders::{self, Broken, CLAUDE, expand};
use super::wrong::Wrong;
use std::collections::HashMap;
use std::ops::Range;
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
    /// The name of a machine, with placeholders.
    Host,
    /// One line, with placeholders.
    Line,
    /// One line that may run Claude.
    Command,
    /// Several lines, with placeholders.
    Script,
}

/// A text of a file: its key as a person writes it, itself, and its place.
type Value<'a> = (String, &'a str, Range<usize>, Kind);

fn value(key: String, text: &Text, kind: Kind) -> Value<'_> {
    (key, text.get_ref(), text.span(), kind)
}

impl LayoutFile {
    /// Checks every value by itself and beside the others. `services` are those in force.
    ///
    /// # Errors
    /// The first value that is wrong.
    pub fn check(&self, services: &[String]) -> Result<(), Wrong> {
        for (key, text, span, kind) in self.values() {
            if let Err(reason) = kind.check(text, services) {
                return Err(Wrong::new(key, span, reason));
            }
        }
        self.check_services()?;
        self.check_windows()?;
        self.check_paths()
    }

    /// Checks that there is a command where a window runs Claude.
    ///
    /// # Errors
    /// If there is none.
    pub fn check_claude(&self) -> Result<(), Wrong> {
        let runs_it = |window: &&WindowTable| {
            let run = window.run.as_ref();
            run.is_some_and(|run| run.get_ref().contains(CLAUDE))
        };
        let is_run = self.windows.tables().iter().any(runs_it);
        let claude = self.claude.command.as_ref().filter(|_| is_run);
        match claude.filter(|claude| claude.get_ref().trim().is_empty()) {
            Some(claude) => Err(Wrong::new(
                "claude",
                claude.span(),
                "is empty, and a window runs it",
            )),
            None => Ok(()),
        }
    }

    /// Each service has a variable of its own.
    fn check_services(&self) -> Result<(), Wrong> {
        let mut seen = HashMap::new();
        for service in self.ports.keys() {
            if let Some(other) = seen.insert(service.get_ref().to_uppercase(), service) {
                return Err(Wrong::new(
                    format!("ports.{}", bare(service)),
                    service.span(),
                    format!("has the same letters as {}", other.get_ref()),
                ));
            }
        }
        Ok(())
    }

    fn check_windows(&self) -> Result<(), Wrong> {
        if let Windows::All(windows) = &self.windows
            && let Some(nameless) = windows.iter().find(|window| window.name.is_none())
        {
            let span = nameless.span.clone();
            return Err(Wrong::new(&nameless.key, span, "has no name"));
        }
        for window in self.windows.tables() {
            if let (Some(_), Some(typed)) = (&window.run, &window.typed) {
                return Err(Wrong::new(
                    format!("{}.type", window.key),
                    typed.span(),
                    "stands beside a run: one of them",
                ));
            }
        }
        Ok(())
    }

    /// Each path is made in one way. What is linked is the main checkout's, and what is cloned comes whole: nothing may be written
    /// below it.
    fn check_paths(&self) -> Result<(), Wrong> {
        let folders = |word, paths: &Option<Vec<Text>>| {
            let paths = paths.iter().flatten();
            let plain = paths.map(|path| (word, plain(path.get_ref())));
            plain.collect::<Vec<_>>()
        };
        let files = &self.files;
        let whole = [
            folders("linked", &files.link),
            folders("cloned", &files.clone),
        ];
        let mut seen = HashMap::new();
        for (key, path, span, kind) in self.values() {
            if !matches!(kind, Kind::Path) {
                continue;
            }
            let path_itself = plain(path);
            let is_above = |(_, whole): &&(&str, String)| {
                *whole != path_itself && Path::new(&path_itself).starts_with(whole)
            };
            if let Some((word, whole)) = whole.iter().flatten().find(is_above) {
                let reason = format!("is inside the {word} {whole}");
                return Err(Wrong::new(key, span, reason));
            }
            match seen.insert(path_itself, key.clone()) {
                // Variables are set in the copy.
                Some(other) if !(other.starts_with("env.") && key.starts_with("files.copy")) => {
                    return Err(Wrong::new(key, span, format!("is the path of {other} too")));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Every text.
    fn values(&self) -> Vec<Value<'_>> {
        let mut values = Vec::new();
        let single = [
            ("activate", &self.activate, Kind::Line),
            ("claude", &self.claude.command, Kind::Line),
            ("host", &self.host, Kind::Host),
            ("hooks.post_add", &self.hooks.post_add, Kind::Script),
            ("hooks.pre_remove", &self.hooks.pre_remove, Kind::Script),
        ];
        for (key, text, kind) in single {
            values.extend(text.as_ref().map(|text| value(key.to_owned(), text, kind)));
        }
        for service in self.ports.keys() {
            let key = format!("ports.{}", bare(service));
            values.push(value(key, service, Kind::Service));
        }
        for window in self.windows.tables() {
            let texts = [
                ("name", &window.name, Kind::Name),
                ("dir", &window.dir, Kind::Dir),
                ("run", &window.run, Kind::Command),
                ("type", &window.typed, Kind::Command),
            ];
            for (name, text, kind) in texts {
                let key = format!("{}.{name}", window.key);
                values.extend(text.as_ref().map(|text| value(key, text, kind)));
            }
        }
        for (path, variables) in &self.env {
            let Some(variables) = variables.get_ref().to() else {
                continue;
            };
            let file = format!("env.{}", bare(path));
            for (name, value) in variables {
                let Some(text) = value.get_ref().to() else {
                    continue;
                };
                let key = format!("{file}.{}", bare(name));
                values.push(self::value(key.clone(), name, Kind::Variable));
                values.push((key, text.as_str(), value.span(), Kind::Line));
            }
            values.push(value(file, path, Kind::Path));
        }
        let lists = [
            ("link", &self.files.link),
            ("clone", &self.files.clone),
            ("copy", &self.files.copy),
            ("sqlite", &self.files.sqlite),
        ];
        for (list, paths) in lists {
            for (at, path) in paths.iter().flatten().enumerate() {
                values.push(value(format!("files.{list}[{at}]"), path, Kind::Path));
            }
        }
        values
    }
}

impl Kind {
    /// What is wrong with a value of this kind, in words that follow its key.
    fn check(self, text: &str, services: &[String]) -> Result<(), String> {
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
            Self::Path if text.contains(['*', '?']) => Err(format!(
                "is a pattern: {text}; patterns of ignored files go into .worktreeinclude, a file beside this one"
            )),
            Self::Path | Self::Dir => check_path(text),
            Self::Name | Self::Host | Self::Line | Self::Command
                if text.contains(char::is_control) =>
            {
                Err("has a control character in it: it must be one line".to_owned())
            }
            Self::Host if !text.chars().all(can_be_of_host) => Err(
                "is no name of a machine: it has letters, digits, dots and -, and no http:// and port"
                    .to_owned(),
            ),
            Self::Name | Self::Host | Self::Line | Self::Command | Self::Script => {
                let ports = services.iter().map(|service| format!("{service}_port"));
                let words = placeholders::WORDS.iter().map(ToString::to_string);
                let known: Vec<_> = match self {
                    // A host has many ports, and does not have itself in its name.
                    Self::Host => words.filter(|word| word != "host").collect(),
                    Self::Command => words.chain(ports).chain(["claude".to_owned()]).collect(),
                    _ => words.chain(ports).collect(),
                };
                let value = |word: &str| known.iter().any(|it| it == word).then(String::new);
                expand(text, value).map(drop).map_err(|broken| match broken {
                    Broken::Open => broken.to_string(),
                    Broken::Unknown(_) => {
                        format!("{broken}; there are {{{}}}", known.join("} {"))
                    }
                })
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

fn can_be_of_host(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "-._{}".contains(letter)
}
