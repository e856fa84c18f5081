//! One path that a session gets from the main checkout.

use crate::file::make_folder_like;
use crate::finding::{FIX, Finding, named};
use crate::layout::{FILE, Layout};
use crate::parallel;
use crate::problem::Problem;
use crate::project::{Project, is_same};
use crate::session::belongings::clone::Cloned;
use crate::session::belongings::copy::{AsItIs, Copied, Database, Folder};
use crate::session::belongings::kind::{Kind, Part};
use crate::session::belongings::link::Link;
use crate::session::belongings::placing::Placing;
use crate::session::belongings::way::Way;
use crate::session::belongings::{Belonging, database, files, fitting, inside, packages};
use crate::store::atomic;
use anyhow::{Context, Result};
use std::collections::HashSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// The list of the ways.
fn way(kind: Kind) -> &'static dyn Way {
    match kind {
        Kind::Link => &Link,
        Kind::Clone => &Cloned,
        Kind::Database => &Database,
        Kind::Copy => &Copied,
        Kind::Folder => &Folder,
        Kind::AsItIs => &AsItIs,
    }
}

/// What a look at one shows.
pub(super) enum Look {
    /// It is there, at this path of the worktree.
    There(String),
    /// It is not, and is to be made at this path.
    Lacking(String),
    /// It is not, and can't be made.
    Blocked(Problem),
    /// It is not, as the folder that it belongs into is missing: that is told by itself.
    Follows,
}

impl Belonging for Part {
    /// Makes it, and tells what there is to tell of a clone.
    fn make(&self, placing: &mut Placing<'_>) -> Result<()> {
        put(placing, [self])?;
        if self.kind == Kind::Clone {
            // What was cloned has it too.
            let fault = packages::fault(placing.session.project, &self.path);
            let fault = fault.map(|fault| fault.problem());
            if let Some(problem) = fault.or_else(|| self.is_checked_out(placing)) {
                placing.tell(&problem);
            }
        }
        Ok(())
    }

    /// One with variables is looked at with these.
    fn look(&self, placing: &Placing<'_>) -> Vec<Finding> {
        let (main, worktree) = (&placing.session.project.main, placing.worktree());
        if self.kind == Kind::Copy && placing.session.layout.env.contains_key(&self.path) {
            return Vec::new();
        }
        let is_main_s = || is_same(&main.join(&self.path), &worktree.join(&self.path));
        vec![match self.find(placing) {
            Look::Follows => return Vec::new(),
            Look::There(there) => {
                let lacks = self.lacks(placing);
                lacks.unwrap_or_else(|| {
                    way(self.kind).look(placing, &self.path, &worktree.join(there))
                })
            }
            Look::Lacking(there) => self.lacking(placing, &worktree.join(there)),
            Look::Blocked(problem) if self.kind == Kind::Database && is_main_s() => {
                let found = "is the main checkout's own: both write to it";
                Finding::warning(placing.checked(&self.path), found).cure(problem.cure)
            }
            Look::Blocked(problem) => placing.warning(problem),
        }]
    }
}

impl Part {
    /// Looks where it is, and whether it can be made.
    pub(super) fn find(&self, placing: &Placing<'_>) -> Look {
        let (main, worktree) = (&placing.session.project.main, placing.worktree());
        let there = match way(self.kind).find(worktree, &self.path) {
            Ok(there) => there,
            Err(outside) => return Look::Blocked(outside.problem()),
        };
        let (from, to) = (main.join(&self.path), worktree.join(&there));
        let is_as_placed = placing.placed.is_as_placed(worktree, &there);
        if way(self.kind).is_placed(&from, &to, is_as_placed) {
            Look::There(there)
        } else if to.is_symlink() && !is_as_placed {
            Look::Blocked(leads_astray(&self.path, &to))
        } else if from.exists() {
            let unfit = way(self.kind).unfit(&from, &self.path);
            unfit.map_or(Look::Lacking(there), Look::Blocked)
        } else if placing.follows(&self.path) {
            Look::Follows
        } else {
            Look::Blocked(self.absent(worktree))
        }
    }

    /// That a folder lacks some of the files that go there, if it is one and does.
    fn lacks(&self, placing: &Placing<'_>) -> Option<Finding> {
        let goes_there = |part: &&Self| {
            part.kind == Kind::AsItIs && Path::new(&part.path).starts_with(&self.path)
        };
        let is_lacking = |part: &&Self| matches!(part.find(placing), Look::Lacking(_));
        let files = placing.included.iter();
        let files = files.filter(|_| self.kind == Kind::Folder);
        let lacking = files.filter(goes_there).filter(is_lacking);
        let lacking: Vec<_> = lacking.map(|part| &part.path).collect();
        let found = || placing.failed(&self.path, format!("lacks {}", named(&lacking)));
        (!lacking.is_empty()).then(found)
    }

