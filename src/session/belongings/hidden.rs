//! Keeping what a session puts into its worktree out of git's sight.

use crate::file::read_if_there;
use crate::finding::{Finding, named};
use crate::git::files;
use crate::git::{Git, crypt};
use crate::project::Project;
use crate::session::belongings::inside;
use crate::session::belongings::placed::{self, Placed};
use crate::session::belongings::placing::{Placing, make_parent};
use crate::session::belongings::variables;
use crate::session::{Session, lock_store};
use crate::store::lock::Lock;
use crate::store::{atomic, records};
use anyhow::{Context, Result};
use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

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
    /// Files and links that git does not know and does not ignore.
    pub untracked: Vec<String>,
    /// Files that git tracks, and that the user has not changed.
    pub tracked: Vec<String>,
}

/// What git shows of what was put there.
///
/// # Errors
/// If git fails, or a file can't be read.
pub fn shown(session: &Session<'_>, placed: &Placed) -> Result<Shown> {
    let worktree = session.record.worktree();
    let may_be_tracked = session.layout.env.keys().map(String::as_str);
    let may_be_tracked = may_be_tracked.filter_map(|path| inside::follow(worktree, path).ok());
    let paths = placed.paths().cloned().chain(may_be_tracked).collect();
    let mut shown = Shown::default();
    for files::Change { path, untracked } in Git::at(worktree).changes_of(&paths)? {
        if untracked && let Some(own) = placed.that_has(worktree, &path) {
            if shown.untracked.last() != Some(own) {
                shown.untracked.push(own.clone());
            }
        } else if !untracked && is_our_change(session, &path)? {
            shown.tracked.push(path);
        }
    }
    Ok(shown)
}

/// Whether git shows what was put into the worktree. Where git-crypt fails, or git gives no answers, that can't be told.
pub(super) fn look(placing: &Placing<'_>, has_git: bool) -> Option<Finding> {
    let (session, checked) = (placing.session, placing.checked("git status"));
    let lacks_keys = |admin: PathBuf| crypt::lacks_keys(&session.project.common, &admin);
    let found = if session.admin().is_ok_and(lacks_keys) {
        "fails in its worktree, where git-crypt does not find the repository's keys".to_owned()
    } else if !has_git {
        return None;
    } else {
        match shown(session, &placing.placed) {
            Err(error) => return Some(Finding::error(checked, &error)),
            Ok(Shown { untracked, tracked }) if untracked.is_empty() && tracked.is_empty() => {
                return Some(Finding::fine(checked, "shows nothing that was put there"));
            }
            Ok(Shown { untracked, tracked }) => {
                let paths = [untracked, tracked].concat();
                format!("shows what was put there: {}", named(&paths))
            }
        }
    };
    Some(placing.mendable(Finding::failed(checked, found)))
}

/// Keeps what was put into the worktree out of `git status`: what git does not ignore goes into `info/exclude`, and a file
/// that git tracks is marked to be left as it is, unless the user has changed it too. The list has the lines that are there for
/// this worktree, be it for others too.
pub(super) fn hide(session: &Session<'_>, placed: &mut Placed) -> Result<()> {
    let project = session.project;
    let own: HashSet<_> = placed.paths().map(|path| pattern(path)).collect();
    let before = excluded(project)?;
    let shown = shown(session, placed)?;
    if !shown.tracked.is_empty() {
        Git::at(session.record.worktree()).hide_changes(&shown.tracked)?;
    }
    let lock = lock_store(project)?;
    let there = excluded(project)?;
    // A line that hid something just now may have gone with the session that it was there for.
    let mut lines: HashSet<_> = before.intersection(&own).cloned().collect();
    lines.extend(shown.untracked.iter().map(|path| pattern(path)));
    lines.retain(|line| !there.contains(line));
    let lacking: Vec<_> = lines.iter().cloned().collect();
    lines.extend(listed(project, there.intersection(&own).cloned().collect()));
    lines.extend(placed.lines.iter().cloned());
    if lines.len() > placed.lines.len() {
        // Before they are there: no line is without a list that has it.
        placed.lines = lines.into_iter().collect();
        placed.lines.sort_unstable();
        placed.write(session)?;
    }
    append(project, lacking, &lock)
}

