//! The project: a repository with its main checkout.

mod bare;
pub mod config;

use crate::file::read_text_if_there;
use crate::hint::Hint;
use crate::name::SessionName;
use crate::process::quote_path;
use anyhow::{Context, Result, anyhow, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// A git repository whose main checkout has its `.git` folder.
#[derive(Debug)]
pub struct Project {
    /// The main checkout, without symlinks in its path.
    pub main: PathBuf,
    /// The common git folder: `.git` of the main checkout.
    pub common: PathBuf,
    /// The name of the main checkout's folder.
    pub name: String,
}

impl Project {
    /// The project of a folder anywhere inside its main checkout or any worktree of it.
    ///
    /// Reads the files `.git` and `commondir` as gitrepository-layout(5) describes them, and starts no process.
    ///
    /// # Errors
    /// If the folder is in no repository, or in one without a main checkout.
    pub fn discover(dir: &Path) -> Result<Self> {
        let dir = fs::canonicalize(dir)
            .with_context(|| format!("cannot open the folder {}", dir.display()))?;
        let Some((top, dot_git)) = dir
            .ancestors()
            .map(|top| (top, top.join(".git")))
            .find(|(_, git)| git.exists())
        else {
            dir.ancestors().try_for_each(bare::refuse)?;
            return Err(anyhow!("{} is not inside a git repository", dir.display()))
                .hint("go to the project's folder, or name it: tally-session -C <folder> …");
        };
        if dot_git.is_dir() {
            let common = fs::canonicalize(&dot_git)
                .with_context(|| format!("cannot open {}", dot_git.display()))?;
            bare::refuse(&common)?;
            return Self::new(top, common);
        }
        let no_worktree = || {
            format!(
                "{} is no git worktree: it names no folder",
                dot_git.display()
            )
        };
        let admin = admin_folder(top)?.with_context(no_worktree)?;
        let Ok(Some(common)) = read_text_if_there(&admin.join("commondir")) else {
            bare::refuse(&fs::canonicalize(&admin).unwrap_or(admin))?;
            bail!(
                "{} is a submodule, or has its git folder elsewhere: tally-session needs a main checkout with a .git folder",
                top.display()
            );
        };
        let common = admin.join(common.trim_end());
        let failed = || {
            format!(
                "cannot open the git folder {} of {}",
                common.display(),
                top.display()
            )
        };
        let common = fs::canonicalize(&common).with_context(failed)?;
        bare::refuse(&common)?;
        match common.parent().map(Path::to_owned) {
            Some(main) if common.ends_with(".git") && main.join(".git").is_dir() => {
                Self::new(&main, common)
            }
            _ => bail!(
                "{} was moved from its main checkout: go there, if there is one",
                common.display()
            ),
        }
    }

    fn new(main: &Path, common: PathBuf) -> Result<Self> {
        let name = main.file_name().and_then(|name| name.to_str());
        let name =
            name.with_context(|| format!("the folder {} has no name in UTF-8", main.display()))?;
        if main.to_string_lossy().contains(char::is_control) {
            bail!(
                "the path {:?} has a control character in it: it cannot be typed into a shell",
                main.display()
            );
        }
        Ok(Self {
            main: main.to_owned(),
            name: name.to_owned(),
            common,
        })
    }

    /// git in the main checkout, as a person types it.
    pub fn git(&self) -> String {
        format!("git -C {}", quote_path(&self.main))
    }

    /// Where a session's worktree goes: beside the main checkout.
    pub fn worktree_path(&self, name: &SessionName) -> PathBuf {
        self.main
            .with_file_name(format!("{}-{}", self.name, name.slug()))
    }

    /// A name for which a session's worktree would be at this path, if there is one.
    pub fn name_at(&self, path: &Path) -> Option<SessionName> {
        let beside = path.parent() == self.main.parent();
        let name = path.file_name()?.to_str().filter(|_| beside)?;
        let slug = name.strip_prefix(&self.name)?.strip_prefix('-')?;
        SessionName::parse(slug).ok()
    }

    /// Whether a folder is a worktree of this repository, as its own `.git` file says.
    pub fn owns_worktree(&self, dir: &Path) -> bool {
        let admin = admin_folder(dir).ok().flatten();
        let admin = admin.and_then(|admin| fs::canonicalize(admin).ok());
        admin.is_some_and(|admin| admin.parent() == Some(&self.common.join("worktrees")))
    }
}

/// The folder in the common git folder that belongs to a worktree, as its `.git` file names it; none if the file names none.
///
/// # Errors
/// If there is no such file.
pub fn admin_folder(worktree: &Path) -> Result<Option<PathBuf>> {
    let file = worktree.join(".git");
    let text = read_text_if_there(&file)?;
    let text = text.with_context(|| format!("cannot read {}: it is not there", file.display()))?;
    let admin = text.strip_prefix("gitdir: ");
    Ok(admin.map(|admin| worktree.join(admin.trim_end_matches(['\r', '\n']))))
}

/// Whether two paths lead to the same thing.
pub fn is_same(one: &Path, other: &Path) -> bool {
    let there = fs::canonicalize(one).ok();
    there.is_some() && there == fs::canonicalize(other).ok()
}

/// A path without symlinks and dots, whose last part may lead to nothing.
pub fn without_symlinks(path: &Path) -> Option<PathBuf> {
    let folder = fs::canonicalize(path.parent()?).ok()?;
    Some(folder.join(path.file_name()?))
}
