//! A worktree that was moved with its project, or copied: git and the session's record name the place where it was.

use crate::claude::Claude;
use crate::git::worktrees::{self, Worktree, is_named_by};
use crate::problem::Problem;
use crate::project::without_symlinks;
use crate::session::belongings::claude_entry;
use crate::session::records::hold::{Hold, Unfinished};
use crate::session::records::kept::Kept;
use crate::session::{Session, lock_store};
use crate::store::atomic;
use crate::store::records::Records;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// Where a session's worktree is, if its record has another place than its name leads to, and it is not there.
pub fn place(session: &Session<'_>, worktrees: &[Worktree]) -> Option<PathBuf> {
    let (project, recorded) = (session.project, session.record.worktree());
    let place = project.worktree_path(&session.name);
    if without_symlinks(recorded).as_ref() == Some(&place) || project.owns_worktree(recorded) {
        return None;
    }
    let others = || worktrees.iter().skip(1);
    if let Some(entry) = others().find(|entry| entry.is_at(recorded)) {
        if is_named_by(&entry.admin, recorded) {
            return None;
        }
        let is_there = is_named_by(&entry.admin, &place);
        return is_there
            .then_some(place)
            .or_else(|| entry.found_in(project.main.parent()?));
    }
    // git knows it already.
    let is_its = |entry: &&Worktree| {
        if let Some(kept) = Kept::read(&entry.admin) {
            return kept.name == session.name && kept.record.worktree() == recorded;
        }
        let is_on_branch = entry.branch.as_deref() == Some(session.record.branch());
        is_on_branch && entry.is_at(&place) && !recorded.exists()
    };
    let entry = others().find(is_its)?;
    project
        .owns_worktree(&entry.path)
        .then(|| entry.path.clone())
}

/// That it is there, and what has git and the record follow.
pub fn problem(session: &Session<'_>, worktrees: &[Worktree]) -> Option<Problem> {
    let place = place(session, worktrees)?;
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
    moved.map_or(Ok(()), |moved| Err(moved.into_error(&session.name)))
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
    let Some(to) = place(session, &worktrees::list(&project.common)?) else {
        return Ok(None);
    };
    hold.begin(Unfinished {
        sets_variables: true,
        ..hold.so_far()
    })?;
    connect(&project.common, &from, &to)?;
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
    let _lock = lock_store(project)?;
    let mut records = Records::read(&project.main)?;
    records.put(&session.name, session.record.clone());
    records.write(&project.main)?;
    Ok(Some(note))
}

/// Has git know a worktree that was moved, and the git worktrees inside it, where they are now, and them it: as `git worktree
/// repair` does. That of the worktree itself comes last: until then it is known where it was.
///
/// # Errors
/// If a file can't be read or written.
pub fn connect(common: &Path, from: &Path, to: &Path) -> Result<()> {
    let worktrees = worktrees::list(common)?;
    let mut moved: Vec<_> = worktrees
        .iter()
        .filter_map(|entry| Some((entry, entry.path.strip_prefix(from).ok()?)))
        .collect();
    moved.sort_by_key(|(_, inside)| inside.as_os_str().is_empty());
    for (entry, inside) in moved {
        // Joined with nothing a path gets a slash at its end.
        let folder = to
            .components()
            .chain(inside.components())
            .collect::<PathBuf>();
        let dot_git = folder.join(".git");
        if is_named_by(&entry.admin, &folder) {
            write_line(&dot_git, "gitdir: ", &entry.admin)?;
        } else if folder.exists() {
            continue;
        }
        write_line(&entry.admin.join("gitdir"), "", &dot_git)?;
    }
    Ok(())
}

/// Writes a file that names a path.
fn write_line(file: &Path, before: &str, path: &Path) -> Result<()> {
    use std::os::unix::ffi::OsStrExt;
    let line = [before.as_bytes(), path.as_os_str().as_bytes(), b"\n"].concat();
    atomic::replace(file, &line, 0o644)
}
