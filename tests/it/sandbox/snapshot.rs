//! All that a command could change, to see that it changed nothing.

use super::{Outcome, Sandbox, Words};
use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What belongs to the fixture, and what shells write for themselves; where the program keeps its locks; and git's objects,
/// which mean nothing without a ref.
const LEFT_OUT: [&str; 9] = [
    "log",
    "path",
    "home/.bash_history",
    "home/.zsh_history",
    "home/.local",
    "home/.cache",
    "home/.config",
    ".git/objects",
    ".git/tally-session",
];

/// Files with their modes and contents, links with their targets, and tmux's windows.
#[derive(PartialEq, Eq)]
pub struct Snapshot(BTreeMap<String, String>);

impl Sandbox {
    pub fn snapshot(&self) -> Snapshot {
        let mut found = BTreeMap::new();
        self.look_at(&self.root, &mut found);
        if !self.tmux_sessions().is_empty() {
            // A name that tmux gives changes while a shell starts.
            let format = "#{session_name} #{?automatic-rename,,#{window_name}} #{pane_id} #{pane_pid} #{@tally_session}";
            let windows = self.tmux(["list-panes", "-a", "-F", format]);
            found.insert("tmux".to_owned(), windows);
        }
        Snapshot(found)
    }

    fn look_at(&self, dir: &Path, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let name = path
                .strip_prefix(&self.root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            if LEFT_OUT.iter().any(|left_out| name.ends_with(left_out)) || name.starts_with("tmux-")
            {
                continue;
            }
            let about = path.symlink_metadata().unwrap();
            let mut what = format!("{:o} ", about.permissions().mode());
            if about.is_symlink() {
                what += fs::read_link(&path).unwrap().to_str().unwrap();
            } else if about.is_file() {
                let mut hasher = DefaultHasher::new();
                fs::read(&path).unwrap().hash(&mut hasher);
                what += &hasher.finish().to_string();
            } else if about.is_dir() {
                self.look_at(&path, found);
            }
            found.insert(name, what);
        }
    }

    /// Checks that nothing has changed since.
    #[track_caller]
    pub fn assert_unchanged_since(&self, before: &Snapshot) {
        let after = self.snapshot();
        let differ = |one: &Snapshot, other: &Snapshot| -> Vec<String> {
            let differs = |(name, what): &(&String, &String)| other.0.get(*name) != Some(*what);
            one.0
                .iter()
                .filter(differs)
                .map(|(name, what)| format!("{name}: {what}"))
                .collect()
        };
        assert!(
            *before == after,
            "before: {:#?}\nafter: {:#?}",
            differ(before, &after),
            differ(&after, before)
        );
    }

    /// As [`Sandbox::run_changes_nothing`], but for what git shall ignore from now on.
    #[track_caller]
    pub fn run_changes_nothing_but_excludes(&self, words: impl Words) -> Outcome {
        let exclude = self.main.join(".git/info/exclude");
        let before = self.snapshot();
        let text = fs::read(&exclude).unwrap();
        let outcome = self.run(words);
        fs::write(exclude, text).unwrap();
        self.assert_unchanged_since(&before);
        outcome
    }

    /// Runs the program in the main checkout, and checks that it changed nothing.
    #[track_caller]
    pub fn run_changes_nothing(&self, words: impl Words) -> Outcome {
        let before = self.snapshot();
        let outcome = self.run(words);
        self.assert_unchanged_since(&before);
        outcome
    }
}
