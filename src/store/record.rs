//! One session's record.

use crate::ports::Port;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::fmt;
use std::path::{Path, PathBuf};

/// The end of the key that holds a service's port.
const PORT: &str = "_port";

/// What the store knows of one session. Fields that it does not know are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// All as it stands in the file, each checked.
    fields: Map<String, Value>,
    worktree: PathBuf,
}

impl Record {
    /// A new record; `ports` by service.
    pub fn new(ports: Vec<(String, Port)>, worktree: PathBuf, branch: &str) -> Self {
        let mut record = Self {
            fields: Map::new(),
            worktree: PathBuf::new(),
        };
        for (service, port) in ports {
            record.set_port(&service, port);
        }
        record.set_worktree(worktree);
        record.set_branch(branch);
        record
    }

    /// The session's folder.
    pub fn worktree(&self) -> &Path {
        &self.worktree
    }

    /// Gives the session another folder.
    pub fn set_worktree(&mut self, worktree: PathBuf) {
        let text = worktree.to_string_lossy().into();
        self.fields.insert("worktree".to_owned(), text);
        self.worktree = worktree;
    }

    /// The session's branch.
    pub fn branch(&self) -> &str {
        let branch = self.fields.get("branch").and_then(Value::as_str);
        branch.unwrap_or_default()
    }

    /// Gives the session another branch.
    pub fn set_branch(&mut self, branch: &str) {
        self.fields.insert("branch".to_owned(), branch.into());
    }

    /// Every port, also those of services that the layout has no more.
    pub fn ports(&self) -> impl Iterator<Item = Port> {
        let ports = self.fields.iter().filter(|(key, _)| key.ends_with(PORT));
        ports.filter_map(|(_, value)| port_of(value))
    }

    /// The port of a service.
    pub fn port(&self, service: &str) -> Option<Port> {
        port_of(self.fields.get(&format!("{service}{PORT}"))?)
    }

    /// Gives a service another port.
    pub fn set_port(&mut self, service: &str, port: Port) {
        self.fields
            .insert(format!("{service}{PORT}"), port.number().into());
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.fields.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RecordVisitor)
    }
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the ports, the worktree and the branch of a session")
    }

    // Each value is checked as soon as it is read: the error then has the value's line.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
        let mut fields = Map::new();
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            let text = value.as_str();
            let is_path = |path: &str| Path::new(path).is_absolute();
            let is_branch = |name: &str| !name.is_empty() && !name.starts_with('-');
            let (is_right, expected) = match &*key {
                "worktree" => (text.is_some_and(is_path), "an absolute path"),
                "branch" => (text.is_some_and(is_branch), "a branch"),
                key if key.ends_with(PORT) => (port_of(&value).is_some(), "a port from 1 to 65535"),
                _ => (true, ""),
            };
            if !is_right {
                let wrong = format_args!("{key:?} is {value}, which is not {expected}");
                return Err(de::Error::custom(wrong));
            }
            if fields.insert(key.clone(), value).is_some() {
                return Err(de::Error::custom(format_args!("{key:?} is there twice")));
            }
        }
        let text = |key| fields.get(key).and_then(Value::as_str);
        let text = |key| text(key).ok_or_else(|| de::Error::missing_field(key));
        let worktree = text("worktree")?.into();
        text("branch")?;
        Ok(Record { fields, worktree })
    }
}

fn port_of(value: &Value) -> Option<Port> {
    value.as_u64().and_then(Port::from_number)
}
