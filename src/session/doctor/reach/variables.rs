//! Variables of a session that another file sets to something else.
//!
//! A window's environment has them too, and Vite, Next, Create React App, bun, dotenv and django-environ all leave what
//! is set there as it is. So a file beside the session's own matters only for those that are in the files alone, and direnv
//! for all of them: it changes the environment itself.

use crate::dotenv;
use crate::file::read_if_there;
use crate::finding::Finding;
use crate::process::quote_path;
use crate::session::Session;
use crate::session::doctor::reach::{Scope, read_inside};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The files of a development server, each with priority over those before it.
const RANKED: [&str; 4] = [
    ".env",
    ".env.local",
    ".env.development",
    ".env.development.local",
];

pub fn check(scope: &Scope<'_>) -> Vec<Finding> {
    let has_direnv = which::which("direnv").is_ok();
    let mut findings = Vec::new();
    for session in &scope.sessions {
        findings.extend(in_files_alone(session));
        if has_direnv {
            findings.extend(by_direnv(session));
        }
    }
    findings
}

fn in_files_alone(session: &Session<'_>) -> Vec<Finding> {
    let everywhere = session.env();
    let mut findings = Vec::new();
    for (path, variables) in &session.layout.env {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let Some(rank) = RANKED.iter().position(|ranked| *ranked == file) else {
            continue;
        };
        for other in &RANKED[rank + 1..] {
            let other = format!("{folder}/{other}");
            let Some((there, text)) = read_inside(session, &other) else {
                continue;
            };
            let alone = variables
                .iter()
                .filter(|(name, _)| everywhere.iter().all(|(set, _)| set != *name));
            for (name, value) in alone {
                let wanted = session.expand(value).ok();
                let found = wanted.and_then(|wanted| set_to_another(&text, name, &wanted));
                findings.extend(found.map(|found| {
                    let checked = format!("{}: {}", session.name, other.trim_start_matches('/'));
                    let found = format!("sets {name} to {found}, and counts before {path}");
                    Finding::warning(checked, found).edit(&there)
                }));
            }
        }
    }
    findings
}

/// direnv takes the nearest `.envrc` of a folder and those above it: a new window is at the worktree's root, one whose server
/// is started again in its own folder.
fn by_direnv(session: &Session<'_>) -> Vec<Finding> {
    let worktree = session.record.worktree();
    let windows = session.layout.windows.iter();
    let folders = windows.map(|window| worktree.join(&window.dir));
    let nearest = |folder: PathBuf| {
        let mut files = folder.ancestors().map(|above| above.join(".envrc"));
        files.find(|file| file.is_file())
    };
    let files = folders.chain([worktree.to_owned()]).filter_map(nearest);
    let mut findings = Vec::new();
    for file in files.collect::<BTreeSet<_>>() {
        let Ok(Some(text)) = read_if_there(&file) else {
            continue;
        };
        // Each session has its own copy of a file that git has.
        let shown = file.strip_prefix(worktree).unwrap_or(&file).display();
        let place = quote_path(&file);
        for (name, value) in session.env() {
            let found = set_to_another(&text, &name, &value);
            findings.extend(found.map(|found| {
                Finding::warning(
                    format!("{shown} of the sessions"),
                    format!("has direnv set {name} to {found}, whatever a session's own is"),
                )
                .cure(format!(
                    "write there: export {name}=\"${{{name}:-{found}}}\"; it is in {place}"
                ))
            }));
        }
    }
    findings
}

/// What a text sets a variable to, if that is plain and another value. What a shell or a parser would fill in is not known.
fn set_to_another(text: &[u8], name: &str, wanted: &str) -> Option<String> {
    let found = String::from_utf8_lossy(dotenv::value(text, name)?).into_owned();
    (found != wanted && !found.contains(['$', '`'])).then_some(found)
}
