//! What a shell reads.

use std::path::{Path, PathBuf};

/// One word for a shell: bash, zsh and fish read it back as it is.
pub fn quote(word: &str) -> String {
    // A NUL can be in no argument: the system refuses it when the program is started.
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}

/// A path as such a word.
pub fn quote_path(path: impl AsRef<Path>) -> String {
    quote(&path.as_ref().to_string_lossy())
}

/// The user's home folder, which a shell reads `~` as: where HOME is set. The system's list of users may be read by libraries,
/// which a program that has glibc linked in cannot load.
pub fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").filter(|home| !home.is_empty())?;
    dirs::home_dir()
}
