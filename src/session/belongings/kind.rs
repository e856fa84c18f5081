//! How a path of the worktree is made from the main checkout's, and what there is to know of each way.

use crate::file::make_folder_like;
use crate::finding::{FIX, Finding};
use crate::problem::Problem;
use crate::process::quote;
use crate::project::is_same;
use crate::session::belongings::inside::{self, Outside};
use crate::session::belongings::placing::Placing;
use crate::session::belongings::{clone, database, packages};
use anyhow::{Context, Result, bail};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// The ways there are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A symlink to it.
    Link,
    /// A folder of its own that costs next to nothing.
    Clone,
    /// A copy of a database that others may write to.
    Database,
    /// A copy of a file.
    Copy,
    /// A folder, for the files of it that [`super::files::included`] names.
    Folder,
    /// A copy of a file, or of a symlink as it is.
    AsItIs,
}

impl Kind {
    /// Where a path of a worktree is, from its root: a link there is followed where it is not itself what belongs there.
    pub(super) fn find(self, worktree: &Path, path: &str) -> Result<String, Outside> {
        match self {
            Self::Link | Self::Clone | Self::AsItIs => inside::reach(worktree, path),
            Self::Database | Self::Copy | Self::Folder => inside::follow(worktree, path),
        }
    }

    /// Whether what is there is what belongs there; `is_as_placed` tells whether nobody has changed it since it was put there.
    pub(super) fn is_placed(self, from: &Path, to: &Path, is_as_placed: bool) -> bool {
        let target = || fs::read_link(to).ok();
        match self {
            // What a link leads to may have gone.
            Self::Link => match target() {
                Some(target) if target == from => true,
                // An older layout, or an older version, had it copied; or the project is a copy of another one.
                Some(_) => to.exists() && !(is_as_placed && from.exists()),
                None => to.exists() && !(is_as_placed && to.is_file()),
            },
            Self::Clone => to.exists() && !to.is_symlink(),
            Self::AsItIs => {
                to.exists() || target().is_some_and(|it| fs::read_link(from).ok() == Some(it))
            }
            Self::Database | Self::Copy | Self::Folder => to.exists(),
        }
    }

    /// Why something of the main checkout is not for this way, if it is not.
    pub(super) fn unfit(self, from: &Path, path: &str) -> Option<Problem> {
        match self {
            Self::Clone => clone::unfit(from, path),
            _ => None,
        }
    }

    /// Makes it at `part`, where nothing is, to be renamed `to` its own place.
    pub(super) fn make(self, from: &Path, part: &Path, to: &Path) -> Result<()> {
        match self {
            Self::Link => Ok(symlink(from, part)?),
            Self::Clone => clone::make(from, part, to),
            Self::Database => database::copy(from, part, to),
            Self::Folder => Ok(make_folder_like(from, part)?),
            Self::AsItIs if from.is_symlink() => Ok(symlink(fs::read_link(from)?, part)?),
            Self::Copy | Self::AsItIs if !from.is_file() => {
                bail!("{} is not a file", from.display())
            }
            // As with all that git checks out nobody waits for the disk: the original is there.
            Self::Copy | Self::AsItIs => {
                let copied = fs::copy(from, part);
                copied.with_context(|| format!("cannot copy {}", from.display()))?;
                Ok(())
            }
        }
    }

    /// What is to be done about one that the main checkout has not.
    pub(super) fn absent(self, there: &Path) -> String {
        match self {
            Self::Link | Self::Clone => install_beside(there),
            Self::Database => {
                let folder = there.with_file_name("");
                format!("make one in {} with your migrations", folder.display())
            }
            Self::Copy | Self::Folder | Self::AsItIs => {
                let there = there.display();
                format!("a server that needs it fails until you write {there}")
            }
        }
    }

    /// What a look at one shows that is there.
    pub(super) fn look(self, placing: &Placing<'_>, path: &str, to: &Path) -> Finding {
        match self {
            Self::Link => look_at_link(placing, path, to),
            Self::Clone => placing.fine(path, "is a folder of its own"),
            Self::Database => database::look(placing, path, to),
            Self::Copy | Self::Folder | Self::AsItIs => placing.fine(path, "is there"),
        }
    }
}

fn look_at_link(placing: &Placing<'_>, path: &str, to: &Path) -> Finding {
    let (project, checked) = (placing.session.project, placing.checked(path));
    let from = &project.main.join(path);
    let Ok(target) = fs::read_link(to) else {
        return Finding::fine(checked, "is the session's own");
    };
    let target = target.display();
    if !to.exists() {
        let found = format!("leads to {target}, where nothing is");
        return Finding::failed(checked, found).cure(install_beside(from));
    }
    if is_same(from, to) {
        let fault = packages::fault(project, path);
        return fault.unwrap_or_else(|| Finding::fine(checked, "leads to the main checkout's"));
    }
    let found = format!("leads to {target}, not to the main checkout's");
    let link = quote(&to.to_string_lossy());
    let cure = format!("for a link to the main checkout's: rm {link} && {FIX}");
    Finding::warning(checked, found).cure(cure)
}

fn install_beside(path: &Path) -> String {
    let folder = path.with_file_name("");
    format!("install what belongs there in {}", folder.display())
}
