//! What must hold after the program was killed, and after the next command has put things right.

use crate::sandbox::{Sandbox, eventually_or, points, read, read_json};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The session that is killed; another one, `keep`, must not notice.
pub const NAME: &str = "feat";

/// What stands in each window when all is done: its text, and how often. The line of the last window may be there twice, as
/// it only goes to a folder: a command that was killed between it and what is typed after it leaves both to the next one.
const TYPED: [(&str, &str); 5] = [
    ("backend", "&& python manage.py runserver "),
    ("frontend", "&& npm run dev "),
    ("claude", "&& eval "),
    ("shell", "&& cd "),
    ("cli", "python manage.py"),
];

/// The programs in the session's windows.
const PROGRAMS: [&str; 3] = ["python", "npm", "claude"];

/// How often each of them was started.
pub type Starts = [usize; 3];

/// A sandbox with a session that is kept, as it was before another was added.
pub struct Before {
    pub sandbox: Sandbox,
    assert_unchanged: Box<dyn Fn(&Sandbox)>,
    store: Value,
    claude: Value,
}

impl Before {
    /// As things stand, without what was removed.
    pub fn of(sandbox: Sandbox) -> Self {
        sandbox.run("purge --yes").goes_well();
        let snapshot = sandbox.snapshot();
        Self {
            assert_unchanged: Box::new(move |sandbox| sandbox.assert_unchanged_since(&snapshot)),
            store: sandbox.store(),
            claude: read_json(&sandbox.home.join(".claude.json")),
            sandbox,
        }
    }

    /// How often each program of the session has been started. A command that was killed may have started some of them only.
    pub fn starts(&self) -> Starts {
        PROGRAMS.map(|program| self.sandbox.started(program, NAME).len())
    }

    /// Waits until each program has been started once more.
    #[track_caller]
    fn await_programs(&self, starts: Starts) {
        for (program, starts) in PROGRAMS.into_iter().zip(starts) {
            self.sandbox.await_start(program, NAME, starts + 1);
        }
    }

    /// Adds the session, waits until its programs have started, and gives its worktree.
    #[track_caller]
    pub fn add(&self) -> PathBuf {
        let starts = self.starts();
        self.sandbox.run(["add", NAME]).succeeds();
        self.await_programs(starts);
        self.sandbox.worktree(NAME)
    }

    /// Both files parse and have all that they had; a lock of Claude's that was left is old enough from now on.
    #[track_caller]
    pub fn assert_nothing_lost(&self) {
        let mut store = self.sandbox.store();
        store.as_object_mut().unwrap().shift_remove(NAME);
        assert_eq!(store, self.store);
        let mut claude = read_json(&self.sandbox.claude_json());
        let worktree = self.sandbox.worktree(NAME);
        let projects = claude["projects"].as_object_mut().unwrap();
        projects.shift_remove(worktree.to_str().unwrap());
        assert_eq!(claude, self.claude);
        if let Ok(lock) = File::open(self.sandbox.home.join(".claude.json.lock")) {
            let old = SystemTime::now() - Duration::from_secs(11);
            lock.set_modified(old).unwrap();
        }
    }

    /// The session has all that one gets, and its windows got their commands once more than `starts`, and only once.
    #[track_caller]
    pub fn assert_finished(&self, starts: Starts) {
        let sandbox = &self.sandbox;
        let worktree = sandbox.worktree(NAME);
        self.await_programs(starts);
        for (window, text) in TYPED {
            let screen = sandbox.await_text(NAME, window, text);
            assert_eq!(screen.matches(text).count(), 1, "{window}: {screen}");
        }
        let once_more = starts.map(|starts| starts + 1);
        assert_eq!(self.starts(), once_more, "{PROGRAMS:?}");
        assert_eq!(sandbox.windows(NAME, "#{window_name}").len(), TYPED.len());
        let said = sandbox.events_of("said", "claude", NAME);
        assert!(said.is_empty(), "{said:?}");

        let mut sessions = sandbox.list().into_iter();
        let session = sessions.find(|found| found["name"] == NAME).unwrap();
        assert_eq!(session["state"], "running", "{session}");
        assert_eq!(session["problems"], json!([]), "{session}");
        let rows = points(&worktree.join("backend/db.sqlite3"));
        assert_eq!(rows, ["a", "b", "c"]);
        assert_eq!(read(&worktree.join("backend/.env")), "SECRET_KEY=s3cret\n");
        let env = format!("VITE_TITLE=Points\nVITE_API_URL={}\n", sandbox.url(NAME));
        assert_eq!(read(&worktree.join("frontend/.env")), env);
        assert!(worktree.join("frontend/node_modules/vite").exists());
        let entry = sandbox.claude_s_entry(&worktree);
        assert_eq!(entry["allowedTools"][1], "Edit", "{entry}");
        self.assert_clean(&worktree);
        self.assert_clean(&sandbox.main);
        assert_eq!(parts(&worktree), Vec::<PathBuf>::new());
    }