    /// That a folder is not cloned as git has made it, and nobody else, if that is so.
    fn is_checked_out(&self, placing: &Placing<'_>) -> Option<Problem> {
        let worktree = placing.worktree();
        let is_git_s = matches!(self.find(placing), Look::There(there)
            if worktree.join(&there).is_dir() && !placing.placed.is_ours(worktree, &there));
        is_git_s.then(|| {
            let path = &self.path;
            Problem::new(
                format!("{path} has files that git tracks, and only those are there"),
                format!("install the others there, or leave it out of clone in {FILE}"),
            )
        })
    }

    fn lacking(&self, placing: &Placing<'_>, to: &Path) -> Finding {
        let target = fs::read_link(to);
        let found = match target.map(|target| target.display().to_string()) {
            Ok(target) if to.exists() && self.kind == Kind::Link => {
                format!("leads to {target}, not to the main checkout's")
            }
            Ok(target) if to.exists() => {
                format!("is a link to {target}, and not a folder of its own")
            }
            Ok(target) => format!("leads to {target}, where nothing is"),
            Err(_) if to.exists() && self.kind == Kind::Clone => "is empty".to_owned(),
            Err(_) if to.exists() => "is a copy, and not a link".to_owned(),
            Err(_) => "is missing".to_owned(),
        };
        if self.kind == Kind::Database && !database::journals(to).is_empty() {
            let away = database::move_aside(to);
            let found = format!("{found}, and its journal is left");
            return Finding::failed(placing.checked(&self.path), found)
                .cure(format!("move that away: {away} && {FIX}"));
        }
        placing.failed(&self.path, found)
    }

    /// What one that the main checkout does not have means, in the checkout where it is to be made by hand.
    fn absent(&self, checkout: &Path) -> Problem {
        let cure = way(self.kind).absent(&checkout.join(&self.path));
        Problem::new(format!("{} is not in the main checkout", self.path), cure)
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

/// Makes what is not there yet; many at once.
pub(super) fn put<'a>(
    placing: &mut Placing<'_>,
    parts: impl IntoIterator<Item = &'a Part>,
) -> Result<()> {
    /// From so many on it is worth the threads.
    const MANY: usize = 20;
    let (main, worktree) = (&placing.session.project.main, placing.worktree());
    let mut lacking = Vec::new();
    // A link in the worktree may lead two of them to one place.
    let mut places = HashSet::new();
    for part in parts {
        match part.find(placing) {
            Look::Lacking(there) if places.insert(there.clone()) => lacking.push((part, there)),
            // A command that was cut short may have put it there, and not have written that down.
            Look::There(there)
                if way(part.kind).is_made(&main.join(&part.path), &worktree.join(&there)) =>
            {
                placing.placed.add(worktree, &there);
            }
            Look::Blocked(problem) => placing.tell(&problem),
            Look::Lacking(_) | Look::There(_) | Look::Follows => {}
        }
    }
    let made = parallel::map_many(MANY, &lacking, |(part, there)| {
        let (from, to) = (main.join(&part.path), worktree.join(there));
        make(&from, &to, part.kind).with_context(|| format!("cannot make {}", to.display()))
    });
    let mut result = Ok(());
    for ((part, there), made) in lacking.iter().zip(made) {
        match made {
            Ok(()) => {
                // Of a folder the files that go there are noted, each by itself.
                if part.kind != Kind::Folder {
                    placing.placed.add(worktree, there);
                }
                placing.paths.push(part.path.clone());
            }
            Err(error) => result = result.and(Err(error)),
        }
    }
    result
}

/// Makes one, and the folders above it. It appears when it is whole, in the place of a link or a file that was put there.
fn make(from: &Path, to: &Path, kind: Kind) -> Result<()> {
    if let (Some(from), Some(to)) = (from.parent(), to.parent()) {
        make_folder(from, to)?;
    }
    let part = &atomic::unfinished(to);
    // A killed command has left it.
    remove(part).with_context(|| format!("cannot remove {}", part.display()))?;
    let made = way(kind).make(from, part, to).and_then(|()| {
        if to.is_symlink() {
            fs::remove_file(to)?;
        }
        Ok(fs::rename(part, to)?)
    });
    if made.is_err() {
        // The error that is reported is the one that matters.
        let _ = remove(part);
    }
    made
}

fn remove(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(about) if about.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
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

/// What the main checkout lacks of what sessions get from it.
pub fn lacking(project: &Project, layout: &Layout) -> Vec<Problem> {
    let is_lacking = |part: &Part| {
        !project.main.join(&part.path).exists()
            && !fitting::follows(layout, &[&project.main], &part.path)
    };
    let parts = files::parts(project, layout).filter(is_lacking);
    parts.map(|part| part.absent(&project.main)).collect()
}
