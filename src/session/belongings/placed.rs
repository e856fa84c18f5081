//! What was put into a session's worktree, as a list in git's folder of it: so that nobody has to guess from a layout that may
//! have changed since, or takes for ours what somebody else has put in its place.

use crate::dotenv;
use crate::file::{self, SQLITE, read_if_there};
use crate::session::Session;
use crate::session::belongings::database;
use crate::session::belongings::files;
use crate::session::belongings::inside;
use crate::session::belongings::kind::Part;
use crate::store::atomic;
use anyhow::Result;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::mem::discriminant;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The list, in git's folder of the worktree.
const LIST: &str = "tally-session.json";

/// What was put into a worktree.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Placed {
    /// By path from the worktree's root, without links in it: what it was like right after that, if that is known.
    paths: IndexMap<String, Option<Seen>>,
    /// The lines of `info/exclude` that are there for it.
    pub lines: BTreeSet<String>,
    /// The names of the variables that each `.env` file had then.
    #[serde(default)]
    pub variables: BTreeMap<String, BTreeSet<String>>,
}

/// What a path is like.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Seen {
    /// A link, with its target.
    Link(String),
    /// A file, with what changes when somebody writes to it or replaces it.
    File {
        inode: u64,
        size: u64,
        seconds: i64,
        nanoseconds: i64,
    },
    /// A folder. Only one that was cloned was put there as a whole.
    Folder,
}

impl Seen {
    /// None if nothing is there, or something stranger, which nobody has put there.
    fn at(path: &Path) -> Option<Self> {
        let about = path.symlink_metadata().ok()?;
        if about.is_symlink() {
            let target = fs::read_link(path).ok()?;
            return Some(Self::Link(target.to_string_lossy().into_owned()));
        }
        let file = Self::File {
            inode: about.ino(),
            size: about.size(),
            seconds: about.ctime(),
            nanoseconds: about.ctime_nsec(),
        };
        let folder = about.is_dir().then_some(Self::Folder);
        about.is_file().then_some(file).or(folder)
    }
}

/// What was put into a session's worktree. Where there is no list, as an older version left it, that is what the layout names.
pub fn read(session: &Session<'_>) -> Placed {
    read_or_guess(session, &[])
}

/// The same, where a command that was cut short may have put these files there too and made no list.
pub fn read_or_guess(session: &Session<'_>, included: &[Part]) -> Placed {
    let listed = session.admin().ok().and_then(|admin| listed(&admin));
    listed.unwrap_or_else(|| {
        let worktree = session.record.worktree();
        let included = included.iter().map(|part| part.path.clone());
        let paths = files::belongings(session.project, session.layout).chain(included);
        let paths = paths.filter_map(|path| inside::reach(worktree, &path).ok());
        // A folder where a link belongs is the user's own.
        let is_there = |path: &String| {
            let seen = Seen::at(&worktree.join(path));
            seen.is_some_and(|seen| seen != Seen::Folder)
        };
        Placed {
            paths: paths.filter(is_there).map(|path| (path, None)).collect(),
            ..Placed::default()
        }
    })
}

/// What the list in git's folder of a worktree says, also when that was moved away.
pub fn of_admin(admin: &Path) -> Placed {
    listed(admin).unwrap_or_default()
}

/// The list is advice: what can't be read is as good as none.
fn listed(admin: &Path) -> Option<Placed> {
    serde_json::from_slice(&fs::read(admin.join(LIST)).ok()?).ok()
}

/// The variables that a file sets.
pub(super) fn variables_of(file: &Path) -> BTreeSet<String> {
    let text = read_if_there(file).ok().flatten().unwrap_or_default();
    dotenv::all(&text)
        .map(|(name, _)| name.to_owned())
        .collect()
}

