//! A folder of a session's own that costs next to nothing: of packages, which programs replace and hardly ever write to.

use crate::file::{is_empty, make_folder_like};
use crate::finding::Finding;
use crate::layout::FILE;
use crate::parallel;
use crate::problem::Problem;
use crate::session::belongings::database;
use crate::session::belongings::inside::{self, Outside};
use crate::session::belongings::link::install_beside;
use crate::session::belongings::placing::Placing;
use crate::session::belongings::way::Way;
use crate::ui;
use anyhow::{Context, Result};
use serde_json::Value;
use std::ffi::OsStr;
use std::fs::{self, DirEntry, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What servers keep at the top of packages for themselves: each session's makes its own.
const CACHES: [&str; 2] = [".vite", ".cache"];

/// The scripts that a package manager runs in a package, when it installs or rebuilds it.
const SCRIPTS: [&str; 3] = ["preinstall", "install", "postinstall"];

/// Where a file is, by which it is known whether programs write to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the top: package managers keep their notes there.
    Top,
    /// Where something writes: in a hidden folder, which tools keep to themselves, as generators their code; in Composer's; and in
    /// a package with scripts of its own, which build or fetch a part of it.
    Written,
    /// In a package: that is replaced as a whole.
    Package,
}

impl Place {
    /// The same for what is in a folder here.
    fn below(self, folder: &Path) -> Self {
        let name = folder.file_name().unwrap_or_default();
        let is_written = name.as_encoded_bytes().starts_with(b".")
            || self == Self::Top && name == "composer"
            || self == Self::Written && name != "node_modules";
        if is_written || has_scripts(folder) {
            Self::Written
        } else {
            Self::Package
        }
    }
}

/// Whether a folder is a package that a package manager builds where it is.
fn has_scripts(folder: &Path) -> bool {
    let Ok(text) = fs::read_to_string(folder.join("package.json")) else {
        return false;
    };
    let scripts = || {
        let package: Value = serde_json::from_str(&text).unwrap_or_default();
        let scripts = &package["scripts"];
        SCRIPTS.iter().any(|name| scripts.get(name).is_some())
    };
    text.contains("install\"") && scripts() || folder.join("binding.gyp").exists()
}

/// A folder that is being cloned.
struct Tree<'a> {
    from: &'a Path,
    /// Where it grows.
    part: &'a Path,
    /// Where it will be.
    to: &'a Path,
    /// Whether that is not where the main checkout has it, but where a link there leads.
    is_elsewhere: bool,
    /// Whether the file system has copies that share their blocks, once that was tried.
    shares: OnceLock<bool>,
}

pub(super) struct Cloned;

impl Way for Cloned {
    fn find(&self, worktree: &Path, path: &str) -> Result<String, Outside> {
        inside::reach(worktree, path)
    }

    /// A link is no folder of its own, and an empty one of no use where the main checkout's has something.
    fn is_placed(&self, from: &Path, to: &Path, _is_as_placed: bool) -> bool {
        to.exists() && !to.is_symlink() && (!is_empty(to) || is_empty(from))
    }

    fn unfit(&self, from: &Path, path: &str) -> Option<Problem> {
        if !from.is_dir() {
            return Some(Problem::new(
                format!("{path} is not a folder, and only folders are cloned"),
                format!("have it in copy, in {FILE}"),
            ));
        }
        from.join("pyvenv.cfg").exists().then(|| {
            Problem::new(
                format!("{path} is an environment of Python, and a clone would install into the main checkout's"),
                format!("make one in each session: post_add under [hooks] in {FILE}"),
            )
        })
    }

    /// As copies that share their blocks where the file system has such, else as hard links, else as copies. The plain files at its
    /// top and those in hidden folders are always copies, as package managers and generators write to those.
    fn make(&self, from: &Path, part: &Path, to: &Path) -> Result<()> {
        let real =
            fs::canonicalize(from).with_context(|| format!("cannot open {}", from.display()))?;
        let tree = Tree {
            from: &real,
            part,
            to,
            is_elsewhere: from.is_symlink(),
            shares: OnceLock::new(),
        };
        tree.grow()
    }

    fn absent(&self, there: &Path) -> String {
        install_beside(there)
    }

    fn look(&self, placing: &Placing<'_>, path: &str, _to: &Path) -> Finding {
        placing.fine(path, "is a folder of its own")
    }
}

