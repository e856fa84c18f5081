//! `~/.claude.json`, changed as Claude Code itself changes it. One that can't be read or written, or does not parse, is an error,
//! and stays as it was.

use super::atomic::{self, Prepared};
use super::claude_lock::{self, ClaudeLock};
use super::grants::Grants;
use super::json::{self, Object, Part};
use crate::file::{Seen, read_if_there};
use anyhow::{Context, Result, bail};
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub use super::claude_lock::Busy;

/// How often a change is made again that another program overwrote.
const ROUNDS: u32 = 50;

/// The entries that worktrees had, as they stood.
pub type Before = HashMap<PathBuf, Box<RawValue>>;

/// Gives worktrees what their main checkout has been allowed, and tells what was there before, also when the file can't be
/// written; `before` stays none if that can't be known. A file that is not there has nothing.
///
/// # Errors
/// If the file can't be read, does not parse, or can't be written; it is as it was then.
pub fn inherit(
    path: &Path,
    main: &Path,
    worktrees: &[&Path],
    before: &mut Option<Before>,
) -> Result<()> {
    edit(path, |projects| {
        // Later the file may have what this has written.
        before.get_or_insert_with(|| {
            let entry = |&worktree: &&Path| {
                let raw = raw(projects, worktree)?;
                Some((worktree.to_owned(), raw.to_owned()))
            };
            worktrees.iter().filter_map(entry).collect()
        });
        let granted = Grants::of(raw(projects, main))?;
        let mut lack = false;
        for worktree in worktrees {
            if let Some(entry) = granted.added_to(raw(projects, worktree))? {
                projects.insert(key(worktree), Part::Object(entry));
                lack = true;
            }
        }
        Ok(lack)
    })?;
    before.get_or_insert_default();
    Ok(())
}

/// Makes a worktree's entry what it was before, if there was one.
///
/// # Errors
/// As [`inherit`].
pub fn give_back(path: &Path, worktree: &Path, before: &Before) -> Result<()> {
    let Some(before) = before.get(worktree) else {
        return forget(path, worktree, |_| Ok(()));
    };
    edit(path, |projects| {
        let differs = raw(projects, worktree).map(RawValue::get) != Some(before.get());
        projects.insert(key(worktree), Part::Raw(before.to_owned()));
        Ok(differs)
    })
}

/// Takes a worktree's entry out, after `keep` has got it.
///
/// # Errors
/// As [`inherit`], and that of `keep`.
pub fn forget(path: &Path, worktree: &Path, keep: impl Fn(&str) -> Result<()>) -> Result<()> {
    edit(path, |projects| {
        raw(projects, worktree).map_or(Ok(()), |entry| keep(entry.get()))?;
        Ok(projects.shift_remove(&key(worktree)).is_some())
    })
}

/// Puts an entry back that was taken out, if there is none by now.
///
/// # Errors
/// As [`inherit`].
pub fn put_back(path: &Path, worktree: &Path, entry: &str) -> Result<()> {
    let entry = RawValue::from_string(entry.to_owned())?;
    edit(path, |projects| {
        let lacks = !projects.contains_key(&key(worktree));
        let place = projects.entry(key(worktree));
        place.or_insert_with(|| Part::Raw(entry.clone()));
        Ok(lacks)
    })
}

/// Has the entry of a worktree follow it to another place, if there is none by now.
///
/// # Errors
/// As [`inherit`].
pub fn follow(path: &Path, from: &Path, to: &Path) -> Result<()> {
    edit(path, |projects| {
        let entry = projects.shift_remove(&key(from));
        let has_one = entry.is_some();
        if let Some(entry) = entry {
            projects.entry(key(to)).or_insert(entry);
        }
        Ok(has_one)
    })
}

/// Takes the entry of a folder that is gone out, if it holds nothing but what it could have inherited.
///
/// # Errors
/// As [`inherit`].
pub fn forget_inherited(path: &Path, main: &Path, worktree: &Path) -> Result<()> {
    edit(path, |projects| {
        let goes = is_inherited(projects, main, worktree)?;
        Ok(goes && projects.shift_remove(&key(worktree)).is_some())
    })
}

/// What the file said at one moment.
#[derive(Debug, Default)]
pub struct Entries(Object);

impl Entries {
    /// Reads the file; one that is not there has none.
    ///
    /// # Errors
    /// If it can't be read, or does not parse.
    pub fn read(path: &Path) -> Result<Self> {
        let Some(text) = read_if_there(path)? else {
            return Ok(Self::default());
        };
        let projects = projects(&text).with_context(|| unreadable(path))?;
        Ok(Self(projects.unwrap_or_default()))
    }

