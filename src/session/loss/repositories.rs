//! Repositories, submodules and git worktrees inside a worktree, and whether they have work of their own.

use crate::git::Git;
use crate::git::worktrees::Worktree;
use crate::parallel;
use crate::project::admin_folder;
use crate::session::loss::uncommitted::unfinished;
use anyhow::Result;
use std::fs;
use std::path::{Path, PathBuf};

/// What has work of its own, by its folder in the worktree.
#[derive(Debug)]
pub struct Repository {
    /// Its folder; that of git for a submodule that is not checked out.
    pub path: PathBuf,
    /// What is the matter with it, in a few words.
    pub why: &'static str,
    /// What to ask git there to see it.
    pub look: &'static str,
}

/// What is the matter with a repository, and what to ask git to see it.
type Work = (&'static str, &'static str);

const STATUS: &str = "status";
const UNPUSHED: &str = "log --all --not --remotes";

/// Those with work of their own below these folders of a worktree, and among the submodules that git keeps for it.
///
/// # Errors
/// If a folder can't be read.
pub fn with_work(
    folders: &[PathBuf],
    worktree: &Worktree,
    worktrees: &[Worktree],
    doomed: Option<&str>,
) -> Result<Vec<Repository>> {
    let mut found = Vec::new();
    for places in parallel::map(folders, |folder| find(folder, &worktree.path)) {
        found.extend(places?);
    }
    let judged = found.into_iter().filter_map(|path| {
        let (why, look) = match worktrees.iter().find(|other| other.path == path) {
            Some(other) => work_of_worktree(other, doomed),
            None => work_of(&path),
        }?;
        Some(Repository { path, why, look })
    });
    let mut judged: Vec<_> = judged.collect();
    let mut submodules = submodules(&worktree.admin.join("modules"));
    submodules.sort();
    for folder in submodules {
        if Git::of(&folder, &folder).has_unpushed().unwrap_or(true) {
            judged.push(Repository {
                path: folder,
                why: "a submodule's repository with commits that no remote has",
                look: UNPUSHED,
            });
        }
    }
    Ok(judged)
}

/// The folders with a `.git` below this one, and itself if it has one and is not the `root`.
fn find(folder: &Path, root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        // Another user's has nothing of this one's; or it has only just gone.
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_name() == ".git" {
                if folder != root {
                    found.push(folder.clone());
                }
            } else if entry.file_name() == "HEAD" && is_bare(&folder) {
                found.push(folder.clone());
            } else if entry.file_type()?.is_dir() {
                left.push(entry.path());
            }
        }
    }
    Ok(found)
}

/// Whether a folder is a repository without a checkout.
fn is_bare(folder: &Path) -> bool {
    folder.join("objects").is_dir() && folder.join("refs").is_dir()
}

/// What a repository has of its own. Who cannot be asked has something.
fn work_of(path: &Path) -> Option<Work> {
    let git = Git::at(path);
    let own = path.join(".git");
    if !own.exists() {
        let has_unpushed = git.has_unpushed().unwrap_or(true);
        return has_unpushed.then_some(("a repository with commits that no remote has", UNPUSHED));
    }
    if admin_folder(path).is_ok_and(|admin| admin.is_some_and(|admin| is_of_worktree(&admin))) {
        return Some(("a git worktree of another repository", "worktree list"));
    }
    let mut others = fs::read_dir(own.join("worktrees")).into_iter().flatten();
    if others.next().is_some() {
        return Some(("a repository with other git worktrees", "worktree list"));
    }
    match git.changes() {
        Err(_) => Some(("a repository that git cannot look into", STATUS)),
        Ok(changes) if !changes.is_empty() => {
            Some(("a repository with changes of its own", STATUS))
        }
        // One without a repository of its own has its commits elsewhere.
        Ok(_) if own.is_dir() && git.has_unpushed().unwrap_or(true) => {
            Some(("a repository with commits that no remote has", UNPUSHED))
        }
        Ok(_) => None,
    }
}

/// What another worktree of the same repository has of its own; its branch stays.
fn work_of_worktree(worktree: &Worktree, doomed: Option<&str>) -> Option<Work> {
    let git = Git::at(&worktree.path);
    if worktree.locked.is_some() {
        return Some(("a git worktree that is locked", STATUS));
    }
    if unfinished(&worktree.admin).is_some() {
        return Some(("a git worktree with something unfinished", STATUS));
    }
    match git.changes() {
        Ok(changes) if changes.is_empty() => {}
        _ => return Some(("a git worktree with changes of its own", STATUS)),
    }
    match git.own_commits(doomed, &["HEAD".to_owned()]) {
        Ok(commits) if commits.is_empty() => None,
        _ => Some((
            "a git worktree with commits that no branch has",
            "log HEAD --not --branches --remotes",
        )),
    }
}

/// Whether this is what a repository keeps of a worktree; that of a submodule is another kind.
fn is_of_worktree(admin: &Path) -> bool {
    admin.join("commondir").is_file()
}

/// The repositories that git keeps of submodules, those in others too.
fn submodules(modules: &Path) -> Vec<PathBuf> {
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
