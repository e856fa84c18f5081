//! The settings that a session's Claude gets beside the user's own, with `--settings`.

use clap::ValueEnum;
use serde_json::{Map, Value, json};

/// What Claude tells of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Event {
    /// A conversation begins, or goes on.
    Start,
    /// The user has said something.
    Told,
    /// Claude asks for something.
    Asks,
    /// Claude is done.
    Done,
}

/// Claude's own names for these. `Notification` tells the same 6 seconds later.
const HOOKS: [(&str, Event); 5] = [
    ("SessionStart", Event::Start),
    ("UserPromptSubmit", Event::Told),
    ("PermissionRequest", Event::Asks),
    ("Stop", Event::Done),
    ("StopFailure", Event::Done),
];

/// The text of the file: variables for all that Claude starts, also under a daemon that another session started; and `command`s that
/// hear of those events which `listens` names.
pub fn text(
    variables: &[(String, String)],
    listens: impl Fn(Event) -> bool,
    command: impl Fn(Event) -> String,
) -> Value {
    let variables = variables.iter().cloned();
    let variables: Map<_, _> = variables
        .map(|(name, value)| (name, value.into()))
        .collect();
    let hooks = HOOKS.into_iter().filter(|(_, event)| listens(*event));
    let hooks = hooks.map(|(name, event)| {
        let hook = json!({ "type": "command", "command": command(event), "timeout": 5 });
        (name.to_owned(), json!([{ "hooks": [hook] }]))
    });
    json!({ "env": variables, "hooks": hooks.collect::<Map<_, _>>() })
}
