//! `.tally-session.toml`: its shape.

use super::wrong::Wrong;
use crate::ports::Port;
use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, de};
use std::path::{Component, Path, PathBuf};
use toml::{Spanned, Value};

/// A text with its place in the file.
pub type Text = Spanned<String>;

/// What a file says; what it does not say is none.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct LayoutFile {
    pub activate: Option<Text>,
    #[serde(deserialize_with = "claude")]
    pub claude: ClaudeTable,
    pub keep_removed: Option<u64>,
    pub ports: Option<IndexMap<Text, Port>>,
    pub files: FileLists,
    pub env: Option<IndexMap<Text, IndexMap<Text, Text>>>,
    #[serde(rename = "window", deserialize_with = "at_least_one")]
    pub windows: Option<Vec<WindowTable>>,
    pub hooks: HookTexts,
}

/// Claude's command alone, or a table with it.
#[derive(Default)]
pub struct ClaudeTable {
    pub command: Option<Text>,
    pub bell: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct FileLists {
    pub link: Option<Vec<Text>>,
    pub copy: Option<Vec<Text>>,
    pub sqlite: Option<Vec<Text>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowTable {
    pub name: Text,
    pub dir: Option<Text>,
    pub run: Option<Text>,
    #[serde(rename = "type")]
    pub typed: Option<Text>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct HookTexts {
    pub post_add: Option<Text>,
    pub pre_remove: Option<Text>,
}

fn claude<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ClaudeTable, D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Table {
        command: Option<String>,
        bell: Option<bool>,
    }
    let value = Spanned::<Value>::deserialize(deserializer)?;
    let span = value.span();
    let command = |text| Spanned::new(span.clone(), text);
    match value.into_inner() {
        Value::String(text) => Ok(ClaudeTable {
            command: Some(command(text)),
            bell: None,
        }),
        table => {
            let Table {
                command: text,
                bell,
            } = table.try_into().map_err(de::Error::custom)?;
            Ok(ClaudeTable {
                command: text.map(command),
                bell,
            })
        }
    }
}

fn at_least_one<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<WindowTable>>, D::Error> {
    let windows = Vec::deserialize(deserializer)?;
    if windows.is_empty() {
        return Err(de::Error::custom("a session needs at least one [[window]]"));
    }
    Ok(Some(windows))
}

impl LayoutFile {
    /// # Errors
    /// If the text is no TOML, or has another shape.
    pub fn parse(text: &[u8]) -> Result<Self, Wrong> {
        Ok(toml::from_str(str::from_utf8(text)?)?)
    }

    /// These values, and where there is none, those of another file.
    pub fn over(self, other: Self) -> Self {
        Self {
            activate: self.activate.or(other.activate),
            claude: ClaudeTable {
                command: self.claude.command.or(other.claude.command),
                bell: self.claude.bell.or(other.claude.bell),
            },
            keep_removed: self.keep_removed.or(other.keep_removed),
            ports: self.ports.or(other.ports),
            files: FileLists {
                link: self.files.link.or(other.files.link),
                copy: self.files.copy.or(other.files.copy),
                sqlite: self.files.sqlite.or(other.files.sqlite),
            },
            env: self.env.or(other.env),
            windows: self.windows.or(other.windows),
            hooks: HookTexts {
                post_add: self.hooks.post_add.or(other.hooks.post_add),
                pre_remove: self.hooks.pre_remove.or(other.hooks.pre_remove),
            },
        }
    }
}

/// A path as git writes it: without `./` and a slash at its end.
pub fn plain(path: &str) -> String {
    let parts = Path::new(path).components();
    parts
        .filter(|part| matches!(part, Component::Normal(_)))
        .collect::<PathBuf>()
        .to_string_lossy()
        .into_owned()
}
