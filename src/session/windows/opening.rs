//! What a session's Claude opens with: the conversation that it was in, or a new one, on its task.
//!
//! What is typed into its window asks for that again each time it is run.

use crate::claude::{self, Claude, Conversation, Running};
use crate::file::read_if_there;
use crate::layout::placeholders;
use crate::process::quote;
use crate::processes;
use crate::session::Session;
use crate::session::records::hold::Unfinished;
use crate::session::windows::telling;
use crate::store::atomic;
use crate::wait;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// In git's folder of the worktree.
const FILE: &str = "tally-session-claude.json";

/// The task, beside it.
const PROMPT: &str = "tally-session-prompt";

/// Claude's settings of the session, beside it.
const SETTINGS: &str = "tally-session-settings.json";

/// The subcommand that says how Claude is started.
pub const COMMAND: &str = "opening";

/// What is known of a session's conversations. Without such a file the last one in its folder is its own.
#[derive(Default, Serialize, Deserialize)]
struct Opening {
    /// When it began, in milliseconds since 1970: what was only said before is an older session's.
    since: u64,
    /// The conversation that it goes on with, until something is said in another one.
    conversation: Option<String>,
}

/// Writes down that a new session begins, on its task if it has one.
pub fn begin(session: &Session<'_>, unfinished: &Unfinished) -> Result<()> {
    let Some(since) = unfinished.begins else {
        return Ok(());
    };
    let admin = session.admin()?;
    if let Some(prompt) = &unfinished.prompt {
        atomic::replace_soon(&admin.join(PROMPT), prompt.as_bytes(), 0o600)?;
    }
    write(&admin, since, None)
}

/// Writes down, in git's folder of a worktree, that its session goes on with this conversation.
pub fn go_on(admin: &Path, conversation: Option<String>) -> Result<()> {
    write(admin, wait::now(), conversation)
}

fn write(admin: &Path, since: u64, conversation: Option<String>) -> Result<()> {
    let opening = Opening {
        since,
        conversation,
    };
    atomic::replace_soon(&admin.join(FILE), &serde_json::to_vec(&opening)?, 0o600)
}

/// The conversation that a session is in, if anything was said, where these Claudes run.
pub fn conversation(
    session: &Session<'_>,
    claude: &Claude,
    running: &[Running],
) -> Option<Conversation> {
    let admin = session.admin().ok();
    // It is advice: what can't be read is as good as none.
    let text = admin.and_then(|admin| read_if_there(&admin.join(FILE)).ok()?);
    let opening = text.and_then(|text| serde_json::from_slice::<Opening>(&text).ok());
    let opening = opening.unwrap_or_default();
    let since = UNIX_EPOCH + Duration::from_millis(opening.since);
    let goes_on = opening.conversation.as_deref();
    let runs = |id: &str| running.iter().any(|running| running.is_in(id));
    claude.conversation(session.record.worktree(), since, goes_on, runs)
}

/// The command that starts Claude, for the shell that asks for it. It fails if Claude's settings can't be written, or the layout's
/// command needs a port that the session lacks.
pub fn command(session: &Session<'_>, claude: &Claude) -> Result<String> {
    let running = claude.running();
    let mut conversation = conversation(session, claude, &running);
    let own = session.claude_name();
    if let Some(conversation) = &mut conversation {
        task_is_told(session);
        conversation.name.take_if(|name| is_numbered(name, &own));
    }
    let opening = match &conversation {
        None => claude::Opening::New {
            prompt: prompt(session),
        },
        Some(conversation) => {
            let mut running = running.iter();
            let it = running.find(|it| it.is_in_background() && it.is_in(&conversation.id));
            let goes_on = claude::Opening::Continue(conversation);
            it.map_or(goes_on, claude::Opening::Attach)
        }
    };
    let program = session.expand_command(&session.layout.claude.command, "")?;
    if program.contains(claude::SETTINGS) {
        // Claude takes one file of them, and this is the user's.
        return Ok(claude::command_line(&program, None, &own, &opening));
    }
    let file = session.admin()?.join(SETTINGS);
    let text = serde_json::to_vec_pretty(&telling::settings(session)?)?;
    atomic::replace_soon(&file, &text, 0o600)?;
    let line = claude::command_line(&program, Some(&file), &own, &opening);
    Ok(without_variables(session, &line))
}

/// A command without the session's variables, but for the one by which its processes are known, for the shell that has started this
/// program: Claude has them from its settings, and a daemon that it starts would hand them on to the Claudes of all projects.
fn without_variables(session: &Session<'_>, line: &str) -> String {
    let names = session.env().into_iter().map(|(name, _)| name);
    let names: Vec<_> = names.filter(|name| name != processes::WORKTREE).collect();
    if processes::caller().is_some_and(|shell| shell == "fish") {
        // One of this name that is not for others hides the one that is.
        let hidden: Vec<_> = names.iter().map(|name| format!("set -lu {name}")).collect();
        let hidden = hidden.join("; ");
        format!("begin; {hidden}; {line}; end")
    } else {
        format!("(unset {}; {line})", names.join(" "))
    }
}

/// Forgets the task, when Claude has it.
pub fn task_is_told(session: &Session<'_>) {
    if let Ok(admin) = session.admin() {
        // It is told again then, which does little harm.
        let _ = fs::remove_file(admin.join(PROMPT));
    }
}

/// Whether Claude has given a conversation this name, as others had the session's already: with a number behind it.
fn is_numbered(name: &str, own: &str) -> bool {
    let behind = name.strip_prefix(own);
    let number = behind.and_then(|rest| rest.strip_prefix(" (")?.strip_suffix(')'));
    number.is_some_and(|number| number.bytes().all(|digit| digit.is_ascii_digit()))
}

fn prompt(session: &Session<'_>) -> Option<PathBuf> {
    let prompt = session.admin().ok()?.join(PROMPT);
    prompt.exists().then_some(prompt)
}

/// What is typed for [`command`], where this is the text of its window. At its beginning the shell's own words for Claude count.
pub fn typed(session: &Session<'_>, text: &str) -> Result<String> {
    let (call, name) = (telling::call(session)?, quote(session.name.as_str()));
    let command = format!("eval \"$({call} {COMMAND} {name})\"");
    let is_first = text.trim_start().starts_with(placeholders::CLAUDE);
    Ok(if is_first {
        command
    } else {
        format!("sh -c {}", quote(&command))
    })
}
