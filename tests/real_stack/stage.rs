//! Where a test plays: a temporary folder with a home of its own, a tmux server of its own, and the project `tally`.

use crate::install::Stack;
use crate::model::Model;
use crate::project;
use crate::wait::wait_until;
use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};
use tempfile::TempDir;

const API_KEY: &str = "sk-ant-made-up-for-a-test-0123456789abcdefghij";

/// One at a time: each test alone keeps a small machine busy.
static TURN: Mutex<()> = Mutex::new(());
static STACK: OnceLock<Stack> = OnceLock::new();

/// All that a test touches. When it is dropped, its tmux server and every process in it end.
pub struct Stage {
    root: PathBuf,
    /// The user's home folder.
    pub home: PathBuf,
    /// The main checkout.
    pub main: PathBuf,
    /// Whom Claude talks to.
    pub model: Model,
    /// What else the user's environment has; programs in these folders come first.
    env: Vec<(&'static str, PathBuf)>,
    programs: Vec<PathBuf>,
    // Dropped in this order: the folder goes before the next test's turn comes.
    _folder: TempDir,
    _turn: MutexGuard<'static, ()>,
}

/// What a command answered.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Stage {
    /// Sets up the home, the virtual environment and the project.
    pub fn new() -> Self {
        Self::with(Vec::new(), Vec::new(), project::create)
    }

    /// The same for another project, with these variables, and these folders first on the `PATH`.
    pub fn with(
        env: Vec<(&'static str, PathBuf)>,
        programs: Vec<PathBuf>,
        create: impl FnOnce(&Self, &Stack),
    ) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let stack = STACK.get_or_init(Stack::install);
        let folder = tempfile::Builder::new()
            .prefix("ts")
            .tempdir()
            .expect("make a temporary folder");
        let root = folder
            .path()
            .canonicalize()
            .expect("find the temporary folder");
        let (home, main) = (root.join("home"), root.join("dev/tally"));
        for dir in [&home, &main, &root.join("t"), &root.join("tmp")] {
            fs::create_dir_all(dir).expect("make the folders");
        }
        let stage = Self {
            root,
            home,
            main,
            model: Model::start(),
            env,
            programs,
            _folder: folder,
            _turn: turn,
        };
        stage.furnish_home(stack);
        create(&stage, stack);
        stage
    }

    fn furnish_home(&self, stack: &Stack) {
        let path = self.path().into_string().expect("PATH in UTF-8");
        let quoted = |path: &Path| {
            shlex::try_quote(&path.to_string_lossy())
                .expect("quote a path")
                .into_owned()
        };
        let exports = self.env.iter();
        let exports = exports.map(|(name, value)| format!("export {name}={}\n", quoted(value)));
        let profile = format!(
            "export PATH={path}
export WORKON_HOME=$HOME/.virtualenvs
export VIRTUALENVWRAPPER_PYTHON={wrapper}/bin/python
export VIRTUALENVWRAPPER_VIRTUALENV={wrapper}/bin/virtualenv
export VIRTUALENV_NO_PERIODIC_UPDATE=1
source {wrapper}/bin/virtualenvwrapper.sh >/dev/null
export ANTHROPIC_API_KEY={API_KEY}
export ANTHROPIC_BASE_URL=http://127.0.0.1:{model}
export CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1
export CLAUDE_CODE_MAX_RETRIES=0
export DISABLE_AUTOUPDATER=1
{exports}",
            exports = exports.collect::<String>(),
            path = shlex::try_quote(&path).expect("quote PATH"),
            wrapper = quoted(&stack.wrapper),
            model = self.model.port,
        );
        let tmux = "set -g default-size 160x50\nset -g base-index 1\nset -g renumber-windows on\n";
        let git = "[user]\nname = A Developer\nemail = developer@example.com\n[init]\ndefaultBranch = main\n";
        let main = self.main.to_string_lossy();
        let claude = serde_json::json!({
            "hasCompletedOnboarding": true,
            "hasSeenAutoDefaultNudge": true,
            "customApiKeyResponses": { "approved": [&API_KEY[API_KEY.len() - 20..]], "rejected": [] },
            "projects": { main: {
                "allowedTools": [project::RULES[1]],
                "hasTrustDialogAccepted": true,
                "history": [{ "display": "what was said in the main checkout" }],
            } },
        });
        self.write_home(".bash_profile", &profile);
        self.write_home(".tmux.conf", tmux);
        self.write_home(".gitconfig", git);
        self.write_home(".claude.json", &claude.to_string());
        let asks = serde_json::json!({ "permissions": { "defaultMode": "default" } });
        fs::create_dir(self.home.join(".claude")).expect("make .claude");
        self.write_home(".claude/settings.json", &asks.to_string());
    }

