//! The files that a worktree gets from the main checkout.

use super::{Session, database};
use crate::dotenv;
use crate::file::{open_if_there, read_if_there};
use crate::git::Git;
use crate::layout::Layout;
use crate::problem::Problem;
use crate::project::Project;
use crate::store::atomic;
use crate::store::records;
use anyhow::{Context, Result, bail};
use indexmap::IndexMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// Claude Code's own settings of a checkout, for this machine alone.
pub const CLAUDE_SETTINGS: &str = ".claude/settings.local.json";

/// Claude Code's own list of ignored files that a worktree needs.
const WORKTREE_INCLUDE: &str = ".worktreeinclude";

/// How a path of the worktree is made from the main checkout's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A symlink to it.
    Link,
    /// A copy of a database that others may write to.
    Database,
    /// A copy of a file.
    Copy,
    /// A folder, for the files of it that [`included`] names.
    Folder,
    /// A copy of a file, or of a symlink as it is.
    AsItIs,
}

/// What was put into a worktree.
#[derive(Debug, Default)]
pub struct Placed {
    /// Paths from the worktree's root that were not there before, or were changed.
    pub paths: Vec<String>,
    /// What was missing, and what to do about it.
    pub notes: Vec<String>,
}

/// The paths that the layout gives to every worktree: also a file that only its variables name is copied.
pub fn parts<'a>(
    project: &'a Project,
    layout: &'a Layout,
) -> impl Iterator<Item = (&'a str, Kind)> {
    let (files, env) = (&layout.files, &layout.env);
    let way = move |path: &String| {
        let there = project.main.join(path);
        if env.contains_key(path) || !there.is_dir() {
            Kind::Copy
        } else if there.is_symlink() {
            Kind::AsItIs
        } else {
            Kind::Folder
        }
    };
    let links = files.link.iter().map(|path| (path, Kind::Link));
    let databases = files.sqlite.iter().map(|path| (path, Kind::Database));
    let copies = files.copy.iter().map(move |path| (path, way(path)));
    let also_set = env.keys().filter(|path| !files.copy.contains(path));
    links
        .chain(databases)
        .chain(copies)
        .chain(also_set.map(|path| (path, Kind::Copy)))
        .map(|(path, kind)| (path.as_str(), kind))
}

/// The files that the folders among those and the project's own list add to them, all to be copied as they are.
///
/// # Errors
/// If git fails.
pub fn included(project: &Project, layout: &Layout) -> Result<Vec<String>> {
    let git = Git::at(&project.main);
    let mut paths = Vec::new();
    for (path, kind) in parts(project, layout) {
        if kind == Kind::Folder {
            paths.extend(git.local_files(path)?);
        }
    }
    let list = project.main.join(WORKTREE_INCLUDE);
    if open_if_there(&list)?.is_some() {
        paths.extend(git.ignored_matches(&list)?);
    }
    paths.retain(|path| is_includable(layout, path) && project.main.join(path).exists());
    Ok(paths)
}

/// Whether a file may be copied that only a pattern, or the name of its folder, names.
fn is_includable(layout: &Layout, path: &str) -> bool {
    let files = &layout.files;
    let is_linked = |link: &String| Path::new(path).starts_with(link);
    // What SQLite keeps beside a database means another one than the copy.
    let is_beside = |database: &String| {
        path.strip_prefix(database.as_str())
            .is_some_and(|end| ["-journal", "-shm", "-wal"].contains(&end))
    };
    let is_repository = path.ends_with('/');
    !is_repository
        && path != records::FILE
        && !files.link.iter().any(is_linked)
        && !files.sqlite.iter().any(is_beside)
}

/// Whether a path is made for the session's variables where the main checkout has none.
pub fn is_made_by_variables(layout: &Layout, path: &str, kind: Kind) -> bool {
    kind == Kind::Copy && layout.env.contains_key(path)
}

/// What a path that the main checkout does not have means, in the checkout where it is to be made by hand.
pub fn absent(checkout: &Path, path: &str, kind: Kind) -> Problem {
    let there = checkout.join(path);
    let folder = there.with_file_name("");
    let cure = match kind {
        Kind::Link => format!("install what belongs there in {}", folder.display()),
        Kind::Database => format!("make one in {} with your migrations", folder.display()),
        Kind::Copy | Kind::Folder | Kind::AsItIs => format!(
            "a server that needs it fails until you write {}",
            there.display()
        ),
    };
    Problem::new(format!("{path} is not in the main checkout"), cure)
}

