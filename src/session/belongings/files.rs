//! The files that a worktree gets from the main checkout.

use crate::file::open_if_there;
use crate::git::Git;
use crate::layout::Layout;
use crate::project::Project;
use crate::session::belongings::database;
use crate::session::belongings::kind::{Kind, Part};
use crate::store::records;
use anyhow::Result;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Claude Code's own settings of a checkout, for this machine alone.
pub const CLAUDE_SETTINGS: &str = ".claude/settings.local.json";

/// Claude Code's own list of ignored files that a worktree needs.
pub const WORKTREE_INCLUDE: &str = ".worktreeinclude";

/// What the layout gives to every worktree. A file with variables of the session's is copied too, if the main checkout has it.
pub(super) fn parts<'a>(
    project: &'a Project,
    layout: &'a Layout,
) -> impl Iterator<Item = Part> + use<'a> {
    let (files, env) = (&layout.files, &layout.env);
    let kind = move |path: &String| {
        let there = project.main.join(path);
        if env.contains_key(path) || !there.is_dir() {
            Kind::Copy
        } else if there.is_symlink() {
            Kind::AsItIs
        } else {
            Kind::Folder
        }
    };
    let all = |paths: &'a [String], kind| paths.iter().map(move |path| Part::new(path, kind));
    let also_set = env.keys().filter(|path| !files.copy.contains(path));
    let copies = files.copy.iter().chain(also_set);
    let copies = copies.filter(|path| !env.contains_key(*path) || project.main.join(path).exists());
    // What Claude may do in the main checkout it may do here, no more and no less.
    let settings = project.main.join(CLAUDE_SETTINGS).is_file();
    all(&files.link, Kind::Link)
        .chain(all(&files.clone, Kind::Clone))
        .chain(all(&files.sqlite, Kind::Database))
        .chain(copies.map(move |path| Part::new(path, kind(path))))
        .chain(settings.then(|| Part::new(CLAUDE_SETTINGS, Kind::Link)))
}

/// What the folders of these and the project's own list add to them: databases, and files that are copied as they are.
///
/// # Errors
/// If git fails.
pub fn included(project: &Project, layout: &Layout) -> Result<Vec<Part>> {
    let git = Git::at(&project.main);
    let mut paths = BTreeSet::new();
    for folder in parts(project, layout).filter(|part| part.kind == Kind::Folder) {
        paths.extend(git.local_files(&folder.path)?);
    }
    let list = project.main.join(WORKTREE_INCLUDE);
    if open_if_there(&list)?.is_some() {
        paths.extend(git.ignored_matches(&list)?);
    }
    let is_there = |path: &String| project.main.join(path).exists();
    paths.retain(|path| is_includable(project, layout, path) && is_there(path));
    let part = |path: String| {
        let is_database = database::is_one(&project.main.join(&path));
        let kind = if is_database {
            Kind::Database
        } else {
            Kind::AsItIs
        };
        Part { path, kind }
    };
    Ok(paths.into_iter().map(part).collect())
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

/// Every path that a session may have put into its worktree.
pub fn belongings<'a>(
    project: &'a Project,
    layout: &'a Layout,
) -> impl Iterator<Item = String> + use<'a> {
    let parts = parts(project, layout).map(|part| part.path);
    parts
        .chain(layout.env.keys().cloned())
        // Older versions made it where the main checkout had none.
        .chain([CLAUDE_SETTINGS.to_owned()])
}
