//! Other file systems in the place of a folder, or inside: what is there is not the folder's.

use anyhow::Result;
use std::path::{Path, PathBuf};

/// Where something is mounted at a folder or below it, also a part of the same file system.
#[cfg(target_os = "linux")]
pub fn within(folder: &Path) -> Result<Vec<PathBuf>> {
    use anyhow::Context;
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    const LIST: &str = "/proc/self/mountinfo";
    /// The field that has the mount's place; see `proc_pid_mountinfo(5)`.
    const PLACE: usize = 4;
    let list = std::fs::read(LIST).with_context(|| format!("cannot read {LIST}"))?;
    let lines = list.split(|&byte| byte == b'\n');
    let places = lines.filter_map(|line| line.split(|&byte| byte == b' ').nth(PLACE));
    let places = places.map(|place| PathBuf::from(OsString::from_vec(without_escapes(place))));
    Ok(places.filter(|place| place.starts_with(folder)).collect())
}

/// Spaces and the like are written as a backslash and three octal digits.
#[cfg(target_os = "linux")]
fn without_escapes(mut text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    while let Some((&byte, rest)) = text.split_first() {
        let digits = rest.get(..3).filter(|_| byte == b'\\');
        let number =
            digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        plain.push(number.unwrap_or(byte));
        text = if number.is_some() { &rest[3..] } else { rest };
    }
    plain
}

/// Where something is mounted at a folder or below it.
#[cfg(not(target_os = "linux"))]
pub fn within(folder: &Path) -> Result<Vec<PathBuf>> {
    by_device(folder)
}

/// The same by looking into every folder: only on folders is anything mounted there.
#[cfg(any(test, not(target_os = "linux")))]
fn by_device(folder: &Path) -> Result<Vec<PathBuf>> {
    use std::os::unix::fs::MetadataExt;
    let device = folder.symlink_metadata()?.dev();
    let above = folder.parent().map(Path::symlink_metadata).transpose()?;
    let is_mount = above.is_some_and(|above| above.dev() != device);
    let mut found = Vec::from_iter(is_mount.then(|| folder.to_owned()));
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            // One that has gone meanwhile has nothing on it.
            let about = is_folder.then(|| entry.metadata().ok()).flatten();
            match about {
                Some(about) if about.dev() == device => left.push(entry.path()),
                Some(_) => found.push(entry.path()),
                None => {}
            }
        }
    }
    Ok(found)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_place_with_a_space_is_read_as_it_is() {
        assert_eq!(without_escapes(br"/a\040b\134c\0"), br"/a b\c\0");
    }

    #[test]
    fn what_is_mounted_is_found_at_its_folder_and_below_others() {
        let proc = Path::new("/proc");
        let is_within = |folder| {
            within(Path::new(folder))
                .unwrap()
                .iter()
                .any(|it| it == proc)
        };
        assert!(is_within("/") && is_within("/proc"));
        assert!(!is_within("/proc/self"));
    }

    #[test]
    fn what_is_mounted_is_found_by_its_device_too() {
        let dev = Path::new("/dev");
        let found = by_device(dev).unwrap();
        let mut mounted = within(dev).unwrap();
        mounted.retain(|path| path.is_dir() && (path == dev || path.parent() == Some(dev)));
        assert!(mounted.iter().all(|path| found.contains(path)));
        let own = std::env::current_dir().unwrap().join("src");
        assert!(by_device(&own).unwrap().is_empty());
    }
}
