//! What looks like a session's and belongs to none, and what killed commands left.

use crate::finding::{Finding, Mend, State};
use crate::git::worktrees::Worktree;
use crate::process::quote_path;
use crate::project::{Project, is_same};
use crate::session::doctor::around::Around;
use crate::session::loss::removed::Removed;
use crate::session::loss::{purge, trash};
use crate::session::owns;
use crate::session::records::hold::{self, Unfinished};
use crate::session::records::kept::Kept;
use crate::session::records::unrecorded::Unrecorded;
use crate::store::atomic;
use crate::store::claude_json::Entries;
use crate::store::records::{self, Records};
use crate::tmux::{self, TmuxSession};
use std::path::{Path, PathBuf};

/// Worktrees, tmux sessions and Claude entries that no record owns.
pub fn check(project: &Project, records: &Records, around: &Around<'_>) -> Vec<Finding> {
    let worktrees = &around.worktrees;
    let lost = Unrecorded::among(project, records, worktrees);
    let warn = |problem| Finding::of(State::Warning, problem);
    let mut findings: Vec<_> = Unrecorded::told(&lost).into_iter().map(warn).collect();
    let is_owned = |path: &Path| {
        let mut paths = records.iter().map(|(_, record)| record.worktree());
        paths.any(|own| own == path || is_same(own, path))
    };
    // One that this tool would use for some session.
    let is_stray = |path: &Path| project.name_at(path).is_some() && !is_owned(path);
    let others = worktrees.iter().skip(1);
    let gone = others.filter(|it| !it.path.exists() && it.locked.is_none() && is_stray(&it.path));
    findings.extend(gone.map(|worktree| entry(project, worktree)));
    let has_record = |tmux: &TmuxSession| {
        let known = records.iter().map(|(name, _)| name);
        // Those have theirs again with the others.
        let kept = lost.iter().filter(|lost| lost.kept.is_some());
        let mut names = known.chain(kept.map(|lost| &lost.name));
        names.any(|name| owns(project, name, tmux))
    };
    let windows = around.tmux.iter().flatten();
    let windows = windows.filter(|tmux| tmux.is_of(&project.main) && !has_record(tmux));
    findings.extend(windows.map(|tmux| {
        let look = tmux::attach_command(&tmux.name);
        let end = tmux::kill_command(&tmux.name);
        let found = "was made for a session that has no record any more";
        Finding::warning(format!("the tmux session {}", tmux.name), found)
            .cure(format!("look at it with: {look}"))
            .cure(format!("end all that runs in it: {end}"))
    }));
    if let Some(entries) = &around.entries {
        let gone = entries
            .folders()
            .filter(|folder| folder.symlink_metadata().is_err());
        let gone = gone.filter(|folder| is_stray(folder));
        findings.extend(gone.map(|folder| claude_entry(project, entries, folder)));
    }
    findings
}

/// Git's entry of a worktree that is not there.
fn entry(project: &Project, worktree: &Worktree) -> Finding {
    let path = &worktree.path;
    let checked = format!("git's entry of the worktree {}", path.display());
    let beside = project.main.parent();
    let Some(moved) = beside.and_then(|dir| worktree.moved_to(dir)) else {
        if Kept::read(&worktree.admin).is_some() {
            let stale = Finding::warning(checked, "is left, though the folder is gone");
            return stale.mended_by(Mend::Entry(path.clone()));
        }
        // The user's own may be on a disk that is not there just now.
        let git = project.git();
        return Finding::warning(checked, "is there, and the folder is not").cure(format!(
            "if it is gone for good: {git} worktree remove --force {}",
            quote_path(path)
        ));
    };
    let found = format!("does not know that this was moved to {}", moved.display());
    let moved = quote_path(&moved);
    Finding::warning(checked, found).cure(format!("{} worktree repair {moved}", project.git()))
}

/// Claude's entry of a folder that is not there.
fn claude_entry(project: &Project, entries: &Entries, folder: &Path) -> Finding {
    let checked = format!("Claude's entry of {}", folder.display());
    let stray = Finding::warning(checked, "is left, though the folder is gone");
    if entries.is_inherited(&project.main, folder) {
        stray.mended_by(Mend::ClaudeEntry(folder.to_owned()))
    } else {
        stray.cure("it has more than what the main checkout allowed: take it out by hand, when no Claude runs, if you need nothing of it")
    }
}

/// Files that killed commands left; the lock files are known by the records that there are.
pub fn leftovers(
    project: &Project,
    records: Option<&Records>,
    json: Option<&Path>,
) -> Vec<Finding> {
    let left = |path: &Path, mend: Mend| {
        let found = "was left by a command that was killed";
        Finding::warning(path.to_string_lossy(), found).mended_by(mend)
    };
    let names = records.map(|records| records.iter().map(|(name, _)| name));
    let locks = names.map(|names| hold::left(project, names));
    let of_lock = |(lock, unfinished): (PathBuf, Option<Unfinished>)| match unfinished
        .and_then(|unfinished| unfinished.moving(project))
    {
        None => left(&lock, Mend::Lock(lock.clone())),
        Some(Removed { id, about, .. }) => Finding::failed(
            format!("{}:", about.name),
            "is only half there: a restore was cut short",
        )
        .cure(format!("tally-session restore {id}")),
    };
    let mut findings: Vec<_> = locks.into_iter().flatten().map(of_lock).collect();
    let store = project.main.join(records::FILE);
    for file in [Some(store.as_path()), json].into_iter().flatten() {
        let parts = atomic::left(file);
        let of_part = |part: &PathBuf| left(part, Mend::Parts(file.to_owned()));
        findings.extend(parts.iter().map(of_part));
    }
    let stays = trash::going(project).into_iter();
    findings.extend(stays.filter_map(|folder| {
        let error = purge::delete(&folder).err()?;
        Some(Finding::error("the trash:", &error).only_warns())
    }));
    let unreadable = Removed::unreadable(project);
    findings.extend(unreadable.map(|(id, error)| {
        let checked = format!("what was removed as {id}:");
        Finding::error(checked, &error).only_warns()
    }));
    findings
}
