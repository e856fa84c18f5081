//! The files that a worktree gets from the main checkout, and keeping them out of git's sight.

use super::{Session, database, lock_store};
use crate::dotenv;
use crate::git::{Change, Git};
use crate::project::Project;
use crate::store::{atomic, json, records};
use anyhow::{Context, Result, bail};
use indexmap::IndexMap;
use serde_json::{Map, Value};
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Claude Code's own settings of a checkout, for this machine alone.
const CLAUDE_SETTINGS: &str = ".claude/settings.local.json";

/// Claude Code's own list of ignored files that a worktree needs.
const WORKTREE_INCLUDE: &str = ".worktreeinclude";

/// What was put into a worktree.
#[derive(Debug, Default)]
pub struct Placed {
    /// Paths from the worktree's root that were not there before, or were changed.
    pub paths: Vec<String>,
    /// What was missing, and what to do about it.
    pub notes: Vec<String>,
}

impl Placed {
    fn missing(&mut self, path: &str, advice: &str) {
        self.notes
            .push(format!("{path} is not in the main checkout: {advice}"));
    }
}

/// Puts into the worktree what it lacks. What is there stays: it may be the user's work. The layout's variables are set in
/// files that are new, and with `all_variables` in those that are there.
///
/// # Errors
/// If a file can't be read or written.
pub fn place(session: &Session<'_>, all_variables: bool) -> Result<Placed> {
    let mut placed = Placed::default();
    let (main, worktree) = (&session.project.main, session.record.worktree());
    let files = &session.layout.files;
    for path in &files.link {
        let advice = || {
            format!(
                "install what belongs there in {}",
                worktree.join(path).with_file_name("").display()
            )
        };
        placed.put(session, path, advice, |from, to| {
            Ok(std::os::unix::fs::symlink(from, to)?)
        })?;
    }
    for path in &files.sqlite {
        let advice = || {
            format!(
                "make one in {} with your migrations",
                worktree.join(path).with_file_name("").display()
            )
        };
        placed.put(session, path, advice, database::copy)?;
    }
    let also_set = session.layout.env.keys();
    let also_set = also_set.filter(|path| !files.copy.contains(path));
    for path in files.copy.iter().chain(also_set) {
        if session.layout.env.contains_key(path) && !main.join(path).exists() {
            continue;
        }
        let advice = || {
            format!(
                "a server that needs it has to wait until you write {}",
                worktree.join(path).display()
            )
        };
        placed.put(session, path, advice, copy)?;
    }
    if main.join(WORKTREE_INCLUDE).is_file() {
        for path in Git::at(main).ignored_matches(&main.join(WORKTREE_INCLUDE))? {
            let linked = files
                .link
                .iter()
                .any(|link| Path::new(&path).starts_with(link));
            if !linked && path != records::FILE && !path.ends_with('/') {
                placed.put(session, &path, String::new, copy)?;
            }
        }
    }
    for (path, variables) in &session.layout.env {
        if all_variables || placed.paths.contains(path) || !worktree.join(path).exists() {
            set_variables(session, path, variables, &mut placed)?;
        }
    }
    Ok(placed)
}

impl Placed {
    /// Makes one path of the worktree from the main checkout's, if it is not there yet.
    fn put(
        &mut self,
        session: &Session<'_>,
        path: &str,
        advice: impl Fn() -> String,
        make: impl Fn(&Path, &Path) -> Result<()>,
    ) -> Result<()> {
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
            self.missing(path, &advice());
            return Ok(());
        }
        make_parent(&to)?;
        make(&from, &to).with_context(|| format!("cannot make {}", to.display()))?;
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

fn make_parent(path: &Path) -> Result<()> {
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

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Gives the worktree's Claude the main checkout's settings and these rules: a newer Claude Code reads this file where an
/// older one reads `~/.claude.json`. A file that does not parse is left alone.
///
/// # Errors
/// If a file can't be read or written.
pub fn place_claude_settings(
    session: &Session<'_>,
    rules: &[Value],
    placed: &mut Placed,
) -> Result<()> {
    let ours = session.record.worktree().join(CLAUDE_SETTINGS);
    let mains = session.project.main.join(CLAUDE_SETTINGS);
    let mut parse = |path: &Path| -> Result<Option<Map<String, Value>>> {
        let Some(text) = read_if_there(path)? else {
            return Ok(Some(Map::new()));
        };
        let parsed = serde_json::from_slice(&text);
        if let Err(error) = &parsed {
            let warning = format!(
                "{} does not parse and is left as it is: {error}",
                path.display()
            );
            placed.notes.push(warning);
        }
        Ok(parsed.ok())
    };
    let Some(before) = parse(&ours)? else {
        return Ok(());
    };
    let mut settings = Value::Object(before.clone());
    if let Some(inherited) = parse(&mains)? {
        json::merge(&mut settings, Value::Object(inherited));
    }
    if !rules.is_empty() {
        json::merge(
            &mut settings,
            serde_json::json!({ "permissions": { "allow": rules } }),
        );
    }
    if settings == Value::Object(before) {
        return Ok(());
    }
    make_parent(&ours)?;
    let mut text = serde_json::to_vec_pretty(&settings)?;
    text.push(b'\n');
    atomic::replace(&ours, &text, 0o600)?;
    placed.paths.push(CLAUDE_SETTINGS.to_owned());
    Ok(())
}

/// Keeps the store out of `git status`, and what a killed command leaves of a file.
///
/// # Errors
/// If git fails, or `info/exclude` can't be written.
pub fn hide_our_own(project: &Project) -> Result<()> {
    let there = excluded(project)?;
    let mut patterns = vec![format!("*{}", atomic::UNFINISHED)];
    if !there.contains(&pattern(records::FILE)) && !Git::at(&project.main).ignores(records::FILE)? {
        patterns.push(pattern(records::FILE));
    }
    patterns.retain(|pattern| !there.contains(pattern));
    exclude(project, patterns)
}

/// Keeps what was put into the worktree out of `git status`: what git does not ignore goes into `info/exclude`, and a file
/// that git tracks is marked to be left as it is, unless the user has changed it too.
///
/// # Errors
/// If git fails, or `info/exclude` can't be written.
pub fn hide(session: &Session<'_>, placed: &[String]) -> Result<()> {
    let git = Git::at(session.record.worktree());
    // A command that was killed may have placed some and hidden none.
    let paths: Vec<_> = placed.iter().cloned().chain(belongings(session)).collect();
    let (untracked, tracked): (Vec<_>, Vec<_>) = git
        .changes(&paths)?
        .into_iter()
        .partition(|change| change.untracked);
    let mut hidden = Vec::new();
    for Change { path, .. } in tracked {
        if is_our_change(session, &path)? || path == CLAUDE_SETTINGS && placed.contains(&path) {
            hidden.push(path);
        }
    }
    if !hidden.is_empty() {
        git.hide_changes(&hidden)?;
    }
    exclude(
        session.project,
        untracked
            .iter()
            .map(|change| pattern(&change.path))
            .collect(),
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
    let layout = session.layout;
    [&layout.files.link, &layout.files.copy, &layout.files.sqlite]
        .into_iter()
        .flatten()
        .chain(layout.env.keys())
        .map(String::as_str)
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
