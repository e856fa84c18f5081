//! Worktrees that are sessions', and that no record has: as after the store was lost.

use crate::git::worktrees::{self, Worktree};
use crate::name::SessionName;
use crate::problem::Problem;
use crate::project::Project;
use crate::session::records::kept::Kept;
use crate::store::record::Record;
use crate::store::records::Records;
use anyhow::Result;
use std::collections::HashSet;
use std::path::PathBuf;

/// A session without a record.
pub struct Unrecorded {
    /// Its name.
    pub name: SessionName,
    /// Its worktree.
    pub worktree: PathBuf,
    /// The copy of its record, if there is one: else the worktree is only like that of a session, by its place and its branch, and
    /// may be the user's own.
    pub kept: Option<Record>,
}

impl Unrecorded {
    /// All of them. The records are read last: a worktree that is just being made has one already.
    ///
    /// # Errors
    /// If the worktrees or the store can't be read.
    pub fn all(project: &Project) -> Result<Vec<Self>> {
        let worktrees = worktrees::list(&project.common)?;
        let records = Records::read(&project.main)?;
        Ok(Self::among(project, &records, &worktrees))
    }

    /// Those that these worktrees are. One of a session with a record is told with that.
    pub fn among(project: &Project, records: &Records, worktrees: &[Worktree]) -> Vec<Self> {
        let paths = || records.iter().map(|(_, record)| record.worktree());
        let known: HashSet<_> = paths().collect();
        // One that is not spelled so may be there all the same.
        let has_record = |worktree: &Worktree| {
            known.contains(&*worktree.path) || paths().any(|path| worktree.is_at(path))
        };
        let others = worktrees.iter().skip(1);
        others
            .filter(|worktree| !has_record(worktree))
            .filter_map(|worktree| Self::of(project, worktree))
            .filter(|lost| records.find(&lost.name).is_none())
            .collect()
    }

    fn of(project: &Project, worktree: &Worktree) -> Option<Self> {
        let (name, kept) = match Kept::read(&worktree.admin) {
            Some(Kept { name, record }) if worktree.is_at(record.worktree()) => {
                (name, Some(record))
            }
            _ => (SessionName::parse(worktree.branch.as_ref()?).ok()?, None),
        };
        let path = project.worktree_path(&name);
        (worktree.is_at(&path) && project.owns_worktree(&path)).then_some(Self {
            name,
            worktree: path,
            kept,
        })
    }

    /// The one of this name.
    pub fn find(project: &Project, name: &SessionName) -> Result<Option<Self>> {
        let mut all = Self::all(project)?.into_iter();
        Ok(all.find(|lost| lost.name == *name))
    }

    /// That they are lost, and what makes them sessions again.
    pub fn told(all: &[Self]) -> Vec<Problem> {
        let (mut alone, others): (Vec<_>, Vec<_>) =
            all.iter().partition(|lost| lost.kept.is_some());
        let mut told = Vec::new();
        if alone.len() > 1 {
            let names: Vec<_> = alone.drain(..).map(|lost| lost.name.as_str()).collect();
            let names = names.join(", ");
            told.push(Problem::new(
                format!("the worktrees of {names} are sessions', and no record has them"),
                "make them sessions again, which closes nothing: tally-session resume",
            ));
        }
        told.extend(
            alone
                .into_iter()
                .chain(others)
                .map(|Self { name, worktree, .. }| {
                    let worktree = worktree.display();
                    Problem::new(
                        format!(
                            "the worktree {worktree} looks like a session's, and no record has it"
                        ),
                        format!("make it a session again: tally-session resume {name}"),
                    )
                }),
        );
        told
    }
}
