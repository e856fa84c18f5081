//! Whether a project is as its layout says. Where it is not, windows can't work, and the one cause of that is told.

use crate::layout::{self, Layout, detect};
use crate::problem::Problem;
use crate::process::quote_path;
use crate::project::Project;
use crate::session::Session;
use crate::session::belongings::environment;
use std::collections::BTreeSet;
use std::path::Path;

/// Why the windows of a new session can't work, if they can't.
pub fn misfit(session: &Session<'_>) -> Option<Problem> {
    let (project, layout) = (session.project, session.layout);
    let checkouts = [&*project.main, session.record.worktree()];
    lacking_folders(project, layout, &checkouts).or_else(|| {
        // Of each session alone: another's may have another name.
        let wanted = environment::wanted(project, layout, std::slice::from_ref(session));
        wanted
            .iter()
            .find_map(|name| environment::lacking(project, layout, name))
    })
}

/// That windows start in folders which none of these checkouts has, if they do.
pub fn lacking_folders(project: &Project, layout: &Layout, checkouts: &[&Path]) -> Option<Problem> {
    let folders: BTreeSet<_> = layout.windows.iter().map(|window| &*window.dir).collect();
    let lacking = folders.into_iter().filter(|dir| is_lacking(dir, checkouts));
    let lacking = lacking.collect::<Vec<_>>().join(" and no ");
    if lacking.is_empty() {
        return None;
    }
    let path = project.main.join(layout::FILE);
    let file = quote_path(&path);
    let mut what = format!("there is no folder {lacking}, where windows start");
    let cure = if path.exists() {
        format!("change {file}; a draft of how it could be: tally-session layout --detect")
    } else {
        let elsewhere = detect::elsewhere(&project.main);
        if !elsewhere.is_empty() {
            what = format!("{what}, but {}", elsewhere.join(", "));
        }
        format!("tally-session layout --detect >{file}")
    };
    Some(Problem::new(what, cure))
}

/// Whether a path can't be there because a folder is missing in which a window starts: that is told by itself.
pub fn follows(layout: &Layout, checkouts: &[&Path], path: &str) -> bool {
    let folders = layout.windows.iter().map(|window| &*window.dir);
    let mut folders = folders.filter(|dir| !dir.is_empty() && Path::new(path).starts_with(dir));
    folders.any(|dir| is_lacking(dir, checkouts))
}

fn is_lacking(folder: &str, checkouts: &[&Path]) -> bool {
    let mut folders = checkouts.iter().map(|checkout| checkout.join(folder));
    !folders.any(|folder| folder.is_dir())
}
