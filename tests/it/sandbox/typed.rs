//! What a user types after reading a message, what a user changes by hand, and projects with other names and shells.

use super::shell::Shell;
use super::turn::Turn;
use super::{Outcome, Sandbox};
use serde_json::Value;
use std::path::Path;

impl Sandbox {
    /// A project in a folder of another name, of a user of another shell; none if the shell is not installed.
    pub fn of_project_with_shell(name: &str, shell: &str) -> Option<Self> {
        Shell::find(shell).map(|shell| Self::make(name, shell, Turn::shared()))
    }

    /// Types a line that the program has printed, in the main checkout.
    pub fn type_line(&self, line: &str) -> Outcome {
        let program = Path::new(env!("CARGO_BIN_EXE_tally-session"));
        let folders = [self.root.join("bin"), program.parent().unwrap().to_owned()];
        let rest = std::env::var_os("PATH").unwrap();
        let path = std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&rest)));
        let line = line.replace("[ROOT]", self.root.to_str().unwrap());
        let mut shell = self.command("bash", &self.main);
        shell.args(["-c", &line]).env("PATH", path.unwrap());
        self.outcome(&mut shell)
    }

    /// Changes the record of a session by hand.
    pub fn edit_record(&self, name: &str, edit: impl FnOnce(&mut Value)) {
        let mut store = self.store();
        edit(&mut store[name]);
        std::fs::write(self.main.join(".tally-sessions"), store.to_string()).unwrap();
    }

    /// Whether a commit holds a text in any file of any of its ancestors.
    pub fn holds(&self, commit: &str, text: &str) -> bool {
        let file = self.root.join("text");
        std::fs::write(&file, text).unwrap();
        let blob = self.git(&self.main, ["hash-object", file.to_str().unwrap()]);
        std::fs::remove_file(file).unwrap();
        let objects = self.git(&self.main, ["rev-list", "--objects", commit, "^main"]);
        objects.lines().any(|object| object.starts_with(&blob))
    }
}

impl Outcome {
    /// What stands behind these words: a command to type next.
    #[track_caller]
    pub fn command_after(&self, words: &str) -> String {
        let text = format!("{}{}", self.stdout, self.stderr);
        let found = text
            .lines()
            .find_map(|line| line.split_once(words))
            .unwrap_or_else(|| panic!("nothing behind {words:?} in\n{self}"));
        found.1.trim().to_owned()
    }

    /// The program did not crash, whatever else it did.
    #[track_caller]
    pub fn is_no_crash(self) -> Self {
        assert!(
            matches!(self.code, Some(0..=2)) && !self.stderr.contains("panicked"),
            "{self}"
        );
        self
    }
}
