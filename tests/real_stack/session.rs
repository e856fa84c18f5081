//! One session, as its user sees it: pages, screens, keys, and what Claude says of itself.

use crate::http::get;
use crate::model::ANSWER;
use crate::stage::Stage;
use crate::wait::{wait_for, wait_until};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// A session that the store has a record of.
pub struct Session<'a> {
    stage: &'a Stage,
    /// The name in tmux and in Claude Code.
    pub full_name: String,
    pub worktree: PathBuf,
    pub branch: String,
    pub backend_port: u16,
    pub frontend_port: u16,
}

/// A running Claude Code, by its own file.
#[derive(Debug, PartialEq, Eq)]
pub struct Claude {
    pub pid: u64,
    pub conversation: String,
    pub name: String,
    pub status: String,
    started: u64,
}

impl Stage {
    /// The store, as the file has it.
    pub fn store(&self) -> Value {
        json(&self.main.join(".tally-sessions"))
    }

    /// The user's `~/.claude.json`.
    pub fn claude_json(&self) -> Value {
        json(&self.home.join(".claude.json"))
    }

    /// A session, by what the store says of it.
    pub fn session(&self, name: &str) -> Session<'_> {
        let store = self.store();
        let record = store
            .get(name)
            .unwrap_or_else(|| panic!("no record of {name} in {store:#}"));
        let text = |key: &str| {
            record[key]
                .as_str()
                .unwrap_or_else(|| panic!("no {key} in {record:#}"))
                .to_owned()
        };
        let port = |key: &str| {
            record[key]
                .as_u64()
                .and_then(|port| u16::try_from(port).ok())
                .expect("a port")
        };
        Session {
            stage: self,
            full_name: format!("tally-{}", name.replace('/', "-")),
            worktree: text("worktree").into(),
            branch: text("branch"),
            backend_port: port("backend_port"),
            frontend_port: port("frontend_port"),
        }
    }
}

