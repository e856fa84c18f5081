//! `.tally-session.toml`: its shape, and one file over another.

use super::change::{Change, Changes, Text, merge};
use super::wrong::Wrong;
use crate::ports::Port;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, de};
use std::fmt;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use toml::{Spanned, Value};

/// What a file says; what it does not say is none.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct LayoutFile {
    pub activate: Option<Text>,
    #[serde(deserialize_with = "claude")]
    pub claude: ClaudeTable,
    pub host: Option<Text>,
    pub keep_removed: Option<u64>,
    pub ports: Changes<Port>,
    pub files: FileLists,
    pub env: Changes<Changes<String>>,
    #[serde(rename = "window")]
    pub windows: Windows,
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
    pub clone: Option<Vec<Text>>,
    pub copy: Option<Vec<Text>>,
    pub sqlite: Option<Vec<Text>>,
}

/// The windows that a file speaks of.
#[derive(Default)]
pub enum Windows {
    /// Those that are built in.
    #[default]
    BuiltIn,
    /// All there are.
    All(Vec<WindowTable>),
    /// Some of those that are built in, and more behind them.
    Changed(Changes<WindowTable>),
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowTable {
    /// The key that it stands under in its file.
    #[serde(skip)]
    pub key: String,
    /// Where it stands there.
    #[serde(skip)]
    pub span: Range<usize>,
    pub name: Option<Text>,
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
        table @ Value::Table(_) => {
            let Table {
                command: text,
                bell,
            } = table.try_into().map_err(de::Error::custom)?;
            Ok(ClaudeTable {
                command: text.map(command),
                bell,
            })
        }
        other => Err(de::Error::invalid_type(
            de::Unexpected::Other(other.type_str()),
            &"a text in quotes",
        )),
    }
}

impl<'de> Deserialize<'de> for Windows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tables;
        impl<'de> Visitor<'de> for Tables {
            type Value = Windows;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a [[window]] for each, or a [window.<name>] to change one")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut windows: A) -> Result<Windows, A::Error> {
                let mut all = Vec::new();
                while let Some(window) = windows.next_element::<Spanned<WindowTable>>()? {
                    all.push(WindowTable {
                        key: format!("window[{}]", all.len()),
                        span: window.span(),
                        ..window.into_inner()
                    });
                }
                if all.is_empty() {
                    return Err(de::Error::custom("a session needs at least one [[window]]"));
                }
                Ok(Windows::All(all))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut windows: A) -> Result<Windows, A::Error> {
                let mut changes = Changes::default();
                while let Some(name) = windows.next_key::<Text>()? {
                    if ["name", "dir", "run", "type"].contains(&name.get_ref().as_str()) {
                        return Err(de::Error::custom(
                            "a window is written with two brackets, [[window]]; with one, [window.backend] changes the one that is built in",
                        ));
                    }
                    let mut change: Spanned<Change<WindowTable>> = windows.next_value()?;
                    if let Change::To(window) = change.get_mut() {
                        window.key = format!("window.{}", bare(&name));
                    }
                    changes.insert(name, change);
                }
                Ok(Windows::Changed(changes))
            }
        }
        deserializer.deserialize_any(Tables)
    }
}

impl LayoutFile {
    /// # Errors
    /// If the text is no TOML, or has another shape.
    pub fn parse(text: &[u8]) -> Result<Self, Wrong> {
        Ok(toml::from_str(str::from_utf8(text)?)?)
    }

    /// The services that there are when this file stands over another.
    pub fn services_over(&self, other: &Self) -> Vec<String> {
        let ports = merge(other.ports.clone(), self.ports.clone(), |_, own| own);
        ports.into_keys().map(Spanned::into_inner).collect()
    }

    /// These values, and where there is none, those of another file, which has all of its windows.
    ///
    /// # Errors
    /// If it changes a window that the other has not, or leaves none.
    pub fn over(self, other: Self) -> Result<Self, Wrong> {
        Ok(Self {
            activate: self.activate.or(other.activate),
            claude: ClaudeTable {
                command: self.claude.command.or(other.claude.command),
                bell: self.claude.bell.or(other.claude.bell),
            },
            host: self.host.or(other.host),
            keep_removed: self.keep_removed.or(other.keep_removed),
            ports: merge(other.ports, self.ports, |_, own| own),
            files: self.files.over(other.files),
            env: merge(other.env, self.env, |other, own| {
                merge(other, own, |_, own| own)
            }),
            windows: Windows::All(self.windows.over(other.windows.list())?),
            hooks: HookTexts {
                post_add: self.hooks.post_add.or(other.hooks.post_add),
                pre_remove: self.hooks.pre_remove.or(other.hooks.pre_remove),
            },
        })
    }
}

