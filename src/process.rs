//! The only place that starts a process.

mod failure;
mod lines;
mod own;
mod started;

pub use crate::shell::{quote, quote_path};
use crate::ui;
pub use failure::{Ending, Failure, Short};
use own::OUTLIVES;
pub use own::{leave_own, outlive_terminal, outlives_terminal, own};
pub use started::{Output, Started};
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// Set for a hook: the lock of the session that it is run for, which is held until it has ended.
pub const HOOK: &str = "TALLY_SESSION_HOOK";

/// Variables that no program of ours may inherit.
///
/// The `GIT_` ones would make git work on another repository than the one it is told to: a hook or an alias that calls
/// this program has them set (`git rev-parse --local-env-vars`, without those that carry configuration). The others say
/// that this program was called in a session's window or by a hook: a tmux server that it starts would hand them on.
const FOREIGN: [&str; 18] = [
    HOOK,
    OUTLIVES,
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_SSE_PORT",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
    "TALLY_SESSION",
    "TALLY_WORKTREE",
];

/// This is set where a Claude called this program.
const CLAUDES: &str = "CLAUDECODE";

/// What such a Claude sets for the commands that it runs, as seen with 2.1.332: for nobody else.
const OF_A_CLAUDE: [&str; 18] = [
    CLAUDES,
    "AI_AGENT",
    "BUN_ENABLE_CRASH_REPORTING",
    "CLAUDE_CODE_CHILD_NOTES_DIR",
    "CLAUDE_CODE_CHILD_SESSION",
    "CLAUDE_CODE_EXECPATH",
    "CLAUDE_CODE_HOST_SHORT_TEMP_DIRS",
    "CLAUDE_CODE_MESSAGING_SOCKET",
    "CLAUDE_CODE_MESSAGING_TOKEN",
    "CLAUDE_CODE_SESSION_ATTENDED",
    "CLAUDE_CODE_SESSION_ID",
    "CLAUDE_EFFORT",
    "CLAUDE_JOB_DIR",
    "CLAUDE_PID",
    "CLAUDE_PROJECT_DIR",
    "COREPACK_ENABLE_AUTO_PIN",
    "GIT_EDITOR",
    "NoDefaultCurrentDirectoryInExePath",
];

/// Held by a unit test that starts processes, and by one that closes a socket and looks at its port: until a new process
/// executes its program, it holds every open socket of this one.
#[cfg(test)]
pub static STARTING: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// The pauses between the tries of a program that another one may be in the way of.
pub const PAUSES: [Duration; 5] = [
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(50),
    Duration::from_millis(100),
];

/// A program with its arguments, not started yet.
#[derive(Default)]
pub struct Run<'a> {
    program: &'static str,
    args: Vec<OsString>,
    dir: Option<PathBuf>,
    env: Vec<(OsString, OsString)>,
    left_out: Vec<String>,
    stdin: Input<'a>,
    words: Option<&'a File>,
    answer: Option<&'a File>,
}

#[derive(Default)]
enum Input<'a> {
    #[default]
    Nothing,
    Bytes(Vec<u8>),
    Handle(&'a File),
}

/// A file without a name.
fn temporary() -> io::Result<File> {
    tempfile::tempfile().map_err(|error| {
        let folder = env::temp_dir();
        let words = format!(
            "no file can be made in {} (TMPDIR): {error}",
            folder.display()
        );
        io::Error::new(error.kind(), words)
    })
}

