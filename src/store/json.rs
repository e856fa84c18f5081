//! JSON that is changed in places: what is not looked into stays as it stands, letter for letter.

use anyhow::Result;
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// An object whose fields keep their order.
pub type Object = IndexMap<String, Part>;

/// A part of a JSON text.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Part {
    /// As it stands.
    Raw(Box<RawValue>),
    /// A new value.
    New(Value),
    /// One that is looked into.
    Object(Object),
}

/// Reads an object, one level deep.
///
/// # Errors
/// If the text is no JSON object.
pub fn object(text: &str) -> Result<Object> {
    let fields: IndexMap<String, Box<RawValue>> = serde_json::from_str(text)?;
    let parts = fields.into_iter();
    Ok(parts.map(|(name, raw)| (name, Part::Raw(raw))).collect())
}

/// The object that an entry is, one level deep, if it is one.
pub fn object_in(entry: &RawValue) -> Option<Result<Object>> {
    let text = entry.get();
    text.starts_with('{').then(|| object(text))
}

impl Part {
    /// As it stands, if it was not touched.
    pub fn raw(&self) -> Option<&RawValue> {
        match self {
            Self::Raw(raw) => Some(raw),
            Self::New(_) | Self::Object(_) => None,
        }
    }
}

/// Adds to what is there what it lacks: lists their values, none twice, and objects their fields. What is there stays.
pub fn merge(there: &mut Value, more: Value) {
    match (there, more) {
        (Value::Array(there), Value::Array(more)) => {
            for value in more {
                if !there.contains(&value) {
                    there.push(value);
                }
            }
        }
        (Value::Object(there), Value::Object(more)) => {
            for (name, value) in more {
                merge(there.entry(name).or_insert(Value::Null), value);
            }
        }
        (there @ Value::Null, more) => *there = more,
        _ => {}
    }
}
