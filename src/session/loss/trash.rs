//! Where what was taken away is kept, each in a folder of its own.

use crate::name::SessionName;
use crate::project::Project;
use anyhow::{Context, Result};
use std::cmp::Reverse;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where it is in the common git folder.
const TRASH: &str = "tally-session/trash";
/// The file that says what one is, in its folder.
pub const ABOUT: &str = "removed.json";
/// The worktree's folder there.
pub const FOLDER: &str = "worktree";
/// What git kept of the worktree, and of those inside it.
pub const ADMINS: &str = "git";
/// The end of the name of a folder that can't be renamed into there, as it is on another disk: it stays beside the others.
const BESIDE: &str = ".tally-session-trash";
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

/// Where a folder is kept that has to stay on its disk, and where older versions kept it.
pub fn beside(folder: &Path, id: &str) -> [PathBuf; 2] {
    /// What leaves room for the rest: a name may have 255 bytes.
    const LONGEST: usize = 200;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let cut = &name[..name.floor_char_boundary(LONGEST)];
    let time = id.rsplit_once('@').map_or(id, |(_, time)| time);
    let names = [
        format!(".{cut}@{time}{BESIDE}"),
        format!(".{name}.{id}{BESIDE}"),
    ];
    names.map(|name| folder.with_file_name(name))
}

/// Makes the folder for one more, and gives its id.
pub fn make_folder(project: &Project, name: &SessionName) -> Result<String> {
    let trash = trash(project);
    let failed = || format!("cannot make a folder in {}", trash.display());
    fs::create_dir_all(&trash).with_context(failed)?;
    let mut time = now();
    loop {
        let id = format!("{}@{time}", name.slug());
        match fs::create_dir(trash.join(&id)) {
            Ok(()) => return Ok(id),
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

/// Whether the project of a main checkout has one of this id.
pub fn is_in(main: &Path, id: &str) -> bool {
    main.join(".git").join(TRASH).join(id).exists()
}

/// The time in an id.
pub fn since(id: &str) -> Option<u64> {
    id.rsplit_once('@')?.1.parse().ok()
}

/// The ids of all that is kept, the newest first.
pub fn ids(project: &Project) -> Vec<String> {
    let names = children(&trash(project)).into_iter();
    let names = names.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()));
    let mut ids: Vec<_> = names.filter(|name| since(name).is_some()).collect();
    ids.sort_by_key(|id| Reverse((since(id), id.clone())));
    ids
}

/// The ids of those of which nothing is written down or there: a command was killed before that.
pub fn blank(project: &Project) -> Vec<String> {
    let ids = ids(project).into_iter();
    ids.filter(|id| is_blank(project, id)).collect()
}

/// Whether one is such.
pub fn is_blank(project: &Project, id: &str) -> bool {
    let folder = folder(project, id);
    // What can't be looked at may be there.
    let is_there = |part: &&str| folder.join(part).try_exists().unwrap_or(true);
    ![ABOUT, FOLDER, ADMINS].iter().any(is_there)
}

/// The slug in an id, which is a name that has the same place.
pub fn name(id: &str) -> Result<SessionName> {
    SessionName::parse(id.rsplit_once('@').map_or(id, |(slug, _)| slug))
}

/// What is left of what was to be deleted.
pub fn going(project: &Project) -> Vec<PathBuf> {
    let children = children(&trash(project)).into_iter();
    children.filter(|path| ends_with(path, GOING)).collect()
}

/// Whether a folder is one that was taken away, or in one.
pub fn has(folder: &Path) -> bool {
    let mut above = folder.ancestors();
    main_of(folder).is_some() || above.any(|above| ends_with(above, BESIDE))
}

/// The main checkout of the project in whose trash a folder is.
pub fn main_of(folder: &Path) -> Option<&Path> {
    let trash = Path::new(".git").join(TRASH);
    let mut all = folder.ancestors();
    let its = all.find(|above| above.ends_with(&trash))?;
    its.ancestors().nth(trash.components().count())
}

fn ends_with(path: &Path, end: &str) -> bool {
    path.as_os_str()
        .as_encoded_bytes()
        .ends_with(end.as_bytes())
}

fn trash(project: &Project) -> PathBuf {
    project.common.join(TRASH)
}

fn children(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}
