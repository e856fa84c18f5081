//! Packages of JavaScript: what became of those that sessions share with the main checkout, and those that are its own source.

use crate::finding::{Finding, named};
use crate::project::Project;
use crate::session::Session;
use crate::session::belongings::packages::{Asked, behind, clone_instead, entries, fault};
use crate::session::doctor::reach::Scope;
use std::collections::BTreeMap;
use std::fs::{self, DirEntry};
use std::path::Path;

pub fn check(scope: &Scope<'_>) -> Vec<Finding> {
    let project = scope.project;
    let mut findings = Vec::new();
    let files = &scope.layout.files;
    let links = files.link.iter().chain(&files.clone);
    for link in links.filter(|link| Path::new(link).ends_with("node_modules")) {
        findings.extend(fault(project, link).or_else(|| behind(project, link)));
        let is_shared = |session: &&Session<'_>| session.record.worktree().join(link).is_symlink();
        let (shared, own): (Vec<_>, Vec<_>) = scope.sessions.iter().partition(is_shared);
        // In a clone a link of a workspace leads to the session's own source.
        let will_share = scope.sessions.is_empty() && files.link.contains(link);
        if will_share || !shared.is_empty() {
            let sources = sources(project, &project.main, link, link);
            findings.extend(sources.map(|found| found.cure(clone_instead(project, &[link]))));
        }
        for session in own {
            let worktree = session.record.worktree();
            let checked = format!("{}: {link}", session.name);
            let sources = sources(project, worktree, link, &checked);
            let asked = sources.zip(Asked::of(project, link));
            findings.extend(asked.map(|(found, asked)| found.cure(asked.install(worktree))));
        }
    }
    findings
}

/// The packages of a checkout that are source of the main checkout's own, as workspaces have them.
fn sources(project: &Project, checkout: &Path, link: &str, checked: &str) -> Option<Finding> {
    let folder = checkout.join(link);
    let is_scope = |entry: &DirEntry| entry.file_name().as_encoded_bytes().starts_with(b"@");
    let (scopes, packages): (Vec<_>, Vec<_>) = entries(&folder).partition(is_scope);
    let below = scopes.iter().flat_map(|scope| entries(&scope.path()));
    let links = packages
        .into_iter()
        .chain(below)
        .filter(|entry| entry.path().is_symlink());
    let sources = links.filter_map(|entry| {
        let there = fs::canonicalize(entry.path()).ok()?;
        let there = there.strip_prefix(&project.main).ok()?;
        let is_source = there.iter().all(|part| part != "node_modules");
        let name = entry.path().strip_prefix(&folder).ok()?.to_owned();
        is_source.then(|| (name.to_string_lossy().into_owned(), there.to_owned()))
    });
    let sources: BTreeMap<_, _> = sources.collect();
    let names: Vec<_> = sources.keys().collect();
    let first = sources.values().next()?.display();
    let found = match names[..] {
        [_] => format!("is the main checkout's {first}"),
        _ => format!("are the main checkout's, as {first}"),
    };
    let found = format!("{found}: a change in a session's own has no effect");
    Some(Finding::failed(
        format!("{checked}: {}", named(&names)),
        found,
    ))
}
