//! Making a worktree's files true, from whatever is there.

use crate::git::Git;
use crate::session::Session;
use crate::session::belongings::files::{
    CLAUDE_SETTINGS, Included, Kind, is_made_by_variables, parts, way,
};
use crate::session::belongings::placing::Placing;
use crate::session::belongings::{env_files, fitting, hidden, placed};
use anyhow::{Context, Result};
use std::fs;

/// Makes the worktree's files true, the `included` ones too, writes down what was put there, and hides it from git. Gives what there
/// is to tell, and the paths that it lacked.
///
/// In a worktree that `is_new` nothing was put before. With `in_full`, where a command was cut short, the layout's variables are
/// set in files that are there too, and all that was ever put there is hidden.
///
/// # Errors
/// If a file can't be read or written, or git fails; what was placed by then is written down.
pub fn place(
    session: &Session<'_>,
    included: &[Included],
    is_new: bool,
    in_full: bool,
) -> Result<(Vec<String>, Vec<String>)> {
    let mut placing = Placing::default();
    if !is_new {
        placing.placed = placed::read_or_guess(session, included);
    }
    let result = files(session, included, in_full, &mut placing);
    let has_more = in_full || !placing.paths.is_empty();
    if has_more {
        placing.placed.write(session)?;
    }
    result?;
    if has_more {
        hidden::hide(session, &mut placing)?;
    }
    Ok((placing.notes, shortened(placing.paths)))
}

/// As many paths as one reads.
fn shortened(mut paths: Vec<String>) -> Vec<String> {
    const MANY: usize = 20;
    const NAMED: usize = 3;
    if paths.len() > MANY {
        let more = paths.split_off(NAMED).len();
        paths.push(format!("{more} more files"));
    }
    paths
}

/// Puts into the worktree what it lacks of its parts, and of what is included. What is there stays: it may be the
/// user's work. The layout's variables are set in files that are new, and with `all_variables` in those that are there.
fn files(
    session: &Session<'_>,
    included: &[Included],
    all_variables: bool,
    placing: &mut Placing,
) -> Result<()> {
    let (project, layout) = (session.project, session.layout);
    forget_copied_settings(session, placing)?;
    for (path, kind) in parts(project, layout) {
        if project.main.join(path).exists() || !is_made_by_variables(layout, path, kind) {
            placing.put(session, [(path, kind)])?;
        }
    }
    let included = included.iter();
    placing.put(session, included.map(|(path, kind)| (path.as_str(), *kind)))?;
    let left = env_files::left(session)?;
    if !left.is_empty() {
        Git::at(session.record.worktree()).give_back(&left)?;
    }
    let checkouts = [&*project.main, session.record.worktree()];
    for (path, variables) in &layout.env {
        if fitting::follows(layout, &checkouts, path) {
            continue;
        }
        let Some(there) = placing.reached(way(session, path, Kind::Copy)) else {
            continue;
        };
        let is_there = session.record.worktree().join(&there).exists();
        let is_moved = !left.is_empty() && layout.env_instead.values().any(|to| to == path);
        if all_variables || is_moved || placing.paths.contains(path) || !is_there {
            placing.set_variables(session, path, &there, variables)?;
        }
    }
    if !all_variables {
        // It was told when the session was made.
        placing.notes.clear();
    }
    Ok(())
}

/// Takes away the copy of Claude's settings that an older version put there, if nobody has written to it since: it has what was
/// allowed then.
fn forget_copied_settings(session: &Session<'_>, placing: &Placing) -> Result<()> {
    let worktree = session.record.worktree();
    let file = worktree.join(CLAUDE_SETTINGS);
    if placing.placed.is_as_placed(worktree, CLAUDE_SETTINGS) && !file.is_symlink() {
        fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    }
    Ok(())
}