impl Tree<'_> {
    fn grow(&self) -> Result<()> {
        let entries = fs::read_dir(self.from).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries =
            entries.with_context(|| format!("cannot read {}", self.from.display()))?;
        entries.retain(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            CACHES.iter().all(|cache| !name.starts_with(cache))
        });
        make_folder_like(self.from, self.part)
            .with_context(|| format!("cannot make the folder {}", self.part.display()))?;
        let done = AtomicUsize::new(0);
        let percent = || u64::try_from(done.load(Relaxed) * 100 / entries.len().max(1)).ok();
        let what = format!("cloning {}", self.from.display());
        let cloned = ui::with_progress(&what, percent, || {
            parallel::map(&entries, |entry| {
                let cloned = self.entry(entry, self.part, Place::Top);
                done.fetch_add(1, Relaxed);
                cloned
            })
        });
        cloned.into_iter().collect()
    }

    /// Clones what a folder has of a name into another one.
    fn entry(&self, entry: &DirEntry, folder: &Path, place: Place) -> Result<()> {
        let (from, to) = (entry.path(), folder.join(entry.file_name()));
        let failed = || format!("cannot clone {}", from.display());
        let kind = entry.file_type().with_context(failed)?;
        if kind.is_dir() {
            make_folder_like(&from, &to)
                .with_context(|| format!("cannot make the folder {}", to.display()))?;
            let below = place.below(&from);
            for entry in fs::read_dir(&from).with_context(failed)? {
                self.entry(&entry.with_context(failed)?, &to, below)?;
            }
            Ok(())
        } else if kind.is_symlink() {
            let target = fs::read_link(&from).with_context(failed)?;
            symlink(self.own(&from, target), &to).with_context(failed)
        } else if kind.is_file() {
            self.file(&from, &to, place).with_context(failed)
        } else {
            // A socket or a pipe is its maker's.
            Ok(())
        }
    }

    /// A link's target: what is in the folder itself is in the clone too. Where the main checkout has the folder by a link, what leads
    /// out of it goes on to lead there.
    fn own(&self, link: &Path, target: PathBuf) -> PathBuf {
        let is_absolute = target.is_absolute();
        if !is_absolute && !self.is_elsewhere {
            return target;
        }
        let whole = link.with_file_name("").join(&target);
        let there = fs::canonicalize(&whole).unwrap_or(whole);
        match there.strip_prefix(self.from) {
            Ok(below) if is_absolute => self.to.join(below),
            Err(_) if !is_absolute => there,
            _ => target,
        }
    }

    fn file(&self, from: &Path, to: &Path, place: Place) -> Result<()> {
        if may_be_database(from) && database::is_one(from) {
            return database::copy(from, to, to);
        }
        let of_database = database::beside(from);
        if of_database.is_some_and(|database| may_be_database(&database) && database.is_file()) {
            // What SQLite keeps beside a database means another one than the copy.
            return Ok(());
        }
        let shares = *self.shares.get_or_init(|| can_share_blocks(from, to));
        if !shares && place == Place::Package {
            match fs::hard_link(from, to) {
                // It may be on another file system or somebody else's, or have as many names as it can.
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {}
                linked => return Ok(linked?),
            }
        }
        fs::copy(from, to)?;
        let written = fs::metadata(from)?.modified()?;
        Ok(File::open(to)?.set_modified(written)?)
    }
}

/// Whether a file is called as databases are: the first bytes of each of thousands of others need not be read.
fn may_be_database(path: &Path) -> bool {
    let end = path.extension().map(OsStr::to_string_lossy);
    end.is_none_or(|end| end.contains("db") || end.contains("sql"))
}

/// Whether a copy of a file can share its blocks until one of the two is written to: then every one that the system makes does.
fn can_share_blocks(from: &Path, to: &Path) -> bool {
    #[cfg(target_os = "macos")]
    let share = |source: File| {
        use rustix::fs::{CWD, CloneFlags, fclonefileat};
        Ok(fclonefileat(source, CWD, to, CloneFlags::empty())?)
    };
    #[cfg(not(target_os = "macos"))]
    let share = |source: File| Ok(rustix::fs::ioctl_ficlone(File::create_new(to)?, source)?);
    let shared: io::Result<()> = File::open(from).and_then(share);
    // It is copied like the others.
    let _ = fs::remove_file(to);
    shared.is_ok()
}
