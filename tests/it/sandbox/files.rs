//! Reading and writing files.

use serde_json::{Value, json};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// Writes a file, and makes its folder.
pub fn write(path: &Path, text: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Reads a file as text.
#[track_caller]
pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads a file as JSON.
#[track_caller]
pub fn read_json(path: &Path) -> Value {
    serde_json::from_str(&read(path)).unwrap()
}

/// Changes what is in a JSON file.
#[track_caller]
pub fn edit_json(path: &Path, edit: impl FnOnce(&mut Value)) {
    let mut json = read_json(path);
    edit(&mut json);
    write(path, json.to_string());
}

/// Takes a file, a link or a whole folder away.
#[track_caller]
pub fn unset(path: &Path) {
    let is_folder = path.is_dir() && !path.is_symlink();
    let gone = if is_folder {
        fs::remove_dir_all
    } else {
        fs::remove_file
    }(path);
    gone.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Makes a link, in the place of whatever is there.
#[track_caller]
pub fn make_link(target: impl AsRef<Path>, path: &Path) {
    if path.is_symlink() || path.exists() {
        unset(path);
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    symlink(target, path).unwrap();
}

/// Where a link leads.
#[track_caller]
pub fn leads_to(link: &Path) -> PathBuf {
    fs::read_link(link).unwrap_or_else(|error| panic!("{}: {error}", link.display()))
}

/// Who may do what with a file.
#[track_caller]
pub fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Sets that.
#[track_caller]
pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// What a session's list of what was put into its worktree says of a file that is as it was put there. A file that takes
/// another's place may have got its inode too.
#[track_caller]
pub fn as_placed(path: &Path) -> Value {
    let about = fs::metadata(path).unwrap();
    json!({ "file": {
        "inode": about.ino(), "size": about.size(), "seconds": about.ctime(), "nanoseconds": about.ctime_nsec(),
    } })
}

/// What is in a folder.
#[track_caller]
pub fn files_in(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The only thing that is in a folder.
#[track_caller]
pub fn only_in(dir: &Path) -> PathBuf {
    let [only] = <[PathBuf; 1]>::try_from(files_in(dir)).unwrap();
    only
}
