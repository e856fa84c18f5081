//! What leads from the sessions to the main checkout, or to the servers of another one: each is said once, whatever number of
//! sessions has it.

mod hooks;
mod packages;
mod proxy;
mod python;
mod variables;

use crate::file::read_if_there;
use crate::finding::Finding;
use crate::layout::Layout;
use crate::project::Project;
use crate::session::Session;
use crate::session::belongings::inside;
use crate::store::records::Records;
use std::path::PathBuf;

/// What is looked at.
struct Scope<'a> {
    project: &'a Project,
    layout: &'a Layout,
    /// Those that have a worktree.
    sessions: Vec<Session<'a>>,
    /// All that there are.
    records: &'a Records,
}

/// Looks for all of it.
pub fn check(
    project: &Project,
    layout: &Layout,
    sessions: &[Session<'_>],
    records: &Records,
) -> Vec<Finding> {
    let is_whole = |session: &&Session<'_>| project.owns_worktree(session.record.worktree());
    let scope = Scope {
        project,
        layout,
        sessions: sessions.iter().filter(is_whole).cloned().collect(),
        records,
    };
    let findings = [
        packages::check(&scope),
        python::check(&scope),
        hooks::check(&scope).into_iter().collect(),
        variables::check(&scope),
        proxy::check(&scope),
    ];
    findings.concat()
}

/// A file of a session's worktree, with its bytes; none if it is not there, or leads out of it.
fn read_inside(session: &Session<'_>, path: &str) -> Option<(PathBuf, Vec<u8>)> {
    let worktree = session.record.worktree();
    let there = worktree.join(inside::follow(worktree, path).ok()?);
    let bytes = read_if_there(&there).ok()??;
    Some((there, bytes))
}
