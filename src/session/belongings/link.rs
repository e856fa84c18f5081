//! A link to what the main checkout has.

use crate::finding::{FIX, Finding};
use crate::process::quote_path;
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
    fn is_placed(&self, from: &Path, to: &Path, is_as_placed: bool) -> bool {
        match fs::read_link(to) {
            Ok(target) if target == from => true,
            // An older layout, or an older version, had it copied; or the project is a copy of another one.
            Ok(_) => to.exists() && !(is_as_placed && from.exists()),
            Err(_) => to.exists() && !(is_as_placed && to.is_file()),
        }
    }

    fn is_made(&self, from: &Path, to: &Path) -> bool {
        fs::read_link(to).is_ok_and(|target| target == from)
    }

    fn make(&self, from: &Path, part: &Path, _to: &Path) -> Result<()> {
        Ok(symlink(from, part)?)
    }

    fn absent(&self, there: &Path) -> String {
        install_beside(there)
    }

    fn look(&self, placing: &Placing<'_>, path: &str, to: &Path) -> Finding {
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
            let fault = packages::fault(project, path).or_else(|| packages::behind(project, path));
            return fault.unwrap_or_else(|| Finding::fine(checked, "leads to the main checkout's"));
        }
        let found = format!("leads to {target}, not to the main checkout's");
        let link = quote_path(to);
        let cure = format!("for a link to the main checkout's: rm {link} && {FIX}");
        Finding::warning(checked, found).cure(cure)
    }
}

pub(super) fn install_beside(path: &Path) -> String {
    let folder = path.with_file_name("");
    format!("install what belongs there in {}", folder.display())
}
