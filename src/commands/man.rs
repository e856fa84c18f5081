//! `man`: the manual page, made of what `--help` says.

use crate::cli::Cli;
use crate::ui;
use anyhow::Result;
use clap::{Arg, Command, CommandFactory};
use std::fmt::{self, Display, Write};

const NAME: &str = env!("CARGO_PKG_NAME");

const EXIT_STATUS: &str = "\
.SH EXIT STATUS
0 if all was done, 1 if something failed or was refused, 2 if the command line was wrong.";

pub fn run() -> Result<()> {
    let mut command = Cli::command();
    command.build();
    let mut page = String::new();
    write_page(&mut page, &mut command)?;
    ui::as_it_is(page);
    Ok(())
}

/// The whole program's page, in the language of man(7).
fn write_page(page: &mut String, command: &mut Command) -> fmt::Result {
    let name = escape(NAME);
    let version = env!("CARGO_PKG_VERSION");
    let what = escape(env!("CARGO_PKG_DESCRIPTION"));
    let title = name.to_uppercase();
    writeln!(page, ".TH {title} 1 \"\" \"{name} {version}\"")?;
    writeln!(page, ".SH NAME\n{name} \\- {what}")?;
    writeln!(page, ".SH SYNOPSIS\n{}", usage(command))?;
    writeln!(page, ".SH DESCRIPTION\n{}", about(command))?;
    writeln!(page, "{}\n.SH OPTIONS", examples(command))?;
    write_options(page, command, |_| true)?;
    writeln!(page, ".SH COMMANDS")?;
    let commands = command.get_subcommands_mut();
    for command in commands.filter(|command| !command.is_hide_set()) {
        writeln!(page, ".SS {}\n{}", usage(command), about(command))?;
        write_options(page, command, |arg| {
            !arg.is_global_set() && arg.get_id() != "help" && arg.get_id() != "version"
        })?;
        writeln!(page, "{}", examples(command))?;
    }
    write!(page, "{EXIT_STATUS}")
}

fn usage(command: &mut Command) -> String {
    let usage = command.render_usage().to_string();
    escape(usage.trim_start_matches("Usage: "))
}

fn about(command: &Command) -> String {
    command.get_about().map(escape).unwrap_or_default()
}

/// Lines as they are.
fn examples(command: &Command) -> String {
    let examples = command.get_after_help().map(escape).unwrap_or_default();
    format!(".PP\n.nf\n{examples}\n.fi")
}

/// Each argument, and what it means.
fn write_options(
    page: &mut String,
    command: &Command,
    wanted: impl Fn(&Arg) -> bool,
) -> fmt::Result {
    for arg in command.get_arguments().filter(|arg| wanted(arg)) {
        let short = arg.get_short().filter(|_| arg.get_long().is_some());
        let short = short.map_or_else(String::new, |letter| format!("-{letter}, "));
        let (short, arg, help) = (escape(short), escape(arg), arg.get_help());
        let help = help.map(escape).unwrap_or_default();
        writeln!(page, ".TP\n\\fB{short}{arg}\\fR\n{help}")?;
    }
    Ok(())
}

/// A text that means itself: no dash is a hyphen, no quote a curved one, and no line a command.
fn escape(text: impl Display) -> String {
    text.to_string()
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq")
        .replace("\n.", "\n\\&.")
}
