//! What a user does with a session, where all goes well.

use super::{Sandbox, Words, edit_json, eventually, only_in, signal, write};
use crate::sandbox::Outcome;
use rustix::process::Signal;
use std::path::PathBuf;

impl Sandbox {
    /// As it is, with one more session, whose programs have started.
    #[track_caller]
    pub fn with(self, name: &str) -> Self {
        self.add(name);
        self
    }

    /// As [`Sandbox::with`], and the session's worktree.
    #[track_caller]
    pub fn with_worktree(self, name: &str) -> (Self, PathBuf) {
        let worktree = self.add(name);
        (self, worktree)
    }

    /// Adds a session, with this to remark.
    #[track_caller]
    pub fn add_telling(&self, name: &str, told: &str) -> Outcome {
        let added = format!("added {name}\n[...]");
        self.run(["add", name]).is(0, &added, told)
    }

    /// Resumes all sessions, of which one is stopped, with this to remark.
    #[track_caller]
    pub fn resume_telling(&self, told: &str) -> Outcome {
        let resumed = "resumed [..]: tally-session attach [..]\n";
        self.run("resume").is(0, resumed, told)
    }

    /// Resumes a stopped session, without a remark.
    #[track_caller]
    pub fn resume(&self, name: &str) {
        self.run(["resume", name])
            .says(&format!("resumed {name}[..]\n"));
    }

    /// All sessions run, and nothing of them is missing: resume changes nothing.
    #[track_caller]
    pub fn needs_no_resume(&self, name: &str) {
        self.run("resume")
            .says(&format!("{name} is already running\n"));
    }

    /// Stops a running session, without a remark.
    #[track_caller]
    pub fn stop(&self, name: &str) {
        self.run(["stop", name]).says(&format!("stopped {name}\n"));
    }

    /// Removes a session, without a remark.
    #[track_caller]
    pub fn remove(&self, name: &str) {
        self.remove_telling(name, "");
    }

    /// Removes a session with whatever there is to remark.
    #[track_caller]
    pub fn remove_with_remarks(&self, name: &str) {
        self.remove_telling(name, "[...]");
    }

    /// Removes a session, with this to remark.
    #[track_caller]
    pub fn remove_telling(&self, name: &str, told: &str) {
        let removed = format!("removed {name}\n[...]");
        self.run(["remove", name]).is(0, &removed, told);
    }

    /// Removes a session with the work in it, without a remark.
    #[track_caller]
    pub fn force_remove(&self, name: &str) {
        self.force_remove_telling(name, "");
    }

    /// As [`Sandbox::force_remove`], with whatever there is to remark.
    #[track_caller]
    pub fn force_remove_with_remarks(&self, name: &str) {
        self.force_remove_telling(name, "[...]");
    }

    /// As [`Sandbox::force_remove`], with this to remark.
    #[track_caller]
    pub fn force_remove_telling(&self, name: &str, told: &str) {
        let removed = format!("removed {name}\n[...]");
        self.run(["remove", "--force", name]).is(0, &removed, told);
    }

    /// Removes a session and deletes it for good.
    #[track_caller]
    pub fn remove_for_good(&self, name: &str) {
        let removed = format!("removed {name} for good\n");
        self.run(["remove", name, "--purge", "--yes"])
            .is(0, &removed, "[...]");
    }

    /// Is refused to add the session `feat`, with these words, and nothing is changed.
    #[track_caller]
    pub fn refuses_to_add(&self, error: &str) -> Outcome {
        self.run_changes_nothing("add feat").fails(error)
    }

    /// Is refused to resume the session `feat`, with these words, and nothing is changed.
    #[track_caller]
    pub fn refuses_to_resume(&self, error: &str) -> Outcome {
        self.run_changes_nothing("resume feat").fails(error)
    }

    /// Is refused to have the session `feat` back, with these words, and nothing is changed.
    #[track_caller]
    pub fn refuses_to_restore(&self, error: &str) -> Outcome {
        self.run_changes_nothing("restore feat").fails(error)
    }

    /// Is refused to remove the session `feat`, with these words, and nothing is changed.
    #[track_caller]
    pub fn refuses_to_remove(&self, error: &str) -> Outcome {
        self.run_changes_nothing("remove feat").fails(error)
    }

    /// Brings a removed session back, without a remark.
    #[track_caller]
    pub fn restore(&self, name: &str) {
        self.restore_telling(name, "");
    }

