//! What we know of Claude Code: its files, and how it is started.

mod conversations;
mod running;
pub mod settings;
mod transcripts;

pub use conversations::Conversation;
pub use running::Running;

use crate::hint::Hint;
use crate::problem::Problem;
use crate::process::{Run, quote, quote_path};
use crate::processes::Folders;
use crate::shell;
use crate::wait;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The user's own Claude Code, by its files.
#[derive(Debug)]
pub struct Claude {
    /// `~/.claude`, or `$CLAUDE_CONFIG_DIR`.
    dir: PathBuf,
    /// `~/.claude.json`, or the file of that name in `$CLAUDE_CONFIG_DIR`.
    pub json: PathBuf,
}

/// How a Claude begins.
#[derive(Debug)]
pub enum Opening<'a> {
    /// With a new conversation, on a task or not.
    New {
        /// The file that has the task.
        prompt: Option<PathBuf>,
    },
    /// With this one, under the name that it has, or else the session's.
    Continue(&'a Conversation),
    /// By showing one that works in the background.
    Attach(&'a Running),
}

impl Claude {
    /// The user's, from the environment.
    ///
    /// # Errors
    /// If the user has no home folder.
    pub fn of_user() -> Result<Self> {
        let own = std::env::var_os("CLAUDE_CONFIG_DIR").filter(|dir| !dir.is_empty());
        let (dir, beside) = if let Some(own) = own.map(PathBuf::from) {
            (own.clone(), own)
        } else {
            let home = shell::home()
                .context("cannot find your home folder: HOME is not set")
                .hint("export HOME=<your home folder>")?;
            (home.join(".claude"), home)
        };
        let json = beside.join(".claude.json");
        Ok(Self { dir, json })
    }
}

/// Ends a Claude that works in the background, and waits until it has.
///
/// # Errors
/// If it can't be told so, or goes on.
pub fn stop(background: &Running) -> Result<()> {
    /// How long it may take.
    const LIMIT: Duration = Duration::from_secs(10);
    let id = background.job();
    Run::new(PROGRAM)
        .args(["stop", id])
        .stdout()
        .with_context(|| format!("cannot end the Claude {id}, which works in the background"))
        .hint(format!("end it yourself: {PROGRAM} stop {id}"))?;
    let what = format!("for the Claude {id} to end");
    let has_ended = || {
        let processes = Folders::of([background.pid])?;
        let lives = processes.is_there(background.pid, background.started_at);
        Ok((!lives).then_some(()))
    };
    wait::until(LIMIT, &what, has_ended)?
        .with_context(|| format!("the Claude {id} goes on though it was told to end"))
        .hint(format!("look at it: claude attach {id}"))
}

/// Its option for a file of settings that count beside the user's own.
pub const SETTINGS: &str = "--settings";

/// What Claude Code is called.
const PROGRAM: &str = "claude";

/// The program that a command starts, if it names one.
pub fn program(command: &str) -> Option<&str> {
    command.split_whitespace().next()
}

/// A Claude that is missing is found out in its window only; better to hear it before. What else a command begins with may be
/// there in the windows alone.
pub fn missing(command: &str) -> Option<Problem> {
    let is_missing = |program: &&str| *program == PROGRAM && which::which(program).is_err();
    let program = program(command).filter(is_missing)?;
    Some(Problem::new(
        format!("{program} is not on the PATH here, so the claude window may stay without it"),
        "npm install -g @anthropic-ai/claude-code",
    ))
}

/// Claude's command line for a shell: the user's `command` with these settings, under the session's name.
pub fn command_line(
    command: &str,
    settings: Option<&Path>,
    name: &str,
    opening: &Opening<'_>,
) -> String {
    let settings = settings.map(|path| format!(" {SETTINGS} {}", quote_path(path)));
    let settings = settings.unwrap_or_default();
    match opening {
        Opening::New { prompt } => {
            let prompt = prompt.as_ref().map(quote_path);
            // A task may begin with a dash.
            let task = prompt.map(|path| format!(" -- \"$(cat {path})\""));
            let (name, task) = (quote(name), task.unwrap_or_default());
            format!("{command}{settings} --name {name}{task}")
        }
        // Without the name, some versions forget it after a `/clear`.
        Opening::Continue(conversation) => {
            let name = conversation.name.as_deref().unwrap_or(name);
            let [id, name] = [&conversation.id, name].map(quote);
            format!("{command}{settings} --resume {id} --name {name}")
        }
        // It goes on with the options that it has.
        Opening::Attach(background) => {
            let is_it = |word: &&str| *word == PROGRAM || word.ends_with(&format!("/{PROGRAM}"));
            let words: Vec<_> = command.split_whitespace().collect();
            let at = words.iter().position(is_it);
            // What is set for it counts here too, and its options do not.
            let program = at.map_or(PROGRAM.to_owned(), |at| words[..=at].join(" "));
            format!("{program} attach {}", quote(background.job()))
        }
    }
}
