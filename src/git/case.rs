//! Names that differ in case alone, as many a file system takes them for one.

use std::fs;
use std::path::Path;

/// Whether git does so in the repository with this common git folder: `core.ignorecase`, which git itself writes into the
/// repository's own file when it makes it.
pub fn is_ignored(common: &Path) -> bool {
    let config = fs::read(common.join("config")).unwrap_or_default();
    is_ignored_by(&String::from_utf8_lossy(&config).to_lowercase())
}

/// The last value counts, and one without a `=` means yes.
fn is_ignored_by(config: &str) -> bool {
    let mut section = "";
    let mut ignored = false;
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, "true"));
        if section.starts_with("[core]") && key.trim() == "ignorecase" {
            ignored = ["true", "yes", "on", "1"].contains(&value.trim());
        }
    }
    ignored
}

/// A pattern of git's that this text fits in any case.
pub fn any(text: &str) -> String {
    let pattern = |letter: char| {
        if letter.is_ascii_alphabetic() {
            format!(
                "[{}{}]",
                letter.to_ascii_lowercase(),
                letter.to_ascii_uppercase()
            )
        } else {
            letter.to_string()
        }
    };
    text.chars().map(pattern).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_in_the_section_of_that_name_counts() {
        for (config, ignored) in [
            ("", false),
            ("[core]\n\tbare = false\n\tignorecase = true\n", true),
            ("[core]\n\tignorecase\n[user]\n\tname = a\n", true),
            (
                "[core]\nignorecase=true\n[core]\n\tignorecase = false\n",
                false,
            ),
            ("[user]\n\tignorecase = true\n", false),
            ("[core \"x\"]\n\tignorecase = true\n", false),
            ("[core]\n\t# ignorecase = true\n", false),
        ] {
            assert_eq!(is_ignored_by(config), ignored, "{config:?}");
        }
    }

    #[test]
    fn a_pattern_leaves_what_has_no_case() {
        assert_eq!(any("fix-1/A_b.c"), "[fF][iI][xX]-1/[aA]_[bB].[cC]");
    }
}
