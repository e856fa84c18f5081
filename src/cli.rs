//! What can be typed, for clap.

use clap::{ArgAction, Args, Parser, Subcommand};
use std::path::PathBuf;

/// Several features of one web project at once, each with its own worktree, branch, ports, database, servers and Claude Code.
#[derive(Parser)]
#[command(version, propagate_version = true)]
pub struct Cli {
    /// Work as if started in this folder
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub dir: Option<PathBuf>,

    /// Print each git and tmux command as it is run
    #[arg(short, long, global = true, action = ArgAction::SetTrue, conflicts_with = "quiet")]
    pub verbose: bool,

    /// Print only errors
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Subcommand)]
pub enum Command {
    Add(Add),
    Resume(Resume),
    List(List),
    Remove(Remove),
    Attach(Attach),
}

/// Make a session: branch, worktree, ports, database, settings, and its windows in tmux
#[derive(Args)]
#[command(after_help = "Example: tally-session add feature-payment")]
pub struct Add {
    /// The session's name, which is its branch's too
    pub name: String,

    /// The commit, branch or tag that a new branch starts from [default: the main checkout's HEAD]
    #[arg(long, value_name = "REF")]
    pub from: Option<String>,

    /// Start Claude on this task at once
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    pub prompt: Option<String>,

    /// Attach to the session when it is ready
    #[arg(short, long)]
    pub attach: bool,
}

/// Bring sessions back, each Claude in its old conversation; all of them if none is named
#[derive(Args)]
#[command(after_help = "Example: tally-session resume")]
pub struct Resume {
    /// The sessions to bring back
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,

    /// Attach to the session when it is ready
    #[arg(short, long)]
    pub attach: bool,
}

/// Show the sessions, their ports and what each one is doing
#[derive(Args)]
#[command(visible_alias = "ls", after_help = "Example: tally-session list")]
pub struct List {
    /// Print a JSON array, one object a session
    #[arg(long)]
    pub json: bool,
}

/// Clear sessions away: tmux session, servers, worktree, branch, Claude entry, record
#[derive(Args)]
#[command(
    visible_alias = "rm",
    after_help = "Example: tally-session remove feature-payment"
)]
pub struct Remove {
    /// The sessions to clear away
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,

    /// Remove uncommitted and unmerged work too, after saving it under refs/tally-session/
    #[arg(short, long)]
    pub force: bool,

    /// Leave the branch
    #[arg(long)]
    pub keep_branch: bool,
}

/// Go to a session's tmux session, resuming it first if it is stopped
#[derive(Args)]
#[command(after_help = "Example: tally-session attach feature-payment")]
pub struct Attach {
    /// The session to go to
    pub name: String,
}
