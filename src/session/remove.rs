//! Clearing a session away, so that it can be had back.

mod leaving;

use crate::claude::Claude;
use crate::layout::Layout;
use crate::name::SessionName;
use crate::project::Project;
use crate::session::Session;
use crate::session::loss::purge::Lost;
use crate::session::loss::removed::{About, Removed};
use crate::session::records::hold::Hold;
use crate::session::records::moved;
use crate::session::records::unrecorded::Unrecorded;
use crate::store::records::Records;
use anyhow::Result;
use leaving::Leaving;
use std::fmt::Display;

/// How the user wants it done.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option")]
pub struct Wish {
    /// Remove also what the user will want to know of.
    pub force: bool,
    /// Leave the branch.
    pub keep_branch: bool,
    /// Delete it for good then: what that needs is asked here.
    pub purge: bool,
    /// Ask nothing.
    pub yes: bool,
    /// That the layout has no hooks for that reason.
    pub no_hooks: bool,
}

impl Wish {
    /// What to type to have it done in spite of all.
    fn with_force(self, name: &SessionName) -> String {
        let forced = Self {
            force: true,
            ..self
        };
        forced.typed(&[name])
    }

    /// What to type for these sessions.
    pub fn typed(self, names: &[impl Display]) -> String {
        let options = [
            (self.force, " --force"),
            (self.keep_branch, " --keep-branch"),
            (self.no_hooks, " --no-hooks"),
            (self.purge, " --purge"),
            (self.yes, " --yes"),
        ];
        let mut typed = "tally-session remove".to_owned();
        typed.extend(
            options
                .iter()
                .filter(|(is_set, _)| *is_set)
                .map(|(_, option)| *option),
        );
        typed.extend(names.iter().map(|name| format!(" {name}")));
        typed
    }
}

/// What became of a session.
#[derive(Debug)]
pub struct Outcome {
    /// What was taken away; none if nothing but the record was left.
    pub removed: Option<Removed>,
    /// What there is to tell.
    pub notes: Vec<String>,
}

/// Clears a session away completely: its windows and servers, worktree, branch, Claude entry, and last its record. All of it is
/// kept. It also works on what is left of one, and goes on where it was cut short. What is to be purged `agree` is asked about, when
/// nothing is to be refused.
///
/// # Errors
/// A refusal, which changes nothing, one of `agree`, or the step that failed; the record is there then, and the rest can be removed again.
pub fn remove(
    project: &Project,
    layout: &Layout,
    claude: &Claude,
    name: &SessionName,
    wish: Wish,
    agree: impl FnOnce(&About, &Lost) -> Result<()>,
) -> Result<Outcome> {
    let hold = Hold::take(project, name)?;
    let records = Records::read(&project.main)?;
    let session = Session::find(project, layout, &records, name, "remove")?;
    Records::check_writable(&project.main)?;
    moved::refuse(&session)?;
    if !session.counts() {
        return disown(&session);
    }
    let mut leaving = Leaving::look(session, hold, claude, &records, wish)?;
    leaving.refuse()?;
    if wish.purge {
        leaving.ask(agree)?;
        // That took as long as the user wanted.
        leaving = leaving.look_again(&records)?;
        leaving.refuse()?;
    }
    let refs = leaving.close()?;
    let removed = leaving.take(refs);
    let removed = removed.map_err(|error| leaving.cut_short(error))?;
    leaving.forget(removed)
}

/// Takes out a record that names nothing of this project's.
fn disown(session: &Session<'_>) -> Result<Outcome> {
    session.take_out_record()?;
    let lost = Vec::from_iter(Unrecorded::find(session.project, &session.name)?);
    let told = Unrecorded::told(&lost);
    Ok(Outcome {
        removed: None,
        notes: told.iter().map(ToString::to_string).collect(),
    })
}
