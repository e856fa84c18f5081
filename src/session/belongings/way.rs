//! The ways in which a path of the worktree is made from the main checkout's, and what there is to know of each.

use crate::finding::Finding;
use crate::problem::Problem;
use crate::session::belongings::clone::Cloned;
use crate::session::belongings::copy::{AsItIs, Copied, Folder};
use crate::session::belongings::database::Database;
use crate::session::belongings::inside::{self, Outside};
use crate::session::belongings::link::Link;
use crate::session::belongings::placing::Placing;
use anyhow::Result;
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
    /// What is known of it.
    pub(super) fn way(self) -> &'static dyn Way {
        match self {
            Self::Link => &Link,
            Self::Clone => &Cloned,
            Self::Database => &Database,
            Self::Copy => &Copied,
            Self::Folder => &Folder,
            Self::AsItIs => &AsItIs,
        }
    }
}

/// One of the ways, `from` the main checkout `to` the worktree.
pub(super) trait Way: Sync {
    /// Where a path of a worktree is, from its root: a link there is followed where it is not itself what belongs there.
    ///
    /// # Errors
    /// A link that leads out of the worktree.
    fn find(&self, worktree: &Path, path: &str) -> Result<String, Outside> {
        inside::follow(worktree, path)
    }

    /// Whether what is there is what belongs there; `is_as_placed` tells whether nobody has changed it since it was put there.
    fn is_placed(&self, _from: &Path, to: &Path, _is_as_placed: bool) -> bool {
        to.exists()
    }

    /// Why something of the main checkout is not for this way, if it is not.
    fn unfit(&self, _from: &Path, _path: &str) -> Option<Problem> {
        None
    }

    /// Makes it at `part`, where nothing is, to be renamed `to` its own place.
    ///
    /// # Errors
    /// If something can't be read or written.
    fn make(&self, from: &Path, part: &Path, to: &Path) -> Result<()>;

    /// What is to be done about one that the main checkout has not.
    fn absent(&self, there: &Path) -> String {
        let there = there.display();
        format!("a server that needs it fails until you write {there}")
    }

    /// What a look at one shows that is there.
    fn look(&self, placing: &Placing<'_>, path: &str, _to: &Path) -> Finding {
        placing.fine(path, "is there")
    }
}
