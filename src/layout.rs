//! Which ports, files and windows a session gets.

mod check;
mod file;
pub mod placeholders;
mod wrong;

use crate::file::read_if_there;
use crate::hint::Hint;
use crate::ports::Port;
use anyhow::{Context, Result, bail};
use file::{LayoutFile, Text, plain};
use indexmap::IndexMap;
use std::path::Path;
use toml::Spanned;

/// The file's name, in the main checkout.
pub const FILE: &str = ".tally-session.toml";

/// The layout of a Django backend and a Svelte frontend, in the format that describes any other.
pub const BUILT_IN: &str = include_str!("layout/built_in.toml");

/// What differs from one project to another. Texts may hold placeholders: see [`placeholders`].
#[derive(Debug)]
pub struct Layout {
    /// Typed first in every window; empty for nothing.
    pub activate: String,
    /// Claude Code.
    pub claude: ClaudeCode,
    /// How many days what was removed is kept.
    pub keep_removed: u64,
    /// Each service with the first port to try.
    pub ports: IndexMap<String, Port>,
    /// What a worktree gets from the main checkout.
    pub files: Files,
    /// By file: the variables set in it, and in every window's environment.
    pub env: IndexMap<String, IndexMap<String, String>>,
    /// The windows, in their order.
    pub windows: Vec<Window>,
    /// The user's own commands.
    pub hooks: Hooks,
}

/// Claude Code in the windows.
#[derive(Debug)]
pub struct ClaudeCode {
    /// How it is started, options included.
    pub command: String,
    /// Whether its window rings and is marked when it waits.
    pub bell: bool,
}

/// Paths from the main checkout's root.
#[derive(Debug)]
pub struct Files {
    /// Symlinked to the main checkout's.
    pub link: Vec<String>,
    /// Copied, permissions kept.
    pub copy: Vec<String>,
    /// `SQLite` databases, copied whole while others write to them.
    pub sqlite: Vec<String>,
}

/// A window of the tmux session.
#[derive(Debug)]
pub struct Window {
    /// What it is known by among the others, whatever it is called: the first word of its name, if only one begins with that.
    pub key: String,
    /// What tmux calls it.
    pub name: String,
    /// Its folder, from the worktree's root; empty for the root itself.
    pub dir: String,
    /// A command that is typed and run.
    pub run: Option<String>,
    /// A text that is typed and left at the prompt.
    pub typed: Option<String>,
}

/// Scripts for `sh`, run in the worktree; empty for nothing.
#[derive(Debug)]
pub struct Hooks {
    /// After the files, before the windows.
    pub post_add: String,
    /// Before anything is taken away.
    pub pre_remove: String,
}

impl Layout {
    /// The layout of a main checkout: the built-in one, with what the project's own file says in its place.
    ///
    /// # Errors
    /// If the file can't be read, or something is wrong with it: with its path, the line, the key and the reason.
    pub fn read(main: &Path) -> Result<Self> {
        let built_in = LayoutFile::parse(BUILT_IN.as_bytes())
            .map_err(|wrong| wrong.at(BUILT_IN.as_bytes()))
            .context("the built-in layout is broken")?;
        let path = main.join(FILE);
        let text = match read_if_there(&path)? {
            Some(text) => text,
            None if path.is_symlink() => bail!("cannot read {}: it leads nowhere", path.display()),
            None => Vec::new(),
        };
        let failed = || format!("{} is wrong", path.display());
        let own = LayoutFile::parse(&text)
            .and_then(|own| own.check(built_in.ports.as_ref()).map(|()| own))
            .map_err(|wrong| wrong.at(&text))
            .with_context(failed)
            .hint("see how it is written: tally-session layout")?;
        let merged = own.over(built_in);
        // What the file itself has is right: what is wrong now is a built-in value that it leaves standing.
        if let Err(wrong) = merged.check(None) {
            let table = wrong.table().to_owned();
            return Err(wrong.of_the_built_in())
                .with_context(failed)
                .hint(format!("write your own {table} in it"));
        }
        Ok(merged.into())
    }
}

impl Layout {
    /// Whether a window runs Claude.
    pub fn runs_claude(&self) -> bool {
        self.windows.iter().any(Window::runs_claude)
    }
}

impl Window {
    /// Whether its command is given the port of a service.
    pub fn serves(&self, service: &str) -> bool {
        let port = format!("{{{service}_port}}");
        self.run.as_ref().is_some_and(|run| run.contains(&port))
    }

    /// Whether it runs Claude.
    pub fn runs_claude(&self) -> bool {
        self.run
            .as_ref()
            .is_some_and(|run| run.contains(placeholders::CLAUDE))
    }
}

