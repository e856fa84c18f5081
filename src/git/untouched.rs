//! Seeing without git that a checkout is as git left it, which is the most common answer and the cheapest. Whatever was changed,
//! and all that is in doubt, is git's to judge.

use super::Git;
use super::files::{self, FEW};
use super::index::{Entry, Index};
use super::work::Head;
use super::worktrees::tip;
use crate::parallel;
use crate::project;
use anyhow::Result;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use rustix::io::Errno;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// From so many folders on several are looked into at once.
const MANY: usize = 50;

/// A checkout whose tracked files are all as its index has them.
pub struct Untouched {
    /// The tree that the files make up.
    pub tree: String,
    /// The full name of the branch that is checked out, if one is.
    pub refname: Option<String>,
    /// The commit that is checked out.
    pub commit: String,
    /// What git would show as new: files, and other repositories, with a slash at the end.
    pub new: Vec<String>,
    /// All that it does not track, with what it ignores: a folder without tracked files as a whole, with a slash at the end.
    pub others: Vec<String>,
}

impl Untouched {
    /// Whether its files are those of the commit that is checked out.
    pub fn is_at(&self, head: &Head) -> bool {
        self.commit == head.commit && self.tree == head.tree
    }
}

impl Git<'_> {
    /// How this worktree is seen, where the paths that are `ours` may be anything, or any folder, with a slash at the end; none if it is not as git left it, or if only
    /// git can tell.
    pub fn untouched(self, ours: &[String]) -> Result<Option<Untouched>> {
        let Some(mut seen) = look(self.dir, ours) else {
            return Ok(None);
        };
        seen.others.clone_from(&seen.new);
        if !seen.new.is_empty() {
            let wanted = Some(&seen.new).filter(|new| new.len() <= FEW);
            seen.new = self.untracked(wanted.into_iter().flatten())?;
            seen.new.retain(|path| !ours.contains(path));
        }
        Ok(Some(seen))
    }
}

/// The same, with all that the index and `ours` have nothing of as new.
fn look(checkout: &Path, ours: &[String]) -> Option<Untouched> {
    let admin = project::admin_folder(checkout).ok()??;
    let common = admin.parent()?.parent()?;
    let (refname, commit) = head(&admin, common)?;
    let mut file = File::open(admin.join("index")).ok()?;
    let written = fstat(&file).ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    let index = Index::read(&bytes)?;
    let folders = Folder::all(&index.entries, ours);
    let open = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = openat(CWD, checkout, open, Mode::empty()).ok()?;
    let others = parallel::map_many(MANY, &folders, |folder| folder.others(&root, &written));
    let others: Option<Vec<_>> = others.into_iter().collect();
    Some(Untouched {
        tree: index.tree,
        refname,
        commit,
        new: others?.concat(),
        others: Vec::new(),
    })
}

/// The branch that is checked out, and the commit; see gitrepository-layout(5).
fn head(admin: &Path, common: &Path) -> Option<(Option<String>, String)> {
    let head = fs::read_to_string(admin.join("HEAD")).ok()?;
    let head = head.trim_end().to_owned();
    match head.strip_prefix("ref: ") {
        None => Some((None, head)),
        // Other refs are kept elsewhere.
        Some(refname) if refname.starts_with("refs/heads/") => {
            Some((Some(refname.to_owned()), tip(common, refname)?))
        }
        Some(_) => None,
    }
}

/// What belongs into a folder of the checkout.
#[derive(Default)]
struct Folder<'a> {
    /// Its path from the root, without a slash at the end.
    path: &'a [u8],
    /// The tracked files in it, by their names and in that order.
    files: Vec<(&'a [u8], Entry<'a>)>,
    /// The folders in it that are looked into too.
    folders: Vec<&'a [u8]>,
    /// What may be there in it, and whether that is a folder.
    ours: Vec<(&'a [u8], bool)>,
}

impl<'a> Folder<'a> {
    /// All that tracked files and ours are in.
    fn all(entries: &[Entry<'a>], ours: &'a [String]) -> Vec<Self> {
        let mut all = vec![Self::default()];
        let mut places = HashMap::from([(&[][..], 0)]);
        let mut last = 0;
        for entry in entries {
            let (folder, name) = split(entry.path);
            if all[last].path != folder {
                last = Self::place(folder, &mut all, &mut places);
            }
            all[last].files.push((name, *entry));
        }
        for path in ours {
            let plain = path.trim_end_matches('/');
            let (folder, name) = split(plain.as_bytes());
            let at = Self::place(folder, &mut all, &mut places);
            all[at].ours.push((name, plain != path));
        }
        for folder in &mut all {
            folder.folders.sort_unstable();
            folder.ours.sort_unstable();
        }
        all
    }

    /// Where the folder of this path is among all; it and those above it are added if they are not there.
    fn place(path: &'a [u8], all: &mut Vec<Self>, places: &mut HashMap<&'a [u8], usize>) -> usize {
        if let Some(&place) = places.get(path) {
            return place;
        }
        let (above, name) = split(path);
        let above = Self::place(above, all, places);
        all[above].folders.push(name);
        all.push(Self {
            path,
            ..Self::default()
        });
        places.insert(path, all.len() - 1);
        all.len() - 1
    }

    /// What else is in it, folders with a slash at the end; none if a tracked file is not as it was, or something else is strange.
    fn others(&self, root: &OwnedFd, index: &Stat) -> Option<Vec<String>> {
        let here = if self.path.is_empty() {
            b"."
        } else {
            self.path
        };
        let open = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = match openat(root, here, open, Mode::empty()) {
            Ok(folder) => folder,
            // What can't be looked into may have anything in it.
            Err(Errno::ACCESS) => return None,
            // Without tracked files it may be gone; those of the folders in it are missed there.
            Err(_) => return self.files.is_empty().then(Vec::new),
        };
        let mut tracked = 0;
        let mut others = Vec::new();
        for file in Dir::read_from(&folder).ok()? {
            let file = file.ok()?;
            let name = file.file_name().to_bytes();
            let stat = || statat(&folder, file.file_name(), AtFlags::SYMLINK_NOFOLLOW).ok();
            if let Ok(at) = self.files.binary_search_by_key(&name, |(name, _)| name) {
                if !self.files[at].1.is_still(&stat()?, index) {
                    return None;
                }
                tracked += 1;
                continue;
            }
            let is_folder = match file.file_type() {
                FileType::Unknown => FileType::from_raw_mode(stat()?.st_mode),
                kind => kind,
            }
            .is_dir();
            match name {
                b"." | b".." => {}
                b".git" if self.path.is_empty() && !is_folder => {}
                // git treats another repository in its own way, as it does a folder that is something else now.
                b".git" => return None,
                name if self.folders.binary_search(&name).is_ok() => is_folder.then_some(())?,
                name if self.ours.binary_search(&(name, is_folder)).is_ok() => {}
                name if files::is_finders(name) && !is_folder => {}
                name => {
                    let slash: &[u8] = if is_folder { b"/" } else { b"" };
                    let between: &[u8] = if self.path.is_empty() { b"" } else { b"/" };
                    let path = [self.path, between, name, slash].concat();
                    others.push(String::from_utf8(path).ok()?);
                }
            }
        }
        (tracked == self.files.len()).then_some(others)
    }
}

/// A path's folder, without a slash at the end, and its name.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let slash = path.iter().rposition(|&byte| byte == b'/');
    slash.map_or((&[], path), |at| (&path[..at], &path[at + 1..]))
}
