//! Where what was taken away is kept, each in a folder of its own.

use crate::name::SessionName;
use crate::project::Project;
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where it is in the common git folder.
const TRASH: &str = "tally-session/trash";

/// The end of the name of a folder that can't be renamed into there, as it is on another disk: it stays beside the others.
const BESIDE: &str = ".tally-session-trash";

/// The file that says what it is.
pub const ABOUT: &str = "removed.json";

/// The worktree's folder in it.
pub const FOLDER: &str = "worktree";

/// What git kept of the worktree, and of those inside it.
pub const ADMINS: &str = "git";

/// The end of the name of a folder that is being deleted.
const GOING: &str = ".going";

/// The folder of one of this id.
pub fn folder(project: &Project, id: &str) -> PathBuf {
    trash(project).join(id)
}

/// Where one of this id goes to be deleted.
pub fn going_folder(project: &Project, id: &str) -> PathBuf {
    trash(project).join(format!("{id}{GOING}"))
}

/// Where a folder is kept that has to stay on its disk.
pub fn beside(folder: &Path, id: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(folder.file_name().unwrap_or_default());
    name.push(format!(".{id}{BESIDE}"));
    folder.with_file_name(name)
}

/// Makes the folder for one more; its id comes with it.
///
/// # Errors
/// If it can't be made.
pub fn make_folder(project: &Project, name: &SessionName) -> Result<(String, PathBuf)> {
    let trash = trash(project);
    let failed = || format!("cannot make a folder in {}", trash.display());
    fs::create_dir_all(&trash).with_context(failed)?;
    let mut time = now();
    loop {
        let id = format!("{}@{time}", name.slug());
        let dir = trash.join(&id);
        match fs::create_dir(&dir) {
            Ok(()) => return Ok((id, dir)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => time += 1,
            Err(error) => return Err(error).with_context(failed),
        }
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or(Duration::ZERO).as_secs()
}

/// The time in an id.
pub fn since(id: &str) -> Option<u64> {
    id.rsplit_once('@')?.1.parse().ok()
}

/// The ids of all that is kept, the newest first.
pub fn ids(project: &Project) -> Vec<String> {
    let names = children(&trash(project));
    let names = names.iter().filter_map(|path| path.file_name()?.to_str());
    let mut ids: Vec<_> = names
        .filter(|name| since(name).is_some())
        .map(ToOwned::to_owned)
        .collect();
    ids.sort_by_key(|id| (since(id), id.clone()));
    ids.reverse();
    ids
}

/// The ids of those that have nothing of a worktree.
pub fn empty(project: &Project) -> Vec<String> {
    let mut ids = ids(project);
    ids.retain(|id| {
        let dir = folder(project, id);
        // What was in there may be back.
        children(&dir.join(ADMINS)).is_empty() && dir.join(FOLDER).symlink_metadata().is_err()
    });
    ids
}

/// The slug in an id, which is a name that has the same place.
///
/// # Errors
/// If it is none.
pub fn name(id: &str) -> Result<SessionName> {
    SessionName::parse(id.rsplit_once('@').map_or(id, |(slug, _)| slug))
}

/// What is left of what was to be deleted.
pub fn going(project: &Project) -> Vec<PathBuf> {
    let mut going = children(&trash(project));
    going.retain(|path| {
        path.as_os_str()
            .as_encoded_bytes()
            .ends_with(GOING.as_bytes())
    });
    going
}

/// Whether a folder is one that was taken away, or in one.
pub fn has(folder: &Path) -> bool {
    let is_beside = |above: &Path| {
        let name = above.file_name().unwrap_or_default();
        name.as_encoded_bytes().ends_with(BESIDE.as_bytes())
    };
    main_of(folder).is_some() || folder.ancestors().any(is_beside)
}

/// The main checkout of the project in whose trash a folder is.
pub fn main_of(folder: &Path) -> Option<&Path> {
    let trash = Path::new(".git").join(TRASH);
    let mut all = folder.ancestors();
    let its = all.find(|above| above.ends_with(&trash))?;
    its.ancestors().nth(trash.components().count())
}

fn trash(project: &Project) -> PathBuf {
    project.common.join(TRASH)
}

fn children(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}
