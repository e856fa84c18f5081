//! git's index, read where git keeps it; see gitformat-index(5). It is read to save starting git where nothing has changed:
//! whatever is out of the ordinary is left to git.

use memchr::memmem;
use rustix::fs::{FileType, Stat};
use std::fs;
use std::path::Path;

/// What git found of a tracked file when it last wrote it or looked at it.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// The path from the checkout's root.
    pub path: &'a [u8],
    /// Ten numbers, each cut to 32 bits: when its inode and its contents were changed, in seconds and nanoseconds, its device,
    /// inode, mode, owner, group and size.
    seen: [u32; 10],
    /// Whether the index has the file as an empty one.
    is_empty: bool,
}

/// The files that git tracks in a checkout, in the order of their paths.
pub struct Index<'a> {
    /// All of them.
    pub entries: Vec<Entry<'a>>,
    /// The tree that they make up, as git writes its hash.
    pub tree: String,
}

/// Whether an index lists a file, as it does unless it is written in a way that git uses for very large ones.
pub fn lists(index: &Path, path: &str) -> bool {
    // Behind the length of the path, in 12 bits, and up to a zero.
    let (length, path) = (path.len().min(0xfff), [path.as_bytes(), b"\0"].concat());
    let index = fs::read(index).unwrap_or_default();
    memmem::find_iter(&index, &path).any(|at| {
        let flags = index[..at].last_chunk().copied().map(u16::from_be_bytes);
        flags.is_some_and(|flags| usize::from(flags & 0xfff) == length)
    })
}

/// The length of a hash in bytes.
const HASH: usize = 20;

/// What all empty files have as their hash.
const EMPTY: [u8; HASH] = [
    0xe6, 0x9d, 0xe2, 0x9b, 0xb2, 0xd1, 0xd6, 0x43, 0x4b, 0x8b, 0x29, 0xae, 0x77, 0x5a, 0xd8, 0xc2,
    0xe4, 0x8c, 0x53, 0x91,
];

/// Modes as git writes them: a link, and a file with its permissions.
const SYMLINK: u32 = 0o120_000;
const REGULAR: u32 = 0o100_000;
const KIND: u32 = 0o170_000;

impl<'a> Index<'a> {
    /// Reads an index of the second version, the one that git writes unless it needs more, with nothing in it that only git can
    /// judge: no submodule, conflict, hidden file or second part, and all of it in a tree that is written. None otherwise.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(b"DIRC\0\0\0\x02")?;
        let (rest, _checksum) = rest.split_last_chunk::<HASH>()?;
        let (count, mut rest) = number(rest)?;
        let mut entries = Vec::new();
        for _ in 0..count {
            let entry;
            (entry, rest) = Entry::read(rest)?;
            entries.push(entry);
        }
        let mut tree = None;
        while !rest.is_empty() {
            let (name, after) = rest.split_first_chunk::<4>()?;
            let (length, after) = number(after)?;
            let (extension, after) = after.split_at_checked(usize::try_from(length).ok()?)?;
            // One with a small letter changes what the entries mean.
            if !name[0].is_ascii_uppercase() {
                return None;
            }
            if name == b"TREE" {
                tree = root_of(extension);
            }
            rest = after;
        }
        Some(Self {
            entries,
            tree: tree?,
        })
    }
}

impl<'a> Entry<'a> {
    /// Reads the first entry of these, and gives the others.
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        /// How many bits of the flags tell how long the path is; the others are not set in an ordinary entry.
        const LENGTH: u16 = 0xfff;
        let mut seen = [0; 10];
        let mut rest = bytes;
        for field in &mut seen {
            (*field, rest) = number(rest)?;
        }
        let (hash, rest) = rest.split_first_chunk::<HASH>()?;
        let (flags, rest) = rest.split_first_chunk()?;
        let flags = u16::from_be_bytes(*flags);
        let length = rest.iter().position(|&byte| byte == 0)?;
        let is_ordinary = flags == LENGTH.min(u16::try_from(length).unwrap_or(LENGTH))
            && (seen[6] == SYMLINK || seen[6] & KIND == REGULAR);
        // Zeros fill it up to a multiple of eight bytes, at least one.
        let size = (bytes.len() - rest.len() + length + 8) & !7;
        let entry = Self {
            path: &rest[..length],
            seen,
            is_empty: *hash == EMPTY,
        };
        is_ordinary.then_some((entry, bytes.get(size..)?))
    }

    /// Whether a file is as git saw it, and was changed before the second in which the index was written: otherwise it may have
    /// been changed after git's look.
    pub fn is_still(&self, file: &Stat, index: &Stat) -> bool {
        let [
            ctime,
            ctime_nsec,
            mtime,
            mtime_nsec,
            _device,
            inode,
            mode,
            owner,
            group,
            size,
        ] = self.seen;
        let is_link = FileType::from_raw_mode(file.st_mode) == FileType::Symlink;
        let is_file = FileType::from_raw_mode(file.st_mode) == FileType::RegularFile;
        // Of the mode git keeps which of the two it is, and whether its owner may run it.
        (match mode {
            SYMLINK => is_link,
            _ => is_file && (mode & 0o100 != 0) == (file.st_mode & 0o100 != 0),
        }) && [ctime, mtime] == [cut(file.st_ctime), cut(file.st_mtime)]
            && [ctime_nsec, mtime_nsec] == [cut(file.st_ctime_nsec), cut(file.st_mtime_nsec)]
            && [inode, owner, group] == [cut(file.st_ino), file.st_uid, file.st_gid]
            && size == cut(file.st_size)
            // git also writes a size of zero for a file that it wants to look at again.
            && (size != 0 || self.is_empty)
            && file.st_mtime < index.st_mtime
    }
}

