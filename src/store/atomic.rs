//! Writing a file whole, so that a reader and a crash see the old one or the new one.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The end of a temporary file's name: what a killed command left is known by it.
pub const UNFINISHED: &str = ".tally-session-part";

/// Replaces a file's contents: a temporary file beside it, fsync, rename, fsync of the folder.
///
/// The mode is kept, a symlink is written through, a missing file is made with `new_mode`. Temporary files that a killed
/// command left beside it are swept. Whoever calls this holds the lock that guards the file.
///
/// # Errors
/// If the file or its folder can't be written, or the file is marked read-only; it is as it was then.
pub fn replace(path: &Path, contents: &[u8], new_mode: u32) -> Result<()> {
    let path = real_path(path)?;
    let (dir, name) = split(&path)?;
    let failed = || format!("cannot write {}", path.display());
    let mode = match fs::metadata(&path) {
        Ok(metadata) if metadata.permissions().readonly() => {
            bail!("{} is read-only", path.display())
        }
        Ok(metadata) => metadata.permissions().mode(),
        Err(error) if error.kind() == ErrorKind::NotFound => new_mode,
        Err(error) => return Err(error).with_context(failed),
    };
    sweep(dir, name);
    let mut file = tempfile::Builder::new()
        .prefix(name)
        .suffix(UNFINISHED)
        .tempfile_in(dir)
        .with_context(failed)?;
    file.write_all(contents).with_context(failed)?;
    let handle = file.as_file();
    handle
        .set_permissions(fs::Permissions::from_mode(mode))
        .with_context(failed)?;
    handle.sync_all().with_context(failed)?;
    file.persist(&path)
        .map_err(|error| error.error)
        .with_context(failed)?;
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .with_context(failed)
}

/// The file that a path means: the symlink's target, also one that is not there yet.
fn real_path(path: &Path) -> Result<PathBuf> {
    match fs::read_link(path) {
        Ok(target) => {
            let target = path.parent().unwrap_or(path).join(target);
            real_path(&target)
        }
        Err(_) => Ok(path.to_owned()),
    }
}

fn split(path: &Path) -> Result<(&Path, &OsStr)> {
    path.parent()
        .zip(path.file_name())
        .with_context(|| format!("{} is no path of a file", path.display()))
}

/// Removes what killed commands left: temporary files of this name that are older than any write takes.
fn sweep(dir: &Path, name: &OsStr) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    let prefix = name.as_encoded_bytes();
    for entry in entries.flatten() {
        let file = entry.file_name();
        let file = file.as_encoded_bytes();
        let old = || {
            let modified = entry
                .metadata()
                .and_then(|metadata| metadata.modified())
                .ok()?;
            modified.elapsed().ok()
        };
        if file.starts_with(prefix)
            && file.ends_with(UNFINISHED.as_bytes())
            && old().is_some_and(|age| age > Duration::from_mins(1))
        {
            // It is a leftover that only takes room: the next write tries again.
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_is_kept_and_a_symlink_is_written_through() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        replace(&link, b"new", 0o600).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o640
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn old_leftovers_are_swept_and_young_ones_stay() {
        let dir = tempfile::tempdir().unwrap();
        let old = dir.path().join(format!("fileAAAA{UNFINISHED}"));
        let young = dir.path().join(format!("fileBBBB{UNFINISHED}"));
        fs::write(&old, "").unwrap();
        fs::write(&young, "").unwrap();
        let hour_ago = std::time::SystemTime::now() - Duration::from_hours(1);
        File::options()
            .write(true)
            .open(&old)
            .unwrap()
            .set_modified(hour_ago)
            .unwrap();
        replace(&dir.path().join("file"), b"new", 0o600).unwrap();
        assert!(!old.exists());
        assert!(young.exists());
    }
}