impl<'a> Run<'a> {
    /// A program of the `PATH`.
    pub fn new(program: &'static str) -> Self {
        Self {
            program,
            ..Self::default()
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        let args = args.into_iter();
        self.args.extend(args.map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(self, arg: impl AsRef<OsStr>) -> Self {
        self.args([arg])
    }

    /// Has it started by these words, if there are any: a program that takes the command line of another one.
    #[must_use]
    pub fn by_way_of(mut self, words: &[&'static str]) -> Self {
        if let [program, args @ ..] = words {
            let own = mem::replace(&mut self.program, program);
            let before = args.iter().copied().chain([own]).map(OsString::from);
            self.args.splice(..0, before);
        }
        self
    }

    /// Runs it in this folder.
    #[must_use]
    pub fn dir(mut self, dir: &Path) -> Self {
        self.dir = Some(dir.to_owned());
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.envs([(name, value)])
    }

    /// Leaves these variables out of its environment.
    #[must_use]
    pub fn without_env(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.left_out.extend(names);
        self
    }

    /// Sets variables of its environment.
    #[must_use]
    pub fn envs<N: Into<OsString>, V: Into<OsString>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables = variables.into_iter();
        self.env
            .extend(variables.map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Gives it these bytes to read.
    #[must_use]
    pub fn input(mut self, bytes: Vec<u8>) -> Self {
        self.stdin = Input::Bytes(bytes);
        self
    }

    /// Gives it this open file as its standard input. A lock on the file is then held for as long as the program
    /// runs, even if this one is killed.
    #[must_use]
    pub fn holding(mut self, file: &'a File) -> Self {
        self.stdin = Input::Handle(file);
        self
    }

    /// The same for one that reads something else and has no answer: it gets the file as its standard output.
    #[must_use]
    pub fn holding_silently(mut self, file: &'a File) -> Self {
        self.answer = Some(file);
        self
    }

    /// Has it write its own words into this empty file, where they can be read meanwhile.
    #[must_use]
    pub fn words(mut self, file: &'a File) -> Self {
        self.words = Some(file);
        self
    }

    /// The command line, quoted so that it can be pasted.
    fn line(&self) -> String {
        let quoted = |word: &OsString| quote(&word.to_string_lossy());
        let env = self.env.iter();
        let env = env.map(|(name, value)| format!("{}={}", name.display(), quoted(value)));
        let line = env.chain([self.program.to_owned()]);
        let line: Vec<_> = line.chain(self.args.iter().map(quoted)).collect();
        line.join(" ")
    }

    /// Says that it is run, also where one that runs already does its work.
    pub fn show(&self) {
        ui::command(self.line());
    }

    fn command(&self) -> Command {
        self.show();
        let mut command = Command::new(self.program);
        command.args(&self.args);
        let of_a_claude = std::env::var_os(CLAUDES).map(|_| OF_A_CLAUDE);
        let foreign = FOREIGN.into_iter().chain(of_a_claude.into_iter().flatten());
        for name in foreign.chain(self.left_out.iter().map(String::as_str)) {
            command.env_remove(name);
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command
    }

    fn not_started(&self, error: io::Error) -> Failure {
        let program = self.program;
        match error.kind() {
            io::ErrorKind::NotFound => Failure::Missing { program },
            _ => self.broken(error),
        }
    }

    fn broken(&self, error: io::Error) -> Failure {
        let line = self.line();
        Failure::Io { line, error }
    }

    /// Starts it, to be given what it reads and asked for its answer later.
    pub fn start(&self) -> Result<Started, Failure> {
        let mut command = self.command();
        let io = |error| self.broken(error);
        // Not a pipe: what a hook of git's leaves in the background may keep it open for ever.
        let stderr = self.words.map_or_else(temporary, File::try_clone);
        let stderr = stderr.map_err(io)?;
        let stdout = self.answer.map(File::try_clone).transpose().map_err(io)?;
        command
            .stdin(self.stdin().map_err(io)?)
            .stdout(stdout.map_or_else(Stdio::piped, Stdio::from))
            .stderr(stderr.try_clone().map_err(io)?);
        let child = command.spawn().map_err(|error| self.not_started(error))?;
        Ok(Started {
            line: self.line(),
            child,
            stderr,
        })
    }

    /// Runs it to its end, whatever its status.
    pub fn output(&self) -> Result<Output, Failure> {
        let input = match &self.stdin {
            Input::Bytes(bytes) => bytes.as_slice(),
            Input::Nothing | Input::Handle(_) => &[],
        };
        self.start()?.output(input)
    }

    fn stdin(&self) -> io::Result<Stdio> {
        Ok(match &self.stdin {
            Input::Nothing => Stdio::null(),
            Input::Bytes(_) => Stdio::piped(),
            Input::Handle(file) => file.try_clone()?.into(),
        })
    }

    /// Runs it to its end and gives what it wrote to stdout.
    ///
    /// # Errors
    /// If it could not be started, or ended with a status that is not zero.
    pub fn stdout(&self) -> Result<Vec<u8>, Failure> {
        self.output()?.answer()
    }

    /// As [`Run::stdout`], and tries again when it fails though it should not: another process may be in its way for a
    /// moment. It must be one that can be run again.
    pub fn insist(&self) -> Result<Vec<u8>, Failure> {
        for pause in PAUSES {
            match self.stdout() {
                Err(Failure::Ended { .. }) => thread::sleep(pause),
                result => return result,
            }
        }
        self.stdout()
    }

    /// As [`Run::insist`], and gives it as text.
    pub fn text(&self) -> Result<String, Failure> {
        Ok(String::from_utf8_lossy(&self.insist()?).into_owned())
    }

    /// Runs it on the user's own terminal.
    pub fn foreground(&self) -> Result<(), Failure> {
        let status = self.command().status();
        let shown = Output {
            line: self.line(),
            status: status.map_err(|error| self.not_started(error))?,
            stdout: Vec::new(),
            stderr: String::new(),
        };
        shown.answer().map(drop)
    }
}

/// The command that installs a program which is called as its package is.
pub fn how_to_install(program: &str) -> String {
    let is_macos = cfg!(target_os = "macos");
    let installer = if is_macos { "brew" } else { "sudo apt" };
    format!("{installer} install {program}")
}
