//! What a session has in its worktree. [`list`] names all of it; making a session and looking at one each walk that.

pub mod claude_entry;
mod clone;
mod copy;
pub mod database;
pub mod env_files;
pub mod environment;
pub mod files;
pub mod fitting;
pub mod hidden;
mod included;
pub mod inside;
mod installed;
mod kind;
mod link;
pub mod packages;
mod part;
pub mod placed;
mod placing;
mod reaching;
pub mod told;
mod variables;
mod way;

pub use kind::Part;
pub use part::lacking;

use crate::finding::Finding;
use crate::session::Session;
use crate::session::belongings::env_files::{Left, New, Tracked};
use crate::session::belongings::hidden::Hidden;
use crate::session::belongings::included::Included;
use crate::session::belongings::packages::Versions;
use crate::session::belongings::placed::Placed;
use crate::session::belongings::placing::Placing;
use crate::session::belongings::reaching::Reaching;
use crate::session::belongings::variables::Variables;
use anyhow::Result;
use std::collections::HashSet;

/// One thing that a session has in its worktree.
trait Belonging {
    /// Makes it true, from whatever is there. What is there stays where it may be the user's work.
    ///
    /// # Errors
    /// If a file can't be read or written, or git fails.
    fn make(&self, _placing: &mut Placing<'_>) -> Result<()> {
        Ok(())
    }

    /// What a look at it shows.
    fn look(&self, placing: &Placing<'_>) -> Vec<Finding>;
}

/// All of it, in the order in which it is made: what is hidden from git is what was put there before.
fn list<'a>(session: &'a Session<'a>, included: &'a [Part]) -> Vec<Box<dyn Belonging + 'a>> {
    fn boxed<'a>(one: impl Belonging + 'a) -> Box<dyn Belonging + 'a> {
        Box::new(one)
    }
    let parts = files::parts(session.project, session.layout).map(boxed);
    let env = session.layout.env.iter();
    let variables =
        env.flat_map(|(path, set)| [boxed(Variables { path, set }), boxed(Tracked { path })]);
    let instead = session.layout.env_instead.iter();
    let left = instead.map(|(path, instead)| boxed(Left { path, instead }));
    parts
        .chain([boxed(Included { parts: included })])
        .chain(left)
        .chain(variables)
        .chain([boxed(New), boxed(Reaching), boxed(Hidden), boxed(Versions)])
        .collect()
}

/// Makes the worktree's files true, the `included` ones too, writes down what was put there, and hides it from git. Gives what there
/// is to tell, and the paths that it lacked.
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
    let list = list(session, included);
    let made = list.iter().try_for_each(|one| one.make(&mut placing));
    if made.is_err() && placing.has_more() {
        placing.placed.write(session)?;
    }
    made?;
    if !in_full {
        // It was told when the session was made.
        placing.notes.clear();
    }
    Ok((placing.notes, shortened(placing.paths)))
}

/// What a look at all of it shows. Where git gives no answers that is told by itself.
pub fn look(session: &Session<'_>, included: &[Part], has_git: bool) -> Vec<Finding> {
    let placed = placed::read_or_guess(session, included);
    let mut placing = Placing::new(session, included, placed);
    placing.has_git = has_git;
    let list = list(session, included);
    let mut findings: Vec<_> = list.iter().flat_map(|one| one.look(&placing)).collect();
    // Several paths may lead through one link.
    let mut told = HashSet::new();
    findings.retain(|finding| told.insert(finding.text()));
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
