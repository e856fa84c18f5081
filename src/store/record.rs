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
    fields: Map<String, Value>,
    ports: Vec<(String, Port)>,
    worktree: PathBuf,
    branch: String,
}

impl Record {
    /// A new record; `ports` by service.
    pub fn new(ports: Vec<(String, Port)>, worktree: PathBuf, branch: &str) -> Self {
        let mut fields = Map::new();
        for (service, port) in &ports {
            fields.insert(format!("{service}{PORT}"), port.number().into());
        }
        fields.insert("worktree".to_owned(), worktree.to_string_lossy().into());
        fields.insert("branch".to_owned(), branch.into());
        Self {
            fields,
            ports,
            worktree,
            branch: branch.to_owned(),
        }
    }

    /// The session's folder.
    pub fn worktree(&self) -> &Path {
        &self.worktree
    }

    /// The session's branch.
    pub fn branch(&self) -> &str {
        &self.branch
    }

    /// Gives the session another branch.
    pub fn set_branch(&mut self, branch: &str) {
        self.fields.insert("branch".to_owned(), branch.into());
        branch.clone_into(&mut self.branch);
    }

    /// Every port, also those of services that the layout has no more.
    pub fn ports(&self) -> impl Iterator<Item = Port> {
        self.ports.iter().map(|&(_, port)| port)
    }

    /// The port of a service.
    pub fn port(&self, service: &str) -> Option<Port> {
        self.ports
            .iter()
            .find(|(known, _)| known == service)
            .map(|&(_, port)| port)
    }

    /// Gives a service another port.
    pub fn set_port(&mut self, service: &str, port: Port) {
        self.fields
            .insert(format!("{service}{PORT}"), port.number().into());
        match self.ports.iter_mut().find(|(known, _)| known == service) {
            Some((_, old)) => *old = port,
            None => self.ports.push((service.to_owned(), port)),
        }
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
        let mut ports = Vec::new();
        let (mut worktree, mut branch) = (None, None);
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            if let Some(service) = key.strip_suffix(PORT) {
                let port = value.as_u64().and_then(Port::from_number);
                let port =
                    port.ok_or_else(|| wrong::<A::Error>(&key, &value, "a port from 1 to 65535"))?;
                ports.push((service.to_owned(), port));
            } else if key == "worktree" {
                let path = value
                    .as_str()
                    .map(PathBuf::from)
                    .filter(|path| path.is_absolute());
                worktree =
                    Some(path.ok_or_else(|| wrong::<A::Error>(&key, &value, "an absolute path"))?);
            } else if key == "branch" {
                let name = value
                    .as_str()
                    .filter(|name| !name.is_empty() && !name.starts_with('-'));
                branch = Some(
                    name.ok_or_else(|| wrong::<A::Error>(&key, &value, "a branch"))?
                        .to_owned(),
                );
            }
            if fields.insert(key.clone(), value).is_some() {
                return Err(de::Error::custom(format_args!("{key:?} is there twice")));
            }
        }
        Ok(Record {
            fields,
            ports,
            worktree: worktree.ok_or_else(|| de::Error::missing_field("worktree"))?,
            branch: branch.ok_or_else(|| de::Error::missing_field("branch"))?,
        })
    }
}

fn wrong<E: de::Error>(key: &str, value: &Value, expected: &str) -> E {
    E::custom(format_args!("{key:?} is {value}, which is not {expected}"))
}