impl Placed {
    /// Writes the list down.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(&self, session: &Session<'_>) -> Result<()> {
        let list = session.admin()?.join(LIST);
        atomic::replace_soon(&list, &serde_json::to_vec(self)?, 0o600)
    }

    /// Takes in what was put at a path.
    pub fn add(&mut self, worktree: &Path, path: &str) {
        let there = worktree.join(path);
        if let Some(seen) = Seen::at(&there) {
            let name = path.rsplit('/').next().unwrap_or(path);
            if matches!(seen, Seen::File { .. }) && name.starts_with(".env") {
                let names = variables_of(&there);
                self.variables.insert(path.to_owned(), names);
            }
            self.paths.insert(path.to_owned(), Some(seen));
        }
    }

    /// The paths that something was put at.
    pub fn paths(&self) -> impl Iterator<Item = &String> {
        self.paths.keys()
    }

    /// The same as git has them: a folder with a slash at the end.
    pub fn as_git_has_them(&self) -> Vec<String> {
        let slash = |seen: &Option<Seen>| match seen {
            Some(Seen::Folder) => "/",
            _ => "",
        };
        let paths = self.paths.iter();
        paths
            .map(|(path, seen)| format!("{path}{}", slash(seen)))
            .collect()
    }

    /// Whether what is at a path was put there, changed or not, or is of a database that was.
    pub fn is_ours(&self, worktree: &Path, path: &str) -> bool {
        let is_of_ours = |database: &str| {
            self.that_has(worktree, database).is_some()
                && file::begins_with(&worktree.join(database), SQLITE)
        };
        self.that_has(worktree, path).is_some()
            || database::beside(Path::new(path))
                .is_some_and(|database| database.to_str().is_some_and(is_of_ours))
    }

    /// The path that something was put at, changed or not, if that is this one or a folder that has it.
    pub fn that_has(&self, worktree: &Path, path: &str) -> Option<&String> {
        let path = Path::new(path.trim_end_matches('/'));
        path.ancestors().find_map(|above| {
            let (own, seen) = self.paths.get_key_value(above.to_str()?)?;
            let has_it = above == path || *seen == Some(Seen::Folder);
            let is_such = |seen| {
                now(worktree, own).is_none_or(|now| discriminant(&now) == discriminant(seen))
            };
            (has_it && seen.as_ref().is_none_or(is_such)).then_some(own)
        })
    }

    /// Whether there is nothing at a path, as git tells of it, but what was put there, changed or not, and empty folders.
    pub fn is_all_of(&self, worktree: &Path, path: &str) -> bool {
        let is_ours_too = |entry: fs::DirEntry| {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let below = Path::new(path).join(entry.file_name());
            let slash = if is_folder { "/" } else { "" };
            self.is_all_of(worktree, &format!("{}{slash}", below.display()))
        };
        let has_only_ours = |entries: fs::ReadDir| entries.flatten().all(is_ours_too);
        self.is_ours(worktree, path)
            || path.ends_with('/') && fs::read_dir(worktree.join(path)).is_ok_and(has_only_ours)
    }

    /// Whether a path is known to be as it was put there.
    pub fn is_as_placed(&self, worktree: &Path, path: &str) -> bool {
        let seen = self.paths.get(path).and_then(Option::as_ref);
        seen.is_some() && now(worktree, path).as_ref() == seen
    }

    /// Whether somebody has changed what was put at a path.
    pub fn is_changed(&self, worktree: &Path, path: &str) -> bool {
        let (seen, now) = (self.paths.get(path), now(worktree, path));
        seen.is_some_and(|seen| seen.is_some() && now.is_some() && now != *seen)
    }
}

/// What the session had put into its worktree and somebody has changed since.
pub fn changed(session: &Session<'_>) -> Vec<String> {
    let worktree = session.record.worktree();
    let placed = read(session);
    let mut paths: Vec<_> = placed.paths().cloned().collect();
    paths.retain(|path| placed.is_changed(worktree, path));
    paths
}

/// What is at a path of a worktree.
fn now(worktree: &Path, path: &str) -> Option<Seen> {
    let path = inside::reach(worktree, path).ok()?;
    Seen::at(&worktree.join(path))
}
