//! Keeping what a session puts into its worktree out of git's sight.

use crate::file::read_if_there;
use crate::finding::{Finding, named};
use crate::git::files;
use crate::git::{Git, crypt};
use crate::project::Project;
use crate::session::belongings::inside;
use crate::session::belongings::placed::{self, Placed};
use crate::session::belongings::placing::{Placing, make_parent};
use crate::session::belongings::{Belonging, variables};
use crate::session::{Session, lock_store};
use crate::store::lock::Lock;
use crate::store::{atomic, records};
use anyhow::Result;
use std::collections::{BTreeSet, HashSet};
use std::fs;
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

/// What git shows of what was put there: untracked files and links, each of a folder by that, and files that git tracks and
/// that the user has not changed.
fn shown(session: &Session<'_>, placed: &Placed) -> Result<Vec<files::Change>> {
    let worktree = session.record.worktree();
    let may_be_tracked = session.layout.env.keys().map(String::as_str);
    let may_be_tracked = may_be_tracked.filter_map(|path| inside::follow(worktree, path).ok());
    let paths = placed.paths().cloned().chain(may_be_tracked).collect();
    let mut shown = Vec::new();
    for mut change in Git::at(worktree).changes_of(&paths)? {
        if !change.untracked && !is_our_change(session, &change.path)? {
            continue;
        }
        if change.untracked {
            let Some(own) = placed.that_has(worktree, &change.path) else {
                continue;
            };
            own.clone_into(&mut change.path);
        }
        if shown.last() != Some(&change) {
            shown.push(change);
        }
    }
    Ok(shown)
}

/// That git does not show what was put into the worktree.
pub(super) struct Hidden;

impl Belonging for Hidden {
    fn make(&self, placing: &mut Placing<'_>) -> Result<()> {
        if !placing.has_more() {
            return Ok(());
        }
        placing.placed.write(placing.session)?;
        hide(placing.session, &mut placing.placed)
    }

    /// Where git-crypt fails, or git gives no answers, that can't be told.
    fn look(&self, placing: &Placing<'_>) -> Vec<Finding> {
        const WHAT: &str = "git status";
        let session = placing.session;
        let lacks_keys = |admin: PathBuf| crypt::lacks_keys(&session.project.common, &admin);
        if session.admin().is_ok_and(lacks_keys) {
            let fails =
                "fails in its worktree, where git-crypt does not find the repository's keys";
            return vec![placing.failed(WHAT, fails)];
        }
        if !placing.has_git {
            return Vec::new();
        }
        vec![match shown(session, &placing.placed) {
            Err(error) => Finding::error(placing.checked(WHAT), &error),
            Ok(shown) if shown.is_empty() => placing.fine(WHAT, "shows nothing that was put there"),
            Ok(shown) => {
                let paths: Vec<_> = shown.iter().map(|change| &change.path).collect();
                let found = format!("shows what was put there: {}", named(&paths));
                placing.failed(WHAT, found)
            }
        }]
    }
}

/// Keeps what was put into the worktree out of `git status`: what git does not ignore goes into `info/exclude`, and a file
/// that git tracks is marked to be left as it is, unless the user has changed it too. The list has the lines that are there for
/// this worktree, be it for others too.
fn hide(session: &Session<'_>, placed: &mut Placed) -> Result<()> {
    let project = session.project;
    let own: HashSet<_> = placed.paths().map(|path| pattern(path)).collect();
    let before = excluded(project)?;
    let shown = shown(session, placed)?.into_iter();
    let (untracked, tracked): (Vec<_>, Vec<_>) = shown.partition(|change| change.untracked);
    if !tracked.is_empty() {
        let paths = tracked.iter().map(|change| &change.path);
        Git::at(session.record.worktree()).hide_changes(paths)?;
    }
    let lock = lock_store(project)?;
    let there = excluded(project)?;
    // A line that hid something just now may have gone with the session that it was there for.
    let gone = before.intersection(&own).cloned();
    let untracked = untracked.iter().map(|change| pattern(&change.path));
    let lacking = gone.chain(untracked).filter(|line| !there.contains(line));
    let lacking: BTreeSet<_> = lacking.collect();
    let known = placed.lines.len();
    let needed = listed(project, there.intersection(&own).cloned().collect());
    placed
        .lines
        .extend(needed.into_iter().chain(lacking.clone()));
    if placed.lines.len() > known {
        // Before they are there: no line is without a list that has it.
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
    let path = file(project);
    let text = read_if_there(&path)?.unwrap_or_default();
    let needed = listed(project, lines.iter().cloned().collect());
    // One of each: another one in the same words is the user's.
    let gone = lines.iter().filter(|line| !needed.contains(*line));
    let mut gone: HashSet<_> = gone.map(String::as_bytes).collect();
    let there = text.split_inclusive(|&byte| byte == b'\n');
    let left = there.filter(|line| !gone.remove(line.strip_suffix(b"\n").unwrap_or(line)));
    let left = left.collect::<Vec<_>>().concat();
    if left == text {
        return Ok(());
    }
    atomic::replace(&path, &left, 0o644)
}

/// Those of these lines that the list of a worktree has.
fn listed(project: &Project, mut lines: HashSet<String>) -> HashSet<String> {
    let mut listed = HashSet::new();
    let admins = fs::read_dir(project.common.join("worktrees"));
    for admin in admins.into_iter().flatten().flatten() {
        if lines.is_empty() {
            break;
        }
        let of_this_one = placed::of_admin(&admin.path()).lines;
        listed.extend(of_this_one.iter().filter_map(|line| lines.take(line)));
    }
    listed
}

/// The paths that have something of another kind than was put there, which the line that is there for that hides too.
pub fn replaced<'a>(session: &Session<'_>, placed: &'a Placed) -> Vec<&'a String> {
    let worktree = session.record.worktree();
    let is_hidden = |path: &&String| placed.lines.contains(&pattern(path));
    let replaced = placed.paths().filter(is_hidden);
    replaced
        .filter(|path| !placed.is_ours(worktree, path))
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
        match letter {
            // It may end the line.
            _ if letter.is_control() => pattern.push('?'),
            '\\' | '*' | '?' | '[' | ' ' => pattern.extend(['\\', letter]),
            _ => pattern.push(letter),
        }
    }
    pattern
}

fn excluded(project: &Project) -> Result<HashSet<String>> {
    let text = read_if_there(&file(project))?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&text)
        .lines()
        .map(ToOwned::to_owned)
        .collect())
}

fn file(project: &Project) -> PathBuf {
    project.common.join("info/exclude")
}

/// Adds the lines that `info/exclude` lacks.
///
/// # Errors
/// If it can't be written.
pub fn exclude(project: &Project, lines: Vec<String>) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let lock = lock_store(project)?;
    let mut lacking = BTreeSet::from_iter(lines);
    for line in excluded(project)? {
        lacking.remove(&line);
    }
    append(project, lacking, &lock)
}

/// Adds these lines at the end of `info/exclude`, under the store's lock.
fn append(project: &Project, lines: BTreeSet<String>, _lock: &Lock) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let path = file(project);
    let mut text = read_if_there(&path)?.unwrap_or_default();
    if !text.is_empty() && !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    for line in lines {
        text.extend(line.into_bytes());
        text.push(b'\n');
    }
    make_parent(&path)?;
    atomic::replace(&path, &text, 0o644)
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
