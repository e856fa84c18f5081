//! What there is to know of each way in which a path of the worktree is made from the main checkout's.

use crate::finding::Finding;
use crate::problem::Problem;
use crate::session::belongings::inside::{self, Outside};
use crate::session::belongings::placing::Placing;
use anyhow::Result;
use std::path::Path;

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

    /// Whether what is there is what this makes, so that it may as well have been put there.
    fn is_made(&self, _from: &Path, _to: &Path) -> bool {
        false
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
