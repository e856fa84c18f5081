//! What package managers have installed in a folder, by their own notes of it there.

use crate::file::read_text_if_there;
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::Path;

/// Whether a folder of packages lacks some that a lock file beside it, with this text, asks for. None where that can't be told: its
/// program makes no note, or was told to leave out a part.
pub fn lacks(packages: &Path, lock_file: &Path, asked: &[u8]) -> Option<bool> {
    let asked = str::from_utf8(asked).ok()?;
    let read = |note: &str| read_text_if_there(&packages.join(note)).ok().flatten();
    match lock_file.file_name().and_then(OsStr::to_str)? {
        "package-lock.json" | "npm-shrinkwrap.json" => {
            npm_lacks(asked, &read(".package-lock.json")?)
        }
        "pnpm-lock.yaml" => pnpm_lacks(asked, &read(".pnpm/lock.yaml")?, &read(".modules.yaml")?),
        "yarn.lock" => {
            let lines = asked.lines().map(str::trim_start);
            let asked = lines.filter_map(|line| line.strip_prefix("resolved "));
            Some(has_more(asked.flat_map(words), &read(".yarn-integrity")?))
        }
        _ => None,
    }
}

/// pnpm's note is its lock file, without the kinds of dependencies that it was told to leave out.
fn pnpm_lacks(asked: &str, noted: &str, settings: &str) -> Option<bool> {
    // Another version of pnpm, or a formatter, writes the same otherwise.
    let has_all = asked == noted || !has_more(words(asked), noted);
    let is_part = settings.replace('"', "").contains("ependencies: false");
    (has_all || !is_part).then_some(!has_all)
}

/// The names, versions and sums in a text of whatever syntax.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|it: char| it.is_whitespace() || "{}[]'\",".contains(it));
    words.map(|word| word.trim_end_matches(':'))
}

fn has_more<'a>(mut asked: impl Iterator<Item = &'a str>, noted: &str) -> bool {
    let noted: HashSet<_> = words(noted).collect();
    asked.any(|word| !noted.contains(word))
}

/// What npm writes, since version 7, in a lock file as in its note.
#[derive(Deserialize)]
struct Npm<'a> {
    /// By the folder in which each is.
    #[serde(borrow)]
    packages: HashMap<&'a str, Package<'a>>,
}

/// One of them. For which kinds of dependencies alone it is there is known too.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Package<'a> {
    version: Option<&'a str>,
    resolved: Option<&'a str>,
    #[serde(alias = "devOptional")]
    dev: bool,
    optional: bool,
    peer: bool,
}

impl Package<'_> {
    /// Which one it is: the version of one from git may stay the same.
    fn identity(&self) -> (Option<&str>, Option<&str>) {
        let commit = self.resolved.and_then(|from| from.split_once('#'));
        (self.version, commit.map(|(_, commit)| commit))
    }
}

