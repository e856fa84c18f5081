//! What is asked once for all checks.

use crate::finding::Finding;
use crate::git::Git;
use crate::git::worktrees::{self, Worktree};
use crate::hint;
use crate::name::SessionName;
use crate::parallel::joined;
use crate::processes::Table;
use crate::processes::panes::Stopped;
use crate::session::belongings::{Part, files};
use crate::session::doctor::Subject;
use crate::session::windows::open;
use crate::store::claude_json::Entries;
use crate::store::records::Records;
use crate::tmux::TmuxSession;
use anyhow::Result;
use std::collections::HashSet;
use std::thread;

/// The answers, as far as they could be had.
pub struct Around<'a> {
    pub tmux: Option<Vec<TmuxSession>>,
    pub stopped: Stopped,
    pub worktrees: Vec<Worktree>,
    branches: Option<HashSet<String>>,
    /// The files that folders and the project's own list add to what the layout names.
    pub included: Vec<Part>,
    pub table: Option<Table>,
    pub entries: Option<Entries>,
    /// The sessions whose servers were only just started.
    pub started: &'a [SessionName],
}

impl<'a> Around<'a> {
    /// Asks for all of it at the same time. Which checks can't be made, as what they need could not be had, is found too.
    pub fn look(
        subject: &Subject<'_>,
        records: Option<&Records>,
        started: &'a [SessionName],
        findings: &mut Vec<Finding>,
    ) -> Self {
        let ports = records.map(Records::ports).unwrap_or_default();
        let git = Git::at(&subject.project.main);
        thread::scope(|scope| {
            let tmux = scope.spawn(|| open::all(subject.project));
            let branches = scope.spawn(move || git.branches(["refs/heads"]));
            let table = scope.spawn(|| Table::now(ports));
            let layout = subject.layout.as_ref().ok();
            let included = layout.map(|layout| files::included(subject.project, layout));
            let included = included.unwrap_or_else(|| Ok(Vec::new()));
            let worktrees = worktrees::list(&subject.project.common);
            let branches = joined(branches);
            let branches = branches.map(|all| all.into_iter().map(|it| it.refname).collect());
            let of_folders = "what is copied of folders and what .worktreeinclude names";
            Self {
                tmux: had(findings, "which sessions run", joined(tmux)),
                stopped: Stopped::default(),
                worktrees: had(findings, "worktrees", worktrees).unwrap_or_default(),
                branches: had(findings, "branches, and what git shows", branches),
                included: had(findings, of_folders, included).unwrap_or_default(),
                table: had(findings, "who holds the ports", joined(table)),
                entries: entries(subject, findings),
                started,
            }
        })
    }

    /// Whether git gives answers.
    pub fn has_git(&self) -> bool {
        self.branches.is_some()
    }

    /// Whether there is a branch; if it can't be known, none is missed.
    pub fn has_branch(&self, name: &str) -> bool {
        let refname = format!("refs/heads/{name}");
        let branches = self.branches.as_ref();
        branches.is_none_or(|branches| branches.contains(&refname))
    }
}

/// What these checks need, if it could be had.
fn had<T>(findings: &mut Vec<Finding>, checks: &str, answer: Result<T>) -> Option<T> {
    let missing = |error| findings.push(Finding::skipped(checks, format!("{error:#}")));
    answer.map_err(missing).ok()
}

/// What Claude knows of folders.
fn entries(subject: &Subject<'_>, findings: &mut Vec<Finding>) -> Option<Entries> {
    let entries = match &subject.claude {
        Ok(claude) => Entries::read(&claude.json),
        Err(error) => Err(hint::copy(error)),
    };
    let unknown = |error| {
        let unknown = Finding::warning("what Claude was allowed:", format!("{error:#}"));
        findings.push(match &subject.claude {
            Ok(claude) => unknown.edit(&claude.json),
            Err(_) => unknown.cure("export HOME=<your home folder>"),
        });
    };
    entries.map_err(unknown).ok()
}
