//! The files that folders and the project's own list name: each is made by itself, and they are told in one line.

use crate::finding::{Finding, named};
use crate::session::belongings::Belonging;
use crate::session::belongings::files::{self, WORKTREE_INCLUDE};
use crate::session::belongings::kind::{Included, Kind};
use crate::session::belongings::part::{Look, Part, put};
use crate::session::belongings::placing::Placing;
use anyhow::Result;
use std::path::Path;

pub(super) struct Listed<'a> {
    pub included: &'a [Included],
}

impl Listed<'_> {
    fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        self.included
            .iter()
            .map(|(path, kind)| Part::new(path, *kind))
    }
}

impl Belonging for Listed<'_> {
    fn make(&self, placing: &mut Placing<'_>) -> Result<()> {
        put(placing, self.parts())
    }

    /// What stands in the way of a file is told of each. A folder tells of its own.
    fn look(&self, placing: &Placing<'_>) -> Vec<Finding> {
        let session = placing.session;
        let (databases, files): (Vec<_>, Vec<_>) =
            self.parts().partition(|part| part.kind == Kind::Database);
        let mut findings: Vec<_> = databases
            .iter()
            .flat_map(|part| part.look(placing))
            .collect();
        let parts: Vec<_> = files::parts(session.project, session.layout).collect();
        let is_known = |part: &&Part<'_>| {
            parts
                .iter()
                .any(|(known, _)| Path::new(part.path).starts_with(known))
        };
        let files: Vec<_> = files.iter().filter(|part| !is_known(part)).collect();
        let (mut lacking, mut blocked) = (Vec::new(), Vec::new());
        for part in &files {
            match part.find(placing) {
                Look::There(_) | Look::Follows => {}
                Look::Lacking(_) => lacking.push(part.path),
                Look::Blocked(problem) => blocked.push(placing.warning(problem)),
            }
        }
        let checked = placing.checked(&format!("what {WORKTREE_INCLUDE} names"));
        if !lacking.is_empty() {
            let found = format!("is not all there: {}", named(&lacking));
            findings.push(placing.mendable(Finding::failed(checked, found)));
        } else if blocked.is_empty() && !files.is_empty() {
            findings.push(Finding::fine(checked, "is there"));
        }
        findings.extend(blocked);
        findings
    }
}
