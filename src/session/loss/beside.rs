//! Where a folder is kept that can't be renamed into the trash, as that is on another disk: beside the place where it was.

use crate::project::is_same;
use crate::session::loss::removed::Removed;
use crate::session::loss::trash::{self, FOLDER};
use std::path::{Path, PathBuf};

impl Removed {
    /// Where the worktree's folder is kept, if it was there.
    pub fn folder(&self) -> Option<PathBuf> {
        let folder = Some(self.dir.join(FOLDER));
        let folder = folder.filter(|folder| folder.symlink_metadata().is_ok());
        folder.or_else(|| self.beside())
    }

    /// Where it is, if that is outside of the trash. It may have been moved with the main checkout.
    pub fn beside(&self) -> Option<PathBuf> {
        let main = trash::main_of(&self.dir);
        let places = trash::beside(&self.about.worktree, &self.id);
        let places = self.about.beside.clone().into_iter().chain(places);
        let places = places.flat_map(|place| {
            let moved = main.zip(place.file_name());
            let moved = moved.map(|(main, name)| main.with_file_name(name));
            [Some(place), moved].into_iter().flatten()
        });
        let mut there = places.filter(|place| place.symlink_metadata().is_ok());
        there.find(|place| self.has_kept(place))
    }

    /// Whether such a folder is this one's, and not that of the project of which this one is a copy.
    fn has_kept(&self, place: &Path) -> bool {
        let origin = &self.about.main;
        let Some(main) = trash::main_of(&self.dir) else {
            return true;
        };
        if main == origin || is_same(main, origin) {
            return true;
        }
        // Older versions did not say which it is.
        let is_told = origin.is_absolute();
        let has_it = is_told && trash::is_in(origin, &self.id);
        let is_gone = is_told && !origin.exists();
        !has_it && (is_gone || place.parent() == main.parent())
    }
}
