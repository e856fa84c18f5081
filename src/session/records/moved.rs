//! A worktree that was moved, by git or with its project, or copied: the session's record, and mostly git, name the place where
//! it was.

use crate::claude::Claude;
use crate::git::Git;
use crate::git::worktrees::{self, Worktree, is_named_by};
use crate::name::SessionName;
use crate::problem::{self, Problem};
use crate::project::{Project, is_same, without_symlinks};
use crate::session::Session;
use crate::session::belongings::claude_entry;
use crate::session::records::hold::Hold;
use crate::session::records::kept::Kept;
use crate::store::atomic;
use crate::store::record::Record;
use anyhow::Result;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Where a session's worktree is, if it is not where its record says: as git was told to move it, or as it was moved with its
/// project, or copied, when its name does not lead to where the record says.
pub fn place(
    project: &Project,
    name: &SessionName,
    record: &Record,
    worktrees: &[Worktree],
) -> Option<PathBuf> {
    let recorded = record.worktree();
    if project.owns_worktree(recorded) {
        return None;
    }
    let mut others = worktrees.iter().skip(1);
    let knows_it = |entry: &&Worktree| {
        let kept = Kept::read(&entry.admin);
        kept.is_some_and(|kept| kept.name == *name && kept.record.worktree() == recorded)
            && project.owns_worktree(&entry.path)
    };
    if let Some(entry) = others.clone().find(knows_it) {
        return Some(entry.path.clone());
    }
    let place = project.worktree_path(name);
    if without_symlinks(recorded).as_ref() == Some(&place) {
        return None;
    }
    if let Some(entry) = others.clone().find(|entry| entry.is_at(recorded)) {
        if is_named_by(&entry.admin, recorded) {
            return None;
        }
        if is_named_by(&entry.admin, &place) {
            return Some(place);
        }
        return entry.found_in(project.main.parent()?);
    }
    // One of an older version has no copy of its record.
    let is_its = |entry: &&Worktree| {
        let is_on_branch = entry.branch.as_deref() == Some(record.branch());
        let is_its = is_on_branch && entry.is_at(&place) && !recorded.exists();
        is_its && Kept::read(&entry.admin).is_none()
    };
    let path = &others.find(is_its)?.path;
    project.owns_worktree(path).then(|| path.clone())
}

/// That it is there, and what has git and the record follow.
pub fn problem(session: &Session<'_>, worktrees: &[Worktree]) -> Option<Problem> {
    let place = place(session.project, &session.name, &session.record, worktrees)?;
    let what = format!(
        "its worktree {} was moved to {}",
        session.record.worktree().display(),
        place.display()
    );
    let cure = format!("tally-session resume {}", session.name);
    Some(Problem::new(what, cure))
}

/// Refuses a session whose worktree was moved so.
///
/// # Errors
/// If it was, or the worktrees can't be read.
pub fn refuse(session: &Session<'_>) -> Result<()> {
    let project = session.project;
    if project.owns_worktree(session.record.worktree()) {
        return Ok(());
    }
    let moved = problem(session, &worktrees::list(&project.common)?);
    problem::refuse(moved, &session.name)
}

/// Has git, the record and Claude's entry follow such a worktree. What names the old place in its files is to be made again.
/// Gives what there is to tell, if it was moved.
///
/// # Errors
/// The first step that fails; it can be done again.
pub fn follow(
    session: &mut Session<'_>,
    hold: &mut Hold,
    claude: &Claude,
) -> Result<Option<String>> {
    let project = session.project;
    let from = session.record.worktree().to_owned();
    if project.owns_worktree(&from) {
        return Ok(None);
    }
    let worktrees = worktrees::list(&project.common)?;
    let Some(to) = place(project, &session.name, &session.record, &worktrees) else {
        return Ok(None);
    };
    hold.begin_too(|left| left.sets_variables = true)?;
    connect(project, &from, &to)?;
    let mut note = format!(
        "{} follows its worktree to {}; it was at {}",
        session.name,
        to.display(),
        from.display()
    );
    // One that was copied is there still, with what Claude knows of it.
    if from.symlink_metadata().is_err() {
        let told = claude_entry::follow(claude, &from, &to)?;
        note += &told.map_or_else(String::new, |told| format!(", {told}"));
    }
    session.record.set_worktree(to);
    session.write_record()?;
    Ok(Some(note))
}

/// Has git know a worktree that was moved, and the git worktrees inside it, where they are now, and them it: as `git worktree
/// repair` does. That of the worktree itself comes last: until then it is known where it was.
pub fn connect(project: &Project, from: &Path, to: &Path) -> Result<()> {
    let worktrees = worktrees::list(&project.common)?;
    let mut moved: Vec<_> = worktrees
        .iter()
        .filter_map(|entry| Some((entry, entry.path.strip_prefix(from).ok()?)))
        .collect();
    moved.sort_by_key(|(_, inside)| inside.as_os_str().is_empty());
    for (entry, inside) in moved {
        // Joined with nothing a path gets a slash at its end.
        let folder: PathBuf = to.components().chain(inside.components()).collect();
        let dot_git = folder.join(".git");
        let is_known = entry.path == folder && project.owns_worktree(&folder);
        let is_its = is_named_by(&entry.admin, &folder);
        if !is_known && !is_its && folder.exists() {
            continue;
        }
        connect_submodules(project, &entry.admin, &from.join(inside), &folder)?;
        if is_known {
            continue;
        }
        if is_its {
            write_line(&dot_git, "gitdir: ", &entry.admin)?;
        }
        write_line(&entry.admin.join("gitdir"), "", &dot_git)?;
    }
    Ok(())
}

/// Has the submodules of a worktree that was moved, and what git keeps of each, name each other where they are now: mostly by a
/// path from one to the other, with the worktree's name in it.
fn connect_submodules(project: &Project, admin: &Path, from: &Path, to: &Path) -> Result<()> {
    let git = Git::at(&project.main);
    for repository in worktrees::submodules(&admin.join("modules")) {
        let config = repository.join("config");
        let Some(known) = git.submodule_in(&config)? else {
            continue;
        };
        let is_above = |part: &Component<'_>| Some(part.as_os_str()) != from.file_name();
        let inside = known.components().skip_while(is_above).skip(1);
        let folder: PathBuf = to.components().chain(inside).collect();
        let dot_git = folder.join(".git");
        let is_file = dot_git.symlink_metadata().is_ok_and(|it| it.is_file());
        // Nothing is written through a link that leads out of it.
        let is_inside = fs::canonicalize(&folder).is_ok_and(|real| real == folder);
        if is_file && is_inside && folder != to && !is_same(&repository.join(known), &folder) {
            write_line(&dot_git, "gitdir: ", &repository)?;
            git.set_submodule_in(&config, &folder)?;
        }
    }
    Ok(())
}

/// Has the folder of a worktree name what git keeps of it, which its `.git` file does no more.
pub fn reconnect(worktree: &Worktree) -> Result<()> {
    let dot_git = worktree.path.join(".git");
    // A link there would be written through.
    let _ = fs::remove_file(&dot_git);
    write_line(&dot_git, "gitdir: ", &worktree.admin)
}

/// Writes a file that names a path.
fn write_line(file: &Path, before: &str, path: &Path) -> Result<()> {
    use std::os::unix::ffi::OsStrExt;
    let line = [before.as_bytes(), path.as_os_str().as_bytes(), b"\n"].concat();
    atomic::replace(file, &line, 0o644)
}
