//! What a path of the worktree is made from, and how.

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

/// A path, from the root of both checkouts, and how it is made.
pub struct Part {
    pub(super) path: String,
    pub(super) kind: Kind,
}

impl Part {
    pub(super) fn new(path: &str, kind: Kind) -> Self {
        let path = path.to_owned();
        Self { path, kind }
    }
}
