//! git's worktrees, read where git keeps them; see gitrepository-layout(5). No process is started for it, but where refs
//! are kept in tables, and for the submodules of one that was moved.

use super::{Branch, Git, line_of};
use crate::project::{self, without_symlinks};
use anyhow::{Context, Result};
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// git locks a worktree with this word while it makes it.
pub(super) const INITIALIZING: &str = "initializing";

/// A worktree as git knows it.
#[derive(Debug)]
pub struct Worktree {
    /// Its folder, which may be gone.
    pub path: PathBuf,
    /// What git keeps of it; for the main checkout the common git folder itself.
    pub admin: PathBuf,
    /// The branch that is checked out, without `refs/heads/`.
    pub branch: Option<String>,
    /// Why it is locked, if it is.
    pub locked: Option<String>,
}

/// Every worktree of the repository with this common git folder, the main checkout first.
pub fn list(common: &Path) -> Result<Vec<Worktree>> {
    let main = common.parent().unwrap_or(common);
    // Where refs are kept in tables, a worktree's HEAD says nothing, and git is asked for all at once.
    let told = common.join("reftable").exists();
    let told = told.then(|| Git::at(main).branches(["refs/heads"]));
    let told = told.transpose()?;
    let mut worktrees = vec![Worktree {
        path: main.to_owned(),
        admin: common.to_owned(),
        branch: branch(common, main, told.as_deref()),
        locked: None,
    }];
    let dir = common.join("worktrees");
    let entries = match fs::read_dir(&dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(worktrees),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", dir.display())),
    };
    for entry in entries {
        let admin = entry
            .with_context(|| format!("cannot read {}", dir.display()))?
            .path();
        // Without the file it is none, or just being made or removed: git passes it over too.
        let Some(path) = folder_of(&admin) else {
            continue;
        };
        worktrees.push(Worktree {
            branch: branch(&admin, &path, told.as_deref()),
            locked: locked(&admin),
            path,
            admin,
        });
    }
    Ok(worktrees)
}

impl Worktree {
    /// Whether git was just making it when a command was killed: what is in it is nobody's work.
    pub fn is_half_made(&self) -> bool {
        self.locked.as_deref() == Some(INITIALIZING)
    }

    /// Whether a branch is checked out there, or will be when what git is in the middle of ends.
    pub fn holds(&self, branch: &str) -> bool {
        const STARTED_ON: [&str; 3] = [
            "rebase-merge/head-name",
            "rebase-apply/head-name",
            "BISECT_START",
        ];
        let is_named_in = |file| {
            let named = fs::read_to_string(self.admin.join(file)).unwrap_or_default();
            named.trim_end().trim_start_matches("refs/heads/") == branch
        };
        self.branch.as_deref() == Some(branch)
            || self.branch.is_none() && STARTED_ON.into_iter().any(is_named_in)
    }

    /// Whether its folder is a worktree of another repository, of which this one may be a copy.
    pub fn is_another_s(&self) -> bool {
        let named = project::admin_folder(&self.path).ok().flatten();
        named.is_some_and(|named| {
            !project::is_same(&named, &self.admin) && knows(&named, &self.path)
        })
    }

    /// Whether it is the one at this path, where nothing may be.
    pub fn is_at(&self, path: &Path) -> bool {
        let real = without_symlinks(path);
        self.path == path || real.is_some() && real == without_symlinks(&self.path)
    }

    /// Whether its folder is there, and has a `.git` file no more, or one that leads nowhere.
    pub fn has_lost_git_file(&self) -> bool {
        match project::admin_folder(&self.path) {
            Ok(admin) => admin.is_none_or(|admin| !admin.exists()),
            Err(_) => self.path.is_dir() && self.path.join(".git").symlink_metadata().is_err(),
        }
    }

    /// Where its folder is, if that was moved without telling git and is one of those in `dir`.
    pub fn moved_to(&self, dir: &Path) -> Option<PathBuf> {
        let is_there = self.path.exists();
        if is_there { None } else { self.found_in(dir) }
    }

    /// The folder in `dir` that names it.
    pub fn found_in(&self, dir: &Path) -> Option<PathBuf> {
        let entries = fs::read_dir(dir).ok()?.flatten();
        // What was removed is kept under such a name.
        let shown = entries.filter(|entry| !entry.file_name().as_bytes().starts_with(b"."));
        let mut folders = shown.map(|entry| entry.path());
        folders.find(|folder| is_named_by(&self.admin, folder))
    }
}