/// The tree of the root folder, from the extension that holds the trees of all; none if it is to be made anew.
fn root_of(extension: &[u8]) -> Option<String> {
    // Its path, which is empty, and how many entries and folders it has.
    let rest = extension.strip_prefix(b"\0")?;
    let end = rest.iter().position(|&byte| byte == b'\n')?;
    let (counts, rest) = (&rest[..end], &rest[end + 1..]);
    let (hash, _) = rest.split_first_chunk::<HASH>()?;
    let is_written = !counts.starts_with(b"-");
    is_written.then(|| {
        let digits = hash.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        let digits = digits.filter_map(|digit| char::from_digit(digit.into(), 16));
        digits.collect()
    })
}

/// A number as git keeps it.
fn cut(number: impl Into<i128>) -> u32 {
    u32::try_from(number.into() & i128::from(u32::MAX)).unwrap_or_default()
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*number), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An index with one file, with these flags beside the length of its path, and an extension.
    fn index(path: &str, flags: u16, extension: &[u8]) -> Vec<u8> {
        let mut bytes = b"DIRC\0\0\0\x02\0\0\0\x01".to_vec();
        for field in [1, 2, 3, 4, 5, 6, 0o100_644, 8, 9, 10_u32] {
            bytes.extend(field.to_be_bytes());
        }
        bytes.extend([7; HASH]);
        bytes.extend((flags | u16::try_from(path.len().min(0xfff)).unwrap()).to_be_bytes());
        bytes.extend(path.as_bytes());
        bytes.resize(12 + (62 + path.len() + 8) / 8 * 8, 0);
        bytes.extend(extension);
        bytes.extend([0; HASH]);
        bytes
    }

    fn tree(name: &str, counts: &str) -> Vec<u8> {
        let text = [b"\0", counts.as_bytes(), b"\n", &[0xab; HASH]].concat();
        let length = u32::try_from(text.len()).unwrap();
        [name.as_bytes(), &length.to_be_bytes(), &text].concat()
    }

    #[test]
    fn an_ordinary_index_is_read() {
        for path in ["a", "backend/manage.py", &"long/".repeat(1000)] {
            let bytes = index(path, 0, &tree("TREE", "1 0"));
            let index = Index::read(&bytes).unwrap();
            assert_eq!(index.tree, "ab".repeat(HASH));
            let [entry] = index.entries[..] else { panic!() };
            assert_eq!(entry.path, path.as_bytes());
        }
    }

    #[test]
    fn one_that_only_git_can_judge_is_not() {
        const TAKEN_AS_UNCHANGED: u16 = 0x8000;
        const IN_CONFLICT: u16 = 0x1000;
        let ordinary = tree("TREE", "1 0");
        for bytes in [
            index("a", TAKEN_AS_UNCHANGED, &ordinary),
            index("a", IN_CONFLICT, &ordinary),
            index("a", 0, &tree("TREE", "-1 0")),
            index("a", 0, &tree("link", "1 0")),
            index("a", 0, &[&ordinary[..], &tree("sdir", "1 0")].concat()),
            index("a", 0, b""),
        ] {
            assert!(Index::read(&bytes).is_none(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn one_that_is_cut_short_or_spoilt_is_read_without_a_panic(
            at in 0_usize..160,
            byte: u8,
            length in 0_usize..160,
        ) {
            let mut bytes = index("backend/manage.py", 0, &tree("TREE", "1 0"));
            let whole = bytes.len();
            bytes.truncate(length);
            if let Some(spoilt) = bytes.get_mut(at) {
                *spoilt = byte;
            }
            prop_assert!(length >= whole || Index::read(&bytes).is_none());
        }
    }
}
