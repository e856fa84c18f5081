//! What looks like a session's and belongs to none, and what killed commands left.

use crate::finding::{Finding, Mend};
use crate::git::worktrees::Worktree;
use crate::problem::Problem;
use crate::process::quote;
use crate::project::{Project, is_same};
use crate::session::doctor::around::Around;
use crate::session::loss::removed::Removed;
use crate::session::loss::{purge, trash};
use crate::session::owns;
use crate::session::records::hold;
use crate::session::records::unrecorded::Unrecorded;
use crate::store::atomic;
use crate::store::claude_json::Entries;
use crate::store::records::{self, Records};
use crate::tmux::{self, TmuxSession};
use std::path::Path;

/// Worktrees, tmux sessions and Claude entries that no record owns.
pub fn check(project: &Project, records: &Records, around: &Around<'_>) -> Vec<Finding> {
    let strays = Strays { project, records };
    let worktrees = around.worktrees.as_deref().unwrap_or_default();
    let lost = Unrecorded::among(project, records, worktrees);
    let warn = |lost: Problem| Finding::warning(lost.what, "").cure(lost.cure);
    let mut findings: Vec<_> = Unrecorded::told(&lost).into_iter().map(warn).collect();
    let others = worktrees.iter().skip(1);
    let others = others.filter(|worktree| !strays.is_owned(&worktree.path));
    findings.extend(others.filter_map(|worktree| strays.worktree(worktree)));
    findings.extend(strays.windows(around, &lost));
    if let Ok(entries) = &around.entries {
        findings.extend(strays.claude_entries(entries));
    }
    findings
}

struct Strays<'a> {
    project: &'a Project,
    records: &'a Records,
}

impl Strays<'_> {
    fn is_owned(&self, path: &Path) -> bool {
        self.records
            .iter()
            .any(|(_, record)| record.worktree() == path || is_same(record.worktree(), path))
    }

    /// Whether a path is one that this tool would use for some session.
    fn is_ours(&self, path: &Path) -> bool {
        self.project.name_at(path).is_some()
    }

    fn worktree(&self, worktree: &Worktree) -> Option<Finding> {
        let Worktree { path, locked, .. } = worktree;
        let git = self.project.git();
        if path.exists() || !self.is_ours(path) || locked.is_some() {
            return None;
        }
        let checked = format!("git's entry of the worktree {}", path.display());
        if let Some(moved) = self
            .project
            .main
            .parent()
            .and_then(|dir| worktree.moved_to(dir))
        {
            let found = format!("does not know that this was moved to {}", moved.display());
            let moved = quote(&moved.to_string_lossy());
            let cure = format!("{git} worktree repair {moved}");
            return Some(Finding::warning(checked, found).cure(cure));
        }
        let stale = Finding::warning(checked, "is left, though the folder is gone");
        Some(stale.mended_by(Mend::Entry(path.clone())))
    }

    fn windows(&self, around: &Around<'_>, lost: &[Unrecorded]) -> Vec<Finding> {
        let has_record = |tmux: &TmuxSession| {
            let known = self.records.iter().map(|(name, _)| name);
            // Those have theirs again with the others.
            let kept = lost.iter().filter(|lost| lost.kept.is_some());
            let mut names = known.chain(kept.map(|lost| &lost.name));
            names.any(|name| owns(self.project, name, tmux))
        };
        let sessions = around.tmux.iter().flatten();
        sessions
            .filter(|tmux| tmux.is_of(&self.project.main) && !has_record(tmux))
            .map(|tmux| {
                Finding::warning(
                    format!("the tmux session {}", tmux.name),
                    "was made for a session that has no record any more",
                )
                .cure(format!(
                    "look at it with: {}",
                    tmux::attach_command(&tmux.name)
                ))
                .cure(format!(
                    "end all that runs in it: {}",
                    tmux::kill_command(&tmux.name)
                ))
            })
            .collect()
    }

    fn claude_entries(&self, entries: &Entries) -> Vec<Finding> {
        let gone = entries.folders().filter(|folder| {
            self.is_ours(folder) && folder.symlink_metadata().is_err() && !self.is_owned(folder)
        });
        gone.map(|folder| {
            let stray = Finding::warning(
                format!("Claude's entry of {}", folder.display()),
                "is left, though the folder is gone",
            );
            if entries.is_inherited(&self.project.main, folder) {
                stray.mended_by(Mend::ClaudeEntry(folder.to_owned()))
            } else {
                stray.cure("it has more than what the main checkout allowed: take it out by hand, when no Claude runs, if you need nothing of it")
            }
        })
        .collect()
    }
}

/// Files that killed commands left; the lock files are known by the records that there are.
pub fn leftovers(
    project: &Project,
    records: Option<&Records>,
    json: Option<&Path>,
) -> Vec<Finding> {
    let left = |path: &Path, mend: Mend| {
        Finding::warning(
            path.to_string_lossy(),
            "was left by a command that was killed",
        )
        .mended_by(mend)
    };
    let mut findings = Vec::new();
    if let Some(records) = records {
        let locks = hold::left(project, records.iter().map(|(name, _)| name));
        findings.extend(locks.iter().map(|(lock, unfinished)| {
            let unfinished = unfinished.as_ref();
            match unfinished.and_then(|unfinished| unfinished.moving(project)) {
                None => left(lock, Mend::Lock(lock.clone())),
                Some(Removed { id, about, .. }) => Finding::failed(
                    format!("{}:", about.name),
                    "is only half there: a restore was cut short",
                )
                .cure(format!("tally-session restore {id}")),
            }
        }));
    }
    let store = project.main.join(records::FILE);
    for file in [Some(store.as_path()), json].into_iter().flatten() {
        let parts = atomic::left(file);
        findings.extend(
            parts
                .iter()
                .map(|part| left(part, Mend::Parts(file.to_owned()))),
        );
    }
    let stays = trash::going(project).into_iter();
    findings.extend(stays.filter_map(|folder| {
        let error = purge::delete(&folder).err()?;
        Some(Finding::error(folder.to_string_lossy(), &error).only_warns())
    }));
    findings
}
