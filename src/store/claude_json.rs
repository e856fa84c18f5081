//! `~/.claude.json`, changed as Claude Code itself changes it.

use super::atomic;
use super::json::{self, Object, Part};
use crate::hint::Hint;
use crate::wait;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A lock whose time stamp is older than this was left by a process that died.
const STALE: Duration = Duration::from_secs(10);

/// How often a change is made again that another program overwrote.
const ROUNDS: u32 = 50;

/// How long a living holder is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// Somebody who lives holds Claude's lock on the file for long: whatever is done now may be lost.
#[derive(Debug)]
pub struct Busy {
    lock: PathBuf,
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Claude Code, or something like it, has held {} for {} s",
            self.lock.display(),
            PATIENCE.as_secs()
        )
    }
}

impl std::error::Error for Busy {}

/// What [`inherit`] found.
#[derive(Debug, Default)]
pub struct Inherited {
    /// The main checkout's rules.
    pub rules: Vec<Value>,
    /// The worktree's entry as it was before.
    pub before: Option<Box<RawValue>>,
}

/// Gives a worktree what its main checkout has been allowed, and tells what it found, also when the file can't be written.
/// A file that is not there has nothing.
///
/// # Errors
/// If the file can't be read, does not parse, or can't be written; it is as it was then.
pub fn inherit(path: &Path, main: &Path, worktree: &Path, found: &mut Inherited) -> Result<()> {
    let mut is_first = true;
    edit(path, |projects| {
        // Later the file may have what this has written.
        if std::mem::take(&mut is_first) {
            found.before = match projects.get(&key(worktree)) {
                Some(Part::Raw(raw)) => Some((*raw).to_owned()),
                _ => None,
            };
        }
        let Some(main) = entry(projects, main)? else {
            return Ok(false);
        };
        let mut granted = Vec::new();
        for (name, part) in &main {
            if let Some(text) = part.raw().filter(|_| is_grant(name)) {
                granted.push((name, serde_json::from_str::<Value>(text)?));
            }
        }
        found.rules = granted
            .iter()
            .filter(|(name, _)| *name == "allowedTools")
            .filter_map(|(_, tools)| tools.as_array().cloned())
            .flatten()
            .collect();
        if granted.is_empty() {
            return Ok(false);
        }
        let mut ours = match projects.get(&key(worktree)) {
            None => Object::new(),
            Some(_) => match entry(projects, worktree)? {
                Some(ours) => ours,
                None => return Ok(false),
            },
        };
        let mut is_changed = !projects.contains_key(&key(worktree));
        for (name, value) in granted {
            let there = ours.get(name).and_then(Part::raw);
            let there: Value = there.map_or(Ok(Value::Null), serde_json::from_str)?;
            let mut merged = there.clone();
            // Claude itself writes a plain no where nothing was asked yet.
            if merged == Value::Bool(false) {
                merged = Value::Null;
            }
            json::merge(&mut merged, value);
            if merged != there {
                ours.insert(name.clone(), Part::New(merged));
                is_changed = true;
            }
        }
        if is_changed {
            projects.insert(key(worktree), Part::Object(ours));
        }
        Ok(is_changed)
    })
}

/// The fields of a project's entry, if it has one that is an object.
fn entry<'a>(projects: &Object<'a>, dir: &Path) -> Result<Option<Object<'a>>> {
    match projects.get(&key(dir)) {
        Some(Part::Raw(raw)) if raw.get().starts_with('{') => Ok(Some(json::object(raw.get())?)),
        _ => Ok(None),
    }
}

/// Makes a worktree's entry what it was before, if there was one.
///
/// # Errors
/// As [`inherit`].
pub fn give_back(path: &Path, worktree: &Path, before: Option<&RawValue>) -> Result<()> {
    let Some(before) = before else {
        return forget(path, worktree);
    };
    edit(path, |projects| {
        let there = projects.get(&key(worktree)).and_then(Part::raw);
        let differs = there != Some(before.get());
        if differs {
            projects.insert(
                key(worktree),
                Part::New(serde_json::from_str(before.get())?),
            );
        }
        Ok(differs)
    })
}

/// Takes a worktree's entry out.
///
/// # Errors
/// As [`inherit`].
pub fn forget(path: &Path, worktree: &Path) -> Result<()> {
    edit(path, |projects| {
        Ok(projects.shift_remove(&key(worktree)).is_some())
    })
}

