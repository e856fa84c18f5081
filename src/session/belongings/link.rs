//! A link to what the main checkout has.

use crate::finding::{FIX, Finding};
use crate::process::quote;
use crate::project::is_same;
use crate::session::belongings::inside::{self, Outside};
use crate::session::belongings::packages;
use crate::session::belongings::placing::Placing;
use crate::session::belongings::way::Way;
use anyhow::Result;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

pub(super) struct Link;

impl Way for Link {
    fn find(&self, worktree: &Path, path: &str) -> Result<String, Outside> {
        inside::reach(worktree, path)
    }

    /// What it leads to may have gone.
    fn is_placed(&self, from: &Path, to: &Path) -> bool {
        to.exists() || fs::read_link(to).is_ok_and(|target| target == from)
    }

    fn make(&self, from: &Path, to: &Path) -> Result<()> {
        Ok(symlink(from, to)?)
    }

    fn absent(&self, there: &Path) -> String {
        install_beside(there)
    }

    fn look(&self, placing: &Placing<'_>, checked: String, path: &str, to: &Path) -> Finding {
        let project = placing.session.project;
        let from = &project.main.join(path);
        if !to.is_symlink() {
            return Finding::fine(checked, "is the session's own");
        }
        let target = fs::read_link(to).unwrap_or_default();
        if !to.exists() {
            let found = format!("leads to {}, where nothing is", target.display());
            return Finding::failed(checked, found).cure(install_beside(from));
        }
        if is_same(from, to) {
            let fault = packages::fault(project, path);
            return fault.unwrap_or_else(|| Finding::fine(checked, "leads to the main checkout's"));
        }
        let found = format!("leads to {}, not to the main checkout's", target.display());
        Finding::warning(checked, found).cure(format!(
            "for a link to the main checkout's: rm {} && {FIX}",
            quote(&to.to_string_lossy())
        ))
    }
}

pub(super) fn install_beside(path: &Path) -> String {
    let folder = path.with_file_name("");
    format!("install what belongs there in {}", folder.display())
}
