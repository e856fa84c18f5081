//! The files that folders and the project's own list name.

use crate::finding::{Finding, named};
use crate::session::belongings::Belonging;
use crate::session::belongings::files::{self, WORKTREE_INCLUDE};
use crate::session::belongings::kind::{Kind, Part};
use crate::session::belongings::part::{Look, put};
use crate::session::belongings::placing::Placing;
use anyhow::Result;
use std::path::Path;

/// What [`files::included`] gives: each is made by itself, and they are told in one line.
pub(super) struct Included<'a> {
    pub parts: &'a [Part],
}

impl Belonging for Included<'_> {
    fn make(&self, placing: &mut Placing<'_>) -> Result<()> {
        put(placing, self.parts)
    }

    /// A line for each database and for what stands in the way of a file, and one for all other files. A folder tells of its own.
    fn look(&self, placing: &Placing<'_>) -> Vec<Finding> {
        let known: Vec<_> = files::parts(placing.session.project, placing.session.layout).collect();
        let is_known = |part: &Part| {
            let mut known = known.iter();
            known.any(|known| Path::new(&part.path).starts_with(&known.path))
        };
        let mut findings = Vec::new();
        let (mut is_any, mut lacking, mut blocked) = (false, Vec::new(), Vec::new());
        for part in self.parts {
            if part.kind == Kind::Database {
                findings.extend(part.look(placing));
            } else if !is_known(part) {
                is_any = true;
                match part.find(placing) {
                    Look::There(_) | Look::Follows => {}
                    Look::Lacking(_) => lacking.push(&part.path),
                    Look::Blocked(problem) => blocked.push(placing.warning(problem)),
                }
            }
        }
        let what = format!("what {WORKTREE_INCLUDE} names");
        if !lacking.is_empty() {
            let found = format!("is not all there: {}", named(&lacking));
            findings.push(placing.failed(&what, found));
        } else if blocked.is_empty() && is_any {
            findings.push(placing.fine(&what, "is there"));
        }
        findings.extend(blocked);
        findings
    }
}
