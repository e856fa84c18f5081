//! Taking a worktree's folder away in one moment, and deleting it afterwards.
//!
//! A folder that is deleted file by file is half there when the command is killed, and looks like one with a lot of work in
//! it. So it is renamed first, to where nobody looks; what a killed command left there the next one deletes.

use crate::project::Project;
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The end of the name of a folder that is on its way out, where it has to stay beside the others.
const LEAVING: &str = ".tally-session-trash";

/// Renames a folder away: into the common git folder, or, if that is on another disk, to a hidden name beside it.
///
/// # Errors
/// If it can't be renamed; it is as it was then.
pub fn take(project: &Project, dir: &Path) -> Result<()> {
    let failed = || format!("cannot move the folder {} away", dir.display());
    let trash = trash(project);
    fs::create_dir_all(&trash)
        .with_context(|| format!("cannot make the folder {}", trash.display()))?;
    let mut name = dir.file_name().map(OsString::from).with_context(failed)?;
    name.push(format!(".{}", std::process::id()));
    match fs::rename(dir, trash.join(&name)) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            let mut hidden = OsString::from(".");
            hidden.push(name);
            hidden.push(LEAVING);
            fs::rename(dir, dir.with_file_name(hidden)).with_context(failed)
        }
        result => result.with_context(failed),
    }
}

/// Deletes what was taken away, also by commands that were killed. Gives what can't be deleted.
pub fn empty(project: &Project) -> Vec<PathBuf> {
    let mut left = left(project);
    // Another command may be deleting it too.
    left.retain(|path| fs::remove_dir_all(path).is_err() && path.symlink_metadata().is_ok());
    left
}

/// What was taken away and is not deleted.
pub fn left(project: &Project) -> Vec<PathBuf> {
    let prefix = format!(".{}-", project.name);
    let is_ours = |path: &PathBuf| {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| {
                let middle = name
                    .strip_prefix(&prefix)
                    .and_then(|name| name.strip_suffix(LEAVING));
                middle
                    .and_then(|name| name.rsplit_once('.'))
                    .is_some_and(|(_, pid)| pid.parse::<u32>().is_ok())
            })
    };
    let beside = children(project.main.parent().unwrap_or(&project.main))
        .into_iter()
        .filter(is_ours);
    children(&trash(project))
        .into_iter()
        .chain(beside)
        .collect()
}

fn trash(project: &Project) -> PathBuf {
    project.common.join("tally-session/trash")
}

fn children(dir: &Path) -> Vec<PathBuf> {
    fs::read_dir(dir)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default()
}