    /// As [`Sandbox::restore`], with whatever there is to remark.
    #[track_caller]
    pub fn restore_with_remarks(&self, name: &str) {
        self.restore_telling(name, "[...]");
    }

    /// As [`Sandbox::restore`], with this to remark.
    #[track_caller]
    pub fn restore_telling(&self, name: &str, told: &str) {
        let restored = format!("restored {name}\n[...]");
        self.run(["restore", name]).is(0, &restored, told);
    }

    /// Leaves the removed session `feat` as a restore does that is killed between two of its steps; gives what restore calls it.
    pub fn restore_by_half(&self) -> String {
        let kept = only_in(&self.main.join(".git/tally-session/trash"));
        let id = kept.file_name().unwrap().to_str().unwrap().to_owned();
        let lock = self.main.join(".git/tally-session/sessions/feat.lock");
        let start = r#""start":"existing","prompt":null,"is_new":false"#;
        write(&lock, format!("{{{start},\"removed\":\"{id}\"}} of old"));
        std::fs::rename(kept.join("worktree"), self.worktree("feat")).unwrap();
        id
    }

    /// Has a script run when tmux has told what there is, and before it reads what it is to close.
    pub fn before_tmux_closes(&self, script: &str) {
        let held =
            format!("{{ input=$(cat); [ -z \"$input\" ] || {{ {script}; }}; echo \"$input\"; }}");
        let script = format!("{held} | \"$REAL\" \"$@\"; exit");
        self.intercept("tmux", "*' ; source-file - '*", &script);
    }

    /// Removes the session `feat`, has git delete all that nothing leads to, and has the session back.
    #[track_caller]
    pub fn remove_and_restore(&self, options: impl Words) {
        let mut remove = self.program("remove feat");
        self.outcome(remove.args(options.words()))
            .says("removed feat\n[...]");
        assert!(!self.worktree("feat").exists());
        self.git(&self.main, "gc --quiet --prune=now");
        self.run("restore feat").is(0, "restored feat\n[...]", "");
    }

    /// The same, where a script runs in the worktree while the windows close.
    #[track_caller]
    pub fn remove_and_restore_while(&self, script: &str) {
        let worktree = self.worktree("feat");
        let script = format!("(cd '{}' && {script})", worktree.display());
        self.before_tmux_closes(&script);
        self.remove_and_restore("");
        self.unwrap("tmux");
    }

    /// What the windows of the built-in layout are called.
    pub fn window_names(&self, name: &str) -> [String; 5] {
        let (backend, frontend) = self.ports(name);
        let [claude, shell, cli] = ["claude", "shell", "cli"].map(str::to_owned);
        [
            format!("backend:{backend}"),
            format!("frontend:{frontend}"),
            claude,
            shell,
            cli,
        ]
    }

    /// Closes a session's windows by hand, and leaves the tmux server.
    pub fn kill_windows(&self, name: &str) {
        self.tmux(["kill-session", "-t", &format!("={}", self.tmux_name(name))]);
    }

    /// Waits until a process that came from the sandbox has ended.
    #[track_caller]
    pub fn await_end(&self, pid: u32) {
        eventually("it ends", || (!self.lives(pid)).then_some(()));
    }

    /// Asks the first server of a session's backend to end, and gives its process.
    pub fn end_server(&self, name: &str) -> u32 {
        let server = self.started("python", name)[0].pid;
        signal(server, Signal::TERM);
        server
    }

    /// Has the Claude of a session say that it does this.
    pub fn have_claude(&self, name: &str, status: &str) {
        edit_json(&self.claude_s_file(name), |about| {
            about["status"] = status.into();
        });
    }

    /// Has the frontend ask for packages that npm installs.
    pub fn ask_for_packages(&self) {
        for (file, text) in [
            ("package.json", r#"{ "dependencies": { "vite": "^6" } }"#),
            ("package-lock.json", r#"{ "lockfileVersion": 3 }"#),
        ] {
            write(&self.main.join("frontend").join(file), text);
        }
        self.commit_all();
    }

    /// Writes the project's layout.
    pub fn lay_out(&self, text: impl AsRef<[u8]>) {
        write(&self.main.join(".tally-session.toml"), text);
    }

    /// Types the command that stands in an outcome behind these words.
    pub fn follow(&self, outcome: &Outcome, words: &str) -> Outcome {
        self.type_line(&outcome.command_after(words))
    }
}
