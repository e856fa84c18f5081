//! Repositories, submodules and git worktrees inside a worktree, and whether they have work of their own.

use crate::git::Git;
use crate::git::worktrees::{self, Worktree};
use crate::parallel;
use crate::process::quote_path;
use crate::project::admin_folder;
use crate::session::loss::Reason;
use crate::session::loss::named::named;
use crate::session::loss::uncommitted::unfinished;
use anyhow::Result;
use rustix::fs::{Access, access};
use rustix::process::getuid;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What is the matter with a repository, in a few words, and what to ask git there to see it.
type Work = (&'static str, &'static str);

const STATUS: &str = "status";
const UNPUSHED: &str = "log --all --not --remotes";

/// Those with work of their own below these folders of a worktree, and among the submodules that git keeps for it; and what can't
/// be looked into.
pub fn with_work(
    folders: &[PathBuf],
    worktree: &Worktree,
    worktrees: &[Worktree],
    doomed: Option<&str>,
) -> Result<Vec<Reason>> {
    let (mut found, mut closed) = (Vec::new(), Vec::new());
    for places in parallel::map(folders, |folder| find(folder, &worktree.path)) {
        let places = places?;
        found.extend(places.0);
        closed.extend(places.1);
    }
    let work = |path: &PathBuf| match worktrees.iter().find(|other| other.path == *path) {
        Some(other) => work_of_worktree(other, doomed),
        None => work_of(path),
    };
    let judged = found.into_iter().map(|path| (work(&path), path));
    let mut submodules = worktrees::submodules(&worktree.admin.join("modules"));
    submodules.sort();
    let submodules = submodules.into_iter().map(|path| {
        let what = "a submodule's repository with commits that no remote has";
        (unpushed(Git::of(&path, &path), what), path)
    });
    let reasons = judged.chain(submodules).filter_map(|(work, path)| {
        let (why, look) = work?;
        let quoted = quote_path(&path);
        Some((
            format!("has {why} inside: {}", path.display()),
            format!("look at that with: git -C {quoted} {look}"),
        ))
    });
    Ok(unseen(closed, worktree)?
        .into_iter()
        .chain(reasons)
        .collect())
}

/// That there are folders of which nobody can tell what is in them.
fn unseen(mut closed: Vec<PathBuf>, worktree: &Worktree) -> Result<Option<Reason>> {
    let git = Git::at(&worktree.path);
    let mut unseen = Vec::new();
    closed.sort();
    for folder in closed {
        // It may have gone meanwhile.
        let Ok(about) = folder.symlink_metadata() else {
            continue;
        };
        // What a container has made and git ignores has nothing of this user's.
        let is_own = about.uid() == getuid().as_raw();
        let inside = folder.strip_prefix(&worktree.path).unwrap_or(&folder);
        let inside = inside.to_string_lossy();
        if is_own || !git.ignores(&inside)? {
            unseen.push(inside.into_owned());
        }
    }
    let look = unseen
        .iter()
        .map(|path| quote_path(worktree.path.join(path)));
    let look = look.collect::<Vec<_>>().join(" ");
    Ok((!unseen.is_empty()).then(|| {
        let what = format!("has what can't be looked into: {}", named(&unseen));
        (what, format!("see who may: ls -ld {look}"))
    }))
}

/// That a repository has commits that no remote has. Of one that cannot be asked that is said too.
fn unpushed(git: Git<'_>, what: &'static str) -> Option<Work> {
    let has_some = git.has_unpushed().unwrap_or(true);
    has_some.then_some((what, UNPUSHED))
}

/// The folders with a `.git` below this one, and itself if it has one and is not the `root`; and those that can't be looked into.
fn find(folder: &Path, root: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let (mut found, mut closed) = (Vec::new(), Vec::new());
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        let entries = match fs::read_dir(&folder) {
            // To list what is there is not to look at it.
            Ok(entries) if access(&folder, Access::EXEC_OK).is_ok() => entries,
            // It has only just gone.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            _ => {
                closed.push(folder);
                continue;
            }
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
    Ok((found, closed))
}

/// Whether a folder is a repository without a checkout.
fn is_bare(folder: &Path) -> bool {
    folder.join("objects").is_dir() && folder.join("refs").is_dir()
}

/// What a repository has of its own. Who cannot be asked has something.
fn work_of(path: &Path) -> Option<Work> {
    let git = Git::at(path);
    let own = path.join(".git");
    let unpushed = || unpushed(git, "a repository with commits that no remote has");
    if !own.exists() {
        return unpushed();
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
        Ok(_) if own.is_dir() => unpushed(),
        Ok(_) => None,
    }
}

/// What another worktree of the same repository has of its own; its branch stays.
fn work_of_worktree(worktree: &Worktree, doomed: Option<&str>) -> Option<Work> {
    let git = Git::at(&worktree.path);
    let commits = || git.own_commits(doomed, &["HEAD".to_owned()]);
    if worktree.locked.is_some() {
        Some(("a git worktree that is locked", STATUS))
    } else if unfinished(&worktree.admin).is_some() {
        Some(("a git worktree with something unfinished", STATUS))
    } else if !git.changes().is_ok_and(|changes| changes.is_empty()) {
        Some(("a git worktree with changes of its own", STATUS))
    } else if !commits().is_ok_and(|commits| commits.is_empty()) {
        let look = "log HEAD --not --branches --remotes";
        Some(("a git worktree with commits that no branch has", look))
    } else {
        None
    }
}

/// Whether this is what a repository keeps of a worktree; that of a submodule is another kind.
fn is_of_worktree(admin: &Path) -> bool {
    admin.join("commondir").is_file()
}
