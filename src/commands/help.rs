//! `help`: what a command does, and what is rarely asked.

use crate::cli::Cli;
use crate::ui;
use clap::error::ErrorKind;
use clap::{Command, CommandFactory};

/// What is not about one command: a word for it, and its text.
const TOPICS: [(&str, &str); 8] = [
    ("projects", include_str!("help/projects.md")),
    ("databases", include_str!("help/databases.md")),
    ("remote", include_str!("help/remote.md")),
    ("files", include_str!("help/files.md")),
    ("json", include_str!("help/json.md")),
    ("speed", include_str!("help/speed.md")),
    ("compare", include_str!("help/compare.md")),
    ("script", include_str!("help/script.md")),
];

/// The words that may be asked for beside the commands.
pub fn topics() -> impl Iterator<Item = &'static str> {
    TOPICS.into_iter().map(|(topic, _)| topic)
}

pub fn run(word: Option<&str>) {
    let mut command = Cli::command();
    command.build();
    let Some(word) = word else {
        return as_help(&mut command);
    };
    if let Some((_, text)) = TOPICS.iter().find(|(topic, _)| *topic == word) {
        return ui::as_it_is(text.trim_end());
    }
    if let Some(asked) = command.find_subcommand_mut(word) {
        return as_help(asked);
    }
    let topics = topics().collect::<Vec<_>>().join(", ");
    let words = format!("there is no command {word:?}, and the topics are {topics}");
    command.error(ErrorKind::InvalidSubcommand, words).exit()
}

fn as_help(command: &mut Command) {
    ui::as_it_is(command.render_help().ansi().to_string().trim_end());
}