/// What the main checkout lacks of what sessions get from it.
pub fn lacking(project: &Project, layout: &Layout) -> Vec<Problem> {
    let is_lacking = |(path, kind): &(&str, Kind)| {
        !is_made_by_variables(layout, path, *kind) && !project.main.join(path).exists()
    };
    parts(project, layout)
        .filter(is_lacking)
        .map(|(path, kind)| absent(&project.main, path, kind))
        .collect()
}

/// Puts into the worktree what it lacks of its parts, and of what [`included`] names. What is there stays: it may be the
/// user's work. The layout's variables are set in files that are new, and with `all_variables` in those that are there.
///
/// # Errors
/// If a file can't be read or written.
pub fn place(session: &Session<'_>, included: &[String], all_variables: bool) -> Result<Placed> {
    let mut placed = Placed::default();
    let (project, layout) = (session.project, session.layout);
    for (path, kind) in parts(project, layout) {
        if project.main.join(path).exists() || !is_made_by_variables(layout, path, kind) {
            placed.put(session, path, kind)?;
        }
    }
    for path in included {
        placed.put(session, path, Kind::AsItIs)?;
    }
    if !all_variables {
        // It was told when the session was made.
        placed.notes.clear();
    }
    for (path, variables) in &layout.env {
        let is_there = session.record.worktree().join(path).exists();
        if all_variables || placed.paths.contains(path) || !is_there {
            set_variables(session, path, variables, &mut placed)?;
        }
    }
    Ok(placed)
}

impl Placed {
    /// Makes one path of the worktree from the main checkout's, if it is not there yet.
    fn put(&mut self, session: &Session<'_>, path: &str, kind: Kind) -> Result<()> {
        let (from, to) = (
            session.project.main.join(path),
            session.record.worktree().join(path),
        );
        if is_placed(&from, &to, kind) {
            return Ok(());
        }
        if to.is_symlink() {
            remove_file(&to)?;
        }
        if !from.exists() {
            let worktree = session.record.worktree();
            self.notes.push(absent(worktree, path, kind).to_string());
            return Ok(());
        }
        if let (Some(from), Some(to)) = (from.parent(), to.parent()) {
            make_folder(from, to)?;
        }
        let made = match kind {
            Kind::Link => symlink(from, &to).map_err(Into::into),
            Kind::Database => database::copy(&from, &to),
            Kind::Copy => copy(&from, &to),
            Kind::Folder => make_folder(&from, &to),
            Kind::AsItIs => copy_as_it_is(&from, &to),
        };
        made.with_context(|| format!("cannot make {}", to.display()))?;
        self.paths.push(path.to_owned());
        Ok(())
    }
}

/// Whether a path of the worktree leads to something, or, copied as it is, to where the main checkout's leads.
pub fn is_placed(from: &Path, to: &Path, kind: Kind) -> bool {
    let is_same_link = || match (fs::read_link(from), fs::read_link(to)) {
        (Ok(from), Ok(to)) => from == to,
        _ => false,
    };
    to.exists() || kind == Kind::AsItIs && is_same_link()
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

fn remove_file(path: &Path) -> Result<()> {
    fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))
}

/// Sets the layout's variables in a file of the worktree.
fn set_variables(
    session: &Session<'_>,
    path: &str,
    variables: &IndexMap<String, String>,
    placed: &mut Placed,
) -> Result<()> {
    let file = session.record.worktree().join(path);
    let before = read_if_there(&file)?.unwrap_or_default();
    let text = with_variables(session, before.clone(), variables);
    if text == before {
        return Ok(());
    }
    if file.is_symlink() {
        // What it leads to may be somebody else's.
        remove_file(&file)?;
    }
    make_parent(&file)?;
    atomic::replace(&file, &text, 0o600)?;
    placed.paths.push(path.to_owned());
    Ok(())
}

/// A file's text with the layout's variables set in it, but for those that need a port which a record of another layout
/// lacks.
pub fn with_variables(
    session: &Session<'_>,
    mut text: Vec<u8>,
    variables: &IndexMap<String, String>,
) -> Vec<u8> {
    for (name, value) in variables {
        let Ok(value) = session.expand(value) else {
            continue;
        };
        if dotenv::value(&text, name) != Some(value.as_bytes()) {
            text = dotenv::set(&text, name, &value);
        }
    }
    text
}

/// Every path that a session may have put into its worktree.
pub fn belongings(session: &Session<'_>) -> impl Iterator<Item = String> {
    parts(session.project, session.layout)
        .map(|(path, _)| path)
        .chain(session.layout.env.keys().map(String::as_str))
        .chain([CLAUDE_SETTINGS])
        .map(ToOwned::to_owned)
}
