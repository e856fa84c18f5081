//! The files that a worktree gets from the main checkout.

use crate::file::open_if_there;
use crate::git::Git;
use crate::layout::Layout;
use crate::project::Project;
use crate::session::belongings::database;
use crate::session::belongings::kind::{Included, Kind};
use crate::store::records;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// Claude Code's own settings of a checkout, for this machine alone.
pub const CLAUDE_SETTINGS: &str = ".claude/settings.local.json";

/// Claude Code's own list of ignored files that a worktree needs.
pub const WORKTREE_INCLUDE: &str = ".worktreeinclude";

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
    let clones = files.clone.iter().map(|path| (path, Kind::Clone));
    let databases = files.sqlite.iter().map(|path| (path, Kind::Database));
    let copies = files.copy.iter().map(move |path| (path, way(path)));
    let also_set = env.keys().filter(|path| !files.copy.contains(path));
    // What Claude may do in the main checkout it may do here, no more and no less.
    let settings = project.main.join(CLAUDE_SETTINGS).is_file();
    let settings = settings.then_some((CLAUDE_SETTINGS, Kind::Link));
    links
        .chain(clones)
        .chain(databases)
        .chain(copies)
        .chain(also_set.map(|path| (path, Kind::Copy)))
        .map(|(path, kind)| (path.as_str(), kind))
        .chain(settings)
}

/// All of these: databases, and files that are copied as they are.
///
/// # Errors
/// If git fails.
pub fn included(project: &Project, layout: &Layout) -> Result<Vec<Included>> {
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
    paths.sort_unstable();
    paths.dedup();
    let is_there = |path: &String| project.main.join(path).exists();
    paths.retain(|path| is_includable(project, layout, path) && is_there(path));
    let with_kind = |path: String| {
        let is_database = database::is_one(&project.main.join(&path));
        let kind = if is_database {
            Kind::Database
        } else {
            Kind::AsItIs
        };
        (path, kind)
    };
    Ok(paths.into_iter().map(with_kind).collect())
}

/// Whether a file may be copied that only a pattern, or the name of its folder, names.
fn is_includable(project: &Project, layout: &Layout, path: &str) -> bool {
    let files = &layout.files;
    let is_whole = |whole: &String| Path::new(path).starts_with(whole);
    // What SQLite keeps beside a database means another one than the copy.
    let beside = database::beside(Path::new(path));
    let is_database = |path: PathBuf| {
        let mut known = files.sqlite.iter().map(Path::new);
        known.any(|known| known == path) || database::is_one(&project.main.join(path))
    };
    let is_repository = path.ends_with('/');
    !is_repository
        && path != records::FILE
        && !files.link.iter().chain(&files.clone).any(is_whole)
        && !beside.is_some_and(is_database)
}

/// Whether a path is made for the session's variables where the main checkout has none.
pub fn is_made_by_variables(layout: &Layout, path: &str, kind: Kind) -> bool {
    kind == Kind::Copy && layout.env.contains_key(path)
}

/// Every path that a session may have put into its worktree.
pub fn belongings<'a>(
    project: &'a Project,
    layout: &'a Layout,
) -> impl Iterator<Item = String> + 'a {
    parts(project, layout)
        .map(|(path, _)| path)
        .chain(layout.env.keys().map(String::as_str))
        // Older versions made it where the main checkout had none.
        .chain([CLAUDE_SETTINGS])
        .map(ToOwned::to_owned)
}