fn key(dir: &Path) -> String {
    dir.to_string_lossy().into_owned()
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

/// Changes the file's `projects` under Claude's own lock, if `change` says that it changed something. Without a change
/// no lock is taken and nothing is written.
fn edit(path: &Path, mut change: impl FnMut(&mut Object<'_>) -> Result<bool>) -> Result<()> {
    let mut attempt = |text: &[u8]| -> Result<Option<Vec<u8>>> {
        let mut root = json::object(std::str::from_utf8(text)?)?;
        let Some(Part::Raw(projects)) = root.get("projects") else {
            return Ok(None);
        };
        if !projects.get().starts_with('{') {
            return Ok(None);
        }
        let mut projects = json::object(projects.get())?;
        if !change(&mut projects)? {
            return Ok(None);
        }
        root.insert("projects".to_owned(), Part::Object(projects));
        let mut new = if text.contains(&b'\n') {
            serde_json::to_vec_pretty(&root)
        } else {
            serde_json::to_vec(&root)
        }?;
        if text.ends_with(b"\n") {
            new.push(b'\n');
        }
        Ok(Some(new))
    };
    atomic::sweep(path);
    let lock = lock_path(path);
    if is_stale(&lock) {
        // Nobody may come this way to write for long; every Claude would have to get past it.
        let _ = fs::remove_dir(lock);
    }
    // A Claude that finds the lock taken writes without it, after one try or a few: what was written is looked at again.
    for _ in 0..ROUNDS {
        let Some(before) = read(path)? else {
            return Ok(());
        };
        let attempted = attempt(&before)
            .with_context(|| format!("{} does not parse and is left as it is", path.display()));
        let Some(new) = attempted? else {
            return Ok(());
        };
        atomic::check_not_read_only(path)?;
        // The slow part is done before the lock is taken: a Claude gives up on it soon.
        let prepared = atomic::Prepared::new(path, &new, 0o600)?;
        let lock = FolderLock::take(path)?;
        if read(path)?.as_ref() != Some(&before) {
            continue;
        }
        prepared.put()?;
        drop(lock);
        if read(path)?.as_ref() == Some(&new) {
            return Ok(());
        }
    }
    bail!("other programs write {} all the time", path.display())
}

fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn lock_path(json: &Path) -> PathBuf {
    let mut path = json.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

/// Claude's own lock: a folder beside the file.
struct FolderLock {
    path: PathBuf,
    made: (u64, u64),
}

impl FolderLock {
    fn take(json: &Path) -> Result<Self> {
        let path = lock_path(json);
        let what = format!("for Claude Code to write its settings ({})", path.display());
        let made = wait::until(PATIENCE, &what, || match fs::create_dir(&path) {
            Ok(()) => Ok(identity(&path)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                if is_stale(&path) {
                    // Somebody else may have been faster, and then the lock is theirs to give.
                    let _ = fs::remove_dir(&path);
                }
                Ok(None)
            }
            Err(error) => {
                Err(error).with_context(|| format!("cannot make the lock {}", path.display()))
            }
        })?;
        let made = made
            .ok_or_else(|| Busy { lock: path.clone() })
            .hint(format!(
                "try again; if no Claude runs: rmdir {}",
                crate::process::quote(&path.to_string_lossy())
            ))?;
        Ok(Self { path, made })
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // A lock that was taken for stale, because this process was stopped for long, is not ours any more.
        if identity(&self.path) == Some(self.made) {
            let _ = fs::remove_dir(&self.path);
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path)
        .ok()
        .map(|metadata| (metadata.dev(), metadata.ino()))
}

fn is_stale(path: &Path) -> bool {
    fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > STALE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    #[test]
    fn a_worktree_inherits_grants_and_nothing_else_and_is_forgotten_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".claude.json");
        let text = r#"{
  "big": 12345678901234567890123.450,
  "projects": {
    "/main": {
      "allowedTools": ["Bash(ls)"],
      "history": ["x"],
      "lastCost": 1.50,
      "hasTrustDialogAccepted": true,
      "mcpServers": {},
      "enabledMcpjsonServers": ["s"],
      "hasClaudeMdExternalIncludesApproved": true
    }
  },
  "z": 1e+21
}"#;
        fs::write(&path, text).unwrap();
        let before: Map<String, Value> = serde_json::from_str(text).unwrap();
        let mut found = Inherited::default();
        inherit(&path, Path::new("/main"), Path::new("/work"), &mut found).unwrap();
        assert_eq!(found.rules, [json!("Bash(ls)")]);
        let now = fs::read_to_string(&path).unwrap();
        let root: Map<String, Value> = serde_json::from_str(&now).unwrap();
        assert_eq!(
            root["projects"]["/work"],
            json!({
                "allowedTools": ["Bash(ls)"],
                "hasTrustDialogAccepted": true,
                "mcpServers": {},
                "enabledMcpjsonServers": ["s"],
                "hasClaudeMdExternalIncludesApproved": true
            })
        );
        assert!(
            now.contains("12345678901234567890123.450")
                && now.contains("1e+21")
                && now.contains("1.50")
        );
        forget(&path, Path::new("/work")).unwrap();
        let after: Map<String, Value> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(
            Value::Object(after).to_string(),
            Value::Object(before).to_string()
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_stale_lock_is_got_past_and_a_file_that_does_not_parse_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".claude.json");
        fs::write(&path, r#"{"projects":{"/work":{}}}"#).unwrap();
        let lock = dir.path().join(".claude.json.lock");
        fs::create_dir(&lock).unwrap();
        fs::File::open(&lock)
            .unwrap()
            .set_modified(std::time::SystemTime::now() - Duration::from_secs(11))
            .unwrap();
        forget(&path, Path::new("/work")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), r#"{"projects":{}}"#);
        fs::write(&path, "{").unwrap();
        let error = format!("{:#}", forget(&path, Path::new("/work")).unwrap_err());
        assert!(error.contains("does not parse"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "{");
    }
}
