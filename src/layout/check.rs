//! What may stand in `.tally-session.toml`.

use super::placeholders::{self, Broken, expand};
use super::plain;
use super::tree::{Value, bare, entries, items};
use super::wrong::Wrong;
use std::collections::HashMap;
use std::ops::Range;
use std::path::{Component, Path};
use toml::de::DeTable;

/// What a value is, and so what may stand in it.
#[derive(Clone, Copy, PartialEq, Eq)]
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

/// A text of a file: its key as a person writes it, itself, its place, and what it is.
struct Text<'a> {
    key: String,
    value: &'a str,
    span: Range<usize>,
    kind: Kind,
}

impl Text<'_> {
    fn wrong(&self, reason: impl Into<String>) -> Wrong {
        Wrong::new(&*self.key, self.span.clone(), reason)
    }
}

/// The tables with texts in them, in the order in which they are looked at: variables are set in the copy of a file.
const TABLES: [&str; 8] = [
    "activate", "claude", "host", "hooks", "ports", "window", "env", "files",
];

/// Checks every text of a file by itself and beside the others. `services` are those in force.
///
/// # Errors
/// The first one that is wrong.
pub fn check(file: &DeTable<'_>, services: &[String]) -> Result<(), Wrong> {
    let mut texts = Vec::new();
    for table in TABLES {
        collect(file.get(table), table, &[table], &mut texts);
    }
    for text in &texts {
        let checked = text.kind.check(text.value, services);
        checked.map_err(|reason| text.wrong(reason))?;
    }
    check_services(&texts)?;
    check_windows(file, &texts)?;
    check_paths(&texts)
}

/// Notes the texts of a value, which stands under these keys.
fn collect<'a>(
    value: Option<&'a Value<'_>>,
    key: &str,
    keys: &[&'a str],
    texts: &mut Vec<Text<'a>>,
) {
    if let Some(value) = value
        && let Some(text) = value.get_ref().as_str()
    {
        let kind = match keys {
            ["host"] => Kind::Host,
            ["hooks", _] => Kind::Script,
            ["files", ..] => Kind::Path,
            ["window", _, "name"] => Kind::Name,
            ["window", _, "dir"] => Kind::Dir,
            ["window", ..] => Kind::Command,
            _ => Kind::Line,
        };
        texts.push(Text {
            key: key.to_owned(),
            value: text,
            span: value.span(),
            kind,
        });
    }
    for (at, value) in items(value).enumerate() {
        collect(
            Some(value),
            &format!("{key}[{at}]"),
            &[keys, &[""]].concat(),
            texts,
        );
    }
    let is_out = |value: &Value<'_>| value.get_ref().as_bool() == Some(false);
    for (name, value) in entries(value).filter(|(_, value)| !is_out(value)) {
        let text = &**name.get_ref();
        let keys = [keys, &[text]].concat();
        let key = format!("{key}.{}", bare(text));
        let kind = match keys[..] {
            ["ports", _] => Some(Kind::Service),
            ["env", _] => Some(Kind::Path),
            ["env", _, _] => Some(Kind::Variable),
            _ => None,
        };
        texts.extend(kind.map(|kind| Text {
            key: key.clone(),
            value: text,
            span: name.span(),
            kind,
        }));
        collect(Some(value), &key, &keys, texts);
    }
}

/// Each service has a variable of its own.
fn check_services(texts: &[Text<'_>]) -> Result<(), Wrong> {
    let mut seen = HashMap::new();
    for service in of_kind(texts, Kind::Service) {
        if let Some(other) = seen.insert(service.value.to_uppercase(), service.value) {
            return Err(service.wrong(format!("has the same letters as {other}")));
        }
    }
    Ok(())
}

fn check_windows(file: &DeTable<'_>, texts: &[Text<'_>]) -> Result<(), Wrong> {
    for (at, window) in items(file.get("window")).enumerate() {
        if window.get_ref().get("name").is_none() {
            return Err(Wrong::new(
                format!("window[{at}]"),
                window.span(),
                "has no name",
            ));
        }
    }
    for typed in of_kind(texts, Kind::Command) {
        let window = typed.key.strip_suffix(".type");
        let run = window.map(|window| format!("{window}.run"));
        if texts.iter().any(|text| Some(&text.key) == run.as_ref()) {
            return Err(typed.wrong("stands beside a run: one of them"));
        }
    }
    Ok(())
}

fn of_kind<'t, 'a>(texts: &'t [Text<'a>], kind: Kind) -> impl Iterator<Item = &'t Text<'a>> {
    texts.iter().filter(move |text| text.kind == kind)
}

/// Each path is made in one way. What is linked is the main checkout's, and what is cloned comes whole: nothing may be written
/// below it.
fn check_paths(texts: &[Text<'_>]) -> Result<(), Wrong> {
    let paths = of_kind(texts, Kind::Path).map(|text| (text, plain(text.value)));
    let paths: Vec<_> = paths.collect();
    let mut seen = HashMap::new();
    for (text, path) in &paths {
        for (word, list) in [("linked", "files.link["), ("cloned", "files.clone[")] {
            let is_above = |(other, whole): &&(&Text<'_>, String)| {
                other.key.starts_with(list) && whole != path && Path::new(path).starts_with(whole)
            };
            if let Some((_, whole)) = paths.iter().find(is_above) {
                return Err(text.wrong(format!("is inside the {word} {whole}")));
            }
        }
        match seen.insert(path, &text.key) {
            // Variables are set in the copy.
            Some(other) if !(other.starts_with("env.") && text.key.starts_with("files.copy")) => {
                return Err(text.wrong(format!("is the path of {other} too")));
            }
            _ => {}
        }
    }
    Ok(())
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
                let brace = "(for a brace itself, write {{)";
                expand(text, value).map(drop).map_err(|broken| match broken {
                    Broken::Open => format!("has a {{ without its }} {brace}"),
                    Broken::Unknown(word) => format!(
                        "has the placeholder {{{word}}}, which is not there {brace}; there are {{{}}}",
                        known.join("} {")
                    ),
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
