//! What hooks keep in git's folder of a worktree, and git knows nothing of: a database's dump, mostly.

use crate::project::Project;
use crate::session::loss::purge;
use crate::session::loss::removed::Removed;
use std::fs;
use std::path::Path;

/// What git has there in small letters, see gitrepository-layout(5), and git-crypt, and git-lfs; the rest is in capitals.
const OF_GIT: [&str; 17] = [
    "branches",
    "commondir",
    "config",
    "config.worktree",
    "git-crypt",
    "gitdir",
    "hooks",
    "index",
    "info",
    "lfs",
    "locked",
    "logs",
    "modules",
    "objects",
    "refs",
    "reftable",
    "sequencer",
];

/// The beginnings of what git has there, and this program.
const BEGINNINGS: [&str; 5] = [
    "fsmonitor--daemon",
    "rebase-",
    "sharedindex.",
    "tally-session",
    "index.",
];

fn is_known(name: &str) -> bool {
    let is_git_s_own = |letter: char| letter.is_ascii_uppercase() || letter == '_';
    let plain = name.strip_suffix(".lock").unwrap_or(name);
    plain.chars().all(is_git_s_own)
        || OF_GIT.contains(&plain)
        || BEGINNINGS.iter().any(|it| plain.starts_with(it))
}

impl Removed {
    /// What else is there, by its place in the folder of what is kept, and the room that it takes on the disk, in bytes.
    pub fn beside_git(&self, project: &Project) -> Vec<(String, u64)> {
        let admins = self.admins(project).into_iter();
        // When its files are deleted another session may have that place.
        let is_kept = |kept: &Path| kept.exists() || self.about.expired;
        let folders = admins.map(|(origin, kept)| if is_kept(&kept) { kept } else { origin });
        let entries = folders.flat_map(|folder| fs::read_dir(folder).into_iter().flatten());
        let mut found: Vec<_> = entries
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                let slash = if is_folder { "/" } else { "" };
                let size = || purge::size(&entry.path());
                (!is_known(&name)).then(|| (format!("git/{name}{slash}"), size()))
            })
            .collect();
        found.sort_unstable();
        found
    }
}