    #[track_caller]
    fn assert_clean(&self, dir: &Path) {
        let status = ["--no-optional-locks", "status", "--porcelain"];
        assert_eq!(self.sandbox.git(dir, status), "", "{}", dir.display());
        let locked = self.sandbox.git_main("worktree list --porcelain");
        assert!(!locked.contains("\nlocked"), "{locked}");
    }

    /// When what is kept of the session is deleted, all is as it was: no worktree, branch, entry, window, lock, ref or temporary
    /// file of it is left.
    #[track_caller]
    pub fn assert_nothing_left(&self) {
        let sandbox = &self.sandbox;
        sandbox.run("purge --yes").goes_well();
        let ours = sandbox.main.join(".git/tally-session");
        // What was taken away is deleted in the background.
        let what = || format!("nothing is left, of {:?}", files(&ours));
        // These are the project's.
        let stay = ["store.lock", "windows.lock", "layout.toml"];
        let stays = |path: &PathBuf| stay.iter().any(|file| path.ends_with(file));
        eventually_or(what, || files(&ours).iter().all(stays).then_some(()));
        let claudes = sandbox.home.join(".claude/sessions");
        let kept = sandbox.started("claude", "keep").pop().unwrap().pid;
        // A Claude that was ended in the middle of its start may leave its file, as the real one does.
        for file in files(&claudes) {
            if !file.ends_with(format!("{kept}.json")) {
                let _ = fs::remove_file(file);
            }
        }
        (self.assert_unchanged)(sandbox);
    }
}

/// What is asked where the program is killed at each of its steps, for which there is a tool on Linux alone.
#[cfg(target_os = "linux")]
impl Before {
    pub fn new() -> Self {
        let sandbox = Sandbox::new().with("keep");
        // What the first session of a project leaves in `info/exclude` and in the lock's folder is there for good.
        sandbox.add(NAME);
        sandbox.run(["remove", NAME]).succeeds();
        Self::of(sandbox)
    }

    pub fn is_recorded(&self) -> bool {
        self.sandbox.names().iter().any(|name| name == NAME)
    }

    /// The session is removed, by one command that has nothing to remark, and nothing of it is left.
    #[track_caller]
    pub fn assert_can_be_removed(&self) {
        self.sandbox.run(["remove", NAME]).succeeds();
        self.assert_nothing_left();
    }

    /// Ends all that a session's windows run, without the tmux server of the one that is kept.
    pub fn close_windows(&self) {
        use crate::sandbox::until;
        let name = format!("={}", self.sandbox.tmux_name(NAME));
        let claude = self.sandbox.started("claude", NAME).pop().unwrap().pid;
        self.sandbox.tmux(["kill-session", "-t", &name]);
        until("Claude ends with its window", || {
            !self.sandbox.lives(claude)
        });
    }
}

/// Every file below a folder.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let all = entries.flat_map(|entry| {
        let is_folder = entry.file_type().unwrap().is_dir();
        if is_folder {
            files(&entry.path())
        } else {
            vec![entry.path()]
        }
    });
    all.collect()
}

/// The temporary files that somebody left below a folder.
pub fn parts(dir: &Path) -> Vec<PathBuf> {
    let mut found = files(dir);
    found.retain(|path| path.to_string_lossy().contains("tally-session-part"));
    found
}