    fn path(&self) -> OsString {
        let claude = STACK.get().map(|stack| stack.claude.clone());
        let path = std::env::var_os("PATH").expect("PATH is set");
        let first = self.programs.iter().cloned().chain(claude);
        let path = first.chain(std::env::split_paths(&path));
        std::env::join_paths(path).expect("join PATH")
    }

    fn write_home(&self, name: &str, text: &str) {
        fs::write(self.home.join(name), text).expect("write a file of the home");
    }

    /// A command of this user's, in the main checkout.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.main)
            .stdin(Stdio::null())
            .env_clear();
        for name in ["USER", "LOGNAME"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command
            .env("PATH", self.path())
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .env("HOME", &self.home)
            .env("TMUX_TMPDIR", self.root.join("t"))
            .env("TMPDIR", self.root.join("tmp"))
            .env("SHELL", "/bin/bash")
            .env("LANG", "C.UTF-8")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }

    /// The output of a command that must succeed.
    pub fn output(&self, program: &str, args: &[&str]) -> String {
        let outcome = Outcome::of(self.command(program).args(args));
        assert_eq!(outcome.code, Some(0), "{program} {args:?}: {outcome:#?}");
        outcome.stdout
    }

    /// Runs a line in the user's login shell, with `$1` and so on.
    pub fn shell(&self, line: &str, args: &[&Path]) -> String {
        let args = args
            .iter()
            .map(|arg| arg.to_str().expect("a path in UTF-8"));
        let all: Vec<_> = ["-lc", line, "bash"].into_iter().chain(args).collect();
        self.output("/bin/bash", &all)
    }

    /// What `tally-session` answers when it succeeds, on stdout.
    pub fn tally(&self, args: &[&str]) -> String {
        let outcome = self.tally_session(args);
        assert_eq!(
            outcome.code,
            Some(0),
            "tally-session {args:?}: {outcome:#?}"
        );
        outcome.stdout
    }

    /// All that `tally-session` answers.
    pub fn tally_session(&self, args: &[&str]) -> Outcome {
        Outcome::of(self.command(env!("CARGO_BIN_EXE_tally-session")).args(args))
    }

    /// The same for one that may be killed with all that it has started.
    pub fn killed(&self, args: &[&str]) -> Outcome {
        let mut tally = self.command(env!("CARGO_BIN_EXE_tally-session"));
        Outcome::of(tally.args(args).process_group(0))
    }

    /// What tmux says. None if it fails, as it does when the server or the target is gone.
    pub fn tmux(&self, args: &[&str]) -> Option<String> {
        let outcome = Outcome::of(self.command("tmux").args(args));
        (outcome.code == Some(0)).then_some(outcome.stdout)
    }

    /// The names of the tmux sessions that run.
    pub fn tmux_sessions(&self) -> Vec<String> {
        let names = self
            .tmux(&["list-sessions", "-F", "#{session_name}"])
            .unwrap_or_default();
        names.lines().map(str::to_owned).collect()
    }

    /// What a restart of the machine does: tmux and all that runs in it ends.
    pub fn restart(&self) {
        self.tmux(&["kill-server"]).expect("end the tmux server");
        wait_until("all processes to end", || self.processes().is_empty());
    }

    /// The processes that work in this stage's folder, by their ids.
    pub fn processes(&self) -> Vec<sysinfo::Pid> {
        processes_in(&self.root)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5) && !self.processes().is_empty() {
            std::thread::sleep(Duration::from_millis(50));
        }
        for pid in self.processes() {
            let mut system = System::new().expect("read the processes");
            system.refresh_processes(ProcessesToUpdate::Some(&[pid]), true);
            system.process(pid).map(sysinfo::Process::kill);
        }
    }
}

impl Outcome {
    fn of(command: &mut Command) -> Self {
        let output = command
            .output()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The processes whose current folder is this one or lies in it.
pub fn processes_in(dir: &Path) -> Vec<sysinfo::Pid> {
    let mut system = System::new().expect("read the processes");
    let kind = ProcessRefreshKind::nothing()
        .with_cwd(UpdateKind::Always)
        .without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
    let inside = |process: &sysinfo::Process| process.cwd().is_some_and(|cwd| cwd.starts_with(dir));
    system
        .processes()
        .values()
        .filter(|process| inside(process))
        .map(sysinfo::Process::pid)
        .collect()
}
