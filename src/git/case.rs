//! Names that differ in case alone, as many a file system takes them for one.

use crate::project::config;
use std::path::Path;

/// Whether git does so in the repository with this common git folder: `core.ignorecase`, which git itself writes into the
/// repository's own file when it makes it.
pub fn is_ignored(common: &Path) -> bool {
    config::switch(&common.join("config"), "core", "ignorecase") == Some(true)
}

/// A pattern of git's that this text fits in any case.
pub fn any(text: &str) -> String {
    let pattern = |letter: char| match (letter.to_ascii_lowercase(), letter.to_ascii_uppercase()) {
        (small, large) if small == large => letter.to_string(),
        (small, large) => format!("[{small}{large}]"),
    };
    text.chars().map(pattern).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_leaves_what_has_no_case() {
        assert_eq!(any("fix-1/A_b.c"), "[fF][iI][xX]-1/[aA]_[bB].[cC]");
    }
}
