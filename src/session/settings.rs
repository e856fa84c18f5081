//! What the worktree's Claude may do: the main checkout's settings and rules.

use super::files::CLAUDE_SETTINGS;
use super::placing::{Placing, make_parent};
use super::{Session, inside};
use crate::file::read_if_there;
use crate::problem::Problem;
use crate::store::atomic;
use crate::store::json;
use anyhow::Result;
use serde_json::{Map, Value, json};
use std::path::Path;

/// Gives the worktree's Claude the main checkout's settings and these rules: a newer Claude Code reads this file where an
/// older one reads `~/.claude.json`. A file that does not parse is left alone, and so is one that is out of the worktree.
///
/// # Errors
/// If a file can't be read or written.
pub fn place(session: &Session<'_>, rules: &[Value], placing: &mut Placing) -> Result<()> {
    let worktree = session.record.worktree();
    let mut problems = Vec::new();
    let settings = lacking(session, rules, &mut problems)?;
    for problem in &problems {
        placing.tell(problem);
    }
    let Some(settings) = settings else {
        return Ok(());
    };
    let Some(there) = placing.reached(inside::follow(worktree, CLAUDE_SETTINGS)) else {
        return Ok(());
    };
    let mut text = serde_json::to_vec_pretty(&settings)?;
    text.push(b'\n');
    placing.placed.note(worktree, &there, |file| {
        make_parent(file)?;
        atomic::replace(file, &text, 0o600)
    })?;
    placing.paths.push(CLAUDE_SETTINGS.to_owned());
    Ok(())
}

/// The settings that the worktree should have, if it has others; with what keeps them from being read.
///
/// # Errors
/// If a file can't be read.
pub fn lacking(
    session: &Session<'_>,
    rules: &[Value],
    problems: &mut Vec<Problem>,
) -> Result<Option<Value>> {
    let worktree = session.record.worktree();
    let own = match inside::follow(worktree, CLAUDE_SETTINGS) {
        Ok(there) => worktree.join(there),
        Err(outside) => {
            problems.push(outside.problem());
            return Ok(None);
        }
    };
    let mut parse = |path: &Path| -> Result<Option<Map<String, Value>>> {
        let Some(text) = read_if_there(path)? else {
            return Ok(Some(Map::new()));
        };
        let parsed = serde_json::from_slice(&text);
        if let Err(error) = &parsed {
            problems.push(Problem::new(
                format!(
                    "{} does not parse and is left as it is: {error}",
                    path.display()
                ),
                "mend it by hand",
            ));
        }
        Ok(parsed.ok())
    };
    let Some(before) = parse(&own)? else {
        return Ok(None);
    };
    let mut settings = Value::Object(before.clone());
    if let Some(inherited) = parse(&session.project.main.join(CLAUDE_SETTINGS))? {
        json::merge(&mut settings, Value::Object(inherited));
    }
    if !rules.is_empty() {
        json::merge(&mut settings, json!({ "permissions": { "allow": rules } }));
    }
    Ok(Some(settings).filter(|settings| *settings != Value::Object(before)))
}
