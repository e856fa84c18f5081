//! What leads from the sessions to the main checkout, or to the servers of another one: each is said once, whatever number of
//! sessions has it.

mod hooks;
mod packages;
mod proxy;
mod python;
mod variables;

use crate::finding::Finding;
use crate::layout::Layout;
use crate::project::Project;
use crate::session::Session;
use crate::store::records::Records;

/// What is looked at.
struct Scope<'a> {
    project: &'a Project,
    layout: &'a Layout,
    /// Those that have a worktree.
    sessions: Vec<Session<'a>>,
    /// All that there are.
    records: &'a Records,
}

const CHECKS: [fn(&Scope<'_>) -> Vec<Finding>; 5] = [
    packages::check,
    python::check,
    hooks::check,
    variables::check,
    proxy::check,
];

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
    CHECKS.iter().flat_map(|check| check(&scope)).collect()
}
