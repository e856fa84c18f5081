//! Packages of JavaScript: what became of those that sessions share with the main checkout, and those that are its own source.

use crate::finding::{Finding, named};
use crate::project::Project;
use crate::session::belongings::packages::{Asked, clone_instead, entries, fault};
use crate::session::doctor::reach::Scope;
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};

pub fn check(scope: &Scope<'_>) -> Vec<Finding> {
    let project = scope.project;
    let mut findings = Vec::new();
    let files = &scope.layout.files;
    let links = files.link.iter().chain(&files.clone);
    for link in links.filter(|link| Path::new(link).ends_with("node_modules")) {
        findings.extend(fault(project, link));
        let is_shared = |at: &Path| at.join(link).is_symlink();
        let worktrees = || {
            scope
                .sessions
                .iter()
                .map(|session| session.record.worktree())
        };
        // In a clone a link of a workspace leads to the session's own source.
        let will_share = worktrees().count() == 0 && files.link.contains(link);
        if will_share || worktrees().any(is_shared) {
            let sources = Sources::of(project, &project.main.join(link));
            findings.extend(
                sources.map(|sources| sources.found(link).cure(clone_instead(project, &[link]))),
            );
        }
        for session in &scope.sessions {
            let worktree = session.record.worktree();
            if is_shared(worktree) {
                continue;
            }
            let sources = Sources::of(project, &worktree.join(link));
            findings.extend(
                sources
                    .zip(Asked::of(project, link))
                    .map(|(sources, asked)| {
                        let checked = format!("{}: {link}", session.name);
                        sources.found(&checked).cure(asked.install(worktree))
                    }),
            );
        }
    }
    findings
}

/// The packages in a folder that are source of the main checkout's own, as workspaces have them.
struct Sources {
    names: Vec<String>,
    /// Where the first of them is, from the main checkout's root.
    first: PathBuf,
}

impl Sources {
    fn of(project: &Project, folder: &Path) -> Option<Self> {
        let is_scope = |entry: &DirEntry| entry.file_name().as_encoded_bytes().starts_with(b"@");
        let (scopes, packages): (Vec<_>, Vec<_>) = entries(folder).partition(is_scope);
        let below = scopes.iter().map(DirEntry::path);
        let mut sources: Vec<_> = packages
            .into_iter()
            .chain(below.flat_map(|scope| entries(&scope)))
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()))
            .filter_map(|entry| {
                let there = fs::canonicalize(entry.path()).ok()?;
                let there = there.strip_prefix(&project.main).ok()?;
                let is_source = there.iter().all(|part| part != "node_modules");
                let name = entry.path().strip_prefix(folder).ok()?.to_owned();
                is_source.then(|| (name.to_string_lossy().into_owned(), there.to_owned()))
            })
            .collect();
        sources.sort();
        Some(Self {
            first: sources.first()?.1.clone(),
            names: sources.into_iter().map(|(name, _)| name).collect(),
        })
    }

    fn found(&self, folder: &str) -> Finding {
        let first = self.first.display();
        let found = match self.names.as_slice() {
            [_] => {
                format!("is the main checkout's {first}: a change in a session's own has no effect")
            }
            _ => format!(
                "are the main checkout's, as {first}: a change in a session's own has no effect"
            ),
        };
        Finding::failed(format!("{folder}: {}", named(&self.names)), found)
    }
}
