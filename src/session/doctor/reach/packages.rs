//! Packages of JavaScript: what became of those that sessions share with the main checkout, and those that are its own source.

use crate::file::read_text_if_there;
use crate::process::quote;
use crate::project::Project;
use crate::session::belongings::packages::{Asked, MARKS, clone_instead};
use crate::session::doctor::finding::{Finding, named};
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

/// What is wrong with packages of the main checkout that are there.
pub fn fault(project: &Project, link: &str) -> Option<Finding> {
    let asked = Asked::of(project, link)?;
    let shared = project.main.join(link);
    let about = shared.symlink_metadata().ok()?;
    let install = asked.install(&project.main);
    let checked = format!("the main checkout's {link}");
    let leads_to = fs::canonicalize(&shared).ok()?;
    let is_astray = about.is_symlink()
        && leads_to
            .ancestors()
            .any(|above| project.owns_worktree(above));
    if is_astray || !leads_to.is_dir() {
        let found = if is_astray {
            format!("is a link to a session's: {}", leads_to.display())
        } else {
            "is no folder".to_owned()
        };
        let remove = format!("rm {}", quote(&shared.to_string_lossy()));
        return Some(Finding::failed(checked, found).cure(format!("{remove} && {install}")));
    }
    let is_marked = MARKS.iter().any(|mark| shared.join(mark).exists());
    // Packages that a lock file above is for may all be above, too.
    if is_marked || asked.is_locked_above {
        return None;
    }
    if entries(&shared).next().is_none() {
        let found = "is empty, though its package.json asks for packages";
        return Some(Finding::failed(checked, found).cure(install));
    }
    leaves_a_mark(&project.main.join(&asked.folder))
        .then(|| Finding::warning(checked, "was not installed to its end").cure(install))
}

/// Whether the program whose lock file is in a folder leaves a mark: npm has since version 7, bun never has.
fn leaves_a_mark(folder: &Path) -> bool {
    let is_there = |file| folder.join(file).is_file();
    let lock_file = read_text_if_there(&folder.join("package-lock.json"));
    match lock_file {
        Ok(Some(text)) => ["\"lockfileVersion\": 2", "\"lockfileVersion\": 3"]
            .iter()
            .any(|version| text.contains(version)),
        _ => (is_there("pnpm-lock.yaml") || is_there("yarn.lock")) && !is_there("bun.lock"),
    }
}

/// The packages and scopes in a `node_modules`, or the packages of a scope.
fn entries(folder: &Path) -> impl Iterator<Item = DirEntry> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))
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
