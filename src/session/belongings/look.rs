//! Whether a path that a session gets from the main checkout is as it should be.

use crate::layout;
use crate::problem::Problem;
use crate::session::Session;
use crate::session::belongings::files::{Kind, absent, way};
use crate::session::belongings::placed::Placed;
use crate::session::belongings::{fitting, inside};
use std::fs;
use std::path::Path;

/// What a look at such a path shows.
pub enum Look {
    /// It is there, at this path of the worktree.
    There(String),
    /// It is not, and is to be made at this path.
    Lacking(String),
    /// It is not, and can't be made.
    Blocked(Problem),
    /// It is not, as the folder that it belongs into is missing: that is told by itself.
    Follows,
}

/// Looks at one, where these were put there.
pub fn look(session: &Session<'_>, placed: &Placed, path: &str, kind: Kind) -> Look {
    let (main, worktree) = (&*session.project.main, session.record.worktree());
    let there = match way(session, path, kind) {
        Ok(there) => there,
        Err(outside) => return Look::Blocked(outside.problem()),
    };
    let (from, to) = (main.join(path), worktree.join(&there));
    if is_placed(&from, &to, kind) {
        Look::There(there)
    } else if to.is_symlink() && !placed.is_as_placed(worktree, &there) {
        Look::Blocked(leads_astray(path, &to))
    } else if from.exists() {
        unfit(&from, path, kind).map_or(Look::Lacking(there), Look::Blocked)
    } else if fitting::follows(session.layout, &[main, worktree], path) {
        Look::Follows
    } else {
        Look::Blocked(absent(worktree, path, kind))
    }
}

/// Whether a path of the worktree leads to something, or it is the main checkout's link, or a link to
/// the main checkout's, which may have gone. A folder of its own is no link.
fn is_placed(from: &Path, to: &Path, kind: Kind) -> bool {
    let is_link_to = |target: &Path| fs::read_link(to).is_ok_and(|there| there == target);
    if kind == Kind::Clone {
        return to.exists() && !to.is_symlink();
    }
    to.exists()
        || match kind {
            Kind::Link => is_link_to(from),
            Kind::AsItIs => fs::read_link(from).is_ok_and(|target| is_link_to(&target)),
            Kind::Clone | Kind::Database | Kind::Copy | Kind::Folder => false,
        }
}

/// That a link that was not put there leads nowhere, or elsewhere than to something of the session's own.
fn leads_astray(path: &str, link: &Path) -> Problem {
    let target = fs::read_link(link).unwrap_or_default();
    let behind = if link.exists() {
        "and not the session's own"
    } else {
        "where nothing is"
    };
    Problem::new(
        format!("{path} is a link to {}, {behind}", target.display()),
        inside::own_instead(link),
    )
}

/// Why something of the main checkout is not cloned, if it is not.
fn unfit(from: &Path, path: &str, kind: Kind) -> Option<Problem> {
    let is_environment = kind == Kind::Clone && from.join("pyvenv.cfg").exists();
    is_environment.then(|| {
        Problem::new(
            format!("{path} is an environment of Python, and a clone would install into the main checkout's"),
            format!("make one in each session: post_add under [hooks] in {}", layout::FILE),
        )
    })
}