/// Takes lines out of `info/exclude` again that were there for a worktree that is gone, but for those that are there for
/// another one too. It takes the store's lock.
///
/// # Errors
/// If `info/exclude` can't be read or written.
pub fn unhide(project: &Project, lines: &[String]) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let _lock = lock_store(project)?;
    let path = project.common.join("info/exclude");
    let text = read_if_there(&path)?.unwrap_or_default();
    let needed = listed(project, lines.iter().cloned().collect());
    // One of each: another one in the same words is the user's.
    let mut gone: HashSet<_> = lines
        .iter()
        .filter(|line| !needed.contains(*line))
        .map(String::as_bytes)
        .collect();
    let mut left = Vec::new();
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        if !gone.remove(line.strip_suffix(b"\n").unwrap_or(line)) {
            left.extend_from_slice(line);
        }
    }
    if left == text {
        return Ok(());
    }
    atomic::replace_soon(&path, &left, 0o644)
}

/// Those of these lines that the list of a worktree has.
fn listed(project: &Project, mut lines: HashSet<String>) -> HashSet<String> {
    let mut listed = HashSet::new();
    let mut admins = fs::read_dir(project.common.join("worktrees"))
        .into_iter()
        .flatten()
        .flatten();
    while !lines.is_empty()
        && let Some(admin) = admins.next()
    {
        let of_this_one = placed::of_admin(&admin.path()).lines;
        listed.extend(of_this_one.iter().filter_map(|line| lines.take(line)));
    }
    listed
}

/// The paths that have something of another kind than was put there, which the line that is there for that hides too.
pub fn replaced<'a>(session: &Session<'_>, placed: &'a Placed) -> Vec<&'a String> {
    let lines: HashSet<_> = placed.lines.iter().collect();
    let is_hidden = |path: &&String| lines.contains(&pattern(path));
    let is_replaced = |path: &&String| !placed.is_ours(session.record.worktree(), path);
    placed
        .paths()
        .filter(is_hidden)
        .filter(is_replaced)
        .collect()
}

/// The files there, which are the user's own, but for those that the project has git ignore.
///
/// # Errors
/// If git fails.
pub fn covered(session: &Session<'_>, placed: &Placed) -> Result<Vec<String>> {
    match &replaced(session, placed)[..] {
        [] => Ok(Vec::new()),
        replaced => Git::at(session.record.worktree()).not_ignored_by_project(replaced),
    }
}

/// A line of `info/exclude` that means this path and no other.
fn pattern(path: &str) -> String {
    let mut pattern = String::from("/");
    for letter in path.chars() {
        if letter.is_control() {
            // It may end the line.
            pattern.push('?');
            continue;
        }
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
///
/// # Errors
/// If it can't be written.
pub fn exclude(project: &Project, mut lines: Vec<String>) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let lock = lock_store(project)?;
    let there = excluded(project)?;
    lines.retain(|line| !there.contains(line));
    append(project, lines, &lock)
}

/// Adds these lines at the end of `info/exclude`, under the store's lock.
fn append(project: &Project, mut lines: Vec<String>, _lock: &Lock) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    lines.sort_unstable();
    let path = project.common.join("info/exclude");
    let failed = || format!("cannot write {}", path.display());
    make_parent(&path)?;
    let unended =
        read_if_there(&path)?.is_some_and(|text| !text.is_empty() && !text.ends_with(b"\n"));
    let mut text = String::from(if unended { "\n" } else { "" });
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    let mut file = fs::File::options()
        .append(true)
        .create(true)
        .open(&path)
        .with_context(failed)?;
    file.write_all(text.as_bytes()).with_context(failed)
}

/// What a file with variables of the session's, which git tracks, differs by from what is committed.
#[derive(PartialEq, Eq)]
pub(super) enum Change {
    /// These alone.
    Ours,
    /// More, or something else.
    Users,
}

/// How such a file differs; none if it does not, or is no such file.
pub(super) fn change(session: &Session<'_>, path: &str) -> Result<Option<Change>> {
    let worktree = session.record.worktree();
    let leads_there = |known: &String| inside::follow(worktree, known).as_deref() == Ok(path);
    let (env, instead) = (&session.layout.env, &session.layout.env_instead);
    let known = env.keys().find(|known| leads_there(known));
    // An older version set them there.
    let before = || instead.iter().find(|(known, _)| leads_there(known));
    let Some(known) = known.or_else(|| Some(before()?.1)) else {
        return Ok(None);
    };
    let Some(committed) = Git::at(worktree).committed(path)? else {
        return Ok(None);
    };
    let now = read_if_there(&worktree.join(path))?;
    if now.as_ref() == Some(&committed) {
        return Ok(None);
    }
    let ours = variables::with(session, committed, &env[known]);
    Ok(Some(if now == Some(ours) {
        Change::Ours
    } else {
        Change::Users
    }))
}

/// Whether a file that git tracks differs from what is committed by variables of the session's alone.
///
/// # Errors
/// If git fails, or the file can't be read.
pub fn is_our_change(session: &Session<'_>, path: &str) -> Result<bool> {
    Ok(change(session, path)? == Some(Change::Ours))
}
