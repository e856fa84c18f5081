//! Taking a worktree's folder away in one moment, and deleting it in the background.
//!
//! A folder that is deleted file by file is half there when the command is killed, and looks like one with a lot of work in
//! it. So it is renamed first, to where nobody looks; what a killed command left there the next one deletes.

use crate::process::{PAUSES, Run};
use crate::project::Project;
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread;

/// Where they are in the common git folder.
const TRASH: &str = "tally-session/trash";

/// The end of the name of a folder that is on its way out, where it has to stay beside the others.
const LEAVING: &str = ".tally-session-trash";

/// Renames a folder away: into the common git folder, or, if that is on another disk, to a hidden name beside it. `kind` tells
/// folders of one name from each other.
///
/// # Errors
/// If it can't be renamed; it is as it was then.
pub fn take(project: &Project, dir: &Path, kind: &str) -> Result<()> {
    let failed = || format!("cannot move the folder {} away", dir.display());
    let trash = trash(project);
    fs::create_dir_all(&trash)
        .with_context(|| format!("cannot make the folder {}", trash.display()))?;
    let mut name = dir.file_name().map(OsString::from).with_context(failed)?;
    name.push(format!(".{kind}.{}", std::process::id()));
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

/// Deletes what was taken away in the background, also what killed commands left.
pub fn sweep(project: &Project) {
    let left = left(project);
    if !left.is_empty()
        && Run::new("rm")
            .args(["-rf", "--"])
            .args(&left)
            .leave()
            .is_err()
    {
        // What can't be deleted takes room, and doctor names it.
        let _ = empty(project);
    }
}

/// Deletes what was taken away, and gives what can't be deleted.
pub fn empty(project: &Project) -> Vec<PathBuf> {
    let mut left = left(project);
    // Another command may be deleting it too.
    left.retain(|path| {
        PAUSES.iter().all(|&pause| {
            let stays = fs::remove_dir_all(path).is_err() && path.symlink_metadata().is_ok();
            if stays {
                thread::sleep(pause);
            }
            stays
        })
    });
    left
}

/// What was taken away and is not deleted: in the common git folder, and beside the worktrees.
fn left(project: &Project) -> Vec<PathBuf> {
    let prefix = format!(".{}-", project.name);
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        let middle = name.and_then(|name| name.strip_prefix(&prefix)?.strip_suffix(LEAVING));
        let number = middle.and_then(|middle| middle.rsplit_once('.'));
        number.is_some_and(|(_, pid)| pid.parse::<u32>().is_ok())
    };
    let mut left = children(project.main.parent().unwrap_or(&project.main));
    left.retain(is_ours);
    left.extend(children(&trash(project)));
    left
}

/// Whether a folder is one that was taken away, or in one.
pub fn has(folder: &Path) -> bool {
    let trash = Path::new(".git").join(TRASH);
    folder.ancestors().any(|above| {
        let name = above.file_name().unwrap_or_default();
        above.ends_with(&trash) || name.as_encoded_bytes().ends_with(LEAVING.as_bytes())
    })
}

fn trash(project: &Project) -> PathBuf {
    project.common.join(TRASH)
}

fn children(dir: &Path) -> Vec<PathBuf> {
    fs::read_dir(dir)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default()
}
