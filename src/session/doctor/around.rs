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
use crate::store::claude_json::Entries;
use crate::store::records::Records;
use crate::tmux::{self, TmuxSession};
use anyhow::Result;
use std::collections::HashSet;
use std::thread;

/// The answers, or why there are none.
pub struct Around<'a> {
    pub tmux: Result<Vec<TmuxSession>>,
    pub stopped: Stopped,
    pub worktrees: Result<Vec<Worktree>>,
    branches: Result<HashSet<String>>,
    pub table: Result<Table>,
    pub entries: Result<Entries>,
    /// The files that folders and the project's own list add to what the layout names.
    pub included: Result<Vec<Part>>,
    /// The sessions whose servers were only just started.
    pub started: &'a [SessionName],
}

impl<'a> Around<'a> {
    /// Asks for all of it at the same time.
    pub fn look(
        subject: &Subject<'_>,
        records: Option<&Records>,
        started: &'a [SessionName],
    ) -> Self {
        let ports = records.map(Records::ports).unwrap_or_default();
        let git = Git::at(&subject.project.main);
        thread::scope(|scope| {
            let tmux = scope.spawn(tmux::sessions);
            let branches = scope.spawn(move || git.branches(["refs/heads"]));
            let table = scope.spawn(|| Table::now(ports));
            let entries = match &subject.claude {
                Ok(claude) => Entries::read(&claude.json),
                Err(error) => Err(hint::copy(error)),
            };
            let included = match &subject.layout {
                Ok(layout) => files::included(subject.project, layout),
                Err(_) => Ok(Vec::new()),
            };
            Self {
                tmux: joined(tmux),
                stopped: Stopped::default(),
                worktrees: worktrees::list(&subject.project.common),
                branches: joined(branches)
                    .map(|branches| branches.into_iter().map(|branch| branch.refname).collect()),
                table: joined(table),
                entries,
                included,
                started,
            }
        })
    }

    /// Whether git gives answers.
    pub fn has_git(&self) -> bool {
        self.branches.is_ok()
    }

    /// Whether there is a branch; if it can't be known, none is missed.
    pub fn has_branch(&self, name: &str) -> bool {
        let refname = format!("refs/heads/{name}");
        self.branches
            .as_ref()
            .map_or(true, |branches| branches.contains(&refname))
    }

    /// The checks that can't be made, as what they need could not be had.
    pub fn skipped(&self, subject: &Subject<'_>) -> Vec<Finding> {
        let missing = [
            ("which sessions run", self.tmux.as_ref().err()),
            ("worktrees", self.worktrees.as_ref().err()),
            ("branches, and what git shows", self.branches.as_ref().err()),
            (
                "what is copied of folders and what .worktreeinclude names",
                self.included.as_ref().err(),
            ),
            ("who holds the ports", self.table.as_ref().err()),
        ];
        let mut findings: Vec<_> = missing
            .into_iter()
            .filter_map(|(checks, error)| Some(Finding::skipped(checks, format!("{:#}", error?))))
            .collect();
        if let Err(error) = &self.entries {
            let unknown = Finding::warning("what Claude was allowed:", format!("{error:#}"));
            findings.push(match &subject.claude {
                Ok(claude) => unknown.edit(&claude.json),
                Err(_) => unknown.cure("export HOME=<your home folder>"),
            });
        }
        findings
    }
}
