//! How a path of the worktree is made from the main checkout's.

/// The ways there are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A symlink to it.
    Link,
    /// A folder of its own that costs next to nothing.
    Clone,
    /// A copy of a database that others may write to.
    Database,
    /// A copy of a file.
    Copy,
    /// A folder, for the files of it that [`super::files::included`] names.
    Folder,
    /// A copy of a file, or of a symlink as it is.
    AsItIs,
}

/// A file that a folder or the project's own list adds to the layout's, and how it is made.
pub type Included = (String, Kind);
