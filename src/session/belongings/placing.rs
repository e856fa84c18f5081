//! Putting one path after the other into a worktree, from the main checkout.

use crate::file::{make_folder_like, read_if_there};
use crate::parallel;
use crate::problem::Problem;
use crate::session::Session;
use crate::session::belongings::files::{Kind, with_variables};
use crate::session::belongings::inside::Outside;
use crate::session::belongings::look::{Look, look};
use crate::session::belongings::placed::Placed;
use crate::session::belongings::{clone, database};
use crate::store::atomic;
use anyhow::{Context, Result, bail};
use indexmap::IndexMap;
use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::Path;

/// The placing of one command.
#[derive(Default)]
pub struct Placing {
    /// All that was put into the worktree, by commands before it too.
    pub placed: Placed,
    /// The paths that were not there before, or were changed.
    pub paths: Vec<String>,
    /// What there is to tell: what was missing and what was left alone, with what to do about it.
    pub notes: Vec<String>,
}

impl Placing {
    /// Where something is, unless that is out of the worktree.
    pub fn reached(&mut self, way: Result<String, Outside>) -> Option<String> {
        way.map_err(|outside| self.tell(&outside.problem())).ok()
    }

    /// Each thing is told once.
    pub fn tell(&mut self, problem: &Problem) {
        let note = problem.to_string();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Makes paths of the worktree from the main checkout's, where nothing is yet; many at once.
    pub fn put<'a>(
        &mut self,
        session: &Session<'_>,
        wanted: impl IntoIterator<Item = (&'a str, Kind)>,
    ) -> Result<()> {
        /// From so many on it is worth the threads.
        const MANY: usize = 20;
        let worktree = session.record.worktree();
        let mut lacking = Vec::new();
        // A link in the worktree may lead two of them to one place.
        let mut places = HashSet::new();
        for (path, kind) in wanted {
            let place = self.place(session, path, kind)?;
            if let Some(there) = place.filter(|there| places.insert(there.clone())) {
                lacking.push((path, kind, there));
            }
        }
        let made = parallel::map_many(MANY, &lacking, |(path, kind, there)| {
            make(
                &session.project.main.join(path),
                &worktree.join(there),
                *kind,
            )
        });
        let mut result = Ok(());
        for ((path, kind, there), made) in lacking.iter().zip(made) {
            match made {
                Ok(()) => {
                    // Of a folder the files that go there are noted, each by itself.
                    if *kind != Kind::Folder {
                        self.placed.add(worktree, there);
                    }
                    self.paths.push((*path).to_owned());
                }
                Err(error) => result = result.and(Err(error)),
            }
        }
        result
    }

    /// Where a path of the worktree is to be made, if it is and can be.
    fn place(&mut self, session: &Session<'_>, path: &str, kind: Kind) -> Result<Option<String>> {
        let there = match look(session, &self.placed, path, kind) {
            Look::There(_) | Look::Follows => return Ok(None),
            Look::Blocked(problem) => {
                self.tell(&problem);
                return Ok(None);
            }
            Look::Lacking(there) => there,
        };
        let to = session.record.worktree().join(&there);
        if to.is_symlink() && kind != Kind::Clone {
            fs::remove_file(&to).with_context(|| format!("cannot remove {}", to.display()))?;
        }
        Ok(Some(there))
    }

    /// Sets the layout's variables in a file of the worktree, which is `there`.
    pub fn set_variables(
        &mut self,
        session: &Session<'_>,
        path: &str,
        there: &str,
        variables: &IndexMap<String, String>,
    ) -> Result<()> {
        let worktree = session.record.worktree();
        let before = read_if_there(&worktree.join(there))?.unwrap_or_default();
        let text = with_variables(session, before.clone(), variables);
        if text == before {
            return Ok(());
        }
        self.placed.note(worktree, there, |file| {
            make_parent(file)?;
            atomic::replace(file, &text, 0o600)
        })?;
        self.paths.push(path.to_owned());
        Ok(())
    }
}

fn make(from: &Path, to: &Path, kind: Kind) -> Result<()> {
    if let (Some(from), Some(to)) = (from.parent(), to.parent()) {
        make_folder(from, to)?;
    }
    let made = match kind {
        Kind::Link => symlink(from, to).map_err(Into::into),
        Kind::Clone => clone::clone(from, to),
        Kind::Database => database::copy(from, to),
        Kind::Copy => copy(from, to),
        Kind::Folder => make_folder(from, to),
        Kind::AsItIs => copy_as_it_is(from, to),
    };
    made.with_context(|| format!("cannot make {}", to.display()))
}

/// Copies a file with its permissions; it appears when it is whole. As with all that git checks out nobody waits for the disk:
/// the original is there.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if !from.is_file() {
        bail!("{} is not a file", from.display());
    }
    let part = atomic::unfinished(to);
    // What a killed command left may be read-only; if it can't be removed, the copy says why.
    let _ = fs::remove_file(&part);
    fs::copy(from, &part).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(fs::rename(&part, to)?)
}

fn copy_as_it_is(from: &Path, to: &Path) -> Result<()> {
    match fs::read_link(from) {
        Ok(target) => Ok(symlink(target, to)?),
        Err(_) => copy(from, to),
    }
}

/// Makes a folder, and those above it that are missing, each as open to others as the main checkout's.
fn make_folder(from: &Path, to: &Path) -> Result<()> {
    if to.is_dir() {
        return Ok(());
    }
    if let (Some(from), Some(to)) = (from.parent(), to.parent()) {
        make_folder(from, to)?;
    }
    match make_folder_like(from, to) {
        // Another thread may have been quicker.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && to.is_dir() => Ok(()),
        made => made.with_context(|| format!("cannot make the folder {}", to.display())),
    }
}

/// Makes the folder that a path stands in.
///
/// # Errors
/// If it can't be made.
pub fn make_parent(path: &Path) -> Result<()> {
    let Some(parent) = path.parent() else {
        return Ok(());
    };
    fs::create_dir_all(parent)
        .with_context(|| format!("cannot make the folder {}", parent.display()))
}
