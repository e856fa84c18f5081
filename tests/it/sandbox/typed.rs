//! What a user types after reading a message, what a user changes by hand, and projects with other names and shells.

use super::shell::Shell;
use super::turn::Turn;
use super::{Outcome, Sandbox};
use serde_json::Value;
use std::path::Path;

impl Sandbox {
    /// A project in a folder of another name, of a user of another shell; none if the shell is not installed.
    pub fn of_project_with_shell(name: &str, shell: &str) -> Option<Self> {
        let sandbox = Self::make(name, Shell::find(shell)?, Turn::shared());
        sandbox.spare_fish_its_completions();
        Some(sandbox)
    }

    /// Keeps fish from reading all the machine's manuals, as it does in a new home.
    pub fn spare_fish_its_completions(&self) {
        let made = self.home.join(".local/share/fish/generated_completions");
        std::fs::create_dir_all(made).unwrap();
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
    pub fn does_not_crash(self) -> Self {
        assert!(matches!(self.code, Some(0..=2)), "{self}");
        assert!(!self.stderr.contains("panicked"), "{self}");
        self
    }
}

/// What a server's script begins with: `listen()` listens on the port that it is given.
const SERVER: &str = "\
import os, signal, socket, subprocess, sys, time
SANDBOX = os.environ['SANDBOX']
def listen():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(('127.0.0.1', int(sys.argv[3])))
    listener.listen()
    return listener
def note(name):
    with open(f'{SANDBOX}/{name}', 'w') as file:
        file.write(str(os.getpid()))
def ignore(*signals):
    for number in signals:
        signal.signal(number, signal.SIG_IGN)
";

impl Sandbox {
    /// Puts a Python script in the place of the backend's server, adds a session, and gives the port that it serves.
    #[track_caller]
    pub fn add_with_server(&self, name: &str, script: &str) -> u16 {
        let file = self.root.join("server.py");
        std::fs::write(&file, format!("{SERVER}{script}")).unwrap();
        let python = super::shell::python().display();
        let start = format!("exec {python} -IS {} \"$@\"", file.display());
        self.write_script(&self.root.join("bin/python"), &start);
        self.run(["add", name]).succeeds();
        let (backend, _) = self.ports(name);
        super::eventually_or(
            || format!("the server listens\n{}", self.screens(name)),
            || std::net::TcpStream::connect(("127.0.0.1", backend)).ok(),
        );
        backend
    }

    /// The process that a server's script has noted under a name.
    #[track_caller]
    pub fn noted(&self, name: &str) -> u32 {
        let file = self.root.join(name);
        super::eventually(name, || std::fs::read_to_string(&file).ok()?.parse().ok())
    }
}
