//! Putting the main checkout's files into a worktree.

use super::files::{
    Kind, absent, is_made_by_variables, is_placed, leads_nowhere, parts, way, with_variables,
};
use super::inheritance::Inheritance;
use super::inside::Outside;
use super::placed::{self, Placed};
use super::{Session, database, hidden, settings};
use crate::file::read_if_there;
use crate::problem::Problem;
use crate::store::atomic;
use anyhow::{Context, Result, bail};
use indexmap::IndexMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// The placing of one command.
pub struct Placing {
    /// All that was put into the worktree, by commands before it too.
    pub placed: Placed,
    /// The paths that were not there before, or were changed.
    pub paths: Vec<String>,
    /// What there is to tell: what was missing and what was left alone, with what to do about it.
    notes: Vec<String>,
}

/// Makes the worktree's files and its Claude's settings true, writes down what was put there, and hides it from git. Gives what
/// there is to tell.
///
/// In a worktree that `is_new` nothing was put before. With `in_full`, where a command was cut short, the layout's variables are
/// set in files that are there too, and all that was ever put there is hidden.
///
/// # Errors
/// If a file can't be read or written, or git fails; what was placed by then is written down.
pub fn place(
    session: &Session<'_>,
    inheritance: &Inheritance,
    is_new: bool,
    in_full: bool,
) -> Result<Vec<String>> {
    let included = &inheritance.files;
    let mut placing = Placing {
        placed: if is_new {
            Placed::default()
        } else {
            placed::read_or_guess(session, included)
        },
        paths: Vec::new(),
        notes: Vec::new(),
    };
    let result = files(session, included, in_full, &mut placing)
        .and_then(|()| settings::place(session, &inheritance.rules, &mut placing));
    let has_more = in_full || !placing.paths.is_empty();
    if has_more {
        placing.placed.write(session)?;
    }
    result?;
    if has_more {
        hidden::hide(session, &mut placing)?;
    }
    Ok(placing.notes)
}

/// Puts into the worktree what it lacks of its parts, and of what [`included`] names. What is there stays: it may be the
/// user's work. The layout's variables are set in files that are new, and with `all_variables` in those that are there.
fn files(
    session: &Session<'_>,
    included: &[String],
    all_variables: bool,
    placing: &mut Placing,
) -> Result<()> {
    let (project, layout) = (session.project, session.layout);
    for (path, kind) in parts(project, layout) {
        if project.main.join(path).exists() || !is_made_by_variables(layout, path, kind) {
            placing.put(session, path, kind)?;
        }
    }
    for path in included {
        placing.put(session, path, Kind::AsItIs)?;
    }
    for (path, variables) in &layout.env {
        let Some(there) = placing.reached(way(session, path, Kind::Copy)) else {
            continue;
        };
        let is_there = session.record.worktree().join(&there).exists();
        if all_variables || placing.paths.contains(path) || !is_there {
            placing.set_variables(session, path, &there, variables)?;
        }
    }
    if !all_variables {
        // It was told when the session was made.
        placing.notes.clear();
    }
    Ok(())
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

    /// Makes one path of the worktree from the main checkout's, if nothing is there yet.
    fn put(&mut self, session: &Session<'_>, path: &str, kind: Kind) -> Result<()> {
        let Some(there) = self.reached(way(session, path, kind)) else {
            return Ok(());
        };
        let worktree = session.record.worktree();
        let (from, to) = (session.project.main.join(path), worktree.join(&there));
        if is_placed(&from, &to, kind) {
            return Ok(());
        }
        if to.is_symlink() && !self.placed.is_as_placed(worktree, &there) {
            self.tell(&leads_nowhere(path, &to));
            return Ok(());
        }
        if !from.exists() {
            self.tell(&absent(worktree, path, kind));
            return Ok(());
        }
        if to.is_symlink() {
            fs::remove_file(&to).with_context(|| format!("cannot remove {}", to.display()))?;
        }
        if let (Some(from), Some(to)) = (from.parent(), to.parent()) {
            make_folder(from, to)?;
        }
        self.placed.note(worktree, &there, |to| {
            let made = match kind {
                Kind::Link => symlink(&from, to).map_err(Into::into),
                Kind::Database => database::copy(&from, to),
                Kind::Copy => copy(&from, to),
                Kind::Folder => make_folder(&from, to),
                Kind::AsItIs => copy_as_it_is(&from, to),
            };
            made.with_context(|| format!("cannot make {}", to.display()))
        })?;
        self.paths.push(path.to_owned());
        Ok(())
    }

    /// Sets the layout's variables in a file of the worktree, which is `there`.
    fn set_variables(
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

/// Copies a file with its permissions; it appears when it is whole.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if !from.is_file() {
        bail!("{} is not a file", from.display());
    }
    let part = atomic::unfinished(to);
    // What a killed command left may be read-only; if it can't be removed, the copy says why.
    let _ = fs::remove_file(&part);
    fs::copy(from, &part).with_context(|| format!("cannot copy {}", from.display()))?;
    fs::File::open(&part)?.sync_all()?;
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
    let made = || -> io::Result<()> {
        let mode = fs::metadata(from)?.permissions().mode();
        fs::create_dir(to)?;
        fs::set_permissions(to, Permissions::from_mode(mode | 0o700))
    };
    made().with_context(|| format!("cannot make the folder {}", to.display()))
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
