//! The files that a worktree gets from the main checkout, and keeping them out of git's sight.

use super::{Session, database, lock_store};
use crate::dotenv;
use crate::git::{Change, Git};
use crate::layout::Layout;
use crate::problem::Problem;
use crate::project::Project;
use crate::store::{atomic, records};
use anyhow::{Context, Result, bail};
use indexmap::IndexMap;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Claude Code's own settings of a checkout, for this machine alone.
pub const CLAUDE_SETTINGS: &str = ".claude/settings.local.json";

/// Claude Code's own list of ignored files that a worktree needs.
const WORKTREE_INCLUDE: &str = ".worktreeinclude";

/// How a path of the worktree is made from the main checkout's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A symlink to it.
    Link,
    /// A copy of a database that others may write to.
    Database,
    /// A copy.
    Copy,
}

/// What was put into a worktree.
#[derive(Debug, Default)]
pub struct Placed {
    /// Paths from the worktree's root that were not there before, or were changed.
    pub paths: Vec<String>,
    /// What was missing, and what to do about it.
    pub notes: Vec<String>,
}

/// The paths that the layout gives to every worktree: also a file that only its variables name is copied.
pub fn parts(layout: &Layout) -> impl Iterator<Item = (&str, Kind)> {
    let files = &layout.files;
    let also_set = layout.env.keys();
    let also_set = also_set.filter(|path| !files.copy.contains(path));
    [
        (&files.link, Kind::Link),
        (&files.sqlite, Kind::Database),
        (&files.copy, Kind::Copy),
    ]
    .into_iter()
    .flat_map(|(paths, kind)| paths.iter().map(move |path| (path.as_str(), kind)))
    .chain(also_set.map(|path| (path.as_str(), Kind::Copy)))
}

/// The paths that the project's own list adds to those, all of them to be copied.
///
/// # Errors
/// If git fails.
pub fn included(project: &Project, layout: &Layout) -> Result<Vec<String>> {
    let list = project.main.join(WORKTREE_INCLUDE);
    if !list.is_file() {
        return Ok(Vec::new());
    }
    let is_linked = |path: &String| {
        let links = &layout.files.link;
        links.iter().any(|link| Path::new(path).starts_with(link))
    };
    let mut paths = Git::at(&project.main).ignored_matches(&list)?;
    paths.retain(|path| !is_linked(path) && path != records::FILE && !path.ends_with('/'));
    Ok(paths)
}

/// What a path that the main checkout does not have means for the session.
pub fn absent(session: &Session<'_>, path: &str, kind: Kind) -> Problem {
    let there = session.record.worktree().join(path);
    let folder = there.with_file_name("");
    let cure = match kind {
        Kind::Link => format!("install what belongs there in {}", folder.display()),
        Kind::Database => format!("make one in {} with your migrations", folder.display()),
        Kind::Copy => format!(
            "a server that needs it has to wait until you write {}",
            there.display()
        ),
    };
    Problem::new(format!("{path} is not in the main checkout"), cure)
}

/// Puts into the worktree what it lacks. What is there stays: it may be the user's work. The layout's variables are set in
/// files that are new, and with `all_variables` in those that are there.
///
/// # Errors
/// If a file can't be read or written.
pub fn place(session: &Session<'_>, all_variables: bool) -> Result<Placed> {
    let mut placed = Placed::default();
    let (project, layout) = (session.project, session.layout);
    for (path, kind) in parts(layout) {
        let is_made_by_its_variables = kind == Kind::Copy
            && layout.env.contains_key(path)
            && !project.main.join(path).exists();
        if !is_made_by_its_variables {
            placed.put(session, path, kind)?;
        }
    }
    for path in included(project, layout)? {
        placed.put(session, &path, Kind::Copy)?;
    }
    for (path, variables) in &layout.env {
        let is_there = session.record.worktree().join(path).exists();
        if all_variables || placed.paths.contains(path) || !is_there {
            set_variables(session, path, variables, &mut placed)?;
        }
    }
    Ok(placed)
}

impl Placed {
    /// Makes one path of the worktree from the main checkout's, if it is not there yet.
    fn put(&mut self, session: &Session<'_>, path: &str, kind: Kind) -> Result<()> {
        let (from, to) = (
            session.project.main.join(path),
            session.record.worktree().join(path),
        );
        if is_dangling_link(&to) {
            remove_file(&to)?;
        }
        if to.exists() {
            return Ok(());
        }
        if !from.exists() {
            self.notes.push(absent(session, path, kind).to_string());
            return Ok(());
        }
        make_parent(&to)?;
        let made = match kind {
            Kind::Link => std::os::unix::fs::symlink(from, &to).map_err(Into::into),
            Kind::Database => database::copy(&from, &to),
            Kind::Copy => copy(&from, &to),
        };
        made.with_context(|| format!("cannot make {}", to.display()))?;
        self.paths.push(path.to_owned());
        Ok(())
    }
}

