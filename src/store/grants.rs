//! What a project's entry in `~/.claude.json` allows.

use super::json::{self, Object, Part};
use anyhow::Result;
use indexmap::IndexMap;
use serde_json::Value;
use serde_json::value::RawValue;

/// The rules of an entry.
///
/// # Errors
/// If the entry does not parse.
pub fn rules(entry: Option<&RawValue>) -> Result<Vec<Value>> {
    Ok(match grants(entry)?.swap_remove("allowedTools") {
        Some(Value::Array(tools)) => tools,
        _ => Vec::new(),
    })
}

/// A worktree's entry with what it lacks of its main checkout's grants; none if it lacks nothing.
///
/// # Errors
/// If an entry does not parse.
pub fn inherited<'a>(
    main: Option<&RawValue>,
    worktree: Option<&'a RawValue>,
) -> Result<Option<Object<'a>>> {
    let mut entry = match worktree {
        None => Object::new(),
        Some(worktree) if worktree.get().starts_with('{') => json::object(worktree.get())?,
        Some(_) => return Ok(None),
    };
    let mut lacks = false;
    for (name, value) in grants(main)? {
        let there: Value = match entry.get(&name).and_then(Part::raw) {
            Some(there) => serde_json::from_str(there.get())?,
            None => Value::Null,
        };
        // Claude itself writes a plain no where nothing was asked yet.
        let mut merged = match &there {
            Value::Bool(false) => Value::Null,
            there => there.clone(),
        };
        json::merge(&mut merged, value);
        if merged != there || !entry.contains_key(&name) {
            entry.insert(name, Part::New(merged));
            lacks = true;
        }
    }
    Ok(Some(entry).filter(|_| lacks))
}

/// Whether a worktree's entry holds nothing but what it could have inherited.
///
/// # Errors
/// If an entry does not parse.
pub fn is_inherited(main: Option<&RawValue>, worktree: Option<&RawValue>) -> Result<bool> {
    let Some(worktree) = worktree.filter(|worktree| worktree.get().starts_with('{')) else {
        return Ok(false);
    };
    let granted = grants(main)?;
    let entry: IndexMap<String, Value> = serde_json::from_str(worktree.get())?;
    let is_covered = |(name, value): (&String, &Value)| {
        is_grant(name) && covers(granted.get(name).unwrap_or(&Value::Null), value)
    };
    Ok(entry.iter().all(is_covered))
}

/// What an entry has been allowed.
fn grants(entry: Option<&RawValue>) -> Result<IndexMap<String, Value>> {
    let entry = entry.map(RawValue::get);
    let Some(entry) = entry.filter(|entry| entry.starts_with('{')) else {
        return Ok(IndexMap::new());
    };
    let mut granted = IndexMap::new();
    for (name, part) in json::object(entry)? {
        if let Some(raw) = part.raw().filter(|_| is_grant(&name)) {
            granted.insert(name, serde_json::from_str(raw.get())?);
        }
    }
    Ok(granted)
}

/// Whether a field of a project's entry is an approval: tools, trust, MCP servers and imports from outside; history, costs
/// and session ids are not.
fn is_grant(name: &str) -> bool {
    name == "allowedTools"
        || name == "hasTrustDialogAccepted"
        || name.contains("mcp")
        || name.contains("Mcp")
        || name.contains("ExternalIncludes")
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
