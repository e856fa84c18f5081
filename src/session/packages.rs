//! Packages that a session shares with the main checkout.

use super::{Session, inside};
use crate::file::read_if_there;
use crate::problem::Problem;
use std::path::Path;

/// The files in which package managers note the exact versions of what they install beside them.
const LOCK_FILES: [&str; 10] = [
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "bun.lock",
    "bun.lockb",
    "Gemfile.lock",
    "composer.lock",
    "uv.lock",
    "poetry.lock",
];

/// The lock files that ask for other versions than those of the main checkout, whose packages the session has.
pub fn other_versions(session: &Session<'_>) -> Vec<Problem> {
    let (main, worktree) = (&session.project.main, session.record.worktree());
    let mut problems = Vec::new();
    for link in &session.layout.files.link {
        let there = inside::reach(worktree, link).map(|there| worktree.join(there));
        let Some(there) = there.ok().filter(|there| there.is_symlink()) else {
            continue;
        };
        for name in LOCK_FILES {
            let lock_file = Path::new(link).with_file_name(name);
            let own = inside::follow(worktree, &lock_file.to_string_lossy());
            if own.is_ok_and(|own| differ(&main.join(&lock_file), &worktree.join(own))) {
                problems.push(Problem::new(
                    format!(
                        "{} differs from the main checkout's, whose {link} it shares",
                        lock_file.display()
                    ),
                    format!(
                        "if it needs its own, remove the link {} and install in {}",
                        there.display(),
                        there.with_file_name("").display()
                    ),
                ));
            }
        }
    }
    problems
}

/// Whether both are there, and not the same.
fn differ(one: &Path, other: &Path) -> bool {
    match (read_if_there(one), read_if_there(other)) {
        (Ok(Some(one)), Ok(Some(other))) => one != other,
        _ => false,
    }
}
