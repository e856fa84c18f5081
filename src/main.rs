//! `tally-session`: several features of one web project at once, each with its own worktree, branch, ports, database,
//! tmux session and Claude Code.
//!
//! A line enters at [`cli`], one file of [`commands`] takes it to [`session`], which makes, resumes, removes and judges
//! sessions with [`store`] (JSON on disk), [`git`], [`tmux`] and [`claude`] (what we ask of each), [`listeners`] and
//! [`processes`] (what we ask of the system), and it leaves at [`ui`]. Plain values are [`project`], [`name`],
//! [`ports`], [`layout`], [`package_manager`], [`problem`], [`finding`], [`dotenv`] and [`url`]. Imports go one way, down this list.

mod cli;
mod commands;
mod session;
mod store;

mod claude;
mod git;
mod listeners;
mod processes;
mod tmux;

mod dotenv;
mod finding;
mod layout;
mod name;
mod package_manager;
mod ports;
mod problem;
mod project;
mod url;

mod file;
mod hint;
mod parallel;
mod process;
mod shell;
mod ui;
mod wait;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    commands::completions::answer_shell();
    let cli = cli::Cli::parse();
    ui::set_up(cli.quiet, cli.verbose, cli.dir.as_deref());
    match commands::run(cli).and_then(|()| ui::check_written()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is::<commands::Told>() {
                ui::error(&error);
            }
            ExitCode::FAILURE
        }
    }
}
