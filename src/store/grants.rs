//! What a project's entry in `~/.claude.json` allows.

use super::json::{self, Object, Part};
use anyhow::Result;
use indexmap::IndexMap;
use serde_json::Value;
use serde_json::value::RawValue;

/// What a checkout's entry has been allowed: its fields that are approvals.
pub struct Grants(IndexMap<String, Value>);

impl Grants {
    /// Those of an entry; one that is not there has none.
    pub fn of(entry: Option<&RawValue>) -> Result<Self> {
        let entry = entry.and_then(json::object_in).transpose()?;
        let mut granted = IndexMap::new();
        for (name, part) in entry.unwrap_or_default() {
            if let Some(raw) = part.raw().filter(|_| is_grant(&name)) {
                granted.insert(name, serde_json::from_str(raw.get())?);
            }
        }
        Ok(Self(granted))
    }

    /// A worktree's entry with what it lacks of these; none if it lacks nothing.
    ///
    /// # Errors
    /// If the entry does not parse.
    pub fn added_to(&self, worktree: Option<&RawValue>) -> Result<Option<Object>> {
        let mut entry = match worktree.map(json::object_in) {
            None => Object::new(),
            Some(Some(entry)) => entry?,
            Some(None) => return Ok(None),
        };
        let mut lacks = false;
        for (name, value) in &self.0 {
            let there: Value = match entry.get(name).and_then(Part::raw) {
                Some(there) => serde_json::from_str(there.get())?,
                None => Value::Null,
            };
            // Claude itself writes a plain no where nothing was asked yet.
            let mut merged = match &there {
                Value::Bool(false) => Value::Null,
                there => there.clone(),
            };
            json::merge(&mut merged, value.clone());
            if merged != there || !entry.contains_key(name) {
                entry.insert(name.clone(), Part::New(merged));
                lacks = true;
            }
        }
        Ok(lacks.then_some(entry))
    }

    /// Whether a worktree's entry holds nothing but what it could have inherited of these.
    ///
    /// # Errors
    /// If the entry does not parse.
    pub fn are_all_of(&self, worktree: Option<&RawValue>) -> Result<bool> {
        let Some(worktree) = worktree.filter(|worktree| worktree.get().starts_with('{')) else {
            return Ok(false);
        };
        let entry: IndexMap<String, Value> = serde_json::from_str(worktree.get())?;
        let is_covered = |(name, value): (&String, &Value)| {
            is_grant(name) && covers(self.0.get(name).unwrap_or(&Value::Null), value)
        };
        Ok(entry.iter().all(is_covered))
    }
}

/// Whether a field of a project's entry is an approval: tools, trust, MCP servers and imports from outside; history, costs
/// and session ids are not.
fn is_grant(name: &str) -> bool {
    name == "allowedTools"
        || name == "hasTrustDialogAccepted"
        || ["mcp", "Mcp", "ExternalIncludes"]
            .iter()
            .any(|part| name.contains(part))
}

/// Whether a value has all that another one has.
fn covers(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (_, Value::Null | Value::Bool(false)) => true,
        (_, Value::Array(part)) if part.is_empty() => true,
        (_, Value::Object(part)) if part.is_empty() => true,
        (Value::Array(whole), Value::Array(part)) => part.iter().all(|one| whole.contains(one)),
        (Value::Object(whole), Value::Object(part)) => part
            .iter()
            .all(|(name, part)| whole.get(name).is_some_and(|whole| covers(whole, part))),
        _ => whole == part,
    }
}