impl Git<'_> {
    /// Where a submodule is, as the configuration of its repository says: mostly from there.
    pub fn submodule_in(self, config: &Path) -> Result<Option<PathBuf>> {
        let asked = self.run("config --file").arg(config);
        let answer = asked.args(["--get", "core.worktree"]).output()?;
        let path = line_of(&answer);
        Ok(Some(path)
            .filter(|path| !path.is_empty())
            .map(PathBuf::from))
    }

    /// Has that configuration name this folder.
    pub fn set_submodule_in(self, config: &Path, folder: &Path) -> Result<()> {
        let set = self.run("config --file").arg(config);
        set.arg("core.worktree").arg(folder).insist()?;
        Ok(())
    }
}

/// Whether a folder's `.git` file names what git keeps, or kept, of a worktree here: by its path; or, where the repository was moved
/// or copied, by its name alone, and nothing is where it names it, or something that does not know the folder.
pub fn is_named_by(admin: &Path, folder: &Path) -> bool {
    let Ok(Some(named)) = project::admin_folder(folder) else {
        return false;
    };
    let is_called_so = named.file_name() == admin.file_name()
        && named.parent().is_some_and(|it| it.ends_with("worktrees"));
    project::is_same(&named, admin) || is_called_so && !knows(&named, folder)
}

/// Whether what git keeps of a worktree says that this folder is it.
fn knows(admin: &Path, folder: &Path) -> bool {
    let is_folder = |known: PathBuf| project::is_same(&known.join(".git"), &folder.join(".git"));
    folder_of(admin).is_some_and(is_folder)
}

/// Why a worktree is locked, if it is, as what git keeps of it says.
fn locked(admin: &Path) -> Option<String> {
    let reason = fs::read_to_string(admin.join("locked")).ok()?;
    Some(reason.trim_end().to_owned())
}

/// Whether git has made all of the worktree of which it keeps this.
pub fn is_whole(admin: &Path) -> bool {
    locked(admin).as_deref() != Some(INITIALIZING)
}

/// The folder that git names in what it keeps of a worktree.
fn folder_of(admin: &Path) -> Option<PathBuf> {
    let dot_git = fs::read(admin.join("gitdir")).ok()?;
    let dot_git = Path::new(OsStr::from_bytes(dot_git.trim_ascii_end()));
    let path = admin.join(dot_git.parent().unwrap_or(dot_git));
    // A newer git may write it as a path from its own folder.
    let real = dot_git.is_relative().then(|| without_symlinks(&path));
    Some(real.flatten().unwrap_or(path))
}

/// The repositories that git keeps of submodules, those in others too.
pub fn submodules(modules: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(modules).into_iter().flatten().flatten() {
        let path = entry.path();
        // The name of a submodule may have slashes.
        if path.join("HEAD").is_file() && path.join("objects").is_dir() {
            found.extend(submodules(&path.join("modules")));
            found.push(path);
        } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(submodules(&path));
        }
    }
    found
}

/// The commit of a branch with this full name, in the repository with this common git folder; none if it is not there, or if
/// only git can tell.
pub fn tip(common: &Path, refname: &str) -> Option<String> {
    let read = |file: &str| fs::read_to_string(common.join(file)).ok();
    // Where refs are kept in tables, those files are no refs.
    if common.join("reftable").exists() {
        return None;
    }
    let tip = read(refname).or_else(|| {
        let packed = read("packed-refs")?;
        let mut refs = packed.lines().filter_map(|line| line.split_once(' '));
        Some(refs.find(|(_, name)| *name == refname)?.0.to_owned())
    });
    Some(tip?.trim_end().to_owned()).filter(|tip| names_something(tip))
}

/// Whether what is in the file of a ref leads anywhere.
fn names_something(tip: &str) -> bool {
    tip.starts_with("ref: ") || tip.starts_with(|digit: char| digit.is_ascii_hexdigit())
}

/// The file of a branch that a power cut has left without a commit, if there is one. git says that there is no such branch, and
/// neither makes it again nor takes it away.
pub fn broken_branch(common: &Path, name: &str) -> Option<PathBuf> {
    let file = common.join("refs/heads").join(name);
    let text = fs::read(&file).ok()?;
    (!names_something(&String::from_utf8_lossy(&text))).then_some(file)
}

/// The branch that a checkout is on, as its `HEAD` says, or as git has told.
fn branch(admin: &Path, checkout: &Path, told: Option<&[Branch]>) -> Option<String> {
    let head = match told {
        None => fs::read_to_string(admin.join("HEAD")).ok()?,
        Some(branches) => {
            let is_here = |branch: &&Branch| branch.worktree.as_deref() == Some(checkout);
            format!("ref: {}", branches.iter().find(is_here)?.refname)
        }
    };
    let branch = head.trim_end().strip_prefix("ref: refs/heads/")?;
    Some(branch.to_owned())
}
