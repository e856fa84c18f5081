//! One path that a session gets from the main checkout.

use crate::finding::{FIX, Finding, named};
use crate::layout;
use crate::layout::Layout;
use crate::parallel;
use crate::problem::Problem;
use crate::project::Project;
use crate::project::is_same;
use crate::session::belongings::clone::Cloned;
use crate::session::belongings::copy::{AsItIs, Copied, Database, Folder, make_folder};
use crate::session::belongings::kind::Kind;
use crate::session::belongings::link::Link;
use crate::session::belongings::placing::Placing;
use crate::session::belongings::way::Way;
use crate::session::belongings::{Belonging, database, files, fitting, inside, packages};
use anyhow::{Context, Result};
use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// The path, from the root of both, and how it is made.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub path: &'a str,
    pub kind: Kind,
}

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

impl Belonging for Part<'_> {
    fn make(&self, placing: &mut Placing<'_>) -> Result<()> {
        let project = placing.session.project;
        let is_there = project.main.join(self.path).exists();
        if is_there || !self.is_made_by_variables(placing) {
            put(placing, [*self])?;
        }
        if self.kind == Kind::Clone {
            // What was cloned has it too.
            let fault = packages::fault(project, self.path).map(|fault| fault.problem());
            let checked_out = || self.is_checked_out(placing).then(|| tracked(self.path));
            if let Some(problem) = fault.or_else(checked_out) {
                placing.tell(&problem);
            }
        }
        Ok(())
    }

    fn look(&self, placing: &Placing<'_>) -> Vec<Finding> {
        if self.is_made_by_variables(placing) {
            return Vec::new();
        }
        let (main, worktree) = (&placing.session.project.main, placing.worktree());
        let checked = placing.checked(self.path);
        let finding = match self.find(placing) {
            Look::Follows => return Vec::new(),
            Look::There(there) => {
                let lacks = self.lacks(placing, &checked);
                lacks.unwrap_or_else(|| {
                    way(self.kind).look(placing, checked, self.path, &worktree.join(there))
                })
            }
            Look::Lacking(there) => self.lacking(placing, checked, &worktree.join(there)),
            Look::Blocked(problem)
                if self.kind == Kind::Database
                    && is_same(&main.join(self.path), &worktree.join(self.path)) =>
            {
                Finding::warning(checked, "is the main checkout's own: both write to it")
                    .cure(problem.cure)
            }
            Look::Blocked(problem) => placing.warning(problem),
        };
        vec![finding]
    }
}

impl<'a> Part<'a> {
    pub fn new(path: &'a str, kind: Kind) -> Self {
        Self { path, kind }
    }

    /// Those with variables of the session's are made where the main checkout has none, and looked at with these.
    fn is_made_by_variables(&self, placing: &Placing<'_>) -> bool {
        files::is_made_by_variables(placing.session.layout, self.path, self.kind)
    }

    /// Looks at it.
    pub fn find(&self, placing: &Placing<'_>) -> Look {
        let (session, worktree) = (placing.session, placing.worktree());
        let (main, way) = (&*session.project.main, way(self.kind));
        let there = match way.find(worktree, self.path) {
            Ok(there) => there,
            Err(outside) => return Look::Blocked(outside.problem()),
        };
        let (from, to) = (main.join(self.path), worktree.join(&there));
        let is_as_placed = placing.placed.is_as_placed(worktree, &there);
        // An older layout, or an older version, had it copied; or the project is a copy of another one.
        let is_other = match fs::read_link(&to) {
            Ok(target) => target != from && from.exists(),
            Err(_) => to.is_file(),
        };
        let is_replaced = self.kind == Kind::Link && is_as_placed && is_other;
        if way.is_placed(&from, &to) && !is_replaced {
            Look::There(there)
        } else if to.is_symlink() && !is_as_placed {
            Look::Blocked(leads_astray(self.path, &to))
        } else if from.exists() {
            way.unfit(&from, self.path)
                .map_or(Look::Lacking(there), Look::Blocked)
        } else if fitting::follows(session.layout, &[main, worktree], self.path) {
            Look::Follows
        } else {
            Look::Blocked(absent(worktree, self.path, self.kind))
        }
    }

    /// That a folder lacks some of the files that go there, if it is one and does.
    fn lacks(&self, placing: &Placing<'_>, checked: &str) -> Option<Finding> {
        if self.kind != Kind::Folder {
            return None;
        }
        let files = placing.included.iter();
        let below = files
            .filter(|(file, kind)| *kind == Kind::AsItIs && Path::new(file).starts_with(self.path));
        let parts = below.map(|(file, kind)| Part::new(file, *kind));
        let lacking = parts.filter(|part| part.is_lacking(placing));
        let lacking: Vec<_> = lacking.map(|part| part.path).collect();
        let found = || format!("lacks {}", named(&lacking));
        (!lacking.is_empty()).then(|| placing.mendable(Finding::failed(checked, found())))
    }

