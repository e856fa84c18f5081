//! What the worktree's Claude may do: the main checkout's settings and rules.

use super::Session;
use super::files::{CLAUDE_SETTINGS, Placed, make_parent};
use crate::file::read_if_there;
use crate::store::atomic;
use crate::store::json;
use anyhow::Result;
use serde_json::{Map, Value, json};
use std::path::Path;

/// Gives the worktree's Claude the main checkout's settings and these rules: a newer Claude Code reads this file where an
/// older one reads `~/.claude.json`. A file that does not parse is left alone.
///
/// # Errors
/// If a file can't be read or written.
pub fn place(session: &Session<'_>, rules: &[Value], placed: &mut Placed) -> Result<()> {
    let Some(settings) = lacking(session, rules, &mut placed.notes)? else {
        return Ok(());
    };
    let file = session.record.worktree().join(CLAUDE_SETTINGS);
    make_parent(&file)?;
    let mut text = serde_json::to_vec_pretty(&settings)?;
    text.push(b'\n');
    atomic::replace(&file, &text, 0o600)?;
    placed.paths.push(CLAUDE_SETTINGS.to_owned());
    Ok(())
}

/// The settings that the worktree should have, if it has others; notes what does not parse.
///
/// # Errors
/// If a file can't be read.
pub fn lacking(
    session: &Session<'_>,
    rules: &[Value],
    notes: &mut Vec<String>,
) -> Result<Option<Value>> {
    let mut parse = |checkout: &Path| -> Result<Option<Map<String, Value>>> {
        let path = checkout.join(CLAUDE_SETTINGS);
        let Some(text) = read_if_there(&path)? else {
            return Ok(Some(Map::new()));
        };
        let parsed = serde_json::from_slice(&text);
        if let Err(error) = &parsed {
            let warning = format!(
                "{} does not parse and is left as it is: {error}",
                path.display()
            );
            notes.push(warning);
        }
        Ok(parsed.ok())
    };
    let Some(before) = parse(session.record.worktree())? else {
        return Ok(None);
    };
    let mut settings = Value::Object(before.clone());
    if let Some(inherited) = parse(&session.project.main)? {
        json::merge(&mut settings, Value::Object(inherited));
    }
    if !rules.is_empty() {
        json::merge(&mut settings, json!({ "permissions": { "allow": rules } }));
    }
    Ok(Some(settings).filter(|settings| *settings != Value::Object(before)))
}
