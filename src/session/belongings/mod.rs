//! What a session has in its worktree: [`place`] makes all of it, one thing after the other, and [`look`] looks at it.

mod clone;
mod database;
pub mod env_files;
pub mod environment;
pub mod files;
pub mod fitting;
pub mod hidden;
pub mod inheritance;
pub mod inside;
mod kind;
pub mod packages;
mod part;
pub mod placed;
mod placing;
pub mod told;
mod variables;

pub use part::{Part, lacking};

use crate::finding::Finding;
use crate::session::Session;
use crate::session::belongings::placed::Placed;
use crate::session::belongings::placing::Placing;
use crate::session::belongings::variables::Variables;
use anyhow::Result;
use std::collections::HashSet;

/// Makes the worktree's files true, the `included` ones too, writes down what was put there, and hides it from git. What is there
/// stays where it may be the user's work. Gives what there is to tell, and the paths that it lacked.
///
/// In a worktree that `is_new` nothing was put before. With `in_full`, where a command was cut short, the layout's variables are
/// set in files that are there too, and all that was ever put there is hidden.
///
/// # Errors
/// If a file can't be read or written, or git fails; what was placed by then is written down.
pub fn place(
    session: &Session<'_>,
    included: &[Part],
    is_new: bool,
    in_full: bool,
) -> Result<(Vec<String>, Vec<String>)> {
    let placed = if is_new {
        Placed::default()
    } else {
        placed::read_or_guess(session, included)
    };
    let mut placing = Placing::new(session, included, placed);
    placing.in_full = in_full;
    let made = make(&mut placing);
    let has_more = in_full || !placing.paths.is_empty();
    if has_more {
        placing.placed.write(session)?;
    }
    made?;
    if has_more {
        hidden::hide(session, &mut placing.placed)?;
    }
    if !in_full {
        // It was told when the session was made.
        placing.notes.clear();
    }
    Ok((placing.notes, shortened(placing.paths)))
}

fn make(placing: &mut Placing<'_>) -> Result<()> {
    let (project, layout) = (placing.session.project, placing.session.layout);
    for part in files::parts(project, layout) {
        part.make(placing)?;
    }
    part::put(placing, placing.included)?;
    env_files::give_back(placing)?;
    for (path, set) in &layout.env {
        Variables { path, set }.make(placing)?;
    }
    Ok(())
}

/// What a look at all of it shows. Where git gives no answers that is told by itself.
pub fn look(session: &Session<'_>, included: &[Part], has_git: bool) -> Vec<Finding> {
    let placed = placed::read_or_guess(session, included);
    let placing = &Placing::new(session, included, placed);
    let parts = files::parts(session.project, session.layout);
    let mut findings: Vec<_> = parts.filter_map(|part| part.look(placing)).collect();
    findings.extend(files::look_at_included(placing));
    let left = session.layout.env_instead.keys();
    findings.extend(left.filter_map(|path| env_files::look_at_left(placing, path)));
    for (path, set) in &session.layout.env {
        findings.extend(Variables { path, set }.look(placing));
        findings.extend(env_files::look_at_tracked(placing, path));
    }
    findings.extend(hidden::look(placing, has_git));
    // Several paths may lead through one link.
    let mut told = HashSet::new();
    findings.retain(|finding| told.insert(finding.text()));
    let versions = packages::other_versions(session).into_iter();
    findings.extend(versions.map(|problem| placing.warning(problem)));
    findings
}

/// As many paths as one reads.
fn shortened(mut paths: Vec<String>) -> Vec<String> {
    const MANY: usize = 20;
    const NAMED: usize = 3;
    if paths.len() > MANY {
        let more = paths.split_off(NAMED).len();
        paths.push(format!("{more} more files"));
    }
    paths
}
