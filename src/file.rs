//! Files that others make: there may be none, or something in its place that is no file. And folders like theirs.

use crate::hint::Hint;
use crate::process::quote_path;
use anyhow::{Context, Result};
use rustix::fs::{Access, OFlags, access};
use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::iter;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Opens a file for reading; none if there is no such file. Whatever else is in its place is not touched: a pipe would be
/// waited for until somebody writes to it.
///
/// # Errors
/// If it can't be read, or is not a file.
pub fn open_if_there(path: &Path) -> Result<Option<File>> {
    let open = || {
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        // It may have become a pipe just now.
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        File::options().read(true).custom_flags(flags).open(path)
    };
    match open() {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Whether a file begins with these bytes; no more of it is read.
pub fn begins_with(path: &Path, bytes: &[u8]) -> bool {
    let mut beginning = vec![0; bytes.len()];
    let file = open_if_there(path).ok().flatten();
    file.is_some_and(|mut file| file.read_exact(&mut beginning).is_ok()) && beginning == bytes
}

/// Whether two files have the same bytes from here on.
///
/// # Errors
/// If one can't be read.
pub fn have_same_bytes(one: &File, other: &File) -> io::Result<bool> {
    const AT_ONCE: usize = 64 * 1024;
    let mut one = BufReader::with_capacity(AT_ONCE, one);
    let mut other = BufReader::with_capacity(AT_ONCE, other);
    loop {
        let (here, there) = (one.fill_buf()?, other.fill_buf()?);
        let length = here.len().min(there.len());
        if length == 0 || here[..length] != there[..length] {
            return Ok(here.is_empty() && there.is_empty());
        }
        one.consume(length);
        other.consume(length);
    }
}

/// Whether a folder is there, with nothing in it.
pub fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

/// Makes a folder that is as open to others as another one.
///
/// # Errors
/// If that can't be looked at, or the folder can't be made.
pub fn make_folder_like(from: &Path, to: &Path) -> io::Result<()> {
    let mode = fs::metadata(from)?.permissions().mode();
    fs::create_dir(to)?;
    fs::set_permissions(to, Permissions::from_mode(mode | 0o700))
}

/// Looks whether something can be made, or renamed, at a path.
///
/// # Errors
/// If its folder is not there or can't be written, with what to type.
pub fn check_room(path: &Path) -> Result<()> {
    let dir = path.parent().unwrap_or(path);
    let quoted = quote_path(dir);
    let hint = if dir.exists() {
        format!("see who may write there: ls -ld {quoted}")
    } else {
        format!("make its folder: mkdir -p {quoted}")
    };
    access(dir, Access::WRITE_OK | Access::EXEC_OK).hint(hint)
}

/// What every `SQLite` database begins with.
pub const SQLITE: &[u8] = b"SQLite format 3\0";

/// What a file had at one moment.
pub struct Seen {
    /// All of it.
    pub bytes: Vec<u8>,
    stamp: Stamp,
}

/// Which file it was, and when it was changed last: another one of the same name has another number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    file: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// That of the file at a path, if there is one.
    pub fn at(path: &Path) -> Option<Self> {
        Some(Self::of(&fs::metadata(path).ok()?))
    }

    /// That of a file which is like this.
    pub fn of(about: &Metadata) -> Self {
        Self {
            file: (about.dev(), about.ino()),
            size: about.size(),
            modified: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
        }
    }
}

impl Seen {
    /// Reads a file; none if there is no such file.
    ///
    /// # Errors
    /// As [`open_if_there`].
    pub fn look(path: &Path) -> Result<Option<Self>> {
        let Some(mut file) = open_if_there(path)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        let read = file.metadata().and_then(|about| {
            file.read_to_end(&mut bytes)?;
            Ok(Stamp::of(&about))
        });
        let stamp = read.with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Some(Self { bytes, stamp }))
    }

    /// Whether the file is the very same still, and was not changed since. It is not read again: that can be asked right
    /// before it is replaced.
    pub fn is_still_there(&self, path: &Path) -> bool {
        Stamp::at(path) == Some(self.stamp)
    }
}

/// A file's bytes; none if there is no such file.
///
/// # Errors
/// As [`open_if_there`].
pub fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>> {
    Ok(Seen::look(path)?.map(|seen| seen.bytes))
}

/// A file's text; none if there is no such file.
///
/// # Errors
/// As [`open_if_there`], or if it is not in UTF-8.
pub fn read_text_if_there(path: &Path) -> Result<Option<String>> {
    let text = read_if_there(path)?.map(String::from_utf8).transpose();
    text.with_context(|| format!("cannot read {}: it is not in UTF-8", path.display()))
}

/// A folder and all that is in it, with what each is like; links are not followed. What can't be looked at is left out.
pub fn walk(folder: &Path) -> impl Iterator<Item = (PathBuf, Metadata)> {
    let mut left = vec![folder.to_owned()];
    let mut seen: Option<PathBuf> = None;
    iter::from_fn(move || {
        // Whoever had it may have made it readable.
        let entries = seen.take().and_then(|folder| fs::read_dir(folder).ok());
        let entries = entries.into_iter().flatten().flatten();
        left.extend(entries.map(|entry| entry.path()));
        let (path, about) = iter::from_fn(|| left.pop())
            .find_map(|path| path.symlink_metadata().ok().map(|about| (path, about)))?;
        seen = about.is_dir().then(|| path.clone());
        Some((path, about))
    })
}
