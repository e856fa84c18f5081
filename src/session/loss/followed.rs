//! What was taken away before the main checkout was moved: it goes back beside that, as it is now.

use crate::git::worktrees;
use crate::project::{Project, admin_folder, is_same};
use crate::session::loss::removed::Removed;
use crate::session::loss::trash;
use crate::session::records::moved;
use anyhow::Result;
use std::path::{Component, Path, PathBuf};

impl Removed {
    /// Where a folder is kept that can't be renamed into another file system.
    pub fn beside(&self) -> PathBuf {
        let beside = trash::beside(&self.about.worktree, &self.id);
        let beside = self.about.beside.clone().unwrap_or(beside);
        // It may have been moved with the main checkout.
        let main = trash::main_of(&self.dir).zip(beside.file_name());
        let moved = main.map(|(main, name)| main.with_file_name(name));
        let moved = moved.filter(|moved| moved.exists() && !beside.exists());
        moved.unwrap_or(beside)
    }

    /// Whether a folder's `.git` file names what git keeps, or kept, of the worktree.
    pub fn is_named_by(&self, project: &Project, folder: &Path) -> bool {
        let admins = self.admins(project);
        let own = admins.first();
        own.is_some_and(|(origin, _)| worktrees::is_named_by(origin, folder))
    }

    /// Has it go to the place that its name leads to now, if the main checkout was moved.
    pub(super) fn follow(mut self, project: &Project) -> Self {
        let place = project.worktree_path(&self.about.name);
        let from = self.about.worktree.clone();
        let is_here = |folder| self.is_named_by(project, folder);
        let has_moved = || match self.folder() {
            Some(folder) => self.was_of_another(project, &folder),
            None => !is_here(&from) && (is_here(&place) || from.parent() != place.parent()),
        };
        if from == place || !has_moved() {
            return self;
        }
        self.about.beside = Some(self.beside()).filter(|beside| beside.exists());
        if let Some(record) = &mut self.about.record {
            record.set_worktree(place.clone());
        }
        self.about.worktree = place;
        self.moved_from = Some(from);
        self
    }

    /// Whether the folder that is kept says that the main checkout was another one.
    fn was_of_another(&self, project: &Project, folder: &Path) -> bool {
        let Ok(Some(admin)) = admin_folder(folder) else {
            return false;
        };
        // A newer git may write it as a path from where the folder was.
        let admin = match admin.strip_prefix(folder) {
            Ok(from_there) => without_dots(&self.about.worktree.join(from_there)),
            Err(_) => admin,
        };
        let common = admin.ancestors().nth(2);
        common.is_some_and(|common| !is_same(common, &project.common))
    }

    /// Has git know the worktree where it is now, if that is another place than it knows, and the worktree git.
    pub(super) fn connect(&self, project: &Project) -> Result<()> {
        let to = &self.about.worktree;
        let admins = self.admins(project);
        let Some((own, _)) = admins.first() else {
            return Ok(());
        };
        let worktrees = worktrees::list(&project.common)?;
        let Some(entry) = worktrees.iter().find(|entry| entry.admin == *own) else {
            return Ok(());
        };
        let is_it = self.is_named_by(project, to) || self.moved_from.as_ref() == Some(&entry.path);
        if is_it && !(entry.path == *to && project.owns_worktree(to)) {
            moved::connect(&project.common, &entry.path, to)?;
        }
        Ok(())
    }
}

/// A path without `..`, where nothing of it may be there.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}
