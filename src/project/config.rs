//! A repository's own settings, read where git keeps them; see git-config(1). What they include is not read.

use std::fs;
use std::path::Path;

/// Whether a file of settings switches one on or off, as `core` and `ignorecase`, both in small letters; none if it does neither.
pub fn switch(config: &Path, section: &str, key: &str) -> Option<bool> {
    let config = fs::read(config).ok()?;
    let config = String::from_utf8_lossy(&config).to_lowercase();
    switch_in(&config, section, key)
}

/// The last value counts, and one without a `=` means yes.
fn switch_in(config: &str, section: &str, key: &str) -> Option<bool> {
    let start = format!("[{section}]");
    let mut here = "";
    let mut switch = None;
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            here = line;
        }
        let (name, value) = line.split_once('=').unwrap_or((line, "true"));
        if here.starts_with(&start) && name.trim() == key {
            let value = value.split(['#', ';']).next().unwrap_or_default();
            switch = Some(["true", "yes", "on", "1"].contains(&value.trim()));
        }
    }
    switch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_in_the_section_of_that_name_counts() {
        for (config, ignored) in [
            ("", None),
            ("[core]\nbare = no\n\tignorecase = true ; why", Some(true)),
            ("[core]\n\tignorecase\n[user]\n\tname = a\n", Some(true)),
            (
                "[core]\nignorecase=true\n[core]\nignorecase = off",
                Some(false),
            ),
            ("[user]\n\tignorecase = true\n", None),
            ("[core \"x\"]\n\tignorecase = true\n", None),
            ("[core]\n\t# ignorecase = true\n", None),
        ] {
            let switch = switch_in(config, "core", "ignorecase");
            assert_eq!(switch, ignored, "{config:?}");
        }
    }
}