    /// The folders that have an entry.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(Path::new)
    }

    /// Whether a worktree lacks anything that its main checkout has been allowed.
    pub fn lacks(&self, main: &Path, worktree: &Path) -> bool {
        let granted = Grants::of(raw(&self.0, main));
        let lacking = granted.and_then(|granted| granted.added_to(raw(&self.0, worktree)));
        lacking.is_ok_and(|lacking| lacking.is_some())
    }

    /// Whether an entry holds nothing but what it could have inherited.
    pub fn is_inherited(&self, main: &Path, worktree: &Path) -> bool {
        is_inherited(&self.0, main, worktree).unwrap_or(false)
    }
}

fn is_inherited(projects: &Object, main: &Path, worktree: &Path) -> Result<bool> {
    Grants::of(raw(projects, main))?.are_all_of(raw(projects, worktree))
}

fn key(dir: &Path) -> String {
    dir.to_string_lossy().into_owned()
}

/// An entry as it stands.
fn raw<'a>(projects: &'a Object, dir: &Path) -> Option<&'a RawValue> {
    projects.get(&key(dir))?.raw()
}

/// The entries of a file's text; none if it has no object of them.
fn projects(text: &[u8]) -> Result<Option<Object>> {
    let root = json::object(std::str::from_utf8(text)?)?;
    let projects = root.get("projects").and_then(Part::raw);
    projects.and_then(json::object_in).transpose()
}

fn unreadable(path: &Path) -> String {
    format!("{} does not parse and is left as it is", path.display())
}

/// Changes the file's `projects` under Claude's own lock, if `change` says that it changed something. Without a change
/// no lock is taken and nothing is written.
fn edit(path: &Path, mut change: impl FnMut(&mut Object) -> Result<bool>) -> Result<()> {
    let mut attempt = |text: &[u8]| -> Result<Option<Vec<u8>>> {
        let Some(mut projects) = projects(text)? else {
            return Ok(None);
        };
        if !change(&mut projects)? {
            return Ok(None);
        }
        let mut root = json::object(std::str::from_utf8(text)?)?;
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
    // Nobody may come this way to write for long.
    claude_lock::sweep(path);
    let mut lock = None;
    // A Claude that finds the lock taken writes without it, after one try or a few: what was written is looked at again.
    for _ in 0..ROUNDS {
        let Some(seen) = Seen::look(path)? else {
            return Ok(());
        };
        let attempted = attempt(&seen.bytes).with_context(|| unreadable(path));
        let Some(new) = attempted? else {
            return Ok(());
        };
        atomic::check_not_read_only(path)?;
        let prepared = Prepared::new(path, &new, 0o600)?;
        let is_late = lock.is_some();
        let held = if let Some(held) = lock.take() {
            held
        } else {
            // A Claude gives up on the lock soon: the slow part is done before it is taken.
            prepared.sync()?;
            ClaudeLock::take(path)?
        };
        if !seen.is_still_there(path) {
            // Where others write so often, nothing slow may stand between the look and the writing.
            lock = Some(held);
            continue;
        }
        prepared.put()?;
        drop(held);
        if is_late {
            prepared.sync()?;
        }
        prepared.settle()?;
        if read_if_there(path)?.as_ref() == Some(&new) {
            return Ok(());
        }
    }
    bail!("other programs write {} all the time", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, Value, json};
    use std::fs;
    use std::time::Duration;

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
        let original: Map<String, Value> = serde_json::from_str(text).unwrap();
        let mut before = None;
        let worktrees = [Path::new("/work"), Path::new("/other")];
        inherit(&path, Path::new("/main"), &worktrees, &mut before).unwrap();
        let before = before.unwrap();
        assert!(before.is_empty());
        let now = fs::read_to_string(&path).unwrap();
        let root: Map<String, Value> = serde_json::from_str(&now).unwrap();
        for worktree in ["/work", "/other"] {
            assert_eq!(
                root["projects"][worktree],
                json!({
                    "allowedTools": ["Bash(ls)"],
                    "hasTrustDialogAccepted": true,
                    "mcpServers": {},
                    "enabledMcpjsonServers": ["s"],
                    "hasClaudeMdExternalIncludesApproved": true
                })
            );
        }
        assert!(
            now.contains("12345678901234567890123.450")
                && now.contains("1e+21")
                && now.contains("1.50")
        );
        forget(&path, Path::new("/work"), |_| Ok(())).unwrap();
        give_back(&path, Path::new("/other"), &before).unwrap();
        let after: Map<String, Value> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(
            Value::Object(after).to_string(),
            Value::Object(original).to_string()
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
        forget(&path, Path::new("/work"), |_| Ok(())).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), r#"{"projects":{}}"#);
        fs::write(&path, "{").unwrap();
        let error = format!(
            "{:#}",
            forget(&path, Path::new("/work"), |_| Ok(())).unwrap_err()
        );
        assert!(error.contains("does not parse"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "{");
    }
}