impl Session<'_> {
    /// Waits until all of it is there: both servers, Claude under its name and idle, and both prompts.
    pub fn comes_up(&self) {
        self.answers("backend", self.backend_port);
        self.answers("frontend", self.frontend_port);
        assert_eq!(
            self.backend()["database"],
            self.worktree
                .join("backend/db.sqlite3")
                .to_str()
                .expect("UTF-8")
        );
        assert_eq!(
            self.api_of_page(),
            format!("http://localhost:{}", self.backend_port)
        );
        self.shows("claude", "its name above the input", |screen| {
            shows_name(screen, &self.full_name)
        });
        wait_for(&format!("Claude in {}", self.full_name), || {
            match self.claude() {
                Some(claude) if claude.status == "idle" && claude.name == self.full_name => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
        self.shows("shell", "a prompt in the virtual environment", |screen| {
            last_line(screen).starts_with("(tally) ")
        });
        self.shows("cli", "a command line to be finished", |screen| {
            last_line(screen).starts_with("(tally) ")
                && last_line(screen).ends_with("python manage.py")
        });
    }

    /// Waits until a server answers. If it never does, its window tells why.
    fn answers(&self, service: &str, port: u16) {
        wait_for(&format!("the {service} of {}", self.full_name), || {
            get(port, "/")
                .map_err(|error| format!("{error}\n{}", self.screen(&format!("{service}:{port}"))))
        });
    }

    /// What Django answers.
    pub fn backend(&self) -> Value {
        backend(self.backend_port)
    }

    /// The address of the backend that the page of Vite holds.
    pub fn api_of_page(&self) -> String {
        api_of_page(self.frontend_port)
    }

    /// The names of the windows, in their order.
    pub fn windows(&self) -> Vec<String> {
        let target = format!("={}:", self.full_name);
        let names = self
            .stage
            .tmux(&["list-windows", "-t", &target, "-F", "#{window_name}"])
            .unwrap_or_default();
        names.lines().map(str::to_owned).collect()
    }

    /// The id of a window's pane: a name may hold a `:`, which means something else in a target.
    pub fn pane(&self, window: &str) -> String {
        let target = format!("={}:", self.full_name);
        let panes = self.stage.tmux(&[
            "list-windows",
            "-t",
            &target,
            "-F",
            "#{pane_id} #{window_name}",
        ]);
        let panes = panes.unwrap_or_else(|| panic!("no tmux session {}", self.full_name));
        let named = panes
            .lines()
            .filter_map(|line| line.split_once(' '))
            .find(|(_, name)| *name == window);
        named
            .unwrap_or_else(|| panic!("no window {window} in:\n{panes}"))
            .0
            .to_owned()
    }

    /// What a window shows.
    pub fn screen(&self, window: &str) -> String {
        let pane = self.pane(window);
        let screen = self
            .stage
            .tmux(&["capture-pane", "-p", "-t", &pane])
            .expect("read a screen");
        screen.trim_end().to_owned()
    }

    /// Waits until a window shows something.
    pub fn shows(&self, window: &str, what: &str, seen: impl Fn(&str) -> bool) {
        wait_for(
            &format!("{what} in the window {window} of {}", self.full_name),
            || {
                let screen = self.screen(window);
                if seen(&screen) { Ok(()) } else { Err(screen) }
            },
        );
    }

    /// Presses a key, as tmux calls it.
    pub fn press(&self, window: &str, key: &str) {
        self.stage
            .tmux(&["send-keys", "-t", &self.pane(window), key])
            .expect("press a key");
    }

    /// Types a line, waits until it is shown, and enters it.
    pub fn enter(&self, window: &str, line: &str) {
        let pane = self.pane(window);
        self.stage
            .tmux(&["send-keys", "-l", "-t", &pane, line])
            .expect("type a line");
        self.shows(window, &format!("{line:?} as it is typed"), |screen| {
            screen.contains(line)
        });
        self.press(window, "Enter");
    }

    /// Says something to Claude, and waits for the answer.
    pub fn say(&self, text: &str) {
        self.enter("claude", text);
        self.shows("claude", "the end of an answer", |screen| {
            screen
                .split_once(text)
                .is_some_and(|(_, below)| below.contains(ANSWER))
        });
        wait_until("Claude to be idle", || self.listed()["claude"] == "idle");
    }

    /// What `list --json` says of it.
    pub fn listed(&self) -> Value {
        let all: Value =
            serde_json::from_str(&self.stage.tally(&["list", "--json"])).expect("JSON");
        let mut all = all.as_array().into_iter().flatten();
        let own = all.find(|listed| listed["branch"] == self.branch);
        own.unwrap_or_else(|| panic!("{} is not listed", self.branch))
            .clone()
    }

    /// Takes the first answer to what Claude asks: it does not listen at once.
    pub fn agree(&self) {
        wait_for("Claude to take an answer", || {
            if self.listed()["claude"] == "idle" {
                return Ok(());
            }
            self.press("claude", "Enter");
            Err(self.screen("claude"))
        });
    }

    /// Waits until `list --json` says that of Claude: what it does, and whether it does it in the background.
    pub fn does(&self, doing: &str, in_background: bool) {
        wait_for(&format!("Claude to be {doing}"), || {
            let listed = self.listed();
            if listed["claude"] == doing && listed["claude_in_background"] == in_background {
                Ok(())
            } else {
                Err(format!("{listed:#}\n{}", self.screen("claude")))
            }
        });
    }

    /// Clears Claude's conversation. The id of the new one, once its transcript has begun.
    pub fn clear(&self) -> String {
        let before = self.conversation();
        self.enter("claude", "/clear");
        wait_for("a new conversation", || {
            let now = self.conversation();
            let transcript = fs::read_to_string(self.transcript(&now)).unwrap_or_default();
            if now != before && transcript.contains("/clear") {
                Ok(now)
            } else {
                Err(transcript)
            }
        })
    }

    /// The file of a conversation. (The rule for long paths and those with other letters is not needed here.)
    pub fn transcript(&self, conversation: &str) -> PathBuf {
        let path = self.worktree.to_string_lossy();
        let folder = path.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
        let projects = self.stage.home.join(".claude/projects");
        projects.join(folder).join(format!("{conversation}.jsonl"))
    }

    /// The Claude that was started last in the worktree, whether it still lives or not.
    pub fn claude(&self) -> Option<Claude> {
        let files = fs::read_dir(self.stage.home.join(".claude/sessions"))
            .ok()?
            .flatten();
        let running = files
            .filter_map(|file| serde_json::from_slice::<Value>(&fs::read(file.path()).ok()?).ok());
        let here =
            running.filter(|claude| claude["cwd"].as_str().map(Path::new) == Some(&self.worktree));
        let text = |claude: &Value, key: &str| claude[key].as_str().map(str::to_owned);
        here.filter_map(|claude| {
            Some(Claude {
                pid: claude["pid"].as_u64()?,
                conversation: text(&claude, "sessionId")?,
                name: text(&claude, "name")?,
                status: text(&claude, "status")?,
                started: claude["startedAt"].as_u64()?,
            })
        })
        .max_by_key(|claude| claude.started)
    }

    /// The id of the conversation that Claude is in.
    pub fn conversation(&self) -> String {
        self.claude()
            .unwrap_or_else(|| panic!("no Claude runs in {}", self.worktree.display()))
            .conversation
    }
}

/// What a Django on this port answers.
pub fn backend(port: u16) -> Value {
    let page = wait_for(&format!("Django on port {port}"), || get(port, "/"));
    serde_json::from_str(&page).unwrap_or_else(|error| panic!("{error} in {page}"))
}

/// The address of the backend that the page of a Vite on this port holds, found as a browser would find it.
pub fn api_of_page(port: u16) -> String {
    let mut path = "/".to_owned();
    for next in ["/src/main.js", "/src/App.svelte"] {
        let page = wait_for(&format!("Vite on port {port}"), || get(port, &path));
        assert!(page.contains(next), "no {next} in {path}:\n{page}");
        next.clone_into(&mut path);
    }
    let page = wait_for(&format!("Vite on port {port}"), || get(port, &path));
    let value = page
        .split_once("\"VITE_API_URL\": \"")
        .and_then(|(_, rest)| rest.split_once('"'));
    value
        .unwrap_or_else(|| panic!("no VITE_API_URL in {path}:\n{page}"))
        .0
        .to_owned()
}

/// Whether Claude's input line bears a name, in its upper border.
fn shows_name(screen: &str, name: &str) -> bool {
    screen
        .lines()
        .any(|line| line.starts_with('─') && line.contains(&format!("─ {name} ─")))
}

fn last_line(screen: &str) -> &str {
    screen
        .trim_end()
        .lines()
        .last()
        .unwrap_or_default()
        .trim_end()
}

fn json(path: &Path) -> Value {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{}: {error}\n{text}", path.display()))
}