/// Copies a file with its permissions; it appears when it is whole.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if !from.is_file() {
        bail!("{} is not a file", from.display());
    }
    let part = atomic::unfinished(to);
    fs::copy(from, &part).with_context(|| format!("cannot copy {}", from.display()))?;
    fs::File::open(&part)?.sync_all()?;
    Ok(fs::rename(&part, to)?)
}

fn is_dangling_link(path: &Path) -> bool {
    path.is_symlink() && !path.exists()
}

/// Makes the folder that a path stands in.
///
/// # Errors
/// If it can't be made.
pub fn make_parent(path: &Path) -> Result<()> {
    let Some(parent) = path.parent() else {
        return Ok(());
    };
    fs::create_dir_all(parent)
        .with_context(|| format!("cannot make the folder {}", parent.display()))
}

fn remove_file(path: &Path) -> Result<()> {
    fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))
}

/// Sets the layout's variables in a file of the worktree.
fn set_variables(
    session: &Session<'_>,
    path: &str,
    variables: &IndexMap<String, String>,
    placed: &mut Placed,
) -> Result<()> {
    let file = session.record.worktree().join(path);
    let before = read_if_there(&file)?.unwrap_or_default();
    let text = with_variables(session, before.clone(), variables)?;
    if text == before {
        return Ok(());
    }
    if file.is_symlink() {
        // What it leads to may be somebody else's.
        remove_file(&file)?;
    }
    make_parent(&file)?;
    atomic::replace(&file, &text, 0o600)?;
    placed.paths.push(path.to_owned());
    Ok(())
}

/// A file's text with the layout's variables set in it.
fn with_variables(
    session: &Session<'_>,
    mut text: Vec<u8>,
    variables: &IndexMap<String, String>,
) -> Result<Vec<u8>> {
    for (name, value) in variables {
        let value = session.expand(value)?;
        if dotenv::value(&text, name) != Some(value.as_bytes()) {
            text = dotenv::set(&text, name, &value);
        }
    }
    Ok(text)
}

/// Files that git tracks whose changes are hidden from it, and that have more changed than the session's own variables.
///
/// # Errors
/// If git fails, or a file can't be read.
pub fn hidden_work(session: &Session<'_>) -> Result<Vec<String>> {
    let mut work = Vec::new();
    for path in Git::at(session.record.worktree()).hidden(session.layout.env.keys())? {
        if !is_our_change(session, &path)? {
            work.push(path);
        }
    }
    Ok(work)
}

/// Whether a file that git tracks differs from what is committed by the session's own variables alone.
fn is_our_change(session: &Session<'_>, path: &str) -> Result<bool> {
    let Some(variables) = session.layout.env.get(path) else {
        return Ok(false);
    };
    let worktree = session.record.worktree();
    let Some(committed) = Git::at(worktree).committed(path)? else {
        return Ok(false);
    };
    Ok(
        read_if_there(&worktree.join(path))?
            == Some(with_variables(session, committed, variables)?),
    )
}

/// A file's bytes; none if there is no such file.
///
/// # Errors
/// If it can't be read.
pub fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

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
pub struct Shown {
    /// Paths that git does not know and does not ignore.
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
    let git = Git::at(session.record.worktree());
    // A folder where a link belongs is the user's own.
    let links = &session.layout.files.link;
    let is_own =
        |path: &String| links.contains(path) && !session.record.worktree().join(path).is_symlink();
    let belongings = belongings(session).filter(|path| !is_own(path));
    let paths: Vec<_> = placed.iter().cloned().chain(belongings).collect();
    let mut shown = Shown {
        untracked: Vec::new(),
        tracked: Vec::new(),
    };
    for Change { path, untracked } in git.changes(&paths)? {
        if untracked {
            shown.untracked.push(path);
        } else if is_our_change(session, &path)?
            || path == CLAUDE_SETTINGS && placed.contains(&path)
        {
            shown.tracked.push(path);
        }
    }
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

fn excluded(project: &Project) -> Result<Vec<String>> {
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

/// Every path that a session may have put into its worktree.
pub fn belongings(session: &Session<'_>) -> impl Iterator<Item = String> {
    parts(session.layout)
        .map(|(path, _)| path)
        .chain(session.layout.env.keys().map(String::as_str))
        .chain([CLAUDE_SETTINGS])
        .map(ToOwned::to_owned)
}

/// Takes the links out of the worktree, so that nothing that removes it can reach through them.
///
/// # Errors
/// If a link can't be removed.
pub fn unlink(session: &Session<'_>) -> Result<()> {
    for path in &session.layout.files.link {
        let link = session.record.worktree().join(path);
        if link.is_symlink() {
            remove_file(&link)?;
        }
    }
    Ok(())
}