/// Gives each window its key.
fn with_keys(mut windows: Vec<Window>) -> Vec<Window> {
    let word = |name: &str| {
        let is_of_word = |letter: &char| letter.is_alphanumeric() || "-_".contains(*letter);
        name.chars().take_while(is_of_word).collect::<String>()
    };
    let words: Vec<_> = windows.iter().map(|window| word(&window.name)).collect();
    for (at, window) in windows.iter_mut().enumerate() {
        let is_plain = !words[at].is_empty() && !words[..at].contains(&words[at]);
        let number = if is_plain {
            String::new()
        } else {
            format!("#{}", at + 1)
        };
        window.key = format!("{}{number}", words[at]);
    }
    windows
}

impl From<LayoutFile> for Layout {
    fn from(file: LayoutFile) -> Self {
        let text = |text: Option<Text>| text.map(Spanned::into_inner).unwrap_or_default();
        let paths = |paths: Option<Vec<Text>>| {
            let paths = paths.into_iter().flatten();
            paths.map(|path| plain(path.get_ref())).collect()
        };
        Self {
            activate: text(file.activate),
            claude: ClaudeCode {
                command: text(file.claude.command),
                bell: file.claude.bell.unwrap_or(true),
            },
            keep_removed: file.keep_removed.unwrap_or_default(),
            ports: file
                .ports
                .into_iter()
                .flatten()
                .map(|(service, port)| (service.into_inner(), port))
                .collect(),
            files: Files {
                link: paths(file.files.link),
                copy: paths(file.files.copy),
                sqlite: paths(file.files.sqlite),
            },
            env: file
                .env
                .into_iter()
                .flatten()
                .map(|(path, variables)| {
                    let variables = variables
                        .into_iter()
                        .map(|(name, value)| (name.into_inner(), value.into_inner()));
                    (plain(path.get_ref()), variables.collect())
                })
                .collect(),
            windows: with_keys(
                file.windows
                    .into_iter()
                    .flatten()
                    .map(|window| Window {
                        key: String::new(),
                        name: window.name.into_inner(),
                        dir: plain(&text(window.dir)),
                        run: window.run.map(Spanned::into_inner),
                        typed: window.typed.map(Spanned::into_inner),
                    })
                    .collect(),
            ),
            hooks: Hooks {
                post_add: text(file.hooks.post_add),
                pre_remove: text(file.hooks.pre_remove),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn read(text: &str) -> Result<Layout> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), text).unwrap();
        Layout::read(dir.path())
    }