impl FileLists {
    /// What is cloned here is not linked, though the other one says so.
    fn over(self, other: Self) -> Self {
        let cloned: Vec<_> = self.clone.iter().flatten().map(plain_text).collect();
        let link = other.link.map(|mut links| {
            links.retain(|link| !cloned.contains(&plain_text(link)));
            links
        });
        Self {
            link: self.link.or(link),
            clone: self.clone.or(other.clone),
            copy: self.copy.or(other.copy),
            sqlite: self.sqlite.or(other.sqlite),
        }
    }
}

fn plain_text(path: &Text) -> String {
    plain(path.get_ref())
}

impl Windows {
    /// Those that it has tables of.
    pub fn list(self) -> Vec<WindowTable> {
        match self {
            Self::BuiltIn => Vec::new(),
            Self::All(windows) => windows,
            Self::Changed(changes) => tables(changes),
        }
    }

    /// The same, to look at.
    pub fn tables(&self) -> Vec<&WindowTable> {
        match self {
            Self::BuiltIn => Vec::new(),
            Self::All(windows) => windows.iter().collect(),
            Self::Changed(changes) => {
                let changes = changes.values();
                changes.filter_map(|it| it.get_ref().to()).collect()
            }
        }
    }

    fn over(self, other: Vec<WindowTable>) -> Result<Vec<WindowTable>, Wrong> {
        let own = match self {
            Self::All(own) => return Ok(own),
            Self::BuiltIn => Changes::default(),
            Self::Changed(own) => own,
        };
        let named = other.into_iter().map(|window| {
            let name = window.word().to_owned();
            let key = format!("window.{name}");
            let window = Change::To(WindowTable { key, ..window });
            (Spanned::new(0..0, name), Spanned::new(0..0, window))
        });
        let named: Changes<_> = named.collect();
        let is_new = |(name, change): &(&Text, &Spanned<Change<WindowTable>>)| {
            let named_anew = change.get_ref().to().is_some_and(|own| own.name.is_some());
            !named.contains_key(*name) && !named_anew
        };
        if let Some((name, _)) = own.iter().find(is_new) {
            let there: Vec<_> = named.keys().map(|name| name.get_ref().as_str()).collect();
            return Err(Wrong::new(
                format!("window.{}", bare(name)),
                name.span(),
                format!(
                    "is none of those that are built in ({}); one more needs a name",
                    there.join(", ")
                ),
            ));
        }
        let last = own.keys().last().map(Spanned::span);
        let windows = tables(merge(named, own, |other, own| own.over(other)));
        match last {
            Some(span) if windows.is_empty() => Err(Wrong::new(
                "window",
                span,
                "leaves none: a session needs one",
            )),
            _ => Ok(windows),
        }
    }
}

fn tables(changes: Changes<WindowTable>) -> Vec<WindowTable> {
    let changes = changes.into_values().map(Spanned::into_inner);
    changes.filter_map(Change::into).collect()
}

impl WindowTable {
    /// The first word of its name, by which the built-in ones are told apart.
    fn word(&self) -> &str {
        let name = self.name.as_ref().map_or("", |name| name.get_ref());
        name.split(':').next().unwrap_or_default()
    }

    /// With what another one has where this says nothing: what is typed is one thing, run or not.
    fn over(self, other: Self) -> Self {
        let typing = if self.run.is_some() || self.typed.is_some() {
            (self.run, self.typed)
        } else {
            (other.run, other.typed)
        };
        Self {
            key: self.key,
            span: self.span,
            name: self.name.or(other.name),
            dir: self.dir.or(other.dir),
            run: typing.0,
            typed: typing.1,
        }
    }
}

/// A key as it is written in TOML.
pub fn bare(key: &Text) -> String {
    let key = key.get_ref();
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if !key.is_empty() && key.bytes().all(is_bare) {
        key.clone()
    } else {
        format!("{key:?}")
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