    /// Whether it is there, and nobody has put it there but git.
    fn is_checked_out(&self, placing: &Placing<'_>) -> bool {
        let worktree = placing.worktree();
        matches!(self.find(placing), Look::There(there)
            if worktree.join(&there).is_dir() && !placing.placed.is_ours(worktree, &there))
    }

    pub fn is_lacking(&self, placing: &Placing<'_>) -> bool {
        matches!(self.find(placing), Look::Lacking(_))
    }

    /// Where it is to be made, if it is and can be; nothing is there any more then.
    pub fn place(&self, placing: &mut Placing<'_>) -> Result<Option<String>> {
        let there = match self.find(placing) {
            Look::There(_) | Look::Follows => return Ok(None),
            Look::Blocked(problem) => {
                placing.tell(&problem);
                return Ok(None);
            }
            Look::Lacking(there) => there,
        };
        let to = placing.worktree().join(&there);
        // A clone takes the place of a link when it is whole.
        if to.symlink_metadata().is_ok() && self.kind != Kind::Clone {
            fs::remove_file(&to).with_context(|| format!("cannot remove {}", to.display()))?;
        }
        Ok(Some(there))
    }

    fn lacking(&self, placing: &Placing<'_>, checked: String, to: &Path) -> Finding {
        let target = fs::read_link(to);
        let found = match target.map(|target| target.display().to_string()) {
            Ok(target) if to.exists() && self.kind == Kind::Link => {
                format!("leads to {target}, not to the main checkout's")
            }
            Ok(target) if to.exists() => {
                format!("is a link to {target}, and not a folder of its own")
            }
            Ok(target) => format!("leads to {target}, where nothing is"),
            Err(_) if to.exists() => "is a copy, and not a link".to_owned(),
            Err(_) => "is missing".to_owned(),
        };
        if self.kind == Kind::Database && !database::journals(to).is_empty() {
            let away = database::move_aside(to);
            return Finding::failed(checked, format!("{found}, and its journal is left"))
                .cure(format!("move that away: {away} && {FIX}"));
        }
        placing.mendable(Finding::failed(checked, found))
    }
}

/// That a folder is not cloned as git has made it.
fn tracked(path: &str) -> Problem {
    Problem::new(
        format!("{path} has files that git tracks, and only those are there"),
        format!(
            "install the others there, or leave it out of clone in {}",
            layout::FILE
        ),
    )
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
    parts: impl IntoIterator<Item = Part<'a>>,
) -> Result<()> {
    /// From so many on it is worth the threads.
    const MANY: usize = 20;
    let (main, worktree) = (&placing.session.project.main, placing.worktree());
    let mut lacking = Vec::new();
    // A link in the worktree may lead two of them to one place.
    let mut places = HashSet::new();
    for part in parts {
        let place = part.place(placing)?;
        if let Some(there) = place.filter(|there| places.insert(there.clone())) {
            lacking.push((part, there));
        }
    }
    let made = parallel::map_many(MANY, &lacking, |(part, there)| {
        make(&main.join(part.path), &worktree.join(there), part.kind)
    });
    let mut result = Ok(());
    for ((part, there), made) in lacking.iter().zip(made) {
        match made {
            Ok(()) => {
                // Of a folder the files that go there are noted, each by itplacing.
                if part.kind != Kind::Folder {
                    placing.placed.add(worktree, there);
                }
                placing.paths.push(part.path.to_owned());
            }
            Err(error) => result = result.and(Err(error)),
        }
    }
    result
}

fn make(from: &Path, to: &Path, kind: Kind) -> Result<()> {
    if let (Some(from), Some(to)) = (from.parent(), to.parent()) {
        make_folder(from, to)?;
    }
    let made = way(kind).make(from, to);
    made.with_context(|| format!("cannot make {}", to.display()))
}

/// What a path that the main checkout does not have means, in the checkout where it is to be made by hand.
pub fn absent(checkout: &Path, path: &str, kind: Kind) -> Problem {
    let cure = way(kind).absent(&checkout.join(path));
    Problem::new(format!("{path} is not in the main checkout"), cure)
}

/// What the main checkout lacks of what sessions get from it.
pub fn lacking(project: &Project, layout: &Layout) -> Vec<Problem> {
    let is_lacking = |(path, kind): &(&str, Kind)| {
        !files::is_made_by_variables(layout, path, *kind)
            && !project.main.join(path).exists()
            && !fitting::follows(layout, &[&project.main], path)
    };
    files::parts(project, layout)
        .filter(is_lacking)
        .map(|(path, kind)| absent(&project.main, path, kind))
        .collect()
}
