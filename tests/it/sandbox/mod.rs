//! The fixture: a project of its own in a temporary folder, with its own home, tmux server, shells and stand-in programs.

mod files;
mod git;
mod log;
mod network;
mod outcome;
mod processes;
mod project;
mod scripts;
mod shell;
mod snapshot;
mod terminal;
mod turn;
mod typed;
mod verbs;
mod words;

pub use files::{
    as_placed, edit_json, files_in, leads_to, make_link, mode_of, only_in, read, read_json,
    set_mode, unset, write,
};
pub use log::Started;
pub use network::{ADDRESSES, Stranger, assert_free, http_get, listen, stranger, take_port};
pub use outcome::Outcome;
pub use processes::{LEAVING, signal};
pub use project::{make_database, points, serve_with_wal};
pub use scripts::GATE;
pub use terminal::Terminal;
pub use words::Words;

use serde_json::Value;
use shell::Shell;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use turn::Turn;

/// The program that is tested.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_tally-session");

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again and again until it is so.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    eventually(what, || is_so().then_some(()));
}

/// Asks again and again until there is an answer.
#[track_caller]
pub fn eventually<T>(what: &str, answer: impl FnMut() -> Option<T>) -> T {
    eventually_or(|| what.to_owned(), answer)
}

/// As [`eventually`], with a description that is made when it is too late.
#[track_caller]
pub fn eventually_or<T>(what: impl Fn() -> String, mut answer: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain: {}", what());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A project in a temporary folder. All that was started in it is ended when it is dropped.
pub struct Sandbox {
    /// The temporary folder, without symlinks in its path.
    pub root: PathBuf,
    /// The main checkout.
    pub main: PathBuf,
    /// The user's home folder.
    pub home: PathBuf,
    pub shell: Shell,
    _folder: TempDir,
    turn: Turn,
}

impl Sandbox {
    /// The project `tally` of a bash user. Its servers say that they were started, and listen on no port.
    pub fn new() -> Self {
        Self::make("tally", Shell::bash(), Turn::shared())
    }

    /// As [`Sandbox::new`], with one empty window a session: for tests of something else.
    pub fn quick() -> Self {
        let sandbox = Self::new();
        sandbox.lay_out("activate = \"\"\n[[window]]\nname = \"shell\"\n");
        sandbox
    }

    /// As [`Sandbox::new`], beside no other one: somebody else may listen on its ports.
    pub fn alone() -> Self {
        Self::make("tally", Shell::bash(), Turn::alone())
    }

    /// The same, with servers that listen.
    pub fn serving() -> Self {
        let sandbox = Self::alone();
        sandbox.tell("listen");
        sandbox
    }

    /// A project in a folder of another name.
    pub fn of_project(name: &str) -> Self {
        Self::make(name, Shell::bash(), Turn::shared())
    }

    /// With another shell; none if it is not installed on a machine where that may be.
    pub fn with_shell(name: &str) -> Option<Self> {
        Shell::find(name).map(|shell| Self::make("tally", shell, Turn::shared()))
    }

    fn make(project: &str, shell: Shell, turn: Turn) -> Self {
        // The path of a tmux socket must be short.
        let folder = tempfile::Builder::new()
            .prefix("ts-")
            .tempdir_in("/tmp")
            .unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let sandbox = Self {
            main: root.join(project),
            home: root.join("home"),
            root,
            shell,
            _folder: folder,
            turn,
        };
        for dir in ["home", "bin", "told", "tmp"] {
            fs::create_dir(sandbox.root.join(dir)).unwrap();
        }
        shell::install_stand_ins(&sandbox.root.join("bin"));
        sandbox.shell.write_start_up(&sandbox);
        sandbox.make_project();
        sandbox
    }

    /// A command with the user's environment, and with nothing of that of the tests.
    pub fn command(&self, program: impl AsRef<OsStr>, dir: &Path) -> Command {
        let mut path = self.root.join("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap());
        let mut command = Command::new(program);
        command
            .current_dir(dir)
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", path)
            .env("HOME", &self.home)
            .env("SHELL", self.shell.path())
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env("TMUX_TMPDIR", &self.root)
            .env("TMPDIR", self.root.join("tmp"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env(processes::MARK, &self.root);
        command
    }

    /// The program with these arguments in the main checkout, to be changed before it is started.
    pub fn program(&self, words: impl Words) -> Command {
        self.program_in(&self.main, words)
    }

    /// The same in a folder.
    pub fn program_in(&self, dir: &Path, words: impl Words) -> Command {
        let mut command = self.command(PROGRAM, dir);
        command.args(words.words());
        command
    }

    /// Runs the program in the main checkout.
    pub fn run(&self, words: impl Words) -> Outcome {
        self.outcome(&mut self.program(words))
    }

    /// Runs the program in a folder.
    pub fn run_in(&self, dir: &Path, words: impl Words) -> Outcome {
        self.outcome(&mut self.program_in(dir, words))
    }

    /// Starts the program in the main checkout, with its stderr to be read.
    pub fn start(&self, words: impl Words) -> Child {
        let mut program = self.program(words);
        program.stdout(Stdio::null()).stderr(Stdio::piped());
        program.spawn().unwrap()
    }

    /// Runs the program as a test has prepared it.
    pub fn outcome(&self, command: &mut Command) -> Outcome {
        let words = command.get_args().map(|arg| arg.to_string_lossy());
        let line = format!("tally-session {}", words.collect::<Vec<_>>().join(" "));
        Outcome::new(line, &command.output().unwrap(), &self.root)
    }

    /// Adds a session, waits until its programs have started, and gives its worktree.
    #[track_caller]
    pub fn add(&self, name: &str) -> PathBuf {
        self.run(["add", name]).succeeds();
        self.await_programs(name, 1);
        self.worktree(name)
    }

    /// As [`Sandbox::add`], whether there was a session of that name before or not.
    #[track_caller]
    pub fn add_again(&self, name: &str) -> PathBuf {
        let before = self.started("claude", name).len();
        self.run(["add", name]).succeeds();
        self.await_programs(name, before + 1);
        self.worktree(name)
    }

    /// Whether a process that came from the sandbox lives. One that has ended and that nobody asked about does not.
    pub fn lives(&self, pid: u32) -> bool {
        processes::of(&self.root).contains(&pid)
    }

    /// Where a session's worktree belongs.
    pub fn worktree(&self, name: &str) -> PathBuf {
        let project = self.main.file_name().unwrap().to_str().unwrap();
        self.main
            .with_file_name(format!("{project}-{}", name.replace('/', "-")))
    }

    /// The store as it stands on disk; null if there is none.
    pub fn store(&self) -> Value {
        let text = fs::read_to_string(self.main.join(".tally-sessions"));
        text.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
    }

    /// The names of the sessions in the store, in its order.
    pub fn names(&self) -> Vec<String> {
        let store = self.store();
        store
            .as_object()
            .map(|records| records.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// The backend's and the frontend's port of a session.
    pub fn ports(&self, name: &str) -> (u16, u16) {
        (self.port(name, "backend"), self.port(name, "frontend"))
    }

    /// A service's port of a session.
    #[track_caller]
    pub fn port(&self, name: &str, service: &str) -> u16 {
        let port = &self.store()[name][format!("{service}_port")];
        u16::try_from(port.as_u64().unwrap()).unwrap()
    }

    /// Where the backend of a session is.
    pub fn url(&self, name: &str) -> String {
        format!("http://localhost:{}", self.port(name, "backend"))
    }

    /// The list of what was put into a session's worktree.
    pub fn list_of_placed(&self, name: &str) -> PathBuf {
        let admin = format!(".git/worktrees/tally-{name}");
        self.main.join(admin).join("tally-session.json")
    }

    /// Claude's own file.
    pub fn claude_json(&self) -> PathBuf {
        self.home.join(".claude.json")
    }

    /// What that says of a folder.
    pub fn claude_s_entry(&self, folder: &Path) -> Value {
        read_json(&self.claude_json())["projects"][folder.to_str().unwrap()].clone()
    }

    /// `list --json`, one object a session.
    pub fn list(&self) -> Vec<Value> {
        let outcome = self.run("list --json").succeeds();
        serde_json::from_str(&outcome.stdout).unwrap()
    }

    /// Tells the stand-ins to behave in a special way.
    pub fn tell(&self, what: &str) {
        fs::write(self.root.join("told").join(what), "").unwrap();
    }

    /// The user's shell.
    pub fn shell_path(&self) -> &Path {
        self.shell.path()
    }

    /// Adds to the shell's start-up file.
    pub fn start_up(&self, text: &str) {
        let file = self.home.join(self.shell.start_up());
        let before = fs::read_to_string(&file).unwrap();
        fs::write(&file, before + text + "\n").unwrap();
    }

    /// Puts the program on the user's PATH.
    pub fn install(&self) {
        symlink(PROGRAM, self.root.join("bin/tally-session")).unwrap();
    }

    /// A folder with links to these programs and to nothing else, for a PATH.
    pub fn path_of(&self, programs: &[&str]) -> PathBuf {
        let dir = self.root.join("path");
        fs::create_dir_all(&dir).unwrap();
        for program in programs {
            let path = shell::which(program).unwrap();
            symlink(path, dir.join(program)).unwrap();
        }
        dir
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        processes::end_all(&self.root);
    }
}
