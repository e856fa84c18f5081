//! The one place that looks at the project.

use crate::file::{begins_with, read_if_there};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// So many folders below the root files are looked for.
const DEPTH: usize = 3;

/// Folders that hold what others have made.
const OF_OTHERS: [&str; 6] = [
    "node_modules",
    "vendor",
    "dist",
    "build",
    "target",
    "site-packages",
];

/// The files and folders of a main checkout, by their paths from its root and nearest first, but for those that are hidden or
/// ignored as a whole.
pub struct Checkout {
    root: PathBuf,
    ignored: BTreeSet<String>,
    folders: Vec<String>,
    files: Vec<String>,
    /// The files of the folders that are ignored as a whole, but for those below them: no part of the project, but it may have
    /// its data there.
    kept: Vec<String>,
}

impl Checkout {
    /// Looks at it. `ignored` is what git ignores there, a folder with a slash at its end.
    pub fn look(root: &Path, ignored: impl IntoIterator<Item = String>) -> Self {
        let mut checkout = Self {
            root: root.to_owned(),
            ignored: ignored.into_iter().collect(),
            folders: vec![String::new()],
            files: Vec::new(),
            kept: Vec::new(),
        };
        let mut next = 0;
        while let Some(folder) = checkout.folders.get(next).cloned() {
            checkout.enter(&folder);
            next += 1;
        }
        checkout
    }

    /// Notes what is in a folder. What can't be read is not there.
    fn enter(&mut self, folder: &str) {
        for name in self.names(folder) {
            let path = join(folder, &name);
            let there = self.root.join(&path);
            if !there.is_dir() {
                self.files.push(path);
                continue;
            }
            if there.is_symlink() || !self.is_own(&path, &name) {
                continue;
            }
            if self.ignored.contains(&format!("{path}/")) {
                let there = self.names(&path).into_iter();
                let files = there.map(|name| join(&path, &name));
                let files = files.filter(|file| !self.root.join(file).is_dir());
                let files: Vec<_> = files.collect();
                self.kept.extend(files);
            } else {
                self.folders.push(path);
            }
        }
    }

    /// The names of all that is in a folder.
    fn names(&self, folder: &str) -> BTreeSet<String> {
        let entries = fs::read_dir(self.root.join(folder)).into_iter().flatten();
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        // A path with one of these can't stand in a layout.
        let is_refused = |letter: char| letter.is_control() || "*?".contains(letter);
        names.filter(|name| !name.contains(is_refused)).collect()
    }

    /// Whether a folder may have a part of the project in it, or its data.
    fn is_own(&self, path: &str, name: &str) -> bool {
        path.split('/').count() <= DEPTH
            && !name.starts_with('.')
            && !OF_OTHERS.contains(&name)
            // A virtual environment.
            && !self.has(&join(path, "pyvenv.cfg"))
    }

    /// The folders at most two below the root, in which a part of the project may begin; the root first.
    pub fn folders(&self) -> impl DoubleEndedIterator<Item = &str> {
        let folders = self.folders.iter().map(String::as_str);
        folders.filter(|folder| folder.split('/').count() < DEPTH)
    }

    /// The files below a folder, by their paths from it.
    pub fn files_below(&self, folder: &str) -> impl Iterator<Item = &str> {
        let files = self.files.iter();
        files.filter_map(move |file| below(folder, file))
    }

    /// The names of the files in a folder.
    pub fn names_in(&self, folder: &str) -> impl Iterator<Item = &str> {
        self.files_below(folder).filter(|file| !file.contains('/'))
    }

    /// Whether something is there, hidden and ignored things too.
    pub fn has(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    /// The files that git ignores, by their paths from the root.
    pub fn ignored_files(&self) -> impl Iterator<Item = &str> {
        let files = self.files.iter().filter(|file| self.is_ignored(file));
        files.chain(&self.kept).map(String::as_str)
    }

    /// Whether git ignores a file.
    pub fn is_ignored(&self, path: &str) -> bool {
        self.ignored.contains(path)
    }

    /// A file's bytes; none if they can't be read.
    pub fn bytes(&self, path: &str) -> Vec<u8> {
        let bytes = read_if_there(&self.root.join(path)).ok().flatten();
        bytes.unwrap_or_default()
    }

    /// Whether a file begins with these bytes.
    pub fn begins_with(&self, path: &str, bytes: &[u8]) -> bool {
        begins_with(&self.root.join(path), bytes)
    }

    /// A file's text; empty if it can't be read.
    pub fn text(&self, path: &str) -> String {
        String::from_utf8_lossy(&self.bytes(path)).into_owned()
    }
}

/// The nearest folder, from this one up to the root, for which there is an answer.
pub fn upwards<T>(folder: &str, answer: impl FnMut(&str) -> Option<T>) -> Option<T> {
    let parents = Path::new(folder).ancestors();
    parents.filter_map(Path::to_str).find_map(answer)
}

/// Whether a file's name ends with a dot and one of these words.
pub fn is_of(file: &str, kinds: &[&str]) -> bool {
    let end = file.rsplit_once('.');
    end.is_some_and(|(_, end)| kinds.contains(&end))
}

/// A path in a folder, which is empty for the root.
pub fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

/// What is behind a folder in a path.
pub fn below<'a>(folder: &str, path: &'a str) -> Option<&'a str> {
    if folder.is_empty() {
        return Some(path);
    }
    path.strip_prefix(folder)?.strip_prefix('/')
}