    #[test]
    fn the_built_in_layout_has_the_contract_s_windows_and_ports() {
        let layout = Layout::read(Path::new("/nonexistent")).unwrap();
        let names: Vec<_> = layout
            .windows
            .iter()
            .map(|window| window.name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "backend:{backend_port}",
                "frontend:{frontend_port}",
                "claude",
                "shell",
                "cli"
            ]
        );
        let ports: Vec<_> = layout
            .ports
            .iter()
            .map(|(service, port)| (service.as_str(), port.number()))
            .collect();
        assert_eq!(ports, [("backend", 8000), ("frontend", 5000)]);
    }

    #[test]
    fn the_built_in_layout_written_into_the_file_changes_nothing() {
        let built_in = Layout::read(Path::new("/nonexistent")).unwrap();
        assert_eq!(
            format!("{:?}", read(BUILT_IN).unwrap()),
            format!("{built_in:?}")
        );
        assert_eq!(format!("{:?}", read("").unwrap()), format!("{built_in:?}"));
    }

    #[test]
    fn each_key_replaces_the_built_in_value_and_no_other() {
        let layout =
            read("activate = \"\"\n[files]\nsqlite = []\n[hooks]\npost_add = \"make\"\n").unwrap();
        assert_eq!(layout.activate, "");
        assert_eq!(layout.claude.command, "claude");
        assert_eq!(layout.files.sqlite, Vec::<String>::new());
        assert_eq!(layout.files.link, ["frontend/node_modules"]);
        assert_eq!(
            (&*layout.hooks.post_add, &*layout.hooks.pre_remove),
            ("make", "")
        );
        assert_eq!(layout.windows.len(), 5);
    }

    /// A file, the line of its mistake, and words on that.
    const WRONG: &[(&str, usize, &str)] = &[
        ("\nactivat = \"\"", 2, "unknown field `activat`"),
        ("[files]\nlinks = []", 2, "unknown field `links`"),
        ("\n\nclaude = 1", 3, "`claude`"),
        ("keep_removed = -1", 1, "`keep_removed`"),
        ("a = [", 1, "unclosed array"),
        ("[ports]\nweb = 70000", 2, "70000 is no port"),
        (
            "[ports]\n\"a b\" = 1",
            2,
            "ports.\"a b\" may only have letters",
        ),
        (
            "[files]\ncopy = [\"a\",\n\"../b\"]",
            3,
            "files.copy[1] leaves the project: ../b",
        ),
        (
            "[files]\nlink = [\"/etc\"]",
            2,
            "files.link[0] leaves the project",
        ),
        (
            "[ports]\n_web = 3000",
            2,
            "ports._web may only have letters",
        ),
        (
            "[ports]\nweb = 1\n\nWeb = 2",
            4,
            "ports.Web has the same letters as web",
        ),
        (
            "[files]\nlink = [\"a\"]\nsqlite = [\"./a/\"]",
            3,
            "files.sqlite[0] is the path of files.link[0] too",
        ),
        (
            "[files]\nsqlite = [\"a\"]\n[env.a]\nX = \"1\"",
            3,
            "env.a is the path of files.sqlite[0] too",
        ),
        (
            "[env.x]\nTALLY_WORKTREE = \"1\"",
            2,
            "env.x.TALLY_WORKTREE is a variable of tally-session's own",
        ),
        (
            "[files]\nsqlite = [\"a/../../b\"]",
            2,
            "files.sqlite[0] leaves the project",
        ),
        (
            "[files]\ncopy = [\".git/config\"]",
            2,
            "files.copy[0] is git's own",
        ),
        ("[files]\ncopy = [\"\"]", 2, "files.copy[0] names no file"),
        ("[files]\nlink = [\"./\"]", 2, "files.link[0] names no file"),
        (
            "[files]\nlink = [\"frontend\"]\ncopy = [\"frontend/x\"]",
            3,
            "files.copy[0] is inside the linked frontend",
        ),
        (
            "[files]\nlink = [\"a\"]\n[env.\"a/.env\"]\nX = \"1\"",
            3,
            "env.\"a/.env\" is inside the linked a",
        ),
        ("[env.\"../x\"]\n", 1, "env.\"../x\" leaves the project"),
        (
            "[env.x]\n\"a-b\" = \"1\"",
            2,
            "env.x.a-b is no name of a variable",
        ),
        (
            "[env.x]\nA = \"1\\n2\"",
            2,
            "env.x.A has a control character",
        ),
        (
            "[env.x]\nA = \"{web_port}\"",
            2,
            "env.x.A has the placeholder {web_port}",
        ),
        (
            "[env.x]\nA = \"{claude}\"",
            2,
            "env.x.A has the placeholder {claude}",
        ),
        ("activate = \"a {b\"", 1, "activate has a { without its }"),
        (
            "[[window]]\nname = \"a\"\nrun = \"$x {nmae}\"",
            3,
            "window[0].run has the placeholder {nmae}",
        ),
        (
            "[[window]]\nname = \"a\"\nrun = \"a\\nb\"",
            3,
            "window[0].run has a control character",
        ),
        (
            "[[window]]\nname = \"a\"\n\n[[window]]\nname = \"b\"\ndir = \"..\"",
            6,
            "window[1].dir leaves the project",
        ),
        (
            "window = [\n{ name = \"a\" },\n{ name = \"b\", dir = \"/\" },\n]",
            3,
            "window[1].dir leaves the project",
        ),
        (
            "[[window]]\nname = \"a\"\nrun = \"x\"\ntype = \"y\"",
            4,
            "window[0].type stands beside a run",
        ),
        ("[[window]]\nname = \"\"", 2, "window[0].name is empty"),
        ("[[window]]\n", 1, "missing field `name`"),
        ("claude = \"\"", 1, "claude is empty, and a window runs it"),
        (
            "\nwindow = []",
            2,
            "a session needs at least one [[window]]",
        ),
    ];

    #[test]
    fn what_is_wrong_is_named_with_file_line_and_key() {
        for (text, line, words) in WRONG {
            let error = format!("{:#}", read(text).unwrap_err());
            let place = format!("{FILE} is wrong: line {line}: ");
            assert!(
                error.contains(&place) && error.contains(words),
                "{text:?}: {error}"
            );
        }
    }

    #[test]
    fn a_variable_is_set_in_a_copied_file_that_is_named_in_any_way() {
        let layout = read("[files]\ncopy = [\"./a\"]\n[env.\"a/\"]\nX = \"1\"").unwrap();
        assert_eq!(layout.files.copy, ["a"]);
        assert_eq!(layout.env["a"]["X"], "1");
    }

    #[test]
    fn a_built_in_value_that_cannot_stand_beside_the_file_is_named() {
        let error = read("[ports]\nweb = 3000\n").unwrap_err();
        assert!(
            format!("{error:#}").ends_with(
                "the built-in env.\"frontend/.env\".VITE_API_URL has the placeholder {backend_port}, \
                 which is not there (for a brace itself, write {{)"
            ),
            "{error:#}"
        );
        let hints: Vec<_> = crate::hint::hints(&error).collect();
        assert_eq!(hints, ["write your own [env] in it"]);
    }
}
