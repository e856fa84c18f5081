//! Keeping what a session puts into its worktree out of git's sight.

use super::files::{CLAUDE_SETTINGS, belongings, make_parent, with_variables};
use super::{Session, lock_store};
use crate::file::read_if_there;
use crate::git::Git;
use crate::git::files::Change;
use crate::project::Project;
use crate::store::atomic;
use crate::store::records;
use anyhow::{Context, Result};
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io::Write;
use std::path::Path;

/// Keeps the store out of `git status`, and what a killed command leaves of a file.
///
/// # Errors
/// If git fails, or `info/exclude` can't be written.
pub fn hide_our_own(project: &Project) -> Result<()> {
    exclude(project, shown_of_our_own(project)?)
}

/// The lines that `info/exclude` lacks for that.
///
/// # Errors
/// If git fails, or `info/exclude` can't be read.
pub fn shown_of_our_own(project: &Project) -> Result<Vec<String>> {
    let there = excluded(project)?;
    let mut patterns = vec![format!("*{}", atomic::UNFINISHED)];
    if !there.contains(&pattern(records::FILE)) && !Git::at(&project.main).ignores(records::FILE)? {
        patterns.push(pattern(records::FILE));
    }
    patterns.retain(|pattern| !there.contains(pattern));
    Ok(patterns)
}

/// What git shows though the session put it there.
#[derive(Default)]
pub struct Shown {
    /// Paths that git does not know and does not ignore; a copied folder as a whole.
    pub untracked: Vec<String>,
    /// Files that git tracks, and that the user has not changed.
    pub tracked: Vec<String>,
}

/// What git shows of what was placed, and of all that a session may have placed: a command that was killed may have placed
/// some and hidden none.
///
/// # Errors
/// If git fails, or a file can't be read.
pub fn shown(session: &Session<'_>, placed: &[String]) -> Result<Shown> {
    let worktree = session.record.worktree();
    let git = Git::at(worktree);
    // A folder where a link belongs is the user's own.
    let links = &session.layout.files.link;
    let is_own = |path: &String| links.contains(path) && !worktree.join(path).is_symlink();
    let belongings = belongings(session).filter(|path| !is_own(path));
    let paths: BTreeSet<_> = placed.iter().cloned().chain(belongings).collect();
    // Of a folder that git tracks a part of, what else it shows is the user's.
    let mut folders = Vec::new();
    for path in &session.layout.files.copy {
        if worktree.join(path).is_dir() && !git.tracks(path)? {
            folders.push(path);
        }
    }
    let mut shown = Shown::default();
    for Change { path, untracked } in git.changes_of(&paths)? {
        if untracked {
            let is_above = |folder: &&&String| Path::new(&path).starts_with(folder);
            let itself = || paths.contains(&path).then_some(&path);
            shown.untracked.extend(
                folders
                    .iter()
                    .find(is_above)
                    .copied()
                    .or_else(itself)
                    .cloned(),
            );
        } else if is_our_change(session, &path)?
            || path == CLAUDE_SETTINGS && placed.contains(&path)
        {
            shown.tracked.push(path);
        }
    }
    shown.untracked.dedup();
    Ok(shown)
}

/// Keeps what was put into the worktree out of `git status`: what git does not ignore goes into `info/exclude`, and a file
/// that git tracks is marked to be left as it is, unless the user has changed it too.
///
/// # Errors
/// If git fails, or `info/exclude` can't be written.
pub fn hide(session: &Session<'_>, placed: &[String]) -> Result<()> {
    let shown = shown(session, placed)?;
    if !shown.tracked.is_empty() {
        Git::at(session.record.worktree()).hide_changes(&shown.tracked)?;
    }
    exclude(
        session.project,
        shown.untracked.iter().map(|path| pattern(path)).collect(),
    )
}

/// A line of `info/exclude` that means this path and no other.
fn pattern(path: &str) -> String {
    let mut pattern = String::from("/");
    for letter in path.chars() {
        if matches!(letter, '\\' | '*' | '?' | '[' | ' ') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

fn excluded(project: &Project) -> Result<HashSet<String>> {
    let text = read_if_there(&project.common.join("info/exclude"))?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&text)
        .lines()
        .map(ToOwned::to_owned)
        .collect())
}

/// Adds the lines that `info/exclude` lacks.
fn exclude(project: &Project, mut patterns: Vec<String>) -> Result<()> {
    if patterns.is_empty() {
        return Ok(());
    }
    let _lock = lock_store(project)?;
    let there = excluded(project)?;
    patterns.retain(|pattern| !there.contains(pattern));
    let path = project.common.join("info/exclude");
    let failed = || format!("cannot write {}", path.display());
    make_parent(&path)?;
    let unended =
        read_if_there(&path)?.is_some_and(|text| !text.is_empty() && !text.ends_with(b"\n"));
    let mut text = String::from(if unended { "\n" } else { "" });
    for pattern in patterns {
        text.push_str(&pattern);
        text.push('\n');
    }
    let mut file = fs::File::options()
        .append(true)
        .create(true)
        .open(&path)
        .with_context(failed)?;
    file.write_all(text.as_bytes()).with_context(failed)
}

/// Whether a file that git tracks is one with variables of the session's, and differs from what is committed by these alone, if
/// at all.
fn is_our_change(session: &Session<'_>, path: &str) -> Result<bool> {
    let Some(variables) = session.layout.env.get(path) else {
        return Ok(false);
    };
    let worktree = session.record.worktree();
    let is_file = worktree
        .join(path)
        .symlink_metadata()
        .is_ok_and(|file| file.is_file());
    let committed = Git::at(worktree).committed(path)?;
    let Some(committed) = committed.filter(|_| is_file) else {
        return Ok(false);
    };
    let ours = with_variables(session, committed, variables);
    Ok(read_if_there(&worktree.join(path))? == Some(ours))
}