fn npm_lacks(asked: &str, noted: &str) -> Option<bool> {
    let packages = |text| Some(serde_json::from_str::<Npm<'_>>(text).ok()?.packages);
    let noted = packages(noted)?;
    // A kind of which none is there was left out on purpose, and one that is optional may not be for this machine.
    let has_dev = noted.values().any(|package| package.dev);
    let has_peer = noted.values().any(|package| package.peer);
    let is_lacking = |folder: &str, package: &Package<'_>| match noted.get(folder) {
        // A link is the user's own.
        Some(noted) => noted.version.is_some() && package.identity() != noted.identity(),
        None => !package.optional && (has_dev || !package.dev) && (has_peer || !package.peer),
    };
    let asked = packages(asked)?;
    // Others are the project's own source.
    let mut asked = asked
        .iter()
        .filter(|(folder, _)| folder.contains("node_modules/"));
    Some(asked.any(|(folder, package)| is_lacking(folder, package)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Whether a folder with these files lacks what a lock file with this text asks for.
    fn lacks(notes: &[(&str, &str)], lock_file: &str, asked: &str) -> Option<bool> {
        let packages = tempfile::tempdir().unwrap();
        fs::create_dir(packages.path().join(".pnpm")).unwrap();
        for (note, text) in notes {
            fs::write(packages.path().join(note), text).unwrap();
        }
        super::lacks(packages.path(), Path::new(lock_file), asked.as_bytes())
    }

    #[test]
    fn npm_has_noted_all_but_what_was_left_out_on_purpose() {
        let file = |packages: &str| {
            format!("{{ \"lockfileVersion\": 3, \"packages\": {{ {packages} }} }}")
        };
        let has = r#""node_modules/a": { "version": "1.0.0", "dev": true }, "node_modules/own": { "link": true },
            "node_modules/git": { "version": "1.0.0", "resolved": "git+ssh://x/y.git#123" }"#;
        for (asked, expected) in [
            (has, false),
            (r#""": { "name": "app", "version": "2.0.0" }"#, false),
            (r#""packages/own": { "version": "2.0.0" }"#, false),
            (r#""node_modules/own": { "version": "2.0.0" }"#, false),
            (r#""node_modules/a": { "version": "1.0.0" }"#, false),
            (
                r#""node_modules/a": { "version": "1.0.1", "dev": true }"#,
                true,
            ),
            (
                r#""node_modules/git": { "version": "1.0.0", "resolved": "git+ssh://x/y.git#124" }"#,
                true,
            ),
            (r#""node_modules/b": { "version": "1.0.0" }"#, true),
            (
                r#""packages/own/node_modules/b": { "version": "1.0.0" }"#,
                true,
            ),
            (
                r#""node_modules/b": { "version": "1.0.0", "dev": true }"#,
                true,
            ),
            (
                r#""node_modules/b": { "version": "1.0.0", "devOptional": true }"#,
                true,
            ),
            (
                r#""node_modules/b": { "version": "1.0.0", "optional": true, "os": ["aix"] }"#,
                false,
            ),
            // None of this kind is there.
            (
                r#""node_modules/b": { "version": "1.0.0", "peer": true }"#,
                false,
            ),
        ] {
            let notes = [(".package-lock.json", &*file(has))];
            assert_eq!(
                lacks(&notes, "package-lock.json", &file(asked)),
                Some(expected),
                "{asked}"
            );
        }
        let production = [(".package-lock.json", &*file(""))];
        let asked = file(r#""node_modules/a": { "version": "1.0.0", "dev": true }"#);
        assert_eq!(
            lacks(&production, "npm-shrinkwrap.json", &asked),
            Some(false)
        );
        assert_eq!(
            lacks(
                &production,
                "package-lock.json",
                "{ \"lockfileVersion\": 1 }"
            ),
            None
        );
        assert_eq!(lacks(&[], "package-lock.json", &asked), None);
    }

    #[test]
    fn pnpm_has_noted_the_same_in_whatever_form() {
        let has = "lockfileVersion: '9.0'\n\npackages:\n\n  '@a/b@1.0.0':\n    resolution: {integrity: sha512-x==}\n";
        let formatted = "lockfileVersion: \"9.0\"\npackages:\n  \"@a/b@1.0.0\":\n    resolution:\n      { integrity: sha512-x== }\n";
        let more = format!("{has}\n  c@1.0.0: {{}}\n");
        let (all, part) = (
            "included:\n  devDependencies: true",
            "\"included\": { \"devDependencies\": false }",
        );
        for (kinds, asked, expected) in [
            (all, has, Some(false)),
            (all, formatted, Some(false)),
            (all, &more, Some(true)),
            (part, has, Some(false)),
            (part, &more, None),
        ] {
            let notes = [(".pnpm/lock.yaml", has), (".modules.yaml", kinds)];
            assert_eq!(lacks(&notes, "pnpm-lock.yaml", asked), expected, "{asked}");
        }
    }

    #[test]
    fn yarn_has_noted_where_it_had_each_from() {
        let note = r#"{ "lockfileEntries": { "a@^1": "https://x/a-1.0.0.tgz#12" } }"#;
        let asked = |sum| {
            format!(
                "# yarn lockfile v1\n\na@^1, a@1:\n  version \"1.0.0\"\n  resolved \"https://x/a-1.0.0.tgz#{sum}\"\n"
            )
        };
        for (sum, expected) in [("12", false), ("13", true)] {
            assert_eq!(
                lacks(&[(".yarn-integrity", note)], "yarn.lock", &asked(sum)),
                Some(expected)
            );
        }
        assert_eq!(
            lacks(&[(".yarn-state.yml", "")], "yarn.lock", &asked("12")),
            None
        );
        assert_eq!(lacks(&[], "bun.lock", "{}"), None);
    }
}
